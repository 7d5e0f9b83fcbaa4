//! Licences, accounts, recording, inventory.

use super::tenant::*;
use super::{Case, check};
use jiff::Timestamp;
use jiff::civil::date;
use migrate::assess::{Exception, Rule};
use migrate::model::Severity::{Block, Info, Unknown, Warn};
use migrate::model::*;

fn nothing(_: &mut House) {}

fn only_plans(tenant: &mut House, upn: &str, plans: Vec<PlanState>) {
    let mut of_user = licence("SPE_E3", &[]);
    of_user.plans = given(plans);
    tenant.user(upn).licences = vec![of_user];
}

fn phone_in(status: PlanStatus) -> Vec<PlanState> {
    vec![plan("MCOEV", status), plan("TEAMS1", PlanStatus::Success)]
}

/// A product with one plan that works for the time being.
fn warned(name: &str) -> UserLicence {
    let mut of_user = licence("MCOPSTN_5", &[]);
    of_user.plans = given(vec![plan(name, PlanStatus::Warning)]);
    of_user
}

/// Bob keeps everything but his number.
fn without_number(tenant: &mut House) {
    let bob = tenant.user(BOB);
    bob.enterprise_voice = given(false);
    bob.line_uri = empty();
    bob.line = None;
    tenant.inventory.numbers.retain(|number| number.raw != BOB_NUMBER);
}

fn remark(kind: RemarkKind) -> Remark {
    Remark {
        kind,
        at: at(1, 3),
        code: "of_the_import".into(),
        message: "Capability holds a type name".into(),
        remedy: "Export again.".into(),
    }
}

fn conference(tenant: &mut House) {
    let mut of_meeting = call(1, MONDAY + 40_000, 60);
    of_meeting.kind = CallKind::Conference;
    tenant.inventory.calls.records.push(of_meeting);
}

pub fn cases() -> Vec<Case> {
    let mut cases = licences();
    cases.extend(accounts());
    cases.extend(inventory());
    cases
}

#[rustfmt::skip]
fn licences() -> Vec<Case> {
    vec![
        Case { rule: Rule::LicencePhoneMissing, severity: Block, subject: BOB,
            breaks: |t| only_plans(t, BOB, vec![plan("TEAMS1", PlanStatus::Success)]),
            just_not: |t| only_plans(t, BOB, vec![plan("MCOEVSMB", PlanStatus::Success), plan("TEAMS1", PlanStatus::Success)]) },
        Case { rule: Rule::LicencePhoneDisabled, severity: Block, subject: BOB,
            breaks: |t| only_plans(t, BOB, phone_in(PlanStatus::Disabled)),
            just_not: |t| {
                only_plans(t, BOB, phone_in(PlanStatus::Disabled));
                t.user(BOB).licences.push(licence("MCOEV", &["MCOEV"]));
            } },
        Case { rule: Rule::LicencePhoneError, severity: Block, subject: BOB,
            breaks: |t| only_plans(t, BOB, phone_in(PlanStatus::Error)),
            just_not: |t| {
                only_plans(t, BOB, phone_in(PlanStatus::Error));
                t.user(BOB).licences.push(licence("MCOEV", &["MCOEV"]));
            } },
        Case { rule: Rule::LicencePhonePending, severity: Warn, subject: BOB,
            breaks: |t| only_plans(t, BOB, phone_in(PlanStatus::PendingActivation)),
            just_not: |t| {
                only_plans(t, BOB, phone_in(PlanStatus::PendingActivation));
                t.user(BOB).licences.push(licence("MCOEV", &["MCOEV"]));
            } },
        Case { rule: Rule::LicenceTeamsMissing, severity: Block, subject: BOB,
            breaks: |t| only_plans(t, BOB, vec![plan("MCOEV", PlanStatus::Success)]),
            just_not: |t| {
                only_plans(t, BOB, vec![plan("MCOEV", PlanStatus::Success)]);
                t.user(BOB).features = given(vec!["Teams".into()]);
            } },
        Case { rule: Rule::LicenceResourceAccountMissing, severity: Block, subject: SALES,
            breaks: |t| t.account(SALES).licences.clear(),
            just_not: |t| t.account(SALES).licences = vec![licence("X", &["MCOEV_VIRTUALUSER_GOV"])] },
        Case { rule: Rule::LicenceResourceAccountUserPlan, severity: Block, subject: MAIN,
            breaks: |t| t.account(MAIN).licences = vec![licence("MCOEV", &["MCOEV"])],
            just_not: |t| t.account(MAIN).licences.push(licence("MCOEV", &["MCOEV"])) },
        Case { rule: Rule::LicenceResourceAccountSeats, severity: Warn, subject: "tenant",
            breaks: |t| t.inventory.skus[2].enabled = given(1),
            just_not: |t| {
                t.inventory.skus[2].enabled = given(1);
                t.inventory.resource_accounts.truncate(1);
            } },
        Case { rule: Rule::LicenceRoomWithoutPhone, severity: Block, subject: ROOM,
            breaks: |t| t.user(ROOM).licences = vec![licence("Microsoft_Teams_Rooms_Basic", &["TEAMS1", "MCOMEETADV"])],
            just_not: |t| {
                t.user(ROOM).licences = vec![licence("Microsoft_Teams_Rooms_Basic", &["TEAMS1", "MCOMEETADV"])];
                t.user(ROOM).line_uri = empty();
                t.user(ROOM).line = None;
                t.user(ROOM).enterprise_voice = given(false);
                t.inventory.numbers.retain(|n| n.raw != "+442079460003");
            } },
        Case { rule: Rule::LicenceSharedDeviceMissing, severity: Block, subject: LOBBY,
            breaks: |t| t.user(LOBBY).licences = vec![licence("SPE_F1", &["TEAMS1"])],
            just_not: |t| t.user(LOBBY).licences = vec![licence("MCOCAP_GOV", &["TEAMS_GOV", "MCOEV_GOV"])] },
        Case { rule: Rule::LicenceSeatsShort, severity: Block, subject: "tenant",
            breaks: |t| {
                only_plans(t, BOB, vec![plan("TEAMS1", PlanStatus::Success)]);
                t.inventory.skus[0].consumed = given(10);
            },
            just_not: |t| {
                only_plans(t, BOB, vec![plan("TEAMS1", PlanStatus::Success)]);
                t.inventory.skus[0].consumed = given(9);
            } },
        Case { rule: Rule::LicenceGrace, severity: Warn, subject: BOB,
            breaks: |t| t.user(BOB).licences[0].grace_until = given(Timestamp::from_second(MONDAY).expect("an instant")),
            just_not: |t| t.user(BOB).licences.push(warned("EXCHANGE_S_ENTERPRISE")) },
        Case { rule: Rule::LicenceCallingPlanAfterPort, severity: Info, subject: CAROL,
            breaks: nothing,
            just_not: |t| t.number(CAROL_NUMBER).number_type = given(NumberType::OperatorConnect) },
        Case { rule: Rule::LicenceCallingPlanGone, severity: Warn, subject: CAROL,
            breaks: |t| { t.user(CAROL).licences.pop(); },
            just_not: |t| t.user(CAROL).licences[1] = warned("MCOPSTN5") },
        Case { rule: Rule::LicenceIneligible, severity: Block, subject: BOB,
            breaks: |t| t.user(BOB).account_type = given(AccountType::IneligibleUser),
            just_not: |t| {
                let mut other = user("dora@contoso.com", None);
                other.account_type = given(AccountType::IneligibleUser);
                t.inventory.users.push(other);
            } },
        Case { rule: Rule::LicenceConferencing, severity: Warn, subject: BOB,
            breaks: |t| { conference(t); only_plans(t, BOB, phone_in(PlanStatus::Success)); },
            just_not: conference },
    ]
}

#[rustfmt::skip]
fn accounts() -> Vec<Case> {
    vec![
        Case { rule: Rule::AccountNotTeamsOnly, severity: Block, subject: BOB,
            breaks: |t| t.user(BOB).upgrade_mode = given(UpgradeMode::Islands),
            just_not: |t| {
                let mut dora = user("dora@contoso.com", None);
                dora.upgrade_mode = given(UpgradeMode::Islands);
                t.inventory.users.push(dora);
            } },
        Case { rule: Rule::AccountUsageLocation, severity: Block, subject: BOB,
            breaks: |t| t.user(BOB).usage_location = empty(),
            just_not: |t| t.user(BOB).usage_location = text("DE") },
        Case { rule: Rule::AccountVoiceOff, severity: Warn, subject: BOB,
            breaks: |t| t.user(BOB).enterprise_voice = given(false),
            just_not: without_number },
        Case { rule: Rule::AccountWithoutNumber, severity: Warn, subject: "dora@contoso.com",
            breaks: |t| {
                let mut dora = user("dora@contoso.com", None);
                dora.enterprise_voice = given(true);
                t.inventory.users.push(dora);
            },
            just_not: |t| {
                let mut dora = user("dora@contoso.com", None);
                dora.enterprise_voice = given(true);
                dora.policies.push(PolicyGrant {
                    kind: PolicyKind::TeamsSharedCallingRoutingPolicy,
                    name: "SC1".into(),
                    level: PolicyLevel::User { user: "dora@contoso.com".into() },
                    at: at(0, 7),
                });
                t.inventory.users.push(dora);
            } },
        Case { rule: Rule::AccountDisabled, severity: Warn, subject: BOB,
            breaks: |t| t.user(BOB).enabled = given(false),
            just_not: |t| t.user(ROOM).enabled = given(false) },
        Case { rule: Rule::AccountSoftDeleted, severity: Block, subject: BOB,
            breaks: |t| t.user(BOB).soft_deleted = given(Timestamp::from_second(MONDAY).expect("an instant")),
            just_not: |t| {
                let mut gone = user("gone@contoso.com", None);
                gone.soft_deleted = given(Timestamp::from_second(MONDAY).expect("an instant"));
                t.inventory.users.push(gone);
            } },
        Case { rule: Rule::AccountValidationErrors, severity: Block, subject: BOB,
            breaks: |t| t.user(BOB).validation_errors = given(vec!["duplicate LineURI".into()]),
            just_not: |t| t.user(BOB).validation_errors = empty() },
        Case { rule: Rule::AccountSipDiffers, severity: Info, subject: BOB,
            breaks: |t| t.user(BOB).sip_address = text("robert@contoso.com"),
            just_not: |t| t.user(BOB).sip_address = text("Bob@contoso.com") },
        Case { rule: Rule::HybridOnPremisesNumber, severity: Block, subject: BOB,
            breaks: |t| {
                t.user(BOB).on_prem_line_uri = text(BOB_NUMBER);
                t.user(BOB).on_prem_manually_set = given(false);
            },
            just_not: |t| {
                t.user(BOB).on_prem_line_uri = text(BOB_NUMBER);
                t.user(BOB).on_prem_manually_set = given(true);
            } },
        Case { rule: Rule::HybridHomedOnPremises, severity: Block, subject: BOB,
            breaks: |t| t.user(BOB).hosting_provider = text("SRV:"),
            just_not: |t| t.user(BOB).hosting_provider = text("sipfed.online.gov.skypeforbusiness.us") },
        Case { rule: Rule::RecordingPolicy, severity: Warn, subject: "Traders",
            breaks: |t| t.user(BOB).policies.push(recording()),
            just_not: |t| t.user(BOB).policies.push(PolicyGrant {
                kind: PolicyKind::CallingLineIdentity,
                ..recording()
            }) },
        Case { rule: Rule::RecordingMissing, severity: Block, subject: BOB,
            breaks: |t| t.settings.recorded_departments.push("sales".into()),
            just_not: |t| {
                t.settings.recorded_departments.push("traders".into());
                t.user(BOB).department = text("Traders");
                t.user(BOB).policies.push(recording());
            } },
    ]
}

fn recording() -> PolicyGrant {
    PolicyGrant {
        kind: PolicyKind::TeamsComplianceRecordingPolicy,
        name: "Traders".into(),
        level: PolicyLevel::User { user: BOB.into() },
        at: at(0, 3),
    }
}

fn fax(tenant: &mut House) {
    tenant.inventory.special_lines.push(SpecialLine {
        subject: "+442079460999".into(),
        line: Some(line("+442079460999")),
        extension: "999".into(),
        class: LineClass::Fax,
        because: "description says fax".into(),
        site: None,
        at: at(0, 9),
    });
}

fn forward(tenant: &mut House, to: &str) {
    tenant.inventory.calling_settings.push(CallingSettings {
        user: ALICE.into(),
        forwarding: given(true),
        forwarding_kind: given(ForwardKind::SingleTarget),
        forwarding_target: text(to),
        ..CallingSettings::default()
    });
}

fn conflict(resolution: Resolution) -> Conflict {
    Conflict {
        kind: "user".into(),
        subject: BOB.into(),
        field: "city".into(),
        values: ["London", "Leeds"]
            .map(|value| ConflictValue { value: value.into(), at: at(0, 3) })
            .into(),
        resolution,
        taken: 0,
    }
}

#[rustfmt::skip]
fn inventory() -> Vec<Case> {
    vec![
        Case { rule: Rule::InventoryLost, severity: Unknown, subject: "tenant",
            breaks: |t| t.inventory.remarks.push(remark(RemarkKind::Lost)),
            just_not: |t| t.inventory.remarks.push(remark(RemarkKind::Repaired)) },
        Case { rule: Rule::InventoryTruncated, severity: Unknown, subject: "tenant",
            breaks: |t| t.inventory.remarks.push(remark(RemarkKind::Truncated)),
            just_not: |t| t.inventory.remarks.push(remark(RemarkKind::Note)) },
        Case { rule: Rule::InventoryRejected, severity: Warn, subject: "tenant",
            breaks: |t| t.inventory.remarks.push(remark(RemarkKind::Rejected)),
            just_not: |t| t.inventory.remarks.push(remark(RemarkKind::Duplicate)) },
        Case { rule: Rule::InventoryConflict, severity: Warn, subject: BOB,
            breaks: |t| t.inventory.conflicts.push(conflict(Resolution::Rule { rule: "the first wins".into() })),
            just_not: |t| t.inventory.conflicts.push(conflict(Resolution::Hand { reason: "moved".into() })) },
        Case { rule: Rule::InventoryUserWithoutSite, severity: Warn, subject: BOB,
            breaks: |t| t.user(BOB).site = None,
            just_not: |t| { t.user(BOB).site = None; without_number(t); } },
        Case { rule: Rule::InventoryTargetGone, severity: Warn, subject: "Main",
            breaks: |t| t.inventory.attendants[0].targets = given(vec![QueueTarget {
                when: "operator".into(), id: "id-nobody".into(), kind: TargetKind::User }]),
            just_not: |t| t.inventory.attendants[0].targets = given(vec![QueueTarget {
                when: "operator".into(), id: "queue-1".into(), kind: TargetKind::ApplicationEndpoint }]) },
        Case { rule: Rule::InventoryQueueWithoutAgents, severity: Warn, subject: "Sales",
            breaks: |t| t.inventory.queues[0].agents = empty(),
            just_not: |t| {
                t.inventory.queues[0].agents = empty();
                t.inventory.queues[0].groups = given(vec!["group-1".into()]);
            } },
        Case { rule: Rule::InventoryResourceAccountUnused, severity: Warn, subject: SALES,
            breaks: |t| {
                t.account(SALES).associations = empty();
                t.inventory.queues[0].resource_accounts = empty();
            },
            just_not: |t| t.account(SALES).associations = empty() },
        Case { rule: Rule::InventoryForwardToNumber, severity: Warn, subject: ALICE,
            breaks: |t| forward(t, BOB_NUMBER),
            just_not: |t| forward(t, "+442079460002") },
        Case { rule: Rule::InventorySpecialLine, severity: Warn, subject: "+442079460999",
            breaks: fax,
            just_not: |t| {
                fax(t);
                t.inventory.special_lines[0].class = LineClass::Phone;
            } },
        Case { rule: Rule::ModelException, severity: Warn, subject: "+442079460999",
            breaks: |t| {
                fax(t);
                t.settings.exceptions.push(exception(date(2026, 3, 8)));
            },
            just_not: |t| {
                fax(t);
                t.settings.exceptions.push(exception(date(2026, 3, 9)));
            } },
        Case { rule: Rule::ModelUncovered, severity: Unknown, subject: "tenant",
            breaks: |t| t.settings.covered_countries = None,
            just_not: |t| t.settings.covered_countries = Some(Vec::new()) },
    ]
}

fn exception(review: jiff::civil::Date) -> Exception {
    Exception {
        subject: "+442079460999".into(),
        owner: "facilities".into(),
        review,
        reason: "the insurer wants it".into(),
    }
}

#[test]
fn licence_rules() {
    check(&licences());
}

#[test]
fn account_rules() {
    check(&accounts());
}

#[test]
fn inventory_rules() {
    check(&inventory());
}
