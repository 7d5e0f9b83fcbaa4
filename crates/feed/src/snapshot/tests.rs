use super::*;
use crate::change::{Change, ChangeEntry};
use crate::record::{PhoneCredential, Transport};
use crate::wrap::wrap_key;
use domain::emergency::ProfileEmergency;
use domain::line::AssignmentCategory;
use domain::number::{AssignmentTarget, Usage};
use domain::routing::World;
use domain::trusted::TrustedNetwork;
use domain::{
    CallingProfileId, LocationId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId,
};
use numbering::{Country, E164};
use uuid::Uuid;

const HA1: &str = "00112233445566778899aabbccddeeff";

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn gb() -> Country {
    Country::parse("GB").expect("GB")
}

fn number(value: u64, user: Option<u128>) -> NumberRecord {
    NumberRecord {
        number: E164::from_value(value).expect("in range"),
        tenant: TenantId(id(1)),
        operator: OperatorId(id(2)),
        profile: CallingProfileId(id(3)),
        country: gb(),
        usage: Usage::CallingUserAssignment,
        target: user.map(|u| AssignmentTarget::User(UserId(id(u)))),
        location: user.map(|_| LocationId(id(77))),
        category: AssignmentCategory::Primary,
        moving: None,
        other_holder: None,
    }
}

fn trunk(n: u128, address: &str, match_port: bool) -> TrunkRecord {
    TrunkRecord {
        id: TrunkId(id(n)),
        operator: OperatorId(id(2)),
        fqdn: format!("t{n}.op.example"),
        address: address.parse().expect("address"),
        sources: vec!["192.0.2.99".parse().expect("address")],
        match_port,
        transport: Transport::Udp,
        enabled: true,
        send_options: true,
        options_interval_seconds: 60,
        failover_time_seconds: 10,
        max_uri: 256,
        single_early_dialog: false,
        max_concurrent_calls: None,
        max_calls_per_second: None,
    }
}

fn user(n: u128, name: &str) -> UserRecord {
    UserRecord {
        id: UserId(id(n)),
        tenant: TenantId(id(1)),
        display_name: "Alice".into(),
        licensed: true,
        conferencing: false,
        country: gb(),
        number: E164::parse("+442079460001").ok(),
        alternate: None,
        phone: Some(PhoneCredential {
            username: name.into(),
            ha1_sha256: HA1.repeat(2),
            ha1_md5: HA1.into(),
        }),
    }
}

fn world() -> WorldRecords {
    let mut w = WorldRecords::empty(Position { epoch: id(500), position: 40 }, 1_700_000);
    w.operators.push(OperatorRecord { id: OperatorId(id(2)), name: "Op".into() });
    w.trunks = vec![trunk(11, "192.0.2.1:5060", false), trunk(12, "127.0.0.1:6001", true)];
    w.profiles.push(CallingProfileRecord {
        id: CallingProfileId(id(3)),
        operator: OperatorId(id(2)),
        trunks: vec![TrunkId(id(11)), TrunkId(id(12))],
        emergency: ProfileEmergency::default(),
    });
    w.tenants.push(TenantRecord {
        id: TenantId(id(1)),
        name: "Contoso".into(),
        domain: "Contoso.example".into(),
        fraud_limits: None,
        trusted_networks: Vec::new(),
    });
    w.users.push(user(100, "alice"));
    w.queues.push(QueueRecord {
        id: ResourceAccountId(id(5)),
        tenant: TenantId(id(1)),
        display_name: "Sales".into(),
        agents: vec![UserId(id(100))],
        ring_seconds: 20,
        number: None,
    });
    w.edge_keys.push(EdgeKey {
        id: 1,
        secret: b"thirty-two bytes of edge secret!".to_vec(),
        seals_from_us: 0,
    });
    w.numbers = vec![number(442_079_460_009, None), number(442_079_460_001, Some(100))];
    w
}

#[test]
fn what_is_written_opens_and_routes() {
    let key = wrap_key("token");
    let s = Snapshot::open(&write_snapshot(&world(), &key), &key).expect("opens");
    assert_eq!(s.position(), world().position);
    assert_eq!(s.created_at_us(), 1_700_000);
    assert_eq!(
        s.numbers().map(|n| n.number.value()).collect::<Vec<_>>(),
        [442_079_460_001, 442_079_460_009]
    );
    assert_eq!(
        s.number_record(E164::parse("+442079460001").expect("number")),
        Some(number(442_079_460_001, Some(100)))
    );
    assert_eq!(s.user_record(UserId(id(100))), Some(&user(100, "alice")));
    let tenant = s.tenant_by_domain("contoso.EXAMPLE").expect("by domain").id;
    assert_eq!(s.phone(tenant, "alice").expect("phone").1.ha1_md5, HA1);
    assert!(s.phone(tenant, "bob").is_none());
    assert_eq!(s.edge_keys(), world().edge_keys);
    let mut trunks = 0;
    World::trunks(&s, CallingProfileId(id(3)), &mut |_| trunks += 1);
    assert_eq!(trunks, 2);
    for country in [Some(gb()), None] {
        let number = s.tenant_number(tenant, country).map(|n| n.number.value());
        assert_eq!(number, Some(442_079_460_001));
    }
    let de = Country::parse("DE").expect("DE");
    assert_eq!(s.tenant_number(tenant, Some(de)), None);
    // Whoever comes to help is called by an operator's number where there is one, however low others are.
    let mut direct = world();
    let own = NumberRecord {
        operator: OperatorId::DIRECT_ROUTING,
        profile: CallingProfileId::DIRECT_ROUTING,
        ..number(442_079_450_000, None)
    };
    direct.numbers.insert(0, own);
    let lowest = |w: WorldRecords| {
        let s = Snapshot::from_records(w);
        s.tenant_number(tenant, None).map(|n| n.number.value())
    };
    assert_eq!(lowest(direct.clone()), Some(442_079_460_001));
    // Nobody's private line is shown, whoever is in need.
    let mut private = world();
    private.numbers[1].category = AssignmentCategory::Private;
    assert_eq!(lowest(private), Some(442_079_460_009));
    // One that leads to a meeting, or to whoever else called for help, is the last resort.
    let mut meeting = world();
    meeting.numbers[1].usage = Usage::ConferenceAssignment;
    assert_eq!(lowest(meeting.clone()), Some(442_079_460_009));
    meeting.numbers[1].usage = Usage::CallingUserAssignment;
    meeting.numbers[1].target = None;
    meeting.numbers[1].other_holder = Some(domain::assign::OtherHolder::Policy);
    assert_eq!(lowest(meeting.clone()), Some(442_079_460_009));
    meeting.numbers.remove(0);
    assert_eq!(lowest(meeting), Some(442_079_460_001));
    direct.numbers.truncate(1);
    assert_eq!(lowest(direct), Some(442_079_450_000));
    let mut served = Vec::new();
    for country in [gb(), de] {
        s.help(country, &mut |v| served.push((v.profile.0.as_u128(), v.serves, v.open)));
    }
    assert_eq!(served, [(3, true, true), (3, false, true)]);
}

#[test]
fn trusted_networks_come_and_go_with_their_tenants() {
    let network = |prefix: &str| TrustedNetwork {
        prefix: prefix.parse().expect("a network"),
        country: gb(),
        description: "Soho".into(),
        unproven_help: true,
    };
    let mut w = world();
    w.tenants[0].trusted_networks = vec![network("198.51.100.0/24"), network("2001:db8::/48")];
    let other = TenantRecord {
        id: TenantId(id(77)),
        name: "Fabrikam".into(),
        domain: "fabrikam.example".into(),
        fraud_limits: None,
        trusted_networks: vec![network("198.51.100.9"), network("198.51.100.0/24")],
    };
    w.tenants.push(other.clone());
    let key = wrap_key("token");
    let mut s = Snapshot::open(&write_snapshot(&w, &key), &key).expect("opens");
    let of = |s: &Snapshot, address: &str| -> Vec<(String, u8)> {
        let address = address.parse().expect("an address");
        s.trusted_networks(address).map(|(t, n)| (t.name.clone(), n.prefix.bits())).collect()
    };
    let is = |found: Vec<(String, u8)>, expect: &[(&str, u8)]| {
        let expect: Vec<_> = expect.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        assert_eq!(found, expect);
    };
    let (contoso, fabrikam) = (w.tenants[0].name.as_str(), "Fabrikam");
    let both = [(contoso, 24), (fabrikam, 24)];
    is(of(&s, "198.51.100.9"), &[&[(fabrikam, 32)], &both[..]].concat());
    is(of(&s, "::ffff:198.51.100.8"), &both);
    is(of(&s, "2001:db8:0:1::5"), &[(contoso, 48)]);
    is(of(&s, "192.0.2.1"), &[]);
    let put = |position, tenant| {
        let change = Change::TenantPut(tenant);
        ChangeEntry { position, at_us: 0, change }
    };
    let at = s.position().position;
    s.apply(&put(at + 1, TenantRecord { trusted_networks: Vec::new(), ..other.clone() }));
    is(of(&s, "198.51.100.9"), &[(contoso, 24)]);
    s.apply(&put(at + 2, TenantRecord { trusted_networks: vec![network("192.0.2.1")], ..other }));
    is(of(&s, "192.0.2.1"), &[(fabrikam, 32)]);

    // What the last release wrote has none.
    let old = r#"{"id":"00000000-0000-0000-0000-000000000001","name":"C","domain":"c.example"}"#;
    let old: TenantRecord = serde_json::from_str(old).expect("a tenant of 0.1.0");
    assert!(old.trusted_networks.is_empty());
    assert!(!serde_json::to_string(&old).expect("JSON").contains("trusted"));
}

#[test]
fn trunks_are_known_by_address_only() {
    let s = Snapshot::from_records(world());
    for (source, expect) in [
        ("192.0.2.1:5060", Some(11)),
        ("192.0.2.1:40000", Some(11)),
        ("[::ffff:192.0.2.1]:40000", Some(11)),
        ("192.0.2.99:1", Some(11)),
        ("127.0.0.1:6001", Some(12)),
        ("127.0.0.1:6002", None),
        ("192.0.2.2:5060", None),
    ] {
        let found = s.trunk_by_source(source.parse().expect("address")).map(|t| t.id.0.as_u128());
        assert_eq!(found, expect, "{source}");
    }
}

#[test]
fn no_secret_stands_in_the_file() {
    let bytes = write_snapshot(&world(), &wrap_key("token"));
    for secret in [HA1.as_bytes(), b"thirty-two bytes of edge secret!", b"746869727479"] {
        assert!(!bytes.windows(secret.len()).any(|w| w == secret));
    }
}

#[test]
fn damage_has_its_own_name() {
    let key = wrap_key("token");
    let bytes = write_snapshot(&world(), &key);
    assert_eq!(
        Snapshot::open(&bytes, &wrap_key("other")).map(|_| ()),
        Err(SnapshotError::WrongKey)
    );
    assert_eq!(Snapshot::open(b"GIF89a..", &key).map(|_| ()), Err(SnapshotError::NotASnapshot));
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert_eq!(
        Snapshot::open(&newer, &key).map(|_| ()),
        Err(SnapshotError::UnknownVersion { found: 9 })
    );
    for cut in 0..bytes.len() {
        let error = Snapshot::open(&bytes[..cut], &key).map(|_| ()).expect_err("cut off");
        assert_eq!(error.code(), "snapshot_truncated", "cut at {cut}: {error}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(Snapshot::open(&damaged, &key).is_err(), "byte {at} changed unseen");
    }
}

#[test]
fn a_section_of_the_future_is_passed_over() {
    let key = wrap_key("token");
    let mut bytes = write_snapshot(&world(), &key);
    bytes[44..48].copy_from_slice(&16u32.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..48]).to_le_bytes();
    bytes[48..52].copy_from_slice(&crc);
    let mut head = Vec::new();
    head.extend_from_slice(&999u16.to_le_bytes());
    head.extend_from_slice(&0u16.to_le_bytes());
    head.extend_from_slice(&1u32.to_le_bytes());
    head.extend_from_slice(&3u64.to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&head);
    crc.update(b"new");
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&crc.finalize().to_le_bytes());
    bytes.extend_from_slice(b"new");
    Snapshot::open(&bytes, &key).expect("the rest is as ever");
}

fn entry(position: u64, change: Change) -> ChangeEntry {
    ChangeEntry { position, at_us: 0, change }
}

#[test]
fn changes_lie_over_the_base_and_survive_writing() {
    let mut s = Snapshot::from_records(world());
    let before = s.clone();
    let gone = E164::parse("+442079460009").expect("number");
    assert_eq!(s.apply(&entry(40, Change::NumbersRemoved { numbers: vec![gone] })), Applied::Old);
    assert!(s.number(gone).is_some(), "an old entry changes nothing");
    s.apply(&entry(41, Change::NumbersRemoved { numbers: vec![gone] }));
    s.apply(&entry(42, Change::NumbersPut { numbers: vec![number(442_079_460_005, None)] }));
    s.apply(&entry(43, Change::UserPut(user(100, "alice2"))));
    s.apply(&entry(44, Change::UserRemoved { id: UserId(id(999)) }));
    s.apply(&entry(45, Change::TrunkPut(trunk(12, "127.0.0.1:7001", true))));
    let other = Change::Other { resource: "offer".into(), id: "1".into() };
    assert_eq!(s.apply(&entry(46, other)), Applied::Passed);

    let key = wrap_key("token");
    for s in [s.clone(), Snapshot::open(&s.write(&key), &key).expect("opens")] {
        assert_eq!(s.position().position, 46);
        let numbers: Vec<u64> = s.numbers().map(|n| n.number.value()).collect();
        assert_eq!(numbers, [442_079_460_001, 442_079_460_005]);
        assert_eq!(s.number(gone), None);
        assert!(s.phone(TenantId(id(1)), "alice").is_none(), "the old name is gone");
        assert!(s.phone(TenantId(id(1)), "alice2").is_some());
        assert!(s.trunk_by_source("127.0.0.1:6001".parse().expect("address")).is_none());
        assert!(s.trunk_by_source("127.0.0.1:7001".parse().expect("address")).is_some());
    }
    assert!(before.number(gone).is_some(), "who holds the old version is not disturbed");
}

#[test]
fn a_large_overlay_folds_without_losing_a_number() {
    let mut s = Snapshot::from_records(world());
    let mut position = 40;
    for chunk in 0..20u64 {
        let numbers = (0..1000).map(|n| number(449_000_000_000 + chunk * 1000 + n, None)).collect();
        position += 1;
        s.apply(&entry(position, Change::NumbersPut { numbers }));
    }
    assert_eq!(s.numbers().count(), 20_002);
    for value in [442_079_460_001, 449_000_000_000, 449_000_019_999] {
        assert!(s.number(E164::from_value(value).expect("in range")).is_some(), "{value}");
    }
}

#[test]
fn a_million_numbers_take_sixteen_bytes_each() {
    let mut w = world();
    w.numbers = (0..100_000).map(|n| number(440_000_000_000 + n * 7, Some(100))).collect();
    let key = wrap_key("token");
    let bytes = write_snapshot(&w, &key);
    assert!(bytes.len() < 100_000 * 16 + 8192, "{} bytes", bytes.len());
    let s = Snapshot::open(&bytes, &key).expect("opens");
    assert!(s.number(E164::from_value(440_000_699_993).expect("in range")).is_some());
}

mod policies {
    use super::*;
    use crate::record::{
        GroupMembersRecord, PolicyAssignmentRecord, PolicyRecord, ScreeningRecord,
    };
    use domain::policy::{
        DialOut, ExemptNumbers, Holder, PolicyBody, PolicyKind, PolicyTarget, Reach, ScreeningRules,
    };
    use domain::{GroupId, PolicyId};

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));
    const KIND: PolicyKind = PolicyKind::OnlineDialOutPolicy;

    fn policy(n: u128) -> Change {
        Change::PolicyPut(PolicyRecord {
            id: PolicyId(id(n)),
            tenant: TENANT,
            name: format!("p{n}"),
            body: PolicyBody::OnlineDialOutPolicy(DialOut {
                reach: Reach::None,
                premium: true,
                conferencing: Reach::default(),
            })
            .into(),
        })
    }

    fn assign(target: PolicyTarget, policy: Option<u128>) -> Change {
        let policy = policy.map(|n| PolicyId(id(n)));
        let kind = KIND.as_str().to_owned();
        Change::PolicyAssigned(PolicyAssignmentRecord {
            tenant: TENANT,
            kind,
            target: target.into(),
            policy,
        })
    }

    fn members(group: u128, joined: &[u128], left: &[u128]) -> Change {
        let people = |of: &[u128]| of.iter().map(|n| UserId(id(*n))).collect();
        Change::GroupMembers(GroupMembersRecord {
            tenant: TENANT,
            group: GroupId(id(group)),
            joined: people(joined),
            left: people(left),
        })
    }

    fn holds(s: &Snapshot) -> Option<(u128, &'static str)> {
        let number = E164::parse("+442079460001").ok();
        let holder = Holder { user: Some(UserId(id(100))), number };
        s.policy(TENANT, holder, KIND).map(|(policy, via)| (policy.id.0.as_u128(), via.as_str()))
    }

    #[test]
    fn policies_come_by_changes_and_by_the_file() {
        let key = wrap_key("token");
        let mut s = Snapshot::from_records(world());
        assert!(!s.has_policies(TENANT));
        let group = PolicyTarget::Group { group: GroupId(id(7)), rank: 1 };
        let number = E164::parse("+442079460001").expect("number");
        let mut at = s.position().position;
        for (change, expect) in [
            (policy(1), None),
            (policy(2), None),
            (assign(PolicyTarget::Global, Some(1)), Some((1, "global"))),
            (assign(group, Some(2)), Some((1, "global"))),
            (members(7, &[100, 101], &[]), Some((2, "group"))),
            (assign(PolicyTarget::User(UserId(id(100))), Some(1)), Some((1, "direct"))),
            (assign(PolicyTarget::Number(number), Some(2)), Some((2, "number"))),
            (Change::NumbersRemoved { numbers: vec![number] }, Some((1, "direct"))),
            (assign(PolicyTarget::User(UserId(id(100))), None), Some((2, "group"))),
            (members(7, &[], &[100]), Some((1, "global"))),
            (members(7, &[100], &[]), Some((2, "group"))),
            (Change::GroupRemoved { tenant: TENANT, id: GroupId(id(7)) }, Some((1, "global"))),
            (Change::PolicyRemoved { tenant: TENANT, id: PolicyId(id(1)) }, None),
        ] {
            at += 1;
            assert_eq!(s.apply(&entry(at, change.clone())), Applied::Changed);
            assert_eq!(holds(&s), expect, "{change:?}");
            let read = Snapshot::open(&s.write(&key), &key).expect("opens");
            assert_eq!(holds(&read), expect, "by the file: {change:?}");
            assert!(read.has_policies(TENANT) && !read.has_policies(TenantId(id(9))));
        }
        let rules = ScreeningRules {
            exempt: vec![ExemptNumbers { name: "a".into(), pattern: "1".into(), enabled: true }],
            ..ScreeningRules::default()
        };
        for (change, left) in [
            (Change::PolicyRemoved { tenant: TENANT, id: PolicyId(id(2)) }, true),
            (assign(PolicyTarget::Global, None), false),
            (Change::ScreeningPut(ScreeningRecord { tenant: TENANT, rules: rules.into() }), true),
            (
                Change::ScreeningPut(ScreeningRecord {
                    tenant: TENANT,
                    rules: ScreeningRules::default().into(),
                }),
                false,
            ),
        ] {
            at += 1;
            s.apply(&entry(at, change));
            assert_eq!(s.has_policies(TENANT), left, "a tenant without policies costs nothing");
        }
    }

    #[test]
    fn what_only_a_newer_version_knows_is_kept_and_has_no_effect() {
        let newer = r#"{"kind":"policy_put","body":{"id":"00000000-0000-0000-0000-000000000001",
            "tenant":"00000000-0000-0000-0000-000000000001","name":"new",
            "body":{"kind":"TeamsMoonPolicy","phase":"full"}}}"#;
        let change: Change = serde_json::from_str(newer).expect("passed over");
        let mut s = Snapshot::from_records(world());
        s.apply(&entry(41, change));
        s.apply(&entry(42, assign(PolicyTarget::Global, Some(1))));
        assert_eq!(holds(&s), None);
        let newer = r#"{"kind":"policy_assigned","body":{"tenant":
            "00000000-0000-0000-0000-000000000001","kind":"TeamsMoonPolicy","target":"global",
            "policy":"00000000-0000-0000-0000-000000000001"}}"#;
        s.apply(&entry(43, serde_json::from_str(newer).expect("passed over")));
        let key = wrap_key("token");
        Snapshot::open(&s.write(&key), &key).expect("opens");
    }
}

mod bridges {
    use super::*;
    use crate::record::{BridgeNumberRecord, BridgeRecord};
    use domain::BridgeId;
    use domain::conference::{LanguageTag, Languages};

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));

    fn bridge(n: u128, numbers: &[u64]) -> BridgeRecord {
        let tag = |text: &str| LanguageTag::parse(text).expect("a tag");
        BridgeRecord {
            id: BridgeId(id(n)),
            tenant: TENANT,
            name: format!("bridge {n}"),
            gateways: vec![TrunkId(id(31))],
            numbers: numbers
                .iter()
                .map(|n| BridgeNumberRecord {
                    number: E164::from_value(*n).expect("a number"),
                    languages: Languages::new(tag("en-GB"), vec![tag("fr-FR")]).expect("two"),
                })
                .collect(),
        }
    }

    #[test]
    fn languages_are_kept_as_the_rules_have_them() {
        let read = |text: &str| serde_json::from_str::<Languages>(text).ok();
        let alone = read(r#"{"primary":"EN-gb"}"#).expect("one alone");
        assert_eq!(serde_json::to_string(&alone).expect("JSON"), r#"{"primary":"en-GB"}"#);
        assert!(read(r#"{"primary":"en-GB","secondary":["fr-FR"]}"#).is_some());
        assert!(read(r#"{"primary":"en-GB","secondary":["en-GB"]}"#).is_none());
        assert!(read(r#"{"primary":"-"}"#).is_none());
    }

    #[test]
    fn bridges_come_by_changes_and_by_the_file() {
        let key = wrap_key("token");
        let mut s = Snapshot::from_records(world());
        s.apply(&entry(41, Change::BridgePut(bridge(50, &[442_079_460_050, 442_079_460_051]))));
        s.apply(&entry(42, Change::BridgePut(bridge(51, &[442_079_460_052]))));
        let of = |s: &Snapshot, n: u64| {
            let found = s.bridge_of(E164::from_value(n).expect("a number"));
            found.map(|(tenant, bridge)| {
                assert_eq!(tenant, TENANT);
                bridge.0.as_u128()
            })
        };
        for s in [&s, &Snapshot::open(&s.write(&key), &key).expect("opens")] {
            assert_eq!((of(s, 442_079_460_050), of(s, 442_079_460_052)), (Some(50), Some(51)));
            assert_eq!(of(s, 442_079_460_001), None);
            let number = E164::from_value(442_079_460_051).expect("a number");
            let (_, kept) = s.bridge_number(number).expect("kept");
            assert_eq!(kept.languages.secondary()[0].as_str(), "fr-FR");
            let mut gateways = Vec::new();
            assert!(s.bridge_gateways(TENANT, BridgeId(id(50)), &mut |id| gateways.push(id)));
            assert_eq!(gateways, [TrunkId(id(31))]);
            assert!(!s.bridge_gateways(TenantId(id(2)), BridgeId(id(50)), &mut |_| ()));
        }
        // A number that is unregistered is nobody's, and one that moved stays where it is.
        s.apply(&entry(43, Change::BridgePut(bridge(50, &[442_079_460_050]))));
        s.apply(&entry(44, Change::BridgePut(bridge(51, &[442_079_460_050]))));
        assert_eq!((of(&s, 442_079_460_051), of(&s, 442_079_460_052)), (None, None));
        s.apply(&entry(45, Change::BridgeRemoved { tenant: TENANT, id: BridgeId(id(50)) }));
        assert_eq!(of(&s, 442_079_460_050), Some(51));
    }
}

mod gateways {
    use super::*;
    use crate::record::{GatewayRecord, VoiceRoutingRecord};
    use domain::policy::{VoiceRouteRule, VoiceRoutingRules};
    use domain::routing::TrunkOwner;

    const TENANT: TenantId = TenantId(Uuid::from_u128(1));

    fn gateway(n: u128, address: &str, match_port: bool) -> GatewayRecord {
        let trunk = TrunkRecord {
            operator: OperatorId::DIRECT_ROUTING,
            sources: Vec::new(),
            ..trunk(n, address, match_port)
        };
        GatewayRecord { tenant: TENANT, country: gb(), voice_app: false, trunk }
    }

    fn of_tenant(s: &Snapshot) -> Vec<u128> {
        let mut found = Vec::new();
        s.gateways(TENANT, &mut |g| found.push(g.gateway.0.as_u128()));
        found
    }

    #[test]
    fn gateways_and_routes_come_by_changes_and_by_the_file() {
        let key = wrap_key("token");
        let mut s = Snapshot::from_records(world());
        s.apply(&entry(41, Change::GatewayPut(gateway(31, "192.0.2.31:5060", false))));
        s.apply(&entry(42, Change::GatewayPut(gateway(32, "192.0.2.32:5060", true))));
        let rules = VoiceRoutingRules {
            usages: vec!["All".into()],
            routes: vec![VoiceRouteRule {
                name: "all".into(),
                pattern: ".".into(),
                priority: 1,
                usages: vec!["All".into()],
                gateways: vec![TrunkId(id(31))],
                bridge_source: None,
            }],
        };
        let routing = |rules: VoiceRoutingRules| {
            Change::VoiceRoutingPut(VoiceRoutingRecord { tenant: TENANT, rules: rules.into() })
        };
        s.apply(&entry(43, routing(rules)));
        let usages = ["All".to_owned()];
        for s in [&s, &Snapshot::open(&s.write(&key), &key).expect("opens")] {
            assert_eq!(of_tenant(s), [31, 32]);
            let owner = s.trunk_owner(TrunkId(id(31)));
            assert_eq!(owner, Some(TrunkOwner::Tenant(TENANT, gb())));
            assert!(s.is_gateway(TrunkId(id(32))) && !s.is_gateway(TrunkId(id(11))));
            assert_eq!(s.operator_trunks().count(), 2, "operators' stay apart");
            let by = |source: &str| {
                let found = s.trunk_by_source(source.parse().expect("address"));
                found.map(|t| t.id.0.as_u128())
            };
            assert_eq!(by("192.0.2.31:7777"), Some(31));
            assert_eq!((by("192.0.2.32:5060"), by("192.0.2.32:7777")), (Some(32), None));
            let routes = s.voice_routes(TENANT).expect("routes");
            assert!(routes.matches(&usages, "+493012345678"));
        }
        // One that names an operator's address gets none of its calls.
        s.apply(&entry(44, Change::GatewayPut(gateway(33, "192.0.2.1:7000", true))));
        let found = s.trunk_by_source("192.0.2.1:7000".parse().expect("address"));
        assert_eq!(found.map(|t| t.id.0.as_u128()), Some(11));

        s.apply(&entry(45, routing(VoiceRoutingRules::default())));
        assert!(s.voice_routes(TENANT).is_none(), "a tenant without costs nothing");
        for (n, n_left) in [(31, 2), (32, 1), (33, 0)] {
            let removed = Change::GatewayRemoved { tenant: TENANT, id: TrunkId(id(n)) };
            s.apply(&entry(45 + n as u64, removed));
            assert_eq!(of_tenant(&s).len(), n_left);
        }
        assert!(s.trunk_by_source("192.0.2.31:5060".parse().expect("address")).is_none());
        assert_eq!(s.trunks().count(), 2);
    }
}

#[test]
fn a_line_that_is_no_primary_is_told_and_a_primary_is_written_as_it_was() {
    let plain = number(442_079_460_001, Some(100));
    let text = serde_json::to_string(&plain).expect("JSON");
    assert!(!text.contains("category"), "{text}");
    let private = NumberRecord { category: AssignmentCategory::Private, ..plain };
    let text = serde_json::to_string(&private).expect("JSON");
    assert!(text.contains(r#""category":"Private""#), "{text}");
    // Numbers that differ in nothing else keep their own.
    let mut w = world();
    let (one, two) = (number(442_079_460_011, Some(100)), number(442_079_460_012, Some(100)));
    w.numbers = vec![one, NumberRecord { category: AssignmentCategory::Alternate, ..two }];
    w.users[0].alternate = Some(two.number);
    let key = wrap_key("token");
    let read = Snapshot::open(&write_snapshot(&w, &key), &key).expect("opens");
    for wanted in &w.numbers {
        assert_eq!(read.number_record(wanted.number).as_ref(), Some(wanted));
    }
    let (user, seen) = (w.users[0].id, two.number);
    assert_eq!(read.user(user).and_then(|u| u.alternate), Some(seen));
}
