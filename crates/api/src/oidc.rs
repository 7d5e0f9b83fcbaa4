//! Sign-in of people at an issuer: the browser goes there and comes back.

use crate::{
    App,
    address::base,
    auth::cookie,
    extract::{Path, Query},
    failure::{Answer, Failure, refuse},
    help::accepts,
    respond,
    session::set_cookie,
};
use api_types::{ErrorCode, identity::LoginProviders};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Where the browser comes back to; registered at the issuer.
const CALLBACK: &str = "/session/oidc/callback";

/// Binds a sign-in under way to the browser that began it. It must come along when the issuer
/// sends the browser back, so that it is Lax.
fn state_cookie(https: bool, value: &str, seconds: u32) -> Option<HeaderValue> {
    let name = state_name(https);
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).ok()
}

const fn state_name(https: bool) -> &'static str {
    if https { "__Host-meetpoint_login" } else { "meetpoint_login" }
}

/// A redirect that no cache keeps.
fn away(address: &str) -> Answer<Response> {
    let location = HeaderValue::try_from(address).map_err(|_| {
        refuse(ErrorCode::IssuerAway, None, "the issuer's address cannot stand in a header")
    })?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// People are at a browser: they go on to the page, which says why it was refused. Programs are
/// told at once.
fn to_page(headers: &HeaderMap, refusal: Failure) -> Answer<Response> {
    if accepts(headers, "text/html") {
        away(&format!("/login?refused={}", refusal.problem.code))
    } else {
        Err(refusal)
    }
}

/// Where people may sign in
#[utoipa::path(
    get, path = "/session/providers", tag = "session",
    responses((status = 200, description = "Issuers with their names", body = LoginProviders))
)]
pub async fn login_providers(State(app): State<App>) -> Answer<Response> {
    Ok(respond::ok(app.exchange.login_providers().await?))
}

/// Sign in at an issuer
///
/// OpenID Connect, authorization code with PKCE: sends the browser there. Where it cannot, who
/// takes `text/html` goes to the page, which says why.
#[utoipa::path(
    get, path = "/session/oidc/{issuer_id}", tag = "session",
    params(("issuer_id" = Uuid, Path, description = "The issuer")),
    responses((status = 303, description = "To the issuer"))
)]
pub async fn login_start(
    State(app): State<App>,
    Path(issuer_id): Path<Uuid>,
    headers: HeaderMap,
) -> Answer<Response> {
    let back = format!("{}{CALLBACK}", base(&app, &headers));
    let start = match app.exchange.login_start(issuer_id, back).await {
        Ok(start) => start,
        Err(problem) => return to_page(&headers, problem.into()),
    };
    let mut response = away(&start.address)?;
    if let Some(cookie) = state_cookie(app.config.https, &start.state, 600) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// With what the browser comes back. Issuers may add to it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Callback {
    /// The code, where the sign-in succeeded.
    pub code: Option<String>,
    /// What the sign-in began with.
    pub state: Option<String>,
    /// The issuer (RFC 9207).
    pub iss: Option<String>,
    /// Why it did not succeed.
    pub error: Option<String>,
}

/// Come back from an issuer
///
/// Sets the session cookie and goes on to the page. Where the sign-in is refused, who takes
/// `text/html` goes to the page too, which says why.
#[utoipa::path(
    get, path = "/session/oidc/callback", tag = "session", params(Callback),
    responses((status = 303, description = "Signed in; to the page"))
)]
pub async fn login_finish(
    State(app): State<App>,
    Query(query): Query<Callback>,
    headers: HeaderMap,
) -> Answer<Response> {
    match finish(&app, query, &headers).await {
        Ok(response) => Ok(response),
        Err(refusal) => to_page(&headers, refusal),
    }
}

async fn finish(app: &App, query: Callback, headers: &HeaderMap) -> Answer<Response> {
    let refused = |reason: &str| refuse(ErrorCode::LoginRefused, None, reason);
    if let Some(error) = &query.error {
        let shown: String = error.chars().filter(char::is_ascii_graphic).take(60).collect();
        return Err(refused(&format!("the issuer answered {shown}")));
    }
    let (Some(code), Some(state)) = (query.code, query.state) else {
        return Err(refused("the issuer sent neither a code nor an error"));
    };
    // Another site may send a browser here with a code of its own, but not with our cookie.
    if cookie(headers, state_name(app.config.https)) != Some(state.as_str()) {
        return Err(refused("this browser did not begin the sign-in"));
    }
    let (token, _) = app.exchange.login_finish(&state, &code, query.iss.as_deref()).await?;
    let mut response = away("/")?;
    set_cookie(&mut response, app.config.https, &token, "");
    if let Some(cookie) = state_cookie(app.config.https, "", 0) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
