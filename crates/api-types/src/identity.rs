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
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// `programme_owner`, `programme_support`, `operator_admin`, `operator_reader`,
    /// `tenant_admin`, `tenant_helpdesk`, `tenant_reader`, `edge`.
    #[schema(
        pattern = "^(programme_(owner|support)|operator_(admin|reader)|tenant_(admin|helpdesk|reader)|edge)$"
    )]
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

/// A client, or whomever an issuer vouches for, `GET /programme/v1/clients`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Client {
    /// `client_id` for `/oauth/token`.
    pub id: Uuid,
    /// Shown in the audit log.
    pub name: String,
    /// Role.
    pub role: String,
    /// Whose, for an operator's roles.
    pub operator_id: Option<Uuid>,
    /// Whose, for a tenant's roles.
    pub tenant_id: Option<Uuid>,
    /// Its roles on the compatible face.
    pub provisioning_roles: Vec<String>,
    /// It may act.
    pub enabled: bool,
    /// Where its public keys are, besides `keys`.
    pub jwks_uri: Option<String>,
    /// The issuer that vouches for it.
    pub issuer_id: Option<Uuid>,
    /// What that issuer calls it.
    pub subject: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Its secrets that are good, without themselves.
    pub secrets: Vec<ClientSecret>,
    /// Its public keys.
    pub keys: Vec<ClientKey>,
}

/// `PATCH /programme/v1/clients/{client_id}`; what is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientUpdate {
    /// Shown in the audit log.
    #[serde(default)]
    pub name: Option<String>,
    /// Its roles on the compatible face.
    #[serde(default)]
    pub provisioning_roles: Option<Vec<String>>,
    /// Where its public keys are; empty for nowhere.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// `false` shuts it out: none of its tokens and sessions is good any more.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A secret of a client, without itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientSecret {
    /// To revoke it by.
    pub id: Uuid,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// `POST /programme/v1/clients/{client_id}/secrets`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientSecretCreate {
    /// How long it is good; for ever if left out.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    pub days: Option<u32>,
    /// When the ones before it end, 0 being at once; if left out they stay.
    #[serde(default)]
    #[schema(maximum = 720)]
    pub old_ends_in_hours: Option<u32>,
}

/// A secret, shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientSecretCreated {
    /// To revoke it by.
    pub id: Uuid,
    /// `client_secret` for `/oauth/token`.
    pub client_secret: String,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// A public key of a client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientKey {
    /// To remove it by.
    pub id: Uuid,
    /// What assertions name it by.
    pub kid: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// `POST /programme/v1/clients/{client_id}/keys`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientKeyCreate {
    /// A JSON Web Key (RFC 7517): RSA of 2,048 bits or more, EC P-256 or P-384, or Ed25519. The
    /// public one.
    #[schema(value_type = Object)]
    pub jwk: serde_json::Value,
}

/// Who else says who somebody is, `GET /programme/v1/issuers`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Issuer {
    /// Identity.
    pub id: Uuid,
    /// Shown to those who sign in there.
    pub name: String,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that its tokens for this exchange have.
    pub audience: String,
    /// Where its keys are; as its discovery document says where this is null.
    pub jwks_uri: Option<String>,
    /// Vouches for this operator's people and programs.
    pub operator_id: Option<Uuid>,
    /// Vouches for this tenant's.
    pub tenant_id: Option<Uuid>,
    /// The claim that names roles.
    pub role_claim: String,
    /// What its values mean here, the first that is there deciding.
    pub roles: Vec<RoleMapping>,
    /// The claim that tells apart organisations of one issuer.
    pub organisation_claim: Option<String>,
    /// The value that it must have.
    pub organisation: Option<String>,
    /// What this exchange is called there, where people may sign in there.
    pub login_client_id: Option<String>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// What a value of the role claim means here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleMapping {
    /// As the claim has it; `*` for everybody.
    #[schema(min_length = 1, max_length = 200)]
    pub value: String,
    /// A role of the party that the issuer vouches for.
    pub role: String,
}

/// `POST /programme/v1/issuers`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerCreate {
    /// Shown to those who sign in there.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The `iss` of its tokens: an https address.
    #[schema(min_length = 1, max_length = 500)]
    pub issuer: String,
    /// The `aud` that its tokens for this exchange have.
    #[schema(min_length = 1, max_length = 500)]
    pub audience: String,
    /// Where its keys are; if left out its discovery document says so.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// Whom it vouches for: this operator's people and programs, …
    #[serde(default)]
    pub operator_id: Option<Uuid>,
    /// … or this tenant's; the programme's if both are left out.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    /// The claim that names roles, `roles` if left out; `realm_access.roles` is one inside another.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub role_claim: Option<String>,
    /// What its values mean here, the first that is there deciding.
    #[schema(min_items = 1, max_items = 100)]
    pub roles: Vec<RoleMapping>,
    /// The claim that tells apart organisations of one issuer, such as `tid`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub organisation_claim: Option<String>,
    /// The value that it must have.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub organisation: Option<String>,
    /// What this exchange is called there, if people are to sign in there.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub login_client_id: Option<String>,
    /// Its secret there, if it has one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub login_client_secret: Option<String>,
}

/// Where people may sign in, `GET /session/providers`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginProviders {
    /// By name.
    pub items: Vec<LoginProvider>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginProvider {
    /// Open `/session/oidc/{id}`.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// A token that somebody made for a program, without itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiToken {
    /// To revoke it by.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// One's own tokens, `GET /session/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiTokens {
    /// Oldest first.
    pub items: Vec<ApiToken>,
}

/// `POST /session/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiTokenCreate {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it may be used for; all that the maker's own sign-in may, if left out.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// How long it is good, 1 to 366.
    #[schema(minimum = 1, maximum = 366)]
    pub days: u32,
}

/// A token for a program, shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiTokenCreated {
    /// The token itself.
    pub token: String,
    /// The rest of it.
    #[serde(flatten)]
    pub described: ApiToken,
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
    /// A one-time sign-in code; or
    #[serde(default)]
    pub code: Option<String>,
    /// the login of an account, …
    #[serde(default)]
    pub login: Option<String>,
    /// … its password, …
    #[serde(default)]
    pub password: Option<String>,
    /// … and where it has a second factor, a code of the app or a recovery code.
    #[serde(default)]
    pub one_time_code: Option<String>,
}

/// One's own account, `GET /session/account`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// What one signs in with.
    pub login: String,
    /// A code of an authenticator app is asked for.
    pub has_totp: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u32,
}

/// `PUT /session/account`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPut {
    /// 3 to 100 letters, digits and `@._-+`; capitals do not count.
    #[schema(min_length = 3, max_length = 100)]
    pub login: String,
    /// 12 to 200 characters.
    #[schema(min_length = 12, max_length = 200)]
    pub password: String,
    /// The present one, where there is an account.
    #[serde(default)]
    pub current_password: Option<String>,
}

/// `POST /session/account/totp`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpStart {
    /// The account's.
    pub current_password: String,
}

/// A second factor that is being added; shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TotpStarted {
    /// Base32, to type in.
    pub secret: String,
    /// The same for a QR code.
    pub otpauth_uri: String,
}

/// `POST /session/account/totp/confirm`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirm {
    /// What the app shows.
    pub one_time_code: String,
}

/// `POST /session/account/totp/remove`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpRemove {
    /// The account's.
    pub current_password: String,
    /// What the app shows, or a recovery code.
    pub one_time_code: String,
}

/// Codes for who has lost the app, each good once; shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten of them.
    pub recovery_codes: Vec<String>,
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
