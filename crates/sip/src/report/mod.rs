//! What one datagram is, in full: every header read, every deviation named, and
//! the answer a server would give. For people and tests; the call path uses
//! [`Parser`](crate::Parser) alone.
//!
//! Strict wherever RFC 4475 leaves the choice. Unknown methods, URI schemes and
//! header fields are no fault. Whatever the parser refuses is rejected here too.

mod answer;
mod body;
mod headers;
mod scan;
mod tree;
mod uris;

pub use answer::{OPTIONS, unsupported_options};
pub use body::BodyReport;
pub use tree::Tree;

use crate::error::ParseError;
use crate::msg::{Limits, Parser};
use crate::name::HeaderName;

/// Most deviations kept; a message made of faults need not fill a screen.
pub const MAX_DEVIATIONS: usize = 100;

/// Whether a message is one to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is a SIP message; a server may still refuse what it asks.
    Accept,
    /// It is none, or one a strict server refuses to read.
    Reject,
}

/// The start line, as far as it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLineReport<'a> {
    /// Of a request.
    Request {
        /// Method as written.
        method: &'a [u8],
        /// Request-URI as written.
        uri: &'a [u8],
        /// `SIP/2.0`, as written.
        version: &'a [u8],
    },
    /// Of a response.
    Response {
        /// `SIP/2.0`, as written.
        version: &'a [u8],
        /// Status code as written.
        status: &'a [u8],
        /// Reason phrase.
        reason: &'a [u8],
    },
}

/// One header line.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderReport<'a> {
    /// Long name of a known header, the name as written of any other.
    pub name: std::borrow::Cow<'a, [u8]>,
    /// Name as written.
    pub written: &'a [u8],
    /// Value, unfolded.
    pub value: std::borrow::Cow<'a, [u8]>,
    /// What it says, if its grammar is known here and it follows it.
    pub parsed: Option<Tree<'a>>,
}

/// One departure from the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Stable machine-readable code.
    pub code: &'static str,
    /// The rule, as `RFC 3261 section 20.14`.
    pub rule: &'static str,
    /// Header field or part of the message concerned.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// Whether the message is rejected for it.
    pub fatal: bool,
}

/// Why a server would not do what a well-formed request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The rule, as `RFC 3261 section 8.2.2.1`.
    pub rule: &'static str,
    /// In words.
    pub reason: &'static str,
}

/// All there is to say about a datagram.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<'a> {
    /// Whether it is accepted.
    pub verdict: Verdict,
    /// What a server with nothing against the sender would answer: `None` for a
    /// response and an ACK, which are never answered.
    pub response_code: Option<u16>,
    /// Why, if it is neither success nor the deviations' doing.
    pub refusal: Option<Refusal>,
    /// Start line; `None` if it is neither kind.
    pub start_line: Option<StartLineReport<'a>>,
    /// Header lines in order.
    pub headers: Vec<HeaderReport<'a>>,
    /// The body; `None` without one.
    pub body: Option<BodyReport<'a>>,
    /// What is against the rules, in order of the message.
    pub deviations: Vec<Deviation>,
}

/// The list deviations are noted in.
#[derive(Default)]
struct Notes {
    list: Vec<Deviation>,
    fatal: bool,
}

impl Notes {
    fn add(
        &mut self,
        fatal: bool,
        code: &'static str,
        rule: &'static str,
        field: Option<&[u8]>,
        reason: impl Into<String>,
    ) {
        self.fatal |= fatal;
        // What rejects a message must be named however many oddities came before.
        if self.list.len() >= MAX_DEVIATIONS && !(fatal && self.list.iter().all(|d| !d.fatal)) {
            return;
        }
        let field = field.map(|f| String::from_utf8_lossy(f).into_owned());
        self.list.push(Deviation { code, rule, field, reason: reason.into(), fatal });
    }

    /// A header value against its grammar.
    fn malformed(&mut self, field: &[u8], rule: &'static str, reason: impl Into<String>) {
        self.add(true, "sip-header-malformed", rule, Some(field), reason);
    }

    /// What a receiver takes all the same.
    fn odd(&mut self, code: &'static str, rule: &'static str, field: &[u8], reason: &str) {
        self.add(false, code, rule, Some(field), reason);
    }
}

impl<'a> Report<'a> {
    /// Reads one datagram.
    pub fn of(bytes: &'a [u8], limits: &Limits) -> Self {
        let mut parser = Parser::new(*limits);
        let parsed = parser.parse(bytes);
        let error = parsed.as_ref().err().copied();
        let body_len = parsed.as_ref().ok().map(|m| m.body().len());
        let mut notes = Notes::default();
        if let Some(error) = &error {
            let field = error.field().map(HeaderName::as_str).map(str::as_bytes);
            notes.add(true, error.code(), error.rule(), field, error.remedy());
        }
        let readable = &bytes[..bytes.len().min(limits.max_message)];
        let scan = scan::Scan::of(readable, &mut notes);
        let headers = scan.headers(&mut notes, error);
        scan.whole_message(&mut notes);
        let body = scan.body(body_len);
        let body = body::read(&scan, body, &mut notes);
        let (response_code, refusal) = answer::answer(&scan, error, &notes, body.as_ref());
        let verdict = if notes.fatal { Verdict::Reject } else { Verdict::Accept };
        Self {
            verdict,
            response_code,
            refusal,
            start_line: scan.start,
            headers,
            body,
            deviations: notes.list,
        }
    }
}

/// Whether the parser has already said this of a header.
fn said(error: Option<ParseError>, name: HeaderName) -> bool {
    matches!(error, Some(ParseError::Malformed(n)) if n == name)
}
