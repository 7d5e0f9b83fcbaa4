//! Connections that have not shown yet whose they are.
//!
//! Anybody can connect. Who is no trunk and proves no password within a moment
//! is shut out again, and until then may hold little of what an edge has.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Most such connections of one shard.
const MAX: usize = 4_000;
/// Most of them from one address: an office behind one NAT comes back at once
/// after a power cut, and who is refused tries again.
pub(super) const MAX_PER_IP: usize = 128;

/// The strangers of one shard.
pub(super) struct Strangers {
    patience: Duration,
    /// By token. Tokens rise with time, so the first waits longest.
    waiting: BTreeMap<usize, (Instant, IpAddr)>,
    per_ip: HashMap<IpAddr, usize>,
}

impl Strangers {
    /// Each has so long to show whose it is.
    pub fn new(patience: Duration) -> Self {
        Self { patience, waiting: BTreeMap::new(), per_ip: HashMap::new() }
    }

    /// Is there room for one more from there?
    pub fn has_room(&self, ip: IpAddr) -> bool {
        self.waiting.len() < MAX && self.per_ip.get(&ip).is_none_or(|n| *n < MAX_PER_IP)
    }

    pub fn add(&mut self, token: usize, ip: IpAddr, now: Instant) {
        if self.waiting.insert(token, (now + self.patience, ip)).is_none() {
            *self.per_ip.entry(ip).or_insert(0) += 1;
        }
    }

    /// It is gone, or no stranger any more. Was it one?
    pub fn remove(&mut self, token: usize) -> bool {
        let Some((_, ip)) = self.waiting.remove(&token) else { return false };
        if let Some(n) = self.per_ip.get_mut(&ip) {
            *n -= 1;
            if *n == 0 {
                self.per_ip.remove(&ip);
            }
        }
        true
    }

    /// When the next one's time is up.
    pub fn next(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|(_, (due, _))| *due)
    }

    /// One whose time is up.
    pub fn due(&self, now: Instant) -> Option<usize> {
        self.waiting.first_key_value().filter(|(_, (due, _))| *due <= now).map(|(token, _)| *token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_counted_by_address_and_go_in_the_order_they_came() {
        let now = Instant::now();
        let [a, b] = [1u8, 2].map(|n| IpAddr::from([192, 0, 2, n]));
        let mut strangers = Strangers::new(Duration::from_secs(10));
        for token in 0..MAX_PER_IP {
            assert!(strangers.has_room(a));
            strangers.add(token, a, now);
        }
        assert!(!strangers.has_room(a) && strangers.has_room(b));
        assert!(strangers.remove(0) && !strangers.remove(0));
        assert!(strangers.has_room(a));
        assert_eq!(strangers.due(now + Duration::from_secs(9)), None);
        assert_eq!(strangers.due(now + Duration::from_secs(10)), Some(1));
        assert_eq!(strangers.next(), Some(now + Duration::from_secs(10)));
    }
}
