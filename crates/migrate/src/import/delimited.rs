//! Tables whose columns are parted by commas, semicolons, tabs or bars (RFC 4180 and its kin).

use super::collect::Collector;
use super::guard::{Allowance, line, read_error};
use super::{ImportError, Options};
use crate::model::SourceKind;
use csv::{ReaderBuilder, StringRecord};
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

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

/// Counts quotes, to tell at the end whether one was left open.
struct Quotes<R> {
    inner: R,
    odd: Rc<Cell<bool>>,
    last: Rc<Cell<u8>>,
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let quotes = buffer[..count].iter().filter(|byte| **byte == b'"').count();
        self.odd.set(self.odd.get() ^ (quotes % 2 == 1));
        if count > 0 {
            self.last.set(buffer[count - 1]);
        }
        Ok(count)
    }
}

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
        if let Some(separator) = shown.strip_prefix("sep=").and_then(|sep| sep.bytes().next()) {
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
    let crlf = rest.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    let (odd, last) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(b'\n')));
    let quotes = Quotes { inner: reader, odd: odd.clone(), last: last.clone() };
    let mut table = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 << 10)
        .from_reader(quotes);
    let mut record = StringRecord::new();
    // The row before this one: whether it is whole shows only once the file goes on.
    let mut held: Option<(u32, StringRecord)> = None;
    let mut spare = StringRecord::new();
    loop {
        allowance.reset();
        let began = table.position().line() + skipped;
        let more = table.read_record(&mut record).map_err(|error| match error.kind() {
            csv::ErrorKind::Io(error) => read_error(error, allowance, began),
            _ => ImportError::Read(error.to_string()),
        })?;
        if !more {
            break;
        }
        // The reader stands behind the record now, but before the second half of a CRLF.
        let inside = record.as_slice().bytes().filter(|byte| *byte == b'\n').count() as u64;
        let behind = table.position().line() + skipped;
        let at = behind.saturating_sub(inside + u64::from(!crlf)).max(1);
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if !collector.has_header() {
            header(&record, collector, options)?;
            if collector.has_header() && is_building(&record) {
                held = Some((at, record.clone()));
            }
            continue;
        }
        if let Some((at, before)) = held.take() {
            row(at, &before, collector)?;
            spare = before;
        }
        held = Some((at, std::mem::replace(&mut record, std::mem::take(&mut spare))));
    }
    let Some((mut at, record)) = held else { return Ok(()) };
    if last.get() != b'\n' && !crlf {
        at += 1;
    }
    let ends_inside = odd.get() && (last.get() != b'\n' || record.iter().any(|c| c.contains('\n')));
    let short = record.len() < collector.width() && last.get() != b'\n';
    if ends_inside || short {
        return collector.reject(
            at,
            None,
            "truncated_row",
            "the file ends within this row".to_owned(),
            "The file was cut: copy or export it again.",
        );
    }
    row(at, &record, collector)
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
    record: &StringRecord,
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
fn is_building(record: &StringRecord) -> bool {
    let cell = |at: usize| record.get(at).unwrap_or_default().trim();
    (14..=15).contains(&record.len())
        && cell(0).parse::<std::net::IpAddr>().is_ok()
        && cell(2).parse::<u8>().is_ok()
}

fn row(at: u32, record: &StringRecord, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(());
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
