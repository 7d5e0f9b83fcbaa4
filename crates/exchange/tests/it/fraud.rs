//! Limits of calls to costly destinations, and the end of a block.

use crate::furnished::furnish;
use crate::house::{cx, open, owner};
use api_types::call::ExplainCall;
use api_types::fraud::{FraudLimitsPut, FraudRelease};
use exchange::ListQuery;
use feed::change::{Change, Position};
use serde_json::json;
use testkit::on_both;
use uuid::Uuid;

fn put(body: serde_json::Value) -> FraudLimitsPut {
    serde_json::from_value(body).expect("a body")
}

on_both!(a_tenants_limits_reach_edges_and_explanations, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (programme, exchange) = (cx(&house.owner), &house.exchange);
    let tenants = exchange.tenant_list(&programme, ListQuery::default()).await.expect("tenants");
    let tenant = tenants.items[0].id;
    let found = exchange.fraud_limits_get(&programme, tenant).await.expect("limits");
    assert!(found.standard && found.person.international.per_hour == Some(60));

    let body = put(json!({ "person": { "international": { "at_once": 1, "per_hour": 7 } } }));
    let set = exchange.fraud_limits_put(&programme, tenant, body).await.expect("set");
    assert!(!set.standard && set.person.premium.per_hour.is_none());
    assert_eq!(set.tenant.premium.per_hour, Some(100), "left out: as standard");
    assert_eq!(exchange.fraud_limits_get(&programme, tenant).await.expect("kept"), set);

    let ask = ExplainCall {
        from_user_id: Some(house.alice.id),
        inbound: false,
        from_address: None,
        from_conference_bridge_id: None,
        from_number: None,
        on_behalf_of_number: None,
        called: "+33123456789".into(),
    };
    let told = exchange.explain_call(&cx(&house.tenant_admin), ask).await.expect("explained");
    let step = told.steps.iter().find(|s| s.rule == "fraud.limits").expect("a step");
    assert!(step.found.contains("is international for a caller in GB"), "{}", step.found);
    assert!(step.found.contains("1 at once and 7 an hour"), "{}", step.found);

    let wrong = put(json!({ "tenant": { "premium": { "per_hour": 60_001 } } }));
    let refused = exchange.fraud_limits_put(&programme, tenant, wrong).await;
    assert_eq!(refused.expect_err("too many").field.as_deref(), Some("/tenant/premium/per_hour"));
    let refused = exchange.fraud_limits_put(&programme, Uuid::nil(), put(json!({}))).await;
    assert_eq!(refused.expect_err("nobody").code, "not_found");
    let refused = exchange.fraud_limits_get(&cx(&house.tenant_admin), tenant).await;
    assert_eq!(refused.expect_err("not theirs").code, "forbidden");

    let again = exchange.fraud_limits_put(&programme, tenant, put(json!({}))).await;
    assert!(again.expect("the standard ones").standard);
});

on_both!(a_block_is_lifted_by_those_who_may, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let alice = FraudRelease { id: house.alice.id };
    let stranger = cx(&house.other_admin);
    let refused = exchange.tenant_fraud_release(&stranger, alice.clone()).await;
    assert_eq!(refused.expect_err("not theirs").code, "not_found");
    let admin = cx(&house.tenant_admin);
    let refused = exchange.fraud_release(&admin, alice.clone()).await;
    assert_eq!(refused.expect_err("not theirs").code, "forbidden");
    let refused = exchange.fraud_release(&cx(&house.owner), FraudRelease { id: Uuid::nil() }).await;
    assert_eq!(refused.expect_err("nobody").code, "not_found");

    exchange.tenant_fraud_release(&admin, alice.clone()).await.expect("lifted");
    exchange.fraud_release(&cx(&house.owner), alice.clone()).await.expect("lifted");
    let start = Position { epoch: exchange.epoch(), position: 0 };
    let log = exchange.changes_since(&cx(&house.edge), start, 1000).await.expect("the log");
    let lifted: Vec<_> = log.iter().filter_map(|e| e.change.fraud_release()).collect();
    assert_eq!(lifted, [alice.id, alice.id], "edges are told");
    let other =
        |c: &Change| matches!(c, Change::Other { resource, .. } if resource == "fraud_release");
    assert_eq!(log.iter().filter(|e| other(&e.change)).count(), 2, "0.1.0 passes them over");
});
