//! Numbers in accounts.

use super::error::ErrorBody;
use serde::{Deserialize, Serialize};

/// `NumberResource`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberResource {
    /// `pending`, `synced`, `failed`; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_provisioning_status: Option<String>,
    /// Why it failed; the service's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_provisioning_errors: Vec<ErrorBody>,
    /// E.164, `^\+[1-9]\d+$`, at most 16 characters.
    pub telephone_number: String,
    /// The account it is in.
    pub account_name: String,
    /// Its services.
    pub service_details: NumberServiceDetails,
    /// What holds for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<NumberConfiguration>,
}

/// `NumberServiceDetails`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberServiceDetails {
    /// Operator Connect: the service that this exchange is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_operator_connect: Option<CallingNumber>,
    /// Direct Routing: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_direct_routing: Option<Switch>,
    /// Phone Mobile: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_phone_mobile: Option<CallingNumber>,
    /// Zoom: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoom_phone_cloud_peering: Option<Switch>,
    /// Call protection: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_operator_call_protection: Option<Switch>,
}

/// A service that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// The number has it.
    pub enabled: bool,
}

/// `TeamsOperatorConnectNumberDetails`, `TeamsPhoneMobileNumberDetails`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallingNumber {
    /// The number has it.
    pub enabled: bool,
    /// `assigned`, `unassigned`. Written, `unassigned` takes the number from whoever has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment_status: Option<String>,
    /// How it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<CallingConfig>,
}

/// `TeamsCommonNumberConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallingConfig {
    /// `CallingUserAssignment`, `FirstPartyAppAssignment`, `ConferenceAssignment`.
    pub usage: String,
    /// `InboundCalling`, `OutboundCalling`.
    pub choosable_capabilities: Vec<String>,
    /// What it can do; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acquired_capabilities: Option<Vec<String>>,
    /// What it could do; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_capabilities: Option<Vec<String>>,
    /// Other usages: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_usages: Option<Vec<String>>,
    /// The tenant's address; stands for its default location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub civic_address_id: Option<String>,
    /// A location in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<String>,
    /// The tenant may set and change the location; false where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_tenant_address_update: Option<bool>,
    /// The country shown with it, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displayed_country_code: Option<String>,
}

/// `NumberConfiguration`, the same in both versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NumberConfiguration {
    /// `^[A-Za-z0-9_-]+$`, 1 to 100 characters: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_sip_header: Option<String>,
}

/// `BatchNumbers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchNumbers {
    /// 1 to 100.
    pub numbers: Vec<NumberResource>,
}

/// `BatchNumbersDelete` and `NumberIdentifiers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberIdentifiers {
    /// Which.
    pub numbers: Vec<NumberIdentifier>,
}

/// `NumberIdentifier`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberIdentifier {
    /// E.164.
    pub telephone_number: String,
}

/// `NumberServices` of 2023-10-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NumberServices2023 {
    /// Direct Routing.
    pub teams_dr_enabled: bool,
    /// Operator Connect.
    pub teams_oc_enabled: bool,
    /// Zoom.
    pub zoom_enabled: bool,
}

/// `NumberDetails` of 2023-10-01. Without services, Operator Connect is meant
/// (the contract's description of the PUT).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NumberDetails2023 {
    /// What holds for all services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<NumberConfiguration>,
    /// Which services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<NumberServices2023>,
}

/// `BatchNumbers` of 2023-10-01.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNumbers2023 {
    /// 1 to 100.
    pub numbers: Vec<BatchNumbersItem2023>,
}

/// `BatchNumbersItem` of 2023-10-01.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchNumbersItem2023 {
    /// Its details.
    pub details: NumberDetails2023,
    /// E.164.
    pub phone_number: String,
}

/// `NumberResponse` of 2023-10-01.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberResponse2023 {
    /// The ETag, quotes included.
    pub etag: String,
    /// The account it is in.
    pub account_name: String,
    /// E.164.
    pub phone_number: String,
    /// Its details.
    pub details: NumberDetails2023,
}

/// `BatchNumbersResponse` of 2023-10-01.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchNumbersResponse2023 {
    /// As they are now.
    pub numbers: Vec<NumberResponse2023>,
}

impl NumberResponse2023 {
    /// What the older version can say of a number.
    pub fn of(number: NumberResource, etag: String) -> Self {
        let services = &number.service_details;
        let on = |switch: Option<Switch>| switch.is_some_and(|switch| switch.enabled);
        let services = NumberServices2023 {
            teams_dr_enabled: on(services.teams_direct_routing),
            teams_oc_enabled: services.teams_operator_connect.as_ref().is_some_and(|s| s.enabled),
            zoom_enabled: on(services.zoom_phone_cloud_peering),
        };
        Self {
            etag,
            account_name: number.account_name,
            phone_number: number.telephone_number,
            details: NumberDetails2023 {
                configuration: number.configuration,
                services: Some(services),
            },
        }
    }
}
