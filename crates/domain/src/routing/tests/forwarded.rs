//! Forwarding, who rings together, and on whose behalf somebody calls.

use super::*;
use crate::calling::{
    CallingSettings, Delegate, ForwardTarget, Forwarding, TargetUri, Unanswered, UnansweredDelay,
    VoiceTarget, VoiceTargets,
};

/// [`Little`] with people's settings, and a voicemail where there is one; carol has no number.
struct Settled {
    /// Whoever was deactivated.
    gone: Option<UserId>,
    settings: Vec<(u128, CallingSettings)>,
    targets: VoiceTargets,
}

impl World for Settled {
    fn number(&self, number: E164) -> Option<NumberView> {
        Little.number(number)
    }
    fn user(&self, user: UserId) -> Option<UserView> {
        let phone = self.gone != Some(user);
        Little.user(user).map(|found| UserView { phone, ..found })
    }
    as_in_little!();
    fn calling_settings(&self, user: UserId) -> Option<&CallingSettings> {
        self.settings.iter().find(|(n, _)| UserId(id(*n)) == user).map(|(_, settings)| settings)
    }
    fn voice_targets(&self, _: TenantId) -> Option<&VoiceTargets> {
        Some(&self.targets)
    }
}

const VOICEMAIL: TrunkId = TrunkId(id(77));

fn settled(settings: &[(u128, Forwarding)]) -> Settled {
    let made = |forwarding: &Forwarding| CallingSettings {
        forwarding: Some(*forwarding),
        ..CallingSettings::default()
    };
    let target = VoiceTarget {
        uri: TargetUri::parse("sip:vm@vm.example").expect("a URI"),
        gateway: VOICEMAIL,
        enabled: true,
    };
    Settled {
        gone: None,
        settings: settings.iter().map(|(n, forwarding)| (*n, made(forwarding))).collect(),
        targets: VoiceTargets { voicemail: Some(target), announcements: Vec::new() },
    }
}

fn abroad() -> ForwardTarget {
    ForwardTarget::Number(E164::parse("+493012345678").expect("number"))
}

fn own_number(text: &str) -> ForwardTarget {
    ForwardTarget::Number(E164::parse(text).expect("number"))
}

#[test]
fn calls_go_where_people_forward_them_and_else_ring() {
    use ForwardTarget::{Group, User, Voicemail};
    use Forwarding::{Immediate, Simultaneous};
    let (alice, bob) = (UserId(id(100)), UserId(id(101)));
    let voicemail = |of| Destination::Target { gateway: VOICEMAIL, play: Play::Voicemail(of) };
    let queue = Destination::Queue(ResourceAccountId(id(5)));
    let outside = Destination::Trunks {
        profile: CallingProfileId(id(10)),
        digits: Dialled::Number(E164::parse("+493012345678").expect("number")),
    };
    let a = |target| (100, Immediate(target));
    let b = |target| (101, Immediate(target));
    for (settings, destination, forwarded) in [
        (vec![], Destination::User(alice), None),
        (vec![a(Voicemail)], voicemail(alice), Some((alice, 1))),
        (vec![a(User(bob))], Destination::User(bob), Some((alice, 1))),
        // Bob's voicemail answers for what was sent to Bob.
        (vec![a(User(bob)), b(Voicemail)], voicemail(bob), Some((bob, 2))),
        (vec![a(own_number("+442079460002"))], queue, Some((alice, 1))),
        (vec![a(own_number("+442079460004"))], Destination::User(bob), Some((alice, 1))),
        (vec![a(abroad())], outside, Some((alice, 1))),
        // Bob has no licence: his calls go nowhere he could not call.
        (vec![a(User(bob)), b(abroad())], Destination::User(bob), Some((alice, 1))),
        // Nobody, a stranger, nobody's number, an empty queue, no group: it rings.
        (vec![a(User(UserId(id(999))))], Destination::User(alice), None),
        (vec![a(own_number("+442079460009"))], Destination::User(alice), None),
        (vec![a(own_number("+442079460003"))], Destination::User(alice), None),
        (vec![a(own_number("+442079460001"))], Destination::User(alice), None),
        (vec![a(Group)], Destination::User(alice), None),
        // Round and round: the fifth rings.
        (vec![a(User(bob)), b(User(alice))], Destination::User(bob), Some((alice, 5))),
        (vec![(100, Simultaneous(abroad()))], Destination::User(alice), None),
    ] {
        let world = settled(&settings);
        let source = Source::Trunk(TrunkId(id(11)));
        let call = Call::new(source, "+442079460001", "");
        let found = route(&world, call, &mut NoTrace).expect("routed");
        assert_eq!(found.destination, destination, "{settings:?}");
        assert_eq!(found.forwarded.map(|f| (f.by, f.times)), forwarded, "{settings:?}");
        assert_eq!((found.called, found.number.is_some()), (Some(alice), true));
        // What was forwarded often enough before is not forwarded here.
        let often = Call { diversions: MOST_FORWARDS, ..call };
        let stays = route(&world, often, &mut NoTrace).expect("routed");
        assert_eq!(stays.destination, Destination::User(alice), "{settings:?}");
        // A dialog is taken over where it stands.
        let source = Source::User(UserId(id(102)));
        let takes =
            Call { takes_over: Some(FarEnd::Phone), ..Call::new(source, "+442079460001", "") };
        let found = route(&world, takes, &mut NoTrace).expect("routed");
        assert_eq!(found.destination, Destination::User(alice), "{settings:?}");
    }
}

#[test]
fn who_rings_together_and_for_how_long() {
    let (alice, bob) = (UserId(id(100)), UserId(id(101)));
    let whom = (TenantId(id(1)), alice);
    let with = |target| settled(&[(100, Forwarding::Simultaneous(target))]);
    let people = |world: &Settled| alongside(world, whom, 0, &mut NoTrace).people;
    assert_eq!(people(&with(ForwardTarget::User(bob))), [bob]);
    // The queue's agents, but for herself.
    assert_eq!(people(&with(own_number("+442079460002"))), [bob]);
    let outside = alongside(&with(abroad()), whom, 0, &mut NoTrace).outside.expect("a way");
    assert_eq!(outside.forwarded.operator, Some(OperatorId(id(1))));
    assert_eq!(alongside(&with(abroad()), whom, MOST_FORWARDS, &mut NoTrace).outside, None);

    let delay = UnansweredDelay::try_from(40).expect("a delay");
    let mut world = settled(&[]);
    let unanswered = Some(Unanswered { target: ForwardTarget::Voicemail, delay });
    world.settings.push((100, CallingSettings { unanswered, ..CallingSettings::default() }));
    assert_eq!(ring_seconds(&world, whom, 0), Some(40));
    assert_eq!(ring_seconds(&world, whom, MOST_FORWARDS), None, "it goes nowhere any more");
    if let Some(target) = &mut world.targets.voicemail {
        target.enabled = false;
    }
    assert_eq!(ring_seconds(&world, whom, 0), None, "there is nothing to go to");
}

#[test]
fn whose_number_a_call_may_show() {
    let mut world = settled(&[]);
    let delegate =
        |n, make_calls| Delegate { user: UserId(id(n)), make_calls, receive_calls: !make_calls };
    let delegates = vec![delegate(102, true)];
    world.settings.push((100, CallingSettings { delegates, ..CallingSettings::default() }));
    let by = |world: &Settled, user, asked: &str| {
        let source = Source::User(UserId(id(user)));
        let on_behalf = E164::parse(asked).ok();
        let call = Call { on_behalf, ..Call::new(source, "+493012345678", "") };
        route(world, call, &mut NoTrace).map(|r| {
            (r.caller_id.map(|n| n.to_string()).unwrap_or_default(), r.on_behalf.is_some())
        })
    };
    let alice = "+442079460001";
    // Carol has no number of her own, and calls by Alice's.
    assert_eq!(by(&world, 102, alice), Ok((alice.to_owned(), true)));
    assert_eq!(by(&world, 102, "+442079460002"), Err(RouteRefusal::UserHasNoNumber));
    assert_eq!(by(&world, 100, alice), Ok((alice.to_owned(), false)));
    assert_eq!(by(&world, 100, "+442079460004"), Err(RouteRefusal::NotADelegate));
    assert_eq!(by(&world, 100, "+15550100999"), Ok((alice.to_owned(), false)));
    world.settings[0].1.delegates = vec![delegate(102, false)];
    assert_eq!(by(&world, 102, alice), Err(RouteRefusal::NotADelegate));
    assert_eq!(RouteRefusal::NotADelegate.sip_status(), 403);
    // Bob's licence was taken: nobody calls in his place either, outside or inside.
    let delegates = vec![delegate(102, true)];
    world.settings.push((101, CallingSettings { delegates, ..CallingSettings::default() }));
    assert_eq!(by(&world, 102, "+442079460004"), Err(RouteRefusal::OnBehalfUnlicensed));
    assert_eq!(RouteRefusal::OnBehalfUnlicensed.sip_status(), 403);
    assert_eq!(RouteRefusal::OnBehalfUnlicensed.code(), "on_behalf_unlicensed");
    let source = Source::User(UserId(id(102)));
    let on_behalf = E164::parse("+442079460004").ok();
    let mut told = Recorded::default();
    let call = Call { on_behalf, ..Call::new(source, "+442079460001", "") };
    assert_eq!(route(&world, call, &mut told), Err(RouteRefusal::OnBehalfUnlicensed));
    assert!(told.0.iter().any(|(rule, _)| *rule == "delegation.unlicensed"), "{told:?}");
}

#[test]
fn whoever_was_deactivated_stands_for_nobody() {
    let (alice, bob) = (UserId(id(100)), UserId(id(101)));
    let group = vec![bob, UserId(id(102))];
    let settings = |call_group: Vec<UserId>| CallingSettings {
        forwarding: Some(Forwarding::Immediate(ForwardTarget::Group)),
        call_group,
        ..CallingSettings::default()
    };
    let call = Call::new(Source::Trunk(TrunkId(id(11))), "+442079460001", "");
    let circle_of = Destination::Circle { of: alice, which: Circle::Group };
    for (call_group, gone, destination, rings) in [
        (group.clone(), None, circle_of, 2),
        (group, Some(bob), circle_of, 1),
        // Nobody is left: it rings as without.
        (vec![bob], Some(bob), Destination::User(alice), 0),
    ] {
        let world = Settled { gone, ..settled(&[]) };
        let world = Settled { settings: vec![(100, settings(call_group))], ..world };
        let found = route(&world, call, &mut NoTrace).expect("routed");
        assert_eq!(found.destination, destination, "{gone:?}");
        let mut people = Vec::new();
        circle(&world, alice, Circle::Group, &mut |user| people.push(user));
        assert_eq!((people.len(), people.contains(&bob)), (rings, gone.is_none()));
    }
}
