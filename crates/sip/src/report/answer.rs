//! What a server would answer, in the order of RFC 3261 section 8.2: method,
//! Request-URI, extensions, content.

use super::body::BodyReport;
use super::scan::Scan;
use super::{Notes, Refusal, StartLineReport};
use crate::error::ParseError;
use crate::header::NameAddr;
use crate::msg::Message;
use crate::name::{HeaderName, Method};
use crate::text::{CommaList, is_lws, parse_u32, trim};
use crate::uri::Uri;

/// Option tags a request may require of us: those whose work is ours, and those
/// that concern only the two ends and pass through untouched.
pub const OPTIONS: &[&str] = &[
    "100rel",
    "199",
    "answermode",
    "early-session",
    "explicitsub",
    "geolocation-http",
    "geolocation-sip",
    "histinfo",
    "ice",
    "norefersub",
    "nosub",
    "precondition",
    "privacy",
    "replaces",
    "resource-priority",
    "sdp-anat",
    "tdialog",
    "timer",
    "trickle-ice",
    "uui",
];

fn is_understood(tag: &[u8]) -> bool {
    OPTIONS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(tag))
}

/// Each option tag in `Require` and `Proxy-Require` that is not of [`OPTIONS`]: a
/// request that has one is refused with 420 and these in `Unsupported` (RFC 3261
/// sections 8.2.2.3 and 16.3).
pub fn unsupported_options<'a>(m: &Message<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let proxy = m.header_values(HeaderName::ProxyRequire);
    m.header_values(HeaderName::Require).chain(proxy).filter(|tag| !is_understood(tag))
}

type Answer = (Option<u16>, Option<Refusal>);

pub(super) fn answer(
    scan: &Scan<'_>,
    error: Option<ParseError>,
    notes: &Notes,
    body: Option<&BodyReport<'_>>,
) -> Answer {
    if !scan.wants_answer() {
        return (None, None);
    }
    if let Some(error) = error {
        return (Some(error.status()), None);
    }
    if notes.fatal {
        return (Some(400), None);
    }
    match refusal(scan, body) {
        Some((status, rule, reason)) => (Some(status), Some(Refusal { rule, reason })),
        None => (Some(200), None),
    }
}

fn refusal(
    scan: &Scan<'_>,
    body: Option<&BodyReport<'_>>,
) -> Option<(u16, &'static str, &'static str)> {
    let method = scan.method()?;
    let Some(StartLineReport::Request { uri, .. }) = scan.start else { return None };
    if matches!(method, Method::Other(_)) {
        return Some((501, "RFC 3261 section 8.2.1", "the method is unknown"));
    }
    if !is_served_scheme(uri) {
        let reason = "no server takes requests for this URI scheme";
        return Some((416, "RFC 3261 section 8.2.2.1", reason));
    }
    if method == Method::Register {
        let to = scan.first(HeaderName::To).and_then(NameAddr::parse);
        if !to.is_some_and(|to| matches!(to.parsed_uri(), Ok(Uri::Sip(_)))) {
            let reason = "the address of record is no sip: or sips: URI";
            return Some((400, "RFC 3261 section 10.3", reason));
        }
    }
    if scan.first(HeaderName::MaxForwards).and_then(parse_u32) == Some(0) {
        return Some((483, "RFC 3261 section 16.3", "Max-Forwards has run out"));
    }
    let mut required = [HeaderName::Require, HeaderName::ProxyRequire]
        .into_iter()
        .flat_map(|name| scan.all(name))
        .flat_map(CommaList::new);
    // A CANCEL repeats its request and is not refused for it.
    if method != Method::Cancel && required.any(|tag| !is_understood(tag)) {
        let reason = "an extension is required that is not understood";
        return Some((420, "RFC 3261 section 8.2.2.3", reason));
    }
    if let Some(body) = body {
        let encoding = scan.first(HeaderName::ContentEncoding);
        let encoded = encoding.is_some_and(|e| !trim(e).eq_ignore_ascii_case(b"identity"));
        if body.required && (encoded || !is_known(body)) {
            let reason = "the body is of a type or encoding nobody here knows";
            return Some((415, "RFC 3261 section 8.2.3", reason));
        }
        if is_broken(body) {
            return Some((400, "RFC 8866 section 5", "the session description cannot be read"));
        }
    }
    if method == Method::Invite && !accepts_sdp(scan) {
        let reason = "the answer would be SDP, which Accept leaves out";
        return Some((406, "RFC 3261 section 20.1", reason));
    }
    if method == Method::Register {
        let schemes = scan.all(HeaderName::Authorization);
        let known = |v: &[u8]| {
            let end = v.iter().position(|b| is_lws(*b)).unwrap_or(v.len());
            v[..end].eq_ignore_ascii_case(b"Digest")
        };
        let mut schemes = schemes.peekable();
        if schemes.peek().is_some() && !schemes.any(known) {
            let reason = "credentials of this scheme prove nothing here";
            return Some((401, "RFC 3261 section 22.2", reason));
        }
    }
    None
}

/// `sip`, `sips`, `tel`, and of URNs the service ones (RFC 5031).
fn is_served_scheme(uri: &[u8]) -> bool {
    match Uri::parse(uri) {
        Ok(Uri::Sip(_) | Uri::Tel(_)) => true,
        Ok(Uri::Urn(urn)) => urn.namespace.eq_ignore_ascii_case(b"service"),
        Ok(Uri::Other { .. }) | Err(_) => false,
    }
}

/// One part of an `alternative` is enough; of others every required one counts.
fn is_known(body: &BodyReport<'_>) -> bool {
    body.known && body.parts.iter().all(|part| !part.required || is_known(part))
        || body.parts.iter().any(|part| part.known && part.disposition == b"session")
}

fn is_broken(body: &BodyReport<'_>) -> bool {
    body.broken_sdp && body.disposition == b"session" || body.parts.iter().any(is_broken)
}

fn accepts_sdp(scan: &Scan<'_>) -> bool {
    let mut lines = scan.all(HeaderName::Accept).peekable();
    if lines.peek().is_none() {
        return true;
    }
    lines.flat_map(CommaList::new).any(|range| {
        let range = &range[..memchr::memchr(b';', range).unwrap_or(range.len())];
        let fits = |wanted: &[u8]| trim(range).eq_ignore_ascii_case(wanted);
        fits(b"application/sdp") || fits(b"application/*") || fits(b"*/*")
    })
}
