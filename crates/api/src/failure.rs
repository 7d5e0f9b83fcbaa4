//! Refusals on their way out.

use api_types::{ErrorCode, Problem};
use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// A problem that will be the answer. [`finish`](crate::finish) writes it out
/// with the request's id.
#[derive(Clone, Debug)]
pub struct Failure {
    pub problem: Box<Problem>,
    pub retry_after: Option<Duration>,
}

pub type Answer<T> = Result<T, Failure>;

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let retry_after = match ErrorCode::parse(&problem.code) {
            Some(ErrorCode::Busy) => Some(Duration::from_secs(1)),
            Some(ErrorCode::DatabaseAway | ErrorCode::IssuerAway) => Some(Duration::from_secs(2)),
            _ => None,
        };
        Self { problem: problem.into(), retry_after }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.extensions_mut().insert(self);
        response
    }
}

/// Shorthand for a refusal with the registry's own words.
pub fn refuse(code: ErrorCode, field: Option<&str>, reason: impl Into<String>) -> Failure {
    code.problem(field, reason).into()
}
