//! What every answer carries: the request's id, problem documents written out,
//! and the headers that tell a browser what a page may do.

use crate::{
    compat::envelope,
    failure::{Failure, refuse},
    scim,
};
use api_types::ErrorCode;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};
use uuid::Uuid;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TIMEOUT: Duration = Duration::from_secs(30);

/// The id under which logs, problems and the audit log know a request.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// A caller's own id is kept if it can stand in a log line; otherwise one is made.
fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

pub async fn finish(mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();
    let compatible = envelope::Asked::of(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = Instant::now();

    let answer = tokio::time::timeout(TIMEOUT, AssertUnwindSafe(next.run(request)).catch_unwind());
    let mut response = match answer.await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            tracing::error!(request_id = id, %method, path, "the handler panicked");
            refuse(ErrorCode::Internal, None, "the request could not be carried out")
                .into_response()
        }
        Err(_elapsed) => {
            refuse(ErrorCode::Busy, None, "the request took longer than 30 seconds").into_response()
        }
    };
    let failure = response.extensions_mut().remove::<Failure>();
    response = match (compatible, failure) {
        (Some(asked), failure) => asked.answered(failure, &id, response),
        (None, Some(failure)) if scim::is_under(&path) => scim::written(failure, &id, response),
        (None, Some(failure)) => written(failure, &id, response),
        (None, None) => response,
    };
    let status = response.status();
    let ms = started.elapsed().as_millis() as u64;
    match status.as_u16() {
        500.. => tracing::error!(request_id = id, %method, path, %status, ms),
        400..500 => tracing::info!(request_id = id, %method, path, %status, ms),
        _ => tracing::debug!(request_id = id, %method, path, %status, ms),
    }
    if status == StatusCode::OK
        && method == Method::GET
        && if_none_match.is_some()
        && response.headers().get(header::ETAG) == if_none_match.as_ref()
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    decorate(response.headers_mut(), &path);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn written(failure: Failure, id: &str, bare: Response) -> Response {
    let Failure { mut problem, retry_after } = failure;
    problem.request_id = Some(id.to_owned());
    if problem.status >= 500 {
        tracing::error!(request_id = id, code = problem.code, reason = problem.reason);
    }
    let body = serde_json::to_vec(&problem).expect("a problem holds text and a number only");
    let (mut parts, _) = bare.into_parts();
    let headers = &mut parts.headers;
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    challenge(parts.status, &problem.code, headers);
    wait(retry_after, headers);
    Response::from_parts(parts, Body::from(body))
}

/// How to prove who one is, where that was missing.
pub fn challenge(status: StatusCode, code: &str, headers: &mut HeaderMap) {
    if status == StatusCode::UNAUTHORIZED {
        let challenge = if code == ErrorCode::Unauthenticated.code() {
            "Bearer realm=\"meetpoint\""
        } else {
            "Bearer realm=\"meetpoint\", error=\"invalid_token\""
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
}

/// When to come again.
pub fn wait(retry_after: Option<Duration>, headers: &mut HeaderMap) {
    if let Some(wait) = retry_after {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Pages set their own policy before this; everything else may do nothing at all.
fn decorate(headers: &mut HeaderMap, path: &str) {
    let policy = if path.starts_with("/docs") {
        // The page of the specification styles itself inline.
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    } else {
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
