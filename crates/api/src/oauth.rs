//! The token endpoint: OAuth 2.0 client credentials (RFC 6749 section 4.4).
//! Its refusals have the shape of RFC 6749 section 5.2, which every OAuth
//! library reads.

use crate::{App, auth::read_body, failure::Failure};
use api_types::{ErrorCode, Problem, identity::TokenAnswer};
use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use exchange::ClientProof;
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
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, where the client proves itself
    /// with a key (RFC 7523).
    #[schema(nullable = false)]
    client_assertion_type: Option<String>,
    /// The token that it signed, for this endpoint.
    #[schema(nullable = false)]
    client_assertion: Option<String>,
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
    let audiences = audiences(&app, &request);
    let asked = match Asked::read(request, audiences).await {
        Ok(asked) => asked,
        Err(refusal) => return refusal,
    };
    let issued = app.exchange.token_issue_to(&asked.id, &asked.proof, asked.scope.as_deref()).await;
    match issued {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(problem) => oauth_error(problem),
    }
}

/// What an assertion may be for: this endpoint, or this exchange.
fn audiences(app: &App, request: &Request) -> Vec<String> {
    let own = crate::address::own(app, request.headers());
    own.map_or_else(Vec::new, |own| vec![format!("{own}/oauth/token"), own])
}

/// The form of a revocation (RFC 7009 section 2.1), with the client as in a token request.
#[derive(Debug, Deserialize, ToSchema)]
pub struct RevokeRequest {
    /// The token to end.
    #[schema(required = true, nullable = false)]
    token: Option<String>,
    /// What kind of token it is: no matter here, since each is found.
    #[schema(nullable = false)]
    #[expect(dead_code, reason = "RFC 7009 section 2.1 lets a server look at every kind")]
    token_type_hint: Option<String>,
    /// The client, unless it comes by HTTP Basic.
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Its secret, unless it comes by HTTP Basic.
    #[schema(nullable = false)]
    client_secret: Option<String>,
    /// As in a token request.
    #[schema(nullable = false)]
    client_assertion_type: Option<String>,
    /// As in a token request, for the token endpoint or this one's exchange.
    #[schema(nullable = false)]
    client_assertion: Option<String>,
}

/// Revoke a token
///
/// RFC 7009. The client proves itself as it does for a token; a token that is not its own, or not
/// there, is no error.
#[utoipa::path(
    post, path = "/oauth/revoke", tag = "oauth", operation_id = "token_revoke",
    request_body(content = RevokeRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is good no more"),
        (status = 400, description = "The request is wrong", body = TokenError),
        (status = 401, description = "The client is unknown or its secret is wrong", body = TokenError),
    )
)]
pub async fn revoke(State(app): State<App>, request: Request) -> Response {
    let audiences = audiences(&app, &request);
    let (headers, body) = match read_form(request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let form: RevokeRequest = match serde_urlencoded::from_bytes(&body) {
        Ok(form) => form,
        Err(error) => return invalid_request(error.to_string()),
    };
    let Some(token) = form.token else { return invalid_request("token is missing") };
    let shown = Shown {
        client_id: form.client_id,
        client_secret: form.client_secret,
        assertion_type: form.client_assertion_type,
        assertion: form.client_assertion,
    };
    let (id, proof) = match shown.proof(&headers, audiences) {
        Ok(proven) => proven,
        Err(refusal) => return *refusal,
    };
    match app.exchange.token_revoke(&id, &proof, &token).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(problem) => oauth_error(problem),
    }
}

/// A client that asks for a token.
pub struct Asked {
    pub id: String,
    pub proof: ClientProof,
    pub scope: Option<String>,
}

/// The body of a form.
async fn read_form(request: Request) -> Result<(HeaderMap, Bytes), Response> {
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
    match read_body(request).await {
        Ok(body) => Ok((headers, body)),
        Err(failure) => Err(invalid_request(failure.problem.reason)),
    }
}

/// What a form says of the client.
struct Shown {
    client_id: Option<String>,
    client_secret: Option<String>,
    assertion_type: Option<String>,
    assertion: Option<String>,
}

impl Shown {
    /// Which client it is, and what it shows: a secret in the form or by HTTP Basic, or an
    /// assertion for one of `audiences`.
    fn proof(
        self,
        headers: &HeaderMap,
        audiences: Vec<String>,
    ) -> Result<(String, ClientProof), Box<Response>> {
        const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let wrong = |reason: &str| Box::new(invalid_request(reason));
        let unproven =
            |reason: &str| Box::new(refused(StatusCode::UNAUTHORIZED, "invalid_client", reason));
        if let Some(jwt) = self.assertion {
            if self.assertion_type.as_deref() != Some(JWT_BEARER) {
                return Err(wrong(&format!("client_assertion_type is not {JWT_BEARER}")));
            }
            if self.client_secret.is_some() || basic(headers).is_some() {
                return Err(wrong("the client proves itself in more than one way"));
            }
            if audiences.is_empty() {
                let reason = "this exchange does not know its own address, for which an assertion \
                    is: have it started with --public-url";
                return Err(unproven(reason));
            }
            let id = self.client_id.unwrap_or_default();
            return Ok((id, ClientProof::Assertion { jwt, audiences }));
        }
        let (id, secret) = match (basic(headers), self.client_id, self.client_secret) {
            (Some(_), _, Some(_)) => {
                return Err(wrong("the client's secret comes by HTTP Basic and in the form"));
            }
            (Some(Ok(pair)), ..) => pair,
            (Some(Err(reason)), ..) => return Err(unproven(reason)),
            (None, Some(id), Some(secret)) => (id, secret),
            (None, ..) => return Err(unproven("client_id and client_secret are missing")),
        };
        Ok((id, ClientProof::Secret(secret)))
    }
}

impl Asked {
    /// Reads the form; what is wrong with it is answered already. An assertion must be for one of
    /// `audiences`.
    pub async fn read(request: Request, audiences: Vec<String>) -> Result<Self, Response> {
        let (headers, body) = read_form(request).await?;
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
        let shown = Shown {
            client_id: form.client_id,
            client_secret: form.client_secret,
            assertion_type: form.client_assertion_type,
            assertion: form.client_assertion,
        };
        let (id, proof) = shown.proof(&headers, audiences).map_err(|refusal| *refusal)?;
        Ok(Self { id, proof, scope: form.scope })
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
