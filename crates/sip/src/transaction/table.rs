//! What the layer keeps of each transaction, and where.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Instant;

use super::machine::{
    InviteClient, InviteServer, NonInviteClient, NonInviteServer, Reliability, TimerAction,
};
use super::types::Handle;
use crate::build::ResponseHead;
use crate::pages::Pages;

#[derive(Debug)]
pub(super) enum Machine {
    InviteClient(InviteClient),
    NonInviteClient(NonInviteClient),
    InviteServer(InviteServer),
    NonInviteServer(NonInviteServer),
}

impl Machine {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::InviteClient(m) => m.poll_timeout(),
            Self::NonInviteClient(m) => m.poll_timeout(),
            Self::InviteServer(m) => m.poll_timeout(),
            Self::NonInviteServer(m) => m.poll_timeout(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> TimerAction {
        match self {
            Self::InviteClient(m) => m.handle_timeout(now),
            Self::NonInviteClient(m) => m.handle_timeout(now),
            Self::InviteServer(m) => m.handle_timeout(now),
            Self::NonInviteServer(m) => m.handle_timeout(now),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancelling {
    No,
    WhenProvisional,
    Sent,
}

#[derive(Debug)]
pub(super) struct Transaction<P> {
    pub(super) key: u128,
    pub(super) peer: P,
    pub(super) reliability: Reliability,
    pub(super) tag: u64,
    pub(super) machine: Machine,
    /// Client: the request, later the ACK. Server: the last response.
    pub(super) sent: Vec<u8>,
    /// Server: the request, until its final response.
    pub(super) request: Vec<u8>,
    /// Server: what responses begin with, as long.
    pub(super) head: ResponseHead,
    pub(super) cancelling: Cancelling,
    /// A CANCEL of the layer's own making: its outcome is nobody's business.
    pub(super) quiet: bool,
    /// Extra header line of a deferred CANCEL.
    pub(super) cancel_reason: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Slot<P> {
    pub(super) generation: u32,
    pub(super) tx: Option<Transaction<P>>,
}

/// Keys are keyed 128-bit hashes already.
#[derive(Default)]
pub(super) struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }
    fn write_u128(&mut self, n: u128) {
        self.0 = n as u64;
    }
}

pub(super) type Index = HashMap<u128, u32, BuildHasherDefault<Folded>>;

pub(super) fn live<P>(slots: &Pages<Slot<P>>, handle: Handle) -> Option<&Transaction<P>> {
    slots
        .get(handle.index as usize)
        .filter(|slot| slot.generation == handle.generation)
        .and_then(|slot| slot.tx.as_ref())
}
