//! Lists filtered and sorted, and pages that stay right while rows change.

use crate::house::*;
use api_types::number::Number;
use exchange::{ListQuery, Narrow, NumberFilter};
use testkit::on_both;

const NUMBERS: [&str; 6] = [
    "+442079460000",
    "+442079460001",
    "+442079460002",
    "+442079460003",
    "+442079460004",
    "+442079460005",
];

/// Alpha's numbers at Contoso, each a minute older than the one before it.
async fn stocked(db: &testkit::Database) -> Town {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let order = town.upload(&town.alpha, &town.contoso, &NUMBERS);
    let (order, _) = town.run(&town.alpha, order).await;
    assert_eq!(order.status, "success");
    meddle(
        db,
        "UPDATE number SET acquired_at = 1767225600000000 - (number - 442079460000) * 60000000",
    )
    .await;
    town
}

fn narrow(filter: &str, sort: &str) -> Narrow {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Narrow { filter: some(filter), sort: some(sort) }
}

fn digits(numbers: &[Number]) -> Vec<&str> {
    numbers.iter().map(|n| n.number.as_str()).collect()
}

async fn page(
    town: &Town,
    narrow: &Narrow,
    cursor: Option<String>,
    limit: u32,
) -> (Vec<Number>, Option<String>) {
    let list = narrow.clone().page(ListQuery { cursor, limit });
    let cx = cx(&town.contoso.actor);
    let page = town.exchange.number_list(&cx, NumberFilter::default(), list).await;
    let page = page.unwrap_or_else(|problem| panic!("{narrow:?}: {problem}"));
    (page.items, page.next_cursor)
}

async fn whole(town: &Town, narrow: &Narrow, limit: u32) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let (items, next) = page(town, narrow, cursor, limit).await;
        assert!(items.len() <= limit as usize);
        all.extend(items.into_iter().map(|n| n.number));
        match next {
            Some(next) => cursor = Some(next),
            None => return all,
        }
    }
}

on_both!(numbers_are_filtered_and_sorted, |db| {
    let town = stocked(db).await;
    let backwards: Vec<&str> = NUMBERS.iter().rev().copied().collect();
    let operator = format!("operator_id eq {}", town.alpha.id);
    let other = format!("operator_id eq {}", town.beta.id);
    for (filter, sort, expect) in [
        ("", "", NUMBERS.to_vec()),
        ("", "number", NUMBERS.to_vec()),
        ("", "-number", backwards.clone()),
        ("", "acquired_at", backwards.clone()),
        ("", "-acquired_at", NUMBERS.to_vec()),
        ("country eq GB and status eq Unassigned", "acquired_at", backwards.clone()),
        ("country in (DE, FR)", "", vec![]),
        ("status in (UserAssigned, 'VoiceApplicationAssigned')", "", vec![]),
        ("acquired_at ge 2025-12-31T23:58:00Z", "number", NUMBERS[..3].to_vec()),
        ("acquired_at gt 2025-12-31T23:58:00Z", "number", NUMBERS[..2].to_vec()),
        ("number starts 44207946", "-number", backwards.clone()),
        ("number starts +442079460003", "", vec![NUMBERS[3]]),
        ("number starts +442079460003", "acquired_at", vec![NUMBERS[3]]),
        ("number gt 442079460001 and number le 442079460003", "", NUMBERS[2..4].to_vec()),
        (&operator, "", NUMBERS.to_vec()),
        (&other, "", vec![]),
    ] {
        for limit in [1, 2, 1000] {
            let got = whole(&town, &narrow(filter, sort), limit).await;
            assert_eq!(got, expect, "{filter} by {sort}, {limit} a page");
        }
    }
    let person = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    let cx = cx(&town.contoso.actor);
    let location = town.exchange.civic_address_list(&cx, ListQuery::default()).await;
    let location = location.expect("addresses").items[0].default_location_id;
    let put = serde_json::json!({ "user_id": person, "location_id": location });
    let put = serde_json::from_value(put).expect("an assignment");
    let number = NUMBERS[2].parse().expect("a number");
    town.exchange.assignment_put(&cx, number, None, put).await.expect("assigned");
    for filter in [
        "status eq UserAssigned".to_owned(),
        format!("assigned_to_id eq {person}"),
        format!("location_id eq {location} and number starts 44"),
    ] {
        assert_eq!(whole(&town, &narrow(&filter, ""), 10).await, [NUMBERS[2]], "{filter}");
    }
});

on_both!(pages_stay_right_while_rows_change, |db| {
    let town = stocked(db).await;
    for (sort, seen, next) in [("number", 0..2, 3..6), ("-acquired_at", 0..2, 3..6)] {
        let narrow = narrow("country eq GB", sort);
        let (items, cursor) = page(&town, &narrow, None, 2).await;
        assert_eq!(digits(&items), NUMBERS[seen].to_vec());
        // One that was shown, and one that comes next, go; the cursor's own row too.
        for gone in ["442079460001", "442079460002"] {
            meddle(
                db,
                match gone {
                    "442079460001" => "DELETE FROM number WHERE number = 442079460001",
                    _ => "DELETE FROM number WHERE number = 442079460002",
                },
            )
            .await;
        }
        let (items, end) = page(&town, &narrow, cursor.clone(), 3).await;
        assert_eq!(digits(&items), NUMBERS[next].to_vec(), "by {sort}");
        assert_eq!(end, None);
        let order = town.upload(&town.alpha, &town.contoso, &NUMBERS[1..3]);
        let (order, _) = town.run(&town.alpha, order).await;
        assert_eq!(order.status, "success", "they are back");
        meddle(
            db,
            "UPDATE number SET acquired_at = 1767225600000000 - (number - 442079460000) * 60000000",
        )
        .await;
        // A cursor belongs to its sort.
        let other = Narrow { sort: Some("-number".into()), ..narrow.clone() };
        let list = other.page(ListQuery { cursor, limit: 2 });
        let cx = cx(&town.contoso.actor);
        let refused = town.exchange.number_list(&cx, NumberFilter::default(), list).await;
        let problem = refused.expect_err("another sort's cursor");
        assert_eq!(problem.field.as_deref(), Some("cursor"), "{problem}");
    }
});

on_both!(other_lists_take_the_same_grammar, |db| {
    let town = stocked(db).await;
    let (operator, tenant, owner) =
        (cx(&town.alpha.actor), cx(&town.contoso.actor), cx(&town.owner));
    let list = |filter: &str, sort: &str| narrow(filter, sort).page(ListQuery::default());
    let contoso = town.contoso.id;

    let orders = |filter: String| {
        let list = list(&filter, "-created_at");
        town.exchange.number_order_list(&operator, list)
    };
    for (filter, count) in [
        (format!("status eq success and tenant_id eq {contoso}"), 1),
        ("kind eq release".to_owned(), 0),
        ("created_at gt 2020-01-01T00:00:00Z and kind in (upload, release)".to_owned(), 1),
        ("ticket_id eq T-1".to_owned(), 0),
    ] {
        assert_eq!(orders(filter.clone()).await.expect(&filter).items.len(), count, "{filter}");
    }

    let mine = list("status eq Active and relationship eq ConsentAcknowledged", "-modified_at");
    assert_eq!(town.exchange.consent_list(&tenant, mine).await.expect("consents").items.len(), 1);
    let theirs = list("status eq Removed", "");
    let theirs = town.exchange.operator_consent_list(&operator, theirs).await;
    assert_eq!(theirs.expect("consents").items.len(), 0);

    for name in ["zoe", "ada", "mia"] {
        town.person(&town.contoso, name, &[]).await;
    }
    let names = |page: api_types::Page<api_types::tenant::User>| {
        page.items.into_iter().map(|user| user.display_name).collect::<Vec<_>>()
    };
    let people = town.exchange.user_list(&tenant, list("country eq GB", "-display_name")).await;
    assert_eq!(names(people.expect("people")), ["zoe", "mia", "ada"]);
    let people = town.exchange.user_list(&tenant, list("display_name gt ada", "upn")).await;
    assert_eq!(names(people.expect("people")), ["mia", "zoe"]);

    let tenants = town.exchange.tenant_list(&owner, list("", "-name")).await.expect("tenants");
    assert_eq!(tenants.items.len(), 2);
    assert!(tenants.items[0].name > tenants.items[1].name);
    let operators = town.exchange.operator_list(&owner, list("name eq Beta", "name")).await;
    assert_eq!(operators.expect("operators").items[0].name, "Beta");

    let refused = town.exchange.user_list(&tenant, list("upn eq ada or upn eq zoe", "")).await;
    let problem = refused.expect_err("there is no or");
    assert_eq!(problem.code, "invalid_filter");
    assert!(problem.reason.starts_with("at character 12: "), "{problem}");
    let refused = town.exchange.user_list(&tenant, list("", "country")).await;
    assert_eq!(refused.expect_err("not sorted by it").code, "invalid_sort");
});
