//! Tables whose columns are parted by commas, semicolons, tabs or bars (RFC 4180 and its kin).

use super::collect::Collector;
use super::guard::{Allowance, line};
use super::split::{Record, Split};
use super::{ImportError, Options};
use crate::model::SourceKind;
use std::io::BufRead;

/// Columns of a building file, in order (migration.md section 1.8).
const BUILDING: [&str; 15] = [
    "NetworkIP",
    "NetworkName",
    "NetworkRange",
    "BuildingName",
    "OwnershipType",
    "BuildingType",
    "BuildingOfficeType",
    "City",
    "ZipCode",
    "Country",
    "State",
    "Region",
    "InsideCorp",
    "ExpressRoute",
    "VPN",
];

/// Reads a table; `head` is its beginning.
pub(super) fn read(
    mut reader: impl BufRead,
    head: &str,
    allowance: &Allowance,
    options: &Options,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let mut skipped = 0u64;
    let mut told = None;
    let mut rest = head;
    let mut unused = String::new();
    // What stands before the table: `#TYPE` of Windows PowerShell, `sep=;` of Excel, blank lines.
    while let Some((first, after)) = rest.split_once('\n') {
        let shown = first.trim_start_matches('\u{feff}').trim();
        if let Some(separator) = shown
            .strip_prefix("sep=")
            .and_then(|sep| sep.bytes().next())
            .filter(|byte| byte.is_ascii() && *byte != b'"')
        {
            told = Some(separator);
        } else if !(shown.is_empty() || shown.starts_with("#TYPE") || is_separator_row(shown)) {
            break;
        }
        skipped += 1;
        line(&mut reader, allowance, skipped, &mut unused)?;
        rest = after;
    }
    if rest.trim().is_empty() {
        return Err(ImportError::Empty);
    }
    let delimiter = told.unwrap_or_else(|| delimiter(rest));
    if delimiter == b',' {
        collector.set_comma_separated();
    }
    let mut table = Split::new(reader, allowance.clone(), delimiter, skipped);
    // The row before this one: whether it is whole shows only once the file goes on.
    let (mut held, mut record) = (Record::default(), Record::default());
    let mut holds = false;
    while table.next(&mut record)? {
        if !collector.has_header() {
            header(&record, collector, options)?;
            // A building file's first row is one already.
            if !(collector.has_header() && is_building(&record)) {
                continue;
            }
        }
        if holds {
            row(&held, collector)?;
        }
        std::mem::swap(&mut held, &mut record);
        holds = true;
    }
    if !holds {
        return Ok(());
    }
    let short = held.len() < collector.width() && table.last() != b'\n';
    if table.ended_within() || short {
        return collector.reject(
            line_of(&held),
            None,
            "truncated_row",
            "the file ends within this row".to_owned(),
            "The file was cut: copy or export it again.",
        );
    }
    row(&held, collector)
}

fn line_of(record: &Record) -> u32 {
    u32::try_from(record.line).unwrap_or(u32::MAX)
}

/// A line of separators only, as spreadsheets leave behind.
fn is_separator_row(shown: &str) -> bool {
    shown.chars().all(|c| matches!(c, ',' | ';' | '\t' | '|'))
}

/// The separator that occurs most in the first line, outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b'\t', 0usize), (b';', 0), (b',', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            byte => {
                if let Some(count) = counts.iter_mut().find(|(candidate, _)| *candidate == byte) {
                    count.1 += 1;
                }
            }
        }
    }
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .filter(|(_, n)| *n > 0)
        .map_or(b',', |(b, _)| *b)
}

fn header(
    record: &Record,
    collector: &mut Collector<'_>,
    options: &Options,
) -> Result<(), ImportError> {
    if is_building(record) && !options.mappings.iter().any(|mapping| mapping.signature.is_empty()) {
        return collector.headless(SourceKind::Buildings, &BUILDING[..record.len()]);
    }
    collector.header(record.iter().map(str::to_owned).collect())
}

/// A building file has no header: its first cell is a network, its third the bits of a mask.
/// The documentation says 14 columns and lists 15.
fn is_building(record: &Record) -> bool {
    let cell = |at: usize| record.get(at).unwrap_or_default().trim();
    (14..=15).contains(&record.len())
        && cell(0).parse::<std::net::IpAddr>().is_ok()
        && cell(2).parse::<u8>().is_ok()
}

fn row(record: &Record, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    let at = line_of(record);
    if let Some(line) = record.misplaced {
        return collector.reject(
            at,
            None,
            "quote_out_of_place",
            format!(
                "text follows a closed quote on line {line}: one before it was left open, or one within a cell is not doubled"
            ),
            "Close the quote that begins in this row, or export again.",
        );
    }
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(());
    }
    // Files put behind each other bring their headers with them.
    let columns = collector.columns();
    let again = |cell: &str, at: usize| columns.get(at).is_some_and(|name| *name == cell.trim());
    if record.len() == columns.len() && record.iter().zip(0..).all(|(cell, at)| again(cell, at)) {
        return collector.reject(
            at,
            None,
            "header_again",
            "the names of the columns again, where a row should be".to_owned(),
            "Nothing is lost by it: files were put behind each other.",
        );
    }
    let width = collector.width();
    // Empty cells at the end come and go with editors.
    let beyond = record.iter().skip(width).any(|cell| !cell.trim().is_empty());
    if record.len() < width || beyond {
        return collector.reject(
            at,
            None,
            "wrong_number_of_columns",
            format!("{} cells where the header has {width} columns", record.len()),
            "Look for an unquoted separator or a cut line.",
        );
    }
    collector.record(at, |column| Some(record.get(column).unwrap_or_default()))
}
