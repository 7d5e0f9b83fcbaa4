//! Change freezes: windows in which what carries calls is left as it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /tenant/v1/change-freezes` and `POST /programme/v1/change-freezes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeFreezeCreate {
    /// What refusals call it.
    #[schema(min_length = 1, max_length = 100, example = "Cutover of wave 2")]
    pub name: String,
    /// From when on; now if left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    /// Until when: at most 92 days later.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
}

/// A window in which changes are refused. Emergency addresses, locations and trusted networks, who
/// may sign in and what takes trouble away can be changed all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangeFreeze {
    /// Identity.
    pub id: Uuid,
    /// Whose; everybody's if none is named.
    pub tenant_id: Option<Uuid>,
    /// What refusals call it.
    pub name: String,
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
}
