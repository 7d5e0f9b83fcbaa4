//! HEPv3: copies of packets for Homer and its like, over UDP (the HEP3 network
//! protocol specification of the SIPCAPTURE project).
//!
//! Off unless a target is set. Shards hand copies to one thread through a
//! bounded queue and never wait; the thread redacts, encodes and sends.

use super::redact::redact;
use super::ring::call_id;
use crate::peer::Peer;
use feed::inside::Way;
use feed::record::Transport;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

/// Packets that may wait for the thread; what is beyond is not exported.
const MAX_WAITING: usize = 4096;
/// What one datagram can carry with the chunks around it.
const MAX_PAYLOAD: usize = 60_000;

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HepConfig {
    /// The collector, such as Homer's heplify-server.
    pub target: SocketAddr,
    /// The capture node's number, by which the collector tells its sources apart.
    pub capture_id: u32,
    /// The collector's password, if it asks for one.
    pub password: Option<String>,
}

/// A packet to be exported.
#[derive(Debug)]
pub(crate) struct Copy {
    pub at_us: i64,
    pub way: Way,
    pub peer: Peer,
    pub local: SocketAddr,
    pub bytes: Vec<u8>,
}

/// The way to the exporting thread.
#[derive(Clone, Debug)]
pub(crate) struct Exporter {
    queue: mpsc::SyncSender<Copy>,
    dropped: Arc<AtomicU64>,
}

impl Exporter {
    /// Starts the thread; it ends with the last exporter.
    pub fn start(config: HepConfig) -> io::Result<Self> {
        let any: IpAddr = match config.target {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0))?;
        let (queue, copies) = mpsc::sync_channel::<Copy>(MAX_WAITING);
        std::thread::Builder::new().name("hep".into()).spawn(move || {
            let mut datagram = Vec::new();
            while let Ok(copy) = copies.recv() {
                encode(&copy, &config, &mut datagram);
                // Like any datagram it may be lost; nobody waits for it.
                if let Err(error) = socket.send_to(&datagram, config.target) {
                    tracing::debug!(%error, "a HEP packet did not leave");
                }
            }
        })?;
        Ok(Self { queue, dropped: Arc::default() })
    }

    /// Takes a copy, if there is room.
    pub fn export(&self, copy: Copy) {
        if self.queue.try_send(copy).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many packets found no room.
    pub fn dropped_count(&self) -> Arc<AtomicU64> {
        self.dropped.clone()
    }
}

/// One packet as a HEP3 datagram, redacted.
fn encode(copy: &Copy, config: &HepConfig, out: &mut Vec<u8>) {
    let text = redact(&copy.bytes);
    let payload = &text.as_bytes()[..text.floor_char_boundary(MAX_PAYLOAD.min(text.len()))];
    let (from, to) = match copy.way {
        Way::In => (copy.peer.addr, copy.local),
        Way::Out => (copy.local, copy.peer.addr),
    };
    out.clear();
    out.extend_from_slice(b"HEP3\0\0");
    let mut chunk = |kind: u16, bytes: &[u8]| {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&(bytes.len() as u16 + 6).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            chunk(1, &[libc::AF_INET as u8]);
            chunk(3, &from.octets());
            chunk(4, &to.octets());
        }
        (from, to) => {
            let six = |ip| match ip {
                IpAddr::V4(ip) => Ipv4Addr::to_ipv6_mapped(&ip),
                IpAddr::V6(ip) => ip,
            };
            chunk(1, &[libc::AF_INET6 as u8]);
            chunk(5, &six(from).octets());
            chunk(6, &six(to).octets());
        }
    }
    let protocol = match copy.peer.transport {
        Transport::Udp => libc::IPPROTO_UDP,
        Transport::Tcp => libc::IPPROTO_TCP,
    };
    chunk(2, &[protocol as u8]);
    chunk(7, &from.port().to_be_bytes());
    chunk(8, &to.port().to_be_bytes());
    let at_us = copy.at_us.max(0);
    chunk(9, &((at_us / 1_000_000) as u32).to_be_bytes());
    chunk(10, &((at_us % 1_000_000) as u32).to_be_bytes());
    const SIP: u8 = 1;
    chunk(11, &[SIP]);
    chunk(12, &config.capture_id.to_be_bytes());
    if let Some(password) = &config.password {
        chunk(14, password.as_bytes());
    }
    if let Some(call_id) = call_id(&copy.bytes) {
        chunk(17, &call_id[..call_id.len().min(1024)]);
    }
    chunk(15, payload);
    let length = out.len() as u16;
    out[4..6].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// Chunks by number, as a collector reads them.
    fn decode(datagram: &[u8]) -> BTreeMap<u16, Vec<u8>> {
        assert_eq!(&datagram[..4], b"HEP3");
        assert_eq!(usize::from(u16::from_be_bytes([datagram[4], datagram[5]])), datagram.len());
        let mut rest = &datagram[6..];
        let mut chunks = BTreeMap::new();
        while !rest.is_empty() {
            let number = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
            assert_eq!(number(0), 0, "the generic vendor");
            let length = usize::from(number(4));
            assert!(chunks.insert(number(2), rest[6..length].to_vec()).is_none());
            rest = &rest[length..];
        }
        chunks
    }

    fn copy(way: Way, peer: &str, local: &str) -> Copy {
        Copy {
            at_us: 1_800_000_000_000_042,
            way,
            peer: Peer {
                transport: Transport::Udp,
                listener: 0,
                addr: peer.parse().expect("an address"),
            },
            local: local.parse().expect("an address"),
            bytes: b"REGISTER sip:a SIP/2.0\r\nCall-ID: x@y\r\nAuthorization: Digest response=\"5ec3e7\"\r\n\r\n"
                .to_vec(),
        }
    }

    #[test]
    fn a_collector_reads_what_was_meant() {
        let config = HepConfig {
            target: "127.0.0.1:9060".parse().expect("an address"),
            capture_id: 2001,
            password: Some("pw".into()),
        };
        let mut out = Vec::new();
        encode(&copy(Way::In, "192.0.2.1:5061", "192.0.2.9:5060"), &config, &mut out);
        // Byte for byte up to the addresses.
        assert_eq!(&out[6..26], b"\0\0\0\x01\0\x07\x02\0\0\0\x03\0\x0a\xc0\0\x02\x01\0\0\0");
        let chunks = decode(&out);
        assert_eq!(chunks[&4], [192, 0, 2, 9]);
        assert_eq!(chunks[&2], [17]);
        assert_eq!(
            (&chunks[&7][..], &chunks[&8][..]),
            (&5061u16.to_be_bytes()[..], &5060u16.to_be_bytes()[..])
        );
        assert_eq!(chunks[&9], 1_800_000_000u32.to_be_bytes());
        assert_eq!(chunks[&10], 42u32.to_be_bytes());
        assert_eq!((&chunks[&11][..], &chunks[&12][..]), (&[1u8][..], &2001u32.to_be_bytes()[..]));
        assert_eq!((&chunks[&14][..], &chunks[&17][..]), (&b"pw"[..], &b"x@y"[..]));
        let text = String::from_utf8_lossy(&chunks[&15]);
        assert!(text.starts_with("REGISTER") && !text.contains("5ec3e7"), "{text}");

        encode(&copy(Way::Out, "[2001:db8::1]:5060", "[2001:db8::2]:5060"), &config, &mut out);
        let chunks = decode(&out);
        assert_eq!(chunks[&1], [10]);
        assert_eq!(chunks[&5][15], 2, "from us");
        assert_eq!(chunks[&6][15], 1);
    }

    #[test]
    fn copies_arrive() {
        let collector = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        collector.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let target = collector.local_addr().expect("bound");
        let config = HepConfig { target, capture_id: 1, password: None };
        let exporter = Exporter::start(config).expect("started");
        exporter.export(copy(Way::Out, "127.0.0.1:5061", "127.0.0.1:5060"));
        let mut buffer = [0; 2048];
        let length = collector.recv(&mut buffer).expect("a datagram");
        assert_eq!(decode(&buffer[..length])[&3], [127, 0, 0, 1]);
    }
}
