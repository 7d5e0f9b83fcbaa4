//! What passes from one leg to the other, and how names are written.

use feed::record::Transport;
use numbering::E164;
use sip::header::NameAddr;
use sip::text::{CommaList, push_number};
use sip::{Contact, Copy, Header, HeaderName, Message};
use std::fmt;
use std::io::Write as _;

/// The CDR's id, in requests and responses: what a person greps for.
pub(super) const CALL_HEADER: &str = "X-Meetpoint-Call-ID";
/// The tenant, toward operators.
pub(super) const TENANT_HEADER: &str = "X-Meetpoint-Tenant";
/// The tenant as Operator Connect names it (operator-connect.md 6.2).
pub(super) const MS_TENANT_HEADER: &str = "X-MS-TenantID";

pub(super) const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    }
}

pub(super) const fn transport_param(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "",
        Transport::Tcp => ";transport=tcp",
    }
}

fn prefixed(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix))
}

/// Passes what belongs to the call end to end; leaves out what belongs to one
/// leg, what names us, and what a peer must not say in our name.
pub(super) fn pass<'v>(h: &Header<'_>) -> Copy<'v> {
    match h.name {
        HeaderName::Via
        | HeaderName::From
        | HeaderName::To
        | HeaderName::CallId
        | HeaderName::CSeq
        | HeaderName::MaxForwards
        | HeaderName::Contact
        | HeaderName::Route
        | HeaderName::RecordRoute
        | HeaderName::Path
        | HeaderName::ServiceRoute
        | HeaderName::Authorization
        | HeaderName::ProxyAuthorization
        | HeaderName::WwwAuthenticate
        | HeaderName::ProxyAuthenticate
        | HeaderName::ProxyRequire
        | HeaderName::PAssertedIdentity
        | HeaderName::PPreferredIdentity
        | HeaderName::RemotePartyId
        | HeaderName::Priority => Copy::Skip,
        HeaderName::Other
            if prefixed(h.name_text, b"X-Meetpoint-") || prefixed(h.name_text, b"X-MS-") =>
        {
            Copy::Skip
        }
        _ => Copy::Keep,
    }
}

/// As [`pass`], from a phone: what only an operator may say of a call stays here
/// too, for its people would be believed.
pub(super) fn pass_of_phone<'v>(h: &Header<'_>) -> Copy<'v> {
    const OPERATORS_OWN: [&[u8]; 3] = [b"P-Charge-Info", b"P-Served-User", b"Resource-Priority"];
    match h.name {
        HeaderName::Diversion | HeaderName::HistoryInfo | HeaderName::Identity => Copy::Skip,
        HeaderName::Other if OPERATORS_OWN.iter().any(|o| h.name_text.eq_ignore_ascii_case(o)) => {
            Copy::Skip
        }
        _ => pass(h),
    }
}

/// As [`pass_of_phone`], of a caller whom the person called is not to see: nothing that may name
/// them (RFC 3323 section 4.1), and nothing whose meaning is not known here.
pub(super) fn pass_of_hidden<'v>(h: &Header<'_>) -> Copy<'v> {
    match h.name {
        HeaderName::ReferredBy
        | HeaderName::Subject
        | HeaderName::UserAgent
        | HeaderName::Server
        | HeaderName::Other => Copy::Skip,
        _ => pass_of_phone(h),
    }
}

/// Whether the caller's asserted number is for operators only (RFC 3325 section
/// 9.3, RFC 3323 section 4.2).
pub(super) fn hides_identity(m: &Message<'_>) -> bool {
    m.header_all(HeaderName::Privacy)
        .flat_map(|value| value.split(|b| matches!(b, b';' | b',')))
        .map(<[u8]>::trim_ascii)
        .any(|p| [&b"id"[..], b"user", b"header"].iter().any(|h| p.eq_ignore_ascii_case(h)))
}

/// A person's name as a quoted display name and a space (RFC 3261 section 25.1).
pub(super) fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 3);
    out.push('"');
    for c in name.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push_str("\" ");
    out
}

/// Of a refusal, only what tells the caller why, or what to change.
pub(super) fn explains<'v>(h: &Header<'_>) -> Copy<'v> {
    match h.name {
        HeaderName::Reason
        | HeaderName::Warning
        | HeaderName::Unsupported
        | HeaderName::MinSe
        | HeaderName::Accept => Copy::Keep,
        _ => Copy::Skip,
    }
}

/// The URI of the first Contact.
pub(super) fn contact_uri<'a>(m: &Message<'a>) -> Option<&'a [u8]> {
    let value = m.header_values(HeaderName::Contact).next()?;
    match Contact::parse(value)? {
        Contact::Addr(addr) => Some(addr.uri),
        Contact::Star => None,
    }
}

/// Record-Route as a route set, one comma list: as it stands for the called
/// side, turned around for the calling one (RFC 3261 sections 12.1.1, 12.1.2).
pub(super) fn route_set(m: &Message<'_>, turned: bool, out: &mut Vec<u8>) {
    out.clear();
    if m.header(HeaderName::RecordRoute).is_none() {
        return;
    }
    let mut routes: Vec<&[u8]> = m.header_values(HeaderName::RecordRoute).collect();
    if turned {
        routes.reverse();
    }
    for route in routes {
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(route);
    }
}

/// Where a request goes first: the top route, else the target.
pub(super) fn next_uri<'a>(routes: &'a [u8], target: &'a [u8]) -> &'a [u8] {
    CommaList::new(routes)
        .next()
        .filter(|r| !r.is_empty())
        .and_then(NameAddr::parse)
        .map_or(target, |r| r.uri)
}

/// `sip:+digits@host`, into a cleared buffer.
pub(super) fn number_uri(out: &mut Vec<u8>, number: E164, host: &str, user_phone: bool) {
    out.clear();
    out.extend_from_slice(b"sip:+");
    push_number(out, number.value());
    out.push(b'@');
    out.extend_from_slice(host.as_bytes());
    if user_phone {
        out.extend_from_slice(b";user=phone");
    }
}

/// Formats into a cleared buffer.
pub(super) fn text(out: &mut Vec<u8>, args: fmt::Arguments<'_>) {
    out.clear();
    out.write_fmt(args).expect("writing to a Vec cannot fail");
}

/// A number or name for the record, from the user part of a URI.
pub(super) fn shown(uri: &[u8]) -> String {
    match sip::Uri::parse(uri) {
        Ok(parsed) => match (parsed.user_number(), parsed.as_sip().and_then(|s| s.user)) {
            (Some(number), _) => number.as_str().to_owned(),
            (None, Some(user)) => String::from_utf8_lossy(user).into_owned(),
            (None, None) => String::from_utf8_lossy(uri).into_owned(),
        },
        Err(_) => String::from_utf8_lossy(uri).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_inside_its_quotes() {
        assert_eq!(quoted("Zoë \"Z\" \\\r\nX: y"), "\"Zoë \\\"Z\\\" \\\\X: y\" ");
    }
}
