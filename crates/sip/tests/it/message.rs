//! The parser and the writer against hand-written messages.

use sip::header::Contact;
use sip::{HeaderName, Limits, MessageBuilder, Method, ParseError, Parser, Uri};

const BASE: &[(&str, &str)] = &[
    ("Via", "SIP/2.0/UDP pc.example:5080;branch=z9hG4bKabc;rport"),
    ("Max-Forwards", "70"),
    ("From", "\"A, B\" <sip:a@x.example>;tag=ft"),
    ("To", "<sip:b@y.example>"),
    ("Call-ID", "c1@x"),
    ("CSeq", "7 INVITE"),
    ("Contact", "<sip:a@192.0.2.9:5080;transport=udp>"),
    ("Content-Length", "0"),
];

/// An INVITE with some headers changed (`None` removes) and lines appended.
fn invite(changes: &[(&str, Option<&str>)], extra: &str, body: &str) -> Vec<u8> {
    let mut text = String::from("INVITE sip:b@y.example SIP/2.0\r\n");
    for (name, value) in BASE {
        match changes.iter().find(|(n, _)| n == name) {
            Some((_, None)) => {}
            Some((_, Some(value))) => text += &format!("{name}: {value}\r\n"),
            None => text += &format!("{name}: {value}\r\n"),
        }
    }
    text += extra;
    text += "\r\n";
    text += body;
    text.into_bytes()
}

fn verdict(bytes: &[u8]) -> Result<(), ParseError> {
    Parser::default().parse(bytes).map(|_| ())
}

#[test]
fn a_plain_invite_is_read_in_full() {
    let bytes = invite(&[("Content-Length", Some("4"))], "c: application/sdp\r\n", "v=0\nJUNK");
    let mut parser = Parser::default();
    let m = parser.parse(&bytes).unwrap();
    assert_eq!(m.method(), Method::Invite);
    assert_eq!(m.via().branch, Some(&b"z9hG4bKabc"[..]));
    assert_eq!((m.via().host, m.via().port), (&b"pc.example"[..], Some(5080)));
    assert_eq!(m.via().rport, Some(None));
    assert_eq!(m.from().display_name().unwrap().as_ref(), b"A, B");
    assert_eq!(m.from_tag(), Some(&b"ft"[..]));
    assert_eq!(m.to_tag(), None);
    assert_eq!(m.cseq().number, 7);
    assert_eq!(m.max_forwards(), Some(70));
    assert_eq!(m.body(), b"v=0\n", "bytes after Content-Length do not belong to it");
    assert!(m.has_sdp());
    let Ok(Some(Contact::Addr(contact))) = m.contact() else { panic!() };
    let Ok(Uri::Sip(uri)) = contact.parsed_uri() else { panic!() };
    assert_eq!(uri.port, Some(5080));
}

#[test]
fn what_the_border_refuses() {
    use ParseError as E;
    let h = |name, value| invite(&[(name, Some(value))], "", "");
    let line = |line: &str| {
        let text = String::from_utf8(invite(&[], "", "")).unwrap();
        text.replacen("INVITE sip:b@y.example SIP/2.0", line, 1).into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, E)> = vec![
        ("no Via", invite(&[("Via", None)], "", ""), E::Missing(HeaderName::Via)),
        ("no Call-ID", invite(&[("Call-ID", None)], "", ""), E::Missing(HeaderName::CallId)),
        ("no From", invite(&[("From", None)], "", ""), E::Missing(HeaderName::From)),
        ("no To", invite(&[("To", None)], "", ""), E::Missing(HeaderName::To)),
        ("no CSeq", invite(&[("CSeq", None)], "", ""), E::Missing(HeaderName::CSeq)),
        ("two From", invite(&[], "f: <sip:z@z>;tag=2\r\n", ""), E::Repeated(HeaderName::From)),
        ("negative length", h("Content-Length", "-4"), E::ContentLength),
        ("huge length", h("Content-Length", "99999999999999999999"), E::ContentLength),
        ("length with sign", h("Content-Length", "+0"), E::ContentLength),
        ("list of lengths", h("Content-Length", "0, 0"), E::ContentLength),
        ("two lengths", invite(&[], "l: 3\r\n", "abc"), E::ContentLengthRepeated),
        ("same length twice", invite(&[], "l: 0\r\n", ""), E::ContentLengthRepeated),
        ("length beyond the bytes", h("Content-Length", "1"), E::BodyTruncated),
        ("CSeq of another method", h("CSeq", "7 OPTIONS"), E::CSeqMethod),
        ("CSeq too large", h("CSeq", "2147483648 INVITE"), E::Malformed(HeaderName::CSeq)),
        ("Max-Forwards 300", h("Max-Forwards", "300"), E::Malformed(HeaderName::MaxForwards)),
        ("open quote", h("To", "\"B <sip:b@y.example>"), E::Malformed(HeaderName::To)),
        ("commas unquoted", h("From", "A, B <sip:a@x>;tag=1"), E::Malformed(HeaderName::From)),
        ("spaces in brackets", h("To", "B < sip:b@y >"), E::Malformed(HeaderName::To)),
        ("bare URI with ?", h("To", "sip:b@y?Route=%3Csip:z%3E"), E::Malformed(HeaderName::To)),
        ("two tags", h("From", "<sip:a@x>;tag=1;tag=2"), E::Malformed(HeaderName::From)),
        ("stray semicolon", h("From", "<sip:a@x>;;tag=1"), E::Malformed(HeaderName::From)),
        ("Via trailing ;", h("Via", "SIP/2.0/UDP h;branch=z;;,;"), E::Malformed(HeaderName::Via)),
        (
            "Via trailing ,",
            h("Via", "SIP/2.0/UDP h;branch=z9hG4bK1,"),
            E::Malformed(HeaderName::Via),
        ),
        ("Via SIP/7.0", h("Via", "SIP/7.0/UDP h;branch=z"), E::Malformed(HeaderName::Via)),
        ("Via rport=x", h("Via", "SIP/2.0/UDP h;rport=x"), E::Malformed(HeaderName::Via)),
        ("space in Call-ID", h("Call-ID", "a b"), E::Malformed(HeaderName::CallId)),
        ("version 7.0", line("INVITE sip:b@y SIP/7.0"), E::Version),
        ("no version", line("INVITE sip:b@y"), E::StartLine),
        ("URI in brackets", line("INVITE <sip:b@y> SIP/2.0"), E::RequestUri),
        ("space in URI", line("INVITE sip:b@y; lr SIP/2.0"), E::RequestUri),
        ("extra spaces", line("INVITE  sip:b@y  SIP/2.0"), E::RequestUri),
        ("trailing space", line("INVITE sip:b@y SIP/2.0 "), E::StartLine),
        ("headers in URI", line("INVITE sip:b@y?Route=z SIP/2.0"), E::RequestUri),
        ("status 4294967301", line("SIP/2.0 4294967301 better not"), E::StatusCode),
        ("status 099", line("SIP/2.0 099 x"), E::StatusCode),
        ("status 700", line("SIP/2.0 700 x"), E::StatusCode),
        ("no colon", invite(&[], "Nonsense\r\n", ""), E::HeaderLine),
        ("empty name", invite(&[], ": x\r\n", ""), E::HeaderLine),
        ("name with a space", invite(&[], "X Y: x\r\n", ""), E::HeaderLine),
        ("bare LF", invite(&[], "X: a\nY: b\r\n", ""), E::LineEnding),
        ("bare CR", invite(&[], "X: a\rY: b\r\n", ""), E::LineEnding),
        ("too many", invite(&[], &"X-A: y\r\n".repeat(128), ""), E::TooManyHeaders),
        (
            "long line",
            invite(&[], &format!("X-A: {}\r\n", "y".repeat(8192)), ""),
            E::HeaderLineTooLong,
        ),
        ("long URI", line(&format!("INVITE sip:{}@y SIP/2.0", "b".repeat(2048))), E::UriTooLong),
        ("too large", vec![b'x'; 65_536], E::MessageTooLarge),
    ];
    for (what, bytes, want) in cases {
        assert_eq!(verdict(&bytes), Err(want), "{what}");
    }
    let small = Limits { max_message: 64, ..Limits::default() };
    let bytes = invite(&[], "", "");
    assert_eq!(Parser::new(small).parse(&bytes).map(|_| ()), Err(E::MessageTooLarge));
}

#[test]
fn what_the_border_accepts() {
    let h = |name, value| invite(&[(name, Some(value))], "", "");
    let start = |from: &str, to: &str| {
        let text = String::from_utf8(invite(&[("CSeq", Some(to))], "", "")).unwrap();
        text.replacen("INVITE sip:b@y.example", from, 1).into_bytes()
    };
    for (what, bytes) in [
        ("folded Via", h("Via", "SIP / 2.0\r\n /UDP\r\n\t192.0.2.2 : 5060 ;branch = z9hG4bK9")),
        (
            "IPv6 Via",
            h("Via", "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKa"),
        ),
        ("unknown transport", h("Via", "SIP/2.0/UNKNOWN h;branch=z9hG4bKa")),
        ("no Max-Forwards", invite(&[("Max-Forwards", None)], "", "")),
        ("unknown header", invite(&[], "X-Any_.!%: ;;,,;;\r\n", "")),
        ("empty header", invite(&[], "Subject:\r\n", "")),
        ("raw NUL in a quoted pair", h("To", "\"a \\\0 b\" <sip:b@y>")),
        ("bytes that are not UTF-8", {
            let mut bytes = h("To", "\"@@\" <sip:b@y>");
            let at = bytes.windows(2).position(|w| w == b"@@").unwrap();
            bytes[at] = 0xe9;
            bytes
        }),
        ("unknown method", start("!-.*'`~%_+ sip:b@y", "1 !-.*'`~%_+")),
        ("emergency URN", start("INVITE urn:service:sos", "1 INVITE")),
        ("tel", start("INVITE tel:+44-20-7946-0001;isub=1", "1 INVITE")),
        ("unknown scheme", start("OPTIONS nobodyKnowsThisScheme:totallyopaque", "1 OPTIONS")),
        ("CRLF first", [&b"\r\n\r\n"[..], &invite(&[], "", "")].concat()),
        ("bare URI From", h("From", "sip:a@x;tag=1")),
        ("; and ? in the user", start("INVITE sip:a;x=1?y@h", "1 INVITE")),
    ] {
        assert_eq!(verdict(&bytes), Ok(()), "{what}");
    }
}

#[test]
fn lists_and_compact_names_are_one_thing() {
    let bytes = invite(
        &[("Via", Some("SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b;branch=z9hG4bK2"))],
        "v: SIP/2.0/TLS c:5061;branch=z9hG4bK3\r\nk: 100rel, timer\r\nSupported: path\r\n\
         Route: \"x, <y>\" <sip:p1;lr>, <sip:p2,3;lr>\r\n",
        "",
    );
    let mut parser = Parser::default();
    let m = parser.parse(&bytes).unwrap();
    let hosts: Vec<_> = m.vias().map(|v| v.host).collect();
    assert_eq!(hosts, [b"a", b"b", b"c"]);
    assert!(m.lists(HeaderName::Supported, "TIMER") && m.lists(HeaderName::Supported, "path"));
    let routes: Vec<_> = m.addresses(HeaderName::Route).map(|r| r.unwrap().uri).collect();
    assert_eq!(routes, [&b"sip:p1;lr"[..], b"sip:p2,3;lr"]);
}

#[test]
fn a_response_carries_the_request_back() {
    let bytes = invite(
        &[("Via", Some("SIP/2.0/UDP 10.0.0.1:5080;branch=z9hG4bKabc;rport"))],
        "Via: SIP/2.0/UDP far;branch=z9hG4bKfar\r\n",
        "",
    );
    let mut parser = Parser::default();
    let m = parser.parse(&bytes).unwrap();
    let source = "203.0.113.5:61000".parse().unwrap();
    assert_eq!(m.via().response_target(source), source);
    let mut out = Vec::new();
    MessageBuilder::response_to(&mut out, &m, 180, "Ringing", Some(b"mine"), Some(source)).finish();
    let mut parser = Parser::default();
    let r = parser.parse(&out).unwrap();
    assert_eq!(r.status(), Some(180));
    assert_eq!(r.via().received, Some(&b"203.0.113.5"[..]));
    assert_eq!(r.via().rport, Some(Some(61000)));
    assert_eq!(r.vias().count(), 2);
    assert_eq!(r.to_tag(), Some(&b"mine"[..]));
    assert_eq!((r.call_id(), r.cseq()), (m.call_id(), m.cseq()));
}

#[test]
fn values_cannot_inject_headers() {
    let mut out = Vec::new();
    let bytes = invite(&[], "", "");
    let mut parser = Parser::default();
    let m = parser.parse(&bytes).unwrap();
    MessageBuilder::response_to(&mut out, &m, 486, "Busy\r\nX-Evil: 1", Some(b"t\r\nY: 2"), None)
        .header(HeaderName::Subject, "a\r\nZ: 3")
        .header_fmt(HeaderName::Server, format_args!("b\nW: {}", 4))
        .finish();
    let text = String::from_utf8(out).unwrap();
    for evil in ["X-Evil:", "Y:", "Z:", "W:"] {
        assert!(!text.lines().any(|l| l.starts_with(evil)), "{text}");
    }
}

#[test]
fn an_unreadable_request_still_gets_its_answer() {
    let source = "203.0.113.5:5060".parse().unwrap();
    let bytes = invite(&[("Content-Length", Some("900"))], "", "short");
    let error = verdict(&bytes).unwrap_err();
    let mut out = Vec::new();
    assert!(sip::answer_unparsable(&mut out, &bytes, &error, source, b"tt"));
    let mut parser = Parser::default();
    let answer = parser.parse(&out).unwrap();
    assert_eq!(answer.status(), Some(400));
    assert_eq!(answer.call_id(), b"c1@x");
    let ack = String::from_utf8(bytes).unwrap().replace("INVITE", "ACK");
    assert!(!sip::answer_unparsable(&mut out, ack.as_bytes(), &error, source, b"tt"));
    assert!(!sip::answer_unparsable(&mut out, b"\x00\x01garbage", &error, source, b"tt"));
    assert!(out.is_empty());
}
