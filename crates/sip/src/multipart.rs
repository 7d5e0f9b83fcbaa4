//! Bodies of several parts (RFC 2046 section 5.1, RFC 5621): SDP beside a location,
//! a signature around both. Parts are views of the body they stand in; depth and
//! number are bounded, and every byte is looked at once per level.

use crate::msg::Message;
use crate::name::HeaderName;
use crate::text::{Params, is_lws, is_token, trim, unquote};

/// Levels of multipart inside multipart.
pub const MAX_DEPTH: usize = 6;
/// Parts in one body, of all levels.
pub const MAX_PARTS: usize = 64;
/// Header lines of one part.
const MAX_PART_HEADERS: usize = 32;
/// Bytes of a boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// A media type with its parameters (RFC 3261 section 20.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// `application` in `application/sdp`; compare without regard to case.
    pub kind: &'a [u8],
    /// `sdp` in `application/sdp`.
    pub subtype: &'a [u8],
    /// Parameters such as `boundary`.
    pub params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Parses `type/subtype *(;param)`; `None` if it is none.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let raw = trim(raw);
        let semi = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let (name, params) = raw.split_at(semi);
        let slash = memchr::memchr(b'/', name)?;
        let (kind, subtype) = (trim(&name[..slash]), trim(&name[slash + 1..]));
        let params = Params::parse(params)?;
        (is_token(kind) && is_token(subtype)).then_some(Self { kind, subtype, params })
    }

    /// Whether it is this type and subtype, without regard to case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_bytes())
            && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    /// Whether it is any `multipart`.
    pub fn is_multipart(&self) -> bool {
        self.kind.eq_ignore_ascii_case(b"multipart")
    }
}

/// What a body or part is for (RFC 3261 section 20.11, RFC 5621 section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disposition<'a> {
    /// `session`, `render`, `by-reference` or another token.
    pub kind: &'a [u8],
    /// Whether who cannot process it must refuse the message: so unless
    /// `handling=optional` is written.
    pub required: bool,
    /// All parameters.
    pub params: Params<'a>,
}

impl<'a> Disposition<'a> {
    /// Parses a `Content-Disposition` value.
    pub fn parse(raw: &'a [u8]) -> Option<Self> {
        let raw = trim(raw);
        let semi = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let (kind, params) = raw.split_at(semi);
        let (kind, params) = (trim(kind), Params::parse(params)?);
        let required =
            !params.value("handling").is_some_and(|h| h.eq_ignore_ascii_case(b"optional"));
        is_token(kind).then_some(Self { kind, required, params })
    }

    /// What a body without `Content-Disposition` is for: a session if it is SDP,
    /// else to be shown.
    pub fn default_of(media: Option<&MediaType<'_>>) -> Self {
        let session = media.is_some_and(|m| m.is("application", "sdp"));
        let kind: &[u8] = if session { b"session" } else { b"render" };
        Self { kind, required: true, params: Params::default() }
    }
}

/// Why a body cannot be cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultipartError {
    /// `Content-Type` or `Content-Disposition` does not follow its grammar.
    Header,
    /// A multipart type without a usable `boundary`.
    Boundary,
    /// The boundary never opens a part.
    NoPart,
    /// The closing delimiter is missing.
    Unclosed,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More parts than [`MAX_PARTS`], or more header lines than a part may have.
    TooMany,
}

impl MultipartError {
    /// Stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Header => "multipart-header",
            Self::Boundary => "multipart-boundary",
            Self::NoPart => "multipart-no-part",
            Self::Unclosed => "multipart-unclosed",
            Self::TooDeep => "multipart-too-deep",
            Self::TooMany => "multipart-too-many",
        }
    }

    /// What the sender should change.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Header => "write part headers as Name: value, with a media type they follow",
            Self::Boundary => "name a boundary of 1 to 70 characters in Content-Type",
            Self::NoPart => "begin each part with CR LF, two hyphens and the boundary",
            Self::Unclosed => "end the last part with the boundary and two hyphens",
            Self::TooDeep => "nest at most 6 levels",
            Self::TooMany => "send at most 64 parts with 32 header lines each",
        }
    }
}

impl std::fmt::Display for MultipartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code(), self.remedy())
    }
}

impl std::error::Error for MultipartError {}

/// One header line of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartHeader<'a> {
    /// Name as written.
    pub name: &'a [u8],
    /// Value, folds inside.
    pub value: &'a [u8],
}

/// A body, or one part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity<'a> {
    /// Its type; `None` when not written, which inside a multipart means
    /// `text/plain` (RFC 2046 section 5.1).
    pub media: Option<MediaType<'a>>,
    /// What it is for, written or by default.
    pub disposition: Disposition<'a>,
    /// `Content-ID` as written, angle brackets included.
    pub content_id: Option<&'a [u8]>,
    /// `Content-Transfer-Encoding`; nothing is decoded here.
    pub transfer_encoding: Option<&'a [u8]>,
    /// Its own header lines; empty for the body of a message.
    pub headers: Vec<PartHeader<'a>>,
    /// Its bytes. Of a multipart: with preamble, delimiters and epilogue.
    pub body: &'a [u8],
    /// Its parts, if it is a multipart.
    pub parts: Vec<Entity<'a>>,
}

impl<'a> Entity<'a> {
    /// Reads a body with the values of the message's `Content-Type` and
    /// `Content-Disposition`.
    ///
    /// # Errors
    /// [`MultipartError`]: a server answers 400.
    pub fn read(
        content_type: Option<&'a [u8]>,
        disposition: Option<&'a [u8]>,
        body: &'a [u8],
    ) -> Result<Self, MultipartError> {
        let mut reader = Reader { parts_left: MAX_PARTS };
        reader.entity(content_type, disposition, Vec::new(), body, 0)
    }

    /// The body of a message; `None` if it has none.
    ///
    /// # Errors
    /// As [`Entity::read`].
    pub fn of_message(message: &Message<'a>) -> Result<Option<Self>, MultipartError> {
        if message.body().is_empty() {
            return Ok(None);
        }
        let header = |name| message.header(name);
        Self::read(
            header(HeaderName::ContentType),
            header(HeaderName::ContentDisposition),
            message.body(),
        )
        .map(Some)
    }

    /// Whether it is of this type.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.media.as_ref().is_some_and(|m| m.is(kind, subtype))
    }

    /// Every part that has none inside it, in order; itself if it is no multipart.
    pub fn leaves(&self) -> Vec<&Entity<'a>> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(entity) = waiting.pop() {
            if entity.parts.is_empty() {
                found.push(entity);
            } else {
                waiting.extend(entity.parts.iter().rev());
            }
        }
        found
    }
}

struct Reader {
    parts_left: usize,
}

impl Reader {
    fn entity<'a>(
        &mut self,
        content_type: Option<&'a [u8]>,
        disposition: Option<&'a [u8]>,
        headers: Vec<PartHeader<'a>>,
        body: &'a [u8],
        depth: usize,
    ) -> Result<Entity<'a>, MultipartError> {
        let media = content_type
            .map(|raw| MediaType::parse(raw).ok_or(MultipartError::Header))
            .transpose()?;
        let disposition = match disposition {
            Some(raw) => Disposition::parse(raw).ok_or(MultipartError::Header)?,
            None => Disposition::default_of(media.as_ref()),
        };
        let named = |name: &str| {
            let found = headers.iter().find(|h| h.name.eq_ignore_ascii_case(name.as_bytes()));
            found.map(|h| h.value)
        };
        let content_id = named("Content-ID");
        let transfer_encoding = named("Content-Transfer-Encoding");
        let parts = match &media {
            Some(media) if media.is_multipart() => self.parts(media, body, depth + 1)?,
            _ => Vec::new(),
        };
        Ok(Entity { media, disposition, content_id, transfer_encoding, headers, body, parts })
    }

    fn parts<'a>(
        &mut self,
        media: &MediaType<'a>,
        body: &'a [u8],
        depth: usize,
    ) -> Result<Vec<Entity<'a>>, MultipartError> {
        if depth > MAX_DEPTH {
            return Err(MultipartError::TooDeep);
        }
        let boundary = unquote(media.params.value("boundary").ok_or(MultipartError::Boundary)?);
        let fits = |b: &u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(b);
        if boundary.is_empty()
            || boundary.len() > MAX_BOUNDARY
            || boundary.last() == Some(&b' ')
            || !boundary.iter().all(fits)
        {
            return Err(MultipartError::Boundary);
        }
        let delimiter = [b"--", &boundary[..]].concat();
        let mut lines = Delimiters { body, delimiter: &delimiter, from: 0 };
        let Some(mut open) = lines.next() else { return Err(MultipartError::NoPart) };
        if open.closes {
            return Err(MultipartError::NoPart);
        }
        let mut parts = Vec::new();
        loop {
            let next = lines.next().ok_or(MultipartError::Unclosed)?;
            self.parts_left = self.parts_left.checked_sub(1).ok_or(MultipartError::TooMany)?;
            // An empty part shares the CR LF of its opening line with the next one.
            let part = &body[open.end.min(next.start)..next.start];
            parts.push(self.part(part, depth)?);
            if next.closes {
                return Ok(parts);
            }
            open = next;
        }
    }

    fn part<'a>(&mut self, part: &'a [u8], depth: usize) -> Result<Entity<'a>, MultipartError> {
        let (headers, body) = part_headers(part)?;
        let one = |name: &str| -> Result<Option<&'a [u8]>, MultipartError> {
            let mut found = headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name.as_bytes()));
            let first = found.next().map(|h| h.value);
            // Two readers may each believe another of two.
            if found.next().is_some() { Err(MultipartError::Header) } else { Ok(first) }
        };
        let (content_type, disposition) = (one("Content-Type")?, one("Content-Disposition")?);
        self.entity(content_type, disposition, headers, body, depth)
    }
}

fn part_headers(part: &[u8]) -> Result<(Vec<PartHeader<'_>>, &[u8]), MultipartError> {
    let mut headers = Vec::new();
    let mut at = 0;
    loop {
        let start = at;
        let Some(end) = crlf(part, at) else {
            // A part may be nothing, but its headers must end.
            return match part {
                [] => Ok((headers, part)),
                _ => Err(MultipartError::Header),
            };
        };
        if end == start {
            return Ok((headers, &part[end + 2..]));
        }
        let mut line_end = end;
        while matches!(part.get(line_end + 2), Some(b' ' | b'\t')) {
            line_end = crlf(part, line_end + 2).ok_or(MultipartError::Header)?;
        }
        at = line_end + 2;
        let line = &part[start..line_end];
        let colon = memchr::memchr(b':', line).ok_or(MultipartError::Header)?;
        let name = trim(&line[..colon]);
        if !is_token(name) {
            return Err(MultipartError::Header);
        }
        if headers.len() == MAX_PART_HEADERS {
            return Err(MultipartError::TooMany);
        }
        headers.push(PartHeader { name, value: trim(&line[colon + 1..]) });
    }
}

fn crlf(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..)?, b"\r\n").map(|hit| from + hit)
}

/// Delimiter lines of one level.
struct Delimiters<'a, 'd> {
    body: &'a [u8],
    delimiter: &'d [u8],
    from: usize,
}

struct Delimiter {
    /// Where the part before it ends: its own CR LF belongs to the delimiter.
    start: usize,
    /// Where the part after it begins.
    end: usize,
    closes: bool,
}

impl Delimiters<'_, '_> {
    fn next(&mut self) -> Option<Delimiter> {
        loop {
            let hit = self.from + memchr::memmem::find(&self.body[self.from..], self.delimiter)?;
            let after = hit + self.delimiter.len();
            self.from = after;
            let start = match hit {
                0 => 0,
                _ if self.body[..hit].ends_with(b"\r\n") => hit - 2,
                _ => continue,
            };
            let tail = &self.body[after..];
            let (closes, tail) = match tail.strip_prefix(b"--") {
                Some(tail) => (true, tail),
                None => (false, tail),
            };
            let padding = tail.iter().take_while(|b| is_lws(**b) && !b"\r\n".contains(b)).count();
            let end = after + padding + if closes { 2 } else { 0 };
            let line_ends = self.body[end..].starts_with(b"\r\n");
            if line_ends || (closes && end == self.body.len()) {
                self.from = end;
                let end = if line_ends { end + 2 } else { end };
                return Some(Delimiter { start, end, closes });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: Option<&[u8]> = Some(b"multipart/mixed;boundary=\"b 1\"");

    #[test]
    fn parts_are_found_between_preamble_and_epilogue() {
        let body = b"preamble --b 1\r\n--b 1 \t\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\
            \r\n--b 1x\r\n--b 1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\
            Content-Disposition: by-reference;handling=optional\r\nContent-Transfer-Encoding:\r\n\
            \x20binary\r\n\r\n<x/>\r\n--b 1\r\n\r\nplain\r\n--b 1\r\n--b 1--\r\nepilogue\r\n--b 1";
        let entity = Entity::read(MIXED, None, body).unwrap();
        let [sdp, location, plain, empty] = &entity.parts[..] else { panic!("{entity:?}") };
        assert!(sdp.is("APPLICATION", "SDP"));
        assert_eq!(sdp.body, b"v=0\r\n\r\n--b 1x", "a longer line is no delimiter");
        assert_eq!((sdp.disposition.kind, sdp.disposition.required), (&b"session"[..], true));
        assert_eq!(location.body, b"<x/>");
        assert_eq!(location.content_id, Some(&b"<a@b>"[..]));
        assert_eq!(location.transfer_encoding, Some(&b"binary"[..]));
        assert_eq!(location.disposition.kind, b"by-reference");
        assert!(!location.disposition.required);
        assert_eq!((plain.media, plain.body), (None, &b"plain"[..]));
        assert_eq!(plain.disposition.kind, b"render");
        assert_eq!((empty.body, empty.headers.len()), (&b""[..], 0));
        assert_eq!(entity.leaves().len(), 4);
    }

    #[test]
    fn nesting_is_followed_and_bounded() {
        let nest = |levels: usize| {
            let mut body = b"x".to_vec();
            let mut kind = "text/plain".to_owned();
            for level in 0..levels {
                let head = format!("--b{level}\r\nContent-Type: {kind}\r\n\r\n");
                let tail = format!("\r\n--b{level}--");
                body = [head.as_bytes(), &body, tail.as_bytes()].concat();
                kind = format!("multipart/mixed;boundary=b{level}");
            }
            (kind, body)
        };
        let (kind, body) = nest(MAX_DEPTH);
        let entity = Entity::read(Some(kind.as_bytes()), None, &body).unwrap();
        assert_eq!(entity.leaves()[0].body, b"x");
        let (kind, body) = nest(MAX_DEPTH + 1);
        let refused = Entity::read(Some(kind.as_bytes()), None, &body);
        assert_eq!(refused, Err(MultipartError::TooDeep));
    }

    #[test]
    fn what_cannot_be_cut_is_refused() {
        let many = [&b"--b 1\r\n\r\n".repeat(MAX_PARTS + 1)[..], b"\r\n--b 1--"].concat();
        let many = String::from_utf8(many).unwrap().replace("\r\n\r\n--", "\r\n\r\n\r\n--");
        let headers = format!("--b 1\r\n{}\r\n\r\n--b 1--", "A: b\r\n".repeat(33));
        for (kind, body, want) in [
            ("multipart/mixed", "--b--", MultipartError::Boundary),
            ("multipart/mixed;boundary=\"\"", "----", MultipartError::Boundary),
            ("multipart/mixed;boundary=\"a@\"", "--a@--", MultipartError::Boundary),
            ("multipart", "", MultipartError::Header),
            ("multipart/mixed;boundary=b", "", MultipartError::NoPart),
            ("multipart/mixed;boundary=b", "--b--", MultipartError::NoPart),
            ("multipart/mixed;boundary=b", "x--b\r\n\r\n--b--", MultipartError::NoPart),
            ("multipart/mixed;boundary=b", "--b\r\n\r\nx", MultipartError::Unclosed),
            ("multipart/mixed;boundary=b", "--b\r\nx\r\n--b--", MultipartError::Header),
            ("multipart/mixed;boundary=b", "--b\r\nA b\r\n\r\n\r\n--b--", MultipartError::Header),
            (
                "multipart/mixed;boundary=b",
                "--b\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n\r\n--b--",
                MultipartError::Header,
            ),
            ("multipart/mixed;boundary=\"b 1\"", &many, MultipartError::TooMany),
            ("multipart/mixed;boundary=\"b 1\"", &headers, MultipartError::TooMany),
        ] {
            let refused = Entity::read(Some(kind.as_bytes()), None, body.as_bytes());
            assert_eq!(refused, Err(want), "{kind}: {body}");
        }
    }
}
