//! Call records as edges write them: begin, answer and end, each complete in
//! itself, merged by the CDR id wherever they come from (design decision 3).

mod bytes;

pub use bytes::CdrBytesError;

use domain::calling::ForwardCause;
use domain::routing::CallKind;
use domain::{BridgeId, CdrId, EdgeId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId};
use numbering::E164;
use serde::{Deserialize, Serialize};

/// One record of an edge's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrRecord {
    /// The call.
    pub id: CdrId,
    /// Who wrote it.
    pub edge: EdgeId,
    /// What happened.
    pub event: CdrEvent,
}

/// What an edge delivers in one go: the body of `POST /edge/v1/cdrs`.
///
/// Delivery is at least once; a record counts once by its id and
/// [`CdrEvent::kind`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrBatch {
    /// In the order in which they were written.
    pub records: Vec<CdrRecord>,
}

/// The answer to a [`CdrBatch`] once all of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrAccepted {
    /// How many records the receiver now holds, those it held before included.
    pub accepted: u64,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HungUpBy {
    /// The calling side.
    Caller,
    /// The called side.
    Callee,
    /// The exchange itself: a refusal, a time-out, no trunk left.
    Exchange,
}

/// One attempt on a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which trunk.
    pub trunk: TrunkId,
    /// Its final response; 0 where nothing came in time, or no connection.
    pub sip_code: u16,
    /// How long it took, milliseconds.
    pub ms: u32,
}

/// Who forwarded a call last before it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardedBy {
    /// Whose setting it was.
    pub user: UserId,
    /// Why.
    pub cause: ForwardCause,
}

/// What happened. Times are microseconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CdrEvent {
    /// The call came in and was routed, or refused by routing.
    Begin {
        /// When the INVITE came.
        at_us: i64,
        /// Which way; `None` where routing refused it.
        kind: Option<CallKind>,
        /// Whose call; `None` where it could not be told.
        tenant: Option<TenantId>,
        /// The tenant's number in it.
        number: Option<E164>,
        /// The operator that carries it.
        operator: Option<OperatorId>,
        /// As dialled from: digits with `+` where known.
        caller: String,
        /// As dialled to.
        callee: String,
        /// The person who calls, for calls from phones.
        caller_user: Option<UserId>,
        /// The person called.
        callee_user: Option<UserId>,
        /// The queue called.
        queue: Option<ResourceAccountId>,
        /// The trunk it came in by.
        in_trunk: Option<TrunkId>,
        /// The caller's SIP Call-ID.
        call_id: String,
        /// The conference bridge called, or that calls out of a meeting. Releases before 0.3 do
        /// not write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bridge: Option<BridgeId>,
    },
    /// The called side answered.
    Answer {
        /// When its 200 came.
        at_us: i64,
        /// The person who answered, for calls to phones.
        user: Option<UserId>,
        /// The trunk that answered, for calls to operators.
        out_trunk: Option<TrunkId>,
        /// The answering leg's SIP Call-ID.
        call_id: String,
        /// Who forwarded the call to where it was answered, and why. Releases before 0.3 do not
        /// write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        forwarded: Option<ForwardedBy>,
        /// The conference bridge that a forwarded call came to, where the begin could not know it.
        /// Releases before 0.3 do not write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bridge: Option<BridgeId>,
        /// The operator by which a forwarded call left that none had brought. Not of inbound calls:
        /// theirs is whoever brought them. Releases before 0.3 do not write it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator: Option<OperatorId>,
    },
    /// It is over.
    End {
        /// When the BYE or the final refusal passed.
        at_us: i64,
        /// When it was answered, if it was: lets a reader tell "never answered"
        /// from "answer record still missing".
        answered_at_us: Option<i64>,
        /// The final SIP response of the INVITE: 200 for answered calls, 487 for
        /// cancelled ones.
        sip_code: u16,
        /// A stable reason: `normal`, `cancelled`, `busy`, `no_answer`, a routing
        /// refusal's code, `all_trunks_failed`, `interrupted`, …
        reason: String,
        /// Who ended it.
        hung_up_by: HungUpBy,
        /// Trunks tried, in order.
        attempts: Vec<Attempt>,
    },
}

impl CdrEvent {
    /// `begin`, `answer` or `end`: together with the id, what a record is
    /// recognised by when it arrives twice.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Begin { .. } => "begin",
            Self::Answer { .. } => "answer",
            Self::End { .. } => "end",
        }
    }
}
