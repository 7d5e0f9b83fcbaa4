//! A control plane in memory, and an edge before it.

use crate::world::id;
use domain::EdgeId;
use edge::link::{ChangeStream, Feed, FeedError, Pending};
use edge::{Edge, EdgeConfig, EdgeHandle};
use feed::cdr::{CdrBatch, CdrEvent, CdrRecord};
use feed::change::Position;
use feed::snapshot::{WorldRecords, write_snapshot};
use feed::wrap::{WrapKey, wrap_key};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(15);

/// Gives one snapshot and keeps what it is given.
pub struct Control {
    world: Mutex<WorldRecords>,
    cdrs: Mutex<Vec<CdrRecord>>,
    away: AtomicBool,
}

struct Quiet;

impl ChangeStream for Quiet {
    fn next_bytes(&mut self) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(std::future::pending())
    }
}

impl Feed for Control {
    fn wrap_key(&self) -> WrapKey {
        wrap_key("test")
    }

    fn snapshot(&self) -> Pending<'_, Vec<u8>> {
        Box::pin(async move {
            self.present()?;
            let world = self.world.lock().expect("no test panics while holding it").clone();
            Ok(write_snapshot(&world, &self.wrap_key()))
        })
    }

    fn changes(&self, _: Position) -> Pending<'_, Box<dyn ChangeStream>> {
        Box::pin(async move {
            self.present()?;
            Ok(Box::new(Quiet) as Box<dyn ChangeStream>)
        })
    }

    fn deliver_cdrs<'a>(&'a self, batch: &'a CdrBatch) -> Pending<'a, ()> {
        Box::pin(async move {
            self.present()?;
            let mut cdrs = self.cdrs.lock().expect("no test panics while holding it");
            cdrs.extend(batch.records.iter().cloned());
            Ok(())
        })
    }
}

impl Control {
    pub fn new(world: WorldRecords) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(world),
            cdrs: Mutex::default(),
            away: AtomicBool::new(false),
        })
    }

    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    fn present(&self) -> Result<(), FeedError> {
        if self.away.load(Ordering::Relaxed) {
            Err(FeedError::Unreachable("switched off by the test".into()))
        } else {
            Ok(())
        }
    }

    /// The records so far, by call.
    pub fn calls(&self) -> BTreeMap<domain::CdrId, Vec<CdrEvent>> {
        let mut calls: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in self.cdrs.lock().expect("no test panics while holding it").iter() {
            calls.entry(record.id).or_default().push(record.event.clone());
        }
        calls
    }

    /// Waits until `count` calls have ended in the records.
    pub async fn ended(&self, count: usize) -> Vec<Vec<CdrEvent>> {
        let begun = Instant::now();
        loop {
            let calls: Vec<_> = self.calls().into_values().collect();
            let ended = |events: &&Vec<CdrEvent>| events.iter().any(|e| e.kind() == "end");
            if calls.iter().filter(ended).count() >= count {
                return calls;
            }
            assert!(begun.elapsed() < PATIENCE, "{count} calls should have ended: {calls:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("meetpoint-edge-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An edge on loopback; port 0 for free ones.
pub async fn start_edge(
    control: &Arc<Control>,
    folder: &Folder,
    port: u16,
    shards: usize,
) -> EdgeHandle {
    start_edge_with(control, folder, port, shards, PATIENCE).await
}

/// The same, with so much patience for strangers' connections.
pub async fn start_edge_with(
    control: &Arc<Control>,
    folder: &Folder,
    port: u16,
    shards: usize,
    admission: Duration,
) -> EdgeHandle {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let config = EdgeConfig {
        listen_udp: vec![address],
        listen_tcp: vec![address],
        shards: Some(shards),
        admission,
        ..EdgeConfig::new(EdgeId(id(7)), folder.path())
    };
    let handle = Edge::start(config, control.clone()).expect("the edge starts");
    tokio::time::timeout(PATIENCE, handle.ready()).await.expect("a world comes");
    handle
}

/// A free loopback address.
pub fn free_address() -> SocketAddr {
    softphone::free_address(std::net::Ipv4Addr::LOCALHOST).expect("a free port")
}
