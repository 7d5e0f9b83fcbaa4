//! Conference bridges, their numbers, and the routes by which meetings call out.

use crate::furnished::{Furnished, doc, furnish};
use crate::gateways::gateway;
use crate::house::{cx, open, owner};
use api_types::Problem;
use api_types::conference::{ConferenceBridge, ConferenceNumber};
use domain::{BridgeId, CdrId, EdgeId, TenantId};
use exchange::{CallFilter, ListQuery, NumberFilter};
use feed::cdr::{CdrEvent, CdrRecord};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use numbering::E164;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

const FIRST: &str = "+442079460050";
const SECOND: &str = "+442079460051";
const PLAIN: &str = "+442079460052";
const PEOPLE: &str = "+442079460003";
const OWN: &str = "+442079480050";
const OWN_TOO: &str = "+442079480051";

fn e164(text: &str) -> E164 {
    text.parse().expect("a number")
}

impl Furnished {
    async fn bridge(&self, new: Value) -> Result<ConferenceBridge, Problem> {
        self.exchange.conference_bridge_create(&cx(&self.tenant_admin), doc(new)).await
    }

    async fn bridge_now(&self, id: Uuid) -> ConferenceBridge {
        self.exchange.conference_bridge_get(&cx(&self.tenant_admin), id).await.expect("a bridge")
    }

    async fn set_default(&self, id: Uuid, number: &str) -> Result<ConferenceBridge, Problem> {
        let version = self.bridge_now(id).await.version;
        let edit = doc(json!({ "default_number": number }));
        let admin = cx(&self.tenant_admin);
        self.exchange.conference_bridge_update(&admin, id, Some(version), edit).await
    }

    async fn register(
        &self,
        bridge: Uuid,
        number: &str,
        languages: Value,
    ) -> Result<ConferenceNumber, Problem> {
        let put = doc(languages);
        let admin = cx(&self.tenant_admin);
        self.exchange.conference_number_put(&admin, bridge, e164(number), put).await
    }

    async fn unregister(&self, bridge: Uuid, number: &str) -> Result<ConferenceNumber, Problem> {
        let admin = cx(&self.tenant_admin);
        self.exchange.conference_number_remove(&admin, bridge, e164(number)).await
    }

    /// The operator uploads numbers for conferences, and the tenant adds some of its own.
    async fn conference_numbers(&self) -> Uuid {
        let before = self.numbers().await;
        let tenant = before[0].tenant_id;
        self.upload(json!({
            "kind": "upload", "tenant_id": tenant,
            "calling_profile_id": before[0].calling_profile_id,
            "usage": "ConferenceAssignment",
            "entries": [{ "number": FIRST }, { "number": SECOND }, { "number": PLAIN }],
        }))
        .await;
        let own = doc(json!({ "entries": [
            { "number": OWN, "usage": "ConferenceAssignment" },
            { "number": OWN_TOO, "usage": "ConferenceAssignment" }] }));
        let admin = cx(&self.tenant_admin);
        let added = self.exchange.direct_numbers_create(&admin, own).await.expect("added");
        assert_eq!((added.succeeded, added.failed), (2, 0), "{added:?}");
        tenant
    }
}

fn english() -> Value {
    json!({ "primary_language": "en-GB" })
}

async fn furnished(db: &testkit::Database) -> (Furnished, Uuid) {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let tenant = house.conference_numbers().await;
    (house, tenant)
}

on_both!(a_bridge_has_numbers_for_conferences_languages_and_one_default_number, |db| {
    let (house, _) = furnished(db).await;
    let exchange = &house.exchange;
    let (admin, other) = (cx(&house.tenant_admin), cx(&house.other_admin));
    let answers = house.gateway(gateway(1)).await.expect("a gateway").id;
    let made = house.bridge(json!({ "name": " Meetings ", "gateway_ids": [answers] })).await;
    let bridge = made.expect("a bridge");
    assert_eq!((bridge.name.as_str(), bridge.numbers), ("Meetings", 0));
    assert_eq!(bridge.default_number, None);
    let many: Vec<Uuid> = (0..11).map(|_| answers).collect();
    for (new, code, field) in [
        (json!({ "name": "Meetings", "gateway_ids": [answers] }), "conflict", "/name"),
        (json!({ "name": "", "gateway_ids": [answers] }), "invalid_field", "/name"),
        (json!({ "name": "n".repeat(101), "gateway_ids": [answers] }), "invalid_field", "/name"),
        (json!({ "name": "x", "gateway_ids": [] }), "invalid_field", "/gateway_ids"),
        (json!({ "name": "x", "gateway_ids": many }), "invalid_field", "/gateway_ids"),
        (json!({ "name": "x", "gateway_ids": [Uuid::nil()] }), "unknown_gateway", "/gateway_ids/0"),
    ] {
        let refused = house.bridge(new).await.expect_err(code);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, Some(field)));
    }
    // What another tenant's is, is nobody's.
    let foreign = doc(json!({ "name": "x", "gateway_ids": [answers] }));
    let refused = exchange.conference_bridge_create(&other, foreign).await.expect_err("not its");
    assert_eq!(refused.code, "unknown_gateway");
    for refused in [
        exchange.conference_bridge_get(&other, bridge.id).await.map(drop),
        exchange.conference_bridge_remove(&other, bridge.id, None).await.map(drop),
        exchange
            .conference_number_list(&other, Some(bridge.id), None, ListQuery::default())
            .await
            .map(drop),
        exchange
            .conference_number_put(&other, bridge.id, e164(FIRST), doc(english()))
            .await
            .map(drop),
    ] {
        assert_eq!(refused.expect_err("another's").code, "not_found");
    }
    let refused = exchange.gateway_remove(&admin, answers, None).await.expect_err("it answers");
    assert_eq!(refused.code, "gateway_in_use");

    // Numbers: for conferences only, each at one bridge.
    let four = json!({ "primary_language": "EN-gb",
        "secondary_languages": ["fr-FR", "de-DE", "es-419", "zh-hant"] });
    let first = house.register(bridge.id, FIRST, four.clone()).await.expect("registered");
    assert_eq!(first.primary_language, "en-GB");
    assert_eq!(first.secondary_languages, ["fr-FR", "de-DE", "es-419", "zh-Hant"]);
    assert!(!first.is_default, "an operator's number is no default number");
    let name = Some("Meetings".to_owned());
    let (status, to, called) = house.assignment(FIRST).await;
    assert_eq!((status.as_str(), to, called), ("ConferenceAssigned", Some(bridge.id), name));
    let with = |at: usize, tag: &str| {
        let mut put = four.clone();
        put["secondary_languages"][at] = json!(tag);
        put
    };
    for (number, put, code, field) in [
        (PEOPLE, english(), "wrong_usage", None),
        ("+442079460001", english(), "already_assigned", None),
        ("+442079469999", english(), "not_found", None),
        (SECOND, json!({ "primary_language": "e" }), "invalid_field", Some("/primary_language")),
        (SECOND, with(1, "no tag"), "invalid_field", Some("/secondary_languages/1")),
        (SECOND, with(1, "fr-fr"), "invalid_field", Some("/secondary_languages")),
        (SECOND, with(1, "en-GB"), "invalid_field", Some("/secondary_languages")),
        (
            SECOND,
            json!({ "primary_language": "en", "secondary_languages": ["a", "b", "c", "d", "e"] }),
            "invalid_field",
            Some("/secondary_languages"),
        ),
    ] {
        let refused = house.register(bridge.id, number, put).await.expect_err(code);
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, field), "{number}");
    }
    let second = house.bridge(json!({ "name": "Town halls", "gateway_ids": [answers] })).await;
    let second = second.expect("another bridge").id;
    let refused = house.register(second, FIRST, english()).await.expect_err("another's");
    assert_eq!(refused.code, "already_assigned");
    // Again with other words: its languages are set, and nothing else.
    let again = house.register(bridge.id, FIRST, english()).await.expect("set");
    assert!(again.secondary_languages.is_empty());

    // The default number: the first that may be one, and never an operator's.
    let refused = house.set_default(bridge.id, FIRST).await.expect_err("an operator's");
    assert_eq!(refused.code, "default_number_of_operator");
    let refused = house.set_default(bridge.id, OWN).await.expect_err("not registered");
    assert_eq!(refused.code, "not_bridge_number");
    let own = house.register(bridge.id, OWN, english()).await.expect("registered");
    assert!(own.is_default);
    let next = house.register(bridge.id, OWN_TOO, english()).await.expect("registered");
    assert!(!next.is_default, "there is one already");
    let refused = house.unregister(bridge.id, OWN).await.expect_err("the default number stays");
    assert_eq!(refused.code, "bridge_default_number");
    let moved = house.set_default(bridge.id, OWN_TOO).await.expect("another one");
    assert_eq!(moved.default_number.as_deref(), Some(OWN_TOO));
    house.unregister(bridge.id, OWN).await.expect("it is no default number any more");
    assert_eq!(house.assignment(OWN).await.0, "Unassigned");
    let stale = doc(json!({ "name": "x" }));
    let stale = exchange.conference_bridge_update(&admin, bridge.id, Some(1), stale).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");

    // Find a local number.
    let find = async |bridge: Option<Uuid>, country: Option<&str>| {
        let country = country.map(str::to_owned);
        let found = exchange
            .conference_number_list(&admin, bridge, country, ListQuery::default())
            .await
            .expect("a list");
        found.items.into_iter().map(|n| n.number).collect::<Vec<_>>()
    };
    house.register(second, SECOND, english()).await.expect("registered");
    assert_eq!(find(None, None).await, [FIRST, SECOND, OWN_TOO]);
    assert_eq!(find(Some(second), None).await, [SECOND]);
    assert_eq!(find(None, Some("gb")).await.len(), 3);
    assert!(find(None, Some("DE")).await.is_empty());
    let wrong =
        exchange.conference_number_list(&admin, None, Some("x".into()), ListQuery::default()).await;
    assert_eq!(wrong.expect_err("no country").code, "invalid_parameter");
    let page = ListQuery { limit: 1, ..ListQuery::default() };
    let page = exchange.conference_number_list(&admin, None, None, page).await.expect("a page");
    let rest = ListQuery { cursor: page.next_cursor, ..ListQuery::default() };
    let rest = exchange.conference_number_list(&admin, None, None, rest).await.expect("the rest");
    assert_eq!(rest.items.len(), 2);

    // What a bridge has is nobody else's to take.
    let refused = exchange.assignment_remove(&admin, e164(FIRST), None, None).await;
    assert_eq!(refused.expect_err("a bridge's").code, "conference_assigned");
    let refused = exchange.direct_number_remove(&admin, e164(OWN_TOO), None).await;
    assert_eq!(refused.expect_err("a bridge's").code, "still_assigned");
    for (status, count) in [("ConferenceAssigned", 3), ("Unassigned", 3), ("PolicyAssigned", 0)] {
        let filter = NumberFilter { status: Some(status.to_owned()), ..NumberFilter::default() };
        let listed = exchange.number_list(&admin, filter, ListQuery::default()).await;
        assert_eq!(listed.expect("a list").items.len(), count, "{status}");
    }
    let filter = NumberFilter { assigned_to_id: Some(second), ..NumberFilter::default() };
    let listed = exchange.number_list(&admin, filter, ListQuery::default()).await.expect("a list");
    assert_eq!(listed.items.len(), 1);

    // A bridge goes with its default number, and only once it has no other.
    let refused = exchange.conference_bridge_remove(&admin, bridge.id, None).await;
    assert_eq!(refused.expect_err("it has another").code, "bridge_numbers_remain");
    house.unregister(bridge.id, FIRST).await.expect("unregistered");
    exchange.conference_bridge_remove(&admin, bridge.id, None).await.expect("removed");
    assert_eq!(house.assignment(OWN_TOO).await.0, "Unassigned");
    house.unregister(second, SECOND).await.expect("unregistered");
    exchange.conference_bridge_remove(&admin, second, None).await.expect("removed");
    exchange.gateway_remove(&admin, answers, None).await.expect("nothing names it");
});

on_both!(edges_explain_and_records_know_the_bridge, |db| {
    let (house, tenant) = furnished(db).await;
    let exchange = &house.exchange;
    let admin = cx(&house.tenant_admin);
    let answers = house.gateway(gateway(1)).await.expect("a gateway").id;
    let bridge = house.bridge(json!({ "name": "Meetings", "gateway_ids": [answers] })).await;
    let bridge = bridge.expect("a bridge").id;
    let languages = json!({ "primary_language": "en-GB", "secondary_languages": ["fr-FR"] });
    house.register(bridge, FIRST, languages).await.expect("registered");

    let key = wrap_key("token");
    let written = exchange.edge_snapshot(&cx(&house.edge), &key).await.expect("a snapshot");
    let snapshot = Snapshot::open(&written, &key).expect("opens");
    let (kept, number) = snapshot.bridge_number(e164(FIRST)).expect("the edge knows it");
    assert_eq!((kept.id, kept.tenant), (BridgeId(bridge), TenantId(tenant)));
    assert_eq!(number.languages.secondary()[0].as_str(), "fr-FR");

    let ask = doc(json!({ "inbound": true, "called": FIRST }));
    let told = exchange.explain_call(&admin, ask).await.expect("explained");
    assert!(told.routed && told.trunks == ["sbc1.contoso.example"], "{told:?}");
    assert!(told.steps.iter().any(|step| step.rule == "number.conference"), "{told:?}");
    let ask = doc(json!({ "inbound": true, "called": SECOND }));
    let told = exchange.explain_call(&admin, ask).await.expect("explained");
    assert_eq!(told.code.as_deref(), Some("number_unassigned"), "no bridge has it");

    let call = |n: u128, kind: domain::routing::CallKind, bridge: Option<Uuid>| CdrRecord {
        id: CdrId(Uuid::from_u128(n)),
        edge: EdgeId(Uuid::from_u128(7)),
        event: CdrEvent::Begin {
            at_us: 1_800_000_000_000_000 + i64::try_from(n).expect("small"),
            kind: Some(kind),
            tenant: Some(TenantId(tenant)),
            number: Some(e164(FIRST)),
            operator: Some(domain::OperatorId(house.operator)),
            caller: "+33123456789".into(),
            callee: FIRST.into(),
            caller_user: None,
            callee_user: None,
            queue: None,
            in_trunk: None,
            call_id: format!("c{n}"),
            bridge: bridge.map(BridgeId),
        },
    };
    use domain::routing::CallKind::{Inbound, Outbound};
    let calls = [
        call(1, Inbound, Some(bridge)),
        call(2, Outbound, Some(bridge)),
        call(3, Inbound, None),
        call(4, Outbound, None),
    ];
    exchange.cdrs_deliver(&cx(&house.edge), calls.to_vec()).await.expect("delivered");
    let listed = exchange.call_list(&admin, CallFilter::default(), ListQuery::default()).await;
    let mut listed = listed.expect("a list").items;
    listed.reverse();
    let types: Vec<_> = listed.iter().map(|c| c.call_type.clone().unwrap_or_default()).collect();
    assert_eq!(types, ["conf_in", "conf_out", "user_in", "user_out"]);
    assert_eq!(listed[0].conference_bridge_name.as_deref(), Some("Meetings"));
    assert_eq!(listed[2].conference_bridge_id, None);
    let operator = cx(&house.operator_admin);
    let list = ListQuery::default();
    let theirs = exchange.operator_call_list(&operator, CallFilter::default(), list).await;
    let theirs = theirs.expect("a list").items;
    assert!(theirs.iter().all(|call| call.conference_bridge_id.is_none()), "the tenant's own");
});

on_both!(meetings_call_out_by_an_operator_s_number_of_a_bridge, |db| {
    let (house, _) = furnished(db).await;
    let exchange = &house.exchange;
    let admin = cx(&house.tenant_admin);
    let answers = house.gateway(gateway(1)).await.expect("a gateway").id;
    let bridge = house.bridge(json!({ "name": "Meetings", "gateway_ids": [answers] })).await;
    let bridge = bridge.expect("a bridge").id;
    for number in [FIRST, OWN] {
        house.register(bridge, number, english()).await.expect("registered");
    }
    let route = |name: &str, usage: &str, source: Option<&str>, gateways: &[Uuid]| {
        json!({ "name": name, "number_pattern": "^\\+49", "online_pstn_usages": [usage],
            "gateway_ids": gateways, "bridge_source_phone_number": source })
    };
    let routing = |routes: Vec<Value>| json!({ "online_pstn_usages": ["Meetings", "Abroad"], "routes": routes });
    let source = |n| format!("/routes/{n}/bridge_source_phone_number");
    for (routes, code, field) in [
        (vec![route("a", "Meetings", Some(FIRST), &[answers])], "invalid_field", source(0)),
        (vec![route("a", "Meetings", Some("nonsense"), &[])], "invalid_field", source(0)),
        (vec![route("a", "Meetings", Some(OWN), &[])], "unknown_bridge_number", source(0)),
        (vec![route("a", "Meetings", Some(SECOND), &[])], "unknown_bridge_number", source(0)),
        (vec![route("a", "Meetings", Some(PEOPLE), &[])], "unknown_bridge_number", source(0)),
        (
            vec![
                route("a", "Meetings", Some(FIRST), &[]),
                route("b", "Meetings", None, &[answers]),
            ],
            "invalid_field",
            "/routes/1/online_pstn_usages".to_owned(),
        ),
    ] {
        let refused = house.routes(0, routing(routes)).await.expect_err(code);
        assert_eq!((refused.code.as_str(), refused.field), (code, Some(field)));
    }
    let routes = routing(vec![
        route("meetings", "Meetings", Some(FIRST), &[]),
        route("people", "Abroad", None, &[answers]),
    ]);
    let set = house.routes(0, routes).await.expect("set");
    assert_eq!(set.routes[0].bridge_source_phone_number.as_deref(), Some(FIRST));
    let refused = house.unregister(bridge, FIRST).await.expect_err("a route names it");
    assert_eq!(refused.code, "bridge_source_number");

    // Who may call out of a meeting: nobody until a policy says so, and its organizer is licensed.
    let alice = house.alice.id;
    let ask = async |organizer: Option<Uuid>| {
        let ask = doc(json!({ "from_user_id": organizer, "from_conference_bridge_id": bridge,
            "called": "+493012345678" }));
        exchange.explain_call(&admin, ask).await.expect("explained")
    };
    assert_eq!(ask(None).await.code.as_deref(), Some("no_conference_route"));
    let settings = json!({ "kind": "OnlineAudioConferencingRoutingPolicy", "online_pstn_usages": ["Meetings"] });
    let new = doc(json!({ "name": "Meetings", "settings": settings }));
    let policy = exchange.policy_create(&admin, new).await.expect("a policy");
    let assign = doc(json!({ "kind": "OnlineAudioConferencingRoutingPolicy",
        "policy_id": policy.id, "user_id": alice }));
    exchange.policy_assignment_put(&admin, assign).await.expect("assigned");
    assert_eq!(ask(None).await.code.as_deref(), Some("no_conference_route"), "it is Alice's");
    assert_eq!(ask(Some(alice)).await.code.as_deref(), Some("organizer_unlicensed"));
    let user = exchange.user_get(&admin, alice).await.expect("Alice");
    let licences = doc(json!({ "licences": ["teams_phone", "operator_connect_conferencing"] }));
    exchange.user_update(&admin, alice, Some(user.version), licences).await.expect("licensed");
    let told = ask(Some(alice)).await;
    assert!(told.routed, "{told:?}");
    assert_eq!((told.kind.as_deref(), told.operator_id), (Some("outbound"), Some(house.operator)));
    assert!(told.steps.iter().any(|s| s.rule == "policy.conference_routing"), "{told:?}");
    // How far is the other half of the policy of people's calls.
    for (allowed, conferencing, expect) in [
        ("None", "InternationalAndDomestic", None),
        ("InternationalAndDomestic", "Domestic", Some("dial_out_restricted")),
        ("InternationalAndDomestic", "None", Some("dial_out_restricted")),
    ] {
        let settings = json!({ "kind": "OnlineDialOutPolicy", "allowed": allowed,
            "conferencing_allowed": conferencing });
        let name = format!("{allowed} {conferencing}");
        let new = doc(json!({ "name": name, "settings": settings }));
        let policy = exchange.policy_create(&admin, new).await.expect("a policy");
        let put = doc(json!({ "kind": "OnlineDialOutPolicy", "policy_id": policy.id,
            "user_id": alice }));
        exchange.policy_assignment_put(&admin, put).await.expect("assigned");
        assert_eq!(ask(Some(alice)).await.code.as_deref(), expect, "{name}");
    }
    let settings = json!({ "kind": "OnlineDialOutPolicy", "allowed": "None",
        "conferencing_allowed": "Everywhere" });
    let refused = exchange.policy_create(&admin, doc(json!({ "name": "x", "settings": settings })));
    let refused = refused.await.expect_err("no such word");
    assert_eq!(refused.field.as_deref(), Some("/settings/conferencing_allowed"));
    // What people call themselves goes as before: their routes are their own.
    let own = house.calls(alice, "+493012345678").await;
    assert!(own.routed && own.trunks[0].ends_with("alpha.example"), "{own:?}");

    let strange = doc(json!({ "from_conference_bridge_id": Uuid::nil(), "called": "+4930" }));
    let refused = exchange.explain_call(&admin, strange).await.expect_err("no such bridge");
    assert_eq!(refused.code, "unknown_conference_bridge");
    let gone = json!({ "online_pstn_usages": ["Abroad"], "routes": [] });
    let refused = house.routes(1, gone).await.expect_err("a policy names it");
    assert_eq!(refused.code, "pstn_usage_in_use");
    let known = house.routes(1, json!({ "online_pstn_usages": ["Meetings"], "routes": [] })).await;
    known.expect("without routes");
    house.unregister(bridge, FIRST).await.expect("no route names it");
});
