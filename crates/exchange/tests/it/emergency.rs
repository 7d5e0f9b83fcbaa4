//! Emergency policies, calling profiles' dial strings, and calls for help as they are told.

use crate::furnished::{Furnished, doc, furnish};
use crate::house::{cx, open, owner};
use api_types::Problem;
use api_types::call::Explanation;
use api_types::event::EventData;
use api_types::operator::CallingProfile;
use api_types::policy::{Policy, PolicySettings};
use domain::routing::CallKind;
use domain::{CdrId, EdgeId, UserId};
use exchange::ListQuery;
use feed::cdr::{CdrEvent, CdrRecord};
use feed::change::Position;
use numbering::E164;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

impl Furnished {
    async fn emergency_policy(&self, name: &str, settings: Value) -> Result<Policy, Problem> {
        let new = doc(json!({ "name": name, "settings": settings }));
        self.exchange.policy_create(&cx(&self.tenant_admin), new).await
    }

    async fn hold(&self, put: Value) {
        let admin = cx(&self.tenant_admin);
        self.exchange.policy_assignment_put(&admin, doc(put)).await.expect("assigned");
    }

    async fn explained(&self, ask: Value) -> Explanation {
        self.exchange.explain_call(&cx(&self.tenant_admin), doc(ask)).await.expect("explained")
    }

    /// The beginning of a call, as an edge brings it.
    fn begun(&self, id: CdrId, kind: CallKind, callee: &str) -> CdrRecord {
        CdrRecord {
            id,
            edge: EdgeId(Uuid::from_u128(1)),
            event: CdrEvent::Begin {
                at_us: 1_800_000_000_000_000,
                kind: Some(kind),
                tenant: self.tenant_admin.role.tenant(),
                number: E164::parse("+442079460001").ok(),
                operator: None,
                caller: "+442079460001".into(),
                callee: callee.into(),
                caller_user: Some(UserId(self.alice.id)),
                callee_user: None,
                queue: None,
                in_trunk: None,
                call_id: "a@phone".into(),
                bridge: None,
            },
        }
    }

    async fn bring(&self, record: CdrRecord) {
        self.exchange.cdrs_deliver(&cx(&self.edge), vec![record]).await.expect("taken");
    }

    /// Calls for help that the tenant's followers were told of.
    async fn events(&self, actor: &exchange::Actor) -> Vec<EventData> {
        let start = Position { epoch: self.exchange.epoch(), position: 0 };
        let mut at = start;
        let mut all = Vec::new();
        loop {
            let types = ["emergency_call.started".to_owned()];
            let some = self.exchange.events_since(&cx(actor), at, &types).await.expect("events");
            all.extend(some.items.into_iter().map(|event| event.what));
            at = some.reached;
            if !some.has_more {
                return all;
            }
        }
    }
}

fn desk(addresses: &[&str]) -> Value {
    json!({ "kind": "TeamsEmergencyCallingPolicy", "notification_group": addresses })
}

fn step<'t>(told: &'t Explanation, rule: &str) -> Option<&'t str> {
    told.steps.iter().find(|step| step.rule == rule).map(|step| step.found.as_str())
}

on_both!(a_call_for_help_is_told_once_to_whom_the_policy_names, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let group = house.exchange.group_create(&admin, doc(json!({ "name": "Guards" }))).await;
    let group = group.expect("a group").id;
    let joins = json!({ "join": [house.bob.id, house.alice.id] });
    house.exchange.group_member_edit(&admin, group, doc(joins)).await.expect("joined");
    let settings = json!({
        "kind": "TeamsEmergencyCallingPolicy",
        "notification_group": ["desk@contoso.example", "BOB@contoso.example"],
        "notification_group_ids": [group],
        "notification_mode": "ConferenceMuted",
        "notification_dial_out_number": "+442079460099",
        "extended_notifications": [{ "emergency_dial_string": "112" }],
    });
    let policy = house.emergency_policy("Desk", settings).await.expect("a policy");
    let PolicySettings::TeamsEmergencyCallingPolicy { extended_notifications, .. } =
        &policy.settings
    else {
        panic!("{policy:?}");
    };
    assert_eq!(extended_notifications[0].notification_mode, "NotificationOnly");

    // Nothing holds yet: the call is told, and nobody is.
    let [silent, told, test, ordinary] = [1, 2, 3, 4].map(|_| CdrId(Uuid::now_v7()));
    house.bring(house.begun(silent, CallKind::Emergency, "999")).await;
    let put = json!({ "kind": "TeamsEmergencyCallingPolicy", "policy_id": policy.id,
        "user_id": house.alice.id });
    house.hold(put).await;
    house.bring(house.begun(told, CallKind::Emergency, "999")).await;
    house.bring(house.begun(told, CallKind::Emergency, "999")).await;
    house.bring(house.begun(test, CallKind::Emergency, "112")).await;
    house.bring(house.begun(ordinary, CallKind::Outbound, "+493012345678")).await;

    let events = house.events(&house.tenant_admin).await;
    let calls: Vec<_> = events
        .iter()
        .map(|event| match event {
            EventData::EmergencyCallStarted(call) => call,
            other => panic!("{other:?}"),
        })
        .collect();
    let ids: Vec<_> = calls.iter().map(|call| call.call_id).collect();
    assert_eq!(ids, [silent.0, told.0, test.0], "each once, and no other call");
    assert_eq!(calls[0].notification, None);
    assert_eq!(calls[2].notification, None, "an entry that names nobody silences its string");
    let call = calls[1];
    assert_eq!((call.user_id, call.emergency_number.as_str()), (Some(house.alice.id), "999"));
    assert_eq!(call.number.as_deref(), Some("+442079460001"));
    let place = call.place.as_deref().expect("a place");
    assert!(place.contains("1 High Street") && place.contains("E1 1AA London"), "{place}");
    let notice = call.notification.as_ref().expect("somebody is told");
    assert_eq!(notice.notification_mode, "ConferenceMuted");
    assert_eq!(notice.notification_dial_out_number.as_deref(), Some("+442079460099"));
    assert_eq!(
        notice.notified,
        ["desk@contoso.example", "BOB@contoso.example", "alice@contoso.example"],
        "nobody twice"
    );

    let list = house.exchange.emergency_call_list(&admin, ListQuery::default()).await;
    let list = list.expect("a list").items;
    let ids: Vec<_> = list.iter().map(|call| call.call_id).collect();
    assert_eq!(ids, [test.0, told.0, silent.0]);
    assert_eq!(&list[1], call);

    // The house hears that there was one, and nothing of whom; nobody else hears anything.
    let EventData::EmergencyCallStarted(seen) = house.events(&house.owner).await.remove(1) else {
        panic!("an event");
    };
    assert_eq!((seen.call_id, seen.user_id, seen.number), (told.0, None, None));
    assert_eq!((seen.place, seen.notification), (None, None));
    assert!(house.events(&house.other_admin).await.is_empty());
    let other = cx(&house.other_admin);
    let list = house.exchange.emergency_call_list(&other, ListQuery::default()).await;
    assert!(list.expect("a list").items.is_empty());
});

on_both!(the_explanation_says_who_is_told, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let ask = json!({ "from_user_id": house.alice.id, "called": "999" });
    let told = house.explained(ask.clone()).await;
    assert_eq!(step(&told, "policy.emergency_calling"), None);
    let all = house.emergency_policy("All", desk(&["all@contoso.example"])).await;
    let kind = "TeamsEmergencyCallingPolicy";
    house.hold(json!({ "kind": kind, "policy_id": all.expect("a policy").id })).await;
    let told = house.explained(ask.clone()).await;
    let found = step(&told, "policy.emergency_calling").expect("a step");
    assert!(found.contains("\"All\" (global): 1 addresses"), "{found}");
    let line = house.emergency_policy("Line", desk(&[])).await.expect("a policy").id;
    house.hold(json!({ "kind": kind, "policy_id": line, "number": "+442079460001" })).await;
    let told = house.explained(ask).await;
    let found = step(&told, "policy.emergency_calling").expect("a step");
    assert!(found.contains("\"Line\" (number): nobody is told"), "{found}");
    assert!(told.routed, "and the call goes");
    let ask = json!({ "from_user_id": house.alice.id, "called": "+493012345678" });
    let told = house.explained(ask).await;
    assert_eq!(step(&told, "policy.emergency_calling"), None, "an ordinary call is nobody's");
});

on_both!(emergency_policies_that_make_no_sense_are_refused_with_their_field, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let many: Vec<String> = (0..11).map(|n| format!("desk{n}@contoso.example")).collect();
    let with = |extra: Value| {
        let mut all = json!({ "kind": "TeamsEmergencyCallingPolicy" });
        all.as_object_mut().expect("an object").extend(
            extra.as_object().expect("an object").iter().map(|(k, v)| (k.clone(), v.clone())),
        );
        all
    };
    let routing = |numbers: Value| json!({ "kind": "TeamsEmergencyCallRoutingPolicy", "emergency_numbers": numbers });
    let put = doc(json!({ "online_pstn_usages": ["Help"], "routes": [] }));
    house.exchange.voice_routing_put(&admin, Some(0), put).await.expect("a usage");
    let good = routing(json!([{ "emergency_dial_string": "911", "emergency_dial_mask": ["112"],
        "online_pstn_usage": "Help" }]));
    house.emergency_policy("good", good).await.expect("a policy");
    house
        .emergency_policy("ten", with(json!({ "notification_group": many[..10] })))
        .await
        .expect("10");
    for (settings, code, field) in [
        (
            with(json!({ "notification_group": many })),
            "invalid_field",
            "/settings/notification_group",
        ),
        (
            with(json!({ "notification_group": ["desk"] })),
            "invalid_field",
            "/settings/notification_group/0",
        ),
        (
            with(json!({ "notification_mode": "Conference" })),
            "invalid_field",
            "/settings/notification_mode",
        ),
        (
            with(json!({ "notification_dial_out_number": "12" })),
            "invalid_field",
            "/settings/notification_dial_out_number",
        ),
        (
            with(json!({ "external_location_lookup_mode": "On" })),
            "invalid_field",
            "/settings/external_location_lookup_mode",
        ),
        (
            with(json!({ "enhanced_emergency_service_disclaimer": "x".repeat(351) })),
            "invalid_field",
            "/settings/enhanced_emergency_service_disclaimer",
        ),
        (
            with(json!({ "notification_group_ids": [Uuid::from_u128(1)] })),
            "unknown_group",
            "/settings/notification_group_ids/0",
        ),
        (
            with(json!({ "extended_notifications": [{ "emergency_dial_string": "x" }] })),
            "invalid_field",
            "/settings/extended_notifications/0/emergency_dial_string",
        ),
        (
            routing(json!([{ "emergency_dial_string": "911", "emergency_dial_mask": ["933"] }])),
            "invalid_field",
            "/settings/emergency_numbers/0/emergency_dial_mask/0",
        ),
        (
            routing(json!([{ "emergency_dial_string": "12345678901" }])),
            "invalid_field",
            "/settings/emergency_numbers/0/emergency_dial_string",
        ),
        (
            routing(json!([{ "emergency_dial_string": "911", "online_pstn_usage": "None" }])),
            "unknown_pstn_usage",
            "/settings/emergency_numbers/0/online_pstn_usage",
        ),
    ] {
        let refused = house.emergency_policy("bad", settings.clone()).await.expect_err("refused");
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            (code, Some(field)),
            "{settings}"
        );
    }
    // What a policy names stays.
    let put = doc(json!({ "online_pstn_usages": [], "routes": [] }));
    let refused = house.exchange.voice_routing_put(&admin, Some(1), put).await;
    assert_eq!(refused.expect_err("in use").code, "pstn_usage_in_use");
});

on_both!(no_more_people_are_told_than_may_be, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let group = house.exchange.group_create(&admin, doc(json!({ "name": "Guards" }))).await;
    let group = group.expect("a group").id;
    let mut people = Vec::new();
    for n in 0..50 {
        let new = json!({ "upn": format!("guard{n}@contoso.example"), "display_name": "Guard",
            "country": "GB" });
        people.push(house.exchange.user_create(&admin, doc(new)).await.expect("a guard").id);
    }
    let joins = doc(json!({ "join": people }));
    house.exchange.group_member_edit(&admin, group, joins).await.expect("joined");
    let settings = |addresses: &[&str]| {
        json!({ "kind": "TeamsEmergencyCallingPolicy", "notification_group": addresses,
            "notification_group_ids": [group] })
    };
    let fifty = house.emergency_policy("fifty", settings(&[])).await.expect("50 people");
    let refused = house.emergency_policy("more", settings(&["desk@contoso.example"])).await;
    let refused = refused.expect_err("51 people");
    assert_eq!(refused.field.as_deref(), Some("/settings/notification_group_ids"));
    // A group that grows refuses nobody, and tells nobody more.
    house.hold(json!({ "kind": "TeamsEmergencyCallingPolicy", "policy_id": fifty.id })).await;
    let joins = doc(json!({ "join": [house.alice.id, house.bob.id] }));
    house.exchange.group_member_edit(&admin, group, joins).await.expect("joined");
    house.bring(house.begun(CdrId(Uuid::now_v7()), CallKind::Emergency, "999")).await;
    let EventData::EmergencyCallStarted(call) = house.events(&house.tenant_admin).await.remove(0)
    else {
        panic!("an event");
    };
    assert_eq!(call.notification.expect("told").notified.len(), 50);
});

on_both!(a_profile_says_which_calls_are_emergency_and_by_whom_they_leave, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (programme, operator) = (cx(&house.owner), house.operator);
    let first = house
        .exchange
        .calling_profile_list(&programme, operator, ListQuery::default())
        .await
        .expect("profiles")
        .items
        .remove(0);
    assert_eq!((first.version, first.emergency_dial_strings.len()), (1, 0));
    let new = doc(json!({ "name": "Rescue", "trunk_ids": house.trunks }));
    let rescue = house.exchange.calling_profile_create(&programme, operator, new).await;
    let rescue = rescue.expect("a profile");
    let say = async |profile: Uuid, version: i64, put: Value| -> Result<CallingProfile, Problem> {
        let exchange = &house.exchange;
        let put = doc(put);
        exchange
            .calling_profile_emergency_put(&programme, operator, profile, Some(version), put)
            .await
    };
    let ask = json!({ "from_user_id": house.alice.id, "called": "5555" });
    assert_ne!(house.explained(ask.clone()).await.kind.as_deref(), Some("emergency"));

    for (profile, put, field) in [
        (first.id, json!({ "emergency_dial_strings": ["55 5"] }), "/emergency_dial_strings/0"),
        (first.id, json!({ "emergency_dial_strings": ["5", "5"] }), "/emergency_dial_strings/1"),
        (first.id, json!({ "emergency_dial_strings": vec!["1"; 51] }), "/emergency_dial_strings"),
        (first.id, json!({ "emergency_profile_id": first.id }), "/emergency_profile_id"),
        (first.id, json!({ "emergency_profile_id": Uuid::from_u128(1) }), "/emergency_profile_id"),
    ] {
        let refused = say(profile, 1, put.clone()).await.expect_err("refused");
        assert_eq!(refused.field.as_deref(), Some(field), "{put}");
    }
    let put = json!({ "emergency_dial_strings": ["5555"], "emergency_profile_id": rescue.id });
    let said = say(first.id, 1, put.clone()).await.expect("said");
    assert_eq!((said.version, said.emergency_profile_id), (2, Some(rescue.id)));
    let stale = say(first.id, 1, put).await.expect_err("stale");
    assert_eq!(stale.code, "version_mismatch");
    // Not in a ring, and not by way of a third.
    let back = json!({ "emergency_profile_id": first.id });
    let ring = say(rescue.id, 1, back).await.expect_err("a ring");
    assert_eq!(ring.field.as_deref(), Some("/emergency_profile_id"));

    let told = house.explained(ask).await;
    assert_eq!(told.kind.as_deref(), Some("emergency"));
    assert!(step(&told, "emergency.profile_dial_string").is_some(), "{told:?}");
    let by = step(&told, "emergency.profile").expect("a step");
    assert!(by.contains(&rescue.id.to_string()), "{by}");
    let other = house
        .exchange
        .calling_profile_emergency_put(
            &cx(&house.operator_admin),
            operator,
            first.id,
            Some(2),
            doc(json!({})),
        )
        .await;
    assert_eq!(other.expect_err("the programme's").code, "forbidden");
});

on_both!(a_group_that_is_told_of_calls_for_help_stays, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let admin = cx(&house.tenant_admin);
    let group = async |name: &str| {
        let made = house.exchange.group_create(&admin, doc(json!({ "name": name }))).await;
        made.expect("a group").id
    };
    let (guards, police) = (group("Guards").await, group("Liaison").await);
    let desk = |groups: &[Uuid], of_112: &[Uuid]| {
        json!({ "kind": "TeamsEmergencyCallingPolicy", "notification_group_ids": groups,
            "extended_notifications":
                [{ "emergency_dial_string": "112", "notification_group_ids": of_112 }] })
    };
    let both = house.emergency_policy("Desk", desk(&[guards], &[police])).await.expect("a policy");
    house.emergency_policy("Night", desk(&[guards], &[])).await.expect("a policy");
    let kind = "TeamsEmergencyCallingPolicy";
    house.hold(json!({ "kind": kind, "policy_id": both.id, "group_id": guards, "rank": 1 })).await;

    let refused = house.exchange.group_remove(&admin, guards).await.expect_err("it is told");
    assert_eq!((refused.code.as_str(), refused.status), ("group_in_use", 409));
    assert!(refused.reason.contains("\"Desk\", \"Night\""), "{refused}");
    let refused = house.exchange.group_remove(&admin, police).await.expect_err("of 112");
    assert_eq!(refused.code, "group_in_use");
    assert!(refused.reason.contains("\"Desk\"") && !refused.reason.contains("Night"), "{refused}");
    let refused = house.exchange.scim_group_remove(&admin, police, None).await;
    assert_eq!(refused.expect_err("of 112").code, "group_in_use");

    // Whoever takes it out there first may remove it; what is assigned to it is no such naming.
    let edit = doc(json!({ "settings": desk(&[guards], &[]) }));
    house.exchange.policy_update(&admin, both.id, Some(1), edit).await.expect("edited");
    house.exchange.scim_group_remove(&admin, police, None).await.expect("nobody's");
    for policy in
        house.exchange.policy_list(&admin, None, ListQuery::default()).await.expect("all").items
    {
        let edit = doc(json!({ "settings": desk(&[], &[]) }));
        let tag = Some(policy.version);
        house.exchange.policy_update(&admin, policy.id, tag, edit).await.expect("edited");
    }
    house.exchange.group_remove(&admin, guards).await.expect("nobody's");
    let held = house.exchange.policy_assignment_list(&admin, ListQuery::default()).await;
    assert!(held.expect("a list").items.is_empty(), "what was assigned to it is gone with it");
});

on_both!(who_shares_a_number_is_told_of_where_its_account_is, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let address = doc(json!({ "company_name": "Contoso Leeds", "country": "GB",
        "house_number": "9", "street_name": "Park Row", "city_or_town": "Leeds",
        "postal_or_zip_code": "LS1 5HD", "latitude": "53.8", "longitude": "-1.55" }));
    let elsewhere = exchange.civic_address_create(&admin, address).await.expect("an address");
    let before = house.numbers().await;
    let spare = "+442079460070";
    let of_account = before.iter().find(|n| n.number == "+442079460002").expect("the queue's");
    // The number that is kept for emergency calls is registered at another place, and at none.
    for (number, location) in
        [(spare, Some(elsewhere.default_location_id)), ("+442079460071", None)]
    {
        let mut upload = json!({ "kind": "upload", "tenant_id": before[0].tenant_id,
            "calling_profile_id": before[0].calling_profile_id,
            "usage": "FirstPartyAppAssignment", "entries": [{ "number": number }] });
        if let Some(location) = location {
            upload["location_id"] = json!(location);
        }
        house.upload(upload).await;
        let settings = json!({ "kind": "TeamsSharedCallingRoutingPolicy",
            "resource_account_id": house.queue.id, "emergency_numbers": [number] });
        house.emergency_policy(number, settings).await.expect("a policy");
        let mut begun = house.begun(CdrId(Uuid::now_v7()), CallKind::Emergency, "999");
        let CdrEvent::Begin { number: shown, caller_user, .. } = &mut begun.event else {
            panic!("a beginning");
        };
        (*shown, *caller_user) = (E164::parse(number).ok(), Some(UserId(house.bob.id)));
        house.bring(begun).await;
    }
    let list = exchange.emergency_call_list(&admin, ListQuery::default()).await.expect("a list");
    assert_eq!(list.items.len(), 2);
    for call in list.items {
        assert_eq!(call.user_id, Some(house.bob.id));
        assert_eq!(call.location_id, of_account.location_id, "{call:?}");
        let place = call.place.expect("a place");
        assert!(place.contains("1 High Street"), "{place}");
    }
});
