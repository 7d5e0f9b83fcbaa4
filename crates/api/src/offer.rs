//! Offers on their way, leads, the data transfer notice and what is accepted of it, and what an
//! operator says of its side of a consent.

use crate::{
    App,
    auth::Caller,
    extract::{IfMatch, Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages, versioned},
};
use api_types::{
    Page,
    operator::{
        CapabilityPlan, Lead, LeadClaim, LeadCreate, LeadCreated, LeadDecline, Offer, OfferDraft,
        OfferDraftPut,
    },
    tenant::{Acceptance, AcceptanceCreate, Consent, Engagement, Notice, NoticeCreate},
};
use axum::{extract::State, response::Response};
use uuid::Uuid;

/// Your offer
///
/// As the directory has it, or had it last.
#[utoipa::path(
    get, path = "/operator/v1/offer", tag = "operator",
    responses((status = 200, description = "The offer", body = Offer))
)]
pub async fn operator_offer_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.operator_offer_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Your capability plans
///
/// What you may upload numbers for, by the services that you offer: what each usage always has, and
/// what may be chosen.
#[utoipa::path(
    get, path = "/operator/v1/capability-plans", tag = "operator",
    responses((status = 200, description = "The plans", body = Vec<CapabilityPlan>))
)]
pub async fn capability_plan_list(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.capability_plan_list(&caller).await?))
}

/// The draft of your offer
///
/// What you prepare; tenants see nothing of it. `lacks` says what is missing before it can be published.
#[utoipa::path(
    get, path = "/operator/v1/offer/draft", tag = "operator",
    responses((status = 200, description = "The draft", body = OfferDraft))
)]
pub async fn offer_draft_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.offer_draft_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Write the draft of your offer
///
/// The published offer stays as it is. If-Match is required once there is a draft.
#[utoipa::path(
    put, path = "/operator/v1/offer/draft", tag = "operator", request_body = OfferDraftPut,
    params(("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The draft", body = OfferDraft))
)]
pub async fn offer_draft_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<OfferDraftPut>,
) -> Answer<Response> {
    let found = app.exchange.offer_draft_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Throw the draft away
#[utoipa::path(
    delete, path = "/operator/v1/offer/draft", tag = "operator",
    params(("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The draft as it was", body = OfferDraft))
)]
pub async fn offer_draft_remove(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let found = app.exchange.offer_draft_remove(&caller, version).await?;
    Ok(versioned(found.version, found))
}

/// Publish the draft
///
/// The directory shows it in place of what was there. If-Match is of the draft.
#[utoipa::path(
    post, path = "/operator/v1/offer/publish", tag = "operator",
    params(("If-Match" = Option<String>, Header, description = "The ETag of the draft last read")),
    responses((status = 200, description = "The offer", body = Offer))
)]
pub async fn offer_publish(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let found = app.exchange.offer_publish(&caller, version).await?;
    Ok(versioned(found.version, found))
}

/// Withdraw your offer
///
/// It takes no new consents; those there are go on.
#[utoipa::path(
    post, path = "/operator/v1/offer/withdraw", tag = "operator",
    params(("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The offer", body = Offer))
)]
pub async fn offer_withdraw(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let found = app.exchange.offer_withdraw(&caller, version).await?;
    Ok(versioned(found.version, found))
}

/// What an operator offers
///
/// Services, countries, types of numbers, price notes and terms; how emergency calls are handled and
/// who may edit addresses in each country. Read it before you consent.
#[utoipa::path(
    get, path = "/tenant/v1/operators/{operator_id}/offer", tag = "tenant",
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 200, description = "The offer", body = Offer))
)]
pub async fn directory_offer_get(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.directory_offer_get(&caller, operator_id).await?;
    Ok(versioned(found.version, found))
}

/// Your invitations
///
/// Newest first.
#[utoipa::path(
    get, path = "/operator/v1/leads", tag = "operator", params(ListParams),
    responses((status = 200, description = "A page of leads", body = Page<Lead>))
)]
pub async fn operator_lead_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, operator_lead_list)).await
}

/// Invite a tenant
///
/// By its domain; or, without one, by the code in the answer, which is shown this once and which you
/// hand over.
#[utoipa::path(
    post, path = "/operator/v1/leads", tag = "operator", request_body = LeadCreate,
    responses((status = 201, description = "The lead", body = LeadCreated))
)]
pub async fn lead_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<LeadCreate>,
) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.lead_create(&caller, body).await?))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/operator/v1/leads/{lead_id}", tag = "operator",
    params(("lead_id" = Uuid, Path, description = "The lead")),
    responses((status = 200, description = "The lead", body = Lead))
)]
pub async fn lead_withdraw(
    State(app): State<App>,
    caller: Caller,
    Path(lead_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.lead_withdraw(&caller, lead_id).await?))
}

/// Invitations to you
///
/// Newest first: those that name your domain, and those whose code you showed. You accept one with a
/// consent that names it in `lead_id`.
#[utoipa::path(
    get, path = "/tenant/v1/leads", tag = "tenant", params(ListParams),
    responses((status = 200, description = "A page of leads", body = Page<Lead>))
)]
pub async fn lead_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, lead_list)).await
}

/// Show an operator's code
///
/// The invitation is yours from then on, to accept or to decline.
#[utoipa::path(
    post, path = "/tenant/v1/leads/claim", tag = "tenant", request_body = LeadClaim,
    responses((status = 200, description = "The lead", body = Lead))
)]
pub async fn lead_claim(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<LeadClaim>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.lead_claim(&caller, body).await?))
}

/// Decline an invitation
#[utoipa::path(
    post, path = "/tenant/v1/leads/{lead_id}/decline", tag = "tenant", request_body = LeadDecline,
    params(("lead_id" = Uuid, Path, description = "The lead")),
    responses((status = 200, description = "The lead", body = Lead))
)]
pub async fn lead_decline(
    State(app): State<App>,
    caller: Caller,
    Path(lead_id): Path<Uuid>,
    Json(body): Json<LeadDecline>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.lead_decline(&caller, lead_id, body).await?))
}

/// The data transfer notice
///
/// The version in force, which every consent accepts; version 0 while none was written.
#[utoipa::path(
    get, path = "/tenant/v1/notice", tag = "tenant",
    responses((status = 200, description = "The notice", body = Notice))
)]
pub async fn notice_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.notice_get(&caller).await?))
}

/// Every version of the data transfer notice
///
/// Newest first.
#[utoipa::path(
    get, path = "/programme/v1/notices", tag = "programme", params(ListParams),
    responses((status = 200, description = "A page of notices", body = Page<Notice>))
)]
pub async fn notice_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, notice_list)).await
}

/// Write a new version of the data transfer notice
///
/// It is in force at once: tenants are asked to accept it. Calls and numbers go on meanwhile.
#[utoipa::path(
    post, path = "/programme/v1/notices", tag = "programme", request_body = NoticeCreate,
    responses((status = 201, description = "The notice", body = Notice))
)]
pub async fn notice_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NoticeCreate>,
) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.notice_create(&caller, body).await?))
}

/// Who accepted which notice and terms when
///
/// Newest first.
#[utoipa::path(
    get, path = "/tenant/v1/consents/{operator_id}/acceptances", tag = "tenant",
    params(("operator_id" = Uuid, Path, description = "The operator"), ListParams),
    responses((status = 200, description = "A page of acceptances", body = Page<Acceptance>))
)]
pub async fn consent_acceptance_list(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, consent_acceptance_list, operator_id)).await
}

/// Accept a newer notice, or newer terms of an operator
///
/// Of a consent that stands; name the versions that you read.
#[utoipa::path(
    post, path = "/tenant/v1/consents/{operator_id}/acceptances", tag = "tenant",
    request_body = AcceptanceCreate,
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 200, description = "The consent", body = Consent))
)]
pub async fn consent_acceptance_create(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Json(body): Json<AcceptanceCreate>,
) -> Answer<Response> {
    let found = app.exchange.consent_acceptance_create(&caller, operator_id, body).await?;
    Ok(versioned(found.version, found))
}

/// Say how you serve a tenant
///
/// Support hours, escalation contacts, activation dates by country, which of your services are on by
/// default and which are to be configured, your own reference. It replaces all of it.
#[utoipa::path(
    put, path = "/operator/v1/consents/{tenant_id}/engagement", tag = "operator",
    request_body = Engagement,
    params(("tenant_id" = Uuid, Path, description = "The tenant"), ("If-Match" = String, Header, description = "The consent's ETag last read")),
    responses((status = 200, description = "The consent", body = Consent))
)]
pub async fn engagement_put(
    State(app): State<App>,
    caller: Caller,
    Path(tenant_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<Engagement>,
) -> Answer<Response> {
    let found = app.exchange.engagement_put(&caller, tenant_id, version, body).await?;
    Ok(versioned(found.version, found))
}
