//! Which trunks answer: shared by all shards, read without a lock.

use arc_swap::ArcSwap;
use domain::TrunkId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Health of every trunk that was ever asked. A trunk nobody asked counts as
/// healthy: it must be tried to be known.
#[derive(Debug, Default)]
pub struct TrunkHealth {
    known: ArcSwap<HashMap<TrunkId, Arc<AtomicBool>>>,
    writers: Mutex<()>,
}

impl TrunkHealth {
    /// Did it answer when last asked?
    pub fn is_healthy(&self, trunk: TrunkId) -> bool {
        self.known.load().get(&trunk).is_none_or(|h| h.load(Ordering::Relaxed))
    }

    /// Notes an answer, or that none came. Returns whether that is news.
    pub fn set(&self, trunk: TrunkId, healthy: bool) -> bool {
        if let Some(state) = self.known.load().get(&trunk) {
            return state.swap(healthy, Ordering::Relaxed) != healthy;
        }
        // Only the very first word about a trunk waits here.
        let _one_writer = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = HashMap::clone(&self.known.load());
        let before = known
            .entry(trunk)
            .or_insert_with(|| Arc::new(AtomicBool::new(true)))
            .swap(healthy, Ordering::Relaxed);
        self.known.store(Arc::new(known));
        before != healthy
    }

    /// All that is known.
    pub fn all(&self) -> Vec<(TrunkId, bool)> {
        let mut all: Vec<_> =
            self.known.load().iter().map(|(id, h)| (*id, h.load(Ordering::Relaxed))).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}
