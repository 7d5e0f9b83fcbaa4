//! Numbers.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{Listing, Pick};
use crate::value::{args, row};
use crate::world::WorldNumberRow;
use domain::{
    CallingProfileId, LocationId, MoveId, OperatorId, ResourceAccountId, TenantId, UserId,
    number::Usage,
};
use numbering::{Country, E164};
use uuid::Uuid;

row! {
    /// A number, with the names of its operator and its assignee.
    NumberRow {
        number: E164,
        tenant_id: TenantId,
        operator_id: OperatorId,
        operator_name: String,
        profile_id: CallingProfileId,
        country: Country,
        usage: Usage,
        activation_state: String,
        location_id: Option<LocationId>,
        tenant_may_update_location: bool,
        person_id: Option<UserId>,
        account_id: Option<ResourceAccountId>,
        assigned_name: Option<String>,
        move_id: Option<MoveId>,
        acquired_at: i64,
        version: i64,
    }
}

macro_rules! number_select {
    ($($tail:literal)*) => {
        concat!(
            "SELECT n.number, n.tenant_id, n.operator_id, COALESCE(o.name, '') AS operator_name, ",
            "n.profile_id, n.country, n.usage, n.activation_state, n.location_id, ",
            "n.tenant_may_update_location, n.person_id, n.account_id, ",
            "COALESCE(p.display_name, a.display_name) AS assigned_name, n.move_id, ",
            "n.acquired_at, n.version FROM number n ",
            // Outer, so that every plan begins with the numbers; there is always an operator.
            "LEFT JOIN operator o ON o.id = n.operator_id ",
            "LEFT JOIN person p ON p.id = n.person_id ",
            "LEFT JOIN resource_account a ON a.id = n.account_id ",
            $($tail),*
        )
    };
}

macro_rules! route_select {
    ($tail:literal) => {
        concat!(
            "SELECT number, tenant_id, operator_id, profile_id, country, usage, location_id, ",
            "person_id, account_id, move_id FROM number ",
            $tail
        )
    };
}

/// A list of numbers up to its `WHERE`.
pub(crate) const NUMBER_SELECT: &str = number_select!();

statements! {
    NUMBER_GET = number_select!("WHERE n.number = $1");
    NUMBER_LOCK_PG = "SELECT number AS v FROM number WHERE number = $1 FOR UPDATE";
    NUMBERS_HELD_LITE = route_select!(
        "WHERE number IN (SELECT value FROM json_each($1)) ORDER BY number");
    // Each by its key: behind the wall a join may not look at numbers by a key that was cast, and
    // would read the whole table. In the order in which every writer locks them.
    NUMBERS_HELD_PG = concat!(
        "SELECT n.* FROM (SELECT CAST(value AS BIGINT) AS wanted \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value) ORDER BY 1) AS w \
         CROSS JOIN LATERAL (",
        route_select!("WHERE number = w.wanted FOR UPDATE"),
        ") AS n");
    NUMBER_INSERT_LITE = "INSERT INTO number (number, tenant_id, operator_id, profile_id, \
        country, usage, activation_state, location_id, tenant_may_update_location, acquired_at, \
        version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) \
        ON CONFLICT (number) DO NOTHING";
    NUMBERS_INSERT_PG = "INSERT INTO number (number, tenant_id, operator_id, profile_id, country, \
        usage, activation_state, location_id, tenant_may_update_location, acquired_at, version) \
        SELECT j.number, j.tenant_id, j.operator_id, j.profile_id, j.country, j.usage, \
        j.activation_state, j.location_id, j.tenant_may_update_location, j.acquired_at, 1 \
        FROM json_to_recordset(CAST($1 AS json)) AS j (number BIGINT, tenant_id UUID, \
            operator_id UUID, profile_id UUID, country TEXT, usage TEXT, activation_state TEXT, \
            location_id UUID, tenant_may_update_location BOOLEAN, acquired_at BIGINT) \
        ORDER BY j.number ON CONFLICT (number) DO NOTHING";
    NUMBERS_DELETE_LITE = "DELETE FROM number WHERE number IN (SELECT value FROM json_each($1)) \
        AND person_id IS NULL AND account_id IS NULL";
    NUMBERS_DELETE_PG = "DELETE FROM number WHERE number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value))) \
        AND person_id IS NULL AND account_id IS NULL";
    NUMBER_ASSIGN = "UPDATE number SET person_id = $3, account_id = $4, location_id = $5, \
        modified_at = $6, version = version + 1 WHERE number = $1 AND version = $2";
}

fn json(numbers: &[E164]) -> String {
    let digits: Vec<String> = numbers.iter().map(|n| n.value().to_string()).collect();
    format!("[{}]", digits.join(","))
}

impl Db {
    /// A number.
    pub async fn number_get(&mut self, number: E164) -> Result<Option<NumberRow>, StoreError> {
        self.one(NUMBER_GET, args![number]).await
    }

    /// Keeps others from changing a number until this transaction ends.
    pub async fn number_lock(&mut self, number: E164) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<E164>(NUMBER_LOCK_PG, args![number]).await?;
        }
        Ok(())
    }

    /// A page of somebody's numbers.
    pub async fn number_page(
        &mut self,
        list: &'static Listing,
        whose: Uuid,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<NumberRow>, StoreError> {
        self.list_page(list, Some(whose), pick, limit).await
    }

    /// Those of the numbers that somebody holds, locked in their order until
    /// this transaction ends.
    pub async fn numbers_held(
        &mut self,
        numbers: &[E164],
    ) -> Result<Vec<WorldNumberRow>, StoreError> {
        let sql = if self.is_pg() { NUMBERS_HELD_PG } else { NUMBERS_HELD_LITE };
        self.all(sql, args![json(numbers)]).await
    }

    /// Adds numbers nobody holds, in their order; says how many were added.
    pub async fn numbers_insert(&mut self, numbers: &[NumberRow]) -> Result<u64, StoreError> {
        let mut sorted: Vec<&NumberRow> = numbers.iter().collect();
        sorted.sort_by_key(|n| n.number);
        if self.is_pg() {
            let rows: Vec<_> = sorted
                .into_iter()
                .map(|n| {
                    serde_json::json!({
                        "number": n.number.value(),
                        "tenant_id": n.tenant_id,
                        "operator_id": n.operator_id,
                        "profile_id": n.profile_id,
                        "country": n.country,
                        "usage": n.usage.as_str(),
                        "activation_state": n.activation_state,
                        "location_id": n.location_id,
                        "tenant_may_update_location": n.tenant_may_update_location,
                        "acquired_at": n.acquired_at,
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            return self.exec(NUMBERS_INSERT_PG, args![rows]).await;
        }
        let mut added = 0;
        for n in sorted {
            let args = args![
                n.number,
                n.tenant_id,
                n.operator_id,
                n.profile_id,
                n.country,
                n.usage,
                n.activation_state,
                n.location_id,
                n.tenant_may_update_location,
                n.acquired_at
            ];
            added += self.exec(NUMBER_INSERT_LITE, args).await?;
        }
        Ok(added)
    }

    /// Removes numbers that nobody is assigned; says how many were removed.
    pub async fn numbers_delete(&mut self, numbers: &[E164]) -> Result<u64, StoreError> {
        let sql = if self.is_pg() { NUMBERS_DELETE_PG } else { NUMBERS_DELETE_LITE };
        self.exec(sql, args![json(numbers)]).await
    }

    /// Sets assignee and location of a number of this version; `false` where
    /// the version is another.
    pub async fn number_assign(
        &mut self,
        number: E164,
        version: i64,
        person: Option<UserId>,
        account: Option<ResourceAccountId>,
        location: Option<LocationId>,
        at: i64,
    ) -> Result<bool, StoreError> {
        let args = args![number, version, person, account, location, at];
        Ok(self.exec(NUMBER_ASSIGN, args).await? > 0)
    }
}
