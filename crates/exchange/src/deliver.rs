//! Delivers events to the endpoints of subscriptions: at least once, in the order of the log, one
//! at a time per subscription, from a cursor that stands in the database. Whichever node claims a
//! subscription's lease delivers for it. Nothing is queued beside the log: a node that dies
//! leaves a cursor that another one goes on from.

use crate::act::{change_other, new_id, now, time};
use crate::authz::Party;
use crate::events::event_id;
use crate::{ChangesError, Exchange};
use api_types::Problem;
use api_types::event::{Event, EventData, MissedEvent};
use domain::webhook::{Next, Patience, after_failure};
use feed::change::Position;
use outbound::webhook::Message;
use std::time::Duration;
use store::{Db, StoreError, Tx, WebhookAttemptRow, WebhookRow};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

/// How often a node looks for what nobody told it of: endpoints to be tried again, leases that ran out.
const LOOK: Duration = Duration::from_millis(500);
/// How long deliveries under way may take when the node stops.
const STOPPING: Duration = Duration::from_secs(5);

/// How events are delivered.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// Events are delivered by this node.
    pub enabled: bool,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long a node keeps a subscription without a sign of life; longer than an attempt.
    pub lease: Duration,
    /// When a failed endpoint is tried again, and when no more.
    pub patience: Patience,
    /// Subscriptions a node delivers to at a time.
    pub concurrency: usize,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            timeout: Duration::from_secs(15),
            lease: Duration::from_secs(45),
            patience: Patience::default(),
            concurrency: 128,
        }
    }
}

/// What became of an attempt.
pub(crate) struct Attempt {
    pub(crate) row: WebhookAttemptRow,
    /// Microseconds that the endpoint asks to be left alone.
    retry_after: i64,
}

impl Attempt {
    /// The endpoint says that it is gone for good (RFC 9110 section 15.5.11).
    fn is_final(&self) -> bool {
        self.row.status == Some(410)
    }
}

/// What follows an attempt.
#[derive(PartialEq, Eq)]
enum Step {
    /// The next event.
    On,
    /// Nothing: the claim was given back, or lost.
    Over,
}

impl Exchange {
    /// Delivers events until `shutdown` turns true. Several may run, in one process or many.
    pub async fn run_webhooks(&self, mut shutdown: watch::Receiver<bool>) {
        if !self.inner.config.webhooks.enabled {
            return;
        }
        let most = self.inner.config.webhooks.concurrency.max(1);
        let mut running = JoinSet::new();
        while !*shutdown.borrow() {
            while running.try_join_next().is_some() {}
            let mut seen = 0;
            match self.webhooks_due(&mut running, most, &shutdown).await {
                Ok(newest) => seen = newest,
                Err(error) => tracing::warn!(%error, "no webhook could be claimed"),
            }
            let news = async {
                if seen == 0 || running.len() >= most {
                    // The database is away, or every hand is full.
                    tokio::time::sleep(LOOK).await;
                } else {
                    self.inner.store.change_wait(seen, LOOK).await;
                }
            };
            tokio::select! {
                () = news => {}
                stop = shutdown.wait_for(|stop| *stop) => {
                    // An error means that nobody is left to ask for a shutdown.
                    let _ = stop;
                    break;
                }
            }
        }
        let ended = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(STOPPING, ended).await.is_err() {
            // Their leases run out, and another node sends what they had not done.
            running.abort_all();
        }
    }

    /// How many endpoints fail and are tried again, and how many were disabled for it: for who
    /// watches the house.
    ///
    /// # Errors
    /// `database_away`, `busy`.
    pub async fn webhooks_failing(&self) -> Result<(u32, u32), Problem> {
        let look = async |mut db: Db| {
            Ok((db.webhook_failing(true).await?, db.webhook_failing(false).await?))
        };
        self.view(look).await
    }

    /// Claims what is due, as far as there are hands for it; answers with the newest position of
    /// the log that was there before.
    async fn webhooks_due(
        &self,
        running: &mut JoinSet<()>,
        most: usize,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<u64, StoreError> {
        let (store, epoch) = (&self.inner.store, self.epoch());
        let lease = micros(self.inner.config.webhooks.lease);
        loop {
            let mut db = store.read().await?;
            let newest = db.change_newest().await?;
            let waits = db.webhook_waiting(now(), epoch).await?;
            drop(db);
            if !waits || running.len() >= most {
                return Ok(newest);
            }
            let owner = Uuid::now_v7();
            let claim = async |mut tx: Tx| -> Result<Option<Uuid>, StoreError> {
                let now = tx.at();
                tx.webhook_claim(owner, now, now + lease, epoch).await
            };
            let Some(id) = store.write(claim).await? else { return Ok(newest) };
            let (this, shutdown) = (self.clone(), shutdown.clone());
            running.spawn(async move {
                if let Err(error) = this.webhook_run(id, owner, &shutdown).await {
                    // The lease runs out; whoever takes over begins at the cursor.
                    tracing::warn!(webhook = %id, %error, "events could not be delivered");
                }
            });
        }
    }

    /// Delivers to one subscription what there is, as long as the claim holds.
    async fn webhook_run(
        &self,
        id: Uuid,
        owner: Uuid,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(), ChangesError> {
        loop {
            let Some(row) = self.claimed(id, owner).await? else { return Ok(()) };
            let after = Position { epoch: row.epoch, position: row.position.cast_unsigned() };
            let party = Party::of(row.owner());
            let read = self.events_read(party, after, &row.event_types.0).await;
            let (events, reached, has_more) = match read {
                Ok(read) => (read.items, read.reached, read.has_more),
                Err(ChangesError::Gone) => {
                    let (event, resumes) = self.missed(after).await?;
                    (vec![event], resumes, true)
                }
                Err(error) => return Err(error),
            };
            let is_missed = |event: &Event| matches!(event.what, EventData::EventsMissed(_));
            let mut failures = row.failures;
            for event in &events {
                if *shutdown.borrow() {
                    break;
                }
                let attempt = self.attempt(&row, event, failures + 1).await;
                let at = if is_missed(event) { reached } else { position_of(event, after.epoch) };
                if self.settle(&row, owner, at, attempt).await? == Step::Over {
                    return Ok(());
                }
                failures = 0;
            }
            let stop = *shutdown.borrow();
            if !self.advance(id, owner, (!stop).then_some(reached), has_more && !stop).await? {
                return Ok(());
            }
        }
    }

    /// The subscription, if this claim still holds.
    async fn claimed(&self, id: Uuid, owner: Uuid) -> Result<Option<WebhookRow>, ChangesError> {
        let row = self.view(async move |mut db| Ok(db.webhook_get(id).await?)).await?;
        Ok(row.filter(|row| row.lease_owner == Some(owner)))
    }

    /// Tells that the log does not reach back to the cursor, and where it goes on: a restored
    /// database goes on where its own cursor stands.
    async fn missed(&self, after: Position) -> Result<(Event, Position), ChangesError> {
        let (floor, newest) = self.log_ends().await?;
        let epoch = self.epoch();
        let resumes = Position { epoch, position: after.position.clamp(floor, newest) };
        let reason = if after.epoch == epoch { "trimmed" } else { "restored" };
        let event = Event {
            // Of its own kind, and the same with each attempt.
            id: format!("missed-{}-{}", event_id(after), resumes.epoch),
            timestamp: time(now()),
            what: EventData::EventsMissed(MissedEvent {
                reason: reason.to_owned(),
                resumes_after: event_id(resumes),
            }),
        };
        Ok((event, resumes))
    }

    /// Sends one event once.
    pub(crate) async fn attempt(&self, row: &WebhookRow, event: &Event, n: u32) -> Attempt {
        let at = now();
        let body = serde_json::to_vec(event).expect("an event has text keys only");
        let message = Message { id: &event.id, at: at / 1_000_000, body: &body };
        let old = row.old_secret.as_ref().filter(|_| row.old_secret_until > Some(at));
        let secrets: Vec<&Vec<u8>> = std::iter::once(&row.secret).chain(old).collect();
        let timeout = self.inner.config.webhooks.timeout;
        let began = tokio::time::Instant::now();
        let answer = self.inner.poster.post(message.post(&row.endpoint, &secrets, timeout)).await;
        let ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (mut status, mut retry_after) = (None, 0);
        let error = match answer {
            Ok(answer) => {
                status = Some(u32::from(answer.status));
                retry_after = answer.retry_after.map_or(0, micros);
                refused(answer.status)
            }
            Err(error) => Some((error.code(), error.to_string())),
        };
        let (error_code, error) = error.map(|(code, error)| (code.to_owned(), error)).unzip();
        let row = WebhookAttemptRow {
            id: new_id(),
            webhook_id: row.id,
            tenant_id: row.tenant_id,
            operator_id: row.operator_id,
            event_id: event.id.clone(),
            event_type: event.what.kind().to_owned(),
            attempt: n,
            at,
            ms,
            status,
            error_code,
            error,
        };
        Attempt { row, retry_after }
    }

    /// Writes what became of an attempt: the cursor goes on, or the endpoint is left alone for a
    /// while, or for good.
    async fn settle(
        &self,
        webhook: &WebhookRow,
        owner: Uuid,
        at: Position,
        attempt: Attempt,
    ) -> Result<Step, StoreError> {
        let config = &self.inner.config.webhooks;
        let id = webhook.id;
        let write = async |mut tx: Tx| -> Result<Step, StoreError> {
            let (tried, now) = (&attempt.row, tx.at());
            let Some(error) = &tried.error else {
                let lease = now + micros(config.lease);
                if !tx.webhook_progress(id, owner, at.epoch, at.position, lease).await? {
                    tx.discard();
                    return Ok(Step::Over);
                }
                tx.webhook_attempt_insert(tried).await?;
                return Ok(Step::On);
            };
            // An endpoint fails from its first failure on, as of the attempt's begin.
            let since = if tried.attempt > 1 { webhook.failing_since } else { None };
            let since = since.unwrap_or(tried.at);
            let spread = tried.id.as_u128() as u64;
            let next = if attempt.is_final() {
                Next::GiveUp
            } else {
                let asked = attempt.retry_after;
                after_failure(&config.patience, now, since, tried.attempt, spread, asked)
            };
            let failures = tried.attempt;
            let held = match next {
                Next::TryAt(due) => tx.webhook_failed(id, owner, failures, since, due).await?,
                Next::GiveUp => {
                    let reason = if attempt.is_final() {
                        format!("the endpoint says that it is gone: {error}")
                    } else {
                        let since = time(since);
                        format!("it has failed since {since}, {failures} times; last: {error}")
                    };
                    tx.webhook_give_up(id, owner, failures, since, now, &reason).await?
                }
            };
            if !held {
                tx.discard();
                return Ok(Step::Over);
            }
            tx.webhook_attempt_insert(tried).await?;
            if next == Next::GiveUp {
                change_other(&mut tx, "webhook_disabled", id, webhook.owner());
                tx.audit(None, "webhook.disable", &id.to_string(), None).await?;
            }
            Ok(Step::Over)
        };
        self.inner.store.write(write).await
    }

    /// Moves the cursor over what was not for this subscription, and keeps the claim or gives it
    /// back; `false` where it is given back or lost.
    async fn advance(
        &self,
        id: Uuid,
        owner: Uuid,
        reached: Option<Position>,
        goes_on: bool,
    ) -> Result<bool, StoreError> {
        let lease = micros(self.inner.config.webhooks.lease);
        let write = async |mut tx: Tx| -> Result<bool, StoreError> {
            if let Some(at) = reached {
                let until = tx.at() + lease;
                if !tx.webhook_progress(id, owner, at.epoch, at.position, until).await? {
                    tx.discard();
                    return Ok(false);
                }
            }
            if !goes_on {
                tx.webhook_release(id, owner).await?;
            }
            Ok(goes_on)
        };
        self.inner.store.write(write).await
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn position_of(event: &Event, epoch: Uuid) -> Position {
    let position = event.id.rsplit('-').next().and_then(|text| text.parse().ok());
    Position { epoch, position: position.expect("an event of the log is named by its position") }
}

/// Why an answer does not count as taken.
fn refused(status: u16) -> Option<(&'static str, String)> {
    match status {
        200..=299 => None,
        300..=399 => Some((
            "redirected",
            format!("the endpoint answered {status}: redirects are not followed"),
        )),
        _ => Some(("status_refused", format!("the endpoint answered {status}"))),
    }
}
