//! Change freezes.

use crate::furnished::{doc, furnish};
use crate::house::{cx, open, owner};
use api_types::freeze::ChangeFreeze;
use exchange::ListQuery;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::on_both;

fn window(name: &str, from_hours: i64, until_hours: i64) -> Value {
    let at = |hours| Timestamp::now() + SignedDuration::from_hours(hours);
    json!({ "name": name, "starts_at": at(from_hours), "ends_at": at(until_hours) })
}

on_both!(a_window_refuses_changes_by_name_and_never_those_that_help_needs, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let (admin, other) = (cx(&house.tenant_admin), cx(&house.other_admin));
    let (operator, programme) = (cx(&house.operator_admin), cx(&house.owner));
    let group = |name: &str| doc(json!({ "name": name }));
    let number = "+442079460001".parse().expect("a number");

    // One that has not begun refuses nothing.
    let later = exchange.freeze_create(&admin, doc(window("later", 1, 2))).await.expect("set");
    exchange.group_create(&admin, group("before")).await.expect("not yet");
    let freeze = doc(window("wave 2", -1, 1));
    let freeze: ChangeFreeze = exchange.freeze_create(&admin, freeze).await.expect("set");
    let release = |dry_run: bool| {
        doc(json!({ "kind": "release", "tenant_id": freeze.tenant_id, "dry_run": dry_run,
            "entries": [{ "number": "+442079460001" }] }))
    };
    let bulk = |kind: &str, dry_run: bool| {
        doc(json!({ "kind": kind, "dry_run": dry_run, "entries": [{ "number": "+442079460001" }] }))
    };
    for refused in [
        exchange.group_create(&admin, group("during")).await.map(drop),
        exchange.assignment_remove(&admin, number, None, None).await.map(drop),
        exchange.number_order_create(&operator, release(false)).await.map(drop),
        exchange.tenant_order_create(&admin, bulk("unassign", false)).await.map(drop),
    ] {
        let problem = refused.expect_err("frozen");
        assert_eq!((problem.code.as_str(), problem.status), ("change_freeze", 409));
        assert!(problem.reason.contains(r#"the tenant's change freeze "wave 2""#), "{problem}");
    }
    // Nor does its operator change its numbers meanwhile, on whichever face.
    let moved = json!({ "status": "ContractTerminated", "comment": "not now" });
    let moved = exchange
        .relationship_update(&operator, freeze.tenant_id.expect("its own"), None, doc(moved))
        .await;
    assert_eq!(moved.expect_err("frozen").code, "change_freeze");
    // Where help comes to can be set right, and a lost phone gets a new password.
    let office = doc(json!({ "company_name": "Contoso", "country": "GB", "house_number": "2",
        "latitude": "51.5", "longitude": "-0.1" }));
    exchange.civic_address_create(&admin, office).await.expect("emergency addresses are exempt");
    let networks = doc(json!({ "networks": [{ "ip_address": "198.51.100.9", "country": "GB" }] }));
    exchange.trusted_networks_put(&admin, networks).await.expect("trusted networks are exempt");
    exchange.user_phone_create(&admin, house.alice.id).await.expect("phones are exempt");
    exchange.tenant_order_create(&admin, bulk("location", false)).await.expect("so are locations");
    // What a window is for is prepared meanwhile.
    exchange.tenant_order_create(&admin, bulk("unassign", true)).await.expect("a trial");
    exchange.number_order_create(&operator, release(true)).await.expect("a trial");
    // Who has no consent learns nothing of a tenant's window, and still of the programme's.
    let hidden = exchange.freeze_create(&other, doc(window("secret", -1, 1))).await.expect("set");
    let stranger = || {
        doc(json!({ "kind": "release", "tenant_id": hidden.tenant_id,
            "entries": [{ "number": "+442079460001" }] }))
    };
    let refused = exchange.number_order_create(&operator, stranger()).await.expect_err("refused");
    assert_eq!(refused.code, "no_consent");
    exchange.freeze_remove(&other, hidden.id).await.expect("ended");
    // Another tenant goes on.
    exchange.group_create(&other, group("elsewhere")).await.expect("not its window");
    let missing = exchange.freeze_remove(&other, freeze.id).await.expect_err("another's");
    assert_eq!(missing.code, "not_found");
    exchange.freeze_remove(&admin, freeze.id).await.expect("ended");
    exchange.group_create(&admin, group("during")).await.expect("over");

    let all = doc(window("holidays", -1, 1));
    let all = exchange.programme_freeze_create(&programme, all).await.expect("set");
    for who in [&admin, &other] {
        let problem = exchange.group_create(who, group("x")).await.expect_err("frozen");
        assert!(problem.reason.contains(r#"the programme's change freeze "holidays""#));
        let missing = exchange.freeze_remove(who, all.id).await.expect_err("the programme's");
        assert_eq!(missing.code, "not_found");
    }
    let refused = exchange.number_order_create(&operator, stranger()).await.expect_err("frozen");
    assert_eq!(refused.code, "change_freeze");
    let list = exchange.freeze_list(&admin, ListQuery::default()).await.expect("a list");
    let names: Vec<_> = list.items.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["later", "holidays"]);
    let list = exchange.programme_freeze_list(&programme, ListQuery::default()).await.expect("ok");
    assert_eq!(list.items.len(), 1, "tenants' windows are theirs");
    // Whoever runs the exchange is not held by it.
    let tenant = doc(json!({ "name": "Late", "domain": "late.example" }));
    exchange.tenant_create(&programme, tenant).await.expect("the programme owner acts");
    exchange.programme_freeze_remove(&programme, all.id).await.expect("ended");
    exchange.freeze_remove(&admin, later.id).await.expect("ended");

    for (wrong, field) in [
        (window("w", 2, 1), "/ends_at"),
        (window("w", -2, -1), "/ends_at"),
        (window("w", 0, 93 * 24), "/ends_at"),
        (window("", 0, 1), "/name"),
    ] {
        let problem = exchange.freeze_create(&admin, doc(wrong)).await.expect_err("refused");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
});
