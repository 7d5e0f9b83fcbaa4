//! The call-carrying heart, one per shard: a dialog-stateless back-to-back user
//! agent without sockets, clock or randomness of its own.
//!
//! Packets and instants go in; packets, call records and registrations come out
//! in an [`Outbox`]. A call keeps memory only while its INVITE is under way and
//! for its record; what in-dialog requests need travels in the seals that peers
//! echo (design decision 3), so a core that was just born carries on the calls
//! of the one before it.

pub mod admission;
mod auth;
mod call;
mod conference;
mod contact;
mod dialog;
mod forward;
mod fraud;
mod guest;
mod hops;
mod indialog;
mod invite;
mod kept;
mod known;
mod legs;
mod named;
mod options;
mod overload;
mod places;
mod random;
mod record;
mod register;
mod response;
mod screen;
mod short;
mod stray;
mod ways;
mod write;

use crate::alarm::Alarms;
use crate::bindings::Bindings;
use crate::callbacks::Callbacks;
use crate::fleet::{Loads, Serving};
use crate::fraud::{Fraud, Held};
use crate::health::TrunkHealth;
use crate::limits::{Limits, Place};
use crate::outbox::Outbox;
use crate::overflow::{Overflow, RecordId};
use crate::peer::Peer;
use call::{Call, Tag};
use dialog::{Keys, Party};
use domain::routing::CallKind;
use domain::{CdrId, EdgeId, IdMap, TrunkId};
use feed::cdr::{Attempt, CdrEvent, CdrRecord};
use feed::record::Transport;
use feed::snapshot::Snapshot;
use indialog::Relay;
use random::{Random, derive};
use sip::{
    Event, Message, MessageBuilder, Method, Origin, Pages, Parser, Received, ServerTx, Sink,
    Timers, TransactionLayer, Wheel, reason_phrase,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What we understand.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, MESSAGE, NOTIFY, REFER";

/// The time, as the shell knows it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For timers.
    pub now: Instant,
    /// For records and nonces: microseconds since 1970 UTC.
    pub wall_us: i64,
}

/// One of our listening addresses, as peers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// How.
    pub transport: Transport,
    /// Where it is bound.
    pub local: SocketAddr,
    /// `host` or `host:port` for Via and Contact.
    pub sent_by: String,
}

impl Listener {
    /// Our host name, without the port.
    pub fn host(&self) -> &str {
        match self.sent_by.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.sent_by,
        }
    }
}

/// How a core behaves.
#[derive(Clone, Debug)]
pub struct CoreConfig {
    /// Whose records these are.
    pub edge: EdgeId,
    /// Our addresses; [`Peer::listener`] counts in this order.
    pub listeners: Vec<Listener>,
    /// Bases of the transaction timers.
    pub timers: Timers,
    /// Bounds checked before a message is looked at.
    pub limits: sip::Limits,
    /// Whether this core sends the OPTIONS of the edge; one shard does.
    pub pings: bool,
    /// Which shard this core is, and of how many: what it asks must have a Call-ID
    /// whose answers come to it.
    pub shard: (usize, usize),
    /// How long a person's phones ring.
    pub user_ring: Duration,
    /// How long a trunk may ring after its last provisional response (timer C).
    pub trunk_ring: Duration,
    /// How long a nonce is good.
    pub nonce_life: Duration,
    /// After how long a call that nobody ended is taken to be over.
    pub longest_call: Duration,
    /// SIP transactions held at once. The last fifth is for calls for help and for
    /// what belongs to calls that are carried already.
    pub max_transactions: usize,
    /// How long a shard may work without a pause before it refuses new calls.
    pub shed_after: Duration,
}

impl CoreConfig {
    /// The usual behaviour at these addresses.
    pub fn new(edge: EdgeId, listeners: Vec<Listener>) -> Self {
        Self {
            edge,
            listeners,
            timers: Timers::default(),
            limits: sip::Limits { max_message: 32 * 1024, ..sip::Limits::default() },
            pings: true,
            shard: (0, 1),
            user_ring: Duration::from_secs(60),
            trunk_ring: Duration::from_secs(180),
            nonce_life: Duration::from_secs(300),
            longest_call: Duration::from_secs(24 * 3600),
            max_transactions: 500_000,
            shed_after: admission::SHED_AFTER,
        }
    }
}

/// What all shards of an edge share.
#[derive(Debug, Default)]
pub struct Shared {
    /// Registered phones.
    pub bindings: Bindings,
    /// Which trunks answer.
    pub health: TrunkHealth,
    /// How many calls trunks may carry, and do.
    pub limits: Limits,
    /// What persons and tenants called to costly destinations.
    pub fraud: Fraud,
    /// Numbers for emergency calls that are reserved for whoever called by them.
    pub callbacks: Callbacks,
    /// What somebody should know.
    pub alarms: Alarms,
    /// Counters.
    pub stats: Stats,
    /// How often each nonce was used.
    pub(crate) nonces: auth::Used,
    /// Calls for help that were taken on trust.
    pub(crate) guests: guest::Guests,
    /// What peers with short URIs cannot carry.
    pub overflow: Overflow,
    /// Which of the fleet's addresses are served from here.
    pub serving: Serving,
    /// What this edge and its siblings carry.
    pub loads: Loads,
}

/// What an edge counts, since it started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Packets from strangers that got silence.
    pub silenced: AtomicU64,
    /// Packets that were no SIP.
    pub unparsable: AtomicU64,
    /// Seals that did not open.
    pub forged: AtomicU64,
    /// Calls that began.
    pub calls: AtomicU64,
    /// Calls answered and not over, as far as this process has seen them.
    pub live: AtomicU64,
    /// Calls that began and are neither answered nor over.
    pub under_way: AtomicU64,
    /// New calls refused because more was offered than could be carried.
    pub shed: AtomicU64,
    /// New calls thrown away unread for the same reason; those that the system
    /// threw away for us are not known.
    pub dropped: AtomicU64,
    /// Shards that are overloaded now, a bit each.
    pub overloaded: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Who sent a packet, by its address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Trunk(TrunkId),
    /// Some registered phone's address.
    Phone,
    Stranger,
}

/// What is remembered of an answered call, for its record, and what its first
/// seals could not know.
struct Live {
    /// The called side's route set: its first seal is older than its answer.
    callee_routes: Vec<u8>,
    answered_us: i64,
    attempts: Vec<Attempt>,
    /// The caller's tag and then the winner's, as the answer had them.
    tags: Box<[u8]>,
    caller_tag_len: usize,
    /// The highest CSeq seen of the caller and of the called side: a far side
    /// refuses what is not above it.
    cseqs: [u32; 2],
    /// Held until it is over.
    _places: [Option<Place>; 2],
    _cost: Option<Held>,
    /// The call's dialog records.
    records: Vec<RecordId>,
}

impl Live {
    /// Whether a request from `side` with these tags is of the dialog that the
    /// answer made: not of a fork that lost, and not one the far side will refuse.
    fn is_dialog(&self, side: dialog::Side, m: &Message<'_>) -> bool {
        let (caller, winner) = self.tags.split_at(self.caller_tag_len);
        let (from, to) = match side {
            dialog::Side::Caller => (caller, winner),
            dialog::Side::Callee => (winner, caller),
        };
        m.from_tag().unwrap_or_default() == from && m.to_tag().unwrap_or_default() == to
    }
}

/// A request on its way through the core.
struct Incoming<'m> {
    at: Moment,
    key: sip::transaction::Key,
    from: Peer,
    origin: Origin<Peer>,
    m: &'m Message<'m>,
    who: Who,
}

/// Buffers that live as long as the core, each named for what it holds.
#[derive(Default)]
struct Scratch {
    payload: Vec<u8>,
    opened: Vec<u8>,
    opened_text: Vec<u8>,
    contact: Vec<u8>,
    call_id: Vec<u8>,
    uri: Vec<u8>,
    from: Vec<u8>,
    to: Vec<u8>,
    routes: Vec<u8>,
    invite: Vec<u8>,
    far_call_id: Vec<u8>,
    trunks: Vec<TrunkId>,
}

/// One shard's calls.
pub struct Core {
    config: CoreConfig,
    shared: Arc<Shared>,
    layer: TransactionLayer<Peer>,
    parsers: Vec<Parser>,
    scratch: Scratch,
    keys: Keys,
    fallback_key: [u8; 32],
    fallback_nonces: [u8; 32],
    random: Random,
    calls: Pages<Call>,
    free_calls: Vec<u32>,
    relays: Pages<Relay>,
    free_relays: Vec<u32>,
    live: IdMap<CdrId, Live>,
    held: Vec<contact::Held>,
    /// One timer for each call, and one for each relay.
    call_timers: Wheel,
    relay_timers: Wheel,
    pings: options::Pings,
    nonces: auth::Nonces,
    limiter: auth::Limiter,
    puzzled: auth::Puzzled,
    next_sweep: Option<Instant>,
    stray: stray::Stray,
    admission: overload::Gate,
    kept_back: kept::KeptBack,
    known: known::KnownSeals,
}

impl Core {
    /// A core without calls. `seed` must be unpredictable and of this core alone.
    pub fn new(config: CoreConfig, shared: Arc<Shared>, seed: [u8; 32]) -> Self {
        // What strangers get to see of one of these tells nothing of the others.
        let [layer_seed, fallback_key, fallback_nonces, random] =
            [&b"transactions"[..], b"seals", b"nonces", b"random"].map(|use_| derive(&seed, use_));
        let layer_seed = std::array::from_fn(|i| layer_seed[i]);
        shared.nonces.begin(derive(&seed, b"life"), config.nonce_life);
        let layer_config = sip::transaction::Config {
            timers: config.timers,
            max_transactions: config.max_transactions,
            ..Default::default()
        };
        Self {
            layer: TransactionLayer::new(layer_config, layer_seed),
            parsers: Vec::new(),
            scratch: Scratch::default(),
            keys: Keys::new(&[], fallback_key, 0),
            fallback_key,
            fallback_nonces,
            random: Random::new(&random),
            calls: Pages::default(),
            free_calls: Vec::new(),
            relays: Pages::default(),
            free_relays: Vec::new(),
            live: IdMap::default(),
            held: Vec::new(),
            call_timers: Wheel::default(),
            relay_timers: Wheel::default(),
            pings: options::Pings::default(),
            nonces: auth::Nonces::new(fallback_nonces),
            limiter: auth::Limiter::default(),
            puzzled: auth::Puzzled::default(),
            next_sweep: None,
            stray: stray::Stray::default(),
            admission: overload::Gate::new(config.shed_after),
            kept_back: kept::KeptBack::default(),
            known: known::KnownSeals::default(),
            config,
            shared,
        }
    }

    /// INVITEs and calls this core holds in memory.
    pub fn is_idle(&self) -> bool {
        self.layer.is_empty() && self.live.is_empty()
    }

    /// SIP transactions under way or lingering.
    pub fn transactions(&self) -> usize {
        self.layer.len()
    }

    /// A Call-ID for a request of our own, whose answers this shard gets.
    fn own_call_id(&mut self) -> [u8; 16] {
        let (shard, shards) = self.config.shard;
        loop {
            let id = self.random.tag();
            if usize::from(sip::seal::shard_of_call_id(&id)) % shards.max(1) == shard {
                return id;
            }
        }
    }

    fn parser(&mut self) -> Parser {
        self.parsers.pop().unwrap_or_else(|| Parser::new(self.config.limits))
    }

    fn refresh_keys(&mut self, at: Moment, world: &Snapshot) {
        if !self.keys.are(world.edge_keys(), at.wall_us) {
            self.keys = Keys::new(world.edge_keys(), self.fallback_key, at.wall_us);
            self.known.clear();
            let sealing = dialog::sealing(world.edge_keys(), at.wall_us);
            self.nonces = auth::Nonces::from_keys(sealing, self.fallback_nonces);
        }
    }

    /// A datagram, or one message cut from a stream.
    pub fn handle_packet(
        &mut self,
        at: Moment,
        from: Peer,
        bytes: &[u8],
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        if self.thrown_away(at, from, bytes) {
            return;
        }
        self.refresh_keys(at, world);
        let who = self.recognise(from.addr, world);
        let mut parser = self.parser();
        match parser.parse(bytes) {
            Ok(m) if m.is_request() => {
                let addr = match from.transport {
                    Transport::Udp => m.via().response_target(from.addr),
                    Transport::Tcp => from.addr,
                };
                let origin = Origin {
                    peer: Peer { addr, ..from },
                    reliability: from.reliability(),
                    source: Some(from.addr),
                };
                let key = self.layer.key(&m);
                let who = self.not_of_gateway(who, from.addr, &m, world);
                self.request(&Incoming { at, key, from, origin, m: &m, who }, world, out);
            }
            Ok(m) => self.response(at, from, &m, world, out),
            Err(error) => {
                count(&self.shared.stats.unparsable);
                if who == Who::Stranger {
                    count(&self.shared.stats.silenced);
                } else {
                    let mut answer = self.layer.buffer();
                    let tag = self.random.tag();
                    if sip::answer_unparsable(&mut answer, bytes, &error, from.addr, &tag) {
                        out.transmit(&from, &answer);
                    }
                    self.layer.recycle(answer);
                }
            }
        }
        self.parsers.push(parser);
        self.events(at, world, out);
    }

    /// When [`Core::handle_timeout`] is due; `None` if nothing waits.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (calls, relays) = (self.call_timers.next(), self.relay_timers.next());
        [
            self.layer.poll_timeout(),
            calls,
            relays,
            self.pings.next(),
            self.next_sweep,
            self.held_due(),
            self.answers_due(),
            self.admission.next(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Time has come to `at`. Also to be called once at the start, and when the
    /// world has changed: new trunks are asked how they are.
    pub fn handle_timeout(&mut self, at: Moment, world: &Snapshot, out: &mut Outbox) {
        self.refresh_keys(at, world);
        self.layer.handle_timeout(at.now, out);
        self.held_timer(at.now, out);
        self.events(at, world, out);
        while let Some(index) = self.call_timers.expire(at.now) {
            self.call_timer(at, index, world, out);
        }
        while let Some(index) = self.relay_timers.expire(at.now) {
            self.relay_timer(at, index, out);
        }
        self.give_up_answers(at);
        if self.config.pings {
            self.ping(at, world, out);
        }
        self.reckon_admission(at);
        if self.next_sweep.is_none_or(|due| due <= at.now) {
            if self.config.pings {
                self.shared.bindings.sweep(at.wall_us);
                self.shared.overflow.sweep(at.wall_us);
                self.shared.fraud.sweep(&self.shared.alarms, at.wall_us);
            }
            self.close_forgotten(at, out);
            self.next_sweep = Some(at.now + Duration::from_secs(5));
        }
        self.events(at, world, out);
    }

    /// Closes the records of calls that nobody ended: a phone that lost its power
    /// says no BYE.
    fn close_forgotten(&mut self, at: Moment, out: &mut Outbox) {
        let longest = i64::try_from(self.config.longest_call.as_micros()).unwrap_or(i64::MAX);
        let oldest = at.wall_us.saturating_sub(longest);
        let forgotten: Vec<CdrId> =
            self.live.iter().filter(|(_, l)| l.answered_us < oldest).map(|(id, _)| *id).collect();
        for id in forgotten {
            let Some(live) = self.live.remove(&id) else { continue };
            self.shared.stats.live.fetch_sub(1, Ordering::Relaxed);
            self.forget_records(&live.records, at.wall_us, out);
            let end = CdrEvent::End {
                at_us: at.wall_us,
                answered_at_us: Some(live.answered_us),
                sip_code: 200,
                reason: "unknown".to_owned(),
                hung_up_by: feed::cdr::HungUpBy::Exchange,
                attempts: live.attempts,
            };
            self.record(id, end, out);
        }
    }

    /// The connection to `addr` is gone, or could not be made.
    pub fn peer_lost(&mut self, at: Moment, addr: SocketAddr, world: &Snapshot, out: &mut Outbox) {
        self.layer.peer_lost(|p| p.transport == Transport::Tcp && p.addr == addr);
        self.events(at, world, out);
    }

    /// The edge stops: calls that still ring are told so. Answered ones go on
    /// without it.
    pub fn interrupt(&mut self, at: Moment, out: &mut Outbox) {
        for index in 0..self.calls.len() as u32 {
            let by = feed::cdr::HungUpBy::Exchange;
            self.finish(at, index, 503, "interrupted", by, out);
        }
        self.release_all(out);
    }

    /// Goes on for a core in which a fault was found. What rings there is ended, if
    /// it still can; what was answered lives in its messages, and its records, its
    /// counts and its places on trunks are kept here.
    pub fn take_over(&mut self, mut faulty: Self, at: Moment, out: &mut Outbox) {
        let end = std::panic::AssertUnwindSafe(|| faulty.interrupt(at, out));
        if std::panic::catch_unwind(end).is_err() {
            tracing::error!("a fault in ending the calls of a core");
        }
        let ringing = |call: &&Call| call.state == call::CallState::Ringing;
        let lost = faulty.calls.iter().filter(ringing).count() as u64;
        self.shared.stats.under_way.fetch_sub(lost, Ordering::Relaxed);
        self.live = std::mem::take(&mut faulty.live);
        self.admission.inherit(&faulty.admission);
        self.next_sweep = Some(at.now);
    }

    fn recognise(&self, addr: SocketAddr, world: &Snapshot) -> Who {
        if let Some(trunk) = world.trunk_by_source(addr) {
            Who::Trunk(trunk.id)
        } else if self.shared.bindings.knows_flow(addr) {
            Who::Phone
        } else {
            Who::Stranger
        }
    }

    /// A gateway is recognised by an address that its tenant named, so that it must take
    /// nobody's place: what bears a served domain is a phone's, which proves who it is, and
    /// so is what comes over a registered phone's flow.
    fn not_of_gateway(&self, who: Who, addr: SocketAddr, m: &Message<'_>, world: &Snapshot) -> Who {
        match who {
            Who::Trunk(id) if world.is_gateway(id) => {
                let named = || Self::aor(m.from().uri).and_then(|aor| self.tenant_of(&aor, world));
                if self.shared.bindings.knows_flow(addr) {
                    Who::Phone
                } else if m.to_tag().is_none() && named().is_some() {
                    Who::Stranger
                } else {
                    who
                }
            }
            who => who,
        }
    }

    fn request(&mut self, r: &Incoming<'_>, world: &Snapshot, out: &mut Outbox) {
        if let Some(known) = self.layer.known_peer(r.key, r.m).copied() {
            // A transaction is its sender's own: nobody cancels another's call.
            let same = known.addr.ip() == r.origin.peer.addr.ip()
                || (matches!(r.who, Who::Trunk(_)) && self.recognise(known.addr, world) == r.who);
            if !same {
                return count(&self.shared.stats.silenced);
            }
            self.claim(r, out);
            return match self.layer.receive_as(r.at.now, r.key, &r.origin, r.m, out) {
                Received::Cancel { tx, invite } => self.cancel(r.at, tx, invite, out),
                // The sender reused the INVITE's branch for the ACK of a 2xx.
                Received::Ack { .. } => self.in_dialog(r, world, out),
                _ => {}
            };
        }
        match r.m.method() {
            Method::Ack => self.in_dialog(r, world, out),
            Method::Cancel => self.cancels_nothing(r, out),
            _ if r.m.to_tag().is_some() => self.in_dialog(r, world, out),
            _ if r.who != Who::Stranger && self.cannot_do(r, world, out) => {}
            Method::Register if self.is_crowded() => self.refuse(r, 503, out),
            Method::Register => self.register(r, world, out),
            Method::Invite => {
                if self.admits(r, world, out) {
                    self.invite(r, world, out);
                }
            }
            Method::Options => self.options(r, out),
            _ => self.refuse(r, 405, out),
        }
    }

    /// Refuses without keeping anything; strangers get silence.
    fn refuse(&mut self, r: &Incoming<'_>, status: u16, out: &mut Outbox) {
        if r.who == Who::Stranger {
            return count(&self.shared.stats.silenced);
        }
        let wait = if status == 503 { self.retry_after() } else { 0 };
        self.stateless(r, status, out, |b| match status {
            405 => b.header(sip::HeaderName::Allow, ALLOW).finish(),
            503 => b.header_fmt(sip::HeaderName::RetryAfter, format_args!("{wait}")).finish(),
            _ => b.finish(),
        });
    }

    /// Answers without a transaction: a repeated request gets a repeated answer.
    fn stateless(
        &mut self,
        r: &Incoming<'_>,
        status: u16,
        out: &mut Outbox,
        write: impl FnOnce(MessageBuilder<'_>),
    ) {
        let mut answer = self.layer.buffer();
        let tag = self.random.tag();
        let reason = reason_phrase(status);
        write(MessageBuilder::response_to(
            &mut answer,
            r.m,
            status,
            reason,
            Some(&tag),
            Some(r.from.addr),
        ));
        out.transmit(&r.origin.peer, &answer);
        self.layer.recycle(answer);
    }

    /// A transaction for a request that was admitted.
    fn begin(&mut self, r: &Incoming<'_>, out: &mut Outbox) -> Option<ServerTx> {
        match self.layer.receive_as(r.at.now, r.key, &r.origin, r.m, out) {
            Received::Request { tx } => Some(tx),
            Received::Full => {
                self.refuse(r, 503, out);
                None
            }
            _ => None,
        }
    }

    fn events(&mut self, at: Moment, world: &Snapshot, out: &mut Outbox) {
        while let Some(event) = self.layer.poll_event() {
            let (tx, tag, status) = match event {
                Event::Timeout { tx, tag } => (tx, tag, 408),
                Event::TransportError { tx, tag } => (tx, tag, 503),
                // The far side never acknowledged our refusal: nothing to mend.
                Event::AckTimeout { .. } => continue,
            };
            match Tag::unpack(tag) {
                Some(Tag::Call { index, generation }) => {
                    self.leg_lost(at, index, generation, tx, status, world, out);
                }
                Some(Tag::Relay { index, generation }) => {
                    self.relay_lost(at, index, generation, status, out);
                }
                Some(Tag::Ping { index }) => self.ping_lost(at, index),
                None => {}
            }
        }
    }

    /// May `from` answer what went to `asked`? The same host, or another of the
    /// same trunk's addresses.
    fn may_answer(asked: Peer, from: Peer, world: &Snapshot) -> bool {
        let ip = from.addr.ip().to_canonical();
        from.transport == asked.transport
            && (asked.addr.ip().to_canonical() == ip
                || world.trunk_by_source(asked.addr).is_some_and(|t| {
                    t.address.ip().to_canonical() == ip
                        || t.sources.iter().any(|s| s.to_canonical() == ip)
                }))
    }

    fn response(
        &mut self,
        at: Moment,
        from: Peer,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let key = self.layer.key(m);
        let Some(&asked) = self.layer.known_peer(key, m) else {
            return self.belongs_elsewhere(from, world);
        };
        if !Self::may_answer(asked, from, world) {
            return count(&self.shared.stats.silenced);
        }
        let origin =
            Origin { peer: from, reliability: from.reliability(), source: Some(from.addr) };
        let Received::Response { tx, tag } = self.layer.receive_as(at.now, key, &origin, m, out)
        else {
            return;
        };
        match Tag::unpack(tag) {
            Some(Tag::Call { index, generation }) => {
                self.leg_response(at, index, generation, tx, m, world, out);
            }
            Some(Tag::Relay { index, generation }) => {
                self.relay_response(at, index, generation, m, world, out);
            }
            Some(Tag::Ping { index }) => self.pong(at, index, m),
            None => {}
        }
    }

    fn record(&self, id: CdrId, event: CdrEvent, out: &mut Outbox) {
        if let CdrEvent::Begin { at_us, kind: Some(CallKind::Emergency), .. } = &event {
            self.emergency_began(id, &event, *at_us);
        }
        out.record(CdrRecord { id, edge: self.config.edge, event });
    }
}
