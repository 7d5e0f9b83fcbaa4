//! A tenant's civic addresses as its operators read them.

use serde::{Deserialize, Serialize};

/// `TeamsCivicAddressResource`. Only tenants write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the field (operator-connect.md 1.9)")]
pub struct CivicAddressResource {
    pub id: String,
    pub country: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub house_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_or_province: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city_or_town: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_or_zip_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub company_name: String,
    pub default_location_id: String,
    /// `notValidated`: nobody checks addresses here.
    pub validation_status: String,
    pub tenant_id: String,
    pub locations: Vec<LocationResource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<String>,
}

/// `Location`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the field (operator-connect.md 1.9)")]
pub struct LocationResource {
    pub id: String,
    pub civic_address_id: String,
    pub description: String,
    pub is_default: bool,
}
