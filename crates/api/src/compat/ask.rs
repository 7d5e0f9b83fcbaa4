//! What comes with a request of the compatible face.

use super::envelope::{CLIENT_REQUEST_ID, REPEATABILITY_ID, REPEATABILITY_SENT, Refusal};
use crate::{
    App,
    auth::{Caller, read_body},
    extract::{is_json, parse_json},
    failure::{Failure, refuse},
};
use api_types::ErrorCode;
use api_types::compat::{ApiVersion, Paged};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OriginalUri, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use exchange::Cx;
use exchange::compat::{Conditions, Listed, Read, Slice, Tagged, date};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Entries on a page where the caller says nothing (the older contract).
const PAGE: u32 = 200;
/// Entries on a page at most (the older contract).
const PAGE_MOST: u32 = 500;
/// How long after it was first sent a request may be repeated; answers are kept longer.
const REPEATABLE: SignedDuration = SignedDuration::from_hours(24);
/// How far a caller's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
const RECORD_COUNT: HeaderName = HeaderName::from_static("x-ms-record-count");

pub type Answer = Result<Response, Refusal>;

/// A request whose caller is known and whose version is supported.
pub struct Ask {
    pub cx: Cx,
    pub version: ApiVersion,
    pub conditions: Conditions,
    query: Vec<(String, String)>,
    /// `https://host/provapi/accounts`.
    address: String,
    headers: HeaderMap,
    body: Bytes,
}

fn parameter(name: &str, reason: impl Into<String>) -> Failure {
    refuse(ErrorCode::InvalidParameter, Some(name), reason)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl FromRequest<App> for Ask {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0).clone();
        let query = query(uri.query().unwrap_or_default())?;
        let version = version(&query)?;
        let headers = parts.headers.clone();
        if let Some(id) = headers.get(CLIENT_REQUEST_ID)
            && id.to_str().ok().is_none_or(|id| Uuid::parse_str(id).is_err())
        {
            return Err(parameter("x-ms-client-request-id", "it is a UUID"));
        }
        let conditions = Conditions::parse(|name| {
            headers.get(name).map(|value| value.to_str().unwrap_or("\u{fffd}"))
        })?;
        let scheme = if app.config.https { "https" } else { "http" };
        let host = text(&headers, &header::HOST).unwrap_or("localhost");
        let address = format!("{scheme}://{host}{}", uri.path());
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let sent = if reads { None } else { repeatability(&headers)? };
        let body = read_body(Request::from_parts(parts.clone(), body)).await?;
        let mut cx = caller.cx;
        cx.idempotency_key = sent.map(|(id, sent)| {
            let mut hash = Sha256::new();
            for part in [
                parts.method.as_str(),
                uri.path(),
                uri.query().unwrap_or_default(),
                &sent.to_string(),
            ] {
                hash.update(part);
                hash.update([0]);
            }
            hash.update(&body);
            // Of a kind with no key of our own faces.
            (format!("repeatability:{id}"), hash.finalize().into())
        });
        Ok(Self { cx, version, conditions, query, address, headers, body })
    }
}

/// The pairs of a query, none of them twice.
pub fn query(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()).into_owned() {
        if pairs.iter().any(|(before, _)| *before == name) {
            return Err(parameter(&name, format!("{name} is given twice")));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn supported() -> String {
    ApiVersion::ALL.map(ApiVersion::as_str).join(" and ")
}

fn version(query: &[(String, String)]) -> Result<ApiVersion, Failure> {
    let given = query.iter().find(|(name, _)| name == "api-version").map(|(_, value)| value);
    let reason = match given {
        None => format!("api-version is missing; supported are {}", supported()),
        Some(text) => match ApiVersion::parse(text) {
            Some(version) => return Ok(version),
            None => format!("{text:?} is not supported; supported are {}", supported()),
        },
    };
    Err(refuse(ErrorCode::UnsupportedApiVersion, Some("api-version"), reason))
}

/// Both headers of a repeatable request, or neither.
fn repeatability(headers: &HeaderMap) -> Result<Option<(String, Timestamp)>, Failure> {
    let invalid = |field: &str, reason: &str| {
        Err(refuse(ErrorCode::RepeatabilityInvalid, Some(field), reason))
    };
    let (id, sent) = match (headers.get(REPEATABILITY_ID), headers.get(REPEATABILITY_SENT)) {
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return invalid("Repeatability-First-Sent", "it is missing beside the request's id");
        }
        (None, Some(_)) => {
            return invalid("Repeatability-Request-ID", "it is missing beside the time");
        }
        (Some(id), Some(sent)) => (id.to_str(), sent.to_str()),
    };
    let Some(id) = id.ok().filter(|id| (1..=180).contains(&id.len())) else {
        return invalid("Repeatability-Request-ID", "an id has 1 to 180 visible ASCII characters");
    };
    let name = "Repeatability-First-Sent";
    let sent = match date(name, sent.unwrap_or_default().trim()) {
        Ok(sent) => sent,
        Err(problem) => return invalid(name, &problem.reason),
    };
    let age = Timestamp::now().duration_since(sent);
    if age > REPEATABLE || age < -AHEAD {
        let reason = format!("{sent} is not within the last 24 hours");
        return Err(refuse(ErrorCode::RepeatabilityExpired, Some(name), reason));
    }
    Ok(Some((id.to_owned(), sent)))
}

/// What a list query asks for.
pub struct Page {
    pub slice: Slice,
    pub filter: Option<String>,
    top: Option<u32>,
}

impl Ask {
    /// The path exists in this version only.
    pub fn only(&self, version: ApiVersion) -> Result<(), Failure> {
        if self.version == version {
            return Ok(());
        }
        let reason = format!("this path exists in version {} only", version.as_str());
        Err(refuse(ErrorCode::UnsupportedApiVersion, Some("api-version"), reason))
    }

    /// Refuses query parameters that the operation does not have: what they ask for would not be
    /// done.
    pub fn knows(&self, names: &[&str]) -> Result<(), Failure> {
        let known = |name: &str| name == "api-version" || names.contains(&name);
        match self.query.iter().find(|(name, _)| !known(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let reason =
                    format!("this operation of version {} has none such", self.version.as_str());
                Err(parameter(name, reason))
            }
        }
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.parameter(name) {
            None => Ok(false),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(parameter(name, format!("{other:?} is neither true nor false"))),
        }
    }

    fn number(&self, name: &str, least: u32) -> Result<Option<u32>, Failure> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        match text.parse::<i32>().ok().and_then(|n| u32::try_from(n).ok()) {
            Some(number) if number >= least => Ok(Some(number)),
            _ => Err(parameter(name, format!("{text:?} is no number from {least} on"))),
        }
    }

    /// The page asked for. The older version has no `top`, `filter` and `countRecords`, and
    /// refuses a `maxpagesize` above 500, which the newer one takes for 500.
    pub fn page(&self, more: &[&str]) -> Result<Page, Failure> {
        let mut names = vec!["skip", "maxpagesize"];
        if self.version == ApiVersion::V2024_02_29Preview {
            names.extend(["top", "filter", "countRecords"]);
        }
        names.extend(more);
        self.knows(&names)?;
        let size = self.number("maxpagesize", 1)?.unwrap_or(PAGE);
        if size > PAGE_MOST && self.version == ApiVersion::V2023_10_01 {
            return Err(parameter("maxpagesize", format!("it must not exceed {PAGE_MOST}")));
        }
        let top = self.number("top", 0)?;
        let size = size.min(PAGE_MOST);
        Ok(Page {
            slice: Slice {
                skip: self.number("skip", 0)?.unwrap_or(0),
                take: top.map_or(size, |top| top.min(size)),
                count: self.flag("countRecords")?,
            },
            filter: self.parameter("filter").map(str::to_owned),
            top,
        })
    }

    /// A list: what is behind it is found by its link.
    pub fn listed<T, D: Serialize>(
        &self,
        page: &Page,
        listed: Listed<Tagged<T>>,
        document: impl FnMut(Tagged<T>) -> D,
    ) -> Response {
        let Slice { skip, take, .. } = page.slice;
        let left = page.top.map(|top| top - take);
        let more = listed.more && left != Some(0);
        let next_link = more.then(|| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(
                self.query.iter().filter(|(name, _)| !matches!(name.as_str(), "skip" | "top")),
            );
            query.append_pair("skip", &skip.saturating_add(take).to_string());
            if let Some(left) = left {
                query.append_pair("top", &left.to_string());
            }
            format!("{}?{}", self.address, query.finish())
        });
        let value = listed.items.into_iter().map(document).collect();
        let mut response = axum::Json(Paged::<D> { value, next_link }).into_response();
        if let Some(total) = listed.total {
            response.headers_mut().insert(RECORD_COUNT, HeaderValue::from(total));
        }
        response
    }

    /// The body as a document.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if !is_json(&self.headers) {
            let reason = "the body is not sent as application/json";
            return Err(refuse(ErrorCode::UnsupportedMediaType, Some("Content-Type"), reason));
        }
        parse_json(&self.body)
    }
}

/// An entity tag in its quotes.
pub fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// A resource with its tag, or that the reader has it.
pub fn read<T, D: Serialize>(found: Read<T>, document: impl FnOnce(Tagged<T>) -> D) -> Response {
    match found {
        Read::Whole(found) => resource(StatusCode::OK, found, document),
        Read::Unchanged { tag } => tagged(StatusCode::NOT_MODIFIED.into_response(), &tag),
    }
}

/// A resource with its tag.
pub fn resource<T, D: Serialize>(
    status: StatusCode,
    found: Tagged<T>,
    document: impl FnOnce(Tagged<T>) -> D,
) -> Response {
    let (tag, modified) = (found.tag.clone(), found.modified_at);
    let response = (status, axum::Json(document(found))).into_response();
    let mut response = tagged(response, &tag);
    let modified = Timestamp::from_microsecond(modified).unwrap_or(Timestamp::UNIX_EPOCH);
    let modified =
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&modified);
    if let Some(modified) = modified.ok().and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(header::LAST_MODIFIED, modified);
    }
    response
}

fn tagged(mut response: Response, tag: &str) -> Response {
    if let Ok(tag) = HeaderValue::try_from(quoted(tag)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `201` for what is new, else `200`.
pub const fn made(is_new: bool) -> StatusCode {
    if is_new { StatusCode::CREATED } else { StatusCode::OK }
}
