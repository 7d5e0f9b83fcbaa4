//! Calls for help, told to those who follow a tenant (emergency.md section 3.1). What is told is
//! made from the record of the call's beginning, which an edge brings within moments and as often as
//! it takes: it is told once. The call itself waits for none of this and knows nothing of it.

use crate::act::{cursor, limit, page, time};
use crate::authz::Access;
use crate::policies::effective_of;
use crate::{Cx, Exchange, ListQuery};
use api_types::call::{EmergencyCall, EmergencyNotification};
use api_types::{ErrorCode, Page, Problem};
use domain::policy::{MOST_NOTIFIED_PEOPLE, Notify, PolicyBody, PolicyKind};
use domain::{CdrId, LocationId, TenantId};
use feed::change::Change;
use feed::record::{EmergencyCallRecord, EmergencyNotice};
use store::{CdrBegin, Db, EmergencyCallRow, NumberRow, PlaceTextRow, StoreError, Tx};
use uuid::Uuid;

/// Tells of a call for help that an edge has brought the beginning of.
pub(crate) async fn tell(tx: &mut Tx, call: CdrId, begin: &CdrBegin) -> Result<(), StoreError> {
    let Some(tenant) = begin.tenant_id else { return Ok(()) };
    // Whoever brings a record again is answered at once, and a tenant that is gone has no followers.
    if tx.emergency_known(call).await? || tx.tenant_get(tenant).await?.is_none() {
        return Ok(());
    }
    let person = match begin.caller_user_id {
        Some(user) => tx.world_person(user).await?.filter(|row| row.tenant_id == tenant),
        None => None,
    };
    // Behind a gateway it is the number that says who calls.
    let number = match &person {
        Some(person) => person.number,
        None => begin.number.filter(|_| begin.in_trunk_id.is_some()),
    };
    let user = person.map(|person| person.id);
    let shown = match begin.number {
        Some(number) => tx.number_get(number).await?.filter(|row| row.tenant_id == tenant),
        None => None,
    };
    let location = match &shown {
        Some(row) => place_of(tx, row).await?,
        None => None,
    };
    let place = match location {
        Some(id) => tx.place_text(tenant, id).await?.map(|row| in_words(&row)),
        None => None,
    };
    let assigned = tx.policy_assignments_for(tenant, user, number).await?;
    let holds = effective_of(&assigned, PolicyKind::TeamsEmergencyCallingPolicy);
    let policy = match holds {
        Some((row, _)) => tx.policy_get(tenant, row.policy_id).await?,
        None => None,
    };
    let mut notice = None;
    if let Some(policy) = policy
        && let PolicyBody::TeamsEmergencyCallingPolicy(rule) = &policy.body.0
        && let Some(notify) = rule.notice(&begin.callee)
    {
        notice = Some(EmergencyNotice {
            policy: policy.id,
            policy_name: policy.name.clone(),
            mode: notify.mode.as_str().to_owned(),
            addresses: people(tx, tenant, notify).await?,
            dial_out: notify.dial_out,
        });
    }
    let record = EmergencyCallRecord {
        call,
        tenant,
        at_us: begin.at,
        user,
        number: begin.number,
        dialled: begin.callee.clone(),
        location,
        place,
        notice,
    };
    let body =
        serde_json::to_string(&record).map_err(|error| StoreError::Database(error.to_string()))?;
    let row = EmergencyCallRow { call_id: call, tenant_id: tenant, at: begin.at, body };
    if tx.emergency_insert(&row).await? {
        crate::act::change(tx, &Change::EmergencyCalled(record));
    }
    Ok(())
}

/// Where help comes to. Whoever calls by a number that shared calling keeps for emergency calls is
/// where the number of its account is registered (operator-connect.md 1.13); that number itself was
/// free, and may be registered anywhere. People have no places of their own here.
async fn place_of(db: &mut Db, shown: &NumberRow) -> Result<Option<LocationId>, StoreError> {
    let tenant = shown.tenant_id;
    let policy = match shown.policy_id {
        Some(id) => db.policy_get(tenant, id).await?,
        None => None,
    };
    let account = match policy.map(|row| row.body.0) {
        Some(PolicyBody::TeamsSharedCallingRoutingPolicy(rule)) => {
            db.account_get(tenant, rule.resource_account).await?
        }
        _ => None,
    };
    let of_account = match account.and_then(|account| account.number) {
        Some(number) => db.number_get(number).await?.filter(|row| row.tenant_id == tenant),
        None => None,
    };
    Ok(of_account.and_then(|row| row.location_id).or(shown.location_id))
}

/// Addresses, and the people of the groups by their user principal names; each once, and no more
/// than may be told.
async fn people(db: &mut Db, tenant: TenantId, notify: &Notify) -> Result<Vec<String>, StoreError> {
    let mut all: Vec<String> = notify.addresses.clone();
    for group in &notify.groups {
        for person in db.group_people(tenant, *group, None, MOST_NOTIFIED_PEOPLE as u32).await? {
            if !all.iter().any(|other| other.eq_ignore_ascii_case(&person.upn)) {
                all.push(person.upn);
            }
        }
    }
    all.truncate(MOST_NOTIFIED_PEOPLE);
    Ok(all)
}

/// A place on one line, for somebody who goes there.
pub(crate) fn in_words(row: &PlaceTextRow) -> String {
    let street = [&row.house_number, &row.street_name].map(|part| part.as_deref().unwrap_or(""));
    let street = street.join(" ");
    let town = [&row.postal_or_zip_code, &row.city_or_town];
    let town = town.map(|part| part.as_deref().unwrap_or("")).join(" ");
    let parts = [row.description.as_str(), &row.company_name, street.trim(), town.trim()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// What was told, as a document.
pub(crate) fn document(record: EmergencyCallRecord) -> EmergencyCall {
    EmergencyCall {
        call_id: record.call.0,
        tenant_id: record.tenant.0,
        at: time(record.at_us),
        user_id: record.user.map(|id| id.0),
        number: record.number.map(|number| number.to_string()),
        emergency_number: record.dialled,
        location_id: record.location.map(|id| id.0),
        place: record.place,
        notification: record.notice.map(|notice| EmergencyNotification {
            policy_id: notice.policy.0,
            policy_name: notice.policy_name,
            notification_mode: notice.mode,
            notified: notice.addresses,
            notification_dial_out_number: notice.dial_out.map(|number| number.to_string()),
        }),
    }
}

impl Exchange {
    /// Calls for help of the tenant, newest first, with who was told.
    ///
    /// # Errors
    /// `invalid_parameter`, `forbidden`.
    pub async fn emergency_call_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<EmergencyCall>, Problem> {
        let tenant = cx.tenant(Access::Private)?;
        let (most, before) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.emergency_list(tenant, before, most + 1).await?))
            .await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let record: EmergencyCallRecord = serde_json::from_str(&row.body).map_err(|error| {
                tracing::error!(call = %row.call_id, %error, "a call for help does not decode");
                ErrorCode::Internal.problem(None, "what is kept of a call cannot be read")
            })?;
            records.push(record);
        }
        Ok(page(records, most, |record| record.call.0, document))
    }
}
