//! The report: what its first screen says, and that nothing in it comes from or goes anywhere.

use super::judged;
use super::tenant::*;
use migrate::assess::{Assessment, Rule, RuleChange};
use migrate::model::*;
use migrate::report::{Report, difference, html, workbook, worklist};

fn report<'a>(
    house: &'a House,
    assessment: &'a Assessment,
    before: Option<&'a Assessment>,
) -> Report<'a> {
    Report { title: "Contoso", assessment, before, operators: None, files: &house.inventory.files }
}

#[test]
fn the_first_screen_answers_the_question() {
    let mut house = House::blameless();
    let assessment = judged(&house);
    let page = html(&report(&house, &assessment, None));
    assert!(
        page.contains("<strong>Yes.</strong> 7 of 7 accounts could move"),
        "{}",
        &page[..6_000]
    );
    assert!(page.contains("This is the first run."));
    // What nobody exported is told before anything else is read.
    let told = page.split("Not imported yet, and so not judged").nth(1);
    assert!(told.is_none(), "everything that is wanted is there");
    house.without(SourceKind::LicenceDetails);
    house.without(SourceKind::PstnCalls);
    let assessment = judged(&house);
    let page = html(&report(&house, &assessment, None));
    let told = page.split("Not imported yet, and so not judged").nth(1).expect("it is told");
    let told = told.split("</ul>").next().expect("a list");
    assert_eq!(told.matches("<li>").count(), 2, "{told}");
    assert!(told.contains("Get-MgUserLicenseDetail") && told.contains("usage reports"), "{told}");

    let mut house = House::blameless();
    house.inventory.tenant.assignment_blocked_forever = given(true);
    house.user(BOB).licences = vec![licence("SPE_E3", &["TEAMS1"])];
    let assessment = judged(&house);
    let page = html(&report(&house, &assessment, None));
    assert!(page.contains("<strong>Not yet.</strong>"));
    assert!(page.contains("6 of 7 accounts could move"));
    assert!(page.contains("one thing stops every move"));
    let stop = page.find("This stops every move").expect("it is told");
    assert!(page[stop..].contains("Every number that is unassigned is blocked for ever."));
}

/// An administrator who imported everything but the users reads what to do, and no row of zeros.
#[test]
fn without_users_the_first_screen_asks_for_them() {
    let mut house = House::blameless();
    house.inventory.users.clear();
    house.inventory.resource_accounts.clear();
    house.inventory.numbers.clear();
    house.without(SourceKind::OnlineUsers);
    let assessment = judged(&house);
    let page = html(&report(&house, &assessment, None));
    let first = page.split("<nav>").next().expect("a first screen");
    assert!(first.contains("import the users first"), "{first}");
    assert!(first.contains("Get-CsOnlineUser"));
    assert!(!first.contains("class=\"figures\"") && !first.contains("0 %"), "{first}");
    assert!(!first.contains("Holds back 0"), "{first}");
}

#[test]
fn the_page_needs_no_network_and_runs_nothing() {
    let mut house = House::blameless();
    let evil = "<img src=x onerror=alert(1)>\u{202e}@contoso.com";
    let mut user = user(evil, Some("+442079460105"));
    user.licences.clear();
    house.inventory.users.push(user);
    let assessment = judged(&house);
    let page = html(&report(&house, &assessment, None));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
    for word in ["<img", "<script", "<link", "http://", "https://", "url(", "@import", " src="] {
        let escaped = page.replace("&lt;img src=x", "");
        assert!(!escaped.contains(word), "{word}");
    }
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    // Each chart has its table.
    assert!(page.matches("<svg").count() <= page.matches("<table").count());
}

#[test]
fn what_to_fix_first_is_what_frees_most_for_least() {
    let mut house = House::blameless();
    for at in 0..5 {
        let mut without = user(&format!("u{at}@contoso.com"), Some(&format!("+44207946040{at}")));
        without.licences.clear();
        house.inventory.users.push(without);
    }
    house.user(ALICE).usage_location = empty();
    house.inventory.voice_routing_policies[0].usages = given(vec!["All".into()]);
    let assessment = judged(&house);
    let works = worklist(&assessment);
    assert_eq!(works[0].code, "policy_global_routes", "what stops everybody is first");
    assert!(works[0].stops_everybody);
    let phone = works.iter().find(|work| work.code == "licence_phone_missing").expect("spoken");
    assert_eq!((phone.subjects, phone.holds_back), (5, 5));
    assert_eq!(phone.alone, 0, "they lack Teams itself as well");
    assert_eq!(phone.cost, "5 times 1 seat of Teams Phone");
    let place = works.iter().find(|work| work.code == "account_usage_location").expect("spoken");
    assert_eq!((place.holds_back, place.alone), (1, 1));
}

#[test]
fn the_difference_to_the_last_run_names_what_came_and_went() {
    let mut house = House::blameless();
    house.user(BOB).usage_location = empty();
    let before = judged(&house);
    let mut house = House::blameless();
    house.user(ALICE).upgrade_mode = given(UpgradeMode::Islands);
    let after = judged(&house);
    let changed = difference(&before, &after);
    assert_eq!(changed.by_code["account_usage_location"], (0, 1));
    assert_eq!(changed.by_code["account_not_teams_only"], (1, 0));
    assert_eq!(changed.findings.len(), 2);
    assert!(difference(&after, &after).is_empty());
    let page = html(&report(&house, &after, Some(&before)));
    let section = &page[page.find("Since the last run</h2>").expect("the section")..];
    assert!(
        section.contains("account_not_teams_only") && section.contains("account_usage_location")
    );
}

#[test]
fn rules_the_project_changed_are_shown_with_the_reason() {
    let mut house = House::blameless();
    house.site().vpn = given(true);
    let reason = "split tunnel since spring".to_owned();
    let change = RuleChange { off: true, severity: None, reason };
    house.settings.rules.insert(Rule::NetworkVpn.code().into(), change);
    let assessment = judged(&house);
    let page = html(&report(&house, &assessment, None));
    assert!(page.contains("split tunnel since spring"));
}

#[test]
fn the_workbook_opens_and_holds_no_formula() {
    let mut house = House::blameless();
    let mut user = user("=HYPERLINK(\"http://x\")@contoso.com", Some("+442079460105"));
    user.licences.clear();
    house.inventory.users.push(user);
    let assessment = judged(&house);
    let bytes = workbook(&report(&house, &assessment, Some(&assessment))).expect("it is made");
    assert_eq!(&bytes[..4], b"PK\x03\x04", "an archive");
    let again = workbook(&report(&house, &assessment, Some(&assessment))).expect("it is made");
    assert_eq!(bytes, again, "the same verdict has the same bytes");
}
