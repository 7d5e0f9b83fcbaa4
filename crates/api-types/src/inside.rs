//! Looking inside: alarms, and a call explained with its messages.

use crate::call::{CallRecord, Explanation};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One alarm, `GET /programme/v1/alarms`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Alarm {
    /// Identity of this one raising.
    pub id: Uuid,
    /// The edge that raised it.
    pub edge_id: Uuid,
    /// `trunk_down`, `emergency_call`, `overload`, …
    pub code: String,
    /// `notice`, `warning`, `critical`.
    pub severity: String,
    /// What it is about: a trunk's or person's id, an edge.
    pub subject: String,
    /// The subject's name, where it is known.
    pub subject_name: Option<String>,
    /// What was found.
    pub detail: String,
    /// What this kind of alarm means.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// When it was raised.
    #[schema(value_type = String, format = DateTime)]
    pub raised_at: Timestamp,
    /// When it was over; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub cleared_at: Option<Timestamp>,
}

/// A call that happened or goes on, explained.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallExplained {
    /// Its record, as far as edges have delivered it.
    pub record: Option<CallRecord>,
    /// How it is routed by today's data, with the rule behind each step; null
    /// where the record does not tell enough.
    pub routing: Option<Explanation>,
    /// Its SIP messages that edges still have, the oldest first: those of the
    /// last calls, and longer those of calls that failed.
    pub messages: Vec<CallMessage>,
    /// Edges that were asked for messages.
    pub edges_asked: u32,
    /// Edges that answered in time.
    pub edges_answered: u32,
    /// Open alarms of the trunks and edges in it.
    pub alarms: Vec<Alarm>,
}

/// One SIP message as an edge saw it, without digest responses and locations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallMessage {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The edge.
    pub edge_id: Uuid,
    /// `in` to the edge or `out` of it.
    pub way: String,
    /// `udp` or `tcp`.
    pub transport: String,
    /// The edge's address.
    pub local: String,
    /// The far address.
    pub peer: String,
    /// What is there: a trunk's name, a person's; empty where it is not known.
    pub peer_name: String,
    /// Its Call-ID.
    pub call_id: String,
    /// `INVITE`, `180 Ringing`, …
    pub summary: String,
    /// Length on the wire, bytes.
    pub length: u64,
    /// The message; null for those who see the ladder only.
    pub text: Option<String>,
}
