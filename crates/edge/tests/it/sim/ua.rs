//! A strict SIP user agent: it plays its part of a script and notes every breach
//! of the protocol by the other end.

use super::EDGE;
use crate::net::addr;
use sip::{
    Event, HeaderName, Message, MessageBuilder, Method, Parser, Reliability, ServerTx, Sink,
    Target, TransactionLayer, reason_phrase,
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
    pub(super) local: String,
    pub(super) remote: String,
    pub(super) target: String,
    pub(super) cseq: u32,
    pub(super) remote_cseq: u32,
    pub state: State,
    /// The ACK of our last INVITE, for repeated answers.
    pub(super) ack: Option<(u32, Vec<u8>)>,
    /// The INVITE we answered and whose ACK has not come.
    pub(super) unacked: Option<(u32, ServerTx)>,
    /// A request of ours that changes the session is under way.
    pub(super) asking: bool,
    /// The ACK of the first INVITE passed here.
    pub established: bool,
    pub reinvited: u32,
    /// A fork that answered when another one had.
    pub extra: bool,
    /// Its answer is repeated until an ACK comes.
    pub(super) hears_ack: bool,
    /// One came.
    pub(super) acked: bool,
}

impl Dlg {
    /// It answered second, was acknowledged and got a BYE.
    pub fn was_hung_up(&self) -> bool {
        self.extra && self.acked && self.state == State::Over
    }
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
    /// Another fork of the called side answers too, until that is acknowledged.
    AnswerAgain {
        fork: usize,
        every: Duration,
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

pub(super) enum Op {
    Invite,
    InDialog { call_id: String, local_tag: String, remote_tag: String, method: &'static str },
}

pub(super) struct Ringing {
    pub(super) tx: ServerTx,
    pub(super) bytes: Vec<u8>,
    pub(super) done: bool,
    /// The reliable provisional that waits for its PRACK: bytes, next, interval.
    pub(super) reliable: Option<(u16, usize, Instant, Duration, Instant)>,
}

pub struct Ua {
    pub name: &'static str,
    pub addr: SocketAddr,
    pub contact: String,
    /// Record-Route as this one's proxies leave it, nearest to the edge first.
    pub hops: Vec<String>,
    pub max_uri: usize,
    pub password: Option<(&'static str, String)>,
    pub(super) layer: TransactionLayer<SocketAddr>,
    pub(super) parser: Option<Parser>,
    pub(super) ops: HashMap<u64, Op>,
    next_op: u64,
    pub dialogs: Vec<Dlg>,
    pub(super) ringing: Option<Ringing>,
    pub(super) calling: Option<(sip::ClientTx, Vec<u8>, bool)>,
    pub(super) seen_invites: Vec<(String, String, u32)>,
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
    pub(super) ids: u32,
}

pub(super) fn text(bytes: &[u8]) -> String {
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

    pub(super) fn breach(&mut self, what: String) {
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
    pub(super) fn send_invite(
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
            .via("UDP", self.addr.to_string(), branch.as_bytes())
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

    pub(super) fn find(&mut self, call_id: &str, local: &str, remote: &str) -> Option<usize> {
        self.dialogs
            .iter()
            .position(|d| d.call_id == call_id && d.local_tag == local && d.remote_tag == remote)
    }

    /// A request inside a dialog.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        at: usize,
        method: &'static str,
        extra: &str,
        out: &mut Sent,
    ) {
        let branch = self.layer.branch();
        let d = &mut self.dialogs[at];
        d.cseq += 1;
        let mut bytes = Vec::new();
        let m = Method::from_bytes(method.as_bytes());
        let mut b = MessageBuilder::request(&mut bytes, m, d.target.as_bytes())
            .via("UDP", self.addr.to_string(), branch.as_bytes())
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

    pub(super) fn act(&mut self, now: Instant, deed: Deed, out: &mut Sent) {
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
            Deed::AnswerAgain { fork, every } => self.accept_again(now, fork, every, out),
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
                        && !d.extra
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
                let up = |d: &Dlg| d.state == State::Confirmed && !d.extra;
                if let Some(at) = self.dialogs.iter().position(up) {
                    self.ask(now, at, "BYE", "", out);
                }
            }
        }
    }

    pub(super) fn drop_early(&mut self) {
        for d in self.dialogs.iter_mut().filter(|d| d.state == State::Early) {
            d.state = State::Over;
        }
    }

    /// The called side's dialog of this fork.
    pub(super) fn callee_dialog(&mut self, bytes: &[u8], fork: usize) -> usize {
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
            extra: false,
            hears_ack: false,
            acked: false,
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

    /// A proxy on this side has forked, and its second branch answers as well (RFC 3261
    /// section 13.2.2.4): nothing of the first answer's transaction repeats it.
    fn accept_again(&mut self, now: Instant, fork: usize, every: Duration, out: &mut Sent) {
        if self.final_status != Some(200) {
            return;
        }
        let Some(bytes) = self.ringing.as_ref().map(|r| r.bytes.clone()) else { return };
        let at = self.callee_dialog(&bytes, fork);
        let d = &mut self.dialogs[at];
        if !d.extra {
            // Not heard of before, or early.
            (d.state, d.extra, d.hears_ack) = (State::Confirmed, true, true);
        }
        if !d.hears_ack || d.state != State::Confirmed {
            return;
        }
        let again = every * 2;
        if again > Duration::from_secs(32) {
            d.hears_ack = false;
            return self.ask(now, at, "BYE", "", out);
        }
        self.deeds.push((now + every, Deed::AnswerAgain { fork, every: again }));
        let tag = d.local_tag.clone();
        let mut parser = Parser::default();
        let invite = parser.parse(&bytes).expect("it was read");
        let mut answer = Vec::new();
        let ok = reason_phrase(200);
        let mut b =
            MessageBuilder::response_to(&mut answer, &invite, 200, ok, Some(tag.as_bytes()), None);
        for hop in self.hops.iter().rev() {
            b = b.header_fmt(HeaderName::RecordRoute, format_args!("<{hop}>"));
        }
        b.header_fmt(HeaderName::Contact, format_args!("<{}>", self.contact))
            .body("application/sdp", b"v=0 another answer");
        out.0.push(answer);
    }

    pub(super) fn events(&mut self, now: Instant, out: &mut Sent) {
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

    /// The dialog that both sides took for a call.
    pub fn call_of(&self) -> Option<&Dlg> {
        self.dialogs.iter().find(|d| d.established)
    }
}

pub(super) fn uri_of(name_addr: &str) -> String {
    let from = name_addr.find('<').map_or(0, |at| at + 1);
    let rest = &name_addr[from..];
    rest[..rest.find('>').unwrap_or(rest.len())].to_owned()
}

pub(super) fn text_of(m: &Message<'_>) -> String {
    let mut out = match m.status() {
        Some(status) => format!("{status} {}", reason_phrase(status)),
        None => format!("{} {}", m.method(), text(m.request_uri())),
    };
    for h in m.headers() {
        out.push_str(&format!("\n{}: {}", text(h.name_text), text(h.value)));
    }
    out
}
