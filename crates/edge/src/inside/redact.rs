//! What leaves a trace shows neither the answers to digest challenges, nor the keys
//! of media, nor where people are (design section 5).
//!
//! A message is read here more leniently than by any parser, so that nothing that
//! somebody might read as a credential or a location is shown for having been
//! written oddly. Where it cannot be told what something holds, it goes.

use std::borrow::Cow;

/// Parts within parts, and messages within messages, that are looked into.
const DEEPEST: usize = 4;

const CREDENTIALS: [&str; 4] =
    ["authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info"];
const PLACES: [&str; 3] = ["geolocation", "p-access-network-info", "cellular-network-info"];
/// Lines of SDP that hold keys (RFC 4568, RFC 4567, RFC 8839).
const KEYS: [&str; 3] = ["a=crypto", "a=key-mgmt", "a=ice-pwd"];
/// Bodies that may hold anything.
const OPAQUE: [&str; 11] = [
    "pidf",
    "geo+json",
    "location",
    "held+xml",
    "emergencycalldata",
    "xml",
    "json",
    "html",
    "octet-stream",
    "zip",
    "pkcs7",
];

/// A message as it may be shown: credentials, keys and locations are replaced by a
/// word on what stood there. Where it cannot be told what a body holds and it
/// might be a location, all of it goes.
pub fn redact(bytes: &[u8]) -> String {
    message(bytes, DEEPEST)
}

fn message(bytes: &[u8], depth: usize) -> String {
    let (head, content) = split(bytes).unwrap_or((bytes, b""));
    if names_a_place(head) {
        return gone(bytes);
    }
    let mut out = String::with_capacity(bytes.len());
    let kind = lines(head, &mut out);
    if !content.is_empty() {
        out.push_str(&body(&kind, content, depth));
    }
    out
}

fn gone(bytes: &[u8]) -> String {
    format!("[{} bytes redacted]\r\n", bytes.len())
}

/// What header lines say of the body under them.
#[derive(Default)]
struct Kind {
    /// Their Content-Types, lower case but for the parameters.
    types: Vec<String>,
    /// It is packed or encoded and cannot be looked at.
    encoded: bool,
}

/// Shows lines, whole or emptied.
fn lines(text: &[u8], out: &mut String) -> Kind {
    let mut kind = Kind::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(folded(rest));
        rest = after;
        let (name, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (&b""[..], line),
        };
        let bare: String =
            name.iter().filter(|b| b.is_ascii_graphic()).map(|b| *b as char).collect();
        let bare = bare.to_ascii_lowercase();
        let is = |wanted: &[&str]| wanted.contains(&&*bare);
        match &*bare {
            "content-type" | "c" => kind.types.push(unfold(value)),
            "content-encoding" | "e" => kind.encoded = true,
            "content-transfer-encoding" => {
                let how = unfold(value).to_ascii_lowercase();
                kind.encoded |= !["7bit", "8bit", "binary"].contains(&how.trim());
            }
            _ => {}
        }
        let plain = percent_decoded(&unfold(line)).to_ascii_lowercase();
        if is(&CREDENTIALS) || squeezed(&plain).contains("authorization=") {
            let scheme = value.trim_ascii().split(u8::is_ascii_whitespace).next();
            let scheme: Cow<'_, str> = String::from_utf8_lossy(scheme.unwrap_or_default());
            // A scheme is a token; anything else may be the secret itself.
            let known = ["digest", "bearer", "basic"].contains(&&*scheme.to_ascii_lowercase());
            let scheme = if known { &*scheme } else { "" };
            out.push_str(&format!("{}: {scheme} [redacted]\r\n", String::from_utf8_lossy(name)));
        } else if is(&PLACES) || is(&KEYS) || plain.starts_with("k=") || names_a_point(&plain) {
            let name = if name.is_empty() { &line[..line.len().min(2)] } else { name };
            out.push_str(&format!("{}: [redacted]\r\n", String::from_utf8_lossy(name)));
        } else {
            out.push_str(&String::from_utf8_lossy(line));
        }
    }
    kind
}

/// The length of the first line with its end and with the lines that go on from it.
fn folded(text: &[u8]) -> usize {
    let mut end = 0;
    loop {
        let from = end;
        // A bare CR ends a line as well: some would read it so.
        end = match text[from..].iter().position(|b| matches!(b, b'\r' | b'\n')) {
            None => return text.len(),
            Some(n) if text[from + n..].starts_with(b"\r\n") => from + n + 2,
            Some(n) => from + n + 1,
        };
        let blank = text[from..end].trim_ascii().is_empty();
        if blank || !matches!(text.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

fn unfold(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn percent_decoded(text: &str) -> String {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn body(kind: &Kind, content: &[u8], depth: usize) -> String {
    if kind.encoded || kind.types.len() > 1 || depth == 0 {
        return gone(content);
    }
    let written = kind.types.first().map(String::as_str).unwrap_or_default();
    let lower = written.to_ascii_lowercase();
    if lower.contains("multipart") {
        return match boundary(written) {
            Some(boundary) => parts(&boundary, content, depth - 1),
            None => gone(content),
        };
    }
    if names_a_place(content) || OPAQUE.iter().any(|word| lower.contains(word)) {
        return gone(content);
    }
    if lower.contains("message") {
        return message(content, depth - 1);
    }
    let mut out = String::with_capacity(content.len());
    lines(content, &mut out);
    out
}

/// The parts between the lines that delimit them, each as what it is.
fn parts(boundary: &str, content: &[u8], depth: usize) -> String {
    let delimiter = format!("--{boundary}");
    let mut out = String::with_capacity(content.len());
    let mut part = Vec::new();
    let show = |part: &mut Vec<u8>, out: &mut String| {
        match split(part) {
            Some((head, content)) if !names_a_place(head) => {
                let kind = lines(head, out);
                out.push_str(&body(&kind, content, depth));
            }
            // Not to be told apart into what it is and what it holds.
            _ if !part.trim_ascii().is_empty() => out.push_str(&gone(part)),
            _ => {}
        }
        part.clear();
    };
    for line in content.split_inclusive(|b| *b == b'\n') {
        let word = line.trim_ascii_end();
        if word.strip_prefix(delimiter.as_bytes()).is_some_and(|end| matches!(end, b"" | b"--")) {
            show(&mut part, &mut out);
            out.push_str(&String::from_utf8_lossy(line));
        } else {
            part.extend_from_slice(line);
        }
    }
    show(&mut part, &mut out);
    out
}

/// Marks of a place that stands where none was named: PIDF-LO (RFC 4119, RFC 5139)
/// and GeoJSON (RFC 7946).
fn names_a_place(text: &[u8]) -> bool {
    let lower = unfold(text).to_ascii_lowercase();
    let marks = ["urn:ietf:params:xml:ns:pidf", "civicaddr", "opengis.net/gml", "geopriv"];
    marks.iter().chain(&["gml:pos", "\"coordinates\""]).any(|mark| lower.contains(mark))
}

/// A `geo:` URI (RFC 5870).
fn names_a_point(lower: &str) -> bool {
    lower.match_indices("geo:").any(|(at, mark)| {
        let before = lower[..at].bytes().next_back();
        let after = lower[at + mark.len()..].bytes().next();
        !before.is_some_and(|b| b.is_ascii_alphanumeric())
            && after.is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'))
    })
}

fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = content_type[at..].trim_start();
    let found = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([';', ' ', '\t']).next()?,
    };
    (!found.is_empty()).then(|| found.to_owned())
}

/// Head, with the empty line behind it, and body. A line ends in LF, with or without
/// CR; empty ones in front belong to the head.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut at, mut begun) = (0, false);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        at += line.len();
        let empty = line.ends_with(b"\n") && line.iter().all(|b| matches!(b, b'\r' | b'\n'));
        if empty && begun {
            return Some(bytes.split_at(at));
        }
        begun |= !empty;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str =
        "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\"><RD>Downing</RD></presence>";

    #[test]
    fn digest_responses_do_not_show() {
        let text = redact(
            b"REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username=\"al\",\r\n  response=\"5ec3e7\"\r\n\
              Refer-To: <sip:a?Authorization=Digest%20response%3D5ec3e7>\r\nAuthentication-Info: rspauth=\"5ec3e7\"\r\n\
              proxy-authorization : Digest response=\"5ec3e7\"\r\nAuthorization: 5ec3e7\r\nTo: <sip:b>\r\n\r\n",
        );
        assert!(!text.contains("5ec3e7") && !text.contains("username"), "{text}");
        assert!(
            text.contains("Authorization: Digest [redacted]\r\n") && text.contains("To: <sip:b>")
        );
        assert!(text.ends_with("\r\n\r\n"), "{text:?}");
    }

    #[test]
    fn a_location_does_not_show_wherever_it_stands() {
        let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n";
        let part =
            |kind: &str, body: &str| format!("--b1\r\nContent-Type: {kind}\r\n\r\n{body}\r\n");
        let multipart = format!(
            "INVITE sip:112 SIP/2.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"b1\"\r\n\r\n{}{}--b1--\r\n",
            part("application/sdp", sdp),
            part("application/pidf+xml", PLACE),
        );
        let text = redact(multipart.as_bytes());
        assert!(
            !text.contains("Downing") && text.contains("v=0") && text.contains("redacted"),
            "{text}"
        );
        for head in [
            "c: application/pidf+xml",
            "Content-Type: text/plain",
            "Content-Type: multipart/mixed",
            "Content-Type: multipart/mixed;boundary=other",
            "Content-Type: application/sdp\r\nContent-Encoding: gzip",
            "X: y",
        ] {
            let message = format!("INVITE sip:112 SIP/2.0\r\n{head}\r\n\r\n{PLACE}");
            let text = redact(message.as_bytes());
            assert!(!text.contains("Downing"), "{text}");
        }
        let plain = format!("INVITE sip:1 SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n{sdp}");
        assert_eq!(redact(plain.as_bytes()), plain);
    }

    #[test]
    fn anything_at_all_can_be_redacted() {
        for bytes in [
            &b""[..],
            b"\r\n\r\n",
            b"\n\n",
            b":",
            &[0xff; 100],
            b"Content-Type: multipart/x;boundary=\r\n\r\nx",
        ] {
            redact(bytes);
        }
    }

    const SECRET: &str = "5ec3e7";

    #[test]
    fn credentials_do_not_show_however_they_are_written() {
        for lines in [
            "Refer-To:\r\n <sip:a?Authorization=Digest%20response%3D5ec3e7>",
            "Refer-To: <sip:a>\r\n ,<sip:b?Author\r\n ization=5ec3e7>",
            "Refer-To: <sip:a?%41uthorization=Digest%205ec3e7>",
            "X: a\rAuthorization: Digest response=\"5ec3e7\"",
            "Authorization:\r\n Digest\r\n response=\"5ec3e7\"",
            "Authorization: Digest\n\tresponse=\"5ec3e7\"",
            "\u{b}Authorization\t: Digest response=5ec3e7",
            "Authorization: deadbeefSECRET5ec3e7",
            "Content-Type: message/sipfrag\r\n\r\nAuthorization: Digest response=5ec3e7",
            "Content-Type: message/sip\r\n\r\nINVITE sip:a SIP/2.0\r\nProxy-Authorization: 5ec3e7\r\n\r\n",
            "Content-Type: text/plain\r\n\r\nINVITE sip:a SIP/2.0\r\n\r\nAuthorization: 5ec3e7",
            "Content-Type: application/sdp\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ec3e7\r\n",
            "Content-Type: application/sdp\r\n\r\nv=0\nA=Crypto :1 AES inline:5ec3e7\nk=clear:5ec3e7",
        ] {
            for end in ["\r\n", "\n"] {
                let text = format!("INVITE sip:a SIP/2.0\r\n{lines}\r\nTo: <sip:b>\r\n\r\n");
                let shown = redact(text.replace("\r\n", end).as_bytes());
                assert!(!shown.contains(SECRET), "{lines:?} shows\n{shown}");
                assert!(shown.contains("To: <sip:b>") && shown.contains("redacted"), "{shown}");
            }
        }
    }

    #[test]
    fn locations_do_not_show_however_they_are_written() {
        let encoded = "UERPUExB"; // Stands for any of them: what is encoded is not read.
        for (head, content) in [
            ("Geolocation: <https://lis.example/5ec3e7>", String::new()),
            ("Call-Info: <geo:51.5034,-0.1276>;x=5ec3e7", String::new()),
            ("P-Access-Network-Info: 3GPP-E-UTRAN;utran-cell-id-3gpp=5ec3e7", String::new()),
            ("c: application/sdp\r\nc: application/foo+xml", "<a>5ec3e7</a>".into()),
            ("c: application/pidf+xml\r\nc: application/sdp", "<a>5ec3e7</a>".into()),
            ("c: application/geo+json", "{\"x\":[5ec3e7]}".into()),
            ("X: y", "{\"coordinates\": [5ec3e7]}".into()),
            (
                "c: multipart/mixed;boundary=o",
                format!(
                    "--o\r\nContent-Type: multipart/related; boundary=oi\r\n\r\n--oi\r\nContent-Type: \
                     application/pidf+xml\r\nContent-Transfer-Encoding: base64\r\n\r\n5ec3e7{encoded}\r\n--oi--\r\n--o--\r\n"
                ),
            ),
            (
                "c: multipart/mixed;boundary=o",
                "--o\r\nContent-Transfer-Encoding:\r\n base64\r\n\r\n5ec3e7\r\n--o--\r\n".into(),
            ),
            (
                "c: multipart/mixed;boundary=o",
                "--o\nContent-Type: application/geo+json\n\n{\"x\":[5ec3e7]}\n--o--\n".into(),
            ),
            (
                "c: multipart/mixed;boundary=o",
                "--o\nContent-Type: application/geo+json\n{\"x\":[5ec3e7]}\n--o--\n".into(),
            ),
            ("c: multipart/mixed;boundary=o", "{\"x\":[5ec3e7]}".into()),
        ] {
            for end in ["\r\n", "\n", "\n\r\n"] {
                let text = format!("INVITE sip:112 SIP/2.0\r\n{head}{end}\r\n{content}");
                let shown = redact(text.as_bytes());
                assert!(!shown.contains(SECRET), "{head:?} {content:?} shows\n{shown}");
                assert!(shown.starts_with("INVITE sip:112 SIP/2.0\r\n"), "{shown}");
            }
        }
        // An empty line in front is none behind the head.
        let text = format!("\r\n\r\nINVITE sip:1 SIP/2.0\r\nc: a/x+xml\r\n\r\n<a>{SECRET}</a>");
        assert!(!redact(text.as_bytes()).contains(SECRET));
    }
}
