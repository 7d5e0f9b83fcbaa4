//! Backup, restore and copy: one format for both databases.
//!
//! A backup is UTF-8 text, one JSON document a line. The first line is the [`Head`]. Each table
//! follows as a line `{"table": …, "columns": [[name, kind], …]}`, one array a row in the order
//! of its columns, and a line `{"end": …, "rows": …, "sum": …}`. Kinds are `int`, `text`, `uuid`
//! (as text), `bytes` (hexadecimal) and `bool`. `sum` is the sum, modulo 2^128, of the first 16
//! bytes of each row's SHA-256, so that it is the same in whatever order a database gives its
//! rows. The last line is `{"sha256": …}` of all bytes before it.

use crate::db::{Db, Inner, statements};
use crate::value::{Arg, args, row};
use crate::{Reach, Store, StoreError};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Postgres, Row as _, Sqlite};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const FORMAT: &str = "meetpoint-backup";
const VERSION: u32 = 1;
/// Rows that are written with one statement at most, …
const ROWS: usize = 500;
/// … and values: SQLite takes 32,766 of them.
const VALUES: usize = 30_000;
/// A line longer than this is no row of ours.
const LINE: u64 = 64 << 20;

/// Why a backup, a restore or a copy did not come about.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file is there already.
    #[error("exists: {0} is there already. Name another file, or say --overwrite")]
    Exists(String),
    /// The file cannot be read or written.
    #[error("file: {0}")]
    File(#[from] std::io::Error),
    /// The file is not a backup, or not whole.
    #[error("damaged: line {line}: {what}. Nothing was restored; take another backup")]
    Damaged {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A newer program wrote it.
    #[error("newer: {0}. Restore it with the version that wrote it, or a later one")]
    Newer(String),
    /// The database has rows already.
    #[error(
        "not_empty: the table {0} has rows already. Name an empty database, or say --overwrite"
    )]
    NotEmpty(String),
    /// What was written is not what was read.
    #[error("mismatch: the table {0} is not what the backup has. Nothing was restored")]
    Mismatch(String),
    /// The database.
    #[error("database: {0}")]
    Store(#[from] StoreError),
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// `meetpoint-backup`.
    pub format: String,
    /// Of the format.
    pub version: u32,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Microseconds since 1970 UTC.
    pub taken_at: i64,
    /// The change log's epoch and newest position at that moment.
    pub epoch: Uuid,
    /// See `epoch`.
    pub position: u64,
    /// The newest migration of the common schema.
    pub schema: i64,
}

/// A table with what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSum {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Their checksum, the same in any order and on either database.
    pub sum: u128,
}

/// What was backed up or restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The head of the file.
    pub head: Head,
    /// Its tables.
    pub tables: Vec<TableSum>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Int,
    Text,
    Uuid,
    Bytes,
    Bool,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        match declared.to_ascii_lowercase().as_str() {
            "bigint" | "integer" => Some(Self::Int),
            "text" => Some(Self::Text),
            "uuid" => Some(Self::Uuid),
            "bytea" => Some(Self::Bytes),
            "boolean" => Some(Self::Bool),
            _ => None,
        }
    }

    /// A value as it is bound; `None` where it is of another kind.
    fn arg(self, value: &Value) -> Option<Arg> {
        let null = value.is_null();
        Some(match self {
            Self::Int if null => Arg::Int(None),
            Self::Int => Arg::Int(Some(value.as_i64()?)),
            Self::Text if null => Arg::Text(None),
            Self::Text => Arg::Text(Some(value.as_str()?.to_owned())),
            Self::Uuid if null => Arg::Uuid(None),
            Self::Uuid => Arg::Uuid(Some(value.as_str()?.parse().ok()?)),
            Self::Bytes if null => Arg::Bytes(None),
            Self::Bytes => Arg::Bytes(Some(unhex(value.as_str()?)?)),
            Self::Bool if null => Arg::Bool(None),
            Self::Bool => Arg::Bool(Some(value.as_bool()?)),
        })
    }
}

#[derive(Clone, Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

#[derive(Serialize, Deserialize)]
struct TableLine {
    table: String,
    columns: Vec<(String, Kind)>,
}

#[derive(Serialize, Deserialize)]
struct EndLine {
    end: String,
    rows: u64,
    sum: String,
}

#[derive(Serialize, Deserialize)]
struct LastLine {
    sha256: String,
}

row! {
    /// A column as the catalogue has it.
    ColumnRow { table_name: String, column_name: String, kind: String }
    /// A table that refers to another one.
    LinkRow { table_name: String, target: String }
}

statements! {
    COLUMNS_LITE = "SELECT m.name AS table_name, p.name AS column_name, p.type AS kind \
        FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' \
        AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations' ORDER BY m.name, p.cid";
    COLUMNS_PG = "SELECT CAST(c.relname AS TEXT) AS table_name, \
        CAST(a.attname AS TEXT) AS column_name, format_type(a.atttypid, a.atttypmod) AS kind \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
            AND a.attgenerated = '' \
        WHERE n.nspname = current_schema() AND c.relkind = 'r' \
        AND c.relname <> '_sqlx_migrations' ORDER BY c.relname, a.attnum";
    LINKS_LITE = "SELECT DISTINCT m.name AS table_name, f.\"table\" AS target \
        FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
    LINKS_PG = "SELECT DISTINCT CAST(c.relname AS TEXT) AS table_name, \
        CAST(t.relname AS TEXT) AS target FROM pg_constraint k \
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid \
        JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE k.contype = 'f' AND n.nspname = current_schema()";
    PATIENT_PG = "SELECT set_config('statement_timeout', '0', TRUE) AS v";
    EPOCH_PUT = "INSERT INTO meta (name, body) VALUES ('epoch', $1) \
        ON CONFLICT (name) DO UPDATE SET body = excluded.body";
    POSITION_SET_PG = "SELECT setval('change_position', p.pos) AS v \
        FROM (SELECT CAST($1 AS BIGINT) AS pos) AS p WHERE p.pos > 0";
    POSITION_SET_LITE = "UPDATE sqlite_sequence SET seq = MAX(seq, $1) WHERE name = 'change_log'";
    POSITION_PUT_LITE = "INSERT INTO sqlite_sequence (name, seq) VALUES ('change_log', $1)";
    AUDIT_SET_PG = "SELECT setval(pg_get_serial_sequence('audit', 'id'), MAX(id)) AS v FROM audit \
        HAVING MAX(id) IS NOT NULL";
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What a row adds to its table's sum.
fn weight(line: &str) -> u128 {
    let digest = Sha256::digest(line.as_bytes());
    u128::from_be_bytes(digest[..16].try_into().expect("a SHA-256 has 32 bytes"))
}

/// One value of a row as it stands in the file.
macro_rules! shown {
    ($row:expr, $at:expr, $kind:expr) => {{
        let failed = |error: sqlx::Error| StoreError::Database(error.to_string());
        match $kind {
            Kind::Int => Value::from($row.try_get::<Option<i64>, _>($at).map_err(failed)?),
            Kind::Text => Value::from($row.try_get::<Option<String>, _>($at).map_err(failed)?),
            Kind::Bool => Value::from($row.try_get::<Option<bool>, _>($at).map_err(failed)?),
            Kind::Uuid => {
                let id = $row.try_get::<Option<Uuid>, _>($at).map_err(failed)?;
                Value::from(id.map(|id| id.to_string()))
            }
            Kind::Bytes => {
                let bytes = $row.try_get::<Option<Vec<u8>>, _>($at).map_err(failed)?;
                Value::from(bytes.map(|bytes| hex(&bytes)))
            }
        }
    }};
}

impl Db {
    /// All tables, each after those it refers to.
    async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        let (columns, links) =
            if self.is_pg() { (COLUMNS_PG, LINKS_PG) } else { (COLUMNS_LITE, LINKS_LITE) };
        let mut tables: BTreeMap<String, Vec<(String, Kind)>> = BTreeMap::new();
        for column in self.all::<ColumnRow>(columns, args![]).await? {
            let kind = Kind::of(&column.kind).ok_or_else(|| {
                let (table, name, kind) = (&column.table_name, &column.column_name, &column.kind);
                StoreError::Database(format!("{table}.{name} is of an unknown type {kind}"))
            })?;
            tables.entry(column.table_name).or_default().push((column.column_name, kind));
        }
        let mut needs: HashMap<String, BTreeSet<String>> = HashMap::new();
        for link in self.all::<LinkRow>(links, args![]).await? {
            if link.table_name != link.target {
                needs.entry(link.table_name).or_default().insert(link.target);
            }
        }
        let mut sorted: Vec<Table> = Vec::with_capacity(tables.len());
        while !tables.is_empty() {
            let ready = tables.keys().find(|name| {
                needs.get(*name).is_none_or(|needs| needs.iter().all(|n| !tables.contains_key(n)))
            });
            let Some(name) = ready.cloned() else {
                return Err(StoreError::Database("tables refer to each other in a ring".into()));
            };
            let columns = tables.remove(&name).expect("it was found there");
            sorted.push(Table { name, columns });
        }
        Ok(sorted)
    }

    /// Hands on every row of a table as its line.
    async fn lines(
        &mut self,
        table: &Table,
        mut to: impl FnMut(&str) -> std::io::Result<()>,
    ) -> Result<TableSum, BackupError> {
        let columns: Vec<String> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name));
        let mut told = TableSum { name: table.name.clone(), rows: 0, sum: 0 };
        macro_rules! read {
            ($database:ty, $transaction:expr) => {{
                let mut rows =
                    sqlx::query::<$database>(AssertSqlSafe(sql)).fetch(&mut **$transaction);
                while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
                    let mut values = Vec::with_capacity(table.columns.len());
                    for (at, (_, kind)) in table.columns.iter().enumerate() {
                        values.push(shown!(row, at, kind));
                    }
                    let line = Value::from(values).to_string();
                    told.rows += 1;
                    told.sum = told.sum.wrapping_add(weight(&line));
                    to(&line)?;
                }
            }};
        }
        match &mut self.inner {
            Inner::Lite(transaction) => read!(Sqlite, transaction),
            Inner::Pg(transaction) => read!(Postgres, transaction),
        }
        Ok(told)
    }

    /// Runs a statement that was made up of catalogue names.
    async fn dynamic(&mut self, sql: String, args: Vec<Arg>) -> Result<u64, StoreError> {
        macro_rules! run {
            ($database:ty, $transaction:expr) => {{
                let mut query = sqlx::query::<$database>(AssertSqlSafe(sql));
                for arg in args {
                    query = match arg {
                        Arg::Int(v) => query.bind(v),
                        Arg::Text(v) => query.bind(v),
                        Arg::Uuid(v) => query.bind(v),
                        Arg::Bytes(v) => query.bind(v),
                        Arg::Bool(v) => query.bind(v),
                    };
                }
                Ok(query.execute(&mut **$transaction).await?.rows_affected())
            }};
        }
        match &mut self.inner {
            Inner::Lite(transaction) => run!(Sqlite, transaction),
            Inner::Pg(transaction) => run!(Postgres, transaction),
        }
    }

    async fn rows_put(&mut self, table: &Table, rows: Vec<Vec<Arg>>) -> Result<(), StoreError> {
        let columns: Vec<String> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
        let width = columns.len();
        let row = |n: usize| {
            let values: Vec<String> = (1..=width).map(|c| format!("${}", n * width + c)).collect();
            format!("({})", values.join(", "))
        };
        let values: Vec<String> = (0..rows.len()).map(row).collect();
        // The audit log draws its ids by itself otherwise.
        let overriding = if self.is_pg() { "OVERRIDING SYSTEM VALUE " } else { "" };
        let sql = format!(
            "INSERT INTO {} ({}) {overriding}VALUES {}",
            quoted(&table.name),
            columns.join(", "),
            values.join(", ")
        );
        self.dynamic(sql, rows.into_iter().flatten().collect()).await?;
        Ok(())
    }
}

/// Writes and hashes.
struct Hashed<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn line(&mut self, line: &str) -> std::io::Result<()> {
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        self.to.write_all(line.as_bytes())?;
        self.to.write_all(b"\n")
    }

    fn document(&mut self, document: &impl Serialize) -> std::io::Result<()> {
        self.line(&serde_json::to_string(document).expect("it has text keys only"))
    }
}

/// Reads a backup line by line, and knows where it is.
struct Lines<R> {
    from: R,
    at: u64,
    hash: Sha256,
    text: String,
}

impl<R: BufRead> Lines<R> {
    fn damaged(&self, what: impl Into<String>) -> BackupError {
        BackupError::Damaged { line: self.at, what: what.into() }
    }

    /// The next line; `false` at the end. The line before it is hashed by then.
    fn next(&mut self) -> Result<bool, BackupError> {
        if self.at > 0 {
            self.hash.update(self.text.as_bytes());
            self.hash.update(b"\n");
        }
        self.at += 1;
        self.text.clear();
        let read = std::io::Read::take(&mut self.from, LINE).read_line(&mut self.text);
        let read = read.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => self.damaged("it is not UTF-8"),
            _ => error.into(),
        })?;
        if read == 0 {
            return Ok(false);
        }
        if self.text.pop() != Some('\n') {
            return Err(self.damaged("the file ends in the middle of a line"));
        }
        Ok(true)
    }

    fn document<T: for<'de> Deserialize<'de>>(&self, what: &str) -> Result<T, BackupError> {
        serde_json::from_str(&self.text).map_err(|_| self.damaged(format!("it is not {what}")))
    }
}

/// Reads a whole backup and compares all that it says of itself.
fn read(path: &Path) -> Result<Backup, BackupError> {
    let from = BufReader::with_capacity(1 << 20, std::fs::File::open(path)?);
    let mut lines = Lines { from, at: 0, hash: Sha256::new(), text: String::new() };
    if !lines.next()? {
        return Err(lines.damaged("the file is empty"));
    }
    let head: Head = lines.document("the head of a backup")?;
    if head.format != FORMAT {
        return Err(lines.damaged("it is not the head of a backup"));
    }
    if head.version > VERSION {
        return Err(BackupError::Newer(format!("the backup is of format {}", head.version)));
    }
    let mut tables = Vec::new();
    loop {
        if !lines.next()? {
            return Err(lines.damaged("the file ends before its last line"));
        }
        if lines.text.starts_with("{\"sha256\"") {
            let last: LastLine = lines.document("the last line of a backup")?;
            if last.sha256 != hex(&lines.hash.clone().finalize()) {
                return Err(lines.damaged("the checksum of the file is another one"));
            }
            if lines.next()? {
                return Err(lines.damaged("something follows the last line"));
            }
            return Ok(Backup { head, tables });
        }
        let table: TableLine = lines.document("the beginning of a table")?;
        let mut told = TableSum { name: table.table, rows: 0, sum: 0 };
        loop {
            if !lines.next()? {
                return Err(lines.damaged("the file ends within a table"));
            }
            if lines.text.starts_with('[') {
                told.rows += 1;
                told.sum = told.sum.wrapping_add(weight(&lines.text));
                continue;
            }
            let end: EndLine = lines.document("a row or the end of a table")?;
            let sum = format!("{:032x}", told.sum);
            if (&end.end, end.rows, &end.sum) != (&told.name, told.rows, &sum) {
                return Err(lines.damaged(format!("{} is not whole", told.name)));
            }
            tables.push(told);
            break;
        }
    }
}

/// Reads a backup from end to end without a database.
///
/// # Errors
/// [`BackupError::Damaged`], [`BackupError::Newer`], [`BackupError::File`].
pub fn check(path: &Path) -> Result<Backup, BackupError> {
    let backup = read(path)?;
    if backup.head.schema > crate::open::newest_migration() {
        let schema = backup.head.schema;
        return Err(BackupError::Newer(format!("the backup's schema is {schema}")));
    }
    Ok(backup)
}

impl Store {
    /// Writes everything of one moment into a file that only its owner reads, while others
    /// read and write. The file is there when it is whole, not before. `progress` hears of each
    /// table that is done.
    ///
    /// # Errors
    /// [`BackupError::Exists`] unless `overwrite`; [`BackupError::File`], [`BackupError::Store`].
    pub async fn backup(
        &self,
        path: &Path,
        overwrite: bool,
        mut progress: impl FnMut(&TableSum),
    ) -> Result<Backup, BackupError> {
        if path.exists() && !overwrite {
            return Err(BackupError::Exists(path.display().to_string()));
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".incomplete");
        let draft = PathBuf::from(draft);
        let _gone = std::fs::remove_file(&draft);
        crate::open::make_private(&draft)?;
        let file = std::fs::OpenOptions::new().write(true).truncate(true).open(&draft)?;
        let written = self.backup_into(file, &mut progress).await;
        match written {
            Ok(backup) => {
                std::fs::rename(&draft, path)?;
                // Its name is on the disk too, should the power go now.
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
                Ok(backup)
            }
            Err(error) => {
                let _gone = std::fs::remove_file(&draft);
                Err(error)
            }
        }
    }

    async fn backup_into(
        &self,
        file: std::fs::File,
        progress: &mut impl FnMut(&TableSum),
    ) -> Result<Backup, BackupError> {
        let mut db = self.read_as(Reach::All).await?;
        if db.is_pg() {
            db.value::<String>(PATIENT_PG, args![]).await?;
        }
        let head = Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            database: if db.is_pg() { "postgres" } else { "sqlite" }.to_owned(),
            taken_at: jiff::Timestamp::now().as_microsecond(),
            epoch: self.epoch(),
            position: db.change_newest().await?,
            schema: crate::open::newest_migration(),
        };
        let to = BufWriter::with_capacity(1 << 20, file);
        let mut to = Hashed { to, hash: Sha256::new() };
        to.document(&head)?;
        let mut tables = Vec::new();
        for table in db.tables().await? {
            let (name, columns) = (table.name.clone(), table.columns.clone());
            to.document(&TableLine { table: name, columns })?;
            let told = db.lines(&table, |line| to.line(line)).await?;
            let sum = format!("{:032x}", told.sum);
            to.document(&EndLine { end: told.name.clone(), rows: told.rows, sum })?;
            progress(&told);
            tables.push(told);
        }
        let sha256 = hex(&to.hash.clone().finalize());
        to.document(&LastLine { sha256 })?;
        let file = to.to.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        Ok(Backup { head, tables })
    }

    /// Puts a backup in place of what is there, in one transaction: all of it or nothing. The
    /// file is read to its end first; afterwards every table is read back and compared. The
    /// change log begins a new epoch, so that whoever follows it takes a snapshot. No other node
    /// may be at work on the database meanwhile.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] unless `overwrite`; see [`check`] and [`BackupError`].
    pub async fn restore(
        &self,
        path: &Path,
        overwrite: bool,
        mut progress: impl FnMut(&TableSum),
    ) -> Result<Backup, BackupError> {
        let backup = check(path)?;
        let mut db = crate::open::begin(&self.backend, Reach::All).await?;
        if db.is_pg() {
            db.value::<String>(PATIENT_PG, args![]).await?;
        }
        let tables = db.tables().await?;
        for table in tables.iter().rev() {
            // The epoch is made when a database is opened.
            if !overwrite && table.name != "meta" {
                let sql = format!("SELECT 1 AS v FROM {} LIMIT 1", quoted(&table.name));
                if db.dynamic_any(sql).await? {
                    return Err(BackupError::NotEmpty(table.name.clone()));
                }
            }
        }
        for table in tables.iter().rev() {
            db.dynamic(format!("DELETE FROM {}", quoted(&table.name)), Vec::new()).await?;
        }
        // Reading the file is quick beside writing the rows: it is read by portions.
        let mut reader = Portions::open(path)?;
        while let Some((table, rows)) = reader.next(&tables)? {
            if !rows.is_empty() {
                db.rows_put(&table, rows).await?;
            }
        }
        for table in &tables {
            let told = db.lines(table, |_| Ok(())).await?;
            let saved = backup.tables.iter().find(|saved| saved.name == told.name);
            if saved.map_or(told.rows > 0, |saved| *saved != told) {
                return Err(BackupError::Mismatch(told.name));
            }
            progress(&told);
        }
        db.exec(EPOCH_PUT, args![Uuid::now_v7().to_string()]).await?;
        // Positions go on behind those of the backup, even where its log was trimmed to nothing.
        let position = backup.head.position.cast_signed();
        if db.is_pg() {
            db.value::<i64>(POSITION_SET_PG, args![position]).await?;
            db.value::<i64>(AUDIT_SET_PG, args![]).await?;
        } else if db.exec(POSITION_SET_LITE, args![position]).await? == 0 {
            db.exec(POSITION_PUT_LITE, args![position]).await?;
        }
        db.finish().await?;
        Ok(backup)
    }
}

impl Db {
    async fn dynamic_any(&mut self, sql: String) -> Result<bool, StoreError> {
        let sql = AssertSqlSafe(sql);
        Ok(match &mut self.inner {
            Inner::Lite(t) => sqlx::query::<Sqlite>(sql).fetch_optional(&mut **t).await?.is_some(),
            Inner::Pg(t) => sqlx::query::<Postgres>(sql).fetch_optional(&mut **t).await?.is_some(),
        })
    }
}

/// Some rows, with the table they belong to.
type Portion = (Table, Vec<Vec<Arg>>);

/// The rows of a backup that was checked, a portion at a time.
struct Portions {
    lines: Lines<BufReader<std::fs::File>>,
    table: Option<Table>,
}

impl Portions {
    fn open(path: &Path) -> Result<Self, BackupError> {
        let from = BufReader::with_capacity(1 << 20, std::fs::File::open(path)?);
        let mut lines = Lines { from, at: 0, hash: Sha256::new(), text: String::new() };
        lines.next()?;
        Ok(Self { lines, table: None })
    }

    /// The next rows with the table they belong to; `None` at the end.
    fn next(&mut self, known: &[Table]) -> Result<Option<Portion>, BackupError> {
        let table = match self.table.take() {
            Some(table) => table,
            None => {
                self.lines.next()?;
                if self.lines.text.starts_with("{\"sha256\"") {
                    return Ok(None);
                }
                let line: TableLine = self.lines.document("the beginning of a table")?;
                let has = |(name, _): &(String, Kind)| {
                    let table = known.iter().find(|table| table.name == line.table);
                    table.is_some_and(|table| table.columns.iter().any(|(known, _)| known == name))
                };
                if !line.columns.iter().all(has) {
                    return Err(BackupError::Newer(format!(
                        "this program does not know all of the table {}",
                        line.table
                    )));
                }
                Table { name: line.table, columns: line.columns }
            }
        };
        let most = ROWS.min(VALUES / table.columns.len().max(1));
        let mut rows = Vec::with_capacity(most);
        while rows.len() < most {
            self.lines.next()?;
            if !self.lines.text.starts_with('[') {
                return Ok(Some((table, rows)));
            }
            let values: Vec<Value> = self.lines.document("a row")?;
            if values.len() != table.columns.len() {
                return Err(self.lines.damaged("the row has another number of columns"));
            }
            let kinds = table.columns.iter().map(|(_, kind)| kind);
            let row: Option<Vec<Arg>> =
                kinds.zip(&values).map(|(kind, value)| kind.arg(value)).collect();
            rows.push(row.ok_or_else(|| self.lines.damaged("a value is of another kind"))?);
        }
        self.table = Some(table.clone());
        Ok(Some((table, rows)))
    }
}
