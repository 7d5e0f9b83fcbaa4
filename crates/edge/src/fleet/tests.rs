//! Two edges that speak to each other, without their SIP sides.

use super::link::{Fleet, QUEUE, Shell};
use super::wire::Message;
use crate::bindings::BindingChange;
use crate::core::Shared;
use crate::overflow::{OverflowCopy, RecordId};
use crate::peer::Peer;
use domain::{CdrId, EdgeId};
use feed::cdr::CdrRecord;
use feed::record::{EdgeKey, Transport};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

/// Counts what it is told.
#[derive(Default)]
struct Counts {
    shared: Arc<Shared>,
    records: AtomicUsize,
    copied: AtomicUsize,
    /// How many records had come when the packet did.
    packet_after: OnceLock<usize>,
}

impl Shell for Counts {
    fn keys(&self) -> Vec<EdgeKey> {
        vec![EdgeKey { id: 1, secret: vec![9; 64], seals_from_us: 0 }]
    }
    fn binding(&self, change: BindingChange) {
        self.shared.bindings.merge(change, 0);
    }
    fn dialog_record(&self, copy: OverflowCopy) {
        self.shared.overflow.apply(&copy);
        self.records.fetch_add(1, Ordering::Relaxed);
    }
    fn copied(&self, _: RecordId) {
        self.copied.fetch_add(1, Ordering::Relaxed);
    }
    fn record(&self, _: CdrRecord) {}
    fn ended(&self, _: CdrId) {}
    fn transmit(&self, _: Peer, _: Vec<u8>) {}
    fn arrived(&self, _: Peer, _: Vec<u8>) {
        self.packet_after.get_or_init(|| self.records.load(Ordering::Relaxed));
    }
    fn addresses_changed(&self) {}
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("fleet-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn free_address() -> SocketAddr {
    softphone::free_address(std::net::Ipv4Addr::LOCALHOST).expect("a port is free")
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn record(edge: u8, n: usize) -> OverflowCopy {
    let mut id = [edge; 16];
    id[..8].copy_from_slice(&(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    OverflowCopy { id, expires_us: i64::MAX, bytes: vec![edge; 250].into() }
}

#[tokio::test]
async fn more_records_than_a_queue_holds_are_told_once_and_hold_up_no_packet() {
    const RECORDS: usize = QUEUE + 2_000;
    let links = [free_address(), free_address()];
    let folder = Folder::new("records");
    let (stop, stopped) = watch::channel(false);
    let mut edges = Vec::new();
    for which in 0..2u8 {
        let shell = Arc::new(Counts::default());
        for n in 0..RECORDS {
            shell.shared.overflow.apply(&record(which, n));
        }
        let config = super::FleetConfig {
            listen: links[usize::from(which)],
            siblings: vec![links[1 - usize::from(which)]],
        };
        let own = EdgeId(Uuid::from_u128(u128::from(which) + 1));
        let plan = vec![(Transport::Udp, SocketAddr::from(([192, 0, 2, 1], 5060)))];
        let shared = shell.shared.clone();
        let kept = (&stopped, folder.0.join(format!("siblings-{which}")));
        let (fleet, tasks) =
            Fleet::start(&config, own, plan, shared, shell.clone(), kept).expect("it starts");
        edges.push((shell, fleet, tasks));
    }
    let (one, other) = (&edges[0], &edges[1]);
    until("the other is told records", || other.0.records.load(Ordering::Relaxed) > 0).await;
    let from = Peer {
        transport: Transport::Udp,
        listener: 0,
        addr: SocketAddr::from(([192, 0, 2, 9], 5060)),
    };
    one.1.tell(&Message::Arrived(from, b"SIP/2.0 200 OK".to_vec()));
    // New ones while the old ones are still told.
    for n in RECORDS..RECORDS + 100 {
        let new = record(0, n);
        one.0.shared.overflow.apply(&new);
        one.1.tell(&Message::DialogRecord(new));
    }
    for edge in [one, other] {
        let all = || edge.0.shared.overflow.all().len() == 2 * RECORDS + 100;
        until("both have all records", all).await;
    }
    until("the new ones are acknowledged", || one.0.copied.load(Ordering::Relaxed) == 100).await;
    let after = *other.0.packet_after.get().expect("the packet came");
    assert!(after < RECORDS, "the packet came behind {after} records");
    let told = || [one, other].map(|edge| edge.0.records.load(Ordering::Relaxed));
    // Each sibling tells what it began with, and what it had been told by then.
    assert!(told().iter().all(|told| *told <= 2 * RECORDS + 200), "{:?}", told());
    assert_eq!(other.0.copied.load(Ordering::Relaxed), 0, "nobody waits for what is told again");
    stop.send(true).expect("the edges are there");
    for (_, _, tasks) in edges {
        for task in tasks {
            task.await.expect("it ends");
        }
    }
}

#[tokio::test]
async fn a_sibling_met_in_an_earlier_life_is_known_to_open_short_seals() {
    let folder = Folder::new("met");
    let links = [free_address(), free_address()];
    let mut lives = Vec::new();
    // The first two meet; then the first comes back alone.
    for (which, life) in [(0usize, 1), (1, 1), (0, 2)] {
        let (stop, stopped) = watch::channel(false);
        let shell = Arc::new(Counts::default());
        let config = super::FleetConfig { listen: links[which], siblings: vec![links[1 - which]] };
        let own = EdgeId(Uuid::from_u128(which as u128 + 1));
        let kept = (&stopped, folder.0.join(format!("siblings-{which}")));
        let (_, tasks) =
            Fleet::start(&config, own, Vec::new(), shell.shared.clone(), shell.clone(), kept)
                .expect("it starts");
        if life == 2 {
            assert!(shell.shared.overflow.is_usable(), "it met its sibling before");
        } else {
            assert!(!shell.shared.overflow.is_usable(), "the other may be of 0.1.0");
        }
        lives.push((shell, stop, tasks));
        if which == 1 {
            let usable = || lives.iter().all(|life| life.0.shared.overflow.is_usable());
            until("they meet", usable).await;
            for (_, stop, tasks) in lives.drain(..) {
                stop.send(true).expect("the edge is there");
                for task in tasks {
                    task.await.expect("it ends");
                }
            }
        }
    }
}

#[tokio::test]
async fn strangers_from_elsewhere_leave_room_for_a_sibling() {
    let folder = Folder::new("strangers");
    // The sibling's host is another one than the strangers'.
    let links = [free_address(), SocketAddr::from(([127, 0, 0, 2], free_address().port()))];
    let (stop, stopped) = watch::channel(false);
    let start = |which: usize| {
        let shell = Arc::new(Counts::default());
        let config = super::FleetConfig { listen: links[which], siblings: vec![links[1 - which]] };
        let own = EdgeId(Uuid::from_u128(which as u128 + 1));
        let kept = (&stopped, folder.0.join(format!("siblings-{which}")));
        Fleet::start(&config, own, Vec::new(), shell.shared.clone(), shell, kept)
            .expect("it starts")
    };
    let (one, _tasks) = start(0);
    let mut strangers = Vec::new();
    for _ in 0..200 {
        strangers.push(tokio::net::TcpStream::connect(links[0]).await.expect("it listens"));
    }
    let mut first = strangers.swap_remove(199);
    let mut byte = [0; 1];
    let closed = tokio::io::AsyncReadExt::read(&mut first, &mut byte);
    let closed = tokio::time::timeout(Duration::from_secs(1), closed).await;
    assert!(closed.is_ok(), "the last of too many is closed at once");
    let (other, _tasks) = start(1);
    until("the edges meet", || one.is_heard() && other.is_heard()).await;
    stop.send(true).expect("the edge is there");
}
