//! What the legs of a new call answer, and what becomes of it.

use super::call::{CallState, Deadline, Leg, LegState, Tag, rank};
use super::contact::minted;
use super::dialog::{Dialog, Party, Side, domain_of};
use super::invite::millis;
use super::known::Recalled;
use super::places::is_for_help;
use super::write::{
    CALL_HEADER, MS_TENANT_HEADER, TENANT_HEADER, contact_uri, pass, route_set, transport,
};
use super::{Core, Live, Moment, count};
use crate::outbox::Outbox;
use domain::calling::ForwardCause;
use domain::routing::{AttemptEnd, CallKind, may_retry};
use feed::cdr::{Attempt, CdrEvent, ForwardedBy, HungUpBy};
use feed::snapshot::Snapshot;
use sip::{ClientTx, HeaderName, Message, MessageBuilder, Method, ServerTx, Sink, Target};
use std::sync::atomic::Ordering;

/// How far the CSeq of a BYE of our own is ahead of its INVITE's.
const BYE_AHEAD: u32 = 10_000;

/// Answers of one call that are hung up: more are no forks but a flood.
const MOST_FORKS: usize = 32;

const ELSEWHERE: &[u8] = b"SIP;cause=200;text=\"Call completed elsewhere\"";

impl Core {
    fn find_leg(&self, index: u32, generation: u32, tx: ClientTx) -> Option<usize> {
        let call = self.calls.get(index as usize)?;
        if call.generation != generation || call.state == CallState::Free {
            return None;
        }
        call.legs.iter().position(|l| l.tx == tx)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of an unpacked tag")]
    pub(super) fn leg_response(
        &mut self,
        at: Moment,
        index: u32,
        generation: u32,
        tx: ClientTx,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Some(leg_at) = self.find_leg(index, generation, tx) else { return };
        let leg = self.calls[index as usize].legs[leg_at];
        if let Party::Trunk(trunk) = leg.party {
            self.note_health(trunk, true, at);
        }
        let status = m.status().unwrap_or_default();
        if let (Party::Trunk(trunk), 503) = (leg.party, status) {
            self.leave_alone(trunk, m, at);
        }
        let ringing = self.calls[index as usize].state == CallState::Ringing;
        let open = matches!(leg.state, LegState::Silent | LegState::Heard);
        match status {
            0..=199 => {
                if !(ringing && open) {
                    return;
                }
                self.calls[index as usize].legs[leg_at].state = LegState::Heard;
                if matches!(leg.party, Party::Trunk(_)) {
                    let call = &mut self.calls[index as usize];
                    call.trunk_progress |= status > 100;
                    if call.mixed {
                        call.trunk_until = None;
                        self.await_mixed(at, index);
                    } else {
                        self.set_deadline(at, index, self.config.trunk_ring, Deadline::Ring);
                    }
                }
                if status > 100 {
                    self.calls[index as usize].progress = true;
                    self.pass_up(at, index, leg_at, m, world, out);
                }
            }
            200..=299 => {
                let tag = m.to_tag().unwrap_or_default();
                if leg.state == LegState::Won && self.calls[index as usize].winner_tag == tag {
                    let server = self.calls[index as usize].server;
                    self.layer.repeat(server, out);
                } else if ringing && open {
                    self.answered(at, index, leg_at, m, world, out);
                } else {
                    let near = self.layer.client_peer(leg.tx).map(|peer| peer.listener);
                    let hung_up = &mut self.calls[index as usize].hung_up;
                    let known = hung_up.iter().any(|(tx, known)| *tx == leg.tx && **known == *tag);
                    let bye = !known && hung_up.len() < MOST_FORKS;
                    if bye {
                        hung_up.push((leg.tx, tag.into()));
                    }
                    self.hang_up_leg(at, &leg, bye, near, m, world, out);
                }
            }
            _ => {
                self.leg_done(at, index, leg_at, AttemptEnd::Response(status), Some(m), world, out)
            }
        }
    }

    fn answered(
        &mut self,
        at: Moment,
        index: u32,
        leg_at: usize,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        self.shared.stats.under_way.fetch_sub(1, Ordering::Relaxed);
        let call = &mut self.calls[index as usize];
        call.state = CallState::Answered;
        let leg = &mut call.legs[leg_at];
        leg.state = LegState::Won;
        call.winner_tag.clear();
        call.winner_tag.extend_from_slice(m.to_tag().unwrap_or_default());
        let (party, sent_at) = (leg.party, leg.sent_at);
        if let Party::Trunk(trunk) = party {
            let ms = millis(at.now, sent_at);
            call.attempts.push(Attempt { trunk, sip_code: 200, ms });
        }
        // To whoever has it back from those they sent it to, nobody forwarded it.
        let forwarded = call.forwarded_to(party).filter(
            |forwarded| !matches!(party, Party::Phone { user, .. } if user == forwarded.by),
        );
        let (mut bridge, mut operator) = (None, None);
        match party {
            Party::Trunk(_) => {
                // What the beginning could not tell; whose an inbound call is, it did.
                bridge = forwarded.and(call.bridge);
                operator = forwarded.filter(|_| call.kind == CallKind::Internal);
            }
            Party::Phone { .. } => call.outside_is_over(),
        }
        let operator = operator.and_then(|forwarded| forwarded.operator);
        let (cdr, attempts) = (call.cdr, std::mem::take(&mut call.attempts));
        let records = std::mem::take(&mut call.records);
        let mut callee_routes = Vec::new();
        route_set(m, true, &mut callee_routes);
        let places = std::mem::take(&mut self.calls[index as usize].places);
        let cost = self.calls[index as usize].cost.take();
        let caller_tag = m.from_tag().unwrap_or_default();
        let routes = self.keep_routes(m, &callee_routes, at, out);
        let mark = out.mark();
        let live = Live {
            answered_us: at.wall_us,
            attempts,
            callee_routes,
            tags: [caller_tag, m.to_tag().unwrap_or_default()].concat().into(),
            caller_tag_len: caller_tag.len(),
            cseqs: [m.cseq().number, 0],
            records,
            _places: places,
            _cost: cost,
        };
        self.live.insert(cdr, live);
        count(&self.shared.stats.live);
        self.pass_up(at, index, leg_at, m, world, out);
        self.guard(at, mark, cdr, routes, out);
        self.give_up_legs(at, index, ELSEWHERE, out);
        let answer = CdrEvent::Answer {
            at_us: at.wall_us,
            user: match party {
                Party::Phone { user, .. } => Some(user),
                Party::Trunk(_) => None,
            },
            out_trunk: match party {
                Party::Trunk(trunk) => Some(trunk),
                Party::Phone { .. } => None,
            },
            call_id: String::from_utf8_lossy(m.call_id()).into_owned(),
            forwarded: forwarded.map(|f| ForwardedBy { user: f.by, cause: f.cause }),
            bridge,
            operator,
        };
        self.record(cdr, answer, out);
        self.settle(at, index);
    }

    /// Passes a provisional response or a 2xx to the caller, with a Contact that
    /// carries the leg it came from.
    fn pass_up(
        &mut self,
        at: Moment,
        index: u32,
        leg_at: usize,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        if !self.bears(index, m, world) {
            return;
        }
        let mut s = std::mem::take(&mut self.scratch);
        let call = &self.calls[index as usize];
        let leg = &call.legs[leg_at];
        let status = m.status().unwrap_or_default();
        let caller = self.layer.server_peer(call.server).copied();
        let (mut contact, mut record) = (false, None);
        // Without a tag there is no dialog to seal, without a target no way to it.
        if let (Some(tag), Some(target), Some(caller)) = (m.to_tag(), contact_uri(m), caller) {
            route_set(m, true, &mut s.routes);
            let dialog = Dialog {
                side: Side::Caller,
                kind: call.kind,
                this: call.caller,
                other: leg.party,
                cdr: call.cdr,
                started_ms: (call.started_us / 1000).max(0) as u64,
                answered_ms: (status >= 200).then_some((at.wall_us / 1000).max(0) as u64),
                map_key: call.map_key,
                target,
                routes: &s.routes,
                own_routes: &call.caller_routes,
                from_uri: m.from().uri,
                to_uri: m.to().uri,
            };
            let domain = domain_of(&dialog, world);
            dialog.encode(self.names(domain), &mut s.payload);
            let leg = (&call.call_id[..], tag);
            record = self.mint(&mut s, leg, &call.caller, caller, at, world, out);
            if status >= 200
                && let Some(seal) = minted(&s.contact)
            {
                let recalled = Recalled { payload: &s.payload, far_call_id: m.call_id() };
                self.known.keep(seal, leg, &recalled);
            }
            contact = true;
        }
        let mut id = [0; 36];
        let id = &*call.cdr.0.hyphenated().encode_lower(&mut id);
        let mut tenant = [0; 36];
        let tenant = &*call.tenant.0.hyphenated().encode_lower(&mut tenant);
        let to_trunk = matches!(call.caller, Party::Trunk(_));
        let (server, cdr) = (call.server, call.cdr);
        let mark = out.mark();
        let _ = self.layer.reply(at.now, server, status, m.to_tag(), out, |mut b| {
            if contact {
                b = b.header(HeaderName::Contact, &s.contact);
            }
            b = b.header_named(CALL_HEADER, id);
            if to_trunk {
                b = b.header_named(MS_TENANT_HEADER, tenant).header_named(TENANT_HEADER, tenant);
            }
            b.copy_headers(m, pass).body_raw(m.body());
        });
        self.scratch = s;
        self.guard(at, mark, cdr, record, out);
        if status < 200 {
            self.calls[index as usize].records.extend(record);
        }
    }

    /// Whether the caller is to hear this: a provisional response of a second early
    /// dialog is not for a peer that bears one only.
    fn bears(&mut self, index: u32, m: &Message<'_>, world: &Snapshot) -> bool {
        let call = &mut self.calls[index as usize];
        let (Party::Trunk(caller), Some(tag)) = (call.caller, m.to_tag()) else { return true };
        if m.status().is_none_or(|status| status >= 200)
            || !world.trunk_record(caller).is_some_and(|t| t.single_early_dialog)
        {
            return true;
        }
        if call.early_tag.is_empty() {
            call.early_tag.extend_from_slice(tag);
        }
        call.early_tag == tag
    }

    /// A leg failed: the next trunk, or the end, or the others ring on.
    #[expect(clippy::too_many_arguments, reason = "what happened, to which leg of which call")]
    fn leg_done(
        &mut self,
        at: Moment,
        index: u32,
        leg_at: usize,
        end: AttemptEnd,
        m: Option<&Message<'_>>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let status = match end {
            AttemptEnd::Response(status) => status,
            AttemptEnd::Silence => 408,
            AttemptEnd::NoConnection => 503,
        };
        let call = &mut self.calls[index as usize];
        let leg = &mut call.legs[leg_at];
        let before = leg.state;
        let (party, sent_at) = (leg.party, leg.sent_at);
        leg.state = LegState::Done(status);
        if call.state != CallState::Ringing {
            if call.state == CallState::Over && !call.has_open_legs() {
                self.free_call(index);
            }
            return;
        }
        if before == LegState::GivenUp {
            return;
        }
        let mut reason = reason(status);
        if let Party::Trunk(trunk) = party {
            let ms = millis(at.now, sent_at);
            let sip_code = match end {
                AttemptEnd::Response(status) => status,
                AttemptEnd::Silence | AttemptEnd::NoConnection => 0,
            };
            call.attempts.push(Attempt { trunk, sip_code, ms });
            let call_progress = call.trunk_rang();
            if may_retry(end, call_progress, is_for_help(call)) {
                if self.try_next_trunk(at, index, world, out) {
                    return;
                }
                // What a trunk refuses for good keeps its reason.
                if may_retry(end, call_progress, false) {
                    reason = "all_trunks_failed";
                }
            }
            let call = &mut self.calls[index as usize];
            if call.mixed {
                call.outside_is_over();
                self.await_mixed(at, index);
            }
        }
        let call = &mut self.calls[index as usize];
        if call.best.is_none_or(|best| rank(status) < rank(best)) {
            call.best = Some(status);
        }
        // One person's refusal everywhere (6xx) stops their other phones; an
        // agent's does not speak for the queue, nor one of several people for the others.
        let stop = status >= 600 && !call.many;
        if call.has_ringing_legs() && !stop {
            return;
        }
        let best = call.best.unwrap_or(status);
        if reason != "all_trunks_failed" {
            reason = self::reason(best);
        }
        let by = match end {
            AttemptEnd::Response(_) if reason != "all_trunks_failed" => HungUpBy::Callee,
            _ => HungUpBy::Exchange,
        };
        let (many, rang) = {
            let call = &self.calls[index as usize];
            (call.many, call.progress)
        };
        if let Some(cause) = forward_cause(best, rang)
            && self.divert(at, index, cause, world, out)
        {
            return;
        }
        let m = m.filter(|m| m.status() == Some(best));
        self.finish_with(at, index, told(best, many), reason, by, m, out);
    }

    /// The same INVITE to the next trunk, from the bytes the caller's transaction
    /// kept.
    fn try_next_trunk(
        &mut self,
        at: Moment,
        index: u32,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> bool {
        let call = &self.calls[index as usize];
        let Some(kept) = self.layer.request_bytes(call.server) else { return false };
        let mut bytes = std::mem::take(&mut self.scratch.invite);
        bytes.clear();
        bytes.extend_from_slice(kept);
        let mut parser = self.parser();
        let sent = match parser.parse(&bytes) {
            Ok(m) => self.next_trunk(at, index, &m, world, out),
            Err(_) => false,
        };
        self.parsers.push(parser);
        self.scratch.invite = bytes;
        sent
    }

    /// A leg ended without a response.
    #[expect(clippy::too_many_arguments, reason = "the parts of an unpacked tag")]
    pub(super) fn leg_lost(
        &mut self,
        at: Moment,
        index: u32,
        generation: u32,
        tx: ClientTx,
        status: u16,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Some(leg_at) = self.find_leg(index, generation, tx) else { return };
        let end = if status == 503 { AttemptEnd::NoConnection } else { AttemptEnd::Silence };
        let leg = &self.calls[index as usize].legs[leg_at];
        // One that was given up had its chance to say something before.
        if let (Party::Trunk(trunk), LegState::Silent) = (leg.party, leg.state) {
            self.note_health(trunk, false, at);
        }
        self.leg_done(at, index, leg_at, end, None, world, out);
    }

    pub(super) fn call_timer(
        &mut self,
        at: Moment,
        index: u32,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(index as usize) else { return };
        let Some(what) = call.deadline.take() else { return };
        match what {
            Deadline::Linger => self.free_call(index),
            Deadline::Ring => {
                if self.divert(at, index, ForwardCause::Unanswered, world, out) {
                    return;
                }
                if let Some(time) = self.time_left(at, index) {
                    return self.ring_for(at, index, time);
                }
                self.finish(at, index, 480, "no_answer", HungUpBy::Exchange, out);
            }
            Deadline::Failover => {
                let silent = call.legs.iter().position(|l| {
                    l.state == LegState::Silent && matches!(l.party, Party::Trunk(_))
                });
                let Some(leg_at) = silent else { return };
                let leg = &mut call.legs[leg_at];
                let (tx, party, sent_at) = (leg.tx, leg.party, leg.sent_at);
                // An answer that still comes is hung up.
                leg.state = LegState::GivenUp;
                if let Party::Trunk(trunk) = party {
                    let ms = millis(at.now, sent_at);
                    call.attempts.push(Attempt { trunk, sip_code: 0, ms });
                    self.note_health(trunk, false, at);
                }
                self.layer.cancel(at.now, tx, None, out);
                let call = &self.calls[index as usize];
                let (best, rang) = (call.best, call.progress);
                let retry = may_retry(AttemptEnd::Silence, call.trunk_rang(), is_for_help(call));
                if !(retry && self.try_next_trunk(at, index, world, out)) {
                    let by = HungUpBy::Exchange;
                    let call = &mut self.calls[index as usize];
                    if call.mixed {
                        call.outside_is_over();
                        if call.has_ringing_legs() {
                            return self.await_mixed(at, index);
                        }
                        // Whoever rang inside has had their say before.
                        let best = best.unwrap_or(480);
                        let goes_on = forward_cause(best, rang)
                            .is_some_and(|cause| self.divert(at, index, cause, world, out));
                        if !goes_on {
                            let status = told(best, true);
                            self.finish(at, index, status, self::reason(best), by, out);
                        }
                        return;
                    }
                    self.finish(at, index, 503, "all_trunks_failed", by, out);
                }
            }
        }
    }

    /// The caller hung up before the answer.
    pub(super) fn cancel(
        &mut self,
        at: Moment,
        tx: ServerTx,
        invite: Option<(ServerTx, u64)>,
        out: &mut Outbox,
    ) {
        let target = invite.and_then(|(_, tag)| Tag::unpack(tag));
        let tag = match target {
            Some(Tag::Call { index, .. }) => self.calls[index as usize].tag,
            _ => self.random.tag(),
        };
        let status = if invite.is_some() { 200 } else { 481 };
        let _ = self.layer.reply(at.now, tx, status, Some(&tag), out, |b| b.finish());
        match target {
            Some(Tag::Call { index, generation })
                if self.calls[index as usize].generation == generation =>
            {
                self.finish(at, index, 487, "cancelled", HungUpBy::Caller, out);
            }
            Some(Tag::Relay { index, generation }) => {
                self.cancel_relay(at, index, generation, out);
            }
            _ => {}
        }
    }

    /// A leg answered that nobody waits for: acknowledged and hung up (RFC 3261
    /// section 13.2.2.4), from what its own answer says. Each repeated answer is
    /// acknowledged, the first one hung up.
    #[expect(clippy::too_many_arguments, reason = "all that an answer brings")]
    fn hang_up_leg(
        &mut self,
        at: Moment,
        leg: &Leg,
        bye: bool,
        near: Option<u8>,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Some(target) = contact_uri(m) else { return };
        let mut routes = std::mem::take(&mut self.scratch.routes);
        route_set(m, true, &mut routes);
        if let Some(peer) = self.hop(&leg.party, &routes, target, near, world) {
            let methods = [Method::Ack, Method::Bye];
            for method in methods.into_iter().take(1 + usize::from(bye)) {
                let branch = self.layer.branch();
                let mut bytes = self.layer.buffer();
                let own = self.listener(peer);
                // Above what the caller's PRACK and UPDATE may have used by now.
                let number = match method {
                    Method::Bye => (m.cseq().number + BYE_AHEAD).min(i32::MAX as u32),
                    _ => m.cseq().number,
                };
                let mut b = MessageBuilder::request(&mut bytes, method, target)
                    .via(transport(peer.transport), &own.sent_by, branch.as_bytes())
                    .header(HeaderName::MaxForwards, "70");
                if !routes.is_empty() {
                    b = b.header(HeaderName::Route, &routes);
                }
                b.header(HeaderName::From, m.from().raw)
                    .header(HeaderName::To, m.to().raw)
                    .header(HeaderName::CallId, m.call_id())
                    .cseq(number, method)
                    .finish();
                if method == Method::Ack {
                    out.transmit(&peer, &bytes);
                    self.layer.recycle(bytes);
                } else {
                    let to = Target { peer, reliability: peer.reliability() };
                    // Its answer changes nothing, nor does its absence.
                    let _ = self.layer.request(at.now, to, &branch, bytes, 0, out);
                }
            }
        }
        self.scratch.routes = routes;
    }
}

/// What the caller is told: nothing of our arrangements with the called side, and
/// no 6xx where several people rang, who speak for themselves only.
fn told(status: u16, many: bool) -> u16 {
    match status {
        401 | 407 => 500,
        300..=399 | 487 => 480,
        600 if many => 486,
        601..=699 if many => 480,
        408 => 480,
        other => other,
    }
}

/// Why a call goes on that a person's phones did not take; none where another place would not take
/// it either.
const fn forward_cause(status: u16, rang: bool) -> Option<ForwardCause> {
    Some(match status {
        486 | 600 => ForwardCause::Busy,
        603 => ForwardCause::Unanswered,
        408 | 480 | 487 if rang => ForwardCause::Unanswered,
        404 | 408 | 410 | 480 | 487 | 500..=599 | 604 => ForwardCause::Unreachable,
        _ => return None,
    })
}

/// The stable reason for the record.
fn reason(status: u16) -> &'static str {
    match status {
        486 | 600 => "busy",
        408 | 480 | 487 => "no_answer",
        603 => "declined",
        404 | 410 | 484 | 604 => "not_found",
        503 => "unavailable",
        400..=499 | 606 => "rejected",
        300..=399 => "redirected",
        _ => "failed",
    }
}
