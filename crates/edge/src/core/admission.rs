//! What to do with a new call when more is offered than one thread can carry.
//!
//! Two measures. The shell says how many bytes wait at the shard's sockets. A
//! queue that is read to its end now and then is none; one that stands for two
//! intervals is overload, and from then on the sockets let only so many new
//! calls through as leave no standing queue: what is thrown away there costs this
//! thread nothing. The number is found by trial: what can be carried is believed to
//! be a little more while the queue is emptied and a little less while it stands and
//! does not shrink, and less than that is let in while a queue is to be worked off.
//! What had come before the sockets were told passes the same lottery when it is read.
//! No rate is configured: the limit is what the machine can do (RFC 7339 section 3,
//! the receiver's side; RFC 5390 REQ 1, 13).
//!
//! Where that is not enough (connections, packets from other shards, a system that
//! tells nothing of its queues) the second measure is how long the shard has found
//! work waiting without a pause. After [`SHED_AFTER`] new calls are refused, which
//! costs a small part of what a call costs; beyond twice that they are thrown away
//! before parsing. From then on until the overload is over a fifth of that time is
//! enough: what waits longer than half a second is sent again. Calls under way are
//! never touched, and what could be a call for help passes all of it.

use std::ops::Range;
use std::time::{Duration, Instant};

/// How long work may wait without a pause before new calls are refused, unless
/// told otherwise. Queues of a moment are no overload: a busy machine, a slow start
/// or a quota of CPU keep a thread from its work now and then, and it catches up.
pub const SHED_AFTER: Duration = Duration::from_secs(1);
/// Parts of that which are enough while there is overload.
const SOONER: u32 = 5;
/// A gap between two looks counts no more than this: a thread that was kept from
/// its work was not busy.
const LONGEST_GAP: Duration = Duration::from_millis(50);
/// How often shares are reckoned.
const WINDOW: Duration = Duration::from_millis(200);
/// How long all must be well before the overload is over.
const CALM: Duration = Duration::from_secs(5);
/// What is thrown away at most, so that a lull is seen.
const LEAST_PASS: f64 = 1.0 / 4_096.0;
/// Bytes at the sockets that are a queue: what is worked off in some 50 ms, each new
/// call read standing for seven packets with the system's own share; not less than
/// a batch that is read in one go, nor more than half of a small socket's buffer.
const QUEUE: Range<usize> = 32 * 1024..192 * 1024;
const QUEUE_PER_CALL: f64 = 0.05 * CALL_WAITS;
/// How long the queue is watched before the rate of new calls is set anew; less
/// than half a second, after which calls are sent again.
const INTERVAL: Duration = Duration::from_millis(100);
/// Intervals in a row with a queue that make an overload.
const STANDING: u32 = 2;
/// Of the new calls read in an interval with a queue, the part that is let through
/// at first: the rest of each is still to come, and so is what waits.
const GUESS: f64 = 0.3;
/// What is believed to be carried is multiplied by this in an interval in which the
/// queue stands and does not shrink, ...
const LESS: f64 = 0.95;
/// ... and by this in one in which it is emptied, and what is let in is made use of: a
/// little at first, much when it has been so for long.
const MORE: [(u32, f64); 3] = [(8, 1.03), (16, 1.1), (u32::MAX, 1.3)];
/// In how many seconds a queue is to be worked off: what waits for longer is sent again.
const WORK_OFF: f64 = 0.5;
/// Bytes in the queue for each call whose packets they are.
const CALL_WAITS: f64 = 7.0 * CALL_SIZE;
/// A share that falls to less than this part of the one before is for what waits, too.
const SURGE: f64 = 0.5;
/// The part of a rate whose use says that more was offered.
const USED: f64 = 0.7;
/// New calls a second that are let through at least: two in an interval.
const LEAST_RATE: f64 = 20.0;
/// Bytes of one new call with the system's own share.
const CALL_SIZE: f64 = 1_280.0;

/// What to do with a new call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Carry it.
    Admit,
    /// Answer 503, and remember that.
    Refuse,
    /// Answer 503 and forget it.
    RefuseStateless,
}

/// The admission of one shard.
#[derive(Debug)]
pub struct Admission {
    /// How long work may wait without a pause while all is well.
    shed_after: Duration,
    /// When the shard was last seen at work or without any; `None` before.
    seen_at: Option<Instant>,
    /// How long it has worked without a pause.
    busy: Duration,
    window_at: Option<Instant>,
    /// Of this window.
    admitted: u32,
    shed: u32,
    /// Per window, smoothed.
    usual_admitted: f64,
    usual_shed: f64,
    stateless: bool,
    queue: Queue,
    /// Bytes from which on it is one.
    full: usize,
    /// New calls a second that the sockets are to let through; `None` for all.
    rate: Option<f64>,
    /// New calls a second that are believed to be carried.
    can: f64,
    /// Intervals in a row in which the queue was emptied.
    emptied: u32,
    /// Bytes that are still to be read of what had come before the sockets let less
    /// through, ...
    late: usize,
    /// ... the share of the new calls among it that is let in, ...
    late_pass: f64,
    /// ... and how near the next one is to that, from 0 to 1.
    lot: f64,
    /// New calls a second that come to the sockets, smoothed.
    offered: f64,
    /// Share of the new calls that is read at all.
    pass: f64,
    last_shed: Option<Instant>,
}

/// What was seen of the sockets in this interval.
#[derive(Debug)]
struct Queue {
    begun: Option<Instant>,
    looked_at: Option<Instant>,
    /// Of the interval, without the time this thread was kept from its work.
    watched: Duration,
    /// The fewest bytes that waited, and those of the interval before.
    least: usize,
    before: usize,
    /// The bytes that waited last, and at the end of the interval before.
    last: usize,
    before_last: usize,
    /// Intervals in a row with a queue.
    standing: u32,
    /// New ordinary calls that were read, and packets that were thrown away.
    read: u32,
    lost: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            begun: None,
            looked_at: None,
            watched: Duration::ZERO,
            least: usize::MAX,
            before: 0,
            last: 0,
            before_last: 0,
            standing: 0,
            read: 0,
            lost: 0,
        }
    }
}

impl Default for Admission {
    fn default() -> Self {
        Self::new(SHED_AFTER)
    }
}

impl Admission {
    /// Refuses new calls once work has waited for so long without a pause.
    pub fn new(shed_after: Duration) -> Self {
        Self {
            shed_after,
            seen_at: None,
            busy: Duration::ZERO,
            window_at: None,
            admitted: 0,
            shed: 0,
            usual_admitted: 0.0,
            usual_shed: 0.0,
            stateless: false,
            queue: Queue::default(),
            full: QUEUE.start,
            rate: None,
            can: 0.0,
            emptied: 0,
            late: 0,
            late_pass: 1.0,
            lot: 0.0,
            offered: 0.0,
            pass: 1.0,
            last_shed: None,
        }
    }

    /// How long work may wait now before calls are refused; twice as long before
    /// they are thrown away unread. What the sockets let through of many has been
    /// chosen already.
    fn target(&self) -> Duration {
        let sooner = self.is_overloaded() && self.rate.is_none();
        if sooner { self.shed_after / SOONER } else { self.shed_after }
    }

    /// The shard has nothing left to do at `now`.
    pub fn dry(&mut self, now: Instant) {
        self.seen_at = Some(now);
        self.busy = Duration::ZERO;
        self.queue.least = 0;
        self.queue.standing = 0;
    }

    /// At `now` so many bytes wait to be read, 0 if all has been; since the last
    /// look the sockets have thrown `lost` packets away.
    pub fn looked(&mut self, now: Instant, waiting: usize, lost: u64) {
        let q = &mut self.queue;
        let begun = *q.begun.get_or_insert(now);
        let looked_at = q.looked_at.replace(now).unwrap_or(now);
        let gap = now.saturating_duration_since(looked_at);
        q.watched += if waiting == 0 { gap } else { gap.min(LONGEST_GAP) };
        q.least = q.least.min(waiting);
        q.last = waiting;
        q.lost += lost;
        if waiting < self.full {
            self.seen_at = Some(now);
            self.busy = Duration::ZERO;
        }
        if q.watched >= INTERVAL {
            let seen = std::mem::replace(
                q,
                Queue {
                    begun: Some(now),
                    looked_at: Some(now),
                    before: q.least,
                    before_last: waiting,
                    ..Queue::default()
                },
            );
            self.steer(now, now.saturating_duration_since(begun), &seen);
        }
    }

    /// Sets the rate after an interval of `elapsed` in which this was `seen`.
    fn steer(&mut self, now: Instant, elapsed: Duration, seen: &Queue) {
        let second = elapsed.as_secs_f64();
        let read = f64::from(seen.read) / second;
        // What has come and waits was offered too.
        let grown = seen.last.saturating_sub(seen.before_last) as f64 / CALL_SIZE;
        let offered = read + (seen.lost as f64 + grown) / second;
        let stands = seen.least >= self.full;
        self.full = ((read * QUEUE_PER_CALL) as usize).clamp(QUEUE.start, QUEUE.end);
        self.queue.standing = if stands { seen.standing + 1 } else { 0 };
        self.emptied = if stands { 0 } else { self.emptied + 1 };
        // What is thrown away as soon as it is read is no work that waits.
        let waits = seen.least.saturating_sub(self.late);
        match self.rate {
            None if self.queue.standing < STANDING => return,
            None => {
                self.offered = offered;
                self.can = GUESS * read;
            }
            Some(rate) if stands => {
                // Where hardly anything is let in, the queue says nothing of what could be.
                if waits >= self.full && seen.least >= seen.before && rate > LEAST_RATE {
                    self.can *= LESS;
                }
            }
            // A rate that is not made use of says nothing.
            Some(rate) if self.pass < 1.0 && read >= USED * rate => {
                let more = MORE.iter().find(|(most, _)| self.emptied <= *most);
                self.can *= more.map_or(1.0, |(_, more)| *more);
            }
            Some(_) => {}
        }
        let excess = if self.rate.is_none() { 0 } else { waits.saturating_sub(self.full) };
        let rate = (self.can - excess as f64 / CALL_WAITS / WORK_OFF).max(LEAST_RATE);
        self.can = self.can.max(LEAST_RATE);
        // More is believed at once: what is let in now waits for long.
        self.offered = offered.max(self.offered + 0.4 * (offered - self.offered));
        self.rate = Some(rate);
        let before = self.pass;
        self.pass = (rate / self.offered.max(1.0)).clamp(LEAST_PASS, 1.0);
        if self.pass < SURGE * before {
            self.late = seen.last;
            self.late_pass = self.pass / before;
        }
        if stands || self.pass < 1.0 {
            self.last_shed = Some(now);
        }
    }

    /// How long work has waited without a pause.
    fn behind(&mut self, now: Instant) -> Duration {
        if let Some(seen) = self.seen_at {
            self.busy += now.saturating_duration_since(seen).min(LONGEST_GAP);
            self.seen_at = Some(now);
        }
        self.busy
    }

    /// A new call is there; `exempt` if it may be one for help.
    pub fn new_call(&mut self, now: Instant, exempt: bool) -> Verdict {
        self.reckon(now);
        self.queue.read += u32::from(!exempt);
        if exempt || self.behind(now) <= self.target() {
            self.admitted += 1;
            return Verdict::Admit;
        }
        self.shed(now);
        if self.stateless { Verdict::RefuseStateless } else { Verdict::Refuse }
    }

    /// A datagram was read, in the order in which they came; `ordinary` says
    /// whether it can only be a new ordinary call. Whether it is thrown away because it
    /// had come before the sockets let less through, and loses the lottery that it would
    /// have met since.
    pub fn is_late(&mut self, ordinary: impl FnOnce() -> bool) -> bool {
        if self.late == 0 {
            return false;
        }
        self.late = self.late.saturating_sub(CALL_SIZE as usize);
        if !ordinary() {
            return false;
        }
        self.lot += self.late_pass;
        if self.lot >= 1.0 {
            self.lot -= 1.0;
            return false;
        }
        self.queue.lost += 1;
        true
    }

    /// Whether packets that can only be new ordinary calls are to be thrown away
    /// unread.
    pub fn drops(&mut self, now: Instant) -> bool {
        self.behind(now) > 2 * self.target()
    }

    /// One was thrown away.
    pub fn dropped(&mut self, now: Instant) {
        self.reckon(now);
        self.queue.read += 1;
        self.shed(now);
    }

    fn shed(&mut self, now: Instant) {
        self.shed += 1;
        self.last_shed = Some(now);
    }

    /// Share of the new calls that the socket is to let through, between 0 and 1.
    pub fn pass(&self) -> f64 {
        self.pass
    }

    /// New calls were refused a moment ago.
    pub fn is_overloaded(&self) -> bool {
        self.last_shed.is_some()
    }

    /// When [`Admission::reckon`] is due, whatever comes.
    pub fn next(&self) -> Option<Instant> {
        self.is_overloaded().then_some(self.window_at? + WINDOW)
    }

    /// Ends the window if it is over.
    pub fn reckon(&mut self, now: Instant) {
        let begun = *self.window_at.get_or_insert(now);
        let elapsed = now.saturating_duration_since(begun);
        if elapsed < WINDOW {
            return;
        }
        // A thread that slept through several windows is reckoned once.
        let per_window = WINDOW.as_secs_f64() / elapsed.as_secs_f64();
        let smooth = |usual: f64, seen: u32| usual + 0.3 * (f64::from(seen) * per_window - usual);
        self.usual_admitted = smooth(self.usual_admitted, self.admitted);
        self.usual_shed = smooth(self.usual_shed, self.shed);
        let (admitted, shed) = (self.usual_admitted.max(1.0), self.usual_shed);
        self.stateless = shed > admitted;
        (self.admitted, self.shed) = (0, 0);
        self.window_at = Some(now);
        if self.pass >= 1.0
            && self.last_shed.is_some_and(|at| now.saturating_duration_since(at) > CALM)
        {
            self.last_shed = None;
            self.rate = None;
            self.late = 0;
            (self.usual_shed, self.stateless) = (0.0, false);
        }
    }
}

/// Whether these bytes can only be a new call to an ordinary number, by the
/// first bytes alone: `INVITE sip:` and at least seven digits, with or without
/// `+`. Emergency numbers are shorter, URNs are not `sip:`, and whom a re-INVITE
/// addresses is no number. What is written in another way is let through and
/// parsed.
pub fn is_ordinary_call(bytes: &[u8]) -> bool {
    let Some(user) = bytes.strip_prefix(b"INVITE sip:") else { return false };
    let user = user.strip_prefix(b"+").unwrap_or(user);
    user.len() >= LONG && user[..LONG].iter().all(u8::is_ascii_digit)
}

/// Whether these bytes begin a new call, by the first of them alone: an INVITE for a number,
/// or for a service (RFC 5031). Whom a re-INVITE addresses is no number.
pub fn opens_call(bytes: &[u8]) -> bool {
    let Some(uri) = bytes.strip_prefix(b"INVITE ") else { return false };
    let Some(user) = uri.strip_prefix(b"sip:") else { return uri.starts_with(b"urn:service:") };
    let user = user.strip_prefix(b"+").unwrap_or(user);
    let digits = user.iter().take_while(|b| b.is_ascii_digit()).count();
    digits > 0 && user.get(digits) == Some(&b'@')
}

/// Digits that no emergency number has.
pub const LONG: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;

    #[test]
    fn new_calls_are_told_by_their_first_bytes() {
        for (text, expect) in [
            ("INVITE sip:+4930123456@a SIP/2.0\r\n", true),
            ("INVITE sip:112@a SIP/2.0\r\n", true),
            ("INVITE urn:service:sos SIP/2.0\r\n", true),
            ("INVITE sip:12ab@a SIP/2.0\r\n", false),
            ("INVITE sip:@a SIP/2.0\r\n", false),
            ("INVITE sip:+@a SIP/2.0\r\n", false),
            ("INVITE sip:123", false),
            ("ACK sip:112@a SIP/2.0\r\n", false),
            ("SIP/2.0 200 OK\r\n", false),
            ("", false),
        ] {
            assert_eq!(opens_call(text.as_bytes()), expect, "{text}");
        }
    }

    use std::collections::{BinaryHeap, VecDeque};

    /// A call costs 2.5 ms in all: 400 a second can be carried.
    const INVITE: Duration = Duration::from_micros(900);
    const REST: Duration = Duration::from_micros(1_600);
    /// What a repeat of a call under way costs, or a refusal.
    const LITTLE: Duration = Duration::from_micros(100);
    /// What it costs to throw a packet away that was read.
    const THROWN: Duration = Duration::from_micros(10);
    /// Bytes of a packet with the system's share, and of a socket's buffer.
    const PACKET: usize = 1_280;
    const BUFFER: usize = 8 << 20;

    /// A thread, its socket, and callers that repeat their calls.
    struct Line {
        a: Admission,
        start: Instant,
        now: Instant,
        /// What waits: a call, and whether that is its INVITE.
        queue: VecDeque<(usize, bool)>,
        /// What comes when.
        coming: BinaryHeap<Reverse<(Instant, usize, u32)>>,
        /// Of each call: taken by the thread, or refused.
        done: Vec<bool>,
        carried: u32,
        help_lost: u32,
        random: u64,
        lost: u64,
        looked: Instant,
    }

    impl Line {
        fn new() -> Self {
            let start = Instant::now();
            let mut a = Admission::default();
            a.dry(start);
            Self {
                a,
                start,
                now: start,
                queue: VecDeque::new(),
                coming: BinaryHeap::new(),
                done: Vec::new(),
                carried: 0,
                help_lost: 0,
                random: 7,
                lost: 0,
                looked: start,
            }
        }

        fn help(call: usize) -> bool {
            call.is_multiple_of(400)
        }

        /// Packets that come until `now` pass the filter or not.
        fn arrive(&mut self) {
            while let Some(&Reverse((at, call, sends))) = self.coming.peek()
                && at <= self.now
            {
                self.coming.pop();
                if self.done[call] {
                    continue;
                }
                if sends == 7 {
                    self.help_lost += u32::from(Self::help(call));
                    continue;
                }
                let wait = Duration::from_millis(500) * 2u32.pow(sends);
                self.coming.push(Reverse((at + wait, call, sends + 1)));
                self.random ^= self.random << 13;
                self.random ^= self.random >> 7;
                self.random ^= self.random << 17;
                let lot = (self.random >> 11) as f64 / (1u64 << 53) as f64;
                let passes = Self::help(call) || lot < self.a.pass();
                if passes && self.queue.len() * PACKET < BUFFER {
                    self.queue.push_back((call, true));
                } else {
                    self.lost += 1;
                }
            }
        }

        /// `rate` calls a second for `seconds`; returns those carried a second.
        fn offer(&mut self, rate: f64, seconds: f64) -> f64 {
            let (begun, before) = (self.now, self.carried);
            for n in 0..(rate * seconds) as u32 {
                let at = begun + Duration::from_secs_f64(f64::from(n) / rate);
                self.coming.push(Reverse((at, self.done.len(), 0)));
                self.done.push(false);
            }
            let end = begun + Duration::from_secs_f64(seconds);
            while self.now < end {
                self.arrive();
                let Some((call, invite)) = self.queue.pop_front() else {
                    self.a.dry(self.now);
                    let next = self.coming.peek().map_or(end, |Reverse((at, ..))| *at);
                    let next = next.min(self.looked + Duration::from_millis(5)).min(end);
                    self.now = next.max(self.now + Duration::from_micros(10));
                    self.a.dry(self.now);
                    self.look();
                    continue;
                };
                let help = Self::help(call);
                if !invite {
                    self.now += REST;
                    self.carried += 1;
                } else if self.a.is_late(|| !help) {
                    self.now += THROWN;
                } else if self.done[call] {
                    self.now += LITTLE;
                } else if !help && self.a.drops(self.now) {
                    self.a.dropped(self.now);
                } else {
                    self.done[call] = true;
                    match self.a.new_call(self.now, help) {
                        Verdict::Admit => {
                            self.now += INVITE;
                            self.queue.push_back((call, false));
                        }
                        _ => {
                            self.now += LITTLE;
                            self.help_lost += u32::from(help);
                        }
                    }
                }
                self.look();
            }
            f64::from(self.carried - before) / seconds
        }

        fn look(&mut self) {
            if self.now >= self.looked + Duration::from_millis(5) {
                self.looked = self.now;
                self.arrive();
                let waiting = self.queue.len() * PACKET;
                self.a.looked(self.now, waiting, std::mem::take(&mut self.lost));
            }
        }
    }

    #[test]
    fn nothing_is_refused_below_capacity() {
        for rate in [1.0, 100.0, 380.0] {
            let mut line = Line::new();
            let carried = line.offer(rate, 20.0);
            assert!((carried - rate).abs() <= 1.0, "{carried} of {rate}");
            assert!(!line.a.is_overloaded(), "{rate}");
        }
    }

    #[test]
    fn ten_times_the_capacity_and_all_repeats_cost_little_of_it() {
        for (rate, settled) in [(800.0, 3), (4_000.0, 4), (12_000.0, 8)] {
            let mut line = Line::new();
            line.offer(200.0, 2.0);
            line.offer(rate, f64::from(settled));
            for second in settled..12 {
                let carried = line.offer(rate, 1.0);
                assert!(carried >= 300.0, "{carried} of {rate} in second {second}");
            }
            let carried = line.offer(rate, 10.0);
            assert!(carried >= 360.0, "{carried} of {rate}");
            assert_eq!(line.help_lost, 0, "no call for help is lost");
            assert!(line.a.is_overloaded());
            let waits = line.queue.len();
            assert!(waits < 400, "{waits} packets wait: no longer than a repeat takes");
        }
    }

    #[test]
    fn what_came_at_first_is_not_worked_off() {
        let mut line = Line::new();
        line.offer(200.0, 2.0);
        line.offer(12_000.0, 2.0);
        let carried = line.offer(12_000.0, 2.0);
        assert!(carried >= 300.0, "{carried} in the third and fourth second");
        assert_eq!(line.help_lost, 0, "no call for help is lost");
    }

    #[test]
    fn after_the_flood_every_call_is_taken_again() {
        let mut line = Line::new();
        line.offer(4_000.0, 10.0);
        assert!(line.a.pass() < 0.2, "most are thrown away by now: {}", line.a.pass());
        line.coming.clear();
        line.offer(100.0, 2.0);
        assert_eq!(line.a.pass(), 1.0);
        let carried = line.offer(100.0, 10.0);
        assert!((carried - 100.0).abs() <= 1.0, "{carried}");
        while let Some(next) = line.a.next() {
            assert!(next > line.now, "time moves on");
            line.now = next;
            line.a.dry(next);
            line.a.reckon(next);
        }
        assert!(!line.a.is_overloaded(), "{:?}", line.now - line.start);
    }

    #[test]
    fn a_queue_that_a_pause_has_left_sheds_nothing() {
        let mut line = Line::new();
        line.offer(100.0, 5.0);
        for _ in 0..100 {
            line.queue.push_back((0, true));
        }
        line.done[0] = true;
        line.now += Duration::from_secs(2);
        let carried = line.offer(100.0, 5.0);
        assert!((carried - 100.0).abs() <= 1.0, "{carried}");
        assert!(!line.a.is_overloaded());
    }

    #[test]
    fn a_pause_of_the_machine_is_no_overload() {
        let start = Instant::now();
        let mut a = Admission::default();
        a.dry(start);
        // It slept for two seconds, and finds a hundred calls, each its own work.
        let mut now = start + Duration::from_secs(2);
        for _ in 0..100 {
            assert_eq!(a.new_call(now, false), Verdict::Admit);
            now += Duration::from_millis(2);
        }
        a.dry(now);
        assert!(!a.is_overloaded());
    }

    #[test]
    fn only_what_can_be_nothing_else_is_thrown_away_unread() {
        for (text, ordinary) in [
            ("INVITE sip:+442079460001@h SIP/2.0\r\n", true),
            ("INVITE sip:02079460001@h SIP/2.0\r\n", true),
            ("INVITE sip:112@h SIP/2.0\r\n", false),
            ("INVITE sip:+112@h SIP/2.0\r\n", false),
            ("INVITE sip:90000;phone-context=+46@h SIP/2.0\r\n", false),
            ("INVITE sip:1-1-2@h SIP/2.0\r\n", false),
            ("INVITE urn:service:sos SIP/2.0\r\n", false),
            ("INVITE tel:112 SIP/2.0\r\n", false),
            ("INVITE sip:1AbCdEfGhIjKlMnOp@h SIP/2.0\r\n", false),
            ("BYE sip:+442079460001@h SIP/2.0\r\n", false),
            ("SIP/2.0 200 OK\r\n", false),
            ("INVITE sip:+4420", false),
            ("", false),
        ] {
            assert_eq!(is_ordinary_call(text.as_bytes()), ordinary, "{text}");
        }
    }
}
