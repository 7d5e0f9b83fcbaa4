//! Two `meetpoint edge` processes under one list of addresses: killed, brought
//! back, and stopped for an upgrade.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use softphone::{Answering, Call, EndedBy, OperatorTrunk, Phone};
use testkit::TempDir;

use crate::process::{Process, meetpoint};
use crate::world::{
    Client, OUTSIDER, Plane, SOON, Seeded, free_address_at, phone, register, seed, trunk,
};

const NUMBER: &str = "+442079460001";
const HOSTS: [[u8; 4]; 2] = [[127, 0, 0, 81], [127, 0, 0, 82]];

struct Fleet {
    plane: Plane,
    seeded: Seeded,
    client: Client,
    folders: [TempDir; 2],
    port: u16,
    links: [SocketAddr; 2],
    edges: [Option<Process>; 2],
}

impl Fleet {
    fn at(&self, which: usize) -> SocketAddr {
        (HOSTS[which], self.port).into()
    }

    fn start(&mut self, which: usize) {
        let list = |addresses: [SocketAddr; 2]| addresses.map(|a| a.to_string()).join(",");
        let all = list([self.at(0), self.at(1)]);
        let home = self.at(which).ip().to_string();
        let mut command = meetpoint();
        command
            .args(["edge", "--url", &self.plane.base, "--shards", "2"])
            .args(["--client-id", &self.client.id, "--client-secret", &self.client.secret])
            .args(["--sip-udp", &all, "--sip-tcp", &all, "--sip-home", &home])
            .args(["--fleet-listen", &self.links[which].to_string()])
            .args(["--siblings", &list(self.links)])
            .arg("--data-dir")
            .arg(self.folders[which].path().join("edge"));
        let edge = Process::spawn(command);
        edge.told("SIP over UDP:");
        self.edges[which] = Some(edge);
        // What one knows alone dies with it: what follows is told to both.
        if let [Some(one), Some(other)] = &self.edges {
            for edge in [one, other] {
                edge.shows("a sibling speaks", SOON);
            }
        }
    }

    /// Re-INVITEs from both sides; each must be answered by whichever edge lives.
    async fn changes(&self, caller: &Call, callee: &Call) {
        for call in [caller, callee] {
            for hold in [true, false] {
                assert_eq!(call.hold(hold, SOON).await.expect("an answer"), 200);
            }
        }
    }
}

/// A call from the trunk to the phone.
async fn call(trunk: &OperatorTrunk, phone: &Phone) -> (Call, Call, String) {
    let caller = trunk.call(OUTSIDER, NUMBER).await.expect("a media socket");
    let callee = phone.next_call(SOON).await.expect("the phone rings");
    let answered = caller.answered(SOON).await.expect("it is answered");
    callee.answered(SOON).await.expect("the answer is acknowledged");
    let id = answered.response.get("X-Meetpoint-Call-ID").expect("it is named").to_owned();
    (caller, callee, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_outlive_each_edge_in_turn() {
    let plane = Plane::start(testkit::sqlite(), 1000).await;
    let port = free_address_at(HOSTS[0]).port();
    let at = |which: usize| SocketAddr::from((HOSTS[which], port));
    let operator = trunk([127, 0, 0, 83], at(0)).await;
    let spare = ([127, 0, 0, 84], 5060).into();
    let seeded = seed(&plane, [operator.address(), spare]).await;
    let client = plane.client("edge", json!({})).await;
    let (_, credentials) = seeded.person("alice", Some(NUMBER)).await;
    let answering = Answering::Answer { after: Duration::from_millis(50) };
    let alice = phone(&credentials, at(0), answering).await;
    let mut fleet = Fleet {
        plane,
        seeded,
        client,
        folders: [TempDir::new("edge-a"), TempDir::new("edge-b")],
        port,
        links: HOSTS.map(free_address_at),
        edges: [None, None],
    };
    fleet.start(0);
    fleet.start(1);
    register(&alice).await;
    let first = call(&operator, &alice).await;
    let second = call(&operator, &alice).await;

    fleet.edges[0].take().expect("it runs").kill();
    fleet.changes(&first.0, &first.1).await;
    // A new one through the survivor, which the phone has never spoken to.
    let third = call(&operator, &alice).await;
    assert_eq!(first.1.hang_up(SOON).await.expect("the BYE is answered").0, 200);
    assert_eq!(first.0.ended(SOON).await.expect("it ends").by, EndedBy::Them);

    fleet.start(0);
    fleet.changes(&third.0, &third.1).await;
    // An upgrade of the other: told to stop, its calls go on at the first.
    let status = fleet.edges[1].take().expect("it runs").terminate();
    assert!(status.success(), "{status}");
    fleet.changes(&second.0, &second.1).await;
    for (caller, callee, _) in [&second, &third] {
        assert_eq!(caller.hang_up(SOON).await.expect("the BYE is answered").0, 200);
        assert_eq!(callee.ended(SOON).await.expect("it ends").by, EndedBy::Them);
    }
    fleet.start(1);
    for (id, by) in [(&first.2, "callee"), (&second.2, "caller"), (&third.2, "caller")] {
        let record = fleet.seeded.record(id, Duration::from_secs(20)).await;
        assert_eq!(record["hung_up_by"], by, "{record}");
        assert!(record["answered_at"].is_string(), "{record}");
        assert_eq!(record["user_name"], "alice", "{record}");
    }
}
