//! OPTIONS both ways (operator-connect.md 6.4): trunks ask us how we are, and we
//! ask them.

use super::call::Tag;
use super::{ALLOW, Core, Incoming, Moment, Who};
use crate::outbox::Outbox;
use domain::TrunkId;
use feed::change::Position;
use feed::snapshot::Snapshot;
use sip::{HeaderName, Message, MessageBuilder, Method, Target};
use std::time::{Duration, Instant};

/// Intervals without an answer after which a trunk is demoted.
const SILENT_INTERVALS: u32 = 3;

/// The trunks this core asks.
#[derive(Default)]
pub(super) struct Pings {
    list: Vec<Ping>,
    /// The world whose trunks these are.
    world: Option<Position>,
}

struct Ping {
    trunk: TrunkId,
    wanted: bool,
    /// In the world before, or at the last look.
    was_wanted: bool,
    next_at: Instant,
    last_answer: Instant,
}

impl Pings {
    pub fn next(&self) -> Option<Instant> {
        self.list.iter().filter(|p| p.wanted).map(|p| p.next_at).min()
    }
}

impl Core {
    pub(super) fn options(&mut self, r: &Incoming<'_>, out: &mut Outbox) {
        if r.who == Who::Stranger {
            return self.silence();
        }
        if self.shared.serving.is_draining() {
            return self.refuse(r, 503, out);
        }
        let listener = self.listener(r.from);
        let contact = contact_without_user(listener);
        self.stateless(r, 200, out, |b| {
            b.header(HeaderName::Contact, &contact)
                .header(HeaderName::Allow, ALLOW)
                .header(HeaderName::Accept, "application/sdp")
                .finish();
        });
    }

    /// Asks every trunk that is due.
    pub(super) fn ping(&mut self, at: Moment, world: &Snapshot, out: &mut Outbox) {
        let same_world = self.pings.world == Some(world.position());
        if same_world && self.pings.next().is_none_or(|due| due > at.now) {
            return;
        }
        if self.is_crowded() {
            return;
        }
        self.pings.world = Some(world.position());
        for ping in &mut self.pings.list {
            ping.was_wanted = std::mem::replace(&mut ping.wanted, false);
        }
        for trunk in world.trunks().filter(|t| t.send_options && t.enabled) {
            let interval = Duration::from_secs(u64::from(trunk.options_interval_seconds.max(1)));
            let index = match self.pings.list.iter().position(|p| p.trunk == trunk.id) {
                Some(index) => index,
                None => {
                    self.pings.list.push(Ping {
                        trunk: trunk.id,
                        wanted: true,
                        was_wanted: true,
                        next_at: at.now,
                        last_answer: at.now,
                    });
                    self.pings.list.len() - 1
                }
            };
            let ping = &mut self.pings.list[index];
            ping.wanted = true;
            if !ping.was_wanted {
                // Its silence until now was ours: it is asked at once.
                (ping.next_at, ping.last_answer) = (at.now, at.now);
            }
            if ping.next_at > at.now {
                continue;
            }
            ping.next_at = at.now + interval;
            if at.now.duration_since(ping.last_answer) >= interval * SILENT_INTERVALS {
                self.shared.health.set(trunk.id, false, at.wall_us);
            }
            let Some(listener) = self.listener_for(trunk.transport, trunk.address, None) else {
                self.shared.health.set(trunk.id, false, at.wall_us);
                continue;
            };
            let peer =
                crate::peer::Peer { transport: trunk.transport, listener, addr: trunk.address };
            let branch = self.layer.branch();
            let (tag, call) = (self.random.tag(), self.own_call_id());
            let mut bytes = self.layer.buffer();
            let uri = format!("sip:{}", trunk.address);
            let own = self.listener(peer);
            MessageBuilder::request(&mut bytes, Method::Options, uri.as_bytes())
                .via(super::write::transport(peer.transport), &own.sent_by, branch.as_bytes())
                .header(HeaderName::MaxForwards, "70")
                .header_parts(
                    HeaderName::From,
                    &[b"<sip:", own.sent_by.as_bytes(), b">;tag=", &tag],
                )
                .header_fmt(HeaderName::To, format_args!("<{uri}>"))
                .header(HeaderName::CallId, call)
                .cseq(1, Method::Options)
                .header(HeaderName::Contact, contact_without_user(own))
                .header(HeaderName::Accept, "application/sdp")
                .finish();
            let to = Target { peer, reliability: peer.reliability() };
            // A full layer sheds this first; the trunk is asked again next time.
            let tag = Tag::Ping { index: index as u32 }.pack();
            let _ = self.layer.request(at.now, to, &branch, bytes, tag, out);
        }
    }

    /// A trunk answered, if only to say that it takes no calls now.
    pub(super) fn pong(&mut self, at: Moment, index: u32, m: &Message<'_>) {
        if let Some(ping) = self.pings.list.get_mut(index as usize) {
            ping.last_answer = at.now;
            let trunk = ping.trunk;
            self.note_health(trunk, m.status() != Some(503), at);
        }
    }

    pub(super) fn ping_lost(&mut self, at: Moment, index: u32) {
        if let Some(ping) = self.pings.list.get(index as usize) {
            let trunk = ping.trunk;
            self.note_health(trunk, false, at);
        }
    }

    pub(super) fn note_health(&self, trunk: TrunkId, healthy: bool, at: Moment) {
        if self.shared.health.set(trunk, healthy, at.wall_us) {
            tracing::info!(%trunk, healthy, "a trunk's health changed");
        }
    }
}

fn contact_without_user(listener: &super::Listener) -> String {
    let transport = super::write::transport_param(listener.transport);
    format!("<sip:{}{transport}>", listener.sent_by)
}
