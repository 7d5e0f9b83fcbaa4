//! Durations that operators push, and files of call records, on the faces of tenants and operators.

use crate::{
    App,
    auth::Caller,
    call_file::CallFile,
    extract::{Json, ListParams, Path, Query, list},
    failure::{Answer, refuse},
    respond::{self, Format, listed, pages},
};
use api_types::{ErrorCode, Page, billing::*};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use exchange::{Cx, Exchange, ExportJob};
use futures_util::stream;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::io;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Say how long calls lasted
///
/// Each entry names one leg of the operator's own and is kept or refused alone. What is said again
/// otherwise is kept beside what was said before, and goes before it; what the edges measured
/// never changes.
#[utoipa::path(
    post, path = "/operator/v1/call-durations", tag = "operator",
    request_body = CallDurationsPush,
    responses((status = 200, description = "What became of each entry", body = CallDurationsResult))
)]
pub async fn call_durations_push(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CallDurationsPush>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.call_durations_push(&caller, body).await?))
}

/// A time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimeParams {
    /// Begun at or after.
    #[param(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Begun before.
    #[param(value_type = String, format = DateTime)]
    pub to: Timestamp,
}

/// The operator's durations beside ours
///
/// Counts and sums over the answered calls that began within a time.
#[utoipa::path(
    get, path = "/operator/v1/call-reconciliation", tag = "operator", params(TimeParams),
    responses((status = 200, description = "Counts and sums", body = CallReconciliation))
)]
pub async fn call_reconciliation(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TimeParams>,
) -> Answer<Response> {
    let found = app.exchange.call_reconciliation(&caller, query.from, query.to).await?;
    Ok(respond::ok(found))
}

/// A file, as bytes.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "describes what is streamed")]
pub struct File(Vec<u8>);

/// A file of the tenant's call records
///
/// The answer is the file, oldest call first, written while it is sent. Once it is whole, the record
/// named in Location has its size, rows and SHA-256; a file without one is not whole. An
/// Idempotency-Key has no effect here.
#[utoipa::path(
    post, path = "/tenant/v1/call-exports", tag = "tenant", request_body = CallExportCreate,
    responses((status = 200, description = "The file", content(
        (File = "text/csv"), (File = "application/vnd.apache.parquet"),
    ), headers(("Location" = String, description = "Its record, once it is whole"))))
)]
pub async fn call_export_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CallExportCreate>,
) -> Answer<Response> {
    export(&app, caller, body, "/tenant/v1/call-exports")
}

/// A file of the operator's call records
///
/// As the tenant's, without the tenant's people, and with the Call-IDs of its own legs only.
#[utoipa::path(
    post, path = "/operator/v1/call-exports", tag = "operator", request_body = CallExportCreate,
    responses((status = 200, description = "The file", content(
        (File = "text/csv"), (File = "application/vnd.apache.parquet"),
    ), headers(("Location" = String, description = "Its record, once it is whole"))))
)]
pub async fn operator_call_export_create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CallExportCreate>,
) -> Answer<Response> {
    export(&app, caller, body, "/operator/v1/call-exports")
}

/// Files of call records that the tenant took, newest first
#[utoipa::path(
    get, path = "/tenant/v1/call-exports", tag = "tenant", params(ListParams),
    responses((status = 200, description = "A page of exports", body = Page<CallExport>))
)]
pub async fn call_export_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, call_export_list)).await
}

/// Files of call records that the operator took, newest first
#[utoipa::path(
    get, path = "/operator/v1/call-exports", tag = "operator", params(ListParams),
    responses((status = 200, description = "A page of exports", body = Page<CallExport>))
)]
pub async fn operator_call_export_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    listed(format, list, pages!(app, caller, call_export_list)).await
}

/// The record of one file
#[utoipa::path(
    get, path = "/tenant/v1/call-exports/{export_id}", tag = "tenant",
    params(("export_id" = Uuid, Path, description = "The export")),
    responses((status = 200, description = "The record", body = CallExport))
)]
pub async fn call_export_get(
    State(app): State<App>,
    caller: Caller,
    Path(export_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.call_export_get(&caller, export_id).await?))
}

/// The record of one file
#[utoipa::path(
    get, path = "/operator/v1/call-exports/{export_id}", tag = "operator",
    params(("export_id" = Uuid, Path, description = "The export")),
    responses((status = 200, description = "The record", body = CallExport))
)]
pub async fn operator_call_export_get(
    State(app): State<App>,
    caller: Caller,
    Path(export_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.call_export_get(&caller, export_id).await?))
}

struct Sending {
    exchange: Exchange,
    cx: Cx,
    job: ExportJob,
    /// Gone once its last bytes were written.
    file: Option<CallFile>,
    digest: Sha256,
    rows: i64,
    bytes: i64,
}

fn export(app: &App, caller: Caller, asked: CallExportCreate, place: &str) -> Answer<Response> {
    let job = app.exchange.call_export_begin(&caller, asked)?;
    let file = CallFile::new(&job.asked.format).map_err(|error| {
        tracing::error!(%error, "a file of calls cannot be begun");
        refuse(ErrorCode::Internal, None, "the file could not be begun")
    })?;
    let headers = [
        (header::CONTENT_TYPE, file.content_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"calls-{}.{}\"", job.id, job.asked.format),
        ),
        (header::LOCATION, format!("{place}/{}", job.id)),
    ];
    let sending = Sending {
        exchange: app.exchange.clone(),
        cx: caller.cx,
        job,
        file: Some(file),
        digest: Sha256::new(),
        rows: 0,
        bytes: 0,
    };
    Ok((headers, Body::from_stream(stream::try_unfold(sending, Sending::next))).into_response())
}

impl Sending {
    /// The next bytes; the record is kept before the last ones leave. A failure cuts the
    /// connection rather than the file, and leaves no record.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        while let Some(mut file) = self.file.take() {
            let calls = self.exchange.call_export_rows(&self.cx, &mut self.job).await;
            let calls = calls.map_err(broken)?;
            let over = calls.is_empty();
            let bytes = if over {
                file.finish().map_err(broken)?
            } else {
                let bytes = file.add(&calls).map_err(broken)?;
                self.file = Some(file);
                bytes
            };
            self.rows += i64::try_from(calls.len()).unwrap_or(0);
            self.bytes += i64::try_from(bytes.len()).unwrap_or(0);
            self.digest.update(&bytes);
            if over {
                let sum: String =
                    self.digest.clone().finalize().iter().map(|b| format!("{b:02x}")).collect();
                let end = self
                    .exchange
                    .call_export_end(&self.cx, &self.job, self.rows, self.bytes, &sum)
                    .await;
                end.map_err(broken)?;
            }
            if !bytes.is_empty() {
                return Ok(Some((Bytes::from(bytes), self)));
            }
        }
        Ok(None)
    }
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    tracing::error!(%error, "a file of calls broke off");
    io::Error::other(error.to_string())
}
