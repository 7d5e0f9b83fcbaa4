//! Groups, policies, and for whom they hold.

use super::{
    DESK, DIAL_OUT, Group, HELP, KINDS, MEETINGS, Policy, Rest, SHARED, Target, USAGES, VOICE,
    World, all, sent,
};
use crate::furnished::doc;
use crate::model::{code, text};
use crate::model_rules::{CONF, FREE, OWN, Other};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What a policy names; nothing, where its kind names none of it.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pub usages: Vec<&'static str>,
    /// Who is told of a call for help.
    groups: Vec<Uuid>,
    /// By whose number people call who have none, and those for their calls for help.
    account: Option<usize>,
    numbers: Vec<u64>,
}

impl World {
    pub fn any_group(&mut self) -> Option<usize> {
        let count = self.rest.groups.len();
        (count > 0).then(|| self.dice.below(count))
    }

    /// What keeps a group from being removed.
    pub fn group_stays(&self, group: Uuid) -> &'static str {
        let named = self.rest.policies.iter().any(|policy| policy.body.groups.contains(&group));
        if named { "group_in_use" } else { "" }
    }

    pub fn group_is_gone(&mut self, at: usize) {
        let id = self.rest.groups.remove(at).id;
        self.rest.holds.retain(|(_, _, target), _| *target != Target::Group(id));
    }

    pub async fn group(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, exchange) = (self.tenant_cx(tenant), self.town.exchange.clone());
        let at = self.any_group();
        let act = self.dice.below(8);
        let Some(at) = at.filter(|_| act > 1) else {
            let name = self.dice.of(&["Sales", "Staff", "Night"]);
            let got = exchange.group_create(&who, doc(json!({ "name": name }))).await;
            let taken = self.rest.groups.iter().any(|g| (g.tenant, g.name) == (tenant, name));
            assert_eq!(code(&got), if taken { "conflict" } else { "" }, "group {name}");
            if let Ok(made) = &got {
                let members = BTreeSet::new();
                self.rest.groups.push(Group { tenant, id: made.id, name, external: None, members });
            }
            return format!("group: {}", code(&got));
        };
        let (id, own) = (self.rest.groups[at].id, self.rest.groups[at].tenant == tenant);
        if act == 2 {
            let got = code(&exchange.group_remove(&who, id).await);
            let expect = if own { self.group_stays(id) } else { "not_found" };
            assert_eq!(got, expect, "group of {tenant}");
            if expect.is_empty() {
                self.group_is_gone(at);
            }
            return format!("remove group: {got}");
        }
        let (join, leave) = (self.somebody(tenant), self.somebody(tenant));
        let id_of = |holder: usize| self.model.holders[holder].id;
        let edit = doc(json!({ "join": [id_of(join)], "leave": [id_of(leave)] }));
        let got = code(&exchange.group_member_edit(&who, id, edit).await);
        let expect = match () {
            () if join == leave => "invalid_field",
            () if !own => "not_found",
            () if !self.model.is_there(tenant, join) => "unknown_user",
            () => "",
        };
        assert_eq!(got, expect, "{join} joins and {leave} leaves");
        if expect.is_empty() {
            let members = &mut self.rest.groups[at].members;
            members.insert(join);
            members.remove(&leave);
        }
        format!("members: {got}")
    }

    fn settings_of(&self, kind: &str, body: &Body) -> Value {
        let usages = &body.usages;
        match kind {
            DIAL_OUT => json!({ "kind": kind, "allowed": "Domestic" }),
            DESK => json!({ "kind": kind, "notification_group": ["desk@contoso.example"],
                "notification_group_ids": body.groups }),
            HELP => {
                let number = |(n, usage): (usize, &&str)| {
                    let dialled = ["112", "999"][n];
                    json!({ "emergency_dial_string": dialled, "emergency_dial_mask": [],
                        "online_pstn_usage": usage })
                };
                let numbers: Vec<Value> = usages.iter().enumerate().map(number).collect();
                json!({ "kind": kind, "emergency_numbers": numbers })
            }
            SHARED => {
                let account = body.account.map(|h| self.model.holders[h].id);
                let numbers: Vec<String> = body.numbers.iter().map(|n| text(*n)).collect();
                json!({ "kind": kind, "resource_account_id": account,
                    "emergency_numbers": numbers })
            }
            _ => json!({ "kind": kind, "online_pstn_usages": usages }),
        }
    }

    fn any_body(&mut self, tenant: usize, kind: &str) -> Body {
        let mut body = Body::default();
        match kind {
            VOICE | MEETINGS | HELP => body.usages = self.some_usages(),
            DESK => {
                for at in 0..self.rest.groups.len() {
                    let (id, own) =
                        (self.rest.groups[at].id, self.rest.groups[at].tenant == tenant);
                    if if own { self.dice.one_in(2) } else { self.dice.one_in(12) } {
                        body.groups.push(id);
                    }
                }
            }
            SHARED => {
                let queues: Vec<(usize, usize)> = (self.model.holders.iter().enumerate())
                    .filter(|(_, holder)| holder.is_queue)
                    .map(|(h, holder)| (h, holder.tenant))
                    .collect();
                let own = queues.iter().find(|(_, of)| *of == tenant).expect("a queue");
                let of = if self.dice.one_in(12) { self.dice.of(&queues) } else { *own };
                body.account = Some(of.0);
                for _ in 0..self.dice.below(3) {
                    let free = self.model.numbers.iter().filter(|(_, n)| {
                        n.tenant == tenant && !n.state.is_assigned() && n.state.block == FREE
                    });
                    let free: Vec<u64> = free.map(|(number, _)| *number).collect();
                    let own = self.model.numbers.iter().filter(|(_, n)| n.tenant == tenant);
                    let own: Vec<u64> = own.map(|(number, _)| *number).collect();
                    body.numbers.push(match self.dice.below(6) {
                        0 | 1 if !own.is_empty() => self.dice.of(&own),
                        2.. if !free.is_empty() => self.dice.of(&free),
                        _ => self.any_number(),
                    });
                }
            }
            _ => {}
        }
        body
    }

    /// With what a policy that names all this is refused.
    fn body_refused(&self, tenant: usize, body: &Body, own: Option<Uuid>) -> &'static str {
        let twice = body.numbers.len() == 2 && body.numbers[0] == body.numbers[1];
        let known = |usage: &&str| self.rest.routing[tenant].usages.contains(usage);
        let group = |id: &Uuid| self.rest.groups.iter().any(|g| (g.tenant, g.id) == (tenant, *id));
        match () {
            () if twice => "invalid_field",
            () if !body.usages.iter().all(known) => "unknown_pstn_usage",
            () if !body.groups.iter().all(group) => "unknown_group",
            () => {
                body.account.map_or("", |account| self.shared_refused(tenant, account, body, own))
            }
        }
    }

    /// Has the tenant's queue a number that others may call by?
    fn may_share(&self, tenant: usize) -> bool {
        let mut numbers = self.model.numbers.values().filter(|n| n.state.location.is_some());
        numbers.any(|n| {
            let queue = n.state.holder.is_some_and(|h| self.model.holders[h].is_queue);
            n.tenant == tenant && queue
        })
    }

    fn shared_refused(
        &self,
        tenant: usize,
        account: usize,
        body: &Body,
        own: Option<Uuid>,
    ) -> &'static str {
        if self.model.holders[account].tenant != tenant {
            return "unknown_account";
        }
        let Some(by) = self.model.number_of(account).map(|number| &self.model.numbers[&number])
        else {
            return "account_without_number";
        };
        if by.state.location.is_none() {
            return "location_required";
        }
        // What the policy has stays with it, whatever becomes of the consent.
        let before = self.rest.policies.iter().find(|policy| Some(policy.id) == own);
        let before = before.map(|policy| &policy.body);
        let agreed = |operator: usize| {
            operator == OWN || self.model.consents.get(&(tenant, operator)) == Some(&true)
        };
        let had = before.is_some_and(|body| body.account == Some(account));
        if !had && !agreed(by.operator) {
            return "consent_not_active";
        }
        for number in &body.numbers {
            let had = before.is_some_and(|body| body.numbers.contains(number));
            let number = self.model.numbers.get(number).filter(|n| n.tenant == tenant);
            let refused = match number {
                None => "invalid_field",
                Some(n)
                    if n.state.is_assigned()
                        && (own.is_none() || n.state.other != own.map(Other::Policy)) =>
                {
                    "already_assigned"
                }
                Some(n) if n.state.block != FREE => "number_blocked",
                Some(n) if !had && !agreed(n.operator) => "consent_not_active",
                Some(n) if n.state.usage == CONF => "wrong_usage",
                Some(n) if (n.operator == OWN) != (by.operator == OWN) => {
                    "emergency_number_differs"
                }
                Some(_) => "",
            };
            if !refused.is_empty() {
                return refused;
            }
        }
        ""
    }

    /// A policy's numbers change hands.
    fn numbers_handed(&mut self, policy: Uuid, before: &[u64], after: &[u64]) {
        for number in after.iter().filter(|number| !before.contains(number)) {
            self.hand(*number, Some(Other::Policy(policy)));
        }
        for number in before.iter().filter(|number| !after.contains(number)) {
            self.hand(*number, None);
        }
    }

    pub fn some_usages(&mut self) -> Vec<&'static str> {
        let which = self.dice.below(4);
        USAGES.iter().enumerate().filter(|(n, _)| which >> n & 1 == 1).map(|(_, u)| *u).collect()
    }

    pub async fn policy(&mut self) -> String {
        let tenant = self.dice.below(2);
        let ((who, may), exchange) = (self.any_writer(tenant), self.town.exchange.clone());
        let (mut kind, name) = (self.dice.of(&KINDS), self.dice.of(&["a", "b"]));
        // While there is a number to call by.
        let shares = self.may_share(tenant) && self.dice.one_in(2);
        if shares {
            kind = SHARED;
        }
        let count = self.rest.policies.len();
        let mut at = (count > 0).then(|| self.dice.below(count));
        if shares {
            at = (self.rest.policies.iter()).position(|p| (p.tenant, p.kind) == (tenant, SHARED));
        }
        let act = self.dice.below(6);
        let taken = |rest: &Rest, kind: &str, own: Option<Uuid>| {
            rest.policies
                .iter()
                .any(|p| (p.tenant, p.kind, p.name) == (tenant, kind, name) && Some(p.id) != own)
        };
        let Some(at) = at.filter(|_| act > 1) else {
            let body = self.any_body(tenant, kind);
            let new = json!({ "name": name, "settings": self.settings_of(kind, &body) });
            let got = exchange.policy_create(&who, doc(new)).await;
            let expect = match self.body_refused(tenant, &body, None) {
                _ if !may => "forbidden",
                "" if taken(&self.rest, kind, None) => "conflict",
                refused => refused,
            };
            assert_eq!(code(&got), expect, "policy {kind} {name} {body:?}");
            if let Ok(made) = got {
                let id = made.id;
                self.numbers_handed(id, &[], &body.numbers);
                self.rest.policies.push(Policy { tenant, id, kind, name, body, version: 1 });
            }
            return format!("policy: {expect}");
        };
        let Policy { id, kind, version, tenant: of, .. } = self.rest.policies[at];
        if act == 2 {
            let got = code(&exchange.policy_remove(&who, id, None).await);
            let used = self.held_policies().any(|(_, policy)| policy == id);
            let expect = match () {
                () if !may => "forbidden",
                () if of != tenant => "not_found",
                () if used => "policy_in_use",
                () => "",
            };
            assert_eq!(got, expect, "remove policy");
            if expect.is_empty() {
                let gone = self.rest.policies.remove(at);
                self.numbers_handed(id, &gone.body.numbers, &[]);
            }
            return format!("remove policy: {got}");
        }
        let body = self.any_body(tenant, kind);
        let dice = self.dice.below(10);
        let (if_match, stale) = sent(dice, version);
        let edit = json!({ "name": name, "settings": self.settings_of(kind, &body) });
        let got = code(&exchange.policy_update(&who, id, if_match, doc(edit)).await);
        let expect = match self.body_refused(tenant, &body, Some(id)) {
            _ if !may => "forbidden",
            // Whether it is one at all is seen before whose it is.
            "invalid_field" if body.numbers.len() == 2 && body.numbers[0] == body.numbers[1] => {
                "invalid_field"
            }
            _ if of != tenant => "not_found",
            _ if !stale.is_empty() => stale,
            _ if taken(&self.rest, kind, Some(id)) => "conflict",
            refused => refused,
        };
        assert_eq!(got, expect, "edit policy {kind} {name} {body:?}");
        if expect.is_empty() {
            let before = std::mem::take(&mut self.rest.policies[at].body);
            self.numbers_handed(id, &before.numbers, &body.numbers);
            let policy = &mut self.rest.policies[at];
            (policy.name, policy.body) = (name, body);
            policy.version += 1;
        }
        format!("edit policy: {got}")
    }

    /// What holds still: a number that is gone has taken its policies along.
    pub(super) fn held_policies(
        &self,
    ) -> impl Iterator<Item = ((usize, &'static str, Target), Uuid)> + '_ {
        let there = |target: Target| match target {
            Target::Number(number, life) => {
                self.model.numbers.get(&number).is_some_and(|n| n.life == life)
            }
            _ => true,
        };
        let holds = self.rest.holds.iter();
        holds.filter(move |((_, _, target), _)| there(*target)).map(|(at, (id, _))| (*at, *id))
    }

    pub async fn policy_for(&mut self) -> String {
        let (tenant, number, holder) = self.likely();
        let mut kind = self.dice.of(&KINDS);
        let own = self.rest.policies.iter().filter(|p| p.tenant == tenant || p.kind == kind);
        let policies: Vec<Uuid> = own.map(|p| p.id).collect();
        let same = !self.dice.one_in(6);
        let policy = (!policies.is_empty() && !self.dice.one_in(4))
            .then(|| self.dice.of(&policies))
            .and_then(|id| self.rest.policies.iter().find(|p| p.id == id));
        if let Some(policy) = policy.filter(|_| same) {
            kind = policy.kind;
        }
        let policy = policy.map(|p| (p.id, p.tenant == tenant && p.kind == kind));
        let rank = 1 + self.dice.below(3) as u32;
        let mut put = json!({ "kind": kind, "policy_id": policy.map(|p| p.0) });
        let life = self.model.numbers.get(&number).map_or(0, |n| n.life);
        let (target, known) = match self.dice.below(5) {
            0 => (Target::Global, ""),
            1 if self.any_group().is_some() => {
                let at = self.any_group().expect("there is one");
                let (id, of) = (self.rest.groups[at].id, self.rest.groups[at].tenant);
                (put["group_id"], put["rank"]) = (json!(id), json!(rank));
                let ranked = self.rest.holds.iter().any(|((t, k, target), (_, r))| {
                    let other = matches!(target, Target::Group(other) if *other != id);
                    (*t, *k, *r) == (tenant, kind, rank) && other
                });
                let known = match () {
                    () if of != tenant => "unknown_group",
                    () if ranked && policy.is_some() => "rank_taken",
                    () => "",
                };
                (Target::Group(id), known)
            }
            2 | 3 if !self.model.holders[holder].is_queue => {
                put["user_id"] = json!(self.model.holders[holder].id);
                let own = self.model.is_there(tenant, holder);
                (Target::User(holder), if own { "" } else { "unknown_user" })
            }
            _ => {
                put["number"] = json!(text(number));
                let own = self.model.numbers.get(&number).is_some_and(|n| n.tenant == tenant);
                (Target::Number(number, life), if own { "" } else { "invalid_field" })
            }
        };
        let who = self.tenant_cx(tenant);
        let got = code(&self.town.exchange.policy_assignment_put(&who, doc(put.clone())).await);
        let expect = match (known, policy) {
            ("", Some((_, false))) => "unknown_policy",
            ("", _) => "",
            (refused, _) => refused,
        };
        assert_eq!(got, expect, "{put}");
        if expect.is_empty() {
            match policy {
                Some((id, _)) => self.rest.holds.insert((tenant, kind, target), (id, rank)),
                None => self.rest.holds.remove(&(tenant, kind, target)),
            };
        }
        format!("policy for {target:?}: {got}")
    }

    pub async fn compare_policies(&self, tenant: usize) {
        let (who, exchange) = (self.tenant_cx(tenant), &self.town.exchange);
        let listed = exchange.policy_list(&who, None, all()).await.expect("lists").items;
        let own = self.rest.policies.iter().filter(|p| p.tenant == tenant);
        assert_eq!(listed.len(), own.count(), "policies of {tenant}");
        for real in listed {
            let policy = self.rest.policies.iter().find(|p| p.id == real.id).expect("known");
            assert_eq!((real.name.as_str(), real.version), (policy.name, policy.version));
            let told = serde_json::to_value(&real.settings).expect("a document");
            let expect = self.settings_of(policy.kind, &policy.body);
            for (field, value) in expect.as_object().expect("fields") {
                assert_eq!(&told[field], value, "{field} of {told}");
            }
        }
    }
}
