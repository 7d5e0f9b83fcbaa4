use crate::furnished::{Furnished, doc, furnish};
use crate::house::{cx, open, owner};
use api_types::call::{ExplainCall, Explanation};
use api_types::operator::TrunkUpdate;
use exchange::Actor;
use testkit::on_both;
use uuid::Uuid;

impl Furnished {
    async fn explain(&self, admin: &Actor, ask: ExplainCall) -> Explanation {
        self.exchange.explain_call(&cx(admin), ask).await.expect("an explanation")
    }
}

fn from(user: Uuid, called: &str) -> ExplainCall {
    ExplainCall {
        from_user_id: Some(user),
        inbound: false,
        from_address: None,
        from_conference_bridge_id: None,
        from_number: None,
        on_behalf_of_number: None,
        called: called.into(),
    }
}

fn inbound(called: &str) -> ExplainCall {
    ExplainCall {
        from_user_id: None,
        inbound: true,
        from_address: None,
        from_conference_bridge_id: None,
        from_number: None,
        on_behalf_of_number: None,
        called: called.into(),
    }
}

fn rules(told: &Explanation) -> Vec<&str> {
    told.steps.iter().map(|step| step.rule.as_str()).collect()
}

on_both!(a_call_out_leaves_by_the_callers_operator, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let told = house.explain(&house.tenant_admin, from(house.alice.id, "020 7946 1234")).await;
    assert!(told.routed && told.code.is_none() && told.sip_code.is_none());
    assert_eq!(told.kind.as_deref(), Some("outbound"));
    assert_eq!(told.operator_id, Some(house.operator));
    assert_eq!(told.trunks, ["a0.alpha.example", "a1.alpha.example"]);
    assert_eq!(
        rules(&told),
        ["dial.e164", "route.operator_of_number", "number.location", "fraud.limits", "trunk.order"]
    );
    assert!(told.steps[3].found.contains("is national for a caller in GB"), "{told:?}");
    assert!(told.steps[0].found.contains("+442079461234"), "{told:?}");

    // A drained trunk takes no new calls.
    let drained = TrunkUpdate { enabled: Some(false), ..Default::default() };
    let programme = cx(&house.owner);
    let (operator, trunk) = (house.operator, house.trunks[0]);
    house.exchange.trunk_update(&programme, operator, trunk, Some(1), drained).await.expect("ok");
    let told = house.explain(&house.tenant_admin, from(house.alice.id, "+493012345")).await;
    assert_eq!(told.trunks, ["a1.alpha.example"]);

    // A colleague's number, here the queue's, is reached inside.
    let told = house.explain(&house.tenant_admin, from(house.alice.id, "+442079460002")).await;
    assert_eq!((told.kind.as_deref(), told.operator_id), (Some("internal"), None));
    assert!(rules(&told).contains(&"queue.agents") && told.trunks.is_empty());
});

on_both!(nothing_refuses_an_emergency_call, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    // Bob has neither a licence nor a number: the call leaves by a number of his tenant.
    for (user, called) in [(house.alice.id, "999"), (house.bob.id, "112")] {
        let told = house.explain(&house.tenant_admin, from(user, called)).await;
        assert_eq!((told.routed, told.kind.as_deref()), (true, Some("emergency")), "{told:?}");
        assert_eq!(told.operator_id, Some(house.operator));
        assert_eq!(told.trunks.len(), 2);
        let way = [
            "emergency.dial_string",
            "emergency.operator_of_number",
            "number.location",
            "trunk.order",
        ];
        assert_eq!(rules(&told), way);
        let located = &told.steps[2].found;
        assert!(located.starts_with("+442079460001 is at location "), "{located}");
    }

    // The tenant has no number in Germany: by whoever serves it, or else anybody.
    let new = doc(serde_json::json!({
        "upn": "dora@contoso.example", "display_name": "Dora", "country": "DE",
    }));
    let admin = cx(&house.tenant_admin);
    let dora = house.exchange.user_create(&admin, new).await.expect("Dora");
    let told = house.explain(&house.tenant_admin, from(dora.id, "110")).await;
    assert_eq!((told.routed, told.operator_id), (true, Some(house.operator)), "{told:?}");
    assert_eq!(rules(&told)[1], "emergency.operator_of_country");
    assert!(told.steps[1].found.contains("does not serve DE"), "{told:?}");
    // A tenant without any number, in a country that is served.
    let new = doc(serde_json::json!({
        "upn": "frank@fabrikam.example", "display_name": "Frank", "country": "GB",
    }));
    let admin = cx(&house.other_admin);
    let frank = house.exchange.user_create(&admin, new).await.expect("Frank");
    let told = house.explain(&house.other_admin, from(frank.id, "999")).await;
    assert!(told.routed && told.steps[1].found.contains("serves GB"), "{told:?}");
    // All trunks drain: better one of those than none.
    for trunk in house.trunks {
        let drained = TrunkUpdate { enabled: Some(false), ..Default::default() };
        let programme = cx(&house.owner);
        let edit = house.exchange.trunk_update(&programme, house.operator, trunk, Some(1), drained);
        edit.await.expect("drained");
    }
    let told = house.explain(&house.tenant_admin, from(house.alice.id, "999")).await;
    assert_eq!((told.routed, told.trunks.len()), (true, 2), "{told:?}");
    assert!(told.steps[1].found.contains("drain"), "{told:?}");
});

on_both!(a_call_that_nobody_proves_goes_by_the_network_it_comes_from, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let put = doc(serde_json::json!({ "networks": [
        { "ip_address": "198.51.100.0", "mask_bits": 24, "country": "GB" },
        { "ip_address": "203.0.113.0", "mask_bits": 24, "country": "GB",
          "unproven_emergency_calls": false },
    ] }));
    let admin = cx(&house.tenant_admin);
    house.exchange.trusted_networks_put(&admin, put).await.expect("set");
    let at = |address: &str, called: &str| ExplainCall {
        from_user_id: None,
        inbound: false,
        from_address: Some(address.into()),
        from_conference_bridge_id: None,
        from_number: None,
        on_behalf_of_number: None,
        called: called.into(),
    };
    let told = house.explain(&house.tenant_admin, at("198.51.100.9", "999")).await;
    assert_eq!((told.routed, told.kind.as_deref()), (true, Some("emergency")), "{told:?}");
    let way = [
        "network.trusted",
        "emergency.dial_string",
        "source.network",
        "emergency.operator_of_number",
        "number.location",
        "trunk.order",
    ];
    assert_eq!(rules(&told), way);
    for (address, called, found) in [
        ("198.51.100.9", "+493012345", "is in 198.51.100.0/24"),
        ("203.0.113.9", "999", "which demands proof"),
        ("192.0.2.9", "999", "in none of your networks"),
    ] {
        let told = house.explain(&house.tenant_admin, at(address, called)).await;
        assert_eq!(told.code.as_deref(), Some("caller_unproven"), "{address}");
        assert!(told.steps[0].found.contains(found), "{told:?}");
    }
    let told = house.explain(&house.other_admin, at("198.51.100.9", "999")).await;
    assert_eq!(told.code.as_deref(), Some("caller_unproven"), "another's network");
    let refused = house.exchange.explain_call(&admin, at("office", "999")).await;
    assert_eq!(refused.expect_err("no address").field.as_deref(), Some("/from_address"));
});

on_both!(a_refusal_names_its_rule, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    for (ask, code, sip_code) in [
        (from(house.bob.id, "+493012345"), "user_unlicensed", 403),
        (from(house.alice.id, "hello"), "not_a_number", 484),
        (inbound("+442079460003"), "number_unassigned", 404),
        (inbound("+442079460999"), "number_unknown", 404),
        (inbound("0207"), "not_a_number", 484),
    ] {
        let told = house.explain(&house.tenant_admin, ask).await;
        assert!(!told.routed && told.kind.is_none() && told.trunks.is_empty());
        assert_eq!((told.code.as_deref(), told.sip_code), (Some(code), Some(sip_code)));
        let last = told.steps.last().expect("the reason");
        assert!(last.rule == code && !last.found.is_empty(), "{told:?}");
    }
    let told = house.explain(&house.tenant_admin, inbound("+442079460001")).await;
    assert_eq!(told.kind.as_deref(), Some("inbound"));
    assert!(rules(&told).starts_with(&["source.trunk", "number.owner", "number.operator"]));

    // What another tenant has is not there.
    let told = house.explain(&house.other_admin, inbound("+442079460001")).await;
    assert_eq!((told.code.as_deref(), told.steps.len()), (Some("number_unknown"), 1));
    let other = cx(&house.other_admin);
    let refused = house.exchange.explain_call(&other, from(house.alice.id, "999")).await;
    let refused = refused.expect_err("another's user");
    assert_eq!(refused.code, "unknown_user");
    for (field, ask) in [
        ("/called", from(house.alice.id, " ")),
        ("/called", from(house.alice.id, &"1".repeat(129))),
        ("/from_user_id", ExplainCall { inbound: true, ..from(house.alice.id, "999") }),
        ("/from_user_id", ExplainCall { inbound: false, ..inbound("999") }),
    ] {
        let refused = house.exchange.explain_call(&cx(&house.tenant_admin), ask).await;
        let refused = refused.expect_err(field);
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            ("invalid_field", Some(field))
        );
    }
    let refused = house.exchange.explain_call(&cx(&house.owner), inbound("999")).await;
    assert_eq!(refused.expect_err("not its face").code, "forbidden");
});
