//! What operators have in stock.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{Pick, STOCK};
use crate::numbers::json;
use crate::value::{args, row};
use domain::stock::StockKind;
use domain::{CallingProfileId, OperatorId, number::Usage};
use numbering::{Country, E164};
use uuid::Uuid;

row! {
    /// A number in stock.
    StockRow {
        number: E164,
        operator_id: OperatorId,
        profile_id: CallingProfileId,
        country: Country,
        area: String,
        area_folded: String,
        kind: StockKind,
        usage: Usage,
        price_note: String,
        amount: Option<i64>,
        currency: Option<String>,
        reservation_id: Option<Uuid>,
        listed_at: i64,
    }
    /// How many numbers of a kind are in stock in a country.
    StockCountRow { country: Country, kind: StockKind, numbers: i64, reserved: i64 }
}

/// Which index a search goes by; what else is wanted is looked at row by row.
#[derive(Clone, Debug)]
pub enum StockWay {
    /// Every number of the country.
    Country,
    /// Those of an area, as it compares.
    Area(String),
    /// Those of a kind.
    Kind(StockKind),
}

macro_rules! stock_select {
    ($($tail:literal)*) => {
        concat!(
            "SELECT n.number, n.operator_id, n.profile_id, n.country, n.area, n.area_folded, ",
            "n.kind, n.usage, n.price_note, n.amount, n.currency, n.reservation_id, n.listed_at ",
            "FROM stock_number n ",
            $($tail),*
        )
    };
}

/// A list of an operator's stock up to its `WHERE`.
pub(crate) const STOCK_SELECT: &str = stock_select!();

statements! {
    // Whoever brings one of its numbers into an inventory refers to the operator's row, and waits.
    STOCK_LOCK_PG = "SELECT id AS v FROM operator WHERE id = $1 FOR UPDATE";
    STOCK_SHARE_PG = "SELECT id AS v FROM operator WHERE id = $1 FOR KEY SHARE";
    STOCK_PUT_LITE = "INSERT INTO stock_number (number, operator_id, profile_id, country, area, \
        area_folded, kind, usage, price_note, amount, currency, listed_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (operator_id, number) DO UPDATE SET profile_id = excluded.profile_id, \
        country = excluded.country, area = excluded.area, area_folded = excluded.area_folded, \
        kind = excluded.kind, usage = excluded.usage, price_note = excluded.price_note, \
        amount = excluded.amount, currency = excluded.currency, listed_at = excluded.listed_at \
        WHERE stock_number.reservation_id IS NULL";
    STOCKS_PUT_PG = "INSERT INTO stock_number (number, operator_id, profile_id, country, area, \
        area_folded, kind, usage, price_note, amount, currency, listed_at) \
        SELECT j.number, j.operator_id, j.profile_id, j.country, j.area, j.area_folded, j.kind, \
        j.usage, j.price_note, j.amount, j.currency, j.listed_at \
        FROM json_to_recordset(CAST($1 AS json)) AS j (number BIGINT, operator_id UUID, \
            profile_id UUID, country TEXT, area TEXT, area_folded TEXT, kind TEXT, usage TEXT, \
            price_note TEXT, amount BIGINT, currency TEXT, listed_at BIGINT) \
        ORDER BY j.number \
        ON CONFLICT (operator_id, number) DO UPDATE SET profile_id = excluded.profile_id, \
        country = excluded.country, area = excluded.area, area_folded = excluded.area_folded, \
        kind = excluded.kind, usage = excluded.usage, price_note = excluded.price_note, \
        amount = excluded.amount, currency = excluded.currency, listed_at = excluded.listed_at \
        WHERE stock_number.reservation_id IS NULL";
    STOCK_LOCKED_LITE = stock_select!(
        "WHERE n.operator_id = $2 AND n.number IN (SELECT value FROM json_each($1)) "
        "ORDER BY n.number");
    STOCK_LOCKED_PG = stock_select!(
        "WHERE n.operator_id = $2 AND n.number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value))) \
         ORDER BY n.number FOR UPDATE");
    STOCK_IS_RESERVED = "SELECT COUNT(*) AS v FROM stock_number \
        WHERE operator_id = $1 AND number = $2 AND reservation_id IS NOT NULL";
    STOCK_DELETE_LITE = "DELETE FROM stock_number WHERE operator_id = $2 \
        AND reservation_id IS NULL AND number IN (SELECT value FROM json_each($1))";
    STOCK_DELETE_PG = "DELETE FROM stock_number WHERE operator_id = $2 \
        AND reservation_id IS NULL \
        AND number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value)))";
    STOCK_SOLD_LITE =
        "DELETE FROM stock_number WHERE operator_id = $2 \
        AND number IN (SELECT value FROM json_each($1))";
    STOCK_SOLD_PG = "DELETE FROM stock_number WHERE operator_id = $2 \
        AND number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value)))";
    STOCK_BETWEEN = stock_select!(
        "WHERE n.operator_id = $1 AND n.number BETWEEN $2 AND $3 ORDER BY n.number LIMIT $4");
    STOCK_SCAN_COUNTRY = stock_select!(
        "WHERE n.operator_id = $1 AND n.country = $2 AND n.number BETWEEN $3 AND $4 "
        "ORDER BY n.number LIMIT $5");
    STOCK_SCAN_AREA = stock_select!(
        "WHERE n.operator_id = $1 AND n.country = $2 AND n.number BETWEEN $3 AND $4 "
        "AND n.area_folded = $6 ORDER BY n.number LIMIT $5");
    STOCK_SCAN_KIND = stock_select!(
        "WHERE n.operator_id = $1 AND n.country = $2 AND n.number BETWEEN $3 AND $4 "
        "AND n.kind = $6 ORDER BY n.number LIMIT $5");
    STOCK_COUNTS = "SELECT country, kind, COUNT(*) AS numbers, \
        COUNT(reservation_id) AS reserved FROM stock_number WHERE operator_id = $1 \
        GROUP BY country, kind ORDER BY country, kind";
}

/// The statements of a search with the indexes that are to answer them, for the test that asks
/// both databases for their plans.
pub fn stock_scans() -> [(&'static str, &'static str); 4] {
    [
        (STOCK_SCAN_COUNTRY, "stock_by_country"),
        (STOCK_SCAN_AREA, "stock_by_area"),
        (STOCK_SCAN_KIND, "stock_by_kind"),
        (STOCK_BETWEEN, "stock_number_pkey"),
    ]
}

impl Db {
    /// Keeps an operator's numbers from coming into anybody's inventory until this transaction
    /// ends.
    pub async fn stock_lock(&mut self, operator: OperatorId) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<Uuid>(STOCK_LOCK_PG, args![operator]).await?;
        }
        Ok(())
    }

    /// Keeps an operator's stock from growing until this transaction ends: taken before numbers are
    /// locked, as whoever puts them into stock does.
    pub async fn stock_share(&mut self, operator: OperatorId) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<Uuid>(STOCK_SHARE_PG, args![operator]).await?;
        }
        Ok(())
    }

    /// Puts numbers into stock, or edits those that are there and are not reserved; says how many.
    pub async fn stock_put(&mut self, rows: &[StockRow]) -> Result<u64, StoreError> {
        if self.is_pg() {
            let rows: Vec<_> = rows
                .iter()
                .map(|n| {
                    serde_json::json!({
                        "number": n.number.value(),
                        "operator_id": n.operator_id,
                        "profile_id": n.profile_id,
                        "country": n.country,
                        "area": n.area,
                        "area_folded": n.area_folded,
                        "kind": n.kind.as_str(),
                        "usage": n.usage.as_str(),
                        "price_note": n.price_note,
                        "amount": n.amount,
                        "currency": n.currency,
                        "listed_at": n.listed_at,
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            return self.exec(STOCKS_PUT_PG, args![rows]).await;
        }
        let mut put = 0;
        for n in rows {
            let args = args![
                n.number,
                n.operator_id,
                n.profile_id,
                n.country,
                n.area,
                n.area_folded,
                n.kind,
                n.usage,
                n.price_note,
                n.amount,
                n.currency,
                n.listed_at
            ];
            put += self.exec(STOCK_PUT_LITE, args).await?;
        }
        Ok(put)
    }

    /// Those of the numbers that an operator has in stock, locked in their order until this
    /// transaction ends.
    pub async fn stock_locked(
        &mut self,
        operator: OperatorId,
        numbers: &[E164],
    ) -> Result<Vec<StockRow>, StoreError> {
        let sql = if self.is_pg() { STOCK_LOCKED_PG } else { STOCK_LOCKED_LITE };
        self.all(sql, args![json(numbers), operator]).await
    }

    /// Has a tenant reserved it?
    pub async fn stock_is_reserved(
        &mut self,
        operator: OperatorId,
        number: E164,
    ) -> Result<bool, StoreError> {
        let count = self.value::<i64>(STOCK_IS_RESERVED, args![operator, number]).await?;
        Ok(count.unwrap_or_default() > 0)
    }

    /// Takes an operator's numbers out of stock but for those that are reserved; says how many.
    pub async fn stock_delete(
        &mut self,
        operator: OperatorId,
        numbers: &[E164],
    ) -> Result<u64, StoreError> {
        let sql = if self.is_pg() { STOCK_DELETE_PG } else { STOCK_DELETE_LITE };
        self.exec(sql, args![json(numbers), operator]).await
    }

    /// They are in somebody's inventory now.
    pub(crate) async fn stock_sold(
        &mut self,
        operator: OperatorId,
        numbers: &[E164],
    ) -> Result<(), StoreError> {
        let sql = if self.is_pg() { STOCK_SOLD_PG } else { STOCK_SOLD_LITE };
        self.exec(sql, args![json(numbers), operator]).await?;
        Ok(())
    }

    /// An operator's stock between two numbers, both included.
    pub async fn stock_between(
        &mut self,
        operator: OperatorId,
        first: E164,
        last: E164,
        limit: u32,
    ) -> Result<Vec<StockRow>, StoreError> {
        self.all(STOCK_BETWEEN, args![operator, first, last, limit]).await
    }

    /// The next rows of a search between two numbers, both included, in their order.
    pub async fn stock_scan(
        &mut self,
        operator: OperatorId,
        country: Country,
        way: &StockWay,
        (low, high): (i64, i64),
        limit: u32,
    ) -> Result<Vec<StockRow>, StoreError> {
        match way {
            StockWay::Country => {
                let args = args![operator, country, low, high, limit];
                self.all(STOCK_SCAN_COUNTRY, args).await
            }
            StockWay::Area(area) => {
                let args = args![operator, country, low, high, limit, area.clone()];
                self.all(STOCK_SCAN_AREA, args).await
            }
            StockWay::Kind(kind) => {
                let args = args![operator, country, low, high, limit, *kind];
                self.all(STOCK_SCAN_KIND, args).await
            }
        }
    }

    /// A page of an operator's stock.
    pub async fn stock_page(
        &mut self,
        operator: OperatorId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<StockRow>, StoreError> {
        self.list_page(&STOCK, Some(operator.0), pick, limit).await
    }

    /// How many there are, by country and kind.
    pub async fn stock_counts(
        &mut self,
        operator: OperatorId,
    ) -> Result<Vec<StockCountRow>, StoreError> {
        self.all(STOCK_COUNTS, args![operator]).await
    }
}
