//! Policies of a tenant: named settings that hold for a number, a person, a group of
//! people or everybody (operator-connect.md sections 1.7.3 and 5).
//!
//! Which one holds is decided by [`effective`] alone, for the edge, for `explain` and
//! for the page.

mod caller_id;
mod dial_out;
mod dial_plan;
mod emergency;
mod pattern;
mod screening;
mod shared_calling;
mod voice_routing;

pub use caller_id::{CallerId, Hide, MOST_COMPANY, Substitute};
pub use dial_out::{DialOut, Reach};
pub use dial_plan::{DialPlan, MOST_NAME, MOST_RULES, NormalizationRule, Translated};
pub use emergency::{
    EmergencyCallRouting, EmergencyCalling, EmergencyNumber, ExtendedNotification, MOST_DISCLAIMER,
    MOST_EMERGENCY_NUMBERS, MOST_NOTIFIED, MOST_NOTIFIED_PEOPLE, NotificationMode, Notify,
    is_mail_address,
};
pub use pattern::{MOST_PATTERN, Pattern, PatternError};
pub use screening::{
    BlockedNumbers, ExemptNumbers, MOST_ENTRIES, Redirect, Screening, ScreeningRules,
    TreatmentTarget, UnassignedTreatment, Verdict,
};
pub use shared_calling::{
    CALLBACK_US, MOST_SHARED_NUMBERS, Reserved, SharedCalling, SharedNumber, SharedRefusal,
    check_account, check_emergency_number,
};
pub use voice_routing::{
    MOST_ROUTE_GATEWAYS, MOST_ROUTES, MOST_USAGES, Tier, VoiceRoute, VoiceRouteRule, VoiceRoutes,
    VoiceRouting, VoiceRoutingRules,
};

use crate::{GroupId, IdMap, PolicyId, ResourceAccountId, UserId};
use numbering::E164;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a policy is about. Of each kind one at most holds for anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PolicyKind {
    /// What people dial, made numbers.
    TenantDialPlan,
    /// What callers are shown by.
    CallingLineIdentity,
    /// Whom people may call outside.
    OnlineDialOutPolicy,
    /// By which of the tenant's own gateways calls outside leave.
    OnlineVoiceRoutingPolicy,
    /// By which number of a bridge meetings call out.
    OnlineAudioConferencingRoutingPolicy,
    /// Who is told that somebody calls for help.
    TeamsEmergencyCallingPolicy,
    /// How calls for help leave by the tenant's own gateways.
    TeamsEmergencyCallRoutingPolicy,
    /// By which account's number people without one of their own call outside.
    TeamsSharedCallingRoutingPolicy,
}

impl PolicyKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::TenantDialPlan,
        Self::CallingLineIdentity,
        Self::OnlineDialOutPolicy,
        Self::OnlineVoiceRoutingPolicy,
        Self::OnlineAudioConferencingRoutingPolicy,
        Self::TeamsEmergencyCallingPolicy,
        Self::TeamsEmergencyCallRoutingPolicy,
        Self::TeamsSharedCallingRoutingPolicy,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantDialPlan => "TenantDialPlan",
            Self::CallingLineIdentity => "CallingLineIdentity",
            Self::OnlineDialOutPolicy => "OnlineDialOutPolicy",
            Self::OnlineVoiceRoutingPolicy => "OnlineVoiceRoutingPolicy",
            Self::OnlineAudioConferencingRoutingPolicy => "OnlineAudioConferencingRoutingPolicy",
            Self::TeamsEmergencyCallingPolicy => "TeamsEmergencyCallingPolicy",
            Self::TeamsEmergencyCallRoutingPolicy => "TeamsEmergencyCallRoutingPolicy",
            Self::TeamsSharedCallingRoutingPolicy => "TeamsSharedCallingRoutingPolicy",
        }
    }

    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

const KINDS: usize = PolicyKind::ALL.len();

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct PolicyError {
    /// Which field, as `rules/3/pattern`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl PolicyError {
    fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// A name on one line, trimmed; `None` if it is empty or too long.
fn name(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let good = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}

fn name_reason(most: usize) -> String {
    format!("it is 1 to {most} characters long, on one line")
}

/// What a policy says, as it is kept and sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum PolicyBody {
    /// [`PolicyKind::TenantDialPlan`]
    TenantDialPlan {
        /// The first that matches counts.
        rules: Vec<NormalizationRule>,
    },
    /// [`PolicyKind::CallingLineIdentity`]
    CallingLineIdentity(CallerId),
    /// [`PolicyKind::OnlineDialOutPolicy`]
    OnlineDialOutPolicy(DialOut),
    /// [`PolicyKind::OnlineVoiceRoutingPolicy`]
    OnlineVoiceRoutingPolicy(VoiceRouting),
    /// [`PolicyKind::OnlineAudioConferencingRoutingPolicy`]
    OnlineAudioConferencingRoutingPolicy(VoiceRouting),
    /// [`PolicyKind::TeamsEmergencyCallingPolicy`]
    TeamsEmergencyCallingPolicy(EmergencyCalling),
    /// [`PolicyKind::TeamsEmergencyCallRoutingPolicy`]
    TeamsEmergencyCallRoutingPolicy(EmergencyCallRouting),
    /// [`PolicyKind::TeamsSharedCallingRoutingPolicy`]
    TeamsSharedCallingRoutingPolicy(SharedCalling),
}

/// What a policy says, ready to be used.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyRule {
    /// Makes numbers of what is dialled.
    DialPlan(DialPlan),
    /// Shows callers.
    CallerId(CallerId),
    /// Restricts calls outside.
    DialOut(DialOut),
    /// Leads calls outside over the tenant's gateways.
    VoiceRouting(VoiceRouting),
    /// Lets meetings call out by a bridge's number.
    ConferenceRouting(VoiceRouting),
    /// Tells a security desk of calls for help.
    EmergencyCalling(EmergencyCalling),
    /// Leads calls for help over the tenant's gateways.
    EmergencyCallRouting(EmergencyCallRouting),
    /// Lets people call by an account's number.
    SharedCalling(SharedCalling),
}

impl PolicyBody {
    /// Its kind.
    pub const fn kind(&self) -> PolicyKind {
        match self {
            Self::TenantDialPlan { .. } => PolicyKind::TenantDialPlan,
            Self::CallingLineIdentity(_) => PolicyKind::CallingLineIdentity,
            Self::OnlineDialOutPolicy(_) => PolicyKind::OnlineDialOutPolicy,
            Self::OnlineVoiceRoutingPolicy(_) => PolicyKind::OnlineVoiceRoutingPolicy,
            Self::OnlineAudioConferencingRoutingPolicy(_) => {
                PolicyKind::OnlineAudioConferencingRoutingPolicy
            }
            Self::TeamsEmergencyCallingPolicy(_) => PolicyKind::TeamsEmergencyCallingPolicy,
            Self::TeamsEmergencyCallRoutingPolicy(_) => PolicyKind::TeamsEmergencyCallRoutingPolicy,
            Self::TeamsSharedCallingRoutingPolicy(_) => PolicyKind::TeamsSharedCallingRoutingPolicy,
        }
    }

    /// Makes it ready.
    ///
    /// # Errors
    /// Which field is wrong, and why.
    pub fn ready(&self) -> Result<PolicyRule, PolicyError> {
        match self {
            Self::TenantDialPlan { rules } => DialPlan::new(rules).map(PolicyRule::DialPlan),
            Self::CallingLineIdentity(policy) => {
                policy.check().map(|()| PolicyRule::CallerId(policy.clone()))
            }
            Self::OnlineDialOutPolicy(policy) => Ok(PolicyRule::DialOut(*policy)),
            Self::OnlineVoiceRoutingPolicy(policy) => {
                policy.check().map(|()| PolicyRule::VoiceRouting(policy.clone()))
            }
            Self::OnlineAudioConferencingRoutingPolicy(policy) => {
                policy.check().map(|()| PolicyRule::ConferenceRouting(policy.clone()))
            }
            Self::TeamsEmergencyCallingPolicy(policy) => {
                policy.check().map(|()| PolicyRule::EmergencyCalling(policy.clone()))
            }
            Self::TeamsEmergencyCallRoutingPolicy(policy) => {
                policy.check().map(|()| PolicyRule::EmergencyCallRouting(policy.clone()))
            }
            Self::TeamsSharedCallingRoutingPolicy(policy) => {
                policy.check().map(|()| PolicyRule::SharedCalling(policy.clone()))
            }
        }
    }
}

/// For whom a policy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyTarget {
    /// Everybody of the tenant.
    Global,
    /// The people of a group; of several groups the lowest rank counts.
    Group {
        /// Which.
        group: GroupId,
        /// Its rank, of this kind its own.
        rank: u32,
    },
    /// One person.
    User(UserId),
    /// Calls of one number.
    Number(E164),
}

/// Why a policy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// It is assigned to the number.
    Number(E164),
    /// It is assigned to the person.
    Direct,
    /// It is assigned to a group of theirs.
    Group {
        /// Which.
        group: GroupId,
        /// Of which rank.
        rank: u32,
    },
    /// It holds for everybody.
    Global,
}

impl Via {
    /// The field's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number(_) => "number",
            Self::Direct => "direct",
            Self::Group { .. } => "group",
            Self::Global => "global",
        }
    }
}

/// Which of the policies of one kind holds: the number's, since it is the narrowest
/// (the field publishes no order for it), before the person's own, before that of their
/// group of the lowest rank, before everybody's.
pub fn effective<P: Copy>(
    number: Option<(E164, P)>,
    direct: Option<P>,
    groups: impl IntoIterator<Item = (GroupId, u32, P)>,
    global: Option<P>,
) -> Option<(P, Via)> {
    if let Some((number, policy)) = number {
        return Some((policy, Via::Number(number)));
    }
    if let Some(policy) = direct {
        return Some((policy, Via::Direct));
    }
    let first = groups.into_iter().min_by_key(|(group, rank, _)| (*rank, *group));
    match first {
        Some((group, rank, policy)) => Some((policy, Via::Group { group, rank })),
        None => global.map(|policy| (policy, Via::Global)),
    }
}

/// A policy, ready to be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Identity.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    /// What it says.
    pub rule: PolicyRule,
}

/// Whose policy is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The person.
    pub user: Option<UserId>,
    /// The number that they call by, or are called by.
    pub number: Option<E164>,
}

type OfKinds<T> = [Option<T>; KINDS];

/// All policies of a tenant with those for whom they hold, as an edge keeps them.
#[derive(Clone, Debug, Default)]
pub struct TenantPolicies {
    policies: IdMap<PolicyId, Arc<Policy>>,
    global: OfKinds<PolicyId>,
    groups: IdMap<GroupId, OfKinds<(u32, PolicyId)>>,
    members: IdMap<UserId, Vec<GroupId>>,
    direct: IdMap<UserId, OfKinds<PolicyId>>,
    numbers: IdMap<E164, OfKinds<PolicyId>>,
    screening: Arc<Screening>,
    voice_routes: Arc<VoiceRoutes>,
}

impl TenantPolicies {
    /// Adds or replaces a policy.
    pub fn put(&mut self, policy: Policy) {
        self.policies.insert(policy.id, Arc::new(policy));
    }

    /// Takes a policy away; what refers to it has no effect.
    pub fn remove(&mut self, id: PolicyId) {
        self.policies.remove(&id);
    }

    /// Lets a policy hold for a target, or none.
    pub fn assign(&mut self, kind: PolicyKind, target: PolicyTarget, policy: Option<PolicyId>) {
        fn set<K: std::hash::Hash + Eq + Copy, T>(
            of: &mut IdMap<K, OfKinds<T>>,
            key: K,
            kind: PolicyKind,
            value: Option<T>,
        ) {
            let kinds = of.entry(key).or_insert_with(|| [const { None }; KINDS]);
            kinds[kind as usize] = value;
            if kinds.iter().all(Option::is_none) {
                of.remove(&key);
            }
        }
        match target {
            PolicyTarget::Global => self.global[kind as usize] = policy,
            PolicyTarget::Group { group, rank } => {
                set(&mut self.groups, group, kind, policy.map(|policy| (rank, policy)));
            }
            PolicyTarget::User(user) => set(&mut self.direct, user, kind, policy),
            PolicyTarget::Number(number) => set(&mut self.numbers, number, kind, policy),
        }
    }

    /// Takes people into a group.
    pub fn join(&mut self, group: GroupId, people: &[UserId]) {
        for user in people {
            let groups = self.members.entry(*user).or_default();
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
    }

    /// Takes people out of a group.
    pub fn leave(&mut self, group: GroupId, people: &[UserId]) {
        for user in people {
            if let Some(groups) = self.members.get_mut(user) {
                groups.retain(|other| *other != group);
                if groups.is_empty() {
                    self.members.remove(user);
                }
            }
        }
    }

    /// A group is gone, with its assignments.
    pub fn disband(&mut self, group: GroupId) {
        self.groups.remove(&group);
        self.members.retain(|_, groups| {
            groups.retain(|other| *other != group);
            !groups.is_empty()
        });
    }

    /// Forgets what was assigned to a number.
    pub fn forget_number(&mut self, number: E164) {
        self.numbers.remove(&number);
    }

    /// Replaces the rules for callers and for numbers that nobody has.
    pub fn screen(&mut self, screening: Screening) {
        self.screening = Arc::new(screening);
    }

    /// The rules for callers and for numbers that nobody has.
    pub fn screening(&self) -> &Screening {
        &self.screening
    }

    /// Replaces the routes over the tenant's gateways.
    pub fn route(&mut self, routes: VoiceRoutes) {
        self.voice_routes = Arc::new(routes);
    }

    /// The routes over the tenant's gateways.
    pub fn voice_routes(&self) -> &VoiceRoutes {
        &self.voice_routes
    }

    /// A policy.
    pub fn policy(&self, id: PolicyId) -> Option<&Policy> {
        self.policies.get(&id).map(|policy| &**policy)
    }

    /// The policy of a kind that holds for somebody, and why.
    pub fn effective(&self, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
        let at = kind as usize;
        let number = holder
            .number
            .filter(|_| !self.numbers.is_empty())
            .and_then(|number| Some((number, self.numbers.get(&number)?[at]?)));
        let direct = holder
            .user
            .filter(|_| !self.direct.is_empty())
            .and_then(|user| self.direct.get(&user)?[at]);
        let memberships = holder
            .user
            .filter(|_| !self.groups.is_empty())
            .and_then(|user| self.members.get(&user))
            .map_or(&[][..], Vec::as_slice);
        let groups = memberships.iter().filter_map(|group| {
            let (rank, policy) = self.groups.get(group)?[at]?;
            Some((*group, rank, policy))
        });
        let (id, via) = effective(number, direct, groups, self.global[at])?;
        Some((self.policy(id)?, via))
    }

    /// The account of the shared calling policy that has a number for emergency calls.
    pub fn emergency_account(&self, number: E164) -> Option<ResourceAccountId> {
        self.policies.values().find_map(|policy| match &policy.rule {
            PolicyRule::SharedCalling(rule) if rule.emergency_numbers.contains(&number) => {
                Some(rule.resource_account)
            }
            _ => None,
        })
    }

    /// There is nothing that could change a call.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
            && self.members.is_empty()
            && !self.screening.screens_callers()
            && !self.screening.treats_unassigned()
            && self.voice_routes.is_empty()
    }
}

#[cfg(test)]
mod tests;
