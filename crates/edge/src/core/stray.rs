//! Packets of transactions that another edge owns: an address has moved, or the
//! phone's connection is at the other edge.

use super::{Core, Incoming, Moment, Who};
use crate::outbox::Outbox;
use crate::overflow::{Overflow, RecordId};
use crate::peer::Peer;
use domain::CdrId;
use feed::snapshot::Snapshot;
use sip::Method;
use std::sync::atomic::Ordering;

/// What is known of the packet being worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stray {
    /// Nothing yet.
    #[default]
    No,
    /// It came to a sibling, which has asked here: siblings are not asked again.
    Asked,
    /// Its transaction is not known here, but may be to a sibling.
    Ask,
}

impl Core {
    /// As [`Core::handle_packet`], for what came to a sibling that does not know
    /// its transaction.
    pub fn handle_stray(
        &mut self,
        at: Moment,
        from: Peer,
        bytes: &[u8],
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        self.stray = Stray::Asked;
        self.handle_packet(at, from, bytes, world, out);
        self.stray = Stray::No;
    }

    /// Whether siblings are to be asked about the packet worked on last.
    pub fn take_stray(&mut self) -> bool {
        std::mem::take(&mut self.stray) == Stray::Ask
    }

    /// A sibling carried the end of this call, and has written it down.
    pub fn ended_elsewhere(&mut self, at: Moment, cdr: CdrId, out: &mut Outbox) {
        if let Some(live) = self.live.remove(&cdr) {
            self.shared.stats.live.fetch_sub(1, Ordering::Relaxed);
            self.forget_records(&live.records, at.wall_us, out);
        }
    }

    fn may_ask(&self) -> bool {
        self.stray != Stray::Asked && self.shared.serving.siblings() > 0
    }

    /// A response or an ACK that belongs to nothing here.
    pub(super) fn belongs_elsewhere(&mut self, from: Peer, world: &Snapshot) {
        if self.may_ask() && self.recognise(from.addr, world) != Who::Stranger {
            self.stray = Stray::Ask;
        }
    }

    /// A CANCEL of nothing known here: a sibling that knows its call answers, and
    /// says so. If none does in time this edge denies it.
    pub(super) fn cancels_nothing(&mut self, r: &Incoming<'_>, out: &mut Outbox) {
        if r.who == Who::Stranger || !self.may_ask() {
            if self.stray != Stray::Asked {
                self.refuse(r, 481, out);
            }
            return;
        }
        self.stray = Stray::Ask;
        let mark = out.mark();
        self.refuse(r, 481, out);
        self.deny_late(r.at, mark, cancel_id(r), out);
    }

    /// A CANCEL that a sibling has asked about is of a call here.
    pub(super) fn claim(&mut self, r: &Incoming<'_>, out: &mut Outbox) {
        if self.stray == Stray::Asked && r.m.method() == Method::Cancel {
            out.claimed.push(cancel_id(r));
        }
    }
}

fn cancel_id(r: &Incoming<'_>) -> RecordId {
    Overflow::id(r.m.call_id(), r.m.from_tag().unwrap_or_default(), b"CANCEL")
}
