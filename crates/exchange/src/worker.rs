//! Runs number orders, chunk by chunk. A chunk's numbers, its entries' results
//! and the order's counts commit in one transaction, so that whoever takes the
//! job over after a crash goes on exactly where it stopped.

use crate::act::{Fail, change, change_of, of_both, raced, store_problem};
use crate::edges_known::LOST_AFTER;
use crate::numbers::{ACTIVATED, USAGES, hold_error, put_state, state_of};
use crate::orders::{order_change, refusal_code, upload_context};
use crate::placing::{Asked, Former, Params, Undo, message};
use crate::{Exchange, bulk, disputes, records, reservations};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Problem};
use domain::assign::{HoldRefusal, check_release};
use domain::line::AssignmentCategory;
use domain::number::Usage;
use domain::offer::AddressEditing;
use domain::order::{MovedOn, NumberState, OrderKind};
use domain::upload::{UploadEntry, UploadRefusal, check_entry, check_order};
use domain::{CallingProfileId, OperatorId, OrderId};
use feed::change::Change;
use numbering::{Country, E164, NumberKind, code_admits, describe};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use store::{EntryResult, NumberRow, OrderEntryRow, OrderRow, StoreError, Tx, WorldNumberRow};
use uuid::Uuid;

/// How long a worker keeps a job without a sign of life, microseconds.
const LEASE: i64 = 5_000_000;
/// How long a job rests after its chunk failed, microseconds; longer each time.
const REST: i64 = 1_000_000;
/// How often a chunk may fail before its order ends as it stands.
const TRIES: u32 = 10;
/// How often a worker looks for jobs nobody told it of.
const LOOK: Duration = Duration::from_millis(500);
/// How often reservations are looked at whose time has come.
const SHOP: Duration = Duration::from_secs(1);
/// How often what has run out is forgotten.
const TIDY: Duration = Duration::from_secs(600);
/// How often edges are looked for that are gone.
const WATCH: Duration = Duration::from_secs(15);
/// How long an answer is kept for a repeated idempotency key, microseconds.
const ANSWERS_KEPT: i64 = 48 * 3600 * 1_000_000;

/// How long attempts to deliver events are shown, microseconds.
const ATTEMPTS_KEPT: i64 = 7 * 24 * 3600 * 1_000_000;

/// And how many of one subscription.
const ATTEMPTS_MOST: u32 = 10_000;

/// How long a quote that ran out, and that nobody has reserved, is still shown, microseconds.
const QUOTES_KEPT: i64 = 24 * 3600 * 1_000_000;

/// How long other nodes may hear of requests that were let through, microseconds.
const REQUESTS_KEPT: i64 = 1800 * 1_000_000;

/// What became of one chunk.
enum Step {
    /// More entries wait.
    More,
    /// The order is done, or somebody else has it.
    Over,
}

impl Exchange {
    /// Runs the order worker until `shutdown` turns true. Several may run, in
    /// one process or many.
    pub async fn run_workers(&self, mut shutdown: tokio::sync::watch::Receiver<bool>) {
        let owner = Uuid::now_v7();
        let mut tidied: Option<tokio::time::Instant> = None;
        let mut looked: Option<tokio::time::Instant> = None;
        // Nobody was heard while this node was away: edges get their time first.
        let begun = tokio::time::Instant::now();
        let mut watched = begun;
        while !*shutdown.borrow() {
            match self.work_once(owner, &shutdown).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the order worker could not work"),
            }
            if looked.is_none_or(|at| at.elapsed() >= SHOP) {
                looked = Some(tokio::time::Instant::now());
                if let Err(error) = self.reservations_due(crate::act::now()).await {
                    tracing::warn!(%error, "reservations could not be looked at");
                }
            }
            if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
                tidied = Some(tokio::time::Instant::now());
                if let Err(error) = self.tidy().await {
                    tracing::warn!(%error, "what has run out could not be forgotten");
                }
            }
            if begun.elapsed() >= LOST_AFTER && watched.elapsed() >= WATCH {
                watched = tokio::time::Instant::now();
                if let Err(error) = self.edges_watch(crate::act::now()).await {
                    tracing::warn!(%error, "edges that are gone could not be looked for");
                }
            }
            tokio::select! {
                () = self.inner.orders.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                stop = shutdown.wait_for(|stop| *stop) => {
                    // An error means that nobody is left to ask for a shutdown.
                    let _ = stop;
                    return;
                }
            }
        }
    }

    /// Runs every order that waits, one after the other, and comes back.
    ///
    /// # Errors
    /// `busy`, `database_away`, `internal`.
    pub async fn orders_run(&self) -> Result<(), Problem> {
        let owner = Uuid::now_v7();
        let (_goes_on, stop) = tokio::sync::watch::channel(false);
        while self.work_once(owner, &stop).await.map_err(|error| store_problem(&error))? {}
        Ok(())
    }

    /// Forgets tokens, sign-in codes, kept answers and old changes.
    async fn tidy(&self) -> Result<(), StoreError> {
        let kept = self.inner.config.changes_kept;
        self.inner
            .store
            .write(async |mut tx: Tx| {
                let now = tx.at();
                tx.change_trim_lock().await?;
                let newest = tx.change_newest().await?;
                tx.webhook_caught_up(self.epoch(), newest).await?;
                tx.webhook_attempt_trim(now - ATTEMPTS_KEPT, ATTEMPTS_MOST).await?;
                tx.change_trim(kept).await?;
                tx.mail_trim(now - crate::mail::KEPT).await?;
                tx.request_use_trim(now - REQUESTS_KEPT).await?;
                tx.quote_forget(now - QUOTES_KEPT).await?;
                tx.identity_expire(now, now - ANSWERS_KEPT).await
            })
            .await
    }

    /// Claims one job and runs it to its end; `false` where there is none.
    async fn work_once(
        &self,
        owner: Uuid,
        shutdown: &tokio::sync::watch::Receiver<bool>,
    ) -> Result<bool, StoreError> {
        let store = &self.inner.store;
        if !store.read().await?.job_waiting(crate::act::now()).await? {
            return Ok(false);
        }
        let claim = async |mut tx: Tx| -> Result<Option<OrderId>, StoreError> {
            let now = tx.at();
            tx.job_claim(owner, now, now + LEASE).await
        };
        let Some(order) = store.write(claim).await? else { return Ok(false) };
        loop {
            // A stop between chunks loses nothing: the job is given back below.
            let stop = *shutdown.borrow();
            let step = if stop { Ok(Step::Over) } else { self.chunk(order, owner).await };
            match step {
                Ok(Step::More) => {}
                Ok(Step::Over) if !stop => return Ok(true),
                other => {
                    let (mut rest, mut lasting) = (0, false);
                    if let Err(fail) = &other {
                        tracing::error!(%order, ?fail, "a chunk of an order failed");
                        rest = REST;
                        // A database that is away says nothing about the order.
                        lasting = !matches!(
                            fail,
                            Fail::Store(
                                StoreError::Busy(_) | StoreError::Away(_) | StoreError::Unknown(_)
                            )
                        );
                    }
                    let release = async |mut tx: Tx| -> Result<(), StoreError> {
                        let tries = tx.job_attempts(order).await?;
                        if lasting && tries >= TRIES {
                            return give_up(tx, order, owner).await;
                        }
                        let until = tx.at() + (rest << tries.saturating_sub(1).min(5));
                        tx.job_release(order, owner, until).await
                    };
                    store.write(release).await?;
                    return Ok(other.is_ok());
                }
            }
        }
    }

    async fn chunk(&self, order: OrderId, owner: Uuid) -> Result<Step, Fail> {
        let most = self.inner.config.order_chunk;
        self.inner.store.write(async |tx: Tx| chunk(tx, order, owner, most).await).await
    }
}

async fn chunk(mut tx: Tx, id: OrderId, owner: Uuid, most: u32) -> Result<Step, Fail> {
    let now = tx.at();
    if !tx.job_renew(id, owner, now + LEASE).await? {
        tx.discard();
        return Ok(Step::Over);
    }
    let Some(mut order) = tx.order_get(id).await? else {
        tx.discard();
        return Ok(Step::Over);
    };
    let entries = tx.entry_pending(id, most).await?;
    let kind = OrderKind::parse(&order.kind).ok_or(StoreError::Decode { column: "kind" })?;
    let mut results = match (kind, order.operator_id) {
        _ if entries.is_empty() => Vec::new(),
        (OrderKind::Upload, Some(operator)) => upload(&mut tx, &order, operator, &entries).await?,
        (OrderKind::Release, Some(operator)) => {
            release(&mut tx, &order, operator, &entries).await?
        }
        _ => bulk::run(&mut tx, &order, kind, &entries).await?,
    };
    results.sort_unstable_by_key(|result| result.ordinal);
    tell(&mut tx, &order, &entries, &results).await?;
    tx.entry_results(id, &results).await?;
    Ok(progress(&mut tx, &mut order, &results).await?)
}

/// Tells an operator what failed.
async fn tell(
    tx: &mut Tx,
    order: &OrderRow,
    entries: &[OrderEntryRow],
    results: &[EntryResult],
) -> Result<(), Fail> {
    if order.operator_id.is_none() || order.dry_run {
        return Ok(());
    }
    let entries: HashMap<u32, &OrderEntryRow> =
        entries.iter().map(|entry| (entry.ordinal, entry)).collect();
    for result in results {
        if let (Some(error), Some(entry)) = (&result.error, entries.get(&result.ordinal)) {
            message(tx, order, entry, error).await?;
        }
    }
    Ok(())
}

/// Counts a chunk's results, and ends the order with its last ones.
async fn progress(
    tx: &mut Tx,
    order: &mut OrderRow,
    results: &[EntryResult],
) -> Result<Step, StoreError> {
    let failed = results.iter().filter(|r| r.error.is_some()).count();
    let count = |n: usize| u32::try_from(n).expect("an order has at most 100,000 entries");
    order.failed += count(failed);
    order.succeeded += count(results.len() - failed);
    order.done = order.failed + order.succeeded;
    let over = order.done == order.total;
    order.status = match (over, order.succeeded, order.failed) {
        (false, ..) => "in_progress",
        (true, _, 0) => "success",
        (true, 0, _) => "error",
        (true, ..) => "partial_success",
    }
    .to_owned();
    order.finished_at = over.then_some(tx.at());
    tx.order_progress(order).await?;
    order_change(tx, order);
    if over {
        tx.job_delete(order.id).await?;
        reservations::delivered(tx, order).await?;
    }
    let by = tx.principal_get(order.principal_id).await?;
    let by = by.as_ref().map(|p| (p.id, p.name.as_str()));
    tx.audit(by, "number_order.run", &order.id.to_string(), Some(&order.request_id)).await?;
    Ok(if over { Step::Over } else { Step::More })
}

/// Ends an order that cannot get on: what waits is told as failed inside, so
/// that its operator is not left waiting for ever.
async fn give_up(mut tx: Tx, id: OrderId, owner: Uuid) -> Result<(), StoreError> {
    let now = tx.at();
    if !tx.job_renew(id, owner, now + LEASE).await? {
        tx.discard();
        return Ok(());
    }
    let Some(mut order) = tx.order_get(id).await? else {
        tx.discard();
        return Ok(());
    };
    let reason = format!("it failed {TRIES} times and is not tried again");
    let error = ErrorCode::Internal.entry(None, reason);
    let waiting = tx.entry_pending(id, order.total).await?;
    let results: Vec<EntryResult> = waiting.iter().map(|entry| failed(entry, &error)).collect();
    // A message that cannot be written must not keep the order from ending: it has the entries.
    tx.entry_results(id, &results).await?;
    progress(&mut tx, &mut order, &results).await?;
    Ok(())
}

pub(crate) fn failed(entry: &OrderEntryRow, error: &EntryError) -> EntryResult {
    let error = serde_json::to_string(error).expect("an error has text keys only");
    EntryResult { ordinal: entry.ordinal, error: Some(error), warning: None, former: None }
}

pub(crate) fn number_parse(entry: &OrderEntryRow) -> Result<E164, EntryError> {
    E164::parse(&entry.number_text)
        .map_err(|e| ErrorCode::InvalidNumber.entry(Some("number"), e.to_string()))
}

/// An entry as far as it can be understood by itself.
struct Parsed<'a> {
    entry: &'a OrderEntryRow,
    number: E164,
    usage: Usage,
    profile: CallingProfileId,
    country: Country,
    toll_free: bool,
    known_range: bool,
    undo: Option<Undo>,
}

/// A number's country, by its digits and by what its operator declared.
pub(crate) fn country_of(number: E164, declared: Option<&str>) -> Result<Country, EntryError> {
    let told = describe(number);
    let declared = declared.map(Country::parse).transpose();
    let declared =
        declared.map_err(|e| ErrorCode::InvalidField.entry(Some("country"), e.to_string()))?;
    match (declared, told.country) {
        (Some(declared), Some(told_country)) if told.known_range && declared != told_country => {
            let reason = format!("{number} is a number of {told_country}, not of {declared}");
            Err(ErrorCode::InvalidField.entry(Some("country"), reason))
        }
        // Where the range is unknown the digits still tell the code, and with it which
        // countries there are to choose from: else a declaration would get round a consent.
        (Some(declared), _) if !code_admits(number, declared) => {
            let reason = format!("{number} has a calling code that {declared} does not use");
            Err(ErrorCode::InvalidField.entry(Some("country"), reason))
        }
        (declared, told) => declared.or(told).ok_or_else(|| {
            let reason = format!("the digits of {number} tell no country");
            ErrorCode::CountryUnknown.entry(Some("country"), reason)
        }),
    }
}

fn parse(entry: &OrderEntryRow) -> Result<Parsed<'_>, EntryError> {
    let number = number_parse(entry)?;
    let usage = entry.usage.as_deref().and_then(Usage::parse);
    let usage = usage.ok_or_else(|| ErrorCode::InvalidField.entry(Some("usage"), USAGES))?;
    let profile = entry.profile_id.ok_or_else(|| {
        let reason = "neither the order nor the entry names a calling profile";
        ErrorCode::ProfileUnusable.entry(Some("calling_profile_id"), reason)
    })?;
    let told = describe(number);
    let country = country_of(number, entry.country.as_deref())?;
    Ok(Parsed {
        entry,
        number,
        usage,
        profile,
        country,
        toll_free: told.kind == NumberKind::TollFree,
        known_range: told.known_range,
        undo: Asked::of(entry).undo,
    })
}

async fn upload(
    tx: &mut Tx,
    order: &OrderRow,
    operator: OperatorId,
    entries: &[OrderEntryRow],
) -> Result<Vec<EntryResult>, Fail> {
    let tenant = order.tenant_id;
    tx.consent_share(tenant, operator).await?;
    tx.stock_share(operator).await?;
    let consent = tx.consent_get(tenant, operator).await?;
    let located = tx.location_any(tenant).await?;
    let context = upload_context(operator, tenant, consent.as_ref(), located);
    if let Err(refusal) = check_order(&context) {
        // The consent went since the order was placed.
        let error = refusal_code(refusal).0.entry(None, refusal.to_string());
        return Ok(entries.iter().map(|entry| failed(entry, &error)).collect());
    }
    let mut usable: HashMap<CallingProfileId, usize> = HashMap::new();
    for row in tx.profile_trunks(Some(operator)).await? {
        *usable.entry(row.profile_id).or_default() += usize::from(row.enabled);
    }
    let ranges = tx.range_all(operator).await?;
    let offer = tx.offer_get(operator).await?.map(|offer| offer.details.0).unwrap_or_default();
    let mut locations = HashMap::new();
    for id in entries.iter().filter_map(|e| e.location_id).collect::<HashSet<_>>() {
        if let Some(found) = tx.location_get(tenant, id).await? {
            locations.insert(id, found.country);
        }
    }

    let mut results = Vec::with_capacity(entries.len());
    let mut parsed = Vec::with_capacity(entries.len());
    for entry in entries {
        match parse(entry) {
            Ok(entry) => parsed.push(entry),
            Err(error) => results.push(failed(entry, &error)),
        }
    }
    let numbers: Vec<E164> = parsed.iter().map(|p| p.number).collect();
    let held: HashMap<E164, WorldNumberRow> =
        tx.numbers_held(&numbers).await?.into_iter().map(|row| (row.number, row)).collect();
    let own = Params::of(order).reservation;
    let reserved: HashSet<E164> = tx
        .stock_locked(operator, &numbers)
        .await?
        .into_iter()
        .filter(|row| row.reservation_id.is_some() && row.reservation_id != own)
        .map(|row| row.number)
        .collect();

    let mut good: Vec<NumberRow> = Vec::new();
    for p in parsed {
        let location = p.entry.location_id;
        // What a release took away comes back as it was.
        let may_update = match &p.undo {
            Some(undo) => undo.former.trace.before.tenant_may_update_location,
            None => order.tenant_may_update_location,
        };
        let facts = UploadEntry {
            number: p.number,
            country: p.country,
            usage: p.usage,
            toll_free: p.toll_free,
            has_location: location.is_some(),
            location_known: location.is_none_or(|id| locations.contains_key(&id)),
            tenant_may_update_location: may_update,
            profile_usable: usable.get(&p.profile).is_some_and(|enabled| *enabled >= 2),
            in_declared_range: ranges
                .iter()
                .any(|r| (r.first_number..=r.last_number).contains(&p.number)),
            reserved: reserved.contains(&p.number),
            held_by: held.get(&p.number).map(|row| (row.operator_id, row.tenant_id)),
        };
        let checked = check_entry(&context, &facts);
        // A trial is nobody's business.
        if let (Err(UploadRefusal::HeldElsewhere), Some(held)) = (&checked, held.get(&p.number))
            && !order.dry_run
        {
            disputes::open(tx, (operator, tenant), Some(order.id), held).await?;
        }
        let mut refused = checked.map_err(|refusal| {
            let (code, field) = refusal_code(refusal);
            code.entry(field, refusal.to_string())
        });
        if let (Ok(()), Some(country)) = (&refused, location.and_then(|id| locations.get(&id)))
            && *country != p.country
        {
            let reason = format!("the location lies in {country}, the number in {}", p.country);
            refused = Err(ErrorCode::LocationCountry.entry(Some("location_id"), reason));
        }
        if let Err(error) = refused {
            results.push(failed(p.entry, &error));
            continue;
        }
        let mut warnings = Vec::new();
        if !p.known_range {
            warnings.push(format!("{} lies in no range that libphonenumber knows", p.number));
        }
        // What tenants read before they consented is not what they get.
        let promised = offer.address_editing(p.country).is_some_and(AddressEditing::is_tenants);
        if p.usage == Usage::CallingUserAssignment && promised && !may_update {
            warnings.push(format!(
                "your offer lets tenants edit addresses in {}, of {} it is locked",
                p.country, p.number
            ));
        }
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        let mut row = NumberRow {
            number: p.number,
            tenant_id: tenant,
            operator_id: operator,
            operator_name: String::new(),
            profile_id: p.profile,
            country: p.country,
            usage: p.usage,
            activation_state: ACTIVATED.to_owned(),
            location_id: location,
            tenant_may_update_location: may_update,
            person_id: None,
            category: AssignmentCategory::Primary,
            account_id: None,
            bridge_id: None,
            policy_id: None,
            assigned_name: None,
            move_id: None,
            blocked_forever: false,
            blocked_until: None,
            acquired_at: tx.at(),
            version: 1,
        };
        if let Some(undo) = &p.undo {
            let block = undo.former.trace.before.block.at(tx.at());
            let state = NumberState { block, ..state_of(&row) };
            put_state(&mut row, &state);
        }
        let former = Former::whole(state_of(&row), row.acquired_at, row.country.to_string());
        let former = former.text().filter(|_| !order.dry_run);
        results.push(EntryResult { ordinal: p.entry.ordinal, error: None, warning, former });
        good.push(row);
    }
    if !order.dry_run && !good.is_empty() {
        // Whoever took one of them since they were looked at is seen on the next run.
        raced(tx.numbers_insert(&good).await? == good.len() as u64)?;
        let numbers = good.iter().map(records::number).collect();
        change(tx, &Change::NumbersPut { numbers });
    }
    Ok(results)
}

async fn release(
    tx: &mut Tx,
    order: &OrderRow,
    operator: OperatorId,
    entries: &[OrderEntryRow],
) -> Result<Vec<EntryResult>, Fail> {
    let numbers: Vec<E164> = entries.iter().filter_map(|e| number_parse(e).ok()).collect();
    let held: HashMap<E164, NumberRow> = tx
        .numbers_locked(&numbers)
        .await?
        .into_iter()
        .filter(|row| row.operator_id == operator && row.tenant_id == order.tenant_id)
        .map(|row| (row.number, row))
        .collect();
    let mut results = Vec::with_capacity(entries.len());
    let mut gone: Vec<E164> = Vec::new();
    for entry in entries {
        let number = match number_parse(entry) {
            Ok(number) => number,
            Err(error) => {
                results.push(failed(entry, &error));
                continue;
            }
        };
        match held.get(&number) {
            None => {
                let reason = format!("{number} is not held by this tenant from this operator");
                let error = ErrorCode::NotHeld.entry(Some("number"), reason);
                results.push(failed(entry, &error));
            }
            Some(row) if check_release(state_of(row).is_assigned()).is_err() => {
                results.push(failed(entry, &hold_error(HoldRefusal::StillAssigned)));
            }
            // An upload that is undone takes back what it brought, not what came since.
            Some(row)
                if Asked::of(entry)
                    .undo
                    .is_some_and(|undo| undo.former.acquired_at != row.acquired_at) =>
            {
                let error = ErrorCode::MovedOn.entry(Some("number"), MovedOn.to_string());
                results.push(failed(entry, &error));
            }
            Some(row) => {
                let former = Former::whole(state_of(row), row.acquired_at, row.country.to_string());
                let former = former.text().filter(|_| !order.dry_run);
                let ordinal = entry.ordinal;
                results.push(EntryResult { ordinal, error: None, warning: None, former });
                gone.push(number);
            }
        }
    }
    if !order.dry_run && !gone.is_empty() {
        disputes::take_out(tx, operator, &gone).await?;
        let owner = of_both(order.tenant_id, operator);
        change_of(tx, &Change::NumbersRemoved { numbers: gone }, owner);
    }
    Ok(results)
}
