//! The writer: requests and responses into a reused buffer.

use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;

use crate::error::ParseError;
use crate::header::Via;
use crate::msg::{Header, Message};
use crate::name::{HeaderName, Method};
use crate::text::{CommaList, push_ip, push_number};

/// What to do with one header of the message being copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy<'v> {
    /// Write it as it stands.
    Keep,
    /// Leave it out.
    Skip,
    /// Write it with this value instead.
    Replace(&'v [u8]),
}

/// Writes one message into a `Vec<u8>` that its owner reuses.
///
/// Values are guarded against header injection: CR and LF in them become spaces.
/// `Content-Length` is written by [`body`](Self::body) and
/// [`finish`](Self::finish), so copying must leave it out (the copy functions
/// do).
#[derive(Debug)]
pub struct MessageBuilder<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> MessageBuilder<'b> {
    /// Starts a request; `out` is cleared.
    pub fn request(out: &'b mut Vec<u8>, method: Method<'_>, uri: &[u8]) -> Self {
        out.clear();
        let mut builder = Self { out };
        builder.raw(method.as_bytes());
        builder.raw(b" ");
        builder.guarded(uri);
        builder.raw(b" SIP/2.0\r\n");
        builder
    }

    /// Starts a response; `out` is cleared. Headers are the caller's.
    pub fn response(out: &'b mut Vec<u8>, status: u16, reason: &str) -> Self {
        out.clear();
        let mut builder = Self { out };
        builder.raw(b"SIP/2.0 ");
        builder.number(u64::from(status));
        builder.raw(b" ");
        builder.guarded(reason.as_bytes());
        builder.raw(b"\r\n");
        builder
    }

    /// Starts the response to `request` with all Via values, From, To, Call-ID and
    /// CSeq (RFC 3261 section 8.2.6). `out` is cleared.
    ///
    /// With `source`, the topmost Via gets `received` and `rport` as RFC 3261
    /// section 18.2.1 and RFC 3581 say. `to_tag` is added unless To has a tag or
    /// the status is 100.
    pub fn response_to(
        out: &'b mut Vec<u8>,
        request: &Message<'_>,
        status: u16,
        reason: &str,
        to_tag: Option<&[u8]>,
        source: Option<SocketAddr>,
    ) -> Self {
        let mut builder = Self::response(out, status, reason);
        builder.answering(request, source, to_tag.filter(|_| status != 100));
        builder
    }

    /// What a response repeats of its request; returns where a tag of To ends, or
    /// would.
    fn answering(
        &mut self,
        request: &Message<'_>,
        source: Option<SocketAddr>,
        to_tag: Option<&[u8]>,
    ) -> usize {
        let mut top = true;
        for line in request.header_all(HeaderName::Via) {
            for value in CommaList::new(line) {
                self.raw(b"Via: ");
                match source {
                    Some(source) if top => self.via_received(request.via(), source),
                    _ => self.read(request, value),
                }
                self.raw(b"\r\n");
                top = false;
            }
        }
        self.raw(b"From: ");
        self.read(request, request.from().raw);
        self.raw(b"\r\nTo: ");
        self.read(request, request.to().raw);
        if let (None, Some(tag)) = (request.to_tag(), to_tag) {
            self.raw(b";tag=");
            self.guarded(tag);
        }
        let to_end = self.out.len();
        self.raw(b"\r\nCall-ID: ");
        self.raw(request.call_id());
        for value in request.header_all(HeaderName::CSeq) {
            self.raw(b"\r\nCSeq: ");
            self.read(request, value);
        }
        self.raw(b"\r\n");
        to_end
    }

    /// Starts a response from a [`ResponseHead`]: the same bytes as
    /// [`response_to`](Self::response_to) writes. `out` is cleared.
    pub fn response_from(
        out: &'b mut Vec<u8>,
        head: &ResponseHead,
        status: u16,
        reason: &str,
        to_tag: Option<&[u8]>,
    ) -> Self {
        let mut builder = Self::response(out, status, reason);
        let (before, after) = head.bytes.split_at(head.to_end);
        builder.raw(before);
        if let (false, Some(tag)) = (head.tagged || status == 100, to_tag) {
            builder.raw(b";tag=");
            builder.guarded(tag);
        }
        builder.raw(after);
        builder
    }

    fn via_received(&mut self, via: &Via<'_>, source: SocketAddr) {
        let start = self.out.len();
        self.raw(b"SIP/2.0/");
        self.raw(via.transport);
        self.raw(b" ");
        self.raw(via.sent_by);
        for param in via.params.iter() {
            let skipped = param.name.eq_ignore_ascii_case(b"received")
                || param.name.eq_ignore_ascii_case(b"rport");
            if !skipped {
                self.raw(b";");
                self.raw(param.name);
                if let Some(value) = param.value {
                    self.raw(b"=");
                    self.raw(value);
                }
            }
        }
        if via.rport.is_some() || !via.sent_by_is(source.ip()) {
            self.raw(b";received=");
            push_ip(self.out, source.ip());
        }
        if via.rport.is_some() {
            self.raw(b";rport=");
            self.number(u64::from(source.port()));
        }
        self.guard_from(start);
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn number(&mut self, number: u64) {
        push_number(self.out, number);
    }

    fn format(&mut self, args: fmt::Arguments<'_>) {
        self.out.write_fmt(args).expect("writing to a Vec cannot fail");
    }

    fn guarded(&mut self, bytes: &[u8]) {
        let start = self.out.len();
        self.out.extend_from_slice(bytes);
        self.guard_from(start);
    }

    fn guard_from(&mut self, start: usize) {
        guard(&mut self.out[start..]);
    }

    /// What was read from a message: its values hold no line ends but those of
    /// folds.
    fn read(&mut self, from: &Message<'_>, bytes: &[u8]) {
        if from.is_folded() {
            self.guarded(bytes);
        } else {
            self.raw(bytes);
        }
    }

    /// Adds `Via: SIP/2.0/TRANSPORT sent-by;branch=...;rport`.
    pub fn via(mut self, transport: &str, sent_by: impl AsRef<[u8]>, branch: &[u8]) -> Self {
        self.raw(b"Via: SIP/2.0/");
        let start = self.out.len();
        self.raw(transport.as_bytes());
        self.raw(b" ");
        self.raw(sent_by.as_ref());
        self.raw(b";branch=");
        self.raw(branch);
        self.guard_from(start);
        self.raw(b";rport\r\n");
        self
    }

    /// Adds a known header.
    pub fn header(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        self.raw(name.as_str().as_bytes());
        self.raw(b": ");
        self.guarded(value.as_ref());
        self.raw(b"\r\n");
        self
    }

    /// Adds a header by its text name.
    pub fn header_named(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let start = self.out.len();
        self.raw(name.as_bytes());
        self.raw(b": ");
        self.raw(value.as_ref());
        self.guard_from(start);
        self.raw(b"\r\n");
        self
    }

    /// Adds a known header with a formatted value: `fmt(name, format_args!(...))`.
    pub fn header_fmt(mut self, name: HeaderName, value: fmt::Arguments<'_>) -> Self {
        self.raw(name.as_str().as_bytes());
        self.raw(b": ");
        let start = self.out.len();
        self.format(value);
        self.guard_from(start);
        self.raw(b"\r\n");
        self
    }

    /// Adds `CSeq`.
    pub fn cseq(mut self, number: u32, method: Method<'_>) -> Self {
        self.raw(b"CSeq: ");
        self.number(u64::from(number));
        self.raw(b" ");
        self.guarded(method.as_bytes());
        self.raw(b"\r\n");
        self
    }

    /// Adds a known header whose value is a number.
    pub fn header_number(mut self, name: HeaderName, number: u32) -> Self {
        self.raw(name.as_str().as_bytes());
        self.raw(b": ");
        self.number(u64::from(number));
        self.raw(b"\r\n");
        self
    }

    /// Adds a header whose value is these pieces in a row, such as
    /// `[b"<", uri, b">;tag=", tag]`.
    pub fn header_parts(mut self, name: HeaderName, parts: &[&[u8]]) -> Self {
        self.raw(name.as_str().as_bytes());
        self.raw(b": ");
        let start = self.out.len();
        for part in parts {
            self.raw(part);
        }
        self.guard_from(start);
        self.raw(b"\r\n");
        self
    }

    /// Copies every line of that name.
    pub fn copy(mut self, from: &Message<'_>, name: HeaderName) -> Self {
        for value in from.header_all(name) {
            self = self.header(name, value);
        }
        self
    }

    /// Copies headers in order, asking `decide` about each; `Content-Length` is
    /// always left out. Known names are written in long form.
    pub fn copy_headers<'m, 'v>(
        mut self,
        from: &Message<'m>,
        mut decide: impl FnMut(&Header<'m>) -> Copy<'v>,
    ) -> Self {
        for header in from.headers() {
            if header.name == HeaderName::ContentLength {
                continue;
            }
            let decided = decide(&header);
            let value = match decided {
                Copy::Skip => continue,
                Copy::Keep => header.value,
                Copy::Replace(value) => value,
            };
            match header.name {
                HeaderName::Other => self.raw(header.name_text),
                known => self.raw(known.as_str().as_bytes()),
            }
            self.raw(b": ");
            match decided {
                Copy::Keep => self.read(from, value),
                _ => self.guarded(value),
            }
            self.raw(b"\r\n");
        }
        self
    }

    /// Ends the message with a body of this type.
    pub fn body(self, content_type: &str, body: &[u8]) {
        self.header(HeaderName::ContentType, content_type).body_raw(body);
    }

    /// Ends the message with the body of another whose `Content-Type` has been
    /// copied already (or that has none).
    pub fn body_raw(mut self, body: &[u8]) {
        self.raw(b"Content-Length: ");
        self.number(body.len() as u64);
        self.raw(b"\r\n\r\n");
        self.raw(body);
    }

    /// Ends the message without a body.
    pub fn finish(self) {
        self.body_raw(b"");
    }
}

/// What all responses to one request begin with, kept so that the request need
/// not be read again for each.
#[derive(Debug, Default)]
pub struct ResponseHead {
    bytes: Vec<u8>,
    to_end: usize,
    tagged: bool,
}

impl ResponseHead {
    /// The head of responses to `request`, written into `out`; see
    /// [`MessageBuilder::response_to`].
    pub fn new(mut out: Vec<u8>, request: &Message<'_>, source: Option<SocketAddr>) -> Self {
        out.clear();
        let to_end = MessageBuilder { out: &mut out }.answering(request, source, None);
        Self { bytes: out, to_end, tagged: request.to_tag().is_some() }
    }

    /// Its memory, for reuse.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether it was made from a request.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

fn guard(bytes: &mut [u8]) {
    if memchr::memchr2(b'\r', b'\n', bytes).is_some() {
        for b in bytes.iter_mut().filter(|b| matches!(b, b'\r' | b'\n')) {
            *b = b' ';
        }
    }
}

/// Writes the answer to a request that did not parse: the status of `error` and
/// whatever of Via, From, To, Call-ID and CSeq can be found. Returns `false`,
/// with `out` empty, when nothing should be answered: a response, an ACK, or no
/// Via to send it back by.
pub fn answer_unparsable(
    out: &mut Vec<u8>,
    bytes: &[u8],
    error: &ParseError,
    source: SocketAddr,
    to_tag: &[u8],
) -> bool {
    out.clear();
    let head = &bytes[..bytes.len().min(16_384)];
    let mut lines = head.split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let Some(first) = lines.by_ref().find(|l| !l.is_empty()) else { return false };
    let is_request = memchr::memmem::find(first, b" ").is_some()
        && !first.starts_with(b"SIP/")
        && !first.starts_with(b"ACK ");
    if !is_request {
        return false;
    }
    let status = error.status();
    let mut builder = MessageBuilder::response(out, status, reason_phrase(status));
    let mut via_seen = false;
    let mut seen = [false; HeaderName::COUNT];
    for line in lines {
        if line.is_empty() {
            break;
        }
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let name = HeaderName::from_bytes(crate::text::trim(&line[..colon]));
        let value = crate::text::trim(&line[colon + 1..]);
        match name {
            HeaderName::Via => {
                for one in CommaList::new(value) {
                    builder.raw(b"Via: ");
                    match Via::parse(one) {
                        Some(via) if !via_seen => builder.via_received(&via, source),
                        _ => builder.guarded(one),
                    }
                    builder.raw(b"\r\n");
                    via_seen = true;
                }
            }
            HeaderName::From | HeaderName::To | HeaderName::CallId | HeaderName::CSeq
                if !seen[name as usize] =>
            {
                seen[name as usize] = true;
                builder.raw(name.as_str().as_bytes());
                builder.raw(b": ");
                builder.guarded(value);
                let tagged = memchr::memmem::find(value, b"tag=").is_some();
                if name == HeaderName::To && !tagged {
                    builder.raw(b";tag=");
                    builder.guarded(to_tag);
                }
                builder.raw(b"\r\n");
            }
            _ => {}
        }
    }
    builder.header_named("Warning", format!("399 - \"{error}\"")).finish();
    if !via_seen {
        out.clear();
    }
    via_seen
}

/// The usual reason phrase of a status code (RFC 3261 section 21 and extensions).
pub fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        493 => "Undecipherable",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ if status < 200 => "Progress",
        _ if status < 300 => "OK",
        _ if status < 400 => "Redirection",
        _ if status < 500 => "Client Error",
        _ if status < 600 => "Server Error",
        _ => "Global Failure",
    }
}
