//! A tenant's gateways and the voice routes over them.

use crate::{
    App,
    auth::Caller,
    extract,
    extract::{IfMatch, Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages, versioned, with_etag},
};
use api_types::{
    Page,
    gateway::*,
    number::{DirectNumbersCreate, DirectNumbersResult, Number},
};
use axum::{extract::State, response::Response};
use uuid::Uuid;

/// Gateways
///
/// Your own ways to the PSTN and to exchanges that you still have (Direct Routing).
#[utoipa::path(
    get, path = "/tenant/v1/gateways", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of gateways", body = Page<Gateway>))
)]
pub async fn gateway_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, gateway_list)).await
}

/// Add a gateway
///
/// It brings calls to your own numbers and nobody else's. Calls leave by it once it is enabled and a
/// voice route names it.
#[utoipa::path(
    post, path = "/tenant/v1/gateways", tag = "tenant", request_body = GatewayCreate,
    responses((status = 201, description = "The gateway", body = Gateway))
)]
pub async fn gateway_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<GatewayCreate>,
) -> Answer<Response> {
    let made = app.exchange.gateway_create(&caller, body).await?;
    let location = format!("/tenant/v1/gateways/{}", made.id);
    let version = made.version;
    Ok(with_etag(respond::created(Some(location), made), version))
}

/// One gateway
#[utoipa::path(
    get, path = "/tenant/v1/gateways/{gateway_id}", tag = "tenant",
    params(("gateway_id" = Uuid, Path, description = "The gateway")),
    responses((status = 200, description = "The gateway", body = Gateway))
)]
pub async fn gateway_get(
    State(app): State<App>,
    caller: Caller,
    Path(gateway_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.gateway_get(&caller, gateway_id).await?;
    Ok(versioned(found.version, found))
}

/// Edit a gateway
///
/// What is left out stays. A gateway with another address is another gateway.
#[utoipa::path(
    patch, path = "/tenant/v1/gateways/{gateway_id}", tag = "tenant", request_body = GatewayUpdate,
    params(("gateway_id" = Uuid, Path, description = "The gateway"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The gateway", body = Gateway))
)]
pub async fn gateway_update(
    State(app): State<App>,
    caller: Caller,
    Path(gateway_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<GatewayUpdate>,
) -> Answer<Response> {
    let found = app.exchange.gateway_update(&caller, gateway_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Remove a gateway
///
/// No voice route may name it.
#[utoipa::path(
    delete, path = "/tenant/v1/gateways/{gateway_id}", tag = "tenant",
    params(("gateway_id" = Uuid, Path, description = "The gateway"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The gateway as it was", body = Gateway))
)]
pub async fn gateway_remove(
    State(app): State<App>,
    caller: Caller,
    Path(gateway_id): Path<Uuid>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let found = app.exchange.gateway_remove(&caller, gateway_id, version).await?;
    Ok(versioned(found.version, found))
}

/// PSTN usages and voice routes
#[utoipa::path(
    get, path = "/tenant/v1/voice-routing", tag = "tenant",
    responses((status = 200, description = "All of them", body = VoiceRouting))
)]
pub async fn voice_routing_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.voice_routing_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Set PSTN usages and voice routes
///
/// Replaces all of them. Whom they hold for say policies of the kind `OnlineVoiceRoutingPolicy`.
#[utoipa::path(
    put, path = "/tenant/v1/voice-routing", tag = "tenant", request_body = VoiceRoutingPut,
    params(("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "All of them", body = VoiceRouting))
)]
pub async fn voice_routing_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<VoiceRoutingPut>,
) -> Answer<Response> {
    let found = app.exchange.voice_routing_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Add Direct Routing numbers
///
/// Numbers of your own PSTN access, which come and go by your gateways; each succeeds or fails alone. A
/// number is in the inventory once, whatever its type, and not where an operator declared the range.
#[utoipa::path(
    post, path = "/tenant/v1/direct-routing-numbers", tag = "tenant",
    request_body = DirectNumbersCreate,
    responses((status = 200, description = "What became of each", body = DirectNumbersResult))
)]
pub async fn direct_numbers_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<DirectNumbersCreate>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.direct_numbers_create(&caller, body).await?))
}

/// Remove a Direct Routing number
///
/// It must be assigned to nobody.
#[utoipa::path(
    delete, path = "/tenant/v1/direct-routing-numbers/{number}", tag = "tenant",
    params(("number" = String, Path, description = "E.164"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The number as it was", body = Number))
)]
pub async fn direct_number_remove(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let digits = extract::number(&number)?;
    let found = app.exchange.direct_number_remove(&caller, digits, version).await?;
    Ok(versioned(found.version, found))
}

/// Findings on coexistence
///
/// What to look at where operators' numbers and your own gateways stand side by side: a policy that
/// leads operators' numbers astray, routes that lead nowhere, numbers without a way out.
#[utoipa::path(
    get, path = "/tenant/v1/coexistence", tag = "tenant",
    responses((status = 200, description = "The findings", body = Coexistence))
)]
pub async fn coexistence_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.coexistence_get(&caller).await?))
}

/// Operators that stand in
///
/// Where the operator of the caller's number cannot carry a call outside; nobody does by default.
#[utoipa::path(
    get, path = "/tenant/v1/fallback-operators", tag = "tenant",
    responses((status = 200, description = "The operators", body = FallbackOperators))
)]
pub async fn fallback_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.fallback_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Set operators that stand in
///
/// Replaces them. They are tried in their order once no trunk of the number's own operator can carry the
/// call; the caller is shown by the same number, which it is for each of them to let through.
#[utoipa::path(
    put, path = "/tenant/v1/fallback-operators", tag = "tenant",
    request_body = FallbackOperatorsPut,
    params(("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The operators", body = FallbackOperators))
)]
pub async fn fallback_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<FallbackOperatorsPut>,
) -> Answer<Response> {
    let found = app.exchange.fallback_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}
