//! Number orders, their entries, and the jobs that run them.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{ORDERS, Pick};
use crate::value::{args, row};
use domain::{CallingProfileId, LocationId, OperatorId, OrderId, TenantId};
use uuid::Uuid;

row! {
    /// An order.
    OrderRow {
        id: OrderId,
        operator_id: OperatorId,
        tenant_id: TenantId,
        kind: String,
        status: String,
        dry_run: bool,
        tenant_may_update_location: bool,
        ticket_id: Option<String>,
        total: u32,
        done: u32,
        succeeded: u32,
        failed: u32,
        principal_id: Uuid,
        request_id: String,
        created_at: i64,
        finished_at: Option<i64>,
    }
    /// One entry of an order, with the order's defaults filled in.
    OrderEntryRow {
        ordinal: u32,
        number_text: String,
        usage: Option<String>,
        profile_id: Option<CallingProfileId>,
        location_id: Option<LocationId>,
        country: Option<String>,
        status: String,
        error: Option<String>,
        warning: Option<String>,
    }
}

/// What became of an entry.
#[derive(Clone, Debug)]
pub struct EntryResult {
    /// Which.
    pub ordinal: u32,
    /// JSON of the error; `None` where it succeeded.
    pub error: Option<String>,
    /// Odd, but not wrong.
    pub warning: Option<String>,
}

macro_rules! order_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, operator_id, tenant_id, kind, status, dry_run, ",
            "tenant_may_update_location, ticket_id, total, done, succeeded, failed, ",
            "principal_id, request_id, created_at, finished_at FROM number_order ",
            $tail
        )
    };
}

macro_rules! entry_select {
    ($tail:literal) => {
        concat!(
            "SELECT ordinal, number_text, usage, profile_id, location_id, country, status, ",
            "error, warning FROM number_order_entry ",
            $tail
        )
    };
}

/// A list of orders up to its `WHERE`.
pub(crate) const ORDER_SELECT: &str = order_select!("");

statements! {
    ORDER_INSERT = "INSERT INTO number_order (id, operator_id, tenant_id, kind, status, dry_run, \
        tenant_may_update_location, ticket_id, total, done, succeeded, failed, principal_id, \
        request_id, created_at, finished_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    ORDER_GET = order_select!("WHERE id = $1");
    ORDER_PROGRESS = "UPDATE number_order SET status = $2, done = $3, succeeded = $4, \
        failed = $5, finished_at = $6 WHERE id = $1";
    ENTRY_INSERT_LITE = "INSERT INTO number_order_entry (order_id, ordinal, number_text, usage, \
        profile_id, location_id, country, status, error, warning) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    ENTRIES_INSERT_PG = "INSERT INTO number_order_entry (order_id, ordinal, number_text, usage, \
        profile_id, location_id, country, status, error, warning) \
        SELECT $1, j.ordinal, j.number_text, j.usage, j.profile_id, j.location_id, j.country, \
        j.status, j.error, j.warning FROM json_to_recordset(CAST($2 AS json)) \
        AS j (ordinal BIGINT, number_text TEXT, usage TEXT, profile_id UUID, location_id UUID, \
            country TEXT, status TEXT, error TEXT, warning TEXT)";
    ENTRY_LIST = entry_select!(
        "WHERE order_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3");
    ENTRY_PENDING = entry_select!(
        "WHERE order_id = $1 AND status = 'pending' ORDER BY ordinal LIMIT $2");
    ENTRY_RESULT_LITE = "UPDATE number_order_entry SET status = $3, error = $4, warning = $5 \
        WHERE order_id = $1 AND ordinal = $2";
    ENTRY_RESULTS_PG = "UPDATE number_order_entry AS e \
        SET status = j.status, error = j.error, warning = j.warning \
        FROM json_to_recordset(CAST($2 AS json)) \
        AS j (ordinal BIGINT, status TEXT, error TEXT, warning TEXT) \
        WHERE e.order_id = $1 AND e.ordinal = j.ordinal";
    JOB_INSERT = "INSERT INTO job \
        (id, kind, order_id, lease_owner, lease_until, attempts, created_at) \
        VALUES ($1, 'number_order', $2, NULL, 0, 0, $3)";
    JOB_WAITING = "SELECT id AS v FROM job WHERE lease_until <= $1 LIMIT 1";
    JOB_CLAIM_LITE = "UPDATE job SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 \
        WHERE id = (SELECT id FROM job WHERE lease_until <= $3 ORDER BY id LIMIT 1) \
        RETURNING order_id AS v";
    JOB_CLAIM_PG = "UPDATE job SET lease_owner = $1, lease_until = $2, attempts = attempts + 1 \
        WHERE id = (SELECT id FROM job WHERE lease_until <= $3 ORDER BY id LIMIT 1 \
            FOR UPDATE SKIP LOCKED) \
        RETURNING order_id AS v";
    JOB_RENEW = "UPDATE job SET lease_until = $3, attempts = 0 \
        WHERE order_id = $1 AND lease_owner = $2";
    JOB_ATTEMPTS = "SELECT attempts AS v FROM job WHERE order_id = $1";
    JOB_RELEASE = "UPDATE job SET lease_owner = NULL, lease_until = $3 \
        WHERE order_id = $1 AND lease_owner = $2";
    JOB_DELETE = "DELETE FROM job WHERE order_id = $1";
}

impl Db {
    /// Adds an order with its entries and the job that will run them.
    pub async fn order_insert(
        &mut self,
        o: &OrderRow,
        entries: &[OrderEntryRow],
        job: Uuid,
    ) -> Result<(), StoreError> {
        let args = args![
            o.id,
            o.operator_id,
            o.tenant_id,
            o.kind,
            o.status,
            o.dry_run,
            o.tenant_may_update_location,
            o.ticket_id,
            o.total,
            o.done,
            o.succeeded,
            o.failed,
            o.principal_id,
            o.request_id,
            o.created_at,
            o.finished_at
        ];
        self.exec(ORDER_INSERT, args).await?;
        if self.is_pg() {
            let rows: Vec<_> = entries
                .iter()
                .map(|e| {
                    serde_json::json!({
                        "ordinal": e.ordinal,
                        "number_text": e.number_text,
                        "usage": e.usage,
                        "profile_id": e.profile_id,
                        "location_id": e.location_id,
                        "country": e.country,
                        "status": e.status,
                        "error": e.error,
                        "warning": e.warning,
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            self.exec(ENTRIES_INSERT_PG, args![o.id, rows]).await?;
        } else {
            for e in entries {
                let args = args![
                    o.id,
                    e.ordinal,
                    e.number_text,
                    e.usage,
                    e.profile_id,
                    e.location_id,
                    e.country,
                    e.status,
                    e.error,
                    e.warning
                ];
                self.exec(ENTRY_INSERT_LITE, args).await?;
            }
        }
        self.exec(JOB_INSERT, args![job, o.id, o.created_at]).await?;
        Ok(())
    }

    /// An order.
    pub async fn order_get(&mut self, id: OrderId) -> Result<Option<OrderRow>, StoreError> {
        self.one(ORDER_GET, args![id]).await
    }

    /// A page of an operator's orders.
    pub async fn order_page(
        &mut self,
        operator: OperatorId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.list_page(&ORDERS, Some(operator.0), pick, limit).await
    }

    /// Writes status, counts and end of an order.
    pub async fn order_progress(&mut self, o: &OrderRow) -> Result<(), StoreError> {
        let args = args![o.id, o.status, o.done, o.succeeded, o.failed, o.finished_at];
        self.exec(ORDER_PROGRESS, args).await?;
        Ok(())
    }

    /// An order's entries after an ordinal.
    pub async fn entry_list(
        &mut self,
        order: OrderId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<OrderEntryRow>, StoreError> {
        self.all(ENTRY_LIST, args![order, after.unwrap_or(-1), limit]).await
    }

    /// The next entries nobody has looked at.
    pub async fn entry_pending(
        &mut self,
        order: OrderId,
        limit: u32,
    ) -> Result<Vec<OrderEntryRow>, StoreError> {
        self.all(ENTRY_PENDING, args![order, limit]).await
    }

    /// Writes what became of entries.
    pub async fn entry_results(
        &mut self,
        order: OrderId,
        results: &[EntryResult],
    ) -> Result<(), StoreError> {
        let status = |r: &EntryResult| if r.error.is_some() { "error" } else { "success" };
        if self.is_pg() {
            let rows: Vec<_> = results
                .iter()
                .map(|r| {
                    serde_json::json!({
                        "ordinal": r.ordinal,
                        "status": status(r),
                        "error": r.error,
                        "warning": r.warning,
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            self.exec(ENTRY_RESULTS_PG, args![order, rows]).await?;
            return Ok(());
        }
        for r in results {
            let status = status(r).to_owned();
            self.exec(ENTRY_RESULT_LITE, args![order, r.ordinal, status, r.error, r.warning])
                .await?;
        }
        Ok(())
    }

    /// Is there a job nobody holds?
    pub async fn job_waiting(&mut self, now: i64) -> Result<bool, StoreError> {
        Ok(self.value::<Uuid>(JOB_WAITING, args![now]).await?.is_some())
    }

    /// Takes the oldest job nobody holds; answers with its order.
    pub async fn job_claim(
        &mut self,
        owner: Uuid,
        now: i64,
        lease_until: i64,
    ) -> Result<Option<OrderId>, StoreError> {
        let sql = if self.is_pg() { JOB_CLAIM_PG } else { JOB_CLAIM_LITE };
        self.value(sql, args![owner, lease_until, now]).await
    }

    /// Prolongs a lease, and keeps others from taking the job until this
    /// transaction ends; `false` where somebody else has it now. A transaction
    /// that commits is progress: the job's attempts are counted anew from it.
    pub async fn job_renew(
        &mut self,
        order: OrderId,
        owner: Uuid,
        lease_until: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(JOB_RENEW, args![order, owner, lease_until]).await? > 0)
    }

    /// How often the job was taken since it last got on; 0 where it is gone.
    pub async fn job_attempts(&mut self, order: OrderId) -> Result<u32, StoreError> {
        Ok(self.value(JOB_ATTEMPTS, args![order]).await?.unwrap_or(0))
    }

    /// Gives a job back, to be tried again from `not_before`.
    pub async fn job_release(
        &mut self,
        order: OrderId,
        owner: Uuid,
        not_before: i64,
    ) -> Result<(), StoreError> {
        self.exec(JOB_RELEASE, args![order, owner, not_before]).await?;
        Ok(())
    }

    /// The job is done.
    pub async fn job_delete(&mut self, order: OrderId) -> Result<(), StoreError> {
        self.exec(JOB_DELETE, args![order]).await?;
        Ok(())
    }
}
