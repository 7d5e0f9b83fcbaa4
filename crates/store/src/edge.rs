//! Edges that were heard, and whose credential each speaks with.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use uuid::Uuid;

row! {
    /// An edge. Times are microseconds since 1970 UTC.
    EdgeRow {
        id: Uuid,
        principal_id: Uuid,
        started_at: i64,
        heard_at: i64,
        lost_at: Option<i64>,
    }
}

statements! {
    EDGE_HEARD = "INSERT INTO edge (id, principal_id, started_at, heard_at, lost_at) \
        VALUES ($1, $2, $3, $4, NULL) \
        ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, \
        heard_at = excluded.heard_at, lost_at = NULL \
        WHERE edge.principal_id = excluded.principal_id";
    EDGE_GET = "SELECT id, principal_id, started_at, heard_at, lost_at FROM edge WHERE id = $1";
    EDGE_SILENT = "SELECT id, principal_id, started_at, heard_at, lost_at FROM edge \
        WHERE heard_at < $1 AND lost_at IS NULL ORDER BY id";
    EDGE_LOSE = "UPDATE edge SET lost_at = $3 \
        WHERE id = $1 AND heard_at = $2 AND lost_at IS NULL";
    EDGE_LIST = "SELECT id, principal_id, started_at, heard_at, lost_at FROM edge \
        WHERE (CAST($1 AS TEXT) IS NULL OR id > $2) ORDER BY id LIMIT $3";
    EDGE_FORGET = "DELETE FROM edge WHERE id = $1";
}

impl Db {
    /// An edge speaks; `false` where its id is another principal's.
    pub async fn edge_heard(
        &mut self,
        id: Uuid,
        principal: Uuid,
        started_at: i64,
        now: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(EDGE_HEARD, args![id, principal, started_at, now]).await? > 0)
    }

    /// An edge.
    pub async fn edge_get(&mut self, id: Uuid) -> Result<Option<EdgeRow>, StoreError> {
        self.one(EDGE_GET, args![id]).await
    }

    /// Edges not heard since a time, and not noticed yet.
    pub async fn edge_silent(&mut self, since: i64) -> Result<Vec<EdgeRow>, StoreError> {
        self.all(EDGE_SILENT, args![since]).await
    }

    /// Notes that an edge is gone; `false` where it was heard again, or somebody else
    /// noted it.
    pub async fn edge_lose(&mut self, edge: &EdgeRow, now: i64) -> Result<bool, StoreError> {
        Ok(self.exec(EDGE_LOSE, args![edge.id, edge.heard_at, now]).await? > 0)
    }

    /// Edges after an id.
    pub async fn edge_list(
        &mut self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<EdgeRow>, StoreError> {
        let some = after.map(|id| id.to_string());
        self.all(EDGE_LIST, args![some, after.unwrap_or_default(), limit]).await
    }

    /// Forgets an edge; `false` where there is none.
    pub async fn edge_forget(&mut self, id: Uuid) -> Result<bool, StoreError> {
        Ok(self.exec(EDGE_FORGET, args![id]).await? > 0)
    }
}
