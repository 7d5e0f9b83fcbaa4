//! Rows as the change log and the snapshot carry them.

use domain::calling::{CallingSettings, VoiceTargets};
use domain::number::AssignmentTarget;
use domain::policy::PolicyTarget;
use domain::{CallingProfileId, TenantId, TrunkId, UserId};
use feed::record::{
    BridgeNumberRecord, BridgeRecord, CallingProfileRecord, CallingSettingsRecord, GatewayRecord,
    NumberRecord, OperatorRecord, PhoneCredential, PolicyAssignmentRecord, PolicyRecord,
    QueueRecord, ScreeningRecord, TenantRecord, Transport, TrunkRecord, UserRecord,
    VoiceRoutingRecord, VoiceTargetsRecord,
};
use store::{
    AccountRow, BridgeNumberRow, BridgeRow, CallingProfileRow, GatewayRow, NumberRow, OperatorRow,
    PersonRow, PolicyAssignmentRow, PolicyRow, ScreeningRow, StoreError, TenantRow, TrunkRow,
    VoiceRoutingRow,
};

/// The licence a resource account needs before it gets a number.
pub(crate) const RESOURCE_ACCOUNT: &str = "resource_account";

pub(crate) fn licensed(row: &PersonRow) -> bool {
    row.active && row.licences.0.iter().any(|l| l == crate::world::TELEPHONY)
}

/// The licences that an organizer of meetings needs for telephones in them (operator-connect.md
/// 1.10: Audio Conferencing, or Operator Connect Conferencing).
const CONFERENCING: [&str; 2] = ["audio_conferencing", "operator_connect_conferencing"];

fn conferencing(row: &PersonRow) -> bool {
    row.active && row.licences.0.iter().any(|l| CONFERENCING.contains(&l.as_str()))
}

pub(crate) fn user(row: &PersonRow) -> UserRecord {
    // Whoever is not active has no phone, until they are again.
    let phone = row.ha1_sha256.clone().zip(row.ha1_md5.clone()).filter(|_| row.active);
    UserRecord {
        id: row.id,
        tenant: row.tenant_id,
        display_name: row.display_name.clone(),
        licensed: licensed(row),
        conferencing: conferencing(row),
        country: row.country,
        number: row.number,
        alternate: row.alternate(),
        phone: phone.map(|(ha1_sha256, ha1_md5)| PhoneCredential {
            username: row.username.clone(),
            ha1_sha256,
            ha1_md5,
        }),
    }
}

pub(crate) fn queue(row: &AccountRow, agents: Vec<UserId>) -> QueueRecord {
    QueueRecord {
        id: row.id,
        tenant: row.tenant_id,
        display_name: row.display_name.clone(),
        agents,
        ring_seconds: row.ring_seconds,
        number: row.number,
    }
}

pub(crate) fn number(row: &NumberRow) -> NumberRecord {
    NumberRecord {
        number: row.number,
        tenant: row.tenant_id,
        operator: row.operator_id,
        profile: row.profile_id,
        country: row.country,
        usage: row.usage,
        target: row
            .person_id
            .map(AssignmentTarget::User)
            .or(row.account_id.map(AssignmentTarget::ResourceAccount)),
        category: row.category,
        location: row.location_id,
        moving: row.move_id,
        other_holder: row.other_holder(),
    }
}

pub(crate) fn operator(row: &OperatorRow) -> OperatorRecord {
    OperatorRecord { id: row.id, name: row.name.clone() }
}

pub(crate) fn tenant(row: &TenantRow) -> TenantRecord {
    TenantRecord {
        id: row.id,
        name: row.name.clone(),
        domain: row.domain.clone(),
        fraud_limits: row.fraud_limits.as_ref().map(|set| set.0),
        trusted_networks: row.trusted_networks.clone().map(|set| set.0).unwrap_or_default(),
    }
}

pub(crate) fn trunk(row: &TrunkRow) -> Result<TrunkRecord, StoreError> {
    let sources: Result<Vec<_>, _> = row.sources.0.iter().map(|s| s.parse()).collect();
    Ok(TrunkRecord {
        id: row.id,
        operator: row.operator_id,
        fqdn: row.fqdn.clone(),
        address: row.address.parse().map_err(|_| StoreError::Decode { column: "address" })?,
        sources: sources.map_err(|_| StoreError::Decode { column: "sources" })?,
        match_port: row.match_port,
        transport: if row.transport == "tcp" { Transport::Tcp } else { Transport::Udp },
        enabled: row.enabled,
        send_options: row.send_options,
        options_interval_seconds: row.options_interval_seconds,
        failover_time_seconds: row.failover_time_seconds,
        max_uri: row.max_uri,
        single_early_dialog: row.single_early_dialog,
        max_concurrent_calls: row.max_concurrent_calls,
        max_calls_per_second: row.max_calls_per_second,
    })
}

pub(crate) fn profile(row: &CallingProfileRow, trunks: Vec<TrunkId>) -> CallingProfileRecord {
    let emergency = row.emergency.as_ref().map(|said| said.0.clone()).unwrap_or_default();
    CallingProfileRecord { id: row.id, operator: row.operator_id, trunks, emergency }
}

/// The trunks of each profile, from rows in profile order.
pub(crate) fn trunks_of(
    rows: &[store::ProfileTrunkRow],
    profile: CallingProfileId,
) -> Vec<TrunkId> {
    rows.iter().filter(|r| r.profile_id == profile).map(|r| r.trunk_id).collect()
}

pub(crate) fn policy(row: &PolicyRow) -> PolicyRecord {
    PolicyRecord {
        id: row.id,
        tenant: row.tenant_id,
        name: row.name.clone(),
        body: row.body.0.clone().into(),
    }
}

/// For whom a policy holds, as its row says.
pub(crate) fn policy_target(row: &PolicyAssignmentRow) -> PolicyTarget {
    match (row.group_id, row.person_id, row.number) {
        (Some(group), ..) => PolicyTarget::Group { group, rank: row.rank.unwrap_or(u32::MAX) },
        (_, Some(user), _) => PolicyTarget::User(user),
        (.., Some(number)) => PolicyTarget::Number(number),
        (None, None, None) => PolicyTarget::Global,
    }
}

pub(crate) fn policy_assignment(row: &PolicyAssignmentRow) -> PolicyAssignmentRecord {
    PolicyAssignmentRecord {
        tenant: row.tenant_id,
        kind: row.kind.clone(),
        target: policy_target(row).into(),
        policy: Some(row.policy_id),
    }
}

pub(crate) fn screening(tenant: TenantId, row: &ScreeningRow) -> ScreeningRecord {
    ScreeningRecord { tenant, rules: row.rules.0.clone().into() }
}

pub(crate) fn gateway(row: &GatewayRow) -> Result<GatewayRecord, StoreError> {
    let GatewayRow { tenant_id: tenant, country, voice_app, .. } = *row;
    Ok(GatewayRecord { tenant, country, voice_app, trunk: trunk(&row.trunk())? })
}

pub(crate) fn bridge(row: &BridgeRow, numbers: &[BridgeNumberRow]) -> BridgeRecord {
    let own = numbers.iter().filter(|number| number.bridge_id == row.id);
    BridgeRecord {
        id: row.id,
        tenant: row.tenant_id,
        name: row.name.clone(),
        gateways: row.gateways.0.clone(),
        numbers: own
            .map(|number| BridgeNumberRecord {
                number: number.number,
                languages: number.languages.0.clone(),
            })
            .collect(),
    }
}

pub(crate) fn voice_routing(row: &VoiceRoutingRow) -> VoiceRoutingRecord {
    VoiceRoutingRecord { tenant: row.tenant_id, rules: row.rules.0.clone().into() }
}

pub(crate) fn calling(
    tenant: TenantId,
    user: UserId,
    settings: &CallingSettings,
) -> CallingSettingsRecord {
    CallingSettingsRecord { tenant, user, settings: settings.clone().into() }
}

pub(crate) fn voice_targets(tenant: TenantId, targets: &VoiceTargets) -> VoiceTargetsRecord {
    VoiceTargetsRecord { tenant, targets: targets.clone().into() }
}
