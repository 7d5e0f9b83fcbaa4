//! Forwarding, delegates and call groups, and what plays and records, on the face of tenants.

use crate::{
    App,
    auth::Caller,
    extract::{IfMatch, Json, ListParams, Path, Query, list},
    failure::Answer,
    order::keyed,
    respond::{self, Format, listed, pages, versioned},
    spool::Spooled,
};
use api_types::{Page, calling::*};
use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Calling settings
///
/// Of those of your people who ever set something.
#[utoipa::path(
    get, path = "/tenant/v1/calling-settings", tag = "tenant",
    params(ListParams),
    responses((status = 200, description = "A page of settings", body = Page<UserCallingSettings>))
)]
pub async fn calling_settings_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, calling_settings_list)).await
}

/// Somebody's calling settings
///
/// Forwarding, unanswered calls, delegates and the call group.
#[utoipa::path(
    get, path = "/tenant/v1/users/{user_id}/calling-settings", tag = "tenant",
    params(("user_id" = Uuid, Path, description = "The person")),
    responses((status = 200, description = "The settings", body = CallingSettings))
)]
pub async fn calling_settings_get(
    State(app): State<App>,
    caller: Caller,
    Path(user_id): Path<Uuid>,
) -> Answer<Response> {
    let found = app.exchange.calling_settings_get(&caller, user_id).await?;
    Ok(versioned(found.version, found))
}

/// Set somebody's calling settings
///
/// Replaces all of them. Calls outside that are forwarded leave as if the person had made them;
/// what they may not call, their calls are not forwarded to, and ring as without forwarding.
#[utoipa::path(
    put, path = "/tenant/v1/users/{user_id}/calling-settings", tag = "tenant",
    request_body = CallingSettingsPut,
    params(("user_id" = Uuid, Path, description = "The person"), ("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The settings", body = CallingSettings))
)]
pub async fn calling_settings_put(
    State(app): State<App>,
    caller: Caller,
    Path(user_id): Path<Uuid>,
    IfMatch(version): IfMatch,
    Json(body): Json<CallingSettingsPut>,
) -> Answer<Response> {
    let found = app.exchange.calling_settings_put(&caller, user_id, version, body).await?;
    Ok(versioned(found.version, found))
}

/// How a file of calling settings is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallingFileParams {
    /// Which header means what: `upn:Mail,unanswered:#2`. Left out, headers are the fields' names.
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
}

/// Set calling settings from a CSV file
///
/// Columns `upn`, `forwarding_type`, `forwarding`, `unanswered`, `delay_seconds`, `busy`, `unreachable`, `delegates` and `call_group`. A target is `Voicemail`, `MyDelegates`, `Group`, a number or a user principal name, and `none` takes it away; lists are parted by `;`, and a delegate may end in `:MakeCalls` or `:ReceiveCalls`. What a row leaves out stays. At most 1,000 rows, each of which succeeds or fails alone.
#[utoipa::path(
    post, path = "/tenant/v1/calling-settings/csv", tag = "tenant",
    params(CallingFileParams),
    request_body(content = String, content_type = "text/csv", description = "The file"),
    responses((status = 200, description = "What became of its rows", body = CallingFileResult))
)]
pub async fn calling_file(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<CallingFileParams>,
    spooled: Spooled,
) -> Answer<Response> {
    let cx = keyed(&caller, spooled.idempotency_key);
    let (columns, dry_run) = (query.columns.as_deref(), query.dry_run.unwrap_or(false));
    Ok(respond::ok(app.exchange.calling_file(&cx, spooled.file, columns, dry_run).await?))
}

/// Voicemail and announcements
///
/// External SIP targets behind your gateways.
#[utoipa::path(
    get, path = "/tenant/v1/voice-targets", tag = "tenant",
    responses((status = 200, description = "The targets", body = VoiceTargets))
)]
pub async fn voice_targets_get(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let found = app.exchange.voice_targets_get(&caller).await?;
    Ok(versioned(found.version, found))
}

/// Set voicemail and announcements
///
/// Replaces all of them. A voicemail is told whose mailbox it is and why the call comes (RFC 4458,
/// History-Info, Diversion).
#[utoipa::path(
    put, path = "/tenant/v1/voice-targets", tag = "tenant", request_body = VoiceTargetsPut,
    params(("If-Match" = String, Header, description = "The ETag last read")),
    responses((status = 200, description = "The targets", body = VoiceTargets))
)]
pub async fn voice_targets_put(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    Json(body): Json<VoiceTargetsPut>,
) -> Answer<Response> {
    let found = app.exchange.voice_targets_put(&caller, version, body).await?;
    Ok(versioned(found.version, found))
}
