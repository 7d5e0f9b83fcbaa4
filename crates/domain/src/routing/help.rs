//! Calls for help: how they are recognised, and the way of each (design section 6; emergency.md
//! sections 1.6, 4.2 and 7).

use super::gateways::{help_gateways, own_of};
use super::{
    AssignmentTarget, CallKind, Destination, Dialled, HelpView, NumberView, Route, RouteRefusal,
    Trace, TrunkOwner, UserView, World,
};
use crate::emergency::{self, DialString};
use crate::ids::{CallingProfileId, OperatorId, TenantId, TrunkId, UserId};
use crate::line::AssignmentCategory;
use crate::number::NumberType;
use crate::policy::{
    EmergencyCallRouting, Hide, Holder, Notify, Policy, PolicyKind, PolicyRule, Reserved, Via,
};
use numbering::Country;

/// The digits of an emergency call in a country, if it is one.
pub(super) fn emergency_in(
    called: &str,
    country: Country,
    trace: &mut impl Trace,
) -> Option<DialString> {
    let digits = emergency::recognise(called, country)
        .or_else(|| emergency::recognise_urn(called, country))?;
    trace.step("emergency.dial_string", || format!("{called} is an emergency call in {country}"));
    DialString::parse(digits)
}

/// A call for help, as it was recognised.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// What is dialled for it.
    pub digits: DialString,
    /// Whose emergency call routing policy said so.
    pub by: Option<Holder>,
}

/// Does a person call for help? Besides the numbers of the country, an operator's calling profile
/// has dial strings of its own for its numbers (operator-connect.md section 1.5), and a policy of
/// the tenant for Direct Routing numbers, which may also make one of another (emergency.md section
/// 1.6: "visitor dials 112, call goes to 911").
pub(super) fn asks_for_help(
    world: &impl World,
    (tenant, home): (TenantId, Country),
    (own, holder): (Option<&NumberView>, Option<Holder>),
    called: &str,
    trace: &mut impl Trace,
) -> Option<Found> {
    let of_country = emergency_in(called, home, trace);
    let direct = own.is_some_and(|n| NumberType::of(n.operator) == NumberType::DirectRouting);
    if direct
        && let Some(holder) = holder
        && let Some((policy, rule, via)) = help_policy(world, tenant, holder)
    {
        let number = rule.find(called).or_else(|| rule.find(of_country.as_ref()?.as_str()));
        trace.step("policy.emergency_call_routing", || {
            let (name, via) = (&policy.name, via.as_str());
            match number {
                Some(number) => match &number.usage {
                    Some(usage) => format!(
                        "{name:?} ({via}): {called} is an emergency call, {} by {usage:?}",
                        number.dial_string
                    ),
                    None => format!(
                        "{name:?} ({via}): {called} is an emergency call, {}",
                        number.dial_string
                    ),
                },
                None => format!("{name:?} ({via}) says nothing of {called}"),
            }
        });
        if let Some(number) = number {
            let by = number.usage.is_some().then_some(holder);
            return Some(Found { digits: number.dial_string, by });
        }
    }
    let of_profile = || {
        let own = own.filter(|_| !direct)?;
        let digits = world.profile(own.profile)?.recognise(called)?;
        trace.step("emergency.profile_dial_string", || {
            format!("{called} is an emergency call by calling profile {}", own.profile)
        });
        Some(digits)
    };
    Some(Found { digits: of_country.or_else(of_profile)?, by: None })
}

/// By which ways an emergency call may leave, with the caller's number if they have one.
#[derive(Clone, Copy)]
pub(super) enum Help {
    /// The tenant's gateways too.
    Any(Option<NumberView>),
    /// Operators alone.
    Operators(Option<NumberView>),
}

/// The way of an emergency call from a country. Of a Direct Routing number the provider is
/// whoever stands behind the tenant's gateways (operator-connect.md section 5 rule 10), so the
/// call leaves by an enabled one in the country, if there is one. Otherwise it leaves by the caller's number, by
/// one of the tenant's in the country, or else by the first of these that has a trunk
/// in use: an operator that serves the country, the tenant's own first; an operator
/// of the tenant's elsewhere; any operator (the default mapping of emergency.md
/// section 6: better a centre that passes the call on than none). Where all trunks of
/// the exchange drain it leaves by one of those. The number shown is one of the
/// tenant's wherever it has one, so that those who come to help can call back.
pub(super) fn help(
    world: &impl World,
    (tenant, country): (TenantId, Country),
    by: Help,
    found: Found,
    trace: &mut impl Trace,
) -> Result<Route, RouteRefusal> {
    let digits = found.digits;
    let (own, gateways) = match by {
        Help::Any(own) => (own, true),
        Help::Operators(own) => (own, false),
    };
    let near = own.or_else(|| world.tenant_number(tenant, Some(country)));
    let by_gateway = |number: Option<NumberView>, by: Option<Holder>| Route {
        kind: CallKind::Emergency,
        tenant,
        number: number.map(|n| n.number),
        called: None,
        on_behalf: None,
        forwarded: None,
        operator: None,
        caller_id: number.map(|n| n.number),
        hide: Hide::Never,
        caller_policy: None,
        destination: Destination::Gateways { by, digits: Dialled::Emergency(digits) },
        emergency_in: Some(country),
        bridge: None,
        reserves: None,
        called_back: None,
    };
    let of_gateways = near.filter(|n| NumberType::of(n.operator) == NumberType::DirectRouting);
    if let Some(near) = of_gateways.filter(|_| gateways) {
        if let Some(holder) = found.by {
            let tiers = emergency_tiers(world, tenant, holder, digits);
            let is_open = |id: &TrunkId| world.trunk(*id).is_some_and(|t| t.enabled);
            if tiers.iter().flatten().any(is_open) {
                trace.step("emergency.voice_route", || {
                    format!("{digits} leaves by the gateways that the policy's usage leads to")
                });
                return Ok(by_gateway(Some(near), Some(holder)));
            }
        }
        let mut open = false;
        world.gateways(tenant, &mut |g| open |= g.enabled && g.country == country);
        if open {
            trace.step("emergency.gateway", || {
                format!(
                    "{} is a Direct Routing number, so the call leaves by a gateway in {country}",
                    near.number
                )
            });
            return Ok(by_gateway(Some(near), None));
        }
    }
    let is_open = |profile: CallingProfileId| {
        let mut open = false;
        world.trunks(profile, &mut |t| open |= t.enabled);
        open
    };
    // A profile may leave emergency calls to another of the same operator's (operator-connect.md
    // section 1.5); one that drains is passed over for the number's own.
    let way = near.and_then(|near| {
        let delegate = world.profile(near.profile).and_then(|own| own.profile);
        let way = delegate.filter(|p| is_open(*p)).or(Some(near.profile).filter(|p| is_open(*p)))?;
        Some((near, way))
    });
    let (operator, profile, number) = match way {
        Some((near, way)) => {
            trace.step("emergency.operator_of_number", || {
                format!("{} is operator {}'s, so the call leaves there", near.number, near.operator)
            });
            if way != near.profile {
                trace.step("emergency.profile", || {
                    format!("calling profile {} leaves emergency calls to {way}", near.profile)
                });
            }
            (near.operator, way, Some(near))
        }
        None => {
            let number = near.or_else(|| world.tenant_number(tenant, None));
            let rank = |v: &HelpView| {
                let own = number.is_some_and(|n| n.operator == v.operator);
                let near = near.is_some_and(|n| n.profile == v.profile);
                (!v.open, !near, !v.serves, !own, v.profile)
            };
            let mut best: Option<HelpView> = None;
            world.help(country, &mut |v| {
                if best.as_ref().is_none_or(|best| rank(&v) < rank(best)) {
                    best = Some(v);
                }
            });
            let Some(best) = best else {
                if !gateways || help_gateways(world, tenant, country).is_empty() {
                    return Err(RouteRefusal::NoEmergencyRoute);
                }
                trace.step("emergency.gateway", || {
                    "the exchange has no operator: the call leaves by the tenant's gateways"
                        .to_owned()
                });
                return Ok(by_gateway(number, None));
            };
            trace.step("emergency.operator_of_country", || {
                let serves = if best.serves { "serves" } else { "does not serve" };
                let drains = if best.open { "" } else { "; all its trunks drain" };
                let operator = best.operator;
                format!(
                    "no number to leave by: operator {operator}, which {serves} {country}{drains}"
                )
            });
            (best.operator, best.profile, number)
        }
    };
    Ok(Route {
        kind: CallKind::Emergency,
        tenant,
        number: number.map(|n| n.number),
        called: None,
        on_behalf: None,
        forwarded: None,
        operator: Some(operator),
        caller_id: number.map(|n| n.number),
        hide: Hide::Never,
        caller_policy: None,
        destination: Destination::Trunks { profile, digits: Dialled::Emergency(digits) },
        emergency_in: Some(country),
        bridge: None,
        reserves: None,
        called_back: None,
    })
}

/// The line by which help is called by somebody who has no primary number: an alternate one, which
/// rings them when they are called back. A private line does not show who calls.
pub(super) fn alternate(
    world: &impl World,
    user: &UserView,
    trace: &mut impl Trace,
) -> Option<NumberView> {
    let view = world.number(user.alternate?)?;
    let theirs = view.tenant == user.tenant
        && view.target == Some(AssignmentTarget::User(user.user))
        && view.category == AssignmentCategory::Alternate;
    if theirs {
        trace.step("line.only_alternate", || {
            format!("{} has no primary number: help is called by {}", user.user, view.number)
        });
    }
    theirs.then_some(view)
}

/// Whoever called for help by a number of their own within the hour, and is now called back. A person
/// whose phone is gone is not.
pub(super) fn called_back(
    world: &impl World,
    (view, user): (&NumberView, UserId),
    reserved: Reserved<'_>,
    trace: &mut impl Trace,
) -> Option<UserId> {
    reserved.by(view.number).filter(|by| *by == user)?;
    let user = world.user(user).filter(|user| user.tenant == view.tenant && user.phone)?.user;
    trace.step("emergency.called_back", || {
        format!("{user} called for help by {} within the hour", view.number)
    });
    Some(user)
}

/// Calling profiles by which an emergency call in a country can still leave once the
/// trunks of its own have failed: those that serve the country and have a trunk in
/// use, in the order of their ids (emergency.md section 7: "never a final failure
/// while an untried route exists").
pub fn further_profiles(
    world: &impl World,
    country: Country,
    own: CallingProfileId,
) -> Vec<CallingProfileId> {
    let mut further = Vec::new();
    world.help(country, &mut |v| {
        if v.serves && v.open && v.profile != own {
            further.push(v.profile);
        }
    });
    further.sort();
    further
}

/// The emergency call routing policy that holds for somebody.
fn help_policy(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
) -> Option<(&Policy, &EmergencyCallRouting, Via)> {
    let kind = PolicyKind::TeamsEmergencyCallRoutingPolicy;
    let (policy, via) = world.policy(tenant, holder, kind)?;
    let PolicyRule::EmergencyCallRouting(rule) = &policy.rule else { return None };
    Some((policy, rule, via))
}

/// The gateways that an emergency call routing policy leads a dial string to, by the routes of its
/// usage, tier by tier. Routes match the bare digits, as Teams sends them, or with the `+` that it
/// once put before them (emergency.md section 4.2). One that names no gateway closes nothing here.
pub(super) fn emergency_tiers(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
    digits: DialString,
) -> Vec<Vec<TrunkId>> {
    let found = || {
        let (_, rule, _) = help_policy(world, tenant, holder)?;
        let usage = [rule.usage_of(digits)?.to_owned()];
        let routes = world.voice_routes(tenant)?;
        let mut tiers = routes.tiers(&usage, digits.as_str());
        let with_plus = format!("+{digits}");
        if tiers.is_empty() {
            tiers = routes.tiers(&usage, &with_plus);
        }
        Some(tiers.iter().map(|tier| own_of(world, tenant, tier)).collect())
    };
    found().unwrap_or_default()
}

/// Who is told of an emergency call, by the caller's emergency calling policy. No part of the call's
/// way: `explain` and the control plane ask.
pub fn told_of_help<'w>(
    world: &'w impl World,
    tenant: TenantId,
    holder: Holder,
    digits: DialString,
    trace: &mut impl Trace,
) -> Option<&'w Notify> {
    let kind = PolicyKind::TeamsEmergencyCallingPolicy;
    let (policy, via) = world.policy(tenant, holder, kind)?;
    let PolicyRule::EmergencyCalling(rule) = &policy.rule else { return None };
    let notify = rule.notice(digits.as_str());
    trace.step("policy.emergency_calling", || {
        let (name, via) = (&policy.name, via.as_str());
        match notify {
            Some(notify) => format!(
                "{name:?} ({via}): {} addresses and {} groups are told, {}",
                notify.addresses.len(),
                notify.groups.len(),
                notify.mode.as_str()
            ),
            None => format!("{name:?} ({via}): nobody is told of calls of {digits}"),
        }
    });
    notify
}

/// What to dial of an emergency call in a country at one of the trunks that it tries: whoever
/// named a dial string of its own is given it, that is the tenant's gateways and the operator of
/// the caller's number; everybody else the country's.
pub fn help_digits(
    world: &impl World,
    digits: DialString,
    (country, operator): (Option<Country>, Option<OperatorId>),
    trunk: TrunkId,
) -> DialString {
    let named = world.trunk(trunk).is_some_and(|trunk| match trunk.owner {
        TrunkOwner::Tenant(..) => true,
        TrunkOwner::Operator(of) => Some(of) == operator,
    });
    match country {
        Some(country) if !named => emergency::elsewhere(digits, country),
        _ => digits,
    }
}
