//! What a shard shows of itself: its trace and its counters, and how others get
//! at them.

use super::shard::{Job, Port};
use super::{AddressStatus, EdgeStatus, EdgeView, wall_us};
use crate::alarm::{AlarmKind, AlarmRecord};
use crate::core::{Core, Shared};
use crate::inside::hep::{Copy, Exporter};
use crate::inside::metrics::{Probe, ShardCounters, Text, write_shards};
use crate::inside::{Clock, LOOK, Seen, TraceRing, Watch, redact};
use crate::journal::JournalStats;
use crate::link::Feed;
use crate::outbox::Outbox;
use crate::peer::Peer;
use arc_swap::ArcSwap;
use domain::{CdrId, EdgeId, TrunkId};
use feed::cdr::{CdrEvent, CdrRecord};
use feed::inside::{EdgeAnswer, MAX_PACKET, MAX_PACKETS, Question, TracedPacket, Way};
use feed::record::Transport;
use feed::snapshot::Snapshot;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// How long a shard may take to answer; one that is so far behind has other
/// things to do.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most text in one answer, bytes; the body of a request has its limit.
const MAX_ANSWER: usize = 1024 * 1024;

/// A look at a shard, taken by its own thread.
pub(super) type Look = Box<dyn FnOnce(&Trace, &Core, usize) + Send>;

/// What a shard keeps to be looked at.
pub(super) struct Trace {
    pub ring: Option<TraceRing>,
    pub hep: Option<Exporter>,
    pub counters: Arc<ShardCounters>,
    /// Our addresses, by listener.
    pub locals: Arc<[SocketAddr]>,
}

impl Trace {
    /// A packet has come in.
    pub fn arrived(&mut self, at_us: i64, from: Peer, bytes: &[u8]) {
        if let Some(ring) = &mut self.ring {
            ring.packet(at_us, Way::In, from, bytes);
        }
        self.export(at_us, Way::In, from, bytes);
    }

    /// The core is done with some input, and this is about to be done.
    pub fn leaving(&mut self, out: &Outbox, core: &Core) {
        self.counters.records(&out.cdrs);
        if self.ring.is_none() && self.hep.is_none() {
            return;
        }
        let at_us = wall_us();
        for (to, bytes) in out.packets() {
            if let Some(ring) = &mut self.ring {
                ring.packet(at_us, Way::Out, to, bytes);
            }
            self.export(at_us, Way::Out, to, bytes);
        }
        for record in &out.cdrs {
            self.record(at_us, record, core);
        }
    }

    fn record(&mut self, at_us: i64, record: &CdrRecord, core: &Core) {
        let Some(ring) = &mut self.ring else { return };
        match &record.event {
            CdrEvent::Begin { call_id, .. } => ring.begun(at_us, record.id, call_id),
            CdrEvent::End { sip_code, reason, .. } if has_failed(*sip_code, reason) => {
                if let Some(call_id) = ring.call_id_of(record.id) {
                    ring.keep(&core.legs(&call_id));
                }
            }
            _ => {}
        }
    }

    fn export(&self, at_us: i64, way: Way, peer: Peer, bytes: &[u8]) {
        if let Some(hep) = &self.hep {
            let local = self.local(peer);
            hep.export(Copy { at_us, way, peer, local, bytes: bytes.to_vec() });
        }
    }

    fn local(&self, peer: Peer) -> SocketAddr {
        let local = self.locals.get(usize::from(peer.listener)).or_else(|| self.locals.first());
        *local.expect("an edge has at least one listener")
    }
}

/// Nobody meant a call to end so. Who gives up before an answer, or is busy,
/// meant it.
fn has_failed(sip_code: u16, reason: &str) -> bool {
    match sip_code {
        200 => !matches!(reason, "normal"),
        487 | 486 | 600 | 603 => false,
        _ => true,
    }
}

/// The way to look inside the whole edge.
pub(super) struct Inside {
    pub edge: EdgeId,
    pub ports: Vec<Port>,
    pub counters: Vec<Arc<ShardCounters>>,
    pub locals: Arc<[SocketAddr]>,
    pub world: Arc<ArcSwap<Snapshot>>,
    pub shared: Arc<Shared>,
    pub clock: Arc<Clock>,
    pub journal: Arc<JournalStats>,
    pub hep_dropped: Option<Arc<AtomicU64>>,
}

impl Inside {
    /// The packets of a call that are still there, redacted, the oldest first.
    pub async fn trace(&self, cdr: Option<CdrId>, call_ids: &[Vec<u8>]) -> Vec<TracedPacket> {
        let mut waiting = Vec::new();
        for port in &self.ports {
            let (sender, answer) = oneshot::channel::<Vec<Seen>>();
            let call_ids = call_ids.to_vec();
            port.send(Job::Look(Box::new(move |trace, core, _| {
                let Some(ring) = &trace.ring else { return };
                let known = cdr.and_then(|cdr| ring.call_id_of(cdr));
                let mut legs: Vec<Vec<u8>> =
                    call_ids.iter().chain(&known).flat_map(|id| core.legs(id)).collect();
                legs.sort_unstable();
                legs.dedup();
                // Whoever asked may have left.
                let _ = sender.send(ring.find(&legs));
            })));
            waiting.push(answer);
        }
        let mut packets = Vec::new();
        let until = tokio::time::Instant::now() + PATIENCE;
        for answer in waiting {
            if let Ok(Ok(seen)) = tokio::time::timeout_at(until, answer).await {
                packets.extend(seen);
            }
        }
        packets.sort_by_key(|packet| (packet.at_us, packet.at));
        let world = self.world.load();
        let mut left = MAX_ANSWER;
        packets
            .into_iter()
            .take(MAX_PACKETS)
            .map(|packet| self.shown(packet, &world))
            .take_while(|packet| {
                let room = left >= packet.text.len();
                left = left.saturating_sub(packet.text.len());
                room
            })
            .collect()
    }

    fn shown(&self, packet: Seen, world: &Snapshot) -> TracedPacket {
        let mut text = redact(&packet.bytes);
        text.truncate(text.floor_char_boundary(MAX_PACKET));
        let addr = packet.peer.addr;
        let peer_name = match world.trunk_by_source(addr) {
            Some(trunk) => trunk.fqdn.clone(),
            None => match self.shared.bindings.user_at(addr).and_then(|u| world.user_record(u)) {
                Some(user) => user.display_name.clone(),
                None => String::new(),
            },
        };
        let listener = usize::from(packet.peer.listener);
        TracedPacket {
            at_us: packet.at_us,
            way: packet.way,
            transport: match packet.peer.transport {
                Transport::Udp => "udp".to_owned(),
                Transport::Tcp => "tcp".to_owned(),
            },
            local: self.locals.get(listener).map(ToString::to_string).unwrap_or_default(),
            peer: addr.to_string(),
            peer_name,
            call_id: crate::inside::call_id(&packet.bytes)
                .map(|id| String::from_utf8_lossy(id).into_owned())
                .unwrap_or_default(),
            length: packet.length,
            text,
        }
    }

    /// Answers a question of the control plane.
    pub async fn answer(&self, feed: &dyn Feed, question: Question) {
        let call_ids: Vec<Vec<u8>> =
            question.call_ids.into_iter().map(String::into_bytes).collect();
        let packets = self.trace(question.cdr, &call_ids).await;
        let answer = EdgeAnswer { question: question.id, edge: self.edge, packets };
        if let Err(error) = feed.answer(&answer).await {
            tracing::debug!(%error, "an answer was not taken");
        }
    }

    /// Looks at everything once a second, until `stop` turns true: raises
    /// alarms and measures the shards.
    pub async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut watch = Watch::default();
        let edge = self.edge.to_string();
        let mut pace = tokio::time::interval(LOOK);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = pace.tick() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            watch.look(&self.shared, &self.world.load(), &self.clock, &edge, wall_us());
            self.watch_journal(&edge);
            self.probe();
        }
    }

    fn watch_journal(&self, edge: &str) {
        let (alarms, stats) = (&self.shared.alarms, &self.journal);
        if stats.stuck() {
            let detail = format_args!("the disk takes no records; {} are lost", stats.lost());
            alarms.raise(AlarmKind::JournalStuck, edge, detail, wall_us());
        } else {
            alarms.clear(AlarmKind::JournalStuck, edge, wall_us());
        }
    }

    fn probe(&self) {
        for (port, counters) in self.ports.iter().zip(&self.counters) {
            let (counters, sent) = (counters.clone(), Instant::now());
            port.send(Job::Look(Box::new(move |trace, core, connections| {
                counters.probed(Probe {
                    lag_us: u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX),
                    transactions: core.transactions(),
                    connections,
                    trace_bytes: trace.ring.as_ref().map_or(0, TraceRing::held),
                });
            })));
        }
    }
}

impl EdgeView {
    /// Every address of the fleet, and how it is served.
    pub fn addresses(&self) -> Vec<AddressStatus> {
        let udp = self.udp.iter().map(|a| (Transport::Udp, *a));
        let all = udp.chain(self.tcp.iter().map(|a| (Transport::Tcp, *a)));
        let serving = &self.shared.serving;
        let status = |(listener, (transport, address))| {
            let (home, held) = (serving.is_home(listener), serving.holds(listener));
            AddressStatus { transport, address, home, held }
        };
        (0u8..=u8::MAX).zip(all).map(status).collect()
    }

    /// How it is.
    pub fn status(&self) -> EdgeStatus {
        let link = self.link.borrow();
        let stats = &self.shared.stats;
        EdgeStatus {
            addresses: self.addresses(),
            siblings: self.shared.serving.siblings(),
            position: link.known.then(|| self.world.load().position()),
            link_up: link.up,
            link_error: link.error.clone(),
            trunks: self.shared.health.all(),
            registrations: self.shared.bindings.count(wall_us()),
            live_calls: stats.live.load(Ordering::Relaxed),
            calls: stats.calls.load(Ordering::Relaxed),
            silenced: stats.silenced.load(Ordering::Relaxed),
            unparsable: stats.unparsable.load(Ordering::Relaxed),
            forged: stats.forged.load(Ordering::Relaxed),
            journalled: self.journal.written(),
        }
    }

    /// Alarms that are open, the oldest first, and those lately over, the newest
    /// first.
    pub fn alarms(&self) -> (Vec<AlarmRecord>, Vec<AlarmRecord>) {
        (self.shared.alarms.open(), self.shared.alarms.past())
    }

    /// The packets of a call that are still in the trace, redacted, the oldest
    /// first. `call_ids` are SIP Call-IDs of any of its legs.
    pub async fn trace(&self, cdr: Option<CdrId>, call_ids: &[Vec<u8>]) -> Vec<TracedPacket> {
        self.inside.trace(cdr, call_ids).await
    }

    /// All that the edge counts, in Prometheus' text format 0.0.4.
    pub fn metrics(&self) -> String {
        let inside = &self.inside;
        let world = self.world.load();
        let name = |trunk: TrunkId| {
            world.trunk_record(trunk).map_or_else(|| trunk.to_string(), |t| t.fqdn.clone())
        };
        let status = self.status();
        let counted: Vec<_> = inside.counters.iter().map(|c| c.read()).collect();
        let mut text = Text::default();
        write_shards(&mut text, &counted, name);
        let (gauge, counter) = ("gauge", "counter");
        text.single(
            "meetpoint_live_calls",
            gauge,
            "Calls answered and not over.",
            status.live_calls,
        );
        text.single("meetpoint_registrations", gauge, "Registered phones.", status.registrations);
        text.metric(
            "meetpoint_trunk_up",
            gauge,
            "1 while a trunk answers; those that were never asked are left out.",
            status.trunks.iter().map(|(id, up)| (vec![("trunk", name(*id))], u8::from(*up))),
        );
        text.metric(
            "meetpoint_trunk_calls",
            gauge,
            "Calls in use on each trunk, as far as this edge counts them.",
            self.shared
                .loads
                .own()
                .iter()
                .map(|(id, calls, _)| (vec![("trunk", name(*id))], *calls)),
        );
        let stats = &self.shared.stats;
        text.single(
            "meetpoint_calls_under_way",
            gauge,
            "Calls that are neither answered nor over.",
            stats.under_way.load(Ordering::Relaxed),
        );
        text.single(
            "meetpoint_overloaded_shards",
            gauge,
            "Shards that are overloaded now.",
            stats.overloaded.load(Ordering::Relaxed).count_ones(),
        );
        text.single(
            "meetpoint_siblings",
            gauge,
            "Other edges of the fleet that answer.",
            status.siblings,
        );
        for (metric, help, value) in [
            (
                "meetpoint_shed_total",
                "New calls refused because more was offered than could be carried.",
                stats.shed.load(Ordering::Relaxed),
            ),
            (
                "meetpoint_dropped_total",
                "New calls thrown away unread for the same reason.",
                stats.dropped.load(Ordering::Relaxed),
            ),
            (
                "meetpoint_silenced_total",
                "Packets of strangers that got no answer.",
                status.silenced,
            ),
            ("meetpoint_unparsable_total", "Packets that were no SIP.", status.unparsable),
            ("meetpoint_forged_total", "Seals that did not open.", status.forged),
            ("meetpoint_journal_written_total", "Call records on disk.", status.journalled),
            ("meetpoint_journal_groups_total", "Syncs of the journal.", self.journal.groups()),
            (
                "meetpoint_journal_lost_total",
                "Call records given up since the disk took none and memory was full.",
                self.journal.lost(),
            ),
            (
                "meetpoint_alarms_dropped_total",
                "Alarms given up for want of room.",
                self.shared.alarms.dropped(),
            ),
        ] {
            text.single(metric, counter, help, value);
        }
        text.single(
            "meetpoint_journal_stuck",
            gauge,
            "1 while the disk takes no call records.",
            u8::from(self.journal.stuck()),
        );
        text.single(
            "meetpoint_link_up",
            gauge,
            "1 while the link to the control plane stands.",
            u8::from(status.link_up),
        );
        if let Some(position) = status.position {
            text.single(
                "meetpoint_feed_position",
                gauge,
                "Up to where the change log is known.",
                position.position,
            );
        }
        if let Some(at_us) = inside.clock.heard_us() {
            let age = (wall_us() - at_us).max(0) as f64 / 1e6;
            text.single(
                "meetpoint_feed_age_seconds",
                gauge,
                "Time since the control plane was last heard.",
                age,
            );
        }
        if let Some(skew_us) = inside.clock.skew_us() {
            let help = "How far the control plane's clock is ahead of the edge's.";
            text.single("meetpoint_clock_skew_seconds", gauge, help, skew_us as f64 / 1e6);
        }
        if let Some(dropped) = &inside.hep_dropped {
            let help = "Packets not exported because the queue was full.";
            text.single(
                "meetpoint_hep_dropped_total",
                counter,
                help,
                dropped.load(Ordering::Relaxed),
            );
        }
        let alarms = self.shared.alarms.counts();
        let labelled = |kind: &AlarmKind| {
            vec![
                ("alarm", kind.code().to_owned()),
                ("severity", kind.severity().as_str().to_owned()),
            ]
        };
        text.metric(
            "meetpoint_alarms_open",
            gauge,
            "Alarms that are open.",
            alarms.iter().map(|(k, open, _)| (labelled(k), open)),
        );
        text.metric(
            "meetpoint_alarms_raised_total",
            counter,
            "Alarms raised.",
            alarms.iter().map(|(k, _, raised)| (labelled(k), raised)),
        );
        text.into_string()
    }
}
