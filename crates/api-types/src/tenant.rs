//! Tenants, consents, addresses, people and resource accounts
//! (operator-connect.md 1.4, 1.9 to 1.11).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /programme/v1/tenants`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantCreate {
    /// Name, 1 to 100 characters.
    pub name: String,
    /// SIP domain of its phones, a unique DNS name.
    pub domain: String,
}

/// A tenant.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    /// Identity.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// SIP domain.
    pub domain: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Whom the operator may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Full name.
    pub full_name: String,
    /// E-mail.
    pub email: String,
    /// Telephone with country code, optional.
    #[serde(default)]
    pub phone_number: Option<String>,
}

/// What the tenant needs from the operator, per country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The country.
    pub country: String,
    /// `user`, `service` or `conference` numbers.
    pub number_type: String,
    /// How many.
    pub quantity: u32,
    /// `new` or `port`.
    pub source: String,
    /// Wanted by this date, `YYYY-MM-DD`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub wanted_on: Option<jiff::civil::Date>,
}

/// `POST /tenant/v1/consents`: choose an operator (again).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentCreate {
    /// The operator.
    pub operator_id: Uuid,
    /// Countries, at least one, all of them offered.
    pub countries: Vec<String>,
    /// What is needed.
    #[serde(default)]
    pub requirements: Vec<Requirement>,
    /// Contacts, at least one.
    pub contacts: Vec<Contact>,
    /// Company name as the operator shall see it.
    pub company_name: String,
    /// Coded band such as `L1_U49`, `L50_U249`, `L250_U999`, `L1000_U4999`, `L5000_U9999`.
    pub company_size: String,
    /// The data transfer notice was accepted; must be true.
    pub notice_accepted: bool,
}

/// `PATCH /tenant/v1/consents/{operator_id}` (If-Match required): what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentUpdate {
    /// `Active` resumes, `Suspended` suspends.
    #[serde(default)]
    pub status: Option<String>,
    /// Countries.
    #[serde(default)]
    pub countries: Option<Vec<String>>,
    /// Needs.
    #[serde(default)]
    pub requirements: Option<Vec<Requirement>>,
    /// Contacts.
    #[serde(default)]
    pub contacts: Option<Vec<Contact>>,
}

/// `PATCH /operator/v1/consents/{tenant_id}` (If-Match required).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationshipUpdate {
    /// `ConsentAcknowledged`, `CustomerContacted`, `AgreementSigned`, `ConsentDeclined`, `ContractTerminated`.
    pub status: String,
    /// Mandatory when declining or terminating.
    #[serde(default)]
    pub comment: Option<String>,
}

/// A consent with the relationship on it, as both sides see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// Identity.
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// The tenant's name.
    pub tenant_name: String,
    /// To whom.
    pub operator_id: Uuid,
    /// The operator's name.
    pub operator_name: String,
    /// `Active`, `Suspended`, `Removed`.
    pub status: String,
    /// The operator's side; see [`RelationshipUpdate`].
    pub relationship_status: String,
    /// The operator's comment.
    pub relationship_comment: Option<String>,
    /// Countries.
    pub countries: Vec<String>,
    /// Needs.
    pub requirements: Vec<Requirement>,
    /// Contacts.
    pub contacts: Vec<Contact>,
    /// Company name.
    pub company_name: String,
    /// Coded band.
    pub company_size: String,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    pub consented_at: Timestamp,
    /// Last change on either side.
    #[schema(value_type = String, format = DateTime)]
    pub modified_at: Timestamp,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// `POST /tenant/v1/civic-addresses`. A default location comes with it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CivicAddressCreate {
    /// Mandatory.
    pub company_name: String,
    /// ISO alpha-2, mandatory.
    pub country: String,
    /// House number.
    #[serde(default)]
    pub house_number: Option<String>,
    /// Street.
    #[serde(default)]
    pub street_name: Option<String>,
    /// City.
    #[serde(default)]
    pub city_or_town: Option<String>,
    /// State or province.
    #[serde(default)]
    pub state_or_province: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub postal_or_zip_code: Option<String>,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// Decimal degrees as text; required except in AU and JP.
    #[serde(default)]
    pub latitude: Option<String>,
    /// Decimal degrees as text; required except in AU and JP.
    #[serde(default)]
    pub longitude: Option<String>,
}

/// A civic address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CivicAddress {
    /// Identity.
    pub id: Uuid,
    /// The location that means "this address, no place".
    pub default_location_id: Uuid,
    /// Company name.
    pub company_name: String,
    /// Country.
    pub country: String,
    /// House number.
    pub house_number: Option<String>,
    /// Street.
    pub street_name: Option<String>,
    /// City.
    pub city_or_town: Option<String>,
    /// State or province.
    pub state_or_province: Option<String>,
    /// Postal code.
    pub postal_or_zip_code: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Decimal degrees.
    pub latitude: Option<String>,
    /// Decimal degrees.
    pub longitude: Option<String>,
    /// Places within it, the default one first.
    pub locations: Vec<Location>,
}

/// A place within a civic address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Location {
    /// Identity.
    pub id: Uuid,
    /// Its address.
    pub civic_address_id: Uuid,
    /// Floor, wing, room; empty for the default location.
    pub description: String,
    /// The default location goes with the address.
    pub is_default: bool,
}

/// `POST /tenant/v1/civic-addresses/{id}/locations`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationCreate {
    /// Floor, wing, room; 1 to 100 characters.
    pub description: String,
}

/// `POST /tenant/v1/users`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCreate {
    /// User principal name, `alice@contoso.example`, unique in the tenant; its
    /// part before the `@` is the phone's user name.
    pub upn: String,
    /// Name shown.
    pub display_name: String,
    /// Country the user works in.
    pub country: String,
    /// Licences; `teams_phone` is the telephony one.
    #[serde(default)]
    pub licences: Vec<String>,
}

/// `PATCH /tenant/v1/users/{user_id}` (If-Match required).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserUpdate {
    /// Name shown.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Replaces the licences.
    #[serde(default)]
    pub licences: Option<Vec<String>>,
}

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Identity.
    pub id: Uuid,
    /// User principal name.
    pub upn: String,
    /// Name shown.
    pub display_name: String,
    /// Country.
    pub country: String,
    /// Licences.
    pub licences: Vec<String>,
    /// Their number, if one is assigned.
    pub number: Option<String>,
    /// They have phone credentials.
    pub has_phone: bool,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// Answer of `POST /tenant/v1/users/{user_id}/phone`: new phone credentials.
/// The password is shown this once; only digests of it are kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PhoneCredentials {
    /// Digest user name.
    pub username: String,
    /// Digest password.
    pub password: String,
    /// SIP domain and digest realm.
    pub domain: String,
    /// Address of record.
    pub aor: String,
}

/// `POST /tenant/v1/resource-accounts`: a call queue with attendant routing.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceAccountCreate {
    /// User principal name, unique in the tenant.
    pub upn: String,
    /// Name shown.
    pub display_name: String,
    /// `call_queue`.
    pub kind: String,
    /// `resource_account` is the licence it needs before it gets a number.
    #[serde(default)]
    pub licences: Vec<String>,
    /// Agents, users of the tenant.
    pub agent_ids: Vec<Uuid>,
    /// Seconds the agents ring; 30 by default, 5 to 180.
    #[serde(default)]
    pub ring_seconds: Option<u32>,
}

/// A resource account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ResourceAccount {
    /// Identity.
    pub id: Uuid,
    /// User principal name.
    pub upn: String,
    /// Name shown.
    pub display_name: String,
    /// `call_queue`.
    pub kind: String,
    /// Licences.
    pub licences: Vec<String>,
    /// Agents.
    pub agent_ids: Vec<Uuid>,
    /// Seconds the agents ring.
    pub ring_seconds: u32,
    /// Its number, if one is assigned.
    pub number: Option<String>,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}
