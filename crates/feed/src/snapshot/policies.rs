//! Policies in memory: as they came, to be written again, and ready to be used, made
//! so when they come. A call finds them compiled.

use crate::kept::Kept;
use crate::record::{
    GroupMembersRecord, PolicyAssignmentRecord, PolicyRecord, ScreeningRecord, VoiceRoutingRecord,
};
use domain::emergency::DialString;
use domain::policy::{
    Policy, PolicyBody, PolicyTarget, Screening, ScreeningRules, TenantPolicies, VoiceRoutes,
    VoiceRoutingRules,
};
use domain::{GroupId, IdMap, PolicyId, TenantId, UserId};
use numbering::E164;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a tenant has.
#[derive(Clone, Debug, Default)]
struct Own {
    ready: TenantPolicies,
    records: IdMap<PolicyId, PolicyRecord>,
    /// By target and kind; a group has one rank only, so that it is no part of the key.
    assignments: BTreeMap<(Whom, String), PolicyAssignmentRecord>,
    members: BTreeMap<GroupId, BTreeSet<UserId>>,
    screening: Option<ScreeningRecord>,
    voice_routing: Option<VoiceRoutingRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whom {
    Global,
    Group(GroupId),
    User(UserId),
    Number(E164),
    /// Whom only a newer version knows.
    Other(String),
}

impl Whom {
    fn of(target: &Kept<PolicyTarget>) -> Self {
        match target.known() {
            Some(PolicyTarget::Global) => Self::Global,
            Some(PolicyTarget::Group { group, .. }) => Self::Group(*group),
            Some(PolicyTarget::User(user)) => Self::User(*user),
            Some(PolicyTarget::Number(number)) => Self::Number(*number),
            None => Self::Other(target.text()),
        }
    }
}

impl Own {
    fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.assignments.is_empty()
            && self.members.is_empty()
            && self.screening.is_none()
            && self.voice_routing.is_none()
    }
}

/// Everybody's policies. A tenant that has none is not in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    of: IdMap<TenantId, Arc<Own>>,
}

impl Policies {
    fn change(&mut self, tenant: TenantId, change: impl FnOnce(&mut Own)) {
        let own = self.of.entry(tenant).or_default();
        change(Arc::make_mut(own));
        if own.is_empty() {
            self.of.remove(&tenant);
        }
    }

    pub(super) fn ready(&self, tenant: TenantId) -> Option<&TenantPolicies> {
        if self.of.is_empty() {
            return None;
        }
        self.of.get(&tenant).map(|own| &own.ready)
    }

    /// One that cannot be used, since only a newer version knows its kind or how to read
    /// it, is kept and has no effect.
    pub(super) fn put(&mut self, record: &PolicyRecord) {
        self.change(record.tenant, |own| {
            match record.body.known().map(PolicyBody::ready) {
                Some(Ok(rule)) => {
                    own.ready.put(Policy { id: record.id, name: record.name.clone(), rule });
                }
                Some(Err(_)) | None => own.ready.remove(record.id),
            }
            own.records.insert(record.id, record.clone());
        });
    }

    pub(super) fn remove(&mut self, tenant: TenantId, id: PolicyId) {
        self.change(tenant, |own| {
            own.ready.remove(id);
            own.records.remove(&id);
        });
    }

    pub(super) fn assign(&mut self, record: &PolicyAssignmentRecord) {
        self.change(record.tenant, |own| {
            if let (Some(kind), Some(target)) = (record.kind(), record.target.known()) {
                own.ready.assign(kind, *target, record.policy);
            }
            let key = (Whom::of(&record.target), record.kind.clone());
            if record.policy.is_some() {
                own.assignments.insert(key, record.clone());
            } else {
                own.assignments.remove(&key);
            }
        });
    }

    pub(super) fn members(&mut self, record: &GroupMembersRecord) {
        self.change(record.tenant, |own| {
            own.ready.join(record.group, &record.joined);
            own.ready.leave(record.group, &record.left);
            let members = own.members.entry(record.group).or_default();
            members.extend(record.joined.iter().copied());
            for user in &record.left {
                members.remove(user);
            }
            if members.is_empty() {
                own.members.remove(&record.group);
            }
        });
    }

    pub(super) fn disband(&mut self, tenant: TenantId, group: GroupId) {
        self.change(tenant, |own| {
            own.ready.disband(group);
            own.members.remove(&group);
            own.assignments.retain(|(whom, _), _| *whom != Whom::Group(group));
        });
    }

    pub(super) fn screen(&mut self, record: &ScreeningRecord) {
        self.change(record.tenant, |own| {
            let rules = record.rules.known();
            let ready = rules.and_then(|rules| Screening::new(rules).ok());
            own.ready.screen(ready.unwrap_or_default());
            let is_empty = rules.is_some_and(ScreeningRules::is_empty);
            own.screening = (!is_empty).then(|| record.clone());
        });
    }

    pub(super) fn route(&mut self, record: &VoiceRoutingRecord) {
        self.change(record.tenant, |own| {
            let rules = record.rules.known();
            let ready = rules.and_then(|rules| VoiceRoutes::new(rules).ok());
            own.ready.route(ready.unwrap_or_default());
            let is_empty = rules.is_some_and(VoiceRoutingRules::is_empty);
            own.voice_routing = (!is_empty).then(|| record.clone());
        });
    }

    pub(super) fn forget_number(&mut self, tenant: TenantId, number: E164) {
        let Some(own) = self.of.get(&tenant) else { return };
        let from = (Whom::Number(number), String::new());
        let of_it = own.assignments.range(from..).map(|(key, _)| key.clone());
        let of_it: Vec<_> = of_it.take_while(|(whom, _)| *whom == Whom::Number(number)).collect();
        if !of_it.is_empty() {
            self.change(tenant, |own| {
                own.ready.forget_number(number);
                for key in &of_it {
                    own.assignments.remove(key);
                }
            });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &PolicyRecord> {
        self.of.values().flat_map(|own| own.records.values())
    }

    /// What is dialled for help by policies alone.
    pub(super) fn dial_strings(&self) -> impl Iterator<Item = DialString> {
        self.records().filter_map(|record| record.body.known()).flat_map(|body| {
            let numbers = match body {
                PolicyBody::TeamsEmergencyCallRoutingPolicy(rule) => &rule.numbers[..],
                _ => &[],
            };
            numbers.iter().flat_map(|n| n.masks.iter().copied().chain([n.dial_string]))
        })
    }

    pub(super) fn screening(&self) -> impl Iterator<Item = &ScreeningRecord> {
        self.of.values().filter_map(|own| own.screening.as_ref())
    }

    pub(super) fn voice_routing(&self) -> impl Iterator<Item = &VoiceRoutingRecord> {
        self.of.values().filter_map(|own| own.voice_routing.as_ref())
    }

    pub(super) fn assignments(&self) -> impl Iterator<Item = PolicyAssignmentRecord> {
        self.of.values().flat_map(|own| own.assignments.values().cloned())
    }

    pub(super) fn memberships(&self) -> impl Iterator<Item = GroupMembersRecord> {
        self.of.iter().flat_map(|(tenant, own)| {
            own.members.iter().map(|(group, members)| GroupMembersRecord {
                tenant: *tenant,
                group: *group,
                joined: members.iter().copied().collect(),
                left: Vec::new(),
            })
        })
    }
}
