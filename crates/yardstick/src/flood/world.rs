//! What the edge knows: one organisation, one person with one phone, a thousand
//! numbers that ring it.

use super::Args;
use domain::emergency::ProfileEmergency;
use domain::number::{AssignmentTarget, Usage};
use domain::{CallingProfileId, OperatorId, TenantId, TrunkId, UserId};
use edge::recfile;
use feed::change::Position;
use feed::record::{
    CallingProfileRecord, NumberRecord, OperatorRecord, PhoneCredential, TenantRecord, TrunkRecord,
    UserRecord,
};
use feed::snapshot::{Snapshot, WorldRecords};
use feed::wrap::wrap_key;
use numbering::{Country, E164};
use sip::digest::Ha1;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::{fs, io};
use uuid::Uuid;

pub const NUMBERS: u64 = 1_000;
pub const FIRST: u64 = 442_079_460_000;
pub const DOMAIN: &str = "flood.example";
pub const USER: &str = "desk";
pub const PASSWORD: &str = "nothing to protect";

/// Writes the data folder of the edge.
pub fn write(folder: &Path, args: &Args) -> io::Result<()> {
    let id = Uuid::from_u128;
    let country = Country::parse("GB").map_err(io::Error::other)?;
    let (operator, trunk) = (OperatorId(id(1)), TrunkId(id(2)));
    let (profile, tenant, user) = (CallingProfileId(id(3)), TenantId(id(4)), UserId(id(5)));
    let mut world = WorldRecords::empty(Position { epoch: id(6), position: 1 }, 0);
    world.operators.push(OperatorRecord { id: operator, name: "Operator A".into() });
    // In the form of the wire, so that fields of later versions need no word here.
    let record: TrunkRecord = serde_json::from_value(serde_json::json!({
        "id": trunk,
        "operator": operator,
        "fqdn": "sbc1.operator-a.example",
        "address": SocketAddr::V4(args.trunk),
        "sources": [IpAddr::V4(*args.trunk.ip())],
        "match_port": true,
        "transport": "udp",
        "enabled": true,
        "send_options": false,
        "options_interval_seconds": 60,
        "failover_time_seconds": 10,
        "max_uri": 256,
    }))?;
    world.trunks.push(record);
    world.profiles.push(CallingProfileRecord {
        id: profile,
        operator,
        trunks: vec![trunk],
        emergency: ProfileEmergency::default(),
    });
    let secret: Vec<u8> = (0..64).collect();
    let key = serde_json::json!({ "id": 1, "secret": secret });
    world.edge_keys.push(serde_json::from_value(key)?);
    world.tenants.push(TenantRecord {
        id: tenant,
        name: "Organisation".into(),
        domain: DOMAIN.into(),
        fraud_limits: None,
        trusted_networks: Vec::new(),
    });
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let ha1 = Ha1::from_password(USER, DOMAIN, PASSWORD);
    world.users.push(UserRecord {
        id: user,
        tenant,
        display_name: "Front Desk".into(),
        licensed: true,
        conferencing: false,
        country,
        number: None,
        alternate: None,
        phone: Some(PhoneCredential {
            username: USER.into(),
            ha1_sha256: hex(&ha1.sha256.unwrap_or_default()),
            ha1_md5: hex(&ha1.md5.unwrap_or_default()),
        }),
    });
    for n in 0..NUMBERS {
        world.numbers.push(NumberRecord {
            number: E164::from_value(FIRST + n).ok_or_else(|| io::Error::other("no number"))?,
            tenant,
            operator,
            profile,
            country,
            usage: Usage::CallingUserAssignment,
            target: Some(AssignmentTarget::User(user)),
            location: None,
            category: domain::line::AssignmentCategory::Primary,
            moving: None,
            other_holder: None,
        });
    }
    let registered = serde_json::json!({
        "kind": "put",
        "user": user,
        "contact": format!("sip:{USER}@{}", args.phones),
        "flow": { "transport": "udp", "listener": 0, "addr": args.phones },
        "expires_us": i64::MAX,
        "call_id": "register",
        "cseq": 1,
    });
    let mut bytes = Vec::new();
    recfile::encode(registered.to_string().as_bytes(), &mut bytes);
    fs::create_dir_all(folder.join("world"))?;
    recfile::replace(&folder.join("registrations"), &bytes)?;
    let snapshot = Snapshot::from_records(world).write(&wrap_key(&args.token));
    recfile::replace(&folder.join("world").join("snapshot"), &snapshot)
}
