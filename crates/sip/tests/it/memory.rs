//! Allocations counted: parsing makes none, and a transaction reuses its buffers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use sip::transaction::Config;
use sip::{
    HeaderName, MessageBuilder, Method, Origin, Parser, Received, Reliability, SealKeys, Target,
    TransactionLayer, Uri,
};

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

fn allocations(mut f: impl FnMut()) -> u64 {
    let before = COUNT.get();
    f();
    COUNT.get() - before
}

const INVITE: &[u8] = b"INVITE sip:+442079460001@edge.example SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n\
    From: \"A\" <sip:+442079460002@op.example>;tag=1\r\nTo: <sip:+442079460001@edge.example>\r\n\
    Call-ID: abc@192.0.2.1\r\nCSeq: 1 INVITE\r\nContact: <sip:op@192.0.2.1:5060>\r\n\
    Supported: timer, 100rel\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";

#[test]
fn parsing_allocates_nothing() {
    let mut parser = Parser::default();
    let made = allocations(|| {
        let m = parser.parse(INVITE).unwrap();
        let uri = m.parsed_request_uri().unwrap();
        assert_eq!(uri.user_number().unwrap().as_str(), "+442079460001");
        let contact = m.contact().unwrap().unwrap();
        assert!(matches!(contact.addr().unwrap().parsed_uri(), Ok(Uri::Sip(_))));
        assert!(m.lists(HeaderName::Supported, "100rel") && m.has_sdp());
    });
    assert_eq!(made, 0);
}

#[test]
fn seals_and_call_ids_reuse_what_they_are_given() {
    let keys = SealKeys::new(1, &[5; 64]).unwrap();
    let (mut sealed, mut opened) = (Vec::with_capacity(512), Vec::with_capacity(512));
    let made = allocations(|| {
        sealed.clear();
        keys.seal_into(&[b"call", b"tag"], &[7; 80], &mut sealed);
        keys.open_into(&[b"call", b"tag"], &sealed, &mut opened).unwrap();
        sealed.clear();
        keys.map_call_id_into(9, b"abc@192.0.2.1", &mut sealed);
        keys.unmap_call_id_into(&sealed, &mut opened).unwrap();
    });
    assert_eq!(made, 0);
}

#[test]
fn a_warm_layer_allocates_for_an_invite_only_the_answer_it_keeps() {
    let mut now = crate::epoch();
    let mut layer: TransactionLayer<u32> = TransactionLayer::new(Config::default(), [1; 16]);
    let mut parser = Parser::default();
    let mut answers = Parser::default();
    let origin = Origin { peer: 1, reliability: Reliability::Unreliable, source: None };
    let mut wire: Vec<u8> = Vec::with_capacity(2_048);
    let mut busy: Vec<u8> = Vec::with_capacity(2_048);
    let mut call = || {
        let mut sink = |_: &u32, bytes: &[u8]| {
            wire.clear();
            wire.extend_from_slice(bytes);
        };
        let m = parser.parse(INVITE).unwrap();
        let Received::Request { tx } = layer.receive(now, &origin, &m, &mut sink) else { panic!() };
        layer.reply(now, tx, 100, None, &mut sink, |b| b.finish()).unwrap();
        let branch = layer.branch();
        let mut out = layer.buffer();
        MessageBuilder::request(&mut out, Method::Invite, b"sip:phone@192.0.2.9")
            .via("UDP", "edge.example", branch.as_bytes())
            .copy_headers(&m, |h| match h.name {
                HeaderName::Via => sip::Copy::Skip,
                _ => sip::Copy::Keep,
            })
            .body_raw(m.body());
        let sent = answers.parse(&out).unwrap();
        MessageBuilder::response_to(&mut busy, &sent, 486, "Busy Here", Some(b"t"), None).finish();
        let to = Target { peer: 2, reliability: Reliability::Unreliable };
        layer.request(now, to, &branch, out, 1, &mut sink).unwrap();
        let answer = answers.parse(&busy).unwrap();
        let got = layer.receive(now, &origin, &answer, &mut sink);
        assert!(matches!(got, Received::Response { tag: 1, .. }));
        layer.reply(now, tx, 486, Some(b"t"), &mut sink, |b| b.finish()).unwrap();
        now += Duration::from_secs(60);
        while let Some(at) = layer.poll_timeout().filter(|at| *at <= now) {
            layer.handle_timeout(at, &mut sink);
        }
        while layer.poll_event().is_some() {}
        assert!(layer.is_empty());
    };
    for _ in 0..20 {
        call();
    }
    // Cut to its length, for it lingers: the buffer it was written into is used again.
    assert_eq!(allocations(call), 1);
}
