//! What to do with a new call when more is offered than one thread can carry.
//!
//! The measure is how long the shard has found work waiting without a pause: a
//! shard that keeps up runs dry many times a second, one that is overloaded
//! never does. Once that has lasted for [`SHED_AFTER`] new calls are refused,
//! which costs a small part of what a call costs, so that the thread runs dry
//! again; calls under way are never touched. From then on until the overload is
//! over a fifth of that time is enough: what waits longer than half a second is
//! sent again, and carrying it twice is what makes goodput collapse. No rate is
//! configured: the limit is what the machine can do (RFC 7339 section 3, the
//! receiver's side; RFC 5390 REQ 1, 13).
//!
//! Refusals cost too. Beyond twice what is admitted they are made without a
//! transaction; beyond three times a share of the new calls is thrown away
//! before parsing, by a filter of the socket where the system has one. What
//! could be a call for help passes all of it.

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
const LEAST_PASS: f64 = 1.0 / 512.0;
/// Refusals in one window that are no overload yet to speak of.
const A_FEW: f64 = 20.0;

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
    /// Share of the new calls that is read at all.
    pass: f64,
    last_shed: Option<Instant>,
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
            pass: 1.0,
            last_shed: None,
        }
    }

    /// How long work may wait now before calls are refused; twice as long before
    /// they are thrown away unread.
    fn target(&self) -> Duration {
        if self.is_overloaded() { self.shed_after / SOONER } else { self.shed_after }
    }

    /// The shard has nothing left to do at `now`.
    pub fn dry(&mut self, now: Instant) {
        self.seen_at = Some(now);
        self.busy = Duration::ZERO;
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
        if exempt || self.behind(now) <= self.target() {
            self.admitted += 1;
            return Verdict::Admit;
        }
        self.shed(now);
        if self.stateless { Verdict::RefuseStateless } else { Verdict::Refuse }
    }

    /// Whether packets that can only be new ordinary calls are to be thrown away
    /// unread.
    pub fn drops(&mut self, now: Instant) -> bool {
        self.behind(now) > 2 * self.target()
    }

    /// One was thrown away.
    pub fn dropped(&mut self, now: Instant) {
        self.reckon(now);
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
        if self.pass < 1.0 || (shed > 2.0 * admitted && shed > A_FEW) {
            // Half as many refused as carried: enough to see that more is offered
            // than can be carried, and cheap.
            let wanted = 1.5 * admitted / (admitted + shed);
            let step = if self.shed == 0 { 1.25 } else { wanted.clamp(0.5, 1.25) };
            self.pass = (self.pass * step).max(LEAST_PASS);
            if self.pass > 0.95 {
                self.pass = 1.0;
            }
        }
        (self.admitted, self.shed) = (0, 0);
        self.window_at = Some(now);
        if self.pass >= 1.0
            && self.last_shed.is_some_and(|at| now.saturating_duration_since(at) > CALM)
        {
            self.last_shed = None;
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

/// Digits that no emergency number has.
pub const LONG: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Duration = Duration::from_micros(2_500);

    /// A thread that carries 400 calls a second, and refuses at a twentieth of
    /// their cost, is offered `rate` calls a second for `seconds`, every 400th of
    /// them for help. Returns calls carried per second, calls for help lost, and
    /// the admission.
    fn offer(rate: f64, seconds: f64) -> (f64, u32, Admission, Instant) {
        let start = Instant::now();
        let mut a = Admission::default();
        a.dry(start);
        let (mut now, mut carried, mut lost) = (start, 0u32, 0u32);
        let mut random = 7u64;
        let mut due = start;
        let mut n = 0u64;
        let end = start + Duration::from_secs_f64(seconds);
        while now < end {
            if due > now {
                now = due;
                a.dry(now);
            }
            n += 1;
            due += Duration::from_secs_f64(1.0 / rate);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let help = n.is_multiple_of(400);
            if !help && (random >> 11) as f64 / (1u64 << 53) as f64 >= a.pass() {
                continue;
            }
            if !help && a.drops(now) {
                a.dropped(now);
                continue;
            }
            match a.new_call(now, help) {
                Verdict::Admit => {
                    carried += 1;
                    now += CALL;
                }
                _ if help => lost += 1,
                _ => now += CALL / 20,
            }
        }
        (f64::from(carried) / seconds, lost, a, now)
    }

    #[test]
    fn nothing_is_refused_below_capacity() {
        for rate in [1.0, 100.0, 390.0] {
            let (carried, _, a, _) = offer(rate, 20.0);
            assert!((carried - rate).abs() <= 1.0, "{carried} of {rate}");
            assert!(!a.is_overloaded(), "{rate}");
        }
    }

    #[test]
    fn ten_and_a_hundred_times_the_capacity_cost_little_of_it() {
        for (rate, least) in [(800.0, 350.0), (4_000.0, 350.0), (40_000.0, 330.0)] {
            let (carried, lost, a, _) = offer(rate, 20.0);
            assert!(carried >= least, "{carried} of {rate}");
            assert_eq!(lost, 0, "no call for help is refused");
            assert!(a.is_overloaded());
        }
    }

    #[test]
    fn after_the_flood_every_call_is_taken_again() {
        let (_, _, mut a, mut now) = offer(40_000.0, 10.0);
        assert!(a.pass() < 0.2, "most are thrown away by now: {}", a.pass());
        while let Some(next) = a.next() {
            assert!(next > now, "time moves on");
            now = next;
            a.dry(now);
            a.reckon(now);
        }
        assert_eq!(a.pass(), 1.0);
        assert_eq!(a.new_call(now, false), Verdict::Admit);
        assert!(!a.is_overloaded());
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
