//! Use cases: edges. What they need to carry calls goes out, call records come
//! back.

use crate::act::now;
use crate::*;
use domain::routing::CallKind;
use feed::cdr::{CdrEvent, HungUpBy};
use feed::snapshot::{Snapshot, WorldRecords};
use store::{CdrAnswer, CdrAttempt, CdrBegin, CdrEnd};

/// Changes are read a few at a time, since one may carry a thousand numbers, …
const CHANGES: u32 = 32;
/// … and no more once there is this much text: the reader comes again.
const CHANGE_BYTES: usize = 8 << 20;

pub(crate) const fn kind_text(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Inbound => "inbound",
        CallKind::Outbound => "outbound",
        CallKind::Internal => "internal",
        CallKind::Emergency => "emergency",
    }
}

const fn side_text(side: HungUpBy) -> &'static str {
    match side {
        HungUpBy::Caller => "caller",
        HungUpBy::Callee => "callee",
        HungUpBy::Exchange => "exchange",
    }
}

impl Exchange {
    /// A snapshot file at one position of the log, its secrets wrapped for the
    /// edge that asks. Everything in it is of one moment, which is that
    /// position's.
    ///
    /// # Errors
    /// `forbidden` for anybody but an edge; `busy`.
    pub async fn edge_snapshot(&self, cx: &Cx, wrap: &WrapKey) -> Result<Vec<u8>, Problem> {
        cx.edge()?;
        let epoch = self.epoch();
        let world = self
            .view(async |mut db| {
                let position = db.change_newest().await?;
                let mut world = WorldRecords::empty(Position { epoch, position }, now());
                crate::world::fill(&mut db, &mut world).await?;
                Ok(world)
            })
            .await?;
        let wrap = wrap.clone();
        // Sorting and packing a million numbers would hold up every other request.
        tokio::task::spawn_blocking(move || Snapshot::from_records(world).write(&wrap))
            .await
            .map_err(|error| {
                tracing::error!(%error, "a snapshot could not be written");
                ErrorCode::Internal.problem(None, "the snapshot could not be written")
            })
    }

    /// Changes after a position, oldest first; empty when there are none yet.
    /// At most `limit`, fewer where they are large: ask again from the last one.
    ///
    /// # Errors
    /// [`ChangesError::Gone`] where the position is of another epoch, ahead of
    /// the log, or older than what is kept: the reader takes a snapshot.
    pub async fn changes_since(
        &self,
        cx: &Cx,
        after: Position,
        limit: u32,
    ) -> Result<Vec<ChangeEntry>, ChangesError> {
        cx.edge()?;
        if after.epoch != self.epoch() {
            return Err(ChangesError::Gone);
        }
        let read = self.view(async |mut db| {
            if after.position < db.change_floor().await?
                || after.position > db.change_newest().await?
            {
                return Ok(None);
            }
            let (mut rows, mut bytes) = (Vec::new(), 0);
            while (rows.len() as u64) < u64::from(limit) && bytes < CHANGE_BYTES {
                let most = CHANGES.min(limit - rows.len() as u32);
                let from = rows
                    .last()
                    .map_or(after.position, |r: &store::ChangeRow| r.pos.cast_unsigned());
                let more = db.change_list(from, most).await?;
                let end = more.len() < most as usize;
                bytes += more.iter().map(|row| row.body.len()).sum::<usize>();
                rows.extend(more);
                if end {
                    break;
                }
            }
            Ok(Some(rows))
        });
        let rows = read.await?.ok_or(ChangesError::Gone)?;
        rows.into_iter()
            .map(|row| {
                let change = serde_json::from_str(&row.body).map_err(|error| {
                    tracing::error!(position = row.pos, %error, "a change does not decode");
                    ErrorCode::Internal.problem(None, "a change in the log cannot be read")
                })?;
                Ok(ChangeEntry { position: row.pos.cast_unsigned(), at_us: row.at, change })
            })
            .collect()
    }

    /// Merges call records by call and event, the whole batch in one
    /// transaction; delivering them again changes nothing. They go to neither
    /// the change log nor the audit log, which they would drown; of a call for
    /// help the change log tells, once.
    ///
    /// Returns how many are safe now, those known already included.
    pub async fn cdrs_deliver(
        &self,
        cx: &Cx,
        mut records: Vec<CdrRecord>,
    ) -> Result<usize, Problem> {
        cx.edge()?;
        // Two edges may bring records of the same calls at once: rows are locked in one order.
        records.sort_by_key(|record| record.id);
        let merge = async |mut tx: Tx| -> Result<(), Fail> {
            for record in &records {
                deliver(&mut tx, record).await?;
            }
            Ok(())
        };
        self.inner.store.write(merge).await?;
        Ok(records.len())
    }

    /// Waits until the log may hold something after `after`, at most `timeout`.
    pub async fn changes_wait(&self, after: u64, timeout: Duration) {
        self.inner.store.change_wait(after, timeout).await;
    }
}

/// What a stranger's message brought, without control characters: PostgreSQL
/// takes no NUL, and an edge brings a record until it is taken.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

async fn deliver(tx: &mut Tx, record: &CdrRecord) -> Result<(), StoreError> {
    match &record.event {
        CdrEvent::Begin {
            at_us,
            kind,
            tenant,
            number,
            operator,
            caller,
            callee,
            caller_user,
            callee_user,
            queue,
            in_trunk,
            call_id,
            bridge,
        } => {
            let begin = CdrBegin {
                at: *at_us,
                kind: kind.map(|kind| kind_text(kind).to_owned()),
                tenant_id: *tenant,
                operator_id: *operator,
                number: *number,
                caller: plain(caller),
                callee: plain(callee),
                caller_user_id: *caller_user,
                callee_user_id: *callee_user,
                queue_id: *queue,
                in_trunk_id: *in_trunk,
                in_call_id: plain(call_id),
                bridge_id: *bridge,
            };
            tx.cdr_begin(record.id, &begin).await?;
            if *kind == Some(CallKind::Emergency) {
                emergency_calls::tell(tx, record.id, &begin).await?;
            }
            Ok(())
        }
        CdrEvent::Answer { at_us, user, out_trunk, call_id, forwarded, bridge, operator } => {
            let answer = CdrAnswer {
                at: *at_us,
                user_id: *user,
                out_trunk_id: *out_trunk,
                out_call_id: plain(call_id),
                forwarded_by_id: forwarded.map(|f| f.user),
                forward_cause: forwarded.map(|f| f.cause.as_str().to_owned()),
                bridge_id: *bridge,
                operator_id: *operator,
            };
            tx.cdr_answer(record.id, &answer).await
        }
        CdrEvent::End { at_us, answered_at_us, sip_code, reason, hung_up_by, attempts } => {
            let attempt = |a: &feed::cdr::Attempt| CdrAttempt {
                trunk: a.trunk,
                sip_code: a.sip_code,
                ms: a.ms,
            };
            let end = CdrEnd {
                at: *at_us,
                answered_at: *answered_at_us,
                sip_code: *sip_code,
                reason: plain(reason),
                hung_up_by: side_text(*hung_up_by).to_owned(),
                attempts: attempts.iter().map(attempt).collect(),
            };
            tx.cdr_end(record.id, &end).await
        }
    }
}
