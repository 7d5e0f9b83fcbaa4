//! Cutting a TCP or TLS stream into messages (RFC 3261 section 18.3) and
//! keep-alives (RFC 5626 section 3.5.1).

use crate::error::ParseError;
use crate::msg::{Limits, parse_content_length};
use crate::name::HeaderName;
use crate::text::trim;

/// What the stream holds next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One whole message, for [`Parser::parse`](crate::Parser::parse).
    Message(&'a [u8]),
    /// A double CR LF: answer it with a single one.
    Ping,
    /// A single CR LF: the answer to a ping of ours.
    Pong,
}

/// Collects the bytes of one connection and cuts them into frames. Holds no more
/// than one message of [`Limits::max_message`] and what was pushed last.
#[derive(Debug)]
pub struct StreamFramer {
    limits: Limits,
    buf: Vec<u8>,
    start: usize,
    /// How far the end of the header section has been looked for.
    scanned: usize,
    /// Length of the message that is coming in, once its header section is there:
    /// a body that drips must not have its headers read for every drop.
    message_len: Option<usize>,
    half_ping: bool,
    pongs_due: u32,
    broken: Option<ParseError>,
}

impl StreamFramer {
    /// A framer for one connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buf: Vec::new(),
            start: 0,
            scanned: 0,
            message_len: None,
            half_ping: false,
            pongs_due: 0,
            broken: None,
        }
    }

    /// Adds bytes as they were read. Drain [`next_frame`](Self::next_frame) before
    /// pushing more.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buf.drain(..self.start);
            self.scanned -= self.start.min(self.scanned);
            self.start = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// We sent a ping on this connection, so the next lone CR LF is its pong and
    /// not half a ping of the peer's.
    pub fn expect_pong(&mut self) {
        self.pongs_due += 1;
    }

    /// Bytes held that are not yet a frame.
    pub fn buffered(&self) -> usize {
        self.buf.len() - self.start
    }

    /// The next whole frame, if one is there.
    ///
    /// # Errors
    /// [`ParseError`] when the stream can no longer be cut (no or a bad
    /// Content-Length, a message too large, garbage). The connection must be
    /// closed; every later call fails alike.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, ParseError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        match self.cut() {
            Ok(Some(Cut::Message(len))) => {
                let start = self.start;
                self.start += len;
                self.scanned = self.start;
                self.message_len = None;
                Ok(Some(Frame::Message(&self.buf[start..start + len])))
            }
            Ok(Some(Cut::Ping)) => Ok(Some(Frame::Ping)),
            Ok(Some(Cut::Pong)) => Ok(Some(Frame::Pong)),
            Ok(None) => Ok(None),
            Err(error) => {
                self.broken = Some(error);
                Err(error)
            }
        }
    }

    fn cut(&mut self) -> Result<Option<Cut>, ParseError> {
        if let Some(len) = self.message_len {
            return Ok((self.buffered() >= len).then_some(Cut::Message(len)));
        }
        loop {
            match &self.buf[self.start..] {
                [] | [b'\r'] => return Ok(None),
                [b'\r', b'\n', rest @ ..] => {
                    // A ping may arrive in halves: the first is shown as a pong (which
                    // nobody waits for then), the second completes it.
                    let pending = rest.is_empty() || rest == b"\r";
                    let double = rest.starts_with(b"\r\n");
                    self.start += if double && !self.half_ping { 4 } else { 2 };
                    self.scanned = self.start;
                    if double || self.half_ping {
                        self.half_ping = false;
                        return Ok(Some(Cut::Ping));
                    }
                    if pending {
                        self.half_ping = self.pongs_due == 0;
                        self.pongs_due = self.pongs_due.saturating_sub(1);
                        return Ok(Some(Cut::Pong));
                    }
                }
                _ => break,
            }
        }
        self.half_ping = false;
        let from = self.scanned.max(self.start);
        let window = &self.buf[from..];
        let Some(hit) = memchr::memmem::find(window, b"\r\n\r\n") else {
            if self.buffered() > self.limits.max_message {
                return Err(ParseError::MessageTooLarge);
            }
            self.scanned = self.buf.len().saturating_sub(3).max(self.start);
            return Ok(None);
        };
        let head_end = from + hit + 4;
        self.scanned = from + hit;
        let head = &self.buf[self.start..from + hit + 2];
        let body = content_length(head)?;
        let len = head_end - self.start + body;
        if len > self.limits.max_message {
            return Err(ParseError::MessageTooLarge);
        }
        self.message_len = Some(len);
        Ok((self.buffered() >= len).then_some(Cut::Message(len)))
    }
}

enum Cut {
    Message(usize),
    Ping,
    Pong,
}

/// The one Content-Length of a header section.
fn content_length(head: &[u8]) -> Result<usize, ParseError> {
    let mut found = None;
    let mut at = 0;
    while at < head.len() {
        let start = at;
        let mut end = next_line(head, &mut at);
        while at < head.len() && matches!(head[at], b' ' | b'\t') {
            end = next_line(head, &mut at);
        }
        let line = &head[start..end];
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        if HeaderName::from_bytes(trim(&line[..colon])) != HeaderName::ContentLength {
            continue;
        }
        let value = parse_content_length(trim(&line[colon + 1..]))?;
        if found.is_some_and(|known| known != value) {
            return Err(ParseError::ContentLengthConflict);
        }
        found = Some(value);
    }
    found.ok_or(ParseError::ContentLengthMissing)
}

fn next_line(head: &[u8], at: &mut usize) -> usize {
    match memchr::memmem::find(&head[*at..], b"\r\n") {
        Some(hit) => {
            let end = *at + hit;
            *at = end + 2;
            end
        }
        None => {
            *at = head.len();
            head.len()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        format!("OPTIONS sip:a SIP/2.0\r\nX: y\r\nl :\r\n {}\r\n\r\n{body}", body.len())
    }

    fn drain(framer: &mut StreamFramer) -> Vec<String> {
        let mut seen = Vec::new();
        while let Some(frame) = framer.next_frame().unwrap() {
            seen.push(match frame {
                Frame::Message(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Frame::Ping => "ping".into(),
                Frame::Pong => "pong".into(),
            });
        }
        seen
    }

    #[test]
    fn frames_do_not_depend_on_how_the_stream_is_cut() {
        let text = format!("{}{}\r\n{}", message("abc"), message(""), message("\r\n\r\nx"));
        let want = [message("abc"), message(""), message("\r\n\r\nx")];
        for cut in 0..text.len() {
            let mut framer = StreamFramer::new(Limits::default());
            let mut seen = Vec::new();
            for part in [&text[..cut], &text[cut..]] {
                framer.push(part.as_bytes());
                seen.extend(drain(&mut framer).into_iter().filter(|f| f != "pong"));
            }
            assert_eq!(seen, want, "cut at {cut}");
            assert_eq!(framer.buffered(), 0);
        }
        let mut framer = StreamFramer::new(Limits::default());
        let mut seen = Vec::new();
        for byte in text.bytes() {
            framer.push(&[byte]);
            seen.extend(drain(&mut framer).into_iter().filter(|f| f != "pong"));
        }
        assert_eq!(seen, want);
    }

    #[test]
    fn keep_alives_are_told_apart() {
        let mut framer = StreamFramer::new(Limits::default());
        framer.push(b"\r\n\r\n");
        assert_eq!(drain(&mut framer), ["ping"]);
        framer.push(b"\r\n");
        assert_eq!(drain(&mut framer), ["pong"]);
        framer.push(message("").as_bytes());
        assert_eq!(drain(&mut framer).len(), 1);
        framer.push(b"\r\n");
        framer.push(b"\r\n");
        assert_eq!(drain(&mut framer), ["ping"]);
        for _ in 0..3 {
            framer.expect_pong();
            framer.push(b"\r\n");
            assert_eq!(drain(&mut framer), ["pong"]);
        }
    }

    #[test]
    fn a_stream_that_cannot_be_cut_stays_broken() {
        let small = Limits { max_message: 64, ..Limits::default() };
        for (text, limits, want) in [
            ("A b SIP/2.0\r\n\r\n", Limits::default(), ParseError::ContentLengthMissing),
            (
                "A b SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n",
                Limits::default(),
                ParseError::ContentLengthConflict,
            ),
            ("A b SIP/2.0\r\nl: -1\r\n\r\n", Limits::default(), ParseError::ContentLength),
            ("A b SIP/2.0\r\nl: 64\r\n\r\n", small, ParseError::MessageTooLarge),
            (&"x".repeat(65), small, ParseError::MessageTooLarge),
        ] {
            let mut framer = StreamFramer::new(limits);
            framer.push(text.as_bytes());
            assert_eq!(framer.next_frame(), Err(want), "{text}");
            framer.push(message("").as_bytes());
            assert_eq!(framer.next_frame(), Err(want), "{text}");
        }
    }
}
