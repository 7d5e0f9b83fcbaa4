//! The command line against a real server: the story's steps as people type them.

mod conferences;
mod gateways;
mod shop;

use api::{ApiConfig, ApiState};
use exchange::{Exchange, ExchangeConfig};
use outbound::{Guard, Http};
use serde_json::Value;
use std::{
    os::unix::fs::PermissionsExt, path::PathBuf, process::Output, sync::Arc, time::Duration,
};
use testkit::{Database, Receiver, TempDir};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    process::Command,
    sync::watch,
    task::block_in_place,
};

/// A server, and a home for the command line's sign-ins.
struct Desk {
    url: String,
    home: TempDir,
    stop: watch::Sender<bool>,
    database: Database,
}

impl Desk {
    /// Starts with the programme owner signed in as `owner`.
    async fn open() -> Self {
        let database = testkit::sqlite();
        // Receivers of webhooks are on this machine.
        let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a network")]);
        let settings = ExchangeConfig {
            poster: Some(Arc::new(Http::new(guard))),
            ..ExchangeConfig::new(&database.url)
        };
        let exchange = Exchange::open(settings).await.expect("opens");
        let owner = exchange.bootstrap().await.expect("bootstraps").expect("the first start");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (stop, mut stopped) = watch::channel(false);
        let worker = (exchange.clone(), stopped.clone());
        tokio::spawn(async move { worker.0.run_workers(worker.1).await });
        let webhooks = (exchange.clone(), stopped.clone());
        tokio::spawn(async move { webhooks.0.run_webhooks(webhooks.1).await });
        let config = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
        tokio::spawn(async move {
            let shutdown = async move { drop(stopped.wait_for(|stop| *stop).await) };
            api::serve(listener, ApiState { exchange, config }, shutdown).await.expect("serves");
        });
        let desk = Self { url, home: TempDir::new("cli"), stop, database };
        desk.sign_in("owner", &owner.client_id.to_string(), &owner.client_secret).await;
        desk
    }

    fn config(&self) -> PathBuf {
        self.home.path().join("client.json")
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meetpoint"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MEETPOINT_") {
                command.env_remove(name);
            }
        }
        command.args(line).env("MEETPOINT_SIGN_INS", self.config()).current_dir(self.home.path());
        command
    }

    async fn sign_in(&self, name: &str, id: &str, secret: &str) {
        let line = ["login", "--as", name, "--url", &self.url, "--client-id", id];
        let output = self.command(&line).env("MEETPOINT_CLIENT_SECRET", secret).output().await;
        succeeded(&line, &output.expect("runs"));
    }

    async fn run(&self, line: &[&str]) -> Output {
        self.command(line).output().await.expect("runs")
    }

    /// A command that succeeds, as JSON.
    async fn json(&self, line: &[&str]) -> Value {
        let mut line = line.to_vec();
        line.push("--json");
        let output = self.run(&line).await;
        succeeded(&line, &output);
        serde_json::from_slice(&output.stdout).expect("JSON on stdout")
    }

    /// A command that succeeds, as people see it.
    async fn text(&self, line: &[&str]) -> String {
        let output = self.run(line).await;
        succeeded(line, &output);
        String::from_utf8(output.stdout).expect("text")
    }

    /// A command that is refused with this code, in words and as JSON.
    async fn refused(&self, line: &[&str], code: &str) -> Value {
        let output = self.run(line).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{line:?}: {said}");
        assert!(output.stdout.is_empty(), "{line:?}: talk belongs on stderr");
        for words in [format!("error: {code} ("), "reason: ".into(), "remedy: ".into()] {
            assert!(said.contains(&words), "{line:?}: {said}");
        }
        let mut line = line.to_vec();
        line.push("--json");
        let output = self.run(&line).await;
        let problem: Value = serde_json::from_slice(&output.stderr).expect("a problem document");
        assert_eq!(problem["code"], code);
        problem
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn succeeded(line: &[&str], output: &Output) {
    assert!(
        output.status.success(),
        "{line:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn id(document: &Value) -> String {
    document["id"].as_str().expect("an id").to_owned()
}

/// An operator with two trunks, a profile, a range and an offer, and a tenant;
/// both signed in.
async fn house(desk: &Desk) {
    desk.text(&["operator", "create", "Alba Telecom"]).await;
    for trunk in ["1", "2"] {
        let (fqdn, address) = (format!("sbc{trunk}.alba.example"), format!("192.0.2.{trunk}:5060"));
        let line =
            ["operator", "trunk", "add", "alba telecom", "--fqdn", &fqdn, "--address", &address];
        desk.text(&line).await;
    }
    desk.text(&[
        "operator",
        "profile",
        "add",
        "Alba Telecom",
        "London",
        "--trunk",
        "sbc1.alba.example",
        "--trunk",
        "sbc2.alba.example",
    ])
    .await;
    desk.text(&["operator", "range", "add", "Alba Telecom", "+442079460000", "+442079460999"])
        .await;
    desk.text(&[
        "operator",
        "offer",
        "set",
        "Alba Telecom",
        "--service",
        "Calling",
        "--country",
        "GB",
        "--link",
        "https://alba.example/offer",
    ])
    .await;
    desk.text(&["tenant", "create", "Contoso", "--domain", "contoso.example"]).await;
    for (name, role, of, whose) in [
        ("alba", "operator_admin", "--operator", "Alba Telecom"),
        ("contoso", "tenant_admin", "--tenant", "Contoso"),
    ] {
        let line = ["client", "create", name, "--role", role, of, whose];
        let client = desk.json(&line).await;
        let text = |field: &str| client[field].as_str().expect("text").to_owned();
        desk.sign_in(name, &text("client_id"), &text("client_secret")).await;
        // The last sign-in is the one in use; the owner goes on.
        desk.use_profile("owner");
    }
}

impl Desk {
    /// Makes a sign-in the one in use, as signing in again would.
    fn use_profile(&self, name: &str) {
        let text = std::fs::read(self.config()).expect("signed in");
        let mut stored: Value = serde_json::from_slice(&text).expect("JSON");
        stored["current"] = name.into();
        std::fs::write(self.config(), stored.to_string()).expect("writable");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_edges_are_listed_and_rotated_as_people_read_them() {
    let desk = Desk::open().await;
    let first = desk.text(&["edge-key", "list"]).await;
    assert!(first.starts_with("ID") && first.contains("SEALS FROM"), "{first}");
    assert_eq!(first.lines().count(), 2, "{first}");
    let rotated = desk.text(&["edge-key", "rotate"]).await;
    assert_eq!(rotated.lines().count(), 3, "{rotated}");
    let problem = desk.refused(&["edge-key", "rotate"], "conflict").await;
    let remedy = problem["remedy"].as_str().expect("a remedy");
    assert!(remedy.starts_with("Wait until 20") && remedy.ends_with("Z."), "{remedy}");
}

impl Desk {
    /// A command that reads lines from standard input.
    async fn told(&self, line: &[&str], lines: &str) -> Output {
        let pipe = std::process::Stdio::piped;
        let mut command = self.command(line);
        let mut child =
            command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().expect("starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(lines.as_bytes()).await.expect("listens");
        drop(stdin);
        child.wait_with_output().await.expect("ends")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_tokens_and_accounts_as_people_type_them() {
    let desk = Desk::open().await;
    let text = |document: &Value, field: &str| document[field].as_str().expect("text").to_owned();
    let client = desk.json(&["client", "create", "reports", "--role", "programme_support"]).await;
    let client = text(&client, "client_id");
    let listed = desk.text(&["client", "list"]).await;
    assert!(listed.contains("reports") && listed.contains("programme_support"), "{listed}");
    let added = desk.json(&["client", "secret", "add", &client, "--days", "30"]).await;
    desk.refused(&["client", "secret", "add", &client], "conflict").await;
    desk.text(&["client", "secret", "revoke", &client, &id(&added)]).await;
    let key = r#"{"kty":"EC","crv":"P-256","kid":"mine",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    std::fs::write(desk.home.path().join("key.jwk"), key).expect("writable");
    let key = desk.json(&["client", "key", "add", &client, "key.jwk"]).await;
    assert_eq!(key["kid"], "mine");
    let shown = desk.json(&["client", "show", &client]).await;
    assert_eq!(shown["secrets"].as_array().map(Vec::len), Some(1), "{shown}");
    desk.text(&["client", "key", "remove", &client, &id(&key)]).await;
    let shut = desk.json(&["client", "update", &client, "--disable"]).await;
    assert_eq!(shut["enabled"], false);

    let issuer = [
        "issuer",
        "add",
        "Directory",
        "--issuer",
        "https://login.example",
        "--audience",
        "api",
        "--map",
        "ops=programme_support",
        "--organisation",
        "tid=ours",
    ];
    let issuer = desk.json(&issuer).await;
    assert_eq!(issuer["roles"][0]["role"], "programme_support");
    assert_eq!(issuer["organisation"], "ours");
    assert!(desk.text(&["issuer", "list"]).await.contains("https://login.example"));
    desk.text(&["issuer", "remove", &id(&issuer)]).await;

    let token = ["token", "create", "nightly", "--scope", "programme.read", "--days", "7"];
    let token = desk.json(&token).await;
    assert!(desk.text(&["token", "list"]).await.contains("nightly"));
    let with_token = async |line: &[&str]| {
        let mut command = desk.command(line);
        command.env("MEETPOINT_TOKEN", text(&token, "token")).env("MEETPOINT_URL", &desk.url);
        command.output().await.expect("runs")
    };
    assert!(with_token(&["operator", "list"]).await.status.success());
    let refused = with_token(&["operator", "create", "Alba"]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("error: forbidden"));
    desk.text(&["token", "revoke", &id(&token)]).await;
    let refused = with_token(&["operator", "list"]).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("error: token_revoked"));

    let set = ["account", "set", "ada"];
    let made = desk.told(&set, "correct horse battery\n").await;
    succeeded(&set, &made);
    let changed = desk.told(&set, "correct horse battery\nstaple the horse\n").await;
    succeeded(&set, &changed);
    let wrong = desk.told(&set, "wrong\nstaple the horse\n").await;
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("error: login_invalid"));
    let start = ["account", "totp", "start"];
    let begun = desk.told(&start, "staple the horse\n").await;
    succeeded(&start, &begun);
    assert!(String::from_utf8_lossy(&begun.stdout).contains("otpauth://totp/Meetpoint:ada?"));
    let reset = ["password-reset", "ada", "--database-url", &desk.database.url];
    let output = desk.run(&reset).await;
    succeeded(&reset, &output);
    let fresh = String::from_utf8(output.stdout).expect("text");
    let again = desk.told(&set, &format!("{fresh}staple the horse\n")).await;
    succeeded(&set, &again);
    let unknown = desk.run(&["password-reset", "eve", "--database-url", &desk.database.url]).await;
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_story_as_people_type_it() {
    let desk = Desk::open().await;
    house(&desk).await;
    let mode = std::fs::metadata(desk.config()).expect("signed in").permissions().mode();
    assert_eq!(mode & 0o077, 0, "secrets are for their owner only");

    desk.use_profile("contoso");
    let found = desk.json(&["consent", "directory", "--country", "GB"]).await;
    assert_eq!(found["items"][0]["name"], "Alba Telecom");
    let none = desk.json(&["consent", "directory", "--country", "US"]).await;
    assert_eq!(none["items"], serde_json::json!([]));
    let give = [
        "consent",
        "give",
        "Alba Telecom",
        "--country",
        "GB",
        "--require",
        "GB:user:100:new",
        "--contact",
        "Ada Byron <ada@contoso.example>",
        "--company",
        "Contoso Ltd",
        "--company-size",
        "L50_U249",
    ];
    desk.refused(&give, "notice_not_accepted").await;
    desk.text(&[&give[..], &["--accept-notice"]].concat()).await;

    let upload = |rest: &[&'static str]| {
        [&["number", "upload", "--as", "alba", "--tenant", "Contoso"][..], rest].concat()
    };
    desk.json(&["consent", "relationship", "Contoso", "ConsentAcknowledged", "--as", "alba"]).await;
    desk.refused(&upload(&["+442079460001"]), "no_emergency_location").await;

    let address = desk
        .json(&[
            "tenant",
            "address",
            "create",
            "--company",
            "Contoso Ltd",
            "--country",
            "GB",
            "--street",
            "Marylebone Road",
            "--house-number",
            "1",
            "--city",
            "London",
            "--postal-code",
            "NW1 4AQ",
            "--latitude",
            "51.5225",
            "--longitude",
            "-0.1550",
        ])
        .await;
    let location = address["default_location_id"].as_str().expect("an id").to_owned();
    let seen =
        desk.json(&["tenant", "address", "list", "--tenant", "Contoso", "--as", "alba"]).await;
    assert_eq!(seen["items"][0]["default_location_id"], location.as_str(), "operators see it too");

    let file = "number,usage\r\n+442079460001,\r\n+442079460002,\r\n\
                +442079460003,FirstPartyAppAssignment\r\n0207,\r\n+442079461000,\r\n+12125550100,\r\n";
    std::fs::write(desk.home.path().join("numbers.csv"), file).expect("writable");
    let with_location = ["--location", &location, "--tenant-may-move", "--file", "numbers.csv"];
    let upload = |how: &'static str| [&upload(&[])[..], &with_location[..], &[how]].concat();
    let checked = desk.run(&upload("--dry-run")).await;
    assert_eq!(checked.status.code(), Some(1), "three entries would fail");
    assert!(String::from_utf8_lossy(&checked.stderr).contains("nothing was changed"));
    let empty = desk.json(&["number", "list"]).await;
    assert_eq!(empty["items"], serde_json::json!([]), "a dry run changes nothing");

    let output = desk.run(&upload("--json")).await;
    assert_eq!(output.status.code(), Some(1), "some entries failed");
    assert!(String::from_utf8_lossy(&output.stderr).contains("6 of 6 entries done"));
    let orders: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let order = &orders["orders"][0];
    assert_eq!(order["status"], "partial_success");
    let codes: Vec<_> = order["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["error"]["code"].as_str().unwrap_or("good"))
        .collect();
    assert_eq!(
        codes,
        ["good", "good", "good", "invalid_number", "outside_ranges", "country_not_consented"]
    );
    let entries = desk.text(&["number", "order", "entries", &id(order), "--as", "alba"]).await;
    assert!(entries.contains("outside_ranges"), "{entries}");

    for (upn, name) in [("alice@contoso.example", "Alice"), ("bob@contoso.example", "Bob")] {
        desk.text(&["user", "create", upn, "--name", name, "--country", "GB"]).await;
    }
    let to_alice = [
        "number",
        "assign",
        "+442079460001",
        "--user",
        "alice@contoso.example",
        "--location",
        &location,
    ];
    desk.refused(&to_alice, "user_unlicensed").await;
    desk.text(&["user", "license", "Alice", "teams_phone"]).await;
    let to_alice_dry = [&to_alice[..], &["--dry-run"]].concat();
    desk.text(&to_alice_dry).await;
    assert_eq!(
        desk.json(&["number", "show", "+442079460001"]).await["assigned_to_id"],
        Value::Null
    );
    let assigned = desk.json(&to_alice).await;
    assert_eq!(assigned["assignment_status"], "UserAssigned");
    let phone = desk.json(&["user", "phone", "alice@contoso.example"]).await;
    assert!(phone["password"].as_str().is_some_and(|password| password.len() >= 12));

    desk.text(&[
        "queue",
        "create",
        "sales@contoso.example",
        "--name",
        "Sales",
        "--agent",
        "Alice",
        "--agent",
        "Bob",
        "--licence",
        "resource_account",
    ])
    .await;
    desk.refused(&["number", "assign", "+442079460002", "--queue", "Sales"], "wrong_usage").await;
    let to_queue =
        ["number", "assign", "+442079460003", "--queue", "Sales", "--location", &location];
    desk.text(&to_queue).await;
    let numbers = desk.text(&["number", "list", "--status", "UserAssigned"]).await;
    assert!(numbers.starts_with("NUMBER") && numbers.contains("Alice"), "{numbers}");
    assert!(!numbers.contains("Sales"), "{numbers}");
    let csv = desk.text(&["number", "list", "--csv"]).await;
    assert!(csv.starts_with("number,") && csv.contains("\r\n+442079460001,"), "{csv}");

    desk.refused(&["consent", "remove", "Alba Telecom"], "numbers_remain").await;
    desk.text(&["number", "unassign", "+442079460001"]).await;
    let gone = desk
        .json(&["number", "release", "--tenant", "Contoso", "+442079460001", "--as", "alba"])
        .await;
    assert_eq!(gone["orders"][0]["status"], "success");

    let way = desk.json(&["call", "explain", "+442079460003", "--inbound"]).await;
    assert_eq!(way["routed"], true, "{way}");
    assert_eq!(desk.json(&["call", "list"]).await["items"], serde_json::json!([]));
    let audit = desk.json(&["audit", "list", "--all", "--as", "owner"]).await;
    let done: Vec<_> =
        audit["items"].as_array().expect("a list").iter().map(|entry| &entry["action"]).collect();
    assert!(done.len() > 15, "{done:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_usage_is_told_apart_from_refusals() {
    let desk = Desk::open().await;
    for line in [
        &["number", "assign", "+442079460001"][..],
        &["number", "frobnicate"],
        &["operator", "list", "--limit", "1001"],
        &["operator", "list", "--as", "nobody"],
        &["operator", "show", "No Such Operator"],
        &["operator", "list", "--csv", "--json"],
    ] {
        let output = desk.run(line).await;
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{line:?}");
    }
    desk.refused(&["number", "list", "--url", &desk.url], "forbidden").await;
    let missing = uuid::Uuid::nil().to_string();
    desk.refused(&["operator", "show", &missing], "not_found").await;

    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let output = desk.run(&["operator", "list", "--url", &url]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error: unreachable"));

    let wrong = ["login", "--url", &desk.url, "--client-id", &missing];
    let output = desk.command(&wrong).env("MEETPOINT_CLIENT_SECRET", "wrong").output().await;
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error: invalid_client (401)"));

    desk.text(&["logout"]).await;
    let output = desk.run(&["operator", "list", "--url", &desk.url]).await;
    assert_eq!(output.status.code(), Some(2), "nobody is signed in any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_followed_and_posted() {
    let desk = Desk::open().await;
    house(&desk).await;
    desk.use_profile("contoso");
    let receiver = Receiver::start();
    let url = receiver.url();
    let line = ["webhook", "create", &url, "--description", "ours", "--type", "user.changed"];
    let made = desk.json(&line).await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let refused = desk.refused(&["webhook", "create", "https://10.0.0.1/"], "endpoint_refused");
    assert_eq!(refused.await["field"], "/endpoint");

    let mut follow = desk.command(&["events", "--follow", "--json"]);
    let follow = follow.stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut follow = follow.spawn().expect("runs");
    let mut lines = BufReader::new(follow.stdout.take().expect("a pipe")).lines();
    // The stream is open once it shows something: until then something is done again.
    let mut n = 0;
    let first = loop {
        n += 1;
        let upn = format!("p{n}@contoso.example");
        desk.text(&["user", "create", &upn, "--name", "Ada", "--country", "GB"]).await;
        let next = tokio::time::timeout(Duration::from_millis(500), lines.next_line());
        if let Ok(line) = next.await {
            break line.expect("readable").expect("it goes on");
        }
        assert!(n < 40, "the stream shows nothing");
    };
    let first: Value = serde_json::from_str(&first).expect("an event a line");
    assert_eq!(first["type"], "user.changed");
    follow.kill().await.expect("it ends");

    let seen = block_in_place(|| receiver.wait(n));
    assert!(seen[0].is_signed_by(&secret));
    let all = desk.text(&["events", "--type", "user.changed"]).await;
    assert_eq!(all.lines().count(), n, "{all}");
    assert!(all.contains("user.changed") && all.contains("display_name Ada"), "{all}");
    let last = desk.json(&["webhook", "show", "ours"]).await;
    assert_eq!(last["event_types"][0], "user.changed");
    let tried = desk.json(&["webhook", "test", "ours"]).await;
    assert_eq!(tried["delivered"], true);
    desk.text(&["webhook", "replay", "ours", "--from", "start"]).await;
    block_in_place(|| receiver.wait(2 * n + 1));
    let sent = desk.text(&["webhook", "deliveries", "ours", "--delivered"]).await;
    assert!(sent.contains("webhook.test") && sent.contains("204"), "{sent}");
    let turned = desk.json(&["webhook", "rotate-secret", "ours", "--keep-old-hours", "0"]).await;
    assert_ne!(turned["secret"], secret.as_str());
    let off = desk.json(&["webhook", "disable", "ours"]).await;
    assert_eq!(
        (off["enabled"].as_bool(), off["disabled_reason"].as_str()),
        (Some(false), Some("disabled by contoso"))
    );
    let on = desk.json(&["webhook", "enable", "ours"]).await;
    assert_eq!(on["enabled"], true);
    let line = ["webhook", "update", "ours", "--endpoint", "http://127.0.0.1:9/", "--all-types"];
    assert_eq!(desk.json(&line).await["event_types"], serde_json::json!([]));
    let output = desk.run(&["webhook", "test", "ours"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("no connection"), "{said}");
    desk.text(&["webhook", "remove", "ours"]).await;
    let list = desk.json(&["webhook", "list"]).await;
    assert_eq!(list["items"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policies_groups_and_freezes_as_people_type_them() {
    let desk = Desk::open().await;
    house(&desk).await;
    desk.use_profile("contoso");
    let ada = ["user", "create", "ada@contoso.example", "--name", "Ada", "--country", "GB"];
    desk.text(&ada).await;
    desk.text(&["policy", "create", "Home only", "--allow", "Domestic", "--no-premium"]).await;
    desk.text(&[
        "policy",
        "create",
        "Soho",
        "--rule",
        "extension",
        r"^(\d{4})$",
        "+44207946$1",
        "--rule",
        "outside",
        r"^9(\d+)$",
        "$1",
    ])
    .await;
    desk.text(&["policy", "create", "Nobody", "--show-caller", "Anonymous"]).await;
    let wrong = ["policy", "create", "Wrong", "--rule", "r", "(", "1"];
    let problem = desk.refused(&wrong, "invalid_field").await;
    assert_eq!(problem["field"], "/settings/rules/0/pattern");
    let listed = desk.text(&["policy", "list", "--kind", "TenantDialPlan"]).await;
    assert!(listed.contains("Soho") && !listed.contains("Nobody"), "{listed}");

    desk.text(&["group", "create", "Sales"]).await;
    desk.text(&["group", "edit", "Sales", "--join", "ada@contoso.example"]).await;
    let members = desk.text(&["group", "members", "Sales"]).await;
    assert!(members.contains("ada@contoso.example"), "{members}");
    desk.text(&["policy", "assign", "Soho", "--everybody"]).await;
    desk.text(&["policy", "assign", "Home only", "--group", "Sales", "--rank", "1"]).await;
    desk.text(&["policy", "assign", "Nobody", "--user", "ada@contoso.example"]).await;
    let holds = desk.text(&["policy", "effective", "--user", "Ada"]).await;
    for (name, by) in [("Soho", "global"), ("Home only", "group"), ("Nobody", "direct")] {
        let line = holds.lines().find(|line| line.contains(name)).unwrap_or_default();
        assert!(line.contains(by), "{name}: {holds}");
    }
    desk.refused(&["policy", "remove", "Soho"], "policy_in_use").await;
    desk.text(&["policy", "assign", "--none", "TenantDialPlan", "--everybody"]).await;
    desk.text(&["policy", "update", "Soho", "--description", "for the London office"]).await;
    desk.text(&["policy", "remove", "Soho"]).await;

    let rules = desk.home.path().join("rules.json");
    let text = r#"{"blocked":[{"name":"premium","pattern":"^\\+1900"}]}"#;
    std::fs::write(&rules, text).expect("writable");
    desk.text(&["screening", "set", "rules.json"]).await;
    let shown = desk.json(&["screening", "show"]).await;
    assert_eq!(shown["version"], 1);
    assert_eq!(shown["blocked"][0]["name"], "premium");
    std::fs::write(&rules, shown.to_string()).expect("writable");
    let again = desk.text(&["screening", "set", "rules.json"]).await;
    assert!(again.contains("premium"), "{again}");

    let eve = ["user", "create", "eve@contoso.example", "--name", "Eve", "--country", "GB"];
    desk.text(&eve).await;
    let set = ["calling", "set", "ada@contoso.example"];
    desk.refused(&[&set[..], &["--forward", "voicemail"]].concat(), "no_voicemail").await;
    let also = ["--also-ring", "delegates", "--delegate", "Eve", "--unanswered", "+493012345678"];
    desk.text(&[&set[..], &also, &["--delay", "30"]].concat()).await;
    let shown = desk.json(&["calling", "show", "Ada"]).await;
    assert_eq!(shown["forwarding"]["type"], "Simultaneous");
    assert_eq!(shown["unanswered"]["delay_seconds"], 30);
    assert_eq!(shown["delegates"][0]["make_calls"], true);
    // What is not named stays, and what is named goes.
    desk.text(&[&set[..], &["--also-ring", "none", "--busy", "Eve", "--member", "Eve"]].concat())
        .await;
    let shown = desk.json(&["calling", "show", "Ada"]).await;
    assert_eq!(
        (&shown["forwarding"], &shown["busy"]["type"]),
        (&Value::Null, &"SingleTarget".into())
    );
    assert_eq!(shown["unanswered"]["delay_seconds"], 30);
    let problem = desk.refused(&[&set[..], &["--delay", "35"]].concat(), "invalid_field").await;
    assert_eq!(problem["field"], "/unanswered/delay_seconds");
    let listed = desk.text(&["calling", "list"]).await;
    assert!(listed.contains("ada@contoso.example") && !listed.contains("eve@"), "{listed}");

    let add = ["gateway", "add", "--fqdn", "vm.contoso.example", "--address", "192.0.2.77:5060"];
    let voice = [&add[..], &["--country", "GB", "--voice-app", "--enabled"]].concat();
    let id = desk.json(&voice).await["id"].as_str().expect("an id").to_owned();
    let targets = desk.home.path().join("targets.json");
    let text = serde_json::json!({ "voicemail": { "uri": "sip:vm@vm.contoso.example",
        "gateway_id": id } });
    std::fs::write(&targets, text.to_string()).expect("writable");
    desk.text(&["voice-targets", "set", "targets.json"]).await;
    let shown = desk.json(&["voice-targets", "show"]).await;
    assert_eq!(shown["voicemail"]["enabled"], true);
    desk.text(&[&set[..], &["--forward", "voicemail"]].concat()).await;
    desk.refused(&["gateway", "remove", "vm.contoso.example"], "gateway_in_use").await;

    let freeze = ["freeze", "set", "Cutover", "--until", "2126-01-01T00:00:00Z"];
    desk.refused(&freeze, "invalid_field").await;
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string();
    let freeze = desk.json(&["freeze", "set", "Cutover", "--until", &soon]).await;
    let problem = desk.refused(&["group", "create", "Late"], "change_freeze").await;
    assert!(problem["reason"].as_str().is_some_and(|text| text.contains("Cutover")), "{problem}");
    desk.text(&["freeze", "end", freeze["id"].as_str().expect("an id")]).await;
    desk.text(&["group", "create", "Late"]).await;
    desk.text(&["group", "remove", "Late"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_leads_and_a_number_explained_as_people_type_them() {
    let desk = Desk::open().await;
    house(&desk).await;
    let notice = desk.home.path().join("notice.txt");
    std::fs::write(&notice, "Your contacts are passed on.\n").expect("writable");
    let published = desk.json(&["notice", "publish", "notice.txt"]).await;
    assert_eq!(published["version"], 1);
    assert!(desk.text(&["notice", "list"]).await.contains("passed on"));

    desk.use_profile("alba");
    let offer = ["operator", "offer"];
    let line = |more: &[&'static str]| [&offer[..], more].concat();
    desk.refused(&line(&["publish"]), "no_offer_draft").await;
    let draft = [
        "draft",
        "set",
        "--service",
        "Calling",
        "--coverage",
        "GB:user,service:screened:operator_then_tenant",
        "--link",
        "https://alba.example/offer",
        "--terms",
        "https://alba.example/terms",
    ];
    let draft = desk.json(&line(&draft)).await;
    assert_eq!(draft["lacks"], Value::Null, "{draft}");
    let again = desk.json(&line(&["draft", "show"])).await;
    assert_eq!(again["version"], draft["version"]);
    let live = desk.json(&line(&["publish"])).await;
    assert_eq!((&live["state"], &live["terms_version"]), (&"published".into(), &1.into()));
    let shown = desk.json(&line(&["show"])).await;
    assert_eq!(shown["coverage"][0]["emergency_handling"], "screened");
    let invited = ["lead", "invite", "contoso.example", "--country", "FR", "--days", "7"];
    let lead = desk.json(&invited).await["lead"]["id"].as_str().expect("an id").to_owned();
    let coded = desk.json(&["lead", "invite", "--country", "FR"]).await;
    let code = coded["code"].as_str().expect("a code").to_owned();
    desk.json(&line(&["withdraw"])).await;

    desk.use_profile("contoso");
    assert_eq!(desk.json(&["notice", "show"]).await["version"], 1);
    let seen = desk.text(&["lead", "list"]).await;
    assert!(seen.contains("Alba Telecom") && seen.contains("open"), "{seen}");
    let claimed = desk.json(&["lead", "claim", &code]).await;
    let declined = ["lead", "decline", claimed["id"].as_str().expect("an id"), "--comment", "no"];
    assert_eq!(desk.json(&declined).await["status"], "declined");
    let operator = claimed["operator_id"].as_str().expect("an id").to_owned();
    // What is invited to is read before, although the directory has it no more.
    let offer = desk.json(&["consent", "offer", &operator]).await;
    assert_eq!((&offer["state"], &offer["terms_version"]), (&"withdrawn".into(), &1.into()));
    let give = [
        "consent",
        "give",
        &operator,
        "--country",
        "FR",
        "--contact",
        "Ada <ada@contoso.example>",
        "--escalation",
        "Bob <bob@contoso.example>",
        "--company",
        "Contoso",
        "--company-size",
        "L50_U249",
        "--accept-notice",
        "--notice",
        "1",
        "--terms",
        "1",
        "--lead",
        &lead,
    ];
    let given = desk.json(&give).await;
    assert_eq!((&given["status"], &given["notice_version"]), (&"Active".into(), &1.into()));
    let accept = ["consent", "accept", &operator, "--notice", "1", "--terms", "1"];
    assert_eq!(desk.json(&accept).await["terms_version"], 1);
    let kept = desk.text(&["consent", "acceptances", &operator]).await;
    assert_eq!(kept.lines().count(), 3, "{kept}");

    desk.use_profile("alba");
    let leads = desk.text(&["lead", "list"]).await;
    assert!(leads.contains("accepted") && leads.contains("declined"), "{leads}");
    desk.refused(&["lead", "withdraw", &lead], "lead_over").await;
    let engage = [
        "consent",
        "engage",
        "Contoso",
        "--support-hours",
        "24x7",
        "--activate",
        "FR:2027-01-31",
        "--on-by-default",
        "Calling",
        "--escalation",
        "Desk <noc@alba.example>",
    ];
    let engaged = desk.json(&engage).await;
    assert_eq!(engaged["engagement"]["activations"][0]["on"], "2027-01-31", "{engaged}");
    let free = ["explain", "number", "+442079460001", "--tenant", "Contoso"];
    let told = desk.text(&free).await;
    assert!(told.contains("upload") && told.contains("country_not_consented"), "{told}");
    desk.use_profile("owner");
    let told = desk.json(&["explain", "number", "+442079460001"]).await;
    assert_eq!(told["state"], "declared");
    desk.refused(&["explain", "number", "+442079479999"], "not_found").await;
    desk.use_profile("contoso");
    desk.refused(&["explain", "number", "+442079460001"], "not_found").await;
}
