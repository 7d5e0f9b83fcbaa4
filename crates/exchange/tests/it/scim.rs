//! A tenant's directory, kept as an identity provider keeps it (RFC 7643, RFC 7644; Entra's and
//! Okta's ways).

use crate::furnished::{Furnished, doc, furnish};
use crate::house::{cx, open, owner};
use api_types::Problem;
use api_types::event::EventData;
use exchange::scim::{ScimList, ScimQuery, ScimResource};
use exchange::{Actor, Scope};
use feed::change::Position;
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

const BASE: &str = "https://meetpoint.example/scim/v2";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const TELEPHONY: &str = "urn:ietf:params:scim:schemas:extension:meetpoint:2.0:User";

fn filtered(filter: &str) -> ScimQuery {
    ScimQuery { filter: Some(filter.into()), ..ScimQuery::default() }
}

impl Furnished {
    async fn people(&self, query: &ScimQuery) -> Result<ScimList, Problem> {
        self.exchange.scim_user_list(&cx(&self.tenant_admin), BASE, query).await
    }

    async fn add(&self, body: Value) -> Result<ScimResource, Problem> {
        let query = ScimQuery::default();
        self.exchange.scim_user_create(&cx(&self.tenant_admin), BASE, body, &query).await
    }

    async fn one(&self, id: Uuid) -> Result<Value, Problem> {
        let query = ScimQuery::default();
        let found = self.exchange.scim_user_get(&cx(&self.tenant_admin), BASE, id, &query).await?;
        Ok(Value::Object(found.body))
    }

    async fn patch(&self, id: Uuid, ops: Value) -> Result<Value, Problem> {
        let body = json!({ "schemas": [PATCH], "Operations": ops });
        let (admin, query) = (cx(&self.tenant_admin), ScimQuery::default());
        let made = self.exchange.scim_user_update(&admin, BASE, id, None, &body, &query).await?;
        Ok(Value::Object(made.body))
    }

    async fn patch_group(&self, id: Uuid, ops: Value) -> Result<Value, Problem> {
        let body = json!({ "schemas": [PATCH], "Operations": ops });
        let (admin, query) = (cx(&self.tenant_admin), ScimQuery::default());
        let made = self.exchange.scim_group_update(&admin, BASE, id, None, &body, &query).await?;
        Ok(Value::Object(made.body))
    }

    async fn frees_leavers(&self) {
        let put = doc(json!({ "free_numbers_of_leavers": true }));
        let admin = cx(&self.tenant_admin);
        self.exchange.number_settings_put(&admin, Some(0), put).await.expect("settings");
    }

    async fn status_of(&self, number: &str) -> String {
        let number = numbering::E164::parse(number).expect("a number");
        let found = self.exchange.number_get(&cx(&self.tenant_admin), number).await;
        found.expect("a number").assignment_status
    }

    /// What an edge knows, by a snapshot; and that the log tells it the same.
    async fn edge_knows(&self) -> Snapshot {
        let key = wrap_key("token");
        let bytes = self.exchange.edge_snapshot(&cx(&self.edge), &key).await.expect("a snapshot");
        let read = Snapshot::open(&bytes, &key).expect("opens");
        let start = Position { epoch: self.exchange.epoch(), position: 0 };
        let mut log = Snapshot::from_records(feed::snapshot::WorldRecords::empty(start, 0));
        let changes = self.exchange.changes_since(&cx(&self.edge), start, 1000).await;
        for entry in changes.expect("the log") {
            log.apply(&entry);
        }
        let people = |s: &Snapshot| {
            let mut all: Vec<_> = s
                .users()
                .map(|u| (u.id, u.display_name.clone(), u.licensed, u.number, u.phone.is_some()))
                .collect();
            all.sort_by_key(|user| user.0);
            all
        };
        assert_eq!(people(&read), people(&log), "the log tells what a snapshot holds");
        let queues = |s: &Snapshot| {
            let mut all: Vec<_> = s.queues().map(|q| (q.id, q.agents.clone())).collect();
            all.sort();
            all
        };
        assert_eq!(queues(&read), queues(&log));
        read
    }
}

fn id_of(resource: &Value) -> Uuid {
    resource["id"].as_str().expect("an id").parse().expect("a UUID")
}

/// As Entra sends somebody new, with much that is not kept.
fn by_entra(upn: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": upn,
        "active": true,
        "displayName": "Ada Lovelace",
        "emails": [{ "primary": true, "type": "work", "value": "ada.lovelace@contoso.example" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada" },
        "title": "Countess",
        "addresses": [{ "type": "work", "country": "United Kingdom", "locality": "London" }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Numbers" },
    })
}

on_both!(people_come_as_identity_providers_send_them, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let made = house.add(by_entra("Ada@contoso.example")).await.expect("added");
    let ada = Value::Object(made.body);
    let id = id_of(&ada);
    assert_eq!(ada["userName"], "ada@contoso.example");
    assert_eq!(ada["name"]["familyName"], "Lovelace");
    assert_eq!(ada["emails"][0]["value"], "ada.lovelace@contoso.example");
    assert_eq!(ada[TELEPHONY]["country"], "GB", "that of the tenant's first address");
    assert_eq!(ada["meta"]["location"], format!("{BASE}/Users/{id}"));
    assert_eq!(ada["meta"]["version"], json!(made.version));
    assert!(ada["meta"]["created"].is_string() && ada.get("title").is_none());

    for (body, code, field) in [
        (by_entra("ada@contoso.example"), "conflict", Some("userName")),
        (by_entra("alice@contoso.example"), "conflict", Some("userName")),
        (json!({ "displayName": "Nobody" }), "scim_invalid_value", Some("userName")),
        (json!({ "userName": "no name" }), "scim_invalid_value", Some("userName")),
        (json!({ "userName": "b@contoso.example", "active": "maybe" }), "scim_invalid_value", None),
        (
            json!({ "userName": "b@contoso.example", TELEPHONY: { "country": "Narnia" } }),
            "scim_invalid_value",
            Some("country"),
        ),
        (
            json!({ "userName": "b@contoso.example", "emails": [{ "value": "nowhere" }] }),
            "scim_invalid_value",
            Some("emails"),
        ),
        (json!([]), "scim_invalid_syntax", None),
    ] {
        let refused = house.add(body.clone()).await.expect_err("refused");
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, field), "{body}");
    }

    // Each provider's way of changing, and what becomes of it.
    for (ops, name, expect) in [
        (
            json!([{ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "al@contoso.example" }]),
            "/emails/0/value",
            json!("al@contoso.example"),
        ),
        (json!([{ "op": "Replace", "path": "active", "value": "False" }]), "/active", json!(false)),
        (json!([{ "op": "replace", "value": { "active": true } }]), "/active", json!(true)),
        (
            json!([{ "op": "Replace", "path": "displayName", "value": "Ada King" }]),
            "/name/formatted",
            json!("Ada King"),
        ),
        (
            json!([{ "op": "Add", "value": { "name.familyName": "King" } }]),
            "/name/familyName",
            json!("King"),
        ),
        (
            json!([{ "op": "Replace", "path": "userName", "value": "king@contoso.example" }]),
            "/userName",
            json!("king@contoso.example"),
        ),
        (json!([{ "op": "remove", "path": "externalId" }]), "/externalId", Value::Null),
    ] {
        let made = house.patch(id, ops.clone()).await.expect("changed");
        assert_eq!(made.pointer(name).cloned().unwrap_or_default(), expect, "{ops}");
        assert_eq!(house.one(id).await.expect("there"), made);
    }
    for (ops, code) in [
        (json!([{ "op": "remove", "path": "userName" }]), "scim_invalid_value"),
        (json!([{ "op": "replace", "path": "id", "value": "1" }]), "scim_mutability"),
        (
            json!([{ "op": "replace", "path": format!("{TELEPHONY}:country"), "value": "DE" }]),
            "scim_mutability",
        ),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x" }]),
            "scim_no_target",
        ),
        (json!([{ "op": "replace", "path": "emails[", "value": "x" }]), "scim_invalid_path"),
        (json!([{ "op": "jump" }]), "scim_invalid_syntax"),
        (
            json!([{ "op": "replace", "path": "userName", "value": "alice@contoso.example" }]),
            "conflict",
        ),
    ] {
        let before = house.one(id).await.expect("there");
        let refused = house.patch(id, ops.clone()).await.expect_err("refused");
        assert_eq!(refused.code, code, "{ops}");
        assert_eq!(house.one(id).await.expect("there"), before, "{ops}");
    }
    // What changes nothing is taken, and is no edit.
    let before = house.one(id).await.expect("there");
    for value in [json!({ "title": "Countess" }), json!({ "userName": "KING@contoso.example" })] {
        let same = house.patch(id, json!([{ "op": "replace", "value": value }])).await;
        assert_eq!(same.expect("taken"), before);
    }
    let licences =
        json!([{ "op": "add", "path": format!("{TELEPHONY}:licences"), "value": "teams_phone" }]);
    house.patch(id, licences).await.expect("licensed");
    let user = house.exchange.user_get(&cx(&house.tenant_admin), id).await.expect("there");
    assert_eq!((user.licences, user.active), (vec!["teams_phone".to_owned()], true));
    // An attribute that is removed has no value (RFC 7644 section 3.5.2.2).
    let none = json!([{ "op": "remove", "path": format!("{TELEPHONY}:licences") }]);
    let made = house.patch(id, none).await.expect("changed");
    assert_eq!(made[TELEPHONY]["licences"], json!([]));
    house.edge_knows().await;
});

on_both!(people_are_found_paged_and_sorted, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    for (n, name) in ["Dora", "Carl", "Emil"].into_iter().enumerate() {
        let body = json!({ "userName": format!("{name}@contoso.example"), "displayName": name,
            "externalId": format!("X{n}"), "active": n != 1 });
        house.add(body).await.expect("added");
    }
    let names = |list: &ScimList| -> Vec<String> {
        let name = |r: &exchange::scim::Object| r["displayName"].as_str().unwrap_or("").to_owned();
        list.resources.iter().map(name).collect()
    };
    for (filter, expect) in [
        ("userName eq \"DORA@contoso.example\"", vec!["Dora"]),
        ("externalId eq \"X2\"", vec!["Emil"]),
        ("externalId eq \"x2\"", vec![]),
        ("userName eq \"nobody@contoso.example\"", vec![]),
        ("externalId eq \"X2\" and active eq false", vec![]),
        ("active eq false", vec!["Carl"]),
        ("displayName sw \"c\" or displayName eq \"emil\"", vec!["Carl", "Emil"]),
        ("phoneNumbers.value eq \"+442079460001\"", vec!["Alice"]),
        ("phoneNumbers pr", vec!["Alice"]),
        ("not (externalId pr)", vec!["Alice", "Bob"]),
        ("id eq \"no id\"", vec![]),
    ] {
        let found = house.people(&filtered(filter)).await.expect("found");
        assert_eq!(names(&found), expect, "{filter}");
        assert_eq!(found.total, expect.len(), "{filter}");
    }
    let refused = house.people(&filtered("title eq \"x\"")).await.expect_err("not kept");
    assert_eq!(refused.code, "scim_invalid_filter");

    let query = |sort: Option<&str>, order: &str, start: i64, count: i64| ScimQuery {
        sort_by: sort.map(str::to_owned),
        sort_order: Some(order.to_owned()),
        start_index: Some(start),
        count: Some(count),
        ..ScimQuery::default()
    };
    for (ask, expect) in [
        (query(Some("displayName"), "ascending", 1, 2), vec!["Alice", "Bob"]),
        (query(Some("displayName"), "ascending", 3, 2), vec!["Carl", "Dora"]),
        (query(Some("displayName"), "descending", 1, 2), vec!["Emil", "Dora"]),
        (query(Some("displayName"), "ascending", 6, 2), vec![]),
        (query(None, "ascending", 1, 2), vec!["Alice", "Bob"]),
        (query(None, "ascending", 5, 10), vec!["Emil"]),
        // Less than nothing is nothing, and the first is 1 (RFC 7644 table 6).
        (query(None, "ascending", -3, 1), vec!["Alice"]),
        (query(None, "ascending", 1, -1), vec![]),
        (query(None, "ascending", 1, 0), vec![]),
    ] {
        let found = house.people(&ask).await.expect("found");
        assert_eq!(
            (names(&found), found.total),
            (expect.iter().map(|n| (*n).to_owned()).collect(), 5),
            "{ask:?}"
        );
    }
    let shown =
        ScimQuery { attributes: Some("userName".into()), ..filtered("displayName eq \"Dora\"") };
    let found = house.people(&shown).await.expect("found").resources.remove(0);
    let mut names: Vec<_> = found.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["id", "schemas", "userName"]);
    let (other, all) = (cx(&house.other_admin), ScimQuery::default());
    let other = house.exchange.scim_user_list(&other, BASE, &all);
    assert_eq!(other.await.expect("a list").total, 0, "nobody sees another's people");
});

on_both!(who_leaves_keeps_their_number_until_somebody_takes_it_back, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let (alice, number) = (house.alice.id, "+442079460001");
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let seen = house.patch(alice, off.clone()).await.expect("deactivated");
    assert_eq!(seen["phoneNumbers"][0]["value"], number, "the number stays");
    assert_eq!(house.status_of(number).await, "UserAssigned");
    let edge = house.edge_knows().await;
    let record = edge.user_record(alice.into()).expect("she is there");
    assert!(!record.licensed && record.phone.is_none(), "and she calls nobody");
    let refused = house.exchange.scim_user_remove(&admin, alice, None).await;
    assert_eq!(refused.expect_err("she has a number").code, "number_held");
    let refused = house.exchange.user_remove(&admin, alice, None).await;
    assert_eq!(refused.expect_err("she has a number").code, "number_held");
    // Back again, as she was.
    house
        .patch(alice, json!([{ "op": "replace", "value": { "active": true } }]))
        .await
        .expect("back");
    let edge = house.edge_knows().await;
    let record = edge.user_record(alice.into()).expect("she is there");
    assert!(record.licensed && record.phone.is_some());

    house.frees_leavers().await;
    let seen = house.patch(alice, off).await.expect("deactivated");
    assert_eq!(seen.get("phoneNumbers"), None);
    assert_eq!(house.status_of(number).await, "Unassigned");
    house.exchange.scim_user_remove(&admin, alice, None).await.expect("removed");
    assert_eq!(house.one(alice).await.expect_err("gone").code, "not_found");
    let again = house.exchange.scim_user_remove(&admin, alice, None).await;
    assert_eq!(again.expect_err("gone").code, "not_found");
    let edge = house.edge_knows().await;
    assert!(edge.user_record(alice.into()).is_none());
    let queue = house.exchange.resource_account_get(&admin, house.queue.id).await.expect("there");
    assert_eq!(queue.agent_ids, [house.bob.id], "the queue rings on without her");
    let start = Position { epoch: house.exchange.epoch(), position: 0 };
    let types = ["user.removed".to_owned()];
    let told = house.exchange.events_since(&admin, start, &types).await.expect("events").items;
    assert!(
        matches!(&told[..], [one] if matches!(&one.what, EventData::UserRemoved(t) if t.id == alice.to_string()))
    );
    // The name is free again.
    house.add(json!({ "userName": "alice@contoso.example" })).await.expect("added anew");
});

on_both!(whoever_is_removed_leaves_nothing_behind, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let bob = house.bob.id;
    let group = house.exchange.group_create(&admin, doc(json!({ "name": "Sales" }))).await;
    let group = group.expect("a group").id;
    let joins = doc(json!({ "join": [bob] }));
    house.exchange.group_member_edit(&admin, group, joins).await.expect("joined");
    let settings = json!({ "kind": "OnlineDialOutPolicy", "allowed": "None" });
    let policy = doc(json!({ "name": "p", "settings": settings }));
    let policy = house.exchange.policy_create(&admin, policy).await.expect("a policy").id;
    let put = doc(json!({ "kind": "OnlineDialOutPolicy", "policy_id": policy, "user_id": bob }));
    house.exchange.policy_assignment_put(&admin, put).await.expect("assigned");
    house.exchange.user_phone_create(&admin, bob).await.expect("a phone");
    house.exchange.user_remove(&admin, bob, None).await.expect("removed");
    house.edge_knows().await;
    assert_eq!(house.exchange.group_get(&admin, group).await.expect("there").members, 0);
    house.exchange.policy_remove(&admin, policy, None).await.expect("it holds for nobody");
});

on_both!(groups_are_those_that_policies_hold_for, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let (alice, bob) = (house.alice.id.to_string(), house.bob.id.to_string());
    let query = ScimQuery::default();
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Sales", "externalId": "8aa1a0c0", "members": [{ "value": alice }] });
    let made = house.exchange.scim_group_create(&admin, BASE, body.clone(), &query).await;
    let made = made.expect("a group");
    let id: Uuid = made.id.parse().expect("a UUID");
    assert_eq!(made.body["members"][0]["display"], "Alice");
    assert_eq!(house.exchange.group_get(&admin, id).await.expect("the same").members, 1);
    let refused = house.exchange.scim_group_create(&admin, BASE, body, &query).await;
    assert_eq!(refused.expect_err("the name is taken").code, "conflict");

    let names = |group: &Value| -> Vec<String> {
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<_> =
            members.iter().map(|m| m["display"].as_str().unwrap_or("").to_owned()).collect();
        all.sort();
        all
    };
    for (ops, expect) in [
        // Entra adds one, and takes one by its value; Okta replaces all, and names an id.
        (
            json!([{ "op": "Add", "path": "members", "value": [{ "value": bob }] }]),
            vec!["Alice", "Bob"],
        ),
        (
            json!([{ "op": "Remove", "path": "members", "value": [{ "value": alice }] }]),
            vec!["Bob"],
        ),
        (json!([{ "op": "remove", "path": format!("members[value eq \"{bob}\"]") }]), vec![]),
        (
            json!([{ "op": "replace", "path": "members", "value": [{ "value": alice }, { "value": bob }] }]),
            vec!["Alice", "Bob"],
        ),
        (
            json!([{ "op": "replace", "value": { "id": id, "displayName": "Selling" } }]),
            vec!["Alice", "Bob"],
        ),
    ] {
        let group = house.patch_group(id, ops.clone()).await.expect("changed");
        assert_eq!(names(&group), expect, "{ops}");
    }
    assert_eq!(house.exchange.group_get(&admin, id).await.expect("there").name, "Selling");
    let same = json!([{ "op": "replace", "value": { "displayName": "Selling" } }]);
    let group = house.patch_group(id, same).await.expect("what changes nothing is taken");
    assert_eq!(names(&group), ["Alice", "Bob"]);
    for (ops, code) in [
        (
            json!([{ "op": "add", "path": "members", "value": [{ "value": Uuid::from_u128(7) }] }]),
            "scim_invalid_value",
        ),
        (
            json!([{ "op": "add", "path": "members", "value": [{ "value": "Sales" }] }]),
            "scim_invalid_value",
        ),
        (json!([{ "op": "remove", "path": "displayName" }]), "scim_invalid_value"),
    ] {
        let refused = house.patch_group(id, ops.clone()).await.expect_err("refused");
        assert_eq!(refused.code, code, "{ops}");
    }

    // A policy of the group holds for whom the provider puts into it, at an edge too.
    let settings = json!({ "kind": "OnlineDialOutPolicy", "allowed": "None" });
    let policy = doc(json!({ "name": "p", "settings": settings }));
    let policy = house.exchange.policy_create(&admin, policy).await.expect("a policy").id;
    let kind = "OnlineDialOutPolicy";
    let put = doc(json!({ "kind": kind, "policy_id": policy, "group_id": id, "rank": 1 }));
    house.exchange.policy_assignment_put(&admin, put).await.expect("assigned");
    let holds = async || {
        let found = house.exchange.effective_policies(&admin, Some(house.alice.id), None).await;
        found.expect("known").policies.len()
    };
    assert_eq!(holds().await, 1);
    let out = json!([{ "op": "remove", "path": format!("members[value eq \"{alice}\"]") }]);
    house.patch_group(id, out).await.expect("she left");
    assert_eq!(holds().await, 0);

    // Without members, an answer is small; a stale ETag is refused.
    let bare =
        ScimQuery { excluded: Some("members".into()), ..filtered("displayName eq \"selling\"") };
    let found = house.exchange.scim_group_list(&admin, BASE, &bare).await.expect("found");
    assert_eq!((found.total, found.resources[0].get("members")), (1, None));
    let body = json!({ "displayName": "Selling", "members": [] });
    let stale = made.version.as_str();
    let exchange = &house.exchange;
    let refused =
        exchange.scim_group_replace(&admin, BASE, id, Some(stale), body.clone(), &query).await;
    assert_eq!(refused.expect_err("stale").code, "version_mismatch");
    let now = exchange.scim_group_get(&admin, BASE, id, &query).await.expect("there").version;
    let made = exchange.scim_group_replace(&admin, BASE, id, Some(&now), body, &query).await;
    assert_eq!(names(&Value::Object(made.expect("replaced").body)), Vec::<String>::new());
    exchange.scim_group_remove(&admin, id, None).await.expect("removed");
    let gone = exchange.scim_group_get(&admin, BASE, id, &query).await;
    assert_eq!(gone.expect_err("gone").code, "not_found");
});

on_both!(a_replaced_person_keeps_what_the_provider_does_not_know, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let query = ScimQuery::default();
    let before = house.one(house.alice.id).await.expect("there");
    let tag = before["meta"]["version"].as_str().expect("an ETag").to_owned();
    let body = json!({ "userName": "alice@contoso.example", "displayName": "Alice Liddell" });
    let put = async |tag: Option<&str>, body: Value| {
        let exchange = &house.exchange;
        exchange.scim_user_replace(&admin, BASE, house.alice.id, tag, body, &query).await
    };
    let made = put(Some(&tag), body.clone()).await.expect("replaced");
    assert_eq!(made.body["displayName"], "Alice Liddell");
    assert_eq!(made.body[TELEPHONY], before[TELEPHONY], "licence, country and number");
    assert_eq!(made.body["active"], true);
    let stale = put(Some(&tag), body.clone()).await.expect_err("stale");
    assert_eq!(stale.code, "version_mismatch");
    put(Some("*"), body).await.expect("whatever it is at");
});

on_both!(the_directory_has_a_scope_of_its_own, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let query = ScimQuery::default();
    let with = |scopes: &[Scope]| Actor { scopes: scopes.to_vec(), ..house.tenant_admin.clone() };
    for (scopes, may) in [
        (&[Scope::TenantDirectory][..], true),
        (&[Scope::TenantRead, Scope::TenantWrite], false),
        (&[], false),
    ] {
        let found = house.exchange.scim_user_list(&cx(&with(scopes)), BASE, &query).await;
        assert_eq!(found.is_ok(), may, "{scopes:?}");
    }
    let directory = cx(&with(&[Scope::TenantDirectory]));
    let refused = house.exchange.user_get(&directory, house.alice.id).await;
    assert_eq!(refused.expect_err("another face").code, "forbidden");
    // A freeze holds for the provider too.
    let at = |hours| jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours);
    let freeze = json!({ "name": "cutover", "starts_at": at(-1), "ends_at": at(1) });
    let admin = cx(&house.tenant_admin);
    house.exchange.freeze_create(&admin, doc(freeze)).await.expect("frozen");
    let refused = house.add(json!({ "userName": "new@contoso.example" })).await;
    assert_eq!(refused.expect_err("frozen").code, "change_freeze");
});
