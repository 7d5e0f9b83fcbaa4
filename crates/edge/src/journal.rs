//! The call-record journal: what keeps records while the control plane is away
//! (design decision 2).
//!
//! Shards hand records over without waiting; one thread writes whatever has
//! gathered and syncs it as a group, so that a busy edge pays one sync for many
//! records. Delivery reads only what is on disk and moves the acknowledged
//! position behind it; a segment goes when all of it has been acknowledged.
//! After a crash at any point each record is delivered at least once.

use crate::recfile;
use feed::cdr::CdrRecord;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};
use tokio::sync::watch;

/// A segment is closed when it is larger than this, bytes.
const SEGMENT: u64 = 8 * 1024 * 1024;

/// A place in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    segment: u64,
    offset: u64,
}

/// Hands records to the writing thread. Cheap to clone, never blocks.
#[derive(Clone, Debug)]
pub struct JournalWriter {
    queue: mpsc::Sender<CdrRecord>,
    taken: Arc<AtomicU64>,
}

impl JournalWriter {
    /// Takes a record. It is on disk within one group's sync.
    pub fn append(&self, record: CdrRecord) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        // The receiver lives until the last writer is gone, so this cannot fail
        // while the edge runs.
        let _ = self.queue.send(record);
    }
}

/// The reading side, for delivery.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    synced: watch::Receiver<Place>,
    acked: Mutex<Place>,
    written: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Records to be delivered, with the place behind them.
#[derive(Debug)]
pub struct Batch {
    /// In the order they were written.
    pub records: Vec<CdrRecord>,
    end: Place,
}

impl Journal {
    /// Opens or makes the journal in `folder`. Records of an earlier life that
    /// were not acknowledged are delivered first.
    pub fn open(folder: &Path) -> io::Result<(Self, JournalWriter)> {
        fs::create_dir_all(folder)?;
        let segments = segments(folder)?;
        let last = segments.last().copied().unwrap_or(0);
        let acked = read_ack(folder)
            .unwrap_or(Place { segment: segments.first().copied().unwrap_or(last + 1), offset: 0 });
        // A new segment each time: nothing is ever written behind a torn record.
        let begin = Place { segment: last + 1, offset: 0 };
        let file = recfile::append_to(&segment_path(folder, begin.segment))?;
        recfile::sync_folder_of(&segment_path(folder, begin.segment))?;
        let (queue, incoming) = mpsc::channel();
        let (publish, synced) = watch::channel(begin);
        let written = Arc::new(AtomicU64::new(0));
        let thread = std::thread::Builder::new().name("cdr-journal".into()).spawn({
            let (folder, written) = (folder.to_owned(), written.clone());
            move || write_groups(&folder, file, begin, &incoming, &publish, &written)
        })?;
        let journal = Self {
            folder: folder.to_owned(),
            synced,
            acked: Mutex::new(acked),
            written,
            thread: Mutex::new(Some(thread)),
        };
        let writer = JournalWriter { queue, taken: Arc::default() };
        Ok((journal, writer))
    }

    /// Waits for records that are on disk and not acknowledged, at most `max` of
    /// them. `None` once every writer is gone and all has been delivered.
    pub async fn next_batch(&self, max: usize) -> io::Result<Option<Batch>> {
        let mut synced = self.synced.clone();
        loop {
            let upto = *synced.borrow_and_update();
            let from = *self.acked.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(batch) = self.read(from, upto, max)? {
                return Ok(Some(batch));
            }
            if synced.changed().await.is_err() {
                let upto = *synced.borrow();
                return self.read(from, upto, max);
            }
        }
    }

    /// The batch has been delivered: its records need not be kept.
    pub fn acknowledge(&self, batch: &Batch) -> io::Result<()> {
        *self.acked.lock().unwrap_or_else(PoisonError::into_inner) = batch.end;
        let text = format!("{} {}\n", batch.end.segment, batch.end.offset);
        recfile::replace(&self.folder.join("acknowledged"), text.as_bytes())?;
        for segment in segments(&self.folder)? {
            if segment < batch.end.segment {
                fs::remove_file(segment_path(&self.folder, segment))?;
            }
        }
        Ok(())
    }

    /// Puts a record aside that the control plane will never take, so that it
    /// does not hold up the others and is not lost either.
    pub fn put_aside(&self, record: &CdrRecord) -> io::Result<()> {
        let mut bytes = Vec::new();
        recfile::encode(&to_json(record)?, &mut bytes);
        let mut file = recfile::append_to(&self.folder.join("refused"))?;
        file.write_all(&bytes)?;
        file.sync_data()
    }

    /// Records on disk since the start.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Waits for the writing thread, which ends with its last writer.
    pub fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn read(&self, from: Place, upto: Place, max: usize) -> io::Result<Option<Batch>> {
        let mut records = Vec::new();
        let mut end = from;
        for segment in segments(&self.folder)? {
            if segment < from.segment || segment > upto.segment || records.len() >= max {
                continue;
            }
            let start = if segment == from.segment { from.offset } else { 0 };
            let mut file = File::open(segment_path(&self.folder, segment))?;
            file.seek(SeekFrom::Start(start))?;
            let limit = if segment == upto.segment {
                upto.offset - start.min(upto.offset)
            } else {
                u64::MAX
            };
            let mut bytes = Vec::new();
            file.take(limit.min(SEGMENT * 2)).read_to_end(&mut bytes)?;
            for (behind, payload) in recfile::records(&bytes) {
                if records.len() >= max {
                    break;
                }
                match serde_json::from_slice(payload) {
                    Ok(record) => records.push(record),
                    Err(error) => tracing::error!(%error, "a journal record cannot be read"),
                }
                end = Place { segment, offset: start + behind as u64 };
            }
        }
        Ok(if records.is_empty() { None } else { Some(Batch { records, end }) })
    }
}

impl Batch {
    /// How many records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Holds no record.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

fn write_groups(
    folder: &Path,
    mut file: File,
    mut at: Place,
    incoming: &mpsc::Receiver<CdrRecord>,
    publish: &watch::Sender<Place>,
    written: &AtomicU64,
) {
    let mut bytes = Vec::new();
    while let Ok(first) = incoming.recv() {
        bytes.clear();
        let mut count = 0;
        // While a group is being synced the next one gathers in the channel.
        for record in std::iter::once(first).chain(incoming.try_iter()).take(4096) {
            match to_json(&record) {
                Ok(json) => recfile::encode(&json, &mut bytes),
                Err(error) => tracing::error!(%error, "a call record cannot be written"),
            }
            count += 1;
        }
        while let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            tracing::error!(%error, "the call-record journal cannot be written; trying again");
            std::thread::sleep(std::time::Duration::from_millis(200));
            // What was written in part is torn: go on in a new segment, whole.
            at = Place { segment: at.segment + 1, offset: 0 };
            match recfile::append_to(&segment_path(folder, at.segment)) {
                Ok(fresh) => file = fresh,
                Err(error) => tracing::error!(%error, "no new journal segment"),
            }
        }
        at.offset += bytes.len() as u64;
        written.fetch_add(count, Ordering::Relaxed);
        if at.offset > SEGMENT {
            let next = Place { segment: at.segment + 1, offset: 0 };
            match recfile::append_to(&segment_path(folder, next.segment)) {
                Ok(fresh) => (file, at) = (fresh, next),
                Err(error) => tracing::error!(%error, "no new journal segment; using the old one"),
            }
        }
        let _ = publish.send(at);
    }
}

fn to_json(record: &CdrRecord) -> io::Result<Vec<u8>> {
    serde_json::to_vec(record).map_err(io::Error::other)
}

fn segment_path(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:016}.cdr"))
}

fn segments(folder: &Path) -> io::Result<BTreeSet<u64>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if let Some(number) = name.strip_suffix(".cdr").and_then(|n| n.parse().ok()) {
            found.insert(number);
        }
    }
    Ok(found)
}

fn read_ack(folder: &Path) -> Option<Place> {
    let text = fs::read_to_string(folder.join("acknowledged")).ok()?;
    let (segment, offset) = text.trim().split_once(' ')?;
    Some(Place { segment: segment.parse().ok()?, offset: offset.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CdrId, EdgeId};
    use feed::cdr::CdrEvent;
    use uuid::Uuid;

    fn record(n: u128) -> CdrRecord {
        CdrRecord {
            id: CdrId(Uuid::from_u128(n)),
            edge: EdgeId(Uuid::from_u128(1)),
            event: CdrEvent::Answer { at_us: 1, user: None, out_trunk: None, call_id: "c".into() },
        }
    }

    struct Folder(PathBuf);
    impl Folder {
        fn new() -> Self {
            let mut name = [0; 8];
            getrandom::fill(&mut name).expect("random bytes");
            Self(std::env::temp_dir().join(format!("journal-{}", u64::from_le_bytes(name))))
        }
    }
    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    async fn ids(journal: &Journal, max: usize, acknowledge: bool) -> Vec<u128> {
        let batch = journal.next_batch(max).await.expect("readable").expect("records");
        if acknowledge {
            journal.acknowledge(&batch).expect("acknowledged");
        }
        batch.records.iter().map(|r| r.id.0.as_u128()).collect()
    }

    #[tokio::test]
    async fn what_was_not_acknowledged_comes_again_after_a_restart() {
        let folder = Folder::new();
        let (journal, writer) = Journal::open(&folder.0).expect("opened");
        for n in 1..=3 {
            writer.append(record(n));
        }
        drop(writer);
        journal.join();
        assert_eq!(ids(&journal, 2, true).await, [1, 2]);
        drop(journal);

        let (journal, writer) = Journal::open(&folder.0).expect("opened again");
        writer.append(record(4));
        drop(writer);
        journal.join();
        assert_eq!(ids(&journal, 10, false).await, [3, 4], "three was never acknowledged");
        assert_eq!(ids(&journal, 10, true).await, [3, 4]);
        assert!(journal.next_batch(10).await.expect("readable").is_none());
        assert_eq!(segments(&folder.0).expect("listed").len(), 1, "delivered segments are gone");
    }

    #[tokio::test]
    async fn a_torn_record_does_not_stop_those_after_it() {
        let folder = Folder::new();
        let (journal, writer) = Journal::open(&folder.0).expect("opened");
        writer.append(record(1));
        writer.append(record(2));
        drop(writer);
        journal.join();
        drop(journal);
        let path = segment_path(&folder.0, 1);
        let bytes = fs::read(&path).expect("read");
        fs::write(&path, &bytes[..bytes.len() - 3]).expect("torn");

        let (journal, writer) = Journal::open(&folder.0).expect("opened again");
        writer.append(record(3));
        drop(writer);
        journal.join();
        assert_eq!(ids(&journal, 10, true).await, [1, 3]);
    }

    #[tokio::test]
    async fn delivery_is_woken_by_a_record() {
        let folder = Folder::new();
        let (journal, writer) = Journal::open(&folder.0).expect("opened");
        let journal = Arc::new(journal);
        let waiting = tokio::spawn({
            let journal = journal.clone();
            async move { ids(&journal, 10, true).await }
        });
        writer.append(record(9));
        assert_eq!(waiting.await.expect("delivered"), [9]);
    }
}
