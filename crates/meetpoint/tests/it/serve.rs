//! `meetpoint serve` and `meetpoint check-config`.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use testkit::TempDir;

use crate::process::{Process, START, meetpoint};
use crate::world::Client;

fn serve(folder: &TempDir) -> std::process::Command {
    let mut command = meetpoint();
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(["--sip-udp", "127.0.0.1:0", "--sip-tcp", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(folder.path().join("data"));
    command
}

#[tokio::test]
async fn it_starts_answers_and_stops_when_told() {
    let folder = TempDir::new("serve");
    let process = Process::spawn(serve(&folder));
    let id = process.told("client id:");
    assert!(!process.told("client secret:").is_empty());
    let url = process.told("API and page:");
    for path in ["healthz", "readyz"] {
        let answer = reqwest::get(format!("{url}{path}")).await.expect("it answers");
        assert_eq!(answer.status(), 200, "{path}");
    }
    assert!(process.told("SIP over UDP:").starts_with("127.0.0.1:"));
    assert!(process.terminate().success());

    let again = Process::spawn(serve(&folder));
    again.told("API and page:");
    assert!(!again.stderr().contains(&id), "the first credentials are shown once");
    assert!(again.terminate().success());
}

#[test]
fn what_it_keeps_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new("private");
    let data = folder.path().join("data");
    let process = Process::spawn(serve(&folder));
    process.told("API and page:");
    let mode = |name: &str| {
        let path = data.join(name);
        let kept = std::fs::metadata(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        kept.permissions().mode() & 0o777
    };
    for made in ["", "edge"] {
        assert_eq!(mode(made), 0o700, "{made:?}");
    }
    for file in ["meetpoint.db", "meetpoint.db-wal", "meetpoint.db-shm", "edge-secret"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    assert!(process.terminate().success());
}

#[test]
fn bad_settings_are_refused_before_anything_is_touched() {
    let folder = TempDir::new("settings");
    let file = folder.path().join("meetpoint.toml");
    for (text, parts) in [
        ("listen = \"127.0.0.1:0\"\nlistn = 1\n", &["config_invalid", "line 2", "listn"][..]),
        ("listen = \"nowhere\"\n", &["address_invalid", "listen", "`nowhere`"]),
        ("database_url = \"mysql://x\"\n", &["database_url_invalid", "database_url"]),
    ] {
        std::fs::write(&file, text).expect("the folder is ours");
        for verb in ["serve", "check-config"] {
            let output = meetpoint()
                .arg(verb)
                .arg("--config")
                .arg(&file)
                .arg("--data-dir")
                .arg(folder.path().join("data"))
                .output()
                .expect("the program starts");
            assert_eq!(output.status.code(), Some(2), "{verb}: {text}");
            let said = String::from_utf8_lossy(&output.stderr);
            for part in parts {
                assert!(said.contains(part), "{verb} does not mention {part}: {said}");
            }
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing is written for bad settings");

    std::fs::write(&file, "listen = \"127.0.0.1:9\"\n").expect("the folder is ours");
    let output =
        meetpoint().args(["check-config", "--config"]).arg(&file).output().expect("it starts");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("listen = \"127.0.0.1:9\""));
}

#[test]
fn an_address_that_is_taken_is_named_and_locks_nobody_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let free = "127.0.0.1:0";
    let folder = TempDir::new("taken");
    for (http, sip) in [(address.as_str(), free), (free, address.as_str())] {
        let mut command = meetpoint();
        command
            .args(["serve", "--listen", http, "--sip-udp", free, "--sip-tcp", sip])
            .arg("--data-dir")
            .arg(folder.path().join("data"));
        let mut process = Process::spawn(command);
        assert_eq!(process.ends(START).code(), Some(1));
        let said = process.stderr();
        assert!(said.contains(&address), "{said}");
        assert!(!said.contains("client secret:"), "{said}");
    }
    let process = Process::spawn(serve(&folder));
    assert!(!process.told("client secret:").is_empty(), "the first start that lasts shows them");
    assert!(process.terminate().success());
}

#[test]
fn help_shows_no_password() {
    for verb in ["serve", "check-config"] {
        let output = meetpoint()
            .args([verb, "--help"])
            .env("MEETPOINT_DATABASE_URL", "postgres://m:hunter2@db/m")
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("MEETPOINT_DATABASE_URL"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_named_sign_in_wins_over_credentials_of_the_environment() {
    let folder = TempDir::new("named");
    let output = meetpoint()
        .args(["operator", "list", "--as", "nobody-yet", "--url", "http://127.0.0.1:9"])
        .env("XDG_CONFIG_HOME", folder.path())
        .env("HOME", folder.path())
        .env("MEETPOINT_TOKEN", "of-somebody-else")
        .env("MEETPOINT_CLIENT_ID", "00000000-0000-7000-8000-000000000001")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nobody is signed in as nobody-yet"), "{said}");
}

#[tokio::test]
async fn it_shows_itself_to_who_runs_the_machine() {
    let folder = TempDir::new("admin");
    let mut command = serve(&folder);
    command.args(["--admin-listen", "127.0.0.1:0"]);
    let process = Process::spawn(command);
    let (id, secret) = (process.told("client id:"), process.told("client secret:"));
    let url = process.told("API and page:");
    let admin = process.told("Admin:");
    let owner = Client::sign_in(url.trim_end_matches('/'), &id, &secret).await;
    let deadline = Instant::now() + START;
    loop {
        let answer = reqwest::get(format!("{admin}metrics")).await.expect("it answers");
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let text = answer.text().await.expect("text");
        let all = ["meetpoint_database_up 1", "meetpoint_edges_following 1", "meetpoint_link_up 1"];
        if all.iter().all(|line| text.lines().any(|l| l == *line)) {
            break;
        }
        assert!(Instant::now() < deadline, "{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let status = reqwest::get(format!("{admin}status")).await.expect("it answers");
    assert_eq!(status.status(), 200);
    // Without a token there are no traces for everybody on the machine.
    let trace = reqwest::get(format!("{admin}trace?call_id=x")).await.expect("it answers");
    assert_eq!(trace.status(), 403);
    // The edge in the process is asked, and says that it knows nothing.
    let path = "/programme/v1/explain/call?call_id=nobody%40nowhere";
    let begun = Instant::now();
    let (status, problem) = owner.ask(reqwest::Method::GET, path, None).await;
    assert_eq!((status, &problem["code"]), (404, &serde_json::json!("not_found")));
    assert!(begun.elapsed() < Duration::from_secs(2), "it answered, nobody waited for it");
    assert!(process.terminate().success());
}
