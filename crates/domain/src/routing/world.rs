//! What routing may ask, and in what shape it is told.

use crate::calling::{CallingSettings, VoiceTargets};
use crate::emergency::ProfileEmergency;
use crate::ids::{
    BridgeId, CallingProfileId, LocationId, OperatorId, ResourceAccountId, TenantId, TrunkId,
    UserId,
};
use crate::line::AssignmentCategory;
use crate::number::AssignmentTarget;
use crate::policy::{Holder, Policy, PolicyKind, Screening, Via, VoiceRoutes};
use numbering::{Country, E164};

/// A number as routing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberView {
    /// The number.
    pub number: E164,
    /// Its holder.
    pub tenant: TenantId,
    /// Its operator; owners are resolved through a running move before this.
    pub operator: OperatorId,
    /// The trunks that carry it.
    pub profile: CallingProfileId,
    /// Its country.
    pub country: Country,
    /// Where its calls go.
    pub target: Option<AssignmentTarget>,
    /// What it is to the person who has it.
    pub category: AssignmentCategory,
    /// Its emergency location.
    pub location: Option<LocationId>,
}

/// A person as routing sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserView {
    /// The person.
    pub user: UserId,
    /// Their organisation.
    pub tenant: TenantId,
    /// Their primary number, if one is assigned.
    pub number: Option<E164>,
    /// The first of their alternate lines.
    pub alternate: Option<E164>,
    /// Holds a telephony licence.
    pub licensed: bool,
    /// Holds a licence for audio conferencing (operator-connect.md 1.10).
    pub conferencing: bool,
    /// Their country, for what they dial before they have a number.
    pub country: Country,
    /// Has a phone, which whoever was deactivated has not.
    pub phone: bool,
}

/// A trunk as routing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrunkView {
    /// The trunk.
    pub trunk: TrunkId,
    /// Whose it is.
    pub owner: TrunkOwner,
    /// `false` drains: calls that stand live on, new ones go elsewhere.
    pub enabled: bool,
}

/// Whose a trunk is. A tenant's own is a gateway (Direct Routing, design section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkOwner {
    /// An operator's, shared by all its tenants.
    Operator(OperatorId),
    /// A tenant's: good for its numbers and people, and nobody else's.
    Tenant(TenantId, Country),
}

/// An operator that stands in for others, as routing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackView {
    /// Which.
    pub operator: OperatorId,
    /// By which of its profiles.
    pub profile: CallingProfileId,
}

/// A tenant's gateway as routing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayView {
    /// The gateway: a trunk whose owner is the tenant.
    pub gateway: TrunkId,
    /// The country it stands in.
    pub country: Country,
    /// `false` drains.
    pub enabled: bool,
    /// It answers for a conference bridge, and perhaps for nothing else.
    pub bridge: bool,
}

/// A calling profile as one looks for a way to the emergency services of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpView {
    /// The profile.
    pub profile: CallingProfileId,
    /// Whose it is.
    pub operator: OperatorId,
    /// It carries numbers of the country, so its operator serves it.
    pub serves: bool,
    /// One of its trunks at least is in use.
    pub open: bool,
}

/// What routing may ask. The edge answers from its snapshot, `explain` from
/// the control plane's, the simulator from a plan.
pub trait World {
    /// A number of the exchange.
    fn number(&self, number: E164) -> Option<NumberView>;
    /// A person.
    fn user(&self, user: UserId) -> Option<UserView>;
    /// Calls `each` with every agent of a call queue, in their order; `false`
    /// if there is no such account.
    fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool;
    /// A trunk.
    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView>;
    /// Any number of the tenant in a country, or anywhere, for an emergency call by
    /// someone who has none: nobody's private line, which is never shown outside.
    fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView>;
    /// Calls `each` with every calling profile of the exchange, for an emergency call
    /// in a country that cannot leave by a number.
    fn help(&self, country: Country, each: &mut dyn FnMut(HelpView));
    /// Calls `each` with every trunk of a calling profile.
    fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView));
    /// What a calling profile says of emergency calls; `None` where it says nothing.
    fn profile(&self, _profile: CallingProfileId) -> Option<&ProfileEmergency> {
        None
    }
    /// Has the tenant any policy? Asked once a call; where it has none, nothing of what
    /// follows is.
    fn has_policies(&self, _tenant: TenantId) -> bool {
        false
    }
    /// The policy of a kind that holds for somebody of the tenant, and why
    /// ([`crate::policy::effective`]).
    fn policy(
        &self,
        _tenant: TenantId,
        _holder: Holder,
        _kind: PolicyKind,
    ) -> Option<(&Policy, Via)> {
        None
    }
    /// The tenant's rules for callers and for numbers that nobody has.
    fn screening(&self, _tenant: TenantId) -> Option<&Screening> {
        None
    }
    /// The tenant's routes over its gateways.
    fn voice_routes(&self, _tenant: TenantId) -> Option<&VoiceRoutes> {
        None
    }
    /// Calls `each` with every calling profile by which the tenant's calls outside may leave
    /// once the operator of the caller's number cannot carry them, in their order.
    fn fallback(&self, _tenant: TenantId, _each: &mut dyn FnMut(FallbackView)) {}
    /// Calls `each` with every gateway of the tenant that leads to the PSTN.
    fn gateways(&self, _tenant: TenantId, _each: &mut dyn FnMut(GatewayView)) {}
    /// The account of the tenant's shared calling policy that has this number for emergency
    /// calls.
    fn emergency_account(&self, _tenant: TenantId, _number: E164) -> Option<ResourceAccountId> {
        None
    }
    /// The conference bridge whose number this is, with the tenant it is of.
    fn bridge_of(&self, _number: E164) -> Option<(TenantId, BridgeId)> {
        None
    }
    /// Calls `each` with every gateway that answers a bridge's calls; `false` if the tenant
    /// has no such bridge.
    fn bridge_gateways(
        &self,
        _tenant: TenantId,
        _bridge: BridgeId,
        _each: &mut dyn FnMut(TrunkId),
    ) -> bool {
        false
    }
    /// How a person's calls are forwarded, and who acts for them; `None` where they never said.
    fn calling_settings(&self, _user: UserId) -> Option<&CallingSettings> {
        None
    }
    /// What plays and records for the tenant.
    fn voice_targets(&self, _tenant: TenantId) -> Option<&VoiceTargets> {
        None
    }
    /// The number of a call queue or attendant, with the tenant it is of.
    fn account_number(&self, _account: ResourceAccountId) -> Option<(TenantId, E164)> {
        None
    }
}
