//! The change log's entries (design decision 1).

use crate::record::{
    BridgeRecord, CallingProfileRecord, CallingSettingsRecord, EdgeKey, EmergencyCallRecord,
    FallbackRecord, GatewayRecord, GroupMembersRecord, NumberRecord, OperatorRecord,
    PolicyAssignmentRecord, PolicyRecord, QueueRecord, ScreeningRecord, TenantRecord, TrunkRecord,
    UserRecord, VoiceRoutingRecord, VoiceTargetsRecord,
};
use domain::consent::{ConsentStatus, RelationshipStatus};
use domain::{
    BridgeId, ConsentId, GroupId, OperatorId, OrderId, PolicyId, ResourceAccountId, TenantId,
    TrunkId, UserId,
};
use numbering::E164;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most numbers one change carries; a bulk order appends one change per chunk.
pub const MAX_NUMBERS_PER_CHANGE: usize = 1000;

const FRAUD_RELEASE: &str = "fraud_release";

/// A place in the log. Positions of different epochs do not compare: a restore
/// or copy starts a new epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Which life of the log.
    pub epoch: Uuid,
    /// Strictly increasing within it; 0 is before the first change.
    pub position: u64,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeEntry {
    /// Where it stands.
    pub position: u64,
    /// When it was committed, microseconds since 1970 UTC.
    pub at_us: i64,
    /// What changed.
    pub change: Change,
}

/// What changed. `…Put` carries the whole new record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Change {
    /// An operator was admitted or edited.
    OperatorPut(OperatorRecord),
    /// A trunk.
    TrunkPut(TrunkRecord),
    /// A calling profile.
    CallingProfilePut(CallingProfileRecord),
    /// A tenant.
    TenantPut(TenantRecord),
    /// A person.
    UserPut(UserRecord),
    /// A person is gone.
    UserRemoved {
        /// Who.
        id: UserId,
    },
    /// A call queue.
    QueuePut(QueueRecord),
    /// A call queue is gone.
    QueueRemoved {
        /// Which.
        id: ResourceAccountId,
    },
    /// Numbers were uploaded, assigned, unassigned or edited.
    NumbersPut {
        /// At most [`MAX_NUMBERS_PER_CHANGE`].
        numbers: Vec<NumberRecord>,
    },
    /// Numbers were released.
    NumbersRemoved {
        /// At most [`MAX_NUMBERS_PER_CHANGE`].
        numbers: Vec<E164>,
    },
    /// A consent or the relationship on it moved. Edges pass it over.
    ConsentPut {
        /// Which.
        id: ConsentId,
        /// Whose.
        tenant: TenantId,
        /// To whom.
        operator: OperatorId,
        /// The tenant's side.
        status: ConsentStatus,
        /// The operator's side.
        relationship: RelationshipStatus,
    },
    /// An order made progress. Edges pass it over.
    OrderProgress {
        /// Which.
        id: OrderId,
        /// Whose order.
        operator: OperatorId,
        /// Entries done.
        done: u32,
        /// Entries in all.
        total: u32,
        /// The rest of what there is to tell of it.
        #[serde(flatten, default)]
        order: OrderFacts,
    },
    /// An order that a tenant placed made progress. Edges pass it over.
    TenantOrderProgress {
        /// Which.
        id: OrderId,
        /// Whose order; the facts that lie beside it have a `tenant` of their own.
        of_tenant: TenantId,
        /// Entries done.
        done: u32,
        /// Entries in all.
        total: u32,
        /// The rest of what there is to tell of it.
        #[serde(flatten, default)]
        order: OrderFacts,
    },
    /// A secret was added, which seals from its time on; or, without its bytes, one
    /// was taken away.
    EdgeKeyPut(EdgeKey),
    /// A policy. Edges before 0.3 pass it over, as what follows.
    PolicyPut(PolicyRecord),
    /// A policy is gone.
    PolicyRemoved {
        /// Whose it was.
        tenant: TenantId,
        /// Which.
        id: PolicyId,
    },
    /// A policy holds for others than before.
    PolicyAssigned(PolicyAssignmentRecord),
    /// People joined or left a group; at most [`MAX_NUMBERS_PER_CHANGE`] of them.
    GroupMembers(GroupMembersRecord),
    /// A group is gone.
    GroupRemoved {
        /// Whose it was.
        tenant: TenantId,
        /// Which.
        id: GroupId,
    },
    /// A tenant's rules for callers, and for numbers that nobody has.
    ScreeningPut(ScreeningRecord),
    /// A tenant's gateway. Edges before 0.3 pass it over, as what follows.
    GatewayPut(GatewayRecord),
    /// A gateway is gone.
    GatewayRemoved {
        /// Whose it was.
        tenant: TenantId,
        /// Which.
        id: TrunkId,
    },
    /// A tenant's routes over its gateways.
    VoiceRoutingPut(VoiceRoutingRecord),
    /// Operators that stand in for others with a tenant's calls outside.
    FallbackPut(FallbackRecord),
    /// A conference bridge with its numbers. Edges before 0.3 pass it over, as what follows.
    BridgePut(BridgeRecord),
    /// A conference bridge is gone.
    BridgeRemoved {
        /// Whose it was.
        tenant: TenantId,
        /// Which.
        id: BridgeId,
    },
    /// How a person's calls are forwarded, and who acts for them. Edges before 0.3 pass it over, as
    /// what follows.
    CallingSettingsPut(CallingSettingsRecord),
    /// What plays and records for a tenant.
    VoiceTargetsPut(VoiceTargetsRecord),
    /// Somebody of a tenant called for help. Edges pass it over.
    EmergencyCalled(EmergencyCallRecord),
    /// Something else the control plane keeps (an offer, an address, a client);
    /// carries no routing data.
    Other {
        /// `offer`, `civic_address`, …
        resource: String,
        /// Its id.
        id: String,
    },
}

/// What an order is like, for those who follow it. Releases before 0.3 do not write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_kind: Option<String>,
    /// `pending`, `in_progress`, `success`, `partial_success`, `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Entries that failed.
    #[serde(default)]
    pub failed: u32,
}

impl Change {
    /// Lifts the blocks for costly calls of a person or tenant. Edges of 0.1.0, which
    /// block nobody, pass it over.
    pub fn lift_fraud_blocks(id: Uuid) -> Self {
        Self::Other { resource: FRAUD_RELEASE.to_owned(), id: id.to_string() }
    }

    /// Whose blocks for costly calls this lifts.
    pub fn fraud_release(&self) -> Option<Uuid> {
        match self {
            Self::Other { resource, id } if resource == FRAUD_RELEASE => id.parse().ok(),
            _ => None,
        }
    }

    /// The kinds this version knows, as they are written.
    pub const KINDS: [&str; 30] = [
        "operator_put",
        "trunk_put",
        "calling_profile_put",
        "tenant_put",
        "user_put",
        "user_removed",
        "queue_put",
        "queue_removed",
        "numbers_put",
        "numbers_removed",
        "consent_put",
        "order_progress",
        "tenant_order_progress",
        "edge_key_put",
        "policy_put",
        "policy_removed",
        "policy_assigned",
        "group_members",
        "group_removed",
        "screening_put",
        "gateway_put",
        "gateway_removed",
        "voice_routing_put",
        "fallback_put",
        "bridge_put",
        "bridge_removed",
        "calling_settings_put",
        "voice_targets_put",
        "emergency_called",
        "other",
    ];
}
