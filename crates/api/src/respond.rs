//! Answers that succeed.

use crate::{
    csv::{self, CsvRow},
    failure::Answer,
};
use api_types::{Page, Problem};
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use exchange::ListQuery;
use serde::Serialize;
use std::{convert::Infallible, future::Future};

/// A document.
pub fn ok<T: Serialize>(body: T) -> Response {
    axum::Json(body).into_response()
}

/// A document with its version as a strong ETag.
pub fn versioned<T: Serialize>(version: i64, body: T) -> Response {
    let mut response = ok(body);
    response.headers_mut().insert(header::ETAG, etag(version));
    response
}

/// `201` with the place of what was made.
pub fn created<T: Serialize>(location: Option<String>, body: T) -> Response {
    placed(StatusCode::CREATED, location, body)
}

/// `202` with the place where progress shows.
pub fn accepted<T: Serialize>(location: String, body: T) -> Response {
    placed(StatusCode::ACCEPTED, Some(location), body)
}

fn placed<T: Serialize>(status: StatusCode, location: Option<String>, body: T) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    // Our locations hold ids and E.164 numbers only.
    if let Some(location) = location.and_then(|text| HeaderValue::try_from(text).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Adds the version to an answer.
pub fn with_etag(mut response: Response, version: i64) -> Response {
    response.headers_mut().insert(header::ETAG, etag(version));
    response
}

fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits and quotes are visible ASCII")
}

/// How the caller wants a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One page as JSON.
    Json,
    /// All of it as CSV.
    Csv,
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get_all(header::ACCEPT).iter();
        Ok(preferred(accept.filter_map(|value| value.to_str().ok())))
    }
}

/// CSV where `text/csv` is asked for and JSON is not wanted more.
fn preferred<'a>(accept: impl Iterator<Item = &'a str>) -> Format {
    let (mut csv, mut json) = (0.0f32, 0.0f32);
    for range in accept.flat_map(|value| value.split(',')) {
        let mut parameters = range.split(';');
        let kind = parameters.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parameters
            .find_map(|parameter| parameter.trim().strip_prefix("q=")?.parse().ok())
            .unwrap_or(1.0);
        match kind.as_str() {
            "text/csv" => csv = weight,
            "application/json" => json = weight,
            _ => {}
        }
    }
    if csv > 0.0 && csv > json { Format::Csv } else { Format::Json }
}

/// One page as JSON; as CSV everything from the asked page on.
pub async fn listed<T, F, Answered>(format: Format, list: ListQuery, fetch: F) -> Answer<Response>
where
    T: CsvRow,
    F: Fn(ListQuery) -> Answered + Send + 'static,
    Answered: Future<Output = Result<Page<T>, Problem>> + Send + 'static,
{
    match format {
        Format::Json => Ok(ok(fetch(list).await?)),
        Format::Csv => csv::export(list, fetch).await,
    }
}

/// Pages of a use case that takes a filter and a sort; else as [`pages`].
macro_rules! narrowed {
    ($app:expr, $caller:expr, $narrow:expr, $use_case:ident $(, $argument:ident)*) => {{
        let (exchange, cx) = ($app.exchange.clone(), $caller.cx.clone());
        let narrow: exchange::Narrow = $narrow;
        move |list: exchange::ListQuery| {
            let (exchange, cx) = (exchange.clone(), cx.clone());
            let list = narrow.clone().page(list);
            $(let $argument = Clone::clone(&$argument);)*
            async move { exchange.$use_case(&cx, $($argument,)* list).await }
        }
    }};
}
pub(crate) use narrowed;

/// Pages of a use case, for [`listed`]: what is named after the use case goes before the page.
macro_rules! pages {
    ($app:expr, $caller:expr, $use_case:ident $(, $argument:ident)*) => {{
        let (exchange, cx) = ($app.exchange.clone(), $caller.cx.clone());
        move |list: exchange::ListQuery| {
            let (exchange, cx) = (exchange.clone(), cx.clone());
            $(let $argument = Clone::clone(&$argument);)*
            async move { exchange.$use_case(&cx, $($argument,)* list).await }
        }
    }};
}
pub(crate) use pages;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_only_for_those_who_ask() {
        for (accept, format) in [
            ("text/csv", Format::Csv),
            ("text/csv, application/json;q=0.5", Format::Csv),
            ("application/json, text/csv;q=0.9", Format::Json),
            ("*/*", Format::Json),
            ("text/csv;q=0", Format::Json),
            ("", Format::Json),
        ] {
            assert_eq!(preferred([accept].into_iter()), format, "{accept}");
        }
    }
}
