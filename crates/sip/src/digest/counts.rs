//! Nonce counts: no answer to a challenge counts twice.

use std::collections::HashMap;

use sha2::Sha256;

use super::joined;

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

/// Nonce counts of all live nonces, bounded.
#[derive(Debug)]
pub struct NonceCounts {
    life_s: u64,
    max: usize,
    used: HashMap<u128, (u64, ReplayWindow)>,
}

impl NonceCounts {
    /// Keeps counts for `life_s` seconds (at least the nonces' life), of at most
    /// `max` nonces.
    pub fn new(life_s: u64, max: usize) -> Self {
        Self { life_s, max, used: HashMap::new() }
    }

    /// Uses count `nc` of a nonce that [`Authenticator::verify`](super::Authenticator::verify) found fresh.
    /// `false` if it was used before, or there is no room: treat as
    /// [`Verdict::Stale`](super::Verdict::Stale).
    pub fn accept(&mut self, nonce: &[u8], nc: u32, now_unix_s: u64) -> bool {
        let digest = joined::<Sha256>(&[nonce]);
        let (head, _) = digest.as_ref().split_first_chunk().expect("SHA-256 has 32 bytes");
        let key = u128::from_be_bytes(*head);
        if self.used.len() >= self.max && !self.used.contains_key(&key) {
            let life = self.life_s;
            self.used.retain(|_, (since, _)| now_unix_s.saturating_sub(*since) <= life);
            if self.used.len() >= self.max {
                return false;
            }
        }
        let (_, window) =
            self.used.entry(key).or_insert_with(|| (now_unix_s, ReplayWindow::default()));
        window.accept(nc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_used_once() {
        let mut counts = NonceCounts::new(300, 2);
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
            assert_eq!(counts.accept(b"n1", nc, 10), want, "nc {nc}");
        }
        assert!(counts.accept(b"n2", 1, 10));
        assert!(!counts.accept(b"n3", 1, 10), "no room");
        assert!(counts.accept(b"n3", 1, 400), "the old ones expired");
    }
}
