//! The words of the layer: handles, what goes in, what comes out.

use std::net::SocketAddr;

use super::machine::{Reliability, Timers};
use crate::header::MAGIC_COOKIE;
use crate::msg::Limits;

/// Takes bytes to the wire. Any `FnMut(&P, &[u8])` is one.
pub trait Sink<P> {
    /// Sends `bytes` to `to`. A failure is reported later by
    /// [`TransactionLayer::peer_lost`](crate::TransactionLayer::peer_lost).
    fn transmit(&mut self, to: &P, bytes: &[u8]);
}

impl<P, F: FnMut(&P, &[u8])> Sink<P> for F {
    fn transmit(&mut self, to: &P, bytes: &[u8]) {
        self(to, bytes);
    }
}

/// How a [`TransactionLayer`](crate::TransactionLayer) behaves.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Timer bases.
    pub timers: Timers,
    /// Repeat a 2xx to INVITE until [`TransactionLayer::acked`](crate::TransactionLayer::acked), as a UAS must. A
    /// back-to-back user agent leaves it off and passes each 2xx on end to end.
    pub retransmit_2xx: bool,
    /// Transactions held at once, lingering ones included.
    pub max_transactions: usize,
    /// Limits of the caller's [`Parser`](crate::Parser): what that accepted, the
    /// layer must be able to read again.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timers: Timers::default(),
            retransmit_2xx: false,
            max_transactions: 500_000,
            limits: Limits::default(),
        }
    }
}

/// A server transaction. Stale handles are recognised and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerTx(pub(super) Handle);

/// A client transaction. Stale handles are recognised and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientTx(pub(super) Handle);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Handle {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// A branch no one else has made: the magic cookie and 128 keyed bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch([u8; Self::LEN]);

impl Branch {
    const LEN: usize = 7 + 32;

    pub(super) fn new(bits: u128) -> Self {
        let mut text = [0; Self::LEN];
        text[..7].copy_from_slice(MAGIC_COOKIE);
        for (i, slot) in text[7..].iter_mut().enumerate() {
            *slot = b"0123456789abcdef"[(bits >> (4 * i)) as usize & 15];
        }
        Self(text)
    }

    /// The text for `;branch=`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a message is matched to its transaction by; see
/// [`TransactionLayer::key`](crate::TransactionLayer::key).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub(super) Option<u128>);

/// Where a message came from.
#[derive(Debug, Clone)]
pub struct Origin<P> {
    /// Handle that responses go back to (see [`Via::response_target`](crate::Via::response_target)).
    pub peer: P,
    /// Whether its transport is reliable.
    pub reliability: Reliability,
    /// Source address, for `received` and `rport` in responses.
    pub source: Option<SocketAddr>,
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub struct Target<P> {
    /// Handle of the peer.
    pub peer: P,
    /// Whether its transport is reliable.
    pub reliability: Reliability,
}

/// What a message turned out to be. `tag` is what the caller attached to the
/// transaction, 0 if nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// A new request: answer it through `tx`. INVITE wants a 100 within 200 ms.
    Request {
        /// Its transaction.
        tx: ServerTx,
    },
    /// A CANCEL: answer it 200 through `tx` if `invite` is there, else 481.
    Cancel {
        /// Transaction of the CANCEL itself.
        tx: ServerTx,
        /// The INVITE it means, and its tag.
        invite: Option<(ServerTx, u64)>,
    },
    /// An ACK to a 2xx, or one that matches nothing: it belongs to a dialog.
    Ack {
        /// The INVITE, if the sender reused its branch.
        invite: Option<(ServerTx, u64)>,
    },
    /// The first ACK to a final response that was not 2xx. For information only.
    Confirmed {
        /// The INVITE.
        tx: ServerTx,
        /// Its tag.
        tag: u64,
    },
    /// A response for the caller. A final one other than 2xx to an INVITE has been
    /// acknowledged already; a 2xx may come more than once.
    Response {
        /// The request's transaction.
        tx: ClientTx,
        /// Its tag.
        tag: u64,
    },
    /// A response that belongs to no transaction here.
    Stray,
    /// A retransmission or the like, dealt with.
    Absorbed,
    /// A new request, but there are [`Config::max_transactions`] already. Nothing
    /// was kept; a stateless 503 is possible.
    Full,
}

/// What happened without a message arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// No (final) response in time. Treat as 408 (RFC 3261 section 8.1.3.1).
    Timeout {
        /// The transaction, over now.
        tx: ClientTx,
        /// Its tag.
        tag: u64,
    },
    /// The transport lost the peer. Treat as 503 (RFC 3261 section 8.1.3.1).
    TransportError {
        /// The transaction, over now.
        tx: ClientTx,
        /// Its tag.
        tag: u64,
    },
    /// The ACK to a final response (or to a 2xx, with
    /// [`Config::retransmit_2xx`]) never came.
    AckTimeout {
        /// The transaction, over now.
        tx: ServerTx,
        /// Its tag.
        tag: u64,
    },
}

/// Why the layer refused what the caller asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxError {
    /// The transaction is over.
    Gone,
    /// The response does not fit the state (a second final response).
    State,
    /// There are [`Config::max_transactions`] already.
    Full,
    /// The bytes are not the message they should be.
    Malformed,
}

impl TxError {
    /// Stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gone => "transaction-gone",
            Self::State => "transaction-state",
            Self::Full => "transactions-full",
            Self::Malformed => "transaction-message-malformed",
        }
    }
}

impl std::fmt::Display for TxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for TxError {}

/// What became of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The CANCEL left.
    Sent,
    /// It leaves with the first provisional response (RFC 3261 section 9.1).
    Deferred,
    /// A final response was faster, or the transaction is gone: nothing to cancel.
    TooLate,
}
