//! Use cases: calls.

use crate::act::{not_found, time};
use crate::authz::Access;
use crate::edges::kind_text;
use crate::listing::Wanted;
use crate::*;
use api_types::call::*;
use domain::routing::CallKind;
use domain::{CdrId, TrunkId};
use std::collections::{BTreeSet, HashMap};
use store::listing::{
    CALL_KIND, CALL_PARTY, CALL_PERSON, CALL_TIME, CALLS, CALLS_OF_OPERATOR, CALLS_OF_TENANT,
    Demand, Key, Test,
};
use store::{CdrOf, CdrRow};

impl Exchange {
    /// The tenant's calls, newest first.
    ///
    /// # Errors
    /// `invalid_parameter` names the parameter; `forbidden`.
    pub async fn call_list(
        &self,
        cx: &Cx,
        filter: CallFilter,
        list: impl Into<Narrowed>,
    ) -> Result<Page<CallRecord>, Problem> {
        let list = list.into();
        let tenant = cx.tenant(Access::Read)?;
        self.calls(cx, CdrOf::Tenant(tenant), filter, list).await
    }

    /// One call, on whichever face the actor has.
    ///
    /// # Errors
    /// `not_found` where there is none, or it is another's; `forbidden`.
    pub async fn call_get(&self, cx: &Cx, id: Uuid) -> Result<CallRecord, Problem> {
        let (shown, _) = self.call_get_whole(cx, id).await?;
        Ok(if cx.actor.role.sees_masked() { mask::record(shown) } else { shown })
    }

    /// The same, and beside it all that is known of the call.
    pub(crate) async fn call_get_whole(
        &self,
        cx: &Cx,
        id: Uuid,
    ) -> Result<(CallRecord, CallRecord), Problem> {
        let of = match cx.actor.role {
            Role::ProgrammeOwner | Role::ProgrammeSupport => {
                cx.programme(Access::Read)?;
                CdrOf::All
            }
            Role::OperatorAdmin { .. } | Role::OperatorReader { .. } => {
                CdrOf::Operator(cx.operator(Access::Read)?)
            }
            Role::TenantAdmin { .. }
            | Role::TenantHelpdesk { .. }
            | Role::TenantReader { .. }
            | Role::Edge => CdrOf::Tenant(cx.tenant(Access::Read)?),
        };
        let found = self.view(async move |mut db| {
            let Some(row) = db.cdr_get(of, CdrId(id)).await? else { return Ok(None) };
            let trunks = trunks_of(std::slice::from_ref(&row));
            let names = trunk_names(&mut db, trunks.clone(), of).await?;
            let all = trunk_names(&mut db, trunks, CdrOf::All).await?;
            Ok(Some((row, names, all)))
        });
        let (row, names, all) = found.await?.ok_or_else(|| not_found("call", id))?;
        Ok((document(row.clone(), of, &names), document(row, CdrOf::All, &all)))
    }

    /// A record as the programme owner sees it.
    pub(crate) async fn call_document(&self, row: CdrRow) -> Result<CallRecord, Problem> {
        let trunks = trunks_of(std::slice::from_ref(&row));
        let names = self
            .view(async move |mut db| Ok(trunk_names(&mut db, trunks, CdrOf::All).await?))
            .await?;
        Ok(document(row, CdrOf::All, &names))
    }

    /// The operator's calls, newest first; without the tenant's people, and
    /// with the Call-IDs of its own legs only.
    ///
    /// # Errors
    /// `invalid_parameter` names the parameter; `forbidden`.
    pub async fn operator_call_list(
        &self,
        cx: &Cx,
        filter: CallFilter,
        list: impl Into<Narrowed>,
    ) -> Result<Page<CallRecord>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        if filter.user_id.is_some() {
            let reason = "an operator's calls do not show the tenant's people";
            return Err(ErrorCode::InvalidParameter.problem(Some("user_id"), reason));
        }
        self.calls(cx, CdrOf::Operator(operator), filter, list).await
    }

    /// Every call, newest first.
    ///
    /// # Errors
    /// `invalid_parameter` names the parameter; `forbidden`.
    pub async fn programme_call_list(
        &self,
        cx: &Cx,
        filter: CallFilter,
        list: impl Into<Narrowed>,
    ) -> Result<Page<CallRecord>, Problem> {
        let list = list.into();
        cx.programme(Access::Read)?;
        self.calls(cx, CdrOf::All, filter, list).await
    }

    pub(crate) async fn calls(
        &self,
        cx: &Cx,
        of: CdrOf,
        filter: CallFilter,
        list: Narrowed,
    ) -> Result<Page<CallRecord>, Problem> {
        let listing = match of {
            CdrOf::All => &CALLS,
            CdrOf::Tenant(_) => &CALLS_OF_TENANT,
            CdrOf::Operator(_) => &CALLS_OF_OPERATOR,
        };
        let wanted = Wanted::read(listing, list, demands(filter)?)?;
        let (pick, rows) = (wanted.pick.clone(), wanted.rows());
        let read = self.view(async move |mut db| {
            let rows = db.cdr_page(of, &pick, rows).await?;
            let names = trunk_names(&mut db, trunks_of(&rows), of).await?;
            Ok((rows, names))
        });
        let (rows, names) = read.await?;
        let masked = cx.actor.role.sees_masked();
        Ok(wanted.page(rows, |row| {
            let shown = document(row, of, &names);
            if masked { mask::record(shown) } else { shown }
        }))
    }
}

/// What the parameters beside `filter` demand.
fn demands(filter: CallFilter) -> Result<Vec<Demand>, Problem> {
    const KINDS: [CallKind; 4] =
        [CallKind::Inbound, CallKind::Outbound, CallKind::Internal, CallKind::Emergency];
    let refuse =
        |field: &str, reason: &str| ErrorCode::InvalidParameter.problem(Some(field), reason);
    let mut demands = Vec::new();
    let mut demand = |field, test| demands.push(Demand { field, test });
    if let Some(from) = filter.from {
        demand(&CALL_TIME, Test::AtLeast(Key::Int(from.as_microsecond())));
    }
    if let Some(to) = filter.to {
        demand(&CALL_TIME, Test::Below(Key::Int(to.as_microsecond())));
    }
    if let Some(kind) = filter.kind {
        if !KINDS.iter().any(|k| kind_text(*k) == kind) {
            return Err(refuse("kind", "a kind is inbound, outbound, internal or emergency"));
        }
        demand(&CALL_KIND, Test::Is(Key::Text(kind)));
    }
    if let Some(text) = filter.number {
        let number = E164::parse(&text)
            .map_err(|_| refuse("number", "a number is + and 2 to 15 digits (E.164)"))?;
        demand(&CALL_PARTY, Test::Is(Key::Text(number.to_string())));
    }
    if let Some(user) = filter.user_id {
        demand(&CALL_PERSON, Test::Is(Key::Id(user)));
    }
    Ok(demands)
}

type Names = HashMap<TrunkId, String>;

fn trunks_of(rows: &[CdrRow]) -> BTreeSet<TrunkId> {
    let mut trunks = BTreeSet::new();
    for row in rows {
        trunks.extend(row.in_trunk_id.into_iter().chain(row.out_trunk_id));
        trunks.extend(row.attempts.iter().flat_map(|attempts| attempts.0.iter().map(|a| a.trunk)));
    }
    trunks
}

/// Takes the ids by value: a future that holds borrowed rows cannot be proven `Send` where a
/// handler needs it.
async fn trunk_names(
    db: &mut Db,
    trunks: BTreeSet<TrunkId>,
    of: CdrOf,
) -> Result<Names, StoreError> {
    let mut names = Names::new();
    for id in trunks {
        let name = match of {
            CdrOf::Operator(operator) => db.trunk_name_of(id, operator).await?,
            CdrOf::All | CdrOf::Tenant(_) => db.trunk_name(id).await?,
        };
        if let Some(name) = name {
            names.insert(id, name);
        }
    }
    Ok(names)
}

/// What the field calls the call (operator-connect.md section 4 `callType`), as far as a record
/// tells it apart; an operator's side of `ucap_in` is told apart from `user_in` no less. Calls
/// inside, and for help, have no such word.
fn call_type(row: &CdrRow) -> Option<&'static str> {
    let by_operator = row.operator_id.is_some();
    let bridge = row.bridge_id.is_some();
    Some(match (row.kind.as_deref()?, bridge, row.queue_id.is_some(), by_operator) {
        ("inbound", true, _, _) => "conf_in",
        ("outbound", true, _, _) => "conf_out",
        ("inbound", _, true, true) => "ucap_in",
        ("inbound", _, true, false) => "dr_in_ucap",
        ("inbound", _, _, true) => "user_in",
        ("inbound", _, _, false) => "dr_in",
        ("outbound", _, _, true) => "user_out",
        ("outbound", _, _, false) => "dr_out",
        _ => return None,
    })
}

fn document(row: CdrRow, of: CdrOf, names: &Names) -> CallRecord {
    let call_type = call_type(&row).map(str::to_owned);
    let attempts = row.attempts.map(|a| a.0).unwrap_or_default();
    // Nobody answered: the last trunk that said anything is the one that had the call.
    let rang = attempts.iter().rev().find(|a| a.sip_code != 0).map(|a| a.trunk);
    let trunk = row.out_trunk_id.or(row.in_trunk_id).or(rang);
    let answered = row.answer_at.or(row.end_answered_at);
    let complete = row.begin_at.is_some()
        && row.end_at.is_some()
        && (row.answer_at.is_some() || row.end_answered_at.is_none());
    // Two edges' clocks may differ by a little.
    let duration_ms = answered.zip(row.end_at).map(|(from, to)| (to - from).max(0) / 1000);
    let mut record = CallRecord {
        id: row.id.0,
        tenant_id: row.tenant_id.map(|id| id.0),
        operator_id: row.operator_id.map(|id| id.0),
        operator_name: row.operator_name,
        number: row.number.map(|n| n.to_string()),
        caller: row.caller.unwrap_or_default(),
        callee: row.callee.unwrap_or_default(),
        user_id: row.user_id.map(|id| id.0),
        user_name: row.user_name,
        queue_id: row.queue_id.map(|id| id.0),
        queue_name: row.queue_name,
        conference_bridge_id: row.bridge_id.map(|id| id.0),
        conference_bridge_name: row.bridge_name,
        call_type,
        trunk_id: trunk.map(|id| id.0),
        trunk: trunk.and_then(|id| names.get(&id).cloned()),
        attempts: attempts
            .into_iter()
            .map(|a| CallAttempt {
                trunk_id: a.trunk.0,
                trunk: names.get(&a.trunk).cloned(),
                sip_code: a.sip_code,
                ms: a.ms,
            })
            .collect(),
        started_at: row.begin_at.map(time),
        answered_at: answered.map(time),
        ended_at: row.end_at.map(time),
        duration_ms,
        operator_connected_ms: row.operator_connected_ms,
        operator_billed_ms: row.operator_billed_ms,
        duration_source: match (row.operator_connected_ms, row.operator_billed_ms, duration_ms) {
            (None, None, None) => None,
            (None, None, Some(_)) => Some("meetpoint".to_owned()),
            _ => Some("operator".to_owned()),
        },
        // Who wrote that it was interrupted could not know whether it was answered.
        sip_code: match (row.answer_at, row.reason.as_deref()) {
            (Some(_), Some("interrupted")) => Some(200),
            _ => row.sip_code.and_then(|code| u16::try_from(code).ok()),
        },
        reason: row.reason,
        hung_up_by: row.hung_up_by,
        in_call_id: row.in_call_id,
        out_call_id: row.out_call_id,
        complete,
        forwarded_by_id: row.forwarded_by_id.map(|id| id.0),
        forwarded_by_name: row.forwarded_by_name,
        forward_cause: row.forward_cause,
        kind: row.kind,
    };
    if matches!(of, CdrOf::Operator(_)) {
        record.user_id = None;
        record.user_name = None;
        record.queue_id = None;
        record.queue_name = None;
        record.conference_bridge_id = None;
        record.conference_bridge_name = None;
        record.forwarded_by_id = None;
        record.forwarded_by_name = None;
        record.forward_cause = None;
        // A call for help may have been tried by others' trunks too.
        record.attempts.retain(|attempt| attempt.trunk.is_some());
        if record.trunk.is_none() {
            record.trunk_id = None;
        }
        // The other leg is the tenant's.
        if row.in_trunk_id.is_none() {
            record.in_call_id = None;
        }
        if row.out_trunk_id.is_none() {
            record.out_call_id = None;
        }
    }
    record
}
