//! Orders of tenants, what follows an order of either side, CSV files, tags, blocks and what a
//! tenant wants done with its numbers unless an operation says otherwise.

use crate::{
    App,
    auth::Caller,
    extract::{
        IfMatch, Json, ListParams, NarrowParams, Path, Query, TrialParams, list,
        number as number_of,
    },
    failure::Answer,
    respond::{self, Format, listed, narrowed, pages, versioned},
    spool::Spooled,
};
use api_types::{Page, number::*, tenant::UserFileResult};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::{Cx, TenantOrderFile};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// The caller with the key that a file is bound to.
pub(crate) fn keyed(caller: &Caller, key: Option<(String, [u8; 32])>) -> Cx {
    Cx { idempotency_key: key, ..caller.cx.clone() }
}

fn placed(order: NumberOrder, face: &str) -> Response {
    respond::accepted(format!("/{face}/v1/number-orders/{}", order.id), order)
}

/// The orders the tenant has placed, newest first
#[utoipa::path(
    get, path = "/tenant/v1/number-orders", tag = "tenant",
    params(NarrowParams),
    responses((status = 200, description = "A page of orders", body = Page<NumberOrder>))
)]
pub async fn tenant_order_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, tenant_order_list)).await
}

/// The same for many numbers
///
/// Assigns numbers, takes them back, sets locations, tags or usage. A worker runs the entries, each of which succeeds or fails alone. Poll the order named in Location, or follow its events.
#[utoipa::path(
    post, path = "/tenant/v1/number-orders", tag = "tenant",
    request_body = TenantOrderCreate,
    responses((status = 202, description = "The order, to be polled", body = NumberOrder))
)]
pub async fn tenant_order_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TenantOrderCreate>,
) -> Answer<Response> {
    Ok(placed(app.exchange.tenant_order_create(&caller, body).await?, "tenant"))
}

/// What holds for every row of a tenant's file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenantFileParams {
    /// `assign`, `unassign`, `location`, `tags` or `usage`.
    #[param(pattern = "^(assign|unassign|location|tags|usage)$")]
    pub kind: String,
    /// Which header means what: `number:Phone,user:#3`. Left out, headers are the fields' names.
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// For `assign` and `location`: unless a row says otherwise.
    pub location_id: Option<Uuid>,
    /// For `usage`.
    #[param(pattern = "^(CallingUserAssignment|FirstPartyAppAssignment)$")]
    pub usage: Option<String>,
    /// For `tags`: to add, parted by commas.
    #[param(max_length = 1000)]
    pub add_tags: Option<String>,
    /// For `tags`: to remove, parted by commas.
    #[param(max_length = 1000)]
    pub remove_tags: Option<String>,
    /// For `unassign`: `none`, `forever` or 1 to 365 days.
    #[param(pattern = "^(none|forever|[1-9][0-9]{0,2})$")]
    pub block: Option<String>,
    /// The tenant's own reference.
    #[param(min_length = 1, max_length = 64)]
    pub ticket_id: Option<String>,
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
}

/// The same for the rows of a CSV file
///
/// Columns `number`, and for `assign` `user` (a user principal name or id), `resource_account` and `location_id`, for `location` `location_id`. At most 100,000 rows for `assign` and `unassign`, 1,000 otherwise, in 32 MiB. An entry that fails names its line and column.
#[utoipa::path(
    post, path = "/tenant/v1/number-orders/csv", tag = "tenant",
    params(TenantFileParams),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses((status = 202, description = "The order, to be polled", body = NumberOrder))
)]
pub async fn tenant_order_file(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TenantFileParams>,
    spooled: Spooled,
) -> Answer<Response> {
    let cx = keyed(&caller, spooled.idempotency_key);
    let tags = |text: Option<String>| -> Vec<String> {
        let text = text.unwrap_or_default();
        text.split(',').filter(|tag| !tag.trim().is_empty()).map(str::to_owned).collect()
    };
    let new = TenantOrderCreate {
        kind: query.kind,
        location_id: query.location_id,
        usage: query.usage,
        add_tags: tags(query.add_tags),
        remove_tags: tags(query.remove_tags),
        block: query.block,
        ticket_id: query.ticket_id,
        dry_run: query.dry_run.unwrap_or(false),
        entries: Vec::new(),
    };
    let file = TenantOrderFile { file: spooled.file, columns: query.columns };
    Ok(placed(app.exchange.tenant_order_file(&cx, new, file).await?, "tenant"))
}

/// One order with its progress
#[utoipa::path(
    get, path = "/tenant/v1/number-orders/{order_id}", tag = "tenant",
    params(("order_id" = Uuid, Path, description = "The order")),
    responses((status = 200, description = "The order", body = NumberOrder))
)]
pub async fn tenant_order_get(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.tenant_order_get(&caller, order_id).await?))
}

/// An order's entries with their results
#[utoipa::path(
    get, path = "/tenant/v1/number-orders/{order_id}/entries", tag = "tenant",
    params(("order_id" = Uuid, Path, description = "The order"), ListParams),
    responses((status = 200, description = "A page of entries", body = Page<NumberOrderEntry>))
)]
pub async fn tenant_order_entries(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, tenant_order_entries, order_id)).await
}

/// Try the failed entries again
///
/// As a new order, of the same kind; the old one and its report stay.
#[utoipa::path(
    post, path = "/tenant/v1/number-orders/{order_id}/retry", tag = "tenant",
    params(("order_id" = Uuid, Path, description = "The order")),
    responses((status = 202, description = "The new order, to be polled", body = NumberOrder))
)]
pub async fn tenant_order_retry(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(placed(app.exchange.tenant_order_retry(&caller, order_id).await?, "tenant"))
}

/// Undo an order
///
/// As a new order of the opposite acts, from the states the old one found. An entry whose number has changed since is refused.
#[utoipa::path(
    post, path = "/tenant/v1/number-orders/{order_id}/undo", tag = "tenant",
    params(("order_id" = Uuid, Path, description = "The order"), TrialParams),
    responses((status = 202, description = "The new order, to be polled", body = NumberOrder))
)]
pub async fn tenant_order_undo(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
    Query(query): Query<TrialParams>,
) -> Answer<Response> {
    let dry_run = query.dry_run.unwrap_or(false);
    Ok(placed(app.exchange.tenant_order_undo(&caller, order_id, dry_run).await?, "tenant"))
}

/// Undo the last assignment of a number, or its end
///
/// As an order of one entry. What an order did is undone by undoing the order.
#[utoipa::path(
    post, path = "/tenant/v1/numbers/{number}/assignment/undo", tag = "tenant",
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$"), TrialParams),
    responses((status = 202, description = "The new order, to be polled", body = NumberOrder))
)]
pub async fn assignment_undo(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Query(query): Query<TrialParams>,
) -> Answer<Response> {
    let (number, dry_run) = (number_of(&number)?, query.dry_run.unwrap_or(false));
    Ok(placed(app.exchange.assignment_undo(&caller, number, dry_run).await?, "tenant"))
}

/// Keep a number from being assigned
///
/// For ever, or for 1 to 365 days; a block that is there already must be lifted first.
#[utoipa::path(
    put, path = "/tenant/v1/numbers/{number}/assignment-block", tag = "tenant",
    request_body = AssignmentBlockPut,
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The number", body = Number))
)]
pub async fn assignment_block_put(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    IfMatch(version): IfMatch,
    Json(body): Json<AssignmentBlockPut>,
) -> Answer<Response> {
    let number = number_of(&number)?;
    let found = app.exchange.assignment_block_put(&caller, number, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Lift a number's block
#[utoipa::path(
    delete, path = "/tenant/v1/numbers/{number}/assignment-block", tag = "tenant",
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The number", body = Number))
)]
pub async fn assignment_block_remove(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let number = number_of(&number)?;
    let found = app.exchange.assignment_block_remove(&caller, number, version).await?;
    Ok(versioned(found.version, found))
}

/// Replace a number's tags
#[utoipa::path(
    put, path = "/tenant/v1/numbers/{number}/tags", tag = "tenant",
    request_body = TagsPut,
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The number", body = Number))
)]
pub async fn number_tags_put(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    IfMatch(version): IfMatch,
    Json(body): Json<TagsPut>,
) -> Answer<Response> {
    let number = number_of(&number)?;
    let found = app.exchange.number_tags_put(&caller, number, version, body).await?;
    Ok(versioned(found.version, found))
}

/// The tenant's tags
#[utoipa::path(
    get, path = "/tenant/v1/tags", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of tags", body = Page<NumberTag>))
)]
pub async fn tag_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, tag_list)).await
}

/// What is done with numbers unless an operation says otherwise
#[utoipa::path(
    get, path = "/tenant/v1/number-settings", tag = "tenant",
    responses((status = 200, description = "The settings", body = NumberSettings))
)]
pub async fn number_settings_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.number_settings_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Replace it
#[utoipa::path(
    put, path = "/tenant/v1/number-settings", tag = "tenant",
    request_body = NumberSettingsPut,
    params(("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The settings", body = NumberSettings))
)]
pub async fn number_settings_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<NumberSettingsPut>,
) -> Answer<Response> {
    let found = app.exchange.number_settings_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}

/// How a file of people is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserFileParams {
    /// Which header means what: `upn:Mail,display_name:#2`. Left out, headers are the fields'
    /// names.
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
}

/// Add and edit people from a CSV file
///
/// Columns `upn`, `display_name`, `country` and `licences`, the last parted by `;`; whoever is there already is edited, and what a row leaves out stays. At most 1,000 rows, each of which succeeds or fails alone.
#[utoipa::path(
    post, path = "/tenant/v1/users/csv", tag = "tenant",
    params(UserFileParams),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses((status = 200, description = "What became of its rows", body = UserFileResult))
)]
pub async fn user_file(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<UserFileParams>,
    spooled: Spooled,
) -> Answer<Response> {
    let cx = keyed(&caller, spooled.idempotency_key);
    let (columns, dry_run) = (query.columns.as_deref(), query.dry_run.unwrap_or(false));
    Ok(respond::ok(app.exchange.user_file(&cx, spooled.file, columns, dry_run).await?))
}

/// What holds for every row of an operator's file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OperatorFileParams {
    /// `upload`, `release` or `update`.
    #[param(pattern = "^(upload|release|update)$")]
    pub kind: String,
    /// The tenant.
    pub tenant_id: Uuid,
    /// Which header means what: `number:Phone,usage:#3`. Left out, headers are the fields' names.
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// Unless a row says otherwise.
    pub calling_profile_id: Option<Uuid>,
    /// Unless a row says otherwise.
    #[param(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// Unless a row says otherwise.
    pub location_id: Option<Uuid>,
    /// The tenant may set or change the location.
    pub allow_tenant_address_update: Option<bool>,
    /// The operator's own reference.
    #[param(min_length = 1, max_length = 64)]
    pub ticket_id: Option<String>,
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
}

/// Upload, release or update the numbers of a CSV file
///
/// Columns `number`, and `usage`, `calling_profile_id`, `location_id` and `country`. At most 10,000 rows. An entry that fails names its line and column.
#[utoipa::path(
    post, path = "/operator/v1/number-orders/csv", tag = "operator",
    params(OperatorFileParams),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses((status = 202, description = "The order, to be polled", body = NumberOrder))
)]
pub async fn number_order_file(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OperatorFileParams>,
    spooled: Spooled,
) -> Answer<Response> {
    let cx = keyed(&caller, spooled.idempotency_key);
    let new = NumberOrderCreate {
        kind: query.kind,
        tenant_id: query.tenant_id,
        calling_profile_id: query.calling_profile_id,
        usage: query.usage,
        location_id: query.location_id,
        allow_tenant_address_update: query.allow_tenant_address_update,
        ticket_id: query.ticket_id,
        dry_run: query.dry_run.unwrap_or(false),
        entries: Vec::new(),
    };
    let columns = query.columns.as_deref();
    let made = app.exchange.number_order_file(&cx, new, spooled.file, columns).await?;
    Ok(placed(made, "operator"))
}

/// Try the failed entries again
///
/// As a new order, of the same kind; the old one and its report stay.
#[utoipa::path(
    post, path = "/operator/v1/number-orders/{order_id}/retry", tag = "operator",
    params(("order_id" = Uuid, Path, description = "The order")),
    responses((status = 202, description = "The new order, to be polled", body = NumberOrder))
)]
pub async fn number_order_retry(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(placed(app.exchange.number_order_retry(&caller, order_id).await?, "operator"))
}

/// Undo an order
///
/// As a new order of the opposite acts, from the states the old one found. An entry whose number has changed since is refused.
#[utoipa::path(
    post, path = "/operator/v1/number-orders/{order_id}/undo", tag = "operator",
    params(("order_id" = Uuid, Path, description = "The order"), TrialParams),
    responses((status = 202, description = "The new order, to be polled", body = NumberOrder))
)]
pub async fn number_order_undo(
    State(app): State<App>,
    caller: Caller,
    Path(order_id): Path<Uuid>,
    Query(query): Query<TrialParams>,
) -> Answer<Response> {
    let dry_run = query.dry_run.unwrap_or(false);
    Ok(placed(app.exchange.number_order_undo(&caller, order_id, dry_run).await?, "operator"))
}

/// What failed in the operator's orders, newest first
///
/// Until it is dismissed.
#[utoipa::path(
    get, path = "/operator/v1/order-messages", tag = "operator",
    params(NarrowParams),
    responses((status = 200, description = "A page of messages", body = Page<OrderMessage>))
)]
pub async fn order_message_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, order_message_list)).await
}

/// Dismiss a message
#[utoipa::path(
    delete, path = "/operator/v1/order-messages/{message_id}", tag = "operator",
    params(("message_id" = Uuid, Path, description = "The message")),
    responses((status = 204, description = "Gone"))
)]
pub async fn order_message_dismiss(
    State(app): State<App>,
    caller: Caller,
    Path(message_id): Path<Uuid>,
) -> Answer<Response> {
    app.exchange.order_message_dismiss(&caller, message_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Disputes on numbers that the operator claims or holds, newest first
#[utoipa::path(
    get, path = "/operator/v1/disputes", tag = "operator",
    params(ListParams),
    responses((status = 200, description = "A page of disputes", body = Page<Dispute>))
)]
pub async fn operator_dispute_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, operator_dispute_list)).await
}

/// Withdraw or concede
#[utoipa::path(
    patch, path = "/operator/v1/disputes/{dispute_id}", tag = "operator",
    request_body = DisputeUpdate,
    params(("dispute_id" = Uuid, Path, description = "The dispute")),
    responses((status = 200, description = "The dispute", body = Dispute))
)]
pub async fn operator_dispute_update(
    State(app): State<App>,
    caller: Caller,
    Path(dispute_id): Path<Uuid>,
    Json(body): Json<DisputeUpdate>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.operator_dispute_update(&caller, dispute_id, body).await?))
}

/// Every dispute on a number's authority, newest first
#[utoipa::path(
    get, path = "/programme/v1/disputes", tag = "programme",
    params(ListParams),
    responses((status = 200, description = "A page of disputes", body = Page<Dispute>))
)]
pub async fn dispute_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, dispute_list)).await
}

/// Decide a dispute
#[utoipa::path(
    patch, path = "/programme/v1/disputes/{dispute_id}", tag = "programme",
    request_body = DisputeUpdate,
    params(("dispute_id" = Uuid, Path, description = "The dispute")),
    responses((status = 200, description = "The dispute", body = Dispute))
)]
pub async fn dispute_update(
    State(app): State<App>,
    caller: Caller,
    Path(dispute_id): Path<Uuid>,
    Json(body): Json<DisputeUpdate>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.dispute_update(&caller, dispute_id, body).await?))
}
