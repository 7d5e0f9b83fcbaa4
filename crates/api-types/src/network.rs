//! Trusted networks: from where calls for help are carried whoever makes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A trusted network: public addresses of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedNetwork {
    /// An IPv4 or IPv6 address of it.
    #[schema(min_length = 2, example = "192.0.2.1")]
    pub ip_address: String,
    /// How many bits its addresses share: 16 to 32, or 32 to 128 for IPv6. One address alone if
    /// left out.
    #[serde(default)]
    #[schema(minimum = 16, maximum = 128)]
    pub mask_bits: Option<u8>,
    /// The country it stands in, ISO 3166-1 alpha-2: its emergency numbers are dialled there.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// What people call it, at most 100 characters.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub description: String,
    /// Carry calls to emergency numbers from there though the phone proves nothing; true by
    /// default. Some countries demand it, some forbid it.
    #[serde(default = "yes")]
    pub unproven_emergency_calls: bool,
}

const fn yes() -> bool {
    true
}

/// `GET` and `PUT /tenant/v1/trusted-networks`; the latter replaces all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedNetworks {
    /// At most 1,000.
    #[schema(max_items = 1000)]
    pub networks: Vec<TrustedNetwork>,
}
