//! Direct Routing: a tenant's own gateways, and the voice routes over them (operator-connect.md
//! 1.6 and section 5).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /tenant/v1/gateways`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayCreate {
    /// Its name: an FQDN of at most 63 characters, which no other gateway or trunk has.
    #[schema(max_length = 63, example = "sbc1.contoso.example")]
    pub fqdn: String,
    /// Where calls are sent: an IP literal with its port. What comes from there is the
    /// gateway's, unless it bears a domain of phones, which prove who they are.
    #[schema(min_length = 1, example = "192.0.2.10:5060")]
    pub address: String,
    /// Further addresses it sends from.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub sources: Vec<String>,
    /// It shares its address with others, and is told apart by its port.
    #[serde(default)]
    pub match_port: bool,
    /// `udp` (default) or `tcp`.
    #[serde(default)]
    #[schema(pattern = "^(udp|tcp)$")]
    pub transport: Option<String>,
    /// The country it stands in: what it dials is read there, and emergency calls of that country
    /// may leave by it.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// It leads to what plays and records (voicemail, announcements), and not to the PSTN: no voice
    /// route and no emergency call leaves by it. It cannot be changed.
    #[serde(default)]
    pub voice_app: bool,
    /// `false` (default) drains: calls that stand live on, new ones go elsewhere. It may bring calls
    /// all the same.
    #[serde(default)]
    pub enabled: bool,
    /// Seconds without any response before the next gateway is tried; 10 by default, 1 to 60.
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
    /// It bears one early dialog of a call only; false by default.
    #[serde(default)]
    pub single_early_dialog: bool,
    /// Most calls at once over all edges, both ways; no limit by default.
    #[serde(default)]
    #[schema(maximum = 1000000)]
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; no limit by default.
    #[serde(default)]
    #[schema(maximum = 1000000)]
    pub max_calls_per_second: Option<u32>,
}

/// `PATCH /tenant/v1/gateways/{gateway_id}` (If-Match required); what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayUpdate {
    /// `false` drains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The country it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z]{2}$")]
    pub country: Option<String>,
    /// Send OPTIONS and watch the answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_options: Option<bool>,
    /// Seconds without any response before the next gateway is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 60)]
    pub failover_time_seconds: Option<u32>,
    /// It bears one early dialog of a call only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_early_dialog: Option<bool>,
    /// Most calls at once over all edges, both ways; 0 lifts the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 1000000)]
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; 0 lifts the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 1000000)]
    pub max_calls_per_second: Option<u32>,
}

/// A gateway.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Gateway {
    /// Identity.
    pub id: Uuid,
    /// Its name.
    pub fqdn: String,
    /// Where calls are sent.
    pub address: String,
    /// Further addresses it sends from.
    pub sources: Vec<String>,
    /// Told apart by port too.
    pub match_port: bool,
    /// `udp` or `tcp`.
    pub transport: String,
    /// The country it stands in.
    pub country: String,
    /// It leads to what plays and records, and not to the PSTN.
    #[serde(default)]
    pub voice_app: bool,
    /// `false` drains: standing calls live on, new ones go elsewhere.
    pub enabled: bool,
    /// Seconds of silence before the next gateway is tried.
    pub failover_time_seconds: u32,
    /// Seconds between OPTIONS.
    pub options_interval_seconds: u32,
    /// OPTIONS are sent.
    pub send_options: bool,
    /// Longest URI, bytes.
    pub max_uri: u32,
    /// It bears one early dialog of a call only.
    pub single_early_dialog: bool,
    /// Most calls at once over all edges, both ways; null for no limit. Emergency calls are exempt.
    pub max_concurrent_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways; null for no limit.
    pub max_calls_per_second: Option<u32>,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// Numbers, and the gateways by which calls to them leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceRoute {
    /// What people call it; no other route is called so.
    #[schema(min_length = 1, max_length = 49, example = "Germany")]
    pub name: String,
    /// A regular expression over the called number, `+` and digits. It matches anywhere unless it
    /// says `^` and `$`.
    #[schema(min_length = 1, max_length = 256, example = "^\\+49")]
    pub number_pattern: String,
    /// The lowest is tried first; of equal ones the gateways are tried in random order together.
    #[serde(default)]
    pub priority: u32,
    /// The PSTN usages it serves.
    #[schema(min_items = 1, max_items = 100)]
    pub online_pstn_usages: Vec<String>,
    /// By which calls leave; a route without any closes what it matches.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub gateway_ids: Vec<Uuid>,
    /// The operator's number of a conference bridge by which meetings call out, in place of gateways:
    /// whoever is called sees it. Its PSTN usages are for meetings alone, and for policies of the kind
    /// `OnlineAudioConferencingRoutingPolicy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\+[1-9][0-9]{1,14}$")]
    pub bridge_source_phone_number: Option<String>,
}

/// `PUT /tenant/v1/voice-routing` (If-Match required): replaces all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceRoutingPut {
    /// The PSTN usages that routes and voice routing policies may name.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub online_pstn_usages: Vec<String>,
    /// The routes.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub routes: Vec<VoiceRoute>,
}

/// A tenant's PSTN usages and voice routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoiceRouting {
    /// The PSTN usages that routes and voice routing policies may name.
    pub online_pstn_usages: Vec<String>,
    /// The routes.
    pub routes: Vec<VoiceRoute>,
    /// Grows with each edit; 0 where nothing was ever set.
    pub version: i64,
}

/// `GET /tenant/v1/coexistence`: what to look at where operators' numbers and your own gateways
/// stand side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coexistence {
    /// The worst first; none is good.
    pub findings: Vec<CoexistenceFinding>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CoexistenceFinding {
    /// A stable code: `global_policy_captures_operator_numbers`,
    /// `operator_numbers_with_voice_routing`, `direct_numbers_without_voice_routing`,
    /// `route_without_enabled_gateway`, `no_gateway_for_emergency_calls`,
    /// `direct_numbers_in_operator_range`, `route_without_gateway`, `gateway_without_route`,
    /// `pstn_usage_without_route`.
    pub code: String,
    /// `warning`: calls go astray, or fail. `info`: good to know.
    pub severity: String,
    /// What it is about: a policy's, route's, usage's or gateway's name, a country, or Direct
    /// Routing as a whole.
    pub subject: String,
    /// What is the case.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// `PUT /tenant/v1/fallback-operators` (If-Match required): replaces them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackOperatorsPut {
    /// Operators that you have consented to, in the order in which they are tried; none turns it
    /// off.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub operator_ids: Vec<Uuid>,
}

/// Operators that stand in where the operator of the caller's number cannot carry a call outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FallbackOperators {
    /// As they were set, in the order in which they are tried; none by default.
    pub operator_ids: Vec<Uuid>,
    /// Those of them that stand in now: the consent to the others is suspended, or the
    /// relationship has ended.
    pub in_effect_ids: Vec<Uuid>,
    /// Grows with each edit; 0 where nothing was ever set.
    pub version: i64,
}
