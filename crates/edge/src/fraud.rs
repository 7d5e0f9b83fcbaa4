//! What persons and tenants have called to costly destinations, shared by the
//! shards of one edge. Only calls of a class that has a limit come here: a
//! national call takes no lock unless its tenant wants one counted.
//!
//! Each edge counts for itself, and forgets with its end. Calls that stand are
//! never cut.

use crate::alarm::{AlarmKind, Alarms};
use domain::fraud::{ClassLimit, DestinationClass, FraudLimits, FraudRefusal, Tally, Whose};
use domain::{TenantId, UserId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Locks that the counted share out among them.
const PARTS: usize = 16;

type Key = (Uuid, DestinationClass);

/// Counts of one edge.
#[derive(Debug, Default)]
pub struct Fraud {
    parts: [Mutex<HashMap<Key, Counted>>; PARTS],
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Counted {
    tally: Tally,
    at_once: Arc<AtomicU32>,
}

/// A call that is counted as under way until this is dropped.
#[derive(Debug, Default)]
pub struct Held([Option<Arc<AtomicU32>>; 2]);

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
    ) -> Result<Option<Arc<AtomicU32>>, domain::fraud::Excess> {
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
        let mut part = self.part(id);
        for (key, counted) in part.iter_mut().filter(|(key, _)| key.0 == id) {
            counted.tally.release();
            alarms.clear(AlarmKind::FraudBlock, &subject(key), now_us);
        }
    }

    /// Ends the blocks whose time is over, and forgets who has not called for long.
    pub fn sweep(&self, alarms: &Alarms, now_us: i64) {
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

    /// Calls refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn part(&self, id: Uuid) -> MutexGuard<'_, HashMap<Key, Counted>> {
        let at = id.as_bytes()[15] as usize % PARTS;
        self.parts[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
