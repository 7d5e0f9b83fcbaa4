//! One thread: its sockets, its core, its timers.

mod addresses;

use super::conns::{Conn, Directory};
use super::look::{Look, Trace};
use super::mmsg::{RECEIVED, Receiver, Sender};
use super::owner::call_id;
use super::pace::{Pace, turns};
use super::strangers::Strangers;
use super::throttle::Throttle;
use super::wall_us;
use crate::bindings::BindingChange;
use crate::core::admission::{is_ordinary_call, opens_call};
use crate::core::{Core, CoreConfig, Moment, Shared};
use crate::fleet::Fleet;
use crate::journal::JournalWriter;
use crate::outbox::Outbox;
use crate::overflow::{OverflowCopy, RecordId};
use crate::peer::Peer;
use arc_swap::ArcSwap;
use domain::CdrId;
use feed::record::Transport;
use feed::snapshot::Snapshot;
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use sip::stream::Frame;
use socket2::Socket;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

pub(super) const WAKE: Token = Token(0);
const LISTENERS: usize = 1;
const CONNS: usize = 1 << 16;

/// Packets taken from one socket before the others and the timers get a turn.
const BURST: usize = 256;
/// Packets from other shards that may wait for this one; beyond that they are
/// lost, and repeated by who sent them.
const MAX_QUEUED: usize = 8_192;
/// Jobs from other threads done before the sockets and timers get a turn.
const JOBS: usize = 1_024;
/// Most connections of one shard.
const MAX_CONNS: usize = 20_000;
/// Of these, kept for connections the edge itself makes: to trunks.
const KEPT_FOR_OURS: usize = 1_000;
/// How long an edge that stops waits to answer those who hung up last.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// What one connection may say before the others get a turn: so many times so
/// many bytes.
const READS: usize = 4;
const READ_SIZE: usize = 16 * 1024;

/// What other threads hand a shard.
pub(super) enum Job {
    /// A packet whose call is this shard's.
    Packet { from: Peer, bytes: Vec<u8> },
    /// Something to send over a connection that is this shard's.
    Transmit { to: Peer, bytes: Vec<u8> },
    /// A connection is gone that this shard may wait for.
    Lost(SocketAddr),
    /// Whose connection, which may be this shard's, is known now.
    Admit(SocketAddr),
    /// Somebody wants to see how it is.
    Look(Look),
    /// There is a new world.
    WorldChanged,
    /// A sibling has this dialog record: what waits for that may leave.
    Copied(RecordId),
    /// A socket at one of the fleet's addresses, which this edge serves from now.
    Serve { listener: u8, socket: Socket },
    /// This edge serves that address no longer.
    Release(u8),
    /// A call that this shard may have in memory ended at a sibling.
    Ended(CdrId),
    /// Something a sibling wants sent from here.
    Relay { to: Peer, bytes: Vec<u8> },
    /// A packet that came to a sibling, which does not know its transaction.
    Stray { from: Peer, bytes: Vec<u8> },
    /// The end.
    Stop,
}

/// The way into a shard's queue.
#[derive(Clone)]
pub(super) struct Port {
    queue: mpsc::Sender<Job>,
    waker: Arc<Waker>,
    /// Packets in the queue.
    packets: Arc<AtomicUsize>,
}

impl Port {
    pub fn new(queue: mpsc::Sender<Job>, waker: Waker) -> Self {
        Self { queue, waker: Arc::new(waker), packets: Arc::default() }
    }

    /// Hands a packet over, or drops it like a full socket does.
    pub fn hand_over(&self, from: Peer, bytes: &[u8]) {
        // There is room yet for what may be a call for help.
        let help = bytes.starts_with(b"INVITE ") && !is_ordinary_call(bytes);
        let most = if help { 2 * MAX_QUEUED } else { MAX_QUEUED };
        if self.packets.fetch_add(1, Ordering::Relaxed) >= most {
            return self.taken();
        }
        self.send(Job::Packet { from, bytes: bytes.to_vec() });
    }

    /// The same for a packet that passes through siblings.
    pub fn hand_over_job(&self, job: Job) {
        if self.packets.load(Ordering::Relaxed) < MAX_QUEUED {
            self.send(job);
        }
    }

    /// Ends the shard's wait for its sockets.
    pub fn wake(&self) {
        let _ = self.waker.wake();
    }

    /// Packets in the queue.
    fn waiting(&self) -> usize {
        self.packets.load(Ordering::Relaxed)
    }

    /// A packet has left the queue.
    fn taken(&self) {
        self.packets.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn send(&self, job: Job) {
        // A shard that has ended takes no more, and needs none.
        if self.queue.send(job).is_ok() {
            let _ = self.waker.wake();
        }
    }
}

/// All a shard is given.
pub(super) struct Parts {
    pub index: usize,
    pub poll: Poll,
    pub inbox: mpsc::Receiver<Job>,
    pub ports: Vec<Port>,
    pub directory: Arc<Directory>,
    pub world: Arc<ArcSwap<Snapshot>>,
    pub shared: Arc<Shared>,
    pub records: JournalWriter,
    pub registrar: mpsc::Sender<BindingChange>,
    pub dialog_records: mpsc::Sender<OverflowCopy>,
    pub admission: Duration,
    pub fleet: Option<Arc<Fleet>>,
    pub trace: Trace,
}

pub(super) struct Shard {
    parts: Parts,
    config: CoreConfig,
    limits: sip::Limits,
    core: Core,
    out: Outbox,
    udp: Vec<(u8, UdpSocket)>,
    sender: Sender,
    pace: Pace,
    tcp: Vec<(u8, TcpListener)>,
    conns: HashMap<usize, Conn>,
    by_addr: HashMap<SocketAddr, usize>,
    next_conn: usize,
    lost: VecDeque<SocketAddr>,
    strangers: Strangers,
    /// Connections that may have more to read.
    readable: BTreeSet<usize>,
    buffer: Vec<u8>,
    /// A socket may hold more than was read this time.
    unread: bool,
    throttle: Throttle,
    stopping: bool,
}

impl Shard {
    /// A shard without sockets: they come as [`Job::Serve`].
    pub fn new(parts: Parts, config: CoreConfig, seed: [u8; 32]) -> Self {
        let limits = config.limits;
        let core = Core::new(config.clone(), parts.shared.clone(), seed);
        Self {
            strangers: Strangers::new(parts.admission),
            readable: BTreeSet::new(),
            parts,
            config,
            limits,
            core,
            out: Outbox::default(),
            udp: Vec::new(),
            sender: Sender::new(),
            pace: Pace::new(Instant::now()),
            tcp: Vec::new(),
            conns: HashMap::new(),
            by_addr: HashMap::new(),
            next_conn: CONNS,
            lost: VecDeque::new(),
            buffer: vec![0; READ_SIZE],
            unread: false,
            throttle: Throttle::default(),
            stopping: false,
        }
    }

    pub fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        let mut receiver = Receiver::new();
        let mut behind = false;
        let mut dry = true;
        self.tick();
        while !self.stopping {
            let now = Instant::now();
            let due = self.core.poll_timeout().into_iter().chain(self.strangers.next()).min();
            // An hour is as good as for ever, and safe for every clock.
            let wait = match due {
                _ if behind || !dry || !self.readable.is_empty() => Duration::ZERO,
                Some(due) => due.saturating_duration_since(now),
                None => Duration::from_secs(3600),
            };
            if dry && let Some(pause) = self.pace.pause(now, wait) {
                std::thread::sleep(pause);
            }
            if let Err(error) = self.parts.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "an edge thread cannot wait for its sockets");
                return;
            }
            if dry {
                self.core.dry(Instant::now());
            }
            for event in &events {
                match event.token() {
                    WAKE => {}
                    Token(token) if token >= CONNS => {
                        if event.is_writable() {
                            self.conn_writable(token);
                        }
                        if event.is_readable() {
                            self.readable.insert(token);
                        }
                    }
                    Token(token) => self.listener_ready(token - LISTENERS, &mut receiver),
                }
            }
            for token in std::mem::take(&mut self.readable) {
                self.conn_readable(token);
            }
            behind = self.jobs();
            dry = !behind && self.readable.is_empty() && !std::mem::take(&mut self.unread);
            self.throttle(dry);
            self.shut_out();
            if self.core.poll_timeout().is_some_and(|due| due <= Instant::now()) {
                self.tick();
            }
            self.report_lost();
            self.journal();
        }
        while self.jobs() {}
        self.with_core(|core, _, out| core.interrupt(Self::moment(), out));
        self.flush();
        self.journal();
        let end = Instant::now() + LAST_WORDS;
        while self.core.awaits_record().is_some() && Instant::now() < end {
            // The journal wakes whoever waits for it.
            let _ = self.parts.poll.poll(&mut events, Some(end - Instant::now()));
            self.journal();
        }
    }

    /// Sends the answers that waited for records which are on disk now.
    fn journal(&mut self) {
        loop {
            self.flush();
            let awaited = self.core.awaits_record();
            self.parts.records.hand_over(awaited);
            let synced = self.parts.records.synced();
            if awaited.is_none_or(|record| record > synced) {
                return;
            }
            self.with_core(|core, _, out| core.journalled(Self::moment(), synced, out));
        }
    }

    fn moment() -> Moment {
        Moment { now: Instant::now(), wall_us: wall_us() }
    }

    /// Lets the core work; what it wants done waits for [`Shard::flush`]. A fault
    /// in it must not take the shard's sockets down: a new core takes over, and
    /// established calls go on, since they live in their messages.
    fn with_core(&mut self, work: impl FnOnce(&mut Core, &Snapshot, &mut Outbox)) {
        let world = self.parts.world.load();
        let (core, out) = (&mut self.core, &mut self.out);
        if catch_unwind(AssertUnwindSafe(|| work(core, &world, out))).is_err() {
            tracing::error!(shard = self.parts.index, "a fault in the core: starting a new one");
            let mut seed = [0; 32];
            // Without randomness from the system a number no one else has must do.
            if getrandom::fill(&mut seed).is_err() {
                seed[..8].copy_from_slice(&wall_us().to_le_bytes());
                seed[8..16].copy_from_slice(&(self.parts.index as u64).to_le_bytes());
            }
            let fresh = Core::new(self.config.clone(), self.parts.shared.clone(), seed);
            let faulty = std::mem::replace(&mut self.core, fresh);
            self.core.take_over(faulty, Self::moment(), &mut self.out);
        }
    }

    fn tick(&mut self) {
        self.with_core(|core, world, out| core.handle_timeout(Self::moment(), world, out));
        self.flush();
    }

    /// Does what other threads ask for; says whether there may be more.
    fn jobs(&mut self) -> bool {
        let more = self.do_jobs();
        self.flush();
        more
    }

    fn do_jobs(&mut self) -> bool {
        let mut at = None;
        for _ in 0..JOBS {
            let Ok(job) = self.parts.inbox.try_recv() else { return false };
            match job {
                Job::Packet { from, bytes } => {
                    self.parts.ports[self.parts.index].taken();
                    self.handle(*at.get_or_insert_with(Self::moment), from, &bytes);
                }
                Job::Transmit { to, bytes } => self.transmit_tcp(to, &bytes),
                Job::Lost(addr) => self.peer_lost(addr),
                Job::Admit(addr) => {
                    if let Some(token) = self.by_addr.get(&addr) {
                        self.admit(*token);
                    }
                }
                Job::Look(look) => look(&self.parts.trace, &self.core, self.conns.len()),
                Job::WorldChanged => self.tick(),
                Job::Copied(id) => self.with_core(|core, _, out| core.copied(&id, out)),
                Job::Serve { listener, socket } => self.serve(listener, socket),
                Job::Release(listener) => self.release(listener),
                Job::Ended(cdr) => {
                    self.with_core(|core, _, out| core.ended_elsewhere(Self::moment(), cdr, out));
                }
                Job::Relay { to, bytes } => self.relay_in(to, bytes),
                Job::Stray { from, bytes } => {
                    self.stray(*at.get_or_insert_with(Self::moment), from, &bytes);
                }
                Job::Stop => self.stopping = true,
            }
        }
        true
    }

    fn listener_ready(&mut self, at: usize, receiver: &mut Receiver) {
        if at < self.udp.len() {
            self.receive(at, receiver);
        } else if at - self.udp.len() < self.tcp.len() {
            self.accept(at - self.udp.len());
        }
    }

    /// Takes what waits at a UDP socket: a batch is read, worked on and answered
    /// with few system calls, and all of it happens at one moment.
    fn receive(&mut self, socket: usize, receiver: &mut Receiver) {
        let mut left = if self.throttle.is_on() { RECEIVED } else { BURST };
        loop {
            let (listener, udp) = &self.udp[socket];
            let listener = *listener;
            let taken = match receiver.receive(udp.as_fd()) {
                Ok(taken) => taken,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier packet: its transaction will time out.
                Err(_) => 0,
            };
            self.pace.took(taken);
            let at = Self::moment();
            let peer = |addr| Peer { transport: Transport::Udp, listener, addr };
            let mut mine = 0u32;
            const { assert!(RECEIVED <= 32, "a bit for each datagram") };
            // What came together has no order between its calls. Somebody waits for a new one,
            // so where packets are not gathered it does not wait for the others.
            let opens = |n| receiver.datagram(n).is_some_and(|(_, bytes)| opens_call(bytes));
            let first = if self.pace.is_busy() {
                0
            } else {
                (0..taken).filter(|n| opens(*n)).fold(0u32, |first, n| first | 1 << n)
            };
            for n in turns(first, taken) {
                let Some((addr, bytes)) = receiver.datagram(n) else { continue };
                if self.is_mine(peer(addr), bytes) {
                    self.work(at, peer(addr), bytes);
                    mine |= 1 << n;
                    if first & 1 << n != 0 {
                        self.leave();
                    }
                }
            }
            self.leave();
            // Answers leave first: nobody waits for our books.
            for n in (0..taken).filter(|n| mine & 1 << n != 0) {
                if let Some((addr, bytes)) = receiver.datagram(n) {
                    self.parts.trace.arrived(at.wall_us, peer(addr), bytes);
                }
            }
            self.book();
            if (1..RECEIVED).contains(&taken) {
                return;
            }
            left = left.saturating_sub(taken.max(1));
            if left == 0 {
                self.unread = true;
                // The poll tells of new packets only once all have been read.
                let fd = self.udp[socket].1.as_raw_fd();
                let (registry, token) = (self.parts.poll.registry(), Token(LISTENERS + socket));
                if let Err(error) =
                    registry.reregister(&mut SourceFd(&fd), token, Interest::READABLE)
                {
                    tracing::error!(%error, "a socket cannot be watched");
                }
                return;
            }
        }
    }

    /// Whether a packet's call is this shard's; if it is another's, that one has
    /// the packet now.
    fn is_mine(&self, from: Peer, bytes: &[u8]) -> bool {
        // Keep-alives: a few line ends or zeros.
        if bytes.len() <= 4 {
            return false;
        }
        let owner = match self.parts.ports.len() {
            1 => 0,
            // No other shard need hold what will be refused for its size.
            _ if bytes.len() > self.limits.max_message => self.parts.index,
            shards => match call_id(bytes) {
                Some(id) => usize::from(sip::seal::shard_of_call_id(id)) % shards,
                None => self.parts.index,
            },
        };
        if owner != self.parts.index {
            self.parts.ports[owner].hand_over(from, bytes);
        }
        owner == self.parts.index
    }

    /// A packet has come to the shard that owns its call.
    fn handle(&mut self, at: Moment, from: Peer, bytes: &[u8]) {
        self.parts.trace.arrived(at.wall_us, from, bytes);
        self.work(at, from, bytes);
    }

    /// The one place where all packets pass.
    fn work(&mut self, at: Moment, from: Peer, bytes: &[u8]) {
        self.with_core(|core, world, out| core.handle_packet(at, from, bytes, world, out));
        self.ask_siblings(from, bytes);
    }

    fn peer_lost(&mut self, addr: SocketAddr) {
        self.with_core(|core, world, out| core.peer_lost(Self::moment(), addr, world, out));
    }

    /// Does what the core wants done. Called behind each batch and before every
    /// sleep.
    fn flush(&mut self) {
        self.leave();
        self.book();
    }

    /// Keeps the records and sends the packets that came since the last time.
    /// [`Shard::book`] comes behind it, before the shard waits.
    fn leave(&mut self) {
        self.record();
        self.transmit();
    }

    /// Puts call records where a kill does not reach them, before a packet tells anybody
    /// of what they are about.
    fn record(&mut self) {
        if self.out.unkept().is_empty() {
            return;
        }
        for record in self.out.unkept() {
            if !self.parts.records.append(record) {
                self.core.record_lost(self.parts.records.taken());
            }
        }
        self.out.all_kept();
        self.parts.records.hand_over(self.core.awaits_record());
    }

    /// The one place where packets leave.
    fn transmit(&mut self) {
        if !self.out.has_unsent() && self.out.proven.is_empty() {
            return;
        }
        // A stranger who has proved a password hears of it as one who is known.
        for addr in std::mem::take(&mut self.out.proven) {
            match (self.by_addr.get(&addr), self.parts.directory.owner(addr)) {
                (Some(token), _) => self.admit(*token),
                (None, Some(owner)) => self.parts.ports[owner].send(Job::Admit(addr)),
                (None, None) => {}
            }
        }
        let out = std::mem::take(&mut self.out);
        self.transmit_udp(&out);
        self.relay_out(&out);
        for (to, bytes) in out.unsent() {
            if to.transport == Transport::Tcp {
                self.transmit_tcp(to, bytes);
            }
        }
        self.out = out;
        self.out.sent();
    }

    /// Writes down what has happened, and tells whom it concerns.
    fn book(&mut self) {
        if self.out.is_empty() {
            return;
        }
        self.parts.trace.leaving(&self.out, &self.core);
        self.tell_siblings();
        self.out.clear_records();
        for change in self.out.bindings.drain(..) {
            // The registrar outlives the shards.
            let _ = self.parts.registrar.send(change);
        }
        for copy in self.out.copies.drain(..) {
            // Its writer outlives the shards too.
            let _ = self.parts.dialog_records.send(copy);
        }
        self.out.clear_packets();
    }

    fn transmit_udp(&mut self, out: &Outbox) {
        for (at, (listener, socket)) in self.udp.iter().enumerate() {
            // What is for no listener of ours, nor a sibling's, leaves by the first.
            let fits = |to: &Peer| {
                to.listener == *listener
                    || (at == 0
                        && self.udp.iter().all(|(l, _)| *l != to.listener)
                        && !self.parts.shared.serving.reaches(to.listener))
            };
            let mine = out.unsent().filter(|(to, _)| to.transport == Transport::Udp && fits(to));
            // What does not leave is lost like any datagram, and repeated by its timer.
            self.sender.send(socket.as_fd(), mine, |to, error| {
                tracing::debug!(%error, %to, "a datagram did not leave");
            });
        }
    }

    fn transmit_tcp(&mut self, to: Peer, bytes: &[u8]) {
        let token = match self.by_addr.get(&to.addr) {
            Some(token) => *token,
            None => match self.parts.directory.owner(to.addr) {
                Some(owner) if owner != self.parts.index => {
                    let job = Job::Transmit { to, bytes: bytes.to_vec() };
                    return self.parts.ports[owner].send(job);
                }
                _ if self.relay_tcp(to, bytes) => return,
                _ => match self.connect(to) {
                    Ok(token) => token,
                    Err(error) => {
                        tracing::debug!(%error, to = %to.addr, "no connection");
                        return self.lost.push_back(to.addr);
                    }
                },
            },
        };
        let Some(conn) = self.conns.get_mut(&token) else { return };
        if let Err(error) = conn.send(bytes) {
            tracing::debug!(%error, to = %to.addr, "a connection broke");
            self.close(token);
        }
    }

    fn connect(&mut self, to: Peer) -> io::Result<usize> {
        if self.conns.len() >= MAX_CONNS {
            return Err(io::Error::other("too many connections"));
        }
        let stream = TcpStream::connect(to.addr)?;
        self.adopt(stream, to.addr, to.listener, false)
    }

    /// Is there a trunk or a registered phone at this address?
    fn is_known(&self, addr: SocketAddr) -> bool {
        self.parts.world.load().trunk_by_source(addr).is_some()
            || self.parts.shared.bindings.knows_flow(addr)
    }

    /// Takes a connection that somebody made to us.
    fn take(&mut self, stream: TcpStream, addr: SocketAddr, listener: u8) -> io::Result<()> {
        let known = self.is_known(addr);
        if self.conns.len() >= MAX_CONNS - KEPT_FOR_OURS
            || (!known && !self.strangers.has_room(addr.ip()))
        {
            return Err(io::Error::other("too many connections"));
        }
        let token = self.adopt(stream, addr, listener, true)?;
        if !known {
            self.strangers.add(token, addr.ip(), Instant::now());
            if let Some(conn) = self.conns.get_mut(&token) {
                conn.stranger(true);
            }
        }
        Ok(())
    }

    /// It is a stranger's no more.
    fn admit(&mut self, token: usize) {
        if self.strangers.remove(token)
            && let Some(conn) = self.conns.get_mut(&token)
        {
            conn.stranger(false);
        }
    }

    /// Closes the connections that did not show in time whose they are.
    fn shut_out(&mut self) {
        let now = Instant::now();
        while let Some(token) = self.strangers.due(now) {
            let known = self.conns.get(&token).is_some_and(|conn| self.is_known(conn.addr));
            if known {
                self.admit(token);
            } else {
                self.close(token);
            }
        }
    }

    fn adopt(
        &mut self,
        stream: TcpStream,
        addr: SocketAddr,
        listener: u8,
        connected: bool,
    ) -> io::Result<usize> {
        let token = self.next_conn;
        self.next_conn += 1;
        let mut conn = Conn::new(stream, addr, listener, self.limits, connected);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.parts.poll.registry().register(&mut conn.stream, Token(token), interest)?;
        self.conns.insert(token, conn);
        self.by_addr.insert(addr, token);
        self.parts.directory.set(addr, self.parts.index);
        Ok(token)
    }

    fn accept(&mut self, at: usize) {
        loop {
            let (listener, socket) = &self.tcp[at];
            let listener = *listener;
            match socket.accept() {
                Ok((stream, addr)) => {
                    if let Err(error) = self.take(stream, addr, listener) {
                        tracing::debug!(%error, %addr, "a connection was not taken");
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    return;
                }
            }
        }
    }

    fn conn_writable(&mut self, token: usize) {
        if let Some(conn) = self.conns.get_mut(&token)
            && let Err(error) = conn.writable()
        {
            tracing::debug!(%error, to = %conn.addr, "a connection broke");
            self.close(token);
        }
    }

    fn conn_readable(&mut self, token: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut messages = Vec::new();
        let mut left = READS;
        while let Some(conn) = self.conns.get_mut(&token) {
            if left == 0 {
                // The poll does not tell again of what is there already.
                self.readable.insert(token);
                break;
            }
            left -= 1;
            let from = Peer { transport: Transport::Tcp, listener: conn.listener, addr: conn.addr };
            let broken = match conn.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => drain(conn, &mut messages).is_err(),
                Err(_) => true,
            };
            let at = Self::moment();
            for bytes in messages.drain(..) {
                if self.is_mine(from, &bytes) {
                    self.handle(at, from, &bytes);
                }
            }
            self.flush();
            if broken {
                self.close(token);
            }
        }
        self.buffer = buffer;
    }

    fn close(&mut self, token: usize) {
        let Some(mut conn) = self.conns.remove(&token) else { return };
        // Closing ends the registration in any case.
        let _ = self.parts.poll.registry().deregister(&mut conn.stream);
        if self.by_addr.get(&conn.addr) == Some(&token) {
            self.by_addr.remove(&conn.addr);
            self.parts.directory.forget(conn.addr, self.parts.index);
        }
        // Nobody waits for an answer from a stranger.
        if !self.strangers.remove(token) {
            self.lost.push_back(conn.addr);
        }
    }

    /// Tells every shard of connections that are gone: any of them may wait for an
    /// answer that was to come that way.
    fn report_lost(&mut self) {
        while let Some(addr) = self.lost.pop_front() {
            for (index, port) in self.parts.ports.iter().enumerate() {
                if index != self.parts.index {
                    port.send(Job::Lost(addr));
                }
            }
            self.peer_lost(addr);
            self.flush();
        }
    }
}

/// Cuts what a connection has read into messages and answers its pings.
fn drain(conn: &mut Conn, messages: &mut Vec<Vec<u8>>) -> io::Result<()> {
    loop {
        let ping = match conn.framer.next_frame() {
            Ok(Some(Frame::Message(bytes))) => {
                messages.push(bytes.to_vec());
                false
            }
            Ok(Some(Frame::Ping)) => true,
            Ok(Some(Frame::Pong)) => false,
            Ok(None) => return Ok(()),
            Err(error) => return Err(io::Error::other(error)),
        };
        if ping {
            conn.send(b"\r\n")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_is_behind_is_handed_no_more_packets_but_all_else() {
        let poll = Poll::new().expect("a poll");
        let waker = Waker::new(poll.registry(), WAKE).expect("a waker");
        let (sender, inbox) = mpsc::channel();
        let port = Port::new(sender, waker);
        let addr = SocketAddr::from(([192, 0, 2, 1], 5060));
        let from = Peer { transport: Transport::Udp, listener: 0, addr };
        for _ in 0..2 * MAX_QUEUED {
            port.hand_over(from, b"packet");
        }
        port.send(Job::Stop);
        let packets = std::iter::from_fn(|| inbox.try_recv().ok())
            .filter(|job| matches!(job, Job::Packet { .. }))
            .count();
        assert_eq!(packets, MAX_QUEUED);
        port.hand_over(from, b"INVITE sip:+4930123456@a SIP/2.0\r\n");
        assert!(inbox.try_recv().is_err(), "a call like any other");
        port.hand_over(from, b"INVITE sip:112@a SIP/2.0\r\n");
        assert!(inbox.try_recv().is_ok(), "a call for help");
        port.taken();
        port.taken();
        port.hand_over(from, b"packet");
        assert!(inbox.try_recv().is_ok(), "as soon as one is taken there is room");
    }
}
