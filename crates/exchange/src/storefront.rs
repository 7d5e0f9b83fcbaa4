//! Use cases: how an operator sells what it has in stock, and quotes.

use crate::act::{
    Done, Fail, Keep, change_other, done, invalid, matches, new_id, not_found, of_both,
    of_operator, raced, time,
};
use crate::authz::Access;
use crate::orders::{refusal_code, upload_context};
use crate::shop::shop_gate;
use crate::stock::{MOST_SPELLED, amount_text, spans};
use crate::{Cx, Exchange};
use api_types::shop::{
    Quote, QuoteCreate, QuoteItem, Shop, Storefront, StorefrontPut, StorefrontSecret,
};
use api_types::{ErrorCode, Problem};
use domain::number::Usage;
use domain::shop::{
    Fulfilment, MOST_QUOTE_MINUTES, MOST_QUOTED, MOST_QUOTES, MOST_RESERVATION_MINUTES, PaymentUrl,
    QUOTE_MINUTES, RESERVATION_MINUTES, total,
};
use domain::stock::{Amount, Currency, StockKind};
use domain::upload::{UploadEntry, check_entry};
use domain::{CallingProfileId, LocationId, OperatorId, TenantId};
use numbering::{Country, E164};
use outbound::webhook::{SECRET_BYTES, secret_text};
use std::collections::{BTreeSet, HashMap};
use store::{Db, Json, QuoteLine, QuoteRow, StockRow, StorefrontRow, Tx};
use uuid::Uuid;

const MOST_TERMS: usize = 4000;
const MINUTE: i64 = 60_000_000;

/// What holds where an operator has said nothing: closed.
pub(crate) fn unsaid(operator: OperatorId) -> StorefrontRow {
    StorefrontRow {
        operator_id: operator,
        open: false,
        terms: String::new(),
        payment_url: None,
        secret: None,
        fulfilment: Fulfilment::Manual.as_str().to_owned(),
        free_at_once: false,
        tenant_may_update_location: true,
        quote_minutes: QUOTE_MINUTES,
        reservation_minutes: RESERVATION_MINUTES,
        version: 0,
    }
}

pub(crate) async fn storefront_of(
    db: &mut Db,
    operator: OperatorId,
) -> Result<StorefrontRow, Fail> {
    Ok(db.storefront_get(operator).await?.unwrap_or_else(|| unsaid(operator)))
}

fn document(row: &StorefrontRow) -> Storefront {
    Storefront {
        open: row.open,
        terms: row.terms.clone(),
        payment_url: row.payment_url.clone(),
        has_secret: row.secret.is_some(),
        fulfilment: row.fulfilment.clone(),
        free_at_once: row.free_at_once,
        allow_tenant_address_update: row.tenant_may_update_location,
        quote_minutes: row.quote_minutes,
        reservation_minutes: row.reservation_minutes,
        version: row.version,
    }
}

fn minutes(field: &str, asked: Option<u32>, usual: u32, most: u32) -> Result<u32, Problem> {
    let minutes = asked.unwrap_or(usual);
    if (1..=most).contains(&minutes) {
        Ok(minutes)
    } else {
        Err(invalid(field, format!("{field} is 1 to {most}")))
    }
}

/// What was said, checked, over what is there.
fn edited(put: &StorefrontPut, was: &StorefrontRow) -> Result<StorefrontRow, Problem> {
    let terms = put.terms.trim();
    let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if terms.chars().count() > MOST_TERMS || terms.chars().any(odd) {
        let reason =
            format!("terms have at most {MOST_TERMS} characters, no control ones but line ends");
        return Err(invalid("terms", reason));
    }
    let payment_url = put.payment_url.as_deref().map(|text| {
        PaymentUrl::parse(text).map_err(|error| invalid("payment_url", error.to_string()))
    });
    let payment_url = payment_url.transpose()?.map(|url| url.as_str().to_owned());
    let fulfilment = Fulfilment::parse(&put.fulfilment)
        .ok_or_else(|| invalid("fulfilment", "fulfilment is manual or when_paid"))?;
    if fulfilment == Fulfilment::WhenPaid && payment_url.is_none() {
        let reason = "without a payment page nothing is ever paid";
        return Err(invalid("fulfilment", reason));
    }
    Ok(StorefrontRow {
        open: put.open,
        terms: terms.to_owned(),
        payment_url,
        fulfilment: fulfilment.as_str().to_owned(),
        free_at_once: put.free_at_once,
        tenant_may_update_location: put.allow_tenant_address_update,
        quote_minutes: minutes(
            "quote_minutes",
            put.quote_minutes,
            QUOTE_MINUTES,
            MOST_QUOTE_MINUTES,
        )?,
        reservation_minutes: minutes(
            "reservation_minutes",
            put.reservation_minutes,
            RESERVATION_MINUTES,
            MOST_RESERVATION_MINUTES,
        )?,
        ..was.clone()
    })
}

pub(crate) fn quote_item(line: &QuoteLine) -> QuoteItem {
    QuoteItem {
        number: line.number.to_string(),
        country: line.country.to_string(),
        area: line.area.clone(),
        kind: line.kind.clone(),
        usage: line.usage.clone(),
        price_note: line.price_note.clone(),
        amount: amount_text(line.amount),
        currency: line.currency.clone(),
    }
}

fn quote_document(row: &QuoteRow) -> Quote {
    Quote {
        id: row.id,
        operator_id: row.operator_id.0,
        items: row.lines.0.iter().map(quote_item).collect(),
        amount: amount_text(row.amount),
        currency: row.currency.clone(),
        terms: row.terms.clone(),
        location_id: row.location_id.map(|l| l.0),
        created_at: time(row.created_at),
        valid_until: time(row.valid_until),
    }
}

fn line(row: StockRow) -> QuoteLine {
    QuoteLine {
        number: row.number,
        country: row.country,
        area: row.area,
        kind: row.kind.as_str().to_owned(),
        usage: row.usage.as_str().to_owned(),
        profile: row.profile_id,
        price_note: row.price_note,
        amount: row.amount,
        currency: row.currency,
    }
}

/// Numbers that are not there to be had.
pub(crate) fn out_of_stock(missing: &[E164]) -> Problem {
    let named: Vec<String> = missing.iter().take(MOST_SPELLED).map(ToString::to_string).collect();
    let more = missing.len().saturating_sub(MOST_SPELLED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let reason = format!("{}{more} cannot be had", named.join(", "));
    ErrorCode::OutOfStock.problem(Some("/numbers"), reason)
}

fn price(line: &QuoteLine) -> Option<(Amount, Currency)> {
    Some((Amount::from_value(line.amount?)?, Currency::parse(line.currency.as_deref()?)?))
}

/// The numbers that are asked for, each once.
fn wanted(ask: &QuoteCreate) -> Result<Vec<E164>, Problem> {
    let mut numbers = BTreeSet::new();
    for (at, text) in ask.numbers.iter().enumerate() {
        let number = E164::parse(text).map_err(|error| {
            ErrorCode::InvalidNumber.problem(Some(&format!("/numbers/{at}")), error.to_string())
        })?;
        numbers.insert(number);
    }
    let too_many = || {
        let reason = format!("a quote is of at most {MOST_QUOTED} numbers");
        ErrorCode::TooManyEntries.problem(Some("/numbers"), reason)
    };
    for (first, last) in spans(&ask.ranges)? {
        if last.value() - first.value() >= MOST_QUOTED as u64 {
            return Err(too_many());
        }
        numbers.extend((first.value()..=last.value()).filter_map(E164::from_value));
    }
    match numbers.len() {
        0 => Err(ErrorCode::NoEntries.problem(Some("/numbers"), "there are none")),
        1..=MOST_QUOTED => Ok(numbers.into_iter().collect()),
        _ => Err(too_many()),
    }
}

/// What an upload would refuse is not quoted: the same rules are asked beforehand. The
/// transaction reaches both sides.
pub(crate) async fn check_lines(
    tx: &mut Tx,
    storefront: &StorefrontRow,
    tenant: TenantId,
    location: Option<LocationId>,
    lines: &[QuoteLine],
) -> Result<(), Fail> {
    let operator = storefront.operator_id;
    for country in lines.iter().map(|line| line.country).collect::<BTreeSet<Country>>() {
        shop_gate(tx, tenant, operator, country, ["/operator_id", "/numbers"]).await?;
    }
    let place = match location {
        None => None,
        Some(id) => Some(tx.location_get(tenant, id).await?.ok_or_else(|| {
            let reason = "the location does not exist in this tenant";
            ErrorCode::UnknownLocation.problem(Some("/location_id"), reason)
        })?),
    };
    let consent = tx.consent_get(tenant, operator).await?;
    let located = tx.location_any(tenant).await?;
    let context = upload_context(operator, tenant, consent.as_ref(), located);
    let mut usable: HashMap<CallingProfileId, usize> = HashMap::new();
    for row in tx.profile_trunks(Some(operator)).await? {
        *usable.entry(row.profile_id).or_default() += usize::from(row.enabled);
    }
    for line in lines {
        let facts = UploadEntry {
            number: line.number,
            country: line.country,
            usage: Usage::parse(&line.usage).unwrap_or(Usage::ConferenceAssignment),
            toll_free: line.kind == StockKind::TollFree.as_str(),
            has_location: place.is_some(),
            location_known: true,
            tenant_may_update_location: storefront.tenant_may_update_location,
            profile_usable: usable.get(&line.profile).is_some_and(|enabled| *enabled >= 2),
            // As it was when it was put into stock; an upload looks again.
            in_declared_range: true,
            reserved: false,
            held_by: None,
        };
        check_entry(&context, &facts).map_err(|refusal| {
            let (code, field) = refusal_code(refusal);
            let field = if field == Some("location_id") { "/location_id" } else { "/numbers" };
            code.problem(Some(field), format!("{}: {refusal}", line.number))
        })?;
        if let Some(place) = &place
            && place.country != line.country
        {
            let reason = format!(
                "the location lies in {}, {} in {}",
                place.country, line.number, line.country
            );
            return Err(ErrorCode::LocationCountry.problem(Some("/location_id"), reason).into());
        }
    }
    Ok(())
}

pub(crate) fn closed() -> Problem {
    ErrorCode::ShopClosed.problem(None, "the operator's storefront is closed")
}

impl Exchange {
    /// How the operator sells.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn storefront_get(&self, cx: &Cx) -> Result<Storefront, Problem> {
        let operator = cx.operator(Access::Read)?;
        let row = self
            .view_as(cx, async move |mut db: Db| storefront_of(&mut db, operator).await)
            .await?;
        Ok(document(&row))
    }

    /// Replaces it. The secret stays.
    ///
    /// # Errors
    /// `invalid_field`, `version_mismatch`, `version_required`, `forbidden`.
    pub async fn storefront_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: StorefrontPut,
    ) -> Result<Storefront, Problem> {
        let operator = cx.operator(Access::Write)?;
        edited(&put, &unsaid(operator))?;
        let put = &put;
        self.act(cx, "storefront.put", Keep::Answer, async |mut tx| {
            let was = storefront_of(&mut tx, operator).await?;
            matches(if_match, was.version, true)?;
            raced(tx.storefront_put(&edited(put, &was)?).await?)?;
            change_other(&mut tx, "storefront", operator, of_operator(operator));
            done(document(&storefront_of(&mut tx, operator).await?), operator)
        })
        .await
    }

    /// Gives the storefront another secret, shown this once. It signs references to the payment
    /// page, and the page signs what it posts with it.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn storefront_secret(&self, cx: &Cx) -> Result<StorefrontSecret, Problem> {
        let operator = cx.operator(Access::Write)?;
        let mut secret = vec![0u8; SECRET_BYTES];
        getrandom::fill(&mut secret).expect("the operating system gives random bytes");
        let secret = &secret;
        self.act(cx, "storefront.secret", Keep::Nothing, async |mut tx| {
            let was = storefront_of(&mut tx, operator).await?;
            let row = StorefrontRow { secret: Some(secret.clone()), ..was };
            raced(tx.storefront_put(&row).await?)?;
            change_other(&mut tx, "storefront", operator, of_operator(operator));
            let storefront = document(&storefront_of(&mut tx, operator).await?);
            let answer = StorefrontSecret { secret: secret_text(secret), storefront };
            Ok(Done { answer, subject: operator.to_string() })
        })
        .await
    }

    /// The storefront of an operator that the tenant consented to.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn shop_get(&self, cx: &Cx, operator: Uuid) -> Result<Shop, Problem> {
        let (tenant, operator) = (cx.tenant(Access::Read)?, OperatorId(operator));
        let row = self
            .view(async move |mut db: Db| {
                if db.consent_get(tenant, operator).await?.is_none() {
                    return Err(not_found("storefront of an operator", operator).into());
                }
                storefront_of(&mut db, operator).await
            })
            .await?;
        Ok(Shop {
            operator_id: operator.0,
            open: row.open,
            pays_online: row.payment_url.is_some() && row.secret.is_some(),
            terms: row.terms,
            quote_minutes: row.quote_minutes,
            reservation_minutes: row.reservation_minutes,
        })
    }

    /// Says what numbers cost, and until when. A quote is whole or refused, and holds nothing.
    ///
    /// # Errors
    /// `shop_closed`, `out_of_stock`, `mixed_currencies`, `too_many_quotes`, and as an upload of the numbers.
    pub async fn quote_create(&self, cx: &Cx, ask: QuoteCreate) -> Result<Quote, Problem> {
        let (tenant, operator) = (cx.tenant(Access::Write)?, OperatorId(ask.operator_id));
        let numbers = wanted(&ask)?;
        let (numbers, location) = (&numbers, ask.location_id.map(LocationId));
        self.act(cx, "quote.create", Keep::Answer, async |mut tx| {
            // The storefront and its calling profiles are the operator's.
            tx.reach_all().await?;
            tx.consent_lock(tenant, operator).await?;
            if tx.consent_get(tenant, operator).await?.is_none() {
                let reason = "the tenant has not consented to this operator";
                return Err(ErrorCode::NoConsent.problem(Some("/operator_id"), reason).into());
            }
            let storefront = storefront_of(&mut tx, operator).await?;
            if !storefront.open {
                return Err(closed().into());
            }
            let mut there: HashMap<E164, StockRow> = tx
                .stock_locked(operator, numbers)
                .await?
                .into_iter()
                .filter(|row| row.reservation_id.is_none())
                .map(|row| (row.number, row))
                .collect();
            let missing: Vec<E164> =
                numbers.iter().copied().filter(|n| !there.contains_key(n)).collect();
            if !missing.is_empty() {
                return Err(out_of_stock(&missing).into());
            }
            let lines: Vec<QuoteLine> =
                numbers.iter().filter_map(|n| there.remove(n)).map(line).collect();
            check_lines(&mut tx, &storefront, tenant, location, &lines).await?;
            let sum = total(lines.iter().map(price)).map_err(|mixed| {
                ErrorCode::MixedCurrencies.problem(Some("/numbers"), mixed.to_string())
            })?;
            let at = tx.at();
            if tx.quote_good(tenant, operator, at).await? >= MOST_QUOTES {
                let reason = format!("{MOST_QUOTES} are good now");
                return Err(ErrorCode::TooManyQuotes.problem(None, reason).into());
            }
            let row = QuoteRow {
                id: new_id(),
                tenant_id: tenant,
                operator_id: operator,
                lines: Json(lines),
                amount: sum.map(|(amount, _)| amount.value()),
                currency: sum.map(|(_, currency)| currency.to_string()),
                terms: storefront.terms,
                location_id: location,
                created_at: at,
                valid_until: at + i64::from(storefront.quote_minutes) * MINUTE,
            };
            tx.quote_insert(&row).await?;
            change_other(&mut tx, "quote", row.id, of_both(tenant, operator));
            done(quote_document(&row), row.id)
        })
        .await
    }

    /// A quote that was given to the tenant.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn quote_get(&self, cx: &Cx, id: Uuid) -> Result<Quote, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row = self
            .view_as(cx, async move |mut db: Db| {
                let row = db.quote_get(id).await?.filter(|row| row.tenant_id == tenant);
                Ok(row.ok_or_else(|| not_found("quote", id))?)
            })
            .await?;
        Ok(quote_document(&row))
    }
}
