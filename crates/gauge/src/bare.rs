//! The rows that the orders left, written by bare statements: a transaction for every 1,000
//! numbers, into a database with the same tables, indexes and constraints, without a question
//! asked. On PostgreSQL that is COPY, on SQLite a copy from file to file: nothing is quicker.

use crate::Outcome;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What must be there before.
const BEFORE: [&str; 11] = [
    "operator",
    "trunk",
    "calling_profile",
    "calling_profile_trunk",
    "number_range",
    "tenant",
    "principal",
    "consent",
    "civic_address",
    "location",
    "edge_key",
];

/// Writes all orders with their entries, numbers, changes and audit entries; how long the
/// writing took.
pub async fn upload(from: &str, to: &str) -> Outcome<Duration> {
    store::Store::open(to).await?.close().await;
    if from.starts_with("sqlite") { lite(from, to).await } else { pg(from, to).await }
}

/// The part of a log that belongs to the nth of so many orders.
fn part(first: i64, last: i64, nth: usize, of: usize) -> (i64, i64) {
    let at = |n: usize| first + (last + 1 - first) * i64::try_from(n).unwrap_or(0) / of as i64;
    (at(nth), at(nth + 1) - 1)
}

/// The selects of one order's rows.
fn rows(order: &str, changes: (i64, i64), audits: (i64, i64)) -> [(&'static str, String); 5] {
    [
        ("number_order", format!("id = {order}")),
        ("number_order_entry", format!("order_id = {order}")),
        (
            "number",
            format!(
                "number IN (SELECT CAST(e.number_text AS BIGINT) FROM {{}}number_order_entry e \
                 WHERE e.order_id = {order})"
            ),
        ),
        ("change_log", format!("pos BETWEEN {} AND {}", changes.0, changes.1)),
        ("audit", format!("id BETWEEN {} AND {}", audits.0, audits.1)),
    ]
}

async fn pg(from: &str, to: &str) -> Outcome<Duration> {
    let mut from = PgConnection::connect(from).await?;
    let mut to = PgConnection::connect(to).await?;
    to.execute("TRUNCATE edge_key, change_log, audit").await?;
    for table in BEFORE {
        copy(&mut from, &mut to, table, "TRUE").await?;
    }
    let orders = sqlx::query("SELECT id::text FROM number_order ORDER BY id");
    let orders = orders.fetch_all(&mut from).await?;
    let edges = "SELECT (SELECT min(pos) FROM change_log), (SELECT max(pos) FROM change_log), \
        (SELECT min(id) FROM audit), (SELECT max(id) FROM audit)";
    let log = sqlx::query(edges).fetch_one(&mut from).await?;
    let log: [i64; 4] = [log.get(0), log.get(1), log.get(2), log.get(3)];
    let mut spent = Duration::ZERO;
    let mut columns = HashMap::new();
    for (table, _) in rows("", (0, 0), (0, 0)) {
        columns.insert(table, columns_pg(&mut to, table).await?);
    }
    for (nth, row) in orders.iter().enumerate() {
        let id: String = row.get(0);
        let changes = part(log[0], log[1], nth, orders.len());
        let audits = part(log[2], log[3], nth, orders.len());
        let mut read = Vec::new();
        for (table, which) in rows(&format!("'{id}'"), changes, audits) {
            let which = which.replace("{}", "");
            read.push((table, read_pg(&mut from, table, &columns[table], &which).await?));
        }
        let began = Instant::now();
        to.execute("BEGIN").await?;
        for (table, bytes) in read {
            write_pg(&mut to, table, &columns[table], bytes).await?;
        }
        to.execute("COMMIT").await?;
        spent += began.elapsed();
    }
    same(count_pg(&mut from).await?, count_pg(&mut to).await?)?;
    Ok(spent)
}

async fn copy(
    from: &mut PgConnection,
    to: &mut PgConnection,
    table: &str,
    which: &str,
) -> Outcome<()> {
    let columns = columns_pg(to, table).await?;
    let bytes = read_pg(from, table, &columns, which).await?;
    write_pg(to, table, &columns, bytes).await
}

/// The columns that are written: the database makes the others itself.
async fn columns_pg(db: &mut PgConnection, table: &str) -> Outcome<String> {
    let columns = "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) \
        FROM information_schema.columns WHERE table_schema = current_schema() \
        AND table_name = $1 AND is_generated = 'NEVER'";
    Ok(sqlx::query_scalar(columns).bind(table).fetch_one(db).await?)
}

async fn columns_lite(db: &mut SqliteConnection, table: &str) -> Outcome<String> {
    let columns = "SELECT group_concat(name, ', ') FROM \
        (SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0 ORDER BY cid)";
    Ok(sqlx::query_scalar(columns).bind(table).fetch_one(db).await?)
}

async fn read_pg(
    from: &mut PgConnection,
    table: &str,
    columns: &str,
    which: &str,
) -> Outcome<Vec<u8>> {
    let select = format!("COPY (SELECT {columns} FROM {table} WHERE {which}) TO STDOUT");
    let mut out = from.copy_out_raw(&select).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = out.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

async fn write_pg(
    to: &mut PgConnection,
    table: &str,
    columns: &str,
    bytes: Vec<u8>,
) -> Outcome<()> {
    let mut into = to.copy_in_raw(&format!("COPY {table} ({columns}) FROM STDIN")).await?;
    into.send(bytes).await?;
    into.finish().await?;
    Ok(())
}

async fn count_pg(connection: &mut PgConnection) -> Outcome<i64> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM number").fetch_one(connection).await?)
}

fn same(ours: i64, bare: i64) -> Outcome<()> {
    if ours == bare { Ok(()) } else { Err(format!("{ours} numbers, {bare} of them bare").into()) }
}

async fn lite(from: &str, to: &str) -> Outcome<Duration> {
    let mut to = SqliteConnection::connect(to).await?;
    for pragma in ["PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL"] {
        to.execute(pragma).await?;
    }
    let file = from.trim_start_matches("sqlite://");
    to.execute(AssertSqlSafe(format!("ATTACH DATABASE '{file}' AS src"))).await?;
    for table in ["edge_key", "change_log", "audit"] {
        to.execute(AssertSqlSafe(format!("DELETE FROM main.{table}"))).await?;
    }
    for table in BEFORE {
        let of = columns_lite(&mut to, table).await?;
        let all = format!("INSERT INTO main.{table} ({of}) SELECT {of} FROM src.{table}");
        to.execute(AssertSqlSafe(all)).await?;
    }
    let orders = sqlx::query("SELECT hex(id) FROM src.number_order ORDER BY id");
    let orders = orders.fetch_all(&mut to).await?;
    let edges = "SELECT (SELECT min(pos) FROM src.change_log), (SELECT max(pos) FROM src.change_log), \
        (SELECT min(id) FROM src.audit), (SELECT max(id) FROM src.audit)";
    let log = sqlx::query(edges).fetch_one(&mut to).await?;
    let log: [i64; 4] = [log.get(0), log.get(1), log.get(2), log.get(3)];
    let mut columns = HashMap::new();
    for (table, _) in rows("", (0, 0), (0, 0)) {
        columns.insert(table, columns_lite(&mut to, table).await?);
    }
    let began = Instant::now();
    for (nth, row) in orders.iter().enumerate() {
        let id: String = row.get(0);
        let changes = part(log[0], log[1], nth, orders.len());
        let audits = part(log[2], log[3], nth, orders.len());
        to.execute("BEGIN IMMEDIATE").await?;
        for (table, which) in rows(&format!("x'{id}'"), changes, audits) {
            let which = which.replace("{}", "src.");
            let of = &columns[table];
            let all = format!(
                "INSERT INTO main.{table} ({of}) SELECT {of} FROM src.{table} WHERE {which}"
            );
            to.execute(AssertSqlSafe(all)).await?;
        }
        to.execute("COMMIT").await?;
    }
    let spent = began.elapsed();
    let count = |of: &str| AssertSqlSafe(format!("SELECT count(*) FROM {of}.number"));
    let ours: i64 = sqlx::query_scalar(count("src")).fetch_one(&mut to).await?;
    let bare: i64 = sqlx::query_scalar(count("main")).fetch_one(&mut to).await?;
    same(ours, bare)?;
    Ok(spent)
}
