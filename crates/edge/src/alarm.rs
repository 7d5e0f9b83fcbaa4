//! Alarms: what an operator of the exchange should know without looking.
//!
//! [`Alarms::raise`] and [`Alarms::clear`] may be called as often as one likes,
//! from a call's way too: where nothing changes they read one or two atomics
//! and take no lock, allocate nothing, and do not look at the detail. A changed
//! one waits in a bounded queue until the control plane has it.

pub use feed::alarm::{AlarmKind, AlarmRecord, Severity};

use arc_swap::ArcSwap;
use feed::alarm::MAX_TEXT;
use std::collections::{HashMap, VecDeque};
use std::fmt::Display;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use uuid::Uuid;

/// Most alarms open at once; more of them tell nobody more.
const MAX_OPEN: usize = 2_000;
/// Most changes that wait for the control plane; the oldest go first.
const MAX_WAITING: usize = 10_000;
/// How many that are over are kept to be looked at here.
const MAX_PAST: usize = 200;

type Open = HashMap<AlarmKind, HashMap<Box<str>, Arc<AlarmRecord>>>;

/// The alarms of one edge.
#[derive(Debug, Default)]
pub struct Alarms {
    /// A bit per kind that has any open.
    kinds: AtomicU32,
    open: ArcSwap<Open>,
    queue: Mutex<Queue>,
    /// Tells who delivers.
    changed: Notify,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    waiting: VecDeque<(u64, AlarmRecord)>,
    past: VecDeque<AlarmRecord>,
    raised: HashMap<AlarmKind, u64>,
}

/// Changes to deliver, with the mark to acknowledge them by.
#[derive(Debug)]
pub struct Waiting {
    /// In the order in which they happened.
    pub alarms: Vec<AlarmRecord>,
    upto: u64,
}

const fn bit(kind: AlarmKind) -> u32 {
    1 << kind as u32
}

impl Alarms {
    /// Something is wrong with `subject`; says whether that is news. An open
    /// alarm keeps the detail it was raised with. `now_us`: microseconds since
    /// 1970 UTC.
    pub fn raise(&self, kind: AlarmKind, subject: &str, detail: impl Display, now_us: i64) -> bool {
        let subject = cut(subject, MAX_TEXT);
        if self.is_open(kind, subject) {
            return false;
        }
        let mut queue = self.lock();
        let before = self.open.load();
        if before.get(&kind).is_some_and(|of| of.contains_key(subject)) {
            return false;
        }
        if before.values().map(HashMap::len).sum::<usize>() >= MAX_OPEN {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let alarm = Arc::new(record(kind, subject, &detail, now_us));
        let mut open = Open::clone(&before);
        open.entry(kind).or_default().insert(subject.into(), alarm.clone());
        self.publish(open);
        *queue.raised.entry(kind).or_default() += 1;
        tracing::warn!(alarm = kind.code(), subject, detail = alarm.detail, "alarm raised");
        self.enqueue(&mut queue, AlarmRecord::clone(&alarm));
        true
    }

    /// It is well again; says whether that is news.
    pub fn clear(&self, kind: AlarmKind, subject: &str, now_us: i64) -> bool {
        if self.kinds.load(Ordering::Relaxed) & bit(kind) == 0 {
            return false;
        }
        let subject = cut(subject, MAX_TEXT);
        if !self.is_open(kind, subject) {
            return false;
        }
        let mut queue = self.lock();
        let mut open = Open::clone(&self.open.load());
        let Some(alarm) = open.get_mut(&kind).and_then(|of| of.remove(subject)) else {
            return false;
        };
        self.publish(open);
        let over = AlarmRecord {
            cleared_at_us: Some(now_us.max(alarm.raised_at_us)),
            ..AlarmRecord::clone(&alarm)
        };
        tracing::info!(alarm = kind.code(), subject, "alarm cleared");
        queue.remember(over.clone());
        self.enqueue(&mut queue, over);
        true
    }

    /// Something happened that is worth telling and is over with that.
    pub fn event(&self, kind: AlarmKind, subject: &str, detail: impl Display, now_us: i64) {
        let mut queue = self.lock();
        let happened = AlarmRecord {
            cleared_at_us: Some(now_us),
            ..record(kind, cut(subject, MAX_TEXT), &detail, now_us)
        };
        *queue.raised.entry(kind).or_default() += 1;
        tracing::warn!(alarm = kind.code(), subject, detail = happened.detail, "event");
        queue.remember(happened.clone());
        self.enqueue(&mut queue, happened);
    }

    /// Is this one open?
    pub fn is_open(&self, kind: AlarmKind, subject: &str) -> bool {
        self.kinds.load(Ordering::Relaxed) & bit(kind) != 0
            && self.open.load().get(&kind).is_some_and(|of| of.contains_key(subject))
    }

    /// Those that are open, the oldest first.
    pub fn open(&self) -> Vec<AlarmRecord> {
        let open = self.open.load();
        let mut all: Vec<AlarmRecord> =
            open.values().flat_map(HashMap::values).map(|a| AlarmRecord::clone(a)).collect();
        all.sort_by_key(|a| (a.raised_at_us, a.id));
        all
    }

    /// Those that are over, the newest first, as far as they are remembered.
    pub fn past(&self) -> Vec<AlarmRecord> {
        self.lock().past.iter().rev().cloned().collect()
    }

    /// Per kind: how many are open now, and how many were raised since the start.
    pub fn counts(&self) -> Vec<(AlarmKind, u64, u64)> {
        let queue = self.lock();
        let open = self.open.load();
        let count = |kind: &AlarmKind| open.get(kind).map_or(0, |of| of.len() as u64);
        AlarmKind::ALL
            .iter()
            .map(|kind| (*kind, count(kind), queue.raised.get(kind).copied().unwrap_or(0)))
            .collect()
    }

    /// Alarms and changes that were given up for want of room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits for changes that the control plane does not have yet; at most `max`.
    pub async fn waiting(&self, max: usize) -> Waiting {
        loop {
            let changed = self.changed.notified();
            if let Some(waiting) = self.waiting_now(max) {
                return waiting;
            }
            changed.await;
        }
    }

    /// The same, `None` where there are none.
    pub fn waiting_now(&self, max: usize) -> Option<Waiting> {
        let queue = self.lock();
        let (upto, _) = queue.waiting.iter().take(max).next_back()?;
        let alarms = queue.waiting.iter().take(max).map(|(_, alarm)| alarm.clone()).collect();
        Some(Waiting { alarms, upto: *upto })
    }

    /// The control plane has these.
    pub fn delivered(&self, waiting: &Waiting) {
        self.lock().waiting.retain(|(at, _)| *at > waiting.upto);
    }

    fn publish(&self, open: Open) {
        let kinds = open
            .iter()
            .filter(|(_, of)| !of.is_empty())
            .fold(0, |kinds, (kind, _)| kinds | bit(*kind));
        self.open.store(Arc::new(open));
        self.kinds.store(kinds, Ordering::Release);
    }

    fn enqueue(&self, queue: &mut Queue, alarm: AlarmRecord) {
        if queue.waiting.len() >= MAX_WAITING {
            queue.waiting.pop_front();
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        queue.next += 1;
        let at = queue.next;
        queue.waiting.push_back((at, alarm));
        self.changed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn remember(&mut self, alarm: AlarmRecord) {
        if self.past.len() >= MAX_PAST {
            self.past.pop_front();
        }
        self.past.push_back(alarm);
    }
}

fn record(kind: AlarmKind, subject: &str, detail: &dyn Display, now_us: i64) -> AlarmRecord {
    AlarmRecord {
        id: Uuid::now_v7(),
        code: kind.code().to_owned(),
        severity: kind.severity().as_str().to_owned(),
        subject: subject.to_owned(),
        detail: cut(&detail.to_string(), MAX_TEXT).to_owned(),
        raised_at_us: now_us,
        cleared_at_us: None,
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most.min(text.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails where somebody looks.
    struct Unread;
    impl Display for Unread {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("nothing is new, so nobody may format this");
        }
    }

    #[test]
    fn an_alarm_is_raised_once_and_cleared_once() {
        let alarms = Alarms::default();
        assert!(alarms.raise(AlarmKind::TrunkDown, "a", "silent", 5));
        assert!(!alarms.raise(AlarmKind::TrunkDown, "a", Unread, 6));
        assert!(alarms.raise(AlarmKind::TrunkDown, "b", "silent", 7));
        assert!(!alarms.clear(AlarmKind::TrunkDown, "c", 8));
        assert!(!alarms.clear(AlarmKind::Overload, "a", 8));
        assert!(alarms.clear(AlarmKind::TrunkDown, "a", 9));
        assert!(!alarms.clear(AlarmKind::TrunkDown, "a", 10));
        let open = alarms.open();
        assert_eq!(open.iter().map(|a| a.subject.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(alarms.past()[0].cleared_at_us, Some(9));
        assert!(alarms.counts().contains(&(AlarmKind::TrunkDown, 1, 2)));
        let waiting = alarms.waiting_now(10).expect("three changes");
        assert_eq!(waiting.alarms.len(), 3);
        assert_eq!(waiting.alarms[0].id, waiting.alarms[2].id, "the same raising, now over");
    }

    #[test]
    fn what_is_not_acknowledged_is_told_again() {
        let alarms = Alarms::default();
        for n in 0..3 {
            alarms.event(AlarmKind::EmergencyCall, "user", n, n);
        }
        let first = alarms.waiting_now(2).expect("three wait");
        assert_eq!(first.alarms.len(), 2);
        assert_eq!(alarms.waiting_now(2).expect("still three").alarms, first.alarms);
        alarms.delivered(&first);
        assert_eq!(alarms.waiting_now(2).expect("one").alarms[0].detail, "2");
    }

    #[test]
    fn nothing_grows_without_end() {
        let alarms = Alarms::default();
        for n in 0..MAX_OPEN + 5 {
            alarms.raise(AlarmKind::FraudBlock, &n.to_string(), "x".repeat(10_000), 1);
        }
        assert_eq!(alarms.open().len(), MAX_OPEN);
        assert_eq!(alarms.dropped(), 5);
        assert_eq!(alarms.open()[0].detail.len(), MAX_TEXT);
        for n in 0..MAX_WAITING {
            alarms.event(AlarmKind::EmergencyCall, "u", n, 1);
        }
        assert_eq!(alarms.waiting_now(usize::MAX).expect("full").alarms.len(), MAX_WAITING);
        assert_eq!(alarms.past().len(), MAX_PAST);
    }

    #[test]
    fn every_kind_has_a_code_of_its_own_and_fits_the_mask() {
        for kind in AlarmKind::ALL {
            assert_eq!(AlarmKind::from_code(kind.code()), Some(*kind));
            assert!((*kind as u32) < 32 && kind.remedy().ends_with('.'));
        }
    }
}
