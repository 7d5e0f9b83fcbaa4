//! Looking inside a running edge: what the control plane asks down the feed,
//! and what edges answer (`POST /edge/v1/answers`).
//!
//! Edges connect out, so a question travels with the changes they follow; one
//! behind a firewall needs no listener of its own. What is answered is redacted
//! by the edge already.

use domain::{CdrId, EdgeId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most packets in one answer; the oldest are kept.
pub const MAX_PACKETS: usize = 400;
/// Longest message text in an answer, bytes.
pub const MAX_PACKET: usize = 8 * 1024;

/// Something the control plane wants to know of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// By which answers find it.
    pub id: Uuid,
    /// The call, where its record is known.
    #[serde(default)]
    pub cdr: Option<CdrId>,
    /// SIP Call-IDs of its legs, any of them.
    #[serde(default)]
    pub call_ids: Vec<String>,
}

/// One edge's answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeAnswer {
    /// The question's.
    pub question: Uuid,
    /// Who answers.
    pub edge: EdgeId,
    /// The call's packets that the edge still has, the oldest first.
    pub packets: Vec<TracedPacket>,
}

/// Which way a packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The edge received it.
    In,
    /// The edge sent it.
    Out,
}

/// A packet as an edge saw it, redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedPacket {
    /// When, microseconds since 1970 UTC.
    pub at_us: i64,
    /// Which way.
    pub way: Way,
    /// `udp` or `tcp`.
    pub transport: String,
    /// Our address.
    pub local: String,
    /// The far address.
    pub peer: String,
    /// What the far side is: a trunk's name, `phone`; empty where not known.
    #[serde(default)]
    pub peer_name: String,
    /// Its Call-ID.
    pub call_id: String,
    /// Whole length on the wire, bytes.
    pub length: usize,
    /// The message without digest responses and locations.
    pub text: String,
}
