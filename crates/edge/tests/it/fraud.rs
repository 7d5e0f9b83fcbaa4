//! Calls to costly destinations: how many, and who is blocked.

use crate::net::{Net, addr};
use crate::world::*;
use domain::fraud::{ClassLimit, ClassLimits, FraudLimits};
use feed::cdr::CdrEvent;
use feed::record::Transport;
use sip::Method;
use std::net::SocketAddr;
use std::time::Duration;

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn phone(name: &str) -> SocketAddr {
    addr(if name == "alice" { "203.0.113.10:5062" } else { "203.0.113.11:5062" })
}

fn net(limits: Option<FraudLimits>) -> Net {
    let mut records = world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]);
    records.tenants[0].fraud_limits = limits;
    let mut net = Net::new(records);
    net.register(phone("alice"), "alice");
    net.register(phone("bob"), "bob");
    net
}

fn per_hour(calls: u32) -> FraudLimits {
    let none = ClassLimits::default();
    let international = ClassLimit { at_once: None, per_hour: Some(calls) };
    FraudLimits { person: ClassLimits { international, ..none }, tenant: none }
}

/// Does the operator get this call? It refuses what it gets, so that it is over.
fn goes(net: &mut Net, name: &str, called: &str, call_id: &str) -> bool {
    let rings = begins(net, name, called, call_id);
    if rings {
        let invite = net.expect_request(operator(), "INVITE");
        net.respond(operator(), &invite, 486, b"");
        net.expect(phone(name), 486);
    }
    net.inbox.clear();
    rings
}

fn begins(net: &mut Net, name: &str, called: &str, call_id: &str) -> bool {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{call_id}@{name}");
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, &[]);
    net.expect(phone(name), 100);
    if net.inbox.get(&operator()).is_some_and(|q| !q.is_empty()) {
        return true;
    }
    net.expect(phone(name), 403);
    let end = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::End { reason, sip_code, .. } => Some((*sip_code, reason.as_str())),
        _ => None,
    });
    assert_eq!(end, Some((403, "fraud_limit")), "its record says why");
    false
}

fn open_alarms(net: &Net) -> Vec<String> {
    let of_fraud = net.shared.alarms.open().into_iter().filter(|a| a.code == "fraud_block");
    of_fraud.map(|a| a.subject).collect()
}

const PARIS: &str = "+33123456789";
const LONDON: &str = "+442071838750";

#[test]
fn a_burst_abroad_blocks_its_caller_for_that_and_for_nothing_else() {
    let mut net = net(Some(per_hour(3)));
    for n in 0..3 {
        assert!(goes(&mut net, "alice", PARIS, &format!("abroad{n}")));
    }
    assert!(open_alarms(&net).is_empty());
    for n in 3..6 {
        assert!(!goes(&mut net, "alice", PARIS, &format!("abroad{n}")));
    }
    let alice = format!("{} international", id(ALICE));
    assert_eq!(open_alarms(&net), [alice], "somebody is told once");
    assert_eq!(net.shared.fraud.refused(), 3);

    assert!(goes(&mut net, "alice", LONDON, "national"));
    assert!(goes(&mut net, "alice", "999", "help"));
    assert!(goes(&mut net, "alice", "+449098790000", "premium"), "another class");
    assert!(goes(&mut net, "bob", PARIS, "bob"), "another person");

    net.shared.fraud.release(id(ALICE), &net.shared.alarms, 0);
    assert!(open_alarms(&net).is_empty());
    assert!(goes(&mut net, "alice", PARIS, "released"));
}

#[test]
fn a_block_ends_by_itself_after_an_hour() {
    let mut net = net(Some(per_hour(1)));
    assert!(goes(&mut net, "alice", PARIS, "one"));
    assert!(!goes(&mut net, "alice", PARIS, "two"));
    net.pass(Duration::from_secs(3601));
    assert!(open_alarms(&net).is_empty(), "the alarm is cleared");
    net.inbox.clear();
    net.register(phone("alice"), "alice");
    assert!(goes(&mut net, "alice", PARIS, "three"));
}

#[test]
fn calls_at_once_are_those_under_way_and_a_tenant_has_its_own_limit() {
    let none = ClassLimits::default();
    let premium = ClassLimit { at_once: Some(2), per_hour: None };
    let limits = FraudLimits { person: none, tenant: ClassLimits { premium, ..none } };
    let mut net = net(Some(limits));
    for n in 0..5 {
        assert!(goes(&mut net, "alice", "+449098790000", &format!("over{n}")), "none is under way");
    }
    assert!(begins(&mut net, "alice", "+449098790000", "rings"));
    net.inbox.clear();
    assert!(begins(&mut net, "bob", "+449098790000", "rings"));
    net.inbox.clear();
    assert!(!goes(&mut net, "bob", "+449098790000", "third"));
    assert_eq!(open_alarms(&net), [format!("{} premium", id(1))], "the tenant is blocked");
    assert!(!goes(&mut net, "alice", "+449098790000", "fourth"));
    assert!(goes(&mut net, "alice", PARIS, "abroad"));
}

#[test]
fn without_limits_of_its_own_a_tenant_has_those_that_stop_a_theft() {
    let mut net = net(None);
    let premium = (0..11).filter(|n| goes(&mut net, "alice", "+449098790000", &format!("p{n}")));
    assert_eq!(premium.count(), 10);
    for n in 0..70 {
        assert!(goes(&mut net, "bob", LONDON, &format!("n{n}")), "national calls have none");
    }
}
