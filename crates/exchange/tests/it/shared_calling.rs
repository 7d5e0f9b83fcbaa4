//! Shared calling: the account and the numbers of a policy, and who calls by them.

use crate::furnished::{Furnished, doc, furnish};
use crate::house::{cx, open, owner};
use api_types::Problem;
use api_types::policy::Policy;
use exchange::{ListQuery, NumberFilter};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use numbering::E164;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

const ACCOUNT: &str = "+442079460002";
const FREE: &str = "+442079460003";
const FIRST: &str = "+442079460060";
const SECOND: &str = "+442079460061";
const MEETINGS: &str = "+442079460062";
const OWN: &str = "+442079480060";
const KIND: &str = "TeamsSharedCallingRoutingPolicy";

fn e164(text: &str) -> E164 {
    text.parse().expect("a number")
}

impl Furnished {
    async fn shared(&self, name: &str, numbers: Value) -> Result<Policy, Problem> {
        let settings = json!({ "kind": KIND, "resource_account_id": self.queue.id,
            "emergency_numbers": numbers });
        let new = doc(json!({ "name": name, "settings": settings }));
        self.exchange.policy_create(&cx(&self.tenant_admin), new).await
    }

    async fn share_again(&self, policy: &Policy, numbers: Value) -> Result<Policy, Problem> {
        let settings = json!({ "kind": KIND, "resource_account_id": self.queue.id,
            "emergency_numbers": numbers });
        let edit = doc(json!({ "settings": settings }));
        let admin = cx(&self.tenant_admin);
        self.exchange.policy_update(&admin, policy.id, Some(policy.version), edit).await
    }
}

on_both!(a_policy_has_an_account_and_free_numbers_like_the_account_s, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let admin = cx(&house.tenant_admin);
    let before = house.numbers().await;
    let tenant = before[0].tenant_id;
    let upload = |usage: &str, numbers: Value| {
        json!({ "kind": "upload", "tenant_id": tenant,
            "calling_profile_id": before[0].calling_profile_id, "usage": usage,
            "location_id": before[0].location_id, "entries": numbers })
    };
    let people = json!([{ "number": FIRST }, { "number": SECOND }]);
    house.upload(upload("CallingUserAssignment", people)).await;
    house.upload(upload("ConferenceAssignment", json!([{ "number": MEETINGS }]))).await;
    let own = doc(json!({ "entries": [{ "number": OWN }, { "number": "+4915112345678" }] }));
    exchange.direct_numbers_create(&admin, own).await.expect("added");

    let fifty_one: Vec<String> = (0..51).map(|n| format!("+4420794601{n:02}")).collect();
    let at = |n: u32| format!("/settings/emergency_numbers/{n}");
    for (numbers, code, field) in [
        (json!(["12"]), "invalid_field", at(0)),
        (json!(["+442079469999"]), "invalid_field", at(0)),
        (json!([FREE, FREE]), "invalid_field", at(1)),
        (json!(fifty_one), "invalid_field", "/settings/emergency_numbers".to_owned()),
        (json!([FREE, "+442079460001"]), "already_assigned", at(1)),
        (json!([MEETINGS]), "wrong_usage", at(0)),
        (json!([OWN]), "emergency_number_differs", at(0)),
        (json!(["+4915112345678"]), "emergency_number_differs", at(0)),
    ] {
        let refused = house.shared("x", numbers.clone()).await.expect_err(code);
        assert_eq!((refused.code.as_str(), refused.field), (code, Some(field)), "{numbers}");
    }
    // An account without a number is none to call by.
    let spare = doc(json!({ "upn": "spare@contoso.example", "display_name": "Spare",
        "kind": "call_queue", "licences": ["resource_account"], "agent_ids": [] }));
    let spare = exchange.resource_account_create(&admin, spare).await.expect("a queue").id;
    for (account, code) in [(spare, "account_without_number"), (Uuid::nil(), "unknown_account")] {
        let settings = json!({ "kind": KIND, "resource_account_id": account });
        let new = doc(json!({ "name": "x", "settings": settings }));
        let refused = exchange.policy_create(&admin, new).await.expect_err(code);
        let field = Some("/settings/resource_account_id");
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (code, field));
    }

    let made = house.shared("Office", json!([FREE, FIRST])).await.expect("a policy");
    let name = Some(format!("{KIND}|Tag:Office"));
    assert_eq!(house.assignment(FREE).await, ("PolicyAssigned".to_owned(), Some(made.id), name));
    assert_eq!(house.assignment(SECOND).await.0, "Unassigned");
    // Each is one policy's, and nobody else's.
    let refused = house.shared("Other", json!([FIRST])).await.expect_err("another's");
    assert_eq!(refused.code, "already_assigned");
    let refused = exchange.assignment_remove(&admin, e164(FIRST), None, None).await;
    assert_eq!(refused.expect_err("the policy's").code, "policy_assigned");
    let to = doc(json!({ "user_id": house.bob.id }));
    let refused = exchange.assignment_put(&admin, e164(FIRST), None, to).await;
    assert_eq!(refused.expect_err("the policy's").code, "already_assigned");
    let filter = NumberFilter { status: Some("PolicyAssigned".into()), ..NumberFilter::default() };
    let listed = exchange.number_list(&admin, filter, ListQuery::default()).await.expect("a list");
    assert_eq!(listed.items.len(), 2);

    // What the policy no longer names is free, and what it keeps stays.
    let edited = house.share_again(&made, json!([SECOND, FIRST])).await.expect("edited");
    for (number, status) in
        [(FREE, "Unassigned"), (FIRST, "PolicyAssigned"), (SECOND, "PolicyAssigned")]
    {
        assert_eq!(house.assignment(number).await.0, status, "{number}");
    }
    let name = doc(json!({ "name": "Offices" }));
    let renamed = exchange.policy_update(&admin, made.id, Some(edited.version), name).await;
    renamed.expect("only its name");
    assert_eq!(house.assignment(FIRST).await.2, Some(format!("{KIND}|Tag:Offices")));

    // An edge knows where a call back to them goes.
    let key = wrap_key("token");
    let written = exchange.edge_snapshot(&cx(&house.edge), &key).await.expect("a snapshot");
    let snapshot = Snapshot::open(&written, &key).expect("opens");
    use domain::routing::World;
    let account = snapshot.emergency_account(domain::TenantId(tenant), e164(FIRST));
    assert_eq!(account, Some(domain::ResourceAccountId(house.queue.id)));

    exchange.policy_remove(&admin, made.id, None).await.expect("removed");
    assert_eq!(house.assignment(FIRST).await.0, "Unassigned");
});

on_both!(who_has_no_number_calls_by_the_account_s_as_explained, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let admin = cx(&house.tenant_admin);
    let user = exchange.user_get(&admin, house.bob.id).await.expect("Bob");
    let licences = doc(json!({ "licences": ["teams_phone"] }));
    exchange.user_update(&admin, user.id, Some(user.version), licences).await.expect("licensed");
    let bob = house.bob.id;
    let told = house.calls(bob, "+493012345678").await;
    assert_eq!(told.code.as_deref(), Some("user_has_no_number"));
    let policy = house.shared("Office", json!([FREE])).await.expect("a policy");
    let assign = doc(json!({ "kind": KIND, "policy_id": policy.id }));
    let assigned = exchange.policy_assignment_put(&admin, assign).await.expect("for everybody");
    assert_eq!(assigned.warning, None);
    let told = house.calls(bob, "+493012345678").await;
    let step = |told: &api_types::call::Explanation, rule: &str| {
        told.steps.iter().find(|s| s.rule == rule).map(|s| s.found.clone()).unwrap_or_default()
    };
    assert!(told.routed && step(&told, "policy.shared_calling").contains(ACCOUNT), "{told:?}");
    let help = house.calls(bob, "999").await;
    assert!(step(&help, "emergency.shared_calling").contains(FREE), "{help:?}");
    let alice = house.calls(house.alice.id, "+493012345678").await;
    assert_eq!(step(&alice, "policy.shared_calling"), "", "she has a number");
    // A call back that no edge remembers reaches the account.
    let ask = doc(json!({ "inbound": true, "called": FREE }));
    let told = exchange.explain_call(&admin, ask).await.expect("explained");
    assert!(told.routed && step(&told, "emergency.number").contains(FREE), "{told:?}");
    // Whoever assigns it hears of what keeps people from it.
    let routing = json!({ "online_pstn_usages": ["Abroad"], "routes": [] });
    house.routes(0, routing).await.expect("set");
    let voice = house.voice_policy("Abroad", json!(["Abroad"])).await.expect("a policy");
    house.holds_for(Some(voice.id), None).await;
    let told = house.calls(bob, "+493012345678").await;
    assert_eq!(told.code.as_deref(), Some("user_has_no_number"));
    let assign = doc(json!({ "kind": KIND, "policy_id": policy.id, "user_id": bob }));
    let assigned = exchange.policy_assignment_put(&admin, assign).await.expect("assigned");
    assert!(assigned.warning.expect("a warning").contains("PSTN usages"));
    let refused = exchange.policy_remove(&admin, policy.id, None).await.expect_err("it holds");
    assert_eq!(refused.code, "policy_in_use");
});

on_both!(who_has_no_number_forwards_by_the_account_s_as_explained, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let admin = cx(&house.tenant_admin);
    let bob = house.bob.id;
    let licences = doc(json!({ "licences": ["teams_phone"] }));
    exchange.user_update(&admin, bob, Some(house.bob.version), licences).await.expect("licensed");
    let put = async |user: Uuid, target: Value| {
        let put = json!({ "forwarding": { "type": "Immediate", "target": target } });
        exchange.calling_settings_put(&admin, user, Some(0), doc(put)).await.expect("set");
    };
    put(house.alice.id, json!({ "type": "SingleTarget", "user_id": bob })).await;
    put(bob, json!({ "type": "SingleTarget", "number": "+493012345678" })).await;
    let ask = || doc(json!({ "inbound": true, "called": "+442079460001" }));
    let told = exchange.explain_call(&admin, ask()).await.expect("explained");
    let refused = told.steps.iter().find(|step| step.rule == "forwarding.refused");
    assert!(refused.is_some() && told.trunks.is_empty(), "{told:?}");
    let policy = house.shared("Office", json!([])).await.expect("a policy").id;
    let assign = doc(json!({ "kind": KIND, "policy_id": policy, "user_id": bob }));
    exchange.policy_assignment_put(&admin, assign).await.expect("his");
    let told = exchange.explain_call(&admin, ask()).await.expect("explained");
    let step = told.steps.iter().find(|step| step.rule == "policy.shared_calling");
    assert!(step.is_some_and(|step| step.found.contains(ACCOUNT)), "{told:?}");
    assert_eq!(told.trunks, ["a0.alpha.example", "a1.alpha.example"]);
    assert!(told.steps.iter().any(|step| step.rule == "fraud.limits"), "it costs him: {told:?}");
});

on_both!(numbers_of_an_operator_whose_consent_is_suspended_are_not_taken, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let admin = cx(&house.tenant_admin);
    let before = house.numbers().await;
    let more = json!({ "kind": "upload", "tenant_id": before[0].tenant_id,
        "calling_profile_id": before[0].calling_profile_id, "usage": "CallingUserAssignment",
        "location_id": before[0].location_id, "entries": [{ "number": FIRST }] });
    house.upload(more).await;
    let made = house.shared("Office", json!([FREE])).await.expect("a policy");
    let consent = async |status: &str| {
        let found = exchange.consent_get(&admin, house.operator).await.expect("a consent");
        let edit = doc(json!({ "status": status }));
        let edited = exchange.consent_update(&admin, house.operator, Some(found.version), edit);
        edited.await.expect("edited");
    };
    consent("Suspended").await;
    let refused = house.shared("Other", json!([])).await.expect_err("the account's number");
    let field = refused.field.as_deref();
    assert_eq!(
        (refused.code.as_str(), field),
        ("consent_not_active", Some("/settings/resource_account_id"))
    );
    let refused = house.share_again(&made, json!([FREE, FIRST])).await.expect_err("one more");
    let field = refused.field.as_deref();
    assert_eq!(
        (refused.code.as_str(), field),
        ("consent_not_active", Some("/settings/emergency_numbers/1"))
    );
    // What it has stays, as an assigned number does, and may go.
    let kept = house.share_again(&made, json!([FREE])).await.expect("as it is");
    let bare = house.share_again(&kept, json!([])).await.expect("less");
    let refused = house.share_again(&bare, json!([FREE])).await.expect_err("it is free now");
    assert_eq!(refused.code, "consent_not_active");
    consent("Active").await;
    house.share_again(&bare, json!([FREE, FIRST])).await.expect("again");
});
