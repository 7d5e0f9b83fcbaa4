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

impl Counted {
    /// As other nodes are told of it.
    fn name(&self) -> String {
        match self {
            Self::Client(id) => format!("client:{id}"),
            Self::Session(id) => format!("session:{id}"),
            Self::Address(Some(address)) => format!("address:{address}"),
            Self::Address(None) => "address:".to_owned(),
        }
    }

    /// Reads what another node told.
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once(':')? {
            ("client", id) => id.parse().ok().map(Self::Client),
            ("session", id) => id.parse().ok().map(Self::Session),
            ("address", "") => Some(Self::Address(None)),
            ("address", address) => address.parse().ok().map(|a| Self::Address(Some(a))),
            _ => None,
        }
    }
}

/// How long a count for other nodes goes on without a request.
const COUNT_KEPT: Duration = Duration::from_secs(300);

/// What this node let through for a caller, as other nodes are told.
struct Count {
    /// Names this count: microseconds since 1970 UTC of its begin.
    begun: i64,
    used: i64,
    told: i64,
    at: Instant,
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
    counts: Mutex<HashMap<Counted, Count>>,
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
            drop(buckets);
            self.count(who, now);
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) * 60.0 / per_minute))
    }

    fn count(&self, who: Counted, now: Instant) {
        let mut counts = self.counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let count = counts.entry(who).or_insert_with(|| Count {
            begun: jiff::Timestamp::now().as_microsecond(),
            used: 0,
            told: 0,
            at: now,
        });
        count.used += 1;
        count.at = now;
        // Where nobody asks for them they must not gather.
        if counts.len() > 2 * MANY {
            counts.clear();
        }
    }

    /// Counts that grew since this was last asked: caller, begin and count.
    pub fn news(&self, now: Instant) -> Vec<(String, i64, i64)> {
        let mut counts = self.counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        counts.retain(|_, count| {
            count.used > count.told || now.saturating_duration_since(count.at) < COUNT_KEPT
        });
        let grown = counts.iter_mut().filter(|(_, count)| count.used > count.told);
        grown
            .map(|(who, count)| {
                count.told = count.used;
                (who.name(), count.begun, count.used)
            })
            .collect()
    }

    /// Takes out what another node let through; a bucket may owe a minute's worth at most.
    pub fn debit(&self, who: Counted, requests: f64, per_minute: u32, now: Instant) {
        let per_minute = f64::from(per_minute.max(1));
        let mut buckets = self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let bucket = buckets.entry(who).or_insert(Bucket { tokens: per_minute, at: now });
        bucket.tokens = (bucket.filled(per_minute, now) - requests).max(-per_minute);
        bucket.at = now;
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
    fn what_another_node_let_through_is_owed_here() {
        let (here, there) = (Limits::default(), Limits::default());
        let (who, start) = (Counted::Client(Uuid::from_u128(1)), Instant::now());
        for _ in 0..60 {
            assert_eq!(here.take(who, 60, start), Ok(()));
            assert_eq!(there.take(who, 60, start), Ok(()), "they have not spoken yet");
        }
        let news = there.news(start);
        let [(name, _, 60)] = news.as_slice() else { panic!("{news:?}") };
        assert_eq!(Counted::parse(name), Some(who));
        assert!(there.news(start).is_empty(), "it is told once");
        here.debit(who, 60.0, 60, start);
        assert_eq!(here.take(who, 60, start), Err(Duration::from_secs(61)), "the debt comes first");
        here.debit(who, 1e9, 60, start);
        assert_eq!(here.take(who, 60, start), Err(Duration::from_secs(61)), "a minute's at most");
        for who in [Counted::Session(Uuid::nil()), Counted::address(None)] {
            assert_eq!(Counted::parse(&who.name()), Some(who));
        }
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
