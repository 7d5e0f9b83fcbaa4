//! The documents of a tenant's directory and consents (2022-06-01-preview).

use crate::operator::DirectoryEntry;
use crate::tenant;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What `api-version` says.
pub const VERSION: &str = "2022-06-01-preview";

/// An operator with what it offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Identity.
    pub operator_id: Uuid,
    /// Public brand.
    pub friendly_name: String,
    /// The operator's own page.
    pub landing_page: String,
    /// How many numbers the tenant holds from it.
    pub acquired_numbers_count: u64,
    /// One for each service.
    pub offerings: Vec<Offering>,
}

/// A service and where it is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offering {
    /// `Calling`, `AudioConferencing`.
    pub offer_type: String,
    /// Countries.
    pub available_countries: Vec<String>,
}

impl From<DirectoryEntry> for Operator {
    fn from(entry: DirectoryEntry) -> Self {
        let countries = entry.countries;
        let offerings = entry.services.into_iter();
        Self {
            operator_id: entry.operator_id,
            friendly_name: entry.name,
            landing_page: entry.landing_page,
            acquired_numbers_count: entry.acquired_numbers_count,
            offerings: offerings
                .map(|offer_type| Offering { offer_type, available_countries: countries.clone() })
                .collect(),
        }
    }
}

/// Whom the operator may ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// Full name.
    #[serde(default)]
    pub full_name: String,
    /// E-mail.
    #[serde(default)]
    pub email: String,
    /// Telephone with `+` and country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

impl From<tenant::Contact> for Contact {
    fn from(contact: tenant::Contact) -> Self {
        let tenant::Contact { full_name, email, phone_number } = contact;
        Self { full_name, email, phone_number }
    }
}

impl From<Contact> for tenant::Contact {
    fn from(contact: Contact) -> Self {
        let Contact { full_name, email, phone_number } = contact;
        Self { full_name, email, phone_number }
    }
}

/// A consent. Who gave and who last changed it is not kept as a contact and not told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// To whom.
    pub operator_id: Uuid,
    /// `Active`, `Suspended`, `Removed`.
    pub status: String,
    /// When it was given.
    pub consented_on: Timestamp,
    /// When it last changed.
    pub last_modified_on: Timestamp,
    /// Countries.
    pub consented_countries: Vec<String>,
    /// Contacts.
    pub contacts: Vec<Contact>,
    /// Company name.
    pub company_name: String,
}

impl From<tenant::Consent> for Consent {
    fn from(consent: tenant::Consent) -> Self {
        Self {
            operator_id: consent.operator_id,
            status: consent.status,
            consented_on: consent.consented_at,
            last_modified_on: consent.modified_at,
            consented_countries: consent.countries,
            contacts: consent.contacts.into_iter().map(Contact::from).collect(),
            company_name: consent.company_name,
        }
    }
}

/// `PATCH /operatorconnect/consents/{operatorId}`: what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentPatch {
    /// `Active` (also where it is left out for a new consent), `Suspended`, `Removed`.
    #[serde(default)]
    pub status: Option<String>,
    /// A contact of a new consent that names no others.
    #[serde(default)]
    pub consented_by: Option<Contact>,
    /// Not looked at: the audit log knows who asked.
    #[serde(default)]
    pub last_modified_by: Option<Contact>,
    /// Countries.
    #[serde(default)]
    pub consented_countries: Option<Vec<String>>,
    /// Contacts.
    #[serde(default)]
    pub contacts: Option<Vec<Contact>>,
    /// Company name, of a new consent.
    #[serde(default)]
    pub company_name: Option<String>,
}
