//! Toll fraud: limits of calls to costly destinations, and the end of a block.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Limits of one class of destinations; null or left out for no limit, 0 for no call at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FraudLimit {
    /// Most calls at once, 0 to 60,000.
    #[serde(default)]
    #[schema(maximum = 60000)]
    pub at_once: Option<u32>,
    /// Most calls begun within any 60 minutes, 0 to 60,000.
    #[serde(default)]
    #[schema(maximum = 60000)]
    pub per_hour: Option<u32>,
}

/// Limits by class of destination; a class left out has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FraudClasses {
    /// In the caller's own country.
    #[serde(default)]
    pub national: FraudLimit,
    /// In another country.
    #[serde(default)]
    pub international: FraudLimit,
    /// Premium rate, shared cost, satellites and other codes of no country.
    #[serde(default)]
    pub premium: FraudLimit,
}

/// `PUT /programme/v1/tenants/{tenant_id}/fraud-limits`: replaces all of them. What is
/// left out is as standard.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FraudLimitsPut {
    /// Of each person.
    #[serde(default)]
    pub person: Option<FraudClasses>,
    /// Of all people of the tenant together.
    #[serde(default)]
    pub tenant: Option<FraudClasses>,
}

/// What a tenant's people may call to costly destinations; each edge counts for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FraudLimits {
    /// The tenant.
    pub tenant_id: Uuid,
    /// These are the standard ones.
    pub standard: bool,
    /// Of each person.
    pub person: FraudClasses,
    /// Of all people of the tenant together.
    pub tenant: FraudClasses,
}

/// Whose blocks are to end.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FraudRelease {
    /// The person's or tenant's id, as the alarm's subject has it.
    pub id: Uuid,
}

/// That edges will lift the blocks, within moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FraudReleased {
    /// Whose.
    pub id: Uuid,
}
