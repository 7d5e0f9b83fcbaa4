//! Peers around one core, in one thread, with a clock that moves when told.

use edge::core::{Core, CoreConfig, Listener, Moment, Shared};
use edge::outbox::Outbox;
use edge::peer::Peer;
use feed::cdr::CdrRecord;
use feed::record::Transport;
use feed::snapshot::{Snapshot, WorldRecords};
use sip::digest::Challenge;
use sip::{HeaderName, Message, MessageBuilder, Method, Parser};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const EDGE: &str = "192.0.2.5:5060";

pub fn addr(text: &str) -> SocketAddr {
    text.parse().expect("address")
}

pub struct Net {
    pub core: Core,
    pub shared: Arc<Shared>,
    pub world: Snapshot,
    pub at: Moment,
    pub out: Outbox,
    pub cdrs: Vec<CdrRecord>,
    pub copies: Vec<edge::overflow::OverflowCopy>,
    /// Whether what is recorded reaches the disk at once; else [`Net::journalled`] says.
    pub disk: bool,
    pub inbox: HashMap<SocketAddr, VecDeque<Vec<u8>>>,
    cseq: u32,
    seed: u8,
}

/// A parsed copy of a message, for tests to look into.
#[derive(Clone)]
pub struct Packet(pub Vec<u8>);

impl Packet {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    pub fn with<R>(&self, look: impl FnOnce(&Message<'_>) -> R) -> R {
        let mut parser = Parser::default();
        let m = parser.parse(&self.0).unwrap_or_else(|e| panic!("{e}:\n{}", self.text()));
        look(&m)
    }

    pub fn status(&self) -> Option<u16> {
        self.with(|m| m.status())
    }

    pub fn method(&self) -> String {
        self.with(|m| m.method().to_string())
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.with(|m| m.header_named(name).map(|v| String::from_utf8_lossy(v).into_owned()))
    }

    pub fn uri(&self) -> String {
        self.with(|m| String::from_utf8_lossy(m.request_uri()).into_owned())
    }

    pub fn body(&self) -> Vec<u8> {
        self.with(|m| m.body().to_vec())
    }

    pub fn contact(&self) -> String {
        let value = self.header("Contact").expect("a Contact");
        value.trim_start_matches('<').split('>').next().expect("a URI").to_owned()
    }
}

/// What a peer needs for requests of its own in a dialog.
#[derive(Clone)]
pub struct Dialog {
    pub peer: SocketAddr,
    pub call_id: String,
    pub local: String,
    pub remote: String,
    pub target: String,
    pub cseq: u32,
}

pub fn config() -> CoreConfig {
    let listener = |transport| Listener { transport, local: addr(EDGE), sent_by: EDGE.into() };
    CoreConfig::new(
        domain::EdgeId(super::world::id(7)),
        vec![listener(Transport::Udp), listener(Transport::Tcp)],
    )
}

impl Net {
    pub fn new(world: WorldRecords) -> Self {
        let shared = Arc::new(Shared::default());
        let mut net = Self {
            core: Core::new(config(), shared.clone(), [1; 32]),
            shared,
            world: Snapshot::from_records(world),
            at: Moment { now: Instant::now(), wall_us: 1_800_000_000_000_000 },
            out: Outbox::default(),
            cdrs: Vec::new(),
            copies: Vec::new(),
            disk: true,
            inbox: HashMap::new(),
            cseq: 0,
            seed: 1,
        };
        net.core.handle_timeout(net.at, &net.world, &mut net.out);
        net.flush();
        net
    }

    /// The edge dies and another one with the same keys and registrations starts.
    pub fn restart(&mut self) {
        self.seed += 1;
        self.core = Core::new(config(), self.shared.clone(), [self.seed; 32]);
    }

    pub fn flush(&mut self) {
        for (to, bytes) in self.out.packets() {
            self.inbox.entry(to.addr).or_default().push_back(bytes.to_vec());
        }
        self.out.clear_packets();
        self.cdrs.append(&mut self.out.cdrs);
        self.copies.append(&mut self.out.copies);
        self.out.bindings.clear();
        if self.disk && self.core.awaits_record().is_some() {
            self.journalled();
        }
    }

    /// All records so far are on disk.
    pub fn journalled(&mut self) {
        self.core.journalled(self.at, self.out.recorded(), &mut self.out);
        self.flush();
    }

    pub fn send(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.send_by(Peer { transport: Transport::Udp, listener: 0, addr: from }, bytes);
    }

    pub fn send_by(&mut self, peer: Peer, bytes: &[u8]) {
        self.core.handle_packet(self.at, peer, bytes, &self.world, &mut self.out);
        self.flush();
    }

    /// Lets time pass, stopping at every deadline on the way.
    pub fn pass(&mut self, time: Duration) {
        let end = self.at.now + time;
        loop {
            let next = self.core.poll_timeout().unwrap_or(end).min(end).max(self.at.now);
            self.at.wall_us += (next - self.at.now).as_micros() as i64;
            self.at.now = next;
            self.core.handle_timeout(self.at, &self.world, &mut self.out);
            self.flush();
            if next >= end {
                return;
            }
        }
    }

    /// The next packet at a peer.
    pub fn take(&mut self, peer: SocketAddr) -> Packet {
        match self.inbox.get_mut(&peer).and_then(VecDeque::pop_front) {
            Some(bytes) => Packet(bytes),
            None => panic!("nothing came to {peer}"),
        }
    }

    /// The next packet at a peer, which must be this response.
    pub fn expect(&mut self, peer: SocketAddr, status: u16) -> Packet {
        let packet = self.take(peer);
        assert_eq!(packet.status(), Some(status), "{}", packet.text());
        packet
    }

    /// The next packet at a peer, which must be this request.
    pub fn expect_request(&mut self, peer: SocketAddr, method: &str) -> Packet {
        let packet = self.take(peer);
        assert!(packet.status().is_none(), "{}", packet.text());
        assert_eq!(packet.method(), method, "{}", packet.text());
        packet
    }

    pub fn silent(&self, peer: SocketAddr) {
        let waiting = self.inbox.get(&peer).and_then(|q| q.front().cloned());
        if let Some(bytes) = waiting {
            panic!("{peer} should have got nothing, but got\n{}", Packet(bytes).text());
        }
    }

    fn branch(&mut self) -> String {
        self.cseq += 1;
        format!("z9hG4bKt{}", self.cseq)
    }

    /// A request outside dialogs.
    pub fn request(
        &mut self,
        from: SocketAddr,
        (method, uri): (Method<'_>, &str),
        (local, remote): (&str, &str),
        call_id: &str,
        extra: &[(HeaderName, &str)],
        body: &[u8],
    ) -> Vec<u8> {
        let branch = self.branch();
        let mut out = Vec::new();
        let mut b = MessageBuilder::request(&mut out, method, uri.as_bytes())
            .via("UDP", from.to_string(), branch.as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header_fmt(HeaderName::From, format_args!("<{local}>;tag=f{}", self.cseq))
            .header_fmt(HeaderName::To, format_args!("<{remote}>"))
            .header(HeaderName::CallId, call_id)
            .cseq(self.cseq, method)
            .header_fmt(HeaderName::Contact, format_args!("<sip:peer@{from}>"));
        for (name, value) in extra {
            b = b.header(*name, value);
        }
        if body.is_empty() {
            b.finish()
        } else {
            b.body("application/sdp", body)
        }
        out
    }

    /// A trunk's INVITE.
    pub fn unsent_invite(&mut self, from: SocketAddr, number: &str, call_id: &str) -> Vec<u8> {
        let to = format!("sip:{number}@edge.example;user=phone");
        self.request(
            from,
            (Method::Invite, &to),
            ("sip:+33123456789@op.example;user=phone", &to),
            call_id,
            &[],
            b"v=0 offer",
        )
    }

    /// Calls from a trunk.
    pub fn invite(&mut self, from: SocketAddr, number: &str, call_id: &str) -> Vec<u8> {
        let bytes = self.unsent_invite(from, number, call_id);
        self.send(from, &bytes);
        bytes
    }

    /// A phone's request, answered with credentials when challenged. Returns the
    /// bytes that carried them.
    pub fn authenticated(
        &mut self,
        from: SocketAddr,
        (name, password): (&str, &str),
        (method, uri): (Method<'_>, &str),
        remote: &str,
        call_id: &str,
        extra: &[(HeaderName, &str)],
    ) -> Vec<u8> {
        let local = format!("sip:{name}@{}", super::world::DOMAIN);
        let local = local.as_str();
        let first = self.request(from, (method, uri), (local, remote), call_id, extra, b"");
        self.send(from, &first);
        let register = method == Method::Register;
        let challenge = self.expect(from, if register { 401 } else { 407 });
        let (ask, answer) = if register {
            (HeaderName::WwwAuthenticate, HeaderName::Authorization)
        } else {
            (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization)
        };
        let value = challenge.with(|m| {
            Challenge::first_of(m.header_all(ask)).expect("a challenge").answer(
                name,
                password,
                method.as_bytes(),
                uri.as_bytes(),
                "cnonce",
                1,
            )
        });
        let value = String::from_utf8(value).expect("ASCII");
        let mut with = vec![(answer, value.as_str())];
        with.extend_from_slice(extra);
        let bytes = self.request(from, (method, uri), (local, remote), call_id, &with, b"");
        self.send(from, &bytes);
        bytes
    }

    /// Registers a phone of `name` at an address.
    pub fn register(&mut self, from: SocketAddr, name: &str) -> Packet {
        let uri = format!("sip:{}", super::world::DOMAIN);
        let aor = format!("sip:{name}@{}", super::world::DOMAIN);
        let call_id = format!("reg-{name}-{}", from.port());
        let password = format!("{name}-secret");
        self.authenticated(from, (name, &password), (Method::Register, &uri), &aor, &call_id, &[]);
        self.expect(from, 200)
    }

    /// Answers a request that came to `peer`.
    pub fn respond(&mut self, peer: SocketAddr, request: &Packet, status: u16, body: &[u8]) {
        let mut out = Vec::new();
        request.with(|m| {
            let tag = format!("t-{}", peer.port());
            let reason = sip::reason_phrase(status);
            let b = MessageBuilder::response_to(
                &mut out,
                m,
                status,
                reason,
                Some(tag.as_bytes()),
                None,
            )
            .header_fmt(HeaderName::Contact, format_args!("<sip:callee@{peer}>"));
            if body.is_empty() { b.finish() } else { b.body("application/sdp", body) }
        });
        self.send(peer, &out);
    }

    /// A request inside a dialog.
    pub fn within(&mut self, d: &Dialog, method: Method<'_>, body: &[u8]) -> Vec<u8> {
        let branch = self.branch();
        let mut out = Vec::new();
        let b = MessageBuilder::request(&mut out, method, d.target.as_bytes())
            .via("UDP", d.peer.to_string(), branch.as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, &d.local)
            .header(HeaderName::To, &d.remote)
            .header(HeaderName::CallId, &d.call_id)
            .cseq(d.cseq, method)
            .header_fmt(HeaderName::Contact, format_args!("<sip:peer@{}>", d.peer));
        if body.is_empty() {
            b.finish()
        } else {
            b.body("application/sdp", body)
        }
        self.send(d.peer, &out);
        out
    }
}

/// The caller's dialog, from the answer it got.
pub fn caller_dialog(peer: SocketAddr, answer: &Packet) -> Dialog {
    Dialog {
        peer,
        call_id: answer.header("Call-ID").expect("Call-ID"),
        local: answer.header("From").expect("From"),
        remote: answer.header("To").expect("To"),
        target: answer.contact(),
        cseq: answer.with(|m| m.cseq().number),
    }
}

/// The called peer's dialog, from the INVITE it got.
pub fn callee_dialog(peer: SocketAddr, invite: &Packet) -> Dialog {
    Dialog {
        peer,
        call_id: invite.header("Call-ID").expect("Call-ID"),
        local: format!("{};tag=t-{}", invite.header("To").expect("To"), peer.port()),
        remote: invite.header("From").expect("From"),
        target: invite.contact(),
        cseq: 1,
    }
}
