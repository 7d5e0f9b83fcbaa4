//! The programme owner's face, `/programme/v1`: operators, tenants, clients, every call.

use crate::{
    App,
    auth::Caller,
    extract::{CallParams, IfMatch, Json, ListParams, NarrowParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, narrowed, pages, versioned, with_etag},
};
use api_types::{
    Page,
    call::*,
    identity::*,
    operator::*,
    tenant::{Tenant, TenantCreate},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use uuid::Uuid;

/// Operators
#[utoipa::path(
    get, path = "/programme/v1/operators", tag = "programme",
    params(NarrowParams),
    responses((status = 200, description = "A page of operators", body = Page<Operator>))
)]
pub async fn operator_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, operator_list)).await
}

/// Admit an operator
#[utoipa::path(
    post, path = "/programme/v1/operators", tag = "programme",
    request_body = OperatorCreate,
    responses((status = 201, description = "The operator", body = Operator))
)]
pub async fn operator_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<OperatorCreate>,
) -> Answer<Response> {
    let made = app.exchange.operator_create(&caller, body).await?;
    let (location, version) = (Some(format!("/programme/v1/operators/{}", made.id)), made.version);
    Ok(with_etag(respond::created(location, made), version))
}

/// One operator
#[utoipa::path(
    get, path = "/programme/v1/operators/{operator_id}", tag = "programme",
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 200, description = "The operator", body = Operator))
)]
pub async fn operator_get(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.operator_get(&caller, operator_id).await?;
    Ok(versioned(found.version, found))
}

/// An operator's trunks
#[utoipa::path(
    get, path = "/programme/v1/operators/{operator_id}/trunks", tag = "programme",
    params(("operator_id" = Uuid, Path, description = "The operator"), ListParams),
    responses((status = 200, description = "A page of trunks", body = Page<Trunk>))
)]
pub async fn trunk_list(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, trunk_list, operator_id)).await
}

/// Add a trunk
#[utoipa::path(
    post, path = "/programme/v1/operators/{operator_id}/trunks", tag = "programme",
    request_body = TrunkCreate,
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 201, description = "The trunk", body = Trunk))
)]
pub async fn trunk_create(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Json(body): Json<TrunkCreate>,
) -> Answer<Response> {
    let made = app.exchange.trunk_create(&caller, operator_id, body).await?;
    let (location, version) = (
        Some(format!("/programme/v1/operators/{}/trunks/{}", made.operator_id, made.id)),
        made.version,
    );
    Ok(with_etag(respond::created(location, made), version))
}

/// Drain a trunk, or take it back into use
///
/// Standing calls of a drained trunk live on; new ones go elsewhere.
#[utoipa::path(
    patch, path = "/programme/v1/operators/{operator_id}/trunks/{trunk_id}", tag = "programme",
    request_body = TrunkUpdate,
    params(("operator_id" = Uuid, Path, description = "The operator"), ("trunk_id" = Uuid, Path, description = "The trunk"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The trunk", body = Trunk))
)]
pub async fn trunk_update(
    State(app): State<App>,
    caller: Caller,
    Path((operator_id, trunk_id)): Path<(Uuid, Uuid)>,
    IfMatch(version): IfMatch,
    Json(body): Json<TrunkUpdate>,
) -> Answer<Response> {
    let found = app.exchange.trunk_update(&caller, operator_id, trunk_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// An operator's calling profiles
#[utoipa::path(
    get, path = "/programme/v1/operators/{operator_id}/calling-profiles", tag = "programme",
    params(("operator_id" = Uuid, Path, description = "The operator"), ListParams),
    responses((status = 200, description = "A page of calling profiles", body = Page<CallingProfile>))
)]
pub async fn calling_profile_list(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, calling_profile_list, operator_id)).await
}

/// Group trunks into a calling profile
///
/// At least two trunks of the operator.
#[utoipa::path(
    post, path = "/programme/v1/operators/{operator_id}/calling-profiles", tag = "programme",
    request_body = CallingProfileCreate,
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 201, description = "The calling profile", body = CallingProfile))
)]
pub async fn calling_profile_create(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Json(body): Json<CallingProfileCreate>,
) -> Answer<Response> {
    let made = app.exchange.calling_profile_create(&caller, operator_id, body).await?;
    Ok(respond::created(None, made))
}

/// Say which calls of a profile are emergency calls
///
/// Dial strings that its operator takes as emergency, and another of its profiles by which such
/// calls leave. Calls of the countries' emergency numbers are emergency calls in any case.
#[utoipa::path(
    put,
    path = "/programme/v1/operators/{operator_id}/calling-profiles/{calling_profile_id}/emergency",
    tag = "programme", request_body = ProfileEmergencyPut,
    params(
        ("operator_id" = Uuid, Path, description = "The operator"),
        ("calling_profile_id" = Uuid, Path, description = "The profile"),
        ("If-Match" = String, Header, description = "The version you hold"),
    ),
    responses((status = 200, description = "The calling profile", body = CallingProfile))
)]
pub async fn calling_profile_emergency_put(
    State(app): State<App>,
    caller: Caller,
    Path((operator_id, calling_profile_id)): Path<(Uuid, Uuid)>,
    IfMatch(if_match): IfMatch,
    Json(body): Json<ProfileEmergencyPut>,
) -> Answer<Response> {
    let exchange = &app.exchange;
    let put = exchange
        .calling_profile_emergency_put(&caller, operator_id, calling_profile_id, if_match, body)
        .await?;
    Ok(versioned(put.version, put))
}

/// An operator's declared ranges
#[utoipa::path(
    get, path = "/programme/v1/operators/{operator_id}/ranges", tag = "programme",
    params(("operator_id" = Uuid, Path, description = "The operator"), ListParams),
    responses((status = 200, description = "A page of ranges", body = Page<Range>))
)]
pub async fn range_list(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, range_list, operator_id)).await
}

/// Accept a declared range
///
/// The operator may upload numbers inside its ranges only.
#[utoipa::path(
    post, path = "/programme/v1/operators/{operator_id}/ranges", tag = "programme",
    request_body = RangeCreate,
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 201, description = "The range", body = Range))
)]
pub async fn range_create(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Json(body): Json<RangeCreate>,
) -> Answer<Response> {
    let made = app.exchange.range_create(&caller, operator_id, body).await?;
    Ok(respond::created(None, made))
}

/// An operator's offer
#[utoipa::path(
    get, path = "/programme/v1/operators/{operator_id}/offer", tag = "programme",
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 200, description = "The offer", body = Offer))
)]
pub async fn offer_get(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.offer_get(&caller, operator_id).await?;
    Ok(versioned(found.version, found))
}

/// Make or replace an offer
///
/// If-Match is required once there is one.
#[utoipa::path(
    put, path = "/programme/v1/operators/{operator_id}/offer", tag = "programme",
    request_body = OfferPut,
    params(("operator_id" = Uuid, Path, description = "The operator"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The offer", body = Offer))
)]
pub async fn offer_put(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<OfferPut>,
) -> Answer<Response> {
    let found = app.exchange.offer_put(&caller, operator_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Tenants
#[utoipa::path(
    get, path = "/programme/v1/tenants", tag = "programme",
    params(NarrowParams),
    responses((status = 200, description = "A page of tenants", body = Page<Tenant>))
)]
pub async fn tenant_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, tenant_list)).await
}

/// Make a tenant
#[utoipa::path(
    post, path = "/programme/v1/tenants", tag = "programme",
    request_body = TenantCreate,
    responses((status = 201, description = "The tenant", body = Tenant))
)]
pub async fn tenant_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TenantCreate>,
) -> Answer<Response> {
    let made = app.exchange.tenant_create(&caller, body).await?;
    Ok(respond::created(None, made))
}

/// Make a client
///
/// A program's credentials, or the account behind a person's sign-in links. The secret is shown this once.
#[utoipa::path(
    post, path = "/programme/v1/clients", tag = "programme",
    request_body = ClientCreate,
    responses((status = 201, description = "The client with its secret", body = ClientCredentials))
)]
pub async fn client_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ClientCreate>,
) -> Answer<Response> {
    let made = app.exchange.client_create(&caller, body).await?;
    Ok(respond::created(None, made))
}

/// The keys that edges share
///
/// Oldest first, without their secrets.
#[utoipa::path(
    get, path = "/programme/v1/edge-keys", tag = "programme",
    responses((status = 200, description = "The keys", body = Vec<EdgeKeyInfo>))
)]
pub async fn edge_key_list(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(axum::Json(app.exchange.edge_key_list(&caller).await?).into_response())
}

/// Rotate the keys that edges share
///
/// Adds a key that seals from in an hour on and takes away those that have opened long enough. No
/// call is dropped. Answers with all keys, oldest first.
#[utoipa::path(
    post, path = "/programme/v1/edge-keys", tag = "programme",
    responses((status = 201, description = "The keys", body = Vec<EdgeKeyInfo>))
)]
pub async fn edge_key_rotate(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.edge_key_rotate(&caller).await?))
}

/// Make a one-time sign-in code
///
/// Open `/login?code=…` with it.
#[utoipa::path(
    post, path = "/programme/v1/clients/{client_id}/login-codes", tag = "programme",
    params(("client_id" = Uuid, Path, description = "The client")),
    responses((status = 201, description = "The code", body = LoginCode))
)]
pub async fn login_code_create(
    State(app): State<App>,
    caller: Caller,
    Path(client_id): Path<Uuid>,
) -> Answer<Response> {
    let made = app.exchange.login_code_create(&caller, client_id).await?;
    Ok(respond::created(None, made))
}

/// Every call, newest first
#[utoipa::path(
    get, path = "/programme/v1/calls", tag = "programme",
    params(CallParams),
    responses((status = 200, description = "A page of calls", body = Page<CallRecord>))
)]
pub async fn programme_call_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CallParams>,
    format: Format,
) -> Answer<Response> {
    let (list, filter, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, programme_call_list, filter)).await
}

/// The audit log, newest first
#[utoipa::path(
    get, path = "/programme/v1/audit", tag = "programme",
    params(ListParams),
    responses((status = 200, description = "A page of the audit log", body = Page<AuditEntry>))
)]
pub async fn audit_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, audit_list)).await
}
