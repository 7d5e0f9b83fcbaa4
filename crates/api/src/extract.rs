//! Parsing of requests. What does not parse is answered with a problem that
//! names the field, in the same shape as every other refusal.

use crate::{
    auth::read_body,
    failure::{Answer, Failure, refuse},
    strict::Strict,
};
use api_types::ErrorCode;
use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::PathRejection},
    http::{HeaderMap, header, request::Parts},
};
use exchange::{CallFilter, ListQuery, Narrow, NumberFilter};
use jiff::Timestamp;
use numbering::E164;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use uuid::Uuid;

/// A JSON body.
pub struct Json<T>(pub T);

/// Query parameters; unknown ones are refused.
pub struct Query<T>(pub T);

/// Parts of the path.
pub struct Path<T>(pub T);

/// The body is said to be JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase())
        .is_some_and(|essence| {
            essence == "application/json"
                || (essence.starts_with("application/") && essence.ends_with("+json"))
        })
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        if !is_json(request.headers()) {
            let reason = match request.headers().get(header::CONTENT_TYPE) {
                Some(value) => {
                    format!("the body is sent as {}", String::from_utf8_lossy(value.as_bytes()))
                }
                None => "the request names no Content-Type".to_owned(),
            };
            return Err(refuse(ErrorCode::UnsupportedMediaType, Some("Content-Type"), reason));
        }
        parse_json(&read_body(request).await?).map(Self)
    }
}

/// Parses a document; the refusal names the field and the place.
///
/// An integer may be written with a fraction of zeros, `35.0`, as JSON Schema has it.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    let parsed = parse_once(bytes);
    match &parsed {
        Err(failure) if failure.problem.reason.starts_with("invalid type: floating point") => {
            parse_once(&without_zero_fractions(bytes))
        }
        _ => parsed,
    }
}

/// Blanks zero fractions of numbers, so that all else keeps its place.
fn without_zero_fractions(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let (mut in_text, mut at) = (false, 0);
    while at < out.len() {
        match out[at] {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'.' if !in_text => {
                let zeros = out[at + 1..].iter().take_while(|byte| **byte == b'0').count();
                let end = at + 1 + zeros;
                let goes_on = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'e' | b'E');
                if zeros > 0 && !out.get(end).is_some_and(goes_on) {
                    out[at..end].fill(b' ');
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

fn parse_once<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(Strict(&mut json)).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        let message = inner.to_string();
        let field = named_field(&message, pointer);
        refuse(ErrorCode::MalformedJson, field.as_deref(), message)
    });
    let document = parsed?;
    json.end().map_err(|error| refuse(ErrorCode::MalformedJson, None, error.to_string()))?;
    Ok(document)
}

/// The path to the offending place as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => Some(format!("/{variant}")),
            Segment::Unknown => None,
        })
        .collect()
}

/// A missing or unknown field is named by the message, at the end of the path or below it.
fn named_field(message: &str, pointer: String) -> Option<String> {
    let name = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split('`').next());
    match name {
        Some(name) if !pointer.ends_with(&format!("/{name}")) => Some(format!("{pointer}/{name}")),
        _ => Some(pointer).filter(|pointer| !pointer.is_empty()),
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(
            |rejection| {
                let text = rejection.body_text();
                let text = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text)
                    .to_owned();
                let unknown =
                    text.split_once("unknown field `").and_then(|(_, rest)| rest.split('`').next());
                let field = unknown.or_else(|| text.split_once(": ").map(|(name, _)| name));
                refuse(ErrorCode::InvalidParameter, field, text.clone())
            },
        )
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                let text = error.body_text();
                let reason = text.strip_prefix("Invalid URL: ").unwrap_or(&text);
                // ``Cannot parse `operator_id` with value `x`: …``
                let field = reason.split('`').nth(1).filter(|_| reason.starts_with("Cannot parse"));
                Err(refuse(ErrorCode::InvalidParameter, field, reason))
            }
            Err(other) => Err(refuse(ErrorCode::Internal, None, other.body_text())),
        }
    }
}

/// A number in a path.
pub fn number(text: &str) -> Answer<E164> {
    E164::parse(text).map_err(|error| {
        refuse(ErrorCode::InvalidNumber, Some("number"), format!("{text:?}: {error}"))
    })
}

/// `If-Match`: the version the caller last read.
pub struct IfMatch(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(version) = inner.and_then(|inner| inner.parse().ok()) {
            return Ok(Self(Some(version)));
        }
        if inner.is_some() || text.starts_with("W/\"") {
            // A tag we never gave, or a weak one, matches nothing (RFC 9110 13.1.1).
            let reason = format!("{text} is not an ETag of this resource");
            return Err(refuse(ErrorCode::VersionMismatch, Some("If-Match"), reason));
        }
        let reason = format!("{text:?} is not one ETag in double quotes");
        Err(refuse(ErrorCode::InvalidParameter, Some("If-Match"), reason))
    }
}

/// The page a list query asks for.
pub fn list(cursor: Option<String>, limit: Option<u32>) -> Answer<ListQuery> {
    let limit = limit.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        let reason = format!("limit is {limit}; it is between 1 and 1000");
        return Err(refuse(ErrorCode::InvalidParameter, Some("limit"), reason));
    }
    Ok(ListQuery { cursor, limit })
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Narrows a list of deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryParams {
    /// `true`: those that failed; `false`: those that did not.
    pub failed: Option<bool>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Which page of a list that can be filtered and sorted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NarrowParams {
    /// Terms joined by `and`, each `field op value`: see `docs/api.md`.
    pub filter: Option<String>,
    /// A field to sort by, with `-` before it for the greatest first.
    pub sort: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

impl NarrowParams {
    /// As the use cases take it.
    pub fn split(self) -> Answer<(ListQuery, Narrow)> {
        let narrow = Narrow { filter: self.filter, sort: self.sort };
        Ok((list(self.cursor, self.limit)?, narrow))
    }
}

/// Narrows the directory.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DirectoryParams {
    /// Offered in this country, ISO 3166-1 alpha-2.
    #[param(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: Option<String>,
    /// Offered in this region.
    #[param(pattern = "^(emea|americas|apac)$")]
    pub region: Option<String>,
    /// Offers this service: `Calling`, `AudioConferencing`.
    #[param(pattern = "^(Calling|AudioConferencing)$")]
    pub service: Option<String>,
    /// Offers numbers of this type, in the country where one is named: `user`, `service`,
    /// `conference`.
    #[param(pattern = "^(user|service|conference)$")]
    pub number_type: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Narrows a list of numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NumberParams {
    /// Numbers that begin so: `+44207`, its `+` written as `%2B`.
    #[param(pattern = r"^\+?[0-9]{0,15}$")]
    pub prefix: Option<String>,
    /// `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`, `ConferenceAssigned`,
    /// `PolicyAssigned`.
    #[param(
        pattern = "^(Unassigned|UserAssigned|VoiceApplicationAssigned|ConferenceAssigned|PolicyAssigned)$"
    )]
    pub status: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment`, `ConferenceAssignment`.
    #[param(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// Numbers that people have as this: `Primary`, `Private`, `Alternate`; operators do not ask.
    #[param(pattern = "^(Primary|Private|Alternate)$")]
    pub category: Option<String>,
    /// Numbers of this operator.
    pub operator_id: Option<Uuid>,
    /// Numbers of this country, ISO 3166-1 alpha-2.
    #[param(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country: Option<String>,
    /// Assigned to this person or resource account.
    pub assigned_to_id: Option<Uuid>,
    /// With this tag; upper and lower case are the same.
    #[param(min_length = 1, max_length = 50)]
    pub tag: Option<String>,
    /// Terms joined by `and`, each `field op value`: see `docs/api.md`.
    pub filter: Option<String>,
    /// A field to sort by, with `-` before it for the greatest first.
    pub sort: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

impl NumberParams {
    /// As the use cases take it.
    pub fn split(self) -> Answer<(ListQuery, NumberFilter, Narrow)> {
        let filter = NumberFilter {
            prefix: self.prefix,
            status: self.status,
            usage: self.usage,
            category: self.category,
            operator_id: self.operator_id,
            country: self.country,
            assigned_to_id: self.assigned_to_id,
            tag: self.tag,
        };
        let narrow = Narrow { filter: self.filter, sort: self.sort };
        Ok((list(self.cursor, self.limit)?, filter, narrow))
    }
}

/// What becomes of a number that is taken back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BlockParams {
    /// Keep it from being assigned: `none`, `forever` or 1 to 365 days; the tenant's default
    /// where it is left out.
    #[param(pattern = "^(none|forever|[1-9][0-9]{0,2})$")]
    pub block: Option<String>,
}

/// Whether it is only tried.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrialParams {
    /// Check everything, change nothing.
    pub dry_run: Option<bool>,
}

/// Narrows a list of calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallParams {
    /// Begun at or after.
    #[param(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// Begun before.
    #[param(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// `inbound`, `outbound`, `internal`, `emergency`.
    #[param(pattern = "^(inbound|outbound|internal|emergency)$")]
    pub kind: Option<String>,
    /// The number in it, E.164, its `+` written as `%2B`.
    #[param(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442079460000")]
    pub number: Option<String>,
    /// The person in it.
    pub user_id: Option<Uuid>,
    /// Terms joined by `and`, each `field op value`: see `docs/api.md`.
    pub filter: Option<String>,
    /// A field to sort by, with `-` before it for the greatest first.
    pub sort: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries on a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

impl CallParams {
    /// As the use cases take it.
    pub fn split(self) -> Answer<(ListQuery, CallFilter, Narrow)> {
        let filter = CallFilter {
            from: self.from,
            to: self.to,
            kind: self.kind,
            number: self.number,
            user_id: self.user_id,
        };
        let narrow = Narrow { filter: self.filter, sort: self.sort };
        Ok((list(self.cursor, self.limit)?, filter, narrow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::number::NumberOrderCreate;

    #[test]
    fn whole_numbers_may_have_a_fraction_of_zeros() {
        let text = |bytes: &str| String::from_utf8(without_zero_fractions(bytes.as_bytes()));
        for (json, becomes) in [
            (r#"{"a":35.0,"b":-7.00}"#, r#"{"a":35  ,"b":-7   }"#),
            (r#"{"a":35.05,"b":1.0e3,"c":1.5}"#, r#"{"a":35.05,"b":1.0e3,"c":1.5}"#),
            (r#"{"a\".0":"1.0\\","b":2.0}"#, r#"{"a\".0":"1.0\\","b":2  }"#),
            ("1.0", "1  "),
            (".0", "  "),
        ] {
            assert_eq!(text(json).as_deref(), Ok(becomes), "{json}");
        }
        assert_eq!(parse_json::<Vec<u32>>(b"[35.0, 7]").ok(), Some(vec![35, 7]));
        assert_eq!(parse_json::<Vec<f64>>(b"[35.5, 7.0]").ok(), Some(vec![35.5, 7.0]));
        for wrong in ["[35.5]", "[35.0, -1.0]", "[4294967296.0]"] {
            assert!(parse_json::<Vec<u32>>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    fn field_of(json: &str) -> (Option<String>, String) {
        let failure = parse_json::<NumberOrderCreate>(json.as_bytes()).expect_err("malformed");
        (failure.problem.field, failure.problem.reason)
    }

    #[test]
    fn names_the_field_and_the_place() {
        let id = "00000000-0000-0000-0000-000000000001";
        for (json, field, words) in [
            ("{", None, "line 1 column 1"),
            ("[]", None, "line 1"),
            ("{\"kind\":\"upload\"}", Some("/tenant_id"), "missing field"),
            ("{\n\"kin\":\"upload\"}", Some("/kin"), "line 2"),
            ("{\"kind\":7}", Some("/kind"), "expected a string"),
            (
                &format!(
                    "{{\"kind\":\"upload\",\"tenant_id\":\"{id}\",\"entries\":[{{\"number\":1}}]}}"
                ),
                Some("/entries/0/number"),
                "expected a string",
            ),
            (
                &format!("{{\"kind\":\"upload\",\"tenant_id\":\"{id}\",\"entries\":[{{}}]}}"),
                Some("/entries/0/number"),
                "missing field",
            ),
            (
                &format!("{{\"kind\":\"upload\",\"tenant_id\":\"{id}\",\"entries\":[]}} x"),
                None,
                "trailing characters",
            ),
        ] {
            let (got, reason) = field_of(json);
            assert_eq!(got.as_deref(), field, "{json}: {reason}");
            assert!(reason.contains(words), "{json}: {reason}");
        }
    }
}
