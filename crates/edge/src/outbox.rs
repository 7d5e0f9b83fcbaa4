//! What the core wants done: its only way out.

use crate::bindings::BindingChange;
use crate::overflow::{OverflowCopy, RecordId};
use crate::peer::Peer;
use domain::CdrId;
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
    /// So many packets and call records have left, and are still to be booked.
    left: usize,
    kept: usize,
    /// Call records, in the order of what happened.
    pub cdrs: Vec<CdrRecord>,
    recorded: u64,
    /// Registrations that came or went.
    pub bindings: Vec<BindingChange>,
    /// Dialog records for the disk and the siblings.
    pub copies: Vec<OverflowCopy>,
    /// Calls that ended here, and are in the memory of some sibling.
    pub ended: Vec<CdrId>,
    /// CANCELs that siblings asked about and that are of calls here, by the name
    /// under which an answer to each is held back there.
    pub claimed: Vec<RecordId>,
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
    /// Takes a call record.
    pub fn record(&mut self, record: CdrRecord) {
        self.cdrs.push(record);
        self.recorded += 1;
    }

    /// How many records it was ever given: the number of the last one.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
            && self.cdrs.is_empty()
            && self.bindings.is_empty()
            && self.copies.is_empty()
            && self.ended.is_empty()
            && self.claimed.is_empty()
            && self.proven.is_empty()
    }

    /// The packets that have not left yet, in order.
    pub(crate) fn unsent(&self) -> impl Iterator<Item = (Peer, &[u8])> {
        self.packets().skip(self.left)
    }

    /// Whether packets are to be sent.
    pub(crate) fn has_unsent(&self) -> bool {
        self.left < self.packets.len()
    }

    /// All packets have left.
    pub(crate) fn sent(&mut self) {
        self.left = self.packets.len();
    }

    /// The call records that the journal does not have yet.
    pub(crate) fn unkept(&self) -> &[CdrRecord] {
        &self.cdrs[self.kept..]
    }

    /// The journal has all call records.
    pub(crate) fn all_kept(&mut self) {
        self.kept = self.cdrs.len();
    }

    /// Forgets the call records once they are booked.
    pub(crate) fn clear_records(&mut self) {
        self.cdrs.clear();
        self.kept = 0;
    }

    /// The packets, in order.
    pub fn packets(&self) -> impl Iterator<Item = (Peer, &[u8])> {
        self.packets.iter().map(|(to, range)| (*to, &self.bytes[range.clone()]))
    }

    /// How many packets there are: for [`Outbox::take_back`].
    pub(crate) fn mark(&self) -> usize {
        self.packets.len()
    }

    /// Takes back what was given since `mark`, to be given again later.
    pub(crate) fn take_back(&mut self, mark: usize) -> Vec<(Peer, Box<[u8]>)> {
        let Some((_, first)) = self.packets.get(mark) else { return Vec::new() };
        let start = first.start;
        let taken = self.packets[mark..].iter();
        let taken = taken.map(|(to, range)| (*to, self.bytes[range.clone()].into())).collect();
        self.packets.truncate(mark);
        self.bytes.truncate(start);
        taken
    }

    /// Forgets the packets once they are sent.
    pub fn clear_packets(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.left = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_left_is_booked_and_not_sent_again() {
        let to = Peer {
            transport: feed::record::Transport::Udp,
            listener: 0,
            addr: SocketAddr::from(([192, 0, 2, 1], 5060)),
        };
        let unsent = |out: &Outbox| out.unsent().map(|(_, b)| b.to_vec()).collect::<Vec<_>>();
        let mut out = Outbox::default();
        out.transmit(&to, b"first");
        assert_eq!(unsent(&out), [b"first"]);
        out.sent();
        assert!(!out.has_unsent());
        out.transmit(&to, b"second");
        assert_eq!(unsent(&out), [b"second"]);
        assert_eq!(out.packets().count(), 2, "both are still to be booked");
        out.sent();
        out.clear_packets();
        out.transmit(&to, b"third");
        assert_eq!(unsent(&out), [b"third"]);
    }
}
