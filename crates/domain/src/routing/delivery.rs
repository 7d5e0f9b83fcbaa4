//! Who answers for a number: whoever has it, what stands in where nobody does, and what the tenant's
//! rules make of a caller.

use super::{
    Destination, Forwarded, NumberView, Onward, Play, RouteRefusal, Trace, World, forward,
};
use crate::calling::ForwardCause;
use crate::ids::{TenantId, UserId};
use crate::number::AssignmentTarget;
use crate::policy::{Redirect, TreatmentTarget, Verdict};

/// What the tenant's rules do with a caller: refuse it or send it elsewhere; `None` where
/// it passes.
pub(super) fn screened<'w>(
    world: &'w impl World,
    tenant: TenantId,
    caller: &str,
    trace: &mut impl Trace,
) -> Option<Result<Redirect<'w>, RouteRefusal>> {
    match world.screening(tenant)?.caller(caller) {
        Verdict::Pass => None,
        Verdict::Exempt { rule } => {
            trace.step("screening.exempt", || format!("{caller} is let in by exception {rule:?}"));
            None
        }
        Verdict::Blocked { rule, redirect_to } => {
            trace.step("screening.blocked", || match redirect_to {
                Some(Redirect::ResourceAccount(account)) => {
                    format!("{caller} is sent to {account} by {rule:?}")
                }
                Some(Redirect::Announcement(name)) => {
                    format!("{caller} hears announcement {name:?} by {rule:?}")
                }
                None => format!("{caller} is blocked by {rule:?}"),
            });
            Some(redirect_to.ok_or(RouteRefusal::CallerBlocked))
        }
    }
}

/// Whom a call is for, and where it goes.
pub(super) struct Delivered {
    pub called: Option<UserId>,
    pub destination: Destination,
    pub forwarded: Option<Forwarded>,
}

/// Where a call to a number goes, after what the person who has it forwards.
pub(super) fn delivered(
    world: &impl World,
    number: (&NumberView, bool),
    target: Option<AssignmentTarget>,
    diversions: u8,
    trace: &mut impl Trace,
) -> Result<Delivered, RouteRefusal> {
    let tenant = number.0.tenant;
    let destination = deliver(world, number, target, trace)?;
    let Destination::User(user) = destination else {
        return Ok(Delivered { called: None, destination, forwarded: None });
    };
    let cause = ForwardCause::Unconditional;
    Ok(match forward(world, (tenant, user), cause, diversions, trace) {
        Some(Onward { destination, forwarded }) => {
            Delivered { called: Some(user), destination, forwarded: Some(forwarded) }
        }
        None => Delivered { called: Some(user), destination, forwarded: None },
    })
}

pub(super) fn deliver(
    world: &impl World,
    (view, policies): (&NumberView, bool),
    target: Option<AssignmentTarget>,
    trace: &mut impl Trace,
) -> Result<Destination, RouteRefusal> {
    // A bridge's number is assigned, though to nobody that a call could be handed to.
    let of_bridge = target.is_none().then(|| world.bridge_of(view.number)).flatten();
    if let Some((_, bridge)) = of_bridge.filter(|(tenant, _)| *tenant == view.tenant) {
        trace.step("number.conference", || {
            format!("{} is a number of conference bridge {bridge}", view.number)
        });
        return Ok(Destination::Bridge { bridge, number: view.number });
    }
    let answers = if policies && target.is_none() {
        super::shared::answers(world, view, trace)
    } else {
        target
    };
    let target = match answers {
        None if policies => match treated(world, view, trace) {
            Some(TreatmentTarget::Announcement(name)) => {
                let found = announced(world, view.tenant, name, trace);
                return found.ok_or(RouteRefusal::NumberUnassigned);
            }
            Some(TreatmentTarget::User(user)) => Some(AssignmentTarget::User(*user)),
            Some(TreatmentTarget::ResourceAccount(account)) => {
                Some(AssignmentTarget::ResourceAccount(*account))
            }
            None => None,
        },
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

/// What answers for a number that nobody has.
fn treated<'w>(
    world: &'w impl World,
    view: &NumberView,
    trace: &mut impl Trace,
) -> Option<&'w TreatmentTarget> {
    let called = view.number.to_string();
    let (rule, target) = world.screening(view.tenant)?.unassigned(&called)?;
    trace.step("screening.unassigned", || {
        format!("{called} is assigned to nobody: {rule:?} answers for it")
    });
    Some(target)
}

/// One of the tenant's announcements; `None` where it is not there, or has no effect.
pub(super) fn announced(
    world: &impl World,
    tenant: TenantId,
    name: &str,
    trace: &mut impl Trace,
) -> Option<Destination> {
    let found = world.voice_targets(tenant).and_then(|targets| targets.announcement(name));
    trace.step("announcement", || match found {
        Some((_, target)) => format!("{name:?} is played from {}", target.uri),
        None => format!("there is no announcement {name:?} in effect"),
    });
    let (place, target) = found?;
    Some(Destination::Target { gateway: target.gateway, play: Play::Announcement(place) })
}
