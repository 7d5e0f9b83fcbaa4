//! Requests inside a dialog: carried across from nothing but their seal.

use super::call::{CallState, Tag};
use super::dialog::{Dialog, Party, Side, domain_of, domain_of_user};
use super::write::{CALL_HEADER, contact_uri, pass, pass_of_hidden, pass_of_phone, transport};
use super::{Core, Incoming, Moment, count};
use crate::outbox::Outbox;
use crate::overflow::RecordId;
use crate::peer::Peer;
use domain::CdrId;
use feed::cdr::{CdrEvent, HungUpBy};
use feed::snapshot::Snapshot;
use sip::{ClientTx, HeaderName, Message, MessageBuilder, Method, ServerTx, Sink, Target};
use std::sync::atomic::Ordering;

/// A request on its way to the other side.
pub(super) struct Relay {
    generation: u32,
    live: bool,
    server: ServerTx,
    client: ClientTx,
    invite: bool,
    answered: bool,
    /// What a BYE ends, if the far side agrees.
    ending: Option<Ending>,
}

/// The end of a call, as its BYE asks for it.
#[derive(Clone, Copy)]
struct Ending {
    cdr: CdrId,
    by: HungUpBy,
    at_us: i64,
    /// When the seal says it was answered.
    sealed_us: Option<i64>,
    /// The seal is the caller's, from before the answer.
    early: bool,
    /// The tags are those of the answered dialog, so a far side that knows
    /// nothing of it has lost it.
    of_answer: bool,
    /// No request before it had its CSeq, nor a higher one.
    in_order: bool,
}

impl Core {
    /// May `from` use this seal? A trunk by its own addresses, which another trunk
    /// may share: of two that differ in nothing but the name, only the first is
    /// ever found by source. A phone by the flow of the call or any it has
    /// registered since.
    fn holds(&self, party: &Party, from: Peer, world: &Snapshot) -> bool {
        match party {
            Party::Trunk(id) => {
                let found = world.trunk_by_source(from.addr);
                let (Some(found), Some(sealed)) = (found, world.trunk_record(*id)) else {
                    return false;
                };
                let ip = from.addr.ip().to_canonical();
                let own = std::iter::once(&sealed.address.ip())
                    .chain(&sealed.sources)
                    .any(|own| own.to_canonical() == ip);
                found.id == *id
                    || (own
                        && (!sealed.match_port && !world.is_gateway(*id)
                            || world.trunk_owner(found.id) == world.trunk_owner(*id)))
            }
            Party::Phone { user, flow } => {
                flow.addr == from.addr
                    || self
                        .shared
                        .bindings
                        .of(*user)
                        .is_some_and(|list| list.iter().any(|b| b.flow.addr == from.addr))
            }
        }
    }

    fn open_seal<'a>(
        &self,
        from: Peer,
        m: &Message<'_>,
        world: &Snapshot,
        opened: &'a mut Vec<u8>,
        text: &'a mut Vec<u8>,
        far_call_id: &mut Vec<u8>,
    ) -> Option<Dialog<'a>> {
        let dialog = self.unseal(m, world, opened, text, far_call_id)?;
        self.holds(&dialog.this, from, world).then_some(dialog)
    }

    fn unseal<'a>(
        &self,
        m: &Message<'_>,
        world: &Snapshot,
        opened: &'a mut Vec<u8>,
        text: &'a mut Vec<u8>,
        far_call_id: &mut Vec<u8>,
    ) -> Option<Dialog<'a>> {
        let (uri, tag) = (m.parsed_request_uri()?, m.to_tag()?);
        let user = uri.as_sip()?.user?;
        far_call_id.clear();
        match self.known.recall(user, (m.call_id(), tag)) {
            Some(recalled) => {
                opened.clear();
                opened.extend_from_slice(recalled.payload);
                far_call_id.extend_from_slice(recalled.far_call_id);
            }
            None => self.keys.open(m.call_id(), tag, user, opened).ok()?,
        }
        if !self.fetch(opened) {
            return None;
        }
        self.decode(opened, world, text)
    }

    /// What an opened seal says.
    pub(super) fn decode<'a>(
        &self,
        opened: &'a [u8],
        world: &Snapshot,
        text: &'a mut Vec<u8>,
    ) -> Option<Dialog<'a>> {
        let own = self.names(None).own;
        Dialog::decode(opened, own, |user| domain_of_user(user, world), text).ok()
    }

    pub(super) fn in_dialog(&mut self, r: &Incoming<'_>, world: &Snapshot, out: &mut Outbox) {
        let mut opened = std::mem::take(&mut self.scratch.opened);
        let mut text = std::mem::take(&mut self.scratch.opened_text);
        let mut far = std::mem::take(&mut self.scratch.far_call_id);
        let dialog = self.open_seal(r.from, r.m, world, &mut opened, &mut text, &mut far);
        if let Some(dialog) = dialog {
            self.carry(r, &dialog, &far, world, out);
        } else if r.m.method() != Method::Ack {
            count(&self.shared.stats.forged);
            self.refuse(r, 481, out);
        } else {
            self.belongs_elsewhere(r.from, world);
        }
        self.scratch.opened = opened;
        self.scratch.opened_text = text;
        self.scratch.far_call_id = far;
    }

    /// `far_call_id` is the other leg's Call-ID, if it is known already.
    fn carry(
        &mut self,
        r: &Incoming<'_>,
        d: &Dialog<'_>,
        far_call_id: &[u8],
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let method = r.m.method();
        let tx = if method == Method::Ack {
            None
        } else {
            match self.begin(r, out) {
                Some(tx) => Some(tx),
                None => return,
            }
        };
        let answer = |core: &mut Self, status: u16, out: &mut Outbox| {
            if let Some(tx) = tx {
                let _ = core.layer.reply(r.at.now, tx, status, None, out, |b| b.finish());
            }
        };
        if r.m.max_forwards() == Some(0) {
            return answer(self, 483, out);
        }
        if method == Method::Invite {
            // Else it is repeated until the far side has made up its mind.
            answer(self, 100, out);
        }
        let in_order = method == Method::Ack || self.is_in_order(r, d);
        let ending = (method == Method::Bye).then(|| self.ending(r, d, in_order));
        let hop = self.hop(&d.other, d.routes, d.target, Some(r.from.listener), world);
        let mut s = std::mem::take(&mut self.scratch);
        let mapped = if far_call_id.is_empty() {
            self.keys.other_call_id(d.side, d.map_key, r.m.call_id(), &mut s.call_id)
        } else {
            s.call_id.clear();
            s.call_id.extend_from_slice(far_call_id);
            Ok(())
        };
        let (Some(peer), Ok(())) = (hop, mapped) else {
            self.scratch = s;
            if let Some(ending) = ending.filter(|e| e.of_answer) {
                self.hung_up(&ending, false, out);
                if let Some(tx) = tx {
                    self.reply_once_kept(r.at, tx, 480, out, |b| b.finish());
                }
                return;
            }
            return answer(self, 480, out);
        };
        let our_tag = r.m.from_tag().unwrap_or_default();
        let target = contact_uri(r.m).filter(|_| refreshes_target(method));
        let mut record = None;
        if let Some(target) = target {
            let live = || self.live.get(&d.cdr).map(|l| (l.answered_us / 1000).max(0) as u64);
            // The called side's first seal, older than the answer, cannot tell when
            // that was; the start stands for "some time". What still rings here was
            // not answered.
            let some_time = || {
                let rings = method != Method::Invite
                    && self.calls.iter().any(|c| c.cdr == d.cdr && c.state == CallState::Ringing);
                (!rings).then_some(d.started_ms)
            };
            // Nor does that seal hold the route set that came with the answer.
            let unknown = d.side == Side::Callee && d.own_routes.is_empty();
            let mut kept = std::mem::take(&mut s.routes);
            let own_routes = match self.live.get(&d.cdr) {
                Some(live) if unknown => &live.callee_routes,
                None if unknown && self.kept_routes(r.m, &mut kept) => &kept,
                _ => d.own_routes,
            };
            let other = Dialog {
                answered_ms: d.answered_ms.or_else(live).or_else(some_time),
                side: d.side.other(),
                this: d.other,
                other: match d.this {
                    Party::Phone { user, .. } => Party::Phone { user, flow: r.from },
                    trunk @ Party::Trunk(_) => trunk,
                },
                target,
                routes: own_routes,
                own_routes: d.routes,
                from_uri: r.m.to().uri,
                to_uri: r.m.from().uri,
                ..*d
            };
            other.encode(self.names(domain_of(&other, world)), &mut s.payload);
            let call_id = std::mem::take(&mut s.call_id);
            let leg = (&call_id[..], our_tag);
            record = self.mint(&mut s, leg, &d.other, peer, r.at, world, out);
            s.call_id = call_id;
            s.routes = kept;
        }
        let branch = self.layer.branch();
        let mut bytes = self.layer.buffer();
        let own = self.listener(peer);
        let mut id = [0; 36];
        let id = &*d.cdr.0.hyphenated().encode_lower(&mut id);
        let mut b = MessageBuilder::request(&mut bytes, method, d.target)
            .via(transport(peer.transport), &own.sent_by, branch.as_bytes())
            .header_number(
                HeaderName::MaxForwards,
                u32::from(r.m.max_forwards().unwrap_or(70).saturating_sub(1)),
            );
        if !d.routes.is_empty() {
            b = b.header(HeaderName::Route, d.routes);
        }
        b = b
            .header_parts(HeaderName::From, &[b"<", d.from_uri, b">;tag=", our_tag])
            .header_parts(
                HeaderName::To,
                &[b"<", d.to_uri, b">;tag=", r.m.to_tag().unwrap_or_default()],
            )
            .header(HeaderName::CallId, &s.call_id)
            .cseq(r.m.cseq().number, method)
            .header_named(CALL_HEADER, id);
        if target.is_some() {
            b = b.header(HeaderName::Contact, &s.contact);
        }
        let pass = match d.this {
            Party::Phone { .. } => pass_of_phone,
            Party::Trunk(_) if d.from_uri.ends_with(b"@anonymous.invalid") => pass_of_hidden,
            Party::Trunk(_) => pass,
        };
        let named = match method {
            Method::Ack | Method::Bye | Method::Prack => None,
            _ => self.named(r.m, d.map_key, world),
        };
        match &named {
            None => b.copy_headers(r.m, pass),
            Some(named) => b.copy_headers(r.m, |h| named.instead(h).unwrap_or_else(|| pass(h))),
        }
        .body_raw(r.m.body());
        self.scratch = s;
        let mark = out.mark();
        let Some(server) = tx else {
            out.transmit(&peer, &bytes);
            self.layer.recycle(bytes);
            return;
        };
        let (index, generation) = self.next_relay();
        let tag = Tag::Relay { index, generation }.pack();
        let to = Target { peer, reliability: peer.reliability() };
        match self.layer.request(r.at.now, to, &branch, bytes, tag, out) {
            Ok(client) => {
                self.guard(r.at, mark, d.cdr, record, out);
                let relay = Relay {
                    generation,
                    live: true,
                    server,
                    client,
                    invite: method == Method::Invite,
                    answered: false,
                    ending,
                };
                match self.relays.get_mut(index as usize) {
                    Some(slot) => *slot = relay,
                    None => {
                        self.relays.push(relay);
                    }
                }
                self.layer.set_tag(server, tag);
                if method == Method::Invite {
                    // Timer C: a re-INVITE that only ever rings must end too.
                    let due = r.at.now + self.config.trunk_ring;
                    self.relay_timers.arm(r.at.now, index, due);
                }
            }
            Err(_) => {
                if (index as usize) < self.relays.len() {
                    self.free_relays.push(index);
                }
                answer(self, 503, out);
            }
        }
    }

    /// Whether a request's CSeq is above those of its side before it (RFC 3261
    /// section 12.2.2), as far as is known; notes it.
    fn is_in_order(&mut self, r: &Incoming<'_>, d: &Dialog<'_>) -> bool {
        let Some(live) = self.live.get_mut(&d.cdr) else { return true };
        if !live.is_dialog(d.side, r.m) {
            return true;
        }
        let seen = &mut live.cseqs[usize::from(d.side == Side::Callee)];
        let number = r.m.cseq().number;
        let above = number > *seen;
        *seen = number.max(*seen);
        above
    }

    /// What a BYE would end.
    fn ending(&self, r: &Incoming<'_>, d: &Dialog<'_>, in_order: bool) -> Ending {
        let sealed_us = d
            .answered_ms
            .filter(|ms| *ms > d.started_ms)
            .and_then(|ms| i64::try_from(ms).ok())
            .map(|ms| ms * 1000);
        Ending {
            cdr: d.cdr,
            by: match d.side {
                Side::Caller => HungUpBy::Caller,
                Side::Callee => HungUpBy::Callee,
            },
            at_us: r.at.wall_us,
            sealed_us,
            early: d.side == Side::Caller && d.answered_ms.is_none(),
            in_order,
            of_answer: self.live.get(&d.cdr).is_some_and(|live| live.is_dialog(d.side, r.m)),
        }
    }

    /// Writes the end of a call: from memory, or after a restart from the seal.
    /// Not before the far side has agreed or is gone: a BYE it refuses, for a
    /// wrong tag or CSeq, leaves people talking, and the first end written counts.
    fn hung_up(&mut self, ending: &Ending, refused: bool, out: &mut Outbox) {
        let live = self.live.remove(&ending.cdr);
        if let Some(live) = &live {
            self.shared.stats.live.fetch_sub(1, Ordering::Relaxed);
            self.forget_records(&live.records, ending.at_us, out);
        } else if self.shared.serving.siblings() > 0 {
            out.ended.push(ending.cdr);
        }
        // The caller's seal says when the call was answered, unless it never was:
        // then this ends what an edge that died left ringing. So it does where the
        // far side does not know the call. Any other end counts before this one.
        let interrupted = live.is_none() && (ending.early || refused);
        let (sip_code, reason) = match (interrupted, ending.sealed_us) {
            (false, _) => (200, "normal"),
            (true, Some(_)) => (200, "interrupted"),
            (true, None) => (487, "interrupted"),
        };
        let end = CdrEvent::End {
            at_us: ending.at_us,
            answered_at_us: live.as_ref().map(|l| l.answered_us).or(ending.sealed_us),
            sip_code,
            reason: reason.to_owned(),
            hung_up_by: ending.by,
            attempts: live.map(|l| l.attempts).unwrap_or_default(),
        };
        self.record(ending.cdr, end, out);
    }

    fn next_relay(&mut self) -> (u32, u32) {
        match self.free_relays.pop() {
            Some(index) => (index, self.relays[index as usize].generation),
            None => (self.relays.len() as u32, 0),
        }
    }

    fn free_relay(&mut self, index: u32, generation: u32) {
        if let Some(relay) = self.relays.get_mut(index as usize)
            && relay.live
            && relay.generation == generation
        {
            relay.live = false;
            relay.generation = relay.generation.wrapping_add(1);
            self.relay_timers.disarm(index);
            self.free_relays.push(index);
        }
    }

    /// Frees a relay that has had its time; one that was never answered is told so.
    pub(super) fn relay_timer(&mut self, at: Moment, index: u32, out: &mut Outbox) {
        let Some(relay) = self.relays.get(index as usize).filter(|r| r.live) else { return };
        let generation = relay.generation;
        if relay.answered {
            return self.free_relay(index, generation);
        }
        self.cancel_relay(at, index, generation, out);
        self.relay_lost(at, index, generation, 408, out);
    }

    fn relay(&self, index: u32, generation: u32) -> Option<&Relay> {
        self.relays.get(index as usize).filter(|r| r.live && r.generation == generation)
    }

    pub(super) fn relay_response(
        &mut self,
        at: Moment,
        index: u32,
        generation: u32,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Some(relay) = self.relay(index, generation) else { return };
        let (server, invite, answered) = (relay.server, relay.invite, relay.answered);
        let ending = relay.ending;
        let mut status = m.status().unwrap_or_default();
        if status == 100 {
            return;
        }
        // No memory here and none at the far side: the call never was, for no ACK
        // passed, or is over there already. Who hangs up has no more to do.
        let never_was = status == 481 && ending.is_some_and(|e| !self.live.contains_key(&e.cdr));
        if never_was {
            status = 200;
        }
        if answered {
            self.layer.repeat(server, out);
            return;
        }
        let sealed = self.seal_response(at, server, m, world, out);
        let mark = out.mark();
        let s = std::mem::take(&mut self.scratch);
        let write = |mut b: MessageBuilder<'_>| {
            if sealed.is_some() {
                b = b.header(HeaderName::Contact, &s.contact);
            }
            b.copy_headers(m, pass).body_raw(m.body());
        };
        // Who hung up has left, whatever the far side makes of it (RFC 3261 section
        // 15.1.1), unless it is to ask again with credentials.
        let over = |e: &Ending| match status {
            200..=299 | 408 => true,
            401 | 407 => false,
            300.. => e.of_answer && (e.in_order || status == 481),
            _ => false,
        };
        if let Some(ending) = ending.filter(over) {
            self.hung_up(&ending, never_was, out);
            self.reply_once_kept(at, server, status, out, write);
        } else {
            let _ = self.layer.reply(at.now, server, status, None, out, write);
        }
        self.scratch = s;
        if let Some((cdr, record)) = sealed {
            self.guard(at, mark, cdr, record, out);
        }
        if status < 200 {
            return;
        }
        if invite && status < 300 {
            self.relays[index as usize].answered = true;
            let due = at.now + self.config.timers.t1 * 65;
            self.relay_timers.arm(at.now, index, due);
        } else {
            self.free_relay(index, generation);
        }
    }

    /// A fresh Contact for the side that asked, if the answer names a new target.
    /// Tells whose call it is, and the dialog record that it took.
    fn seal_response(
        &mut self,
        at: Moment,
        server: ServerTx,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> Option<(CdrId, Option<RecordId>)> {
        let target = contact_uri(m).filter(|_| refreshes_target(m.cseq().method))?;
        let from = *self.layer.server_peer(server)?;
        let mut s = std::mem::take(&mut self.scratch);
        let mut parser = self.parser();
        let mut sealed = None;
        let (mut opened, mut text) =
            (std::mem::take(&mut s.opened), std::mem::take(&mut s.opened_text));
        let mut far = std::mem::take(&mut s.far_call_id);
        if let Some(bytes) = self.layer.request_bytes(server)
            && let Ok(request) = parser.parse(bytes)
            && let Some(tag) = request.to_tag()
            && let Some(d) = self.unseal(&request, world, &mut opened, &mut text, &mut far)
        {
            let names = self.names(domain_of(&d, world));
            Dialog { target, ..d }.encode(names, &mut s.payload);
            let leg = (request.call_id(), tag);
            let record = self.mint(&mut s, leg, &d.this, from, at, world, out);
            sealed = Some((d.cdr, record));
        }
        s.opened = opened;
        s.opened_text = text;
        s.far_call_id = far;
        self.parsers.push(parser);
        self.scratch = s;
        sealed
    }

    pub(super) fn relay_lost(
        &mut self,
        at: Moment,
        index: u32,
        generation: u32,
        status: u16,
        out: &mut Outbox,
    ) {
        let Some(relay) = self.relay(index, generation) else { return };
        let (server, ending) = (relay.server, relay.ending);
        if let Some(ending) = ending {
            self.hung_up(&ending, false, out);
            self.reply_once_kept(at, server, status, out, |b| b.finish());
        } else {
            let _ = self.layer.reply(at.now, server, status, None, out, |b| b.finish());
        }
        self.free_relay(index, generation);
    }

    pub(super) fn cancel_relay(
        &mut self,
        at: Moment,
        index: u32,
        generation: u32,
        out: &mut Outbox,
    ) {
        if let Some(relay) = self.relay(index, generation) {
            let client = relay.client;
            self.layer.cancel(at.now, client, None, out);
        }
    }
}

/// Whether a Contact in such a request, or in its answer, says anything: the rest
/// neither begins a dialog nor refreshes its target (RFC 3261 section 12.2,
/// RFC 3311, RFC 6665).
fn refreshes_target(method: Method<'_>) -> bool {
    !matches!(
        method,
        Method::Ack | Method::Bye | Method::Prack | Method::Info | Method::Message | Method::Cancel
    )
}
