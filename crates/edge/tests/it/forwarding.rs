//! Forwarding, unanswered calls, delegates, call groups, voicemail: each changes a call, and leaves
//! alone what it must not touch.

use crate::net::{Net, Packet, addr, caller_dialog};
use crate::world::*;
use domain::calling::{
    Announcement, CallingSettings, Delegate, ForwardCause, ForwardTarget, Forwarding, TargetUri,
    Unanswered, UnansweredDelay, VoiceTarget, VoiceTargets,
};
use domain::fraud::{ClassLimit, FraudLimits};
use domain::policy::{
    BlockedNumbers, DialOut, PolicyBody, PolicyTarget, Reach, ScreeningRules, TreatmentTarget,
    UnassignedTreatment,
};
use domain::{OperatorId, PolicyId, TenantId, TrunkId, UserId};
use feed::cdr::{CdrEvent, ForwardedBy};
use feed::change::{Change, ChangeEntry};
use feed::record::{
    CallingSettingsRecord, GatewayRecord, PolicyAssignmentRecord, PolicyRecord, ScreeningRecord,
    Transport, TrunkRecord, VoiceTargetsRecord,
};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::{HeaderName, Method};
use std::net::SocketAddr;
use std::time::Duration;

pub const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));
pub const BERLIN: &str = "+493012345678";
pub const MOBILE: &str = "+447700900123";
/// As `Net::invite` says who calls.
pub const CALLER: &str = "+33123456789";

pub fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

/// By which calls leave; the one that brings them drains.
pub fn out() -> SocketAddr {
    addr("198.51.100.2:5060")
}

pub fn voicemail() -> SocketAddr {
    addr("198.51.100.31:5060")
}

pub fn phone(name: &str) -> SocketAddr {
    addr(if name == "alice" { "203.0.113.10:5062" } else { "203.0.113.11:5062" })
}

pub fn user(n: u128) -> UserId {
    UserId(id(n))
}

pub fn records() -> WorldRecords {
    let mut w = world(vec![
        TrunkRecord { enabled: false, ..trunk(TRUNK_A1, operator(), Transport::Udp) },
        trunk(TRUNK_A2, out(), Transport::Udp),
    ]);
    let trunk = TrunkRecord {
        operator: OperatorId::DIRECT_ROUTING,
        fqdn: "vm.contoso.example".into(),
        match_port: false,
        ..trunk(31, voicemail(), Transport::Udp)
    };
    w.gateways.push(GatewayRecord { tenant: TENANT, country: gb(), voice_app: true, trunk });
    let target = VoiceTarget {
        uri: TargetUri::parse("sip:voicemail@vm.contoso.example").expect("a URI"),
        gateway: TrunkId(id(31)),
        enabled: true,
    };
    let targets = VoiceTargets { voicemail: Some(target), announcements: Vec::new() };
    w.voice_targets.push(VoiceTargetsRecord { tenant: TENANT, targets: targets.into() });
    w
}

pub fn with(mut records: WorldRecords, of: u128, settings: CallingSettings) -> WorldRecords {
    let settings = settings.into();
    records.calling.push(CallingSettingsRecord { tenant: TENANT, user: user(of), settings });
    records
}

pub fn number(text: &str) -> ForwardTarget {
    ForwardTarget::Number(E164::parse(text).expect("number"))
}

pub fn at_once(target: ForwardTarget) -> CallingSettings {
    CallingSettings {
        forwarding: Some(Forwarding::Immediate(target)),
        ..CallingSettings::default()
    }
}

pub fn also(target: ForwardTarget) -> CallingSettings {
    CallingSettings {
        forwarding: Some(Forwarding::Simultaneous(target)),
        ..CallingSettings::default()
    }
}

pub fn unanswered(target: ForwardTarget, seconds: u32) -> CallingSettings {
    let delay = UnansweredDelay::try_from(seconds).expect("a delay");
    CallingSettings { unanswered: Some(Unanswered { target, delay }), ..CallingSettings::default() }
}

pub fn delegate(of: u128, make_calls: bool, receive_calls: bool) -> CallingSettings {
    CallingSettings {
        delegates: vec![Delegate { user: user(of), make_calls, receive_calls }],
        ..CallingSettings::default()
    }
}

pub fn started(records: WorldRecords) -> Net {
    let mut net = Net::new(records);
    net.register(phone("alice"), "alice");
    net.register(phone("bob"), "bob");
    net
}

pub fn bring(net: &mut Net, called: &str) {
    let call_id = format!("in-{}-{called}", net.cdrs.len());
    net.invite(operator(), called, &call_id);
    net.expect(operator(), 100);
}

pub fn dial(net: &mut Net, name: &str, called: &str, extra: &[(HeaderName, &str)]) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{}-{name}-{called}", net.cdrs.len());
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, extra);
    net.expect(phone(name), 100);
}

pub fn header(packet: &Packet, name: &str) -> String {
    packet.header(name).unwrap_or_default()
}

pub fn ended(net: &Net) -> String {
    let end = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::End { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    end.expect("a call has ended")
}

/// Whom the last call was for, and who forwarded it to where it was answered.
pub fn told(net: &Net) -> (Option<UserId>, Option<ForwardedBy>) {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { callee_user, .. } => Some(*callee_user),
        _ => None,
    });
    let answer = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Answer { forwarded, .. } => Some(*forwarded),
        _ => None,
    });
    (begin.expect("begun"), answer.expect("answered"))
}

#[test]
fn all_calls_go_to_voicemail_which_is_told_whose_and_why() {
    let mut net = started(with(records(), ALICE, at_once(ForwardTarget::Voicemail)));
    bring(&mut net, ALICE_NUMBER);
    let invite = net.expect_request(voicemail(), "INVITE");
    net.silent(phone("alice"));
    assert_eq!(
        invite.uri(),
        format!("sip:voicemail@vm.contoso.example;target=sip:{ALICE_NUMBER}%40{DOMAIN};cause=302")
    );
    assert!(header(&invite, "From").contains(CALLER), "{}", invite.text());
    let diversion = header(&invite, "Diversion");
    assert!(diversion.contains(ALICE_NUMBER) && diversion.contains("reason=unconditional"));
    let history = header(&invite, "History-Info");
    assert!(history.contains("index=1,") && history.contains("cause=302>;index=1.1"), "{history}");
    net.respond(voicemail(), &invite, 200, b"v=0 answer");
    let answer = net.expect(operator(), 200);
    let cause = ForwardCause::Unconditional;
    assert_eq!(told(&net), (Some(user(ALICE)), Some(ForwardedBy { user: user(ALICE), cause })));
    // The call is a call: what its caller says in it reaches the voicemail.
    let dialog = caller_dialog(operator(), &answer);
    net.within(&dialog, Method::Bye, b"");
    net.expect_request(voicemail(), "BYE");
    // Nobody else's calls go there.
    bring(&mut net, BOB_NUMBER);
    net.expect_request(phone("bob"), "INVITE");
    net.silent(voicemail());
}

#[test]
fn unanswered_after_its_time_and_not_before() {
    let mut net = started(with(records(), ALICE, unanswered(ForwardTarget::Voicemail, 20)));
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    assert_eq!(rings.header("Diversion"), None, "nobody forwarded it yet");
    net.respond(phone("alice"), &rings, 180, b"");
    net.expect(operator(), 180);
    net.pass(Duration::from_millis(19_500));
    net.silent(voicemail());
    net.pass(Duration::from_millis(1_000));
    net.expect_request(phone("alice"), "CANCEL");
    let invite = net.expect_request(voicemail(), "INVITE");
    assert!(invite.uri().ends_with(";cause=408"), "{}", invite.uri());
    assert!(header(&invite, "Diversion").ends_with("reason=no-answer"), "{}", invite.text());
    net.respond(voicemail(), &invite, 200, b"v=0 answer");
    net.expect(operator(), 200);
    let cause = ForwardCause::Unanswered;
    assert_eq!(told(&net).1, Some(ForwardedBy { user: user(ALICE), cause }));

    // Who answers keeps the call.
    net.inbox.clear();
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    net.respond(phone("alice"), &rings, 200, b"v=0 answer");
    net.expect(operator(), 200);
    net.pass(Duration::from_secs(30));
    net.silent(voicemail());
    assert_eq!(told(&net).1, None);
}

#[test]
fn each_answer_of_a_phone_leads_where_it_says() {
    let rules = CallingSettings {
        busy: Some(ForwardTarget::User(user(BOB))),
        unreachable: Some(number(MOBILE)),
        ..unanswered(ForwardTarget::Voicemail, 10)
    };
    for (status, cause, reason, goes_to) in [
        (486, "", "user-busy", phone("bob")),
        (600, "", "user-busy", phone("bob")),
        (603, ";cause=408", "no-answer", voicemail()),
        (404, "", "unavailable", out()),
        (503, "", "unavailable", out()),
        (480, "", "unavailable", out()),
    ] {
        let mut net = started(with(records(), ALICE, rules.clone()));
        bring(&mut net, ALICE_NUMBER);
        let rings = net.expect_request(phone("alice"), "INVITE");
        net.respond(phone("alice"), &rings, status, b"");
        let invite = net.expect_request(goes_to, "INVITE");
        assert!(invite.uri().ends_with(cause), "{status}: {}", invite.uri());
        assert!(header(&invite, "Diversion").ends_with(reason), "{status}: {}", invite.text());
    }
    // One that another place would not take either goes nowhere else.
    let mut net = started(with(records(), ALICE, rules.clone()));
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    net.respond(phone("alice"), &rings, 488, b"");
    net.expect(operator(), 488);
    // Without a phone.
    let mut net = Net::new(with(records(), ALICE, rules));
    bring(&mut net, ALICE_NUMBER);
    let invite = net.expect_request(out(), "INVITE");
    assert!(invite.uri().contains(MOBILE), "{}", invite.uri());
    // Without rules, as ever.
    let mut net = Net::new(records());
    bring(&mut net, ALICE_NUMBER);
    net.expect(operator(), 480);
    assert_eq!(ended(&net), "not_registered");
}

#[test]
fn a_call_forwarded_outside_shows_its_caller_and_is_vouched_for_by_whoever_forwards() {
    let mut net = started(with(records(), ALICE, at_once(number(MOBILE))));
    bring(&mut net, ALICE_NUMBER);
    let invite = net.expect_request(out(), "INVITE");
    assert!(invite.uri().contains(MOBILE));
    assert!(header(&invite, "From").contains(CALLER), "{}", invite.text());
    let asserted = header(&invite, "P-Asserted-Identity");
    assert!(asserted.contains(ALICE_NUMBER) && !asserted.contains(CALLER), "{asserted}");
    assert!(header(&invite, "Diversion").contains(ALICE_NUMBER));
    net.respond(out(), &invite, 200, b"v=0 answer");
    net.expect(operator(), 200);
    let cause = ForwardCause::Unconditional;
    assert_eq!(told(&net), (Some(user(ALICE)), Some(ForwardedBy { user: user(ALICE), cause })));
    // A colleague's call is too.
    net.inbox.clear();
    dial(&mut net, "bob", ALICE_NUMBER, &[]);
    let invite = net.expect_request(out(), "INVITE");
    assert!(header(&invite, "From").contains(BOB_NUMBER), "{}", invite.text());
    assert!(header(&invite, "P-Asserted-Identity").contains(ALICE_NUMBER));
}

#[test]
fn what_somebody_may_not_call_their_calls_are_not_forwarded_to() {
    let mut restricted = with(records(), ALICE, at_once(number(BERLIN)));
    let body = PolicyBody::OnlineDialOutPolicy(DialOut {
        reach: Reach::Domestic,
        premium: true,
        conferencing: Reach::default(),
    });
    restricted.policy_assignments.push(PolicyAssignmentRecord {
        tenant: TENANT,
        kind: body.kind().as_str().to_owned(),
        target: PolicyTarget::User(user(ALICE)).into(),
        policy: Some(PolicyId(id(1_000))),
    });
    restricted.policies.push(PolicyRecord {
        id: PolicyId(id(1_000)),
        tenant: TENANT,
        name: "at home".into(),
        body: body.into(),
    });
    let mut unlicensed = with(records(), ALICE, at_once(number(BERLIN)));
    unlicensed.users[0].licensed = false;
    for records in [restricted, unlicensed] {
        let mut net = started(records);
        bring(&mut net, ALICE_NUMBER);
        net.expect_request(phone("alice"), "INVITE");
        net.silent(out());
    }
    // Limits of costly calls count what is forwarded as called.
    let mut limited = with(records(), ALICE, at_once(number(BERLIN)));
    let none = ClassLimit { at_once: Some(1), per_hour: Some(1) };
    let mut limits = FraudLimits { person: Default::default(), tenant: Default::default() };
    limits.person.international = none;
    limited.tenants[0].fraud_limits = Some(limits);
    let mut net = started(limited);
    bring(&mut net, ALICE_NUMBER);
    let first = net.expect_request(out(), "INVITE");
    net.respond(out(), &first, 486, b"");
    net.expect(operator(), 486);
    net.inbox.clear();
    bring(&mut net, ALICE_NUMBER);
    net.expect(operator(), 403);
}

#[test]
fn calls_forwarded_in_a_circle_ring_in_the_end() {
    let mut records = with(records(), ALICE, at_once(ForwardTarget::User(user(BOB))));
    records = with(records, BOB, at_once(ForwardTarget::User(user(ALICE))));
    let mut net = started(records);
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("bob"), "INVITE");
    net.silent(phone("alice"));
    net.respond(phone("bob"), &rings, 200, b"v=0 answer");
    net.expect(operator(), 200);
    // One that was forwarded as often outside is not forwarded here.
    net.inbox.clear();
    let uri = format!("sip:{BOB_NUMBER}@192.0.2.5");
    let many = ["<sip:+33100000000@op.example>;reason=unconditional"; 5].join(", ");
    let extra = [(HeaderName::Diversion, many.as_str())];
    let caller = format!("sip:{CALLER}@op.example;user=phone");
    let invite =
        net.request(operator(), (Method::Invite, &uri), (&caller, &uri), "circled", &extra, b"");
    net.send(operator(), &invite);
    net.expect_request(phone("bob"), "INVITE");
    net.silent(phone("alice"));
}

#[test]
fn a_queue_is_not_forwarded_by_its_agents() {
    let mut net = started(with(records(), ALICE, at_once(ForwardTarget::Voicemail)));
    bring(&mut net, QUEUE_NUMBER);
    net.expect_request(phone("alice"), "INVITE");
    net.expect_request(phone("bob"), "INVITE");
    net.silent(voicemail());
}

#[test]
fn a_number_outside_rings_too_and_the_first_answer_wins() {
    let mut net = started(with(records(), ALICE, also(number(MOBILE))));
    bring(&mut net, ALICE_NUMBER);
    let inside = net.expect_request(phone("alice"), "INVITE");
    let outside = net.expect_request(out(), "INVITE");
    assert!(outside.uri().contains(MOBILE));
    assert!(header(&outside, "Diversion").ends_with("reason=follow-me"), "{}", outside.text());
    assert_eq!(inside.header("Diversion"), None);
    // A busy mobile ends nothing.
    net.respond(out(), &outside, 486, b"");
    net.respond(phone("alice"), &inside, 180, b"");
    net.expect(operator(), 180);
    net.respond(phone("alice"), &inside, 200, b"v=0 answer");
    net.expect(operator(), 200);
    assert_eq!(told(&net).1, None, "she answered herself");

    net.inbox.clear();
    bring(&mut net, ALICE_NUMBER);
    let inside = net.expect_request(phone("alice"), "INVITE");
    let outside = net.expect_request(out(), "INVITE");
    net.respond(phone("alice"), &inside, 180, b"");
    net.expect(operator(), 180);
    net.respond(out(), &outside, 200, b"v=0 answer");
    net.expect(operator(), 200);
    net.expect_request(phone("alice"), "CANCEL");
    net.respond(phone("alice"), &inside, 487, b"");
    let cause = ForwardCause::Simultaneous;
    assert_eq!(told(&net).1, Some(ForwardedBy { user: user(ALICE), cause }));
}

#[test]
fn delegates_and_the_call_group_ring_with_or_for_somebody() {
    let receives = CallingSettings {
        forwarding: Some(Forwarding::Simultaneous(ForwardTarget::MyDelegates)),
        ..delegate(BOB, false, true)
    };
    let mut net = started(with(records(), ALICE, receives.clone()));
    bring(&mut net, ALICE_NUMBER);
    let alice = net.expect_request(phone("alice"), "INVITE");
    let bob = net.expect_request(phone("bob"), "INVITE");
    // One of them does not speak for the other.
    net.respond(phone("alice"), &alice, 603, b"");
    net.silent(operator());
    net.respond(phone("bob"), &bob, 200, b"v=0 answer");
    net.expect(operator(), 200);

    let group = CallingSettings {
        forwarding: Some(Forwarding::Immediate(ForwardTarget::Group)),
        call_group: vec![user(BOB)],
        ..unanswered(ForwardTarget::Voicemail, 10)
    };
    let mut net = started(with(records(), ALICE, group));
    bring(&mut net, ALICE_NUMBER);
    let bob = net.expect_request(phone("bob"), "INVITE");
    net.silent(phone("alice"));
    assert!(header(&bob, "Diversion").contains(ALICE_NUMBER), "they see for whom it is");
    net.respond(phone("bob"), &bob, 180, b"");
    net.pass(Duration::from_millis(10_500));
    net.expect_request(phone("bob"), "CANCEL");
    net.expect_request(voicemail(), "INVITE");

    // Who only makes calls does not ring.
    let makes = CallingSettings { forwarding: receives.forwarding, ..delegate(BOB, true, false) };
    let mut net = started(with(records(), ALICE, makes));
    bring(&mut net, ALICE_NUMBER);
    net.expect_request(phone("alice"), "INVITE");
    net.silent(phone("bob"));
}

#[test]
fn a_delegate_calls_by_the_number_of_whom_they_act_for_and_nobody_else_does() {
    let asked = format!("<sip:{ALICE_NUMBER}@{DOMAIN}>");
    let named = format!("<sip:alice@{DOMAIN}>");
    for preferred in [&asked, &named] {
        let ask = [(HeaderName::PPreferredIdentity, preferred.as_str())];
        let mut net = started(with(records(), ALICE, delegate(BOB, true, false)));
        dial(&mut net, "bob", BERLIN, &ask);
        let invite = net.expect_request(out(), "INVITE");
        let from = header(&invite, "From");
        assert!(from.contains(ALICE_NUMBER) && from.contains("\"alice\""), "{from}");
        assert!(!invite.text().contains(BOB_NUMBER), "{}", invite.text());
        let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
            CdrEvent::Begin { number, caller_user, .. } => Some((*number, *caller_user)),
            _ => None,
        });
        let line = E164::parse(ALICE_NUMBER).ok();
        assert_eq!(begin, Some((line, Some(user(BOB)))), "both are named");
    }
    let ask = [(HeaderName::PPreferredIdentity, asked.as_str())];
    // Who calls for help is called back themselves.
    let mut net = started(with(records(), ALICE, delegate(BOB, true, false)));
    dial(&mut net, "bob", "999", &ask);
    let help = net.expect_request(out(), "INVITE");
    assert!(header(&help, "From").contains(BOB_NUMBER), "{}", help.text());
    // Who may only receive calls, and whom nobody named.
    for settings in [delegate(BOB, false, true), unanswered(ForwardTarget::Voicemail, 20)] {
        let mut net = started(with(records(), ALICE, settings));
        dial(&mut net, "bob", BERLIN, &ask);
        net.expect(phone("bob"), 403);
        assert_eq!(ended(&net), "not_a_delegate");
    }
    // One's own number, and one that is nobody's, say nothing.
    for other in [BOB_NUMBER, "+15550100"] {
        let asked = format!("<sip:{other}@{DOMAIN}>");
        let mut net = started(with(records(), ALICE, delegate(BOB, true, false)));
        dial(&mut net, "bob", BERLIN, &[(HeaderName::PPreferredIdentity, asked.as_str())]);
        let invite = net.expect_request(out(), "INVITE");
        assert!(header(&invite, "From").contains(BOB_NUMBER), "{}", invite.text());
    }
}

#[test]
fn no_call_for_help_leaves_by_what_plays_and_records() {
    let mut records = records();
    // A Direct Routing number's provider is whoever stands behind the gateways.
    records.numbers[0].operator = OperatorId::DIRECT_ROUTING;
    records.numbers[0].profile = domain::CallingProfileId::DIRECT_ROUTING;
    let mut net = started(records);
    dial(&mut net, "alice", "999", &[]);
    net.expect_request(out(), "INVITE");
    net.silent(voicemail());
}

#[test]
fn settings_come_and_go_with_the_feed() {
    let mut net = started(records());
    let put = |settings: CallingSettings| {
        let settings = settings.into();
        let record = CallingSettingsRecord { tenant: TENANT, user: user(ALICE), settings };
        Change::CallingSettingsPut(record)
    };
    for (at, settings, goes_to) in [
        (2, at_once(ForwardTarget::Voicemail), voicemail()),
        (3, CallingSettings::default(), phone("alice")),
    ] {
        net.world.apply(&ChangeEntry { position: at, at_us: 0, change: put(settings) });
        bring(&mut net, ALICE_NUMBER);
        let invite = net.expect_request(goes_to, "INVITE");
        net.respond(goes_to, &invite, 200, b"v=0 answer");
        net.expect(operator(), 200);
        net.inbox.clear();
    }
    assert_eq!(net.world.calling_records().count(), 0);
}

#[test]
fn blocked_callers_and_callers_of_nobody_s_numbers_hear_announcements() {
    let free = "+442079460099";
    let mut records = records();
    records.numbers.push(feed::record::NumberRecord {
        number: E164::parse(free).expect("number"),
        target: None,
        ..records.numbers[0]
    });
    let announcement = |name: &str, enabled| Announcement {
        name: name.into(),
        target: VoiceTarget {
            uri: TargetUri::parse(&format!("sip:{name}@vm.contoso.example")).expect("a URI"),
            gateway: TrunkId(id(31)),
            enabled,
        },
    };
    let announcements =
        vec![announcement("off", false), announcement("go-away", true), announcement("no", true)];
    let targets = VoiceTargets { voicemail: None, announcements };
    records.voice_targets[0].targets = targets.into();
    let blocked = |name: &str, pattern: &str, hears: &str| BlockedNumbers {
        name: name.into(),
        pattern: pattern.into(),
        enabled: true,
        redirect_to: None,
        announcement: Some(hears.into()),
    };
    let rules = ScreeningRules {
        blocked: vec![blocked("france", r"^\+33", "go-away"), blocked("spain", r"^\+34", "off")],
        exempt: Vec::new(),
        unassigned: vec![UnassignedTreatment {
            name: "all".into(),
            pattern: ".".into(),
            priority: 1,
            target: TreatmentTarget::Announcement("no".into()),
        }],
    };
    records.screening.push(ScreeningRecord { tenant: TENANT, rules: rules.into() });
    let mut net = started(records);
    // `bring` calls from France.
    bring(&mut net, ALICE_NUMBER);
    let invite = net.expect_request(voicemail(), "INVITE");
    assert_eq!(invite.uri(), "sip:go-away@vm.contoso.example");
    assert!(header(&invite, "From").contains(CALLER) && invite.header("Diversion").is_none());
    net.respond(voicemail(), &invite, 200, b"v=0 answer");
    net.expect(operator(), 200);
    net.inbox.clear();
    // One without effect blocks as ever.
    for (caller, called, goes) in [
        ("+34911234567", ALICE_NUMBER, None),
        ("+49301234567", free, Some("sip:no@vm.contoso.example")),
        ("+49301234567", BOB_NUMBER, Some("sip:")),
    ] {
        let uri = format!("sip:{called}@192.0.2.5");
        let from = format!("sip:{caller}@op.example;user=phone");
        let call_id = format!("{caller}-{called}");
        let invite =
            net.request(operator(), (Method::Invite, &uri), (&from, &uri), &call_id, &[], b"");
        net.send(operator(), &invite);
        net.expect(operator(), 100);
        match goes {
            None => {
                net.expect(operator(), 403);
                assert_eq!(ended(&net), "caller_blocked");
            }
            Some("sip:") => {
                net.expect_request(phone("bob"), "INVITE");
                net.silent(voicemail());
            }
            Some(uri) => assert_eq!(net.expect_request(voicemail(), "INVITE").uri(), uri),
        }
        net.inbox.clear();
    }
    // A colleague hears it too.
    dial(&mut net, "bob", free, &[]);
    assert_eq!(net.expect_request(voicemail(), "INVITE").uri(), "sip:no@vm.contoso.example");
}
