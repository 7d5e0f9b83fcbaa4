//! Events: the change log as a tenant, an operator or the programme owner may see it. There is no
//! other source of events, and what is told is made from the change alone, so that it is the same
//! whenever it is read.

use crate::act::time;
use crate::authz::{Access, Party};
use crate::{ChangesError, Cx, Exchange};
use api_types::call::EmergencyCall;
use api_types::event::{
    ConsentEvent, Event, EventData, NamedEvent, NumberState, NumbersEvent, NumbersReleased,
    OrderEvent, ThingEvent, TrunkEvent, UserEvent,
};
use api_types::{ErrorCode, Problem};
use domain::number::AssignmentTarget;
use domain::{OperatorId, OrderId, TenantId};
use feed::change::{Change, OrderFacts, Position};
use feed::record::NumberRecord;
use store::{ChangeOwner, ChangeRow, Db, StoreError};

/// Changes are read a few at a time, since one may carry a thousand numbers, …
const CHANGES: u32 = 32;
/// … and no more once there is this much text: the reader comes again.
const CHANGE_BYTES: usize = 2 << 20;

/// Some events, and how far the log was read for them.
#[derive(Clone, Debug)]
pub struct Events {
    /// Oldest first.
    pub items: Vec<Event>,
    /// What follows this was not looked at; what stands before it and is not among the events
    /// is not for this reader.
    pub reached: Position,
    /// There may be more right now.
    pub has_more: bool,
}

/// The types of events that a reader of this kind is ever told, as they are written.
fn types_for(party: Party) -> impl Iterator<Item = &'static str> {
    const HOUSES: [&str; 5] = [
        "client.changed",
        "edge.forgotten",
        "edge_key.changed",
        "alarms.changed",
        "notice.changed",
    ];
    const TENANTS: [&str; 10] = [
        "civic_address.changed",
        "location.changed",
        "policy.changed",
        "group.changed",
        "call_screening.changed",
        "gateway.changed",
        "voice_routing.changed",
        "fallback_operators.changed",
        "number_settings.changed",
        "emergency_call.started",
    ];
    const OPERATORS: [&str; 10] = [
        "storefront.changed",
        "stock.changed",
        "number_dispute.changed",
        "operator.changed",
        "trunk.changed",
        "calling_profile.changed",
        "number_range.changed",
        "offer.changed",
        "account.changed",
        "order_message.changed",
    ];
    const PEOPLE: [&str; 4] = ["user.changed", "user.removed", "queue.changed", "tenant.changed"];
    EventData::TYPES.iter().copied().filter(move |kind| match party {
        Party::Programme => true,
        Party::Tenant(_) => !HOUSES.contains(kind) && !OPERATORS.contains(kind),
        Party::Operator(_) => {
            !HOUSES.contains(kind) && !TENANTS.contains(kind) && !PEOPLE.contains(kind)
        }
    })
}

/// Refuses a type of event that there is not, or not for this reader.
pub(crate) fn check_types(party: Party, types: &[String], field: &str) -> Result<(), Problem> {
    match types.iter().find(|asked| types_for(party).all(|known| known != asked.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let known: Vec<_> = types_for(party).collect();
            let reason = format!("{unknown:?} is none of {}", known.join(", "));
            Err(ErrorCode::UnknownEventType.problem(Some(field), reason))
        }
    }
}

/// Every type of event there is.
pub fn event_types() -> &'static [&'static str] {
    EventData::TYPES
}

/// An event's id: the same for every reader.
pub(crate) fn event_id(at: Position) -> String {
    format!("{}-{}", at.epoch, at.position)
}

fn read_id(text: &str) -> Option<Position> {
    let (epoch, position) = text.rsplit_once('-')?;
    // Of the one way there is to write each.
    let at = Position { epoch: epoch.parse().ok()?, position: position.parse().ok()? };
    (event_id(at) == text).then_some(at)
}

fn number(record: &NumberRecord, party: Party) -> NumberState {
    let (status, assigned) = match record.target {
        Some(AssignmentTarget::User(id)) => ("UserAssigned", Some(id.0)),
        Some(AssignmentTarget::ResourceAccount(id)) => ("VoiceApplicationAssigned", Some(id.0)),
        None => ("Unassigned", None),
    };
    NumberState {
        number: record.number.to_string(),
        usage: record.usage.as_str().to_owned(),
        country: record.country.to_string(),
        calling_profile_id: record.profile.0,
        assignment_status: status.to_owned(),
        assigned_to_id: assigned.filter(|_| matches!(party, Party::Tenant(_))),
        location_id: record.location.map(|l| l.0),
    }
}

fn progress(
    id: OrderId,
    operator: Option<OperatorId>,
    tenant: Option<TenantId>,
    done: u32,
    total: u32,
    order: OrderFacts,
) -> EventData {
    let status = order.status.unwrap_or_else(|| {
        // Written by a release that told no status.
        if done == total { "success" } else { "in_progress" }.to_owned()
    });
    let event = OrderEvent {
        id: id.0,
        operator_id: operator.map(|o| o.0),
        tenant_id: tenant.map(|t| t.0),
        kind: order.order_kind,
        total,
        done,
        succeeded: done.saturating_sub(order.failed),
        failed: order.failed,
        status,
    };
    match event.status.as_str() {
        "pending" => EventData::OrderCreated(event),
        "in_progress" => EventData::OrderProgressed(event),
        _ => EventData::OrderFinished(event),
    }
}

/// What a change is to a reader; `None` where it is none of their business. Secrets that the log
/// carries for edges are never told.
fn told(change: Change, owner: ChangeOwner, party: Party) -> Option<EventData> {
    let whole = !matches!(party, Party::Programme);
    let thing = |id: String| ThingEvent {
        id,
        tenant_id: owner.tenant.map(|t| t.0),
        operator_id: owner.operator.map(|o| o.0),
    };
    Some(match change {
        Change::OperatorPut(operator) => EventData::OperatorChanged(NamedEvent {
            id: operator.id.0,
            tenant_id: None,
            name: Some(operator.name),
        }),
        Change::TrunkPut(trunk) => EventData::TrunkChanged(TrunkEvent {
            id: trunk.id.0,
            operator_id: trunk.operator.0,
            fqdn: trunk.fqdn,
            enabled: trunk.enabled,
        }),
        Change::CallingProfilePut(profile) => {
            EventData::CallingProfileChanged(thing(profile.id.0.to_string()))
        }
        Change::TenantPut(tenant) => EventData::TenantChanged(NamedEvent {
            id: tenant.id.0,
            tenant_id: None,
            name: Some(tenant.name),
        }),
        Change::UserPut(user) => EventData::UserChanged(UserEvent {
            id: user.id.0,
            tenant_id: user.tenant.0,
            display_name: whole.then_some(user.display_name),
            licensed: user.licensed,
            number: user.number.filter(|_| whole).map(|number| number.to_string()),
            has_phone: user.phone.is_some(),
        }),
        Change::QueuePut(queue) => EventData::QueueChanged(NamedEvent {
            id: queue.id.0,
            tenant_id: Some(queue.tenant.0),
            name: whole.then_some(queue.display_name),
        }),
        Change::NumbersPut { numbers } => {
            let first = numbers.first()?;
            EventData::NumbersChanged(NumbersEvent {
                tenant_id: first.tenant.0,
                operator_id: first.operator.0,
                numbers: numbers.iter().map(|record| number(record, party)).collect(),
            })
        }
        Change::NumbersRemoved { numbers } => EventData::NumbersReleased(NumbersReleased {
            tenant_id: owner.tenant.map(|t| t.0),
            operator_id: owner.operator.map(|o| o.0),
            numbers: numbers.iter().map(ToString::to_string).collect(),
        }),
        Change::ConsentPut { id, tenant, operator, status, relationship } => {
            EventData::ConsentChanged(ConsentEvent {
                id: id.0,
                tenant_id: tenant.0,
                operator_id: operator.0,
                status: format!("{status:?}"),
                relationship_status: format!("{relationship:?}"),
            })
        }
        Change::OrderProgress { id, operator, done, total, order } => {
            progress(id, Some(operator), order.tenant, done, total, order)
        }
        Change::TenantOrderProgress { id, of_tenant: tenant, done, total, order } => {
            progress(id, None, Some(tenant), done, total, order)
        }
        Change::EdgeKeyPut(key) => EventData::EdgeKeyChanged(thing(key.id.to_string())),
        Change::Other { resource, id } => match resource.as_str() {
            "civic_address" => EventData::CivicAddressChanged(thing(id)),
            "location" => EventData::LocationChanged(thing(id)),
            "number_range" => EventData::RangeChanged(thing(id)),
            "offer" => EventData::OfferChanged(thing(id)),
            "lead" => EventData::LeadChanged(thing(id)),
            "notice" => EventData::NoticeChanged(thing(id)),
            "account" => EventData::AccountChanged(thing(id)),
            "group" => EventData::GroupChanged(thing(id)),
            "number_dispute" => EventData::DisputeChanged(thing(id)),
            "order_message" => EventData::OrderMessageChanged(thing(id)),
            "number_settings" => EventData::NumberSettingsChanged(thing(id)),
            "stock" => EventData::StockChanged(thing(id)),
            "storefront" => EventData::StorefrontChanged(thing(id)),
            "reservation" => EventData::ReservationChanged(thing(id)),
            "client" => EventData::ClientChanged(thing(id)),
            "edge" => EventData::EdgeForgotten(thing(id)),
            crate::edges_known::ALARMS => EventData::AlarmsChanged(thing(id)),
            "webhook" => EventData::WebhookChanged(thing(id)),
            "webhook_disabled" => EventData::WebhookDisabled(thing(id)),
            // Sign-ins, and orders to the edges: for the audit log.
            _ => return None,
        },
        Change::PolicyPut(policy) => EventData::PolicyChanged(thing(policy.id.to_string())),
        Change::PolicyRemoved { id, .. } => EventData::PolicyChanged(thing(id.to_string())),
        Change::PolicyAssigned(assigned) => EventData::PolicyChanged(thing(
            assigned.policy.map_or(assigned.kind, |policy| policy.to_string()),
        )),
        Change::GroupMembers(members) => EventData::GroupChanged(thing(members.group.to_string())),
        Change::GroupRemoved { id, .. } => EventData::GroupChanged(thing(id.to_string())),
        Change::ScreeningPut(screening) => {
            EventData::ScreeningChanged(thing(screening.tenant.to_string()))
        }
        Change::GatewayPut(gateway) => {
            EventData::GatewayChanged(thing(gateway.trunk.id.to_string()))
        }
        Change::GatewayRemoved { id, .. } => EventData::GatewayChanged(thing(id.to_string())),
        Change::VoiceRoutingPut(routing) => {
            EventData::VoiceRoutingChanged(thing(routing.tenant.to_string()))
        }
        Change::FallbackPut(fallback) => {
            EventData::FallbackChanged(thing(fallback.tenant.to_string()))
        }
        Change::EmergencyCalled(call) => {
            let mut told = crate::emergency_calls::document(call);
            if !whole {
                // Who they are and where is for those who help, not for the house.
                told = EmergencyCall {
                    user_id: None,
                    number: None,
                    location_id: None,
                    place: None,
                    notification: None,
                    ..told
                };
            }
            EventData::EmergencyCallStarted(told)
        }
        Change::UserRemoved { id } => EventData::UserRemoved(thing(id.to_string())),
        Change::QueueRemoved { .. } => return None,
    })
}

fn event(row: ChangeRow, epoch: uuid::Uuid, party: Party) -> Result<Option<Event>, Problem> {
    let owner = ChangeOwner { tenant: row.tenant_id, operator: row.operator_id };
    let change = serde_json::from_str(&row.body).map_err(|error| {
        tracing::error!(position = row.pos, %error, "a change does not decode");
        ErrorCode::Internal.problem(None, "a change in the log cannot be read")
    })?;
    let at = Position { epoch, position: row.pos.cast_unsigned() };
    Ok(told(change, owner, party).map(|what| Event {
        id: event_id(at),
        timestamp: time(row.at),
        what,
    }))
}

/// The log's rows for a reader after a position, a portion of them.
async fn rows(
    db: &mut Db,
    party: Party,
    after: u64,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    match party {
        Party::Programme => db.change_list(after, limit).await,
        Party::Operator(operator) => db.change_list_of_operator(operator, after, limit).await,
        Party::Tenant(tenant) => db.change_list_of_tenant(tenant, after, limit).await,
    }
}

impl Exchange {
    /// Events after a position, oldest first; of these types, or of all. Not all that there are:
    /// ask again from where it reached.
    ///
    /// # Errors
    /// [`ChangesError::Gone`] where the position is of another epoch, ahead of the log, or older
    /// than what is kept; `forbidden`, `unknown_event_type`.
    pub async fn events_since(
        &self,
        cx: &Cx,
        after: Position,
        types: &[String],
    ) -> Result<Events, ChangesError> {
        let party = cx.party(Access::Private)?;
        check_types(party, types, "type")?;
        if let Some(reached) = self.nothing_until(party, after).await? {
            return Ok(Events { items: Vec::new(), reached, has_more: false });
        }
        self.events_read(party, after, types).await
    }

    /// The same for a party, whoever acts for it. Behind the wall: a tenant's or operator's rows
    /// are read as theirs.
    pub(crate) async fn events_read(
        &self,
        party: Party,
        after: Position,
        types: &[String],
    ) -> Result<Events, ChangesError> {
        let epoch = self.epoch();
        if after.epoch != epoch {
            return Err(ChangesError::Gone);
        }
        let read = async {
            let mut db = self.inner.store.read_as(party.reach()).await?;
            let (mut found, mut bytes) = (Vec::new(), 0);
            let mut at = after.position;
            let mut has_more = true;
            while has_more && bytes < CHANGE_BYTES {
                let more = rows(&mut db, party, at, CHANGES).await?;
                has_more = more.len() == CHANGES as usize;
                bytes += more.iter().map(|row| row.body.len()).sum::<usize>();
                at = more.last().map_or(at, |row| row.pos.cast_unsigned());
                found.extend(more);
                // Few large ones, or many small ones: the reader gets them while they are fresh.
                if found.len() >= 8 * CHANGES as usize {
                    break;
                }
            }
            // How far the log goes is the house's to say; all of it is of one moment.
            db.reach_all().await?;
            let (floor, newest) = (db.change_floor().await?, db.change_newest().await?);
            if after.position < floor || after.position > newest {
                return Ok(None);
            }
            if !has_more {
                at = newest;
            }
            Ok::<_, StoreError>(Some((found, at, has_more)))
        };
        let found = read.await.map_err(|error| crate::act::store_problem(&error))?;
        let (found, at, has_more) = found.ok_or(ChangesError::Gone)?;
        let mut items = Vec::with_capacity(found.len());
        for row in found {
            let wanted = |event: &Event| {
                types.is_empty() || types.iter().any(|kind| kind == event.what.kind())
            };
            items.extend(event(row, epoch, party)?.filter(wanted));
        }
        Ok(Events { items, reached: Position { epoch, position: at }, has_more })
    }

    /// The position that a reader names: an event's id, a time (what happened from then on
    /// follows it), `start`, or `now`, which is what it means to name none.
    ///
    /// # Errors
    /// `invalid_parameter`, `forbidden`; `events_gone` where the log does not reach back there.
    pub async fn events_from(
        &self,
        cx: &Cx,
        from: Option<&str>,
        field: &str,
    ) -> Result<Position, Problem> {
        cx.party(Access::Private)?;
        let epoch = self.epoch();
        let at = |position| Position { epoch, position };
        let (floor, newest) = self.log_ends().await?;
        let found = match from {
            None | Some("now") => at(newest),
            Some("start") => at(floor),
            Some(text) => match (read_id(text), text.parse::<jiff::Timestamp>()) {
                (Some(found), _) => found,
                (None, Ok(since)) => {
                    let since = since.as_microsecond();
                    let first = self
                        .view(async move |mut db| Ok(db.change_first_since(since).await?))
                        .await?;
                    at(first.map_or(newest, |first| first - 1))
                }
                (None, Err(_)) => {
                    let reason = format!(
                        "{text:?} is neither an event's id, nor a time such as \
                         2026-11-29T06:00:00Z, nor start or now"
                    );
                    return Err(ErrorCode::InvalidParameter.problem(Some(field), reason));
                }
            },
        };
        if found.epoch != epoch || !(floor..=newest).contains(&found.position) {
            return Err(gone(field));
        }
        Ok(found)
    }

    /// The last position that was forgotten, and the newest.
    pub(crate) async fn log_ends(&self) -> Result<(u64, u64), Problem> {
        let ends = self
            .view(async |mut db| Ok((db.change_floor().await?, db.change_newest().await?)))
            .await?;
        Ok(ends)
    }

    /// An event's id as readers name it.
    pub fn event_id(&self, at: Position) -> String {
        event_id(at)
    }
}

/// `410`: the reader has to begin anew.
pub(crate) fn gone(field: &str) -> Problem {
    let reason = "the event is of another life of the log, ahead of it, or too old to be kept";
    ErrorCode::EventsGone.problem(Some(field), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn ids_are_read_as_they_are_written() {
        let at = Position { epoch: Uuid::from_u128(7), position: 42 };
        let id = event_id(at);
        assert_eq!(read_id(&id), Some(at));
        for bad in ["", "42", "-42", "x-42", &format!("{id}x"), &id.replace("-42", "-042")] {
            assert_eq!(read_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn nobody_is_told_of_types_that_are_not_theirs() {
        let id = Uuid::from_u128(1);
        let of = |party| types_for(party).collect::<Vec<_>>();
        let tenant = of(Party::Tenant(domain::TenantId(id)));
        let operator = of(Party::Operator(domain::OperatorId(id)));
        assert!(tenant.contains(&"numbers.changed") && operator.contains(&"numbers.changed"));
        assert!(!tenant.contains(&"trunk.changed") && operator.contains(&"trunk.changed"));
        assert!(tenant.contains(&"user.changed") && !operator.contains(&"user.changed"));
        for hidden in ["edge_key.changed", "client.changed"] {
            assert!(!tenant.contains(&hidden) && !operator.contains(&hidden));
        }
        assert_eq!(of(Party::Programme).len(), EventData::TYPES.len());
    }
}
