//! What leaves a trace shows neither the answers to digest challenges nor where
//! people are (design section 5).

use std::borrow::Cow;

/// A message as it may be shown: credentials and locations are replaced by a
/// word on what stood there. Where it cannot be told what a body holds and it
/// might be a location, all of it goes.
pub fn redact(bytes: &[u8]) -> String {
    let (head, body) = match split(bytes) {
        Some((head, body)) => (head, body),
        None => (bytes, &b""[..]),
    };
    let mut out = String::with_capacity(bytes.len());
    let mut content_type = Vec::new();
    let mut hidden = false;
    for line in head.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if !hidden {
                out.push_str(&String::from_utf8_lossy(line));
                content_type.extend_from_slice(line);
            }
            continue;
        }
        hidden = false;
        let (name, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (line[..colon].trim_ascii(), &line[colon + 1..]),
            None => (&b""[..], line),
        };
        let is = |wanted: &[&str]| wanted.iter().any(|w| name.eq_ignore_ascii_case(w.as_bytes()));
        let secret = ["authorization", "proxy-authorization", "authentication-info"];
        if is(&secret) || is(&["proxy-authentication-info"]) || carries_credentials(value) {
            hidden = true;
            let scheme = value.trim_ascii().split(|b| *b == b' ').next().unwrap_or_default();
            let scheme: Cow<'_, str> = String::from_utf8_lossy(scheme);
            // A scheme is a token; anything else may be the secret itself.
            let scheme =
                if scheme.bytes().all(|b| b.is_ascii_alphabetic()) { &*scheme } else { "" };
            out.push_str(&format!("{}: {scheme} [redacted]\r\n", String::from_utf8_lossy(name)));
        } else {
            if is(&["content-type", "c"]) {
                content_type = value.to_vec();
            } else if is(&["content-encoding", "e"]) {
                // What is packed cannot be looked at.
                content_type = b"application/pidf+xml".to_vec();
            }
            out.push_str(&String::from_utf8_lossy(line));
        }
    }
    if !body.is_empty() {
        out.push_str(&redact_body(&String::from_utf8_lossy(&content_type), body));
    }
    out
}

fn redact_body(content_type: &str, body: &[u8]) -> String {
    let gone = || format!("[{} bytes of location redacted]\r\n", body.len());
    let kind = content_type.trim().to_ascii_lowercase();
    if is_location(&kind) {
        return gone();
    }
    let text = if kind.starts_with("multipart/") {
        match boundary(content_type) {
            Some(boundary) => redact_parts(&boundary, body),
            None => return gone(),
        }
    } else {
        String::from_utf8_lossy(body).into_owned()
    };
    if names_a_place(&text) { gone() } else { text }
}

/// Each part between its delimiters, those of a location emptied.
fn redact_parts(boundary: &str, body: &[u8]) -> String {
    let delimiter = format!("--{boundary}");
    let text = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(text.len());
    for (n, part) in text.split(delimiter.as_str()).enumerate() {
        if n > 0 {
            out.push_str(&delimiter);
        }
        let (head, content) = part.split_once("\r\n\r\n").unwrap_or((part, ""));
        if is_location(&head.to_ascii_lowercase()) || names_a_place(content) {
            out.push_str(head);
            out.push_str(&format!(
                "\r\n\r\n[{} bytes of location redacted]\r\n",
                content.trim_end().len()
            ));
        } else {
            out.push_str(part);
        }
    }
    out
}

fn is_location(lower: &str) -> bool {
    ["pidf", "geo+json", "location", "held+xml", "emergencycalldata"]
        .iter()
        .any(|word| lower.contains(word))
}

/// A URI may name headers for the request that it is to make (RFC 3261 section
/// 19.1.1), this one among them.
fn carries_credentials(value: &[u8]) -> bool {
    value.to_ascii_lowercase().windows(14).any(|w| w == b"authorization=")
}

/// Marks of a PIDF-LO (RFC 4119, RFC 5139) that stands where none was named.
fn names_a_place(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["urn:ietf:params:xml:ns:pidf", "civicaddress", "opengis.net/gml", "<geopriv"]
        .iter()
        .any(|mark| lower.contains(mark))
}

fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = content_type[at..].trim_start();
    let found = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split([';', ' ', '\t', '\r', '\n']).next()?,
    };
    (!found.is_empty()).then(|| found.to_owned())
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let crlf = memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4);
    let lf = memchr::memmem::find(bytes, b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min().map(|at| bytes.split_at(at))
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
}
