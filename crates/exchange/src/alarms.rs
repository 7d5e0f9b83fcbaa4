//! Use cases: alarms. Edges bring them, the programme owner reads them.

use crate::act::{HOUSE, change_other, cursor, limit, now, page, time};
use crate::authz::Access;
use crate::edges::plain;
use crate::edges_known;
use crate::*;
use api_types::inside::Alarm;
use domain::TrunkId;
use feed::alarm::{AlarmKind, EventBatch, MAX_TEXT};
use std::collections::HashMap;
use store::{AlarmQuery, AlarmRow};

/// How long an alarm that is over is kept: 90 days.
const KEPT_US: i64 = 90 * 24 * 3600 * 1_000_000;

/// Longest code or severity that is kept, bytes.
const MAX_CODE: usize = 64;

/// What an edge should have cut itself.
fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

/// Narrows a list of alarms.
#[derive(Clone, Debug, Default)]
pub struct AlarmFilter {
    /// Those that are open, or those that are over.
    pub open: Option<bool>,
    /// A kind's code.
    pub code: Option<String>,
    /// Those of one edge.
    pub edge_id: Option<Uuid>,
}

impl Exchange {
    /// Keeps what an edge raised or cleared, and ends what it had raised before
    /// it started anew; delivering again changes nothing. Like call records,
    /// alarms go to neither the change log nor the audit log. Also the sign of life
    /// by which an edge is known to be there.
    ///
    /// # Errors
    /// `forbidden` for anybody but an edge; `edge_bound` where the edge is another
    /// credential's; `busy`.
    pub async fn events_deliver(&self, cx: &Cx, batch: EventBatch) -> Result<usize, Problem> {
        cx.edge()?;
        let edge_id = batch.edge.0;
        let rows: Vec<AlarmRow> = batch
            .alarms
            .iter()
            .map(|a| AlarmRow {
                id: a.id,
                edge_id,
                code: cut(plain(&a.code), MAX_CODE),
                severity: cut(plain(&a.severity), MAX_CODE),
                subject: cut(plain(&a.subject), MAX_TEXT),
                detail: cut(plain(&a.detail), MAX_TEXT),
                raised_at: a.raised_at_us,
                cleared_at: a.cleared_at_us,
                ended_by: None,
            })
            .collect();
        let keep = async |mut tx: Tx| -> Result<(), Fail> {
            let mut news = edges_known::heard(&mut tx, cx, edge_id, batch.started_at_us).await?;
            for row in &rows {
                news |= tx.alarm_put(row).await?;
            }
            if news {
                change_other(&mut tx, edges_known::ALARMS, edge_id, HOUSE);
            }
            tx.alarm_trim(now() - KEPT_US).await?;
            Ok(())
        };
        self.inner.store.write(keep).await?;
        Ok(rows.len())
    }

    /// Alarms of every edge, newest first.
    ///
    /// # Errors
    /// `invalid_parameter` names the parameter; `forbidden`.
    pub async fn alarm_list(
        &self,
        cx: &Cx,
        filter: AlarmFilter,
        list: ListQuery,
    ) -> Result<Page<Alarm>, Problem> {
        cx.programme(Access::Read)?;
        let limit = limit(&list)?;
        if let Some(code) = filter.code.as_deref().filter(|c| AlarmKind::from_code(c).is_none()) {
            let known: Vec<_> = AlarmKind::ALL.iter().map(|kind| kind.code()).collect();
            let reason = format!("{code:?} is none of {}", known.join(", "));
            return Err(ErrorCode::InvalidParameter.problem(Some("code"), reason));
        }
        let query = AlarmQuery {
            open: filter.open,
            code: filter.code,
            edge_id: filter.edge_id,
            before: cursor(&list)?,
        };
        let read = self.view(async move |mut db| {
            let rows = db.alarm_list(&query, limit + 1).await?;
            let subjects = rows.iter().map(|row| row.subject.clone()).collect();
            let names = subject_names(&mut db, subjects).await?;
            Ok((rows, names))
        });
        let (rows, names) = read.await?;
        Ok(page(rows, limit, |row| (row.raised_at, row.id), |row| document(row, &names)))
    }
}

type Names = HashMap<String, String>;

/// Names of the trunks among the subjects. Takes them by value, as the names of
/// a call's trunks are taken.
pub(crate) async fn subject_names(db: &mut Db, subjects: Vec<String>) -> Result<Names, StoreError> {
    let mut names = Names::new();
    for subject in subjects {
        if names.contains_key(&subject) {
            continue;
        }
        let Ok(id) = subject.parse::<Uuid>() else { continue };
        if let Some(name) = db.trunk_name(TrunkId(id)).await? {
            names.insert(subject, name);
        }
    }
    Ok(names)
}

pub(crate) fn document(row: AlarmRow, names: &Names) -> Alarm {
    let kind = AlarmKind::from_code(&row.code);
    Alarm {
        id: row.id,
        edge_id: row.edge_id,
        severity: row.severity,
        subject_name: names.get(&row.subject).cloned(),
        subject: row.subject,
        detail: row.detail,
        reason: kind.map_or("an alarm of a newer edge", AlarmKind::reason).to_owned(),
        remedy: kind
            .map_or("Upgrade the control plane to read what it means.", AlarmKind::remedy)
            .to_owned(),
        code: row.code,
        raised_at: time(row.raised_at),
        cleared_at: row.cleared_at.map(time),
        ended_by: row.ended_by,
    }
}
