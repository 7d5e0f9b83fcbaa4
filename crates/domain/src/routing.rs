//! Routing: one function for the edge, for `explain` and for the migration's
//! simulator (design section 1).
//!
//! [`route`] decides where a call goes; [`trunk_order`] decides which trunk is
//! tried next; [`may_retry`] decides whether another one may be tried at all.
//! None of them knows a socket, a clock or a source of randomness: the seed
//! for shuffling comes in with the call.

mod conference;
mod delivery;
mod forwarding;
mod gateways;
mod help;
mod refusal;
mod shared;
mod trunks;
mod world;

pub use forwarding::{
    Alongside, Circle, Forwarded, MOST_FORWARDS, Onward, Play, alongside, circle, foresee, forward,
    ring_seconds,
};
pub use gateways::{fallback_profiles, gateway_tiers};
pub use help::{further_profiles, help_digits, told_of_help};
pub use refusal::RouteRefusal;
pub use trunks::{AttemptEnd, may_retry, trunk_order, usable_for_help};
pub use world::{
    FallbackView, GatewayView, HelpView, NumberView, TrunkOwner, TrunkView, UserView, World,
};

use crate::{
    conference::Meeting,
    emergency::DialString,
    ids::{
        BridgeId, CallingProfileId, OperatorId, PolicyId, ResourceAccountId, TenantId, TrunkId,
        UserId,
    },
    number::{AssignmentTarget, NumberType},
    policy::{
        Hide, Holder, Policy, PolicyKind, PolicyRule, Redirect, Reserved, Substitute, Translated,
    },
};
use delivery::{Delivered, announced, deliver, delivered, screened};
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
    /// The number that a phone asks to be shown by (P-Preferred-Identity, RFC 3325 section 9.2): an
    /// alternate line of the caller's, or that of somebody on whose behalf the call is made.
    pub on_behalf: Option<E164>,
    /// How often the call was forwarded before it came here, as its Diversion says (RFC 5806).
    pub diversions: u8,
    /// A conference bridge calls out of this meeting, as it says; good for a gateway that
    /// answers that bridge's calls, and for nobody else.
    pub meeting: Option<Meeting>,
    /// For whom numbers for emergency calls are reserved.
    pub reserved: Reserved<'a>,
}

impl<'a> Call<'a> {
    /// A call that somebody dialled, and nothing more.
    pub const fn new(source: Source, called: &'a str, caller: &'a str) -> Self {
        Self {
            source,
            called,
            caller,
            takes_over: None,
            on_behalf: None,
            diversions: 0,
            meeting: None,
            reserved: Reserved::NONE,
        }
    }
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
    /// A conference bridge: the gateways that answer its calls, in random order.
    Bridge {
        /// Which.
        bridge: BridgeId,
        /// Which of its numbers was called.
        number: E164,
    },
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
    /// All who stand for a person, at once; first answer wins.
    Circle {
        /// For whom.
        of: UserId,
        /// Which of theirs.
        which: Circle,
    },
    /// An external SIP target of the tenant.
    Target {
        /// The gateway that leads there.
        gateway: TrunkId,
        /// What it does.
        play: Play,
    },
}

impl Destination {
    /// What to put in the Request-URI of a call that leaves the exchange.
    pub const fn digits(self) -> Option<Dialled> {
        match self {
            Self::Trunks { digits, .. } | Self::Gateways { digits, .. } => Some(digits),
            Self::Bridge { number, .. } => Some(Dialled::Number(number)),
            Self::User(_) | Self::Queue(_) | Self::Circle { .. } | Self::Target { .. } => None,
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
    /// The person whose number was called, whoever answers for them.
    pub called: Option<UserId>,
    /// The person on whose behalf a delegate calls.
    pub on_behalf: Option<UserId>,
    /// How the call came from the person called to its destination.
    pub forwarded: Option<Forwarded>,
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
    /// The conference bridge that is called, or calls out of a meeting.
    pub bridge: Option<BridgeId>,
    /// The number by which a caller for help is called back from now on: their own, or one for
    /// emergency calls that is reserved for them (operator-connect.md 1.13).
    pub reserves: Option<E164>,
    /// It calls somebody back who called for help by this number within the hour: it rings them and
    /// nobody else, whatever they or the tenant set (emergency.md section 6).
    pub called_back: Option<E164>,
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
                let caller = caller.filter(|n| n.tenant == tenant && n.category.calls_out());
                let found = Found { digits, by: None };
                return help(world, (tenant, country), Help::Operators(caller), found, trace);
            }
            let number = from_dialled(call.called, country).ok_or(RouteRefusal::NotANumber)?;
            let view = world.number(number);
            if let Some(meeting) = call.meeting
                && view.is_none_or(|view| view.tenant != tenant)
            {
                let by = (trunk.trunk, tenant);
                return conference::dial_out(world, by, meeting, number, trace);
            }
            let view = view.ok_or(RouteRefusal::NumberUnknown)?;
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
    let policies = world.has_policies(view.tenant);
    if let Some(found) = called_back(world, &view, call.reserved, trace) {
        let route = inbound_route(&view, operator, found);
        return Ok(Route { called_back: Some(view.number), ..route });
    }
    let found = match policies
        .then(|| screened(world, view.tenant, call.caller, trace))
        .flatten()
        .transpose()?
    {
        Some(Redirect::ResourceAccount(account)) => {
            let target = Some(AssignmentTarget::ResourceAccount(account));
            delivered(world, (&view, policies), target, call.diversions, trace)?
        }
        Some(Redirect::Announcement(name)) => {
            let destination = announced(world, view.tenant, name, trace);
            let destination = destination.ok_or(RouteRefusal::CallerBlocked)?;
            Delivered { called: None, destination, forwarded: None }
        }
        None => delivered(world, (&view, policies), view.target, call.diversions, trace)?,
    };
    if let Destination::User(user) = found.destination
        && policies
    {
        hides_caller_of(world, view.tenant, user, trace);
    }
    Ok(inbound_route(&view, operator, found))
}

/// Whoever is called back after a call for help, which no rule of callers or forwarding touches: by
/// a number of their own, or by one that was reserved for them.
fn called_back(
    world: &impl World,
    view: &NumberView,
    reserved: Reserved<'_>,
    trace: &mut impl Trace,
) -> Option<Delivered> {
    let user = match view.target {
        None if world.has_policies(view.tenant) => {
            shared::called_back(world, view, reserved, trace)
        }
        Some(AssignmentTarget::User(user)) => {
            help::called_back(world, (view, user), reserved, trace)
        }
        None | Some(AssignmentTarget::ResourceAccount(_)) => None,
    }?;
    Some(Delivered { called: Some(user), destination: Destination::User(user), forwarded: None })
}

const fn inbound_route(view: &NumberView, operator: Option<OperatorId>, found: Delivered) -> Route {
    let Delivered { called, destination, forwarded } = found;
    Route {
        kind: CallKind::Inbound,
        tenant: view.tenant,
        number: Some(view.number),
        called,
        on_behalf: None,
        forwarded,
        operator,
        caller_id: None,
        hide: Hide::AsAsked,
        caller_policy: None,
        destination,
        emergency_in: None,
        bridge: bridge_of(destination),
        reserves: None,
        called_back: None,
    }
}

/// The conference bridge that a call goes to.
pub const fn bridge_of(destination: Destination) -> Option<BridgeId> {
    match destination {
        Destination::Bridge { bridge, .. } => Some(bridge),
        _ => None,
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

fn outbound(
    world: &impl World,
    user: UserId,
    call: Call<'_>,
    trace: &mut impl Trace,
) -> Result<Route, RouteRefusal> {
    let called = call.called;
    let user = world.user(user).ok_or(RouteRefusal::SourceUnknown)?;
    let own = user.number.and_then(|n| world.number(n));
    let policies = world.has_policies(user.tenant);
    let shared = if policies && own.is_none() { shared::account(world, &user) } else { None };
    // By the account's number help is called as well, so its provider's dial strings hold.
    let helper = shared.as_ref().filter(|shared| shared.own.country == user.country);
    let line_for_help = match (own, helper) {
        (None, None) => help::alternate(world, &user, trace),
        _ => own,
    };
    let home = line_for_help.map_or(user.country, |n| n.country);
    let holder = Holder { user: Some(user.user), number: own.map(|n| n.number) };
    let at = (user.tenant, home);
    let provider = line_for_help.or(helper.map(|shared| shared.own));
    let who = (provider.as_ref(), policies.then_some(holder));
    let helped = |found, trace: &mut _| match helper {
        Some(shared) => {
            let number = shared.emergency_number(world, user.user, call.reserved, trace);
            let route = help(world, at, Help::Any(Some(number)), found, trace)?;
            Ok(Route { reserves: shared.reserves(&route), ..route })
        }
        None => {
            let route = help(world, at, Help::Any(line_for_help), found, trace)?;
            let reserves =
                line_for_help.map(|own| own.number).filter(|own| route.number == Some(*own));
            Ok(Route { reserves, ..route })
        }
    };
    if let Some(found) = asks_for_help(world, at, who, called, trace) {
        return helped(found, trace);
    }
    let translated;
    let is_dialled = policies && call.takes_over.is_none();
    let called = match is_dialled.then(|| planned(world, user.tenant, holder, called, trace)) {
        Some(Some(result)) => {
            translated = result;
            let called = translated.as_str();
            if let Some(found) = asks_for_help(world, at, who, called, trace) {
                return helped(found, trace);
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
    let asked = forwarding::asked_line(world, &user, call.on_behalf, trace)?;
    // What the call shows and by whom it leaves; what may be dialled is the caller's own matter.
    let (line, line_holder) = match &asked {
        Some((whose, view)) => {
            (Some(*view), Holder { user: Some(*whose), number: Some(view.number) })
        }
        None => (own, holder),
    };
    let on_behalf = asked.map(|(whose, _)| whose).filter(|whose| *whose != user.user);
    if let Some(view) = world.number(dialled).filter(|v| v.tenant == user.tenant) {
        // Reverse number lookup (operator-connect.md section 5 rule 4): a
        // colleague is reached without leaving the exchange.
        trace.step("number.internal", || format!("{dialled} is the tenant's own"));
        let back = called_back(world, &view, call.reserved, trace);
        let back_by = back.as_ref().map(|_| dialled);
        // What takes a dialog over goes to whoever holds it, and no further.
        let Delivered { called, destination, forwarded } = if let Some(found) = back {
            found
        } else if call.takes_over.is_some() {
            let destination = deliver(world, (&view, policies), view.target, trace)?;
            Delivered { called: None, destination, forwarded: None }
        } else {
            delivered(world, (&view, policies), view.target, 0, trace)?
        };
        return Ok(Route {
            kind: CallKind::Internal,
            tenant: user.tenant,
            number: line.map(|n| n.number).or(Some(dialled)),
            called,
            on_behalf,
            forwarded,
            operator: None,
            caller_id: line.map(|n| n.number),
            hide: Hide::AsAsked,
            caller_policy: None,
            destination,
            emergency_in: None,
            bridge: bridge_of(destination),
            reserves: None,
            called_back: back_by,
        });
    }
    if is_dialled {
        restricted(world, user.tenant, holder, (dialled, home), trace)?;
    }
    // By whose number, by whose voice routes, and as whom the call leaves.
    let (own, routed, shown) = match (line, &shared) {
        (Some(own), _) => (own, line_holder, line_holder),
        // The account's number has its own way out, and people's voice routes keep them from it;
        // how they are shown is their own matter.
        (None, Some(shared)) => {
            let own = shared.calls(world, user.tenant, holder, trace)?;
            (own, shared.holder(), holder)
        }
        (None, None) => return Err(RouteRefusal::UserHasNoNumber),
    };
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
    } else if is_dialled && voice_routed(world, user.tenant, routed, dialled, trace)? {
        (None, Destination::Gateways { by: Some(routed), digits })
    } else if NumberType::of(own.operator) == NumberType::DirectRouting {
        return Err(RouteRefusal::NoVoiceRoute);
    } else {
        trace.step("route.operator_of_number", || {
            format!("{} is operator {}'s, so the call leaves there", own.number, own.operator)
        });
        (Some(own.operator), Destination::Trunks { profile: own.profile, digits })
    };
    let (caller_id, hide, caller_policy) = if policies {
        presented(world, user.tenant, shown, &own, trace)
    } else {
        (own.number, Hide::AsAsked, None)
    };
    Ok(Route {
        kind: CallKind::Outbound,
        tenant: user.tenant,
        number: Some(own.number),
        called: None,
        on_behalf,
        forwarded: None,
        operator,
        caller_id: Some(caller_id),
        hide,
        caller_policy,
        destination,
        emergency_in: None,
        bridge: None,
        reserves: None,
        called_back: None,
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
