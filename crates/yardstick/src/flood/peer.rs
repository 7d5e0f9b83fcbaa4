//! Both sides of every call: the operator's switch and the phones, in one thread.

use super::world::{DOMAIN, FIRST, NUMBERS, PASSWORD, USER};
use sip::digest::Challenge;
use sip::{HeaderName, Message, MessageBuilder, Method, Parser};
use socket2::SockRef;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

/// RFC 3261 section 17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// Times an INVITE is sent before its sender gives up: at 0, ½, 1½, 3½, 7½, 15½ and
/// 31½ seconds.
const SENDS: u32 = 7;
/// The same of a BYE and of a 2xx, whose pauses grow to T2 only.
const BYE_SENDS: u32 = 11;
/// New calls begun before the sockets are read again.
const BURST: u32 = 64;

/// What each socket may hold, bytes.
const BUFFER: usize = 4 * 1024 * 1024;
/// RFC 3261 section 17.1.1.1: the longest pause between repeats of a 2xx or BYE.
const T2: Duration = Duration::from_secs(4);

/// What happened in one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Calls begun.
    pub begun: u32,
    /// Calls carried from the INVITE to the answer to the BYE.
    pub completed: u32,
    /// Calls answered with a refusal.
    pub refused: u32,
    /// Calls for help answered.
    pub helped: u32,
    /// Packets sent.
    pub sent: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Calling,
    /// Something came back: no more repeats.
    Proceeding,
    Answered,
    Over,
}

struct Call {
    help: bool,
    state: State,
    /// Times the INVITE or BYE under way was sent.
    sends: u32,
    cseq: u32,
    /// The answer's, for ACK and BYE.
    target: String,
    to: String,
    credentials: String,
    begun: Instant,
    /// The last answer to an INVITE; 0 for none.
    status: u16,
    /// Until the 2xx.
    waited: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Trunk,
    Phones,
}

/// What to repeat.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    Call(u32, Repeated),
    /// The 2xx of a call that came to us, until its ACK.
    Answer(Vec<u8>, u32),
}

/// The request of a call that is repeated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Repeated {
    Invite,
    Bye,
}

/// The generator.
pub struct Flood {
    edge: SocketAddrV4,
    trunk: UdpSocket,
    phones: UdpSocket,
    addresses: [SocketAddrV4; 2],
    /// By the number in their Call-ID, from `first` on; all of them are over
    /// before a run begins its own.
    calls: Vec<Call>,
    again: BinaryHeap<Reverse<(Instant, Again)>>,
    /// The 2xx of each call that came to us, by Call-ID; without bytes once it is
    /// acknowledged, so that a late repeat of its INVITE is no new call.
    answers: HashMap<Vec<u8>, (Side, Vec<u8>)>,
    parser: Parser,
    tally: Tally,
    life: u32,
}

impl Flood {
    pub fn new(edge: SocketAddrV4, trunk: SocketAddrV4, phones: SocketAddrV4) -> io::Result<Self> {
        let open = |address| {
            let socket = UdpSocket::bind(address)?;
            socket.set_nonblocking(true)?;
            // What is lost is to be lost by the edge: this thread reads two sockets in
            // turns. The system may allow less.
            let _ = SockRef::from(&socket).set_recv_buffer_size(BUFFER);
            io::Result::Ok(socket)
        };
        Ok(Self {
            edge,
            trunk: open(trunk)?,
            phones: open(phones)?,
            addresses: [trunk, phones],
            calls: Vec::new(),
            again: BinaryHeap::new(),
            answers: HashMap::new(),
            parser: Parser::default(),
            tally: Tally::default(),
            life: std::process::id(),
        })
    }

    /// Begins `rate` calls a second for `time`, `emergency` calls for help spread
    /// among them, and says what happened meanwhile, to earlier calls too.
    pub fn run(&mut self, rate: f64, time: Duration, emergency: u32) -> Tally {
        self.tally = Tally::default();
        let start = Instant::now();
        let (mut begun, mut helping) = (0u32, 0u32);
        loop {
            let now = Instant::now();
            let elapsed = now.saturating_duration_since(start);
            if elapsed >= time {
                return self.tally;
            }
            let due = (rate * elapsed.as_secs_f64()) as u32;
            for _ in 0..due.saturating_sub(begun).min(BURST) {
                begun += 1;
                self.begin(now, false);
            }
            // None in the last tenth, so that most have had their time.
            let part = elapsed.as_secs_f64() / (0.9 * time.as_secs_f64());
            while helping < emergency && f64::from(helping) < part * f64::from(emergency) {
                helping += 1;
                self.begin(now, true);
            }
            let read = self.receive(now);
            self.repeat(now);
            if !read && due <= begun {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }

    /// How long the calls for help of all runs waited for their answer, and the last
    /// response to each that has none yet (0: there was none) with the times its
    /// INVITE was sent.
    pub fn help(&self) -> (Vec<Duration>, Vec<(u16, u32)>) {
        let calls = self.calls.iter().filter(|call| call.help);
        let (answered, open): (Vec<_>, Vec<_>) = calls.partition(|call| !call.target.is_empty());
        (
            answered.iter().map(|call| call.waited).collect(),
            open.iter().map(|call| (call.status, call.sends)).collect(),
        )
    }

    fn begin(&mut self, now: Instant, help: bool) {
        let index = self.calls.len() as u32;
        self.calls.push(Call {
            help,
            state: State::Calling,
            sends: 0,
            cseq: 1,
            target: String::new(),
            to: String::new(),
            credentials: String::new(),
            begun: now,
            status: 0,
            waited: Duration::ZERO,
        });
        self.tally.begun += u32::from(!help);
        self.send_again(now, index, Repeated::Invite);
    }

    fn side_of(call: &Call) -> Side {
        if call.help { Side::Phones } else { Side::Trunk }
    }

    fn send(&mut self, side: Side, bytes: &[u8]) {
        let socket = match side {
            Side::Trunk => &self.trunk,
            Side::Phones => &self.phones,
        };
        self.tally.sent += 1;
        // A full buffer loses a datagram as a network does.
        let _ = socket.send_to(bytes, self.edge);
    }

    fn send_again(&mut self, now: Instant, index: u32, what: Repeated) {
        let call = &mut self.calls[index as usize];
        call.sends += 1;
        let wait = T1 * 2u32.pow(call.sends - 1);
        let wait = if what == Repeated::Bye { wait.min(T2) } else { wait };
        let method = match what {
            Repeated::Invite => Method::Invite,
            Repeated::Bye => Method::Bye,
        };
        let (side, bytes) = (Self::side_of(call), self.request(index, method));
        self.send(side, &bytes);
        self.again.push(Reverse((now + wait, Again::Call(index, what))));
    }

    /// A request of call `index`; its branch is always that of its CSeq number, as
    /// repeats and the ACK of a refusal want it.
    fn request(&self, index: u32, method: Method<'_>) -> Vec<u8> {
        let call = &self.calls[index as usize];
        let side = Self::side_of(call);
        let own = self.addresses[usize::from(side == Side::Phones)];
        let answered = !call.target.is_empty();
        let uri = match (answered, call.help) {
            (true, _) => call.target.clone(),
            (false, true) => format!("sip:999@{DOMAIN}"),
            (false, false) => {
                let number = FIRST + u64::from(index) % NUMBERS;
                format!("sip:+{number}@{};user=phone", self.edge)
            }
        };
        let to = if call.to.is_empty() { format!("<{uri}>") } else { call.to.clone() };
        let from = match call.help {
            true => format!("<sip:{USER}@{DOMAIN}>;tag=f{index}"),
            false => format!("<sip:+4989{index:07}@{own}>;tag=f{index}"),
        };
        let ack_of_2xx = if answered && method == Method::Ack { "a" } else { "" };
        let branch = format!("z9hG4bK{}-{index}-{}{ack_of_2xx}", self.life, call.cseq);
        let mut out = Vec::new();
        let mut b = MessageBuilder::request(&mut out, method, uri.as_bytes())
            .via("UDP", own.to_string(), branch.as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, &from)
            .header(HeaderName::To, &to)
            .header_fmt(HeaderName::CallId, format_args!("{}-{index}@flood", self.life))
            .cseq(call.cseq, method)
            .header_fmt(HeaderName::Contact, format_args!("<sip:flood@{own}>"));
        if method == Method::Invite && !call.credentials.is_empty() {
            b = b.header(HeaderName::ProxyAuthorization, &call.credentials);
        }
        match method {
            Method::Invite => b.body("application/sdp", SDP),
            _ => b.finish(),
        }
        out
    }

    fn repeat(&mut self, now: Instant) {
        while let Some(Reverse((due, _))) = self.again.peek() {
            if *due > now {
                return;
            }
            let Some(Reverse((_, again))) = self.again.pop() else { return };
            match again {
                Again::Call(index, what) => {
                    let call = &mut self.calls[index as usize];
                    let waits = match what {
                        Repeated::Invite => call.state == State::Calling,
                        Repeated::Bye => call.state == State::Answered,
                    };
                    // Timer F: a BYE is given up after as long, sent more often.
                    let sends = if what == Repeated::Bye { BYE_SENDS } else { SENDS };
                    if waits && call.sends < sends {
                        self.send_again(now, index, what);
                    } else if waits {
                        call.state = State::Over;
                    }
                }
                Again::Answer(call_id, sends) => {
                    let Some((side, bytes)) = self.answers.get(&call_id).cloned() else { continue };
                    if bytes.is_empty() || sends >= BYE_SENDS {
                        continue;
                    }
                    self.send(side, &bytes);
                    let wait = (T1 * 2u32.pow(sends)).min(T2);
                    self.again.push(Reverse((now + wait, Again::Answer(call_id, sends + 1))));
                }
            }
        }
    }

    /// Whether anything had come.
    fn receive(&mut self, now: Instant) -> bool {
        let mut buffer = [0; 65_536];
        let mut any = false;
        for side in [Side::Trunk, Side::Phones] {
            for _ in 0..256 {
                let socket = match side {
                    Side::Trunk => &self.trunk,
                    Side::Phones => &self.phones,
                };
                let Ok((len, _)) = socket.recv_from(&mut buffer) else { break };
                any = true;
                let mut parser = std::mem::take(&mut self.parser);
                if let Ok(m) = parser.parse(&buffer[..len]) {
                    match m.status() {
                        Some(status) => self.response(now, status, &m),
                        None => self.called(now, side, &m),
                    }
                }
                self.parser = parser;
            }
        }
        any
    }

    /// A request came: we are the called side, or the far end of our own call.
    fn called(&mut self, now: Instant, side: Side, m: &Message<'_>) {
        let own = self.addresses[usize::from(side == Side::Phones)];
        let mut out = Vec::new();
        let answer = |out: &mut Vec<u8>, status: u16, body: &[u8]| {
            let reason = sip::reason_phrase(status);
            let b = MessageBuilder::response_to(out, m, status, reason, Some(b"called"), None)
                .header_fmt(HeaderName::Contact, format_args!("<sip:flood@{own}>"));
            if body.is_empty() { b.finish() } else { b.body("application/sdp", body) }
        };
        match m.method() {
            Method::Ack => {
                if let Some((_, bytes)) = self.answers.get_mut(m.call_id()) {
                    *bytes = Vec::new();
                }
            }
            Method::Invite if !self.answers.contains_key(m.call_id()) => {
                answer(&mut out, 180, b"");
                self.send(side, &out);
                out.clear();
                answer(&mut out, 200, SDP);
                self.send(side, &out);
                let call_id = m.call_id().to_vec();
                self.again.push(Reverse((now + T1, Again::Answer(call_id.clone(), 1))));
                self.answers.insert(call_id, (side, out));
            }
            Method::Invite => {}
            _ => {
                answer(&mut out, 200, b"");
                self.send(side, &out);
            }
        }
    }

    /// A response came: to a call of ours.
    fn response(&mut self, now: Instant, status: u16, m: &Message<'_>) {
        let text = std::str::from_utf8(m.call_id()).unwrap_or_default();
        let index = text
            .strip_prefix(&format!("{}-", self.life))
            .and_then(|rest| rest.strip_suffix("@flood"))
            .and_then(|index| index.parse::<u32>().ok());
        let Some(index) = index else { return };
        let Some(call) = self.calls.get_mut(index as usize) else { return };
        let side = Self::side_of(call);
        let (number, method) = (m.cseq().number, m.method());
        if number != call.cseq || call.state == State::Over {
            // A 2xx is acknowledged however often it comes.
            if method == Method::Invite && (200..300).contains(&status) && number + 1 == call.cseq {
                self.acknowledge(index, side, number);
            }
            return;
        }
        if method == Method::Invite {
            call.status = status;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match (method == Method::Invite, status) {
            (true, 100..=199) => call.state = State::Proceeding,
            (true, 200..=299) => {
                let contact = m.header(HeaderName::Contact).unwrap_or_default();
                let contact = text(contact);
                let target = contact.split(['<', '>']).nth(1).unwrap_or_default();
                call.target = target.to_owned();
                call.to = text(m.to().raw);
                call.state = State::Answered;
                call.waited = now.saturating_duration_since(call.begun);
                call.sends = 0;
                self.tally.helped += u32::from(call.help);
                self.acknowledge(index, side, number);
                self.calls[index as usize].cseq += 1;
                self.send_again(now, index, Repeated::Bye);
            }
            (true, _) => {
                let to = std::mem::replace(&mut call.to, text(m.to().raw));
                let ack = self.request(index, Method::Ack);
                self.send(side, &ack);
                let call = &mut self.calls[index as usize];
                call.to = to;
                let challenge = Challenge::first_of(m.header_all(HeaderName::ProxyAuthenticate));
                match challenge {
                    Some(challenge) if status == 407 && call.cseq < 4 => {
                        let uri = format!("sip:999@{DOMAIN}");
                        let (method, uri) = (b"INVITE".as_slice(), uri.as_bytes());
                        let value = challenge.answer(USER, PASSWORD, method, uri, "c", 1);
                        call.credentials = text(&value);
                        call.state = State::Calling;
                        call.cseq += 1;
                        call.sends = 0;
                        self.send_again(now, index, Repeated::Invite);
                    }
                    _ => {
                        call.state = State::Over;
                        self.tally.refused += 1;
                    }
                }
            }
            (false, 200..) => {
                call.state = State::Over;
                self.tally.completed += u32::from(status < 300 && !call.help);
            }
            (false, _) => {}
        }
    }

    /// Acknowledges the 2xx of INVITE `number`.
    fn acknowledge(&mut self, index: u32, side: Side, number: u32) {
        let call = &mut self.calls[index as usize];
        let cseq = std::mem::replace(&mut call.cseq, number);
        let ack = self.request(index, Method::Ack);
        self.calls[index as usize].cseq = cseq;
        self.send(side, &ack);
    }
}

const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n\
t=0 0\r\nm=audio 40000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
