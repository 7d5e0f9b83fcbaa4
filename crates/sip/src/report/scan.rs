//! A reader that goes on where the parser stops, so that a broken message can be
//! shown with all its faults.

use super::{HeaderReport, Notes, StartLineReport, headers, said, uris};
use crate::error::ParseError;
use crate::name::{HeaderName, Method};
use crate::text::{is_token, trim};
use crate::uri::{Uri, UriError};
use std::borrow::Cow;

/// Header lines shown; the parser takes fewer.
const MAX_SHOWN: usize = 255;

/// One header line.
pub(super) struct Line<'a> {
    pub name: HeaderName,
    pub written: &'a [u8],
    /// Folds inside.
    pub value: &'a [u8],
}

/// A message in lines.
pub(super) struct Scan<'a> {
    pub start: Option<StartLineReport<'a>>,
    pub lines: Vec<Line<'a>>,
    after_head: &'a [u8],
}

impl<'a> Scan<'a> {
    pub fn of(bytes: &'a [u8], notes: &mut Notes) -> Self {
        let mut at = 0;
        while bytes[at..].starts_with(b"\r\n") {
            at += 2;
        }
        let mut scan = Self { start: None, lines: Vec::new(), after_head: b"" };
        let Some((first, next)) = line(bytes, at) else { return scan };
        scan.start = start_line(first, notes);
        at = next;
        let mut unread = 0;
        while let Some((_, mut next)) = line(bytes, at) {
            let start = at;
            if line(bytes, start).is_some_and(|(text, _)| text.is_empty()) {
                scan.after_head = &bytes[next..];
                break;
            }
            while matches!(bytes.get(next), Some(b' ' | b'\t')) {
                let Some((_, after)) = line(bytes, next) else { break };
                next = after;
            }
            at = next;
            let text = trim(&bytes[start..next]);
            let colon = memchr::memchr(b':', text);
            let name = colon.map(|colon| trim_end(&text[..colon])).filter(|n| is_token(n));
            match (name, colon) {
                (Some(written), Some(colon)) => scan.lines.push(Line {
                    name: HeaderName::from_bytes(written),
                    written,
                    value: trim(&text[colon + 1..]),
                }),
                _ => unread += 1,
            }
        }
        if unread > 0 {
            let reason = format!("{unread} line(s) are no header field: not Name: value");
            notes.add(true, "sip-header-line", "RFC 3261 section 7.3.1", None, reason);
        }
        scan
    }

    /// Whether it is a request other than ACK, that is, wants an answer.
    pub fn wants_answer(&self) -> bool {
        match self.start {
            Some(StartLineReport::Request { method, .. }) => method != b"ACK",
            Some(StartLineReport::Response { .. }) => false,
            // Who cannot be answered gets nothing.
            None => self.first(HeaderName::Via).is_some(),
        }
    }

    pub fn method(&self) -> Option<Method<'a>> {
        match self.start {
            Some(StartLineReport::Request { method, .. }) => Some(Method::from_bytes(method)),
            _ => None,
        }
    }

    pub fn all(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.lines.iter().filter(move |l| l.name == name).map(|l| l.value)
    }

    pub fn first(&self, name: HeaderName) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The body: as long as the parser found it, else as Content-Length says.
    pub fn body(&self, len: Option<usize>) -> &'a [u8] {
        let said = || {
            let text = self.first(HeaderName::ContentLength)?;
            crate::msg::parse_content_length(text).ok()
        };
        let rest = self.after_head;
        &rest[..len.or_else(said).unwrap_or(rest.len()).min(rest.len())]
    }

    /// Each header with what it says.
    pub fn headers(&self, notes: &mut Notes, error: Option<ParseError>) -> Vec<HeaderReport<'a>> {
        let mut seen = [0u32; HeaderName::COUNT];
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in self.lines.iter().take(MAX_SHOWN) {
            let name: &'a [u8] = match line.name {
                HeaderName::Other => line.written,
                known => known.as_str().as_bytes(),
            };
            seen[line.name as usize] += 1;
            let repeated = seen[line.name as usize] == 2 && headers::is_single(line.name);
            if repeated && error.and_then(|e| e.field()) != Some(line.name) {
                let reason = "this header field may appear once";
                let rule = "RFC 3261 section 7.3.1";
                notes.add(true, "sip-header-repeated", rule, Some(name), reason);
            }
            if has_bare_control(line.value) {
                let reason = "a control byte stands outside a quoted pair";
                notes.add(true, "sip-control-byte", "RFC 3261 section 25.1", Some(name), reason);
            }
            let parsed = headers::read(line, self.method(), notes, said(error, line.name));
            lines.push(HeaderReport {
                name: Cow::Borrowed(name),
                written: line.written,
                value: unfold(line.value),
                parsed,
            });
        }
        lines
    }

    /// What only shows when all headers are known.
    pub fn whole_message(&self, notes: &mut Notes) {
        let Some(method) = self.method() else { return };
        let has = |name| self.first(name).is_some();
        let odd = [
            (HeaderName::MaxForwards, "RFC 3261 section 8.1.1.6", true),
            (
                HeaderName::Contact,
                "RFC 3261 section 8.1.1.8",
                matches!(method, Method::Invite | Method::Subscribe | Method::Refer),
            ),
        ];
        for (name, rule, wanted) in odd {
            if wanted && !has(name) {
                let field = name.as_str().as_bytes();
                notes.odd("sip-header-missing", rule, field, "RFC 3261 requests carry it");
            }
        }
        let tagged = |name| {
            let addr = self.first(name).and_then(crate::header::NameAddr::parse);
            addr.is_none_or(|a| a.tag.is_some())
        };
        if has(HeaderName::From) && !tagged(HeaderName::From) {
            notes.odd("sip-tag-missing", "RFC 3261 section 8.1.1.3", b"From", "it has no tag");
        }
        if !self.after_head.is_empty()
            && !self.body(None).is_empty()
            && !has(HeaderName::ContentType)
        {
            let reason = "a body without a type cannot be understood";
            notes.odd("sip-header-missing", "RFC 3261 section 7.4.1", b"Content-Type", reason);
        }
        let spare = self.after_head.len() - self.body(None).len();
        if spare > 0 {
            let reason = format!("{spare} bytes after the body are ignored");
            let field = Some(&b"Content-Length"[..]);
            notes.add(false, "sip-extra-bytes", "RFC 3261 section 18.3", field, reason);
        }
        if method == Method::Register {
            let addr = self.first(HeaderName::To).and_then(crate::header::NameAddr::parse);
            let sip = addr.map(|a| matches!(a.parsed_uri(), Ok(Uri::Sip(_)) | Err(_)));
            if sip == Some(false) {
                let reason = "the address of record of a REGISTER is a sip: or sips: URI";
                notes.odd("sip-aor-scheme", "RFC 3261 section 10.3", b"To", reason);
            }
        }
        let stars = self.all(HeaderName::Contact).filter(|v| *v == b"*").count();
        if stars > 0 {
            let zero = self.first(HeaderName::Expires).is_some_and(|v| trim(v) == b"0");
            let alone = self.all(HeaderName::Contact).count() == 1;
            if method != Method::Register || !zero || !alone {
                let reason = "* stands alone in a REGISTER with Expires: 0";
                notes.add(
                    true,
                    "sip-contact-star",
                    "RFC 3261 section 10.2.2",
                    Some(b"Contact"),
                    reason,
                );
            }
        }
    }
}

/// A control byte is allowed as half of a quoted pair only.
fn has_bare_control(value: &[u8]) -> bool {
    let control = |b: &u8| matches!(b, 0..=8 | 11 | 12 | 14..=31 | 127);
    value.iter().enumerate().any(|(at, b)| control(b) && (at == 0 || value[at - 1] != b'\\'))
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let kept = bytes.iter().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |at| at + 1);
    &bytes[..kept]
}

/// A line without its end, and where the next begins; `None` at the end of all.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..).filter(|r| !r.is_empty())?;
    Some(match memchr::memchr(b'\n', rest) {
        Some(hit) => (rest[..hit].strip_suffix(b"\r").unwrap_or(&rest[..hit]), at + hit + 1),
        None => (rest, bytes.len()),
    })
}

/// One line out of a folded value: each fold becomes a space (RFC 3261 section
/// 7.3.1).
fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    for (n, line) in value.split(|&b| b == b'\n').enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(trim(line));
    }
    Cow::Owned(out)
}

fn start_line<'a>(line: &'a [u8], notes: &mut Notes) -> Option<StartLineReport<'a>> {
    let words = |line: &'a [u8]| line.split(|&b| b == b' ').filter(|w| !w.is_empty());
    if line.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/")) {
        let mut parts = line.splitn(3, |&b| b == b' ');
        let version = parts.next()?;
        let status = parts.next().unwrap_or_default();
        let reason = parts.next().unwrap_or_default();
        return Some(StartLineReport::Response { version, status, reason });
    }
    // The words are found even where spaces are too many; the parser has refused
    // such a line already.
    let method = words(line).next()?;
    let version = words(line).next_back().filter(|v| {
        v.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/")) && v.len() < line.len()
    })?;
    let from = memchr::memchr(b' ', line)?;
    let to = memchr::memmem::rfind(line, version)?;
    let uri = trim(line.get(from..to)?);
    match Uri::parse(uri) {
        Ok(uri) => uris::check(&uri, b"Request-URI", notes),
        Err(UriError::Character) => {
            let reason = "white space, quotes or angle brackets in the URI";
            notes.odd("sip-request-uri", "RFC 3261 section 7.1", b"Request-URI", reason);
        }
        Err(error) => notes.odd(error.code(), "RFC 3261 section 19.1.1", b"Request-URI", "broken"),
    }
    Some(StartLineReport::Request { method, uri, version })
}
