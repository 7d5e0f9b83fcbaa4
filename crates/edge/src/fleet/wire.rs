//! What passes between edges: sealed frames over TCP, each numbered, under a key
//! of the connection's own.
//!
//! A connection carries messages one way, from who dialled it. Both sides bring a
//! nonce, and the key is made of both and of a secret all edges share, so that
//! what was recorded from one connection opens on no other; the number of a frame
//! is bound to it, so that none is left out, doubled or moved.

use crate::bindings::BindingChange;
use crate::callbacks::Callback;
use crate::fraud::Block;
use crate::overflow::{OverflowCopy, RecordId};
use crate::peer::Peer;
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes128Siv;
use domain::{CdrId, EdgeId, TrunkId};
use feed::cdr::CdrRecord;
use feed::record::{EdgeKey, Transport};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

/// The first bytes of either side; the digit rises with the handshake.
pub const MAGIC: &[u8; 4] = b"MPF1";
/// Longest frame.
pub const MAX_FRAME: usize = 256 * 1024;
/// Longest first frame, of one who has not proved anything yet.
pub const MAX_HELLO: usize = 64 * 1024;
const TAG: usize = 16;

/// A random number of one connection's side.
pub type Nonce = [u8; 16];

/// Who dials, in its first message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The program's version.
    pub version: String,
    /// Who.
    pub edge: EdgeId,
    /// Every address it lists, in order.
    pub plan: Vec<(Transport, SocketAddr)>,
    /// For each of them, whether it is its own.
    pub home: Vec<bool>,
}

/// How an edge is, told several times a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// For each address it lists, whether it serves it.
    pub held: Vec<bool>,
    /// It is about to stop, and wants its addresses no longer.
    #[serde(default)]
    pub leaving: bool,
    /// Trunks, calls under way on each, and calls it would carry if it could.
    #[serde(default)]
    pub load: Vec<(TrunkId, u32, u32)>,
    /// Whom it has blocked for toll fraud.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// Numbers for emergency calls that are reserved, as far as it knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callbacks: Vec<Callback>,
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The first one.
    Hello(Hello),
    /// How the sender is.
    Pulse(Pulse),
    /// A phone came or went.
    Binding(BindingChange),
    /// What a short seal stands for; to be acknowledged.
    DialogRecord(OverflowCopy),
    /// That is kept now.
    Copied(RecordId),
    /// A call record, to be kept by two.
    Record(Box<CdrRecord>),
    /// To be sent from an address or over a connection that the receiver has.
    Transmit(Peer, Vec<u8>),
    /// Came to the sender, but belongs to a transaction it does not know.
    Arrived(Peer, Vec<u8>),
    /// A call ended at the sender, which does not have it in memory.
    Ended(CdrId),
    /// A dialog record that was told before, or while the receiver was gone: nobody
    /// waits for its acknowledgement.
    Retold(OverflowCopy),
    /// Of a kind, or with a content, that this version does not know.
    Unknown(u8),
}

impl Message {
    /// Appends kind and content.
    pub fn encode(&self, out: &mut Vec<u8>) {
        fn json(out: &mut Vec<u8>, kind: u8, value: &impl Serialize) {
            out.push(kind);
            serde_json::to_writer(out, value).expect("texts and numbers always serialise");
        }
        match self {
            Self::Hello(hello) => json(out, 1, hello),
            Self::Pulse(pulse) => json(out, 2, pulse),
            Self::Binding(change) => json(out, 3, change),
            Self::DialogRecord(copy) => {
                out.push(4);
                copy.encode(out);
            }
            Self::Copied(id) => {
                out.push(5);
                out.extend_from_slice(id);
            }
            Self::Record(record) => json(out, 6, record),
            Self::Transmit(peer, bytes) => packet(out, 7, peer, bytes),
            Self::Arrived(peer, bytes) => packet(out, 8, peer, bytes),
            Self::Ended(cdr) => {
                out.push(9);
                out.extend_from_slice(cdr.0.as_bytes());
            }
            Self::Retold(copy) => {
                out.push(10);
                copy.encode(out);
            }
            Self::Unknown(kind) => out.push(*kind),
        }
    }

    /// Reads what [`Message::encode`] wrote; `None` if it is none of that.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        Some(match kind {
            1 => Self::Hello(serde_json::from_slice(rest).ok()?),
            2 => Self::Pulse(serde_json::from_slice(rest).ok()?),
            3 => Self::Binding(serde_json::from_slice(rest).ok()?),
            4 => Self::DialogRecord(OverflowCopy::decode(rest)?),
            5 => Self::Copied(rest.try_into().ok()?),
            6 => Self::Record(serde_json::from_slice(rest).ok()?),
            7 => {
                let (peer, bytes) = read_packet(rest)?;
                Self::Transmit(peer, bytes)
            }
            8 => {
                let (peer, bytes) = read_packet(rest)?;
                Self::Arrived(peer, bytes)
            }
            9 => Self::Ended(CdrId(Uuid::from_bytes(rest.try_into().ok()?))),
            10 => Self::Retold(OverflowCopy::decode(rest)?),
            kind => Self::Unknown(kind),
        })
    }
}

fn packet(out: &mut Vec<u8>, kind: u8, peer: &Peer, bytes: &[u8]) {
    let transport = match peer.transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
    };
    out.extend_from_slice(&[kind, transport, peer.listener]);
    let ip = match peer.addr.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    out.push(u8::from(peer.addr.is_ipv6()));
    out.extend_from_slice(&ip.octets());
    out.extend_from_slice(&peer.addr.port().to_be_bytes());
    out.extend_from_slice(bytes);
}

fn read_packet(bytes: &[u8]) -> Option<(Peer, Vec<u8>)> {
    let (head, rest) = bytes.split_first_chunk::<3>()?;
    let (ip, rest) = rest.split_first_chunk::<16>()?;
    let (port, bytes) = rest.split_first_chunk::<2>()?;
    let transport = match head[0] {
        0 => Transport::Udp,
        1 => Transport::Tcp,
        _ => return None,
    };
    let ip = std::net::Ipv6Addr::from(*ip);
    let ip = if head[2] == 0 { IpAddr::V4(ip.to_ipv4_mapped()?) } else { IpAddr::V6(ip) };
    let addr = SocketAddr::new(ip, u16::from_be_bytes(*port));
    Some((Peer { transport, listener: head[1], addr }, bytes.to_vec()))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The key of one connection, and where it stands.
pub struct Session {
    key: [u8; 32],
    proof: [u8; 32],
    next: u64,
}

impl Session {
    /// Both sides make the same one.
    pub fn new(secret: &EdgeKey, dialler: &Nonce, listener: &Nonce) -> Self {
        let link = mac(&secret.secret, &[b"meetpoint edge to edge"]);
        let of = |label: &[u8]| mac(&link, &[label, dialler, listener]);
        Self { key: of(b"frames"), proof: of(b"listener"), next: 0 }
    }

    /// What the listener answers with: that it has the secret, and who it is.
    pub fn proof(&self, listener: EdgeId) -> [u8; 32] {
        mac(&self.proof, &[listener.0.as_bytes()])
    }

    /// Whether a listener's answer is good.
    pub fn proves(&self, listener: EdgeId, proof: &[u8; 32]) -> bool {
        let mut check = Hmac::<Sha256>::new_from_slice(&self.proof).expect("any length");
        check.update(listener.0.as_bytes());
        check.verify_slice(proof).is_ok()
    }

    fn number(&mut self) -> [u8; 8] {
        let number = self.next.to_le_bytes();
        self.next += 1;
        number
    }

    /// Appends a frame: length, tag, what is sealed.
    pub fn seal(&mut self, message: &Message, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4 + TAG]);
        message.encode(out);
        let length = out.len() - start - 4;
        out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
        let number = self.number();
        let (head, data) = out[start..].split_at_mut(4 + TAG);
        let tag = Aes128Siv::new(&self.key.into())
            .encrypt_inout_detached([number], data.into())
            .expect("fails only beyond 126 bound items");
        head[4..].copy_from_slice(&tag);
    }

    /// Opens what stands behind a frame's length; `None` if it is forged, moved
    /// or repeated. What is genuine but cannot be read is of a newer sibling, and
    /// comes out as [`Message::Unknown`].
    pub fn open(&mut self, frame: &mut [u8]) -> Option<Message> {
        let (tag, data) = frame.split_first_chunk_mut::<TAG>()?;
        let number = self.number();
        Aes128Siv::new(&self.key.into())
            .decrypt_inout_detached([number], (&mut *data).into(), &(*tag).into())
            .ok()?;
        let unknown = || Message::Unknown(data.first().copied().unwrap_or_default());
        Some(Message::decode(data).unwrap_or_else(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::Last;
    use domain::UserId;
    use domain::fraud::DestinationClass;

    fn key(secret: u8) -> EdgeKey {
        EdgeKey { id: 1, secret: vec![secret; 64], seals_from_us: 0 }
    }

    fn session(secret: u8, listener: u8) -> Session {
        Session::new(&key(secret), &[1; 16], &[listener; 16])
    }

    fn messages() -> Vec<Message> {
        let peer = |addr: &str, transport| Peer {
            transport,
            listener: 3,
            addr: addr.parse().expect("an address"),
        };
        vec![
            Message::Hello(Hello {
                version: "0.2.0".into(),
                edge: EdgeId(Uuid::from_u128(1)),
                plan: vec![(Transport::Udp, "192.0.2.1:5060".parse().expect("an address"))],
                home: vec![true],
            }),
            Message::Pulse(Pulse {
                held: vec![true, false],
                leaving: true,
                load: vec![(TrunkId(Uuid::from_u128(5)), 6, 7)],
                blocks: vec![(Uuid::from_u128(8), DestinationClass::Premium, 9)],
                callbacks: vec![Callback {
                    number: numbering::E164::from_value(442_079_460_050).expect("a number"),
                    user: UserId(Uuid::from_u128(9)),
                    until_us: 10,
                }],
            }),
            Message::Binding(BindingChange::Removed {
                user: UserId(Uuid::from_u128(2)),
                contact: "sip:a@b".into(),
                last: Some(Last { call_id: "c@a".into(), cseq: 7, until_us: 8 }),
            }),
            Message::DialogRecord(OverflowCopy {
                id: [4; 16],
                expires_us: 9,
                bytes: b"sealed"[..].into(),
            }),
            Message::Copied([4; 16]),
            Message::Record(Box::new(CdrRecord {
                id: CdrId(Uuid::from_u128(3)),
                edge: EdgeId(Uuid::from_u128(1)),
                event: feed::cdr::CdrEvent::Answer {
                    at_us: 1,
                    user: None,
                    out_trunk: None,
                    call_id: "c".into(),
                    forwarded: None,
                    bridge: None,
                    operator: None,
                },
            })),
            Message::Transmit(peer("192.0.2.1:5060", Transport::Udp), b"INVITE".to_vec()),
            Message::Arrived(peer("[2001:db8::1]:5061", Transport::Tcp), b"SIP/2.0".to_vec()),
            Message::Ended(CdrId(Uuid::from_u128(3))),
            Message::Retold(OverflowCopy {
                id: [5; 16],
                expires_us: 9,
                bytes: b"sealed"[..].into(),
            }),
            Message::Unknown(200),
        ]
    }

    fn frames(session: &mut Session) -> Vec<Vec<u8>> {
        let seal = |message| {
            let mut out = Vec::new();
            session.seal(message, &mut out);
            let length = u32::from_le_bytes(out[..4].try_into().expect("four bytes"));
            assert_eq!(out.len(), 4 + length as usize);
            out.split_off(4)
        };
        messages().iter().map(seal).collect()
    }

    #[test]
    fn messages_come_out_as_they_went_in() {
        let mut receiver = session(7, 2);
        for (mut frame, message) in frames(&mut session(7, 2)).into_iter().zip(messages()) {
            assert_eq!(receiver.open(&mut frame), Some(message));
        }
        for message in messages() {
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            for cut in 0..bytes.len() {
                // None of it may panic; a packet cut short is a shorter packet.
                let _ = Message::decode(&bytes[..cut]);
            }
        }
    }

    /// Seals bytes that no message of this version encodes to.
    fn seal_raw(session: &mut Session, data: &[u8]) -> Vec<u8> {
        let mut data = data.to_vec();
        let number = session.number();
        let tag = Aes128Siv::new(&session.key.into())
            .encrypt_inout_detached([number], data.as_mut_slice().into())
            .expect("one bound item");
        [tag.as_slice(), &data].concat()
    }

    #[test]
    fn what_a_newer_sibling_says_ends_nothing() {
        let (mut newer, mut receiver) = (session(7, 2), session(7, 2));
        let of_a_later_version =
            [&b"\x03{\"kind\":\"parked\"}"[..], b"\x06{}", b"\x09short", b"\xc8", b""];
        for (said, kind) in of_a_later_version.iter().zip([3, 6, 9, 200, 0]) {
            let mut frame = seal_raw(&mut newer, said);
            assert_eq!(receiver.open(&mut frame), Some(Message::Unknown(kind)));
        }
        let mut frame = seal_raw(
            &mut newer,
            b"\x05\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04\x04",
        );
        assert_eq!(receiver.open(&mut frame), Some(Message::Copied([4; 16])));
    }

    #[test]
    fn what_is_forged_repeated_moved_or_of_another_connection_does_not_open() {
        let sent = frames(&mut session(7, 2));
        let opens = |mut receiver: Session, order: &[usize]| -> bool {
            let last = order.len() - 1;
            order.iter().enumerate().all(|(n, at)| {
                let opened = receiver.open(&mut sent[*at].clone());
                assert!(n == last || opened.is_some(), "those before are good");
                opened.is_some()
            })
        };
        assert!(opens(session(7, 2), &[0, 1, 2]));
        assert!(!opens(session(7, 2), &[0, 0]), "repeated");
        assert!(!opens(session(7, 2), &[0, 2]), "one is missing");
        assert!(!opens(session(7, 2), &[1]), "moved to the front");
        assert!(!opens(session(7, 3), &[0]), "of another connection");
        assert!(!opens(session(8, 2), &[0]), "under another secret");
        for bit in 0..sent[0].len() * 8 {
            let mut forged = sent[0].clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(session(7, 2).open(&mut forged), None, "bit {bit}");
        }
        assert_eq!(session(7, 2).open(&mut [0; 7]), None);
        assert_eq!(session(7, 2).open(&mut [0; 16]), None);
    }

    #[test]
    fn a_listener_proves_who_it_is() {
        let (one, two) = (EdgeId(Uuid::from_u128(1)), EdgeId(Uuid::from_u128(2)));
        let proof = session(7, 2).proof(one);
        assert!(session(7, 2).proves(one, &proof));
        assert!(!session(7, 2).proves(two, &proof));
        assert!(!session(7, 3).proves(one, &proof));
        assert!(!session(8, 2).proves(one, &proof));
    }
}
