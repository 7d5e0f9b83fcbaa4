//! People of a tenant, as its own face has them: they come, change, are deactivated and leave.

use super::{Target, World, all, sent};
use crate::furnished::doc;
use crate::house::cx;
use crate::model::{code, text};
use crate::model_rules::{About, Holder};
use exchange::{Actor, Cx};
use serde_json::json;
use std::collections::BTreeSet;

/// The names that people have and want: few, so that somebody has one already.
pub const NAMES: [&str; 7] = ["user0", "user1", "user2", "user3", "user4", "user5", "user6"];
pub const DOMAIN: &str = "contoso.example";

impl World {
    /// Who acts for a tenant, and whether they may write there: seldom somebody who may not.
    pub fn any_writer(&mut self, tenant: usize) -> (Cx, bool) {
        if !self.dice.one_in(16) {
            return (self.tenant_cx(tenant), true);
        }
        let provider = self.rest.providers[tenant].clone();
        let others = [&self.reader, &self.town.alpha.actor, &self.town.owner, &provider];
        let others: Vec<Actor> = others.into_iter().cloned().collect();
        (cx(&self.dice.of(&others)), false)
    }

    /// Somebody of any tenant, most of the time of this one.
    pub fn somebody(&mut self, tenant: usize) -> usize {
        let own: Vec<usize> = self.people_of(tenant);
        if own.is_empty() || self.dice.one_in(12) {
            let all: Vec<usize> = (0..self.model.holders.len())
                .filter(|h| !self.model.holders[*h].is_queue)
                .collect();
            return self.dice.of(&all);
        }
        self.dice.of(&own)
    }

    pub fn people_of(&self, tenant: usize) -> Vec<usize> {
        let people = self.model.people().into_iter();
        people.filter(|h| self.model.holders[*h].tenant == tenant).collect()
    }

    /// Does somebody of the tenant have this name, or this name of a phone?
    pub fn is_named(&self, tenant: usize, upn: &str) -> bool {
        let phone = upn.split('@').next().unwrap_or_default();
        self.people_of(tenant).into_iter().any(|h| {
            let about = &self.model.holders[h].about;
            about.upn == upn || about.phone == phone
        })
    }

    pub async fn person(&mut self) -> String {
        match self.dice.below(7) {
            0 | 1 => self.person_comes().await,
            2..=4 => self.person_changes().await,
            5 => self.person_leaves().await,
            _ => self.person_phone().await,
        }
    }

    async fn person_comes(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_writer(tenant);
        let given = format!("{}@{DOMAIN}", self.dice.of(&NAMES));
        let upn = if self.dice.one_in(3) { given.to_uppercase() } else { given.clone() };
        let country = self.dice.of(&["GB", "GB", "GB", "DE", "GBR"]);
        let licensed = !self.dice.one_in(4);
        let licences: &[&str] = if licensed { &["teams_phone"] } else { &[] };
        let new = json!({ "upn": upn, "display_name": format!(" {given} "), "country": country,
            "licences": licences });
        let got = self.town.exchange.user_create(&who, doc(new)).await;
        let expect = match () {
            () if !may => "forbidden",
            () if country == "GBR" => "invalid_field",
            () if self.is_named(tenant, &given) => "conflict",
            () => "",
        };
        assert_eq!(code(&got), expect, "{upn} comes to {tenant}");
        if let Ok(made) = got {
            let phone = given.split('@').next().unwrap_or_default().to_owned();
            let name = given.clone();
            let about = About { upn: given, phone, name, country, ..About::default() };
            self.person_is_new(tenant, made.id, licensed, true, about);
        }
        format!("come: {expect}")
    }

    pub fn person_is_new(
        &mut self,
        tenant: usize,
        id: uuid::Uuid,
        licensed: bool,
        active: bool,
        about: About,
    ) {
        let (is_queue, gone) = (false, false);
        self.model.holders.push(Holder { tenant, id, is_queue, licensed, active, gone, about });
    }

    async fn person_changes(&mut self) -> String {
        let tenant = self.dice.below(2);
        let holder = self.somebody(tenant);
        let (who, may) = self.any_writer(tenant);
        let name = self.dice.one_in(3).then(|| format!("Name {}", self.dice.below(100)));
        let licensed = self.dice.one_in(3).then(|| !self.dice.one_in(5));
        let active = self.dice.one_in(2).then(|| !self.dice.one_in(3));
        let there = self.model.is_there(tenant, holder);
        let id = self.model.holders[holder].id;
        let own = self.tenant_cx(tenant);
        let version = match self.town.exchange.user_get(&own, id).await {
            Ok(user) if there => user.version,
            Err(problem) if !there && problem.code == "not_found" => 1,
            other => panic!("{holder} of {tenant}: {other:?}"),
        };
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, version);
        let licences = licensed.map(|licensed| if licensed { vec!["teams_phone"] } else { vec![] });
        let edit = json!({ "display_name": name, "licences": licences, "active": active });
        let got = self.town.exchange.user_update(&who, id, if_match, doc(edit.clone())).await;
        let expect = match () {
            () if !may => "forbidden",
            () if !there => "not_found",
            () => stale,
        };
        assert_eq!(code(&got), expect, "{holder} of {tenant} changes: {edit}");
        if expect.is_empty() {
            let who = &mut self.model.holders[holder];
            who.licensed = licensed.unwrap_or(who.licensed);
            if let Some(name) = name {
                who.about.name = name;
            }
            if let Some(active) = active {
                self.person_is_active(holder, active);
            }
        }
        format!("change: {expect}")
    }

    /// Somebody is active from now on, or is not.
    pub fn person_is_active(&mut self, holder: usize, active: bool) {
        let who = &mut self.model.holders[holder];
        let leaves = std::mem::replace(&mut who.active, active) && !active;
        if leaves && self.model.frees[who.tenant] {
            self.number_comes_back(holder);
        }
    }

    fn number_comes_back(&mut self, holder: usize) {
        if let Some(number) = self.model.number_of(holder) {
            self.model.take_back(number);
        }
    }

    async fn person_leaves(&mut self) -> String {
        let tenant = self.dice.below(2);
        let few = self.people_of(tenant).len() < 3;
        if few && !self.dice.one_in(4) {
            return "few are left".into();
        }
        let holder = self.somebody(tenant);
        let (who, may) = self.any_writer(tenant);
        let there = self.model.is_there(tenant, holder);
        let id = self.model.holders[holder].id;
        let stale = self.dice.one_in(8);
        let got = self.town.exchange.user_remove(&who, id, stale.then_some(-1)).await;
        let expect = match () {
            () if !may => "forbidden",
            () if !there => "not_found",
            () if stale => "version_mismatch",
            () if self.is_held(holder) => "number_held",
            () => "",
        };
        assert_eq!(code(&got), expect, "{holder} leaves {tenant}");
        if expect.is_empty() {
            self.person_is_gone(holder);
        }
        format!("leave: {expect}")
    }

    /// Does a number keep somebody here?
    pub fn is_held(&self, holder: usize) -> bool {
        let tenant = self.model.holders[holder].tenant;
        self.model.number_of(holder).is_some() && !self.model.frees[tenant]
    }

    /// Somebody has left, with all that was theirs.
    pub fn person_is_gone(&mut self, holder: usize) {
        self.number_comes_back(holder);
        self.model.holders[holder].gone = true;
        for group in &mut self.rest.groups {
            group.members.remove(&holder);
        }
        self.rest.holds.retain(|(_, _, target), _| *target != Target::User(holder));
        self.settings_without(holder);
    }

    async fn person_phone(&mut self) -> String {
        let tenant = self.dice.below(2);
        let holder = self.somebody(tenant);
        let (who, may) = self.any_writer(tenant);
        let got = self.town.exchange.user_phone_create(&who, self.model.holders[holder].id).await;
        let expect = match () {
            () if !may => "forbidden",
            () if !self.model.is_there(tenant, holder) => "not_found",
            () => "",
        };
        assert_eq!(code(&got), expect, "a phone for {holder} of {tenant}");
        if let Ok(phone) = got {
            assert_eq!(phone.username, self.model.holders[holder].about.phone);
        }
        format!("phone: {expect}")
    }

    /// Everybody of a tenant, and the queue that those who were first answer.
    pub async fn compare_people(&self, tenant: usize) {
        let (who, exchange) = (self.tenant_cx(tenant), &self.town.exchange);
        let users = exchange.user_list(&who, all()).await.expect("lists").items;
        assert_eq!(users.len(), self.people_of(tenant).len(), "people of {tenant}");
        for user in users {
            let holder = self.model.holders.iter().position(|h| h.id == user.id).expect("known");
            assert!(self.model.is_there(tenant, holder), "{user:?}");
            let expect = &self.model.holders[holder];
            let licences: &[&str] = if expect.licensed { &["teams_phone"] } else { &[] };
            let number = self.model.number_of(holder).map(text);
            assert_eq!((user.number, user.active), (number, expect.active), "{expect:?}");
            let about = &expect.about;
            assert_eq!(
                (user.upn, user.display_name, user.country.as_str()),
                (about.upn.clone(), about.name.clone(), about.country)
            );
            assert_eq!(user.licences, licences, "{expect:?}");
        }
        let queues = exchange.resource_account_list(&who, all()).await.expect("lists").items;
        for queue in queues {
            let at = self.model.holders.iter().position(|h| h.id == queue.id).expect("known");
            assert_eq!(queue.number, self.model.number_of(at).map(text));
            // Those before it in the list were there first.
            let agents = (self.model.holders.iter().enumerate())
                .filter(|(h, holder)| *h < at && *h + 5 > at && !holder.is_queue && !holder.gone);
            let agents: BTreeSet<_> = agents.map(|(_, holder)| holder.id).collect();
            assert_eq!(queue.agent_ids.into_iter().collect::<BTreeSet<_>>(), agents);
        }
    }
}
