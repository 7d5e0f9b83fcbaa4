//! Number orders, their entries, and the jobs that run them.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{ORDER_MESSAGES, ORDERS, ORDERS_OF_TENANT, Pick};
use crate::value::{args, row};
use domain::{CallingProfileId, LocationId, OperatorId, OrderId, TenantId};
use numbering::E164;
use uuid::Uuid;

row! {
    /// An order that still has to do something.
    OpenOrderRow {
        id: OrderId,
        operator_id: Option<OperatorId>,
        kind: String,
        status: String,
        created_at: i64,
    }
    /// An order.
    OrderRow {
        id: OrderId,
        operator_id: Option<OperatorId>,
        tenant_id: TenantId,
        kind: String,
        status: String,
        dry_run: bool,
        params: Option<String>,
        retries_id: Option<OrderId>,
        undoes_id: Option<OrderId>,
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
        asked: Option<String>,
        line: Option<u32>,
        status: String,
        error: Option<String>,
        warning: Option<String>,
    }
    /// What a good entry found and left.
    OrderFormerRow { ordinal: u32, number_text: String, former: Option<String> }
    /// A failed entry of an operator's order, until somebody has seen to it.
    OrderMessageRow {
        id: Uuid,
        operator_id: OperatorId,
        tenant_id: TenantId,
        order_id: OrderId,
        ordinal: u32,
        number_text: String,
        ticket_id: Option<String>,
        error: String,
        code: String,
        created_at: i64,
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
    /// JSON of what it found and left, for an undo.
    pub former: Option<String>,
}

macro_rules! order_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, operator_id, tenant_id, kind, status, dry_run, params, retries_id, ",
            "undoes_id, tenant_may_update_location, ticket_id, total, done, succeeded, failed, ",
            "principal_id, request_id, created_at, finished_at FROM number_order ",
            $tail
        )
    };
}

macro_rules! entry_select {
    ($tail:literal) => {
        concat!(
            "SELECT ordinal, number_text, usage, profile_id, location_id, country, asked, line, ",
            "status, error, warning FROM number_order_entry ",
            $tail
        )
    };
}

/// A list of orders up to its `WHERE`.
pub(crate) const ORDER_SELECT: &str = order_select!("");

/// A list of messages up to its `WHERE`.
pub(crate) const MESSAGE_SELECT: &str = "SELECT id, operator_id, tenant_id, order_id, ordinal, \
    number_text, ticket_id, error, code, created_at FROM order_message";

statements! {
    ORDER_INSERT = "INSERT INTO number_order (id, operator_id, tenant_id, kind, status, dry_run, \
        tenant_may_update_location, ticket_id, total, done, succeeded, failed, principal_id, \
        request_id, created_at, finished_at, params, retries_id, undoes_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
            $19)";
    ORDER_GET = order_select!("WHERE id = $1");
    ORDER_PROGRESS = "UPDATE number_order SET status = $2, done = $3, succeeded = $4, \
        failed = $5, finished_at = $6, total = $7 WHERE id = $1";
    // Of an operator, of a tenant itself, or of anybody: whatever still waits or is under way.
    ORDERS_OPEN_OF_NUMBER = "SELECT o.id, o.operator_id, o.kind, o.status, o.created_at \
        FROM job j JOIN number_order o ON o.id = j.order_id \
        WHERE o.finished_at IS NULL \
        AND (CAST($2 AS UUID) IS NULL OR o.operator_id = $2) \
        AND (CAST($3 AS UUID) IS NULL OR (o.tenant_id = $3 AND o.operator_id IS NULL)) \
        AND EXISTS (SELECT 1 FROM number_order_entry e WHERE e.order_id = o.id \
            AND e.number_text = $1 AND e.status = 'pending') \
        ORDER BY o.id DESC LIMIT 20";
    ENTRY_INSERT_LITE = "INSERT INTO number_order_entry (order_id, ordinal, number_text, usage, \
        profile_id, location_id, country, status, error, warning, asked, line) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    ENTRIES_INSERT_PG = "INSERT INTO number_order_entry (order_id, ordinal, number_text, usage, \
        profile_id, location_id, country, status, error, warning, asked, line) \
        SELECT $1, j.ordinal, j.number_text, j.usage, j.profile_id, j.location_id, j.country, \
        j.status, j.error, j.warning, j.asked, j.line FROM json_to_recordset(CAST($2 AS json)) \
        AS j (ordinal BIGINT, number_text TEXT, usage TEXT, profile_id UUID, location_id UUID, \
            country TEXT, status TEXT, error TEXT, warning TEXT, asked TEXT, line BIGINT)";
    ENTRY_LIST = entry_select!(
        "WHERE order_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3");
    ENTRY_PENDING = entry_select!(
        "WHERE order_id = $1 AND status = 'pending' ORDER BY ordinal LIMIT $2");
    ENTRY_FAILED = entry_select!(
        "WHERE order_id = $1 AND status = 'error' AND ordinal > $2 ORDER BY ordinal LIMIT $3");
    ENTRY_FORMER = "SELECT ordinal, number_text, former FROM number_order_entry \
        WHERE order_id = $1 AND status = 'success' AND ordinal > $2 ORDER BY ordinal LIMIT $3";
    ENTRY_RESULT_LITE = "UPDATE number_order_entry SET status = $3, error = $4, warning = $5, \
        former = $6 WHERE order_id = $1 AND ordinal = $2";
    ENTRY_RESULTS_PG = "UPDATE number_order_entry AS e \
        SET status = j.status, error = j.error, warning = j.warning, former = j.former \
        FROM json_to_recordset(CAST($2 AS json)) \
        AS j (ordinal BIGINT, status TEXT, error TEXT, warning TEXT, former TEXT) \
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
    MESSAGE_INSERT = "INSERT INTO order_message (id, operator_id, tenant_id, order_id, ordinal, \
        number_text, ticket_id, error, code, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    MESSAGE_DELETE = "DELETE FROM order_message WHERE operator_id = $1 AND id = $2";
}

impl Db {
    /// Orders that have still to do something with a number: an operator's, a tenant's own, or all.
    pub async fn orders_open_of_number(
        &mut self,
        number: E164,
        operator: Option<OperatorId>,
        tenant: Option<TenantId>,
    ) -> Result<Vec<OpenOrderRow>, StoreError> {
        self.all(ORDERS_OPEN_OF_NUMBER, args![number.to_string(), operator, tenant]).await
    }

    /// Adds an order without its entries, and the job that will run them.
    pub async fn order_insert(&mut self, o: &OrderRow, job: Uuid) -> Result<(), StoreError> {
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
            o.finished_at,
            o.params,
            o.retries_id,
            o.undoes_id
        ];
        self.exec(ORDER_INSERT, args).await?;
        self.exec(JOB_INSERT, args![job, o.id, o.created_at]).await?;
        Ok(())
    }

    /// Adds entries to an order.
    pub async fn entries_insert(
        &mut self,
        order: OrderId,
        entries: &[OrderEntryRow],
    ) -> Result<(), StoreError> {
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
                        "asked": e.asked,
                        "line": e.line,
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            self.exec(ENTRIES_INSERT_PG, args![order, rows]).await?;
            return Ok(());
        }
        for e in entries {
            let args = args![
                order,
                e.ordinal,
                e.number_text,
                e.usage,
                e.profile_id,
                e.location_id,
                e.country,
                e.status,
                e.error,
                e.warning,
                e.asked,
                e.line
            ];
            self.exec(ENTRY_INSERT_LITE, args).await?;
        }
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

    /// A page of the orders a tenant has placed.
    pub async fn tenant_order_page(
        &mut self,
        tenant: TenantId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.list_page(&ORDERS_OF_TENANT, Some(tenant.0), pick, limit).await
    }

    /// Writes status, counts and end of an order.
    pub async fn order_progress(&mut self, o: &OrderRow) -> Result<(), StoreError> {
        let args = args![o.id, o.status, o.done, o.succeeded, o.failed, o.finished_at, o.total];
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

    /// An order's failed entries after an ordinal.
    pub async fn entry_failed(
        &mut self,
        order: OrderId,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<OrderEntryRow>, StoreError> {
        self.all(ENTRY_FAILED, args![order, after.map_or(-1, i64::from), limit]).await
    }

    /// What an order's good entries found and left, after an ordinal.
    pub async fn entry_former(
        &mut self,
        order: OrderId,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<OrderFormerRow>, StoreError> {
        self.all(ENTRY_FORMER, args![order, after.map_or(-1, i64::from), limit]).await
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
                        "former": r.former,
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            self.exec(ENTRY_RESULTS_PG, args![order, rows]).await?;
            return Ok(());
        }
        for r in results {
            let status = status(r).to_owned();
            let args = args![order, r.ordinal, status, r.error, r.warning, r.former];
            self.exec(ENTRY_RESULT_LITE, args).await?;
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

    /// Tells an operator of a failed entry.
    pub async fn message_insert(&mut self, m: &OrderMessageRow) -> Result<(), StoreError> {
        let args = args![
            m.id,
            m.operator_id,
            m.tenant_id,
            m.order_id,
            m.ordinal,
            m.number_text,
            m.ticket_id,
            m.error,
            m.code,
            m.created_at
        ];
        self.exec(MESSAGE_INSERT, args).await?;
        Ok(())
    }

    /// A page of an operator's messages.
    pub async fn message_page(
        &mut self,
        operator: OperatorId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<OrderMessageRow>, StoreError> {
        self.list_page(&ORDER_MESSAGES, Some(operator.0), pick, limit).await
    }

    /// Somebody has seen to it; `false` where there is none.
    pub async fn message_delete(
        &mut self,
        operator: OperatorId,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(MESSAGE_DELETE, args![operator, id]).await? > 0)
    }
}
