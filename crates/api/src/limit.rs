//! Limits per caller: a bucket that fills by the minute.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Mutex,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// A client, with all its tokens.
    Client(Uuid),
    /// A person's browser sessions.
    Session(Uuid),
    /// Whoever has not proven who they are, by address (IPv6: by its /64).
    Address(Option<IpAddr>),
}

impl Counted {
    /// By address, so that one IPv6 host cannot take 2^64 buckets.
    pub fn address(address: Option<IpAddr>) -> Self {
        Self::Address(address.map(|address| match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 => v4,
        }))
    }
}

/// Above this many callers, those with a full bucket are forgotten.
const MANY: usize = 10_000;

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn filled(&self, per_minute: f64, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * per_minute / 60.0;
        (self.tokens + gained).min(per_minute)
    }
}

/// The buckets of all callers.
#[derive(Default)]
pub struct Limits {
    buckets: Mutex<HashMap<Counted, Bucket>>,
    /// Hashes of tokens that were good when they last came.
    proven: Mutex<HashSet<[u8; 32]>>,
}

impl Limits {
    /// Takes one request from the caller's bucket; an error says how long until the next.
    pub fn take(&self, who: Counted, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let per_minute = f64::from(per_minute.max(1));
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if buckets.len() > MANY {
            buckets.retain(|_, bucket| bucket.filled(per_minute, now) < per_minute);
        }
        let bucket = buckets.entry(who).or_insert(Bucket { tokens: per_minute, at: now });
        bucket.tokens = bucket.filled(per_minute, now);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) * 60.0 / per_minute))
    }

    /// How long until the caller's next request, where it is not now. Takes nothing.
    pub fn check(&self, who: Counted, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let per_minute = f64::from(per_minute.max(1));
        let buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let tokens = buckets.get(&who).map_or(1.0, |bucket| bucket.filled(per_minute, now));
        if tokens >= 1.0 {
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - tokens) * 60.0 / per_minute))
    }

    /// Whether this token was good when it last came.
    pub fn is_proven(&self, token: &[u8; 32]) -> bool {
        self.proven.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).contains(token)
    }

    /// Remembers whether a token is good.
    pub fn prove(&self, token: [u8; 32], is_good: bool) {
        let mut proven = self.proven.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !is_good {
            proven.remove(&token);
            return;
        }
        if proven.len() >= MANY {
            proven.clear();
        }
        proven.insert(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_at_once_then_by_the_second() {
        let limits = Limits::default();
        let (a, b) = (Counted::Client(Uuid::from_u128(1)), Counted::Client(Uuid::from_u128(2)));
        let start = Instant::now();
        for _ in 0..60 {
            assert_eq!(limits.take(a, 60, start), Ok(()));
        }
        assert_eq!(limits.take(a, 60, start), Err(Duration::from_secs(1)));
        assert_eq!(limits.take(b, 60, start), Ok(()), "another caller has a bucket of its own");
        let later = start + Duration::from_secs(2);
        assert_eq!(limits.take(a, 60, later), Ok(()));
        assert_eq!(limits.take(a, 60, later), Ok(()));
        assert!(limits.take(a, 60, later).is_err());
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        let one = Counted::address("2001:db8::1".parse().ok());
        assert_eq!(one, Counted::address("2001:db8::ffff:2".parse().ok()));
        assert_ne!(one, Counted::address("2001:db8:0:1::1".parse().ok()));
        let v4 = Counted::address("192.0.2.1".parse().ok());
        assert_eq!(v4, Counted::address("::ffff:192.0.2.1".parse().ok()));
    }
}
