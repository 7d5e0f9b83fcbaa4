//! Private and alternate lines: who may have which, what becomes of them, and what edges hear.

use crate::bulk::{Place, codes, e164, file, number, order};
use crate::edges::{edge, follow, take};
use crate::house::cx;
use api_types::Problem;
use api_types::call::{ExplainCall, Explanation};
use api_types::number::{AssignmentPut, Number, NumberSettingsPut};
use api_types::tenant::{User, UserUpdate};
use domain::UserId;
use domain::line::AssignmentCategory;
use domain::routing::World;
use exchange::{ListQuery, NumberFilter, NumberQuestion, TenantOrderFile};
use feed::change::Position;
use feed::snapshot::{Snapshot, WorldRecords};
use feed::wrap::wrap_key;
use serde_json::json;
use testkit::on_both;
use uuid::Uuid;

impl Place {
    async fn give(&self, n: u64, user: Uuid, category: Option<&str>) -> Result<Number, Problem> {
        let put = AssignmentPut {
            user_id: Some(user),
            location_id: Some(self.here),
            category: category.map(str::to_owned),
            ..AssignmentPut::default()
        };
        self.exchange().assignment_put(&cx(&self.town.contoso.actor), e164(n), None, put).await
    }

    async fn user(&self, user: Uuid) -> User {
        let got = self.exchange().user_get(&cx(&self.town.contoso.actor), user).await;
        got.expect("a user")
    }

    /// A person's number, and their other lines.
    async fn lines(&self, user: Uuid) -> (Option<String>, Vec<(String, String)>) {
        let user = self.user(user).await;
        let lines = user.lines.into_iter().map(|line| (line.number, line.category));
        (user.number, lines.collect())
    }

    async fn asked(&self, ask: ExplainCall) -> Explanation {
        let told = self.exchange().explain_call(&cx(&self.town.contoso.actor), ask).await;
        told.expect("an explanation")
    }
}

fn line(n: u64, category: &str) -> (String, String) {
    (number(n), category.to_owned())
}

fn refused(got: Result<Number, Problem>) -> (String, Option<String>) {
    let problem = got.expect_err("refused");
    assert!(!problem.reason.is_empty() && !problem.remedy.is_empty());
    (problem.code, problem.field)
}

on_both!(somebody_has_a_primary_a_private_and_four_alternate_lines, |db| {
    let p = Place::new(db).await;
    let ada = p.people[0];
    // None of them needs another to be there.
    let private = p.give(0, ada, Some("Private")).await.expect("given");
    assert_eq!(private.assignment_category.as_deref(), Some("Private"));
    assert_eq!(p.lines(ada).await, (None, vec![line(0, "Private")]));
    assert_eq!(refused(p.give(1, ada, Some("Private")).await).0, "has_number");
    for n in 1..=4 {
        p.give(n, ada, Some("Alternate")).await.expect("given");
    }
    let field = Some("/category".to_owned());
    let fifth = refused(p.give(5, ada, Some("Alternate")).await);
    assert_eq!(fifth, ("too_many_lines".to_owned(), field.clone()));
    let given = p.give(5, ada, None).await.expect("given");
    assert_eq!(given.assignment_category.as_deref(), Some("Primary"));
    assert_eq!(refused(p.give(6, ada, None).await).0, "has_number");
    assert_eq!(refused(p.give(6, ada, Some("primary")).await), ("invalid_field".to_owned(), field));

    let of = |category: &str| NumberFilter {
        category: Some(category.to_owned()),
        ..NumberFilter::default()
    };
    let tenant = cx(&p.town.contoso.actor);
    for (filter, count) in [
        (of("Primary"), 1),
        (of("Private"), 1),
        (of("Alternate"), 4),
        (NumberFilter { assigned_to_id: Some(ada), ..NumberFilter::default() }, 6),
    ] {
        let page = p.exchange().number_list(&tenant, filter, ListQuery::default()).await;
        assert_eq!(page.expect("lists").items.len(), count);
    }
    let wrong = p.exchange().number_list(&tenant, of("x"), ListQuery::default()).await;
    assert_eq!(wrong.expect_err("no category").code, "invalid_parameter");
    // Each person is there once, however many lines they have, and the operator sees none of them.
    let people = p.exchange().user_list(&tenant, ListQuery::default()).await.expect("lists");
    assert_eq!(people.items.len(), p.people.len());
    let operator = cx(&p.town.alpha.actor);
    let all = NumberFilter::default();
    let theirs = p.exchange().operator_number_list(&operator, all, ListQuery::default()).await;
    assert!(theirs.expect("lists").items.iter().all(|n| n.assignment_category.is_none()));
    let asked = p.exchange().operator_number_list(&operator, of("Private"), ListQuery::default());
    assert_eq!(asked.await.expect_err("not theirs to ask").code, "invalid_parameter");

    // The primary goes, the others stay.
    let free = p.exchange().assignment_remove(&tenant, e164(5), None, None).await.expect("free");
    assert_eq!(free.assignment_category, None);
    let (primary, lines) = p.lines(ada).await;
    assert_eq!((primary, lines.len()), (None, 5));
});

on_both!(what_a_line_demands_is_what_a_number_demands, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let eve = p.town.person(&p.town.contoso, "eve", &[]).await;
    assert_eq!(refused(p.give(0, eve, Some("Private")).await).0, "user_unlicensed");
    let nowhere = AssignmentPut {
        user_id: Some(p.people[0]),
        category: Some("Alternate".into()),
        ..AssignmentPut::default()
    };
    let got = p.exchange().assignment_put(&tenant, e164(0), None, nowhere).await;
    assert_eq!(refused(got).0, "location_required");
    let queue = AssignmentPut {
        resource_account_id: Some(p.queue),
        category: Some("Private".into()),
        ..AssignmentPut::default()
    };
    let got = p.exchange().assignment_put(&tenant, e164(10), None, queue).await;
    assert_eq!(refused(got), ("invalid_field".to_owned(), Some("/category".to_owned())));
    // `explain number` says the same before.
    for (user_id, category, code) in [
        (p.people[0], AssignmentCategory::Private, None),
        (eve, AssignmentCategory::Private, Some("user_unlicensed")),
    ] {
        let ask = NumberQuestion {
            user_id: Some(user_id),
            category: Some(category),
            location_id: Some(p.here),
            ..NumberQuestion::default()
        };
        let told = p.exchange().number_explain(&tenant, e164(0), ask).await.expect("explained");
        let act = told.acts.into_iter().find(|act| act.act == "assign").expect("assign");
        assert_eq!(act.code.as_deref(), code);
    }
});

on_both!(a_number_that_somebody_has_becomes_another_line_and_is_put_back, |db| {
    let p = Place::new(db).await;
    let (ada, bob) = (p.people[0], p.people[1]);
    let tenant = cx(&p.town.contoso.actor);
    p.give(0, ada, None).await.expect("given");
    p.give(1, ada, Some("Alternate")).await.expect("given");
    // What it is already, or nothing, is no change; nor is it another's to have.
    for category in [None, Some("Alternate")] {
        assert_eq!(refused(p.give(1, ada, category).await).0, "already_assigned");
    }
    assert_eq!(refused(p.give(1, bob, Some("Private")).await).0, "already_assigned");
    assert_eq!(refused(p.give(1, ada, Some("Primary")).await).0, "has_number");
    // Replacing a number: the old one is kept beside the new one, which becomes the primary.
    p.give(0, ada, Some("Private")).await.expect("changed");
    p.give(1, ada, Some("Primary")).await.expect("changed");
    assert_eq!(p.lines(ada).await, (Some(number(1)), vec![line(0, "Private")]));

    let undone = p.exchange().assignment_undo(&tenant, e164(1), false).await;
    let (order, entries) = p.end(undone).await;
    assert_eq!(order.status, "success", "{entries:?}");
    let lines = vec![line(0, "Private"), line(1, "Alternate")];
    assert_eq!(p.lines(ada).await, (None, lines));

    // What is taken back comes back as it was.
    p.exchange().assignment_remove(&tenant, e164(0), None, None).await.expect("free");
    let undone = p.exchange().assignment_undo(&tenant, e164(0), false).await;
    assert_eq!(p.end(undone).await.0.status, "success");
    assert_eq!(p.number(0).await.assignment_category.as_deref(), Some("Private"));
});

on_both!(an_order_gives_lines_and_is_undone, |db| {
    let p = Place::new(db).await;
    let (ada, bob) = (p.people[0], p.people[1]);
    let entry = |n: u64, user: Uuid, category: &str| json!({ "number": number(n), "user": user, "category": category });
    let given = json!({ "kind": "assign", "location_id": p.here, "entries": [
        { "number": number(0), "user": ada },
        entry(1, ada, "Private"),
        entry(2, ada, "Alternate"),
        entry(3, ada, "Alternate"),
        entry(4, ada, "Private"),
        entry(5, bob, "Alternate"),
        entry(6, bob, "Second"),
        { "number": number(10), "resource_account": p.queue, "category": "Private" },
    ]});
    let (order_, entries) = p.run(given).await;
    let expect = ["", "", "", "", "has_number", "", "invalid_field", "invalid_field"];
    assert_eq!(codes(&entries), expect, "{entries:?}");
    assert_eq!(entries[6].error.as_ref().and_then(|e| e.field.as_deref()), Some("category"));
    let lines = vec![line(1, "Private"), line(2, "Alternate"), line(3, "Alternate")];
    assert_eq!(p.lines(ada).await, (Some(number(0)), lines.clone()));
    assert_eq!(p.lines(bob).await, (None, vec![line(5, "Alternate")]));

    // One order moves both: an entry sees what those before it did.
    let swap = json!({ "kind": "assign", "entries": [
        entry(0, ada, "Alternate"), entry(2, ada, "Primary"), entry(3, ada, "Alternate"),
    ]});
    let (swapped, entries) = p.run(swap).await;
    assert_eq!(codes(&entries), ["", "", "already_assigned"], "{entries:?}");
    assert_eq!(p.lines(ada).await.0, Some(number(2)));
    let (undone, entries) = p.undo(&swapped).await;
    assert_eq!(undone.status, "partial_success", "{entries:?}");
    // The first entry would make a second primary; tried again once the other is back, it goes.
    let tenant = cx(&p.town.contoso.actor);
    let again = p.exchange().tenant_order_retry(&tenant, undone.id).await;
    let (retried, entries) = p.end(again).await;
    assert_eq!(retried.status, "success", "{entries:?}");
    assert_eq!(p.lines(ada).await, (Some(number(0)), lines));

    // Who takes the numbers back takes the lines back.
    let (_, entries) = p.run(Place::over_numbers("unassign", &[1, 5])).await;
    assert_eq!(codes(&entries), ["", ""]);
    assert_eq!(p.number(1).await.assignment_category, None);
    assert_eq!(order_.succeeded, 5);

    // The same by a file.
    let head = order(json!({ "kind": "assign", "location_id": p.here, "entries": [] }));
    let rows = format!("number,user,category\n{},{bob},Private\n{},{bob},\n", number(1), number(7));
    let file = TenantOrderFile { file: file(&rows), columns: None };
    let placed = p.exchange().tenant_order_file(&tenant, head, file).await;
    let (done, entries) = p.end(placed).await;
    assert_eq!(done.status, "success", "{entries:?}");
    assert_eq!(p.lines(bob).await, (Some(number(7)), vec![line(1, "Private")]));
});

on_both!(all_lines_of_whoever_leaves_go_or_hold_them, |db| {
    let p = Place::new(db).await;
    let (ada, bob) = (p.people[0], p.people[1]);
    let tenant = cx(&p.town.contoso.actor);
    for (user, first) in [(ada, 0), (bob, 3)] {
        p.give(first, user, Some("Private")).await.expect("given");
        p.give(first + 1, user, Some("Alternate")).await.expect("given");
    }
    let version = p.user(ada).await.version;
    let held = p.exchange().user_remove(&tenant, ada, Some(version)).await;
    assert_eq!(held.expect_err("a private line holds them").code, "number_held");
    let frees = NumberSettingsPut { free_numbers_of_leavers: true, ..NumberSettingsPut::default() };
    p.exchange().number_settings_put(&tenant, Some(0), frees).await.expect("settings");
    p.exchange().user_remove(&tenant, ada, Some(version)).await.expect("gone");
    let version = p.user(bob).await.version;
    let gone = UserUpdate { active: Some(false), ..UserUpdate::default() };
    p.exchange().user_update(&tenant, bob, Some(version), gone).await.expect("deactivated");
    for n in [0, 1, 3, 4] {
        assert_eq!(p.number(n).await.assignment_status, "Unassigned", "{n}");
    }
    assert_eq!(p.lines(bob).await, (None, Vec::new()));
});

on_both!(explained_calls_ring_every_line_and_leave_by_those_that_may, |db| {
    let p = Place::new(db).await;
    let (ada, bob) = (p.people[0], p.people[1]);
    p.give(0, ada, None).await.expect("given");
    p.give(1, ada, Some("Private")).await.expect("given");
    p.give(2, ada, Some("Alternate")).await.expect("given");
    p.give(3, bob, Some("Alternate")).await.expect("given");
    let ask = |user: Option<Uuid>, by: Option<u64>, called: &str| ExplainCall {
        from_user_id: user,
        inbound: user.is_none(),
        from_address: None,
        from_conference_bridge_id: None,
        from_number: None,
        on_behalf_of_number: by.map(number),
        called: called.to_owned(),
    };
    for n in [0, 1, 2] {
        let told = p.asked(ask(None, None, &number(n))).await;
        assert_eq!((told.routed, told.kind.as_deref()), (true, Some("inbound")), "{n}");
    }
    for (user, by, called, expect) in [
        (ada, None, "+493012345678", Some(0)),
        (ada, Some(2), "+493012345678", Some(2)),
        (ada, Some(1), "+493012345678", Some(0)),
        (bob, Some(3), "+493012345678", Some(3)),
        (bob, None, "999", Some(3)),
        (bob, None, "+493012345678", None),
    ] {
        let told = p.asked(ask(Some(user), by, called)).await;
        let Some(expect) = expect else {
            assert_eq!(told.code.as_deref(), Some("user_has_no_number"));
            continue;
        };
        let leaves = format!("{} is operator ", number(expect));
        assert!(told.steps.iter().any(|step| step.found.starts_with(&leaves)), "{by:?} {told:?}");
    }

    // Edges hear the same, by snapshot and by the log.
    let (exchange, key) = (p.exchange(), wrap_key("token"));
    let edge = edge(exchange, &p.town.owner).await;
    let start = Position { epoch: exchange.epoch(), position: 0 };
    let mut log = Snapshot::from_records(WorldRecords::empty(start, 0));
    for entry in follow(exchange, &edge, start, 1000).await {
        log.apply(&entry);
    }
    for world in [take(exchange, &edge, &key).await, log] {
        let seen = world.number(e164(1)).expect("known");
        assert_eq!(seen.category, AssignmentCategory::Private);
        let bob = world.user(UserId(bob)).expect("known");
        assert_eq!((bob.number, bob.alternate), (None, Some(e164(3))));
    }
});
