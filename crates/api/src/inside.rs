//! Looking inside, on the faces of the programme owner and of tenants.

use crate::{
    App,
    auth::Caller,
    extract::{ListParams, Path, Query, list},
    failure::{Answer, refuse},
    respond::{self, Format, listed, pages},
};
use api_types::{
    ErrorCode, Page,
    inside::{Alarm, CallExplained, Edge},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::{AlarmFilter, WhichCall};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Narrows a list of alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlarmParams {
    /// `true` for those that are open, `false` for those that are over.
    pub open: Option<bool>,
    /// `trunk_down`, `emergency_call`, `overload`, …
    pub code: Option<String>,
    /// Those of one edge.
    pub edge_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Alarms, newest first
///
/// What edges found wrong or worth telling, open and past; those that are over are kept for 90 days.
#[utoipa::path(
    get, path = "/programme/v1/alarms", tag = "programme", params(AlarmParams),
    responses((status = 200, description = "A page of alarms", body = Page<Alarm>))
)]
pub async fn alarm_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AlarmParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let filter = AlarmFilter { open: query.open, code: query.code, edge_id: query.edge_id };
    listed(format, list, pages!(app, caller, alarm_list, filter)).await
}

/// Edges that were heard
///
/// With the client that each speaks with, and since when it is given up if it is silent.
#[utoipa::path(
    get, path = "/programme/v1/edges", tag = "programme", params(ListParams),
    responses((status = 200, description = "A page of edges", body = Page<Edge>))
)]
pub async fn edge_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, edge_list)).await
}

/// Forget an edge that is out of service
///
/// Its open alarms end, and its id is free for another client. One that still runs is back within
/// half a minute.
#[utoipa::path(
    delete, path = "/programme/v1/edges/{edge_id}", tag = "programme",
    params(("edge_id" = Uuid, Path, description = "The edge")),
    responses((status = 204, description = "It is forgotten"))
)]
pub async fn edge_forget(
    State(app): State<App>,
    caller: Caller,
    Path(edge_id): Path<Uuid>,
) -> Answer<Response> {
    app.exchange.edge_forget(&caller, edge_id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Which call.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainParams {
    /// Its record's id; or
    pub id: Option<Uuid>,
    /// the SIP Call-ID of any of its legs.
    pub call_id: Option<String>,
}

/// Explain a call that happened or goes on
///
/// Its record, its way through the rules, and its SIP messages as far as edges still have them,
/// without digest responses and locations.
#[utoipa::path(
    get, path = "/programme/v1/explain/call", tag = "programme", params(ExplainParams),
    responses((status = 200, description = "The call", body = CallExplained))
)]
pub async fn call_explain(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ExplainParams>,
) -> Answer<Response> {
    let which = match (query.id, query.call_id) {
        (Some(id), None) => WhichCall::Id(id),
        (None, Some(call_id)) if (1..=512).contains(&call_id.len()) => WhichCall::CallId(call_id),
        (None, Some(_)) => {
            let reason = "a Call-ID has 1 to 512 bytes";
            return Err(refuse(ErrorCode::InvalidParameter, Some("call_id"), reason));
        }
        _ => {
            let reason = "name the call by exactly one of id and call_id";
            return Err(refuse(ErrorCode::InvalidParameter, Some("id"), reason));
        }
    };
    Ok(respond::ok(app.exchange.call_explain(&caller, which).await?))
}

/// Explain a call that you carried
///
/// As for tenants: the ladder of messages only, with numbers masked, and only of the leg to your
/// trunks. Of the rules those that tell nothing of the tenant's people, as long as the number is
/// yours.
#[utoipa::path(
    get, path = "/operator/v1/calls/{call_id}/explain", tag = "operator",
    params(("call_id" = Uuid, Path, description = "The call")),
    responses((status = 200, description = "The call", body = CallExplained))
)]
pub async fn operator_call_explain(
    State(app): State<App>,
    caller: Caller,
    Path(call_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.call_explain(&caller, WhichCall::Id(call_id)).await?))
}

/// Explain one of your calls
///
/// As for the programme owner, with the ladder of messages only, and numbers masked.
#[utoipa::path(
    get, path = "/tenant/v1/calls/{call_id}/explain", tag = "tenant",
    params(("call_id" = Uuid, Path, description = "The call")),
    responses((status = 200, description = "The call", body = CallExplained))
)]
pub async fn tenant_call_explain(
    State(app): State<App>,
    caller: Caller,
    Path(call_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.call_explain(&caller, WhichCall::Id(call_id)).await?))
}
