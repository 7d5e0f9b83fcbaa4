//! Use cases: edges.

use crate::*;

impl Exchange {
    /// A snapshot file at one position of the log.
    pub async fn edge_snapshot(&self, cx: &Cx, wrap: &WrapKey) -> Result<Vec<u8>, Problem> {
        cx.edge()?;
        let _ = wrap;
        Err(unbuilt())
    }

    /// Changes after a position, oldest first; empty when there are none yet.
    pub async fn changes_since(
        &self,
        cx: &Cx,
        after: Position,
        limit: u32,
    ) -> Result<Vec<ChangeEntry>, ChangesError> {
        cx.edge()?;
        let _ = (after, limit);
        Err(unbuilt().into())
    }

    /// Merges call records by id; delivering them again changes nothing.
    pub async fn cdrs_deliver(&self, cx: &Cx, records: Vec<CdrRecord>) -> Result<usize, Problem> {
        cx.edge()?;
        let _ = records;
        Err(unbuilt())
    }

    /// Waits until the log may hold something after `after`, at most `timeout`.
    pub async fn changes_wait(&self, after: u64, timeout: Duration) {
        let _ = after;
        tokio::time::sleep(timeout).await;
    }
}
