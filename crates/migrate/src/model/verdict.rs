//! What is concluded: findings, move groups, conflicts between files.

use super::cell::SourceRef;
use super::word::words;
use serde::{Deserialize, Serialize};

words! {
    /// What a finding is about.
    Area {
        /// Licences.
        Licences = "licences",
        /// Network.
        Network = "network",
        /// Completeness of the inventory.
        Inventory = "inventory",
        /// Numbers.
        Numbers = "numbers",
        /// Emergency calls.
        Emergency = "emergency",
        /// Policies.
        Policies = "policies",
        /// Several models beside each other.
        Hybrid = "hybrid",
        /// Compliance recording.
        Recording = "recording",
        /// Which model for which segment.
        Model = "model",
        /// Devices.
        Devices = "devices",
        /// The tenant as a whole.
        Tenant = "tenant",
        /// Quality of calls.
        Quality = "quality",
    }
}

/// How bad it is. Ordered: the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Cannot be told from what was exported.
    Unknown,
    /// Should be dealt with.
    Warn,
    /// Stops the move of its subject.
    Block,
}

/// File and row as people see them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceLine {
    /// File's name.
    pub file: String,
    /// Row.
    pub row: u32,
    /// Column, in the words of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// One rule about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code of the rule.
    pub code: String,
    /// About what.
    pub area: Area,
    /// How bad.
    pub severity: Severity,
    /// Exactly the identifier in the export: user principal name, number, site, subnet,
    /// policy, group, route, address, or `tenant`.
    pub subject: String,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What to do; may be empty for `info`.
    pub fix: String,
    /// What it costs in the words of the rule, such as seats to buy; empty if nothing.
    pub cost: String,
    /// Where it stands; `None` where it is about something that is missing.
    pub source: Option<SourceLine>,
}

words! {
    /// Why two must move together (migration.md section 8.1).
    LinkReason {
        /// One line on several devices.
        SharedLine = "shared_line",
        /// One hunt, line, ring or pickup group.
        HuntGroup = "hunt_group",
        /// One may act for the other.
        Delegation = "delegation",
        /// Calls of the one ring with the other.
        CallGroup = "call_group",
        /// Agent and queue.
        Queue = "queue",
        /// Overflow, timeout, no-agent, operator or menu target.
        Target = "target",
        /// `;ext=` and its base number.
        Extension = "extension",
        /// Shared Calling.
        SharedCalling = "shared_calling",
        /// One billing number, block or order.
        BillingBlock = "billing_block",
        /// User and device.
        Device = "device",
        /// A resource account stands for a queue or attendant.
        ResourceAccount = "resource_account",
    }
}

/// May the two be parted?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Teams rings across models: the project may part them.
    Soft,
    /// Never.
    Hard,
}

/// Two that must move together, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The one.
    pub from: String,
    /// The other.
    pub to: String,
    /// Kind of reason.
    pub reason: LinkReason,
    /// In a sentence: `frank is with tina: Sales queue overflow target`.
    pub because: String,
    /// May it be cut?
    pub strength: Strength,
    /// Where it stands.
    pub source: Option<SourceLine>,
}

/// Those who move together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveGroup {
    /// Stable name: that of its first member.
    pub name: String,
    /// Members, sorted: user principal names, queues, numbers.
    pub members: Vec<String>,
    /// Links that hold it together.
    pub links: Vec<Link>,
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictValue {
    /// Value as exported.
    pub value: String,
    /// Where.
    pub at: SourceRef,
}

/// Two files say different things of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Of what: `user`, `number`, `site`.
    pub kind: String,
    /// Which.
    pub subject: String,
    /// Field.
    pub field: String,
    /// What is said, in order of files.
    pub values: Vec<ConflictValue>,
    /// How it was settled.
    pub resolution: Resolution,
    /// Index of the value that was taken.
    pub taken: usize,
}

/// How a conflict was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Resolution {
    /// By a rule of the import, such as: the source whose own field it is wins.
    Rule {
        /// Which, in a sentence.
        rule: String,
    },
    /// By somebody's hand.
    Hand {
        /// Why, as they gave it.
        reason: String,
    },
}
