//! Use cases: webhook subscriptions. What is sent to them, and when, is in `deliver`.

use crate::act::{
    Done, Keep, change_other, cursor, done, invalid, limit, matches, new_id, not_found, page,
    raced, time,
};
use crate::authz::{Access, Party};
use crate::events::{check_types, event_id};
use crate::{Cx, Exchange, ListQuery};
use api_types::event::{Event, EventData, ThingEvent};
use api_types::webhook::{
    Webhook, WebhookCreate, WebhookDelivery, WebhookReplay, WebhookRotate, WebhookSecret,
    WebhookUpdate,
};
use api_types::{ErrorCode, Page, Problem};
use feed::change::Position;
use outbound::webhook::{SECRET_BYTES, secret_text};
use std::collections::BTreeSet;
use store::{Db, Json, Tx, WebhookAttemptRow, WebhookEdit, WebhookRow};
use uuid::Uuid;

/// Subscriptions of one party.
const MAX_WEBHOOKS: u32 = 20;
const MAX_DESCRIPTION: usize = 200;
const HOUR: i64 = 3600 * 1_000_000;
/// How long the old secret signs beside the new one, hours.
const KEEP_OLD: u32 = 24;
const MAX_KEEP_OLD: u32 = 168;

fn document(row: &WebhookRow) -> Webhook {
    let at = Position { epoch: row.epoch, position: row.position.cast_unsigned() };
    Webhook {
        id: row.id,
        endpoint: row.endpoint.clone(),
        description: row.description.clone(),
        event_types: row.event_types.0.clone(),
        enabled: row.enabled,
        disabled_at: row.disabled_at.map(time),
        disabled_reason: row.disabled_reason.clone(),
        failures: row.failures,
        failing_since: row.failing_since.map(time),
        next_attempt_at: (row.enabled && row.failures > 0).then(|| time(row.due_at)),
        position: event_id(at),
        old_secret_until: row.old_secret_until.filter(|_| row.old_secret.is_some()).map(time),
        created_at: time(row.created_at),
        version: row.version,
    }
}

fn delivery(row: WebhookAttemptRow) -> WebhookDelivery {
    WebhookDelivery {
        id: row.id,
        event_id: row.event_id,
        event_type: row.event_type,
        attempt: row.attempt,
        at: time(row.at),
        ms: row.ms,
        status: row.status,
        delivered: row.error_code.is_none(),
        error_code: row.error_code,
        error: row.error,
    }
}

fn draw() -> Vec<u8> {
    let mut secret = vec![0u8; SECRET_BYTES];
    getrandom::fill(&mut secret).expect("the operating system gives random bytes");
    secret
}

fn description(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.chars().count() > MAX_DESCRIPTION || text.chars().any(char::is_control) {
        let reason =
            format!("it has at most {MAX_DESCRIPTION} characters, without control characters");
        return Err(invalid("description", reason));
    }
    Ok(text.to_owned())
}

/// Each type once.
fn types(party: Party, asked: &[String]) -> Result<Vec<String>, Problem> {
    check_types(party, asked, "/event_types")?;
    Ok(asked.iter().collect::<BTreeSet<_>>().into_iter().cloned().collect())
}

async fn webhook_must(db: &mut Db, party: Party, id: Uuid) -> Result<WebhookRow, crate::act::Fail> {
    let row = db.webhook_of(party.owner(), id).await?;
    Ok(row.ok_or_else(|| not_found("webhook", id))?)
}

/// The row as it is by now, and its change in the log.
async fn written(tx: &mut Tx, party: Party, id: Uuid) -> Result<Webhook, crate::act::Fail> {
    change_other(tx, "webhook", id, party.owner());
    Ok(document(&webhook_must(tx, party, id).await?))
}

impl Exchange {
    fn endpoint(&self, text: &str) -> Result<String, Problem> {
        let text = text.trim();
        self.inner.poster.check(text).map_err(|error| {
            ErrorCode::EndpointRefused.problem(Some("/endpoint"), error.to_string())
        })?;
        Ok(text.to_owned())
    }

    /// The party's subscriptions.
    ///
    /// # Errors
    /// `invalid_parameter`, `forbidden`.
    pub async fn webhook_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Webhook>, Problem> {
        let party = cx.party(Access::Private)?;
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let rows = self
            .view_as(cx, async move |mut db: Db| {
                Ok(db.webhook_list(party.owner(), after, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, |row| document(&row)))
    }

    /// One subscription.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn webhook_get(&self, cx: &Cx, id: Uuid) -> Result<Webhook, Problem> {
        let party = cx.party(Access::Private)?;
        let row = self
            .view_as(cx, async move |mut db: Db| webhook_must(&mut db, party, id).await)
            .await?;
        Ok(document(&row))
    }

    /// Subscribes. The secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// `endpoint_refused`, `unknown_event_type`, `invalid_field`, `invalid_parameter`,
    /// `events_gone`, `too_many_webhooks`, `forbidden`.
    pub async fn webhook_create(
        &self,
        cx: &Cx,
        new: WebhookCreate,
    ) -> Result<WebhookSecret, Problem> {
        let party = cx.party(Access::Write)?;
        let endpoint = self.endpoint(&new.endpoint)?;
        let description = description(&new.description)?;
        let event_types = types(party, &new.event_types)?;
        let from = self.events_from(cx, new.from.as_deref(), "/from").await?;
        let secret = draw();
        self.act(cx, "webhook.create", Keep::Nothing, async |mut tx| {
            if tx.webhook_count(party.owner()).await? >= MAX_WEBHOOKS {
                let reason = format!("there are {MAX_WEBHOOKS}");
                return Err(ErrorCode::TooManyWebhooks.problem(None, reason).into());
            }
            let owner = party.owner();
            let row = WebhookRow {
                id: new_id(),
                tenant_id: owner.tenant,
                operator_id: owner.operator,
                endpoint: endpoint.clone(),
                description: description.clone(),
                event_types: Json(event_types.clone()),
                enabled: new.enabled,
                disabled_at: None,
                disabled_reason: None,
                secret: secret.clone(),
                old_secret: None,
                old_secret_until: None,
                epoch: from.epoch,
                position: from.position.cast_signed(),
                failures: 0,
                failing_since: None,
                due_at: 0,
                lease_owner: None,
                lease_until: 0,
                created_at: tx.at(),
                version: 1,
            };
            tx.webhook_insert(&row).await?;
            let webhook = written(&mut tx, party, row.id).await?;
            let subject = row.id.to_string();
            let secret = secret_text(&secret);
            Ok(Done { answer: WebhookSecret { id: row.id, secret, webhook }, subject })
        })
        .await
    }

    /// Edits a subscription. Enabled again, it goes on where it stopped.
    ///
    /// # Errors
    /// As for a new one; `not_found`, `version_mismatch`, `version_required`.
    pub async fn webhook_update(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
        edit: WebhookUpdate,
    ) -> Result<Webhook, Problem> {
        let party = cx.party(Access::Write)?;
        let endpoint = edit.endpoint.as_deref().map(|text| self.endpoint(text)).transpose()?;
        let text = edit.description.as_deref().map(description).transpose()?;
        let event_types = edit.event_types.as_deref().map(|asked| types(party, asked));
        let event_types = event_types.transpose()?;
        self.act(cx, "webhook.update", Keep::Answer, async |mut tx| {
            let row = webhook_must(&mut tx, party, id).await?;
            matches(if_match, row.version, true)?;
            let enabled = edit.enabled.unwrap_or(row.enabled);
            let (mut disabled_at, mut reason) = (row.disabled_at, row.disabled_reason.clone());
            if enabled {
                (disabled_at, reason) = (None, None);
            } else if row.enabled {
                (disabled_at, reason) =
                    (Some(tx.at()), Some(format!("disabled by {}", cx.actor.name)));
            }
            let edit = WebhookEdit {
                endpoint: endpoint.clone().unwrap_or_else(|| row.endpoint.clone()),
                description: text.clone().unwrap_or_else(|| row.description.clone()),
                event_types: event_types.clone().unwrap_or_else(|| row.event_types.0.clone()),
                enabled,
                disabled_at,
                disabled_reason: reason,
            };
            raced(tx.webhook_edit(id, row.version, &edit).await?)?;
            done(written(&mut tx, party, id).await?, id)
        })
        .await
    }

    /// Ends a subscription; its deliveries are forgotten with it.
    ///
    /// # Errors
    /// `not_found`, `version_mismatch`, `forbidden`.
    pub async fn webhook_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<(), Problem> {
        let party = cx.party(Access::Write)?;
        self.act(cx, "webhook.remove", Keep::Answer, async |mut tx| {
            let row = webhook_must(&mut tx, party, id).await?;
            matches(if_match, row.version, false)?;
            raced(tx.webhook_delete(id, row.version).await?)?;
            change_other(&mut tx, "webhook", id, party.owner());
            done((), id)
        })
        .await
    }

    /// Gives a subscription another secret, shown this once. The old one signs beside it for a while.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `forbidden`.
    pub async fn webhook_rotate(
        &self,
        cx: &Cx,
        id: Uuid,
        ask: WebhookRotate,
    ) -> Result<WebhookSecret, Problem> {
        let party = cx.party(Access::Write)?;
        let hours = ask.keep_old_hours.unwrap_or(KEEP_OLD);
        if hours > MAX_KEEP_OLD {
            return Err(invalid("keep_old_hours", format!("it is at most {MAX_KEEP_OLD}")));
        }
        let secret = draw();
        self.act(cx, "webhook.rotate", Keep::Nothing, async |mut tx| {
            let row = webhook_must(&mut tx, party, id).await?;
            let until = tx.at() + i64::from(hours) * HOUR;
            let old = (hours > 0).then_some((row.secret.as_slice(), until));
            raced(tx.webhook_secret(id, row.version, &secret, old).await?)?;
            let webhook = written(&mut tx, party, id).await?;
            let secret = secret_text(&secret);
            Ok(Done { answer: WebhookSecret { id, secret, webhook }, subject: id.to_string() })
        })
        .await
    }

    /// Sends again what follows a position, or skips to it.
    ///
    /// # Errors
    /// `invalid_parameter`, `events_gone`, `not_found`, `forbidden`.
    pub async fn webhook_replay(
        &self,
        cx: &Cx,
        id: Uuid,
        ask: WebhookReplay,
    ) -> Result<Webhook, Problem> {
        let party = cx.party(Access::Write)?;
        let from = self.events_from(cx, Some(&ask.from), "/from").await?;
        self.act(cx, "webhook.replay", Keep::Answer, async |mut tx| {
            let row = webhook_must(&mut tx, party, id).await?;
            raced(tx.webhook_replay(id, row.version, from.epoch, from.position).await?)?;
            done(written(&mut tx, party, id).await?, id)
        })
        .await
    }

    /// Attempts to deliver, newest first; those that failed, those that did not, or all.
    ///
    /// # Errors
    /// `invalid_parameter`, `not_found`, `forbidden`.
    pub async fn webhook_deliveries(
        &self,
        cx: &Cx,
        id: Uuid,
        failed: Option<bool>,
        list: ListQuery,
    ) -> Result<Page<WebhookDelivery>, Problem> {
        let party = cx.party(Access::Private)?;
        let (limit, before) = (limit(&list)?, cursor(&list)?);
        let rows = self
            .view_as(cx, async move |mut db: Db| {
                let row = webhook_must(&mut db, party, id).await?;
                Ok(db.webhook_attempt_list(row.id, before, failed, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, delivery))
    }

    /// Sends a `webhook.test` at once, whether the subscription is enabled or not, and tells what
    /// became of it. It has no part in the order of events.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn webhook_test(&self, cx: &Cx, id: Uuid) -> Result<WebhookDelivery, Problem> {
        let party = cx.party(Access::Write)?;
        let row = self
            .view_as(cx, async move |mut db: Db| webhook_must(&mut db, party, id).await)
            .await?;
        let owner = party.owner();
        let event = Event {
            id: format!("test-{}", new_id()),
            timestamp: time(crate::act::now()),
            what: EventData::WebhookTest(ThingEvent {
                id: id.to_string(),
                tenant_id: owner.tenant.map(|t| t.0),
                operator_id: owner.operator.map(|o| o.0),
            }),
        };
        let attempt = self.attempt(&row, &event, 1).await.row;
        // A trace among the deliveries and in the audit log; nothing of the house changed.
        let (kept, principal) = (attempt.clone(), cx.actor.principal);
        let keep = async |mut tx: Tx| -> Result<(), crate::act::Fail> {
            webhook_must(&mut tx, party, id).await?;
            tx.webhook_attempt_insert(&kept).await?;
            let who = Some((principal, cx.actor.name.as_str()));
            tx.audit(who, "webhook.test", &id.to_string(), Some(&cx.request_id)).await?;
            Ok(())
        };
        self.inner.store.write_as(cx.reach(), keep).await?;
        Ok(delivery(attempt))
    }
}
