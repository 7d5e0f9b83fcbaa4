//! Calls through one core.

use crate::net::{Dialog, Net, Packet, addr, callee_dialog, caller_dialog};
use crate::world::*;
use domain::routing::CallKind;
use domain::{TrunkId, UserId};
use feed::cdr::{CdrEvent, HungUpBy};
use feed::record::Transport;
use sip::Method;
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

fn bob() -> SocketAddr {
    addr("203.0.113.11:5063")
}

fn net() -> Net {
    Net::new(world(vec![
        trunk(TRUNK_A1, trunk_1(), Transport::Udp),
        trunk(TRUNK_A2, trunk_2(), Transport::Udp),
    ]))
}

/// A call from trunk 1 that alice's phone answered; both sides' dialogs.
fn talking(net: &mut Net) -> (Dialog, Dialog) {
    net.register(alice(), "alice");
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &invite, 180, b"");
    net.expect(trunk_1(), 180);
    net.respond(alice(), &invite, 200, b"v=0 answer");
    let answer = net.expect(trunk_1(), 200);
    let caller = caller_dialog(trunk_1(), &answer);
    net.within(&caller, Method::Ack, b"");
    net.expect_request(alice(), "ACK");
    (caller, callee_dialog(alice(), &invite))
}

fn ends(net: &Net) -> Vec<(u16, String, HungUpBy)> {
    net.cdrs
        .iter()
        .filter_map(|r| match &r.event {
            CdrEvent::End { sip_code, reason, hung_up_by, .. } => {
                Some((*sip_code, reason.clone(), *hung_up_by))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_call_from_a_trunk_rings_the_phone_and_is_hung_up_by_the_caller() {
    let mut net = net();
    net.register(alice(), "alice");
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    let trying = net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    assert_eq!(invite.uri(), format!("sip:peer@{}", alice()), "the registered Contact");
    assert!(invite.header("From").is_some_and(|f| f.contains("+33123456789@contoso.example")));
    assert!(!invite.text().contains("call-1"), "the caller's Call-ID is hidden");
    assert!(!invite.text().contains("198.51.100"), "and so is the operator's address");
    assert_eq!(invite.body(), b"v=0 offer");
    assert_eq!(invite.header("Max-Forwards").as_deref(), Some("69"));
    net.respond(alice(), &invite, 180, b"");
    let ringing = net.expect(trunk_1(), 180);
    assert!(ringing.header("To").is_some_and(|t| t.ends_with("tag=t-5062")), "tags pass through");
    net.respond(alice(), &invite, 200, b"v=0 answer");
    let answer = net.expect(trunk_1(), 200);
    assert_eq!(answer.body(), b"v=0 answer");
    assert!(!answer.text().contains("203.0.113"), "the phone's address is hidden");
    assert!(answer.contact().len() <= 256, "{}", answer.contact());
    let id = trying.header("X-Meetpoint-Call-ID").expect("the call's name");
    assert_eq!(answer.header("X-Meetpoint-Call-ID").as_ref(), Some(&id));
    assert_eq!(
        answer.header("X-MS-TenantID"),
        Some(domain::TenantId(crate::world::id(1)).to_string())
    );

    let caller = caller_dialog(trunk_1(), &answer);
    net.within(&caller, Method::Ack, b"");
    let ack = net.expect_request(alice(), "ACK");
    assert_eq!(ack.uri(), format!("sip:callee@{}", alice()));
    net.pass(Duration::from_secs(61));
    net.within(&Dialog { cseq: caller.cseq + 1, ..caller }, Method::Bye, b"");
    let bye = net.expect_request(alice(), "BYE");
    assert_eq!(bye.header("Call-ID"), invite.header("Call-ID"));
    net.respond(alice(), &bye, 200, b"");
    net.expect(trunk_1(), 200);

    assert_eq!(ends(&net), [(200, "normal".into(), HungUpBy::Caller)]);
    let [begin, answer, end] = &net.cdrs[..] else { panic!("three records: {:?}", net.cdrs) };
    assert!(net.cdrs.iter().all(|r| r.id.to_string() == id));
    let CdrEvent::Begin { kind, caller, callee, callee_user, in_trunk, tenant, .. } = &begin.event
    else {
        panic!("{begin:?}");
    };
    assert_eq!(*kind, Some(CallKind::Inbound));
    assert_eq!((caller.as_str(), callee.as_str()), ("+33123456789", ALICE_NUMBER));
    assert_eq!(*callee_user, Some(UserId(crate::world::id(ALICE))));
    assert_eq!(*in_trunk, Some(TrunkId(crate::world::id(TRUNK_A1))));
    assert!(tenant.is_some());
    let (CdrEvent::Answer { at_us, user, .. }, CdrEvent::End { answered_at_us, at_us: end, .. }) =
        (&answer.event, &end.event)
    else {
        panic!("{answer:?} {end:?}");
    };
    assert_eq!(*user, Some(UserId(crate::world::id(ALICE))));
    assert_eq!(*answered_at_us, Some(*at_us));
    assert_eq!(end - at_us, 61_000_000);
    net.pass(Duration::from_secs(40));
    assert!(net.core.is_idle(), "nothing is kept of a call that is over");
}

#[test]
fn the_called_side_hangs_up() {
    let mut net = net();
    let (_, callee) = talking(&mut net);
    net.within(&callee, Method::Bye, b"");
    let bye = net.expect_request(trunk_1(), "BYE");
    assert_eq!(bye.header("Call-ID").as_deref(), Some("call-1"));
    assert!(bye.header("From").is_some_and(|f| f.contains(ALICE_NUMBER)), "as the caller dialled");
    net.respond(trunk_1(), &bye, 200, b"");
    net.expect(alice(), 200);
    assert_eq!(ends(&net), [(200, "normal".into(), HungUpBy::Callee)]);
}

#[test]
fn a_goodbye_that_the_far_side_refuses_ends_no_record() {
    for restarted in [false, true] {
        let mut net = net();
        let (caller, callee) = talking(&mut net);
        if restarted {
            net.restart();
        }
        let local = format!("{}x", callee.local);
        // Of a wrong tag, to be asked again with credentials, with too low a CSeq.
        let refused = [(70, &local, 481), (71, &callee.local, 401), (60, &callee.local, 500)];
        for (cseq, local, status) in refused {
            net.within(&Dialog { cseq, local: local.clone(), ..callee.clone() }, Method::Bye, b"");
            let bye = net.expect_request(trunk_1(), "BYE");
            assert!(ends(&net).is_empty(), "the operator has not agreed");
            net.respond(trunk_1(), &bye, status, b"");
            // An edge that knows nothing of the call, like the operator, calls it
            // interrupted: an end that any other one outdoes.
            let unknown = restarted && status == 481;
            net.expect(alice(), if unknown { 200 } else { status });
            let interrupted = (487, "interrupted".into(), HungUpBy::Callee);
            assert_eq!(ends(&net), vec![interrupted; usize::from(unknown)], "they still talk");
            net.cdrs.clear();
        }
        net.pass(Duration::from_secs(600));
        net.within(&Dialog { cseq: caller.cseq + 1, ..caller }, Method::Bye, b"");
        let bye = net.expect_request(alice(), "BYE");
        net.respond(alice(), &bye, 200, b"");
        assert_eq!(ends(&net), [(200, "normal".into(), HungUpBy::Caller)]);
    }
}

#[test]
fn a_goodbye_to_a_far_side_that_is_gone_ends_the_record() {
    let mut net = net();
    let (_, callee) = talking(&mut net);
    net.within(&callee, Method::Bye, b"");
    net.pass(Duration::from_secs(40));
    assert_eq!(ends(&net), [(200, "normal".into(), HungUpBy::Callee)]);
    let mut net = self::net();
    let (_, callee) = talking(&mut net);
    net.within(&callee, Method::Bye, b"");
    let bye = net.expect_request(trunk_1(), "BYE");
    net.respond(trunk_1(), &bye, 481, b"");
    assert_eq!(ends(&net), [(200, "normal".into(), HungUpBy::Callee)]);
    net.pass(Duration::from_secs(40));
    assert!(net.core.is_idle());
}

#[test]
fn a_restarted_edge_ends_the_call_at_the_other_side() {
    for caller_hangs_up in [true, false] {
        let mut net = net();
        let (caller, callee) = talking(&mut net);
        net.restart();
        // A re-INVITE passes too, with new Contacts on both sides.
        net.within(&Dialog { cseq: 900, ..callee.clone() }, Method::Invite, b"v=0 hold");
        net.expect(alice(), 100);
        let again = net.expect_request(trunk_1(), "INVITE");
        assert_eq!(again.body(), b"v=0 hold");
        net.respond(trunk_1(), &again, 200, b"v=0 held");
        let held = net.expect(alice(), 200);
        assert_eq!(held.body(), b"v=0 held");
        net.within(
            &Dialog { cseq: 900, target: held.contact(), ..callee.clone() },
            Method::Ack,
            b"",
        );
        net.expect_request(trunk_1(), "ACK");
        net.restart();
        let (dialog, other, by) = if caller_hangs_up {
            let target = again.contact();
            (Dialog { cseq: 901, target, ..caller }, alice(), HungUpBy::Caller)
        } else {
            (Dialog { cseq: 901, target: held.contact(), ..callee }, trunk_1(), HungUpBy::Callee)
        };
        net.within(&dialog, Method::Bye, b"");
        let bye = net.expect_request(other, "BYE");
        net.respond(other, &bye, 200, b"");
        net.expect(dialog.peer, 200);
        assert_eq!(ends(&net), [(200, "normal".into(), by)]);
        let kinds: Vec<_> = net.cdrs.iter().map(|r| (r.id, r.event.kind())).collect();
        let id = kinds[0].0;
        assert_eq!(kinds, [(id, "begin"), (id, "answer"), (id, "end")], "one complete record");
    }
}

fn forged(packet: &Packet) -> u16 {
    packet.status().expect("a response")
}

#[test]
fn a_forged_or_stolen_seal_opens_nothing() {
    let mut net = net();
    let (caller, callee) = talking(&mut net);
    let mut target = caller.target.clone().into_bytes();
    target[20] = if target[20] == b'A' { b'B' } else { b'A' };
    let target = String::from_utf8(target).expect("ASCII");
    for (what, dialog) in [
        ("altered", Dialog { target, cseq: 50, ..caller.clone() }),
        ("another call's", Dialog { call_id: "other".into(), cseq: 51, ..caller.clone() }),
        ("the other leg's", Dialog { target: callee.target.clone(), cseq: 52, ..caller.clone() }),
        ("another trunk's", Dialog { peer: trunk_2(), cseq: 53, ..caller.clone() }),
    ] {
        net.within(&dialog, Method::Bye, b"");
        assert_eq!(forged(&net.take(dialog.peer)), 481, "{what}");
        net.silent(alice());
    }
    let stranger = Dialog { peer: addr("192.0.2.66:5060"), cseq: 54, ..caller.clone() };
    net.within(&stranger, Method::Bye, b"");
    net.silent(stranger.peer);
    net.silent(alice());
    assert!(ends(&net).is_empty());
    net.within(&Dialog { cseq: 55, ..caller }, Method::Bye, b"");
    net.expect_request(alice(), "BYE");
}

#[test]
fn trunks_behind_one_address_hang_up_their_own_calls() {
    let second = SocketAddr::new(trunk_1().ip(), 5080);
    for match_port in [true, false] {
        let mut records = world(vec![
            trunk(TRUNK_A1, trunk_1(), Transport::Udp),
            trunk(TRUNK_A2, second, Transport::Udp),
        ]);
        for t in &mut records.trunks {
            t.match_port = match_port;
        }
        let mut net = Net::new(records);
        net.register(alice(), "alice");
        net.invite(second, ALICE_NUMBER, "call-1");
        net.expect(second, 100);
        let invite = net.expect_request(alice(), "INVITE");
        net.respond(alice(), &invite, 200, b"v=0 answer");
        let caller = caller_dialog(second, &net.expect(second, 200));
        // The pair sends it from where it likes: a port of the other, or any.
        let peer = if match_port { trunk_1() } else { SocketAddr::new(trunk_1().ip(), 40_000) };
        net.within(&Dialog { peer, ..caller }, Method::Bye, b"");
        let bye = net.expect_request(alice(), "BYE");
        net.respond(alice(), &bye, 200, b"");
        assert_eq!(ends(&net).len(), 1);
    }
}

#[test]
fn both_agents_ring_and_the_first_answer_wins() {
    let mut net = net();
    net.register(alice(), "alice");
    net.register(bob(), "bob");
    net.invite(trunk_1(), QUEUE_NUMBER, "queue-1");
    net.expect(trunk_1(), 100);
    let at_alice = net.expect_request(alice(), "INVITE");
    let at_bob = net.expect_request(bob(), "INVITE");
    net.respond(alice(), &at_alice, 180, b"");
    net.respond(bob(), &at_bob, 180, b"");
    let tags: Vec<_> =
        (0..2).map(|_| net.expect(trunk_1(), 180).header("To").expect("To")).collect();
    assert_ne!(tags[0], tags[1], "each branch has its own tag");
    net.respond(bob(), &at_bob, 200, b"v=0 bob");
    let cancel = net.expect_request(alice(), "CANCEL");
    assert!(cancel.header("Reason").is_some_and(|r| r.contains("elsewhere")));
    // Alice picks up in the same moment: her 200 crosses the CANCEL.
    net.respond(alice(), &at_alice, 200, b"v=0 alice");
    let ack = net.expect_request(alice(), "ACK");
    let bye = net.expect_request(alice(), "BYE");
    assert_eq!(ack.uri(), format!("sip:callee@{}", alice()));
    net.respond(alice(), &bye, 200, b"");
    let answer = net.expect(trunk_1(), 200);
    assert_eq!(answer.body(), b"v=0 bob");
    net.silent(trunk_1());
    let answers: Vec<_> = net
        .cdrs
        .iter()
        .filter_map(|r| match r.event {
            CdrEvent::Answer { user, .. } => Some(user),
            _ => None,
        })
        .collect();
    assert_eq!(answers, [Some(UserId(crate::world::id(BOB)))]);
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let mut net = net();
    net.register(alice(), "alice");
    let invite = net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let at_alice = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &at_alice, 180, b"");
    net.expect(trunk_1(), 180);
    let cancel = String::from_utf8(invite).expect("text").replace("INVITE", "CANCEL");
    let cancel = cancel.replace("v=0 offer", "").replace("Content-Length: 9", "Content-Length: 0");
    // Nobody else can, even with the very same bytes.
    for other in [trunk_2(), bob()] {
        net.send(other, cancel.as_bytes());
        net.silent(other);
        net.silent(alice());
    }
    net.send(trunk_1(), cancel.as_bytes());
    net.expect(trunk_1(), 200);
    net.expect(trunk_1(), 487);
    let cancel = net.expect_request(alice(), "CANCEL");
    net.respond(alice(), &cancel, 200, b"");
    net.respond(alice(), &at_alice, 487, b"");
    net.expect_request(alice(), "ACK");
    assert_eq!(ends(&net), [(487, "cancelled".into(), HungUpBy::Caller)]);
}

#[test]
fn nobody_there_busy_and_no_answer_are_told_apart() {
    let mut net = net();
    net.invite(trunk_1(), ALICE_NUMBER, "call-0");
    net.expect(trunk_1(), 100);
    net.expect(trunk_1(), 480);
    net.register(alice(), "alice");
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &invite, 486, b"");
    net.expect_request(alice(), "ACK");
    net.expect(trunk_1(), 486);
    net.invite(trunk_1(), ALICE_NUMBER, "call-2");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &invite, 180, b"");
    net.expect(trunk_1(), 180);
    net.pass(Duration::from_secs(59));
    net.inbox.remove(&trunk_1());
    net.pass(Duration::from_secs(2));
    net.expect(trunk_1(), 480);
    assert_eq!(
        ends(&net),
        [
            (480, "not_registered".into(), HungUpBy::Exchange),
            (486, "busy".into(), HungUpBy::Callee),
            (480, "no_answer".into(), HungUpBy::Exchange),
        ]
    );
}

#[test]
fn a_call_that_rang_when_the_edge_died_is_interrupted() {
    let mut net = net();
    net.register(alice(), "alice");
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    net.respond(alice(), &invite, 180, b"");
    let ringing = net.expect(trunk_1(), 180);
    net.restart();
    let early = caller_dialog(trunk_1(), &ringing);
    net.within(&Dialog { cseq: early.cseq + 1, ..early }, Method::Bye, b"");
    let bye = net.expect_request(alice(), "BYE");
    net.respond(alice(), &bye, 200, b"");
    net.expect(trunk_1(), 200);
    assert_eq!(ends(&net), [(487, "interrupted".into(), HungUpBy::Caller)]);
}

#[test]
fn an_answer_that_died_with_the_edge_is_hung_up_as_interrupted() {
    let mut net = net();
    net.register(alice(), "alice");
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    net.restart();
    // Nobody acknowledges it, so the phone hangs up; the caller never heard of it.
    net.respond(alice(), &invite, 200, b"v=0");
    net.silent(trunk_1());
    net.within(&callee_dialog(alice(), &invite), Method::Bye, b"");
    let bye = net.expect_request(trunk_1(), "BYE");
    net.respond(trunk_1(), &bye, 481, b"");
    net.expect(alice(), 200);
    assert_eq!(ends(&net), [(487, "interrupted".into(), HungUpBy::Callee)]);
}

#[test]
fn a_peer_that_bears_one_early_dialog_hears_of_one() {
    for single in [true, false] {
        let mut trunk = trunk(TRUNK_A1, trunk_1(), Transport::Udp);
        trunk.single_early_dialog = single;
        let mut net = Net::new(world(vec![trunk]));
        net.register(alice(), "alice");
        net.register(bob(), "alice");
        net.invite(trunk_1(), ALICE_NUMBER, "call-1");
        net.expect(trunk_1(), 100);
        let invites = [alice(), bob()].map(|phone| net.expect_request(phone, "INVITE"));
        net.respond(alice(), &invites[0], 180, b"");
        net.expect(trunk_1(), 180);
        net.respond(bob(), &invites[1], 180, b"");
        if single {
            net.silent(trunk_1());
        } else {
            net.expect(trunk_1(), 180);
        }
        net.respond(alice(), &invites[0], 183, b"");
        net.expect(trunk_1(), 183);
        // Whoever answers is heard.
        net.respond(bob(), &invites[1], 200, b"v=0");
        let answer = net.expect(trunk_1(), 200);
        net.within(&caller_dialog(trunk_1(), &answer), Method::Ack, b"");
        net.expect_request(bob(), "ACK");
    }
}

#[test]
fn a_call_that_nobody_ends_is_closed_in_the_end() {
    let mut net = net();
    talking(&mut net);
    net.pass(Duration::from_secs(24 * 3600 - 10));
    assert!(ends(&net).is_empty());
    net.pass(Duration::from_secs(20));
    assert_eq!(ends(&net), [(200, "unknown".into(), HungUpBy::Exchange)]);
}
