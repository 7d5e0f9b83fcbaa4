use super::super::*;
use crate::calling::{CallingSettings, ForwardCause, ForwardTarget, Forwarding};
use crate::policy::{
    BlockedNumbers, CallerId, DialOut, Reach, Screening, ScreeningRules, Via, VoiceRouting,
};
use uuid::Uuid;

const fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

const TENANT: TenantId = TenantId(id(1));
const ACCOUNT: ResourceAccountId = ResourceAccountId(id(5));
const AGENT: UserId = UserId(id(100));
/// Without a number; the policy holds for them.
const SHARES: UserId = UserId(id(102));
const ALSO_SHARES: UserId = UserId(id(103));
/// Without a number, and no policy holds for them.
const BARE: UserId = UserId(id(104));
/// Without a number, at home in Germany.
const ABROAD: UserId = UserId(id(105));
const OWN: &str = "+442079460001";
const SHARED: &str = "+442079460002";
const FIRST: &str = "+442079460021";
const SECOND: &str = "+442079460022";
const BERLIN: &str = "+493012345678";

fn e164(text: &str) -> E164 {
    E164::parse(text).expect(text)
}

fn country(text: &str) -> Country {
    Country::parse(text).expect(text)
}

struct Office {
    shared: Policy,
    routing: Option<Policy>,
    restricted: Option<Policy>,
    /// How the people of [`SHARES`] are shown.
    shown: Option<Policy>,
    /// Whoever shares has a phone.
    phone: bool,
    blocked: Screening,
    /// The account has a number.
    numbered: bool,
    /// How calls to [`AGENT`] and [`SHARES`] go on.
    settings: Option<CallingSettings>,
}

fn office(emergency: &[&str]) -> Office {
    let rule = crate::policy::SharedCalling {
        resource_account: ACCOUNT,
        emergency_numbers: emergency.iter().map(|n| e164(n)).collect(),
    };
    let rule = PolicyRule::SharedCalling(rule);
    let shared = Policy { id: PolicyId(id(1)), name: "shared".into(), rule };
    Office {
        shared,
        routing: None,
        restricted: None,
        shown: None,
        phone: true,
        blocked: Screening::default(),
        numbered: true,
        settings: None,
    }
}

impl World for Office {
    fn number(&self, number: E164) -> Option<NumberView> {
        let target = match number.to_string().as_str() {
            OWN => Some(AssignmentTarget::User(AGENT)),
            SHARED => Some(AssignmentTarget::ResourceAccount(ACCOUNT)),
            FIRST | SECOND => None,
            _ => return None,
        };
        // Each of an operator of its own, so that it shows by which number a call leaves.
        let operator = u128::from(number.value() % 100);
        Some(NumberView {
            number,
            tenant: TENANT,
            operator: OperatorId(id(operator)),
            profile: CallingProfileId(id(10 * operator)),
            country: country("GB"),
            target,
            category: crate::line::AssignmentCategory::Primary,
            location: None,
        })
    }
    fn user(&self, user: UserId) -> Option<UserView> {
        let number = (user == AGENT).then(|| e164(OWN));
        let country = country(if user == ABROAD { "DE" } else { "GB" });
        let known = [AGENT, SHARES, ALSO_SHARES, BARE, ABROAD].contains(&user);
        let (licensed, conferencing) = (true, false);
        let phone = self.phone || user != SHARES;
        let tenant = TENANT;
        known.then_some(UserView {
            user,
            tenant,
            number,
            alternate: None,
            licensed,
            conferencing,
            country,
            phone,
        })
    }
    fn agents(&self, _: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
        each(AGENT);
        true
    }
    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
        let operator = OperatorId(trunk.0);
        Some(TrunkView { trunk, owner: TrunkOwner::Operator(operator), enabled: true })
    }
    fn tenant_number(&self, _: TenantId, wanted: Option<Country>) -> Option<NumberView> {
        let fits = wanted.is_none_or(|c| c == country("GB"));
        fits.then(|| self.number(e164(OWN))).flatten()
    }
    fn help(&self, _: Country, each: &mut dyn FnMut(HelpView)) {
        let (profile, operator) = (CallingProfileId(id(990)), OperatorId(id(99)));
        each(HelpView { profile, operator, serves: true, open: true });
    }
    fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
        each(self.trunk(TrunkId(profile.0)).expect("a trunk"));
    }
    fn has_policies(&self, _: TenantId) -> bool {
        true
    }
    fn policy(&self, _: TenantId, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
        let found = match kind {
            PolicyKind::TeamsSharedCallingRoutingPolicy if holder.user != Some(BARE) => {
                Some(&self.shared)
            }
            PolicyKind::OnlineVoiceRoutingPolicy => self.routing.as_ref(),
            PolicyKind::OnlineDialOutPolicy => self.restricted.as_ref(),
            PolicyKind::CallingLineIdentity if holder.user == Some(SHARES) => self.shown.as_ref(),
            _ => None,
        };
        found.map(|policy| (policy, Via::Direct))
    }
    fn screening(&self, _: TenantId) -> Option<&Screening> {
        Some(&self.blocked)
    }
    fn calling_settings(&self, user: UserId) -> Option<&CallingSettings> {
        self.settings.as_ref().filter(|_| [AGENT, SHARES, BARE].contains(&user))
    }
    fn account_number(&self, _: ResourceAccountId) -> Option<(TenantId, E164)> {
        self.numbered.then(|| (TENANT, e164(SHARED)))
    }
    fn emergency_account(&self, _: TenantId, number: E164) -> Option<ResourceAccountId> {
        let PolicyRule::SharedCalling(rule) = &self.shared.rule else { return None };
        rule.emergency_numbers.contains(&number).then_some(ACCOUNT)
    }
}

fn asked(
    world: &Office,
    source: Source,
    called: &str,
    reserved: Reserved<'_>,
) -> Result<Route, RouteRefusal> {
    let call = Call { reserved, ..Call::new(source, called, "") };
    route(world, call, &mut NoTrace)
}

fn by_user(world: &Office, user: UserId, called: &str) -> Result<Option<String>, RouteRefusal> {
    let found = asked(world, Source::User(user), called, Reserved::NONE)?;
    assert_eq!(found.reserves, None, "an ordinary call reserves nothing");
    assert_eq!(found.number, found.caller_id);
    let operator = found.number.map(|n| OperatorId(id(u128::from(n.value() % 100))));
    assert_eq!(found.operator, operator, "the operator of the number carries it");
    Ok(found.caller_id.map(|number| number.to_string()))
}

#[test]
fn who_has_no_number_calls_by_the_account_s() {
    let with = |change: &dyn Fn(&mut Office)| {
        let mut office = office(&[FIRST]);
        change(&mut office);
        office
    };
    let routed = |usages: &[&str]| {
        let usages = usages.iter().map(|usage| (*usage).to_owned()).collect();
        let rule = PolicyRule::VoiceRouting(VoiceRouting { usages });
        Some(Policy { id: PolicyId(id(2)), name: "routes".into(), rule })
    };
    let nowhere = DialOut { reach: Reach::None, premium: true, conferencing: Reach::default() };
    let nowhere =
        Policy { id: PolicyId(id(3)), name: "nowhere".into(), rule: PolicyRule::DialOut(nowhere) };
    for (office, user, expect) in [
        (with(&|_| ()), SHARES, Ok(SHARED)),
        (with(&|_| ()), AGENT, Ok(OWN)),
        (with(&|_| ()), BARE, Err(RouteRefusal::UserHasNoNumber)),
        (with(&|o| o.numbered = false), SHARES, Err(RouteRefusal::UserHasNoNumber)),
        // A voice routing policy with PSTN usages keeps them off it, an empty one does not (1.13).
        (with(&|o| o.routing = routed(&["Abroad"])), SHARES, Err(RouteRefusal::UserHasNoNumber)),
        (with(&|o| o.routing = routed(&[])), SHARES, Ok(SHARED)),
        // What people may call is asked as ever.
        (
            with(&|o| o.restricted = Some(nowhere.clone())),
            SHARES,
            Err(RouteRefusal::DialOutRestricted),
        ),
    ] {
        let found = by_user(&office, user, BERLIN);
        assert_eq!(found, expect.map(|n| Some(n.to_owned())), "{user}");
    }
}

#[test]
fn an_emergency_call_takes_a_number_and_reserves_it() {
    for (numbers, user, taken, expect) in [
        (&[FIRST, SECOND][..], SHARES, None, (FIRST, Some(FIRST))),
        (&[FIRST, SECOND], SHARES, Some((FIRST, ALSO_SHARES)), (SECOND, Some(SECOND))),
        (&[FIRST], SHARES, Some((FIRST, ALSO_SHARES)), (FIRST, Some(FIRST))),
        (&[FIRST, SECOND], SHARES, Some((SECOND, SHARES)), (SECOND, Some(SECOND))),
        // None configured: the account's, where the account is answered; nor is one reserved that
        // the exchange does not know any more.
        (&[], SHARES, None, (SHARED, None)),
        (&["+442079460077"], SHARES, None, (SHARED, None)),
        // Whoever has a number is called back by it.
        (&[FIRST], AGENT, None, (OWN, Some(OWN))),
        // Whoever has none at all calls for help by somebody's, who keeps it.
        (&[FIRST], BARE, None, (OWN, None)),
    ] {
        let office = office(numbers);
        let by = |number: E164| taken.and_then(|(n, user)| (e164(n) == number).then_some(user));
        let found = asked(&office, Source::User(user), "999", Reserved::new(&by));
        let found = found.expect("help is never refused");
        assert_eq!(found.kind, CallKind::Emergency);
        let shown = |number: Option<E164>| number.map(|number| number.to_string());
        assert_eq!(shown(found.caller_id).as_deref(), Some(expect.0), "{numbers:?} {taken:?}");
        assert_eq!(shown(found.reserves).as_deref(), expect.1, "{numbers:?} {taken:?}");
        let operator = found.number.map(|n| OperatorId(id(u128::from(n.value() % 100))));
        assert_eq!(found.operator, operator, "by the operator of that number");
    }
    // A number of another country is none to call for help by.
    let office = office(&[FIRST]);
    let found = asked(&office, Source::User(ABROAD), "112", Reserved::NONE).expect("help");
    assert_eq!((found.emergency_in, found.reserves), (Some(country("DE")), None));
    assert_eq!(found.operator, Some(OperatorId(id(99))), "whoever serves the country");
}

#[test]
fn whoever_called_for_help_is_called_back_within_the_hour() {
    let office = office(&[FIRST, SECOND]);
    let trunk = |n: u128| Source::Trunk(TrunkId(id(n)));
    let by = |number: E164| (number == e164(FIRST)).then_some(SHARES);
    let stranger = |_: E164| Some(UserId(id(999)));
    let agent = |number: E164| (number == e164(OWN)).then_some(AGENT);
    let back = asked(&office, trunk(1), OWN, Reserved::new(&agent)).expect("a way");
    assert_eq!((back.called_back, back.called), (Some(e164(OWN)), Some(AGENT)));
    let back = asked(&office, Source::User(AGENT), FIRST, Reserved::new(&by)).expect("a way");
    assert_eq!(back.called_back, Some(e164(FIRST)), "a colleague calls back too");
    let other = asked(&office, trunk(1), OWN, Reserved::new(&stranger)).expect("a way");
    assert_eq!(other.called_back, None);
    for (called, operator, reserved, expect) in [
        (FIRST, 21, Reserved::new(&by), Ok(Destination::User(SHARES))),
        // Reserved for nobody, or for somebody who is gone: where the account is answered.
        (FIRST, 21, Reserved::NONE, Ok(Destination::Queue(ACCOUNT))),
        (SECOND, 22, Reserved::new(&by), Ok(Destination::Queue(ACCOUNT))),
        (FIRST, 21, Reserved::new(&stranger), Ok(Destination::Queue(ACCOUNT))),
        // Another operator does not bring it.
        (FIRST, 22, Reserved::new(&by), Err(RouteRefusal::NumberOfOtherOperator)),
        // Who has a number of their own is called by that, whatever is reserved.
        (OWN, 1, Reserved::new(&stranger), Ok(Destination::User(AGENT))),
    ] {
        let found = asked(&office, trunk(operator), called, reserved);
        assert_eq!(found.map(|found| found.destination), expect, "{called}");
    }
}

#[test]
fn a_colleague_calls_back_as_the_emergency_services_do() {
    let office = office(&[FIRST, SECOND]);
    let by = |number: E164| (number == e164(FIRST)).then_some(SHARES);
    for (called, reserved, expect) in [
        (FIRST, Reserved::new(&by), Destination::User(SHARES)),
        (FIRST, Reserved::NONE, Destination::Queue(ACCOUNT)),
        (SECOND, Reserved::new(&by), Destination::Queue(ACCOUNT)),
    ] {
        let found = asked(&office, Source::User(AGENT), called, reserved).expect("it rings");
        assert_eq!((found.kind, found.destination), (CallKind::Internal, expect), "{called}");
    }
}

#[test]
fn who_has_no_phone_any_more_is_answered_for() {
    let office = Office { phone: false, ..office(&[FIRST]) };
    let by = |number: E164| (number == e164(FIRST)).then_some(SHARES);
    let trunk = Source::Trunk(TrunkId(id(21)));
    let found = asked(&office, trunk, FIRST, Reserved::new(&by)).expect("it rings");
    assert_eq!(found.destination, Destination::Queue(ACCOUNT));
}

fn blocks() -> Screening {
    let blocked = BlockedNumbers {
        name: "France".into(),
        pattern: r"^\+33".into(),
        enabled: true,
        redirect_to: None,
        announcement: None,
    };
    let rules = ScreeningRules { blocked: vec![blocked], ..ScreeningRules::default() };
    Screening::new(&rules).expect("rules")
}

#[test]
fn blocked_callers_reach_only_whoever_called_for_help() {
    let office = Office { blocked: blocks(), ..office(&[FIRST, SECOND]) };
    let by = |number: E164| (number == e164(FIRST)).then_some(SHARES);
    for (called, operator, expect) in
        [(FIRST, 21, Ok(Destination::User(SHARES))), (SECOND, 22, Err(RouteRefusal::CallerBlocked))]
    {
        let source = Source::Trunk(TrunkId(id(operator)));
        let call =
            Call { reserved: Reserved::new(&by), ..Call::new(source, called, "+33123456789") };
        let found = route(&office, call, &mut NoTrace);
        assert_eq!(found.map(|found| found.destination), expect, "{called}");
    }
}

#[test]
fn people_are_shown_as_their_own_policy_says() {
    let rule = CallerId { substitute: Substitute::Anonymous, ..CallerId::default() };
    let shown =
        Policy { id: PolicyId(id(4)), name: "hidden".into(), rule: PolicyRule::CallerId(rule) };
    let office = Office { shown: Some(shown), ..office(&[FIRST]) };
    let found = asked(&office, Source::User(SHARES), BERLIN, Reserved::NONE).expect("routed");
    assert_eq!((found.hide, found.caller_policy), (Hide::Always, Some(PolicyId(id(4)))));
    let other = asked(&office, Source::User(ALSO_SHARES), BERLIN, Reserved::NONE).expect("routed");
    assert_eq!((other.hide, other.caller_policy), (Hide::AsAsked, None));
}

#[test]
fn who_has_no_number_forwards_by_the_account_s() {
    let outside = ForwardTarget::Number(e164(BERLIN));
    let with = |change: &dyn Fn(&mut Office)| {
        let mut office = office(&[FIRST]);
        let forwarding = Some(Forwarding::Immediate(outside));
        office.settings = Some(CallingSettings { forwarding, ..CallingSettings::default() });
        change(&mut office);
        office
    };
    let routes = PolicyRule::VoiceRouting(VoiceRouting { usages: vec!["Abroad".into()] });
    let routes = Policy { id: PolicyId(id(2)), name: "routes".into(), rule: routes };
    let nowhere = DialOut { reach: Reach::None, premium: true, conferencing: Reach::default() };
    let nowhere =
        Policy { id: PolicyId(id(3)), name: "nowhere".into(), rule: PolicyRule::DialOut(nowhere) };
    for (office, user, expect) in [
        (with(&|_| ()), SHARES, Some((SHARED, 2))),
        (with(&|_| ()), AGENT, Some((OWN, 1))),
        (with(&|_| ()), BARE, None),
        (with(&|o| o.numbered = false), SHARES, None),
        // As if they called there themselves.
        (with(&|o| o.routing = Some(routes.clone())), SHARES, None),
        (with(&|o| o.restricted = Some(nowhere.clone())), SHARES, None),
    ] {
        let cause = ForwardCause::Unconditional;
        let onward = forward(&office, (TENANT, user), cause, 0, &mut NoTrace);
        let expect = expect.map(|(number, n)| {
            let digits = Dialled::Number(e164(BERLIN));
            let profile = CallingProfileId(id(10 * n));
            let operator = Some(OperatorId(id(n)));
            (Some(e164(number)), operator, Destination::Trunks { profile, digits })
        });
        let found = onward.map(|o| (o.forwarded.number, o.forwarded.operator, o.destination));
        assert_eq!(found, expect, "{user}");
        // Ringing there too is no other way.
        let mut office = office;
        let forwarding = Some(Forwarding::Simultaneous(outside));
        office.settings = Some(CallingSettings { forwarding, ..CallingSettings::default() });
        let found = alongside(&office, (TENANT, user), 0, &mut NoTrace).outside;
        let found = found.map(|o| (o.forwarded.number, o.forwarded.operator, o.destination));
        assert_eq!(found, expect, "{user} rings too");
    }
}
