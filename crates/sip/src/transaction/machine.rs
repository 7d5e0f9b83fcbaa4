//! The four transactions of RFC 3261 section 17 with the Accepted state of RFC
//! 6026, as data: inputs and instants in, an action out. They hold no bytes.

use std::time::{Duration, Instant};

/// Timer bases of RFC 3261 table 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip estimate, 500 ms.
    pub t1: Duration,
    /// Longest interval between retransmissions, 4 s.
    pub t2: Duration,
    /// Longest life of a message in the network, 5 s.
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

/// The same in a quarter of the memory: a transaction lives on for half a minute.
#[derive(Debug, Clone, Copy)]
struct Bases {
    t1_us: u32,
    t2_us: u32,
    t4_us: u32,
}

impl From<Timers> for Bases {
    fn from(timers: Timers) -> Self {
        let us = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        Self { t1_us: us(timers.t1), t2_us: us(timers.t2), t4_us: us(timers.t4) }
    }
}

impl Bases {
    fn t1(&self) -> Duration {
        Duration::from_micros(self.t1_us.into())
    }

    fn t2(&self) -> Duration {
        Duration::from_micros(self.t2_us.into())
    }

    fn t4(&self) -> Duration {
        Duration::from_micros(self.t4_us.into())
    }

    fn whole(&self) -> Duration {
        self.t1() * 64
    }
}

impl Timers {
    /// 64 T1: how long a transaction is tried or kept (timers B, F, H, J, L, M).
    pub fn whole(&self) -> Duration {
        self.t1 * 64
    }
}

/// Whether the transport itself delivers (TCP, TLS) or may lose (UDP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliability {
    /// TCP, TLS: nothing is retransmitted.
    Reliable,
    /// UDP.
    Unreliable,
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Client: sent, nothing heard (`Calling`, `Trying`). Server: nothing answered.
    Trying,
    /// A provisional response passed.
    Proceeding,
    /// A final response passed; the state stays to absorb retransmissions.
    Completed,
    /// INVITE server: the ACK came.
    Confirmed,
    /// INVITE only: a 2xx passed, and more of them may (RFC 6026).
    Accepted,
    /// Over.
    Terminated,
}

/// What to do when a deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerAction {
    /// Nothing was due.
    Nothing,
    /// Send the retained bytes again.
    Retransmit,
    /// Nobody answered (client), or no ACK came (server); the transaction is over.
    TimedOut,
    /// The transaction ran its course and is over.
    Ended,
}

/// What to do with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseAction {
    /// A retransmission or out of place: drop it.
    Drop,
    /// Show it to the user of the transaction.
    Deliver,
    /// Show it and acknowledge it (first final response that is not 2xx).
    DeliverAndAck,
    /// A repeated final response: acknowledge it again and drop it.
    AckAgain,
}

#[derive(Debug, Clone, Copy)]
struct Retransmission {
    at: Option<Instant>,
    interval: Duration,
}

impl Retransmission {
    fn start(reliability: Reliability, now: Instant, first: Duration) -> Self {
        let at = (reliability == Reliability::Unreliable).then(|| now + first);
        Self { at, interval: first }
    }

    const STOPPED: Self = Self { at: None, interval: Duration::ZERO };

    fn due(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    fn next(&mut self, now: Instant, cap: Duration) {
        self.interval = (self.interval * 2).min(cap);
        self.at = Some(now + self.interval);
    }
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// How long a state that only absorbs retransmissions lasts.
fn linger(reliability: Reliability, unreliable: Duration) -> Duration {
    match reliability {
        Reliability::Reliable => Duration::ZERO,
        Reliability::Unreliable => unreliable,
    }
}

/// INVITE client transaction (RFC 3261 section 17.1.1, RFC 6026 section 8.4).
#[derive(Debug, Clone)]
pub struct InviteClient {
    state: State,
    timers: Bases,
    reliability: Reliability,
    resend: Retransmission,
    expires: Option<Instant>,
}

impl InviteClient {
    /// The INVITE is being sent now.
    pub fn new(timers: Timers, reliability: Reliability, now: Instant) -> Self {
        Self {
            state: State::Trying,
            timers: timers.into(),
            reliability,
            resend: Retransmission::start(reliability, now, timers.t1),
            expires: Some(now + timers.whole()),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// A response with this status arrived.
    pub fn handle_response(&mut self, status: u16, now: Instant) -> ResponseAction {
        match (self.state, status) {
            (State::Trying | State::Proceeding, 100..=199) => {
                if self.state == State::Trying {
                    self.state = State::Proceeding;
                    self.expires = None;
                }
                self.resend = Retransmission::STOPPED;
                ResponseAction::Deliver
            }
            (State::Trying | State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.resend = Retransmission::STOPPED;
                self.expires = Some(now + self.timers.whole());
                ResponseAction::Deliver
            }
            (State::Trying | State::Proceeding, _) => {
                self.state = State::Completed;
                self.resend = Retransmission::STOPPED;
                // Timer D: at least 32 s over UDP, whatever T1 is.
                let wait = self.timers.whole().max(Duration::from_secs(32));
                self.expires = Some(now + linger(self.reliability, wait));
                ResponseAction::DeliverAndAck
            }
            (State::Accepted, 200..=299) => ResponseAction::Deliver,
            (State::Completed, 300..=699) => ResponseAction::AckAgain,
            _ => ResponseAction::Drop,
        }
    }

    /// A CANCEL for it was sent: if no final response comes within 64 T1 it counts
    /// as cancelled (RFC 3261 section 9.1).
    pub fn handle_cancelled(&mut self, now: Instant) {
        if matches!(self.state, State::Trying | State::Proceeding) {
            self.expires = Some(now + self.timers.whole());
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        earliest(self.resend.at, self.expires)
    }

    /// Time has reached `now`.
    pub fn handle_timeout(&mut self, now: Instant) -> TimerAction {
        if self.expires.is_some_and(|at| at <= now) {
            let waiting = matches!(self.state, State::Trying | State::Proceeding);
            self.state = State::Terminated;
            self.expires = None;
            self.resend = Retransmission::STOPPED;
            return if waiting { TimerAction::TimedOut } else { TimerAction::Ended };
        }
        if self.resend.due(now) {
            // Timer A doubles without a cap.
            self.resend.next(now, Duration::MAX);
            return TimerAction::Retransmit;
        }
        TimerAction::Nothing
    }
}

/// Client transaction of any other method (RFC 3261 section 17.1.2).
#[derive(Debug, Clone)]
pub struct NonInviteClient {
    state: State,
    timers: Bases,
    reliability: Reliability,
    resend: Retransmission,
    expires: Option<Instant>,
}

impl NonInviteClient {
    /// The request is being sent now.
    pub fn new(timers: Timers, reliability: Reliability, now: Instant) -> Self {
        Self {
            state: State::Trying,
            timers: timers.into(),
            reliability,
            resend: Retransmission::start(reliability, now, timers.t1),
            expires: Some(now + timers.whole()),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// A response with this status arrived.
    pub fn handle_response(&mut self, status: u16, now: Instant) -> ResponseAction {
        match (self.state, status) {
            (State::Trying | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                if self.resend.at.is_some() {
                    self.resend.interval = self.timers.t2();
                }
                ResponseAction::Deliver
            }
            (State::Trying | State::Proceeding, _) => {
                self.state = State::Completed;
                self.resend = Retransmission::STOPPED;
                self.expires = Some(now + linger(self.reliability, self.timers.t4()));
                ResponseAction::Deliver
            }
            _ => ResponseAction::Drop,
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        earliest(self.resend.at, self.expires)
    }

    /// Time has reached `now`.
    pub fn handle_timeout(&mut self, now: Instant) -> TimerAction {
        if self.expires.is_some_and(|at| at <= now) {
            let waiting = self.state != State::Completed;
            self.state = State::Terminated;
            self.expires = None;
            self.resend = Retransmission::STOPPED;
            return if waiting { TimerAction::TimedOut } else { TimerAction::Ended };
        }
        if self.resend.due(now) {
            self.resend.next(now, self.timers.t2());
            return TimerAction::Retransmit;
        }
        TimerAction::Nothing
    }
}

/// A response that does not fit the state of its server transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseRefused;

/// What an ACK does to an INVITE server transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckAction {
    /// It confirms a non-2xx for the first time.
    Confirmed,
    /// It repeats, or nothing was answered yet: drop it.
    Absorb,
    /// It answers a 2xx and belongs to the dialog.
    Deliver,
}

/// INVITE server transaction (RFC 3261 section 17.2.1, RFC 6026 section 7.1).
#[derive(Debug, Clone)]
pub struct InviteServer {
    state: State,
    timers: Bases,
    reliability: Reliability,
    retransmit_2xx: bool,
    unacked_2xx: bool,
    resend: Retransmission,
    expires: Option<Instant>,
}

impl InviteServer {
    /// An INVITE arrived. With `retransmit_2xx` the transaction repeats a 2xx until
    /// [`handle_ack_2xx`](Self::handle_ack_2xx), as a UAS core must (RFC 3261
    /// section 13.3.1.4); without, each 2xx is the caller's to pass on.
    pub fn new(timers: Timers, reliability: Reliability, retransmit_2xx: bool) -> Self {
        Self {
            state: State::Proceeding,
            timers: timers.into(),
            reliability,
            retransmit_2xx,
            unacked_2xx: false,
            resend: Retransmission::STOPPED,
            expires: None,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The INVITE came again: `true` if the retained response is to be sent again.
    pub fn handle_retransmission(&self) -> bool {
        matches!(self.state, State::Proceeding | State::Completed)
    }

    /// The user of the transaction sends a response with this status.
    ///
    /// # Errors
    /// [`ResponseRefused`] after a final response, except a 2xx after a 2xx.
    pub fn handle_send(&mut self, status: u16, now: Instant) -> Result<(), ResponseRefused> {
        match (self.state, status) {
            (State::Proceeding, 100..=199) | (State::Accepted, 200..=299) => Ok(()),
            (State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.expires = Some(now + self.timers.whole());
                if self.retransmit_2xx {
                    self.unacked_2xx = true;
                    // The 2xx is repeated over TCP too: hops behind may lose it.
                    self.resend =
                        Retransmission::start(Reliability::Unreliable, now, self.timers.t1());
                }
                Ok(())
            }
            (State::Proceeding, 300..=699) => {
                self.state = State::Completed;
                self.resend = Retransmission::start(self.reliability, now, self.timers.t1());
                self.expires = Some(now + self.timers.whole());
                Ok(())
            }
            _ => Err(ResponseRefused),
        }
    }

    /// An ACK with the branch of the INVITE arrived.
    pub fn handle_ack(&mut self, now: Instant) -> AckAction {
        match self.state {
            State::Completed => {
                self.state = State::Confirmed;
                self.resend = Retransmission::STOPPED;
                self.expires = Some(now + linger(self.reliability, self.timers.t4()));
                AckAction::Confirmed
            }
            State::Accepted => {
                self.handle_ack_2xx();
                AckAction::Deliver
            }
            _ => AckAction::Absorb,
        }
    }

    /// The dialog saw the ACK to the 2xx (it has a branch of its own): stop
    /// repeating it.
    pub fn handle_ack_2xx(&mut self) {
        if self.state == State::Accepted {
            self.resend = Retransmission::STOPPED;
            self.unacked_2xx = false;
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        earliest(self.resend.at, self.expires)
    }

    /// Time has reached `now`.
    pub fn handle_timeout(&mut self, now: Instant) -> TimerAction {
        if self.expires.is_some_and(|at| at <= now) {
            let unacked = self.state == State::Completed || self.unacked_2xx;
            self.state = State::Terminated;
            self.expires = None;
            self.resend = Retransmission::STOPPED;
            return if unacked { TimerAction::TimedOut } else { TimerAction::Ended };
        }
        if self.resend.due(now) {
            self.resend.next(now, self.timers.t2());
            return TimerAction::Retransmit;
        }
        TimerAction::Nothing
    }
}

/// Server transaction of any other method (RFC 3261 section 17.2.2).
#[derive(Debug, Clone)]
pub struct NonInviteServer {
    state: State,
    timers: Bases,
    reliability: Reliability,
    expires: Option<Instant>,
}

impl NonInviteServer {
    /// A request arrived.
    pub fn new(timers: Timers, reliability: Reliability) -> Self {
        Self { state: State::Trying, timers: timers.into(), reliability, expires: None }
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The request came again: `true` if the retained response is to be sent again.
    pub fn handle_retransmission(&self) -> bool {
        matches!(self.state, State::Proceeding | State::Completed)
    }

    /// The user of the transaction sends a response with this status.
    ///
    /// # Errors
    /// [`ResponseRefused`] after a final response.
    pub fn handle_send(&mut self, status: u16, now: Instant) -> Result<(), ResponseRefused> {
        match (self.state, status) {
            (State::Trying | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                Ok(())
            }
            (State::Trying | State::Proceeding, _) => {
                self.state = State::Completed;
                self.expires = Some(now + linger(self.reliability, self.timers.whole()));
                Ok(())
            }
            _ => Err(ResponseRefused),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.expires
    }

    /// Time has reached `now`.
    pub fn handle_timeout(&mut self, now: Instant) -> TimerAction {
        if self.expires.is_some_and(|at| at <= now) {
            self.state = State::Terminated;
            self.expires = None;
            return TimerAction::Ended;
        }
        TimerAction::Nothing
    }
}
