//! What operators do to many numbers at once, files, and what becomes of what failed.

use crate::bulk::{Place, code, codes, e164, file, number, order};
use crate::house::{Worker, client, cx, meddle, sign_in, town, town_in};
use api_types::identity::ClientCreate;
use api_types::number::{NumberOrderCreate, TenantOrderCreate};
use api_types::tenant::ConsentUpdate;
use exchange::{Exchange, ExchangeConfig, ListQuery, Narrow, NumberFilter, TenantOrderFile};
use feed::change::{Change, Position};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::on_both;
use uuid::Uuid;

on_both!(failed_entries_are_tried_again_and_told_to_the_operator, |db| {
    let p = Place::new(db).await;
    let operator = cx(&p.town.alpha.actor);
    let mut upload =
        p.town.upload(&p.town.alpha, &p.town.contoso, &[&number(20), &number(3000), "+1"]);
    upload.ticket_id = Some("T-1".into());
    upload.dry_run = true;
    p.town.run(&p.town.alpha, upload.clone()).await;
    let inbox = async |actor: &exchange::Actor| {
        let list = p.exchange().order_message_list(&cx(actor), ListQuery::default()).await;
        list.expect("lists").items
    };
    assert!(inbox(&p.town.alpha.actor).await.is_empty(), "a trial leaves nothing to see to");
    upload.dry_run = false;
    let (first, _) = p.town.run(&p.town.alpha, upload).await;
    let messages = inbox(&p.town.alpha.actor).await;
    let told: Vec<_> = messages.iter().map(|m| (m.code.as_str(), m.pointer.as_str())).collect();
    assert_eq!(
        told,
        [("outside_ranges", "/entries/1/number"), ("invalid_number", "/entries/2/number")]
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    );
    for m in &messages {
        assert_eq!(
            (m.order_id, m.tenant_id, m.ticket_id.as_deref()),
            (first.id, p.town.contoso.id, Some("T-1"))
        );
        assert!(!m.title.is_empty() && !m.detail.is_empty() && !m.remedy.is_empty());
    }
    assert!(inbox(&p.town.beta.actor).await.is_empty());
    let other = p.exchange().order_message_dismiss(&cx(&p.town.beta.actor), messages[0].id).await;
    assert_eq!(code(other), "not_found");
    p.exchange().order_message_dismiss(&operator, messages[0].id).await.expect("dismissed");
    let filter = Narrow { filter: Some("code eq outside_ranges".into()), sort: None };
    let left = p.exchange().order_message_list(&operator, filter.page(ListQuery::default())).await;
    assert_eq!(left.expect("lists").items.len(), 1);

    // The range is declared, and what failed for it is good the second time.
    let range = api_types::operator::RangeCreate { first: number(3000), last: number(3000) };
    let declared = p.exchange().range_create(&cx(&p.town.owner), p.town.alpha.id, range).await;
    declared.expect("declared");
    let (again, entries) = p.end(p.exchange().number_order_retry(&operator, first.id).await).await;
    assert_eq!((again.retries_id, again.total, again.kind.as_str()), (Some(first.id), 2, "upload"));
    assert_eq!(codes(&entries), ["", "invalid_number"]);
    assert_eq!(again.ticket_id.as_deref(), Some("T-1"));
    let done = p.town.upload(&p.town.alpha, &p.town.contoso, &[&number(21)]);
    let (done, _) = p.town.run(&p.town.alpha, done).await;
    assert_eq!(code(p.exchange().number_order_retry(&operator, done.id).await), "nothing_failed");
    let theirs = p.exchange().number_order_retry(&cx(&p.town.beta.actor), first.id).await;
    assert_eq!(code(theirs), "not_found");
});

on_both!(an_operator_updates_and_its_orders_are_undone, |db| {
    let p = Place::new(db).await;
    let operator = cx(&p.town.alpha.actor);
    p.run(p.assign(1)).await;
    let update = |extra: Value, numbers: &[u64]| {
        let mut order = json!({ "kind": "update", "tenant_id": p.town.contoso.id,
            "entries": numbers.iter().map(|n| json!({ "number": number(*n) })).collect::<Vec<_>>() });
        for (field, value) in extra.as_object().expect("fields") {
            order[field] = value.clone();
        }
        serde_json::from_value::<NumberOrderCreate>(order).expect("an order")
    };
    let order = update(json!({ "usage": "FirstPartyAppAssignment" }), &[0, 1, 99]);
    let (done, entries) = p.town.run(&p.town.alpha, order).await;
    assert_eq!(codes(&entries), ["still_assigned", "", "not_held"]);
    assert_eq!(p.number(1).await.usage, "FirstPartyAppAssignment");
    let order =
        update(json!({ "location_id": p.here, "allow_tenant_address_update": false }), &[0, 2]);
    let (locked, entries) = p.town.run(&p.town.alpha, order).await;
    assert_eq!(codes(&entries), ["", ""]);
    let now = p.number(2).await;
    assert_eq!((now.location_id, now.location_update_supported), (Some(p.here), false));
    let (_, entries) = p.run(Place::over_numbers("location", &[2])).await;
    assert_eq!(codes(&entries), ["location_locked"]);
    let order = update(json!({ "calling_profile_id": p.town.beta.profile }), &[2]);
    assert_eq!(codes(&p.town.run(&p.town.alpha, order).await.1), ["profile_unusable"]);
    let order = update(json!({ "location_id": p.berlin }), &[2]);
    assert_eq!(codes(&p.town.run(&p.town.alpha, order).await.1), ["location_country"]);
    let (_, entries) = p.undo(&locked).await;
    assert_eq!(codes(&entries), ["", ""]);
    assert!(p.number(2).await.location_update_supported);
    let (_, entries) = p.undo(&done).await;
    assert_eq!(codes(&entries), [""]);
    assert_eq!(p.number(1).await.usage, "CallingUserAssignment");

    // A release comes back as it was; an upload goes, unless the number came again since.
    let release = |n: u64| NumberOrderCreate {
        kind: "release".into(),
        ..p.town.upload(&p.town.alpha, &p.town.contoso, &[&number(n)])
    };
    let (gone, _) = p.town.run(&p.town.alpha, release(10)).await;
    assert_eq!(
        code(p.exchange().number_get(&cx(&p.town.contoso.actor), e164(10)).await),
        "not_found"
    );
    let (back, entries) = p.undo(&gone).await;
    assert_eq!((back.kind.as_str(), codes(&entries)), ("upload", vec![""]));
    let now = p.number(10).await;
    assert_eq!(
        (now.usage.as_str(), now.location_update_supported),
        ("FirstPartyAppAssignment", true)
    );
    assert_eq!(codes(&p.undo(&gone).await.1), ["already_uploaded"]);
    let (up, _) = p
        .town
        .run(
            &p.town.alpha,
            p.town.upload(&p.town.alpha, &p.town.contoso, &[&number(30), &number(31)]),
        )
        .await;
    p.town.run(&p.town.alpha, release(30)).await;
    let again = p.town.upload(&p.town.alpha, &p.town.contoso, &[&number(30)]);
    p.town.run(&p.town.alpha, again).await;
    assert_eq!(codes(&p.undo(&up).await.1), ["moved_on", ""]);
    drop(operator);
});

on_both!(a_file_gives_numbers_and_names_line_and_column, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let place = async |text: &str, columns: Option<&str>| {
        let new = TenantOrderCreate {
            kind: "assign".into(),
            location_id: Some(p.here),
            ..TenantOrderCreate::default()
        };
        let file = TenantOrderFile { file: file(text), columns: columns.map(str::to_owned) };
        p.exchange().tenant_order_file(&tenant, new, file).await
    };
    let text = format!(
        "Rufnummer;Wer;Ort\n'{};user0@contoso.example;\n{};user1@contoso.example;hier\n\n{};;\n",
        number(0),
        number(1),
        number(2)
    );
    let columns = Some("number:rufnummer,user:#2,location_id:Ort");
    let (done, entries) = p.end(place(&text, columns).await).await;
    assert_eq!((done.kind.as_str(), done.total), ("assign", 3));
    let told: Vec<_> = entries
        .iter()
        .map(|e| (e.line, e.column.as_deref(), e.error.as_ref().map(|e| e.code.as_str())))
        .collect();
    assert_eq!(
        told,
        [
            (Some(2), None, None),
            (Some(3), Some("Ort"), Some("invalid_field")),
            (Some(5), Some("Wer"), Some("invalid_field")),
        ]
    );
    assert_eq!(p.number(0).await.assigned_to_id, Some(p.people[0]));
    // What could not be read is not lost when it is tried again.
    let (_, entries) = p.end(p.exchange().tenant_order_retry(&tenant, done.id).await).await;
    assert_eq!(codes(&entries), ["invalid_field", "invalid_field"]);
    assert_eq!(entries[0].line, Some(3));

    for (text, code, words) in [
        ("number,who\n", "malformed_csv", "\"who\""),
        ("number,user\n", "no_entries", "no rows"),
        ("number,user\n+44,a,b\n", "malformed_csv", "line 2"),
    ] {
        let problem = place(text, None).await.expect_err(words);
        assert_eq!(problem.code, code);
        assert!(problem.reason.contains(words), "{problem}");
    }
    let many: String = (0..1001).map(|n| format!("{}\n", number(n))).collect();
    let new = TenantOrderCreate {
        kind: "tags".into(),
        add_tags: vec!["x".into()],
        ..TenantOrderCreate::default()
    };
    let file = TenantOrderFile { file: file(&format!("number\n{many}")), columns: None };
    let problem = p.exchange().tenant_order_file(&tenant, new, file).await.expect_err("too many");
    assert_eq!(
        (problem.code.as_str(), problem.field.as_deref()),
        ("too_many_entries", Some("line 1002"))
    );
    // Beyond what a document carries, an assignment's file goes on.
    let rows: String = (0..1500).map(|n| format!("{},x{n}@contoso.example\n", number(n))).collect();
    let (done, _) = p.end(place(&format!("number,user\n{rows}"), None).await).await;
    assert_eq!((done.total, done.failed, done.status.as_str()), (1500, 1500, "error"));
    let orders = p.exchange().tenant_order_list(&tenant, ListQuery::default()).await;
    assert_eq!(orders.expect("lists").items.len(), 3, "what was refused left nothing");
});

on_both!(an_operator_s_file_uploads, |db| {
    let p = Place::new(db).await;
    let operator = cx(&p.town.alpha.actor);
    let new: NumberOrderCreate = serde_json::from_value(json!({
        "kind": "upload", "tenant_id": p.town.contoso.id, "entries": [],
        "calling_profile_id": p.town.alpha.profile, "allow_tenant_address_update": true,
    }))
    .expect("an order");
    let text = format!(
        "number,usage,calling_profile_id\n{},CallingUserAssignment,\n{},Fax,\n{},CallingUserAssignment,mine\n",
        number(40),
        number(41),
        number(42)
    );
    let placed = p.exchange().number_order_file(&operator, new, file(&text), None).await;
    let (done, entries) = p.end(placed).await;
    assert_eq!(done.status, "partial_success");
    assert_eq!(codes(&entries), ["", "invalid_field", "invalid_field"]);
    assert_eq!(entries[1].column.as_deref(), Some("usage"));
    assert_eq!(entries[2].column.as_deref(), Some("calling_profile_id"));
    assert_eq!(p.number(40).await.usage, "CallingUserAssignment");
});

on_both!(people_come_from_a_file, |db| {
    let town = town(db).await;
    let tenant = cx(&town.contoso.actor);
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    let text = "Mail,Name,Land,Lizenz\n\
        ada@contoso.example,Ada Byron,,\n\
        eve@contoso.example,Eve,GB,teams_phone;other\n\
        bob@contoso.example,,GB,\n\
        no-name,No,GB,\n\
        EVE@contoso.example,Again,GB,\n\
        eve@other.example,Other,GB,\n\
        max@contoso.example,Max,Narnia,\n";
    let columns = Some("upn:Mail,display_name:Name,country:Land,licences:Lizenz");
    let run = async |dry_run: bool| {
        let file = file(text);
        town.exchange.user_file(&tenant, file, columns, dry_run).await.expect("read")
    };
    let check = |result: &api_types::tenant::UserFileResult| {
        assert_eq!((result.created, result.updated, result.failed), (1, 1, 5), "{result:?}");
        let told: Vec<_> = result
            .errors
            .iter()
            .map(|e| (e.line, e.column.as_deref(), e.error.code.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (4, Some("Name"), "invalid_field"),
                (5, Some("Mail"), "invalid_field"),
                (6, Some("Mail"), "duplicate_entry"),
                (7, Some("Mail"), "conflict"),
                (8, Some("Land"), "invalid_field"),
            ]
        );
    };
    check(&run(true).await);
    assert_eq!(town.exchange.user_get(&tenant, ada).await.expect("ada").display_name, "ada");
    check(&run(false).await);
    let edited = town.exchange.user_get(&tenant, ada).await.expect("ada");
    assert_eq!((edited.display_name.as_str(), edited.licences.len()), ("Ada Byron", 1));
    let again = run(false).await;
    assert_eq!((again.unchanged, again.created, again.updated), (2, 0, 0));
    let none = town.exchange.user_file(&tenant, file("upn\n"), None, false).await;
    assert_eq!(code(none), "no_entries");
});

on_both!(a_suspended_consent_gives_nothing_and_takes_back, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    p.run(p.assign(1)).await;
    let status = ConsentUpdate { status: Some("Suspended".into()), ..ConsentUpdate::default() };
    p.exchange()
        .consent_update(&tenant, p.town.alpha.id, Some(1), status)
        .await
        .expect("suspended");
    let (_, entries) = p
        .run(json!({ "kind": "assign", "location_id": p.here, "entries": [
        { "number": number(1), "user": p.people[1] }] }))
        .await;
    assert_eq!(codes(&entries), ["consent_not_active"]);
    let (taken, entries) = p.run(Place::over_numbers("unassign", &[0])).await;
    assert_eq!(codes(&entries), [""]);
    assert_eq!(codes(&p.undo(&taken).await.1), ["consent_not_active"]);
});

on_both!(a_killed_worker_s_assignments_are_finished_exactly_once, |db| {
    const COUNT: usize = 150;
    let small = || ExchangeConfig { order_chunk: 3, ..ExchangeConfig::new(&db.url) };
    let town = town_in(Exchange::open(small()).await.expect("opens")).await;
    let p = Place::over(town, COUNT as u64, COUNT).await;
    let tenant = cx(&p.town.contoso.actor);
    let placed = p.exchange().tenant_order_create(&tenant, order(p.assign(COUNT))).await;
    let id = placed.expect("taken").id;
    let worker = Worker::start(p.exchange());
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let now = p.exchange().tenant_order_get(&tenant, id).await.expect("reads");
        if now.done > 0 {
            break;
        }
        assert!(Instant::now() < deadline, "the worker does not begin");
        tokio::task::yield_now().await;
    }
    worker.kill().await;
    let given = NumberFilter { status: Some("UserAssigned".into()), ..NumberFilter::default() };
    let list = ListQuery { cursor: None, limit: 1000 };
    // A transaction that was handed to the database before the kill may still end.
    let (between, held) = loop {
        let before = p.exchange().tenant_order_get(&tenant, id).await.expect("reads");
        let held = p.exchange().number_list(&tenant, given.clone(), list.clone()).await;
        let after = p.exchange().tenant_order_get(&tenant, id).await.expect("reads");
        if before.done == after.done {
            break (after, held.expect("lists"));
        }
        assert!(Instant::now() < deadline, "the killed worker goes on");
    };
    assert!(between.done < COUNT as u32, "it was killed too late to be in the middle");
    assert_eq!(held.items.len(), between.succeeded as usize, "what is told as done is there");
    let other = Exchange::open(small()).await.expect("opens again");
    let workers = [Worker::start(p.exchange()), Worker::start(&other)];
    let done = loop {
        let now = other.tenant_order_get(&tenant, id).await.expect("reads");
        if now.finished_at.is_some() {
            break now;
        }
        assert!(Instant::now() < deadline + Duration::from_secs(40), "it does not end: {now:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!((done.status.as_str(), done.succeeded), ("success", COUNT as u32));
    let held = other.number_list(&tenant, given, list).await.expect("lists");
    assert_eq!(held.items.len(), COUNT);
    // Each was given once: version 1 as uploaded, 2 as given.
    assert!(held.items.iter().all(|n| n.version == 2), "a number was written twice");
});

on_both!(edges_are_told_of_what_a_bulk_order_did, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let edge = p.town.exchange.client_create(&cx(&p.town.owner), client("edge")).await;
    let edge = cx(&sign_in(&p.town.exchange, &edge.expect("a client")).await);
    let mut at = Position { epoch: p.exchange().epoch(), position: 0 };
    let told = async |at: &mut Position| {
        let (mut numbers, mut people, mut queues) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let more = p.exchange().changes_since(&edge, *at, 1000).await.expect("changes");
            let Some(last) = more.last() else { return (numbers, people, queues) };
            at.position = last.position;
            for change in more {
                match change.change {
                    Change::NumbersPut { numbers: put } => numbers
                        .extend(put.iter().map(|n| (n.number.to_string(), n.target.is_some()))),
                    Change::UserPut(user) => people.push((user.id.0, user.number.is_some())),
                    Change::QueuePut(queue) => queues.push((queue.id.0, queue.number.is_some())),
                    _ => {}
                }
            }
        }
    };
    told(&mut at).await;
    let entries = json!([
        { "number": number(0), "user": p.people[0], "location_id": p.here },
        { "number": number(10), "resource_account": p.queue },
        { "number": number(1), "user": "nobody" },
    ]);
    let give = order(json!({ "kind": "assign", "entries": entries }));
    let (given, entries) = p.end(p.exchange().tenant_order_create(&tenant, give).await).await;
    assert_eq!(codes(&entries), ["", "", "unknown_user"]);
    let both = |holds| vec![(number(0), holds), (number(10), holds)];
    let (person, queue) = (p.people[0], p.queue);
    assert_eq!(told(&mut at).await, (both(true), vec![(person, true)], vec![(queue, true)]));
    p.end(p.exchange().tenant_order_undo(&tenant, given.id, false).await).await;
    assert_eq!(told(&mut at).await, (both(false), vec![(person, false)], vec![(queue, false)]));
});

on_both!(a_release_that_is_undone_brings_the_tenant_s_block_back, |db| {
    let p = Place::new(db).await;
    let (tenant, operator) = (cx(&p.town.contoso.actor), cx(&p.town.alpha.actor));
    let block = serde_json::from_value(json!({ "forever": true })).expect("a block");
    p.exchange().assignment_block_put(&tenant, e164(0), None, block).await.expect("blocked");
    let release = json!({ "kind": "release", "tenant_id": p.town.contoso.id,
        "entries": [{ "number": number(0) }] });
    let release: NumberOrderCreate = serde_json::from_value(release).expect("an order");
    let (gone, _) = p.end(p.exchange().number_order_create(&operator, release).await).await;
    p.end(p.exchange().number_order_undo(&operator, gone.id, false).await).await;
    assert_eq!(p.number(0).await.assignment_blocked_state, "BlockedForever");
});

on_both!(only_who_may_write_places_orders, |db| {
    let p = Place::new(db).await;
    let tenant = cx(&p.town.contoso.actor);
    let placed = p.exchange().tenant_order_create(&tenant, order(p.assign(1))).await;
    let (done, _) = p.end(placed).await;
    for role in ["tenant_reader", "tenant_helpdesk"] {
        let reader = ClientCreate { tenant_id: Some(p.town.contoso.id), ..client(role) };
        let reader =
            p.exchange().client_create(&cx(&p.town.owner), reader).await.expect("a client");
        let reader = cx(&sign_in(p.exchange(), &reader).await);
        let asked = TenantOrderFile { file: file("number\n"), columns: None };
        let head = order(json!({ "kind": "unassign", "entries": [] }));
        for refused in [
            code(p.exchange().tenant_order_create(&reader, order(p.assign(1))).await),
            code(p.exchange().tenant_order_file(&reader, head, asked).await),
            code(p.exchange().tenant_order_retry(&reader, done.id).await),
            code(p.exchange().tenant_order_undo(&reader, done.id, true).await),
            code(p.exchange().assignment_undo(&reader, e164(0), true).await),
        ] {
            assert_eq!(refused, "forbidden", "{role}");
        }
    }
});

on_both!(a_number_held_by_another_opens_a_dispute, |db| {
    let p = Place::new(db).await;
    let town = &p.town;
    town.agree(&town.fabrikam, &town.beta).await;
    town.settle(&town.fabrikam, "GB").await;
    // The range goes over to Beta, whose numbers Alpha's tenants still hold.
    meddle(db, "DELETE FROM number_range WHERE first_number = 442079460000").await;
    let range = api_types::operator::RangeCreate { first: number(0), last: number(999) };
    town.exchange.range_create(&cx(&town.owner), town.beta.id, range).await.expect("declared");
    let claim = || town.upload(&town.beta, &town.fabrikam, &[&number(0), &number(1)]);
    let trial = NumberOrderCreate { dry_run: true, ..claim() };
    town.run(&town.beta, trial).await;
    let (holder, claimant) = (cx(&town.alpha.actor), cx(&town.beta.actor));
    let owner = cx(&town.owner);
    let seen = async |cx: &exchange::Cx| {
        let list = town.exchange.operator_dispute_list(cx, ListQuery::default()).await;
        list.expect("lists").items
    };
    assert!(seen(&claimant).await.is_empty(), "a trial opens none");
    for _ in 0..2 {
        let (_, entries) = town.run(&town.beta, claim()).await;
        assert_eq!(codes(&entries), ["held_elsewhere", "held_elsewhere"]);
    }
    let (theirs, ours) = (seen(&claimant).await, seen(&holder).await);
    assert_eq!(
        (theirs.len(), ours.len()),
        (2, 2),
        "one for each number, however often it is asked"
    );
    let all = town.exchange.dispute_list(&owner, ListQuery::default()).await.expect("lists").items;
    for (dispute, (theirs, ours)) in all.iter().zip(theirs.iter().zip(&ours)) {
        assert_eq!(
            (dispute.claimant_name.as_str(), dispute.holder_name.as_str()),
            ("Beta", "Alpha")
        );
        assert_eq!((theirs.holder_name.as_str(), theirs.state.as_str()), ("Alpha", "open"));
        // Neither side learns the other's tenant.
        assert_eq!(
            (theirs.claimant_tenant_id, theirs.holder_tenant_id),
            (Some(town.fabrikam.id), None)
        );
        assert_eq!((ours.claimant_tenant_id, ours.holder_tenant_id), (None, Some(town.contoso.id)));
        assert_eq!(dispute.holder_tenant_id, Some(town.contoso.id));
    }
    let end = |state: &str, comment: Option<&str>| api_types::number::DisputeUpdate {
        state: state.into(),
        comment: comment.map(str::to_owned),
    };
    let (first, second) = (all[0].id, all[1].id);
    let side = async |cx: &exchange::Cx, state: &str| {
        code(town.exchange.operator_dispute_update(cx, first, end(state, None)).await)
    };
    assert_eq!(side(&holder, "withdrawn").await, "dispute_state");
    assert_eq!(side(&claimant, "upheld").await, "dispute_state");
    assert_eq!(side(&claimant, "open").await, "invalid_field");
    let decided = town.exchange.dispute_update(&owner, first, end("upheld", None)).await;
    assert_eq!(code(decided), "comment_missing");
    let decided = town.exchange.dispute_update(&owner, first, end("upheld", Some("ported"))).await;
    let decided = decided.expect("decided");
    assert_eq!((decided.state.as_str(), decided.comment.as_deref()), ("upheld", Some("ported")));
    assert!(decided.closed_at.is_some());
    assert_eq!(side(&claimant, "withdrawn").await, "dispute_state");
    let given = town.exchange.operator_dispute_update(&holder, second, end("conceded", None)).await;
    assert_eq!(given.expect("conceded").state, "conceded");
    let none = town.exchange.dispute_update(&owner, Uuid::nil(), end("rejected", Some("x"))).await;
    assert_eq!(code(none), "not_found");
    // What is over can be claimed again.
    town.run(&town.beta, claim()).await;
    assert_eq!(seen(&holder).await.len(), 4);
    // Once the holder has released it there is nothing left to dispute.
    let release = NumberOrderCreate {
        kind: "release".into(),
        ..town.upload(&town.alpha, &town.contoso, &[&number(1)])
    };
    let (done, _) = town.run(&town.alpha, release).await;
    assert_eq!(done.status, "success", "{done:?}");
    let open: Vec<_> = seen(&holder).await.into_iter().filter(|d| d.state == "open").collect();
    assert_eq!(open.iter().map(|d| d.number.as_str()).collect::<Vec<_>>(), [number(0)]);
    let over = seen(&claimant).await.into_iter().find(|d| d.number == number(1));
    let over = over.expect("the newest about it");
    assert_eq!(
        (over.state.as_str(), over.comment.as_deref()),
        ("conceded", Some("the number was released"))
    );
    let (_, entries) = town.run(&town.beta, claim()).await;
    assert_eq!(codes(&entries), ["held_elsewhere", ""]);
});
