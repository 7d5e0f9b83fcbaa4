//! Where a message came from or goes to.

use feed::record::Transport;
use serde::{Deserialize, Serialize};
use sip::Reliability;
use std::net::SocketAddr;

/// A far address as seen from one of our listeners. Over TCP the far address
/// names the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// How.
    pub transport: Transport,
    /// By which of our listeners, in the configuration's order.
    pub listener: u8,
    /// The far address.
    pub addr: SocketAddr,
}

impl Peer {
    /// Whether the transport repeats by itself.
    pub fn reliability(&self) -> Reliability {
        reliability(self.transport)
    }
}

pub(crate) const fn reliability(transport: Transport) -> Reliability {
    match transport {
        Transport::Udp => Reliability::Unreliable,
        Transport::Tcp => Reliability::Reliable,
    }
}
