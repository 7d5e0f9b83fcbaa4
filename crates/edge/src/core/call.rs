//! The memory of an INVITE under way.

use super::dialog::Party;
use crate::fraud::Held;
use crate::limits::Place;
use crate::overflow::RecordId;
use domain::calling::ForwardCause;
use domain::policy::Hide;
use domain::routing::{CallKind, Destination, Dialled, Forwarded, Route};
use domain::{BridgeId, CdrId, OperatorId, PolicyId, ResourceAccountId, TenantId, TrunkId, UserId};
use feed::cdr::Attempt;
use numbering::{Country, E164};
use sip::{ClientTx, ServerTx};
use std::time::Instant;

/// What a transaction belongs to, as the number attached to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Call { index: u32, generation: u32 },
    Relay { index: u32, generation: u32 },
    Ping { index: u32 },
}

const INDEX_BITS: u32 = 28;

impl Tag {
    pub fn pack(self) -> u64 {
        let (kind, index, generation) = match self {
            Self::Call { index, generation } => (1u64, index, generation),
            Self::Relay { index, generation } => (2, index, generation),
            Self::Ping { index } => (3, index, 0),
        };
        kind << 60 | u64::from(generation) << INDEX_BITS | u64::from(index)
    }

    pub fn unpack(tag: u64) -> Option<Self> {
        let index = tag as u32 & ((1 << INDEX_BITS) - 1);
        let generation = (tag >> INDEX_BITS) as u32;
        match tag >> 60 {
            1 => Some(Self::Call { index, generation }),
            2 => Some(Self::Relay { index, generation }),
            3 => Some(Self::Ping { index }),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallState {
    /// In the free list.
    Free,
    /// Not answered yet.
    Ringing,
    /// A 2xx was passed on; stays for repeated ones.
    Answered,
    /// A final refusal was sent; stays for late answers of its legs.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegState {
    /// Nothing came back yet.
    Silent,
    /// Something did.
    Heard,
    /// It gave a final response, or failed with the like of one.
    Done(u16),
    /// Given up: an answer that still comes is acknowledged and hung up.
    GivenUp,
    /// It answered the call.
    Won,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub tx: ClientTx,
    pub party: Party,
    pub sent_at: Instant,
    pub state: LegState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    /// The trunk has to say something.
    Failover,
    /// Somebody has to answer.
    Ring,
    /// The memory can go.
    Linger,
}

/// One INVITE. Freed ones keep their lists' memory for the next.
#[derive(Debug)]
pub(super) struct Call {
    pub generation: u32,
    pub state: CallState,
    pub server: ServerTx,
    pub caller: Party,
    pub kind: CallKind,
    pub tenant: TenantId,
    pub queue: Option<ResourceAccountId>,
    /// The number of a conference bridge that it goes to.
    pub to_bridge: Option<E164>,
    /// The conference bridge that it goes to, or comes from.
    pub bridge: Option<BridgeId>,
    pub caller_id: Option<E164>,
    /// May whom is called see the caller?
    pub hide: Hide,
    /// The caller-ID policy that said so.
    pub caller_policy: Option<PolicyId>,
    pub digits: Option<Dialled>,
    /// The person in whose name a delegate calls.
    pub on_behalf: Option<UserId>,
    /// How the call came to where it is now.
    pub forwarded: Option<Forwarded>,
    /// With `mixed`, how it came to the leg outside.
    pub outside: Option<Forwarded>,
    /// Whose settings say what becomes of it, where those who ring now do not take it.
    pub forwarding_of: Option<UserId>,
    /// How often it was forwarded, and how often of that before it came here.
    pub times: u8,
    pub times_before: u8,
    /// People inside and a trunk ring together.
    pub mixed: bool,
    /// Several people ring: none of them speaks for all.
    pub many: bool,
    /// The Request-URI of an external SIP target, where the call goes to one.
    pub target_uri: Vec<u8>,
    /// Of a call for help: where it must come to.
    pub help_in: Option<Country>,
    /// The operator of the route.
    pub operator: Option<OperatorId>,
    pub cdr: CdrId,
    pub started_us: i64,
    pub map_key: u8,
    /// Our tag, where we answer the INVITE ourselves.
    pub tag: [u8; 16],
    /// The caller's Call-ID, which the other leg's hides.
    pub call_id: Vec<u8>,
    /// The caller's route set, as one comma list.
    pub caller_routes: Vec<u8>,
    pub legs: Vec<Leg>,
    pub trunks: Vec<TrunkId>,
    pub next_trunk: usize,
    pub attempts: Vec<Attempt>,
    /// Dialog records made before the answer.
    pub records: Vec<RecordId>,
    /// The tag of the one early dialog that this caller bears, once there is one.
    pub early_tag: Vec<u8>,
    /// The called side's tag in the answer that won.
    pub winner_tag: Vec<u8>,
    /// Answers that came too late and were hung up: of which leg, with which tag. A
    /// leg may fork beyond us, and each fork may answer.
    pub hung_up: Vec<(ClientTx, Box<[u8]>)>,
    /// On the trunk it came by, and on the one it goes by.
    pub places: [Option<Place>; 2],
    /// Its count among its caller's costly calls.
    pub cost: Option<Held>,
    /// A trunk was not asked, for it carries all it may or wants to be left alone.
    pub passed_over: bool,
    /// Something beyond 100 was passed on.
    pub progress: bool,
    /// As `progress`, from a trunk.
    pub trunk_progress: bool,
    /// With `mixed`, until when people may ring, and the trunk may say nothing.
    pub ring_until: Option<Instant>,
    pub trunk_until: Option<Instant>,
    pub best: Option<u16>,
    /// What its timer is for, while it is armed.
    pub deadline: Option<Deadline>,
}

impl Call {
    /// Makes this one the call of a fresh route; its lists keep their memory.
    pub fn reuse(&mut self, new: Self) {
        let (mut call_id, mut caller_routes, mut legs, mut trunks, mut attempts, mut winner_tag) = (
            std::mem::take(&mut self.call_id),
            std::mem::take(&mut self.caller_routes),
            std::mem::take(&mut self.legs),
            std::mem::take(&mut self.trunks),
            std::mem::take(&mut self.attempts),
            std::mem::take(&mut self.winner_tag),
        );
        call_id.clear();
        caller_routes.clear();
        legs.clear();
        trunks.clear();
        attempts.clear();
        winner_tag.clear();
        let generation = self.generation;
        *self =
            Self { generation, call_id, caller_routes, legs, trunks, attempts, winner_tag, ..new };
    }

    pub fn start(
        server: ServerTx,
        caller: Party,
        route: &Route,
        cdr: CdrId,
        started_us: i64,
        map_key: u8,
        tag: [u8; 16],
    ) -> Self {
        let (queue, digits) = (queue_of(route), route.destination.digits());
        let to_bridge = to_bridge_of(route);
        Self {
            generation: 0,
            state: CallState::Ringing,
            server,
            caller,
            kind: route.kind,
            tenant: route.tenant,
            queue,
            to_bridge,
            bridge: route.bridge,
            caller_id: route.caller_id,
            hide: route.hide,
            caller_policy: route.caller_policy,
            digits,
            on_behalf: route.on_behalf,
            forwarded: None,
            outside: None,
            forwarding_of: None,
            times: 0,
            times_before: 0,
            mixed: false,
            many: false,
            target_uri: Vec::new(),
            help_in: route.emergency_in,
            operator: route.operator,
            cdr,
            started_us,
            map_key,
            tag,
            call_id: Vec::new(),
            caller_routes: Vec::new(),
            legs: Vec::new(),
            trunks: Vec::new(),
            next_trunk: 0,
            attempts: Vec::new(),
            records: Vec::new(),
            early_tag: Vec::new(),
            winner_tag: Vec::new(),
            hung_up: Vec::new(),
            places: [None, None],
            cost: None,
            passed_over: false,
            progress: false,
            trunk_progress: false,
            ring_until: None,
            trunk_until: None,
            best: None,
            deadline: None,
        }
    }

    /// The call goes where this says: at first, or once it was forwarded. What came of the ways
    /// before counts no more.
    pub fn take_way(&mut self, route: &Route) {
        self.queue = queue_of(route);
        self.to_bridge = to_bridge_of(route);
        self.bridge = route.bridge;
        self.digits = route.destination.digits();
        self.forwarded = route.forwarded;
        self.outside = None;
        self.times = route.forwarded.map_or(self.times, |f| f.times);
        self.forwarding_of = match (route.destination, route.forwarded) {
            (Destination::User(user), _) => Some(user),
            // What all calls go to is as good as the person; what one went to is the last there is.
            (Destination::Circle { of, .. }, Some(f)) if f.cause == ForwardCause::Unconditional => {
                Some(of)
            }
            _ => None,
        };
        self.many = matches!(route.destination, Destination::Queue(_) | Destination::Circle { .. });
        self.mixed = false;
        self.target_uri.clear();
        self.trunks.clear();
        self.next_trunk = 0;
        self.passed_over = false;
        self.progress = false;
        self.trunk_progress = false;
        self.ring_until = None;
        self.trunk_until = None;
        self.best = None;
    }

    /// How the call came to one of its legs.
    pub fn forwarded_to(&self, party: Party) -> Option<Forwarded> {
        match party {
            Party::Trunk(_) => self.outside.or(self.forwarded),
            Party::Phone { .. } => self.forwarded,
        }
    }

    /// Was more than 100 heard from where the trunk that is tried leads? Of people who ring with it
    /// it does not matter.
    pub const fn trunk_rang(&self) -> bool {
        if self.mixed { self.trunk_progress } else { self.progress }
    }

    /// Nothing comes from outside any more: what was held for it is given back.
    pub fn outside_is_over(&mut self) {
        self.places[1] = None;
        self.cost = None;
        self.trunk_until = None;
    }

    /// Legs from which something may still come.
    pub fn has_open_legs(&self) -> bool {
        self.legs
            .iter()
            .any(|l| matches!(l.state, LegState::Silent | LegState::Heard | LegState::GivenUp))
    }

    /// Legs that may still answer the call.
    pub fn has_ringing_legs(&self) -> bool {
        self.legs.iter().any(|l| matches!(l.state, LegState::Silent | LegState::Heard))
    }
}

/// The bridge's number that was called.
fn to_bridge_of(route: &Route) -> Option<E164> {
    match route.destination {
        Destination::Bridge { number, .. } => Some(number),
        _ => None,
    }
}

fn queue_of(route: &Route) -> Option<ResourceAccountId> {
    match route.destination {
        Destination::Queue(queue) => Some(queue),
        _ => None,
    }
}

/// How good a final response is to tell the caller (RFC 3261 section 16.7 step
/// 6, with busy before the other 4xx: a person whose one phone is busy and
/// whose other is off is busy).
pub(super) fn rank(status: u16) -> u8 {
    match status {
        600..=699 => 0,
        486 => 1,
        480 => 2,
        484 | 404 | 410 => 3,
        408 | 487 => 5,
        400..=499 => 4,
        500..=599 => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_unpack_as_packed() {
        for tag in [
            Tag::Call { index: 0, generation: 0 },
            Tag::Call { index: (1 << INDEX_BITS) - 1, generation: u32::MAX },
            Tag::Relay { index: 77, generation: 12_345 },
            Tag::Ping { index: 3 },
        ] {
            assert_eq!(Tag::unpack(tag.pack()), Some(tag));
        }
        assert_eq!(Tag::unpack(0), None);
    }

    #[test]
    fn the_caller_hears_the_best_answer() {
        let best = |codes: &[u16]| *codes.iter().min_by_key(|c| rank(**c)).expect("one");
        for (codes, expect) in [
            (&[486, 486][..], 486),
            (&[408, 486], 486),
            (&[480, 503], 480),
            (&[603, 486], 603),
            (&[500, 404], 404),
        ] {
            assert_eq!(best(codes), expect, "{codes:?}");
        }
    }
}
