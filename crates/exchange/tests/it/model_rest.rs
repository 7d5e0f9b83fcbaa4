//! What numbers share their world with, in the same random sequences: people and their directory,
//! their calling settings, what plays and records, consents with what operators make of them, offers
//! and notices, groups and policies, gateways, voice routes and conference bridges, operators that
//! stand in, and change freezes. Each answer is foretold by plain maps, and so is what is left.

use crate::furnished::doc;
use crate::house::{Company, client, consent, cx, office, sign_in};
use crate::model::{World, code, text};
use api_types::identity::ClientCreate;
use exchange::{Actor, Cx, ListQuery};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

mod bridges;
mod calling;
mod compare;
mod directory;
mod people;
mod policies;
mod voices;

const DIAL_OUT: &str = "OnlineDialOutPolicy";
const VOICE: &str = "OnlineVoiceRoutingPolicy";
const MEETINGS: &str = "OnlineAudioConferencingRoutingPolicy";
const DESK: &str = "TeamsEmergencyCallingPolicy";
const HELP: &str = "TeamsEmergencyCallRoutingPolicy";
const SHARED: &str = "TeamsSharedCallingRoutingPolicy";
const KINDS: [&str; 6] = [DIAL_OUT, VOICE, MEETINGS, DESK, HELP, SHARED];
const USAGES: [&str; 2] = ["UK", "World"];
const ENDED: [&str; 2] = ["ConsentDeclined", "ContractTerminated"];

fn all() -> ListQuery {
    ListQuery { cursor: None, limit: 1000 }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Agreed {
    status: &'static str,
    relationship: &'static str,
    countries: Vec<&'static str>,
    notice: i64,
    version: i64,
}

#[derive(Clone)]
struct Group {
    tenant: usize,
    id: Uuid,
    name: &'static str,
    external: Option<String>,
    members: BTreeSet<usize>,
}

struct Policy {
    tenant: usize,
    id: Uuid,
    kind: &'static str,
    name: &'static str,
    body: policies::Body,
    version: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Global,
    Group(Uuid),
    User(usize),
    /// With which upload brought it: what comes again has no policy of its own.
    Number(u64, u64),
}

struct Gateway {
    tenant: usize,
    id: Uuid,
    name: u64,
    address: u64,
    /// It leads to what plays and records, and nowhere else.
    plays: bool,
    version: i64,
}

#[derive(Default)]
struct Routing {
    usages: Vec<&'static str>,
    gateways: BTreeSet<Uuid>,
    /// The number by which meetings call out.
    source: Option<u64>,
    version: i64,
}

pub struct Rest {
    pub agreed: BTreeMap<(usize, usize), Agreed>,
    notice: i64,
    published: [bool; 2],
    groups: Vec<Group>,
    policies: Vec<Policy>,
    holds: BTreeMap<(usize, &'static str, Target), (Uuid, u32)>,
    gateways: Vec<Gateway>,
    routing: [Routing; 2],
    stand_in: [(Vec<usize>, i64); 2],
    addresses: [usize; 2],
    calling: BTreeMap<usize, (calling::Settings, i64)>,
    voices: [voices::Voices; 2],
    bridges: Vec<bridges::Bridge>,
    reader: Actor,
    /// Of each tenant, one that keeps its directory and may nothing else.
    providers: [Actor; 2],
}

impl Rest {
    /// As a new world has it, with these consents.
    pub async fn new(town: &crate::house::Town, agreed: &[(usize, usize)]) -> Self {
        let reader = ClientCreate { operator_id: Some(town.alpha.id), ..client("operator_reader") };
        let reader = town.exchange.client_create(&cx(&town.owner), reader).await.expect("a client");
        let provider = async |company: &Company| {
            let admin = ClientCreate { tenant_id: Some(company.id), ..client("tenant_admin") };
            let made = town.exchange.client_create(&cx(&town.owner), admin).await;
            let (made, scope) = (made.expect("a client"), Some("tenant.directory"));
            let id = made.client_id.to_string();
            let answer = town.exchange.token_issue(&id, &made.client_secret, scope).await;
            let token = answer.expect("a token").access_token;
            town.exchange.actor_from_token(&token).await.expect("an actor")
        };
        let fresh = Agreed {
            status: "Active",
            relationship: "ConsentAcknowledged",
            countries: vec!["GB"],
            notice: 0,
            version: 1,
        };
        Self {
            agreed: agreed.iter().map(|pair| (*pair, fresh.clone())).collect(),
            notice: 0,
            published: [true; 2],
            groups: Vec::new(),
            policies: Vec::new(),
            holds: BTreeMap::new(),
            gateways: Vec::new(),
            routing: Default::default(),
            stand_in: Default::default(),
            addresses: [2; 2],
            calling: BTreeMap::new(),
            voices: Default::default(),
            bridges: Vec::new(),
            reader: sign_in(&town.exchange, &reader).await,
            providers: [provider(&town.contoso).await, provider(&town.fabrikam).await],
        }
    }

    /// With what an order of this kind is refused whole, if it is.
    pub fn gate(&self, kind: &str, pair: (usize, usize)) -> &'static str {
        match self.agreed.get(&pair) {
            None => "no_consent",
            Some(_) if kind != "upload" => "",
            Some(a) if a.status == "Removed" => "no_consent",
            Some(a) if a.status == "Suspended" => "consent_suspended",
            Some(a) if ENDED.contains(&a.relationship) => "relationship_ended",
            Some(_) => "",
        }
    }

    fn is_due(&self, agreed: &Agreed) -> bool {
        agreed.status != "Removed" && agreed.notice < self.notice
    }
}

/// Which version is sent, and what is said where it is not the one that is there.
fn sent(dice: usize, version: i64) -> (Option<i64>, &'static str) {
    match dice {
        0 => (None, "version_required"),
        1 => (Some(version + 1), "version_mismatch"),
        _ => (Some(version), ""),
    }
}

impl World {
    fn tenant_cx(&self, tenant: usize) -> Cx {
        cx(&self.company(tenant).actor)
    }

    fn operator_cx(&self, operator: usize) -> Cx {
        cx(self.operator(operator).0)
    }

    /// One step of everything but numbers.
    pub async fn rest_step(&mut self) -> String {
        match self.dice.below(38) {
            34..=37 => self.bridge().await,
            29..=31 => self.calling().await,
            32 | 33 => self.voices().await,
            20..=23 => self.person().await,
            24..=28 => self.directory().await,
            0..=4 => self.agreement().await,
            5 => self.relationship().await,
            6 => self.offer_or_notice().await,
            7 | 8 => self.group().await,
            9 | 10 => self.policy().await,
            11..=13 => self.policy_for().await,
            14 | 15 => self.gateway().await,
            16 => self.voice_routes().await,
            17 => self.fallback().await,
            18 => self.place().await,
            _ => self.freeze_or_strangers().await,
        }
    }

    async fn agreement(&mut self) -> String {
        let pair = self.dice.of(&[(0, 0), (1, 0), (0, 1), (0, 1), (1, 1), (1, 1)]);
        let (tenant, operator) = (self.tenant_cx(pair.0), self.operator(pair.1).1);
        let exchange = self.town.exchange.clone();
        let before = self.rest.agreed.get(&pair).cloned();
        let due = before.as_ref().is_some_and(|a| self.rest.is_due(a));
        let version = before.as_ref().map_or(1, |a| a.version);
        let stands = before.as_ref().is_some_and(|a| a.status != "Removed");
        let active = before.as_ref().is_some_and(|a| a.status == "Active");
        // More often back to where most steps can succeed than away from there.
        let act = match self.dice.below(8) {
            0 => "remove",
            1 => "suspend",
            2 => "edit",
            3 => "give",
            _ if !stands => "give",
            _ if due => "accept",
            _ if !active => "resume",
            _ => "edit",
        };
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, version);
        let countries: &[&'static str] = self.dice.of(&[&["GB"], &["GB"], &["GB", "DE"]]);
        let offers: &[&str] = if pair.1 == 0 { &["GB", "DE"] } else { &["GB"] };
        let beyond = |known: &[&str]| countries.iter().any(|c| !known.contains(c));
        let unpublished = !self.rest.published[pair.1];
        let held = self.model.numbers.values().any(|n| (n.tenant, n.operator) == pair);
        let mut after = before.clone().unwrap_or(Agreed {
            status: "Removed",
            relationship: "ConsentAcknowledged",
            countries: vec![],
            notice: 0,
            version: 0,
        });
        let (got, expect) = match act {
            "give" => {
                let got = exchange.consent_create(&tenant, consent(operator, countries)).await;
                let expect = match () {
                    () if unpublished => "offer_not_published",
                    () if beyond(offers) => "country_not_offered",
                    () if stands => "consent_state",
                    () => "",
                };
                after.status = "Active";
                after.relationship = "ConsentAcknowledged";
                after.countries = countries.to_vec();
                after.notice = self.rest.notice;
                (code(&got), expect)
            }
            "accept" => {
                let read = json!({ "notice_version": self.rest.notice - i64::from(dice == 0) });
                let got = exchange.consent_acceptance_create(&tenant, operator, doc(read)).await;
                let expect = match &before {
                    None => "not_found",
                    Some(_) if !stands => "consent_state",
                    Some(_) if dice == 0 => "notice_outdated",
                    Some(_) => "",
                };
                after.notice = self.rest.notice;
                (code(&got), expect)
            }
            "remove" => {
                let if_match = if_match.filter(|_| dice != 1);
                let got = exchange.consent_remove(&tenant, operator, if_match).await;
                let expect = match &before {
                    None => "not_found",
                    Some(_) if !stands => "consent_state",
                    Some(_) if held => "numbers_remain",
                    Some(_) => "",
                };
                after.status = "Removed";
                (code(&got), expect)
            }
            "edit" => {
                let edit = doc(json!({ "countries": countries }));
                let got = exchange.consent_update(&tenant, operator, if_match, edit).await;
                let mut known: Vec<&str> = after.countries.clone();
                let expect = match &before {
                    None => "not_found",
                    Some(_) if !stale.is_empty() => stale,
                    // Who only gives up countries shares less.
                    Some(_) if due && beyond(&known) => "acceptance_due",
                    Some(_) if beyond(&known) && unpublished => "offer_not_published",
                    Some(_) => {
                        known.extend(offers);
                        match () {
                            () if beyond(&known) => "country_not_offered",
                            () if !active => "consent_state",
                            () => "",
                        }
                    }
                };
                after.countries = countries.to_vec();
                (code(&got), expect)
            }
            _ => {
                let status = if act == "suspend" { "Suspended" } else { "Active" };
                let edit = doc(json!({ "status": status }));
                let got = exchange.consent_update(&tenant, operator, if_match, edit).await;
                let expect = match &before {
                    None => "not_found",
                    Some(_) if !stale.is_empty() => stale,
                    Some(_) if act == "resume" && due && !active => "acceptance_due",
                    Some(_) if !stands => "consent_state",
                    Some(_) => "",
                };
                after.status = status;
                (code(&got), expect)
            }
        };
        assert_eq!(got, expect, "{act} {pair:?} {if_match:?}: {before:?}");
        if expect.is_empty() {
            after.version += 1;
            self.settle_consent(pair, after);
        }
        format!("{act} consent {pair:?}: {got}")
    }

    /// What the rules of numbers want to know of it.
    fn settle_consent(&mut self, pair: (usize, usize), after: Agreed) {
        match after.status {
            "Removed" => self.model.consents.remove(&pair),
            status => self.model.consents.insert(pair, status == "Active"),
        };
        self.rest.agreed.insert(pair, after);
    }

    async fn relationship(&mut self) -> String {
        const GOOD: [&str; 3] = ["ConsentAcknowledged", "CustomerContacted", "AgreementSigned"];
        let pair = self.dice.of(&[(0, 0), (1, 0), (0, 1), (1, 1)]);
        let before = self.rest.agreed.get(&pair).cloned();
        let ended = before.as_ref().is_some_and(|a| ENDED.contains(&a.relationship));
        let to = match self.dice.below(4) {
            0 if !ended => self.dice.of(&ENDED),
            _ if ended => GOOD[self.dice.below(2)],
            _ => self.dice.of(&GOOD),
        };
        let comment = (!self.dice.one_in(4)).then_some("so it is");
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, before.as_ref().map_or(1, |a| a.version));
        let (tenant, operator) = (self.company(pair.0).id, self.operator_cx(pair.1));
        let edit = doc(json!({ "status": to, "comment": comment }));
        let got = self.town.exchange.relationship_update(&operator, tenant, if_match, edit).await;
        let mut after = None;
        let expect = match before {
            None => "not_found",
            Some(_) if !stale.is_empty() => stale,
            Some(_) if ENDED.contains(&to) && comment.is_none() => "comment_missing",
            Some(before) => {
                let from = before.relationship;
                let allowed = from == to
                    || match from {
                        "ConsentAcknowledged" => to != "ContractTerminated",
                        "CustomerContacted" => ["AgreementSigned", "ConsentDeclined"].contains(&to),
                        "AgreementSigned" => to == "ContractTerminated",
                        _ => ["ConsentAcknowledged", "CustomerContacted"].contains(&to),
                    };
                let version = before.version + 1;
                after = allowed.then_some(Agreed { relationship: to, version, ..before });
                if allowed { "" } else { "relationship_state" }
            }
        };
        assert_eq!(code(&got), expect, "relationship {pair:?} to {to} {comment:?}");
        if let Some(after) = after {
            self.settle_consent(pair, after);
        }
        format!("relationship {pair:?} {to}: {expect}")
    }

    async fn offer_or_notice(&mut self) -> String {
        let exchange = self.town.exchange.clone();
        if self.dice.one_in(4) {
            let notice = doc(json!({ "text": "Your contacts go to the operator." }));
            let made = exchange.notice_create(&cx(&self.town.owner), notice).await;
            self.rest.notice += 1;
            assert_eq!(made.expect("written").version, self.rest.notice);
            return "notice: ".into();
        }
        let operator = self.dice.below(2);
        let who = self.operator_cx(operator);
        let published = self.rest.published[operator];
        if published && !self.dice.one_in(3) {
            let got = code(&exchange.offer_publish(&who, None).await);
            assert_eq!(got, "no_offer_draft");
            return format!("publish: {got}");
        }
        if self.dice.one_in(2) {
            let got = code(&exchange.offer_withdraw(&who, None).await);
            assert_eq!(got, if published { "" } else { "offer_state" }, "withdraw {operator}");
            self.rest.published[operator] = false;
            return format!("withdraw: {got}");
        }
        let countries: &[&str] = if operator == 0 { &["GB", "DE"] } else { &["GB"] };
        let cover = |country: &&str| {
            json!({ "country": country, "number_types": ["user", "service"],
                "emergency_handling": "screened", "address_editing": "operator_then_tenant" })
        };
        let draft = json!({ "services": ["Calling"], "landing_page": "https://offer.example",
            "coverage": countries.iter().map(cover).collect::<Vec<_>>() });
        exchange.offer_draft_put(&who, None, doc(draft)).await.expect("a draft");
        let made = exchange.offer_publish(&who, None).await.expect("published");
        assert_eq!(made.state, "published");
        self.rest.published[operator] = true;
        "publish: ".into()
    }

    fn gateway_is_used(&self, tenant: usize, id: Uuid) -> bool {
        self.rest.routing[tenant].gateways.contains(&id)
            || self.rest.voices[tenant].names(id)
            || self.bridge_names(id)
    }

    async fn gateway(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, exchange) = (self.tenant_cx(tenant), self.town.exchange.clone());
        let (name, address) = (self.dice.below(9) as u64, self.dice.below(6) as u64);
        let count = self.rest.gateways.len();
        let at = (count > 0).then(|| self.dice.below(count));
        let act = self.dice.below(5);
        let Some(at) = at.filter(|_| act > 1) else {
            let plays = self.dice.one_in(4);
            let new = json!({ "fqdn": format!("sbc{name}.gateways.example"), "country": "GB",
                "voice_app": plays,
                "address": format!("198.51.100.{}:5060", address + 1) });
            let got = exchange.gateway_create(&who, doc(new)).await;
            let expect = match () {
                () if self.rest.gateways.iter().any(|g| g.name == name) => "conflict",
                () if self.rest.gateways.iter().any(|g| g.address == address) => "address_taken",
                () => "",
            };
            assert_eq!(code(&got), expect, "gateway {name} at {address}");
            if let Ok(made) = got {
                let id = made.id;
                self.rest.gateways.push(Gateway { tenant, id, name, address, plays, version: 1 });
            }
            return format!("gateway: {expect}");
        };
        let Gateway { id, version, tenant: of, .. } = self.rest.gateways[at];
        if act == 2 {
            let got = code(&exchange.gateway_remove(&who, id, None).await);
            let expect = match () {
                () if of != tenant => "not_found",
                () if self.gateway_is_used(tenant, id) => "gateway_in_use",
                () => "",
            };
            assert_eq!(got, expect, "remove gateway");
            if expect.is_empty() {
                self.rest.gateways.remove(at);
            }
            return format!("remove gateway: {got}");
        }
        let dice = self.dice.below(10);
        let (if_match, stale) = sent(dice, version);
        let edit = json!({ "enabled": self.dice.one_in(2), "max_concurrent_calls": 10 });
        let got = code(&exchange.gateway_update(&who, id, if_match, doc(edit)).await);
        let expect = if of == tenant { stale } else { "not_found" };
        assert_eq!(got, expect, "edit gateway");
        if expect.is_empty() {
            self.rest.gateways[at].version += 1;
        }
        format!("edit gateway: {got}")
    }

    async fn voice_routes(&mut self) -> String {
        let tenant = self.dice.below(2);
        // All that there are, more often than not, so that policies find what they name.
        let usages = if self.dice.one_in(4) { self.some_usages() } else { USAGES.to_vec() };
        let mut named: Vec<Uuid> = Vec::new();
        for gateway in &self.rest.gateways {
            if gateway.plays && !self.dice.one_in(4) {
                continue;
            }
            if if gateway.tenant == tenant { self.dice.one_in(2) } else { self.dice.one_in(12) } {
                named.push(gateway.id);
            }
        }
        let routes: Vec<Value> = if usages.is_empty() || named.is_empty() {
            named.clear();
            vec![]
        } else {
            vec![json!({ "name": "all", "number_pattern": r"^\+", "priority": 1,
                "online_pstn_usages": [usages[0]], "gateway_ids": named })]
        };
        let mut routes = routes;
        let source = (usages.len() == 2 && self.dice.one_in(2)).then(|| self.any_source(tenant));
        if let Some(number) = source {
            routes.push(json!({ "name": "meetings", "number_pattern": r"^\+", "priority": 2,
                "online_pstn_usages": [usages[1]], "bridge_source_phone_number": text(number) }));
        }
        let put = json!({ "online_pstn_usages": usages, "routes": routes });
        let dice = self.dice.below(10);
        let (if_match, stale) = sent(dice, self.rest.routing[tenant].version);
        let who = self.tenant_cx(tenant);
        let got = self.town.exchange.voice_routing_put(&who, if_match, doc(put.clone())).await;
        let own = |id: &Uuid| self.rest.gateways.iter().any(|g| (g.tenant, g.id) == (tenant, *id));
        let named_still = |usage: &&str| {
            let own = self.rest.policies.iter().filter(|p| p.tenant == tenant);
            own.flat_map(|p| &p.body.usages).any(|u| u == usage)
        };
        let expect = match () {
            () if !stale.is_empty() => stale,
            () if !named.iter().all(own) => "unknown_gateway",
            () if self.rest.gateways.iter().any(|g| g.plays && named.contains(&g.id)) => {
                "gateway_not_pstn"
            }
            () if source.is_some_and(|number| !self.is_source(tenant, number)) => {
                "unknown_bridge_number"
            }
            () if USAGES.iter().any(|u| !usages.contains(u) && named_still(u)) => {
                "pstn_usage_in_use"
            }
            () => "",
        };
        assert_eq!(code(&got), expect, "voice routes {put}");
        if expect.is_empty() {
            let version = self.rest.routing[tenant].version + 1;
            let gateways = named.into_iter().collect();
            self.rest.routing[tenant] = Routing { usages, gateways, source, version };
        }
        format!("voice routes: {expect}")
    }

    fn carries(&self, pair: (usize, usize)) -> bool {
        let agreed = self.rest.agreed.get(&pair);
        agreed.is_some_and(|a| a.status == "Active" && !ENDED.contains(&a.relationship))
    }

    async fn fallback(&mut self) -> String {
        let tenant = self.dice.below(2);
        let operators: &[usize] = self.dice.of(&[&[], &[0], &[1], &[0, 1], &[1, 0]]);
        let ids: Vec<Uuid> = operators.iter().map(|o| self.operator(*o).1).collect();
        let dice = self.dice.below(10);
        let (if_match, stale) = sent(dice, self.rest.stand_in[tenant].1);
        let (who, put) = (self.tenant_cx(tenant), doc(json!({ "operator_ids": ids })));
        let got = self.town.exchange.fallback_put(&who, if_match, put).await;
        let status = |o: &usize| self.rest.agreed.get(&(tenant, *o)).map(|a| a.status);
        let first = operators.iter().find_map(|o| match status(o) {
            None => Some("no_consent"),
            Some("Active") => None,
            Some(_) => Some("consent_not_active"),
        });
        let idle = operators.iter().any(|o| !self.carries((tenant, *o)));
        let expect = match first {
            Some(refused) => refused,
            None if !stale.is_empty() => stale,
            None if idle => "profile_unusable",
            None => "",
        };
        assert_eq!(code(&got), expect, "fallback {operators:?}");
        if expect.is_empty() {
            let version = self.rest.stand_in[tenant].1 + 1;
            self.rest.stand_in[tenant] = (operators.to_vec(), version);
        }
        format!("fallback {operators:?}: {expect}")
    }

    async fn place(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, exchange) = (self.tenant_cx(tenant), self.town.exchange.clone());
        let (here, abroad) = (self.model.here[tenant], self.model.abroad[tenant]);
        let listed = exchange.civic_address_list(&who, all()).await.expect("a list").items;
        assert_eq!(listed.len(), self.rest.addresses[tenant], "addresses of {tenant}");
        if self.dice.one_in(2) {
            let at = self.dice.of(&[here, abroad]);
            let used = self.model.numbers.values();
            let used = used.filter(|n| n.state.location == Some(at) && n.tenant == tenant).count();
            let address = listed.iter().find(|a| a.default_location_id == at).expect("it is there");
            let got = match used {
                // What is undone later may want it back.
                0 => return "kept the address".into(),
                _ => code(&exchange.civic_address_remove(&who, address.id, None).await),
            };
            assert_eq!(got, "location_in_use");
            let other = self.tenant_cx(1 - tenant);
            let got = code(&exchange.civic_address_remove(&other, address.id, None).await);
            assert_eq!(got, "not_found");
            return format!("remove address: {got}");
        }
        let made = exchange.civic_address_create(&who, office("FR")).await.expect("an address");
        for expect in ["", "conflict"] {
            let floor = doc(json!({ "description": "Floor 2" }));
            let got = exchange.location_create(&who, made.id, floor).await;
            assert_eq!(code(&got), expect);
        }
        if self.rest.addresses[tenant] < 6 {
            self.rest.addresses[tenant] += 1;
        } else {
            exchange.civic_address_remove(&who, made.id, None).await.expect("nobody uses it");
        }
        "address: ".into()
    }

    async fn freeze_or_strangers(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, other) = (self.tenant_cx(tenant), self.tenant_cx(1 - tenant));
        let exchange = self.town.exchange.clone();
        if self.dice.one_in(2) {
            let (reader, operator) = (cx(&self.rest.reader), self.operator_cx(0));
            let own_reader = cx(&self.reader);
            let group = || doc(json!({ "name": "Nobody's" }));
            let draft = doc(json!({ "services": ["Calling"] }));
            let routes = doc(json!({ "online_pstn_usages": [], "routes": [] }));
            let got = [
                code(&exchange.group_create(&own_reader, group()).await),
                code(&exchange.group_create(&operator, group()).await),
                code(&exchange.consent_remove(&operator, self.town.alpha.id, None).await),
                code(&exchange.offer_draft_put(&reader, None, draft).await),
                code(&exchange.offer_withdraw(&who, None).await),
                code(&exchange.voice_routing_put(&own_reader, Some(0), routes).await),
                code(&exchange.notice_create(&who, doc(json!({ "text": "no" }))).await),
                code(&exchange.civic_address_create(&own_reader, office("GB")).await),
            ];
            assert!(got.iter().all(|code| code == "forbidden"), "{got:?}");
            return "strangers".into();
        }
        let at = |hours| Timestamp::now() + SignedDuration::from_hours(hours);
        let window = json!({ "name": "quiet", "starts_at": at(-1), "ends_at": at(1) });
        let whole = self.dice.one_in(2);
        let owner = cx(&self.town.owner);
        let id = if whole {
            exchange.programme_freeze_create(&owner, doc(window)).await.expect("set").id
        } else {
            exchange.freeze_create(&who, doc(window)).await.expect("set").id
        };
        let group = || doc(json!({ "name": "Sales" }));
        assert_eq!(code(&exchange.group_create(&who, group()).await), "change_freeze");
        // The other tenant's changes are frozen by the programme's window alone.
        let got = code(&exchange.number_settings_get(&other).await);
        assert_eq!(got, "", "nobody is kept from reading");
        let taken = self.rest.groups.iter().any(|g| (g.tenant, g.name) == (1 - tenant, "Sales"));
        let made = exchange.group_create(&other, group()).await;
        let expect = match () {
            () if whole => "change_freeze",
            () if taken => "conflict",
            () => "",
        };
        assert_eq!(code(&made), expect);
        if let Ok(made) = made {
            let (tenant, members) = (1 - tenant, BTreeSet::new());
            self.rest.groups.push(Group {
                tenant,
                id: made.id,
                name: "Sales",
                external: None,
                members,
            });
        }
        if whole {
            exchange.programme_freeze_remove(&owner, id).await.expect("lifted");
        } else {
            exchange.freeze_remove(&who, id).await.expect("lifted");
        }
        "freeze: ".into()
    }
}
