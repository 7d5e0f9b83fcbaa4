//! Webhook subscriptions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A subscription: events of these types are posted to this URL.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Where events go.
    pub endpoint: String,
    /// What it is for.
    pub description: String,
    /// Which events; none for all.
    pub event_types: Vec<String>,
    /// Events are sent. They wait in the log while they are not, for as long as it reaches back.
    pub enabled: bool,
    /// When it was disabled.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub disabled_at: Option<Timestamp>,
    /// And why.
    pub disabled_reason: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
    /// Since when the endpoint fails.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// When it is tried again, while it fails.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// The last event that was sent or passed over.
    pub position: String,
    /// Until when the secret before this one signs too.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub old_secret_until: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// For If-Match.
    pub version: i64,
}

/// A new subscription.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookCreate {
    /// Where events go: `https://`, a host of the public Internet unless the owner of the exchange allowed others.
    #[schema(max_length = 2048)]
    pub endpoint: String,
    /// What it is for, at most 200 characters.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub description: String,
    /// Which events; none for all.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// `false` to make it and send nothing yet.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What follows this event is sent: an event's id, a time, `start`, or `now` if left out.
    #[serde(default)]
    pub from: Option<String>,
}

fn yes() -> bool {
    true
}

/// What to change; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookUpdate {
    /// Where events go.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Which events; none for all.
    #[serde(default)]
    pub event_types: Option<Vec<String>>,
    /// `true` sends again, from where it stopped.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A secret, shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookSecret {
    /// Of which subscription.
    pub id: Uuid,
    /// `whsec_` and base64, as the Standard Webhooks libraries take it.
    pub secret: String,
    /// The subscription.
    pub webhook: Webhook,
}

/// How to change a secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRotate {
    /// How long the old secret signs beside the new one, 0 to 168 hours; 24 if left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 168)]
    pub keep_old_hours: Option<u32>,
}

/// From where to send again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookReplay {
    /// What follows this event is sent, whether it was sent before or not: an event's id, a time
    /// (events from then on), `start` (all that the log has) or `now` (skips what waits).
    pub from: String,
}

/// One attempt to deliver an event.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebhookDelivery {
    /// Of the attempt.
    pub id: Uuid,
    /// The event's, sent as `webhook-id`.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// 1 for the first.
    pub attempt: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How long it took, milliseconds.
    pub ms: i64,
    /// The endpoint's HTTP status, if it answered.
    pub status: Option<u32>,
    /// Answered with 2xx.
    pub delivered: bool,
    /// Why not: `status_refused`, `redirected`, `no_answer`, `no_connection`, `tls_failed`,
    /// `name_unknown`, `address_refused`, `url_refused`, `connection_broken`.
    pub error_code: Option<String>,
    /// The same in words.
    pub error: Option<String>,
}
