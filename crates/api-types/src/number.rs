//! Numbers and orders (operator-connect.md 1.7, 1.8).

use crate::problem::EntryError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /operator/v1/number-orders`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberOrderCreate {
    /// `upload` or `release`.
    #[schema(pattern = "^(upload|release)$")]
    pub kind: String,
    /// The tenant.
    pub tenant_id: Uuid,
    /// For uploads: what entries use unless they say otherwise.
    #[serde(default)]
    pub calling_profile_id: Option<Uuid>,
    /// For uploads: usage unless an entry says otherwise;
    /// `CallingUserAssignment`, `FirstPartyAppAssignment`, `ConferenceAssignment`.
    #[serde(default)]
    #[schema(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// For uploads: location unless an entry says otherwise.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// For uploads: the tenant may set or change the location; false by default.
    #[serde(default)]
    pub allow_tenant_address_update: bool,
    /// The operator's own reference, at most 64 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub ticket_id: Option<String>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// 1 to 1,000 entries.
    #[schema(min_items = 1, max_items = 1000)]
    pub entries: Vec<NumberOrderEntryCreate>,
}

/// One entry of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberOrderEntryCreate {
    /// E.164.
    #[schema(example = "+442079460000")]
    pub number: String,
    /// Overrides the order's usage.
    #[serde(default)]
    pub usage: Option<String>,
    /// Overrides the order's calling profile.
    #[serde(default)]
    pub calling_profile_id: Option<Uuid>,
    /// Overrides the order's location.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// Where the digits do not tell it.
    #[serde(default)]
    pub country: Option<String>,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NumberOrder {
    /// Identity.
    pub id: Uuid,
    /// `upload` or `release`.
    pub kind: String,
    /// For whom.
    pub tenant_id: Uuid,
    /// `pending`, `in_progress`, `success`, `partial_success`, `error`.
    pub status: String,
    /// Changes nothing.
    pub dry_run: bool,
    /// Entries in all.
    pub total: u32,
    /// Entries done, good or bad.
    pub done: u32,
    /// Entries that succeeded.
    pub succeeded: u32,
    /// Entries that failed.
    pub failed: u32,
    /// The operator's reference.
    pub ticket_id: Option<String>,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the last entry was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

/// One entry's result, `GET /operator/v1/number-orders/{id}/entries`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NumberOrderEntry {
    /// Its place in the order, from 0.
    pub index: u32,
    /// As it was sent.
    pub number: String,
    /// `pending`, `success`, `error`.
    pub status: String,
    /// Why it failed.
    pub error: Option<EntryError>,
    /// Not wrong, but odd: outside the ranges the metadata knows.
    pub warning: Option<String>,
}

/// A number, as tenant and operator see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Number {
    /// E.164.
    pub number: String,
    /// Its holder.
    pub tenant_id: Uuid,
    /// Its operator.
    pub operator_id: Uuid,
    /// The operator's name.
    pub operator_name: String,
    /// `OperatorConnect`.
    pub number_type: String,
    /// Its calling profile.
    pub calling_profile_id: Uuid,
    /// Country.
    pub country: String,
    /// Usage.
    pub usage: String,
    /// `AssignmentPending`, `Activated`, …
    pub activation_state: String,
    /// `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`.
    pub assignment_status: String,
    /// User or resource account.
    pub assigned_to_id: Option<Uuid>,
    /// Their name.
    pub assigned_to_name: Option<String>,
    /// Its emergency location.
    pub location_id: Option<Uuid>,
    /// The tenant may set or change the location.
    pub location_update_supported: bool,
    /// When it came into the inventory.
    #[schema(value_type = String, format = DateTime)]
    pub acquired_at: Timestamp,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// `PUT /tenant/v1/numbers/{number}/assignment` (If-Match honoured). Exactly one
/// of `user_id` and `resource_account_id`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentPut {
    /// A person.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    /// A call queue's account.
    #[serde(default)]
    pub resource_account_id: Option<Uuid>,
    /// The emergency location; left out, the number keeps the one it has.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
}
