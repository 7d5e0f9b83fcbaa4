//! Opening a database and bringing its schema up to date.

use crate::db::Db;
use crate::pools::{FAR, NEAR, Pools};
use crate::tokens::Seen;
use crate::walls::{self, Reach};
use crate::{StoreError, log, quick};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection as _, Executor, PgPool, SqlSafeStr};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

static COMMON: Migrator = sqlx::migrate!("migrations/common");
static LITE: Migrator = sqlx::migrate!("migrations/lite");
static PG: Migrator = sqlx::migrate!("migrations/pg");

const READERS_LITE: u32 = 4;
/// How long whoever wants SQLite's one writer may wait for it.
const ACQUIRE_LITE: Duration = Duration::from_secs(10);
/// How long a request may wait for a connection: one that waited longer is better told so.
const ACQUIRE_PG: Duration = Duration::from_secs(3);
/// After how long a rest a connection is asked whether it is still there.
const RESTED: Duration = Duration::from_secs(1);
/// What every connection to PostgreSQL promises: no statement and no idle transaction holds
/// others up for ever, and the locks of a node that lost its power are free within half a
/// minute.
const SESSION_PG: &str = "SET statement_timeout = '30s'; \
    SET lock_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '60s'; \
    SET tcp_keepalives_idle = 10; \
    SET tcp_keepalives_interval = 5; \
    SET tcp_keepalives_count = 4;";

/// The database, whichever it is. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) backend: Backend,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Clone)]
pub(crate) enum Backend {
    /// One writer, several readers (WAL).
    Lite { writer: SqlitePool, readers: SqlitePool },
    /// PostgreSQL sorts it out.
    Pg { pools: Pools },
}

pub(crate) struct Shared {
    pub(crate) epoch: Uuid,
    /// The newest position known to be visible.
    pub(crate) newest: watch::Sender<u64>,
    /// When somebody who waits for news last looked for it.
    looked: Mutex<Option<Instant>>,
    /// What tokens open, as it was read a moment ago.
    pub(crate) tokens: Arc<Seen>,
    listener: Option<tokio::task::JoinHandle<()>>,
}

impl Shared {
    /// However many wait for news, they look once in this time together.
    pub(crate) fn may_look(&self, every: Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        // They do not wake at the same moment: a little early is not too early.
        let is_due = looked.is_none_or(|at| at.elapsed() >= every * 3 / 4);
        if is_due {
            *looked = Some(Instant::now());
        }
        is_due
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.backend {
            Backend::Lite { .. } => "Store(SQLite)",
            Backend::Pg { .. } => "Store(PostgreSQL)",
        })
    }
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither `sqlite:` nor `postgres:`.
    #[error("the database URL starts with sqlite:// or postgres://")]
    Scheme,
    /// The URL has the right beginning, but cannot be read.
    #[error("the database URL cannot be read: {0}")]
    Url(sqlx::Error),
    /// No connection.
    #[error("no connection to the database: {0}")]
    Connect(sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// PostgreSQL's role for requests could not be made or used.
    #[error(
        "the role {role} cannot be made or used: {0}. Have an administrator of the server run: \
         CREATE ROLE {role} NOLOGIN; GRANT {role} TO (the user of the database URL)",
        role = walls::RUNTIME_ROLE
    )]
    Role(sqlx::Error),
    /// The first rows could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The newest migration of the common schema.
pub(crate) fn newest_migration() -> i64 {
    COMMON.iter().map(|migration| migration.version).max().unwrap_or_default()
}

fn migrator(dialect: &Migrator) -> Migrator {
    Migrator::with_migrations(COMMON.iter().chain(dialect.iter()).cloned().collect())
}

impl Store {
    /// Connects, migrates under a lock, and makes the epoch on first start.
    ///
    /// `sqlite:///path/file.db` is created where it does not exist.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let scheme = url.split(':').next().unwrap_or_default();
        let backend = match scheme {
            "sqlite" => open_lite(url).await?,
            "postgres" | "postgresql" => open_pg(url).await?,
            _ => return Err(OpenError::Scheme),
        };
        let mut db = begin(&backend, Reach::All).await?;
        db.meta_put_new("epoch", &Uuid::now_v7().to_string()).await?;
        let epoch = db.meta_get("epoch").await?.and_then(|text| text.parse().ok());
        let epoch = epoch.ok_or(StoreError::Decode { column: "epoch" })?;
        let newest = db.change_newest().await?;
        db.finish().await?;
        let newest = watch::Sender::new(newest);
        let tokens = Arc::new(Seen::default());
        let listener = match &backend {
            Backend::Lite { .. } => None,
            Backend::Pg { pools } => {
                Some(tokio::spawn(log::listen_pg(pools.for_good(), newest.clone(), tokens.clone())))
            }
        };
        Ok(Self {
            backend,
            shared: Arc::new(Shared { epoch, newest, looked: Mutex::default(), tokens, listener }),
        })
    }

    /// Which life of the change log this database is in.
    pub fn epoch(&self) -> Uuid {
        self.shared.epoch
    }

    /// A consistent view of everything: what is read through it is of one moment.
    pub async fn read(&self) -> Result<Db, StoreError> {
        self.read_as(Reach::All).await
    }

    /// The same of what somebody reaches.
    pub async fn read_as(&self, reach: Reach) -> Result<Db, StoreError> {
        match &self.backend {
            Backend::Lite { readers, .. } => Ok(Db::lite(readers.begin().await?)),
            Backend::Pg { pools } => {
                const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Ok(Db::pg(pools.begin(reach.begin_pg(BEGIN)).await?))
            }
        }
    }

    /// Whether other processes may work on the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Pg { .. })
    }

    /// Prepares one statement, to find out whether this server understands it.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Lite { writer, .. } => {
                writer.acquire().await?.prepare(sql.into_sql_str()).await.map(drop)?
            }
            Backend::Pg { pools } => {
                let (mut connection, _turn) = pools.acquire().await?;
                connection.prepare(sql.into_sql_str()).await.map(drop)?
            }
        }
        Ok(())
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Lite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Backend::Pg { pools } => pools.close().await,
        }
    }
}

pub(crate) async fn begin(backend: &Backend, reach: Reach) -> Result<Db, StoreError> {
    match backend {
        Backend::Lite { writer, .. } => Ok(Db::lite(writer.begin_with("BEGIN IMMEDIATE").await?)),
        Backend::Pg { pools } => Ok(Db::pg(pools.begin(reach.begin_pg("BEGIN")).await?)),
    }
}

async fn open_lite(url: &str) -> Result<Backend, OpenError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(OpenError::Url)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    make_private(options.get_filename()).map_err(|error| OpenError::Connect(error.into()))?;
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_LITE)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Connect)?;
    // Two processes may open a new file at once: the exclusive lock of a write
    // transaction cannot be held across the migrations' own transactions, so the
    // loser of that race tries again on what the winner left, as long as there comes more of it.
    let (mut idle, mut before) = (0, 0);
    while let Err(error) = migrator(&LITE).run(&writer).await {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations");
        let applied: i64 = count.fetch_one(&writer).await.unwrap_or(0);
        idle = if applied > before { 0 } else { idle + 1 };
        before = applied;
        if idle == 5 {
            return Err(error.into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS_LITE)
        .acquire_timeout(ACQUIRE_LITE)
        .connect_with(options.pragma("query_only", "ON"))
        .await
        .map_err(OpenError::Connect)?;
    Ok(Backend::Lite { writer, readers })
}

/// Makes the file, where it is not there yet, for its owner only: it holds
/// secrets. SQLite gives its log and shared memory the same permissions.
pub(crate) fn make_private(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    let name = file.to_string_lossy();
    // In memory, or a URI of SQLite's own.
    if name.is_empty() || name == ":memory:" || name.starts_with("file:") {
        return Ok(());
    }
    match std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn open_pg(url: &str) -> Result<Backend, OpenError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(OpenError::Url)?
        .application_name("meetpoint")
        .disable_statement_logging();
    walls::set_up_pg(&options, &migrator(&PG)).await?;
    let near = pool_pg(&options, NEAR).await?;
    Ok(Backend::Pg { pools: Pools::new(near, pool_pg(&options, FAR).await?) })
}

async fn pool_pg(options: &PgConnectOptions, most: u32) -> Result<PgPool, OpenError> {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(ACQUIRE_PG)
        // A connection was tried when it was given back: one that rested for a moment only is
        // there, and asking it again took as long as a look-up does.
        .test_before_acquire(false)
        .before_acquire(|connection, told| {
            Box::pin(async move {
                if told.idle_for >= RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SESSION_PG).await?;
                connection.execute(walls::SET_ROLE_PG).await?;
                quick::prepare_pg(connection).await
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(OpenError::Connect)
}
