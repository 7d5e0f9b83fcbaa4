//! Looking inside a running edge: what happened to a call, alarms, metrics,
//! copies for Homer.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use softphone::Answering;
use testkit::TempDir;

use crate::process::{Process, meetpoint};
use crate::world::{
    Client, OUTSIDER, Plane, SOON, edge_command, free_address, phone, register, seed, trunk,
};

const NUMBER: &str = "+442079460001";

/// A command of the program as this client; what it prints.
fn run(client: &Client, base: &str, args: &[&str]) -> String {
    let output = meetpoint()
        .args(args)
        .args(["--url", base])
        .env("MEETPOINT_TOKEN", &client.token)
        .output()
        .expect("the program starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Asks again until the answer pleases.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn summaries(explained: &Value) -> Vec<String> {
    let messages = explained["messages"].as_array().expect("a list");
    let text = |m: &Value, field: &str| m[field].as_str().unwrap_or_default().to_owned();
    messages.iter().map(|m| format!("{} {}", text(m, "way"), text(m, "summary"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_explained_while_it_lives_and_after() {
    let plane = Plane::start(testkit::sqlite(), 1000).await;
    let sip = free_address();
    let trunk = trunk([127, 0, 0, 61], sip).await;
    let seeded = seed(&plane, [trunk.address(), ([127, 0, 0, 62], 5060).into()]).await;
    let edge_client = plane.client("edge", json!({})).await;
    let folder = TempDir::new("inside");
    let homer = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let homer_at = homer.local_addr().expect("bound").to_string();
    let mut command = edge_command(&plane, &edge_client, &folder, sip);
    command
        .args(["--admin-listen", "127.0.0.1:0", "--hep-target", &homer_at])
        .env("MEETPOINT_ADMIN_TOKEN", "the admin's word");
    let edge = Process::spawn(command);
    let admin = edge.told("Admin:");
    let (_, credentials) = seeded.person("alice", Some(NUMBER)).await;
    let answering = Answering::Answer { after: Duration::from_millis(50) };
    let alice = phone(&credentials, sip, answering).await;
    register(&alice).await;

    // Live.
    let caller = trunk.call(OUTSIDER, NUMBER).await.expect("a media socket");
    let callee = alice.next_call(SOON).await.expect("Alice's phone rings");
    let answered = caller.answered(SOON).await.expect("Alice answers");
    callee.answered(SOON).await.expect("the answer is acknowledged");
    let id = answered.response.get("X-Meetpoint-Call-ID").expect("it is named").to_owned();
    let path = format!("/programme/v1/explain/call?id={id}");
    let live = until("the call is explained", async || {
        let (status, explained) = plane.owner.ask(reqwest::Method::GET, &path, None).await;
        (status == 200 && !explained["record"].is_null()).then_some(explained)
    })
    .await;
    assert!(live["record"]["ended_at"].is_null(), "{live}");
    assert_eq!((&live["edges_asked"], &live["edges_answered"]), (&json!(1), &json!(1)));
    let said = summaries(&live);
    assert!(said[0].starts_with("in INVITE sip:"), "{said:?}");
    for expect in ["out 100 Trying", "out INVITE sip:", "in 200 OK", "out 200 OK"] {
        assert!(said.iter().any(|s| s.starts_with(expect)), "{expect} in {said:?}");
    }
    let call_ids: std::collections::BTreeSet<&str> = live["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|m| m["call_id"].as_str())
        .collect();
    assert_eq!(call_ids.len(), 2, "both legs");
    let rules = live["routing"]["steps"].as_array().expect("the rules behind it");
    assert!(!rules.is_empty(), "{live}");

    // Past, as the command line tells it.
    caller.hang_up(SOON).await.expect("the BYE is answered");
    callee.ended(SOON).await.expect("it ends at Alice's");
    let record = seeded.record(&id, SOON).await;
    let told = run(&plane.owner, &plane.base, &["explain", "call", &id]);
    for expect in ["sbc0.northwind.example", "-- INVITE sip:", "-- BYE sip:", "alice"] {
        assert!(told.contains(expect), "{expect} in\n{told}");
    }
    let far = record["out_call_id"].as_str().or(record["in_call_id"].as_str()).expect("a Call-ID");
    let told = run(&plane.owner, &plane.base, &["explain", "call", "--call-id", far, "--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["record"]["id"], id.as_str());
    assert!(summaries(&told).iter().any(|s| s.starts_with("in BYE")), "{told}");

    // Its tenant sees the ladder without messages, hosts and whole numbers.
    let path = format!("/tenant/v1/calls/{id}/explain");
    let own = seeded.tenant.get(&path).await;
    assert!(!summaries(&own).is_empty());
    let messages = own["messages"].to_string();
    assert!(!messages.contains("127.0.0.") && !messages.contains("2079460001"), "{messages}");

    // One that might be.
    let args = ["explain", "call", "--from", "alice@contoso.example", "--to", "+441632960124"];
    let told = run(&seeded.tenant, &plane.base, &args);
    assert!(told.contains("trunk.order"), "{told}");

    // Refused: nobody has this number.
    let refused = trunk.call(OUTSIDER, "+442079460999").await.expect("a media socket");
    assert!(refused.answered(SOON).await.is_err());
    let failed = until("the refusal is recorded", async || {
        let calls = plane.owner.get("/programme/v1/calls").await;
        calls["items"].as_array()?.iter().find(|c| c["sip_code"] == 404).cloned()
    })
    .await;
    let path = format!("/programme/v1/explain/call?id={}", failed["id"].as_str().expect("an id"));
    let said = summaries(&plane.owner.get(&path).await);
    assert!(said.iter().any(|s| s.starts_with("out 404")), "{said:?}");

    // Nothing anywhere shows a digest response.
    let http = reqwest::Client::new();
    let ask =
        |path: &str, token: &str| http.get(format!("{admin}{path}")).bearer_auth(token).send();
    let metrics = ask("metrics", "the admin's word").await.expect("answers").text().await;
    let metrics = metrics.expect("text");
    for line in [
        "meetpoint_calls_total{kind=\"inbound\"} 1",
        "meetpoint_calls_total{kind=\"refused\"} 1",
        "meetpoint_answers_total 1",
        "meetpoint_registrations 1",
        "meetpoint_link_up 1",
        "meetpoint_calls_ended_total{sip_code=\"200\",reason=\"normal\"} 1",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} in\n{metrics}");
    }
    for path in ["metrics", "status", &format!("trace?call={id}")] {
        assert_eq!(ask(path, "another").await.expect("answers").status(), 401, "{path}");
    }
    let path = format!("trace?call={id}");
    let trace = ask(&path, "the admin's word").await.expect("answers").text().await.expect("text");
    assert!(trace.contains("INVITE"), "{trace}");
    homer.set_nonblocking(true).expect("a socket option");
    let (mut copies, mut buffer) = (String::new(), [0; 65_536]);
    while let Ok(length) = homer.recv(&mut buffer) {
        assert!(buffer.starts_with(b"HEP3"));
        copies += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert!(copies.contains("Authorization: Digest [redacted]") && copies.contains("BYE "));
    assert!(!copies.contains("response="), "a digest response was exported");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_call_is_told() {
    let plane = Plane::start(testkit::sqlite(), 1000).await;
    let sip = free_address();
    let trunk = trunk([127, 0, 0, 63], sip).await;
    let seeded = seed(&plane, [trunk.address(), ([127, 0, 0, 64], 5060).into()]).await;
    let edge_client = plane.client("edge", json!({})).await;
    let folder = TempDir::new("alarms");
    let edge = Process::spawn(edge_command(&plane, &edge_client, &folder, sip));
    edge.told("SIP over UDP:");
    let (alice_id, credentials) = seeded.person("alice", Some(NUMBER)).await;
    let alice = phone(&credentials, sip, Answering::Manual).await;
    register(&alice).await;

    let call = alice.dial("999").await.expect("a media socket");
    call.answered(SOON).await.expect("the trunk answers");
    let alarm = until("the alarm arrives", async || {
        let told = run(
            &plane.owner,
            &plane.base,
            &["alarms", "list", "--code", "emergency_call", "--json"],
        );
        let told: Value = serde_json::from_str(&told).expect("JSON");
        told["items"].as_array()?.first().cloned()
    })
    .await;
    assert_eq!(alarm["subject"], alice_id.as_str(), "{alarm}");
    assert!(alarm["detail"].as_str().expect("text").contains("999"), "{alarm}");
    assert!(alarm["cleared_at"].is_string() && alarm["severity"] == "notice", "{alarm}");
    call.hang_up(SOON).await.expect("the BYE is answered");
    let (status, problem) =
        plane.owner.ask(reqwest::Method::GET, "/programme/v1/alarms?code=nonsense", None).await;
    assert_eq!((status, &problem["code"]), (400, &json!("invalid_parameter")));
}
