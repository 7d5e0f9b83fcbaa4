//! A table's bytes into rows of cells (RFC 4180 section 2, and what people's tools make of it).
//!
//! Cells are looked for where they can end, not byte by byte, and stay where they were read: only
//! one with doubled quotes is copied.

use super::ImportError;
use super::guard::{Allowance, read_error};
use memchr::{memchr, memchr_iter, memchr3};
use std::io::{ErrorKind, Read};
use std::ops::Range;

/// Bytes asked for at once.
const BLOCK: usize = 64 << 10;

/// Where a cell's text is.
#[derive(Clone, Debug)]
enum Place {
    /// In the row, as it was read.
    Own(Range<usize>),
    /// Among the copies.
    Copied(Range<usize>),
}

/// One row.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The row as it was read.
    text: String,
    /// Cells that had to be written anew.
    copies: String,
    cells: Vec<Place>,
    /// Line on which it begins, counted from 1.
    pub line: u64,
    /// Line on which text follows a closed quote.
    pub misplaced: Option<u64>,
}

impl Record {
    /// Cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell, without its quotes.
    pub fn get(&self, at: usize) -> Option<&str> {
        Some(match self.cells.get(at)? {
            Place::Own(range) => &self.text[range.clone()],
            Place::Copied(range) => &self.copies[range.clone()],
        })
    }

    /// All cells.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

/// How the search for a row's end went.
enum Found {
    /// The row ends before this byte; quotes were closed.
    End(usize),
    /// What was read so far ends within the row; within a quote or not.
    More { within: bool },
}

/// Parts rows from each other and cells from each other.
pub(super) struct Split<R> {
    reader: R,
    allowance: Allowance,
    delimiter: u8,
    /// Read; what is before `at` is done with.
    bytes: Vec<u8>,
    at: usize,
    /// Line breaks before `at`.
    lines: u64,
    ended: bool,
    /// The last byte there was, once it ended.
    last: u8,
    /// Cells of the row at hand: where each is in `bytes`, and whether it has to be copied.
    cells: Vec<(Range<usize>, bool)>,
    misplaced: Option<usize>,
    /// The text ended within a quote.
    within: bool,
}

impl<R: Read> Split<R> {
    /// Rows of what `reader` has; `lines` were read before it.
    pub fn new(reader: R, allowance: Allowance, delimiter: u8, lines: u64) -> Self {
        Self {
            reader,
            allowance,
            delimiter,
            bytes: Vec::new(),
            at: 0,
            lines,
            ended: false,
            last: b'\n',
            cells: Vec::new(),
            misplaced: None,
            within: false,
        }
    }

    /// Did the text end within a quote?
    pub fn ended_within(&self) -> bool {
        self.within
    }

    /// The text's last byte.
    pub fn last(&self) -> u8 {
        self.last
    }

    /// The next row; `false` behind the last one. Lines without anything are no rows.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, ImportError> {
        if self.bytes.is_empty() {
            self.allowance.reset();
            self.fill()?;
            if self.bytes.starts_with("\u{feff}".as_bytes()) {
                self.at = "\u{feff}".len();
            }
        }
        loop {
            match self.bytes.get(self.at) {
                Some(b'\n') => {
                    self.lines += 1;
                    self.at += 1;
                }
                Some(b'\r') => self.at += 1,
                Some(_) => break,
                None if self.ended => return Ok(false),
                None => {
                    self.allowance.reset();
                    self.fill()?;
                }
            }
        }
        let mut begun = false;
        let end = loop {
            match self.cells() {
                Found::End(end) => break end,
                Found::More { within } if self.ended => {
                    self.within = within;
                    break self.bytes.len();
                }
                Found::More { .. } => {
                    // What one row takes is counted from its first block on.
                    if !std::mem::replace(&mut begun, true) {
                        self.allowance.reset();
                    }
                    self.fill()?;
                }
            }
        };
        self.give(end, record)?;
        self.lines += memchr_iter(b'\n', &self.bytes[self.at..end]).count() as u64;
        self.at = end;
        Ok(true)
    }

    /// Reads on, behind what is not done with.
    fn fill(&mut self) -> Result<(), ImportError> {
        self.bytes.drain(..self.at);
        self.at = 0;
        // A long row is looked through again from its beginning: as much again is read each time,
        // so that this happens a few times only, but not beyond what a row may take.
        let length = self.bytes.len();
        let left = self.allowance.limit().saturating_sub(length as u64);
        let again = usize::try_from(left).map_or(length, |left| length.min(left));
        let wanted = length + again.max(BLOCK);
        let mut filled = self.bytes.len();
        self.bytes.resize(wanted, 0);
        let outcome = loop {
            match self.reader.read(&mut self.bytes[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break Ok(());
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
            if filled == wanted {
                break Ok(());
            }
        };
        self.bytes.truncate(filled);
        self.last = self.bytes.last().copied().unwrap_or(self.last);
        outcome.map_err(|error| read_error(&error, &self.allowance, self.lines + 1))
    }

    /// Looks for the cells of the row that begins at `at`.
    fn cells(&mut self) -> Found {
        self.cells.clear();
        self.misplaced = None;
        let bytes = self.bytes.as_slice();
        let mut at = self.at;
        loop {
            let began = at;
            let mut copied = false;
            let text = if bytes.get(at) == Some(&b'"') {
                at += 1;
                loop {
                    let Some(quote) = memchr(b'"', &bytes[at..]) else {
                        self.cells.push((began + 1..bytes.len(), copied));
                        return Found::More { within: true };
                    };
                    at += quote + 1;
                    match bytes.get(at) {
                        Some(b'"') => {
                            copied = true;
                            at += 1;
                        }
                        _ => break,
                    }
                }
                match bytes.get(at) {
                    None => {
                        self.cells.push((began + 1..at - 1, copied));
                        return Found::More { within: false };
                    }
                    Some(byte) if self.ends(*byte) => began + 1..at - 1,
                    // The rest of the cell belongs to it, whatever stands there.
                    Some(_) => {
                        self.misplaced = self.misplaced.or(Some(at));
                        copied = true;
                        at = self.end(at);
                        began + 1..at
                    }
                }
            } else {
                at = self.end(at);
                began..at
            };
            self.cells.push((text, copied));
            match bytes.get(at) {
                None => return Found::More { within: false },
                Some(byte) if *byte == self.delimiter => at += 1,
                Some(_) => return Found::End(at),
            }
        }
    }

    fn ends(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'\n' | b'\r')
    }

    /// Where a cell without quotes ends.
    fn end(&self, from: usize) -> usize {
        // Most cells are too short for a search to be worth its beginning.
        let near = &self.bytes[from..self.bytes.len().min(from + 8)];
        if let Some(at) = near.iter().position(|byte| self.ends(*byte)) {
            return from + at;
        }
        let from = from + near.len();
        memchr3(self.delimiter, b'\n', b'\r', &self.bytes[from..])
            .map_or(self.bytes.len(), |at| from + at)
    }

    /// Hands the row over.
    fn give(&self, end: usize, record: &mut Record) -> Result<(), ImportError> {
        let own = std::str::from_utf8(&self.bytes[self.at..end])
            .map_err(|error| ImportError::Read(error.to_string()))?;
        record.text.clear();
        record.text.push_str(own);
        record.copies.clear();
        record.cells.clear();
        record.line = self.lines + 1;
        record.misplaced = self
            .misplaced
            .map(|at| record.line + memchr_iter(b'\n', &self.bytes[self.at..at]).count() as u64);
        for (range, copied) in &self.cells {
            let range = range.start - self.at..range.end - self.at;
            if !copied {
                record.cells.push(Place::Own(range));
                continue;
            }
            let from = record.copies.len();
            unquote(&own[range], &mut record.copies);
            record.cells.push(Place::Copied(from..record.copies.len()));
        }
        Ok(())
    }
}

/// A cell that was in quotes, from behind the first of them: doubled ones are single, the closing
/// one goes, and what follows it stays as it is.
fn unquote(mut rest: &str, into: &mut String) {
    while let Some((before, after)) = rest.split_once('"') {
        into.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                into.push('"');
                rest = after;
            }
            None => {
                into.push_str(after);
                return;
            }
        }
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::super::guard::Guard;
    use super::*;

    /// Hands out a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0.len()).min(self.1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    type Row = (u64, Option<u64>, Vec<String>);

    fn rows(text: &str, drip: usize) -> (Vec<Row>, bool) {
        let guard = Guard::new(Drip(text.as_bytes(), drip), 1 << 20);
        let allowance = guard.allowance();
        let mut split = Split::new(guard, allowance, b',', 0);
        let mut record = Record::default();
        let mut rows = Vec::new();
        while split.next(&mut record).expect("text") {
            rows.push((record.line, record.misplaced, record.iter().map(str::to_owned).collect()));
        }
        (rows, split.ended_within())
    }

    #[test]
    fn rows_lines_and_quotes() {
        for (text, expect, within) in [
            ("", vec![], false),
            ("\n\r\n", vec![], false),
            ("a,b\r\n\r\nc,\n", vec![(1, None, vec!["a", "b"]), (3, None, vec!["c", ""])], false),
            (
                "\u{feff}\"a\nb\",\"c\"\"d\"\ne",
                vec![(1, None, vec!["a\nb", "c\"d"]), (3, None, vec!["e"])],
                false,
            ),
            ("a\"b,c\"\n", vec![(1, None, vec!["a\"b", "c\""])], false),
            ("\"a\n\"b\"\"c,d", vec![(1, Some(2), vec!["a\nb\"\"c", "d"])], false),
            ("x,\"a\"\"", vec![(1, None, vec!["x", "a\""])], true),
            ("x,\"", vec![(1, None, vec!["x", ""])], true),
            (",", vec![(1, None, vec!["", ""])], false),
            ("\"\"", vec![(1, None, vec![""])], false),
            ("a\rb", vec![(1, None, vec!["a"]), (1, None, vec!["b"])], false),
        ] {
            for drip in [1, 3, 1000] {
                let (found, open) = rows(text, drip);
                let found: Vec<_> = found
                    .iter()
                    .map(|(line, m, cells)| (*line, *m, cells.iter().map(String::as_str).collect()))
                    .collect();
                assert_eq!((found, open), (expect.clone(), within), "{text:?} by {drip}");
            }
        }
    }

    proptest::proptest! {
        /// The same cells as the reader that everybody uses finds.
        #[test]
        fn another_reader_finds_the_same(text in "[ab\",;\n\ré]{0,60}") {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(text.as_bytes());
            let expect: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.expect("text").iter().map(str::to_owned).collect())
                .collect();
            for drip in [1, 7, 1000] {
                let (found, _) = rows(&text, drip);
                let found: Vec<Vec<String>> = found.into_iter().map(|(.., cells)| cells).collect();
                proptest::prop_assert_eq!(&found, &expect);
            }
        }
    }
}
