//! Numbers: how they may be used, what they may be assigned to
//! (operator-connect.md sections 1.7 to 1.11).

use crate::ids::{CallingProfileId, OperatorId, ResourceAccountId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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

impl OperatorId {
    /// Stands for the operator of every Direct Routing number: the tenant brings its own
    /// PSTN access for them (operator-connect.md 1.7.2, "constant pseudo operator").
    pub const DIRECT_ROUTING: Self = Self(DIRECT_ROUTING);
}

impl CallingProfileId {
    /// Stands for the trunks of every Direct Routing number, which has none.
    pub const DIRECT_ROUTING: Self = Self(DIRECT_ROUTING);
}

const DIRECT_ROUTING: Uuid = Uuid::from_u128(0xd12e_c700_0000_8000_8000_0000_0000_0001);

/// Which way to the PSTN a number has (operator-connect.md 1.7.2 `NumberType`). A number has
/// one, and is in the inventory once (section 5 rule 1). There are no numbers of Calling
/// Plans here: whoever runs the exchange sells none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberType {
    /// An operator's trunks.
    OperatorConnect,
    /// The tenant's own gateways.
    DirectRouting,
}

impl NumberType {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::OperatorConnect, Self::DirectRouting];

    /// That of a number of this operator.
    pub fn of(operator: OperatorId) -> Self {
        if operator == OperatorId::DIRECT_ROUTING {
            Self::DirectRouting
        } else {
            Self::OperatorConnect
        }
    }

    /// The literal on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OperatorConnect => "OperatorConnect",
            Self::DirectRouting => "DirectRouting",
        }
    }

    /// Reads the literal.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}
