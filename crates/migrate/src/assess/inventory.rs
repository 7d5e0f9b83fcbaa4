//! Is the inventory complete, and does it hang together? (migration.md sections 1.1 and 1.4)

use super::findings::Findings;
use super::rules::Rule;
use super::scope::Scope;
use crate::model::{
    CallingSettings, Cell, ForwardKind, LineClass, LineNumber, NumberType, QueueTarget, Remark,
    RemarkKind, SourceKind, TargetKind,
};
use foldhash::{HashSet, HashSetExt};

/// Remarks of one kind named in a message; all of them stand in the inventory.
const SHOWN: usize = 5;

pub fn judge(scope: &Scope<'_>, found: &mut Findings<'_>) {
    remarks(scope, found);
    for conflict in &scope.inventory.conflicts {
        let values: Vec<&str> = conflict.values.iter().map(|value| value.value.as_str()).collect();
        let place = conflict.values.get(conflict.taken).map(|value| value.at);
        let message = format!(
            "{} of this {}: {}. Taken: {}.",
            conflict.field,
            conflict.kind,
            values.join(" or "),
            values.get(conflict.taken).copied().unwrap_or_default()
        );
        if !matches!(conflict.resolution, crate::model::Resolution::Hand { .. }) {
            found.add(Rule::InventoryConflict, &conflict.subject, place, message);
        }
    }
    users(scope, found);
    voice_applications(scope, found);
    forwards(scope, found);
    for line in &scope.inventory.special_lines {
        if line.class == LineClass::Phone {
            continue;
        }
        let message = format!("A line for {} ({}).", class_word(line.class), line.because);
        found.add(Rule::InventorySpecialLine, &line.subject, Some(line.at), message);
    }
}

fn class_word(class: LineClass) -> &'static str {
    match class {
        LineClass::Analog => "an analog device",
        LineClass::Fax => "fax",
        LineClass::Alarm => "an alarm",
        LineClass::Lift => "a lift",
        LineClass::Door => "a door",
        LineClass::Modem => "a modem or terminal",
        LineClass::Paging => "paging",
        LineClass::Room => "a room",
        LineClass::CommonArea => "a common area",
        LineClass::Phone | LineClass::Other => "something else",
    }
}

/// What the import could not read, told once for each kind.
fn remarks(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let all = &scope.inventory.remarks;
    for (kind, rule) in [
        (RemarkKind::Lost, Rule::InventoryLost),
        (RemarkKind::Truncated, Rule::InventoryTruncated),
        (RemarkKind::Rejected, Rule::InventoryRejected),
    ] {
        let of_kind: Vec<&Remark> = all.iter().filter(|remark| remark.kind == kind).collect();
        let Some(first) = of_kind.first() else { continue };
        let shown: Vec<String> = of_kind
            .iter()
            .take(SHOWN)
            .map(|remark| match scope.inventory.line(remark.at) {
                Some(line) => format!("{} row {}: {}", line.file, line.row, remark.message),
                None => remark.message.clone(),
            })
            .collect();
        let more = of_kind.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" And {more} more.") } else { String::new() };
        let message = format!("{}.{more}", shown.join("; ").trim_end_matches('.'));
        let remedy = first.remedy.clone();
        let finding = found.add(rule, "tenant", Some(first.at), message);
        if !remedy.is_empty() {
            finding.fix = remedy;
        }
    }
}

fn users(scope: &Scope<'_>, found: &mut Findings<'_>) {
    if scope.inventory.sites.is_empty() {
        return;
    }
    for (at, user) in scope.voices() {
        if scope.site_of[at].is_none() && user.soft_deleted.get().is_none() {
            let message = "The user is at no site that is known.";
            found.add(Rule::InventoryUserWithoutSite, &user.upn, Some(user.at), message);
        }
    }
}

/// Queues, attendants and their accounts.
fn voice_applications(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    let accounts_known = inventory.has(SourceKind::OnlineUsers)
        && (inventory.has(SourceKind::ResourceAccounts) || inventory.resource_accounts.is_empty());
    let mut standing: HashSet<&str> = HashSet::new();
    let mut standing_lost = false;
    for queue in &inventory.queues {
        targets(scope, &queue.name, &queue.targets, accounts_known, found);
        let none = |cell: &Cell<Vec<_>>| cell.get().is_none_or(Vec::is_empty);
        let no_agents = queue.agents.get().is_none_or(Vec::is_empty);
        if queue.agents.is_lost() || queue.groups.is_lost() {
            let message = "The agents of the queue were lost in the export.";
            let place = queue.agents.at().or(queue.groups.at());
            found.unknown(Rule::InventoryQueueWithoutAgents, &queue.name, place, message).fix =
                "Export again: Get-CsCallQueue | ConvertTo-Json -Depth 10".into();
        } else if no_agents && none(&queue.groups) {
            let message = "The queue has no agents and no groups.";
            found.add(Rule::InventoryQueueWithoutAgents, &queue.name, Some(queue.at), message);
        }
        standing.extend(queue.resource_accounts.get().into_iter().flatten().map(String::as_str));
        standing_lost |= queue.resource_accounts.is_lost();
    }
    for attendant in &inventory.attendants {
        targets(scope, &attendant.name, &attendant.targets, accounts_known, found);
        let accounts = attendant.resource_accounts.get();
        standing.extend(accounts.into_iter().flatten().map(String::as_str));
        standing_lost |= attendant.resource_accounts.is_lost();
    }
    let told = inventory.has(SourceKind::ResourceAssociations)
        || (inventory.has(SourceKind::CallQueues) && inventory.has(SourceKind::AutoAttendants));
    if !told {
        return;
    }
    for account in &inventory.resource_accounts {
        let third_party = account.app.copied() == Some(crate::model::AppKind::ThirdParty);
        let own = account.associations.get().is_some_and(|ids| !ids.is_empty());
        if third_party || own || standing.contains(account.object_id.text()) {
            continue;
        }
        let rule = Rule::InventoryResourceAccountUnused;
        if standing_lost || account.associations.is_lost() {
            let message = "What the account stands for was lost in the export.";
            found.unknown(rule, &account.upn, Some(account.at), message);
        } else {
            let message = "The account stands for no queue and no attendant.";
            found.add(rule, &account.upn, Some(account.at), message);
        }
    }
}

fn targets(
    scope: &Scope<'_>,
    name: &str,
    targets: &Cell<Vec<QueueTarget>>,
    accounts_known: bool,
    found: &mut Findings<'_>,
) {
    let rule = Rule::InventoryTargetGone;
    if targets.is_lost() {
        let message = "Where calls go on to was lost in the export.";
        found.unknown(rule, name, targets.at(), message).fix =
            "Export again with ConvertTo-Json -Depth 10.".into();
        return;
    }
    let inside = |target: &&QueueTarget| {
        matches!(target.kind, TargetKind::User | TargetKind::ApplicationEndpoint)
    };
    for target in targets.get().into_iter().flatten().filter(inside) {
        if scope.account(&target.id).is_some() || names_application(scope, &target.id) {
            continue;
        }
        let message = format!("{} target {} is in no export.", target.when, target.id);
        if accounts_known {
            found.add(rule, name, targets.at(), message);
        } else {
            found.unknown(rule, name, targets.at(), message);
        }
    }
}

/// Targets may name a queue or attendant itself instead of its account.
fn names_application(scope: &Scope<'_>, id: &str) -> bool {
    scope.inventory.queues.iter().any(|queue| queue.id.text().eq_ignore_ascii_case(id))
        || scope.inventory.attendants.iter().any(|a| a.id.text().eq_ignore_ascii_case(id))
}

fn forwards(scope: &Scope<'_>, found: &mut Findings<'_>) {
    for settings in &scope.inventory.calling_settings {
        let Some((number, kind)) = forward_number(scope, settings) else {
            if let Some(at) = forward_lost(settings) {
                let message = "Where calls are forwarded to was lost in the export.";
                let rule = Rule::InventoryForwardToNumber;
                found.unknown(rule, &settings.user, Some(at), message).fix =
                    "Export again: Get-CsUserCallingSettings | ConvertTo-Json -Depth 8".into();
            }
            continue;
        };
        let message = format!("Calls are forwarded to {number}, a number of {kind}.");
        let rule = Rule::InventoryForwardToNumber;
        found.add(rule, &settings.user, Some(settings.at), message);
    }
}

/// Is a cell lost by which calls might be forwarded?
fn forward_lost(settings: &CallingSettings) -> Option<crate::model::SourceRef> {
    let ways = [
        (&settings.forwarding, &settings.forwarding_kind, &settings.forwarding_target),
        (&settings.unanswered, &settings.unanswered_kind, &settings.unanswered_target),
    ];
    ways.into_iter().find_map(|(on, kind, target)| {
        let off = on.copied() == Some(false) || on.is_empty();
        let elsewhere = kind.copied().is_some_and(|kind| kind != ForwardKind::SingleTarget);
        let lost = on.is_lost() || kind.is_lost() || target.is_lost();
        (lost && !off && !elsewhere).then(|| on.at().or(kind.at()).or(target.at())).flatten()
    })
}

/// The tenant's own number a user forwards to, unless it is of Operator Connect already.
fn forward_number(
    scope: &Scope<'_>,
    settings: &CallingSettings,
) -> Option<(LineNumber, &'static str)> {
    let active = [
        (&settings.forwarding, &settings.forwarding_kind, &settings.forwarding_target),
        (&settings.unanswered, &settings.unanswered_kind, &settings.unanswered_target),
    ];
    active.into_iter().find_map(|(on, kind, target)| {
        if on.copied() != Some(true) || kind.copied() != Some(ForwardKind::SingleTarget) {
            return None;
        }
        let line = LineNumber::parse(target.text()).ok()?;
        let listed = scope.by_line.get(&line)?;
        let number = &scope.inventory.numbers[*listed.first()?];
        match number.number_type.copied()? {
            NumberType::OperatorConnect => None,
            NumberType::None => Some((line, "a PBX")),
            other => Some((line, other.word())),
        }
    })
}
