//! People who leave: deactivated or removed while a number may be theirs. A number is never lost with
//! them and never frees itself unasked (operator-connect.md section 8, pain 5: "numbers of disabled
//! users stay held"): it stays theirs until somebody takes it back, or is taken back at once where
//! the tenant's settings say so.

use crate::act::{Fail, Keep, change, change_of, done, matches, not_found, of_tenant, raced};
use crate::authz::Access;
use crate::numbers::take_back;
use crate::{Cx, Exchange, records};
use api_types::tenant::User;
use api_types::{ErrorCode, Problem};
use domain::UserId;
use feed::change::Change;
use feed::record::{GroupMembersRecord, PolicyAssignmentRecord};
use store::{Json, PersonRow, Tx};
use uuid::Uuid;

/// Are numbers of people who leave taken back?
async fn frees(tx: &mut Tx, person: &PersonRow) -> Result<bool, Fail> {
    let settings = tx.number_settings_get(person.tenant_id).await?;
    Ok(settings.is_some_and(|settings| settings.free_leavers))
}

/// Somebody has just been deactivated: their numbers go where that is what the tenant wants.
pub(crate) async fn deactivated(tx: &mut Tx, person: PersonRow) -> Result<PersonRow, Fail> {
    let mut numbers = person.numbers().peekable();
    if numbers.peek().is_none() || !frees(tx, &person).await? {
        return Ok(person);
    }
    for number in numbers {
        take_back(tx, person.tenant_id, number, None).await?;
    }
    let again = tx.person_get(person.tenant_id, person.id).await?;
    Ok(again.ok_or_else(|| not_found("user", person.id))?)
}

/// Takes somebody out of how others' calls go on.
async fn forget(tx: &mut Tx, person: &PersonRow) -> Result<(), Fail> {
    let (tenant, id) = (person.tenant_id, person.id);
    for row in tx.calling_settings_naming(tenant, id).await? {
        let settings = row.settings.0.clone().without(id);
        if settings == row.settings.0 {
            continue;
        }
        let kept = Json(settings);
        raced(tx.calling_settings_put((tenant, row.person_id), row.version, &kept).await?)?;
        let record = records::calling(tenant, row.person_id, &kept.0);
        change(tx, &Change::CallingSettingsPut(record));
    }
    Ok(())
}

/// Takes somebody out of the house, with their phone, their places in queues and groups, what was
/// assigned to them, and whatever colleagues' calling settings say of them.
pub(crate) async fn remove(tx: &mut Tx, person: &PersonRow) -> Result<(), Fail> {
    let (tenant, id) = (person.tenant_id, person.id);
    // Nobody names them in their settings meanwhile.
    tx.people_locked(tenant, &[id]).await?;
    let numbers: Vec<_> = person.numbers().collect();
    if let Some(number) = numbers.first()
        && !frees(tx, person).await?
    {
        let reason = format!("{} has {number}", person.upn);
        return Err(ErrorCode::NumberHeld.problem(None, reason).into());
    }
    for number in numbers {
        take_back(tx, tenant, number, None).await?;
    }
    for account in tx.accounts_of_agent(tenant, id).await? {
        tx.agent_remove(account, id).await?;
        tx.account_touch(tenant, account).await?;
        if let Some(row) = tx.account_get(tenant, account).await? {
            let agents = crate::people::agents_of(&tx.agent_list(Some(tenant)).await?, account);
            change(tx, &Change::QueuePut(records::queue(&row, agents)));
        }
    }
    for group in tx.groups_of_person(tenant, id).await? {
        tx.group_leave(tenant, group, id).await?;
        let record =
            GroupMembersRecord { tenant, group, joined: Vec::new(), left: Vec::from([id]) };
        change(tx, &Change::GroupMembers(record));
    }
    for assigned in tx.policy_assignments_for(tenant, Some(id), None).await? {
        if assigned.person_id == Some(id) {
            tx.policy_unassign(tenant, &assigned.kind, None, Some(id), None).await?;
            change(
                tx,
                &Change::PolicyAssigned(PolicyAssignmentRecord {
                    tenant,
                    kind: assigned.kind.clone(),
                    target: records::policy_target(&assigned).into(),
                    policy: None,
                }),
            );
        }
    }
    forget(tx, person).await?;
    tx.person_delete(tenant, id).await?;
    change_of(tx, &Change::UserRemoved { id }, of_tenant(tenant));
    Ok(())
}

impl Exchange {
    /// Removes a person of the tenant, who has no number, or whose number is taken back by the
    /// tenant's settings.
    ///
    /// # Errors
    /// `number_held`, `not_found`, `version_mismatch`, `version_required`, `change_freeze`,
    /// `forbidden`.
    pub async fn user_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<User, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "user.remove", Keep::Answer, async |mut tx| {
            let row = tx.person_get(tenant, UserId(id)).await?;
            let row = row.ok_or_else(|| not_found("user", id))?;
            matches(if_match, row.version, false)?;
            remove(&mut tx, &row).await?;
            done(crate::people::user_document(row), id)
        })
        .await
    }
}
