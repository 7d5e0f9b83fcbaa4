//! From the shards to the disk: each shard gathers its records in a buffer of its
//! own and hands it over before its packets leave; one thread writes what has
//! gathered from all of them and syncs it as a group.

use super::{Left, Segments, Slate};
use crate::storage::Storage;
use feed::cdr::CdrRecord;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long records gather: the sync of a group begins that long after its first
/// record, unless the disk is still at the group before.
const GATHER: Duration = Duration::from_millis(20);

/// Bytes of records that may wait for a disk that is stuck or full, per shard:
/// some 200,000 calls. Beyond that calls go on without records.
const MAX_WAITING: usize = 64 * 1024 * 1024;

/// Between two attempts at a disk that fails.
const RETRY: Duration = Duration::from_millis(200);

/// Buffers larger than this are given back to the system.
const WORTH_KEEPING: usize = 1024 * 1024;

/// Nothing is waited for.
const NOTHING: u64 = u64::MAX;

/// Told that records which somebody waits for are on disk.
pub type Wake = Box<dyn Fn() + Send + Sync>;

#[derive(Debug, Default)]
struct Gathered {
    bytes: Vec<u8>,
    records: u64,
    /// The number of the last record in it, or taken from it.
    upto: u64,
    closed: bool,
    slate: Option<Slate>,
}

impl Gathered {
    /// Takes whole records, after which a kill does not cost them.
    fn add(&mut self, bytes: &mut Vec<u8>) {
        if let Some(slate) = &mut self.slate {
            slate.put(bytes);
        }
        if self.bytes.is_empty() {
            std::mem::swap(&mut self.bytes, bytes);
        } else {
            self.bytes.extend_from_slice(bytes);
            bytes.clear();
        }
    }
}

/// Between one shard and the writing thread.
struct Queue {
    gathered: Mutex<Gathered>,
    /// The number of the last record on disk.
    synced: AtomicU64,
    /// The record whose sync the shard wants to be woken for.
    wanted: AtomicU64,
    wake: Wake,
}

impl Queue {
    /// No panic can leave it half done, and none is held longer than a copy.
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sync that takes longer than this is a disk that hangs.
const HANGS: Duration = Duration::from_secs(2);

/// How the journal does.
#[derive(Debug)]
pub struct JournalStats {
    began: Instant,
    /// When the group now being written was begun, in milliseconds since
    /// `began`; [`NOTHING`] between groups.
    busy_since: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) groups: AtomicU64,
    pub(super) failing: AtomicBool,
}

impl Default for JournalStats {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            busy_since: AtomicU64::new(NOTHING),
            written: AtomicU64::default(),
            lost: AtomicU64::default(),
            groups: AtomicU64::default(),
            failing: AtomicBool::default(),
        }
    }
}

impl JournalStats {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NOTHING)
    }

    /// Records on disk since the start.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Records given up since the start: the disk took nothing for so long that
    /// the memory set aside for them was full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Syncs since the start.
    pub fn groups(&self) -> u64 {
        self.groups.load(Ordering::Relaxed)
    }

    /// The disk is full, broken or hangs: calls go on, their records wait in
    /// memory, and nobody who hangs up is answered.
    pub fn stuck(&self) -> bool {
        let since = self.busy_since.load(Ordering::Relaxed);
        self.failing.load(Ordering::Relaxed)
            || self.now().saturating_sub(since) > HANGS.as_millis() as u64
    }
}

pub(super) struct Shared {
    queues: Vec<Queue>,
    /// A record was handed over since the thread last looked.
    pending: AtomicBool,
    /// Known before there is a writer.
    pub thread: OnceLock<Thread>,
    stats: Arc<JournalStats>,
}

impl Shared {
    pub fn new(
        wakes: Vec<Wake>,
        slates: Vec<Option<Slate>>,
        stats: Arc<JournalStats>,
    ) -> Arc<Self> {
        let queue = |(wake, slate)| Queue {
            gathered: Mutex::new(Gathered { slate, ..Gathered::default() }),
            synced: AtomicU64::new(0),
            wanted: AtomicU64::new(NOTHING),
            wake,
        };
        Arc::new(Self {
            queues: wakes.into_iter().zip(slates).map(queue).collect(),
            pending: AtomicBool::new(false),
            thread: OnceLock::new(),
            stats,
        })
    }

    pub fn writers(self: &Arc<Self>) -> Vec<JournalWriter> {
        let writer = |index| JournalWriter {
            shared: self.clone(),
            index,
            bytes: Vec::new(),
            records: 0,
            payload: Vec::new(),
            taken: 0,
        };
        (0..self.queues.len()).map(writer).collect()
    }

    fn wake_thread(&self) {
        if !self.pending.load(Ordering::Relaxed)
            && !self.pending.swap(true, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

/// One shard's way into the journal. Never waits for the disk.
pub struct JournalWriter {
    shared: Arc<Shared>,
    index: usize,
    /// Taken and not handed over.
    bytes: Vec<u8>,
    records: u64,
    payload: Vec<u8>,
    taken: u64,
}

impl fmt::Debug for JournalWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalWriter").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl JournalWriter {
    fn queue(&self) -> &Queue {
        &self.shared.queues[self.index]
    }

    /// Takes a record; [`JournalWriter::hand_over`] sends it on its way. `false`
    /// if the disk has taken nothing for so long that the record is lost. Either
    /// way it has a number, counted from one.
    pub fn append(&mut self, record: &CdrRecord) -> bool {
        self.taken += 1;
        if self.bytes.len() >= MAX_WAITING {
            self.shared.stats.lost.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        super::encode(record, &mut self.payload, &mut self.bytes);
        self.records += 1;
        true
    }

    /// The number of the last record taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Hands over what was taken; the shard is woken once `wanted` is on disk.
    pub fn hand_over(&mut self, wanted: Option<u64>) {
        let queue = &self.shared.queues[self.index];
        queue.wanted.store(wanted.unwrap_or(NOTHING), Ordering::SeqCst);
        if self.bytes.is_empty() {
            return;
        }
        let mut gathered = queue.lock();
        if gathered.bytes.len() >= MAX_WAITING {
            // The disk is stuck: they gather here until it moves.
            return;
        }
        gathered.add(&mut self.bytes);
        gathered.records += std::mem::take(&mut self.records);
        gathered.upto = self.taken;
        drop(gathered);
        self.shared.wake_thread();
    }

    /// The number of the last record on disk.
    pub fn synced(&self) -> u64 {
        self.queue().synced.load(Ordering::SeqCst)
    }
}

impl Drop for JournalWriter {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut gathered = self.queue().lock();
        gathered.add(&mut bytes);
        gathered.records += self.records;
        gathered.upto = self.taken;
        gathered.closed = true;
        drop(gathered);
        self.shared.wake_thread();
    }
}

/// Writes groups until every writer is gone, first what an earlier life left.
pub(super) fn write_groups(
    shared: &Shared,
    mut segments: Segments,
    publish: &watch::Sender<super::Place>,
    left: Left,
    storage: &dyn Storage,
) {
    if !write_left(shared, &mut segments, publish, left, storage) || shared.queues.is_empty() {
        return;
    }
    let mut group = Vec::new();
    let mut upto = vec![0; shared.queues.len()];
    let mut taken = Instant::now();
    loop {
        // What came during a sync has waited since the group before was taken.
        let mut first = taken;
        while !shared.pending.load(Ordering::Acquire) {
            std::thread::park();
            first = Instant::now();
        }
        gather(shared, first + GATHER);
        shared.pending.store(false, Ordering::SeqCst);
        taken = Instant::now();
        group.clear();
        let (mut records, mut closed) = (0, 0);
        for (queue, upto) in shared.queues.iter().zip(&mut upto) {
            let mut gathered = queue.lock();
            group.extend_from_slice(&gathered.bytes);
            gathered.bytes.clear();
            if let Some(slate) = &mut gathered.slate {
                // The other half's records are on disk since the group before.
                slate.turn();
            }
            if gathered.bytes.capacity() > WORTH_KEEPING {
                gathered.bytes = Vec::new();
            }
            records += std::mem::take(&mut gathered.records);
            *upto = gathered.upto;
            closed += usize::from(gathered.closed);
        }
        if !group.is_empty() {
            shared.stats.busy_since.store(shared.stats.now(), Ordering::Relaxed);
            if !commit(shared, &mut segments, &group) {
                return;
            }
            shared.stats.busy_since.store(NOTHING, Ordering::Relaxed);
            for (queue, upto) in shared.queues.iter().zip(&upto) {
                queue.synced.store(*upto, Ordering::SeqCst);
                if queue.wanted.load(Ordering::SeqCst) <= *upto {
                    (queue.wake)();
                }
            }
            let stats = &shared.stats;
            stats.written.fetch_add(records, Ordering::Relaxed);
            stats.groups.fetch_add(1, Ordering::Relaxed);
            let _ = publish.send(segments.place());
            if group.capacity() > WORTH_KEEPING {
                group = Vec::new();
            }
        }
        if closed == shared.queues.len() {
            return remove_slates(storage);
        }
    }
}

/// Writes the records that a killed process left, which it may have written too:
/// delivery is at least once.
fn write_left(
    shared: &Shared,
    segments: &mut Segments,
    publish: &watch::Sender<super::Place>,
    left: Left,
    storage: &dyn Storage,
) -> bool {
    if !left.records.is_empty() {
        if !commit(shared, segments, &left.records) {
            return false;
        }
        let _ = publish.send(segments.place());
    }
    for name in &left.names {
        remove_slate(storage, name);
    }
    true
}

/// All records are on disk.
fn remove_slates(storage: &dyn Storage) {
    for name in storage.names().unwrap_or_default() {
        if name.ends_with(super::SLATE) {
            remove_slate(storage, &name);
        }
    }
}

fn remove_slate(storage: &dyn Storage, name: &str) {
    if let Err(error) = storage.remove(name) {
        // Its records are written once more by the next life: they are merged by id.
        tracing::warn!(%error, name, "a file of written call records stays");
    }
}

/// Lets more records come, unless nobody is left to bring them.
fn gather(shared: &Shared, until: Instant) {
    let rest = until.saturating_duration_since(Instant::now());
    if !rest.is_zero() && !shared.queues.iter().all(|q| q.lock().closed) {
        std::thread::sleep(rest);
    }
}

/// Writes a group, however long it takes. When all writers are gone and the disk
/// still fails, the process is about to end: a few attempts must do.
fn commit(shared: &Shared, segments: &mut Segments, group: &[u8]) -> bool {
    let mut since = None;
    let mut told = None::<Instant>;
    let mut last_attempts = 10;
    loop {
        let error = match segments.commit(group) {
            Ok(()) => break,
            Err(error) => error,
        };
        shared.stats.failing.store(true, Ordering::Relaxed);
        let since: Instant = *since.get_or_insert_with(Instant::now);
        if told.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
            told = Some(Instant::now());
            report(&error, since.elapsed(), group.len(), shared.stats.lost());
        }
        if shared.queues.iter().all(|q| q.lock().closed) {
            last_attempts -= 1;
            if last_attempts == 0 {
                tracing::error!(
                    bytes = group.len(),
                    "call records are lost: the edge ends and the disk takes nothing"
                );
                return false;
            }
        }
        std::thread::sleep(RETRY);
    }
    if let Some(since) = since {
        shared.stats.failing.store(false, Ordering::Relaxed);
        tracing::warn!(
            seconds = since.elapsed().as_secs(),
            "the call-record journal is written again"
        );
    }
    true
}

fn report(error: &io::Error, since: Duration, bytes: usize, lost: u64) {
    tracing::error!(
        %error,
        seconds = since.as_secs(),
        bytes,
        lost,
        "the call-record journal cannot be written: calls go on, but who hangs up gets no answer \
         and records wait in memory; free space on its disk or repair it"
    );
}
