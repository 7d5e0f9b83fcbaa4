//! Private and alternate lines: whom they ring, and which calls they carry.

use super::*;
use crate::calling::{CallingSettings, Delegate, ForwardTarget, Forwarding};
use crate::line::AssignmentCategory;

const PRIMARY: &str = "+442079460001";
const PRIVATE: &str = "+442079460011";
const ALTERNATE: &str = "+442079460012";

/// [`Little`], where alice (100) has a private and an alternate line beside her number; dave (103)
/// has an alternate line and a private one and no number; erin (104) a private line alone.
struct Lined(Vec<(u128, CallingSettings)>);

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

impl World for Lined {
    fn number(&self, number: E164) -> Option<NumberView> {
        let (user, category) = match number.value() {
            442_079_460_011 => (100, AssignmentCategory::Private),
            442_079_460_012 => (100, AssignmentCategory::Alternate),
            442_079_460_013 => (103, AssignmentCategory::Alternate),
            442_079_460_014 => (103, AssignmentCategory::Private),
            442_079_460_015 => (104, AssignmentCategory::Private),
            _ => return Little.number(number),
        };
        let target = Some(AssignmentTarget::User(UserId(id(user))));
        let view = Little.number(e164(PRIMARY)).expect("alice's");
        Some(NumberView { number, target, category, ..view })
    }
    fn user(&self, user: UserId) -> Option<UserView> {
        match user.0.as_u128() {
            100 => Some(UserView {
                alternate: Some(e164(ALTERNATE)),
                ..Little.user(user).expect("alice")
            }),
            103 => Some(UserView {
                alternate: Some(e164("+442079460013")),
                ..person(user, None, true)
            }),
            104 => Some(person(user, None, true)),
            _ => Little.user(user),
        }
    }
    as_in_little!();
    fn calling_settings(&self, user: UserId) -> Option<&CallingSettings> {
        self.0.iter().find(|(n, _)| UserId(id(*n)) == user).map(|(_, settings)| settings)
    }
}

#[test]
fn each_line_rings_whoever_has_it() {
    for (called, user) in [(PRIMARY, 100), (PRIVATE, 100), (ALTERNATE, 100), ("+442079460015", 104)]
    {
        let user = UserId(id(user));
        let outside = Call::new(Source::Trunk(TrunkId(id(11))), called, "");
        let colleague = Call::new(Source::User(UserId(id(102))), called, "");
        for call in [outside, colleague] {
            let found = route(&Lined(Vec::new()), call, &mut NoTrace).expect("routed");
            assert_eq!(found.destination, Destination::User(user), "{called}");
            assert_eq!((found.called, found.number), (Some(user), Some(e164(called))));
        }
    }
}

#[test]
fn calls_go_out_by_an_alternate_line_that_they_name_and_never_by_a_private_one() {
    let user = UserId(id(102));
    let delegates = vec![Delegate { user, make_calls: true, receive_calls: false }];
    let world = Lined(vec![(100, CallingSettings { delegates, ..CallingSettings::default() })]);
    let none = Err(RouteRefusal::UserHasNoNumber);
    for (name, user, asked, shown) in [
        ("nothing asked", 100, None, Ok((PRIMARY, false))),
        ("her number", 100, Some(PRIMARY), Ok((PRIMARY, false))),
        ("her second line", 100, Some(ALTERNATE), Ok((ALTERNATE, false))),
        ("her private line", 100, Some(PRIVATE), Ok((PRIMARY, false))),
        ("a delegate by her second line", 102, Some(ALTERNATE), Ok((ALTERNATE, true))),
        ("a delegate by her private line", 102, Some(PRIVATE), none),
        ("no delegate", 103, Some(ALTERNATE), Err(RouteRefusal::NotADelegate)),
        (
            "an alternate line alone, named",
            103,
            Some("+442079460013"),
            Ok(("+442079460013", false)),
        ),
        ("an alternate line alone", 103, None, none),
        ("a private line beside it", 103, Some("+442079460014"), none),
        ("a private line alone", 104, None, none),
        ("a private line alone, named", 104, Some("+442079460015"), none),
    ] {
        for (called, leaves) in [("+493012345678", true), ("+442079460002", false)] {
            let on_behalf = asked.map(e164);
            let call = Call::new(Source::User(UserId(id(user))), called, "");
            let found = route(&world, Call { on_behalf, ..call }, &mut NoTrace);
            let got = found.map(|r| (r.caller_id, r.on_behalf.is_some()));
            let want = match shown {
                Ok((number, behalf)) => Ok((Some(e164(number)), behalf)),
                // Inside they are reached, and shown by no number.
                Err(RouteRefusal::UserHasNoNumber) if !leaves => Ok((None, false)),
                Err(refusal) => Err(refusal),
            };
            assert_eq!(got, want, "{name}: {called}");
            if leaves && let Ok(r) = found {
                assert_eq!(r.number, r.caller_id, "{name}: what the record says is what was used");
            }
        }
    }
}

#[test]
fn help_is_called_by_the_primary_or_an_alternate_alone_and_calls_back_the_person() {
    // Alice's is her number, whichever line she names; erin's private line shows nobody who calls.
    for (user, asked, number) in [
        (100, None, PRIMARY),
        (100, Some(ALTERNATE), PRIMARY),
        (103, None, "+442079460013"),
        (103, Some("+442079460014"), "+442079460013"),
        (104, None, "+442079460002"),
        (104, Some("+442079460015"), "+442079460002"),
    ] {
        let on_behalf = asked.map(e164);
        let call = Call::new(Source::User(UserId(id(user))), "999", "");
        let found = route(&Lined(Vec::new()), Call { on_behalf, ..call }, &mut NoTrace);
        let found = found.expect("help is called");
        assert_eq!((found.kind, found.caller_id), (CallKind::Emergency, Some(e164(number))));
        let theirs = number != "+442079460002";
        assert_eq!(found.reserves, theirs.then(|| e164(number)), "{user}");
    }
    // Dave forwards his calls to a queue, and is rung all the same.
    let forwarding = Some(Forwarding::Immediate(ForwardTarget::Number(e164("+442079460002"))));
    let world = Lined(vec![(103, CallingSettings { forwarding, ..CallingSettings::default() })]);
    let dave = UserId(id(103));
    let kept = |number| (number == e164("+442079460013")).then_some(dave);
    for (reserved, destination) in [
        (Reserved::NONE, Destination::Queue(ResourceAccountId(id(5)))),
        (Reserved::new(&kept), Destination::User(dave)),
    ] {
        let call = Call::new(Source::Trunk(TrunkId(id(11))), "+442079460013", "");
        let found = route(&world, Call { reserved, ..call }, &mut NoTrace).expect("routed");
        assert_eq!(found.destination, destination);
    }
}

#[test]
fn a_call_to_a_private_line_that_is_forwarded_outside_is_vouched_for_by_the_primary() {
    let outside = Some(Forwarding::Immediate(ForwardTarget::Number(e164("+493012345678"))));
    let settings = CallingSettings { forwarding: outside, ..CallingSettings::default() };
    let world = Lined(vec![(100, settings.clone()), (104, settings)]);
    let call = |called| Call::new(Source::Trunk(TrunkId(id(11))), called, "");
    let found = route(&world, call(PRIVATE), &mut NoTrace).expect("routed");
    assert_eq!(found.forwarded.and_then(|f| f.number), Some(e164(PRIMARY)));
    // Who calls out by no number forwards nowhere: it rings.
    let found = route(&world, call("+442079460015"), &mut NoTrace).expect("routed");
    assert_eq!(found.destination, Destination::User(UserId(id(104))));
}
