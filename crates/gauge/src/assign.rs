//! A hundred thousand numbers given to as many people by one CSV file, over HTTP, and the same rows
//! written by bare statements: in transactions of 1,000, the new rows by COPY, the changed ones by
//! one UPDATE a table from a COPY. PostgreSQL alone: there is a bound on it (issue 5).

use crate::{
    Outcome,
    house::{Customer, FIRST, House},
    http::Http,
};
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Entries that commit together on either side.
const PORTION: i64 = 1000;

/// What was measured.
pub struct Assigned {
    /// Over HTTP, from the first byte of the file until the order has succeeded.
    pub ours: Duration,
    /// The same rows, bare.
    pub bare: Duration,
    /// How many.
    pub numbers: u32,
}

/// People who are to have numbers, put into both tables in bulk.
async fn people(url: &str, customer: &Customer, count: u32) -> Outcome<()> {
    let mut db = PgConnection::connect(url).await?;
    let fill = format!(
        "INSERT INTO person (id, tenant_id, upn, username, display_name, country, licences, version) \
         SELECT CAST(md5('assignee' || g) AS UUID), CAST('{}' AS UUID), 'a' || g || '@contoso.example', \
         'a' || g, 'Person ' || g, 'GB', '[\"teams_phone\"]', 1 FROM generate_series(1, {count}) g \
         ON CONFLICT DO NOTHING",
        customer.id
    );
    db.execute("SET meetpoint.reach = 'all'").await?;
    db.execute(AssertSqlSafe(fill)).await?;
    db.execute("VACUUM (ANALYZE) person").await?;
    Ok(())
}

/// The file: each person the next number.
fn file(count: u32) -> String {
    let mut text = String::from("number,user\n");
    for n in 0..u64::from(count) {
        let _ = writeln!(text, "+{},a{}@contoso.example", FIRST + n, n + 1);
    }
    text
}

/// Measures both. The first `count` numbers are those that the uploads left unassigned.
pub async fn run(house: &House, from: &str, to: &str, count: u32) -> Outcome<Assigned> {
    people(from, &house.customer, count).await?;
    people(to, &house.customer, count).await?;
    let mut look = PgConnection::connect(from).await?;
    look.execute("SET meetpoint.reach = 'all'").await?;
    let log = edges(&mut look).await?;

    let text = file(count);
    let mut http = Http::to(&house.address, &house.customer.token).await?;
    let path = format!(
        "/tenant/v1/number-orders/csv?kind=assign&location_id={}",
        house.customer.location_id
    );
    let began = Instant::now();
    let order = http.csv(&path, text.as_bytes()).await?;
    let id = order["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/tenant/v1/number-orders/{id}");
    loop {
        let order = http.get(&path).await?.json()?;
        if order["finished_at"].is_null() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        if order["status"] != "success" {
            return Err(format!("the order ended as {order}").into());
        }
        break;
    }
    let ours = began.elapsed();
    let bare = bare(&mut look, to, &id, log, count).await?;
    Ok(Assigned { ours, bare, numbers: count })
}

/// Where the logs end.
async fn edges(db: &mut PgConnection) -> Outcome<(i64, i64)> {
    let ends = "SELECT (SELECT COALESCE(max(pos), 0) FROM change_log), \
        (SELECT COALESCE(max(id), 0) FROM audit)";
    let row = sqlx::query(ends).fetch_one(db).await?;
    Ok((row.get(0), row.get(1)))
}

async fn read(db: &mut PgConnection, select: &str) -> Outcome<Vec<u8>> {
    let mut out = db.copy_out_raw(&format!("COPY ({select}) TO STDOUT")).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = out.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

async fn write(db: &mut PgConnection, table: &str, bytes: Vec<u8>) -> Outcome<()> {
    let mut into = db.copy_in_raw(&format!("COPY {table} FROM STDIN")).await?;
    into.send(bytes).await?;
    into.finish().await?;
    Ok(())
}

async fn bare(
    from: &mut PgConnection,
    to: &str,
    order: &str,
    log: (i64, i64),
    count: u32,
) -> Outcome<Duration> {
    let mut to = PgConnection::connect(to).await?;
    to.execute(
        "SET meetpoint.reach = 'all'; \
         DELETE FROM change_log; DELETE FROM audit; \
         CREATE TEMP TABLE given (number BIGINT, person_id UUID, location_id UUID, \
            modified_at BIGINT, version BIGINT); \
         CREATE TEMP TABLE moved (id UUID, version BIGINT)",
    )
    .await?;
    let ends = edges(from).await?;
    let head = read(from, &format!("SELECT * FROM number_order WHERE id = '{order}'")).await?;
    let mut spent = Duration::ZERO;
    let portions = i64::from(count.div_ceil(u32::try_from(PORTION)?));
    for nth in 0..portions {
        let (first, last) = (nth * PORTION, (nth + 1) * PORTION - 1);
        let of = format!(
            "number_order_entry e WHERE e.order_id = '{order}' AND e.ordinal BETWEEN {first} AND {last}"
        );
        let number = "CAST(e.number_text AS BIGINT)";
        let part = |(first, last): (i64, i64)| {
            let at = |n: i64| first + (last - first) * n / portions;
            (at(nth) + 1, at(nth + 1))
        };
        let changes = part((log.0, ends.0));
        let audits = part((log.1, ends.1));
        let entries = read(from, &format!("SELECT * FROM {of}")).await?;
        let given = format!(
            "SELECT number, person_id, location_id, modified_at, version FROM number \
             WHERE number IN (SELECT {number} FROM {of})"
        );
        let given = read(from, &given).await?;
        let moved = format!(
            "SELECT p.id, p.version FROM person p JOIN number n ON n.person_id = p.id \
             WHERE n.number IN (SELECT {number} FROM {of})"
        );
        let moved = read(from, &moved).await?;
        let change =
            format!("SELECT * FROM change_log WHERE pos BETWEEN {} AND {}", changes.0, changes.1);
        let change = read(from, &change).await?;
        let audit = format!("SELECT * FROM audit WHERE id BETWEEN {} AND {}", audits.0, audits.1);
        let audit = read(from, &audit).await?;
        let began = Instant::now();
        to.execute("BEGIN").await?;
        if nth == 0 {
            write(&mut to, "number_order", head.clone()).await?;
        }
        write(&mut to, "number_order_entry", entries).await?;
        write(&mut to, "given", given).await?;
        write(&mut to, "moved", moved).await?;
        to.execute(
            "UPDATE number AS n SET person_id = g.person_id, location_id = g.location_id, \
                modified_at = g.modified_at, version = g.version FROM given g \
                WHERE n.number = g.number; \
             UPDATE person AS p SET version = m.version FROM moved m WHERE p.id = m.id; \
             TRUNCATE given, moved",
        )
        .await?;
        write(&mut to, "change_log", change).await?;
        write(&mut to, "audit", audit).await?;
        to.execute("COMMIT").await?;
        spent += began.elapsed();
    }
    let held = "SELECT count(*) FROM number WHERE person_id IS NOT NULL";
    let ours: i64 = sqlx::query_scalar(held).fetch_one(from).await?;
    let bare: i64 = sqlx::query_scalar(held).fetch_one(&mut to).await?;
    if ours == bare { Ok(spent) } else { Err(format!("{ours} given, {bare} of them bare").into()) }
}
