//! kill -9 in the middle of an upload: nothing is lost, nothing comes twice.

use std::collections::HashSet;

use serde_json::Value;
use testkit::Database;

use crate::world::{LOOPBACK, Plane, seed};

const ENTRIES: usize = 1000;
/// Small, so that there is a middle to hit.
const CHUNK: u32 = 5;

async fn an_order_survives(database: Database) {
    let name = database.name;
    let mut plane = Plane::start(database, CHUNK).await;
    let seeded = seed(&plane, [(LOOPBACK, 9).into(), (LOOPBACK, 10).into()]).await;
    let numbers: Vec<String> = (0..ENTRIES).map(|i| format!("+44207946{i:04}")).collect();
    let order = seeded.order(&numbers).await;

    // In the middle: some are in, most are not.
    let caught = loop {
        let now = seeded.order_now(&order).await;
        let done = now["done"].as_u64().expect("it is a count");
        assert!(now["finished_at"].is_null(), "{}: too fast to be hit: {now}", name);
        if done > 0 {
            break done;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    };
    plane.kill();
    assert!(caught < ENTRIES as u64);

    plane.restart();
    let done = seeded.order_done(&order).await;
    assert_eq!(done["status"], "success", "{}: {done}", name);
    assert_eq!(done["done"], ENTRIES as u64);
    assert_eq!(done["succeeded"], ENTRIES as u64);

    let held = seeded.tenant.get("/tenant/v1/numbers?limit=1000").await;
    let held: Vec<&str> = held["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|n| n["number"].as_str())
        .collect();
    let distinct: HashSet<&str> = held.iter().copied().collect();
    assert_eq!(held.len(), ENTRIES, "{}", name);
    assert_eq!(distinct.len(), ENTRIES, "{}: a number is there twice", name);

    let entries: Value = seeded
        .operator
        .get(&format!("/operator/v1/number-orders/{order}/entries?limit=1000"))
        .await;
    let good = entries["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|entry| entry["status"] == "success")
        .count();
    assert_eq!(good, ENTRIES, "{}: each entry has its own good result", name);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_survives_kill_9_on_sqlite() {
    an_order_survives(testkit::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_survives_kill_9_on_postgresql() {
    an_order_survives(testkit::postgres()).await;
}
