use super::*;
use crate::journal::Journal;
use domain::{CdrId, EdgeId, OperatorId};
use feed::{
    cdr::{CdrEvent, CdrRecord},
    change::{Change, ChangeEntry},
    frame::Frame,
    record::OperatorRecord,
    snapshot::{Snapshot, WorldRecords, write_snapshot},
    wrap::wrap_key,
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

/// A control plane in memory that can be switched off.
#[derive(Default)]
struct Plane {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    away: bool,
    epoch: u128,
    log: Vec<ChangeEntry>,
    cdrs: Vec<CdrRecord>,
    refuse: Option<CdrId>,
    snapshots: usize,
    listeners: Vec<mpsc::UnboundedSender<Vec<u8>>>,
}

fn operator(n: u128) -> Change {
    Change::OperatorPut(OperatorRecord {
        id: OperatorId(Uuid::from_u128(n)),
        name: format!("operator {n}"),
    })
}

impl Plane {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().expect("not poisoned"))
    }

    fn commit(&self, change: Change) {
        self.with(|s| {
            let entry = ChangeEntry { position: s.log.len() as u64 + 1, at_us: 0, change };
            let mut bytes = Vec::new();
            Frame::Change(entry.clone()).encode(&mut bytes).expect("short enough");
            s.log.push(entry);
            s.listeners.retain(|l| l.send(bytes.clone()).is_ok());
        });
    }

    fn go_away(&self) {
        self.with(|s| {
            s.away = true;
            s.listeners.clear();
        });
    }
}

struct Stream(mpsc::UnboundedReceiver<Vec<u8>>);
impl ChangeStream for Stream {
    fn next_bytes(&mut self) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(async { Ok(self.0.recv().await) })
    }
}

impl Feed for Plane {
    fn wrap_key(&self) -> WrapKey {
        wrap_key("token")
    }
    fn snapshot(&self) -> Pending<'_, Vec<u8>> {
        let answer = self.with(|s| {
            if s.away {
                return Err(FeedError::Unreachable("away".into()));
            }
            s.snapshots += 1;
            let position =
                Position { epoch: Uuid::from_u128(s.epoch), position: s.log.len() as u64 };
            let mut records = WorldRecords::empty(position, 0);
            for entry in &s.log {
                if let Change::OperatorPut(record) = &entry.change {
                    records.operators.push(record.clone());
                }
            }
            Ok(write_snapshot(&records, &wrap_key("token")))
        });
        Box::pin(async { answer })
    }
    fn changes(&self, since: Position) -> Pending<'_, Box<dyn ChangeStream>> {
        let answer = self.with(|s| {
            if s.away {
                return Err(FeedError::Unreachable("away".into()));
            }
            if since.epoch.as_u128() != s.epoch {
                return Err(FeedError::Gone);
            }
            let (tx, rx) = mpsc::unbounded_channel();
            for entry in s.log.iter().filter(|e| e.position > since.position) {
                let mut bytes = Vec::new();
                Frame::Change(entry.clone()).encode(&mut bytes).expect("short enough");
                tx.send(bytes).expect("just made");
            }
            s.listeners.push(tx);
            Ok(Box::new(Stream(rx)) as Box<dyn ChangeStream>)
        });
        Box::pin(async { answer })
    }
    fn deliver_cdrs<'a>(&'a self, batch: &'a CdrBatch) -> Pending<'a, ()> {
        let answer = self.with(|s| {
            if s.away {
                return Err(FeedError::Unreachable("away".into()));
            }
            if batch.records.iter().any(|r| Some(r.id) == s.refuse) {
                return Err(FeedError::Refused("no such thing".into()));
            }
            s.cdrs.extend(batch.records.iter().cloned());
            Ok(())
        });
        Box::pin(async { answer })
    }
}

struct Seen(watch::Sender<Option<Arc<Snapshot>>>);
impl Follow for Seen {
    fn publish(&mut self, world: Arc<Snapshot>) {
        self.0.send_replace(Some(world));
    }
    fn link(&mut self, _: bool, _: Option<&FeedError>) {}
}

struct Folder(PathBuf);
impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).expect("random bytes");
        Self(std::env::temp_dir().join(format!("link-{}", u64::from_le_bytes(name))))
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Running {
    worlds: watch::Receiver<Option<Arc<Snapshot>>>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

fn start(plane: &Arc<Plane>, folder: &Folder) -> Running {
    let (seen, worlds) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let file = WorldFile::new(&folder.0, plane.wrap_key()).expect("folder");
    let task = tokio::spawn(follow(plane.clone(), file, Seen(seen), stopped));
    Running { worlds, stop, task }
}

impl Running {
    async fn operators(&mut self, count: usize) {
        self.world(|w| w.operators().count() == count).await;
    }

    async fn world(&mut self, is_it: impl Fn(&Snapshot) -> bool) {
        let wanted = |w: &Option<Arc<Snapshot>>| w.as_ref().is_some_and(|w| is_it(w));
        let waiting = self.worlds.wait_for(wanted);
        tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
            .await
            .expect("in time")
            .expect("still following");
    }

    async fn end(self) {
        self.stop.send_replace(true);
        self.task.await.expect("ended");
    }
}

#[tokio::test]
async fn a_change_reaches_the_edge_and_outlives_the_control_plane() {
    let (plane, folder) = (Arc::new(Plane::default()), Folder::new());
    plane.commit(operator(1));
    let mut edge = start(&plane, &folder);
    edge.operators(1).await;
    plane.commit(operator(2));
    edge.operators(2).await;
    plane.go_away();
    plane.commit(operator(3));
    edge.end().await;

    let mut alone = start(&plane, &folder);
    alone.operators(2).await;
    plane.with(|s| s.away = false);
    alone.operators(3).await;
    alone.end().await;
}

#[tokio::test]
async fn another_epoch_means_another_snapshot() {
    let (plane, folder) = (Arc::new(Plane::default()), Folder::new());
    for n in 1..=3 {
        plane.commit(operator(n));
    }
    let mut edge = start(&plane, &folder);
    edge.operators(3).await;
    edge.end().await;
    plane.with(|s| {
        s.epoch = 2;
        s.log.clear();
    });
    plane.commit(operator(9));
    let mut edge = start(&plane, &folder);
    edge.operators(1).await;
    edge.end().await;
}

#[tokio::test]
async fn a_torn_overlay_hides_no_later_change() {
    let (plane, folder) = (Arc::new(Plane::default()), Folder::new());
    plane.commit(operator(1));
    let mut edge = start(&plane, &folder);
    edge.operators(1).await;
    for n in 2..=3 {
        plane.commit(operator(n));
    }
    edge.operators(3).await;
    edge.end().await;
    let overlay = folder.0.join("overlay");
    let bytes = std::fs::read(&overlay).expect("changes were kept");
    std::fs::write(&overlay, &bytes[..bytes.len() - 3]).expect("torn");

    let mut again = start(&plane, &folder);
    again.operators(3).await;
    plane.commit(operator(4));
    again.operators(4).await;
    again.end().await;
    plane.go_away();
    let mut alone = start(&plane, &folder);
    alone.operators(4).await;
    alone.end().await;
}

#[tokio::test]
async fn a_file_under_another_token_is_not_used() {
    let (plane, folder) = (Arc::new(Plane::default()), Folder::new());
    plane.commit(operator(1));
    let mut edge = start(&plane, &folder);
    edge.operators(1).await;
    edge.end().await;
    let mut file = WorldFile::new(&folder.0, wrap_key("another token")).expect("folder");
    assert!(file.load().is_none());
}

/// How often the whole world was asked for.
fn taken(plane: &Plane) -> usize {
    plane.with(|s| s.snapshots)
}

#[tokio::test]
async fn what_another_version_wrote_serves_at_once_and_is_replaced_once_connected() {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/last_release/0.1.0/snapshot.bin");
    let recorded = std::fs::read(recorded).expect("what 0.1.0 wrote");
    let old = Snapshot::open(&recorded, &wrap_key("token")).expect("it opens");
    let (plane, folder) = (Arc::new(Plane::default()), Folder::new());
    plane.with(|s| {
        s.away = true;
        s.epoch = old.position().epoch.as_u128();
        // What 0.1.0 had passed over, or kept only in part, stands below its position.
        for position in 1..=old.position().position {
            s.log.push(ChangeEntry { position, at_us: 0, change: operator(u128::from(position)) });
        }
    });
    let all = old.position().position as usize;
    std::fs::create_dir_all(&folder.0).expect("a folder");
    std::fs::write(folder.0.join("snapshot"), &recorded).expect("written");

    let mut edge = start(&plane, &folder);
    edge.operators(old.operators().count()).await;
    plane.with(|s| s.away = false);
    edge.world(|w| w.operators().any(|o| o.name == "operator 1")).await;
    plane.commit(operator(1000));
    edge.operators(all + 1).await;
    edge.end().await;
    assert_eq!(taken(&plane), 1);

    // Its own file is as good as the control plane's.
    let mut edge = start(&plane, &folder);
    plane.commit(operator(1001));
    edge.operators(all + 2).await;
    edge.end().await;
    assert_eq!(taken(&plane), 1);

    // The old version comes back, adds a change as it understood it, and leaves.
    let mut frame = Vec::new();
    let change = Change::Other { resource: "moon_put".into(), id: String::new() };
    let position = plane.with(|s| s.log.len() as u64) + 1;
    Frame::Change(ChangeEntry { position, at_us: 0, change }).encode(&mut frame).expect("short");
    plane.commit(operator(1002));
    let context = [&b"edge overlay"[..], old.position().epoch.as_bytes()].concat();
    let mut overlay = std::fs::read(folder.0.join("overlay")).expect("two changes");
    crate::recfile::encode(&wrap_key("token").wrap(&context, &frame), &mut overlay);
    std::fs::write(folder.0.join("overlay"), overlay).expect("written");
    let mut edge = start(&plane, &folder);
    edge.operators(all + 3).await;
    edge.end().await;
    assert_eq!(taken(&plane), 2);
}

#[tokio::test]
async fn records_wait_for_the_control_plane_and_a_refused_one_holds_up_nobody() {
    let (plane, folder) = (Arc::new(Plane::default()), Folder::new());
    plane.with(|s| {
        s.away = true;
        s.refuse = Some(CdrId(Uuid::from_u128(2)));
    });
    let (journal, mut writers) = Journal::open(&folder.0, vec![Box::new(|| {})]).expect("journal");
    let mut writer = writers.pop().expect("one was asked for");
    let journal = Arc::new(journal);
    let (_stop, stopped) = watch::channel(false);
    let delivery = tokio::spawn(deliver(plane.clone(), journal.clone(), stopped));
    for n in 1..=3 {
        let taken = writer.append(&CdrRecord {
            id: CdrId(Uuid::from_u128(n)),
            edge: EdgeId(Uuid::from_u128(1)),
            event: CdrEvent::Answer {
                at_us: 0,
                user: None,
                out_trunk: None,
                call_id: String::new(),
                forwarded: None,
                bridge: None,
                operator: None,
            },
        });
        assert!(taken);
    }
    drop(writer);
    journal.join();
    plane.with(|s| s.away = false);
    delivery.await.expect("all delivered");
    let arrived: Vec<u128> = plane.with(|s| s.cdrs.iter().map(|r| r.id.0.as_u128()).collect());
    assert_eq!(arrived, [1, 3]);
    assert!(folder.0.join("refused").exists(), "the refused record is kept aside");
}
