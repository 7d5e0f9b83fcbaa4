//! Shared calling: people without a number call by an account's, and are called back by whoever
//! comes to help.

use crate::net::{Net, Packet, addr};
use crate::world::*;
use domain::number::Usage;
use domain::policy::{CALLBACK_US, PolicyBody, PolicyTarget, SharedCalling};
use domain::{PolicyId, ResourceAccountId, TenantId, UserId};
use feed::cdr::CdrEvent;
use feed::record::{PolicyAssignmentRecord, PolicyRecord, Transport};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::Method;
use std::net::SocketAddr;
use std::time::Duration;

const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));
const CAROL: u128 = 102;
const DAVE: u128 = 103;
const FIRST: &str = "+442079460021";
const SECOND: &str = "+442079460022";
const BERLIN: &str = "+493012345678";

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn phone(name: &str) -> SocketAddr {
    addr(match name {
        "alice" => "203.0.113.10:5062",
        "bob" => "203.0.113.11:5062",
        "carol" => "203.0.113.12:5062",
        _ => "203.0.113.13:5062",
    })
}

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

/// The little exchange, where the queue's number is shared with Carol and Dave, who have none,
/// and two numbers are for their emergency calls.
fn records(emergency: &[&str]) -> WorldRecords {
    let mut w = world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]);
    for (n, name) in [(CAROL, "carol"), (DAVE, "dave")] {
        let mut user = user(n, name, ALICE_NUMBER);
        user.number = None;
        w.users.push(user);
    }
    for number in [FIRST, SECOND] {
        let mut record = w.numbers[0];
        record.number = e164(number);
        (record.usage, record.target) = (Usage::CallingUserAssignment, None);
        w.numbers.push(record);
    }
    let body = PolicyBody::TeamsSharedCallingRoutingPolicy(SharedCalling {
        resource_account: ResourceAccountId(id(QUEUE)),
        emergency_numbers: emergency.iter().map(|n| e164(n)).collect(),
    });
    w.policy_assignments.push(PolicyAssignmentRecord {
        tenant: TENANT,
        kind: body.kind().as_str().to_owned(),
        target: PolicyTarget::Global.into(),
        policy: Some(PolicyId(id(1_000))),
    });
    w.policies.push(PolicyRecord {
        id: PolicyId(id(1_000)),
        tenant: TENANT,
        name: "Office".into(),
        body: body.into(),
    });
    w
}

fn started(records: WorldRecords) -> Net {
    let mut net = Net::new(records);
    for name in ["alice", "bob", "carol", "dave"] {
        net.register(phone(name), name);
    }
    net
}

/// What the operator gets of a call; it refuses it, so that it is over.
fn dial(net: &mut Net, name: &str, called: &str) -> Packet {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{}-{name}-{called}", net.cdrs.len());
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, &[]);
    net.expect(phone(name), 100);
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 486, b"");
    net.inbox.clear();
    invite
}

/// Time goes by; answers of before that nobody acknowledged are no news.
fn later(net: &mut Net, seconds: u64) {
    net.pass(Duration::from_secs(seconds));
    net.inbox.clear();
}

fn shown(invite: &Packet) -> String {
    let from = invite.header("From").expect("From");
    let (_, number) = from.split_once("sip:").expect("a URI");
    number.split_once('@').expect("a host").0.to_owned()
}

/// Whose phone rings when the operator brings a call to a number.
fn rings(net: &mut Net, number: &str) -> Vec<&'static str> {
    let call_id = format!("back-{}", net.cdrs.len());
    net.invite(operator(), number, &call_id);
    net.expect(operator(), 100);
    let mut found = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        if net.inbox.get(&phone(name)).is_some_and(|queue| !queue.is_empty()) {
            let invite = net.expect_request(phone(name), "INVITE");
            net.respond(phone(name), &invite, 486, b"");
            found.push(name);
        }
    }
    net.inbox.clear();
    found
}

#[test]
fn who_has_no_number_calls_by_the_account_s_and_others_by_their_own() {
    let mut net = started(records(&[FIRST]));
    assert_eq!(shown(&dial(&mut net, "carol", BERLIN)), QUEUE_NUMBER);
    assert_eq!(shown(&dial(&mut net, "alice", BERLIN)), ALICE_NUMBER);
    let begun = net.cdrs.iter().find_map(|r| match &r.event {
        CdrEvent::Begin { caller_user, number, .. } => Some((*caller_user, *number)),
        _ => None,
    });
    let expect = (Some(UserId(id(CAROL))), Some(e164(QUEUE_NUMBER)));
    assert_eq!(begun, Some(expect), "the record knows who called by which number");
    // Without a policy they call nobody outside, as ever.
    let mut w = records(&[FIRST]);
    w.policy_assignments.clear();
    let mut net = started(w);
    let uri = format!("sip:{BERLIN}@{DOMAIN}");
    let who = ("carol", "carol-secret");
    net.authenticated(phone("carol"), who, (Method::Invite, &uri), &uri, "none", &[]);
    net.expect(phone("carol"), 100);
    net.expect(phone("carol"), 403);
    net.silent(operator());
}

#[test]
fn who_called_for_help_is_called_back_for_an_hour() {
    let mut net = started(records(&[FIRST, SECOND]));
    assert_eq!(rings(&mut net, FIRST), ["alice", "bob"], "nobody called: the account answers");
    assert_eq!(shown(&dial(&mut net, "carol", "999")), FIRST);
    assert_eq!(shown(&dial(&mut net, "dave", "999")), SECOND);
    assert_eq!(rings(&mut net, FIRST), ["carol"]);
    assert_eq!(rings(&mut net, SECOND), ["dave"]);
    // Again keeps the number, and the hour begins anew.
    later(&mut net, 1800);
    assert_eq!(shown(&dial(&mut net, "dave", "999")), SECOND);
    later(&mut net, 1801);
    net.register(phone("dave"), "dave");
    net.register(phone("alice"), "alice");
    assert_eq!(rings(&mut net, FIRST), ["alice"], "her hour is over");
    assert_eq!(rings(&mut net, SECOND), ["dave"]);
    // Whoever has a number is called back by it.
    assert_eq!(shown(&dial(&mut net, "alice", "999")), ALICE_NUMBER);
    let told = net.shared.callbacks.all(net.at.wall_us);
    let numbers: Vec<_> = told.iter().map(|back| back.number.to_string()).collect();
    assert_eq!(numbers, [ALICE_NUMBER, SECOND]);
}

#[test]
fn the_first_number_is_taken_again_where_all_are_taken_and_the_account_s_where_there_is_none() {
    let mut net = started(records(&[FIRST]));
    assert_eq!(shown(&dial(&mut net, "carol", "999")), FIRST);
    assert_eq!(shown(&dial(&mut net, "dave", "999")), FIRST);
    assert_eq!(rings(&mut net, FIRST), ["dave"], "the last who called");
    let mut net = started(records(&[]));
    assert_eq!(shown(&dial(&mut net, "carol", "999")), QUEUE_NUMBER);
    assert_eq!(rings(&mut net, QUEUE_NUMBER), ["alice", "bob"]);
    assert!(net.shared.callbacks.all(net.at.wall_us).is_empty());
}

#[test]
fn a_sibling_that_has_heard_of_the_call_brings_the_call_back() {
    let (mut one, mut other) =
        (started(records(&[FIRST, SECOND])), started(records(&[FIRST, SECOND])));
    assert_eq!(shown(&dial(&mut one, "carol", "999")), FIRST);
    assert_eq!(rings(&mut other, FIRST), ["alice", "bob"], "it has not heard of it");
    let told = one.shared.callbacks.all(one.at.wall_us);
    assert_eq!(told[0].until_us, one.at.wall_us + CALLBACK_US);
    other.shared.callbacks.told(&told, other.at.wall_us);
    assert_eq!(rings(&mut other, FIRST), ["carol"]);
    assert_eq!(shown(&dial(&mut other, "dave", "999")), SECOND, "nor takes it the same number");
}
