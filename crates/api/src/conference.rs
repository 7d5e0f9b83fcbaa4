//! A tenant's conference bridges and their numbers.

use crate::{
    App,
    auth::Caller,
    extract,
    extract::{IfMatch, Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages, versioned, with_etag},
};
use api_types::{Page, conference::*};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Narrows a list of numbers to call into meetings by.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConferenceNumberParams {
    /// ISO 3166-1 alpha-2.
    #[param(pattern = "^[A-Za-z]{2}$")]
    pub country: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Conference bridges
///
/// What people call to take part in meetings by telephone.
#[utoipa::path(
    get, path = "/tenant/v1/conference-bridges", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of bridges", body = Page<ConferenceBridge>))
)]
pub async fn conference_bridge_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, conference_bridge_list)).await
}

/// Add a conference bridge
///
/// Its gateways lead to the conference service; register its numbers next.
#[utoipa::path(
    post, path = "/tenant/v1/conference-bridges", tag = "tenant",
    request_body = ConferenceBridgeCreate,
    responses((status = 201, description = "The bridge", body = ConferenceBridge))
)]
pub async fn conference_bridge_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ConferenceBridgeCreate>,
) -> Answer<Response> {
    let made = app.exchange.conference_bridge_create(&caller, body).await?;
    let location = format!("/tenant/v1/conference-bridges/{}", made.id);
    let version = made.version;
    Ok(with_etag(respond::created(Some(location), made), version))
}

/// One conference bridge
#[utoipa::path(
    get, path = "/tenant/v1/conference-bridges/{conference_bridge_id}", tag = "tenant",
    params(("conference_bridge_id" = Uuid, Path, description = "The bridge")),
    responses((status = 200, description = "The bridge", body = ConferenceBridge))
)]
pub async fn conference_bridge_get(
    State(app): State<App>,
    caller: Caller,
    Path(conference_bridge_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.conference_bridge_get(&caller, conference_bridge_id).await?;
    Ok(versioned(found.version, found))
}

/// Edit a conference bridge
///
/// What is left out stays. Its default number is one of its own numbers, and no operator's.
#[utoipa::path(
    patch, path = "/tenant/v1/conference-bridges/{conference_bridge_id}", tag = "tenant",
    request_body = ConferenceBridgeUpdate,
    params(("conference_bridge_id" = Uuid, Path, description = "The bridge"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The bridge", body = ConferenceBridge))
)]
pub async fn conference_bridge_update(
    State(app): State<App>,
    caller: Caller,
    Path(conference_bridge_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<ConferenceBridgeUpdate>,
) -> Answer<Response> {
    let bridge = conference_bridge_id;
    let found = app.exchange.conference_bridge_update(&caller, bridge, version, body).await?;
    Ok(versioned(found.version, found))
}

/// Remove a conference bridge
///
/// It may have no number but its default one, which is free then.
#[utoipa::path(
    delete, path = "/tenant/v1/conference-bridges/{conference_bridge_id}", tag = "tenant",
    params(("conference_bridge_id" = Uuid, Path, description = "The bridge"), ("If-Match" = Option<String>, Header, description = "The ETag last read")),
    responses((status = 200, description = "The bridge as it was", body = ConferenceBridge))
)]
pub async fn conference_bridge_remove(
    State(app): State<App>,
    caller: Caller,
    Path(conference_bridge_id): Path<Uuid>,
    IfMatch(version): IfMatch,
) -> Answer<Response> {
    let bridge = conference_bridge_id;
    let found = app.exchange.conference_bridge_remove(&caller, bridge, version).await?;
    Ok(versioned(found.version, found))
}

/// A conference bridge's numbers
#[utoipa::path(
    get, path = "/tenant/v1/conference-bridges/{conference_bridge_id}/numbers", tag = "tenant",
    params(("conference_bridge_id" = Uuid, Path, description = "The bridge"), ConferenceNumberParams),
    responses((status = 200, description = "A page of its numbers", body = Page<ConferenceNumber>))
)]
pub async fn conference_bridge_number_list(
    State(app): State<App>,
    caller: Caller,
    Path(conference_bridge_id): Path<Uuid>,
    Query(query): Query<ConferenceNumberParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let (bridge, country) = (Some(conference_bridge_id), query.country);
    listed(format, list, pages!(app, caller, conference_number_list, bridge, country)).await
}

/// Find a local number
///
/// The numbers of all your conference bridges, for guests to call a meeting by.
#[utoipa::path(
    get, path = "/tenant/v1/conference-numbers", tag = "tenant",
    params(ConferenceNumberParams),
    responses((status = 200, description = "A page of numbers", body = Page<ConferenceNumber>))
)]
pub async fn conference_number_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ConferenceNumberParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let (bridge, country): (Option<Uuid>, _) = (None, query.country);
    listed(format, list, pages!(app, caller, conference_number_list, bridge, country)).await
}

/// Register a number with a conference bridge
///
/// A number for conferences that nobody has; or sets the languages of one that it has. The first Direct
/// Routing number becomes the default one.
#[utoipa::path(
    put, path = "/tenant/v1/conference-bridges/{conference_bridge_id}/numbers/{number}", tag = "tenant",
    request_body = ConferenceNumberPut,
    params(("conference_bridge_id" = Uuid, Path, description = "The bridge"), ("number" = String, Path, description = "E.164")),
    responses((status = 200, description = "The number", body = ConferenceNumber))
)]
pub async fn conference_number_put(
    State(app): State<App>,
    caller: Caller,
    Path((conference_bridge_id, number)): Path<(Uuid, String)>,
    Json(body): Json<ConferenceNumberPut>,
) -> Answer<Response> {
    let (bridge, digits) = (conference_bridge_id, extract::number(&number)?);
    Ok(respond::ok(app.exchange.conference_number_put(&caller, bridge, digits, body).await?))
}

/// Unregister a number of a conference bridge
///
/// It is free then. The default number stays, and so does one that a voice route lets meetings call by.
#[utoipa::path(
    delete, path = "/tenant/v1/conference-bridges/{conference_bridge_id}/numbers/{number}", tag = "tenant",
    params(("conference_bridge_id" = Uuid, Path, description = "The bridge"), ("number" = String, Path, description = "E.164")),
    responses((status = 200, description = "The number as it was", body = ConferenceNumber))
)]
pub async fn conference_number_remove(
    State(app): State<App>,
    caller: Caller,
    Path((conference_bridge_id, number)): Path<(Uuid, String)>,
) -> Answer<Response> {
    let (bridge, digits) = (conference_bridge_id, extract::number(&number)?);
    Ok(respond::ok(app.exchange.conference_number_remove(&caller, bridge, digits).await?))
}
