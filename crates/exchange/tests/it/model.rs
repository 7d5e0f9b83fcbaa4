//! Random sequences of what tenants, operators and the programme do to numbers and to what stands
//! beside them (model_rest.rs), against the real store and beside a model of plain maps that knows
//! the rules in other words. No answer and no state may differ.
//!
//! `MODEL_STEPS` sets how many steps (20,000 on SQLite, 2,000 on PostgreSQL by itself), `MODEL_SEED`
//! the sequence: a number repeats a run, `random` takes another one, as `make soak` does. The seed is
//! printed.

use crate::house::{Company, Town, client, cx, sign_in, town};
use crate::model_rest::Rest;
use crate::model_rules::{
    ALPHA, APP, About, BETA, CONF, Dice, Entry, FREE, Holder, Model, OWN, Order, USER,
};
use api_types::Problem;
use api_types::identity::ClientCreate;
use api_types::number::{
    AssignmentBlockPut, AssignmentPut, DirectNumbersCreate, NumberOrder, NumberOrderCreate,
    NumberSettingsPut, TagsPut, TenantOrderCreate,
};
use api_types::tenant::{ResourceAccountCreate, UserUpdate};
use exchange::{Actor, ListQuery, NumberQuestion};
use numbering::E164;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::on_both;
use uuid::Uuid;

pub struct World {
    pub town: Town,
    pub model: Model,
    /// What is there beside numbers.
    pub rest: Rest,
    orders: Vec<Order>,
    pub reader: Actor,
    pub dice: Dice,
}

pub fn text(number: u64) -> String {
    format!("+{number}")
}

pub fn e164(number: u64) -> E164 {
    E164::parse(&text(number)).expect("a number")
}

pub fn code<T>(got: &Result<T, Problem>) -> String {
    got.as_ref().err().map_or_else(String::new, |problem| problem.code.clone())
}

/// A queue with a licence.
fn holder(tenant: usize, id: Uuid) -> Holder {
    let about = About::default();
    Holder { tenant, id, is_queue: true, licensed: true, active: true, gone: false, about }
}

impl World {
    async fn new(db: &testkit::Database, seed: u64) -> Self {
        let town = town(db).await;
        let mut holders = Vec::new();
        let (mut here, mut abroad) = (Vec::new(), Vec::new());
        for (tenant, company) in [&town.contoso, &town.fabrikam].into_iter().enumerate() {
            town.agree(company, &town.alpha).await;
            here.push(town.settle(company, "GB").await);
            abroad.push(town.settle(company, "DE").await);
            for n in 0..4 {
                let licensed = n > 0;
                let licences: &[&str] = if licensed { &["teams_phone"] } else { &[] };
                let name = format!("user{n}");
                let id = town.person(company, &name, licences).await;
                let about = About {
                    upn: format!("{name}@contoso.example"),
                    phone: name.clone(),
                    name,
                    country: "GB",
                    ..About::default()
                };
                holders.push(Holder { is_queue: false, licensed, about, ..holder(tenant, id) });
            }
            let queue = ResourceAccountCreate {
                upn: "sales@contoso.example".into(),
                display_name: "Sales".into(),
                kind: "call_queue".into(),
                licences: vec!["resource_account".into()],
                agent_ids: holders.iter().filter(|h| h.tenant == tenant).map(|h| h.id).collect(),
                ring_seconds: None,
            };
            let made = town.exchange.resource_account_create(&cx(&company.actor), queue).await;
            let id = made.expect("a queue").id;
            holders.push(holder(tenant, id));
        }
        town.agree(&town.contoso, &town.beta).await;
        let reader = ClientCreate { tenant_id: Some(town.contoso.id), ..client("tenant_reader") };
        let reader = town.exchange.client_create(&cx(&town.owner), reader).await.expect("a client");
        let reader = sign_in(&town.exchange, &reader).await;
        let agreed = [(0, 0), (1, 0), (0, 1)];
        let model = Model {
            numbers: BTreeMap::new(),
            holders,
            // A number of one's own needs no consent that anybody could suspend.
            consents: agreed.iter().chain(&[(0, OWN), (1, OWN)]).map(|p| (*p, true)).collect(),
            settings: vec!["none"; 2],
            frees: vec![false; 2],
            known: vec![BTreeMap::new(); 2],
            here,
            abroad,
            lives: 0,
            blocks: std::sync::atomic::AtomicU64::new(0),
            last: BTreeMap::new(),
        };
        let rest = Rest::new(&town, &agreed).await;
        Self { town, model, rest, orders: Vec::new(), reader, dice: Dice(seed | 1) }
    }

    pub fn company(&self, tenant: usize) -> &Company {
        if tenant == 0 { &self.town.contoso } else { &self.town.fabrikam }
    }

    pub fn operator(&self, operator: usize) -> (&Actor, Uuid, Uuid) {
        let carrier = if operator == 0 { &self.town.alpha } else { &self.town.beta };
        (&carrier.actor, carrier.id, carrier.profile)
    }

    pub fn any_number(&mut self) -> u64 {
        match self.dice.below(30) {
            0 => ALPHA + 4000,
            1..=4 => BETA + self.dice.below(5) as u64,
            _ => ALPHA + self.dice.below(14) as u64,
        }
    }

    fn any_location(&mut self, tenant: usize) -> Option<Uuid> {
        match self.dice.below(8) {
            0 => Some(self.model.abroad[tenant]),
            1 | 2 => None,
            _ => Some(self.model.here[tenant]),
        }
    }

    /// Somebody, most of the time who is still there.
    pub fn any_holder(&mut self) -> usize {
        let present: Vec<usize> = self.model.present().map(|(h, _)| h).collect();
        match self.dice.one_in(24) {
            true => self.dice.below(self.model.holders.len()),
            false => self.dice.of(&present),
        }
    }

    /// A tenant, and more often than not one of its own numbers and holders.
    pub fn likely(&mut self) -> (usize, u64, usize) {
        let (tenant, mut number, mut holder) =
            (self.dice.below(2), self.any_number(), self.any_holder());
        if !self.dice.one_in(4) {
            let own: Vec<u64> = self
                .model
                .numbers
                .iter()
                .filter(|(_, n)| n.tenant == tenant)
                .map(|(n, _)| *n)
                .collect();
            if !own.is_empty() {
                number = self.dice.of(&own);
            }
            let queue = self.model.numbers.get(&number).is_some_and(|n| n.state.usage == APP);
            let fits: Vec<usize> = (self.model.present())
                .filter(|(h, holder)| {
                    (holder.tenant, holder.is_queue) == (tenant, queue)
                        && self.model.number_of(*h).is_none()
                })
                .map(|(h, _)| h)
                .collect();
            if !fits.is_empty() {
                holder = self.dice.of(&fits);
            }
        }
        (tenant, number, holder)
    }

    async fn step(&mut self) -> String {
        match self.dice.below(38) {
            0..=3 => self.assign().await,
            4 | 5 => self.unassign().await,
            6 => self.block().await,
            7 => self.tag().await,
            8 => self.settings().await,
            9 => self.licence().await,
            10 => self.strangers().await,
            11 | 23.. => self.rest_step().await,
            12 => self.undo_one().await,
            13 | 14 => self.follow().await,
            15..=17 => self.operator_order().await,
            18 => self.direct().await,
            _ => self.tenant_order().await,
        }
    }

    async fn assign(&mut self) -> String {
        let (tenant, number, holder) = self.likely();
        let location = self.any_location(tenant);
        let dry_run = self.dice.one_in(6);
        let who = self.model.holders[holder].clone();
        let put = AssignmentPut {
            user_id: (!who.is_queue).then_some(who.id),
            resource_account_id: who.is_queue.then_some(who.id),
            location_id: location,
            dry_run,
            ..AssignmentPut::default()
        };
        let ask = NumberQuestion {
            user_id: put.user_id,
            resource_account_id: put.resource_account_id,
            location_id: put.location_id,
            ..NumberQuestion::default()
        };
        let said = self.said("assign", tenant, number, ask).await;
        let actor = &self.company(tenant).actor;
        let got = self.town.exchange.assignment_put(&cx(actor), e164(number), None, put).await;
        assert_eq!(code(&got), said, "what explain said of giving {number} to {holder}");
        let order = Order {
            id: Uuid::nil(),
            kind: "assign",
            tenant,
            operator: None,
            dry_run,
            may_set: None,
            add: vec![],
            remove: vec![],
            block: None,
            entries: vec![Entry {
                number,
                holder: Some(holder),
                location,
                usage: None,
                undo: None,
            }],
            outcomes: vec![],
        };
        self.single(order, code(&got), format!("assign {number} to {holder}"))
    }

    /// What explain says of an act before it is tried: the code it is refused with, or nothing.
    async fn said(&self, act: &str, tenant: usize, number: u64, ask: NumberQuestion) -> String {
        let actor = cx(&self.company(tenant).actor);
        match self.town.exchange.number_explain(&actor, e164(number), ask).await {
            Err(problem) => problem.code,
            Ok(told) => {
                let act = told.acts.into_iter().find(|told| told.act == act).expect("it is told");
                act.code.unwrap_or_default()
            }
        }
    }

    async fn unassign(&mut self) -> String {
        let (tenant, number, _) = self.likely();
        let block = self.dice.of(&[None, None, Some("none"), Some("forever"), Some("days")]);
        let said = block.map(|block| if block == "days" { "365" } else { block });
        let explained = self.said("unassign", tenant, number, NumberQuestion::default()).await;
        let actor = &self.company(tenant).actor;
        let got = self.town.exchange.assignment_remove(&cx(actor), e164(number), None, said).await;
        assert_eq!(code(&got), explained, "what explain said of taking {number} back");
        let order = Order {
            id: Uuid::nil(),
            kind: "unassign",
            tenant,
            operator: None,
            dry_run: false,
            may_set: None,
            add: vec![],
            remove: vec![],
            block,
            entries: vec![Entry { number, holder: None, location: None, usage: None, undo: None }],
            outcomes: vec![],
        };
        self.single(order, code(&got), format!("unassign {number}"))
    }

    /// What one operation does is what an order of one entry does, and is remembered.
    fn single(&mut self, mut order: Order, got: String, said: String) -> String {
        let number = order.entries[0].number;
        self.model.run(&mut order);
        let (expect, trace) = order.outcomes[0].clone();
        assert_eq!(got, expect, "{said}");
        if let Some(trace) = trace {
            self.model.last.insert(number, (order.kind, trace));
        }
        format!("{said}: {got}")
    }

    async fn block(&mut self) -> String {
        let (tenant, number, _) = self.likely();
        // More often lifted than set, so that most numbers can be given.
        let lift = !self.dice.one_in(4);
        let days = self.dice.one_in(2);
        let actor = cx(&self.company(tenant).actor);
        let act = if lift { "unblock" } else { "block" };
        let explained = self.said(act, tenant, number, NumberQuestion::default()).await;
        let got = if lift {
            self.town.exchange.assignment_block_remove(&actor, e164(number), None).await
        } else {
            let put = AssignmentBlockPut { forever: !days, days: days.then_some(365) };
            self.town.exchange.assignment_block_put(&actor, e164(number), None, put).await
        };
        let stamp = self.model.stamped(if days { "days" } else { "forever" });
        let expect = match self.model.numbers.get_mut(&number).filter(|n| n.tenant == tenant) {
            None => "not_found",
            Some(n) if lift && n.state.block == FREE => "not_blocked",
            Some(n) if lift => {
                n.state.block = FREE;
                ""
            }
            Some(n) if n.state.is_assigned() => "already_assigned",
            Some(n) if n.state.block != FREE => "already_blocked",
            Some(n) => {
                n.state.block = stamp;
                ""
            }
        };
        assert_eq!(code(&got), expect, "block {number} {lift}");
        assert_eq!(explained, expect, "what explain said of it");
        format!("block {number} {lift}: {expect}")
    }

    fn any_tags(&mut self, most: usize) -> Vec<String> {
        let count = self.dice.below(most + 1);
        (0..count)
            .map(|_| self.dice.of(&["Sales", "SALES", "vip", "VIP", "Floor 2", "x"]).to_owned())
            .collect()
    }

    async fn tag(&mut self) -> String {
        let (tenant, number, _) = self.likely();
        let tags = self.any_tags(4);
        let actor = cx(&self.company(tenant).actor);
        let put = TagsPut { tags: tags.clone() };
        let got = self.town.exchange.number_tags_put(&actor, e164(number), None, put).await;
        let expect = match self.model.numbers.get(&number).filter(|n| n.tenant == tenant) {
            None => "not_found",
            Some(n) => {
                let all: Vec<String> = n.tags.values().cloned().collect();
                self.model.retag(number, &tags, &all);
                ""
            }
        };
        assert_eq!(code(&got), expect, "tag {number}");
        format!("tag {number} {tags:?}: {expect}")
    }

    async fn settings(&mut self) -> String {
        let tenant = self.dice.below(2);
        let block = self.dice.of(&["none", "none", "none", "none", "forever", "days"]);
        let put = NumberSettingsPut {
            assignment_blocked_forever: block == "forever",
            assignment_blocked_days: (block == "days").then_some(365),
            free_numbers_of_leavers: self.dice.one_in(3),
            ..NumberSettingsPut::default()
        };
        let actor = cx(&self.company(tenant).actor);
        self.model.frees[tenant] = put.free_numbers_of_leavers;
        self.town.exchange.number_settings_put(&actor, None, put).await.expect("set");
        self.model.settings[tenant] = block;
        format!("settings of {tenant}: {block}")
    }

    async fn licence(&mut self) -> String {
        let holder = self.any_holder();
        let who = self.model.holders[holder].clone();
        if who.is_queue || who.gone {
            return "no licence".into();
        }
        let actor = cx(&self.company(who.tenant).actor);
        let user = self.town.exchange.user_get(&actor, who.id).await.expect("a user");
        if who.licensed && !self.dice.one_in(4) {
            return "kept the licence".into();
        }
        let licences = if who.licensed { vec![] } else { vec!["teams_phone".to_owned()] };
        let edit = UserUpdate { licences: Some(licences), ..UserUpdate::default() };
        let edited = self.town.exchange.user_update(&actor, who.id, Some(user.version), edit).await;
        edited.expect("edited");
        self.model.holders[holder].licensed = !who.licensed;
        format!("licence of {holder}: {}", !who.licensed)
    }

    /// A Direct Routing number comes or goes.
    async fn direct(&mut self) -> String {
        let tenant = self.dice.below(2);
        let number = match self.dice.below(4) {
            0 => self.any_number(),
            _ => ALPHA + 4000 + self.dice.below(4) as u64,
        };
        let actor = cx(&self.company(tenant).actor);
        if self.dice.one_in(3) {
            let got = self.town.exchange.direct_number_remove(&actor, e164(number), None).await;
            let expect = self.model.remove_own(tenant, number).err().unwrap_or_default();
            assert_eq!(code(&got), expect, "remove {number}");
            return format!("remove {number}: {expect}");
        }
        let (usage, location) = (self.dice.of(&[USER, USER, APP, CONF]), self.any_location(tenant));
        let dry_run = self.dice.one_in(6);
        let body = json!({ "usage": usage, "location_id": location, "dry_run": dry_run,
            "entries": [{ "number": text(number) }] });
        let body: DirectNumbersCreate = serde_json::from_value(body).expect("numbers");
        let got = self.town.exchange.direct_numbers_create(&actor, body).await.expect("a result");
        let got = got.entries[0].error.as_ref().map_or("", |error| &*error.code);
        let added = self.model.add_own(tenant, number, usage, location, dry_run);
        assert_eq!(got, added.err().unwrap_or_default(), "add {number}");
        format!("add {number}: {got}")
    }

    /// Who may not.
    async fn strangers(&mut self) -> String {
        let number = self.any_number();
        let exchange = &self.town.exchange;
        let operator = cx(&self.town.alpha.actor);
        let reader = cx(&self.reader);
        let got = [
            code(&exchange.assignment_remove(&reader, e164(number), None, None).await),
            code(&exchange.number_tags_put(&reader, e164(number), None, TagsPut::default()).await),
            code(&exchange.tenant_order_create(&reader, TenantOrderCreate::default()).await),
            code(&exchange.assignment_remove(&operator, e164(number), None, None).await),
            code(&exchange.assignment_undo(&operator, e164(number), false).await),
        ];
        assert!(got.iter().all(|code| code == "forbidden"), "{got:?}");
        if let Some(order) = self.orders.last() {
            let other = 1 - order.tenant;
            let actor = cx(&self.company(other).actor);
            let got = code(&exchange.tenant_order_undo(&actor, order.id, false).await);
            assert_eq!(got, "not_found");
        }
        "strangers".into()
    }

    /// Has every waiting order run, and compares what became of this one.
    async fn finish(&mut self, mut order: Order, placed: Result<NumberOrder, Problem>) -> String {
        let placed = placed.unwrap_or_else(|problem| panic!("{order:?}: {problem}"));
        order.id = placed.id;
        self.town.exchange.orders_run().await.expect("the orders run");
        let list = ListQuery { cursor: None, limit: 1000 };
        let entries = match order.operator {
            None => {
                let actor = cx(&self.company(order.tenant).actor);
                self.town.exchange.tenant_order_entries(&actor, order.id, list).await
            }
            Some(operator) => {
                let actor = cx(self.operator(operator).0);
                self.town.exchange.number_order_entries(&actor, order.id, list).await
            }
        };
        let got: Vec<String> = entries
            .expect("entries")
            .items
            .into_iter()
            .map(|e| {
                assert_ne!(e.status, "pending", "{order:#?}");
                e.error.map_or_else(String::new, |error| error.code)
            })
            .collect();
        self.model.run(&mut order);
        let expect: Vec<&str> = order.outcomes.iter().map(|(code, _)| *code).collect();
        assert_eq!(got, expect, "{order:#?}");
        let said = format!("{} {:?} {}: {got:?}", order.kind, order.operator, order.dry_run);
        self.orders.push(order);
        if self.orders.len() > 30 {
            self.orders.remove(0);
        }
        said
    }

    async fn tenant_order(&mut self) -> String {
        let (tenant, first, _) = self.likely();
        let kind = self.dice.of(&["assign", "assign", "unassign", "location", "tags", "usage"]);
        let usage = self.dice.of(&[USER, APP]);
        let block = self.dice.of(&[None, Some("none"), Some("forever"), Some("days")]);
        let mut order = Order {
            id: Uuid::nil(),
            kind,
            tenant,
            operator: None,
            dry_run: self.dice.one_in(6),
            may_set: None,
            add: vec![],
            remove: vec![],
            block: block.filter(|_| kind == "unassign"),
            entries: vec![],
            outcomes: vec![],
        };
        if kind == "tags" {
            order.add = self.any_tags(3);
            order.remove = self.any_tags(3);
            if order.add.is_empty() && order.remove.is_empty() {
                order.add.push("x".into());
            }
        }
        for nth in 0..=self.dice.below(4) {
            let (_, other, holder) = self.likely();
            let number = if nth == 0 { first } else { other };
            let holder = (kind == "assign").then_some(holder);
            let located = matches!(kind, "assign" | "location");
            let location = if located { self.any_location(tenant) } else { None };
            let usage = (kind == "usage").then_some(usage);
            order.entries.push(Entry { number, holder, location, usage, undo: None });
        }
        let entries: Vec<Value> = order
            .entries
            .iter()
            .map(|e| {
                let mut entry = json!({ "number": text(e.number), "location_id": e.location });
                if let Some(holder) = e.holder.map(|h| &self.model.holders[h]) {
                    let field = if holder.is_queue { "resource_account" } else { "user" };
                    entry[field] = json!(holder.id);
                }
                entry
            })
            .collect();
        let days = |block: &'static str| if block == "days" { "365" } else { block };
        let body = json!({
            "kind": kind, "dry_run": order.dry_run, "add_tags": order.add,
            "remove_tags": order.remove, "block": order.block.map(days), "entries": entries,
            "usage": (kind == "usage").then_some(usage),
        });
        let body: TenantOrderCreate = serde_json::from_value(body).expect("an order");
        let actor = cx(&self.company(tenant).actor);
        let placed = self.town.exchange.tenant_order_create(&actor, body).await;
        self.finish(order, placed).await
    }

    async fn operator_order(&mut self) -> String {
        let (tenant, operator) = self.dice.of(&[(0, 0), (0, 0), (1, 0), (1, 0), (0, 1), (1, 1)]);
        let kind = self.dice.of(&["upload", "upload", "upload", "release", "update"]);
        let may_set = match kind {
            "upload" => Some(!self.dice.one_in(3)),
            "update" => self.dice.of(&[None, Some(true), Some(false)]),
            _ => None,
        };
        let mut order = Order {
            id: Uuid::nil(),
            kind,
            tenant,
            operator: Some(operator),
            dry_run: self.dice.one_in(6),
            may_set,
            add: vec![],
            remove: vec![],
            block: None,
            entries: vec![],
            outcomes: vec![],
        };
        for _ in 0..=self.dice.below(4) {
            let number = self.any_number();
            let usage = match kind {
                "upload" => Some(self.dice.of(&[USER, USER, APP, CONF])),
                "update" => self.dice.of(&[None, Some(USER), Some(APP), Some(CONF)]),
                _ => None,
            };
            let location = if kind == "release" { None } else { self.any_location(tenant) };
            order.entries.push(Entry { number, holder: None, location, usage, undo: None });
        }
        let (actor, _, profile) = self.operator(operator);
        let entries: Vec<Value> = order
            .entries
            .iter()
            .map(|e| json!({ "number": text(e.number), "usage": e.usage, "location_id": e.location }))
            .collect();
        let body = json!({
            "kind": kind, "tenant_id": self.company(tenant).id, "dry_run": order.dry_run,
            "calling_profile_id": (kind == "upload").then_some(profile),
            "allow_tenant_address_update": may_set, "entries": entries,
        });
        let body: NumberOrderCreate = serde_json::from_value(body).expect("an order");
        let placed = self.town.exchange.number_order_create(&cx(actor), body).await;
        let refused = self.gate(kind, tenant, operator);
        if !refused.is_empty() {
            assert_eq!(code(&placed), refused, "{order:?}");
            return format!("{kind}: {refused}");
        }
        self.finish(order, placed).await
    }

    fn gate(&self, kind: &str, tenant: usize, operator: usize) -> &'static str {
        self.rest.gate(kind, (tenant, operator))
    }

    /// Undoes an order, or tries it again.
    async fn follow(&mut self) -> String {
        if self.orders.is_empty() {
            return "no order yet".into();
        }
        let of = self.dice.below(self.orders.len());
        let of = self.orders[of].clone();
        let (undo, trial) = (self.dice.one_in(2), self.dice.one_in(4));
        let exchange = self.town.exchange.clone();
        let placed = match (of.operator, undo) {
            (None, true) => {
                let actor = cx(&self.company(of.tenant).actor);
                exchange.tenant_order_undo(&actor, of.id, trial).await
            }
            (None, false) => {
                let actor = cx(&self.company(of.tenant).actor);
                exchange.tenant_order_retry(&actor, of.id).await
            }
            (Some(operator), true) => {
                exchange.number_order_undo(&cx(self.operator(operator).0), of.id, trial).await
            }
            (Some(operator), false) => {
                exchange.number_order_retry(&cx(self.operator(operator).0), of.id).await
            }
        };
        let mut order = Order { outcomes: vec![], entries: vec![], ..of.clone() };
        if undo {
            order.kind = match of.kind {
                "upload" => "release",
                "release" => "upload",
                "assign" => "unassign",
                "unassign" => "assign",
                same => same,
            };
            order.dry_run = trial;
            (order.add, order.remove, order.block) = (vec![], vec![], None);
            order.may_set = None;
            for (e, (_, trace)) in of.entries.iter().zip(&of.outcomes) {
                if let Some(trace) = trace {
                    let comes = order.kind == "upload";
                    order.entries.push(Entry {
                        number: e.number,
                        holder: None,
                        location: trace.before.location.filter(|_| comes),
                        usage: comes.then_some(trace.before.usage),
                        undo: Some((of.kind, trace.clone())),
                    });
                }
            }
        } else {
            let failed =
                of.entries.iter().zip(&of.outcomes).filter(|(_, (code, _))| !code.is_empty());
            order.entries = failed.map(|(e, _)| e.clone()).collect();
        }
        let mut refused = match of.operator {
            Some(operator) => self.gate(order.kind, of.tenant, operator),
            None => "",
        };
        if undo && of.dry_run {
            refused = "nothing_to_undo";
        } else if refused.is_empty() && order.entries.is_empty() {
            refused = if undo { "nothing_to_undo" } else { "nothing_failed" };
        }
        if !refused.is_empty() {
            assert_eq!(code(&placed), refused, "{of:?}");
            return format!("follow {}: {refused}", of.kind);
        }
        let said = self.finish(order, placed).await;
        format!("{} {} {said}", if undo { "undo" } else { "retry" }, of.kind)
    }

    /// Undoes the last single assignment of a number, or its end.
    async fn undo_one(&mut self) -> String {
        let (tenant, number) = (self.dice.below(2), self.any_number());
        let actor = cx(&self.company(tenant).actor);
        let placed = self.town.exchange.assignment_undo(&actor, e164(number), false).await;
        let held = self.model.numbers.get(&number).is_some_and(|n| n.tenant == tenant);
        let last = self.model.last.get(&number).cloned();
        let refused = match (held, &last) {
            (false, _) => "not_found",
            (true, None) => "nothing_to_undo",
            _ => "",
        };
        if !refused.is_empty() {
            assert_eq!(code(&placed), refused, "undo {number}");
            return format!("undo {number}: {refused}");
        }
        let (kind, trace) = last.expect("there is one");
        let order = Order {
            id: Uuid::nil(),
            kind: if kind == "assign" { "unassign" } else { "assign" },
            tenant,
            operator: None,
            dry_run: false,
            may_set: None,
            add: vec![],
            remove: vec![],
            block: None,
            entries: vec![Entry {
                number,
                holder: None,
                location: None,
                usage: None,
                undo: Some((kind, trace)),
            }],
            outcomes: vec![],
        };
        self.finish(order, placed).await
    }
}

/// What chance must bring about at least once in a long run, so that the rules beside the numbers'
/// are tried from both sides.
const SELDOM: [&str; 43] = [
    "accept: notice_outdated",
    "assign: location_locked",
    "edit: acceptance_due",
    "edit: country_not_offered",
    "enter: conflict",
    "fallback: consent_not_active",
    "fallback: profile_unusable",
    "forward: no_voicemail",
    "forward: unknown_user",
    "freeze: ",
    "gateway: address_taken",
    "give: consent_state",
    "give: offer_not_published",
    "leave: number_held",
    "members: unknown_user",
    "patch: conflict",
    "patch: scim_no_target",
    "policy: account_without_number",
    "policy: unknown_group",
    "policy: unknown_policy",
    "rebridge: default_number_of_operator",
    "rebridge: not_bridge_number",
    "register: consent_not_active",
    "relationship: comment_missing",
    "relationship: relationship_state",
    "remove: gateway_in_use",
    "remove: numbers_remain",
    "remove: policy_in_use",
    "replace: scim_mutability",
    "screen: unknown_announcement",
    "sheet: no_entries",
    "unassign: conference_assigned",
    "unassign: policy_assigned",
    "unbridge: ",
    "unbridge: bridge_numbers_remain",
    "unregister: bridge_default_number",
    "unregister: bridge_source_number",
    "upload: relationship_ended",
    "voice: pstn_usage_in_use",
    "voice: unknown_bridge_number",
    "voice: unknown_gateway",
    "voices: announcement_in_use",
    "withdraw: offer_state",
];

on_both!(the_store_does_as_the_model_does, |db| {
    let from = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let usual = if db.name == "sqlite" { 20_000 } else { 2_000 };
    let steps = from("MODEL_STEPS").unwrap_or(usual);
    let seed = match std::env::var("MODEL_SEED").as_deref() {
        Ok("random") => Uuid::new_v4().as_u64_pair().0,
        // The first that found a fault.
        _ => from("MODEL_SEED").unwrap_or(9_526_375_700_161_645_706),
    };
    eprintln!("MODEL_SEED={seed} MODEL_STEPS={steps} on {}", db.name);
    let mut world = World::new(db, seed).await;
    let mut told: Vec<String> = Vec::new();
    // How often each act met each answer.
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    for step in 0..steps {
        let said = world.step().await;
        let act = said.split([' ', ':']).next().unwrap_or_default();
        let answer = said.rsplit_once(": ").map_or("", |(_, answer)| answer);
        *answers.entry(format!("{act}: {answer}")).or_default() += u64::from(!answer.contains('['));
        told.push(said);
        if step % 50 == 49 || step + 1 == steps {
            world.compare().await;
            world.compare_rest().await;
        }
    }
    answers.retain(|_, count| *count > 0);
    eprintln!("{answers:?}");
    let good = told.iter().filter(|said| said.ends_with(": ") || said.contains("\"\"")).count();
    eprintln!("{good} of {steps} steps did something");
    for seldom in SELDOM.iter().filter(|_| steps >= 20_000) {
        assert!(answers.contains_key(*seldom), "never {seldom:?}: {answers:?}");
    }
    assert!(good as u64 * 6 > steps, "only {good} of {steps} steps did anything");
});
