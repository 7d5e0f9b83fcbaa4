//! A borrowed look into SDP (RFC 8866): where media is to go. Nothing is
//! rewritten.

use std::net::IpAddr;

use crate::text::{parse_u16, trim};

/// A session description, line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sdp<'a> {
    body: &'a [u8],
}

/// One `m=` section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media<'a> {
    /// `audio`, `video`, `image` or another token.
    pub kind: &'a [u8],
    /// Port; 0 refuses or ends the medium.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl` and so on.
    pub protocol: &'a [u8],
    /// Format list as written.
    pub formats: &'a [u8],
    /// Address of its own `c=` line, or else of the session's. `None` when there is
    /// neither, or it is a host name.
    pub address: Option<IpAddr>,
    section: &'a [u8],
}

/// Why a body is not SDP one can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpError {
    /// It does not start with `v=0`.
    Version,
    /// An `m=` line is broken.
    Media,
}

impl std::fmt::Display for SdpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Version => "sdp-version: the description must start with v=0",
            Self::Media => "sdp-media: an m= line needs kind, port, protocol and formats",
        })
    }
}

impl std::error::Error for SdpError {}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

impl<'a> Sdp<'a> {
    /// Accepts a body that starts with `v=0` and whose media lines are sound.
    ///
    /// # Errors
    /// [`SdpError`]: answer 400 or 488.
    pub fn parse(body: &'a [u8]) -> Result<Self, SdpError> {
        if lines(body).next() != Some(b"v=0") {
            return Err(SdpError::Version);
        }
        let sound = lines(body).filter(|l| l.starts_with(b"m=")).all(|l| media_line(l).is_some());
        if sound { Ok(Self { body }) } else { Err(SdpError::Media) }
    }

    /// Address of the session-level `c=` line.
    pub fn session_address(&self) -> Option<IpAddr> {
        connection(&self.body[..self.media_start()])
    }

    fn media_start(&self) -> usize {
        memchr::memmem::find(self.body, b"\nm=").map_or(self.body.len(), |at| at + 1)
    }

    /// Each `m=` section in order.
    pub fn media(&self) -> impl Iterator<Item = Media<'a>> + use<'a> {
        let session = self.session_address();
        let mut rest = &self.body[self.media_start()..];
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = memchr::memmem::find(rest, b"\nm=").map_or(rest.len(), |at| at + 1);
            let (section, tail) = rest.split_at(end);
            rest = tail;
            let MediaLine { kind, port, protocol, formats } = media_line(lines(section).next()?)?;
            let address = connection(section).or(session);
            Some(Media { kind, port, protocol, formats, address, section })
        })
    }

    /// Whether some medium is to go to a private, loopback, link-local or shared
    /// address, so that it cannot come from there as it stands.
    pub fn has_private_address(&self) -> bool {
        self.media().any(|m| m.port != 0 && m.address.is_some_and(is_private))
    }
}

impl<'a> Media<'a> {
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`, if written in the section.
    pub fn direction(&self) -> Option<&'a [u8]> {
        self.attributes()
            .find(|a| matches!(*a, b"sendrecv" | b"sendonly" | b"recvonly" | b"inactive"))
    }

    /// Each `a=` line of the section, without the `a=`.
    pub fn attributes(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        lines(self.section).filter_map(|line| line.strip_prefix(b"a="))
    }
}

struct MediaLine<'a> {
    kind: &'a [u8],
    port: u16,
    protocol: &'a [u8],
    formats: &'a [u8],
}

fn media_line(line: &[u8]) -> Option<MediaLine<'_>> {
    let mut words = line.strip_prefix(b"m=")?.splitn(4, |&b| b == b' ');
    let kind = words.next().filter(|w| !w.is_empty())?;
    let port = words.next()?;
    let port = &port[..memchr::memchr(b'/', port).unwrap_or(port.len())];
    let protocol = words.next()?;
    let formats = trim(words.next()?);
    Some(MediaLine { kind, port: parse_u16(port)?, protocol, formats })
}

fn connection(section: &[u8]) -> Option<IpAddr> {
    let value = lines(section).find_map(|line| line.strip_prefix(b"c="))?;
    let mut words = value.split(|&b| b == b' ').skip(2);
    let address = trim(words.next()?);
    let address = &address[..memchr::memchr(b'/', address).unwrap_or(address.len())];
    std::str::from_utf8(address).ok()?.parse().ok()
}

/// Whether an address has no meaning outside its own network (RFC 1918, 6598,
/// 3927, 4193, 4291).
pub fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_private(IpAddr::V4(v4)),
            None => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_and_addresses_are_found() {
        let body = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\n\
            m=audio 4000/2 RTP/AVP 8 101\r\na=sendonly\r\nm=video 0 RTP/AVP 96\r\n\
            c=IN IP4 10.0.0.1/127\r\nm=image 5000 udptl t38\r\nc=IN IP6 2001:db8::1\r\n";
        let sdp = Sdp::parse(body).unwrap();
        let media: Vec<_> = sdp.media().collect();
        let ip = |s: &str| Some(s.parse::<IpAddr>().unwrap());
        assert_eq!(media.len(), 3);
        assert_eq!((media[0].kind, media[0].port), (&b"audio"[..], 4000));
        assert_eq!(media[0].formats, b"8 101");
        assert_eq!(media[0].direction(), Some(&b"sendonly"[..]));
        assert_eq!(media[0].address, ip("203.0.113.7"));
        assert_eq!(media[1].address, ip("10.0.0.1"));
        assert_eq!(media[2].address, ip("2001:db8::1"));
        assert!(!sdp.has_private_address(), "the private medium is switched off");
        let on = String::from_utf8_lossy(body).replace("m=video 0", "m=video 9");
        assert!(Sdp::parse(on.as_bytes()).unwrap().has_private_address());
    }

    #[test]
    fn broken_bodies_are_refused() {
        assert_eq!(Sdp::parse(b""), Err(SdpError::Version));
        assert_eq!(Sdp::parse(b"v=1\r\n"), Err(SdpError::Version));
        assert_eq!(Sdp::parse(b"v=0\r\nm=audio x RTP/AVP 0\r\n"), Err(SdpError::Media));
        assert_eq!(Sdp::parse(b"v=0\r\nm=audio 1\r\n"), Err(SdpError::Media));
    }

    #[test]
    fn private_ranges() {
        for (ip, want) in [
            ("10.1.1.1", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("169.254.1.1", true),
            ("127.0.0.1", true),
            ("192.0.2.1", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("::ffff:10.0.0.1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(ip.parse().unwrap()), want, "{ip}");
        }
    }
}
