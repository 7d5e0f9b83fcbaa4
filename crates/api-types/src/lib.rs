//! The documents of Meetpoint's own faces (`/operator/v1`, `/tenant/v1`,
//! `/programme/v1`), shared by the server, the command line and the tests, and
//! the registry of error codes.
//!
//! Field names are snake_case; times are RFC 3339 in UTC; numbers are E.164
//! text with a leading `+`; countries are ISO 3166-1 alpha-2. Documents hold
//! text where a caller may be wrong: what is not well-formed is answered with
//! a [`Problem`] that names the field, never with a parser's message.

pub mod billing;
pub mod call;
pub mod calling;
pub mod compat;
pub mod conference;
pub mod event;
pub mod fraud;
pub mod freeze;
pub mod gateway;
pub mod identity;
pub mod inside;
mod listed;
pub mod mail;
pub mod network;
pub mod number;
pub mod operator;
pub mod policy;
pub mod problem;
pub mod scim;
pub mod shop;
pub mod tenant;
pub mod webhook;

pub use problem::{ErrorCode, Problem};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list. Ask again with `cursor=next_cursor` until it is null.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page starts; null on the last one.
    pub next_cursor: Option<String>,
}
