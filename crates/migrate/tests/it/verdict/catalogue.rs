//! The pages of `docs/rules/` say what the rules say, and a project may weigh rules otherwise.

use std::collections::BTreeSet;
use std::path::Path;

use super::tenant::*;
use super::{judged, of_rule};
use migrate::assess::{Rule, RuleChange, assess, pages};
use migrate::model::{PlanStatus, Severity};

/// `UPDATE_RULES=1` writes the pages anew.
#[test]
#[allow(clippy::disallowed_methods, reason = "tests own files, the crate does not")]
fn rules_have_their_pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
    let update = std::env::var_os("UPDATE_RULES").is_some();
    if update {
        std::fs::create_dir_all(&folder).expect("the folder can be made");
    }
    for (name, text) in pages() {
        let path = folder.join(&name);
        if update {
            std::fs::write(&path, &text).expect("the page can be written");
        }
        let on_disk = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(on_disk, text, "docs/rules/{name}: UPDATE_RULES=1 cargo test -p migrate rules");
    }
}

#[test]
fn codes_are_stable_words_and_none_is_used_twice() {
    let codes: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(codes.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(rule.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{rule:?}");
        assert_eq!(Rule::find(rule.code()), Some(*rule));
    }
}

fn change(off: bool, severity: Option<Severity>, reason: &str) -> RuleChange {
    RuleChange { off, severity, reason: reason.into() }
}

#[test]
fn a_rule_can_be_switched_off_or_weighed_otherwise_with_a_reason() {
    let mut tenant = House::blameless();
    tenant.site().vpn = given(true);
    let code = Rule::NetworkVpn.code().to_owned();
    let reason = "split tunnel is in place";
    tenant.settings.rules.insert(code.clone(), change(true, None, reason));
    let assessment = judged(&tenant);
    assert!(of_rule(&assessment, Rule::NetworkVpn).is_empty());
    assert_eq!(assessment.rule_changes[&code].reason, reason, "the report can show it");

    tenant.settings.rules.insert(code.clone(), change(false, Some(Severity::Block), reason));
    assert_eq!(of_rule(&judged(&tenant), Rule::NetworkVpn)[0].severity, Severity::Block);

    tenant.settings.rules.insert(code, change(true, None, "  "));
    let refused = assess(&tenant.inventory, &tenant.settings, tenant.day).expect_err("no reason");
    assert_eq!(
        (refused.code, refused.field.as_str()),
        ("rule_without_reason", "rules.network_vpn.reason")
    );
}

#[test]
fn what_is_unknown_stays_unknown_however_it_is_weighed() {
    let mut tenant = House::blameless();
    tenant.user(BOB).licences[0].plans = lost();
    let rule = Rule::LicencePhoneMissing;
    let weighed = change(false, Some(Severity::Info), "we know better");
    tenant.settings.rules.insert(rule.code().into(), weighed);
    assert_eq!(of_rule(&judged(&tenant), rule)[0].severity, Severity::Unknown);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let mut tenant = House::blameless();
    tenant.settings.rules.insert("no_such_rule".into(), change(true, None, "why not"));
    let refuse = |tenant: &House| {
        assess(&tenant.inventory, &tenant.settings, tenant.day).expect_err("refused").code
    };
    assert_eq!(refuse(&tenant), "unknown_rule");
    tenant.settings.rules.clear();
    let code = Rule::NetworkVpn.code().to_owned();
    tenant.settings.rules.insert(code, change(false, Some(Severity::Unknown), "dunno"));
    assert_eq!(refuse(&tenant), "rule_severity");
    tenant.settings.rules.clear();
    tenant.settings.network.blocking = 1.0;
    assert_eq!(refuse(&tenant), "limit_out_of_range");
}

#[test]
fn a_finding_stands_in_its_file_and_row() {
    let mut tenant = House::blameless();
    tenant.user(BOB).licences = vec![licence("SPE_E3", &["TEAMS1"])];
    let assessment = judged(&tenant);
    let source = of_rule(&assessment, Rule::LicencePhoneMissing)[0].source.clone();
    let source = source.expect("it stands in a file");
    assert_eq!((source.file.as_str(), source.row), ("Get-MgUserLicenseDetail.csv", 2));
}

#[test]
fn one_subject_has_one_finding_of_a_rule() {
    let mut tenant = House::blameless();
    let bob = tenant.user(BOB);
    bob.licences = vec![licence("A", &[]), licence("B", &[])];
    for of_bob in &mut bob.licences {
        of_bob.plans = given(vec![plan("MCOEV", PlanStatus::Warning)]);
    }
    let assessment = judged(&tenant);
    assert_eq!(of_rule(&assessment, Rule::LicenceGrace).len(), 1);
}

#[test]
fn the_document_has_the_shape_the_command_prints() {
    let mut tenant = House::blameless();
    tenant.site().vpn = given(true);
    let document = serde_json::to_value(judged(&tenant)).expect("it is a document");
    let finding = document["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|finding| finding["code"] == "network_vpn")
        .expect("the finding");
    for field in ["code", "area", "severity", "subject", "message", "fix", "cost"] {
        assert!(finding[field].is_string(), "{field}: {finding}");
    }
    assert_eq!(finding["area"], "network");
    assert_eq!(finding["severity"], "warn");
    assert!(finding["source"]["file"].is_string() && finding["source"]["row"].is_u64());
    let group = &document["move_groups"][0];
    assert!(group["members"].is_array());
    assert!(group["links"][0]["reason"].is_string(), "{group}");
}
