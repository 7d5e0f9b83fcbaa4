//! The tenant's face, `/tenant/v1`: directory, consents, addresses, people, numbers, calls.

use crate::{
    App,
    auth::Caller,
    extract::{
        BlockParams, CallParams, DirectoryParams, IfMatch, Json, ListParams, NarrowParams,
        NumberParams, Path, Query, list, number as number_of,
    },
    failure::Answer,
    respond::{self, Format, listed, narrowed, pages, versioned, with_etag},
};
use api_types::{Page, call::*, number::*, operator::DirectoryEntry, tenant::*};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::DirectoryFilter;
use uuid::Uuid;

/// The directory
///
/// Operators with a published offer, with the asking tenant's own standing.
#[utoipa::path(
    get, path = "/tenant/v1/operators", tag = "tenant",
    params(DirectoryParams),
    responses((status = 200, description = "A page of the directory", body = Page<DirectoryEntry>))
)]
pub async fn directory_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<DirectoryParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let filter = DirectoryFilter {
        country: query.country,
        region: query.region,
        service: query.service,
        number_type: query.number_type,
    };
    listed(format, list, pages!(app, caller, directory_list, filter)).await
}

/// The tenant's consents
#[utoipa::path(
    get, path = "/tenant/v1/consents", tag = "tenant",
    params(NarrowParams),
    responses((status = 200, description = "A page of consents", body = Page<Consent>))
)]
pub async fn consent_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, consent_list)).await
}

/// Choose an operator
///
/// Gives consent, or takes a removed one up again.
#[utoipa::path(
    post, path = "/tenant/v1/consents", tag = "tenant",
    request_body = ConsentCreate,
    responses(
        (status = 201, description = "The new consent", body = Consent),
        (status = 200, description = "The consent, taken up again", body = Consent),
    )
)]
pub async fn consent_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ConsentCreate>,
) -> Answer<Response> {
    let (consent, is_new) = app.exchange.consent_create(&caller, body).await?;
    let version = consent.version;
    if !is_new {
        return Ok(versioned(version, consent));
    }
    let location = format!("/tenant/v1/consents/{}", consent.operator_id);
    Ok(with_etag(respond::created(Some(location), consent), version))
}

/// The consent to one operator
#[utoipa::path(
    get, path = "/tenant/v1/consents/{operator_id}", tag = "tenant",
    params(("operator_id" = Uuid, Path, description = "The operator")),
    responses((status = 200, description = "The consent", body = Consent))
)]
pub async fn consent_get(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.consent_get(&caller, operator_id).await?;
    Ok(versioned(found.version, found))
}

/// Edit, suspend or resume a consent
///
/// What is left out stays.
#[utoipa::path(
    patch, path = "/tenant/v1/consents/{operator_id}", tag = "tenant",
    request_body = ConsentUpdate,
    params(("operator_id" = Uuid, Path, description = "The operator"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The consent", body = Consent))
)]
pub async fn consent_update(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<ConsentUpdate>,
) -> Answer<Response> {
    let found = app.exchange.consent_update(&caller, operator_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// End a consent
///
/// Every number of the operator must be unassigned and released first.
#[utoipa::path(
    delete, path = "/tenant/v1/consents/{operator_id}", tag = "tenant",
    params(("operator_id" = Uuid, Path, description = "The operator"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The removed consent", body = Consent))
)]
pub async fn consent_remove(
    State(app): State<App>,
    caller: Caller,
    Path(operator_id): Path<Uuid>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let found = app.exchange.consent_remove(&caller, operator_id, version).await?;
    Ok(versioned(found.version, found))
}

/// The tenant's civic addresses
#[utoipa::path(
    get, path = "/tenant/v1/civic-addresses", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of addresses with their locations", body = Page<CivicAddress>))
)]
pub async fn civic_address_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, civic_address_list)).await
}

/// Make a civic address
///
/// A default location comes with it.
#[utoipa::path(
    post, path = "/tenant/v1/civic-addresses", tag = "tenant",
    request_body = CivicAddressCreate,
    responses((status = 201, description = "The address", body = CivicAddress))
)]
pub async fn civic_address_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CivicAddressCreate>,
) -> Answer<Response> {
    let made = app.exchange.civic_address_create(&caller, body).await?;
    Ok(respond::created(Some(format!("/tenant/v1/civic-addresses/{}", made.id)), made))
}

/// One civic address
#[utoipa::path(
    get, path = "/tenant/v1/civic-addresses/{civic_address_id}", tag = "tenant",
    params(("civic_address_id" = Uuid, Path, description = "The address")),
    responses((status = 200, description = "The address with its locations", body = CivicAddress))
)]
pub async fn civic_address_get(
    State(app): State<App>,
    caller: Caller,
    Path(civic_address_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.civic_address_get(&caller, civic_address_id).await?))
}

/// Remove a civic address no number uses
#[utoipa::path(
    delete, path = "/tenant/v1/civic-addresses/{civic_address_id}", tag = "tenant",
    params(("civic_address_id" = Uuid, Path, description = "The address"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 204, description = "It is gone"))
)]
pub async fn civic_address_remove(
    State(app): State<App>,
    caller: Caller,
    Path(civic_address_id): Path<Uuid>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    app.exchange.civic_address_remove(&caller, civic_address_id, version).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Add a place within an address
#[utoipa::path(
    post, path = "/tenant/v1/civic-addresses/{civic_address_id}/locations", tag = "tenant",
    request_body = LocationCreate,
    params(("civic_address_id" = Uuid, Path, description = "The address")),
    responses((status = 201, description = "The location", body = Location))
)]
pub async fn location_create(
    State(app): State<App>,
    caller: Caller,
    Path(civic_address_id): Path<Uuid>,
    Json(body): Json<LocationCreate>,
) -> Answer<Response> {
    let made = app.exchange.location_create(&caller, civic_address_id, body).await?;
    Ok(respond::created(None, made))
}

/// The tenant's people
#[utoipa::path(
    get, path = "/tenant/v1/users", tag = "tenant",
    params(NarrowParams),
    responses((status = 200, description = "A page of people", body = Page<User>))
)]
pub async fn user_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NarrowParams>,
    format: Format,
) -> Answer<Response> {
    let (list, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, user_list)).await
}

/// Add a person
#[utoipa::path(
    post, path = "/tenant/v1/users", tag = "tenant",
    request_body = UserCreate,
    responses((status = 201, description = "The person", body = User))
)]
pub async fn user_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<UserCreate>,
) -> Answer<Response> {
    let made = app.exchange.user_create(&caller, body).await?;
    let (location, version) = (Some(format!("/tenant/v1/users/{}", made.id)), made.version);
    Ok(with_etag(respond::created(location, made), version))
}

/// One person
#[utoipa::path(
    get, path = "/tenant/v1/users/{user_id}", tag = "tenant",
    params(("user_id" = Uuid, Path, description = "The person")),
    responses((status = 200, description = "The person", body = User))
)]
pub async fn user_get(
    State(app): State<App>,
    caller: Caller,
    Path(user_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.user_get(&caller, user_id).await?;
    Ok(versioned(found.version, found))
}

/// Edit a person
///
/// What is left out stays.
#[utoipa::path(
    patch, path = "/tenant/v1/users/{user_id}", tag = "tenant",
    request_body = UserUpdate,
    params(("user_id" = Uuid, Path, description = "The person"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The person", body = User))
)]
pub async fn user_update(
    State(app): State<App>,
    caller: Caller,
    Path(user_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<UserUpdate>,
) -> Answer<Response> {
    let found = app.exchange.user_update(&caller, user_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Remove a person
///
/// With their phone, their places in queues and groups, and the policies assigned to them. Nobody is
/// removed who has a number, unless numbers of people who leave are taken back
/// (`/tenant/v1/number-settings`).
#[utoipa::path(
    delete, path = "/tenant/v1/users/{user_id}", tag = "tenant",
    params(("user_id" = Uuid, Path, description = "The person"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The person as they were", body = User))
)]
pub async fn user_remove(
    State(app): State<App>,
    caller: Caller,
    Path(user_id): Path<Uuid>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.user_remove(&caller, user_id, version).await?))
}

/// New phone credentials
///
/// The old ones stop working. The password is shown this once.
#[utoipa::path(
    post, path = "/tenant/v1/users/{user_id}/phone", tag = "tenant",
    params(("user_id" = Uuid, Path, description = "The person")),
    responses((status = 201, description = "The credentials", body = PhoneCredentials))
)]
pub async fn user_phone_create(
    State(app): State<App>,
    caller: Caller,
    Path(user_id): Path<Uuid>,
) -> Answer<Response> {
    let made = app.exchange.user_phone_create(&caller, user_id).await?;
    Ok(respond::created(None, made))
}

/// The tenant's resource accounts
#[utoipa::path(
    get, path = "/tenant/v1/resource-accounts", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of resource accounts", body = Page<ResourceAccount>))
)]
pub async fn resource_account_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, resource_account_list)).await
}

/// Add a call queue
#[utoipa::path(
    post, path = "/tenant/v1/resource-accounts", tag = "tenant",
    request_body = ResourceAccountCreate,
    responses((status = 201, description = "The resource account", body = ResourceAccount))
)]
pub async fn resource_account_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ResourceAccountCreate>,
) -> Answer<Response> {
    let made = app.exchange.resource_account_create(&caller, body).await?;
    let (location, version) =
        (Some(format!("/tenant/v1/resource-accounts/{}", made.id)), made.version);
    Ok(with_etag(respond::created(location, made), version))
}

/// One resource account
#[utoipa::path(
    get, path = "/tenant/v1/resource-accounts/{resource_account_id}", tag = "tenant",
    params(("resource_account_id" = Uuid, Path, description = "The account")),
    responses((status = 200, description = "The resource account", body = ResourceAccount))
)]
pub async fn resource_account_get(
    State(app): State<App>,
    caller: Caller,
    Path(resource_account_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.resource_account_get(&caller, resource_account_id).await?;
    Ok(versioned(found.version, found))
}

/// The tenant's numbers
#[utoipa::path(
    get, path = "/tenant/v1/numbers", tag = "tenant",
    params(NumberParams),
    responses((status = 200, description = "A page of numbers", body = Page<Number>))
)]
pub async fn number_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NumberParams>,
    format: Format,
) -> Answer<Response> {
    let (list, filter, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, number_list, filter)).await
}

/// One number
#[utoipa::path(
    get, path = "/tenant/v1/numbers/{number}", tag = "tenant",
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$")),
    responses((status = 200, description = "The number", body = Number))
)]
pub async fn number_get(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
) -> Answer<Response> {
    let number = number_of(&number)?;
    let found = app.exchange.number_get(&caller, number).await?;
    Ok(versioned(found.version, found))
}

/// Give a number to a person or a queue
#[utoipa::path(
    put, path = "/tenant/v1/numbers/{number}/assignment", tag = "tenant",
    request_body = AssignmentPut,
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The number", body = Number))
)]
pub async fn assignment_put(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    IfMatch(version): IfMatch,
    Json(body): Json<AssignmentPut>,
) -> Answer<Response> {
    let number = number_of(&number)?;
    let found = app.exchange.assignment_put(&caller, number, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Take a number back
#[utoipa::path(
    delete, path = "/tenant/v1/numbers/{number}/assignment", tag = "tenant",
    params(("number" = String, Path, description = "E.164, `+442079460001`", pattern = r"^\+[1-9][0-9]{1,14}$"), ("If-Match" = Option<String>, Header, description = "The ETag last read"), BlockParams),
    responses((status = 200, description = "The number", body = Number))
)]
pub async fn assignment_remove(
    State(app): State<App>,
    caller: Caller,
    Path(number): Path<String>,
    Query(query): Query<BlockParams>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let number = number_of(&number)?;
    let block = query.block.as_deref();
    let found = app.exchange.assignment_remove(&caller, number, version, block).await?;
    Ok(versioned(found.version, found))
}

/// The tenant's calls, newest first
#[utoipa::path(
    get, path = "/tenant/v1/calls", tag = "tenant",
    params(CallParams),
    responses((status = 200, description = "A page of calls", body = Page<CallRecord>))
)]
pub async fn call_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CallParams>,
    format: Format,
) -> Answer<Response> {
    let (list, filter, narrow) = query.split()?;
    listed(format, list, narrowed!(app, caller, narrow, call_list, filter)).await
}

/// One call
#[utoipa::path(
    get, path = "/tenant/v1/calls/{call_id}", tag = "tenant",
    params(("call_id" = Uuid, Path, description = "The call")),
    responses((status = 200, description = "The call", body = CallRecord))
)]
pub async fn call_get(
    State(app): State<App>,
    caller: Caller,
    Path(call_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.call_get(&caller, call_id).await?))
}

/// What would happen to a call
///
/// The rule behind each step, from the same function that routes calls. Changes nothing.
#[utoipa::path(
    post, path = "/tenant/v1/explain/call", tag = "tenant",
    request_body = ExplainCall,
    responses((status = 200, description = "The way the call takes", body = Explanation))
)]
pub async fn explain_call(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ExplainCall>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.explain_call(&caller, body).await?))
}
