//! A strict SIP user agent: it plays its part of a script and notes every breach
//! of the protocol by the other end.

use super::{EDGE, Rng};
use crate::net::addr;
use sip::digest::Challenge;
use sip::{
    Event, HeaderName, Message, MessageBuilder, Method, Origin, Parser, Received, Reliability,
    ServerTx, Sink, Target, TransactionLayer, reason_phrase,
};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What goes out, with where to.
#[derive(Default)]
pub struct Sent(pub Vec<Vec<u8>>);

impl Sink<SocketAddr> for Sent {
    fn transmit(&mut self, _to: &SocketAddr, bytes: &[u8]) {
        self.0.push(bytes.to_vec());
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Early,
    Confirmed,
    /// Our BYE is on its way.
    Leaving,
    Over,
}

#[derive(Clone, Debug)]
pub struct Dlg {
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: String,
    local: String,
    remote: String,
    target: String,
    cseq: u32,
    remote_cseq: u32,
    pub state: State,
    /// The ACK of our last INVITE, for repeated answers.
    ack: Option<(u32, Vec<u8>)>,
    /// The INVITE we answered and whose ACK has not come.
    unacked: Option<(u32, ServerTx)>,
    /// A request of ours that changes the session is under way.
    asking: bool,
    /// The ACK of the first INVITE passed here.
    pub established: bool,
    pub reinvited: u32,
}

/// What this user agent does in a call, and when.
#[derive(Clone, Debug)]
pub enum Deed {
    Cancel,
    Provisional {
        status: u16,
        fork: usize,
        reliable: bool,
    },
    Answer {
        fork: usize,
    },
    Refuse {
        status: u16,
    },
    Ask {
        method: &'static str,
    },
    /// Give up a re-INVITE that nobody answers for good.
    GiveUp {
        tx: sip::ClientTx,
    },
    Bye,
}

enum Op {
    Invite,
    InDialog { call_id: String, local_tag: String, remote_tag: String, method: &'static str },
}

struct Ringing {
    tx: ServerTx,
    bytes: Vec<u8>,
    done: bool,
    /// The reliable provisional that waits for its PRACK: bytes, next, interval.
    reliable: Option<(u16, usize, Instant, Duration, Instant)>,
}

pub struct Ua {
    pub name: &'static str,
    pub addr: SocketAddr,
    pub contact: String,
    /// Record-Route as this one's proxies leave it, nearest to the edge first.
    pub hops: Vec<String>,
    pub max_uri: usize,
    pub password: Option<(&'static str, String)>,
    layer: TransactionLayer<SocketAddr>,
    parser: Option<Parser>,
    ops: HashMap<u64, Op>,
    next_op: u64,
    pub dialogs: Vec<Dlg>,
    ringing: Option<Ringing>,
    calling: Option<(sip::ClientTx, Vec<u8>, bool)>,
    seen_invites: Vec<(String, String, u32)>,
    pub deeds: Vec<(Instant, Deed)>,
    /// What to do once an INVITE comes, and once the call stands.
    pub when_called: Vec<(Duration, Deed)>,
    pub when_up: Vec<(Duration, Deed)>,
    pub breaches: Vec<String>,
    pub log: Vec<(Instant, String)>,
    pub hung_up: Option<Instant>,
    /// Whether this one began the call.
    pub called: bool,
    pub final_status: Option<u16>,
    pub unanswered: u32,
    ids: u32,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Ua {
    pub fn new(name: &'static str, at: &str, contact_bytes: usize, seed: u64) -> Self {
        let at = addr(at);
        let mut contact = format!("sip:{name}-x1@{at};x-pad=k");
        while contact.len() < contact_bytes {
            contact.push('k');
        }
        let mut layer_seed = [0; 16];
        layer_seed[..8].copy_from_slice(&seed.to_le_bytes());
        layer_seed[8] = name.len() as u8;
        layer_seed[9..11].copy_from_slice(&at.port().to_le_bytes());
        let config = sip::transaction::Config { retransmit_2xx: true, ..Default::default() };
        Self {
            name,
            addr: at,
            contact,
            hops: Vec::new(),
            max_uri: 512,
            password: None,
            layer: TransactionLayer::new(config, layer_seed),
            parser: Some(Parser::default()),
            ops: HashMap::new(),
            next_op: 1,
            dialogs: Vec::new(),
            ringing: None,
            calling: None,
            seen_invites: Vec::new(),
            deeds: Vec::new(),
            when_called: Vec::new(),
            when_up: Vec::new(),
            breaches: Vec::new(),
            log: Vec::new(),
            hung_up: None,
            called: false,
            final_status: None,
            unanswered: 0,
            ids: 0,
        }
    }

    fn breach(&mut self, what: String) {
        self.breaches.push(format!("{}: {what}", self.name));
    }

    pub fn due(&self) -> Option<Instant> {
        let reliable = self.ringing.as_ref().and_then(|r| r.reliable.as_ref()).map(|r| r.2);
        let deed = self.deeds.iter().map(|d| d.0).min();
        [self.layer.poll_timeout(), reliable, deed].into_iter().flatten().min()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.deeds.is_empty() && self.calling.is_none() && self.layer.is_empty()
    }

    /// Whether no request of this one, and no answer that it owes, is under way.
    pub fn is_calm(&self) -> bool {
        self.calling.is_none()
            && self.ops.values().all(|op| match op {
                Op::InDialog { method: "INVITE", .. } => true,
                Op::InDialog { .. } => false,
                Op::Invite => true,
            })
            && self.dialogs.iter().all(|d| {
                matches!(d.state, State::Confirmed | State::Over)
                    && !d.asking
                    && d.unacked.is_none()
            })
    }

    /// Calls. `call_id` may be long.
    pub fn call(&mut self, now: Instant, uri: &str, from: &str, call_id: &str, out: &mut Sent) {
        self.called = true;
        self.send_invite(now, uri, from, call_id, 1, None, out);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of an INVITE")]
    fn send_invite(
        &mut self,
        now: Instant,
        uri: &str,
        from: &str,
        call_id: &str,
        cseq: u32,
        proof: Option<(HeaderName, &str)>,
        out: &mut Sent,
    ) {
        let branch = self.layer.branch();
        let mut bytes = Vec::new();
        let mut b = MessageBuilder::request(&mut bytes, Method::Invite, uri.as_bytes())
            .via("UDP", self.addr, branch.as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header_fmt(HeaderName::From, format_args!("<{from}>;tag=uac-{}", self.name))
            .header_fmt(HeaderName::To, format_args!("<{uri}>"))
            .header(HeaderName::CallId, call_id)
            .cseq(cseq, Method::Invite)
            .header_fmt(HeaderName::Contact, format_args!("<{}>", self.contact))
            .header(HeaderName::Supported, "100rel, timer, replaces")
            .header(HeaderName::SessionExpires, "1800;refresher=uac");
        for hop in &self.hops {
            b = b.header_fmt(HeaderName::RecordRoute, format_args!("<{hop}>"));
        }
        if let Some((name, value)) = proof {
            b = b.header(name, value);
        }
        b.body("application/sdp", b"v=0 offer");
        let op = self.op(Op::Invite);
        let to = Target { peer: addr(EDGE), reliability: Reliability::Unreliable };
        let tx = self.layer.request(now, to, &branch, bytes.clone(), op, out).expect("room");
        self.calling = Some((tx, bytes, false));
    }

    fn op(&mut self, op: Op) -> u64 {
        let id = self.next_op;
        self.next_op += 1;
        self.ops.insert(id, op);
        id
    }

    fn find(&mut self, call_id: &str, local: &str, remote: &str) -> Option<usize> {
        self.dialogs
            .iter()
            .position(|d| d.call_id == call_id && d.local_tag == local && d.remote_tag == remote)
    }

    /// A request inside a dialog.
    fn ask(&mut self, now: Instant, at: usize, method: &'static str, extra: &str, out: &mut Sent) {
        let branch = self.layer.branch();
        let d = &mut self.dialogs[at];
        d.cseq += 1;
        let mut bytes = Vec::new();
        let m = Method::from_bytes(method.as_bytes());
        let mut b = MessageBuilder::request(&mut bytes, m, d.target.as_bytes())
            .via("UDP", self.addr, branch.as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, &d.local)
            .header(HeaderName::To, &d.remote)
            .header(HeaderName::CallId, &d.call_id)
            .cseq(d.cseq, m)
            .header_fmt(HeaderName::Contact, format_args!("<{}>", self.contact));
        if let Some((name, value)) = extra.split_once(": ") {
            b = b.header_named(name, value);
        }
        match method {
            "INVITE" | "UPDATE" => b.body("application/sdp", b"v=0 again"),
            _ => b.finish(),
        }
        let op = Op::InDialog {
            call_id: d.call_id.clone(),
            local_tag: d.local_tag.clone(),
            remote_tag: d.remote_tag.clone(),
            method,
        };
        if matches!(method, "INVITE" | "UPDATE") {
            d.asking = true;
        }
        if method == "BYE" {
            d.state = State::Leaving;
        }
        let op = self.op(op);
        let to = Target { peer: addr(EDGE), reliability: Reliability::Unreliable };
        let tx = self.layer.request(now, to, &branch, bytes, op, out).expect("room");
        match method {
            "INVITE" => self.deeds.push((now + Duration::from_secs(40), Deed::GiveUp { tx })),
            "BYE" => {
                self.hung_up.get_or_insert(now);
            }
            _ => {}
        }
    }

    /// Time has come to `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Sent) {
        self.layer.handle_timeout(now, out);
        self.events(now, out);
        if let Some(r) = self.ringing.as_mut()
            && let Some((status, fork, due, every, until)) = r.reliable
            && due <= now
        {
            if r.done || now >= until {
                r.reliable = None;
            } else {
                r.reliable = Some((status, fork, now + every * 2, every * 2, until));
                self.provisional(now, status, fork, true, out);
            }
        }
        self.deeds.sort_by_key(|d| d.0);
        while let Some((due, _)) = self.deeds.first()
            && *due <= now
        {
            let (_, deed) = self.deeds.remove(0);
            self.act(now, deed, out);
        }
        self.events(now, out);
    }

    fn act(&mut self, now: Instant, deed: Deed, out: &mut Sent) {
        match deed {
            Deed::Cancel => {
                if let Some((tx, _, cancelled)) = &mut self.calling {
                    *cancelled = true;
                    self.layer.cancel(now, *tx, None, out);
                }
            }
            Deed::Provisional { status, fork, reliable } => {
                if self.ringing.as_ref().is_some_and(|r| !r.done) {
                    if reliable && let Some(r) = self.ringing.as_mut() {
                        let (every, until) =
                            (Duration::from_millis(500), now + Duration::from_secs(32));
                        r.reliable = Some((status, fork, now + every, every, until));
                    }
                    self.provisional(now, status, fork, reliable, out);
                }
            }
            Deed::Answer { fork } => self.accept(now, fork, out),
            Deed::Refuse { status } => {
                if let Some(r) = self.ringing.as_mut().filter(|r| !r.done) {
                    r.done = true;
                    let tag = format!("uas-{}-0", self.addr.port());
                    let tx = r.tx;
                    let _ = self
                        .layer
                        .reply(now, tx, status, Some(tag.as_bytes()), out, |b| b.finish());
                    self.drop_early();
                }
            }
            Deed::Ask { method } => {
                let up = self.dialogs.iter().position(|d| {
                    d.state == State::Confirmed
                        && (!d.asking || !matches!(method, "INVITE" | "UPDATE"))
                });
                if let Some(at) = up {
                    let extra = match method {
                        "REFER" => "Refer-To: <sip:+4420@elsewhere.example>",
                        "NOTIFY" => "Event: refer",
                        "INVITE" => "Session-Expires: 1800;refresher=uac",
                        _ => "",
                    };
                    self.ask(now, at, method, extra, out);
                }
            }
            Deed::GiveUp { tx } => {
                self.layer.cancel(now, tx, None, out);
            }
            Deed::Bye => {
                let up = self.dialogs.iter().position(|d| d.state == State::Confirmed);
                if let Some(at) = up {
                    self.ask(now, at, "BYE", "", out);
                }
            }
        }
    }

    fn drop_early(&mut self) {
        for d in self.dialogs.iter_mut().filter(|d| d.state == State::Early) {
            d.state = State::Over;
        }
    }

    /// The called side's dialog of this fork.
    fn callee_dialog(&mut self, bytes: &[u8], fork: usize) -> usize {
        let mut parser = Parser::default();
        let m = parser.parse(bytes).expect("it came and was read");
        let local_tag = format!("uas-{}-{fork}", self.addr.port());
        let call_id = text(m.call_id());
        let remote_tag = text(m.from_tag().expect("checked"));
        if let Some(at) = self.find(&call_id, &local_tag, &remote_tag) {
            return at;
        }
        let contact = m.header(HeaderName::Contact).map(text).unwrap_or_default();
        let target = contact.trim_start_matches('<').split('>').next().unwrap_or_default();
        self.dialogs.push(Dlg {
            call_id,
            local: format!("{};tag={local_tag}", text(m.to().raw)),
            remote: text(m.from().raw),
            local_tag,
            remote_tag,
            target: target.to_owned(),
            cseq: 100,
            remote_cseq: m.cseq().number,
            state: State::Early,
            ack: None,
            unacked: None,
            asking: false,
            established: false,
            reinvited: 0,
        });
        self.dialogs.len() - 1
    }

    fn provisional(
        &mut self,
        now: Instant,
        status: u16,
        fork: usize,
        reliable: bool,
        out: &mut Sent,
    ) {
        let Some(r) = &self.ringing else { return };
        let (tx, bytes) = (r.tx, r.bytes.clone());
        let at = self.callee_dialog(&bytes, fork);
        let tag = self.dialogs[at].local_tag.clone();
        let (contact, hops) = (self.contact.clone(), self.hops.clone());
        let _ = self.layer.reply(now, tx, status, Some(tag.as_bytes()), out, |mut b| {
            for hop in hops.iter().rev() {
                b = b.header_fmt(HeaderName::RecordRoute, format_args!("<{hop}>"));
            }
            b = b.header_fmt(HeaderName::Contact, format_args!("<{contact}>"));
            if reliable {
                b = b.header(HeaderName::Require, "100rel").header(HeaderName::RSeq, "7");
            }
            b.finish();
        });
    }

    fn accept(&mut self, now: Instant, fork: usize, out: &mut Sent) {
        let Some(r) = self.ringing.as_mut().filter(|r| !r.done) else { return };
        r.done = true;
        let (tx, bytes) = (r.tx, r.bytes.clone());
        let cseq = Parser::default().parse(&bytes).expect("it was read").cseq().number;
        let at = self.callee_dialog(&bytes, fork);
        let d = &mut self.dialogs[at];
        d.state = State::Confirmed;
        d.unacked = Some((cseq, tx));
        let tag = d.local_tag.clone();
        let number = at as u64 + 1;
        self.drop_early();
        self.layer.set_tag(tx, number);
        self.final_status = Some(200);
        let (contact, hops) = (self.contact.clone(), self.hops.clone());
        let _ = self.layer.reply(now, tx, 200, Some(tag.as_bytes()), out, |mut b| {
            for hop in hops.iter().rev() {
                b = b.header_fmt(HeaderName::RecordRoute, format_args!("<{hop}>"));
            }
            b.header_fmt(HeaderName::Contact, format_args!("<{contact}>"))
                .header(HeaderName::SessionExpires, "1800;refresher=uac")
                .body("application/sdp", b"v=0 answer");
        });
    }

    fn events(&mut self, now: Instant, out: &mut Sent) {
        while let Some(event) = self.layer.poll_event() {
            match event {
                Event::Timeout { tag, .. } | Event::TransportError { tag, .. } => {
                    match self.ops.remove(&tag) {
                        Some(Op::Invite) => {
                            self.calling = None;
                            self.drop_early();
                            self.final_status.get_or_insert(408);
                        }
                        Some(Op::InDialog { call_id, local_tag, remote_tag, method }) => {
                            self.unanswered += 1;
                            if let Some(at) = self.find(&call_id, &local_tag, &remote_tag) {
                                self.dialogs[at].asking = false;
                                match method {
                                    "BYE" => self.dialogs[at].state = State::Over,
                                    // RFC 3261 section 12.2.1.2: silence ends the dialog.
                                    _ if self.dialogs[at].state == State::Confirmed => {
                                        self.ask(now, at, "BYE", "", out);
                                    }
                                    _ => {}
                                }
                            }
                        }
                        None => {}
                    }
                }
                Event::AckTimeout { tag, .. } => {
                    // Section 13.3.1.4: no ACK ends the dialog, with a BYE.
                    let Some(at) = (tag as usize).checked_sub(1) else { continue };
                    if let Some(d) = self.dialogs.get_mut(at)
                        && d.unacked.take().is_some()
                        && d.state == State::Confirmed
                    {
                        self.log.push((now, format!("{}: no ACK came", self.name)));
                        self.ask(now, at, "BYE", "", out);
                    }
                }
            }
        }
    }

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
            .via("UDP", self.addr, branch.as_bytes())
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

    /// The dialog that both sides took for a call.
    pub fn call_of(&self) -> Option<&Dlg> {
        self.dialogs.iter().find(|d| d.established)
    }
}

fn uri_of(name_addr: &str) -> String {
    let from = name_addr.find('<').map_or(0, |at| at + 1);
    let rest = &name_addr[from..];
    rest[..rest.find('>').unwrap_or(rest.len())].to_owned()
}

fn text_of(m: &Message<'_>) -> String {
    let mut out = match m.status() {
        Some(status) => format!("{status} {}", reason_phrase(status)),
        None => format!("{} {}", m.method(), text(m.request_uri())),
    };
    for h in m.headers() {
        out.push_str(&format!("\n{}: {}", text(h.name_text), text(h.value)));
    }
    out
}
