//! What a forwarded call leaves behind: records, counts, headers; and the calls that nobody's settings
//! touch.

use crate::forwarding::*;
use crate::net::{Net, Packet, addr};
use crate::world::{ALICE, ALICE_NUMBER, BOB, BOB_NUMBER, DOMAIN, QUEUE_NUMBER, gb, id, trunk};
use domain::calling::{CallingSettings, ForwardCause, ForwardTarget, Forwarding};
use domain::conference::{LanguageTag, Languages};
use domain::fraud::{ClassLimit, FraudLimits};
use domain::number::Usage;
use domain::policy::{BlockedNumbers, CallerId, PolicyBody, PolicyTarget, ScreeningRules};
use domain::{BridgeId, OperatorId, PolicyId, TrunkId};
use feed::cdr::{CdrEvent, ForwardedBy};
use feed::change::{Change, ChangeEntry};
use feed::record::{
    BridgeNumberRecord, BridgeRecord, GatewayRecord, NumberRecord, PolicyAssignmentRecord,
    PolicyRecord, ScreeningRecord, Transport, TrunkRecord, UserRecord,
};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::{HeaderName, Method};
use std::time::Duration;

/// An operator's call with headers of its own.
fn bring_with(net: &mut Net, called: &str, extra: &[(HeaderName, &str)]) {
    let uri = format!("sip:{called}@192.0.2.5");
    let caller = format!("sip:{CALLER}@op.example;user=phone");
    let call_id = format!("with-{}-{called}", net.cdrs.len());
    let invite =
        net.request(operator(), (Method::Invite, &uri), (&caller, &uri), &call_id, extra, b"");
    net.send(operator(), &invite);
    net.expect(operator(), 100);
}

/// Whoever is called at last is busy; nothing of the call is left.
fn busy(net: &mut Net, at: std::net::SocketAddr, invite: &Packet) {
    net.respond(at, invite, 486, b"");
    net.inbox.clear();
}

/// Alice called for help; those who come to help call her back.
fn called_for_help(records: WorldRecords) -> Net {
    let mut net = started(records);
    dial(&mut net, "alice", "999", &[]);
    // Both trunks refuse it, so that it is over.
    for at in [out(), operator()] {
        let help = net.expect_request(at, "INVITE");
        net.respond(at, &help, 486, b"");
    }
    net.inbox.clear();
    net
}

fn everything() -> CallingSettings {
    CallingSettings {
        busy: Some(ForwardTarget::User(user(BOB))),
        unreachable: Some(number(MOBILE)),
        ..unanswered(ForwardTarget::Voicemail, 10)
    }
}

#[test]
fn whoever_called_for_help_is_called_back_whatever_they_set() {
    let group = CallingSettings {
        forwarding: Some(Forwarding::Immediate(ForwardTarget::Group)),
        call_group: vec![user(BOB)],
        ..CallingSettings::default()
    };
    let delegates = CallingSettings {
        forwarding: Some(Forwarding::Simultaneous(ForwardTarget::MyDelegates)),
        ..delegate(BOB, false, true)
    };
    for settings in [
        at_once(ForwardTarget::Voicemail),
        at_once(number(MOBILE)),
        at_once(ForwardTarget::User(user(BOB))),
        also(number(MOBILE)),
        group,
        delegates,
        everything(),
    ] {
        let mut net = called_for_help(with(records(), ALICE, settings.clone()));
        bring(&mut net, ALICE_NUMBER);
        let rings = net.expect_request(phone("alice"), "INVITE");
        assert_eq!(rings.header("Diversion"), None);
        net.respond(phone("alice"), &rings, 180, b"");
        net.expect(operator(), 180);
        net.pass(Duration::from_secs(59));
        for other in [phone("bob"), voicemail(), out()] {
            net.silent(other);
        }
        net.pass(Duration::from_secs(2));
        net.expect(operator(), 480);
        assert_eq!(ended(&net), "no_answer", "{settings:?}");
        for other in [phone("bob"), voicemail(), out()] {
            net.silent(other);
        }
        // After the hour she is called as ever.
        net.pass(Duration::from_secs(3600));
        net.inbox.clear();
        net.register(phone("alice"), "alice");
        net.register(phone("bob"), "bob");
        bring(&mut net, ALICE_NUMBER);
        let others = [phone("bob"), voicemail(), out()];
        let rings =
            others.iter().any(|at| net.inbox.get(at).is_some_and(|queue| !queue.is_empty()));
        assert_eq!(rings, settings.forwarding.is_some(), "{settings:?}");
    }
    // Neither busy nor without a phone.
    let mut net = called_for_help(with(records(), ALICE, everything()));
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    net.respond(phone("alice"), &rings, 486, b"");
    net.expect(operator(), 486);
    net.silent(phone("bob"));
}

#[test]
fn nobody_blocks_who_calls_back() {
    let mut records = records();
    let rules = ScreeningRules {
        blocked: vec![BlockedNumbers {
            name: "france".into(),
            pattern: r"^\+33".into(),
            enabled: true,
            redirect_to: None,
            announcement: None,
        }],
        exempt: Vec::new(),
        unassigned: Vec::new(),
    };
    records.screening.push(ScreeningRecord { tenant: TENANT, rules: rules.into() });
    let mut net = started(records.clone());
    bring(&mut net, ALICE_NUMBER);
    net.expect(operator(), 403);
    let mut net = called_for_help(records);
    bring(&mut net, ALICE_NUMBER);
    net.expect_request(phone("alice"), "INVITE");
}

/// Bob's record, once he is deactivated: what is his stays, except his phone.
fn deactivated(net: &Net) -> UserRecord {
    let bob = net.world.user_record(user(BOB)).expect("Bob").clone();
    UserRecord { phone: None, ..bob }
}

#[test]
fn nobody_rings_who_is_gone_though_their_phones_are_still_registered() {
    let group = CallingSettings {
        forwarding: Some(Forwarding::Immediate(ForwardTarget::Group)),
        call_group: vec![user(ALICE), user(BOB)],
        ..CallingSettings::default()
    };
    let delegates = CallingSettings {
        forwarding: Some(Forwarding::Simultaneous(ForwardTarget::MyDelegates)),
        ..delegate(BOB, false, true)
    };
    for gone in [false, true] {
        for settings in [CallingSettings::default(), group.clone(), delegates.clone()] {
            for called in [ALICE_NUMBER, BOB_NUMBER, QUEUE_NUMBER] {
                let mut net = started(with(records(), ALICE, settings.clone()));
                let change = if gone {
                    Change::UserRemoved { id: user(BOB) }
                } else {
                    Change::UserPut(deactivated(&net))
                };
                net.world.apply(&ChangeEntry { position: 2, at_us: 0, change });
                bring(&mut net, called);
                net.silent(phone("bob"));
            }
            // Nor do they call anybody from there, with the password they had.
            let mut net = started(records());
            let uri = format!("sip:{ALICE_NUMBER}@{DOMAIN}");
            let change = if gone {
                Change::UserRemoved { id: user(BOB) }
            } else {
                Change::UserPut(deactivated(&net))
            };
            net.world.apply(&ChangeEntry { position: 2, at_us: 0, change });
            let bob = format!("sip:bob@{DOMAIN}");
            let call =
                net.request(phone("bob"), (Method::Invite, &uri), (&bob, &uri), "old", &[], b"");
            net.send(phone("bob"), &call);
            net.expect(phone("bob"), 407);
            net.silent(phone("alice"));
        }
    }
}

fn begun(net: &Net) -> (String, String) {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { caller, callee, .. } => Some((caller.clone(), callee.clone())),
        _ => None,
    });
    begin.expect("a call has begun")
}

#[test]
fn a_record_has_the_number_that_was_dialled() {
    for target in [number(MOBILE), ForwardTarget::Voicemail, ForwardTarget::User(user(BOB))] {
        let mut net = started(with(records(), ALICE, at_once(target)));
        bring(&mut net, ALICE_NUMBER);
        assert_eq!(begun(&net), (CALLER.to_owned(), ALICE_NUMBER.to_owned()));
        if target == ForwardTarget::User(user(BOB)) {
            continue;
        }
        net.inbox.clear();
        dial(&mut net, "bob", ALICE_NUMBER, &[]);
        assert_eq!(begun(&net), (BOB_NUMBER.to_owned(), ALICE_NUMBER.to_owned()));
    }
}

fn diversions(invite: &Packet) -> Vec<String> {
    let text = invite.text();
    let lines = text.lines().filter_map(|line| line.strip_prefix("Diversion: "));
    lines.map(str::to_owned).collect()
}

const BEFORE: &str = "<sip:+33100000000@op.example>;reason=unconditional";

#[test]
fn what_a_call_was_diverted_by_before_goes_on_below_ours() {
    let before = [(HeaderName::Diversion, BEFORE)];
    for settings in [at_once(number(MOBILE)), also(number(MOBILE))] {
        let mut net = started(with(records(), ALICE, settings));
        bring_with(&mut net, ALICE_NUMBER, &before);
        let invite = net.expect_request(out(), "INVITE");
        let found = diversions(&invite);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains(ALICE_NUMBER) && found[1] == BEFORE, "{found:?}");
    }
    let mut net = started(with(records(), ALICE, unanswered(number(MOBILE), 10)));
    bring_with(&mut net, ALICE_NUMBER, &before);
    let rings = net.expect_request(phone("alice"), "INVITE");
    assert_eq!(diversions(&rings), [BEFORE]);
    net.pass(Duration::from_millis(10_500));
    let found = diversions(&net.expect_request(out(), "INVITE"));
    assert!(found.len() == 2 && found[1] == BEFORE, "{found:?}");
    // Also where a policy keeps from her who calls.
    let mut hidden = with(records(), ALICE, at_once(number(MOBILE)));
    let body = CallerId { block_incoming: true, ..CallerId::default() };
    let body = PolicyBody::CallingLineIdentity(body);
    hidden.policy_assignments.push(PolicyAssignmentRecord {
        tenant: TENANT,
        kind: body.kind().as_str().to_owned(),
        target: PolicyTarget::Global.into(),
        policy: Some(PolicyId(id(1_000))),
    });
    hidden.policies.push(PolicyRecord {
        id: PolicyId(id(1_000)),
        tenant: TENANT,
        name: "quiet".into(),
        body: body.into(),
    });
    let mut net = started(hidden);
    bring_with(&mut net, ALICE_NUMBER, &before);
    let invite = net.expect_request(out(), "INVITE");
    let found = diversions(&invite);
    assert!(found.len() == 2 && found[1] == BEFORE, "{found:?}");
    assert!(!invite.text().contains(CALLER), "{}", invite.text());
    // What a phone says of it is not heard.
    let mut net = started(with(records(), ALICE, at_once(number(MOBILE))));
    dial(&mut net, "bob", ALICE_NUMBER, &before);
    let found = diversions(&net.expect_request(out(), "INVITE"));
    assert!(found.len() == 1 && found[0].contains(ALICE_NUMBER), "{found:?}");
    net.inbox.clear();
    dial(&mut net, "bob", BERLIN, &before);
    assert!(diversions(&net.expect_request(out(), "INVITE")).is_empty());
}

#[test]
fn several_diversions_are_told_and_counted_as_such() {
    // Alice to Bob, Bob outside: one header tells of both.
    let mut both = with(records(), ALICE, at_once(ForwardTarget::User(user(BOB))));
    both = with(both, BOB, at_once(number(MOBILE)));
    let mut net = started(both);
    bring_with(&mut net, ALICE_NUMBER, &[(HeaderName::Diversion, BEFORE)]);
    let found = diversions(&net.expect_request(out(), "INVITE"));
    assert!(found[0].contains(BOB_NUMBER) && found[0].ends_with(";counter=2"), "{found:?}");
    // And such a header counts as many.
    let counted = format!("{BEFORE};counter=5");
    let mut net = started(with(records(), ALICE, at_once(number(MOBILE))));
    bring_with(&mut net, ALICE_NUMBER, &[(HeaderName::Diversion, &counted)]);
    net.expect_request(phone("alice"), "INVITE");
    net.silent(out());
}

#[test]
fn unanswered_calls_end_where_they_were_sent_to_each_other_for_long() {
    let mut each = with(records(), ALICE, unanswered(ForwardTarget::User(user(BOB)), 10));
    each = with(each, BOB, unanswered(ForwardTarget::User(user(ALICE)), 10));
    let mut net = started(each);
    bring(&mut net, ALICE_NUMBER);
    for n in 0..6 {
        let rings = phone(if n % 2 == 0 { "alice" } else { "bob" });
        net.expect_request(rings, "INVITE");
        net.pass(Duration::from_millis(10_500));
        net.inbox.retain(|at, _| *at == phone(if n % 2 == 0 { "bob" } else { "alice" }));
    }
    net.pass(Duration::from_secs(60));
    net.expect(operator(), 480);
}

/// With these limits for calls abroad, each person for themself.
fn limited(mut records: WorldRecords, at_once: Option<u32>, per_hour: Option<u32>) -> WorldRecords {
    let mut limits = FraudLimits { person: Default::default(), tenant: Default::default() };
    limits.person.international = ClassLimit { at_once, per_hour };
    records.tenants[0].fraud_limits = Some(limits);
    records
}

#[test]
fn a_leg_outside_counts_as_long_as_it_may_answer() {
    let only = |settings| limited(with(records(), ALICE, settings), Some(1), None);
    // Answered inside, busy outside: either way the next one may go.
    for busy in [false, true] {
        let mut net = started(only(also(number(BERLIN))));
        bring(&mut net, ALICE_NUMBER);
        let inside = net.expect_request(phone("alice"), "INVITE");
        let outside = net.expect_request(out(), "INVITE");
        if busy {
            net.respond(out(), &outside, 486, b"");
        } else {
            net.respond(phone("alice"), &inside, 200, b"v=0 answer");
            net.expect(operator(), 200);
        }
        net.inbox.clear();
        dial(&mut net, "alice", BERLIN, &[]);
        net.expect_request(out(), "INVITE");
    }
    // Answered outside it counts.
    let mut net = started(only(also(number(BERLIN))));
    bring(&mut net, ALICE_NUMBER);
    let outside = net.expect_request(out(), "INVITE");
    net.respond(out(), &outside, 200, b"v=0 answer");
    net.expect(operator(), 200);
    net.inbox.clear();
    dial(&mut net, "alice", BERLIN, &[]);
    net.expect(phone("alice"), 403);
    // The way on takes the place of the way before.
    let settings = CallingSettings {
        forwarding: Some(Forwarding::Simultaneous(number(BERLIN))),
        ..unanswered(number("+493012345679"), 10)
    };
    let mut net = started(only(settings));
    bring(&mut net, ALICE_NUMBER);
    net.expect_request(phone("alice"), "INVITE");
    let first = net.expect_request(out(), "INVITE");
    net.respond(out(), &first, 180, b"");
    net.pass(Duration::from_millis(10_500));
    net.expect_request(out(), "CANCEL");
    let next = net.expect_request(out(), "INVITE");
    assert!(next.uri().contains("+493012345679"), "{}", next.uri());
}

#[test]
fn whoever_may_not_forward_any_more_rings_on() {
    let settings = unanswered(number(BERLIN), 10);
    let mut net = started(limited(with(records(), ALICE, settings), None, Some(1)));
    dial(&mut net, "alice", BERLIN, &[]);
    let call = net.expect_request(out(), "INVITE");
    busy(&mut net, out(), &call);
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    net.respond(phone("alice"), &rings, 180, b"");
    net.expect(operator(), 180);
    net.pass(Duration::from_secs(59));
    net.silent(operator());
    net.silent(out());
    net.respond(phone("alice"), &rings, 200, b"v=0 answer");
    net.expect(operator(), 200);

    // And nobody rings less long than they would alone.
    net.inbox.clear();
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    net.respond(phone("alice"), &rings, 180, b"");
    net.expect(operator(), 180);
    net.pass(Duration::from_secs(61));
    net.expect(operator(), 480);
}

#[test]
fn a_record_says_who_forwarded_unless_they_answered_themselves() {
    let group = |people: &[u128]| CallingSettings {
        forwarding: Some(Forwarding::Immediate(ForwardTarget::Group)),
        call_group: people.iter().map(|n| user(*n)).collect(),
        ..CallingSettings::default()
    };
    let by = |of, cause| Some(ForwardedBy { user: user(of), cause });
    // Bob's mobile rings with him: the call is Alice's all the same.
    let mut both = with(records(), ALICE, at_once(ForwardTarget::User(user(BOB))));
    both = with(both, BOB, also(number(MOBILE)));
    for (records, answers, expect) in [
        (both.clone(), phone("bob"), by(ALICE, ForwardCause::Unconditional)),
        (both, out(), by(BOB, ForwardCause::Simultaneous)),
        (
            with(records(), ALICE, group(&[ALICE, BOB])),
            phone("bob"),
            by(ALICE, ForwardCause::Unconditional),
        ),
        (with(records(), ALICE, group(&[ALICE, BOB])), phone("alice"), None),
    ] {
        let mut net = started(records);
        bring(&mut net, ALICE_NUMBER);
        let rings = net.expect_request(answers, "INVITE");
        net.respond(answers, &rings, 200, b"v=0 answer");
        net.expect(operator(), 200);
        assert_eq!(told(&net).1, expect, "{answers}");
    }
    let busy = CallingSettings {
        busy: Some(ForwardTarget::User(user(BOB))),
        unreachable: Some(ForwardTarget::User(user(BOB))),
        ..CallingSettings::default()
    };
    for (status, cause) in [(486, ForwardCause::Busy), (503, ForwardCause::Unreachable)] {
        let mut net = started(with(records(), ALICE, busy.clone()));
        bring(&mut net, ALICE_NUMBER);
        let rings = net.expect_request(phone("alice"), "INVITE");
        net.respond(phone("alice"), &rings, status, b"");
        let rings = net.expect_request(phone("bob"), "INVITE");
        net.respond(phone("bob"), &rings, 200, b"v=0 answer");
        net.expect(operator(), 200);
        assert_eq!(told(&net).1, by(ALICE, cause));
    }
}

#[test]
fn an_answer_says_by_which_operator_a_colleague_s_call_left() {
    let operator_of = |net: &Net| {
        let answer = net.cdrs.iter().rev().find_map(|r| match &r.event {
            CdrEvent::Answer { operator, bridge, .. } => Some((*operator, *bridge)),
            _ => None,
        });
        answer.expect("answered")
    };
    for (settings, seconds) in [(at_once(number(MOBILE)), 0), (unanswered(number(MOBILE), 10), 11)]
    {
        let mut net = started(with(records(), ALICE, settings));
        for inside in [true, false] {
            net.inbox.clear();
            if inside {
                dial(&mut net, "bob", ALICE_NUMBER, &[]);
            } else {
                bring(&mut net, ALICE_NUMBER);
            }
            net.pass(Duration::from_secs(seconds));
            net.inbox.retain(|at, queue| {
                let of_mobile = |bytes: &Vec<u8>| {
                    String::from_utf8_lossy(bytes).starts_with(&format!("INVITE sip:{MOBILE}@"))
                };
                queue.retain(|bytes| of_mobile(bytes));
                *at == out()
            });
            let invite = net.expect_request(out(), "INVITE");
            net.respond(out(), &invite, 200, b"v=0 answer");
            // An inbound call is of whoever brought it.
            let expect = inside.then_some(OperatorId(id(1)));
            assert_eq!(operator_of(&net), (expect, None));
        }
    }
}

#[test]
fn an_answer_has_the_bridge_that_a_call_was_sent_to() {
    let desk = "+442079460050";
    let bridge_at = addr("198.51.100.45:5060");
    let mut records = with(records(), ALICE, unanswered(number(desk), 10));
    let trunk = TrunkRecord {
        operator: OperatorId::DIRECT_ROUTING,
        fqdn: "mcu.contoso.example".into(),
        ..trunk(45, bridge_at, Transport::Udp)
    };
    let gateway = TrunkId(id(45));
    records.gateways.push(GatewayRecord { tenant: TENANT, country: gb(), voice_app: false, trunk });
    let languages = Languages::new(LanguageTag::parse("en-GB").expect("a tag"), vec![]);
    let languages = languages.expect("languages");
    let desk = E164::parse(desk).expect("a number");
    records.bridges.push(BridgeRecord {
        id: BridgeId(id(50)),
        tenant: TENANT,
        name: "Meetings".into(),
        gateways: vec![gateway],
        numbers: vec![BridgeNumberRecord { number: desk, languages }],
    });
    let free = NumberRecord {
        number: desk,
        usage: Usage::ConferenceAssignment,
        target: None,
        ..records.numbers[0]
    };
    records.numbers.push(free);
    let mut net = started(records);
    bring(&mut net, ALICE_NUMBER);
    net.pass(Duration::from_millis(10_500));
    let invite = net.expect_request(bridge_at, "INVITE");
    net.respond(bridge_at, &invite, 200, b"v=0 answer");
    let bridge = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Answer { bridge, .. } => *bridge,
        _ => None,
    });
    assert_eq!(bridge, Some(BridgeId(id(50))));
}

#[test]
fn a_dead_trunk_does_not_hold_up_the_number_that_rings_too() {
    let mut both = with(records(), ALICE, also(number(MOBILE)));
    both.trunks[0].enabled = true;
    let mut net = started(both);
    let at = [operator(), out()];
    let first_of = |net: &Net| {
        at.into_iter().find(|at| {
            let queue = net.inbox.get(at);
            queue.is_some_and(|queue| queue.iter().any(|bytes| bytes.starts_with(b"INVITE ")))
        })
    };
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    net.respond(phone("alice"), &rings, 180, b"");
    net.expect(operator(), 180);
    // Neither says a word: the next is tried after its trunk's time-out, and then nobody.
    let first = first_of(&net).expect("a trunk is tried");
    let silent = net.expect_request(first, "INVITE");
    assert!(silent.uri().contains(MOBILE));
    net.pass(Duration::from_millis(1_900));
    let next = if first == out() { operator() } else { out() };
    assert_ne!(first_of(&net), Some(next), "it has its time");
    net.pass(Duration::from_millis(200));
    let second = net.expect_request(next, "INVITE");
    net.pass(Duration::from_millis(2_100));
    // Alice's phone rings on for its whole time.
    net.pass(Duration::from_secs(50));
    assert!(net.inbox.get(&phone("alice")).is_none_or(|queue| queue.is_empty()));
    net.respond(next, &second, 200, b"too late");
    net.respond(phone("alice"), &rings, 200, b"v=0 answer");
    assert_eq!(told(&net), (Some(user(ALICE)), None));
    let tried = net.cdrs.iter().filter(|r| matches!(r.event, CdrEvent::End { .. })).count();
    assert_eq!(tried, 0, "the call lives");

    // One that rings is not left, and answers.
    net.inbox.clear();
    bring(&mut net, ALICE_NUMBER);
    let rings = net.expect_request(phone("alice"), "INVITE");
    let first = first_of(&net).expect("a trunk is tried");
    let outside = net.expect_request(first, "INVITE");
    net.respond(first, &outside, 180, b"");
    net.pass(Duration::from_secs(30));
    net.respond(phone("alice"), &rings, 486, b"");
    net.respond(first, &outside, 200, b"v=0 answer");
    let cause = ForwardCause::Simultaneous;
    assert_eq!(told(&net).1, Some(ForwardedBy { user: user(ALICE), cause }));
}
