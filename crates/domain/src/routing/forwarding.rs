//! Where a person's calls go when they are not, or not only, to ring there: forwarding, unanswered,
//! busy and unreachable people, and who may call on whose behalf (migration.md 1.4; crate::calling).
//!
//! A call that may not go where it is forwarded rings where it stands: forwarding never loses one. A
//! call to a queue is not forwarded by its agents, for their voicemail would answer for the queue.

use super::{
    AssignmentTarget, Destination, Dialled, NoTrace, NumberType, NumberView, Route, RouteRefusal,
    Trace, UserView, World, deliver, restricted, shared, voice_routed,
};
use crate::calling::{ForwardCause, ForwardTarget};
use crate::ids::{OperatorId, TenantId, UserId};
use crate::policy::Holder;
use numbering::E164;

/// How often a call is forwarded at most, by whomever: then it rings where it stands. That of
/// switches in the public network (Q.732.2 section 2.1.1.2 lets each choose 3 to 5).
pub const MOST_FORWARDS: u8 = 5;

/// Those who stand for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Circle {
    /// Their delegates that receive calls.
    MyDelegates,
    /// Their call group.
    Group,
}

/// What an external SIP target is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Play {
    /// Take a message for this person.
    Voicemail(UserId),
    /// Play one of the tenant's announcements, by its place.
    Announcement(u16),
}

/// That a call was forwarded: by whom last, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Whose setting it was.
    pub by: UserId,
    /// Their number, which vouches for the call outside; there that of their shared calling, where
    /// they have none.
    pub number: Option<E164>,
    /// Why.
    pub cause: ForwardCause,
    /// How often in all, the ones before this exchange included.
    pub times: u8,
    /// The operator by which it leaves, where it does.
    pub operator: Option<OperatorId>,
}

/// Where a forwarded call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onward {
    /// There.
    pub destination: Destination,
    /// By whom and why.
    pub forwarded: Forwarded,
}

/// Where a person's call goes for this cause, through whatever those forward to whom it goes; `None`
/// where it stays. `times` is how often it was forwarded before.
pub fn forward(
    world: &impl World,
    (tenant, user): (TenantId, UserId),
    cause: ForwardCause,
    times: u8,
    trace: &mut impl Trace,
) -> Option<Onward> {
    let (mut by, mut cause, mut times) = (user, cause, times);
    let mut onward = None;
    while let Some(target) = world.calling_settings(by).and_then(|s| s.target(cause)) {
        if times >= MOST_FORWARDS {
            trace.step("forwarding.limit", || {
                format!("the call was forwarded {times} times: it rings where it stands")
            });
            break;
        }
        let Some(user) = world.user(by).filter(|user| user.tenant == tenant) else { break };
        let Some((destination, line)) = step(world, &user, (cause, target), trace) else {
            break;
        };
        times += 1;
        let (number, operator) = line.map_or((user.number, None), |l| (Some(l.number), l.operator));
        let forwarded = Forwarded { by, number, cause, times, operator };
        onward = Some(Onward { destination, forwarded });
        match destination {
            Destination::User(next) => (by, cause) = (next, ForwardCause::Unconditional),
            _ => break,
        }
    }
    onward
}

/// By what a forwarded call leaves the exchange.
#[derive(Clone, Copy)]
struct Line {
    number: E164,
    operator: Option<OperatorId>,
}

/// One step of it.
fn step(
    world: &impl World,
    user: &UserView,
    (cause, target): (ForwardCause, ForwardTarget),
    trace: &mut impl Trace,
) -> Option<(Destination, Option<Line>)> {
    let (by, tenant) = (user.user, user.tenant);
    let inside = |destination| Some((destination, None));
    let rule = rule_of(cause);
    match target {
        ForwardTarget::Voicemail => {
            let found = world.voice_targets(tenant).and_then(|t| t.voicemail.as_ref());
            match found.filter(|target| target.enabled) {
                Some(target) => {
                    trace.step(rule, || format!("{by} sends it to voicemail {}", target.uri));
                    let play = Play::Voicemail(by);
                    inside(Destination::Target { gateway: target.gateway, play })
                }
                None => {
                    trace.step("forwarding.no_voicemail", || {
                        format!("{by} sends it to voicemail, and the tenant has none")
                    });
                    None
                }
            }
        }
        ForwardTarget::User(other) => {
            if world.user(other).is_none_or(|other| other.tenant != tenant) {
                trace.step("forwarding.target_gone", || {
                    format!("{by} sends it to {other}, who is not there any more")
                });
                return None;
            }
            trace.step(rule, || format!("{by} sends it to user {other}"));
            inside(Destination::User(other))
        }
        ForwardTarget::MyDelegates | ForwardTarget::Group => {
            let which = circle_of(target)?;
            let mut people = 0usize;
            circle(world, by, which, &mut |_| people += 1);
            trace.step(rule, || format!("{by} sends it to {people} people of {}", target.kind()));
            if people == 0 { None } else { inside(Destination::Circle { of: by, which }) }
        }
        ForwardTarget::Number(number) => {
            if let Some(view) = world.number(number).filter(|view| view.tenant == tenant) {
                trace.step(rule, || format!("{by} sends it to {number}, the tenant's own"));
                // Nobody's number is answered as if it had been called.
                let policies = world.has_policies(tenant);
                return match deliver(world, (&view, policies), view.target, trace) {
                    Ok(Destination::User(other)) if other == by => None,
                    Ok(destination) => inside(destination),
                    Err(refusal) => {
                        trace.step("forwarding.refused", || format!("{number}: {refusal}"));
                        None
                    }
                };
            }
            match outside(world, user, number, trace) {
                Ok((line, destination)) => {
                    trace.step(rule, || format!("{by} sends it outside, to {number}"));
                    Some((destination, Some(line)))
                }
                Err(refusal) => {
                    trace.step("forwarding.refused", || format!("{number}: {refusal}"));
                    None
                }
            }
        }
    }
}

const fn rule_of(cause: ForwardCause) -> &'static str {
    match cause {
        ForwardCause::Unconditional => "forwarding.immediate",
        ForwardCause::Unanswered => "forwarding.unanswered",
        ForwardCause::Busy => "forwarding.busy",
        ForwardCause::Unreachable => "forwarding.unreachable",
        ForwardCause::Simultaneous => "forwarding.simultaneous",
    }
}

/// By which way a call leaves that a person forwards outside: as if they had called there
/// themselves, restrictions, voice routes and shared calling included.
fn outside(
    world: &impl World,
    user: &UserView,
    number: E164,
    trace: &mut impl Trace,
) -> Result<(Line, Destination), RouteRefusal> {
    if !user.licensed {
        return Err(RouteRefusal::UserUnlicensed);
    }
    let tenant = user.tenant;
    let policies = world.has_policies(tenant);
    let own = user.number.and_then(|n| world.number(n));
    let holder = Holder { user: Some(user.user), number: own.map(|n| n.number) };
    if policies {
        let home = own.map_or(user.country, |n| n.country);
        restricted(world, tenant, holder, (number, home), trace)?;
    }
    let (own, routed) = match own {
        Some(own) => (own, holder),
        None => {
            let shared = if policies { shared::account(world, user) } else { None };
            let shared = shared.ok_or(RouteRefusal::UserHasNoNumber)?;
            (shared.calls(world, tenant, holder, trace)?, shared.holder())
        }
    };
    let digits = Dialled::Number(number);
    if policies && voice_routed(world, tenant, routed, number, trace)? {
        let line = Line { number: own.number, operator: None };
        return Ok((line, Destination::Gateways { by: Some(routed), digits }));
    }
    if NumberType::of(own.operator) == NumberType::DirectRouting {
        return Err(RouteRefusal::NoVoiceRoute);
    }
    let line = Line { number: own.number, operator: Some(own.operator) };
    Ok((line, Destination::Trunks { profile: own.profile, digits }))
}

const fn circle_of(target: ForwardTarget) -> Option<Circle> {
    match target {
        ForwardTarget::MyDelegates => Some(Circle::MyDelegates),
        ForwardTarget::Group => Some(Circle::Group),
        ForwardTarget::Voicemail | ForwardTarget::Number(_) | ForwardTarget::User(_) => None,
    }
}

/// Calls `each` with everybody who stands for a person and has a phone, which whoever was
/// deactivated has not, in their order.
pub fn circle(world: &impl World, of: UserId, which: Circle, each: &mut dyn FnMut(UserId)) {
    let (Some(settings), Some(owner)) = (world.calling_settings(of), world.user(of)) else {
        return;
    };
    let mut tell = |user: UserId| {
        if world.user(user).is_some_and(|found| found.tenant == owner.tenant && found.phone) {
            each(user);
        }
    };
    match which {
        Circle::MyDelegates => settings.receiving().for_each(&mut tell),
        Circle::Group => settings.call_group.iter().copied().for_each(&mut tell),
    }
}

/// Who rings together with a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alongside {
    /// Colleagues.
    pub people: Vec<UserId>,
    /// A number outside, with the way there.
    pub outside: Option<Onward>,
}

/// Who rings together with a person whose own phones ring. What those forward themselves counts for
/// nothing: each would take the call from all others.
pub fn alongside(
    world: &impl World,
    (tenant, user): (TenantId, UserId),
    times: u8,
    trace: &mut impl Trace,
) -> Alongside {
    let cause = ForwardCause::Simultaneous;
    let mut found = Alongside::default();
    let Some(target) = world.calling_settings(user).and_then(|s| s.target(cause)) else {
        return found;
    };
    let Some(view) = world.user(user).filter(|view| view.tenant == tenant) else { return found };
    match step(world, &view, (cause, target), trace) {
        Some((Destination::User(other), _)) => found.people.push(other),
        Some((Destination::Circle { of, which }, _)) => {
            circle(world, of, which, &mut |other| found.people.push(other));
        }
        Some((Destination::Queue(account), _)) => {
            world.agents(account, &mut |agent| found.people.push(agent));
        }
        Some((
            destination @ (Destination::Trunks { .. } | Destination::Gateways { .. }),
            Some(Line { number, operator }),
        )) if times < MOST_FORWARDS => {
            let (number, times) = (Some(number), times + 1);
            let forwarded = Forwarded { by: user, number, cause, times, operator };
            found.outside = Some(Onward { destination, forwarded });
        }
        Some((
            Destination::Trunks { .. }
            | Destination::Gateways { .. }
            | Destination::Bridge { .. }
            | Destination::Target { .. },
            _,
        ))
        | None => {}
    }
    found.people.retain(|other| *other != user);
    let mut seen: Vec<UserId> = Vec::new();
    found.people.retain(|other| {
        let is_new = !seen.contains(other);
        seen.push(*other);
        is_new
    });
    found
}

/// How long a person's phones ring before the call goes on as unanswered; `None` where it does not.
pub fn ring_seconds(
    world: &impl World,
    (tenant, user): (TenantId, UserId),
    times: u8,
) -> Option<u32> {
    let unanswered = world.calling_settings(user)?.unanswered?;
    forward(world, (tenant, user), ForwardCause::Unanswered, times, &mut NoTrace)?;
    Some(unanswered.delay.seconds())
}

/// Tells what would become of a call that its destination does not take.
pub fn foresee(world: &impl World, route: &Route, trace: &mut impl Trace) {
    let (user, times) = match route.destination {
        Destination::User(user) if route.called_back.is_none() => {
            (user, route.forwarded.map_or(0, |f| f.times))
        }
        _ => return,
    };
    let whom = (route.tenant, user);
    alongside(world, whom, times, trace);
    if let Some(seconds) = ring_seconds(world, whom, times) {
        trace.step("forwarding.delay", || {
            format!("{user} rings for {seconds} seconds, then the call goes on")
        });
    }
    for cause in [ForwardCause::Unanswered, ForwardCause::Busy, ForwardCause::Unreachable] {
        forward(world, whom, cause, times, trace);
    }
}

/// By whose line a person calls, where their phone asks to be shown by another number than their
/// primary: by an alternate line of their own, or on behalf of a colleague by one of that one's. Only
/// delegates who may make calls do that (migration.md 1.4, `MakeCalls`), and nobody for somebody who
/// may not call themselves. Any other number says nothing, as a private line does, by which nobody
/// calls: a phone may be set up with what is long gone.
pub(super) fn asked_line(
    world: &impl World,
    caller: &UserView,
    asked: Option<E164>,
    trace: &mut impl Trace,
) -> Result<Option<(UserId, NumberView)>, RouteRefusal> {
    let Some(asked) = asked.filter(|asked| caller.number != Some(*asked)) else { return Ok(None) };
    let Some(view) = world.number(asked).filter(|view| view.tenant == caller.tenant) else {
        return Ok(None);
    };
    let Some(AssignmentTarget::User(boss)) = view.target else { return Ok(None) };
    if !view.category.calls_out() {
        trace.step("line.private", || {
            format!("{asked} is a private line, by which nobody calls: it says nothing")
        });
        return Ok(None);
    }
    if boss == caller.user {
        if view.category.is_primary() {
            return Ok(None);
        }
        trace.step("line.alternate", || format!("{boss} calls by {asked}, a line of their own"));
        return Ok(Some((boss, view)));
    }
    if !world.calling_settings(boss).is_some_and(|settings| settings.lets_call(caller.user)) {
        return Err(RouteRefusal::NotADelegate);
    }
    if !world.user(boss).is_some_and(|boss| boss.licensed) {
        trace.step("delegation.unlicensed", || {
            format!("{} calls on behalf of {boss}, who holds no telephony licence", caller.user)
        });
        return Err(RouteRefusal::OnBehalfUnlicensed);
    }
    trace.step("delegation.make_calls", || {
        format!("{} calls on behalf of {boss}, by {asked}", caller.user)
    });
    Ok(Some((boss, view)))
}
