//! The call-record journal: what keeps records while the control plane is away
//! (design decision 2).
//!
//! Shards hand records over without waiting, before the packets of the same moment
//! leave, and from then on a kill costs none of them: they stand on a [`Slate`]. One
//! thread writes whatever has gathered within a few milliseconds and syncs it as a
//! group, so that a busy edge pays one sync for many records. Delivery reads only what is on disk and
//! moves the acknowledged position behind it; a segment goes when all of it has
//! been acknowledged. After a crash at any point each record is delivered at
//! least once.

mod group;
mod slate;
mod writer;

pub use group::Segments;
pub use slate::Slate;
pub use writer::{JournalStats, JournalWriter, Wake};

use crate::recfile;
use crate::storage::{FileSystem, Storage};
use feed::cdr::{CdrBatch, CdrRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// A segment is closed when it is larger than this, bytes.
const SEGMENT: u64 = 8 * 1024 * 1024;

/// Read at once, bytes: what delivery holds in memory, whatever lies on the disk.
const CHUNK: u64 = 256 * 1024;

/// How names of slates end.
const SLATE: &str = ".slate";

const ACKNOWLEDGED: &str = "acknowledged";
const REFUSED: &str = "refused";

/// A place in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    segment: u64,
    offset: u64,
}

/// Appends a record as it stands in a segment; `payload` is scratch.
pub fn encode(record: &CdrRecord, payload: &mut Vec<u8>, out: &mut Vec<u8>) {
    payload.clear();
    record.encode(payload);
    recfile::encode(payload, out);
}

/// The reading side, for delivery.
#[derive(Debug)]
pub struct Journal {
    storage: Arc<dyn Storage>,
    synced: watch::Receiver<Place>,
    acked: Mutex<Place>,
    /// Where the sound records of a segment end before the segment does.
    torn: Mutex<BTreeMap<u64, u64>>,
    stats: Arc<JournalStats>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Records to be delivered, with the place behind them.
#[derive(Debug)]
pub struct Batch {
    /// In the order they were written.
    pub body: CdrBatch,
    /// Records between them that nobody here can read.
    unreadable: Vec<Vec<u8>>,
    end: Place,
}

impl Journal {
    /// Opens or makes the journal in `folder`, with a writer for each of `wakes`,
    /// which is called when a record that its writer waits for is on disk.
    /// Records of an earlier life that were not acknowledged are delivered first.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(folder: &Path, wakes: Vec<Wake>) -> io::Result<(Self, Vec<JournalWriter>)> {
        Self::on(Arc::new(FileSystem::new(folder)?), wakes)
    }

    /// As [`Journal::open`], on any storage.
    ///
    /// # Errors
    /// The storage's.
    pub fn on(
        storage: Arc<dyn Storage>,
        wakes: Vec<Wake>,
    ) -> io::Result<(Self, Vec<JournalWriter>)> {
        let (segments, begin) = resume(&storage)?;
        let (publish, synced) = watch::channel(begin.1);
        let stats = Arc::new(JournalStats::default());
        let left = Left::find(&*storage)?;
        let slates = (0..wakes.len()).map(|n| new_slate(&*storage, begin.1, n)).collect();
        let shared = writer::Shared::new(wakes, slates, stats.clone());
        let thread = std::thread::Builder::new().name("cdr-journal".into()).spawn({
            let shared = shared.clone();
            let storage = storage.clone();
            move || writer::write_groups(&shared, segments, &publish, left, &*storage)
        })?;
        shared.thread.set(thread.thread().clone()).expect("nobody else sets it");
        let journal = Self {
            storage,
            synced,
            acked: Mutex::new(begin.0),
            torn: Mutex::default(),
            stats,
            thread: Mutex::new(Some(thread)),
        };
        Ok((journal, shared.writers()))
    }

    /// Waits for records that are on disk and not acknowledged, at most `max` of
    /// them. `None` once every writer is gone and all has been delivered.
    ///
    /// # Errors
    /// The storage's.
    pub async fn next_batch(&self, max: usize) -> io::Result<Option<Batch>> {
        let mut synced = self.synced.clone();
        loop {
            let upto = *synced.borrow_and_update();
            if let Some(batch) = self.read(upto, max)? {
                return Ok(Some(batch));
            }
            if synced.changed().await.is_err() {
                let upto = *synced.borrow();
                return self.read(upto, max);
            }
        }
    }

    /// The batch has been delivered: its records need not be kept. What between
    /// them could not be read is put aside first.
    ///
    /// # Errors
    /// The storage's.
    pub fn acknowledge(&self, batch: &Batch) -> io::Result<()> {
        self.keep(&batch.unreadable)?;
        self.keep_torn(batch.end.segment)?;
        *self.acked() = batch.end;
        let text = format!("{} {}\n", batch.end.segment, batch.end.offset);
        // Not synced: an older position costs a second delivery, never a record.
        self.storage.replace(ACKNOWLEDGED, text.as_bytes(), false)?;
        for segment in segments(&*self.storage)? {
            if segment < batch.end.segment {
                self.storage.remove(&segment_name(segment))?;
            }
        }
        Ok(())
    }

    /// Puts a record aside that the control plane will never take, so that it
    /// does not hold up the others and is not lost either.
    ///
    /// # Errors
    /// The storage's.
    pub fn put_aside(&self, record: &CdrRecord) -> io::Result<()> {
        let mut payload = Vec::new();
        record.encode(&mut payload);
        self.keep(&[payload])
    }

    /// Puts records aside as they are.
    fn keep(&self, payloads: &[Vec<u8>]) -> io::Result<()> {
        if payloads.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        for payload in payloads {
            recfile::encode(payload, &mut bytes);
        }
        let mut file = self.storage.append_to(REFUSED)?;
        file.append(&bytes)?;
        file.sync()?;
        self.storage.sync_names()
    }

    /// Keeps what stands behind the first unsound record of segments before `end`,
    /// which are about to go: a crash leaves part of a record there, a bad disk
    /// whole ones behind it.
    fn keep_torn(&self, end: u64) -> io::Result<()> {
        let mut torn = self.torn.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((&segment, &offset)) = torn.range(..end).next() {
            let mut rest = Vec::new();
            self.storage.read_at(&segment_name(segment), offset, u64::MAX, &mut rest)?;
            // Zeros are what a power cut leaves of bytes that were never written.
            if rest.iter().any(|byte| *byte != 0) {
                let name = format!("{segment:016}.torn");
                tracing::error!(name, bytes = rest.len(), "unsound call records are put aside");
                self.storage.replace(&name, &rest, true)?;
            }
            torn.remove(&segment);
        }
        Ok(())
    }

    /// How it does.
    pub fn stats(&self) -> &Arc<JournalStats> {
        &self.stats
    }

    /// Waits for the writing thread, which ends with its last writer.
    pub fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn acked(&self) -> MutexGuard<'_, Place> {
        self.acked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads on from the acknowledged place, at most `max` records and
    /// twice [`CHUNK`] bytes, whatever is behind them.
    fn read(&self, upto: Place, max: usize) -> io::Result<Option<Batch>> {
        let from = *self.acked();
        let mut body = CdrBatch::default();
        let (mut bytes, mut end, mut taken) = (Vec::new(), from, 0);
        let mut unreadable = Vec::new();
        for segment in segments(&*self.storage)?.range(from.segment..=upto.segment).copied() {
            let start = if segment == from.segment { from.offset } else { 0 };
            let limit = if segment == upto.segment { upto.offset } else { u64::MAX };
            let mut at = Place { segment, offset: start };
            loop {
                let most = limit.saturating_sub(at.offset).min(CHUNK);
                let found = (&mut body, &mut unreadable);
                let read = self.take_chunk(&mut at, most, max, &mut bytes, found)?;
                if at.offset > start {
                    end = at;
                }
                taken += read as u64;
                if body.records.len() >= max || (taken >= CHUNK / 2 && !body.records.is_empty()) {
                    return Ok(Some(Batch { body, unreadable, end }));
                }
                if body.records.is_empty() && taken >= CHUNK {
                    self.keep(&std::mem::take(&mut unreadable))?;
                    *self.acked() = end;
                }
                if read == 0 {
                    break;
                }
            }
        }
        if body.records.is_empty() {
            // Passed over for good, if anything was there: said once.
            self.keep(&unreadable)?;
            *self.acked() = end;
            return Ok(None);
        }
        Ok(Some(Batch { body, unreadable, end }))
    }

    /// Takes the records that begin within `most` bytes from `at` and moves it
    /// behind them; returns how many bytes that were.
    fn take_chunk(
        &self,
        at: &mut Place,
        most: u64,
        max: usize,
        bytes: &mut Vec<u8>,
        (body, unreadable): (&mut CdrBatch, &mut Vec<Vec<u8>>),
    ) -> io::Result<usize> {
        let name = segment_name(at.segment);
        self.storage.read_at(&name, at.offset, most, bytes)?;
        let mut taken = 0;
        for (behind, payload) in recfile::records(bytes) {
            if body.records.len() >= max {
                break;
            }
            match CdrRecord::decode(payload) {
                Ok(record) => body.records.push(record),
                Err(error) => {
                    tracing::error!(%error, segment = name, "a call record cannot be read");
                    unreadable.push(payload.to_vec());
                }
            }
            taken = behind;
        }
        if taken == 0 && !bytes.is_empty() {
            tracing::warn!(segment = name, at.offset, "a journal segment ends in a torn record");
            let mut torn = self.torn.lock().unwrap_or_else(PoisonError::into_inner);
            torn.entry(at.segment).or_insert(at.offset);
        }
        at.offset += taken as u64;
        Ok(taken)
    }
}

impl Batch {
    /// How many records.
    pub fn len(&self) -> usize {
        self.body.records.len()
    }

    /// Holds no record.
    pub fn is_empty(&self) -> bool {
        self.body.records.is_empty()
    }
}

/// Where to go on reading, and where writing.
fn resume(storage: &Arc<dyn Storage>) -> io::Result<(Segments, (Place, Place))> {
    let found = segments(&**storage)?;
    let last = found.last().copied().unwrap_or(0);
    let known = read_ack(&**storage);
    // A new segment each time, and none that was acknowledged in advance.
    let begin = Place { segment: last.max(known.unwrap_or_default().segment) + 1, offset: 0 };
    let first = found.first().map_or(begin, |segment| Place { segment: *segment, offset: 0 });
    let acked = known.unwrap_or(first);
    Ok((Segments::begin(storage.clone(), begin), (acked, begin)))
}

/// What slates of earlier lives hold: records that those may not have written.
struct Left {
    records: Vec<u8>,
    names: Vec<String>,
}

impl Left {
    fn find(storage: &dyn Storage) -> io::Result<Self> {
        let mut names = storage.names()?;
        names.retain(|name| name.ends_with(SLATE));
        names.sort();
        let (mut records, mut bytes) = (Vec::new(), Vec::new());
        for name in &names {
            storage.read_at(name, 0, 2 * slate::HALF as u64, &mut bytes)?;
            slate::read(&bytes, &mut records);
        }
        Ok(Self { records, names })
    }
}

/// A slate for one writer of this life; without one, as on a full disk, a kill may
/// cost what was not synced.
fn new_slate(storage: &dyn Storage, life: Place, writer: usize) -> Option<Slate> {
    let name = format!("{:016}-{writer}{SLATE}", life.segment);
    storage.slate(&name).unwrap_or_else(|error| {
        tracing::warn!(%error, "a kill may cost call records of the last milliseconds");
        // Half made: nothing to read in it.
        let _ = storage.remove(&name);
        None
    })
}

fn segment_name(segment: u64) -> String {
    format!("{segment:016}.cdr")
}

fn segments(storage: &dyn Storage) -> io::Result<BTreeSet<u64>> {
    let number = |name: &String| name.strip_suffix(".cdr").and_then(|n| n.parse().ok());
    Ok(storage.names()?.iter().filter_map(number).collect())
}

fn read_ack(storage: &dyn Storage) -> Option<Place> {
    let mut bytes = Vec::new();
    storage.read_at(ACKNOWLEDGED, 0, 64, &mut bytes).ok()?;
    // Without its line end it was cut, and would name another place.
    let text = std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?;
    let (segment, offset) = text.split_once(' ')?;
    Some(Place { segment: segment.parse().ok()?, offset: offset.parse().ok()? })
}

#[cfg(test)]
mod tests;
