//! What the core wants done: its only way out.

use crate::bindings::BindingChange;
use crate::peer::Peer;
use feed::cdr::CdrRecord;
use sip::Sink;
use std::net::SocketAddr;
use std::ops::Range;

/// Packets, call records and registrations, gathered while one input is worked
/// on; the shell drains it, and its memory is used again.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    packets: Vec<(Peer, Range<usize>)>,
    /// Call records, in the order of what happened.
    pub cdrs: Vec<CdrRecord>,
    /// Registrations that came or went.
    pub bindings: Vec<BindingChange>,
    /// Connections of strangers that have proved a password.
    pub proven: Vec<SocketAddr>,
}

impl Sink<Peer> for Outbox {
    fn transmit(&mut self, to: &Peer, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.packets.push((*to, start..self.bytes.len()));
    }
}

impl Outbox {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
            && self.cdrs.is_empty()
            && self.bindings.is_empty()
            && self.proven.is_empty()
    }

    /// The packets to send, in order.
    pub fn packets(&self) -> impl Iterator<Item = (Peer, &[u8])> {
        self.packets.iter().map(|(to, range)| (*to, &self.bytes[range.clone()]))
    }

    /// Forgets the packets once they are sent.
    pub fn clear_packets(&mut self) {
        self.bytes.clear();
        self.packets.clear();
    }
}
