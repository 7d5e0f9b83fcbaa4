//! Groups of people, for whom policies hold.

use super::{
    Object, ScimList, ScimQuery, ScimResource, Wanted, external_id, problem, renamed, selection,
    still, text_of, wrong_value,
};
use crate::act::{Fail, Keep, change, change_other, done, new_id, not_found, of_tenant, text};
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::{ErrorCode, Problem};
use domain::{GroupId, TenantId, UserId};
use feed::change::{Change, MAX_NUMBERS_PER_CHANGE};
use feed::record::GroupMembersRecord;
use scim::{GROUP, GROUP_URN};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use store::{Db, GroupPersonRow, GroupRow, Tx};
use uuid::Uuid;

const MOST_NAME: usize = 100;
/// Members are read so many at a time.
const PORTION: u32 = 1000;

async fn members(
    db: &mut Db,
    tenant: TenantId,
    group: GroupId,
) -> Result<Vec<GroupPersonRow>, store::StoreError> {
    let mut all: Vec<GroupPersonRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.id.0);
        let more = db.group_people(tenant, group, after, PORTION).await?;
        let is_end = more.len() < PORTION as usize;
        all.extend(more);
        if is_end {
            return Ok(all);
        }
    }
}

/// Of name and members: whatever changes either, changes it.
fn etag(row: &GroupRow, members: &[GroupPersonRow]) -> String {
    let mut hash = Sha256::new();
    hash.update(row.name.as_bytes());
    hash.update([0]);
    hash.update(row.external_id.as_deref().unwrap_or_default().as_bytes());
    for member in members {
        hash.update(member.id.0.as_bytes());
    }
    let digest = hash.finalize();
    format!("W/\"{}\"", crate::secret::hex(&digest[..12]))
}

/// A group as a resource; `None` leaves its members and its ETag out.
fn resource(row: &GroupRow, members: Option<&[GroupPersonRow]>, base: &str) -> Object {
    let id = row.id.to_string();
    let mut made = Object::new();
    let mut put = |name: &str, value: Value| {
        made.insert(name.to_owned(), value);
    };
    put("schemas", json!([GROUP_URN]));
    put("id", json!(id));
    if let Some(external) = &row.external_id {
        put("externalId", json!(external));
    }
    put("displayName", json!(row.name));
    let mut meta = json!({ "resourceType": "Group", "location": format!("{base}/Groups/{id}") });
    if let Some(created) = super::made_at(row.id.0) {
        meta["created"] = json!(created);
    }
    if let Some(members) = members {
        let member = |m: &GroupPersonRow| {
            json!({
                "value": m.id.to_string(),
                "$ref": format!("{base}/Users/{}", m.id),
                "display": m.display_name,
                "type": "User",
            })
        };
        put("members", members.iter().map(member).collect());
        meta["version"] = json!(etag(row, members));
    }
    put("meta", meta);
    made
}

/// What a resource says of a group, parsed.
struct Group {
    name: String,
    external_id: Option<String>,
    members: BTreeSet<UserId>,
}

impl Group {
    fn read(resource: &Object) -> Result<Self, Problem> {
        let name = text_of(resource, "displayName")
            .ok_or_else(|| wrong_value("displayName", "it is missing"))?;
        let name = text("displayName", name, MOST_NAME)
            .map_err(|refused| renamed(refused, "displayName"))?;
        let mut members = BTreeSet::new();
        let given = resource.get("members").and_then(Value::as_array);
        for member in given.into_iter().flatten() {
            let member = member.as_object();
            let id = member.and_then(|member| text_of(member, "value")).unwrap_or_default();
            let id: Uuid = id.parse().map_err(|_| {
                wrong_value("members", format!("{id:?} is the id of no user: groups hold people"))
            })?;
            members.insert(UserId(id));
        }
        Ok(Self { name, external_id: external_id(resource)?, members })
    }
}

async fn group_must(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<GroupRow, Fail> {
    Ok(db.group_get(tenant, GroupId(id)).await?.ok_or_else(|| not_found("group", id))?)
}

async fn free_name(
    tx: &mut Tx,
    tenant: TenantId,
    name: &str,
    own: Option<GroupId>,
) -> Result<(), Fail> {
    match tx.group_named(tenant, name).await? {
        Some(other) if Some(other) != own => {
            let reason = format!("group {other} is called {name:?}");
            Err(ErrorCode::Conflict.problem(Some("displayName"), reason).into())
        }
        _ => Ok(()),
    }
}

/// Makes the group's people those that are wanted.
async fn settle(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    (has, wants): (&BTreeSet<UserId>, &BTreeSet<UserId>),
) -> Result<(), Fail> {
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for user in wants.difference(has) {
        if tx.person_get(tenant, *user).await?.is_none() {
            return Err(wrong_value("members", format!("no user {user} in this tenant")).into());
        }
        if tx.group_join(tenant, group, *user).await? {
            joined.push(*user);
        }
    }
    for user in has.difference(wants) {
        if tx.group_leave(tenant, group, *user).await? {
            left.push(*user);
        }
    }
    let whole =
        |users: &[UserId]| users.chunks(MAX_NUMBERS_PER_CHANGE).map(<[_]>::to_vec).collect();
    let (joined, left): (Vec<Vec<UserId>>, Vec<Vec<UserId>>) = (whole(&joined), whole(&left));
    let joins = joined.into_iter().map(|joined| (joined, Vec::new()));
    for (joined, left) in joins.chain(left.into_iter().map(|left| (Vec::new(), left))) {
        change(tx, &Change::GroupMembers(GroupMembersRecord { tenant, group, joined, left }));
    }
    Ok(())
}

/// Writes what has changed of a group.
async fn save(
    tx: &mut Tx,
    mut row: GroupRow,
    before: &[GroupPersonRow],
    wanted: &Group,
) -> Result<(GroupRow, Vec<GroupPersonRow>), Fail> {
    let tenant = row.tenant_id;
    free_name(tx, tenant, &wanted.name, Some(row.id)).await?;
    if (&row.name, &row.external_id) != (&wanted.name, &wanted.external_id) {
        row.name.clone_from(&wanted.name);
        row.external_id.clone_from(&wanted.external_id);
        tx.group_save(&row).await?;
        change_other(tx, "group", row.id, of_tenant(tenant));
    }
    let has: BTreeSet<UserId> = before.iter().map(|member| member.id).collect();
    settle(tx, tenant, row.id, (&has, &wanted.members)).await?;
    let after = members(tx, tenant, row.id).await?;
    if tx.changes() == 0 {
        // What changes nothing is no entry of any log.
        tx.discard();
    }
    Ok((row, after))
}

fn answer(
    row: &GroupRow,
    members: &[GroupPersonRow],
    base: &str,
    query: &ScimQuery,
) -> ScimResource {
    ScimResource {
        id: row.id.to_string(),
        version: etag(row, members),
        body: selection(&GROUP, query).of(resource(row, Some(members), base)),
    }
}

impl Exchange {
    /// Groups of the directory.
    ///
    /// # Errors
    /// `scim_invalid_filter` and its like, `forbidden`.
    pub async fn scim_group_list(
        &self,
        cx: &Cx,
        base: &str,
        query: &ScimQuery,
    ) -> Result<ScimList, Problem> {
        let tenant = cx.directory(Access::Read)?;
        let wanted = Wanted::read(&GROUP, query)?;
        let named = wanted.demands("displayName");
        // Whether a filter asks for members or not, they are found where they are shown.
        let shows = wanted.selection.wants("members") || wanted.filter.is_some();
        let all = self
            .view_as(cx, async |mut db: Db| {
                let mut rows = Vec::new();
                loop {
                    let after = rows.last().map(|row: &GroupRow| row.id.0);
                    let more = db.group_list(tenant, after, PORTION).await?;
                    let is_end = more.len() < PORTION as usize;
                    rows.extend(more);
                    if is_end {
                        break;
                    }
                }
                if let Some(name) = &named {
                    let folded = name.to_lowercase();
                    rows.retain(|row| row.name.to_lowercase() == folded);
                }
                let mut all = Vec::with_capacity(rows.len());
                for row in rows {
                    let people =
                        if shows { Some(members(&mut db, tenant, row.id).await?) } else { None };
                    all.push((row, people));
                }
                Ok(all)
            })
            .await?;
        let all = all.iter().map(|(row, people)| resource(row, people.as_deref(), base));
        Ok(wanted.page(all.filter(|resource| wanted.matches(resource)).collect()))
    }

    /// One group.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn scim_group_get(
        &self,
        cx: &Cx,
        base: &str,
        id: Uuid,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Read)?;
        let (row, people) = self
            .view_as(cx, async |mut db: Db| {
                let row = group_must(&mut db, tenant, id).await?;
                let people = members(&mut db, tenant, row.id).await?;
                Ok((row, people))
            })
            .await?;
        Ok(answer(&row, &people, base, query))
    }

    /// Adds a group.
    ///
    /// # Errors
    /// `scim_invalid_value` names the attribute; `conflict`, `change_freeze`, `forbidden`.
    pub async fn scim_group_create(
        &self,
        cx: &Cx,
        base: &str,
        body: Value,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Write)?;
        let given = scim::tidy(&GROUP, body).map_err(|error| problem(&error))?;
        let wanted = Group::read(&given)?;
        self.act(cx, "directory.group_create", Keep::Answer, async |mut tx| {
            free_name(&mut tx, tenant, &wanted.name, None).await?;
            let row = GroupRow {
                id: GroupId(new_id()),
                tenant_id: tenant,
                name: wanted.name.clone(),
                external_id: wanted.external_id.clone(),
                members: 0,
            };
            tx.group_insert(&row).await?;
            change_other(&mut tx, "group", row.id, of_tenant(tenant));
            settle(&mut tx, tenant, row.id, (&BTreeSet::new(), &wanted.members)).await?;
            let people = members(&mut tx, tenant, row.id).await?;
            done(answer(&row, &people, base, query), row.id)
        })
        .await
    }

    /// Replaces a group.
    ///
    /// # Errors
    /// As [`Exchange::scim_group_create`], and `not_found`, `version_mismatch`.
    pub async fn scim_group_replace(
        &self,
        cx: &Cx,
        base: &str,
        id: Uuid,
        if_match: Option<&str>,
        body: Value,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Write)?;
        let given = scim::tidy(&GROUP, body).map_err(|error| problem(&error))?;
        let wanted = Group::read(&given)?;
        self.act(cx, "directory.group_replace", Keep::Answer, async |mut tx| {
            let row = group_must(&mut tx, tenant, id).await?;
            let people = members(&mut tx, tenant, row.id).await?;
            still(if_match, &etag(&row, &people))?;
            let (row, people) = save(&mut tx, row, &people, &wanted).await?;
            done(answer(&row, &people, base, query), id)
        })
        .await
    }

    /// Changes a group.
    ///
    /// # Errors
    /// As [`Exchange::scim_group_replace`], and what a PATCH may be refused for.
    pub async fn scim_group_update(
        &self,
        cx: &Cx,
        base: &str,
        id: Uuid,
        if_match: Option<&str>,
        body: &Value,
        query: &ScimQuery,
    ) -> Result<ScimResource, Problem> {
        let tenant = cx.directory(Access::Write)?;
        let operations = scim::operations(body).map_err(|error| problem(&error))?;
        self.act(cx, "directory.group_update", Keep::Answer, async |mut tx| {
            let row = group_must(&mut tx, tenant, id).await?;
            let people = members(&mut tx, tenant, row.id).await?;
            still(if_match, &etag(&row, &people))?;
            let mut after = resource(&row, Some(&people), base);
            scim::apply(&GROUP, &mut after, &operations).map_err(|error| problem(&error))?;
            let wanted = Group::read(&after)?;
            let (row, people) = save(&mut tx, row, &people, &wanted).await?;
            done(answer(&row, &people, base, query), id)
        })
        .await
    }

    /// Removes a group; its policies hold for its people no more.
    ///
    /// # Errors
    /// `group_in_use` names the policies that tell it of calls for help; `not_found`,
    /// `version_mismatch`, `change_freeze`, `forbidden`.
    pub async fn scim_group_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<&str>,
    ) -> Result<(), Problem> {
        let tenant = cx.directory(Access::Write)?;
        self.act(cx, "directory.group_remove", Keep::Nothing, async |mut tx| {
            let row = group_must(&mut tx, tenant, id).await?;
            if if_match.is_some() {
                let people = members(&mut tx, tenant, row.id).await?;
                still(if_match, &etag(&row, &people))?;
            }
            crate::groups::disband(&mut tx, tenant, row.id).await?;
            done((), id)
        })
        .await
    }
}
