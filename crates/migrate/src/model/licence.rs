//! Licences: decided by service plan, never by product name (migration.md section 2).

use super::cell::{Cell, SourceRef};
use super::word::words;
use serde::{Deserialize, Serialize};

words! {
    /// State of a service plan for one account (`ProvisioningStatus`).
    PlanStatus {
        /// Works.
        Success = "Success" | "Enabled",
        /// Waits for something.
        PendingInput = "PendingInput",
        /// Waits for something.
        PendingActivation = "PendingActivation",
        /// Waits for something.
        PendingProvisioning = "PendingProvisioning",
        /// Switched off inside the product.
        Disabled = "Disabled" | "Deleted" | "Suspended",
        /// Works for the time being.
        Warning = "Warning",
        /// Failed.
        Error = "Error",
    }
}

words! {
    /// State of a product in the tenant (`CapabilityStatus`).
    SkuStatus {
        /// In force.
        Enabled = "Enabled",
        /// In grace.
        Warning = "Warning",
        /// Suspended.
        Suspended = "Suspended",
        /// Locked out.
        LockedOut = "LockedOut",
        /// Gone.
        Deleted = "Deleted",
    }
}

/// A product the tenant has bought (`Get-MgSubscribedSku`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sku {
    /// Part number, trimmed.
    pub part_number: String,
    /// Product id, lower case. Never compare it with a plan id: the two share one value
    /// (migration.md section 2.2, `MCOPSTN5`).
    pub sku_id: Cell<String>,
    /// State.
    pub status: Cell<SkuStatus>,
    /// Seats in use.
    pub consumed: Cell<u64>,
    /// Seats bought and in force.
    pub enabled: Cell<u64>,
    /// Seats in grace.
    pub warning: Cell<u64>,
    /// Seats suspended.
    pub suspended: Cell<u64>,
    /// Seats locked out.
    pub locked_out: Cell<u64>,
    /// Its service plans.
    pub plans: Cell<Vec<PlanState>>,
    /// Row.
    pub at: SourceRef,
}

/// A service plan inside a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanState {
    /// Plan id, lower case; empty where only the name was exported.
    pub id: String,
    /// Plan name, such as `MCOEV`.
    pub name: String,
    /// Its state.
    pub status: PlanStatus,
}

/// A product assigned to an account (`Get-MgUserLicenseDetail`, `AssignedPlan`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserLicence {
    /// Part number, trimmed; empty where only plans were exported (`AssignedPlan`).
    pub part_number: String,
    /// Product id, lower case.
    pub sku_id: Cell<String>,
    /// Its plans with their states. [`Cell::Lost`] where the export kept a type name.
    pub plans: Cell<Vec<PlanState>>,
    /// In grace until (`GracePeriodExpiryDate`).
    pub grace_until: Cell<jiff::Timestamp>,
    /// Row.
    pub at: SourceRef,
}
