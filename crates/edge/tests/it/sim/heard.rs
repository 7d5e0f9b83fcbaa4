//! What a user agent makes of what it hears, and what it expects of it.

use super::ua::{Deed, Dlg, Op, Ringing, Sent, State, Ua, text, text_of, uri_of};
use super::{EDGE, Rng};
use crate::net::addr;
use sip::digest::Challenge;
use sip::{
    HeaderName, Message, MessageBuilder, Method, Origin, Parser, Received, Reliability, ServerTx,
};
use std::time::Instant;

impl Ua {
    /// A datagram came.
    pub fn receive(&mut self, now: Instant, bytes: &[u8], rng: &mut Rng, out: &mut Sent) {
        let mut parser = self.parser.take().unwrap_or_default();
        match parser.parse(bytes) {
            Ok(m) => {
                let origin = Origin {
                    peer: addr(EDGE),
                    reliability: Reliability::Unreliable,
                    source: Some(addr(EDGE)),
                };
                match self.layer.receive(now, &origin, &m, out) {
                    Received::Request { tx } => self.request(now, &m, bytes, tx, rng, out),
                    Received::Cancel { tx, invite } => {
                        self.cancelled(now, tx, invite.is_some(), out)
                    }
                    Received::Ack { .. } => self.acknowledged(now, &m, rng),
                    Received::Response { tag, .. } => self.response(now, &m, tag, rng, out),
                    Received::Stray if m.status().is_some_and(|s| (200..300).contains(&s)) => {
                        self.repeated_answer(&m, out);
                    }
                    _ => {}
                }
            }
            Err(error) => self.breach(format!("unreadable ({error}):\n{}", text(bytes))),
        }
        self.parser = Some(parser);
        self.events(now, out);
    }

    fn cancelled(&mut self, now: Instant, tx: ServerTx, known: bool, out: &mut Sent) {
        let status = if known { 200 } else { 481 };
        let tag = format!("uas-{}-0", self.addr.port());
        let _ = self.layer.reply(now, tx, status, Some(tag.as_bytes()), out, |b| b.finish());
        if known {
            self.act(now, Deed::Refuse { status: 487 }, out);
        }
    }

    fn acknowledged(&mut self, now: Instant, m: &Message<'_>, rng: &mut Rng) {
        let (to, from) = (m.to_tag().map(text), m.from_tag().map(text));
        let at = self.find(&text(m.call_id()), &to.unwrap_or_default(), &from.unwrap_or_default());
        let Some(at) = at else {
            return self.breach(format!("ACK of an unknown dialog:\n{}", text_of(m)));
        };
        self.check_in_dialog(m, at);
        let d = &mut self.dialogs[at];
        if d.extra {
            (d.hears_ack, d.acked) = (false, true);
            return;
        }
        match d.unacked {
            Some((cseq, tx)) if cseq == m.cseq().number => {
                d.unacked = None;
                self.layer.acked(tx);
                if !d.established {
                    d.established = true;
                    self.came_up(now, rng);
                }
            }
            _ if m.cseq().number > d.remote_cseq => {
                self.breach(format!("ACK of no INVITE:\n{}", text_of(m)));
            }
            _ => {}
        }
    }

    fn came_up(&mut self, now: Instant, _rng: &mut Rng) {
        for (after, deed) in std::mem::take(&mut self.when_up) {
            self.deeds.push((now + after, deed));
        }
    }

    /// What every request inside a dialog must look like.
    fn check_in_dialog(&mut self, m: &Message<'_>, at: usize) {
        if m.request_uri() != self.contact.as_bytes() {
            let want = self.contact.clone();
            self.breach(format!("Request-URI is not {want}:\n{}", text_of(m)));
        }
        let routes: Vec<String> = m.header_values(HeaderName::Route).map(text).collect();
        let expect: Vec<String> = self.hops.iter().map(|h| format!("<{h}>")).collect();
        if routes != expect {
            self.breach(format!("Route {routes:?} is not {expect:?}:\n{}", text_of(m)));
        }
        let d = &self.dialogs[at];
        let (local, remote) = (uri_of(&d.local), uri_of(&d.remote));
        if text(m.to().uri) != local || text(m.from().uri) != remote {
            let breach = format!("To {local} or From {remote} changed:\n{}", text_of(m));
            self.breach(breach);
        }
    }

    fn check_message(&mut self, m: &Message<'_>) {
        if m.header(HeaderName::RecordRoute).is_some() && m.is_request() {
            self.breach(format!("Record-Route:\n{}", text_of(m)));
        }
        if let Some(contact) = m.header(HeaderName::Contact) {
            let uri = contact.iter().filter(|b| !matches!(b, b'<' | b'>')).count();
            if uri > self.max_uri {
                let breach = format!("a Contact of {uri} bytes:\n{}", text_of(m));
                self.breach(breach);
            }
        }
    }

    fn request(
        &mut self,
        now: Instant,
        m: &Message<'_>,
        bytes: &[u8],
        tx: ServerTx,
        rng: &mut Rng,
        out: &mut Sent,
    ) {
        self.check_message(m);
        let mut reply = |ua: &mut Self, status: u16, contact: bool, sdp: bool| {
            let own = ua.contact.clone();
            let _ = ua.layer.reply(now, tx, status, None, out, |mut b| {
                if contact {
                    b = b.header_fmt(HeaderName::Contact, format_args!("<{own}>"));
                }
                if sdp { b.body("application/sdp", b"v=0 again") } else { b.finish() }
            });
        };
        let (call_id, cseq) = (text(m.call_id()), m.cseq().number);
        let from = text(m.from_tag().unwrap_or_default());
        let Some(to) = m.to_tag().map(text) else {
            if m.method() != Method::Invite {
                let plain = m.method() == Method::Options;
                return reply(self, if plain { 200 } else { 405 }, false, false);
            }
            if m.header(HeaderName::Contact).is_none() || from.is_empty() {
                self.breach(format!("INVITE without Contact or tag:\n{}", text_of(m)));
            }
            let key = (call_id, from, cseq);
            if self.seen_invites.contains(&key) {
                // Section 8.2.2.2: the same request by another way.
                return reply(self, 482, false, false);
            }
            self.seen_invites.push(key);
            if self.ringing.as_ref().is_some_and(|r| !r.done) || self.calling.is_some() {
                return reply(self, 486, false, false);
            }
            self.ringing = Some(Ringing { tx, bytes: bytes.to_vec(), done: false, reliable: None });
            for (after, deed) in std::mem::take(&mut self.when_called) {
                self.deeds.push((now + after, deed));
            }
            return;
        };
        let Some(at) = self.find(&call_id, &to, &from) else {
            return reply(self, 481, false, false);
        };
        self.check_in_dialog(m, at);
        let d = &mut self.dialogs[at];
        if d.state == State::Over {
            return reply(self, 481, false, false);
        }
        if cseq <= d.remote_cseq && m.method() != Method::Prack {
            return reply(self, 500, false, false);
        }
        d.remote_cseq = d.remote_cseq.max(cseq);
        match m.method() {
            Method::Bye => {
                // It may have overtaken the ACK.
                d.established |= d.state == State::Confirmed && !d.extra;
                d.hears_ack = false;
                d.state = State::Over;
                d.unacked = None;
                reply(self, 200, false, false);
            }
            Method::Invite | Method::Update => {
                if d.asking || d.unacked.is_some() {
                    return reply(self, 491, false, false);
                }
                if d.state == State::Leaving {
                    return reply(self, 481, false, false);
                }
                if let Some(contact) = m.header(HeaderName::Contact) {
                    let uri = text(contact);
                    d.target =
                        uri.trim_start_matches('<').split('>').next().unwrap_or("").to_owned();
                } else {
                    let breach = format!("no Contact:\n{}", text_of(m));
                    self.breach(breach);
                }
                let d = &mut self.dialogs[at];
                if m.method() == Method::Invite {
                    d.unacked = Some((cseq, tx));
                    d.reinvited += 1;
                    self.layer.set_tag(tx, at as u64 + 1);
                }
                reply(self, 200, true, true);
            }
            Method::Prack => {
                if let Some(r) = self.ringing.as_mut() {
                    r.reliable = None;
                }
                reply(self, 200, false, false);
            }
            Method::Refer => reply(self, 202, true, false),
            _ => reply(self, 200, false, false),
        }
        let _ = rng;
    }

    fn repeated_answer(&mut self, m: &Message<'_>, out: &mut Sent) {
        let (to, from) = (m.to_tag().map(text), m.from_tag().map(text));
        let at = self.find(&text(m.call_id()), &from.unwrap_or_default(), &to.unwrap_or_default());
        if let Some(at) = at
            && let Some((cseq, ack)) = &self.dialogs[at].ack
            && *cseq == m.cseq().number
        {
            out.0.push(ack.clone());
        }
    }

    fn response(&mut self, now: Instant, m: &Message<'_>, op: u64, rng: &mut Rng, out: &mut Sent) {
        self.check_message(m);
        let status = m.status().unwrap_or_default();
        if status == 100 {
            return;
        }
        match self.ops.get(&op) {
            Some(Op::Invite) => self.invite_answered(now, m, status, rng, out),
            Some(Op::InDialog { call_id, local_tag, remote_tag, method }) => {
                let (ids, method) =
                    ((call_id.clone(), local_tag.clone(), remote_tag.clone()), *method);
                if text(m.call_id()) != ids.0 || m.to_tag().map(text).as_ref() != Some(&ids.2) {
                    self.breach(format!("an answer of another dialog:\n{}", text_of(m)));
                }
                let Some(at) = self.find(&ids.0, &ids.1, &ids.2) else { return };
                if status < 200 {
                    return;
                }
                if method == "INVITE" && status < 300 {
                    if self.dialogs[at].ack.as_ref().is_none_or(|(n, _)| *n != m.cseq().number) {
                        self.confirm(m, at);
                        self.dialogs[at].reinvited += 1;
                    }
                    if let Some((_, ack)) = &self.dialogs[at].ack {
                        out.0.push(ack.clone());
                    }
                    self.dialogs[at].asking = false;
                    return;
                }
                self.ops.remove(&op);
                let d = &mut self.dialogs[at];
                match method {
                    "BYE" => d.state = State::Over,
                    "INVITE" | "UPDATE" => d.asking = false,
                    _ => {}
                }
                if method == "UPDATE" && status < 300 {
                    self.refresh(m, at);
                }
                if matches!(status, 481 | 408) && self.dialogs[at].state == State::Confirmed {
                    self.log.push((now, format!("{}: {method} got {status}", self.name)));
                    self.ask(now, at, "BYE", "", out);
                }
            }
            None => {}
        }
    }

    fn refresh(&mut self, m: &Message<'_>, at: usize) {
        match m.header(HeaderName::Contact) {
            Some(contact) => {
                let uri = text(contact);
                self.dialogs[at].target =
                    uri.trim_start_matches('<').split('>').next().unwrap_or("").to_owned();
            }
            None => self.breach(format!("no Contact:\n{}", text_of(m))),
        }
    }

    /// Takes the 2xx of an INVITE of ours and makes its ACK.
    fn confirm(&mut self, m: &Message<'_>, at: usize) {
        self.refresh(m, at);
        let branch = self.layer.branch();
        let d = &mut self.dialogs[at];
        let mut bytes = Vec::new();
        MessageBuilder::request(&mut bytes, Method::Ack, d.target.as_bytes())
            .via("UDP", self.addr.to_string(), branch.as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, &d.local)
            .header(HeaderName::To, &d.remote)
            .header(HeaderName::CallId, &d.call_id)
            .cseq(m.cseq().number, Method::Ack)
            .finish();
        d.ack = Some((m.cseq().number, bytes));
    }

    fn invite_answered(
        &mut self,
        now: Instant,
        m: &Message<'_>,
        status: u16,
        rng: &mut Rng,
        out: &mut Sent,
    ) {
        if matches!(status, 401 | 407) && self.password.is_some() {
            return self.prove(now, m, out);
        }
        if status >= 300 {
            if let Some((tx, _, _)) = self.calling.take() {
                let _ = tx;
            }
            self.final_status = Some(status);
            return self.drop_early();
        }
        let Some(tag) = m.to_tag().map(text) else {
            return self.breach(format!("no tag:\n{}", text_of(m)));
        };
        let (call_id, local_tag) = (text(m.call_id()), text(m.from_tag().unwrap_or_default()));
        let at = match self.find(&call_id, &local_tag, &tag) {
            Some(at) => at,
            None => {
                self.dialogs.push(Dlg {
                    call_id,
                    local: text(m.from().raw),
                    remote: text(m.to().raw),
                    local_tag,
                    remote_tag: tag,
                    target: String::new(),
                    cseq: m.cseq().number,
                    remote_cseq: 0,
                    state: State::Early,
                    ack: None,
                    unacked: None,
                    asking: false,
                    established: false,
                    reinvited: 0,
                    extra: false,
                    hears_ack: false,
                    acked: false,
                });
                self.dialogs.len() - 1
            }
        };
        if status < 200 {
            self.refresh(m, at);
            let rseq = m.header(HeaderName::RSeq).map(text);
            if let Some(rseq) = rseq
                && self.dialogs[at].state == State::Early
                && self.ids & (1 << (at as u32 % 31)) == 0
            {
                self.ids |= 1 << (at as u32 % 31);
                let rack = format!("RAck: {rseq} {} INVITE", m.cseq().number);
                self.ask(now, at, "PRACK", &rack, out);
            }
            return;
        }
        match self.dialogs[at].state {
            State::Early => {
                if self.dialogs.iter().any(|d| d.established) {
                    self.breach(format!("a second answer:\n{}", text_of(m)));
                }
                self.dialogs[at].state = State::Confirmed;
                self.dialogs[at].established = true;
                self.confirm(m, at);
                let cancelled = self.calling.take().is_some_and(|c| c.2);
                self.final_status = Some(200);
                self.drop_early();
                if let Some((_, ack)) = &self.dialogs[at].ack {
                    out.0.push(ack.clone());
                }
                if cancelled {
                    self.ask(now, at, "BYE", "", out);
                } else {
                    self.came_up(now, rng);
                }
            }
            _ => self.repeated_answer(m, out),
        }
    }

    fn prove(&mut self, now: Instant, m: &Message<'_>, out: &mut Sent) {
        let Some((_, bytes, cancelled)) = self.calling.take() else { return };
        if cancelled || m.cseq().number > 1 {
            self.final_status = Some(407);
            return;
        }
        let (user, password) = self.password.clone().expect("checked");
        let mut parser = Parser::default();
        let first = parser.parse(&bytes).expect("our own");
        let uri = text(first.request_uri());
        let proof = Challenge::first_of(m.header_all(HeaderName::ProxyAuthenticate))
            .expect("a challenge")
            .answer(user, &password, b"INVITE", uri.as_bytes(), "c", 1);
        let (from, call_id) = (text(first.from().uri), text(first.call_id()));
        let proof = text(&proof);
        let cseq = first.cseq().number + 1;
        let header = Some((HeaderName::ProxyAuthorization, proof.as_str()));
        self.send_invite(now, &uri, &from, &call_id, cseq, header, out);
    }
}
