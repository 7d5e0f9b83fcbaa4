//! A little exchange: two operators, one tenant, two people, one queue.

use domain::emergency::ProfileEmergency;
use domain::fraud::FraudLimits;
use domain::number::{AssignmentTarget, Usage};
use domain::{CallingProfileId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId};
use feed::change::Position;
use feed::record::*;
use feed::snapshot::WorldRecords;
use numbering::{Country, E164};
use sip::digest::Ha1;
use std::net::SocketAddr;
use uuid::Uuid;

pub const DOMAIN: &str = "contoso.example";
pub const ALICE: u128 = 100;
pub const BOB: u128 = 101;
pub const QUEUE: u128 = 200;
pub const TRUNK_A1: u128 = 11;
pub const TRUNK_A2: u128 = 12;
pub const ALICE_NUMBER: &str = "+442079460001";
pub const BOB_NUMBER: &str = "+442079460002";
pub const QUEUE_NUMBER: &str = "+442079460003";

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn trunk(n: u128, address: SocketAddr, transport: Transport) -> TrunkRecord {
    TrunkRecord {
        id: TrunkId(id(n)),
        operator: OperatorId(id(1)),
        fqdn: format!("trunk{n}.op.example"),
        address,
        sources: Vec::new(),
        match_port: true,
        transport,
        enabled: true,
        send_options: false,
        options_interval_seconds: 10,
        failover_time_seconds: 2,
        max_uri: 256,
        single_early_dialog: false,
        max_concurrent_calls: None,
        max_calls_per_second: None,
    }
}

pub fn user(n: u128, name: &str, number: &str) -> UserRecord {
    let ha1 = Ha1::from_password(name, DOMAIN, &format!("{name}-secret"));
    let hex = |b: &[u8]| b.iter().map(|b| format!("{b:02x}")).collect::<String>();
    UserRecord {
        id: UserId(id(n)),
        tenant: TenantId(id(1)),
        display_name: name.into(),
        licensed: true,
        conferencing: false,
        country: gb(),
        number: Some(E164::parse(number).expect("number")),
        alternate: None,
        phone: Some(PhoneCredential {
            username: name.into(),
            ha1_sha256: hex(&ha1.sha256.expect("both")),
            ha1_md5: hex(&ha1.md5.expect("both")),
        }),
    }
}

pub fn gb() -> Country {
    Country::parse("GB").expect("GB")
}

/// The exchange with these trunks, in one profile.
pub fn world(trunks: Vec<TrunkRecord>) -> WorldRecords {
    let mut w = WorldRecords::empty(Position { epoch: id(999), position: 1 }, 0);
    w.operators.push(OperatorRecord { id: OperatorId(id(1)), name: "Operator A".into() });
    w.profiles.push(CallingProfileRecord {
        id: CallingProfileId(id(10)),
        operator: OperatorId(id(1)),
        trunks: trunks.iter().map(|t| t.id).collect(),
        emergency: ProfileEmergency::default(),
    });
    w.trunks = trunks;
    w.tenants.push(TenantRecord {
        id: TenantId(id(1)),
        name: "Contoso".into(),
        domain: DOMAIN.into(),
        // Tests dial abroad as often as they like.
        fraud_limits: Some(FraudLimits { person: Default::default(), tenant: Default::default() }),
        trusted_networks: Vec::new(),
    });
    w.users = vec![user(ALICE, "alice", ALICE_NUMBER), user(BOB, "bob", BOB_NUMBER)];
    w.queues.push(QueueRecord {
        id: ResourceAccountId(id(QUEUE)),
        tenant: TenantId(id(1)),
        display_name: "Sales".into(),
        agents: vec![UserId(id(ALICE)), UserId(id(BOB))],
        ring_seconds: 20,
        number: Some(E164::parse(QUEUE_NUMBER).expect("number")),
    });
    w.edge_keys.push(EdgeKey { id: 1, secret: (0..64).collect(), seals_from_us: 0 });
    for (number, usage, target) in [
        (ALICE_NUMBER, Usage::CallingUserAssignment, AssignmentTarget::User(UserId(id(ALICE)))),
        (BOB_NUMBER, Usage::CallingUserAssignment, AssignmentTarget::User(UserId(id(BOB)))),
        (
            QUEUE_NUMBER,
            Usage::FirstPartyAppAssignment,
            AssignmentTarget::ResourceAccount(ResourceAccountId(id(QUEUE))),
        ),
    ] {
        w.numbers.push(NumberRecord {
            number: E164::parse(number).expect("number"),
            tenant: TenantId(id(1)),
            operator: OperatorId(id(1)),
            profile: CallingProfileId(id(10)),
            country: gb(),
            usage,
            target: Some(target),
            location: None,
            category: domain::line::AssignmentCategory::Primary,
            moving: None,
            other_holder: None,
        });
    }
    w
}
