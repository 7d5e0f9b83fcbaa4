//! Numbers, the tenant, several models.

use super::tenant::*;
use super::{Case, check};
use jiff::Timestamp;
use migrate::assess::Rule;
use migrate::model::Severity::{Block, Info, Warn};
use migrate::model::*;
use numbering::Country;

/// Carol leaves, and with her the last Calling Plan.
fn without_calling_plan(tenant: &mut House) {
    tenant.inventory.users.retain(|user| user.upn != CAROL);
    tenant.inventory.numbers.retain(|number| number.raw != CAROL_NUMBER);
}

fn blocked_until(tenant: &mut House, seconds: i64) {
    let until = Timestamp::from_second(MONDAY + seconds).expect("an instant");
    tenant.number(BOB_NUMBER).blocked = given(BlockedState::BlockedUntil);
    tenant.number(BOB_NUMBER).blocked_until = given(until);
}

fn extension(tenant: &mut House, raw: &str) {
    tenant.number(BOB_NUMBER).raw = raw.into();
    tenant.number(raw).line = LineNumber::parse(raw).ok();
    tenant.user(BOB).line = LineNumber::parse(raw).ok();
    tenant.user(BOB).line_uri = text(raw);
}

fn billed(raw: &str) -> BilledNumber {
    BilledNumber {
        raw: raw.into(),
        line: LineNumber::parse(raw).ok(),
        carrier: text("Old Carrier"),
        at: at(0, 4),
        ..BilledNumber::default()
    }
}

fn listed_twice(tenant: &mut House, kind: NumberType) {
    let mut again = number(BOB_NUMBER, kind, BOB, PstnAssignment::UserAssigned);
    again.at = at(1, 9);
    tenant.inventory.numbers.push(again);
}

/// A number of Operator Connect between two of Direct Routing, or after both.
fn amid(tenant: &mut House, raw: &str) {
    let person = PstnAssignment::UserAssigned;
    tenant.inventory.numbers.push(number("+442079460103", NumberType::DirectRouting, BOB, person));
    tenant.inventory.numbers.push(number(raw, NumberType::OperatorConnect, ALICE, person));
}

#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    vec![
        Case { rule: Rule::NumberImpossible, severity: Block, subject: "+44",
            breaks: |t| {
                let mut short = number("+44", NumberType::OperatorConnect, BOB, PstnAssignment::UserAssigned);
                short.validity = Some(NumberValidity::Impossible);
                t.inventory.numbers.push(short);
            },
            just_not: |t| {
                let mut odd = number("+442079460", NumberType::OperatorConnect, BOB, PstnAssignment::UserAssigned);
                odd.validity = Some(NumberValidity::PossibleOnly);
                t.inventory.numbers.push(odd);
            } },
        Case { rule: Rule::NumberUnknownRange, severity: Warn, subject: BOB_NUMBER,
            breaks: |t| t.number(BOB_NUMBER).validity = Some(NumberValidity::PossibleOnly),
            just_not: |t| t.number(BOB_NUMBER).validity = Some(NumberValidity::Impossible) },
        Case { rule: Rule::NumberCountry, severity: Warn, subject: BOB_NUMBER,
            breaks: |t| t.number(BOB_NUMBER).iso_country = text("DE"),
            just_not: |t| t.number(BOB_NUMBER).iso_country = text("JE") },
        Case { rule: Rule::NumberDuplicate, severity: Block, subject: BOB_NUMBER,
            breaks: |t| t.inventory.users.push(user("dora@contoso.com", Some(BOB_NUMBER))),
            just_not: |t| t.inventory.users.push(user("dora@contoso.com", Some("+442079460102"))) },
        Case { rule: Rule::NumberOrphan, severity: Block, subject: "+442079460102",
            breaks: |t| t.inventory.numbers.push(number("+442079460102", NumberType::DirectRouting, "nobody", PstnAssignment::UserAssigned)),
            just_not: |t| t.inventory.numbers.push(number("+442079460102", NumberType::DirectRouting, "nobody", PstnAssignment::Unassigned)) },
        Case { rule: Rule::NumberOwnerDiffers, severity: Warn, subject: BOB_NUMBER,
            breaks: |t| { let holder = t.number(BOB_NUMBER); holder.target = Some(ALICE.into()); holder.target_id = text("id-alice@contoso.com"); },
            just_not: |t| { let holder = t.number(BOB_NUMBER); holder.target = None; holder.target_id = text("ID-Bob@Contoso.com"); } },
        Case { rule: Rule::NumberNotListed, severity: Warn, subject: BOB_NUMBER,
            breaks: |t| t.inventory.numbers.retain(|n| n.raw != BOB_NUMBER),
            just_not: |t| {
                t.inventory.numbers.retain(|n| n.raw != BOB_NUMBER);
                t.without(SourceKind::NumberAssignments);
            } },
        Case { rule: Rule::NumberExtension, severity: Block, subject: "+442079460101;ext=524",
            breaks: |t| extension(t, "+442079460101;ext=524"),
            just_not: |t| extension(t, "+442079460105") },
        Case { rule: Rule::NumberBlocked, severity: Block, subject: BOB_NUMBER,
            breaks: |t| blocked_until(t, 7 * 86_400),
            just_not: |t| blocked_until(t, 7 * 86_400 - 1) },
        Case { rule: Rule::NumberNotActivated, severity: Block, subject: BOB_NUMBER,
            breaks: |t| t.number(BOB_NUMBER).activation = given(ActivationState::AssignmentFailed),
            just_not: |t| t.number(BOB_NUMBER).activation = empty() },
        Case { rule: Rule::NumberCapability, severity: Block, subject: MAIN_NUMBER,
            breaks: |t| t.number(MAIN_NUMBER).capabilities = given(vec!["UserAssignment".into()]),
            just_not: |t| t.number(MAIN_NUMBER).capabilities = given(vec!["UserAssignment".into(), "VoiceApplicationAssignment".into()]) },
        Case { rule: Rule::NumberPortIn, severity: Warn, subject: BOB_NUMBER,
            breaks: |t| t.number(BOB_NUMBER).port_in = text("firmOrderCommitmentAccepted"),
            just_not: |t| t.number(BOB_NUMBER).port_in = text("completed") },
        Case { rule: Rule::NumberNotBilled, severity: Warn, subject: BOB_NUMBER,
            breaks: |t| t.inventory.billed_numbers.push(billed("+442079460199")),
            just_not: |t| t.inventory.billed_numbers.push(billed(BOB_NUMBER)) },
        Case { rule: Rule::NumberBilledUnused, severity: Info, subject: "+442079460199",
            breaks: |t| t.inventory.billed_numbers.push(billed("+442079460199")),
            just_not: |t| {
                t.inventory.billed_numbers.push(billed("+442079460199"));
                t.inventory.pbx_lines.push(PbxLine { line: Some(line("+442079460199")), ..PbxLine::default() });
            } },
        Case { rule: Rule::TenantBlocksNumbers, severity: Block, subject: "tenant",
            breaks: |t| t.inventory.tenant.assignment_blocked_days = given(1),
            just_not: |t| t.inventory.tenant.assignment_blocked_days = empty() },
        Case { rule: Rule::TenantMailsUsers, severity: Info, subject: "tenant",
            breaks: |t| t.inventory.tenant.unassignment_email = given(true),
            just_not: |t| t.inventory.tenant.unassignment_email = empty() },
        Case { rule: Rule::TenantCloud, severity: Block, subject: "tenant",
            breaks: |t| t.inventory.tenant.cloud = given(Cloud::Dod),
            just_not: |t| t.inventory.tenant.cloud = Cell::given(Cloud::Commercial, at(9, 9)) },
        Case { rule: Rule::HybridTwoModels, severity: Block, subject: BOB_NUMBER,
            breaks: |t| listed_twice(t, NumberType::OperatorConnect),
            just_not: |t| listed_twice(t, NumberType::DirectRouting) },
        Case { rule: Rule::HybridUserTwoModels, severity: Warn, subject: BOB,
            breaks: |t| t.inventory.numbers.push(number("+442079460205", NumberType::OperatorConnect, BOB, PstnAssignment::UserAssigned)),
            just_not: |t| t.inventory.numbers.push(number("+442079460105", NumberType::DirectRouting, BOB, PstnAssignment::UserAssigned)) },
        Case { rule: Rule::HybridRangeOverlap, severity: Warn, subject: "+442079460102",
            breaks: |t| amid(t, "+442079460102"),
            just_not: |t| amid(t, "+442079460104") },
        Case { rule: Rule::HybridSupportOwner, severity: Warn, subject: "tenant",
            breaks: |t| { t.settings.support_owners.remove("CallingPlan"); },
            just_not: |t| { without_calling_plan(t); t.settings.support_owners.remove("CallingPlan"); } },
        Case { rule: Rule::HybridEmergencyModel, severity: Warn, subject: "tenant",
            breaks: |t| t.settings.emergency_tests.retain(|test| test.model != "CallingPlan"),
            just_not: |t| {
                without_calling_plan(t);
                t.settings.emergency_tests.retain(|test| test.model != "CallingPlan");
            } },
    ]
}

#[test]
fn number_rules() {
    check(&cases());
}

/// Whatever the line is for: two lists that differ about its holder need a look.
#[test]
fn a_private_line_of_somebody_else_is_another_owner_too() {
    let mut tenant = House::blameless();
    let private = tenant.number(BOB_NUMBER);
    private.category = given(AssignmentCategory::Private);
    private.target = Some(ALICE.into());
    private.target_id = text("id-alice@contoso.com");
    let assessment = super::judged(&tenant);
    let told = super::of_rule(&assessment, Rule::NumberOwnerDiffers);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((told[0].subject.as_str(), told[0].severity), (BOB_NUMBER, Warn));
}

/// What the metadata says of a code shared by several countries decides, not its main country.
#[test]
fn a_shared_code_admits_each_of_its_countries() {
    let jersey = Country::parse("JE").expect("a country");
    assert!(numbering::code_admits(line(BOB_NUMBER).e164(), jersey));
}
