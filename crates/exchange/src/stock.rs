//! Use cases: what an operator has in stock. What may be offered is decided in `domain::stock`.

use crate::act::{Fail, Keep, change_other, done, of_operator, raced, time};
use crate::authz::Access;
use crate::listing::{Narrowed, Placed, Wanted};
use crate::numbers::USAGES;
use crate::sheet::{Line, Sheet};
use crate::worker::country_of;
use crate::{Cx, Exchange};
use api_types::problem::EntryError;
use api_types::shop::{
    Stock, StockCount, StockCounts, StockEntry, StockError, StockPut, StockRange, StockResult,
    StockWithdraw,
};
use api_types::{ErrorCode, Page, Problem};
use domain::number::Usage;
use domain::stock::{Amount, Currency, StockFacts, StockKind, StockRefusal, check_stock};
use domain::{CallingProfileId, OperatorId};
use numbering::{E164, NumberRange, describe};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use store::listing::{Key, STOCK};
use store::{Db, StockRow, Tx};
use uuid::Uuid;

/// Most numbers of one request, from a document or a file.
const MOST: usize = 10_000;
/// Most that are told of what failed.
const MOST_ERRORS: usize = 1000;
/// Most numbers that a refusal spells out.
pub(crate) const MOST_SPELLED: usize = 5;
const MOST_AREA: usize = 64;
const MOST_NOTE: usize = 200;
const KINDS: &str = "a kind is Geographic, Mobile, TollFree or Other";

/// Columns that a file may have; a row with `last` is a range.
const FIELDS: [&str; 10] = [
    "number",
    "last",
    "country",
    "area",
    "kind",
    "usage",
    "calling_profile_id",
    "price_note",
    "amount",
    "currency",
];

impl Placed for StockRow {
    fn id(&self) -> Key {
        Key::Int(self.number.value().cast_signed())
    }
    fn key(&self, _number: &str) -> Key {
        self.id()
    }
}

/// An amount as it is shown.
pub(crate) fn amount_text(amount: Option<i64>) -> Option<String> {
    amount.and_then(Amount::from_value).map(|amount| amount.to_string())
}

fn document(row: StockRow) -> Stock {
    Stock {
        number: row.number.to_string(),
        country: row.country.to_string(),
        area: row.area,
        kind: row.kind.as_str().to_owned(),
        usage: row.usage.as_str().to_owned(),
        calling_profile_id: row.profile_id.0,
        price_note: row.price_note,
        amount: amount_text(row.amount),
        currency: row.currency,
        reservation_id: row.reservation_id,
        listed_at: time(row.listed_at),
    }
}

fn refusal(refusal: StockRefusal) -> EntryError {
    let (code, field) = match refusal {
        StockRefusal::OutsideRanges => (ErrorCode::OutsideRanges, "number"),
        StockRefusal::Held => (ErrorCode::HeldElsewhere, "number"),
        StockRefusal::Reserved => (ErrorCode::NumberReserved, "number"),
        StockRefusal::ProfileUnknown => (ErrorCode::ProfileUnusable, "calling_profile_id"),
        StockRefusal::KindContradicted => (ErrorCode::InvalidField, "kind"),
        StockRefusal::TollFreeUser => (ErrorCode::TollFreeUser, "usage"),
    };
    code.entry(Some(field), refusal.to_string())
}

/// What is said of a number that is offered, as it was written.
#[derive(Clone, Debug, Default)]
struct Draft {
    number: String,
    line: Option<u32>,
    country: Option<String>,
    area: Option<String>,
    kind: Option<String>,
    usage: Option<String>,
    profile: Option<Result<Uuid, String>>,
    note: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
}

impl Draft {
    fn of_entry(entry: &StockEntry) -> Self {
        Self {
            number: entry.number.clone(),
            line: None,
            country: entry.country.clone(),
            area: entry.area.clone(),
            kind: entry.kind.clone(),
            usage: entry.usage.clone(),
            profile: entry.calling_profile_id.map(Ok),
            note: entry.price_note.clone(),
            amount: entry.amount.clone(),
            currency: entry.currency.clone(),
        }
    }

    fn of_line(line: &Line) -> Self {
        let own = |field: &str| line.get(field).map(str::to_owned);
        let profile = line
            .get("calling_profile_id")
            .map(|text| Uuid::try_parse(text).map_err(|_| text.chars().take(64).collect()));
        Self {
            number: own("number").unwrap_or_default(),
            line: Some(line.line),
            country: own("country"),
            area: own("area"),
            kind: own("kind"),
            usage: own("usage"),
            profile,
            note: own("price_note"),
            amount: own("amount"),
            currency: own("currency"),
        }
    }

    /// With what holds for all where it says nothing itself. A price is one thing.
    fn with(mut self, all: &StockPut) -> Self {
        let or = |own: &mut Option<String>, all: &Option<String>| {
            if own.is_none() {
                own.clone_from(all);
            }
        };
        or(&mut self.country, &all.country);
        or(&mut self.area, &all.area);
        or(&mut self.kind, &all.kind);
        or(&mut self.usage, &all.usage);
        or(&mut self.note, &all.price_note);
        if self.amount.is_none() && self.currency.is_none() {
            (self.amount, self.currency) = (all.amount.clone(), all.currency.clone());
        }
        self.profile = self.profile.take().or(all.calling_profile_id.map(Ok));
        self
    }
}

fn wrong(field: &str, reason: impl Into<String>) -> EntryError {
    ErrorCode::InvalidField.entry(Some(field), reason)
}

fn words(field: &str, text: Option<&str>, most: usize) -> Result<String, EntryError> {
    let text = text.unwrap_or_default().trim();
    if text.chars().count() > most || text.chars().any(char::is_control) {
        let reason = format!("{field} has at most {most} characters, none of them a control one");
        return Err(wrong(field, reason));
    }
    Ok(text.to_owned())
}

/// As far as it can be understood by itself.
fn parse(operator: OperatorId, draft: &Draft, at: i64) -> Result<StockRow, EntryError> {
    let number = E164::parse(&draft.number)
        .map_err(|error| ErrorCode::InvalidNumber.entry(Some("number"), error.to_string()))?;
    let country = country_of(number, draft.country.as_deref())?;
    let area = words("area", draft.area.as_deref(), MOST_AREA)?;
    let kind = match draft.kind.as_deref() {
        None => describe(number).kind.into(),
        Some(text) => StockKind::parse(text).ok_or_else(|| wrong("kind", KINDS))?,
    };
    let usage = draft.usage.as_deref().and_then(Usage::parse);
    let usage = usage.ok_or_else(|| wrong("usage", USAGES))?;
    let profile = match &draft.profile {
        Some(Ok(id)) => *id,
        Some(Err(text)) => {
            return Err(wrong("calling_profile_id", format!("{text:?} is no id")));
        }
        None => {
            let reason = "neither the number nor what holds for all names a calling profile";
            return Err(ErrorCode::ProfileUnusable.entry(Some("calling_profile_id"), reason));
        }
    };
    let price_note = words("price_note", draft.note.as_deref(), MOST_NOTE)?;
    let (amount, currency) = match (draft.amount.as_deref(), draft.currency.as_deref()) {
        (None, None) => (None, None),
        (Some(amount), Some(currency)) => {
            let amount = Amount::parse(amount).ok_or_else(|| {
                wrong("amount", "an amount has at most nine digits, a point and four more")
            })?;
            let currency = Currency::parse(currency)
                .ok_or_else(|| wrong("currency", "a currency is three capital letters"))?;
            (Some(amount.value()), Some(currency.to_string()))
        }
        (Some(_), None) => return Err(wrong("currency", "an amount has a currency")),
        (None, Some(_)) => return Err(wrong("amount", "a currency has an amount")),
    };
    Ok(StockRow {
        number,
        operator_id: operator,
        profile_id: CallingProfileId(profile),
        country,
        area_folded: domain::tag::fold(&area),
        area,
        kind,
        usage,
        price_note,
        amount,
        currency,
        reservation_id: None,
        listed_at: at,
    })
}

fn too_many(field: Option<&str>) -> Problem {
    let reason = format!("one request carries at most {MOST} numbers");
    ErrorCode::TooManyEntries.problem(field, reason)
}

/// Both ends of a range, which has at most so many numbers.
fn span(first: &str, last: &str) -> Result<(E164, E164), (ErrorCode, &'static str, String)> {
    let end = |text: &str, field| {
        E164::parse(text).map_err(|e| (ErrorCode::InvalidNumber, field, e.to_string()))
    };
    let (first, last) = (end(first, "first")?, end(last, "last")?);
    NumberRange::new(first, last).map_err(|e| (ErrorCode::RangeInvalid, "last", e.to_string()))?;
    Ok((first, last))
}

/// The numbers of a range as drafts.
fn expand(draft: &Draft, first: E164, last: E164, into: &mut Vec<Draft>) -> Result<(), Problem> {
    if last.value() - first.value() >= (MOST - into.len().min(MOST)) as u64 {
        return Err(too_many(None));
    }
    into.extend(
        (first.value()..=last.value()).map(|n| Draft { number: format!("+{n}"), ..draft.clone() }),
    );
    Ok(())
}

pub(crate) fn spans(ranges: &[StockRange]) -> Result<Vec<(E164, E164)>, Problem> {
    ranges
        .iter()
        .enumerate()
        .map(|(at, range)| {
            span(&range.first, &range.last).map_err(|(code, field, reason)| {
                code.problem(Some(&format!("/ranges/{at}/{field}")), reason)
            })
        })
        .collect()
}

/// Counts what became of numbers, and keeps what is told of those that failed.
struct Tally {
    result: StockResult,
    columns: BTreeMap<String, String>,
}

impl Tally {
    fn new(total: usize, dry_run: bool, columns: &BTreeMap<String, String>) -> Self {
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        let result = StockResult { dry_run, total, succeeded: 0, failed: 0, errors: Vec::new() };
        Self { result, columns: columns.clone() }
    }

    fn failed(&mut self, number: &str, line: Option<u32>, error: EntryError) {
        self.result.failed += 1;
        if self.result.errors.len() < MOST_ERRORS {
            let column = error.field.as_ref().and_then(|field| self.columns.get(field)).cloned();
            let number = number.chars().take(64).collect();
            self.result.errors.push(StockError { number, line, column, error });
        }
    }
}

/// Puts what can be offered into stock.
async fn put(
    tx: &mut Tx,
    operator: OperatorId,
    drafts: &[Draft],
    mut tally: Tally,
) -> Result<StockResult, Fail> {
    let at = tx.at();
    let mut parsed = Vec::with_capacity(drafts.len());
    let mut seen = HashSet::new();
    for draft in drafts {
        match parse(operator, draft, at) {
            Err(error) => tally.failed(&draft.number, draft.line, error),
            Ok(row) if !seen.insert(row.number) => {
                let error = ErrorCode::DuplicateEntry
                    .entry(Some("number"), format!("{} is named twice", row.number));
                tally.failed(&draft.number, draft.line, error);
            }
            Ok(row) => parsed.push((draft, row)),
        }
    }
    // Whose a number is may be another operator's to know: it is told here that it is somebody's.
    tx.reach_all().await?;
    tx.stock_lock(operator).await?;
    let ranges = tx.range_all(operator).await?;
    let profiles: HashSet<CallingProfileId> =
        tx.profile_trunks(Some(operator)).await?.into_iter().map(|row| row.profile_id).collect();
    let numbers: Vec<E164> = parsed.iter().map(|(_, row)| row.number).collect();
    let held: HashSet<E164> =
        tx.numbers_held(&numbers).await?.into_iter().map(|row| row.number).collect();
    let stocked: HashMap<E164, StockRow> = tx
        .stock_locked(operator, &numbers)
        .await?
        .into_iter()
        .map(|row| (row.number, row))
        .collect();
    let mut good = Vec::with_capacity(parsed.len());
    for (draft, row) in parsed {
        let there = stocked.get(&row.number);
        let facts = StockFacts {
            number: row.number,
            kind: row.kind,
            told: describe(row.number),
            usage: row.usage,
            in_declared_range: ranges
                .iter()
                .any(|r| (r.first_number..=r.last_number).contains(&row.number)),
            held: held.contains(&row.number),
            profile_known: profiles.contains(&row.profile_id),
            reserved: there.is_some_and(|row| row.reservation_id.is_some()),
        };
        match check_stock(&facts) {
            Ok(()) => good.push(row),
            Err(refused) => tally.failed(&draft.number, draft.line, refusal(refused)),
        }
    }
    tally.result.succeeded = u32::try_from(good.len()).unwrap_or(u32::MAX);
    if tally.result.dry_run || good.is_empty() {
        tx.discard();
    } else {
        raced(tx.stock_put(&good).await? == good.len() as u64)?;
        change_other(tx, "stock", operator, of_operator(operator));
    }
    Ok(tally.result)
}

impl Exchange {
    /// Offers numbers, each of which succeeds or fails alone; those that are in stock are offered
    /// as is said now.
    ///
    /// # Errors
    /// `no_entries`, `too_many_entries`, `invalid_number`, `range_invalid`, `forbidden`.
    pub async fn stock_put(&self, cx: &Cx, new: StockPut) -> Result<StockResult, Problem> {
        let operator = cx.operator(Access::Write)?;
        let mut drafts: Vec<Draft> =
            new.entries.iter().map(|entry| Draft::of_entry(entry).with(&new)).collect();
        let plain = Draft::default().with(&new);
        for (first, last) in spans(&new.ranges)? {
            expand(&plain, first, last, &mut drafts)?;
        }
        self.stock_take(cx, operator, drafts, new.dry_run, BTreeMap::new()).await
    }

    /// The same for the rows of a CSV file; a row that has `last` is a range.
    ///
    /// # Errors
    /// As [`Exchange::stock_put`], and `malformed_csv`, which names line and column.
    pub async fn stock_file(
        &self,
        cx: &Cx,
        all: StockPut,
        file: File,
        columns: Option<&str>,
    ) -> Result<StockResult, Problem> {
        let operator = cx.operator(Access::Write)?;
        let sheet = Sheet::open(file, &FIELDS, "number", columns)?;
        let mut drafts = Vec::new();
        for line in sheet.lines()? {
            let line = line?;
            let draft = Draft::of_line(&line).with(&all);
            let place = format!("line {}", line.line);
            match line.get("last") {
                None if drafts.len() == MOST => return Err(too_many(Some(&place))),
                None => drafts.push(draft),
                Some(last) => {
                    let (first, last) =
                        span(&draft.number, last).map_err(|(code, field, reason)| {
                            code.problem(Some(&place), format!("{field}: {reason}"))
                        })?;
                    expand(&draft, first, last, &mut drafts)
                        .map_err(|problem| Problem { field: Some(place), ..problem })?;
                }
            }
        }
        self.stock_take(cx, operator, drafts, all.dry_run, sheet.headers().clone()).await
    }

    async fn stock_take(
        &self,
        cx: &Cx,
        operator: OperatorId,
        drafts: Vec<Draft>,
        dry_run: bool,
        columns: BTreeMap<String, String>,
    ) -> Result<StockResult, Problem> {
        if drafts.is_empty() {
            return Err(ErrorCode::NoEntries.problem(Some("/entries"), "there are none"));
        }
        if drafts.len() > MOST {
            return Err(too_many(Some("/entries")));
        }
        let (drafts, columns) = (&drafts, &columns);
        self.act(cx, "stock.put", Keep::Answer, async |mut tx| {
            let tally = Tally::new(drafts.len(), dry_run, columns);
            done(put(&mut tx, operator, drafts, tally).await?, operator)
        })
        .await
    }

    /// Offers numbers no more, each of which succeeds or fails alone: those that a tenant has
    /// reserved stay.
    ///
    /// # Errors
    /// `no_entries`, `too_many_entries`, `invalid_number`, `range_invalid`, `forbidden`.
    pub async fn stock_withdraw(
        &self,
        cx: &Cx,
        ask: StockWithdraw,
    ) -> Result<StockResult, Problem> {
        let operator = cx.operator(Access::Write)?;
        if ask.numbers.is_empty() && ask.ranges.is_empty() {
            return Err(ErrorCode::NoEntries.problem(Some("/numbers"), "there are none"));
        }
        if ask.numbers.len() > MOST {
            return Err(too_many(Some("/numbers")));
        }
        let mut wanted = Vec::with_capacity(ask.numbers.len());
        for (at, text) in ask.numbers.iter().enumerate() {
            let number = E164::parse(text).map_err(|error| {
                let field = format!("/numbers/{at}");
                ErrorCode::InvalidNumber.problem(Some(&field), error.to_string())
            })?;
            wanted.push(number);
        }
        let spans = spans(&ask.ranges)?;
        let (wanted, spans) = (&wanted, &spans);
        self.act(cx, "stock.withdraw", Keep::Answer, async |mut tx| {
            let mut numbers = wanted.clone();
            for (first, last) in spans {
                let room = u32::try_from(MOST - numbers.len()).unwrap_or(0);
                let there = tx.stock_between(operator, *first, *last, room + 1).await?;
                if there.len() > room as usize {
                    return Err(too_many(Some("/ranges")).into());
                }
                numbers.extend(there.into_iter().map(|row| row.number));
            }
            numbers.sort_unstable();
            numbers.dedup();
            let there: HashMap<E164, StockRow> = tx
                .stock_locked(operator, &numbers)
                .await?
                .into_iter()
                .map(|row| (row.number, row))
                .collect();
            let mut tally = Tally::new(numbers.len(), false, &BTreeMap::new());
            let mut gone = Vec::with_capacity(numbers.len());
            for number in numbers {
                match there.get(&number) {
                    None => {
                        let reason = format!("{number} is not in stock");
                        let error = ErrorCode::NotInStock.entry(Some("number"), reason);
                        tally.failed(&number.to_string(), None, error);
                    }
                    Some(row) if row.reservation_id.is_some() => {
                        let error = refusal(StockRefusal::Reserved);
                        tally.failed(&number.to_string(), None, error);
                    }
                    Some(_) => gone.push(number),
                }
            }
            tally.result.succeeded = u32::try_from(gone.len()).unwrap_or(u32::MAX);
            if gone.is_empty() {
                tx.discard();
            } else {
                raced(tx.stock_delete(operator, &gone).await? == gone.len() as u64)?;
                change_other(&mut tx, "stock", operator, of_operator(operator));
            }
            done(tally.result, operator)
        })
        .await
    }

    /// The operator's stock, by number.
    ///
    /// # Errors
    /// `invalid_filter`, `invalid_sort`, `forbidden`.
    pub async fn stock_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Stock>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        let wanted = Wanted::read(&STOCK, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.stock_page(operator, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, document))
    }

    /// How much the operator has in stock.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn stock_counts(&self, cx: &Cx) -> Result<StockCounts, Problem> {
        let operator = cx.operator(Access::Read)?;
        let rows =
            self.view_as(cx, async move |mut db: Db| Ok(db.stock_counts(operator).await?)).await?;
        let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = rows.into_iter().map(|row| StockCount {
            country: row.country.to_string(),
            kind: row.kind.as_str().to_owned(),
            available: small(row.numbers - row.reserved),
            reserved: small(row.reserved),
        });
        Ok(StockCounts { counts: counts.collect() })
    }
}
