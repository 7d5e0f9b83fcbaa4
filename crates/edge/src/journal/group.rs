//! Writing groups of records to segments, one sync each.

use super::{Place, SEGMENT, segment_name};
use crate::storage::{Appending, Storage};
use std::io;
use std::sync::Arc;

/// The segment being written. Sans thread and time: who calls
/// [`Segments::commit`] decides how many records share a sync.
#[derive(Debug)]
pub struct Segments {
    storage: Arc<dyn Storage>,
    file: Option<Box<dyn Appending>>,
    at: Place,
}

impl Segments {
    /// Goes on behind what an earlier life wrote to this storage.
    ///
    /// # Errors
    /// The storage's.
    pub fn resume(storage: Arc<dyn Storage>) -> io::Result<Self> {
        super::resume(&storage).map(|(segments, _)| segments)
    }

    /// Goes on in a new segment: nothing is ever written behind a torn record.
    pub(super) fn begin(storage: Arc<dyn Storage>, at: Place) -> Self {
        Self { storage, file: None, at }
    }

    /// Up to where it is on disk.
    pub(super) fn place(&self) -> Place {
        self.at
    }

    /// Writes a group of encoded records; they are on disk when it returns.
    ///
    /// # Errors
    /// The disk's. Any part of the group may be there then; written again it
    /// goes whole to a new segment.
    pub fn commit(&mut self, group: &[u8]) -> io::Result<()> {
        match self.write(group) {
            Ok(()) => {
                self.at.offset += group.len() as u64;
                if self.at.offset > SEGMENT {
                    (self.file, self.at) =
                        (None, Place { segment: self.at.segment + 1, offset: 0 });
                }
                Ok(())
            }
            Err(error) => {
                self.file = None;
                // A full disk, tried every moment, must not fill with empty files.
                let name = segment_name(self.at.segment);
                if self.at.offset > 0 || self.storage.remove(&name).is_err() {
                    self.at = Place { segment: self.at.segment + 1, offset: 0 };
                }
                Err(error)
            }
        }
    }

    fn write(&mut self, group: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = self.storage.append_to(&segment_name(self.at.segment))?;
                self.storage.sync_names()?;
                none.insert(file)
            }
        };
        file.append(group)?;
        file.sync()
    }
}
