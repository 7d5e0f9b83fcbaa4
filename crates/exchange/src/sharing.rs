//! What nodes on one database tell each other beside the change log: requests that were
//! let through, so that a client's limit holds over all of them.

use crate::*;

/// How far back counts are read again, microseconds: one may be written before another and
/// become visible after it. Counts only grow, so that reading one twice changes nothing.
const OVERLAP: i64 = 10_000_000;

/// How many requests one node let through for one caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestUse {
    /// Who, as the node that counts names them.
    pub caller: String,
    /// Which node.
    pub node: Uuid,
    /// When the count began; it only grows while this stays.
    pub begun: i64,
    /// The count.
    pub used: i64,
    /// When it grew last by the database's clock, microseconds since 1970 UTC.
    pub at: i64,
}

impl Exchange {
    /// Whether other nodes may work on the same database.
    pub fn is_shared(&self) -> bool {
        self.inner.store.is_shared()
    }

    /// Tells other nodes what this one let through (caller, begin of the count, count) and
    /// hears what they did: counts that grew since `after`, the largest `at` heard so far.
    ///
    /// # Errors
    /// `busy`, `database_away`.
    pub async fn requests_share(
        &self,
        node: Uuid,
        own: &[(String, i64, i64)],
        after: i64,
    ) -> Result<Vec<RequestUse>, Problem> {
        let share = async |mut tx: Tx| -> Result<Vec<RequestUse>, Fail> {
            tx.request_use_put(node, own).await?;
            let rows = tx.request_use_since(node, after.saturating_sub(OVERLAP)).await?;
            let told = rows.into_iter().map(|row| RequestUse {
                caller: row.caller,
                node: row.node,
                begun: row.begun,
                used: row.used,
                at: row.at,
            });
            Ok(told.collect())
        };
        Ok(self.inner.store.write(share).await?)
    }
}
