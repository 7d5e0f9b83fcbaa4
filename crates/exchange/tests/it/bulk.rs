//! What a tenant does to many numbers at once, what an operator changes of its own, and what
//! undoes either: each entry succeeds or fails alone, and says why.

use crate::house::{Town, Worker, cx, cx_key, meddle, town};
use api_types::Problem;
use api_types::number::{
    AssignmentBlockPut, AssignmentPut, Number, NumberOrder, NumberOrderCreate, NumberOrderEntry,
    NumberSettingsPut, TagsPut, TenantOrderCreate,
};
use api_types::tenant::ResourceAccountCreate;
use exchange::{Exchange, ListQuery, Narrow, NumberFilter};
use numbering::E164;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};
use testkit::on_both;
use uuid::Uuid;

const FIRST: u64 = 442_079_460_000;

pub fn number(n: u64) -> String {
    format!("+{}", FIRST + n)
}

pub fn e164(n: u64) -> E164 {
    E164::parse(&number(n)).expect("a number")
}

pub fn order(value: Value) -> TenantOrderCreate {
    serde_json::from_value(value).expect("an order")
}

pub fn file(text: &str) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

pub fn codes(entries: &[NumberOrderEntry]) -> Vec<&str> {
    entries.iter().map(|e| e.error.as_ref().map_or("", |error| error.code.as_str())).collect()
}

pub fn code<T>(refused: Result<T, Problem>) -> String {
    match refused {
        Err(problem) => problem.code,
        Ok(_) => "taken".to_owned(),
    }
}

/// Contoso with an office, people and a queue, and numbers of Alpha.
pub struct Place {
    pub town: Town,
    pub here: Uuid,
    pub berlin: Uuid,
    pub people: Vec<Uuid>,
    pub queue: Uuid,
}

impl Place {
    /// Numbers 0 to 9 are for people, 10 and 11 for queues.
    pub async fn new(db: &testkit::Database) -> Self {
        Self::over(town(db).await, 10, 4).await
    }

    pub async fn over(town: Town, numbers: u64, people: usize) -> Self {
        town.agree(&town.contoso, &town.alpha).await;
        let here = town.settle(&town.contoso, "GB").await;
        let berlin = town.settle(&town.contoso, "DE").await;
        let own: Vec<String> = (0..numbers).map(number).collect();
        let texts: Vec<&str> = own.iter().map(String::as_str).collect();
        let mut upload = town.upload(&town.alpha, &town.contoso, &texts);
        for n in [numbers, numbers + 1] {
            let entry = json!({ "number": number(n), "usage": "FirstPartyAppAssignment" });
            upload.entries.push(serde_json::from_value(entry).expect("an entry"));
        }
        assert_eq!(town.run(&town.alpha, upload).await.0.status, "success");
        let mut ids = Vec::new();
        for n in 0..people {
            let name = format!("user{n}");
            ids.push(town.person(&town.contoso, &name, &["teams_phone"]).await);
        }
        let queue = ResourceAccountCreate {
            upn: "sales@contoso.example".into(),
            display_name: "Sales".into(),
            kind: "call_queue".into(),
            licences: vec!["resource_account".into()],
            agent_ids: vec![ids[0]],
            ring_seconds: None,
        };
        let made = town.exchange.resource_account_create(&cx(&town.contoso.actor), queue).await;
        let queue = made.expect("a queue").id;
        Self { town, here, berlin, people: ids, queue }
    }

    pub fn exchange(&self) -> &Exchange {
        &self.town.exchange
    }

    pub async fn number(&self, n: u64) -> Number {
        let got = self.exchange().number_get(&cx(&self.town.contoso.actor), e164(n)).await;
        got.expect("the number")
    }

    /// Has a worker run an order to its end.
    pub async fn end(
        &self,
        placed: Result<NumberOrder, Problem>,
    ) -> (NumberOrder, Vec<NumberOrderEntry>) {
        let placed = placed.unwrap_or_else(|problem| panic!("{problem}"));
        let worker = Worker::start(self.exchange());
        let (cx, deadline) =
            (cx(&self.town.contoso.actor), Instant::now() + Duration::from_secs(60));
        let by_tenant = placed.operator_id.is_none();
        let operator = crate::house::cx(&self.town.alpha.actor);
        let order = loop {
            let now = match by_tenant {
                true => self.exchange().tenant_order_get(&cx, placed.id).await,
                false => self.exchange().number_order_get(&operator, placed.id).await,
            };
            let now = now.expect("the order");
            if now.finished_at.is_some() {
                break now;
            }
            assert!(Instant::now() < deadline, "the order does not end: {now:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        worker.stop().await;
        let list = ListQuery { cursor: None, limit: 1000 };
        let entries = match by_tenant {
            true => self.exchange().tenant_order_entries(&cx, placed.id, list).await,
            false => self.exchange().number_order_entries(&operator, placed.id, list).await,
        };
        (order, entries.expect("entries").items)
    }

    pub async fn run(&self, value: Value) -> (NumberOrder, Vec<NumberOrderEntry>) {
        let placed =
            self.exchange().tenant_order_create(&cx(&self.town.contoso.actor), order(value)).await;
        self.end(placed).await
    }

    async fn refused(&self, value: Value) -> (String, Option<String>) {
        let placed =
            self.exchange().tenant_order_create(&cx(&self.town.contoso.actor), order(value)).await;
        let problem = placed.expect_err("refused");
        assert!(!problem.reason.is_empty() && !problem.remedy.is_empty());
        (problem.code, problem.field)
    }

    pub async fn undo(&self, order: &NumberOrder) -> (NumberOrder, Vec<NumberOrderEntry>) {
        let tenant = cx(&self.town.contoso.actor);
        let operator = cx(&self.town.alpha.actor);
        let placed = match order.operator_id {
            None => self.exchange().tenant_order_undo(&tenant, order.id, false).await,
            Some(_) => self.exchange().number_order_undo(&operator, order.id, false).await,
        };
        self.end(placed).await
    }

    /// User numbers 0, 1, … to users 0, 1, ….
    pub fn assign(&self, count: usize) -> Value {
        let entries: Vec<Value> = (0..count)
            .map(|n| json!({ "number": number(n as u64), "user": self.people[n] }))
            .collect();
        json!({ "kind": "assign", "location_id": self.here, "entries": entries })
    }

    pub fn over_numbers(kind: &str, numbers: &[u64]) -> Value {
        let entries: Vec<Value> = numbers.iter().map(|n| json!({ "number": number(*n) })).collect();
        json!({ "kind": kind, "entries": entries })
    }

    async fn has_number(&self, person: Uuid) -> Option<String> {
        let cx = cx(&self.town.contoso.actor);
        self.exchange().user_get(&cx, person).await.expect("a user").number
    }
}

on_both!(numbers_are_given_and_taken_back_in_bulk, |db| {
    let p = Place::new(db).await;
    let assign = json!({ "kind": "assign", "location_id": p.here, "entries": [
        { "number": number(0), "user": p.people[0] },
        { "number": number(1), "user": "USER1@contoso.example" },
        { "number": number(10), "resource_account": "sales@contoso.example" },
        { "number": number(2), "user": "nobody@contoso.example" },
        { "number": number(3), "user": p.people[3], "location_id": p.berlin },
        { "number": number(4), "resource_account": p.queue },
        { "number": number(99), "user": p.people[2] },
        { "number": "0207", "user": "x" },
        { "number": number(0), "user": "y" },
        { "number": number(5), "user": "user1@contoso.example" },
        { "number": number(6) },
    ]});
    let expect = [
        "",
        "",
        "",
        "unknown_user",
        "location_country",
        "wrong_usage",
        "not_found",
        "invalid_number",
        "duplicate_entry",
        "has_number",
        "invalid_field",
    ];
    // A trial says the same, and changes nothing.
    let mut trial = assign.clone();
    trial["dry_run"] = true.into();
    let (done, entries) = p.run(trial).await;
    assert_eq!((done.status.as_str(), done.dry_run), ("partial_success", true));
    assert_eq!(codes(&entries), expect);
    assert_eq!(p.number(0).await.version, 1);

    let (done, entries) = p.run(assign).await;
    assert_eq!((done.status.as_str(), done.succeeded, done.failed), ("partial_success", 3, 8));
    assert_eq!(codes(&entries), expect);
    assert_eq!(entries[3].error.as_ref().and_then(|e| e.field.as_deref()), Some("user"));
    let given = p.number(1).await;
    assert_eq!(
        (given.assignment_status.as_str(), given.location_id),
        ("UserAssigned", Some(p.here))
    );
    assert_eq!(given.assigned_to_id, Some(p.people[1]));
    assert_eq!(p.has_number(p.people[0]).await, Some(number(0)));
    let account = p.exchange().resource_account_get(&cx(&p.town.contoso.actor), p.queue).await;
    assert_eq!(account.expect("a queue").number, Some(number(10)));

    // Who has a number gets no second one, and what somebody has is not given again.
    let again = json!({ "kind": "assign", "location_id": p.here, "entries": [
        { "number": number(7), "user": p.people[0] }, { "number": number(0), "user": p.people[2] },
    ]});
    assert_eq!(codes(&p.run(again).await.1), ["has_number", "already_assigned"]);

    let (done, entries) = p.run(Place::over_numbers("unassign", &[0, 1, 10, 2])).await;
    assert_eq!(codes(&entries), ["", "", "", "not_assigned"]);
    assert_eq!(done.status, "partial_success");
    assert_eq!(p.number(0).await.assignment_status, "Unassigned");
    assert_eq!(p.has_number(p.people[0]).await, None);

    // Nobody else sees the order, and it is not among the operator's.
    for actor in [&p.town.fabrikam.actor, &p.town.alpha.actor] {
        let hidden = p.exchange().tenant_order_get(&cx(actor), done.id).await;
        assert!(["not_found", "forbidden"].contains(&code(hidden).as_str()));
    }
    let theirs = p.exchange().number_order_get(&cx(&p.town.alpha.actor), done.id).await;
    assert_eq!(code(theirs), "not_found");
    let own = Narrow { filter: Some("kind eq unassign".into()), sort: Some("created_at".into()) };
    let list = own.page(ListQuery::default());
    let listed = p.exchange().tenant_order_list(&cx(&p.town.contoso.actor), list).await;
    assert_eq!(listed.expect("lists").items.iter().map(|o| o.id).collect::<Vec<_>>(), [done.id]);
});

on_both!(what_an_order_may_say, |db| {
    let p = Place::new(db).await;
    let one = |kind: &str, field: &str, value: Value| {
        let mut order = Place::over_numbers(kind, &[0]);
        order[field] = value;
        order
    };
    let said = |code: &str, field: &str| (code.to_owned(), Some(field.to_owned()));
    let many: Vec<Value> = (0..1001).map(|n| json!({ "number": number(n) })).collect();
    let eleven: Vec<String> = (0..11).map(|n| format!("t{n}")).collect();
    for (order, expect) in [
        (Place::over_numbers("upload", &[0]), said("invalid_field", "/kind")),
        (Place::over_numbers("unassign", &[]), said("no_entries", "/entries")),
        (one("unassign", "entries", many.into()), said("too_many_entries", "/entries")),
        (one("unassign", "location_id", json!(p.here)), said("invalid_field", "/location_id")),
        (one("unassign", "block", "366".into()), said("invalid_field", "/block")),
        (one("assign", "block", "30".into()), said("invalid_field", "/block")),
        (one("assign", "add_tags", json!(["x"])), said("invalid_field", "/add_tags")),
        (one("usage", "usage", "ConferenceAssignment".into()), said("invalid_field", "/usage")),
        (Place::over_numbers("usage", &[0]), said("invalid_field", "/usage")),
        (Place::over_numbers("tags", &[0]), said("invalid_field", "/add_tags")),
        (one("tags", "add_tags", json!(eleven)), said("too_many_tags", "/add_tags")),
        (one("tags", "add_tags", json!(["x".repeat(51)])), said("invalid_tag", "/add_tags")),
        (
            one("unassign", "entries", json!([{ "number": number(0), "user": "x" }])),
            said("invalid_field", "/entries/0/user"),
        ),
    ] {
        assert_eq!(p.refused(order.clone()).await, expect, "{order}");
    }
    let ten = one("tags", "add_tags", json!(eleven[..10]));
    assert_eq!(p.run(ten).await.0.status, "success");
    let tenant = cx(&p.town.contoso.actor);
    let orders = p.exchange().tenant_order_list(&tenant, ListQuery::default());
    assert_eq!(orders.await.expect("lists").items.len(), 1, "what was refused left nothing");
    // Only who may write places orders.
    let key = cx_key(&p.town.contoso.actor, "k", 1);
    let first = p.exchange().tenant_order_create(&key, order(p.assign(1))).await.expect("taken");
    let again = p.exchange().tenant_order_create(&key, order(p.assign(1))).await.expect("again");
    assert_eq!(first.id, again.id);
});

on_both!(locations_and_usages_change_in_bulk, |db| {
    let p = Place::new(db).await;
    p.run(p.assign(1)).await;
    let set = json!({ "kind": "location", "location_id": p.here, "entries": [
        { "number": number(0) }, { "number": number(1) },
        { "number": number(2), "location_id": p.berlin },
        { "number": number(3), "location_id": Uuid::nil() },
    ]});
    let (_, entries) = p.run(set).await;
    assert_eq!(codes(&entries), ["", "", "location_country", "unknown_location"]);
    assert!(entries[0].warning.is_some(), "it is there already");
    assert_eq!(p.number(1).await.location_id, Some(p.here));
    let (_, entries) = p.run(Place::over_numbers("location", &[0, 1])).await;
    assert_eq!(codes(&entries), ["location_required", ""], "who has a number keeps its location");
    assert_eq!(p.number(1).await.location_id, None);

    let usage = |usage: &str, numbers: &[u64]| {
        let mut order = Place::over_numbers("usage", numbers);
        order["usage"] = usage.into();
        order
    };
    let (_, entries) = p.run(usage("FirstPartyAppAssignment", &[0, 1, 10])).await;
    assert_eq!(codes(&entries), ["still_assigned", "", ""]);
    assert_eq!(p.number(1).await.usage, "FirstPartyAppAssignment");
    let (back, entries) = p.run(usage("CallingUserAssignment", &[1, 10])).await;
    assert_eq!(codes(&entries), ["", ""]);
    let (_, entries) = p.undo(&back).await;
    assert_eq!(codes(&entries), ["", ""]);
    assert_eq!(p.number(10).await.usage, "FirstPartyAppAssignment");
});

on_both!(tags_are_added_removed_filtered_and_undone, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let tag = |add: &[&str], remove: &[&str], numbers: &[u64]| {
        let mut order = Place::over_numbers("tags", numbers);
        order["add_tags"] = json!(add);
        order["remove_tags"] = json!(remove);
        order
    };
    assert_eq!(p.run(tag(&["Sales", "second floor"], &[], &[0, 1])).await.0.status, "success");
    let (change, _) = p.run(tag(&["SALES", "VIP"], &["Second Floor"], &[1, 2])).await;
    assert_eq!(p.number(0).await.tags, ["Sales", "second floor"]);
    assert_eq!(p.number(1).await.tags, ["Sales", "VIP"]);
    // As it was written first.
    assert_eq!(p.number(2).await.tags, ["Sales", "VIP"]);
    let found = async |filter: NumberFilter, narrow: Narrow| {
        let list = narrow.page(ListQuery::default());
        let page = p.exchange().number_list(&tenant, filter, list).await.expect("lists");
        page.items.into_iter().map(|n| n.number).collect::<Vec<_>>()
    };
    let by = |tag: &str| NumberFilter { tag: Some(tag.into()), ..NumberFilter::default() };
    assert_eq!(found(by("sales"), Narrow::default()).await, [0, 1, 2].map(number));
    let filter = Narrow { filter: Some("tag eq 'Second FLOOR'".into()), sort: None };
    assert_eq!(found(NumberFilter::default(), filter).await, [number(0)]);
    let known = p.exchange().tag_list(&tenant, ListQuery::default()).await.expect("lists").items;
    let known: Vec<_> = known.iter().map(|tag| (tag.name.as_str(), tag.numbers)).collect();
    assert_eq!(known, [("Sales", 3), ("second floor", 1), ("VIP", 2)]);
    // Operators see none of it.
    let operator = cx(&p.town.alpha.actor);
    let shown =
        p.exchange().operator_number_list(&operator, NumberFilter::default(), ListQuery::default());
    assert!(shown.await.expect("lists").items.iter().all(|n| n.tags.is_empty()));
    let asked = p.exchange().operator_number_list(&operator, by("sales"), ListQuery::default());
    assert_eq!(code(asked.await), "invalid_parameter");

    // One number's tags are replaced; fifty are the most.
    let put = async |tags: Vec<String>| {
        p.exchange().number_tags_put(&tenant, e164(3), None, TagsPut { tags }).await
    };
    let fifty: Vec<String> = (0..50).map(|n| format!("tag {n:02}")).collect();
    assert_eq!(put(fifty.clone()).await.expect("fifty").tags.len(), 50);
    let more: Vec<String> = fifty.iter().cloned().chain(["one more".into()]).collect();
    assert_eq!(code(put(more).await), "too_many_tags");
    assert_eq!(code(put(vec!["x".repeat(51)]).await), "invalid_tag");
    let (_, entries) = p.run(tag(&["one more"], &[], &[3])).await;
    assert_eq!(codes(&entries), ["too_many_tags"]);
    assert!(put(vec![]).await.expect("none").tags.is_empty());

    let (_, entries) = p.undo(&change).await;
    assert_eq!(codes(&entries), ["", ""]);
    assert_eq!(p.number(1).await.tags, ["Sales", "second floor"]);
    assert!(p.number(2).await.tags.is_empty());
    assert_eq!(codes(&p.undo(&change).await.1), ["moved_on", "moved_on"]);
    // A released number's tags are gone with it.
    let gone = p.town.upload(&p.town.alpha, &p.town.contoso, &[&number(0)]);
    let gone = NumberOrderCreate { kind: "release".into(), ..gone };
    assert_eq!(p.town.run(&p.town.alpha, gone).await.0.status, "success");
    assert_eq!(found(by("sales"), Narrow::default()).await, [number(1)]);
});

on_both!(a_block_keeps_a_number_from_being_given, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let block = async |n: u64, forever: bool, days: Option<u32>| {
        let put = AssignmentBlockPut { forever, days };
        p.exchange().assignment_block_put(&tenant, e164(n), None, put).await
    };
    for (forever, days) in [(true, Some(1)), (false, None), (false, Some(0)), (false, Some(366))] {
        assert_eq!(code(block(0, forever, days).await), "invalid_field");
    }
    let blocked = block(0, false, Some(365)).await.expect("blocked");
    assert_eq!(blocked.assignment_blocked_state, "BlockedUntil");
    assert!(blocked.assignment_blocked_until.is_some());
    assert_eq!(code(block(0, true, None).await), "already_blocked");
    let (_, entries) = p.run(p.assign(1)).await;
    assert_eq!(codes(&entries), ["number_blocked"]);
    let put = AssignmentPut {
        user_id: Some(p.people[0]),
        location_id: Some(p.here),
        ..AssignmentPut::default()
    };
    let one = p.exchange().assignment_put(&tenant, e164(0), None, put.clone()).await;
    assert_eq!(code(one), "number_blocked");
    // It ends by the clock.
    meddle(db, "UPDATE number SET blocked_until = 1 WHERE blocked_until IS NOT NULL").await;
    assert_eq!(p.number(0).await.assignment_blocked_state, "NotBlocked");
    let lift = p.exchange().assignment_block_remove(&tenant, e164(0), None).await;
    assert_eq!(code(lift), "not_blocked");
    p.exchange().assignment_put(&tenant, e164(0), None, put.clone()).await.expect("given");
    assert_eq!(code(block(0, true, None).await), "already_assigned");

    // Taking back: the tenant's default, unless the operation says otherwise.
    let settings = |forever, days| NumberSettingsPut {
        assignment_blocked_forever: forever,
        assignment_blocked_days: days,
        ..NumberSettingsPut::default()
    };
    let both = p.exchange().number_settings_put(&tenant, None, settings(true, Some(3))).await;
    assert_eq!(code(both), "invalid_field");
    let set = p.exchange().number_settings_put(&tenant, None, settings(true, None)).await;
    assert_eq!(set.expect("set").version, 1);
    let stale = p.exchange().number_settings_put(&tenant, Some(7), settings(false, None)).await;
    assert_eq!(code(stale), "version_mismatch");
    let bad = p.exchange().assignment_remove(&tenant, e164(0), None, Some("often")).await;
    assert_eq!(code(bad), "invalid_parameter");
    let back = p.exchange().assignment_remove(&tenant, e164(0), None, None).await.expect("back");
    assert_eq!(back.assignment_blocked_state, "BlockedForever");
    let lifted = p.exchange().assignment_block_remove(&tenant, e164(0), None).await;
    assert_eq!(lifted.expect("lifted").assignment_blocked_state, "NotBlocked");
    p.exchange().assignment_put(&tenant, e164(0), None, put).await.expect("given");
    let back = p.exchange().assignment_remove(&tenant, e164(0), None, Some("none")).await;
    assert_eq!(back.expect("back").assignment_blocked_state, "NotBlocked");
    p.run(p.assign(2)).await;
    let mut thirty = Place::over_numbers("unassign", &[0]);
    thirty["block"] = "30".into();
    p.run(thirty).await;
    assert_eq!(p.number(0).await.assignment_blocked_state, "BlockedUntil");
    p.run(Place::over_numbers("unassign", &[1])).await;
    assert_eq!(p.number(1).await.assignment_blocked_state, "BlockedForever");
});

on_both!(an_order_is_undone_where_the_world_has_not_moved_on, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let (given, _) = p.run(p.assign(3)).await;
    // Since then one was taken back by hand, and another's location was moved.
    p.exchange().assignment_remove(&tenant, e164(1), None, None).await.expect("taken back");
    let (undone, entries) = p.undo(&given).await;
    assert_eq!((undone.kind.as_str(), undone.undoes_id), ("unassign", Some(given.id)));
    assert_eq!(codes(&entries), ["", "moved_on", ""]);
    let free = p.number(0).await;
    assert_eq!((free.assignment_status.as_str(), free.location_id), ("Unassigned", None));
    assert_eq!(codes(&p.undo(&given).await.1), ["moved_on"; 3]);
    // What undid can be undone.
    let (again, entries) = p.undo(&undone).await;
    assert_eq!((again.kind.as_str(), codes(&entries)), ("assign", vec!["", ""]));
    assert_eq!(p.number(0).await.assigned_to_id, Some(p.people[0]));
    assert_eq!(p.number(0).await.location_id, Some(p.here));

    // Taken back with a block, and given back without it, unless its person has another by now.
    let mut taken = Place::over_numbers("unassign", &[0, 2]);
    taken["block"] = "forever".into();
    let (taken, _) = p.run(taken).await;
    let other = json!({ "kind": "assign", "location_id": p.here, "entries": [
        { "number": number(5), "user": p.people[2] }] });
    p.run(other).await;
    let (_, entries) = p.undo(&taken).await;
    assert_eq!(codes(&entries), ["", "has_number"]);
    let back = p.number(0).await;
    assert_eq!(
        (back.assigned_to_id, back.assignment_blocked_state.as_str()),
        (Some(p.people[0]), "NotBlocked")
    );

    // A trial of an undo changes nothing; a trial itself cannot be undone, nor what goes on.
    let trial = p.exchange().tenant_order_undo(&tenant, again.id, true).await;
    let (trial, _) = p.end(trial).await;
    assert!(trial.dry_run && p.number(0).await.assigned_to_id.is_some());
    let undone = p.exchange().tenant_order_undo(&tenant, trial.id, false).await;
    assert_eq!(code(undone), "nothing_to_undo");
    let waiting =
        p.exchange().tenant_order_create(&tenant, order(p.assign(1))).await.expect("taken");
    assert_eq!(
        code(p.exchange().tenant_order_undo(&tenant, waiting.id, false).await),
        "order_unfinished"
    );
    assert_eq!(
        code(p.exchange().tenant_order_retry(&tenant, waiting.id).await),
        "order_unfinished"
    );
});

on_both!(an_assignment_is_undone, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let undo = async || {
        let placed = p.exchange().assignment_undo(&tenant, e164(0), false).await;
        p.end(placed).await
    };
    assert_eq!(
        code(p.exchange().assignment_undo(&tenant, e164(0), false).await),
        "nothing_to_undo"
    );
    assert_eq!(code(p.exchange().assignment_undo(&tenant, e164(99), false).await), "not_found");
    let theirs = p.exchange().assignment_undo(&cx(&p.town.fabrikam.actor), e164(0), false).await;
    assert_eq!(code(theirs), "not_found");
    let put = AssignmentPut {
        user_id: Some(p.people[0]),
        location_id: Some(p.here),
        ..AssignmentPut::default()
    };
    p.exchange().assignment_put(&tenant, e164(0), None, put).await.expect("given");
    let (done, entries) = undo().await;
    assert_eq!((done.kind.as_str(), codes(&entries)), ("unassign", vec![""]));
    let free = p.number(0).await;
    assert_eq!((free.assigned_to_id, free.location_id), (None, None));
    let again = async || code(p.exchange().assignment_undo(&tenant, e164(0), false).await);
    assert_eq!(again().await, "nothing_to_undo", "it was undone");
    p.run(p.assign(1)).await;
    assert_eq!(again().await, "nothing_to_undo", "what an order did is undone by its undo");
    p.exchange().assignment_remove(&tenant, e164(0), None, Some("30")).await.expect("back");
    let (done, entries) = undo().await;
    assert_eq!((done.kind.as_str(), codes(&entries)), ("assign", vec![""]));
    assert_eq!(p.number(0).await.assigned_to_id, Some(p.people[0]));
});
