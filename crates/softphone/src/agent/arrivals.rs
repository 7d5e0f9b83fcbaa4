//! What arrives: requests of the other side, and answers to our own.

use std::time::Instant;

use sip::{HeaderName, Message, Method, Origin, Parser, Received, ServerTx};
use tokio::sync::oneshot;

use super::{ALLOW, Agent, Purpose, token, via_transport};
use crate::call::{CallPhase, EndedBy, HeaderText};
use crate::leg::{Invite, Leg, Parties};
use crate::sdp;
use crate::trunk::TrunkMode;
use crate::wire::{Incoming, Peer};
use crate::{Answering, Transport};

impl Agent {
    pub(super) fn arrived(&mut self, parser: &mut Parser, arrived: Incoming) {
        match arrived {
            Incoming::Accepted(from, stream) => self.wire.accept(from, stream),
            Incoming::Lost(peer) => {
                self.wire.forget(&peer);
                self.layer.peer_lost(|p| *p == peer);
                self.drain_events();
                if let Some(registrar) = &mut self.config.registrar {
                    registrar.connection_lost(&peer, Instant::now());
                }
            }
            Incoming::Message(peer, bytes) => {
                if self.mode == TrunkMode::Silent {
                    if bytes.starts_with(b"INVITE ") {
                        self.counts.send_modify(|c| c.invites_unanswered += 1);
                    }
                    return;
                }
                match parser.parse(&bytes) {
                    Ok(message) => self.message(peer, &message),
                    Err(error) => tracing::debug!(%error, "unreadable message"),
                }
            }
        }
    }

    fn message(&mut self, peer: Peer, message: &Message<'_>) {
        let reply_to = match peer.transport {
            Transport::Udp if message.is_request() => {
                Peer { address: message.via().response_target(peer.address), ..peer }
            }
            _ => peer,
        };
        let origin =
            Origin { peer: reply_to, reliability: peer.reliability(), source: Some(peer.address) };
        match self.layer.receive(Instant::now(), &origin, message, sink!(self)) {
            Received::Request { tx } => self.request(tx, peer, message),
            Received::Cancel { tx, invite } => self.cancelled(tx, invite),
            Received::Ack { .. } => self.acknowledged(message),
            Received::Response { tag, .. } => self.response(tag, message),
            Received::Confirmed { .. } | Received::Stray | Received::Absorbed | Received::Full => {}
        }
    }

    fn reply(&mut self, tx: ServerTx, status: u16) {
        let tag = token();
        let sink = sink!(self);
        // Gone means the transaction timed out meanwhile: nobody waits for it.
        let _ = self.layer.reply(Instant::now(), tx, status, Some(tag.as_bytes()), sink, |b| {
            b.header(HeaderName::Allow, ALLOW).finish();
        });
    }

    fn find(&self, message: &Message<'_>, local_tag: Option<&[u8]>) -> Option<u64> {
        let local_tag = local_tag?;
        self.legs
            .iter()
            .find(|(_, leg)| {
                leg.call_id.as_bytes() == message.call_id() && leg.local_tag.as_bytes() == local_tag
            })
            .map(|(id, _)| *id)
    }

    fn request(&mut self, tx: ServerTx, peer: Peer, message: &Message<'_>) {
        let method = message.method();
        if message.to_tag().is_some() {
            let Some(id) = self.find(message, message.to_tag()) else {
                return self.reply(tx, 481);
            };
            return match method {
                Method::Bye => {
                    self.reply(tx, 200);
                    self.end(id, EndedBy::Them, 200);
                }
                Method::Invite | Method::Update => self.reoffered(id, tx, message),
                _ => self.reply(tx, 200),
            };
        }
        let out_of_service = self.mode == TrunkMode::Unavailable;
        match method {
            Method::Options => {
                self.counts.send_modify(|c| c.options += 1);
                self.reply(tx, if out_of_service { 503 } else { 200 });
            }
            Method::Invite if out_of_service => {
                self.counts.send_modify(|c| c.invites_unanswered += 1);
                self.reply(tx, 503);
            }
            Method::Invite => self.invited(tx, peer, message),
            _ => self.reply(tx, 405),
        }
    }

    fn invited(&mut self, tx: ServerTx, peer: Peer, message: &Message<'_>) {
        let answering = self.config.answering;
        if answering == Answering::Ignore {
            self.counts.send_modify(|c| c.invites_unanswered += 1);
            return;
        }
        let Ok(media) = self.open_media() else { return self.reply(tx, 500) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let call_id = text(message.call_id());
        let local_tag = token();
        let parties = Parties {
            local: format!("{};tag={local_tag}", text(message.to().raw)),
            local_tag: local_tag.clone(),
            remote: text(message.from().raw),
            remote_target: String::new(),
        };
        let mut leg = Leg::new(call_id, parties, peer, Invite::Incoming { tx }, media);
        leg.view.send_modify(|view| view.invite = HeaderText(head(message)));
        leg.take_target(message);
        leg.take_routes(message);
        leg.take_sdp(message);
        leg.answer_at = match answering {
            Answering::Answer { after } => Some(Instant::now() + after),
            _ => None,
        };
        let id = self.adopt(leg);
        self.layer.set_tag(tx, id);
        if let Answering::Reject { status } = answering {
            if let Some(call) = self.handle(id) {
                let _ = self.calls.send(call);
            }
            return self.reject(id, status);
        }
        let contact = self.contact();
        let sink = sink!(self);
        let rung =
            self.layer.reply(Instant::now(), tx, 180, Some(local_tag.as_bytes()), sink, |b| {
                b.header(HeaderName::Contact, &contact).finish();
            });
        if let (Ok(()), Some(leg)) = (rung, self.legs.get(&id)) {
            leg.passed(180);
        }
        if let Some(call) = self.handle(id) {
            let _ = self.calls.send(call);
        }
    }

    fn cancelled(&mut self, tx: ServerTx, invite: Option<(ServerTx, u64)>) {
        let Some((invite, id)) = invite else { return self.reply(tx, 481) };
        self.reply(tx, 200);
        let Some(leg) = self.legs.get(&id) else { return };
        if leg.phase() >= CallPhase::Talking {
            return;
        }
        let tag = leg.local_tag.clone();
        let sink = sink!(self);
        let ended =
            self.layer.reply(Instant::now(), invite, 487, Some(tag.as_bytes()), sink, |b| {
                b.finish();
            });
        if ended.is_ok() {
            self.end(id, EndedBy::Them, 487);
        }
    }

    fn acknowledged(&mut self, message: &Message<'_>) {
        let Some(id) = self.find(message, message.to_tag()) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let first = match leg.invite {
            Invite::Incoming { tx } => Some(tx),
            Invite::Outgoing { .. } => None,
        };
        if let Some(tx) = leg.unacknowledged.take().or(first) {
            self.layer.acked(tx);
        }
    }

    /// A re-INVITE or UPDATE of the other side: answer its offer.
    fn reoffered(&mut self, id: u64, tx: ServerTx, message: &Message<'_>) {
        let (contact, ip) = (self.contact(), self.wire.local.ip());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let offered = message.has_sdp();
        leg.take_target(message);
        if offered {
            leg.take_sdp(message);
            leg.flow = leg.peer_flow.answer();
            leg.sdp_version += 1;
            leg.steer();
        }
        let body = sdp::write(ip, leg.rtp.port, leg.sdp_version, leg.flow);
        if message.method() == Method::Invite {
            leg.unacknowledged = Some(tx);
        }
        self.layer.set_tag(tx, id);
        let with_body = offered || message.method() == Method::Invite;
        let sink = sink!(self);
        // Gone means the peer has given the request up meanwhile.
        let _ = self.layer.reply(Instant::now(), tx, 200, None, sink, |b| {
            let b = b.header(HeaderName::Contact, &contact);
            if with_body { b.body("application/sdp", body.as_bytes()) } else { b.finish() }
        });
    }

    fn response(&mut self, tag: u64, message: &Message<'_>) {
        let Some(status) = message.status() else { return };
        match self.purposes.get(&tag) {
            Some(Purpose::Invite(id)) => {
                let id = *id;
                self.invite_response(id, tag, status, message);
            }
            Some(Purpose::Register) if status >= 200 => {
                self.purposes.remove(&tag);
                self.register_response(status, message);
            }
            Some(Purpose::Reinvite(id, _)) if status >= 200 => {
                let id = *id;
                if status < 300 {
                    if let Some(leg) = self.legs.get_mut(&id) {
                        leg.take_sdp(message);
                        leg.steer();
                    }
                    self.send_ack(id, message.cseq().number);
                }
                if let Some(Purpose::Reinvite(_, reply)) = self.purposes.remove(&tag) {
                    let _ = reply.send(Ok(status));
                }
            }
            Some(Purpose::Plain(_)) if status >= 200 => {
                if let Some(Purpose::Plain(reply)) = self.purposes.remove(&tag) {
                    let _ = reply.send(Ok(status));
                }
            }
            _ => {}
        }
    }

    fn invite_response(&mut self, id: u64, tag: u64, status: u16, message: &Message<'_>) {
        let Some(leg) = self.legs.get_mut(&id) else {
            // The call is over on our side but this 2xx still wants its ACK; the
            // other side's own timer ends it.
            return;
        };
        leg.passed(status);
        leg.view.send_modify(|view| view.response = HeaderText(head(message)));
        match status {
            100..200 => {
                if message.has_sdp() {
                    leg.take_sdp(message);
                }
            }
            200..300 => {
                let repeated = leg.phase() == CallPhase::Talking;
                if !repeated {
                    leg.remote = String::from_utf8_lossy(message.to().raw).into_owned();
                    leg.take_target(message);
                    leg.take_routes(message);
                    leg.take_sdp(message);
                    leg.talking();
                }
                let unwanted = leg.cancelled;
                self.send_ack(id, message.cseq().number);
                if unwanted && !repeated {
                    let (reply, _) = oneshot::channel();
                    self.hang_up(id, reply);
                }
            }
            401 | 407 => {
                self.purposes.remove(&tag);
                let credentials = self.config.credentials.as_ref();
                let Invite::Outgoing { tries, uri, .. } = &mut leg.invite else { return };
                *tries += 1;
                let answer = (*tries <= 2 && !leg.cancelled)
                    .then_some(credentials)
                    .flatten()
                    .and_then(|c| c.answer(message, "INVITE", uri));
                match answer {
                    Some(answer) => self.send_invite(id, Some(answer)),
                    None => self.end(id, EndedBy::Them, status),
                }
            }
            _ => {
                self.purposes.remove(&tag);
                let by = if leg.cancelled { EndedBy::Us } else { EndedBy::Them };
                self.end(id, by, status);
            }
        }
    }

    /// The ACK to a 2xx: no transaction, the same bytes for each repetition of it.
    fn send_ack(&mut self, id: u64, cseq: u32) {
        let sent_by = self.wire.local;
        let to = self.next_hop(id);
        let branch = self.layer.branch();
        let mut bytes = self.layer.buffer();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut line = leg.line();
        line.cseq = cseq;
        line.write(&mut bytes, Method::Ack, sent_by, via_transport(to), branch.as_bytes()).finish();
        self.wire.send(&to, &bytes);
        self.layer.recycle(bytes);
    }

    fn register_response(&mut self, status: u16, message: &Message<'_>) {
        let Some(registrar) = &mut self.config.registrar else { return };
        match registrar.response(status, message) {
            None => self.send_register(),
            Some(answer) => self.register_settled(answer),
        }
    }
}

fn head(message: &Message<'_>) -> String {
    let bytes = message.bytes();
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
