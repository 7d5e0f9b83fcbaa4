//! A migration project's file: SQLite alone, since it belongs to one person and one folder
//! (design section 7). It keeps what was imported as bytes and documents as text, and knows
//! nothing of what they mean.

use crate::StoreError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row, Sqlite, Transaction};
use std::path::Path;
use std::time::Duration;

/// How long one waits for a file that another process writes to.
const BUSY: Duration = Duration::from_secs(60);

static PROJECT: Migrator = sqlx::migrate!("migrations/project");

/// An open project.
#[derive(Clone, Debug)]
pub struct Project {
    pool: SqlitePool,
}

/// Something that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSource {
    /// Its path as the administrator named it.
    pub path: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// How it was read, as text.
    pub options: String,
}

/// A part of an imported file, with its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPart {
    /// Its number, rising in the order of import.
    pub id: i64,
    /// Its description, as text.
    pub head: String,
}

impl Project {
    /// Opens the file; with `create` it may be new, and is then its owner's only.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be opened or is none of ours.
    pub async fn open(file: &Path, create: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(create)
            .foreign_keys(true)
            // Pieces of half a megabyte and more: fewer pages to go through. A file that is there
            // keeps its own.
            .page_size(1 << 15)
            // What comes in is appended, once: a log beside the file would have every byte written
            // twice. Nobody else reads meanwhile as a rule; whoever does waits for the import.
            .journal_mode(SqliteJournalMode::Delete)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        if create {
            crate::open::make_private(file)
                .map_err(|error| StoreError::Database(error.to_string()))?;
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            // Longer than a connection that is being opened waits for an import's lock.
            .acquire_timeout(2 * BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        PROJECT.run(&pool).await.map_err(|error| StoreError::Database(error.to_string()))?;
        Ok(Self { pool })
    }

    /// A document by its name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn document(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT body FROM document WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| row.try_get("body").map_err(StoreError::from)).transpose()
    }

    /// Keeps a document under its name, in place of the one before.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_document(&self, name: &str, body: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO document (name, body) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET body = excluded.body",
        )
        .bind(name)
        .bind(body)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Everything that was imported, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn sources(&self) -> Result<Vec<ProjectSource>, StoreError> {
        sqlx::query("SELECT path, sha256, options FROM source ORDER BY id")
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|row| {
                Ok(ProjectSource {
                    path: row.try_get("path")?,
                    sha256: row.try_get("sha256")?,
                    options: row.try_get("options")?,
                })
            })
            .collect()
    }

    /// All parts, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn parts(&self) -> Result<Vec<ProjectPart>, StoreError> {
        sqlx::query("SELECT id, head FROM part ORDER BY source_id, id")
            .fetch_all(&self.pool)
            .await?
            .into_iter()
            .map(|row| Ok(ProjectPart { id: row.try_get("id")?, head: row.try_get("head")? }))
            .collect()
    }

    /// A piece of a part; `None` behind the last one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn chunk(
        &self,
        part: i64,
        kind: &str,
        seq: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row =
            sqlx::query("SELECT body FROM chunk WHERE part_id = $1 AND kind = $2 AND seq = $3")
                .bind(part)
                .bind(kind)
                .bind(seq)
                .fetch_optional(&self.pool)
                .await?;
        row.map(|row| row.try_get("body").map_err(StoreError::from)).transpose()
    }

    /// Begins to keep a file, in place of what was kept of the same path; nothing of it stays
    /// unless it is committed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn replace(&self, source: &ProjectSource) -> Result<Import, StoreError> {
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        // Its place in the order of import stays.
        let known = sqlx::query("SELECT id FROM source WHERE path = $1")
            .bind(&source.path)
            .fetch_optional(&mut *tx)
            .await?;
        let id: Option<i64> = known.map(|row| row.try_get("id")).transpose()?;
        sqlx::query("DELETE FROM source WHERE path = $1")
            .bind(&source.path)
            .execute(&mut *tx)
            .await?;
        let row = sqlx::query(
            "INSERT INTO source (id, path, sha256, options) VALUES ($1, $2, $3, $4) RETURNING id",
        )
        .bind(id)
        .bind(&source.path)
        .bind(&source.sha256)
        .bind(&source.options)
        .fetch_one(&mut *tx)
        .await?;
        Ok(Import { source: row.try_get("id")?, tx })
    }

    /// Closes the file.
    pub async fn close(self) {
        self.pool.close().await;
    }
}

/// A file on its way into the project.
#[derive(Debug)]
pub struct Import {
    tx: Transaction<'static, Sqlite>,
    source: i64,
}

impl Import {
    /// A part begins.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn part(&mut self) -> Result<i64, StoreError> {
        let row = sqlx::query("INSERT INTO part (source_id, head) VALUES ($1, '') RETURNING id")
            .bind(self.source)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(row.try_get("id")?)
    }

    /// A piece of it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn chunk(
        &mut self,
        part: i64,
        kind: &str,
        seq: i64,
        body: Vec<u8>,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO chunk (part_id, kind, seq, body) VALUES ($1, $2, $3, $4)")
            .bind(part)
            .bind(kind)
            .bind(seq)
            .bind(body)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Its description, once all of it is there.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn describe(&mut self, part: i64, head: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE part SET head = $2 WHERE id = $1")
            .bind(part)
            .bind(head)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Nothing of it stays.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drop_part(&mut self, part: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM part WHERE id = $1").bind(part).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// All of it stays.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }
}
