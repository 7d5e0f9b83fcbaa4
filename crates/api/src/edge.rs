//! The face of edges, `/edge/v1`: the snapshot, the feed of changes, call records back.

use crate::{
    App,
    auth::Caller,
    extract::{Json, Query},
    failure::{Answer, Failure, refuse},
    respond,
};
use api_types::ErrorCode;
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use exchange::{ChangesError, Cx, Exchange};
use feed::{
    alarm::EventBatch,
    cdr::CdrRecord,
    change::{ChangeEntry, Position},
    frame::{Frame, FrameError},
    inside::{EdgeAnswer, MAX_PACKETS, Question},
    wrap::wrap_key,
};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::{io, time::Duration};
use tokio::{
    sync::{broadcast, watch},
    time::Instant,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// An edge that hears nothing for a few of these knows that the connection is dead.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Changes read from the log at a time.
const BATCH: u32 = 500;

/// A snapshot of what routing needs
///
/// One file at one position of the change log, its secrets wrapped under a key derived from the
/// bearer token.
#[utoipa::path(
    get, path = "/edge/v1/snapshot", tag = "edge",
    responses((status = 200, description = "The snapshot file", body = Vec<u8>,
        content_type = "application/octet-stream"))
)]
pub async fn edge_snapshot(State(app): State<App>, caller: Caller) -> Answer<Response> {
    let wrap = wrap_key(caller.credential.token());
    let bytes = app.exchange.edge_snapshot(&caller, &wrap).await?;
    Ok(octets(Body::from(bytes)))
}

fn octets(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response()
}

/// Where an edge stands.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesParams {
    /// The epoch of the snapshot.
    pub epoch: Uuid,
    /// The last position applied.
    pub since: u64,
}

/// The feed of changes
///
/// Frames of changes after `since`, oldest first, for as long as the connection lasts; a heartbeat
/// with the position reached at least each 5 seconds. `410` means: take a new snapshot.
#[utoipa::path(
    get, path = "/edge/v1/changes", tag = "edge", params(ChangesParams),
    responses(
        (status = 200, description = "Frames, without end", body = Vec<u8>,
            content_type = "application/octet-stream"),
        (status = 410, description = "The log does not reach back to this position"),
    )
)]
pub async fn edge_changes(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ChangesParams>,
) -> Answer<Response> {
    let at = Position { epoch: query.epoch, position: query.since };
    let first = match app.exchange.changes_since(&caller, at, BATCH).await {
        Ok(first) => first,
        Err(ChangesError::Gone) => return Err(gone()),
        Err(ChangesError::Problem(problem)) => return Err(problem.into()),
    };
    let feed = Feed {
        exchange: app.exchange.clone(),
        token: caller.credential.token().to_owned(),
        cx: caller.cx,
        at,
        waiting: Some(first),
        spoke: None,
        questions: app.exchange.questions(),
        closing: app.closing.subscribe(),
    };
    Ok(octets(Body::from_stream(stream::try_unfold(feed, Feed::next))))
}

fn gone() -> Failure {
    refuse(ErrorCode::Gone, Some("since"), ChangesError::Gone.to_string())
}

struct Feed {
    exchange: Exchange,
    token: String,
    cx: Cx,
    at: Position,
    /// Read, not sent yet.
    waiting: Option<Vec<ChangeEntry>>,
    /// When something was last sent.
    spoke: Option<Instant>,
    /// What is asked of every edge.
    questions: broadcast::Receiver<Question>,
    closing: watch::Receiver<bool>,
}

impl Feed {
    /// The next bytes to send; ends when the server stops, the token is no
    /// longer good, or the log has moved past this reader.
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            if *self.closing.borrow() {
                return Ok(None);
            }
            let entries = match self.waiting.take() {
                Some(entries) => entries,
                None => match self.exchange.changes_since(&self.cx, self.at, BATCH).await {
                    Ok(entries) => entries,
                    Err(error) => return Err(io::Error::other(error)),
                },
            };
            if let Some(last) = entries.last() {
                self.at.position = last.position;
                return self.send(entries.into_iter().map(Frame::Change));
            }
            let due = self.spoke.map_or_else(Instant::now, |spoke| spoke + HEARTBEAT);
            if due <= Instant::now() {
                // A revoked token ends the feed at the next heartbeat.
                if self.exchange.actor_from_token(&self.token).await.is_err() {
                    return Ok(None);
                }
                let at = self.at;
                let clock = jiff::Timestamp::now().as_microsecond();
                return self.send([Frame::Heartbeat(at), Frame::Clock(clock)]);
            }
            let wait = due.saturating_duration_since(Instant::now());
            tokio::select! {
                () = self.exchange.changes_wait(self.at.position, wait) => {}
                // Who is so far behind that questions were lost answers the next one.
                Ok(question) = self.questions.recv() => {
                    return self.send([Frame::Question(question)]);
                }
                _ = self.closing.changed() => {}
            }
        }
    }

    fn send(
        mut self,
        frames: impl IntoIterator<Item = Frame>,
    ) -> io::Result<Option<(Bytes, Self)>> {
        let mut bytes = Vec::new();
        frames
            .into_iter()
            .try_for_each(|frame| frame.encode(&mut bytes))
            .map_err(|error: FrameError| io::Error::other(error))?;
        self.spoke = Some(Instant::now());
        Ok(Some((bytes.into(), self)))
    }
}

/// Call records on their way back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CdrDelivery {
    /// As edges journal them; see the `feed` crate.
    #[schema(value_type = Vec<Object>)]
    records: Vec<CdrRecord>,
}

/// How many records are safe now.
#[derive(Debug, Serialize, ToSchema)]
pub struct CdrReceipt {
    /// Records taken, those known already included.
    accepted: usize,
}

/// Deliver call records
///
/// Merged by call and event; delivering again changes nothing.
#[utoipa::path(
    post, path = "/edge/v1/cdrs", tag = "edge",
    request_body(content = CdrDelivery, example = json!({ "records": [{
        "id": "0191d2a0-0000-7000-8000-000000000001",
        "edge": "0191d2a0-0000-7000-8000-00000000000e",
        "event": {
            "event": "end", "at_us": 1750000009000000u64, "answered_at_us": null, "sip_code": 486,
            "reason": "busy", "hung_up_by": "callee", "attempts": [],
        },
    }] })),
    responses((status = 200, description = "They are safe", body = CdrReceipt))
)]
pub async fn edge_cdrs(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CdrDelivery>,
) -> Answer<Response> {
    const MOST: usize = 10_000;
    if body.records.len() > MOST {
        let reason = format!("{} records; at most {MOST} at a time", body.records.len());
        return Err(refuse(ErrorCode::BodyTooLarge, Some("/records"), reason));
    }
    let accepted = app.exchange.cdrs_deliver(&caller, body.records).await?;
    Ok(respond::ok(CdrReceipt { accepted }))
}

/// Alarms on their way to whoever watches the house.
#[derive(Debug, Deserialize, ToSchema)]
pub struct EventDelivery {
    /// As edges raise them; see the `feed` crate.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    batch: EventBatch,
}

/// Deliver alarms
///
/// Kept by their id; delivering again changes nothing. An edge belongs to the client that brought it
/// first. At least one delivery in two minutes, if empty, says that the edge is there.
#[utoipa::path(
    post, path = "/edge/v1/events", tag = "edge",
    request_body(content = EventDelivery, example = json!({
        "edge": "0191d2a0-0000-7000-8000-00000000000e", "started_at_us": 1750000000000000u64,
        "alarms": [{
            "id": "0191d2a0-0000-7000-8000-00000000000a", "code": "trunk_down",
            "severity": "critical", "subject": "0191d2a0-0000-7000-8000-000000000002",
            "detail": "no answer to OPTIONS", "raised_at_us": 1750000000000000u64,
        }],
    })),
    responses((status = 200, description = "They are safe", body = CdrReceipt))
)]
pub async fn edge_events(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<EventDelivery>,
) -> Answer<Response> {
    const MOST: usize = 1_000;
    if body.batch.alarms.len() > MOST {
        let reason = format!("{} alarms; at most {MOST} at a time", body.batch.alarms.len());
        return Err(refuse(ErrorCode::BodyTooLarge, Some("/alarms"), reason));
    }
    let accepted = app.exchange.events_deliver(&caller, body.batch).await?;
    Ok(respond::ok(CdrReceipt { accepted }))
}

/// The answer to a question that came down the feed.
#[derive(Debug, Deserialize, ToSchema)]
pub struct AnswerDelivery {
    /// See the `feed` crate.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    answer: EdgeAnswer,
}

/// Answer a question
///
/// Questions come down the feed of changes, as frames of their own kind.
#[utoipa::path(
    post, path = "/edge/v1/answers", tag = "edge",
    request_body(content = AnswerDelivery, example = json!({
        "question": "0191d2a0-0000-7000-8000-000000000003",
        "edge": "0191d2a0-0000-7000-8000-00000000000e", "packets": [],
    })),
    responses((status = 200, description = "It was taken", body = CdrReceipt))
)]
pub async fn edge_answers(
    State(app): State<App>,
    caller: Caller,
    Json(mut body): Json<AnswerDelivery>,
) -> Answer<Response> {
    body.answer.packets.truncate(MAX_PACKETS);
    app.exchange.answer_take(&caller, body.answer).await?;
    Ok(respond::ok(CdrReceipt { accepted: 1 }))
}
