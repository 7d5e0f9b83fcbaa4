//! Several models beside each other, the local directory, and compliance recording (migration.md
//! sections 1.2 and 5.2).

use std::collections::BTreeSet;

use super::findings::Findings;
use super::rules::Rule;
use super::scope::{Scope, is_assigned};
use super::settings::Settings;
use crate::model::{
    AccountType, Cloud, NumberSource, NumberType, PolicyKind, Role, Severity, UpgradeMode,
};
use foldhash::{HashMap, HashMapExt};

pub fn judge(scope: &Scope<'_>, settings: &Settings, found: &mut Findings<'_>) {
    cloud(scope, found);
    accounts(scope, found);
    two_models(scope, found);
    ranges(scope, found);
    models(scope, settings, found);
    recording(scope, settings, found);
}

/// What the tenant's cloud rules out (migration.md section 0, fact 1).
fn cloud(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let cloud = &scope.inventory.tenant.cloud;
    let rule = Rule::TenantCloud;
    match cloud.copied() {
        Some(Cloud::GccHigh | Cloud::Dod | Cloud::China) => {
            let word = cloud.copied().map_or("", Cloud::word);
            let message = format!("The tenant lives in {word}: no Operator Connect there.");
            found.add(rule, "tenant", cloud.at(), message);
        }
        Some(Cloud::Gcc) => {
            let message =
                "The tenant lives in GCC: operators must serve GCC, and no Graph path is sure.";
            found.add_as(rule, Severity::Info, "tenant", cloud.at(), message);
        }
        Some(Cloud::Commercial) => {}
        Some(Cloud::Other) | None => {
            let message = "It is not known in which cloud the tenant lives.";
            found.unknown(rule, "tenant", cloud.at(), message).fix =
                "Import Get-CsTenant, or say it in the project.".into();
        }
    }
}

/// Where accounts and their numbers are kept.
fn accounts(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let converts = scope.inventory.tenant.on_prem_to_online.copied() == Some(true);
    for (at, user) in scope.voices() {
        if user.soft_deleted.get().is_some() {
            continue;
        }
        let mode = &user.upgrade_mode;
        match mode.copied() {
            Some(UpgradeMode::TeamsOnly) => {}
            Some(UpgradeMode::Other) => {
                let message = "The mode stands in a word not known.";
                found.unknown(Rule::AccountNotTeamsOnly, &user.upn, mode.at(), message);
            }
            Some(other) => {
                let message = format!("The mode is {}.", other.word());
                found.add(Rule::AccountNotTeamsOnly, &user.upn, mode.at(), message);
            }
            None if mode.is_lost() => {
                let message = "The mode was lost in the export.";
                found.unknown(Rule::AccountNotTeamsOnly, &user.upn, mode.at(), message);
            }
            None => {}
        }
        let on_premises = user.account_type.copied() == Some(AccountType::SfbOnPremUser)
            || user
                .hosting_provider
                .get()
                .is_some_and(|provider| !provider.to_ascii_lowercase().contains(".online."));
        if on_premises {
            let place = user.hosting_provider.at().or(user.account_type.at());
            let message = "The account is homed on a server of the house.";
            found.add(Rule::HybridHomedOnPremises, &user.upn, place, message);
        } else if user.hosting_provider.is_lost() {
            let message = "Where the account is homed was lost in the export.";
            let place = user.hosting_provider.at();
            found.unknown(Rule::HybridHomedOnPremises, &user.upn, place, message);
        }
        if let Some(errors) = user.validation_errors.get().filter(|errors| !errors.is_empty()) {
            let message = format!("The directory reports: {}.", errors.join("; "));
            let place = user.validation_errors.at();
            found.add(Rule::AccountValidationErrors, &user.upn, place, message);
        } else if user.validation_errors.is_lost() {
            let message = "What the directory reports was lost in the export.";
            let place = user.validation_errors.at();
            found.unknown(Rule::AccountValidationErrors, &user.upn, place, message);
        }
        // An administrator's own entry (`True`) is no synchronised one.
        let by_directory = user.on_prem_line_uri.get().is_some()
            && user.on_prem_manually_set.copied() != Some(true);
        let kept = scope.numbers(at).find(|n| n.source.copied() == Some(NumberSource::OnPremises));
        if by_directory || kept.is_some() {
            let place = user.on_prem_line_uri.at().or(kept.and_then(|number| number.source.at()));
            let severity = if converts { Severity::Warn } else { Severity::Block };
            let message = if converts {
                "The number is kept in the local directory; the tenant lets online operations convert it."
            } else {
                "The number is kept in the local directory and synchronised."
            };
            found.add_as(Rule::HybridOnPremisesNumber, severity, &user.upn, place, message);
        } else if user.on_prem_line_uri.is_lost() {
            let message = "Whether the local directory keeps the number was lost in the export.";
            let place = user.on_prem_line_uri.at();
            found.unknown(Rule::HybridOnPremisesNumber, &user.upn, place, message);
        }
    }
}

fn two_models(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let numbers = &scope.inventory.numbers;
    let real = |at: &usize| {
        numbers[*at]
            .number_type
            .copied()
            .filter(|t| !matches!(t, NumberType::None | NumberType::Other))
    };
    for number in numbers {
        let message = match number.number_type.copied() {
            Some(NumberType::Other) => "The model it is of stands in a word not known.",
            None if number.number_type.is_lost() => "The model it is of was lost in the export.",
            _ => continue,
        };
        found.unknown(Rule::HybridTwoModels, &number.raw, number.number_type.at(), message);
    }
    for listed in scope.by_line.values().filter(|listed| listed.len() > 1) {
        let types: BTreeSet<NumberType> = listed.iter().filter_map(real).collect();
        if types.len() > 1 {
            let number = &numbers[listed[0]];
            let message = format!("The number is listed as {}.", words(&types));
            found.add(Rule::HybridTwoModels, &number.raw, Some(number.at), message);
        }
    }
    for (at, user) in scope.voices().filter(|(at, _)| scope.numbers_of[*at].len() > 1) {
        let types: BTreeSet<NumberType> = scope.numbers_of[at].iter().filter_map(real).collect();
        if types.len() > 1 {
            let message = format!("The user's numbers are of {}.", words(&types));
            found.add(Rule::HybridUserTwoModels, &user.upn, Some(user.at), message);
        }
    }
}

fn words(types: &BTreeSet<NumberType>) -> String {
    types.iter().map(|t| t.word()).collect::<Vec<_>>().join(" and ")
}

/// Numbers of one model amid a hundred that otherwise belongs to another.
fn ranges(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let mut hundreds: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, number) in scope.inventory.numbers.iter().enumerate() {
        if let Some(line) = number.line.filter(|line| !line.has_extension())
            && is_assigned(number)
            && number.number_type.copied().is_some_and(|t| t != NumberType::Other)
        {
            hundreds.entry(line.e164().value() / 100).or_default().push(at);
        }
    }
    for block in hundreds.values_mut() {
        block.sort_by_key(|at| scope.inventory.numbers[*at].line);
        let types: Vec<(usize, NumberType)> = block
            .iter()
            .filter_map(|at| Some((*at, scope.inventory.numbers[*at].number_type.copied()?)))
            .collect();
        for window in types.windows(3) {
            let [(_, before), (at, own), (_, after)] = window else { continue };
            if before == after && own != before {
                let number = &scope.inventory.numbers[*at];
                let message = format!(
                    "The number is of {} and lies amid a range of {}.",
                    own.word(),
                    before.word()
                );
                found.add(Rule::HybridRangeOverlap, &number.raw, Some(number.at), message);
            }
        }
    }
}

/// Owner of support and emergency test for each model where there are several.
fn models(scope: &Scope<'_>, settings: &Settings, found: &mut Findings<'_>) {
    let mut models = scope.models();
    if models.is_empty() {
        return;
    }
    // What is moved to is in use as soon as the first wave has moved.
    models.insert(NumberType::OperatorConnect);
    if models.len() < 2 {
        return;
    }
    let missing = |known: &dyn Fn(&str) -> bool| {
        let names: Vec<&str> = models.iter().map(|m| m.word()).filter(|m| !known(m)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let owned = |model: &str| {
        settings.support_owners.get(model).is_some_and(|owner| !owner.trim().is_empty())
    };
    if let Some(names) = missing(&owned) {
        let message = format!("No owner of support is named for {names}.");
        found.add(Rule::HybridSupportOwner, "tenant", None, message);
    }
    let tested = |model: &str| settings.emergency_tests.iter().any(|test| test.model == model);
    if let Some(names) = missing(&tested) {
        let message = format!("No test of an emergency call is noted for {names}.");
        found.add(Rule::HybridEmergencyModel, "tenant", None, message);
    }
}

fn recording(scope: &Scope<'_>, settings: &Settings, found: &mut Findings<'_>) {
    let kind = PolicyKind::TeamsComplianceRecordingPolicy;
    let by_policy = scope.users_by_policy(kind);
    let mut recorded: BTreeSet<usize> = BTreeSet::new();
    for (name, users) in &by_policy {
        recorded.extend(users);
        let message = format!("{} users are recorded by this policy.", users.len());
        let place = users.first().map(|at| scope.inventory.users[*at].at);
        found.add(Rule::RecordingPolicy, name, place, message);
    }
    let mut by_group = false;
    for grant in scope.wide_grants(kind) {
        by_group = true;
        if !by_policy.contains_key(grant.name.as_str()) {
            let message = "Users are recorded by this policy, which a group or Global grants.";
            found.add(Rule::RecordingPolicy, &grant.name, Some(grant.at), message);
        }
    }
    let marked: HashMap<&str, &crate::model::RoleMark> = scope
        .inventory
        .roles
        .iter()
        .filter(|mark| mark.role == Role::Recorded)
        .map(|mark| (mark.user.as_str(), mark))
        .collect();
    for (at, user) in scope.voices() {
        let mark = marked.get(user.upn.as_str());
        let department = user.department.text();
        let listed = !department.is_empty()
            && settings.recorded_departments.iter().any(|d| d.eq_ignore_ascii_case(department));
        if (mark.is_none() && !listed) || recorded.contains(&at) {
            continue;
        }
        let place = mark.map_or(user.at, |mark| mark.at);
        let rule = Rule::RecordingMissing;
        if scope.policy_lost(at, kind) || !scope.policy_known(at, kind) || by_group {
            let message = "Calls must be recorded; whether a policy does so cannot be told.";
            found.unknown(rule, &user.upn, Some(place), message);
        } else {
            let message = "Calls must be recorded, and no recording policy is granted.";
            found.add(rule, &user.upn, Some(place), message);
        }
    }
}
