//! Ten million numbers, put into the table in bulk: what they are looked up among.

use crate::{
    Outcome,
    house::{Customer, FIRST, House, RANGE},
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use std::time::Instant;

/// Numbers of one customer.
const EACH: u32 = 100_000;

/// A customer with the numbers it has.
#[derive(Clone, Debug)]
pub struct Place {
    /// Who.
    pub customer: Customer,
    /// The first.
    pub first: u64,
    /// How many follow it without a gap.
    pub count: u32,
}

/// Fills up to `numbers`; answers with who has which.
pub async fn run(house: &House, url: &str, have: u32, numbers: u32) -> Outcome<Vec<Place>> {
    let began = Instant::now();
    let mut places = vec![Place { customer: house.customer.clone(), first: FIRST, count: have }];
    let mut left = numbers.saturating_sub(have);
    let mut first = FIRST + RANGE / 2;
    while left > 0 {
        let count = left.min(EACH);
        let customer = house.customer_new(&format!("tenant{}", places.len())).await?;
        places.push(Place { customer, first, count });
        first += u64::from(count);
        left -= count;
    }
    if url.starts_with("sqlite") {
        lite(house, url, &places[1..]).await?;
    } else {
        pg(house, url, &places[1..]).await?;
    }
    let took = began.elapsed().as_secs_f64();
    crate::say(&format!("  filled up to {numbers} numbers in {took:.1} s"));
    Ok(places)
}

const COLUMNS: &str = "number, tenant_id, operator_id, profile_id, country, usage, \
    activation_state, tenant_may_update_location, acquired_at, version";

/// Values that differ from number to number; one in eight is for a voice application, one in
/// four of another country, and they came over a year.
fn values(tenant: &str, operator: &str, profile: &str) -> String {
    format!(
        "g, {tenant}, {operator}, {profile}, \
         CASE g % 8 WHEN 0 THEN 'FR' WHEN 1 THEN 'DE' ELSE 'GB' END, \
         CASE g % 8 WHEN 3 THEN 'FirstPartyAppAssignment' ELSE 'CallingUserAssignment' END, \
         'Activated', TRUE, 1767225600000000 + (g * 7919 % 31536000) * 1000000, 1"
    )
}

/// Secondary indexes are built once, after the rows.
async fn pg(house: &House, url: &str, places: &[Place]) -> Outcome<()> {
    let mut db = PgConnection::connect(url).await?;
    // No trigger checks foreign keys meanwhile: what is written has them by construction.
    db.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        .await?;
    let found = sqlx::query(
        "SELECT i.indexname::text, i.indexdef FROM pg_indexes i WHERE i.tablename = 'number' \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)",
    );
    let found = found.fetch_all(&mut db).await?;
    for row in &found {
        let drop = format!("DROP INDEX {}", row.get::<String, _>(0));
        db.execute(AssertSqlSafe(drop)).await?;
    }
    for place in places {
        let quoted = |id: &str| format!("CAST('{id}' AS UUID)");
        let tenant = quoted(&place.customer.id);
        let values = values(&tenant, &quoted(&house.operator_id), &quoted(&house.profile_id));
        let last = place.first + u64::from(place.count) - 1;
        let fill = format!(
            "INSERT INTO number ({COLUMNS}) SELECT {values} FROM generate_series({}, {last}) g",
            place.first
        );
        db.execute(AssertSqlSafe(fill)).await?;
    }
    for row in &found {
        db.execute(AssertSqlSafe(row.get::<String, _>(1))).await?;
    }
    db.execute("VACUUM (ANALYZE) number").await?;
    db.execute("CHECKPOINT").await?;
    Ok(())
}

async fn lite(house: &House, url: &str, places: &[Place]) -> Outcome<()> {
    let mut db = SqliteConnection::connect(url).await?;
    for pragma in
        ["PRAGMA foreign_keys = OFF", "PRAGMA busy_timeout = 60000", "PRAGMA cache_size = -500000"]
    {
        db.execute(pragma).await?;
    }
    let found = sqlx::query(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'number' \
         AND sql IS NOT NULL",
    );
    let found = found.fetch_all(&mut db).await?;
    db.execute("BEGIN IMMEDIATE").await?;
    for row in &found {
        let drop = format!("DROP INDEX {}", row.get::<String, _>(0));
        db.execute(AssertSqlSafe(drop)).await?;
    }
    for place in places {
        let quoted = |id: &str| format!("x'{}'", id.replace('-', ""));
        let tenant = quoted(&place.customer.id);
        let values = values(&tenant, &quoted(&house.operator_id), &quoted(&house.profile_id));
        let last = place.first + u64::from(place.count) - 1;
        let fill = format!(
            "WITH RECURSIVE s (g) AS (SELECT {} UNION ALL SELECT g + 1 FROM s WHERE g < {last}) \
             INSERT INTO number ({COLUMNS}) SELECT {values} FROM s",
            place.first
        );
        db.execute(AssertSqlSafe(fill)).await?;
    }
    for row in &found {
        db.execute(AssertSqlSafe(row.get::<String, _>(1))).await?;
    }
    db.execute("COMMIT").await?;
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}
