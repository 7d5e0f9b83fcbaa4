//! By which trunks a call may leave, and in which order they are tried.

use super::places::is_for_help;
use super::{Core, Moment};
use domain::routing::{self, Destination, Route, World};
use domain::{CallingProfileId, TrunkId};
use feed::snapshot::Snapshot;

impl Core {
    /// Lists the trunks or gateways that the call tries, in their order.
    pub(super) fn ways_out(&mut self, at: Moment, index: u32, route: &Route, world: &Snapshot) {
        let own = match route.destination {
            Destination::Trunks { profile, .. } => {
                self.order_trunks(at, index, profile, world);
                profile
            }
            _ => {
                for tier in routing::gateway_tiers(world, route) {
                    self.order(at, index, &tier, world);
                }
                CallingProfileId::DIRECT_ROUTING
            }
        };
        if let Some(country) = route.emergency_in {
            for profile in routing::further_profiles(world, country, own) {
                self.order_trunks(at, index, profile, world);
            }
        }
        let fallback = routing::fallback_profiles(world, route);
        if fallback.is_empty() {
            return;
        }
        for profile in fallback {
            self.order_trunks(at, index, profile, world);
        }
        // Another operator that answers comes before silent trunks of the number's own.
        let health = &self.shared.health;
        self.calls[index as usize].trunks.sort_by_key(|id| {
            let asked = world.trunk_record(*id).is_some_and(|t| t.send_options);
            !health.is_first_choice(*id, asked, at.wall_us)
        });
    }

    /// Appends the trunks of a calling profile to those that the call tries.
    fn order_trunks(
        &mut self,
        at: Moment,
        index: u32,
        profile: CallingProfileId,
        world: &Snapshot,
    ) {
        let mut trunks = std::mem::take(&mut self.scratch.trunks);
        World::trunks(world, profile, &mut |t| trunks.push(t.trunk));
        self.order(at, index, &trunks, world);
        trunks.clear();
        self.scratch.trunks = trunks;
    }

    /// Appends trunks of equal rank, those that answer first, each in random order.
    pub(super) fn order(&mut self, at: Moment, index: u32, equals: &[TrunkId], world: &Snapshot) {
        let seed = self.random.next();
        let call = &mut self.calls[index as usize];
        let help = is_for_help(call);
        let trunks = &mut call.trunks;
        let before = trunks.len();
        for id in equals {
            if !trunks[..before].contains(id) {
                trunks.push(*id);
            }
        }
        let health = &self.shared.health;
        let state = |id: &TrunkId| {
            let Some(t) = world.trunk_record(*id) else { return (false, false) };
            let state = (t.enabled, health.is_first_choice(*id, t.send_options, at.wall_us));
            if help { routing::usable_for_help(state) } else { state }
        };
        let usable = routing::trunk_order(&mut trunks[before..], state, seed);
        trunks.truncate(before + usable);
    }
}
