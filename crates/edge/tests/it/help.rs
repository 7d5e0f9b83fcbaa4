//! Calls for help by those whom every rule would leave without an operator, and by
//! those whom nobody knows.

use crate::net::{Net, addr, callee_dialog, caller_dialog};
use crate::world::*;
use domain::emergency::ProfileEmergency;
use domain::routing::CallKind;
use domain::trusted::TrustedNetwork;
use domain::{CallingProfileId, OperatorId, TenantId, TrunkId, UserId};
use feed::cdr::CdrEvent;
use feed::record::{CallingProfileRecord, OperatorRecord, Transport, TrunkRecord};
use feed::snapshot::WorldRecords;
use numbering::{Country, E164};
use sip::{HeaderName, Method};
use std::net::SocketAddr;
use std::time::Duration;

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

/// Another operator, which serves Germany.
fn german() -> SocketAddr {
    addr("198.51.100.9:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn stranger() -> SocketAddr {
    addr("192.0.2.66:5060")
}

/// The little exchange, and an operator with a trunk of its own whose one number,
/// a German one, is another tenant's.
fn two_operators() -> WorldRecords {
    let mut w = world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]);
    w.operators.push(OperatorRecord { id: OperatorId(id(2)), name: "Operator B".into() });
    w.trunks
        .push(TrunkRecord { operator: OperatorId(id(2)), ..trunk(21, german(), Transport::Udp) });
    w.profiles.push(CallingProfileRecord {
        id: CallingProfileId(id(20)),
        operator: OperatorId(id(2)),
        trunks: vec![TrunkId(id(21))],
        emergency: ProfileEmergency::default(),
    });
    let mut number = w.numbers[0];
    number.number = E164::parse("+493012345678").expect("number");
    number.country = Country::parse("DE").expect("DE");
    (number.tenant, number.operator) = (TenantId(id(2)), OperatorId(id(2)));
    (number.profile, number.target) = (CallingProfileId(id(20)), None);
    w.numbers.push(number);
    w
}

/// Who called whom, by which number and operator.
fn begun(net: &Net) -> (Option<CallKind>, Option<String>, Option<u128>, Option<UserId>) {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { kind, number, operator, caller_user, .. } => Some((
            *kind,
            number.map(|n| n.to_string()),
            operator.map(|o| o.0.as_u128()),
            *caller_user,
        )),
        _ => None,
    });
    begin.expect("a call has begun")
}

fn dial(net: &mut Net, called: &str, call_id: &str) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(alice(), who, (Method::Invite, &uri), &uri, call_id, &[]);
    net.expect(alice(), 100);
}

#[test]
fn who_has_no_number_in_the_country_is_helped_by_an_operator_that_serves_it() {
    let mut w = two_operators();
    w.users[0].number = None;
    w.users[0].country = Country::parse("DE").expect("DE");
    let mut net = Net::new(w.clone());
    net.register(alice(), "alice");
    dial(&mut net, "110", "abroad");
    net.silent(operator());
    let invite = net.expect_request(german(), "INVITE");
    assert!(invite.uri().starts_with("sip:110@trunk21"), "{}", invite.uri());
    // A number of the tenant's elsewhere can be called back.
    let from = invite.header("From").expect("From");
    assert!(from.contains(ALICE_NUMBER), "{from}");
    let expected = (
        Some(CallKind::Emergency),
        Some(ALICE_NUMBER.to_owned()),
        Some(2),
        Some(UserId(id(ALICE))),
    );
    assert_eq!(begun(&net), expected);

    // Without any number there is the address that the phone is registered by.
    w.numbers.retain(|n| n.tenant != TenantId(id(1)));
    let mut net = Net::new(w.clone());
    net.register(alice(), "alice");
    dial(&mut net, "110", "numberless");
    let invite = net.expect_request(german(), "INVITE");
    let from = invite.header("From").expect("From");
    assert!(from.contains(&format!("<sip:alice@{DOMAIN}>")), "{from}");
    assert_eq!(begun(&net).1, None);

    // Where nobody serves the country, any operator is better than none.
    w.numbers.clear();
    w.trunks[1].enabled = false;
    let mut net = Net::new(w);
    net.register(alice(), "alice");
    dial(&mut net, "112", "anybody");
    let invite = net.expect_request(operator(), "INVITE");
    assert!(invite.uri().starts_with("sip:112@"), "{}", invite.uri());
    assert_eq!(begun(&net).2, Some(1));
}

#[test]
fn an_operator_that_drains_is_no_operator_for_help() {
    let mut w = two_operators();
    w.trunks[0].enabled = false;
    let mut net = Net::new(w);
    net.register(alice(), "alice");
    dial(&mut net, "999", "drained");
    let invite = net.expect_request(german(), "INVITE");
    assert!(invite.header("From").is_some_and(|f| f.contains(ALICE_NUMBER)));

    // Unless there is no other.
    let mut w = two_operators();
    w.trunks.iter_mut().for_each(|t| t.enabled = false);
    let mut net = Net::new(w);
    net.register(alice(), "alice");
    dial(&mut net, "999", "all-drained");
    net.expect_request(operator(), "INVITE");
}

#[test]
fn another_trunk_is_tried_for_help_whatever_the_first_one_says() {
    let other = addr("198.51.100.2:5060");
    let mut net = Net::new(world(vec![
        trunk(TRUNK_A1, operator(), Transport::Udp),
        trunk(TRUNK_A2, other, Transport::Udp),
    ]));
    net.register(alice(), "alice");
    for (n, status) in [404, 486, 500, 603].into_iter().enumerate() {
        dial(&mut net, "999", &format!("refused-{n}"));
        let waits = net.inbox.get(&other).is_some_and(|q| !q.is_empty());
        let (first, second) = if waits { (other, operator()) } else { (operator(), other) };
        let invite = net.expect_request(first, "INVITE");
        net.respond(first, &invite, status, b"");
        net.expect_request(first, "ACK");
        let invite = net.expect_request(second, "INVITE");
        net.respond(second, &invite, 200, b"v=0");
        net.expect(alice(), 200);
    }
}

#[test]
fn another_operator_that_serves_the_country_is_tried_for_help_at_last() {
    let mut w = two_operators();
    let german_number = w.numbers.last_mut().expect("one");
    german_number.country = gb();
    german_number.number = E164::parse("+442079469999").expect("number");
    let mut net = Net::new(w);
    net.register(alice(), "alice");
    dial(&mut net, "999", "everywhere");
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 503, b"");
    net.expect_request(operator(), "ACK");
    let invite = net.expect_request(german(), "INVITE");
    assert!(invite.uri().starts_with("sip:999@trunk21"), "{}", invite.uri());
    net.respond(german(), &invite, 200, b"v=0");
    net.expect(alice(), 200);
    // No other call goes there.
    dial(&mut net, "+493012345678", "elsewhere");
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 503, b"");
    net.expect_request(operator(), "ACK");
    net.expect(alice(), 503);
    net.silent(german());
}

/// A call in the name of somebody of the tenant's, without credentials.
fn ask(net: &mut Net, from: SocketAddr, uri: &str, name: &str, call_id: &str) {
    let bytes = net.request(from, (Method::Invite, uri), (name, uri), call_id, &[], b"v=0");
    net.send(from, &bytes);
}

#[test]
fn challenges_of_strangers_who_ask_for_help_come_to_an_end() {
    let mut net = Net::new(two_operators());
    let uri = format!("sip:999@{DOMAIN}");
    let name = format!("sip:alice@{DOMAIN}");
    let challenged = |net: &mut Net, n: usize| {
        for n in 0..n {
            ask(net, stranger(), &uri, &name, &format!("flood-{n}"));
        }
        let queue = net.inbox.entry(stranger()).or_default();
        let count = queue.len();
        queue.clear();
        count
    };
    let first = challenged(&mut net, 1_000);
    assert!((20..=100).contains(&first), "{first} challenges to one address in a moment");
    // One more who really asks gets an answer a moment later, and another address
    // gets its own at once.
    net.pass(Duration::from_secs(1));
    assert!(challenged(&mut net, 1) == 1);
    ask(&mut net, addr("192.0.2.67:5060"), &uri, &name, "other");
    net.expect(addr("192.0.2.67:5060"), 407);
    // Who proves it now is helped.
    net.pass(Duration::from_secs(5));
    let who = ("alice", "alice-secret");
    net.authenticated(stranger(), who, (Method::Invite, &uri), &uri, "real", &[]);
    net.expect(stranger(), 100);
    net.expect_request(operator(), "INVITE");
}

/// Contoso trusts an office in Germany, and phones there need prove nothing; another
/// one demands proof.
fn offices() -> WorldRecords {
    let mut w = two_operators();
    w.tenants[0].trusted_networks = ["198.18.0.0/24", "198.18.1.0/24"]
        .into_iter()
        .map(|prefix| TrustedNetwork {
            prefix: prefix.parse().expect("a network"),
            country: Country::parse("DE").expect("DE"),
            description: String::new(),
            unproven_help: prefix.starts_with("198.18.0."),
        })
        .collect();
    w
}

fn office() -> SocketAddr {
    addr("198.18.0.7:5060")
}

#[test]
fn help_is_carried_from_a_trusted_network_whoever_calls() {
    // In a name of the tenant's, in no name, in a name that nobody knows here.
    for (n, name) in [
        &format!("sip:reception@{DOMAIN}"),
        "sip:anonymous@anonymous.invalid",
        "sip:phone@192.168.1.7",
    ]
    .into_iter()
    .enumerate()
    {
        let mut net = Net::new(offices());
        ask(&mut net, office(), "sip:112@192.0.2.5", name, "sos");
        net.expect(office(), 100);
        let invite = net.expect_request(german(), "INVITE");
        assert!(invite.uri().starts_with("sip:112@trunk21"), "{}", invite.uri());
        assert!(invite.header("From").is_some_and(|f| f.contains(ALICE_NUMBER)), "{n}");
        assert_eq!(invite.header("Priority").as_deref(), Some("emergency"));
        let number = Some(ALICE_NUMBER.to_owned());
        assert_eq!(begun(&net), (Some(CallKind::Emergency), number, Some(2), None));
        net.respond(german(), &invite, 200, b"v=0");
        let answer = net.expect(office(), 200);
        net.within(&caller_dialog(office(), &answer), Method::Ack, b"");
        net.expect_request(german(), "ACK");
        // The call ends from either side, through an edge that was just born too.
        net.restart();
        if n == 0 {
            net.within(&caller_dialog(office(), &answer), Method::Bye, b"");
            let bye = net.expect_request(german(), "BYE");
            net.respond(german(), &bye, 200, b"");
            net.expect(office(), 200);
        } else {
            net.within(&callee_dialog(german(), &invite), Method::Bye, b"");
            let bye = net.expect_request(office(), "BYE");
            net.respond(office(), &bye, 200, b"");
            net.expect(german(), 200);
        }
        assert!(matches!(net.cdrs.last().map(|r| &r.event), Some(CdrEvent::End { .. })));
    }
}

#[test]
fn a_trusted_network_is_good_for_help_in_its_country_and_for_nothing_else() {
    let mut net = Net::new(offices());
    let name = format!("sip:alice@{DOMAIN}");
    for (from, uri, answer) in [
        (office(), format!("sip:+493012345678@{DOMAIN}"), 407),
        (office(), format!("sip:190@{DOMAIN}"), 407),
        (addr("198.18.1.7:5060"), format!("sip:112@{DOMAIN}"), 407),
        (stranger(), format!("sip:112@{DOMAIN}"), 407),
    ] {
        ask(&mut net, from, &uri, &name, "other");
        assert_eq!(net.take(from).status(), Some(answer), "{uri} from {from}");
        net.silent(german());
        net.silent(operator());
    }
    // Who is nobody's there hears nothing.
    ask(&mut net, stranger(), "sip:112@192.0.2.5", "sip:x@elsewhere.example", "nobody");
    net.silent(stranger());
    // Who can prove it calls as who it is.
    let uri = format!("sip:999@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(office(), who, (Method::Invite, &uri), &uri, "proven", &[]);
    net.expect(office(), 100);
    net.expect_request(operator(), "INVITE");
    assert_eq!(begun(&net).3, Some(UserId(id(ALICE))));
    // Who cannot is helped, not asked for ever.
    let uri = format!("sip:112@{DOMAIN}");
    let mut net = Net::new(offices());
    let extra = [(
        HeaderName::ProxyAuthorization,
        "Digest username=\"alice\", realm=\"contoso.example\", nonce=\"x\", uri=\"sip:112\", \
         response=\"00000000000000000000000000000000\", nc=00000001, cnonce=\"c\", qop=auth",
    )];
    let bytes =
        net.request(office(), (Method::Invite, &uri), (&name, &uri), "wrong", &extra, b"v=0");
    net.send(office(), &bytes);
    net.expect(office(), 100);
    net.expect_request(german(), "INVITE");
}

#[test]
fn forged_sources_of_a_trusted_network_come_to_an_end() {
    let mut net = Net::new(offices());
    let mut flood = |from: SocketAddr, n: usize, call: &str| {
        for n in 0..n {
            ask(&mut net, from, "sip:112@192.0.2.5", "sip:x@y.example", &format!("{call}-{n}"));
        }
        let carried = net.inbox.get_mut(&german()).map_or(0, |q| std::mem::take(q).len());
        net.pass(Duration::from_millis(1));
        carried
    };
    assert_eq!(flood(office(), 100, "one"), 10, "calls from one address on trust");
    let mut all = 10;
    for host in 8..250 {
        all += flood(SocketAddr::new([198, 18, 0, host].into(), 5060), 10, &format!("h{host}"));
    }
    assert_eq!(all, 50, "calls of one tenant on trust, in a moment");
    net.pass(Duration::from_secs(20));
    ask(&mut net, office(), "sip:112@192.0.2.5", "sip:x@y.example", "later");
    assert!(net.inbox.get_mut(&german()).is_some_and(|q| !q.is_empty()), "and goes on");
}
