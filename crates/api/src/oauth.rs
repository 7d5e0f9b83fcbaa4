//! The token endpoint: OAuth 2.0 client credentials (RFC 6749 section 4.4).
//! Its refusals have the shape of RFC 6749 section 5.2, which every OAuth
//! library reads.

use crate::{App, auth::read_body, failure::Failure};
use api_types::{ErrorCode, Problem, identity::TokenAnswer};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The form of a token request.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials`.
    #[schema(required = true, nullable = false, pattern = "^client_credentials$")]
    grant_type: Option<String>,
    /// The client, unless it comes by HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Its secret, unless it comes by HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
    /// Space-separated; all of the client's scopes if left out.
    #[schema(nullable = false)]
    scope: Option<String>,
}

/// A refusal of the token endpoint (RFC 6749 section 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenError {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type`, `invalid_scope`, …
    error: &'static str,
    /// What is wrong, for people.
    error_description: String,
}

fn refused(status: StatusCode, error: &'static str, description: impl Into<String>) -> Response {
    let body = TokenError { error, error_description: description.into() };
    let mut response = (status, axum::Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"meetpoint\", charset=\"UTF-8\""),
        );
    }
    response
}

/// The form itself is wrong.
pub fn invalid_request(description: impl Into<String>) -> Response {
    refused(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// Client id and secret from HTTP Basic, each form-encoded first (RFC 6749 section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<Result<(String, String), &'static str>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Some(Err("the Authorization header is not of the Basic scheme"));
    }
    let decoded = BASE64_STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|pair| pair.split_once(':').map(|(id, s)| (form_decoded(id), form_decoded(s))));
    Some(decoded.ok_or("the Basic credentials cannot be read"))
}

fn form_decoded(text: &str) -> String {
    form_urlencoded::parse(format!("v={text}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Get a token
///
/// OAuth 2.0 client credentials (RFC 6749 section 4.4). The client's id and secret come in the
/// form or by HTTP Basic.
#[utoipa::path(
    post, path = "/oauth/token", tag = "oauth", operation_id = "token_issue",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenAnswer),
        (status = 400, description = "The request is wrong", body = TokenError),
        (status = 401, description = "The client is unknown or its secret is wrong", body = TokenError),
    )
)]
pub async fn token(State(app): State<App>, request: Request) -> Response {
    let asked = match Asked::read(request).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    match app.exchange.token_issue(&asked.id, &asked.secret, asked.scope.as_deref()).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(problem) => oauth_error(problem),
    }
}

/// A client that asks for a token.
pub struct Asked {
    pub id: String,
    pub secret: String,
    pub scope: Option<String>,
}

impl Asked {
    /// Reads the form; what is wrong with it is answered already.
    pub async fn read(request: Request) -> Result<Self, Response> {
        let headers = request.headers().clone();
        let is_form = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                let essence = value.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            return Err(invalid_request("Content-Type is not application/x-www-form-urlencoded"));
        }
        let body = match read_body(request).await {
            Ok(body) => body,
            Err(failure) => return Err(invalid_request(failure.problem.reason)),
        };
        let form: TokenRequest = match serde_urlencoded::from_bytes(&body) {
            Ok(form) => form,
            Err(error) => return Err(invalid_request(error.to_string())),
        };
        match form.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(other) => {
                let description =
                    format!("grant_type is {other:?}; only client_credentials is known");
                return Err(refused(
                    StatusCode::BAD_REQUEST,
                    "unsupported_grant_type",
                    description,
                ));
            }
            None => return Err(invalid_request("grant_type is missing")),
        }
        let (id, secret) = match (basic(&headers), form.client_id, form.client_secret) {
            (Some(_), _, Some(_)) => {
                return Err(invalid_request(
                    "the client's secret comes by HTTP Basic and in the form",
                ));
            }
            (Some(Ok(pair)), ..) => pair,
            (Some(Err(reason)), ..) => {
                return Err(refused(StatusCode::UNAUTHORIZED, "invalid_client", reason));
            }
            (None, Some(id), Some(secret)) => (id, secret),
            (None, ..) => {
                let description = "client_id and client_secret are missing";
                return Err(refused(StatusCode::UNAUTHORIZED, "invalid_client", description));
            }
        };
        Ok(Self { id, secret, scope: form.scope })
    }
}

/// The registry's codes in OAuth's words; what OAuth has no word for stays a problem.
pub fn oauth_error(problem: Problem) -> Response {
    let Problem { code, reason, .. } = &problem;
    match ErrorCode::parse(code) {
        Some(ErrorCode::InvalidClient | ErrorCode::Unauthenticated | ErrorCode::NotFound) => {
            refused(StatusCode::UNAUTHORIZED, "invalid_client", reason)
        }
        Some(ErrorCode::Forbidden) => refused(StatusCode::BAD_REQUEST, "invalid_scope", reason),
        Some(ErrorCode::InvalidParameter | ErrorCode::InvalidField)
            if problem.field.as_deref() == Some("scope") =>
        {
            refused(StatusCode::BAD_REQUEST, "invalid_scope", reason)
        }
        Some(ErrorCode::InvalidParameter | ErrorCode::InvalidField) => invalid_request(reason),
        _ => Failure::from(problem).into_response(),
    }
}
