//! The feed's carrier within one process: over the exchange itself.

use std::time::Duration;

use api_types::Problem;
use edge::link::{ChangeStream, Feed, FeedError, Pending};
use exchange::{Actor, ChangesError, Cx, Exchange, Role, Scope};
use feed::alarm::EventBatch;
use feed::cdr::CdrBatch;
use feed::change::Position;
use feed::frame::Frame;
use feed::inside::{EdgeAnswer, Question};
use feed::wrap::{WrapKey, wrap_key};
use tokio::sync::broadcast;
use uuid::Uuid;

/// How long a silent log goes without a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Changes read from the log at a time.
const BATCH: u32 = 500;

/// The feed for an edge that lives in the exchange's own process.
pub struct InProcess {
    exchange: Exchange,
    secret: String,
}

impl InProcess {
    /// `secret` wraps what the edge keeps on disk.
    pub fn new(exchange: Exchange, secret: String) -> Self {
        Self { exchange, secret }
    }
}

fn edge_cx() -> Cx {
    Cx {
        actor: Actor {
            principal: Uuid::nil(),
            name: "edge in process".to_owned(),
            role: Role::Edge,
            scopes: vec![Scope::Edge],
        },
        request_id: "in-process".to_owned(),
        idempotency_key: None,
    }
}

fn away(problem: Problem) -> FeedError {
    match problem.status {
        500.. | 429 => FeedError::Unreachable(problem.to_string()),
        _ => FeedError::Refused(problem.to_string()),
    }
}

impl Feed for InProcess {
    fn wrap_key(&self) -> WrapKey {
        wrap_key(&self.secret)
    }

    fn snapshot(&self) -> Pending<'_, Vec<u8>> {
        Box::pin(async {
            self.exchange.edge_snapshot(&edge_cx(), &self.wrap_key()).await.map_err(away)
        })
    }

    fn changes(&self, since: Position) -> Pending<'_, Box<dyn ChangeStream>> {
        Box::pin(async move {
            let mut stream = InProcessChanges {
                exchange: self.exchange.clone(),
                cx: edge_cx(),
                at: since,
                ready: Vec::new(),
                questions: self.exchange.questions(),
            };
            // Asked now, so that a position out of reach is told before the stream.
            stream.ready = stream.read().await?;
            Ok(Box::new(stream) as Box<dyn ChangeStream>)
        })
    }

    fn deliver_cdrs<'a>(&'a self, batch: &'a CdrBatch) -> Pending<'a, ()> {
        Box::pin(async {
            let records = batch.records.clone();
            self.exchange.cdrs_deliver(&edge_cx(), records).await.map(drop).map_err(away)
        })
    }

    fn deliver_events<'a>(&'a self, batch: &'a EventBatch) -> Pending<'a, ()> {
        Box::pin(async {
            let batch = batch.clone();
            self.exchange.events_deliver(&edge_cx(), batch).await.map(drop).map_err(away)
        })
    }

    fn answer<'a>(&'a self, answer: &'a EdgeAnswer) -> Pending<'a, ()> {
        Box::pin(async {
            self.exchange.answer_take(&edge_cx(), answer.clone()).await.map_err(away)
        })
    }
}

struct InProcessChanges {
    exchange: Exchange,
    cx: Cx,
    at: Position,
    ready: Vec<u8>,
    questions: broadcast::Receiver<Question>,
}

impl InProcessChanges {
    /// Frames of what the log holds after `at`, which moves on.
    async fn read(&mut self) -> Result<Vec<u8>, FeedError> {
        let entries = match self.exchange.changes_since(&self.cx, self.at, BATCH).await {
            Ok(entries) => entries,
            Err(ChangesError::Gone) => return Err(FeedError::Gone),
            Err(ChangesError::Problem(problem)) => return Err(away(problem)),
        };
        let mut bytes = Vec::new();
        for entry in entries {
            self.at.position = entry.position;
            encode(&Frame::Change(entry), &mut bytes)?;
        }
        Ok(bytes)
    }
}

fn encode(frame: &Frame, out: &mut Vec<u8>) -> Result<(), FeedError> {
    frame.encode(out).map_err(|error| FeedError::Unreachable(error.to_string()))
}

impl ChangeStream for InProcessChanges {
    fn next_bytes(&mut self) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(async {
            if self.ready.is_empty() {
                self.ready = self.read().await?;
            }
            if self.ready.is_empty() {
                tokio::select! {
                    () = self.exchange.changes_wait(self.at.position, HEARTBEAT) => {}
                    Ok(question) = self.questions.recv() => {
                        encode(&Frame::Question(question), &mut self.ready)?;
                        return Ok(Some(std::mem::take(&mut self.ready)));
                    }
                }
                self.ready = self.read().await?;
            }
            if self.ready.is_empty() {
                encode(&Frame::Heartbeat(self.at), &mut self.ready)?;
                encode(&Frame::Clock(jiff::Timestamp::now().as_microsecond()), &mut self.ready)?;
            }
            Ok(Some(std::mem::take(&mut self.ready)))
        })
    }
}
