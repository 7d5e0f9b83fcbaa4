//! Gateways, voice routes, and voice routing policies.

use crate::furnished::{Furnished, doc, furnish};
use crate::house::{cx, open, owner};
use api_types::call::Explanation;
use api_types::gateway::{Gateway, VoiceRouting};
use api_types::{Problem, policy::Policy};
use domain::routing::CallKind;
use domain::{CdrId, EdgeId, TenantId, TrunkId};
use exchange::ListQuery;
use feed::cdr::{CdrEvent, CdrRecord};
use feed::change::{Change, Position};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use numbering::E164;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

pub fn gateway(n: u8) -> Value {
    json!({ "fqdn": format!("sbc{n}.contoso.example"), "address": format!("192.0.2.{n}:5060"),
        "country": "GB", "enabled": true })
}

impl Furnished {
    pub async fn gateway(&self, new: Value) -> Result<Gateway, Problem> {
        self.exchange.gateway_create(&cx(&self.tenant_admin), doc(new)).await
    }

    pub async fn routes(&self, version: i64, put: Value) -> Result<VoiceRouting, Problem> {
        self.exchange.voice_routing_put(&cx(&self.tenant_admin), Some(version), doc(put)).await
    }

    pub async fn voice_policy(&self, name: &str, usages: Value) -> Result<Policy, Problem> {
        let settings = json!({ "kind": "OnlineVoiceRoutingPolicy", "online_pstn_usages": usages });
        let new = doc(json!({ "name": name, "settings": settings }));
        self.exchange.policy_create(&cx(&self.tenant_admin), new).await
    }

    pub async fn holds_for(&self, policy: Option<Uuid>, user: Option<Uuid>) {
        let put = json!({ "kind": "OnlineVoiceRoutingPolicy", "policy_id": policy,
            "user_id": user });
        let admin = cx(&self.tenant_admin);
        self.exchange.policy_assignment_put(&admin, doc(put)).await.expect("assigned");
    }

    pub async fn calls(&self, user: Uuid, called: &str) -> Explanation {
        let ask = doc(json!({ "from_user_id": user, "called": called }));
        self.exchange.explain_call(&cx(&self.tenant_admin), ask).await.expect("explained")
    }
}

pub fn route(name: &str, pattern: &str, gateways: &[Uuid]) -> Value {
    json!({ "name": name, "number_pattern": pattern, "priority": 1,
        "online_pstn_usages": ["Abroad"], "gateway_ids": gateways })
}

on_both!(a_gateway_is_of_one_tenant_and_of_an_address_that_is_nobody_else_s, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, other) = (cx(&house.tenant_admin), cx(&house.other_admin));
    let exchange = &house.exchange;
    let made = house.gateway(gateway(1)).await.expect("a gateway");
    assert!(made.enabled && made.failover_time_seconds == 10 && made.transport == "udp");
    let drains = json!({ "fqdn": "sbc2.contoso.example", "address": "192.0.2.2:5060",
        "country": "DE" });
    let second = house.gateway(drains).await.expect("a gateway");
    assert!(!second.enabled, "a gateway is drained until it is enabled (operator-connect.md 1.6)");

    let with = |field: &str, value: Value| {
        let mut new = gateway(9);
        new[field] = value;
        new
    };
    let mut tcp = with("transport", json!("tcp"));
    tcp["match_port"] = json!(true);
    for (new, code, field) in [
        (with("address", json!("192.0.2.1:5070")), "address_taken", "/address"),
        (with("sources", json!(["192.0.2.1"])), "address_taken", "/address"),
        (with("fqdn", json!("SBC1.contoso.example")), "conflict", "/fqdn"),
        (with("fqdn", json!("a0.alpha.example")), "conflict", "/fqdn"),
        (with("fqdn", json!("nodots")), "invalid_field", "/fqdn"),
        (with("address", json!("127.0.0.1:5060")), "invalid_field", "/address"),
        (with("address", json!("sbc.example")), "invalid_field", "/address"),
        (with("country", json!("Z1")), "invalid_field", "/country"),
        (tcp, "invalid_field", "/match_port"),
        (with("failover_time_seconds", json!(61)), "invalid_field", "/failover_time_seconds"),
        (with("max_concurrent_calls", json!(1_000_001)), "invalid_field", "/max_concurrent_calls"),
    ] {
        let refused = exchange.gateway_create(&other, doc(new)).await.expect_err(field);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some(field)));
    }
    // Nor does an operator's trunk come to stand where a gateway does.
    let trunk = |fqdn: &str, address: &str| doc(json!({ "fqdn": fqdn, "address": address }));
    for (new, code, field) in [
        (trunk("sbc1.contoso.example", "198.51.100.77:5060"), "conflict", "/fqdn"),
        (trunk("a9.alpha.example", "192.0.2.1:5090"), "address_taken", "/address"),
    ] {
        let refused = exchange.trunk_create(&cx(&house.owner), house.operator, new).await;
        let refused = refused.expect_err(field);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some(field)));
    }
    // Another tenant sees, edits and removes none of it.
    let list = exchange.gateway_list(&other, ListQuery::default()).await.expect("a list");
    assert!(list.items.is_empty());
    let edit = || doc(json!({ "enabled": false }));
    for refused in [
        exchange.gateway_get(&other, made.id).await,
        exchange.gateway_update(&other, made.id, Some(1), edit()).await,
        exchange.gateway_remove(&other, made.id, None).await,
    ] {
        assert_eq!(refused.expect_err("another's").code, "not_found");
    }
    let list = exchange.gateway_list(&admin, ListQuery::default()).await.expect("a list");
    assert_eq!(list.items.len(), 2);

    let stale = exchange.gateway_update(&admin, made.id, Some(7), edit()).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");
    let limits = doc(json!({ "max_concurrent_calls": 3, "failover_time_seconds": 4 }));
    let edited = exchange.gateway_update(&admin, made.id, Some(1), limits).await.expect("edited");
    assert_eq!((edited.max_concurrent_calls, edited.failover_time_seconds), (Some(3), 4));
    assert!(edited.enabled, "what is left out stays");

    // A call that it brought bears its name, and is no operator's.
    let edge = cx(&house.edge);
    let number: E164 = "+442079460001".parse().expect("a number");
    let tenant = exchange.number_get(&admin, number).await.expect("Alice's").tenant_id;
    let id = Uuid::now_v7();
    let event = CdrEvent::Begin {
        at_us: 1_795_348_800_000_000,
        kind: Some(CallKind::Inbound),
        tenant: Some(TenantId(tenant)),
        number: Some(number),
        operator: None,
        caller: "+33123456789".into(),
        callee: number.to_string(),
        caller_user: None,
        callee_user: Some(house.alice.id.into()),
        queue: None,
        in_trunk: Some(TrunkId(made.id)),
        bridge: None,
        call_id: "a@192.0.2.1".into(),
    };
    let record = CdrRecord { id: CdrId(id), edge: EdgeId(Uuid::from_u128(7)), event };
    exchange.cdrs_deliver(&edge, vec![record]).await.expect("taken");
    let call = exchange.call_get(&admin, id).await.expect("the call");
    assert_eq!((call.operator_id, call.trunk.as_deref()), (None, Some("sbc1.contoso.example")));

    // Edges get it, and lose it.
    let bytes = exchange.edge_snapshot(&edge, &wrap_key("token")).await.expect("a snapshot");
    let read = Snapshot::open(&bytes, &wrap_key("token")).expect("opens");
    let at = "192.0.2.1:5060".parse().expect("an address");
    let known = read.trunk_by_source(at).expect("a gateway");
    assert_eq!((known.id, known.max_concurrent_calls), (TrunkId(made.id), Some(3)));
    assert!(read.is_gateway(known.id));
    exchange.gateway_remove(&admin, second.id, Some(1)).await.expect("removed");
    let bytes = exchange.edge_snapshot(&edge, &wrap_key("token")).await.expect("a snapshot");
    let read = Snapshot::open(&bytes, &wrap_key("token")).expect("opens");
    assert!(read.trunk_record(TrunkId(second.id)).is_none());
});

on_both!(voice_routes_name_what_is_there_and_lead_whom_they_hold_for, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let sbc = house.gateway(gateway(1)).await.expect("a gateway").id;
    let bytes = exchange.edge_snapshot(&cx(&house.edge), &wrap_key("token")).await.expect("one");
    let mut follower = Snapshot::open(&bytes, &wrap_key("token")).expect("opens");

    let put = |routes: Value| json!({ "online_pstn_usages": ["Abroad"], "routes": routes });
    for (routes, code, field) in [
        (json!([route("a", "(", &[sbc])]), "invalid_field", "/routes/0/number_pattern"),
        (
            json!([route("a", ".", &[house.trunks[0]])]),
            "unknown_gateway",
            "/routes/0/gateway_ids/0",
        ),
        (
            json!([{ "name": "a", "number_pattern": ".", "online_pstn_usages": ["Local"] }]),
            "invalid_field",
            "/routes/0/online_pstn_usages",
        ),
        (json!([route("a", ".", &[sbc]), route("a", "1", &[])]), "invalid_field", "/routes/1/name"),
    ] {
        let refused = house.routes(0, put(routes)).await.expect_err(field);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some(field)));
    }
    let unknown = house.voice_policy("p", json!(["Abroad"])).await.expect_err("no usage yet");
    assert_eq!(unknown.code, "unknown_pstn_usage");
    let routes =
        put(json!([route("Germany", r"^\+49", &[sbc]), route("Italy is closed", r"^\+39", &[])]));
    let set = house.routes(0, routes.clone()).await.expect("set");
    assert_eq!((set.version, set.routes.len()), (1, 2));
    let stale = house.routes(0, routes).await.expect_err("stale");
    assert_eq!(stale.code, "version_mismatch");

    let policy = house.voice_policy("Abroad", json!(["Abroad"])).await.expect("a policy");
    let way = async |called: &str| {
        let told = house.calls(house.alice.id, called).await;
        (told.operator_id, told.code, told.trunks)
    };
    let (operator, _, trunks) = way("+493012345678").await;
    assert_eq!((operator, trunks.len()), (Some(house.operator), 2), "it holds for nobody yet");
    house.holds_for(Some(policy.id), Some(house.alice.id)).await;
    assert_eq!(way("+493012345678").await, (None, None, vec!["sbc1.contoso.example".into()]));
    let (operator, ..) = way("+33123456789").await;
    assert_eq!(operator, Some(house.operator), "what no route matches is the operator's");
    assert_eq!(way("+390612345678").await.1.as_deref(), Some("no_gateway"));
    let told = house.calls(house.alice.id, "+493012345678").await;
    let step = told.steps.iter().find(|step| step.rule == "policy.voice_routing").expect("a step");
    assert!(step.found.contains(r#""Abroad" (direct)"#), "{}", step.found);
    assert!(step.found.contains(r#""Germany""#), "{}", step.found);
    let help = house.calls(house.alice.id, "999").await;
    assert_eq!(help.operator_id, Some(house.operator), "help is called by the number's operator");

    // What is named cannot be taken away.
    let used = exchange.gateway_remove(&admin, sbc, None).await.expect_err("named");
    assert_eq!(used.code, "gateway_in_use");
    let used = house.routes(1, json!({})).await.expect_err("named");
    assert_eq!(used.code, "pstn_usage_in_use");
    house.holds_for(None, Some(house.alice.id)).await;
    exchange.policy_remove(&admin, policy.id, None).await.expect("removed");
    house.routes(1, json!({})).await.expect("emptied");
    exchange.gateway_remove(&admin, sbc, None).await.expect("removed");

    // What follows the log is what a new snapshot says.
    let position: Position = follower.position();
    let log = exchange.changes_since(&cx(&house.edge), position, 1000).await.expect("the log");
    let mut kinds = Vec::new();
    for entry in &log {
        follower.apply(entry);
        match &entry.change {
            Change::VoiceRoutingPut(_) => kinds.push("routing"),
            Change::GatewayRemoved { .. } => kinds.push("removed"),
            _ => {}
        }
    }
    assert_eq!(kinds, ["routing", "routing", "removed"]);
    assert!(follower.trunk_record(TrunkId(sbc)).is_none());
});

on_both!(a_number_of_ones_own_is_there_once_and_never_in_an_operator_s_range, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, other) = (cx(&house.tenant_admin), cx(&house.other_admin));
    let exchange = &house.exchange;
    let add = async |actor, entries: Value| {
        let new = doc(json!({ "entries": entries }));
        exchange.direct_numbers_create(actor, new).await.expect("a result")
    };
    let places = exchange.civic_address_list(&admin, ListQuery::default()).await.expect("places");
    let office = places.items[0].default_location_id;
    let result = add(
        &admin,
        json!([
            { "number": "+442079470500", "location_id": office },
            { "number": "+442079470501", "usage": "FirstPartyAppAssignment" },
            { "number": "+442079470500" },
            { "number": "+442079460500" },
            { "number": "+442079460001" },
            { "number": "12345" },
            { "number": "+442079470502", "usage": "ConferenceAssignment" },
            { "number": "+442079470503", "location_id": Uuid::nil() },
            { "number": "+4915112345678", "location_id": office },
        ]),
    )
    .await;
    let codes: Vec<_> =
        result.entries.iter().map(|e| e.error.as_ref().map_or("", |e| &*e.code)).collect();
    assert_eq!(
        codes,
        [
            "",
            "",
            "duplicate_entry",
            "inside_operator_range",
            "already_uploaded",
            "invalid_number",
            "",
            "unknown_location",
            "location_country",
        ]
    );
    assert_eq!((result.succeeded, result.failed), (3, 6));
    let number: numbering::E164 = "+442079470500".parse().expect("a number");
    let shown = exchange.number_get(&admin, number).await.expect("it is there");
    assert_eq!(
        (&*shown.number_type, &*shown.operator_name, &*shown.support_owner),
        ("DirectRouting", "Direct Routing", "tenant")
    );
    let of_operator = "+442079460003".parse().expect("a number");
    let theirs = exchange.number_get(&admin, of_operator).await.expect("it is there");
    assert_eq!((&*theirs.number_type, &*theirs.support_owner), ("OperatorConnect", "operator"));
    // No operator has anything to do with it.
    let programme = cx(&house.owner);
    for (number, acts_of_operator) in [(number, false), (of_operator, true)] {
        let told = exchange.programme_number_explain(&programme, number).await.expect("explained");
        assert_eq!(told.acts.iter().any(|act| act.by == "operator"), acts_of_operator, "{number}");
    }
    // Nobody else has it, sees it or takes it away.
    let taken = add(&other, json!([{ "number": "+442079470500" }])).await;
    assert_eq!(taken.entries[0].error.as_ref().expect("held").code, "held_elsewhere");
    let gone = exchange.direct_number_remove(&other, number, None).await;
    assert_eq!(gone.expect_err("another's").code, "not_found");
    let operator = cx(&house.operator_admin);
    let list = exchange.operator_number_list(
        &operator,
        exchange::NumberFilter::default(),
        ListQuery::default(),
    );
    assert_eq!(list.await.expect("a list").items.len(), 3, "no operator sees it");

    // It is assigned as any other, without any consent, and calls by the routes alone.
    let alices = "+442079460001".parse().expect("a number");
    exchange.assignment_remove(&admin, alices, None, None).await.expect("taken back");
    let to = doc(json!({ "user_id": house.alice.id }));
    exchange.assignment_put(&admin, number, None, to).await.expect("assigned");
    let told = house.calls(house.alice.id, "+493012345678").await;
    assert_eq!((told.code.as_deref(), told.sip_code), (Some("no_voice_route"), Some(403)));
    let sbc = house.gateway(gateway(1)).await.expect("a gateway").id;
    let routes = json!({ "online_pstn_usages": ["Abroad"],
        "routes": [route("all", r"^\+", &[sbc])] });
    house.routes(0, routes).await.expect("set");
    let policy = house.voice_policy("Abroad", json!(["Abroad"])).await.expect("a policy");
    house.holds_for(Some(policy.id), Some(house.alice.id)).await;
    let told = house.calls(house.alice.id, "+493012345678").await;
    assert_eq!((told.operator_id, &*told.trunks[0]), (None, "sbc1.contoso.example"), "{told:?}");
    let help = house.calls(house.alice.id, "999").await;
    assert_eq!(help.trunks[0], "sbc1.contoso.example", "its provider is behind the gateway");
    assert_eq!(help.trunks.len(), 3, "and operators that serve the country after it: {help:?}");
    let ask = doc(json!({ "inbound": true, "called": "+442079470500" }));
    let told = exchange.explain_call(&admin, ask).await.expect("explained");
    assert!(told.routed && told.steps.iter().any(|s| s.rule == "source.gateway"), "{told:?}");

    let assigned = exchange.direct_number_remove(&admin, number, None).await;
    assert_eq!(assigned.expect_err("assigned").code, "still_assigned");
    let operators = exchange.direct_number_remove(&admin, of_operator, None).await;
    assert_eq!(operators.expect_err("an operator's").code, "not_direct_routing");
    exchange.assignment_remove(&admin, number, None, None).await.expect("taken back");
    exchange.direct_number_remove(&admin, number, None).await.expect("removed");
    let gone = exchange.number_get(&admin, number).await;
    assert_eq!(gone.expect_err("gone").code, "not_found");
});

on_both!(the_traps_of_two_ways_side_by_side_are_found_and_told_where_they_are_set, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let codes = async || {
        let found = exchange.coexistence_get(&admin).await.expect("findings").findings;
        found.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert!(codes().await.is_empty(), "a tenant with an operator alone has nothing to look at");
    let sbc = house.gateway(gateway(1)).await.expect("a gateway");
    assert_eq!(codes().await, ["gateway_without_route"]);
    let routes = json!({ "online_pstn_usages": ["Abroad", "Spare"],
        "routes": [route("all", r"^\+", &[sbc.id]), route("closed", "^$", &[])] });
    house.routes(0, routes).await.expect("set");
    assert_eq!(codes().await, ["route_without_gateway", "pstn_usage_without_route"]);
    let drain = doc(json!({ "enabled": false }));
    exchange.gateway_update(&admin, sbc.id, Some(1), drain).await.expect("drained");
    assert_eq!(codes().await[0], "route_without_enabled_gateway");
    let enable = doc(json!({ "enabled": true }));
    exchange.gateway_update(&admin, sbc.id, Some(2), enable).await.expect("enabled");

    let policy = house.voice_policy("All out", json!(["Abroad"])).await.expect("a policy");
    let empty = house.voice_policy("None", json!([])).await.expect("a policy");
    let put = |policy: Option<Uuid>, user: Option<Uuid>| {
        doc(json!({ "kind": "OnlineVoiceRoutingPolicy", "policy_id": policy, "user_id": user }))
    };
    let alice = Some(house.alice.id);
    let put = async |policy, user| {
        let put = put(policy, user);
        exchange.policy_assignment_put(&admin, put).await.expect("assigned").warning
    };
    // Alice's number is an operator's: everybody's policy takes her along, and so does her own.
    let warning = put(Some(policy.id), None).await.expect("a warning");
    assert!(warning.contains("+442079460001"), "{warning}");
    let found = exchange.coexistence_get(&admin).await.expect("findings").findings;
    assert_eq!(
        (&*found[0].code, &*found[0].severity, &*found[0].subject),
        ("global_policy_captures_operator_numbers", "warning", "All out")
    );
    assert!(found[0].message.contains("+442079460001"), "{}", found[0].message);
    assert_eq!(put(Some(empty.id), alice).await, None, "an empty one keeps her off the gateways");
    assert!(!codes().await.iter().any(|code| code.contains("operator_numbers")));
    assert!(put(Some(policy.id), alice).await.is_some());
    assert!(codes().await.iter().any(|code| code == "operator_numbers_with_voice_routing"));
    put(None, alice).await;
    put(None, None).await;

    // A Direct Routing number of hers has no way out without one, and help wants a gateway.
    let add = doc(json!({ "entries": [{ "number": "+4930901820", "country": "DE" },
        { "number": "+442079470500" }] }));
    let added = exchange.direct_numbers_create(&admin, add).await.expect("a result");
    assert_eq!(added.succeeded, 2, "{added:?}");
    let found = exchange.coexistence_get(&admin).await.expect("findings").findings;
    assert_eq!((&*found[0].code, &*found[0].subject), ("no_gateway_for_emergency_calls", "DE"));
    let alices = "+442079460001".parse().expect("a number");
    exchange.assignment_remove(&admin, alices, None, None).await.expect("taken back");
    let places = exchange.civic_address_list(&admin, ListQuery::default()).await.expect("places");
    let office = places.items[0].default_location_id;
    let to = doc(json!({ "user_id": alice, "location_id": office }));
    let own = "+442079470500".parse().expect("a number");
    exchange.assignment_put(&admin, own, None, to).await.expect("assigned");
    assert_eq!(codes().await[0], "direct_numbers_without_voice_routing");
    assert_eq!(put(Some(policy.id), None).await, None, "her number is her own");
    assert!(!codes().await.iter().any(|code| code == "direct_numbers_without_voice_routing"));
    // An operator declares the range: one of both is wrong.
    let range = doc(json!({ "first": "+442079470000", "last": "+442079470999" }));
    exchange.range_create(&cx(&house.owner), house.operator, range).await.expect("declared");
    assert!(codes().await.iter().any(|code| code == "direct_numbers_in_operator_range"));
});

on_both!(operators_stand_in_only_where_they_are_named_and_while_they_may, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, programme) = (cx(&house.tenant_admin), cx(&house.owner));
    let exchange = &house.exchange;
    let put = async |version, operators: &[Uuid]| {
        let put = doc(json!({ "operator_ids": operators }));
        exchange.fallback_put(&admin, Some(version), put).await
    };
    let beta = crate::house::operator(exchange, &house.owner, "Beta").await.id;
    let unknown = put(0, &[beta]).await.expect_err("no consent");
    assert_eq!((&*unknown.code, unknown.field.as_deref()), ("no_consent", Some("/operator_ids/0")));
    let offer = doc(json!({ "services": ["Calling"], "countries": ["GB"],
        "landing_page": "https://beta.example", "published": true }));
    exchange.offer_put(&programme, beta, None, offer).await.expect("an offer");
    let consent = doc(json!({ "operator_id": beta, "countries": ["GB"], "company_name": "Contoso",
        "contacts": [{ "full_name": "Carol", "email": "carol@contoso.example" }],
        "company_size": "L50_U249", "notice_accepted": true }));
    let (consent, _) = exchange.consent_create(&admin, consent).await.expect("a consent");
    let unable = put(0, &[beta]).await.expect_err("no profile");
    assert_eq!(unable.code, "profile_unusable");
    let mut trunks = Vec::new();
    for n in 0..2 {
        let new = json!({ "fqdn": format!("b{n}.beta.example"),
            "address": format!("192.0.2.{}:5060", 200 + n) });
        let made = exchange.trunk_create(&programme, beta, doc(new)).await.expect("a trunk");
        trunks.push(made.id);
    }
    let profile = doc(json!({ "name": "all", "trunk_ids": trunks }));
    exchange.calling_profile_create(&programme, beta, profile).await.expect("a profile");

    let ways = async || house.calls(house.alice.id, "+493012345678").await.trunks;
    let own = ["a0.alpha.example", "a1.alpha.example"];
    assert_eq!(ways().await, own, "nobody stands in by default");
    let twice = put(0, &[beta, beta]).await.expect_err("twice");
    assert_eq!(twice.code, "invalid_field");
    let many: Vec<_> = (0..6).map(Uuid::from_u128).collect();
    assert_eq!(put(0, &many).await.expect_err("too many").code, "invalid_field");
    // The number's own operator among them is no harm: it comes first anyway.
    let set = put(0, &[house.operator, beta]).await.expect("set");
    assert_eq!((set.version, set.in_effect_ids.len()), (1, 2));
    assert_eq!(put(0, &[]).await.expect_err("stale").code, "version_mismatch");
    let all = ["a0.alpha.example", "a1.alpha.example", "b0.beta.example", "b1.beta.example"];
    assert_eq!(ways().await, all);
    let told = house.calls(house.alice.id, "+493012345678").await;
    assert_eq!(told.operator_id, Some(house.operator));
    assert!(told.steps.iter().any(|step| step.rule == "fallback.operators"), "{told:?}");
    let help = house.calls(house.alice.id, "999").await;
    assert!(help.steps.iter().all(|step| step.rule != "fallback.operators"), "{help:?}");

    // A suspended consent takes it out of effect, on the edges too; a resumed one back in.
    let edge = cx(&house.edge);
    let in_world = async || {
        let bytes = exchange.edge_snapshot(&edge, &wrap_key("token")).await.expect("a snapshot");
        let read = Snapshot::open(&bytes, &wrap_key("token")).expect("opens");
        read.fallback_records().map(|record| record.ways.len()).sum::<usize>()
    };
    let bytes = exchange.edge_snapshot(&edge, &wrap_key("token")).await.expect("a snapshot");
    let mut follower = Snapshot::open(&bytes, &wrap_key("token")).expect("opens");
    assert_eq!(in_world().await, 2);
    let mut version = consent.version;
    for (status, left) in [("Suspended", 1), ("Active", 2)] {
        let edit = doc(json!({ "status": status }));
        let edited = exchange.consent_update(&admin, beta, Some(version), edit).await;
        version = edited.expect("moved").version;
        assert_eq!(in_world().await, left, "{status}");
        let log = exchange.changes_since(&edge, follower.position(), 100).await.expect("the log");
        for entry in &log {
            follower.apply(entry);
        }
        let follows: usize = follower.fallback_records().map(|record| record.ways.len()).sum();
        assert_eq!(follows, left, "by the log: {status}");
        let shown = exchange.fallback_get(&admin).await.expect("shown");
        assert_eq!((shown.operator_ids.len(), shown.in_effect_ids.len()), (2, left));
    }
    put(1, &[]).await.expect("turned off");
    assert_eq!((ways().await, in_world().await), (own.map(str::to_owned).to_vec(), 0));
});
