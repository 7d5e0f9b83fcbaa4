//! A great exchange on paper: what an edge keeps on disk when it knows a
//! million numbers, and the same numbers as a plain list for any other system.
//!
//! Every organisation has a front desk: one person with one phone, and a call
//! queue that rings it. All its numbers are the queue's, as a company's main
//! numbers are. Nothing is left to chance: the same arguments write the same
//! bytes.

use crate::WorldArgs;
use domain::emergency::ProfileEmergency;
use domain::number::{AssignmentTarget, Usage};
use domain::{CallingProfileId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId};
use edge::recfile;
use feed::change::Position;
use feed::record::{
    CallingProfileRecord, EdgeKey, NumberRecord, OperatorRecord, PhoneCredential, QueueRecord,
    TenantRecord, Transport, UserRecord,
};
use feed::snapshot::{Snapshot, WorldRecords};
use feed::wrap::wrap_key;
use numbering::{Country, E164};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use uuid::Uuid;

/// Ranges of ten million numbers each; an organisation has all its numbers in one.
const RANGES: [(u64, &str); 8] = [
    (4178, "CH"),
    (4179, "CH"),
    (4320, "AT"),
    (4420, "GB"),
    (4930, "DE"),
    (4989, "DE"),
    (3314, "FR"),
    (3902, "IT"),
];

const RANGE: u64 = 10_000_000;

/// 2026-01-01, microseconds: any fixed moment will do.
const WRITTEN_US: i64 = 1_767_225_600_000_000;

/// 2100-01-01, microseconds: no phone's registration ends while it is measured.
const EXPIRES_US: i64 = 4_102_444_800_000_000;

/// What an id is of, in its upper half.
#[derive(Clone, Copy)]
enum Kind {
    Epoch = 1,
    Operator,
    Trunk,
    Profile,
    Tenant,
    User,
    Queue,
}

/// Ids whose bits are spread as those of a UUID are: tables hash the whole, and
/// some look at the last byte alone.
fn id(kind: Kind, index: u32) -> Uuid {
    Uuid::from_u64_pair(
        mix(kind as u64) & !0xf000 | 0x7000,
        mix((kind as u64) << 32 | u64::from(index)),
    )
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn range_of(tenant: u32) -> (u64, Country) {
    let (prefix, country) = RANGES[tenant as usize % RANGES.len()];
    (prefix, Country::parse(country).expect("the table holds two-letter codes"))
}

/// The `index`th number: distinct for every index, its digits without order.
fn number(index: u32, tenants: u32) -> E164 {
    let (tenant, round) = (index % tenants, index / tenants);
    let per_round = u64::from(tenants.div_ceil(RANGES.len() as u32));
    let within = u64::from(round) * per_round + u64::from(tenant) / RANGES.len() as u64;
    // A factor without a common divisor with the range visits each number once.
    let digits = (within * 7_654_321 + 1_234_567) % RANGE;
    E164::from_value(range_of(tenant).0 * RANGE + digits).expect("eleven digits are a number")
}

fn user_name(tenant: u32) -> String {
    format!("desk{tenant}")
}

fn records(args: &WorldArgs) -> WorldRecords {
    let operator = OperatorId(id(Kind::Operator, 0));
    let trunk = TrunkId(id(Kind::Trunk, 0));
    let profile = CallingProfileId(id(Kind::Profile, 0));
    let epoch = Position { epoch: id(Kind::Epoch, 0), position: 1 };
    let mut world = WorldRecords::empty(epoch, WRITTEN_US);
    world.operators.push(OperatorRecord { id: operator, name: "Operator A".into() });
    // In its words on the wire: what later versions add keeps its default.
    let described = json!({
        "id": trunk,
        "operator": operator,
        "fqdn": "sbc1.operator-a.example",
        "address": args.trunk,
        "sources": [args.trunk.ip()],
        "match_port": true,
        "transport": Transport::Udp,
        "enabled": true,
        "send_options": false,
        "options_interval_seconds": 60,
        "failover_time_seconds": 6,
        "max_uri": 256,
    });
    world.trunks.push(serde_json::from_value(described).expect("these are a trunk's fields"));
    world.profiles.push(CallingProfileRecord {
        id: profile,
        operator,
        trunks: vec![trunk],
        emergency: ProfileEmergency::default(),
    });
    // A benchmark's secret protects nothing.
    let secret = (0..8).flat_map(|i| mix(i).to_le_bytes()).collect();
    world.edge_keys.push(EdgeKey { id: 1, secret, seals_from_us: 0 });
    for t in 0..args.tenants {
        let tenant = TenantId(id(Kind::Tenant, t));
        let user = UserId(id(Kind::User, t));
        let (_, country) = range_of(t);
        world.tenants.push(TenantRecord {
            id: tenant,
            name: format!("Organisation {t}"),
            domain: format!("t{t}.example"),
            fraud_limits: None,
            trusted_networks: Vec::new(),
        });
        world.users.push(UserRecord {
            id: user,
            tenant,
            display_name: format!("Front Desk {t}"),
            licensed: true,
            conferencing: false,
            country,
            number: None,
            alternate: None,
            phone: Some(PhoneCredential {
                username: user_name(t),
                ha1_sha256: (0..4).map(|i| format!("{:016x}", mix(u64::from(t) * 8 + i))).collect(),
                ha1_md5: (4..6).map(|i| format!("{:016x}", mix(u64::from(t) * 8 + i))).collect(),
            }),
        });
        world.queues.push(QueueRecord {
            id: ResourceAccountId(id(Kind::Queue, t)),
            tenant,
            display_name: format!("Main Line {t}"),
            agents: vec![user],
            ring_seconds: 60,
            number: None,
        });
    }
    world.numbers = (0..args.numbers)
        .map(|index| {
            let t = index % args.tenants;
            NumberRecord {
                number: number(index, args.tenants),
                tenant: TenantId(id(Kind::Tenant, t)),
                operator,
                profile,
                country: range_of(t).1,
                usage: Usage::FirstPartyAppAssignment,
                target: Some(AssignmentTarget::ResourceAccount(ResourceAccountId(id(
                    Kind::Queue,
                    t,
                )))),
                location: None,
                category: domain::line::AssignmentCategory::Primary,
                moving: None,
                other_holder: None,
            }
        })
        .collect();
    world
}

fn registrations(args: &WorldArgs) -> Vec<u8> {
    let mut bytes = Vec::new();
    for t in 0..args.tenants {
        let change = json!({
            "kind": "put",
            "user": id(Kind::User, t),
            "contact": format!("sip:{}@{}", user_name(t), args.phones),
            "flow": { "transport": Transport::Udp, "listener": 0, "addr": args.phones },
            "expires_us": EXPIRES_US,
            "call_id": format!("register-{t}"),
            "cseq": 1,
        });
        recfile::encode(change.to_string().as_bytes(), &mut bytes);
    }
    bytes
}

/// Writes the folder of `args`.
pub fn write(args: &WorldArgs) -> io::Result<()> {
    let rounds = u64::from(args.numbers.div_ceil(args.tenants));
    if rounds * u64::from(args.tenants.div_ceil(RANGES.len() as u32)) > RANGE {
        return Err(io::Error::other(
            "too many numbers for so few organisations: each has its numbers in one of eight \
             ranges of ten million",
        ));
    }
    let edge = args.out.join("edge");
    fs::create_dir_all(edge.join("world"))?;
    write_list(&args.out.join("numbers.tsv"), args)?;
    write_calls(&args.out.join("calls.csv"), args)?;
    recfile::replace(&edge.join("registrations"), &registrations(args))?;
    let snapshot = Snapshot::from_records(records(args)).write(&wrap_key(&args.token));
    recfile::replace(&edge.join("world").join("snapshot"), &snapshot)?;
    eprintln!(
        "{} numbers of {} organisations in {}; trunk {}, phones {}",
        args.numbers,
        args.tenants,
        args.out.display(),
        args.trunk,
        args.phones
    );
    Ok(())
}

/// `digits <tab> organisation <tab> user`, as any other proxy would be told.
fn write_list(path: &Path, args: &WorldArgs) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for index in 0..args.numbers {
        let t = index % args.tenants;
        writeln!(file, "{}\tt{t}\t{}", number(index, args.tenants).value(), user_name(t))?;
    }
    file.flush()
}

/// SIPp's list: who is called, and who calls.
fn write_calls(path: &Path, args: &WorldArgs) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "SEQUENTIAL")?;
    for call in 0..args.calls {
        let draw = mix(0x5eed_0000_0000 | u64::from(call));
        let called = number((draw >> 32) as u32 % args.numbers, args.tenants);
        writeln!(file, "{};4940{:07};", called.value(), draw as u32 % 10_000_000)?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::routing::{self, Call, CallKind, Destination, NoTrace, Source, World};
    use edge::link::HttpFeed;
    use edge::{Edge, EdgeConfig};
    use std::collections::HashSet;
    use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
    use std::sync::Arc;

    fn args(out: &Path, numbers: u32, tenants: u32) -> WorldArgs {
        let port = |port| SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        WorldArgs {
            out: out.to_owned(),
            numbers,
            tenants,
            token: "token".into(),
            trunk: port(5090),
            phones: port(5070),
            calls: 50,
        }
    }

    #[test]
    fn no_number_comes_twice() {
        for tenants in [1, 7, 8, 100, 10_000] {
            let all: HashSet<u64> = (0..50_000).map(|i| number(i, tenants).value()).collect();
            assert_eq!(all.len(), 50_000, "{tenants} organisations");
        }
    }

    #[tokio::test]
    async fn an_edge_starts_from_the_folder_and_knows_whom_every_listed_call_rings() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let args = args(folder.path(), 1000, 100);
        write(&args).expect("the folder is ours");

        let mut config =
            EdgeConfig::new(domain::EdgeId(Uuid::from_u128(1)), folder.path().join("edge"));
        config.listen_udp = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        config.shards = Some(1);
        let nobody = HttpFeed::new("http://127.0.0.1:1", "token").expect("the address is good");
        let edge = Edge::start(config, Arc::new(nobody)).expect("the port is free");
        edge.ready().await;
        assert_eq!(edge.status().registrations, 100);

        let world = edge.world();
        let trunk = world.trunk_by_source(SocketAddr::V4(args.trunk)).expect("it is known").id;
        let calls = fs::read_to_string(folder.path().join("calls.csv")).expect("it was written");
        assert_eq!(calls.lines().count(), 51);
        for line in calls.lines().skip(1) {
            let called = format!("+{}", line.split(';').next().expect("there is a first field"));
            let call = Call::new(Source::Trunk(trunk), &called, "");
            let route = routing::route(&*world, call, &mut NoTrace).expect("it is routed");
            assert_eq!(route.kind, CallKind::Inbound);
            let Destination::Queue(queue) = route.destination else { panic!("{route:?}") };
            let mut agents = 0;
            World::agents(&*world, queue, &mut |_| agents += 1);
            assert_eq!(agents, 1);
        }
        edge.shutdown().await;
    }

    #[test]
    fn more_numbers_than_the_ranges_hold_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(write(&args(folder.path(), 10_000_001, 1)).is_err());
    }
}
