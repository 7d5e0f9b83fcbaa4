//! What an operator has in stock, and what tenants find in it.

use crate::furnished::doc;
use crate::house::{Carrier, Company, Town, Worker, cx, finished, town};
use api_types::shop::{Stock, StockResult};
use api_types::tenant::ConsentUpdate;
use exchange::{ListQuery, Narrow, ShopSearch};
use serde_json::{Value, json};
use std::io::Write;
use testkit::on_both;

/// What an operator says of all its numbers.
pub fn offer(carrier: &Carrier, more: Value) -> Value {
    let mut offer = json!({ "calling_profile_id": carrier.profile,
        "usage": "CallingUserAssignment", "area": "London" });
    for (field, value) in more.as_object().expect("fields") {
        offer[field] = value.clone();
    }
    offer
}

pub async fn stock(town: &Town, carrier: &Carrier, more: Value) -> StockResult {
    let put = town.exchange.stock_put(&cx(&carrier.actor), doc(offer(carrier, more))).await;
    put.unwrap_or_else(|problem| panic!("{problem}"))
}

pub fn range(first: u64, last: u64) -> Value {
    json!({ "ranges": [{ "first": format!("+{first}"), "last": format!("+{last}") }] })
}

fn codes(result: &StockResult) -> Vec<(&str, &str, Option<&str>)> {
    result
        .errors
        .iter()
        .map(|e| (e.number.as_str(), e.error.code.as_str(), e.error.field.as_deref()))
        .collect()
}

async fn stocked(town: &Town, carrier: &Carrier) -> Vec<Stock> {
    let list = ListQuery { cursor: None, limit: 1000 };
    town.exchange.stock_list(&cx(&carrier.actor), list).await.expect("a list").items
}

fn gb() -> ShopSearch {
    ShopSearch { country: "GB".into(), ..ShopSearch::default() }
}

/// All pages of a search, with how many it took.
async fn found(
    town: &Town,
    company: &Company,
    carrier: &Carrier,
    search: &ShopSearch,
    limit: u32,
) -> (Vec<(String, String)>, usize) {
    let (mut all, mut cursor, mut pages) = (Vec::new(), None, 0);
    let who = cx(&company.actor);
    loop {
        let list = ListQuery { cursor, limit };
        let page = town.exchange.shop_number_list(&who, carrier.id, search.clone(), list);
        let page = page.await.unwrap_or_else(|problem| panic!("{problem}"));
        all.extend(page.items.into_iter().map(|n| (n.first, n.last)));
        (cursor, pages) = (page.next_cursor, pages + 1);
        if cursor.is_none() {
            return (all, pages);
        }
        assert!(pages < 100, "a search ends");
    }
}

on_both!(good_numbers_are_offered_and_bad_ones_say_why, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let upload = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    assert_eq!(town.run(&town.alpha, upload).await.0.status, "success");
    let entries = json!({ "price_note": "5 a month", "amount": "12.5", "currency": "GBP",
        "entries": [
            { "number": "+442079460010" },
            { "number": "+442079460011", "area": " Greater London ", "amount": "0", "currency": "EUR",
              "kind": "Mobile", "usage": "FirstPartyAppAssignment" },
            { "number": "0207" },
            { "number": "+442079462001" },
            { "number": "+442079460001" },
            { "number": "+442079460010" },
            { "number": "+442079460012", "usage": "Fax" },
            { "number": "+442079460013", "kind": "Fax" },
            { "number": "+442079460014", "kind": "TollFree" },
            { "number": "+442079460015", "calling_profile_id": town.beta.profile },
            { "number": "+442079460016", "amount": "1,5" , "currency": "GBP" },
            { "number": "+442079460017", "amount": "1" },
            { "number": "+442079460018", "country": "DE" },
            { "number": "+442079460019", "area": "x".repeat(65) },
        ] });
    let mut trial = entries.clone();
    trial["dry_run"] = true.into();
    let tried = stock(&town, &town.alpha, trial).await;
    assert!(stocked(&town, &town.alpha).await.is_empty(), "a trial changes nothing");
    let result = stock(&town, &town.alpha, entries).await;
    assert_eq!((result.total, result.succeeded, result.failed), (14, 2, 12));
    assert_eq!(tried.errors.len(), result.errors.len());
    let expect = [
        ("0207", "invalid_number", Some("number")),
        ("+442079460010", "duplicate_entry", Some("number")),
        ("+442079460012", "invalid_field", Some("usage")),
        ("+442079460013", "invalid_field", Some("kind")),
        ("+442079460016", "invalid_field", Some("amount")),
        ("+442079460017", "invalid_field", Some("currency")),
        ("+442079460018", "invalid_field", Some("country")),
        ("+442079460019", "invalid_field", Some("area")),
        ("+442079462001", "outside_ranges", Some("number")),
        ("+442079460001", "held_elsewhere", Some("number")),
        ("+442079460014", "invalid_field", Some("kind")),
        ("+442079460015", "profile_unusable", Some("calling_profile_id")),
    ];
    assert_eq!(codes(&result), expect);
    let list = stocked(&town, &town.alpha).await;
    let shown: Vec<_> = list
        .iter()
        .map(|n| (n.number.as_str(), n.area.as_str(), n.kind.as_str(), n.amount.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("+442079460010", "London", "Geographic", Some("12.50")),
            ("+442079460011", "Greater London", "Mobile", Some("0.00")),
        ]
    );
    // What is in stock already is offered as is said now.
    stock(&town, &town.alpha, json!({ "entries": [{ "number": "+442079460010" }] })).await;
    let list = stocked(&town, &town.alpha).await;
    assert_eq!((list.len(), &list[0].amount, list[0].price_note.as_str()), (2, &None, ""));
    // Nobody else's business.
    assert!(stocked(&town, &town.beta).await.is_empty());
});

on_both!(ranges_files_counts_and_withdrawals, |db| {
    let town = town(db).await;
    let (exchange, alpha) = (&town.exchange, cx(&town.alpha.actor));
    let put = stock(&town, &town.alpha, range(442_079_460_000, 442_079_460_099)).await;
    assert_eq!((put.total, put.succeeded), (100, 100));
    for (more, code, field) in [
        (json!({}), "no_entries", "/entries"),
        (range(442_079_460_099, 442_079_460_000), "range_invalid", "/ranges/0/last"),
        (
            json!({ "ranges": [{ "first": "+44", "last": "x" }] }),
            "invalid_number",
            "/ranges/0/last",
        ),
    ] {
        let refused = exchange.stock_put(&alpha, doc(offer(&town.alpha, more))).await;
        let refused = refused.expect_err(code);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some(field)));
    }
    let wide = offer(&town.alpha, range(442_079_400_000, 442_079_410_000));
    let refused = exchange.stock_put(&alpha, doc(wide)).await.expect_err("10,001");
    assert_eq!(refused.code, "too_many_entries");

    let file = |text: &str| {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file
    };
    let all = || doc(offer(&town.alpha, json!({})));
    let text = "number,last,area,amount,currency\n\
        +442079460100,+442079460109,Leeds,1,GBP\n\
        +442079460200,,,,\n\
        +442079460201,,,x,GBP\n";
    let result = exchange.stock_file(&alpha, all(), file(text), None).await.expect("a file");
    assert_eq!((result.total, result.succeeded, result.failed), (12, 11, 1));
    let bad = &result.errors[0];
    assert_eq!((bad.line, bad.column.as_deref()), (Some(4), Some("amount")));
    let wrong = "number,last\n+442079460300,+4420\n";
    let refused = exchange.stock_file(&alpha, all(), file(wrong), None).await.expect_err("a range");
    assert_eq!(
        (refused.code.as_str(), refused.field.as_deref()),
        ("range_invalid", Some("line 2"))
    );

    let counts = exchange.stock_counts(&alpha).await.expect("counts").counts;
    assert_eq!(counts.len(), 1);
    assert_eq!(
        (counts[0].kind.as_str(), counts[0].available, counts[0].reserved),
        ("Geographic", 111, 0)
    );

    let ask = json!({ "numbers": ["+442079460200", "+442079460300"],
        "ranges": [{ "first": "+442079460050", "last": "+442079460999" }] });
    let gone = exchange.stock_withdraw(&alpha, doc(ask)).await.expect("withdrawn");
    assert_eq!((gone.total, gone.succeeded), (62, 61));
    assert_eq!(codes(&gone), [("+442079460300", "not_in_stock", Some("number"))]);
    // Another operator's stock is not there.
    let ask = json!({ "numbers": ["+442079460001"] });
    let other = exchange.stock_withdraw(&cx(&town.beta.actor), doc(ask)).await.expect("answers");
    assert_eq!(codes(&other), [("+442079460001", "not_in_stock", Some("number"))]);
    assert_eq!(stocked(&town, &town.alpha).await.len(), 50);

    let narrow = Narrow { filter: Some("number starts 44207946001".into()), sort: None };
    let page = narrow.page(ListQuery::default());
    let some = exchange.stock_list(&alpha, page).await.expect("a list").items;
    assert_eq!((some.len(), some[0].number.as_str()), (10, "+442079460010"));
});

on_both!(what_comes_into_an_inventory_leaves_the_stock, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    stock(&town, &town.alpha, range(442_079_460_000, 442_079_460_009)).await;
    let upload = town.upload(&town.alpha, &town.contoso, &["+442079460003", "+442079460005"]);
    assert_eq!(town.run(&town.alpha, upload).await.0.status, "success");
    let left = stocked(&town, &town.alpha).await;
    assert_eq!(left.len(), 8);
    assert!(left.iter().all(|n| !n.number.ends_with('3') && !n.number.ends_with('5')));
    let again =
        stock(&town, &town.alpha, json!({ "entries": [{ "number": "+442079460003" }] })).await;
    assert_eq!(codes(&again), [("+442079460003", "held_elsewhere", Some("number"))]);
});

on_both!(a_tenant_searches_where_it_consented, |db| {
    let town = town(db).await;
    stock(&town, &town.alpha, range(442_079_460_000, 442_079_460_039)).await;
    let mobile = json!({ "area": "Mobile network", "kind": "Mobile",
        "entries": [{ "number": "+442079460777" }, { "number": "+442079460778", "usage": "FirstPartyAppAssignment" }] });
    stock(&town, &town.alpha, mobile).await;
    let exchange = &town.exchange;
    let contoso = cx(&town.contoso.actor);
    let refused = async |search: ShopSearch, operator: uuid::Uuid| {
        let list = ListQuery::default();
        let refused = exchange.shop_number_list(&contoso, operator, search, list).await;
        let refused = refused.expect_err("refused");
        (refused.code, refused.field.unwrap_or_default())
    };
    let said = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(refused(gb(), town.alpha.id).await, said("no_consent", "operator_id"));
    town.agree(&town.contoso, &town.alpha).await;
    let de = ShopSearch { country: "DE".into(), ..gb() };
    assert_eq!(refused(de, town.alpha.id).await, said("country_not_consented", "country"));
    assert_eq!(refused(gb(), uuid::Uuid::nil()).await, said("no_consent", "operator_id"));

    let find = async |search: ShopSearch| {
        let (found, _) = found(&town, &town.contoso, &town.alpha, &search, 1000).await;
        found.into_iter().map(|(first, _)| first).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(find(gb()).await.len(), 42);
    assert_eq!(find(ShopSearch { area: some("LONDON"), ..gb() }).await.len(), 40);
    assert_eq!(find(ShopSearch { area: some("Paris"), ..gb() }).await.len(), 0);
    assert_eq!(find(ShopSearch { kind: some("Mobile"), ..gb() }).await.len(), 2);
    let app = ShopSearch { usage: some("FirstPartyAppAssignment"), ..gb() };
    assert_eq!(find(app).await, ["+442079460778"]);
    let pattern = |text: &str| ShopSearch { pattern: some(text), ..gb() };
    assert_eq!(find(pattern("*77?")).await, ["+442079460777", "+442079460778"]);
    assert_eq!(find(pattern("4420794600?5")).await.len(), 4);
    assert_eq!(find(pattern(" 442079460777")).await, ["+442079460777"]);
    assert_eq!(find(ShopSearch { area: some("London"), ..pattern("*777") }).await.len(), 0);

    // Another tenant sees nothing without a consent of its own, nor this one while it is suspended.
    let fabrikam = cx(&town.fabrikam.actor);
    let list = ListQuery::default();
    let other = exchange.shop_number_list(&fabrikam, town.alpha.id, gb(), list);
    assert_eq!(other.await.expect_err("no consent").code, "no_consent");
    let suspend = ConsentUpdate { status: some("Suspended"), ..ConsentUpdate::default() };
    exchange.consent_update(&contoso, town.alpha.id, Some(1), suspend).await.expect("suspended");
    assert_eq!(refused(gb(), town.alpha.id).await, said("consent_suspended", "operator_id"));
});

on_both!(blocks_are_whole_and_pages_stay_right_while_rows_change, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    stock(&town, &town.alpha, range(442_079_460_005, 442_079_460_064)).await;
    let block = |size, aligned| ShopSearch { block: Some(size), aligned, ..gb() };
    let firsts = async |search: ShopSearch, limit| {
        let (found, pages) = found(&town, &town.contoso, &town.alpha, &search, limit).await;
        let ends: Vec<String> =
            found.iter().map(|(first, last)| format!("{}-{}", &first[10..], &last[10..])).collect();
        (ends.join(" "), pages)
    };
    for limit in [1, 2, 1000] {
        let (ends, pages) = firsts(block(20, false), limit).await;
        assert_eq!(ends, "005-024 025-044 045-064");
        assert_eq!(pages, [0, 3, 2, 1][limit.min(3) as usize]);
        assert_eq!(firsts(block(20, true), limit).await.0, "020-039 040-059");
    }
    assert_eq!(firsts(block(61, false), 10).await.0, "");
    // A number less, and one at another price, break their blocks and no others.
    let alpha = cx(&town.alpha.actor);
    let gone = json!({ "numbers": ["+442079460030"] });
    town.exchange.stock_withdraw(&alpha, doc(gone)).await.expect("withdrawn");
    let dear =
        json!({ "amount": "9", "currency": "GBP", "entries": [{ "number": "+442079460060" }] });
    stock(&town, &town.alpha, dear).await;
    assert_eq!(firsts(block(20, false), 1).await.0, "005-024 031-050");
    assert_eq!(firsts(block(10, true), 1).await.0, "010-019 020-029 040-049 050-059");

    // A page goes on after the last number that was shown, whatever was added before it.
    let contoso = cx(&town.contoso.actor);
    let list = ListQuery { cursor: None, limit: 10 };
    let first = town.exchange.shop_number_list(&contoso, town.alpha.id, gb(), list).await;
    let first = first.expect("a page");
    assert_eq!(first.items.last().map(|n| n.first.as_str()), Some("+442079460014"));
    stock(&town, &town.alpha, range(442_079_460_000, 442_079_460_004)).await;
    let list = ListQuery { cursor: first.next_cursor, limit: 10 };
    let next = town.exchange.shop_number_list(&contoso, town.alpha.id, gb(), list).await;
    assert_eq!(next.expect("a page").items[0].first, "+442079460015");
});

on_both!(a_search_looks_at_so_much_and_goes_on, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    let programme = cx(&town.owner);
    let wide = doc(json!({ "first": "+442079700000", "last": "+442079799999" }));
    town.exchange.range_create(&programme, town.alpha.id, wide).await.expect("a range");
    for first in [442_079_700_000, 442_079_710_000, 442_079_720_000] {
        assert_eq!(stock(&town, &town.alpha, range(first, first + 9_999)).await.succeeded, 10_000);
    }
    let needle = ShopSearch { pattern: Some("*729999".into()), ..gb() };
    let (found_one, pages) = found(&town, &town.contoso, &town.alpha, &needle, 10).await;
    assert_eq!(found_one, [("+442079729999".to_owned(), "+442079729999".to_owned())]);
    assert!((3..=4).contains(&pages), "{pages} pages of 10,000 numbers each");
    // A block that lies across where a page ended is found whole.
    let gone = json!({ "ranges": [{ "first": "+442079700000", "last": "+442079700000" }] });
    town.exchange.stock_withdraw(&cx(&town.alpha.actor), doc(gone)).await.expect("withdrawn");
    let across = ShopSearch { block: Some(1000), pattern: Some("44207971*".into()), ..gb() };
    assert_eq!(found(&town, &town.contoso, &town.alpha, &across, 1000).await.0.len(), 10);
    let blocks = ShopSearch { block: Some(999), ..gb() };
    let (all, pages) = found(&town, &town.contoso, &town.alpha, &blocks, 1000).await;
    assert_eq!(all.len(), 29_999 / 999);
    assert!(pages >= 3);
});

on_both!(nothing_is_in_stock_and_in_an_inventory_however_it_is_raced, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let worker = Worker::start(&town.exchange);
    let mut tasks = Vec::new();
    for round in 0..10u64 {
        let first = 442_079_460_000 + round * 10;
        let numbers: Vec<String> = (first..first + 10).map(|n| format!("+{n}")).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let order = town.upload(&town.alpha, &town.contoso, &numbers);
        let put = offer(&town.alpha, range(first, first + 9));
        let (exchange, who) = (town.exchange.clone(), cx(&town.alpha.actor));
        tasks.push(tokio::spawn(async move {
            // A database that is too busy says so, and is asked again.
            let again = |code: &str| assert_eq!(code, "busy");
            while let Err(problem) = exchange.number_order_create(&who, order.clone()).await {
                again(&problem.code);
            }
            while let Err(problem) = exchange.stock_put(&who, doc(put.clone())).await {
                again(&problem.code);
            }
        }));
    }
    for task in tasks {
        task.await.expect("nobody meets a fault");
    }
    let alpha = cx(&town.alpha.actor);
    let list = ListQuery { cursor: None, limit: 1000 };
    for order in town.exchange.number_order_list(&alpha, list.clone()).await.expect("orders").items
    {
        assert_eq!(finished(&town.exchange, &town.alpha, order.id).await.status, "success");
    }
    worker.stop().await;
    // All of them arrived, and whoever was in stock before is not any more.
    let contoso = cx(&town.contoso.actor);
    let filter = exchange::NumberFilter::default();
    let held = town.exchange.number_list(&contoso, filter, list).await.expect("numbers").items;
    assert_eq!((held.len(), stocked(&town, &town.alpha).await.len()), (100, 0));
});
