//! What operators say of how long their legs lasted, and files of call records.

use crate::problem::EntryError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /operator/v1/call-durations`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallDurationsPush {
    /// 1 to 1,000 entries.
    #[schema(min_items = 1, max_items = 1000)]
    pub entries: Vec<CallDurationEntry>,
}

/// How long one leg lasted, as its operator says. The leg is named in one of three ways:
/// `call_id`, `sip_call_id`, or `caller`, `callee` and `answered_at`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallDurationEntry {
    /// What came as `X-Meetpoint-Call-ID`.
    #[serde(default)]
    pub call_id: Option<Uuid>,
    /// The SIP Call-ID that the operator saw.
    #[serde(default)]
    pub sip_call_id: Option<String>,
    /// Who called.
    #[serde(default)]
    pub caller: Option<String>,
    /// Who was called.
    #[serde(default)]
    pub callee: Option<String>,
    /// When it was answered, 5 s more or less.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// Connected time, milliseconds.
    #[serde(default)]
    pub connected_ms: Option<i64>,
    /// What is billed, milliseconds, rounded as the operator bills.
    #[serde(default)]
    pub billed_ms: Option<i64>,
    /// The operator's own reference, at most 128 characters.
    #[serde(default)]
    pub reference: Option<String>,
}

/// What became of a push.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallDurationsResult {
    /// Entries in all.
    pub total: u32,
    /// Entries that are kept now, those that said nothing new included.
    pub succeeded: u32,
    /// Entries that are not.
    pub failed: u32,
    /// One for each entry, in their order.
    pub results: Vec<CallDurationResult>,
}

/// What became of one entry.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallDurationResult {
    /// Its place, from 0.
    pub index: u32,
    /// `recorded`, `unchanged` (the same was said before), `error`.
    pub status: String,
    /// The call it is of.
    pub call_id: Option<Uuid>,
    /// `call_id`, `sip_call_id`, `parties`.
    pub matched_by: Option<String>,
    /// Why it is not kept.
    pub error: Option<EntryError>,
}

/// `GET /operator/v1/call-reconciliation`: answered calls that began within a time, beside what
/// the operator says of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallReconciliation {
    /// Begun at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Begun before.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Answered calls.
    pub answered: i64,
    /// Those of which the operator said something.
    pub pushed: i64,
    /// Those of which it did not.
    pub missing: i64,
    /// Those whose connected times differ by more than `tolerance_ms`.
    pub differing: i64,
    /// How far apart two connected times may be, milliseconds.
    pub tolerance_ms: i64,
    /// Connected time of all answered calls as the edges measured it, milliseconds.
    pub connected_ms: i64,
    /// Connected time as the operator says.
    pub operator_connected_ms: i64,
    /// Billed time as the operator says.
    pub operator_billed_ms: i64,
}

/// `POST /tenant/v1/call-exports` and `POST /operator/v1/call-exports`: the answer is the file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallExportCreate {
    /// Calls begun at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Calls begun before; not after now.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// `csv` or `parquet`.
    #[schema(pattern = "^(csv|parquet)$")]
    pub format: String,
}

/// A file of call records that was handed out whole. It never changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallExport {
    /// Identity, also in the `Location` of the file.
    pub id: Uuid,
    /// `csv` or `parquet`.
    pub format: String,
    /// Calls begun at or after.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Calls begun before.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// Calls in it.
    pub rows: i64,
    /// Its size.
    pub bytes: i64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// When its first calls were read.
    #[schema(value_type = String, format = DateTime)]
    pub began_at: Timestamp,
    /// When its last ones were.
    #[schema(value_type = String, format = DateTime)]
    pub ended_at: Timestamp,
    /// Who took it.
    pub principal: String,
}
