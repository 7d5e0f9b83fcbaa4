//! Quotes, reservations, payment and delivery.

use crate::furnished::doc;
use crate::house::{Company, Town, cx, meddle, town};
use crate::stock::{range, stock};
use api_types::Problem;
use api_types::shop::{Quote, Reservation};
use exchange::{ListQuery, NumberFilter, Received, ShopSearch};
use outbound::webhook::Message;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use testkit::on_both;
use uuid::Uuid;

const MINUTE: i64 = 60_000_000;

/// Contoso and Alpha agree; a hundred numbers at 10 GBP each are in stock, and the shop is open.
pub async fn shop(db: &testkit::Database, more: Value) -> Town {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let mut offer = range(442_079_460_000, 442_079_460_099);
    offer["amount"] = "10".into();
    offer["currency"] = "GBP".into();
    assert_eq!(stock(&town, &town.alpha, offer).await.failed, 0);
    sell(&town, more).await;
    town
}

async fn sell(town: &Town, more: Value) {
    let alpha = cx(&town.alpha.actor);
    let mut put = json!({ "open": true, "terms": "Thirty days",
        "payment_url": "https://pay.alpha.example/?order={reference}&sum={amount}" });
    for (field, value) in more.as_object().expect("fields") {
        put[field] = value.clone();
    }
    let version = town.exchange.storefront_get(&alpha).await.expect("it").version;
    let put = town.exchange.storefront_put(&alpha, Some(version), doc(put)).await;
    put.unwrap_or_else(|problem| panic!("{problem}"));
}

pub fn number(n: u64) -> String {
    format!("+{}", 442_079_460_000 + n)
}

pub async fn quote(town: &Town, company: &Company, numbers: &[u64]) -> Result<Quote, Problem> {
    let numbers: Vec<String> = numbers.iter().map(|n| number(*n)).collect();
    let ask = json!({ "operator_id": town.alpha.id, "numbers": numbers });
    town.exchange.quote_create(&cx(&company.actor), doc(ask)).await
}

async fn reserve(town: &Town, company: &Company, numbers: &[u64]) -> Result<Reservation, Problem> {
    let quote = quote(town, company, numbers).await?;
    let ask = json!({ "quote_id": quote.id });
    town.exchange.reservation_create(&cx(&company.actor), doc(ask)).await
}

async fn shown(town: &Town, id: Uuid) -> Reservation {
    town.exchange.reservation_get(&cx(&town.contoso.actor), id).await.expect("a reservation")
}

fn statuses(shown: &Reservation) -> Vec<(&str, &str)> {
    let items = shown.items.as_deref().unwrap_or_default();
    items.iter().map(|item| (&item.number[10..], item.status.as_str())).collect()
}

/// How many numbers can be had.
async fn on_offer(town: &Town) -> usize {
    let search = ShopSearch { country: "GB".into(), ..ShopSearch::default() };
    let list = ListQuery { cursor: None, limit: 1000 };
    let contoso = cx(&town.contoso.actor);
    let page = town.exchange.shop_number_list(&contoso, town.alpha.id, search, list).await;
    page.expect("a page").items.len()
}

async fn held(town: &Town) -> Vec<String> {
    let who = cx(&town.contoso.actor);
    let list = town.exchange.number_list(&who, NumberFilter::default(), ListQuery::default());
    list.await.expect("numbers").items.into_iter().map(|n| n.number).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
    result.expect_err("refused").code
}

/// What the payment page posts, and what comes of it.
pub struct Page {
    secret: Vec<u8>,
    operator: Uuid,
}

impl Page {
    pub async fn open(town: &Town) -> Self {
        let made = town.exchange.storefront_secret(&cx(&town.alpha.actor)).await.expect("a secret");
        let key = made.secret.strip_prefix("whsec_").expect("a webhook secret").to_owned();
        Self { secret: testkit::unbase64(&key), operator: town.alpha.id }
    }

    async fn says(&self, town: &Town, at: i64, id: &str, body: &Value) -> Result<String, Problem> {
        let body = body.to_string();
        let signature =
            Message { id, at, body: body.as_bytes() }.signature(&[self.secret.as_slice()]);
        let at = at.to_string();
        let received =
            Received { id, timestamp: &at, signature: &signature, body: body.as_bytes() };
        let answer = town.exchange.reservation_paid(self.operator, received, "test").await;
        answer.map(|answer| answer.state)
    }

    pub async fn paid(&self, town: &Town, id: Uuid) -> Result<String, Problem> {
        let body = json!({ "type": "reservation.paid", "timestamp": "2026-11-29T12:00:00Z",
            "data": { "reservation_id": id, "payment_reference": "P-1" } });
        self.says(town, jiff::Timestamp::now().as_second(), "msg_1", &body).await
    }
}

on_both!(a_quote_never_changes_and_holds_nothing, |db| {
    let town = shop(db, json!({ "open": false })).await;
    assert_eq!(code(quote(&town, &town.contoso, &[1]).await), "shop_closed");
    sell(&town, json!({})).await;
    assert_eq!(code(quote(&town, &town.fabrikam, &[1]).await), "no_consent");
    assert_eq!(code(quote(&town, &town.contoso, &[]).await), "no_entries");
    let missing = quote(&town, &town.contoso, &[1, 200, 201]).await.expect_err("not in stock");
    assert_eq!(missing.code, "out_of_stock");
    assert!(missing.reason.contains(&number(200)) && !missing.reason.contains(&number(1)));
    let contoso = cx(&town.contoso.actor);
    let wide = json!({ "operator_id": town.alpha.id,
        "ranges": [{ "first": number(0), "last": number(1000) }] });
    assert_eq!(code(town.exchange.quote_create(&contoso, doc(wide)).await), "too_many_entries");
    let berlin = town.settle(&town.contoso, "DE").await;
    for (location, expect) in [(berlin, "location_country"), (Uuid::nil(), "unknown_location")] {
        let ask = json!({ "operator_id": town.alpha.id, "numbers": [number(1)],
            "location_id": location });
        assert_eq!(code(town.exchange.quote_create(&contoso, doc(ask)).await), expect);
    }
    // Where the tenant may not set it, a number for people needs its location beforehand.
    sell(&town, json!({ "allow_tenant_address_update": false })).await;
    assert_eq!(code(quote(&town, &town.contoso, &[1]).await), "location_required");
    sell(&town, json!({})).await;

    let euros = json!({ "amount": "1", "currency": "EUR", "entries": [{ "number": number(50) }] });
    stock(&town, &town.alpha, euros).await;
    assert_eq!(code(quote(&town, &town.contoso, &[1, 50]).await), "mixed_currencies");
    let made = quote(&town, &town.contoso, &[1, 2, 2]).await.expect("a quote");
    assert_eq!((made.items.len(), made.amount.as_deref()), (2, Some("20.00")));
    assert_eq!((made.currency.as_deref(), made.terms.as_str()), (Some("GBP"), "Thirty days"));
    assert_eq!(on_offer(&town).await, 100, "a quote holds nothing");
    // Dearer by now, and on other terms: what was said is said.
    let dear = json!({ "amount": "99", "currency": "GBP", "entries": [{ "number": number(1) }] });
    stock(&town, &town.alpha, dear).await;
    sell(&town, json!({ "terms": "None" })).await;
    let again = town.exchange.quote_get(&contoso, made.id).await.expect("the quote");
    assert_eq!((again.amount.as_deref(), again.terms.as_str()), (Some("20.00"), "Thirty days"));
    let ask = json!({ "quote_id": made.id });
    let other = town.exchange.reservation_create(&cx(&town.fabrikam.actor), doc(ask.clone())).await;
    assert_eq!(code(other), "not_found");
    let reserved = town.exchange.reservation_create(&contoso, doc(ask)).await.expect("reserved");
    assert_eq!(reserved.amount.as_deref(), Some("20.00"));
    let hidden = town.exchange.quote_get(&cx(&town.fabrikam.actor), made.id).await;
    assert_eq!(code(hidden), "not_found");
    for _ in 0..99 {
        quote(&town, &town.contoso, &[5]).await.expect("a hundred may be good");
    }
    assert_eq!(code(quote(&town, &town.contoso, &[5]).await), "too_many_quotes");
    meddle(db, "UPDATE quote SET valid_until = 1").await;
    let old = quote(&town, &town.contoso, &[5]).await.expect("a quote");
    meddle(db, "UPDATE quote SET valid_until = 0").await;
    let ask = json!({ "quote_id": old.id });
    assert_eq!(code(town.exchange.reservation_create(&contoso, doc(ask)).await), "quote_expired");
});

on_both!(what_is_reserved_is_held_until_it_is_given_back, |db| {
    let town = shop(db, json!({ "reservation_minutes": 30 })).await;
    town.agree(&town.fabrikam, &town.alpha).await;
    town.settle(&town.fabrikam, "GB").await;
    let (exchange, contoso) = (&town.exchange, cx(&town.contoso.actor));
    let late = quote(&town, &town.fabrikam, &[2, 3]).await.expect("a quote");
    let first = reserve(&town, &town.contoso, &[1, 2]).await.expect("reserved");
    assert_eq!((first.state.as_str(), first.numbers), ("Reserved", 2));
    assert_eq!(on_offer(&town).await, 98);
    let ask = doc(json!({ "quote_id": late.id }));
    let taken = exchange.reservation_create(&cx(&town.fabrikam.actor), ask).await;
    let taken = taken.expect_err("one of them is held");
    assert_eq!(taken.code, "out_of_stock");
    assert!(taken.reason.contains(&number(2)) && !taken.reason.contains(&number(3)), "{taken}");
    assert_eq!(on_offer(&town).await, 98, "all of them or none");
    // Its operator neither withdraws it, nor sells it past the reservation.
    let alpha = cx(&town.alpha.actor);
    let gone = doc(json!({ "numbers": [number(1), number(4)] }));
    let gone = exchange.stock_withdraw(&alpha, gone).await.expect("answers");
    assert_eq!((gone.succeeded, gone.errors[0].error.code.as_str()), (1, "number_reserved"));
    let again = stock(&town, &town.alpha, json!({ "entries": [{ "number": number(1) }] })).await;
    assert_eq!(again.errors[0].error.code, "number_reserved");
    let upload = town.upload(&town.alpha, &town.contoso, &[&number(1)]);
    let (_, entries) = town.run(&town.alpha, upload).await;
    let refused = entries[0].error.as_ref().map(|error| error.code.as_str());
    assert_eq!(refused, Some("number_reserved"));

    // More time once, and then it is over; nobody else's hand.
    let ends = first.expires_at.as_microsecond();
    let longer = exchange.reservation_extend(&contoso, first.id).await.expect("longer");
    assert_eq!(longer.expires_at.as_microsecond(), ends + 30 * MINUTE);
    assert_eq!(code(exchange.reservation_extend(&contoso, first.id).await), "already_extended");
    let fabrikam = cx(&town.fabrikam.actor);
    assert_eq!(code(exchange.reservation_cancel(&fabrikam, first.id).await), "not_found");
    assert_eq!(
        code(exchange.reservation_accept(&cx(&town.beta.actor), first.id).await),
        "not_found"
    );
    for (at, moved, state) in [
        (ends, 0, "Reserved"),
        (ends + 30 * MINUTE - 1, 0, "Reserved"),
        (ends + 30 * MINUTE, 1, "Expired"),
        (ends + 31 * MINUTE, 0, "Expired"),
    ] {
        assert_eq!(exchange.reservations_due(at).await.expect("looked"), moved, "{at}");
        assert_eq!(shown(&town, first.id).await.state, state);
    }
    let expired = shown(&town, first.id).await;
    assert_eq!(statuses(&expired), [("001", "returned"), ("002", "returned")]);
    assert!(expired.ended_at.is_some() && expired.payment_url.is_none());
    assert_eq!(on_offer(&town).await, 99);
    assert_eq!(code(exchange.reservation_cancel(&contoso, first.id).await), "reservation_state");

    let second = reserve(&town, &town.contoso, &[1]).await.expect("free again");
    let cancelled = exchange.reservation_cancel(&contoso, second.id).await.expect("cancelled");
    assert_eq!((cancelled.state.as_str(), on_offer(&town).await), ("Cancelled", 99));
    let third = reserve(&town, &town.contoso, &[1]).await.expect("free again");
    let why = || doc(json!({ "reason": "Not served there" }));
    let declined = exchange.reservation_decline(&alpha, third.id, why()).await.expect("declined");
    assert_eq!(declined.reason.as_deref(), Some("Not served there"));
    assert_eq!((declined.state.as_str(), on_offer(&town).await), ("Declined", 99));
    let page = |state: &str| {
        let narrow = exchange::Narrow { filter: Some(format!("state eq {state}")), sort: None };
        narrow.page(ListQuery::default())
    };
    for (state, count) in [("Declined", 1), ("Expired", 1), ("Paid", 0)] {
        let mine = exchange.reservation_list(&contoso, page(state)).await.expect("a list").items;
        let theirs = exchange.operator_reservation_list(&alpha, page(state)).await;
        assert_eq!((mine.len(), theirs.expect("a list").items.len()), (count, count), "{state}");
    }
    let none = exchange.operator_reservation_list(&cx(&town.beta.actor), page("Declined")).await;
    assert!(none.expect("a list").items.is_empty());
    for n in 10..20 {
        reserve(&town, &town.contoso, &[n]).await.expect("ten may be open");
    }
    assert_eq!(code(reserve(&town, &town.contoso, &[30]).await), "too_many_reservations");
});

on_both!(a_payment_page_says_what_was_paid, |db| {
    let town = shop(db, json!({ "fulfilment": "when_paid" })).await;
    let page = Page::open(&town).await;
    let made = reserve(&town, &town.contoso, &[1, 2]).await.expect("reserved");
    // The page is told what is to be paid, signed: a JSON Web Token by HS256.
    let url = made.payment_url.clone().expect("where to pay");
    let token = url
        .strip_prefix("https://pay.alpha.example/?order=")
        .and_then(|rest| rest.strip_suffix("&sum=20.00"))
        .unwrap_or_else(|| panic!("{url}"));
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let message = |part: &str| {
        let mut text = part.replace('-', "+").replace('_', "/");
        text.push_str(&"=".repeat((4 - text.len() % 4) % 4));
        testkit::unbase64(&text)
    };
    let claims: Value =
        serde_json::from_slice(&message(signed.split('.').nth(1).expect("claims"))).expect("JSON");
    assert_eq!((&claims["sub"], &claims["amount"]), (&json!(made.id), &json!("20.00")));
    assert_eq!(claims["exp"], json!(made.expires_at.as_second()));
    assert_eq!(message(signature), hmac_of(&page.secret, signed.as_bytes()));

    let now = jiff::Timestamp::now().as_second();
    let body = json!({ "type": "reservation.paid", "data": { "reservation_id": made.id } });
    let stranger = Page { secret: vec![7; 32], operator: page.operator };
    let elsewhere = Page { secret: page.secret.clone(), operator: town.beta.id };
    let unsigned = Page { secret: Vec::new(), operator: town.beta.id };
    for (who, at, expect) in [
        (&stranger, now, "signature_invalid"),
        (&elsewhere, now, "signature_invalid"),
        (&unsigned, now, "signature_invalid"),
        (&page, now - 301, "signature_invalid"),
        (&page, now + 320, "signature_invalid"),
    ] {
        assert_eq!(code(who.says(&town, at, "msg_1", &body).await), expect);
    }
    let other = json!({ "type": "reservation.lost", "data": { "reservation_id": made.id } });
    assert_eq!(code(page.says(&town, now, "msg_1", &other).await), "invalid_field");
    assert_eq!(code(page.says(&town, now, "msg_1", &json!([])).await), "malformed_json");
    assert_eq!(code(page.paid(&town, Uuid::nil()).await), "not_found");
    assert_eq!(shown(&town, made.id).await.state, "Reserved");

    // Once, however often it is said.
    assert_eq!(page.paid(&town, made.id).await.expect("believed"), "Accepted");
    let paid_at = shown(&town, made.id).await.paid_at;
    assert_eq!(page.paid(&town, made.id).await.expect("the same"), "Accepted");
    let alpha = cx(&town.alpha.actor);
    let orders = town.exchange.number_order_list(&alpha, ListQuery::default()).await;
    assert_eq!(orders.expect("orders").items.len(), 1, "delivered once");
    town.exchange.orders_run().await.expect("it is run");
    let done = shown(&town, made.id).await;
    assert_eq!((done.state.as_str(), done.delivered, done.paid_at), ("Completed", 2, paid_at));
    assert_eq!(done.payment_reference.as_deref(), Some("P-1"));
    assert_eq!(statuses(&done), [("001", "delivered"), ("002", "delivered")]);
    assert_eq!(held(&town).await, [number(1), number(2)]);
    assert_eq!(on_offer(&town).await, 98);
    let listed = stock(&town, &town.alpha, json!({ "entries": [{ "number": number(1) }] })).await;
    assert_eq!(listed.errors[0].error.code, "held_elsewhere");
    assert_eq!(page.paid(&town, made.id).await.expect("the same"), "Completed");

    // Too late: nothing is held for it any more.
    let late = reserve(&town, &town.contoso, &[5]).await.expect("reserved");
    let over = late.expires_at.as_microsecond();
    assert_eq!(town.exchange.reservations_due(over).await.expect("looked"), 1);
    assert_eq!(code(page.paid(&town, late.id).await), "reservation_state");
});

fn hmac_of(key: &[u8], text: &[u8]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

on_both!(an_operator_decides_by_itself, |db| {
    let town = shop(db, json!({})).await;
    let page = Page::open(&town).await;
    let (exchange, alpha) = (&town.exchange, cx(&town.alpha.actor));
    let made = reserve(&town, &town.contoso, &[1]).await.expect("reserved");
    assert_eq!(page.paid(&town, made.id).await.expect("believed"), "Paid");
    // What is paid does not expire, nor is it the tenant's to give up.
    let later = made.expires_at.as_microsecond() + 1000 * MINUTE;
    assert_eq!(exchange.reservations_due(later).await.expect("looked"), 0);
    let cancel = exchange.reservation_cancel(&cx(&town.contoso.actor), made.id).await;
    assert_eq!(code(cancel), "reservation_state");
    let accepted = exchange.reservation_accept(&alpha, made.id).await.expect("accepted");
    assert_eq!(accepted.state, "Accepted");
    assert_eq!(code(exchange.reservation_accept(&alpha, made.id).await), "reservation_state");
    let why = doc(json!({ "reason": "late" }));
    assert_eq!(code(exchange.reservation_decline(&alpha, made.id, why).await), "reservation_state");
    exchange.orders_run().await.expect("it is run");
    assert_eq!(shown(&town, made.id).await.state, "Completed");
    assert_eq!(held(&town).await, [number(1)]);
    // By invoice: accepted without payment, which may be told later.
    let unpaid = reserve(&town, &town.contoso, &[2]).await.expect("reserved");
    exchange.reservation_accept(&alpha, unpaid.id).await.expect("accepted");
    assert_eq!(page.paid(&town, unpaid.id).await.expect("believed"), "Accepted");
    exchange.orders_run().await.expect("it is run");
    assert_eq!(held(&town).await.len(), 2);
});

on_both!(free_numbers_come_at_once_where_the_operator_says_so, |db| {
    let town = shop(db, json!({ "free_at_once": true })).await;
    stock(&town, &town.alpha, range(442_079_460_500, 442_079_460_509)).await;
    let due = reserve(&town, &town.contoso, &[1]).await.expect("reserved");
    assert_eq!(due.state, "Reserved");
    let free = reserve(&town, &town.contoso, &[500, 501]).await.expect("reserved");
    assert_eq!((free.state.as_str(), free.amount.clone()), ("Accepted", None));
    assert!(free.payment_url.is_none());
    town.exchange.orders_run().await.expect("it is run");
    assert_eq!(held(&town).await, [number(500), number(501)]);
});

on_both!(what_cannot_be_delivered_says_why_and_goes_back, |db| {
    let town = shop(db, json!({})).await;
    let made = reserve(&town, &town.contoso, &[0, 1]).await.expect("reserved");
    // The programme took a number out of the operator's range meanwhile.
    meddle(
        db,
        "UPDATE number_range SET first_number = 442079460001 WHERE first_number = 442079460000",
    )
    .await;
    town.exchange.reservation_accept(&cx(&town.alpha.actor), made.id).await.expect("accepted");
    town.exchange.orders_run().await.expect("it is run");
    let done = shown(&town, made.id).await;
    assert_eq!((done.state.as_str(), done.delivered, done.numbers), ("Completed", 1, 2));
    assert_eq!(statuses(&done), [("000", "failed"), ("001", "delivered")]);
    let error = done.items.as_ref().and_then(|items| items[0].error.clone());
    assert_eq!(error.map(|error| error.code).as_deref(), Some("outside_ranges"));
    assert_eq!(on_offer(&town).await, 99, "what failed can be had again");
    // The range is put right, and the operator tries the order again.
    meddle(
        db,
        "UPDATE number_range SET first_number = 442079460000 WHERE first_number = 442079460001",
    )
    .await;
    let (alpha, order) = (cx(&town.alpha.actor), done.order_id.expect("an order"));
    town.exchange.number_order_retry(&alpha, order).await.expect("again");
    town.exchange.orders_run().await.expect("it is run");
    let late = shown(&town, made.id).await;
    assert_eq!(statuses(&late), [("000", "delivered"), ("001", "delivered")]);
    assert_eq!(late.delivered, 2);
    assert!(late.items.is_some_and(|items| items.iter().all(|item| item.error.is_none())));
    meddle(
        db,
        "UPDATE number_range SET first_number = 442079460001 WHERE first_number = 442079460000",
    )
    .await;

    let none = reserve(&town, &town.contoso, &[2]).await.expect("reserved");
    meddle(
        db,
        "UPDATE number_range SET first_number = 442079460900 WHERE first_number = 442079460001",
    )
    .await;
    town.exchange.reservation_accept(&cx(&town.alpha.actor), none.id).await.expect("accepted");
    town.exchange.orders_run().await.expect("it is run");
    assert_eq!(shown(&town, none.id).await.state, "Error");
});

on_both!(a_change_freeze_holds_a_delivery_up, |db| {
    let town = shop(db, json!({ "fulfilment": "when_paid" })).await;
    let page = Page::open(&town).await;
    let (exchange, contoso) = (&town.exchange, cx(&town.contoso.actor));
    let made = reserve(&town, &town.contoso, &[1]).await.expect("reserved");
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let freeze = doc(json!({ "name": "wave 2", "ends_at": until }));
    let freeze = exchange.freeze_create(&contoso, freeze).await.expect("frozen");
    assert_eq!(page.paid(&town, made.id).await.expect("believed"), "Paid");
    let waits = shown(&town, made.id).await;
    assert!(waits.reason.is_some_and(|reason| reason.contains("wave 2")));
    let accept = exchange.reservation_accept(&cx(&town.alpha.actor), made.id).await;
    assert_eq!(code(accept), "change_freeze");
    exchange.freeze_remove(&contoso, freeze.id).await.expect("ended");
    let soon = jiff::Timestamp::now().as_microsecond() + 2 * MINUTE;
    assert_eq!(exchange.reservations_due(soon).await.expect("looked"), 1);
    exchange.orders_run().await.expect("it is run");
    let done = shown(&town, made.id).await;
    assert_eq!((done.state.as_str(), done.reason), ("Completed", None));
});

on_both!(both_sides_hear_of_it, |db| {
    let town = shop(db, json!({})).await;
    let exchange = &town.exchange;
    let (alpha, contoso) = (cx(&town.alpha.actor), cx(&town.contoso.actor));
    let from = exchange.events_from(&contoso, None, "from").await.expect("now");
    let made = reserve(&town, &town.contoso, &[1]).await.expect("reserved");
    let types = ["reservation.changed".to_owned()];
    for who in [&alpha, &contoso, &cx(&town.owner)] {
        let events = exchange.events_since(who, from, &types).await.expect("events").items;
        let told = serde_json::to_value(&events).expect("JSON");
        assert_eq!(told[0]["data"]["id"], json!(made.id.to_string()), "{told}");
    }
    for who in [&cx(&town.beta.actor), &cx(&town.fabrikam.actor)] {
        let events = exchange.events_since(who, from, &types).await.expect("events").items;
        assert!(events.is_empty(), "nobody else's business");
    }
});

on_both!(one_number_is_never_reserved_twice, |db| {
    let town = shop(db, json!({})).await;
    town.agree(&town.fabrikam, &town.alpha).await;
    town.settle(&town.fabrikam, "GB").await;
    // Overlapping wishes of two companies, all at the same time.
    let mut wishes = Vec::new();
    for n in 0..8u64 {
        let company = if n % 2 == 0 { &town.contoso } else { &town.fabrikam };
        let numbers: Vec<u64> = (0..6).map(|k| (n * 3 + k * 5) % 24).collect();
        let quote = quote(&town, company, &numbers).await.expect("a quote");
        wishes.push((cx(&company.actor), quote.id));
    }
    let tasks: Vec<_> = wishes
        .into_iter()
        .map(|(who, quote)| {
            let exchange = town.exchange.clone();
            tokio::spawn(async move {
                let ask = doc(json!({ "quote_id": quote }));
                let made = exchange.reservation_create(&who, ask).await;
                (who, made)
            })
        })
        .collect();
    let (mut taken, mut outcomes) = (BTreeSet::new(), BTreeMap::<String, u32>::new());
    for task in tasks {
        let (who, made) = task.await.expect("a client met a fault");
        let said = match made {
            Ok(made) => {
                let shown = town.exchange.reservation_get(&who, made.id).await.expect("it");
                for item in shown.items.expect("items") {
                    assert!(taken.insert(item.number.clone()), "{} twice", item.number);
                }
                "Reserved".to_owned()
            }
            Err(problem) => problem.code,
        };
        *outcomes.entry(said).or_default() += 1;
    }
    assert!(
        outcomes.contains_key("Reserved") && outcomes.contains_key("out_of_stock"),
        "{outcomes:?}"
    );
    for code in outcomes.keys() {
        let fair = ["Reserved", "out_of_stock", "busy", "conflict"].contains(&code.as_str());
        assert!(fair, "{outcomes:?}");
    }
    assert_eq!(on_offer(&town).await, 100 - taken.len());
});
