use super::*;
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn number() -> E164 {
    E164::parse("+442079460001").expect("number")
}

#[test]
fn the_narrowest_holds() {
    let group = |n: u128| GroupId(id(n));
    let ranked = |n, rank, policy| (group(n), rank, policy);
    let via_group = |n, rank| Via::Group { group: group(n), rank };
    for (on_number, direct, groups, global, expect) in [
        (None, None, vec![], None, None),
        (None, None, vec![], Some('g'), Some(('g', Via::Global))),
        (None, None, vec![ranked(1, 2, 'a')], Some('g'), Some(('a', via_group(1, 2)))),
        (
            None,
            None,
            vec![ranked(1, 2, 'a'), ranked(2, 1, 'b')],
            Some('g'),
            Some(('b', via_group(2, 1))),
        ),
        (None, Some('d'), vec![ranked(2, 1, 'b')], Some('g'), Some(('d', Via::Direct))),
        (
            Some('n'),
            Some('d'),
            vec![ranked(2, 1, 'b')],
            Some('g'),
            Some(('n', Via::Number(number()))),
        ),
    ] {
        let on_number = on_number.map(|policy| (number(), policy));
        assert_eq!(effective(on_number, direct, groups, global), expect);
    }
}

#[test]
fn assignments_come_and_go() {
    let restrict = |n: u128, reach| Policy {
        id: PolicyId(id(n)),
        name: format!("p{n}"),
        rule: PolicyRule::DialOut(DialOut { reach, premium: true, conferencing: Reach::default() }),
    };
    let kind = PolicyKind::OnlineDialOutPolicy;
    let mut all = TenantPolicies::default();
    assert!(all.is_empty());
    let (ann, ben) = (UserId(id(100)), UserId(id(101)));
    let (sales, staff) = (GroupId(id(200)), GroupId(id(201)));
    for n in 1..=5 {
        all.put(restrict(n, Reach::Domestic));
    }
    let of = |all: &TenantPolicies, user, number| {
        let found = all.effective(Holder { user: Some(user), number }, kind);
        found.map(|(policy, via)| (policy.id.0.as_u128(), via.as_str()))
    };
    assert_eq!(of(&all, ann, None), None, "a policy alone does nothing");
    all.assign(kind, PolicyTarget::Global, Some(PolicyId(id(1))));
    all.join(sales, &[ann, ben]);
    all.join(staff, &[ann]);
    let target = |group, rank| PolicyTarget::Group { group, rank };
    all.assign(kind, target(sales, 20), Some(PolicyId(id(2))));
    all.assign(kind, target(staff, 10), Some(PolicyId(id(3))));
    assert_eq!(of(&all, ann, None), Some((3, "group")));
    assert_eq!(of(&all, ben, None), Some((2, "group")));
    assert_eq!(of(&all, UserId(id(102)), None), Some((1, "global")));
    let other = PolicyKind::TenantDialPlan;
    assert!(all.effective(Holder { user: Some(ann), number: None }, other).is_none());
    all.assign(kind, PolicyTarget::User(ann), Some(PolicyId(id(4))));
    all.assign(kind, PolicyTarget::Number(number()), Some(PolicyId(id(5))));
    assert_eq!(of(&all, ann, None), Some((4, "direct")));
    assert_eq!(of(&all, ann, Some(number())), Some((5, "number")));
    all.forget_number(number());
    all.assign(kind, PolicyTarget::User(ann), None);
    assert_eq!(of(&all, ann, Some(number())), Some((3, "group")));
    all.leave(staff, &[ann]);
    assert_eq!(of(&all, ann, None), Some((2, "group")));
    all.disband(sales);
    assert_eq!(of(&all, ann, None), Some((1, "global")));
    all.assign(kind, PolicyTarget::Global, None);
    assert_eq!(of(&all, ann, None), None);
    for n in 1..=5 {
        all.remove(PolicyId(id(n)));
    }
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn kinds_read_as_they_are_written() {
    for kind in PolicyKind::ALL {
        assert_eq!(PolicyKind::parse(kind.as_str()), Some(kind));
        assert_eq!(PolicyKind::ALL[kind as usize], kind, "the order of the tables");
    }
    assert_eq!(PolicyKind::parse("TeamsFeedbackPolicy"), None);
}
