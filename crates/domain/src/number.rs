//! Numbers: how they may be used, what they may be assigned to
//! (operator-connect.md sections 1.7 to 1.11).

use crate::ids::{ResourceAccountId, UserId};
use serde::{Deserialize, Serialize};

/// What an operator uploads a number for (operator-connect.md 1.7.1 `usage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Usage {
    /// People.
    CallingUserAssignment,
    /// Call queues and attendants.
    FirstPartyAppAssignment,
    /// Conference bridges. `ConferenceAssigned` is accepted on input (design section 9).
    #[serde(alias = "ConferenceAssigned")]
    ConferenceAssignment,
}

impl Usage {
    /// The literal on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallingUserAssignment => "CallingUserAssignment",
            Self::FirstPartyAppAssignment => "FirstPartyAppAssignment",
            Self::ConferenceAssignment => "ConferenceAssignment",
        }
    }

    /// Reads the literal; `ConferenceAssigned` counts as `ConferenceAssignment`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "CallingUserAssignment" => Some(Self::CallingUserAssignment),
            "FirstPartyAppAssignment" => Some(Self::FirstPartyAppAssignment),
            "ConferenceAssignment" | "ConferenceAssigned" => Some(Self::ConferenceAssignment),
            _ => None,
        }
    }
}

/// Where calls to a number go once it is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum AssignmentTarget {
    /// A person.
    User(UserId),
    /// A call queue's resource account.
    ResourceAccount(ResourceAccountId),
}
