//! The Contact that carries a seal, and what happens when the peer takes no URI
//! that long: a dialog record, and a message that waits for its copy.

use super::dialog::Party;
use super::write::transport_param;
use super::{Core, Moment, Scratch};
use crate::outbox::Outbox;
use crate::overflow::{Overflow, OverflowCopy, RecordId};
use crate::peer::Peer;
use domain::CdrId;
use feed::snapshot::Snapshot;
use sip::Message;
use std::time::{Duration, Instant};

/// Stands for a payload in the id of a kept route set.
const ROUTES: &[u8] = b"routes";
/// Longest URI a phone is expected to take; they do not say.
const PHONE_MAX_URI: usize = 512;
/// How long a message waits for the copy of its record.
const COPY_WAIT: Duration = Duration::from_millis(100);
/// Records of a call that nobody ends are kept for so much longer than the call
/// is taken to last.
const RECORD_MARGIN: Duration = Duration::from_secs(3600);

/// The seal in a Contact as [`Core::mint`] writes it.
pub(super) fn minted(contact: &[u8]) -> Option<&[u8]> {
    let seal = contact.strip_prefix(b"<sip:")?;
    seal.iter().position(|b| *b == b'@').map(|end| &seal[..end])
}

/// Packets that wait until a sibling has their record.
pub(super) struct Held {
    id: RecordId,
    due: Instant,
    packets: Vec<(Peer, Box<[u8]>)>,
    /// They deny what a sibling may still claim, and then never leave.
    denies: bool,
}

impl Core {
    /// Writes `<sip:SEAL@us>` for the payload in `s.payload` into `s.contact`, for
    /// the leg of this Call-ID and tag that `peer` holds. Returns the id of the
    /// dialog record that this took, if the peer's limit asks for one.
    #[expect(clippy::too_many_arguments, reason = "the parts of a leg")]
    pub(super) fn mint(
        &self,
        s: &mut Scratch,
        (call_id, tag): (&[u8], &[u8]),
        party: &Party,
        peer: Peer,
        at: Moment,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> Option<RecordId> {
        let own = self.listener(peer);
        let param = transport_param(own.transport).as_bytes();
        let around = b"sip:".len() + 1 + own.sent_by.len() + param.len();
        let most = match party {
            Party::Trunk(id) => world.trunk_record(*id).map_or(256, |t| t.max_uri as usize),
            Party::Phone { .. } => PHONE_MAX_URI,
        };
        let long = around + sip::seal::sealed_len(s.payload.len()) > most;
        let record = if long { self.set_aside((call_id, tag), s, at, out) } else { None };
        s.contact.clear();
        s.contact.extend_from_slice(b"<sip:");
        self.keys.seal(call_id, tag, &s.payload, &mut s.contact);
        s.contact.push(b'@');
        s.contact.extend_from_slice(own.sent_by.as_bytes());
        s.contact.extend_from_slice(param);
        s.contact.push(b'>');
        record
    }

    /// Puts the payload into a dialog record and its id into the payload's place.
    /// Where that cannot be, the payload stays: better a long URI than no call.
    fn set_aside(
        &self,
        (call_id, tag): (&[u8], &[u8]),
        s: &mut Scratch,
        at: Moment,
        out: &mut Outbox,
    ) -> Option<RecordId> {
        if !self.shared.overflow.is_usable() {
            return None;
        }
        let id = Overflow::id(call_id, tag, &s.payload);
        self.keep(id, &s.payload, at, out)?;
        s.payload.clear();
        s.payload.extend_from_slice(&id);
        Some(id)
    }

    /// Keeps the route set that the called side's answer brought: its seal, made
    /// for the INVITE, cannot, and after this edge nothing else could tell.
    pub(super) fn keep_routes(
        &self,
        m: &Message<'_>,
        routes: &[u8],
        at: Moment,
        out: &mut Outbox,
    ) -> Option<RecordId> {
        if routes.is_empty() {
            return None;
        }
        let id = Overflow::id(m.call_id(), m.to_tag().unwrap_or_default(), ROUTES);
        self.keep(id, routes, at, out)
    }

    /// Replaces `out` by the kept route set of the called side that sent `m`.
    pub(super) fn kept_routes(&self, m: &Message<'_>, out: &mut Vec<u8>) -> bool {
        let id = Overflow::id(m.call_id(), m.from_tag().unwrap_or_default(), ROUTES);
        self.shared.overflow.get(&id, out)
    }

    fn keep(&self, id: RecordId, bytes: &[u8], at: Moment, out: &mut Outbox) -> Option<RecordId> {
        let kept = (self.config.longest_call + RECORD_MARGIN).as_micros();
        let expires_us = at.wall_us.saturating_add(i64::try_from(kept).unwrap_or(i64::MAX));
        let copy = OverflowCopy { id, expires_us, bytes: bytes.into() };
        if !self.shared.overflow.put(id, copy.bytes.clone(), expires_us) {
            tracing::error!("no room for dialog records");
            return None;
        }
        out.copies.push(copy);
        Some(id)
    }

    /// Fetches what was set aside, if the opened seal says so; `false` if this edge
    /// does not have it.
    pub(super) fn fetch(&self, opened: &mut Vec<u8>) -> bool {
        // No dialog is that short.
        match RecordId::try_from(opened.as_slice()) {
            Ok(id) => self.shared.overflow.get(&id, opened),
            Err(_) => true,
        }
    }

    /// Keeps back what was sent since `mark` until the record's copy is with a
    /// sibling, if there is one; remembers the record with its call.
    pub(super) fn guard(
        &mut self,
        at: Moment,
        mark: usize,
        cdr: CdrId,
        record: Option<RecordId>,
        out: &mut Outbox,
    ) {
        let Some(id) = record else { return };
        if let Some(live) = self.live.get_mut(&cdr) {
            live.records.push(id);
        }
        if self.shared.overflow.has_siblings() {
            let due = at.now + COPY_WAIT;
            self.held.push(Held { id, due, packets: out.take_back(mark), denies: false });
        }
    }

    /// Keeps back what was sent since `mark` until no sibling can be expected to
    /// claim what it denies.
    pub(super) fn deny_late(&mut self, at: Moment, mark: usize, id: RecordId, out: &mut Outbox) {
        let due = at.now + COPY_WAIT;
        self.held.push(Held { id, due, packets: out.take_back(mark), denies: true });
    }

    /// A sibling has the copy of this dialog record: what waited for it leaves. Or
    /// it has claimed what was to be denied.
    pub fn copied(&mut self, id: &RecordId, out: &mut Outbox) {
        self.held.retain(|held| !(held.denies && held.id == *id));
        self.release(|held| held.id == *id, out);
    }

    /// What has waited long enough leaves.
    pub(super) fn held_timer(&mut self, now: Instant, out: &mut Outbox) {
        if !self.held.is_empty() {
            self.release(|held| held.due <= now, out);
        }
    }

    /// When the first of what waits has waited long enough.
    pub(super) fn held_due(&self) -> Option<Instant> {
        self.held.iter().map(|held| held.due).min()
    }

    /// Nothing waits any longer.
    pub(super) fn release_all(&mut self, out: &mut Outbox) {
        self.release(|_| true, out);
    }

    fn release(&mut self, which: impl Fn(&Held) -> bool, out: &mut Outbox) {
        self.held.retain(|held| {
            let leaves = which(held);
            if leaves {
                for (to, bytes) in &held.packets {
                    sip::Sink::transmit(out, to, bytes);
                }
            }
            !leaves
        });
    }

    /// The records of a call that is over are forgotten, here and by siblings.
    pub(super) fn forget_records(&self, records: &[RecordId], at_us: i64, out: &mut Outbox) {
        for id in records {
            out.copies.push(self.shared.overflow.end(*id, at_us));
        }
    }
}
