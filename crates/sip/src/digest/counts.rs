//! Nonce counts: no answer to a challenge counts twice.

use std::collections::HashMap;

use sha2::Sha256;

use super::{NONCE_SKEW_S, joined, minted};

/// Which counts of one nonce have been used: the highest, and 64 below it, so that
/// requests may overtake each other but none counts twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplayWindow {
    highest: u32,
    below: u64,
}

impl ReplayWindow {
    /// Uses a count; `false` if it was used, is zero, or is too far behind.
    pub fn accept(&mut self, nc: u32) -> bool {
        if nc == 0 {
            return false;
        }
        if nc > self.highest {
            let ahead = nc - self.highest;
            let shifted = self.below.checked_shl(ahead).unwrap_or(0);
            let mark = if self.highest == 0 || ahead > 64 { 0 } else { 1 << (ahead - 1) };
            self.below = shifted | mark;
            self.highest = nc;
            return true;
        }
        let behind = self.highest - nc;
        if behind == 0 || behind > 64 {
            return false;
        }
        let bit = 1 << (behind - 1);
        let unused = self.below & bit == 0;
        self.below |= bit;
        unused
    }
}

/// Nonce counts of all live nonces, bounded: two generations, of which the older
/// goes when its nonces are dead, or earlier when there is no room.
#[derive(Debug)]
pub struct NonceCounts {
    life_s: u64,
    max: usize,
    young: HashMap<u128, ReplayWindow>,
    old: HashMap<u128, ReplayWindow>,
    /// When the young generation began, and the old one ended.
    since: u64,
    /// Nonces minted up to here may have been forgotten before they died.
    forgotten: u64,
}

impl NonceCounts {
    /// For nonces that live `life_s` seconds, of which it keeps at most `max`.
    pub fn new(life_s: u64, max: usize) -> Self {
        Self {
            life_s: life_s.saturating_add(NONCE_SKEW_S),
            max: (max / 2).max(1),
            young: HashMap::new(),
            old: HashMap::new(),
            since: 0,
            forgotten: 0,
        }
    }

    /// Uses count `nc` of a nonce that [`Authenticator::verify`](super::Authenticator::verify) found fresh.
    /// `false` if it was used before, or may have been and that was forgotten for
    /// want of room: treat as [`Verdict::Stale`](super::Verdict::Stale).
    pub fn accept(&mut self, nonce: &[u8], nc: u32, now_unix_s: u64) -> bool {
        let age = now_unix_s.saturating_sub(self.since);
        if age > self.life_s {
            self.old = std::mem::take(&mut self.young);
            if age > self.life_s.saturating_mul(2) {
                self.old.clear();
            }
            self.since = now_unix_s;
        }
        let digest = joined::<Sha256>(&[nonce]);
        let (head, _) = digest.as_ref().split_first_chunk().expect("SHA-256 has 32 bytes");
        let key = u128::from_be_bytes(*head);
        if let Some(window) = self.young.get_mut(&key) {
            return window.accept(nc);
        }
        let mut window = match self.old.remove(&key) {
            Some(window) => window,
            None if minted(nonce).unwrap_or(0) <= self.forgotten => return false,
            None => ReplayWindow::default(),
        };
        let unused = window.accept(nc);
        if self.young.len() >= self.max {
            if !self.old.is_empty() {
                self.forgotten = self.forgotten.max(self.since);
            }
            self.old = std::mem::take(&mut self.young);
            self.since = now_unix_s;
        }
        self.young.insert(key, window);
        unused
    }
}

#[cfg(test)]
mod tests {
    use super::super::Authenticator;
    use super::*;

    #[test]
    fn a_count_is_used_once() {
        let mut counts = NonceCounts::new(300, 2);
        let nonce = nonce(10, 1);
        for (nc, want) in [
            (1, true),
            (1, false),
            (3, true),
            (2, true),
            (2, false),
            (0, false),
            (100, true),
            (36, true),
            (35, false),
            (36, false),
            (99, true),
        ] {
            assert_eq!(counts.accept(&nonce, nc, 10), want, "nc {nc}");
        }
    }

    fn nonce(minted: u64, salt: u64) -> Vec<u8> {
        Authenticator::new("r", &[7; 32], 300).nonce(minted, salt, b"").into_bytes()
    }

    #[test]
    fn a_count_is_remembered_for_as_long_as_its_nonce_lives() {
        let mut counts = NonceCounts::new(300, 1000);
        assert!(counts.accept(&nonce(1_000, 0), 1, 1_000));
        // Used at the very end of a generation, and again and again.
        assert!(counts.accept(&nonce(1_360, 1), 1, 1_360));
        for now in [1_361, 1_500, 1_660, 1_720] {
            assert!(!counts.accept(&nonce(1_360, 1), 1, now), "at {now}");
        }
        assert!(counts.accept(&nonce(9_000, 2), 1, 9_000));
        assert!(counts.young.len() == 1 && counts.old.is_empty(), "the dead are forgotten");
    }

    #[test]
    fn a_flood_neither_shuts_out_the_next_nor_lets_a_count_be_used_again() {
        let mut counts = NonceCounts::new(300, 100);
        let early = nonce(1_000, u64::MAX);
        assert!(counts.accept(&early, 1, 1_000));
        for n in 0..10_000 {
            let now = 1_000 + n / 100;
            counts.accept(&nonce(now, n), 1, now);
            assert!(counts.young.len() + counts.old.len() <= 100);
            assert!(!counts.accept(&early, 1, now), "at {now}");
        }
        assert!(counts.accept(&nonce(1_101, 1), 1, 1_101), "a nonce just made is good");
    }
}
