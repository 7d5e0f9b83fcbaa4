//! Threads, sockets and files around the core.
//!
//! One thread per shard owns the calls whose Call-ID hashes to it, its own
//! sockets and timers. A packet that another shard's socket received is handed
//! over by queue; nothing on a call's way takes a lock. The world is read
//! through an atomic pointer, registrations through one per bucket.

mod conns;
mod filter;
mod look;
mod mmsg;
mod owner;
mod pace;
mod plan;
mod shard;
mod siblings;
mod sockets;
mod strangers;
mod throttle;

use crate::core::{CoreConfig, Listener, Shared};
use crate::fleet::{Fleet, FleetConfig};
use crate::inside::TraceRing;
use crate::inside::hep::{Exporter, HepConfig};
use crate::inside::metrics::ShardCounters;
use crate::journal::{Journal, JournalStats, Wake};
use crate::link::{Feed, FeedError, Follow, WorldFile, deliver, deliver_events, follow};
use crate::overflow;
use crate::registrations;
use arc_swap::ArcSwap;
use domain::{EdgeId, TrunkId};
use feed::change::Position;
use feed::inside::Question;
use feed::record::Transport;
use feed::snapshot::{Snapshot, WorldRecords};
use look::{Inside, Trace};
use plan::{Plan, Told};
use serde::Serialize;
use shard::{Job, Port, Shard};
use siblings::Siblings;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use uuid::Uuid;

/// How an edge runs.
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// Its identity in call records.
    pub id: EdgeId,
    /// UDP addresses; port 0 takes a free one.
    pub listen_udp: Vec<SocketAddr>,
    /// TCP addresses; port 0 takes a free one.
    pub listen_tcp: Vec<SocketAddr>,
    /// Of the hosts of these addresses, those this edge serves whenever it lives;
    /// the others it takes over while nobody serves them. Then all edges of the
    /// fleet list the same addresses in the same order. Empty: all, and one that
    /// cannot be bound is an error.
    pub home: Vec<IpAddr>,
    /// The other edges, if there are any.
    pub fleet: Option<FleetConfig>,
    /// Host name or address that peers can reach; `None` for the bound address.
    pub advertised: Option<String>,
    /// Where the world, the journal and the registrations are kept.
    pub data_dir: PathBuf,
    /// Threads that carry calls; `None` for one per core of the machine.
    pub shards: Option<usize>,
    /// Bases of the SIP transaction timers (RFC 3261 section 17).
    pub timers: sip::Timers,
    /// How long a TCP connection may take to show that it is a trunk's or an
    /// authenticated phone's.
    pub admission: Duration,
    /// How long a thread that carries calls may have work without a pause before it
    /// refuses new calls; while it does, a fifth of that.
    pub shed_after: Duration,
    /// Memory for the trace of recent and failed calls, bytes, all shards
    /// together; 0 keeps none.
    pub trace_bytes: usize,
    /// Where copies of all packets go; `None` for nowhere.
    pub hep: Option<HepConfig>,
}

impl EdgeConfig {
    /// The usual behaviour.
    pub fn new(id: EdgeId, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            id,
            listen_udp: Vec::new(),
            listen_tcp: Vec::new(),
            home: Vec::new(),
            fleet: None,
            advertised: None,
            data_dir: data_dir.into(),
            shards: None,
            timers: sip::Timers::default(),
            admission: Duration::from_secs(10),
            shed_after: crate::core::admission::SHED_AFTER,
            trace_bytes: 16 * 1024 * 1024,
            hep: None,
        }
    }
}

/// Why an edge does not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// No address to listen at.
    #[error("edge_no_listener: name at least one UDP or TCP address to listen at")]
    NoListener,
    /// A socket cannot be bound.
    #[error("edge_bind: cannot listen at {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Peers would be told to answer to an address that is nobody's.
    #[error(
        "edge_no_host: {address} stands for every address of this machine: set sip_host to a \
         host name or address at which peers reach it"
    )]
    NoHost {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// A home without a place in the list of addresses.
    #[error(
        "edge_home: sip_home names {home}, but no SIP address has that host: list the addresses \
         of all edges, the same on each"
    )]
    Home {
        /// Which.
        home: IpAddr,
    },
    /// Siblings cannot find an address whose port is drawn by lot.
    #[error("edge_port: {address} has no port: where sip_home is set, name one")]
    NoPort {
        /// Which.
        address: SocketAddr,
    },
    /// A file or folder cannot be used.
    #[error("edge_data_dir: cannot use {path}: {source}")]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no thread, poll or randomness.
    #[error("edge_system: {0}")]
    System(io::Error),
    /// Started outside a tokio runtime, which the link to the control plane needs.
    #[error("edge_no_runtime: an edge is started from within a tokio runtime")]
    NoRuntime,
}

/// What an edge says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct EdgeStatus {
    /// Each SIP address of the fleet, and how it is served.
    pub addresses: Vec<AddressStatus>,
    /// Edges of the fleet that it can speak to.
    pub siblings: usize,
    /// Up to where it knows the change log; `None` before the first snapshot.
    pub position: Option<Position>,
    /// Whether the link to the control plane stands.
    pub link_up: bool,
    /// Why not.
    pub link_error: Option<String>,
    /// Trunks that were asked, and whether they answer.
    pub trunks: Vec<(TrunkId, bool)>,
    /// Registered phones.
    pub registrations: usize,
    /// Calls answered and not over, as far as this process has seen them.
    pub live_calls: u64,
    /// Calls that began since the start.
    pub calls: u64,
    /// Packets of strangers that got no answer.
    pub silenced: u64,
    /// Packets that were no SIP.
    pub unparsable: u64,
    /// Seals that did not open.
    pub forged: u64,
    /// Call records on disk since the start.
    pub journalled: u64,
}

/// One of the fleet's SIP addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressStatus {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// Whether it is this edge's own, rather than one it may take over.
    pub home: bool,
    /// Whether this edge serves it now.
    pub held: bool,
}

#[derive(Debug, Default)]
struct Link {
    known: bool,
    up: bool,
    error: Option<String>,
}

/// The link to the siblings, and how it is ended.
struct FleetLink {
    fleet: Arc<Fleet>,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// A running edge.
pub struct EdgeHandle {
    udp: Vec<SocketAddr>,
    tcp: Vec<SocketAddr>,
    shared: Arc<Shared>,
    world: Arc<ArcSwap<Snapshot>>,
    link: watch::Receiver<Link>,
    journal: Arc<Journal>,
    inside: Arc<Inside>,
    ports: Vec<Port>,
    threads: Vec<JoinHandle<()>>,
    registrar: Option<JoinHandle<()>>,
    dialog_records: Option<JoinHandle<()>>,
    /// Who takes addresses over; an edge that has all it wants needs nobody.
    plan: Option<(mpsc::Sender<Told>, JoinHandle<()>)>,
    fleet: Option<FleetLink>,
    stop_link: watch::Sender<bool>,
    stop_delivery: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// A look at a running edge from outside.
#[derive(Clone)]
pub struct EdgeView {
    udp: Vec<SocketAddr>,
    tcp: Vec<SocketAddr>,
    shared: Arc<Shared>,
    world: Arc<ArcSwap<Snapshot>>,
    link: watch::Receiver<Link>,
    journal: Arc<JournalStats>,
    inside: Arc<Inside>,
}

/// The SIP edge; see [`Edge::start`].
#[derive(Debug)]
pub struct Edge;

impl Edge {
    /// Binds the sockets, starts the threads, and the link to the control plane
    /// on the current tokio runtime. Starts from its own files when the control
    /// plane is away; until a world is known from either, it keeps silent.
    pub fn start(config: EdgeConfig, feed: Arc<dyn Feed>) -> Result<EdgeHandle, EdgeError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| EdgeError::NoRuntime)?;
        if config.listen_udp.is_empty() && config.listen_tcp.is_empty() {
            return Err(EdgeError::NoListener);
        }
        let mut listening = config.listen_udp.iter().chain(&config.listen_tcp);
        if config.advertised.is_none()
            && let Some(&address) = listening.find(|address| address.ip().is_unspecified())
        {
            return Err(EdgeError::NoHost { address });
        }
        let data = |source| EdgeError::DataDir { path: config.data_dir.clone(), source };
        std::fs::create_dir_all(&config.data_dir).map_err(data)?;
        let shards = config
            .shards
            .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1)
            .clamp(1, 256);
        let shared = Arc::new(Shared::default());
        let mut ports = Vec::new();
        let mut inboxes = Vec::new();
        let mut polls = Vec::new();
        for _ in 0..shards {
            let poll = mio::Poll::new().map_err(EdgeError::System)?;
            let waker = mio::Waker::new(poll.registry(), shard::WAKE).map_err(EdgeError::System)?;
            let (sender, inbox) = mpsc::channel();
            ports.push(Port::new(sender, waker));
            inboxes.push(inbox);
            polls.push(poll);
        }
        let plan = first_addresses(&config, ports.clone(), shared.clone())?;
        let listeners: Vec<Listener> = plan
            .listeners
            .iter()
            .map(|(transport, local)| Listener {
                transport: *transport,
                local: *local,
                sent_by: sent_by(config.advertised.as_deref(), *local),
            })
            .collect();
        let (udp, tcp) = plan.listeners.split_at(config.listen_udp.len());
        let [udp, tcp] = [udp, tcp].map(|part| part.iter().map(|(_, a)| *a).collect::<Vec<_>>());

        let registrations_file = config.data_dir.join("registrations");
        registrations::load(&registrations_file, &shared.bindings, wall_us());
        let (registrar, registrar_thread) =
            registrations::start(registrations_file, shared.clone()).map_err(data)?;
        let records_file = config.data_dir.join("dialogs");
        overflow::load(&records_file, &shared.overflow, wall_us());
        let (dialog_records, dialog_records_thread) =
            overflow::start(records_file, shared.clone()).map_err(data)?;
        let file = WorldFile::new(&config.data_dir.join("world"), feed.wrap_key()).map_err(data)?;

        let nothing = Position { epoch: uuid::Uuid::nil(), position: 0 };
        let world = Arc::new(ArcSwap::from_pointee(Snapshot::from_records(WorldRecords::empty(
            nothing, 0,
        ))));
        let mut core_config = CoreConfig::new(config.id, listeners);
        core_config.timers = config.timers;
        core_config.shed_after = config.shed_after;

        let locals: Arc<[SocketAddr]> = udp.iter().chain(&tcp).copied().collect();
        let hep = match config.hep.clone() {
            Some(hep) => Some(Exporter::start(hep).map_err(EdgeError::System)?),
            None => None,
        };
        let counters: Vec<Arc<ShardCounters>> = (0..shards).map(|_| Arc::default()).collect();
        let wakes = ports.iter().cloned().map(|port| Box::new(move || port.wake()) as Wake);
        // One more writer than shards, for what siblings want kept: nobody waits there.
        let wakes = wakes.chain([Box::new(|| {}) as Wake]);
        let (journal, mut writers) =
            Journal::open(&config.data_dir.join("journal"), wakes.collect()).map_err(data)?;
        let copies = writers.pop().expect("there are as many writers as wakes");
        let journal = Arc::new(journal);
        let directory = Arc::new(conns::Directory::default());
        let addresses = plan.listeners.clone();
        let alone = config.home.is_empty();
        let plan = if alone { None } else { Some(plan.start().map_err(EdgeError::System)?) };
        let fleet = match &config.fleet {
            None => None,
            Some(fleet) => {
                let siblings = Siblings {
                    world: world.clone(),
                    shared: shared.clone(),
                    ports: ports.clone(),
                    directory: directory.clone(),
                    registrar: registrar.clone(),
                    dialog_records: dialog_records.clone(),
                    records: Mutex::new(copies),
                    plan: plan.as_ref().map(|(told, _)| told.clone()),
                };
                let (stop, stopped) = watch::channel(false);
                let shell = Arc::new(siblings);
                let kept = (&stopped, config.data_dir.join("siblings"));
                let started =
                    Fleet::start(fleet, config.id, addresses, shared.clone(), shell, kept);
                let bind = |source| EdgeError::Bind { address: fleet.listen, source };
                let (fleet, tasks) = started.map_err(bind)?;
                Some(FleetLink { fleet, stop, tasks })
            }
        };
        let mut threads = Vec::new();
        for (index, ((poll, inbox), records)) in
            polls.into_iter().zip(inboxes).zip(writers).enumerate()
        {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|e| EdgeError::System(io::Error::other(e)))?;
            let shard = Shard::new(
                shard::Parts {
                    index,
                    poll,
                    inbox,
                    ports: ports.clone(),
                    directory: directory.clone(),
                    world: world.clone(),
                    shared: shared.clone(),
                    records,
                    registrar: registrar.clone(),
                    dialog_records: dialog_records.clone(),
                    admission: config.admission,
                    fleet: fleet.as_ref().map(|link| link.fleet.clone()),
                    trace: Trace {
                        ring: TraceRing::new(config.trace_bytes / shards),
                        hep: hep.clone(),
                        counters: counters[index].clone(),
                        locals: locals.clone(),
                    },
                },
                CoreConfig { pings: index == 0, shard: (index, shards), ..core_config.clone() },
                seed,
            );
            let thread = std::thread::Builder::new()
                .name(format!("edge-{index}"))
                .spawn(move || shard.run())
                .map_err(EdgeError::System)?;
            threads.push(thread);
        }
        drop((registrar, dialog_records));

        let (link_sender, link) = watch::channel(Link::default());
        let (stop_link, stopped) = watch::channel(false);
        let (stop_delivery, delivery_stopped) = watch::channel(false);
        let inside = Arc::new(Inside {
            edge: config.id,
            ports: ports.clone(),
            counters,
            locals,
            world: world.clone(),
            shared: shared.clone(),
            clock: Arc::default(),
            journal: journal.stats().clone(),
            hep_dropped: hep.map(|hep| hep.dropped_count()),
        });
        let publisher = Publisher {
            world: world.clone(),
            ports: ports.clone(),
            link: link_sender,
            inside: inside.clone(),
            feed: feed.clone(),
            shared: shared.clone(),
        };
        let events =
            deliver_events(feed.clone(), shared.clone(), config.id, wall_us(), stopped.clone());
        let tasks = vec![
            runtime.spawn(events),
            runtime.spawn(inside.clone().watch(stopped.clone())),
            runtime.spawn(follow(feed.clone(), file, publisher, stopped)),
            runtime.spawn(deliver(feed, journal.clone(), delivery_stopped)),
        ];
        Ok(EdgeHandle {
            udp,
            tcp,
            shared,
            world,
            link,
            journal,
            inside,
            ports,
            threads,
            registrar: Some(registrar_thread),
            dialog_records: Some(dialog_records_thread),
            plan,
            fleet,
            stop_link,
            stop_delivery,
            tasks,
        })
    }
}

/// Takes the addresses that are this edge's own. In a fleet one that is not free
/// is no error: a sibling may have it still, or the machine not yet.
fn first_addresses(
    config: &EdgeConfig,
    ports: Vec<Port>,
    shared: Arc<Shared>,
) -> Result<Plan, EdgeError> {
    let udp = config.listen_udp.iter().map(|a| (Transport::Udp, *a));
    let tcp = config.listen_tcp.iter().map(|a| (Transport::Tcp, *a));
    let listeners: Vec<_> = udp.chain(tcp).collect();
    if let Some((_, address)) = listeners.get(usize::from(u8::MAX) + 1) {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "at most 256 addresses");
        return Err(EdgeError::Bind { address: *address, source });
    }
    let hosts = |home: &&IpAddr| listeners.iter().all(|(_, a)| a.ip() != **home);
    if let Some(home) = config.home.iter().find(hosts) {
        return Err(EdgeError::Home { home: *home });
    }
    let alone = config.home.is_empty();
    if !alone && let Some((_, address)) = listeners.iter().find(|(_, a)| a.port() == 0) {
        return Err(EdgeError::NoPort { address: *address });
    }
    let mut plan = Plan { listeners, ports, shared };
    for (listener, at) in (0u8..=u8::MAX).zip(0..plan.listeners.len()) {
        let address = plan.listeners[at].1;
        let home = alone || config.home.contains(&address.ip());
        plan.shared.serving.set_home(listener, home);
        plan.shared.serving.set_held(listener, false);
        if !home {
            continue;
        }
        match plan.take(listener) {
            Ok(()) => {}
            Err(source) if alone => return Err(EdgeError::Bind { address, source }),
            Err(error) => tracing::warn!(%error, %address, "not free yet; trying on"),
        }
    }
    Ok(plan)
}

fn sent_by(advertised: Option<&str>, local: SocketAddr) -> String {
    let host = match (advertised, local.ip()) {
        (Some(host), _) => host.to_owned(),
        (None, IpAddr::V4(ip)) => ip.to_string(),
        (None, IpAddr::V6(ip)) => format!("[{ip}]"),
    };
    match local.port() {
        5060 => host,
        port => format!("{host}:{port}"),
    }
}

/// Microseconds since 1970 UTC.
pub(crate) fn wall_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

/// Gives each new version of the world to the shards.
struct Publisher {
    world: Arc<ArcSwap<Snapshot>>,
    ports: Vec<Port>,
    link: watch::Sender<Link>,
    inside: Arc<Inside>,
    feed: Arc<dyn Feed>,
    shared: Arc<Shared>,
}

impl Follow for Publisher {
    fn publish(&mut self, world: Arc<Snapshot>) {
        self.world.store(world);
        self.link.send_modify(|link| link.known = true);
        // The shard that asks trunks how they are may have new ones to ask.
        if let Some(port) = self.ports.first() {
            port.send(Job::WorldChanged);
        }
    }

    fn link(&mut self, up: bool, reason: Option<&FeedError>) {
        self.link.send_modify(|link| {
            link.up = up;
            link.error = reason.map(ToString::to_string);
        });
    }

    fn clock(&mut self, at_us: i64) {
        self.inside.clock.heard(at_us, wall_us());
    }

    fn fraud_release(&mut self, id: Uuid) {
        self.shared.fraud.release(id, &self.shared.alarms, wall_us());
    }

    fn question(&mut self, question: Question) {
        let (inside, feed) = (self.inside.clone(), self.feed.clone());
        tokio::spawn(async move { inside.answer(&*feed, question).await });
    }
}

impl EdgeHandle {
    /// Where it listens on UDP, in the configuration's order.
    pub fn udp_addresses(&self) -> &[SocketAddr] {
        &self.udp
    }

    /// Where it listens on TCP, in the configuration's order.
    pub fn tcp_addresses(&self) -> &[SocketAddr] {
        &self.tcp
    }

    /// Every address of the fleet, and how it is served.
    pub fn addresses(&self) -> Vec<AddressStatus> {
        self.view().addresses()
    }

    /// The world it routes by.
    pub fn world(&self) -> Arc<Snapshot> {
        self.world.load_full()
    }

    /// How it is.
    pub fn status(&self) -> EdgeStatus {
        self.view().status()
    }

    /// A way to look at it that may be handed on; it does not keep it running.
    pub fn view(&self) -> EdgeView {
        EdgeView {
            udp: self.udp.clone(),
            tcp: self.tcp.clone(),
            shared: self.shared.clone(),
            world: self.world.clone(),
            link: self.link.clone(),
            journal: self.journal.stats().clone(),
            inside: self.inside.clone(),
        }
    }

    /// Waits until it knows a world, from its own files or the control plane.
    pub async fn ready(&self) {
        // The sender lives as long as the link task; a link that has ended will
        // never know more.
        let _ = self.link.clone().wait_for(|link| link.known).await;
    }

    /// Waits until it knows the change log up to `position` of the same epoch.
    pub async fn caught_up(&self, position: Position) {
        let mut link = self.link.clone();
        loop {
            let known = self.world.load().position();
            if known.epoch == position.epoch && known.position >= position.position {
                return;
            }
            // Publishing marks the link as changed.
            if link.changed().await.is_err() {
                return;
            }
        }
    }

    /// A sibling has the copy of this dialog record: the message that waits for
    /// that leaves.
    pub fn dialog_record_copied(&self, id: &overflow::RecordId) {
        for port in &self.ports {
            port.send(Job::Copied(*id));
        }
    }

    /// Prepares to stop: new calls go elsewhere (503 with Retry-After; calls for help
    /// are still carried), peers that ask how this edge is hear that it leaves, and
    /// siblings are told. Returns when no call is being set up, at the latest after
    /// `limit`; then [`EdgeHandle::shutdown`] gives the addresses up.
    pub async fn drain(&self, limit: Duration) {
        self.shared.serving.set_draining();
        if let Some(link) = &self.fleet {
            link.fleet.leave();
        }
        let idle = async {
            // Nobody is told of the last one; a person waits no longer for it.
            while self.shared.stats.under_way.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(limit, idle).await.is_err() {
            tracing::warn!("calls that still ring are refused");
        }
    }

    /// Stops the threads, writes out what is in their hands, and tries for a
    /// moment to deliver the last call records; what cannot be delivered stays
    /// in the journal. Established calls go on at whichever edge comes next.
    pub async fn shutdown(mut self) {
        self.stop_threads();
        joined(self.threads.drain(..).collect()).await;
        if let Some(FleetLink { fleet, stop, tasks }) = self.fleet.take() {
            fleet.told().await;
            let _ = stop.send(true);
            for task in tasks {
                let _ = task.await;
            }
        }
        // Each ends with its last sender.
        let plan = self.plan.take().map(|(_, thread)| thread);
        let writers = self.registrar.take().into_iter().chain(self.dialog_records.take());
        joined(writers.chain(plan).collect()).await;
        let journal = self.journal.clone();
        let _ = tokio::task::spawn_blocking(move || journal.join()).await;
        let _ = self.stop_link.send(true);
        let delivery = self.tasks.pop();
        if let Some(delivery) = delivery
            && tokio::time::timeout(Duration::from_secs(2), delivery).await.is_err()
        {
            tracing::warn!("call records stay in the journal until the next start");
        }
        let _ = self.stop_delivery.send(true);
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
    }

    fn stop_threads(&self) {
        for port in &self.ports {
            port.send(Job::Stop);
        }
    }
}

impl Drop for EdgeHandle {
    fn drop(&mut self) {
        self.stop_threads();
        let _ = self.stop_link.send(true);
        let _ = self.stop_delivery.send(true);
        if let Some(link) = &self.fleet {
            let _ = link.stop.send(true);
        }
    }
}

/// Waits for threads without holding up the runtime.
async fn joined(threads: Vec<JoinHandle<()>>) {
    let join = || threads.into_iter().for_each(|thread| drop(thread.join()));
    let _ = tokio::task::spawn_blocking(join).await;
}

/// A lock on bookkeeping that no panic can leave half done.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
