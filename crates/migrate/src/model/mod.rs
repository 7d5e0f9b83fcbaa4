//! The documents between the stages: what was found in the exports, and what was
//! concluded from it.
//!
//! Every value knows its file, row and column ([`Cell`]), and every value that an export
//! lost is marked as lost, so that nothing is ever judged good for want of data.

mod cell;
mod licence;
mod number;
mod people;
mod phone;
mod place;
mod policy;
mod traffic;
mod verdict;
mod word;

pub use cell::{Cell, FileId, Remark, RemarkKind, SourceFile, SourceKind, SourceRef};
pub use licence::{PlanState, PlanStatus, Sku, SkuStatus, UserLicence};
pub use number::{
    ActivationState, AssignmentCategory, BilledNumber, BlockedState, LineNumber, LineNumberError,
    Number, NumberSource, NumberType, NumberValidity, PstnAssignment,
};
pub use people::{
    AccountType, AppKind, Attendant, CallGroup, CallingSettings, Delegation, ForwardKind, Queue,
    QueueMember, QueueTarget, ResourceAccount, Role, RoleMark, TargetKind, UpgradeMode, User,
};
pub use phone::{
    Device, DeviceKind, HuntGroup, HuntKind, LineClass, PbxLine, PbxPattern, PbxSystem, Room,
    RoomKind, SharedLine, SpecialLine,
};
pub use place::{
    Address, AddressState, Building, ChassisPort, LisLocation, LisSubnet, Site, SiteSubnet, Switch,
    TrustedAddress, WirelessAccessPoint,
};
pub use policy::{
    Cloud, GroupRank, PolicyGrant, PolicyKind, PolicyLevel, SharedCallingPolicy, Tenant, Trunk,
    VoiceRoute, VoiceRoutingPolicy,
};
pub use traffic::{
    CallKind, CallLog, CallRecord, CallSystem, Measurement, NetworkType, QualityRow, Tool,
    Transport,
};
pub use verdict::{
    Area, Conflict, ConflictValue, Finding, Link, LinkReason, MoveGroup, Resolution, Severity,
    SourceLine, Strength,
};

use serde::{Deserialize, Serialize};

/// Everything the imported files say about one tenant, joined.
///
/// Made by one pure function over the imported files; each list keeps the order in
/// which its first file and row came in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// The imported files; a [`FileId`] is an index in here.
    pub files: Vec<SourceFile>,
    /// The tenant itself.
    pub tenant: Tenant,
    /// People and other accounts that `Get-CsOnlineUser` lists, resource accounts left out.
    pub users: Vec<User>,
    /// Accounts of queues and attendants.
    pub resource_accounts: Vec<ResourceAccount>,
    /// Numbers of the tenant, one for each number and type.
    pub numbers: Vec<Number>,
    /// Numbers on a carrier's invoice or service record.
    pub billed_numbers: Vec<BilledNumber>,
    /// Call queues.
    pub queues: Vec<Queue>,
    /// Auto attendants.
    pub attendants: Vec<Attendant>,
    /// Who may act for whom.
    pub delegations: Vec<Delegation>,
    /// Whose calls ring with others too.
    pub call_groups: Vec<CallGroup>,
    /// Each user's forwarding.
    pub calling_settings: Vec<CallingSettings>,
    /// Lines of a PBX, one for each line and device.
    pub pbx_lines: Vec<PbxLine>,
    /// Hunt, line, pickup and ring groups, and queues, of a PBX.
    pub hunt_groups: Vec<HuntGroup>,
    /// Lines that stand on more than one device.
    pub shared_lines: Vec<SharedLine>,
    /// Analog, fax, alarm, lift and door lines, payment terminals, paging.
    pub special_lines: Vec<SpecialLine>,
    /// Translation and route patterns, and inbound routes, of a PBX.
    pub pbx_patterns: Vec<PbxPattern>,
    /// Telephones and adapters.
    pub devices: Vec<Device>,
    /// Meeting rooms and common-area phones.
    pub rooms: Vec<Room>,
    /// Special roles: executives, assistants, receptionists, agents.
    pub roles: Vec<RoleMark>,
    /// Sites.
    pub sites: Vec<Site>,
    /// Subnets that name a site (`Get-CsTenantNetworkSubnet`).
    pub site_subnets: Vec<SiteSubnet>,
    /// Rows of building files.
    pub buildings: Vec<Building>,
    /// Civic addresses.
    pub addresses: Vec<Address>,
    /// Places within addresses.
    pub locations: Vec<LisLocation>,
    /// Subnets that name a place (`Get-CsOnlineLisSubnet`).
    pub lis_subnets: Vec<LisSubnet>,
    /// Wireless access points that name a place.
    pub access_points: Vec<WirelessAccessPoint>,
    /// Switches that name a place.
    pub switches: Vec<Switch>,
    /// Switch ports that name a place.
    pub ports: Vec<ChassisPort>,
    /// Addresses by which the tenant's sites reach the internet.
    pub trusted_addresses: Vec<TrustedAddress>,
    /// Direct Routing trunks.
    pub trunks: Vec<Trunk>,
    /// Direct Routing routes.
    pub voice_routes: Vec<VoiceRoute>,
    /// Names of PSTN usages that exist.
    pub pstn_usages: Vec<Cell<String>>,
    /// Online voice routing policies.
    pub voice_routing_policies: Vec<VoiceRoutingPolicy>,
    /// Shared Calling policies.
    pub shared_calling_policies: Vec<SharedCallingPolicy>,
    /// Policies as granted, at all four levels.
    pub policy_grants: Vec<PolicyGrant>,
    /// Order of groups where a user is in several that carry a policy.
    pub group_ranks: Vec<GroupRank>,
    /// Members of groups, where an export tells: group id and user.
    pub group_members: Vec<(Cell<String>, Cell<String>)>,
    /// Products the tenant has bought.
    pub skus: Vec<Sku>,
    /// Call records, compact.
    pub calls: CallLog,
    /// Rows of Call Quality Dashboard exports.
    pub quality: Vec<QualityRow>,
    /// What network tools measured.
    pub measurements: Vec<Measurement>,
    /// What two files say differently of the same thing.
    pub conflicts: Vec<Conflict>,
    /// Every row that was rejected, every repair, every lost column and every hint that
    /// an export was cut.
    pub remarks: Vec<Remark>,
}

impl Inventory {
    /// File and row as a finding shows them; `None` if the value came from nowhere.
    pub fn line(&self, at: SourceRef) -> Option<SourceLine> {
        let file = self.files.get(at.file.0 as usize)?;
        Some(SourceLine { file: file.name.clone(), row: at.row, column: self.column(at) })
    }

    fn column(&self, at: SourceRef) -> Option<String> {
        let file = self.files.get(at.file.0 as usize)?;
        file.columns.get(usize::from(at.column?)).cloned()
    }

    /// Was anything imported that tells of such things? An empty list of a kind nobody
    /// exported is unknown, not empty.
    pub fn has(&self, kind: SourceKind) -> bool {
        self.files.iter().any(|file| file.kind == kind)
    }
}
