//! Other people's clients against `meetpoint demo --serve --json`: what it
//! prints is all they get.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Process, meetpoint};
use crate::world::Client;

pub struct Demo {
    process: Process,
    pub said: Value,
}

impl Demo {
    pub fn start() -> Self {
        let mut command = meetpoint();
        command.args(["demo", "--serve", "--json"]);
        let process = Process::spawn(command);
        let line = process.first_line();
        let said = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        Self { process, said }
    }

    fn text(&self, pointer: &str) -> String {
        let value = self.said.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no {pointer} in {}", self.said)).to_owned()
    }

    pub async fn client(&self, role: &str) -> Client {
        let of = |name: &str| self.text(&format!("/clients/{role}/{name}"));
        Client::sign_in(&self.text("/base_url"), &of("client_id"), &of("client_secret")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_calls_a_person_as_an_operators_trunk() {
    const CALLS: usize = 3;
    let demo = Demo::start();
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/tests/sipp/caller.xml");
    let folder = testkit::TempDir::new("sipp");
    let calls = CALLS.to_string();
    let mut sipp = Command::new("sipp");
    sipp.current_dir(folder.path())
        .args(["-sf", scenario, "-t", "u1", "-nostdin"])
        .args(["-i", &demo.text("/trunks/operator_a/0/source")])
        .args(["-s", "+442079460001", "-m", &calls, "-d", "300", "-timeout", "30"])
        .arg(demo.text("/sip/udp"));
    let output = tokio::task::spawn_blocking(move || sipp.output()).await.expect("it is not ended");
    let output = output.expect("sipp, of Debian's package sip-tester, is installed");
    assert!(
        output.status.success(),
        "sipp: {}\n{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );

    let tenant = demo.client("tenant").await;
    let deadline = Instant::now() + Duration::from_secs(2);
    loop {
        let calls = tenant.get("/tenant/v1/calls?limit=1000").await;
        let of_sipp = |call: &&Value| call["caller"] == "+33123456789" && call["complete"] == true;
        let items = calls["items"].as_array().expect("a list");
        let records: Vec<&Value> = items.iter().filter(of_sipp).collect();
        if records.len() == CALLS {
            for record in records {
                assert_eq!(record["user_name"], "Alice Archer", "{record}");
                assert_eq!(record["trunk"], "sbc1.northwind.example", "{record}");
                assert_eq!(record["hung_up_by"], "caller", "{record}");
            }
            break;
        }
        assert!(Instant::now() < deadline, "two seconds on, the records are: {calls}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(demo.process.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_credential_it_prints_is_good() {
    let demo = Demo::start();
    for (role, path) in [
        ("programme", "/programme/v1/operators"),
        ("operator_a", "/operator/v1/numbers"),
        ("operator_b", "/operator/v1/consents"),
        ("tenant", "/tenant/v1/numbers"),
    ] {
        let list = demo.client(role).await.get(path).await;
        assert!(list["items"].as_array().is_some_and(|l| !l.is_empty()), "{role}: {list}");
    }
    for role in ["programme", "operator", "tenant"] {
        let link = demo.text(&format!("/logins/{role}/url"));
        let (base, code) = link.split_once("/login?code=").expect("a link");
        let answer = reqwest::Client::new()
            .post(format!("{base}/session"))
            .header("X-Meetpoint-CSRF", "1")
            .json(&serde_json::json!({ "code": code }))
            .send()
            .await
            .expect("it answers");
        assert!(answer.status().is_success(), "{role}: {}", answer.status());
        assert!(answer.headers().contains_key("set-cookie"), "{role}");
    }
}
