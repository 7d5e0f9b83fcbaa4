//! The error envelope.

use crate::problem::{EntryError, ErrorCode, Problem};
use serde::{Deserialize, Serialize};

/// The body of every refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// What is wrong.
    pub error: ErrorBody,
}

/// `Azure.Core.Foundations.Error`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The registry's code as this face writes it: `LocationRequired`.
    pub code: String,
    /// What is wrong and what to do about it.
    pub message: String,
    /// The field or parameter to blame. The older version has no such field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Each of several errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<ErrorBody>,
    /// The registry's code as everywhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub innererror: Option<InnerError>,
}

/// `Azure.Core.Foundations.InnerError`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InnerError {
    /// `location_required`: a page at `/errors/{code}` explains it.
    pub code: String,
}

/// `location_required` as `LocationRequired`.
pub fn pascal(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    for word in code.split('_') {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}

/// The HTTP status this face answers with: Azure's services call 400 what is
/// 422 on our own faces.
pub const fn status(status: u16) -> u16 {
    if status == 422 { 400 } else { status }
}

impl ErrorBody {
    fn of(code: &str, target: Option<&str>, reason: &str, remedy: &str) -> Self {
        Self {
            code: pascal(code),
            message: format!("{reason}. {remedy}"),
            target: target.map(str::to_owned),
            details: Vec::new(),
            innererror: Some(InnerError { code: code.to_owned() }),
        }
    }
}

impl From<&Problem> for ErrorBody {
    fn from(problem: &Problem) -> Self {
        Self::of(&problem.code, problem.field.as_deref(), &problem.reason, &problem.remedy)
    }
}

impl From<&EntryError> for ErrorBody {
    fn from(error: &EntryError) -> Self {
        Self::of(&error.code, error.field.as_deref(), &error.reason, &error.remedy)
    }
}

impl ErrorCode {
    /// The code as the compatible face writes it.
    pub fn pascal(self) -> String {
        pascal(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_words() {
        let mut seen = std::collections::HashSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.pascal()), "{}", code.code());
        }
        assert_eq!(ErrorCode::LocationRequired.pascal(), "LocationRequired");
        assert_eq!((status(422), status(409)), (400, 409));
    }
}
