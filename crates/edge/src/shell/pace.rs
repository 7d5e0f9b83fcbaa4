//! When to sleep a little before looking for packets again.
//!
//! At some thousands of packets in a second each arrives alone, and most of what
//! it costs is waking up for it. A network card gathers interrupts then; so does
//! a shard. Where packets come more slowly nothing waits, and a new call not even for
//! those that came with it.

use std::time::{Duration, Instant};

/// Packets in a second from which on it is worth it.
const BUSY: u32 = 7_000;
/// How long packets may wait to be gathered: some fourteen of them at that rate. Whoever
/// is woken for an answer costs as much again, and is woken once for all of them; a
/// person who calls hears nothing of two milliseconds.
const PAUSE: Duration = Duration::from_millis(2);
/// How long packets are counted before their rate is believed.
const WINDOW: Duration = Duration::from_millis(20);

/// Counts packets; says when to pause.
#[derive(Debug)]
pub(super) struct Pace {
    since: Instant,
    packets: u32,
    busy: bool,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { since: now, packets: 0, busy: false }
    }

    /// So many packets were taken at once.
    pub fn took(&mut self, packets: usize) {
        self.packets = self.packets.saturating_add(packets as u32);
    }

    /// Whether packets come so fast that they are gathered.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// How long to sleep before the next look, when nothing is known to wait and
    /// nothing else is to be done for `free`.
    pub fn pause(&mut self, now: Instant, free: Duration) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.since);
        if passed >= WINDOW {
            self.busy = f64::from(self.packets) >= f64::from(BUSY) * passed.as_secs_f64();
            (self.since, self.packets) = (now, 0);
        }
        (self.busy && free > PAUSE).then_some(PAUSE)
    }
}

/// In which order so many datagrams are worked on: those of `first` (a bit each) before the others.
pub(super) fn turns(first: u32, taken: usize) -> impl Iterator<Item = usize> {
    let is_first = move |n: &usize| first & 1 << *n != 0;
    (0..taken).filter(is_first).chain((0..taken).filter(move |n| !is_first(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Duration = Duration::from_secs(1);

    /// Packets at this rate for a fifth of a second; whether it pauses then.
    fn pauses(pace: &mut Pace, start: &mut Instant, rate: u64) -> bool {
        let gap = Duration::from_micros(1_000_000 / rate);
        let mut pause = None;
        for _ in 0..rate / 5 {
            *start += gap;
            pace.took(1);
            pause = pace.pause(*start, FREE);
        }
        pause.is_some()
    }

    #[test]
    fn only_where_packets_come_fast_do_they_wait_for_each_other() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(!pauses(&mut pace, &mut now, 1_000));
        assert!(!pauses(&mut pace, &mut now, 5_000));
        assert!(pauses(&mut pace, &mut now, 10_000));
        assert_eq!(pace.pause(now, Duration::from_micros(200)), None, "a timer is due");
        assert!(!pauses(&mut pace, &mut now, 1_000));
        pauses(&mut pace, &mut now, 10_000);
        assert_eq!(pace.pause(now + Duration::from_secs(1), FREE), None, "it is quiet since");
    }

    #[test]
    fn every_datagram_has_its_turn_and_new_calls_have_theirs_first() {
        for (first, taken, expect) in [
            (0, 4, vec![0, 1, 2, 3]),
            (0b0100, 4, vec![2, 0, 1, 3]),
            (0b1010, 4, vec![1, 3, 0, 2]),
            (1 << 31, 32, [31].into_iter().chain(0..31).collect()),
            (0, 0, vec![]),
        ] {
            assert_eq!(turns(first, taken).collect::<Vec<_>>(), expect, "{first:b}");
        }
    }
}
