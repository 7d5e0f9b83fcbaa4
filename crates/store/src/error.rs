//! What a database may answer, as far as a use case must tell it apart.

/// Why the store did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database is busy, or chose this transaction as a victim.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The database cannot be reached, or gave no connection in time.
    #[error("the database is away: {0}")]
    Away(String),
    /// The commit was sent, but its answer was lost: it may have taken effect.
    #[error("it is unknown whether it was committed: {0}")]
    Unknown(String),
    /// A constraint of the schema holds against it: somebody was faster.
    #[error("a constraint refuses it: {0}")]
    Constraint(String),
    /// A row holds what this version cannot read.
    #[error("column {column} holds what this version cannot read")]
    Decode {
        /// Which.
        column: &'static str,
    },
    /// Everything else.
    #[error("the database refused: {0}")]
    Database(String),
}

/// Whether a transaction is worth running again.
pub trait Retry {
    /// What kind of failure this is.
    fn retry(&self) -> Again;
}

/// Whether a transaction is worth running again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It would end the same way.
    No,
    /// The database was busy.
    Busy,
    /// Somebody was faster; the closure sees their row when it runs again.
    Constraint,
}

impl Retry for StoreError {
    fn retry(&self) -> Again {
        match self {
            Self::Busy(_) | Self::Away(_) => Again::Busy,
            Self::Constraint(_) => Again::Constraint,
            Self::Unknown(_) | Self::Decode { .. } | Self::Database(_) => Again::No,
        }
    }
}

impl StoreError {
    /// What PostgreSQL's COMMIT ended with. Only where the server itself says
    /// that it rolled back may the transaction run again; after everything
    /// else, a broken connection above all, it may have been committed.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|db| db.code()).unwrap_or_default();
        match &*code {
            "40001" | "40P01" => Self::Busy(error.to_string()),
            code if code.starts_with("23") => Self::Constraint(error.to_string()),
            _ => Self::Unknown(error.to_string()),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Away(text)
            }
            sqlx::Error::Database(db) => {
                let code = db.code().unwrap_or_default();
                // SQLite: 5 BUSY, 6 LOCKED in the low byte. PostgreSQL: 40001 serialization,
                // 40P01 deadlock, 55P03 lock timeout, 57014 statement timeout, 53300 too many
                // connections, 57P0x shutting down, 08xxx connection.
                let lite = db
                    .try_downcast_ref::<sqlx::sqlite::SqliteError>()
                    .and_then(|_| code.parse::<i32>().ok());
                match lite {
                    Some(n) if matches!(n & 0xff, 5 | 6) => Self::Busy(text),
                    Some(n) if n & 0xff == 19 => Self::Constraint(text),
                    Some(_) => Self::Database(text),
                    None if matches!(&*code, "40001" | "40P01" | "55P03" | "57014") => {
                        Self::Busy(text)
                    }
                    None if code == "53300"
                        || code.starts_with("57P0")
                        || code.starts_with("08") =>
                    {
                        Self::Away(text)
                    }
                    None if code.starts_with("23") => Self::Constraint(text),
                    None => Self::Database(text),
                }
            }
            _ => Self::Database(text),
        }
    }
}
