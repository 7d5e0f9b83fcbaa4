//! The long tests of `make soak`: more load, more time, and the last release's
//! program beside this one.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use softphone::load::{CallReport, Line, Load, LoadConfig};
use testkit::TempDir;

use crate::demo::failover;
use crate::process::Process;
use crate::world::{
    Client, OUTSIDER, Plane, SOON, Seeded, edge_command_of, free_address, id, seed,
};

const LINES: usize = 8;
const HOLD: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));

#[test]
fn a_long_load_loses_nothing_when_edge_and_control_plane_die() {
    let postgres = testkit::postgres();
    for database in [None, Some(postgres.url.as_str())] {
        let mut arguments = vec!["--per-second", "200", "--part-seconds", "20"];
        arguments.extend(database.iter().flat_map(|url| ["--database-url", url]));
        let report = failover(&arguments);
        assert!(report["calls_established"].as_u64() > Some(15_000), "{report}");
    }
}

/// This build of the program, and the last release's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    This,
    Last,
}

impl Version {
    fn path(self) -> PathBuf {
        match self {
            Self::This => PathBuf::from(env!("CARGO_BIN_EXE_meetpoint")),
            Self::Last => std::env::var_os("MEETPOINT_LAST_RELEASE")
                .map(PathBuf::from)
                .expect("MEETPOINT_LAST_RELEASE names the program; make soak builds it"),
        }
    }
}

/// An edge at an address that other versions of it have had before.
struct Seat<'p> {
    plane: &'p Plane,
    client: Client,
    folder: TempDir,
    sip: SocketAddr,
}

impl Seat<'_> {
    fn start(&self, version: Version) -> Process {
        let folder = &self.folder;
        let path = version.path();
        let command = edge_command_of(&path, self.plane, &self.client, folder, self.sip);
        let edge = Process::spawn(command);
        edge.told("SIP over UDP:");
        edge
    }
}

async fn lines(seeded: &Seeded, registrars: &[SocketAddr]) -> Vec<Line> {
    let mut lines = Vec::new();
    for n in 0..LINES {
        let registrar = registrars[n % registrars.len()];
        let number = format!("+4420794610{n:02}");
        let (_, phone) = seeded.person(&format!("line{n}"), Some(&number)).await;
        let text = |name: &str| phone[name].as_str().expect("it is text").to_owned();
        lines.push(Line {
            username: text("username"),
            password: text("password"),
            domain: text("domain"),
            registrar,
            number,
        });
    }
    lines
}

fn register(load: &Load) {
    let deadline = Instant::now() + SOON;
    while let Err(error) = load.register(SOON) {
        assert!(Instant::now() < deadline, "the phones are refused: {error}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A control plane of one version; calls that an edge of `before` set up are
/// carried on by one of `after`, under load, and both make new ones.
async fn change_edges(plane: Version, before: Version, after: Version, host: [u8; 4]) {
    let plane = Plane::start_of(&plane.path(), testkit::sqlite(), 1000).await;
    let sip = free_address();
    let trunk_ip = IpAddr::from(host);
    let trunk = std::net::UdpSocket::bind((trunk_ip, 0)).and_then(|s| s.local_addr());
    let trunk = trunk.expect("loopback has free ports");
    let seeded = seed(&plane, [trunk, SocketAddr::new(trunk_ip, 9)]).await;
    let lines = lines(&seeded, &[sip]).await;
    let load = Load::start(LoadConfig {
        trunk,
        phones: trunk_ip,
        exchange: vec![sip],
        caller: OUTSIDER.to_owned(),
        lines,
        per_second: 30.0,
        hold: HOLD,
    })
    .expect("loopback has free ports");
    let seat = |folder: &str, client: Client| Seat {
        plane: &plane,
        client,
        folder: TempDir::new(folder),
        sip,
    };
    let old_seat = seat("before", plane.client("edge", json!({})).await);
    let new_seat = seat("after", plane.client("edge", json!({})).await);
    let edge = old_seat.start(before);
    let calls = tokio::task::block_in_place(|| {
        register(&load);
        load.place_calls(true);
        load.established(60, SOON).expect("calls through the first edge");
        let so_far = load.tally().established;
        edge.kill();
        let edge = new_seat.start(after);
        register(&load);
        load.established(so_far + 60, SOON).expect("calls through the second edge");
        let (tally, calls) = load.finish(Duration::from_secs(60)).expect("all calls end");
        assert_eq!(tally.lost, 0, "{tally:?}: {:?}", calls.iter().find(|c| !c.survived()));
        // The first one's records are delivered when it is started once more.
        assert!(edge.terminate().success());
        assert!(old_seat.start(before).terminate().success());
        calls
    });
    records(&plane, &calls).await;
}

async fn all_records(plane: &Plane) -> HashMap<String, Value> {
    let mut all = HashMap::new();
    let mut path = "/programme/v1/calls?limit=1000".to_owned();
    loop {
        let page = plane.owner.get(&path).await;
        for record in page["items"].as_array().expect("a list") {
            all.insert(id(record), record.clone());
        }
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        path = format!("/programme/v1/calls?limit=1000&cursor={cursor}");
    }
}

async fn records(plane: &Plane, calls: &[CallReport]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let all = loop {
        let all = all_records(plane).await;
        let open = calls.iter().find(|c| all.get(&c.id).is_none_or(|r| r["complete"] != true));
        let Some(open) = open else { break all };
        let record = all.get(&open.id);
        assert!(Instant::now() < deadline, "no complete record of {open:?}: {record:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    for call in calls {
        let by = if call.hung_up_by_caller { "caller" } else { "callee" };
        assert_eq!(all[&call.id]["hung_up_by"], by, "{}", all[&call.id]);
        assert_eq!(all[&call.id]["sip_code"], 200, "{}", all[&call.id]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_is_upgraded_in_the_middle_of_calls() {
    change_edges(Version::This, Version::Last, Version::This, [127, 78, 1, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_is_taken_back_to_the_last_release_in_the_middle_of_calls() {
    change_edges(Version::This, Version::This, Version::Last, [127, 78, 2, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_edge_serves_under_the_last_release_s_control_plane() {
    change_edges(Version::Last, Version::Last, Version::This, [127, 78, 3, 1]).await;
}

/// Two edges of two versions in one fleet, both under load; then the old one is
/// upgraded where it stands, on the files that the last release left there.
#[tokio::test(flavor = "multi_thread")]
async fn both_versions_carry_calls_side_by_side_and_one_is_upgraded_in_place() {
    let plane = Plane::start(testkit::sqlite(), 1000).await;
    let sip = [free_address(), free_address()];
    let trunk_ip = IpAddr::from([127, 78, 4, 1]);
    let trunk = std::net::UdpSocket::bind((trunk_ip, 0)).and_then(|s| s.local_addr());
    let trunk = trunk.expect("loopback has free ports");
    let seeded = seed(&plane, [trunk, SocketAddr::new(trunk_ip, 9)]).await;
    let lines = lines(&seeded, &sip).await;
    let load = Load::start(LoadConfig {
        trunk,
        phones: trunk_ip,
        exchange: sip.to_vec(),
        caller: OUTSIDER.to_owned(),
        lines,
        per_second: 40.0,
        hold: HOLD,
    })
    .expect("loopback has free ports");
    let mut seats = Vec::new();
    for (name, sip) in ["old", "new"].into_iter().zip(sip) {
        let client = plane.client("edge", json!({})).await;
        seats.push(Seat { plane: &plane, client, folder: TempDir::new(name), sip });
    }
    let old = seats[0].start(Version::Last);
    let new = seats[1].start(Version::This);
    let calls = tokio::task::block_in_place(|| {
        register(&load);
        load.place_calls(true);
        load.established(120, SOON).expect("calls through both edges");
        let so_far = load.tally().established;
        old.kill();
        let upgraded = seats[0].start(Version::This);
        load.established(so_far + 120, SOON).expect("calls through both again");
        let (tally, calls) = load.finish(Duration::from_secs(60)).expect("all calls end");
        assert_eq!(tally.lost, 0, "{tally:?}: {:?}", calls.iter().find(|c| !c.survived()));
        assert!(upgraded.terminate().success());
        assert!(new.terminate().success());
        calls
    });
    records(&plane, &calls).await;
}

#[test]
fn the_last_release_is_another_program() {
    let version = |which: Version| {
        let output = crate::process::program(Path::new(&which.path())).arg("--version").output();
        String::from_utf8(output.expect("it starts").stdout).expect("UTF-8")
    };
    assert_ne!(version(Version::This), version(Version::Last));
}
