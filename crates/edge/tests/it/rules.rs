//! Who is let in, which trunk is tried, and what passes.

use crate::net::{Dialog, Net, Packet, addr, callee_dialog, caller_dialog};
use crate::world::*;
use domain::routing::CallKind;
use feed::cdr::{CdrEvent, HungUpBy};
use feed::record::Transport;
use sip::{HeaderName, Method};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
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

fn stranger() -> SocketAddr {
    addr("192.0.2.66:5060")
}

fn net() -> Net {
    Net::new(world(vec![
        trunk(TRUNK_A1, trunk_1(), Transport::Udp),
        trunk(TRUNK_A2, trunk_2(), Transport::Udp),
    ]))
}

/// Alice, registered, dials; returns the INVITE as it went out with credentials.
fn dial(net: &mut Net, called: &str, call_id: &str) -> Vec<u8> {
    let uri = if called.starts_with("urn:") {
        called.to_owned()
    } else {
        format!("sip:{called}@{DOMAIN}")
    };
    let who = ("alice", "alice-secret");
    let bytes = net.authenticated(alice(), who, (Method::Invite, &uri), &uri, call_id, &[]);
    net.expect(alice(), 100);
    bytes
}

/// Which trunk the call went to first, and the other one.
fn first_trunk(net: &Net) -> (SocketAddr, SocketAddr) {
    let waits = |at: SocketAddr| net.inbox.get(&at).is_some_and(|q| !q.is_empty());
    match (waits(trunk_1()), waits(trunk_2())) {
        (true, false) => (trunk_1(), trunk_2()),
        (false, true) => (trunk_2(), trunk_1()),
        other => panic!("one trunk should have got the call: {other:?}"),
    }
}

fn last_end(net: &Net) -> (u16, String, HungUpBy, Vec<u16>) {
    net.cdrs
        .iter()
        .rev()
        .find_map(|r| match &r.event {
            CdrEvent::End { sip_code, reason, hung_up_by, attempts, .. } => Some((
                *sip_code,
                reason.clone(),
                *hung_up_by,
                attempts.iter().map(|a| a.sip_code).collect(),
            )),
            _ => None,
        })
        .expect("a call has ended")
}

#[test]
fn a_phone_calls_out_by_its_operator_with_its_number() {
    let mut net = net();
    net.register(alice(), "alice");
    dial(&mut net, "+493012345678", "out-1");
    let (at, _) = first_trunk(&net);
    let invite = net.expect_request(at, "INVITE");
    assert!(invite.uri().starts_with("sip:+493012345678@trunk1"), "{}", invite.uri());
    assert!(invite.uri().ends_with(";user=phone"));
    let from = invite.header("From").expect("From");
    assert!(from.contains(&format!("sip:{ALICE_NUMBER}@192.0.2.5;user=phone")), "{from}");
    assert!(invite.header("P-Asserted-Identity").is_some_and(|p| p.contains(ALICE_NUMBER)));
    let tenant = domain::TenantId(id(1)).to_string();
    assert_eq!(invite.header("X-MS-TenantID").as_deref(), Some(tenant.as_str()));
    assert_eq!(invite.header("X-Meetpoint-Tenant").as_deref(), Some(tenant.as_str()));
    assert!(invite.header("X-Meetpoint-Call-ID").is_some());
    assert_eq!(invite.header("Proxy-Authorization"), None, "credentials stay here");
    assert!(!invite.text().contains("203.0.113"), "the phone's address is hidden");
    assert!(invite.contact().len() <= 256, "{} bytes", invite.contact().len());
    net.respond(at, &invite, 183, b"v=0 early");
    assert_eq!(net.expect(alice(), 183).body(), b"v=0 early");
    net.respond(at, &invite, 200, b"v=0 answer");
    let answer = net.expect(alice(), 200);
    let dialog = caller_dialog(alice(), &answer);
    net.within(&dialog, Method::Ack, b"");
    net.expect_request(at, "ACK");
    let begin = net.cdrs.iter().find_map(|r| match &r.event {
        CdrEvent::Begin { kind, caller, callee, caller_user, .. } => {
            Some((*kind, caller.clone(), callee.clone(), *caller_user))
        }
        _ => None,
    });
    let expected = (
        Some(CallKind::Outbound),
        ALICE_NUMBER.to_owned(),
        "+493012345678".to_owned(),
        Some(domain::UserId(id(ALICE))),
    );
    assert_eq!(begin, Some(expected));
}

#[test]
fn emergency_calls_leave_whatever_else_would_refuse() {
    let mut world = world(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]);
    world.users[0].licensed = false;
    let mut net = Net::new(world);
    net.register(alice(), "alice");
    for (n, (called, digits)) in
        [("999", "999"), ("112", "112"), ("urn:service:sos", "999")].into_iter().enumerate()
    {
        dial(&mut net, called, &format!("sos-{n}"));
        let invite = net.expect_request(trunk_1(), "INVITE");
        assert!(invite.uri().starts_with(&format!("sip:{digits}@")), "{}", invite.uri());
        assert_eq!(invite.header("Priority").as_deref(), Some("emergency"));
    }
    dial(&mut net, "+493012345678", "not-licensed");
    net.expect(alice(), 403);
    assert_eq!(last_end(&net).1, "user_unlicensed");
}

#[test]
fn nobody_answers_for_a_trunk_but_the_trunk() {
    let mut records = world(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]);
    records.trunks[0].sources = vec![trunk_2().ip()];
    let mut net = Net::new(records);
    net.register(alice(), "alice");
    dial(&mut net, "999", "forged");
    let invite = net.expect_request(trunk_1(), "INVITE");
    net.respond(stranger(), &invite, 603, b"");
    net.silent(alice());
    net.silent(trunk_1());
    // Another of the trunk's own addresses may.
    net.respond(trunk_2(), &invite, 180, b"");
    net.expect(alice(), 180);
    net.respond(trunk_1(), &invite, 200, b"v=0");
    net.expect(alice(), 200);
}

/// A call of alice's phone that hides who calls, with credentials; `None` if it
/// was not challenged.
fn dial_hidden(net: &mut Net, uri: &str, call_id: &str) -> Option<()> {
    let from = "sip:anonymous@anonymous.invalid";
    let first = net.request(alice(), (Method::Invite, uri), (from, uri), call_id, &[], b"");
    net.send(alice(), &first);
    let challenge = net.take(alice());
    if challenge.status() != Some(407) {
        return None;
    }
    let value = challenge.with(|m| {
        sip::digest::Challenge::first_of(m.header_all(HeaderName::ProxyAuthenticate))
            .expect("a challenge")
            .answer("alice", "alice-secret", b"INVITE", uri.as_bytes(), "c", 1)
    });
    let value = String::from_utf8(value).expect("ASCII");
    let extra = [(HeaderName::ProxyAuthorization, value.as_str())];
    let bytes = net.request(alice(), (Method::Invite, uri), (from, uri), call_id, &extra, b"");
    net.send(alice(), &bytes);
    net.expect(alice(), 100);
    Some(())
}

#[test]
fn who_hides_their_number_is_helped_too_and_stays_hidden_from_others() {
    let mut net = Net::new(world(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]));
    net.register(bob(), "bob");
    // Before registering, by the domain alone; after it, by the flow.
    for (call_id, uri) in
        [("sos-1", format!("sip:999@{DOMAIN}")), ("sos-2", "sip:999@192.0.2.5".to_owned())]
    {
        dial_hidden(&mut net, &uri, call_id).expect("challenged");
        let invite = net.expect_request(trunk_1(), "INVITE");
        let from = invite.header("From").expect("From");
        assert!(from.contains(ALICE_NUMBER), "those who help call back: {from}");
        net.register(alice(), "alice");
    }
    dial_hidden(&mut net, &format!("sip:+493012345678@{DOMAIN}"), "out").expect("challenged");
    let invite = net.expect_request(trunk_1(), "INVITE");
    assert!(!invite.header("From").expect("From").contains(ALICE_NUMBER));
    assert!(invite.header("P-Asserted-Identity").is_some_and(|p| p.contains(ALICE_NUMBER)));
    assert_eq!(invite.header("Privacy").as_deref(), Some("id"));
    dial_hidden(&mut net, &format!("sip:{BOB_NUMBER}@{DOMAIN}"), "in").expect("challenged");
    let invite = net.expect_request(bob(), "INVITE");
    assert!(!invite.text().contains(ALICE_NUMBER), "{}", invite.text());
    let callers: Vec<_> = net
        .cdrs
        .iter()
        .filter_map(|r| match &r.event {
            CdrEvent::Begin { caller_user, .. } => Some(*caller_user),
            _ => None,
        })
        .collect();
    assert_eq!(callers, [Some(domain::UserId(id(ALICE))); 4]);
}

#[test]
fn a_withheld_number_stays_with_operators() {
    for (privacy, shown) in
        [("id", false), ("critical; User", false), ("header", false), ("none", true)]
    {
        let mut net = net();
        net.register(alice(), "alice");
        let to = format!("sip:{ALICE_NUMBER}@edge.example;user=phone");
        let extra = [
            (HeaderName::Privacy, privacy),
            (HeaderName::PAssertedIdentity, "<sip:+33123456789@op.example>"),
        ];
        let from = "sip:anonymous@anonymous.invalid";
        let bytes = net.request(trunk_1(), (Method::Invite, &to), (from, &to), "w", &extra, b"");
        net.send(trunk_1(), &bytes);
        let invite = net.expect_request(alice(), "INVITE");
        assert_eq!(invite.text().contains("+33123456789"), shown, "{privacy}: {}", invite.text());
    }
}

#[test]
fn a_phone_says_nothing_in_an_operators_place() {
    let mut net = net();
    net.register(alice(), "alice");
    let (uri, from) = (format!("sip:+493012345678@{DOMAIN}"), format!("sip:alice@{DOMAIN}"));
    let ask = (Method::Invite, uri.as_str());
    let first = net.request(alice(), ask, (&from, &uri), "lies", &[], b"");
    net.send(alice(), &first);
    let value = net.expect(alice(), 407).with(|m| {
        sip::digest::Challenge::first_of(m.header_all(HeaderName::ProxyAuthenticate))
            .expect("a challenge")
            .answer("alice", "alice-secret", b"INVITE", uri.as_bytes(), "c", 1)
    });
    let value = String::from_utf8(value).expect("ASCII");
    let extra = [(HeaderName::ProxyAuthorization, value.as_str())];
    let bytes = net.request(alice(), ask, (&from, &uri), "lies", &extra, b"");
    let lies = "Diversion: <sip:+4930999@x>\r\nHistory-Info: <sip:+4930999@x>;index=1\r\n\
        P-Charge-Info: <sip:+4930999@x>\r\np-served-user: <sip:+4930999@x>\r\n\
        Identity: +4930999\r\nResource-Priority: wps.0\r\nSubject: kept\r\nMax-Forwards";
    let text = String::from_utf8(bytes).expect("text");
    let text = text.replace("From: <", "From: \"The Bank +4930999\" <");
    net.send(alice(), text.replacen("Max-Forwards", lies, 1).as_bytes());
    let (at, _) = first_trunk(&net);
    let invite = net.expect_request(at, "INVITE");
    assert!(!invite.text().contains("4930999"), "{}", invite.text());
    assert_eq!(invite.header("Resource-Priority"), None);
    assert_eq!(invite.header("Subject").as_deref(), Some("kept"));
    assert!(invite.header("From").is_some_and(|f| f.starts_with("\"alice\" <sip:+44")));
}

#[test]
fn colleagues_reach_each_other_inside() {
    let mut net = net();
    net.register(alice(), "alice");
    net.register(bob(), "bob");
    dial(&mut net, "02079460002", "inside");
    let invite = net.expect_request(bob(), "INVITE");
    assert!(invite.header("From").is_some_and(|f| f.contains(ALICE_NUMBER)));
    net.respond(bob(), &invite, 200, b"v=0");
    let answer = net.expect(alice(), 200);
    net.within(&caller_dialog(alice(), &answer), Method::Ack, b"");
    net.expect_request(bob(), "ACK");
    let callee = callee_dialog(bob(), &invite);
    net.within(&callee, Method::Bye, b"");
    let bye = net.expect_request(alice(), "BYE");
    net.respond(alice(), &bye, 200, b"");
    net.expect(bob(), 200);
    assert_eq!(last_end(&net).2, HungUpBy::Callee);
}

#[test]
fn the_next_trunk_is_tried_by_the_rules_and_only_by_them() {
    // What the first trunk says, and whether the second gets the call.
    for (said, retried) in [
        (&[503][..], true),
        (&[504], true),
        (&[408], true),
        (&[100, 503], true),
        (&[500], false),
        (&[486], false),
        (&[603], false),
        (&[180, 503], false),
    ] {
        let mut net = net();
        net.register(alice(), "alice");
        dial(&mut net, "+493012345678", "retry");
        let (first, second) = first_trunk(&net);
        let invite = net.expect_request(first, "INVITE");
        for status in said {
            net.respond(first, &invite, *status, b"");
        }
        net.expect_request(first, "ACK");
        let got = net.inbox.get(&second).is_some_and(|q| !q.is_empty());
        assert_eq!(got, retried, "after {said:?}");
        if retried {
            let again = net.expect_request(second, "INVITE");
            assert_ne!(again.header("Via"), invite.header("Via"), "a branch of its own");
            net.respond(second, &again, 200, b"v=0");
            net.expect(alice(), 200);
        } else {
            let last = *said.last().expect("one at least");
            while let Some(status) = net.inbox.get_mut(&alice()).and_then(|q| q.pop_front()) {
                let status = Packet(status).status();
                assert!(status == Some(180) || status == Some(last), "{status:?} {said:?}");
            }
            assert_eq!(last_end(&net).0, last);
        }
    }
}

#[test]
fn a_silent_trunk_is_left_after_its_time_and_demoted() {
    let mut net = net();
    net.register(alice(), "alice");
    dial(&mut net, "+493012345678", "silent");
    let (first, second) = first_trunk(&net);
    net.pass(Duration::from_millis(1990));
    net.silent(second);
    net.pass(Duration::from_millis(20));
    let late = net.expect_request(first, "INVITE");
    let invite = net.expect_request(second, "INVITE");
    net.respond(second, &invite, 200, b"v=0");
    net.expect(alice(), 200);
    // The silent one wakes up after all: its answer is acknowledged and hung up.
    net.inbox.remove(&first);
    net.respond(first, &late, 200, b"v=0 late");
    net.expect_request(first, "ACK");
    net.expect_request(first, "BYE");
    net.silent(alice());
    // Demoted: the next calls try the other first, all of them.
    let silent = |at| if at == trunk_1() { TRUNK_A1 } else { TRUNK_A2 };
    let silent = domain::TrunkId(id(silent(first)));
    net.shared.health.set(silent, false, net.at.wall_us);
    for n in 0..8 {
        net.inbox.clear();
        dial(&mut net, "+493012345678", &format!("next-{n}"));
        assert_eq!(first_trunk(&net).0, second);
    }
    // No OPTIONS go to it that it could answer: after a minute it is tried again.
    net.pass(Duration::from_secs(70));
    net.inbox.clear();
    net.register(alice(), "alice");
    let tried = (0..40).any(|n| {
        net.inbox.clear();
        dial(&mut net, "+493012345678", &format!("later-{n}"));
        first_trunk(&net).0 == first
    });
    assert!(tried, "a demotion without OPTIONS wears off");
}

#[test]
fn all_trunks_silent_is_an_answer_too() {
    let mut net = net();
    net.register(alice(), "alice");
    dial(&mut net, "+493012345678", "silent");
    net.pass(Duration::from_millis(4100));
    net.expect(alice(), 503);
    let (_, reason, by, attempts) = last_end(&net);
    assert_eq!(
        (reason.as_str(), by, attempts),
        ("all_trunks_failed", HungUpBy::Exchange, vec![0, 0])
    );
    net.pass(Duration::from_secs(60));
    assert!(net.core.is_idle());
}

#[test]
fn strangers_hear_nothing_and_phones_prove_themselves() {
    let mut net = net();
    let to = format!("sip:{ALICE_NUMBER}@192.0.2.5");
    let foreign = "sip:x@elsewhere.example";
    for (method, local, remote) in [
        (Method::Invite, foreign, to.as_str()),
        (Method::Options, foreign, &to),
        (Method::Register, "sip:a@elsewhere.example", "sip:a@elsewhere.example"),
        (Method::Message, foreign, &to),
        (Method::Bye, foreign, &to),
        (Method::Cancel, foreign, &to),
    ] {
        let bytes = net.request(stranger(), (method, &to), (local, remote), "nobody", &[], b"");
        net.send(stranger(), &bytes);
        net.silent(stranger());
    }
    net.send(stranger(), b"INVITE garbage");
    net.silent(stranger());
    assert!(net.shared.stats.silenced.load(Ordering::Relaxed) >= 7);
    assert!(net.cdrs.is_empty(), "no call began");

    // A claim to one of our domains is challenged, the same for all names.
    let mut answers = Vec::new();
    for (name, port) in [("alice", 5071), ("nobody", 5072)] {
        let aor = format!("sip:{name}@{DOMAIN}");
        let from = SocketAddr::new(stranger().ip(), port);
        let bytes = net.request(from, (Method::Invite, &to), (&aor, &to), "claim", &[], b"");
        net.send(from, &bytes);
        let challenge = net.expect(from, 407);
        let shape = |p: &Packet| {
            p.text().lines().filter(|l| l.starts_with("Proxy-")).map(str::len).collect::<Vec<_>>()
        };
        answers.push(shape(&challenge));
        let first = challenge.header("Proxy-Authenticate").expect("a challenge");
        assert!(first.contains("algorithm=SHA-256"), "the strongest first: {first}");
    }
    assert_eq!(answers[0], answers[1]);
    for (name, password) in [("alice", "wrong"), ("nobody", "alice-secret")] {
        net.authenticated(stranger(), (name, password), (Method::Invite, &to), &to, "wrong", &[]);
        let again = net.expect(stranger(), 407);
        assert!(!again.text().contains("stale=true"));
    }
    assert!(net.cdrs.is_empty(), "no call began");
}

#[test]
fn a_phone_that_cannot_read_the_strong_challenge_gets_the_other_alone() {
    let mut net = net();
    let (uri, aor) = (format!("sip:{DOMAIN}"), format!("sip:alice@{DOMAIN}"));
    let offered = |net: &mut Net, from: SocketAddr, agent: &str| {
        let extra = [(HeaderName::UserAgent, agent)];
        let bytes = net.request(from, (Method::Register, &uri), (&aor, &aor), "r", &extra, b"");
        net.send(from, &bytes);
        let text = net.expect(from, 401).text();
        (text.contains("algorithm=SHA-256"), text.contains("algorithm=MD5"))
    };
    // Known to give up at it.
    assert_eq!(offered(&mut net, bob(), "baresip v1.0.0 (x86_64/linux)"), (false, true));
    // Found out by asking again without an answer.
    assert_eq!(offered(&mut net, alice(), "phone"), (true, true));
    assert_eq!(offered(&mut net, alice(), "phone"), (false, true));
    // One that answers is offered both next time.
    net.register(alice(), "alice");
    assert_eq!(offered(&mut net, alice(), "phone"), (true, true));
}

#[test]
fn nobody_calls_in_anothers_name() {
    let mut net = net();
    net.register(alice(), "alice");
    let bytes = dial(&mut net, "+493012345678", "mine");
    // The same credentials for bob's address of record, in a fresh transaction.
    let text = String::from_utf8(bytes).expect("text");
    let forged = text
        .replace("sip:alice@", "sip:bob@")
        .replace("branch=z9hG4bK", "branch=z9hG4bKx")
        .replace("nc=00000001", "nc=00000002");
    net.inbox.clear();
    net.send(alice(), forged.as_bytes());
    let answer = net.take(alice());
    assert!(matches!(answer.status(), Some(403 | 407)), "{}", answer.text());
    // A repeated nonce count is a replay: challenged anew.
    let replay = text.replace("branch=z9hG4bK", "branch=z9hG4bKy");
    net.send(alice(), replay.as_bytes());
    assert!(net.expect(alice(), 407).text().contains("stale=true"));
}

#[test]
fn an_old_nonce_is_stale_and_no_reason_to_ask_for_a_password() {
    let mut net = net();
    net.register(alice(), "alice");
    let bytes = dial(&mut net, "+493012345678", "old");
    net.inbox.clear();
    net.pass(Duration::from_secs(400));
    net.inbox.clear();
    let text = String::from_utf8(bytes).expect("text");
    let late =
        text.replace("branch=z9hG4bK", "branch=z9hG4bKz").replace("nc=00000001", "nc=00000002");
    let bad = late.replace("nc=00000002", "nc=00000003").replace("bKz", "bKw");
    net.send(alice(), bad.as_bytes());
    assert!(!net.expect(alice(), 407).text().contains("stale=true"), "the response is wrong");
    let aor = format!("sip:alice@{DOMAIN}");
    let uri = format!("sip:{DOMAIN}");
    let first = net.request(alice(), (Method::Register, &uri), (&aor, &aor), "r", &[], b"");
    net.send(alice(), &first);
    let challenge = net.expect(alice(), 401);
    net.pass(Duration::from_secs(301));
    let value = challenge.with(|m| {
        sip::digest::Challenge::first_of(m.header_all(HeaderName::WwwAuthenticate))
            .expect("a challenge")
            .answer("alice", "alice-secret", b"REGISTER", uri.as_bytes(), "c", 1)
    });
    let value = String::from_utf8(value).expect("ASCII");
    let extra = [(HeaderName::Authorization, value.as_str())];
    let bytes = net.request(alice(), (Method::Register, &uri), (&aor, &aor), "r", &extra, b"");
    net.send(alice(), &bytes);
    assert!(net.expect(alice(), 401).text().contains("stale=true"));
}

#[test]
fn registrations_come_and_go() {
    let mut net = net();
    let granted = net.register(alice(), "alice");
    let contact = granted.header("Contact").expect("a Contact");
    assert_eq!(contact, format!("<sip:peer@{}>;expires=300", alice()));
    let uri = format!("sip:{DOMAIN}");
    let aor = format!("sip:alice@{DOMAIN}");
    let who = ("alice", "alice-secret");
    let register = |net: &mut Net, extra: &[(HeaderName, &str)]| {
        net.authenticated(alice(), who, (Method::Register, &uri), &aor, "again", extra);
        net.take(alice())
    };
    let brief = register(&mut net, &[(HeaderName::Expires, "30")]);
    assert_eq!(brief.status(), Some(423));
    assert_eq!(brief.header("Min-Expires").as_deref(), Some("60"));
    let long = register(&mut net, &[(HeaderName::Expires, "999999")]);
    assert!(long.header("Contact").is_some_and(|c| c.ends_with("expires=3600")));
    let gone = register(&mut net, &[(HeaderName::Expires, "0")]);
    assert_eq!((gone.status(), gone.header("Contact")), (Some(200), None));
    net.invite(trunk_1(), ALICE_NUMBER, "nobody-home");
    net.expect(trunk_1(), 100);
    net.expect(trunk_1(), 480);
    // What is not renewed runs out.
    net.register(alice(), "alice");
    net.pass(Duration::from_secs(301));
    net.inbox.clear();
    net.invite(trunk_1(), ALICE_NUMBER, "run-out");
    net.expect(trunk_1(), 100);
    net.expect(trunk_1(), 480);
}

#[test]
fn options_go_both_ways_and_a_silent_trunk_is_demoted_until_it_answers() {
    let mut records = world(vec![
        trunk(TRUNK_A1, trunk_1(), Transport::Udp),
        trunk(TRUNK_A2, trunk_2(), Transport::Udp),
    ]);
    for t in &mut records.trunks {
        t.send_options = true;
    }
    let mut net = Net::new(records);
    let healthy = |net: &Net| {
        [TRUNK_A1, TRUNK_A2].map(|t| net.shared.health.is_healthy(domain::TrunkId(id(t))))
    };
    let answer_with = |net: &mut Net, from: SocketAddr, status: u16| {
        while let Some(bytes) = net.inbox.get_mut(&from).and_then(|q| q.pop_front()) {
            let ask = Packet(bytes);
            assert_eq!(ask.method(), "OPTIONS");
            assert_eq!(ask.contact(), "sip:192.0.2.5:5060", "host only");
            net.respond(from, &ask, status, b"");
        }
    };
    let answer = |net: &mut Net, from: SocketAddr| answer_with(net, from, 200);
    for _ in 0..4 {
        answer(&mut net, trunk_1());
        net.inbox.remove(&trunk_2());
        net.pass(Duration::from_secs(10));
    }
    assert_eq!(healthy(&net), [true, false]);
    answer(&mut net, trunk_1());
    answer(&mut net, trunk_2());
    assert_eq!(healthy(&net), [true, true], "it recovers by answering");
    net.pass(Duration::from_secs(10));
    answer_with(&mut net, trunk_1(), 503);
    answer(&mut net, trunk_2());
    assert_eq!(healthy(&net), [false, true], "it takes no calls now");
    net.pass(Duration::from_secs(10));
    answer(&mut net, trunk_1());
    answer(&mut net, trunk_2());
    assert_eq!(healthy(&net), [true, true]);

    let uri = "sip:192.0.2.5:5060";
    let ask = net.request(trunk_1(), (Method::Options, uri), (uri, uri), "how", &[], b"");
    net.send(trunk_1(), &ask);
    let ours = net.expect(trunk_1(), 200);
    assert_eq!(ours.contact(), "sip:192.0.2.5:5060");
    assert!(ours.header("Allow").is_some_and(|a| a.contains("INVITE")));
}

#[test]
fn what_belongs_to_the_call_passes_end_to_end() {
    let mut net = net();
    net.register(alice(), "alice");
    let to = format!("sip:{ALICE_NUMBER}@edge.example;user=phone");
    let extra = [
        (HeaderName::Supported, "100rel, timer"),
        (HeaderName::SessionExpires, "1800"),
        (HeaderName::Subject, "hello"),
    ];
    let bytes = net.request(
        trunk_1(),
        (Method::Invite, &to),
        ("sip:+33123456789@op.example", &to),
        "pass",
        &extra,
        b"v=0",
    );
    net.send(trunk_1(), &bytes);
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    for (name, value) in extra {
        assert_eq!(invite.header(name.as_str()).as_deref(), Some(value));
    }
    net.respond(alice(), &invite, 180, b"");
    let ringing = net.expect(trunk_1(), 180);
    // PRACK and UPDATE of the early dialog.
    let early = Dialog { cseq: 900, ..caller_dialog(trunk_1(), &ringing) };
    for (n, method) in [Method::Prack, Method::Update].into_iter().enumerate() {
        net.within(&Dialog { cseq: 900 + n as u32, ..early.clone() }, method, b"v=0 offer");
        let passed = net.expect_request(alice(), &method.to_string());
        assert_eq!(passed.body(), b"v=0 offer");
        net.respond(alice(), &passed, 200, b"v=0 answer");
        assert_eq!(net.expect(trunk_1(), 200).body(), b"v=0 answer");
    }
    net.respond(alice(), &invite, 200, b"v=0 answer");
    let answer = net.expect(trunk_1(), 200);
    // The answer was lost on the way: the phone repeats it, and so do we.
    net.respond(alice(), &invite, 200, b"v=0 answer");
    assert_eq!(net.expect(trunk_1(), 200).0, answer.0);
    let caller = caller_dialog(trunk_1(), &answer);
    net.within(&caller, Method::Ack, b"");
    net.expect_request(alice(), "ACK");
    for (n, method) in
        [Method::Info, Method::Message, Method::Refer, Method::Notify, Method::Options]
            .into_iter()
            .enumerate()
    {
        net.within(&Dialog { cseq: 910 + n as u32, ..caller.clone() }, method, b"x");
        let passed = net.expect_request(alice(), &method.to_string());
        assert_eq!(passed.body(), b"x");
        net.respond(alice(), &passed, 202, b"");
        net.expect(trunk_1(), 202);
    }
    // Nobody answers a request: the one who asked is told.
    net.within(&Dialog { cseq: 930, ..caller }, Method::Info, b"x");
    net.pass(Duration::from_secs(33));
    net.expect(trunk_1(), 408);
}

#[test]
fn a_refusal_keeps_its_reasons() {
    let mut net = net();
    net.register(alice(), "alice");
    net.invite(trunk_1(), ALICE_NUMBER, "why");
    net.expect(trunk_1(), 100);
    let invite = net.expect_request(alice(), "INVITE");
    let mut out = Vec::new();
    invite.with(|m| {
        sip::MessageBuilder::response_to(&mut out, m, 422, "Too Small", Some(b"x"), None)
            .header(HeaderName::MinSe, "1800")
            .header(HeaderName::Server, "phone of alice")
            .finish();
    });
    net.send(alice(), &out);
    let refusal = net.expect(trunk_1(), 422);
    assert_eq!(refusal.header("Min-SE").as_deref(), Some("1800"));
    assert_eq!(refusal.header("Server"), None);
}

#[test]
fn record_routes_of_a_peer_are_honoured_on_its_leg_and_hidden_on_the_other() {
    let mut net = net();
    net.register(alice(), "alice");
    dial(&mut net, "+493012345678", "routes");
    let (at, _) = first_trunk(&net);
    let invite = net.expect_request(at, "INVITE");
    let (far, near) = ("<sip:198.51.100.9;lr>", "<sip:p1.op.example;lr>");
    let mut out = Vec::new();
    invite.with(|m| {
        sip::MessageBuilder::response_to(&mut out, m, 200, "OK", Some(b"x"), None)
            .header(HeaderName::RecordRoute, far)
            .header(HeaderName::RecordRoute, near)
            .header(HeaderName::Contact, format!("<sip:gw@{at}>"))
            .finish();
    });
    net.send(at, &out);
    let answer = net.expect(alice(), 200);
    assert_eq!(answer.header("Record-Route"), None);
    net.within(&caller_dialog(alice(), &answer), Method::Ack, b"");
    let ack = net.expect_request(at, "ACK");
    assert_eq!(ack.header("Route"), Some(format!("{near}, {far}")));
    // The called side refreshes; the caller's new seal still knows the routes.
    let mut callee = callee_dialog(at, &invite);
    callee.local = callee.local.split(";tag=").next().expect("a part").to_owned() + ";tag=x";
    net.within(&callee, Method::Invite, b"v=0");
    net.expect(at, 100);
    let again = net.expect_request(alice(), "INVITE");
    assert_eq!(again.header("Route"), None);
    net.respond(alice(), &again, 200, b"v=0");
    net.expect(at, 200);
    let mut caller = caller_dialog(alice(), &answer);
    (caller.target, caller.cseq) = (again.contact(), 70);
    net.within(&caller, Method::Bye, b"");
    let bye = net.expect_request(at, "BYE");
    assert_eq!(bye.header("Route"), Some(format!("{near}, {far}")));
    assert_eq!(bye.uri(), format!("sip:peer@{at}"), "the target it refreshed to");
}

#[test]
fn loops_and_broken_messages_are_refused_to_peers() {
    let mut net = net();
    let to = format!("sip:{ALICE_NUMBER}@edge.example");
    let bytes = net.request(
        trunk_1(),
        (Method::Invite, &to),
        ("sip:+33123456789@op.example", &to),
        "loop",
        &[],
        b"",
    );
    let text = String::from_utf8(bytes).expect("text");
    let cases = [
        (text.replace("Max-Forwards: 70", "Max-Forwards: 0"), 483),
        (
            text.replace("\r\nMax-", "\r\nVia: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bKo\r\nMax-"),
            482,
        ),
        (text.replace("Contact:", "X-Contact:"), 400),
        (
            text.replace("CSeq: 1 INVITE", "CSeq: one INVITE")
                .replace("CSeq: 2 INVITE", "CSeq: x INVITE"),
            400,
        ),
        (text.replace("sip:+33", "sip:<+33"), 400),
        (text.replace("Content-Length: 0", "Content-Length: -1"), 400),
        (text.replace("Content-Length: 0", "Content-Length: 9"), 400),
        (text.replace("Subject", "").replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), 505),
        (text.replace("\r\nMax-", &format!("\r\nSubject: {}\r\nMax-", "x".repeat(40_000))), 413),
        (
            text.replace(&format!("INVITE {to} "), &format!("INVITE sip:{}@x ", "1".repeat(3000))),
            414,
        ),
    ];
    for (n, (text, status)) in cases.into_iter().enumerate() {
        let text = text.replace("branch=z9hG4bKt", &format!("branch=z9hG4bK{n}t"));
        net.send(trunk_1(), text.as_bytes());
        let answer = net.take(trunk_1());
        let line = format!("SIP/2.0 {status} ");
        assert!(answer.text().starts_with(&line), "case {n}: {}", answer.text());
        net.inbox.clear();
    }
    for cut in (1..text.len()).step_by(7) {
        net.send(trunk_1(), &text.as_bytes()[..cut]);
    }
    assert!(net.cdrs.is_empty(), "no call began");
}

#[test]
fn an_answer_to_a_challenge_counts_once_for_all_shards_and_for_no_other_edge() {
    let mut net = Net::new(world(Vec::new()));
    let uri = format!("sip:{DOMAIN}");
    let aor = format!("sip:alice@{DOMAIN}");
    let who = ("alice", "alice-secret");
    let how = (Method::Register, uri.as_str());
    let taken = net.authenticated(alice(), who, how, &aor, "first", &[]);
    net.expect(alice(), 200);
    // What was overheard comes again, in a call that is another shard's.
    let replayed = String::from_utf8(taken).expect("ASCII").replace("first", "other");
    let replayed = replayed.replace("z9hG4bK", "z9hG4bKx");
    net.restart();
    for shared in ["shared", "of another life"] {
        net.send(alice(), replayed.as_bytes());
        let challenge = net.expect(alice(), 401).header("WWW-Authenticate").expect("a challenge");
        assert!(challenge.contains("stale=true"), "{shared}: {challenge}");
        net.shared = Default::default();
        net.restart();
    }
}
