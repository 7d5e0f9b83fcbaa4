//! Private and alternate lines in calls: they ring whoever has them, and calls leave by an alternate
//! one that the phone names, never by a private one.

use crate::forwarding::{
    BERLIN, MOBILE, at_once, bring, dial, header, number, operator, out, phone, records, started,
    told, user, with,
};
use crate::world::*;
use domain::calling::{CallingSettings, ForwardCause};
use domain::line::AssignmentCategory;
use domain::number::AssignmentTarget;
use feed::cdr::{CdrEvent, ForwardedBy};
use feed::change::{Change, ChangeEntry};
use feed::record::{NumberRecord, UserRecord};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::HeaderName;

const PRIVATE: &str = "+442079460771";
const ALTERNATE: &str = "+442079460772";

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("number")
}

fn line(
    records: &WorldRecords,
    text: &str,
    of: u128,
    category: AssignmentCategory,
) -> NumberRecord {
    let target = Some(AssignmentTarget::User(user(of)));
    NumberRecord { number: e164(text), target, category, ..records.numbers[0] }
}

/// Alice has both beside her number.
fn lined(mut records: WorldRecords) -> WorldRecords {
    let private = line(&records, PRIVATE, ALICE, AssignmentCategory::Private);
    let alternate = line(&records, ALTERNATE, ALICE, AssignmentCategory::Alternate);
    records.numbers.extend([private, alternate]);
    records.users[0].alternate = Some(e164(ALTERNATE));
    records
}

/// The tenant's number in the last call.
fn used(net: &crate::net::Net) -> Option<E164> {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { number, .. } => Some(*number),
        _ => None,
    });
    begin.expect("begun")
}

fn asking(name: &str) -> String {
    format!("<sip:{name}@{DOMAIN}>")
}

#[test]
fn both_lines_ring_and_the_record_says_which_was_called() {
    for called in [PRIVATE, ALTERNATE] {
        let mut net = started(lined(records()));
        bring(&mut net, called);
        let invite = net.expect_request(phone("alice"), "INVITE");
        net.respond(phone("alice"), &invite, 200, b"v=0 answer");
        net.expect(operator(), 200);
        assert_eq!(used(&net), Some(e164(called)));
        assert_eq!(told(&net), (Some(user(ALICE)), None));
        // A colleague reaches her by it without leaving the house.
        net.inbox.clear();
        dial(&mut net, "bob", called, &[]);
        net.expect_request(phone("alice"), "INVITE");
        net.silent(out());
    }
}

#[test]
fn calls_leave_by_the_alternate_line_that_they_name_and_by_no_private_one() {
    for (asked, shown) in [
        (None, ALICE_NUMBER),
        (Some(ALTERNATE), ALTERNATE),
        (Some(PRIVATE), ALICE_NUMBER),
        (Some(ALICE_NUMBER), ALICE_NUMBER),
    ] {
        let mut net = started(lined(records()));
        let asked = asked.map(asking);
        let ask: Vec<_> =
            asked.iter().map(|asked| (HeaderName::PPreferredIdentity, asked.as_str())).collect();
        dial(&mut net, "alice", BERLIN, &ask);
        let invite = net.expect_request(out(), "INVITE");
        assert!(header(&invite, "From").contains(shown), "{}", invite.text());
        assert!(header(&invite, "P-Asserted-Identity").contains(shown), "{}", invite.text());
        assert!(!invite.text().contains(PRIVATE), "{}", invite.text());
        assert_eq!(used(&net), Some(e164(shown)));
        // A colleague sees the same.
        net.inbox.clear();
        dial(&mut net, "alice", BOB_NUMBER, &ask);
        let invite = net.expect_request(phone("bob"), "INVITE");
        assert!(header(&invite, "From").contains(shown), "{}", invite.text());
    }
    // Bob is nobody who may call by her lines.
    let asked = asking(ALTERNATE);
    let settings = CallingSettings::default();
    let mut net = started(with(lined(records()), ALICE, settings));
    dial(&mut net, "bob", BERLIN, &[(HeaderName::PPreferredIdentity, asked.as_str())]);
    net.expect(phone("bob"), 403);
}

#[test]
fn what_is_forwarded_from_a_private_line_does_not_show_it_outside() {
    let mut net = started(with(lined(records()), ALICE, at_once(number(MOBILE))));
    bring(&mut net, PRIVATE);
    let invite = net.expect_request(out(), "INVITE");
    assert!(header(&invite, "P-Asserted-Identity").contains(ALICE_NUMBER), "{}", invite.text());
    assert!(header(&invite, "Diversion").contains(ALICE_NUMBER), "{}", invite.text());
    assert!(!invite.text().contains(PRIVATE), "{}", invite.text());
    net.respond(out(), &invite, 200, b"v=0 answer");
    net.expect(operator(), 200);
    let cause = ForwardCause::Unconditional;
    assert_eq!(told(&net), (Some(user(ALICE)), Some(ForwardedBy { user: user(ALICE), cause })));
}

#[test]
fn without_a_primary_help_is_called_by_the_alternate_line_and_calls_back() {
    let mut records = lined(records());
    records.numbers.retain(|n| n.number != e164(ALICE_NUMBER));
    records.users[0].number = None;
    // Her calls go on to Bob: but not those that call her back.
    let mut net = started(with(records, ALICE, at_once(number(BOB_NUMBER))));
    dial(&mut net, "alice", "999", &[]);
    let help = net.expect_request(out(), "INVITE");
    assert!(header(&help, "From").contains(ALTERNATE), "{}", help.text());
    assert!(!help.text().contains(PRIVATE), "{}", help.text());
    net.inbox.clear();
    bring(&mut net, ALTERNATE);
    net.expect_request(phone("alice"), "INVITE");
    net.silent(phone("bob"));
    // An ordinary call needs a number that it names.
    net.inbox.clear();
    dial(&mut net, "alice", BERLIN, &[]);
    net.expect(phone("alice"), 403);
    let asked = asking(ALTERNATE);
    net.inbox.clear();
    dial(&mut net, "alice", MOBILE, &[(HeaderName::PPreferredIdentity, asked.as_str())]);
    let invite = net.expect_request(out(), "INVITE");
    assert!(header(&invite, "From").contains(ALTERNATE), "{}", invite.text());
}

#[test]
fn lines_come_and_go_with_the_feed() {
    let records = records();
    let [alternate, private] = [AssignmentCategory::Alternate, AssignmentCategory::Private]
        .map(|category| line(&records, ALTERNATE, ALICE, category));
    let free = NumberRecord { target: None, category: AssignmentCategory::Primary, ..alternate };
    let alice = records.users[0].clone();
    let mut net = started(records);
    let asked = asking(ALTERNATE);
    let ask = [(HeaderName::PPreferredIdentity, asked.as_str())];
    for (at, record, shown) in
        [(2, alternate, ALTERNATE), (4, private, ALICE_NUMBER), (6, free, ALICE_NUMBER)]
    {
        let change = Change::NumbersPut { numbers: vec![record] };
        net.world.apply(&ChangeEntry { position: at, at_us: 0, change });
        let line = (record.category == AssignmentCategory::Alternate).then_some(record.number);
        let change = Change::UserPut(UserRecord { alternate: line, ..alice.clone() });
        net.world.apply(&ChangeEntry { position: at + 1, at_us: 0, change });
        net.inbox.clear();
        dial(&mut net, "alice", BERLIN, &ask);
        let invite = net.expect_request(out(), "INVITE");
        assert!(header(&invite, "From").contains(shown), "{at}: {}", invite.text());
    }
}
