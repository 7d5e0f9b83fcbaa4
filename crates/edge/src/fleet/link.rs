//! The connections between edges, and what is known of the siblings by them.

use super::retell::{self, Missed};
use super::wire::{Hello, MAGIC, MAX_FRAME, MAX_HELLO, Message, Nonce, Pulse, Session};
use super::{FleetConfig, Report};
use crate::alarm::AlarmKind;
use crate::bindings::BindingChange;
use crate::core::Shared;
use crate::overflow::{OverflowCopy, RecordId};
use crate::peer::Peer;
use crate::shell::wall_us;
use arc_swap::ArcSwap;
use domain::{CdrId, EdgeId};
use feed::cdr::CdrRecord;
use feed::record::{EdgeKey, Transport};
use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::time::timeout;

/// How often an edge says how it is.
const PULSE: Duration = Duration::from_millis(200);
/// An edge that says nothing for so long is taken for gone.
const SILENCE: Duration = Duration::from_millis(1500);
/// How long a sibling may read nothing: one that takes in very many registrations
/// is busy for a while.
const STALLED: Duration = Duration::from_secs(10);
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// Between two attempts to reach a sibling.
const RETRY: Duration = Duration::from_millis(100);
/// Messages that may wait for one sibling.
pub(super) const QUEUE: usize = 16_384;
/// The same for those that somebody waits for.
const URGENT: usize = 4_096;
/// Between two attempts to reach one that has this edge's own id.
const RETRY_SELF: Duration = Duration::from_secs(10);
/// Connections that have not proved anything yet, of each sibling's host and of
/// all others together.
const UNPROVEN: usize = 32;
/// Bytes written at a time.
const BATCH: usize = 64 * 1024;

/// What siblings' messages do to this edge.
pub(crate) trait Shell: Send + Sync + 'static {
    /// The secrets that all edges share.
    fn keys(&self) -> Vec<EdgeKey>;
    /// A phone came or went elsewhere.
    fn binding(&self, change: BindingChange);
    /// A sibling's dialog record, to be kept.
    fn dialog_record(&self, copy: OverflowCopy);
    /// A sibling has kept ours.
    fn copied(&self, id: RecordId);
    /// A sibling's call record, to be kept too.
    fn record(&self, record: CdrRecord);
    /// A call ended at a sibling.
    fn ended(&self, cdr: CdrId);
    /// To be sent from here.
    fn transmit(&self, to: Peer, bytes: Vec<u8>);
    /// Came to a sibling, and may belong to a transaction of ours.
    fn arrived(&self, from: Peer, bytes: Vec<u8>);
    /// Other addresses may be free, or wanted, than before.
    fn addresses_changed(&self);
}

/// The way to one sibling.
struct Way {
    address: SocketAddr,
    queue: mpsc::Sender<Message>,
    /// What passes by the queue, for somebody waits for it.
    urgent: mpsc::Sender<Message>,
    /// Who is at the other end, while there is a connection.
    edge: Mutex<Option<EdgeId>>,
    /// There is one; read without the lock.
    open: AtomicBool,
    /// What did not fit into the queue, and is to be told again.
    missed: Missed,
    /// Has been heard, in this life or an earlier one: it is of 0.2.0 or newer.
    met: AtomicBool,
}

/// The other ends of a way's queues.
struct Waiting {
    queue: mpsc::Receiver<Message>,
    urgent: mpsc::Receiver<Message>,
}

impl Waiting {
    /// Seals what is urgent, as far as there is room.
    fn hurry(&mut self, session: &mut Session, out: &mut Vec<u8>) {
        while out.len() < BATCH
            && let Ok(message) = self.urgent.try_recv()
        {
            session.seal(&message, out);
        }
    }

    /// Seals what has waited, as far as there is room.
    fn drain(&mut self, session: &mut Session, out: &mut Vec<u8>) {
        while out.len() < BATCH
            && let Ok(message) = self.queue.try_recv()
        {
            session.seal(&message, out);
        }
    }
}

/// What a sibling says of itself.
struct Heard {
    connection: u64,
    hello: Hello,
    same_plan: bool,
    pulse: Pulse,
}

/// A sibling that can be told something, as the shards see it.
#[derive(Clone, Debug)]
struct Alive {
    edge: EdgeId,
    way: usize,
    /// For each listener; empty if it lists other addresses.
    held: Vec<bool>,
}

/// An edge among its siblings.
pub(crate) struct Fleet {
    own: Hello,
    listen: SocketAddr,
    shared: Arc<Shared>,
    shell: Arc<dyn Shell>,
    ways: Vec<Way>,
    heard: Mutex<HashMap<EdgeId, Heard>>,
    alive: ArcSwap<Vec<Alive>>,
    connections: AtomicU64,
    leaving: AtomicBool,
    hurry: Notify,
    /// Where the addresses of siblings that were met are kept.
    met: PathBuf,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fleet {
    /// Begins to listen for siblings and to dial them, on the current runtime,
    /// until `stop` turns true. `plan` are the SIP addresses; `met` is a file that
    /// tells the next life which siblings were met.
    pub fn start(
        config: &FleetConfig,
        own: EdgeId,
        plan: Vec<(Transport, SocketAddr)>,
        shared: Arc<Shared>,
        shell: Arc<dyn Shell>,
        (stop, met): (&watch::Receiver<bool>, PathBuf),
    ) -> io::Result<(Arc<Self>, Vec<tokio::task::JoinHandle<()>>)> {
        let listener = std::net::TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (mut ways, mut queues) = (Vec::new(), Vec::new());
        let earlier = std::fs::read_to_string(&met).unwrap_or_default();
        let earlier: Vec<SocketAddr> = earlier.lines().filter_map(|l| l.parse().ok()).collect();
        for address in config.siblings.iter().filter(|a| **a != config.listen) {
            let (queue, queued) = mpsc::channel(QUEUE);
            let (urgent, hurried) = mpsc::channel(URGENT);
            ways.push(Way {
                address: *address,
                queue,
                urgent,
                edge: Mutex::default(),
                open: AtomicBool::new(false),
                missed: Missed::none(),
                met: AtomicBool::new(earlier.contains(address)),
            });
            queues.push(Waiting { queue: queued, urgent: hurried });
        }
        let home = (0u8..=u8::MAX).take(plan.len()).map(|l| shared.serving.is_home(l)).collect();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let fleet = Arc::new(Self {
            own: Hello { version, edge: own, plan, home },
            listen: config.listen,
            shared,
            shell,
            ways,
            heard: Mutex::default(),
            alive: ArcSwap::default(),
            connections: AtomicU64::new(0),
            leaving: AtomicBool::new(false),
            hurry: Notify::new(),
            met,
        });
        fleet.look();
        let mut tasks = Vec::new();
        let mut spawn = |work: Pin| {
            let mut stop = stop.clone();
            tasks.push(tokio::spawn(async move {
                tokio::select! {
                    () = work => {}
                    // An error means that the edge is gone.
                    _ = stop.wait_for(|stop| *stop) => {}
                }
            }));
        };
        spawn(Box::pin(fleet.clone().listen(listener)));
        for (at, waiting) in queues.into_iter().enumerate() {
            spawn(Box::pin(fleet.clone().dial(at, waiting)));
        }
        Ok((fleet, tasks))
    }

    /// Tells siblings that this edge is about to stop, so that they take its
    /// addresses as soon as it gives them up.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.hurry.notify_waiters();
    }

    /// Waits a moment until siblings have been told all there is to tell.
    pub async fn told(&self) {
        let all = async {
            let waits = |way: &Way| way.queue.capacity() < QUEUE || way.urgent.capacity() < URGENT;
            while self.ways.iter().any(|way| waits(way) && locked(&way.edge).is_some()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // What is not told by then is told when this edge is back.
        let _ = timeout(PULSE, all).await;
    }

    /// Whether any sibling can be told something.
    pub fn is_heard(&self) -> bool {
        self.ways.iter().any(|way| way.open.load(Ordering::Acquire))
    }

    /// Tells every sibling; one that cannot be told now is told all later.
    pub fn tell(&self, message: &Message) {
        for (at, way) in self.ways.iter().enumerate() {
            if way.open.load(Ordering::Acquire) {
                self.send(at, message.clone());
            }
        }
    }

    /// Tells one sibling, whichever.
    pub fn tell_one(&self, message: Message) {
        if let Some(sibling) = self.alive.load().first() {
            self.send(sibling.way, message);
        }
    }

    /// Has the sibling send it that holds the address, or over TCP the connection;
    /// `false` if none does.
    pub fn transmit(&self, to: Peer, bytes: &[u8]) -> bool {
        let holder = match to.transport {
            Transport::Udp => None,
            Transport::Tcp => match self.shared.bindings.flow_edge(to.addr) {
                Some(edge) => Some(edge),
                None => return false,
            },
        };
        let alive = self.alive.load();
        let sibling = alive.iter().find(|s| match holder {
            Some(edge) => s.edge == edge,
            None => s.held.get(usize::from(to.listener)).is_some_and(|held| *held),
        });
        if let Some(sibling) = sibling {
            self.send(sibling.way, Message::Transmit(to, bytes.to_vec()));
        }
        sibling.is_some()
    }

    fn send(&self, way: usize, message: Message) {
        let way = &self.ways[way];
        let queue = match message {
            Message::Transmit(..) | Message::Arrived(..) | Message::Copied(_) => &way.urgent,
            _ => &way.queue,
        };
        if let Err(full) = queue.try_send(message) {
            way.missed.message(&full.into_inner());
        }
    }

    /// Works out anew who lives and who has which address.
    fn look(&self) {
        let heard = locked(&self.heard);
        let mut alive = Vec::new();
        let mut first_met = false;
        for (at, way) in self.ways.iter().enumerate() {
            let Some(edge) = *locked(&way.edge) else { continue };
            let Some(sibling) = heard.get(&edge) else { continue };
            first_met |= !way.met.swap(true, Ordering::Relaxed);
            let held = if sibling.same_plan { sibling.pulse.held.clone() } else { Vec::new() };
            alive.push(Alive { edge, way: at, held });
        }
        let serving = &self.shared.serving;
        for (listener, address) in (0u8..=u8::MAX).zip(&self.own.plan) {
            let claimed = heard.values().filter(|h| !h.pulse.leaving).any(|h| {
                h.hello.plan.iter().zip(&h.hello.home).any(|(a, home)| *home && a == address)
            });
            serving.set_claimed(listener, claimed);
            let held = |s: &Alive| s.held.get(usize::from(listener)).is_some_and(|held| *held);
            serving.set_relayed(listener, alive.iter().any(held));
        }
        serving.set_siblings(alive.len());
        if first_met {
            self.keep_met();
        }
        let all_met = self.ways.iter().all(|way| way.met.load(Ordering::Relaxed));
        self.shared.overflow.set_siblings(alive.len(), all_met);
        self.alive.store(Arc::new(alive));
        drop(heard);
        self.shell.addresses_changed();
    }

    /// Without it a restarted edge would seal nothing short until every sibling,
    /// also one that is down for long, is back.
    fn keep_met(&self) {
        let met = self.ways.iter().filter(|way| way.met.load(Ordering::Relaxed));
        let list: String = met.map(|way| format!("{}\n", way.address)).collect();
        if let Err(error) = crate::recfile::replace(&self.met, list.as_bytes()) {
            tracing::error!(%error, "which siblings were met cannot be kept on disk");
        }
    }

    fn pulse(&self) -> Message {
        let serving = &self.shared.serving;
        let listeners = (0u8..=u8::MAX).take(self.own.plan.len());
        Message::Pulse(Pulse {
            held: listeners.map(|l| serving.holds(l)).collect(),
            leaving: self.leaving.load(Ordering::Relaxed),
            load: self.shared.loads.own(),
            blocks: self.shared.fraud.blocks(),
            callbacks: self.shared.callbacks.all(wall_us()),
        })
    }

    async fn listen(self: Arc<Self>, listener: TcpListener) {
        let hosts: HashSet<IpAddr> = self.ways.iter().map(|way| way.address.ip()).collect();
        let room = || Arc::new(Semaphore::new(UNPROVEN));
        let siblings: HashMap<IpAddr, _> = hosts.into_iter().map(|ip| (ip, room())).collect();
        let others = room();
        // They end with this task.
        let mut links = tokio::task::JoinSet::new();
        loop {
            let Ok((stream, from)) = listener.accept().await else {
                tokio::time::sleep(RETRY).await;
                continue;
            };
            // Who finds no room is closed and, if it is a sibling, comes again.
            let unproven = siblings.get(&from.ip().to_canonical()).unwrap_or(&others);
            let Ok(permit) = unproven.clone().try_acquire_owned() else { continue };
            let fleet = self.clone();
            while links.try_join_next().is_some() {}
            links.spawn(async move {
                let opened = timeout(HANDSHAKE, fleet.welcome(stream)).await;
                drop(permit);
                match opened {
                    Ok(Ok((stream, session, hello))) => {
                        fleet.hear(stream, session, hello).await;
                    }
                    Ok(Err(error)) => tracing::warn!(%error, %from, "no sibling"),
                    Err(_) => tracing::warn!(%from, "no sibling: it says nothing"),
                }
            });
        }
    }

    /// The listener's side of a handshake.
    async fn welcome(&self, mut stream: TcpStream) -> io::Result<(TcpStream, Session, Hello)> {
        let mut first = [0; 4 + 1 + 16];
        stream.read_exact(&mut first).await?;
        let (magic, rest) = first.split_at(4);
        let (id, theirs) = rest.split_at(1);
        let keys = self.shell.keys();
        let Some(key) = keys.iter().find(|k| k.id == id[0]).filter(|_| magic == MAGIC) else {
            return Err(io::Error::other("it speaks otherwise, or under a key not known here"));
        };
        let theirs: Nonce = theirs.try_into().expect("sixteen bytes are left");
        let ours = nonce()?;
        let mut session = Session::new(key, &theirs, &ours);
        let mut answer = MAGIC.to_vec();
        answer.extend_from_slice(&ours);
        answer.extend_from_slice(self.own.edge.0.as_bytes());
        answer.extend_from_slice(&session.proof(self.own.edge));
        stream.write_all(&answer).await?;
        let mut frame = Vec::new();
        read_frame(&mut stream, &mut frame, MAX_HELLO).await?;
        match session.open(&mut frame) {
            Some(Message::Hello(hello)) => Ok((stream, session, hello)),
            _ => Err(io::Error::other("its first message is forged")),
        }
    }

    /// Listens to a sibling until it is gone.
    async fn hear(&self, mut stream: TcpStream, mut session: Session, hello: Hello) {
        let edge = hello.edge;
        if edge == self.own.edge {
            return;
        }
        let same_plan = hello.plan == self.own.plan;
        if !same_plan {
            tracing::error!(
                sibling = %edge.0,
                "a sibling lists other SIP addresses, or in another order: nothing is relayed"
            );
        }
        tracing::info!(sibling = %edge.0, version = hello.version, "a sibling speaks");
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let news = Heard { connection, hello, same_plan, pulse: Pulse::default() };
        {
            let mut heard = locked(&self.heard);
            heard.insert(edge, news);
            // Under the lock, so that the end of an older connection does not overtake.
            self.shared.alarms.clear(AlarmKind::SiblingLost, &edge.0.to_string(), wall_us());
        }
        self.look();
        let mut frame = Vec::new();
        loop {
            let read = timeout(SILENCE, read_frame(&mut stream, &mut frame, MAX_FRAME)).await;
            if !matches!(read, Ok(Ok(()))) {
                break;
            }
            let Some(message) = session.open(&mut frame) else {
                tracing::error!(sibling = %edge.0, "a forged message on an open link");
                break;
            };
            if !self.take(edge, connection, same_plan, message) {
                break;
            }
        }
        let mut heard = locked(&self.heard);
        if heard.get(&edge).is_some_and(|h| h.connection == connection) {
            heard.remove(&edge);
            let detail = "it has closed its link, or has been silent for 1.5 s";
            let subject = edge.0.to_string();
            self.shared.alarms.raise(AlarmKind::SiblingLost, &subject, detail, wall_us());
        }
        drop(heard);
        self.look();
    }

    /// Does what a message asks for; `false` if a newer connection has taken this
    /// one's place.
    fn take(&self, edge: EdgeId, connection: u64, same_plan: bool, message: Message) -> bool {
        match message {
            Message::Pulse(pulse) => {
                self.shared.fraud.told(&pulse.blocks, wall_us());
                self.shared.callbacks.told(&pulse.callbacks, wall_us());
                let trunks = pulse.load.clone();
                self.shared.loads.heard(Report { edge, at: Instant::now(), trunks });
                let mut heard = locked(&self.heard);
                let Some(known) = heard.get_mut(&edge).filter(|h| h.connection == connection)
                else {
                    return false;
                };
                let changed =
                    known.pulse.held != pulse.held || known.pulse.leaving != pulse.leaving;
                known.pulse = pulse;
                drop(heard);
                if changed {
                    self.look();
                }
            }
            Message::Binding(change) => self.shell.binding(change),
            Message::DialogRecord(copy) => {
                let id = copy.id;
                self.shell.dialog_record(copy);
                let way = self.alive.load().iter().find(|s| s.edge == edge).map(|s| s.way);
                if let Some(way) = way {
                    self.send(way, Message::Copied(id));
                }
            }
            Message::Retold(copy) => self.shell.dialog_record(copy),
            Message::Copied(id) => self.shell.copied(id),
            Message::Ended(cdr) => self.shell.ended(cdr),
            Message::Record(record) => self.shell.record(*record),
            Message::Transmit(to, bytes) if same_plan => self.shell.transmit(to, bytes),
            Message::Arrived(from, bytes) if same_plan => self.shell.arrived(from, bytes),
            Message::Transmit(..)
            | Message::Arrived(..)
            | Message::Hello(_)
            | Message::Unknown(_) => {}
        }
        true
    }

    async fn dial(self: Arc<Self>, at: usize, mut waiting: Waiting) {
        let mut said = String::new();
        let mut warned = false;
        for attempt in 0usize.. {
            let broken = match timeout(HANDSHAKE, self.reach(at, attempt)).await {
                Ok(Ok((stream, session, edge))) if edge != self.own.edge => {
                    *locked(&self.ways[at].edge) = Some(edge);
                    // What comes from now on waits behind what is told first.
                    self.ways[at].open.store(true, Ordering::Release);
                    self.look();
                    let ended = self.speak(at, stream, session, &mut waiting).await;
                    self.ways[at].open.store(false, Ordering::Release);
                    *locked(&self.ways[at].edge) = None;
                    self.look();
                    ended
                }
                Ok(Ok(_)) => {
                    if !warned {
                        let address = self.ways[at].address;
                        tracing::error!(
                            %address,
                            "this edge's own id answers there: this edge is in its own list of \
                             siblings, or another edge has the same id"
                        );
                        warned = true;
                    }
                    // Whichever it is, it opens short seals.
                    self.ways[at].met.store(true, Ordering::Relaxed);
                    self.look();
                    tokio::time::sleep(RETRY_SELF).await;
                    continue;
                }
                Ok(Err(error)) => error,
                Err(_) => io::ErrorKind::TimedOut.into(),
            };
            // Once, not ten times a second.
            let reason = broken.to_string();
            if reason != said {
                tracing::info!(address = %self.ways[at].address, reason, "no link to a sibling");
                said = reason;
            }
            while waiting.queue.try_recv().is_ok() {}
            while waiting.urgent.try_recv().is_ok() {}
            tokio::time::sleep(RETRY).await;
        }
    }

    /// The dialler's side of a handshake.
    async fn reach(&self, at: usize, attempt: usize) -> io::Result<(TcpStream, Session, EdgeId)> {
        let keys = self.shell.keys();
        // The newest may not have come to the sibling yet: each in its turn.
        let key = match keys.len() {
            0 => return Err(io::Error::other("no key is known yet")),
            some => &keys[attempt % some],
        };
        let address = self.ways[at].address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // From where siblings expect it, and have room for it.
        if !self.listen.ip().is_unspecified() && self.listen.is_ipv4() == address.is_ipv4() {
            socket.bind(SocketAddr::new(self.listen.ip(), 0))?;
        }
        let mut stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let ours = nonce()?;
        let mut first = MAGIC.to_vec();
        first.push(key.id);
        first.extend_from_slice(&ours);
        stream.write_all(&first).await?;
        let mut answer = [0; 4 + 16 + 16 + 32];
        stream.read_exact(&mut answer).await?;
        let (magic, rest) = answer.split_at(4);
        let (theirs, rest) = rest.split_first_chunk::<16>().expect("it is long enough");
        let (edge, rest) = rest.split_first_chunk::<16>().expect("it is long enough");
        let proof: &[u8; 32] = rest.try_into().expect("this many are left");
        let edge = EdgeId(uuid::Uuid::from_bytes(*edge));
        let session = Session::new(key, &ours, theirs);
        if magic != MAGIC || !session.proves(edge, proof) {
            return Err(io::Error::other("it does not prove that it is a sibling"));
        }
        Ok((stream, session, edge))
    }

    /// Tells a sibling all there is, and then whatever comes.
    async fn speak(
        &self,
        at: usize,
        stream: TcpStream,
        mut session: Session,
        waiting: &mut Waiting,
    ) -> io::Error {
        let (mut reader, mut writer) = stream.into_split();
        let way = &self.ways[at];
        way.missed.all();
        let mut out = Vec::new();
        session.seal(&Message::Hello(self.own.clone()), &mut out);
        session.seal(&self.pulse(), &mut out);
        let mut pulses = tokio::time::interval(PULSE);
        let mut nothing = [0; 1];
        let mut portion = Vec::new().into_iter();
        loop {
            waiting.hurry(&mut session, &mut out);
            if let Err(error) = flush(&mut writer, &mut out).await {
                return error;
            }
            if portion.as_slice().is_empty() {
                // What came while the last portion was told is not to wait for all.
                waiting.drain(&mut session, &mut out);
                while portion.as_slice().is_empty()
                    && let Some(missed) = way.missed.take()
                {
                    portion = retell::read(missed, &self.shared);
                }
            }
            let telling = !portion.as_slice().is_empty() || !out.is_empty();
            tokio::select! {
                message = waiting.urgent.recv() => {
                    let Some(message) = message else { return io::ErrorKind::BrokenPipe.into() };
                    session.seal(&message, &mut out);
                }
                message = waiting.queue.recv(), if portion.as_slice().is_empty() => {
                    let Some(message) = message else { return io::ErrorKind::BrokenPipe.into() };
                    session.seal(&message, &mut out);
                }
                _ = pulses.tick() => session.seal(&self.pulse(), &mut out),
                () = self.hurry.notified() => session.seal(&self.pulse(), &mut out),
                // Nothing ever comes this way but the end.
                read = reader.read(&mut nothing) => {
                    return read.err().unwrap_or(io::ErrorKind::UnexpectedEof.into());
                }
                () = std::future::ready(()), if telling => {
                    while out.len() < BATCH && let Some(message) = portion.next() {
                        session.seal(&message, &mut out);
                    }
                }
            }
        }
    }
}

type Pin = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn flush(writer: &mut (impl AsyncWriteExt + Unpin), out: &mut Vec<u8>) -> io::Result<()> {
    timeout(STALLED, writer.write_all(out)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    out.clear();
    Ok(())
}

fn nonce() -> io::Result<Nonce> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    Ok(nonce)
}

/// Reads what stands behind one length.
async fn read_frame(stream: &mut TcpStream, frame: &mut Vec<u8>, most: usize) -> io::Result<()> {
    let length = stream.read_u32_le().await? as usize;
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    frame.resize(length, 0);
    stream.read_exact(frame).await?;
    Ok(())
}
