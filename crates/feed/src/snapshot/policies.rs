//! Policies in memory: as they came, to be written again, and ready to be used, made
//! so when they come. A call finds them compiled.

use crate::record::{GroupMembersRecord, PolicyAssignmentRecord, PolicyRecord, ScreeningRecord};
use domain::policy::{Policy, PolicyTarget, Screening, TenantPolicies};
use domain::{GroupId, IdMap, PolicyId, TenantId, UserId};
use numbering::E164;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a tenant has.
#[derive(Clone, Debug, Default)]
struct Own {
    ready: TenantPolicies,
    records: IdMap<PolicyId, PolicyRecord>,
    /// By kind and target; a group has one rank only, so that it is no part of the key.
    assignments: BTreeMap<(String, Whom), (PolicyTarget, PolicyId)>,
    members: BTreeMap<GroupId, BTreeSet<UserId>>,
    screening: Option<ScreeningRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whom {
    Global,
    Group(GroupId),
    User(UserId),
    Number(E164),
}

impl Whom {
    const fn of(target: PolicyTarget) -> Self {
        match target {
            PolicyTarget::Global => Self::Global,
            PolicyTarget::Group { group, .. } => Self::Group(group),
            PolicyTarget::User(user) => Self::User(user),
            PolicyTarget::Number(number) => Self::Number(number),
        }
    }
}

impl Own {
    fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.assignments.is_empty()
            && self.members.is_empty()
            && self.screening.is_none()
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
            match record.body.ready() {
                Ok(rule) => {
                    own.ready.put(Policy { id: record.id, name: record.name.clone(), rule });
                }
                Err(_) => own.ready.remove(record.id),
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
            if let Some(kind) = record.kind() {
                own.ready.assign(kind, record.target, record.policy);
            }
            let key = (record.kind.clone(), Whom::of(record.target));
            match record.policy {
                Some(policy) => {
                    own.assignments.insert(key, (record.target, policy));
                }
                None => {
                    own.assignments.remove(&key);
                }
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
            own.assignments.retain(|(_, whom), _| *whom != Whom::Group(group));
        });
    }

    pub(super) fn screen(&mut self, record: &ScreeningRecord) {
        self.change(record.tenant, |own| {
            own.ready.screen(Screening::new(&record.rules).unwrap_or_default());
            own.screening = (!record.rules.is_empty()).then(|| record.clone());
        });
    }

    pub(super) fn forget_number(&mut self, tenant: TenantId, number: E164) {
        let known = self.of.get(&tenant).is_some_and(|own| {
            own.assignments.keys().any(|(_, whom)| *whom == Whom::Number(number))
        });
        if known {
            self.change(tenant, |own| {
                own.ready.forget_number(number);
                own.assignments.retain(|(_, whom), _| *whom != Whom::Number(number));
            });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &PolicyRecord> {
        self.of.values().flat_map(|own| own.records.values())
    }

    pub(super) fn screening(&self) -> impl Iterator<Item = &ScreeningRecord> {
        self.of.values().filter_map(|own| own.screening.as_ref())
    }

    pub(super) fn assignments(&self) -> impl Iterator<Item = PolicyAssignmentRecord> {
        self.of.iter().flat_map(|(tenant, own)| {
            own.assignments.iter().map(|((kind, _), (target, policy))| PolicyAssignmentRecord {
                tenant: *tenant,
                kind: kind.clone(),
                target: *target,
                policy: Some(*policy),
            })
        })
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
