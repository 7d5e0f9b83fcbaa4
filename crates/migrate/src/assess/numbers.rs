//! Numbers and their holders (migration.md sections 0, 1.3 and 4.8).

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use numbering::Country;

use super::findings::Findings;
use super::rules::Rule;
use super::scope::{Account, Scope, is_assigned};
use crate::model::{
    ActivationState, BlockedState, LineNumber, Number, NumberType, NumberValidity, PolicyKind,
    PstnAssignment, Severity, SourceKind,
};

pub fn judge(scope: &Scope<'_>, day: Date, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    tenant(scope, found);
    for number in &inventory.numbers {
        shape(number, found);
        state(scope, number, day, found);
    }
    holders(scope, found);
    users(scope, found);
    billed(scope, found);
}

/// What the tenant does with every number.
fn tenant(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let tenant = &scope.inventory.tenant;
    let forever = &tenant.assignment_blocked_forever;
    let days = &tenant.assignment_blocked_days;
    let rule = Rule::TenantBlocksNumbers;
    if forever.copied() == Some(true) {
        let message = "Every number that is unassigned is blocked for ever.";
        found.add(rule, "tenant", forever.at(), message);
    } else if let Some(days_blocked) = days.copied().filter(|days| *days > 0) {
        let message =
            format!("Every number that is unassigned is blocked for {days_blocked} days.");
        found.add(rule, "tenant", days.at(), message);
    } else if (days.is_lost() || forever.is_unknown()) && !scope.inventory.numbers.is_empty() {
        let message = "It is not known whether the tenant blocks numbers that are unassigned.";
        found.unknown(rule, "tenant", forever.at(), message).fix =
            "Import Get-CsPhoneNumberTenantConfiguration.".into();
    }
    let mails = [&tenant.assignment_email, &tenant.unassignment_email];
    if let Some(mail) = mails.into_iter().find(|mail| mail.copied() == Some(true)) {
        let message = "The tenant mails users at assignment or unassignment.";
        found.add(Rule::TenantMailsUsers, "tenant", mail.at(), message);
    }
}

/// The number as a number.
fn shape(number: &Number, found: &mut Findings<'_>) {
    let at = Some(number.at);
    match (number.line, number.validity) {
        (None, _) | (_, Some(NumberValidity::Impossible)) => {
            found.add(Rule::NumberImpossible, &number.raw, at, "No number can look like this.");
            return;
        }
        (_, Some(NumberValidity::PossibleOnly)) => {
            let message = "Possible, but in no range the metadata knows.";
            found.add(Rule::NumberUnknownRange, &number.raw, at, message);
        }
        _ => {}
    }
    if let (Some(line), Ok(exported)) = (number.line, Country::parse(number.iso_country.text()))
        && number.country != Some(exported)
        && !numbering::code_admits(line.e164(), exported)
    {
        let message = format!(
            "The export says {exported}, the number's code says {}.",
            number.country.map_or_else(|| "no such country".to_owned(), |c| c.to_string())
        );
        found.add(Rule::NumberCountry, &number.raw, number.iso_country.at(), message);
    } else if number.iso_country.is_lost() {
        let message = "The country the export has for it was lost.";
        found.unknown(Rule::NumberCountry, &number.raw, number.iso_country.at(), message);
    }
    if number.line.is_some_and(LineNumber::has_extension) {
        let message = "An extension behind a number exists only as Direct Routing.";
        found.add(Rule::NumberExtension, &number.raw, at, message);
    }
    if number.times > 1 {
        let message = format!("The number is listed {} times.", number.times);
        found.add(Rule::NumberDuplicate, &number.raw, at, message);
    }
}

/// Block, activation, usage, port.
fn state(scope: &Scope<'_>, number: &Number, day: Date, found: &mut Findings<'_>) {
    match number.blocked.copied() {
        Some(BlockedState::BlockedForever) => {
            let message = "The number may never be assigned again.";
            found.add(Rule::NumberBlocked, &number.raw, number.blocked.at(), message);
        }
        Some(BlockedState::BlockedUntil) => {
            let until = number.blocked_until.get().map(|t| t.to_zoned(TimeZone::UTC).date());
            match until {
                Some(until) if until < day => {}
                Some(until) => {
                    let message = format!("The number may not be assigned before {until}.");
                    found.add(Rule::NumberBlocked, &number.raw, number.blocked_until.at(), message);
                }
                None => {
                    let message = "The number is blocked until a day the export does not tell.";
                    found.unknown(Rule::NumberBlocked, &number.raw, number.blocked.at(), message);
                }
            }
        }
        Some(BlockedState::Other) => {
            let message = "Whether the number is blocked stands in a word not known.";
            found.unknown(Rule::NumberBlocked, &number.raw, number.blocked.at(), message);
        }
        _ if number.blocked.is_lost() => {
            let message = "Whether the number is blocked was lost in the export.";
            found.unknown(Rule::NumberBlocked, &number.raw, number.blocked.at(), message);
        }
        _ => {}
    }
    let rule = Rule::NumberNotActivated;
    match number.activation.copied() {
        Some(ActivationState::AssignmentFailed | ActivationState::UpdateFailed) => {
            let message = "The last change of the number failed.";
            found.add(rule, &number.raw, number.activation.at(), message);
        }
        Some(ActivationState::AssignmentPending | ActivationState::UpdatePending) => {
            let message = "A change of the number is still going on.";
            let at = number.activation.at();
            found.add_as(rule, Severity::Warn, &number.raw, at, message);
        }
        Some(ActivationState::Other) => {
            let message = "The state of activation stands in a word not known.";
            found.unknown(rule, &number.raw, number.activation.at(), message);
        }
        _ if number.activation.is_lost() => {
            let message = "The state of activation was lost in the export.";
            found.unknown(rule, &number.raw, number.activation.at(), message);
        }
        _ => {}
    }
    if number.port_in.get().is_some_and(|s| !s.eq_ignore_ascii_case("completed")) {
        let message = format!("A port is under way: {}.", number.port_in.text());
        found.add(Rule::NumberPortIn, &number.raw, number.port_in.at(), message);
    } else if number.port_in.is_lost() {
        let message = "Whether a port is under way was lost in the export.";
        found.unknown(Rule::NumberPortIn, &number.raw, number.port_in.at(), message);
    }
    capability(scope, number, found);
}

fn capability(scope: &Scope<'_>, number: &Number, found: &mut Findings<'_>) {
    if !is_assigned(number) {
        return;
    }
    let (wanted, who) = match number.assignment.copied() {
        Some(PstnAssignment::UserAssigned) => ("UserAssignment", "people"),
        Some(PstnAssignment::VoiceApplicationAssigned) => {
            ("VoiceApplicationAssignment", "queues and attendants")
        }
        Some(PstnAssignment::ConferenceAssigned) => ("ConferenceAssignment", "conferences"),
        _ => match scope.holder(number) {
            Some(Account::Resource(_)) => ("VoiceApplicationAssignment", "queues and attendants"),
            Some(Account::User(_)) => ("UserAssignment", "people"),
            None => return,
        },
    };
    let rule = Rule::NumberCapability;
    match number.capabilities.get() {
        Some(usages) => {
            // Teams Phone Mobile numbers are people's.
            let fits = |usage: &String| {
                usage.eq_ignore_ascii_case(wanted)
                    || (wanted == "UserAssignment"
                        && usage.eq_ignore_ascii_case("TeamsPhoneMobile"))
            };
            // Some exports list what a number can do instead of whom it may be given to.
            let tells = |usage: &String| usage.to_ascii_lowercase().ends_with("assignment");
            if usages.iter().any(tells) && !usages.iter().any(fits) {
                let message = format!("The number may not be given to {who}.");
                found.add(rule, &number.raw, number.capabilities.at(), message);
            }
        }
        None if number.capabilities.is_lost() => {
            let message = "Whom the number may be given to was lost in the export.";
            found.unknown(rule, &number.raw, number.capabilities.at(), message).fix =
                "Export again: Get-CsPhoneNumberAssignment | Select-Object *, @{n='Capability';e={$_.Capability -join ';'}} -ExcludeProperty Capability | Export-Csv".into();
        }
        None => {}
    }
}

/// Does each number's holder exist, and hold it alone?
fn holders(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    let accounts_known =
        inventory.has(SourceKind::OnlineUsers) || inventory.has(SourceKind::UserConfigurations);
    for number in inventory.numbers.iter().filter(|number| is_assigned(number)) {
        let to_account = matches!(
            number.assignment.copied(),
            None | Some(PstnAssignment::UserAssigned | PstnAssignment::VoiceApplicationAssigned)
        );
        let to_application =
            number.assignment.copied() == Some(PstnAssignment::VoiceApplicationAssigned);
        if number.target_id.is_lost() && to_account && scope.holder(number).is_none() {
            let message = "Who holds it was lost in the export.";
            let at = number.target_id.at();
            found.unknown(Rule::NumberOrphan, &number.raw, at, message);
        }
        let told = number.target_id.get().filter(|id| !id.contains('|'));
        if let Some(id) = told
            && to_account
            && scope.holder(number).is_none()
        {
            let rule = Rule::NumberOrphan;
            let known = if to_application {
                inventory.has(SourceKind::ResourceAccounts) || accounts_known
            } else {
                accounts_known
            };
            if known {
                let message = format!("Its holder {id} is in no export.");
                found.add(rule, &number.raw, number.target_id.at(), message);
            } else {
                let message = "No export of accounts was imported that would tell its holder.";
                found.unknown(rule, "tenant", None, message).fix =
                    "Import Get-CsOnlineUser and Get-CsOnlineApplicationInstance.".into();
            }
        }
    }
    let mut seen: HashMap<LineNumber, Account> = HashMap::new();
    let users =
        inventory.users.iter().enumerate().map(|(at, user)| {
            (Account::User(at), user.line, user.line_uri.text(), user.line_uri.at())
        });
    let accounts = inventory.resource_accounts.iter().enumerate().map(|(at, account)| {
        let phone = &account.phone_number;
        (Account::Resource(at), account.line, phone.text(), phone.at())
    });
    for (account, line, raw, at) in users.chain(accounts) {
        let Some(line) = line else { continue };
        if let Some(other) = seen.get(&line) {
            let raw = listed_raw(scope, line).unwrap_or(raw);
            let message = format!(
                "Both {} and {} hold this number.",
                scope.subject(*other),
                scope.subject(account)
            );
            found.add(Rule::NumberDuplicate, raw, at, message);
        } else {
            seen.insert(line, account);
        }
    }
}

/// A line as the list of numbers writes it.
fn listed_raw<'a>(scope: &Scope<'a>, line: LineNumber) -> Option<&'a str> {
    let at = scope.by_line.get(&line)?.first()?;
    Some(&scope.inventory.numbers[*at].raw)
}

/// The triple of licence, enterprise voice and number; the two lists of owners.
fn users(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let numbers_known = scope.inventory.has(SourceKind::NumberAssignments)
        || scope.inventory.has(SourceKind::AcquiredNumbers);
    for user in &scope.inventory.users {
        // Who has a voice is told by this too: an account whose cell was lost may be anybody's.
        if user.enterprise_voice.is_lost() && user.soft_deleted.get().is_none() {
            let voice = user.enterprise_voice.at();
            let message = "Whether enterprise voice is on was lost in the export.";
            found.unknown(Rule::AccountVoiceOff, &user.upn, voice, message);
        }
    }
    for (at, user) in scope.voices() {
        if user.soft_deleted.get().is_some() {
            continue;
        }
        let holds = user.line_uri.get().is_some() || !scope.numbers_of[at].is_empty();
        let shared = scope.grants(at, PolicyKind::TeamsSharedCallingRoutingPolicy).next().is_some();
        match user.enterprise_voice.copied() {
            Some(true) if !holds && !shared && !scope.on_pbx[at] => {
                let voice = user.enterprise_voice.at();
                let message = "Enterprise voice is on, and there is no number.";
                found.add(Rule::AccountWithoutNumber, &user.upn, voice, message);
            }
            Some(false) if holds => {
                let voice = user.enterprise_voice.at();
                let message = "There is a number, and enterprise voice is off.";
                found.add(Rule::AccountVoiceOff, &user.upn, voice, message);
            }
            _ => {}
        }
        let Some(line) = user.line else {
            if user.line_uri.get().is_some() {
                let message = format!("{} holds it, and no number looks like it.", user.upn);
                let raw = user.line_uri.text();
                found.add(Rule::NumberImpossible, raw, user.line_uri.at(), message);
            }
            continue;
        };
        match scope.by_line.get(&line) {
            None if numbers_known => {
                let message = format!("{} holds it, and the list of numbers has it not.", user.upn);
                let raw = user.line_uri.text();
                found.add(Rule::NumberNotListed, raw, user.line_uri.at(), message);
            }
            None => {}
            Some(listed) => owner_differs(scope, at, listed, found),
        }
    }
}

fn owner_differs(scope: &Scope<'_>, user: usize, listed: &[usize], found: &mut Findings<'_>) {
    for at in listed {
        let number = &scope.inventory.numbers[*at];
        let name = &scope.inventory.users[user].upn;
        match scope.holder(number) {
            Some(holder) if holder != Account::User(user) => {
                let message = format!(
                    "The list of users says {name}, the list of numbers says {}.",
                    scope.subject(holder)
                );
                found.add(Rule::NumberOwnerDiffers, &number.raw, Some(number.at), message);
            }
            None if number.assignment.copied() == Some(PstnAssignment::Unassigned) => {
                let message =
                    format!("The list of users says {name}, the list of numbers says nobody.");
                found.add(Rule::NumberOwnerDiffers, &number.raw, Some(number.at), message);
            }
            _ => {}
        }
    }
}

/// The carriers' lists against what is used.
fn billed(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    if inventory.billed_numbers.is_empty() {
        return;
    }
    let billed: HashSet<u64> = inventory
        .billed_numbers
        .iter()
        .filter_map(|number| number.line)
        .map(|line| line.e164().value())
        .collect();
    let mut used: HashSet<u64> = HashSet::new();
    for number in inventory.numbers.iter().filter(|number| is_assigned(number)) {
        let Some(line) = number.line else { continue };
        used.insert(line.e164().value());
        let ported = number.number_type.copied() == Some(NumberType::DirectRouting);
        if ported && !billed.contains(&line.e164().value()) {
            let message = "No carrier's list has this number.";
            found.add(Rule::NumberNotBilled, &number.raw, Some(number.at), message);
        }
    }
    for line in inventory.pbx_lines.iter().filter_map(|line| line.line) {
        used.insert(line.e164().value());
    }
    for special in inventory.special_lines.iter().filter_map(|line| line.line) {
        used.insert(special.e164().value());
    }
    for number in &inventory.billed_numbers {
        let Some(line) = number.line else { continue };
        if !used.contains(&line.e164().value()) {
            let message = format!("{} charges for it, and nothing uses it.", carrier(number));
            found.add(Rule::NumberBilledUnused, &number.raw, Some(number.at), message);
        }
    }
}

fn carrier(number: &crate::model::BilledNumber) -> &str {
    let name = number.carrier.text();
    if name.is_empty() { "A carrier" } else { name }
}
