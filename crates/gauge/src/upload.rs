//! Numbers through the front door: orders of 1,000 entries, every check, every result.

use crate::{
    Outcome,
    house::{FIRST, House},
    http::Http,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Entries of an order.
pub const ORDER: u32 = 1_000;
/// Connections that place orders.
const CLIENTS: usize = 4;

fn order(house: &House, nth: u32) -> Value {
    let first = FIRST + u64::from(nth) * u64::from(ORDER);
    let entries = (first..first + u64::from(ORDER)).map(|n| json!({ "number": format!("+{n}") }));
    json!({
        "kind": "upload", "tenant_id": house.customer.id,
        "calling_profile_id": house.profile_id, "usage": "CallingUserAssignment",
        "location_id": house.customer.location_id, "allow_tenant_address_update": true,
        "entries": entries.collect::<Vec<_>>(),
    })
}

/// Places all orders and waits until the last one has succeeded.
pub async fn run(house: &House, numbers: u32) -> Outcome<Duration> {
    let orders = numbers.div_ceil(ORDER);
    let bodies: Arc<Vec<Value>> = Arc::new((0..orders).map(|nth| order(house, nth)).collect());
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut placers = Vec::new();
    for _ in 0..CLIENTS {
        let (bodies, next) = (bodies.clone(), next.clone());
        let (address, token) = (house.address.clone(), house.operator.clone());
        placers.push(tokio::spawn(async move {
            let mut http = Http::to(&address, &token).await?;
            let mut placed = Vec::new();
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                let order = http.json("POST", "/operator/v1/number-orders", body).await?;
                placed.push(order["id"].as_str().unwrap_or_default().to_owned());
            }
            Outcome::Ok(placed)
        }));
    }
    let mut placed = Vec::new();
    for placer in placers {
        placed.extend(placer.await??);
    }
    let mut http = Http::to(&house.address, &house.operator).await?;
    for id in placed {
        let path = format!("/operator/v1/number-orders/{id}");
        loop {
            let order = http.get(&path).await?.json()?;
            if order["finished_at"].is_null() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            if order["status"] != "success" {
                return Err(format!("an order ended as {order}").into());
            }
            break;
        }
    }
    Ok(began.elapsed())
}
