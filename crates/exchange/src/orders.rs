//! Use cases: number orders as operators place and follow them. The worker
//! that runs them is in `worker`.

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, new_id, not_found, page, text, time,
};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted};
use crate::numbers::USAGES;
use crate::{Cx, Exchange, ListQuery};
use api_types::number::{NumberOrder, NumberOrderCreate, NumberOrderEntry};
use api_types::{ErrorCode, Page, Problem};
use domain::number::Usage;
use domain::upload::{MAX_ENTRIES, UploadContext, UploadRefusal, check_order};
use domain::{CallingProfileId, LocationId, OperatorId, OrderId, TenantId};
use feed::change::{Change, OrderFacts};
use std::collections::HashMap;
use store::listing::ORDERS;
use store::{ConsentRow, Db, OrderEntryRow, OrderRow, Tx};
use uuid::Uuid;

/// Longest text kept of what an entry calls its number, usage or country.
const ENTRY_TEXT: usize = 64;

/// An entry's text as it is kept and shown again: cut, and with control
/// characters replaced, which PostgreSQL does not take. What is lost by that was
/// no number, usage or country.
fn entry_text(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(ENTRY_TEXT).map(shown).collect()
}

pub(crate) fn order_document(row: OrderRow) -> NumberOrder {
    NumberOrder {
        id: row.id.0,
        kind: row.kind,
        tenant_id: row.tenant_id.0,
        status: row.status,
        dry_run: row.dry_run,
        total: row.total,
        done: row.done,
        succeeded: row.succeeded,
        failed: row.failed,
        ticket_id: row.ticket_id,
        created_at: time(row.created_at),
        finished_at: row.finished_at.map(time),
    }
}

fn entry_document(row: OrderEntryRow) -> NumberOrderEntry {
    NumberOrderEntry {
        index: row.ordinal,
        number: row.number_text,
        status: row.status,
        // Written by the worker from the same type, so it reads back.
        error: row.error.and_then(|error| serde_json::from_str(&error).ok()),
        warning: row.warning,
    }
}

/// A refusal of upload rules with its code and the entry's field to blame.
pub(crate) fn refusal_code(refusal: UploadRefusal) -> (ErrorCode, Option<&'static str>) {
    match refusal {
        UploadRefusal::NoConsent => (ErrorCode::NoConsent, None),
        UploadRefusal::ConsentSuspended => (ErrorCode::ConsentSuspended, None),
        UploadRefusal::RelationshipEnded => (ErrorCode::RelationshipEnded, None),
        UploadRefusal::NoEmergencyLocation => (ErrorCode::NoEmergencyLocation, None),
        UploadRefusal::CountryNotConsented(_) => (ErrorCode::CountryNotConsented, Some("number")),
        UploadRefusal::OutsideRanges => (ErrorCode::OutsideRanges, Some("number")),
        UploadRefusal::HeldElsewhere => (ErrorCode::HeldElsewhere, Some("number")),
        UploadRefusal::AlreadyUploaded => (ErrorCode::AlreadyUploaded, Some("number")),
        UploadRefusal::ProfileUnusable => (ErrorCode::ProfileUnusable, Some("calling_profile_id")),
        UploadRefusal::UnknownLocation => (ErrorCode::UnknownLocation, Some("location_id")),
        UploadRefusal::LocationRequired => (ErrorCode::LocationRequired, Some("location_id")),
        UploadRefusal::TollFreeUser => (ErrorCode::TollFreeUser, Some("usage")),
    }
}

/// What the rules want to know of both sides before they look at an entry.
pub(crate) fn upload_context<'a>(
    operator: OperatorId,
    tenant: TenantId,
    consent: Option<&'a ConsentRow>,
    tenant_has_location: bool,
) -> UploadContext<'a> {
    UploadContext {
        operator,
        tenant,
        consent: consent.map(|c| c.status),
        consented_countries: consent.map_or(&[], |c| &c.countries.0),
        relationship: consent.map(|c| c.relationship),
        tenant_has_location,
    }
}

/// The gate before any entry. An upload of nothing but user numbers into a
/// tenant without an emergency location is refused as a whole; in a mixed one
/// the worker refuses those entries.
async fn gate(
    tx: &mut Tx,
    operator: OperatorId,
    new: &NumberOrderCreate,
    entries: &[OrderEntryRow],
) -> Result<(), Fail> {
    let tenant = TenantId(new.tenant_id);
    let consent = tx.consent_get(tenant, operator).await?;
    if new.kind == "release" {
        // Numbers may leave whatever became of the consent, but a tenant that never gave
        // one is none of this operator's business.
        if consent.is_none() {
            let reason = "the tenant never consented to this operator";
            return Err(ErrorCode::NoConsent.problem(Some("/tenant_id"), reason).into());
        }
        return Ok(());
    }
    let located = tx.location_any(tenant).await?;
    let context = upload_context(operator, tenant, consent.as_ref(), located);
    let for_people = |e: &OrderEntryRow| {
        e.usage.as_deref().and_then(Usage::parse) == Some(Usage::CallingUserAssignment)
    };
    let mut refused = check_order(&context);
    if refused.is_ok() && !located && entries.iter().all(for_people) {
        refused = Err(UploadRefusal::NoEmergencyLocation);
    }
    refused.map_err(|refusal| {
        let (code, _) = refusal_code(refusal);
        code.problem(Some("/tenant_id"), refusal.to_string()).into()
    })
}

/// Entries with the order's defaults filled in. A number named twice is
/// refused here, where all entries are in view: the first one counts.
fn entries_of(new: &NumberOrderCreate) -> Vec<OrderEntryRow> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let mut rows = Vec::with_capacity(new.entries.len());
    for (ordinal, entry) in new.entries.iter().enumerate() {
        let earlier = *first.entry(entry.number.as_str()).or_insert(ordinal);
        let error = (earlier != ordinal).then(|| {
            let reason = format!("entry {earlier} names {} too", entry_text(&entry.number));
            let error = ErrorCode::DuplicateEntry.entry(Some("number"), reason);
            serde_json::to_string(&error).expect("an error has text keys only")
        });
        rows.push(OrderEntryRow {
            ordinal: u32::try_from(ordinal).expect("an order has at most 1,000 entries"),
            number_text: entry_text(&entry.number),
            usage: entry.usage.as_deref().or(new.usage.as_deref()).map(entry_text),
            profile_id: entry.calling_profile_id.or(new.calling_profile_id).map(CallingProfileId),
            location_id: entry.location_id.or(new.location_id).map(LocationId),
            country: entry.country.as_deref().map(entry_text),
            status: if error.is_some() { "error" } else { "pending" }.to_owned(),
            error,
            warning: None,
        });
    }
    rows
}

impl Exchange {
    /// Takes an order; a worker runs its entries.
    pub async fn number_order_create(
        &self,
        cx: &Cx,
        new: NumberOrderCreate,
    ) -> Result<NumberOrder, Problem> {
        let operator = cx.operator(Access::Write)?;
        if !matches!(new.kind.as_str(), "upload" | "release") {
            return Err(invalid("kind", "a kind is upload or release"));
        }
        if new.entries.is_empty() {
            return Err(ErrorCode::NoEntries.problem(Some("/entries"), "there are none"));
        }
        if new.entries.len() > MAX_ENTRIES {
            let reason = format!("there are {}", new.entries.len());
            return Err(ErrorCode::TooManyEntries.problem(Some("/entries"), reason));
        }
        if new.usage.as_deref().is_some_and(|usage| Usage::parse(usage).is_none()) {
            return Err(invalid("usage", USAGES));
        }
        let ticket_id = new.ticket_id.as_deref().map(|t| text("ticket_id", t, 64)).transpose()?;
        let entries = entries_of(&new);
        let count = |n: usize| u32::try_from(n).expect("an order has at most 1,000 entries");
        let failed = count(entries.iter().filter(|e| e.error.is_some()).count());
        let order = self
            .act(cx, "number_order.create", Keep::Answer, async |mut tx| {
                crate::freezes::check(&mut tx, Some(TenantId(new.tenant_id))).await?;
                gate(&mut tx, operator, &new, &entries).await?;
                let row = OrderRow {
                    id: OrderId(new_id()),
                    operator_id: operator,
                    tenant_id: TenantId(new.tenant_id),
                    kind: new.kind.clone(),
                    status: "pending".to_owned(),
                    dry_run: new.dry_run,
                    tenant_may_update_location: new.allow_tenant_address_update,
                    ticket_id: ticket_id.clone(),
                    total: count(entries.len()),
                    done: failed,
                    succeeded: 0,
                    failed,
                    principal_id: cx.actor.principal,
                    request_id: cx.request_id.clone(),
                    created_at: tx.at(),
                    finished_at: None,
                };
                tx.order_insert(&row, &entries, new_id()).await?;
                order_change(&mut tx, &row);
                let id = row.id;
                done(order_document(row), id)
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(order)
    }

    /// The operator's orders, newest first.
    pub async fn number_order_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<NumberOrder>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        let wanted = Wanted::read(&ORDERS, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.order_page(operator, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, order_document))
    }

    /// One order.
    pub async fn number_order_get(&self, cx: &Cx, id: Uuid) -> Result<NumberOrder, Problem> {
        let operator = cx.operator(Access::Read)?;
        let row = self
            .view_as(cx, async |mut db: Db| order_must(&mut db, operator, OrderId(id)).await)
            .await?;
        Ok(order_document(row))
    }

    /// Its entries with their results.
    pub async fn number_order_entries(
        &self,
        cx: &Cx,
        id: Uuid,
        list: ListQuery,
    ) -> Result<Page<NumberOrderEntry>, Problem> {
        let operator = cx.operator(Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor::<i64>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                let order = order_must(&mut db, operator, OrderId(id)).await?;
                Ok(db.entry_list(order.id, after, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.ordinal, entry_document))
    }
}

pub(crate) fn order_change(tx: &mut Tx, row: &OrderRow) {
    let progress = Change::OrderProgress {
        id: row.id,
        operator: row.operator_id,
        done: row.done,
        total: row.total,
        order: OrderFacts {
            tenant: Some(row.tenant_id),
            order_kind: Some(row.kind.clone()),
            status: Some(row.status.clone()),
            failed: row.failed,
        },
    };
    change(tx, &progress);
}

async fn order_must(db: &mut Db, operator: OperatorId, id: OrderId) -> Result<OrderRow, Fail> {
    let row = db.order_get(id).await?.filter(|row| row.operator_id == operator);
    Ok(row.ok_or_else(|| not_found("number order", id))?)
}
