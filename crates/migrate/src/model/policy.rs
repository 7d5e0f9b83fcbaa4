//! The tenant, its policies and Direct Routing (migration.md sections 0, 1.4 and 1.6).

use super::cell::{Cell, SourceRef};
use super::word::words;
use serde::{Deserialize, Serialize};

words! {
    /// Which cloud the tenant lives in; all but the first have no Graph path, and some no
    /// Operator Connect at all (migration.md section 0, fact 1).
    Cloud {
        /// Worldwide.
        Commercial = "commercial" | "worldwide" | "public" | "global",
        /// US government community.
        Gcc = "gcc",
        /// US government high.
        GccHigh = "gcc_high" | "gcchigh" | "gcc high",
        /// US defence.
        Dod = "dod",
        /// China, by 21Vianet.
        China = "china" | "21vianet" | "gallatin",
    }
}

/// The tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tenant {
    /// Id, lower case.
    pub id: Cell<String>,
    /// Name.
    pub name: Cell<String>,
    /// Cloud, by export or by what the administrator said.
    pub cloud: Cell<Cloud>,
    /// Country of the tenant.
    pub country: Cell<String>,
    /// Every unassigned number may never be assigned again
    /// (`AssignmentBlockedForever`; migration.md section 0, fact 2).
    pub assignment_blocked_forever: Cell<bool>,
    /// Every unassigned number is blocked for so many days.
    pub assignment_blocked_days: Cell<u64>,
    /// Mail to users at assignment.
    pub assignment_email: Cell<bool>,
    /// Mail to users at unassignment.
    pub unassignment_email: Cell<bool>,
    /// Operations in the cloud convert synchronised numbers.
    pub on_prem_to_online: Cell<bool>,
}

words! {
    /// Policies that matter to voice.
    PolicyKind {
        /// Routes calls to Direct Routing trunks: hijacks routes after the move.
        OnlineVoiceRoutingPolicy = "OnlineVoiceRoutingPolicy" | "VoiceRoutingPolicy",
        /// Normalises what is dialled.
        TenantDialPlan = "TenantDialPlan",
        /// Shown number.
        CallingLineIdentity = "CallingLineIdentity",
        /// What a user may do.
        TeamsCallingPolicy = "TeamsCallingPolicy",
        /// Emergency notification.
        TeamsEmergencyCallingPolicy = "TeamsEmergencyCallingPolicy",
        /// Emergency routing, Direct Routing only.
        TeamsEmergencyCallRoutingPolicy = "TeamsEmergencyCallRoutingPolicy",
        /// Voicemail.
        OnlineVoicemailPolicy = "OnlineVoicemailPolicy",
        /// Where one may call.
        OnlineDialOutPolicy = "OnlineDialOutPolicy",
        /// Shared Calling.
        TeamsSharedCallingRoutingPolicy = "TeamsSharedCallingRoutingPolicy",
        /// Phones: common-area ones need their own.
        TeamsIPPhonePolicy = "TeamsIPPhonePolicy",
        /// Music on hold.
        TeamsCallHoldPolicy = "TeamsCallHoldPolicy",
        /// Compliance recording.
        TeamsComplianceRecordingPolicy = "TeamsComplianceRecordingPolicy" | "ComplianceRecordingPolicy",
    }
}

/// At which of the four levels a policy is granted (migration.md section 0, fact 4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "snake_case")]
pub enum PolicyLevel {
    /// On a number.
    Number {
        /// Number as exported.
        number: String,
    },
    /// On a user.
    User {
        /// User principal name, or what the export has.
        user: String,
    },
    /// On a group.
    Group {
        /// Group's object id, lower case.
        group: String,
    },
    /// On everybody.
    Global,
}

/// A policy granted to somebody or something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyGrant {
    /// Kind.
    pub kind: PolicyKind,
    /// Its name without `Tag:`.
    pub name: String,
    /// To whom.
    pub level: PolicyLevel,
    /// Cell.
    pub at: SourceRef,
}

/// Rank of a group among those that carry a policy of one kind; the lowest wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRank {
    /// Group.
    pub group: String,
    /// Kind.
    pub kind: PolicyKind,
    /// Rank.
    pub rank: u32,
    /// Row.
    pub at: SourceRef,
}

/// `Get-CsOnlineVoiceRoutingPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoiceRoutingPolicy {
    /// `Global`, or its name without `Tag:`.
    pub name: String,
    /// Usages. A Global policy with any routes everybody's calls to trunks.
    pub usages: Cell<Vec<String>>,
    /// Row.
    pub at: SourceRef,
}

/// `Get-CsOnlineVoiceRoute`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoiceRoute {
    /// Name: the subject of findings.
    pub name: String,
    /// Regular expression over the number.
    pub pattern: Cell<String>,
    /// Usages.
    pub usages: Cell<Vec<String>>,
    /// Trunks.
    pub gateways: Cell<Vec<String>>,
    /// Order.
    pub priority: Cell<u64>,
    /// Row.
    pub at: SourceRef,
}

/// `Get-CsOnlinePSTNGateway`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trunk {
    /// Name (FQDN): the subject of findings.
    pub fqdn: String,
    /// In use.
    pub enabled: Cell<bool>,
    /// Concurrent calls it carries.
    pub max_sessions: Cell<u64>,
    /// Media bypass: Operator Connect has none.
    pub media_bypass: Cell<bool>,
    /// Sends OPTIONS.
    pub sends_options: Cell<bool>,
    /// Site.
    pub site: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// `Get-CsTeamsSharedCallingRoutingPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SharedCallingPolicy {
    /// Name without `Tag:`.
    pub name: String,
    /// Resource account, object id or user principal name.
    pub resource_account: Cell<String>,
    /// Numbers shown to emergency services.
    pub emergency_numbers: Cell<Vec<String>>,
    /// Row.
    pub at: SourceRef,
}
