//! Use cases: groups of a tenant's people, for whom policies hold (operator-connect.md 1.7.3).

use crate::act::{
    Fail, Keep, change, change_other, cursor, done, invalid, limit, new_id, not_found, of_tenant,
    page, text,
};
use crate::authz::Access;
use crate::policies::person_must;
use crate::{Cx, Exchange, ListQuery};
use api_types::policy::{Group, GroupCreate, GroupMember, GroupMembersEdit};
use api_types::{ErrorCode, Page, Problem};
use domain::policy::{PolicyBody, PolicyKind};
use domain::{GroupId, TenantId, UserId};
use feed::change::Change;
use feed::record::GroupMembersRecord;
use std::collections::BTreeSet;
use store::{Db, GroupRow, Tx};
use uuid::Uuid;

const MOST_GROUP_NAME: usize = 100;
/// Most people who join and leave at once: they travel in one record.
const MOST_MEMBERS: usize = feed::change::MAX_NUMBERS_PER_CHANGE;
fn group_document(row: GroupRow) -> Group {
    Group { id: row.id.0, name: row.name, members: row.members }
}

async fn group_must(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<GroupRow, Fail> {
    Ok(db.group_get(tenant, GroupId(id)).await?.ok_or_else(|| not_found("group", id))?)
}

/// Removes a group that no policy names; what was assigned to it goes with it. A policy that tells it
/// of calls for help would go on without anybody hearing of them (emergency.md section 1.6).
pub(crate) async fn disband(tx: &mut Tx, tenant: TenantId, group: GroupId) -> Result<(), Fail> {
    // Nobody names it meanwhile.
    tx.group_lock(tenant, group).await?;
    let kind = PolicyKind::TeamsEmergencyCallingPolicy.as_str();
    let policies = tx.policy_list(tenant, Some(kind), None, u32::MAX).await?;
    let naming = policies.iter().filter(|policy| tells(&policy.body.0, group));
    let naming: Vec<String> = naming.map(|policy| format!("{:?}", policy.name)).collect();
    if !naming.is_empty() {
        let reason = format!("named by {kind} {}", naming.join(", "));
        return Err(ErrorCode::GroupInUse.problem(None, reason).into());
    }
    tx.group_delete(tenant, group).await?;
    change(tx, &Change::GroupRemoved { tenant, id: group });
    Ok(())
}

/// Does the policy name the group as one that is told?
fn tells(body: &PolicyBody, group: GroupId) -> bool {
    match body {
        PolicyBody::TeamsEmergencyCallingPolicy(rule) => {
            rule.all().any(|(_, notify)| notify.groups.contains(&group))
        }
        _ => false,
    }
}

impl Exchange {
    /// The tenant's groups.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn group_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Group>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.group_list(tenant, after, most + 1).await?))
            .await?;
        Ok(page(rows, most, |row| row.id.0, group_document))
    }

    /// Adds an empty group.
    ///
    /// # Errors
    /// `invalid_field`, `conflict`, `forbidden`.
    pub async fn group_create(&self, cx: &Cx, new: GroupCreate) -> Result<Group, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let name = text("name", &new.name, MOST_GROUP_NAME)?;
        self.act(cx, "group.create", Keep::Answer, async |mut tx| {
            if let Some(other) = tx.group_named(tenant, &name).await? {
                let reason = format!("group {other} is called {name:?}");
                return Err(ErrorCode::Conflict.problem(Some("/name"), reason).into());
            }
            let id = GroupId(new_id());
            let row = GroupRow {
                id,
                tenant_id: tenant,
                name: name.clone(),
                external_id: None,
                members: 0,
            };
            tx.group_insert(&row).await?;
            change_other(&mut tx, "group", id, of_tenant(tenant));
            done(group_document(row), id)
        })
        .await
    }

    /// One group.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn group_get(&self, cx: &Cx, id: Uuid) -> Result<Group, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| group_must(&mut db, tenant, id).await).await?;
        Ok(group_document(row))
    }

    /// Removes a group; its policies hold for its people no more.
    ///
    /// # Errors
    /// `group_in_use` names the policies that tell it of calls for help; `not_found`, `forbidden`.
    pub async fn group_remove(&self, cx: &Cx, id: Uuid) -> Result<Group, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "group.remove", Keep::Answer, async |mut tx| {
            let row = group_must(&mut tx, tenant, id).await?;
            disband(&mut tx, tenant, row.id).await?;
            done(group_document(row), id)
        })
        .await
    }

    /// Who is in a group.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn group_member_list(
        &self,
        cx: &Cx,
        id: Uuid,
        list: ListQuery,
    ) -> Result<Page<GroupMember>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                let group = group_must(&mut db, tenant, id).await?;
                Ok(db.group_people(tenant, group.id, after, most + 1).await?)
            })
            .await?;
        Ok(page(
            rows,
            most,
            |row| row.id.0,
            |row| GroupMember { id: row.id.0, upn: row.upn, display_name: row.display_name },
        ))
    }

    /// Lets people join and leave a group.
    ///
    /// # Errors
    /// `unknown_user` names the first who is not the tenant's; `invalid_field`, `not_found`,
    /// `forbidden`.
    pub async fn group_member_edit(
        &self,
        cx: &Cx,
        id: Uuid,
        edit: GroupMembersEdit,
    ) -> Result<Group, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        if edit.join.len() + edit.leave.len() > MOST_MEMBERS {
            let reason = format!("at most {MOST_MEMBERS} people join and leave at once");
            return Err(invalid("join", reason));
        }
        if let Some(both) = edit.join.iter().find(|user| edit.leave.contains(user)) {
            return Err(invalid("leave", format!("{both} cannot join and leave")));
        }
        // In the order of their ids, as every writer takes rows.
        let sorted =
            |people: &[Uuid]| -> BTreeSet<UserId> { people.iter().copied().map(UserId).collect() };
        let (join, leave) = (sorted(&edit.join), sorted(&edit.leave));
        self.act(cx, "group.members", Keep::Answer, async |mut tx| {
            let row = group_must(&mut tx, tenant, id).await?;
            let (mut joined, mut left) = (Vec::new(), Vec::new());
            for user in &join {
                person_must(&mut tx, tenant, *user, "/join").await?;
                if tx.group_join(tenant, row.id, *user).await? {
                    joined.push(*user);
                }
            }
            for user in &leave {
                if tx.group_leave(tenant, row.id, *user).await? {
                    left.push(*user);
                }
            }
            let record = GroupMembersRecord { tenant, group: row.id, joined, left };
            change(&mut tx, &Change::GroupMembers(record));
            done(group_document(group_must(&mut tx, tenant, id).await?), id)
        })
        .await
    }
}
