//! Change freezes, on the faces of tenants and of the programme owner.

use crate::{
    App,
    auth::Caller,
    extract::{Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages},
};
use api_types::{
    Page,
    freeze::{ChangeFreeze, ChangeFreezeCreate},
};
use axum::{extract::State, response::Response};
use uuid::Uuid;

/// Change freezes
///
/// Yours and the programme's that are not over.
#[utoipa::path(
    get, path = "/tenant/v1/change-freezes", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of windows", body = Page<ChangeFreeze>))
)]
pub async fn freeze_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, freeze_list)).await
}

/// Freeze changes
///
/// While the window is open, changes of numbers, assignments, consents, people, queues and policies
/// are refused with `change_freeze`, and operators' orders for you too. Emergency addresses,
/// locations and trusted networks can be changed all the same.
#[utoipa::path(
    post, path = "/tenant/v1/change-freezes", tag = "tenant", request_body = ChangeFreezeCreate,
    responses((status = 201, description = "The window", body = ChangeFreeze))
)]
pub async fn freeze_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ChangeFreezeCreate>,
) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.freeze_create(&caller, body).await?))
}

/// End a change freeze
///
/// One of your own.
#[utoipa::path(
    delete, path = "/tenant/v1/change-freezes/{freeze_id}", tag = "tenant",
    params(("freeze_id" = Uuid, Path, description = "The window")),
    responses((status = 200, description = "The window as it was", body = ChangeFreeze))
)]
pub async fn freeze_remove(
    State(app): State<App>,
    caller: Caller,
    Path(freeze_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.freeze_remove(&caller, freeze_id).await?))
}

/// The programme's change freezes
#[utoipa::path(
    get, path = "/programme/v1/change-freezes", tag = "programme",
    params(ListParams),
    responses((status = 200, description = "A page of windows", body = Page<ChangeFreeze>))
)]
pub async fn programme_freeze_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, programme_freeze_list)).await
}

/// Freeze the changes of all tenants and operators
#[utoipa::path(
    post, path = "/programme/v1/change-freezes", tag = "programme",
    request_body = ChangeFreezeCreate,
    responses((status = 201, description = "The window", body = ChangeFreeze))
)]
pub async fn programme_freeze_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ChangeFreezeCreate>,
) -> Answer<Response> {
    Ok(respond::created(None, app.exchange.programme_freeze_create(&caller, body).await?))
}

/// End a change freeze of the programme's
#[utoipa::path(
    delete, path = "/programme/v1/change-freezes/{freeze_id}", tag = "programme",
    params(("freeze_id" = Uuid, Path, description = "The window")),
    responses((status = 200, description = "The window as it was", body = ChangeFreeze))
)]
pub async fn programme_freeze_remove(
    State(app): State<App>,
    caller: Caller,
    Path(freeze_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.programme_freeze_remove(&caller, freeze_id).await?))
}
