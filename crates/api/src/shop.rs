//! Number shopping: an operator's stock, and what tenants find in it.

use crate::{
    App,
    auth::{Caller, read_body},
    extract::{IfMatch, Json, NarrowParams, Path, Query, is_json, list},
    failure::{Answer, refuse},
    finish::RequestId,
    respond::{self, Format, listed, narrowed, pages, versioned},
    spool::Spooled,
};
use api_types::{ErrorCode, Page, shop::*};
use axum::{
    extract::{Request, State},
    response::Response,
};
use exchange::{Cx, ShopSearch};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// What you have in stock
///
/// By number. Filters: `number`, `country`.
#[utoipa::path(
    get, path = "/operator/v1/stock", tag = "operator",
    params(NarrowParams),
    responses((status = 200, description = "A page of numbers", body = Page<Stock>))
)]
pub async fn stock_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, stock_list)).await
}

/// Offer numbers
///
/// At most 10,000 at once, one by one or in ranges, inside your declared ranges and in nobody's inventory. Each succeeds or fails alone; one that is in stock already is offered as you say now.
#[utoipa::path(
    post, path = "/operator/v1/stock", tag = "operator",
    request_body = StockPut,
    responses((status = 200, description = "What became of them", body = StockResult))
)]
pub async fn stock_put(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<StockPut>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.stock_put(&caller, body).await?))
}

/// What holds for every row of a file of stock.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockFileParams {
    /// Which header means what: `number:Phone,area:#3`. Left out, headers are the fields' names.
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// Unless a row says otherwise.
    pub calling_profile_id: Option<Uuid>,
    /// Unless a row says otherwise.
    #[param(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: Option<String>,
    /// Unless a row says otherwise.
    #[param(max_length = 64)]
    pub area: Option<String>,
    /// Unless a row says otherwise.
    #[param(pattern = "^(Geographic|Mobile|TollFree|Other)$")]
    pub kind: Option<String>,
    /// Unless a row says otherwise.
    #[param(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// Unless a row says otherwise.
    #[param(max_length = 200)]
    pub price_note: Option<String>,
    /// Unless a row says otherwise.
    #[param(pattern = r"^[0-9]{1,9}(\.[0-9]{1,4})?$")]
    pub amount: Option<String>,
    /// Together with `amount`.
    #[param(pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
}

/// Offer the numbers of a CSV file
///
/// Columns `number`, and `last` (the row is a range), `country`, `area`, `kind`, `usage`, `calling_profile_id`, `price_note`, `amount` and `currency`. At most 10,000 numbers. One that fails names its line and column.
#[utoipa::path(
    post, path = "/operator/v1/stock/csv", tag = "operator",
    params(StockFileParams),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses((status = 200, description = "What became of them", body = StockResult))
)]
pub async fn stock_file(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<StockFileParams>,
    spooled: Spooled,
) -> Answer<Response> {
    let cx = Cx { idempotency_key: spooled.idempotency_key, ..caller.cx.clone() };
    let all = StockPut {
        calling_profile_id: query.calling_profile_id,
        country: query.country,
        area: query.area,
        kind: query.kind,
        usage: query.usage,
        price_note: query.price_note,
        amount: query.amount,
        currency: query.currency,
        entries: Vec::new(),
        ranges: Vec::new(),
        dry_run: query.dry_run.unwrap_or(false),
    };
    let columns = query.columns.as_deref();
    Ok(respond::ok(app.exchange.stock_file(&cx, all, spooled.file, columns).await?))
}

/// Offer numbers no more
///
/// One by one, or whatever is in stock within ranges. Those that a tenant has reserved stay.
#[utoipa::path(
    post, path = "/operator/v1/stock/withdraw", tag = "operator",
    request_body = StockWithdraw,
    responses((status = 200, description = "What became of them", body = StockResult))
)]
pub async fn stock_withdraw(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<StockWithdraw>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.stock_withdraw(&caller, body).await?))
}

/// How much you have in stock
#[utoipa::path(
    get, path = "/operator/v1/stock/counts", tag = "operator",
    responses((status = 200, description = "By country and kind", body = StockCounts))
)]
pub async fn stock_counts(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.stock_counts(&caller).await?))
}

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShopParams {
    /// ISO 3166-1 alpha-2; your consent covers it.
    #[param(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: String,
    /// City, region or network in the operator's words; upper and lower case are the same.
    #[param(max_length = 64)]
    pub area: Option<String>,
    /// `Geographic`, `Mobile`, `TollFree` or `Other`.
    #[param(pattern = "^(Geographic|Mobile|TollFree|Other)$")]
    pub kind: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`.
    #[param(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// Over the whole number with its country code: digits, `?` for one digit, at most four `*`
    /// for any number of them. `4420794600??`, `44*1234`.
    #[param(pattern = r"^\+?[0-9?*]*[0-9][0-9?*]*$", max_length = 20, example = "4420794600??")]
    pub pattern: Option<String>,
    /// So many numbers that follow one another and differ in nothing else; each entry is such a
    /// block.
    #[param(minimum = 1, maximum = 1000)]
    pub block: Option<u32>,
    /// Only blocks that begin at a multiple of their size: `…00` for a hundred.
    pub aligned: Option<bool>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Search an operator's stock
///
/// Numbers that can be had, by number, or blocks of them. A page looks at 10,000 numbers at most: it may be short, or empty, though more follow; ask on until `next_cursor` is null.
#[utoipa::path(
    get, path = "/tenant/v1/shop/{operator_id}/numbers", tag = "tenant",
    params(("operator_id" = Uuid, Path, description = "The operator"), ShopParams),
    responses((status = 200, description = "A page of numbers or blocks", body = Page<ShopNumber>))
)]
pub async fn shop_number_list(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    Query(query): Query<ShopParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let search = ShopSearch {
        country: query.country,
        area: query.area,
        kind: query.kind,
        usage: query.usage,
        pattern: query.pattern,
        block: query.block,
        aligned: query.aligned.unwrap_or(false),
    };
    listed(format, list, pages!(app, caller, shop_number_list, operator_id, search)).await
}

/// How you sell
#[utoipa::path(
    get, path = "/operator/v1/storefront", tag = "operator",
    responses((status = 200, description = "The storefront", body = Storefront))
)]
pub async fn storefront_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.storefront_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Say how you sell
///
/// Replaces it all but the secret. Closed until you say otherwise.
#[utoipa::path(
    put, path = "/operator/v1/storefront", tag = "operator", request_body = StorefrontPut,
    params(("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The storefront", body = Storefront))
)]
pub async fn storefront_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<StorefrontPut>,
) -> Answer<Response> {
    let found = app.exchange.storefront_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Another secret for the payment page
///
/// Shown this once. It signs `{reference}` (a JSON Web Token, HS256), and your page signs what it posts with it (Standard Webhooks). The old one is no longer good.
#[utoipa::path(
    post, path = "/operator/v1/storefront/secret", tag = "operator",
    responses((status = 200, description = "The secret", body = StorefrontSecret))
)]
pub async fn storefront_secret(State(app): State<App>, caller: Caller) -> Answer<Response> {
    Ok(respond::ok(app.exchange.storefront_secret(&caller).await?))
}

/// Reservations of your stock, newest first
///
/// Filters: `state`.
#[utoipa::path(
    get, path = "/operator/v1/reservations", tag = "operator",
    params(NarrowParams),
    responses((status = 200, description = "A page of reservations", body = Page<Reservation>))
)]
pub async fn operator_reservation_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, operator_reservation_list)).await
}

/// One reservation with its numbers
#[utoipa::path(
    get, path = "/operator/v1/reservations/{reservation_id}", tag = "operator",
    params(("reservation_id" = Uuid, Path, description = "The reservation")),
    responses((status = 200, description = "The reservation", body = Reservation))
)]
pub async fn operator_reservation_get(
    State(app): State<App>,
    caller: Caller,
    Path(reservation_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.operator_reservation_get(&caller, reservation_id).await?))
}

/// Deliver a reservation
///
/// Paid or not. Places the upload order of its numbers, whose entries succeed or fail alone; what fails goes back into stock.
#[utoipa::path(
    post, path = "/operator/v1/reservations/{reservation_id}/accept", tag = "operator",
    params(("reservation_id" = Uuid, Path, description = "The reservation")),
    responses((status = 200, description = "The reservation", body = Reservation))
)]
pub async fn reservation_accept(
    State(app): State<App>,
    caller: Caller,
    Path(reservation_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.reservation_accept(&caller, reservation_id).await?))
}

/// Do not deliver a reservation
///
/// Its numbers go back into stock. What was paid you give back where it was paid.
#[utoipa::path(
    post, path = "/operator/v1/reservations/{reservation_id}/decline", tag = "operator",
    request_body = ReservationDecline,
    params(("reservation_id" = Uuid, Path, description = "The reservation")),
    responses((status = 200, description = "The reservation", body = Reservation))
)]
pub async fn reservation_decline(
    State(app): State<App>,
    caller: Caller,
    Path(reservation_id): Path<Uuid>,
    Json(body): Json<ReservationDecline>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.reservation_decline(&caller, reservation_id, body).await?))
}

/// An operator's storefront
#[utoipa::path(
    get, path = "/tenant/v1/shop/{operator_id}", tag = "tenant",
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 200, description = "The storefront", body = Shop))
)]
pub async fn shop_get(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.shop_get(&caller, operator_id).await?))
}

/// Ask what numbers cost
///
/// At most 1,000 of one operator's stock, in one currency. The quote never changes, and holds no number; what an upload of them would be refused for is told here.
#[utoipa::path(
    post, path = "/tenant/v1/quotes", tag = "tenant", request_body = QuoteCreate,
    responses((status = 201, description = "The quote", body = Quote))
)]
pub async fn quote_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<QuoteCreate>,
) -> Answer<Response> {
    let quote = app.exchange.quote_create(&caller, body).await?;
    Ok(respond::created(Some(format!("/tenant/v1/quotes/{}", quote.id)), quote))
}

/// One quote
#[utoipa::path(
    get, path = "/tenant/v1/quotes/{quote_id}", tag = "tenant",
    params(("quote_id" = Uuid, Path, description = "The quote")),
    responses((status = 200, description = "The quote", body = Quote))
)]
pub async fn quote_get(
    State(app): State<App>,
    caller: Caller,
    Path(quote_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.quote_get(&caller, quote_id).await?))
}

/// Your reservations, newest first
///
/// Filters: `state`.
#[utoipa::path(
    get, path = "/tenant/v1/reservations", tag = "tenant",
    params(NarrowParams),
    responses((status = 200, description = "A page of reservations", body = Page<Reservation>))
)]
pub async fn reservation_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, reservation_list)).await
}

/// Reserve the numbers of a quote
///
/// All of them or none, at its price; this accepts its terms. They are held until `expires_at`; `payment_url` is where they are paid.
#[utoipa::path(
    post, path = "/tenant/v1/reservations", tag = "tenant", request_body = ReservationCreate,
    responses((status = 201, description = "The reservation", body = Reservation))
)]
pub async fn reservation_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ReservationCreate>,
) -> Answer<Response> {
    let made = app.exchange.reservation_create(&caller, body).await?;
    Ok(respond::created(Some(format!("/tenant/v1/reservations/{}", made.id)), made))
}

/// One reservation with its numbers
#[utoipa::path(
    get, path = "/tenant/v1/reservations/{reservation_id}", tag = "tenant",
    params(("reservation_id" = Uuid, Path, description = "The reservation")),
    responses((status = 200, description = "The reservation", body = Reservation))
)]
pub async fn reservation_get(
    State(app): State<App>,
    caller: Caller,
    Path(reservation_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.reservation_get(&caller, reservation_id).await?))
}

/// More time to pay
///
/// As long again, once.
#[utoipa::path(
    post, path = "/tenant/v1/reservations/{reservation_id}/extend", tag = "tenant",
    params(("reservation_id" = Uuid, Path, description = "The reservation")),
    responses((status = 200, description = "The reservation", body = Reservation))
)]
pub async fn reservation_extend(
    State(app): State<App>,
    caller: Caller,
    Path(reservation_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.reservation_extend(&caller, reservation_id).await?))
}

/// Give a reservation up
///
/// Its numbers go back into stock. One that is paid is its operator's to decline.
#[utoipa::path(
    post, path = "/tenant/v1/reservations/{reservation_id}/cancel", tag = "tenant",
    params(("reservation_id" = Uuid, Path, description = "The reservation")),
    responses((status = 200, description = "The reservation", body = Reservation))
)]
pub async fn reservation_cancel(
    State(app): State<App>,
    caller: Caller,
    Path(reservation_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.reservation_cancel(&caller, reservation_id).await?))
}

/// A payment page says that a reservation was paid
///
/// For an operator's own payment page, which has no token: it signs what it posts by the Standard Webhooks scheme with the storefront's secret. Whoever says it again gets the same answer.
#[utoipa::path(
    post, path = "/shop/v1/operators/{operator_id}/paid", tag = "shop",
    request_body = PaidCallback,
    params(
        ("operator_id" = Uuid, Path, description = "The operator"),
        ("webhook-id" = String, Header, description = "Names the message"),
        ("webhook-timestamp" = String, Header, description = "Seconds since 1970, at most 300 from now"),
        ("webhook-signature" = String, Header, description = "`v1,` and the signature in base64"),
    ),
    responses((status = 200, description = "The reservation's state by now", body = PaidAnswer))
)]
pub async fn reservation_paid(
    State(app): State<App>,
    Path(operator_id): Path<Uuid>,
    request: Request,
) -> Answer<Response> {
    let headers = request.headers().clone();
    let request_id =
        request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    if !is_json(&headers) {
        let reason = "the body is to be application/json";
        return Err(refuse(ErrorCode::UnsupportedMediaType, Some("Content-Type"), reason));
    }
    let body = read_body(request).await?;
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let received = exchange::Received {
        id: of("webhook-id"),
        timestamp: of("webhook-timestamp"),
        signature: of("webhook-signature"),
        body: &body,
    };
    Ok(respond::ok(app.exchange.reservation_paid(operator_id, received, &request_id).await?))
}
