//! Who asks: clients, tokens, browser sessions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /programme/v1/clients`: a program's credentials, or a person's sign-in link.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCreate {
    /// Shown in the audit log.
    pub name: String,
    /// `programme_owner`, `programme_support`, `operator_admin`, `operator_reader`,
    /// `tenant_admin`, `tenant_helpdesk`, `tenant_reader`, `edge`.
    pub role: String,
    /// For the roles of an operator.
    #[serde(default)]
    pub operator_id: Option<Uuid>,
    /// For the roles of a tenant.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    /// An operator's, on the compatible face: `ProvisioningAPI.Read`, `.Write`, `.Delete`,
    /// `.Admin`. Left out: `Admin` for an `operator_admin`, `Read` for an `operator_reader`.
    #[serde(default)]
    pub provisioning_roles: Option<Vec<String>>,
}

/// A secret that all edges share, without the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgeKeyInfo {
    /// Travels with what it seals.
    pub id: u8,
    /// When it was made; edges that are in touch know it since then.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// From when on it seals.
    #[schema(value_type = String, format = DateTime)]
    pub seals_from: Timestamp,
    /// Until when it opens at least; absent for the newest.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_until: Option<Timestamp>,
}

/// A client with its secret, shown this once; only a hash of it is kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientCredentials {
    /// `client_id` for `/oauth/token`.
    pub client_id: Uuid,
    /// `client_secret` for `/oauth/token`.
    pub client_secret: String,
    /// Role.
    pub role: String,
    /// Scopes its tokens carry.
    pub scopes: Vec<String>,
    /// Its roles on the compatible face.
    #[serde(default)]
    pub provisioning_roles: Vec<String>,
}

/// Answer of `POST /programme/v1/clients/{client_id}/login-codes`: a one-time sign-in for the page.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginCode {
    /// Open `/login?code=…` with it; good once.
    pub code: String,
    /// Good until.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Answer of `POST /oauth/token` (RFC 6749 section 5.1).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenAnswer {
    /// Opaque.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
    /// Space-separated scopes.
    pub scope: String,
}

/// `POST /session`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionCreate {
    /// A one-time sign-in code.
    pub code: String,
}

/// Who is signed in, `GET /session`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The principal.
    pub principal_id: Uuid,
    /// Its name.
    pub name: String,
    /// Role.
    pub role: String,
    /// For operators' people.
    pub operator_id: Option<Uuid>,
    /// That operator's name.
    pub operator_name: Option<String>,
    /// For tenants' people.
    pub tenant_id: Option<Uuid>,
    /// That tenant's name.
    pub tenant_name: Option<String>,
    /// This is a demonstration with made-up data.
    pub demo: bool,
}

/// One entry of the audit log, `GET /programme/v1/audit`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its place.
    pub id: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who.
    pub principal_id: Option<Uuid>,
    /// Their name.
    pub principal: Option<String>,
    /// The use case, `number.assign`.
    pub action: String,
    /// What it touched.
    pub subject: String,
    /// The request.
    pub request_id: Option<String>,
}
