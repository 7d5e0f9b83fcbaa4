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
use migrate::model::{Finding, Severity};
use tenant::House;

/// A rule with one tenant that breaks it and one that just does not.
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

        let mut tenant = House::blameless();
        (case.just_not)(&mut tenant);
        let assessment = judged(&tenant);
        let found = of_rule(&assessment, case.rule);
        let about: Vec<_> = found.iter().filter(|f| f.subject == case.subject).collect();
        assert!(about.is_empty(), "{code} speaks where it must not: {about:#?}");
    }
}

/// Every rule has its pair of tenants.
#[test]
fn each_rule_has_a_tenant_that_breaks_it() {
    let cases = [
        rules_accounts::cases(),
        rules_numbers::cases(),
        rules_policies::cases(),
        rules_places::cases(),
    ];
    let tried: Vec<Rule> = cases.iter().flatten().map(|case| case.rule).collect();
    let missing: Vec<&str> =
        Rule::ALL.iter().filter(|rule| !tried.contains(rule)).map(|rule| rule.code()).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
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
