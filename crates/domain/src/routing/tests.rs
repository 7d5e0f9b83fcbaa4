use super::*;
use crate::emergency::ProfileEmergency;
use crate::policy::{Screening, Via, VoiceRoutes};
use uuid::Uuid;

/// What a world of a few changes has as [`Little`] has it.
macro_rules! as_in_little {
    () => {
        fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
            Little.agents(account, each)
        }
        fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
            Little.trunk(trunk)
        }
        fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView> {
            Little.tenant_number(tenant, country)
        }
        fn help(&self, country: Country, each: &mut dyn FnMut(HelpView)) {
            Little.help(country, each);
        }
        fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
            Little.trunks(profile, each);
        }
    };
}

mod forwarded;
mod gateways;
mod lines;

const fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Tenant 1 has operator 1 (trunks 11, 12); alice has +442079460001, bob no
/// licence, carol no number; the queue 5 has alice and bob, queue 6 nobody.
struct Little;

fn gb() -> Country {
    Country::parse("GB").expect("GB")
}

fn person(user: UserId, number: Option<E164>, licensed: bool) -> UserView {
    let (tenant, country) = (TenantId(id(1)), gb());
    UserView {
        user,
        tenant,
        number,
        alternate: None,
        licensed,
        conferencing: false,
        country,
        phone: true,
    }
}

impl World for Little {
    fn number(&self, number: E164) -> Option<NumberView> {
        let target = match number.value() {
            442_079_460_001 => Some(AssignmentTarget::User(UserId(id(100)))),
            442_079_460_002 => Some(AssignmentTarget::ResourceAccount(ResourceAccountId(id(5)))),
            442_079_460_003 => Some(AssignmentTarget::ResourceAccount(ResourceAccountId(id(6)))),
            442_079_460_004 => Some(AssignmentTarget::User(UserId(id(101)))),
            442_079_460_009 => None,
            _ => return None,
        };
        Some(NumberView {
            number,
            tenant: TenantId(id(1)),
            operator: OperatorId(id(1)),
            profile: CallingProfileId(id(10)),
            country: gb(),
            target,
            category: crate::line::AssignmentCategory::Primary,
            location: None,
        })
    }
    fn user(&self, user: UserId) -> Option<UserView> {
        let (number, licensed) = match user.0.as_u128() {
            100 => (E164::parse("+442079460001").ok(), true),
            101 => (E164::parse("+442079460004").ok(), false),
            102 => (None, true),
            _ => return None,
        };
        Some(person(user, number, licensed))
    }
    fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
        if account.0.as_u128() == 5 {
            each(UserId(id(100)));
            each(UserId(id(101)));
        }
        true
    }
    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
        let operator = match trunk.0.as_u128() {
            11 | 12 => 1,
            21 => 2,
            _ => return None,
        };
        let owner = TrunkOwner::Operator(OperatorId(id(operator)));
        Some(TrunkView { trunk, owner, enabled: true })
    }
    fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView> {
        let british = country.is_none_or(|c| c == gb()) && tenant.0.as_u128() == 1;
        british.then(|| self.number(E164::parse("+442079460002").ok()?)).flatten()
    }
    fn help(&self, country: Country, each: &mut dyn FnMut(HelpView)) {
        // Operator 2 serves Germany with its trunk; operator 3 does too, but drains.
        for (n, serves, open) in [(3, "DE", false), (2, "DE", true), (1, "GB", true)] {
            each(HelpView {
                profile: CallingProfileId(id(n * 10)),
                operator: OperatorId(id(n)),
                serves: country.as_str() == serves,
                open,
            });
        }
    }
    fn trunks(&self, _: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
        for n in [11, 12] {
            each(self.trunk(TrunkId(id(n))).expect("known trunk"));
        }
    }
}

fn from_trunk(trunk: u128, called: &str) -> Result<Route, RouteRefusal> {
    let source = Source::Trunk(TrunkId(id(trunk)));
    route(&Little, Call::new(source, called, ""), &mut NoTrace)
}

fn from_user(user: u128, called: &str) -> Result<Route, RouteRefusal> {
    let source = Source::User(UserId(id(user)));
    route(&Little, Call::new(source, called, ""), &mut NoTrace)
}

#[test]
fn inbound_calls() {
    let user = from_trunk(11, "+442079460001").expect("routed");
    assert_eq!(user.destination, Destination::User(UserId(id(100))));
    assert_eq!(user.kind, CallKind::Inbound);
    let queue = from_trunk(12, "+442079460002").expect("routed");
    assert_eq!(queue.destination, Destination::Queue(ResourceAccountId(id(5))));
    for (trunk, called, refusal) in [
        (21, "+442079460001", RouteRefusal::NumberOfOtherOperator),
        (11, "+442079460003", RouteRefusal::QueueEmpty),
        (11, "+442079460009", RouteRefusal::NumberUnassigned),
        (11, "+442079460077", RouteRefusal::NumberUnknown),
        (11, "alice", RouteRefusal::NotANumber),
        (99, "+442079460001", RouteRefusal::SourceUnknown),
    ] {
        assert_eq!(from_trunk(trunk, called), Err(refusal), "{trunk} {called}");
    }
}

#[test]
fn outbound_calls_leave_by_the_operator_of_the_caller_s_number() {
    for called in ["+493012345678", "00493012345678"] {
        let r = from_user(100, called).expect("routed");
        assert_eq!(r.kind, CallKind::Outbound);
        assert_eq!(r.operator, Some(OperatorId(id(1))));
        assert_eq!(r.caller_id.map(|n| n.to_string()).as_deref(), Some("+442079460001"));
        let number = E164::parse("+493012345678").expect("number");
        assert_eq!(
            r.destination,
            Destination::Trunks {
                profile: CallingProfileId(id(10)),
                digits: Dialled::Number(number)
            }
        );
    }
    assert_eq!(from_user(101, "+493012345678"), Err(RouteRefusal::UserUnlicensed));
    assert_eq!(from_user(102, "+493012345678"), Err(RouteRefusal::UserHasNoNumber));
    assert_eq!(from_user(100, "no-number"), Err(RouteRefusal::NotANumber));
}

#[test]
fn a_colleague_is_reached_inside() {
    let r = from_user(100, "02079460002").expect("routed");
    assert_eq!(r.kind, CallKind::Internal);
    assert_eq!(r.operator, None);
}

#[test]
fn no_gate_refuses_an_emergency_call() {
    for user in [100, 101, 102] {
        for called in ["999", "112", "urn:service:sos.fire"] {
            let r = from_user(user, called).expect("emergency calls are never refused");
            assert_eq!(r.kind, CallKind::Emergency, "{user} {called}");
            let Destination::Trunks { digits: Dialled::Emergency(digits), .. } = r.destination
            else {
                panic!("{user} {called}: not sent as an emergency call");
            };
            assert_eq!(digits.as_str(), if called == "112" { "112" } else { "999" });
        }
    }
}

/// [`Little`], whose profile 10 has a dial string of its own and leaves emergency calls to
/// profile 30, with or without trunks in use there.
struct Delegated {
    profile: ProfileEmergency,
    open: bool,
}

impl World for Delegated {
    fn number(&self, number: E164) -> Option<NumberView> {
        Little.number(number)
    }
    fn user(&self, user: UserId) -> Option<UserView> {
        Little.user(user)
    }
    fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
        Little.agents(account, each)
    }
    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
        Little.trunk(trunk)
    }
    fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView> {
        Little.tenant_number(tenant, country)
    }
    fn help(&self, country: Country, each: &mut dyn FnMut(HelpView)) {
        Little.help(country, each);
    }
    fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
        if self.open || profile.0.as_u128() != 30 {
            Little.trunks(profile, each);
        }
    }
    fn profile(&self, profile: CallingProfileId) -> Option<&ProfileEmergency> {
        (profile.0.as_u128() == 10).then_some(&self.profile)
    }
}

#[test]
fn a_profile_adds_dial_strings_and_may_leave_help_to_another() {
    let own = DialString::parse("5555").expect("digits");
    let delegate = CallingProfileId(id(30));
    for (profile, open, user, called, expect) in [
        (None, true, 100, "999", Ok((10, "999"))),
        (Some(delegate), true, 100, "999", Ok((30, "999"))),
        (Some(delegate), true, 100, "5555", Ok((30, "5555"))),
        (Some(delegate), true, 100, "+5555", Ok((30, "5555"))),
        // Nobody waits for a profile whose trunks all drain.
        (Some(delegate), false, 100, "5555", Ok((10, "5555"))),
        (None, true, 101, "5555", Ok((10, "5555"))),
        // Nobody's number, nobody's dial string; but help, by the tenant's number.
        (None, true, 102, "5555", Err(RouteRefusal::UserHasNoNumber)),
        (Some(delegate), true, 102, "999", Ok((30, "999"))),
        (Some(delegate), true, 101, "555", Err(RouteRefusal::UserUnlicensed)),
    ] {
        let world =
            Delegated { profile: ProfileEmergency { dial_strings: vec![own], profile }, open };
        let source = Source::User(UserId(id(user)));
        let call = Call::new(source, called, "");
        let mut trace = Recorded::default();
        let found = route(&world, call, &mut trace);
        assert_eq!(found, route(&world, call, &mut NoTrace), "explain takes the same way");
        let found = found.map(|r| match r.destination {
            Destination::Trunks { profile, digits: Dialled::Emergency(digits) } => {
                assert_eq!(r.operator, Some(OperatorId(id(1))));
                (profile.0.as_u128(), digits.to_string())
            }
            other => panic!("{user} {called}: {other:?}"),
        });
        let expect = expect.map(|(profile, digits): (u128, &str)| (profile, digits.to_owned()));
        assert_eq!(found, expect, "{profile:?} {user} {called}");
        let told = trace.0.iter().any(|(rule, _)| *rule == "emergency.profile");
        assert_eq!(told, matches!(found, Ok((30, _))), "{user} {called}");
    }
}

#[test]
fn help_leaves_by_whoever_serves_the_country() {
    let from = |tenant: u128, country: &str, called: &str| {
        let country = Country::parse(country).expect("country");
        let source = Source::Network(TenantId(id(tenant)), country);
        route(&Little, Call::new(source, called, ""), &mut NoTrace).map(|r| {
            assert_eq!((r.kind, r.tenant.0), (CallKind::Emergency, id(tenant)));
            (r.operator.map(|o| o.0.as_u128()), r.caller_id.map(|n| n.to_string()))
        })
    };
    let number = || Some("+442079460002".to_owned());
    for (tenant, country, called, expect) in [
        (1, "GB", "999", Ok((Some(1), number()))),
        // No number there: whoever serves it, with the tenant's number elsewhere.
        (1, "DE", "110", Ok((Some(2), number()))),
        // No number at all.
        (2, "DE", "urn:service:sos", Ok((Some(2), None))),
        // Served by nobody: the tenant's own operator, and without one any.
        (1, "FR", "112", Ok((Some(1), number()))),
        (2, "FR", "112", Ok((Some(1), None))),
        // What is no call for help there.
        (1, "DE", "999", Err(RouteRefusal::CallerUnproven)),
        (1, "GB", "+442079460001", Err(RouteRefusal::CallerUnproven)),
    ] {
        assert_eq!(from(tenant, country, called), expect, "{tenant} {country} {called}");
    }
    assert_eq!(RouteRefusal::NoEmergencyRoute.sip_status(), 503);
    for (country, own, expect) in [("DE", 10, &[20][..]), ("DE", 20, &[]), ("FR", 10, &[])] {
        let country = Country::parse(country).expect("country");
        let further = further_profiles(&Little, country, CallingProfileId(id(own)));
        let further: Vec<_> = further.iter().map(|p| p.0.as_u128()).collect();
        assert_eq!(further, expect, "{country} beside {own}");
    }
    let mut trunks = [("silent", true, false), ("drains", false, true), ("well", true, true)];
    let state = |t: &(&str, bool, bool)| usable_for_help((t.1, t.2));
    assert_eq!(trunk_order(&mut trunks, state, 5), 3);
    assert_eq!(trunks[0].0, "well");
}

#[test]
fn explain_takes_the_same_way() {
    let source = Source::User(UserId(id(100)));
    let mut trace = Recorded::default();
    let call = Call::new(source, "+493012345678", "");
    let explained = route(&Little, call, &mut trace);
    assert_eq!(explained, route(&Little, call, &mut NoTrace));
    assert!(trace.0.iter().any(|(rule, _)| *rule == "route.operator_of_number"));
}

#[test]
fn healthy_trunks_come_first_and_disabled_ones_never() {
    let mut first = [0u32; 3];
    for seed in 0..2000u64 {
        // (name, enabled, healthy)
        let mut trunks = [(0, true, true), (1, true, true), (2, true, false), (3, false, true)];
        let usable = trunk_order(&mut trunks, |t| (t.1, t.2), seed.wrapping_mul(0x9E37_79B9));
        assert_eq!(usable, 3);
        assert_eq!(trunks[2].0, 2, "a silent trunk is demoted, not removed");
        assert_eq!(trunks[3].0, 3);
        first[trunks[0].0] += 1;
    }
    assert!(first[0] > 800 && first[1] > 800, "both share the load: {first:?}");
}

#[test]
fn another_trunk_is_tried_only_when_the_rules_allow() {
    for (end, progress, retry) in [
        (AttemptEnd::Response(408), false, true),
        (AttemptEnd::Response(503), false, true),
        (AttemptEnd::Response(504), false, true),
        (AttemptEnd::Response(500), false, false),
        (AttemptEnd::Response(486), false, false),
        (AttemptEnd::Response(603), false, false),
        (AttemptEnd::Silence, false, true),
        (AttemptEnd::NoConnection, false, true),
        (AttemptEnd::Response(503), true, false),
        (AttemptEnd::Silence, true, false),
    ] {
        assert_eq!(may_retry(end, progress, false), retry, "{end:?} {progress}");
    }
    for code in 300..700 {
        let retry = [408, 503, 504].contains(&code);
        assert_eq!(may_retry(AttemptEnd::Response(code), false, false), retry, "{code}");
        // Whoever calls for help tries the next one whatever this one says.
        assert_eq!(may_retry(AttemptEnd::Response(code), false, true), code >= 400, "{code}");
        assert!(!may_retry(AttemptEnd::Response(code), true, true), "{code} after progress");
    }
    assert!(!may_retry(AttemptEnd::NoConnection, true, true));
}

mod policies {
    use super::*;
    use crate::policy::{
        BlockedNumbers, CallerId, DialOut, ExemptNumbers, NormalizationRule, PolicyBody,
        PolicyTarget, Reach, ScreeningRules, TenantPolicies, TreatmentTarget, UnassignedTreatment,
    };

    /// [`Little`] with policies of tenant 1.
    struct Ruled(TenantPolicies);

    impl World for Ruled {
        fn number(&self, number: E164) -> Option<NumberView> {
            Little.number(number)
        }
        fn user(&self, user: UserId) -> Option<UserView> {
            Little.user(user)
        }
        as_in_little!();
        fn has_policies(&self, _: TenantId) -> bool {
            !self.0.is_empty()
        }
        fn policy(&self, _: TenantId, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
            self.0.effective(holder, kind)
        }
        fn screening(&self, _: TenantId) -> Option<&Screening> {
            Some(self.0.screening())
        }
        fn account_number(&self, account: ResourceAccountId) -> Option<(TenantId, E164)> {
            let number = E164::parse("+442079460002").ok()?;
            (account.0.as_u128() == 5).then_some((TenantId(id(1)), number))
        }
    }

    fn ruled(bodies: &[PolicyBody], screening: ScreeningRules) -> Ruled {
        let mut all = TenantPolicies::default();
        for (n, body) in bodies.iter().enumerate() {
            let policy = PolicyId(id(n as u128 + 1));
            let rule = body.ready().expect("a policy");
            all.put(Policy { id: policy, name: format!("p{n}"), rule });
            all.assign(body.kind(), PolicyTarget::Global, Some(policy));
        }
        all.screen(Screening::new(&screening).expect("rules"));
        Ruled(all)
    }

    fn plan() -> PolicyBody {
        let rule = |name: &str, pattern: &str, translation: &str| NormalizationRule {
            name: name.into(),
            pattern: pattern.into(),
            translation: translation.into(),
        };
        PolicyBody::TenantDialPlan {
            rules: vec![
                rule("everything for help", "^999$", "+33123456789"),
                rule("outside line", r"^9(\d{3,})$", "$1"),
                rule("extension", r"^(0\d{3})$", "+44207946$1"),
                rule("broken", r"^77$", "0"),
            ],
        }
    }

    fn dialled(world: &Ruled, user: u128, called: &str) -> Result<Route, RouteRefusal> {
        let source = Source::User(UserId(id(user)));
        let mut trace = Recorded::default();
        let call = Call::new(source, called, "");
        let explained = route(world, call, &mut trace);
        assert_eq!(explained, route(world, call, &mut NoTrace), "explain takes the same way");
        explained
    }

    #[test]
    fn a_dial_plan_makes_numbers_and_never_hides_a_call_for_help() {
        let world = ruled(&[plan()], ScreeningRules::default());
        let out = |called| {
            dialled(&world, 100, called).map(|r| match r.destination {
                Destination::Trunks { digits: Dialled::Number(n), .. } => n.to_string(),
                Destination::Trunks { digits: Dialled::Emergency(digits), .. } => {
                    digits.to_string()
                }
                Destination::User(_)
                | Destination::Queue(_)
                | Destination::Circle { .. }
                | Destination::Target { .. } => "inside".into(),
                Destination::Gateways { .. } | Destination::Bridge { .. } => "by a gateway".into(),
            })
        };
        for (called, expect) in [
            ("900493012345678", Ok("+493012345678")),
            ("0002", Ok("inside")),
            ("+493012345678", Ok("+493012345678")),
            // Recognised before the plan, and after it.
            ("999", Ok("999")),
            ("9999", Ok("999")),
            ("9112", Ok("112")),
            ("77", Err(RouteRefusal::NotANumber)),
        ] {
            assert_eq!(out(called), expect.map(str::to_owned), "{called}");
        }
        // Whoever has no licence is helped by way of the plan too.
        assert_eq!(dialled(&world, 101, "9999").map(|r| r.kind), Ok(CallKind::Emergency));
        assert_eq!(dialled(&world, 101, "0002").err(), Some(RouteRefusal::UserUnlicensed));
    }

    #[test]
    fn who_may_call_no_further_than_home_is_helped_all_the_same() {
        for (reach, abroad, home) in [
            (Reach::InternationalAndDomestic, true, true),
            (Reach::Domestic, false, true),
            (Reach::None, false, false),
        ] {
            let body = PolicyBody::OnlineDialOutPolicy(DialOut {
                reach,
                premium: true,
                conferencing: Reach::default(),
            });
            let world = ruled(&[body], ScreeningRules::default());
            for (called, goes) in [
                ("+493012345678", abroad),
                ("+441130000000", home),
                ("+442079460002", true),
                ("999", true),
            ] {
                let routed = dialled(&world, 100, called);
                let expect = if goes { None } else { Some(RouteRefusal::DialOutRestricted) };
                assert_eq!(routed.err(), expect, "{reach:?} {called}");
            }
        }
    }

    #[test]
    fn who_takes_a_call_over_has_dialled_nothing() {
        let body = PolicyBody::OnlineDialOutPolicy(DialOut {
            reach: Reach::None,
            premium: true,
            conferencing: Reach::default(),
        });
        let world = ruled(&[body], ScreeningRules::default());
        let source = Source::User(UserId(id(100)));
        for (takes_over, expect) in
            [(None, Some(RouteRefusal::DialOutRestricted)), (Some(FarEnd::Phone), None)]
        {
            let call = Call { takes_over, ..Call::new(source, "+493012345678", "") };
            assert_eq!(route(&world, call, &mut NoTrace).err(), expect);
        }
    }

    #[test]
    fn callers_are_shown_as_their_policy_says() {
        let resource = |n| Substitute::Resource(ResourceAccountId(id(n)));
        let (own, queue) = ("+442079460001", "+442079460002");
        for (substitute, user_override, shown, hide) in [
            (Substitute::LineUri, false, own, Hide::Never),
            (Substitute::LineUri, true, own, Hide::AsAsked),
            (Substitute::Anonymous, true, own, Hide::Always),
            (resource(5), false, queue, Hide::Never),
            (resource(6), false, own, Hide::Never),
        ] {
            let policy = CallerId { substitute, user_override, ..CallerId::default() };
            let body = PolicyBody::CallingLineIdentity(policy);
            let world = ruled(&[body], ScreeningRules::default());
            let r = dialled(&world, 100, "+493012345678").expect("routed");
            let number = r.caller_id.map(|n| n.to_string());
            assert_eq!((number.as_deref(), r.hide), (Some(shown), hide), "{substitute:?}");
            assert_eq!(r.caller_policy, Some(PolicyId(id(1))));
            let help = dialled(&world, 100, "999").expect("helped");
            let number = help.caller_id.map(|n| n.to_string());
            assert_eq!((number.as_deref(), help.hide), (Some(own), Hide::Never));
            let inside = dialled(&world, 100, queue).expect("inside");
            assert_eq!(inside.hide, Hide::AsAsked, "colleagues see each other");
        }
    }

    #[test]
    fn callers_are_screened_and_nobody_s_numbers_answered() {
        let blocked = |name: &str, pattern: &str, to: Option<u128>| BlockedNumbers {
            name: name.into(),
            pattern: pattern.into(),
            enabled: true,
            redirect_to: to.map(|n| ResourceAccountId(id(n))),
            announcement: None,
        };
        let rules = ScreeningRules {
            blocked: vec![blocked("sent", r"^\+49", Some(5)), blocked("not in", r"^\+33", None)],
            exempt: vec![ExemptNumbers {
                name: "Paris".into(),
                pattern: r"^\+331".into(),
                enabled: true,
            }],
            unassigned: vec![UnassignedTreatment {
                name: "nobody's".into(),
                pattern: "9$".into(),
                priority: 1,
                target: TreatmentTarget::User(UserId(id(101))),
            }],
        };
        let world = ruled(&[], rules);
        let rings = |caller: &str, called: &str| {
            let source = Source::Trunk(TrunkId(id(11)));
            route(&world, Call::new(source, called, caller), &mut NoTrace).map(|r| r.destination)
        };
        let (alice, bob) = (Destination::User(UserId(id(100))), Destination::User(UserId(id(101))));
        let queue = Destination::Queue(ResourceAccountId(id(5)));
        for (caller, called, expect) in [
            ("+441130000000", "+442079460001", Ok(alice)),
            ("+493012345678", "+442079460001", Ok(queue)),
            ("+334000000", "+442079460001", Err(RouteRefusal::CallerBlocked)),
            ("+331000000", "+442079460001", Ok(alice)),
            ("anonymous", "+442079460001", Ok(alice)),
            ("+441130000000", "+442079460009", Ok(bob)),
            ("+334000000", "+442079460009", Err(RouteRefusal::CallerBlocked)),
        ] {
            assert_eq!(rings(caller, called), expect, "{caller} to {called}");
        }
        // Colleagues reach it too.
        let inside = dialled(&world, 100, "+442079460009").expect("inside");
        assert_eq!((inside.kind, inside.destination), (CallKind::Internal, bob));
    }
}

#[test]
fn other_operators_stand_in_where_the_tenant_named_them_and_for_its_calls_outside_only() {
    struct With(Vec<u128>);
    impl World for With {
        fn number(&self, number: E164) -> Option<NumberView> {
            Little.number(number)
        }
        fn user(&self, user: UserId) -> Option<UserView> {
            Little.user(user)
        }
        as_in_little!();
        fn fallback(&self, _: TenantId, each: &mut dyn FnMut(FallbackView)) {
            for n in &self.0 {
                let profile = CallingProfileId(id(n * 10));
                each(FallbackView { operator: OperatorId(id(*n)), profile });
            }
        }
    }
    let alice = Source::User(UserId(id(100)));
    let outside = "+493012345678";
    for (named, source, called, expect) in [
        (&[][..], alice, outside, &[][..]),
        (&[3, 1, 2], alice, outside, &[30, 20]),
        // Colleagues, calls from outside and calls for help have ways of their own.
        (&[3, 2], alice, "+442079460002", &[]),
        (&[3, 2], Source::Trunk(TrunkId(id(11))), "+442079460001", &[]),
        (&[3, 2], alice, "999", &[]),
    ] {
        let world = With(named.to_vec());
        let call = Call::new(source, called, "");
        let route = route(&world, call, &mut NoTrace).expect("routed");
        let found = fallback_profiles(&world, &route);
        let found: Vec<u128> = found.iter().map(|profile| profile.0.as_u128()).collect();
        assert_eq!(found, expect, "{named:?} {called}");
    }
}
