//! Disputes on number authority.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use domain::{OperatorId, OrderId, TenantId};
use numbering::E164;
use uuid::Uuid;

row! {
    /// A dispute, with the names of both operators.
    DisputeRow {
        id: Uuid,
        number: E164,
        state: String,
        claimant_id: OperatorId,
        claimant_name: String,
        claimant_tenant: TenantId,
        holder_id: OperatorId,
        holder_name: String,
        holder_tenant: TenantId,
        order_id: Option<OrderId>,
        comment: Option<String>,
        opened_at: i64,
        closed_at: Option<i64>,
    }
}

macro_rules! dispute_select {
    ($tail:literal) => {
        concat!(
            "SELECT d.id, d.number, d.state, d.claimant_id, COALESCE(c.name, '') AS claimant_name, ",
            "d.claimant_tenant, d.holder_id, COALESCE(h.name, '') AS holder_name, ",
            "d.holder_tenant, d.order_id, d.comment, d.opened_at, d.closed_at ",
            "FROM number_dispute d LEFT JOIN operator c ON c.id = d.claimant_id ",
            "LEFT JOIN operator h ON h.id = d.holder_id ",
            $tail
        )
    };
}

statements! {
    DISPUTE_OPEN = "INSERT INTO number_dispute (id, number, state, claimant_id, claimant_tenant, \
        holder_id, holder_tenant, order_id, opened_at) \
        VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    DISPUTE_GET = dispute_select!("WHERE d.id = $1");
    DISPUTE_LIST = dispute_select!(
        "WHERE (CAST($1 AS UUID) IS NULL OR d.claimant_id = $1 OR d.holder_id = $1) \
         AND (CAST($2 AS UUID) IS NULL OR d.id < $2) ORDER BY d.id DESC LIMIT $3");
    DISPUTES_OVER_LITE = dispute_select!("WHERE d.state = 'open' AND d.holder_id = $2 \
        AND d.number IN (SELECT value FROM json_each($1)) ORDER BY d.id");
    DISPUTES_OVER_PG = dispute_select!("WHERE d.state = 'open' AND d.holder_id = $2 \
        AND d.number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value))) ORDER BY d.id");
    DISPUTES_OF_NUMBER = dispute_select!(
        "WHERE d.number = $1 AND d.state = 'open' \
         AND (CAST($2 AS UUID) IS NULL OR d.claimant_id = $2 OR d.holder_id = $2) \
         ORDER BY d.id DESC LIMIT 20");
    DISPUTE_END = "UPDATE number_dispute SET state = $2, comment = $3, closed_at = $4 \
        WHERE id = $1 AND state = 'open'";
}

impl Db {
    /// Opens a dispute; `false` where one like it is open.
    pub async fn dispute_open(&mut self, d: &DisputeRow) -> Result<bool, StoreError> {
        let args = args![
            d.id,
            d.number,
            d.claimant_id,
            d.claimant_tenant,
            d.holder_id,
            d.holder_tenant,
            d.order_id,
            d.opened_at
        ];
        Ok(self.exec(DISPUTE_OPEN, args).await? > 0)
    }

    /// One.
    pub async fn dispute_get(&mut self, id: Uuid) -> Result<Option<DisputeRow>, StoreError> {
        self.one(DISPUTE_GET, args![id]).await
    }

    /// Those an operator is a side of, or all, newest first, before an id.
    pub async fn dispute_list(
        &mut self,
        side: Option<OperatorId>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<DisputeRow>, StoreError> {
        self.all(DISPUTE_LIST, args![side, before, limit]).await
    }

    /// The open ones over numbers that an operator holds.
    pub async fn disputes_over(
        &mut self,
        numbers: &[E164],
        holder: OperatorId,
    ) -> Result<Vec<DisputeRow>, StoreError> {
        let sql = if self.is_pg() { DISPUTES_OVER_PG } else { DISPUTES_OVER_LITE };
        self.all(sql, args![crate::numbers::json(numbers), holder]).await
    }

    /// Open ones about a number, that an operator is a side of, or all.
    pub async fn disputes_of_number(
        &mut self,
        number: E164,
        side: Option<OperatorId>,
    ) -> Result<Vec<DisputeRow>, StoreError> {
        self.all(DISPUTES_OF_NUMBER, args![number, side]).await
    }

    /// Ends it; `false` where it is over.
    pub async fn dispute_end(
        &mut self,
        id: Uuid,
        state: &str,
        comment: Option<String>,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(DISPUTE_END, args![id, state.to_owned(), comment, at]).await? > 0)
    }
}
