//! Ways out beside the operator of the caller's number: the tenant's own gateways, and operators
//! that stand in (operator-connect.md section 5).

use super::help::emergency_tiers;
use super::{CallKind, Destination, Dialled, Route, RouteRefusal, Trace, TrunkOwner, World};
use crate::ids::{CallingProfileId, TenantId, TrunkId};
use crate::policy::{Holder, Policy, PolicyKind, PolicyRule, Tier, Via};
use numbering::{Country, E164};

/// The tenant's gateways by which an emergency call in a country leaves: those in the
/// country, or else all of them. What answers for a conference bridge might take the call
/// itself, so it is only asked where there is nothing else.
pub(super) fn help_gateways(
    world: &impl World,
    tenant: TenantId,
    country: Country,
) -> Vec<TrunkId> {
    let mut tiers: [Vec<TrunkId>; 4] = Default::default();
    world.gateways(tenant, &mut |g| {
        if g.enabled {
            let tier = 2 * usize::from(g.bridge) + usize::from(g.country != country);
            tiers[tier].push(g.gateway);
        }
    });
    tiers.into_iter().find(|tier| !tier.is_empty()).unwrap_or_default()
}

fn is_own(world: &impl World, tenant: TenantId, gateway: TrunkId) -> bool {
    let owner = world.trunk(gateway).map(|t| t.owner);
    matches!(owner, Some(TrunkOwner::Tenant(of, _)) if of == tenant)
}

/// The gateways of a tier that are the tenant's own.
pub(super) fn own_of(world: &impl World, tenant: TenantId, tier: &Tier<'_>) -> Vec<TrunkId> {
    let own = |id: &TrunkId| is_own(world, tenant, *id);
    tier.gateways().into_iter().filter(own).collect()
}

/// Calling profiles by which an ordinary call outside can still leave once the trunks of the
/// number's own operator have failed: those of the operators that the tenant named for it, in
/// its order. None unless the tenant named some (operator-connect.md section 5 rule 13: no
/// overflow by itself), and none for calls over gateways, where the tenant chose the way.
pub fn fallback_profiles(world: &impl World, route: &Route) -> Vec<CallingProfileId> {
    let mut further = Vec::new();
    // A call that is forwarded outside leaves as one of the person who forwards it.
    let by = match (route.forwarded, route.kind) {
        (Some(forwarded), _) => forwarded.operator,
        (None, CallKind::Outbound) => route.operator,
        (None, _) => None,
    };
    if let (Some(own), Destination::Trunks { .. }) = (by, route.destination) {
        world.fallback(route.tenant, &mut |way| {
            if way.operator != own {
                further.push(way.profile);
            }
        });
    }
    further
}

/// The tenant's routes that match a called number by somebody's voice routing policy, with
/// that policy.
fn voice_tiers<'w>(
    world: &'w impl World,
    tenant: TenantId,
    holder: Holder,
    called: &str,
) -> Option<(&'w Policy, Via, Vec<Tier<'w>>)> {
    let (policy, via) = world.policy(tenant, holder, PolicyKind::OnlineVoiceRoutingPolicy)?;
    let PolicyRule::VoiceRouting(rule) = &policy.rule else { return None };
    let mut tiers = world.voice_routes(tenant)?.tiers(&rule.usages, called);
    // What is closed lets nothing through to the routes behind it.
    if let Some(closed) = tiers.iter().position(|tier| tier.gateways().is_empty()) {
        tiers.truncate(closed.max(1));
    }
    Some((policy, via, tiers))
}

/// Does a voice route lead the call over the tenant's gateways? A match overrides the
/// number's own operator (operator-connect.md section 5 rule 4); one whose routes name no
/// gateway closes the destination.
pub(super) fn voice_routed(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
    dialled: E164,
    trace: &mut impl Trace,
) -> Result<bool, RouteRefusal> {
    let called = dialled.to_string();
    let Some((policy, via, tiers)) = voice_tiers(world, tenant, holder, &called) else {
        return Ok(false);
    };
    trace.step("policy.voice_routing", || {
        let (name, via) = (&policy.name, via.as_str());
        let routes: Vec<_> = tiers
            .iter()
            .flat_map(|tier| {
                tier.routes.iter().map(|r| format!("{:?} of {:?}", r.name, tier.usage))
            })
            .collect();
        if routes.is_empty() {
            format!("{name:?} ({via}): no route matches {called}")
        } else {
            format!("{name:?} ({via}): {called} goes by {}", routes.join(", then "))
        }
    });
    if tiers.is_empty() {
        return Ok(false);
    }
    if tiers.iter().all(|tier| tier.gateways().is_empty()) {
        return Err(RouteRefusal::NoGateway);
    }
    Ok(true)
}

/// The gateways of a call that leaves by some, tier by tier: within one they are tried in
/// random order ([`super::trunk_order`]), and all of one before those of the next
/// (operator-connect.md section 5 rule 6). Only the tenant's own are among them, whatever
/// a route names.
pub fn gateway_tiers(world: &impl World, route: &Route) -> Vec<Vec<TrunkId>> {
    let tenant = route.tenant;
    let (by, digits) = match route.destination {
        Destination::Gateways { by, digits } => (by, digits),
        Destination::Bridge { bridge, .. } => {
            let mut answering = Vec::new();
            world.bridge_gateways(tenant, bridge, &mut |id| answering.push(id));
            answering.retain(|id| is_own(world, tenant, *id));
            return vec![answering];
        }
        _ => return Vec::new(),
    };
    match (by, digits) {
        (Some(holder), Dialled::Number(called)) => {
            let found = voice_tiers(world, tenant, holder, &called.to_string());
            let tiers = found.map(|(_, _, tiers)| tiers).unwrap_or_default();
            tiers.iter().map(|tier| own_of(world, tenant, tier)).collect()
        }
        (_, digits) => {
            let mut tiers = match (by, digits) {
                (Some(holder), Dialled::Emergency(digits)) => {
                    emergency_tiers(world, tenant, holder, digits)
                }
                _ => Vec::new(),
            };
            if let Some(country) = route.emergency_in {
                // Never a final failure while there is an untried way.
                let mut further = help_gateways(world, tenant, country);
                further.retain(|id| !tiers.iter().any(|tier| tier.contains(id)));
                tiers.push(further);
            }
            tiers
        }
    }
}
