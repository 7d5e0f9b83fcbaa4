//! URIs: `sip:`, `sips:`, `tel:`, `urn:` and, untouched, everything else.

use crate::text::{Params, parse_u16, trim};

/// Why bytes are not a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UriError {
    /// No scheme, or a scheme that is not a token.
    Scheme,
    /// White space, control bytes or brackets inside.
    Character,
    /// The user part is empty or broken.
    User,
    /// The host is absent or not a host.
    Host,
    /// The port is not a number up to 65,535.
    Port,
    /// The parameters do not follow their grammar.
    Params,
}

impl UriError {
    /// Stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme => "uri-scheme",
            Self::Character => "uri-character",
            Self::User => "uri-user",
            Self::Host => "uri-host",
            Self::Port => "uri-port",
            Self::Params => "uri-params",
        }
    }
}

impl std::fmt::Display for UriError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for UriError {}

/// A URI as a view of borrowed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uri<'a> {
    /// `sip:` or `sips:` (RFC 3261 section 19.1).
    Sip(SipUri<'a>),
    /// `tel:` (RFC 3966).
    Tel(TelUri<'a>),
    /// `urn:`, such as `urn:service:sos` (RFC 5031).
    Urn(UrnUri<'a>),
    /// Any other scheme, not looked into.
    Other {
        /// Scheme as written.
        scheme: &'a [u8],
        /// All after the colon.
        rest: &'a [u8],
    },
}

/// Parts of a `sip:` or `sips:` URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SipUri<'a> {
    /// `sips:` rather than `sip:`.
    pub secure: bool,
    /// User part, escapes still in place.
    pub user: Option<&'a [u8]>,
    /// Password after the user, if any.
    pub password: Option<&'a [u8]>,
    /// Host; an IPv6 reference keeps its brackets.
    pub host: &'a [u8],
    /// Port, if written.
    pub port: Option<u16>,
    /// URI parameters.
    pub params: Params<'a>,
    /// What follows `?`, unparsed.
    pub headers: Option<&'a [u8]>,
}

/// Parts of a `tel:` URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelUri<'a> {
    /// Number as written, visual separators included.
    pub number: &'a [u8],
    /// Parameters such as `;phone-context=`.
    pub params: Params<'a>,
}

/// Parts of a `urn:` URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrnUri<'a> {
    /// Namespace, `service` in `urn:service:sos`.
    pub namespace: &'a [u8],
    /// Namespace-specific string, `sos` in `urn:service:sos`.
    pub specific: &'a [u8],
}

/// Bytes that end a URI or smuggle one: control bytes, space, brackets, quote.
///
/// Without a branch, so that many bytes are looked at with one instruction.
const fn forbidden(b: u8) -> bool {
    (b <= b' ') | (b == b'<') | (b == b'>') | (b == b'"') | (b == 0x7f)
}

impl<'a> Uri<'a> {
    /// Parses a bare URI (no angle brackets around it).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, UriError> {
        if bytes.iter().fold(false, |any, &b| any | forbidden(b)) {
            return Err(UriError::Character);
        }
        let colon = memchr::memchr(b':', bytes).ok_or(UriError::Scheme)?;
        let (scheme, rest) = (&bytes[..colon], &bytes[colon + 1..]);
        if scheme == b"sip" {
            return SipUri::parse_rest(rest, false).map(Uri::Sip);
        }
        let starts = scheme.first().is_some_and(u8::is_ascii_alphabetic);
        let valid = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !starts || !scheme.iter().all(valid) {
            return Err(UriError::Scheme);
        }
        if scheme.eq_ignore_ascii_case(b"sip") {
            SipUri::parse_rest(rest, false).map(Uri::Sip)
        } else if scheme.eq_ignore_ascii_case(b"sips") {
            SipUri::parse_rest(rest, true).map(Uri::Sip)
        } else if scheme.eq_ignore_ascii_case(b"tel") {
            TelUri::parse_rest(rest).map(Uri::Tel)
        } else if scheme.eq_ignore_ascii_case(b"urn") {
            let colon = memchr::memchr(b':', rest).ok_or(UriError::Host)?;
            let (namespace, specific) = (&rest[..colon], &rest[colon + 1..]);
            if namespace.is_empty() || specific.is_empty() {
                return Err(UriError::Host);
            }
            Ok(Uri::Urn(UrnUri { namespace, specific }))
        } else if rest.is_empty() {
            Err(UriError::Host)
        } else {
            Ok(Uri::Other { scheme, rest })
        }
    }

    /// The SIP view, if the scheme is `sip` or `sips`.
    pub fn as_sip(&self) -> Option<&SipUri<'a>> {
        match self {
            Uri::Sip(uri) => Some(uri),
            _ => None,
        }
    }

    /// Scheme in lower case for the known ones, as written otherwise.
    pub fn scheme(&self) -> &'a [u8] {
        match self {
            Uri::Sip(uri) if uri.secure => b"sips",
            Uri::Sip(_) => b"sip",
            Uri::Tel(_) => b"tel",
            Uri::Urn(_) => b"urn",
            Uri::Other { scheme, .. } => scheme,
        }
    }

    /// The dialled digits of a `sip`, `sips` or `tel` URI with visual separators
    /// and escapes removed. Whether they are an E.164 number is for others to say.
    pub fn user_number(&self) -> Option<NumberText> {
        match self {
            Uri::Sip(uri) => uri.user_number(),
            Uri::Tel(uri) => NumberText::read(uri.number),
            _ => None,
        }
    }

    /// Whether this is `urn:service:sos` or one of its sub-services (RFC 5031).
    pub fn is_sos(&self) -> bool {
        let Uri::Urn(urn) = self else { return false };
        let specific = urn.specific;
        urn.namespace.eq_ignore_ascii_case(b"service")
            && specific.get(..3).is_some_and(|s| s.eq_ignore_ascii_case(b"sos"))
            && matches!(specific.get(3), None | Some(b'.'))
    }
}

impl<'a> SipUri<'a> {
    fn parse_rest(rest: &'a [u8], secure: bool) -> Result<Self, UriError> {
        let (userinfo, hostpart) = match memchr::memchr(b'@', rest) {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            None => (None, None),
            Some(info) => {
                let (user, password) = match memchr::memchr(b':', info) {
                    Some(colon) => (&info[..colon], Some(&info[colon + 1..])),
                    None => (info, None),
                };
                if user.is_empty() || !escapes_are_whole(info) {
                    return Err(UriError::User);
                }
                (Some(user), password)
            }
        };
        let (hostpart, headers) = match memchr::memchr(b'?', hostpart) {
            Some(mark) => (&hostpart[..mark], Some(&hostpart[mark + 1..])),
            None => (hostpart, None),
        };
        let (hostport, params) = match memchr::memchr(b';', hostpart) {
            Some(semi) => hostpart.split_at(semi),
            None => (hostpart, &hostpart[hostpart.len()..]),
        };
        let (host, port) = split_host_port(hostport)?;
        let params = Params::parse(params).ok_or(UriError::Params)?;
        Ok(Self { secure, user, password, host, port, params, headers })
    }

    /// The dialled digits in the user part: the text before any `;`, escapes
    /// undone, visual separators dropped. `None` if anything else is in it.
    pub fn user_number(&self) -> Option<NumberText> {
        let user = self.user?;
        let end = memchr::memchr(b';', user).unwrap_or(user.len());
        NumberText::read(&user[..end])
    }

    /// Host without the brackets of an IPv6 reference.
    pub fn host_bare(&self) -> &'a [u8] {
        bare_host(self.host)
    }

    /// The host as an address, if it is one.
    pub fn host_ip(&self) -> Option<std::net::IpAddr> {
        parse_ip(self.host)
    }

    /// Whether both name the same user at the same host and port (user compared
    /// exactly, host without case); parameters are ignored.
    pub fn same_target(&self, other: &SipUri<'_>) -> bool {
        self.secure == other.secure
            && self.user == other.user
            && self.host.eq_ignore_ascii_case(other.host)
            && self.port == other.port
    }
}

impl<'a> TelUri<'a> {
    fn parse_rest(rest: &'a [u8]) -> Result<Self, UriError> {
        let (number, params) = match memchr::memchr(b';', rest) {
            Some(semi) => rest.split_at(semi),
            None => (rest, &rest[rest.len()..]),
        };
        let valid = |b: &u8| {
            b.is_ascii_hexdigit() || matches!(b, b'+' | b'-' | b'.' | b'(' | b')' | b'*' | b'#')
        };
        if number.is_empty() || !number.iter().all(valid) {
            return Err(UriError::User);
        }
        let params = Params::parse(params).ok_or(UriError::Params)?;
        Ok(Self { number, params })
    }
}

/// Splits `host[:port]`, checking both.
pub(crate) fn split_host_port(bytes: &[u8]) -> Result<(&[u8], Option<u16>), UriError> {
    let (host, port) = if bytes.first() == Some(&b'[') {
        let close = memchr::memchr(b']', bytes).ok_or(UriError::Host)?;
        let (host, rest) = bytes.split_at(close + 1);
        match trim(rest) {
            [] => (host, None),
            [b':', port @ ..] => (host, Some(port)),
            _ => return Err(UriError::Host),
        }
    } else {
        match memchr::memchr(b':', bytes) {
            Some(colon) => (trim(&bytes[..colon]), Some(&bytes[colon + 1..])),
            None => (bytes, None),
        }
    };
    if !is_host(host) {
        return Err(UriError::Host);
    }
    let port = match port {
        None => None,
        Some(port) => Some(parse_u16(trim(port)).ok_or(UriError::Port)?),
    };
    Ok((host, port))
}

fn is_host(host: &[u8]) -> bool {
    match host {
        [] => false,
        [b'[', inner @ .., b']'] => parse_ipv6(inner).is_some(),
        name => name.iter().all(|b| HOST[usize::from(*b)]),
    }
}

/// What a host name or an IPv4 address is made of.
static HOST: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = (b as u8).is_ascii_alphanumeric() || matches!(b as u8, b'-' | b'.' | b'_');
        b += 1;
    }
    table
};

pub(crate) fn bare_host(host: &[u8]) -> &[u8] {
    match host {
        [b'[', inner @ .., b']'] => inner,
        name => name,
    }
}

pub(crate) fn parse_ip(host: &[u8]) -> Option<std::net::IpAddr> {
    let bare = bare_host(host);
    let plain = std::str::from_utf8(bare).ok()?;
    plain.parse().ok().or_else(|| parse_ipv6(bare).map(std::net::IpAddr::V6))
}

/// An IPv6 address. The grammar of RFC 3261 leads to a third colon before an
/// embedded IPv4 address, and RFC 5118 section 4.10 would have it ignored.
fn parse_ipv6(bytes: &[u8]) -> Option<std::net::Ipv6Addr> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.parse().ok().or_else(|| {
        let (head, tail) = text.split_once(":::").filter(|(_, tail)| tail.contains('.'))?;
        format!("{head}::{tail}").parse().ok()
    })
}

fn hex(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).map(|d| d as u8)
}

fn escapes_are_whole(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'%', bytes)
        .all(|at| bytes.get(at + 1..at + 3).is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit)))
}

/// Undoes `%xx` escapes into `out`, which is cleared first. A broken escape is
/// kept as it stands.
pub fn unescape_into(bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut i = 0;
    while i < bytes.len() {
        let decoded = match bytes.get(i..i + 3) {
            Some([b'%', h, l]) => hex(*h).zip(hex(*l)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        match decoded {
            Some(b) => {
                out.push(b);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
}

/// A dialled number as text: an optional `+`, then digits, `*` or `#`, at most 40
/// of them. Holds no heap memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NumberText {
    len: u8,
    bytes: [u8; 40],
}

impl NumberText {
    /// Reads a number, dropping visual separators and escapes.
    pub fn read(raw: &[u8]) -> Option<Self> {
        let mut number = Self { len: 0, bytes: [0; 40] };
        let mut i = 0;
        while i < raw.len() {
            let (b, step) = match raw.get(i..i + 3) {
                Some([b'%', h, l]) => (hex(*h)? << 4 | hex(*l)?, 3),
                _ => (raw[i], 1),
            };
            i += step;
            match b {
                b'-' | b'.' | b'(' | b')' | b' ' => continue,
                b'+' if number.len == 0 => {}
                b'0'..=b'9' | b'*' | b'#' => {}
                _ => return None,
            }
            *number.bytes.get_mut(usize::from(number.len))? = b;
            number.len += 1;
        }
        (number.len > 0 && number.as_bytes() != b"+").then_some(number)
    }

    /// The text as bytes, all ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("only ASCII is ever stored")
    }
}

impl std::fmt::Debug for NumberText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NumberText({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sip(text: &str) -> SipUri<'_> {
        match Uri::parse(text.as_bytes()) {
            Ok(Uri::Sip(uri)) => uri,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn parts_are_found() {
        let uri = sip("sips:al%20ice:pw@[2001:db8::1]:5071;transport=tcp;lr?subject=x");
        assert!(uri.secure);
        assert_eq!(uri.user, Some(&b"al%20ice"[..]));
        assert_eq!(uri.password, Some(&b"pw"[..]));
        assert_eq!(uri.host_bare(), b"2001:db8::1");
        assert_eq!(uri.port, Some(5071));
        assert_eq!(uri.params.value("Transport"), Some(&b"tcp"[..]));
        assert!(uri.params.get("lr").is_some());
        assert_eq!(uri.headers, Some(&b"subject=x"[..]));
    }

    #[test]
    fn numbers_lose_only_separators() {
        let number = |s: &str| Uri::parse(s.as_bytes()).unwrap().user_number();
        let text = |s: &str| number(s).map(|n| n.as_str().to_owned());
        assert_eq!(text("tel:+44(20)7946-0.001").as_deref(), Some("+442079460001"));
        assert_eq!(text("sip:%2B15551234;phone-context=x@h").as_deref(), Some("+15551234"));
        assert_eq!(text("sip:*21#@h").as_deref(), Some("*21#"));
        assert_eq!(text("sip:alice@h"), None);
        assert_eq!(text("sip:+@h"), None);
        assert_eq!(text("sip:1+2@h"), None);
        assert_eq!(number(&format!("sip:{}@h", "1".repeat(41))), None);
    }

    #[test]
    fn other_schemes_are_values() {
        assert!(Uri::parse(b"urn:service:sos").unwrap().is_sos());
        assert!(Uri::parse(b"URN:service:SOS.fire").unwrap().is_sos());
        assert!(!Uri::parse(b"urn:service:sosx").unwrap().is_sos());
        assert_eq!(Uri::parse(b"nobody-knows:x").unwrap().scheme(), b"nobody-knows");
    }

    #[test]
    fn broken_uris_are_refused() {
        for (text, want) in [
            ("sip:", UriError::Host),
            ("sip:@h", UriError::User),
            ("sip:a@", UriError::Host),
            ("sip:a@h:99999", UriError::Port),
            ("sip:a@h:", UriError::Port),
            ("sip:a%4@h", UriError::User),
            ("sip:a@b@c", UriError::Host),
            ("sip:a@[::1", UriError::Host),
            ("sip:a@[zz]", UriError::Host),
            ("sip:a@h;=x", UriError::Params),
            ("sip:a b@h", UriError::Character),
            ("<sip:a@h>", UriError::Character),
            ("1sip:a@h", UriError::Scheme),
            ("nothing", UriError::Scheme),
            ("tel:x", UriError::User),
            ("urn:service", UriError::Host),
        ] {
            assert_eq!(Uri::parse(text.as_bytes()), Err(want), "{text}");
        }
    }
}
