//! The change log: written only by [`Store::write`]'s commit, read by edges and
//! by everything else that follows the exchange (design decision 1).

use crate::db::{Db, statements};
use crate::open::{Backend, begin};
use crate::tokens::{ACCESS_CHANNEL, Seen};
use crate::value::{args, row};
use crate::walls::Reach;
use crate::{Again, Retry, Store, StoreError};
use domain::{OperatorId, TenantId};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// Names the lock that orders commits ("meet" and "pos" as bytes).
const COMMIT_LOCK: i64 = 0x006d_6565_7470_6f73;
/// Names the lock that lets one node trim the log at a time ("meet" and "trm").
const TRIM_LOCK: i64 = 0x006d_6565_7474_726d;
const CHANNEL: &str = "meetpoint_change";
/// How often a closure runs again before the caller hears of it.
const TRIES: u32 = 8;
/// How long after its begin no closure runs again: whoever waits is told instead.
const PATIENCE: Duration = Duration::from_secs(3);

row! {
    /// One entry of the change log.
    ChangeRow {
        pos: i64,
        at: i64,
        body: String,
        tenant_id: Option<TenantId>,
        operator_id: Option<OperatorId>,
    }
    /// Whom one entry concerns.
    ChangeOwnerRow { pos: i64, tenant_id: Option<TenantId>, operator_id: Option<OperatorId> }
    /// One entry of the audit log.
    AuditRow {
        id: i64,
        at: i64,
        principal_id: Option<Uuid>,
        principal: Option<String>,
        action: String,
        subject: String,
        request_id: Option<String>,
    }
}

macro_rules! change_select {
    ($tail:literal) => {
        concat!("SELECT pos, at, body, tenant_id, operator_id FROM change_log ", $tail)
    };
}

statements! {
    META_PUT_NEW = "INSERT INTO meta (name, body) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    FLOOR_RAISE = "INSERT INTO meta (name, body) VALUES ('change_floor', $1) \
        ON CONFLICT (name) DO UPDATE SET body = excluded.body \
        WHERE CAST(meta.body AS BIGINT) < CAST(excluded.body AS BIGINT)";
    META_GET = "SELECT body AS v FROM meta WHERE name = $1";
    CHANGE_NEWEST = "SELECT MAX(pos) AS v FROM change_log";
    CHANGE_LIST = change_select!("WHERE pos > $1 ORDER BY pos LIMIT $2");
    CHANGE_LIST_OF_TENANT =
        change_select!("WHERE tenant_id = $3 AND pos > $1 ORDER BY pos LIMIT $2");
    CHANGE_LIST_OF_OPERATOR =
        change_select!("WHERE operator_id = $3 AND pos > $1 ORDER BY pos LIMIT $2");
    CHANGE_OWNERS = "SELECT pos, tenant_id, operator_id FROM change_log \
        WHERE pos > $1 ORDER BY pos LIMIT $2";
    CHANGE_FIRST_SINCE = "SELECT MIN(pos) AS v FROM change_log WHERE at >= $1";
    CHANGE_TRIM = "DELETE FROM change_log WHERE pos <= $1";
    TRIM_LOCK_PG = "SELECT pg_advisory_xact_lock($1)";
    CHANGE_LOCK_PG = "SELECT pg_advisory_xact_lock($1), set_config('meetpoint.reach', 'all', TRUE)";
    CHANGE_APPEND_PG = "INSERT INTO change_log (pos, at, body, tenant_id, operator_id) \
        SELECT nextval('change_position'), $1, e.body, e.tenant_id, e.operator_id FROM ( \
            SELECT j.body, j.tenant_id, j.operator_id FROM ROWS FROM ( \
                json_to_recordset(CAST($2 AS json)) \
                AS (body TEXT, tenant_id UUID, operator_id UUID)) \
            WITH ORDINALITY AS j (body, tenant_id, operator_id, n) ORDER BY j.n) AS e \
        RETURNING pos AS v";
    CHANGE_NOTIFY_PG = "SELECT pg_notify($1, $2)";
    CHANGE_APPEND_LITE = "INSERT INTO change_log (at, body, tenant_id, operator_id) \
        VALUES ($1, $2, $3, $4) RETURNING pos AS v";
    AUDIT_INSERT = "INSERT INTO audit (at, principal_id, principal, action, subject, request_id) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    AUDIT_LIST = "SELECT id, at, principal_id, principal, action, subject, request_id FROM audit \
        WHERE (CAST($1 AS BIGINT) IS NULL OR id < $1) ORDER BY id DESC LIMIT $2";
}

/// An open write: the transaction, and what it will append to the log.
///
/// It is handed to a closure by value (a future that borrowed it for any
/// lifetime could not be shown to be `Send`), and goes back to whoever handed
/// it out when it is dropped.
pub struct Tx {
    /// Always there until the drop.
    open: Option<Box<Open>>,
    back: Back,
}

/// Where a dropped [`Tx`] is found again.
#[derive(Clone, Default)]
pub struct Back(Arc<Mutex<Option<Box<Open>>>>);

/// Whose a change is, who may read it in the log: of one side, of both, or of neither, which
/// leaves it to the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeOwner {
    /// The tenant it concerns.
    pub tenant: Option<TenantId>,
    /// The operator it concerns.
    pub operator: Option<OperatorId>,
}

struct Open {
    db: Db,
    changes: Vec<(String, ChangeOwner)>,
    keep: bool,
    at: i64,
}

impl Drop for Tx {
    fn drop(&mut self) {
        *self.back.0.lock().unwrap_or_else(PoisonError::into_inner) = self.open.take();
    }
}

impl Back {
    /// The transaction, once it was dropped; `None` while somebody has it.
    pub fn take(&self) -> Option<Tx> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Tx { open: Some(open), back: self.clone() })
    }
}

impl Deref for Tx {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.open().db
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.open_mut().db
    }
}

impl Tx {
    fn open(&self) -> &Open {
        self.open.as_deref().expect("only the drop takes it away")
    }

    fn open_mut(&mut self) -> &mut Open {
        self.open.as_deref_mut().expect("only the drop takes it away")
    }

    /// Where to find it again after it was handed on.
    pub fn back(&self) -> Back {
        self.back.clone()
    }

    /// When this use case runs, microseconds since 1970 UTC; one instant for
    /// all that it writes.
    pub fn at(&self) -> i64 {
        self.open().at
    }

    /// Appends a change (JSON) of the house's own when the transaction commits.
    pub fn change(&mut self, body: String) {
        self.change_of(body, ChangeOwner::default());
    }

    /// The same of somebody's.
    pub fn change_of(&mut self, body: String, owner: ChangeOwner) {
        self.open_mut().changes.push((body, owner));
    }

    /// Changes collected so far.
    pub fn changes(&self) -> usize {
        self.open().changes.len()
    }

    /// Will it commit?
    pub fn keeps(&self) -> bool {
        self.open().keep
    }

    /// Undoes everything at the end although the closure succeeds (a dry run).
    pub fn discard(&mut self) {
        self.open_mut().keep = false;
    }

    /// Appends the audit log's entry.
    pub async fn audit(
        &mut self,
        principal: Option<(Uuid, &str)>,
        action: &str,
        subject: &str,
        request_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let id = principal.map(|(id, _)| id);
        let name = principal.map(|(_, name)| name.to_owned());
        let at = self.at();
        let request_id = request_id.map(str::to_owned);
        let args = args![at, id, name, action.to_owned(), subject.to_owned(), request_id];
        self.exec(AUDIT_INSERT, args).await?;
        Ok(())
    }

    /// The commit discipline: on PostgreSQL the lock that orders commits is
    /// taken last, here and nowhere else, and only then are positions drawn, so
    /// that no reader sees a later position before an earlier one. The log is the
    /// house's, so that from there on the transaction reaches everything. SQLite has
    /// one writer and needs none of it.
    async fn commit(mut self) -> Result<Option<u64>, StoreError> {
        let open = self.open.take().expect("only the drop takes it away");
        open.commit().await
    }
}

impl Open {
    async fn commit(mut self) -> Result<Option<u64>, StoreError> {
        let mut newest = None;
        if !self.changes.is_empty() {
            if self.db.is_pg() {
                self.db.exec(CHANGE_LOCK_PG, args![COMMIT_LOCK]).await?;
                let rows: Vec<_> = std::mem::take(&mut self.changes)
                    .into_iter()
                    .map(|(body, of)| {
                        serde_json::json!({
                            "body": body,
                            "tenant_id": of.tenant,
                            "operator_id": of.operator,
                        })
                    })
                    .collect();
                let rows = serde_json::Value::from(rows).to_string();
                let drawn: Vec<i64> =
                    self.db.values(CHANGE_APPEND_PG, args![self.at, rows]).await?;
                newest = drawn.into_iter().max();
                let text = newest.unwrap_or_default().to_string();
                self.db.exec(CHANGE_NOTIFY_PG, args![CHANNEL.to_owned(), text]).await?;
            } else {
                for (body, of) in std::mem::take(&mut self.changes) {
                    let args = args![self.at, body, of.tenant, of.operator];
                    newest = self.db.value(CHANGE_APPEND_LITE, args).await?;
                }
            }
        }
        self.db.finish().await?;
        Ok(newest.map(i64::cast_unsigned))
    }
}

impl Store {
    /// As [`Store::write_as`], for the house itself.
    pub async fn write<T, E, Work>(&self, work: impl Fn(Tx) -> Work) -> Result<T, E>
    where
        E: From<StoreError> + Retry,
        Work: Future<Output = Result<T, E>>,
    {
        self.write_as(Reach::All, work).await
    }

    /// Runs `work` in one transaction of somebody's reach and commits it, together with the changes
    /// it collected. Where the database was busy, or somebody was faster, the
    /// whole closure runs again on what is there then: it must have no effect
    /// outside the transaction.
    pub async fn write_as<T, E, Work>(
        &self,
        reach: Reach,
        work: impl Fn(Tx) -> Work,
    ) -> Result<T, E>
    where
        E: From<StoreError> + Retry,
        Work: Future<Output = Result<T, E>>,
    {
        let mut tries = 0;
        let begun = tokio::time::Instant::now();
        loop {
            tries += 1;
            let error = match self.attempt(reach, &work).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let most = match error.retry() {
                Again::No => 1,
                Again::Constraint => 3,
                Again::Busy => TRIES,
            };
            if tries >= most || begun.elapsed() >= PATIENCE {
                return Err(error);
            }
            let spread = u64::from(Uuid::now_v7().as_bytes()[15]);
            tokio::time::sleep(Duration::from_micros((500 + 8 * spread) << tries.min(6))).await;
        }
    }

    async fn attempt<T, E, Work>(&self, reach: Reach, work: &impl Fn(Tx) -> Work) -> Result<T, E>
    where
        E: From<StoreError>,
        Work: Future<Output = Result<T, E>>,
    {
        let db = begin(&self.backend, reach).await?;
        let at = jiff::Timestamp::now().as_microsecond();
        let open = Open { db, changes: Vec::new(), keep: true, at };
        let back = Back::default();
        let value = work(Tx { open: Some(Box::new(open)), back: back.clone() }).await?;
        let tx = back.take().ok_or_else(|| {
            StoreError::Database("a use case ended, but kept its transaction".to_owned())
        })?;
        if tx.keeps() {
            let access = tx.changes_access;
            let committed = tx.commit().await;
            if access {
                // Also after an error: it may have been committed all the same.
                self.shared.tokens.forget();
            }
            if let Some(newest) = committed? {
                raise(&self.shared.newest, newest);
            }
        }
        Ok(value)
    }

    /// Waits until the log may hold something after `after`, at most `timeout`.
    /// Other processes are heard through LISTEN on PostgreSQL and by a look
    /// every 100 ms at SQLite's file.
    pub async fn change_wait(&self, after: u64, timeout: Duration) {
        let mut newest = self.shared.newest.subscribe();
        let poll = match &self.backend {
            Backend::Lite { .. } => Duration::from_millis(100),
            Backend::Pg { .. } => Duration::from_secs(1),
        };
        let look = async {
            while *newest.borrow_and_update() <= after {
                if tokio::time::timeout(poll, newest.changed()).await.is_err()
                    && self.shared.may_look(poll)
                    && let Ok(mut db) = self.read().await
                    && let Ok(found) = db.change_newest().await
                {
                    // One of all who wait has looked, and tells the others.
                    raise(&self.shared.newest, found);
                }
            }
        };
        // Running out of time is an answer too: the caller looks for itself.
        let _ = tokio::time::timeout(timeout, look).await;
    }
}

impl Db {
    pub(crate) async fn meta_put_new(&mut self, name: &str, body: &str) -> Result<(), StoreError> {
        self.exec(META_PUT_NEW, args![name.to_owned(), body.to_owned()]).await?;
        Ok(())
    }

    pub(crate) async fn meta_get(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.value(META_GET, args![name.to_owned()]).await
    }

    /// The newest position there ever was; 0 before the first change.
    pub async fn change_newest(&mut self) -> Result<u64, StoreError> {
        let newest: Option<Option<i64>> = self.value(CHANGE_NEWEST, args![]).await?;
        match newest.flatten() {
            Some(pos) => Ok(pos.cast_unsigned()),
            None => self.change_floor().await,
        }
    }

    /// Positions up to this one are not kept any more.
    pub async fn change_floor(&mut self) -> Result<u64, StoreError> {
        let text = self.meta_get("change_floor").await?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Changes after a position, oldest first.
    pub async fn change_list(
        &mut self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        self.all(CHANGE_LIST, args![after.cast_signed(), limit]).await
    }

    /// The same as far as they concern one tenant.
    pub async fn change_list_of_tenant(
        &mut self,
        tenant: TenantId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        self.all(CHANGE_LIST_OF_TENANT, args![after.cast_signed(), limit, tenant]).await
    }

    /// The same as far as they concern one operator.
    pub async fn change_list_of_operator(
        &mut self,
        operator: OperatorId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        self.all(CHANGE_LIST_OF_OPERATOR, args![after.cast_signed(), limit, operator]).await
    }

    /// Whom changes after a position concern, oldest first.
    pub async fn change_owners(
        &mut self,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ChangeOwnerRow>, StoreError> {
        self.all(CHANGE_OWNERS, args![after.cast_signed(), limit]).await
    }

    /// The first position whose change was made at a time or later, microseconds since 1970 UTC.
    pub async fn change_first_since(&mut self, at: i64) -> Result<Option<u64>, StoreError> {
        let first: Option<Option<i64>> = self.value(CHANGE_FIRST_SINCE, args![at]).await?;
        Ok(first.flatten().map(i64::cast_unsigned))
    }

    /// On PostgreSQL waits for another node's trim to end, and keeps others from one.
    pub async fn change_trim_lock(&mut self) -> Result<(), StoreError> {
        if self.is_pg() {
            self.exec(TRIM_LOCK_PG, args![TRIM_LOCK]).await?;
        }
        Ok(())
    }

    /// Forgets all but the newest `keep` positions. Call it, or
    /// [`Self::change_trim_lock`], first in its transaction: what it reads of the floor is the
    /// floor then.
    pub async fn change_trim(&mut self, keep: u64) -> Result<(), StoreError> {
        self.change_trim_lock().await?;
        let floor = self.change_newest().await?.saturating_sub(keep);
        if floor > self.change_floor().await? {
            self.exec(CHANGE_TRIM, args![floor.cast_signed()]).await?;
            self.exec(FLOOR_RAISE, args![floor.to_string()]).await?;
        }
        Ok(())
    }

    /// The audit log before an entry, newest first.
    pub async fn audit_list(
        &mut self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.all(AUDIT_LIST, args![before, limit]).await
    }
}

/// Tells all who wait of a position, unless they know a later one.
fn raise(newest: &watch::Sender<u64>, position: u64) {
    newest.send_if_modified(|seen| {
        let later = position > *seen;
        *seen = position.max(*seen);
        later
    });
}

/// Follows other processes' commits; comes back by itself after a broken
/// connection.
pub(crate) async fn listen_pg(pool: PgPool, newest: watch::Sender<u64>, tokens: Arc<Seen>) {
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen_all([CHANNEL, ACCESS_CHANNEL]).await.is_ok()
        {
            tokens.hears(true);
            // Nothing is there when the connection broke: what was said meanwhile is lost.
            while let Ok(Some(note)) = listener.try_recv().await {
                if note.channel() == ACCESS_CHANNEL {
                    tokens.forget();
                } else if let Ok(pos) = note.payload().parse::<u64>() {
                    raise(&newest, pos);
                }
            }
            tokens.hears(false);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
