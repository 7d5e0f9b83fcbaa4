//! The web page: files of `web/dist`, embedded in release builds and read from
//! the folder in others.

use crate::failure::{Answer, refuse};
use api_types::ErrorCode;
use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use uuid::Uuid;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// First path segments that belong to programs: an unknown path below them is a problem, not a page.
const PROGRAMS: &[&str] = &[
    "programme",
    "tenant",
    "operator",
    "edge",
    "oauth",
    "provapi",
    "scim",
    "session",
    "errors",
    "docs",
    "openapi.json",
    "healthz",
    "livez",
    "readyz",
];

const NONCE: &str = "__CSP_NONCE__";

const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <title>Meetpoint</title></head><body><h1>The web page is not built</h1>\
    <p>This Meetpoint was started without its page. Run <code>make web</code> in the source folder \
    (or <code>make demo</code>, which does it for you) and load this page again.</p>\
    <p>The API is here all the same: <a href=\"/docs/\">its documentation</a>, \
    <a href=\"/openapi.json\">its specification</a>.</p></body></html>\n";

/// Fresh for each answer, 122 random bits.
pub fn nonce() -> String {
    Uuid::new_v4().simple().to_string()
}

/// A page under the strict policy, with `nonce` for its style elements.
pub fn html(status: StatusCode, text: String, nonce: &str) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'nonce-{nonce}'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    );
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Everything that no route takes: a file of the page, or the page itself for
/// the paths its router knows.
pub async fn asset(method: Method, uri: Uri) -> Answer<Response> {
    let path = uri.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if PROGRAMS.contains(&first) {
        let reason = format!("nothing is at {}", uri.path());
        return Err(refuse(ErrorCode::NotFound, None, reason));
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        let reason = format!("{} does not take {method}", uri.path());
        let mut response = refuse(ErrorCode::MethodNotAllowed, None, reason).into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        return Ok(response);
    }
    // Vite's manifest is for the size budget, not for browsers.
    let is_hidden = path.split('/').any(|segment| segment.starts_with('.'));
    if path != "index.html"
        && !is_hidden
        && let Some(file) = Dist::get(path)
    {
        return Ok(served(path, file));
    }
    if first == "assets" || is_hidden {
        // A page for a missing script would only hide what is wrong.
        return Err(refuse(ErrorCode::NotFound, None, format!("nothing is at {}", uri.path())));
    }
    Ok(index())
}

fn served(path: &str, file: rust_embed::EmbeddedFile) -> Response {
    // Vite puts a hash of the content into every name below `assets/`.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let hash: String =
        file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mut response = Body::from(file.data).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(etag) = HeaderValue::try_from(format!("\"{hash}\"")) {
        headers.insert(header::ETAG, etag);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn index() -> Response {
    let nonce = nonce();
    let Some(file) = Dist::get("index.html") else {
        return html(StatusCode::OK, NOT_BUILT.to_owned(), &nonce);
    };
    let text = String::from_utf8_lossy(&file.data).replace(NONCE, &nonce);
    html(StatusCode::OK, text, &nonce)
}
