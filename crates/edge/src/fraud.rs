//! What persons and tenants have called to costly destinations, shared by the
//! shards of one edge. Only calls of a class that has a limit come here: a
//! national call takes no lock unless its tenant wants one counted.
//!
//! Each edge counts for itself, and forgets with its end; whom one has blocked its
//! siblings block too. Calls that stand are never cut.

use crate::alarm::{AlarmKind, Alarms};
use domain::fraud::{
    BLOCK_US, ClassLimit, DestinationClass, Excess, FraudLimits, FraudRefusal, Tally, Whose,
};
use domain::{TenantId, UserId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Locks that the counted share out among them.
const PARTS: usize = 16;

/// Most blocks that are told to siblings.
const MAX_TOLD: usize = 1_000;
/// How far the clocks of two edges may differ.
const SKEW_US: i64 = 10_000_000;

type Key = (Uuid, DestinationClass);

/// Who is blocked, for which class, and until when in microseconds since 1970 UTC.
pub type Block = (Uuid, DestinationClass, i64);

/// Counts of one edge.
#[derive(Debug, Default)]
pub struct Fraud {
    parts: [Mutex<HashMap<Key, Counted>>; PARTS],
    standing: Mutex<Standing>,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Standing {
    /// Until when.
    blocks: HashMap<Key, i64>,
    /// When somebody's blocks were lifted: a sibling that has not heard of it yet
    /// tells of the old ones for a moment.
    lifted: HashMap<Uuid, i64>,
}

#[derive(Debug, Default)]
struct Counted {
    tally: Tally,
    at_once: Arc<AtomicU32>,
}

/// A call that is counted as under way until this is dropped.
#[derive(Debug, Default)]
pub struct Held([Option<Arc<AtomicU32>>; 2]);

impl Held {
    /// Does something while this does not count: a call takes another way in its place.
    pub fn without<T>(&self, then: impl FnOnce() -> T) -> T {
        for count in self.0.iter().flatten() {
            count.fetch_sub(1, Relaxed);
        }
        let done = then();
        for count in self.0.iter().flatten() {
            count.fetch_add(1, Relaxed);
        }
        done
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for count in self.0.iter().flatten() {
            count.fetch_sub(1, Relaxed);
        }
    }
}

fn subject((id, class): &Key) -> String {
    format!("{id} {}", class.as_str())
}

impl Fraud {
    /// Counts a call of `class` by `user` of `tenant`, or refuses it. The first one
    /// refused raises an alarm, with the id of the blocked one and the class as its
    /// subject. `now_us`: microseconds since 1970 UTC.
    ///
    /// # Errors
    /// The limit that it exceeds.
    pub fn begin(
        &self,
        (user, tenant): (UserId, TenantId),
        class: DestinationClass,
        limits: &FraudLimits,
        alarms: &Alarms,
        now_us: i64,
    ) -> Result<Held, FraudRefusal> {
        let mut held = Held::default();
        let subjects = [
            (Whose::Person, user.0, limits.person.of(class)),
            (Whose::Tenant, tenant.0, limits.tenant.of(class)),
        ];
        for (place, (whose, id, limit)) in held.0.iter_mut().zip(subjects) {
            *place = self.count((id, class), limit, now_us).map_err(|excess| {
                self.refused.fetch_add(1, Relaxed);
                if excess != Excess::Blocked {
                    self.standing().blocks.insert((id, class), now_us.saturating_add(BLOCK_US));
                }
                let refusal = FraudRefusal { whose, class, excess };
                alarms.raise(AlarmKind::FraudBlock, &subject(&(id, class)), refusal, now_us);
                refusal
            })?;
        }
        Ok(held)
    }

    fn count(
        &self,
        key: Key,
        limit: ClassLimit,
        now_us: i64,
    ) -> Result<Option<Arc<AtomicU32>>, Excess> {
        if limit.is_none() {
            return Ok(None);
        }
        let mut part = self.part(key.0);
        let counted = part.entry(key).or_default();
        counted.tally.begin(limit, counted.at_once.load(Relaxed), now_us)?;
        counted.at_once.fetch_add(1, Relaxed);
        Ok(Some(counted.at_once.clone()))
    }

    /// Lifts every block of a person or tenant, and forgets their last hour.
    pub fn release(&self, id: Uuid, alarms: &Alarms, now_us: i64) {
        let mut standing = self.standing();
        standing.blocks.retain(|key, _| key.0 != id);
        standing.lifted.insert(id, now_us);
        drop(standing);
        let mut part = self.part(id);
        for (key, counted) in part.iter_mut().filter(|(key, _)| key.0 == id) {
            counted.tally.release();
            alarms.clear(AlarmKind::FraudBlock, &subject(key), now_us);
        }
    }

    /// Ends the blocks whose time is over, and forgets who has not called for long.
    pub fn sweep(&self, alarms: &Alarms, now_us: i64) {
        let mut standing = self.standing();
        standing.blocks.retain(|_, until| now_us < *until);
        standing.lifted.retain(|_, at| now_us < *at + BLOCK_US + SKEW_US);
        drop(standing);
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.retain(|key, counted| {
                if counted.tally.was_blocked() && !counted.tally.is_blocked(now_us) {
                    counted.tally.release();
                    alarms.clear(AlarmKind::FraudBlock, &subject(key), now_us);
                }
                counted.at_once.load(Relaxed) > 0 || !counted.tally.is_idle(now_us)
            });
        }
    }

    /// Who is blocked, for siblings to block too.
    pub fn blocks(&self) -> Vec<Block> {
        let standing = self.standing();
        let told = standing.blocks.iter().take(MAX_TOLD);
        told.map(|((id, class), until)| (*id, *class, *until)).collect()
    }

    /// Blocks whom a sibling has blocked, unless that was lifted since. The alarm is
    /// the sibling's.
    pub fn told(&self, blocks: &[Block], now_us: i64) {
        for &(id, class, until_us) in blocks {
            let from_us = until_us.saturating_sub(BLOCK_US);
            let mut standing = self.standing();
            let lifted = standing.lifted.get(&id).is_some_and(|at| from_us <= *at);
            let known = standing.blocks.get(&(id, class)).is_some_and(|known| until_us <= *known);
            if known || lifted || until_us <= now_us || from_us > now_us.saturating_add(SKEW_US) {
                continue;
            }
            standing.blocks.insert((id, class), until_us);
            drop(standing);
            self.part(id).entry((id, class)).or_default().tally.block(until_us);
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn part(&self, id: Uuid) -> MutexGuard<'_, HashMap<Key, Counted>> {
        let at = id.as_bytes()[15] as usize % PARTS;
        self.parts[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::fraud::ClassLimits;

    const CLASS: DestinationClass = DestinationClass::Premium;

    fn calls(fraud: &Fraud, now_us: i64) -> bool {
        let premium = ClassLimit { at_once: None, per_hour: Some(1) };
        let none = ClassLimits::default();
        let limits = FraudLimits { person: ClassLimits { premium, ..none }, tenant: none };
        let who = (UserId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        fraud.begin(who, CLASS, &limits, &Alarms::default(), now_us).is_ok()
    }

    #[test]
    fn who_is_blocked_at_one_edge_is_blocked_at_its_siblings() {
        let (a, b, alarms) = (Fraud::default(), Fraud::default(), Alarms::default());
        let id = Uuid::from_u128(1);
        assert!(calls(&a, 1) && !calls(&a, 2));
        let until = 2 + BLOCK_US;
        assert_eq!(a.blocks(), [(id, CLASS, until)]);
        for _ in 0..2 {
            b.told(&a.blocks(), 3);
        }
        assert!(!calls(&b, 4), "though it called nobody there");
        assert_eq!(b.blocks(), a.blocks(), "and no longer than that");

        // Lifted at the one, while the other still tells of it.
        a.release(id, &alarms, 5);
        a.told(&b.blocks(), 6);
        assert_eq!(a.blocks(), []);
        assert!(calls(&a, 7));
        b.release(id, &alarms, 8);
        assert!(calls(&b, 9));
        // A block after that counts.
        a.told(&[(id, CLASS, 20 + BLOCK_US)], 21);
        assert!(!calls(&a, 22));
        a.sweep(&alarms, 20 + BLOCK_US);
        assert_eq!(a.blocks(), []);
        assert!(calls(&a, 21 + BLOCK_US));
        // What no clock could have said is nothing.
        a.told(&[(id, CLASS, i64::MAX), (id, CLASS, 5)], 22 + BLOCK_US);
        assert_eq!(a.blocks(), []);
    }
}
