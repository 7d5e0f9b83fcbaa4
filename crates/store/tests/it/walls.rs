//! Row-level security, tried with the raw run-time role: whoever acts for one tenant or operator
//! reads and writes nothing of another, whatever the statement says.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use store::{RUNTIME_ROLE, Store};
use uuid::Uuid;

const TABLES: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> '_sqlx_migrations'";

async fn names(connection: &mut PgConnection, sql: String) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await.expect("looks");
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_has_its_wall() {
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut look = PgConnection::connect(&db.url).await.expect("connects");
    let bare = format!(
        "SELECT c.relname::text {TABLES} AND NOT (c.relrowsecurity AND c.relforcerowsecurity \
         AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1"
    );
    let bare = names(&mut look, bare).await;
    assert!(bare.is_empty(), "no forced policy on {bare:?}: give them one in a migration");
    let owned = format!(
        "SELECT c.relname::text {TABLES} AND pg_get_userbyid(c.relowner) = '{RUNTIME_ROLE}'"
    );
    assert!(names(&mut look, owned).await.is_empty(), "the run-time role owns no table");
    let rights = "SELECT rolname::text FROM pg_roles WHERE rolname = '".to_owned()
        + RUNTIME_ROLE
        + "' AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)";
    assert_eq!(names(&mut look, rights).await, [RUNTIME_ROLE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_table_is_walled_in_by_itself() {
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut owner = PgConnection::connect(&db.url).await.expect("connects");
    owner.execute("CREATE TABLE later (id UUID, operator_id UUID)").await.expect("made");
    Store::open(&db.url).await.expect("opens again").close().await;
    let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let fill = format!("INSERT INTO later VALUES ('{own}', '{own}'), ('{other}', '{other}')");
    owner.execute(AssertSqlSafe(fill)).await.expect("filled");
    let mut tx = owner.begin().await.expect("begins");
    let acting = format!("SET LOCAL ROLE {RUNTIME_ROLE}; SET LOCAL meetpoint.operator = '{own}'");
    tx.execute(AssertSqlSafe(acting)).await.expect("acts");
    let seen = sqlx::query_scalar::<_, Uuid>("SELECT id FROM later").fetch_all(&mut *tx).await;
    assert_eq!(seen.expect("reads"), [own]);
}

/// Runs one statement as the run-time role with a context, and undoes it: rows touched, or the
/// server's code.
async fn attempt(
    connection: &mut PgConnection,
    acting: Option<(&str, Uuid)>,
    sql: String,
) -> Result<u64, String> {
    let mut tx = connection.begin().await.expect("begins");
    let mut role = format!("SET LOCAL ROLE {RUNTIME_ROLE}");
    if let Some((who, id)) = acting {
        role += &format!("; SET LOCAL meetpoint.{who} = '{id}'");
    }
    tx.execute(AssertSqlSafe(role)).await.expect("the role is there");
    let done = tx.execute(AssertSqlSafe(sql)).await;
    let done = done.map(|done| done.rows_affected()).map_err(|error| {
        let code = error.as_database_error().and_then(|e| e.code()).map(|c| c.into_owned());
        code.unwrap_or_else(|| error.to_string())
    });
    tx.rollback().await.expect("undone");
    done
}

/// A table with a tenant or an operator: its columns that want a value, with their types.
struct Walled {
    name: String,
    columns: Vec<(String, String)>,
}

impl Walled {
    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }

    /// A row that belongs to this id on whichever side the table has.
    fn insert(&self, of: Uuid, n: usize) -> String {
        let value = |(name, kind): &(String, String)| match (name.as_str(), kind.as_str()) {
            ("tenant_id" | "operator_id", _) => format!("'{of}'"),
            (_, "uuid") => format!("'{}'", Uuid::now_v7()),
            (_, "bigint") => n.to_string(),
            (_, "boolean") => "FALSE".to_owned(),
            (_, "bytea") => format!("'\\x{n:08x}'"),
            _ => format!("'x{n}'"),
        };
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = self.columns.iter().map(value).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.name, names.join(", "), values.join(", "))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reaches_across() {
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut owner = PgConnection::connect(&db.url).await.expect("connects");
    // Rows of any content will do: only whose they are matters here.
    owner
        .execute(
            "DO $$ DECLARE r RECORD; BEGIN FOR r IN SELECT conrelid::regclass AS t, conname \
             FROM pg_constraint WHERE contype = 'c' AND connamespace = \
             (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) LOOP \
             EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', r.t, r.conname); \
             END LOOP; END $$; SET session_replication_role = 'replica'",
        )
        .await
        .expect("constraints are away");
    let tables = format!(
        "SELECT c.relname::text {TABLES} AND EXISTS (SELECT 1 FROM pg_attribute a \
         WHERE a.attrelid = c.oid AND NOT a.attisdropped \
         AND a.attname IN ('tenant_id', 'operator_id')) ORDER BY 1"
    );
    let mut walled = Vec::new();
    for name in names(&mut owner, tables).await {
        let columns = sqlx::query(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
             WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped \
             AND (attnotnull OR attname IN ('tenant_id', 'operator_id')) ORDER BY attnum",
        )
        .bind(&name)
        .fetch_all(&mut owner)
        .await
        .expect("columns");
        let columns = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
        walled.push(Walled { name, columns });
    }
    assert!(walled.len() >= 14, "only {} tables of somebody's", walled.len());
    let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut n = 1000;
    for table in &walled {
        for of in [own, other] {
            n += 1;
            owner.execute(AssertSqlSafe(table.insert(of, n))).await.expect(&table.name);
        }
    }
    for (who, column) in [("tenant", "tenant_id"), ("operator", "operator_id")] {
        let acting = Some((who, own));
        for table in &walled {
            let name = &table.name;
            let theirs = ["tenant_id", "operator_id"].into_iter().filter(|c| table.has(c));
            let theirs: Vec<String> = theirs.map(|c| format!("{c} = '{other}'")).collect();
            let theirs = theirs.join(" OR ");
            let said = format!("{name} for {who}");
            let seen = format!("SELECT * FROM {name} WHERE {theirs}");
            assert_eq!(attempt(&mut owner, acting, seen).await, Ok(0), "read {said}");
            let first = &table.columns[0].0;
            let write = format!("UPDATE {name} SET {first} = {first} WHERE {theirs}");
            assert_eq!(attempt(&mut owner, acting, write).await, Ok(0), "update {said}");
            let gone = format!("DELETE FROM {name} WHERE {theirs}");
            assert_eq!(attempt(&mut owner, acting, gone).await, Ok(0), "delete {said}");
            n += 1;
            let planted = attempt(&mut owner, acting, table.insert(other, n)).await;
            assert_eq!(planted, Err("42501".into()), "insert {said}");
            if !table.has(column) {
                continue;
            }
            let mine = format!("SELECT * FROM {name} WHERE {column} = '{own}'");
            // Issuers are the programme owner's to trust, whomever they vouch for.
            let seen = if name == "issuer" { 0 } else { 1 };
            assert_eq!(attempt(&mut owner, acting, mine).await, Ok(seen), "own {said}");
            let given = format!("UPDATE {name} SET {column} = '{other}' WHERE {column} = '{own}'");
            // Of the log a party reads its own part, and writes nothing, not even that.
            let refused = match name.as_str() {
                "change_log" | "issuer" => Ok(0),
                _ => Err("42501".into()),
            };
            assert_eq!(attempt(&mut owner, acting, given).await, refused, "{said}");
        }
    }
    // Who says nothing reaches nothing, anywhere.
    for name in names(&mut owner, format!("SELECT c.relname::text {TABLES}")).await {
        let all = attempt(&mut owner, None, format!("SELECT * FROM {name}")).await;
        assert_eq!(all, Ok(0), "{name}");
    }
}

/// A tenant sees the operators of the directory, those it has to do with, and those that invite
/// it; and what it sees is found through functions that no table of its own making opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_seen_by_directory_consent_or_invitation() {
    let db = testkit::postgres();
    Store::open(&db.url).await.expect("opens").close().await;
    let mut owner = PgConnection::connect(&db.url).await.expect("connects");
    let id = |n: u128| Uuid::from_u128(n);
    let (published, consented, invites, knows_domain, hidden) = (id(1), id(2), id(3), id(4), id(5));
    let (tenant, other) = (id(11), id(12));
    owner
        .execute("SET session_replication_role = 'replica'; SET meetpoint.reach = 'all'")
        .await
        .expect("no foreign keys");
    for operator in [published, consented, invites, knows_domain, hidden] {
        let draft = operator != published;
        let rows = format!(
            "INSERT INTO operator (id, name, created_at, version) \
                VALUES ('{operator}', '{operator}', 1, 1); \
             INSERT INTO offer (operator_id, services, countries, landing_page, published, \
                version) VALUES ('{operator}', '[]', '[]', 'x', NOT {draft}, 1)"
        );
        owner.execute(AssertSqlSafe(rows)).await.expect("an operator");
    }
    let rows = format!(
        "INSERT INTO tenant (id, name, domain, created_at) VALUES \
            ('{tenant}', 'a', 'a.example', 1), ('{other}', 'b', 'b.example', 1); \
         INSERT INTO consent (id, tenant_id, operator_id, status, relationship, countries, \
            requirements, contacts, company_name, company_size, consented_at, modified_at, version) \
            VALUES ('{tenant}', '{tenant}', '{consented}', 'Active', 'x', '', '', '', '', '', 1, 1, \
            1); \
         INSERT INTO lead (id, operator_id, tenant_id, domain, countries, status, created_at, \
            expires_at) VALUES \
            ('{invites}', '{invites}', '{tenant}', 'x.example', '[]', 'open', 1, 2), \
            ('{knows_domain}', '{knows_domain}', NULL, 'a.example', '[]', 'open', 1, 2)"
    );
    owner.execute(AssertSqlSafe(rows)).await.expect("consent and leads");
    owner.execute("RESET meetpoint.reach").await.expect("reset");
    for (acting, expect) in
        [(tenant, vec![published, consented, invites, knows_domain]), (other, vec![published])]
    {
        for (table, column) in [("operator", "id"), ("offer", "operator_id")] {
            let mut tx = owner.begin().await.expect("begins");
            let told = format!(
                "SET LOCAL ROLE {RUNTIME_ROLE}; SET LOCAL meetpoint.tenant = '{acting}'; \
                 CREATE TEMPORARY TABLE consent (tenant_id UUID, operator_id UUID); \
                 INSERT INTO consent VALUES ('{acting}', '{hidden}'); \
                 SET LOCAL search_path = pg_temp, public"
            );
            tx.execute(AssertSqlSafe(told)).await.expect("acts");
            let sql = format!("SELECT {column} FROM {table} ORDER BY 1");
            let seen = sqlx::query_scalar::<_, Uuid>(AssertSqlSafe(sql)).fetch_all(&mut *tx).await;
            assert_eq!(seen.expect("reads"), expect, "{table} for {acting}");
            tx.rollback().await.expect("undone");
        }
    }
}
