//! Import: files in, rows out.
//!
//! A file is recognised by its columns ([`schema`]), read as a stream, and handed on in packed
//! rows; only columns that are understood are kept, so that no password, PIN or account number
//! ever is. What a row lacks is told row by row, what a file lacks once ([`ImportError`]).

pub(crate) mod clean;
mod collect;
mod decode;
mod delimited;
mod guard;
mod json;
mod listing;
mod rows;
mod schema;
mod split;
mod tools;
mod workbook;

pub(crate) use clean::is_scientific;
pub use rows::{Cells, ColumnUse, ImportedFile, Raw, Row, Rows, RowsError};
pub use schema::kinds;

use crate::model::{Remark, RemarkKind, SourceFile, SourceKind};
use collect::Collector;
use guard::Guard;
use numbering::Country;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

/// What a reader may use. The defaults hold a memory of some tens of megabytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one row, one JSON object, one XML element.
    pub row: u64,
    /// Bytes of a JSON document that is no list, and of a workbook's list of sheets or formats.
    pub document: u64,
    /// Bytes all members of an archive may unpack to.
    pub unpacked: u64,
    /// How many times its packed size a member of more than 64 MB may unpack to.
    pub ratio: u64,
    /// Bytes of a workbook's shared texts.
    pub shared_texts: u64,
    /// Columns.
    pub columns: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            row: 4 << 20,
            document: 16 << 20,
            unpacked: 8 << 30,
            ratio: 200,
            shared_texts: 256 << 20,
            columns: 4000,
        }
    }
}

/// What an administrator said a file's columns mean; remembered for the next file with the
/// same columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Columns it is for ([`signature`]); empty for the file at hand.
    pub signature: String,
    /// Kind, by its name on the command line.
    pub kind: String,
    /// Field and column.
    pub columns: Vec<(String, String)>,
}

impl Mapping {
    /// Reads `KIND:FIELD=COLUMN,FIELD=COLUMN`.
    pub fn parse(text: &str) -> Result<Self, ImportError> {
        let wrong = |reason: String| ImportError::Mapping { reason };
        let (kind, columns) = text
            .split_once(':')
            .ok_or_else(|| wrong("a mapping is KIND:FIELD=COLUMN,FIELD=COLUMN".to_owned()))?;
        let schema = schema::by_slug(kind.trim()).ok_or_else(|| {
            let known: Vec<&str> = kinds().map(|(kind, _)| kind).collect();
            wrong(format!("{kind:?} is no kind of export; there are {}", known.join(", ")))
        })?;
        let mut pairs = Vec::new();
        for pair in columns.split(',') {
            let (field, column) = pair
                .split_once('=')
                .ok_or_else(|| wrong(format!("{pair:?} is not FIELD=COLUMN")))?;
            let (field, column) = (field.trim(), column.trim());
            if schema.field(field).is_none() {
                let known: Vec<&str> = schema.fields.iter().map(|field| field.name).collect();
                return Err(wrong(format!(
                    "{field:?} is no field of {}; there are {}",
                    schema.slug,
                    known.join(", ")
                )));
            }
            if schema::is_secret(column) {
                return Err(wrong(format!("{column:?} holds secrets, which are never read")));
            }
            pairs.push((field.to_owned(), column.to_owned()));
        }
        Ok(Self { signature: String::new(), kind: kind.trim().to_owned(), columns: pairs })
    }
}

/// What files with the same columns share: the columns' simplified names.
pub fn signature(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| schema::simplified(name)).collect();
    names.join("|")
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Remembered mappings, and the one for the file at hand.
    pub mappings: Vec<Mapping>,
    /// Site the file is about.
    pub site: Option<String>,
    /// Country of its national numbers.
    pub country: Option<Country>,
    /// Limits.
    pub limits: Limits,
}

/// Why a whole file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// No export has these columns.
    #[error("no known export has the columns {}{}", shown(.columns), also(.nearest))]
    Unrecognised {
        /// Columns.
        columns: Vec<String>,
        /// Most similar kind, and what it would need.
        nearest: Option<(&'static str, Vec<&'static str>)>,
    },
    /// Neither text, nor a workbook, nor an archive.
    #[error("the file is neither text, nor a workbook, nor an archive of such")]
    NotText,
    /// One row is larger than any row can be: mostly a quote that is never closed.
    #[error("the row that begins on line {line} is longer than {limit} bytes")]
    RowTooLong {
        /// Line.
        line: u64,
        /// Limit.
        limit: u64,
    },
    /// More columns than any export has.
    #[error("{columns} columns are more than {limit}")]
    TooManyColumns {
        /// How many.
        columns: usize,
        /// Limit.
        limit: usize,
    },
    /// JSON that ends early or is none.
    #[error("line {line}, column {column}: {reason}")]
    Json {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A workbook of another format.
    #[error("the file is {what}")]
    OtherWorkbook {
        /// Which.
        what: &'static str,
    },
    /// An archive that cannot be read.
    #[error("the archive cannot be read: {reason}")]
    Archive {
        /// What is wrong.
        reason: String,
    },
    /// An archive that would unpack to more than it may.
    #[error("{member} unpacks to more than {limit} bytes")]
    Bomb {
        /// Member.
        member: String,
        /// Limit.
        limit: u64,
    },
    /// A workbook's parts do not fit together.
    #[error("{part}: {reason}")]
    Workbook {
        /// Part.
        part: String,
        /// What is wrong.
        reason: String,
    },
    /// A mapping that cannot be meant so.
    #[error("{reason}")]
    Mapping {
        /// What is wrong.
        reason: String,
    },
    /// Reading failed.
    #[error("{0}")]
    Read(String),
    /// What was read could not be kept.
    #[error("{0}")]
    Keep(String),
}

fn shown(columns: &[String]) -> String {
    let mut words: Vec<String> = columns.iter().take(12).map(|name| format!("{name:?}")).collect();
    if columns.len() > 12 {
        words.push(format!("and {} more", columns.len() - 12));
    }
    words.join(", ")
}

fn also(nearest: &Option<(&'static str, Vec<&'static str>)>) -> String {
    nearest.as_ref().map_or(String::new(), |(kind, missing)| {
        format!("; nearest is {kind}, which needs {}", missing.join(", "))
    })
}

impl ImportError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::Unrecognised { .. } => "unrecognised_file",
            Self::NotText => "not_text",
            Self::RowTooLong { .. } => "row_too_long",
            Self::TooManyColumns { .. } => "too_many_columns",
            Self::Json { .. } => "damaged_json",
            Self::OtherWorkbook { .. } => "other_workbook",
            Self::Archive { .. } => "damaged_archive",
            Self::Bomb { .. } => "archive_too_large",
            Self::Workbook { .. } => "damaged_workbook",
            Self::Mapping { .. } => "wrong_mapping",
            Self::Read(_) => "unreadable_file",
            Self::Keep(_) => "not_kept",
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "Export it again.",
            Self::Unrecognised { .. } => {
                "Export with the columns docs/migration.md names, or say what they mean: --map KIND:FIELD=COLUMN,..."
            }
            Self::NotText => "Export as CSV, JSON or XLSX.",
            Self::RowTooLong { .. } => "Close the quote that begins on that line, or export again.",
            Self::TooManyColumns { .. } => "Export the columns that are needed only.",
            Self::Json { .. } => "The file was cut or edited: export it again.",
            Self::OtherWorkbook { .. } => {
                "Save it as .xlsx without a password, or export the sheet as CSV."
            }
            Self::Archive { .. } => "Copy or download the archive again.",
            Self::Bomb { .. } => "Unpack it by hand and look at what it holds.",
            Self::Workbook { .. } => "Save the workbook again, or export the sheet as CSV.",
            Self::Mapping { .. } => "See meetpoint migrate import --help.",
            Self::Read(_) => "Check that the file can be read.",
            Self::Keep(_) => "Check the project's folder and its free space.",
        }
    }
}

/// Who keeps what is read. For each file: `begin`, then rows and remarks, then `end` or
/// `abandon`; nothing of an abandoned file may stay.
pub trait Sink {
    /// A file, a member of an archive, or a sheet of a workbook begins.
    fn begin(&mut self, name: &str) -> Result<(), ImportError>;
    /// Some of its rows.
    fn rows(&mut self, rows: Rows) -> Result<(), ImportError>;
    /// Something to tell; its file is the one that began.
    fn remark(&mut self, remark: Remark) -> Result<(), ImportError>;
    /// It is read to its end.
    fn end(&mut self, file: ImportedFile) -> Result<(), ImportError>;
    /// It cannot be taken.
    fn abandon(&mut self, name: &str, error: ImportError) -> Result<(), ImportError>;
}

/// A file that was taken, whole.
pub type Taken = (ImportedFile, Vec<Remark>, Vec<Rows>);

/// Keeps everything in memory: for small imports and tests.
#[derive(Debug, Default)]
pub struct Memory {
    /// Files that were taken.
    pub files: Vec<Taken>,
    /// Files that were not, and why.
    pub abandoned: Vec<(String, ImportError)>,
    remarks: Vec<Remark>,
    rows: Vec<Rows>,
}

impl Sink for Memory {
    fn begin(&mut self, _name: &str) -> Result<(), ImportError> {
        self.remarks.clear();
        self.rows.clear();
        Ok(())
    }

    fn rows(&mut self, rows: Rows) -> Result<(), ImportError> {
        self.rows.push(rows);
        Ok(())
    }

    fn remark(&mut self, remark: Remark) -> Result<(), ImportError> {
        self.remarks.push(remark);
        Ok(())
    }

    fn end(&mut self, file: ImportedFile) -> Result<(), ImportError> {
        let (remarks, rows) = (std::mem::take(&mut self.remarks), std::mem::take(&mut self.rows));
        self.files.push((file, remarks, rows));
        Ok(())
    }

    fn abandon(&mut self, name: &str, error: ImportError) -> Result<(), ImportError> {
        self.remarks.clear();
        self.rows.clear();
        self.abandoned.push((name.to_owned(), error));
        Ok(())
    }
}

/// Reads one file, whatever it is; `sha256` is that of its bytes.
///
/// Files that cannot be taken are told to the sink; an error comes back only where the sink
/// itself failed.
pub fn read<R: Read + Seek>(
    name: &str,
    sha256: &str,
    mut input: R,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let mut head = [0u8; 4];
    let mut length = 0;
    let outcome = loop {
        match input.read(&mut head[length..]) {
            Ok(0) => break Ok(()),
            Ok(count) => length += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break Err(ImportError::Read(error.to_string())),
        }
        if length == head.len() {
            break Ok(());
        }
    };
    let outcome = outcome.and_then(|()| {
        input.seek(SeekFrom::Start(0)).map_err(|error| ImportError::Read(error.to_string()))
    });
    if let Err(error) = outcome {
        return sink.abandon(name, error);
    }
    if head == *b"PK\x03\x04" || head == *b"PK\x05\x06" {
        return workbook::archive(name, sha256, input, options, sink);
    }
    if head == *b"\xd0\xcf\x11\xe0" {
        let what = "a workbook of the old format (.xls), or one that a password protects";
        return sink.abandon(name, ImportError::OtherWorkbook { what });
    }
    one(name, sha256, input, options, sink)
}

/// One text file: its outcome is told to the sink.
fn one(
    name: &str,
    sha256: &str,
    input: impl Read,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    sink.begin(name)?;
    let mut collector = Collector::new(name, sha256, options, sink);
    match text(input, options, &mut collector).and_then(|()| collector.finish()) {
        Ok(file) => sink.end(file),
        Err(ImportError::Keep(reason)) => Err(ImportError::Keep(reason)),
        Err(error) => sink.abandon(name, error),
    }
}

/// Text of any form: JSON, a list of properties, a table.
fn text(
    input: impl Read,
    options: &Options,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let decoder = decode::Utf8::new(input);
    let encoding = decoder.encoding();
    let guard = Guard::new(decoder, options.limits.row);
    let allowance = guard.allowance();
    let mut reader = BufReader::with_capacity(64 << 10, guard);
    let head = guard::peek(&mut reader, 16 << 10)?;
    allowance.reset();
    let shown = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if shown.is_empty() {
        return Err(ImportError::Empty);
    }
    if head.chars().take(2000).filter(|c| c.is_control() && !c.is_whitespace()).count() > 8 {
        return Err(ImportError::NotText);
    }
    // Lines of old Macintoshes end in a carriage return alone.
    if head.contains('\r') && !head.contains('\n') {
        let head = head.replace('\r', "\n");
        let reader = BufReader::with_capacity(64 << 10, guard::Lines(reader));
        form(reader, &head, &allowance, options, collector)?;
    } else {
        form(reader, &head, &allowance, options, collector)?;
    }
    if encoding.get() == decode::Encoding::Windows1252 && collector.has_header() {
        collector.remark(
            RemarkKind::Note,
            1,
            None,
            "ansi_text",
            "the file is not UTF-8 and was read as Windows-1252: names in other code pages come out wrong"
                .to_owned(),
            "Look at names with accents; export with -Encoding utf8 where they are wrong.",
        )?;
    }
    Ok(())
}

/// Text by its form.
fn form(
    reader: impl BufRead,
    head: &str,
    allowance: &guard::Allowance,
    options: &Options,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let shown = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if shown.starts_with(['{']) || (shown.starts_with('[') && !listing::is_ini(shown)) {
        return json::read(reader, allowance, options, collector);
    }
    if listing::is_property_list(shown) {
        return listing::properties(reader, allowance, options, collector);
    }
    if listing::is_ini(shown) {
        return listing::ini(reader, allowance, collector);
    }
    if listing::is_ruled(shown) {
        return listing::ruled(reader, allowance, collector);
    }
    delimited::read(reader, head, allowance, options, collector)
}

/// A file as it is known once it was read.
fn source_file(name: &str, sha256: &str, kind: SourceKind, options: &Options) -> SourceFile {
    SourceFile {
        name: name.to_owned(),
        sha256: sha256.to_owned(),
        kind,
        columns: Vec::new(),
        rows: 0,
        rejected: 0,
        site: options.site.clone(),
        country: options.country,
    }
}
