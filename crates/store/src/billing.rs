//! What operators say of their legs, and the files of call records that were handed out.

use crate::StoreError;
use crate::cdr::{CdrRow, calls};
use crate::db::{Db, statements};
use crate::value::{args, row};
use domain::{CdrId, OperatorId, TenantId};
use uuid::Uuid;

row! {
    /// A pushed duration.
    DurationRow {
        id: Uuid,
        call_id: CdrId,
        operator_id: OperatorId,
        tenant_id: Option<TenantId>,
        leg: String,
        connected_ms: Option<i64>,
        billed_ms: Option<i64>,
        matched_by: String,
        reference: Option<String>,
        principal_id: Uuid,
        pushed_at: i64,
    }
    /// A file that was handed out.
    ExportRow {
        id: Uuid,
        tenant_id: Option<TenantId>,
        operator_id: Option<OperatorId>,
        format: String,
        from_at: i64,
        to_at: i64,
        row_count: i64,
        byte_count: i64,
        sha256: String,
        began_at: i64,
        ended_at: i64,
        principal_id: Uuid,
        principal: String,
    }
    /// An operator's calls beside what it says of them. Answered ones only.
    ReconciliationRow {
        answered: i64,
        pushed: i64,
        differing: i64,
        connected_ms: i64,
        operator_connected_ms: i64,
        operator_billed_ms: i64,
    }
}

macro_rules! export_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, tenant_id, operator_id, format, from_at, to_at, row_count, byte_count, ",
            "sha256, began_at, ended_at, principal_id, principal FROM call_export ",
            $tail
        )
    };
}

statements! {
    DURATION_NEWEST = "SELECT id, call_id, operator_id, tenant_id, leg, connected_ms, billed_ms, \
        matched_by, reference, principal_id, pushed_at FROM call_duration \
        WHERE call_id = $1 AND operator_id = $2 ORDER BY id DESC LIMIT 1";
    DURATION_INSERT = "INSERT INTO call_duration (id, call_id, operator_id, tenant_id, leg, \
        connected_ms, billed_ms, matched_by, reference, principal_id, pushed_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    // Its own legs only: a leg of another has no trunk of this operator.
    CDR_BY_LEG = calls!("WHERE c.operator_id = $1 AND ((c.in_call_id = $2 \
        AND c.in_trunk_id IS NOT NULL) OR (c.out_call_id = $2 AND c.out_trunk_id IS NOT NULL)) \
        ORDER BY c.sort_at DESC LIMIT 2");
    // A call rings for an hour at most before it is answered.
    CDR_BY_PARTIES = calls!("WHERE c.operator_id = $1 AND c.sort_at >= $4 - 3600000000 \
        AND c.sort_at <= $5 AND c.caller = $2 AND c.callee = $3 \
        AND COALESCE(c.answer_at, c.end_answered_at) BETWEEN $4 AND $5 \
        ORDER BY c.sort_at LIMIT 2");
    EXPORT_INSERT = "INSERT INTO call_export (id, tenant_id, operator_id, format, from_at, to_at, \
        row_count, byte_count, sha256, began_at, ended_at, principal_id, principal) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    EXPORT_LIST_OF_TENANT = export_select!("WHERE tenant_id = $1 \
        AND (CAST($2 AS UUID) IS NULL OR id < $2) ORDER BY id DESC LIMIT $3");
    EXPORT_LIST_OF_OPERATOR = export_select!("WHERE operator_id = $1 \
        AND (CAST($2 AS UUID) IS NULL OR id < $2) ORDER BY id DESC LIMIT $3");
    EXPORT_GET = export_select!("WHERE id = $1");
    RECONCILIATION = "SELECT CAST(count(*) AS BIGINT) AS answered, \
        CAST(count(d.id) AS BIGINT) AS pushed, \
        CAST(COALESCE(SUM(CASE WHEN ABS(d.connected_ms - m.ms) > $4 THEN 1 ELSE 0 END), 0) \
            AS BIGINT) AS differing, \
        CAST(COALESCE(SUM(m.ms), 0) AS BIGINT) AS connected_ms, \
        CAST(COALESCE(SUM(d.connected_ms), 0) AS BIGINT) AS operator_connected_ms, \
        CAST(COALESCE(SUM(d.billed_ms), 0) AS BIGINT) AS operator_billed_ms \
        FROM (SELECT (SELECT x.id FROM call_duration x WHERE x.call_id = c.id \
                AND x.operator_id = c.operator_id ORDER BY x.id DESC LIMIT 1) AS said, \
            CASE WHEN c.end_at > COALESCE(c.answer_at, c.end_answered_at) \
                THEN (c.end_at - COALESCE(c.answer_at, c.end_answered_at)) / 1000 ELSE 0 END AS ms \
            FROM cdr c WHERE c.operator_id = $1 AND c.sort_at >= $2 AND c.sort_at < $3 \
            AND COALESCE(c.answer_at, c.end_answered_at) IS NOT NULL) m \
        LEFT JOIN call_duration d ON d.id = m.said";
}

impl Db {
    /// What an operator said last of a call.
    pub async fn duration_newest(
        &mut self,
        call: CdrId,
        operator: OperatorId,
    ) -> Result<Option<DurationRow>, StoreError> {
        self.one(DURATION_NEWEST, args![call, operator]).await
    }

    /// Adds what an operator says.
    pub async fn duration_insert(&mut self, d: &DurationRow) -> Result<(), StoreError> {
        let args = args![
            d.id,
            d.call_id,
            d.operator_id,
            d.tenant_id,
            d.leg,
            d.connected_ms,
            d.billed_ms,
            d.matched_by,
            d.reference,
            d.principal_id,
            d.pushed_at
        ];
        self.exec(DURATION_INSERT, args).await?;
        Ok(())
    }

    /// An operator's calls with a leg of its own that had this SIP Call-ID, two at most.
    pub async fn cdr_by_leg(
        &mut self,
        operator: OperatorId,
        sip_call_id: &str,
    ) -> Result<Vec<CdrRow>, StoreError> {
        self.all(CDR_BY_LEG, args![operator, sip_call_id.to_owned()]).await
    }

    /// An operator's calls between these two that were answered within this time, two at most.
    pub async fn cdr_by_parties(
        &mut self,
        operator: OperatorId,
        caller: &str,
        callee: &str,
        answered: (i64, i64),
    ) -> Result<Vec<CdrRow>, StoreError> {
        let args = args![operator, caller.to_owned(), callee.to_owned(), answered.0, answered.1];
        self.all(CDR_BY_PARTIES, args).await
    }

    /// Keeps what was handed out.
    pub async fn export_insert(&mut self, e: &ExportRow) -> Result<(), StoreError> {
        let args = args![
            e.id,
            e.tenant_id,
            e.operator_id,
            e.format,
            e.from_at,
            e.to_at,
            e.row_count,
            e.byte_count,
            e.sha256,
            e.began_at,
            e.ended_at,
            e.principal_id,
            e.principal
        ];
        self.exec(EXPORT_INSERT, args).await?;
        Ok(())
    }

    /// A tenant's exports before an id, newest first.
    pub async fn export_list_of_tenant(
        &mut self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ExportRow>, StoreError> {
        self.all(EXPORT_LIST_OF_TENANT, args![tenant, before, limit]).await
    }

    /// An operator's exports before an id, newest first.
    pub async fn export_list_of_operator(
        &mut self,
        operator: OperatorId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ExportRow>, StoreError> {
        self.all(EXPORT_LIST_OF_OPERATOR, args![operator, before, limit]).await
    }

    /// One export, whoever's it is.
    pub async fn export_get(&mut self, id: Uuid) -> Result<Option<ExportRow>, StoreError> {
        self.one(EXPORT_GET, args![id]).await
    }

    /// An operator's answered calls that began within a time, beside what it says of them;
    /// more than `tolerance_ms` apart is a difference.
    pub async fn reconciliation(
        &mut self,
        operator: OperatorId,
        from: i64,
        to: i64,
        tolerance_ms: i64,
    ) -> Result<Option<ReconciliationRow>, StoreError> {
        self.one(RECONCILIATION, args![operator, from, to, tolerance_ms]).await
    }
}
