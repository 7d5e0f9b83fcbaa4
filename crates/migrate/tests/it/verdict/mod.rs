//! The verdict: each rule broken and just not broken, the statements, operators, documents.

mod catalogue;
mod cover;
mod planted;
mod reports;
mod rules_accounts;
mod rules_numbers;
mod rules_places;
mod rules_policies;
mod statements;
mod tenant;

use migrate::assess::{Assessment, Rule, assess};
use migrate::model::*;
use tenant::*;

/// A rule with one tenant that breaks it and one that just does not: the nearest one on the good
/// side of the limit, not merely one without any fault.
struct Case {
    rule: Rule,
    severity: Severity,
    subject: &'static str,
    breaks: fn(&mut House),
    just_not: fn(&mut House),
}

fn judged(tenant: &House) -> Assessment {
    assess(&tenant.inventory, &tenant.settings, tenant.day).expect("the settings can be followed")
}

fn of_rule(assessment: &Assessment, rule: Rule) -> Vec<&Finding> {
    assessment.findings.iter().filter(|finding| finding.code == rule.code()).collect()
}

/// Every case as a user would notice it: the finding with its subject and severity, or none.
fn check(cases: &[Case]) {
    let blameless = House::blameless();
    let unbroken = judged(&blameless);
    for case in cases {
        let code = case.rule.code();
        let mut tenant = House::blameless();
        (case.breaks)(&mut tenant);
        let assessment = judged(&tenant);
        let found = of_rule(&assessment, case.rule);
        let hit = found.iter().find(|finding| finding.subject == case.subject);
        let hit = hit.unwrap_or_else(|| panic!("{code}: not about {}: {found:#?}", case.subject));
        assert_eq!(hit.severity, case.severity, "{code}: {hit:?}");
        assert_eq!(hit.area, case.rule.area(), "{code}");
        assert!(!hit.message.is_empty() && !hit.fix.is_empty(), "{code}: {hit:?}");

        let mut near = House::blameless();
        (case.just_not)(&mut near);
        let changed = near.inventory != blameless.inventory
            || near.settings != blameless.settings
            || near.day != blameless.day;
        assert!(changed, "{code}: the tenant that just does not break it is the blameless one");
        let assessment = judged(&near);
        let before: Vec<&str> =
            of_rule(&unbroken, case.rule).iter().map(|f| f.subject.as_str()).collect();
        let spoken: Vec<_> = of_rule(&assessment, case.rule)
            .into_iter()
            .filter(|f| f.subject == case.subject || !before.contains(&f.subject.as_str()))
            .collect();
        assert!(spoken.is_empty(), "{code} speaks where it must not: {spoken:#?}");
    }
}

fn all_cases() -> Vec<Case> {
    let mut cases = rules_accounts::cases();
    cases.extend(rules_numbers::cases());
    cases.extend(rules_policies::cases());
    cases.extend(rules_places::cases());
    cases
}

/// The same fault weighs less where it stops nobody yet.
#[test]
fn some_rules_speak_more_softly() {
    type Soft = (Rule, Severity, &'static str, fn(&mut House));
    let cases: [Soft; 8] = [
        (Rule::NumberNotActivated, Severity::Warn, BOB_NUMBER, |t| {
            t.number(BOB_NUMBER).activation = given(ActivationState::UpdatePending);
        }),
        (Rule::TenantCloud, Severity::Info, "tenant", |t| {
            t.inventory.tenant.cloud = given(Cloud::Gcc);
        }),
        (Rule::PolicyUserRoutes, Severity::Warn, "dora@contoso.com", |t| {
            let mut dora = user("dora@contoso.com", None);
            dora.enterprise_voice = given(true);
            dora.policies.push(PolicyGrant {
                kind: PolicyKind::OnlineVoiceRoutingPolicy,
                name: "UK".into(),
                level: PolicyLevel::User { user: "dora@contoso.com".into() },
                at: at(0, 7),
            });
            t.inventory.users.push(dora);
        }),
        (Rule::HybridOnPremisesNumber, Severity::Warn, BOB, |t| {
            t.inventory.tenant.on_prem_to_online = given(true);
            t.user(BOB).on_prem_line_uri = text(BOB_NUMBER);
        }),
        (Rule::EmergencyAddressNotValidated, Severity::Warn, "spare", |t| {
            let mut spare = t.inventory.addresses[0].clone();
            spare.id = "spare".into();
            spare.validation = given(AddressState::Invalid);
            t.inventory.addresses.push(spare);
        }),
        (Rule::EmergencySubnetHost, Severity::Warn, "10.1.0.128", |t| {
            t.inventory.lis_subnets.push(LisSubnet {
                subnet: "10.1.0.128".into(),
                address: "10.1.0.128".parse().ok(),
                location_id: text(PLACE),
                at: at(9, 3),
                ..LisSubnet::default()
            });
        }),
        (Rule::LicenceTeamsMissing, Severity::Warn, BOB, |t| {
            let plans = vec![
                plan("MCOEV", PlanStatus::Success),
                plan("TEAMS1", PlanStatus::PendingProvisioning),
            ];
            t.user(BOB).licences[0].plans = given(plans);
        }),
        (Rule::LicenceResourceAccountMissing, Severity::Warn, SALES, |t| {
            let pending = vec![plan("MCOEV_VIRTUALUSER", PlanStatus::PendingInput)];
            t.account(SALES).licences[0].plans = given(pending);
        }),
    ];
    for (rule, severity, subject, change) in cases {
        let mut tenant = House::blameless();
        change(&mut tenant);
        let assessment = judged(&tenant);
        let told = of_rule(&assessment, rule).into_iter().find(|f| f.subject == subject);
        assert_eq!(told.map(|f| f.severity), Some(severity), "{} of {subject}", rule.code());
    }
}

/// Every rule has its pair of tenants.
#[test]
fn each_rule_has_a_tenant_that_breaks_it() {
    let tried: Vec<Rule> = all_cases().iter().map(|case| case.rule).collect();
    let missing: Vec<&str> =
        Rule::ALL.iter().filter(|rule| !tried.contains(rule)).map(|rule| rule.code()).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// The values by which a tenant breaks a rule, lost in the export instead: the rule or another one
/// must say that it cannot tell, and never fall silent (statement 2).
#[test]
fn what_breaks_a_rule_is_unknown_where_it_is_lost() {
    let blameless = serde_json::to_value(House::blameless().inventory).expect("a document");
    let mut silent = Vec::new();
    // Rules that only inform stop nobody: what they do not say is no pass.
    for case in all_cases().iter().filter(|case| case.severity > Severity::Info) {
        let mut tenant = House::blameless();
        (case.breaks)(&mut tenant);
        let broken = judged(&tenant);
        let document = serde_json::to_value(&tenant.inventory).expect("a document");
        let mut places = Vec::new();
        values(&document, Some(&blameless), &mut String::new(), &mut places);
        // A window that lost its figure is one that was not measured (statement 15).
        places.retain(|place| !place.starts_with("/measurements"));
        // All at once, and where they are few each for itself.
        let mut trials = vec![places.clone()];
        if places.len() < 20 {
            trials.extend(places.iter().map(|place| vec![place.clone()]));
        }
        for trial in trials.iter().filter(|trial| !trial.is_empty()) {
            let mut document = document.clone();
            for place in trial {
                let cell = document.pointer_mut(place).expect("it was there");
                *cell = serde_json::json!({ "state": "lost", "at": cell["at"] });
            }
            let Ok(inventory) = serde_json::from_value(document) else { continue };
            tenant.inventory = inventory;
            let assessment = judged(&tenant);
            let still = of_rule(&assessment, case.rule).iter().any(|f| f.subject == case.subject);
            let told = assessment.findings.iter().any(|f| {
                f.severity == Severity::Unknown
                    && !broken.findings.iter().any(|o| {
                        (&o.code, &o.subject, o.severity) == (&f.code, &f.subject, f.severity)
                    })
            });
            if !still && !told {
                silent.push(format!("{} without {}", case.rule.code(), trial.join(" ")));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// Where a document has values that another has not.
fn values(
    document: &serde_json::Value,
    other: Option<&serde_json::Value>,
    path: &mut String,
    into: &mut Vec<String>,
) {
    use serde_json::Value;
    if Some(document) == other {
        return;
    }
    let length = path.len();
    match document {
        Value::Object(fields) if fields.get("state") == Some(&Value::from("given")) => {
            into.push(path.clone());
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push('/');
                path.push_str(name);
                values(value, other.and_then(|o| o.get(name)), path, into);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push_str(&format!("/{at}"));
                values(item, other.and_then(|o| o.get(at)), path, into);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

#[test]
fn nobody_finds_fault_with_the_blameless() {
    let assessment = judged(&House::blameless());
    let faults: Vec<&Finding> =
        assessment.findings.iter().filter(|f| f.severity > Severity::Info).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let people = &assessment.people;
    assert!(people.iter().all(|p| p.readiness == migrate::assess::Readiness::Ready), "{people:#?}");
}
