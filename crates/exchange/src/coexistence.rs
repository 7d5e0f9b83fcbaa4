//! Use case: what to look at where several ways to the PSTN stand side by side
//! (operator-connect.md section 5).

use crate::act::Fail;
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::Problem;
use api_types::gateway::{Coexistence, CoexistenceFinding};
use domain::TenantId;
use domain::coexist::{CaptureFacts, Facts, GatewayFacts, RouteFacts, findings};
use domain::policy::{PolicyBody, PolicyKind};
use store::{Db, GatewayRow, PolicyRow, StoreError};

/// Numbers that a finding names.
const FEW: u32 = 5;

/// All of a tenant's gateways.
pub(crate) async fn gateways(db: &mut Db, tenant: TenantId) -> Result<Vec<GatewayRow>, StoreError> {
    let mut all: Vec<GatewayRow> = Vec::new();
    loop {
        let rows = db.gateway_list(tenant, all.last().map(|row| row.id.0), 1_000).await?;
        let is_last = rows.len() < 1_000;
        all.extend(rows);
        if is_last {
            return Ok(all);
        }
    }
}

/// Does the policy lead any call over a gateway?
fn leads(policy: &PolicyRow, facts: &Facts) -> bool {
    let PolicyBody::OnlineVoiceRoutingPolicy(rule) = &policy.body.0 else { return false };
    facts.routes.iter().any(|route| route.usages.iter().any(|usage| rule.usages.contains(usage)))
}

async fn facts(db: &mut Db, tenant: TenantId) -> Result<Facts, Fail> {
    let mut facts = Facts::default();
    let gateways = gateways(db, tenant).await?;
    let routing = db.voice_routing_get(tenant).await?.map(|row| row.rules.0).unwrap_or_default();
    for rule in &routing.routes {
        let enabled = |g: &&GatewayRow| g.enabled && rule.gateways.contains(&g.id);
        facts.routes.push(RouteFacts {
            name: rule.name.clone(),
            usages: rule.usages.clone(),
            gateways: rule.gateways.len(),
            enabled: gateways.iter().filter(enabled).count(),
        });
    }
    for row in gateways.iter().filter(|row| !row.voice_app) {
        facts.gateways.push(GatewayFacts {
            fqdn: row.fqdn.clone(),
            country: row.country,
            enabled: row.enabled,
            routed: routing.routes.iter().any(|rule| rule.gateways.contains(&row.id)),
        });
    }
    facts.usages = routing.usages;

    let kind = PolicyKind::OnlineVoiceRoutingPolicy.as_str();
    let everybody = db.policy_assignments_for(tenant, None, None).await?;
    let everybody = everybody.into_iter().find(|row| row.kind == kind);
    let mut leads_everybody = false;
    for policy in db.policy_list(tenant, Some(kind), None, u32::MAX).await? {
        if !leads(&policy, &facts) {
            continue;
        }
        let global = everybody.as_ref().is_some_and(|row| row.policy_id == policy.id);
        leads_everybody |= global;
        let mut captured = vec![(false, db.voice_captured(tenant, policy.id, FEW).await?)];
        if global {
            captured.push((true, db.voice_captured_globally(tenant, FEW).await?));
        }
        for (global, (numbers, some)) in captured.into_iter().filter(|(_, (count, _))| *count > 0) {
            let policy = policy.name.clone();
            facts.captures.push(CaptureFacts { policy, global, numbers, some });
        }
    }
    if !leads_everybody {
        facts.without_policy = db.direct_unrouted(tenant, FEW).await?;
    }
    facts.direct_countries = db.direct_countries(tenant).await?;
    // Ranges are the operators': that a number lies in one is the tenant's to know.
    db.reach_all().await?;
    facts.in_operator_ranges = db.direct_in_ranges(tenant, FEW).await?;
    Ok(facts)
}

impl Exchange {
    /// What to look at where numbers of operators and the tenant's own gateways stand side by
    /// side: traps that are legal to set and seldom meant.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn coexistence_get(&self, cx: &Cx) -> Result<Coexistence, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let facts = self.view_as(cx, async |mut db: Db| facts(&mut db, tenant).await).await?;
        let document = |finding: domain::coexist::Finding| CoexistenceFinding {
            code: finding.code.to_owned(),
            severity: finding.severity.as_str().to_owned(),
            subject: finding.subject,
            message: finding.message,
            fix: finding.fix.to_owned(),
        };
        Ok(Coexistence { findings: findings(&facts).into_iter().map(document).collect() })
    }
}
