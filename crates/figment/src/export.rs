//! Where the exports go, and how a row of CSV is written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Takes files one after the other.
pub trait Files {
    /// A file of that name, written by `write`.
    ///
    /// # Errors
    /// Whatever writing says.
    fn file(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()>;
}

/// Files in a folder.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn file(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(self.0.join(name))?);
        write(&mut out)?;
        out.flush()
    }
}

/// Files in memory, by name.
#[derive(Clone, Debug, Default)]
pub struct InMemory(pub BTreeMap<String, Vec<u8>>);

impl Files for InMemory {
    fn file(
        &mut self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        self.0.insert(name.to_owned(), bytes);
        Ok(())
    }
}

/// A row as `Export-Csv` writes it: every cell in quotes (RFC 4180).
pub fn row(out: &mut dyn Write, cells: &[&str]) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        out.write_all(b"\"")?;
        if cell.contains('"') {
            out.write_all(cell.replace('"', "\"\"").as_bytes())?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
        out.write_all(b"\"")?;
    }
    out.write_all(b"\r\n")
}

/// A list of objects as JSON: each item is finished JSON.
pub fn json(out: &mut dyn Write, items: impl Iterator<Item = String>) -> io::Result<()> {
    out.write_all(b"[\n")?;
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.write_all(b",\n")?;
        }
        out.write_all(item.as_bytes())?;
    }
    out.write_all(b"\n]\n")
}
