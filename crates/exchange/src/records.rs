//! Rows as the change log and the snapshot carry them.

use domain::{CallingProfileId, TrunkId};
use feed::record::{CallingProfileRecord, OperatorRecord, TenantRecord, Transport, TrunkRecord};
use store::{CallingProfileRow, OperatorRow, StoreError, TenantRow, TrunkRow};

pub(crate) fn operator(row: &OperatorRow) -> OperatorRecord {
    OperatorRecord { id: row.id, name: row.name.clone() }
}

pub(crate) fn tenant(row: &TenantRow) -> TenantRecord {
    TenantRecord { id: row.id, name: row.name.clone(), domain: row.domain.clone() }
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
    })
}

pub(crate) fn profile(row: &CallingProfileRow, trunks: Vec<TrunkId>) -> CallingProfileRecord {
    CallingProfileRecord { id: row.id, operator: row.operator_id, trunks }
}

/// The trunks of each profile, from rows in profile order.
pub(crate) fn trunks_of(
    rows: &[store::ProfileTrunkRow],
    profile: CallingProfileId,
) -> Vec<TrunkId> {
    rows.iter().filter(|r| r.profile_id == profile).map(|r| r.trunk_id).collect()
}
