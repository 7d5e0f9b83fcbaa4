//! Numbers for emergency calls that are reserved for whoever called by them, so that those who come
//! to help reach them when they call back (operator-connect.md 1.13).
//!
//! The edge that placed a call knows it at once, and tells its siblings with the rest of how it is;
//! an edge that hears nothing, or began after the call, sends a call back where the policy's account
//! is answered.

use arc_swap::ArcSwap;
use domain::UserId;
use domain::policy::CALLBACK_US;
use numbering::E164;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Most reservations that are told to siblings at once.
const MOST_TOLD: usize = 1_000;
/// How far the clocks of two edges may differ.
const SKEW_US: i64 = 10_000_000;

/// A number that is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Which.
    pub number: E164,
    /// Who called by it.
    pub user: UserId,
    /// Until when, microseconds since 1970 UTC.
    pub until_us: i64,
}

/// All that are reserved, as far as this edge knows. Read without a lock; written by calls for help
/// alone.
#[derive(Debug, Default)]
pub struct Callbacks {
    of: ArcSwap<HashMap<E164, Callback>>,
}

impl Callbacks {
    /// Reserves a number for whoever calls by it now, from now on.
    pub fn reserve(&self, number: E164, user: UserId, now_us: i64) {
        let until_us = now_us.saturating_add(CALLBACK_US);
        self.put(&[Callback { number, user, until_us }], now_us);
    }

    /// For whom a number is reserved.
    pub fn by(&self, number: E164, now_us: i64) -> Option<UserId> {
        let of = self.of.load();
        of.get(&number).filter(|kept| kept.until_us > now_us).map(|kept| kept.user)
    }

    /// What siblings are told: the newest where there are too many.
    pub fn all(&self, now_us: i64) -> Vec<Callback> {
        let of = self.of.load();
        let mut all: Vec<Callback> =
            of.values().filter(|kept| kept.until_us > now_us).copied().collect();
        all.sort_by_key(|kept| (std::cmp::Reverse(kept.until_us), kept.number));
        all.truncate(MOST_TOLD);
        all
    }

    /// A sibling tells of its own and of what it heard. Of a number that several reserved the last
    /// counts; what no clock could have written does not.
    pub fn told(&self, callbacks: &[Callback], now_us: i64) {
        let latest = now_us.saturating_add(CALLBACK_US).saturating_add(SKEW_US);
        let news: Vec<Callback> = callbacks
            .iter()
            .filter(|c| c.until_us > now_us && c.until_us <= latest)
            .filter(|c| {
                let of = self.of.load();
                of.get(&c.number).is_none_or(|kept| kept.until_us < c.until_us)
            })
            .copied()
            .collect();
        if !news.is_empty() {
            self.put(&news, now_us);
        }
    }

    fn put(&self, news: &[Callback], now_us: i64) {
        self.of.rcu(|of| {
            let mut of = HashMap::clone(of);
            of.retain(|_, kept| kept.until_us > now_us);
            for new in news {
                let kept = of.entry(new.number).or_insert(*new);
                if kept.until_us <= new.until_us {
                    *kept = *new;
                }
            }
            Arc::new(of)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: i64 = 1_800_000_000_000_000;

    fn number(n: u64) -> E164 {
        E164::from_value(442_079_460_000 + n).expect("a number")
    }

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    #[test]
    fn a_number_is_reserved_for_an_hour_and_for_whoever_called_last() {
        let kept = Callbacks::default();
        kept.reserve(number(1), user(1), NOW);
        assert_eq!(kept.by(number(1), NOW + CALLBACK_US - 1), Some(user(1)));
        assert_eq!(kept.by(number(1), NOW + CALLBACK_US), None);
        assert_eq!(kept.by(number(2), NOW), None);
        kept.reserve(number(1), user(2), NOW + 5);
        assert_eq!(kept.by(number(1), NOW + 5), Some(user(2)));
        assert_eq!(kept.by(number(1), NOW + CALLBACK_US), Some(user(2)));
        // What is over is forgotten.
        kept.reserve(number(2), user(3), NOW + 2 * CALLBACK_US);
        assert_eq!(kept.all(NOW).len(), 1);
    }

    #[test]
    fn siblings_hear_of_it_and_the_last_word_counts() {
        let (one, other) = (Callbacks::default(), Callbacks::default());
        one.reserve(number(1), user(1), NOW);
        other.reserve(number(1), user(2), NOW + 10);
        other.reserve(number(2), user(3), NOW);
        one.told(&other.all(NOW + 10), NOW + 10);
        other.told(&one.all(NOW + 10), NOW + 10);
        for edge in [&one, &other] {
            assert_eq!(edge.by(number(1), NOW + 20), Some(user(2)));
            assert_eq!(edge.by(number(2), NOW + 20), Some(user(3)));
        }
        // Neither what is over nor what lies too far ahead.
        let at = |until_us| Callback { number: number(3), user: user(9), until_us };
        one.told(&[at(NOW), at(NOW + CALLBACK_US + SKEW_US + 1)], NOW);
        assert_eq!(one.by(number(3), NOW), None);
        one.told(&[at(NOW + CALLBACK_US + SKEW_US)], NOW);
        assert_eq!(one.by(number(3), NOW), Some(user(9)));
    }
}
