//! `meetpoint edge` as a process of its own: what a call survives.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use softphone::{Answering, Call, EndedBy, OperatorTrunk, Phone};
use testkit::TempDir;

use crate::process::Process;
use crate::world::{
    Client, OUTSIDER, Plane, SOON, Seeded, edge_command, free_address, phone, register, seed, trunk,
};

const NUMBER: &str = "+442079460001";

/// A control plane, an edge beside it, an operator's trunk and Alice's phone.
struct Scene {
    plane: Plane,
    seeded: Seeded,
    edge_client: Client,
    edge: Option<Process>,
    folder: TempDir,
    sip: SocketAddr,
    trunk: OperatorTrunk,
    phone: Phone,
}

impl Scene {
    async fn start(host: [u8; 4]) -> Self {
        let plane = Plane::start(testkit::sqlite(), 1000).await;
        let sip = free_address();
        let trunk = trunk(host, sip).await;
        let spare = (std::net::IpAddr::from([host[0], host[1], host[2], host[3] + 1]), 5060).into();
        let seeded = seed(&plane, [trunk.address(), spare]).await;
        let edge_client = plane.client("edge", json!({})).await;
        let folder = TempDir::new("edge");
        let (_, credentials) = seeded.person("alice", Some(NUMBER)).await;
        let answering = Answering::Answer { after: Duration::from_millis(50) };
        let phone = phone(&credentials, sip, answering).await;
        let mut scene = Self { plane, seeded, edge_client, edge: None, folder, sip, trunk, phone };
        scene.start_edge();
        register(&scene.phone).await;
        scene
    }

    fn start_edge(&mut self) {
        let command = edge_command(&self.plane, &self.edge_client, &self.folder, self.sip);
        let edge = Process::spawn(command);
        edge.told("SIP over UDP:");
        self.edge = Some(edge);
    }

    fn kill_edge(&mut self) {
        self.edge.take().expect("it runs").kill();
    }

    /// A call from the trunk to Alice, both hearing each other, and its record's id.
    async fn call(&self) -> (Call, Call, String) {
        let caller = self.trunk.call(OUTSIDER, NUMBER).await.expect("a media socket");
        let callee = self.phone.next_call(SOON).await.expect("Alice's phone rings");
        let answered = caller.answered(SOON).await.expect("Alice answers");
        callee.answered(SOON).await.expect("the answer is acknowledged");
        caller.talk(5, SOON).await.expect("the caller hears Alice");
        callee.talk(5, SOON).await.expect("Alice hears the caller");
        let id = answered.response.get("X-Meetpoint-Call-ID").expect("it is named").to_owned();
        (caller, callee, id)
    }

    async fn calls(&self) -> Vec<Value> {
        let calls = self.seeded.tenant.get("/tenant/v1/calls?limit=1000").await;
        calls["items"].as_array().expect("a list").clone()
    }
}

fn complete(record: &Value, hung_up_by: &str) {
    assert_eq!(record["hung_up_by"], hung_up_by, "{record}");
    assert_eq!(record["sip_code"], 200, "{record}");
    assert_eq!(record["number"], NUMBER, "{record}");
    assert_eq!(record["user_name"], "alice", "{record}");
    for time in ["started_at", "answered_at", "ended_at"] {
        assert!(record[time].is_string(), "{time}: {record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_edge_that_set_it_up() {
    let mut scene = Scene::start([127, 0, 0, 31]).await;
    let (first_caller, first_callee, first) = scene.call().await;
    let (second_caller, second_callee, second) = scene.call().await;

    scene.kill_edge();
    scene.start_edge();

    assert_eq!(first_caller.hang_up(SOON).await.expect("the BYE is answered").0, 200);
    let end = first_callee.ended(SOON).await.expect("it ends at Alice's");
    assert_eq!(end.by, EndedBy::Them);
    assert_eq!(second_callee.hang_up(SOON).await.expect("the BYE is answered").0, 200);
    let end = second_caller.ended(SOON).await.expect("it ends at the operator's");
    assert_eq!(end.by, EndedBy::Them);

    complete(&scene.seeded.record(&first, SOON).await, "caller");
    complete(&scene.seeded.record(&second, SOON).await, "callee");
    assert_eq!(scene.calls().await.len(), 2, "one record a call");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_carries_calls_while_the_control_plane_is_away() {
    let mut scene = Scene::start([127, 0, 0, 41]).await;
    scene.plane.kill();
    scene.kill_edge();
    scene.start_edge();
    // Its own files know the phone's flow; a call comes through without a new
    // registration, and a new registration is possible as well.
    let (caller, callee, id) = scene.call().await;
    caller.hang_up(SOON).await.expect("the BYE is answered");
    callee.ended(SOON).await.expect("it ends at Alice's");
    register(&scene.phone).await;

    scene.plane.restart();
    complete(&scene.seeded.record(&id, Duration::from_secs(20)).await, "caller");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_without_credentials_says_what_it_needs() {
    let output = crate::process::meetpoint()
        .args(["edge", "--url", "http://127.0.0.1:9"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("credentials_missing"));
}
