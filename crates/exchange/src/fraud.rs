//! Use cases: limits of calls to costly destinations, and the end of a block.

use crate::act::{Keep, change, done, invalid, not_found};
use crate::authz::Access;
use crate::{Cx, Exchange, records};
use api_types::Problem;
use api_types::fraud::{
    FraudClasses, FraudLimit, FraudLimits, FraudLimitsPut, FraudRelease, FraudReleased,
};
use domain::fraud::{ClassLimit, ClassLimits};
use domain::{TenantId, UserId};
use feed::change::Change;
use store::{Json, TenantRow};
use uuid::Uuid;

/// Most that a limit is set to: a minute's calls are counted in 16 bits.
const MOST: u32 = 60_000;

fn limits(scope: &str, classes: &FraudClasses) -> Result<ClassLimits, Problem> {
    let class = |name: &str, limit: FraudLimit| {
        for (part, value) in [("at_once", limit.at_once), ("per_hour", limit.per_hour)] {
            if value.is_some_and(|n| n > MOST) {
                let field = format!("{scope}/{name}/{part}");
                return Err(invalid(&field, format!("a limit is 0 to {MOST}")));
            }
        }
        Ok(ClassLimit { at_once: limit.at_once, per_hour: limit.per_hour })
    };
    Ok(ClassLimits {
        national: class("national", classes.national)?,
        international: class("international", classes.international)?,
        premium: class("premium", classes.premium)?,
    })
}

fn classes(limits: &ClassLimits) -> FraudClasses {
    let class = |l: ClassLimit| FraudLimit { at_once: l.at_once, per_hour: l.per_hour };
    FraudClasses {
        national: class(limits.national),
        international: class(limits.international),
        premium: class(limits.premium),
    }
}

fn document(row: &TenantRow) -> FraudLimits {
    let set = row.fraud_limits.as_ref().map(|set| set.0);
    let limits = set.unwrap_or_default();
    FraudLimits {
        tenant_id: row.id.0,
        standard: set.is_none(),
        person: classes(&limits.person),
        tenant: classes(&limits.tenant),
    }
}

impl Exchange {
    /// What a tenant's people may call to costly destinations.
    ///
    /// # Errors
    /// `not_found`; `forbidden` for anybody but the programme owner.
    pub async fn fraud_limits_get(&self, cx: &Cx, tenant: Uuid) -> Result<FraudLimits, Problem> {
        cx.programme(Access::Read)?;
        let row = self.view(async |mut db| Ok(db.tenant_get(TenantId(tenant)).await?)).await?;
        row.as_ref().map(document).ok_or_else(|| not_found("tenant", tenant))
    }

    /// Sets them; what is left out is as standard. Standing blocks are not lifted.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`; `forbidden` for anybody but the programme owner.
    pub async fn fraud_limits_put(
        &self,
        cx: &Cx,
        tenant: Uuid,
        put: FraudLimitsPut,
    ) -> Result<FraudLimits, Problem> {
        cx.programme(Access::Write)?;
        let person = put.person.map(|set| limits("person", &set)).transpose()?;
        let whole = put.tenant.map(|set| limits("tenant", &set)).transpose()?;
        let standard = domain::fraud::FraudLimits::default();
        let set = (person.is_some() || whole.is_some()).then(|| domain::fraud::FraudLimits {
            person: person.unwrap_or(standard.person),
            tenant: whole.unwrap_or(standard.tenant),
        });
        self.act(cx, "fraud_limits.put", Keep::Answer, async |mut tx| {
            let found = tx.tenant_get(TenantId(tenant)).await?;
            let mut row = found.ok_or_else(|| not_found("tenant", tenant))?;
            row.fraud_limits = set.map(Json);
            tx.tenant_fraud_limits(&row).await?;
            change(&mut tx, &Change::TenantPut(records::tenant(&row)));
            done(document(&row), tenant)
        })
        .await
    }

    /// Ends the blocks of any person or tenant, on every edge.
    ///
    /// # Errors
    /// `not_found`; `forbidden` for anybody but the programme owner.
    pub async fn fraud_release(
        &self,
        cx: &Cx,
        ask: FraudRelease,
    ) -> Result<FraudReleased, Problem> {
        cx.programme(Access::Help)?;
        let id = ask.id;
        self.act(cx, "fraud.release", Keep::Answer, async |mut tx| {
            let known = tx.tenant_get(TenantId(id)).await?.is_some()
                || tx.world_person(UserId(id)).await?.is_some();
            if !known {
                return Err(not_found("person or tenant", id).into());
            }
            change(&mut tx, &Change::lift_fraud_blocks(id));
            done(FraudReleased { id }, id)
        })
        .await
    }

    /// Ends the blocks of one of the tenant's own people; the tenant's own block is
    /// the programme owner's to lift.
    ///
    /// # Errors
    /// `not_found` where the person is not the tenant's; `forbidden`.
    pub async fn tenant_fraud_release(
        &self,
        cx: &Cx,
        ask: FraudRelease,
    ) -> Result<FraudReleased, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let id = ask.id;
        self.act(cx, "fraud.release", Keep::Answer, async |mut tx| {
            if tx.person_get(tenant, UserId(id)).await?.is_none() {
                return Err(not_found("person", id).into());
            }
            change(&mut tx, &Change::lift_fraud_blocks(id));
            done(FraudReleased { id }, id)
        })
        .await
    }
}
