//! Policies set at the control plane, in calls through an edge of its own.

use crate::process::Process;
use crate::world::{
    OUTSIDER, Plane, SOON, edge_command, free_address, phone, register, seed, trunk,
};
use serde_json::{Value, json};
use softphone::{Answering, HeaderText, OperatorTrunk, Phone};
use std::time::{Duration, Instant};
use testkit::TempDir;

const NUMBER: &str = "+442079460001";
const OUTSIDE: &str = "+441632960555";

/// How a call of the phone's ends, and the INVITE that the operator got of it, if any did
/// come; the operator is asked first, so that the call is over when this returns.
async fn dial(phone: &Phone, trunk: &OperatorTrunk, called: &str) -> (u16, HeaderText) {
    let call = phone.dial(called).await.expect("a media socket");
    match call.answered(SOON).await {
        Ok(_) => {
            let got = trunk.next_call(SOON).await.expect("the operator has the call").view().invite;
            call.hang_up(SOON).await.expect("the BYE is answered");
            (200, got)
        }
        Err(_) => {
            let end = call.ended(SOON).await.expect("it is refused");
            (end.status, HeaderText::default())
        }
    }
}

/// Dials until the call goes as it should: an edge hears of a change within moments.
async fn dial_until(
    (phone, trunk): (&Phone, &OperatorTrunk),
    called: &str,
    good: impl Fn(u16, &HeaderText) -> bool,
) {
    let deadline = Instant::now() + SOON;
    loop {
        let (status, got) = dial(phone, trunk, called).await;
        if good(status, &got) {
            return;
        }
        assert!(Instant::now() < deadline, "{called} ends with {status}: {got:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_changes_calls_within_moments_and_leaves_help_alone() {
    let plane = Plane::start(testkit::sqlite(), 1000).await;
    let sip = free_address();
    let trunk = trunk([127, 0, 0, 61], sip).await;
    let seeded = seed(&plane, [trunk.address(), ([127, 0, 0, 62], 5060).into()]).await;
    let edge_client = plane.client("edge", json!({})).await;
    let folder = TempDir::new("policies");
    let (alice, credentials) = seeded.person("alice", Some(NUMBER)).await;
    let answering = Answering::Answer { after: Duration::from_millis(20) };
    let phone = phone(&credentials, sip, answering).await;
    let edge = Process::spawn(edge_command(&plane, &edge_client, &folder, sip));
    edge.told("SIP over UDP:");
    register(&phone).await;
    let both = (&phone, &trunk);

    let tenant = &seeded.tenant;
    let policy = async |name: &str, settings: Value| {
        let made =
            tenant.post("/tenant/v1/policies", json!({ "name": name, "settings": settings }));
        let made = made.await;
        let put = json!({ "kind": settings["kind"], "policy_id": made["id"], "user_id": alice });
        tenant.put("/tenant/v1/policy-assignments", put).await;
    };
    let (status, got) = dial(&phone, &trunk, OUTSIDE).await;
    assert_eq!((status, got.from_user()), (200, Some(NUMBER)));

    // A blocked caller is refused, another still rings.
    let caller = trunk.call(OUTSIDER, NUMBER).await.expect("a media socket");
    caller.answered(SOON).await.expect("Alice answers");
    caller.hang_up(SOON).await.expect("the BYE is answered");
    let rules =
        json!({ "blocked": [{ "name": "outsider", "pattern": OUTSIDER.replace('+', "^\\+") }] });
    let path = "/tenant/v1/call-screening";
    let (status, refused) = tenant.ask(reqwest::Method::PUT, path, Some(rules.clone())).await;
    assert_eq!((status, &refused["code"]), (428, &json!("version_required")));
    let (status, _) = tenant.ask_if(reqwest::Method::PUT, path, "\"0\"", rules).await;
    assert_eq!(status, 200);
    let deadline = Instant::now() + SOON;
    loop {
        let caller = trunk.call(OUTSIDER, NUMBER).await.expect("a media socket");
        if caller.answered(SOON).await.is_ok() {
            caller.hang_up(SOON).await.expect("the BYE is answered");
            assert!(Instant::now() < deadline, "the caller is still let in");
            continue;
        }
        assert_eq!(caller.ended(SOON).await.expect("refused").status, 403);
        break;
    }
    let caller = trunk.call("+441632960777", NUMBER).await.expect("a media socket");
    caller.answered(SOON).await.expect("another caller is let in");
    caller.hang_up(SOON).await.expect("the BYE is answered");

    let restricted = json!({ "kind": "OnlineDialOutPolicy", "allowed": "None" });
    policy("nobody outside", restricted).await;
    dial_until(both, OUTSIDE, |status, _| status == 403).await;
    let (status, got) = dial(&phone, &trunk, "999").await;
    assert_eq!((status, got.called()), (200, Some("999")), "help is never restricted");
    let none = json!({ "kind": "OnlineDialOutPolicy", "user_id": alice });
    tenant.put("/tenant/v1/policy-assignments", none).await;
    dial_until(both, OUTSIDE, |status, _| status == 200).await;

    let anonymous = json!({ "kind": "CallingLineIdentity", "substitute": "Anonymous" });
    policy("nobody", anonymous).await;
    dial_until(both, OUTSIDE, |_, got| got.from_user() == Some("anonymous")).await;
    let (_, got) = dial(&phone, &trunk, "999").await;
    assert_eq!(got.from_user(), Some(NUMBER), "those who help can call back");

    let plan = json!({ "kind": "TenantDialPlan", "rules": [
        { "name": "Paris", "pattern": "^7$", "translation": OUTSIDE }] });
    policy("short", plan).await;
    dial_until(both, "7", |status, got| status == 200 && got.called() == Some(OUTSIDE)).await;

    let explained = json!({ "from_user_id": alice, "called": "7" });
    let explained = tenant.post("/tenant/v1/explain/call", explained).await;
    let rules: Vec<&str> = explained["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["rule"].as_str())
        .filter(|rule| rule.starts_with("policy."))
        .collect();
    assert_eq!(rules, ["policy.dial_plan", "policy.caller_id"], "{explained}");

    // Whoever she called for help may be blocked, and reaches her within the hour.
    let caller = trunk.call(OUTSIDER, NUMBER).await.expect("a media socket");
    caller.answered(SOON).await.expect("whoever calls back is let in");
}
