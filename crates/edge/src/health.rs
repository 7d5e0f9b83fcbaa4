//! Which trunks answer: shared by all shards, read without a lock.

use arc_swap::ArcSwap;
use domain::{IdMap, TrunkId};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A trunk that is not asked by OPTIONS gets another chance after this long: no
/// answer of its own could bring it back.
const UNASKED_US: i64 = 60_000_000;

/// Microseconds since 1970, both.
#[derive(Debug, Default)]
struct State {
    /// When it fell silent; 0 while it answers.
    silent: AtomicI64,
    /// Until when it wants no new calls.
    held: AtomicI64,
}

/// Health of every trunk that was ever asked. A trunk nobody asked counts as
/// healthy: it must be tried to be known.
#[derive(Debug, Default)]
pub struct TrunkHealth {
    known: ArcSwap<IdMap<TrunkId, Arc<State>>>,
    writers: Mutex<()>,
}

impl TrunkHealth {
    /// Did it answer when last asked?
    pub fn is_healthy(&self, trunk: TrunkId) -> bool {
        self.known.load().get(&trunk).is_none_or(|h| h.silent.load(Ordering::Relaxed) == 0)
    }

    /// Is it to be tried among the first? `asked` says whether OPTIONS go to it.
    pub fn is_first_choice(&self, trunk: TrunkId, asked: bool, now_us: i64) -> bool {
        self.known.load().get(&trunk).is_none_or(|h| {
            let since = h.silent.load(Ordering::Relaxed);
            since == 0 || (!asked && now_us.saturating_sub(since) >= UNASKED_US)
        })
    }

    /// Notes an answer, or that none came. Returns whether that is news.
    pub fn set(&self, trunk: TrunkId, healthy: bool, now_us: i64) -> bool {
        let since = if healthy { 0 } else { now_us.max(1) };
        if let Some(state) = self.known.load().get(&trunk) {
            return (state.silent.swap(since, Ordering::Relaxed) == 0) != healthy;
        }
        let before = self.state(trunk).silent.swap(since, Ordering::Relaxed);
        (before == 0) != healthy
    }

    fn state(&self, trunk: TrunkId) -> Arc<State> {
        if let Some(state) = self.known.load().get(&trunk) {
            return state.clone();
        }
        // Only the very first word about a trunk waits here.
        let _one_writer = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = IdMap::clone(&self.known.load());
        let state = known.entry(trunk).or_default().clone();
        self.known.store(Arc::new(known));
        state
    }

    /// Sends it no new calls before `until_us`: it said so itself.
    pub fn hold(&self, trunk: TrunkId, until_us: i64) {
        self.state(trunk).held.fetch_max(until_us, Ordering::Relaxed);
    }

    /// May it be sent a new call?
    pub fn may_ask(&self, trunk: TrunkId, now_us: i64) -> bool {
        self.known.load().get(&trunk).is_none_or(|h| h.held.load(Ordering::Relaxed) <= now_us)
    }

    /// All that is known.
    pub fn all(&self) -> Vec<(TrunkId, bool)> {
        let mut all: Vec<_> = self
            .known
            .load()
            .iter()
            .map(|(id, h)| (*id, h.silent.load(Ordering::Relaxed) == 0))
            .collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }
}
