//! The documents of the compatible face: the Provisioning API of Azure
//! Communications Gateway in both its published versions (design decision 6;
//! operator-connect.md 1 to 3; the contract files in `crates/api/contracts`).
//!
//! Names are camelCase as the contracts write them. What both versions know
//! has one type, that of 2024-02-29-preview; a type of the older one carries
//! its year. What only the service may write is taken in and not looked at, so
//! that what was read can be written back.

pub mod account;
pub mod address;
pub mod capability;
pub mod directory;
pub mod error;
pub mod number;
pub mod request;

use serde::{Deserialize, Serialize};

/// A published version of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiVersion {
    /// `2023-10-01`, stable, about Direct Routing.
    V2023_10_01,
    /// `2024-02-29-preview`, with Operator Connect.
    V2024_02_29Preview,
}

impl ApiVersion {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V2023_10_01, Self::V2024_02_29Preview];

    /// What `api-version` says.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2023_10_01 => "2023-10-01",
            Self::V2024_02_29Preview => "2024-02-29-preview",
        }
    }

    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paged<T> {
    /// The entries.
    pub value: Vec<T>,
    /// Where the next page is, an absolute URI; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_link: Option<String>,
}
