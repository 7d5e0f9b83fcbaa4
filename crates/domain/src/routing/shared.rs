//! Calls by people without a number of their own (operator-connect.md 1.13).

use super::{NumberView, Route, RouteRefusal, Trace, UserView, World};
use crate::ids::{TenantId, UserId};
use crate::number::{AssignmentTarget, NumberType};
use crate::policy::{Holder, PolicyKind, PolicyRule, Reserved, SharedCalling, Via};
use numbering::E164;

/// The policy by which somebody calls with an account's number.
pub(super) struct Shared<'w> {
    rule: &'w SharedCalling,
    name: &'w str,
    via: Via,
    /// The account's number.
    pub own: NumberView,
}

/// The shared calling of somebody who has no number, where the account of their policy has one.
pub(super) fn account<'w>(world: &'w impl World, user: &UserView) -> Option<Shared<'w>> {
    let holder = Holder { user: Some(user.user), number: None };
    let kind = PolicyKind::TeamsSharedCallingRoutingPolicy;
    let (policy, via) = world.policy(user.tenant, holder, kind)?;
    let PolicyRule::SharedCalling(rule) = &policy.rule else { return None };
    let (tenant, number) = world.account_number(rule.resource_account)?;
    let own = world.number(number).filter(|own| own.tenant == tenant && tenant == user.tenant)?;
    Some(Shared { rule, name: &policy.name, via, own })
}

impl Shared<'_> {
    /// Whose voice routes the account's calls take.
    pub const fn holder(&self) -> Holder {
        Holder { user: None, number: Some(self.own.number) }
    }

    /// The number for an ordinary call outside. People whose own voice routing policy has PSTN
    /// usages do not call so: they would leave by routes that the account's number is not for.
    ///
    /// # Errors
    /// [`RouteRefusal::UserHasNoNumber`].
    pub fn calls(
        &self,
        world: &impl World,
        tenant: TenantId,
        holder: Holder,
        trace: &mut impl Trace,
    ) -> Result<NumberView, RouteRefusal> {
        let routing = world.policy(tenant, holder, PolicyKind::OnlineVoiceRoutingPolicy);
        let routed = routing.is_some_and(|(policy, _)| match &policy.rule {
            PolicyRule::VoiceRouting(rule) => !rule.usages.is_empty(),
            _ => false,
        });
        let (name, via) = (self.name, self.via.as_str());
        trace.step("policy.shared_calling", || {
            if routed {
                format!("{name:?} ({via}) does not count: a voice routing policy has PSTN usages")
            } else {
                let account = self.rule.resource_account;
                format!("{name:?} ({via}): by {}, the number of {account}", self.own.number)
            }
        });
        if routed { Err(RouteRefusal::UserHasNoNumber) } else { Ok(self.own) }
    }

    /// The number for a call for help: one of the policy's, or the account's where it has none
    /// that the exchange still knows.
    pub fn emergency_number(
        &self,
        world: &impl World,
        caller: UserId,
        reserved: Reserved<'_>,
        trace: &mut impl Trace,
    ) -> NumberView {
        let picked = self.rule.emergency_number(caller, reserved);
        let picked = picked.and_then(|number| world.number(number));
        let usable = |view: &NumberView| {
            view.tenant == self.own.tenant
                && view.country == self.own.country
                && NumberType::of(view.operator) == NumberType::of(self.own.operator)
        };
        let number = picked.filter(usable).unwrap_or(self.own);
        trace.step("emergency.shared_calling", || {
            let (name, via) = (self.name, self.via.as_str());
            let whose = if number.number == self.own.number {
                "the account's number".to_owned()
            } else {
                format!("reserved for {caller} to be called back for an hour")
            };
            let place = match self.own.location {
                Some(location) => format!("; help comes to location {location}"),
                None => String::new(),
            };
            format!("{name:?} ({via}): by {}, {whose}{place}", number.number)
        });
        number
    }

    /// What is reserved by a call for help that goes this way: never the account's number, which
    /// leads to the account.
    pub fn reserves(&self, route: &Route) -> Option<E164> {
        route.number.filter(|number| self.rule.emergency_numbers.contains(number))
    }
}

/// Who called for help by this number within the hour, and is now called back, whatever the rules
/// for callers say. A person whose phone is gone is not: the account answers for them.
pub(super) fn called_back(
    world: &impl World,
    view: &NumberView,
    reserved: Reserved<'_>,
    trace: &mut impl Trace,
) -> Option<UserId> {
    world.emergency_account(view.tenant, view.number)?;
    let caller = reserved.by(view.number).and_then(|id| world.user(id));
    let caller = caller.filter(|user| user.tenant == view.tenant)?;
    trace.step("emergency.called_back", || {
        let (user, number) = (caller.user, view.number);
        if caller.phone {
            format!("{user} called for help by {number} within the hour")
        } else {
            format!("{user} called for help by {number} within the hour, and has no phone now")
        }
    });
    caller.phone.then_some(caller.user)
}

/// The account that answers for a number for emergency calls which rings nobody in particular;
/// `None` where no policy has the number.
pub(super) fn answers(
    world: &impl World,
    view: &NumberView,
    trace: &mut impl Trace,
) -> Option<AssignmentTarget> {
    let account = world.emergency_account(view.tenant, view.number)?;
    trace.step("emergency.number", || {
        format!("{} is for emergency calls: {account} answers for it", view.number)
    });
    Some(AssignmentTarget::ResourceAccount(account))
}

#[cfg(test)]
mod tests;
