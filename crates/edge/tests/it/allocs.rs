//! What a call costs in allocations: a promise, printed and kept.

use crate::net::{addr, config};
use crate::world::*;
use edge::core::{Core, Moment, Shared};
use edge::outbox::Outbox;
use edge::peer::Peer;
use feed::record::Transport;
use feed::snapshot::Snapshot;
use sip::{HeaderName, Message, MessageBuilder, Method, Parser};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    // A thread that is ending has no counter any more, and nobody who asks.
    let _ = COUNT.try_with(|c| c.set(c.get() + 1));
}

// SAFETY: every call is passed on to the system allocator unchanged; counting touches
// a thread-local cell that needs no allocation and no destructor.
#[expect(unsafe_code, reason = "counting allocations means being the allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

struct Bench {
    core: Core,
    world: Snapshot,
    out: Outbox,
    at: Moment,
    allocations: u64,
    sent: Vec<(SocketAddr, Vec<u8>)>,
}

impl Bench {
    fn send(&mut self, from: SocketAddr, bytes: &[u8]) {
        let peer = Peer { transport: Transport::Udp, listener: 0, addr: from };
        let before = COUNT.get();
        self.core.handle_packet(self.at, peer, bytes, &self.world, &mut self.out);
        self.core.journalled(self.at, self.out.recorded(), &mut self.out);
        self.allocations += COUNT.get() - before;
        self.collect();
    }

    fn collect(&mut self) {
        self.sent = self.out.packets().map(|(to, b)| (to.addr, b.to_vec())).collect();
        self.out.clear_packets();
        self.out.cdrs.clear();
        self.out.bindings.clear();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.at.now + time;
        while let Some(next) = self.core.poll_timeout().filter(|n| *n <= end) {
            self.at.now = next.max(self.at.now);
            let before = COUNT.get();
            self.core.handle_timeout(self.at, &self.world, &mut self.out);
            self.allocations += COUNT.get() - before;
            self.collect();
        }
        self.at.wall_us += time.as_micros() as i64;
        self.at.now = end;
    }

    fn last(&self, to: SocketAddr) -> Vec<u8> {
        self.sent.iter().rev().find(|(a, _)| *a == to).expect("a packet").1.clone()
    }
}

fn read<R>(bytes: &[u8], look: impl FnOnce(&Message<'_>) -> R) -> R {
    let mut parser = Parser::default();
    look(&parser.parse(bytes).expect("what the core sends parses"))
}

const SDP: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// One call of seven messages: INVITE 100 180 200 ACK BYE 200.
fn call(bench: &mut Bench, trunk: SocketAddr, phone: SocketAddr, n: u32) {
    let mut bytes = Vec::new();
    let uri = format!("sip:{ALICE_NUMBER}@edge.example;user=phone");
    MessageBuilder::request(&mut bytes, Method::Invite, uri.as_bytes())
        .via("UDP", trunk.to_string(), format!("z9hG4bKi{n}").as_bytes())
        .header(HeaderName::MaxForwards, "70")
        .header_fmt(HeaderName::From, format_args!("<sip:+33123456789@op.example>;tag=a{n}"))
        .header_fmt(HeaderName::To, format_args!("<{uri}>"))
        .header_fmt(HeaderName::CallId, format_args!("call-{n}@op.example"))
        .cseq(1, Method::Invite)
        .header_fmt(HeaderName::Contact, format_args!("<sip:gw@{trunk}>"))
        .body("application/sdp", SDP);
    bench.send(trunk, &bytes);
    let invite = bench.last(phone);
    let answer = |bench: &mut Bench, status: u16, body: &[u8]| {
        let mut out = Vec::new();
        read(&invite, |m| {
            let reason = sip::reason_phrase(status);
            let b = MessageBuilder::response_to(&mut out, m, status, reason, Some(b"b"), None)
                .header_fmt(HeaderName::Contact, format_args!("<sip:alice@{phone}>"));
            if body.is_empty() { b.finish() } else { b.body("application/sdp", body) }
        });
        bench.send(phone, &out);
    };
    answer(bench, 100, b"");
    answer(bench, 180, b"");
    answer(bench, 200, SDP);
    let answered = bench.last(trunk);
    let within = |bench: &mut Bench, method: Method<'_>, cseq: u32| {
        let mut out = Vec::new();
        read(&answered, |m| {
            let contact = m.header(HeaderName::Contact).expect("a Contact");
            let target = &contact[1..contact.len() - 1];
            MessageBuilder::request(&mut out, method, target)
                .via("UDP", trunk.to_string(), format!("z9hG4bK{method}{n}").as_bytes())
                .header(HeaderName::MaxForwards, "70")
                .header(HeaderName::From, m.from().raw)
                .header(HeaderName::To, m.to().raw)
                .header(HeaderName::CallId, m.call_id())
                .cseq(cseq, method)
                .finish();
        });
        bench.send(trunk, &out);
    };
    within(bench, Method::Ack, 1);
    within(bench, Method::Bye, 2);
    let bye = bench.last(phone);
    let mut out = Vec::new();
    read(&bye, |m| {
        MessageBuilder::response_to(&mut out, m, 200, "OK", None, None).finish();
    });
    bench.send(phone, &out);
    assert!(bench.last(trunk).starts_with(b"SIP/2.0 200 OK"));
}

#[test]
fn a_call_of_seven_messages_allocates_at_most_nine_times() {
    let (trunk_at, phone_at) = (addr("198.51.100.1:5060"), addr("203.0.113.10:5062"));
    let shared = Arc::new(Shared::default());
    let binding = edge::bindings::Binding {
        user: domain::UserId(id(ALICE)),
        contact: format!("sip:alice@{phone_at}"),
        flow: Peer { transport: Transport::Udp, listener: 0, addr: phone_at },
        expires_us: i64::MAX,
        call_id: "r".into(),
        cseq: 1,
        edge: None,
    };
    shared.bindings.put(binding, 0).expect("room");
    let records = world(vec![trunk(TRUNK_A1, trunk_at, Transport::Udp)]);
    let mut bench = Bench {
        core: Core::new(config(), shared, [3; 32]),
        world: Snapshot::from_records(records),
        out: Outbox::default(),
        at: Moment { now: Instant::now(), wall_us: 1_800_000_000_000_000 },
        allocations: 0,
        sent: Vec::new(),
    };
    let calls = 200;
    for n in 0..calls {
        call(&mut bench, trunk_at, phone_at, n);
    }
    bench.pass(Duration::from_secs(60));
    bench.allocations = 0;
    for n in calls..2 * calls {
        call(&mut bench, trunk_at, phone_at, n);
    }
    bench.pass(Duration::from_secs(60));
    let each = bench.allocations as f64 / f64::from(calls);
    eprintln!("allocations per seven-message call: {each:.2}");
    assert!(each <= 9.0, "{each} allocations per call");
}
