//! The disk, as the journal and the world's files use it: few operations, each
//! with what it promises, so that tests can cut the power at any point.

use crate::journal::Slate;
use crate::recfile;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// One folder of files.
pub trait Storage: Send + Sync + Debug + 'static {
    /// The names in it.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Opens a file for appending and makes it if need be. A new name survives a
    /// power cut only after [`Storage::sync_names`].
    fn append_to(&self, name: &str) -> io::Result<Box<dyn Appending>>;
    /// Makes new and removed names durable.
    fn sync_names(&self) -> io::Result<()>;
    /// Reads at most `max` bytes from `offset` on into a cleared buffer; fewer at
    /// the end of the file.
    fn read_at(&self, name: &str, offset: u64, max: u64, into: &mut Vec<u8>) -> io::Result<()>;
    /// Replaces a file as a whole. If `durable`, the new bytes have reached the
    /// disk when it returns; else a power cut may leave old, new or no bytes.
    fn replace(&self, name: &str, bytes: &[u8], durable: bool) -> io::Result<()>;
    /// Removes a file; one that is not there is removed already.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes a file whose bytes are written in memory and outlive the process, though not
    /// the machine; `None` where there is no such thing.
    fn slate(&self, _name: &str) -> io::Result<Option<Slate>> {
        Ok(None)
    }
}

/// A file open for appending.
pub trait Appending: Send + Debug {
    /// Writes at the end. After an error any part of the bytes may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// What was appended has reached the disk when this returns.
    fn sync(&mut self) -> io::Result<()>;
}

/// A folder of the file system. Its files are readable by their owner only.
#[derive(Clone, Debug)]
pub struct FileSystem {
    folder: PathBuf,
}

impl FileSystem {
    /// In `folder`, which is made if need be.
    pub fn new(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }
}

impl Storage for FileSystem {
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    fn append_to(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        Ok(Box::new(recfile::append_to(&self.folder.join(name))?))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn read_at(&self, name: &str, offset: u64, max: u64, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        let mut file = File::open(self.folder.join(name))?;
        let rest = file.metadata()?.len().saturating_sub(offset).min(max);
        into.reserve_exact(usize::try_from(rest).unwrap_or(0));
        file.seek(SeekFrom::Start(offset))?;
        file.take(max).read_to_end(into).map(drop)
    }

    fn replace(&self, name: &str, bytes: &[u8], durable: bool) -> io::Result<()> {
        let path = self.folder.join(name);
        if durable { recfile::replace(&path, bytes) } else { recfile::put(&path, bytes) }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn slate(&self, name: &str) -> io::Result<Option<Slate>> {
        Slate::on(&recfile::create(&self.folder.join(name))?).map(Some)
    }
}

impl Appending for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
