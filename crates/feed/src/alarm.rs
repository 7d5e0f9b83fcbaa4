//! Alarms as edges raise them and as the control plane keeps them.
//!
//! A kind travels as its code, so that a control plane takes and shows those of
//! a newer edge, which it does not know.

use domain::EdgeId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest subject or detail, bytes; longer ones are cut.
pub const MAX_TEXT: usize = 500;

/// How much an alarm matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody should know.
    Notice,
    /// Service is at risk.
    Warning,
    /// Calls are lost or refused.
    Critical,
}

impl Severity {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $severity:ident, $reason:literal, $remedy:literal;)*) => {
        /// What may be wrong, or worth telling.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AlarmKind {
            $($(#[$doc])* $name,)*
        }

        impl AlarmKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How much it matters.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, in a sentence.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

kinds! {
    /// A trunk answers no more.
    TrunkDown = "trunk_down", Critical,
        "the trunk does not answer OPTIONS or calls, and is tried last",
        "Check the operator's SBC, its address and the firewalls between; the alarm clears with its first answer.";
    /// A trunk carries 90 % of what it may.
    TrunkNearLimit = "trunk_near_limit", Warning,
        "the trunk carries at least 90 % of the calls, or of the calls a second, that it may",
        "Order more capacity from the operator, or raise the trunk's limit if the operator allows more.";
    /// A trunk carries all it may.
    TrunkAtLimit = "trunk_at_limit", Critical,
        "the trunk carries as many calls as it may; further ones go to other trunks or are refused with 503",
        "Order more capacity from the operator, or raise the trunk's limit if the operator allows more.";
    /// Many phones have gone in a short time.
    RegistrationsDropping = "registrations_dropping", Critical,
        "a large part of the phones have lost their registration within minutes",
        "Check the network between the phones and the edge; the alarm clears when most are back.";
    /// Somebody called for help.
    EmergencyCall = "emergency_call", Notice,
        "an emergency call was placed",
        "Tell security or the front desk where the caller is; the call's record has number and location.";
    /// The clocks of edge and control plane differ.
    ClockSkew = "clock_skew", Warning,
        "the clocks of the edge and of the control plane differ by more than a second",
        "Let both machines follow NTP; moves of numbers happen by the clock.";
    /// More is offered than can be carried.
    Overload = "overload", Critical,
        "more calls are offered than the edge can carry; new ones are refused with 503, emergency calls never",
        "Add an edge or cores, or find who sends so many calls; see the refusals by source in the metrics.";
    /// A caller was blocked.
    FraudBlock = "fraud_block", Critical,
        "calls of this user or tenant to costly destinations exceeded their limit and are blocked; emergency calls are not",
        "Ask the user; change the password of a stolen account; then lift the block.";
    /// Call records cannot be written.
    JournalStuck = "journal_stuck", Critical,
        "call records cannot be written to disk",
        "Check the disk of the edge's data folder for space and errors; records wait in memory until then.";
    /// Another edge is gone.
    SiblingLost = "sibling_lost", Warning,
        "another edge of the fleet does not answer",
        "Check that edge and the network to it; calls go on by this one.";
    /// An edge is gone for the control plane, which raises this one itself.
    EdgeLost = "edge_lost", Critical,
        "the control plane does not hear from the edge; alarms that it had open were ended, since nobody knows whether they still hold",
        "Check the edge and its way to the control plane. The alarm clears, and those alarms open again, when it is heard; an edge that is taken out of service is forgotten by `meetpoint edges forget`.";
}

impl AlarmKind {
    /// The kind of a code; `None` for one of a newer version.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// One alarm: open while `cleared_at_us` is `None`. What happens once (an
/// emergency call) is cleared the moment it is raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRecord {
    /// Of this one raising.
    pub id: Uuid,
    /// An [`AlarmKind`]'s code.
    pub code: String,
    /// [`Severity`] as text.
    pub severity: String,
    /// What it is about: a trunk's or user's id, an edge's name, …
    pub subject: String,
    /// What was found.
    pub detail: String,
    /// When it was raised, microseconds since 1970 UTC.
    pub raised_at_us: i64,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_at_us: Option<i64>,
}

/// The body of `POST /edge/v1/events`. Delivery is at least once; an alarm
/// counts once by its id, and once cleared stays so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBatch {
    /// Whose they are.
    pub edge: EdgeId,
    /// When the edge started, microseconds since 1970 UTC: what it had raised
    /// before is over, since it does not know of it any more.
    pub started_at_us: i64,
    /// Raised or cleared since the last delivery, in order.
    pub alarms: Vec<AlarmRecord>,
}
