//! Sign-in of people in browsers: a one-time code becomes a cookie.

use crate::{
    App,
    auth::{Caller, Credential, cookie_name},
    extract::{Json, Path},
    failure::{Answer, refuse},
    respond,
};
use api_types::ErrorCode;
use api_types::identity::{ApiTokenCreate, ApiTokenCreated, ApiTokens, Session, SessionCreate};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use uuid::Uuid;

/// `Path=/`, no `Domain`, and over https `Secure`: what the `__Host-` prefix demands.
pub fn set_cookie(response: &mut Response, https: bool, value: &str, rest: &str) {
    let name = cookie_name(https);
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{rest}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Sign in with a one-time code, or with login and password
///
/// Sets the session cookie. Writes by cookie must carry the header `X-Meetpoint-CSRF`.
#[utoipa::path(
    post, path = "/session", tag = "session", request_body = SessionCreate,
    responses((status = 201, description = "Signed in", body = Session,
        headers(("set-cookie" = String, description = "The session, HttpOnly and SameSite=Strict"))))
)]
pub async fn session_create(
    State(app): State<App>,
    Json(new): Json<SessionCreate>,
) -> Answer<Response> {
    let signed_in = match (&new.code, &new.login, &new.password) {
        (Some(code), None, None) => app.exchange.session_create(code).await,
        (None, Some(login), Some(password)) => {
            let code = new.one_time_code.as_deref();
            app.exchange.session_create_by_password(login, password, code).await
        }
        _ => {
            let reason = "a sign-in has a code, or a login and a password";
            return Err(refuse(ErrorCode::InvalidField, Some("/code"), reason));
        }
    };
    let (token, session) = signed_in?;
    let mut response = respond::created(None, session);
    set_cookie(&mut response, app.config.https, &token, "");
    Ok(response)
}

/// Who is signed in
#[utoipa::path(
    get, path = "/session", tag = "session",
    responses((status = 200, description = "The session", body = Session))
)]
pub async fn session_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.session_get(&caller.actor).await?))
}

/// Sign out
#[utoipa::path(
    delete, path = "/session", tag = "session",
    responses((status = 204, description = "Signed out"))
)]
pub async fn session_delete(State(app): State<App>, caller: Caller) -> Answer<Response> {
    app.exchange.session_delete(caller.credential.token()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Credential::Cookie(_) = caller.credential {
        set_cookie(&mut response, app.config.https, "", "; Max-Age=0");
    }
    Ok(response)
}

/// One's own tokens for programs
///
/// Without the tokens themselves; oldest first.
#[utoipa::path(
    get, path = "/session/tokens", tag = "session",
    responses((status = 200, description = "The tokens", body = ApiTokens))
)]
pub async fn api_token_list(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.api_token_list(&caller).await?))
}

/// Make a token for a program
///
/// With no more scopes than one's own sign-in has, and an end. Shown this once. A token makes no
/// tokens.
#[utoipa::path(
    post, path = "/session/tokens", tag = "session", request_body = ApiTokenCreate,
    responses((status = 201, description = "The token", body = ApiTokenCreated))
)]
pub async fn api_token_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ApiTokenCreate>,
) -> Answer<Response> {
    let made = app.exchange.api_token_create(&caller, caller.credential.token(), body).await?;
    Ok(respond::created(None, made))
}

/// Revoke one of one's own tokens
#[utoipa::path(
    delete, path = "/session/tokens/{token_id}", tag = "session",
    params(("token_id" = Uuid, Path, description = "The token")),
    responses((status = 204, description = "It is good no more"))
)]
pub async fn api_token_revoke(
    State(app): State<App>,
    caller: Caller,
    Path(token_id): Path<Uuid>,
) -> Answer<Response> {
    app.exchange.api_token_revoke(&caller, token_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
