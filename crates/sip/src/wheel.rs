//! A hierarchical timer wheel (Varghese and Lauck 1987, scheme 7): arming,
//! moving and disarming a timer cost the same however many there are.
//!
//! Timers fire in steps of [`Wheel::TICK`] and never early. Many that are due in
//! one step cost one wake-up, and a wheel with nothing due soon asks for none.

use std::time::{Duration, Instant};

const TICK_MS: u64 = 10;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 6;
/// The farthest tick there is: more than twenty years after the first one.
const FARTHEST: u64 = (1 << (BITS * LEVELS as u32)) - 1;
const NIL: u32 = u32::MAX;
const UNARMED: u16 = u16::MAX;

/// One timer, in the circular list of its slot.
#[derive(Clone, Copy, Debug)]
struct Entry {
    tick: u64,
    next: u32,
    prev: u32,
    slot: u16,
}

/// Timers, each known by a small number of its owner's choosing (an index into a
/// table of the owner's): one timer for each number. Instants are handed in.
#[derive(Debug)]
pub struct Wheel {
    origin: Option<Instant>,
    /// The tick that time has come to.
    elapsed: u64,
    /// One bit for each slot that holds timers.
    occupied: [u64; LEVELS],
    heads: Box<[u32; LEVELS * SLOTS]>,
    entries: Vec<Entry>,
    armed: usize,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            origin: None,
            elapsed: 0,
            occupied: [0; LEVELS],
            heads: Box::new([NIL; LEVELS * SLOTS]),
            entries: Vec::new(),
            armed: 0,
        }
    }
}

impl Wheel {
    /// How late a timer may fire, beyond what its owner is late to ask.
    pub const TICK: Duration = Duration::from_millis(TICK_MS);

    /// Timers that are armed.
    pub fn len(&self) -> usize {
        self.armed
    }

    /// Whether no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// Arms the timer `key` for `at`, or moves it there.
    pub fn arm(&mut self, now: Instant, key: u32, at: Instant) {
        let origin = *self.origin.get_or_insert(now);
        let tick =
            ticks(at.saturating_duration_since(origin) + Self::TICK - Duration::from_nanos(1));
        let tick = tick.clamp(self.elapsed, FARTHEST);
        let index = key as usize;
        if index >= self.entries.len() {
            let unarmed = Entry { tick: 0, next: NIL, prev: NIL, slot: UNARMED };
            self.entries.resize(index + 1, unarmed);
        }
        let entry = self.entries[index];
        if entry.slot != UNARMED {
            if entry.tick == tick {
                return;
            }
            self.unlink(key);
        } else {
            self.armed += 1;
        }
        self.entries[index].tick = tick;
        self.link(key);
    }

    /// Disarms the timer `key`, if it is armed.
    pub fn disarm(&mut self, key: u32) {
        if self.entries.get(key as usize).is_some_and(|e| e.slot != UNARMED) {
            self.unlink(key);
            self.armed -= 1;
        }
    }

    /// When to call [`expire`](Self::expire) next: a timer is due then, or has to
    /// be sorted more finely.
    pub fn next(&self) -> Option<Instant> {
        let (_, when) = self.first_slot()?;
        Some(self.origin? + Duration::from_millis(when * TICK_MS))
    }

    /// A timer that is due at `now`, disarmed; to be asked until there is none.
    pub fn expire(&mut self, now: Instant) -> Option<u32> {
        let target = ticks(now.saturating_duration_since(self.origin?));
        loop {
            let Some((slot, when)) = self.first_slot().filter(|(_, when)| *when <= target) else {
                self.elapsed = self.elapsed.max(target.min(FARTHEST));
                return None;
            };
            self.elapsed = self.elapsed.max(when);
            if slot < SLOTS {
                let key = self.heads[slot];
                self.unlink(key);
                self.armed -= 1;
                return Some(key);
            }
            // Its timers are near enough now for a finer level.
            while self.heads[slot] != NIL {
                let key = self.heads[slot];
                self.unlink(key);
                self.link(key);
            }
        }
    }

    /// The first slot that holds timers, and the tick at which it begins.
    fn first_slot(&self) -> Option<(usize, u64)> {
        let level = self.occupied.iter().position(|slots| *slots != 0)?;
        let slot = self.occupied[level].trailing_zeros();
        let shift = BITS * level as u32;
        let block = self.elapsed >> (shift + BITS) << (shift + BITS);
        Some((level * SLOTS + slot as usize, block | u64::from(slot) << shift))
    }

    /// Puts an entry into the slot of its tick, behind those that are there.
    fn link(&mut self, key: u32) {
        let tick = self.entries[key as usize].tick;
        // The level of the highest digit in which the tick differs from now.
        let apart = (self.elapsed ^ tick) | (SLOTS as u64 - 1);
        let level = ((63 - apart.leading_zeros()) / BITS) as usize;
        let at = (tick >> (BITS * level as u32)) as usize % SLOTS;
        let slot = level * SLOTS + at;
        self.occupied[level] |= 1 << at;
        let head = self.heads[slot];
        let (next, prev) =
            if head == NIL { (key, key) } else { (head, self.entries[head as usize].prev) };
        self.entries[key as usize] = Entry { tick, next, prev, slot: slot as u16 };
        if head == NIL {
            self.heads[slot] = key;
        } else {
            self.entries[prev as usize].next = key;
            self.entries[next as usize].prev = key;
        }
    }

    fn unlink(&mut self, key: u32) {
        let Entry { next, prev, slot, .. } = self.entries[key as usize];
        self.entries[key as usize].slot = UNARMED;
        let slot = usize::from(slot);
        if next == key {
            self.heads[slot] = NIL;
            self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
            return;
        }
        self.entries[prev as usize].next = next;
        self.entries[next as usize].prev = prev;
        if self.heads[slot] == key {
            self.heads[slot] = next;
        }
    }
}

fn ticks(time: Duration) -> u64 {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    nanos / Wheel::TICK.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[expect(clippy::disallowed_methods, reason = "the origin of a clock turned by hand")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[derive(Clone, Debug)]
    enum Step {
        Arm(u32, u64),
        Disarm(u32),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        // From nothing to months, in milliseconds.
        let time = (0u32..34).prop_flat_map(|bits| 0..1u64 << bits);
        let soon = (0u32..18).prop_flat_map(|bits| 0..1u64 << bits);
        prop_oneof![
            4 => (0u32..40, time.clone()).prop_map(|(key, ms)| Step::Arm(key, ms)),
            2 => (0u32..40, soon.clone()).prop_map(|(key, ms)| Step::Arm(key, ms)),
            1 => (0u32..40).prop_map(Step::Disarm),
            2 => time.prop_map(Step::Pass),
            3 => soon.prop_map(Step::Pass),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Against the plainest list of deadlines there is.
        #[test]
        fn timers_fire_once_in_order_never_early_and_at_most_a_tick_late(
            steps in prop::collection::vec(step(), 1..60)
        ) {
            let start = origin();
            let mut now = start;
            let mut wheel = Wheel::default();
            let mut plain: BTreeMap<u32, Instant> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Arm(key, ms) => {
                        let at = now + Duration::from_millis(ms);
                        wheel.arm(now, key, at);
                        plain.insert(key, at);
                    }
                    Step::Disarm(key) => {
                        wheel.disarm(key);
                        plain.remove(&key);
                    }
                    Step::Pass(ms) => {
                        let end = now + Duration::from_millis(ms);
                        let mut turns = 0;
                        while let Some(next) = wheel.next().filter(|next| *next <= end) {
                            let earliest = plain.values().min().copied();
                            prop_assert!(earliest.is_some_and(|at| next < at + Wheel::TICK));
                            now = now.max(next);
                            while let Some(key) = wheel.expire(now) {
                                let at = plain.remove(&key).expect("armed, and fired once");
                                prop_assert!(at <= now, "never early");
                                prop_assert!(now < at + Wheel::TICK, "nor late");
                            }
                            turns += 1;
                            prop_assert!(turns < 1000, "each turn gets on");
                        }
                        now = end;
                        prop_assert_eq!(wheel.expire(now), None);
                    }
                }
                prop_assert_eq!(wheel.len(), plain.len());
                prop_assert_eq!(wheel.next().is_some(), !plain.is_empty());
            }
        }

        /// Whoever asks late gets all that is due, the first first.
        #[test]
        fn what_is_overdue_comes_in_the_order_of_its_ticks(
            delays in prop::collection::vec(0u64..100_000, 1..50)
        ) {
            let start = origin();
            let mut wheel = Wheel::default();
            wheel.arm(start, 1000, start);
            let at = |ms: u64| start + Duration::from_millis(ms);
            for (key, delay) in delays.iter().enumerate() {
                wheel.arm(start, key as u32, at(*delay));
            }
            wheel.disarm(1000);
            let fired: Vec<u64> = std::iter::from_fn(|| wheel.expire(at(100_010)))
                .map(|key| delays[key as usize].div_ceil(10))
                .collect();
            let mut sorted = fired.clone();
            sorted.sort_unstable();
            prop_assert_eq!(fired.len(), delays.len());
            prop_assert_eq!(fired, sorted);
            prop_assert!(wheel.is_empty());
        }
    }

    #[test]
    fn an_hour_of_waiting_costs_a_handful_of_turns() {
        let start = origin();
        let mut wheel = Wheel::default();
        wheel.arm(start, 0, start);
        assert_eq!(wheel.expire(start), Some(0));
        wheel.arm(start, 1, start + Duration::from_secs(3600));
        let mut turns = 0;
        while let Some(next) = wheel.next() {
            let _ = wheel.expire(next);
            turns += 1;
        }
        assert!(turns <= 6, "{turns}");
    }
}
