//! A CANCEL that comes to another edge than its INVITE did, of three.

use crate::net::{Net, addr};
use crate::world::*;
use edge::peer::Peer;
use feed::record::Transport;
use std::net::SocketAddr;
use std::time::Duration;

fn trunk_1() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn net() -> Net {
    let net = Net::new(world(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]));
    net.shared.serving.set_siblings(2);
    net
}

/// A sibling is asked; what it claims.
fn asked(net: &mut Net, cancel: &[u8]) -> Vec<[u8; 16]> {
    let from = Peer { transport: Transport::Udp, listener: 0, addr: trunk_1() };
    net.core.handle_stray(net.at, from, cancel, &net.world, &mut net.out);
    net.flush();
    std::mem::take(&mut net.out.claimed)
}

#[test]
fn a_cancel_is_answered_by_the_edge_that_has_its_call_or_denied_by_the_one_it_came_to() {
    let [mut owner, mut other, mut here] = [net(), net(), net()];
    owner.register(alice(), "alice");
    let invite = owner.invite(trunk_1(), ALICE_NUMBER, "call-1");
    owner.expect(trunk_1(), 100);
    let at_alice = owner.expect_request(alice(), "INVITE");
    owner.respond(alice(), &at_alice, 180, b"");
    owner.expect(trunk_1(), 180);
    let cancel = String::from_utf8(invite).expect("text").replace("INVITE", "CANCEL");
    let cancel = cancel.replace("v=0 offer", "").replace("Content-Length: 9", "Content-Length: 0");
    let cancel = cancel.as_bytes();

    // Nobody else has the call: denied, but only once that is sure.
    here.send(trunk_1(), cancel);
    assert!(here.core.take_stray(), "siblings are asked");
    assert_eq!(asked(&mut other, cancel), [] as [[u8; 16]; 0]);
    other.pass(Duration::from_secs(1));
    other.silent(trunk_1());
    here.pass(Duration::from_millis(99));
    here.silent(trunk_1());
    here.pass(Duration::from_millis(1));
    here.expect(trunk_1(), 481);

    // The owner has it, and answers.
    here.send(trunk_1(), cancel);
    assert!(here.core.take_stray(), "siblings are asked");
    let claimed = asked(&mut owner, cancel);
    owner.expect(trunk_1(), 200);
    owner.expect(trunk_1(), 487);
    owner.expect_request(alice(), "CANCEL");
    assert_eq!(claimed.len(), 1);
    here.core.copied(&claimed[0], &mut here.out);
    here.flush();
    here.pass(Duration::from_secs(1));
    here.silent(trunk_1());

    // Without siblings nobody is asked.
    here.shared.serving.set_siblings(0);
    here.send(trunk_1(), cancel);
    here.expect(trunk_1(), 481);
}
