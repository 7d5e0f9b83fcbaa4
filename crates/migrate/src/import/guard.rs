//! A bound on what one row, object or element may take.

use super::ImportError;
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::rc::Rc;

/// How much was read since the last row began.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    used: Rc<Cell<u64>>,
    limit: Rc<Cell<u64>>,
}

impl Allowance {
    /// A new row begins.
    pub fn reset(&self) {
        self.used.set(0);
    }

    /// Bytes read since then.
    pub fn used(&self) -> u64 {
        self.used.get()
    }

    /// From now on a row may take so many bytes.
    pub fn set_limit(&self, limit: u64) {
        self.limit.set(limit);
    }

    /// The limit.
    pub fn limit(&self) -> u64 {
        self.limit.get()
    }

    /// Was it exceeded?
    pub fn exceeded(&self) -> bool {
        self.used.get() > self.limit.get()
    }
}

/// A reader that fails when one row takes more than its limit; what is read ahead counts too,
/// which is little beside any limit.
pub(super) struct Guard<R> {
    inner: R,
    allowance: Allowance,
}

impl<R: Read> Guard<R> {
    /// A guard with its limit.
    pub fn new(inner: R, limit: u64) -> Self {
        let allowance = Allowance { used: Rc::new(Cell::new(0)), limit: Rc::new(Cell::new(limit)) };
        Self { inner, allowance }
    }

    /// What is guarded.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// Where to say that a row begins.
    pub fn allowance(&self) -> Allowance {
        self.allowance.clone()
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.allowance.exceeded() {
            return Err(std::io::Error::other("one row is longer than any row can be"));
        }
        let count = self.inner.read(buffer)?;
        self.allowance.used.set(self.allowance.used.get() + count as u64);
        Ok(count)
    }
}

/// Carriage returns as line feeds.
pub(super) struct Lines<R>(pub R);

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        for byte in buffer[..count].iter_mut().filter(|byte| **byte == b'\r') {
            *byte = b'\n';
        }
        Ok(count)
    }
}

/// The beginning of a text, up to `most` bytes, without taking it from the reader, whose buffer
/// must be larger. The text may end within a line.
pub(super) fn peek(reader: &mut impl BufRead, most: usize) -> Result<String, ImportError> {
    let bytes = loop {
        match reader.fill_buf() {
            Ok(bytes) => break &bytes[..bytes.len().min(most)],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ImportError::Read(error.to_string())),
        }
    };
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    Ok(valid.to_owned())
}

/// The error of a failed read: a row that is too long says so.
pub(super) fn read_error(error: &std::io::Error, allowance: &Allowance, line: u64) -> ImportError {
    if allowance.exceeded() {
        ImportError::RowTooLong { line, limit: allowance.limit() }
    } else {
        ImportError::Read(error.to_string())
    }
}

/// Reads one line without its end; `false` at the end of the text.
pub(super) fn line(
    reader: &mut impl BufRead,
    allowance: &Allowance,
    number: u64,
    into: &mut String,
) -> Result<bool, ImportError> {
    allowance.reset();
    into.clear();
    let count = reader.read_line(into).map_err(|error| read_error(&error, allowance, number))?;
    while into.ends_with(['\n', '\r']) {
        into.pop();
    }
    Ok(count > 0)
}
