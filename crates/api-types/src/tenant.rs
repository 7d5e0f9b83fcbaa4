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
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// SIP domain of its phones, a unique DNS name.
    #[schema(min_length = 1, example = "contoso.example")]
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
    #[schema(min_length = 1, max_length = 200)]
    pub full_name: String,
    /// E-mail.
    #[schema(min_length = 1, max_length = 254, example = "terry@contoso.example")]
    pub email: String,
    /// Telephone with country code, optional.
    #[serde(default)]
    #[schema(example = "+442079460000")]
    pub phone_number: Option<String>,
}

/// What the tenant needs from the operator, per country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The country.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// `user`, `service` or `conference` numbers.
    #[schema(pattern = "^(user|service|conference)$")]
    pub number_type: String,
    /// How many.
    #[schema(minimum = 1, maximum = 4294967295u32)]
    pub quantity: u32,
    /// `new` or `port`.
    #[schema(pattern = "^(new|port)$")]
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
    #[schema(schema_with = crate::listed::some_countries)]
    pub countries: Vec<String>,
    /// What is needed.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub requirements: Vec<Requirement>,
    /// Contacts, at least one.
    #[schema(min_items = 1, max_items = 20)]
    pub contacts: Vec<Contact>,
    /// Company name as the operator shall see it.
    #[schema(min_length = 1, max_length = 200)]
    pub company_name: String,
    /// Coded band such as `L1_U49`, `L50_U249`, `L250_U999`, `L1000_U4999`, `L5000_U9999`.
    #[schema(pattern = "^L[0-9]+_U[0-9]+$", example = "L50_U249")]
    pub company_size: String,
    /// The data transfer notice was accepted, and the operator's terms where it has some; must be
    /// true.
    pub notice_accepted: bool,
    /// The version of the notice that was read; left out, the one in force.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub notice_version: Option<i64>,
    /// The version of the operator's terms that was read; left out, the one in force.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub terms_version: Option<i64>,
    /// Whom the operator calls when something is wrong.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub escalation_contacts: Vec<Contact>,
    /// The operator's invitation that this accepts. Its countries may be consented to although the
    /// directory does not list them.
    #[serde(default)]
    pub lead_id: Option<Uuid>,
}

/// `PATCH /tenant/v1/consents/{operator_id}` (If-Match required): what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentUpdate {
    /// `Active` resumes, `Suspended` suspends.
    #[serde(default)]
    #[schema(pattern = "^(Active|Suspended)$")]
    pub status: Option<String>,
    /// Countries.
    #[serde(default)]
    #[schema(schema_with = crate::listed::optional_countries)]
    pub countries: Option<Vec<String>>,
    /// Needs.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub requirements: Option<Vec<Requirement>>,
    /// Contacts.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 20)]
    pub contacts: Option<Vec<Contact>>,
    /// Company name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub company_name: Option<String>,
    /// Coded band.
    #[serde(default)]
    #[schema(pattern = "^L[0-9]+_U[0-9]+$", example = "L50_U249")]
    pub company_size: Option<String>,
    /// Whom the operator calls when something is wrong.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub escalation_contacts: Option<Vec<Contact>>,
}

/// When the operator's service begins in a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// One of the consent's countries.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// `YYYY-MM-DD`.
    #[schema(value_type = String, format = Date)]
    pub on: jiff::civil::Date,
}

/// How one of the operator's services is there for the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EngagedService {
    /// `Calling`, `AudioConferencing`.
    #[schema(pattern = "^(Calling|AudioConferencing)$")]
    pub service: String,
    /// `on_by_default`, or `to_be_configured` first.
    #[schema(pattern = "^(on_by_default|to_be_configured)$")]
    pub provision: String,
}

/// `PUT /operator/v1/consents/{tenant_id}/engagement` (If-Match required): what the operator says
/// of its side. It replaces all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Engagement {
    /// When its support is there, in words.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500, example = "Mon-Fri 08:00-18:00 Europe/London")]
    pub support_hours: Option<String>,
    /// Whom the tenant calls when something is wrong, the first one first.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub escalation_contacts: Vec<Contact>,
    /// When its service begins where, each country once.
    #[serde(default)]
    #[schema(max_items = 300)]
    pub activations: Vec<Activation>,
    /// Which of its services are on by default, and which are to be configured; each once.
    #[serde(default)]
    #[schema(max_items = 2)]
    pub services: Vec<EngagedService>,
    /// Its own reference, at most 64 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub ticket_id: Option<String>,
}

/// The data transfer notice, which every consent accepts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// 1 and up; 0 where none was written.
    pub version: i64,
    /// What it says.
    pub text: String,
    /// Since when it is in force.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub published_at: Option<Timestamp>,
}

/// `POST /programme/v1/notices`: a new version, in force at once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeCreate {
    /// What it says.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: String,
}

/// `POST /tenant/v1/consents/{operator_id}/acceptances`: what was read and is accepted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceCreate {
    /// The version of the notice in force.
    #[schema(minimum = 0)]
    pub notice_version: i64,
    /// The version of the operator's terms in force; left out where it has none.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub terms_version: Option<i64>,
}

/// Who accepted which versions when.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Acceptance {
    /// Identity.
    pub id: Uuid,
    /// The operator.
    pub operator_id: Uuid,
    /// Of the notice.
    pub notice_version: i64,
    /// Of the operator's terms; 0 where it had none.
    pub terms_version: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub accepted_at: Timestamp,
    /// By whom.
    pub accepted_by: String,
}

/// `PATCH /operator/v1/consents/{tenant_id}` (If-Match required).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationshipUpdate {
    /// `ConsentAcknowledged`, `CustomerContacted`, `AgreementSigned`, `ConsentDeclined`, `ContractTerminated`.
    #[schema(
        pattern = "^(ConsentAcknowledged|CustomerContacted|AgreementSigned|ConsentDeclined|ContractTerminated)$"
    )]
    pub status: String,
    /// Mandatory when declining or terminating.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
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
    /// Whom the operator calls when something is wrong.
    #[serde(default)]
    pub escalation_contacts: Vec<Contact>,
    /// What the operator says of its side.
    #[serde(default)]
    pub engagement: Engagement,
    /// The version of the data transfer notice that was accepted.
    #[serde(default)]
    pub notice_version: i64,
    /// The version of the operator's terms that was accepted.
    #[serde(default)]
    pub terms_version: i64,
    /// When they were.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Timestamp>,
    /// By whom.
    #[serde(default)]
    pub accepted_by: Option<String>,
    /// A newer notice, or newer terms, are to be accepted. Calls and numbers go on; edits wait.
    #[serde(default)]
    pub acceptance_due: bool,
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
    #[schema(min_length = 1, max_length = 200)]
    pub company_name: String,
    /// ISO alpha-2, mandatory.
    #[schema(min_length = 1, example = "GB")]
    pub country: String,
    /// House number.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub house_number: Option<String>,
    /// Street.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub street_name: Option<String>,
    /// City.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub city_or_town: Option<String>,
    /// State or province.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub state_or_province: Option<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub postal_or_zip_code: Option<String>,
    /// Free text.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub description: Option<String>,
    /// Decimal degrees as text; required except in AU and JP.
    #[serde(default)]
    #[schema(example = "51.5")]
    pub latitude: Option<String>,
    /// Decimal degrees as text; required except in AU and JP.
    #[serde(default)]
    #[schema(example = "-0.1")]
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
    #[schema(min_length = 1, max_length = 100)]
    pub description: String,
}

/// `POST /tenant/v1/users`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCreate {
    /// User principal name, `alice@contoso.example`, unique in the tenant; its
    /// part before the `@` is the phone's user name.
    #[schema(min_length = 1, max_length = 113, example = "alice@contoso.example")]
    pub upn: String,
    /// Name shown.
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: String,
    /// Country the user works in.
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// Licences; `teams_phone` is the telephony one.
    #[serde(default)]
    #[schema(schema_with = crate::listed::licences)]
    pub licences: Vec<String>,
}

/// What became of a file of people, `POST /tenant/v1/users/csv`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserFileResult {
    /// Changed nothing.
    pub dry_run: bool,
    /// Rows in all.
    pub total: u32,
    /// People who were added.
    pub created: u32,
    /// People who were edited.
    pub updated: u32,
    /// People who were there already, just so.
    pub unchanged: u32,
    /// Rows that failed.
    pub failed: u32,
    /// The rows that failed, in their order.
    pub errors: Vec<UserFileError>,
}

/// A row of a file of people that failed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserFileError {
    /// Its line in the file, counted from 1.
    pub line: u32,
    /// The column to blame, by its header.
    pub column: Option<String>,
    /// The user principal name in it.
    pub upn: Option<String>,
    /// Why.
    pub error: crate::problem::EntryError,
}

/// `PATCH /tenant/v1/users/{user_id}` (If-Match required).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserUpdate {
    /// Name shown.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: Option<String>,
    /// Replaces the licences.
    #[serde(default)]
    #[schema(schema_with = crate::listed::optional_licences)]
    pub licences: Option<Vec<String>>,
    /// `false` takes phone and calls outside away, until it is `true` again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
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
    /// Their primary number, if one is assigned.
    pub number: Option<String>,
    /// Their private and alternate lines.
    pub lines: Vec<UserLine>,
    /// They have phone credentials.
    pub has_phone: bool,
    /// `false`: no phone, and no calls outside but for help.
    pub active: bool,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// A number that a person has beside their primary one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserLine {
    /// E.164.
    pub number: String,
    /// `Private`: inbound only. `Alternate`: they may call by it too.
    pub category: String,
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
    #[schema(min_length = 1, max_length = 113, example = "sales@contoso.example")]
    pub upn: String,
    /// Name shown.
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: String,
    /// `call_queue`.
    #[schema(pattern = "^call_queue$")]
    pub kind: String,
    /// `resource_account` is the licence it needs before it gets a number.
    #[serde(default)]
    #[schema(schema_with = crate::listed::licences)]
    pub licences: Vec<String>,
    /// Agents, users of the tenant.
    #[schema(max_items = 200)]
    pub agent_ids: Vec<Uuid>,
    /// Seconds the agents ring; 30 by default, 5 to 180.
    #[serde(default)]
    #[schema(minimum = 5, maximum = 180)]
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
