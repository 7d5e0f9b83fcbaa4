//! People's own accounts: login, password, second factor.

use crate::{App, auth::Caller, extract::Json, failure::Answer, respond};
use api_types::identity::*;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// One's own account
#[utoipa::path(
    get, path = "/session/account", tag = "session",
    responses((status = 200, description = "The account", body = Account))
)]
pub async fn account_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.own_account_get(&caller).await?))
}

/// Give oneself a login and a password, or change them
///
/// Once there is an account, with the present password. Other browser sessions end.
#[utoipa::path(
    put, path = "/session/account", tag = "session", request_body = AccountPut,
    responses((status = 200, description = "The account", body = Account))
)]
pub async fn account_put(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<AccountPut>,
) -> Answer<Response> {
    let shown = caller.credential.token();
    Ok(respond::ok(app.exchange.own_account_put(&caller, shown, body).await?))
}

/// Begin to add a second factor
///
/// An authenticator app takes the address, as a QR code or typed in. It counts once a code of it
/// was shown.
#[utoipa::path(
    post, path = "/session/account/totp", tag = "session", request_body = TotpStart,
    responses((status = 201, description = "The secret, shown this once", body = TotpStarted))
)]
pub async fn totp_start(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TotpStart>,
) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.totp_start(&caller, body).await?))
}

/// Add the second factor
#[utoipa::path(
    post, path = "/session/account/totp/confirm", tag = "session", request_body = TotpConfirm,
    responses((status = 201, description = "Recovery codes, shown this once", body = RecoveryCodes))
)]
pub async fn totp_confirm(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TotpConfirm>,
) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.totp_confirm(&caller, body).await?))
}

/// Take the second factor away
#[utoipa::path(
    post, path = "/session/account/totp/remove", tag = "session", request_body = TotpRemove,
    responses((status = 204, description = "It is gone"))
)]
pub async fn totp_remove(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TotpRemove>,
) -> Answer<Response> {
    app.exchange.totp_remove(&caller, body).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
