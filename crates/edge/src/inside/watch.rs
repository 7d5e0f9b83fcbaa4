//! The watch: looks once a second at what the edge knows of itself and raises
//! the alarms that nobody on a call's way has to think of.

use crate::alarm::AlarmKind;
use crate::core::Shared;
use crate::limits::{LoadReport, TrunkUse};
use domain::{EdgeId, TrunkId};
use feed::record::TrunkRecord;
use feed::snapshot::Snapshot;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often to look.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// Registrations are counted once in so many looks: counting reads all of them.
const COUNT_EVERY: u32 = 10;
/// Counts that are remembered: five minutes' worth.
const COUNTS: usize = 30;
/// Fewer phones than this may come and go.
const FEW_PHONES: usize = 10;
/// How long a fall is an alarm where the phones do not come back: an office may
/// have moved.
const FALL_US: i64 = 30 * 60 * 1_000_000;
/// Clocks further apart than this are told of, and closer than half of it again
/// well.
const SKEW_US: i64 = 1_000_000;
/// So many times in a row it must be so: a message can be late.
const HEARD: usize = 3;

/// How far the control plane's clock is ahead of ours.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    skews: Mutex<VecDeque<i64>>,
    heard_us: AtomicI64,
}

impl Clock {
    /// The control plane said `theirs_us` when we had `ours_us`.
    pub fn heard(&self, theirs_us: i64, ours_us: i64) {
        self.heard_us.store(ours_us, Ordering::Relaxed);
        let mut heard = self.skews.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push_back(theirs_us.saturating_sub(ours_us));
        if heard.len() > HEARD {
            heard.pop_front();
        }
    }

    /// When it was last heard, by our clock; `None` if never.
    pub fn heard_us(&self) -> Option<i64> {
        Some(self.heard_us.load(Ordering::Relaxed)).filter(|at| *at != 0)
    }

    /// The smallest difference lately heard, microseconds; a message that was
    /// held up makes the others' difference, not this one. `None` until heard
    /// often enough.
    pub fn skew_us(&self) -> Option<i64> {
        let heard = self.skews.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() < HEARD {
            return None;
        }
        heard.iter().copied().min_by_key(|skew| skew.unsigned_abs())
    }
}

/// What the watch remembers between looks.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    looks: u32,
    told: Option<LoadReport>,
    down: HashMap<TrunkId, String>,
    counts: VecDeque<usize>,
    /// When the fall was seen, and from how many.
    fall: Option<(i64, usize)>,
}

fn clock_skew(shared: &Shared, skew_us: Option<i64>, edge: &str, now_us: i64) {
    let Some(skew_us) = skew_us else { return };
    if skew_us.abs() > SKEW_US {
        let detail = format_args!("the control plane's clock is {} ms ahead", skew_us / 1000);
        shared.alarms.raise(AlarmKind::ClockSkew, edge, detail, now_us);
    } else if skew_us.abs() < SKEW_US / 2 {
        shared.alarms.clear(AlarmKind::ClockSkew, edge, now_us);
    }
}

/// Warns from 90 % of a trunk's limits on; the alarm that calls were refused is
/// raised where that happens.
fn trunk_limits(shared: &Shared, world: &Snapshot, now_us: i64) {
    let limited =
        |t: &&TrunkRecord| t.max_concurrent_calls.is_some() || t.max_calls_per_second.is_some();
    for trunk in world.trunks().filter(limited) {
        let fill = shared.limits.fill(trunk, now_us);
        let mut id = [0; 36];
        let id = &*trunk.id.0.hyphenated().encode_lower(&mut id);
        if fill.percent >= 90 {
            let detail = format_args!("{}: {} % of its limit", trunk.fqdn, fill.percent);
            shared.alarms.raise(AlarmKind::TrunkNearLimit, id, detail, now_us);
        } else if fill.percent < 85 {
            shared.alarms.clear(AlarmKind::TrunkNearLimit, id, now_us);
            if !fill.refused {
                shared.alarms.clear(AlarmKind::TrunkAtLimit, id, now_us);
            }
        }
    }
}

impl Watch {
    /// Looks at everything once.
    pub fn look(
        &mut self,
        shared: &Shared,
        world: &Snapshot,
        clock: &Clock,
        edge: &str,
        now_us: i64,
    ) {
        self.trunks(shared, world, now_us);
        trunk_limits(shared, world, now_us);
        self.lease(shared, world, edge);
        clock_skew(shared, clock.skew_us(), edge, now_us);
        if self.looks.is_multiple_of(COUNT_EVERY) {
            self.registrations(shared, shared.bindings.count(now_us), edge, now_us);
        }
        self.looks = self.looks.wrapping_add(1);
    }

    /// Shares the limits of trunks out between the edges of the fleet anew, and
    /// tells them what this one carries.
    fn lease(&mut self, shared: &Shared, world: &Snapshot, edge: &str) {
        let Ok(edge) = edge.parse().map(EdgeId) else { return };
        let others: Vec<LoadReport> = shared
            .loads
            .others(Instant::now())
            .into_iter()
            .map(|report| LoadReport {
                edge: report.edge,
                trunks: report
                    .trunks
                    .into_iter()
                    .map(|(trunk, calls, _)| TrunkUse { trunk, calls })
                    .collect(),
            })
            .collect();
        let now = shared.limits.report(edge);
        shared.loads.publish(now.trunks.iter().map(|u| (u.trunk, u.calls, 0)).collect());
        // All reckon with what was told before: the others have had time to hear it.
        let told = self.told.replace(now);
        let limited =
            |t: &&TrunkRecord| t.max_concurrent_calls.is_some() || t.max_calls_per_second.is_some();
        if let Some(told) = told {
            shared.limits.lease(&told, &others, world.trunks().filter(limited));
        }
    }

    fn trunks(&mut self, shared: &Shared, world: &Snapshot, now_us: i64) {
        for (trunk, healthy) in shared.health.all() {
            // A trunk that is gone or drained is not missed.
            let record = world.trunk_record(trunk).filter(|t| t.enabled && !healthy);
            match (record, self.down.contains_key(&trunk)) {
                (Some(record), false) => {
                    let subject = trunk.0.to_string();
                    let detail = format_args!("{} at {} is silent", record.fqdn, record.address);
                    shared.alarms.raise(AlarmKind::TrunkDown, &subject, detail, now_us);
                    self.down.insert(trunk, subject);
                }
                (None, true) => {
                    if let Some(subject) = self.down.remove(&trunk) {
                        shared.alarms.clear(AlarmKind::TrunkDown, &subject, now_us);
                    }
                }
                _ => {}
            }
        }
    }

    /// A fall by 30 % of the most in five minutes is an alarm; it ends when 85 %
    /// of those are back, or after half an hour.
    fn registrations(&mut self, shared: &Shared, count: usize, edge: &str, now_us: i64) {
        self.counts.push_back(count);
        if self.counts.len() > COUNTS {
            self.counts.pop_front();
        }
        let most = self.counts.iter().copied().max().unwrap_or(0);
        match self.fall {
            Some((since, from)) if count * 100 >= from * 85 || now_us - since > FALL_US => {
                self.fall = None;
                self.counts.clear();
                shared.alarms.clear(AlarmKind::RegistrationsDropping, edge, now_us);
            }
            None if most >= FEW_PHONES && count * 100 <= most * 70 => {
                self.fall = Some((now_us, most));
                let detail = format_args!("{count} phones are registered; {most} were minutes ago");
                shared.alarms.raise(AlarmKind::RegistrationsDropping, edge, detail, now_us);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::OperatorId;
    use feed::change::Position;
    use feed::record::{Transport, TrunkRecord};
    use feed::snapshot::WorldRecords;
    use uuid::Uuid;

    fn open(shared: &Shared) -> Vec<(String, String)> {
        shared.alarms.open().into_iter().map(|a| (a.code, a.detail)).collect()
    }

    #[test]
    fn a_clock_is_wrong_only_if_every_word_says_so() {
        let (shared, clock) = (Shared::default(), Clock::default());
        for (ours, open_after) in [
            (0, false),
            (-2_000_000, false),
            (-2_000_000, false),
            (-2_000_000, true),
            (-700_000, true),
            (0, false),
        ] {
            clock.heard(0, ours);
            clock_skew(&shared, clock.skew_us(), "e", 1);
            assert_eq!(!open(&shared).is_empty(), open_after, "{ours}");
        }
    }

    #[test]
    fn phones_that_leave_together_are_missed_until_they_are_back() {
        let (shared, mut watch) = (Shared::default(), Watch::default());
        for (count, open_after) in [
            (3, false),
            (0, false),
            (100, false),
            (80, false),
            (69, true),
            (60, true),
            (84, true),
            (85, false),
            (70, false),
        ] {
            watch.registrations(&shared, count, "e", 1);
            assert_eq!(!open(&shared).is_empty(), open_after, "{count}");
        }
        watch.registrations(&shared, 10, "e", 1);
        assert!(!open(&shared).is_empty());
        watch.registrations(&shared, 10, "e", FALL_US + 2);
        watch.registrations(&shared, 10, "e", FALL_US + 3);
        assert!(open(&shared).is_empty(), "they will not come back");
    }

    #[test]
    fn a_silent_trunk_is_named_until_it_answers_or_is_drained() {
        let trunk = TrunkRecord {
            id: TrunkId(Uuid::from_u128(5)),
            operator: OperatorId(Uuid::from_u128(1)),
            fqdn: "sbc1.example".into(),
            address: "192.0.2.1:5060".parse().expect("an address"),
            sources: Vec::new(),
            match_port: false,
            transport: Transport::Udp,
            enabled: true,
            send_options: true,
            options_interval_seconds: 60,
            failover_time_seconds: 10,
            max_uri: 256,
            single_early_dialog: false,
            max_concurrent_calls: None,
            max_calls_per_second: None,
        };
        let world = |enabled| {
            let mut world =
                WorldRecords::empty(Position { epoch: Uuid::from_u128(1), position: 1 }, 0);
            world.trunks.push(TrunkRecord { enabled, ..trunk.clone() });
            Snapshot::from_records(world)
        };
        let (shared, mut watch) = (Shared::default(), Watch::default());
        watch.trunks(&shared, &world(true), 1);
        assert_eq!(open(&shared), []);
        shared.health.set(trunk.id, false, 1);
        watch.trunks(&shared, &world(true), 2);
        watch.trunks(&shared, &world(true), 3);
        let expect =
            ("trunk_down".to_owned(), "sbc1.example at 192.0.2.1:5060 is silent".to_owned());
        assert_eq!(open(&shared), [expect]);
        watch.trunks(&shared, &world(false), 4);
        assert_eq!(open(&shared), []);
        watch.trunks(&shared, &world(true), 5);
        shared.health.set(trunk.id, true, 6);
        watch.trunks(&shared, &world(true), 6);
        assert_eq!(open(&shared), []);
        assert_eq!(shared.alarms.past().len(), 2);
    }
}
