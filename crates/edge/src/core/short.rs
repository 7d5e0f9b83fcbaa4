//! URIs in few bytes, for seals: what the snapshot or the seal itself can tell
//! again is not carried, and every URI comes back exactly as it was.

use numbering::E164;
use sip::seal::codec::{CodecError, Reader, Writer};
use sip::text::{push_ip, push_number};
use std::fmt;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

/// Hosts that both the sealing and the opening edge know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    /// Our own host.
    pub own: &'a str,
    /// The tenant's SIP domain, if the seal names a person of a tenant.
    pub domain: Option<&'a str>,
    /// The flow of the phone at the other end, if it is one.
    pub flow: Option<SocketAddr>,
}

/// What often follows a host. The order is part of the format.
const SUFFIXES: [&str; 7] = [
    "",
    ";user=phone",
    ";transport=udp",
    ";transport=tcp",
    ";transport=UDP",
    ";transport=TCP",
    ";ob",
];
const RAW_SUFFIX: u8 = 7;

const NO_USER: u8 = 0;
const TEXT_USER: u8 = 1;
const NUMBER_USER: u8 = 2;
/// Not taken apart at all.
const WHOLE: u8 = 3;

const TEXT_HOST: u8 = 0;
const OWN_HOST: u8 = 1;
const DOMAIN_HOST: u8 = 2;
const IPV4_HOST: u8 = 3;
const IPV4_PORT_HOST: u8 = 4;
const FLOW_HOST: u8 = 5;

/// Compares text with what would be printed, without printing it.
struct Same<'a>(&'a [u8]);

impl fmt::Write for Same<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(s.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn prints_as(value: impl fmt::Display, text: &[u8]) -> bool {
    let mut same = Same(text);
    fmt::write(&mut same, format_args!("{value}")).is_ok() && same.0.is_empty()
}

/// A number below `limit`, written as it would be printed, and what follows it.
fn plain_number(bytes: &[u8], limit: u32) -> Option<(u32, &[u8])> {
    let len = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(len);
    if len == 0 || len > 5 || (len > 1 && digits[0] == b'0') {
        return None;
    }
    let number = digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
    (number < limit).then_some((number, rest))
}

/// An IPv4 address, perhaps with a port, written as it would be printed.
fn ipv4(host: &[u8]) -> Option<(Ipv4Addr, Option<u16>)> {
    let mut octets = [0; 4];
    let mut rest = host;
    for (n, octet) in octets.iter_mut().enumerate() {
        if n > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (number, after) = plain_number(rest, 256)?;
        (*octet, rest) = (number as u8, after);
    }
    if rest.is_empty() {
        return Some((octets.into(), None));
    }
    match plain_number(rest.strip_prefix(b":")?, 65_536)? {
        (port, []) => Some((octets.into(), Some(port as u16))),
        _ => None,
    }
}

/// Writes `uri`.
pub(crate) fn encode(uri: &[u8], names: &Names<'_>, w: &mut Writer<'_>) {
    let Some(body) = uri.strip_prefix(b"sip:") else {
        w.u8(WHOLE).bytes(uri);
        return;
    };
    let semi = body.iter().position(|b| *b == b';').unwrap_or(body.len());
    let (address, tail) = body.split_at(semi);
    let at = address.iter().rposition(|b| *b == b'@');
    let (user, host) = match at {
        Some(at) => (Some(&address[..at]), &address[at + 1..]),
        None => (None, address),
    };
    let number = user.and_then(|u| E164::parse_bytes(u).ok());
    let ipv4 = ipv4(host);
    let is_flow = |flow| match (flow, ipv4) {
        (SocketAddr::V4(flow), Some((ip, port))) => *flow.ip() == ip && port == Some(flow.port()),
        (SocketAddr::V4(_), None) => false,
        (flow, _) => prints_as(flow, host),
    };
    let user_kind = match (user, number) {
        (None, _) => NO_USER,
        (_, Some(_)) => NUMBER_USER,
        (Some(_), None) => TEXT_USER,
    };
    let host_kind = if names.flow.is_some_and(is_flow) {
        FLOW_HOST
    } else if names.domain.is_some_and(|d| host == d.as_bytes()) {
        DOMAIN_HOST
    } else if host == names.own.as_bytes() {
        OWN_HOST
    } else {
        match ipv4 {
            Some((_, None)) => IPV4_HOST,
            Some((_, Some(_))) => IPV4_PORT_HOST,
            None => TEXT_HOST,
        }
    };
    let known = SUFFIXES.iter().position(|s| s.as_bytes() == tail);
    let tail_kind = known.map_or(RAW_SUFFIX, |at| at as u8);
    w.u8(user_kind | host_kind << 2 | tail_kind << 5);
    match (user, number) {
        (_, Some(number)) => {
            w.varint(number.value());
        }
        (Some(user), None) => {
            w.bytes(user);
        }
        (None, _) => {}
    }
    match (host_kind, ipv4) {
        (TEXT_HOST, _) => {
            w.bytes(host);
        }
        (IPV4_HOST, Some((ip, _))) => {
            w.raw(&ip.octets());
        }
        (IPV4_PORT_HOST, Some((ip, port))) => {
            w.raw(&ip.octets()).raw(&port.unwrap_or_default().to_be_bytes());
        }
        _ => {}
    }
    if tail_kind == RAW_SUFFIX {
        w.bytes(tail);
    }
}

/// Reads a URI and appends it to `out`.
pub(crate) fn decode(
    r: &mut Reader<'_>,
    names: &Names<'_>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let first = r.u8()?;
    let (user_kind, host_kind, tail_kind) = (first & 3, first >> 2 & 7, first >> 5);
    if user_kind == WHOLE {
        out.extend_from_slice(r.bytes()?);
        return Ok(());
    }
    out.extend_from_slice(b"sip:");
    match user_kind {
        NUMBER_USER => {
            let number = E164::from_value(r.varint()?).ok_or(CodecError)?;
            out.push(b'+');
            push_number(out, number.value());
            out.push(b'@');
        }
        TEXT_USER => {
            out.extend_from_slice(r.bytes()?);
            out.push(b'@');
        }
        _ => {}
    }
    let v4 = |out: &mut Vec<u8>, addr: SocketAddrV4| {
        push_ip(out, (*addr.ip()).into());
        out.push(b':');
        push_number(out, u64::from(addr.port()));
    };
    match host_kind {
        TEXT_HOST => out.extend_from_slice(r.bytes()?),
        OWN_HOST => out.extend_from_slice(names.own.as_bytes()),
        // A person who is gone took the name along; the call goes on without.
        DOMAIN_HOST => {
            out.extend_from_slice(names.domain.unwrap_or("anonymous.invalid").as_bytes());
        }
        IPV4_HOST => push_ip(out, Ipv4Addr::from(r.array::<4>()?).into()),
        IPV4_PORT_HOST => {
            let ip = Ipv4Addr::from(r.array::<4>()?);
            v4(out, SocketAddrV4::new(ip, u16::from_be_bytes(r.array()?)));
        }
        FLOW_HOST => match names.flow.ok_or(CodecError)? {
            SocketAddr::V4(flow) => v4(out, flow),
            flow => write!(out, "{flow}").expect("writing to a Vec cannot fail"),
        },
        _ => return Err(CodecError),
    }
    match SUFFIXES.get(usize::from(tail_kind)) {
        Some(suffix) => out.extend_from_slice(suffix.as_bytes()),
        None => out.extend_from_slice(r.bytes()?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> Names<'static> {
        Names {
            own: "edge.example",
            domain: Some("contoso.example"),
            flow: Some(SocketAddr::from(([203, 0, 113, 10], 5062))),
        }
    }

    fn round_trip(uri: &[u8]) -> usize {
        let (mut bytes, mut back) = (Vec::new(), Vec::new());
        encode(uri, &names(), &mut Writer::new(&mut bytes));
        decode(&mut Reader::new(&bytes), &names(), &mut back).expect("what was encoded decodes");
        assert_eq!(back, uri, "{}", String::from_utf8_lossy(uri));
        bytes.len()
    }

    #[test]
    fn common_uris_are_short_and_exact() {
        for (uri, at_most) in [
            ("sip:+442079460001@contoso.example;user=phone", 7),
            ("sip:alice@contoso.example", 7),
            ("sip:alice-0x55@203.0.113.10:5062", 12),
            ("sip:gw@198.51.100.1:5060;transport=tcp", 10),
            ("sip:198.51.100.1", 5),
            ("sip:+0123@010.1.1.1:05060", 30),
            ("sips:x@y", 10),
            ("tel:+4420", 12),
            ("sip:+44;phone-context=x@contoso.example", 50),
            ("sip:a@b@[2001:db8::1]:5061;x=y?h=z", 50),
            ("", 2),
            ("sip:", 3),
        ] {
            let length = round_trip(uri.as_bytes());
            assert!(length <= at_most, "{uri}: {length} bytes");
        }
    }

    proptest! {
        #[test]
        fn every_uri_comes_back(uri in "(sip:)?[a-z0-9+@.:;=]{0,40}") {
            round_trip(uri.as_bytes());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let mut out = Vec::new();
            let _ = decode(&mut Reader::new(&bytes), &names(), &mut out);
        }
    }
}
