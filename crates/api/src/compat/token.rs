//! The token endpoint as clients of the retired service know it, with the
//! documents by which their libraries find it. The directory tenant in the
//! path may be any: a client is known by its id.

use crate::{
    App,
    address::base,
    extract::Path,
    failure::Answer,
    oauth::{Asked, invalid_request, oauth_error},
    respond,
};
use api_types::ErrorCode;
use axum::{
    Json, Router,
    extract::{Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/{directory}/oauth2/v2.0/token", post(token))
        .route("/{directory}/v2.0/.well-known/openid-configuration", get(configuration))
        .route("/{directory}/discovery/v2.0/keys", get(keys))
        .route("/{directory}/discovery/instance", get(instance))
}

/// A directory is a GUID, a domain or a word such as `common`.
fn directory(name: &str) -> Answer<&str> {
    let fits = (1..=128).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if fits {
        return Ok(name);
    }
    let reason = "a directory tenant is a GUID or a domain";
    Err(crate::failure::refuse(ErrorCode::NotFound, Some("tenant"), reason))
}

async fn token(
    State(app): State<App>,
    Path(name): Path<String>,
    request: Request,
) -> Answer<Response> {
    directory(&name)?;
    let own = crate::address::own(&app, request.headers());
    let at = own.map(|own| format!("{own}{}", request.uri().path()));
    let asked = match Asked::read(request, at.into_iter().collect()).await {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal),
    };
    let Some(scope) = asked.scope else {
        return Ok(invalid_request("scope is missing; ask for <application>/.default"));
    };
    let issued = app.exchange.provisioning_token_issue(&asked.id, &asked.proof, &scope).await;
    Ok(match issued {
        Ok(answer) => Json(json!({
            "token_type": answer.token_type,
            "expires_in": answer.expires_in,
            "ext_expires_in": answer.expires_in,
            "access_token": answer.access_token,
        }))
        .into_response(),
        Err(problem) => oauth_error(problem),
    })
}

/// OpenID Connect Discovery 1.0 section 4. Libraries want an authorization endpoint named; nobody
/// signs in there.
async fn configuration(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let at = format!("{}/{}", base(&app, &headers), directory(&name)?);
    Ok(respond::ok(json!({
        "issuer": format!("{at}/v2.0"),
        "token_endpoint": format!("{at}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{at}/oauth2/v2.0/authorize"),
        "jwks_uri": format!("{at}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })))
}

/// Tokens are opaque: nothing is signed by any key.
async fn keys(Path(name): Path<String>) -> Answer<Response> {
    directory(&name)?;
    Ok(respond::ok(json!({ "keys": [] })))
}

/// Which hosts are one authority: this one.
async fn instance(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    directory(&name)?;
    let base = base(&app, &headers);
    let host = base.split_once("://").map_or("", |(_, host)| host);
    Ok(respond::ok(json!({
        "tenant_discovery_endpoint": format!("{base}/{name}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host, "preferred_cache": host, "aliases": [host],
        }],
    })))
}
