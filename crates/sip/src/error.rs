//! What can be wrong with a message, and what a server would say about it.

use crate::name::HeaderName;

/// Why bytes are not a SIP message this crate accepts.
///
/// Each kind has a stable [`code`](ParseError::code), the
/// [`status`](ParseError::status) a server would answer with, the
/// [`rule`](ParseError::rule) it breaks, and a [`remedy`](ParseError::remedy).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// The message is larger than [`Limits::max_message`](crate::Limits::max_message).
    MessageTooLarge,
    /// More header lines than [`Limits::max_headers`](crate::Limits::max_headers).
    TooManyHeaders,
    /// A header line longer than [`Limits::max_header_line`](crate::Limits::max_header_line).
    HeaderLineTooLong,
    /// The Request-URI is longer than [`Limits::max_uri`](crate::Limits::max_uri).
    UriTooLong,
    /// The bytes end before the empty line that closes the header section.
    Truncated,
    /// The start line is neither a request line nor a status line.
    StartLine,
    /// The Request-URI is not a URI.
    RequestUri,
    /// The version is not SIP/2.0.
    Version,
    /// The status code is not three digits from 100 to 699.
    StatusCode,
    /// A header line has no name, no colon, or a name that is not a token.
    HeaderLine,
    /// A CR or LF stands alone in the header section.
    LineEnding,
    /// A header field every message needs is absent.
    Missing(HeaderName),
    /// A header field that may appear once appears twice.
    Repeated(HeaderName),
    /// A header field value does not follow its grammar.
    Malformed(HeaderName),
    /// CSeq names another method than the request line.
    CSeqMethod,
    /// CSeq names another method than the request line, which nobody knows: it may
    /// be its rule (RFC 4475 section 3.1.2.18).
    UnknownMethod,
    /// The branch of the topmost Via is nothing but the cookie `z9hG4bK`.
    Branch,
    /// Content-Length is negative, not a number, or too large for any message.
    ContentLength,
    /// Two Content-Length values differ.
    ContentLengthConflict,
    /// Content-Length appears twice, if with one value: the next reader may count
    /// otherwise.
    ContentLengthRepeated,
    /// Content-Length promises more bytes than there are.
    BodyTruncated,
    /// A stream message has no Content-Length, so its end is unknown.
    ContentLengthMissing,
}

impl ParseError {
    /// Stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MessageTooLarge => "sip-message-too-large",
            Self::TooManyHeaders => "sip-too-many-headers",
            Self::HeaderLineTooLong => "sip-header-line-too-long",
            Self::UriTooLong => "sip-uri-too-long",
            Self::Truncated => "sip-truncated",
            Self::StartLine => "sip-start-line",
            Self::RequestUri => "sip-request-uri",
            Self::Version => "sip-version",
            Self::StatusCode => "sip-status-code",
            Self::HeaderLine => "sip-header-line",
            Self::LineEnding => "sip-line-ending",
            Self::Missing(_) => "sip-header-missing",
            Self::Repeated(_) => "sip-header-repeated",
            Self::Malformed(_) => "sip-header-malformed",
            Self::CSeqMethod => "sip-cseq-method",
            Self::UnknownMethod => "sip-method-unknown",
            Self::Branch => "sip-branch",
            Self::ContentLength => "sip-content-length",
            Self::ContentLengthConflict => "sip-content-length-conflict",
            Self::ContentLengthRepeated => "sip-content-length-repeated",
            Self::BodyTruncated => "sip-body-truncated",
            Self::ContentLengthMissing => "sip-content-length-missing",
        }
    }

    /// Response code a server would answer a request with.
    pub fn status(&self) -> u16 {
        match self {
            Self::MessageTooLarge | Self::TooManyHeaders | Self::HeaderLineTooLong => 413,
            Self::UriTooLong => 414,
            Self::Version => 505,
            Self::UnknownMethod => 501,
            _ => 400,
        }
    }

    /// The header field concerned, if one is.
    pub fn field(&self) -> Option<HeaderName> {
        match self {
            Self::Missing(name) | Self::Repeated(name) | Self::Malformed(name) => Some(*name),
            Self::CSeqMethod | Self::UnknownMethod => Some(HeaderName::CSeq),
            Self::Branch => Some(HeaderName::Via),
            Self::ContentLength
            | Self::ContentLengthConflict
            | Self::ContentLengthRepeated
            | Self::BodyTruncated
            | Self::ContentLengthMissing => Some(HeaderName::ContentLength),
            _ => None,
        }
    }

    /// The rule that is broken.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::MessageTooLarge | Self::TooManyHeaders | Self::HeaderLineTooLong => {
                "RFC 3261 section 21.4.11"
            }
            Self::UriTooLong => "RFC 3261 section 21.4.12",
            Self::Truncated | Self::LineEnding => "RFC 3261 section 7",
            Self::StartLine | Self::RequestUri => "RFC 3261 section 7.1",
            Self::Version => "RFC 3261 section 21.5.6",
            Self::StatusCode => "RFC 3261 section 7.2",
            Self::HeaderLine => "RFC 3261 section 7.3.1",
            Self::Missing(_) => "RFC 3261 section 8.1.1",
            Self::Repeated(_) => "RFC 3261 section 7.3.1",
            Self::Malformed(_) => "RFC 3261 section 25.1",
            Self::CSeqMethod => "RFC 3261 section 8.1.1.5",
            Self::UnknownMethod => "RFC 3261 section 8.2.1",
            Self::Branch => "RFC 3261 section 8.1.1.7",
            Self::ContentLength | Self::ContentLengthConflict | Self::ContentLengthRepeated => {
                "RFC 3261 section 20.14"
            }
            Self::BodyTruncated | Self::ContentLengthMissing => "RFC 3261 section 18.3",
        }
    }

    /// What the sender should change.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::MessageTooLarge => "send a smaller message",
            Self::TooManyHeaders => "send fewer header fields",
            Self::HeaderLineTooLong => "shorten the header field or split its list",
            Self::UriTooLong => "shorten the Request-URI",
            Self::Truncated => "end the header section with an empty line",
            Self::StartLine => "begin with METHOD SP URI SP SIP/2.0, or SIP/2.0 SP code SP reason",
            Self::RequestUri => "put one bare URI, without brackets or spaces, in the request line",
            Self::Version => "speak SIP/2.0",
            Self::StatusCode => "use a status code from 100 to 699",
            Self::HeaderLine => "write each header field as Name: value",
            Self::LineEnding => "end every line with CR LF",
            Self::Missing(_) => "add the header field",
            Self::Repeated(_) => "send the header field once",
            Self::Malformed(_) => "correct the header field value",
            Self::CSeqMethod => "repeat the request method in CSeq",
            Self::UnknownMethod => "use a known method and repeat it in CSeq",
            Self::Branch => "give each transaction an identifier after z9hG4bK",
            Self::ContentLength | Self::ContentLengthConflict | Self::ContentLengthRepeated => {
                "send one Content-Length that counts the bytes of the body"
            }
            Self::BodyTruncated => "send as many body bytes as Content-Length says",
            Self::ContentLengthMissing => "send Content-Length on TCP and TLS",
        }
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field() {
            Some(field) => {
                write!(f, "{} ({field}): {}; {}", self.code(), self.rule(), self.remedy())
            }
            None => write!(f, "{}: {}; {}", self.code(), self.rule(), self.remedy()),
        }
    }
}

impl std::error::Error for ParseError {}
