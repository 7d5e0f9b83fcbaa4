//! Use cases: a tenant's PSTN usages and voice routes (operator-connect.md section 5 rule 6).

use crate::act::{Fail, Keep, change, done, matches, raced};
use crate::authz::Access;
use crate::policies::refusal;
use crate::{Cx, Exchange, records};
use api_types::gateway::{VoiceRoute, VoiceRouting, VoiceRoutingPut};
use api_types::{ErrorCode, Problem};
use domain::policy::{PolicyKind, VoiceRouteRule, VoiceRoutes, VoiceRoutingRules};
use domain::{TenantId, TrunkId};
use feed::change::Change;
use store::{Db, Json, Tx, VoiceRoutingRow};

fn rules(put: &VoiceRoutingPut) -> Result<VoiceRoutingRules, Problem> {
    let trimmed = |names: &[String]| names.iter().map(|name| name.trim().to_owned()).collect();
    let route = |route: &VoiceRoute| VoiceRouteRule {
        name: route.name.trim().to_owned(),
        pattern: route.number_pattern.clone(),
        priority: route.priority,
        usages: trimmed(&route.online_pstn_usages),
        gateways: route.gateway_ids.iter().copied().map(TrunkId).collect(),
    };
    let rules = VoiceRoutingRules {
        usages: trimmed(&put.online_pstn_usages),
        routes: put.routes.iter().map(route).collect(),
    };
    VoiceRoutes::new(&rules).map_err(refusal(""))?;
    Ok(rules)
}

fn document(row: Option<&VoiceRoutingRow>) -> VoiceRouting {
    let Some(row) = row else {
        return VoiceRouting { online_pstn_usages: Vec::new(), routes: Vec::new(), version: 0 };
    };
    let route = |rule: &VoiceRouteRule| VoiceRoute {
        name: rule.name.clone(),
        number_pattern: rule.pattern.clone(),
        priority: rule.priority,
        online_pstn_usages: rule.usages.clone(),
        gateway_ids: rule.gateways.iter().map(|id| id.0).collect(),
    };
    VoiceRouting {
        online_pstn_usages: row.rules.0.usages.clone(),
        routes: row.rules.0.routes.iter().map(route).collect(),
        version: row.version,
    }
}

/// What a policy names stays.
async fn keeps_usages(
    tx: &mut Tx,
    tenant: TenantId,
    rules: &VoiceRoutingRules,
) -> Result<(), Fail> {
    let mut policies = Vec::new();
    for kind in [PolicyKind::OnlineVoiceRoutingPolicy, PolicyKind::TeamsEmergencyCallRoutingPolicy]
    {
        policies.extend(tx.policy_list(tenant, Some(kind.as_str()), None, u32::MAX).await?);
    }
    for policy in policies {
        let named = crate::policy_emergency::usages_of(&policy.body.0);
        if let Some((_, gone)) = named.iter().find(|(_, usage)| !rules.usages.contains(usage)) {
            let reason = format!("policy {:?} names {gone:?}", policy.name);
            let field = Some("/online_pstn_usages");
            return Err(ErrorCode::PstnUsageInUse.problem(field, reason).into());
        }
    }
    Ok(())
}

impl Exchange {
    /// The tenant's PSTN usages and voice routes.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn voice_routing_get(&self, cx: &Cx) -> Result<VoiceRouting, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| Ok(db.voice_routing_get(tenant).await?)).await?;
        Ok(document(row.as_ref()))
    }

    /// Replaces them.
    ///
    /// # Errors
    /// `invalid_field` names the entry; `unknown_gateway`, `pstn_usage_in_use`,
    /// `version_mismatch`, `version_required`, `forbidden`.
    pub async fn voice_routing_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: VoiceRoutingPut,
    ) -> Result<VoiceRouting, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let rules = rules(&put)?;
        self.act(cx, "voice_routing.put", Keep::Answer, async |mut tx| {
            tx.voice_routing_lock(tenant).await?;
            let version = tx.voice_routing_get(tenant).await?.map_or(0, |row| row.version);
            matches(if_match, version, true)?;
            let own = crate::coexistence::gateways(&mut tx, tenant).await?;
            let own: Vec<TrunkId> = own.into_iter().map(|row| row.id).collect();
            for (at, route) in rules.routes.iter().enumerate() {
                if let Some(n) = route.gateways.iter().position(|id| !own.contains(id)) {
                    let field = format!("/routes/{at}/gateway_ids/{n}");
                    let reason = format!("no gateway {} in this tenant", route.gateways[n]);
                    return Err(ErrorCode::UnknownGateway.problem(Some(&field), reason).into());
                }
            }
            keeps_usages(&mut tx, tenant, &rules).await?;
            let rules = Json(rules.clone());
            raced(tx.voice_routing_put(tenant, version, &rules).await?)?;
            let row = VoiceRoutingRow { tenant_id: tenant, rules, version: version + 1 };
            change(&mut tx, &Change::VoiceRoutingPut(records::voice_routing(&row)));
            done(document(Some(&row)), tenant)
        })
        .await
    }
}
