use crate::house::{Town, cx, cx_key, town};
use api_types::Problem;
use api_types::number::{AssignmentPut, Number};
use api_types::tenant::{ConsentUpdate, ResourceAccountCreate, UserCreate, UserUpdate};
use exchange::{ListQuery, NumberFilter};
use numbering::E164;
use serde_json::json;
use testkit::on_both;
use uuid::Uuid;

const PEOPLE: [&str; 3] = ["+442079460001", "+442079460002", "+442079460003"];
const QUEUE: &str = "+442079460101";

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn to_user(user: Uuid, location: Option<Uuid>) -> AssignmentPut {
    AssignmentPut { user_id: Some(user), location_id: location, ..AssignmentPut::default() }
}

fn to_account(account: Uuid) -> AssignmentPut {
    AssignmentPut { resource_account_id: Some(account), ..AssignmentPut::default() }
}

/// Contoso holds three numbers for people and one for a queue.
async fn stocked(db: &testkit::Database) -> (Town, Uuid) {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    let location = town.settle(&town.contoso, "GB").await;
    let mut order = town.upload(&town.alpha, &town.contoso, &PEOPLE);
    order.entries.push(
        serde_json::from_value(
            serde_json::json!({ "number": QUEUE, "usage": "FirstPartyAppAssignment" }),
        )
        .expect("an entry"),
    );
    let (order, entries) = town.run(&town.alpha, order).await;
    assert_eq!(order.status, "success", "{entries:?}");
    (town, location)
}

impl Town {
    async fn assign(&self, number: &str, put: AssignmentPut) -> Result<Number, Problem> {
        self.exchange.assignment_put(&cx(&self.contoso.actor), e164(number), None, put).await
    }

    async fn queue(&self, name: &str, licences: &[&str], agents: &[Uuid]) -> Uuid {
        let new = ResourceAccountCreate {
            upn: format!("{name}@contoso.example"),
            display_name: name.into(),
            kind: "call_queue".into(),
            licences: licences.iter().map(|l| (*l).into()).collect(),
            agent_ids: agents.to_vec(),
            ring_seconds: None,
        };
        let made = self.exchange.resource_account_create(&cx(&self.contoso.actor), new).await;
        made.expect("a queue").id
    }
}

on_both!(a_number_is_given_and_taken_back, |db| {
    let (town, location) = stocked(db).await;
    let cx = cx(&town.contoso.actor);
    let alice = town.person(&town.contoso, "alice", &["teams_phone"]).await;
    let given = town.assign(PEOPLE[0], to_user(alice, Some(location))).await.expect("given");
    assert_eq!(given.assignment_status, "UserAssigned");
    assert_eq!(given.assigned_to_name.as_deref(), Some("alice"));
    assert_eq!((given.location_id, given.version), (Some(location), 2));
    let user = town.exchange.user_get(&cx, alice).await.expect("reads");
    assert_eq!((user.number.as_deref(), user.version), (Some(PEOPLE[0]), 2));

    let queue = town.queue("sales", &["resource_account"], &[alice]).await;
    let given = town.assign(QUEUE, to_account(queue)).await.expect("given");
    assert_eq!(given.assignment_status, "VoiceApplicationAssigned");
    let (filter, list) = (NumberFilter::default(), ListQuery::default());
    let page = town.exchange.number_list(&cx, filter, list).await.expect("reads").items;
    for (number, name) in [(PEOPLE[0], "alice"), (QUEUE, "sales")] {
        let found = town.exchange.number_get(&cx, e164(number)).await.expect("reads");
        assert_eq!(found.assigned_to_name.as_deref(), Some(name));
        assert!(!found.operator_name.is_empty());
        let listed = page.iter().find(|listed| listed.number == number);
        assert_eq!(json!(listed), json!(found), "a page says what a look-up says");
    }
    let account = town.exchange.resource_account_get(&cx, queue).await.expect("reads");
    assert_eq!((account.number.as_deref(), account.agent_ids), (Some(QUEUE), vec![alice]));

    let stale = town.exchange.assignment_remove(&cx, e164(PEOPLE[0]), Some(1), None).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");
    let free =
        town.exchange.assignment_remove(&cx, e164(PEOPLE[0]), Some(2), None).await.expect("free");
    assert_eq!((free.assignment_status.as_str(), free.assigned_to_id), ("Unassigned", None));
    let twice = town.exchange.assignment_remove(&cx, e164(PEOPLE[0]), None, None).await;
    assert_eq!(twice.expect_err("free").code, "not_assigned");
    assert_eq!(town.exchange.user_get(&cx, alice).await.expect("reads").number, None);
});

on_both!(each_refusal_names_its_reason, |db| {
    let (town, location) = stocked(db).await;
    let cx = cx(&town.contoso.actor);
    let alice = town.person(&town.contoso, "alice", &["teams_phone"]).await;
    let bob = town.person(&town.contoso, "bob", &[]).await;
    let sales = town.queue("sales", &["resource_account"], &[alice]).await;
    let free = town.queue("free", &[], &[alice]).await;
    let stranger = town.person(&town.fabrikam, "eve", &["teams_phone"]).await;
    let elsewhere = town.settle(&town.fabrikam, "GB").await;
    let berlin = town.settle(&town.contoso, "DE").await;
    for (number, put, code, field) in [
        (PEOPLE[0], to_user(bob, Some(location)), "user_unlicensed", Some("/user_id")),
        (PEOPLE[0], to_user(alice, None), "location_required", Some("/location_id")),
        (PEOPLE[0], to_user(alice, Some(berlin)), "location_country", Some("/location_id")),
        (PEOPLE[0], to_user(alice, Some(elsewhere)), "unknown_location", Some("/location_id")),
        (PEOPLE[0], to_user(stranger, Some(location)), "unknown_user", Some("/user_id")),
        (PEOPLE[0], to_account(sales), "wrong_usage", None),
        (QUEUE, to_user(alice, Some(location)), "wrong_usage", None),
        (QUEUE, to_account(free), "account_unlicensed", Some("/resource_account_id")),
        (QUEUE, to_account(Uuid::nil()), "unknown_account", Some("/resource_account_id")),
        (QUEUE, AssignmentPut::default(), "invalid_field", Some("/user_id")),
        ("+442079469999", to_user(alice, Some(location)), "not_found", None),
    ] {
        let refused = town.assign(number, put).await.expect_err(code);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, field));
        assert!(!refused.reason.is_empty() && !refused.remedy.is_empty());
    }
    // A trial says yes and does nothing.
    let trial = AssignmentPut { dry_run: true, ..to_user(alice, Some(location)) };
    let trial = town.assign(PEOPLE[0], trial).await.expect("it would do");
    assert_eq!(trial.assignment_status, "UserAssigned");
    let number = town.exchange.number_get(&cx, e164(PEOPLE[0])).await.expect("reads");
    assert_eq!((number.assignment_status.as_str(), number.version), ("Unassigned", 1));

    town.assign(PEOPLE[0], to_user(alice, Some(location))).await.expect("given");
    let second = town.assign(PEOPLE[1], to_user(alice, Some(location))).await;
    assert_eq!(second.expect_err("one each").code, "has_number");
    let carol = town.person(&town.contoso, "carol", &["teams_phone"]).await;
    let taken = town.assign(PEOPLE[0], to_user(carol, Some(location))).await;
    assert_eq!(taken.expect_err("taken").code, "already_assigned");
    // Somebody else's number is not there, whoever asks.
    let other = crate::house::cx(&town.fabrikam.actor);
    let hidden = town.exchange.number_get(&other, e164(PEOPLE[0])).await;
    assert_eq!(hidden.expect_err("not theirs").code, "not_found");
    let stolen = to_user(stranger, Some(elsewhere));
    let stolen = town.exchange.assignment_put(&other, e164(PEOPLE[1]), None, stolen).await;
    assert_eq!(stolen.expect_err("not theirs").code, "not_found");
    // A suspended consent gives no new assignments; those that stand stay.
    let suspend = ConsentUpdate { status: Some("Suspended".into()), ..ConsentUpdate::default() };
    town.exchange.consent_update(&cx, town.alpha.id, Some(1), suspend).await.expect("suspended");
    let late = town.assign(PEOPLE[1], to_user(carol, Some(location))).await;
    assert_eq!(late.expect_err("suspended").code, "consent_not_active");
    let kept = town.exchange.number_get(&cx, e164(PEOPLE[0])).await.expect("reads");
    assert_eq!(kept.assigned_to_id, Some(alice));
    // A location with a number on it stays.
    let address = town.exchange.civic_address_list(&cx, ListQuery::default()).await;
    let address = address.expect("lists").items.into_iter().find(|a| a.country == "GB");
    let refused = town.exchange.civic_address_remove(&cx, address.expect("GB").id, None).await;
    assert_eq!(refused.expect_err("in use").code, "location_in_use");
});

on_both!(long_lists_are_refused_before_they_are_looked_through, |db| {
    let town = town(db).await;
    let cx = cx(&town.contoso.actor);
    let names = |n: usize| (0..n).map(|n| format!("licence_{n}")).collect::<Vec<_>>();
    let user = |licences| UserCreate {
        upn: "alice@contoso.example".into(),
        display_name: "alice".into(),
        country: "GB".into(),
        licences,
    };
    let queue = |licences, agent_ids| ResourceAccountCreate {
        upn: "sales@contoso.example".into(),
        display_name: "sales".into(),
        kind: "call_queue".into(),
        licences,
        agent_ids,
        ring_seconds: None,
    };
    let said = |refused: Problem| (refused.code, refused.field.unwrap_or_default());
    let refused = |field: &str| ("invalid_field".to_owned(), field.to_owned());

    let many = town.exchange.user_create(&cx, user(names(51))).await.expect_err("too many");
    assert_eq!(said(many), refused("/licences"));
    let alice = town.exchange.user_create(&cx, user(names(50))).await.expect("fifty will do");
    let edit = UserUpdate { licences: Some(names(51)), ..UserUpdate::default() };
    let many = town.exchange.user_update(&cx, alice.id, Some(1), edit).await;
    assert_eq!(said(many.expect_err("too many")), refused("/licences"));
    let many = town.exchange.resource_account_create(&cx, queue(names(51), vec![])).await;
    assert_eq!(said(many.expect_err("too many")), refused("/licences"));
    let many = town.exchange.resource_account_create(&cx, queue(vec![], vec![alice.id; 201])).await;
    assert_eq!(said(many.expect_err("too many")), refused("/agent_ids"));
});

on_both!(one_number_wins_a_race, |db| {
    let (town, location) = stocked(db).await;
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(town.person(&town.contoso, &format!("p{n}"), &["teams_phone"]).await);
    }
    // Everybody wants the same number.
    let tasks: Vec<_> = people
        .iter()
        .map(|person| {
            let (exchange, cx) = (town.exchange.clone(), cx(&town.contoso.actor));
            let put = to_user(*person, Some(location));
            tokio::spawn(
                async move { exchange.assignment_put(&cx, e164(PEOPLE[0]), None, put).await },
            )
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.expect("ends well") {
            Ok(_) => won += 1,
            Err(refused) => assert_eq!(refused.code, "already_assigned"),
        }
    }
    assert_eq!(won, 1);
    // Everybody gives the same person another number.
    let dora = town.person(&town.contoso, "dora", &["teams_phone"]).await;
    let tasks = [PEOPLE[1], PEOPLE[2]].map(|number| {
        let (exchange, cx) = (town.exchange.clone(), cx(&town.contoso.actor));
        let put = to_user(dora, Some(location));
        tokio::spawn(async move { exchange.assignment_put(&cx, e164(number), None, put).await })
    });
    let mut won = 0;
    for task in tasks {
        match task.await.expect("ends well") {
            Ok(_) => won += 1,
            Err(refused) => assert_eq!(refused.code, "has_number"),
        }
    }
    assert_eq!(won, 1);
});

on_both!(lists_are_filtered_and_keys_repeat, |db| {
    let (town, location) = stocked(db).await;
    let alice = town.person(&town.contoso, "alice", &["teams_phone"]).await;
    // The same key gives the same answer, although the number is taken now.
    let keyed = cx_key(&town.contoso.actor, "assign", 1);
    for _ in 0..2 {
        let put = to_user(alice, Some(location));
        let given = town.exchange.assignment_put(&keyed, e164(PEOPLE[1]), None, put).await;
        assert_eq!(given.expect("given").version, 2);
    }
    let cx = cx(&town.contoso.actor);
    let found = async |filter: NumberFilter| {
        let page = town.exchange.number_list(&cx, filter, ListQuery::default()).await?;
        Ok::<_, Problem>(page.items.into_iter().map(|n| n.number).collect::<Vec<_>>())
    };
    let any = NumberFilter::default;
    let text = |t: &str| Some(t.to_owned());
    let mut all = PEOPLE.to_vec();
    all.push(QUEUE);
    for (filter, expect) in [
        (any(), all.clone()),
        (NumberFilter { prefix: text("+4420794601"), ..any() }, vec![QUEUE]),
        (NumberFilter { status: text("UserAssigned"), ..any() }, vec![PEOPLE[1]]),
        (NumberFilter { usage: text("FirstPartyAppAssignment"), ..any() }, vec![QUEUE]),
        (NumberFilter { country: text("GB"), ..any() }, all.clone()),
        (NumberFilter { country: text("DE"), ..any() }, vec![]),
        (NumberFilter { operator_id: Some(town.alpha.id), ..any() }, all.clone()),
        (NumberFilter { operator_id: Some(town.beta.id), ..any() }, vec![]),
        (NumberFilter { assigned_to_id: Some(alice), ..any() }, vec![PEOPLE[1]]),
    ] {
        assert_eq!(found(filter.clone()).await.expect("lists"), expect, "{filter:?}");
    }
    for (field, filter) in [
        ("prefix", NumberFilter { prefix: text("%"), ..any() }),
        ("status", NumberFilter { status: text("Lost"), ..any() }),
        ("usage", NumberFilter { usage: text("Fax"), ..any() }),
        ("country", NumberFilter { country: text("GBR"), ..any() }),
    ] {
        let refused = found(filter).await.expect_err(field);
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            ("invalid_parameter", Some(field))
        );
    }
    let mine = crate::house::cx(&town.alpha.actor);
    let held = town.exchange.operator_number_list(&mine, any(), ListQuery::default()).await;
    let held = held.expect("lists").items;
    assert_eq!(held.len(), 4);
    // Who has a number is the tenant's own matter; that it is assigned is not.
    let given = held.iter().find(|n| n.number == PEOPLE[1]).expect("it is there");
    assert_eq!(given.assignment_status, "UserAssigned");
    assert_eq!((given.assigned_to_id, &given.assigned_to_name), (None, &None));
    let whose = NumberFilter { assigned_to_id: Some(alice), ..any() };
    let refused = town.exchange.operator_number_list(&mine, whose, ListQuery::default()).await;
    let refused = refused.expect_err("an operator does not ask for people");
    assert_eq!(
        (refused.code.as_str(), refused.field.as_deref()),
        ("invalid_parameter", Some("assigned_to_id"))
    );
    let theirs = crate::house::cx(&town.beta.actor);
    let held = town.exchange.operator_number_list(&theirs, any(), ListQuery::default()).await;
    assert!(held.expect("lists").items.is_empty());
});
