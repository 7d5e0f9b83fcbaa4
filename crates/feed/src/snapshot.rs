//! What an edge knows: a snapshot of the routing data and the changes since,
//! in memory and as a file.
//!
//! The file is a header (magic, format, epoch, position, time of writing,
//! number of sections, CRC) and sections, each with kind, count, length and
//! CRC. Numbers are fixed-width records sorted by integer, the rest JSON. A
//! reader passes over sections and fields it does not know, so the file of the
//! next version opens too, as long as its format number stays.

mod bridges;
mod file;
mod memory;
mod policies;
#[cfg(test)]
mod tests;

pub use file::{FORMAT, SnapshotError, write_snapshot};
pub use memory::{Applied, Snapshot};

use crate::change::Position;
use crate::record::{
    BridgeRecord, CallingProfileRecord, CallingSettingsRecord, EdgeKey, FallbackRecord,
    GatewayRecord, GroupMembersRecord, NumberRecord, OperatorRecord, PolicyAssignmentRecord,
    PolicyRecord, QueueRecord, ScreeningRecord, TenantRecord, TrunkRecord, UserRecord,
    VoiceRoutingRecord, VoiceTargetsRecord,
};

/// All that routing needs, at one position of the log: what the control plane
/// reads from its database to write a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldRecords {
    /// Changes after this one are missing.
    pub position: Position,
    /// When it was read, microseconds since 1970 UTC.
    pub created_at_us: i64,
    /// Every operator.
    pub operators: Vec<OperatorRecord>,
    /// Every trunk.
    pub trunks: Vec<TrunkRecord>,
    /// Every calling profile.
    pub profiles: Vec<CallingProfileRecord>,
    /// Every tenant.
    pub tenants: Vec<TenantRecord>,
    /// Every person.
    pub users: Vec<UserRecord>,
    /// Every call queue.
    pub queues: Vec<QueueRecord>,
    /// The keys, oldest first.
    pub edge_keys: Vec<EdgeKey>,
    /// Every policy.
    pub policies: Vec<PolicyRecord>,
    /// For whom they hold.
    pub policy_assignments: Vec<PolicyAssignmentRecord>,
    /// Who is in which group; a group may come in several records.
    pub group_members: Vec<GroupMembersRecord>,
    /// Rules for callers, and for numbers that nobody has.
    pub screening: Vec<ScreeningRecord>,
    /// Every tenant's gateways.
    pub gateways: Vec<GatewayRecord>,
    /// Routes over them.
    pub voice_routing: Vec<VoiceRoutingRecord>,
    /// Operators that stand in for others.
    pub fallback: Vec<FallbackRecord>,
    /// Every conference bridge.
    pub bridges: Vec<BridgeRecord>,
    /// People's calling settings.
    pub calling: Vec<CallingSettingsRecord>,
    /// What plays and records for tenants.
    pub voice_targets: Vec<VoiceTargetsRecord>,
    /// Every number, in any order.
    pub numbers: Vec<NumberRecord>,
}

impl WorldRecords {
    /// Nothing, at a position.
    pub fn empty(position: Position, created_at_us: i64) -> Self {
        Self {
            position,
            created_at_us,
            operators: Vec::new(),
            trunks: Vec::new(),
            profiles: Vec::new(),
            tenants: Vec::new(),
            users: Vec::new(),
            queues: Vec::new(),
            edge_keys: Vec::new(),
            policies: Vec::new(),
            policy_assignments: Vec::new(),
            group_members: Vec::new(),
            screening: Vec::new(),
            gateways: Vec::new(),
            voice_routing: Vec::new(),
            fallback: Vec::new(),
            bridges: Vec::new(),
            calling: Vec::new(),
            voice_targets: Vec::new(),
            numbers: Vec::new(),
        }
    }
}
