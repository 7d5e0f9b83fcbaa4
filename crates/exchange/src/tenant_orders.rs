//! Use cases: the orders of tenants. The same for many numbers, each of which succeeds or fails
//! alone; a worker runs them (`bulk`).

use crate::act::{Keep, done, invalid, not_found, text};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted};
use crate::orders::order_document;
use crate::placer::Placer;
use crate::placing::{Draft, Former, NewOrder, Params, Source, place, retry_of, undo_of, undoing};
use crate::sheet::{Line, Sheet};
use crate::{Cx, Exchange, ListQuery};
use api_types::number::{NumberOrder, NumberOrderEntry, TenantOrderCreate, TenantOrderEntryCreate};
use api_types::{ErrorCode, Page, Problem};
use domain::TenantId;
use domain::block::BlockAsk;
use domain::number::Usage;
use domain::order::{OrderKind, Side};
use domain::tag::{MAX_TAGS_OF_ORDER, Tag};
use numbering::E164;
use std::fs::File;
use store::listing::ORDERS_OF_TENANT;
use store::{Db, OrderRow};
use uuid::Uuid;

/// A tenant's order as a CSV file, with how to read it.
#[derive(Debug)]
pub struct TenantOrderFile {
    /// Its bytes.
    pub file: File,
    /// `field:header,…`; by the headers' own names where it is left out.
    pub columns: Option<String>,
}

/// Columns that a file of each kind may have.
const fn fields(kind: OrderKind) -> &'static [&'static str] {
    match kind {
        OrderKind::Assign => &["number", "user", "resource_account", "location_id", "category"],
        OrderKind::Location => &["number", "location_id"],
        _ => &["number"],
    }
}

fn tags(field: &str, texts: &[String]) -> Result<Vec<String>, Problem> {
    texts
        .iter()
        .map(|text| {
            let tag = Tag::parse(text).map_err(|refusal| {
                let pointer = format!("/{field}");
                ErrorCode::InvalidTag.problem(Some(&pointer), refusal.to_string())
            })?;
            Ok(tag.name)
        })
        .collect()
}

/// What a tenant's order says beside its entries, checked.
fn head_of(tenant: TenantId, new: &TenantOrderCreate) -> Result<NewOrder, Problem> {
    let kind = OrderKind::parse(&new.kind)
        .filter(|kind| kind.side() == Side::Tenant)
        .ok_or_else(|| invalid("kind", "a kind is assign, unassign, location, tags or usage"))?;
    // What another kind takes would otherwise be lost without a word.
    for (field, given, of) in [
        ("location_id", new.location_id.is_some(), &[OrderKind::Assign, OrderKind::Location][..]),
        ("usage", new.usage.is_some(), &[OrderKind::Usage]),
        ("add_tags", !new.add_tags.is_empty(), &[OrderKind::Tags]),
        ("remove_tags", !new.remove_tags.is_empty(), &[OrderKind::Tags]),
        ("block", new.block.is_some(), &[OrderKind::Unassign]),
    ] {
        if given && !of.contains(&kind) {
            return Err(invalid(field, format!("a {} order takes none", kind.as_str())));
        }
    }
    let block = match new.block.as_deref() {
        None => None,
        Some(text) => {
            Some(BlockAsk::parse(text).map_err(|refusal| invalid("block", refusal.to_string()))?)
        }
    };
    let params = Params {
        add_tags: tags("add_tags", &new.add_tags)?,
        remove_tags: tags("remove_tags", &new.remove_tags)?,
        block,
        ..Params::default()
    };
    match kind {
        OrderKind::Tags => {
            let count = params.add_tags.len() + params.remove_tags.len();
            if count > MAX_TAGS_OF_ORDER {
                let reason = format!("there are {count}, of at most {MAX_TAGS_OF_ORDER}");
                return Err(ErrorCode::TooManyTags.problem(Some("/add_tags"), reason));
            }
            if count == 0 {
                return Err(invalid("add_tags", "there is no tag to add or remove"));
            }
        }
        OrderKind::Usage => {
            let usage = new.usage.as_deref().and_then(Usage::parse);
            if !matches!(usage, Some(Usage::CallingUserAssignment | Usage::FirstPartyAppAssignment))
            {
                let reason = "a usage is CallingUserAssignment or FirstPartyAppAssignment";
                return Err(invalid("usage", reason));
            }
        }
        _ => {}
    }
    Ok(NewOrder {
        dry_run: new.dry_run,
        ticket: new.ticket_id.as_deref().map(|t| text("ticket_id", t, 64)).transpose()?,
        params,
        ..NewOrder::new(Placer::Tenant(tenant), kind, tenant, Source::Drafts(Vec::new()))
    })
}

/// An entry of a document; one that names what its kind does not take is refused here.
fn entry_of(
    kind: OrderKind,
    at: usize,
    new: &TenantOrderCreate,
    entry: &TenantOrderEntryCreate,
) -> Result<Draft, Problem> {
    for (field, given) in [
        ("user", entry.user.is_some()),
        ("resource_account", entry.resource_account.is_some()),
        ("location_id", entry.location_id.is_some()),
        ("category", entry.category.is_some()),
    ] {
        if given && !fields(kind).contains(&field) {
            let reason = format!("a {} order takes none", kind.as_str());
            return Err(invalid(&format!("entries/{at}/{field}"), reason));
        }
    }
    let draft = Draft {
        number: entry.number.clone(),
        usage: new.usage.clone(),
        location: entry.location_id.or(new.location_id),
        ..Draft::default()
    };
    let draft = draft.category(entry.category.as_deref());
    Ok(draft.naming(entry.user.as_deref(), entry.resource_account.as_deref()))
}

impl Exchange {
    /// Takes a tenant's order; a worker runs its entries.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_tag`, `too_many_tags`, `no_entries`, `too_many_entries`,
    /// `forbidden`.
    pub async fn tenant_order_create(
        &self,
        cx: &Cx,
        new: TenantOrderCreate,
    ) -> Result<NumberOrder, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let mut head = head_of(tenant, &new)?;
        let entries = new.entries.iter().enumerate();
        let drafts = entries.map(|(at, entry)| entry_of(head.kind, at, &new, entry));
        head.source = Source::Drafts(drafts.collect::<Result<_, _>>()?);
        self.order_place(cx, head).await
    }

    /// The same from a CSV file: `new` says what holds for every row, and has no entries.
    ///
    /// # Errors
    /// As [`Exchange::tenant_order_create`], and `malformed_csv`, which names line and column.
    pub async fn tenant_order_file(
        &self,
        cx: &Cx,
        new: TenantOrderCreate,
        file: TenantOrderFile,
    ) -> Result<NumberOrder, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let mut head = head_of(tenant, &new)?;
        let sheet = Sheet::open(file.file, fields(head.kind), "number", file.columns.as_deref())?;
        let (usage, location) = (new.usage, new.location_id);
        let read = move |line: &Line| {
            let mut draft = Draft {
                number: line.get("number").unwrap_or_default().to_owned(),
                usage: usage.clone(),
                line: Some(line.line),
                ..Draft::default()
            };
            draft.location = draft.id("location_id", line.get("location_id")).or(location);
            let draft = draft.category(line.get("category"));
            draft.naming(line.get("user"), line.get("resource_account"))
        };
        head.source = Source::Sheet(sheet, Box::new(read));
        self.order_place(cx, head).await
    }

    /// The orders a tenant has placed, newest first.
    ///
    /// # Errors
    /// `invalid_filter`, `invalid_sort`, `forbidden`.
    pub async fn tenant_order_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<NumberOrder>, Problem> {
        let list = list.into();
        let tenant = cx.tenant(Access::Read)?;
        let wanted = Wanted::read(&ORDERS_OF_TENANT, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.tenant_order_page(tenant, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, order_document))
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn tenant_order_get(&self, cx: &Cx, id: Uuid) -> Result<NumberOrder, Problem> {
        self.order_show(cx, Side::Tenant, id).await
    }

    /// Its entries with their results.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn tenant_order_entries(
        &self,
        cx: &Cx,
        id: Uuid,
        list: ListQuery,
    ) -> Result<Page<NumberOrderEntry>, Problem> {
        self.order_entries(cx, (Side::Tenant, id), list).await
    }

    /// Tries an order's failed entries again, as a new order.
    ///
    /// # Errors
    /// `not_found`, `order_unfinished`, `nothing_failed`, `forbidden`.
    pub async fn tenant_order_retry(&self, cx: &Cx, id: Uuid) -> Result<NumberOrder, Problem> {
        self.order_follow(cx, (Side::Tenant, id), "number_order.retry", retry_of).await
    }

    /// Undoes what an order did where the numbers are still as it left them, as a new order.
    ///
    /// # Errors
    /// `not_found`, `order_unfinished`, `nothing_to_undo`, `forbidden`.
    pub async fn tenant_order_undo(
        &self,
        cx: &Cx,
        id: Uuid,
        dry_run: bool,
    ) -> Result<NumberOrder, Problem> {
        let undo = move |order: &OrderRow| undo_of(order, dry_run);
        self.order_follow(cx, (Side::Tenant, id), "number_order.undo", undo).await
    }

    /// Undoes the last assignment of a number, or its end, that no order did: an order of one
    /// entry.
    ///
    /// # Errors
    /// `not_found`, `nothing_to_undo`, `forbidden`.
    pub async fn assignment_undo(
        &self,
        cx: &Cx,
        number: E164,
        dry_run: bool,
    ) -> Result<NumberOrder, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let order = self
            .act(cx, "number.undo", Keep::Answer, async |mut tx| {
                let held = tx.number_get(number).await?.is_some_and(|row| row.tenant_id == tenant);
                if !held {
                    return Err(not_found("number", number).into());
                }
                let kept = tx.number_former_get(number).await?;
                let kept = kept.and_then(|row| {
                    let former: Former = serde_json::from_str(&row.trace).ok()?;
                    Some((OrderKind::parse(&row.kind)?, former))
                });
                let (kind, former) = kept.ok_or_else(|| {
                    let reason = format!("no assignment of {number} is remembered");
                    ErrorCode::NothingToUndo.problem(None, reason)
                })?;
                let entry = undoing(number.to_string(), kind, former);
                let (by, source) = (Placer::Tenant(tenant), Source::Drafts(vec![entry]));
                let new =
                    NewOrder { dry_run, ..NewOrder::new(by, kind.opposite(), tenant, source) };
                let row = place(&mut tx, cx, &new).await?;
                let id = row.id;
                done(order_document(row), id)
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(order)
    }
}
