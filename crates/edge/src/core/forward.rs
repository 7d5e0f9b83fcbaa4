//! Calls that go elsewhere than to the person called, or there too: forwarding, delegates, call
//! groups, voicemail and announcements. Where they go, `domain::routing` says; here they get there.

use super::call::{Call, Deadline, LegState};
use super::dialog::{Party, domain_of_user};
use super::write::{number_uri, text};
use super::{Core, Moment};
use crate::outbox::Outbox;
use domain::calling::ForwardCause;
use domain::routing::{self, Circle, NoTrace, Onward, Play, Route, Source, World};
use domain::{TrunkId, UserId};
use feed::cdr::HungUpBy;
use feed::snapshot::Snapshot;
use numbering::E164;
use sip::header::NameAddr;
use sip::{HeaderName, Message, MessageBuilder, Uri};
use std::time::Duration;

/// What a called side is told of how the call came to it.
pub(super) struct Told {
    /// Who forwarded it.
    by: Vec<u8>,
    cause: ForwardCause,
    /// How often it was forwarded here.
    times: u8,
}

impl Told {
    /// Diversion for those who know nothing else (RFC 5806), above those that came with the call;
    /// and History-Info (RFC 7044 section 5) with the cause in the target (RFC 4458 section 2).
    pub fn write<'b>(&self, b: MessageBuilder<'b>, target: &[u8]) -> MessageBuilder<'b> {
        let reason = self.cause.diversion_reason().as_bytes();
        // One header tells of all, the last one's; others are to count them all.
        let counter =
            if self.times > 1 { format!(";counter={}", self.times) } else { String::new() };
        let cause = self.cause.sip_cause().to_string();
        // The URI of a voicemail says so itself.
        let says = target.windows(7).any(|w| w == b";cause=");
        let (mark, code): (&[u8], &[u8]) =
            if says { (b"", b"") } else { (b";cause=", cause.as_bytes()) };
        b.header_parts(
            HeaderName::Diversion,
            &[b"<", &self.by, b">;reason=", reason, counter.as_bytes()],
        )
        .header_parts(
            HeaderName::HistoryInfo,
            &[b"<", &self.by, b">;index=1, <", target, mark, code, b">;index=1.1;mp=1"],
        )
    }
}

/// How often a call was forwarded before, as each exchange on its way added; one of them may tell of
/// several times (RFC 5806, `counter`).
pub(super) fn diversions_of(m: &Message<'_>) -> u8 {
    m.header_values(HeaderName::Diversion).fold(0, |sum: u8, value| {
        let params = value.rsplit(|b| *b == b'>').next().unwrap_or_default();
        let counter = params.split(|b| *b == b';').find_map(|param| {
            let (name, value) = std::str::from_utf8(param).ok()?.split_once('=')?;
            let value = value.trim();
            let digits = name.trim().eq_ignore_ascii_case("counter")
                && value.bytes().all(|b| b.is_ascii_digit())
                && !value.is_empty();
            digits.then(|| value.parse().unwrap_or(u8::MAX))
        });
        sum.saturating_add(counter.unwrap_or(1).max(1))
    })
}

/// The number in a From.
pub(super) fn from_number(m: &Message<'_>) -> Option<E164> {
    let uri = m.from().parsed_uri().ok()?;
    E164::parse(uri.user_number()?.as_str()).ok()
}

impl Core {
    /// The number that a phone asks to be shown by (RFC 3325 section 9.2): itself, or the name of the
    /// phone of the person who has it.
    pub(super) fn asked_identity(
        &self,
        m: &Message<'_>,
        caller: UserId,
        world: &Snapshot,
    ) -> Option<E164> {
        let tenant = world.user_record(caller)?.tenant;
        m.header_values(HeaderName::PPreferredIdentity).find_map(|value| {
            let uri = NameAddr::parse(value)?.uri;
            let parsed = Uri::parse(uri).ok()?;
            if let Some(number) = parsed.user_number()
                && let Ok(number) = E164::parse(number.as_str())
            {
                return Some(number);
            }
            let aor = Self::aor(uri)?;
            let of = self.tenant_of(&aor, world)?;
            let name = std::str::from_utf8(aor.user?).ok()?;
            let (user, _) = world.phone(of.id, name).filter(|_| of.id == tenant)?;
            world.user_record(user)?.number
        })
    }

    /// Rings a person, and whoever rings together with them.
    #[expect(clippy::too_many_arguments, reason = "whom, and all that a leg is made of")]
    pub(super) fn ring_person(
        &mut self,
        at: Moment,
        index: u32,
        user: UserId,
        route: &Route,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        self.ring(at, index, user, m, world, out);
        let mut time = self.config.user_ring;
        let call = &self.calls[index as usize];
        let (whom, times) = ((call.tenant, user), call.times);
        if call.forwarding_of.is_some() && world.calling_settings(user).is_some() {
            let with = routing::alongside(world, whom, times, &mut NoTrace);
            self.calls[index as usize].many = !with.people.is_empty();
            for other in with.people {
                self.ring(at, index, other, m, world, out);
            }
            if let Some(onward) = with.outside {
                self.ring_outside(at, index, (route, onward), m, world, out);
            }
            if let Some(seconds) = routing::ring_seconds(world, whom, times) {
                time = Duration::from_secs(u64::from(seconds));
            }
        }
        self.start_ringing(at, index, time, world, out);
    }

    /// Rings a number outside together with people; where no trunk takes it, they ring alone.
    fn ring_outside(
        &mut self,
        at: Moment,
        index: u32,
        (route, onward): (&Route, Onward),
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Onward { destination, forwarded } = onward;
        let out_way = Route { destination, forwarded: Some(forwarded), ..*route };
        let Ok(cost) = self.count_cost(Source::User(forwarded.by), &out_way, at, world) else {
            return;
        };
        let call = &mut self.calls[index as usize];
        let many = std::mem::replace(&mut call.many, true);
        call.mixed = true;
        call.digits = destination.digits();
        call.outside = Some(forwarded);
        self.ways_out(at, index, &out_way, world);
        let rings = self.next_trunk(at, index, m, world, out);
        let call = &mut self.calls[index as usize];
        if rings {
            call.cost = cost;
        } else {
            call.mixed = false;
            call.many = many;
            call.digits = None;
            call.outside = None;
        }
    }

    /// Rings all who stand for a person.
    pub(super) fn ring_circle(
        &mut self,
        at: Moment,
        index: u32,
        (of, which): (UserId, Circle),
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let mut people = Vec::new();
        routing::circle(world, of, which, &mut |user| people.push(user));
        for user in people {
            self.ring(at, index, user, m, world, out);
        }
        let call = &self.calls[index as usize];
        let whom = (call.tenant, of);
        let seconds =
            call.forwarding_of.and_then(|_| routing::ring_seconds(world, whom, call.times));
        let time = seconds.map_or(self.config.user_ring, |s| Duration::from_secs(u64::from(s)));
        self.start_ringing(at, index, time, world, out);
    }

    /// Calls an external SIP target: a voicemail is told whose mailbox it is and why the call comes
    /// (RFC 4458 section 2).
    pub(super) fn call_target(
        &mut self,
        at: Moment,
        index: u32,
        (gateway, play): (TrunkId, Play),
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        let Some(uri) = target_uri(&self.calls[index as usize], play, world) else {
            return self.finish(at, index, 503, "no_trunk", HungUpBy::Exchange, out);
        };
        self.calls[index as usize].target_uri = uri;
        self.order(at, index, &[gateway], world);
        self.first_trunk(at, index, m, world, out);
    }

    /// The call goes on elsewhere by the settings of whom it rings for; `false` where they say
    /// nothing for this cause, and it stays where it is.
    pub(super) fn divert(
        &mut self,
        at: Moment,
        index: u32,
        cause: ForwardCause,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> bool {
        let call = &self.calls[index as usize];
        let Some(of) = call.forwarding_of else { return false };
        let whom = (call.tenant, of);
        let Some(onward) = routing::forward(world, whom, cause, call.times, &mut NoTrace) else {
            return false;
        };
        let Onward { destination, forwarded } = onward;
        let route = Route {
            kind: call.kind,
            tenant: call.tenant,
            number: forwarded.number,
            called: None,
            on_behalf: call.on_behalf,
            forwarded: Some(forwarded),
            operator: None,
            caller_id: call.caller_id,
            hide: call.hide,
            caller_policy: call.caller_policy,
            destination,
            emergency_in: None,
            bridge: routing::bridge_of(destination),
            reserves: None,
            called_back: None,
        };
        let Some(kept) = self.layer.request_bytes(call.server) else { return false };
        // The way on takes the place of the way before, and counts beside it at no time.
        let count = || self.count_cost(Source::User(forwarded.by), &route, at, world);
        let counted = match &call.cost {
            Some(held) => held.without(count),
            None => count(),
        };
        let Ok(cost) = counted else { return false };
        let mut bytes = std::mem::take(&mut self.scratch.invite);
        bytes.clear();
        bytes.extend_from_slice(kept);
        self.give_up_legs(at, index, b"", out);
        let call = &mut self.calls[index as usize];
        call.take_way(&route);
        call.places[1] = None;
        call.cost = cost;
        let mut parser = self.parser();
        let goes = match parser.parse(&bytes) {
            Ok(m) => {
                self.go(at, index, &route, None, &m, world, out);
                true
            }
            Err(_) => false,
        };
        self.parsers.push(parser);
        self.scratch.invite = bytes;
        goes
    }

    /// Lets people ring for this long from now.
    pub(super) fn ring_for(&mut self, at: Moment, index: u32, time: Duration) {
        let call = &mut self.calls[index as usize];
        if call.mixed {
            call.ring_until = Some(at.now + time);
            self.await_mixed(at, index);
        } else {
            self.set_deadline(at, index, time, Deadline::Ring);
        }
    }

    /// Waits for what comes first where people and a trunk ring together: the end of their time, or
    /// of its.
    pub(super) fn await_mixed(&mut self, at: Moment, index: u32) {
        let call = &self.calls[index as usize];
        let (until, what) = match (call.ring_until, call.trunk_until) {
            (Some(ring), Some(trunk)) if trunk < ring => (trunk, Deadline::Failover),
            (None, Some(trunk)) => (trunk, Deadline::Failover),
            (Some(ring), _) => (ring, Deadline::Ring),
            (None, None) => return,
        };
        self.set_deadline(at, index, until.saturating_duration_since(at.now), what);
    }

    /// How much longer people may ring whose calls could not go on: as long as without that.
    pub(super) fn time_left(&self, at: Moment, index: u32) -> Option<Duration> {
        let call = &self.calls[index as usize];
        call.forwarding_of?;
        let ringing = call.legs.iter().filter(|leg| {
            matches!(leg.party, Party::Phone { .. })
                && matches!(leg.state, LegState::Silent | LegState::Heard)
        });
        let since = ringing.map(|leg| leg.sent_at).min()?;
        let rung = at.now.saturating_duration_since(since);
        self.config.user_ring.checked_sub(rung).filter(|left| !left.is_zero())
    }

    /// What a leg is told of how the call came to it; nothing where it came straight, or came back
    /// to whoever forwarded it.
    pub(super) fn told_of(
        &self,
        call: &Call,
        party: Party,
        host: &str,
        world: &Snapshot,
    ) -> Option<Told> {
        let forwarded = call.forwarded_to(party)?;
        let mut by = Vec::new();
        match party {
            Party::Trunk(_) => match forwarded.number {
                Some(number) => number_uri(&mut by, number, host, true),
                None => address_of(forwarded.by, world, &mut by)?,
            },
            Party::Phone { user, .. } => {
                if user == forwarded.by {
                    return None;
                }
                match (forwarded.number, domain_of_user(forwarded.by, world)) {
                    (Some(number), Some(domain)) => number_uri(&mut by, number, domain, false),
                    _ => address_of(forwarded.by, world, &mut by)?,
                }
            }
        }
        let times = forwarded.times.saturating_sub(call.times_before);
        Some(Told { by, cause: forwarded.cause, times })
    }
}

/// What a call to a target is addressed to.
fn target_uri(call: &Call, play: Play, world: &Snapshot) -> Option<Vec<u8>> {
    let found = world.voice_targets(call.tenant)?;
    let mut uri = Vec::new();
    match play {
        Play::Voicemail(of) => {
            let target = found.voicemail.as_ref()?;
            let cause = call.forwarded.map_or(ForwardCause::Unanswered, |f| f.cause).sip_cause();
            match mailbox(of, world) {
                Some(of) => {
                    text(&mut uri, format_args!("{};target={of};cause={cause}", target.uri))
                }
                None => text(&mut uri, format_args!("{};cause={cause}", target.uri)),
            }
        }
        Play::Announcement(place) => {
            let found = found.announcements.get(usize::from(place))?;
            text(&mut uri, format_args!("{}", found.target.uri));
        }
    }
    Some(uri)
}

/// A person's address of record, where they have a phone.
fn address_of(user: UserId, world: &Snapshot, out: &mut Vec<u8>) -> Option<()> {
    let phone = world.user_record(user)?.phone.as_ref()?;
    let domain = domain_of_user(user, world)?;
    text(out, format_args!("sip:{}@{domain}", phone.username));
    Some(())
}

/// Whose mailbox, as the value of a URI parameter: of what stands in such an address, the `@` alone
/// has to be escaped (RFC 3261 section 25.1, paramchar).
fn mailbox(of: UserId, world: &Snapshot) -> Option<String> {
    let mut address = Vec::new();
    match (world.user_record(of)?.number, domain_of_user(of, world)) {
        (Some(number), Some(domain)) => number_uri(&mut address, number, domain, false),
        _ => address_of(of, world, &mut address)?,
    }
    Some(String::from_utf8(address).ok()?.replace('@', "%40"))
}
