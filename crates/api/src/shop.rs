//! Number shopping: an operator's stock, and what tenants find in it.

use crate::{
    App,
    auth::Caller,
    extract::{Json, NarrowParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, narrowed, pages},
    spool::Spooled,
};
use api_types::{Page, shop::*};
use axum::{extract::State, response::Response};
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
