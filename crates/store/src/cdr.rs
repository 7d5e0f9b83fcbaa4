//! Call records: merged on the way in, with names on the way out.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{CALLS, CALLS_OF_OPERATOR, CALLS_OF_TENANT, Pick};
use crate::value::{Json, args, row};
use domain::{BridgeId, CdrId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId};
use numbering::E164;
use serde::{Deserialize, Serialize};

/// One attempt on a trunk, as the `attempts` column keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrAttempt {
    /// Which trunk.
    pub trunk: TrunkId,
    /// Its final response; 0 where nothing came in time.
    pub sip_code: u16,
    /// How long it took, milliseconds.
    pub ms: u32,
}

/// What a begin record says. Times are microseconds since 1970 UTC.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are columns, and the schema describes those")]
pub struct CdrBegin {
    pub at: i64,
    pub kind: Option<String>,
    pub tenant_id: Option<TenantId>,
    pub operator_id: Option<OperatorId>,
    pub number: Option<E164>,
    pub caller: String,
    pub callee: String,
    pub caller_user_id: Option<UserId>,
    pub callee_user_id: Option<UserId>,
    pub queue_id: Option<ResourceAccountId>,
    pub in_trunk_id: Option<TrunkId>,
    pub in_call_id: String,
    pub bridge_id: Option<BridgeId>,
}

/// What an answer record says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are columns, and the schema describes those")]
pub struct CdrAnswer {
    pub at: i64,
    pub user_id: Option<UserId>,
    pub out_trunk_id: Option<TrunkId>,
    pub out_call_id: String,
    pub forwarded_by_id: Option<UserId>,
    pub forward_cause: Option<String>,
    pub bridge_id: Option<BridgeId>,
    pub operator_id: Option<OperatorId>,
}

/// What an end record says.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are columns, and the schema describes those")]
pub struct CdrEnd {
    pub at: i64,
    pub answered_at: Option<i64>,
    pub sip_code: u16,
    pub reason: String,
    pub hung_up_by: String,
    pub attempts: Vec<CdrAttempt>,
}

row! {
    /// A call with the names of what it refers to, as far as they are still there.
    CdrRow {
        id: CdrId,
        sort_at: i64,
        kind: Option<String>,
        tenant_id: Option<TenantId>,
        operator_id: Option<OperatorId>,
        operator_name: Option<String>,
        number: Option<E164>,
        caller: Option<String>,
        callee: Option<String>,
        user_id: Option<UserId>,
        user_name: Option<String>,
        queue_id: Option<ResourceAccountId>,
        queue_name: Option<String>,
        bridge_id: Option<BridgeId>,
        bridge_name: Option<String>,
        in_trunk_id: Option<TrunkId>,
        out_trunk_id: Option<TrunkId>,
        in_call_id: Option<String>,
        out_call_id: Option<String>,
        begin_at: Option<i64>,
        answer_at: Option<i64>,
        end_at: Option<i64>,
        end_answered_at: Option<i64>,
        sip_code: Option<u32>,
        reason: Option<String>,
        hung_up_by: Option<String>,
        attempts: Option<Json<Vec<CdrAttempt>>>,
        forwarded_by_id: Option<UserId>,
        forwarded_by_name: Option<String>,
        forward_cause: Option<String>,
        operator_connected_ms: Option<i64>,
        operator_billed_ms: Option<i64>,
    }
}

/// Whose calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrOf {
    /// Everybody's.
    All,
    /// One tenant's.
    Tenant(TenantId),
    /// One operator's.
    Operator(OperatorId),
}

/// One select list for every way to read calls.
macro_rules! calls {
    ($($rest:literal),*) => {
        concat!(
            "SELECT c.id, c.sort_at, c.kind, c.tenant_id, c.operator_id, o.name AS operator_name, \
             c.number, c.caller, c.callee, \
             COALESCE(c.caller_user_id, c.answer_user_id, c.callee_user_id) AS user_id, \
             p.display_name AS user_name, c.queue_id, \
             q.display_name AS queue_name, c.bridge_id, g.name AS bridge_name, c.in_trunk_id, c.out_trunk_id, \
             c.in_call_id, c.out_call_id, c.begin_at, c.answer_at, c.end_at, c.end_answered_at, \
             c.sip_code, c.reason, c.hung_up_by, c.attempts, c.forwarded_by_id, \
             f.display_name AS forwarded_by_name, c.forward_cause, \
             (SELECT x.connected_ms FROM call_duration x WHERE x.call_id = c.id \
                AND x.operator_id = c.operator_id ORDER BY x.id DESC LIMIT 1) \
                AS operator_connected_ms, \
             (SELECT x.billed_ms FROM call_duration x WHERE x.call_id = c.id \
                AND x.operator_id = c.operator_id ORDER BY x.id DESC LIMIT 1) \
                AS operator_billed_ms FROM cdr c \
             LEFT JOIN operator o ON o.id = c.operator_id \
             LEFT JOIN person p \
             ON p.id = COALESCE(c.caller_user_id, c.answer_user_id, c.callee_user_id) \
             LEFT JOIN person f ON f.id = c.forwarded_by_id \
             LEFT JOIN resource_account q ON q.id = c.queue_id \
             LEFT JOIN conference_bridge g ON g.id = c.bridge_id "
            $(, $rest)*
        )
    };
}

pub(crate) use calls;

/// A list of calls up to its `WHERE`.
pub(crate) const CALL_SELECT: &str = calls!();

// An answer may know the bridge and operator that the begin could not; what the begin knows counts.
// Each kind of record fills its own columns once: the first one of its kind counts, whatever came
// before or comes again; but an end that says `interrupted` was written by an edge that knew nothing of
// the call, and any other one outdoes it. The time to sort by is the begin's as soon as it is known.
statements! {
    CDR_BEGIN = "INSERT INTO cdr (id, sort_at, begin_at, kind, tenant_id, operator_id, number, \
        caller, callee, caller_user_id, callee_user_id, queue_id, in_trunk_id, in_call_id, \
        bridge_id) \
        VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
        ON CONFLICT (id) DO UPDATE SET sort_at = excluded.sort_at, begin_at = excluded.begin_at, \
        kind = excluded.kind, tenant_id = excluded.tenant_id, \
        operator_id = COALESCE(excluded.operator_id, cdr.operator_id), number = excluded.number, caller = excluded.caller, \
        callee = excluded.callee, caller_user_id = excluded.caller_user_id, \
        callee_user_id = excluded.callee_user_id, queue_id = excluded.queue_id, \
        in_trunk_id = excluded.in_trunk_id, in_call_id = excluded.in_call_id, \
        bridge_id = COALESCE(excluded.bridge_id, cdr.bridge_id) WHERE cdr.begin_at IS NULL";
    CDR_ANSWER = "INSERT INTO cdr (id, sort_at, answer_at, answer_user_id, out_trunk_id, \
        out_call_id, forwarded_by_id, forward_cause, bridge_id, operator_id) \
        VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT (id) DO UPDATE SET answer_at = excluded.answer_at, \
        answer_user_id = excluded.answer_user_id, out_trunk_id = excluded.out_trunk_id, \
        out_call_id = excluded.out_call_id, forwarded_by_id = excluded.forwarded_by_id, \
        forward_cause = excluded.forward_cause, \
        bridge_id = COALESCE(cdr.bridge_id, excluded.bridge_id), \
        operator_id = COALESCE(cdr.operator_id, excluded.operator_id) \
        WHERE cdr.answer_at IS NULL";
    CDR_END = "INSERT INTO cdr (id, sort_at, end_at, end_answered_at, sip_code, reason, \
        hung_up_by, attempts) VALUES ($1, $2, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (id) DO UPDATE SET end_at = excluded.end_at, \
        end_answered_at = excluded.end_answered_at, sip_code = excluded.sip_code, \
        reason = excluded.reason, hung_up_by = excluded.hung_up_by, \
        attempts = excluded.attempts WHERE cdr.end_at IS NULL \
        OR (cdr.reason = 'interrupted' AND excluded.reason <> 'interrupted')";
    CDR_GET = calls!("WHERE c.id = $1");
    CDR_BY_CALL_ID = calls!("WHERE c.in_call_id = $1 OR c.out_call_id = $1 \
        ORDER BY c.sort_at DESC LIMIT 1");
    CDR_CALL_ID_ELSEWHERE = "SELECT CAST(count(*) AS BIGINT) AS v FROM cdr \
        WHERE (in_call_id = $1 OR out_call_id = $1) AND (tenant_id IS NULL OR tenant_id <> $2)";
    CDR_GET_OF_TENANT = calls!("WHERE c.id = $1 AND c.tenant_id = $2");
    CDR_GET_OF_OPERATOR = calls!("WHERE c.id = $1 AND c.operator_id = $2");
    TRUNK_NAME = "SELECT fqdn AS v FROM trunk WHERE id = $1 \
        UNION ALL SELECT fqdn AS v FROM gateway WHERE id = $1";
    TRUNK_NAME_OF = "SELECT fqdn AS v FROM trunk WHERE id = $1 AND operator_id = $2";
}

impl Db {
    /// Merges a begin record.
    pub async fn cdr_begin(&mut self, id: CdrId, b: &CdrBegin) -> Result<(), StoreError> {
        let args = args![
            id,
            b.at,
            b.kind,
            b.tenant_id,
            b.operator_id,
            b.number,
            b.caller,
            b.callee,
            b.caller_user_id,
            b.callee_user_id,
            b.queue_id,
            b.in_trunk_id,
            b.in_call_id,
            b.bridge_id
        ];
        self.exec(CDR_BEGIN, args).await?;
        Ok(())
    }

    /// Merges an answer record.
    pub async fn cdr_answer(&mut self, id: CdrId, a: &CdrAnswer) -> Result<(), StoreError> {
        let args = args![
            id,
            a.at,
            a.user_id,
            a.out_trunk_id,
            a.out_call_id,
            a.forwarded_by_id,
            a.forward_cause,
            a.bridge_id,
            a.operator_id
        ];
        self.exec(CDR_ANSWER, args).await?;
        Ok(())
    }

    /// Merges an end record.
    pub async fn cdr_end(&mut self, id: CdrId, e: &CdrEnd) -> Result<(), StoreError> {
        let (code, attempts) = (i64::from(e.sip_code), Json(e.attempts.clone()));
        let args = args![id, e.at, e.answered_at, code, e.reason, e.hung_up_by, attempts];
        self.exec(CDR_END, args).await?;
        Ok(())
    }

    /// A page of calls.
    pub async fn cdr_page(
        &mut self,
        of: CdrOf,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<CdrRow>, StoreError> {
        let (list, whose) = match of {
            CdrOf::All => (&CALLS, None),
            CdrOf::Tenant(tenant) => (&CALLS_OF_TENANT, Some(tenant.0)),
            CdrOf::Operator(operator) => (&CALLS_OF_OPERATOR, Some(operator.0)),
        };
        self.list_page(list, whose, pick, limit).await
    }

    /// One call, if it is theirs.
    pub async fn cdr_get(&mut self, of: CdrOf, id: CdrId) -> Result<Option<CdrRow>, StoreError> {
        match of {
            CdrOf::All => self.one(CDR_GET, args![id]).await,
            CdrOf::Tenant(tenant) => self.one(CDR_GET_OF_TENANT, args![id, tenant]).await,
            CdrOf::Operator(operator) => self.one(CDR_GET_OF_OPERATOR, args![id, operator]).await,
        }
    }

    /// The newest call with a leg of this SIP Call-ID, whoever's it is.
    pub async fn cdr_by_call_id(&mut self, call_id: &str) -> Result<Option<CdrRow>, StoreError> {
        self.one(CDR_BY_CALL_ID, args![call_id.to_owned()]).await
    }

    /// Whether a call of somebody else has a leg of this SIP Call-ID too: nothing
    /// keeps a phone from taking one it has seen.
    pub async fn cdr_call_id_elsewhere(
        &mut self,
        call_id: &str,
        tenant: TenantId,
    ) -> Result<bool, StoreError> {
        let found: Option<i64> =
            self.value(CDR_CALL_ID_ELSEWHERE, args![call_id.to_owned(), tenant]).await?;
        Ok(found.unwrap_or(0) > 0)
    }

    /// A trunk's name, whoever's it is.
    pub async fn trunk_name(&mut self, id: TrunkId) -> Result<Option<String>, StoreError> {
        self.value(TRUNK_NAME, args![id]).await
    }

    /// The name of one of an operator's trunks.
    pub async fn trunk_name_of(
        &mut self,
        id: TrunkId,
        operator: OperatorId,
    ) -> Result<Option<String>, StoreError> {
        self.value(TRUNK_NAME_OF, args![id, operator]).await
    }
}
