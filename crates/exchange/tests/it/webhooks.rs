//! Webhooks: real receivers, on both databases.

use crate::house::{Company, Town, Worker, cx, meddle, town_in};
use api_types::event::Event;
use api_types::webhook::{
    Webhook, WebhookCreate, WebhookDelivery, WebhookReplay, WebhookRotate, WebhookSecret,
    WebhookUpdate,
};
use domain::webhook::Patience;
use exchange::{Actor, Exchange, ExchangeConfig, ListQuery, WebhookConfig};
use outbound::{Guard, Http};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use testkit::{Database, Received, Receiver, Reply, on_both};
use tokio::task::block_in_place;
use uuid::Uuid;

const MS: i64 = 1000;

/// Impatient, so that no test waits, and with a way to this machine.
fn config(db: &Database) -> ExchangeConfig {
    let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a network")]);
    ExchangeConfig {
        webhooks: WebhookConfig {
            timeout: Duration::from_secs(5),
            lease: Duration::from_secs(20),
            patience: Patience { first: 20 * MS, longest: 100 * MS, give_up_after: 60_000 * MS },
            ..WebhookConfig::default()
        },
        poster: Some(Arc::new(Http::new(guard))),
        ..ExchangeConfig::new(&db.url)
    }
}

async fn open(config: ExchangeConfig) -> Exchange {
    Exchange::open(config).await.expect("the exchange opens")
}

fn to(receiver: &Receiver) -> WebhookCreate {
    serde_json::from_value(json!({ "endpoint": receiver.url() })).expect("a subscription")
}

async fn subscribe(exchange: &Exchange, actor: &Actor, receiver: &Receiver) -> WebhookSecret {
    exchange.webhook_create(&cx(actor), to(receiver)).await.expect("subscribed")
}

async fn look(exchange: &Exchange, actor: &Actor, id: Uuid) -> Webhook {
    exchange.webhook_get(&cx(actor), id).await.expect("the subscription")
}

async fn deliveries(exchange: &Exchange, actor: &Actor, id: Uuid) -> Vec<WebhookDelivery> {
    let list = ListQuery { cursor: None, limit: 1000 };
    let page = exchange.webhook_deliveries(&cx(actor), id, None, list).await.expect("lists");
    let mut items = page.items;
    items.reverse();
    items
}

/// Looks until the subscription is as wanted.
async fn until(
    exchange: &Exchange,
    actor: &Actor,
    id: Uuid,
    what: &str,
    wanted: impl Fn(&Webhook) -> bool,
) -> Webhook {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let now = look(exchange, actor, id).await;
        if wanted(&now) {
            return now;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}: {now:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn events(seen: &[Received]) -> Vec<Event> {
    seen.iter().map(|r| serde_json::from_slice(&r.body).expect("an event")).collect()
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.what.kind()).collect()
}

fn ids(seen: &[Received]) -> Vec<String> {
    events(seen).into_iter().map(|event| event.id).collect()
}

fn place(id: &str) -> u64 {
    id.rsplit('-').next().and_then(|text| text.parse().ok()).expect("a position")
}

/// So many people, one event each.
async fn people(town: &Town, company: &Company, from: usize, count: usize) {
    for n in from..from + count {
        town.person(company, &format!("p{n}-{}", &company.id.to_string()[24..]), &[]).await;
    }
}

on_both!(each_side_hears_what_is_its_own, |db| {
    let town = town_in(open(config(db)).await).await;
    let (contoso, alpha) = (&town.contoso.actor, &town.alpha.actor);
    let (tenant, operator, programme) = (Receiver::start(), Receiver::start(), Receiver::start());
    let tenants = subscribe(&town.exchange, contoso, &tenant).await;
    let operators = subscribe(&town.exchange, alpha, &operator).await;
    let programmes = subscribe(&town.exchange, &town.owner, &programme).await;
    let node = Worker::posting(&town.exchange);
    town.agree(&town.contoso, &town.alpha).await;
    // None of these are any of theirs.
    town.agree(&town.fabrikam, &town.beta).await;
    town.settle(&town.fabrikam, "GB").await;
    town.settle(&town.contoso, "GB").await;
    town.person(&town.contoso, "ada", &["teams_phone"]).await;
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460001", "+442079460002"]);
    let (order, _) = town.run(&town.alpha, order).await;
    assert_eq!(order.status, "success");

    let seen = block_in_place(|| tenant.wait(5));
    assert!(seen.iter().all(|r| r.is_signed_by(&tenants.secret)), "signed");
    let (head, said) = (seen[0].clone(), events(&seen));
    let expect = [
        "webhook.changed",
        "consent.changed",
        "civic_address.changed",
        "user.changed",
        "numbers.changed",
    ];
    assert_eq!(kinds(&said), expect, "{said:#?}");
    assert_eq!(head.header("webhook-id"), said[0].id);
    let at: i64 = head.header("webhook-timestamp").parse().expect("seconds");
    assert!((jiff::Timestamp::now().as_second() - at).abs() < 60);
    let places: Vec<u64> = said.iter().map(|event| place(&event.id)).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    let numbers = seen[4].json();
    assert_eq!(numbers["data"]["numbers"][0]["number"], "+442079460001");
    assert_eq!(numbers["data"]["operator_id"], town.alpha.id.to_string());
    let text = String::from_utf8(seen.iter().flat_map(|r| r.body.clone()).collect()).expect("text");
    assert!(!text.contains(&town.fabrikam.id.to_string()), "{text}");

    let seen = block_in_place(|| operator.wait(5));
    assert!(seen.iter().all(|r| r.is_signed_by(&operators.secret)), "signed");
    assert!(!seen[0].is_signed_by(&tenants.secret), "each has a secret of its own");
    let said = events(&seen);
    let expect = [
        "webhook.changed",
        "consent.changed",
        "number_order.created",
        "numbers.changed",
        "number_order.finished",
    ];
    assert_eq!(kinds(&said), expect, "{said:#?}");
    let finished = seen[4].json();
    assert_eq!(finished["data"]["id"], order.id.to_string());
    assert_eq!(finished["data"]["succeeded"], 2);
    assert_eq!(finished["data"]["status"], "success");

    let all = block_in_place(|| {
        programme.wait_until("the order's end", |seen| {
            kinds(&events(seen)).contains(&"number_order.finished")
        })
    });
    assert!(all[0].is_signed_by(&programmes.secret));
    let text = String::from_utf8(all.iter().flat_map(|r| r.body.clone()).collect()).expect("text");
    assert!(text.contains(&town.fabrikam.id.to_string()), "the owner sees everybody's");
    assert!(!text.contains("\"ada\""), "and no tenant's people");
    node.stop().await;
});

on_both!(an_operator_is_not_told_of_the_tenants_people, |db| {
    let town = town_in(open(config(db)).await).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    town.run(&town.alpha, order).await;
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    town.exchange.user_phone_create(&cx(&town.contoso.actor), ada).await.expect("a phone");
    let location = town.settle(&town.contoso, "GB").await;
    let (tenant, operator) = (Receiver::start(), Receiver::start());
    subscribe(&town.exchange, &town.contoso.actor, &tenant).await;
    subscribe(&town.exchange, &town.alpha.actor, &operator).await;
    let put = serde_json::from_value(json!({ "user_id": ada, "location_id": location }));
    let number = "+442079460001".parse().expect("E.164");
    let admin = cx(&town.contoso.actor);
    let held = town.exchange.number_get(&admin, number).await.expect("the number");
    let put = put.expect("an assignment");
    let put = town.exchange.assignment_put(&admin, number, Some(held.version), put).await;
    put.expect("assigned");
    let node = Worker::posting(&town.exchange);
    let theirs = block_in_place(|| operator.wait(2));
    let said = theirs[1].json();
    assert_eq!(said["data"]["numbers"][0]["assignment_status"], "UserAssigned");
    assert_eq!(said["data"]["numbers"][0]["assigned_to_id"], json!(null));
    let own = block_in_place(|| tenant.wait(3));
    let said = own[1].json();
    assert_eq!(said["data"]["numbers"][0]["assigned_to_id"], ada.to_string());
    let said = own[2].json();
    assert_eq!(
        (&said["type"], &said["data"]["number"]),
        (&json!("user.changed"), &json!("+442079460001"))
    );
    for received in own.iter().chain(&theirs) {
        let text = String::from_utf8_lossy(&received.body);
        assert!(!text.contains("ha1"), "what edges need is not told: {text}");
    }
    node.stop().await;
});

on_both!(a_failing_endpoint_is_tried_again_in_order_and_given_up_at_last, |db| {
    let mut config = config(db);
    config.webhooks.patience.give_up_after = 3_000 * MS;
    let town = town_in(open(config).await).await;
    let (exchange, admin) = (&town.exchange, &town.contoso.actor);
    let status = Arc::new(AtomicU16::new(204));
    let receiver = Receiver::with({
        let status = status.clone();
        move |_, n| match n {
            0 | 1 => Reply::Status(500),
            2 => Reply::Close,
            _ => Reply::Status(status.load(Ordering::SeqCst)),
        }
    });
    let webhook = subscribe(exchange, admin, &receiver).await;
    people(&town, &town.contoso, 0, 2).await;
    let node = Worker::posting(exchange);
    let seen = block_in_place(|| receiver.wait(6));
    let came = ids(&seen);
    assert!(came[..4].iter().all(|id| *id == came[0]), "nothing overtakes: {came:?}");
    assert!(place(&came[3]) < place(&came[4]) && place(&came[4]) < place(&came[5]));
    until(exchange, admin, webhook.id, "peace", |w| w.failures == 0 && w.position == came[5]).await;
    let tried = deliveries(exchange, admin, webhook.id).await;
    let short: Vec<_> =
        tried.iter().map(|d| (d.attempt, d.status, d.error_code.as_deref(), d.delivered)).collect();
    let expect = [
        (1, Some(500), Some("status_refused"), false),
        (2, Some(500), Some("status_refused"), false),
        (3, None, Some("connection_broken"), false),
        (4, Some(204), None, true),
        (1, Some(204), None, true),
        (1, Some(204), None, true),
    ];
    assert_eq!(short, expect);
    assert!(tried.iter().all(|d| d.error.is_some() != d.delivered));

    // From here on it fails for good.
    status.store(503, Ordering::SeqCst);
    people(&town, &town.contoso, 2, 2).await;
    let dead = until(exchange, admin, webhook.id, "the end", |w| !w.enabled).await;
    let reason = dead.disabled_reason.expect("a reason");
    assert!(reason.contains("failed since") && reason.ends_with("answered 503"), "{reason}");
    assert!(dead.disabled_at.is_some() && dead.failing_since.is_some());
    assert_eq!(dead.position, came[5], "it stands where it stopped");
    let so_far = receiver.seen().len();
    assert!(so_far > 8, "it was tried more than once or twice: {so_far}");

    // Mended and enabled, it goes on from there.
    status.store(204, Ordering::SeqCst);
    let edit = WebhookUpdate { enabled: Some(true), ..WebhookUpdate::default() };
    let again = exchange.webhook_update(&cx(admin), webhook.id, Some(dead.version), edit).await;
    let again = again.expect("enabled");
    assert_eq!((again.failures, again.disabled_reason), (0, None));
    let seen = block_in_place(|| {
        receiver.wait_until("the rest", |seen| {
            kinds(&events(&seen[so_far..])).last() == Some(&"webhook.changed")
        })
    });
    let rest = events(&seen[so_far..]);
    let expect = ["user.changed", "user.changed", "webhook.disabled", "webhook.changed"];
    assert_eq!(kinds(&rest), expect, "nothing is lost");
    node.stop().await;
});

on_both!(an_endpoint_that_is_gone_or_sends_elsewhere, |db| {
    let town = town_in(open(config(db)).await).await;
    let (exchange, admin) = (&town.exchange, &town.contoso.actor);
    let elsewhere = Receiver::start();
    let location = format!("Location: {}", elsewhere.url());
    let sends = Receiver::with(move |_, _| Reply::With(302, vec![location.clone()]));
    let sent = subscribe(exchange, admin, &sends).await;
    let gone = Receiver::with(|_, _| Reply::Status(410));
    let gone = subscribe(exchange, admin, &gone).await;
    let node = Worker::posting(exchange);
    let dead = until(exchange, admin, gone.id, "the end", |w| !w.enabled).await;
    assert_eq!((dead.failures, dead.enabled), (1, false), "410 is said once");
    assert!(dead.disabled_reason.is_some_and(|reason| reason.contains("410")));
    until(exchange, admin, sent.id, "failures", |w| w.failures > 1).await;
    let tried = deliveries(exchange, admin, sent.id).await;
    assert_eq!(tried[0].error_code.as_deref(), Some("redirected"));
    assert!(elsewhere.seen().is_empty(), "a redirect leads nowhere");
    node.stop().await;
});

on_both!(a_secret_is_changed_without_a_gap, |db| {
    let town = town_in(open(config(db)).await).await;
    let (exchange, admin) = (&town.exchange, &town.contoso.actor);
    let receiver = Receiver::start();
    let first = subscribe(exchange, admin, &receiver).await;
    let rotate = async |keep_old_hours| {
        let ask = WebhookRotate { keep_old_hours };
        exchange.webhook_rotate(&cx(admin), first.id, ask).await
    };
    let second = rotate(None).await.expect("another");
    assert_ne!(first.secret, second.secret);
    assert!(second.webhook.old_secret_until.is_some());
    let tried = exchange.webhook_test(&cx(admin), first.id).await.expect("tried");
    assert!(tried.delivered && tried.event_id.starts_with("test-"), "{tried:?}");
    let seen = receiver.seen();
    assert!(seen[0].is_signed_by(&first.secret) && seen[0].is_signed_by(&second.secret));
    assert_eq!(seen[0].json()["type"], "webhook.test");

    let third = rotate(Some(0)).await.expect("another, at once");
    exchange.webhook_test(&cx(admin), first.id).await.expect("tried");
    let seen = receiver.seen();
    assert!(seen[1].is_signed_by(&third.secret));
    assert!(!seen[1].is_signed_by(&first.secret) && !seen[1].is_signed_by(&second.secret));
    let refused = rotate(Some(169)).await.expect_err("too long");
    assert_eq!(refused.field.as_deref(), Some("/keep_old_hours"));
    let tried = deliveries(exchange, admin, first.id).await;
    assert_eq!(tried.len(), 2, "tests are among the deliveries");
});

on_both!(events_are_sent_again_from_where_one_likes, |db| {
    let town = town_in(open(config(db)).await).await;
    let (exchange, admin) = (&town.exchange, &town.contoso.actor);
    people(&town, &town.contoso, 0, 3).await;
    let receiver = Receiver::start();
    let before = WebhookCreate { from: Some("start".into()), ..to(&receiver) };
    let webhook = exchange.webhook_create(&cx(admin), before).await.expect("subscribed");
    let node = Worker::posting(exchange);
    // The tenant itself, three people, the subscription.
    let seen = block_in_place(|| receiver.wait(5));
    let came = ids(&seen);
    assert_eq!(kinds(&events(&seen))[0], "tenant.changed");
    let replay = async |from: &str| {
        let ask = WebhookReplay { from: from.into() };
        exchange.webhook_replay(&cx(admin), webhook.id, ask).await
    };
    replay(&came[2]).await.expect("again");
    let seen = block_in_place(|| receiver.wait(8));
    assert_eq!(ids(&seen[5..7]), came[3..], "the same events by the same names");
    assert_eq!(kinds(&events(&seen[7..])), ["webhook.changed"], "the replay itself");
    // By time: everything since long ago.
    replay("2020-01-01T00:00:00Z").await.expect("again");
    let seen = block_in_place(|| receiver.wait(8 + 7));
    assert_eq!(ids(&seen[8..13]), came);
    for (from, code) in [
        (format!("{}-{}", Uuid::now_v7(), 3), "events_gone"),
        (came[0].replace(&format!("-{}", place(&came[0])), "-99999"), "events_gone"),
        ("yesterday".to_owned(), "invalid_parameter"),
        (String::new(), "invalid_parameter"),
    ] {
        let refused = replay(&from).await.expect_err(&from);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some("/from")));
    }
    node.stop().await;
});

on_both!(a_node_that_dies_loses_nothing, |db| {
    let mut config = config(db);
    config.webhooks.lease = Duration::from_millis(1500);
    let town = town_in(open(config.clone()).await).await;
    let other = open(config).await;
    let admin = &town.contoso.actor;
    // Says nothing to the third: the node has sent it, and does not know whether it arrived.
    let receiver = Receiver::with(|_, n| if n == 2 { Reply::Hang } else { Reply::Status(200) });
    subscribe(&town.exchange, admin, &receiver).await;
    people(&town, &town.contoso, 0, 5).await;
    let first = Worker::posting(&town.exchange);
    block_in_place(|| receiver.wait(3));
    first.kill().await;
    let second = Worker::posting(&other);
    let seen = block_in_place(|| receiver.wait(7));
    let came = ids(&seen);
    assert_eq!(came[2], came[3], "what was under way is sent again");
    let mut once = came.clone();
    once.dedup();
    assert_eq!(once.len(), 6, "and nothing else: {came:?}");
    assert!(once.iter().map(|id| place(id)).is_sorted(), "in order: {once:?}");
    second.stop().await;
});

on_both!(several_nodes_send_each_event_once, |db| {
    let town = town_in(open(config(db)).await).await;
    let other = open(config(db)).await;
    let receivers: Vec<Receiver> = (0..3).map(|_| Receiver::start()).collect();
    for receiver in &receivers {
        subscribe(&town.exchange, &town.contoso.actor, receiver).await;
    }
    let nodes = [Worker::posting(&town.exchange), Worker::posting(&other), Worker::posting(&other)];
    people(&town, &town.contoso, 0, 20).await;
    for (n, receiver) in receivers.iter().enumerate() {
        // Subscriptions made after it are told of too.
        let count = 20 + 3 - n;
        let seen = block_in_place(|| receiver.wait(count));
        let places: Vec<u64> = ids(&seen).iter().map(|id| place(id)).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "once and in order: {places:?}");
        assert_eq!(seen.len(), count);
    }
    for node in nodes {
        node.stop().await;
    }
    for receiver in &receivers {
        let places: Vec<u64> = ids(&receiver.seen()).iter().map(|id| place(id)).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "nothing came twice after all: {places:?}");
    }
});

on_both!(who_was_away_too_long_is_told_so, |db| {
    let town = town_in(open(ExchangeConfig { changes_kept: 1, ..config(db) }).await).await;
    let (exchange, admin) = (&town.exchange, &town.contoso.actor);
    let (receiver, quiet) = (Receiver::start(), Receiver::start());
    let webhook = subscribe(exchange, admin, &receiver).await;
    // Nothing more happens to this one: it misses nothing.
    let calm = WebhookCreate { from: Some("now".into()), ..to(&quiet) };
    let calm = exchange.webhook_create(&cx(&town.fabrikam.actor), calm).await.expect("another");
    let node = Worker::posting(exchange);
    block_in_place(|| quiet.wait(1));
    block_in_place(|| receiver.wait(1));
    node.stop().await;
    people(&town, &town.contoso, 0, 3).await;
    // Tidies once it starts.
    let worker = Worker::start(exchange);
    let deadline = Instant::now() + Duration::from_secs(20);
    let start = WebhookReplay { from: webhook.webhook.position.clone() };
    while exchange.webhook_replay(&cx(admin), webhook.id, start.clone()).await.is_ok() {
        assert!(Instant::now() < deadline, "the log is not trimmed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.stop().await;
    let node = Worker::posting(exchange);
    let seen = block_in_place(|| {
        receiver.wait_until("the news", |seen| kinds(&events(seen)).contains(&"events.missed"))
    });
    let missed = seen.iter().find(|r| r.json()["type"] == "events.missed").expect("it").json();
    assert_eq!(missed["data"]["reason"], "trimmed");
    let list = until(exchange, admin, webhook.id, "the end of the log", |w| {
        place(&w.position) >= place(missed["data"]["resumes_after"].as_str().expect("an id"))
    });
    list.await;
    // A new person of the other tenant's: heard, and nothing of things missed.
    town.exchange
        .civic_address_create(&cx(&town.fabrikam.actor), crate::house::office("GB"))
        .await
        .expect("an office");
    let seen = block_in_place(|| quiet.wait(2));
    assert_eq!(kinds(&events(&seen)), ["webhook.changed", "civic_address.changed"]);
    let _ = calm;
    node.stop().await;
});

on_both!(a_restored_database_says_that_it_is_another_life, |db| {
    let town = town_in(open(config(db)).await).await;
    let receiver = Receiver::start();
    subscribe(&town.exchange, &town.contoso.actor, &receiver).await;
    let node = Worker::posting(&town.exchange);
    block_in_place(|| receiver.wait(1));
    node.stop().await;
    town.exchange.close().await;
    meddle(
        db,
        "UPDATE meta SET body = '01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e5f' WHERE name = 'epoch'",
    )
    .await;
    let exchange = open(config(db)).await;
    let node = Worker::posting(&exchange);
    let seen = block_in_place(|| receiver.wait(2));
    let missed = seen[1].json();
    assert_eq!(
        (&missed["type"], &missed["data"]["reason"]),
        (&json!("events.missed"), &json!("restored"))
    );
    let admin = cx(&town.contoso.actor);
    exchange.civic_address_create(&admin, crate::house::office("GB")).await.expect("an office");
    let seen = block_in_place(|| receiver.wait(3));
    assert!(ids(&seen)[2].starts_with("01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e5f-"));
    node.stop().await;
});

on_both!(what_a_subscription_may_be, |db| {
    let town = town_in(open(config(db)).await).await;
    let (exchange, admin) = (&town.exchange, cx(&town.contoso.actor));
    let receiver = Receiver::start();
    let refused = async |change: serde_json::Value| {
        let mut new = json!({ "endpoint": "https://hooks.example.com/" });
        for (field, value) in change.as_object().expect("fields") {
            new[field] = value.clone();
        }
        let new = serde_json::from_value(new).expect("a subscription");
        let problem = exchange.webhook_create(&admin, new).await.expect_err("refused");
        assert!(!problem.reason.is_empty() && !problem.remedy.is_empty());
        (problem.code, problem.field.unwrap_or_default())
    };
    let said = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    for endpoint in [
        "",
        "x",
        "ftp://hooks.example.com/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "http://169.254.169.254/",
        "https://a:b@hooks.example.com/",
    ] {
        let got = refused(json!({ "endpoint": endpoint })).await;
        assert_eq!(got, said("endpoint_refused", "/endpoint"), "{endpoint}");
    }
    for kind in ["nonsense", "trunk.changed", "edge_key.changed"] {
        let got = refused(json!({ "event_types": ["user.changed", kind] })).await;
        assert_eq!(got, said("unknown_event_type", "/event_types"), "{kind}");
    }
    assert_eq!(
        refused(json!({ "description": "x".repeat(201) })).await,
        said("invalid_field", "/description")
    );
    assert_eq!(refused(json!({ "from": "soon" })).await, said("invalid_parameter", "/from"));

    let types = WebhookCreate { event_types: vec!["user.changed".into()], ..to(&receiver) };
    let made = exchange.webhook_create(&admin, types).await.expect("subscribed");
    assert!(made.secret.starts_with("whsec_"));
    // Another's is not there.
    for other in [&town.fabrikam.actor, &town.alpha.actor, &town.owner] {
        let other = cx(other);
        let refused = exchange.webhook_get(&other, made.id).await.expect_err("another's");
        assert_eq!(refused.code, "not_found");
        let refused = exchange.webhook_remove(&other, made.id, None).await.expect_err("another's");
        assert_eq!(refused.code, "not_found");
        let refused = exchange.webhook_test(&other, made.id).await.expect_err("another's");
        assert_eq!(refused.code, "not_found");
        let list = exchange.webhook_list(&other, ListQuery::default()).await.expect("lists");
        assert!(list.items.is_empty());
    }
    let edit = || WebhookUpdate { description: Some("ours".into()), ..WebhookUpdate::default() };
    for (version, code) in [(None, "version_required"), (Some(9), "version_mismatch")] {
        let refused = exchange.webhook_update(&admin, made.id, version, edit()).await;
        assert_eq!(refused.expect_err("refused").code, code);
    }
    let edited = exchange.webhook_update(&admin, made.id, Some(1), edit()).await.expect("edited");
    assert_eq!((edited.version, edited.description.as_str()), (2, "ours"));

    // Only what was asked for is sent.
    let node = Worker::posting(exchange);
    town.settle(&town.contoso, "GB").await;
    people(&town, &town.contoso, 0, 1).await;
    let seen = block_in_place(|| receiver.wait(1));
    assert_eq!(kinds(&events(&seen)), ["user.changed"]);
    node.stop().await;

    exchange.webhook_remove(&admin, made.id, Some(2)).await.expect("removed");
    assert!(
        exchange.webhook_list(&admin, ListQuery::default()).await.expect("lists").items.is_empty()
    );
    for _ in 0..20 {
        exchange.webhook_create(&admin, to(&receiver)).await.expect("one of twenty");
    }
    let many = exchange.webhook_create(&admin, to(&receiver)).await.expect_err("one too many");
    assert_eq!(many.code, "too_many_webhooks");
});
