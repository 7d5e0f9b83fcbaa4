//! What is said of a number is what the use cases do: a walk over states in which each act is first
//! asked about and then tried.

use crate::furnished::doc;
use crate::house::{Town, cx, finished, office, town};
use api_types::Problem;
use api_types::number::NumberExplained;
use api_types::tenant::ConsentUpdate;
use exchange::{Actor, ListQuery, NumberQuestion};
use numbering::E164;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

fn number(text: &str) -> E164 {
    text.parse().expect("a number")
}

const PEOPLE: &str = "+442079460001";
const QUEUES: &str = "+442079460002";

/// What the walk acts on.
struct Stage<'a> {
    town: &'a Town,
    /// One that lies in GB, and another.
    places: [Uuid; 2],
    ada: Uuid,
    queue: Uuid,
    freeze: Option<Uuid>,
}

impl<'a> Stage<'a> {
    async fn set(town: &'a Town) -> Self {
        town.agree(&town.contoso, &town.alpha).await;
        let places =
            [town.settle(&town.contoso, "GB").await, town.settle(&town.contoso, "GB").await];
        let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
        let new =
            doc(json!({ "upn": "q@contoso.example", "display_name": "Q", "kind": "call_queue",
            "agent_ids": [ada], "licences": ["resource_account"] }));
        let queue = town.exchange.resource_account_create(&cx(&town.contoso.actor), new).await;
        let queue = queue.expect("a queue").id;
        let mut order = town.upload(&town.alpha, &town.contoso, &[PEOPLE]);
        order.location_id = Some(places[0]);
        assert_eq!(town.run(&town.alpha, order).await.0.status, "success");
        let mut order = town.upload(&town.alpha, &town.contoso, &[QUEUES]);
        order.usage = Some("FirstPartyAppAssignment".into());
        assert_eq!(town.run(&town.alpha, order).await.0.status, "success");
        Self { town, places, ada, queue, freeze: None }
    }

    async fn explained(&self, by: &Actor, number: E164, ask: NumberQuestion) -> NumberExplained {
        let cx = cx(by);
        let told = match by == &self.town.contoso.actor {
            true => self.town.exchange.number_explain(&cx, number, ask).await,
            false => self.town.exchange.operator_number_explain(&cx, number, ask).await,
        };
        told.expect("explained")
    }

    /// What an order of one entry comes to: the code it is refused with, as a whole or there.
    async fn order(&self, by_tenant: bool, order: Value) -> Result<(), String> {
        let (exchange, contoso, alpha) =
            (&self.town.exchange, &self.town.contoso, &self.town.alpha);
        let placed = match by_tenant {
            true => exchange.tenant_order_create(&cx(&contoso.actor), doc(order)).await,
            false => exchange.number_order_create(&cx(&alpha.actor), doc(order)).await,
        };
        let id = placed.map_err(|problem| problem.code)?.id;
        exchange.orders_run().await.expect("a worker");
        let list = ListQuery::default();
        let entries = match by_tenant {
            true => exchange.tenant_order_entries(&cx(&contoso.actor), id, list).await,
            false => {
                finished(exchange, alpha, id).await;
                exchange.number_order_entries(&cx(&alpha.actor), id, list).await
            }
        };
        let entry = entries.expect("entries").items.remove(0);
        entry.error.map_or(Ok(()), |error| Err(error.code))
    }

    /// Does it.
    async fn act(&self, act: &str, number: E164) -> Result<(), String> {
        let (exchange, tenant) = (&self.town.exchange, cx(&self.town.contoso.actor));
        let now = exchange.number_get(&tenant, number).await.expect("it is there");
        let text = number.to_string();
        let other = match now.usage.as_str() {
            "CallingUserAssignment" => "FirstPartyAppAssignment",
            _ => "CallingUserAssignment",
        };
        let elsewhere =
            self.places.into_iter().find(|place| Some(*place) != now.location_id).expect("two");
        let of_tenant = json!({ "tenant_id": self.town.contoso.id,
            "calling_profile_id": self.town.alpha.profile });
        let entries = json!([{ "number": text }]);
        let code = |problem: Problem| problem.code;
        let operators = |change: Value| {
            let mut order = of_tenant.clone();
            for (field, value) in change.as_object().expect("fields") {
                order[field] = value.clone();
            }
            order["entries"] = entries.clone();
            order
        };
        match act {
            "assign" => {
                let to = match now.usage.as_str() {
                    "CallingUserAssignment" => json!({ "user_id": self.ada }),
                    _ => json!({ "resource_account_id": self.queue }),
                };
                let put = exchange.assignment_put(&tenant, number, None, doc(to)).await;
                put.map(drop).map_err(code)
            }
            "unassign" => {
                let done = exchange.assignment_remove(&tenant, number, None, None).await;
                done.map(drop).map_err(code)
            }
            "set_location" => {
                let order = json!({ "kind": "location", "location_id": elsewhere,
                    "entries": entries });
                self.order(true, order).await
            }
            "clear_location" => {
                self.order(true, json!({ "kind": "location", "entries": entries })).await
            }
            "change_usage" => {
                let order = json!({ "kind": "usage", "usage": other, "entries": entries });
                self.order(true, order).await
            }
            "tag" => {
                let mut tags = now.tags.clone();
                tags.push(format!("t{}", tags.len()));
                let put =
                    exchange.number_tags_put(&tenant, number, None, doc(json!({ "tags": tags })));
                put.await.map(drop).map_err(code)
            }
            "block" => {
                let put = doc(json!({ "forever": true }));
                exchange
                    .assignment_block_put(&tenant, number, None, put)
                    .await
                    .map(drop)
                    .map_err(code)
            }
            "unblock" => {
                let done = exchange.assignment_block_remove(&tenant, number, None).await;
                done.map(drop).map_err(code)
            }
            "release" => self.order(false, operators(json!({ "kind": "release" }))).await,
            "update_location" => {
                let order = operators(json!({ "kind": "update", "location_id": elsewhere }));
                self.order(false, order).await
            }
            "update_usage" => {
                self.order(false, operators(json!({ "kind": "update", "usage": other }))).await
            }
            other => panic!("no such act {other}"),
        }
    }

    /// Changes what lies around the number.
    async fn around(&mut self, what: u64) {
        let (exchange, alpha) = (&self.town.exchange, self.town.alpha.id);
        let tenant = cx(&self.town.contoso.actor);
        match what {
            0 => {
                let now = exchange.consent_get(&tenant, alpha).await.expect("a consent");
                let to = if now.status == "Active" { "Suspended" } else { "Active" };
                let edit = ConsentUpdate { status: Some(to.into()), ..ConsentUpdate::default() };
                // In a freeze it stays as it is.
                let _ = exchange.consent_update(&tenant, alpha, Some(now.version), edit).await;
            }
            1 => match self.freeze.take() {
                Some(id) => {
                    exchange.freeze_remove(&tenant, id).await.expect("ended");
                }
                None => {
                    let window =
                        doc(json!({ "name": "cutover", "ends_at": "2126-01-01T00:00:00Z" }));
                    // Too long a window is refused: from now on, for a day.
                    let window: api_types::freeze::ChangeFreezeCreate = window;
                    let ends_at = jiff::Timestamp::now() + jiff::Span::new().hours(24);
                    let window = api_types::freeze::ChangeFreezeCreate { ends_at, ..window };
                    let set = exchange.freeze_create(&tenant, window).await.expect("a window");
                    self.freeze = Some(set.id);
                }
            },
            _ => {
                // The operator locks or opens the locations of its numbers.
                for text in [PEOPLE, QUEUES] {
                    let order = json!({ "kind": "update", "tenant_id": self.town.contoso.id,
                        "allow_tenant_address_update": what == 2, "entries": [{ "number": text }] });
                    let _ = self.order(false, order).await;
                }
            }
        }
    }
}

on_both!(what_explain_says_may_be_done_the_use_case_does, |db| {
    let town = town(db).await;
    let mut stage = Stage::set(&town).await;
    // The same walk each time: a step that differs is found again.
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut draw = |most: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % most
    };
    let (mut done, mut refused) = (0, std::collections::BTreeSet::new());
    for step in 0..250 {
        if draw(4) == 0 {
            stage.around(draw(4)).await;
        }
        let number = number(if draw(2) == 0 { PEOPLE } else { QUEUES });
        let by_tenant = draw(3) != 0;
        let by = if by_tenant { &town.contoso.actor } else { &town.alpha.actor };
        let now = town.exchange.number_get(&cx(&town.contoso.actor), number).await.expect("here");
        // Whom the act below will name.
        let ask = match (by_tenant, now.usage.as_str()) {
            (true, "CallingUserAssignment") => {
                NumberQuestion { user_id: Some(stage.ada), ..NumberQuestion::default() }
            }
            (true, _) => {
                let queue = Some(stage.queue);
                NumberQuestion { resource_account_id: queue, ..NumberQuestion::default() }
            }
            (false, _) => NumberQuestion::default(),
        };
        let told = stage.explained(by, number, ask).await;
        let own: Vec<_> = told
            .acts
            .into_iter()
            .filter(|act| (act.by == "tenant") == by_tenant)
            // A release ends the walk; it has a test of its own, and is tried where it is refused.
            .filter(|act| !(act.act == "release" && act.may))
            .collect();
        // What changes most of the rest comes up more often.
        let often = ["assign", "unassign", "unblock"][draw(3) as usize];
        let act = match own.iter().find(|act| act.act == often) {
            Some(act) if draw(2) == 0 => act,
            _ => &own[draw(own.len() as u64) as usize],
        };
        let tried = stage.act(&act.act, number).await;
        let said = match (act.may, &act.code) {
            (true, None) => Ok(()),
            (false, Some(code)) => Err(code.clone()),
            odd => panic!("{odd:?}"),
        };
        assert_eq!(tried, said, "step {step}: {} of {number}: {act:?}, {now:?}", act.act);
        match said {
            Ok(()) => done += 1,
            Err(code) => {
                assert!(act.reason.is_some() && act.remedy.is_some(), "{act:?}");
                refused.insert(code);
            }
        }
    }
    assert!(done > 50, "only {done} acts were allowed");
    for code in ["change_freeze", "not_assigned", "already_assigned", "not_blocked"] {
        assert!(refused.contains(code), "the walk never met {code}: {refused:?}");
    }
});

on_both!(each_face_is_told_what_is_its_own, |db| {
    let town = town(db).await;
    let stage = Stage::set(&town).await;
    let exchange = &town.exchange;
    let one = number(PEOPLE);
    stage.act("assign", one).await.expect("assigned");
    stage.act("tag", one).await.expect("tagged");
    let ask = NumberQuestion::default;
    let mine = stage.explained(&town.contoso.actor, one, ask()).await;
    assert_eq!((mine.state.as_str(), mine.tenant_id), ("held", Some(town.contoso.id)));
    assert_eq!((mine.assigned_to_id, mine.tags.len()), (Some(stage.ada), 1));
    assert_eq!(mine.operator_name.as_deref(), Some("Alpha"));
    assert_eq!(mine.consent_status.as_deref(), Some("Active"));
    let release = mine.acts.iter().find(|act| act.act == "release").expect("told");
    assert_eq!((release.may, release.code.as_deref()), (false, Some("still_assigned")));
    assert_eq!(release.by, "operator");

    let theirs = stage.explained(&town.alpha.actor, one, ask()).await;
    assert_eq!(theirs.assignment_status.as_deref(), Some("UserAssigned"));
    assert_eq!((theirs.assigned_to_id, theirs.assigned_to_name), (None, None));
    assert!(theirs.tags.is_empty() && theirs.acts.iter().all(|act| act.by == "operator"));
    let all = exchange.programme_number_explain(&cx(&town.owner), one).await.expect("explained");
    assert_eq!((all.assigned_to_id, all.acts.len()), (None, 11));

    // Another's number is not there, whoever asks.
    let hidden = exchange.number_explain(&cx(&town.fabrikam.actor), one, ask()).await;
    assert_eq!(hidden.expect_err("not theirs").code, "not_found");
    let hidden = exchange.operator_number_explain(&cx(&town.beta.actor), one, ask()).await;
    assert_eq!(hidden.expect_err("not its own").code, "not_found");
    let nowhere = number("+442079479999");
    let none = exchange.programme_number_explain(&cx(&town.owner), nowhere).await;
    assert_eq!(none.expect_err("nobody's").code, "not_found");

    // A number in an operator's range that nobody has: could it be uploaded?
    let free = number("+442079460009");
    let alone = stage.explained(&town.alpha.actor, free, ask()).await;
    assert_eq!((alone.state.as_str(), alone.acts.len()), ("declared", 0));
    assert_eq!(alone.operator_name.as_deref(), Some("Alpha"));
    for (tenant, code) in [(&town.contoso, None), (&town.fabrikam, Some("no_consent"))] {
        let to = NumberQuestion { tenant_id: Some(tenant.id), ..ask() };
        let told = stage.explained(&town.alpha.actor, free, to).await;
        assert_eq!((told.acts[0].act.as_str(), told.acts[0].code.as_deref()), ("upload", code));
        let order = json!({ "kind": "upload", "tenant_id": tenant.id, "dry_run": true,
            "calling_profile_id": town.alpha.profile, "usage": "CallingUserAssignment",
            "allow_tenant_address_update": true, "entries": [{ "number": free.to_string() }] });
        assert_eq!(stage.order(false, order).await.err().as_deref(), code);
    }
    let hidden = exchange.number_explain(&cx(&town.contoso.actor), free, ask()).await;
    assert_eq!(hidden.expect_err("ranges are not a tenant's").code, "not_found");

    // An order under way is named to whoever placed it.
    let order = json!({ "kind": "tags", "add_tags": ["x"], "entries": [{ "number": PEOPLE }] });
    let placed = exchange.tenant_order_create(&cx(&town.contoso.actor), doc(order)).await;
    let placed = placed.expect("placed");
    let open = stage.explained(&town.contoso.actor, one, ask()).await.open_orders;
    assert_eq!(
        open.iter().map(|o| (o.id, o.by.as_str())).collect::<Vec<_>>(),
        [(placed.id, "tenant")]
    );
    assert!(stage.explained(&town.alpha.actor, one, ask()).await.open_orders.is_empty());
    exchange.orders_run().await.expect("a worker");
    assert!(stage.explained(&town.contoso.actor, one, ask()).await.open_orders.is_empty());
});

on_both!(a_question_names_a_person_a_queue_or_a_place, |db| {
    let town = town(db).await;
    let stage = Stage::set(&town).await;
    let bob = town.person(&town.contoso, "bob", &[]).await;
    let berlin = office("DE");
    let berlin = town.exchange.civic_address_create(&cx(&town.contoso.actor), berlin).await;
    let berlin = berlin.expect("an address").default_location_id;
    let none = NumberQuestion::default;
    for (text, ask, code) in [
        (PEOPLE, none(), None),
        (PEOPLE, NumberQuestion { user_id: Some(stage.ada), ..none() }, None),
        (PEOPLE, NumberQuestion { user_id: Some(bob), ..none() }, Some("user_unlicensed")),
        (
            PEOPLE,
            NumberQuestion { resource_account_id: Some(stage.queue), ..none() },
            Some("wrong_usage"),
        ),
        (PEOPLE, NumberQuestion { location_id: Some(berlin), ..none() }, Some("location_country")),
        (QUEUES, none(), None),
        (QUEUES, NumberQuestion { user_id: Some(stage.ada), ..none() }, Some("wrong_usage")),
    ] {
        let told = stage.explained(&town.contoso.actor, number(text), ask).await;
        let assign = told.acts.iter().find(|act| act.act == "assign").expect("told");
        assert_eq!(assign.code.as_deref(), code, "{text} {ask:?}");
        // The use case says the same.
        let mut put = json!({ "dry_run": true, "location_id": ask.location_id });
        match (ask.user_id, ask.resource_account_id, text) {
            (Some(user), ..) => put["user_id"] = json!(user),
            (_, Some(queue), _) => put["resource_account_id"] = json!(queue),
            (.., PEOPLE) => put["user_id"] = json!(stage.ada),
            _ => put["resource_account_id"] = json!(stage.queue),
        }
        let tenant = cx(&town.contoso.actor);
        let tried = town.exchange.assignment_put(&tenant, number(text), None, doc(put)).await;
        assert_eq!(tried.err().map(|p| p.code).as_deref(), code, "{text} {ask:?}");
    }
    let tenant = cx(&town.contoso.actor);
    let nobody = Some(Uuid::nil());
    for (field, ask, code) in [
        ("user_id", NumberQuestion { user_id: nobody, ..none() }, "unknown_user"),
        (
            "resource_account_id",
            NumberQuestion { resource_account_id: nobody, ..none() },
            "unknown_account",
        ),
        ("location_id", NumberQuestion { location_id: nobody, ..none() }, "unknown_location"),
        (
            "user_id",
            NumberQuestion { user_id: nobody, resource_account_id: nobody, ..none() },
            "invalid_parameter",
        ),
    ] {
        let refused = town.exchange.number_explain(&tenant, number(PEOPLE), ask).await;
        let refused = refused.expect_err(field);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some(field)));
    }
});

on_both!(a_reader_is_told_that_it_may_not_act, |db| {
    let town = town(db).await;
    let _stage = Stage::set(&town).await;
    let reader = api_types::identity::ClientCreate {
        tenant_id: Some(town.contoso.id),
        ..crate::house::client("tenant_reader")
    };
    let reader = town.exchange.client_create(&cx(&town.owner), reader).await.expect("a client");
    let reader = crate::house::sign_in(&town.exchange, &reader).await;
    let reader = cx(&reader);
    let told = town.exchange.number_explain(&reader, number(PEOPLE), NumberQuestion::default());
    let told = told.await.expect("explained");
    let own = told.acts.iter().filter(|act| act.by == "tenant");
    assert!(
        own.clone().count() == 8 && own.clone().all(|act| act.code.as_deref() == Some("forbidden"))
    );
    let release = told.acts.iter().find(|act| act.act == "release").expect("told");
    assert!(release.may, "what the operator may do does not depend on the reader: {release:?}");
});
