//! Byte-level helpers of the RFC 3261 section 25 grammar: tokens, white space,
//! quoted strings, comma lists and parameters. Nothing here allocates except
//! where a quoted string really holds an escape.

use std::borrow::Cow;
use std::net::IpAddr;

/// Linear white space after unfolding: SP, HT and the CR LF of a fold.
pub(crate) const fn is_lws(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        i += 1;
    }
    table
}

static TOKEN: [bool; 256] = token_table();

/// What an unquoted value of a parameter may hold.
static PARAM_VALUE: [bool; 256] = {
    let mut table = token_table();
    let more = b"[]:/@&$=?(){}";
    let mut i = 0;
    while i < more.len() {
        table[more[i] as usize] = true;
        i += 1;
    }
    let mut high = 0x80;
    while high < 256 {
        table[high] = true;
        high += 1;
    }
    table
};

/// Whether `b` may appear in a `token` (RFC 3261 section 25.1).
pub fn is_token_char(b: u8) -> bool {
    TOKEN[b as usize]
}

/// Whether `bytes` is a non-empty `token`.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| is_token_char(b))
}

/// Strips linear white space (folds included) from both ends.
pub fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_lws(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_lws(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// Parses an all-digit number; `None` when empty, not all digits, or above `u32`.
pub fn parse_u32(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() {
        return None;
    }
    let mut value = 0u32;
    for &b in bytes {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u32::from(b - b'0'))?;
    }
    Some(value)
}

/// Appends a number in decimal digits.
pub fn push_number(out: &mut Vec<u8>, mut number: u64) {
    if number < 10 {
        return out.push(b'0' + number as u8);
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends an address as text, an IPv6 one without brackets.
pub fn push_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            for (n, part) in ip.octets().into_iter().enumerate() {
                if n > 0 {
                    out.push(b'.');
                }
                push_number(out, u64::from(part));
            }
        }
        IpAddr::V6(ip) => out.extend_from_slice(ip.to_string().as_bytes()),
    }
}

/// Parses an all-digit number that fits `u16`.
pub fn parse_u16(bytes: &[u8]) -> Option<u16> {
    parse_u32(bytes).and_then(|v| u16::try_from(v).ok())
}

/// Index just past the quoted string that opens at `bytes[at]`, or `None` when it
/// never closes.
pub(crate) fn skip_quoted(bytes: &[u8], at: usize) -> Option<usize> {
    debug_assert_eq!(bytes.get(at), Some(&b'"'));
    let mut i = at + 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b'"' => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}

/// The content of a quoted string with its escapes undone; a token is returned as
/// it stands.
pub fn unquote(bytes: &[u8]) -> Cow<'_, [u8]> {
    let inner = match bytes {
        [b'"', inner @ .., b'"'] => inner,
        other => return Cow::Borrowed(other),
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner.iter();
    while let Some(&b) = rest.next() {
        match b {
            b'\\' => out.extend(rest.next()),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// Values of a comma-separated header (`Via: a, b`), split outside quotes and
/// angle brackets, each trimmed.
#[derive(Debug, Clone)]
pub struct CommaList<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> CommaList<'a> {
    /// Starts over `value`.
    pub fn new(value: &'a [u8]) -> Self {
        Self { rest: Some(value) }
    }
}

impl<'a> Iterator for CommaList<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut i = 0;
        while let Some(hit) = memchr::memchr3(b',', b'"', b'<', &rest[i..]) {
            let at = i + hit;
            // What never closes holds all that follows.
            i = match rest[at] {
                b'"' => match skip_quoted(rest, at) {
                    Some(end) => end,
                    None => break,
                },
                b'<' => match memchr::memchr(b'>', &rest[at..]) {
                    Some(close) => at + close + 1,
                    None => break,
                },
                _ => {
                    self.rest = Some(&rest[at + 1..]);
                    return Some(trim(&rest[..at]));
                }
            };
        }
        self.rest = None;
        Some(trim(rest))
    }
}

/// One `;name=value` parameter. The value is raw: still quoted if it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// Name as written; compare without regard to case.
    pub name: &'a [u8],
    /// Value, absent for a flag such as `;lr`.
    pub value: Option<&'a [u8]>,
}

/// A well-formed run of `;name[=value]` parameters (RFC 3261 `generic-param`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Accepts a parameter run that is empty or starts with `;`.
    ///
    /// `None` when a name is missing or not a token, a quote stays open, or
    /// anything but a parameter follows.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        Self::parse_with(raw, |_| {})
    }

    /// As [`Params::parse`], showing each parameter once on the way so that the
    /// caller need not walk the run again.
    pub(crate) fn parse_with(raw: &'a [u8], mut seen: impl FnMut(Param<'a>)) -> Option<Self> {
        let raw = trim(raw);
        let mut rest = raw;
        while !rest.is_empty() {
            let (param, tail) = next_param(rest)?;
            seen(param);
            rest = tail;
        }
        Some(Self { raw })
    }

    /// The run as written, from its first `;`.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Each parameter in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let (param, tail) = next_param(rest)?;
            rest = tail;
            Some(param)
        })
    }

    /// The first parameter of that name, compared without regard to case.
    pub fn get(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The value of the first parameter of that name.
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name)?.value
    }
}

/// Whether a parameter name stands twice, without regard to case.
pub fn has_repeated_name(params: &Params<'_>) -> bool {
    let mut names: Vec<Vec<u8>> = params.iter().map(|p| p.name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

fn next_param(bytes: &[u8]) -> Option<(Param<'_>, &[u8])> {
    let mut i = skip_lws(bytes, 0);
    if bytes.get(i) != Some(&b';') {
        return None;
    }
    i = skip_lws(bytes, i + 1);
    let start = i;
    while i < bytes.len() && is_token_char(bytes[i]) {
        i += 1;
    }
    let name = &bytes[start..i];
    if name.is_empty() {
        return None;
    }
    i = skip_lws(bytes, i);
    if bytes.get(i) != Some(&b'=') {
        return Some((Param { name, value: None }, &bytes[i..]));
    }
    i = skip_lws(bytes, i + 1);
    let start = i;
    if bytes.get(i) == Some(&b'"') {
        i = skip_quoted(bytes, i)?;
    } else {
        // Hosts in parameters (received=[::1]) need more than a token.
        while i < bytes.len() && PARAM_VALUE[usize::from(bytes[i])] {
            i += 1;
        }
        if i == start {
            return None;
        }
    }
    let value = &bytes[start..i];
    i = skip_lws(bytes, i);
    Some((Param { name, value: Some(value) }, &bytes[i..]))
}

pub(crate) fn skip_lws(bytes: &[u8], mut i: usize) -> usize {
    while i < bytes.len() && is_lws(bytes[i]) {
        i += 1;
    }
    i
}
