//! Storefronts of operators, quotes and reservations.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{Listing, Pick};
use crate::numbers::json;
use crate::value::{Json, args, row};
use domain::{CallingProfileId, LocationId, OperatorId, OrderId, TenantId};
use numbering::{Country, E164};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A number as it was quoted: what it will be delivered as, at what price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteLine {
    /// The number.
    pub number: E164,
    /// Its country.
    pub country: Country,
    /// City, region or network.
    pub area: String,
    /// What it is.
    pub kind: String,
    /// What it is for.
    pub usage: String,
    /// The calling profile that it will have.
    pub profile: CallingProfileId,
    /// The operator's words.
    pub price_note: String,
    /// In ten-thousandths.
    pub amount: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
}

row! {
    /// How an operator sells.
    StorefrontRow {
        operator_id: OperatorId,
        open: bool,
        terms: String,
        payment_url: Option<String>,
        secret: Option<Vec<u8>>,
        fulfilment: String,
        free_at_once: bool,
        tenant_may_update_location: bool,
        quote_minutes: u32,
        reservation_minutes: u32,
        version: i64,
    }
    /// What was offered.
    QuoteRow {
        id: Uuid,
        tenant_id: TenantId,
        operator_id: OperatorId,
        lines: Json<Vec<QuoteLine>>,
        amount: Option<i64>,
        currency: Option<String>,
        terms: String,
        location_id: Option<LocationId>,
        created_at: i64,
        valid_until: i64,
    }
    /// Numbers that are held for a tenant.
    ReservationRow {
        id: Uuid,
        quote_id: Uuid,
        tenant_id: TenantId,
        operator_id: OperatorId,
        state: String,
        numbers: u32,
        delivered: u32,
        amount: Option<i64>,
        currency: Option<String>,
        expires_at: i64,
        extended: bool,
        due_at: Option<i64>,
        paid_at: Option<i64>,
        payment_reference: Option<String>,
        reason: Option<String>,
        order_id: Option<OrderId>,
        principal_id: Uuid,
        request_id: String,
        created_at: i64,
        ended_at: Option<i64>,
        version: i64,
    }
}

macro_rules! reservation_select {
    ($($tail:literal)*) => {
        concat!(
            "SELECT id, quote_id, tenant_id, operator_id, state, numbers, delivered, amount, ",
            "currency, expires_at, extended, due_at, paid_at, payment_reference, reason, ",
            "order_id, principal_id, request_id, created_at, ended_at, version FROM reservation ",
            $($tail),*
        )
    };
}

/// A list of reservations up to its `WHERE`.
pub(crate) const RESERVATION_SELECT: &str = reservation_select!();

statements! {
    STOREFRONT_GET = "SELECT operator_id, open, terms, payment_url, secret, fulfilment, \
        free_at_once, tenant_may_update_location, quote_minutes, reservation_minutes, version \
        FROM storefront WHERE operator_id = $1";
    STOREFRONT_PUT = "INSERT INTO storefront (operator_id, open, terms, payment_url, secret, \
        fulfilment, free_at_once, tenant_may_update_location, quote_minutes, \
        reservation_minutes, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) \
        ON CONFLICT (operator_id) DO UPDATE SET open = excluded.open, terms = excluded.terms, \
        payment_url = excluded.payment_url, secret = excluded.secret, \
        fulfilment = excluded.fulfilment, free_at_once = excluded.free_at_once, \
        tenant_may_update_location = excluded.tenant_may_update_location, \
        quote_minutes = excluded.quote_minutes, \
        reservation_minutes = excluded.reservation_minutes, version = storefront.version + 1 \
        WHERE storefront.version = $11";
    QUOTE_INSERT = "INSERT INTO quote (id, tenant_id, operator_id, lines, amount, currency, \
        terms, location_id, created_at, valid_until) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    QUOTE_GET = "SELECT id, tenant_id, operator_id, lines, amount, currency, terms, location_id, \
        created_at, valid_until FROM quote WHERE id = $1";
    QUOTE_GOOD = "SELECT COUNT(*) AS v FROM quote WHERE tenant_id = $1 AND operator_id = $2 \
        AND valid_until > $3";
    QUOTE_FORGET = "DELETE FROM quote WHERE valid_until < $1 \
        AND NOT EXISTS (SELECT 1 FROM reservation r WHERE r.quote_id = quote.id)";
    RESERVATION_INSERT = "INSERT INTO reservation (id, quote_id, tenant_id, operator_id, state, \
        numbers, delivered, amount, currency, expires_at, extended, due_at, principal_id, \
        request_id, created_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, FALSE, $10, $11, $12, $13, 1)";
    RESERVATION_GET = reservation_select!("WHERE id = $1");
    RESERVATION_WRITE = "UPDATE reservation SET state = $3, delivered = $4, expires_at = $5, \
        extended = $6, due_at = $7, paid_at = $8, payment_reference = $9, reason = $10, \
        order_id = $11, ended_at = $12, version = version + 1 WHERE id = $1 AND version = $2";
    RESERVATION_OPEN = "SELECT COUNT(*) AS v FROM reservation WHERE tenant_id = $1 \
        AND operator_id = $2 AND state IN ('Reserved', 'Paid', 'Accepted')";
    RESERVATION_DUE = "SELECT id AS v FROM reservation WHERE due_at <= $1 \
        ORDER BY due_at LIMIT $2";
    STOCK_RESERVE_LITE = "UPDATE stock_number SET reservation_id = $2 WHERE operator_id = $3 \
        AND reservation_id IS NULL AND number IN (SELECT value FROM json_each($1))";
    STOCK_RESERVE_PG = "UPDATE stock_number SET reservation_id = $2 WHERE operator_id = $3 \
        AND reservation_id IS NULL \
        AND number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value)))";
    STOCK_RETURN = "UPDATE stock_number SET reservation_id = NULL WHERE reservation_id = $1";
}

impl Db {
    /// How an operator sells, if it has said so.
    pub async fn storefront_get(
        &mut self,
        operator: OperatorId,
    ) -> Result<Option<StorefrontRow>, StoreError> {
        self.one(STOREFRONT_GET, args![operator]).await
    }

    /// Replaces it where it is of the row's version; `false` where it is of another.
    pub async fn storefront_put(&mut self, s: &StorefrontRow) -> Result<bool, StoreError> {
        let args = args![
            s.operator_id,
            s.open,
            s.terms,
            s.payment_url,
            s.secret,
            s.fulfilment,
            s.free_at_once,
            s.tenant_may_update_location,
            s.quote_minutes,
            s.reservation_minutes,
            s.version
        ];
        Ok(self.exec(STOREFRONT_PUT, args).await? > 0)
    }

    /// Keeps what was offered.
    pub async fn quote_insert(&mut self, q: &QuoteRow) -> Result<(), StoreError> {
        let args = args![
            q.id,
            q.tenant_id,
            q.operator_id,
            q.lines,
            q.amount,
            q.currency,
            q.terms,
            q.location_id,
            q.created_at,
            q.valid_until
        ];
        self.exec(QUOTE_INSERT, args).await?;
        Ok(())
    }

    /// What was offered.
    pub async fn quote_get(&mut self, id: Uuid) -> Result<Option<QuoteRow>, StoreError> {
        self.one(QUOTE_GET, args![id]).await
    }

    /// How many quotes of an operator are good for a tenant now.
    pub async fn quote_good(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
        now: i64,
    ) -> Result<u32, StoreError> {
        Ok(self.value(QUOTE_GOOD, args![tenant, operator, now]).await?.unwrap_or(0))
    }

    /// Forgets quotes that ran out before, and that nobody has reserved.
    pub async fn quote_forget(&mut self, before: i64) -> Result<u64, StoreError> {
        self.exec(QUOTE_FORGET, args![before]).await
    }

    /// Adds a reservation.
    pub async fn reservation_insert(&mut self, r: &ReservationRow) -> Result<(), StoreError> {
        let args = args![
            r.id,
            r.quote_id,
            r.tenant_id,
            r.operator_id,
            r.state,
            r.numbers,
            r.amount,
            r.currency,
            r.expires_at,
            r.due_at,
            r.principal_id,
            r.request_id,
            r.created_at
        ];
        self.exec(RESERVATION_INSERT, args).await?;
        Ok(())
    }

    /// One.
    pub async fn reservation_get(
        &mut self,
        id: Uuid,
    ) -> Result<Option<ReservationRow>, StoreError> {
        self.one(RESERVATION_GET, args![id]).await
    }

    /// Writes what may change where it is of the row's version; `false` where it is of another.
    pub async fn reservation_write(&mut self, r: &ReservationRow) -> Result<bool, StoreError> {
        let args = args![
            r.id,
            r.version,
            r.state,
            r.delivered,
            r.expires_at,
            r.extended,
            r.due_at,
            r.paid_at,
            r.payment_reference,
            r.reason,
            r.order_id,
            r.ended_at
        ];
        Ok(self.exec(RESERVATION_WRITE, args).await? > 0)
    }

    /// A page of somebody's reservations.
    pub async fn reservation_page(
        &mut self,
        list: &'static Listing,
        whose: Uuid,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<ReservationRow>, StoreError> {
        self.list_page(list, Some(whose), pick, limit).await
    }

    /// How many reservations a tenant has open at an operator.
    pub async fn reservation_open(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
    ) -> Result<u32, StoreError> {
        Ok(self.value(RESERVATION_OPEN, args![tenant, operator]).await?.unwrap_or(0))
    }

    /// Those that are to be looked at by now.
    pub async fn reservation_due(&mut self, now: i64, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        self.values(RESERVATION_DUE, args![now, limit]).await
    }

    /// Holds numbers of an operator's stock that nobody has reserved; says how many.
    pub async fn stock_reserve(
        &mut self,
        reservation: Uuid,
        operator: OperatorId,
        numbers: &[E164],
    ) -> Result<u64, StoreError> {
        let sql = if self.is_pg() { STOCK_RESERVE_PG } else { STOCK_RESERVE_LITE };
        self.exec(sql, args![json(numbers), reservation, operator]).await
    }

    /// Gives back to stock what a reservation still holds.
    pub async fn stock_return(&mut self, reservation: Uuid) -> Result<u64, StoreError> {
        self.exec(STOCK_RETURN, args![reservation]).await
    }
}
