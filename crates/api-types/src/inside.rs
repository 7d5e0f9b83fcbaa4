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
    /// Why it is over where its edge did not say so: `edge_restarted` (it began anew), `edge_lost`
    /// (it is not heard any more; the alarm opens again if it still holds when the edge is heard),
    /// `edge_forgotten`. Null otherwise.
    #[serde(default)]
    pub ended_by: Option<String>,
}

/// An edge, `GET /programme/v1/edges`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Edge {
    /// Identity, from its data folder.
    pub id: Uuid,
    /// The client that it speaks with; zeros for the one within a control plane.
    pub principal_id: Uuid,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it was last heard.
    #[schema(value_type = String, format = DateTime)]
    pub heard_at: Timestamp,
    /// Since when it is given up; null while it is heard.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub lost_at: Option<Timestamp>,
}

/// A call that happened or goes on, explained.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallExplained {
    /// Its record, as far as edges have delivered it.
    pub record: Option<CallRecord>,
    /// How a call like it is routed by today's data, with the rule behind each step; null
    /// where the record does not tell enough. What happened is in the record.
    pub routing: Option<Explanation>,
    /// The moment whose data `routing` goes by: now, not that of the call.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub routing_as_of: Option<Timestamp>,
    /// Where that way differs from what the record says, because data has changed since.
    #[serde(default)]
    pub routing_changed: Vec<RoutingChange>,
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

/// Something of a call's way that is otherwise by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoutingChange {
    /// `kind`, `operator_id`, `trunk`, or `code` where the call would be refused.
    pub what: String,
    /// What the record says.
    pub then: Option<String>,
    /// What it would be now.
    pub now: Option<String>,
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
