//! Placing an order: entries from a document, a file, or another order that is tried again or
//! undone, written a portion at a time in the transaction that takes the order.

use crate::act::{Fail, new_id};
use crate::orders::{gate, order_change};
use crate::placer::Placer;
use crate::sheet::{Line, Sheet};
use crate::{Cx, freezes};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Problem};
use domain::block::BlockAsk;
use domain::line::{AssignmentCategory, CATEGORIES};
use domain::order::{By, NumberState, OrderKind, Trace};
use domain::{CallingProfileId, LocationId, OperatorId, OrderId, TenantId};
use numbering::E164;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use store::{OrderEntryRow, OrderMessageRow, OrderRow, Tx};
use uuid::Uuid;

/// Longest text kept of what an entry calls its number, usage or country.
const ENTRY_TEXT: usize = 64;
/// Longest text kept of whom an entry names: a user principal name has at most 113.
const NAME_TEXT: usize = 128;
/// Entries that are written with one statement.
const PORTION: usize = 1000;

/// What an order asks of all its entries, beside what its entries have got of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) add_tags: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) remove_tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) block: Option<BlockAsk>,
    /// An update says whether the tenant may set the location from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) may_update: Option<bool>,
    /// The reservation that an upload delivers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reservation: Option<Uuid>,
    /// Headers of the file, by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) columns: BTreeMap<String, String>,
}

impl Params {
    /// As the order has them.
    pub(crate) fn of(order: &OrderRow) -> Self {
        let text = order.params.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn text(&self) -> Option<String> {
        let text = serde_json::to_string(self).expect("params have text keys only");
        (text != "{}").then_some(text)
    }
}

/// What an entry asks beside its columns.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// What the number is to be to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// Texts that should have been ids, by field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) unread: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<Undo>,
}

impl Asked {
    pub(crate) fn of(entry: &OrderEntryRow) -> Self {
        let text = entry.asked.as_deref();
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// What it is to be, where the entry says so.
    pub(crate) fn category(&self) -> Result<Option<AssignmentCategory>, EntryError> {
        let parse = |text: &str| {
            AssignmentCategory::parse(text).ok_or_else(|| {
                let reason = format!("{text:?}: {CATEGORIES}");
                ErrorCode::InvalidField.entry(Some("category"), reason)
            })
        };
        self.category.as_deref().map(parse).transpose()
    }

    fn text(&self) -> Option<String> {
        let text = serde_json::to_string(self).expect("what is asked has text keys only");
        (text != "{}").then_some(text)
    }
}

/// What an entry undoes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Undo {
    pub(crate) kind: String,
    pub(crate) former: Former,
}

/// What an entry found and left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Former {
    pub(crate) trace: Trace,
    /// When the number came, which tells it from one that was released and came again.
    pub(crate) acquired_at: i64,
    pub(crate) country: String,
}

impl Former {
    pub(crate) fn text(&self) -> Option<String> {
        Some(serde_json::to_string(self).expect("a trace has text keys only"))
    }

    /// Of a number that came or went as it was.
    pub(crate) fn whole(state: NumberState, acquired_at: i64, country: String) -> Self {
        let trace =
            Trace { before: state, after: state, tags_added: Vec::new(), tags_removed: Vec::new() };
        Self { trace, acquired_at, country }
    }
}

/// An entry's text as it is kept and shown again: cut, and with control
/// characters replaced, which PostgreSQL does not take. What is lost by that was
/// no number, usage or country.
fn kept_text(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(most).map(shown).collect()
}

fn entry_text(text: &str) -> String {
    kept_text(text, ENTRY_TEXT)
}

fn error_text(error: &EntryError) -> String {
    serde_json::to_string(error).expect("an error has text keys only")
}

/// One entry as it was asked for, with the order's defaults filled in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) number: String,
    pub(crate) usage: Option<String>,
    pub(crate) profile: Option<Uuid>,
    pub(crate) location: Option<Uuid>,
    pub(crate) country: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) asked: Asked,
}

impl Draft {
    /// Whom it names, cut to what a name may be.
    pub(crate) fn naming(mut self, user: Option<&str>, account: Option<&str>) -> Self {
        self.asked.user = user.map(|name| kept_text(name, NAME_TEXT));
        self.asked.account = account.map(|name| kept_text(name, NAME_TEXT));
        self
    }

    /// What the number is to be to whoever gets it.
    pub(crate) fn category(mut self, category: Option<&str>) -> Self {
        self.asked.category = category.map(entry_text);
        self
    }

    /// An id in a cell: what is none is kept, and told when the entry is looked at.
    pub(crate) fn id(&mut self, field: &str, text: Option<&str>) -> Option<Uuid> {
        let text = text?;
        match Uuid::try_parse(text) {
            Ok(id) => Some(id),
            Err(_) => {
                self.asked.unread.insert(field.to_owned(), entry_text(text));
                None
            }
        }
    }

    fn of(row: OrderEntryRow) -> Self {
        Self {
            asked: Asked::of(&row),
            number: row.number_text,
            usage: row.usage,
            profile: row.profile_id.map(|p| p.0),
            location: row.location_id.map(|l| l.0),
            country: row.country,
            line: row.line,
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Seen {
    Number(E164),
    Text(String),
    Assignee(String, AssignmentCategory),
}

/// Makes entries of drafts in their order. A number named twice, or somebody who would get two of a kind that one has one of,
/// is refused here, where all entries are in view: the first one counts.
#[derive(Default)]
pub(crate) struct Entries {
    first: HashMap<Seen, u32>,
    next: u32,
    failed: u32,
}

impl Entries {
    fn earlier(&mut self, seen: Seen) -> Option<u32> {
        let ordinal = self.next;
        let first = *self.first.entry(seen).or_insert(ordinal);
        (first != ordinal).then_some(first)
    }

    fn refusal(&mut self, draft: &Draft) -> Option<EntryError> {
        let seen = match E164::parse(&draft.number) {
            Ok(number) => Seen::Number(number),
            Err(_) => Seen::Text(draft.number.clone()),
        };
        if let Some(first) = self.earlier(seen) {
            let reason = format!("entry {first} names {} too", entry_text(&draft.number));
            return Some(ErrorCode::DuplicateEntry.entry(Some("number"), reason));
        }
        if let Some((field, text)) = draft.asked.unread.first_key_value() {
            let reason = format!("{text:?} is no id");
            return Some(ErrorCode::InvalidField.entry(Some(field), reason));
        }
        let category = match draft.asked.category() {
            Ok(category) => category.unwrap_or_default(),
            Err(error) => return Some(error),
        };
        // Of alternate lines somebody may get several: the rules count them.
        if category == AssignmentCategory::Alternate {
            return None;
        }
        let named = [("user", &draft.asked.user), ("resource_account", &draft.asked.account)];
        for (field, name) in named {
            if let Some(name) = name
                && let Some(first) = self.earlier(Seen::Assignee(name.to_lowercase(), category))
            {
                let reason = format!("entry {first} gives {name} a number too");
                return Some(ErrorCode::HasNumber.entry(Some(field), reason));
            }
        }
        None
    }

    pub(crate) fn row(&mut self, draft: Draft) -> OrderEntryRow {
        let error = self.refusal(&draft);
        let row = OrderEntryRow {
            ordinal: self.next,
            number_text: entry_text(&draft.number),
            usage: draft.usage.as_deref().map(entry_text),
            profile_id: draft.profile.map(CallingProfileId),
            location_id: draft.location.map(LocationId),
            country: draft.country.as_deref().map(entry_text),
            asked: draft.asked.text(),
            line: draft.line,
            status: if error.is_some() { "error" } else { "pending" }.to_owned(),
            error: error.as_ref().map(error_text),
            warning: None,
        };
        self.next += 1;
        self.failed += u32::from(row.error.is_some());
        row
    }
}

/// Where an order's entries come from. It is read anew each time the transaction runs.
pub(crate) enum Source {
    Drafts(Vec<Draft>),
    /// A file, and how to read a row of it.
    Sheet(Sheet, Box<dyn Fn(&Line) -> Draft + Send + Sync>),
    /// The failed entries of another order.
    Failed(OrderId),
    /// The good ones of another order, of this kind, to be undone.
    Former(OrderId, OrderKind),
}

/// An order as it is placed.
pub(crate) struct NewOrder {
    pub(crate) kind: OrderKind,
    pub(crate) operator: Option<OperatorId>,
    pub(crate) tenant: TenantId,
    pub(crate) dry_run: bool,
    pub(crate) may_update: bool,
    pub(crate) ticket: Option<String>,
    pub(crate) params: Params,
    pub(crate) retries: Option<OrderId>,
    pub(crate) undoes: Option<OrderId>,
    /// All its entries are known to be numbers for people.
    pub(crate) only_people: bool,
    pub(crate) source: Source,
}

impl NewOrder {
    /// One that says nothing beside its entries.
    pub(crate) fn new(by: Placer, kind: OrderKind, tenant: TenantId, source: Source) -> Self {
        let operator = match by {
            Placer::Operator(operator) => Some(operator),
            Placer::Tenant(_) => None,
        };
        Self {
            kind,
            operator,
            tenant,
            dry_run: false,
            may_update: false,
            ticket: None,
            params: Params::default(),
            retries: None,
            undoes: None,
            only_people: false,
            source,
        }
    }

    /// One of the same sides and ticket as another.
    fn after(order: &OrderRow, kind: OrderKind, source: Source) -> Self {
        let by = order.operator_id.map_or(Placer::Tenant(order.tenant_id), Placer::Operator);
        Self {
            may_update: order.tenant_may_update_location,
            ticket: order.ticket_id.clone(),
            ..Self::new(by, kind, order.tenant_id, source)
        }
    }

    /// A change freeze leaves what only tries, and what sets right where help comes to.
    const fn can_be_frozen(&self) -> bool {
        !self.dry_run && self.kind.can_be_frozen()
    }
}

/// Writes an order with its entries, a portion at a time, where its sides may now.
pub(crate) async fn place(tx: &mut Tx, cx: &Cx, new: &NewOrder) -> Result<OrderRow, Fail> {
    let most = match &new.source {
        Source::Sheet(..) => new.kind.most(By::File),
        // What another order carried, one that undoes it or tries it again carries too.
        Source::Failed(_) | Source::Former(..) => usize::MAX,
        Source::Drafts(_) => new.kind.most(By::Document),
    };
    let too_many = |field: Option<&str>| {
        let reason = format!("a {} order carries at most {most} entries", new.kind.as_str());
        Fail::Refused(ErrorCode::TooManyEntries.problem(field, reason))
    };
    if let Source::Drafts(drafts) = &new.source {
        if drafts.is_empty() {
            return Err(ErrorCode::NoEntries.problem(Some("/entries"), "there are none").into());
        }
        if drafts.len() > most {
            return Err(too_many(Some("/entries")));
        }
    }
    if new.can_be_frozen() {
        // An operator without a consent is told of the programme's windows only.
        let knows = match new.operator {
            Some(operator) => tx.consent_get(new.tenant, operator).await?.is_some(),
            None => true,
        };
        freezes::check(tx, knows.then_some(new.tenant)).await?;
    }
    if let Some(operator) = new.operator {
        gate(tx, operator, new).await?;
    }
    let mut params = new.params.clone();
    if let Source::Sheet(sheet, _) = &new.source {
        params.columns.clone_from(sheet.headers());
    }
    let mut order = OrderRow {
        id: OrderId(new_id()),
        operator_id: new.operator,
        tenant_id: new.tenant,
        kind: new.kind.as_str().to_owned(),
        status: "pending".to_owned(),
        dry_run: new.dry_run,
        params: params.text(),
        retries_id: new.retries,
        undoes_id: new.undoes,
        tenant_may_update_location: new.may_update,
        ticket_id: new.ticket.clone(),
        total: 0,
        done: 0,
        succeeded: 0,
        failed: 0,
        principal_id: cx.actor.principal,
        request_id: cx.request_id.clone(),
        created_at: tx.at(),
        finished_at: None,
    };
    tx.order_insert(&order, new_id()).await?;
    let mut entries = Entries::default();
    match &new.source {
        Source::Drafts(drafts) => {
            for portion in drafts.chunks(PORTION) {
                let rows = portion.iter().cloned().map(|draft| entries.row(draft)).collect();
                write(tx, &order, rows).await?;
            }
        }
        Source::Sheet(sheet, read) => {
            let mut lines = sheet.lines()?;
            loop {
                let mut rows = Vec::with_capacity(PORTION);
                for line in lines.by_ref().take(PORTION) {
                    let line = line?;
                    if entries.next as usize == most {
                        return Err(too_many(Some(&format!("line {}", line.line))));
                    }
                    rows.push(entries.row(read(&line)));
                }
                if rows.is_empty() {
                    break;
                }
                write(tx, &order, rows).await?;
            }
        }
        Source::Failed(of) => {
            let mut after = None;
            loop {
                let found = tx.entry_failed(*of, after, PORTION as u32).await?;
                let Some(last) = found.last() else { break };
                after = Some(last.ordinal);
                let rows = found.into_iter().map(|row| entries.row(Draft::of(row))).collect();
                write(tx, &order, rows).await?;
            }
        }
        Source::Former(of, kind) => {
            let mut after = None;
            loop {
                let found = tx.entry_former(*of, after, PORTION as u32).await?;
                let Some(last) = found.last() else { break };
                after = Some(last.ordinal);
                let rows: Vec<_> = found
                    .into_iter()
                    .filter_map(|row| {
                        let former = serde_json::from_str(&row.former?).ok()?;
                        Some(entries.row(undoing(row.number_text, *kind, former)))
                    })
                    .collect();
                if !rows.is_empty() {
                    write(tx, &order, rows).await?;
                }
            }
        }
    }
    if entries.next == 0 {
        let problem = match &new.source {
            Source::Drafts(_) | Source::Sheet(..) => {
                ErrorCode::NoEntries.problem(None, "the file has no rows")
            }
            Source::Failed(_) => ErrorCode::NothingFailed.problem(None, "no entry failed"),
            Source::Former(..) => {
                ErrorCode::NothingToUndo.problem(None, "no entry of the order changed anything")
            }
        };
        return Err(problem.into());
    }
    order.total = entries.next;
    (order.done, order.failed) = (entries.failed, entries.failed);
    tx.order_progress(&order).await?;
    order_change(tx, &order);
    Ok(order)
}

/// A draft of what undoes an act.
pub(crate) fn undoing(number: String, kind: OrderKind, former: Former) -> Draft {
    let state = &former.trace.before;
    let mut draft = Draft { number, ..Draft::default() };
    if kind == OrderKind::Release {
        draft.usage = Some(state.usage.as_str().to_owned());
        draft.profile = Some(state.profile.0);
        draft.location = state.location.map(|l| l.0);
        draft.country = Some(former.country.clone());
    }
    draft.asked.undo = Some(Undo { kind: kind.as_str().to_owned(), former });
    draft
}

async fn write(tx: &mut Tx, order: &OrderRow, rows: Vec<OrderEntryRow>) -> Result<(), Fail> {
    tx.entries_insert(order.id, &rows).await?;
    for row in &rows {
        if let Some(error) = &row.error {
            message(tx, order, row, error).await?;
        }
    }
    Ok(())
}

/// Tells an order's operator of a failed entry, unless it was a trial.
pub(crate) async fn message(
    tx: &mut Tx,
    order: &OrderRow,
    entry: &OrderEntryRow,
    error: &str,
) -> Result<(), Fail> {
    let Some(operator) = order.operator_id.filter(|_| !order.dry_run) else { return Ok(()) };
    let parsed: Option<EntryError> = serde_json::from_str(error).ok();
    let row = OrderMessageRow {
        id: new_id(),
        operator_id: operator,
        tenant_id: order.tenant_id,
        order_id: order.id,
        ordinal: entry.ordinal,
        number_text: entry.number_text.clone(),
        ticket_id: order.ticket_id.clone(),
        error: error.to_owned(),
        code: parsed.map_or_else(|| ErrorCode::Internal.code().to_owned(), |error| error.code),
        created_at: tx.at(),
    };
    Ok(tx.message_insert(&row).await?)
}

/// An order that has come to its end.
pub(crate) fn finished(order: &OrderRow) -> Result<OrderKind, Problem> {
    if order.finished_at.is_none() {
        let reason = format!("{} of {} entries are done", order.done, order.total);
        return Err(ErrorCode::OrderUnfinished.problem(None, reason));
    }
    OrderKind::parse(&order.kind)
        .ok_or_else(|| ErrorCode::Internal.problem(None, "the order is of an unknown kind"))
}

/// What tries an order's failed entries again.
pub(crate) fn retry_of(order: &OrderRow) -> Result<NewOrder, Problem> {
    let kind = finished(order)?;
    Ok(NewOrder {
        dry_run: order.dry_run,
        params: Params::of(order),
        retries: Some(order.id),
        undoes: order.undoes_id,
        ..NewOrder::after(order, kind, Source::Failed(order.id))
    })
}

/// What undoes it.
pub(crate) fn undo_of(order: &OrderRow, dry_run: bool) -> Result<NewOrder, Problem> {
    let kind = finished(order)?;
    if order.dry_run {
        return Err(ErrorCode::NothingToUndo.problem(None, "the order was a trial"));
    }
    Ok(NewOrder {
        dry_run,
        undoes: Some(order.id),
        ..NewOrder::after(order, kind.opposite(), Source::Former(order.id, kind))
    })
}
