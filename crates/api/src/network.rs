//! Trusted networks, on the face of tenants.

use crate::{App, auth::Caller, extract::Json, failure::Answer, respond};
use api_types::network::TrustedNetworks;
use axum::{extract::State, response::Response};

/// Trusted networks
///
/// Public addresses of your organisation. A call to an emergency number of their country is
/// carried from there though the phone is not registered and proves nothing.
#[utoipa::path(
    get, path = "/tenant/v1/trusted-networks", tag = "tenant",
    responses((status = 200, description = "The networks", body = TrustedNetworks))
)]
pub async fn trusted_networks_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.trusted_networks_get(&caller).await?))
}

/// Set your trusted networks
///
/// Replaces all of them.
#[utoipa::path(
    put, path = "/tenant/v1/trusted-networks", tag = "tenant", request_body = TrustedNetworks,
    responses((status = 200, description = "The networks", body = TrustedNetworks))
)]
pub async fn trusted_networks_put(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TrustedNetworks>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.trusted_networks_put(&caller, body).await?))
}
