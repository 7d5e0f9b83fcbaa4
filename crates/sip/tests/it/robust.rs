//! No bytes panic, no cut panics, and what is written is read again.

use proptest::prelude::*;
use sip::digest::{Challenge, Credentials};
use sip::sdp::Sdp;
use sip::{
    Contact, Copy, Frame, HeaderName, Limits, MessageBuilder, Method, NameAddr, Parser, SealKeys,
    StreamFramer, Uri, shard_of_call_id,
};

/// Touches everything a message offers.
fn read_all(bytes: &[u8]) {
    let mut parser = Parser::default();
    let Ok(m) = parser.parse(bytes) else { return };
    for header in m.headers() {
        let _ = m.header_named(std::str::from_utf8(header.name_text).unwrap_or("X"));
        let _ = Contact::parse(header.value);
        let _ = NameAddr::parse(header.value).map(|a| (a.parsed_uri(), a.q_thousandths()));
        let _ = Credentials::parse(header.value);
        let _ = Challenge::parse(header.value);
    }
    for name in HeaderName::ALL {
        let _ = m.seconds(*name);
        let _ = m.addresses(*name).count();
    }
    let _ = (m.rack(), m.rseq(), m.reason(), m.contacts().count(), m.vias().count());
    let _ = Sdp::parse(m.body()).map(|s| (s.media().count(), s.has_private_address()));
    let _ = shard_of_call_id(m.call_id());
    let mut out = Vec::new();
    let source = "192.0.2.1:5060".parse().unwrap();
    MessageBuilder::response_to(&mut out, &m, 200, "OK", Some(b"t"), Some(source)).finish();
    if m.is_request() {
        Parser::default().parse(&out).expect("the answer to a readable request is readable");
    }
}

const SAMPLE: &str = "INVITE sip:+4420@edge.example:5060;user=phone SIP/2.0\r\n\
    Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKa;rport, SIP/2.0/TCP b;branch=z9hG4bKb\r\n\
    v: SIP/2.0/TLS c\r\n ;branch=z9hG4bKc\r\nMax-Forwards: 70\r\n\
    From: \"A \\\"q\\\" B\" <sip:a@x;p=1?h=2>;tag=f\r\nTo: sip:b@y\r\nCall-ID: c@x\r\n\
    CSeq: 1 INVITE\r\nContact: <sip:a@h>;q=0.5;expires=60, *\r\nRAck: 1 1 INVITE\r\n\
    Reason: Q.850;cause=16;text=\"x, y\"\r\nSession-Expires: 90;refresher=uac\r\n\
    Authorization: Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", \
    response=\"00\", qop=auth, nc=00000001, cnonce=\"c\"\r\n\
    Content-Type: application/sdp\r\nContent-Length: 48\r\n\r\n\
    v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n";

#[test]
fn the_sample_is_read_and_every_cut_of_it_is_refused() {
    let bytes = SAMPLE.as_bytes();
    assert!(Parser::default().parse(bytes).is_ok());
    read_all(bytes);
    for cut in 0..bytes.len() {
        assert!(Parser::default().parse(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn every_changed_byte_is_survived() {
    for at in 0..SAMPLE.len() {
        for byte in [0, b'\r', b'\n', b' ', b'"', b'<', b'>', b',', b';', b':', b'@', 0xff] {
            let mut bytes = SAMPLE.as_bytes().to_vec();
            bytes[at] = byte;
            read_all(&bytes);
        }
    }
}

fn token() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._~-]{1,20}"
}

fn value() -> impl Strategy<Value = String> {
    "[!-~]([ -~]{0,40}[!-~])?"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
        let _ = Uri::parse(&bytes);
        let _ = NameAddr::parse(&bytes);
        let _ = sip::Via::parse(&bytes);
        let _ = Sdp::parse(&bytes);
        let mut framer = StreamFramer::new(Limits::default());
        framer.push(&bytes);
        while let Ok(Some(_)) = framer.next_frame() {}
        let keys = SealKeys::new(1, &[0; 32]).unwrap();
        prop_assert!(keys.open(&[], &bytes).is_err());
        prop_assert!(keys.unmap_call_id(&bytes).is_err());
    }

    #[test]
    fn what_is_built_is_read(
        user in token(), host in "[a-z0-9]{1,10}(\\.[a-z]{1,5})?", tag in token(),
        call_id in token(), cseq in 0u32..1 << 31, port in any::<u16>(),
        extra in prop::collection::vec((token(), value()), 0..10),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let uri = format!("sip:{user}@{host}:{port}");
        let from = format!("<{uri}>;tag={tag}");
        let mut out = Vec::new();
        let mut builder = MessageBuilder::request(&mut out, Method::Info, uri.as_bytes())
            .via("TCP", format!("{host}:{port}"), b"z9hG4bKp")
            .header(HeaderName::From, &from)
            .header(HeaderName::To, format!("<{uri}>"))
            .header(HeaderName::CallId, &call_id)
            .cseq(cseq, Method::Info);
        for (name, value) in &extra {
            builder = builder.header_named(&format!("X-{name}"), value);
        }
        builder.body("application/octet-stream", &body);
        let mut parser = Parser::default();
        let m = parser.parse(&out).unwrap();
        prop_assert_eq!(m.request_uri(), uri.as_bytes());
        prop_assert_eq!(m.via().port, Some(port));
        prop_assert_eq!(m.from_tag(), Some(tag.as_bytes()));
        prop_assert_eq!(m.call_id(), call_id.as_bytes());
        prop_assert_eq!(m.cseq().number, cseq);
        prop_assert_eq!(m.body(), &body[..]);
        let Some(Uri::Sip(parsed)) = m.parsed_request_uri() else { panic!() };
        prop_assert_eq!((parsed.user, parsed.host), (Some(user.as_bytes()), host.as_bytes()));
        let read: Vec<_> = m.headers().filter(|h| h.name_text.starts_with(b"X-"))
            .map(|h| String::from_utf8(h.value.to_vec()).unwrap()).collect();
        let written: Vec<_> = extra.iter().map(|(_, v)| v.clone()).collect();
        prop_assert_eq!(&read, &written);

        let mut copy = Vec::new();
        MessageBuilder::request(&mut copy, Method::Info, b"sip:next")
            .copy_headers(&m, |h| match h.name {
                HeaderName::CallId => Copy::Replace(b"mapped"),
                HeaderName::Via => Copy::Skip,
                _ => Copy::Keep,
            })
            .via("UDP", "me", b"z9hG4bKq")
            .body_raw(m.body());
        let mut parser = Parser::default();
        let n = parser.parse(&copy).unwrap();
        prop_assert_eq!(n.call_id(), b"mapped");
        prop_assert_eq!((n.vias().count(), n.via().host), (1, &b"me"[..]));
        prop_assert_eq!(n.headers().count(), m.headers().count());
        prop_assert_eq!(n.body(), m.body());

        let mut framer = StreamFramer::new(Limits::default());
        framer.push(&out);
        framer.push(&copy);
        prop_assert_eq!(framer.next_frame(), Ok(Some(Frame::Message(&out))));
        prop_assert_eq!(framer.next_frame(), Ok(Some(Frame::Message(&copy))));
    }

    #[test]
    fn seals_open_and_call_ids_come_back(
        payload in prop::collection::vec(any::<u8>(), 0..120),
        call_id in prop::collection::vec(any::<u8>(), 0..120),
        shard in any::<u16>(),
    ) {
        let keys = SealKeys::new(1, &[9; 64]).unwrap();
        let seal = keys.seal(&[&call_id], &payload);
        prop_assert_eq!(keys.open(&[&call_id], seal.as_bytes()), Ok(payload));
        let mapped = keys.map_call_id(shard, &call_id);
        prop_assert_eq!(keys.unmap_call_id(mapped.as_bytes()), Ok(call_id));
        prop_assert_eq!(shard_of_call_id(mapped.as_bytes()), shard);
    }
}
