//! Every field that a list names is answered by its index, on both databases.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use store::Store;
use store::listing::{LISTINGS, listing_statements};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_answers_by_the_named_index() {
    let db = testkit::sqlite();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = SqliteConnection::connect(&db.url).await.expect("connects");
    let mut faults = Vec::new();
    for (said, index, sql) in listing_statements() {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let plan = plan.fetch_all(&mut look).await.unwrap_or_else(|e| panic!("{said}: {e}"));
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("\n");
        let named = plan.lines().enumerate().any(|(nth, line)| {
            let used = line.split("INDEX ").nth(1).and_then(|rest| rest.split(' ').next());
            // What is unique has the index of that constraint, and needs no other.
            let unique = nth == 0 && used.is_some_and(|name| name.starts_with("sqlite_autoindex_"));
            used == Some(index) || unique
        });
        let sorts = said.contains("sort") && plan.contains("TEMP B-TREE");
        if !named || sorts {
            faults.push(format!("{said} by {index}:\n{sql}\n{plan}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_answers_by_the_named_index() {
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = PgConnection::connect(&db.url).await.expect("connects");
    // What the planner may do is asked, not what it thinks best for empty tables.
    look.execute(
        "SET enable_seqscan = off; SET enable_sort = off; SET plan_cache_mode = force_generic_plan",
    )
    .await
    .expect("settings");
    let mut faults = Vec::new();
    for (said, index, sql) in listing_statements() {
        let good = |plan: &str| {
            let named = plan.contains(index) || (said.ends_with("eq") && plan.contains("_key on "));
            named && !(said.contains("sort") && plan.contains("Sort"))
        };
        let mut plan = planned(&mut look, &said, &sql).await;
        if !good(&plan) {
            // On an empty table indexes with the same first columns cost the same, and which of them
            // is taken hangs on how wide a row is: asked again where the named one has no rival.
            let rivals = format!(
                "BEGIN; DO $$ DECLARE other TEXT; BEGIN FOR other IN SELECT i.indexrelid::regclass \
                 FROM pg_index i WHERE i.indrelid = (SELECT indrelid FROM pg_index \
                    WHERE indexrelid = '{index}'::regclass) \
                    AND i.indexrelid <> '{index}'::regclass \
                    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) \
                 LOOP EXECUTE 'DROP INDEX ' || other; END LOOP; END $$"
            );
            look.execute(AssertSqlSafe(rivals)).await.expect("the rivals go");
            plan = planned(&mut look, &said, &sql).await;
            look.execute("ROLLBACK").await.expect("and are back");
        }
        if !good(&plan) {
            faults.push(format!("{said} by {index}:\n{sql}\n{plan}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// Looks as a request does, at what the planner may do with an empty database.
async fn behind_the_wall() -> (testkit::Database, PgConnection) {
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = PgConnection::connect(&db.url).await.expect("connects");
    look.execute(
        "SET ROLE meetpoint_runtime; SET meetpoint.reach = 'all'; SET enable_seqscan = off; \
         SET plan_cache_mode = force_generic_plan",
    )
    .await
    .expect("settings");
    (db, look)
}

/// With millions of numbers a chunk of an order is about a thousand of them, not about all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_numbers_are_found_one_by_one_behind_the_wall() {
    let (_db, mut look) = behind_the_wall().await;
    let many = |sql: &str| {
        sql.contains("json_array_elements_text")
            // People's own numbers are another matter.
            && !sql.contains("FROM person p ")
            && ["FROM number ", "FROM number_tag ", "FROM number_former "]
                .iter()
                .any(|table| sql.contains(table))
    };
    let mut asked = 0;
    for (name, sql) in store::statements().filter(|(_, sql)| many(sql)) {
        asked += 1;
        look.execute(AssertSqlSafe(format!("PREPARE many AS {sql}"))).await.expect("prepares");
        let plan = sqlx::raw_sql("EXPLAIN (COSTS OFF) EXECUTE many('[1]')");
        let plan = plan.fetch_all(&mut look).await.expect("a plan");
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        look.execute("DEALLOCATE many").await.expect("forgotten");
        assert!(plan.contains("_pkey") && !plan.contains("Seq Scan"), "{name}:\n{plan}");
    }
    assert!(asked >= 5, "only {asked} statements look numbers up in a list");
}

/// Walls that look through other tables' walls multiply: an operator's name beside a number was
/// 243 sub-selects once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_about_numbers_sets_up_many_sub_selects() {
    let (_db, mut look) = behind_the_wall().await;
    for name in ["NUMBER_GET", "NUMBER_SEEN_PG", "OPERATOR_NAME"] {
        let sql = store::statements().find(|(n, _)| *n == name).expect("it is there").1;
        look.execute(AssertSqlSafe(format!("PREPARE one AS {sql}"))).await.expect("prepares");
        let plan = sqlx::raw_sql("EXPLAIN (COSTS OFF) EXECUTE one(NULL)");
        let plan = plan.fetch_all(&mut look).await.expect("a plan");
        look.execute("DEALLOCATE one").await.expect("forgotten");
        let lines = plan.iter().map(|row| row.get::<String, _>(0));
        let count =
            lines.filter(|l| l.contains("InitPlan") || l.trim().starts_with("SubPlan")).count();
        assert!((1..40).contains(&count), "{name}: {count}");
    }
}

/// A person's numbers are found by the person, however many numbers there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_of_a_person_are_found_by_their_indexes() {
    let sql = store::statements().find(|(name, _)| *name == "PERSON_GET").expect("it is there").1;
    let of_person = |plan: &str| {
        plan.contains("number_line_of_person")
            && ["number_primary_of_person", "number_of_person"].iter().any(|i| plan.contains(i))
    };
    let db = testkit::sqlite();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = SqliteConnection::connect(&db.url).await.expect("connects");
    let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
    let plan = plan.fetch_all(&mut look).await.expect("a plan");
    let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
    let plan = plan.join("\n");
    assert!(of_person(&plan), "{plan}");
    let (_db, mut look) = behind_the_wall().await;
    look.execute(AssertSqlSafe(format!("PREPARE person AS {sql}"))).await.expect("prepares");
    let id = uuid::Uuid::nil();
    let plan =
        sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE person('{id}', '{id}')")));
    let plan = plan.fetch_all(&mut look).await.expect("a plan");
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(of_person(&plan) && !plan.contains("Seq Scan"), "{plan}");
}

/// A search of stock reads the next rows of its index and no others, with a million of them too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_of_stock_goes_by_its_index() {
    let db = testkit::sqlite();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = SqliteConnection::connect(&db.url).await.expect("connects");
    for (sql, index) in store::stock_scans() {
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let plan = plan.fetch_all(&mut look).await.expect("a plan");
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("\n");
        let own =
            index.ends_with("_pkey") && plan.contains("INDEX sqlite_autoindex_stock_number_1");
        assert!(own || plan.contains(&format!("INDEX {index} ")), "{sql}\n{plan}");
        // From one end to the other, and not one row more.
        assert!(plan.contains("number>? AND number<?") && !plan.contains("TEMP"), "{plan}");
    }
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = PgConnection::connect(&db.url).await.expect("connects");
    let tenant = uuid::Uuid::from_u128(2);
    // Twenty operators' numbers, so that the planner has a choice, behind the wall as a tenant has it.
    let fill = format!(
        "SET session_replication_role = 'replica'; INSERT INTO stock_number (number, operator_id, \
         profile_id, country, area, area_folded, kind, usage, price_note, listed_at) \
         SELECT 440000000000 + g, CAST(lpad(to_hex(g % 20), 32, '0') AS UUID), '{tenant}', \
         CASE WHEN g % 3 = 0 THEN 'DE' ELSE 'GB' END, 'a', 'a' || g % 7, \
         CASE WHEN g % 5 = 0 THEN 'Mobile' ELSE 'Geographic' END, 'u', '', 0 \
         FROM generate_series(1, 100000) AS g; ANALYZE stock_number; \
         SET session_replication_role = 'origin'; SET ROLE meetpoint_runtime; \
         SET meetpoint.tenant = '{tenant}'; SET plan_cache_mode = force_generic_plan"
    );
    look.execute(AssertSqlSafe(fill)).await.expect("filled");
    for (sql, index) in store::stock_scans() {
        let plan = planned(&mut look, index, sql).await;
        let good =
            plan.contains(index) && !plan.contains("Sort") && !plan.contains("Seq Scan on stock");
        assert!(good, "{sql}\n{plan}");
    }
}

/// The plan of a statement whose values are not known.
async fn planned(look: &mut PgConnection, said: &str, sql: &str) -> String {
    look.execute(AssertSqlSafe(format!("PREPARE page AS {sql}")))
        .await
        .unwrap_or_else(|e| panic!("{said}: {e}\n{sql}"));
    let count = (1..=9).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or(0);
    let nulls = vec!["NULL"; count].join(", ");
    let plan = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN (COSTS OFF) EXECUTE page({nulls})")));
    let plan = plan.fetch_all(&mut *look).await.unwrap_or_else(|e| panic!("{said}: {e}"));
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    look.execute("DEALLOCATE page").await.expect("forgotten");
    plan.join("\n")
}

#[test]
fn fields_are_named_once() {
    let mut fields = 0;
    for list in LISTINGS {
        let mut seen = std::collections::HashSet::new();
        for field in list.fields {
            assert!(!field.name.is_empty() && !field.index.is_empty(), "{}", list.name);
            assert!(seen.insert(field.name), "{} names {} twice", list.name, field.name);
            fields += 1;
        }
    }
    assert!(fields > 30, "only {fields} fields");
}
