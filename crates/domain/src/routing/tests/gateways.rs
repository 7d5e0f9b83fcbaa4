//! Ways over the tenant's own gateways.

use super::*;
use crate::policy::{
    EmergencyCallRouting, EmergencyNumber, PolicyBody, PolicyTarget, TenantPolicies,
    VoiceRouteRule, VoiceRouting, VoiceRoutingRules,
};

const DIRECT: &str = "+442079460500";

/// [`Little`] with gateways of tenant 1 (31 and 32 in GB, 33 in Germany; 32 drains), one of
/// tenant 2 (41), dave with a Direct Routing number, and voice routing.
struct Own {
    ruled: TenantPolicies,
    operators: bool,
    /// Gateways that answer for a conference bridge.
    bridges: Vec<u128>,
}

fn de() -> Country {
    Country::parse("DE").expect("DE")
}

impl World for Own {
    fn number(&self, number: E164) -> Option<NumberView> {
        if number.to_string() == DIRECT {
            return Some(NumberView {
                number,
                tenant: TenantId(id(1)),
                operator: OperatorId::DIRECT_ROUTING,
                profile: CallingProfileId::DIRECT_ROUTING,
                country: gb(),
                target: Some(AssignmentTarget::User(UserId(id(105)))),
                category: crate::line::AssignmentCategory::Primary,
                location: None,
            });
        }
        if number.to_string() == "+442079460600" {
            let view = Little.number(E164::parse("+442079460001").expect("number"))?;
            return Some(NumberView { number, tenant: TenantId(id(2)), ..view });
        }
        Little.number(number)
    }
    fn user(&self, user: UserId) -> Option<UserView> {
        if user.0.as_u128() == 105 {
            return Some(person(user, E164::parse(DIRECT).ok(), true));
        }
        Little.user(user)
    }
    fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
        Little.agents(account, each)
    }
    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
        let n = trunk.0.as_u128();
        let (tenant, country) = match n {
            31 | 32 => (1, gb()),
            33 => (1, de()),
            41 => (2, gb()),
            _ => return Little.trunk(trunk),
        };
        let owner = TrunkOwner::Tenant(TenantId(id(tenant)), country);
        Some(TrunkView { trunk, owner, enabled: n != 32 })
    }
    fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView> {
        if self.operators { Little.tenant_number(tenant, country) } else { None }
    }
    fn help(&self, country: Country, each: &mut dyn FnMut(HelpView)) {
        if self.operators {
            Little.help(country, each);
        }
    }
    fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
        if profile != CallingProfileId::DIRECT_ROUTING {
            Little.trunks(profile, each);
        }
    }
    fn has_policies(&self, _: TenantId) -> bool {
        !self.ruled.is_empty()
    }
    fn policy(&self, _: TenantId, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
        self.ruled.effective(holder, kind)
    }
    fn screening(&self, _: TenantId) -> Option<&Screening> {
        Some(self.ruled.screening())
    }
    fn voice_routes(&self, _: TenantId) -> Option<&VoiceRoutes> {
        Some(self.ruled.voice_routes())
    }
    fn gateways(&self, tenant: TenantId, each: &mut dyn FnMut(GatewayView)) {
        for n in [31, 32, 33, 41] {
            let view = self.trunk(TrunkId(id(n))).expect("a gateway");
            if let TrunkOwner::Tenant(of, country) = view.owner
                && of == tenant
            {
                let (gateway, enabled) = (view.trunk, view.enabled);
                each(GatewayView { gateway, country, enabled, bridge: self.bridges.contains(&n) });
            }
        }
    }
}

/// Routes for Germany over 33 and then 41, which is another tenant's; none for Italy.
fn world(operators: bool, target: Option<PolicyTarget>) -> Own {
    let mut ruled = TenantPolicies::default();
    let route = |name: &str, pattern: &str, gateways: &[u128]| VoiceRouteRule {
        name: name.into(),
        pattern: pattern.into(),
        priority: 1,
        usages: vec!["Abroad".into()],
        gateways: gateways.iter().map(|n| TrunkId(id(*n))).collect(),
        bridge_source: None,
    };
    let rules = VoiceRoutingRules {
        usages: vec!["Abroad".into()],
        routes: vec![
            route("Germany", r"^\+49", &[33, 41]),
            route("Italy is closed", r"^\+39", &[]),
            // What is closed stays so, whatever stands behind it.
            VoiceRouteRule { priority: 2, ..route("the rest", r"^\+39", &[31]) },
            route("colleagues", r"^\+44", &[31]),
        ],
    };
    ruled.route(VoiceRoutes::new(&rules).expect("routes"));
    let body = PolicyBody::OnlineVoiceRoutingPolicy(VoiceRouting { usages: vec!["Abroad".into()] });
    let policy = PolicyId(id(1));
    let rule = body.ready().expect("a policy");
    ruled.put(Policy { id: policy, name: "Abroad".into(), rule });
    if let Some(target) = target {
        ruled.assign(body.kind(), target, Some(policy));
    }
    Own { ruled, operators, bridges: Vec::new() }
}

fn routed(world: &Own, source: Source, called: &str) -> Result<Route, RouteRefusal> {
    let mut trace = Recorded::default();
    let call = Call::new(source, called, "");
    let explained = route(world, call, &mut trace);
    assert_eq!(explained, route(world, call, &mut NoTrace), "explain takes the same way");
    explained
}

fn way(world: &Own, user: u128, called: &str) -> Result<String, RouteRefusal> {
    routed(world, Source::User(UserId(id(user))), called).map(|r| match r.destination {
        Destination::Trunks { profile, .. } => {
            assert!(r.operator.is_some());
            format!("operator {}", profile.0.as_u128())
        }
        Destination::Gateways { .. } => {
            assert_eq!(r.operator, None, "no operator is told of it");
            let tiers = gateway_tiers(world, &r);
            let ids = |tier: &Vec<TrunkId>| {
                tier.iter().map(|id| id.0.as_u128().to_string()).collect::<Vec<_>>().join("+")
            };
            tiers.iter().map(ids).collect::<Vec<_>>().join(", ")
        }
        _ => "inside".into(),
    })
}

#[test]
fn the_order_of_the_ways_out() {
    let alice_only = Some(PolicyTarget::User(UserId(id(100))));
    let everybody = Some(PolicyTarget::Global);
    for (assigned, user, called, expect) in [
        // A match overrides the operator of the caller's number.
        (alice_only, 100, "+493012345678", Ok("33")),
        (alice_only, 100, "+33123456789", Ok("operator 10")),
        (alice_only, 100, "+390612345678", Err(RouteRefusal::NoGateway)),
        // Colleagues are reached inside, whatever a route says.
        (alice_only, 100, "+442079460002", Ok("inside")),
        (alice_only, 100, DIRECT, Ok("inside")),
        // Who has no policy is not touched.
        (None, 100, "+493012345678", Ok("operator 10")),
        // A Direct Routing number has no operator to fall back to.
        (everybody, 105, "+493012345678", Ok("33")),
        (everybody, 105, "+33123456789", Err(RouteRefusal::NoVoiceRoute)),
        (None, 105, "+493012345678", Err(RouteRefusal::NoVoiceRoute)),
        (everybody, 102, "+493012345678", Err(RouteRefusal::UserHasNoNumber)),
        (everybody, 101, "+493012345678", Err(RouteRefusal::UserUnlicensed)),
    ] {
        let found = way(&world(true, assigned), user, called);
        assert_eq!(found.as_deref(), expect.as_deref(), "{assigned:?} {user} {called}");
    }
}

#[test]
fn a_dialog_over_a_gateway_is_taken_over_there() {
    let over = |n| Some(FarEnd::Trunk(TrunkId(id(n))));
    let by = |operator: u128| Ok(Some(OperatorId(id(operator))));
    for (user, takes_over, expect) in [
        (105, over(31), Ok(None)),
        (100, over(31), Ok(None)),
        // Another tenant's is none.
        (105, over(41), Err(RouteRefusal::NoVoiceRoute)),
        (100, over(41), by(1)),
        (100, over(11), by(1)),
        (100, Some(FarEnd::Phone), by(1)),
    ] {
        let source = Source::User(UserId(id(user)));
        let call = Call { takes_over, ..Call::new(source, "+33123456789", "") };
        let found = route(&world(true, None), call, &mut NoTrace);
        assert_eq!(found.map(|r| r.operator), expect, "{user} {takes_over:?}");
    }
}

#[test]
fn who_calls_for_help_behind_a_gateway_is_called_back() {
    for (caller, expect) in [
        ("+442079460001", "+442079460001"),
        // Nobody's, and another tenant's: one of the tenant's own instead.
        ("+442079469999", "+442079460002"),
        ("+442079460600", "+442079460002"),
        ("anonymous", "+442079460002"),
    ] {
        let source = Source::Trunk(TrunkId(id(31)));
        let call = Call::new(source, "999", caller);
        let found = route(&world(true, None), call, &mut NoTrace).expect("help");
        assert_eq!(found.kind, CallKind::Emergency);
        let shown = found.caller_id.map(|n| n.to_string());
        assert_eq!(shown.as_deref(), Some(expect), "{caller}");
    }
}

#[test]
fn help_is_called_by_the_provider_of_the_number() {
    for (operators, user, expect) in [
        (true, 100, Ok("operator 10")),
        // 32 drains, 33 is in another country.
        (true, 105, Ok("31")),
        (false, 105, Ok("31")),
        (false, 102, Ok("31")),
    ] {
        for assigned in [None, Some(PolicyTarget::Global)] {
            let found = way(&world(operators, assigned), user, "999");
            assert_eq!(found.as_deref(), expect.as_deref(), "{operators} {user}");
        }
    }
}

#[test]
fn a_conference_bridge_takes_no_call_for_help_from_a_way_out() {
    for (bridges, expect) in [
        (vec![], "31"),
        // Rather one in another country than one that may ask for a meeting.
        (vec![31], "33"),
        // Better that than nothing.
        (vec![31, 33], "31"),
    ] {
        let own = Own { bridges, ..world(false, None) };
        assert_eq!(way(&own, 105, "999"), Ok(expect.to_owned()), "{:?}", own.bridges);
    }
}

#[test]
fn a_gateway_reaches_its_tenant_and_nobody_else() {
    let world = world(true, None);
    let alice = Ok(Destination::User(UserId(id(100))));
    for (gateway, called, expect) in [
        (31, "+442079460001", alice),
        (31, DIRECT, Ok(Destination::User(UserId(id(105))))),
        // As it is dialled in the gateway's country.
        (31, "02079460001", alice),
        (33, "02079460001", Err(RouteRefusal::NumberUnknown)),
        (31, "+442079460600", Err(RouteRefusal::NumberOfOtherTenant)),
        (41, "+442079460001", Err(RouteRefusal::NumberOfOtherTenant)),
        // No way through to the outside.
        (31, "+493012345678", Err(RouteRefusal::NumberUnknown)),
        // An operator brings no call for a number that is not its own.
        (11, DIRECT, Err(RouteRefusal::NumberOfOtherOperator)),
    ] {
        let routed = routed(&world, Source::Trunk(TrunkId(id(gateway))), called);
        if let Ok(route) = &routed {
            assert_eq!((route.kind, route.operator), (CallKind::Inbound, None));
        }
        assert_eq!(routed.map(|r| r.destination), expect, "{gateway} {called}");
    }
    // What stands behind it calls for help by an operator, not back to where it came from.
    let help = routed(&world, Source::Trunk(TrunkId(id(31))), "999").expect("helped");
    assert_eq!(help.kind, CallKind::Emergency);
    assert!(matches!(help.destination, Destination::Trunks { .. }), "{help:?}");
}

/// [`world`] with an emergency call routing policy for everybody: 112 and 5555 become 911 by the
/// usage "Help", whose route leads to a gateway; 110 goes as it would without a usage.
fn helped(operators: bool, route: Option<(&str, &[u128])>) -> Own {
    let mut world = world(operators, None);
    let usages = vec!["Help".to_owned()];
    let routes = route.map(|(pattern, gateways)| VoiceRouteRule {
        name: "help".into(),
        pattern: pattern.into(),
        priority: 1,
        usages: usages.clone(),
        gateways: gateways.iter().map(|n| TrunkId(id(*n))).collect(),
        bridge_source: None,
    });
    let rules = VoiceRoutingRules { usages, routes: routes.into_iter().collect() };
    world.ruled.route(VoiceRoutes::new(&rules).expect("routes"));
    let dial = |text: &str| DialString::parse(text).expect("digits");
    let number = |digits, masks: &[&str], usage: Option<&str>| EmergencyNumber {
        dial_string: dial(digits),
        masks: masks.iter().map(|mask| dial(mask)).collect(),
        usage: usage.map(str::to_owned),
    };
    let body = PolicyBody::TeamsEmergencyCallRoutingPolicy(EmergencyCallRouting {
        enhanced: true,
        numbers: vec![number("911", &["112", "5555"], Some("Help")), number("110", &[], None)],
    });
    let policy = PolicyId(id(2));
    let rule = body.ready().expect("a policy");
    world.ruled.put(Policy { id: policy, name: "Help".into(), rule });
    world.ruled.assign(body.kind(), PolicyTarget::Global, Some(policy));
    world
}

#[test]
fn a_policy_leads_help_over_the_tenant_s_gateways_and_loses_no_call() {
    let abroad = Some((r"^\+?911$", &[33, 41][..]));
    for (operators, route, user, called, expect, digits) in [
        // Its usage's gateways, whatever country they are in, and then those in the caller's.
        (true, abroad, 105, "911", "33, 31", Some("911")),
        (true, abroad, 105, "112", "33, 31", Some("911")),
        (true, abroad, 105, "+5555", "33, 31", Some("911")),
        (true, abroad, 105, "110", "31", Some("110")),
        // What the policy does not name goes as it did.
        (true, abroad, 105, "999", "31", Some("999")),
        // A route that matches the number with its plus alone.
        (true, Some((r"^\+911$", &[33][..])), 105, "911", "33, 31", Some("911")),
        // No route, one that closes, one over a gateway that drains, and one over another
        // tenant's: the gateways in the country.
        (true, None, 105, "911", "31", Some("911")),
        (true, Some(("911", &[][..])), 105, "911", "31", Some("911")),
        (true, Some(("911", &[32][..])), 105, "911", "31", Some("911")),
        (true, Some(("911", &[41][..])), 105, "911", "31", Some("911")),
        // Of no effect for a number of an operator.
        (true, abroad, 100, "999", "operator 10", Some("999")),
        (true, abroad, 100, "112", "operator 10", Some("112")),
        (true, abroad, 100, "5555", "operator 10", None),
        (true, abroad, 102, "5555", "refused", None),
        (false, abroad, 105, "5555", "33, 31", Some("911")),
    ] {
        let world = helped(operators, route);
        let source = Source::User(UserId(id(user)));
        let found = way(&world, user, called).unwrap_or_else(|_| "refused".into());
        assert_eq!(found, expect, "{operators} {route:?} {user} {called}");
        let sent = routed(&world, source, called).ok().and_then(|r| match r.destination.digits() {
            Some(Dialled::Emergency(digits)) => Some(digits.to_string()),
            _ => None,
        });
        assert_eq!(sent.as_deref(), digits, "{route:?} {user} {called}");
    }
}

#[test]
fn others_are_given_the_country_s_number() {
    let world = helped(true, None);
    let own = DialString::parse("5555").expect("digits");
    for (operator, trunk, country, expect) in [
        (Some(1), 11, Some(gb()), "5555"),
        (Some(2), 11, Some(gb()), "999"),
        (None, 11, Some(gb()), "999"),
        (None, 31, Some(gb()), "5555"),
        (None, 99, Some(gb()), "999"),
        (None, 11, None, "5555"),
    ] {
        let operator = operator.map(|n: u128| OperatorId(id(n)));
        let found = help_digits(&world, own, (country, operator), TrunkId(id(trunk)));
        assert_eq!(found.as_str(), expect, "{operator:?} {trunk}");
    }
}
