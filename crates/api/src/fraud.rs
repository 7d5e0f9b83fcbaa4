//! Toll fraud: limits of calls to costly destinations, and the end of a block.

use crate::{
    App,
    auth::Caller,
    extract::{Json, Path},
    failure::Answer,
    respond,
};
use api_types::fraud::{FraudLimits, FraudLimitsPut, FraudRelease, FraudReleased};
use axum::{extract::State, response::Response};
use uuid::Uuid;

/// What a tenant's people may call to costly destinations
#[utoipa::path(
    get, path = "/programme/v1/tenants/{tenant_id}/fraud-limits", tag = "programme",
    params(("tenant_id" = Uuid, Path, description = "The tenant")),
    responses((status = 200, description = "The limits", body = FraudLimits))
)]
pub async fn fraud_limits_get(
    State(app): State<App>,
    caller: Caller,
    Path(tenant_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.fraud_limits_get(&caller, tenant_id).await?))
}

/// Set what a tenant's people may call to costly destinations
///
/// Replaces all limits; what is left out is as standard. Standing blocks are not lifted.
#[utoipa::path(
    put, path = "/programme/v1/tenants/{tenant_id}/fraud-limits", tag = "programme",
    request_body = FraudLimitsPut,
    params(("tenant_id" = Uuid, Path, description = "The tenant")),
    responses((status = 200, description = "The limits", body = FraudLimits))
)]
pub async fn fraud_limits_put(
    State(app): State<App>,
    caller: Caller,
    Path(tenant_id): Path<Uuid>,
    Json(body): Json<FraudLimitsPut>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.fraud_limits_put(&caller, tenant_id, body).await?))
}

/// Lift the blocks of a person or tenant
///
/// Their last hour is forgotten, on every edge that follows the change log.
#[utoipa::path(
    post, path = "/programme/v1/fraud-blocks/release", tag = "programme",
    request_body = FraudRelease,
    responses((status = 200, description = "Whose blocks are lifted", body = FraudReleased))
)]
pub async fn fraud_release(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<FraudRelease>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.fraud_release(&caller, body).await?))
}

/// Lift the blocks of one of your people
#[utoipa::path(
    post, path = "/tenant/v1/fraud-blocks/release", tag = "tenant",
    request_body = FraudRelease,
    responses((status = 200, description = "Whose blocks are lifted", body = FraudReleased))
)]
pub async fn tenant_fraud_release(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<FraudRelease>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.tenant_fraud_release(&caller, body).await?))
}
