//! The programme owner's face: clients with their secrets and keys, and outside issuers.

use crate::{
    App,
    auth::Caller,
    extract::{Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages},
};
use api_types::{Page, identity::*};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

/// Clients
///
/// Those that were made here, and whomever issuers vouch for.
#[utoipa::path(
    get, path = "/programme/v1/clients", tag = "programme",
    params(ListParams),
    responses((status = 200, description = "A page of clients", body = Page<Client>))
)]
pub async fn client_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, client_list)).await
}

/// One client
#[utoipa::path(
    get, path = "/programme/v1/clients/{client_id}", tag = "programme",
    params(("client_id" = Uuid, Path, description = "The client")),
    responses((status = 200, description = "The client", body = Client))
)]
pub async fn client_get(
    State(app): State<App>,
    caller: Caller,
    Path(client_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.client_get(&caller, client_id).await?))
}

/// Change a client, or shut it out
///
/// One that is not enabled signs in no more, and none of its tokens and sessions is good.
#[utoipa::path(
    patch, path = "/programme/v1/clients/{client_id}", tag = "programme",
    request_body = ClientUpdate,
    params(("client_id" = Uuid, Path, description = "The client")),
    responses((status = 200, description = "The client", body = Client))
)]
pub async fn client_update(
    State(app): State<App>,
    caller: Caller,
    Path(client_id): Path<Uuid>,
    Json(body): Json<ClientUpdate>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.client_update(&caller, client_id, body).await?))
}

/// Give a client another secret
///
/// Two are good at a time, so that a program changes over without a break. Shown this once.
#[utoipa::path(
    post, path = "/programme/v1/clients/{client_id}/secrets", tag = "programme",
    request_body = ClientSecretCreate,
    params(("client_id" = Uuid, Path, description = "The client")),
    responses((status = 201, description = "The secret", body = ClientSecretCreated))
)]
pub async fn client_secret_create(
    State(app): State<App>,
    caller: Caller,
    Path(client_id): Path<Uuid>,
    Json(body): Json<ClientSecretCreate>,
) -> Answer<Response> {
    let made = app.exchange.client_secret_create(&caller, client_id, body).await?;
    Ok(respond::created(None, made))
}

/// Revoke a client's secret
///
/// Tokens that were had with it last out their hour; to end those too, shut the client out.
#[utoipa::path(
    delete, path = "/programme/v1/clients/{client_id}/secrets/{secret_id}", tag = "programme",
    params(("client_id" = Uuid, Path, description = "The client"), ("secret_id" = Uuid, Path, description = "The secret")),
    responses((status = 204, description = "It is good no more"))
)]
pub async fn client_secret_revoke(
    State(app): State<App>,
    caller: Caller,
    Path((client_id, secret_id)): Path<(Uuid, Uuid)>,
) -> Answer<Response> {
    app.exchange.client_secret_revoke(&caller, client_id, secret_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Add a client's public key
///
/// For `private_key_jwt` (RFC 7523).
#[utoipa::path(
    post, path = "/programme/v1/clients/{client_id}/keys", tag = "programme",
    request_body = ClientKeyCreate,
    params(("client_id" = Uuid, Path, description = "The client")),
    responses((status = 201, description = "The key", body = ClientKey))
)]
pub async fn client_key_create(
    State(app): State<App>,
    caller: Caller,
    Path(client_id): Path<Uuid>,
    Json(body): Json<ClientKeyCreate>,
) -> Answer<Response> {
    let made = app.exchange.client_key_create(&caller, client_id, body).await?;
    Ok(respond::created(None, made))
}

/// Remove a client's public key
#[utoipa::path(
    delete, path = "/programme/v1/clients/{client_id}/keys/{key_id}", tag = "programme",
    params(("client_id" = Uuid, Path, description = "The client"), ("key_id" = Uuid, Path, description = "The key")),
    responses((status = 204, description = "It is good no more"))
)]
pub async fn client_key_remove(
    State(app): State<App>,
    caller: Caller,
    Path((client_id, key_id)): Path<(Uuid, Uuid)>,
) -> Answer<Response> {
    app.exchange.client_key_remove(&caller, client_id, key_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Outside issuers
#[utoipa::path(
    get, path = "/programme/v1/issuers", tag = "programme",
    params(ListParams),
    responses((status = 200, description = "A page of issuers", body = Page<Issuer>))
)]
pub async fn issuer_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, issuer_list)).await
}

/// Trust an issuer
///
/// Its tokens for this audience are taken on every face, for one operator, one tenant or the
/// programme; with `login_client_id` people sign in there.
#[utoipa::path(
    post, path = "/programme/v1/issuers", tag = "programme",
    request_body = IssuerCreate,
    responses((status = 201, description = "The issuer", body = Issuer))
)]
pub async fn issuer_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<IssuerCreate>,
) -> Answer<Response> {
    let made = app.exchange.issuer_create(&caller, body).await?;
    Ok(respond::created(Some(format!("/programme/v1/issuers/{}", made.id)), made))
}

/// One issuer
#[utoipa::path(
    get, path = "/programme/v1/issuers/{issuer_id}", tag = "programme",
    params(("issuer_id" = Uuid, Path, description = "The issuer")),
    responses((status = 200, description = "The issuer", body = Issuer))
)]
pub async fn issuer_get(
    State(app): State<App>,
    caller: Caller,
    Path(issuer_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.issuer_get(&caller, issuer_id).await?))
}

/// Trust an issuer no more
///
/// Whomever it vouched for is shut out at once.
#[utoipa::path(
    delete, path = "/programme/v1/issuers/{issuer_id}", tag = "programme",
    params(("issuer_id" = Uuid, Path, description = "The issuer")),
    responses((status = 204, description = "It is trusted no more"))
)]
pub async fn issuer_remove(
    State(app): State<App>,
    caller: Caller,
    Path(issuer_id): Path<Uuid>,
) -> Answer<Response> {
    app.exchange.issuer_remove(&caller, issuer_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
