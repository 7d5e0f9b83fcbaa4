//! Bytes in any encoding people's tools write, as UTF-8 (migration.md section 1.1).
//!
//! A byte order mark decides; without one, zero bytes in every second place mean UTF-16.
//! Everything else is read as UTF-8 until a byte refutes it: a file that was plain ASCII so
//! far goes on as Windows-1252 (what "ANSI" means in Western Europe and America), and one
//! that has shown to be UTF-8 gets a replacement character, which the reader reports.

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::cell::Cell;
use std::io::{ErrorKind, Read};
use std::rc::Rc;

const CHUNK: usize = 64 * 1024;

/// How a file is encoded, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, ASCII included.
    Utf8,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
    /// Windows-1252.
    Windows1252,
}

enum State {
    /// Not looked at yet.
    Start,
    /// UTF-8; `true` once a character beyond ASCII was seen.
    Utf8 { proven: bool },
    /// Through a decoder.
    Decoded(Box<Decoder>),
}

/// A reader of UTF-8 over a reader of bytes.
pub struct Utf8<R> {
    inner: R,
    state: State,
    /// Bytes read and not yet decoded.
    raw: Vec<u8>,
    /// Decoded and not yet handed out.
    ready: Vec<u8>,
    handed: usize,
    ended: bool,
    encoding: Rc<Cell<Encoding>>,
}

impl<R: Read> Utf8<R> {
    /// Nothing is read yet.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            state: State::Start,
            raw: Vec::new(),
            ready: Vec::new(),
            handed: 0,
            ended: false,
            encoding: Rc::new(Cell::new(Encoding::Utf8)),
        }
    }

    /// The encoding by what was read so far, also after the reader was given away.
    pub fn encoding(&self) -> Rc<Cell<Encoding>> {
        self.encoding.clone()
    }

    fn fill(&mut self) -> std::io::Result<()> {
        let before = self.raw.len();
        self.raw.resize(before + CHUNK, 0);
        let mut filled = before;
        while filled < self.raw.len() {
            match self.inner.read(&mut self.raw[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.raw.truncate(filled);
        Ok(())
    }

    fn start(&mut self) {
        let (encoding, mark) = match self.raw.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            raw => (without_mark(raw), 0),
        };
        self.raw.drain(..mark);
        self.encoding.set(encoding);
        self.state = match encoding {
            Encoding::Utf16Le => {
                State::Decoded(Box::new(UTF_16LE.new_decoder_without_bom_handling()))
            }
            Encoding::Utf16Be => {
                State::Decoded(Box::new(UTF_16BE.new_decoder_without_bom_handling()))
            }
            // A mark proves it.
            _ => State::Utf8 { proven: mark > 0 },
        };
    }

    fn decode(&mut self) {
        self.ready.clear();
        self.handed = 0;
        if matches!(self.state, State::Start) {
            self.start();
        }
        if let State::Utf8 { proven } = &mut self.state {
            let mut at = 0;
            while at < self.raw.len() {
                match std::str::from_utf8(&self.raw[at..]) {
                    Ok(text) => {
                        *proven |= !text.is_ascii();
                        at = self.raw.len();
                    }
                    Err(error) => {
                        let good = &self.raw[at..at + error.valid_up_to()];
                        *proven |= !good.is_ascii();
                        at += error.valid_up_to();
                        match error.error_len() {
                            // A character cut by the end of the chunk.
                            None if !self.ended => break,
                            length if *proven => {
                                self.ready.extend_from_slice(&self.raw[..at]);
                                self.ready.extend_from_slice("\u{fffd}".as_bytes());
                                self.raw.drain(..at + length.unwrap_or(self.raw.len() - at));
                                at = 0;
                            }
                            _ => {
                                self.ready.extend_from_slice(&self.raw[..at]);
                                self.raw.drain(..at);
                                self.encoding.set(Encoding::Windows1252);
                                self.state = State::Decoded(Box::new(
                                    WINDOWS_1252.new_decoder_without_bom_handling(),
                                ));
                                self.decode_with();
                                return;
                            }
                        }
                    }
                }
            }
            self.ready.extend_from_slice(&self.raw[..at]);
            self.raw.drain(..at);
            return;
        }
        self.decode_with();
    }

    fn decode_with(&mut self) {
        let State::Decoded(decoder) = &mut self.state else { return };
        let room =
            decoder.max_utf8_buffer_length(self.raw.len()).unwrap_or(self.raw.len() * 3 + 16);
        let from = self.ready.len();
        self.ready.resize(from + room, 0);
        let (result, _, written, _) =
            decoder.decode_to_utf8(&self.raw, &mut self.ready[from..], self.ended);
        debug_assert_eq!(result, CoderResult::InputEmpty, "the buffer has room for all of it");
        self.ready.truncate(from + written);
        self.raw.clear();
    }
}

/// UTF-16 of mostly Latin text has a zero in every second byte.
fn without_mark(raw: &[u8]) -> Encoding {
    let head = &raw[..raw.len().min(1024)];
    if head.len() < 4 {
        return Encoding::Utf8;
    }
    let zeros = |offset: usize| {
        let places = head.iter().skip(offset).step_by(2);
        places.clone().filter(|byte| **byte == 0).count() * 10 >= places.count() * 7
    };
    match (zeros(0), zeros(1)) {
        (false, true) => Encoding::Utf16Le,
        (true, false) => Encoding::Utf16Be,
        _ => Encoding::Utf8,
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.handed == self.ready.len() {
            if self.ended && self.raw.is_empty() && !matches!(self.state, State::Start) {
                return Ok(0);
            }
            if !self.ended {
                self.fill()?;
            }
            self.decode();
            if self.ended && self.ready.is_empty() {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.ready.len() - self.handed);
        buffer[..count].copy_from_slice(&self.ready[self.handed..self.handed + count]);
        self.handed += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, Encoding) {
        let mut reader = Utf8::new(bytes);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("UTF-8 comes out");
        (text, reader.encoding().get())
    }

    fn utf16(text: &str, mark: bool, little: bool) -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{text}")
            .encode_utf16()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "Name;Straße\r\nMüller;Žižkov\r\n";
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (format!("\u{feff}{text}").into_bytes(), Encoding::Utf8),
            (utf16(text, true, true), Encoding::Utf16Le),
            (utf16(text, true, false), Encoding::Utf16Be),
            (utf16(text, false, true), Encoding::Utf16Le),
            (utf16(text, false, false), Encoding::Utf16Be),
        ] {
            assert_eq!(read(&bytes), (text.to_owned(), encoding));
        }
        assert_eq!(read(b"M\xfcller \x80 5"), ("Müller € 5".to_owned(), Encoding::Windows1252));
        assert_eq!(read(b""), (String::new(), Encoding::Utf8));
    }

    #[test]
    fn ansi_is_found_however_late_it_begins() {
        for length in [CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let mut bytes = vec![b'a'; length];
            bytes.extend_from_slice(b"\xe9t\xe9");
            let (text, encoding) = read(&bytes);
            assert!(text.ends_with("aété"), "{length}");
            assert_eq!(encoding, Encoding::Windows1252);
        }
    }

    #[test]
    fn characters_cut_between_chunks_are_whole_again() {
        for length in CHUNK - 3..=CHUNK {
            let text = format!("é{}€😀z", "a".repeat(length - 2));
            assert_eq!(read(text.as_bytes()).0, text);
        }
    }

    #[test]
    fn damage_in_utf8_is_a_replacement_character_and_nothing_more() {
        assert_eq!(read(b"\xc3\xa9 ok \xff\xfe end").0, "é ok \u{fffd}\u{fffd} end");
        assert_eq!(read(b"\xc3\xa9 cut \xe2\x82").0, "é cut \u{fffd}");
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_in_utf8_comes_out(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..256)) {
            read(&bytes);
        }
    }
}
