//! CSV files as people send them (RFC 4180): which header means what, and where each row stands,
//! so that an error can name its line and column. A file is read as often as needed, a row at a
//! time.

use api_types::{ErrorCode, Problem};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};

/// A file with what its columns mean.
#[derive(Debug)]
pub struct Sheet {
    file: File,
    delimiter: u8,
    /// Each field that the file has, and which column that is.
    columns: Vec<(&'static str, usize)>,
    /// Each such field's header.
    headers: BTreeMap<String, String>,
}

/// One row: the line it stands in, counted from 1, and its cells by field. Empty cells are not
/// there.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) line: u32,
    cells: Vec<(&'static str, String)>,
}

impl Line {
    /// What the row has in a field.
    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| *name == field).map(|(_, cell)| cell.as_str())
    }
}

fn malformed(reason: impl Into<String>) -> Problem {
    ErrorCode::MalformedCsv.problem(None, reason)
}

/// A header as it compares: `Phone number` is `phone_number`.
fn plain(header: &str) -> String {
    header.trim().to_lowercase().replace([' ', '-'], "_")
}

/// A cell as it was meant: our own exports put a `'` before what a spreadsheet might run.
pub(crate) fn cell(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => text,
    }
}

/// Spreadsheets of some countries part cells by semicolons, and what is copied out of them by
/// tabs: whichever the header has most of.
fn delimiter(header: &str) -> u8 {
    let count = |sign: u8| header.bytes().filter(|b| *b == sign).count();
    let most = [b',', b';', b'\t'].into_iter().rev().max_by_key(|sign| count(*sign));
    most.unwrap_or(b',')
}

impl Sheet {
    /// Reads the header of a file. Without `columns`, each header must be the name of one of the
    /// fields. With it (`number:Phone,user:#3`: field, colon, header or `#` and the column's
    /// place), what it does not name is passed over.
    ///
    /// # Errors
    /// `malformed_csv`, `invalid_parameter`.
    pub(crate) fn open(
        file: File,
        fields: &[&'static str],
        required: &str,
        columns: Option<&str>,
    ) -> Result<Self, Problem> {
        let mut sheet =
            Self { file, delimiter: b',', columns: Vec::new(), headers: BTreeMap::new() };
        let head = sheet.head()?;
        sheet.delimiter = delimiter(&head);
        let mut reader = sheet.reader()?;
        let header = reader.headers().map_err(|error| malformed(said(&error, 1)))?.clone();
        if header.iter().all(|name| name.trim().is_empty()) {
            return Err(malformed("line 1: there is no header"));
        }
        match columns {
            None => sheet.by_name(&header, fields)?,
            Some(columns) => sheet.by_word(&header, fields, columns)?,
        }
        if !sheet.columns.iter().any(|(field, _)| *field == required) {
            let reason = format!("line 1: no column is {required}");
            return Err(ErrorCode::MalformedCsv.problem(Some(required), reason));
        }
        Ok(sheet)
    }

    /// The first line that has anything, as far as it can be read.
    fn head(&self) -> Result<String, Problem> {
        let mut bytes = vec![0; 64 * 1024];
        let mut file = &self.file;
        file.rewind().map_err(|error| unreadable(&error))?;
        let mut filled = 0;
        while filled < bytes.len() {
            let read = file.read(&mut bytes[filled..]).map_err(|error| unreadable(&error))?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        bytes.truncate(filled);
        let mut lines = bytes.split(|b| matches!(b, b'\n' | b'\r'));
        let first = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
        Ok(String::from_utf8_lossy(first).into_owned())
    }

    fn reader(&self) -> Result<csv::Reader<Lines<BufReader<&File>>>, Problem> {
        let mut file = &self.file;
        file.rewind().map_err(|error| unreadable(&error))?;
        Ok(csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .from_reader(Lines::of(BufReader::with_capacity(64 * 1024, file))))
    }

    fn take(&mut self, field: &'static str, at: usize, header: &str) -> Result<(), Problem> {
        if self.columns.iter().any(|(taken, _)| *taken == field) {
            let reason = format!("line 1: two columns are {field}");
            return Err(ErrorCode::MalformedCsv.problem(Some(field), reason));
        }
        self.columns.push((field, at));
        self.headers.insert(field.to_owned(), header.chars().take(100).collect());
        Ok(())
    }

    fn by_name(
        &mut self,
        header: &csv::StringRecord,
        fields: &[&'static str],
    ) -> Result<(), Problem> {
        for (at, name) in header.iter().enumerate() {
            // A misspelt one would otherwise be lost without a word.
            let field = fields.iter().find(|field| **field == plain(name)).ok_or_else(|| {
                let shown: String = name.trim().chars().take(64).collect();
                malformed(format!(
                    "line 1, column {}: {shown:?} is none of {}",
                    at + 1,
                    fields.join(", ")
                ))
            })?;
            self.take(field, at, name.trim())?;
        }
        Ok(())
    }

    fn by_word(
        &mut self,
        header: &csv::StringRecord,
        fields: &[&'static str],
        columns: &str,
    ) -> Result<(), Problem> {
        let wrong = |reason: String| ErrorCode::InvalidParameter.problem(Some("columns"), reason);
        for pair in columns.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, means) = pair
                .split_once(':')
                .ok_or_else(|| wrong(format!("{:?} is not field:header", shortened(pair))))?;
            let field = fields.iter().find(|field| **field == name.trim()).ok_or_else(|| {
                let reason = format!("{:?} is none of {}", shortened(name), fields.join(", "));
                wrong(reason)
            })?;
            let place = means.trim().strip_prefix('#').and_then(|n| n.parse::<usize>().ok());
            let at = match place {
                Some(n) => n.checked_sub(1).filter(|at| *at < header.len()),
                None => header.iter().position(|other| plain(other) == plain(means)),
            };
            let at = at.ok_or_else(|| {
                let reason = format!("the file has no column {:?}", shortened(means));
                wrong(reason)
            })?;
            let header = header.get(at).unwrap_or_default().trim().to_owned();
            self.take(field, at, &header)?;
        }
        Ok(())
    }

    /// Each field's header.
    pub(crate) const fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }

    /// The rows in their order, from the first.
    ///
    /// # Errors
    /// Of each row `malformed_csv`, which names the line.
    pub(crate) fn lines(
        &self,
    ) -> Result<impl Iterator<Item = Result<Line, Problem>> + use<'_>, Problem> {
        let mut reader = self.reader()?;
        let mut record = csv::StringRecord::new();
        Ok(std::iter::from_fn(move || {
            let read = reader.read_record(&mut record);
            // Where the reader stands after the row: before it, empty lines are not passed yet.
            let ended = reader.position().line().saturating_sub(1);
            match read {
                Err(error) => return Some(Err(malformed(said(&error, ended)))),
                Ok(false) => return None,
                Ok(true) => {}
            }
            let within: usize =
                record.iter().map(|cell| cell.bytes().filter(|b| *b == b'\n').count()).sum();
            let line = ended.saturating_sub(within as u64);
            let cells = self.columns.iter().filter_map(|(field, at)| {
                let text = cell(record.get(*at).unwrap_or_default());
                (!text.is_empty()).then(|| (*field, text.to_owned()))
            });
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            Some(Ok(Line { line, cells: cells.collect() }))
        }))
    }
}

/// A file whose lines all end with a line feed alone, the last one too, whatever they ended with
/// (CR LF, or CR alone, which old spreadsheets write): so the CSV reader counts them as an editor
/// does.
struct Lines<R> {
    inner: R,
    /// A carriage return that waits for what follows it.
    held: bool,
    last: u8,
    ended: bool,
}

impl<R: Read> Lines<R> {
    const fn of(inner: R) -> Self {
        Self { inner, held: false, last: b'\n', ended: false }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        // One byte read may become two: the line end that was held, and itself.
        let half = (out.len() / 2).max(1);
        loop {
            if self.ended || out.len() < 2 {
                return Ok(0);
            }
            let mut piece = vec![0; half.min(64 * 1024)];
            let read = self.inner.read(&mut piece)?;
            let mut filled = 0;
            let mut put = |byte: u8| {
                out[filled] = byte;
                filled += 1;
            };
            if read == 0 {
                self.ended = true;
                if std::mem::take(&mut self.held) || self.last != b'\n' {
                    put(b'\n');
                }
                return Ok(filled);
            }
            for byte in &piece[..read] {
                if std::mem::take(&mut self.held) && *byte != b'\n' {
                    put(b'\n');
                }
                self.last = *byte;
                match *byte {
                    b'\r' => self.held = true,
                    byte => put(byte),
                }
            }
            if filled > 0 {
                return Ok(filled);
            }
        }
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(64).collect()
}

fn unreadable(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a spooled file cannot be read");
    ErrorCode::Internal.problem(None, "the file could not be kept while it was read")
}

/// What is wrong with a row, and where.
fn said(error: &csv::Error, line: u64) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line}: there are {len} cells, and {expected_len} in the header")
        }
        csv::ErrorKind::Utf8 { err, .. } => {
            format!("line {line}, column {}: this is not UTF-8", err.field() + 1)
        }
        _ => format!("line {line}: the file breaks off, or is no CSV"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const FIELDS: [&str; 3] = ["number", "user", "location_id"];

    fn sheet(bytes: &[u8], columns: Option<&str>) -> Result<Sheet, Problem> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        Sheet::open(file, &FIELDS, "number", columns)
    }

    fn rows(sheet: &Sheet) -> Vec<(u32, Option<String>, Option<String>)> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        sheet
            .lines()
            .expect("reads")
            .map(|line| line.unwrap_or_else(|problem| panic!("{problem}")))
            .map(|line| (line.line, own(line.get("number")), own(line.get("user"))))
            .collect()
    }

    #[test]
    fn columns_are_found_by_their_headers_or_as_told() {
        let ada = Some("ada@x.example".to_owned());
        let one = Some("+442079460001".to_owned());
        for (name, file, columns) in [
            ("names", "number,user\n+442079460001,ada@x.example\n", None),
            ("other order", "user,number\nada@x.example,+442079460001\n", None),
            ("marks of a spreadsheet", "\u{feff}Number;User\r\n'+442079460001;ada@x.example", None),
            ("tabs", "NUMBER\tuser\n+442079460001\t ada@x.example \n", None),
            (
                "told",
                "id,Telefon,Mail\n7,+442079460001,ada@x.example\n",
                Some("number:Telefon,user:mail"),
            ),
            ("by place", "a,a,b\n7,+442079460001,ada@x.example\n", Some("number:#2,user:#3")),
        ] {
            let sheet = sheet(file.as_bytes(), columns).unwrap_or_else(|p| panic!("{name}: {p}"));
            // It reads the same a second time.
            for _ in 0..2 {
                assert_eq!(rows(&sheet), [(2, one.clone(), ada.clone())], "{name}");
            }
        }
        let file = "number,user\n\n\n+442079460001,\n\"+4420\n79460002\",x\n";
        let sheet = sheet(file.as_bytes(), None).expect("reads");
        let rows = rows(&sheet);
        assert_eq!(rows[0], (4, one, None), "lines count as an editor shows them");
        assert_eq!((rows[1].0, rows[1].2.as_deref()), (5, Some("x")));
    }

    #[test]
    fn no_row_is_lost_for_how_it_begins_or_ends() {
        let file = "#;Name;Phone\r1;a;+442079460001\r#2;b;+442079460002\r";
        let columns = Some("number:#3,user:Name");
        let sheet = sheet(file.as_bytes(), columns).expect("reads");
        let told: Vec<_> = rows(&sheet)
            .into_iter()
            .map(|(line, _, user)| (line, user.unwrap_or_default()))
            .collect();
        assert_eq!(told, [(2, "a".to_owned()), (3, "b".to_owned())]);
        let blank = "\n\r\n number ; user \n+442079460001;x\n";
        assert_eq!(rows(&self::sheet(blank.as_bytes(), None).expect("reads")).len(), 1);
    }

    #[test]
    fn what_is_wrong_names_its_place() {
        for (file, columns, code, words) in [
            (&b""[..], None, "malformed_csv", "no header"),
            (b"number,usr\n", None, "malformed_csv", "line 1, column 2: \"usr\" is none of number"),
            (b"user\nx\n", None, "malformed_csv", "no column is number"),
            (b"number,number\n", None, "malformed_csv", "two columns are number"),
            (b"a,b\n", Some("number"), "invalid_parameter", "\"number\" is not field:header"),
            (b"a,b\n", Some("nr:a"), "invalid_parameter", "\"nr\" is none of number"),
            (b"a,b\n", Some("number:c"), "invalid_parameter", "no column \"c\""),
            (b"a,b\n", Some("number:#3"), "invalid_parameter", "no column \"#3\""),
            (b"a,b\n", Some("number:a,number:b"), "malformed_csv", "two columns are number"),
        ] {
            let problem = sheet(file, columns).expect_err(words);
            assert_eq!(problem.code, code);
            assert!(problem.reason.contains(words), "{problem}");
        }
        for (file, words) in [
            (&b"number,user\n+44,a\n+44\n"[..], "line 3: there are 1 cells, and 2 in the header"),
            (b"number,user\n+44,\xff\n", "line 2, column 2: this is not UTF-8"),
        ] {
            let sheet = sheet(file, None).expect("a header");
            let problem = sheet.lines().expect("reads").find_map(Result::err).expect(words);
            assert!(problem.reason.contains(words), "{problem}");
        }
    }

    #[test]
    fn a_mark_against_formulas_is_taken_off_again() {
        for (text, expect) in [
            ("'+442079460001", "+442079460001"),
            ("'=1+1", "=1+1"),
            ("'tis", "'tis"),
            (" x ", "x"),
            ("'", "'"),
        ] {
            assert_eq!(cell(text), expect, "{text}");
        }
    }
}
