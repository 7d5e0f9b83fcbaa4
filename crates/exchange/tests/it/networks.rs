//! Trusted networks of a tenant.

use crate::furnished::furnish;
use crate::house::{cx, open, owner};
use api_types::network::TrustedNetworks;
use feed::change::{Change, Position};
use serde_json::json;
use testkit::on_both;

fn body(networks: serde_json::Value) -> TrustedNetworks {
    serde_json::from_value(json!({ "networks": networks })).expect("a body")
}

on_both!(a_tenants_networks_reach_edges, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    assert_eq!(exchange.trusted_networks_get(&admin).await.expect("none"), body(json!([])));

    let given = body(json!([
        { "ip_address": "198.51.100.9", "mask_bits": 24, "country": "gb", "description": " Soho " },
        { "ip_address": "2001:db8::", "mask_bits": 48, "country": "DE",
          "unproven_emergency_calls": false },
        { "ip_address": "203.0.113.4", "country": "GB" },
    ]));
    let set = exchange.trusted_networks_put(&admin, given).await.expect("set");
    let kept = body(json!([
        { "ip_address": "198.51.100.0", "mask_bits": 24, "country": "GB", "description": "Soho" },
        { "ip_address": "2001:db8::", "mask_bits": 48, "country": "DE",
          "unproven_emergency_calls": false },
        { "ip_address": "203.0.113.4", "mask_bits": 32, "country": "GB" },
    ]));
    assert_eq!(set, kept);
    assert_eq!(exchange.trusted_networks_get(&admin).await.expect("kept"), kept);
    let other = cx(&house.other_admin);
    assert_eq!(exchange.trusted_networks_get(&other).await.expect("none"), body(json!([])));

    let start = Position { epoch: exchange.epoch(), position: 0 };
    let log = exchange.changes_since(&cx(&house.edge), start, 1000).await.expect("the log");
    let told = log.iter().rev().find_map(|entry| match &entry.change {
        Change::TenantPut(tenant) => Some(tenant.trusted_networks.clone()),
        _ => None,
    });
    let told: Vec<_> = told.expect("a tenant").iter().map(|n| n.prefix.to_string()).collect();
    assert_eq!(told, ["198.51.100.0/24", "2001:db8::/48", "203.0.113.4/32"]);

    for (wrong, field) in [
        (json!({ "ip_address": "office", "country": "GB" }), "/networks/1/ip_address"),
        (json!({ "ip_address": "224.0.0.1", "country": "GB" }), "/networks/1/ip_address"),
        (
            json!({ "ip_address": "198.51.0.0", "mask_bits": 33, "country": "GB" }),
            "/networks/1/mask_bits",
        ),
        (
            json!({ "ip_address": "0.0.0.0", "mask_bits": 0, "country": "GB" }),
            "/networks/1/mask_bits",
        ),
        (json!({ "ip_address": "198.51.100.1", "country": "G" }), "/networks/1/country"),
        (
            json!({ "ip_address": "198.51.100.1", "country": "GB", "description": "a\nb" }),
            "/networks/1/description",
        ),
        (json!({ "ip_address": "192.0.2.1", "country": "FR" }), "/networks/1/ip_address"),
    ] {
        let first = json!({ "ip_address": "192.0.2.1", "country": "GB" });
        let refused = exchange.trusted_networks_put(&admin, body(json!([first, wrong]))).await;
        let refused = refused.expect_err(field);
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            ("invalid_field", Some(field))
        );
    }
    assert_eq!(exchange.trusted_networks_get(&admin).await.expect("kept"), kept);
    let refused = exchange.trusted_networks_put(&cx(&house.owner), body(json!([]))).await;
    assert_eq!(refused.expect_err("no tenant").code, "forbidden");
    let emptied = exchange.trusted_networks_put(&admin, body(json!([]))).await;
    assert_eq!(emptied.expect("none"), body(json!([])));
});
