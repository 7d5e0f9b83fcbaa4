//! Operators as the programme admits them and tenants see them
//! (operator-connect.md 1.1, 1.2, 1.5, 1.6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /programme/v1/operators`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorCreate {
    /// Public brand, 1 to 100 characters, unique.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// An operator.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Operator {
    /// Identity.
    pub id: Uuid,
    /// Public brand.
    pub name: String,
    /// When it was admitted.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// `POST /programme/v1/operators/{operator_id}/trunks`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrunkCreate {
    /// Its name, an FQDN of at most 63 characters.
    #[schema(min_length = 1, example = "sbc1.northwind.example")]
    pub fqdn: String,
    /// Where to send calls: address literal and port, `192.0.2.1:5060`.
    #[schema(min_length = 1, example = "192.0.2.1:5060")]
    pub address: String,
    /// Further addresses it sends from.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub sources: Vec<String>,
    /// Tell trunks that share an address apart by their port.
    #[serde(default)]
    pub match_port: bool,
    /// `udp` (default) or `tcp`.
    #[serde(default)]
    #[schema(pattern = "^(udp|tcp)$")]
    pub transport: Option<String>,
    /// Seconds without any response before the next trunk is tried; 10 by default, 1 to 60.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60)]
    pub failover_time_seconds: Option<u32>,
    /// Seconds between OPTIONS; 60 by default, 1 to 3600.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3600)]
    pub options_interval_seconds: Option<u32>,
    /// Send OPTIONS and watch the answers; true by default.
    #[serde(default)]
    pub send_options: Option<bool>,
    /// Longest URI it takes, bytes; 256 by default.
    #[serde(default)]
    #[schema(minimum = 64, maximum = 4096)]
    pub max_uri: Option<u32>,
    /// It bears one early dialog of a call only: of several phones that ring it hears the first;
    /// false by default.
    #[serde(default)]
    pub single_early_dialog: bool,
    /// Most calls at once over all edges, both ways, at most 1,000,000; no limit by default.
    #[serde(default)]
    #[schema(maximum = 1000000)]
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; no limit by default.
    #[serde(default)]
    #[schema(maximum = 1000000)]
    pub max_calls_per_second: Option<u32>,
}

/// A trunk.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Trunk {
    /// Identity.
    pub id: Uuid,
    /// Whose.
    pub operator_id: Uuid,
    /// Its name.
    pub fqdn: String,
    /// Where calls are sent.
    pub address: String,
    /// Addresses it sends from.
    pub sources: Vec<String>,
    /// Told apart by port too.
    pub match_port: bool,
    /// `udp` or `tcp`.
    pub transport: String,
    /// `false` drains: standing calls live on, new ones go elsewhere.
    pub enabled: bool,
    /// Seconds of silence before the next trunk is tried.
    pub failover_time_seconds: u32,
    /// Seconds between OPTIONS.
    pub options_interval_seconds: u32,
    /// OPTIONS are sent.
    pub send_options: bool,
    /// Longest URI, bytes.
    pub max_uri: u32,
    /// It bears one early dialog of a call only: of several phones that ring it hears the first.
    #[serde(default)]
    pub single_early_dialog: bool,
    /// Most calls at once over all edges, both ways; null for no limit. Emergency calls are exempt.
    #[serde(default)]
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; null for no limit.
    #[serde(default)]
    pub max_calls_per_second: Option<u32>,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// `PATCH /programme/v1/operators/{operator_id}/trunks/{trunk_id}` (If-Match required).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrunkUpdate {
    /// `false` drains.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// It bears one early dialog of a call only: of several phones that ring it hears the first.
    #[serde(default)]
    pub single_early_dialog: Option<bool>,
    /// Most calls at once over all edges, both ways; 0 lifts the limit.
    #[serde(default)]
    #[schema(maximum = 1000000)]
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; 0 lifts the limit.
    #[serde(default)]
    #[schema(maximum = 1000000)]
    pub max_calls_per_second: Option<u32>,
}

/// `POST /programme/v1/operators/{operator_id}/calling-profiles`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallingProfileCreate {
    /// Unique within the operator.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// At least two of the operator's trunks.
    #[schema(min_items = 2)]
    pub trunk_ids: Vec<Uuid>,
}

/// A calling profile.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallingProfile {
    /// Identity.
    pub id: Uuid,
    /// Whose.
    pub operator_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its trunks.
    pub trunk_ids: Vec<Uuid>,
}

/// `POST /programme/v1/operators/{operator_id}/ranges`: a declared range the programme accepts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeCreate {
    /// First number, E.164.
    #[schema(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442079460000")]
    pub first: String,
    /// Last number, E.164, of the same length.
    #[schema(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442079469999")]
    pub last: String,
}

/// A declared range.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Range {
    /// Identity.
    pub id: Uuid,
    /// Whose.
    pub operator_id: Uuid,
    /// First number.
    pub first: String,
    /// Last number.
    pub last: String,
}

/// `PUT /programme/v1/operators/{operator_id}/offer`: what the directory shows.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferPut {
    /// `Calling`, `AudioConferencing`.
    #[schema(schema_with = crate::listed::services)]
    pub services: Vec<String>,
    /// ISO 3166-1 alpha-2 codes.
    #[schema(schema_with = crate::listed::countries)]
    pub countries: Vec<String>,
    /// The operator's own page, `https://…` (or `http://…`).
    #[schema(example = "https://northwind.example/")]
    pub landing_page: String,
    /// Show it in the directory.
    pub published: bool,
}

/// An offer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// Whose.
    pub operator_id: Uuid,
    /// Services.
    pub services: Vec<String>,
    /// Countries.
    pub countries: Vec<String>,
    /// The operator's own page.
    pub landing_page: String,
    /// In the directory.
    pub published: bool,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// One line of the directory, `GET /tenant/v1/operators?country=&region=&service=`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DirectoryEntry {
    /// Identity.
    pub operator_id: Uuid,
    /// Public brand.
    pub name: String,
    /// Services.
    pub services: Vec<String>,
    /// Countries.
    pub countries: Vec<String>,
    /// The operator's own page with offer details.
    pub landing_page: String,
    /// How many numbers the asking tenant holds from it.
    pub acquired_numbers_count: u64,
    /// The asking tenant's consent status, if it ever gave one.
    pub consent_status: Option<String>,
}
