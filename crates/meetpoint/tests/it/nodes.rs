//! Several nodes on one PostgreSQL database: what one leaves the other finishes, and a
//! database that goes takes no node with it.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde_json::Value;

use crate::process::meetpoint;
use crate::world::{LOOPBACK, Plane, SOON, seed};

const ORDERS: usize = 10;
const ENTRIES: usize = 200;
/// Small, so that there is a middle to hit.
const CHUNK: u32 = 4;

/// How often the change log says that each number was put.
async fn puts(url: &str) -> HashMap<String, usize> {
    let store = store::Store::open(url).await.expect("opens");
    let mut view = store.read().await.expect("reads");
    let (mut after, mut puts) = (0, HashMap::new());
    loop {
        let changes = view.change_list(after, 1000).await.expect("lists");
        let Some(last) = changes.last() else { return puts };
        after = last.pos.cast_unsigned();
        for change in &changes {
            let change: Value = serde_json::from_str(&change.body).expect("it is JSON");
            if change["kind"] == "numbers_put" {
                for number in change["body"]["numbers"].as_array().expect("a list") {
                    *puts.entry(number["number"].to_string()).or_default() += 1;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_orders_of_a_killed_node_are_finished_by_the_other() {
    let database = testkit::postgres();
    let url = database.url.clone();
    let mut first = Plane::start(database, CHUNK).await;
    let seeded = seed(&first, [(LOOPBACK, 9).into(), (LOOPBACK, 10).into()]).await;
    let second = first.beside();
    let mut there = seeded.clone();
    there.operator = seeded.operator.at(&second.base);
    there.tenant = seeded.tenant.at(&second.base);

    let mut orders = Vec::new();
    for order in 0..ORDERS {
        let numbers: Vec<String> =
            (0..ENTRIES).map(|n| format!("+44207946{:04}", order * ENTRIES + n)).collect();
        orders.push(seeded.order(&numbers).await);
    }
    // Orders are under way and none of them waits for a human: now one of two dies.
    let deadline = Instant::now() + SOON;
    loop {
        let mut done = 0;
        let mut over = 0;
        for order in &orders {
            let now = there.order_now(order).await;
            done += now["done"].as_u64().expect("a count");
            over += usize::from(!now["finished_at"].is_null());
        }
        assert!(over < ORDERS - 1, "too fast to be hit");
        if done > 0 {
            break;
        }
        assert!(Instant::now() < deadline, "no order begins");
    }
    first.kill();

    for order in &orders {
        let done = there.order_done(order).await;
        assert_eq!(done["status"], "success", "{done}");
        assert_eq!(done["succeeded"], ENTRIES as u64, "{done}");
        let path = format!("/operator/v1/number-orders/{order}/entries?limit=1000");
        let entries = there.operator.get(&path).await;
        let entries = entries["items"].as_array().expect("a list");
        assert_eq!(entries.len(), ENTRIES);
        assert!(entries.iter().all(|entry| entry["status"] == "success"), "{entries:?}");
    }
    let puts = puts(&url).await;
    assert_eq!(puts.len(), ORDERS * ENTRIES);
    assert!(puts.values().all(|times| *times == 1), "a number was put twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_database_says_so_and_comes_back() {
    let cluster = testkit::Cluster::start();
    let plane = Plane::start(testkit::postgres_in(&cluster), 1000).await;
    let seeded = seed(&plane, [(LOOPBACK, 9).into(), (LOOPBACK, 10).into()]).await;
    let owner = &plane.owner;
    assert_eq!(owner.look("/readyz").await.status(), StatusCode::OK);

    cluster.stop();
    for path in ["/readyz", "/programme/v1/operators"] {
        let begun = Instant::now();
        let answer = owner.look(path).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(answer.headers().contains_key(RETRY_AFTER), "{path}");
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["code"], "database_away", "{path}: {problem}");
        assert!(begun.elapsed() < SOON, "{path} took {:?}", begun.elapsed());
    }
    let (status, problem) =
        seeded.tenant.ask(reqwest::Method::POST, "/tenant/v1/users", Some(user("zoe"))).await;
    assert_eq!((status, &problem["code"]), (503, &Value::from("database_away")), "{problem}");
    assert_eq!(owner.look("/livez").await.status(), StatusCode::OK);

    cluster.start_again();
    let deadline = Instant::now() + SOON;
    while owner.look("/readyz").await.status() != StatusCode::OK {
        assert!(Instant::now() < deadline, "the node does not come back by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The same tokens, and work goes on: the worker too has found its database again.
    seeded.tenant.post("/tenant/v1/users", user("zoe")).await;
    let order = seeded.order(&["+442079460001".to_owned()]).await;
    assert_eq!(seeded.order_done(&order).await["status"], "success");
}

fn user(name: &str) -> Value {
    serde_json::json!({
        "upn": format!("{name}@contoso.example"), "display_name": name, "country": "GB",
        "licences": ["teams_phone"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_over_both_nodes() {
    const LIMIT: u32 = 60;
    let program = Path::new(env!("CARGO_BIN_EXE_meetpoint"));
    let first = Plane::start_limited(program, testkit::postgres(), 1000, LIMIT).await;
    let second = first.beside();
    let path = "/programme/v1/operators";
    let mut allowed = 0;
    while first.owner.look(path).await.status() == StatusCode::OK {
        allowed += 1;
        assert!(allowed < 2 * LIMIT, "the first node has no limit");
    }
    // Within moments the other one has heard of it, and refuses what it would have let through.
    let deadline = Instant::now() + SOON;
    let mut there = 0;
    loop {
        let answer = second.owner.look(path).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers().contains_key(RETRY_AFTER));
            break;
        }
        there += 1;
        assert!(there < LIMIT / 2, "the second node lets a limit of its own through");
        assert!(Instant::now() < deadline, "the second node does not hear of the first");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// Runs a command to its end: whether it succeeded, and what it said.
fn run(arguments: &[&str]) -> (bool, String) {
    let output = meetpoint().args(arguments).output().expect("the program starts");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_the_same_house() {
    let (from, to) = (testkit::sqlite(), testkit::postgres());
    let (from_url, to_url) = (from.url.clone(), to.url.clone());
    let mut plane = Plane::start(from, 1000).await;
    let seeded = seed(&plane, [(LOOPBACK, 9).into(), (LOOPBACK, 10).into()]).await;
    seeded.person("zoe", Some("+442079460001")).await;
    let numbers = seeded.tenant.get("/tenant/v1/numbers").await;

    // The first one goes on while it is backed up.
    let folder = testkit::TempDir::new("backup");
    let file = folder.path().join("house").display().to_string();
    let (done, said) = run(&["backup", &file, "--database-url", &from_url]);
    assert!(done && said.contains("Backed up:") && said.contains(" person"), "{said}");
    let (done, said) = run(&["backup", &file, "--database-url", &from_url]);
    assert!(!done && said.contains("exists:") && said.contains("--overwrite"), "{said}");
    let (done, said) = run(&["restore", &file, "--database-url", &to_url, "--dry-run"]);
    assert!(done && said.contains("nothing was restored"), "{said}");
    let (done, said) = run(&["backup", &file, "--database-url", "sqlite:///nowhere/at/all.db"]);
    assert!(!done && said.contains("database_url_invalid:"), "{said}");

    plane.kill();
    let (done, said) = run(&["db", "copy", &from_url, &to_url]);
    assert!(done && said.contains("Copied and compared:"), "{said}");
    let (done, said) = run(&["db", "copy", &from_url, &to_url]);
    assert!(!done && said.contains("not_empty:"), "{said}");
    let other = plane.on(to);
    // Clients, tokens and numbers are what they were, and the house goes on.
    assert_eq!(seeded.tenant.at(&other.base).get("/tenant/v1/numbers").await, numbers);
    let mut there = seeded.clone();
    (there.operator, there.tenant) =
        (seeded.operator.at(&other.base), seeded.tenant.at(&other.base));
    let order = there.order(&["+442079460002".to_owned()]).await;
    assert_eq!(there.order_done(&order).await["status"], "success");

    // And back into a file, over what it has.
    drop(other);
    let (done, said) = run(&["restore", &file, "--database-url", &to_url, "--overwrite"]);
    assert!(done && said.contains("Restored and compared:"), "{said}");
}
