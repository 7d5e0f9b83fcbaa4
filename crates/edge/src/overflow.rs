//! Dialog records: what is sealed for a peer that takes no URI long enough to
//! carry it (design decision 3). The seal then holds the record's id alone.
//!
//! A record is kept by the edge that made it, copied to its siblings before the
//! message with the short seal leaves, and written to disk, so that a single
//! edge that restarts has it too. The core puts copies into
//! [`Outbox::copies`](crate::outbox::Outbox::copies); the shell writes and sends
//! them.

use crate::recfile;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

/// The name of a dialog record: a digest of what it holds and of the dialog.
pub type RecordId = [u8; 16];

/// Parts of the store, each with a lock of its own.
pub(crate) const PORTIONS: usize = 1024;
/// Most bytes of all records together, with what each costs beside its bytes.
const CAPACITY: usize = 512 * 1024 * 1024;
const COST: usize = 64;
/// How long a record is kept once its call is over: as long as its BYE may be
/// repeated, and more.
const LINGER_US: i64 = 120_000_000;
/// The file is rewritten with what still counts once it has grown by this much.
const REWRITE: u64 = 16 * 1024 * 1024;

/// A dialog record on its way to a sibling or to disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverflowCopy {
    /// Its name.
    pub id: RecordId,
    /// When it may be forgotten, microseconds since 1970.
    pub expires_us: i64,
    /// What was to be sealed; empty tells of a call that is over: only the time
    /// counts.
    pub bytes: Arc<[u8]>,
}

impl OverflowCopy {
    /// Appends the wire form: id, expiry (i64, little endian), bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.expires_us.to_le_bytes());
        out.extend_from_slice(&self.bytes);
    }

    /// Reads what [`OverflowCopy::encode`] wrote; `None` if it is too short.
    pub fn decode(wire: &[u8]) -> Option<Self> {
        let (id, rest) = wire.split_first_chunk::<16>()?;
        let (expires, bytes) = rest.split_first_chunk::<8>()?;
        Some(Self { id: *id, expires_us: i64::from_le_bytes(*expires), bytes: bytes.into() })
    }
}

#[derive(Debug)]
struct Entry {
    expires_us: i64,
    bytes: Arc<[u8]>,
}

/// The dialog records an edge knows, its own and those of its siblings.
#[derive(Debug)]
pub struct Overflow {
    shards: Box<[Mutex<HashMap<RecordId, Entry>>]>,
    used: AtomicUsize,
    siblings: AtomicUsize,
    old_siblings: AtomicBool,
}

impl Default for Overflow {
    fn default() -> Self {
        Self {
            shards: (0..PORTIONS).map(|_| Mutex::default()).collect(),
            used: AtomicUsize::new(0),
            siblings: AtomicUsize::new(0),
            old_siblings: AtomicBool::new(false),
        }
    }
}

/// The part that a record is in.
pub(crate) fn portion_of(id: &RecordId) -> usize {
    // It is a digest.
    usize::from(u16::from_le_bytes([id[0], id[1]])) % PORTIONS
}

impl Overflow {
    /// The name of what is to be sealed for this leg.
    pub(crate) fn id(call_id: &[u8], our_tag: &[u8], payload: &[u8]) -> RecordId {
        let mut hash = Sha256::new();
        for part in [call_id, our_tag, payload] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        std::array::from_fn(|i| digest[i])
    }

    /// Tells how many siblings are alive to take a copy, and whether every edge of
    /// the fleet, alive or not, opens short seals (0.1.0 does not). Without a
    /// sibling a message waits for no copy.
    pub fn set_siblings(&self, alive: usize, all_know_records: bool) {
        self.siblings.store(alive, Ordering::Relaxed);
        self.old_siblings.store(!all_know_records, Ordering::Relaxed);
    }

    /// Whether a message has to wait for its copy.
    pub(crate) fn has_siblings(&self) -> bool {
        self.siblings.load(Ordering::Relaxed) > 0
    }

    /// Whether short seals may be used.
    pub(crate) fn is_usable(&self) -> bool {
        !self.old_siblings.load(Ordering::Relaxed)
    }

    fn shard(&self, id: &RecordId) -> MutexGuard<'_, HashMap<RecordId, Entry>> {
        // What one shard holds is whole between any two statements.
        self.shards[portion_of(id)].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a record; `false` if there is no room for it. One that is known
    /// lives as long as the later of its two ends.
    pub fn put(&self, id: RecordId, bytes: Arc<[u8]>, expires_us: i64) -> bool {
        let cost = bytes.len() + COST;
        let mut shard = self.shard(&id);
        if let Some(known) = shard.get_mut(&id) {
            known.expires_us = known.expires_us.max(expires_us);
            return true;
        }
        if self.used.fetch_add(cost, Ordering::Relaxed) + cost > CAPACITY {
            self.used.fetch_sub(cost, Ordering::Relaxed);
            return false;
        }
        shard.insert(id, Entry { expires_us, bytes });
        true
    }

    /// Replaces `out` by what the record holds; `false` if it is not known.
    pub fn get(&self, id: &RecordId, out: &mut Vec<u8>) -> bool {
        let shard = self.shard(id);
        let Some(entry) = shard.get(id) else { return false };
        out.clear();
        out.extend_from_slice(&entry.bytes);
        true
    }

    /// Takes what a sibling or the disk tells. Idempotent, in any order except that
    /// the end of a call comes after its record.
    pub fn apply(&self, copy: &OverflowCopy) {
        if copy.bytes.is_empty() {
            if let Some(known) = self.shard(&copy.id).get_mut(&copy.id) {
                known.expires_us = known.expires_us.min(copy.expires_us);
            }
        } else if !self.put(copy.id, copy.bytes.clone(), copy.expires_us) {
            tracing::error!("no room for a sibling's dialog record");
        }
    }

    /// A call is over: its records go soon. Returns what siblings are to be told.
    pub(crate) fn end(&self, id: RecordId, now_us: i64) -> OverflowCopy {
        let copy =
            OverflowCopy { id, expires_us: now_us.saturating_add(LINGER_US), bytes: [].into() };
        self.apply(&copy);
        copy
    }

    /// Forgets what has expired.
    pub fn sweep(&self, now_us: i64) {
        let mut freed = 0;
        for shard in &*self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, entry| {
                let keep = entry.expires_us > now_us;
                freed += if keep { 0 } else { entry.bytes.len() + COST };
                keep
            });
        }
        self.used.fetch_sub(freed, Ordering::Relaxed);
    }

    /// All records.
    pub fn all(&self) -> Vec<OverflowCopy> {
        (0..PORTIONS).flat_map(|portion| self.portion(portion)).collect()
    }

    /// The records of one of [`PORTIONS`].
    pub(crate) fn portion(&self, portion: usize) -> Vec<OverflowCopy> {
        let shard = self.shards[portion].lock().unwrap_or_else(PoisonError::into_inner);
        let copy = |(id, entry): (&RecordId, &Entry)| OverflowCopy {
            id: *id,
            expires_us: entry.expires_us,
            bytes: entry.bytes.clone(),
        };
        shard.iter().map(copy).collect()
    }
}

/// Reads the file of an earlier life.
pub(crate) fn load(path: &Path, overflow: &Overflow, now_us: i64) {
    let bytes = fs::read(path).unwrap_or_default();
    for copy in recfile::records(&bytes).filter_map(|(_, payload)| OverflowCopy::decode(payload)) {
        if copy.expires_us > now_us {
            overflow.apply(&copy);
        }
    }
    overflow.sweep(now_us);
}

/// Starts the writing thread; it ends with the last sender.
pub(crate) fn start(
    path: PathBuf,
    shared: Arc<crate::core::Shared>,
) -> io::Result<(mpsc::Sender<OverflowCopy>, JoinHandle<()>)> {
    rewrite(&path, &shared.overflow)?;
    let (sender, incoming) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("dialog-records".into())
        .spawn(move || write(&path, &shared.overflow, &incoming))?;
    Ok((sender, thread))
}

fn write(path: &Path, overflow: &Overflow, incoming: &mpsc::Receiver<OverflowCopy>) {
    let (mut bytes, mut payload) = (Vec::new(), Vec::new());
    let mut grown = 0;
    while let Ok(first) = incoming.recv() {
        bytes.clear();
        for copy in std::iter::once(first).chain(incoming.try_iter()).take(4096) {
            payload.clear();
            copy.encode(&mut payload);
            recfile::encode(&payload, &mut bytes);
        }
        grown += bytes.len() as u64;
        let kept = if grown > REWRITE {
            grown = 0;
            rewrite(path, overflow)
        } else {
            recfile::append_to(path).and_then(|mut file| file.write_all(&bytes))
        };
        if let Err(error) = kept {
            // Half a record may stand at the end now, behind which nothing is read.
            grown = REWRITE;
            tracing::error!(%error, "dialog records cannot be kept on disk");
        }
    }
}

fn rewrite(path: &Path, overflow: &Overflow) -> io::Result<()> {
    let (mut bytes, mut payload) = (Vec::new(), Vec::new());
    for copy in overflow.all() {
        payload.clear();
        copy.encode(&mut payload);
        recfile::encode(&payload, &mut bytes);
    }
    recfile::replace(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(id: u8, expires_us: i64, bytes: &[u8]) -> OverflowCopy {
        OverflowCopy { id: [id; 16], expires_us, bytes: bytes.into() }
    }

    #[test]
    fn a_record_comes_back_from_wire_and_file_until_its_call_is_over() {
        let folder = std::env::temp_dir().join(format!("overflow-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("records");
        let store = Overflow::default();
        for n in 1..=3 {
            let mut wire = Vec::new();
            copy(n, i64::from(n) * 1_000_000_000, &[n; 40]).encode(&mut wire);
            store.apply(&OverflowCopy::decode(&wire).expect("decodes"));
            assert_eq!(OverflowCopy::decode(&wire[..23]), None);
        }
        store.end([3; 16], 5);
        rewrite(&path, &store).expect("written");
        let again = Overflow::default();
        load(&path, &again, 1_000_000_001);
        let mut bytes = b"what was there".to_vec();
        assert!(!again.get(&[1; 16], &mut bytes), "expired");
        assert!(again.get(&[2; 16], &mut bytes));
        assert_eq!(bytes, [2; 40]);
        assert!(!again.get(&[3; 16], &mut bytes), "its call was over");
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_is_forgotten_makes_room() {
        let store = Overflow::default();
        store.used.store(CAPACITY - 150, Ordering::Relaxed);
        assert!(store.put([1; 16], [7; 40].into(), 10));
        assert!(!store.put([2; 16], [7; 40].into(), 20), "full");
        assert!(store.put([1; 16], [7; 40].into(), 5), "known");
        store.sweep(9);
        assert!(!store.put([2; 16], [7; 40].into(), 20), "nothing has expired yet");
        store.sweep(10);
        assert!(store.put([2; 16], [7; 40].into(), 20));
    }
}
