//! Everything beside numbers, in the store and in the model.

use super::{KINDS, Target, all};
use crate::house::cx;
use crate::model::{World, text};
use crate::model_rules::Other;
use exchange::{ListQuery, NumberFilter};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

impl World {
    /// All that there is, in both.
    pub async fn compare(&self) {
        let mut seen = 0;
        for tenant in 0..2 {
            let actor = cx(&self.company(tenant).actor);
            let list = ListQuery { cursor: None, limit: 1000 };
            let page =
                self.town.exchange.number_list(&actor, NumberFilter::default(), list.clone());
            for real in page.await.expect("lists").items {
                seen += 1;
                let digits: u64 = real.number[1..].parse().expect("digits");
                let told = self.model.numbers.get(&digits).unwrap_or_else(|| panic!("{real:?}"));
                let holder = told.state.holder.map(|h| self.model.holders[h].id);
                let other = told.state.other.map(|other| match other {
                    Other::Bridge(id) | Other::Policy(id) => id,
                });
                let block = match told.state.block.0 {
                    "none" => "NotBlocked",
                    "days" => "BlockedUntil",
                    _ => "BlockedForever",
                };
                let tags: Vec<String> = told.tags.values().cloned().collect();
                assert_eq!(
                    (real.assigned_to_id, real.location_id, real.usage.as_str()),
                    (holder.or(other), told.state.location, told.state.usage),
                    "{told:?}"
                );
                assert_eq!(
                    (
                        real.location_update_supported,
                        real.assignment_blocked_state.as_str(),
                        real.tags
                    ),
                    (told.state.may_set, block, tags),
                    "{told:?}"
                );
                assert_eq!(told.tenant, tenant);
            }
            self.compare_people(tenant).await;
            self.compare_directory(tenant).await;
            self.compare_calling(tenant).await;
            self.compare_voices(tenant).await;
            self.compare_bridges(tenant).await;
            self.compare_policies(tenant).await;
        }
        assert_eq!(seen, self.model.numbers.len());
    }

    /// All that there is beside numbers, in both.
    pub async fn compare_rest(&self) {
        let exchange = &self.town.exchange;
        for tenant in 0..2 {
            let who = self.tenant_cx(tenant);
            let consents = exchange.consent_list(&who, all()).await.expect("lists").items;
            let real: BTreeMap<Uuid, _> = consents
                .into_iter()
                .map(|c| {
                    let told = (c.status, c.relationship_status, c.countries, c.version);
                    (c.operator_id, (told, c.acceptance_due))
                })
                .collect();
            let own = self.rest.agreed.iter().filter(|((t, _), _)| *t == tenant);
            let expect = own.map(|((_, o), a)| {
                let countries = a.countries.iter().map(ToString::to_string).collect();
                let told = (a.status.into(), a.relationship.into(), countries, a.version);
                (self.operator(*o).1, (told, self.rest.is_due(a)))
            });
            assert_eq!(real, expect.collect(), "consents of {tenant}");

            let listed = exchange.policy_assignment_list(&who, all()).await.expect("lists").items;
            let real: BTreeSet<_> = listed
                .into_iter()
                .map(|a| {
                    let target = (a.user_id, a.group_id, a.number, a.rank);
                    (a.kind, a.policy_id.expect("a policy"), target)
                })
                .collect();
            let own = self.held_policies().filter(|((t, ..), _)| *t == tenant);
            let expect = own.map(|((t, kind, target), id)| {
                let rank = self.rest.holds[&(t, kind, target)].1;
                let target = match target {
                    Target::Global => (None, None, None, None),
                    Target::Group(group) => (None, Some(group), None, Some(rank)),
                    Target::User(h) => (Some(self.model.holders[h].id), None, None, None),
                    Target::Number(number, _) => (None, None, Some(text(number)), None),
                };
                (kind.to_owned(), id, target)
            });
            assert_eq!(real, expect.collect(), "policies of {tenant}");

            for (h, holder) in self.model.present() {
                if holder.tenant == tenant && !holder.is_queue {
                    let told = exchange.effective_policies(&who, Some(holder.id), None).await;
                    let told = told.expect("known").policies.into_iter();
                    let real: Vec<_> = told.map(|p| (p.kind, p.policy_id, p.assigned)).collect();
                    let mut expect = Vec::new();
                    for kind in KINDS {
                        if let Some((id, via)) = self.effective(tenant, h, kind) {
                            expect.push((kind.to_owned(), id, via.to_owned()));
                        }
                    }
                    assert_eq!(real, expect, "what holds for {h}");
                }
            }

            let gateways = exchange.gateway_list(&who, all()).await.expect("lists").items;
            let real: BTreeSet<_> = gateways.into_iter().map(|g| (g.id, g.version)).collect();
            let own = self.rest.gateways.iter().filter(|g| g.tenant == tenant);
            assert_eq!(real, own.map(|g| (g.id, g.version)).collect(), "gateways of {tenant}");

            let told = exchange.fallback_get(&who).await.expect("reads");
            let (operators, version) = &self.rest.stand_in[tenant];
            let ids = |of: &mut dyn Iterator<Item = &usize>| -> Vec<Uuid> {
                of.map(|o| self.operator(*o).1).collect()
            };
            assert_eq!((told.operator_ids, told.version), (ids(&mut operators.iter()), *version));
            let mut stand = operators.iter().filter(|o| self.carries((tenant, **o)));
            assert_eq!(told.in_effect_ids, ids(&mut stand), "who stands in for {tenant}");
        }
    }

    /// Number, person, the group with the lowest rank, everybody: the first that has one.
    fn effective(
        &self,
        tenant: usize,
        holder: usize,
        kind: &'static str,
    ) -> Option<(Uuid, &'static str)> {
        let of = |target: Target| self.rest.holds.get(&(tenant, kind, target)).copied();
        let number = self.model.number_of(holder);
        let number = number.map(|n| Target::Number(n, self.model.numbers[&n].life));
        let groups = self.rest.groups.iter().filter(|g| g.members.contains(&holder));
        let group = groups.filter_map(|g| of(Target::Group(g.id))).min_by_key(|(_, rank)| *rank);
        let found = number.and_then(of).map(|(id, _)| (id, "number"));
        found
            .or_else(|| of(Target::User(holder)).map(|(id, _)| (id, "direct")))
            .or_else(|| group.map(|(id, _)| (id, "group")))
            .or_else(|| of(Target::Global).map(|(id, _)| (id, "global")))
    }
}
