//! The program `meetpoint-edge`, as whoever starts it meets it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use testkit::TempDir;

fn edge(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meetpoint-edge"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MEETPOINT_")) {
        command.env_remove(name);
    }
    command.args(words).env("RUST_LOG", "error");
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_wrong_with_its_words_is_said_and_nothing_is_made() {
    let folder = TempDir::new("meetpoint-edge");
    let data = folder.path().join("edge");
    let data = data.to_str().expect("text");
    for (words, says) in [
        (&["--url", "http://127.0.0.1:9"][..], "credentials_missing"),
        (&["--url", "http://127.0.0.1:9", "--token", "t", "--sip-udp", "nowhere"], "sip_udp"),
        (&["--url", "http://127.0.0.1:9", "--token", "t", "--shards", "0"], "shards"),
        (&["--url", "http://127.0.0.1:9", "--client-id", "a"], "--client-secret"),
        (&["serve"], "unexpected argument"),
    ] {
        let output = edge(words).args(["--data-dir", data]).output().expect("starts");
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", told(&output));
        assert!(told(&output).contains(says), "{words:?}: {}", told(&output));
        assert!(!folder.path().join("edge").exists(), "{words:?} made a folder");
    }
}

#[test]
fn it_listens_without_a_control_plane_and_ends_when_told() {
    let folder = TempDir::new("meetpoint-edge");
    let mut running = edge(&["--url", "http://127.0.0.1:9", "--token", "t", "--shards", "1"])
        .args(["--sip-udp", "127.0.0.1:0", "--sip-tcp", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path().join("edge"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(running.stderr.take().expect("piped")).lines();
    let up = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("SIP over UDP"));
    let address = up.expect("says where it listens");
    let address = address.rsplit(' ').next().expect("an address");
    assert!(std::net::UdpSocket::bind(address).is_err(), "{address} is the edge's");

    let told = Command::new("kill").arg(running.id().to_string()).status().expect("runs");
    assert!(told.success());
    let last: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(last.iter().any(|line| line == "Stopping."), "{last:?}");
    assert!(running.wait().expect("ends").success());
    assert!(folder.path().join("edge").is_dir(), "its journal and snapshot stand there");
}
