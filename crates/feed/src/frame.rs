//! The feed on the wire: frames of `length u32 LE, CRC-32 u32 LE, kind u8,
//! payload`, the same bytes in process and over HTTP. The CRC covers kind and
//! payload, the length counts both.

use crate::change::{Change, ChangeEntry, Position};
use crate::inside::Question;

/// Longest kind-and-payload a reader takes: a chunk of 1,000 numbers is about
/// half a megabyte.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;

const HEAD: usize = 8;
const KIND_CHANGE: u8 = 1;
const KIND_HEARTBEAT: u8 = 2;
// A reader of version 0.1.0 passes over these.
const KIND_CLOCK: u8 = 3;
const KIND_QUESTION: u8 = 4;

/// What the feed says.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Something changed.
    Change(ChangeEntry),
    /// Nothing did, and this is where the log stands: a reader that hears
    /// neither for a while knows that the connection is dead.
    Heartbeat(Position),
    /// What time the control plane has, microseconds since 1970 UTC.
    Clock(i64),
    /// It wants to know something of a call.
    Question(Question),
}

/// Why a stream cannot be read on. Reconnect from the last position applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`MAX_FRAME`], or empty.
    #[error("a frame of {0} bytes: 1 to {MAX_FRAME} are allowed")]
    Length(usize),
    /// The bytes are not those that were sent.
    #[error("a frame's checksum does not match")]
    Checksum,
    /// The payload is not what its kind says.
    #[error("a frame's payload cannot be read: {0}")]
    Payload(String),
}

impl FrameError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "frame_length",
            Self::Checksum => "frame_checksum",
            Self::Payload(_) => "frame_payload",
        }
    }
}

impl Frame {
    /// Appends the frame's bytes.
    ///
    /// A change longer than [`MAX_FRAME`] is refused: the writer has to split it
    /// ([`MAX_NUMBERS_PER_CHANGE`](crate::change::MAX_NUMBERS_PER_CHANGE)).
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let start = out.len();
        out.extend_from_slice(&[0; HEAD]);
        let json = match self {
            Self::Change(entry) => {
                out.push(KIND_CHANGE);
                serde_json::to_writer(&mut *out, entry)
            }
            Self::Heartbeat(position) => {
                out.push(KIND_HEARTBEAT);
                serde_json::to_writer(&mut *out, position)
            }
            Self::Clock(at_us) => {
                out.push(KIND_CLOCK);
                serde_json::to_writer(&mut *out, at_us)
            }
            Self::Question(question) => {
                out.push(KIND_QUESTION);
                serde_json::to_writer(&mut *out, question)
            }
        };
        let length = out.len() - start - HEAD;
        if let Err(e) = json {
            out.truncate(start);
            return Err(FrameError::Payload(e.to_string()));
        }
        if length > MAX_FRAME {
            out.truncate(start);
            return Err(FrameError::Length(length));
        }
        let crc = crc32fast::hash(&out[start + HEAD..]);
        out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
        out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
        Ok(())
    }
}

/// Cuts a byte stream into frames; holds at most one frame and what came with it.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    buffer: Vec<u8>,
    start: usize,
}

impl FrameDecoder {
    /// Takes bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, `None` until more bytes come. Frames of an unknown
    /// kind, which a newer writer may send, are passed over.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let rest = &self.buffer[self.start..];
            let (Some(length), Some(crc)) = (u32_at(rest, 0), u32_at(rest, 4)) else {
                return Ok(None);
            };
            let length = length as usize;
            if length == 0 || length > MAX_FRAME {
                return Err(FrameError::Length(length));
            }
            let Some(body) = rest.get(HEAD..HEAD + length) else { return Ok(None) };
            if crc32fast::hash(body) != crc {
                return Err(FrameError::Checksum);
            }
            let frame = match body[0] {
                KIND_CHANGE => change(&body[1..]).map(Frame::Change).map(Some),
                KIND_HEARTBEAT => {
                    serde_json::from_slice(&body[1..]).map(Frame::Heartbeat).map(Some)
                }
                KIND_CLOCK => serde_json::from_slice(&body[1..]).map(Frame::Clock).map(Some),
                KIND_QUESTION => serde_json::from_slice(&body[1..]).map(Frame::Question).map(Some),
                _ => Ok(None),
            };
            self.start += HEAD + length;
            match frame {
                Ok(Some(frame)) => return Ok(Some(frame)),
                Ok(None) => {}
                Err(e) => return Err(FrameError::Payload(e.to_string())),
            }
        }
    }
}

/// A change. One of a kind that only a newer version knows is passed on as
/// [`Change::Other`]: the reader moves on, as a fleet being upgraded must.
fn change(payload: &[u8]) -> Result<ChangeEntry, serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Newer {
        position: u64,
        at_us: i64,
        change: NewerKind,
    }
    #[derive(serde::Deserialize)]
    struct NewerKind {
        kind: String,
    }
    serde_json::from_slice(payload).or_else(|error| {
        let newer: Newer = serde_json::from_slice(payload)?;
        let resource = newer.change.kind;
        // A kind known here whose body cannot be read is damage, not news.
        if Change::KINDS.contains(&&*resource) {
            return Err(error);
        }
        let change = Change::Other { resource, id: String::new() };
        Ok(ChangeEntry { position: newer.position, at_us: newer.at_us, change })
    })
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn frames() -> Vec<Frame> {
        vec![
            Frame::Change(ChangeEntry {
                position: 7,
                at_us: 1,
                change: Change::Other { resource: "offer".into(), id: "1".into() },
            }),
            Frame::Heartbeat(Position { epoch: Uuid::from_u128(9), position: 7 }),
            Frame::Clock(1_800_000_000_000_000),
            Frame::Question(Question {
                id: Uuid::from_u128(3),
                cdr: None,
                call_ids: vec!["a@b".into()],
            }),
        ]
    }

    fn bytes() -> Vec<u8> {
        let mut out = Vec::new();
        for f in frames() {
            f.encode(&mut out).expect("small");
        }
        out
    }

    #[test]
    fn any_cut_of_the_stream_gives_the_same_frames() {
        let bytes = bytes();
        for step in 1..bytes.len() {
            let mut decoder = FrameDecoder::default();
            let mut got = Vec::new();
            for piece in bytes.chunks(step) {
                decoder.push(piece);
                while let Some(frame) = decoder.next_frame().expect("clean") {
                    got.push(frame);
                }
            }
            assert_eq!(got, frames(), "pieces of {step}");
        }
    }

    #[test]
    fn damage_is_seen() {
        for at in 4..bytes().len() {
            let mut bytes = bytes();
            bytes[at] ^= 0x20;
            let mut decoder = FrameDecoder::default();
            decoder.push(&bytes);
            let mut seen = Vec::new();
            let end = loop {
                match decoder.next_frame() {
                    Ok(Some(f)) => seen.push(f),
                    other => break other,
                }
            };
            assert!(end.is_err() || seen != frames(), "byte {at} changed unseen");
        }
        let mut decoder = FrameDecoder::default();
        decoder.push(&u32::MAX.to_le_bytes());
        decoder.push(&[0; 4]);
        assert_eq!(decoder.next_frame(), Err(FrameError::Length(u32::MAX as usize)));
    }

    fn framed(json: &str) -> Vec<u8> {
        let mut body = vec![KIND_CHANGE];
        body.extend_from_slice(json.as_bytes());
        let mut bytes = (body.len() as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    #[test]
    fn a_change_of_the_future_moves_the_position_on_and_a_damaged_one_does_not() {
        let mut decoder = FrameDecoder::default();
        let newer = r#"{"position":9,"at_us":1,"change":{"kind":"moon_put","body":{"id":1}}}"#;
        decoder.push(&framed(newer));
        let frame = decoder.next_frame().expect("readable").expect("whole");
        let Frame::Change(entry) = frame else { panic!("{frame:?}") };
        assert_eq!(entry.position, 9);
        assert_eq!(entry.change, Change::Other { resource: "moon_put".into(), id: String::new() });
        decoder.push(&framed(&newer.replace("moon_put", "trunk_put")));
        assert!(matches!(decoder.next_frame(), Err(FrameError::Payload(_))));
    }

    #[test]
    fn every_kind_of_change_is_named() {
        let tag = |change: &Change| {
            let json = serde_json::to_value(change).expect("it is plain data");
            json["kind"].as_str().map(str::to_owned).expect("a kind")
        };
        let removed = Change::NumbersRemoved { numbers: Vec::new() };
        for change in [removed, Change::Other { resource: String::new(), id: String::new() }] {
            assert!(Change::KINDS.contains(&&*tag(&change)), "{change:?}");
        }
        for kind in Change::KINDS {
            let json = format!(r#"{{"kind":"{kind}"}}"#);
            let error = serde_json::from_str::<Change>(&json).expect_err("it has no body");
            assert!(!error.to_string().contains("unknown variant"), "{kind}: {error}");
        }
    }

    #[test]
    fn the_progress_of_an_order_reads_as_it_was_written() {
        use crate::change::OrderFacts;
        use domain::{OperatorId, OrderId, TenantId};
        let (id, tenant) = (OrderId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
        let order = || OrderFacts {
            tenant: Some(tenant),
            order_kind: Some("assign".into()),
            status: Some("success".into()),
            failed: 1,
        };
        let operator = OperatorId(uuid::Uuid::from_u128(3));
        for change in [
            Change::OrderProgress { id, operator, done: 2, total: 2, order: order() },
            Change::TenantOrderProgress {
                id,
                of_tenant: tenant,
                done: 2,
                total: 2,
                order: order(),
            },
        ] {
            let json = serde_json::to_string(&change).expect("it is plain data");
            assert_eq!(serde_json::from_str::<Change>(&json).expect(&json), change);
        }
    }

    #[test]
    fn a_kind_of_the_future_is_passed_over() {
        let mut bytes = vec![1, 0, 0, 0];
        bytes.extend_from_slice(&crc32fast::hash(&[200]).to_le_bytes());
        bytes.push(200);
        bytes.extend_from_slice(&self::bytes());
        let mut decoder = FrameDecoder::default();
        decoder.push(&bytes);
        assert_eq!(decoder.next_frame(), Ok(Some(frames().remove(0))));
    }
}
