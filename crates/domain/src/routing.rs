//! Routing: one function for the edge, for `explain` and for the migration's
//! simulator (design section 1).
//!
//! [`route`] decides where a call goes; [`trunk_order`] decides which trunk is
//! tried next; [`may_retry`] decides whether another one may be tried at all.
//! None of them knows a socket, a clock or a source of randomness: the seed
//! for shuffling comes in with the call.

mod gateways;
mod help;
mod trunks;
mod world;

pub use gateways::{fallback_profiles, gateway_tiers};
pub use help::{further_profiles, help_digits, told_of_help};
pub use trunks::{AttemptEnd, may_retry, trunk_order, usable_for_help};
pub use world::{
    FallbackView, GatewayView, HelpView, NumberView, TrunkOwner, TrunkView, UserView, World,
};

use crate::{
    emergency::DialString,
    ids::{CallingProfileId, OperatorId, PolicyId, ResourceAccountId, TenantId, TrunkId, UserId},
    number::{AssignmentTarget, NumberType},
    policy::{Hide, Holder, Policy, PolicyKind, PolicyRule, Substitute, Translated, Verdict},
};
use gateways::voice_routed;
use help::{Found, Help, asks_for_help, emergency_in, help};
use numbering::{Country, E164, from_dialled};

/// Who brings the call, as recognised by address or digest, never by a header
/// (design section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An operator's trunk, or a tenant's gateway.
    Trunk(TrunkId),
    /// A phone that authenticated as this person.
    User(UserId),
    /// A phone that proved nothing, in a trusted network of the tenant which stands in
    /// this country: good for emergency calls and nothing else.
    Network(TenantId, Country),
}

/// A call to be routed.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Who brings it.
    pub source: Source,
    /// User part of the Request-URI, or the whole of a `urn:`.
    pub called: &'a str,
    /// Who calls, as an operator's trunk says: `+` and digits, or the user part of its
    /// From as it stands.
    pub caller: &'a str,
    /// It takes a dialog over (RFC 3891): `called` is that one's far party and nothing that
    /// somebody dialled.
    pub takes_over: Option<FarEnd>,
}

/// Who is at the far end of a dialog that a call takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FarEnd {
    /// Somebody's phone.
    Phone,
    /// Whoever is behind a trunk or gateway.
    Trunk(TrunkId),
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// One person's phones.
    User(UserId),
    /// A queue's agents, all at once; first answer wins.
    Queue(ResourceAccountId),
    /// The trunks of a calling profile.
    Trunks {
        /// The profile.
        profile: CallingProfileId,
        /// What to put in the Request-URI: `+` and digits, or emergency digits.
        digits: Dialled,
    },
    /// The tenant's own gateways, in the order of [`gateway_tiers`].
    Gateways {
        /// Whose voice routing policy led there, or, of an emergency call, whose emergency call
        /// routing policy; nobody's for an emergency call without one, and for a call that takes
        /// over a dialog, which goes by that one's gateway alone.
        by: Option<Holder>,
        /// What to put in the Request-URI.
        digits: Dialled,
    },
}

impl Destination {
    /// What to put in the Request-URI of a call that leaves the exchange.
    pub const fn digits(self) -> Option<Dialled> {
        match self {
            Self::Trunks { digits, .. } | Self::Gateways { digits, .. } => Some(digits),
            Self::User(_) | Self::Queue(_) => None,
        }
    }
}

/// What goes into the Request-URI toward an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// An ordinary number.
    Number(E164),
    /// An emergency number of the caller's country, or a dial string of their own
    /// ([`help_digits`] has what a trunk is given).
    Emergency(DialString),
}

/// Which way a call crosses the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// From an operator, or the tenant's own gateway, to the tenant.
    Inbound,
    /// From the tenant to an operator, or its own gateway.
    Outbound,
    /// Between two people of one tenant.
    Internal,
    /// To the emergency services.
    Emergency,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which way.
    pub kind: CallKind,
    /// Whose call it is.
    pub tenant: TenantId,
    /// The tenant's number in it.
    pub number: Option<E164>,
    /// The operator that carries it; `None` for internal calls and those of gateways.
    pub operator: Option<OperatorId>,
    /// Caller id to show, where the exchange decides it.
    pub caller_id: Option<E164>,
    /// May the caller be seen by whom they call?
    pub hide: Hide,
    /// The caller-ID policy that decided so; it may have a name to show.
    pub caller_policy: Option<PolicyId>,
    /// Where to.
    pub destination: Destination,
    /// The country that help must come to, of an emergency call.
    pub emergency_in: Option<Country>,
}

/// Why a call is refused, with the SIP answer for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RouteRefusal {
    /// The called number is not in the exchange.
    #[error("the called number is not in this exchange")]
    NumberUnknown,
    /// It belongs to another operator than the trunk's.
    #[error("the called number is not this operator's")]
    NumberOfOtherOperator,
    /// Nobody has it.
    #[error("the called number is not assigned")]
    NumberUnassigned,
    /// What was dialled is no number.
    #[error("what was dialled is not a telephone number")]
    NotANumber,
    /// The person has no telephony licence.
    #[error("the caller holds no telephony licence")]
    UserUnlicensed,
    /// The person has no number to call from.
    #[error("the caller has no number")]
    UserHasNoNumber,
    /// The source vanished from the snapshot.
    #[error("the caller is not known any more")]
    SourceUnknown,
    /// A queue without agents.
    #[error("the call queue has no agents")]
    QueueEmpty,
    /// A call for help, and the exchange has no operator to carry it.
    #[error("the exchange has no calling profile by which an emergency call could leave")]
    NoEmergencyRoute,
    /// Not a call for help, and nobody proved who calls.
    #[error("who proves nothing may call emergency numbers only")]
    CallerUnproven,
    /// The caller is among the tenant's blocked numbers.
    #[error("the tenant lets no calls of this caller in")]
    CallerBlocked,
    /// The caller's policy does not let them call there.
    #[error("the caller's policy does not allow calls to this destination")]
    DialOutRestricted,
    /// A gateway brings a call for somebody else's number.
    #[error("the called number is not one of the gateway's tenant")]
    NumberOfOtherTenant,
    /// The number has no operator, and no voice route leads to a gateway.
    #[error("no voice route matches, and the caller's number has no operator")]
    NoVoiceRoute,
    /// The voice route that matches closes what it matches.
    #[error("the voice routes that match name no gateway")]
    NoGateway,
}

impl RouteRefusal {
    /// A stable code, as it stands in the CDR and in the problem documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NumberUnknown => "number_unknown",
            Self::NumberOfOtherOperator => "number_of_other_operator",
            Self::NumberUnassigned => "number_unassigned",
            Self::NotANumber => "not_a_number",
            Self::UserUnlicensed => "user_unlicensed",
            Self::UserHasNoNumber => "user_has_no_number",
            Self::SourceUnknown => "source_unknown",
            Self::QueueEmpty => "queue_empty",
            Self::NoEmergencyRoute => "no_emergency_route",
            Self::CallerUnproven => "caller_unproven",
            Self::CallerBlocked => "caller_blocked",
            Self::DialOutRestricted => "dial_out_restricted",
            Self::NumberOfOtherTenant => "number_of_other_tenant",
            Self::NoVoiceRoute => "no_voice_route",
            Self::NoGateway => "no_gateway",
        }
    }

    /// The SIP response to give.
    pub const fn sip_status(self) -> u16 {
        match self {
            Self::NumberUnknown | Self::NumberUnassigned => 404,
            Self::NotANumber => 484,
            Self::QueueEmpty => 480,
            Self::NoEmergencyRoute => 503,
            Self::NumberOfOtherOperator
            | Self::UserUnlicensed
            | Self::UserHasNoNumber
            | Self::SourceUnknown
            | Self::CallerUnproven
            | Self::CallerBlocked
            | Self::DialOutRestricted
            | Self::NumberOfOtherTenant
            | Self::NoVoiceRoute
            | Self::NoGateway => 403,
        }
    }
}

/// Is told the rule behind each step. The edge's costs nothing.
pub trait Trace {
    /// One step: the rule's stable name and what it found.
    fn step(&mut self, rule: &'static str, detail: impl FnOnce() -> String);
}

/// A trace that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTrace;

impl Trace for NoTrace {
    fn step(&mut self, _: &'static str, _: impl FnOnce() -> String) {}
}

/// A trace that keeps every step, for `explain`.
#[derive(Clone, Debug, Default)]
pub struct Recorded(pub Vec<(&'static str, String)>);

impl Trace for Recorded {
    fn step(&mut self, rule: &'static str, detail: impl FnOnce() -> String) {
        self.0.push((rule, detail()));
    }
}

/// Decides where a call goes.
///
/// Emergency calls are recognised before every gate: no licence, number state
/// or policy may refuse one (design section 6). A person without a number
/// leaves by a number of their tenant in the same country, and where the tenant
/// has none, or its operator drains, by an operator that serves the country
/// (emergency.md section 7: "route anyway on any trunk that serves the country").
/// Policies come after that: no dial plan, caller-ID policy, restriction or block
/// touches a call for help, except that a dial plan may make one of what was dialled.
pub fn route(
    world: &impl World,
    call: Call<'_>,
    trace: &mut impl Trace,
) -> Result<Route, RouteRefusal> {
    match call.source {
        Source::Trunk(trunk) => inbound(world, trunk, call, trace),
        Source::User(user) => outbound(world, user, call, trace),
        Source::Network(tenant, country) => {
            let digits =
                emergency_in(call.called, country, trace).ok_or(RouteRefusal::CallerUnproven)?;
            let found = Found { digits, by: None };
            trace.step("source.network", || {
                format!("whoever calls is in a trusted network of tenant {tenant} in {country}")
            });
            help(world, (tenant, country), Help::Any(None), found, trace)
        }
    }
}

fn inbound(
    world: &impl World,
    trunk: TrunkId,
    call: Call<'_>,
    trace: &mut impl Trace,
) -> Result<Route, RouteRefusal> {
    let trunk = world.trunk(trunk).ok_or(RouteRefusal::SourceUnknown)?;
    let (view, operator) = match trunk.owner {
        TrunkOwner::Operator(operator) => {
            let number = E164::parse(call.called).map_err(|_| RouteRefusal::NotANumber)?;
            let view = world.number(number).ok_or(RouteRefusal::NumberUnknown)?;
            trace.step("number.owner", || format!("{number} is tenant {}'s", view.tenant));
            if view.operator != operator {
                return Err(RouteRefusal::NumberOfOtherOperator);
            }
            trace.step("number.operator", || format!("operator {} holds it", view.operator));
            (view, Some(operator))
        }
        TrunkOwner::Tenant(tenant, country) => {
            // What stands behind a gateway calls for help by operators: its own country's
            // PSTN it would have called itself, and back to the gateway it would turn in a
            // circle.
            if let Some(digits) = emergency_in(call.called, country, trace) {
                // One of the tenant's own numbers is called back, and says where.
                let caller = E164::parse(call.caller).ok().and_then(|n| world.number(n));
                let caller = caller.filter(|n| n.tenant == tenant);
                let found = Found { digits, by: None };
                return help(world, (tenant, country), Help::Operators(caller), found, trace);
            }
            let number = from_dialled(call.called, country).ok_or(RouteRefusal::NotANumber)?;
            let view = world.number(number).ok_or(RouteRefusal::NumberUnknown)?;
            // Another tenant's number is as good as none; the edge says so in its record.
            if view.tenant != tenant {
                return Err(RouteRefusal::NumberOfOtherTenant);
            }
            trace.step("gateway.tenant", || {
                format!("the gateway and {number} are both tenant {tenant}'s")
            });
            (view, None)
        }
    };
    let number = view.number;
    let policies = world.has_policies(view.tenant);
    let target = match policies.then(|| screened(world, view.tenant, call.caller, trace)).flatten()
    {
        Some(instead) => Some(AssignmentTarget::ResourceAccount(instead?)),
        None => view.target,
    };
    let destination = deliver(world, (&view, policies), target, trace)?;
    if let Destination::User(user) = destination
        && policies
    {
        hides_caller_of(world, view.tenant, user, trace);
    }
    Ok(Route {
        kind: CallKind::Inbound,
        tenant: view.tenant,
        number: Some(number),
        operator,
        caller_id: None,
        hide: Hide::AsAsked,
        caller_policy: None,
        destination,
        emergency_in: None,
    })
}

/// What the tenant's rules do with a caller: refuse it or send it elsewhere; `None` where
/// it passes.
fn screened(
    world: &impl World,
    tenant: TenantId,
    caller: &str,
    trace: &mut impl Trace,
) -> Option<Result<ResourceAccountId, RouteRefusal>> {
    match world.screening(tenant)?.caller(caller) {
        Verdict::Pass => None,
        Verdict::Exempt { rule } => {
            trace.step("screening.exempt", || format!("{caller} is let in by exception {rule:?}"));
            None
        }
        Verdict::Blocked { rule, redirect_to } => {
            trace.step("screening.blocked", || match redirect_to {
                Some(account) => format!("{caller} is sent to {account} by {rule:?}"),
                None => format!("{caller} is blocked by {rule:?}"),
            });
            Some(redirect_to.ok_or(RouteRefusal::CallerBlocked))
        }
    }
}

/// Does a person's policy keep from them who calls from outside?
pub fn hides_caller(world: &impl World, tenant: TenantId, called: UserId) -> bool {
    world.has_policies(tenant) && hides_caller_of(world, tenant, called, &mut NoTrace)
}

fn hides_caller_of(
    world: &impl World,
    tenant: TenantId,
    called: UserId,
    trace: &mut impl Trace,
) -> bool {
    let number = world.user(called).and_then(|user| user.number);
    let holder = Holder { user: Some(called), number };
    let found = world.policy(tenant, holder, PolicyKind::CallingLineIdentity);
    match found {
        Some((Policy { rule: PolicyRule::CallerId(rule), name, .. }, via))
            if rule.block_incoming =>
        {
            trace.step("policy.block_incoming_caller_id", || {
                format!("{called} does not see who calls: {name:?} ({})", via.as_str())
            });
            true
        }
        _ => false,
    }
}

fn deliver(
    world: &impl World,
    (view, policies): (&NumberView, bool),
    target: Option<AssignmentTarget>,
    trace: &mut impl Trace,
) -> Result<Destination, RouteRefusal> {
    let mut treated = || {
        let called = view.number.to_string();
        let (rule, target) = world.screening(view.tenant)?.unassigned(&called)?;
        trace.step("screening.unassigned", || {
            format!("{called} is assigned to nobody: {rule:?} answers for it")
        });
        Some(AssignmentTarget::from(target))
    };
    let target = match target {
        None if policies => treated(),
        assigned => assigned,
    };
    match target.ok_or(RouteRefusal::NumberUnassigned)? {
        AssignmentTarget::User(user) => {
            trace.step("number.assignment", || format!("assigned to user {user}"));
            Ok(Destination::User(user))
        }
        AssignmentTarget::ResourceAccount(account) => {
            let mut agents = 0usize;
            world.agents(account, &mut |_| agents += 1);
            trace.step("queue.agents", || format!("queue {account} has {agents} agents"));
            if agents == 0 {
                Err(RouteRefusal::QueueEmpty)
            } else {
                Ok(Destination::Queue(account))
            }
        }
    }
}

fn outbound(
    world: &impl World,
    user: UserId,
    call: Call<'_>,
    trace: &mut impl Trace,
) -> Result<Route, RouteRefusal> {
    let called = call.called;
    let user = world.user(user).ok_or(RouteRefusal::SourceUnknown)?;
    let own = user.number.and_then(|n| world.number(n));
    let home = own.map_or(user.country, |n| n.country);
    let policies = world.has_policies(user.tenant);
    let holder = Holder { user: Some(user.user), number: own.map(|n| n.number) };
    let at = (user.tenant, home);
    let who = (own.as_ref(), policies.then_some(holder));
    if let Some(found) = asks_for_help(world, at, who, called, trace) {
        return help(world, at, Help::Any(own), found, trace);
    }
    let translated;
    let is_dialled = policies && call.takes_over.is_none();
    let called = match is_dialled.then(|| planned(world, user.tenant, holder, called, trace)) {
        Some(Some(result)) => {
            translated = result;
            let called = translated.as_str();
            if let Some(found) = asks_for_help(world, at, who, called, trace) {
                return help(world, at, Help::Any(own), found, trace);
            }
            called
        }
        _ => called,
    };
    if !user.licensed {
        return Err(RouteRefusal::UserUnlicensed);
    }
    let dialled = from_dialled(called, home).ok_or(RouteRefusal::NotANumber)?;
    trace.step("dial.e164", || format!("{called} dialled in {home} is {dialled}"));
    if let Some(view) = world.number(dialled).filter(|v| v.tenant == user.tenant) {
        // Reverse number lookup (operator-connect.md section 5 rule 4): a
        // colleague is reached without leaving the exchange.
        trace.step("number.internal", || format!("{dialled} is the tenant's own"));
        return Ok(Route {
            kind: CallKind::Internal,
            tenant: user.tenant,
            number: own.map(|n| n.number).or(Some(dialled)),
            operator: None,
            caller_id: own.map(|n| n.number),
            hide: Hide::AsAsked,
            caller_policy: None,
            destination: deliver(world, (&view, policies), view.target, trace)?,
            emergency_in: None,
        });
    }
    if is_dialled {
        restricted(world, user.tenant, holder, (dialled, home), trace)?;
    }
    let own = own.ok_or(RouteRefusal::UserHasNoNumber)?;
    // A dialog that runs over a gateway is taken over there, whatever routes say.
    let over_gateway = match call.takes_over {
        Some(FarEnd::Trunk(id)) => world.trunk(id).is_some_and(
            |t| matches!(t.owner, TrunkOwner::Tenant(tenant, _) if tenant == user.tenant),
        ),
        Some(FarEnd::Phone) | None => false,
    };
    let digits = Dialled::Number(dialled);
    let (operator, destination) = if over_gateway {
        (None, Destination::Gateways { by: None, digits })
    } else if is_dialled && voice_routed(world, user.tenant, holder, dialled, trace)? {
        (None, Destination::Gateways { by: Some(holder), digits })
    } else if NumberType::of(own.operator) == NumberType::DirectRouting {
        return Err(RouteRefusal::NoVoiceRoute);
    } else {
        trace.step("route.operator_of_number", || {
            format!("{} is operator {}'s, so the call leaves there", own.number, own.operator)
        });
        (Some(own.operator), Destination::Trunks { profile: own.profile, digits })
    };
    let (caller_id, hide, caller_policy) = if policies {
        presented(world, user.tenant, holder, &own, trace)
    } else {
        (own.number, Hide::AsAsked, None)
    };
    Ok(Route {
        kind: CallKind::Outbound,
        tenant: user.tenant,
        number: Some(own.number),
        operator,
        caller_id: Some(caller_id),
        hide,
        caller_policy,
        destination,
        emergency_in: None,
    })
}

/// What the caller's dial plan makes of what they dialled; `None` where it says nothing.
fn planned(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
    called: &str,
    trace: &mut impl Trace,
) -> Option<Translated> {
    let (policy, via) = world.policy(tenant, holder, PolicyKind::TenantDialPlan)?;
    let PolicyRule::DialPlan(plan) = &policy.rule else { return None };
    let made = plan.apply(called);
    trace.step("policy.dial_plan", || {
        let (name, via) = (&policy.name, via.as_str());
        match &made {
            Some((rule, result)) => {
                format!("{name:?} ({via}): rule {rule:?} makes {called} {:?}", result.as_str())
            }
            None => format!("{name:?} ({via}): no rule matches {called}"),
        }
    });
    made.map(|(_, result)| result)
}

/// Refuses what the caller's policy does not let them call.
fn restricted(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
    (dialled, home): (E164, Country),
    trace: &mut impl Trace,
) -> Result<(), RouteRefusal> {
    let found = world.policy(tenant, holder, PolicyKind::OnlineDialOutPolicy);
    let Some((Policy { rule: PolicyRule::DialOut(rule), name, .. }, via)) = found else {
        return Ok(());
    };
    let checked = rule.check(dialled, home);
    trace.step("policy.dial_out", || {
        let via = via.as_str();
        match checked {
            Ok(()) => format!("{name:?} ({via}) lets {dialled} be called"),
            Err(what) => format!("{name:?} ({via}) allows no {what} calls as to {dialled}"),
        }
    });
    checked.map_err(|_| RouteRefusal::DialOutRestricted)
}

/// By which number the caller is shown, and whether at all. A queue that has no number
/// of the tenant's shows none: the caller's own stands in.
fn presented(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
    own: &NumberView,
    trace: &mut impl Trace,
) -> (E164, Hide, Option<PolicyId>) {
    let found = world.policy(tenant, holder, PolicyKind::CallingLineIdentity);
    let Some((Policy { rule: PolicyRule::CallerId(rule), name, id }, via)) = found else {
        return (own.number, Hide::AsAsked, None);
    };
    let shown = match rule.substitute {
        Substitute::LineUri | Substitute::Anonymous => own.number,
        Substitute::Resource(account) => world
            .account_number(account)
            .filter(|(of, _)| *of == tenant)
            .map_or(own.number, |(_, number)| number),
    };
    let hide = rule.hide();
    trace.step("policy.caller_id", || {
        let what = match (rule.substitute, hide) {
            (_, Hide::Always) => "the caller is hidden".to_owned(),
            (Substitute::Resource(account), _) if shown == own.number => {
                format!("{account} has no number, so the caller is shown by {shown}")
            }
            (_, Hide::AsAsked) => format!("the caller is shown by {shown}, unless they hide it"),
            (_, Hide::Never) => format!("the caller is shown by {shown}"),
        };
        format!("{name:?} ({}): {what}", via.as_str())
    });
    (shown, hide, Some(*id))
}

#[cfg(test)]
mod tests;
