//! Policies, groups, and rules for callers.

use crate::furnished::{Furnished, doc, furnish};
use crate::house::{cx, open, owner};
use api_types::policy::{Policy, PolicyAssignment};
use api_types::{Problem, call::Explanation};
use exchange::ListQuery;
use feed::change::{Change, Position};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

impl Furnished {
    async fn policy(&self, name: &str, settings: Value) -> Result<Policy, Problem> {
        let new = doc(json!({ "name": name, "settings": settings }));
        self.exchange.policy_create(&cx(&self.tenant_admin), new).await
    }

    async fn put_policy(&self, put: Value) -> Result<PolicyAssignment, Problem> {
        self.exchange.policy_assignment_put(&cx(&self.tenant_admin), doc(put)).await
    }

    async fn holds(&self, user: Option<Uuid>, number: Option<&str>) -> Vec<(String, String)> {
        let number = number.map(str::to_owned);
        let admin = cx(&self.tenant_admin);
        let found = self.exchange.effective_policies(&admin, user, number).await.expect("known");
        found.policies.into_iter().map(|p| (p.policy_name, p.assigned)).collect()
    }

    async fn told(&self, ask: Value) -> Explanation {
        self.exchange.explain_call(&cx(&self.tenant_admin), doc(ask)).await.expect("explained")
    }
}

fn restricted(allowed: &str) -> Value {
    json!({ "kind": "OnlineDialOutPolicy", "allowed": allowed })
}

fn step<'t>(told: &'t Explanation, rule: &str) -> Option<&'t str> {
    told.steps.iter().find(|step| step.rule == rule).map(|step| step.found.as_str())
}

on_both!(the_narrowest_policy_holds_and_the_explanation_says_which, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let (alice, number) = (house.alice.id, "+442079460001");
    assert!(house.holds(Some(alice), None).await.is_empty());

    let mut ids = Vec::new();
    for (name, allowed) in [
        ("all", "None"),
        ("sales", "Domestic"),
        ("staff", "InternationalAndDomestic"),
        ("own", "None"),
        ("line", "Domestic"),
    ] {
        ids.push(house.policy(name, restricted(allowed)).await.expect("a policy").id);
    }
    let mut groups = Vec::new();
    for name in ["Sales", "Staff"] {
        let made = exchange.group_create(&admin, doc(json!({ "name": name }))).await;
        groups.push(made.expect("a group").id);
    }
    let kind = "OnlineDialOutPolicy";
    house.put_policy(json!({ "kind": kind, "policy_id": ids[0] })).await.expect("everybody's");
    assert_eq!(house.holds(Some(alice), None).await, [("all".into(), "global".into())]);
    let told = house.told(json!({ "from_user_id": alice, "called": "+33123456789" })).await;
    assert_eq!((told.code.as_deref(), told.sip_code), (Some("dial_out_restricted"), Some(403)));
    assert!(step(&told, "policy.dial_out").is_some_and(|s| s.contains(r#""all" (global)"#)));
    let told = house.told(json!({ "from_user_id": alice, "called": "999" })).await;
    assert_eq!(told.kind.as_deref(), Some("emergency"));

    for (group, policy, rank) in [(groups[0], ids[1], 20), (groups[1], ids[2], 10)] {
        let put = json!({ "kind": kind, "policy_id": policy, "group_id": group, "rank": rank });
        house.put_policy(put).await.expect("a group's");
        let edit = doc(json!({ "join": [alice, house.bob.id] }));
        let group = exchange.group_member_edit(&admin, group, edit).await.expect("joined");
        assert_eq!(group.members, 2);
    }
    assert_eq!(house.holds(Some(alice), None).await, [("staff".into(), "group".into())]);
    let told = house.told(json!({ "from_user_id": alice, "called": "+33123456789" })).await;
    assert!(told.routed, "{told:?}");

    let own = json!({ "kind": kind, "policy_id": ids[3], "user_id": alice });
    house.put_policy(own.clone()).await.expect("her own");
    assert_eq!(house.holds(Some(alice), None).await, [("own".into(), "direct".into())]);
    assert_eq!(house.holds(Some(house.bob.id), None).await, [("staff".into(), "group".into())]);
    let line = json!({ "kind": kind, "policy_id": ids[4], "number": number });
    house.put_policy(line).await.expect("her number's");
    assert_eq!(house.holds(Some(alice), None).await, [("line".into(), "number".into())]);
    assert_eq!(house.holds(None, Some(number)).await, [("line".into(), "number".into())]);

    // The same kind replaces; nothing takes away (operator-connect.md 1.7.3).
    let again = json!({ "kind": kind, "policy_id": ids[1], "number": number });
    house.put_policy(again).await.expect("replaced");
    assert_eq!(house.holds(None, Some(number)).await, [("sales".into(), "number".into())]);
    let none = house.put_policy(json!({ "kind": kind, "number": number })).await.expect("removed");
    assert_eq!((none.policy_id, none.target.as_str()), (None, "number"));
    assert_eq!(house.holds(Some(alice), None).await, [("own".into(), "direct".into())]);

    let list = exchange.policy_assignment_list(&admin, ListQuery::default()).await.expect("a list");
    let mut targets: Vec<_> = list.items.iter().map(|a| a.target.as_str()).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["global", "group", "group", "user"]);

    // A snapshot holds what the log told.
    let start = Position { epoch: exchange.epoch(), position: 0 };
    let log = exchange.changes_since(&cx(&house.edge), start, 1000).await.expect("the log");
    let key = wrap_key("token");
    let bytes = exchange.edge_snapshot(&cx(&house.edge), &key).await.expect("a snapshot");
    let read = Snapshot::open(&bytes, &key).expect("opens");
    let mut by_log = Snapshot::from_records(feed::snapshot::WorldRecords::empty(start, 0));
    for entry in &log {
        by_log.apply(entry);
    }
    let holds = |s: &Snapshot, user: Uuid, number: Option<&str>| {
        let number = number.map(|n| numbering::E164::parse(n).expect("a number"));
        let holder = domain::policy::Holder { user: Some(user.into()), number };
        let tenant = s.user_record(alice.into()).expect("alice").tenant;
        let kind = domain::policy::PolicyKind::OnlineDialOutPolicy;
        use domain::routing::World;
        s.policy(tenant, holder, kind).map(|(policy, via)| (policy.name.clone(), via.as_str()))
    };
    let line = json!({ "kind": kind, "policy_id": ids[4], "number": number });
    for (user, number, expect) in [
        (alice, None, ("own", "direct")),
        (house.bob.id, None, ("staff", "group")),
        (Uuid::from_u128(1), None, ("all", "global")),
    ] {
        let expect = Some((expect.0.to_owned(), expect.1));
        assert_eq!(holds(&read, user, number), expect);
        assert_eq!(holds(&by_log, user, number), expect);
    }
    house.put_policy(line).await.expect("her number's again");
    let bytes = exchange.edge_snapshot(&cx(&house.edge), &key).await.expect("a snapshot");
    let read = Snapshot::open(&bytes, &key).expect("opens");
    let expect = Some(("line".to_owned(), "number"));
    assert_eq!(holds(&read, alice, Some(number)), expect);
    house.put_policy(json!({ "kind": kind, "number": number })).await.expect("taken away again");

    let gone = exchange.group_remove(&admin, groups[1]).await.expect("removed");
    assert_eq!(gone.members, 2);
    assert_eq!(house.holds(Some(house.bob.id), None).await, [("sales".into(), "group".into())]);
});

on_both!(nothing_of_another_tenant_can_be_named_in_an_assignment, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, other) = (cx(&house.tenant_admin), cx(&house.other_admin));
    let exchange = &house.exchange;
    let (kind, new) = (
        "OnlineDialOutPolicy",
        |name: &str| json!({ "name": name, "settings": restricted("None") }),
    );
    let theirs = house.policy("theirs", restricted("None")).await.expect("a policy").id;
    let group = exchange.group_create(&admin, doc(json!({ "name": "Sales" }))).await;
    let group = group.expect("a group").id;
    let own = exchange.policy_create(&other, doc(new("own"))).await.expect("a policy").id;
    for (code, put) in [
        ("unknown_policy", json!({ "policy_id": theirs })),
        ("unknown_user", json!({ "policy_id": own, "user_id": house.alice.id })),
        ("unknown_group", json!({ "policy_id": own, "group_id": group, "rank": 1 })),
        ("invalid_field", json!({ "policy_id": own, "number": "+442079460001" })),
    ] {
        let mut put = put;
        put["kind"] = json!(kind);
        let refused = exchange.policy_assignment_put(&other, doc(put.clone())).await;
        assert_eq!(refused.expect_err("not theirs").code, code, "{put}");
    }
    assert!(house.holds(Some(house.alice.id), Some("+442079460001")).await.is_empty());
    let refused = exchange.policy_get(&other, theirs).await.expect_err("not theirs");
    assert_eq!(refused.code, "not_found");
});

on_both!(policies_that_make_no_sense_are_refused_with_their_field, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let rule = |pattern: &str, translation: &str| {
        json!({ "kind": "TenantDialPlan", "rules": [
            { "name": "r", "pattern": pattern, "translation": translation }] })
    };
    let many: Vec<_> = (0..51)
        .map(|n| json!({ "name": n.to_string(), "pattern": "1", "translation": "1" }))
        .collect();
    let good = house.policy("plan", rule(r"^(\d{4})$", "+44207946$1")).await.expect("a plan");
    house.policy("p".repeat(49).as_str(), restricted("None")).await.expect("the longest name");
    let fifty = json!({ "kind": "TenantDialPlan", "rules": many[..50] });
    house.policy("fifty", fifty).await.expect("as many rules as there may be");
    for (name, settings, code, field) in [
        ("p", rule("(", "1"), "invalid_field", "/settings/rules/0/pattern"),
        ("p", rule("1", "$1"), "invalid_field", "/settings/rules/0/translation"),
        (
            "p",
            json!({ "kind": "TenantDialPlan", "rules": many }),
            "invalid_field",
            "/settings/rules",
        ),
        ("plan", rule("1", "1"), "conflict", "/name"),
        (&*"p".repeat(50), restricted("None"), "invalid_field", "/name"),
        ("p", restricted("Everywhere"), "invalid_field", "/settings/allowed"),
        (
            "p",
            json!({ "kind": "CallingLineIdentity", "substitute": "Resource" }),
            "invalid_field",
            "/settings/resource_account_id",
        ),
        (
            "p",
            json!({ "kind": "CallingLineIdentity", "substitute": "Resource",
                "resource_account_id": house.alice.id }),
            "unknown_account",
            "/settings/resource_account_id",
        ),
        (
            "p",
            json!({ "kind": "CallingLineIdentity", "company_name": "c".repeat(51) }),
            "invalid_field",
            "/settings/company_name",
        ),
    ] {
        let refused = house.policy(name, settings.clone()).await.expect_err("refused");
        let said = (refused.code.as_str(), refused.field.as_deref());
        assert_eq!(said, (code, Some(field)), "{settings}");
    }
    let group = doc(json!({ "name": "Sales" }));
    let group = exchange.group_create(&admin, group).await.expect("a group").id;
    let kind = "TenantDialPlan";
    let put = json!({ "kind": kind, "policy_id": good.id, "group_id": group, "rank": 1 });
    house.put_policy(put).await.expect("a group's");
    let other = doc(json!({ "name": "Staff" }));
    let other = exchange.group_create(&admin, other).await.expect("a group").id;
    for (put, code, field) in [
        (json!({ "kind": "Moon" }), "invalid_field", "/kind"),
        (
            json!({ "kind": "OnlineDialOutPolicy", "policy_id": good.id }),
            "unknown_policy",
            "/policy_id",
        ),
        (
            json!({ "kind": kind, "policy_id": good.id, "user_id": house.queue.id }),
            "unknown_user",
            "/user_id",
        ),
        (
            json!({ "kind": kind, "policy_id": good.id, "number": "+442079469999" }),
            "invalid_field",
            "/number",
        ),
        (
            json!({ "kind": kind, "policy_id": good.id, "group_id": group }),
            "invalid_field",
            "/rank",
        ),
        (
            json!({ "kind": kind, "policy_id": good.id, "group_id": other, "rank": 1 }),
            "rank_taken",
            "/rank",
        ),
        (
            json!({ "kind": kind, "policy_id": good.id, "group_id": good.id, "rank": 2 }),
            "unknown_group",
            "/group_id",
        ),
        (
            json!({ "kind": kind, "user_id": house.alice.id, "number": "+442079460001" }),
            "invalid_field",
            "/user_id",
        ),
    ] {
        let refused = house.put_policy(put.clone()).await.expect_err("refused");
        let said = (refused.code.as_str(), refused.field.as_deref());
        assert_eq!(said, (code, Some(field)), "{put}");
    }
    // Another tenant's are not there.
    let stranger = cx(&house.other_admin);
    for refused in [
        exchange.policy_get(&stranger, good.id).await.expect_err("not there").code,
        exchange.group_get(&stranger, group).await.expect_err("not there").code,
    ] {
        assert_eq!(refused, "not_found");
    }
    let held = exchange.policy_remove(&admin, good.id, None).await.expect_err("it holds");
    assert_eq!(held.code, "policy_in_use");
    house.put_policy(json!({ "kind": kind, "group_id": group })).await.expect("taken away");
    let edit = || doc(json!({ "settings": rule(r"^(\d{3})$", "+44207946$1") }));
    let stale = exchange.policy_update(&admin, good.id, Some(7), edit()).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");
    let blind = exchange.policy_update(&admin, good.id, None, edit()).await;
    assert_eq!(blind.expect_err("blind").code, "version_required");
    let edited = exchange.policy_update(&admin, good.id, Some(1), edit()).await.expect("edited");
    assert_eq!((edited.version, edited.name.as_str()), (2, "plan"));
    let another = doc(json!({ "settings": restricted("None") }));
    let kept = exchange.policy_update(&admin, good.id, Some(2), another).await;
    assert_eq!(kept.expect_err("its kind stays").field.as_deref(), Some("/settings/kind"));
    exchange.policy_remove(&admin, good.id, Some(2)).await.expect("removed");
    let plans = exchange.policy_list(&admin, Some(kind.into()), ListQuery::default()).await;
    let names: Vec<_> = plans.expect("a list").items.into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["fifty"]);
    let intruder = doc(json!({ "join": [house.queue.id] }));
    let refused = exchange.group_member_edit(&admin, group, intruder).await.expect_err("nobody");
    assert_eq!(refused.code, "unknown_user");
});

on_both!(dial_plans_caller_id_and_screening_show_in_the_explanation, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let alice = house.alice.id;
    let plan = json!({ "kind": "TenantDialPlan", "rules": [
        { "name": "extension", "pattern": r"^(0\d{3})$", "translation": "+44207946$1" }] });
    let plan = house.policy("Soho", plan).await.expect("a plan").id;
    house.put_policy(json!({ "kind": "TenantDialPlan", "policy_id": plan })).await.expect("put");
    let told = house.told(json!({ "from_user_id": alice, "called": "0002" })).await;
    assert_eq!(told.kind.as_deref(), Some("internal"));
    let found = step(&told, "policy.dial_plan").expect("the plan's step");
    assert!(found.contains(r#"rule "extension""#) && found.contains("+442079460002"), "{found}");

    let shown = json!({ "kind": "CallingLineIdentity", "substitute": "Resource",
        "resource_account_id": house.queue.id });
    let shown = house.policy("main line", shown).await.expect("a policy").id;
    let put = json!({ "kind": "CallingLineIdentity", "policy_id": shown, "user_id": alice });
    house.put_policy(put).await.expect("put");
    let told = house.told(json!({ "from_user_id": alice, "called": "+33123456789" })).await;
    let found = step(&told, "policy.caller_id").expect("the policy's step");
    assert!(found.contains("shown by +442079460002"), "{found}");

    let rules = json!({
        "blocked": [
            { "name": "germany", "pattern": r"^\+49" },
            { "name": "france", "pattern": r"^\+33", "redirect_to_account_id": house.queue.id },
        ],
        "exempt": [{ "name": "berlin", "pattern": r"^\+4930" }],
        "unassigned": [{ "name": "rest", "pattern": "", "priority": 1, "user_id": alice }],
    });
    let refused = exchange.screening_put(&admin, Some(0), doc(rules.clone())).await;
    let refused = refused.expect_err("an empty pattern");
    assert_eq!(refused.field.as_deref(), Some("/unassigned/0/pattern"));
    let mut rules = rules;
    rules["unassigned"][0]["pattern"] = json!("^");
    let set = exchange.screening_put(&admin, Some(0), doc(rules.clone())).await.expect("set");
    assert_eq!((set.version, set.blocked.len()), (1, 2));
    let stale = exchange.screening_put(&admin, Some(0), doc(rules.clone())).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");
    assert_eq!(exchange.screening_get(&admin).await.expect("kept"), set);
    let inbound = |caller: &str, called: &str| json!({ "inbound": true, "from_number": caller, "called": called });
    for (caller, code, rule) in [
        ("+498912345", Some("caller_blocked"), Some("screening.blocked")),
        ("+493012345", None, Some("screening.exempt")),
        ("+33123456789", None, Some("screening.blocked")),
        ("+442071838750", None, None),
    ] {
        let told = house.told(inbound(caller, "+442079460001")).await;
        assert_eq!(told.code.as_deref(), code, "{caller}: {told:?}");
        let screened = told.steps.iter().map(|s| s.rule.as_str());
        let screened = screened.clone().find(|rule| rule.starts_with("screening"));
        assert_eq!(screened, rule, "{caller}");
    }
    let foreign = json!({ "blocked": [{ "name": "x", "pattern": "1",
        "redirect_to_account_id": alice }] });
    let refused = exchange.screening_put(&admin, Some(1), doc(foreign)).await.expect_err("nobody");
    assert_eq!(refused.field.as_deref(), Some("/blocked/0/redirect_to_account_id"));

    let start = Position { epoch: exchange.epoch(), position: 0 };
    let log = exchange.changes_since(&cx(&house.edge), start, 1000).await.expect("the log");
    let told = log.iter().any(|entry| matches!(&entry.change, Change::ScreeningPut(_)));
    assert!(told, "edges hear of it");
});
