//! URIs in few bytes, for seals: what the snapshot or the seal itself can tell
//! again is not carried, and every URI comes back exactly as it was.

use numbering::E164;
use sip::seal::codec::{CodecError, Reader, Writer};
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

fn text<T: std::str::FromStr + fmt::Display>(bytes: &[u8]) -> Option<T> {
    let value: T = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    prints_as(&value, bytes).then_some(value)
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
    let ipv4: Option<Ipv4Addr> = text(host);
    let ipv4_port: Option<SocketAddrV4> = text(host);
    let user_kind = match (user, number) {
        (None, _) => NO_USER,
        (_, Some(_)) => NUMBER_USER,
        (Some(_), None) => TEXT_USER,
    };
    let host_kind = if names.flow.is_some_and(|f| prints_as(f, host)) {
        FLOW_HOST
    } else if names.domain.is_some_and(|d| host == d.as_bytes()) {
        DOMAIN_HOST
    } else if host == names.own.as_bytes() {
        OWN_HOST
    } else if ipv4.is_some() {
        IPV4_HOST
    } else if ipv4_port.is_some() {
        IPV4_PORT_HOST
    } else {
        TEXT_HOST
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
    match (host_kind, ipv4, ipv4_port) {
        (TEXT_HOST, ..) => {
            w.bytes(host);
        }
        (IPV4_HOST, Some(ip), _) => {
            w.raw(&ip.octets());
        }
        (IPV4_PORT_HOST, _, Some(addr)) => {
            w.raw(&addr.ip().octets()).raw(&addr.port().to_be_bytes());
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
    let mut print = |args: fmt::Arguments<'_>| {
        out.write_fmt(args).expect("writing to a Vec cannot fail");
    };
    print(format_args!("sip:"));
    match user_kind {
        NUMBER_USER => {
            let number = E164::from_value(r.varint()?).ok_or(CodecError)?;
            print(format_args!("{number}@"));
        }
        TEXT_USER => {
            out.extend_from_slice(r.bytes()?);
            out.push(b'@');
        }
        _ => {}
    }
    let mut print = |args: fmt::Arguments<'_>| {
        out.write_fmt(args).expect("writing to a Vec cannot fail");
    };
    match host_kind {
        TEXT_HOST => out.extend_from_slice(r.bytes()?),
        OWN_HOST => print(format_args!("{}", names.own)),
        // A person who is gone took the name along; the call goes on without.
        DOMAIN_HOST => print(format_args!("{}", names.domain.unwrap_or("anonymous.invalid"))),
        IPV4_HOST => print(format_args!("{}", Ipv4Addr::from(r.array::<4>()?))),
        IPV4_PORT_HOST => {
            let ip = Ipv4Addr::from(r.array::<4>()?);
            print(format_args!("{ip}:{}", u16::from_be_bytes(r.array()?)));
        }
        FLOW_HOST => print(format_args!("{}", names.flow.ok_or(CodecError)?)),
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
