//! Calls out of meetings (operator-connect.md 1.12).

use super::{CallKind, Destination, Dialled, Route, RouteRefusal, Trace, World};
use crate::conference::Meeting;
use crate::ids::{TenantId, TrunkId};
use crate::number::NumberType;
use crate::policy::{Hide, Holder, Policy, PolicyKind, PolicyRule};
use numbering::E164;

/// The way of a call that a bridge makes out of a meeting: by the number of a bridge that
/// the organiser's audio conferencing routing policy, or everybody's, leads to. That
/// number's operator carries the call, and whoever is called sees it.
pub(super) fn dial_out(
    world: &impl World,
    (gateway, tenant): (TrunkId, TenantId),
    meeting: Meeting,
    called: E164,
    trace: &mut impl Trace,
) -> Result<Route, RouteRefusal> {
    let mut answers = false;
    world.bridge_gateways(tenant, meeting.bridge, &mut |id| answers |= id == gateway);
    if !answers {
        return Err(RouteRefusal::BridgeUnknown);
    }
    trace.step("conference.bridge", || {
        format!("conference bridge {} calls {called} out of a meeting", meeting.bridge)
    });
    let organizer = match meeting.organizer {
        None => None,
        Some(id) => {
            let user = world.user(id).filter(|user| user.tenant == tenant);
            let user = user.ok_or(RouteRefusal::SourceUnknown)?;
            if !user.conferencing {
                return Err(RouteRefusal::OrganizerUnlicensed);
            }
            trace.step("conference.organizer", || {
                format!("{id} organizes the meeting and holds a licence for it")
            });
            Some(user)
        }
    };
    // The policies of a person's number are about calls that they make by it.
    let holder = Holder { user: organizer.map(|user| user.user), number: None };
    let source = route_of(world, tenant, holder, called, trace)?;
    let own = organizer.and_then(|user| world.number(user.number?));
    let home =
        own.map(|own| own.country).or(organizer.map(|user| user.country)).unwrap_or(source.country);
    let policy = world.policy(tenant, holder, PolicyKind::OnlineDialOutPolicy);
    if let Some((Policy { rule: PolicyRule::DialOut(rule), name, .. }, via)) = policy {
        let checked = rule.check_conferencing(called, home);
        trace.step("policy.dial_out", || {
            let via = via.as_str();
            match checked {
                Ok(()) => format!("{name:?} ({via}) lets meetings call {called}"),
                Err(what) => format!("{name:?} ({via}) allows no {what} calls as to {called}"),
            }
        });
        checked.map_err(|_| RouteRefusal::DialOutRestricted)?;
    }
    trace.step("route.operator_of_number", || {
        format!("{} is operator {}'s, so the call leaves there", source.number, source.operator)
    });
    Ok(Route {
        kind: CallKind::Outbound,
        tenant,
        number: Some(source.number),
        called: None,
        on_behalf: None,
        forwarded: None,
        operator: Some(source.operator),
        caller_id: Some(source.number),
        hide: Hide::Never,
        caller_policy: None,
        destination: Destination::Trunks {
            profile: source.profile,
            digits: Dialled::Number(called),
        },
        emergency_in: None,
        bridge: Some(meeting.bridge),
        reserves: None,
        called_back: None,
    })
}

/// The number by which the first route that matches lets meetings call. One that is no
/// bridge's any more, or was never an operator's, leads nowhere.
fn route_of(
    world: &impl World,
    tenant: TenantId,
    holder: Holder,
    called: E164,
    trace: &mut impl Trace,
) -> Result<super::NumberView, RouteRefusal> {
    let refused = RouteRefusal::NoConferenceRoute;
    let kind = PolicyKind::OnlineAudioConferencingRoutingPolicy;
    let (policy, via) = world.policy(tenant, holder, kind).ok_or(refused)?;
    let PolicyRule::ConferenceRouting(rule) = &policy.rule else { return Err(refused) };
    let routes = world.voice_routes(tenant).ok_or(refused)?;
    let text = called.to_string();
    let found = routes.of_meetings(&rule.usages, &text).find_map(|(route, source)| {
        let view = world.number(source).filter(|view| view.tenant == tenant)?;
        let (of, _) = world.bridge_of(source)?;
        let carried = NumberType::of(view.operator) == NumberType::OperatorConnect;
        (of == tenant && carried).then_some((route, view))
    });
    trace.step("policy.conference_routing", || {
        let (name, via) = (&policy.name, via.as_str());
        match &found {
            Some((route, view)) => {
                format!("{name:?} ({via}): {called} goes by {:?} as {}", route.name, view.number)
            }
            None => format!("{name:?} ({via}): no route of meetings matches {called}"),
        }
    });
    found.map(|(_, view)| view).ok_or(refused)
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::conference::Meeting;
    use crate::policy::{
        DialOut, Reach, Via, VoiceRouteRule, VoiceRoutes, VoiceRouting, VoiceRoutingRules,
    };
    use uuid::Uuid;

    const fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    const TENANT: TenantId = TenantId(id(1));
    const OTHER: TenantId = TenantId(id(2));
    const BRIDGE: BridgeId = BridgeId(id(50));
    const ORGANIZER: UserId = UserId(id(100));
    const UNLICENSED: UserId = UserId(id(101));
    const STRANGER: UserId = UserId(id(102));
    /// Answers the bridge's calls; 32 is another gateway of the tenant, 41 one of another's.
    const ANSWERS: TrunkId = TrunkId(id(31));
    const NUMBER: &str = "+442079460050";
    const DIRECT: &str = "+442079460051";
    const COLLEAGUE: &str = "+442079460001";
    const GERMANY: &str = "+493012345678";
    const FRANCE: &str = "+33123456789";
    const BRITAIN: &str = "+441130000000";

    fn e164(text: &str) -> E164 {
        E164::parse(text).expect(text)
    }

    /// The tenant's bridge 50 has an operator's number and one of the tenant's own. Policies
    /// lead meetings by the first.
    struct Meetings {
        routes: VoiceRoutes,
        /// Of everybody, or of the organiser alone.
        everybody: bool,
        dial_out: Option<Policy>,
        routing: Policy,
    }

    fn policy(n: u128, rule: PolicyRule) -> Policy {
        Policy { id: PolicyId(id(n)), name: format!("p{n}"), rule }
    }

    fn world(everybody: bool, conferencing: Option<Reach>) -> Meetings {
        let route = |name: &str, pattern: &str, source: &str| VoiceRouteRule {
            name: name.into(),
            pattern: pattern.into(),
            priority: 1,
            usages: vec!["Meetings".into()],
            gateways: Vec::new(),
            bridge_source: Some(e164(source)),
        };
        let usages = vec!["Meetings".to_owned()];
        let routes = vec![
            // Leads nowhere: a number of the tenant's own is carried by no operator.
            route("a own", r"^\+49", DIRECT),
            route("b gone", r"^\+49", "+442079460099"),
            route("c germany", r"^\+49", NUMBER),
            route("d britain", r"^\+44", NUMBER),
        ];
        let rules = VoiceRoutingRules { usages: usages.clone(), routes };
        let premium = true;
        Meetings {
            routes: VoiceRoutes::new(&rules).expect("routes"),
            everybody,
            dial_out: conferencing.map(|conferencing| {
                let reach = Reach::None;
                policy(1, PolicyRule::DialOut(DialOut { reach, premium, conferencing }))
            }),
            routing: policy(2, PolicyRule::ConferenceRouting(VoiceRouting { usages })),
        }
    }

    impl World for Meetings {
        fn number(&self, number: E164) -> Option<NumberView> {
            let view = NumberView {
                number,
                tenant: TENANT,
                operator: OperatorId(id(1)),
                profile: CallingProfileId(id(10)),
                country: Country::parse("GB").expect("GB"),
                target: None,
                category: crate::line::AssignmentCategory::Primary,
                location: None,
            };
            match number.to_string().as_str() {
                NUMBER => Some(view),
                DIRECT => Some(NumberView {
                    operator: OperatorId::DIRECT_ROUTING,
                    profile: CallingProfileId::DIRECT_ROUTING,
                    ..view
                }),
                COLLEAGUE => {
                    Some(NumberView { target: Some(AssignmentTarget::User(ORGANIZER)), ..view })
                }
                _ => None,
            }
        }
        fn user(&self, user: UserId) -> Option<UserView> {
            let (tenant, conferencing) = match user {
                ORGANIZER => (TENANT, true),
                UNLICENSED => (TENANT, false),
                STRANGER => (OTHER, true),
                _ => return None,
            };
            let number = (user == ORGANIZER).then(|| e164(COLLEAGUE));
            let country = Country::parse("GB").expect("GB");
            Some(UserView {
                user,
                tenant,
                number,
                alternate: None,
                licensed: true,
                conferencing,
                country,
                phone: true,
            })
        }
        fn agents(&self, _: ResourceAccountId, _: &mut dyn FnMut(UserId)) -> bool {
            false
        }
        fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
            let gb = Country::parse("GB").expect("GB");
            let owner = match trunk.0.as_u128() {
                11 => TrunkOwner::Operator(OperatorId(id(1))),
                31 | 32 => TrunkOwner::Tenant(TENANT, gb),
                41 => TrunkOwner::Tenant(OTHER, gb),
                _ => return None,
            };
            Some(TrunkView { trunk, owner, enabled: true })
        }
        fn tenant_number(&self, _: TenantId, _: Option<Country>) -> Option<NumberView> {
            self.number(e164(NUMBER))
        }
        fn help(&self, _: Country, _: &mut dyn FnMut(HelpView)) {}
        fn trunks(&self, _: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
            each(self.trunk(TrunkId(id(11))).expect("a trunk"));
        }
        fn has_policies(&self, tenant: TenantId) -> bool {
            tenant == TENANT
        }
        fn policy(&self, _: TenantId, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
            let found = match kind {
                PolicyKind::OnlineAudioConferencingRoutingPolicy => Some(&self.routing),
                PolicyKind::OnlineDialOutPolicy => self.dial_out.as_ref(),
                _ => None,
            }?;
            match holder.user {
                _ if self.everybody => Some((found, Via::Global)),
                Some(ORGANIZER) => Some((found, Via::Direct)),
                _ => None,
            }
        }
        fn voice_routes(&self, _: TenantId) -> Option<&VoiceRoutes> {
            Some(&self.routes)
        }
        fn bridge_of(&self, number: E164) -> Option<(TenantId, BridgeId)> {
            let is_of_bridge = [NUMBER, DIRECT].contains(&number.to_string().as_str());
            is_of_bridge.then_some((TENANT, BRIDGE))
        }
        fn bridge_gateways(
            &self,
            tenant: TenantId,
            bridge: BridgeId,
            each: &mut dyn FnMut(TrunkId),
        ) -> bool {
            if (tenant, bridge) != (TENANT, BRIDGE) {
                return false;
            }
            each(ANSWERS);
            // Not the tenant's, whatever a record says.
            each(TrunkId(id(41)));
            true
        }
    }

    #[test]
    fn a_bridge_s_number_leads_to_its_gateways() {
        let world = world(true, None);
        let call = |source, called| Call::new(source, called, "");
        let number = e164(NUMBER);
        for (source, kind) in [
            (Source::Trunk(TrunkId(id(11))), CallKind::Inbound),
            (Source::User(ORGANIZER), CallKind::Internal),
        ] {
            let found = route(&world, call(source, NUMBER), &mut NoTrace).expect("routed");
            assert_eq!((found.kind, found.bridge), (kind, Some(BRIDGE)));
            assert_eq!(found.destination, Destination::Bridge { bridge: BRIDGE, number });
            assert_eq!(found.destination.digits(), Some(Dialled::Number(number)));
            assert_eq!(gateway_tiers(&world, &found), [vec![ANSWERS]], "the tenant's own only");
            assert!(fallback_profiles(&world, &found).is_empty());
        }
        let person = route(&world, call(Source::Trunk(TrunkId(id(11))), COLLEAGUE), &mut NoTrace);
        assert_eq!(person.expect("routed").bridge, None);
    }

    #[test]
    fn who_may_call_whom_out_of_a_meeting() {
        use Reach::{Domestic, InternationalAndDomestic as All};
        let by = |gateway: u128, bridge, organizer| {
            (TrunkId(id(gateway)), Some(Meeting { bridge: BridgeId(id(bridge)), organizer }))
        };
        let (all, own) = (world(true, None), world(false, None));
        let organizer = Some(ORGANIZER);
        for (world, (gateway, meeting), called, expect) in [
            (&all, by(31, 50, organizer), GERMANY, Ok(NUMBER)),
            (&all, by(31, 50, None), GERMANY, Ok(NUMBER)),
            // Whom the policy is not for, and where no route leads.
            (&own, by(31, 50, organizer), GERMANY, Ok(NUMBER)),
            (&own, by(31, 50, None), GERMANY, Err(RouteRefusal::NoConferenceRoute)),
            (&all, by(31, 50, organizer), FRANCE, Err(RouteRefusal::NoConferenceRoute)),
            // Who organises.
            (&all, by(31, 50, Some(UNLICENSED)), GERMANY, Err(RouteRefusal::OrganizerUnlicensed)),
            (&all, by(31, 50, Some(STRANGER)), GERMANY, Err(RouteRefusal::SourceUnknown)),
            (&all, by(31, 50, Some(UserId(id(9)))), GERMANY, Err(RouteRefusal::SourceUnknown)),
            // Who calls: the gateway of another bridge, of another tenant, or of none.
            (&all, by(32, 50, organizer), GERMANY, Err(RouteRefusal::BridgeUnknown)),
            (&all, by(31, 51, organizer), GERMANY, Err(RouteRefusal::BridgeUnknown)),
            (&all, by(41, 50, organizer), GERMANY, Err(RouteRefusal::BridgeUnknown)),
            (&all, (ANSWERS, None), GERMANY, Err(RouteRefusal::NumberUnknown)),
            // How far.
            (&world_of(Some(All)), by(31, 50, organizer), GERMANY, Ok(NUMBER)),
            (&world_of(Some(Domestic)), by(31, 50, organizer), BRITAIN, Ok(NUMBER)),
            (
                &world_of(Some(Domestic)),
                by(31, 50, organizer),
                GERMANY,
                Err(RouteRefusal::DialOutRestricted),
            ),
            (
                &world_of(Some(Reach::None)),
                by(31, 50, None),
                BRITAIN,
                Err(RouteRefusal::DialOutRestricted),
            ),
        ] {
            let source = Source::Trunk(gateway);
            let call = Call { meeting, ..Call::new(source, called, "") };
            let found = route(world, call, &mut NoTrace);
            let number = found.map(|found| {
                assert_eq!((found.kind, found.bridge), (CallKind::Outbound, Some(BRIDGE)));
                assert_eq!(found.operator, Some(OperatorId(id(1))), "that of the number");
                assert_eq!(found.hide, Hide::Never);
                assert_eq!(found.number, found.caller_id);
                let Destination::Trunks { digits, .. } = found.destination else {
                    panic!("{found:?}");
                };
                assert_eq!(digits, Dialled::Number(e164(called)));
                found.caller_id.map(|number| number.to_string()).expect("a caller id")
            });
            assert_eq!(number, expect.map(str::to_owned), "{gateway} {meeting:?} {called}");
        }
    }

    fn world_of(conferencing: Option<Reach>) -> Meetings {
        world(true, conferencing)
    }

    #[test]
    fn a_meeting_reaches_colleagues_inside_and_help_as_ever() {
        let world = world(true, Some(Reach::None));
        let meeting = Some(Meeting { bridge: BRIDGE, organizer: None });
        let ask = |called| {
            let source = Source::Trunk(ANSWERS);
            let call = Call { meeting, ..Call::new(source, called, "") };
            route(&world, call, &mut NoTrace)
        };
        let inside = ask(COLLEAGUE).expect("a colleague");
        assert_eq!(inside.destination, Destination::User(ORGANIZER));
        let help = ask("999").expect("help is never refused");
        assert_eq!(help.kind, CallKind::Emergency);
    }
}
