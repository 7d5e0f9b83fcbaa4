//! Forwarding, delegates and call groups of people, one by one and from a file.

use super::{World, all, sent};
use crate::furnished::doc;
use crate::model::{code, text};
use crate::model_rules::ALPHA;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where calls go.
#[derive(Clone, Copy, Debug, PartialEq)]
enum To {
    Voicemail,
    Delegates,
    Group,
    Number(u64),
    User(usize),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// At once, or together with the person.
    forwarding: Option<(bool, To)>,
    unanswered: Option<(To, u32)>,
    busy: Option<To>,
    unreachable: Option<To>,
    /// With who makes and who receives calls.
    delegates: Vec<(usize, bool, bool)>,
    group: Vec<usize>,
}

impl Settings {
    fn without(mut self, gone: usize) -> Self {
        self.delegates.retain(|(user, ..)| *user != gone);
        self.group.retain(|user| *user != gone);
        let receives = self.delegates.iter().any(|(_, _, receives)| *receives);
        let any = !self.group.is_empty();
        let over = |to: To| match to {
            To::User(user) => user == gone,
            To::Delegates => !receives,
            To::Group => !any,
            To::Voicemail | To::Number(_) => false,
        };
        self.forwarding = self.forwarding.filter(|(_, to)| !over(*to));
        self.unanswered = self.unanswered.filter(|(to, _)| !over(*to));
        self.busy = self.busy.filter(|to| !over(*to));
        self.unreachable = self.unreachable.filter(|to| !over(*to));
        self
    }

    fn targets(&self) -> impl Iterator<Item = To> {
        let first = [self.forwarding.map(|f| f.1), self.unanswered.map(|u| u.0)];
        first.into_iter().chain([self.busy, self.unreachable]).flatten()
    }

    /// Everybody whom they name.
    fn people(&self) -> Vec<usize> {
        let mut people: Vec<usize> = self.delegates.iter().map(|d| d.0).collect();
        people.extend(&self.group);
        people.extend(self.targets().filter_map(|to| match to {
            To::User(user) => Some(user),
            _ => None,
        }));
        people
    }

    /// Nobody has such settings.
    fn is_wrong(&self, owner: usize) -> bool {
        let twice = |all: Vec<usize>| {
            let mut seen = std::collections::BTreeSet::new();
            !all.into_iter().all(|one| seen.insert(one))
        };
        twice(self.delegates.iter().map(|d| d.0).collect())
            || twice(self.group.clone())
            || self.delegates.iter().any(|d| !d.1 && !d.2)
            || self.people().contains(&owner)
            || self.forwarding == Some((false, To::Voicemail))
            || self.targets().any(|to| match to {
                To::Delegates => !self.delegates.iter().any(|d| d.2),
                To::Group => self.group.is_empty(),
                To::Number(number) => number == 112,
                To::Voicemail | To::User(_) => false,
            })
    }
}

impl World {
    fn any_to(&mut self, tenant: usize) -> To {
        match self.dice.below(8) {
            0 | 1 => To::Voicemail,
            2 => To::Delegates,
            3 => To::Group,
            4 | 5 => To::User(self.somebody(tenant)),
            6 if self.dice.one_in(3) => To::Number(112),
            _ => To::Number(ALPHA + self.dice.below(14) as u64),
        }
    }

    fn any_settings(&mut self, tenant: usize) -> Settings {
        let mut made = Settings::default();
        for _ in 0..self.dice.below(3) {
            let (makes, receives) = (self.dice.one_in(2), !self.dice.one_in(4));
            made.delegates.push((self.somebody(tenant), makes, receives));
        }
        for _ in 0..self.dice.below(3) {
            made.group.push(self.somebody(tenant));
        }
        made.forwarding = self.dice.one_in(3).then(|| (self.dice.one_in(2), self.any_to(tenant)));
        made.unanswered =
            self.dice.one_in(3).then(|| (self.any_to(tenant), self.dice.of(&[10, 20, 60])));
        let (none, deaf) = (made.group.is_empty(), !made.delegates.iter().any(|d| d.2));
        made.busy = self.dice.one_in(4).then(|| self.any_to(tenant));
        made.unreachable = self.dice.one_in(4).then(|| self.any_to(tenant));
        if (none || deaf) && made.is_wrong(usize::MAX) && !self.dice.one_in(3) {
            // Most of the time what could be.
            let least =
                Settings { delegates: made.delegates, group: made.group, ..Settings::default() };
            return least;
        }
        made
    }

    /// With what somebody's settings are refused.
    fn settings_refused(&self, owner: usize, settings: &Settings) -> &'static str {
        let tenant = self.model.holders[owner].tenant;
        if settings.is_wrong(owner) {
            return "invalid_field";
        }
        let own = self.model.number_of(owner);
        for to in settings.targets() {
            match to {
                To::Number(number) if own == Some(number) => return "invalid_field",
                To::Voicemail if !self.rest.voices[tenant].voicemail() => return "no_voicemail",
                _ => {}
            }
        }
        let there = settings.people().into_iter().all(|user| self.model.is_there(tenant, user));
        if there { "" } else { "unknown_user" }
    }

    fn to_document(&self, to: To) -> Value {
        let (number, user, kind) = match to {
            To::Voicemail => (None, None, "Voicemail"),
            To::Delegates => (None, None, "MyDelegates"),
            To::Group => (None, None, "Group"),
            To::Number(number) => (Some(text(number)), None, "SingleTarget"),
            To::User(user) => (None, Some(self.model.holders[user].id), "SingleTarget"),
        };
        json!({ "type": kind, "number": number, "user_id": user })
    }

    fn settings_document(&self, settings: &Settings) -> Value {
        let id = |user: &usize| json!(self.model.holders[*user].id);
        let to = |to: Option<To>| to.map(|to| self.to_document(to));
        let forwarding = settings.forwarding.map(|(at_once, to)| {
            let kind = if at_once { "Immediate" } else { "Simultaneous" };
            json!({ "type": kind, "target": self.to_document(to) })
        });
        let unanswered = settings
            .unanswered
            .map(|(to, delay)| json!({ "target": self.to_document(to), "delay_seconds": delay }));
        let delegates = settings.delegates.iter().map(|(user, makes, receives)| {
            json!({ "user_id": id(user), "make_calls": makes, "receive_calls": receives })
        });
        json!({
            "forwarding": forwarding, "unanswered": unanswered,
            "busy": to(settings.busy), "unreachable": to(settings.unreachable),
            "delegates": delegates.collect::<Vec<_>>(),
            "call_group": settings.group.iter().map(id).collect::<Vec<_>>(),
        })
    }

    /// What becomes of settings when somebody leaves: their own are gone, and those of others name
    /// them no more, nor delegates or a call group of which nobody is left.
    pub fn settings_without(&mut self, holder: usize) {
        self.rest.calling.remove(&holder);
        for (settings, version) in self.rest.calling.values_mut() {
            let after = settings.clone().without(holder);
            if after != *settings {
                (*settings, *version) = (after, *version + 1);
            }
        }
    }

    pub async fn calling(&mut self) -> String {
        if self.dice.one_in(4) {
            return self.calling_by_file().await;
        }
        let tenant = self.dice.below(2);
        let holder = self.somebody(tenant);
        let (who, may) = self.any_writer(tenant);
        let settings = self.any_settings(tenant);
        let version = self.rest.calling.get(&holder).map_or(0, |(_, version)| *version);
        let dice = self.dice.below(12);
        let (if_match, stale) = sent(dice, version);
        let mut put = self.settings_document(&settings);
        let unread = self.dice.one_in(16);
        if unread {
            let target = json!({ "type": "Group" });
            (put["unanswered"], put["busy"]) = self.dice.of(&[
                (json!({ "target": target, "delay_seconds": 15 }), json!(null)),
                (json!(null), json!({ "type": "Nowhere" })),
                (json!(null), json!({ "type": "SingleTarget" })),
                (json!(null), json!({ "type": "Voicemail", "number": "+442079460000" })),
            ]);
        }
        let id = self.model.holders[holder].id;
        let put = doc(put);
        let got = self.town.exchange.calling_settings_put(&who, id, if_match, put).await;
        let expect = match () {
            () if !may => "forbidden",
            () if unread => "invalid_field",
            () if !self.model.is_there(tenant, holder) => "not_found",
            () if !stale.is_empty() => stale,
            () => self.settings_refused(holder, &settings),
        };
        assert_eq!(code(&got), expect, "{holder} of {tenant}: {settings:?}");
        if expect.is_empty() {
            self.rest.calling.insert(holder, (settings, version + 1));
        }
        format!("forward: {expect}")
    }

    fn upn_of(&self, user: usize) -> String {
        self.model.holders[user].about.upn.clone()
    }

    /// Whom a file means: who has the name now.
    fn meant(&self, tenant: usize, upn: &str) -> Result<usize, &'static str> {
        let people = self.people_of(tenant).into_iter();
        let mut named = people.filter(|h| self.model.holders[*h].about.upn == upn);
        named.next().ok_or("unknown_user")
    }

    fn cell_of(&self, to: To) -> String {
        match to {
            To::Voicemail => "Voicemail".to_owned(),
            To::Delegates => "MyDelegates".to_owned(),
            To::Group => "Group".to_owned(),
            To::Number(number) => text(number),
            To::User(user) => self.upn_of(user),
        }
    }

    fn to_meant(&self, tenant: usize, to: To) -> Result<To, &'static str> {
        match to {
            To::User(user) => self.meant(tenant, &self.upn_of(user)).map(To::User),
            other => Ok(other),
        }
    }

    /// A row of a file: its cells, and what it makes of what is there, as far as it can be read.
    fn any_row(
        &mut self,
        tenant: usize,
        owner: Option<usize>,
    ) -> (Vec<String>, Result<Settings, &'static str>) {
        let before = owner.and_then(|owner| self.rest.calling.get(&owner));
        let mut after = before.map(|(settings, _)| settings.clone()).unwrap_or_default();
        let given = self.any_settings(tenant);
        let mut wrong = None;
        let mut note = |read: Result<To, &'static str>| match read {
            Ok(to) => Some(to),
            Err(code) => {
                wrong = wrong.or(Some(code));
                None
            }
        };
        let mut cells = vec![String::new(); 8];
        if let Some((at_once, to)) = given.forwarding {
            let kind = match (self.dice.one_in(10), at_once) {
                (true, _) => "Sometimes",
                (_, true) if self.dice.one_in(2) => "",
                (_, true) => "Immediate",
                (_, false) => "Simultaneous",
            };
            (cells[0], cells[1]) = (kind.to_owned(), self.cell_of(to));
            after.forwarding = note(self.to_meant(tenant, to)).map(|to| (at_once, to));
            if kind == "Sometimes" {
                note(Err("invalid_field"));
            }
        } else if self.dice.one_in(3) {
            cells[1] = "none".to_owned();
            after.forwarding = None;
        }
        let delay = self.dice.of(&[None, None, Some(30), Some(50), Some(15)]);
        if let Some(delay) = delay {
            cells[3] = delay.to_string();
            if delay == 15 {
                note(Err("invalid_field"));
            }
        }
        if let Some((to, _)) = given.unanswered {
            cells[2] = self.cell_of(to);
            let delay = delay.or(after.unanswered.map(|u| u.1)).unwrap_or(20);
            after.unanswered = note(self.to_meant(tenant, to)).map(|to| (to, delay));
        } else if self.dice.one_in(4) {
            cells[2] = "none".to_owned();
            after.unanswered = None;
        } else if let (Some(delay), Some(unanswered)) = (delay, &mut after.unanswered) {
            unanswered.1 = delay;
        }
        for (to, cell, kept) in
            [(given.busy, 4, &mut after.busy), (given.unreachable, 5, &mut after.unreachable)]
        {
            if let Some(to) = to {
                cells[cell] = self.cell_of(to);
                *kept = note(self.to_meant(tenant, to));
            } else if self.dice.one_in(4) {
                cells[cell] = "none".to_owned();
                *kept = None;
            }
        }
        if !given.delegates.is_empty() {
            after.delegates.clear();
            let mut parts = Vec::new();
            for (user, makes, receives) in given.delegates {
                let upn = self.upn_of(user);
                // Who did neither is meant to do something that there is not.
                let ends = match (makes, receives) {
                    (true, true) => "",
                    (true, false) => ":MakeCalls",
                    (false, true) => ":ReceiveCalls",
                    (false, false) => ":PickUpHeldCalls",
                };
                if !makes && !receives {
                    note(Err("invalid_field"));
                }
                if let Some(To::User(user)) = note(self.meant(tenant, &upn).map(To::User)) {
                    after.delegates.push((user, makes, receives));
                }
                parts.push(format!("{upn}{ends}"));
            }
            cells[6] = parts.join("; ");
        } else if self.dice.one_in(4) {
            cells[6] = "none".to_owned();
            after.delegates.clear();
        }
        if !given.group.is_empty() {
            after.group.clear();
            let upns: Vec<String> = given.group.iter().map(|user| self.upn_of(*user)).collect();
            for upn in &upns {
                if let Some(To::User(user)) = note(self.meant(tenant, upn).map(To::User)) {
                    after.group.push(user);
                }
            }
            cells[7] = upns.join(";");
        } else if self.dice.one_in(4) {
            cells[7] = "none".to_owned();
            after.group.clear();
        }
        (cells, wrong.map_or(Ok(after), Err))
    }

    async fn calling_by_file(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_writer(tenant);
        let dry_run = self.dice.one_in(4);
        let mut csv = "upn,forwarding_type,forwarding,unanswered,delay_seconds,busy,unreachable,\
                       delegates,call_group\n"
            .to_owned();
        let mut after = BTreeMap::new();
        let (mut named, mut refused, mut same) = (Vec::new(), Vec::new(), 0);
        let rows = self.dice.below(5);
        for nth in 0..rows {
            let somebody = self.somebody(tenant);
            let upn = self.upn_of(somebody);
            let owner = self.meant(tenant, &upn);
            let (cells, read) = self.any_row(tenant, owner.ok());
            let written = if self.dice.one_in(3) { upn.to_uppercase() } else { upn.clone() };
            csv.push_str(&format!("{written},{}\n", cells.join(",")));
            let twice = named.contains(&upn);
            named.push(upn);
            let taken = match (twice, owner, read) {
                (true, ..) => Err("duplicate_entry"),
                (_, Err(code), _) | (_, Ok(_), Err(code)) => Err(code),
                (_, Ok(owner), Ok(settings)) => match self.settings_refused(owner, &settings) {
                    "" => Ok((owner, settings)),
                    code => Err(code),
                },
            };
            match taken {
                Err(code) => refused.push((nth as u32 + 2, code.to_owned())),
                Ok((owner, settings)) => {
                    let before = self.rest.calling.get(&owner).cloned().unwrap_or_default();
                    if before.0 == settings {
                        same += 1;
                    } else {
                        after.insert(owner, (settings, before.1 + 1));
                    }
                }
            }
        }
        let file = crate::bulk::file(&csv);
        let got = self.town.exchange.calling_file(&who, file, None, dry_run).await;
        let expect = match () {
            () if !may => "forbidden",
            () if rows == 0 => "no_entries",
            () => "",
        };
        assert_eq!(code(&got), expect, "{csv}");
        if let Ok(result) = got {
            let errors = result.errors.into_iter().map(|e| (e.line, e.error.code));
            assert_eq!(errors.collect::<Vec<_>>(), refused, "{csv}");
            let counts = (result.updated as usize, result.unchanged);
            assert_eq!(counts, (after.len(), same), "{csv}");
            if !dry_run {
                self.rest.calling.extend(after);
            }
        }
        format!("sheet: {expect}")
    }

    pub async fn compare_calling(&self, tenant: usize) {
        let (who, exchange) = (self.tenant_cx(tenant), &self.town.exchange);
        let listed = exchange.calling_settings_list(&who, all()).await.expect("lists").items;
        let own = self.people_of(tenant).into_iter();
        let own: Vec<usize> = own.filter(|h| self.rest.calling.contains_key(h)).collect();
        assert_eq!(listed.len(), own.len(), "settings of {tenant}");
        for real in listed {
            let of = own.iter().find(|h| self.model.holders[**h].id == real.settings.user_id);
            let (settings, version) = &self.rest.calling[of.expect("known")];
            assert_eq!(real.upn, self.upn_of(*of.expect("known")));
            assert_eq!(real.settings.version, *version, "{settings:?}");
            let mut told = serde_json::to_value(&real.settings).expect("a document");
            let expect = self.settings_document(settings);
            let fields: Vec<String> = expect.as_object().expect("fields").keys().cloned().collect();
            told.as_object_mut().expect("fields").retain(|field, _| fields.contains(field));
            assert_eq!(told, expect);
        }
    }
}
