//! Which addresses of the fleet this edge serves right now.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A bit for each listener, set and read without a lock.
#[derive(Debug, Default)]
struct Bits([AtomicU64; 4]);

impl Bits {
    fn get(&self, listener: u8) -> bool {
        let word = &self.0[usize::from(listener >> 6)];
        word.load(Ordering::Relaxed) >> (listener & 63) & 1 == 1
    }

    fn set(&self, listener: u8, to: bool) {
        let (word, bit) = (&self.0[usize::from(listener >> 6)], 1u64 << (listener & 63));
        if to {
            word.fetch_or(bit, Ordering::Relaxed);
        } else {
            word.fetch_and(!bit, Ordering::Relaxed);
        }
    }
}

/// The addresses of the fleet as this edge has them, by listener. As it is made,
/// all of them are its own and held.
#[derive(Debug, Default)]
pub struct Serving {
    away: Bits,
    foreign: Bits,
    relayed: Bits,
    claimed: Bits,
    siblings: AtomicUsize,
    draining: AtomicBool,
}

impl Serving {
    /// Whether this edge has the address: packets arrive and leave there.
    pub fn holds(&self, listener: u8) -> bool {
        !self.away.get(listener)
    }

    /// Whether the address is this edge's by configuration, rather than one it
    /// takes over while its own edge is gone.
    pub fn is_home(&self, listener: u8) -> bool {
        !self.foreign.get(listener)
    }

    /// Whether what is sent from the address leaves: from here, or from a sibling
    /// that has it.
    pub fn reaches(&self, listener: u8) -> bool {
        self.holds(listener) || self.relayed.get(listener)
    }

    /// Whether the address is of a sibling that lives, and not to be taken.
    pub(crate) fn is_claimed(&self, listener: u8) -> bool {
        self.claimed.get(listener)
    }

    /// A sibling that lives has this address as its home, or no longer.
    pub(crate) fn set_claimed(&self, listener: u8, claimed: bool) {
        self.claimed.set(listener, claimed);
    }

    /// Whether this edge is about to stop: what can go elsewhere is to go there.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn set_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// How many siblings live.
    pub fn siblings(&self) -> usize {
        self.siblings.load(Ordering::Relaxed)
    }

    /// So many siblings live now.
    pub fn set_siblings(&self, alive: usize) {
        self.siblings.store(alive, Ordering::Relaxed);
    }

    pub(crate) fn set_held(&self, listener: u8, held: bool) {
        self.away.set(listener, !held);
    }

    pub(crate) fn set_home(&self, listener: u8, home: bool) {
        self.foreign.set(listener, !home);
    }

    /// A sibling that lives has the address, or no longer.
    pub(crate) fn set_relayed(&self, listener: u8, relayed: bool) {
        self.relayed.set(listener, relayed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listener_has_a_state_of_its_own() {
        let serving = Serving::default();
        assert!(serving.holds(255) && serving.is_home(0) && serving.reaches(64));
        serving.set_held(64, false);
        serving.set_home(64, false);
        assert!(!serving.holds(64) && !serving.is_home(64) && !serving.reaches(64));
        assert!(serving.holds(0) && serving.holds(63) && serving.holds(65) && serving.holds(128));
        serving.set_relayed(64, true);
        assert!(serving.reaches(64) && !serving.holds(64));
        serving.set_held(64, true);
        assert!(serving.holds(64));
    }
}
