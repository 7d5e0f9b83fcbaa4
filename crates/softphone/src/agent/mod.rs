//! The task behind a phone or a trunk: sockets, transactions, dialogs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sip::transaction::Config;
use sip::{ClientTx, Event, HeaderName, MessageBuilder, Method, Parser, Target, TransactionLayer};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::call::{Call, CallPhase, EndedBy, Media};
use crate::error::PhoneError;
use crate::leg::{Invite, Leg, Parties};
use crate::phone::Registration;
use crate::registrar::{Credentials, Registrar};
use crate::rtp::RtpSession;
use crate::sdp::{self, Flow};
use crate::trunk::TrunkMode;
use crate::wire::{Incoming, Peer, Wire};
use crate::{Answering, Transport};

const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, NOTIFY";

/// What a handle asks of its task.
#[derive(Debug)]
pub(crate) enum Command {
    Register { expires: u32, reply: oneshot::Sender<Result<Registration, PhoneError>> },
    Place { order: Box<Order>, reply: oneshot::Sender<Result<Call, PhoneError>> },
    Ping { to: Peer, reply: oneshot::Sender<Result<u16, PhoneError>> },
    Answer { call: u64 },
    Reject { call: u64, status: u16 },
    Cancel { call: u64 },
    HangUp { call: u64, reply: oneshot::Sender<Result<u16, PhoneError>> },
    Hold { call: u64, hold: bool, reply: oneshot::Sender<Result<u16, PhoneError>> },
    Answering(Answering),
    Mode(TrunkMode),
}

/// A call to place.
#[derive(Debug)]
pub(crate) struct Order {
    pub to: Peer,
    pub uri: String,
    pub from: String,
    pub to_header: String,
    pub headers: Vec<(String, String)>,
}

/// What a response means to us, by its transaction's tag.
enum Purpose {
    Invite(u64),
    Reinvite(u64, oneshot::Sender<Result<u16, PhoneError>>),
    Plain(oneshot::Sender<Result<u16, PhoneError>>),
    Register,
}

/// How a task is set up.
pub(crate) struct AgentConfig {
    pub user: String,
    pub transport: Transport,
    pub credentials: Option<Credentials>,
    pub registrar: Option<Registrar>,
    pub answering: Answering,
}

/// A running task; dropping it ends the task and closes its sockets.
#[derive(Debug)]
pub(crate) struct Running {
    pub commands: mpsc::UnboundedSender<Command>,
    pub calls: tokio::sync::Mutex<mpsc::UnboundedReceiver<Call>>,
    pub counts: watch::Receiver<Counts>,
    pub address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

/// What a task has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub invites_unanswered: u64,
    pub options: u64,
    pub registered: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    pub async fn start(
        bind: std::net::SocketAddr,
        config: AgentConfig,
    ) -> Result<Self, PhoneError> {
        let (wire, incoming) = Wire::bind(bind).await?;
        let address = wire.local;
        let (commands, queue) = mpsc::unbounded_channel();
        let (calls, taken) = mpsc::unbounded_channel();
        let (counts, seen) = watch::channel(Counts::default());
        let transactions = Config { retransmit_2xx: true, ..Config::default() };
        let agent = Agent {
            layer: TransactionLayer::new(transactions, random()),
            wire,
            legs: HashMap::new(),
            purposes: HashMap::new(),
            next: 1,
            mode: TrunkMode::InService,
            commands: commands.clone(),
            calls,
            counts,
            config,
        };
        let task = tokio::spawn(agent.run(queue, incoming));
        Ok(Self { commands, calls: tokio::sync::Mutex::new(taken), counts: seen, address, task })
    }

    pub fn command(&self, command: Command) -> Result<(), PhoneError> {
        self.commands.send(command).map_err(|_| PhoneError::Stopped)
    }

    pub async fn place(&self, order: Order) -> Result<Call, PhoneError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Place { order: Box::new(order), reply })?;
        answer.await.map_err(|_| PhoneError::Stopped)?
    }

    pub async fn next_call(&self, within: Duration) -> Result<Call, PhoneError> {
        let mut calls = self.calls.lock().await;
        tokio::time::timeout(within, calls.recv())
            .await
            .map_err(|_| PhoneError::Deadline { what: "an incoming call", within })?
            .ok_or(PhoneError::Stopped)
    }
}

struct Agent {
    layer: TransactionLayer<Peer>,
    wire: Wire,
    legs: HashMap<u64, Leg>,
    purposes: HashMap<u64, Purpose>,
    next: u64,
    mode: TrunkMode,
    commands: mpsc::UnboundedSender<Command>,
    calls: mpsc::UnboundedSender<Call>,
    counts: watch::Sender<Counts>,
    config: AgentConfig,
}

/// The layer's sink: sends on this agent's wire. A macro, because a method would
/// borrow the whole agent.
macro_rules! sink {
    ($agent:expr) => {
        &mut |to: &Peer, bytes: &[u8]| $agent.wire.send(to, bytes)
    };
}

mod arrivals;

impl Agent {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut incoming: mpsc::UnboundedReceiver<Incoming>,
    ) {
        let mut parser = Parser::default();
        loop {
            let deadline = self.deadline();
            let due = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now).into());
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => return,
                },
                arrived = incoming.recv() => match arrived {
                    Some(arrived) => self.arrived(&mut parser, arrived),
                    None => return,
                },
                () = due, if deadline.is_some() => self.tick(),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let answers = self.legs.values().filter_map(|leg| leg.answer_at);
        let refresh = self.config.registrar.as_ref().and_then(|r| r.refresh_at);
        answers.chain(self.layer.poll_timeout()).chain(refresh).min()
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.layer.handle_timeout(now, sink!(self));
        self.drain_events();
        let due: Vec<u64> = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.answer_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.answer(id);
        }
        if let Some(registrar) = &mut self.config.registrar
            && registrar.refresh_at.is_some_and(|at| at <= now)
        {
            registrar.restart();
            self.send_register();
        }
    }

    fn drain_events(&mut self) {
        while let Some(event) = self.layer.poll_event() {
            match event {
                Event::Timeout { tag, .. } => self.failed(tag, 408),
                Event::TransportError { tag, .. } => self.failed(tag, 503),
                // The dialog stands without its ACK; RFC 3261 13.3.1.4 says to end it.
                Event::AckTimeout { tag, .. } => {
                    let (reply, _) = oneshot::channel();
                    self.hang_up(tag, reply);
                }
            }
        }
    }

    /// A request of ours got no answer; `status` is what RFC 3261 8.1.3.1 makes of it.
    fn failed(&mut self, tag: u64, status: u16) {
        match self.purposes.remove(&tag) {
            Some(Purpose::Invite(id)) => {
                let by = match self.legs.get(&id) {
                    Some(leg) if leg.cancelled => EndedBy::Us,
                    _ => EndedBy::Them,
                };
                self.end(id, by, status);
            }
            Some(Purpose::Reinvite(_, reply) | Purpose::Plain(reply)) => {
                let _ = reply.send(Err(PhoneError::Refused { status }));
            }
            Some(Purpose::Register) => self.register_settled(Err(status)),
            None => {}
        }
    }

    // ----- commands -------------------------------------------------------------

    fn command(&mut self, command: Command) {
        match command {
            Command::Register { expires, reply } => match &mut self.config.registrar {
                Some(registrar) => {
                    registrar.begin(expires, reply);
                    self.send_register();
                }
                None => drop(reply.send(Err(PhoneError::State))),
            },
            Command::Place { order, reply } => {
                let placed = self.place(*order);
                let _ = reply.send(placed);
            }
            Command::Ping { to, reply } => self.ping(to, reply),
            Command::Answer { call } => self.answer(call),
            Command::Reject { call, status } => self.reject(call, status),
            Command::Cancel { call } => self.cancel(call),
            Command::HangUp { call, reply } => self.hang_up(call, reply),
            Command::Hold { call, hold, reply } => self.hold(call, hold, reply),
            Command::Answering(answering) => self.config.answering = answering,
            Command::Mode(mode) => self.mode = mode,
        }
    }

    fn tag(&mut self, purpose: Purpose) -> u64 {
        self.next += 1;
        self.purposes.insert(self.next, purpose);
        self.next
    }

    fn contact(&self) -> String {
        let transport = match self.config.transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        };
        format!("<sip:{}@{};transport={transport}>", self.config.user, self.wire.local)
    }

    fn send(
        &mut self,
        to: Peer,
        purpose: Purpose,
        write: impl FnOnce(&mut Vec<u8>, &[u8]),
    ) -> Option<ClientTx> {
        let branch = self.layer.branch();
        let mut bytes = self.layer.buffer();
        write(&mut bytes, branch.as_bytes());
        let tag = self.tag(purpose);
        let target = Target { peer: to, reliability: to.reliability() };
        let sent = self.layer.request(Instant::now(), target, &branch, bytes, tag, sink!(self));
        if sent.is_err() {
            self.failed(tag, 503);
        }
        sent.ok()
    }

    fn send_register(&mut self) {
        let contact = self.contact();
        let sent_by = self.wire.local;
        let Some(registrar) = &mut self.config.registrar else { return };
        let request = registrar.request(self.config.credentials.as_ref());
        let to = request.to;
        self.send(to, Purpose::Register, |out, branch| {
            let mut builder =
                MessageBuilder::request(out, Method::Register, request.uri.as_bytes())
                    .via(via_transport(to), sent_by.to_string(), branch)
                    .header(HeaderName::MaxForwards, "70")
                    .header(HeaderName::From, format!("<{}>;tag={}", request.aor, request.tag))
                    .header(HeaderName::To, format!("<{}>", request.aor))
                    .header(HeaderName::CallId, &request.call_id)
                    .cseq(request.cseq, Method::Register)
                    .header(HeaderName::Contact, &contact)
                    .header(HeaderName::Expires, request.expires.to_string());
            if let Some((name, value)) = &request.authorization {
                builder = builder.header(*name, value);
            }
            builder.finish();
        });
    }

    fn register_settled(&mut self, answer: Result<Registration, u16>) {
        let Some(registrar) = &mut self.config.registrar else { return };
        let registered = answer.as_ref().is_ok_and(|r| r.expires_seconds > 0);
        registrar.settle(answer, Instant::now());
        self.counts.send_modify(|c| c.registered = registered);
    }

    fn ping(&mut self, to: Peer, reply: oneshot::Sender<Result<u16, PhoneError>>) {
        let (sent_by, contact) = (self.wire.local, self.contact());
        let call_id = token();
        let from = format!("<sip:{sent_by}>;tag={}", token());
        self.send(to, Purpose::Plain(reply), |out, branch| {
            let uri = format!("sip:{}", to.address);
            MessageBuilder::request(out, Method::Options, uri.as_bytes())
                .via(via_transport(to), sent_by.to_string(), branch)
                .header(HeaderName::MaxForwards, "70")
                .header(HeaderName::From, &from)
                .header(HeaderName::To, format!("<{uri}>"))
                .header(HeaderName::CallId, &call_id)
                .cseq(1, Method::Options)
                .header(HeaderName::Contact, &contact)
                .finish();
        });
    }

    fn place(&mut self, order: Order) -> Result<Call, PhoneError> {
        let local_tag = token();
        let parties = Parties {
            local: format!("{};tag={local_tag}", order.from),
            local_tag,
            remote: order.to_header,
            remote_target: order.uri.clone(),
        };
        let invite = Invite::Outgoing { tx: None, uri: order.uri, tries: 0 };
        let mut leg = Leg::new(token(), parties, order.to, invite, self.open_media()?);
        leg.headers = order.headers;
        let id = self.adopt(leg);
        self.send_invite(id, None);
        self.handle(id).ok_or(PhoneError::State)
    }

    fn open_media(&self) -> Result<(RtpSession, watch::Receiver<Media>), PhoneError> {
        let (counts, media) = watch::channel(Media::default());
        let ssrc = u32::from_be_bytes(random());
        Ok((RtpSession::open(self.wire.local.ip(), ssrc, counts)?, media))
    }

    fn adopt(&mut self, leg: Leg) -> u64 {
        self.next += 1;
        self.legs.insert(self.next, leg);
        self.next
    }

    fn handle(&self, id: u64) -> Option<Call> {
        let leg = self.legs.get(&id)?;
        Some(Call {
            id,
            commands: self.commands.clone(),
            view: leg.view.subscribe(),
            media: leg.media.clone(),
        })
    }

    fn send_invite(&mut self, id: u64, authorization: Option<(HeaderName, String)>) {
        let (sent_by, contact) = (self.wire.local, self.contact());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.cseq += 1;
        let Invite::Outgoing { uri, .. } = &leg.invite else { return };
        let (uri, to, cseq) = (uri.clone(), leg.peer, leg.cseq);
        let body = sdp::write(sent_by.ip(), leg.rtp.port, leg.sdp_version, leg.flow);
        let (from, to_header) = (leg.local.clone(), leg.remote.clone());
        let (call_id, headers) = (leg.call_id.clone(), leg.headers.clone());
        let tx = self.send(to, Purpose::Invite(id), |out, branch| {
            let mut builder = MessageBuilder::request(out, Method::Invite, uri.as_bytes())
                .via(via_transport(to), sent_by.to_string(), branch)
                .header(HeaderName::MaxForwards, "70")
                .header(HeaderName::From, &from)
                .header(HeaderName::To, &to_header)
                .header(HeaderName::CallId, &call_id)
                .cseq(cseq, Method::Invite)
                .header(HeaderName::Contact, &contact)
                .header(HeaderName::Allow, ALLOW);
            for (name, value) in &headers {
                builder = builder.header_named(name, value);
            }
            if let Some((name, value)) = &authorization {
                builder = builder.header(*name, value);
            }
            builder.body("application/sdp", body.as_bytes());
        });
        if let Some(Leg { invite: Invite::Outgoing { tx: slot, .. }, .. }) = self.legs.get_mut(&id)
        {
            *slot = tx;
        }
    }

    fn answer(&mut self, id: u64) {
        let (contact, ip) = (self.contact(), self.wire.local.ip());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.answer_at = None;
        let Invite::Incoming { tx } = leg.invite else { return };
        if leg.phase() >= CallPhase::Talking {
            return;
        }
        leg.flow = leg.peer_flow.answer();
        let body = sdp::write(ip, leg.rtp.port, leg.sdp_version, leg.flow);
        let tag = leg.local_tag.clone();
        let answered = self.layer.reply(
            Instant::now(),
            tx,
            200,
            Some(tag.as_bytes()),
            sink!(self),
            |builder| {
                builder
                    .header(HeaderName::Contact, &contact)
                    .header(HeaderName::Allow, ALLOW)
                    .body("application/sdp", body.as_bytes());
            },
        );
        if answered.is_ok() {
            leg.talking();
        }
    }

    fn reject(&mut self, id: u64, status: u16) {
        let Some(leg) = self.legs.get(&id) else { return };
        let Invite::Incoming { tx } = leg.invite else { return };
        if leg.phase() >= CallPhase::Talking {
            return;
        }
        let tag = leg.local_tag.clone();
        let sink = sink!(self);
        let refused =
            self.layer
                .reply(Instant::now(), tx, status, Some(tag.as_bytes()), sink, |b| b.finish());
        if refused.is_ok() {
            self.end(id, EndedBy::Us, status);
        }
    }

    fn cancel(&mut self, id: u64) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Invite::Outgoing { tx: Some(tx), .. } = leg.invite else { return };
        leg.cancelled = true;
        self.layer.cancel(Instant::now(), tx, None, sink!(self));
    }

    fn hang_up(&mut self, id: u64, reply: oneshot::Sender<Result<u16, PhoneError>>) {
        let Some(leg) = self.legs.get_mut(&id) else {
            let _ = reply.send(Err(PhoneError::State));
            return;
        };
        if leg.phase() != CallPhase::Talking {
            let _ = reply.send(Err(PhoneError::State));
            return;
        }
        self.send_in_dialog(id, Method::Bye, None, Purpose::Plain(reply));
        self.end(id, EndedBy::Us, 200);
    }

    fn hold(&mut self, id: u64, hold: bool, reply: oneshot::Sender<Result<u16, PhoneError>>) {
        let ip = self.wire.local.ip();
        let talking = self.legs.get_mut(&id).filter(|leg| leg.phase() == CallPhase::Talking);
        let Some(leg) = talking else {
            let _ = reply.send(Err(PhoneError::State));
            return;
        };
        leg.sdp_version += 1;
        leg.flow = if hold { Flow::SendOnly } else { Flow::SendRecv };
        let body = sdp::write(ip, leg.rtp.port, leg.sdp_version, leg.flow);
        leg.view.send_modify(|view| view.held = hold);
        leg.steer();
        self.send_in_dialog(id, Method::Invite, Some(body), Purpose::Reinvite(id, reply));
    }

    fn send_in_dialog(
        &mut self,
        id: u64,
        method: Method<'static>,
        body: Option<String>,
        purpose: Purpose,
    ) {
        let (sent_by, contact) = (self.wire.local, self.contact());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.cseq += 1;
        let line = leg.line();
        let to = self.next_hop(id);
        self.send(to, purpose, |out, branch| {
            let builder = line.write(out, method, sent_by, via_transport(to), branch);
            match body {
                Some(body) => builder
                    .header(HeaderName::Contact, &contact)
                    .body("application/sdp", body.as_bytes()),
                None => builder.finish(),
            }
        });
    }

    /// Where the next request within a dialog goes: over the connection it has,
    /// else to the first route or the peer's Contact where that is an address.
    fn next_hop(&self, id: u64) -> Peer {
        let Some(leg) = self.legs.get(&id) else {
            return Peer { transport: self.config.transport, address: self.wire.local };
        };
        if leg.peer.transport == Transport::Tcp && self.wire.is_connected(&leg.peer) {
            return leg.peer;
        }
        leg.target_address()
            .map_or(leg.peer, |address| Peer { transport: leg.peer.transport, address })
    }

    fn end(&mut self, id: u64, by: EndedBy, status: u16) {
        if let Some(leg) = self.legs.remove(&id) {
            leg.end(by, status);
        }
    }
}

fn via_transport(peer: Peer) -> &'static str {
    match peer.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    }
}

/// Unpredictable bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness once it has booted");
    bytes
}

/// An unpredictable token for tags and Call-IDs.
pub(crate) fn token() -> String {
    format!("{:016x}", u64::from_be_bytes(random()))
}
