//! What numbers may be used for.

use serde::{Deserialize, Serialize};

/// `TeamsCapabilityPlans`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapabilityPlans {
    /// One for each usage.
    pub capability_plans: Vec<CapabilityPlan>,
}

/// `TeamsCapabilityPlan` (operator-connect.md 1.7.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapabilityPlan {
    /// Its name.
    pub name: String,
    /// `Calling`, `AudioConferencing`.
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

/// `TeamsAvailableCapabilities`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailableCapabilities {
    /// What all the numbers could have.
    pub available_capabilities: Vec<String>,
}
