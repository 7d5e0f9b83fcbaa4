//! Seals that a peer's limit leaves no room for.

use crate::net::{Dialog, Net, addr, callee_dialog, caller_dialog};
use crate::world::*;
use edge::core::Shared;
use feed::record::Transport;
use sip::Method;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

fn trunk_1() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn net(max_uri: u32) -> Net {
    let mut trunk = trunk(TRUNK_A1, trunk_1(), Transport::Udp);
    trunk.max_uri = max_uri;
    let mut net = Net::new(world(vec![trunk]));
    net.register(alice(), "alice");
    net
}

/// A call from the trunk that alice answered.
fn talking(net: &mut Net) -> (Dialog, Dialog) {
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &invite, 200, b"v=0");
    let caller = caller_dialog(trunk_1(), &net.expect(trunk_1(), 200));
    net.within(&caller, Method::Ack, b"");
    net.expect_request(alice(), "ACK");
    (Dialog { cseq: 50, ..caller }, callee_dialog(alice(), &invite))
}

#[test]
fn a_peer_with_short_uris_keeps_its_calls_at_every_edge_that_has_the_record() {
    for max_uri in [64, 100] {
        let mut net = net(max_uri);
        let (caller, _) = talking(&mut net);
        assert!(caller.target.len() <= max_uri as usize, "{}", caller.target);
        // Another edge that has no copy cannot help.
        let own = std::mem::replace(&mut net.shared, Arc::new(Shared::default()));
        net.restart();
        net.within(&caller, Method::Bye, b"");
        net.expect(trunk_1(), 481);
        // One that has can.
        assert!(!net.copies.is_empty());
        for copy in &net.copies {
            net.shared.overflow.apply(copy);
        }
        net.within(&Dialog { cseq: 51, ..caller.clone() }, Method::Invite, b"v=0 hold");
        net.expect(trunk_1(), 100);
        let again = net.expect_request(alice(), "INVITE");
        assert_eq!(again.body(), b"v=0 hold");
        net.respond(alice(), &again, 200, b"v=0");
        let held = net.expect(trunk_1(), 200).contact();
        assert!(held.len() <= max_uri as usize, "{held}");
        net.within(&Dialog { cseq: 51, target: held, ..caller.clone() }, Method::Ack, b"");
        net.expect_request(alice(), "ACK");
        // So can the first, with the Contact it gave.
        net.shared = own;
        net.restart();
        net.within(&Dialog { cseq: 52, ..caller }, Method::Bye, b"");
        net.expect_request(alice(), "BYE");
    }
}

#[test]
fn the_answer_waits_for_the_copy_but_not_for_long() {
    for copied in [true, false] {
        let mut net = net(64);
        net.shared.overflow.set_siblings(1, true);
        net.invite(trunk_1(), ALICE_NUMBER, "call-1");
        net.expect(trunk_1(), 100);
        let invite = net.expect_request(alice(), "INVITE");
        net.respond(alice(), &invite, 200, b"v=0");
        net.silent(trunk_1());
        let [copy] = &net.copies[..] else { panic!("one record: {:?}", net.copies) };
        if copied {
            net.core.copied(&[0; 16], &mut net.out);
            net.core.copied(&copy.id, &mut net.out);
            net.flush();
        } else {
            net.pass(Duration::from_millis(99));
            net.silent(trunk_1());
            net.pass(Duration::from_millis(1));
        }
        net.expect(trunk_1(), 200);
        net.pass(Duration::from_secs(1));
        net.silent(trunk_1());
    }
}

#[test]
fn an_edge_of_an_earlier_version_in_the_fleet_gets_seals_it_can_open() {
    let mut net = net(64);
    net.shared.overflow.set_siblings(1, false);
    let (caller, _) = talking(&mut net);
    assert!(caller.target.len() > 64, "longer than the peer would like, but a call");
    assert!(net.copies.is_empty());
    net.within(&caller, Method::Bye, b"");
    net.expect_request(alice(), "BYE");
}

#[test]
fn records_go_with_their_call() {
    let mut net = net(64);
    let (caller, _) = talking(&mut net);
    net.within(&caller, Method::Bye, b"");
    let bye = net.expect_request(alice(), "BYE");
    net.respond(alice(), &bye, 200, b"");
    assert_eq!(net.copies.len(), 2, "it came and it is over: {:?}", net.copies);
    assert_eq!(net.copies[0].id, net.copies[1].id);
    assert_eq!(net.shared.overflow.all().len(), 1, "a repeated BYE still finds it");
    net.pass(Duration::from_secs(150));
    assert!(net.shared.overflow.all().is_empty());
}
