//! Use cases: number orders of operators, and how orders of either side are shown. They are placed
//! in `placing`; the worker that runs them is in `worker` and `bulk`.

use crate::act::{
    Fail, Keep, change, change_other, done, invalid, not_found, of_operator, page, text, time,
};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted};
use crate::numbers::USAGES;
use crate::placer::Placer;
use crate::placing::{Draft, NewOrder, Params, Source, retry_of, undo_of};
use crate::sheet::{Line, Sheet};
use crate::{Cx, Exchange, ListQuery};
use api_types::number::{NumberOrder, NumberOrderCreate, NumberOrderEntry, OrderMessage};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Page, Problem};
use domain::number::Usage;
use domain::order::{OrderKind, Side};
use domain::upload::{UploadContext, UploadRefusal, check_order};
use domain::{OperatorId, TenantId};
use feed::change::{Change, OrderFacts};
use std::collections::BTreeMap;
use std::fs::File;
use store::listing::{ORDER_MESSAGES, ORDERS};
use store::{ConsentRow, Db, OrderEntryRow, OrderMessageRow, OrderRow, Tx};
use uuid::Uuid;

pub(crate) fn order_document(row: OrderRow) -> NumberOrder {
    NumberOrder {
        id: row.id.0,
        kind: row.kind,
        tenant_id: row.tenant_id.0,
        operator_id: row.operator_id.map(|o| o.0),
        status: row.status,
        dry_run: row.dry_run,
        total: row.total,
        done: row.done,
        succeeded: row.succeeded,
        failed: row.failed,
        ticket_id: row.ticket_id,
        retries_id: row.retries_id.map(|o| o.0),
        undoes_id: row.undoes_id.map(|o| o.0),
        created_at: time(row.created_at),
        finished_at: row.finished_at.map(time),
    }
}

fn entry_document(row: OrderEntryRow, columns: &BTreeMap<String, String>) -> NumberOrderEntry {
    // Written by the worker from the same type, so it reads back.
    let error: Option<EntryError> = row.error.and_then(|error| serde_json::from_str(&error).ok());
    let field = error.as_ref().and_then(|error| error.field.as_ref());
    NumberOrderEntry {
        index: row.ordinal,
        number: row.number_text,
        line: row.line,
        column: field.and_then(|field| columns.get(field)).cloned(),
        status: row.status,
        error,
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
        UploadRefusal::Reserved => (ErrorCode::NumberReserved, Some("number")),
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

/// The gate before any entry of an operator's. An upload of nothing but user numbers into a
/// tenant without an emergency location is refused as a whole; in a mixed one
/// the worker refuses those entries.
pub(crate) async fn gate(tx: &mut Tx, operator: OperatorId, new: &NewOrder) -> Result<(), Fail> {
    let tenant = new.tenant;
    let consent = tx.consent_get(tenant, operator).await?;
    if new.kind != OrderKind::Upload {
        // Numbers may leave or change whatever became of the consent, but a tenant that never
        // gave one is none of this operator's business.
        if consent.is_none() {
            let reason = "the tenant never consented to this operator";
            return Err(ErrorCode::NoConsent.problem(Some("/tenant_id"), reason).into());
        }
        return Ok(());
    }
    let located = tx.location_any(tenant).await?;
    let context = upload_context(operator, tenant, consent.as_ref(), located);
    let mut refused = check_order(&context);
    if refused.is_ok() && !located && new.only_people {
        refused = Err(UploadRefusal::NoEmergencyLocation);
    }
    refused.map_err(|refusal| {
        let (code, _) = refusal_code(refusal);
        code.problem(Some("/tenant_id"), refusal.to_string()).into()
    })
}

fn message_document(row: OrderMessageRow) -> OrderMessage {
    let error: Option<EntryError> = serde_json::from_str(&row.error).ok();
    let error = error.unwrap_or_else(|| ErrorCode::Internal.entry(None, ""));
    let title = ErrorCode::parse(&error.code).map_or("", ErrorCode::title);
    let mut pointer = format!("/entries/{}", row.ordinal);
    if let Some(field) = &error.field {
        pointer += &format!("/{field}");
    }
    OrderMessage {
        id: row.id,
        tenant_id: row.tenant_id.0,
        order_id: row.order_id.0,
        index: row.ordinal,
        number: row.number_text,
        ticket_id: row.ticket_id,
        title: title.to_owned(),
        code: error.code,
        detail: error.reason,
        remedy: error.remedy,
        pointer,
        created_at: time(row.created_at),
    }
}

/// Columns that a file of an operator's may have.
const FILE_FIELDS: [&str; 5] = ["number", "usage", "calling_profile_id", "location_id", "country"];

/// What an operator's order says beside its entries, checked.
fn head_of(cx: &Cx, new: &NumberOrderCreate) -> Result<NewOrder, Problem> {
    let operator = cx.operator(Access::Write)?;
    let kind = OrderKind::parse(&new.kind)
        .filter(|kind| kind.side() == Side::Operator)
        .ok_or_else(|| invalid("kind", "a kind is upload, release or update"))?;
    if new.usage.as_deref().is_some_and(|usage| Usage::parse(usage).is_none()) {
        return Err(invalid("usage", USAGES));
    }
    let ticket = new.ticket_id.as_deref().map(|t| text("ticket_id", t, 64)).transpose()?;
    let may_update = new.allow_tenant_address_update;
    let (by, tenant) = (Placer::Operator(operator), TenantId(new.tenant_id));
    Ok(NewOrder {
        dry_run: new.dry_run,
        may_update: may_update.unwrap_or(false),
        ticket,
        params: Params {
            may_update: may_update.filter(|_| kind == OrderKind::Update),
            ..Params::default()
        },
        ..NewOrder::new(by, kind, tenant, Source::Drafts(Vec::new()))
    })
}

impl Exchange {
    /// Takes an order; a worker runs its entries.
    pub async fn number_order_create(
        &self,
        cx: &Cx,
        new: NumberOrderCreate,
    ) -> Result<NumberOrder, Problem> {
        let mut head = head_of(cx, &new)?;
        let usage = new.usage.as_deref();
        let drafts: Vec<Draft> = new
            .entries
            .iter()
            .map(|entry| Draft {
                number: entry.number.clone(),
                usage: entry.usage.as_deref().or(usage).map(str::to_owned),
                profile: entry.calling_profile_id.or(new.calling_profile_id),
                location: entry.location_id.or(new.location_id),
                country: entry.country.clone(),
                ..Draft::default()
            })
            .collect();
        let for_people = |draft: &Draft| {
            draft.usage.as_deref().and_then(Usage::parse) == Some(Usage::CallingUserAssignment)
        };
        head.only_people = drafts.iter().all(for_people);
        head.source = Source::Drafts(drafts);
        self.order_place(cx, head).await
    }

    /// The same from a CSV file: `new` says what holds for every row, and has no entries.
    ///
    /// # Errors
    /// As [`Exchange::number_order_create`], and `malformed_csv`, which names line and column.
    pub async fn number_order_file(
        &self,
        cx: &Cx,
        new: NumberOrderCreate,
        file: File,
        columns: Option<&str>,
    ) -> Result<NumberOrder, Problem> {
        let mut head = head_of(cx, &new)?;
        let sheet = Sheet::open(file, &FILE_FIELDS, "number", columns)?;
        let (usage, profile, location) = (new.usage, new.calling_profile_id, new.location_id);
        let read = move |line: &Line| {
            let mut draft = Draft {
                number: line.get("number").unwrap_or_default().to_owned(),
                usage: line.get("usage").or(usage.as_deref()).map(str::to_owned),
                country: line.get("country").map(str::to_owned),
                line: Some(line.line),
                ..Draft::default()
            };
            draft.profile =
                draft.id("calling_profile_id", line.get("calling_profile_id")).or(profile);
            draft.location = draft.id("location_id", line.get("location_id")).or(location);
            draft
        };
        head.source = Source::Sheet(sheet, Box::new(read));
        self.order_place(cx, head).await
    }

    /// Tries an order's failed entries again, as a new order.
    ///
    /// # Errors
    /// `order_unfinished`, `nothing_failed`, and as the order itself.
    pub async fn number_order_retry(&self, cx: &Cx, id: Uuid) -> Result<NumberOrder, Problem> {
        self.order_follow(cx, (Side::Operator, id), "number_order.retry", retry_of).await
    }

    /// Undoes what an order did where the numbers are still as it left them, as a new order.
    ///
    /// # Errors
    /// `order_unfinished`, `nothing_to_undo`.
    pub async fn number_order_undo(
        &self,
        cx: &Cx,
        id: Uuid,
        dry_run: bool,
    ) -> Result<NumberOrder, Problem> {
        let undo = move |order: &OrderRow| undo_of(order, dry_run);
        self.order_follow(cx, (Side::Operator, id), "number_order.undo", undo).await
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
        self.order_show(cx, Side::Operator, id).await
    }

    /// Its entries with their results.
    pub async fn number_order_entries(
        &self,
        cx: &Cx,
        id: Uuid,
        list: ListQuery,
    ) -> Result<Page<NumberOrderEntry>, Problem> {
        self.order_entries(cx, (Side::Operator, id), list).await
    }

    /// What failed in the operator's orders and was not dismissed yet, newest first.
    ///
    /// # Errors
    /// `invalid_filter`, `invalid_sort`, `forbidden`.
    pub async fn order_message_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<OrderMessage>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        let wanted = Wanted::read(&ORDER_MESSAGES, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.message_page(operator, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, message_document))
    }

    /// Somebody has seen to it.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn order_message_dismiss(&self, cx: &Cx, id: Uuid) -> Result<(), Problem> {
        let operator = cx.operator(Access::Write)?;
        self.act(cx, "order_message.dismiss", Keep::Answer, async |mut tx| {
            if !tx.message_delete(operator, id).await? {
                return Err(not_found("message", id).into());
            }
            change_other(&mut tx, "order_message", id, of_operator(operator));
            done((), id)
        })
        .await
    }
}

/// A page of an order's entries.
pub(crate) fn entries_document(
    rows: Vec<OrderEntryRow>,
    limit: u32,
    order: &OrderRow,
) -> Page<NumberOrderEntry> {
    let columns = Params::of(order).columns;
    page(rows, limit, |row| row.ordinal, |row| entry_document(row, &columns))
}

pub(crate) fn order_change(tx: &mut Tx, row: &OrderRow) {
    let order = OrderFacts {
        tenant: Some(row.tenant_id),
        order_kind: Some(row.kind.clone()),
        status: Some(row.status.clone()),
        failed: row.failed,
    };
    let (id, done, total) = (row.id, row.done, row.total);
    let progress = match row.operator_id {
        Some(operator) => Change::OrderProgress { id, operator, done, total, order },
        None => Change::TenantOrderProgress { id, of_tenant: row.tenant_id, done, total, order },
    };
    change(tx, &progress);
}
