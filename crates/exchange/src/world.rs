//! What routing needs of the database, as the records that the change log and
//! the snapshot carry.

use domain::number::AssignmentTarget;
use domain::{ResourceAccountId, UserId};
use feed::record::{GroupMembersRecord, NumberRecord};
use feed::snapshot::WorldRecords;
use std::collections::HashMap;
use store::{Db, StoreError, WorldNumberRow};

use crate::records;

/// The licence without which a person's calls are refused (emergency calls
/// apart).
pub(crate) const TELEPHONY: &str = "teams_phone";

/// Numbers read at a time.
const NUMBERS: u32 = 10_000;

pub(crate) fn number(row: &WorldNumberRow) -> NumberRecord {
    let target = row
        .person_id
        .map(AssignmentTarget::User)
        .or(row.account_id.map(AssignmentTarget::ResourceAccount));
    NumberRecord {
        number: row.number,
        tenant: row.tenant_id,
        operator: row.operator_id,
        profile: row.profile_id,
        country: row.country,
        usage: row.usage,
        target,
        category: row.category,
        location: row.location_id,
        moving: row.move_id,
        other_holder: row.other_holder(),
    }
}

/// Fills in everything, from one consistent view.
pub(crate) async fn fill(db: &mut Db, world: &mut WorldRecords) -> Result<(), StoreError> {
    world.operators = db.world_operators().await?.iter().map(records::operator).collect();
    world.tenants = db.world_tenants().await?.iter().map(records::tenant).collect();
    world.trunks = db.trunk_all().await?.iter().map(records::trunk).collect::<Result<_, _>>()?;

    let mut trunks: HashMap<_, Vec<_>> = HashMap::new();
    for row in db.profile_trunks(None).await? {
        trunks.entry(row.profile_id).or_default().push(row.trunk_id);
    }
    for row in db.profile_all().await? {
        let trunks = trunks.remove(&row.id).unwrap_or_default();
        world.profiles.push(records::profile(&row, trunks));
    }

    world.users = db.world_people().await?.iter().map(records::user).collect();

    let mut agents: HashMap<ResourceAccountId, Vec<UserId>> = HashMap::new();
    for row in db.world_agents(None).await? {
        agents.entry(row.account_id).or_default().push(row.person_id);
    }
    for row in db.world_queues().await? {
        let agents = agents.remove(&row.id).unwrap_or_default();
        world.queues.push(records::queue(&row, agents));
    }

    world.policies = db.world_policies().await?.iter().map(records::policy).collect();
    let assigned = db.world_policy_assignments().await?;
    world.policy_assignments = assigned.iter().map(records::policy_assignment).collect();
    for row in db.world_group_members().await? {
        match world.group_members.last_mut().filter(|group| group.group == row.group_id) {
            Some(group) => group.joined.push(row.person_id),
            None => world.group_members.push(GroupMembersRecord {
                tenant: row.tenant_id,
                group: row.group_id,
                joined: vec![row.person_id],
                left: Vec::new(),
            }),
        }
    }
    let screening = db.world_screening().await?;
    world.screening = screening.iter().map(|row| records::screening(row.tenant_id, row)).collect();

    let gateways = db.world_gateways().await?;
    world.gateways = gateways.iter().map(records::gateway).collect::<Result<_, _>>()?;
    world.voice_routing =
        db.world_voice_routing().await?.iter().map(records::voice_routing).collect();

    world.fallback = crate::fallback::world(db).await?;

    let mut numbers: HashMap<_, Vec<_>> = HashMap::new();
    for row in db.world_bridge_numbers().await? {
        numbers.entry(row.bridge_id).or_default().push(row);
    }
    for row in db.world_bridges().await? {
        let own = numbers.remove(&row.id).unwrap_or_default();
        world.bridges.push(records::bridge(&row, &own));
    }
    let calling = db.world_calling().await?;
    let calling = calling.iter().filter(|row| !row.settings.0.is_empty());
    world.calling = calling
        .map(|row| records::calling(row.tenant_id, row.person_id, &row.settings.0))
        .collect();
    let targets = db.world_voice_targets().await?;
    let targets = targets.iter().filter(|row| !row.targets.0.is_empty());
    world.voice_targets =
        targets.map(|row| records::voice_targets(row.tenant_id, &row.targets.0)).collect();

    for (at, row) in db.edge_key_list().await?.into_iter().enumerate() {
        let key = crate::edge_keys::record(at, row);
        world.edge_keys.push(key.ok_or(StoreError::Decode { column: "id" })?);
    }

    loop {
        let after = world.numbers.last().map(|n| n.number);
        let rows = db.world_numbers(after, NUMBERS).await?;
        let last = rows.len() < NUMBERS as usize;
        world.numbers.extend(rows.iter().map(number));
        if last {
            return Ok(());
        }
    }
}
