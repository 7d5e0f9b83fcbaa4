//! Accounts, queues and attendants, and who answers for whom (migration.md sections 1.2 and 1.4).

use super::cell::{Cell, SourceRef};
use super::licence::UserLicence;
use super::number::LineNumber;
use super::policy::PolicyGrant;
use super::word::words;
use serde::{Deserialize, Serialize};

words! {
    /// `AccountType`.
    AccountType {
        /// A person.
        User = "User",
        /// An account of a queue, attendant or other application.
        ResourceAccount = "ResourceAccount",
        /// Somebody of another tenant.
        Guest = "Guest",
        /// Homed on a Skype for Business server.
        SfbOnPremUser = "SfBOnPremUser",
        /// No valid Teams licence: its number is stuck until it has one again.
        IneligibleUser = "IneligibleUser",
        /// Older clouds.
        Unknown = "Unknown",
    }
}

words! {
    /// `TeamsUpgradeEffectiveMode`.
    UpgradeMode {
        /// Operator Connect requires it.
        TeamsOnly = "TeamsOnly",
        /// Both clients.
        Islands = "Islands",
        /// Skype for Business.
        SfbOnly = "SfBOnly",
        /// Skype for Business with Teams beside it.
        SfbWithTeamsCollab = "SfBWithTeamsCollab",
        /// As before, with meetings.
        SfbWithTeamsCollabAndMeetings = "SfBWithTeamsCollabAndMeetings",
    }
}

/// An account that may hold a number: a person, a room, a shared device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// User principal name exactly as exported: the subject of findings. Where an export
    /// has none, the SIP address or object id stands here.
    pub upn: String,
    /// Entra object id, lower case.
    pub object_id: Cell<String>,
    /// Name.
    pub display_name: Cell<String>,
    /// SIP address without `sip:`.
    pub sip_address: Cell<String>,
    /// Kind of account.
    pub account_type: Cell<AccountType>,
    /// Such as `PureOnlineTeamsOnlyUser`.
    pub interpreted_type: Cell<String>,
    /// May sign in.
    pub enabled: Cell<bool>,
    /// Two letters; blank blocks licensing and emergency defaults.
    pub usage_location: Cell<String>,
    /// Country as written.
    pub country: Cell<String>,
    /// City.
    pub city: Cell<String>,
    /// Office, by which a user is placed at a site where nothing better is known.
    pub office: Cell<String>,
    /// Department.
    pub department: Cell<String>,
    /// Company.
    pub company: Cell<String>,
    /// Job title.
    pub title: Cell<String>,
    /// Site by the rules of the inventory, if there is one: a name in [`super::Inventory::sites`].
    pub site: Option<String>,
    /// Primary number as exported (`LineUri`), without `tel:`.
    pub line_uri: Cell<String>,
    /// The same, read.
    pub line: Option<LineNumber>,
    /// All numbers with their category (`TelephoneNumbers`, module 6.9.0 and later).
    pub telephone_numbers: Cell<Vec<(String, String)>>,
    /// Number kept in the local directory.
    pub on_prem_line_uri: Cell<String>,
    /// `False` beside a number means: set on-premises and synchronised, to be cleared there.
    pub on_prem_manually_set: Cell<bool>,
    /// Enterprise voice on-premises.
    pub on_prem_voice: Cell<bool>,
    /// Enterprise voice.
    pub enterprise_voice: Cell<bool>,
    /// Where the account is homed.
    pub hosting_provider: Cell<String>,
    /// The same, as a pool.
    pub registrar_pool: Cell<String>,
    /// Mode.
    pub upgrade_mode: Cell<UpgradeMode>,
    /// `FeatureTypes`, such as `PhoneSystem`.
    pub features: Cell<Vec<String>>,
    /// Synchronised from a local directory.
    pub dir_sync: Cell<bool>,
    /// `UserValidationErrors`.
    pub validation_errors: Cell<Vec<String>>,
    /// Deleted at; still holds its number.
    pub soft_deleted: Cell<jiff::Timestamp>,
    /// Voice policies as exported on the user, at the user's or a group's level; a policy
    /// column that is blank is [`Cell::Empty`] in [`User::policy_columns`].
    pub policies: Vec<PolicyGrant>,
    /// For each policy column that was exported: kind, and the cell as it stood.
    pub policy_columns: Vec<(super::PolicyKind, Cell<String>)>,
    /// Licences. Empty and `licences_known` false: nobody exported them.
    pub licences: Vec<UserLicence>,
    /// An export of licences or plans covers this user.
    pub licences_known: bool,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// What application a resource account belongs to (`ApplicationId`).
    AppKind {
        /// `ce933385-9390-45d1-9512-c8d228074e07`.
        AutoAttendant = "auto_attendant",
        /// `11cd3e2e-fccb-42ad-ad00-878b93575e07`.
        CallQueue = "call_queue",
        /// Somebody else's.
        ThirdParty = "third_party",
    }
}

/// An account of a queue or attendant (`Get-CsOnlineApplicationInstance`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceAccount {
    /// User principal name exactly as exported.
    pub upn: String,
    /// Object id, lower case.
    pub object_id: Cell<String>,
    /// Name.
    pub display_name: Cell<String>,
    /// Whose application.
    pub app: Cell<AppKind>,
    /// Number as exported, without `tel:`.
    pub phone_number: Cell<String>,
    /// The same, read; exports lose the plus sign.
    pub line: Option<LineNumber>,
    /// Ids of queues and attendants it stands for, lower case.
    pub associations: Cell<Vec<String>>,
    /// Usage location.
    pub usage_location: Cell<String>,
    /// Licences.
    pub licences: Vec<UserLicence>,
    /// An export of licences covers it.
    pub licences_known: bool,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// What a call is sent on to.
    TargetKind {
        /// A user.
        User = "User",
        /// A resource account.
        ApplicationEndpoint = "ApplicationEndpoint" | "ConfigurationEndpoint",
        /// An outside number.
        Phone = "Phone" | "ExternalPstn",
        /// A mailbox.
        Mailbox = "Mailbox" | "SharedVoicemail",
    }
}

/// Where a call goes on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueTarget {
    /// When: `overflow`, `timeout`, `no_agent`, `operator`, `menu`.
    pub when: String,
    /// Object id lower case, or `tel:` number as exported.
    pub id: String,
    /// What it is.
    pub kind: TargetKind,
}

/// Somebody who answers a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueMember {
    /// Object id, lower case, or a user principal name.
    pub id: String,
    /// Has opted in; `None` if not told.
    pub opted_in: Option<bool>,
}

/// A call queue (`Get-CsCallQueue`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Queue {
    /// Identity, lower case.
    pub id: Cell<String>,
    /// Name: the subject of findings.
    pub name: String,
    /// Agents.
    pub agents: Cell<Vec<QueueMember>>,
    /// Groups whose members are agents.
    pub groups: Cell<Vec<String>>,
    /// Overflow, timeout and no-agent targets.
    pub targets: Cell<Vec<QueueTarget>>,
    /// Resource accounts that stand for it, object ids.
    pub resource_accounts: Cell<Vec<String>>,
    /// Resource accounts whose numbers its agents show.
    pub caller_id_accounts: Cell<Vec<String>>,
    /// Users who may change it.
    pub authorised_users: Cell<Vec<String>>,
    /// Row.
    pub at: SourceRef,
}

/// An auto attendant (`Get-CsAutoAttendant`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attendant {
    /// Identity, lower case.
    pub id: Cell<String>,
    /// Name: the subject of findings.
    pub name: String,
    /// Language tag.
    pub language: Cell<String>,
    /// Windows time-zone name.
    pub time_zone: Cell<String>,
    /// Operator and menu targets. [`Cell::Lost`] where an export keeps a type name.
    pub targets: Cell<Vec<QueueTarget>>,
    /// Resource accounts that stand for it.
    pub resource_accounts: Cell<Vec<String>>,
    /// Row.
    pub at: SourceRef,
}

/// Somebody may act for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Whose calls: user principal name or SIP address without `sip:`.
    pub delegator: String,
    /// Who acts.
    pub delegate: String,
    /// Row.
    pub at: SourceRef,
}

/// Calls of the owner ring with the members too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallGroup {
    /// Owner.
    pub owner: String,
    /// Members.
    pub members: Vec<String>,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// `ForwardingTargetType`, `UnansweredTargetType`.
    ForwardKind {
        /// One user or number.
        SingleTarget = "SingleTarget",
        /// The call group.
        Group = "Group",
        /// The delegates.
        MyDelegates = "MyDelegates",
        /// Voicemail.
        Voicemail = "Voicemail",
    }
}

/// A user's forwarding (`Get-CsUserCallingSettings`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallingSettings {
    /// User principal name where known, else the SIP address without `sip:`.
    pub user: String,
    /// Forwards at once or rings others too.
    pub forwarding: Cell<bool>,
    /// `Immediate` or `Simultaneous`.
    pub forwarding_type: Cell<String>,
    /// To what.
    pub forwarding_kind: Cell<ForwardKind>,
    /// Target as exported, without `sip:` and `tel:`.
    pub forwarding_target: Cell<String>,
    /// Goes on when unanswered.
    pub unanswered: Cell<bool>,
    /// To what.
    pub unanswered_kind: Cell<ForwardKind>,
    /// Target.
    pub unanswered_target: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// A special role.
    Role {
        /// Calls are answered by an assistant.
        Executive = "executive" | "boss" | "vip",
        /// Answers for somebody.
        Assistant = "assistant" | "secretary" | "delegate",
        /// Answers the house.
        Receptionist = "receptionist" | "reception" | "operator" | "attendant",
        /// Answers a queue.
        Agent = "agent" | "contact_centre" | "call_centre",
        /// Answers emergencies in the house.
        EmergencyDesk = "emergency_desk" | "security",
        /// Without a desk.
        Frontline = "frontline",
        /// Calls must be recorded.
        Recorded = "recorded" | "compliance_recording" | "trader",
    }
}

/// Somebody with a special role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleMark {
    /// User principal name.
    pub user: String,
    /// Which.
    pub role: Role,
    /// Why: a list said so, or a delegation, queue or title does.
    pub because: String,
    /// Row.
    pub at: SourceRef,
}
