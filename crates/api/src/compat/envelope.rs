//! The error envelope, and the headers that every answer of the compatible face
//! carries. It is put on where all answers pass by, so that a timeout, a limit
//! or a missing token has the same shape as a refusal of a use case.

use super::{BASE, directory};
use crate::{
    failure::Failure,
    finish::{challenge, wait},
};
use api_types::ErrorCode;
use api_types::compat::{
    ApiVersion,
    error::{ErrorBody, ErrorResponse, status},
};
use api_types::problem::EntryError;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use exchange::compat::Refused;

/// The caller's own name for the request; it comes back.
pub const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
/// Our own name for it, where the contract tells of one.
const SERVICE_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");
/// Names a request that may be sent again.
pub const REPEATABILITY_ID: HeaderName = HeaderName::from_static("repeatability-request-id");
/// When it was sent first.
pub const REPEATABILITY_SENT: HeaderName = HeaderName::from_static("repeatability-first-sent");
const REPEATABILITY_RESULT: HeaderName = HeaderName::from_static("repeatability-result");

/// Each of several errors, beside the [`Failure`] in an answer's extensions.
#[derive(Clone, Debug)]
struct Details(Vec<EntryError>);

/// A refusal of this face.
pub struct Refusal {
    failure: Failure,
    details: Vec<EntryError>,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, details: Vec::new() }
    }
}

impl From<api_types::Problem> for Refusal {
    fn from(problem: api_types::Problem) -> Self {
        Failure::from(problem).into()
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self { failure: (*refused.problem).into(), details: refused.details }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.failure.into_response();
        response.extensions_mut().insert(Details(self.details));
        response
    }
}

/// What an answer needs to know of its request.
pub struct Asked {
    /// `None` of a tenant's directory and consents, which have one version.
    version: Option<ApiVersion>,
    client_request_id: Option<HeaderValue>,
    repeatable: bool,
}

impl Asked {
    /// Of a request to this face; `None` for any other.
    pub fn of(request: &Request) -> Option<Self> {
        let path = request.uri().path();
        let under = |base: &str| {
            let rest = path.strip_prefix(base);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let provisioning = under(BASE);
        if !provisioning && !under(directory::BASE) {
            return None;
        }
        let headers = request.headers();
        let query = request.uri().query().unwrap_or_default();
        // A version that is not known is told in the words of the newer one.
        let version = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "api-version")
            .and_then(|(_, value)| ApiVersion::parse(&value))
            .unwrap_or(ApiVersion::V2024_02_29Preview);
        let version = provisioning.then_some(version);
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        Some(Self {
            version,
            client_request_id: headers.get(CLIENT_REQUEST_ID).cloned(),
            repeatable: provisioning
                && !reads
                && (headers.contains_key(REPEATABILITY_ID)
                    || headers.contains_key(REPEATABILITY_SENT)),
        })
    }

    /// Puts the envelope and the headers on.
    pub fn answered(self, failure: Option<Failure>, id: &str, mut response: Response) -> Response {
        let code = failure.as_ref().map(|failure| failure.problem.code.clone());
        if let Some(failure) = failure {
            response = self.written(failure, id, response);
        }
        let rejected = [
            ErrorCode::RepeatabilityInvalid,
            ErrorCode::RepeatabilityExpired,
            ErrorCode::IdempotencyMismatch,
        ]
        .iter()
        .any(|rejection| code.as_deref() == Some(rejection.code()));
        let is_known = response.status().as_u16() < 500;
        let headers = response.headers_mut();
        if self.repeatable && is_known {
            let result = if rejected { "rejected" } else { "accepted" };
            headers.insert(REPEATABILITY_RESULT, HeaderValue::from_static(result));
        }
        if self.version.is_none()
            && let Ok(id) = HeaderValue::try_from(id)
        {
            headers.insert(SERVICE_REQUEST_ID, id);
        }
        if let Some(id) = self.client_request_id {
            headers.insert(CLIENT_REQUEST_ID, id);
        }
        response
    }

    fn written(&self, failure: Failure, id: &str, mut bare: Response) -> Response {
        let Failure { problem, retry_after } = failure;
        if problem.status >= 500 {
            tracing::error!(request_id = id, code = problem.code, reason = problem.reason);
        }
        let Details(details) =
            bare.extensions_mut().remove::<Details>().unwrap_or(Details(Vec::new()));
        let mut error = ErrorBody::from(&*problem);
        error.details = details.iter().map(ErrorBody::from).collect();
        match self.version {
            // That version's errors have no target: it stands in the message.
            Some(ApiVersion::V2023_10_01) => untargeted(&mut error),
            Some(ApiVersion::V2024_02_29Preview) => {}
            // An inner error is there a whole one, which would say the same again.
            None => error.innererror = None,
        }
        let code = HeaderValue::try_from(&error.code);
        let body =
            serde_json::to_vec(&ErrorResponse { error }).expect("documents have text keys only");
        let (mut parts, _) = bare.into_parts();
        parts.status = StatusCode::from_u16(status(problem.status))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = &mut parts.headers;
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(code) = code {
            headers.insert(ERROR_CODE, code);
        }
        challenge(parts.status, &problem.code, headers);
        wait(retry_after, headers);
        Response::from_parts(parts, Body::from(body))
    }
}

fn untargeted(error: &mut ErrorBody) {
    if let Some(target) = error.target.take() {
        error.message = format!("{target}: {}", error.message);
    }
    error.details.iter_mut().for_each(untargeted);
}
