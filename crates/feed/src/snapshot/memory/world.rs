//! What routing asks of it.

use super::*;
use domain::number::Usage;

impl World for Snapshot {
    fn number(&self, number: E164) -> Option<NumberView> {
        self.number_record(number).map(|r| NumberView {
            number: r.number,
            tenant: r.tenant,
            operator: r.operator,
            profile: r.profile,
            country: r.country,
            target: r.target,
            category: r.category,
            location: r.location,
        })
    }

    fn user(&self, user: UserId) -> Option<UserView> {
        self.user_record(user).map(|u| UserView {
            user: u.id,
            tenant: u.tenant,
            number: u.number,
            alternate: u.alternate,
            licensed: u.licensed,
            conferencing: u.conferencing,
            country: u.country,
            phone: u.phone.is_some(),
        })
    }

    fn agents(&self, account: ResourceAccountId, each: &mut dyn FnMut(UserId)) -> bool {
        let Some(queue) = self.queues.get(&account) else { return false };
        queue.agents.iter().for_each(|a| each(*a));
        true
    }

    fn trunk(&self, trunk: TrunkId) -> Option<TrunkView> {
        let owner = self.trunk_owner(trunk)?;
        self.trunk_record(trunk).map(|t| TrunkView { trunk: t.id, owner, enabled: t.enabled })
    }

    /// The lowest of an operator's, or else the lowest, and one by which somebody is called back
    /// before those that lead to a meeting or to whoever else called for help; a private line is never
    /// shown outside. Walks the numbers, which only an emergency call by
    /// someone without a number has to pay.
    fn tenant_number(&self, tenant: TenantId, country: Option<Country>) -> Option<NumberView> {
        let wanted = |r: &NumberRecord| {
            let there = country.is_none_or(|c| c == r.country);
            r.tenant == tenant && there && r.category.calls_out()
        };
        if !self.base.classes.iter().any(wanted) && !self.overlay.values().flatten().any(wanted) {
            return None;
        }
        // An operator's first: behind a Direct Routing number no operator is known.
        let rank = |r: &NumberRecord| {
            let elsewhere = r.usage == Usage::ConferenceAssignment || r.other_holder.is_some();
            2 * u8::from(r.operator == OperatorId::DIRECT_ROUTING) + u8::from(elsewhere)
        };
        let mut found: Option<(u8, E164)> = None;
        for record in self.numbers().filter(|r| wanted(r)) {
            let rank = rank(&record);
            if found.is_none_or(|(best, _)| rank < best) {
                found = Some((rank, record.number));
            }
            if rank == 0 {
                break;
            }
        }
        found.and_then(|(_, number)| self.number(number))
    }

    /// Served is a country where a profile carries a number, or did when the base was
    /// packed.
    fn help(&self, country: Country, each: &mut dyn FnMut(HelpView)) {
        let over = self.overlay.values().flatten();
        let serving: HashSet<CallingProfileId> = over
            .chain(&self.base.classes)
            .filter(|r| r.country == country)
            .map(|r| r.profile)
            .collect();
        for profile in self.profiles.values() {
            let mut open = false;
            World::trunks(self, profile.id, &mut |t| open |= t.enabled);
            let serves = serving.contains(&profile.id);
            each(HelpView { profile: profile.id, operator: profile.operator, serves, open });
        }
    }

    fn trunks(&self, profile: CallingProfileId, each: &mut dyn FnMut(TrunkView)) {
        if let Some(profile) = self.profiles.get(&profile) {
            profile.trunks.iter().filter_map(|id| World::trunk(self, *id)).for_each(each);
        }
    }

    fn profile(&self, profile: CallingProfileId) -> Option<&ProfileEmergency> {
        self.profiles.get(&profile).map(|p| &p.emergency)
    }

    fn has_policies(&self, tenant: TenantId) -> bool {
        self.policies.ready(tenant).is_some()
    }

    fn policy(&self, tenant: TenantId, holder: Holder, kind: PolicyKind) -> Option<(&Policy, Via)> {
        self.policies.ready(tenant)?.effective(holder, kind)
    }

    fn screening(&self, tenant: TenantId) -> Option<&Screening> {
        Some(self.policies.ready(tenant)?.screening())
    }

    fn voice_routes(&self, tenant: TenantId) -> Option<&VoiceRoutes> {
        Some(self.policies.ready(tenant)?.voice_routes())
    }

    fn fallback(&self, tenant: TenantId, each: &mut dyn FnMut(FallbackView)) {
        if self.fallback.is_empty() {
            return;
        }
        for way in self.fallback.get(&tenant).into_iter().flat_map(|f| &f.ways) {
            each(FallbackView { operator: way.operator, profile: way.profile });
        }
    }

    fn gateways(&self, tenant: TenantId, each: &mut dyn FnMut(GatewayView)) {
        for id in self.trunks.of_tenant.get(&tenant).into_iter().flatten() {
            if let (Some(trunk), Some(of)) =
                (self.trunks.by_id.get(id), self.trunks.gateways.get(id))
                && !of.voice_app
            {
                each(GatewayView {
                    gateway: *id,
                    country: of.country,
                    enabled: trunk.enabled,
                    bridge: self.bridges.answered_by(tenant, *id),
                });
            }
        }
    }

    fn emergency_account(&self, tenant: TenantId, number: E164) -> Option<ResourceAccountId> {
        self.policies.ready(tenant)?.emergency_account(number)
    }

    fn bridge_of(&self, number: E164) -> Option<(TenantId, BridgeId)> {
        self.bridges.of(number).map(|(bridge, _)| (bridge.tenant, bridge.id))
    }

    fn bridge_gateways(
        &self,
        tenant: TenantId,
        bridge: BridgeId,
        each: &mut dyn FnMut(TrunkId),
    ) -> bool {
        let found = self.bridges.get(bridge).filter(|bridge| bridge.tenant == tenant);
        found.into_iter().flat_map(|bridge| &bridge.gateways).for_each(|id| each(*id));
        found.is_some()
    }

    fn calling_settings(&self, user: UserId) -> Option<&CallingSettings> {
        if self.calling.is_empty() {
            return None;
        }
        self.calling.get(&user)?.settings.known()
    }

    fn voice_targets(&self, tenant: TenantId) -> Option<&VoiceTargets> {
        if self.voice_targets.is_empty() {
            return None;
        }
        self.voice_targets.get(&tenant)?.targets.known()
    }

    fn account_number(&self, account: ResourceAccountId) -> Option<(TenantId, E164)> {
        let queue = self.queues.get(&account)?;
        Some((queue.tenant, queue.number?))
    }
}
