//! System for Cross-domain Identity Management (RFC 7643, RFC 7644), as far as it needs neither a
//! database nor HTTP: which attributes there are, filters, paths, and what a PATCH makes of a
//! resource. A resource is a JSON object whose attributes are spelt as the schema spells them
//! ([`tidy`]).

mod filter;
mod patch;
mod path;
pub mod schema;
mod select;

pub use filter::{Filter, Operator, sort_key};
pub use patch::{Operation, apply, operations};
pub use path::{AttributePath, PatchPath};
pub use schema::{GROUP, Kind, USER, tidy};
pub use select::Selection;

/// The schema of a user (RFC 7643 section 4.1).
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of a group (RFC 7643 section 4.2).
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// What telephony adds to a user: licences, country, number.
pub const TELEPHONY_URN: &str = "urn:ietf:params:scim:schemas:extension:meetpoint:2.0:User";
/// A list (RFC 7644 section 3.4.2).
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// A PATCH (RFC 7644 section 3.5.2).
pub const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// A refusal (RFC 7644 section 3.12).
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Longest filter or path, bytes.
pub const MOST_FILTER: usize = 4096;
/// Most operations of one PATCH.
pub const MOST_OPERATIONS: usize = 1000;

/// What is wrong with a request, by the words of RFC 7644 section 3.12, table 9.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScimError {
    /// The filter does not parse, or compares what cannot be compared.
    #[error("{0}")]
    InvalidFilter(String),
    /// The body is no request of this kind.
    #[error("{0}")]
    InvalidSyntax(String),
    /// The path of a PATCH does not parse, or names no attribute that there is.
    #[error("{0}")]
    InvalidPath(String),
    /// The path picks out nothing that could be changed.
    #[error("{0}")]
    NoTarget(String),
    /// A value is missing, or is not one that its attribute can have.
    #[error("{0}")]
    InvalidValue(String),
    /// The attribute cannot be changed.
    #[error("{0}")]
    Mutability(String),
}

impl ScimError {
    /// The word of the RFC.
    pub const fn scim_type(&self) -> &'static str {
        match self {
            Self::InvalidFilter(_) => "invalidFilter",
            Self::InvalidSyntax(_) => "invalidSyntax",
            Self::InvalidPath(_) => "invalidPath",
            Self::NoTarget(_) => "noTarget",
            Self::InvalidValue(_) => "invalidValue",
            Self::Mutability(_) => "mutability",
        }
    }
}
