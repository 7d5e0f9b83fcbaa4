//! Typed header field values as views of borrowed bytes.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use crate::name::Method;
use crate::text::{self, CommaList, Params, is_lws, is_token, parse_u16, parse_u32, trim};
use crate::uri::{self, Uri, UriError};

/// One `Via` value (RFC 3261 section 20.42, RFC 3581).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// The value as written.
    pub raw: &'a [u8],
    /// `UDP`, `TCP`, `TLS` or any other token.
    pub transport: &'a [u8],
    /// `host[:port]` as written.
    pub sent_by: &'a [u8],
    /// Host part of sent-by; an IPv6 reference keeps its brackets.
    pub host: &'a [u8],
    /// Port of sent-by, if written.
    pub port: Option<u16>,
    /// `branch`, not empty when present.
    pub branch: Option<&'a [u8]>,
    /// `received`.
    pub received: Option<&'a [u8]>,
    /// `rport`: `Some(None)` asks for it, `Some(Some(port))` tells it.
    pub rport: Option<Option<u16>>,
    /// All parameters.
    pub params: Params<'a>,
}

/// What every RFC 3261 branch starts with (section 8.1.1.7).
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl<'a> Via<'a> {
    /// Parses one value (not a comma list).
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let raw = trim(raw);
        let rest = match raw.strip_prefix(b"SIP/2.0/") {
            Some(rest) => rest,
            None => Self::after_version(raw)?,
        };
        let rest = trim(rest);
        let gap = rest.iter().position(|&b| is_lws(b))?;
        let transport = &rest[..gap];
        let rest = trim(&rest[gap..]);
        let semi = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let sent_by = trim(&rest[..semi]);
        let (host, port) = uri::split_host_port(sent_by).ok()?;
        let (mut branch, mut received, mut rport) = (None, None, None);
        let mut sound = is_token(transport);
        let params = Params::parse_with(&rest[semi..], |param| match param.name.len() {
            6 if param.name.eq_ignore_ascii_case(b"branch") => {
                sound &= branch.is_none() && param.value.is_some();
                branch = param.value;
            }
            8 if param.name.eq_ignore_ascii_case(b"received") => received = param.value,
            5 if param.name.eq_ignore_ascii_case(b"rport") => {
                let value = param.value.map(parse_u16);
                sound &= value != Some(None);
                rport = Some(value.flatten());
            }
            _ => {}
        })?;
        sound.then_some(Self {
            raw,
            transport,
            sent_by,
            host,
            port,
            branch,
            received,
            rport,
            params,
        })
    }

    /// What follows `SIP / 2.0 /` with white space or in other letters.
    fn after_version(raw: &'a [u8]) -> Option<&'a [u8]> {
        let slash = memchr::memchr(b'/', raw)?;
        let rest = &raw[slash + 1..];
        let slash2 = memchr::memchr(b'/', rest)?;
        let known =
            trim(&raw[..slash]).eq_ignore_ascii_case(b"SIP") && trim(&rest[..slash2]) == b"2.0";
        known.then(|| &rest[slash2 + 1..])
    }

    /// Whether the branch was made by RFC 3261 rules and identifies the transaction
    /// by itself (section 17.2.3).
    pub fn has_magic_cookie(&self) -> bool {
        self.branch
            .and_then(|b| b.get(..7))
            .is_some_and(|cookie| cookie.eq_ignore_ascii_case(MAGIC_COOKIE))
    }

    /// Where a response to a request that came from `source` over an unreliable
    /// transport goes: back to the source if the sender asked by `rport` (RFC
    /// 3581), else to the source address at the sent-by port (RFC 3261 section
    /// 18.2.2). `maddr` is ignored on purpose: it lets a stranger aim responses.
    pub fn response_target(&self, source: SocketAddr) -> SocketAddr {
        match self.rport {
            Some(_) => source,
            None => SocketAddr::new(source.ip(), self.port.unwrap_or(5060)),
        }
    }

    /// Whether sent-by names the address the message came from, in which case
    /// `received` need not be added (RFC 3261 section 18.2.1).
    pub fn sent_by_is(&self, ip: IpAddr) -> bool {
        uri::parse_ip(self.host) == Some(ip)
    }
}

/// A `From`, `To`, `Contact`, `Route` or similar value: optional display name, URI
/// and header parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The value as written.
    pub raw: &'a [u8],
    /// Display name as written, quotes included; `None` when absent.
    pub display: Option<&'a [u8]>,
    /// The URI without brackets.
    pub uri: &'a [u8],
    /// Header parameters (after the brackets).
    pub params: Params<'a>,
    /// The `tag` parameter.
    pub tag: Option<&'a [u8]>,
}

impl<'a> NameAddr<'a> {
    /// Parses `name-addr / addr-spec` with parameters. Without angle brackets a
    /// URI may hold neither `;`, `,` nor `?` (RFC 3261 section 20), so whatever
    /// follows `;` belongs to the header and `?` is refused.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let raw = trim(raw);
        let (display, rest) = match raw.first()? {
            b'"' => {
                let end = text::skip_quoted(raw, 0)?;
                let rest = trim(&raw[end..]);
                if rest.first() != Some(&b'<') {
                    return None;
                }
                (Some(&raw[..end]), rest)
            }
            _ => match memchr::memchr(b'<', raw) {
                Some(open) => {
                    let name = trim(&raw[..open]);
                    let tokens = name.split(|&b| is_lws(b)).filter(|t| !t.is_empty());
                    if !tokens.clone().all(is_display_token) {
                        return None;
                    }
                    ((!name.is_empty()).then_some(name), &raw[open..])
                }
                None => (None, raw),
            },
        };
        let (uri, params) = if rest.first() == Some(&b'<') {
            let close = memchr::memchr(b'>', rest)?;
            (&rest[1..close], &rest[close + 1..])
        } else {
            let semi = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (uri, params) = rest.split_at(semi);
            let uri = trim(uri);
            if memchr::memchr2(b'?', b',', uri).is_some() {
                return None;
            }
            (uri, params)
        };
        if uri.is_empty()
            || uri.iter().fold(false, |any, &b| any | (b <= b' ') | (b == b'<') | (b == b'"'))
        {
            return None;
        }
        memchr::memchr(b':', uri)?;
        let mut tag = None;
        let mut sound = true;
        let params = Params::parse_with(params, |param| {
            if param.name.eq_ignore_ascii_case(b"tag") {
                sound &= tag.is_none() && param.value.is_some_and(is_token);
                tag = param.value;
            }
        })?;
        sound.then_some(Self { raw, display, uri, params, tag })
    }

    /// The URI, parsed.
    pub fn parsed_uri(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri)
    }

    /// The display name without quotes and escapes.
    pub fn display_name(&self) -> Option<Cow<'a, [u8]>> {
        self.display.map(text::unquote)
    }

    /// `expires` of a Contact, in seconds (RFC 3261 section 10.2.1.1).
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(parse_u32)
    }

    /// `q` of a Contact in thousandths, 1,000 when absent or unreadable.
    pub fn q_thousandths(&self) -> u16 {
        let Some(value) = self.params.value("q") else { return 1000 };
        let (whole, fraction) = match memchr::memchr(b'.', value) {
            Some(dot) => (&value[..dot], &value[dot + 1..]),
            None => (value, &value[value.len()..]),
        };
        if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
            return 1000;
        }
        let mut thousandths = match whole {
            b"0" => 0,
            _ => return 1000,
        };
        for (digit, weight) in fraction.iter().zip([100, 10, 1]) {
            thousandths += u16::from(digit - b'0') * weight;
        }
        thousandths
    }
}

/// Display names in the field hold UTF-8 and dots; what must not pass is anything
/// that could be read as structure.
fn is_display_token(token: &[u8]) -> bool {
    token.iter().all(|&b| text::is_token_char(b) || b >= 0x80)
}

/// A `Contact` value: an address, or `*` in a REGISTER that removes all bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact<'a> {
    /// `*`
    Star,
    /// An address.
    Addr(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    /// Parses one value (not a comma list).
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        match trim(raw) {
            b"*" => Some(Contact::Star),
            other => NameAddr::parse(other).map(Contact::Addr),
        }
    }

    /// The address, unless it is `*`.
    pub fn addr(&self) -> Option<&NameAddr<'a>> {
        match self {
            Contact::Star => None,
            Contact::Addr(addr) => Some(addr),
        }
    }
}

/// `CSeq` (RFC 3261 section 20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Sequence number, below 2^31.
    pub number: u32,
    /// Method.
    pub method: Method<'a>,
}

impl<'a> CSeq<'a> {
    /// Parses `number LWS method`.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let (number, method) = split_word(trim(raw))?;
        let number = parse_u32(number).filter(|n| *n < 1 << 31)?;
        is_token(method).then(|| Self { number, method: Method::from_bytes(method) })
    }
}

/// `RAck` (RFC 3262 section 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RAck<'a> {
    /// RSeq of the provisional response acknowledged.
    pub rseq: u32,
    /// CSeq of its request.
    pub cseq: CSeq<'a>,
}

impl<'a> RAck<'a> {
    /// Parses `rseq LWS cseq LWS method`.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let (rseq, cseq) = split_word(trim(raw))?;
        Some(Self { rseq: parse_u32(rseq)?, cseq: CSeq::parse(cseq)? })
    }
}

fn split_word(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let gap = raw.iter().position(|&b| is_lws(b))?;
    Some((&raw[..gap], trim(&raw[gap..])))
}

/// One `Reason` value (RFC 3326), such as `Q.850;cause=16;text="..."`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850` or another token.
    pub protocol: &'a [u8],
    /// `cause`.
    pub cause: Option<u32>,
    /// `text`, quotes still in place.
    pub text: Option<&'a [u8]>,
}

impl<'a> Reason<'a> {
    /// Parses one value (not a comma list).
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let raw = trim(raw);
        let semi = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let protocol = trim(&raw[..semi]);
        let params = Params::parse(&raw[semi..])?;
        is_token(protocol).then(|| Self {
            protocol,
            cause: params.value("cause").and_then(parse_u32),
            text: params.value("text"),
        })
    }
}

/// A number of seconds with whatever follows it (`Expires`, `Session-Expires`,
/// `Retry-After`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds<'a> {
    /// The number; one too large for 32 bits reads as [`u32::MAX`].
    pub seconds: u32,
    /// Parameters, such as `refresher`.
    pub params: Params<'a>,
}

impl<'a> Seconds<'a> {
    /// Parses `delta-seconds [comment] *(;param)`.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let raw = trim(raw);
        let digits = raw.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let seconds = parse_u32(&raw[..digits]).unwrap_or(u32::MAX);
        let rest = trim(&raw[digits..]);
        let rest = match rest {
            [b'(', ..] => trim(&rest[memchr::memchr(b')', rest)? + 1..]),
            other => other,
        };
        Some(Self { seconds, params: Params::parse(rest)? })
    }
}

/// Whether a list of option tags or methods (`Supported`, `Require`, `Allow`)
/// holds `token`, without regard to case.
pub fn list_has(value: &[u8], token: &str) -> bool {
    CommaList::new(value).any(|item| item.eq_ignore_ascii_case(token.as_bytes()))
}
