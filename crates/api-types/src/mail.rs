//! Mails to people of a tenant: what waits, what was sent, and what no mail server took.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A mail to a person, `/tenant/v1/mails`: the settings of numbers say whether one is written where
/// somebody is given a number or loses one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Mail {
    /// Its id, also the first part of its Message-ID.
    pub id: Uuid,
    /// Whom it is for; they may be gone by now.
    pub user_id: Uuid,
    /// The address that it goes to: the directory's, or the user principal name.
    pub address: String,
    /// `number_assigned` or `number_unassigned`.
    pub kind: String,
    /// The number that it tells of.
    pub number: String,
    /// `waiting`, `sent` (a mail server took it) or `failed` (none did, and it is not tried again).
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When the number came or went; or, of one that is tried again by hand, when that was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it is tried next; while it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was sent or failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub settled_at: Option<Timestamp>,
    /// Why it was not taken: `address_refused`, `mail_refused`, `mail_delayed` or `no_mail_server`.
    pub error_code: Option<String>,
    /// The same in words, those of the mail server among them.
    pub error: Option<String>,
}
