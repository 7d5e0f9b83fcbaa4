//! Use case: explain a call. The very function that routes real calls runs over
//! the database's rows, fetched as it asks for them.

use crate::authz::Access;
use crate::edges::kind_text;
use crate::*;
use api_types::call::{ExplainCall, ExplainStep, Explanation};
use domain::calling::{CallingSettings, VoiceTargets};
use domain::conference::Meeting;
use domain::emergency::ProfileEmergency;
use domain::fraud::{ClassLimit, DestinationClass, FraudLimits};
use domain::number::NumberType;
use domain::policy::{Holder, Policy, PolicyBody, PolicyKind, Screening, Via, VoiceRoutes};
use domain::routing::{
    Call, CallKind, Destination, Dialled, FallbackView, GatewayView, HelpView, NumberView,
    Recorded, Route, RouteRefusal, Source, Trace, TrunkOwner, TrunkView, UserView, World,
    fallback_profiles, foresee, further_profiles, gateway_tiers, route, told_of_help,
};
use domain::trusted::TrustedNetwork;
use domain::{BridgeId, CallingProfileId, ResourceAccountId, TenantId, TrunkId, UserId};
use feed::record::{FallbackWay, NumberRecord, QueueRecord, UserRecord};
use numbering::Country;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use store::{BridgeRow, GatewayRow, WorldTrunkRow};

/// Who would make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A person.
    User(UserId),
    /// A conference bridge calls out of a meeting of this organizer, or of nobody's.
    Bridge(BridgeId, Option<UserId>),
    /// The operator that holds the called number brings it.
    Operator,
    /// A phone at this public address that proves nothing.
    Address(IpAddr),
}

/// Longest dialled text that is looked at.
const MOST_DIALLED: usize = 128;

impl Exchange {
    /// What would happen to a call of this tenant, with the rule behind each
    /// step; from one consistent view of the database. Which trunks are silent
    /// only the edges know: all enabled ones are named.
    ///
    /// # Errors
    /// `invalid_field` unless the caller is exactly one of a user, the operator and an
    /// address; `unknown_user` where it is not the tenant's; `forbidden`.
    pub async fn explain_call(&self, cx: &Cx, ask: ExplainCall) -> Result<Explanation, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let called = ask.called.trim().to_owned();
        if called.is_empty() || called.len() > MOST_DIALLED {
            let reason = format!("what is dialled is 1 to {MOST_DIALLED} bytes long");
            return Err(ErrorCode::InvalidField.problem(Some("/called"), reason));
        }
        let bridge = ask.from_conference_bridge_id.map(BridgeId);
        let caller = match (ask.from_user_id, ask.inbound, ask.from_address, bridge) {
            (Some(user), false, None, None) => Caller::User(UserId(user)),
            (organizer, false, None, Some(bridge)) => Caller::Bridge(bridge, organizer.map(UserId)),
            (None, true, None, None) => Caller::Operator,
            (None, false, Some(address), None) => {
                Caller::Address(address.trim().parse().map_err(|_| {
                    let reason = format!("{address:?} is not an IP address");
                    ErrorCode::InvalidField.problem(Some("/from_address"), reason)
                })?)
            }
            _ => {
                let reason = "a call comes from one of your users, inbound from an operator, from \
                              an address, or out of a meeting";
                return Err(ErrorCode::InvalidField.problem(Some("/from_user_id"), reason));
            }
        };
        let from = ask.from_number.unwrap_or_default().trim().to_owned();
        if !from.is_empty() && (caller != Caller::Operator || from.len() > MOST_DIALLED) {
            let reason = format!("who calls is named with inbound, in {MOST_DIALLED} bytes");
            return Err(ErrorCode::InvalidField.problem(Some("/from_number"), reason));
        }
        let on_behalf = match ask.on_behalf_of_number.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(_) if !matches!(caller, Caller::User(_)) => {
                let reason = "one of your users calls on behalf of another";
                return Err(ErrorCode::InvalidField.problem(Some("/on_behalf_of_number"), reason));
            }
            Some(text) => Some(E164::parse(text).map_err(|_| {
                let reason = "a number is + and 2 to 15 digits (E.164)";
                ErrorCode::InvalidField.problem(Some("/on_behalf_of_number"), reason)
            })?),
        };
        let told = self.explain(tenant, (caller, on_behalf), from, called).await?;
        Ok(if cx.actor.role.sees_masked() { mask::explanation(told) } else { told })
    }

    /// The same for any tenant, once it is known that the caller may ask.
    pub(crate) async fn explain(
        &self,
        tenant: TenantId,
        (caller, on_behalf): (Caller, Option<E164>),
        from: String,
        called: String,
    ) -> Result<Explanation, Problem> {
        self.view(async move |mut db| {
            let mut world = Lazy::default();
            loop {
                let told = tell(&world, tenant, (caller, &from, on_behalf), &called);
                let missing = world.missing.take();
                if missing.is_empty() {
                    return Ok(told?);
                }
                for ask in missing {
                    world.fetch(&mut db, ask).await?;
                }
            }
        })
        .await
    }
}

fn tell(
    world: &Lazy,
    tenant: TenantId,
    (caller, from, on_behalf): (Caller, &str, Option<E164>),
    called: &str,
) -> Result<Explanation, Problem> {
    let mut trace = Recorded::default();
    let source = match caller {
        Caller::User(user) if world.user(user).is_none_or(|u| u.tenant != tenant) => {
            let reason = format!("{user} is not one of your users");
            return Err(ErrorCode::UnknownUser.problem(Some("/from_user_id"), reason));
        }
        Caller::User(user) => Ok(Source::User(user)),
        Caller::Bridge(bridge, organizer) => {
            if let Some(user) = organizer
                && world.user(user).is_none_or(|u| u.tenant != tenant)
            {
                let reason = format!("{user} is not one of your users");
                return Err(ErrorCode::UnknownUser.problem(Some("/from_user_id"), reason));
            }
            let mut first = None;
            if !world.bridge_gateways(tenant, bridge, &mut |id| first = first.or(Some(id))) {
                let reason = format!("{bridge} is not one of your conference bridges");
                let field = Some("/from_conference_bridge_id");
                return Err(ErrorCode::UnknownConferenceBridge.problem(field, reason));
            }
            first.map(Source::Trunk).ok_or(RouteRefusal::SourceUnknown)
        }
        Caller::Operator => inbound_source(world, tenant, called, &mut trace),
        Caller::Address(address) => unproven_source(world, tenant, address, &mut trace),
    };
    let routed = source.and_then(|source| {
        let meeting = match caller {
            Caller::Bridge(bridge, organizer) => Some(Meeting { bridge, organizer }),
            _ => None,
        };
        route(world, Call { on_behalf, meeting, ..Call::new(source, called, from) }, &mut trace)
    });
    let mut trunks = Vec::new();
    match &routed {
        Ok(route) => {
            locate(world, route, &mut trace);
            desk(world, source.ok(), route, &mut trace);
            cost(world, source.ok(), route, &mut trace);
            foresee(world, route, &mut trace);
            if let Destination::Target { gateway, .. } = route.destination {
                let own = world.own_gateways(tenant);
                trunks.extend(own.iter().filter(|g| g.id == gateway).map(|g| g.fqdn.clone()));
            }
            if let Destination::Gateways { .. } | Destination::Bridge { .. } = route.destination {
                trunks = over_gateways(world, route, &mut trace);
            }
            if let Destination::Trunks { profile, .. } = route.destination {
                let all = world.trunks_of(profile);
                trunks = all.iter().filter(|t| t.enabled).map(|t| t.fqdn.clone()).collect();
                let enabled = trunks.len();
                if enabled == 0 && route.kind == CallKind::Emergency {
                    // No call for help fails while there is an untried way.
                    trunks = all.iter().map(|t| t.fqdn.clone()).collect();
                }
                let further = route
                    .emergency_in
                    .map(|country| further_profiles(world, country, profile))
                    .unwrap_or_default();
                for other in &further {
                    let all = world.trunks_of(*other).iter().filter(|t| t.enabled);
                    trunks.extend(all.map(|t| t.fqdn.clone()));
                }
                trace.step("trunk.order", || {
                    format!(
                        "{enabled} of the {} trunks of calling profile {profile} are enabled; \
                         they are tried in random order, silent ones last",
                        all.len()
                    )
                });
                let fallback = fallback_profiles(world, route);
                for other in &fallback {
                    let all = world.trunks_of(*other).iter().filter(|t| t.enabled);
                    trunks.extend(all.map(|t| t.fqdn.clone()));
                }
                if !fallback.is_empty() {
                    trace.step("fallback.operators", || {
                        let ids: Vec<_> = fallback.iter().map(ToString::to_string).collect();
                        format!(
                            "then those of operators that stand in where these cannot carry the \
                             call, by calling profile: {}",
                            ids.join(", ")
                        )
                    });
                }
                if !further.is_empty() {
                    trace.step("emergency.further_profiles", || {
                        let ids: Vec<_> = further.iter().map(ToString::to_string).collect();
                        format!("then those of others that serve the country: {}", ids.join(", "))
                    });
                }
            }
        }
        Err(refusal) => trace.step(refusal.code(), || refusal.to_string()),
    }
    let refusal = routed.err();
    Ok(Explanation {
        routed: refusal.is_none(),
        kind: routed.ok().map(|r| kind_text(r.kind).to_owned()),
        code: refusal.map(|r| r.code().to_owned()),
        sip_code: refusal.map(|r| r.sip_status()),
        operator_id: routed.ok().and_then(|r| r.operator).map(|id| id.0),
        trunks,
        steps: trace
            .0
            .into_iter()
            .map(|(rule, found)| ExplainStep { rule: rule.to_owned(), found })
            .collect(),
    })
}

/// A trunk of the operator that holds the called number. A number of another
/// tenant is as good as none: whose it is, is not this tenant's to know.
fn inbound_source(
    world: &Lazy,
    tenant: TenantId,
    called: &str,
    trace: &mut Recorded,
) -> Result<Source, RouteRefusal> {
    let number = E164::parse(called).map_err(|_| RouteRefusal::NotANumber)?;
    let view = world
        .number(number)
        .filter(|view| view.tenant == tenant)
        .ok_or(RouteRefusal::NumberUnknown)?;
    if NumberType::of(view.operator) == NumberType::DirectRouting {
        let own = world.own_gateways(tenant);
        let mut pstn = own.iter().filter(|gateway| !gateway.voice_app);
        let gateway = pstn.next().ok_or(RouteRefusal::SourceUnknown)?;
        trace.step("source.gateway", || format!("brought by your gateway {}", gateway.fqdn));
        return Ok(Source::Trunk(gateway.id));
    }
    let trunk = world.trunks_of(view.profile).first().ok_or(RouteRefusal::SourceUnknown)?;
    trace.step("source.trunk", || format!("brought by trunk {}", trunk.fqdn));
    Ok(Source::Trunk(trunk.id))
}

/// The names of the gateways by which a call leaves, in the order of their tiers, and of the
/// operators' trunks by which an emergency call goes on from there.
fn over_gateways(world: &Lazy, route: &Route, trace: &mut Recorded) -> Vec<String> {
    let tiers = gateway_tiers(world, route);
    let own = world.own_gateways(route.tenant);
    let enabled = |id: &TrunkId| own.iter().find(|g| g.id == *id && g.enabled);
    let mut names: Vec<String> = Vec::new();
    let (mut all, mut used) = (0, 0);
    for id in tiers.iter().flatten() {
        all += 1;
        if let Some(gateway) = enabled(id)
            && !names.contains(&gateway.fqdn)
        {
            used += 1;
            names.push(gateway.fqdn.clone());
        }
    }
    trace.step("gateway.order", || {
        format!(
            "{used} of the {all} gateways of {} tiers are enabled; within a tier they are tried \
             in random order, silent ones last",
            tiers.len()
        )
    });
    if let Some(country) = route.emergency_in {
        let further = further_profiles(world, country, CallingProfileId::DIRECT_ROUTING);
        for profile in &further {
            let open = world.trunks_of(*profile).iter().filter(|t| t.enabled);
            names.extend(open.map(|t| t.fqdn.clone()));
        }
        if !further.is_empty() {
            trace.step("emergency.further_profiles", || {
                let ids: Vec<_> = further.iter().map(ToString::to_string).collect();
                format!("then operators that serve the country: {}", ids.join(", "))
            });
        }
    }
    names
}

/// The tenant's narrowest trusted network around an address. Which of several tenants
/// behind one address a call is of, the edge tells by the name it bears.
fn unproven_source(
    world: &Lazy,
    tenant: TenantId,
    address: IpAddr,
    trace: &mut Recorded,
) -> Result<Source, RouteRefusal> {
    let networks = world.known(&world.networks, tenant, Ask::Networks(tenant));
    let around = networks.into_iter().flatten().filter(|n| n.prefix.contains(address));
    let Some(network) = around.max_by_key(|n| (n.unproven_help, n.prefix.bits())) else {
        trace.step("network.trusted", || format!("{address} is in none of your networks"));
        return Err(RouteRefusal::CallerUnproven);
    };
    trace.step("network.trusted", || {
        let demands = if network.unproven_help { "" } else { ", which demands proof" };
        format!("{address} is in {}{demands}", network.prefix)
    });
    if !network.unproven_help {
        return Err(RouteRefusal::CallerUnproven);
    }
    Ok(Source::Network(tenant, network.country))
}

/// The location that the call's number has.
fn locate(world: &Lazy, route: &Route, trace: &mut Recorded) {
    let Some(number) = route.number else { return };
    let location = world.numbers.get(&number).and_then(Option::as_ref).map(|n| n.location);
    trace.step("number.location", || match location.flatten() {
        Some(location) => format!("{number} is at location {location}"),
        None => format!("{number} has no emergency location"),
    });
}

/// Who is told of a call for help.
fn desk(world: &Lazy, source: Option<Source>, route: &Route, trace: &mut Recorded) {
    let Some(Dialled::Emergency(digits)) = route.destination.digits() else { return };
    let holder = match source {
        Some(Source::User(user)) => {
            Holder { user: Some(user), number: world.user(user).and_then(|user| user.number) }
        }
        Some(Source::Trunk(_)) => Holder { user: None, number: route.number },
        Some(Source::Network(..)) | None => Holder { user: None, number: None },
    };
    told_of_help(world, route.tenant, holder, digits, trace);
}

/// The class of destination of a person's call to an operator, with the limits
/// for it. Only the edges know what was used of them.
fn cost(world: &Lazy, source: Option<Source>, route: &Route, trace: &mut Recorded) {
    let Some(digits) = route.destination.digits() else { return };
    let Dialled::Number(dialled) = digits else { return };
    // Who forwards a call outside is counted as if they had made it.
    let own = match (route.forwarded, source) {
        (Some(forwarded), _) => forwarded.number,
        (None, Some(Source::User(_))) => route.number,
        (None, _) => return,
    };
    let own = own.and_then(|own| world.number(own));
    let Some(home) = own.map(|own| own.country) else { return };
    let tenant = route.tenant;
    let Some(set) = world.known(&world.fraud_limits, tenant, Ask::FraudLimits(tenant)) else {
        return;
    };
    let class = DestinationClass::of(dialled, home);
    let shown = |limit: ClassLimit| {
        let part = |n: Option<u32>| n.map_or("any number".to_owned(), |n| n.to_string());
        format!("{} at once and {} an hour", part(limit.at_once), part(limit.per_hour))
    };
    trace.step("fraud.limits", || {
        let (person, all) = (shown(set.person.of(class)), shown(set.tenant.of(class)));
        format!(
            "{dialled} is {} for a caller in {home}: at each edge a person may make {person}, \
             the tenant {all}",
            class.as_str()
        )
    });
}

/// Something that routing asked for and that was not fetched yet.
#[derive(Clone, Copy)]
enum Ask {
    Number(E164),
    User(UserId),
    Queue(ResourceAccountId),
    Trunk(TrunkId),
    Profile(CallingProfileId),
    ProfileEmergency(CallingProfileId),
    NumberOfTenant(TenantId, Option<Country>),
    Help(Country),
    FraudLimits(TenantId),
    Networks(TenantId),
    Policy(TenantId, Holder, PolicyKind),
    Screening(TenantId),
    Gateways(TenantId),
    VoiceRoutes(TenantId),
    Fallback(TenantId),
    BridgeNumber(E164),
    Bridge(BridgeId),
    Calling(UserId),
    VoiceTargets(TenantId),
    EmergencyAccount(TenantId, E164),
}

/// A world that notes what it does not know yet. Each fetch answers one more
/// question for good, and a call asks only a few.
#[derive(Default)]
struct Lazy {
    numbers: HashMap<E164, Option<NumberRecord>>,
    users: HashMap<UserId, Option<UserRecord>>,
    queues: HashMap<ResourceAccountId, Option<QueueRecord>>,
    trunks: HashMap<TrunkId, Option<TrunkView>>,
    profiles: HashMap<CallingProfileId, Vec<WorldTrunkRow>>,
    profile_emergency: HashMap<CallingProfileId, ProfileEmergency>,
    numbers_of_tenants: HashMap<(TenantId, Option<Country>), Option<E164>>,
    help: HashMap<Country, Vec<HelpView>>,
    fraud_limits: HashMap<TenantId, FraudLimits>,
    networks: HashMap<TenantId, Vec<TrustedNetwork>>,
    policies: HashMap<(TenantId, Holder, PolicyKind), Option<(Policy, Via)>>,
    screening: HashMap<TenantId, Screening>,
    gateways: HashMap<TenantId, Vec<GatewayRow>>,
    answer_bridges: HashSet<TrunkId>,
    voice_routes: HashMap<TenantId, VoiceRoutes>,
    fallback: HashMap<TenantId, Vec<FallbackWay>>,
    bridge_numbers: HashMap<E164, Option<(TenantId, BridgeId)>>,
    bridges: HashMap<BridgeId, Option<BridgeRow>>,
    calling: HashMap<UserId, CallingSettings>,
    voice_targets: HashMap<TenantId, VoiceTargets>,
    emergency_accounts: HashMap<(TenantId, E164), Option<ResourceAccountId>>,
    missing: RefCell<Vec<Ask>>,
}

impl Lazy {
    fn known<'a, K: std::hash::Hash + Eq, V>(
        &self,
        known: &'a HashMap<K, V>,
        key: K,
        ask: Ask,
    ) -> Option<&'a V> {
        let found = known.get(&key);
        if found.is_none() {
            self.missing.borrow_mut().push(ask);
        }
        found
    }

    fn trunks_of(&self, id: CallingProfileId) -> &[WorldTrunkRow] {
        self.known(&self.profiles, id, Ask::Profile(id)).map_or(&[], Vec::as_slice)
    }

    fn own_gateways(&self, tenant: TenantId) -> &[GatewayRow] {
        self.known(&self.gateways, tenant, Ask::Gateways(tenant)).map_or(&[], Vec::as_slice)
    }

    async fn fetch(&mut self, db: &mut Db, ask: Ask) -> Result<(), StoreError> {
        match ask {
            Ask::Number(number) => {
                let row = db.world_number(number).await?;
                self.numbers.insert(number, row.as_ref().map(crate::world::number));
            }
            Ask::User(id) => {
                let row = db.world_person(id).await?;
                self.users.insert(id, row.as_ref().map(records::user));
            }
            Ask::Queue(id) => {
                let queue = match db.world_queue(id).await? {
                    Some(row) => {
                        let agents = db.world_agents(Some(id)).await?;
                        let agents = agents.into_iter().map(|a| a.person_id).collect();
                        Some(records::queue(&row, agents))
                    }
                    None => None,
                };
                self.queues.insert(id, queue);
            }
            Ask::Trunk(id) => {
                let view = match db.world_trunk(id).await? {
                    Some(t) => Some((TrunkOwner::Operator(t.operator_id), t.enabled)),
                    None => db
                        .world_gateway(id)
                        .await?
                        .map(|g| (TrunkOwner::Tenant(g.tenant_id, g.country), g.enabled)),
                };
                let view = view.map(|(owner, enabled)| TrunkView { trunk: id, owner, enabled });
                self.trunks.insert(id, view);
            }
            Ask::Profile(id) => {
                self.profiles.insert(id, db.world_profile_trunks(id).await?);
            }
            Ask::ProfileEmergency(id) => {
                let said = db.world_profile(id).await?.and_then(|row| row.emergency);
                self.profile_emergency.insert(id, said.map(|said| said.0).unwrap_or_default());
            }
            Ask::FraudLimits(tenant) => {
                let row = db.tenant_get(tenant).await?;
                let set = row.and_then(|row| row.fraud_limits).map(|set| set.0);
                self.fraud_limits.insert(tenant, set.unwrap_or_default());
            }
            Ask::Networks(tenant) => {
                let row = db.tenant_get(tenant).await?;
                let set = row.and_then(|row| row.trusted_networks).map(|set| set.0);
                self.networks.insert(tenant, set.unwrap_or_default());
            }
            Ask::Policy(tenant, holder, kind) => {
                let Holder { user, number } = holder;
                let rows = db.policy_assignments_for(tenant, user, number).await?;
                let mut found = None;
                if let Some((row, via)) = crate::policies::effective_of(&rows, kind)
                    && let Some(row) = db.policy_get(tenant, row.policy_id).await?
                    && let Ok(rule) = row.body.0.ready()
                {
                    found = Some((Policy { id: row.id, name: row.name, rule }, via));
                }
                self.policies.insert((tenant, holder, kind), found);
            }
            Ask::Screening(tenant) => {
                let row = db.screening_get(tenant).await?;
                let rules = row.and_then(|row| Screening::new(&row.rules.0).ok());
                self.screening.insert(tenant, rules.unwrap_or_default());
            }
            Ask::Gateways(tenant) => {
                let bridges = db.bridge_list(tenant, None, u32::MAX).await?;
                self.answer_bridges.extend(bridges.into_iter().flat_map(|row| row.gateways.0));
                self.gateways.insert(tenant, crate::coexistence::gateways(db, tenant).await?);
            }
            Ask::EmergencyAccount(tenant, number) => {
                let row = db.world_number(number).await?.filter(|row| row.tenant_id == tenant);
                let policy = match row.and_then(|row| row.policy_id) {
                    Some(id) => db.policy_get(tenant, id).await?,
                    None => None,
                };
                let account = match policy.map(|policy| policy.body.0) {
                    Some(PolicyBody::TeamsSharedCallingRoutingPolicy(rule)) => {
                        Some(rule.resource_account)
                    }
                    _ => None,
                };
                self.emergency_accounts.insert((tenant, number), account);
            }
            Ask::BridgeNumber(number) => {
                let row = db.world_bridge_number(number).await?;
                self.bridge_numbers.insert(number, row.map(|row| (row.tenant_id, row.bridge_id)));
            }
            Ask::Bridge(id) => {
                self.bridges.insert(id, db.world_bridge(id).await?);
            }
            Ask::Fallback(tenant) => {
                self.fallback.insert(tenant, crate::fallback::of_tenant(db, tenant).await?);
            }
            Ask::Calling(user) => {
                let row = db.world_calling_of(user).await?;
                self.calling.insert(user, row.map(|row| row.settings.0).unwrap_or_default());
            }
            Ask::VoiceTargets(tenant) => {
                let row = db.voice_targets_get(tenant).await?;
                let targets = row.map(|row| row.targets.0).unwrap_or_default();
                self.voice_targets.insert(tenant, targets);
            }
            Ask::VoiceRoutes(tenant) => {
                let row = db.voice_routing_get(tenant).await?;
                let routes = row.and_then(|row| VoiceRoutes::new(&row.rules.0).ok());
                self.voice_routes.insert(tenant, routes.unwrap_or_default());
            }
            Ask::Help(country) => {
                let rows = db.world_help_profiles(country).await?;
                let view = |row: store::HelpProfileRow| HelpView {
                    profile: row.id,
                    operator: row.operator_id,
                    serves: row.serves,
                    open: row.is_open,
                };
                self.help.insert(country, rows.into_iter().map(view).collect());
            }
            Ask::NumberOfTenant(tenant, country) => {
                let row = db.world_number_of_tenant(tenant, country).await?;
                self.numbers_of_tenants.insert((tenant, country), row.map(|row| row.number));
            }
        }
        Ok(())
    }
}

impl World for Lazy {
    fn number(&self, number: E164) -> Option<NumberView> {
        let record = self.known(&self.numbers, number, Ask::Number(number))?.as_ref()?;
        Some(NumberView {
            number,
            tenant: record.tenant,
            operator: record.operator,
            profile: record.profile,
            country: record.country,
            target: record.target,
            category: record.category,
            location: record.location,
        })
    }

    fn user(&self, user: UserId) -> Option<UserView> {
        let record = self.known(&self.users, user, Ask::User(user))?.as_ref()?;
        Some(UserView {
            user,
            tenant: record.tenant,
            number: record.number,
            alternate: record.alternate,
            licensed: record.licensed,
            conferencing: record.conferencing,
            country: record.country,
            phone: record.phone.is_some(),
        })
    }

    fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
        let found = self.known(&self.queues, account, Ask::Queue(account));
        let Some(Some(queue)) = found else { return false };
        queue.agents.iter().for_each(|agent| each(*agent));
        true
    }

    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
        *self.known(&self.trunks, trunk, Ask::Trunk(trunk))?
    }

    fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView> {
        let ask = Ask::NumberOfTenant(tenant, country);
        let number = *self.known(&self.numbers_of_tenants, (tenant, country), ask)?;
        number.and_then(|number| self.number(number))
    }

    fn help(&self, country: Country, each: &mut dyn FnMut(HelpView)) {
        let found = self.known(&self.help, country, Ask::Help(country));
        found.into_iter().flatten().for_each(|view| each(*view));
    }

    fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
        self.trunks_of(profile)
            .iter()
            .map(|t| {
                let owner = TrunkOwner::Operator(t.operator_id);
                TrunkView { trunk: t.id, owner, enabled: t.enabled }
            })
            .for_each(each);
    }

    fn profile(&self, profile: CallingProfileId) -> Option<&ProfileEmergency> {
        self.known(&self.profile_emergency, profile, Ask::ProfileEmergency(profile))
    }

    /// Asked nothing, as it costs nobody a call here.
    fn has_policies(&self, _: TenantId) -> bool {
        true
    }

    fn policy(&self, tenant: TenantId, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
        let key = (tenant, holder, kind);
        let found = self.known(&self.policies, key, Ask::Policy(tenant, holder, kind))?;
        found.as_ref().map(|(policy, via)| (policy, *via))
    }

    fn screening(&self, tenant: TenantId) -> Option<&Screening> {
        self.known(&self.screening, tenant, Ask::Screening(tenant))
    }

    fn voice_routes(&self, tenant: TenantId) -> Option<&VoiceRoutes> {
        self.known(&self.voice_routes, tenant, Ask::VoiceRoutes(tenant))
    }

    fn fallback(&self, tenant: TenantId, each: &mut dyn FnMut(FallbackView)) {
        let ways = self.known(&self.fallback, tenant, Ask::Fallback(tenant));
        for way in ways.into_iter().flatten() {
            each(FallbackView { operator: way.operator, profile: way.profile });
        }
    }

    fn gateways(&self, tenant: TenantId, each: &mut dyn FnMut(GatewayView)) {
        for row in self.own_gateways(tenant).iter().filter(|row| !row.voice_app) {
            each(GatewayView {
                gateway: row.id,
                country: row.country,
                enabled: row.enabled,
                bridge: self.answer_bridges.contains(&row.id),
            });
        }
    }

    fn emergency_account(&self, tenant: TenantId, number: E164) -> Option<ResourceAccountId> {
        let ask = Ask::EmergencyAccount(tenant, number);
        *self.known(&self.emergency_accounts, (tenant, number), ask)?
    }

    fn bridge_of(&self, number: E164) -> Option<(TenantId, BridgeId)> {
        *self.known(&self.bridge_numbers, number, Ask::BridgeNumber(number))?
    }

    fn bridge_gateways(
        &self,
        tenant: TenantId,
        bridge: BridgeId,
        each: &mut dyn FnMut(TrunkId),
    ) -> bool {
        let found = self.known(&self.bridges, bridge, Ask::Bridge(bridge));
        let found = found.and_then(Option::as_ref).filter(|row| row.tenant_id == tenant);
        found.into_iter().flat_map(|row| &row.gateways.0).for_each(|id| each(*id));
        found.is_some()
    }

    fn calling_settings(&self, user: UserId) -> Option<&CallingSettings> {
        self.known(&self.calling, user, Ask::Calling(user))
    }

    fn voice_targets(&self, tenant: TenantId) -> Option<&VoiceTargets> {
        self.known(&self.voice_targets, tenant, Ask::VoiceTargets(tenant))
    }

    fn account_number(&self, account: ResourceAccountId) -> Option<(TenantId, E164)> {
        let queue = self.known(&self.queues, account, Ask::Queue(account))?.as_ref()?;
        Some((queue.tenant, queue.number?))
    }
}
