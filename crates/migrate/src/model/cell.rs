//! Where a value came from, and whether it came at all.

use super::word::words;
use serde::{Deserialize, Serialize};

/// An imported file: its index in [`super::Inventory::files`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct FileId(pub u32);

/// Where a value stands: file, row, and column unless the whole row is meant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct SourceRef {
    /// The file.
    pub file: FileId,
    /// The line on which the row begins, counted from 1 as editors and spreadsheets do;
    /// in JSON the ordinal of the object, from 1.
    pub row: u32,
    /// Index in [`SourceFile::columns`].
    pub column: Option<u16>,
}

impl SourceRef {
    /// A whole row.
    pub const fn row(file: FileId, row: u32) -> Self {
        Self { file, row, column: None }
    }
}

/// A value of an export.
///
/// The four states differ for every verdict: an empty policy cell means that the global
/// policy applies, one that was never exported means nothing, and a lost one must not be
/// judged at all (migration.md section 1.1 and statement 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Cell<T> {
    /// No imported file has this column for this object.
    #[default]
    Absent,
    /// The column is there, and blank.
    Empty {
        /// Where.
        at: SourceRef,
    },
    /// The column holds the name of a .NET type, or cannot be read, instead of its value.
    Lost {
        /// Where.
        at: SourceRef,
    },
    /// A value.
    Given {
        /// It.
        value: T,
        /// Where.
        at: SourceRef,
    },
}

impl<T> Cell<T> {
    /// A value with its place.
    pub fn given(value: T, at: SourceRef) -> Self {
        Self::Given { value, at }
    }

    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Given { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Where it stands, unless it is absent.
    pub fn at(&self) -> Option<SourceRef> {
        match self {
            Self::Absent => None,
            Self::Empty { at } | Self::Lost { at } | Self::Given { at, .. } => Some(*at),
        }
    }

    /// Lost: no verdict of *pass* may rest on it.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Lost or never exported: a rule that needs it answers *unknown*.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Absent)
    }

    /// Exported, and blank.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty { .. })
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Cell<U> {
        match self {
            Self::Absent => Cell::Absent,
            Self::Empty { at } => Cell::Empty { at },
            Self::Lost { at } => Cell::Lost { at },
            Self::Given { value, at } => Cell::Given { value: change(value), at },
        }
    }
}

impl Cell<String> {
    /// The text, or an empty one.
    pub fn text(&self) -> &str {
        self.get().map_or("", String::as_str)
    }
}

impl<T: Copy> Cell<T> {
    /// A copy of the value, if there is one.
    pub fn copied(&self) -> Option<T> {
        self.get().copied()
    }
}

words! {
    /// What an imported file is (migration.md section 1).
    SourceKind {
        /// `Get-CsOnlineUser`.
        OnlineUsers = "Get-CsOnlineUser",
        /// Microsoft Graph `/admin/teams/userConfigurations`.
        UserConfigurations = "Graph teamsUserConfiguration",
        /// Microsoft Graph `/users`.
        DirectoryUsers = "Graph user",
        /// `Get-CsPhoneNumberAssignment`, or the same from Graph.
        NumberAssignments = "Get-CsPhoneNumberAssignment",
        /// `Export-CsAcquiredPhoneNumber`.
        AcquiredNumbers = "Export-CsAcquiredPhoneNumber",
        /// `Get-CsPhoneNumberTenantConfiguration`.
        NumberTenantConfiguration = "Get-CsPhoneNumberTenantConfiguration",
        /// `Get-CsPhoneNumberPolicyAssignment`.
        NumberPolicies = "Get-CsPhoneNumberPolicyAssignment",
        /// `Get-CsOnlineTelephoneNumberOrder`.
        NumberOrder = "Get-CsOnlineTelephoneNumberOrder",
        /// `Get-CsBatchPolicyAssignmentOperation`, the state of each user.
        BatchPolicies = "Get-CsBatchPolicyAssignmentOperation",
        /// `Get-CsOnlineApplicationInstance`.
        ResourceAccounts = "Get-CsOnlineApplicationInstance",
        /// `Get-CsOnlineApplicationInstanceAssociation`.
        ResourceAssociations = "Get-CsOnlineApplicationInstanceAssociation",
        /// `Get-CsCallQueue`.
        CallQueues = "Get-CsCallQueue",
        /// `Get-CsAutoAttendant`.
        AutoAttendants = "Get-CsAutoAttendant",
        /// `Get-CsUserCallingSettings`.
        CallingSettings = "Get-CsUserCallingSettings",
        /// `Get-CsTeamsSharedCallingRoutingPolicy`.
        SharedCalling = "Get-CsTeamsSharedCallingRoutingPolicy",
        /// `Get-CsOnlineLisCivicAddress`.
        CivicAddresses = "Get-CsOnlineLisCivicAddress",
        /// `Get-CsOnlineLisLocation`.
        LisLocations = "Get-CsOnlineLisLocation",
        /// `Get-CsOnlineLisSubnet`.
        LisSubnets = "Get-CsOnlineLisSubnet",
        /// `Get-CsOnlineLisWirelessAccessPoint`.
        LisAccessPoints = "Get-CsOnlineLisWirelessAccessPoint",
        /// `Get-CsOnlineLisSwitch`.
        LisSwitches = "Get-CsOnlineLisSwitch",
        /// `Get-CsOnlineLisPort`.
        LisPorts = "Get-CsOnlineLisPort",
        /// `Get-CsTenantNetworkSite`.
        NetworkSites = "Get-CsTenantNetworkSite",
        /// `Get-CsTenantNetworkSubnet`.
        NetworkSubnets = "Get-CsTenantNetworkSubnet",
        /// `Get-CsTenantTrustedIPAddress`.
        TrustedAddresses = "Get-CsTenantTrustedIPAddress",
        /// `Get-CsOnlineVoiceRoute`.
        VoiceRoutes = "Get-CsOnlineVoiceRoute",
        /// `Get-CsOnlinePstnUsage`.
        PstnUsages = "Get-CsOnlinePstnUsage",
        /// `Get-CsOnlineVoiceRoutingPolicy`.
        VoiceRoutingPolicies = "Get-CsOnlineVoiceRoutingPolicy",
        /// `Get-CsOnlinePSTNGateway`.
        Gateways = "Get-CsOnlinePSTNGateway",
        /// `Get-CsGroupPolicyAssignment`.
        GroupPolicies = "Get-CsGroupPolicyAssignment",
        /// `Get-CsUserPolicyAssignment`.
        UserPolicies = "Get-CsUserPolicyAssignment",
        /// `Get-MgGroupMember` joined with its group.
        GroupMembers = "Get-MgGroupMember",
        /// `Get-MgSubscribedSku`.
        SubscribedSkus = "Get-MgSubscribedSku",
        /// `Get-MgUserLicenseDetail`.
        LicenceDetails = "Get-MgUserLicenseDetail",
        /// `Get-CsTenant`, `Get-MgOrganization`.
        Tenant = "Get-CsTenant",
        /// PSTN usage report of calling plans and Operator Connect, and Graph `pstnCallLogRow`.
        PstnCalls = "PSTN usage",
        /// Direct Routing usage report, and Graph `directRoutingLogRow`.
        DirectRoutingCalls = "Direct Routing usage",
        /// Call records of a PBX or any other source.
        OtherCalls = "call records",
        /// Call Quality Dashboard.
        Quality = "Call Quality Dashboard",
        /// A building file, with or without its header.
        Buildings = "building file",
        /// Teams Network Assessment Tool, either generation.
        TeamsNetworkTool = "Teams Network Assessment Tool",
        /// iperf3 `-J`.
        Iperf3 = "iperf3",
        /// ThousandEyes `net/metrics`.
        ThousandEyes = "ThousandEyes",
        /// Generic network measurements.
        Measurements = "network measurements",
        /// Cisco CUCM phones, BAT.
        CucmPhones = "CUCM phones",
        /// Cisco CUCM hunt pilots and line groups.
        CucmGroups = "CUCM groups",
        /// Cisco CUCM translation and route patterns.
        CucmPatterns = "CUCM patterns",
        /// Avaya stations.
        AvayaStations = "Avaya stations",
        /// FreePBX extensions.
        FreepbxExtensions = "FreePBX extensions",
        /// FreePBX inbound routes.
        FreepbxRoutes = "FreePBX inbound routes",
        /// FreePBX ring groups and queues.
        FreepbxGroups = "FreePBX groups",
        /// Asterisk `pjsip.conf` or `sip.conf`.
        AsteriskEndpoints = "Asterisk endpoints",
        /// Number table of AudioCodes OVOC or Live.
        AudiocodesNumbers = "AudioCodes numbers",
        /// Any list of lines.
        Lines = "lines",
        /// Which user sits at which site.
        Assignments = "sites of users",
        /// Sites with their links.
        Sites = "sites",
        /// Telephones and their models.
        Devices = "devices",
        /// Rooms and common-area phones.
        Rooms = "rooms",
        /// People with special roles.
        Roles = "roles",
        /// Numbers on a carrier's invoice or service record.
        BilledNumbers = "carrier numbers",
    }
}

/// An imported file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name within what was imported, with `!` before the name of a member of an archive
    /// or of a sheet of a workbook.
    pub name: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its columns, in the words of the file.
    pub columns: Vec<String>,
    /// Rows with data.
    pub rows: u64,
    /// Rows among them that were rejected.
    pub rejected: u64,
    /// Site the administrator said it is about (`--site`).
    #[serde(default)]
    pub site: Option<String>,
    /// Country the administrator said its national numbers are of (`--country`).
    #[serde(default)]
    pub country: Option<numbering::Country>,
}

words! {
    /// What a remark is about.
    RemarkKind {
        /// A row was not taken: it is in no list of the inventory.
        Rejected = "rejected",
        /// A value was repaired, and how.
        Repaired = "repaired",
        /// A column's values were lost in the export.
        Lost = "lost",
        /// The export was probably cut at a limit.
        Truncated = "truncated",
        /// The same thing twice.
        Duplicate = "duplicate",
        /// A word no list knows.
        UnknownWord = "unknown_word",
        /// A column that was not understood and is not used.
        UnusedColumn = "unused_column",
        /// A column with secrets, left out.
        Secret = "secret",
        /// A formula whose stored result was taken.
        Formula = "formula",
        /// Something that could not be joined to anything else.
        Unjoined = "unjoined",
        /// Anything else worth telling.
        Note = "note",
    }
}

/// Something that happened while reading or joining.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// What it is about.
    pub kind: RemarkKind,
    /// Where.
    pub at: SourceRef,
    /// A stable code, such as `scientific_notation`.
    pub code: String,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do, such as the exact command that exports the column again; may be empty.
    pub remedy: String,
}
