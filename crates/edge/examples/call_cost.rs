//! What a call costs the edge's core, without sockets and without a clock: an
//! operator's trunk calls a person's phone, as the signalling benchmark has it
//! (100, 180, 200, ACK, BYE, 200; an INVITE of 874 bytes), so and so many times.
//!
//! Instructions per call, the peers' own work left out:
//!
//! ```text
//! cargo build --release -p edge --example call_cost
//! valgrind --tool=callgrind --callgrind-out-file=/dev/null \
//!     --toggle-collect='*Core*handle_packet*' --toggle-collect='*Core*handle_timeout*' \
//!     --toggle-collect='*Core*journalled*' \
//!     target/release/examples/call_cost 2000
//! ```

use domain::emergency::ProfileEmergency;
use domain::number::{AssignmentTarget, Usage};
use domain::{CallingProfileId, EdgeId, OperatorId, TenantId, TrunkId, UserId};
use edge::core::{Core, CoreConfig, Listener, Moment, Shared};
use edge::outbox::Outbox;
use edge::peer::Peer;
use feed::change::Position;
use feed::record::*;
use feed::snapshot::{Snapshot, WorldRecords};
use numbering::{Country, E164};
use sip::{HeaderName, Message, MessageBuilder, Method, Parser};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const EDGE: &str = "192.0.2.5:5060";
const TRUNK: &str = "198.51.100.1:5060";
const PHONE: &str = "203.0.113.10:5062";
const NUMBER: &str = "+442079460001";

struct Wire {
    core: Core,
    world: Snapshot,
    out: Outbox,
    at: Moment,
    trunk: SocketAddr,
    phone: SocketAddr,
    packets: u64,
    records: u64,
    bytes: u64,
}

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn world() -> WorldRecords {
    let id = Uuid::from_u128;
    let country = Country::parse("GB").expect("a country");
    let number = E164::parse(NUMBER).expect("a number");
    let mut w = WorldRecords::empty(Position { epoch: id(999), position: 1 }, 0);
    w.operators.push(OperatorRecord { id: OperatorId(id(1)), name: "Operator A".into() });
    let trunk: TrunkRecord = serde_json::from_value(serde_json::json!({
        "id": TrunkId(id(11)), "operator": OperatorId(id(1)), "fqdn": "sbc1.operator-a.example",
        "address": TRUNK, "sources": [], "match_port": true, "transport": "udp", "enabled": true,
        "send_options": false, "options_interval_seconds": 10, "failover_time_seconds": 2,
        "max_uri": 256,
    }))
    .expect("a trunk");
    w.profiles.push(CallingProfileRecord {
        id: CallingProfileId(id(10)),
        operator: OperatorId(id(1)),
        trunks: vec![trunk.id],
        emergency: ProfileEmergency::default(),
    });
    w.trunks.push(trunk);
    w.tenants.push(TenantRecord {
        id: TenantId(id(1)),
        name: "Contoso".into(),
        domain: "contoso.example".into(),
        fraud_limits: None,
        trusted_networks: Vec::new(),
    });
    w.users.push(UserRecord {
        id: UserId(id(100)),
        tenant: TenantId(id(1)),
        display_name: "Alice".into(),
        licensed: true,
        conferencing: false,
        country,
        number: Some(number),
        alternate: None,
        phone: None,
    });
    w.edge_keys.push(EdgeKey { id: 1, secret: (0..64).collect(), seals_from_us: 0 });
    w.numbers.push(NumberRecord {
        number,
        tenant: TenantId(id(1)),
        operator: OperatorId(id(1)),
        profile: CallingProfileId(id(10)),
        country,
        usage: Usage::CallingUserAssignment,
        target: Some(AssignmentTarget::User(UserId(id(100)))),
        location: None,
        category: domain::line::AssignmentCategory::Primary,
        moving: None,
        other_holder: None,
    });
    w
}

impl Wire {
    fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let (trunk, phone) = (addr(TRUNK), addr(PHONE));
        let binding = edge::bindings::Binding {
            user: UserId(Uuid::from_u128(100)),
            contact: format!("sip:alice@{phone}"),
            flow: Peer { transport: Transport::Udp, listener: 0, addr: phone },
            expires_us: i64::MAX,
            call_id: "r".into(),
            cseq: 1,
            edge: None,
        };
        shared.bindings.put(binding, 0).expect("room");
        let listener =
            Listener { transport: Transport::Udp, local: addr(EDGE), sent_by: EDGE.into() };
        let config = CoreConfig::new(EdgeId(Uuid::from_u128(7)), vec![listener]);
        Self {
            core: Core::new(config, shared, [3; 32]),
            world: Snapshot::from_records(world()),
            out: Outbox::default(),
            at: Moment { now: Instant::now(), wall_us: 1_800_000_000_000_000 },
            trunk,
            phone,
            packets: 0,
            records: 0,
            bytes: 0,
        }
    }

    /// Hands a packet to the core; what it sends last to `to`.
    fn send(&mut self, from: SocketAddr, bytes: &[u8], to: SocketAddr) -> Vec<u8> {
        let peer = Peer { transport: Transport::Udp, listener: 0, addr: from };
        self.core.handle_packet(self.at, peer, bytes, &self.world, &mut self.out);
        self.last(to)
    }

    /// The disk has all records; what the core sends last to `to`.
    fn journalled(&mut self, to: SocketAddr) -> Vec<u8> {
        self.core.journalled(self.at, self.out.recorded(), &mut self.out);
        self.last(to)
    }

    fn last(&mut self, to: SocketAddr) -> Vec<u8> {
        let last = self.out.packets().filter(|(p, _)| p.addr == to).last();
        let last = last.map(|(_, b)| b.to_vec()).unwrap_or_default();
        self.bytes += self.out.packets().map(|(_, b)| b.len() as u64).sum::<u64>();
        self.packets += self.out.packets().count() as u64;
        self.done();
        last
    }

    fn done(&mut self) {
        self.records += self.out.cdrs.len() as u64;
        self.out.clear_packets();
        self.out.cdrs.clear();
        self.out.bindings.clear();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.at.now + time;
        self.at.wall_us += time.as_micros() as i64;
        while let Some(next) = self.core.poll_timeout().filter(|n| *n <= end) {
            self.at.now = next.max(self.at.now);
            self.core.handle_timeout(self.at, &self.world, &mut self.out);
            self.done();
        }
        self.at.now = end;
    }

    fn call(&mut self, n: u64) {
        let (trunk, phone) = (self.trunk, self.phone);
        let sdp = format!(
            "v=0\r\no=- {n} 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
             m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n\
             a=sendrecv\r\n"
        );
        let uri = format!("sip:{NUMBER}@{EDGE};user=phone");
        let mut bytes = Vec::new();
        MessageBuilder::request(&mut bytes, Method::Invite, uri.as_bytes())
            .via("UDP", trunk.to_string(), format!("z9hG4bK-{n}-1-0").as_bytes())
            .header(HeaderName::MaxForwards, "69")
            .header_fmt(
                HeaderName::From,
                format_args!("<sip:+33123456789@sbc1.operator-a.example;user=phone>;tag=77a{n}"),
            )
            .header_fmt(HeaderName::To, format_args!("<sip:{NUMBER}@sip.edge.example;user=phone>"))
            .header_fmt(HeaderName::CallId, format_args!("{n}-4711@198.51.100.1"))
            .cseq(1, Method::Invite)
            .header_fmt(HeaderName::Contact, format_args!("<sip:+33123456789@{trunk}>"))
            .header_named("P-Asserted-Identity", "<sip:+33123456789@operator-a.example;user=phone>")
            .header_named("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO")
            .header_named("Supported", "timer, 100rel")
            .header_named("Session-Expires", "1800;refresher=uac")
            .header_named("Min-SE", "90")
            .header_named("User-Agent", "bench-trunk/1.0")
            .body("application/sdp", sdp.as_bytes());
        let invite = self.send(trunk, &bytes, phone);
        let respond = |request: &[u8], status: u16, tag: Option<&[u8]>, body: &[u8]| {
            let mut out = Vec::new();
            read(request, |m| {
                let reason = sip::reason_phrase(status);
                let b = MessageBuilder::response_to(&mut out, m, status, reason, tag, None)
                    .header_fmt(HeaderName::Contact, format_args!("<sip:alice@{phone}>"));
                if body.is_empty() { b.finish() } else { b.body("application/sdp", body) }
            });
            out
        };
        self.send(phone, &respond(&invite, 100, None, b""), trunk);
        self.pass(Duration::from_millis(1));
        self.send(phone, &respond(&invite, 180, Some(b"b"), b""), trunk);
        self.pass(Duration::from_millis(1));
        let ok = respond(&invite, 200, Some(b"b"), sdp.as_bytes());
        let answered = self.send(phone, &ok, trunk);
        let within = |method: Method<'_>, cseq: u32| {
            let mut out = Vec::new();
            read(&answered, |m| {
                let contact = m.header(HeaderName::Contact).expect("a Contact");
                MessageBuilder::request(&mut out, method, &contact[1..contact.len() - 1])
                    .via(
                        "UDP",
                        trunk.to_string(),
                        format!("z9hG4bK-{n}-1-{cseq}{method}").as_bytes(),
                    )
                    .header(HeaderName::MaxForwards, "69")
                    .header(HeaderName::From, m.from().raw)
                    .header(HeaderName::To, m.to().raw)
                    .header(HeaderName::CallId, m.call_id())
                    .cseq(cseq, method)
                    .header_fmt(HeaderName::Contact, format_args!("<sip:+33123456789@{trunk}>"))
                    .finish();
            });
            out
        };
        self.send(trunk, &within(Method::Ack, 1), phone);
        self.pass(Duration::from_millis(5));
        let bye = self.send(trunk, &within(Method::Bye, 2), phone);
        self.send(phone, &respond(&bye, 200, None, b""), trunk);
        // Its answer leaves once the records are on disk.
        let end = self.journalled(trunk);
        assert!(end.starts_with(b"SIP/2.0 200 OK"), "the call was hung up");
    }
}

fn read<R>(bytes: &[u8], look: impl FnOnce(&Message<'_>) -> R) -> R {
    look(&Parser::default().parse(bytes).expect("what the core sends parses"))
}

fn main() {
    let calls: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2000);
    let mut wire = Wire::new();
    let start = Instant::now();
    for n in 0..calls {
        wire.call(n);
    }
    let carried = start.elapsed();
    wire.pass(Duration::from_secs(60));
    let each = |n: u64| n as f64 / calls as f64;
    eprintln!(
        "{calls} calls: {:.2} packets, {:.0} bytes and {:.2} records out for each; {:.1} us with both \
         peers' own work",
        each(wire.packets),
        each(wire.bytes),
        each(wire.records),
        carried.as_secs_f64() * 1e6 / calls as f64,
    );
}
