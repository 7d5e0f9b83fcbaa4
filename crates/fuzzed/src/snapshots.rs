//! Properties of snapshot files.

use domain::emergency::ProfileEmergency;
use domain::number::{AssignmentTarget, Usage};
use domain::{CallingProfileId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId};
use feed::change::Position;
use feed::record::{
    CallingProfileRecord, EdgeKey, NumberRecord, OperatorRecord, PhoneCredential, QueueRecord,
    TenantRecord, Transport, TrunkRecord, UserRecord,
};
use feed::snapshot::{Snapshot, WorldRecords, write_snapshot};
use feed::wrap::{WrapKey, wrap_key};
use numbering::{Country, E164};
use uuid::Uuid;

/// First bytes of an input and what they choose: the file itself, or one section
/// of a good file replaced, its checksum made right.
pub const FORMS: [&str; 2] = ["file", "section"];

/// Bytes of a file's header and of a section's (docs of `feed::snapshot`).
const FILE_HEADER: usize = 52;
const SECTION_HEADER: usize = 20;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn key() -> WrapKey {
    wrap_key("a token")
}

/// A good file with one record of each kind.
pub fn sample() -> Vec<u8> {
    let mut world = WorldRecords::empty(Position { epoch: id(9), position: 1 }, 7);
    let country = Country::parse("GB").expect("a country");
    let number = E164::parse("+442079460001").expect("a number");
    world.operators.push(OperatorRecord { id: OperatorId(id(1)), name: "A".into() });
    world.trunks.push(TrunkRecord {
        id: TrunkId(id(2)),
        operator: OperatorId(id(1)),
        fqdn: "a.example".into(),
        address: "192.0.2.1:5060".parse().expect("an address"),
        sources: Vec::new(),
        match_port: false,
        transport: Transport::Udp,
        enabled: true,
        send_options: true,
        options_interval_seconds: 10,
        failover_time_seconds: 2,
        max_uri: 256,
        single_early_dialog: false,
        max_concurrent_calls: None,
        max_calls_per_second: None,
    });
    world.profiles.push(CallingProfileRecord {
        id: CallingProfileId(id(3)),
        operator: OperatorId(id(1)),
        trunks: vec![TrunkId(id(2))],
        emergency: ProfileEmergency::default(),
    });
    world.tenants.push(TenantRecord {
        id: TenantId(id(4)),
        name: "T".into(),
        domain: "t.example".into(),
        fraud_limits: None,
        trusted_networks: Vec::new(),
    });
    world.users.push(UserRecord {
        id: UserId(id(5)),
        tenant: TenantId(id(4)),
        display_name: "U".into(),
        licensed: true,
        conferencing: false,
        country,
        number: Some(number),
        alternate: None,
        phone: Some(PhoneCredential {
            username: "u".into(),
            ha1_sha256: "00".repeat(32),
            ha1_md5: "00".repeat(16),
        }),
    });
    world.queues.push(QueueRecord {
        id: ResourceAccountId(id(6)),
        tenant: TenantId(id(4)),
        display_name: "Q".into(),
        agents: vec![UserId(id(5))],
        ring_seconds: 30,
        number: None,
    });
    world.edge_keys.push(EdgeKey { id: 1, secret: vec![3; 32], seals_from_us: 0 });
    world.numbers.push(NumberRecord {
        number,
        tenant: TenantId(id(4)),
        operator: OperatorId(id(1)),
        profile: CallingProfileId(id(3)),
        country,
        usage: Usage::CallingUserAssignment,
        target: Some(AssignmentTarget::User(UserId(id(5)))),
        location: None,
        category: domain::line::AssignmentCategory::Primary,
        moving: None,
        other_holder: None,
    });
    write_snapshot(&world, &key())
}

/// A good file with the section `at` (counted round) holding `payload` and saying
/// it were so many records.
fn with_section(at: u8, records: u32, payload: &[u8]) -> Vec<u8> {
    let file = sample();
    let mut sections = Vec::new();
    let mut from = FILE_HEADER;
    while from < file.len() {
        let length: [u8; 8] = file[from + 8..from + 16].try_into().expect("eight bytes");
        let end = from + SECTION_HEADER + u64::from_le_bytes(length) as usize;
        sections.push(from..end);
        from = end;
    }
    let chosen = sections[usize::from(at) % sections.len()].clone();
    let mut head = file[chosen.start..chosen.start + 4].to_vec();
    head.extend_from_slice(&records.to_le_bytes());
    head.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&head);
    crc.update(payload);
    head.extend_from_slice(&crc.finalize().to_le_bytes());
    [&file[..chosen.start], &head, payload, &file[chosen.end..]].concat()
}

/// A snapshot file, or one section of it: what opens can be written and opened
/// again.
pub fn snapshot(data: &[u8]) {
    let [form, data @ ..] = data else { return };
    let file = match (usize::from(*form) % FORMS.len(), data) {
        (1, [at, a, b, payload @ ..]) => {
            with_section(*at, u32::from(u16::from_le_bytes([*a, *b])), payload)
        }
        _ => data.to_vec(),
    };
    let Ok(opened) = Snapshot::open(&file, &key()) else { return };
    let again = Snapshot::open(&opened.write(&key()), &key()).expect("what is written opens");
    assert_eq!(again.number_count(), opened.number_count());
    assert_eq!(again.position(), opened.position());
    let users = |s: &Snapshot| s.users().count();
    assert_eq!(users(&again), users(&opened));
}
