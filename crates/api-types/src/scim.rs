//! The documents of `/scim/v2`, as they are described (RFC 7643, RFC 7644). What is not described
//! here may be sent, and is passed over.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The parts of a name.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimName {
    /// The whole name; `displayName` stands in for it.
    pub formatted: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
}

/// One of several values.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ScimValue {
    /// The value.
    pub value: Option<String>,
    /// `work`, `home`, `other`.
    pub r#type: Option<String>,
    /// The one that is used.
    pub primary: Option<bool>,
}

/// What telephony adds to a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ScimTelephony {
    /// `teams_phone` lets a person call outside.
    pub licences: Option<Vec<String>>,
    /// ISO 3166-1 alpha-2: how what is dialled is read. Left out for a new person, it is that of
    /// your first civic address.
    pub country: Option<String>,
    /// The number assigned, E.164; read only.
    pub number: Option<String>,
}

/// A user.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimUser {
    /// URNs of its schemas.
    pub schemas: Option<Vec<String>>,
    /// Given by this service; read only.
    pub id: Option<String>,
    /// Given by the client.
    pub external_id: Option<String>,
    /// The user principal name.
    #[schema(example = "ada@contoso.example")]
    pub user_name: String,
    /// The parts of the name.
    pub name: Option<ScimName>,
    /// The name as others see it.
    pub display_name: Option<String>,
    /// `false`: no phone, and no calls outside.
    pub active: Option<bool>,
    /// Mail addresses; one is kept: the primary one, that of work, the first.
    pub emails: Option<Vec<ScimValue>>,
    /// The number assigned; read only.
    pub phone_numbers: Option<Vec<ScimValue>>,
    /// What telephony adds.
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:meetpoint:2.0:User")]
    pub telephony: Option<ScimTelephony>,
    /// What is known about it; read only.
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Value>,
}

/// Somebody in a group.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ScimMember {
    /// The user's id.
    pub value: String,
    /// The user's name; read only.
    pub display: Option<String>,
}

/// A group.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimGroup {
    /// URNs of its schemas.
    pub schemas: Option<Vec<String>>,
    /// Given by this service; read only.
    pub id: Option<String>,
    /// Given by the client.
    pub external_id: Option<String>,
    /// Its name.
    pub display_name: String,
    /// Who is in it.
    pub members: Option<Vec<ScimMember>>,
    /// What is known about it; read only.
    #[schema(value_type = Option<Object>)]
    pub meta: Option<serde_json::Value>,
}

/// Changes of a resource (RFC 7644 section 3.5.2).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScimPatch {
    /// `urn:ietf:params:scim:api:messages:2.0:PatchOp`
    pub schemas: Vec<String>,
    /// What is done, one after the other, or nothing of it.
    #[serde(rename = "Operations")]
    #[schema(min_items = 1, max_items = 1000)]
    pub operations: Vec<ScimOperation>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScimOperation {
    /// `add`, `replace`, `remove`.
    pub op: String,
    /// An attribute, `emails[type eq "work"].value`; without one the value's keys are.
    pub path: Option<String>,
    /// What is set.
    #[schema(value_type = Option<Object>)]
    pub value: Option<serde_json::Value>,
}

/// Some of the resources that match (RFC 7644 section 3.4.2).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimListResponse {
    /// `urn:ietf:params:scim:api:messages:2.0:ListResponse`
    pub schemas: Vec<String>,
    /// How many match.
    pub total_results: u64,
    /// The first of these, from 1.
    pub start_index: u64,
    /// How many these are.
    pub items_per_page: u64,
    /// These.
    #[serde(rename = "Resources")]
    #[schema(value_type = Vec<Object>)]
    pub resources: Vec<serde_json::Value>,
}

/// A refusal (RFC 7644 section 3.12).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimRefusal {
    /// `urn:ietf:params:scim:api:messages:2.0:Error`
    pub schemas: Vec<String>,
    /// The HTTP status.
    pub status: String,
    /// `uniqueness`, `invalidFilter`, `invalidSyntax`, `invalidPath`, `noTarget`, `invalidValue`,
    /// `mutability`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim_type: Option<String>,
    /// What is wrong, and what to do.
    pub detail: String,
}
