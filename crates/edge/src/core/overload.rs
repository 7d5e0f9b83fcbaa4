//! Where admission meets the calls: refusing, dropping, and saying so.

use super::admission::{Admission, Verdict, is_ordinary_call};
use super::{Core, Incoming, Moment, Who, count};
use crate::alarm::AlarmKind;
use crate::outbox::Outbox;
use crate::peer::Peer;
use domain::emergency;
use feed::record::Transport;
use feed::snapshot::Snapshot;
use sip::HeaderName;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The admission of a core, and whether it has said that it is overloaded.
#[derive(Debug)]
pub(super) struct Gate {
    admission: Admission,
    said: bool,
}

impl Gate {
    pub fn new(shed_after: Duration) -> Self {
        Self { admission: Admission::new(shed_after), said: false }
    }

    /// An overload that was told of is to be taken back by whoever goes on.
    pub fn inherit(&mut self, other: &Self) {
        self.said |= other.said;
    }

    pub fn next(&self) -> Option<Instant> {
        self.admission.next()
    }
}

impl Core {
    /// The shard has nothing left to do: what the admission of new calls is
    /// measured by.
    pub fn dry(&mut self, now: Instant) {
        self.admission.admission.dry(now);
    }

    /// At `at` so many bytes wait at the shard's sockets, and they have thrown so
    /// many packets away since the last look.
    pub fn looked(&mut self, at: Moment, waiting: usize, lost: u64) {
        let admission = &mut self.admission.admission;
        if admission.pass() < 1.0 {
            self.shared.stats.dropped.fetch_add(lost, Ordering::Relaxed);
        }
        admission.looked(at.now, waiting, lost);
        if admission.pass() < 1.0 {
            self.say_overload(at);
        }
    }

    /// Share of new ordinary calls that the shard's sockets are to let through.
    pub fn pass(&self) -> f64 {
        self.admission.admission.pass()
    }

    /// Throws a packet away unread, if that is what is left to do.
    pub(super) fn thrown_away(&mut self, at: Moment, from: Peer, bytes: &[u8]) -> bool {
        let admission = &mut self.admission.admission;
        // What waited was datagrams, and nobody repeats what came by a connection.
        if from.transport == Transport::Udp && admission.is_late(|| is_ordinary_call(bytes)) {
            count(&self.shared.stats.dropped);
            return true;
        }
        if !admission.drops(at.now) || !is_ordinary_call(bytes) {
            return false;
        }
        admission.dropped(at.now);
        count(&self.shared.stats.dropped);
        true
    }

    /// Whether a new call may come in; if not, it has been refused. What could be
    /// a call for help anywhere is never refused.
    pub(super) fn admits(&mut self, r: &Incoming<'_>, world: &Snapshot, out: &mut Outbox) -> bool {
        let may = |user: &str| emergency::may_become(user) || world.is_dial_string(user);
        let exempt = || match r.m.parsed_request_uri() {
            Some(uri) => match uri.user_number() {
                Some(number) => may(number.as_str()),
                None => uri.as_sip().is_none_or(|sip| {
                    sip.user.and_then(|user| std::str::from_utf8(user).ok()).is_some_and(may)
                }),
            },
            None => true,
        };
        let exempt = exempt();
        if !exempt && self.shared.serving.is_draining() {
            self.refuse(r, 503, out);
            return false;
        }
        let mut verdict = self.admission.admission.new_call(r.at.now, exempt);
        if !exempt && self.is_crowded() {
            // A refusal that is remembered takes a transaction as well.
            verdict = Verdict::RefuseStateless;
        }
        if verdict == Verdict::Admit {
            return true;
        }
        count(&self.shared.stats.shed);
        self.say_overload(r.at);
        if verdict == Verdict::RefuseStateless || r.who == Who::Stranger {
            self.refuse(r, 503, out);
        } else if let Some(tx) = self.begin(r, out) {
            let tag = self.random.tag();
            let wait = self.retry_after();
            let _ = self.layer.reply(r.at.now, tx, 503, Some(&tag), out, |b| {
                b.header_fmt(HeaderName::RetryAfter, format_args!("{wait}")).finish();
            });
        }
        false
    }

    /// Whether what is left of the transactions is kept for help and for calls that
    /// are carried already.
    pub(super) fn is_crowded(&self) -> bool {
        self.layer.len() >= self.config.max_transactions - self.config.max_transactions / 5
    }

    /// Seconds after which a refused caller may ask again; spread, so that they do
    /// not come back all at once.
    pub(super) fn retry_after(&mut self) -> u64 {
        2 + self.random.next() % 9
    }

    pub(super) fn reckon_admission(&mut self, at: Moment) {
        let gate = &mut self.admission;
        gate.admission.reckon(at.now);
        if gate.said && !gate.admission.is_overloaded() {
            gate.said = false;
            let bit = self.shard_bit();
            if self.shared.stats.overloaded.fetch_and(!bit, Ordering::Relaxed) == bit {
                let edge = self.config.edge.0.to_string();
                self.shared.alarms.clear(AlarmKind::Overload, &edge, at.wall_us);
            }
        }
    }

    fn say_overload(&mut self, at: Moment) {
        if !std::mem::replace(&mut self.admission.said, true) {
            let bit = self.shard_bit();
            self.shared.stats.overloaded.fetch_or(bit, Ordering::Relaxed);
            let detail = "new calls are refused with 503; calls for help are carried";
            let edge = self.config.edge.0.to_string();
            self.shared.alarms.raise(AlarmKind::Overload, &edge, detail, at.wall_us);
        }
    }

    fn shard_bit(&self) -> u64 {
        1 << (self.config.shard.0 % 64)
    }
}
