//! Mails to people, through a real mail server, on both databases.

use crate::house::{Company, Town, Worker, cx, meddle, town_in};
use api_types::mail::Mail;
use api_types::number::{AssignmentPut, NumberSettingsPut};
use domain::webhook::Patience;
use exchange::{Exchange, ExchangeConfig, ListQuery, MailFilter};
use numbering::E164;
use outbound::{Mailer, Smtp, SmtpConfig};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{Database, MailServer, on_both};
use uuid::Uuid;

const NUMBERS: [&str; 3] = ["+442079460001", "+442079460002", "+442079460003"];
const MS: i64 = 1000;

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn smtp(server: &MailServer) -> Arc<dyn Mailer> {
    let url = format!("smtp://{}", server.address());
    let from = "Telephony <telephony@meetpoint.example>".to_owned();
    Arc::new(Smtp::new(&SmtpConfig { url, from, ca: None }).expect("a mail server"))
}

/// Impatient, so that no test waits.
fn config(db: &Database, server: &MailServer) -> ExchangeConfig {
    ExchangeConfig {
        mailer: Some(smtp(server)),
        mail_patience: Patience { first: 20 * MS, longest: 100 * MS, give_up_after: 60_000 * MS },
        ..ExchangeConfig::new(&db.url)
    }
}

/// Contoso holds three numbers for people, and wants its people told.
async fn stocked(exchange: Exchange) -> Town {
    let town = town_in(exchange).await;
    town.agree(&town.contoso, &town.alpha).await;
    let place = town.settle(&town.contoso, "GB").await;
    let mut order = town.upload(&town.alpha, &town.contoso, &NUMBERS);
    order.location_id = Some(place);
    let (order, entries) = town.run(&town.alpha, order).await;
    assert_eq!(order.status, "success", "{entries:?}");
    wish(&town, true, true).await;
    town
}

async fn wish(town: &Town, assignment_email: bool, unassignment_email: bool) {
    let put =
        NumberSettingsPut { assignment_email, unassignment_email, ..NumberSettingsPut::default() };
    let cx = cx(&town.contoso.actor);
    town.exchange.number_settings_put(&cx, None, put).await.expect("the settings");
}

async fn give(town: &Town, number: &str, user: Uuid) {
    let put = AssignmentPut { user_id: Some(user), ..AssignmentPut::default() };
    let cx = cx(&town.contoso.actor);
    town.exchange.assignment_put(&cx, e164(number), None, put).await.expect("assigned");
}

async fn take(town: &Town, number: &str) {
    let cx = cx(&town.contoso.actor);
    town.exchange.assignment_remove(&cx, e164(number), None, None).await.expect("taken back");
}

async fn list(town: &Town, company: &Company, filter: MailFilter) -> Vec<Mail> {
    let list = ListQuery { cursor: None, limit: 1000 };
    town.exchange.mail_list(&cx(&company.actor), filter, list).await.expect("lists").items
}

/// Looks until so many mails of the tenant stand so.
async fn until(town: &Town, state: &str, count: usize) -> Vec<Mail> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let filter = MailFilter { state: Some(state.to_owned()), ..MailFilter::default() };
        let found = list(town, &town.contoso, filter).await;
        if found.len() == count {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {count} {state}: {found:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

on_both!(who_is_given_a_number_and_loses_it_hears_of_it, |db| {
    let server = MailServer::start();
    let exchange = Exchange::open(config(db, &server)).await.expect("the exchange opens");
    let town = stocked(exchange).await;
    let node = Worker::mailing(&town.exchange);
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    give(&town, NUMBERS[0], ada).await;
    until(&town, "sent", 1).await;
    take(&town, NUMBERS[0]).await;
    let sent = until(&town, "sent", 2).await;
    let kinds: Vec<&str> = sent.iter().map(|mail| mail.kind.as_str()).collect();
    assert_eq!(kinds, ["number_unassigned", "number_assigned"]);
    assert!(sent.iter().all(|mail| mail.attempts == 1 && mail.settled_at.is_some()), "{sent:?}");

    let mails = server.mails_once(2);
    let mut subjects: Vec<String> = mails.iter().map(|mail| mail.header("Subject")).collect();
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "+442079460001 is no longer your phone number at contoso",
            "Your phone number at contoso: +442079460001",
        ]
    );
    for mail in &mails {
        assert_eq!(mail.header("To"), "ada <ada@contoso.example>", "{}", mail.text);
        assert_eq!(mail.header("From"), "Telephony <telephony@meetpoint.example>");
    }
    // What is not wanted is not written.
    wish(&town, false, false).await;
    give(&town, NUMBERS[0], ada).await;
    assert_eq!(list(&town, &town.contoso, MailFilter::default()).await.len(), 2);
    node.stop().await;
});

on_both!(an_order_tells_everybody_once_and_a_trial_nobody, |db| {
    let server = MailServer::start();
    let exchange = Exchange::open(config(db, &server)).await.expect("the exchange opens");
    let town = stocked(exchange).await;
    let mut entries = Vec::new();
    for (name, number) in ["ada", "ben", "cyd"].into_iter().zip(NUMBERS) {
        town.person(&town.contoso, name, &["teams_phone"]).await;
        entries.push(json!({ "number": number, "user": format!("{name}@contoso.example") }));
    }
    let tenant = cx(&town.contoso.actor);
    for dry_run in [true, false] {
        let order = json!({ "kind": "assign", "dry_run": dry_run, "entries": entries });
        let order = serde_json::from_value(order).expect("an order");
        let placed = town.exchange.tenant_order_create(&tenant, order).await.expect("taken");
        town.exchange.orders_run().await.expect("the order runs");
        let done = town.exchange.tenant_order_get(&tenant, placed.id).await.expect("the order");
        assert_eq!(done.status, "success", "{done:?}");
        let written = list(&town, &town.contoso, MailFilter::default()).await.len();
        assert_eq!(written, if dry_run { 0 } else { 3 });
    }
    // Two nodes send what there is, each mail once.
    let beside = Exchange::open(config(db, &server)).await.expect("a second node opens");
    let nodes = [Worker::mailing(&town.exchange), Worker::mailing(&beside)];
    until(&town, "sent", 3).await;
    let mut readers: Vec<String> =
        server.mails_once(3).iter().map(|mail| mail.header("To")).collect();
    readers.sort();
    let expect = ["ada", "ben", "cyd"].map(|name| format!("{name} <{name}@contoso.example>"));
    assert_eq!(readers, expect);
    for node in nodes {
        node.stop().await;
    }
    beside.close().await;
});

on_both!(a_busy_server_is_asked_again_and_a_refusal_is_told, |db| {
    let server = MailServer::start();
    let exchange = Exchange::open(config(db, &server)).await.expect("the exchange opens");
    let town = stocked(exchange).await;
    let node = Worker::mailing(&town.exchange);
    server.be_busy(true);
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    give(&town, NUMBERS[0], ada).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let waits = loop {
        let found = list(&town, &town.contoso, MailFilter::default()).await;
        if found[0].attempts >= 2 {
            break found.into_iter().next().expect("one mail");
        }
        assert!(Instant::now() < deadline, "it is not tried again: {found:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(waits.state, "waiting");
    assert_eq!(waits.error_code.as_deref(), Some("mail_delayed"));
    assert!(waits.error.as_deref().is_some_and(|error| error.contains("too busy")), "{waits:?}");
    assert!(waits.next_attempt_at.is_some());
    let early = town.exchange.mail_resend(&cx(&town.contoso.actor), waits.id).await;
    assert_eq!(early.expect_err("it waits").code, "mail_not_failed");
    server.be_busy(false);
    let sent = until(&town, "sent", 1).await;
    assert_eq!((sent[0].id, &sent[0].error_code), (waits.id, &None));
    let mails = server.mails_once(1);
    assert_eq!(mails[0].header("Message-ID"), format!("<{}@meetpoint.example>", waits.id));

    let nobody = town.person(&town.contoso, "nobody", &["teams_phone"]).await;
    give(&town, NUMBERS[1], nobody).await;
    let failed = until(&town, "failed", 1).await;
    assert_eq!((failed[0].attempts, failed[0].error_code.as_deref()), (1, Some("mail_refused")));
    assert!(failed[0].error.as_deref().is_some_and(|e| e.contains("no such person")), "{failed:?}");
    // Another tenant neither sees it nor sends it again.
    assert!(list(&town, &town.fabrikam, MailFilter::default()).await.is_empty());
    let other = town.exchange.mail_resend(&cx(&town.fabrikam.actor), failed[0].id).await;
    assert_eq!(other.expect_err("not theirs").code, "not_found");
    let again = town.exchange.mail_resend(&cx(&town.contoso.actor), failed[0].id).await;
    let again = again.expect("it waits again");
    assert_eq!((again.state.as_str(), again.attempts), ("waiting", 0));
    until(&town, "failed", 1).await;
    let of_ada = MailFilter { user_id: Some(ada), ..MailFilter::default() };
    assert_eq!(list(&town, &town.contoso, of_ada).await.len(), 1);
    let of_number = MailFilter { number: Some(e164(NUMBERS[1])), ..MailFilter::default() };
    assert_eq!(list(&town, &town.contoso, of_number).await[0].id, failed[0].id);
    node.stop().await;
});

on_both!(mails_wait_for_a_node_that_has_a_mail_server, |db| {
    let server = MailServer::start();
    let without = ExchangeConfig { mailer: None, ..config(db, &server) };
    let town = stocked(Exchange::open(without).await.expect("the exchange opens")).await;
    let idle = Worker::mailing(&town.exchange);
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    give(&town, NUMBERS[0], ada).await;
    let with = Exchange::open(config(db, &server)).await.expect("a second node opens");
    let node = Worker::mailing(&with);
    until(&town, "sent", 1).await;
    server.mails_once(1);
    for node in [idle, node] {
        node.stop().await;
    }
    with.close().await;
});

on_both!(a_mail_that_nobody_can_send_ends, |db| {
    let server = MailServer::start();
    let without = ExchangeConfig { mailer: None, ..config(db, &server) };
    let town = stocked(Exchange::open(without).await.expect("the exchange opens")).await;
    for (name, number) in ["ada", "ben"].into_iter().zip(NUMBERS) {
        let user = town.person(&town.contoso, name, &["teams_phone"]).await;
        give(&town, number, user).await;
    }
    // Of these two one has waited for longer than anybody cares.
    meddle(db, "UPDATE mail SET due_at = 0 WHERE number = 442079460001").await;
    let node = Worker::mailing(&town.exchange);
    let failed = until(&town, "failed", 1).await;
    assert_eq!(failed[0].number, NUMBERS[0]);
    assert_eq!(failed[0].error_code.as_deref(), Some("no_mail_server"));
    until(&town, "waiting", 1).await;
    node.stop().await;
});
