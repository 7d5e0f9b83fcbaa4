//! Call records (operator-connect.md section 4, with the SIP facts that the
//! original keeps from tenants).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One call, `GET /tenant/v1/calls` and its sisters on the other faces.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallRecord {
    /// Identity; also `X-Meetpoint-Call-ID` on the wire.
    pub id: Uuid,
    /// `inbound`, `outbound`, `internal`, `emergency`; null where routing refused it.
    pub kind: Option<String>,
    /// Whose call.
    pub tenant_id: Option<Uuid>,
    /// The operator that carried it.
    pub operator_id: Option<Uuid>,
    /// The operator's name.
    pub operator_name: Option<String>,
    /// The tenant's number in it.
    pub number: Option<String>,
    /// Caller.
    pub caller: String,
    /// Called.
    pub callee: String,
    /// The tenant's person: caller of an outbound call, answerer (or called person) of an inbound one.
    pub user_id: Option<Uuid>,
    /// Their name.
    pub user_name: Option<String>,
    /// The queue called.
    pub queue_id: Option<Uuid>,
    /// The queue's name.
    pub queue_name: Option<String>,
    /// The conference bridge called, or whose meeting calls out.
    #[serde(default)]
    pub conference_bridge_id: Option<Uuid>,
    /// The bridge's name.
    #[serde(default)]
    pub conference_bridge_name: Option<String>,
    /// The field's word: `user_in`, `user_out`, `ucap_in`, `conf_in`, `conf_out`, `dr_in`, `dr_out`,
    /// `dr_in_ucap`; null for calls inside, for help, and such as were refused.
    #[serde(default)]
    pub call_type: Option<String>,
    /// The trunk that carried it.
    pub trunk_id: Option<Uuid>,
    /// That trunk's name.
    pub trunk: Option<String>,
    /// Trunks tried, in order.
    pub attempts: Vec<CallAttempt>,
    /// When the INVITE came.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When it was answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// Connected time as the edges measured it, milliseconds.
    pub duration_ms: Option<i64>,
    /// Connected time as the operator says, milliseconds; it goes before ours.
    #[serde(default)]
    pub operator_connected_ms: Option<i64>,
    /// What the operator bills, milliseconds.
    #[serde(default)]
    pub operator_billed_ms: Option<i64>,
    /// Who says how long it lasted: `operator` where it said something, else `meetpoint`.
    #[serde(default)]
    pub duration_source: Option<String>,
    /// Final SIP response of the INVITE.
    pub sip_code: Option<u16>,
    /// A stable reason: `normal`, `cancelled`, `busy`, `no_answer`, …
    pub reason: Option<String>,
    /// `caller`, `callee`, `exchange`.
    pub hung_up_by: Option<String>,
    /// The caller's SIP Call-ID.
    pub in_call_id: Option<String>,
    /// The answering leg's SIP Call-ID.
    pub out_call_id: Option<String>,
    /// All records of it have arrived.
    pub complete: bool,
    /// Who forwarded it last to where it was answered.
    #[serde(default)]
    pub forwarded_by_id: Option<Uuid>,
    /// Their name.
    #[serde(default)]
    pub forwarded_by_name: Option<String>,
    /// Why: `unconditional`, `unanswered`, `busy`, `unreachable`, `simultaneous`.
    #[serde(default)]
    pub forward_cause: Option<String>,
}

/// One attempt on a trunk.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallAttempt {
    /// Which trunk.
    pub trunk_id: Uuid,
    /// Its name.
    pub trunk: Option<String>,
    /// Its final response; 0 where nothing came in time.
    pub sip_code: u16,
    /// How long it took.
    pub ms: u32,
}

/// `POST /tenant/v1/explain/call`: what would happen to this call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainCall {
    /// Called by this person of the tenant, who organizes the meeting where a bridge calls; or
    #[serde(default)]
    pub from_user_id: Option<Uuid>,
    /// brought by the operator of the called number; or
    #[serde(default)]
    pub inbound: bool,
    /// called by a phone at this public address that proves nothing; or
    #[serde(default)]
    pub from_address: Option<String>,
    /// called by this conference bridge, out of a meeting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_conference_bridge_id: Option<Uuid>,
    /// Who calls, where an operator brings it: what your rules for callers look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub from_number: Option<String>,
    /// The number that the person's phone asks to be shown by: that of somebody on whose behalf they
    /// call, as their delegate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 128)]
    pub on_behalf_of_number: Option<String>,
    /// What is dialled.
    #[schema(min_length = 1, max_length = 128)]
    pub called: String,
}

/// The way a call takes, with the rule behind each step.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// It would be carried.
    pub routed: bool,
    /// `inbound`, `outbound`, `internal`, `emergency`.
    pub kind: Option<String>,
    /// A refusal's code.
    pub code: Option<String>,
    /// The SIP answer of a refusal.
    pub sip_code: Option<u16>,
    /// The operator.
    pub operator_id: Option<Uuid>,
    /// Trunks that may be tried, by name.
    pub trunks: Vec<String>,
    /// Each rule and what it found.
    pub steps: Vec<ExplainStep>,
}

/// One rule of an explanation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ExplainStep {
    /// The rule's stable name.
    pub rule: String,
    /// What it found.
    pub found: String,
}

/// Who is told of a call for help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmergencyNotification {
    /// The emergency calling policy that says so.
    pub policy_id: Uuid,
    /// Its name.
    pub policy_name: String,
    /// `NotificationOnly`, `ConferenceMuted`, `ConferenceUnMuted`.
    pub notification_mode: String,
    /// Addresses of the people, those of groups by their user principal names; at most 50.
    pub notified: Vec<String>,
    /// A number outside that is to be dialled too.
    pub notification_dial_out_number: Option<String>,
}

/// A call for help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmergencyCall {
    /// The call.
    pub call_id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who called; nobody proved it where it is missing.
    pub user_id: Option<Uuid>,
    /// By which number those who help call back.
    pub number: Option<String>,
    /// By which number the emergency services were called.
    pub emergency_number: String,
    /// Where the number is registered.
    pub location_id: Option<Uuid>,
    /// That place in words.
    pub place: Option<String>,
    /// Who is told, where a policy says so.
    pub notification: Option<EmergencyNotification>,
}
