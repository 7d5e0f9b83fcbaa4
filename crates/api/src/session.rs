//! Sign-in of people in browsers: a one-time code becomes a cookie.

use crate::{
    App,
    auth::{Caller, Credential, cookie_name},
    extract::Json,
    failure::Answer,
    respond,
};
use api_types::identity::{Session, SessionCreate};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// `Path=/`, no `Domain`, and over https `Secure`: what the `__Host-` prefix demands.
fn set_cookie(response: &mut Response, https: bool, value: &str, rest: &str) {
    let name = cookie_name(https);
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{rest}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// Sign in with a one-time code
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
    let (token, session) = app.exchange.session_create(&new.code).await?;
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
