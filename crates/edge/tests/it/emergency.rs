//! Emergency policies and calling profiles: what each changes of a call for help, and what it must
//! leave as it was.

use crate::net::{Net, Packet, addr};
use crate::world::*;
use domain::emergency::{DialString, ProfileEmergency};
use domain::policy::{
    EmergencyCallRouting, EmergencyCalling, EmergencyNumber, NotificationMode, Notify, PolicyBody,
    PolicyTarget, VoiceRouteRule, VoiceRoutingRules,
};
use domain::routing::CallKind;
use domain::{CallingProfileId, OperatorId, PolicyId, TenantId, TrunkId, UserId};
use feed::cdr::CdrEvent;
use feed::change::{Change, ChangeEntry};
use feed::record::{
    CallingProfileRecord, GatewayRecord, PolicyAssignmentRecord, PolicyRecord, Transport,
    TrunkRecord, VoiceRoutingRecord,
};
use feed::snapshot::WorldRecords;
use sip::Method;
use std::net::SocketAddr;

const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

/// The trunk of the operator's profile for emergency calls.
fn rescue() -> SocketAddr {
    addr("198.51.100.7:5060")
}

fn sbc(n: u128) -> SocketAddr {
    addr(&format!("198.51.100.{n}:5060"))
}

fn phone(name: &str) -> SocketAddr {
    addr(if name == "alice" { "203.0.113.10:5062" } else { "203.0.113.11:5062" })
}

fn dial_string(text: &str) -> DialString {
    DialString::parse(text).expect("digits")
}

fn records() -> WorldRecords {
    world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)])
}

/// Alice has a Direct Routing number and her tenant the gateways 31 and 32; bob keeps his operator's.
fn direct() -> WorldRecords {
    let mut w = records();
    let number = w.numbers.iter_mut().find(|n| n.number.to_string() == ALICE_NUMBER);
    let number = number.expect("hers");
    number.operator = OperatorId::DIRECT_ROUTING;
    number.profile = CallingProfileId::DIRECT_ROUTING;
    for n in [31, 32] {
        let trunk = TrunkRecord {
            operator: OperatorId::DIRECT_ROUTING,
            fqdn: format!("sbc{n}.contoso.example"),
            match_port: false,
            ..trunk(n, sbc(n), Transport::Udp)
        };
        w.gateways.push(GatewayRecord { tenant: TENANT, country: gb(), voice_app: false, trunk });
    }
    let usages = vec!["Help".to_owned()];
    let route = VoiceRouteRule {
        name: "help".into(),
        pattern: r"^\+?911$".into(),
        priority: 1,
        usages: usages.clone(),
        gateways: vec![TrunkId(id(32))],
        bridge_source: None,
    };
    let rules = VoiceRoutingRules { usages, routes: vec![route] };
    w.voice_routing.push(VoiceRoutingRecord { tenant: TENANT, rules: rules.into() });
    w
}

fn put(records: &mut WorldRecords, target: PolicyTarget, body: PolicyBody) {
    let id = PolicyId(id(1_000 + records.policies.len() as u128));
    records.policy_assignments.push(PolicyAssignmentRecord {
        tenant: TENANT,
        kind: body.kind().as_str().to_owned(),
        target: target.into(),
        policy: Some(id),
    });
    records.policies.push(PolicyRecord {
        id,
        tenant: TENANT,
        name: "it".into(),
        body: body.into(),
    });
}

fn routing() -> PolicyBody {
    PolicyBody::TeamsEmergencyCallRoutingPolicy(EmergencyCallRouting {
        enhanced: true,
        numbers: vec![EmergencyNumber {
            dial_string: dial_string("911"),
            masks: vec![dial_string("112"), dial_string("5555")],
            usage: Some("Help".into()),
        }],
    })
}

fn started(records: WorldRecords) -> Net {
    let mut net = Net::new(records);
    net.register(phone("alice"), "alice");
    net.register(phone("bob"), "bob");
    net
}

fn dial(net: &mut Net, name: &str, called: &str) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{}-{name}-{called}", net.cdrs.len());
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, &[]);
    net.expect(phone(name), 100);
}

/// What the far side gets of a call; it refuses it for good, so that it is over.
fn goes(net: &mut Net, name: &str, called: &str, far: SocketAddr) -> Packet {
    dial(net, name, called);
    let invite = net.expect_request(far, "INVITE");
    net.respond(far, &invite, 603, b"");
    net.inbox.clear();
    invite
}

fn kind(net: &Net) -> Option<CallKind> {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { kind, .. } => Some(*kind),
        _ => None,
    });
    begin.expect("a call has begun")
}

fn is_to(invite: &Packet, user: &str, host: &str) -> bool {
    invite.uri().starts_with(&format!("sip:{user}@{host}"))
}

#[test]
fn a_routing_policy_leads_help_of_a_direct_routing_number_and_of_no_other() {
    let mut w = direct();
    put(&mut w, PolicyTarget::Global, routing());
    let mut net = started(w);
    for called in ["911", "112", "5555"] {
        let invite = goes(&mut net, "alice", called, sbc(32));
        assert!(is_to(&invite, "911", "sbc32"), "{called}: {}", invite.uri());
        assert_eq!(kind(&net), Some(CallKind::Emergency), "{called}");
        let from = invite.header("From").expect("From");
        assert!(from.contains(ALICE_NUMBER), "those who help call her back: {from}");
    }
    // Bob's number is an operator's: nothing of it holds for him.
    let invite = goes(&mut net, "bob", "112", operator());
    assert!(is_to(&invite, "112", "trunk"), "{}", invite.uri());
    dial_refused(&mut net, "bob", "5555");

    // Without the policy her calls go as the country has it.
    let mut net = started(direct());
    dial(&mut net, "alice", "112");
    let at = [31, 32].map(sbc).into_iter().find(|at| net.inbox.contains_key(at));
    let invite = net.expect_request(at.expect("a gateway"), "INVITE");
    assert!(is_to(&invite, "112", "sbc3"), "{}", invite.uri());
}

fn dial_refused(net: &mut Net, name: &str, called: &str) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{}-{name}-{called}", net.cdrs.len());
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, &[]);
    net.inbox.clear();
    assert_ne!(kind(net), Some(CallKind::Emergency), "{called} is nobody's call for help");
}

#[test]
fn an_operator_is_given_the_country_s_number_once_the_gateways_are_dead() {
    let mut w = direct();
    put(&mut w, PolicyTarget::Global, routing());
    let mut net = started(w);
    dial(&mut net, "alice", "5555");
    for gateway in [sbc(32), sbc(31)] {
        let invite = net.expect_request(gateway, "INVITE");
        assert!(is_to(&invite, "911", "sbc3"), "{}", invite.uri());
        net.respond(gateway, &invite, 503, b"");
    }
    let invite = net.expect_request(operator(), "INVITE");
    assert!(is_to(&invite, "999", "trunk"), "digits of somebody's own mean nothing here");
}

/// The operator has a second profile, by which emergency calls of the first one leave.
fn delegated(records: &mut WorldRecords) {
    records.trunks.push(trunk(17, rescue(), Transport::Udp));
    let first = &mut records.profiles[0];
    first.emergency =
        ProfileEmergency { dial_strings: vec![dial_string("5555")], profile: Some(rescuers()) };
    let rescue = CallingProfileRecord {
        id: rescuers(),
        operator: first.operator,
        trunks: vec![TrunkId(id(17))],
        emergency: ProfileEmergency::default(),
    };
    records.profiles.push(rescue);
}

fn rescuers() -> CallingProfileId {
    CallingProfileId(id(70))
}

#[test]
fn a_profile_s_dial_strings_are_calls_for_help_and_leave_by_its_emergency_profile() {
    let mut w = records();
    delegated(&mut w);
    // Whoever has no licence is helped all the same.
    w.users.iter_mut().for_each(|user| user.licensed = false);
    let mut net = started(w.clone());
    for (called, sent) in [("5555", "5555"), ("999", "999"), ("+5555", "5555")] {
        let invite = goes(&mut net, "alice", called, rescue());
        assert!(is_to(&invite, sent, "trunk17"), "{called}: {}", invite.uri());
        assert_eq!(kind(&net), Some(CallKind::Emergency), "{called}");
    }
    // Its trunks dead, the number's own profile is next; what it named it is given.
    dial(&mut net, "alice", "5555");
    let invite = net.expect_request(rescue(), "INVITE");
    net.respond(rescue(), &invite, 503, b"");
    let invite = net.expect_request(operator(), "INVITE");
    assert!(is_to(&invite, "5555", "trunk"), "{}", invite.uri());

    // Ordinary calls stay where they were.
    w.users.iter_mut().for_each(|user| user.licensed = true);
    let mut net = started(w);
    goes(&mut net, "alice", "+493012345678", operator());
}

#[test]
fn what_a_profile_says_holds_from_its_change_on() {
    let mut w = records();
    let mut net = started(w.clone());
    dial_refused(&mut net, "alice", "5555");
    delegated(&mut w);
    let position = net.world.position().position + 1;
    for (n, change) in [
        Change::TrunkPut(w.trunks.last().expect("a trunk").clone()),
        Change::CallingProfilePut(w.profiles[1].clone()),
        Change::CallingProfilePut(w.profiles[0].clone()),
    ]
    .into_iter()
    .enumerate()
    {
        net.world.apply(&ChangeEntry { position: position + n as u64, at_us: 0, change });
    }
    goes(&mut net, "alice", "5555", rescue());
    assert_eq!(kind(&net), Some(CallKind::Emergency));
}

#[test]
fn a_security_desk_changes_nothing_of_the_call() {
    let plain = goes(&mut started(records()), "alice", "999", operator());
    let mut w = records();
    put(
        &mut w,
        PolicyTarget::User(UserId(id(ALICE))),
        PolicyBody::TeamsEmergencyCallingPolicy(EmergencyCalling {
            notify: Notify {
                addresses: vec!["desk@contoso.example".into()],
                mode: NotificationMode::ConferenceUnMuted,
                ..Notify::default()
            },
            ..EmergencyCalling::default()
        }),
    );
    let told = goes(&mut started(w), "alice", "999", operator());
    for header in ["From", "To", "P-Asserted-Identity", "Privacy", "Content-Type"] {
        let of = |invite: &Packet| {
            let text = invite.header(header)?.to_owned();
            Some(text.split(";tag=").next().unwrap_or_default().to_owned())
        };
        assert_eq!(of(&plain), of(&told), "{header}");
    }
    assert_eq!(plain.uri(), told.uri());
}
