//! What a person may call to costly destinations.

use super::{Core, Moment};
use crate::fraud::Held;
use domain::fraud::{DestinationClass, FraudRefusal};
use domain::routing::{CallKind, Dialled, Route, Source};
use feed::snapshot::Snapshot;

impl Core {
    /// Counts a call that a person makes to an operator, or forwards there; calls for help, and those
    /// that operators bring, are none of its business.
    pub(super) fn count_cost(
        &self,
        source: Source,
        route: &Route,
        at: Moment,
        world: &Snapshot,
    ) -> Result<Option<Held>, FraudRefusal> {
        let (user, own) = match (route.forwarded, source, route.kind) {
            (Some(forwarded), ..) => (forwarded.by, forwarded.number),
            (None, Source::User(user), CallKind::Outbound) => (user, route.number),
            _ => return Ok(None),
        };
        let Some(Dialled::Number(dialled)) = route.destination.digits() else {
            return Ok(None);
        };
        let own = own.and_then(|own| domain::routing::World::number(world, own));
        let Some(home) = own.map(|own| own.country) else { return Ok(None) };
        let class = DestinationClass::of(dialled, home);
        let set = world.tenant(route.tenant).and_then(|t| t.fraud_limits);
        let limits = set.unwrap_or_default();
        let shared = &self.shared;
        let who = (user, route.tenant);
        shared.fraud.begin(who, class, &limits, &shared.alarms, at.wall_us).map(Some)
    }
}
