//! What a reader of the code found, told as calls.

use crate::net::{Dialog, Net, addr, callee_dialog, caller_dialog, config};
use crate::world::*;
use edge::core::{Core, CoreConfig};
use feed::cdr::CdrEvent;
use feed::record::Transport;
use sip::{HeaderName, Method};
use std::net::SocketAddr;

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn net() -> Net {
    let mut net = Net::new(world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]));
    net.register(alice(), "alice");
    net
}

fn dial(net: &mut Net, called: &str, call_id: &str) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(alice(), who, (Method::Invite, &uri), &uri, call_id, &[]);
}

/// The operator calls alice and talks.
fn talking(net: &mut Net) -> (Dialog, Dialog) {
    net.invite(operator(), ALICE_NUMBER, "talk@trunk");
    net.expect(operator(), 100);
    let ring = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &ring, 200, b"v=0 answer");
    let caller = caller_dialog(operator(), &net.expect(operator(), 200));
    net.within(&caller, Method::Ack, b"");
    net.expect_request(alice(), "ACK");
    (Dialog { cseq: caller.cseq + 100, ..caller }, callee_dialog(alice(), &ring))
}

#[test]
fn a_crowded_edge_keeps_room_for_help_and_for_the_calls_it_carries() {
    let mut net = net();
    let crowded = CoreConfig { max_transactions: 50, ..config() };
    net.core = Core::new(crowded, net.shared.clone(), [9; 32]);
    let (caller, _) = talking(&mut net);
    let mut carried = 0;
    let refused = (0..40).any(|n| {
        net.invite(operator(), ALICE_NUMBER, &format!("many{n}@trunk"));
        carried += 1;
        let refused = net.take(operator()).status() == Some(503);
        if !refused {
            net.expect_request(alice(), "INVITE");
        }
        refused
    });
    assert!(refused && carried > 10, "{carried} were carried before one was refused: {refused}");
    let uri = format!("sip:{DOMAIN}");
    let register = (Method::Register, uri.as_str());
    let aor = format!("sip:alice@{DOMAIN}");
    let again = net.request(alice(), register, (&aor, &aor), "again", &[], b"");
    net.send(alice(), &again);
    net.expect(alice(), 503);

    dial(&mut net, "999", "help@phone");
    net.expect(alice(), 100);
    let help = net.expect_request(operator(), "INVITE");
    assert!(help.uri().starts_with("sip:999@"), "{}", help.uri());
    net.within(&caller, Method::Bye, b"");
    net.expect_request(alice(), "BYE");
}

#[test]
fn each_fork_that_answers_after_the_first_is_acknowledged_and_hung_up_once() {
    let mut net = net();
    dial(&mut net, "+493012345678", "forks@phone");
    net.expect(alice(), 100);
    let invite = net.expect_request(operator(), "INVITE");
    let answer = |net: &mut Net, tag: &str| {
        let mut out = Vec::new();
        invite.with(|m| {
            sip::MessageBuilder::response_to(&mut out, m, 200, "OK", Some(tag.as_bytes()), None)
                .header_fmt(HeaderName::Contact, format_args!("<sip:{tag}@{}>", operator()))
                .body("application/sdp", b"v=0")
        });
        net.send(operator(), &out);
    };
    answer(&mut net, "first");
    let ok = net.expect(alice(), 200);
    let caller = caller_dialog(alice(), &ok);
    for fork in ["second", "third"] {
        answer(&mut net, fork);
        for method in ["ACK", "BYE"] {
            let request = net.expect_request(operator(), method);
            assert!(request.uri().starts_with(&format!("sip:{fork}@")), "{}", request.text());
            assert!(request.header("To").is_some_and(|to| to.ends_with(fork)));
        }
        answer(&mut net, fork);
        net.expect_request(operator(), "ACK");
        net.silent(operator());
        net.silent(alice());
    }
    answer(&mut net, "first");
    net.expect(alice(), 200);
    net.silent(operator());
    net.within(&caller, Method::Ack, b"");
    assert!(net.expect_request(operator(), "ACK").uri().starts_with("sip:first@"));
}

#[test]
fn who_hangs_up_has_left_even_if_the_far_side_refuses_to_hear_it() {
    for status in [403, 420, 500, 503, 600] {
        let mut net = net();
        let (caller, _) = talking(&mut net);
        net.within(&caller, Method::Bye, b"");
        let bye = net.expect_request(alice(), "BYE");
        net.respond(alice(), &bye, status, b"");
        net.expect(operator(), status);
        let end = net.cdrs.last().map(|r| &r.event);
        assert!(matches!(end, Some(CdrEvent::End { reason, .. }) if reason == "normal"), "{end:?}");
        assert_eq!(net.shared.stats.live.load(std::sync::atomic::Ordering::Relaxed), 0);
    }
}

#[test]
fn a_core_that_goes_on_for_a_faulty_one_keeps_its_counts_and_ends_what_rang() {
    use std::sync::atomic::Ordering::Relaxed;
    let mut net = net();
    let (caller, _) = talking(&mut net);
    net.invite(operator(), ALICE_NUMBER, "rings@trunk");
    net.expect(operator(), 100);
    net.expect_request(alice(), "INVITE");
    let stats =
        |net: &Net| (net.shared.stats.live.load(Relaxed), net.shared.stats.under_way.load(Relaxed));
    assert_eq!(stats(&net), (1, 1));
    let trunk = domain::TrunkId(id(TRUNK_A1));
    assert_eq!(net.shared.limits.calls(trunk), 2);
    let fresh = Core::new(config(), net.shared.clone(), [9; 32]);
    let faulty = std::mem::replace(&mut net.core, fresh);
    net.core.take_over(faulty, net.at, &mut net.out);
    net.flush();
    net.expect(operator(), 503);
    let end = net.cdrs.last().map(|r| &r.event);
    assert!(
        matches!(end, Some(CdrEvent::End { reason, .. }) if reason == "interrupted"),
        "{end:?}"
    );
    assert_eq!(stats(&net), (1, 0));
    assert_eq!(net.shared.limits.calls(trunk), 1);
    net.within(&caller, Method::Bye, b"");
    let bye = net.expect_request(alice(), "BYE");
    net.respond(alice(), &bye, 200, b"");
    assert_eq!(stats(&net), (0, 0));
    assert_eq!(net.shared.limits.calls(trunk), 0);
}

#[test]
fn a_registered_phone_that_cannot_prove_itself_is_helped_and_nothing_else() {
    let mut net = net();
    let wrong = ("alice", "wrong");
    let ask = |net: &mut Net, called: &str, call_id: &str| {
        let uri = format!("sip:{called}@{DOMAIN}");
        net.authenticated(alice(), wrong, (Method::Invite, &uri), &uri, call_id, &[]);
    };
    ask(&mut net, "999", "help@phone");
    net.expect(alice(), 100);
    let help = net.expect_request(operator(), "INVITE");
    assert!(help.uri().starts_with("sip:999@"), "{}", help.uri());
    ask(&mut net, "+493012345678", "other@phone");
    net.expect(alice(), 407);
    // Help in another country, and no number here.
    ask(&mut net, "190", "abroad@phone");
    net.expect(alice(), 100);
    let refused = net.take(alice());
    assert!(refused.status().is_some_and(|status| status >= 400), "{}", refused.text());
    net.silent(operator());
}

#[test]
fn who_asks_for_help_has_challenges_of_their_own() {
    let mut net = net();
    let stranger = addr("203.0.113.77:5070");
    let aor = format!("sip:alice@{DOMAIN}");
    for (user, most) in [("+493012345678", 200), ("999", 50)] {
        let uri = format!("sip:{user}@{DOMAIN}");
        for n in 0..300 {
            let ask = (Method::Invite, uri.as_str());
            let bytes = net.request(stranger, ask, (&aor, &uri), &format!("{user}{n}"), &[], b"");
            net.send(stranger, &bytes);
        }
        assert_eq!(net.inbox.remove(&stranger).map_or(0, |heard| heard.len()), most, "{user}");
    }
}
