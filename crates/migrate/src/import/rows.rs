//! Rows as they are kept between import and inventory: the text of every column that is
//! understood, and nothing of any other.

use crate::model::{Cell, FileId, SourceFile, SourceRef};
use serde::{Deserialize, Serialize};

/// Stands for a value an export lost. Input never contains it: readers drop it.
pub(super) const LOST: char = '\u{0}';
/// Stands for a property that an object does not have.
pub(super) const ABSENT: char = '\u{1}';

/// What a column of a file is used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnUse {
    /// Index in [`SourceFile::columns`].
    pub column: u16,
    /// Field of the schema.
    pub field: String,
    /// Number of the block where a file repeats its columns (`Directory Number 2`), else 0.
    pub index: u16,
}

/// An imported file with what its columns mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFile {
    /// The file.
    pub source: SourceFile,
    /// Its columns in use, in the order of the cells of its rows.
    pub uses: Vec<ColumnUse>,
}

/// Some rows of one file, packed: one text, and where each cell ends.
///
/// A row may be shorter than [`ImportedFile::uses`]: the rest of it is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    text: String,
    ends: Vec<u32>,
    /// For each row: its line in the file, and how many cells end before it does.
    rows: Vec<(u32, u32)>,
}

/// Bytes that are no packed rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored rows cannot be read")]
pub struct RowsError;

/// A cell before it is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw<'a> {
    /// Not in this file or object.
    Absent,
    /// Blank.
    Empty,
    /// Lost by the export.
    Lost,
    /// Text, trimmed.
    Text(&'a str),
}

impl Rows {
    /// Begins a row.
    pub(super) fn begin(&mut self, line: u32) {
        self.rows.push((line, u32::try_from(self.ends.len()).unwrap_or(u32::MAX)));
    }

    /// Adds a cell to the row.
    pub(super) fn push(&mut self, raw: Raw<'_>) {
        match raw {
            Raw::Absent => self.text.push(ABSENT),
            Raw::Empty => {}
            Raw::Lost => self.text.push(LOST),
            Raw::Text(text) => self.text.push_str(text),
        }
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Takes the last row back.
    pub(super) fn undo(&mut self) {
        if let Some((_, first)) = self.rows.pop() {
            self.ends.truncate(first as usize);
            let end = self.ends.last().copied().unwrap_or(0);
            self.text.truncate(end as usize);
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of text in it.
    pub fn weight(&self) -> usize {
        self.text.len() + self.ends.len() * 4
    }

    /// Line in the file and cells of row `at`.
    pub fn row(&self, at: usize) -> (u32, Cells<'_>) {
        let (line, first) = self.rows[at];
        let end = self.rows.get(at + 1).map_or(self.ends.len(), |next| next.1 as usize);
        (line, Cells { rows: self, first: first as usize, end })
    }

    /// For keeping.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(12 + self.rows.len() * 8 + self.ends.len() * 4 + self.text.len());
        for length in [self.rows.len(), self.ends.len(), self.text.len()] {
            bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
        for (line, first) in &self.rows {
            bytes.extend_from_slice(&line.to_le_bytes());
            bytes.extend_from_slice(&first.to_le_bytes());
        }
        for end in &self.ends {
            bytes.extend_from_slice(&end.to_le_bytes());
        }
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// From what [`Rows::to_bytes`] made; anything else is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RowsError> {
        let word = |word: &[u8]| u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        let (lengths, _) = bytes.split_at_checked(12).ok_or(RowsError)?;
        let length = |at: usize| word(&lengths[at * 4..]) as usize;
        let (rows, ends, text) = (length(0), length(1), length(2));
        let ends_at = 12usize.checked_add(rows.checked_mul(8).ok_or(RowsError)?);
        let ends_at = ends_at.ok_or(RowsError)?;
        let head = ends_at.checked_add(ends.checked_mul(4).ok_or(RowsError)?).ok_or(RowsError)?;
        if head.checked_add(text) != Some(bytes.len()) {
            return Err(RowsError);
        }
        let rows: Vec<(u32, u32)> =
            bytes[12..ends_at].chunks_exact(8).map(|row| (word(row), word(&row[4..]))).collect();
        let ends: Vec<u32> = bytes[ends_at..head].chunks_exact(4).map(word).collect();
        let text = std::str::from_utf8(&bytes[head..]).map_err(|_| RowsError)?.to_owned();
        let ascending = rows.windows(2).all(|pair| pair[0].1 <= pair[1].1)
            && rows.iter().all(|row| row.1 as usize <= ends.len())
            && ends.windows(2).all(|pair| pair[0] <= pair[1])
            && ends.iter().all(|end| text.is_char_boundary(*end as usize));
        if ascending { Ok(Self { text, ends, rows }) } else { Err(RowsError) }
    }
}

/// The cells of one row.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    rows: &'a Rows,
    first: usize,
    end: usize,
}

impl<'a> Cells<'a> {
    /// The cell of column use `at`.
    pub fn raw(&self, at: usize) -> Raw<'a> {
        let index = self.first + at;
        if index >= self.end {
            return Raw::Absent;
        }
        let start = if index == 0 { 0 } else { self.rows.ends[index - 1] as usize };
        let text = &self.rows.text[start..self.rows.ends[index] as usize];
        match text {
            "" => Raw::Empty,
            "\u{0}" => Raw::Lost,
            "\u{1}" => Raw::Absent,
            text => Raw::Text(text),
        }
    }
}

/// One row with the meaning of its columns.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its file.
    pub file: FileId,
    /// Its line.
    pub line: u32,
    /// Columns.
    pub uses: &'a [ColumnUse],
    /// Cells.
    pub cells: Cells<'a>,
}

impl<'a> Row<'a> {
    /// The whole row.
    pub fn at(&self) -> SourceRef {
        SourceRef::row(self.file, self.line)
    }

    /// The place of a column.
    pub fn place(&self, at: usize) -> SourceRef {
        SourceRef { column: Some(self.uses[at].column), ..self.at() }
    }

    /// The cell of a field, outside of repeated blocks.
    pub fn raw(&self, at: Option<usize>) -> Raw<'a> {
        at.map_or(Raw::Absent, |at| self.cells.raw(at))
    }

    /// The cell, understood by `read`; a text that `read` refuses is lost.
    pub fn cell<T>(&self, at: Option<usize>, read: impl FnOnce(&'a str) -> Option<T>) -> Cell<T> {
        let Some(index) = at else { return Cell::Absent };
        let at = self.place(index);
        match self.cells.raw(index) {
            Raw::Absent => Cell::Absent,
            Raw::Empty => Cell::Empty { at },
            Raw::Lost => Cell::Lost { at },
            Raw::Text(text) => match read(text) {
                Some(value) => Cell::Given { value, at },
                None => Cell::Lost { at },
            },
        }
    }

    /// The cell as text.
    pub fn text(&self, at: Option<usize>) -> Cell<String> {
        self.cell(at, |text| Some(text.to_owned()))
    }

    /// The cell's text, empty if there is none.
    pub fn str(&self, at: Option<usize>) -> &'a str {
        match self.raw(at) {
            Raw::Text(text) => text,
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_kept() {
        let mut rows = Rows::default();
        for line in [2, 3, 7] {
            rows.begin(line);
            rows.push(Raw::Text("alice"));
            rows.push(Raw::Lost);
            rows.push(Raw::Empty);
            rows.push(Raw::Absent);
        }
        rows.begin(9);
        rows.push(Raw::Text("gone"));
        rows.undo();
        let back = Rows::from_bytes(&rows.to_bytes()).expect("own bytes");
        assert_eq!((back.clone(), back.len()), (rows, 3));
        let (line, cells) = back.row(2);
        assert_eq!(line, 7);
        let raws: Vec<Raw<'_>> = (0..5).map(|at| cells.raw(at)).collect();
        assert_eq!(raws, [Raw::Text("alice"), Raw::Lost, Raw::Empty, Raw::Absent, Raw::Absent]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64)) {
            if let Ok(rows) = Rows::from_bytes(&bytes) {
                for at in 0..rows.len() {
                    rows.row(at).1.raw(0);
                }
            }
        }
    }
}
