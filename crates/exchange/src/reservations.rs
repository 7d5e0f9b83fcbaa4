//! Use cases: reservations, from the moment numbers are held until they are delivered or given
//! back. Which step may be taken when is decided in `domain::shop`; delivery is an upload order of
//! the operator's like any other.

use crate::act::{Fail, Keep, change_other, done, new_id, not_found, of_both, raced, text, time};
use crate::authz::{Access, Party};
use crate::listing::{Narrowed, Placed, Wanted};
use crate::placer::Placer;
use crate::placing::{Draft, NewOrder, Params, Source, place};
use crate::secret::base64url;
use crate::stock::amount_text;
use crate::storefront::{check_lines, closed, out_of_stock, storefront_of};
use crate::{Actor, Cx, Exchange, Role};
use api_types::problem::EntryError;
use api_types::shop::{
    PaidAnswer, PaidCallback, Reservation, ReservationCreate, ReservationDecline, ReservationItem,
};
use api_types::{ErrorCode, Page, Problem};
use domain::order::OrderKind;
use domain::shop::{
    Fulfilment, MOST_OPEN, PaymentPlaces, PaymentUrl, ReservationRefusal, ReservationState,
    ReservationStep, delivers_itself,
};
use domain::stock::Amount;
use domain::{OperatorId, TenantId};
use hmac::{Hmac, KeyInit, Mac};
use numbering::E164;
use outbound::webhook::{Received, verify};
use sha2::Sha256;
use std::collections::{HashMap, HashSet};
use store::listing::{Key, RESERVATIONS_OF_OPERATOR, RESERVATIONS_OF_TENANT};
use store::{Db, OrderEntryRow, OrderRow, QuoteRow, ReservationRow, StoreError, StorefrontRow, Tx};
use uuid::Uuid;

const MINUTE: i64 = 60_000_000;
/// How long a delivery that could not begin rests before it is tried again, microseconds.
const REST: i64 = MINUTE;
/// Reservations that are looked at in one go.
const GO: u32 = 100;
/// Most entries of a delivery: as many as a quote has numbers.
const ENTRIES: u32 = 1000;

impl Placed for ReservationRow {
    fn id(&self) -> Key {
        Key::Id(self.id)
    }
    fn key(&self, _none: &str) -> Key {
        self.id()
    }
}

fn state_of(row: &ReservationRow) -> Result<ReservationState, Fail> {
    Ok(ReservationState::parse(&row.state).ok_or(StoreError::Decode { column: "state" })?)
}

fn refused(refusal: ReservationRefusal) -> Fail {
    ErrorCode::ReservationState.problem(None, refusal.to_string()).into()
}

/// What the operator's payment page is told of a reservation, so that nobody pays another price: a
/// JSON Web Token (RFC 7519) signed with HMAC-SHA256 (`HS256`, RFC 7518 section 3.2).
fn reference(row: &ReservationRow, secret: &[u8]) -> String {
    let claims = serde_json::json!({
        "iss": "meetpoint",
        "sub": row.id,
        "aud": row.operator_id,
        "iat": row.created_at / 1_000_000,
        "exp": row.expires_at / 1_000_000,
        "amount": amount_text(row.amount),
        "currency": row.currency,
        "numbers": row.numbers,
    });
    let signed = format!(
        "{}.{}",
        base64url(br#"{"alg":"HS256","typ":"JWT"}"#),
        base64url(claims.to_string().as_bytes())
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", base64url(&mac.finalize().into_bytes()))
}

fn is_due(row: &ReservationRow) -> bool {
    row.amount.and_then(Amount::from_value).is_some_and(|amount| !amount.is_zero())
}

/// Where it is paid, while it is to be.
fn payment_url(row: &ReservationRow, storefront: &StorefrontRow) -> Option<String> {
    if row.state != ReservationState::Reserved.as_str() || !is_due(row) {
        return None;
    }
    let url = PaymentUrl::parse(storefront.payment_url.as_deref()?).ok()?;
    let reference = reference(row, storefront.secret.as_deref()?);
    Some(url.fill(&PaymentPlaces {
        reference: &reference,
        reservation_id: &row.id.to_string(),
        amount: &amount_text(row.amount)?,
        currency: row.currency.as_deref()?,
    }))
}

fn document(row: &ReservationRow) -> Reservation {
    Reservation {
        id: row.id,
        quote_id: row.quote_id,
        tenant_id: row.tenant_id.0,
        operator_id: row.operator_id.0,
        state: row.state.clone(),
        numbers: row.numbers,
        delivered: row.delivered,
        amount: amount_text(row.amount),
        currency: row.currency.clone(),
        expires_at: time(row.expires_at),
        extended: row.extended,
        payment_url: None,
        paid_at: row.paid_at.map(time),
        payment_reference: row.payment_reference.clone(),
        reason: row.reason.clone(),
        order_id: row.order_id.map(|o| o.0),
        created_at: time(row.created_at),
        ended_at: row.ended_at.map(time),
        items: None,
    }
}

/// Each number with what became of it.
fn items(
    row: &ReservationRow,
    quote: &QuoteRow,
    entries: &[OrderEntryRow],
    late: &HashSet<String>,
) -> Vec<ReservationItem> {
    let entries: HashMap<&str, &OrderEntryRow> =
        entries.iter().map(|entry| (entry.number_text.as_str(), entry)).collect();
    let open = ReservationState::parse(&row.state).is_some_and(ReservationState::is_open);
    quote
        .lines
        .0
        .iter()
        .map(|line| {
            let number = line.number.to_string();
            let entry = entries.get(number.as_str()).filter(|_| !late.contains(&number));
            let status = match entry.map(|entry| entry.status.as_str()) {
                Some("success") => "delivered",
                Some("error") => "failed",
                None if late.contains(&number) => "delivered",
                _ if open => "reserved",
                _ => "returned",
            };
            let error: Option<EntryError> = entry
                .and_then(|entry| entry.error.as_deref())
                .and_then(|error| serde_json::from_str(error).ok());
            let amount = amount_text(line.amount);
            ReservationItem { number, amount, status: status.to_owned(), error }
        })
        .collect()
}

/// What the order of a delivery failed to bring, and a retry of it brought since.
async fn late(
    db: &mut Db,
    row: &ReservationRow,
    entries: &[OrderEntryRow],
) -> Result<HashSet<String>, Fail> {
    let mut late = HashSet::new();
    for entry in entries.iter().filter(|entry| entry.status == "error") {
        let Ok(number) = E164::parse(&entry.number_text) else { continue };
        let held = db.number_get(number).await?;
        if held.is_some_and(|held| {
            held.tenant_id == row.tenant_id && held.operator_id == row.operator_id
        }) {
            late.insert(number.to_string());
        }
    }
    Ok(late)
}

/// Whose a reservation may be seen and moved by.
async fn reservation_must(db: &mut Db, party: Party, id: Uuid) -> Result<ReservationRow, Fail> {
    let row = db.reservation_get(id).await?.filter(|row| match party {
        Party::Tenant(tenant) => row.tenant_id == tenant,
        Party::Operator(operator) => row.operator_id == operator,
        Party::Programme => false,
    });
    Ok(row.ok_or_else(|| not_found("reservation", id))?)
}

async fn quote_must(db: &mut Db, row: &ReservationRow) -> Result<QuoteRow, Fail> {
    let quote = db.quote_get(row.quote_id).await?;
    Ok(quote.ok_or_else(|| StoreError::Database("a reservation has no quote".into()))?)
}

/// Writes it and tells both sides.
async fn write(tx: &mut Tx, row: &ReservationRow) -> Result<(), Fail> {
    raced(tx.reservation_write(row).await?)?;
    change_other(tx, "reservation", row.id, of_both(row.tenant_id, row.operator_id));
    Ok(())
}

/// Ends it without delivery: its numbers go back into stock.
async fn give_back(
    tx: &mut Tx,
    row: &mut ReservationRow,
    step: ReservationStep,
    reason: Option<String>,
) -> Result<(), Fail> {
    let state = state_of(row)?.after(step).map_err(refused)?;
    row.state = state.as_str().to_owned();
    row.due_at = None;
    row.ended_at = Some(tx.at());
    row.reason = reason;
    tx.stock_return(row.id).await?;
    write(tx, row).await
}

/// Places the upload order that brings its numbers into the tenant's inventory. Nothing was
/// written where it is refused.
async fn deliver(
    tx: &mut Tx,
    cx: &Cx,
    row: &mut ReservationRow,
    storefront: &StorefrontRow,
) -> Result<(), Fail> {
    let state = state_of(row)?.after(ReservationStep::Accept).map_err(refused)?;
    let quote = quote_must(tx, row).await?;
    let drafts = quote.lines.0.iter().map(|line| Draft {
        number: line.number.to_string(),
        usage: Some(line.usage.clone()),
        profile: Some(line.profile.0),
        location: quote.location_id.map(|l| l.0),
        country: Some(line.country.to_string()),
        ..Draft::default()
    });
    let by = Placer::Operator(row.operator_id);
    let new = NewOrder {
        may_update: storefront.tenant_may_update_location,
        ticket: Some(row.id.to_string()),
        params: Params { reservation: Some(row.id), ..Params::default() },
        ..NewOrder::new(by, OrderKind::Upload, row.tenant_id, Source::Drafts(drafts.collect()))
    };
    let order = place(tx, cx, &new).await?;
    row.state = state.as_str().to_owned();
    row.order_id = Some(order.id);
    row.due_at = None;
    row.reason = None;
    Ok(())
}

/// Whether the operator's rule delivers it as it stands.
fn by_rule(row: &ReservationRow, storefront: &StorefrontRow) -> Result<bool, Fail> {
    let rule = Fulfilment::parse(&storefront.fulfilment)
        .ok_or(StoreError::Decode { column: "fulfilment" })?;
    let due = row.amount.and_then(Amount::from_value);
    Ok(delivers_itself(state_of(row)?, rule, storefront.free_at_once, due))
}

/// Delivers by the operator's rule, where it has one for it; what refuses that (a change freeze, a
/// consent that was suspended) is kept as the reason, and it is tried again.
async fn deliver_by_rule(
    tx: &mut Tx,
    cx: &Cx,
    row: &mut ReservationRow,
    storefront: &StorefrontRow,
    now: i64,
) -> Result<bool, Fail> {
    if !by_rule(row, storefront)? {
        return Ok(false);
    }
    match deliver(tx, cx, row, storefront).await {
        Ok(()) => Ok(true),
        Err(Fail::Refused(problem)) => {
            row.reason = Some(format!("{}: {}", problem.code, problem.reason));
            row.due_at = Some(now + REST);
            Ok(false)
        }
        Err(fail) => Err(fail),
    }
}

/// Whoever reserved it, for what the house does in their stead.
fn stead(row: &ReservationRow) -> Cx {
    let role = Role::OperatorAdmin { operator: row.operator_id };
    let actor =
        Actor { principal: row.principal_id, name: String::new(), role, scopes: Vec::new() };
    Cx { actor, request_id: row.request_id.clone(), idempotency_key: None }
}

/// The order that delivers a reservation has come to its end: what could not be delivered goes
/// back into stock. Retries of it count as well.
pub(crate) async fn delivered(tx: &mut Tx, order: &OrderRow) -> Result<(), StoreError> {
    let Some(id) = Params::of(order).reservation.filter(|_| !order.dry_run) else { return Ok(()) };
    let Some(mut row) = tx.reservation_get(id).await? else { return Ok(()) };
    row.delivered = row.numbers.min(row.delivered + order.succeeded);
    let step = ReservationStep::Deliver { some: row.delivered > 0 };
    let state = ReservationState::parse(&row.state).and_then(|state| state.after(step).ok());
    let Some(state) = state else { return Ok(()) };
    row.state = state.as_str().to_owned();
    row.ended_at = Some(tx.at());
    tx.stock_return(id).await?;
    if !tx.reservation_write(&row).await? {
        let reason = "another version was written meanwhile";
        return Err(StoreError::Constraint(reason.into()));
    }
    change_other(tx, "reservation", id, of_both(row.tenant_id, row.operator_id));
    Ok(())
}

impl Exchange {
    /// Holds the numbers of a quote for the tenant, all of them or none; this accepts its terms.
    /// Where the operator's rule says so and nothing is due, they are delivered at once.
    ///
    /// # Errors
    /// `not_found`, `quote_expired`, `shop_closed`, `out_of_stock`, `too_many_reservations`, and
    /// as an upload of the numbers.
    pub async fn reservation_create(
        &self,
        cx: &Cx,
        ask: ReservationCreate,
    ) -> Result<Reservation, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let made = self
            .act(cx, "reservation.create", Keep::Answer, async |mut tx| {
                reserve(&mut tx, cx, tenant, ask.quote_id).await
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(made)
    }

    async fn reservations(
        &self,
        cx: &Cx,
        party: Party,
        list: Narrowed,
    ) -> Result<Page<Reservation>, Problem> {
        let (of, whose) = match party {
            Party::Tenant(tenant) => (&RESERVATIONS_OF_TENANT, tenant.0),
            Party::Operator(operator) => (&RESERVATIONS_OF_OPERATOR, operator.0),
            Party::Programme => return Err(not_found("list", "of reservations")),
        };
        let wanted = Wanted::read(of, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.reservation_page(of, whose, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, |row| document(&row)))
    }

    async fn reservation_show(
        &self,
        cx: &Cx,
        party: Party,
        id: Uuid,
    ) -> Result<Reservation, Problem> {
        let shown = self
            .view_as(cx, async move |mut db: Db| {
                let row = reservation_must(&mut db, party, id).await?;
                let quote = quote_must(&mut db, &row).await?;
                let entries = match row.order_id {
                    Some(order) => db.entry_list(order, None, ENTRIES).await?,
                    None => Vec::new(),
                };
                let late = late(&mut db, &row, &entries).await?;
                let mut shown = document(&row);
                shown.items = Some(items(&row, &quote, &entries, &late));
                if matches!(party, Party::Tenant(_)) {
                    // The address and what signs it are the operator's.
                    db.reach_all().await?;
                    let storefront = storefront_of(&mut db, row.operator_id).await?;
                    shown.payment_url = payment_url(&row, &storefront);
                }
                Ok(shown)
            })
            .await?;
        Ok(shown)
    }

    /// The tenant's reservations, newest first.
    ///
    /// # Errors
    /// `invalid_filter`, `invalid_sort`, `forbidden`.
    pub async fn reservation_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Reservation>, Problem> {
        let list = list.into();
        let tenant = cx.tenant(Access::Read)?;
        self.reservations(cx, Party::Tenant(tenant), list).await
    }

    /// One of the tenant's, with each number, and where it is paid.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn reservation_get(&self, cx: &Cx, id: Uuid) -> Result<Reservation, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.reservation_show(cx, Party::Tenant(tenant), id).await
    }

    /// More time to pay, as long again, once.
    ///
    /// # Errors
    /// `not_found`, `reservation_state`, `already_extended`, `forbidden`.
    pub async fn reservation_extend(&self, cx: &Cx, id: Uuid) -> Result<Reservation, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "reservation.extend", Keep::Answer, async |mut tx| {
            let mut row = reservation_must(&mut tx, Party::Tenant(tenant), id).await?;
            state_of(&row)?.after(ReservationStep::Extend).map_err(refused)?;
            if row.extended {
                let reason = "it was extended before";
                return Err(ErrorCode::AlreadyExtended.problem(None, reason).into());
            }
            tx.reach_all().await?;
            let storefront = storefront_of(&mut tx, row.operator_id).await?;
            row.expires_at += i64::from(storefront.reservation_minutes) * MINUTE;
            row.extended = true;
            // What a freeze holds up is still tried when it was to be.
            let soon = row.due_at.filter(|_| row.reason.is_some());
            row.due_at = Some(soon.map_or(row.expires_at, |due| due.min(row.expires_at)));
            write(&mut tx, &row).await?;
            let mut shown = document(&row);
            shown.payment_url = payment_url(&row, &storefront);
            done(shown, id)
        })
        .await
    }

    /// The tenant gives it up; its numbers go back into stock.
    ///
    /// # Errors
    /// `not_found`, `reservation_state`, `forbidden`.
    pub async fn reservation_cancel(&self, cx: &Cx, id: Uuid) -> Result<Reservation, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "reservation.cancel", Keep::Answer, async |mut tx| {
            let mut row = reservation_must(&mut tx, Party::Tenant(tenant), id).await?;
            // What is held lies in the operator's stock.
            tx.reach_all().await?;
            give_back(&mut tx, &mut row, ReservationStep::Cancel, None).await?;
            done(document(&row), id)
        })
        .await
    }

    /// Reservations of the operator's stock, newest first.
    ///
    /// # Errors
    /// `invalid_filter`, `invalid_sort`, `forbidden`.
    pub async fn operator_reservation_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Reservation>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        self.reservations(cx, Party::Operator(operator), list).await
    }

    /// One of them, with each number.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn operator_reservation_get(
        &self,
        cx: &Cx,
        id: Uuid,
    ) -> Result<Reservation, Problem> {
        let operator = cx.operator(Access::Read)?;
        self.reservation_show(cx, Party::Operator(operator), id).await
    }

    /// The operator delivers, whether it was paid by the payment page or otherwise.
    ///
    /// # Errors
    /// `not_found`, `reservation_state`, `change_freeze`, and as an upload order.
    pub async fn reservation_accept(&self, cx: &Cx, id: Uuid) -> Result<Reservation, Problem> {
        let operator = cx.operator(Access::Write)?;
        let accepted = self
            .act(cx, "reservation.accept", Keep::Answer, async |mut tx| {
                let mut row = reservation_must(&mut tx, Party::Operator(operator), id).await?;
                let storefront = storefront_of(&mut tx, operator).await?;
                deliver(&mut tx, cx, &mut row, &storefront).await?;
                write(&mut tx, &row).await?;
                done(document(&row), id)
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(accepted)
    }

    /// The operator does not deliver; its numbers go back into stock. What was paid is given back
    /// where it was paid.
    ///
    /// # Errors
    /// `not_found`, `reservation_state`, `invalid_field`, `forbidden`.
    pub async fn reservation_decline(
        &self,
        cx: &Cx,
        id: Uuid,
        ask: ReservationDecline,
    ) -> Result<Reservation, Problem> {
        let operator = cx.operator(Access::Write)?;
        let reason = text("reason", &ask.reason, 1000)?;
        let reason = &reason;
        self.act(cx, "reservation.decline", Keep::Answer, async |mut tx| {
            let mut row = reservation_must(&mut tx, Party::Operator(operator), id).await?;
            let step = ReservationStep::Decline;
            give_back(&mut tx, &mut row, step, Some(reason.clone())).await?;
            done(document(&row), id)
        })
        .await
    }

    /// The operator's payment page says that a reservation was paid. Who says so is proven by the
    /// signature alone; whoever says it again changes nothing.
    ///
    /// # Errors
    /// `signature_invalid`, `malformed_json`, `not_found`, `reservation_state`.
    pub async fn reservation_paid(
        &self,
        operator: Uuid,
        received: Received<'_>,
        request_id: &str,
    ) -> Result<PaidAnswer, Problem> {
        let operator = OperatorId(operator);
        let secret = self
            .view(async move |mut db: Db| Ok(storefront_of(&mut db, operator).await?.secret))
            .await?;
        let bad = |reason: String| ErrorCode::SignatureInvalid.problem(None, reason);
        // The same is said of an operator that is not there, or has no secret.
        let secret = secret.unwrap_or_default();
        verify(&secret, &received, crate::act::now() / 1_000_000)
            .map_err(|error| bad(error.to_string()))?;
        let said: PaidCallback = serde_json::from_slice(received.body)
            .map_err(|error| ErrorCode::MalformedJson.problem(None, error.to_string()))?;
        if said.kind != "reservation.paid" {
            let reason = "the only type that is understood is reservation.paid";
            return Err(ErrorCode::InvalidField.problem(Some("/type"), reason));
        }
        let id = said.data.reservation_id;
        let reference = said
            .data
            .payment_reference
            .as_deref()
            .map(|reference| text("data/payment_reference", reference, 100))
            .transpose()?;
        let reference = &reference;
        let paid = self
            .inner
            .store
            .write(async |mut tx: Tx| -> Result<PaidAnswer, Fail> {
                let party = Party::Operator(operator);
                let mut row = reservation_must(&mut tx, party, id).await?;
                let answer = |row: &ReservationRow| PaidAnswer {
                    reservation_id: id,
                    state: row.state.clone(),
                };
                // Said again it is answered as before, whatever became of it: a refusal would have
                // the page give the money back.
                if row.paid_at.is_some() {
                    tx.discard();
                    return Ok(answer(&row));
                }
                let state = state_of(&row)?.after(ReservationStep::Pay).map_err(refused)?;
                let now = tx.at();
                row.state = state.as_str().to_owned();
                row.paid_at = Some(now);
                row.payment_reference.clone_from(reference);
                // What is paid waits for its operator as long as it takes.
                row.due_at = None;
                let storefront = storefront_of(&mut tx, operator).await?;
                let cx = stead(&row);
                deliver_by_rule(&mut tx, &cx, &mut row, &storefront, now).await?;
                write(&mut tx, &row).await?;
                tx.audit(None, "reservation.paid", &id.to_string(), Some(request_id)).await?;
                Ok(answer(&row))
            })
            .await?;
        self.inner.orders.notify_one();
        Ok(paid)
    }

    /// Looks at reservations whose time has come: those that nobody paid expire, those whose
    /// delivery could not begin are tried again. Says how many it moved.
    ///
    /// # Errors
    /// `busy`, `database_away`, `internal`.
    pub async fn reservations_due(&self, now: i64) -> Result<u32, Problem> {
        let due = self.view(async move |mut db: Db| Ok(db.reservation_due(now, GO).await?)).await?;
        let mut moved = 0;
        for id in due {
            let step = async |mut tx: Tx| -> Result<bool, Fail> {
                let row = tx.reservation_get(id).await?;
                // Another node was here.
                let Some(mut row) = row.filter(|row| row.due_at.is_some_and(|due| due <= now))
                else {
                    tx.discard();
                    return Ok(false);
                };
                let storefront = storefront_of(&mut tx, row.operator_id).await?;
                let cx = stead(&row);
                let mut action = "reservation.deliver";
                let before = (row.state.clone(), row.reason.clone());
                if !deliver_by_rule(&mut tx, &cx, &mut row, &storefront, now).await? {
                    action = "reservation.wait";
                    let later = row.due_at.filter(|due| *due > now);
                    match state_of(&row)? {
                        ReservationState::Reserved if row.expires_at <= now => {
                            let step = ReservationStep::Expire;
                            give_back(&mut tx, &mut row, step, None).await?;
                            let id = id.to_string();
                            tx.audit(None, "reservation.expire", &id, Some(&row.request_id))
                                .await?;
                            return Ok(true);
                        }
                        ReservationState::Reserved => {
                            let expires = row.expires_at;
                            row.due_at = Some(later.map_or(expires, |due| due.min(expires)));
                        }
                        // Where the operator's rule was changed it waits for the operator's word.
                        _ => row.due_at = later,
                    }
                    // Nobody is told each minute that nothing has changed.
                    if (&row.state, &row.reason) == (&before.0, &before.1) {
                        raced(tx.reservation_write(&row).await?)?;
                        return Ok(true);
                    }
                }
                write(&mut tx, &row).await?;
                tx.audit(None, action, &id.to_string(), Some(&row.request_id)).await?;
                Ok(true)
            };
            // One that cannot be looked at keeps nobody else's waiting.
            match self.inner.store.write(step).await.map_err(Problem::from) {
                Ok(did) => moved += u32::from(did),
                Err(error) => tracing::warn!(%id, %error, "a reservation could not be looked at"),
            }
        }
        if moved > 0 {
            self.inner.orders.notify_one();
        }
        Ok(moved)
    }
}

async fn reserve(
    tx: &mut Tx,
    cx: &Cx,
    tenant: TenantId,
    quote: Uuid,
) -> Result<crate::act::Done<Reservation>, Fail> {
    let quote = tx.quote_get(quote).await?.filter(|row| row.tenant_id == tenant);
    let quote = quote.ok_or_else(|| {
        ErrorCode::NotFound.problem(Some("/quote_id"), "there is no such quote here")
    })?;
    let now = tx.at();
    if quote.valid_until <= now {
        let reason = format!("it was good until {}", time(quote.valid_until));
        return Err(ErrorCode::QuoteExpired.problem(Some("/quote_id"), reason).into());
    }
    let operator = quote.operator_id;
    // The stock and the storefront are the operator's.
    tx.reach_all().await?;
    // One at a time, so that no more are open than may be; and the stock before its numbers.
    tx.consent_lock(tenant, operator).await?;
    tx.stock_share(operator).await?;
    let storefront = storefront_of(tx, operator).await?;
    if !storefront.open {
        return Err(closed().into());
    }
    let of_quote = |fail: Fail| match fail {
        Fail::Refused(problem) => {
            Fail::Refused(Problem { field: Some("/quote_id".to_owned()), ..problem })
        }
        fail => fail,
    };
    let checked = check_lines(tx, &storefront, tenant, quote.location_id, &quote.lines.0).await;
    checked.map_err(of_quote)?;
    if tx.reservation_open(tenant, operator).await? >= MOST_OPEN {
        let reason = format!("{MOST_OPEN} are open at this operator");
        return Err(ErrorCode::TooManyReservations.problem(None, reason).into());
    }
    let numbers: Vec<E164> = quote.lines.0.iter().map(|line| line.number).collect();
    let free: Vec<E164> = tx
        .stock_locked(operator, &numbers)
        .await?
        .into_iter()
        .filter(|row| row.reservation_id.is_none())
        .map(|row| row.number)
        .collect();
    let missing: Vec<E164> = numbers.iter().copied().filter(|n| !free.contains(n)).collect();
    if !missing.is_empty() {
        return Err(of_quote(out_of_stock(&missing).into()));
    }
    let expires_at = now + i64::from(storefront.reservation_minutes) * MINUTE;
    let mut row = ReservationRow {
        id: new_id(),
        quote_id: quote.id,
        tenant_id: tenant,
        operator_id: operator,
        state: ReservationState::Reserved.as_str().to_owned(),
        numbers: u32::try_from(numbers.len()).unwrap_or(u32::MAX),
        delivered: 0,
        amount: quote.amount,
        currency: quote.currency.clone(),
        expires_at,
        extended: false,
        due_at: Some(expires_at),
        paid_at: None,
        payment_reference: None,
        reason: None,
        order_id: None,
        principal_id: cx.actor.principal,
        request_id: cx.request_id.clone(),
        created_at: now,
        ended_at: None,
        version: 1,
    };
    tx.reservation_insert(&row).await?;
    raced(tx.stock_reserve(row.id, operator, &numbers).await? == numbers.len() as u64)?;
    deliver_by_rule(tx, cx, &mut row, &storefront, now).await?;
    // A delivery that cannot begin is tried again, and expires as any.
    if let Some(due) = &mut row.due_at {
        *due = (*due).min(expires_at);
    }
    write(tx, &row).await?;
    let mut shown = document(&row);
    shown.payment_url = payment_url(&row, &storefront);
    done(shown, row.id)
}
