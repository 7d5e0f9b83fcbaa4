//! Health, the pages of the error registry, and answers to requests that fit no route.

use crate::{
    App,
    assets::{html, nonce},
    failure::{Answer, Failure, refuse},
    respond,
};
use api_types::ErrorCode;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::fmt::Write;

/// The process answers, whatever became of its database: whoever restarts it for
/// that makes nothing better.
pub async fn livez() -> Response {
    respond::ok(json!({ "status": "ok" }))
}

/// The database answers too.
pub async fn readyz(State(app): State<App>) -> Answer<Response> {
    app.exchange.ready().await?;
    Ok(respond::ok(json!({ "status": "ready" })))
}

/// The resource is there, the method is not.
pub async fn method_not_allowed(request: Request) -> Failure {
    let reason = format!("{} does not take {}", request.uri().path(), request.method());
    refuse(ErrorCode::MethodNotAllowed, None, reason)
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;\
    padding:0 1rem;color-scheme:light dark;color:light-dark(#242424,#f5f5f5);\
    background:light-dark(#fff,#1f1f1f)}a{color:light-dark(#0f548c,#62abf5)}\
    code{font-family:ui-monospace,monospace}pre{white-space:pre-wrap}dt{font-weight:600;margin-top:1rem}dd{margin:0}\
    table{border-collapse:collapse}td,th{text-align:left;padding:.25rem 1rem .25rem 0;\
    vertical-align:top}";

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let nonce = nonce();
    let text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style nonce=\"{nonce}\">{STYLE}</style></head>\
         <body><main>{body}</main></body></html>\n"
    );
    html(status, text, &nonce)
}

/// Whether a caller names this type among those that it takes.
pub fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let all = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind))
}

fn status_line(code: ErrorCode) -> String {
    let reason = StatusCode::from_u16(code.status())
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    format!("{} {reason}", code.status())
}

/// All error codes.
pub async fn errors() -> Response {
    let mut rows = String::new();
    for code in ErrorCode::ALL {
        write!(
            rows,
            "<tr><td><a href=\"/errors/{0}\"><code>{0}</code></a></td><td>{1}</td><td>{2}</td></tr>",
            code.code(),
            code.status(),
            code.title()
        )
        .expect("writing to a string does not fail");
    }
    let body = format!(
        "<h1>Error codes</h1><p>Every refusal, in the API, the command line and the page, carries \
         one of these codes. A code never changes its meaning.</p>\
         <table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead>\
         <tbody>{rows}</tbody></table>"
    );
    page(StatusCode::OK, "Error codes", &body)
}

/// One error code; as JSON for who asks for that.
pub async fn error(
    axum::extract::Path(code): axum::extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    let wants_json = accepts(&headers, "application/json");
    let Some(code) = ErrorCode::parse(&code) else {
        if wants_json {
            let reason = "there is no such error code";
            return refuse(ErrorCode::NotFound, None, reason).into_response();
        }
        let body = "<h1>No such error code</h1><p><a href=\"/errors\">All error codes</a></p>";
        return page(StatusCode::NOT_FOUND, "No such error code", body);
    };
    if wants_json {
        return respond::ok(json!({
            "code": code.code(), "status": code.status(), "title": code.title(),
            "remedy": code.remedy(),
        }));
    }
    let example = code.problem(None, "what was wrong this time");
    let example = serde_json::to_string_pretty(&json!({
        "type": example.kind, "title": example.title, "status": example.status,
        "code": example.code, "field": "/the/field, where one is to blame",
        "reason": example.reason, "remedy": example.remedy,
        "request_id": "names the request in the logs",
    }))
    .expect("the example is JSON");
    let body = format!(
        "<h1><code>{}</code></h1><p>{}</p>\
         <dl><dt>HTTP status</dt><dd>{}</dd><dt>What to do</dt><dd>{}</dd>\
         <dt>How it looks</dt><dd><pre><code>{}</code></pre></dd></dl>\
         <p><a href=\"/errors\">All error codes</a> · <a href=\"/docs/\">The API</a></p>",
        code.code(),
        escaped(code.title()),
        status_line(code),
        escaped(code.remedy()),
        escaped(&example),
    );
    page(StatusCode::OK, code.code(), &body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
