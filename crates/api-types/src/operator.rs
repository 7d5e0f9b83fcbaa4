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
    /// What its operator takes as an emergency call, beside the numbers of the caller's country.
    pub emergency_dial_strings: Vec<String>,
    /// The profile by whose trunks its emergency calls leave instead.
    pub emergency_profile_id: Option<Uuid>,
    /// Grows with each edit.
    pub version: i64,
}

/// `PUT /programme/v1/operators/{operator_id}/calling-profiles/{calling_profile_id}/emergency`:
/// replaces all of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileEmergencyPut {
    /// At most 50, of 1 to 10 digits each.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["5555"]))]
    pub emergency_dial_strings: Vec<String>,
    /// Another profile of the operator's, which leaves emergency calls to no third one.
    #[serde(default)]
    pub emergency_profile_id: Option<Uuid>,
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

/// What an operator offers in one country: shown to tenants before they consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferCoverage {
    /// ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// `user`, `service`, `conference`: which numbers there are.
    #[schema(schema_with = crate::listed::number_types)]
    pub number_types: Vec<String>,
    /// How an emergency call is brought to help: `dynamic_location` (the location that comes with
    /// the call routes it), `registered_address` (the address registered for the number does),
    /// `number_prefix` (the number's area code does), `screened` (a national call centre answers
    /// first), `unsupported` (none are carried).
    #[schema(
        pattern = "^(dynamic_location|registered_address|number_prefix|screened|unsupported)$"
    )]
    pub emergency_handling: String,
    /// What is dialled for help there. It is told, not taken.
    #[serde(default)]
    pub emergency_numbers: Vec<String>,
    /// What the tenant should know of it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub emergency_note: Option<String>,
    /// Who edits emergency addresses: `operator_then_tenant` (the operator sets one, the tenant
    /// may change it), `tenant` (the tenant sets it), `operator` (the tenant may not change it).
    #[schema(pattern = "^(operator_then_tenant|tenant|operator)$")]
    pub address_editing: String,
    /// What it costs, in words; the contract is made with the operator.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub price_note: Option<String>,
}

/// `PUT /programme/v1/operators/{operator_id}/offer`: what the directory shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferPut {
    /// `Calling`, `AudioConferencing`.
    #[schema(schema_with = crate::listed::services)]
    pub services: Vec<String>,
    /// ISO 3166-1 alpha-2 codes; those of `coverage` come to them.
    #[schema(schema_with = crate::listed::countries)]
    pub countries: Vec<String>,
    /// The operator's own page, `https://…` (or `http://…`).
    #[schema(example = "https://northwind.example/")]
    pub landing_page: String,
    /// Show it in the directory.
    pub published: bool,
    /// What is offered in each country; of those that are not here the directory says nothing
    /// but their names.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub coverage: Vec<OfferCoverage>,
    /// Artwork, `https://…`.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/logo.png")]
    pub logo_uri: Option<String>,
    /// The same, small.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/logo-small.png")]
    pub logo_thumbnail_uri: Option<String>,
    /// The operator's terms, which a consent accepts.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/terms")]
    pub terms_uri: Option<String>,
    /// What it costs, in words.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub price_note: Option<String>,
}

/// `PUT /operator/v1/offer/draft`: what is prepared while the published offer stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferDraftPut {
    /// `Calling`, `AudioConferencing`.
    #[serde(default)]
    #[schema(schema_with = crate::listed::services)]
    pub services: Vec<String>,
    /// What is offered where, each country once.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub coverage: Vec<OfferCoverage>,
    /// The operator's own page, `https://…`.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/")]
    pub landing_page: Option<String>,
    /// Artwork, `https://…`.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/logo.png")]
    pub logo_uri: Option<String>,
    /// The same, small.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/logo-small.png")]
    pub logo_thumbnail_uri: Option<String>,
    /// The operator's terms, which a consent accepts. Other terms than before are asked for anew.
    #[serde(default)]
    #[schema(max_length = 500, example = "https://northwind.example/terms")]
    pub terms_uri: Option<String>,
    /// What it costs, in words.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub price_note: Option<String>,
}

/// A draft of an offer: its operator's alone.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OfferDraft {
    /// Whose.
    pub operator_id: Uuid,
    /// Services.
    pub services: Vec<String>,
    /// What is offered where.
    pub coverage: Vec<OfferCoverage>,
    /// The operator's own page.
    pub landing_page: Option<String>,
    /// Artwork.
    pub logo_uri: Option<String>,
    /// The same, small.
    pub logo_thumbnail_uri: Option<String>,
    /// The operator's terms.
    pub terms_uri: Option<String>,
    /// What it costs, in words.
    pub price_note: Option<String>,
    /// What it still lacks before it can be published, in words.
    pub lacks: Option<String>,
    /// Last edited.
    #[schema(value_type = String, format = DateTime)]
    pub edited_at: Timestamp,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// An offer: what the directory has, or had last.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// Whose.
    pub operator_id: Uuid,
    /// `draft`, `published`, `withdrawn`.
    #[serde(default)]
    #[schema(pattern = "^(draft|published|withdrawn)$")]
    pub state: String,
    /// Services.
    pub services: Vec<String>,
    /// Countries.
    pub countries: Vec<String>,
    /// What is offered where, how emergency calls are handled and who edits addresses there.
    #[serde(default)]
    pub coverage: Vec<OfferCoverage>,
    /// The operator's own page.
    pub landing_page: String,
    /// Artwork.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// The same, small.
    #[serde(default)]
    pub logo_thumbnail_uri: Option<String>,
    /// The operator's terms.
    #[serde(default)]
    pub terms_uri: Option<String>,
    /// Their version: another one is asked for anew.
    #[serde(default)]
    pub terms_version: i64,
    /// What it costs, in words.
    #[serde(default)]
    pub price_note: Option<String>,
    /// In the directory.
    pub published: bool,
    /// When it was published last.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_at: Option<Timestamp>,
    /// When it was withdrawn, if it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub withdrawn_at: Option<Timestamp>,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// One line of the directory, `GET /tenant/v1/operators?country=&region=&service=&number_type=`.
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
    /// Types of numbers that are offered somewhere: `user`, `service`, `conference`.
    #[serde(default)]
    pub number_types: Vec<String>,
    /// The operator's own page with offer details.
    pub landing_page: String,
    /// Artwork.
    #[serde(default)]
    pub logo_uri: Option<String>,
    /// The same, small.
    #[serde(default)]
    pub logo_thumbnail_uri: Option<String>,
    /// How many numbers the asking tenant holds from it.
    pub acquired_numbers_count: u64,
    /// The asking tenant's consent status, if it ever gave one.
    pub consent_status: Option<String>,
}

/// `POST /operator/v1/leads`: invite a tenant, by its domain, or, without one, by a code that is
/// given to it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadCreate {
    /// The tenant's domain. Left out, the answer has a code.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 253, example = "contoso.example")]
    pub domain: Option<String>,
    /// Countries that the tenant may consent to, published or not; at least one.
    #[schema(schema_with = crate::listed::lead_countries)]
    pub countries: Vec<String>,
    /// To whoever decides.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub message: Option<String>,
    /// How long it stays open; 30 by default, 1 to 365.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    pub days: Option<u32>,
}

/// An operator's invitation of a tenant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Lead {
    /// Identity.
    pub id: Uuid,
    /// Who invites.
    pub operator_id: Uuid,
    /// Its name.
    pub operator_name: String,
    /// The tenant; an operator is told once it has decided.
    pub tenant_id: Option<Uuid>,
    /// The domain that was named.
    pub domain: Option<String>,
    /// Countries that the tenant may consent to.
    pub countries: Vec<String>,
    /// To whoever decides.
    pub message: Option<String>,
    /// `open`, `accepted`, `declined`, `withdrawn`, `expired`.
    #[schema(pattern = "^(open|accepted|declined|withdrawn|expired)$")]
    pub status: String,
    /// What the tenant said as it declined.
    pub comment: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was accepted, declined or withdrawn.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub decided_at: Option<Timestamp>,
}

/// A new lead with its code, which is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeadCreated {
    /// The lead.
    pub lead: Lead,
    /// What the tenant shows, where no domain was named.
    pub code: Option<String>,
}

/// `POST /tenant/v1/leads/claim`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadClaim {
    /// The code that the operator gave.
    #[schema(min_length = 1, max_length = 100)]
    pub code: String,
}

/// `POST /tenant/v1/leads/{lead_id}/decline`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadDecline {
    /// Why, for the operator.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub comment: Option<String>,
}

/// What an operator may upload numbers for, `GET /operator/v1/capability-plans`
/// (operator-connect.md 1.7.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityPlan {
    /// Its name.
    pub name: String,
    /// `Calling`, `AudioConferencing`: the services it belongs to.
    pub offer_types: Vec<String>,
    /// The usage it is for.
    pub usage: String,
    /// What every number of it has.
    pub mandatory_capabilities: Vec<String>,
    /// What the operator may choose.
    pub choosable_capabilities: Vec<String>,
    /// Toll-free numbers may have it.
    pub supports_toll_free: bool,
}
