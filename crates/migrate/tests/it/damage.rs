//! Damaged and hostile text: a named row and a reason, in bounded memory.

use crate::support::{inventory, read, taken, told};
use migrate::import::{self, ImportError, ImportedFile, Limits, Options, Rows, Sink};
use migrate::model::{Remark, RemarkKind};
use std::io::{Read, Seek, SeekFrom};

const USERS: &str = "UserPrincipalName,DisplayName,LineURI\n";

#[test]
fn a_file_that_was_cut_says_so_and_keeps_its_whole_rows() {
    for (tail, rejected) in [
        ("b@x.com,Bob,tel:+442071231202\n", None),
        ("b@x.com,Bob,tel:+4420712312", None),
        ("b@x.com,Bo", Some((3, "truncated_row"))),
        ("b@x.com,\"Bob of\nmany", Some((3, "truncated_row"))),
        ("b@x.com,Bob,\"tel:+44207", Some((3, "truncated_row"))),
        ("b@x.com,Bob,tel:+442071231202,and,more\n", Some((3, "wrong_number_of_columns"))),
        (",Nobody,\n", Some((3, "no_key"))),
    ] {
        let text = format!("{USERS}a@x.com,Alice,tel:+442071231201\n{tail}");
        let (file, remarks, _) = taken("u.csv", &text);
        let expect: Vec<(u32, &str)> = rejected.into_iter().collect();
        assert_eq!(told(&remarks, RemarkKind::Rejected), expect, "{tail:?}");
        assert_eq!((file.source.rows, file.source.rejected), (2, expect.len() as u64), "{tail:?}");
    }
}

#[test]
fn json_that_ends_early_is_refused_whole_with_its_line() {
    let text =
        "[\n{\"UserPrincipalName\":\"a@x.com\",\"LineUri\":\"\"},\n{\"UserPrincipalName\":\"b@x";
    let memory = read("u.json", text, &Options::default());
    assert!(memory.files.is_empty());
    let (_, error) = &memory.abandoned[0];
    assert!(matches!(error, ImportError::Json { line: 3, .. }), "{error:?}");
    assert_eq!(error.code(), "damaged_json");
    let memory = read("u.json", "[{\"UserPrincipalName\":}]", &Options::default());
    assert!(matches!(memory.abandoned[0].1, ImportError::Json { line: 1, .. }));
}

#[test]
fn nesting_without_end_is_refused() {
    let text = "[".repeat(100_000);
    let memory = read("deep.json", text, &Options::default());
    assert_eq!(memory.abandoned[0].1.code(), "damaged_json");
}

#[test]
fn other_files_are_named_for_what_they_are_not() {
    for (bytes, code) in [
        (&b""[..], "empty_file"),
        (b"\n \n", "empty_file"),
        (b"%PDF-1.7\n\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\n", "not_text"),
        (b"apples,pears\n1,2\n", "unrecognised_file"),
        (b"PK\x03\x04 and no more", "damaged_archive"),
        (b"[]", "empty_file"),
    ] {
        let memory = read("x", bytes, &Options::default());
        assert_eq!(memory.abandoned.len(), 1, "{code}");
        assert_eq!(memory.abandoned[0].1.code(), code);
        assert!(!memory.abandoned[0].1.remedy().is_empty());
    }
}

#[test]
fn bytes_of_another_encoding_are_told_with_their_row() {
    let mut bytes = format!("{USERS}é@x.com,Émile,\nb@x.com,").into_bytes();
    bytes.extend_from_slice(b"J\xfcrgen,\nc@x.com,Cem,\n");
    let (file, remarks, rows) = taken("u.csv", bytes);
    assert_eq!(told(&remarks, RemarkKind::Note), [(3, "undecodable_text")]);
    assert_eq!(inventory([(file, remarks, rows)]).users.len(), 3);
}

#[test]
fn names_may_hold_anything() {
    let names = [
        "O'Brien, \"Bob\"",
        "$(Get-Process); `whoami`",
        "line\nbreak",
        "\u{202e}gpj.exe",
        "=HYPERLINK(\"http://x\")",
        "日本語 🎉",
        "a\tb",
    ];
    let rows: String = names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("u{at}@x.com,\"{}\",\n", name.replace('"', "\"\"")))
        .collect();
    let all = inventory([taken("u.csv", format!("{USERS}{rows}"))]);
    let found: Vec<&str> = all.users.iter().map(|u| u.display_name.text()).collect();
    assert_eq!(found, names);
    // Marks that stand for lost and absent cells cannot be smuggled in.
    let all = inventory([taken("u.csv", format!("{USERS}a@x.com,\u{0},\u{1}\n"))]);
    assert!(all.users[0].display_name.is_empty() && all.users[0].line_uri.is_empty());
}

/// Counts and forgets.
#[derive(Default)]
struct Counted {
    rows: usize,
    heaviest: usize,
    remarks: usize,
    ended: Option<ImportedFile>,
    abandoned: Option<ImportError>,
}

impl Sink for Counted {
    fn begin(&mut self, _: &str) -> Result<(), ImportError> {
        Ok(())
    }
    fn rows(&mut self, rows: Rows) -> Result<(), ImportError> {
        self.rows += rows.len();
        self.heaviest = self.heaviest.max(rows.weight());
        Ok(())
    }
    fn remark(&mut self, _: Remark) -> Result<(), ImportError> {
        self.remarks += 1;
        Ok(())
    }
    fn end(&mut self, file: ImportedFile) -> Result<(), ImportError> {
        self.ended = Some(file);
        Ok(())
    }
    fn abandon(&mut self, _: &str, error: ImportError) -> Result<(), ImportError> {
        self.abandoned = Some(error);
        Ok(())
    }
}

/// A file that is made as it is read.
struct Generated {
    head: &'static str,
    line: &'static str,
    lines: u64,
    at: u64,
    given: u64,
    pending: Vec<u8>,
}

impl Generated {
    fn new(head: &'static str, line: &'static str, lines: u64) -> Self {
        Self { head, line, lines, at: 0, given: 0, pending: head.as_bytes().to_vec() }
    }
}

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.pending.len() < buffer.len() && self.at < self.lines {
            self.pending.extend_from_slice(self.line.as_bytes());
            self.at += 1;
        }
        let count = buffer.len().min(self.pending.len());
        buffer[..count].copy_from_slice(&self.pending[..count]);
        self.pending.drain(..count);
        self.given += count as u64;
        Ok(count)
    }
}

impl Seek for Generated {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        assert_eq!(to, SeekFrom::Start(0), "only back to the beginning");
        *self = Self::new(self.head, self.line, self.lines);
        Ok(0)
    }
}

/// Megabytes of the long table; `LONG_MB=1024` reads as much as the long runs do.
#[allow(clippy::disallowed_methods, reason = "a test may be told how long to run")]
fn long_mb() -> u64 {
    std::env::var("LONG_MB").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

#[test]
fn a_very_long_table_is_read_in_pieces() {
    const LINE: &str = "u,a@x.com,user_out,2026-01-05T10:00:00Z,120\n";
    let lines = (long_mb() << 20).div_ceil(LINE.len() as u64);
    let head = "UsageId,UPN,Call Type,Start Time,Duration Seconds\n";
    let file = Generated::new(head, LINE, lines);
    let mut counted = Counted::default();
    import::read("calls.csv", "0", file, &Options::default(), &mut counted).expect("kept");
    assert_eq!(counted.rows as u64, lines);
    assert!(counted.heaviest < 4 << 20, "{}", counted.heaviest);
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let limits = Limits { row: 1 << 20, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let file = Generated::new(
        "UserPrincipalName,DisplayName,LineURI\na@x.com,\"Al",
        "x@x.com,y,z\n",
        10_000_000,
    );
    let mut counted = Counted::default();
    import::read("u.csv", "0", file, &options, &mut counted).expect("kept");
    assert_eq!(counted.abandoned, Some(ImportError::RowTooLong { line: 2, limit: 1 << 20 }));
    let file = Generated::new("[{\"UserPrincipalName\":\"", "xxxxxxxxxxxxxxxxxxxxxxxx", 10_000_000);
    let mut counted = Counted::default();
    import::read("u.json", "0", file, &options, &mut counted).expect("kept");
    assert!(
        matches!(counted.abandoned, Some(ImportError::RowTooLong { .. })),
        "{:?}",
        counted.abandoned
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let mut counted = Counted::default();
        import::read("x", "0", std::io::Cursor::new(bytes), &Options::default(), &mut counted).expect("kept");
        proptest::prop_assert!(counted.ended.is_some() || counted.abandoned.is_some());
    }

    #[test]
    fn no_text_below_a_known_header_panics(text in "[ -~\n\"]{0,200}") {
        let mut counted = Counted::default();
        let text = format!("UserPrincipalName,DisplayName,LineURI\n{text}");
        import::read("x", "0", std::io::Cursor::new(text), &Options::default(), &mut counted).expect("kept");
    }
}
