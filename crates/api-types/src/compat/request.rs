//! Requests for information: tenants' consents as their operator sees them.

use super::error::ErrorBody;
use serde::{Deserialize, Serialize};

/// `RequestForInformationResource`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InformationRequest {
    /// `synced`.
    pub service_provisioning_status: String,
    /// None.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_provisioning_errors: Vec<ErrorBody>,
    /// The consent's.
    pub id: String,
    /// Who consented.
    pub tenant_id: String,
    /// The operator's first account bound to that tenant, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// `teams`.
    pub product_context: String,
    /// To whom.
    pub operator_id: String,
    /// `active`, `suspended`, `removed`: the tenant's side.
    pub status: String,
    /// When, RFC 3339.
    pub consented_on: String,
    /// When anything of it last changed, RFC 3339.
    pub last_modified_on: String,
    /// ISO 3166-1 alpha-2.
    pub consented_countries: Vec<String>,
    /// Whom to speak with.
    pub contacts: Vec<ContactDetails>,
    /// The operator's side.
    pub customer_relationship: CustomerRelationship,
}

/// `ContactDetails`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactDetails {
    /// Their name.
    pub full_name: String,
    /// Where mail reaches them.
    pub email: String,
    /// Where calls reach them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone_number: Option<String>,
    /// Their company.
    pub company_name: String,
    /// Its size, `L50_U249`.
    pub company_size: String,
}

/// `CustomerRelationship`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerRelationship {
    /// `ConsentAcknowledged`, `CustomerContacted`, `AgreementSigned`, `ConsentDeclined`,
    /// `ContractTerminated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// When, RFC 3339; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified_on: Option<String>,
    /// Why; a declined or terminated relationship needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// `RequestForInformationResourceCreateOrUpdate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InformationRequestUpdate {
    /// The operator's side.
    #[serde(default)]
    pub customer_relationship: Option<CustomerRelationship>,
}
