//! People and groups as an identity provider keeps them (SCIM 2.0). What a request makes of somebody
//! is told here in the RFC's words (RFC 7644 section 3.5) over a few plain fields.

use super::people::{DOMAIN, NAMES};
use super::{Group, World};
use crate::house::cx;
use crate::model::code;
use crate::model_rules::About;
use exchange::scim::{ScimQuery, ScimResource};
use exchange::{Actor, Cx};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

const BASE: &str = "https://meetpoint.example/scim/v2";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const TELEPHONY: &str = "urn:ietf:params:scim:schemas:extension:meetpoint:2.0:User";
const MAILS: [&str; 3] = ["one@mail.example", "two@mail.example", "nowhere"];

/// Somebody as a directory has them.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    about: About,
    active: bool,
    licensed: bool,
}

/// What a PATCH makes of an entry, while its operations are read one after the other.
struct Patched {
    entry: Entry,
    /// Refused by an operation itself.
    refused: &'static str,
    shown: Option<String>,
    whole: Option<String>,
    nameless: bool,
    country: Option<&'static str>,
}

fn if_match(dice: usize, version: &str) -> (Option<String>, &'static str) {
    match dice {
        0 => (Some("W/\"stale\"".to_owned()), "version_mismatch"),
        1 => (Some("*".to_owned()), ""),
        2 | 3 => (Some(format!("W/\"x\", {version}")), ""),
        _ => (None, ""),
    }
}

fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": [PATCH], "Operations": operations })
}

impl World {
    /// Who keeps a tenant's directory, and whether they may.
    fn any_provider(&mut self, tenant: usize) -> (Cx, bool) {
        match self.dice.below(16) {
            0 => {
                let others = [&self.reader, &self.town.alpha.actor, &self.town.owner];
                let others: Vec<Actor> = others.into_iter().cloned().collect();
                (cx(&self.dice.of(&others)), false)
            }
            1..=3 => (self.tenant_cx(tenant), true),
            _ => (cx(&self.rest.providers[tenant]), true),
        }
    }

    pub async fn directory(&mut self) -> String {
        match self.dice.below(14) {
            0 | 1 => self.entry_comes().await,
            2 => self.entry_is_replaced().await,
            3..=6 => self.entry_is_patched().await,
            7 | 12 => self.entry_leaves().await,
            8 => self.folder_comes().await,
            9 => self.folder_is_replaced().await,
            10 | 13 => self.folder_is_patched().await,
            _ => self.folder_leaves().await,
        }
    }

    fn entry(&self, holder: usize) -> Entry {
        let who = &self.model.holders[holder];
        Entry { about: who.about.clone(), active: who.active, licensed: who.licensed }
    }

    fn keep(&mut self, holder: usize, entry: Entry) {
        self.model.holders[holder].about = entry.about;
        self.model.holders[holder].licensed = entry.licensed;
        self.person_is_active(holder, entry.active);
    }

    /// A whole person as a provider sends one; what is refused of it; what it says.
    fn any_person(&mut self) -> (Value, &'static str, Entry, [Option<bool>; 2]) {
        let upn = format!("{}@{DOMAIN}", self.dice.of(&NAMES));
        let mut body = json!({ "userName": upn, "title": "Countess" });
        let mut about = About { upn: upn.clone(), name: upn, ..About::default() };
        let mut refused = "";
        about.phone = about.upn.split('@').next().unwrap_or_default().to_owned();
        if self.dice.one_in(2) {
            let (given, family) = (self.dice.one_in(2), self.dice.one_in(2));
            about.given = given.then(|| "Ada".to_owned());
            about.family = family.then(|| "King".to_owned());
            body["name"] = json!({ "givenName": about.given, "familyName": about.family });
            let parts = [about.given.as_deref(), about.family.as_deref()];
            let parts: Vec<&str> = parts.into_iter().flatten().collect();
            if !parts.is_empty() {
                about.name = parts.join(" ");
            }
        }
        if self.dice.one_in(2) {
            about.name = format!("Shown {}", self.dice.below(9));
            body["displayName"] = json!(about.name);
        }
        if self.dice.one_in(2) {
            about.external = Some(format!("x{}", self.dice.below(5)));
            body["externalId"] = json!(about.external);
        }
        if self.dice.one_in(2) {
            let mail = if self.dice.one_in(8) { MAILS[2] } else { MAILS[self.dice.below(2)] };
            body["emails"] = json!([{ "value": "home@mail.example", "type": "home" },
                { "value": mail, "type": "work" }]);
            about.mail = Some(mail.to_owned());
            if mail == "nowhere" {
                refused = "scim_invalid_value";
            }
        }
        let active = self.dice.of(&[None, Some(true), Some(true), Some(false)]);
        if let Some(active) = active {
            let word = if active { "True" } else { "False" };
            body["active"] = if self.dice.one_in(2) { json!(word) } else { json!(active) };
        }
        let licensed = self.dice.of(&[None, Some(true), Some(true), Some(false)]);
        let mut own = json!({});
        if let Some(licensed) = licensed {
            let licences: &[&str] = if licensed { &["teams_phone"] } else { &[] };
            own["licences"] = json!(licences);
        }
        about.country = self.dice.of(&["", "", "", "GB", "DE"]);
        if !about.country.is_empty() {
            own["country"] = json!(about.country.to_lowercase());
        }
        body[TELEPHONY] = own;
        if self.dice.one_in(16) {
            body["userName"] = self.dice.of(&[json!(null), json!("no name"), json!(" ")]);
            refused = "scim_invalid_value";
        }
        let entry =
            Entry { about, active: active.unwrap_or(true), licensed: licensed == Some(true) };
        (body, refused, entry, [active, licensed])
    }

    async fn entry_comes(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let (mut body, refused, mut entry, _) = self.any_person();
        if self.dice.one_in(3) {
            // Where somebody lives says more than where the tenant's first address is.
            body["addresses"] = json!([{ "country": "United Kingdom" }, { "country": "de" }]);
            if entry.about.country.is_empty() {
                entry.about.country = "DE";
            }
        }
        if entry.about.country.is_empty() {
            entry.about.country = "GB";
        }
        let (exchange, query) = (self.town.exchange.clone(), ScimQuery::default());
        let got = exchange.scim_user_create(&who, BASE, body.clone(), &query).await;
        let expect = match () {
            () if !may => "forbidden",
            () if !refused.is_empty() => refused,
            () if self.is_named(tenant, &entry.about.upn) => "conflict",
            () => "",
        };
        assert_eq!(code(&got), expect, "{tenant}: {body}");
        if let Ok(made) = got {
            let id = made.id.parse().expect("an id");
            self.person_is_new(tenant, id, entry.licensed, entry.active, entry.about);
        }
        format!("enter: {expect}")
    }

    /// Somebody, their ETag, and whether they are the tenant's.
    async fn any_entry(&mut self, tenant: usize) -> (usize, Uuid, String, bool) {
        let holder = self.somebody(tenant);
        let there = self.model.is_there(tenant, holder);
        let id = self.model.holders[holder].id;
        let (own, query) = (cx(&self.rest.providers[tenant]), ScimQuery::default());
        let version = match self.town.exchange.scim_user_get(&own, BASE, id, &query).await {
            Ok(found) if there => found.version,
            Err(problem) if !there && problem.code == "not_found" => String::new(),
            other => panic!("{holder} of {tenant}: {other:?}"),
        };
        (holder, id, version, there)
    }

    /// What refuses one who becomes another.
    fn entry_refused(
        &self,
        tenant: usize,
        holder: usize,
        upn: &str,
        country: &str,
    ) -> &'static str {
        let before = &self.model.holders[holder].about;
        let others = self.people_of(tenant).into_iter().filter(|other| *other != holder);
        let mut others = others.map(|other| &self.model.holders[other].about.upn);
        match () {
            () if upn != before.upn && others.any(|other| other == upn) => "conflict",
            () if !country.is_empty() && country != before.country => "scim_mutability",
            () => "",
        }
    }

    async fn entry_is_replaced(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let (body, refused, mut entry, [active, licensed]) = self.any_person();
        let (holder, id, version, there) = self.any_entry(tenant).await;
        let dice = self.dice.below(12);
        let (tag, stale) = if_match(dice, &version);
        let exchange = self.town.exchange.clone();
        let query = ScimQuery::default();
        let got = exchange.scim_user_replace(&who, BASE, id, tag.as_deref(), body.clone(), &query);
        let got = got.await;
        let about = &entry.about;
        let expect = match () {
            () if !may => "forbidden",
            () if !refused.is_empty() => refused,
            () if !there => "not_found",
            () if !stale.is_empty() => stale,
            () => self.entry_refused(tenant, holder, &about.upn, about.country),
        };
        assert_eq!(code(&got), expect, "{holder} of {tenant}: {body}");
        if expect.is_empty() {
            let before = self.entry(holder);
            // What a client may not know of stays where it says nothing.
            entry.active = active.unwrap_or(before.active);
            entry.licensed = licensed.unwrap_or(before.licensed);
            entry.about.country = before.about.country;
            entry.about.phone = before.about.phone;
            self.keep(holder, entry);
        }
        format!("replace: {expect}")
    }

    /// An operation, done to the entry.
    fn any_operation(&mut self, on: &mut Patched) -> Value {
        let op = |word: &str, path: &str, value: Value| json!({ "op": word, "path": path, "value": value });
        let about = &mut on.entry.about;
        let fails = !on.refused.is_empty();
        match self.dice.below(18) {
            0..=2 => {
                let active = self.dice.one_in(2);
                on.entry.active = active;
                let word = if active { "True" } else { "False" };
                match self.dice.one_in(2) {
                    true => op("Replace", "active", json!(word)),
                    false => json!({ "op": "replace", "value": { "active": active } }),
                }
            }
            3 | 4 => {
                let name = format!("Shown {}", self.dice.below(3));
                on.shown = Some(name.clone());
                op("add", "displayName", json!(name))
            }
            5 => {
                let name = format!("Whole {}", self.dice.below(3));
                on.whole = Some(name.clone());
                op("replace", "name.formatted", json!(name))
            }
            6 => {
                about.family = Some("Lovelace".to_owned());
                json!({ "op": "Add", "value": { "name.familyName": "Lovelace" } })
            }
            7 => {
                about.given = None;
                json!({ "op": "remove", "path": "name.givenName" })
            }
            8 | 9 => {
                about.upn = format!("{}@{DOMAIN}", self.dice.of(&NAMES));
                op("replace", "userName", json!(about.upn.to_uppercase()))
            }
            10 => {
                about.external = self.dice.one_in(2).then(|| format!("x{}", self.dice.below(5)));
                match &about.external {
                    None => json!({ "op": "remove", "path": "externalId" }),
                    Some(id) => op("replace", "externalId", json!(id)),
                }
            }
            11 | 12 => {
                on.entry.licensed = self.dice.one_in(2);
                match (on.entry.licensed, self.dice.below(3)) {
                    (true, _) => op("add", &format!("{TELEPHONY}:licences"), json!("teams_phone")),
                    (_, 0) => json!({ "op": "remove", "path": format!("{TELEPHONY}:licences") }),
                    (_, 1) => {
                        op("remove", &format!("{TELEPHONY}:licences"), json!(["teams_phone"]))
                    }
                    _ => json!({ "op": "replace", "value": { TELEPHONY: { "licences": [] } } }),
                }
            }
            13 => {
                let mail = self.dice.of(&MAILS);
                let adds = self.dice.one_in(2);
                if !adds && about.mail.is_none() && !fails {
                    on.refused = "scim_no_target";
                }
                about.mail = Some(mail.to_owned());
                op(
                    if adds { "add" } else { "replace" },
                    "emails[type eq \"work\"].value",
                    json!(mail),
                )
            }
            14 => {
                about.mail = None;
                let path = self.dice.of(&["emails", "emails[primary eq true or type eq \"work\"]"]);
                json!({ "op": "remove", "path": path })
            }
            15 => {
                on.country = Some(self.dice.of(&["GB", "DE"]));
                op("replace", &format!("{TELEPHONY}:country"), json!(on.country))
            }
            16 => {
                on.nameless = true;
                json!({ "op": "remove", "path": "userName" })
            }
            _ => {
                let (path, value, refused) = self.dice.of(&[
                    ("id", "1", "scim_mutability"),
                    ("phoneNumbers", "+442079460000", "scim_mutability"),
                    ("active", "maybe", "scim_invalid_value"),
                    ("emails[", "x", "scim_invalid_path"),
                    ("emails[shoe eq 42]", "x", "scim_invalid_filter"),
                    ("title", "Countess", ""),
                ]);
                if !fails {
                    on.refused = refused;
                }
                op("replace", path, json!(value))
            }
        }
    }

    async fn entry_is_patched(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let (holder, id, version, there) = self.any_entry(tenant).await;
        let before = self.entry(holder);
        let mut on = Patched {
            entry: before.clone(),
            refused: "",
            shown: None,
            whole: None,
            nameless: false,
            country: None,
        };
        let mut operations = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let operation = self.any_operation(&mut on);
            on.nameless &= operation["path"] != "userName" || operation["op"] == "remove";
            operations.push(operation);
        }
        // One name: the one that is written and new, and the one that is shown before the whole.
        let is_new = |name: &Option<String>| name.clone().filter(|name| *name != before.about.name);
        on.entry.about.name =
            is_new(&on.shown).or(is_new(&on.whole)).unwrap_or(before.about.name.clone());
        let dice = self.dice.below(12);
        let (tag, stale) = if_match(dice, &version);
        let (exchange, query) = (self.town.exchange.clone(), ScimQuery::default());
        let body = patch(&operations);
        let got = exchange.scim_user_update(&who, BASE, id, tag.as_deref(), &body, &query).await;
        let about = &on.entry.about;
        let unread = on.nameless || about.mail.as_deref() == Some("nowhere");
        let expect = match () {
            () if !may => "forbidden",
            () if !there => "not_found",
            () if !stale.is_empty() => stale,
            () if !on.refused.is_empty() => on.refused,
            () if unread => "scim_invalid_value",
            () => self.entry_refused(tenant, holder, &about.upn, on.country.unwrap_or_default()),
        };
        assert_eq!(code(&got), expect, "{holder} of {tenant}, {before:?}: {body}");
        if let Ok(made) = got {
            assert_eq!(made.version == version, on.entry == before, "{before:?}: {body}");
            self.keep(holder, on.entry);
        }
        format!("patch: {expect}")
    }

    async fn entry_leaves(&mut self) -> String {
        let tenant = self.dice.below(2);
        if self.people_of(tenant).len() < 3 && !self.dice.one_in(4) {
            return "few are left".into();
        }
        let (who, may) = self.any_provider(tenant);
        let (holder, id, version, there) = self.any_entry(tenant).await;
        let dice = self.dice.below(12);
        let (tag, stale) = if_match(dice, &version);
        let got = self.town.exchange.scim_user_remove(&who, id, tag.as_deref()).await;
        let expect = match () {
            () if !may => "forbidden",
            () if !there => "not_found",
            () if !stale.is_empty() => stale,
            () if self.is_held(holder) => "number_held",
            () => "",
        };
        assert_eq!(code(&got), expect, "{holder} leaves {tenant}");
        if expect.is_empty() {
            self.person_is_gone(holder);
        }
        format!("exit: {expect}")
    }

    /// Some people, seldom one who is not the tenant's.
    fn some_members(&mut self, tenant: usize) -> (BTreeSet<usize>, Value) {
        let members: BTreeSet<usize> =
            (0..self.dice.below(4)).map(|_| self.somebody(tenant)).collect();
        let ids = members.iter().map(|h| json!({ "value": self.model.holders[*h].id.to_string() }));
        let ids = ids.collect();
        (members, ids)
    }

    fn are_there(&self, tenant: usize, members: &BTreeSet<usize>) -> bool {
        members.iter().all(|h| self.model.is_there(tenant, *h))
    }

    fn group_named(&self, tenant: usize, name: &str) -> Option<Uuid> {
        let mut of = self.rest.groups.iter().filter(|g| g.tenant == tenant);
        of.find(|g| g.name == name).map(|g| g.id)
    }

    async fn folder_comes(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let name = self.dice.of(&["Sales", "Staff", "Night"]);
        let external = self.dice.one_in(2).then(|| "g1".to_owned());
        let (members, ids) = self.some_members(tenant);
        let mut body = json!({ "displayName": name, "externalId": external, "members": ids });
        let unread = self.dice.one_in(12);
        if unread {
            body["members"] = json!([{ "value": "nobody" }]);
        }
        let (exchange, query) = (self.town.exchange.clone(), ScimQuery::default());
        let got = exchange.scim_group_create(&who, BASE, body.clone(), &query).await;
        let expect = match () {
            () if !may => "forbidden",
            () if unread => "scim_invalid_value",
            () if self.group_named(tenant, name).is_some() => "conflict",
            () if !self.are_there(tenant, &members) => "scim_invalid_value",
            () => "",
        };
        assert_eq!(code(&got), expect, "{tenant}: {body}");
        if let Ok(made) = got {
            let id = made.id.parse().expect("an id");
            self.rest.groups.push(Group { tenant, id, name, external, members });
        }
        format!("folder: {expect}")
    }

    /// A group, as the tenant has it.
    async fn any_folder(&mut self, tenant: usize) -> Option<(usize, Uuid, String, bool)> {
        let at = self.any_group()?;
        let Group { id, tenant: of, .. } = self.rest.groups[at];
        let (own, query) = (cx(&self.rest.providers[tenant]), ScimQuery::default());
        let version = match self.town.exchange.scim_group_get(&own, BASE, id, &query).await {
            Ok(found) if of == tenant => found.version,
            Err(problem) if of != tenant && problem.code == "not_found" => String::new(),
            other => panic!("group {id} of {tenant}: {other:?}"),
        };
        Some((at, id, version, of == tenant))
    }

    /// The same group with another name or other members, where nothing refuses that.
    fn folder_refused(&self, at: usize, name: &str, members: &BTreeSet<usize>) -> &'static str {
        let Group { tenant, id, members: has, .. } = &self.rest.groups[at];
        let named = self.group_named(*tenant, name);
        let come = members.difference(has).copied().collect();
        match () {
            () if named.is_some_and(|other| other != *id) => "conflict",
            () if !self.are_there(*tenant, &come) => "scim_invalid_value",
            () => "",
        }
    }

    /// A group that is as the answer has it, with a new version if it is another.
    fn folder_kept(&mut self, at: usize, after: Group, (made, version): (ScimResource, &str)) {
        let before = &self.rest.groups[at];
        let same = (before.name, &before.external, &before.members)
            == (after.name, &after.external, &after.members);
        assert_eq!(made.version == version, same, "{made:?}");
        self.rest.groups[at] = after;
    }

    async fn folder_is_replaced(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let Some((at, id, version, own)) = self.any_folder(tenant).await else {
            return "no group yet".into();
        };
        let name = self.dice.of(&["Sales", "Staff", "Night"]);
        let name = if self.dice.one_in(2) { self.rest.groups[at].name } else { name };
        let external = self.dice.one_in(2).then(|| "g1".to_owned());
        let (members, ids) = self.some_members(tenant);
        let body = json!({ "displayName": name, "externalId": external, "members": ids });
        let dice = self.dice.below(12);
        let (tag, stale) = if_match(dice, &version);
        let (exchange, query) = (self.town.exchange.clone(), ScimQuery::default());
        let got = exchange.scim_group_replace(&who, BASE, id, tag.as_deref(), body.clone(), &query);
        let got = got.await;
        let expect = match () {
            () if !may => "forbidden",
            () if !own => "not_found",
            () if !stale.is_empty() => stale,
            () => self.folder_refused(at, name, &members),
        };
        assert_eq!(code(&got), expect, "{tenant}: {body}");
        if let Ok(made) = got {
            let after = Group { tenant, id, name, external, members };
            self.folder_kept(at, after, (made, &version));
        }
        format!("refolder: {expect}")
    }

    async fn folder_is_patched(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let Some((at, id, version, own)) = self.any_folder(tenant).await else {
            return "no group yet".into();
        };
        let mut after = self.rest.groups[at].clone();
        let (mut refused, mut nameless) = ("", false);
        let mut operations = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let (some, ids) = self.some_members(tenant);
            let one = self.somebody(tenant);
            let member = format!("members[value eq \"{}\"]", self.model.holders[one].id);
            operations.push(match self.dice.below(9) {
                0 | 1 => {
                    after.members.extend(&some);
                    json!({ "op": "Add", "path": "members", "value": ids })
                }
                2 => {
                    after.members.extend(&some);
                    json!({ "op": "add", "value": { "members": ids } })
                }
                3 => {
                    after.members.remove(&one);
                    json!({ "op": "remove", "path": member })
                }
                4 => {
                    after.members.retain(|h| !some.contains(h));
                    json!({ "op": "Remove", "path": "members", "value": ids })
                }
                5 => {
                    after.members = some;
                    json!({ "op": "replace", "path": "members", "value": ids })
                }
                6 => {
                    after.name = self.dice.of(&["Sales", "Staff", "Night"]);
                    nameless = false;
                    let value = json!({ "id": id, "displayName": after.name });
                    json!({ "op": "replace", "value": value })
                }
                7 => {
                    after.external = self.dice.one_in(2).then(|| "g2".to_owned());
                    match &after.external {
                        None => json!({ "op": "remove", "path": "externalId" }),
                        Some(id) => json!({ "op": "add", "path": "externalId", "value": id }),
                    }
                }
                _ => {
                    let (path, code) = self.dice.of(&[
                        ("displayName", ""),
                        ("members[", "scim_invalid_path"),
                        ("meta.location", "scim_mutability"),
                    ]);
                    nameless |= path == "displayName";
                    if refused.is_empty() {
                        refused = code;
                    }
                    json!({ "op": "remove", "path": path })
                }
            });
        }
        let dice = self.dice.below(12);
        let (tag, stale) = if_match(dice, &version);
        let (exchange, query) = (self.town.exchange.clone(), ScimQuery::default());
        let body = patch(&operations);
        let got = exchange.scim_group_update(&who, BASE, id, tag.as_deref(), &body, &query).await;
        let expect = match () {
            () if !may => "forbidden",
            () if !own => "not_found",
            () if !stale.is_empty() => stale,
            () if !refused.is_empty() => refused,
            () if nameless => "scim_invalid_value",
            () => self.folder_refused(at, after.name, &after.members),
        };
        assert_eq!(code(&got), expect, "{tenant}: {body}");
        if let Ok(made) = got {
            self.folder_kept(at, after, (made, &version));
        }
        format!("mend: {expect}")
    }

    async fn folder_leaves(&mut self) -> String {
        let tenant = self.dice.below(2);
        let (who, may) = self.any_provider(tenant);
        let Some((at, id, version, own)) = self.any_folder(tenant).await else {
            return "no group yet".into();
        };
        let dice = self.dice.below(12);
        let (tag, stale) = if_match(dice, &version);
        let got = code(&self.town.exchange.scim_group_remove(&who, id, tag.as_deref()).await);
        let expect = match () {
            () if !may => "forbidden",
            () if !own => "not_found",
            () if !stale.is_empty() => stale,
            () => self.group_stays(id),
        };
        assert_eq!(got, expect, "group of {tenant}");
        if expect.is_empty() {
            self.group_is_gone(at);
        }
        format!("unfolder: {expect}")
    }

    /// The directory as its keeper sees it, and what it finds there.
    pub async fn compare_directory(&self, tenant: usize) {
        let (who, exchange) = (cx(&self.rest.providers[tenant]), &self.town.exchange);
        let query = ScimQuery { count: Some(1000), ..ScimQuery::default() };
        let people = exchange.scim_user_list(&who, BASE, &query).await.expect("lists");
        assert_eq!(people.total, self.people_of(tenant).len());
        for real in people.resources {
            let real = Value::Object(real);
            let own = self.people_of(tenant).into_iter();
            let holder = own.map(|h| &self.model.holders[h]).find(|h| real["id"] == json!(h.id));
            let holder = holder.unwrap_or_else(|| panic!("{real}"));
            let about = &holder.about;
            let told = json!([
                real["userName"],
                real["displayName"],
                real["name"]["formatted"],
                real["name"]["givenName"],
                real["name"]["familyName"],
                real["externalId"],
                real["emails"][0]["value"],
                real["active"],
                real[TELEPHONY]["country"]
            ]);
            let expect = json!([
                about.upn,
                about.name,
                about.name,
                about.given,
                about.family,
                about.external,
                about.mail,
                holder.active,
                about.country
            ]);
            assert_eq!(told, expect, "{real}");
        }
        let asleep = self.people_of(tenant).into_iter().map(|h| &self.model.holders[h]);
        let asleep = asleep.filter(|h| !h.active && h.about.external.is_some()).count();
        let filter = "active eq false and externalId pr".to_owned();
        let query = ScimQuery { filter: Some(filter), ..ScimQuery::default() };
        let found = exchange.scim_user_list(&who, BASE, &query).await.expect("lists");
        assert_eq!(found.total, asleep, "{found:?}");

        let query = ScimQuery { count: Some(1000), ..ScimQuery::default() };
        let groups = exchange.scim_group_list(&who, BASE, &query).await.expect("lists");
        let own = || self.rest.groups.iter().filter(|g| g.tenant == tenant);
        assert_eq!(groups.total, own().count());
        for real in groups.resources {
            let real = Value::Object(real);
            let group = own().find(|g| real["id"] == json!(g.id));
            let group = group.unwrap_or_else(|| panic!("{real}"));
            let members = real["members"].as_array().expect("a list").iter();
            let members: BTreeSet<&str> = members.filter_map(|m| m["value"].as_str()).collect();
            let ids = group.members.iter().map(|h| self.model.holders[*h].id.to_string());
            let ids: Vec<String> = ids.collect();
            assert_eq!(members, ids.iter().map(String::as_str).collect(), "{real}");
            let told = json!([real["displayName"], real["externalId"]]);
            assert_eq!(told, json!([group.name, group.external]));
        }
    }
}
