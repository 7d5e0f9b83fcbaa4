//! Policies: each changes a call, and leaves alone what it must not touch.

use crate::net::{Net, Packet, addr};
use crate::world::*;
use domain::policy::{
    BlockedNumbers, CallerId, DialOut, ExemptNumbers, NormalizationRule, PolicyBody, PolicyTarget,
    Reach, ScreeningRules, Substitute, TreatmentTarget, UnassignedTreatment,
};
use domain::{GroupId, PolicyId, ResourceAccountId, TenantId, UserId};
use feed::cdr::CdrEvent;
use feed::record::{
    GroupMembersRecord, NumberRecord, PolicyAssignmentRecord, PolicyRecord, ScreeningRecord,
    Transport,
};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::{HeaderName, Method};
use std::net::SocketAddr;

const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));
const BERLIN: &str = "+493012345678";

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn phone(name: &str) -> SocketAddr {
    addr(if name == "alice" { "203.0.113.10:5062" } else { "203.0.113.11:5062" })
}

fn records() -> WorldRecords {
    world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)])
}

/// A policy, and for whom it holds.
fn put(records: &mut WorldRecords, target: PolicyTarget, body: PolicyBody) {
    let id = PolicyId(id(1_000 + records.policies.len() as u128));
    let kind = body.kind().as_str().to_owned();
    records.policies.push(PolicyRecord {
        id,
        tenant: TENANT,
        name: "it".into(),
        body: body.into(),
    });
    let assigned =
        PolicyAssignmentRecord { tenant: TENANT, kind, target: target.into(), policy: Some(id) };
    records.policy_assignments.push(assigned);
}

fn alice_only() -> PolicyTarget {
    PolicyTarget::User(UserId(id(ALICE)))
}

fn started(records: WorldRecords) -> Net {
    let mut net = Net::new(records);
    net.register(phone("alice"), "alice");
    net.register(phone("bob"), "bob");
    net
}

fn dial(net: &mut Net, name: &str, called: &str, extra: &[(HeaderName, &str)]) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{}-{name}-{called}", net.cdrs.len());
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, extra);
    net.expect(phone(name), 100);
}

/// What the operator gets of a call; it refuses it, so that it is over.
fn goes(net: &mut Net, name: &str, called: &str) -> Packet {
    goes_with(net, name, called, &[])
}

fn goes_with(net: &mut Net, name: &str, called: &str, extra: &[(HeaderName, &str)]) -> Packet {
    dial(net, name, called, extra);
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 486, b"");
    net.expect(phone(name), 486);
    net.inbox.clear();
    invite
}

fn refused(net: &mut Net, at: SocketAddr, status: u16) -> String {
    net.expect(at, status);
    net.inbox.clear();
    let end = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::End { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    end.expect("a call has ended")
}

/// A call of an operator's; the phone that rings, if one does, gets the INVITE.
fn rings(net: &mut Net, caller: &str, called: &str, at: SocketAddr) -> Packet {
    bring(net, caller, called);
    let invite = net.expect_request(at, "INVITE");
    net.inbox.clear();
    invite
}

fn bring(net: &mut Net, caller: &str, called: &str) {
    let uri = format!("sip:{called}@192.0.2.5");
    let from = format!("sip:{caller}@op.example;user=phone");
    let call_id = format!("in-{}-{called}", net.cdrs.len());
    let asserted = format!("<sip:{caller}@op.example>");
    let extra = [
        (HeaderName::PAssertedIdentity, asserted.as_str()),
        (HeaderName::ReferredBy, asserted.as_str()),
        (HeaderName::Diversion, asserted.as_str()),
        (HeaderName::HistoryInfo, asserted.as_str()),
        (HeaderName::Subject, caller),
    ];
    let invite =
        net.request(operator(), (Method::Invite, &uri), (&from, &uri), &call_id, &extra, b"");
    net.send(operator(), &invite);
    net.expect(operator(), 100);
}

fn dialled(invite: &Packet) -> String {
    let uri = invite.uri();
    uri.trim_start_matches("sip:").split('@').next().expect("a user part").to_owned()
}

#[test]
fn a_dial_plan_makes_the_number_and_never_loses_a_call_for_help() {
    let mut records = records();
    let rule = |name: &str, pattern: &str, translation: &str| NormalizationRule {
        name: name.into(),
        pattern: pattern.into(),
        translation: translation.into(),
    };
    let rules = vec![
        rule("help astray", "^999$", "+33123456789"),
        rule("outside line", r"^9(\d{3,})$", "$1"),
        rule("short", r"^(\d{2})$", "+4930123456$1"),
    ];
    put(&mut records, alice_only(), PolicyBody::TenantDialPlan { rules });
    let mut net = started(records);
    for (called, goes_to) in [
        ("78", BERLIN),
        ("900493012345678", BERLIN),
        (BERLIN, BERLIN),
        ("999", "999"),
        ("9999", "999"),
        ("9112", "112"),
    ] {
        let invite = goes(&mut net, "alice", called);
        assert_eq!(dialled(&invite), goes_to, "{called}");
        let help = (goes_to.len() == 3).then_some("emergency");
        assert_eq!(invite.header("Priority").as_deref(), help, "{called}");
    }
    // Nobody else's calls are changed.
    assert_eq!(dialled(&goes(&mut net, "bob", "78")), "+4478");
}

#[test]
fn the_group_of_the_lowest_rank_decides_and_everybody_s_policy_is_last() {
    let mut records = records();
    let restrict = |reach| {
        PolicyBody::OnlineDialOutPolicy(DialOut {
            reach,
            premium: true,
            conferencing: Reach::default(),
        })
    };
    let group = |n: u128, rank| PolicyTarget::Group { group: GroupId(id(n)), rank };
    put(&mut records, PolicyTarget::Global, restrict(Reach::None));
    put(&mut records, group(1, 2), restrict(Reach::Domestic));
    put(&mut records, group(2, 1), restrict(Reach::InternationalAndDomestic));
    let members = |n: u128, joined: &[u128]| GroupMembersRecord {
        tenant: TENANT,
        group: GroupId(id(n)),
        joined: joined.iter().map(|n| UserId(id(*n))).collect(),
        left: Vec::new(),
    };
    records.group_members = vec![members(1, &[ALICE, BOB]), members(2, &[ALICE])];
    let mut net = started(records);
    assert_eq!(dialled(&goes(&mut net, "alice", BERLIN)), BERLIN);
    dial(&mut net, "bob", BERLIN, &[]);
    assert_eq!(refused(&mut net, phone("bob"), 403), "dial_out_restricted");
    assert_eq!(dialled(&goes(&mut net, "bob", "+441130000000")), "+441130000000");
    assert_eq!(dialled(&goes(&mut net, "bob", "999")), "999");
}

#[test]
fn who_may_call_nobody_outside_calls_colleagues_and_help() {
    let mut records = records();
    let none = DialOut { reach: Reach::None, premium: true, conferencing: Reach::default() };
    put(&mut records, PolicyTarget::Global, PolicyBody::OnlineDialOutPolicy(none));
    let mut net = started(records);
    dial(&mut net, "alice", "+441130000000", &[]);
    assert_eq!(refused(&mut net, phone("alice"), 403), "dial_out_restricted");
    assert_eq!(dialled(&goes(&mut net, "alice", "999")), "999");
    dial(&mut net, "alice", BOB_NUMBER, &[]);
    net.expect_request(phone("bob"), "INVITE");
}

fn identity(policy: CallerId) -> PolicyBody {
    PolicyBody::CallingLineIdentity(policy)
}

fn shown(invite: &Packet) -> (String, String, Option<String>) {
    let of = |name| invite.header(name).unwrap_or_default();
    (of("From"), of("P-Asserted-Identity"), invite.header("Privacy"))
}

#[test]
fn who_is_anonymous_by_policy_is_known_to_the_operator_alone_and_to_those_who_help() {
    let mut records = records();
    let anonymous = CallerId { substitute: Substitute::Anonymous, ..CallerId::default() };
    put(&mut records, alice_only(), identity(anonymous));
    let mut net = started(records);
    let (from, asserted, privacy) = shown(&goes(&mut net, "alice", BERLIN));
    assert!(from.contains("sip:anonymous@anonymous.invalid") && !from.contains("alice"), "{from}");
    assert!(asserted.contains(ALICE_NUMBER), "{asserted}");
    assert_eq!(privacy.as_deref(), Some("id"));
    let (from, _, privacy) = shown(&goes(&mut net, "alice", "999"));
    assert!(from.contains(ALICE_NUMBER) && privacy.is_none(), "{from}");
    let (from, _, privacy) = shown(&goes(&mut net, "bob", BERLIN));
    assert!(from.contains(BOB_NUMBER) && privacy.is_none(), "{from}");
    // A colleague sees who calls.
    dial(&mut net, "alice", BOB_NUMBER, &[]);
    let inside = net.expect_request(phone("bob"), "INVITE");
    assert!(inside.header("From").is_some_and(|from| from.contains(ALICE_NUMBER)));
}

#[test]
fn a_queue_s_number_and_the_company_s_name_stand_for_the_caller() {
    let mut records = records();
    let queue = ResourceAccountId(id(QUEUE));
    let policy = CallerId {
        substitute: Substitute::Resource(queue),
        company_name: Some("Contoso \"UK\"".into()),
        ..CallerId::default()
    };
    put(&mut records, alice_only(), identity(policy));
    let mut net = started(records);
    // The phone asks to be hidden, which this policy does not let it.
    let hide = [(HeaderName::Privacy, "id")];
    let (from, asserted, privacy) = shown(&goes_with(&mut net, "alice", BERLIN, &hide));
    assert!(from.starts_with(r#""Contoso \"UK\"" <sip:"#), "{from}");
    assert!(from.contains(QUEUE_NUMBER) && asserted.contains(QUEUE_NUMBER), "{from} {asserted}");
    assert!(!format!("{from}{asserted}").contains(ALICE_NUMBER));
    assert_eq!(privacy, None);
    let (from, _, _) = shown(&goes(&mut net, "alice", "999"));
    assert!(from.contains(ALICE_NUMBER), "those who help call back the caller: {from}");
    let (from, _, privacy) = shown(&goes_with(&mut net, "bob", BERLIN, &hide));
    assert!(from.contains(BOB_NUMBER), "{from}");
    assert_eq!(privacy.as_deref(), Some("id"), "without a policy the phone decides");
}

#[test]
fn the_policy_of_a_number_comes_before_the_person_s_own() {
    let mut records = records();
    let hidden = CallerId { substitute: Substitute::Anonymous, ..CallerId::default() };
    let queue = Substitute::Resource(ResourceAccountId(id(QUEUE)));
    let as_queue = CallerId { substitute: queue, ..CallerId::default() };
    let number = || PolicyTarget::Number(E164::parse(ALICE_NUMBER).expect("number"));
    let reach = |reach| {
        let conferencing = Reach::default();
        PolicyBody::OnlineDialOutPolicy(DialOut { reach, premium: true, conferencing })
    };
    put(&mut records, PolicyTarget::Global, identity(hidden.clone()));
    put(&mut records, alice_only(), identity(hidden));
    put(&mut records, number(), identity(as_queue));
    put(&mut records, alice_only(), reach(Reach::InternationalAndDomestic));
    put(&mut records, number(), reach(Reach::Domestic));
    let mut net = started(records);
    let (from, ..) = shown(&goes(&mut net, "alice", "+441130000000"));
    assert!(from.contains(QUEUE_NUMBER), "{from}");
    dial(&mut net, "alice", BERLIN, &[]);
    assert_eq!(refused(&mut net, phone("alice"), 403), "dial_out_restricted");
    // Another's number is not touched by it.
    let (from, ..) = shown(&goes(&mut net, "bob", BERLIN));
    assert!(from.contains("anonymous.invalid"), "{from}");
}

#[test]
fn premium_numbers_are_refused_where_the_policy_says_so() {
    let mut records = records();
    let reach = Reach::InternationalAndDomestic;
    let cheap = DialOut { reach, premium: false, conferencing: Reach::default() };
    put(&mut records, alice_only(), PolicyBody::OnlineDialOutPolicy(cheap));
    let mut net = started(records);
    let dear = "+449098790000";
    dial(&mut net, "alice", dear, &[]);
    assert_eq!(refused(&mut net, phone("alice"), 403), "dial_out_restricted");
    for (name, called) in [("alice", BERLIN), ("alice", "999"), ("bob", dear)] {
        assert_eq!(dialled(&goes(&mut net, name, called)), called, "{name}");
    }
}

#[test]
fn people_hide_themselves_where_the_policy_lets_them() {
    let mut records = records();
    let may = CallerId { user_override: true, ..CallerId::default() };
    put(&mut records, alice_only(), identity(may));
    put(&mut records, PolicyTarget::Global, identity(CallerId::default()));
    let mut net = started(records);
    let hide = [(HeaderName::Privacy, "id")];
    for (name, extra, privacy) in
        [("alice", &hide[..], Some("id")), ("alice", &[], None), ("bob", &hide[..], None)]
    {
        let (from, asserted, said) = shown(&goes_with(&mut net, name, BERLIN, extra));
        assert_eq!(said.as_deref(), privacy, "{name}: {from} {asserted}");
    }
}

#[test]
fn who_is_called_does_not_see_the_caller_where_their_policy_says_so() {
    let mut records = records();
    let blind = CallerId { block_incoming: true, ..CallerId::default() };
    put(&mut records, alice_only(), identity(blind));
    let mut net = started(records);
    let hidden = rings(&mut net, BERLIN, ALICE_NUMBER, phone("alice"));
    assert!(!hidden.text().contains(BERLIN), "{}", hidden.text());
    assert!(hidden.header("From").is_some_and(|from| from.contains("anonymous.invalid")));
    let seen = rings(&mut net, BERLIN, BOB_NUMBER, phone("bob"));
    assert!(seen.header("From").is_some_and(|from| from.contains(BERLIN)));
    assert!(seen.header("P-Asserted-Identity").is_some_and(|pai| pai.contains(BERLIN)));
    // In a queue each agent's own policy counts.
    bring(&mut net, BERLIN, QUEUE_NUMBER);
    let alice = net.expect_request(phone("alice"), "INVITE");
    let bob = net.expect_request(phone("bob"), "INVITE");
    assert!(!alice.text().contains(BERLIN) && bob.text().contains(BERLIN));
}

#[test]
fn blocked_callers_are_refused_or_sent_elsewhere_and_exceptions_let_in() {
    let mut records = records();
    let blocked = |name: &str, pattern: &str, redirect_to| BlockedNumbers {
        name: name.into(),
        pattern: pattern.into(),
        enabled: true,
        redirect_to,
        announcement: None,
    };
    let rules = ScreeningRules {
        blocked: vec![
            blocked("premium", r"^\+1900", None),
            blocked("nobody", "^anonymous$", None),
            blocked("germany", r"^\+49", Some(ResourceAccountId(id(QUEUE)))),
        ],
        exempt: vec![ExemptNumbers {
            name: "munich".into(),
            pattern: r"^\+4989".into(),
            enabled: true,
        }],
        unassigned: Vec::new(),
    };
    records.screening.push(ScreeningRecord { tenant: TENANT, rules: rules.into() });
    let mut net = started(records);
    for caller in ["+19005550100", "anonymous"] {
        bring(&mut net, caller, ALICE_NUMBER);
        assert_eq!(refused(&mut net, operator(), 403), "caller_blocked", "{caller}");
    }
    // Alice's number leads to the queue, whose agents both ring.
    rings(&mut net, BERLIN, ALICE_NUMBER, phone("bob"));
    for caller in ["+498912345678", "+442079999999"] {
        bring(&mut net, caller, ALICE_NUMBER);
        net.expect_request(phone("alice"), "INVITE");
        net.silent(phone("bob"));
        net.inbox.clear();
    }
    // What is dialled is not screened.
    assert_eq!(dialled(&goes(&mut net, "alice", "+19005550100")), "+19005550100");
}

#[test]
fn a_number_that_nobody_has_is_answered_as_the_rules_say_from_outside_and_inside() {
    let free = "+442079460099";
    let mut records = records();
    let number = NumberRecord {
        number: E164::parse(free).expect("number"),
        target: None,
        ..records.numbers[0]
    };
    records.numbers.push(number);
    let treatment = |name: &str, pattern: &str, priority, target| UnassignedTreatment {
        name: name.into(),
        pattern: pattern.into(),
        priority,
        target,
    };
    let rules = ScreeningRules {
        unassigned: vec![
            treatment(
                "all",
                r"^\+44",
                2,
                TreatmentTarget::ResourceAccount(ResourceAccountId(id(QUEUE))),
            ),
            treatment("99", "99$", 1, TreatmentTarget::User(UserId(id(BOB)))),
        ],
        ..ScreeningRules::default()
    };
    let mut without = started(records.clone());
    bring(&mut without, BERLIN, free);
    assert_eq!(refused(&mut without, operator(), 404), "number_unassigned");

    records.screening.push(ScreeningRecord { tenant: TENANT, rules: rules.into() });
    let mut net = started(records);
    rings(&mut net, BERLIN, free, phone("bob"));
    net.inbox.clear();
    dial(&mut net, "alice", free, &[]);
    net.expect_request(phone("bob"), "INVITE");
    net.inbox.clear();
    // One that somebody has is theirs.
    rings(&mut net, BERLIN, ALICE_NUMBER, phone("alice"));
}
