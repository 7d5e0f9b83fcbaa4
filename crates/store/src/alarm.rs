//! Alarms of edges.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use uuid::Uuid;

row! {
    /// One alarm. Times are microseconds since 1970 UTC.
    AlarmRow {
        id: Uuid,
        edge_id: Uuid,
        code: String,
        severity: String,
        subject: String,
        detail: String,
        raised_at: i64,
        cleared_at: Option<i64>,
        ended_by: Option<String>,
    }
}

/// Which alarms.
#[derive(Clone, Debug, Default)]
pub struct AlarmQuery {
    /// Those that are open, or those that are over.
    pub open: Option<bool>,
    /// Of this kind.
    pub code: Option<String>,
    /// Of this edge.
    pub edge_id: Option<Uuid>,
    /// Older than this one, in the order of the list.
    pub before: Option<(i64, Uuid)>,
}

statements! {
    ALARM_PUT = "INSERT INTO alarm \
        (id, edge_id, code, severity, subject, detail, raised_at, cleared_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
        ON CONFLICT (id) DO UPDATE SET cleared_at = excluded.cleared_at \
        WHERE alarm.cleared_at IS NULL AND alarm.edge_id = excluded.edge_id \
        AND excluded.cleared_at IS NOT NULL";
    ALARM_END_OLD = "UPDATE alarm SET cleared_at = $3, ended_by = $4 \
        WHERE edge_id = $1 AND cleared_at IS NULL AND raised_at < $2";
    ALARM_REOPEN = "UPDATE alarm SET cleared_at = NULL, ended_by = NULL \
        WHERE edge_id = $1 AND ended_by = $2 AND raised_at >= $3";
    ALARM_END_KIND = "UPDATE alarm SET cleared_at = $3 \
        WHERE edge_id = $1 AND code = $2 AND cleared_at IS NULL";
    ALARM_TRIM = "DELETE FROM alarm WHERE cleared_at < $1";
    ALARM_LIST = "SELECT id, edge_id, code, severity, subject, detail, raised_at, cleared_at, \
        ended_by FROM alarm WHERE (raised_at, id) < ($1, $2) \
        AND (CAST($3 AS BIGINT) IS NULL OR (cleared_at IS NULL) = ($3 = 1)) \
        AND (CAST($4 AS TEXT) IS NULL OR code = $4) \
        AND (CAST($5 AS UUID) IS NULL OR edge_id = $5) \
        ORDER BY raised_at DESC, id DESC LIMIT $6";
}

impl Db {
    /// Keeps an alarm; one that is over stays so, and no edge ends another's. `false` where
    /// nothing of that was new.
    pub async fn alarm_put(&mut self, a: &AlarmRow) -> Result<bool, StoreError> {
        let args = args![
            a.id,
            a.edge_id,
            a.code,
            a.severity,
            a.subject,
            a.detail,
            a.raised_at,
            a.cleared_at
        ];
        Ok(self.exec(ALARM_PUT, args).await? > 0)
    }

    /// Ends what an edge raised before a time, for a reason that is not its own.
    pub async fn alarm_end_old(
        &mut self,
        edge: Uuid,
        before: i64,
        now: i64,
        ended_by: &str,
    ) -> Result<u64, StoreError> {
        self.exec(ALARM_END_OLD, args![edge, before, now, ended_by.to_owned()]).await
    }

    /// Opens again what was ended for a reason that proved wrong, as far as it was
    /// raised at or after a time.
    pub async fn alarm_reopen(
        &mut self,
        edge: Uuid,
        ended_by: &str,
        since: i64,
    ) -> Result<u64, StoreError> {
        self.exec(ALARM_REOPEN, args![edge, ended_by.to_owned(), since]).await
    }

    /// Clears what is open of one kind.
    pub async fn alarm_end_kind(
        &mut self,
        edge: Uuid,
        code: &str,
        now: i64,
    ) -> Result<u64, StoreError> {
        self.exec(ALARM_END_KIND, args![edge, code.to_owned(), now]).await
    }

    /// Forgets those that were over before `until`.
    pub async fn alarm_trim(&mut self, until: i64) -> Result<u64, StoreError> {
        self.exec(ALARM_TRIM, args![until]).await
    }

    /// Alarms, newest first.
    pub async fn alarm_list(
        &mut self,
        query: &AlarmQuery,
        limit: u32,
    ) -> Result<Vec<AlarmRow>, StoreError> {
        let (at, id) = query.before.unwrap_or((i64::MAX, Uuid::max()));
        let open = query.open.map(i64::from);
        self.all(ALARM_LIST, args![at, id, open, query.code, query.edge_id, limit]).await
    }
}
