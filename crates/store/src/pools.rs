//! The connections to PostgreSQL.
//!
//! A pool hands its connections out in turns. Each is a process of the server's with plans and
//! catalogues of its own, so that one that had its turn long ago begins with cold memory. Most of
//! the time few are wanted at once, and those are taken from a small pool first, the rest from
//! another: a look-up takes a seventh less (docs/performance.md).

use crate::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of the small pool: what a node of a few processors uses at once.
pub(crate) const NEAR: u32 = 3;
/// Connections of the other.
pub(crate) const FAR: u32 = 13;

/// The right to a connection of the small pool, to be kept as long as that.
pub(crate) type Turn = Option<OwnedSemaphorePermit>;

/// Both pools. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    near: PgPool,
    far: PgPool,
    turns: Arc<Semaphore>,
}

impl Pools {
    /// Of [`NEAR`] and of [`FAR`] connections.
    pub fn new(near: PgPool, far: PgPool) -> Self {
        Self { near, far, turns: Arc::new(Semaphore::new(NEAR as usize)) }
    }

    /// The pool with a connection that is free, if there is one.
    fn pick(&self) -> (&PgPool, Turn) {
        match self.turns.clone().try_acquire_owned() {
            Ok(turn) => (&self.near, Some(turn)),
            Err(_) => (&self.far, None),
        }
    }

    /// A connection.
    pub async fn acquire(&self) -> Result<(PoolConnection<Postgres>, Turn), StoreError> {
        let (pool, turn) = self.pick();
        Ok((pool.acquire().await?, turn))
    }

    /// A transaction, begun by what `begin` says.
    pub async fn begin(
        &self,
        begin: String,
    ) -> Result<(Transaction<'static, Postgres>, Turn), StoreError> {
        let (pool, turn) = self.pick();
        Ok((pool.begin_with(AssertSqlSafe(begin)).await?, turn))
    }

    /// For whoever keeps a connection for good.
    pub fn for_good(&self) -> PgPool {
        self.far.clone()
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        self.near.close().await;
        self.far.close().await;
    }
}
