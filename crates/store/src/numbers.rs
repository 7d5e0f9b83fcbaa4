//! Numbers.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{Listing, Pick};
use crate::value::{FromRow, Row, args, row};
use crate::world::WorldNumberRow;
use domain::{
    BridgeId, CallingProfileId, LocationId, MoveId, OperatorId, PolicyId, ResourceAccountId,
    TenantId, UserId, assign::OtherHolder, line::AssignmentCategory, number::Usage,
};
use numbering::{Country, E164};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// The name of whoever has a number.
struct Assignee {
    number: E164,
    name: Option<String>,
}

impl FromRow for Assignee {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { number: row.get("number")?, name: row.get("name")? })
    }
}

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
        category: AssignmentCategory,
        account_id: Option<ResourceAccountId>,
        bridge_id: Option<BridgeId>,
        policy_id: Option<PolicyId>,
        assigned_name: Option<String>,
        move_id: Option<MoveId>,
        blocked_forever: bool,
        blocked_until: Option<i64>,
        acquired_at: i64,
        version: i64,
    }
    /// A tag of a number.
    NumberTagRow { number: E164, folded: String, name: String }
    /// A tag with how many numbers have it.
    TagRow { folded: String, name: String, numbers: i64 }
    /// What a tenant wants done unless an operation says otherwise.
    NumberSettingsRow {
        tenant_id: TenantId,
        assignment_email: bool,
        unassignment_email: bool,
        block_forever: bool,
        block_days: Option<u32>,
        free_leavers: bool,
        version: i64,
    }
    /// The last assignment of a number, or its end, that was no order's.
    NumberFormerRow { kind: String, trace: String }
}

impl NumberRow {
    /// Who has it, where that is neither a person nor a resource account.
    pub const fn other_holder(&self) -> Option<OtherHolder> {
        match (self.bridge_id, self.policy_id) {
            (Some(_), _) => Some(OtherHolder::Bridge),
            (_, Some(_)) => Some(OtherHolder::Policy),
            (None, None) => None,
        }
    }

    /// Somebody or something has it.
    pub const fn is_assigned(&self) -> bool {
        self.person_id.is_some() || self.account_id.is_some() || self.other_holder().is_some()
    }
}

/// From the numbers to all that may have one.
macro_rules! assignee_joins {
    () => {
        concat!(
            "LEFT JOIN person p ON p.id = n.person_id ",
            "LEFT JOIN resource_account a ON a.id = n.account_id ",
            "LEFT JOIN conference_bridge b ON b.id = n.bridge_id ",
            "LEFT JOIN policy s ON s.id = n.policy_id ",
        )
    };
}

macro_rules! assignee {
    () => {
        "COALESCE(p.display_name, a.display_name, b.name, s.kind || '|Tag:' || s.name)"
    };
}

macro_rules! assignees {
    ($which:literal) => {
        concat!(
            "SELECT n.number, ",
            assignee!(),
            " AS name FROM number n ",
            assignee_joins!(),
            "WHERE ",
            $which
        )
    };
}

/// A [`NumberRow`], with the expressions for both names, and what follows `FROM number n`.
macro_rules! number_row {
    ($operator_name:expr, $assigned_name:expr, $($tail:expr),*) => {
        concat!(
            "SELECT n.number, n.tenant_id, n.operator_id, ",
            $operator_name,
            " AS operator_name, n.profile_id, n.country, n.usage, n.activation_state, ",
            "n.location_id, n.tenant_may_update_location, n.person_id, n.category, n.account_id, ",
            "n.bridge_id, n.policy_id, ",
            $assigned_name,
            " AS assigned_name, n.move_id, n.blocked_forever, n.blocked_until, n.acquired_at, ",
            "n.version FROM number n ",
            $($tail),*
        )
    };
}

/// Without the names.
macro_rules! number_bare {
    ($tail:literal) => {
        number_row!("''", "CAST(NULL AS TEXT)", $tail)
    };
}

macro_rules! route_select {
    ($tail:literal) => {
        concat!(
            "SELECT number, tenant_id, operator_id, profile_id, country, usage, location_id, ",
            "person_id, category, account_id, bridge_id, policy_id, move_id FROM number ",
            $tail
        )
    };
}

/// A list of numbers up to its `WHERE`, without the names of operators and assignees.
pub(crate) const NUMBER_SELECT: &str = number_bare!("");

statements! {
    NUMBER_GET = number_row!(
        "COALESCE(o.name, '')",
        assignee!(),
        // Outer, so that every plan begins with the numbers; there is always an operator.
        "LEFT JOIN operator o ON o.id = n.operator_id ",
        assignee_joins!(),
        "WHERE n.number = $1"
    );
    // The same, the names by functions (migration 0171).
    NUMBER_SEEN_PG = number_row!(
        "COALESCE(operator_name(n.operator_id), '')",
        "assignee_name(n.person_id, n.account_id, n.bridge_id, n.policy_id)",
        "WHERE n.number = $1"
    );
    OPERATOR_NAME = "SELECT name AS v FROM operator WHERE id = $1";
    ASSIGNEES_LITE = assignees!("n.number IN (SELECT value FROM json_each($1))");
    ASSIGNEES_PG = assignees!("n.number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
        FROM json_array_elements_text(CAST($1 AS json)) AS j (value)))");
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
        blocked_forever, blocked_until, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1) \
        ON CONFLICT (number) DO NOTHING";
    NUMBERS_INSERT_PG = "INSERT INTO number (number, tenant_id, operator_id, profile_id, country, \
        usage, activation_state, location_id, tenant_may_update_location, acquired_at, \
        blocked_forever, blocked_until, version) SELECT j.number, j.tenant_id, j.operator_id, j.profile_id, j.country, j.usage, \
        j.activation_state, j.location_id, j.tenant_may_update_location, j.acquired_at, \
        j.blocked_forever, j.blocked_until, 1 \
        FROM json_to_recordset(CAST($1 AS json)) AS j (number BIGINT, tenant_id UUID, \
            operator_id UUID, profile_id UUID, country TEXT, usage TEXT, activation_state TEXT, \
            location_id UUID, tenant_may_update_location BOOLEAN, acquired_at BIGINT, \
            blocked_forever BOOLEAN, blocked_until BIGINT) \
        ORDER BY j.number ON CONFLICT (number) DO NOTHING";
    NUMBERS_DELETE_LITE = "DELETE FROM number WHERE number IN (SELECT value FROM json_each($1)) \
        AND person_id IS NULL AND account_id IS NULL AND bridge_id IS NULL AND policy_id IS NULL";
    NUMBERS_DELETE_PG = "DELETE FROM number WHERE number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value))) \
        AND person_id IS NULL AND account_id IS NULL AND bridge_id IS NULL AND policy_id IS NULL";
    NUMBERS_LOCKED_LITE = number_bare!(
        "WHERE number IN (SELECT value FROM json_each($1)) ORDER BY number");
    NUMBERS_LOCKED_PG = number_bare!(
        "WHERE number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value))) \
         ORDER BY number FOR UPDATE");
    NUMBER_WRITE_LITE = "UPDATE number SET person_id = $3, account_id = $4, location_id = $5, \
        usage = $6, profile_id = $7, tenant_may_update_location = $8, blocked_forever = $9, \
        blocked_until = $10, modified_at = $11, category = $12, version = version + 1 \
        WHERE number = $1 AND version = $2";
    NUMBERS_WRITE_PG = "UPDATE number AS n SET person_id = j.person_id, \
        account_id = j.account_id, location_id = j.location_id, usage = j.usage, \
        profile_id = j.profile_id, tenant_may_update_location = j.tenant_may_update_location, \
        blocked_forever = j.blocked_forever, blocked_until = j.blocked_until, modified_at = $2, \
        category = j.category, version = n.version + 1 \
        FROM json_to_recordset(CAST($1 AS json)) AS j (number BIGINT, version BIGINT, \
            person_id UUID, account_id UUID, location_id UUID, usage TEXT, profile_id UUID, \
            tenant_may_update_location BOOLEAN, blocked_forever BOOLEAN, blocked_until BIGINT, \
            category TEXT) \
        WHERE n.number = j.number AND n.version = j.version";
    TAGS_OF_LITE = "SELECT t.number, t.folded, g.name FROM number_tag t \
        JOIN tag g ON g.tenant_id = t.tenant_id AND g.folded = t.folded \
        WHERE t.number IN (SELECT value FROM json_each($1)) ORDER BY t.number, t.folded";
    TAGS_OF_PG = "SELECT t.number, t.folded, g.name FROM number_tag t \
        JOIN tag g ON g.tenant_id = t.tenant_id AND g.folded = t.folded \
        WHERE t.number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value))) \
        ORDER BY t.number, t.folded";
    NUMBER_TAGS = "SELECT t.number, t.folded, g.name FROM number_tag t \
        JOIN tag g ON g.tenant_id = t.tenant_id AND g.folded = t.folded \
        WHERE t.number = $1 ORDER BY t.folded";
    TAG_PUT = "INSERT INTO tag (tenant_id, folded, name) VALUES ($1, $2, $3) \
        ON CONFLICT (tenant_id, folded) DO NOTHING";
    NUMBER_TAG_ADD = "INSERT INTO number_tag (number, tenant_id, folded) VALUES ($1, $2, $3) \
        ON CONFLICT (number, folded) DO NOTHING";
    NUMBER_TAG_REMOVE = "DELETE FROM number_tag WHERE number = $1 AND folded = $2";
    TAG_LIST = "SELECT g.folded, g.name, COUNT(t.number) AS numbers FROM tag g \
        LEFT JOIN number_tag t ON t.tenant_id = g.tenant_id AND t.folded = g.folded \
        WHERE g.tenant_id = $1 AND (CAST($2 AS TEXT) IS NULL OR g.folded > $2) \
        GROUP BY g.folded, g.name ORDER BY g.folded LIMIT $3";
    SETTINGS_GET = "SELECT tenant_id, assignment_email, unassignment_email, block_forever, \
        block_days, free_leavers, version FROM number_settings WHERE tenant_id = $1";
    SETTINGS_PUT = "INSERT INTO number_settings (tenant_id, assignment_email, unassignment_email, \
        block_forever, block_days, free_leavers, version) VALUES ($1, $2, $3, $4, $5, $7, 1) \
        ON CONFLICT (tenant_id) DO UPDATE SET assignment_email = excluded.assignment_email, \
        unassignment_email = excluded.unassignment_email, \
        block_forever = excluded.block_forever, block_days = excluded.block_days, \
        free_leavers = excluded.free_leavers, \
        version = number_settings.version + 1 WHERE number_settings.version = $6";
    FORMER_PUT = "INSERT INTO number_former (number, tenant_id, kind, trace, at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (number) DO UPDATE SET kind = excluded.kind, \
        trace = excluded.trace, at = excluded.at";
    FORMER_GET = "SELECT kind, trace FROM number_former WHERE number = $1";
    FORMERS_DELETE_LITE =
        "DELETE FROM number_former WHERE number IN (SELECT value FROM json_each($1))";
    FORMERS_DELETE_PG = "DELETE FROM number_former \
        WHERE number = ANY (ARRAY(SELECT CAST(value AS BIGINT) \
            FROM json_array_elements_text(CAST($1 AS json)) AS j (value)))";
}

pub(crate) fn json(numbers: &[E164]) -> String {
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
        let mut rows = self.list_page(list, Some(whose), pick, limit).await?;
        self.name_numbers(&mut rows).await?;
        Ok(rows)
    }

    /// Puts the names of operators and assignees to numbers. In the page's own statement they
    /// would be joins of six tables behind their walls, which took PostgreSQL longer to plan for
    /// each page than the page takes.
    async fn name_numbers(&mut self, rows: &mut [NumberRow]) -> Result<(), StoreError> {
        let mut operators: HashMap<OperatorId, String> = HashMap::new();
        for row in rows.iter_mut() {
            let name = match operators.entry(row.operator_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let name = self.value(OPERATOR_NAME, args![row.operator_id]).await?;
                    new.insert(name.unwrap_or_default())
                }
            };
            row.operator_name.clone_from(name);
        }
        let assigned: Vec<E164> =
            rows.iter().filter(|row| row.is_assigned()).map(|row| row.number).collect();
        if assigned.is_empty() {
            return Ok(());
        }
        let sql = if self.is_pg() { ASSIGNEES_PG } else { ASSIGNEES_LITE };
        let names: Vec<Assignee> = self.all(sql, args![json(&assigned)]).await?;
        let mut names: HashMap<E164, Option<String>> =
            names.into_iter().map(|row| (row.number, row.name)).collect();
        for row in rows {
            row.assigned_name = names.remove(&row.number).flatten();
        }
        Ok(())
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

    /// Adds numbers nobody holds, in their order, and takes them out of stock; says how many were
    /// added.
    pub async fn numbers_insert(&mut self, numbers: &[NumberRow]) -> Result<u64, StoreError> {
        let added = self.numbers_add(numbers).await?;
        // After they are there: whoever puts one into stock meanwhile waits, and sees them.
        for of in numbers.chunk_by(|a, b| a.operator_id == b.operator_id) {
            let sold: Vec<E164> = of.iter().map(|row| row.number).collect();
            self.stock_sold(of[0].operator_id, &sold).await?;
        }
        Ok(added)
    }

    async fn numbers_add(&mut self, numbers: &[NumberRow]) -> Result<u64, StoreError> {
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
                        "blocked_forever": n.blocked_forever,
                        "blocked_until": n.blocked_until,
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
                n.acquired_at,
                n.blocked_forever,
                n.blocked_until
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

    /// Those of the numbers that are held, locked in their order until this transaction ends;
    /// without the names of operators and assignees.
    pub async fn numbers_locked(&mut self, numbers: &[E164]) -> Result<Vec<NumberRow>, StoreError> {
        let sql = if self.is_pg() { NUMBERS_LOCKED_PG } else { NUMBERS_LOCKED_LITE };
        self.all(sql, args![json(numbers)]).await
    }

    /// Writes what may change of numbers that are still of their rows' versions, and counts the
    /// versions up; says how many were written.
    pub async fn numbers_write(&mut self, rows: &[NumberRow], at: i64) -> Result<u64, StoreError> {
        if self.is_pg() {
            let rows: Vec<_> = rows
                .iter()
                .map(|n| {
                    serde_json::json!({
                        "number": n.number.value(),
                        "version": n.version,
                        "person_id": n.person_id,
                        "account_id": n.account_id,
                        "location_id": n.location_id,
                        "usage": n.usage.as_str(),
                        "profile_id": n.profile_id,
                        "tenant_may_update_location": n.tenant_may_update_location,
                        "blocked_forever": n.blocked_forever,
                        "blocked_until": n.blocked_until,
                        "category": n.category.as_str(),
                    })
                })
                .collect();
            let rows = serde_json::Value::from(rows).to_string();
            return self.exec(NUMBERS_WRITE_PG, args![rows, at]).await;
        }
        let mut written = 0;
        for n in rows {
            let args = args![
                n.number,
                n.version,
                n.person_id,
                n.account_id,
                n.location_id,
                n.usage,
                n.profile_id,
                n.tenant_may_update_location,
                n.blocked_forever,
                n.blocked_until,
                at,
                n.category
            ];
            written += self.exec(NUMBER_WRITE_LITE, args).await?;
        }
        Ok(written)
    }

    /// The tags of these numbers.
    pub async fn tags_of(&mut self, numbers: &[E164]) -> Result<Vec<NumberTagRow>, StoreError> {
        let sql = if self.is_pg() { TAGS_OF_PG } else { TAGS_OF_LITE };
        self.all(sql, args![json(numbers)]).await
    }

    /// Makes a tag known, unless it is.
    pub async fn tag_put(
        &mut self,
        tenant: TenantId,
        folded: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        self.exec(TAG_PUT, args![tenant, folded.to_owned(), name.to_owned()]).await?;
        Ok(())
    }

    /// Puts a known tag on a number.
    pub async fn number_tag_add(
        &mut self,
        number: E164,
        tenant: TenantId,
        folded: &str,
    ) -> Result<(), StoreError> {
        self.exec(NUMBER_TAG_ADD, args![number, tenant, folded.to_owned()]).await?;
        Ok(())
    }

    /// Takes a tag off a number.
    pub async fn number_tag_remove(
        &mut self,
        number: E164,
        folded: &str,
    ) -> Result<(), StoreError> {
        self.exec(NUMBER_TAG_REMOVE, args![number, folded.to_owned()]).await?;
        Ok(())
    }

    /// A tenant's tags after one.
    pub async fn tag_list(
        &mut self,
        tenant: TenantId,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<TagRow>, StoreError> {
        self.all(TAG_LIST, args![tenant, after, limit]).await
    }

    /// What a tenant wants done unless an operation says otherwise.
    pub async fn number_settings_get(
        &mut self,
        tenant: TenantId,
    ) -> Result<Option<NumberSettingsRow>, StoreError> {
        self.one(SETTINGS_GET, args![tenant]).await
    }

    /// Replaces it where it is of the row's version; `false` where it is of another.
    pub async fn number_settings_put(&mut self, s: &NumberSettingsRow) -> Result<bool, StoreError> {
        let args = args![
            s.tenant_id,
            s.assignment_email,
            s.unassignment_email,
            s.block_forever,
            s.block_days,
            s.version,
            s.free_leavers
        ];
        Ok(self.exec(SETTINGS_PUT, args).await? > 0)
    }

    /// Keeps what an assignment, or its end, found and left.
    pub async fn number_former_put(
        &mut self,
        number: E164,
        tenant: TenantId,
        kind: &str,
        trace: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let args = args![number, tenant, kind.to_owned(), trace.to_owned(), at];
        self.exec(FORMER_PUT, args).await?;
        Ok(())
    }

    /// What the last one found and left.
    pub async fn number_former_get(
        &mut self,
        number: E164,
    ) -> Result<Option<NumberFormerRow>, StoreError> {
        self.one(FORMER_GET, args![number]).await
    }

    /// Something came after it: there is nothing to go back to.
    pub async fn number_former_forget(&mut self, numbers: &[E164]) -> Result<(), StoreError> {
        let sql = if self.is_pg() { FORMERS_DELETE_PG } else { FORMERS_DELETE_LITE };
        self.exec(sql, args![json(numbers)]).await?;
        Ok(())
    }
}
