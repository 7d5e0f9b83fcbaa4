//! The snapshot in memory.

mod world;

use super::WorldRecords;
use super::bridges::Bridges;
use super::policies::Policies;
use crate::change::{Change, ChangeEntry, Position};
use crate::numbers::NumberBase;
use crate::record::{
    BridgeNumberRecord, BridgeRecord, CallingProfileRecord, CallingSettingsRecord, EdgeKey,
    FallbackRecord, GatewayRecord, GroupMembersRecord, NumberRecord, OperatorRecord,
    PhoneCredential, PolicyAssignmentRecord, PolicyRecord, QueueRecord, ScreeningRecord,
    TenantRecord, TrunkRecord, UserRecord, VoiceRoutingRecord, VoiceTargetsRecord,
};
use domain::calling::{CallingSettings, VoiceTargets};
use domain::emergency::{DialString, ProfileEmergency};
use domain::policy::{
    Holder, Policy, PolicyBody, PolicyKind, PolicyRule, Screening, Via, VoiceRoutes,
};
use domain::routing::{
    FallbackView, GatewayView, HelpView, NumberView, TrunkOwner, TrunkView, UserView, World,
};
use domain::trusted::{IpPrefix, TrustedNetwork};
use domain::{
    BridgeId, CallingProfileId, IdMap, OperatorId, PolicyId, ResourceAccountId, TenantId, TrunkId,
    UserId,
};
use numbering::{Country, E164};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Changes of numbers kept above the base before both are folded into a new base.
const OVERLAY_MIN: usize = 8192;

/// Did an entry change anything?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was applied.
    Changed,
    /// It was news for others; only the position moved.
    Passed,
    /// It was known already.
    Old,
}

/// All an edge knows. Cloning is cheap: the tables are shared, and a change
/// copies only the table it touches, so a new version can be published to the
/// threads that carry calls while they go on with the old one.
#[derive(Clone, Debug)]
pub struct Snapshot {
    position: Position,
    created_at_us: i64,
    operators: Arc<IdMap<OperatorId, OperatorRecord>>,
    trunks: Arc<Trunks>,
    profiles: Arc<IdMap<CallingProfileId, CallingProfileRecord>>,
    /// What is dialled for help beside the countries' numbers, by anybody's profile or policy.
    dial_strings: Arc<HashSet<DialString>>,
    tenants: Arc<Tenants>,
    users: Arc<Users>,
    queues: Arc<IdMap<ResourceAccountId, QueueRecord>>,
    keys: Arc<Vec<EdgeKey>>,
    policies: Arc<Policies>,
    /// Tenants that named operators to stand in for others.
    fallback: Arc<IdMap<TenantId, FallbackRecord>>,
    bridges: Arc<Bridges>,
    /// People who set something.
    calling: Arc<IdMap<UserId, Arc<CallingSettingsRecord>>>,
    voice_targets: Arc<IdMap<TenantId, VoiceTargetsRecord>>,
    base: Arc<NumberBase>,
    overlay: Arc<BTreeMap<u64, Option<NumberRecord>>>,
}

#[derive(Clone, Debug, Default)]
struct Trunks {
    /// Operators' and gateways.
    by_id: IdMap<TrunkId, TrunkRecord>,
    by_source: IdMap<IpAddr, Vec<TrunkId>>,
    /// Which of them are gateways.
    gateways: IdMap<TrunkId, Gateway>,
    /// In the order of their ids.
    of_tenant: IdMap<TenantId, BTreeSet<TrunkId>>,
}

/// Whose, where, and what it leads to.
#[derive(Clone, Copy, Debug)]
struct Gateway {
    tenant: TenantId,
    country: Country,
    voice_app: bool,
}

#[derive(Clone, Debug, Default)]
struct Tenants {
    by_id: IdMap<TenantId, TenantRecord>,
    by_domain: HashMap<String, TenantId>,
    /// Whose networks these are; two tenants may sit behind one address.
    by_network: HashMap<IpPrefix, Vec<TenantId>>,
    /// How many bits the networks have.
    network_bits: BTreeSet<u8>,
}

#[derive(Clone, Debug, Default)]
struct Users {
    by_id: IdMap<UserId, Arc<UserRecord>>,
    by_phone: IdMap<TenantId, HashMap<String, UserId>>,
}

impl Snapshot {
    /// From the control plane's records.
    pub fn from_records(mut world: WorldRecords) -> Self {
        let mut numbers = std::mem::take(&mut world.numbers);
        // Of a number given twice the later record counts, as with changes.
        numbers.reverse();
        numbers.sort_by_key(|n| n.number);
        numbers.dedup_by_key(|n| n.number);
        let base = NumberBase::pack(numbers.into_iter());
        Self::from_parts(world, base)
    }

    pub(super) fn from_parts(world: WorldRecords, base: NumberBase) -> Self {
        let mut trunks = Trunks::default();
        for t in world.trunks {
            trunks.put(t);
        }
        for g in world.gateways {
            trunks.put_gateway(g);
        }
        let mut tenants = Tenants::default();
        for t in world.tenants {
            tenants.put(t);
        }
        let mut users = Users::default();
        for u in world.users {
            users.put(u);
        }
        let mut bridges = Bridges::default();
        for b in world.bridges {
            bridges.put(b);
        }
        let mut policies = Policies::default();
        for p in &world.policies {
            policies.put(p);
        }
        for a in &world.policy_assignments {
            policies.assign(a);
        }
        for g in &world.group_members {
            policies.members(g);
        }
        for s in &world.screening {
            policies.screen(s);
        }
        for v in &world.voice_routing {
            policies.route(v);
        }
        let mut made = Self {
            position: world.position,
            created_at_us: world.created_at_us,
            dial_strings: Arc::default(),
            operators: Arc::new(world.operators.into_iter().map(|o| (o.id, o)).collect()),
            trunks: Arc::new(trunks),
            profiles: Arc::new(world.profiles.into_iter().map(|p| (p.id, p)).collect()),
            tenants: Arc::new(tenants),
            users: Arc::new(users),
            queues: Arc::new(world.queues.into_iter().map(|q| (q.id, q)).collect()),
            keys: Arc::new(world.edge_keys),
            policies: Arc::new(policies),
            fallback: Arc::new(world.fallback.into_iter().map(|f| (f.tenant, f)).collect()),
            bridges: Arc::new(bridges),
            calling: Arc::new(world.calling.into_iter().map(|c| (c.user, Arc::new(c))).collect()),
            voice_targets: Arc::new(
                world.voice_targets.into_iter().map(|v| (v.tenant, v)).collect(),
            ),
            base: Arc::new(base),
            overlay: Arc::new(BTreeMap::new()),
        };
        made.gather_dial_strings();
        made
    }

    fn gather_dial_strings(&mut self) {
        let of_profiles = self.profiles.values().flat_map(|p| &p.emergency.dial_strings).copied();
        let all: HashSet<_> = of_profiles.chain(self.policies.dial_strings()).collect();
        if *self.dial_strings != all {
            self.dial_strings = Arc::new(all);
        }
    }

    /// Is this dialled for help by somebody, beside the countries' numbers? For gates that stand
    /// before anybody knows who calls.
    pub fn is_dial_string(&self, dialled: &str) -> bool {
        !self.dial_strings.is_empty()
            && DialString::parse(dialled.strip_prefix('+').unwrap_or(dialled))
                .is_some_and(|digits| self.dial_strings.contains(&digits))
    }

    /// Up to where the log is known.
    pub fn position(&self) -> Position {
        self.position
    }

    /// When the base was read from the database, microseconds since 1970 UTC.
    pub fn created_at_us(&self) -> i64 {
        self.created_at_us
    }

    /// Applies one entry of the log. Entries come in rising order; one that is
    /// not above the position is passed over.
    pub fn apply(&mut self, entry: &ChangeEntry) -> Applied {
        if entry.position <= self.position.position {
            return Applied::Old;
        }
        self.position.position = entry.position;
        match &entry.change {
            Change::OperatorPut(o) => {
                Arc::make_mut(&mut self.operators).insert(o.id, o.clone());
            }
            Change::TrunkPut(t) => Arc::make_mut(&mut self.trunks).put(t.clone()),
            Change::CallingProfilePut(p) => {
                Arc::make_mut(&mut self.profiles).insert(p.id, p.clone());
                self.gather_dial_strings();
            }
            Change::TenantPut(t) => Arc::make_mut(&mut self.tenants).put(t.clone()),
            Change::UserPut(u) => Arc::make_mut(&mut self.users).put(u.clone()),
            Change::UserRemoved { id } => {
                Arc::make_mut(&mut self.users).remove(*id);
                if self.calling.contains_key(id) {
                    Arc::make_mut(&mut self.calling).remove(id);
                }
            }
            Change::QueuePut(q) => {
                Arc::make_mut(&mut self.queues).insert(q.id, q.clone());
            }
            Change::QueueRemoved { id } => {
                Arc::make_mut(&mut self.queues).remove(id);
            }
            Change::NumbersPut { numbers } => {
                let overlay = Arc::make_mut(&mut self.overlay);
                for n in numbers {
                    overlay.insert(n.number.value(), Some(*n));
                }
                self.fold_if_large();
            }
            Change::NumbersRemoved { numbers } => {
                if !self.policies.is_empty() {
                    for n in numbers {
                        if let Some(record) = self.number_record(*n) {
                            Arc::make_mut(&mut self.policies).forget_number(record.tenant, *n);
                        }
                    }
                }
                let overlay = Arc::make_mut(&mut self.overlay);
                for n in numbers {
                    overlay.insert(n.value(), None);
                }
                self.fold_if_large();
            }
            Change::EdgeKeyPut(k) => {
                let keys = Arc::make_mut(&mut self.keys);
                keys.retain(|old| old.id != k.id);
                if !k.secret.is_empty() {
                    keys.push(k.clone());
                }
            }
            Change::PolicyPut(p) => {
                Arc::make_mut(&mut self.policies).put(p);
                if let Some(PolicyBody::TeamsEmergencyCallRoutingPolicy(_)) = p.body.known() {
                    self.gather_dial_strings();
                }
            }
            Change::PolicyRemoved { tenant, id } => {
                Arc::make_mut(&mut self.policies).remove(*tenant, *id);
                if !self.dial_strings.is_empty() {
                    self.gather_dial_strings();
                }
            }
            Change::PolicyAssigned(a) => Arc::make_mut(&mut self.policies).assign(a),
            Change::GroupMembers(g) => Arc::make_mut(&mut self.policies).members(g),
            Change::GroupRemoved { tenant, id } => {
                Arc::make_mut(&mut self.policies).disband(*tenant, *id);
            }
            Change::ScreeningPut(s) => Arc::make_mut(&mut self.policies).screen(s),
            Change::GatewayPut(g) => Arc::make_mut(&mut self.trunks).put_gateway(g.clone()),
            Change::GatewayRemoved { id, .. } => Arc::make_mut(&mut self.trunks).remove(*id),
            Change::VoiceRoutingPut(v) => Arc::make_mut(&mut self.policies).route(v),
            Change::FallbackPut(f) => {
                let fallback = Arc::make_mut(&mut self.fallback);
                if f.ways.is_empty() {
                    fallback.remove(&f.tenant);
                } else {
                    fallback.insert(f.tenant, f.clone());
                }
            }
            Change::BridgePut(b) => Arc::make_mut(&mut self.bridges).put(b.clone()),
            Change::BridgeRemoved { id, .. } => Arc::make_mut(&mut self.bridges).remove(*id),
            Change::CallingSettingsPut(c) => {
                let calling = Arc::make_mut(&mut self.calling);
                if c.settings.known().is_some_and(CallingSettings::is_empty) {
                    calling.remove(&c.user);
                } else {
                    calling.insert(c.user, Arc::new(c.clone()));
                }
            }
            Change::VoiceTargetsPut(v) => {
                let targets = Arc::make_mut(&mut self.voice_targets);
                if v.targets.known().is_some_and(VoiceTargets::is_empty) {
                    targets.remove(&v.tenant);
                } else {
                    targets.insert(v.tenant, v.clone());
                }
            }
            Change::ConsentPut { .. }
            | Change::OrderProgress { .. }
            | Change::TenantOrderProgress { .. }
            | Change::EmergencyCalled(_)
            | Change::Other { .. } => {
                return Applied::Passed;
            }
        }
        Applied::Changed
    }

    fn fold_if_large(&mut self) {
        if self.overlay.len() >= OVERLAY_MIN.max(self.base.rows.len() / 8) {
            let base = NumberBase::pack(self.numbers());
            self.base = Arc::new(base);
            self.overlay = Arc::new(BTreeMap::new());
        }
    }

    /// Every number, rising.
    pub fn numbers(&self) -> impl Iterator<Item = NumberRecord> + '_ {
        let mut base = self.base.iter().peekable();
        let mut over = self.overlay.iter().peekable();
        std::iter::from_fn(move || {
            loop {
                match (base.peek(), over.peek()) {
                    (Some(b), Some((o, _))) if b.number.value() < **o => return base.next(),
                    (_, Some((o, _))) => {
                        base.next_if(|b| b.number.value() == **o);
                        if let Some((_, Some(record))) = over.next() {
                            return Some(*record);
                        }
                    }
                    (Some(_), None) => return base.next(),
                    (None, None) => return None,
                }
            }
        })
    }

    /// About how many numbers there are: an upper bound.
    pub fn number_count(&self) -> usize {
        self.base.rows.len() + self.overlay.len()
    }

    /// A number with all that is known of it.
    pub fn number_record(&self, number: E164) -> Option<NumberRecord> {
        match self.overlay.get(&number.value()) {
            Some(record) => *record,
            None => self.base.get(number),
        }
    }

    /// An operator.
    pub fn operator(&self, id: OperatorId) -> Option<&OperatorRecord> {
        self.operators.get(&id)
    }

    /// A trunk.
    pub fn trunk_record(&self, id: TrunkId) -> Option<&TrunkRecord> {
        self.trunks.by_id.get(&id)
    }

    /// Which trunk may send from this address, if any: one that wants this very
    /// port before one that takes any, and an operator's before a tenant's gateway, which
    /// takes nobody's place. Never decided by a header.
    pub fn trunk_by_source(&self, source: SocketAddr) -> Option<&TrunkRecord> {
        let ip = source.ip().to_canonical();
        let (mut any_port, mut gateway, mut any_gateway) = (None, None, None);
        for id in self.trunks.by_source.get(&ip)? {
            let Some(trunk) = self.trunks.by_id.get(id) else { continue };
            let exact =
                trunk.address.port() == source.port() && trunk.address.ip().to_canonical() == ip;
            if self.trunks.gateways.contains_key(id) {
                if exact {
                    gateway = gateway.or(Some(trunk));
                } else if !trunk.match_port {
                    any_gateway = any_gateway.or(Some(trunk));
                }
            } else if exact {
                return Some(trunk);
            } else if !trunk.match_port && any_port.is_none() {
                any_port = Some(trunk);
            }
        }
        any_port.or(gateway).or(any_gateway)
    }

    /// Whose a trunk is.
    pub fn trunk_owner(&self, id: TrunkId) -> Option<TrunkOwner> {
        match self.trunks.gateways.get(&id) {
            Some(of) => Some(TrunkOwner::Tenant(of.tenant, of.country)),
            None => self.trunk_record(id).map(|t| TrunkOwner::Operator(t.operator)),
        }
    }

    /// Is this trunk a tenant's gateway?
    pub fn is_gateway(&self, id: TrunkId) -> bool {
        self.trunks.gateways.contains_key(&id)
    }

    /// A tenant.
    pub fn tenant(&self, id: TenantId) -> Option<&TenantRecord> {
        self.tenants.by_id.get(&id)
    }

    /// Whose SIP domain this is; case does not matter.
    pub fn tenant_by_domain(&self, domain: &str) -> Option<&TenantRecord> {
        let id = if domain.bytes().any(|b| b.is_ascii_uppercase()) {
            self.tenants.by_domain.get(&domain.to_ascii_lowercase())
        } else {
            self.tenants.by_domain.get(domain)
        };
        self.tenants.by_id.get(id?)
    }

    /// The trusted networks that an address is in, the narrowest first, each with its
    /// tenant.
    pub fn trusted_networks(
        &self,
        address: IpAddr,
    ) -> impl Iterator<Item = (&TenantRecord, &TrustedNetwork)> {
        let tenants = &self.tenants;
        let around =
            tenants.network_bits.iter().rev().filter_map(move |b| IpPrefix::around(address, *b));
        around.flat_map(move |prefix| {
            let of = tenants.by_network.get(&prefix).map(Vec::as_slice).unwrap_or_default();
            of.iter().filter_map(move |id| {
                let tenant = tenants.by_id.get(id)?;
                let network = tenant.trusted_networks.iter().find(|n| n.prefix == prefix)?;
                Some((tenant, network))
            })
        })
    }

    /// A person.
    pub fn user_record(&self, id: UserId) -> Option<&UserRecord> {
        self.users.by_id.get(&id).map(|u| &**u)
    }

    /// The person whose phone has this name in this tenant, with the credential.
    pub fn phone(&self, tenant: TenantId, username: &str) -> Option<(UserId, &PhoneCredential)> {
        let id = self.users.by_phone.get(&tenant)?.get(username)?;
        let user = self.users.by_id.get(id)?;
        Some((user.id, user.phone.as_ref()?))
    }

    /// A queue.
    pub fn queue(&self, id: ResourceAccountId) -> Option<&QueueRecord> {
        self.queues.get(&id)
    }

    /// The keys, oldest first: the last one seals, all open.
    pub fn edge_keys(&self) -> &[EdgeKey] {
        &self.keys
    }

    /// The name that a caller-ID policy shows for the caller's company.
    pub fn company_name(&self, tenant: TenantId, policy: PolicyId) -> Option<&str> {
        match &self.policies.ready(tenant)?.policy(policy)?.rule {
            PolicyRule::CallerId(rule) => rule.company_name.as_deref(),
            _ => None,
        }
    }

    /// Has any tenant a policy?
    pub fn any_policies(&self) -> bool {
        !self.policies.is_empty()
    }

    /// Has anybody calling settings?
    pub fn any_calling(&self) -> bool {
        !self.calling.is_empty()
    }

    /// Every policy, in no order.
    pub fn policy_records(&self) -> impl Iterator<Item = &PolicyRecord> {
        self.policies.records()
    }

    /// For whom policies hold.
    pub fn policy_assignments(&self) -> Vec<PolicyAssignmentRecord> {
        self.policies.assignments().collect()
    }

    /// Who is in which group.
    pub fn group_members(&self) -> Vec<GroupMembersRecord> {
        self.policies.memberships().collect()
    }

    /// Rules for callers, and for numbers that nobody has.
    pub fn screening_records(&self) -> impl Iterator<Item = &ScreeningRecord> {
        self.policies.screening()
    }

    /// Every operator, in no order.
    pub fn operators(&self) -> impl Iterator<Item = &OperatorRecord> {
        self.operators.values()
    }

    /// Every trunk and gateway, in no order.
    pub fn trunks(&self) -> impl Iterator<Item = &TrunkRecord> {
        self.trunks.by_id.values()
    }

    /// Every trunk of an operator, in no order.
    pub fn operator_trunks(&self) -> impl Iterator<Item = &TrunkRecord> {
        self.trunks.by_id.values().filter(|t| !self.is_gateway(t.id))
    }

    /// Every gateway.
    pub fn gateway_records(&self) -> Vec<GatewayRecord> {
        let of = |(id, of): (&TrunkId, &Gateway)| {
            let trunk = self.trunks.by_id.get(id)?.clone();
            let Gateway { tenant, country, voice_app } = *of;
            Some(GatewayRecord { tenant, country, voice_app, trunk })
        };
        self.trunks.gateways.iter().filter_map(of).collect()
    }

    /// Operators that stand in for others.
    pub fn fallback_records(&self) -> impl Iterator<Item = &FallbackRecord> {
        self.fallback.values()
    }

    /// The conference bridge that has a number, and what it keeps of it.
    pub fn bridge_number(&self, number: E164) -> Option<(&BridgeRecord, &BridgeNumberRecord)> {
        self.bridges.of(number)
    }

    /// Every conference bridge, in no order.
    pub fn bridge_records(&self) -> impl Iterator<Item = &BridgeRecord> {
        self.bridges.records()
    }

    /// People's calling settings, of those who set something.
    pub fn calling_records(&self) -> impl Iterator<Item = &CallingSettingsRecord> {
        self.calling.values().map(|c| &**c)
    }

    /// What plays and records for tenants.
    pub fn voice_target_records(&self) -> impl Iterator<Item = &VoiceTargetsRecord> {
        self.voice_targets.values()
    }

    /// Routes over gateways.
    pub fn voice_routing_records(&self) -> impl Iterator<Item = &VoiceRoutingRecord> {
        self.policies.voice_routing()
    }

    /// Every calling profile, in no order.
    pub fn profiles(&self) -> impl Iterator<Item = &CallingProfileRecord> {
        self.profiles.values()
    }

    /// Every tenant, in no order.
    pub fn tenants(&self) -> impl Iterator<Item = &TenantRecord> {
        self.tenants.by_id.values()
    }

    /// Every person, in no order.
    pub fn users(&self) -> impl Iterator<Item = &UserRecord> {
        self.users.by_id.values().map(|u| &**u)
    }

    /// Every queue, in no order.
    pub fn queues(&self) -> impl Iterator<Item = &QueueRecord> {
        self.queues.values()
    }
}

impl Trunks {
    fn put(&mut self, trunk: TrunkRecord) {
        let id = trunk.id;
        self.by_source.values_mut().for_each(|list| list.retain(|t| *t != id));
        let own = std::iter::once(trunk.address.ip());
        for ip in own.chain(trunk.sources.iter().copied()).map(|ip| ip.to_canonical()) {
            let list = self.by_source.entry(ip).or_default();
            if !list.contains(&id) {
                list.push(id);
            }
        }
        self.by_source.retain(|_, list| !list.is_empty());
        self.by_id.insert(id, trunk);
    }

    fn put_gateway(&mut self, gateway: GatewayRecord) {
        let GatewayRecord { tenant, country, voice_app, trunk } = gateway;
        let id = trunk.id;
        self.gateways.insert(id, Gateway { tenant, country, voice_app });
        self.of_tenant.entry(tenant).or_default().insert(id);
        self.put(trunk);
    }

    fn remove(&mut self, id: TrunkId) {
        self.by_id.remove(&id);
        self.by_source.values_mut().for_each(|list| list.retain(|t| *t != id));
        self.by_source.retain(|_, list| !list.is_empty());
        if let Some(Gateway { tenant, .. }) = self.gateways.remove(&id)
            && let Some(of) = self.of_tenant.get_mut(&tenant)
        {
            of.remove(&id);
            if of.is_empty() {
                self.of_tenant.remove(&tenant);
            }
        }
    }
}

impl Tenants {
    fn put(&mut self, tenant: TenantRecord) {
        if let Some(old) = self.by_id.get(&tenant.id) {
            self.by_domain.remove(&old.domain.to_ascii_lowercase());
            for network in &old.trusted_networks {
                if let Some(of) = self.by_network.get_mut(&network.prefix) {
                    of.retain(|id| *id != tenant.id);
                }
            }
            if !old.trusted_networks.is_empty() {
                self.by_network.retain(|_, of| !of.is_empty());
                self.network_bits = self.by_network.keys().map(|prefix| prefix.bits()).collect();
            }
        }
        for network in &tenant.trusted_networks {
            let of = self.by_network.entry(network.prefix).or_default();
            if !of.contains(&tenant.id) {
                of.push(tenant.id);
                of.sort();
            }
            self.network_bits.insert(network.prefix.bits());
        }
        self.by_domain.insert(tenant.domain.to_ascii_lowercase(), tenant.id);
        self.by_id.insert(tenant.id, tenant);
    }
}

impl Users {
    fn put(&mut self, user: UserRecord) {
        self.remove(user.id);
        if let Some(phone) = &user.phone {
            let tenant = self.by_phone.entry(user.tenant).or_default();
            tenant.insert(phone.username.clone(), user.id);
        }
        self.by_id.insert(user.id, Arc::new(user));
    }

    fn remove(&mut self, id: UserId) {
        let Some(old) = self.by_id.remove(&id) else { return };
        if let Some(phone) = &old.phone
            && let Some(names) = self.by_phone.get_mut(&old.tenant)
            && names.get(&phone.username) == Some(&id)
        {
            names.remove(&phone.username);
        }
    }
}
