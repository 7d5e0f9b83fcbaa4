//! The records that routing needs, one per entity, each complete in itself: a
//! change carries the whole new record, never a difference.

use crate::kept::Kept;
use domain::assign::OtherHolder;
use domain::calling::{CallingSettings, VoiceTargets};
use domain::conference::Languages;
use domain::emergency::ProfileEmergency;
use domain::fraud::FraudLimits;
use domain::line::AssignmentCategory;
use domain::policy::{PolicyBody, PolicyKind, PolicyTarget, ScreeningRules, VoiceRoutingRules};
use domain::trusted::TrustedNetwork;
use domain::{
    BridgeId, CallingProfileId, CdrId, GroupId, LocationId, MoveId, OperatorId, PolicyId,
    ResourceAccountId, TenantId, TrunkId, UserId,
    number::{AssignmentTarget, Usage},
};
use numbering::{Country, E164};
use serde::{Deserialize, Serialize};

/// An operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorRecord {
    /// Identity.
    pub id: OperatorId,
    /// Public brand.
    pub name: String,
}

/// How a trunk speaks SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// A trunk (operator-connect.md 1.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkRecord {
    /// Identity.
    pub id: TrunkId,
    /// Whose.
    pub operator: OperatorId,
    /// Its name, an FQDN by custom; shown in records.
    pub fqdn: String,
    /// Where to send: an address literal and port.
    pub address: std::net::SocketAddr,
    /// Addresses it may send from, any port; `address`'s own is always one.
    pub sources: Vec<std::net::IpAddr>,
    /// Also requires the source port to equal `address`'s: several trunks may
    /// share one address (as on a loopback demo), told apart by port.
    pub match_port: bool,
    /// How.
    pub transport: Transport,
    /// `false` drains.
    pub enabled: bool,
    /// Send OPTIONS and watch the answers.
    pub send_options: bool,
    /// Seconds between OPTIONS.
    pub options_interval_seconds: u32,
    /// Seconds without any response before the next trunk is tried.
    pub failover_time_seconds: u32,
    /// Longest URI the peer takes, in bytes.
    pub max_uri: u32,
    /// The peer bears one early dialog of its calls only: of several phones that ring
    /// it hears the first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single_early_dialog: bool,
    /// Most calls at once over all edges, both ways; `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; `None` for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls_per_second: Option<u32>,
}

/// A tenant's gateway (Direct Routing; operator-connect.md 1.6): a trunk of its own. Releases
/// before 0.3 do not know it and leave its address a stranger's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayRecord {
    /// Whose.
    pub tenant: TenantId,
    /// The country it stands in: what it dials is read there.
    pub country: Country,
    /// It leads to what plays and records, and not to the PSTN: no voice route and no call for help
    /// leaves by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice_app: bool,
    /// How it is reached; its operator is [`OperatorId::DIRECT_ROUTING`].
    pub trunk: TrunkRecord,
}

/// A calling profile (operator-connect.md 1.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingProfileRecord {
    /// Identity.
    pub id: CallingProfileId,
    /// Whose.
    pub operator: OperatorId,
    /// Its trunks.
    pub trunks: Vec<TrunkId>,
    /// What it says of emergency calls. Edges before 0.3 pass it over.
    #[serde(default, skip_serializing_if = "ProfileEmergency::is_empty")]
    pub emergency: ProfileEmergency,
}

/// Somebody of a tenant called for help, as it is told to whoever follows the tenant's events.
/// Nothing of it routes a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyCallRecord {
    /// The call.
    pub call: CdrId,
    /// Whose.
    pub tenant: TenantId,
    /// When it began, microseconds since 1970 UTC.
    pub at_us: i64,
    /// Who called; nobody proved it where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// By which number those who help call back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<E164>,
    /// What the emergency services were called by.
    pub dialled: String,
    /// Where the number is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// That place in words, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Who is told, where a policy says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<EmergencyNotice>,
}

/// Who is told of a call for help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyNotice {
    /// The policy that says so.
    pub policy: PolicyId,
    /// Its name.
    pub policy_name: String,
    /// As [`domain::policy::NotificationMode::as_str`].
    pub mode: String,
    /// Mail addresses of the people, groups expanded.
    pub addresses: Vec<String>,
    /// A number outside that is to be dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial_out: Option<E164>,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// Identity.
    pub id: TenantId,
    /// Name.
    pub name: String,
    /// SIP domain of its phones; digest realm too.
    pub domain: String,
    /// What its people may call to costly destinations; `None` for
    /// [`FraudLimits::default`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraud_limits: Option<FraudLimits>,
    /// From where its people's calls for help are carried unproven.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_networks: Vec<TrustedNetwork>,
}

/// The digest credentials of a person's phone: HA1 of both algorithms over
/// `username:realm:password` (RFC 7616 3.4.2, RFC 8760), never the password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneCredential {
    /// The user part of the address of record, and the digest username.
    pub username: String,
    /// HA1 with SHA-256, lower-case hex.
    pub ha1_sha256: String,
    /// HA1 with MD5, lower-case hex.
    pub ha1_md5: String,
}

impl std::fmt::Debug for PhoneCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhoneCredential({}, …)", self.username)
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// Identity.
    pub id: UserId,
    /// Their organisation.
    pub tenant: TenantId,
    /// Name shown in records.
    pub display_name: String,
    /// Holds a telephony licence.
    pub licensed: bool,
    /// Holds a licence for audio conferencing. Releases before 0.3 do not write it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conferencing: bool,
    /// Their country.
    pub country: Country,
    /// Their primary number.
    pub number: Option<E164>,
    /// The first of their alternate lines. Releases before 0.3 do not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternate: Option<E164>,
    /// Their phone's credentials, if they have a phone.
    pub phone: Option<PhoneCredential>,
}

/// A call queue's resource account: attendant routing, all agents ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRecord {
    /// Identity.
    pub id: ResourceAccountId,
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub display_name: String,
    /// Its agents.
    pub agents: Vec<UserId>,
    /// Seconds the agents ring before the caller hears 480.
    pub ring_seconds: u32,
    /// Its number. Releases before 0.3 do not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<E164>,
}

/// A conference bridge of a tenant. Releases before 0.3 do not know it, and have its numbers
/// assigned to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeRecord {
    /// Identity.
    pub id: BridgeId,
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// The gateways that answer its calls.
    pub gateways: Vec<TrunkId>,
    /// Its numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<BridgeNumberRecord>,
}

/// A number of a conference bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeNumberRecord {
    /// Which.
    pub number: E164,
    /// In which languages whoever calls it is greeted.
    pub languages: Languages,
}

/// A policy of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Identity.
    pub id: PolicyId,
    /// Whose.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// What it says.
    pub body: Kept<PolicyBody>,
}

/// For whom policies of a tenant hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAssignmentRecord {
    /// Whose.
    pub tenant: TenantId,
    /// Of which kind, as [`PolicyKind::as_str`]; one that only a newer version knows
    /// has no effect here.
    pub kind: String,
    /// For whom.
    pub target: Kept<PolicyTarget>,
    /// Which; none from now on if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyId>,
}

impl PolicyAssignmentRecord {
    /// Its kind, if it is known here.
    pub fn kind(&self) -> Option<PolicyKind> {
        PolicyKind::parse(&self.kind)
    }
}

/// People who joined and left a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMembersRecord {
    /// Whose.
    pub tenant: TenantId,
    /// Which group.
    pub group: GroupId,
    /// Who joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<UserId>,
    /// Who left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<UserId>,
}

/// A tenant's rules for callers, and for numbers that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningRecord {
    /// Whose.
    pub tenant: TenantId,
    /// All of them.
    pub rules: Kept<ScreeningRules>,
}

/// A tenant's routes over its gateways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceRoutingRecord {
    /// Whose.
    pub tenant: TenantId,
    /// All of them.
    pub rules: Kept<VoiceRoutingRules>,
}

/// Operators that stand in for others with a tenant's calls outside, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallbackRecord {
    /// Whose.
    pub tenant: TenantId,
    /// None from now on if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<FallbackWay>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallbackWay {
    /// Which operator.
    pub operator: OperatorId,
    /// By which of its profiles.
    pub profile: CallingProfileId,
}

/// How a person's calls are forwarded, and who acts for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingSettingsRecord {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose.
    pub user: UserId,
    /// All of them.
    pub settings: Kept<CallingSettings>,
}

/// What plays and records for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceTargetsRecord {
    /// Whose.
    pub tenant: TenantId,
    /// All of it.
    pub targets: Kept<VoiceTargets>,
}

/// A number. Fixed width in the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRecord {
    /// The number.
    pub number: E164,
    /// Its holder.
    pub tenant: TenantId,
    /// Its operator.
    pub operator: OperatorId,
    /// Its calling profile.
    pub profile: CallingProfileId,
    /// Its country.
    pub country: Country,
    /// What it is for.
    pub usage: Usage,
    /// Where its calls go.
    pub target: Option<AssignmentTarget>,
    /// What it is to the person who has it. Releases before 0.3 do not write it, and ring whoever has
    /// the number without asking.
    #[serde(default, skip_serializing_if = "AssignmentCategory::is_primary")]
    pub category: AssignmentCategory,
    /// Its emergency location.
    pub location: Option<LocationId>,
    /// The move through which its owner is to be resolved, while one runs.
    pub moving: Option<MoveId>,
    /// Who has it, where that is nobody whose [`AssignmentTarget`] a call is handed to: for
    /// events, since edges ask the bridge or policy itself. Releases before 0.3 do not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_holder: Option<OtherHolder>,
}

/// A secret all edges share: seals, Call-ID mapping and nonces.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeKey {
    /// Travels in clear with what the key seals.
    pub id: u8,
    /// 64 random bytes; none in a change that takes the key away.
    pub secret: Vec<u8>,
    /// From when on it seals, microseconds since 1970: later than it is known, so
    /// that every edge opens what the first one seals. 0.1.0 seals at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seals_from_us: i64,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}

impl std::fmt::Debug for EdgeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EdgeKey({}, …)", self.id)
    }
}
