//! Calls for help, on the tenant's face.

use crate::{
    App,
    auth::Caller,
    extract::{ListParams, Query, list},
    failure::Answer,
    respond::{Format, listed, pages},
};
use api_types::{Page, call::EmergencyCall};
use axum::{extract::State, response::Response};

/// Calls for help, newest first
///
/// With where the number is registered, and who was told by the caller's emergency calling policy.
/// Events of the type `emergency_call.started` tell the same at once.
#[utoipa::path(
    get, path = "/tenant/v1/emergency-calls", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of calls", body = Page<EmergencyCall>))
)]
pub async fn emergency_call_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, emergency_call_list)).await
}
