//! Tables whose columns are parted by commas, semicolons, tabs or bars (RFC 4180 and its kin).

use super::collect::Collector;
use super::guard::{Allowance, line, read_error};
use super::{ImportError, Options};
use crate::model::SourceKind;
use csv::{ReaderBuilder, StringRecord};
use std::cell::RefCell;
use std::collections::VecDeque;
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

/// Watches the quotes of a table as they are read: whether one is open at the end, and where text
/// follows a closed one. The reader behind it joins such rows without a word.
struct Quotes {
    delimiter: u8,
    /// Bytes and lines read so far.
    bytes: u64,
    lines: u64,
    /// The byte before.
    last: u8,
    within: bool,
    /// A quote within a quoted cell: it closes the cell, or is doubled.
    pending: bool,
    /// Text behind a closed quote: byte and line, for rows that are not given yet.
    misplaced: VecDeque<(u64, u64)>,
}

impl Quotes {
    fn see(&mut self, read: &[u8]) {
        if self.within || self.pending || read.contains(&b'"') {
            let mut line = self.lines;
            for (at, byte) in (self.bytes..).zip(read) {
                line += u64::from(*byte == b'\n');
                let ends = *byte == self.delimiter || matches!(byte, b'\n' | b'\r');
                if std::mem::take(&mut self.pending) {
                    match byte {
                        b'"' => self.within = true,
                        _ if ends => {}
                        _ => self.misplaced.push_back((at, line)),
                    }
                } else if *byte == b'"' {
                    if self.within {
                        self.within = false;
                        self.pending = true;
                    } else {
                        let begins = self.last == self.delimiter;
                        self.within = begins || matches!(self.last, b'\n' | b'\r');
                    }
                }
                self.last = *byte;
            }
        }
        self.bytes += read.len() as u64;
        self.lines += read.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.last = read.last().copied().unwrap_or(self.last);
    }

    /// Line of the first misplaced quote of the row that ends before `end`, counted from the
    /// beginning of the table.
    fn misplaced_before(&mut self, end: u64) -> Option<u64> {
        let first = self.misplaced.front().copied().filter(|(at, _)| *at < end);
        while self.misplaced.front().is_some_and(|(at, _)| *at < end) {
            self.misplaced.pop_front();
        }
        first.map(|(_, line)| line)
    }
}

/// A reader whose quotes are watched.
struct Watched<R> {
    inner: R,
    quotes: Rc<RefCell<Quotes>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.quotes.borrow_mut().see(&buffer[..count]);
        Ok(count)
    }
}

/// A row that is read and not judged yet.
struct Held {
    line: u32,
    record: StringRecord,
    /// Line on which text follows a closed quote.
    misplaced: Option<u64>,
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
    let quotes = Rc::new(RefCell::new(Quotes {
        delimiter,
        bytes: 0,
        lines: 0,
        last: b'\n',
        within: false,
        pending: false,
        misplaced: VecDeque::new(),
    }));
    let mut table = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 << 10)
        .from_reader(Watched { inner: reader, quotes: quotes.clone() });
    let mut record = StringRecord::new();
    // The row before this one: whether it is whole shows only once the file goes on.
    let mut held: Option<Held> = None;
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
                held = Some(Held { line: at, record: record.clone(), misplaced: None });
            }
            continue;
        }
        if let Some(before) = held.take() {
            row(&before, collector)?;
            spare = before.record;
        }
        let end = table.position().byte();
        let misplaced = quotes.borrow_mut().misplaced_before(end).map(|line| line + skipped + 1);
        let record = std::mem::replace(&mut record, std::mem::take(&mut spare));
        held = Some(Held { line: at, record, misplaced });
    }
    let Some(mut held) = held else { return Ok(()) };
    let (last, within) = (quotes.borrow().last, quotes.borrow().within);
    if last != b'\n' && !crlf {
        held.line += 1;
    }
    let short = held.record.len() < collector.width() && last != b'\n';
    if within || short {
        return collector.reject(
            held.line,
            None,
            "truncated_row",
            "the file ends within this row".to_owned(),
            "The file was cut: copy or export it again.",
        );
    }
    row(&held, collector)
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

fn row(held: &Held, collector: &mut Collector<'_>) -> Result<(), ImportError> {
    let Held { line: at, record, misplaced } = held;
    let at = *at;
    if let Some(line) = misplaced {
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
