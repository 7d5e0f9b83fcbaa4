//! Events: what the change log tells a tenant, an operator or the programme owner, the same by
//! SSE and by webhook.

use crate::call::EmergencyCall;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One event. With SSE it is the `data`, with a webhook the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Names the event and its place: pass it as `from` or `Last-Event-ID` to hear what follows.
    /// The same for everybody, by whatever way and however often it comes.
    #[schema(example = "01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e5f-42")]
    pub id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: EventData,
}

macro_rules! events {
    // Not `$code:literal`: utoipa does not see a name through one, and would tell the variant's.
    ($($(#[doc = $doc:literal])* $name:ident($data:ident) = $code:tt;)*) => {
        /// What happened, with the thing as it is since then.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum EventData {
            $($(#[doc = $doc])* #[serde(rename = $code)] $name($data),)*
        }

        impl EventData {
            /// Every type of event, as it is written.
            pub const TYPES: &'static [&'static str] = &[$($code,)*];

            /// Its type.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $code,)* }
            }
        }
    };
}

events! {
    /// A consent was given, edited, suspended, resumed or removed, or the relationship on it moved.
    ConsentChanged(ConsentEvent) = "consent.changed";
    /// An order was placed.
    OrderCreated(OrderEvent) = "number_order.created";
    /// Some entries of an order are done, others wait.
    OrderProgressed(OrderEvent) = "number_order.progressed";
    /// Every entry of an order is done, or it was given up.
    OrderFinished(OrderEvent) = "number_order.finished";
    /// Numbers were uploaded, assigned, unassigned, tagged, blocked or edited.
    NumbersChanged(NumbersEvent) = "numbers.changed";
    /// Numbers were released.
    NumbersReleased(NumbersReleased) = "numbers.released";
    /// A person was added or edited, or has another number.
    UserChanged(UserEvent) = "user.changed";
    /// A person was removed.
    UserRemoved(ThingEvent) = "user.removed";
    /// A call queue was added or edited, or has another number.
    QueueChanged(NamedEvent) = "queue.changed";
    /// A civic address was added or removed.
    CivicAddressChanged(ThingEvent) = "civic_address.changed";
    /// A location was added.
    LocationChanged(ThingEvent) = "location.changed";
    /// A policy was added, edited or removed, or holds for others than before; the id is the
    /// policy's, or the kind of which none holds any more.
    PolicyChanged(ThingEvent) = "policy.changed";
    /// A group was added or removed, or people joined or left it.
    GroupChanged(ThingEvent) = "group.changed";
    /// A tenant's rules for callers, or for numbers that nobody has, were changed; the id is the
    /// tenant's.
    ScreeningChanged(ThingEvent) = "call_screening.changed";
    /// A gateway was added, edited or removed.
    GatewayChanged(ThingEvent) = "gateway.changed";
    /// A tenant's PSTN usages and voice routes were changed; the id is the tenant's.
    VoiceRoutingChanged(ThingEvent) = "voice_routing.changed";
    /// Somebody called for help; with who is told of it, where a policy says so.
    EmergencyCallStarted(EmergencyCall) = "emergency_call.started";
    /// Other operators stand in for a tenant's own, or none does any more; the id is the tenant's.
    FallbackChanged(ThingEvent) = "fallback_operators.changed";
    /// A tenant was made, or its settings were changed.
    TenantChanged(NamedEvent) = "tenant.changed";
    /// An operator was admitted or edited.
    OperatorChanged(NamedEvent) = "operator.changed";
    /// A trunk was added, edited, drained or enabled.
    TrunkChanged(TrunkEvent) = "trunk.changed";
    /// A calling profile was added or edited.
    CallingProfileChanged(ThingEvent) = "calling_profile.changed";
    /// A range was declared.
    RangeChanged(ThingEvent) = "number_range.changed";
    /// An operator's offer was changed, published or taken back; the id is the operator's.
    OfferChanged(ThingEvent) = "offer.changed";
    /// An operator invited a tenant, or an invitation was claimed, accepted, declined or withdrawn.
    LeadChanged(ThingEvent) = "lead.changed";
    /// The data transfer notice has a new version, which the id is.
    NoticeChanged(ThingEvent) = "notice.changed";
    /// An account of the compatible face, or a number in it, was changed.
    AccountChanged(ThingEvent) = "account.changed";
    /// Somebody has seen to what failed in an operator's order.
    OrderMessageChanged(ThingEvent) = "order_message.changed";
    /// A dispute on a number's authority was opened or is over.
    DisputeChanged(ThingEvent) = "number_dispute.changed";
    /// What a tenant wants done with its numbers was changed; the id is the tenant's.
    NumberSettingsChanged(ThingEvent) = "number_settings.changed";
    /// Numbers were put into an operator's stock, edited or withdrawn; the id is the operator's.
    StockChanged(ThingEvent) = "stock.changed";
    /// An operator sells in another way; the id is the operator's.
    StorefrontChanged(ThingEvent) = "storefront.changed";
    /// Numbers were reserved for a tenant, or the reservation was paid, accepted, delivered or is
    /// over.
    ReservationChanged(ThingEvent) = "reservation.changed";
    /// A client was made.
    ClientChanged(ThingEvent) = "client.changed";
    /// An edge was forgotten.
    EdgeForgotten(ThingEvent) = "edge.forgotten";
    /// Alarms of an edge were raised or are over; the id is the edge's.
    AlarmsChanged(ThingEvent) = "alarms.changed";
    /// A secret of the edges was added or taken away.
    EdgeKeyChanged(ThingEvent) = "edge_key.changed";
    /// A subscription was made, edited or removed, or got another secret.
    WebhookChanged(ThingEvent) = "webhook.changed";
    /// A subscription was disabled, since its endpoint failed for too long.
    WebhookDisabled(ThingEvent) = "webhook.disabled";
    /// Asked for, to try an endpoint. Stands in no log and comes by webhook only.
    WebhookTest(ThingEvent) = "webhook.test";
    /// Events were missed: read everything anew. Comes by webhook only; with SSE the answer is 410.
    EventsMissed(MissedEvent) = "events.missed";
}

/// A consent and the relationship on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsentEvent {
    /// The consent.
    pub id: Uuid,
    /// Whose.
    pub tenant_id: Uuid,
    /// To whom.
    pub operator_id: Uuid,
    /// `Active`, `Suspended`, `Removed`.
    pub status: String,
    /// The operator's side.
    pub relationship_status: String,
}

/// How far an order is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OrderEvent {
    /// The order.
    pub id: Uuid,
    /// The operator that placed it; a tenant's own order has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
    /// Whose numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// `upload`, `release`, `update`, `assign`, `unassign`, `location`, `tags` or `usage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `pending`, `in_progress`, `success`, `partial_success`, `error`.
    pub status: String,
    /// Entries.
    pub total: u32,
    /// Entries done, …
    pub done: u32,
    /// … of these well …
    pub succeeded: u32,
    /// … or not.
    pub failed: u32,
}

/// Numbers as they are since then; at most 1,000.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NumbersEvent {
    /// Whose they are.
    pub tenant_id: Uuid,
    /// From whom.
    pub operator_id: Uuid,
    /// The numbers.
    pub numbers: Vec<NumberState>,
}

/// A number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NumberState {
    /// E.164.
    pub number: String,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment`, `ConferenceAssignment`.
    pub usage: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its calling profile.
    pub calling_profile_id: Uuid,
    /// `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`.
    pub assignment_status: String,
    /// Person or resource account; shown to the tenant alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to_id: Option<Uuid>,
    /// Its emergency location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_id: Option<Uuid>,
}

/// Numbers that are gone; at most 1,000.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NumbersReleased {
    /// Whose they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// From whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
    /// E.164.
    pub numbers: Vec<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserEvent {
    /// Who.
    pub id: Uuid,
    /// Their organisation.
    pub tenant_id: Uuid,
    /// Name; not shown to the programme owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Holds a telephony licence.
    pub licensed: bool,
    /// Their number; not shown to the programme owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Has a phone.
    pub has_phone: bool,
}

/// A trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrunkEvent {
    /// The trunk.
    pub id: Uuid,
    /// Whose.
    pub operator_id: Uuid,
    /// Its name.
    pub fqdn: String,
    /// `false` drains.
    pub enabled: bool,
}

/// A thing with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NamedEvent {
    /// Which.
    pub id: Uuid,
    /// The tenant it belongs to or is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// Its name; a tenant's things are not named to the programme owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Some other thing: read it to see what it is like now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ThingEvent {
    /// Its id.
    pub id: String,
    /// The tenant it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<Uuid>,
    /// The operator it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_id: Option<Uuid>,
}

/// Where a subscription goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MissedEvent {
    /// `trimmed`: the log does not reach back far enough. `restored`: the database was restored
    /// or copied; some of what was told may be undone.
    pub reason: String,
    /// What follows comes after this event.
    pub resumes_after: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_document() {
        let event = Event {
            id: "e-1".into(),
            timestamp: Timestamp::UNIX_EPOCH,
            what: EventData::WebhookTest(ThingEvent {
                id: "x".into(),
                tenant_id: None,
                operator_id: None,
            }),
        };
        let json = serde_json::to_value(&event).expect("text keys");
        let expect = serde_json::json!({
            "id": "e-1", "timestamp": "1970-01-01T00:00:00Z",
            "type": "webhook.test", "data": {"id": "x"},
        });
        assert_eq!(json, expect);
        assert_eq!(serde_json::from_value::<Event>(json).expect("reads back"), event);
        assert_eq!(event.what.kind(), "webhook.test");
    }
}
