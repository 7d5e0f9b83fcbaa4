//! Use cases: what operators say of how long their legs lasted (design section 9), and files of
//! call records.

use crate::act::{
    Keep, change_other, cursor, done, invalid, limit, new_id, not_found, now, of_operator, page,
    time,
};
use crate::authz::Access;
use crate::listing::{Narrow, Narrowed};
use crate::{CallFilter, Cx, Exchange, ListQuery};
use api_types::billing::*;
use api_types::call::CallRecord;
use api_types::problem::EntryError;
use api_types::{ErrorCode, Page, Problem};
use domain::{CdrId, OperatorId};
use jiff::Timestamp;
use store::{CdrOf, CdrRow, ChangeOwner, Db, DurationRow, ExportRow, StoreError};
use uuid::Uuid;

/// Entries of one push.
const ENTRIES: usize = 1000;
/// How far an answer may be from when the operator saw it, microseconds.
const AROUND: i64 = 5_000_000;
/// A call of a week is none.
const LONGEST_MS: i64 = 7 * 24 * 3600 * 1000;
/// How far apart two measured times of one call may be, milliseconds.
const TOLERANCE_MS: i64 = 1000;
/// Calls read at a time for a file.
const ROWS: u32 = 1000;

/// A file of call records on its way.
#[derive(Clone, Debug)]
pub struct ExportJob {
    /// Names the record that will tell of it.
    pub id: Uuid,
    /// What is in it.
    pub asked: CallExportCreate,
    began_at: i64,
    next: Option<String>,
    begun: bool,
}

fn whose(cx: &Cx, access: Access) -> Result<CdrOf, Problem> {
    match cx.actor.role.operator() {
        Some(_) => Ok(CdrOf::Operator(cx.operator(access)?)),
        None => Ok(CdrOf::Tenant(cx.tenant(access)?)),
    }
}

/// What an entry says, as far as it can be understood by itself.
struct Said {
    connected_ms: Option<i64>,
    billed_ms: Option<i64>,
    reference: Option<String>,
    by: By,
}

enum By {
    Call(CdrId),
    SipCallId(String),
    Parties(String, String, i64),
}

fn wrong(field: &str, reason: impl Into<String>) -> EntryError {
    ErrorCode::InvalidField.entry(Some(field), reason)
}

fn said(entry: &CallDurationEntry) -> Result<Said, EntryError> {
    for (field, ms) in [("connected_ms", entry.connected_ms), ("billed_ms", entry.billed_ms)] {
        if ms.is_some_and(|ms| !(0..=LONGEST_MS).contains(&ms)) {
            return Err(wrong(field, format!("{field} is 0 to {LONGEST_MS}")));
        }
    }
    if entry.connected_ms.is_none() && entry.billed_ms.is_none() {
        return Err(wrong("connected_ms", "neither connected_ms nor billed_ms is there"));
    }
    let short = |field: &str, text: &str, most: usize| {
        let good =
            (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if good {
            Ok(text.to_owned())
        } else {
            Err(wrong(field, format!("{field} is 1 to {most} characters long")))
        }
    };
    let reference =
        entry.reference.as_deref().map(|text| short("reference", text, 128)).transpose()?;
    let by = match (
        entry.call_id,
        &entry.sip_call_id,
        &entry.caller,
        &entry.callee,
        entry.answered_at,
    ) {
        (Some(call), None, None, None, None) => By::Call(CdrId(call)),
        (None, Some(id), None, None, None) => By::SipCallId(short("sip_call_id", id, 256)?),
        (None, None, Some(caller), Some(callee), Some(at)) => By::Parties(
            short("caller", caller, 128)?,
            short("callee", callee, 128)?,
            at.as_microsecond(),
        ),
        _ => {
            let reason = "a leg is named by call_id, or by sip_call_id, or by caller, callee and \
                answered_at";
            return Err(wrong("call_id", reason));
        }
    };
    Ok(Said { connected_ms: entry.connected_ms, billed_ms: entry.billed_ms, reference, by })
}

/// The one leg of the operator's that an entry means.
async fn matched(
    db: &mut Db,
    operator: OperatorId,
    by: &By,
) -> Result<Result<(CdrRow, &'static str), EntryError>, StoreError> {
    let (rows, how) = match by {
        By::Call(id) => {
            (db.cdr_get(CdrOf::Operator(operator), *id).await?.into_iter().collect(), "call_id")
        }
        By::SipCallId(id) => (db.cdr_by_leg(operator, id).await?, "sip_call_id"),
        By::Parties(caller, callee, at) => {
            let around = (at - AROUND, at + AROUND);
            (db.cdr_by_parties(operator, caller, callee, around).await?, "parties")
        }
    };
    let field = if how == "parties" { "answered_at" } else { how };
    let mut rows: Vec<CdrRow> = rows;
    Ok(match (rows.pop(), rows.is_empty()) {
        (Some(row), true) if row.in_trunk_id.is_some() || row.out_trunk_id.is_some() => {
            Ok((row, how))
        }
        (Some(_), true) => {
            let reason = "no trunk of this operator carried the call";
            Err(ErrorCode::NoLeg.entry(Some(field), reason))
        }
        (Some(_), false) => {
            let reason = "more than one leg of this operator fits";
            Err(ErrorCode::ManyLegs.entry(Some(field), reason))
        }
        (None, _) => Err(ErrorCode::NoLeg.entry(Some(field), "no leg of this operator fits")),
    })
}

fn range(from: Timestamp, to: Timestamp, body: bool) -> Result<(i64, i64), Problem> {
    if from < to {
        return Ok((from.as_microsecond(), to.as_microsecond()));
    }
    let reason = format!("{from} is not before {to}");
    if body {
        return Err(invalid("from", reason));
    }
    Err(ErrorCode::InvalidParameter.problem(Some("from"), reason))
}

impl Exchange {
    /// Takes what an operator says of its legs. Each entry is matched and kept, or refused, alone;
    /// nothing that the edges measured changes, and what was said before stays.
    ///
    /// # Errors
    /// `no_entries`, `too_many_entries`, `forbidden`.
    pub async fn call_durations_push(
        &self,
        cx: &Cx,
        push: CallDurationsPush,
    ) -> Result<CallDurationsResult, Problem> {
        let operator = cx.operator(Access::Write)?;
        if push.entries.is_empty() {
            return Err(ErrorCode::NoEntries.problem(Some("/entries"), "there are none"));
        }
        if push.entries.len() > ENTRIES {
            let reason = format!("there are {}", push.entries.len());
            return Err(ErrorCode::TooManyEntries.problem(Some("/entries"), reason));
        }
        self.act(cx, "call_duration.push", Keep::Answer, async |mut tx| {
            let mut results = Vec::with_capacity(push.entries.len());
            let at = tx.at();
            for (index, entry) in (0u32..).zip(&push.entries) {
                let mut result = CallDurationResult {
                    index,
                    status: "error".to_owned(),
                    call_id: None,
                    matched_by: None,
                    error: None,
                };
                let said = match said(entry) {
                    Ok(said) => said,
                    Err(error) => {
                        results.push(CallDurationResult { error: Some(error), ..result });
                        continue;
                    }
                };
                let (row, how) = match matched(&mut tx, operator, &said.by).await? {
                    Ok(found) => found,
                    Err(error) => {
                        results.push(CallDurationResult { error: Some(error), ..result });
                        continue;
                    }
                };
                let before = tx.duration_newest(row.id, operator).await?;
                let same = before.is_some_and(|before| {
                    (before.connected_ms, before.billed_ms, &before.reference)
                        == (said.connected_ms, said.billed_ms, &said.reference)
                });
                if !same {
                    let row = DurationRow {
                        id: new_id(),
                        call_id: row.id,
                        operator_id: operator,
                        tenant_id: row.tenant_id,
                        leg: if row.in_trunk_id.is_some() { "in" } else { "out" }.to_owned(),
                        connected_ms: said.connected_ms,
                        billed_ms: said.billed_ms,
                        matched_by: how.to_owned(),
                        reference: said.reference,
                        principal_id: cx.actor.principal,
                        pushed_at: at,
                    };
                    tx.duration_insert(&row).await?;
                }
                result.status = if same { "unchanged" } else { "recorded" }.to_owned();
                result.call_id = Some(row.id.0);
                result.matched_by = Some(how.to_owned());
                results.push(result);
            }
            let count = |n: usize| u32::try_from(n).expect("a push has at most 1,000 entries");
            let failed = results.iter().filter(|r| r.error.is_some()).count();
            let answer = CallDurationsResult {
                total: count(results.len()),
                succeeded: count(results.len() - failed),
                failed: count(failed),
                results,
            };
            change_other(&mut tx, "call_durations", operator, of_operator(operator));
            let subject = format!("{} of {} entries", answer.succeeded, answer.total);
            done(answer, subject)
        })
        .await
    }

    /// An operator's answered calls of a time beside what it says of them.
    ///
    /// # Errors
    /// `invalid_parameter` where the time has no length; `forbidden`.
    pub async fn call_reconciliation(
        &self,
        cx: &Cx,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<CallReconciliation, Problem> {
        let operator = cx.operator(Access::Read)?;
        let (first, last) = range(from, to, false)?;
        let row = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.reconciliation(operator, first, last, TOLERANCE_MS).await?)
            })
            .await?;
        let row = row.ok_or_else(|| ErrorCode::Internal.problem(None, "nothing was counted"))?;
        Ok(CallReconciliation {
            from,
            to,
            answered: row.answered,
            pushed: row.pushed,
            missing: row.answered - row.pushed,
            differing: row.differing,
            tolerance_ms: TOLERANCE_MS,
            connected_ms: row.connected_ms,
            operator_connected_ms: row.operator_connected_ms,
            operator_billed_ms: row.operator_billed_ms,
        })
    }

    /// Begins a file of the actor's call records: oldest first, those that began within the time.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden`.
    pub fn call_export_begin(
        &self,
        cx: &Cx,
        asked: CallExportCreate,
    ) -> Result<ExportJob, Problem> {
        // It leaves a record, but changes nothing of the calls: whoever may read them may take it.
        whose(cx, Access::Read)?;
        if !matches!(&*asked.format, "csv" | "parquet") {
            return Err(invalid("format", "a format is csv or parquet"));
        }
        let (_, to) = range(asked.from, asked.to, true)?;
        let began_at = now();
        if to > began_at {
            let reason = "calls of a time that is not over yet would be missing";
            return Err(invalid("to", reason));
        }
        Ok(ExportJob { id: new_id(), asked, began_at, next: None, begun: false })
    }

    /// The next calls of the file; none when all are in it.
    ///
    /// # Errors
    /// `busy`, `database_away`.
    pub async fn call_export_rows(
        &self,
        cx: &Cx,
        job: &mut ExportJob,
    ) -> Result<Vec<CallRecord>, Problem> {
        if job.begun && job.next.is_none() {
            return Ok(Vec::new());
        }
        let of = whose(cx, Access::Read)?;
        let filter = CallFilter {
            from: Some(job.asked.from),
            to: Some(job.asked.to),
            ..CallFilter::default()
        };
        let narrow = Narrow { filter: None, sort: Some("started_at".to_owned()) };
        let list: Narrowed = narrow.page(ListQuery { cursor: job.next.take(), limit: ROWS });
        let page = self.calls(cx, of, filter, list).await?;
        job.begun = true;
        job.next = page.next_cursor;
        Ok(page.items)
    }

    /// Keeps the record of a file that was handed out whole.
    ///
    /// # Errors
    /// `busy`, `database_away`.
    pub async fn call_export_end(
        &self,
        cx: &Cx,
        job: &ExportJob,
        rows: i64,
        bytes: i64,
        sha256: &str,
    ) -> Result<CallExport, Problem> {
        let of = whose(cx, Access::Read)?;
        // Not the request's own key: what was answered to it is the file.
        let cx = Cx { idempotency_key: None, ..cx.clone() };
        self.act(&cx, "call_export.create", Keep::Nothing, async |mut tx| {
            let row = ExportRow {
                id: job.id,
                tenant_id: match of {
                    CdrOf::Tenant(tenant) => Some(tenant),
                    _ => None,
                },
                operator_id: match of {
                    CdrOf::Operator(operator) => Some(operator),
                    _ => None,
                },
                format: job.asked.format.clone(),
                from_at: job.asked.from.as_microsecond(),
                to_at: job.asked.to.as_microsecond(),
                row_count: rows,
                byte_count: bytes,
                sha256: sha256.to_owned(),
                began_at: job.began_at,
                ended_at: tx.at(),
                principal_id: cx.actor.principal,
                principal: cx.actor.name.clone(),
            };
            tx.export_insert(&row).await?;
            let owner = ChangeOwner { tenant: row.tenant_id, operator: row.operator_id };
            change_other(&mut tx, "call_export", row.id, owner);
            done(export_document(row), job.id)
        })
        .await
    }

    /// Files that were handed out, newest first.
    ///
    /// # Errors
    /// `invalid_parameter`, `forbidden`.
    pub async fn call_export_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<CallExport>, Problem> {
        let of = whose(cx, Access::Read)?;
        let (limit, before) = (limit(&list)?, cursor(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(match of {
                    CdrOf::Tenant(tenant) => {
                        db.export_list_of_tenant(tenant, before, limit + 1).await?
                    }
                    CdrOf::Operator(operator) => {
                        db.export_list_of_operator(operator, before, limit + 1).await?
                    }
                    CdrOf::All => Vec::new(),
                })
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, export_document))
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found` where the file was not handed out whole, or to somebody else; `forbidden`.
    pub async fn call_export_get(&self, cx: &Cx, id: Uuid) -> Result<CallExport, Problem> {
        let of = whose(cx, Access::Read)?;
        let own = |row: &ExportRow| match of {
            CdrOf::Tenant(tenant) => row.tenant_id == Some(tenant),
            CdrOf::Operator(operator) => row.operator_id == Some(operator),
            CdrOf::All => false,
        };
        let row =
            self.view_as(cx, async |mut db: Db| Ok(db.export_get(id).await?.filter(own))).await?;
        row.map(export_document).ok_or_else(|| not_found("export", id))
    }
}

fn export_document(row: ExportRow) -> CallExport {
    CallExport {
        id: row.id,
        format: row.format,
        from: time(row.from_at),
        to: time(row.to_at),
        rows: row.row_count,
        bytes: row.byte_count,
        sha256: row.sha256,
        began_at: time(row.began_at),
        ended_at: time(row.ended_at),
        principal: row.principal,
    }
}
