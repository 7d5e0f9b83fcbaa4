//! Accounts: an operator's named groups of numbers, each bound to at most one
//! tenant.

use super::error::ErrorBody;
use serde::{Deserialize, Serialize};

/// `AccountResource`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountResource {
    /// `pending`, `synced`, `failed`; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_provisioning_status: Option<String>,
    /// The service's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_provisioning_errors: Vec<ErrorBody>,
    /// `^[A-Za-z0-9_-]+$`, 1 to 100 characters, case-sensitive.
    pub name: String,
    /// The operator's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Its services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_details: Option<AccountServiceDetails>,
}

/// `AccountServiceDetails`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountServiceDetails {
    /// The tenant whose numbers these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_tenant_id: Option<String>,
    /// Operator Connect: the service that this exchange is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_operator_connect: Option<SyncedService>,
    /// Direct Routing: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_direct_routing: Option<DirectRoutingAccount>,
    /// Phone Mobile: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_phone_mobile: Option<SyncedService>,
    /// Zoom: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zoom_phone_cloud_peering: Option<SyncedService>,
    /// Call protection: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_operator_call_protection: Option<PlainService>,
}

/// A service with a switch for its synchronisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncedService {
    /// Numbers are brought to the service.
    pub sync_enabled: bool,
    /// The account has the service.
    pub enabled: bool,
    /// Numbers with this service; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_count: Option<i64>,
}

/// A service without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlainService {
    /// The account has the service.
    pub enabled: bool,
    /// Numbers with this service; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_count: Option<i64>,
}

/// `TeamsDirectRoutingAccountDetails`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectRoutingAccount {
    /// Numbers are brought to the service.
    pub sync_enabled: bool,
    /// The account has the service.
    pub enabled: bool,
    /// Numbers with this service; the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_count: Option<i64>,
    /// How it is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<DirectRoutingConfig>,
    /// `provisioned`, `notProvisioned`, `inconsistent`; the service's, always there in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain_status: Option<String>,
}

/// `TeamsDirectRoutingAccountConfig`, in the older version `TeamsDrConfig`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DirectRoutingConfig {
    /// Callers may show the account's numbers only.
    pub call_screening: bool,
    /// The tenant's label, `^[A-Za-z0-9_-]+$`, 1 to 10 characters.
    pub subdomain: String,
    /// What proves the name to the platform.
    pub subdomain_tokens: SubdomainTokens,
}

/// Values of DNS TXT records, each `^[A-Za-z0-9=_-]+$`, 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubdomainTokens {
    /// Of the first region.
    pub region1_token: String,
    /// Of the second.
    pub region2_token: String,
}

/// `AccountDetails` of 2023-10-01.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountDetails2023 {
    /// Direct Routing: kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_routing: Option<DirectRoutingConfig>,
}

/// `AccountWithStatusResponse` of 2023-10-01, and `AccountResponse` where the state is not asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountResponse2023 {
    /// The ETag, quotes included.
    pub etag: String,
    /// Its name.
    pub name: String,
    /// Its details.
    pub details: AccountDetails2023,
    /// Present where `status=true` was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_routing_provisioning_state: Option<SubdomainState2023>,
}

/// `SubdomainProvisioningState` of 2023-10-01.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubdomainState2023 {
    /// What is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdomain_tokens: Option<SubdomainTokens>,
    /// `Provisioned`, `NotProvisioned`, `Inconsistent`.
    pub subdomain_status: String,
}

impl AccountResponse2023 {
    /// What the older version can say of an account.
    pub fn of(account: AccountResource, etag: String, with_state: bool) -> Self {
        let routing = account.service_details.and_then(|details| details.teams_direct_routing);
        let config = routing.and_then(|routing| routing.configuration);
        let state = with_state.then(|| SubdomainState2023 {
            subdomain_tokens: config.as_ref().map(|config| config.subdomain_tokens.clone()),
            subdomain_status: "NotProvisioned".to_owned(),
        });
        Self {
            etag,
            name: account.name,
            details: AccountDetails2023 { direct_routing: config },
            direct_routing_provisioning_state: state,
        }
    }
}
