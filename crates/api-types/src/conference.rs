//! Conference bridges of a tenant and their numbers (operator-connect.md 1.12).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /tenant/v1/conference-bridges`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConferenceBridgeCreate {
    /// What people call it; no other of yours is called so.
    #[schema(min_length = 1, max_length = 100, example = "Meetings")]
    pub name: String,
    /// Your gateways that answer its calls, tried in random order: the conference service behind
    /// them lets whoever calls into a meeting.
    #[schema(min_items = 1, max_items = 10)]
    pub gateway_ids: Vec<Uuid>,
}

/// `PATCH /tenant/v1/conference-bridges/{conference_bridge_id}` (If-Match required); what is left
/// out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConferenceBridgeUpdate {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Your gateways that answer its calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 10)]
    pub gateway_ids: Option<Vec<Uuid>>,
    /// Which of its numbers is its default one: a Direct Routing number, since an operator's
    /// cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\+[1-9][0-9]{1,14}$")]
    pub default_number: Option<String>,
}

/// A conference bridge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConferenceBridge {
    /// Identity.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Your gateways that answer its calls.
    pub gateway_ids: Vec<Uuid>,
    /// Its default number; null as long as it has none that may be one. It cannot be unregistered.
    pub default_number: Option<String>,
    /// How many numbers it has.
    pub numbers: i64,
    /// Optimistic version, also in the ETag; grows with each edit of it or of its numbers.
    pub version: i64,
}

/// `PUT /tenant/v1/conference-bridges/{conference_bridge_id}/numbers/{number}`: registers a number,
/// or sets the languages of one that is registered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConferenceNumberPut {
    /// In which language whoever calls it is greeted, a BCP 47 tag.
    #[schema(
        min_length = 2,
        max_length = 35,
        pattern = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        example = "en-GB"
    )]
    pub primary_language: String,
    /// Which others they may choose, at most 4.
    #[serde(default)]
    #[schema(max_items = 4)]
    pub secondary_languages: Vec<String>,
}

/// A number of a conference bridge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ConferenceNumber {
    /// E.164.
    pub number: String,
    /// Whose number it is.
    pub conference_bridge_id: Uuid,
    /// That bridge's name.
    pub conference_bridge_name: String,
    /// The number's country.
    pub country: String,
    /// Nobody pays for calls to it but its holder.
    pub toll_free: bool,
    /// In which language whoever calls it is greeted.
    pub primary_language: String,
    /// Which others they may choose.
    pub secondary_languages: Vec<String>,
    /// It is the bridge's default number.
    pub is_default: bool,
}
