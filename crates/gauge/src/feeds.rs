//! How soon an edge hears of a change while many are written.

use crate::{Outcome, house::House, http::Http, latency::Latency};
use feed::change::Change;
use feed::frame::{Frame, FrameDecoder};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// Connections that write, each a person's name over and over.
const WRITERS: u32 = 8;

/// What was seen.
pub struct Seen {
    /// From the moment a request is sent to the moment the edge has read the change.
    pub latency: Latency,
    /// Changes that were written.
    pub per_second: f64,
}

type Sent = Arc<Mutex<HashMap<String, Instant>>>;

/// Writes so many changes a second for so many seconds.
pub async fn run(house: &House, url: &str, changes: u32, seconds: u32) -> Outcome<Seen> {
    let mut people = Vec::new();
    let mut http = Http::to(&house.address, &house.customer.token).await?;
    for n in 0..WRITERS {
        let person = json!({ "upn": format!("p{n}@contoso.example"), "display_name": "p",
            "country": "GB", "licences": [] });
        people.push(http.json("POST", "/tenant/v1/users", &person).await?);
    }
    let reader = Http::to(&house.address, &house.edge).await?;
    let (epoch, position) = newest(url).await?;
    let path = format!("/edge/v1/changes?epoch={epoch}&since={position}");
    let mut stream = reader.stream(&path).await?;

    let sent = Sent::default();
    let count = changes * seconds;
    let mut writers = Vec::new();
    let began = Instant::now();
    for (n, person) in people.into_iter().enumerate() {
        let (sent, address) = (sent.clone(), house.address.clone());
        let token = house.customer.token.clone();
        writers.push(tokio::spawn(async move {
            let http = Http::to(&address, &token).await?;
            write(http, person, n, count / WRITERS, changes, sent).await
        }));
    }
    let mut decoder = FrameDecoder::default();
    let mut all = Vec::new();
    let expected = (count / WRITERS * WRITERS) as usize;
    let patience = Duration::from_secs(u64::from(seconds) * 4 + 10);
    while all.len() < expected {
        let left = patience.saturating_sub(began.elapsed());
        let bytes = tokio::time::timeout(left, stream.next()).await;
        let bytes = bytes.map_err(|_| format!("{} of {expected} changes came", all.len()))??;
        decoder.push(&bytes);
        while let Some(frame) = decoder.next_frame()? {
            let Frame::Change(entry) = frame else { continue };
            let Change::UserPut(person) = entry.change else { continue };
            let sent = sent.lock().expect("no writer panics").remove(&person.display_name);
            if let Some(sent) = sent {
                all.push(sent.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    let mut ended = began;
    for writer in writers {
        ended = ended.max(writer.await??);
    }
    let per_second = expected as f64 / (ended - began).as_secs_f64();
    Ok(Seen { latency: Latency::of(all)?, per_second })
}

/// Where the log stands: a snapshot would tell, but has ten million numbers in it.
async fn newest(url: &str) -> Outcome<(String, u64)> {
    let store = store::Store::open(url).await?;
    let position = store.read().await?.change_newest().await?;
    let epoch = store.epoch().to_string();
    store.close().await;
    Ok((epoch, position))
}

async fn write(
    mut http: Http,
    person: Value,
    nth: usize,
    count: u32,
    changes: u32,
    sent: Sent,
) -> Outcome<Instant> {
    let path = format!("/tenant/v1/users/{}", person["id"].as_str().unwrap_or_default());
    let mut version = person["version"].as_i64().unwrap_or_default();
    let every = Duration::from_secs(1) * WRITERS / changes;
    let mut ticks = tokio::time::interval(every);
    // Who is late makes up for it: so many a second are wanted.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for n in 0..count {
        ticks.tick().await;
        let name = format!("writer {nth} change {n}");
        sent.lock().expect("no reader panics").insert(name.clone(), Instant::now());
        let body = json!({ "display_name": name });
        version = http.patch(&path, version, &body).await?["version"].as_i64().unwrap_or_default();
    }
    Ok(Instant::now())
}
