//! The message parser: one pass over borrowed bytes into spans.
//!
//! Parsing checks all that framing and transactions lean on (start line, line
//! endings, Via, From, To, Call-ID, CSeq, Max-Forwards, Content-Length); every
//! other header is found by name and parsed when asked for. After the first few
//! messages nothing is allocated: the [`Parser`] keeps its span table.

use crate::error::ParseError;
use crate::header::{CSeq, Contact, MAGIC_COOKIE, NameAddr, RAck, Reason, Seconds, Via};
use crate::name::{HeaderName, Method};
use crate::text::{CommaList, is_lws, is_token, parse_u32, trim};
use crate::uri::Uri;

/// Bounds checked before anything is looked at closely. All counts are bytes
/// except `max_headers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whole message, start line to last body byte.
    pub max_message: usize,
    /// Header lines; never more than 254.
    pub max_headers: usize,
    /// One header line with its folds.
    pub max_header_line: usize,
    /// The Request-URI.
    pub max_uri: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_message: 65_535, max_headers: 128, max_header_line: 8_192, max_uri: 2_048 }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn of<'a>(&self, buf: &'a [u8]) -> &'a [u8] {
        &buf[self.start as usize..self.end as usize]
    }
}

#[derive(Debug, Clone, Copy)]
struct HeaderSpan {
    name: HeaderName,
    name_span: Span,
    value: Span,
}

const NONE: u8 = u8::MAX;

/// Reusable scratch of the parser. One per thread is enough.
#[derive(Debug, Clone)]
pub struct Parser {
    limits: Limits,
    headers: Vec<HeaderSpan>,
    first: [u8; HeaderName::COUNT],
    folded: bool,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Parser {
    /// A parser with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            headers: Vec::with_capacity(32),
            first: [NONE; HeaderName::COUNT],
            folded: false,
        }
    }

    /// The limits it was made with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Parses one whole message: a datagram, or what
    /// [`StreamFramer`](crate::StreamFramer) cut from a stream. CR LF before the
    /// start line is skipped (RFC 3261 section 7.5), bytes after Content-Length
    /// are ignored (section 18.3).
    ///
    /// # Errors
    /// [`ParseError`], which knows its code, response status, rule and remedy.
    pub fn parse<'a>(&'a mut self, buf: &'a [u8]) -> Result<Message<'a>, ParseError> {
        if buf.len() > self.limits.max_message {
            return Err(ParseError::MessageTooLarge);
        }
        let mut at = 0;
        while buf[at..].starts_with(b"\r\n") {
            at += 2;
        }
        let line_end = find_line_end(buf, at)?;
        let (start, uri) = parse_start_line(&buf[at..line_end], self.limits.max_uri)?;
        self.headers.clear();
        self.first = [NONE; HeaderName::COUNT];
        self.folded = false;
        let body_at = self.scan_headers(buf, line_end + 2)?;
        self.finish(buf, start, uri, body_at)
    }

    fn scan_headers(&mut self, buf: &[u8], mut at: usize) -> Result<usize, ParseError> {
        let max_headers = self.limits.max_headers.min(usize::from(NONE) - 1);
        loop {
            let start = at;
            let mut end = find_line_end(buf, at)?;
            if end == start {
                return Ok(end + 2);
            }
            while matches!(buf.get(end + 2), Some(b' ' | b'\t')) {
                end = find_line_end(buf, end + 2)?;
                self.folded = true;
            }
            at = end + 2;
            if end - start > self.limits.max_header_line {
                return Err(ParseError::HeaderLineTooLong);
            }
            if self.headers.len() >= max_headers {
                return Err(ParseError::TooManyHeaders);
            }
            let line = &buf[start..end];
            // Names are too short for anything cleverer.
            let colon = line.iter().position(|b| *b == b':').ok_or(ParseError::HeaderLine)?;
            let mut name_end = colon;
            while name_end > 0 && matches!(line[name_end - 1], b' ' | b'\t') {
                name_end -= 1;
            }
            let name_bytes = &line[..name_end];
            let name = HeaderName::from_bytes(name_bytes);
            if name == HeaderName::Other && !is_token(name_bytes) {
                return Err(ParseError::HeaderLine);
            }
            let (mut from, mut to) = (start + colon + 1, end);
            while from < to && is_lws(buf[from]) {
                from += 1;
            }
            while to > from && is_lws(buf[to - 1]) {
                to -= 1;
            }
            let slot = &mut self.first[name as usize];
            if *slot == NONE {
                *slot = self.headers.len() as u8;
            } else if name == HeaderName::ContentLength {
                return Err(ParseError::ContentLengthRepeated);
            } else if single(name) {
                return Err(ParseError::Repeated(name));
            }
            self.headers.push(HeaderSpan {
                name,
                name_span: span(start, start + name_end),
                value: span(from, to),
            });
        }
    }

    fn finish<'a>(
        &'a self,
        buf: &'a [u8],
        start: StartLine<'a>,
        uri: Option<Uri<'a>>,
        body_at: usize,
    ) -> Result<Message<'a>, ParseError> {
        let value = |name: HeaderName| -> Result<&'a [u8], ParseError> {
            match self.first[name as usize] {
                NONE => Err(ParseError::Missing(name)),
                at => Ok(self.headers[usize::from(at)].value.of(buf)),
            }
        };
        let malformed = ParseError::Malformed;
        let mut via = None;
        for header in self.headers.iter().filter(|h| h.name == HeaderName::Via) {
            for one in CommaList::new(header.value.of(buf)) {
                let parsed = Via::parse(one).ok_or(malformed(HeaderName::Via))?;
                via.get_or_insert(parsed);
            }
        }
        let via = via.ok_or(ParseError::Missing(HeaderName::Via))?;
        if via.branch.is_some_and(|b| b.len() == MAGIC_COOKIE.len()) && via.has_magic_cookie() {
            return Err(ParseError::Branch);
        }
        let addr = |name| NameAddr::parse(value(name)?).ok_or(malformed(name));
        let from = addr(HeaderName::From)?;
        let to = addr(HeaderName::To)?;
        let call_id = value(HeaderName::CallId)?;
        if call_id.is_empty()
            || call_id.iter().fold(false, |any, &b| any | (b <= b' ') | (b == 0x7f))
        {
            return Err(malformed(HeaderName::CallId));
        }
        let cseq = CSeq::parse(value(HeaderName::CSeq)?).ok_or(malformed(HeaderName::CSeq))?;
        if let StartLine::Request { method, .. } = &start
            && *method != cseq.method
        {
            return Err(match method {
                Method::Other(_) => ParseError::UnknownMethod,
                _ => ParseError::CSeqMethod,
            });
        }
        let max_forwards = match value(HeaderName::MaxForwards) {
            Err(_) => None,
            Ok(text) => Some(
                parse_u32(text)
                    .and_then(|n| u8::try_from(n).ok())
                    .ok_or(malformed(HeaderName::MaxForwards))?,
            ),
        };
        let rest = &buf[body_at..];
        let body = match value(HeaderName::ContentLength) {
            Err(_) => rest,
            Ok(text) => {
                let length = parse_content_length(text)?;
                rest.get(..length).ok_or(ParseError::BodyTruncated)?
            }
        };
        Ok(Message {
            buf,
            headers: &self.headers,
            first: &self.first,
            folded: self.folded,
            start,
            uri,
            via,
            from,
            to,
            call_id,
            cseq,
            max_forwards,
            body,
        })
    }
}

pub(crate) fn parse_content_length(text: &[u8]) -> Result<usize, ParseError> {
    parse_u32(text).map(|n| n as usize).ok_or(ParseError::ContentLength)
}

fn span(start: usize, end: usize) -> Span {
    // Messages are bounded by `Limits::max_message` long before u32 matters, but a
    // caller may set that limit to anything.
    Span { start: start as u32, end: end as u32 }
}

fn single(name: HeaderName) -> bool {
    matches!(
        name,
        HeaderName::From
            | HeaderName::To
            | HeaderName::CallId
            | HeaderName::CSeq
            | HeaderName::MaxForwards
            | HeaderName::ContentType
            | HeaderName::Expires
            | HeaderName::RSeq
            | HeaderName::RAck
            | HeaderName::SessionExpires
            | HeaderName::Event
            | HeaderName::ReferTo
            | HeaderName::Replaces
    )
}

/// Index of the CR of the line that starts at `from`.
fn find_line_end(buf: &[u8], from: usize) -> Result<usize, ParseError> {
    let rest = buf.get(from..).ok_or(ParseError::Truncated)?;
    let hit = memchr::memchr2(b'\r', b'\n', rest).ok_or(ParseError::Truncated)?;
    match (rest[hit], rest.get(hit + 1)) {
        (b'\r', Some(b'\n')) => Ok(from + hit),
        (b'\r', None) => Err(ParseError::Truncated),
        _ => Err(ParseError::LineEnding),
    }
}

/// The start line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// `METHOD uri SIP/2.0`
    Request {
        /// Method.
        method: Method<'a>,
        /// Request-URI as written; its scheme may be unknown to us.
        uri: &'a [u8],
    },
    /// `SIP/2.0 status reason`
    Response {
        /// Status code, 100 to 699.
        status: u16,
        /// Reason phrase, possibly empty.
        reason: &'a [u8],
    },
}

/// The start line, and the URI of a request.
fn parse_start_line(
    line: &[u8],
    max_uri: usize,
) -> Result<(StartLine<'_>, Option<Uri<'_>>), ParseError> {
    if line.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/")) {
        let space = memchr::memchr(b' ', line).ok_or(ParseError::StartLine)?;
        check_version(&line[..space])?;
        let rest = &line[space + 1..];
        let (code, reason) = match memchr::memchr(b' ', rest) {
            Some(space) => (&rest[..space], &rest[space + 1..]),
            None => return Err(ParseError::StartLine),
        };
        let status = match code {
            [b'1'..=b'6', _, _] => parse_u32(code).ok_or(ParseError::StatusCode)? as u16,
            _ => return Err(ParseError::StatusCode),
        };
        return Ok((StartLine::Response { status, reason }, None));
    }
    let first = memchr::memchr(b' ', line).ok_or(ParseError::StartLine)?;
    let last = memchr::memrchr(b' ', line).ok_or(ParseError::StartLine)?;
    let method = &line[..first];
    if !is_token(method) || last <= first {
        return Err(ParseError::StartLine);
    }
    let version = &line[last + 1..];
    if !version.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/")) {
        return Err(ParseError::StartLine);
    }
    check_version(version)?;
    let uri = &line[first + 1..last];
    if uri.len() > max_uri {
        return Err(ParseError::UriTooLong);
    }
    // Header fields have no place in a Request-URI (RFC 3261 section 19.1.1).
    match Uri::parse(uri) {
        Ok(Uri::Sip(sip)) if sip.headers.is_some() => Err(ParseError::RequestUri),
        Ok(parsed) => {
            let method = Method::from_bytes(method);
            Ok((StartLine::Request { method, uri }, Some(parsed)))
        }
        Err(_) => Err(ParseError::RequestUri),
    }
}

fn check_version(version: &[u8]) -> Result<(), ParseError> {
    match version.get(4..) {
        Some(b"2.0") => Ok(()),
        Some(number) => {
            let mut halves = number.splitn(2, |&b| b == b'.');
            let digits = |half: Option<&[u8]>| {
                half.is_some_and(|h| !h.is_empty() && h.iter().all(u8::is_ascii_digit))
            };
            let shaped = digits(halves.next()) && digits(halves.next());
            Err(if shaped { ParseError::Version } else { ParseError::StartLine })
        }
        None => Err(ParseError::StartLine),
    }
}

/// A parsed message: views into the bytes it was parsed from.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    buf: &'a [u8],
    headers: &'a [HeaderSpan],
    first: &'a [u8; HeaderName::COUNT],
    folded: bool,
    start: StartLine<'a>,
    uri: Option<Uri<'a>>,
    via: Via<'a>,
    from: NameAddr<'a>,
    to: NameAddr<'a>,
    call_id: &'a [u8],
    cseq: CSeq<'a>,
    max_forwards: Option<u8>,
    body: &'a [u8],
}

/// One header line: its name as known, as written, and its raw value (folds still
/// inside).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Known name, or [`HeaderName::Other`].
    pub name: HeaderName,
    /// Name as written; may be a compact form.
    pub name_text: &'a [u8],
    /// Value without surrounding white space.
    pub value: &'a [u8],
}

/// Why a header could not be read: present, but against its grammar.
pub type HeaderResult<T> = Result<Option<T>, ParseError>;

impl<'a> Message<'a> {
    /// The start line.
    pub fn start(&self) -> &StartLine<'a> {
        &self.start
    }

    /// Whether this is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// The method of the transaction: of the request line, or for a response of
    /// its CSeq.
    pub fn method(&self) -> Method<'a> {
        self.cseq.method
    }

    /// Status code of a response, `None` for a request.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Response { status, .. } => Some(status),
            StartLine::Request { .. } => None,
        }
    }

    /// Reason phrase of a response, empty for a request.
    pub fn reason_phrase(&self) -> &'a [u8] {
        match self.start {
            StartLine::Response { reason, .. } => reason,
            StartLine::Request { .. } => b"",
        }
    }

    /// Request-URI as written, empty for a response.
    pub fn request_uri(&self) -> &'a [u8] {
        match self.start {
            StartLine::Request { uri, .. } => uri,
            StartLine::Response { .. } => b"",
        }
    }

    /// Request-URI, parsed; `None` for a response.
    pub fn parsed_request_uri(&self) -> Option<Uri<'a>> {
        self.uri
    }

    /// Whether a header line is continued on the next (RFC 3261 section 7.3.1), so
    /// that values may hold line ends.
    pub fn is_folded(&self) -> bool {
        self.folded
    }

    /// Topmost Via.
    pub fn via(&self) -> &Via<'a> {
        &self.via
    }

    /// From.
    pub fn from(&self) -> &NameAddr<'a> {
        &self.from
    }

    /// To.
    pub fn to(&self) -> &NameAddr<'a> {
        &self.to
    }

    /// Tag of From; absent only from RFC 2543 elements.
    pub fn from_tag(&self) -> Option<&'a [u8]> {
        self.from.tag
    }

    /// Tag of To; absent from a request outside a dialog.
    pub fn to_tag(&self) -> Option<&'a [u8]> {
        self.to.tag
    }

    /// Call-ID.
    pub fn call_id(&self) -> &'a [u8] {
        self.call_id
    }

    /// CSeq.
    pub fn cseq(&self) -> &CSeq<'a> {
        &self.cseq
    }

    /// Max-Forwards; absent from RFC 2543 elements, which counts as 70.
    pub fn max_forwards(&self) -> Option<u8> {
        self.max_forwards
    }

    /// Body, of the length Content-Length says or, without one, to the end.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The bytes it was parsed from.
    pub fn bytes(&self) -> &'a [u8] {
        self.buf
    }

    /// Every header line in order.
    pub fn headers(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let buf = self.buf;
        self.headers.iter().map(move |h| Header {
            name: h.name,
            name_text: h.name_span.of(buf),
            value: h.value.of(buf),
        })
    }

    /// Raw value of the first line of that name.
    pub fn header(&self, name: HeaderName) -> Option<&'a [u8]> {
        match self.first[name as usize] {
            NONE => None,
            at => Some(self.headers[usize::from(at)].value.of(self.buf)),
        }
    }

    /// Raw value of each line of that name.
    pub fn header_all(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let start = match self.first[name as usize] {
            NONE => self.headers.len(),
            at => usize::from(at),
        };
        let buf = self.buf;
        self.headers[start..].iter().filter(move |h| h.name == name).map(move |h| h.value.of(buf))
    }

    /// Each value of that name, comma lists split. Not for headers whose grammar
    /// uses commas otherwise (`Authorization`, `Date`, `WWW-Authenticate`).
    pub fn header_values(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.header_all(name).flat_map(CommaList::new).filter(|value| !value.is_empty())
    }

    /// Raw value of the first line with that text name (any header, no case).
    pub fn header_named(&self, name: &str) -> Option<&'a [u8]> {
        match HeaderName::from_bytes(name.as_bytes()) {
            HeaderName::Other => self
                .headers()
                .find(|h| h.name_text.eq_ignore_ascii_case(name.as_bytes()))
                .map(|h| h.value),
            known => self.header(known),
        }
    }

    /// Whether `Require`, `Supported`, `Allow` or the like lists `token`.
    pub fn lists(&self, name: HeaderName, token: &str) -> bool {
        self.header_values(name).any(|v| v.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Every Via value, topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Via<'a>> + use<'a> {
        self.header_values(HeaderName::Via).filter_map(Via::parse)
    }

    /// First Contact.
    ///
    /// # Errors
    /// [`ParseError::Malformed`] if it is there but unreadable.
    pub fn contact(&self) -> HeaderResult<Contact<'a>> {
        self.contacts().next().transpose()
    }

    /// Each Contact.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'a>, ParseError>> + use<'a> {
        self.header_values(HeaderName::Contact)
            .map(|v| Contact::parse(v).ok_or(ParseError::Malformed(HeaderName::Contact)))
    }

    /// Each address of Route, Record-Route, P-Asserted-Identity and the like.
    pub fn addresses(
        &self,
        name: HeaderName,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + use<'a> {
        self.header_values(name).map(move |v| NameAddr::parse(v).ok_or(ParseError::Malformed(name)))
    }

    fn typed<T>(&self, name: HeaderName, f: impl Fn(&'a [u8]) -> Option<T>) -> HeaderResult<T> {
        match self.header(name) {
            None => Ok(None),
            Some(value) => f(value).map(Some).ok_or(ParseError::Malformed(name)),
        }
    }

    /// `Expires`, `Min-Expires`, `Retry-After`, `Session-Expires` or `Min-SE`.
    ///
    /// # Errors
    /// [`ParseError::Malformed`] if it is there but unreadable.
    pub fn seconds(&self, name: HeaderName) -> HeaderResult<Seconds<'a>> {
        self.typed(name, Seconds::parse)
    }

    /// RSeq (RFC 3262).
    ///
    /// # Errors
    /// [`ParseError::Malformed`] if it is there but unreadable.
    pub fn rseq(&self) -> HeaderResult<u32> {
        self.typed(HeaderName::RSeq, parse_u32)
    }

    /// RAck (RFC 3262).
    ///
    /// # Errors
    /// [`ParseError::Malformed`] if it is there but unreadable.
    pub fn rack(&self) -> HeaderResult<RAck<'a>> {
        self.typed(HeaderName::RAck, RAck::parse)
    }

    /// First Reason (RFC 3326).
    ///
    /// # Errors
    /// [`ParseError::Malformed`] if it is there but unreadable.
    pub fn reason(&self) -> HeaderResult<Reason<'a>> {
        self.typed(HeaderName::Reason, |v| CommaList::new(v).next().and_then(Reason::parse))
    }

    /// Media type of the body without parameters, such as `application/sdp`.
    pub fn content_type(&self) -> Option<&'a [u8]> {
        let value = self.header(HeaderName::ContentType)?;
        Some(trim(&value[..memchr::memchr(b';', value).unwrap_or(value.len())]))
    }

    /// Whether the body is SDP.
    pub fn has_sdp(&self) -> bool {
        !self.body.is_empty()
            && self.content_type().is_some_and(|t| t.eq_ignore_ascii_case(b"application/sdp"))
    }
}
