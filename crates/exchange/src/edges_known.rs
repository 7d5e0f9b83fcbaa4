//! Use cases: which edges there are, whose credential each speaks with, and which
//! are gone.
//!
//! An edge gives a sign of life at least every half minute. One that was silent for
//! [`LOST_AFTER`] is gone: the alarms it had open are ended, since nobody knows
//! whether they still hold, and `edge_lost` is raised in their place.

use crate::act::{
    HOUSE, Keep, change_other, cursor, done, limit, new_id, not_found, now, page, time,
};
use crate::authz::Access;
use crate::*;
use api_types::inside::Edge;
use feed::alarm::AlarmKind;
use store::{AlarmRow, EdgeRow};

/// Silence after which an edge counts as gone: four signs of life that did not come.
pub const LOST_AFTER: Duration = Duration::from_secs(120);

/// Alarms of an edge, in the log.
pub(crate) const ALARMS: &str = "alarms";

const RESTARTED: &str = "edge_restarted";
const LOST: &str = "edge_lost";
const FORGOTTEN: &str = "edge_forgotten";

fn document(row: EdgeRow) -> Edge {
    Edge {
        id: row.id,
        principal_id: row.principal_id,
        started_at: time(row.started_at),
        heard_at: time(row.heard_at),
        lost_at: row.lost_at.map(time),
    }
}

fn bound(edge: Uuid) -> Problem {
    let reason = format!("edge {edge} speaks with another credential");
    ErrorCode::EdgeBound.problem(Some("/edge"), reason)
}

/// An edge speaks that started at this time: it is there, and what it had raised in an
/// earlier life is over. If it was given up, what it still has open is open again. `true` where
/// that raised or ended an alarm.
pub(crate) async fn heard(tx: &mut Tx, cx: &Cx, edge: Uuid, started_at: i64) -> Result<bool, Fail> {
    let at = now();
    let was_lost = tx.edge_get(edge).await?.is_some_and(|row| row.lost_at.is_some());
    if !tx.edge_heard(edge, cx.actor.principal, started_at, at).await? {
        return Err(bound(edge).into());
    }
    if was_lost {
        tx.alarm_end_kind(edge, AlarmKind::EdgeLost.code(), at).await?;
        tx.alarm_reopen(edge, LOST, started_at).await?;
    }
    let ended = tx.alarm_end_old(edge, started_at, at, RESTARTED).await?;
    Ok(was_lost || ended > 0)
}

impl Exchange {
    /// Whether this credential may speak for an edge: for its own, and for one that
    /// nobody has brought yet.
    ///
    /// # Errors
    /// `edge_bound`.
    pub(crate) async fn edge_must_be(&self, cx: &Cx, edge: Uuid) -> Result<(), Problem> {
        let known = self.view(async move |mut db| Ok(db.edge_get(edge).await?)).await?;
        match known {
            Some(row) if row.principal_id != cx.actor.principal => Err(bound(edge)),
            _ => Ok(()),
        }
    }

    /// Ends the alarms of edges that are gone, in their place raises `edge_lost`;
    /// returns how many edges were lost. To be asked again and again; several nodes may.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn edges_watch(&self, now_us: i64) -> Result<usize, StoreError> {
        let after = i64::try_from(LOST_AFTER.as_micros()).unwrap_or(i64::MAX);
        let silent = self.inner.store.read().await?.edge_silent(now_us - after).await?;
        let mut lost = 0;
        for edge in silent {
            let give_up = async |mut tx: Tx| -> Result<bool, StoreError> {
                if !tx.edge_lose(&edge, now_us).await? {
                    return Ok(false);
                }
                let ended = tx.alarm_end_old(edge.id, i64::MAX, now_us, LOST).await?;
                let kind = AlarmKind::EdgeLost;
                let detail = format!(
                    "not heard since {}; alarms that it had open and that were ended: {ended}",
                    time(edge.heard_at).strftime("%Y-%m-%dT%H:%M:%SZ")
                );
                tx.alarm_put(&AlarmRow {
                    id: new_id(),
                    edge_id: edge.id,
                    code: kind.code().to_owned(),
                    severity: kind.severity().as_str().to_owned(),
                    subject: edge.id.to_string(),
                    detail,
                    raised_at: now_us,
                    cleared_at: None,
                    ended_by: None,
                })
                .await?;
                change_other(&mut tx, ALARMS, edge.id, HOUSE);
                Ok(true)
            };
            if self.inner.store.write(give_up).await? {
                tracing::warn!(edge = %edge.id, "an edge is not heard any more");
                lost += 1;
            }
        }
        Ok(lost)
    }

    /// Edges that were heard, in the order of their ids.
    ///
    /// # Errors
    /// `invalid_parameter` names the parameter; `forbidden`.
    pub async fn edge_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Edge>, Problem> {
        cx.programme(Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let rows = self.view(async |mut db| Ok(db.edge_list(after, limit + 1).await?)).await?;
        Ok(page(rows, limit, |row| row.id, document))
    }

    /// Forgets an edge that is out of service: its open alarms end, and its id is free
    /// for another credential. One that still runs is back with its next sign of life.
    ///
    /// # Errors
    /// `not_found`; `forbidden`.
    pub async fn edge_forget(&self, cx: &Cx, edge_id: Uuid) -> Result<(), Problem> {
        cx.programme(Access::Write)?;
        self.act(cx, "edge.forget", Keep::Answer, async |mut tx| {
            if !tx.edge_forget(edge_id).await? {
                return Err(not_found("edge", edge_id).into());
            }
            if tx.alarm_end_old(edge_id, i64::MAX, now(), FORGOTTEN).await? > 0 {
                change_other(&mut tx, ALARMS, edge_id, HOUSE);
            }
            change_other(&mut tx, "edge", edge_id, HOUSE);
            done((), edge_id)
        })
        .await
    }
}
