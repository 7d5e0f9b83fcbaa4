use crate::house::{Town, Worker, cx, cx_key, finished, meddle, town, town_in};
use api_types::number::{NumberOrderCreate, NumberOrderEntry, NumberOrderEntryCreate};
use api_types::tenant::{ConsentUpdate, RelationshipUpdate};
use exchange::{Exchange, ExchangeConfig, ListQuery, NumberFilter};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use testkit::on_both;
use uuid::Uuid;

fn entry(value: serde_json::Value) -> NumberOrderEntryCreate {
    serde_json::from_value(value).expect("an entry")
}

fn codes(entries: &[NumberOrderEntry]) -> Vec<&str> {
    entries.iter().map(|e| e.error.as_ref().map_or("", |error| error.code.as_str())).collect()
}

fn numbered(from: u64, count: usize) -> Vec<String> {
    (0..count as u64).map(|n| format!("+{}", from + n)).collect()
}

async fn held(town: &Town) -> Vec<String> {
    let cx = cx(&town.contoso.actor);
    let (mut cursor, mut all) = (None, Vec::new());
    loop {
        let list = ListQuery { cursor, limit: 1000 };
        let page = town.exchange.number_list(&cx, NumberFilter::default(), list).await;
        let page = page.expect("lists");
        all.extend(page.items.into_iter().map(|n| n.number));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

on_both!(the_gate_before_any_entry, |db| {
    let town = town(db).await;
    let (exchange, cx) = (&town.exchange, cx(&town.alpha.actor));
    let one = || town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    let refused = async |order: NumberOrderCreate| {
        let problem = exchange.number_order_create(&cx, order).await.expect_err("refused");
        assert!(!problem.reason.is_empty() && !problem.remedy.is_empty());
        (problem.code, problem.field)
    };
    let said = |code: &str, field: &str| (code.to_owned(), Some(field.to_owned()));
    let many = numbered(442_079_465_000, 1001);
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = town.upload(&town.alpha, &town.contoso, &many);
    assert_eq!(refused(many).await, said("too_many_entries", "/entries"));
    assert_eq!(
        refused(NumberOrderCreate { entries: vec![], ..one() }).await,
        said("no_entries", "/entries")
    );
    let odd = NumberOrderCreate { kind: "port".into(), ..one() };
    assert_eq!(refused(odd).await, said("invalid_field", "/kind"));
    let odd = NumberOrderCreate { usage: Some("Fax".into()), ..one() };
    assert_eq!(refused(odd).await, said("invalid_field", "/usage"));
    let odd = NumberOrderCreate { ticket_id: Some("x".repeat(65)), ..one() };
    assert_eq!(refused(odd).await, said("invalid_field", "/ticket_id"));

    assert_eq!(refused(one()).await, said("no_consent", "/tenant_id"));
    let release = NumberOrderCreate { kind: "release".into(), ..one() };
    assert_eq!(refused(release).await, said("no_consent", "/tenant_id"));
    town.agree(&town.contoso, &town.alpha).await;
    // The story's third step: people's numbers before there is any emergency location.
    assert_eq!(refused(one()).await, said("no_emergency_location", "/tenant_id"));
    town.settle(&town.contoso, "GB").await;
    exchange.number_order_create(&cx, one()).await.expect("now it is taken");

    let tenant = crate::house::cx(&town.contoso.actor);
    let status = |status: &str| ConsentUpdate { status: Some(status.into()), ..Default::default() };
    let suspend = exchange.consent_update(&tenant, town.alpha.id, Some(1), status("Suspended"));
    suspend.await.expect("suspended");
    assert_eq!(refused(one()).await, said("consent_suspended", "/tenant_id"));
    let resume = exchange.consent_update(&tenant, town.alpha.id, Some(2), status("Active"));
    resume.await.expect("resumed");
    let decline =
        RelationshipUpdate { status: "ConsentDeclined".into(), comment: Some("no".into()) };
    exchange.relationship_update(&cx, town.contoso.id, Some(3), decline).await.expect("declined");
    assert_eq!(refused(one()).await, said("relationship_ended", "/tenant_id"));
    let orders = exchange.number_order_list(&cx, ListQuery::default()).await.expect("lists");
    assert_eq!(orders.items.len(), 1, "a refused order leaves nothing");
});

on_both!(good_entries_commit_and_bad_ones_say_why, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.agree(&town.fabrikam, &town.alpha).await;
    let location = town.settle(&town.contoso, "GB").await;
    let berlin = town.settle(&town.contoso, "DE").await;
    town.settle(&town.fabrikam, "GB").await;
    let theirs = town.upload(&town.alpha, &town.fabrikam, &["+442079460500"]);
    assert_eq!(town.run(&town.alpha, theirs).await.0.status, "success");
    let before = town.upload(&town.alpha, &town.contoso, &["+442079460009"]);
    assert_eq!(town.run(&town.alpha, before).await.0.status, "success");

    let mut order = town.upload(&town.alpha, &town.contoso, &["+442079460001", "+442079460002"]);
    let number = |n: &str| serde_json::json!({ "number": n });
    let with = |n: &str, field: &str, value: serde_json::Value| {
        let mut entry = number(n);
        entry[field] = value;
        entry
    };
    let rest = [
        (number("0207 946 0003"), "invalid_number", Some("number")),
        (number("+4930901820"), "country_not_consented", Some("number")),
        (number("+442079469999"), "outside_ranges", Some("number")),
        (number("+442079462001"), "outside_ranges", Some("number")),
        (number("+442079460500"), "held_elsewhere", Some("number")),
        (number("+442079460009"), "already_uploaded", Some("number")),
        (number("+442079460001"), "duplicate_entry", Some("number")),
        (with("+442079460010", "usage", "Fax".into()), "invalid_field", Some("usage")),
        (
            with("+442079460011", "calling_profile_id", town.beta.profile.to_string().into()),
            "profile_unusable",
            Some("calling_profile_id"),
        ),
        (
            with("+442079460012", "location_id", Uuid::nil().to_string().into()),
            "unknown_location",
            Some("location_id"),
        ),
        (
            with("+442079460013", "location_id", berlin.to_string().into()),
            "location_country",
            Some("location_id"),
        ),
        (with("+442079460014", "country", "DE".into()), "invalid_field", Some("country")),
        // A range that nobody knows is still in the country of its calling code.
        (with("+4900000001", "country", "GB".into()), "invalid_field", Some("country")),
        (number("+80012345678"), "country_unknown", Some("country")),
        (with("+442079460015", "location_id", location.to_string().into()), "", None),
        (with("+442079460016", "usage", "ConferenceAssigned".into()), "", None),
    ];
    order.entries.extend(rest.iter().map(|(value, ..)| entry(value.clone())));
    let (done, entries) = town.run(&town.alpha, order).await;
    assert_eq!(done.status, "partial_success");
    assert_eq!((done.total, done.done, done.succeeded, done.failed), (18, 18, 4, 14));
    let expect: Vec<&str> =
        ["", ""].into_iter().chain(rest.iter().map(|(_, code, _)| *code)).collect();
    assert_eq!(codes(&entries), expect);
    for (entry, (_, _, field)) in entries[2..].iter().zip(&rest) {
        if let Some(error) = &entry.error {
            assert_eq!(error.field.as_deref(), *field, "{error:?}");
            assert!(!error.reason.is_empty() && !error.remedy.is_empty());
        }
    }
    let expect: Vec<String> = [1, 2, 9, 15, 16].map(|n| format!("+4420794600{n:02}")).to_vec();
    assert_eq!(held(&town).await, expect);
    // Another operator sees nothing of the order.
    let beta = cx(&town.beta.actor);
    let hidden = town.exchange.number_order_get(&beta, done.id).await.expect_err("not its own");
    assert_eq!(hidden.code, "not_found");
    let hidden = town.exchange.number_order_entries(&beta, done.id, ListQuery::default()).await;
    assert_eq!(hidden.expect_err("not its own").code, "not_found");
});

on_both!(control_characters_spoil_an_entry_not_the_order, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let mut order = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    let odd = [
        (serde_json::json!({ "number": "+44\u{0}2079460002" }), "number"),
        (serde_json::json!({ "number": "+442079460003", "usage": "Fax\u{0}" }), "usage"),
        (serde_json::json!({ "number": "+442079460004", "country": "G\u{0}" }), "country"),
        (serde_json::json!({ "number": "+44\u{0}2079460002" }), "number"),
    ];
    order.entries.extend(odd.iter().map(|(value, _)| entry(value.clone())));
    let (done, entries) = town.run(&town.alpha, order).await;
    assert_eq!(done.status, "partial_success");
    assert_eq!(
        codes(&entries),
        ["", "invalid_number", "invalid_field", "invalid_field", "duplicate_entry"]
    );
    assert_eq!(entries[1].number, "+44\u{fffd}2079460002");
    for (entry, (_, field)) in entries[1..].iter().zip(&odd) {
        assert_eq!(entry.error.as_ref().and_then(|e| e.field.as_deref()), Some(*field));
    }
    assert_eq!(held(&town).await, ["+442079460001"]);
});

on_both!(a_mixed_order_without_a_location_keeps_its_queue_numbers, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    let mut order = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    order.entries.push(entry(serde_json::json!({
        "number": "+442079460002", "usage": "FirstPartyAppAssignment"
    })));
    let (done, entries) = town.run(&town.alpha, order).await;
    assert_eq!(done.status, "partial_success");
    assert_eq!(codes(&entries), ["no_emergency_location", ""]);
});

on_both!(a_trial_changes_nothing, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let mut order = town.upload(&town.alpha, &town.contoso, &["+442079460001", "+1"]);
    order.dry_run = true;
    let (done, entries) = town.run(&town.alpha, order).await;
    assert!(done.dry_run);
    assert_eq!(codes(&entries), ["", "invalid_number"]);
    assert!(held(&town).await.is_empty());
});

on_both!(numbers_are_released_once_they_are_free, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    let location = town.settle(&town.contoso, "GB").await;
    let all = ["+442079460001", "+442079460002"];
    let order = town.upload(&town.alpha, &town.contoso, &all);
    assert_eq!(town.run(&town.alpha, order).await.0.status, "success");
    let alice = town.person(&town.contoso, "alice", &["teams_phone"]).await;
    let put = serde_json::json!({ "user_id": alice, "location_id": location });
    let put = serde_json::from_value(put).expect("an assignment");
    let number = all[0].parse().expect("a number");
    let tenant = cx(&town.contoso.actor);
    town.exchange.assignment_put(&tenant, number, None, put).await.expect("given");

    let release = |numbers: &[&str]| NumberOrderCreate {
        kind: "release".into(),
        ..town.upload(&town.alpha, &town.contoso, numbers)
    };
    let (done, entries) =
        town.run(&town.alpha, release(&[all[0], all[1], "+442079460003", "x"])).await;
    assert_eq!(done.status, "partial_success");
    assert_eq!(codes(&entries), ["still_assigned", "", "not_held", "invalid_number"]);
    assert_eq!(held(&town).await, [all[0]]);
    town.exchange.assignment_remove(&tenant, number, None, None).await.expect("free");
    assert_eq!(town.run(&town.alpha, release(&[all[0]])).await.0.status, "success");
    assert!(held(&town).await.is_empty());
});

on_both!(a_repeated_key_places_one_order, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let order = || town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    let keyed = cx_key(&town.alpha.actor, "order", 1);
    let first = town.exchange.number_order_create(&keyed, order()).await.expect("taken");
    let again = town.exchange.number_order_create(&keyed, order()).await.expect("the same");
    assert_eq!(first.id, again.id);
    let other = cx_key(&town.alpha.actor, "order", 2);
    let other = town.exchange.number_order_create(&other, order()).await;
    assert_eq!(other.expect_err("another request").code, "idempotency_mismatch");
});

on_both!(a_killed_worker_s_order_is_finished_exactly_once, |db| {
    const COUNT: usize = 300;
    let small = || ExchangeConfig { order_chunk: 7, ..ExchangeConfig::new(&db.url) };
    let town = town_in(Exchange::open(small()).await.expect("opens")).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let numbers = numbered(442_079_465_000, COUNT);
    let texts: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let order = town.upload(&town.alpha, &town.contoso, &texts);
    let placed = town.exchange.number_order_create(&cx(&town.alpha.actor), order).await;
    let id = placed.expect("taken").id;
    let worker = Worker::start(&town.exchange);
    let deadline = Instant::now() + Duration::from_secs(20);
    let seen = loop {
        let now = town.exchange.number_order_get(&cx(&town.alpha.actor), id).await.expect("reads");
        if now.done > 0 {
            break now;
        }
        assert!(Instant::now() < deadline, "the worker does not begin");
        tokio::task::yield_now().await;
    };
    worker.kill().await;
    assert!(seen.finished_at.is_none(), "the kill came too late to tell anything");
    let between = town.exchange.number_order_get(&cx(&town.alpha.actor), id).await.expect("reads");
    // What is told as done is there, and nothing else.
    assert_eq!(held(&town).await.len(), between.succeeded as usize);

    // Another process takes over once the lease has run out; two of them, to see that one does.
    let (one, other) = (
        Exchange::open(small()).await.expect("opens again"),
        Exchange::open(small()).await.expect("and again"),
    );
    let workers = [Worker::start(&one), Worker::start(&other)];
    let done = finished(&one, &town.alpha, id).await;
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(done.status, "success");
    assert_eq!((done.done, done.succeeded, done.failed), (300, 300, 0));
    assert_eq!(held(&town).await, numbers);
    // The log says so too: each number was put once.
    let owner = cx(&town.owner);
    let client = crate::house::client("edge");
    let edge = town.exchange.client_create(&owner, client).await.expect("a client");
    let edge = crate::house::sign_in(&town.exchange, &edge).await;
    let mut put: BTreeMap<String, usize> = BTreeMap::new();
    let mut at = feed::change::Position { epoch: town.exchange.epoch(), position: 0 };
    loop {
        let more = town.exchange.changes_since(&cx(&edge), at, 1000).await.expect("changes");
        let Some(last) = more.last() else { break };
        at.position = last.position;
        for change in more {
            if let feed::change::Change::NumbersPut { numbers } = change.change {
                for number in numbers {
                    *put.entry(number.number.to_string()).or_default() += 1;
                }
            }
        }
    }
    assert_eq!(put.len(), COUNT);
    assert!(put.values().all(|times| *times == 1), "{put:?}");
});

on_both!(two_orders_for_the_same_numbers, |db| {
    let small = ExchangeConfig { order_chunk: 5, ..ExchangeConfig::new(&db.url) };
    let town = town_in(Exchange::open(small).await.expect("opens")).await;
    for company in [&town.contoso, &town.fabrikam] {
        town.agree(company, &town.alpha).await;
        town.settle(company, "GB").await;
    }
    let numbers = numbered(442_079_465_000, 60);
    let there: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let back: Vec<&str> = there.iter().rev().copied().collect();
    let operator = cx(&town.alpha.actor);
    let mut ids = Vec::new();
    for (company, numbers) in [(&town.contoso, there), (&town.fabrikam, back)] {
        let order = town.upload(&town.alpha, company, &numbers);
        ids.push(town.exchange.number_order_create(&operator, order).await.expect("taken").id);
    }
    let workers = [Worker::start(&town.exchange), Worker::start(&town.exchange)];
    let mut succeeded = 0;
    for id in ids {
        let done = finished(&town.exchange, &town.alpha, id).await;
        assert_eq!(done.done, 60);
        succeeded += done.succeeded;
    }
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(succeeded, 60, "each number has one owner");
});

on_both!(a_consent_that_went_stops_a_waiting_order, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    let placed = town.exchange.number_order_create(&cx(&town.alpha.actor), order).await;
    let tenant = cx(&town.contoso.actor);
    town.exchange.consent_remove(&tenant, town.alpha.id, None).await.expect("no numbers yet");
    let worker = Worker::start(&town.exchange);
    let done = finished(&town.exchange, &town.alpha, placed.expect("taken").id).await;
    worker.stop().await;
    assert_eq!((done.status.as_str(), done.failed), ("error", 1));
    assert!(held(&town).await.is_empty());
});

on_both!(no_consent_is_removed_under_numbers, |db| {
    let small = ExchangeConfig { order_chunk: 2, ..ExchangeConfig::new(&db.url) };
    let town = town_in(Exchange::open(small).await.expect("opens")).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let (operator, tenant) = (cx(&town.alpha.actor), cx(&town.contoso.actor));
    let worker = Worker::start(&town.exchange);
    for round in 0..12 {
        let numbers = numbered(442_079_465_000 + 10 * round, 6);
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let order = town.upload(&town.alpha, &town.contoso, &numbers);
        let placed = town.exchange.number_order_create(&operator, order.clone()).await;
        let removing = tokio::spawn({
            let (exchange, tenant, alpha) = (town.exchange.clone(), tenant.clone(), town.alpha.id);
            // Not to wait for anything: to meet the worker at another place each round.
            let later = Duration::from_micros(700 * round);
            async move {
                tokio::time::sleep(later).await;
                exchange.consent_remove(&tenant, alpha, None).await
            }
        });
        let done = finished(&town.exchange, &town.alpha, placed.expect("taken").id).await;
        let removed = match removing.await.expect("ends well") {
            Ok(_) => true,
            Err(refused) => {
                assert_eq!(refused.code, "numbers_remain");
                false
            }
        };
        let left = held(&town).await;
        if removed {
            assert!(left.is_empty(), "{left:?} without a consent");
            assert_eq!(done.failed, 6);
            town.agree(&town.contoso, &town.alpha).await;
        } else {
            assert_eq!(left.len(), 6);
            let release = NumberOrderCreate { kind: "release".into(), ..order };
            let release = town.exchange.number_order_create(&operator, release).await;
            finished(&town.exchange, &town.alpha, release.expect("taken").id).await;
            assert!(held(&town).await.is_empty());
        }
    }
    worker.stop().await;
});

on_both!(an_order_that_always_fails_ends, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460001", "x", "x"]);
    let placed = town.exchange.number_order_create(&cx(&town.alpha.actor), order).await;
    let id = placed.expect("taken").id;
    let (away, back) = if db.name == "sqlite" {
        ("ALTER TABLE number RENAME TO number_away", "ALTER TABLE number_away RENAME TO number")
    } else {
        // New connections find the table they prepare their questions for.
        (
            "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'away'; END $$; \
             CREATE TRIGGER away BEFORE INSERT ON number EXECUTE FUNCTION away()",
            "DROP TRIGGER away ON number",
        )
    };
    meddle(db, away).await;
    // It has failed nine times already.
    meddle(db, "UPDATE job SET attempts = 9").await;
    let worker = Worker::start(&town.exchange);
    let done = finished(&town.exchange, &town.alpha, id).await;
    worker.stop().await;
    assert_eq!(done.status, "error");
    assert_eq!((done.total, done.done, done.succeeded, done.failed), (3, 3, 0, 3));
    meddle(db, back).await;
    let list = ListQuery { cursor: None, limit: 10 };
    let entries =
        town.exchange.number_order_entries(&cx(&town.alpha.actor), id, list).await.expect("lists");
    assert_eq!(codes(&entries.items), ["internal", "internal", "duplicate_entry"]);
    let store = store::Store::open(&db.url).await.expect("opens");
    let waiting = store.read().await.expect("reads").job_waiting(i64::MAX).await;
    assert_eq!(waiting, Ok(false), "nobody tries it again");
});
