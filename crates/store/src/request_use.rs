//! What callers of the API used up, told between nodes.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use uuid::Uuid;

row! {
    /// How many requests one node let through for one caller.
    RequestUseRow { caller: String, node: Uuid, begun: i64, used: i64, at: i64 }
}

statements! {
    USE_PUT_PG = "INSERT INTO request_use (caller, node, begun, used, at) \
        SELECT j.caller, $1, j.begun, j.used, \
            CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) \
        FROM json_to_recordset(CAST($2 AS json)) AS j (caller TEXT, begun BIGINT, used BIGINT) \
        ON CONFLICT (caller, node) DO UPDATE \
        SET begun = excluded.begun, used = excluded.used, at = excluded.at";
    USE_SINCE = "SELECT caller, node, begun, used, at FROM request_use \
        WHERE at > $1 AND node <> $2";
    USE_TRIM = "DELETE FROM request_use WHERE at < $1";
}

impl Db {
    /// Writes a node's counts: caller, when the count began, and the count. Only nodes
    /// that share a database tell each other: on SQLite nothing is written.
    pub async fn request_use_put(
        &mut self,
        node: Uuid,
        counts: &[(String, i64, i64)],
    ) -> Result<(), StoreError> {
        if !self.is_pg() || counts.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = counts
            .iter()
            .map(|(caller, begun, used)| {
                serde_json::json!({ "caller": caller, "begun": begun, "used": used })
            })
            .collect();
        self.exec(USE_PUT_PG, args![node, serde_json::Value::from(rows).to_string()]).await?;
        Ok(())
    }

    /// Other nodes' counts that grew after a time of the database, microseconds since 1970 UTC.
    pub async fn request_use_since(
        &mut self,
        node: Uuid,
        since: i64,
    ) -> Result<Vec<RequestUseRow>, StoreError> {
        self.all(USE_SINCE, args![since, node]).await
    }

    /// Forgets counts that have not grown since `until`.
    pub async fn request_use_trim(&mut self, until: i64) -> Result<u64, StoreError> {
        self.exec(USE_TRIM, args![until]).await
    }
}
