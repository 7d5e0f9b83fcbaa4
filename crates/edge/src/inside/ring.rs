//! The trace ring of one shard: its last packets in and out, and, longer, those
//! of calls that failed.
//!
//! Appending is one copy of the packet into a block of memory that only this
//! shard's thread touches. Packets of one call are chained through a small table
//! of last positions, so that a failed call's few are found without a search.

use crate::peer::Peer;
use domain::CdrId;
use feed::inside::Way;
use feed::record::Transport;
use memchr::memmem::Finder;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

const BLOCK: usize = 64 * 1024;
/// Of a longer packet the beginning is kept.
const MAX_BODY: usize = 16 * 1024;
const SLOTS: usize = 4096;
const HEAD: usize = 64;
/// Most packets of one failed call that are copied.
const MAX_KEPT: usize = 64;
/// Of the memory, so much is for failed calls: a quarter.
const FAILED_SHARE: usize = 4;

const KIND_IN: u8 = 0;
const KIND_OUT: u8 = 1;
const KIND_MARK: u8 = 2;

/// The last packets of one shard.
#[derive(Debug)]
pub struct TraceRing {
    recent: Blocks,
    failed: Blocks,
    /// Last position of each chain, plus one; chains of several calls may share
    /// one, since every link names its call.
    slots: Box<[u64]>,
    found: Vec<u64>,
}

/// A packet as it stands in the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Orders packets of one shard.
    pub at: u64,
    /// Microseconds since 1970 UTC.
    pub at_us: i64,
    pub way: Way,
    pub peer: Peer,
    /// Length on the wire.
    pub length: usize,
    pub bytes: Vec<u8>,
}

/// Blocks of memory, used in turn; allocated as they fill.
#[derive(Debug)]
struct Blocks {
    blocks: Vec<Vec<u8>>,
    most: usize,
    /// Which block is being filled, counted without end.
    turn: u64,
}

struct Head {
    stored: usize,
    length: usize,
    at_us: i64,
    key: u64,
    before: u64,
    origin: u64,
    kind: u8,
    peer: Peer,
}

impl Head {
    fn write(&self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[0..4].copy_from_slice(&(self.stored as u32).to_le_bytes());
        bytes[4..8].copy_from_slice(&(self.length as u32).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.at_us.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.key.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.before.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.origin.to_le_bytes());
        bytes[40] = self.kind;
        bytes[41] = u8::from(self.peer.transport == Transport::Tcp);
        bytes[42] = self.peer.listener;
        bytes[44..46].copy_from_slice(&self.peer.addr.port().to_le_bytes());
        match self.peer.addr.ip() {
            IpAddr::V4(ip) => {
                bytes[43] = 4;
                bytes[46..50].copy_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                bytes[43] = 6;
                bytes[46..62].copy_from_slice(&ip.octets());
            }
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Self {
        let u64_at = |at: usize| {
            u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of eight bytes"))
        };
        let u32_at = |at: usize| {
            u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a slice of four bytes"))
        };
        let ip = if bytes[43] == 4 {
            IpAddr::from(<[u8; 4]>::try_from(&bytes[46..50]).expect("four bytes"))
        } else {
            IpAddr::from(<[u8; 16]>::try_from(&bytes[46..62]).expect("sixteen bytes"))
        };
        let port = u16::from_le_bytes([bytes[44], bytes[45]]);
        Self {
            stored: u32_at(0) as usize,
            length: u32_at(4) as usize,
            at_us: u64_at(8).cast_signed(),
            key: u64_at(16),
            before: u64_at(24),
            origin: u64_at(32),
            kind: bytes[40],
            peer: Peer {
                transport: if bytes[41] == 1 { Transport::Tcp } else { Transport::Udp },
                listener: bytes[42],
                addr: SocketAddr::new(ip, port),
            },
        }
    }
}

impl Blocks {
    fn new(bytes: usize) -> Self {
        Self { blocks: Vec::new(), most: (bytes / BLOCK).max(2), turn: 0 }
    }

    /// Appends; the position is good until its block's turn comes again.
    fn push(&mut self, head: &[u8; HEAD], body: &[u8]) -> u64 {
        let need = HEAD + body.len();
        let index = (self.turn % self.most as u64) as usize;
        let full = self.blocks.get(index).is_none_or(|b| b.len() + need > BLOCK);
        if full {
            if !self.blocks.is_empty() {
                self.turn += 1;
            }
            let index = (self.turn % self.most as u64) as usize;
            match self.blocks.get_mut(index) {
                Some(block) => block.clear(),
                None => self.blocks.push(Vec::with_capacity(BLOCK)),
            }
        }
        let block = &mut self.blocks[(self.turn % self.most as u64) as usize];
        let at = self.turn * BLOCK as u64 + block.len() as u64;
        block.extend_from_slice(head);
        block.extend_from_slice(body);
        at
    }

    /// What stands at a position, `None` where it was overwritten.
    fn get(&self, at: u64) -> Option<(Head, &[u8])> {
        let (turn, offset) = (at / BLOCK as u64, (at % BLOCK as u64) as usize);
        if turn > self.turn || self.turn - turn >= self.most as u64 {
            return None;
        }
        let block = self.blocks.get((turn % self.most as u64) as usize)?;
        let head = Head::read(block.get(offset..offset + HEAD)?);
        let body = block.get(offset + HEAD..offset + HEAD + head.stored)?;
        Some((head, body))
    }

    /// Everything, the oldest first.
    fn all(&self) -> impl Iterator<Item = (u64, Head, &[u8])> {
        let first = (self.turn + 1).saturating_sub(self.most as u64);
        (first..=self.turn).flat_map(move |turn| {
            let mut at = turn * BLOCK as u64;
            std::iter::from_fn(move || {
                let (head, body) = self.get(at)?;
                let here = at;
                at += (HEAD + head.stored) as u64;
                // A full block ends where the next one's positions begin.
                (here / BLOCK as u64 == turn).then_some((here, head, body))
            })
        })
    }
}

impl TraceRing {
    /// A ring of about so many bytes; they are taken as it fills. `None` for 0.
    pub fn new(bytes: usize) -> Option<Self> {
        (bytes > 0).then(|| Self {
            recent: Blocks::new(bytes - bytes / FAILED_SHARE),
            failed: Blocks::new(bytes / FAILED_SHARE),
            slots: vec![0; SLOTS].into_boxed_slice(),
            found: Vec::new(),
        })
    }

    /// Takes a packet.
    pub fn packet(&mut self, at_us: i64, way: Way, peer: Peer, bytes: &[u8]) {
        let kind = match way {
            Way::In => KIND_IN,
            Way::Out => KIND_OUT,
        };
        let key = call_id(bytes).map_or(0, hash);
        self.chain(at_us, kind, peer, key, bytes);
    }

    /// A call has begun, and this is its record.
    pub fn begun(&mut self, at_us: i64, cdr: CdrId, call_id: &str) {
        let nobody = Peer {
            transport: Transport::Udp,
            listener: 0,
            addr: SocketAddr::new(IpAddr::from([0, 0, 0, 0]), 0),
        };
        self.chain(at_us, KIND_MARK, nobody, hash(cdr.0.as_bytes()), call_id.as_bytes());
    }

    fn chain(&mut self, at_us: i64, kind: u8, peer: Peer, key: u64, bytes: &[u8]) {
        let slot = &mut self.slots[key as usize % SLOTS];
        let body = &bytes[..bytes.len().min(MAX_BODY)];
        let head = Head {
            stored: body.len(),
            length: bytes.len(),
            at_us,
            key,
            before: *slot,
            origin: 0,
            kind,
            peer,
        };
        *slot = self.recent.push(&head.write(), body) + 1;
    }

    /// The Call-ID a call began with, if it is still known here.
    pub fn call_id_of(&self, cdr: CdrId) -> Option<Vec<u8>> {
        let key = hash(cdr.0.as_bytes());
        self.positions(key)
            .filter_map(|at| self.recent.get(at))
            .find(|(head, _)| head.kind == KIND_MARK)
            .map(|(_, body)| body.to_vec())
    }

    /// Positions of a chain, the newest first.
    fn positions(&self, key: u64) -> impl Iterator<Item = u64> {
        let mut next = self.slots[key as usize % SLOTS];
        std::iter::from_fn(move || {
            while next > 0 {
                let at = next - 1;
                let (head, _) = self.recent.get(at)?;
                // Older than this one, or the ring has turned over in between.
                next = if head.before <= at { head.before } else { 0 };
                if head.key == key {
                    return Some(at);
                }
            }
            None
        })
    }

    /// Keeps the packets of a call that failed, all legs' Call-IDs given.
    pub fn keep(&mut self, call_ids: &[Vec<u8>]) {
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        for call_id in call_ids {
            found.extend(self.positions(hash(call_id)).take(MAX_KEPT));
        }
        found.sort_unstable();
        found.dedup();
        for at in found.iter().rev().take(MAX_KEPT).rev() {
            if let Some((head, body)) = self.recent.get(*at) {
                self.failed.push(&Head { origin: at + 1, ..head }.write(), body);
            }
        }
        self.found = found;
    }

    /// The packets with any of these Call-IDs, the oldest first.
    pub fn find(&self, call_ids: &[Vec<u8>]) -> Vec<Seen> {
        let keys: Vec<u64> = call_ids.iter().map(|id| hash(id)).collect();
        let wanted = |head: &Head, body: &[u8]| {
            head.kind != KIND_MARK
                && keys.contains(&head.key)
                // Two Call-IDs may have one hash.
                && call_id(body).is_some_and(|id| call_ids.iter().any(|wanted| wanted == id))
        };
        let kept = self.failed.all().map(|(_, head, body)| (head.origin - 1, head, body));
        let mut seen: Vec<Seen> = kept
            .chain(self.recent.all())
            .filter(|(_, head, body)| wanted(head, body))
            .map(|(at, head, body)| Seen {
                at,
                at_us: head.at_us,
                way: if head.kind == KIND_IN { Way::In } else { Way::Out },
                peer: head.peer,
                length: head.length,
                bytes: body.to_vec(),
            })
            .collect();
        seen.sort_by_key(|packet| packet.at);
        seen.dedup_by_key(|packet| packet.at);
        seen
    }

    /// Bytes of memory taken so far.
    pub fn held(&self) -> usize {
        (self.recent.blocks.len() + self.failed.blocks.len()) * BLOCK + SLOTS * 8
    }
}

/// Made once: making one costs more than a search.
static NAMES: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new(b"\nCall-ID:"), Finder::new(b"\ni:")]);

/// The value of the Call-ID header, found by its usual spelling or, where that is
/// not there, by looking at every line.
pub fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    for finder in &*NAMES {
        if let Some(found) = finder.find(bytes) {
            let rest = &bytes[found + finder.needle().len()..];
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            return Some(rest[..end].trim_ascii());
        }
    }
    let mut lines = bytes.split(|b| *b == b'\n').take_while(|line| !line.trim_ascii().is_empty());
    lines.find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = line[..colon].trim_ascii();
        (name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i"))
            .then(|| line[colon + 1..].trim_ascii())
    })
}

/// Quick and without defence: who makes two Call-IDs meet here only makes a
/// chain longer, and what is found is compared.
fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = bytes.len() as u64 ^ K;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(K);
        hash ^= hash >> 29;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(K);
    (hash ^ hash >> 32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn peer(port: u16) -> Peer {
        let addr = SocketAddr::from(([192, 0, 2, 1], port));
        Peer { transport: Transport::Udp, listener: 1, addr }
    }

    fn message(call: &str, n: usize) -> Vec<u8> {
        format!("INVITE sip:{n} SIP/2.0\r\nCall-ID: {call}\r\n\r\n{}", "x".repeat(n % 900))
            .into_bytes()
    }

    #[test]
    fn a_call_is_found_with_all_its_legs_in_order() {
        let mut ring = TraceRing::new(1 << 20).expect("on");
        for n in 0..300u16 {
            let way = if n % 2 == 0 { Way::In } else { Way::Out };
            let call = format!("call-{}", n % 30);
            ring.packet(i64::from(n), way, peer(n), &message(&call, n.into()));
        }
        let found = ring.find(&[b"call-3".to_vec(), b"call-4".to_vec()]);
        let times: Vec<i64> = found.iter().map(|p| p.at_us).collect();
        let expect: Vec<i64> = (0..300).filter(|n| [3, 4].contains(&(n % 30))).collect();
        assert_eq!(times, expect);
        assert_eq!(found[0].peer, peer(3));
        assert_eq!((found[0].way, found[1].way), (Way::Out, Way::In));
        assert_eq!(found[0].bytes, message("call-3", 3));
    }

    #[test]
    fn memory_is_bounded_and_taken_as_it_fills() {
        let mut ring = TraceRing::new(1 << 20).expect("on");
        let at_first = ring.held();
        assert!(at_first < 100_000, "{at_first}");
        for n in 0..20_000 {
            ring.packet(n, Way::In, peer(1), &message("a", 800));
        }
        assert!(ring.held() <= (1 << 20) + SLOTS * 8, "{}", ring.held());
        let found = ring.find(&[b"a".to_vec()]);
        assert_eq!(found.last().map(|p| p.at_us), Some(19_999));
        assert!(found.len() > 500, "{}", found.len());
        assert!(found.windows(2).all(|w| w[0].at_us + 1 == w[1].at_us), "none missing between");
    }

    #[test]
    fn a_failed_call_outlives_the_others() {
        let mut ring = TraceRing::new(1 << 20).expect("on");
        let cdr = CdrId(Uuid::from_u128(7));
        ring.begun(0, cdr, "bad");
        for n in 0..6 {
            ring.packet(n, Way::In, peer(1), &message("bad", 100));
            ring.packet(n, Way::In, peer(1), &message("good", 100));
        }
        assert_eq!(ring.call_id_of(cdr), Some(b"bad".to_vec()));
        ring.keep(&[b"bad".to_vec()]);
        assert_eq!(ring.find(&[b"bad".to_vec()]).len(), 6, "not twice while in both");
        for n in 0..20_000 {
            ring.packet(100 + n, Way::In, peer(1), &message("other", 800));
        }
        assert_eq!(ring.find(&[b"good".to_vec()]), []);
        assert_eq!(ring.call_id_of(cdr), None);
        let kept = ring.find(&[b"bad".to_vec()]);
        assert_eq!(kept.iter().map(|p| p.at_us).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn any_packet_can_be_kept() {
        let mut ring = TraceRing::new(1).expect("the least there is");
        for bytes in [&b""[..], b"\r\n", b"garbage", &[0; 70_000], b"\nCall-ID:", b"\ni:x"] {
            for _ in 0..20 {
                ring.packet(1, Way::Out, peer(1), bytes);
            }
        }
        assert!(!ring.find(&[b"x".to_vec()]).is_empty());
        assert!(TraceRing::new(0).is_none());
    }

    #[test]
    fn a_call_id_is_found_in_any_spelling() {
        for (text, expect) in [
            ("BYE a SIP/2.0\r\nCall-ID: x@y\r\n\r\n", Some("x@y")),
            ("BYE a SIP/2.0\r\nVia: v\r\ni:x\r\n\r\n", Some("x")),
            ("BYE a SIP/2.0\r\nCALL-ID : z \r\n\r\n", Some("z")),
            ("BYE a SIP/2.0\r\n\r\nI: body", None),
        ] {
            assert_eq!(call_id(text.as_bytes()), expect.map(str::as_bytes), "{text}");
        }
    }
}
