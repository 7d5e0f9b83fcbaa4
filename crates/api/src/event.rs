//! Events as they happen, by Server-Sent Events (HTML living standard, section 9.2), the same on
//! the tenant's, the operator's and the programme owner's face.

use crate::{
    App,
    auth::Caller,
    extract::Query,
    failure::{Answer, Failure, refuse},
};
use api_types::{ErrorCode, event::Event};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use exchange::{ChangesError, Cx, Events, Exchange};
use feed::change::Position;
use futures_util::stream;
use serde::Deserialize;
use std::{
    collections::HashMap,
    fmt::Write,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Who hears nothing for some of these knows that the connection is dead; shorter than proxies'
/// usual patience.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a reader should wait before it comes again.
const RETRY_MS: u32 = 2_000;
/// Streams of one client, over one node.
const MAX_STREAMS: u32 = 20;

/// Which events, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// What follows this event: an event's id, a time, `start`, or `now` if left out. The header
    /// `Last-Event-ID` goes before it.
    pub from: Option<String>,
    /// Only these types, with commas; all if left out.
    #[serde(rename = "type")]
    pub types: Option<String>,
    /// `false`: the stream ends when all there is has been sent.
    pub follow: Option<bool>,
}

/// One event of a stream (HTML living standard, section 9.2.6).
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes what is streamed")]
pub struct SentEvent {
    /// The event's id, for `Last-Event-ID`.
    id: String,
    /// Its type.
    event: Option<String>,
    /// The event as JSON, as a webhook has it for its body (`Event`).
    #[schema(content_media_type = "application/json")]
    data: Option<String>,
    /// How long to wait before coming again, milliseconds.
    retry: Option<u32>,
}

/// How many streams each client has open, and all together.
#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    each: HashMap<Uuid, u32>,
    all: u32,
}

/// One open stream; it counts until it is dropped.
struct Seat(Streams, Uuid);

impl Streams {
    /// `None` where the client has too many, or all have `most`.
    fn take(&self, who: Uuid, most: u32) -> Option<Seat> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.each.get(&who).copied().unwrap_or(0);
        if count >= MAX_STREAMS || open.all >= most {
            return None;
        }
        open.each.insert(who, count + 1);
        open.all += 1;
        Some(Seat(self.clone(), who))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(count) = open.each.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                open.each.remove(&self.1);
            }
        }
    }
}

/// Follow the events of a tenant
///
/// Server-Sent Events: `id`, `event` (the type) and `data` (the event as JSON), oldest first; at
/// least each 10 seconds a comment with the `id` reached. `410` means that the log does not reach
/// back to the position: read what you need anew.
#[utoipa::path(
    get, path = "/tenant/v1/events", tag = "tenant",
    params(EventParams, ("Last-Event-ID" = Option<String>, Header, description = "The last event that arrived")),
    responses(
        (status = 200, description = "Events, without end", body = SentEvent, content_type = "text/event-stream"),
        (status = 410, description = "The log does not reach back to this position"),
    )
)]
pub async fn event_list(
    state: State<App>,
    caller: Caller,
    query: Query<EventParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    follow(state, caller, query, headers).await
}

/// Follow the events of an operator
///
/// As the tenant's: see there.
#[utoipa::path(
    get, path = "/operator/v1/events", tag = "operator",
    params(EventParams, ("Last-Event-ID" = Option<String>, Header, description = "The last event that arrived")),
    responses(
        (status = 200, description = "Events, without end", body = SentEvent, content_type = "text/event-stream"),
        (status = 410, description = "The log does not reach back to this position"),
    )
)]
pub async fn operator_event_list(
    state: State<App>,
    caller: Caller,
    query: Query<EventParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    follow(state, caller, query, headers).await
}

/// Follow the events of the whole exchange
///
/// As the tenant's: see there.
#[utoipa::path(
    get, path = "/programme/v1/events", tag = "programme",
    params(EventParams, ("Last-Event-ID" = Option<String>, Header, description = "The last event that arrived")),
    responses(
        (status = 200, description = "Events, without end", body = SentEvent, content_type = "text/event-stream"),
        (status = 410, description = "The log does not reach back to this position"),
    )
)]
pub async fn programme_event_list(
    state: State<App>,
    caller: Caller,
    query: Query<EventParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    follow(state, caller, query, headers).await
}

async fn follow(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<EventParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let last = headers.get("last-event-id").map(HeaderValue::as_bytes);
    let last = last.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let (field, from) = match &last {
        Some(last) => ("Last-Event-ID", Some(last.as_str())),
        None => ("from", query.from.as_deref()),
    };
    let types = query.types.as_deref().unwrap_or_default();
    let types: Vec<String> =
        types.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect();
    let at = app.exchange.events_from(&caller, from, field).await?;
    // The first portion before the answer begins, so that a refusal is still a problem document.
    let first = app.exchange.events_since(&caller, at, &types).await.map_err(refusal)?;
    // Streams last: the other half of the connections is for requests.
    let most = app.config.connections / 2;
    let Some(seat) = app.streams.take(caller.actor.principal, most) else {
        let reason = format!("{MAX_STREAMS} of one client, or {most} on this node, are open");
        let mut failure = refuse(ErrorCode::TooManyStreams, None, reason);
        failure.retry_after = Some(HEARTBEAT);
        return Err(failure);
    };
    let stream = Stream {
        exchange: app.exchange.clone(),
        token: caller.credential.token().to_owned(),
        cx: caller.cx,
        at,
        types,
        follows: query.follow.unwrap_or(true),
        waiting: Some(first),
        spoke: None,
        over: false,
        closing: app.closing.subscribe(),
        _seat: seat,
    };
    let body = Body::from_stream(stream::try_unfold(stream, Stream::next));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // nginx would hold events back until its buffer is full.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}

fn refusal(error: ChangesError) -> Failure {
    match error {
        ChangesError::Gone => refuse(ErrorCode::EventsGone, Some("from"), error.to_string()),
        ChangesError::Problem(problem) => problem.into(),
    }
}

struct Stream {
    exchange: Exchange,
    token: String,
    cx: Cx,
    at: Position,
    types: Vec<String>,
    follows: bool,
    /// Read, not sent yet.
    waiting: Option<Events>,
    /// When something was last sent.
    spoke: Option<Instant>,
    over: bool,
    closing: watch::Receiver<bool>,
    _seat: Seat,
}

impl Stream {
    /// The next bytes to send; ends when the server stops, the token is no longer good, or the
    /// log has moved past this reader, who is told so when it comes again.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            if self.over || *self.closing.borrow() {
                return Ok(None);
            }
            let events = match self.waiting.take() {
                Some(events) => events,
                None => match self.exchange.events_since(&self.cx, self.at, &self.types).await {
                    Ok(events) => events,
                    Err(ChangesError::Gone) => return Ok(None),
                    Err(error) => return Err(io::Error::other(error)),
                },
            };
            self.at = events.reached;
            self.over = !self.follows && !events.has_more;
            if !events.items.is_empty() {
                return Ok(Some(self.send(&events.items)));
            }
            if self.over {
                return Ok(Some(self.send(&[])));
            }
            if events.has_more {
                continue;
            }
            let due = self.spoke.map_or_else(Instant::now, |spoke| spoke + HEARTBEAT);
            if due <= Instant::now() {
                // A token that ran out ends the stream at the next heartbeat.
                if self.exchange.actor_from_token(&self.token).await.is_err() {
                    return Ok(None);
                }
                return Ok(Some(self.send(&[])));
            }
            let wait = due.saturating_duration_since(Instant::now());
            tokio::select! {
                () = self.exchange.changes_wait(self.at.position, wait) => {}
                _ = self.closing.changed() => {}
            }
        }
    }

    /// Writes events, and where they end: a reader that comes again from there is not told of
    /// what was never for it, and its position does not grow old.
    fn send(mut self, events: &[Event]) -> (Bytes, Self) {
        let mut text = String::new();
        if self.spoke.is_none() {
            writeln!(text, "retry: {RETRY_MS}").expect("writing to a string");
        }
        for event in events {
            // JSON on one line: no line break in it ends the field.
            let data = serde_json::to_string(event).expect("an event has text keys only");
            let (id, kind) = (&event.id, event.what.kind());
            write!(text, "id: {id}\nevent: {kind}\ndata: {data}\n\n").expect("to a string");
        }
        let id = self.exchange.event_id(self.at);
        if events.last().is_none_or(|last| last.id != id) {
            // Without data it is no event, and sets the reader's last id all the same.
            write!(text, ": alive\nid: {id}\n\n").expect("writing to a string");
        }
        self.spoke = Some(Instant::now());
        (text.into(), self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_counted_while_they_last() {
        let streams = Streams::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let most = MAX_STREAMS + 2;
        let take = |who| streams.take(who, most);
        let mut seats: Vec<_> = (0..MAX_STREAMS).map_while(|_| take(one)).collect();
        assert_eq!(seats.len(), MAX_STREAMS as usize);
        assert!(take(one).is_none());
        let others = [take(other), take(other)];
        assert!(others.iter().all(Option::is_some), "another client has seats of its own");
        assert!(take(other).is_none(), "all together have no more");
        seats.pop();
        assert!(take(one).is_some());
        drop((seats, others));
        assert!(streams.0.lock().expect("free").each.is_empty(), "nobody is remembered");
    }
}
