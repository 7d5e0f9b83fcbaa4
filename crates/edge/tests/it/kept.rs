//! Who hangs up is answered once the disk has the record, and nobody else waits.

use crate::net::{Dialog, Net, addr, caller_dialog};
use crate::world::{ALICE_NUMBER, TRUNK_A1, trunk, world};
use feed::record::Transport;
use sip::Method;
use std::net::SocketAddr;
use std::time::Duration;

fn caller() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn phone() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn net() -> Net {
    let mut net = Net::new(world(vec![trunk(TRUNK_A1, caller(), Transport::Udp)]));
    net.inbox.clear();
    net.register(phone(), "alice");
    net.disk = false;
    net
}

/// An answered call; the caller's dialog.
fn talking(net: &mut Net, call_id: &str) -> Dialog {
    net.invite(caller(), ALICE_NUMBER, call_id);
    net.expect(caller(), 100);
    let invite = net.expect_request(phone(), "INVITE");
    net.respond(phone(), &invite, 200, b"v=0 answer");
    let answer = net.expect(caller(), 200);
    let dialog = caller_dialog(caller(), &answer);
    net.within(&dialog, Method::Ack, b"");
    net.expect_request(phone(), "ACK");
    Dialog { cseq: dialog.cseq + 1, ..dialog }
}

/// Hangs up and lets the phone agree; the BYE's bytes.
fn hang_up(net: &mut Net, dialog: &Dialog) -> Vec<u8> {
    let bytes = net.within(dialog, Method::Bye, b"");
    let bye = net.expect_request(phone(), "BYE");
    net.respond(phone(), &bye, 200, b"");
    bytes
}

#[test]
fn the_answer_to_a_bye_waits_for_the_disk_and_a_call_does_not() {
    let mut net = net();
    let dialog = talking(&mut net, "call-1");
    let bye = hang_up(&mut net, &dialog);
    net.silent(caller());
    net.send(caller(), &bye);
    net.silent(caller());
    net.silent(phone());
    assert_eq!(net.cdrs.iter().filter(|r| r.event.kind() == "end").count(), 1);

    talking(&mut net, "call-2");

    net.journalled();
    net.expect(caller(), 200);
    net.silent(caller());
    net.send(caller(), &bye);
    net.expect(caller(), 200);
    assert_eq!(net.cdrs.iter().filter(|r| r.event.kind() == "end").count(), 1);
}

#[test]
fn answers_leave_in_the_order_of_their_records() {
    let mut net = net();
    let first = talking(&mut net, "call-1");
    let second = talking(&mut net, "call-2");
    hang_up(&mut net, &second);
    let records = net.out.recorded();
    hang_up(&mut net, &first);
    net.core.journalled(net.at, records, &mut net.out);
    net.pass(Duration::ZERO);
    let answer = net.expect(caller(), 200);
    assert_eq!(answer.header("Call-ID").as_deref(), Some("call-2"));
    net.silent(caller());
    net.journalled();
    net.expect(caller(), 200);
}

#[test]
fn a_disk_that_stays_away_keeps_no_transaction_for_ever() {
    let mut net = net();
    let dialog = talking(&mut net, "call-1");
    hang_up(&mut net, &dialog);
    net.pass(Duration::from_secs(40));
    net.silent(caller());
    assert!(net.core.is_idle(), "the caller has given up by then");
    net.journalled();
    net.silent(caller());
}

#[test]
fn a_record_that_is_lost_is_never_answered_for() {
    let mut net = net();
    let dialog = talking(&mut net, "call-1");
    hang_up(&mut net, &dialog);
    net.core.record_lost(net.out.recorded());
    net.journalled();
    net.silent(caller());
}
