//! Use cases: operators that stand in for others with a tenant's calls outside. The field has no
//! such thing (operator-connect.md section 5 rule 13: no automatic overflow); here it is off until
//! a tenant names operators, whom it has consented to.

use crate::act::{Fail, Keep, change, done, matches, raced};
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::gateway::{FallbackOperators, FallbackOperatorsPut};
use api_types::{ErrorCode, Problem};
use domain::{OperatorId, TenantId};
use feed::change::Change;
use feed::record::{FallbackRecord, FallbackWay};
use store::{Db, FallbackRow, FallbackWayRow, Json, StoreError, Tx};

/// Most operators: each that does not answer costs the caller its failover time.
const MOST_OPERATORS: usize = 5;

fn document(row: Option<&FallbackRow>, ways: &[FallbackWayRow]) -> FallbackOperators {
    let operators = row.map_or(&[][..], |row| &row.operators.0);
    let stands_in = |id: &&OperatorId| ways.iter().any(|way| way.operator_id == **id);
    FallbackOperators {
        operator_ids: operators.iter().map(|id| id.0).collect(),
        in_effect_ids: operators.iter().filter(stands_in).map(|id| id.0).collect(),
        version: row.map_or(0, |row| row.version),
    }
}

/// By which profile each stands in: the first that carries numbers of the tenant, or else the
/// first.
fn record(tenant: TenantId, operators: &[OperatorId], ways: &[FallbackWayRow]) -> FallbackRecord {
    let way = |operator: &OperatorId| {
        let of = || ways.iter().filter(|way| way.operator_id == *operator);
        let way = of().find(|way| way.carries).or_else(|| of().next())?;
        Some(FallbackWay { operator: *operator, profile: way.profile_id })
    };
    FallbackRecord { tenant, ways: operators.iter().filter_map(way).collect() }
}

/// Every tenant's, for a snapshot.
pub(crate) async fn world(db: &mut Db) -> Result<Vec<FallbackRecord>, StoreError> {
    let mut records = Vec::new();
    for row in db.world_fallback().await? {
        let ways = db.fallback_ways(row.tenant_id).await?;
        let record = record(row.tenant_id, &row.operators.0, &ways);
        if !record.ways.is_empty() {
            records.push(record);
        }
    }
    Ok(records)
}

/// One tenant's, for an explanation.
pub(crate) async fn of_tenant(
    db: &mut Db,
    tenant: TenantId,
) -> Result<Vec<FallbackWay>, StoreError> {
    match db.fallback_get(tenant).await? {
        None => Ok(Vec::new()),
        Some(row) => {
            let ways = db.fallback_ways(tenant).await?;
            Ok(record(tenant, &row.operators.0, &ways).ways)
        }
    }
}

/// A consent or the relationship on it has moved: who stands in may be another.
pub(crate) async fn consent_moved(tx: &mut Tx, tenant: TenantId) -> Result<(), Fail> {
    tx.reach_all().await?;
    tx.fallback_lock(tenant).await?;
    if let Some(row) = tx.fallback_get(tenant).await? {
        let ways = tx.fallback_ways(tenant).await?;
        change(tx, &Change::FallbackPut(record(tenant, &row.operators.0, &ways)));
    }
    Ok(())
}

impl Exchange {
    /// The operators that stand in for others with the tenant's calls outside.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn fallback_get(&self, cx: &Cx) -> Result<FallbackOperators, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (row, ways) = self
            .view_as(cx, async |mut db: Db| {
                let row = db.fallback_get(tenant).await?;
                // Profiles are the operators'; none is told.
                db.reach_all().await?;
                Ok((row, db.fallback_ways(tenant).await?))
            })
            .await?;
        Ok(document(row.as_ref(), &ways))
    }

    /// Replaces them; none turns it off.
    ///
    /// # Errors
    /// `invalid_field`, `no_consent`, `consent_not_active`, `profile_unusable`,
    /// `version_mismatch`, `version_required`, `forbidden`.
    pub async fn fallback_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: FallbackOperatorsPut,
    ) -> Result<FallbackOperators, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let wrong = |reason: String| ErrorCode::InvalidField.problem(Some("/operator_ids"), reason);
        if put.operator_ids.len() > MOST_OPERATORS {
            return Err(wrong(format!("at most {MOST_OPERATORS} operators stand in")));
        }
        let operators: Vec<_> = put.operator_ids.iter().copied().map(OperatorId).collect();
        for (at, id) in operators.iter().enumerate() {
            if operators[..at].contains(id) {
                return Err(wrong(format!("{id} is there twice")));
            }
        }
        self.act(cx, "fallback_operators.put", Keep::Answer, async |mut tx| {
            for (at, id) in operators.iter().enumerate() {
                // Neither side ends it meanwhile without telling edges.
                tx.consent_share(tenant, *id).await?;
                let field = format!("/operator_ids/{at}");
                let consent = tx.consent_get(tenant, *id).await?;
                let code = match consent.map(|row| row.status) {
                    None => Some(ErrorCode::NoConsent),
                    Some(domain::consent::ConsentStatus::Active) => None,
                    Some(_) => Some(ErrorCode::ConsentNotActive),
                };
                if let Some(code) = code {
                    let reason = format!("you have no active consent to operator {id}");
                    return Err(code.problem(Some(&field), reason).into());
                }
            }
            tx.fallback_lock(tenant).await?;
            let before = tx.fallback_get(tenant).await?;
            let version = before.map_or(0, |row| row.version);
            matches(if_match, version, true)?;
            let operators = Json(operators.clone());
            raced(tx.fallback_put(tenant, version, &operators).await?)?;
            // Profiles are the operators'; none is told.
            tx.reach_all().await?;
            let ways = tx.fallback_ways(tenant).await?;
            let named = operators.0.iter();
            let lacking = |id: &OperatorId| ways.iter().all(|way| way.operator_id != *id);
            if let Some(at) = named.clone().position(lacking) {
                let field = format!("/operator_ids/{at}");
                let reason = format!("operator {} can carry no call of yours", operators.0[at]);
                return Err(ErrorCode::ProfileUnusable.problem(Some(&field), reason).into());
            }
            change(&mut tx, &Change::FallbackPut(record(tenant, &operators.0, &ways)));
            let row = FallbackRow { tenant_id: tenant, operators, version: version + 1 };
            done(document(Some(&row), &ways), tenant)
        })
        .await
    }
}
