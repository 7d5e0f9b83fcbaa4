//! Properties of `sip`.

use sip::digest::{Authenticator, Challenge, Credentials, Ha1, Verdict};
use sip::multipart::Entity;
use sip::report::{MAX_DEVIATIONS, Report, Verdict as Judged};
use sip::sdp::Sdp;
use sip::{
    Contact, Copy, Frame, HeaderName, Limits, Message, MessageBuilder, NameAddr, Parser, SealKeys,
    StreamFramer, Uri, Via, shard_of_call_id,
};

fn inside(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty()
        || whole.as_ptr_range().start <= part.as_ptr() && {
            part.as_ptr_range().end <= whole.as_ptr_range().end
        }
}

/// A value as the builder writes it: folds are spaces.
fn flat(value: &[u8]) -> Vec<u8> {
    value.iter().map(|b| if matches!(b, b'\r' | b'\n') { b' ' } else { *b }).collect()
}

/// A datagram: spans lie inside, reading everything panics nowhere, what is built
/// of it reads the same, its answer is readable, and its report agrees with the
/// parser.
pub fn message(data: &[u8]) {
    let limits = Limits::default();
    let report = Report::of(data, &limits);
    let fatal = report.deviations.iter().any(|d| d.fatal);
    assert_eq!(fatal, report.verdict == Judged::Reject, "{report:?}");
    assert!(report.deviations.len() <= MAX_DEVIATIONS + 1);
    let mut parser = Parser::default();
    let Ok(m) = parser.parse(data) else {
        assert_eq!(report.verdict, Judged::Reject);
        return;
    };
    let silent = !m.is_request() || m.method() == sip::Method::Ack;
    assert_eq!(report.response_code.is_none(), silent, "{report:?}");
    assert!(inside(data, m.body()) && inside(data, m.call_id()));
    for header in m.headers() {
        assert!(inside(data, header.value) && inside(data, header.name_text));
        let _ = Contact::parse(header.value);
        let _ = NameAddr::parse(header.value).map(|a| (a.parsed_uri(), a.q_thousandths()));
        let _ = Via::parse(header.value);
    }
    for name in HeaderName::ALL {
        let _ = (m.seconds(*name), m.addresses(*name).count());
    }
    let _ = (m.rack(), m.rseq(), m.reason(), m.contacts().count(), m.parsed_request_uri());
    let _ = shard_of_call_id(m.call_id());
    if let Ok(Some(body)) = Entity::of_message(&m) {
        assert!(body.leaves().iter().all(|leaf| inside(m.body(), leaf.body)));
    }
    if m.is_request() {
        let mut out = Vec::new();
        let source = "192.0.2.1:5060".parse().expect("an address");
        MessageBuilder::response_to(&mut out, &m, 200, "OK", Some(b"t"), Some(source)).finish();
        let mut parser = Parser::default();
        let answer = parser.parse(&out).expect("the answer to a readable request is readable");
        assert_eq!((answer.status(), answer.call_id()), (Some(200), m.call_id()));
        assert_eq!(answer.vias().count(), m.vias().count());
    }
    again(&m);
}

fn again(m: &Message<'_>) {
    let mut out = Vec::new();
    let builder = match m.status() {
        Some(status) => MessageBuilder::response(&mut out, status, "again"),
        None => MessageBuilder::request(&mut out, m.method(), m.request_uri()),
    };
    builder.copy_headers(m, |_| Copy::Keep).body_raw(m.body());
    let mut parser = Parser::default();
    let n = parser.parse(&out).expect("a copy of a readable message is readable");
    assert_eq!((n.method(), n.request_uri()), (m.method(), m.request_uri()));
    assert_eq!((n.cseq(), n.call_id(), n.body()), (m.cseq(), m.call_id(), m.body()));
    assert_eq!((n.from_tag(), n.to_tag()), (m.from_tag(), m.to_tag()));
    let headers = |m: &Message<'_>| -> Vec<(HeaderName, Vec<u8>)> {
        let kept = m.headers().filter(|h| h.name != HeaderName::ContentLength);
        kept.map(|h| (h.name, flat(h.value))).collect()
    };
    assert_eq!(headers(&n), headers(m));
}

/// A URI: what is put together of its parts has the same parts.
pub fn uri(data: &[u8]) {
    let _ = NameAddr::parse(data).map(|a| (a.display_name(), a.expires(), a.q_thousandths()));
    let _ = Via::parse(data);
    let Ok(parsed) = Uri::parse(data) else { return };
    let _ = (parsed.user_number(), parsed.is_sos());
    assert!(parsed.scheme().iter().all(u8::is_ascii));
    let mut out = parsed.scheme().to_vec();
    out.push(b':');
    match &parsed {
        Uri::Sip(uri) => {
            let _ = (uri.host_ip(), uri.host_bare());
            if let Some(user) = uri.user {
                out.extend_from_slice(user);
                if let Some(password) = uri.password {
                    out.push(b':');
                    out.extend_from_slice(password);
                }
                out.push(b'@');
            }
            out.extend_from_slice(uri.host);
            if let Some(port) = uri.port {
                out.extend_from_slice(format!(":{port}").as_bytes());
            }
            out.extend_from_slice(uri.params.as_bytes());
            if let Some(headers) = uri.headers {
                out.push(b'?');
                out.extend_from_slice(headers);
            }
        }
        Uri::Tel(uri) => out.extend([uri.number, uri.params.as_bytes()].concat()),
        Uri::Urn(uri) => out.extend([uri.namespace, b":", uri.specific].concat()),
        Uri::Other { rest, .. } => out.extend_from_slice(rest),
    }
    assert_eq!(Uri::parse(&out), Ok(parsed));
    let bracketed = [b"<", data, b">;tag=x"].concat();
    let addr = NameAddr::parse(&bracketed).expect("a URI in brackets is an address");
    assert_eq!((addr.uri, addr.tag), (data, Some(&b"x"[..])));
}

/// A session description: no more media than lines, all of them inside.
pub fn sdp(data: &[u8]) {
    let Ok(sdp) = Sdp::parse(data) else { return };
    let lines = data.split(|b| *b == b'\n').count();
    assert!(sdp.media().count() < lines.max(1));
    for media in sdp.media() {
        assert!(inside(data, media.kind) && inside(data, media.formats));
        let _ = media.direction();
    }
    let _ = sdp.has_private_address();
}

/// A body after a line with its Content-Type: parts lie inside, and what is put
/// together of them falls into the same parts.
pub fn multipart(data: &[u8]) {
    let line = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (kind, body) = (&data[..line], data.get(line + 1..).unwrap_or_default());
    let Ok(entity) = Entity::read(Some(kind), None, body) else { return };
    assert!(entity.leaves().iter().all(|leaf| inside(body, leaf.body)));
    let Some(media) = entity.media.filter(|_| !entity.parts.is_empty()) else { return };
    let boundary = media.params.value("boundary").expect("it was cut by it");
    let boundary = sip::text::unquote(boundary);
    let mut out = Vec::new();
    for part in &entity.parts {
        out.extend([b"--", &boundary[..], b"\r\n"].concat());
        for header in &part.headers {
            out.extend([header.name, b": ", header.value, b"\r\n"].concat());
        }
        out.extend([b"\r\n", part.body, b"\r\n"].concat());
    }
    out.extend([b"--", &boundary[..], b"--"].concat());
    let again = Entity::read(Some(kind), None, &out).expect("what was cut can be cut again");
    assert_eq!(again.parts, entity.parts);
}

/// A digest header: whatever it says, it proves nothing; the answer to a challenge
/// is readable.
pub fn digest(data: &[u8]) {
    let judge = Authenticator::new("realm.example", &[7; 32], 300);
    let stored = Ha1::from_password("alice", "realm.example", "secret");
    if let Ok(credentials) = Credentials::parse(data) {
        let verdict =
            judge.verify(&credentials, b"REGISTER", b"sip:x", Some(&stored), 1_000, b"context");
        assert_ne!(verdict, Verdict::Ok, "forged: {credentials:?}");
    }
    if let Ok(challenge) = Challenge::parse(data) {
        let answer = challenge.answer("alice", "secret", b"REGISTER", b"sip:x", "c", 1);
        let read = Credentials::parse(&answer).expect("what we answer can be read");
        assert_eq!((&*read.username, read.nc), (&b"alice"[..], 1));
    }
}

/// A seal: nothing opens that was not sealed, and what was sealed comes back.
pub fn seal(data: &[u8]) {
    let keys = SealKeys::new(1, &[9; 64]).expect("a key");
    let (ad, payload) = data.split_at(data.len() / 3);
    assert!(keys.open(&[ad], payload).is_err(), "forged");
    assert!(keys.unmap_call_id(data).is_err(), "forged");
    let sealed = keys.seal(&[ad], payload);
    assert_eq!(keys.open(&[ad], sealed.as_bytes()).as_deref(), Ok(payload));
    if !ad.is_empty() {
        assert!(keys.open(&[&ad[1..]], sealed.as_bytes()).is_err(), "bound to nothing");
    }
    let shard = u16::from(data.first().copied().unwrap_or_default());
    let mapped = keys.map_call_id(shard, data);
    assert_eq!(shard_of_call_id(mapped.as_bytes()), shard);
    assert_eq!(keys.unmap_call_id(mapped.as_bytes()).as_deref(), Ok(data));
}

/// What a stream was cut into, and whether it broke.
fn cut(limits: Limits, parts: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
    let mut framer = StreamFramer::new(limits);
    let mut messages = Vec::new();
    for part in parts {
        framer.push(part);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(bytes))) => messages.push(bytes.to_vec()),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

/// A stream after a byte that says where it is cut: however it is, it falls into
/// the same messages.
pub fn stream(data: &[u8]) {
    let [first, data @ ..] = data else { return };
    let limits = Limits { max_message: 2_048, ..Limits::default() };
    let whole = cut(limits, &[data]);
    for step in [1, usize::from(*first) + 2] {
        let parts: Vec<_> = data.chunks(step).collect();
        assert_eq!(cut(limits, &parts), whole, "cut every {step} bytes");
    }
    let total: usize = whole.0.iter().map(Vec::len).sum();
    assert!(total <= data.len());
    let mut parser = Parser::default();
    for bytes in &whole.0 {
        if let Ok(m) = parser.parse(bytes) {
            let head = bytes.len() - m.body().len();
            assert!(bytes[..head].ends_with(b"\r\n\r\n"), "framing and parsing agree");
        }
    }
}
