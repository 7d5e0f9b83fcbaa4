//! Policies, groups and rules for callers, on the face of tenants.

use crate::{
    App,
    auth::Caller,
    extract::{IfMatch, Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages, versioned, with_etag},
};
use api_types::{Page, policy::*};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Narrows a list of policies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PolicyParams {
    /// Only those of this kind.
    #[param(
        pattern = "^(TenantDialPlan|CallingLineIdentity|OnlineDialOutPolicy|OnlineVoiceRoutingPolicy|OnlineAudioConferencingRoutingPolicy|TeamsEmergencyCallingPolicy|TeamsEmergencyCallRoutingPolicy|TeamsSharedCallingRoutingPolicy)$"
    )]
    pub kind: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// For whom policies are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HolderParams {
    /// This person.
    pub user_id: Option<Uuid>,
    /// Calls of this number; that of the person if left out.
    pub number: Option<String>,
}

/// Policies
#[utoipa::path(
    get, path = "/tenant/v1/policies", tag = "tenant",
    params(PolicyParams),
    responses((status = 200, description = "A page of policies", body = Page<Policy>))
)]
pub async fn policy_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<PolicyParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let kind = query.kind;
    listed(format, list, pages!(app, caller, policy_list, kind)).await
}

/// Add a policy
///
/// It holds for nobody until it is assigned.
#[utoipa::path(
    post, path = "/tenant/v1/policies", tag = "tenant", request_body = PolicyCreate,
    responses((status = 201, description = "The policy", body = Policy))
)]
pub async fn policy_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<PolicyCreate>,
) -> Answer<Response> {
    let made = app.exchange.policy_create(&caller, body).await?;
    let location = format!("/tenant/v1/policies/{}", made.id);
    let version = made.version;
    Ok(with_etag(respond::created(Some(location), made), version))
}

/// One policy
#[utoipa::path(
    get, path = "/tenant/v1/policies/{policy_id}", tag = "tenant",
    params(("policy_id" = Uuid, Path, description = "The policy")),
    responses((status = 200, description = "The policy", body = Policy))
)]
pub async fn policy_get(
    State(app): State<App>,
    caller: Caller,
    Path(policy_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.policy_get(&caller, policy_id).await?;
    Ok(versioned(found.version, found))
}

/// Edit a policy
///
/// What is left out stays; the kind does. Calls from now on go by it as edited, for everybody it
/// holds for.
#[utoipa::path(
    patch, path = "/tenant/v1/policies/{policy_id}", tag = "tenant", request_body = PolicyUpdate,
    params(("policy_id" = Uuid, Path, description = "The policy"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The policy", body = Policy))
)]
pub async fn policy_update(
    State(app): State<App>,
    caller: Caller,
    Path(policy_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<PolicyUpdate>,
) -> Answer<Response> {
    let found = app.exchange.policy_update(&caller, policy_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Remove a policy
///
/// It must hold for nobody.
#[utoipa::path(
    delete, path = "/tenant/v1/policies/{policy_id}", tag = "tenant",
    params(("policy_id" = Uuid, Path, description = "The policy"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The policy as it was", body = Policy))
)]
pub async fn policy_remove(
    State(app): State<App>,
    caller: Caller,
    Path(policy_id): Path<Uuid>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let found = app.exchange.policy_remove(&caller, policy_id, version).await?;
    Ok(versioned(found.version, found))
}

/// For whom policies hold
#[utoipa::path(
    get, path = "/tenant/v1/policy-assignments", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of assignments", body = Page<PolicyAssignment>))
)]
pub async fn policy_assignment_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, policy_assignment_list)).await
}

/// Assign a policy
///
/// To a person, the people of a group, a number, or everybody; in place of what held there before.
/// Without a policy none holds there any more. A number's beats a person's own, that beats their
/// group's of the lowest rank, and that beats everybody's.
#[utoipa::path(
    put, path = "/tenant/v1/policy-assignments", tag = "tenant",
    request_body = PolicyAssignmentPut,
    responses((status = 200, description = "For whom it holds now", body = PolicyAssignment))
)]
pub async fn policy_assignment_put(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<PolicyAssignmentPut>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.policy_assignment_put(&caller, body).await?))
}

/// Which policies hold
///
/// For a person, a number or both; for everybody where neither is named.
#[utoipa::path(
    get, path = "/tenant/v1/effective-policies", tag = "tenant",
    params(HolderParams),
    responses((status = 200, description = "One of each kind, with why it holds", body = EffectivePolicies))
)]
pub async fn effective_policies(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<HolderParams>,
) -> Answer<Response> {
    let found = app.exchange.effective_policies(&caller, query.user_id, query.number).await?;
    Ok(respond::ok(found))
}

/// Groups of people
#[utoipa::path(
    get, path = "/tenant/v1/groups", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of groups", body = Page<Group>))
)]
pub async fn group_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, group_list)).await
}

/// Add a group
#[utoipa::path(
    post, path = "/tenant/v1/groups", tag = "tenant", request_body = GroupCreate,
    responses((status = 201, description = "The empty group", body = Group))
)]
pub async fn group_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<GroupCreate>,
) -> Answer<Response> {
    let made = app.exchange.group_create(&caller, body).await?;
    Ok(respond::created(Some(format!("/tenant/v1/groups/{}", made.id)), made))
}

/// One group
#[utoipa::path(
    get, path = "/tenant/v1/groups/{group_id}", tag = "tenant",
    params(("group_id" = Uuid, Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group))
)]
pub async fn group_get(
    State(app): State<App>,
    caller: Caller,
    Path(group_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.group_get(&caller, group_id).await?))
}

/// Remove a group
///
/// Its policies hold for its people no more. Refused (`group_in_use`) while an emergency policy tells
/// the group of calls for help.
#[utoipa::path(
    delete, path = "/tenant/v1/groups/{group_id}", tag = "tenant",
    params(("group_id" = Uuid, Path, description = "The group")),
    responses((status = 200, description = "The group as it was", body = Group))
)]
pub async fn group_remove(
    State(app): State<App>,
    caller: Caller,
    Path(group_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.group_remove(&caller, group_id).await?))
}

/// Who is in a group
#[utoipa::path(
    get, path = "/tenant/v1/groups/{group_id}/members", tag = "tenant",
    params(("group_id" = Uuid, Path, description = "The group"), ListParams),
    responses((status = 200, description = "A page of people", body = Page<GroupMember>))
)]
pub async fn group_member_list(
    State(app): State<App>,
    caller: Caller,
    Path(group_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, group_member_list, group_id)).await
}

/// Let people join and leave a group
#[utoipa::path(
    post, path = "/tenant/v1/groups/{group_id}/members", tag = "tenant",
    request_body = GroupMembersEdit,
    params(("group_id" = Uuid, Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group))
)]
pub async fn group_member_edit(
    State(app): State<App>,
    caller: Caller,
    Path(group_id): Path<Uuid>,
    Json(body): Json<GroupMembersEdit>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.group_member_edit(&caller, group_id, body).await?))
}

/// Blocked callers and unassigned numbers
///
/// Which callers are not let in or sent to a call queue, with exceptions; and who answers for
/// numbers that nobody has.
#[utoipa::path(
    get, path = "/tenant/v1/call-screening", tag = "tenant",
    responses((status = 200, description = "The rules", body = CallScreening))
)]
pub async fn screening_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.screening_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Set blocked callers and unassigned numbers
///
/// Replaces all of them.
#[utoipa::path(
    put, path = "/tenant/v1/call-screening", tag = "tenant", request_body = CallScreeningPut,
    params(("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The rules", body = CallScreening))
)]
pub async fn screening_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<CallScreeningPut>,
) -> Answer<Response> {
    let found = app.exchange.screening_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}
