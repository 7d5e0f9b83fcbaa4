//! What is written of a new call.

use super::write::shown;
use super::{Core, Incoming};
use crate::outbox::Outbox;
use domain::CdrId;
use domain::conference::Meeting;
use domain::routing::{CallKind, Destination, Dialled, Route, RouteRefusal, Source};
use feed::cdr::CdrEvent;

impl Core {
    /// Begins the record of a call, as routing found or refused it.
    pub(super) fn record_begin(
        &mut self,
        r: &Incoming<'_>,
        cdr: CdrId,
        (source, meeting): (Source, Option<Meeting>),
        route: &Result<Route, RouteRefusal>,
        out: &mut Outbox,
    ) {
        let route = route.as_ref().ok();
        let caller = match route.and_then(|r| r.caller_id) {
            Some(number) => number.to_string(),
            None => shown(r.m.from().uri),
        };
        // Whoever answers for whom was called does not change what was dialled.
        let straight = route.filter(|r| r.forwarded.is_none());
        let callee = match straight.and_then(|r| r.destination.digits()) {
            Some(Dialled::Number(number)) => number.to_string(),
            Some(Dialled::Emergency(digits)) => digits.to_string(),
            None => shown(r.m.request_uri()),
        };
        let begin = CdrEvent::Begin {
            at_us: r.at.wall_us,
            kind: route.map(|r| r.kind),
            tenant: route.map(|r| r.tenant),
            number: route.and_then(|r| r.number),
            operator: route.and_then(|r| r.operator),
            caller,
            callee,
            caller_user: match source {
                Source::User(user) => Some(user),
                // Who organizes a meeting is a person of the tenant if it was routed.
                Source::Trunk(_) if route.is_some_and(|r| r.kind == CallKind::Outbound) => {
                    meeting.and_then(|m| m.organizer)
                }
                Source::Trunk(_) | Source::Network(..) => None,
            },
            callee_user: match route.map(|r| (r.called, r.destination)) {
                Some((Some(user), _) | (None, Destination::User(user))) => Some(user),
                _ => None,
            },
            queue: match route.map(|r| r.destination) {
                Some(Destination::Queue(queue)) => Some(queue),
                _ => None,
            },
            bridge: route.and_then(|r| r.bridge),
            in_trunk: match source {
                Source::Trunk(trunk) => Some(trunk),
                Source::User(_) | Source::Network(..) => None,
            },
            call_id: String::from_utf8_lossy(r.m.call_id()).into_owned(),
        };
        self.record(cdr, begin, out);
    }
}
