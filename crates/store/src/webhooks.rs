//! Webhook subscriptions, each with its cursor over the change log, and what became of each
//! attempt to deliver.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::log::ChangeOwner;
use crate::value::{Json, args, row};
use domain::{OperatorId, TenantId};
use uuid::Uuid;

row! {
    /// A subscription. Times are microseconds since 1970 UTC.
    WebhookRow {
        id: Uuid,
        tenant_id: Option<TenantId>,
        operator_id: Option<OperatorId>,
        endpoint: String,
        description: String,
        event_types: Json<Vec<String>>,
        enabled: bool,
        disabled_at: Option<i64>,
        disabled_reason: Option<String>,
        secret: Vec<u8>,
        old_secret: Option<Vec<u8>>,
        old_secret_until: Option<i64>,
        epoch: Uuid,
        position: i64,
        failures: u32,
        failing_since: Option<i64>,
        due_at: i64,
        lease_owner: Option<Uuid>,
        lease_until: i64,
        created_at: i64,
        version: i64,
    }
    /// One attempt.
    WebhookAttemptRow {
        id: Uuid,
        webhook_id: Uuid,
        tenant_id: Option<TenantId>,
        operator_id: Option<OperatorId>,
        event_id: String,
        event_type: String,
        attempt: u32,
        at: i64,
        ms: i64,
        status: Option<u32>,
        error_code: Option<String>,
        error: Option<String>,
    }
}

impl WebhookRow {
    /// Whose it is.
    pub const fn owner(&self) -> ChangeOwner {
        ChangeOwner { tenant: self.tenant_id, operator: self.operator_id }
    }
}

/// What an edit writes.
#[derive(Clone, Debug)]
pub struct WebhookEdit {
    /// Where events go.
    pub endpoint: String,
    /// What it is for.
    pub description: String,
    /// Which events; none for all.
    pub event_types: Vec<String>,
    /// Events are sent.
    pub enabled: bool,
    /// When it was disabled.
    pub disabled_at: Option<i64>,
    /// And why.
    pub disabled_reason: Option<String>,
}

macro_rules! webhook_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, tenant_id, operator_id, endpoint, description, event_types, enabled, ",
            "disabled_at, disabled_reason, secret, old_secret, old_secret_until, epoch, ",
            "position, failures, failing_since, due_at, lease_owner, lease_until, created_at, ",
            "version FROM webhook ",
            $tail
        )
    };
}

/// Something in the log is not sent yet to subscription `w`: it stands behind its cursor, or the
/// log began a new life.
macro_rules! behind {
    () => {
        "((w.tenant_id IS NOT NULL AND EXISTS (SELECT 1 FROM change_log c \
            WHERE c.tenant_id = w.tenant_id AND c.pos > w.position)) \
        OR (w.operator_id IS NOT NULL AND EXISTS (SELECT 1 FROM change_log c \
            WHERE c.operator_id = w.operator_id AND c.pos > w.position)) \
        OR (w.tenant_id IS NULL AND w.operator_id IS NULL AND EXISTS ( \
            SELECT 1 FROM change_log c WHERE c.pos > w.position)))"
    };
}

/// Enabled, due, held by nobody and behind at $1, while the log's life is $2.
macro_rules! due {
    () => {
        concat!(
            "w.enabled AND w.due_at <= $1 AND w.lease_until <= $1 AND (w.epoch <> $2 OR ",
            behind!(),
            ")"
        )
    };
}

statements! {
    WEBHOOK_INSERT = "INSERT INTO webhook (id, tenant_id, operator_id, endpoint, description, \
        event_types, enabled, secret, epoch, position, failures, due_at, lease_until, \
        created_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, $11, 1)";
    WEBHOOK_GET = webhook_select!("WHERE id = $1");
    WEBHOOK_OF = webhook_select!(
        "WHERE id = $1 AND tenant_id IS NOT DISTINCT FROM $2 \
         AND operator_id IS NOT DISTINCT FROM $3");
    WEBHOOK_LIST = webhook_select!(
        "WHERE tenant_id IS NOT DISTINCT FROM $1 AND operator_id IS NOT DISTINCT FROM $2 \
         AND (CAST($3 AS UUID) IS NULL OR id > $3) ORDER BY id LIMIT $4");
    WEBHOOK_COUNT = "SELECT COUNT(*) AS v FROM webhook \
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND operator_id IS NOT DISTINCT FROM $2";
    WEBHOOK_FAILING = "SELECT COUNT(*) AS v FROM webhook \
        WHERE failing_since IS NOT NULL AND enabled = $1";
    WEBHOOK_EDIT = "UPDATE webhook SET endpoint = $3, description = $4, event_types = $5, \
        enabled = $6, disabled_at = $7, disabled_reason = $8, failures = 0, \
        failing_since = NULL, due_at = 0, lease_owner = NULL, lease_until = 0, \
        version = version + 1 WHERE id = $1 AND version = $2";
    WEBHOOK_SECRET = "UPDATE webhook SET secret = $3, old_secret = $4, old_secret_until = $5, \
        version = version + 1 WHERE id = $1 AND version = $2";
    WEBHOOK_REPLAY = "UPDATE webhook SET epoch = $3, position = $4, failures = 0, \
        failing_since = NULL, due_at = 0, lease_owner = NULL, lease_until = 0, \
        version = version + 1 WHERE id = $1 AND version = $2";
    WEBHOOK_DELETE = "DELETE FROM webhook WHERE id = $1 AND version = $2";
    WEBHOOK_WAITING = concat!("SELECT w.id AS v FROM webhook w WHERE ", due!(), " LIMIT 1");
    WEBHOOK_CLAIM_LITE = concat!(
        "UPDATE webhook SET lease_owner = $3, lease_until = $4 WHERE id = ( \
            SELECT w.id FROM webhook w WHERE ", due!(), " ORDER BY w.due_at, w.id LIMIT 1) \
        RETURNING id AS v");
    WEBHOOK_CLAIM_PG = concat!(
        "UPDATE webhook SET lease_owner = $3, lease_until = $4 WHERE id = ( \
            SELECT w.id FROM webhook w WHERE ", due!(), " ORDER BY w.due_at, w.id LIMIT 1 \
            FOR UPDATE SKIP LOCKED) \
        RETURNING id AS v");
    WEBHOOK_PROGRESS = "UPDATE webhook SET epoch = $3, position = $4, lease_until = $5, \
        failures = 0, failing_since = NULL, due_at = 0 WHERE id = $1 AND lease_owner = $2";
    WEBHOOK_FAILED = "UPDATE webhook SET failures = $3, failing_since = $4, due_at = $5, \
        lease_owner = NULL, lease_until = 0 WHERE id = $1 AND lease_owner = $2";
    WEBHOOK_GIVE_UP = "UPDATE webhook SET enabled = FALSE, failures = $3, failing_since = $4, \
        disabled_at = $5, disabled_reason = $6, lease_owner = NULL, lease_until = 0, \
        version = version + 1 WHERE id = $1 AND lease_owner = $2";
    WEBHOOK_RELEASE = "UPDATE webhook SET lease_owner = NULL, lease_until = 0 \
        WHERE id = $1 AND lease_owner = $2";
    WEBHOOK_CAUGHT_UP = concat!(
        "UPDATE webhook AS w SET position = $1 WHERE w.epoch = $2 AND w.position < $1 \
         AND NOT ", behind!());
    ATTEMPT_INSERT = "INSERT INTO webhook_attempt (id, webhook_id, tenant_id, operator_id, \
        event_id, event_type, attempt, at, ms, status, error_code, error) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    ATTEMPT_LIST = "SELECT id, webhook_id, tenant_id, operator_id, event_id, event_type, \
        attempt, at, ms, status, error_code, error FROM webhook_attempt \
        WHERE webhook_id = $1 AND (CAST($2 AS UUID) IS NULL OR id < $2) \
        AND (CAST($3 AS BIGINT) IS NULL OR (error_code IS NOT NULL) = ($3 = 1)) \
        ORDER BY id DESC LIMIT $4";
    ATTEMPT_DELETE_ALL = "DELETE FROM webhook_attempt WHERE webhook_id = $1";
    ATTEMPT_TRIM = "DELETE FROM webhook_attempt WHERE at < $1";
    ATTEMPT_TRIM_MANY = "DELETE FROM webhook_attempt WHERE id IN (SELECT r.id FROM ( \
        SELECT id, ROW_NUMBER() OVER (PARTITION BY webhook_id ORDER BY id DESC) AS place \
        FROM webhook_attempt) AS r WHERE r.place > $1)";
}

impl Db {
    /// Adds a subscription.
    pub async fn webhook_insert(&mut self, w: &WebhookRow) -> Result<(), StoreError> {
        let args = args![
            w.id,
            w.tenant_id,
            w.operator_id,
            w.endpoint,
            w.description,
            w.event_types,
            w.enabled,
            w.secret,
            w.epoch,
            w.position,
            w.created_at
        ];
        self.exec(WEBHOOK_INSERT, args).await?;
        Ok(())
    }

    /// A subscription, whosever it is.
    pub async fn webhook_get(&mut self, id: Uuid) -> Result<Option<WebhookRow>, StoreError> {
        self.one(WEBHOOK_GET, args![id]).await
    }

    /// A subscription of this owner's.
    pub async fn webhook_of(
        &mut self,
        owner: ChangeOwner,
        id: Uuid,
    ) -> Result<Option<WebhookRow>, StoreError> {
        self.one(WEBHOOK_OF, args![id, owner.tenant, owner.operator]).await
    }

    /// An owner's subscriptions after an id, oldest first.
    pub async fn webhook_list(
        &mut self,
        owner: ChangeOwner,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<WebhookRow>, StoreError> {
        self.all(WEBHOOK_LIST, args![owner.tenant, owner.operator, after, limit]).await
    }

    /// How many an owner has.
    pub async fn webhook_count(&mut self, owner: ChangeOwner) -> Result<u32, StoreError> {
        let count = self.value(WEBHOOK_COUNT, args![owner.tenant, owner.operator]).await?;
        Ok(count.unwrap_or(0))
    }

    /// How many endpoints fail and are tried again, or were disabled for it.
    pub async fn webhook_failing(&mut self, enabled: bool) -> Result<u32, StoreError> {
        Ok(self.value(WEBHOOK_FAILING, args![enabled]).await?.unwrap_or(0))
    }

    /// Writes an edit where the version is still this one, and takes the lease from whoever has
    /// it: what is sent next goes by the edit.
    pub async fn webhook_edit(
        &mut self,
        id: Uuid,
        version: i64,
        e: &WebhookEdit,
    ) -> Result<bool, StoreError> {
        let types = Json(e.event_types.clone());
        let args = args![
            id,
            version,
            e.endpoint,
            e.description,
            types,
            e.enabled,
            e.disabled_at,
            e.disabled_reason
        ];
        Ok(self.exec(WEBHOOK_EDIT, args).await? > 0)
    }

    /// Puts another secret in place; the old one signs beside it until a time.
    pub async fn webhook_secret(
        &mut self,
        id: Uuid,
        version: i64,
        secret: &[u8],
        old: Option<(&[u8], i64)>,
    ) -> Result<bool, StoreError> {
        let args = args![
            id,
            version,
            secret.to_vec(),
            old.map(|(secret, _)| secret.to_vec()),
            old.map(|(_, until)| until)
        ];
        Ok(self.exec(WEBHOOK_SECRET, args).await? > 0)
    }

    /// Sets the cursor: what follows it is sent, though it may have been sent before.
    pub async fn webhook_replay(
        &mut self,
        id: Uuid,
        version: i64,
        epoch: Uuid,
        position: u64,
    ) -> Result<bool, StoreError> {
        let args = args![id, version, epoch, position.cast_signed()];
        Ok(self.exec(WEBHOOK_REPLAY, args).await? > 0)
    }

    /// Takes a subscription away with its attempts.
    pub async fn webhook_delete(&mut self, id: Uuid, version: i64) -> Result<bool, StoreError> {
        self.exec(ATTEMPT_DELETE_ALL, args![id]).await?;
        Ok(self.exec(WEBHOOK_DELETE, args![id, version]).await? > 0)
    }

    /// Is there one that is due and held by nobody?
    pub async fn webhook_waiting(&mut self, now: i64, epoch: Uuid) -> Result<bool, StoreError> {
        Ok(self.value::<Uuid>(WEBHOOK_WAITING, args![now, epoch]).await?.is_some())
    }

    /// Takes the one that has been due for longest. `owner` is of this one claim: a claim that
    /// was lost is not taken for a later one of the same node.
    pub async fn webhook_claim(
        &mut self,
        owner: Uuid,
        now: i64,
        lease_until: i64,
        epoch: Uuid,
    ) -> Result<Option<Uuid>, StoreError> {
        let sql = if self.is_pg() { WEBHOOK_CLAIM_PG } else { WEBHOOK_CLAIM_LITE };
        self.value(sql, args![now, epoch, owner, lease_until]).await
    }

    /// Moves the cursor and prolongs the lease; `false` where the claim was lost.
    pub async fn webhook_progress(
        &mut self,
        id: Uuid,
        owner: Uuid,
        epoch: Uuid,
        position: u64,
        lease_until: i64,
    ) -> Result<bool, StoreError> {
        let args = args![id, owner, epoch, position.cast_signed(), lease_until];
        Ok(self.exec(WEBHOOK_PROGRESS, args).await? > 0)
    }

    /// Gives the claim back after a failure, to be tried again at `due_at`.
    pub async fn webhook_failed(
        &mut self,
        id: Uuid,
        owner: Uuid,
        failures: u32,
        failing_since: i64,
        due_at: i64,
    ) -> Result<bool, StoreError> {
        let args = args![id, owner, failures, failing_since, due_at];
        Ok(self.exec(WEBHOOK_FAILED, args).await? > 0)
    }

    /// Disables one that has failed for too long.
    pub async fn webhook_give_up(
        &mut self,
        id: Uuid,
        owner: Uuid,
        failures: u32,
        failing_since: i64,
        now: i64,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let args = args![id, owner, failures, failing_since, now, reason.to_owned()];
        Ok(self.exec(WEBHOOK_GIVE_UP, args).await? > 0)
    }

    /// Gives the claim back with nothing left to send.
    pub async fn webhook_release(&mut self, id: Uuid, owner: Uuid) -> Result<(), StoreError> {
        self.exec(WEBHOOK_RELEASE, args![id, owner]).await?;
        Ok(())
    }

    /// Moves the cursors of those that have nothing left to send to a position that is there,
    /// so that what is forgotten of the log is not taken for something they missed.
    pub async fn webhook_caught_up(
        &mut self,
        epoch: Uuid,
        position: u64,
    ) -> Result<u64, StoreError> {
        self.exec(WEBHOOK_CAUGHT_UP, args![position.cast_signed(), epoch]).await
    }

    /// Keeps what became of an attempt.
    pub async fn webhook_attempt_insert(
        &mut self,
        a: &WebhookAttemptRow,
    ) -> Result<(), StoreError> {
        let args = args![
            a.id,
            a.webhook_id,
            a.tenant_id,
            a.operator_id,
            a.event_id,
            a.event_type,
            a.attempt,
            a.at,
            a.ms,
            a.status,
            a.error_code,
            a.error
        ];
        self.exec(ATTEMPT_INSERT, args).await?;
        Ok(())
    }

    /// Attempts of a subscription before an id, newest first; those that failed, those that did
    /// not, or all.
    pub async fn webhook_attempt_list(
        &mut self,
        webhook: Uuid,
        before: Option<Uuid>,
        failed: Option<bool>,
        limit: u32,
    ) -> Result<Vec<WebhookAttemptRow>, StoreError> {
        let failed = failed.map(i64::from);
        self.all(ATTEMPT_LIST, args![webhook, before, failed, limit]).await
    }

    /// Forgets attempts from before a time, and all but the newest `most` of each subscription.
    pub async fn webhook_attempt_trim(
        &mut self,
        before: i64,
        most: u32,
    ) -> Result<u64, StoreError> {
        let old = self.exec(ATTEMPT_TRIM, args![before]).await?;
        Ok(old + self.exec(ATTEMPT_TRIM_MANY, args![most]).await?)
    }
}
