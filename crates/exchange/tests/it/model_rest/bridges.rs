//! Conference bridges, their numbers, and the routes by which meetings call out.

use super::{World, all, sent};
use crate::furnished::doc;
use crate::model::{code, e164, text};
use crate::model_rules::{CONF, FREE, OWN, Other};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[derive(Clone)]
pub struct Bridge {
    tenant: usize,
    id: Uuid,
    name: &'static str,
    gateways: Vec<Uuid>,
    default: Option<u64>,
    /// In which language the prompts are, by number.
    languages: BTreeMap<u64, &'static str>,
}

impl World {
    /// Does a bridge let this gateway answer?
    pub fn bridge_names(&self, gateway: Uuid) -> bool {
        self.rest.bridges.iter().any(|b| b.gateways.contains(&gateway))
    }

    /// May meetings call out by this number?
    pub fn is_source(&self, tenant: usize, number: u64) -> bool {
        self.model.numbers.get(&number).is_some_and(|n| {
            n.tenant == tenant
                && n.operator != OWN
                && matches!(n.state.other, Some(Other::Bridge(_)))
        })
    }

    /// A number by which meetings may call out, most of the time.
    pub fn any_source(&mut self, tenant: usize) -> u64 {
        let numbers = self.model.numbers.keys().copied();
        let fits: Vec<u64> = numbers.filter(|n| self.is_source(tenant, *n)).collect();
        match fits.is_empty() || self.dice.one_in(6) {
            true => self.any_number(),
            false => self.dice.of(&fits),
        }
    }

    fn some_gateways(&mut self, tenant: usize) -> Vec<Uuid> {
        let mut named = Vec::new();
        for gateway in &self.rest.gateways {
            let (own, id) = (gateway.tenant == tenant, gateway.id);
            if if own { self.dice.one_in(2) } else { self.dice.one_in(16) } {
                named.push(id);
            }
        }
        named
    }

    fn gateways_are(&self, tenant: usize, ids: &[Uuid]) -> bool {
        let own = |id: &Uuid| self.rest.gateways.iter().any(|g| (g.tenant, g.id) == (tenant, *id));
        ids.iter().all(own)
    }

    fn bridge_named(&self, tenant: usize, name: &str, own: Option<Uuid>) -> bool {
        let mut bridges = self.rest.bridges.iter();
        bridges.any(|b| (b.tenant, b.name) == (tenant, name) && Some(b.id) != own)
    }

    /// A number, more often than not one for conferences.
    fn any_conference_number(&mut self, tenant: usize, of: Option<Uuid>) -> u64 {
        let fits = self.model.numbers.iter().filter(|(_, n)| {
            n.tenant == tenant
                && n.state.usage == CONF
                && (of.is_none() || n.state.other == of.map(Other::Bridge))
        });
        let fits: Vec<u64> = fits.map(|(n, _)| *n).collect();
        match fits.is_empty() || self.dice.one_in(5) {
            true => self.any_number(),
            false => self.dice.of(&fits),
        }
    }

    pub async fn bridge(&mut self) -> String {
        let count = self.rest.bridges.len();
        let at = (count > 0).then(|| self.dice.below(count));
        match (at, self.dice.below(12)) {
            (None, _) | (_, 0 | 1) => self.bridge_comes().await,
            (Some(at), 2 | 3) => self.bridge_changes(at).await,
            (Some(at), 4) => self.bridge_leaves(at).await,
            (Some(at), 5..=9) => self.bridge_number(at).await,
            (Some(at), _) => self.bridge_number_leaves(at).await,
        }
    }

    /// Most of the time the tenant whose bridge it is.
    fn tenant_for(&mut self, at: usize) -> usize {
        let of = self.rest.bridges[at].tenant;
        if self.dice.one_in(10) { 1 - of } else { of }
    }

    async fn bridge_comes(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_writer(tenant);
        let name = self.dice.of(&["Meetings", "Board"]);
        let gateways = self.some_gateways(tenant);
        let new = json!({ "name": format!(" {name} "), "gateway_ids": gateways });
        let got = self.town.exchange.conference_bridge_create(&who, doc(new)).await;
        let expect = match () {
            () if !may => "forbidden",
            () if gateways.is_empty() => "invalid_field",
            () if !self.gateways_are(tenant, &gateways) => "unknown_gateway",
            () if self.bridge_named(tenant, name, None) => "conflict",
            () => "",
        };
        assert_eq!(code(&got), expect, "bridge {name} of {tenant}");
        if let Ok(made) = got {
            let (id, default, languages) = (made.id, None, BTreeMap::new());
            self.rest.bridges.push(Bridge { tenant, id, name, gateways, default, languages });
        }
        format!("bridge: {expect}")
    }

    async fn bridge_changes(&mut self, at: usize) -> String {
        let tenant = self.tenant_for(at);
        let (who, may) = self.any_writer(tenant);
        let before = self.rest.bridges[at].clone();
        let id = before.id;
        let own = self.tenant_cx(before.tenant);
        let exchange = self.town.exchange.clone();
        let version = exchange.conference_bridge_get(&own, id).await.expect("there").version;
        let name = self.dice.one_in(3).then(|| self.dice.of(&["Meetings", "Board"]));
        let gateways = self.dice.one_in(3).then(|| self.some_gateways(before.tenant));
        let gateways = gateways.filter(|gateways| !gateways.is_empty());
        let default =
            self.dice.one_in(2).then(|| self.any_conference_number(before.tenant, Some(id)));
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, version);
        let edit = json!({ "name": name, "gateway_ids": gateways,
            "default_number": default.map(text) });
        let got = exchange.conference_bridge_update(&who, id, if_match, doc(edit.clone())).await;
        let number = default.and_then(|default| self.model.numbers.get(&default));
        let has = number.is_some_and(|n| n.state.other == Some(Other::Bridge(id)));
        let expect = match () {
            () if !may => "forbidden",
            () if tenant != before.tenant => "not_found",
            () if !stale.is_empty() => stale,
            () if !self.gateways_are(tenant, gateways.as_deref().unwrap_or_default()) => {
                "unknown_gateway"
            }
            () if name.is_some_and(|name| self.bridge_named(tenant, name, Some(id))) => "conflict",
            () if default.is_some() && !has => "not_bridge_number",
            () if number.is_some_and(|n| n.operator != OWN) => "default_number_of_operator",
            () => "",
        };
        assert_eq!(code(&got), expect, "{tenant}: {edit}");
        if expect.is_empty() {
            let bridge = &mut self.rest.bridges[at];
            bridge.name = name.unwrap_or(bridge.name);
            bridge.default = default.or(bridge.default);
            if let Some(gateways) = gateways {
                bridge.gateways = gateways;
            }
        }
        format!("rebridge: {expect}")
    }

    /// The numbers of a bridge.
    fn numbers_of(&self, bridge: Uuid) -> Vec<u64> {
        let numbers = self.model.numbers.iter();
        let has = numbers.filter(|(_, n)| n.state.other == Some(Other::Bridge(bridge)));
        has.map(|(number, _)| *number).collect()
    }

    async fn bridge_leaves(&mut self, at: usize) -> String {
        let tenant = self.tenant_for(at);
        let (who, may) = self.any_writer(tenant);
        let Bridge { tenant: of, id, default, .. } = self.rest.bridges[at];
        let stale = self.dice.one_in(8);
        let exchange = self.town.exchange.clone();
        let got = exchange.conference_bridge_remove(&who, id, stale.then_some(-1)).await;
        let others = self.numbers_of(id).into_iter().filter(|number| Some(*number) != default);
        let expect = match () {
            () if !may => "forbidden",
            () if tenant != of => "not_found",
            () if stale => "version_mismatch",
            () if others.count() > 0 => "bridge_numbers_remain",
            () => "",
        };
        assert_eq!(code(&got), expect, "bridge of {of}, by {tenant}");
        if expect.is_empty() {
            self.rest.bridges.remove(at);
            if let Some(number) = default {
                self.hand(number, None);
            }
        }
        format!("unbridge: {expect}")
    }

    /// A number that is a bridge's or a policy's from now on, or nobody's.
    pub fn hand(&mut self, number: u64, to: Option<Other>) {
        let number_of = self.model.numbers.get_mut(&number);
        number_of.expect("it is there").state.other = to;
        self.model.last.remove(&number);
    }

    async fn bridge_number(&mut self, at: usize) -> String {
        let tenant = self.tenant_for(at);
        let (who, may) = self.any_writer(tenant);
        let Bridge { tenant: of, id, default, .. } = self.rest.bridges[at];
        let number = self.any_conference_number(tenant, None);
        let language = self.dice.of(&["en-GB", "de-DE", "de-DE", "no language"]);
        let put = json!({ "primary_language": language, "secondary_languages": ["fr-FR"] });
        let exchange = self.town.exchange.clone();
        let got = exchange.conference_number_put(&who, id, e164(number), doc(put)).await;
        let found = self.model.numbers.get(&number).filter(|n| n.tenant == tenant);
        let expect = match found {
            _ if !may => "forbidden",
            _ if language == "no language" => "invalid_field",
            None => "not_found",
            Some(_) if of != tenant => "not_found",
            // Only its language is another.
            Some(n) if n.state.other == Some(Other::Bridge(id)) => "",
            Some(n) if n.state.is_assigned() => "already_assigned",
            Some(n) if n.state.block != FREE => "number_blocked",
            Some(n) if self.model.consents.get(&(tenant, n.operator)) != Some(&true) => {
                "consent_not_active"
            }
            Some(n) if n.state.usage != CONF => "wrong_usage",
            Some(_) => "",
        };
        let own = found.is_some_and(|n| n.operator == OWN);
        let comes = found.is_some_and(|n| !n.state.is_assigned());
        assert_eq!(code(&got), expect, "{number} at a bridge of {of}, by {tenant}");
        if expect.is_empty() {
            if comes {
                self.hand(number, Some(Other::Bridge(id)));
            }
            let bridge = &mut self.rest.bridges[at];
            bridge.languages.insert(number, language);
            if comes && own && default.is_none() {
                bridge.default = Some(number);
            }
        }
        format!("register: {expect}")
    }

    async fn bridge_number_leaves(&mut self, at: usize) -> String {
        let tenant = self.tenant_for(at);
        let (who, may) = self.any_writer(tenant);
        let Bridge { tenant: of, id, default, .. } = self.rest.bridges[at];
        let number = self.any_conference_number(tenant, Some(id));
        let exchange = self.town.exchange.clone();
        let got = exchange.conference_number_remove(&who, id, e164(number)).await;
        let found = self.model.numbers.get(&number).filter(|n| n.tenant == tenant);
        let has = found.is_some_and(|n| n.state.other == Some(Other::Bridge(id)));
        let expect = match () {
            () if !may => "forbidden",
            () if of != tenant || !has => "not_found",
            () if default == Some(number) => "bridge_default_number",
            () if self.rest.routing[tenant].source == Some(number) => "bridge_source_number",
            () => "",
        };
        assert_eq!(code(&got), expect, "{number} from a bridge of {of}, by {tenant}");
        if expect.is_empty() {
            self.hand(number, None);
        }
        format!("unregister: {expect}")
    }

    pub async fn compare_bridges(&self, tenant: usize) {
        let (who, exchange) = (self.tenant_cx(tenant), &self.town.exchange);
        let listed = exchange.conference_bridge_list(&who, all()).await.expect("lists").items;
        let real: BTreeMap<Uuid, _> = listed
            .into_iter()
            .map(|b| (b.id, (b.name, b.gateway_ids, b.default_number, b.numbers as usize)))
            .collect();
        let own = || self.rest.bridges.iter().filter(|b| b.tenant == tenant);
        let expect = own().map(|b| {
            let count = self.numbers_of(b.id).len();
            (b.id, (b.name.to_owned(), b.gateways.clone(), b.default.map(text), count))
        });
        assert_eq!(real, expect.collect(), "bridges of {tenant}");
        let listed = exchange.conference_number_list(&who, None, None, all()).await;
        let listed = listed.expect("lists").items.into_iter();
        let real: BTreeSet<_> = listed
            .map(|n| (n.number, n.conference_bridge_id, n.primary_language, n.is_default))
            .collect();
        let mut expect = BTreeSet::new();
        for bridge in own() {
            for number in self.numbers_of(bridge.id) {
                let (language, default) = (bridge.languages[&number], bridge.default);
                let is_default = default == Some(number);
                expect.insert((text(number), bridge.id, language.to_owned(), is_default));
            }
        }
        assert_eq!(real, expect, "numbers of bridges of {tenant}");
    }
}
