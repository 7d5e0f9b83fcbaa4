//! Use cases: policies of a tenant, and for whom they hold.

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, matches, new_id, not_found, page, raced, text,
};
use crate::authz::Access;
use crate::policy_settings::{body, settings};
use crate::shared_calling::{self, numbers_of};
use crate::{Cx, Exchange, ListQuery, policy_emergency, records};
use api_types::policy::{
    EffectivePolicies, EffectivePolicy, Policy, PolicyAssignment, PolicyAssignmentPut,
    PolicyCreate, PolicyUpdate,
};
use api_types::{ErrorCode, Page, Problem};
use domain::policy::{
    self, CallerId, PolicyBody, PolicyError, PolicyKind, PolicyTarget, Substitute, Via, effective,
};
use domain::{GroupId, PolicyId, ResourceAccountId, TenantId, UserId};
use feed::change::Change;
use feed::record::PolicyAssignmentRecord;
use numbering::E164;
use store::{Db, Json, PolicyAssignmentRow, PolicyRow, Tx};
use uuid::Uuid;

/// Most policies of a kind. Public documents set none that counts here: each lies compiled in
/// every edge.
const MOST_POLICIES: i64 = 1_000;
/// Most dial plans, which have up to 50 expressions each.
const MOST_DIAL_PLANS: i64 = 200;
/// Longest name of a policy, as the field has it for dial plans.
const MOST_NAME: usize = policy::MOST_NAME;
/// As the field has it for emergency policies (emergency.md section 1.6).
const MOST_DESCRIPTION: usize = 512;
const MOST_RANK: u32 = 1_000_000;

fn kind_parse(field: &str, kind: &str) -> Result<PolicyKind, Problem> {
    PolicyKind::parse(kind).ok_or_else(|| {
        let known: Vec<_> = PolicyKind::ALL.iter().map(|kind| kind.as_str()).collect();
        invalid(field, format!("{kind:?} is none of {}", known.join(", ")))
    })
}

fn description_parse(given: &str) -> Result<String, Problem> {
    let given = given.trim();
    if given.chars().count() > MOST_DESCRIPTION || given.chars().any(char::is_control) {
        let reason = format!("a description is at most {MOST_DESCRIPTION} characters on one line");
        return Err(invalid("description", reason));
    }
    Ok(given.to_owned())
}

pub(crate) fn refusal(at: &'static str) -> impl Fn(PolicyError) -> Problem {
    move |error| invalid(&format!("{at}{}", error.field), error.reason)
}

fn document(row: &PolicyRow) -> Policy {
    Policy {
        id: row.id.0,
        name: row.name.clone(),
        description: row.description.clone(),
        settings: settings(&row.body.0),
        version: row.version,
    }
}

async fn policy_must(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<PolicyRow, Fail> {
    let row = db.policy_get(tenant, PolicyId(id)).await?;
    Ok(row.ok_or_else(|| not_found("policy", id))?)
}

pub(crate) async fn account_must(
    db: &mut Db,
    tenant: TenantId,
    id: ResourceAccountId,
    field: &str,
) -> Result<(), Fail> {
    if db.account_get(tenant, id).await?.is_none() {
        let reason = format!("no resource account {id} in this tenant");
        return Err(ErrorCode::UnknownAccount.problem(Some(field), reason).into());
    }
    Ok(())
}

pub(crate) async fn person_must(
    db: &mut Db,
    tenant: TenantId,
    id: UserId,
    field: &str,
) -> Result<(), Fail> {
    if db.person_get(tenant, id).await?.is_none() {
        let reason = format!("no user {id} in this tenant");
        return Err(ErrorCode::UnknownUser.problem(Some(field), reason).into());
    }
    Ok(())
}

/// What a body refers to is the tenant's.
async fn refers(
    db: &mut Db,
    tenant: TenantId,
    (body, own): (&PolicyBody, Option<PolicyId>),
    at: i64,
) -> Result<(), Fail> {
    if let PolicyBody::TeamsSharedCallingRoutingPolicy(rule) = body {
        shared_calling::refers(db, tenant, rule, own, at).await?;
    }
    if let PolicyBody::CallingLineIdentity(CallerId {
        substitute: Substitute::Resource(account),
        ..
    }) = body
    {
        account_must(db, tenant, *account, "/settings/resource_account_id").await?;
    }
    if let PolicyBody::TeamsEmergencyCallingPolicy(rule) = body {
        policy_emergency::groups_are_known(db, tenant, rule).await?;
    }
    let usages = policy_emergency::usages_of(body);
    if !usages.is_empty() {
        // Nobody takes a usage away meanwhile.
        db.voice_routing_lock(tenant).await?;
        let known = db.voice_routing_get(tenant).await?.map(|row| row.rules.0.usages);
        let known = known.unwrap_or_default();
        if let Some((field, unknown)) = usages.iter().find(|(_, usage)| !known.contains(usage)) {
            let reason = format!("{unknown:?} is not among your PSTN usages");
            return Err(ErrorCode::UnknownPstnUsage.problem(Some(field), reason).into());
        }
    }
    Ok(())
}

/// What a voice routing policy does to numbers of operators (operator-connect.md section 5 rules 4
/// and 5), where somebody has just been given one.
async fn captures(tx: &mut Tx, tenant: TenantId, put: &Put) -> Result<Option<String>, Fail> {
    if put.kind == PolicyKind::TeamsSharedCallingRoutingPolicy && put.policy.is_some() {
        return kept_off(tx, tenant, put).await;
    }
    let Some(id) = put.policy.filter(|_| put.kind == PolicyKind::OnlineVoiceRoutingPolicy) else {
        return Ok(None);
    };
    let usages = match tx.policy_get(tenant, id).await?.map(|row| row.body.0) {
        Some(PolicyBody::OnlineVoiceRoutingPolicy(rule)) => rule.usages,
        _ => Vec::new(),
    };
    if usages.is_empty() {
        return Ok(None);
    }
    let (count, some) = match put.target {
        PolicyTarget::Global => tx.voice_captured_globally(tenant, 5).await?,
        _ => tx.voice_captured(tenant, id, 5).await?,
    };
    Ok((count > 0).then(|| {
        let some: Vec<_> = some.iter().map(ToString::to_string).collect();
        format!(
            "calls of {count} numbers of operators leave by your gateways where a voice route \
             matches: {}",
            some.join(", ")
        )
    }))
}

/// People whose voice routing policy has PSTN usages do not call by an account's number
/// (operator-connect.md 1.13).
async fn kept_off(tx: &mut Tx, tenant: TenantId, put: &Put) -> Result<Option<String>, Fail> {
    let (user, number) = match put.target {
        PolicyTarget::User(user) => (Some(user), None),
        PolicyTarget::Number(number) => (None, Some(number)),
        PolicyTarget::Global | PolicyTarget::Group { .. } => (None, None),
    };
    let rows = tx.policy_assignments_for(tenant, user, number).await?;
    let Some((row, via)) = effective_of(&rows, PolicyKind::OnlineVoiceRoutingPolicy) else {
        return Ok(None);
    };
    let policy = tx.policy_get(tenant, row.policy_id).await?;
    Ok(match policy.map(|policy| policy.body.0) {
        Some(PolicyBody::OnlineVoiceRoutingPolicy(rule)) if !rule.usages.is_empty() => {
            Some(format!(
                "the voice routing policy {:?} ({}) has PSTN usages, and keeps whom it holds for \
                 from shared calling: assign one without usages",
                row.policy_name,
                via.as_str()
            ))
        }
        _ => None,
    })
}

async fn free_name(
    db: &mut Db,
    tenant: TenantId,
    kind: PolicyKind,
    name: &str,
    own: Option<PolicyId>,
) -> Result<(), Fail> {
    match db.policy_named(tenant, kind.as_str(), name).await? {
        Some(other) if Some(other) != own => {
            let reason = format!("policy {other} of this kind is called {name:?}");
            Err(ErrorCode::Conflict.problem(Some("/name"), reason).into())
        }
        _ => Ok(()),
    }
}

/// For whom a policy is put.
struct Put {
    kind: PolicyKind,
    target: PolicyTarget,
    policy: Option<PolicyId>,
}

impl Put {
    fn parse(put: &PolicyAssignmentPut) -> Result<Self, Problem> {
        let kind = kind_parse("kind", &put.kind)?;
        let policy = put.policy_id.map(PolicyId);
        let target = match (put.user_id, put.group_id, put.number.as_deref()) {
            (None, None, None) => PolicyTarget::Global,
            (Some(user), None, None) => PolicyTarget::User(UserId(user)),
            (None, None, Some(number)) => {
                let number = E164::parse(number)
                    .map_err(|error| invalid("number", format!("{number:?}: {error}")))?;
                PolicyTarget::Number(number)
            }
            (None, Some(group), None) => {
                let rank = match (put.rank, policy) {
                    (Some(rank), _) if !(1..=MOST_RANK).contains(&rank) => {
                        return Err(invalid("rank", format!("a rank is 1 to {MOST_RANK}")));
                    }
                    (None, Some(_)) => {
                        return Err(invalid("rank", "a group with a policy has a rank"));
                    }
                    (rank, _) => rank.unwrap_or(1),
                };
                PolicyTarget::Group { group: GroupId(group), rank }
            }
            _ => {
                let reason = "a policy is put for one user, one group or one number, or without \
                              any of them for everybody";
                return Err(invalid("user_id", reason));
            }
        };
        if put.rank.is_some() && put.group_id.is_none() {
            return Err(invalid("rank", "only a group has a rank"));
        }
        Ok(Self { kind, target, policy })
    }

    async fn known(&self, tx: &mut Tx, tenant: TenantId) -> Result<(), Fail> {
        match self.target {
            PolicyTarget::Global => Ok(()),
            PolicyTarget::User(user) => person_must(tx, tenant, user, "/user_id").await,
            PolicyTarget::Group { group, rank } => {
                if tx.group_get(tenant, group).await?.is_none() {
                    let reason = format!("no group {group} in this tenant");
                    return Err(ErrorCode::UnknownGroup.problem(Some("/group_id"), reason).into());
                }
                let ranked = tx.policy_ranked(tenant, self.kind.as_str(), rank).await?;
                match ranked.filter(|other| *other != group && self.policy.is_some()) {
                    None => Ok(()),
                    Some(other) => {
                        let reason = format!("group {other} has rank {rank}");
                        Err(ErrorCode::RankTaken.problem(Some("/rank"), reason).into())
                    }
                }
            }
            PolicyTarget::Number(number) => {
                let row = tx.number_get(number).await?;
                if row.is_none_or(|row| row.tenant_id != tenant) {
                    let reason = format!("{number} is not one of your numbers");
                    return Err(invalid("number", reason).into());
                }
                Ok(())
            }
        }
    }

    fn row(&self, tenant: TenantId, policy: PolicyId, name: String) -> PolicyAssignmentRow {
        let mut row = PolicyAssignmentRow {
            id: new_id(),
            tenant_id: tenant,
            kind: self.kind.as_str().to_owned(),
            policy_id: policy,
            policy_name: name,
            group_id: None,
            person_id: None,
            number: None,
            rank: None,
        };
        match self.target {
            PolicyTarget::Global => {}
            PolicyTarget::Group { group, rank } => {
                (row.group_id, row.rank) = (Some(group), Some(rank));
            }
            PolicyTarget::User(user) => row.person_id = Some(user),
            PolicyTarget::Number(number) => row.number = Some(number),
        }
        row
    }
}

fn assignment(
    kind: &str,
    target: PolicyTarget,
    policy: Option<(PolicyId, String)>,
) -> PolicyAssignment {
    let (policy_id, policy_name) = policy.map(|(id, name)| (id.0, name)).unzip();
    let mut document = PolicyAssignment {
        kind: kind.to_owned(),
        target: String::new(),
        policy_id,
        policy_name,
        user_id: None,
        group_id: None,
        rank: None,
        number: None,
        warning: None,
    };
    document.target = match target {
        PolicyTarget::Global => "global",
        PolicyTarget::Group { group, rank } => {
            document.group_id = Some(group.0);
            document.rank = policy_id.map(|_| rank);
            "group"
        }
        PolicyTarget::User(user) => {
            document.user_id = Some(user.0);
            "user"
        }
        PolicyTarget::Number(number) => {
            document.number = Some(number.to_string());
            "number"
        }
    }
    .to_owned();
    document
}

/// Which of these rows holds, of each kind, for somebody they were read for.
pub(crate) fn effective_of(
    rows: &[PolicyAssignmentRow],
    kind: PolicyKind,
) -> Option<(&PolicyAssignmentRow, Via)> {
    let of_kind = || rows.iter().filter(move |row| row.kind == kind.as_str());
    let number = of_kind().find_map(|row| Some((row.number?, row)));
    let direct = of_kind().find(|row| row.person_id.is_some());
    let groups = of_kind().filter_map(|row| Some((row.group_id?, row.rank?, row)));
    let global = of_kind().find(|row| records::policy_target(row) == PolicyTarget::Global);
    effective(number, direct, groups, global)
}

impl Exchange {
    /// The tenant's policies, of one kind or all.
    ///
    /// # Errors
    /// `invalid_parameter` names `kind`; `forbidden`.
    pub async fn policy_list(
        &self,
        cx: &Cx,
        kind: Option<String>,
        list: ListQuery,
    ) -> Result<Page<Policy>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        if let Some(kind) = &kind
            && PolicyKind::parse(kind).is_none()
        {
            let known: Vec<_> = PolicyKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let reason = format!("{kind:?} is none of {}", known.join(", "));
            return Err(ErrorCode::InvalidParameter.problem(Some("kind"), reason));
        }
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.policy_list(tenant, kind.as_deref(), after, most + 1).await?)
            })
            .await?;
        Ok(page(rows, most, |row| row.id.0, |row| document(&row)))
    }

    /// Adds a policy; it holds for nobody yet.
    ///
    /// # Errors
    /// `invalid_field` names the setting; `unknown_account`, `conflict`, `forbidden`.
    pub async fn policy_create(&self, cx: &Cx, new: PolicyCreate) -> Result<Policy, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let name = text("name", &new.name, MOST_NAME)?;
        let description = description_parse(&new.description)?;
        let body = body(&new.settings)?;
        let kind = body.kind();
        self.act(cx, "policy.create", Keep::Answer, async |mut tx| {
            let at = tx.at();
            refers(&mut tx, tenant, (&body, None), at).await?;
            free_name(&mut tx, tenant, kind, &name, None).await?;
            let most = match kind {
                PolicyKind::TenantDialPlan => MOST_DIAL_PLANS,
                PolicyKind::CallingLineIdentity
                | PolicyKind::OnlineDialOutPolicy
                | PolicyKind::OnlineVoiceRoutingPolicy
                | PolicyKind::OnlineAudioConferencingRoutingPolicy
                | PolicyKind::TeamsEmergencyCallingPolicy
                | PolicyKind::TeamsEmergencyCallRoutingPolicy
                | PolicyKind::TeamsSharedCallingRoutingPolicy => MOST_POLICIES,
            };
            if tx.policy_count(tenant, kind.as_str()).await? >= most {
                let reason = format!("there are at most {most} policies of this kind");
                return Err(invalid("settings/kind", reason).into());
            }
            let row = PolicyRow {
                id: PolicyId(new_id()),
                tenant_id: tenant,
                kind: kind.as_str().to_owned(),
                name: name.clone(),
                description: description.clone(),
                body: Json(body.clone()),
                version: 1,
            };
            tx.policy_insert(&row).await?;
            shared_calling::hand(&mut tx, tenant, row.id, &[], numbers_of(&body)).await?;
            change(&mut tx, &Change::PolicyPut(records::policy(&row)));
            done(document(&row), row.id)
        })
        .await
    }

    /// One policy.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn policy_get(&self, cx: &Cx, id: Uuid) -> Result<Policy, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.view_as(cx, async |mut db: Db| Ok(document(&policy_must(&mut db, tenant, id).await?)))
            .await
    }

    /// Edits a policy: it holds as edited for everybody it held for.
    ///
    /// # Errors
    /// `invalid_field` names the setting; `version_mismatch`, `version_required`,
    /// `unknown_account`, `conflict`, `not_found`, `forbidden`.
    pub async fn policy_update(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
        edit: PolicyUpdate,
    ) -> Result<Policy, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let name = edit.name.as_deref().map(|name| text("name", name, MOST_NAME)).transpose()?;
        let description = edit.description.as_deref().map(description_parse).transpose()?;
        let body = edit.settings.as_ref().map(body).transpose()?;
        self.act(cx, "policy.update", Keep::Answer, async |mut tx| {
            let mut row = policy_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, true)?;
            let kind = kind_parse("settings/kind", &row.kind)?;
            let before = numbers_of(&row.body.0).to_vec();
            if let Some(name) = &name {
                free_name(&mut tx, tenant, kind, name, Some(row.id)).await?;
                row.name.clone_from(name);
            }
            if let Some(description) = &description {
                row.description.clone_from(description);
            }
            if let Some(body) = &body {
                if body.kind() != kind {
                    let reason = format!("the policy is a {}, and stays one", row.kind);
                    return Err(invalid("settings/kind", reason).into());
                }
                let at = tx.at();
                refers(&mut tx, tenant, (body, Some(row.id)), at).await?;
                row.body = Json(body.clone());
            }
            raced(tx.policy_update(&row).await?)?;
            let after = numbers_of(&row.body.0);
            shared_calling::hand(&mut tx, tenant, row.id, &before, after).await?;
            row.version += 1;
            change(&mut tx, &Change::PolicyPut(records::policy(&row)));
            done(document(&row), id)
        })
        .await
    }

    /// Removes a policy that holds for nobody.
    ///
    /// # Errors
    /// `policy_in_use`, `version_mismatch`, `not_found`, `forbidden`.
    pub async fn policy_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<Policy, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "policy.remove", Keep::Answer, async |mut tx| {
            let row = policy_must(&mut tx, tenant, id).await?;
            matches(if_match, row.version, false)?;
            let holds = tx.policy_holds(row.id).await?;
            if holds > 0 {
                let reason = format!("{:?} is assigned {holds} times", row.name);
                return Err(ErrorCode::PolicyInUse.problem(None, reason).into());
            }
            let before = numbers_of(&row.body.0);
            shared_calling::hand(&mut tx, tenant, row.id, before, &[]).await?;
            tx.policy_delete(tenant, row.id).await?;
            change(&mut tx, &Change::PolicyRemoved { tenant, id: row.id });
            done(document(&row), id)
        })
        .await
    }

    /// For whom the tenant's policies hold.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn policy_assignment_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<PolicyAssignment>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, after) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.policy_assignment_list(tenant, after, most + 1).await?)
            })
            .await?;
        Ok(page(
            rows,
            most,
            |row| row.id,
            |row| {
                let target = records::policy_target(&row);
                assignment(&row.kind, target, Some((row.policy_id, row.policy_name)))
            },
        ))
    }

    /// Lets a policy hold for a person, a group, a number or everybody; without a policy none
    /// of the kind holds for them any more (operator-connect.md section 1.7.3).
    ///
    /// # Errors
    /// `unknown_policy`, `unknown_user`, `unknown_group`, `rank_taken`, `invalid_field`,
    /// `forbidden`.
    pub async fn policy_assignment_put(
        &self,
        cx: &Cx,
        put: PolicyAssignmentPut,
    ) -> Result<PolicyAssignment, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let put = Put::parse(&put)?;
        self.act(cx, "policy.assign", Keep::Answer, async |mut tx| {
            put.known(&mut tx, tenant).await?;
            let kind = put.kind.as_str();
            let policy = match put.policy {
                None => None,
                Some(id) => {
                    let row = tx.policy_get(tenant, id).await?.filter(|row| row.kind == kind);
                    let row = row.ok_or_else(|| {
                        let reason = format!("no {kind} {id} in this tenant");
                        ErrorCode::UnknownPolicy.problem(Some("/policy_id"), reason)
                    })?;
                    Some((id, row.name))
                }
            };
            let (group, person, number) = match put.target {
                PolicyTarget::Global => (None, None, None),
                PolicyTarget::Group { group, .. } => (Some(group), None, None),
                PolicyTarget::User(user) => (None, Some(user), None),
                PolicyTarget::Number(number) => (None, None, Some(number)),
            };
            tx.policy_unassign(tenant, kind, group, person, number).await?;
            if let Some((id, name)) = &policy {
                tx.policy_assign(&put.row(tenant, *id, name.clone())).await?;
            }
            let record = PolicyAssignmentRecord {
                tenant,
                kind: kind.to_owned(),
                target: put.target.into(),
                policy: put.policy,
            };
            change(&mut tx, &Change::PolicyAssigned(record));
            let subject = put.policy.map_or_else(|| kind.to_owned(), |id| id.to_string());
            let warning = captures(&mut tx, tenant, &put).await?;
            done(PolicyAssignment { warning, ..assignment(kind, put.target, policy) }, subject)
        })
        .await
    }

    /// Which policies hold for a person, a number, or both; without either for everybody. The
    /// number of a person counts where none is named.
    ///
    /// # Errors
    /// `invalid_parameter` names `user_id` or `number`; `forbidden`.
    pub async fn effective_policies(
        &self,
        cx: &Cx,
        user: Option<Uuid>,
        number: Option<String>,
    ) -> Result<EffectivePolicies, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let wrong =
            |field: &str, reason: String| ErrorCode::InvalidParameter.problem(Some(field), reason);
        let number = number
            .map(|text| {
                E164::parse(&text).map_err(|error| wrong("number", format!("{text:?}: {error}")))
            })
            .transpose()?;
        let user = user.map(UserId);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                let mut number = number;
                if let Some(number) = number
                    && db.number_get(number).await?.is_none_or(|row| row.tenant_id != tenant)
                {
                    let reason = format!("{number} is not one of your numbers");
                    return Err(wrong("number", reason).into());
                }
                if let Some(user) = user {
                    let row = db.person_get(tenant, user).await?.ok_or_else(|| {
                        wrong("user_id", format!("{user} is not one of your users"))
                    })?;
                    number = number.or(row.number);
                }
                Ok(db.policy_assignments_for(tenant, user, number).await?)
            })
            .await?;
        let policies = PolicyKind::ALL
            .into_iter()
            .filter_map(|kind| {
                let (row, via) = effective_of(&rows, kind)?;
                let (group_id, rank) = match via {
                    Via::Group { group, rank } => (Some(group.0), Some(rank)),
                    Via::Number(_) | Via::Direct | Via::Global => (None, None),
                };
                Some(EffectivePolicy {
                    kind: row.kind.clone(),
                    policy_id: row.policy_id.0,
                    policy_name: row.policy_name.clone(),
                    assigned: via.as_str().to_owned(),
                    group_id,
                    rank,
                })
            })
            .collect();
        Ok(EffectivePolicies { policies })
    }
}
