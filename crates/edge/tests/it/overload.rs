//! More is offered than can be carried.

use crate::net::{Dialog, Net, addr, caller_dialog};
use crate::world::*;
use edge::core::admission::SHED_AFTER;
use edge::peer::Peer;
use feed::record::Transport;
use sip::Method;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn trunk_1() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn net() -> Net {
    let mut net = Net::new(world(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]));
    net.register(alice(), "alice");
    net
}

/// Packets keep coming for longer than `time`, and the shard never runs dry.
fn work(net: &mut Net, time: Duration) {
    for _ in 0..=time.as_millis() / 20 {
        net.pass(Duration::from_millis(20));
        net.send(trunk_1(), b"SIP/2.0 200 OK\r\n\r\n");
    }
}

#[test]
fn a_shard_that_never_runs_dry_refuses_new_calls_and_carries_the_rest() {
    let mut net = net();
    net.core.dry(net.at.now);
    net.invite(trunk_1(), ALICE_NUMBER, "before@trunk");
    net.expect(trunk_1(), 100);
    let ring = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &ring, 200, b"v=0 answer");
    let ok = net.expect(trunk_1(), 200);
    let dialog = caller_dialog(trunk_1(), &ok);

    work(&mut net, SHED_AFTER);
    net.invite(trunk_1(), ALICE_NUMBER, "late@trunk");
    let refused = net.expect(trunk_1(), 503);
    let wait: u32 =
        refused.header("Retry-After").expect("says when").parse().expect("a number of seconds");
    assert!((2..=10).contains(&wait), "{wait}");
    net.silent(alice());
    assert_eq!(net.shared.stats.shed.load(Ordering::Relaxed), 1);
    assert!(
        net.shared.alarms.open().iter().any(|a| a.code == "overload"),
        "somebody is told of it"
    );

    net.within(&Dialog { cseq: dialog.cseq + 1, ..dialog }, Method::Bye, b"");
    net.expect_request(alice(), "BYE");

    net.core.dry(net.at.now);
    net.inbox.clear();
    net.invite(trunk_1(), ALICE_NUMBER, "after@trunk");
    net.expect(trunk_1(), 100);
    net.expect_request(alice(), "INVITE");

    // While the overload lasts a fifth of the time is enough, and not when it is over.
    work(&mut net, SHED_AFTER / 4);
    // Refusals are repeated until they are acknowledged.
    net.inbox.clear();
    net.invite(trunk_1(), ALICE_NUMBER, "still@trunk");
    net.expect(trunk_1(), 503);
    net.core.dry(net.at.now);
    net.pass(Duration::from_secs(6));
    net.pass(Duration::from_secs(1));
    net.core.dry(net.at.now);
    work(&mut net, SHED_AFTER / 4);
    // Refusals are repeated until they are acknowledged.
    net.inbox.clear();
    net.invite(trunk_1(), ALICE_NUMBER, "calm@trunk");
    net.expect(trunk_1(), 100);
}

#[test]
fn a_call_for_help_is_carried_when_all_else_is_thrown_away() {
    let mut net = net();
    net.core.dry(net.at.now);
    work(&mut net, 2 * SHED_AFTER);
    net.invite(trunk_1(), ALICE_NUMBER, "unread@trunk");
    net.silent(trunk_1());
    assert_eq!(net.shared.stats.dropped.load(Ordering::Relaxed), 1);
    let uri = format!("sip:999@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(alice(), who, (Method::Invite, &uri), &uri, "help@phone", &[]);
    net.expect(alice(), 100);
    let help = net.expect_request(trunk_1(), "INVITE");
    assert!(help.uri().starts_with("sip:999@"), "{}", help.uri());
}

/// A full socket's buffer stands and loses packets until the sockets are told to let less
/// through.
fn overflow(net: &mut Net) {
    for _ in 0..100 {
        net.pass(Duration::from_millis(5));
        net.core.looked(net.at, 8 << 20, 50);
        if net.core.pass() < 1.0 {
            return;
        }
    }
    panic!("nobody told them");
}

#[test]
fn what_came_before_the_sockets_were_told_meets_their_lottery_when_it_is_read() {
    let mut net = net();
    net.core.dry(net.at.now);
    overflow(&mut net);
    net.invite(trunk_1(), ALICE_NUMBER, "late@trunk");
    net.silent(trunk_1());
    assert_eq!(net.shared.stats.dropped.load(Ordering::Relaxed), 1);
    let uri = format!("sip:999@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(alice(), who, (Method::Invite, &uri), &uri, "help@phone", &[]);
    net.expect(alice(), 100);
    // Nobody repeats what came by a connection.
    let by_tcp = net.unsent_invite(trunk_1(), ALICE_NUMBER, "stream@trunk");
    net.inbox.clear();
    net.send_by(Peer { transport: Transport::Tcp, listener: 1, addr: trunk_1() }, &by_tcp);
    net.expect(trunk_1(), 100);
    // As many as the queue held have been read: what comes now the sockets have chosen.
    for _ in 0..(8 << 20) / 1_280 {
        net.send(trunk_1(), b"SIP/2.0 200 OK\r\n\r\n");
    }
    net.core.dry(net.at.now);
    net.inbox.clear();
    net.invite(trunk_1(), ALICE_NUMBER, "after@trunk");
    net.expect(trunk_1(), 100);
}
