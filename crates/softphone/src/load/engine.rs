//! The thread of a load: sockets, timers, and what to do with each packet.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use sip::transaction::Config;
use sip::{
    ClientTx, Event, HeaderName, Message, MessageBuilder, Method, Origin, Parser, Received,
    Reliability, ServerTx, Target, TransactionLayer,
};
use tokio::sync::oneshot;

use super::call::{Call, Dialog, End, State};
use super::{Board, Command, Line, LoadConfig};
use crate::PhoneError;
use crate::Transport;
use crate::agent::{random, token};
use crate::registrar::{Credentials, Registrar};
use crate::sdp::{self, Flow};
use crate::wire::Peer;

/// How long a phone rings.
const RINGS: Duration = Duration::from_millis(60);
/// How long a caller waits for a call to be established.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a reader looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// One of our sockets and an address beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Path {
    pub socket: usize,
    pub to: SocketAddr,
}

pub(super) enum Input {
    Command(Command),
    Packet(Path, Vec<u8>),
}

/// What a transaction of ours is for, packed into its tag.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Invite(usize),
    Reinvite(usize),
    Bye(usize),
    Register(usize),
    Answer(usize),
}

impl Purpose {
    fn pack(self) -> u64 {
        let (kind, n) = match self {
            Self::Invite(n) => (1u64, n),
            Self::Reinvite(n) => (2, n),
            Self::Bye(n) => (3, n),
            Self::Register(n) => (4, n),
            Self::Answer(n) => (5, n),
        };
        kind << 48 | n as u64
    }

    fn unpack(tag: u64) -> Option<Self> {
        let n = (tag & 0xffff_ffff_ffff) as usize;
        match tag >> 48 {
            1 => Some(Self::Invite(n)),
            2 => Some(Self::Reinvite(n)),
            3 => Some(Self::Bye(n)),
            4 => Some(Self::Register(n)),
            5 => Some(Self::Answer(n)),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    GiveUp(usize),
    Answer(usize),
    Reinvite(usize),
    Bye(usize),
    Next,
}

struct LineState {
    line: Line,
    path: Path,
    registrar: Registrar,
    credentials: Credentials,
    answer: Option<Result<(), u16>>,
}

pub(super) struct Engine {
    config: LoadConfig,
    board: Arc<Board>,
    sockets: Vec<UdpSocket>,
    locals: Vec<SocketAddr>,
    inputs: mpsc::Receiver<Input>,
    stop: Arc<AtomicBool>,
    layer: TransactionLayer<Path>,
    lines: Vec<LineState>,
    calls: Vec<Call>,
    by_call_id: HashMap<Vec<u8>, (usize, End)>,
    timers: BinaryHeap<Reverse<(Instant, Due)>>,
    placing: bool,
    begun: Instant,
    /// Calls placed since then.
    since: u64,
}

macro_rules! sink {
    ($engine:expr) => {
        &mut |to: &Path, bytes: &[u8]| {
            // What does not leave is lost like any datagram.
            let _ = $engine.sockets[to.socket].send_to(bytes, to.to);
        }
    };
}

fn read(socket: usize, udp: &UdpSocket, inputs: &mpsc::Sender<Input>, stop: &AtomicBool) {
    let mut buffer = vec![0; 65_535];
    while !stop.load(Ordering::Relaxed) {
        // An error is a time-out, or an ICMP answer to something sent earlier.
        let Ok((length, to)) = udp.recv_from(&mut buffer) else { continue };
        if inputs.send(Input::Packet(Path { socket, to }, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

impl Engine {
    pub fn new(
        config: LoadConfig,
        board: Arc<Board>,
    ) -> Result<(Self, mpsc::Sender<Input>), PhoneError> {
        let mut registrars: Vec<SocketAddr> = config.lines.iter().map(|l| l.registrar).collect();
        registrars.sort_unstable();
        registrars.dedup();
        let open = |address: SocketAddr| -> io::Result<UdpSocket> {
            let socket = UdpSocket::bind(address)?;
            socket.set_read_timeout(Some(LOOK))?;
            Ok(socket)
        };
        let mut sockets = vec![open(config.trunk).map_err(PhoneError::Socket)?];
        for _ in &registrars {
            sockets.push(open((config.phones, 0).into()).map_err(PhoneError::Socket)?);
        }
        let locals: Result<Vec<_>, _> = sockets.iter().map(UdpSocket::local_addr).collect();
        let locals = locals.map_err(PhoneError::Socket)?;
        let (sender, inputs) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        for (index, socket) in sockets.iter().enumerate() {
            let socket = socket.try_clone().map_err(PhoneError::Socket)?;
            let (sender, stop) = (sender.clone(), stop.clone());
            std::thread::Builder::new()
                .name(format!("load-{index}"))
                .spawn(move || read(index, &socket, &sender, &stop))
                .map_err(PhoneError::Socket)?;
        }
        let lines = config.lines.iter().map(|line| {
            let at = registrars.binary_search(&line.registrar).unwrap_or_default();
            let peer = Peer { transport: Transport::Udp, address: line.registrar };
            LineState {
                path: Path { socket: 1 + at, to: line.registrar },
                registrar: Registrar::new(peer, &line.username, &line.domain),
                credentials: Credentials {
                    username: line.username.clone(),
                    password: line.password.clone(),
                },
                answer: None,
                line: line.clone(),
            }
        });
        let transactions = Config { retransmit_2xx: true, ..Config::default() };
        let engine = Self {
            lines: lines.collect(),
            layer: TransactionLayer::new(transactions, random()),
            board,
            sockets,
            locals,
            inputs,
            stop,
            calls: Vec::new(),
            by_call_id: HashMap::new(),
            timers: BinaryHeap::new(),
            placing: false,
            begun: Instant::now(),
            since: 0,
            config,
        };
        Ok((engine, sender))
    }

    pub fn trunk(&self) -> SocketAddr {
        self.locals[0]
    }

    pub fn run(mut self) {
        let mut parser = Parser::default();
        loop {
            let own = self.timers.peek().map(|Reverse((at, _))| *at);
            let due = own.into_iter().chain(self.layer.poll_timeout()).min();
            let wait = due.map_or(Duration::from_secs(1), |due| {
                due.saturating_duration_since(Instant::now())
            });
            let mut input = self.inputs.recv_timeout(wait).ok();
            while let Some(now) = input {
                match now {
                    Input::Command(Command::Stop) => return,
                    Input::Command(command) => self.command(&command),
                    Input::Packet(path, bytes) => {
                        if let Ok(message) = parser.parse(&bytes) {
                            self.arrived(path, &message);
                        }
                    }
                }
                input = self.inputs.try_recv().ok();
            }
            self.tick();
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Register => {
                for n in 0..self.lines.len() {
                    let (reply, _) = oneshot::channel();
                    self.lines[n].answer = None;
                    self.lines[n].registrar.begin(3600, reply);
                    self.send_register(n);
                }
            }
            Command::Calls(on) => {
                if *on && !self.placing {
                    (self.begun, self.since) = (Instant::now(), 0);
                    self.timers.push(Reverse((self.begun, Due::Next)));
                }
                self.placing = *on;
            }
            Command::Stop => {}
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.layer.handle_timeout(now, sink!(self));
        while let Some(event) = self.layer.poll_event() {
            match event {
                Event::Timeout { tag, .. } => self.failed(tag, 408),
                Event::TransportError { tag, .. } => self.failed(tag, 503),
                Event::AckTimeout { tag, .. } => {
                    if let Some(Purpose::Answer(n)) = Purpose::unpack(tag)
                        && !self.calls[n].is_established()
                    {
                        self.over(n);
                    }
                }
            }
        }
        while let Some(&Reverse((at, due))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            match due {
                Due::Next => self.next_call(now),
                Due::GiveUp(n) => self.give_up(n),
                Due::Answer(n) => self.answer(n),
                Due::Reinvite(n) => self.reinvite(n),
                Due::Bye(n) => self.bye(n),
            }
        }
    }

    fn next_call(&mut self, now: Instant) {
        if !self.placing {
            return;
        }
        while self.begun + Duration::from_secs_f64(self.since as f64 / self.config.per_second)
            <= now
        {
            self.since += 1;
            self.place();
        }
        let next = Duration::from_secs_f64(self.since as f64 / self.config.per_second);
        self.timers.push(Reverse((self.begun + next, Due::Next)));
    }

    fn contact(&self, socket: usize, user: &str) -> String {
        format!("<sip:{user}@{}>", self.locals[socket])
    }

    fn body(&self, socket: usize, n: usize) -> String {
        // Nobody sends media: any even port will do.
        sdp::write(self.locals[socket].ip(), 20_000 + 2 * (n % 20_000) as u16, 1, Flow::SendRecv)
    }

    fn request(
        &mut self,
        path: Path,
        purpose: Purpose,
        write: impl FnOnce(&mut Vec<u8>, &[u8]),
    ) -> Option<ClientTx> {
        let branch = self.layer.branch();
        let mut bytes = self.layer.buffer();
        write(&mut bytes, branch.as_bytes());
        let target = Target { peer: path, reliability: Reliability::Unreliable };
        let tag = purpose.pack();
        let sent = self.layer.request(Instant::now(), target, &branch, bytes, tag, sink!(self));
        if sent.is_err() {
            self.failed(tag, 503);
        }
        sent.ok()
    }

    // ----- registrations ----------------------------------------------------------

    fn send_register(&mut self, n: usize) {
        let state = &mut self.lines[n];
        let path = state.path;
        let request = state.registrar.request(Some(&state.credentials));
        let sent_by = self.locals[path.socket];
        let contact = self.contact(path.socket, &self.lines[n].line.username);
        self.request(path, Purpose::Register(n), |out, branch| {
            let mut b = MessageBuilder::request(out, Method::Register, request.uri.as_bytes())
                .via("UDP", sent_by.to_string(), branch)
                .header(HeaderName::MaxForwards, "70")
                .header(HeaderName::From, format!("<{}>;tag={}", request.aor, request.tag))
                .header(HeaderName::To, format!("<{}>", request.aor))
                .header(HeaderName::CallId, &request.call_id)
                .cseq(request.cseq, Method::Register)
                .header(HeaderName::Contact, &contact)
                .header(HeaderName::Expires, request.expires.to_string());
            if let Some((name, value)) = &request.authorization {
                b = b.header(*name, value);
            }
            b.finish();
        });
    }

    fn registered(&mut self, n: usize, answer: Result<(), u16>) {
        self.lines[n].answer = Some(answer);
        let mut all = Ok(());
        for line in &self.lines {
            match line.answer {
                Some(Ok(())) => {}
                Some(Err(status)) => all = Err(status),
                None => return,
            }
        }
        self.board.with(|seen| seen.registered = Some(all));
    }

    // ----- calls --------------------------------------------------------------------

    fn place(&mut self) {
        let n = self.calls.len();
        let exchange = self.config.exchange[n % self.config.exchange.len()];
        let number = &self.lines[n % self.lines.len()].line.number;
        let path = Path { socket: 0, to: exchange };
        let trunk = self.locals[0];
        let from = format!("<sip:{}@{};user=phone>", self.config.caller, trunk.ip());
        let dialog = Dialog {
            path,
            call_id: format!("{}-{n}@load.example", token()),
            local: format!("{from};tag={}", token()),
            remote: format!("<sip:{number}@{};user=phone>", exchange.ip()),
            target: format!("sip:{number}@{exchange};user=phone"),
            cseq: 1,
        };
        let (contact, body) = (self.contact(0, "trunk"), self.body(0, n));
        self.by_call_id.insert(dialog.call_id.clone().into_bytes(), (n, End::Caller));
        let side = |bit: usize| if n & bit == 0 { End::Caller } else { End::Callee };
        self.calls.push(Call {
            state: State::Setup,
            id: String::new(),
            caller: dialog.clone(),
            callee: None,
            inviting: None,
            ringing: None,
            answered: false,
            acknowledged: false,
            reinviter: side(1),
            leaver: side(2),
            bye_at: None,
            reinvite_status: 0,
            bye_status: 0,
        });
        self.board.with(|seen| {
            seen.tally.placed += 1;
            seen.tally.open += 1;
        });
        let tx = self.request(path, Purpose::Invite(n), |out, branch| {
            dialog
                .write(out, Method::Invite, 1, trunk, branch)
                .header(HeaderName::Contact, &contact)
                .header(HeaderName::PAssertedIdentity, &from)
                .header(HeaderName::Subject, format!("load {n}"))
                .body("application/sdp", body.as_bytes());
        });
        self.calls[n].inviting = tx;
        self.timers.push(Reverse((Instant::now() + PATIENCE, Due::GiveUp(n))));
    }

    /// Nobody waits for ever: one who hears nothing more after a 100 hangs up.
    fn give_up(&mut self, n: usize) {
        let call = &mut self.calls[n];
        if call.state != State::Setup {
            return;
        }
        if let (Some(tx), false) = (call.inviting.take(), call.answered) {
            self.layer.cancel(Instant::now(), tx, None, sink!(self));
        }
        self.over(n);
    }

    /// Neither end expects anything of it any more.
    fn over(&mut self, n: usize) {
        let call = &mut self.calls[n];
        if call.state == State::Over {
            return;
        }
        call.state = State::Over;
        let report = call.is_established().then(|| call.report());
        self.board.with(|seen| {
            let tally = &mut seen.tally;
            tally.open -= 1;
            match report {
                None => tally.never += 1,
                Some(report) => {
                    tally.reinvited += u64::from((200..300).contains(&report.reinvite));
                    tally.hung_up += u64::from((200..300).contains(&report.bye));
                    tally.lost += u64::from(!report.survived());
                    seen.calls.push(report);
                }
            }
        });
    }

    fn failed(&mut self, tag: u64, status: u16) {
        match Purpose::unpack(tag) {
            Some(Purpose::Register(n)) => self.registered(n, Err(status)),
            Some(Purpose::Invite(n)) => self.refused(n, status),
            Some(Purpose::Reinvite(n)) => self.reinvited(n, status),
            Some(Purpose::Bye(n)) => {
                self.calls[n].bye_status = status;
                self.over(n);
            }
            Some(Purpose::Answer(_)) | None => {}
        }
    }

    fn refused(&mut self, n: usize, status: u16) {
        self.board.with(|seen| *seen.tally.refused.entry(status).or_default() += 1);
        self.over(n);
    }

    fn check_established(&mut self, n: usize) {
        let call = &mut self.calls[n];
        if call.state != State::Setup || !call.is_established() {
            return;
        }
        call.state = State::Talking;
        let (least, most) = self.config.hold;
        let spread = most.saturating_sub(least).as_secs_f64();
        // Spread over the range, the same for the same call in every run.
        let share = (n.wrapping_mul(7919) % 1000) as f64 / 1000.0;
        let hold = least + Duration::from_secs_f64(spread * share);
        let now = Instant::now();
        call.bye_at = Some(now + hold);
        self.timers.push(Reverse((now + hold / 2, Due::Reinvite(n))));
        self.board.with(|seen| seen.tally.established += 1);
    }

    fn reinvite(&mut self, n: usize) {
        let call = &mut self.calls[n];
        if call.state != State::Talking {
            return;
        }
        call.state = State::Reinviting;
        let end = call.reinviter;
        let Some(dialog) = call.dialog(end) else { return };
        dialog.cseq += 1;
        let dialog = dialog.clone();
        let socket = dialog.path.socket;
        let (contact, body) = (self.contact(socket, "again"), self.body(socket, n));
        let sent_by = self.locals[socket];
        self.request(dialog.path, Purpose::Reinvite(n), |out, branch| {
            dialog
                .write(out, Method::Invite, dialog.cseq, sent_by, branch)
                .header(HeaderName::Contact, &contact)
                .body("application/sdp", body.as_bytes());
        });
    }

    fn reinvited(&mut self, n: usize, status: u16) {
        let call = &mut self.calls[n];
        if call.state == State::Reinviting {
            call.state = State::Leaving;
            call.reinvite_status = status;
            let at = call.bye_at.unwrap_or_else(Instant::now);
            self.timers.push(Reverse((at, Due::Bye(n))));
        }
    }

    fn bye(&mut self, n: usize) {
        let call = &mut self.calls[n];
        if call.state != State::Leaving {
            return;
        }
        call.state = State::HangingUp;
        let end = call.leaver;
        let Some(dialog) = call.dialog(end) else { return };
        dialog.cseq += 1;
        let dialog = dialog.clone();
        let sent_by = self.locals[dialog.path.socket];
        self.request(dialog.path, Purpose::Bye(n), |out, branch| {
            dialog.write(out, Method::Bye, dialog.cseq, sent_by, branch).finish();
        });
    }

    fn answer(&mut self, n: usize) {
        let Some(tx) = self.calls[n].ringing else { return };
        let Some(dialog) = &self.calls[n].callee else { return };
        let socket = dialog.path.socket;
        let tag = dialog.local.rsplit(";tag=").next().unwrap_or_default().to_owned();
        let (contact, body) = (self.contact(socket, "line"), self.body(socket, n));
        // Gone means that the caller gave up meanwhile.
        let _ = self.layer.reply(Instant::now(), tx, 200, Some(tag.as_bytes()), sink!(self), |b| {
            b.header(HeaderName::Contact, &contact).body("application/sdp", body.as_bytes())
        });
    }

    // ----- what arrives ---------------------------------------------------------------

    fn arrived(&mut self, path: Path, m: &Message<'_>) {
        let to = if m.is_request() { m.via().response_target(path.to) } else { path.to };
        let origin = Origin {
            peer: Path { to, ..path },
            reliability: Reliability::Unreliable,
            source: Some(path.to),
        };
        match self.layer.receive(Instant::now(), &origin, m, sink!(self)) {
            Received::Request { tx } => self.requested(tx, path, m),
            Received::Cancel { tx, invite } => {
                self.reply(tx, if invite.is_some() { 200 } else { 481 });
                if let Some((invite, _)) = invite {
                    self.reply(invite, 487);
                }
            }
            Received::Ack { .. } => self.acknowledged(m),
            Received::Response { tag, .. } => self.responded(tag, m),
            Received::Confirmed { .. } | Received::Stray | Received::Absorbed | Received::Full => {}
        }
    }

    fn reply(&mut self, tx: ServerTx, status: u16) {
        let tag = token();
        // Gone means that the transaction timed out: nobody waits for it.
        let _ =
            self.layer.reply(Instant::now(), tx, status, Some(tag.as_bytes()), sink!(self), |b| {
                b.finish()
            });
    }

    fn requested(&mut self, tx: ServerTx, path: Path, m: &Message<'_>) {
        let method = m.method();
        if m.to_tag().is_some() {
            let Some(&(n, end)) = self.by_call_id.get(m.call_id()) else {
                return self.reply(tx, 481);
            };
            return match method {
                Method::Bye => {
                    self.reply(tx, 200);
                    // Not ours to expect: the far end gave the call up by itself.
                    if self.calls[n].state == State::Setup {
                        self.over(n);
                    }
                }
                Method::Invite | Method::Update => self.reinvited_by_peer(n, end, tx, m),
                _ => self.reply(tx, 200),
            };
        }
        match method {
            Method::Options => self.reply(tx, 200),
            Method::Invite => self.invited(tx, path, m),
            _ => self.reply(tx, 405),
        }
    }

    fn invited(&mut self, tx: ServerTx, path: Path, m: &Message<'_>) {
        let subject = m.header(HeaderName::Subject).unwrap_or_default();
        let number = std::str::from_utf8(subject).ok().and_then(|s| s.strip_prefix("load "));
        let Some(n) = number.and_then(|n| n.parse::<usize>().ok()) else {
            return self.reply(tx, 480);
        };
        let Some(call) = self.calls.get_mut(n) else { return self.reply(tx, 480) };
        // RFC 3261 section 8.2.2.2: the same request by another way.
        if call.callee.is_some() {
            return self.reply(tx, 482);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let tag = token();
        let mut dialog = Dialog {
            path,
            call_id: text(m.call_id()),
            local: format!("{};tag={tag}", text(m.to().raw)),
            remote: text(m.from().raw),
            target: String::new(),
            cseq: 100,
        };
        dialog.retarget(m);
        self.by_call_id.insert(m.call_id().to_vec(), (n, End::Callee));
        call.callee = Some(dialog);
        call.ringing = Some(tx);
        self.layer.set_tag(tx, Purpose::Answer(n).pack());
        let contact = self.contact(path.socket, "line");
        let _ = self.layer.reply(Instant::now(), tx, 180, Some(tag.as_bytes()), sink!(self), |b| {
            b.header(HeaderName::Contact, &contact).finish()
        });
        self.timers.push(Reverse((Instant::now() + RINGS, Due::Answer(n))));
    }

    fn acknowledged(&mut self, m: &Message<'_>) {
        let Some(&(n, end)) = self.by_call_id.get(m.call_id()) else { return };
        let call = &mut self.calls[n];
        if let Some(tx) = call.ringing.take() {
            if end == End::Callee && !call.acknowledged {
                call.acknowledged = true;
            }
            self.layer.acked(tx);
        }
        self.check_established(n);
    }

    fn reinvited_by_peer(&mut self, n: usize, end: End, tx: ServerTx, m: &Message<'_>) {
        let call = &mut self.calls[n];
        let Some(dialog) = call.dialog(end) else { return self.reply(tx, 481) };
        dialog.retarget(m);
        let socket = dialog.path.socket;
        if m.method() == Method::Invite {
            call.ringing = Some(tx);
        }
        let (contact, body) = (self.contact(socket, "again"), self.body(socket, n));
        let _ = self.layer.reply(Instant::now(), tx, 200, None, sink!(self), |b| {
            b.header(HeaderName::Contact, &contact).body("application/sdp", body.as_bytes());
        });
    }

    fn responded(&mut self, tag: u64, m: &Message<'_>) {
        let status = m.status().unwrap_or_default();
        if status < 200 {
            return;
        }
        match Purpose::unpack(tag) {
            Some(Purpose::Register(n)) => self.register_response(n, status, m),
            Some(Purpose::Invite(n)) if status >= 300 => self.refused(n, status),
            Some(Purpose::Invite(n)) => {
                let call = &mut self.calls[n];
                if !call.answered {
                    call.answered = true;
                    call.caller.remote = String::from_utf8_lossy(m.to().raw).into_owned();
                    call.caller.retarget(m);
                    let id = m.header_named("X-Meetpoint-Call-ID").unwrap_or_default();
                    call.id = String::from_utf8_lossy(id).into_owned();
                }
                self.acknowledge(n, End::Caller, m);
                self.check_established(n);
            }
            Some(Purpose::Reinvite(n)) => {
                if status < 300 {
                    let end = self.calls[n].reinviter;
                    if let Some(dialog) = self.calls[n].dialog(end) {
                        dialog.retarget(m);
                    }
                    self.acknowledge(n, end, m);
                }
                self.reinvited(n, status);
            }
            Some(Purpose::Bye(n)) => {
                self.calls[n].bye_status = status;
                self.over(n);
            }
            Some(Purpose::Answer(_)) | None => {}
        }
    }

    fn register_response(&mut self, n: usize, status: u16, m: &Message<'_>) {
        match self.lines[n].registrar.response(status, m) {
            None => self.send_register(n),
            Some(answer) => {
                let answer = answer.map(|_| ());
                self.registered(n, answer);
            }
        }
    }

    /// The ACK to a 2xx, sent again for each repetition of it.
    fn acknowledge(&mut self, n: usize, end: End, m: &Message<'_>) {
        let branch = self.layer.branch();
        let mut bytes = self.layer.buffer();
        let cseq = m.cseq().number;
        if let Some(dialog) = self.calls[n].dialog(end).map(|d| d.clone()) {
            let sent_by = self.locals[dialog.path.socket];
            dialog.write(&mut bytes, Method::Ack, cseq, sent_by, branch.as_bytes()).finish();
            let _ = self.sockets[dialog.path.socket].send_to(&bytes, dialog.path.to);
        }
        self.layer.recycle(bytes);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.board.with(|seen| seen.ended = true);
    }
}
