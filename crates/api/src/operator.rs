//! The operator's face, `/operator/v1`: consents, orders, numbers, calls.

use crate::{
    App,
    auth::Caller,
    extract::{
        CallParams, IfMatch, Json, ListParams, NarrowParams, NumberParams, Path, Query, list,
    },
    failure::Answer,
    respond::{self, Format, listed, narrowed, pages, versioned},
};
use api_types::{
    Page,
    call::CallRecord,
    number::*,
    operator::CallingProfile,
    tenant::{CivicAddress, Consent, RelationshipUpdate},
};
use axum::{extract::State, response::Response};
use uuid::Uuid;

/// Who consented to the operator
#[utoipa::path(
    get, path = "/operator/v1/consents", tag = "operator",
    params(NarrowParams),
    responses((status = 200, description = "A page of consents", body = Page<Consent>))
)]
pub async fn operator_consent_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, operator_consent_list)).await
}

/// One tenant's consent
#[utoipa::path(
    get, path = "/operator/v1/consents/{tenant_id}", tag = "operator",
    params(("tenant_id" = Uuid, Path, description = "The tenant")),
    responses((status = 200, description = "The consent", body = Consent))
)]
pub async fn operator_consent_get(
    State(app): State<App>,
    caller: Caller,
    Path(tenant_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.operator_consent_get(&caller, tenant_id).await?;
    Ok(versioned(found.version, found))
}

/// Move the operator's side of a consent
#[utoipa::path(
    patch, path = "/operator/v1/consents/{tenant_id}", tag = "operator",
    request_body = RelationshipUpdate,
    params(("tenant_id" = Uuid, Path, description = "The tenant"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The consent", body = Consent))
)]
pub async fn relationship_update(
    State(app): State<App>,
    caller: Caller,
    Path(tenant_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<RelationshipUpdate>,
) -> Answer<Response> {
    let found = app.exchange.relationship_update(&caller, tenant_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Civic addresses of a tenant that consented
#[utoipa::path(
    get, path = "/operator/v1/tenants/{tenant_id}/civic-addresses", tag = "operator",
    params(("tenant_id" = Uuid, Path, description = "The tenant"), ListParams),
    responses((status = 200, description = "A page of addresses", body = Page<CivicAddress>))
)]
pub async fn operator_civic_address_list(
    State(app): State<App>,
    caller: Caller,
    Path(tenant_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, operator_civic_address_list, tenant_id)).await
}

/// The operator's calling profiles
#[utoipa::path(
    get, path = "/operator/v1/calling-profiles", tag = "operator",
    params(ListParams),
    responses((status = 200, description = "A page of calling profiles", body = Page<CallingProfile>))
)]
pub async fn operator_calling_profile_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, operator_calling_profile_list)).await
}

/// The operator's orders, newest first
#[utoipa::path(
    get, path = "/operator/v1/number-orders", tag = "operator",
    params(NarrowParams),
    responses((status = 200, description = "A page of orders", body = Page<NumberOrder>))
)]
pub async fn number_order_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, number_order_list)).await
}

/// Upload or release numbers
///
/// The order is checked as a whole first; a worker then runs its entries, each of which succeeds or fails alone. Poll the order named in Location.
#[utoipa::path(
    post, path = "/operator/v1/number-orders", tag = "operator",
    request_body = NumberOrderCreate,
    responses((status = 202, description = "The order, to be polled", body = NumberOrder))
)]
pub async fn number_order_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<NumberOrderCreate>,
) -> Answer<Response> {
    let made = app.exchange.number_order_create(&caller, body).await?;
    Ok(respond::accepted(format!("/operator/v1/number-orders/{}", made.id), made))
}

/// One order with its progress
#[utoipa::path(
    get, path = "/operator/v1/number-orders/{order_id}", tag = "operator",
    params(("order_id" = Uuid, Path, description = "The order")),
    responses((status = 200, description = "The order", body = NumberOrder))
)]
pub async fn number_order_get(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.number_order_get(&caller, order_id).await?))
}

/// An order's entries with their results
#[utoipa::path(
    get, path = "/operator/v1/number-orders/{order_id}/entries", tag = "operator",
    params(("order_id" = Uuid, Path, description = "The order"), ListParams),
    responses((status = 200, description = "A page of entries", body = Page<NumberOrderEntry>))
)]
pub async fn number_order_entries(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, number_order_entries, order_id)).await
}

/// The operator's numbers at all tenants
#[utoipa::path(
    get, path = "/operator/v1/numbers", tag = "operator",
    params(NumberParams),
    responses((status = 200, description = "A page of numbers", body = Page<Number>))
)]
pub async fn operator_number_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NumberParams>,
    format: Format,
) -> Answer<Response> {
    let (list, filter, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, operator_number_list, filter)).await
}

/// The operator's calls, newest first
#[utoipa::path(
    get, path = "/operator/v1/calls", tag = "operator",
    params(CallParams),
    responses((status = 200, description = "A page of calls", body = Page<CallRecord>))
)]
pub async fn operator_call_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CallParams>,
    format: Format,
) -> Answer<Response> {
    let (list, filter, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, operator_call_list, filter)).await
}
