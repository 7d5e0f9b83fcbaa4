//! What the simulator found, told as calls.

use crate::net::{Dialog, Net, addr, callee_dialog, caller_dialog};
use crate::world::*;
use feed::cdr::CdrEvent;
use feed::record::Transport;
use sip::Method;
use std::net::SocketAddr;
use std::time::Duration;

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn other_phone() -> SocketAddr {
    addr("203.0.113.12:5064")
}

fn net() -> Net {
    let mut net = Net::new(world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]));
    net.register(alice(), "alice");
    net
}

#[test]
fn a_late_answer_is_hung_up_with_a_number_no_request_of_its_dialog_had() {
    let mut net = net();
    net.register(other_phone(), "alice");
    net.invite(operator(), ALICE_NUMBER, "call-1");
    net.expect(operator(), 100);
    let first = net.expect_request(alice(), "INVITE");
    let second = net.expect_request(other_phone(), "INVITE");
    net.respond(other_phone(), &second, 183, b"");
    let early = caller_dialog(operator(), &net.expect(operator(), 183));
    net.within(&Dialog { cseq: early.cseq + 1, ..early.clone() }, Method::Prack, b"");
    let prack = net.expect_request(other_phone(), "PRACK").with(|m| m.cseq().number);
    net.respond(alice(), &first, 200, b"v=0");
    net.respond(other_phone(), &second, 200, b"v=0");
    net.expect_request(other_phone(), "CANCEL");
    net.expect_request(other_phone(), "ACK");
    let bye = net.expect_request(other_phone(), "BYE").with(|m| m.cseq().number);
    assert!(bye > prack, "the phone takes it for an old request: {bye} after {prack}");
    // The answer comes again: acknowledged, not hung up twice.
    net.respond(other_phone(), &second, 200, b"v=0");
    net.expect_request(other_phone(), "ACK");
    net.silent(other_phone());
}

/// A call of alice's that the operator answers, behind two proxies of its own.
fn dialled(net: &mut Net) -> (Dialog, Dialog) {
    let uri = format!("sip:+493012345678@{DOMAIN}");
    let ask = (Method::Invite, uri.as_str());
    net.authenticated(alice(), ("alice", "alice-secret"), ask, &uri, "call-1", &[]);
    net.expect(alice(), 100);
    let invite = net.expect_request(operator(), "INVITE");
    let mut out = Vec::new();
    invite.with(|m| {
        let tag = format!("t-{}", operator().port());
        sip::MessageBuilder::response_to(&mut out, m, 200, "OK", Some(tag.as_bytes()), None)
            .header_named("Record-Route", "<sip:198.51.100.1:5060;lr;hop=2>")
            .header_named("Record-Route", "<sip:198.51.100.1:5060;lr;hop=1>")
            .header_fmt(sip::HeaderName::Contact, format_args!("<sip:callee@{}>", operator()))
            .body("application/sdp", b"v=0")
    });
    net.send(operator(), &out);
    let caller = caller_dialog(alice(), &net.expect(alice(), 200));
    net.within(&caller, Method::Ack, b"");
    net.expect_request(operator(), "ACK");
    (Dialog { cseq: 50, ..caller }, callee_dialog(operator(), &invite))
}

#[test]
fn after_a_restart_a_refresh_from_the_called_side_keeps_its_route_and_the_answer() {
    for method in [Method::Update, Method::Invite] {
        let mut net = net();
        let (caller, callee) = dialled(&mut net);
        net.pass(Duration::from_secs(5));
        net.restart();
        net.within(&Dialog { cseq: 60, ..callee }, method, b"v=0 hold");
        if method == Method::Invite {
            net.expect(operator(), 100);
        }
        let refresh =
            net.expect_request(alice(), if method == Method::Invite { "INVITE" } else { "UPDATE" });
        net.respond(alice(), &refresh, 200, b"v=0");
        net.expect(operator(), 200);
        let target = refresh.contact();
        net.within(&Dialog { cseq: 61, target, ..caller }, Method::Bye, b"");
        let bye = net.expect_request(operator(), "BYE");
        assert_eq!(
            bye.with(|m| m
                .header_values(sip::HeaderName::Route)
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()),
            [
                b"<sip:198.51.100.1:5060;lr;hop=1>".to_vec(),
                b"<sip:198.51.100.1:5060;lr;hop=2>".to_vec()
            ],
            "{}",
            bye.text()
        );
        net.respond(operator(), &bye, 200, b"");
        net.expect(alice(), 200);
        let end = net.cdrs.last().map(|r| &r.event);
        assert!(
            matches!(end, Some(CdrEvent::End { sip_code: 200, reason, .. }) if reason == "normal"),
            "{end:?}"
        );
    }
}
