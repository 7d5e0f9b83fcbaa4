//! Use cases: a tenant's PSTN usages and voice routes (operator-connect.md section 5 rule 6).

use crate::act::{Fail, Keep, change, done, invalid, matches, raced};
use crate::authz::Access;
use crate::policies::refusal;
use crate::{Cx, Exchange, records};
use api_types::gateway::{VoiceRoute, VoiceRouting, VoiceRoutingPut};
use api_types::{ErrorCode, Problem};
use domain::number::NumberType;
use domain::policy::{PolicyKind, VoiceRouteRule, VoiceRoutes, VoiceRoutingRules};
use domain::{TenantId, TrunkId};
use feed::change::Change;
use numbering::E164;
use store::{Db, Json, Tx, VoiceRoutingRow};

fn rules(put: &VoiceRoutingPut) -> Result<VoiceRoutingRules, Problem> {
    for (at, route) in put.routes.iter().enumerate() {
        if let Some(text) = &route.bridge_source_phone_number
            && let Err(error) = E164::parse(text)
        {
            let field = format!("routes/{at}/bridge_source_phone_number");
            return Err(invalid(&field, format!("{text:?}: {error}")));
        }
    }
    let source = |text: &Option<String>| E164::parse(text.as_deref()?).ok();
    let trimmed = |names: &[String]| names.iter().map(|name| name.trim().to_owned()).collect();
    let route = |route: &VoiceRoute| VoiceRouteRule {
        name: route.name.trim().to_owned(),
        pattern: route.number_pattern.clone(),
        priority: route.priority,
        usages: trimmed(&route.online_pstn_usages),
        gateways: route.gateway_ids.iter().copied().map(TrunkId).collect(),
        bridge_source: source(&route.bridge_source_phone_number),
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
        bridge_source_phone_number: rule.bridge_source.map(|number| number.to_string()),
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
    for kind in [
        PolicyKind::OnlineVoiceRoutingPolicy,
        PolicyKind::OnlineAudioConferencingRoutingPolicy,
        PolicyKind::TeamsEmergencyCallRoutingPolicy,
    ] {
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

/// The numbers by which meetings call out are an operator's, and a bridge's (1.12).
async fn sources_known(
    tx: &mut Tx,
    tenant: TenantId,
    rules: &VoiceRoutingRules,
) -> Result<(), Fail> {
    for (at, route) in rules.routes.iter().enumerate() {
        let Some(number) = route.bridge_source else { continue };
        let known = tx.bridge_number_get(tenant, number).await?;
        let carried = known
            .is_some_and(|known| NumberType::of(known.operator_id) == NumberType::OperatorConnect);
        if !carried {
            let field = format!("/routes/{at}/bridge_source_phone_number");
            let reason =
                format!("{number} is no operator's number of a conference bridge of yours");
            return Err(ErrorCode::UnknownBridgeNumber.problem(Some(&field), reason).into());
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
    /// `invalid_field` names the entry; `unknown_gateway`, `gateway_not_pstn`,
    /// `unknown_bridge_number`, `pstn_usage_in_use`,
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
            let voice_apps: Vec<TrunkId> =
                own.iter().filter(|row| row.voice_app).map(|row| row.id).collect();
            let own: Vec<TrunkId> = own.into_iter().map(|row| row.id).collect();
            for (at, route) in rules.routes.iter().enumerate() {
                if let Some(n) = route.gateways.iter().position(|id| !own.contains(id)) {
                    let field = format!("/routes/{at}/gateway_ids/{n}");
                    let reason = format!("no gateway {} in this tenant", route.gateways[n]);
                    return Err(ErrorCode::UnknownGateway.problem(Some(&field), reason).into());
                }
                if let Some(n) = route.gateways.iter().position(|id| voice_apps.contains(id)) {
                    let field = format!("/routes/{at}/gateway_ids/{n}");
                    let reason = format!("{} does not lead to the PSTN", route.gateways[n]);
                    return Err(ErrorCode::GatewayNotPstn.problem(Some(&field), reason).into());
                }
            }
            sources_known(&mut tx, tenant, &rules).await?;
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
