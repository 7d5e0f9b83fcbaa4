//! What a trunk may carry, and when it wants to be left alone.

use crate::net::{Dialog, Net, Packet, addr, caller_dialog};
use crate::world::*;
use domain::TrunkId;
use feed::cdr::CdrEvent;
use feed::record::{Transport, TrunkRecord};
use feed::snapshot::Snapshot;
use sip::{HeaderName, Method};
use std::net::SocketAddr;
use std::time::Duration;

fn trunk_1() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn trunk_2() -> SocketAddr {
    addr("198.51.100.2:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn limited(calls: Option<u32>, rate: Option<u32>) -> TrunkRecord {
    TrunkRecord {
        max_concurrent_calls: calls,
        max_calls_per_second: rate,
        ..trunk(TRUNK_A1, trunk_1(), Transport::Udp)
    }
}

fn net(trunks: Vec<TrunkRecord>) -> Net {
    let mut net = Net::new(world(trunks));
    net.register(alice(), "alice");
    net
}

/// Alice dials; the call is on its way, or refused.
fn dial(net: &mut Net, called: &str, call_id: &str) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(alice(), who, (Method::Invite, &uri), &uri, call_id, &[]);
    net.expect(alice(), 100);
}

fn last_reason(net: &Net) -> String {
    let ends = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::End { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    ends.expect("a call has ended")
}

fn retry_after(packet: &Packet) -> u32 {
    packet.header("Retry-After").expect("says when").parse().expect("a number of seconds")
}

const OUTSIDE: &str = "+33123456789";

#[test]
fn a_full_trunk_is_passed_over_and_a_full_profile_refuses_all_but_help() {
    let other = trunk(TRUNK_A2, trunk_2(), Transport::Udp);
    let mut net =
        net(vec![limited(Some(1), None), TrunkRecord { max_concurrent_calls: Some(1), ..other }]);
    dial(&mut net, OUTSIDE, "one@phone");
    dial(&mut net, OUTSIDE, "two@phone");
    let first = net.expect_request(trunk_1(), "INVITE");
    net.expect_request(trunk_2(), "INVITE");

    dial(&mut net, OUTSIDE, "three@phone");
    let refused = net.expect(alice(), 503);
    assert!((2..=10).contains(&retry_after(&refused)));
    assert_eq!(last_reason(&net), "trunk_limit");
    net.silent(trunk_1());
    net.silent(trunk_2());
    let open: Vec<String> = net.shared.alarms.open().into_iter().map(|a| a.code).collect();
    assert_eq!(open, ["trunk_at_limit"; 2], "somebody is told, of either trunk");

    dial(&mut net, "999", "help@phone");
    let waits = |net: &Net, at: SocketAddr| net.inbox.get(&at).is_some_and(|q| !q.is_empty());
    let at = if waits(&net, trunk_1()) { trunk_1() } else { trunk_2() };
    let help = net.expect_request(at, "INVITE");
    assert!(help.uri().starts_with("sip:999@"), "{}", help.uri());

    // The first call is answered and hung up: there is room again.
    net.respond(trunk_1(), &first, 200, b"v=0 answer");
    let ok = net.expect(alice(), 200);
    let dialog = caller_dialog(alice(), &ok);
    assert_eq!(net.shared.limits.calls(TrunkId(id(TRUNK_A1))), 1 + u32::from(at == trunk_1()));
    net.within(&Dialog { cseq: dialog.cseq + 1, ..dialog }, Method::Bye, b"");
    let bye = net.expect_request(trunk_1(), "BYE");
    net.respond(trunk_1(), &bye, 200, b"");
    assert_eq!(net.shared.limits.calls(TrunkId(id(TRUNK_A1))), u32::from(at == trunk_1()));
}

#[test]
fn a_trunk_that_brings_more_than_it_may_hears_503() {
    let mut net = net(vec![limited(None, Some(2))]);
    for n in 0..2 {
        net.invite(trunk_1(), ALICE_NUMBER, &format!("in{n}@trunk"));
        net.expect(trunk_1(), 100);
        net.expect_request(alice(), "INVITE");
    }
    net.invite(trunk_1(), ALICE_NUMBER, "in2@trunk");
    net.expect(trunk_1(), 100);
    let refused = net.expect(trunk_1(), 503);
    assert!((2..=10).contains(&retry_after(&refused)));
    assert_eq!(last_reason(&net), "trunk_limit");
    net.silent(alice());
    net.pass(Duration::from_millis(500));
    net.inbox.clear();
    net.invite(trunk_1(), ALICE_NUMBER, "in3@trunk");
    net.expect(trunk_1(), 100);
    net.expect_request(alice(), "INVITE");
}

#[test]
fn a_cancelled_or_refused_call_gives_its_places_back() {
    let mut net = net(vec![limited(Some(1), None)]);
    let calls = |net: &Net| net.shared.limits.calls(TrunkId(id(TRUNK_A1)));
    dial(&mut net, OUTSIDE, "busy@phone");
    let invite = net.expect_request(trunk_1(), "INVITE");
    assert_eq!(calls(&net), 1);
    net.respond(trunk_1(), &invite, 486, b"");
    net.expect(alice(), 486);
    assert_eq!(calls(&net), 0);
    net.invite(trunk_1(), ALICE_NUMBER, "in@trunk");
    assert_eq!(calls(&net), 1, "both ways count");
    net.pass(Duration::from_secs(61));
    assert_eq!(calls(&net), 0, "nobody answered");
}

#[test]
fn a_trunk_that_said_when_to_ask_again_is_not_asked_before_except_for_help() {
    let mut net = net(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]);
    dial(&mut net, OUTSIDE, "one@phone");
    let invite = net.expect_request(trunk_1(), "INVITE");
    let mut answer = Vec::new();
    invite.with(|m| {
        sip::MessageBuilder::response_to(&mut answer, m, 503, "Busy", Some(b"t"), None)
            .header(HeaderName::RetryAfter, "30 (maintenance);duration=60")
            .finish();
    });
    net.send(trunk_1(), &answer);
    net.expect_request(trunk_1(), "ACK");
    net.expect(alice(), 503);

    dial(&mut net, OUTSIDE, "two@phone");
    net.expect(alice(), 503);
    net.silent(trunk_1());
    dial(&mut net, "999", "help@phone");
    net.expect_request(trunk_1(), "INVITE");
    net.pass(Duration::from_secs(31));
    net.inbox.clear();
    dial(&mut net, OUTSIDE, "three@phone");
    net.expect_request(trunk_1(), "INVITE");
}

#[test]
fn a_trunk_that_is_enabled_again_is_asked_at_once() {
    let records = |position: u64, enabled: bool| {
        let asked = TrunkRecord {
            send_options: true,
            enabled,
            ..trunk(TRUNK_A1, trunk_1(), Transport::Udp)
        };
        let mut world = world(vec![asked]);
        world.position.position = position;
        Snapshot::from_records(world)
    };
    let mut net = net(vec![]);
    net.world = records(2, true);
    net.pass(Duration::from_millis(1));
    let ask = net.expect_request(trunk_1(), "OPTIONS");
    net.respond(trunk_1(), &ask, 200, b"");
    net.world = records(3, false);
    net.pass(Duration::from_secs(61));
    net.silent(trunk_1());
    net.world = records(4, true);
    net.pass(Duration::from_millis(1));
    net.expect_request(trunk_1(), "OPTIONS");
    let trunk = TrunkId(id(TRUNK_A1));
    assert!(net.shared.health.is_healthy(trunk), "it was not asked, so it was not silent");
}
