//! Policies that hijack routes, at all four levels (migration.md sections 0, fact 4, and 1.6).

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use super::rules::Rule;
use super::scope::{Account, Scope};
use crate::model::{
    NumberType, PolicyKind, PolicyLevel, RoomKind, Severity, SourceKind, VoiceRoutingPolicy,
};
use foldhash::{HashMap, HashMapExt};

const ROUTING: PolicyKind = PolicyKind::OnlineVoiceRoutingPolicy;

pub fn judge(scope: &Scope<'_>, found: &mut Findings<'_>) {
    global(scope, found);
    wide(scope, found);
    users(scope, found);
    sites(scope, found);
    emergency_routing(scope, found);
    shared_calling(scope, found);
    rooms(scope, found);
    routes(scope, found);
}

/// Does the policy route anything? `None` where the export does not tell.
fn routes_calls(scope: &Scope<'_>, name: &str) -> Option<bool> {
    let policy = policy(scope, name)?;
    match &policy.usages {
        crate::model::Cell::Given { value, .. } => Some(!value.is_empty()),
        crate::model::Cell::Empty { .. } => Some(false),
        crate::model::Cell::Lost { .. } | crate::model::Cell::Absent => None,
    }
}

fn policy<'a>(scope: &Scope<'a>, name: &str) -> Option<&'a VoiceRoutingPolicy> {
    scope.inventory.voice_routing_policies.iter().find(|p| p.name.eq_ignore_ascii_case(name))
}

fn global(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let rule = Rule::PolicyGlobalRoutes;
    let at = policy(scope, "Global").map(|policy| policy.usages.at().unwrap_or(policy.at));
    match routes_calls(scope, "Global") {
        Some(true) => {
            let usages = policy(scope, "Global").and_then(|p| p.usages.get()).map(|u| u.join(", "));
            let message = format!(
                "The Global voice routing policy has PSTN usages: {}.",
                usages.unwrap_or_default()
            );
            found.add(rule, "Global", at, message);
        }
        Some(false) => {}
        None if at.is_some() => {
            let message = "The PSTN usages of the Global voice routing policy were lost.";
            found.unknown(rule, "Global", at, message);
        }
        None if scope.voice.contains(&true) => {
            let message = "No export tells whether the Global voice routing policy routes calls.";
            found.unknown(rule, "Global", None, message).fix =
                "Import Get-CsOnlineVoiceRoutingPolicy.".into();
        }
        None => {}
    }
}

/// Groups' and numbers' grants.
fn wide(scope: &Scope<'_>, found: &mut Findings<'_>) {
    for grant in scope.wide_grants(ROUTING) {
        if routes_calls(scope, &grant.name) == Some(false) {
            continue;
        }
        match &grant.level {
            PolicyLevel::Group { group } => {
                let members = scope.members_of(group).len();
                let many = match members {
                    0 => String::new(),
                    1 => " (1 member)".to_owned(),
                    many => format!(" ({many} members)"),
                };
                let message = format!("The group{many} grants the policy {}.", grant.name);
                found.add(Rule::PolicyGroupRoutes, group, Some(grant.at), message);
            }
            PolicyLevel::Number { number } => {
                let message = format!("The number carries the policy {}.", grant.name);
                found.add(Rule::PolicyNumberRoutes, number, Some(grant.at), message);
            }
            PolicyLevel::User { .. } | PolicyLevel::Global => {}
        }
    }
}

/// Users' own grants: a block for who is not on Direct Routing, a step of the plan for the rest.
fn users(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let own = direct_grants(scope);
    let mut at_cutover: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, user) in scope.voices() {
        if scope.policy_lost(at, ROUTING) {
            let message = "The voice routing policy was lost in the export.";
            found.unknown(Rule::PolicyUserRoutes, &user.upn, Some(user.at), message);
            continue;
        }
        let Some((name, place)) = own.get(&at) else { continue };
        if routes_calls(scope, name) == Some(false) {
            continue;
        }
        match scope.user_type(at) {
            Some(NumberType::OperatorConnect | NumberType::CallingPlan) => {
                let message = format!("The user holds {name} and is not on Direct Routing.");
                found.add(Rule::PolicyUserRoutes, &user.upn, Some(*place), message);
            }
            Some(_) => *at_cutover.entry(name).or_default() += 1,
            None => {
                let message = format!("The user holds {name} and no number of Direct Routing.");
                let severity = Severity::Warn;
                found.add_as(Rule::PolicyUserRoutes, severity, &user.upn, Some(*place), message);
            }
        }
    }
    for (name, count) in at_cutover {
        let message = format!("{count} users on Direct Routing hold it themselves.");
        let place = policy(scope, name).map(|policy| policy.at);
        found.add(Rule::PolicyRoutesAtCutover, name, place, message);
    }
}

/// By index of the user: name and place of the voice routing policy they hold themselves.
fn direct_grants<'a>(scope: &Scope<'a>) -> HashMap<usize, (&'a str, crate::model::SourceRef)> {
    let mut own = HashMap::new();
    for (at, user) in scope.inventory.users.iter().enumerate() {
        for grant in user.policies.iter().filter(|grant| grant.kind == ROUTING) {
            if matches!(grant.level, PolicyLevel::User { .. }) {
                own.entry(at).or_insert((grant.name.as_str(), grant.at));
            }
        }
    }
    for grant in scope.inventory.policy_grants.iter().filter(|grant| grant.kind == ROUTING) {
        if let PolicyLevel::User { user } = &grant.level
            && let Some(Account::User(at)) = scope.account(user)
        {
            own.entry(at).or_insert((grant.name.as_str(), grant.at));
        }
    }
    own
}

fn sites(scope: &Scope<'_>, found: &mut Findings<'_>) {
    for site in &scope.inventory.sites {
        let policy = &site.voice_routing_policy;
        let by_location = site.location_based_routing.copied() == Some(true);
        if policy.get().is_some() || by_location {
            let message = match (policy.get(), by_location) {
                (Some(name), _) => format!("The site carries the voice routing policy {name}."),
                (None, _) => "Location-based routing is on at the site.".to_owned(),
            };
            let place = policy.at().or(site.location_based_routing.at());
            found.add(Rule::PolicySiteRoutes, &site.name, place, message);
        } else if policy.is_lost() || site.location_based_routing.is_lost() {
            let message = "What the site routes was lost in the export.";
            let place = policy.at().or(site.location_based_routing.at());
            found.unknown(Rule::PolicySiteRoutes, &site.name, place, message);
        }
    }
}

fn emergency_routing(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let kind = PolicyKind::TeamsEmergencyCallRoutingPolicy;
    let mut holders: BTreeMap<&str, (usize, Option<crate::model::SourceRef>)> = BTreeMap::new();
    for (name, users) in scope.users_by_policy(kind) {
        holders.insert(name, (users.len(), None));
    }
    for grant in scope.wide_grants(kind) {
        holders.entry(&grant.name).or_insert((0, Some(grant.at)));
    }
    for site in &scope.inventory.sites {
        if let Some(name) = site.emergency_call_routing_policy.get() {
            holders.entry(name).or_insert((0, site.emergency_call_routing_policy.at()));
        } else if site.emergency_call_routing_policy.is_lost() {
            let message = "The site's emergency call routing policy was lost in the export.";
            let place = site.emergency_call_routing_policy.at();
            found.unknown(Rule::PolicyEmergencyRouting, &site.name, place, message);
        }
    }
    for (name, (users, place)) in holders {
        let message = format!(
            "The policy routes emergency calls of Direct Routing only; {users} users hold it themselves."
        );
        found.add(Rule::PolicyEmergencyRouting, name, place, message);
    }
}

fn shared_calling(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let rule = Rule::PolicySharedCalling;
    for policy in &scope.inventory.shared_calling_policies {
        let Some(id) = policy.resource_account.get() else {
            if policy.resource_account.is_lost() {
                let message = "The policy's resource account was lost in the export.";
                found.unknown(rule, &policy.name, policy.resource_account.at(), message);
            }
            continue;
        };
        let Some(Account::Resource(at)) = scope.account(id) else {
            if scope.inventory.has(SourceKind::ResourceAccounts) {
                let message = format!("Its resource account {id} is in no export.");
                found.add(rule, &policy.name, policy.resource_account.at(), message);
            } else {
                let message = "No export of resource accounts was imported.";
                found.unknown(rule, &policy.name, Some(policy.at), message);
            }
            continue;
        };
        let account = &scope.inventory.resource_accounts[at];
        let mut types = scope.numbers_of_resource[at]
            .iter()
            .filter_map(|number| scope.inventory.numbers[*number].number_type.copied());
        match types.next() {
            Some(NumberType::OperatorConnect) => {}
            Some(other) => {
                let message = format!(
                    "The number of {} is of {}: its type decides for everybody under the policy.",
                    account.upn,
                    other.word()
                );
                found.add(rule, &policy.name, Some(policy.at), message);
            }
            None if account.line.is_some() => {
                let message = format!("The type of the number of {} is not known.", account.upn);
                found.unknown(rule, &policy.name, Some(policy.at), message);
            }
            None => {
                let message = format!("{} has no number.", account.upn);
                found.add(rule, &policy.name, Some(policy.at), message);
            }
        }
    }
}

fn rooms(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let kind = PolicyKind::TeamsIPPhonePolicy;
    for (at, user) in scope.inventory.users.iter().enumerate() {
        if scope.rooms[at] != Some(RoomKind::CommonArea) {
            continue;
        }
        if scope.policy_lost(at, kind) {
            let message = "The IP-phone policy was lost in the export.";
            found.unknown(Rule::PolicyCommonAreaPhone, &user.upn, Some(user.at), message);
        } else if scope.policy_known(at, kind) && scope.grants(at, kind).next().is_none() {
            let granted = scope.inventory.policy_grants.iter().any(|grant| {
                grant.kind == kind
                    && matches!(&grant.level, PolicyLevel::User { user: u } if scope.account(u) == Some(Account::User(at)))
            });
            if !granted {
                let message = "The phone has the Global IP-phone policy.";
                found.add(Rule::PolicyCommonAreaPhone, &user.upn, Some(user.at), message);
            }
        }
    }
}

/// Routes without trunks and trunks without routes.
fn routes(scope: &Scope<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    let trunks: BTreeSet<String> =
        inventory.trunks.iter().map(|trunk| trunk.fqdn.to_lowercase()).collect();
    let trunks_known = inventory.has(SourceKind::Gateways);
    let mut used = BTreeSet::new();
    let mut lost = false;
    for route in &inventory.voice_routes {
        if route.gateways.is_lost() {
            lost = true;
            let message = "The trunks of the route were lost in the export.";
            found.unknown(Rule::RouteWithoutTrunk, &route.name, route.gateways.at(), message);
            continue;
        }
        let gateways = route.gateways.get().map_or(&[][..], Vec::as_slice);
        used.extend(gateways.iter().map(|gateway| gateway.to_lowercase()));
        if gateways.is_empty() {
            let message = "The route names no trunk.";
            found.add(Rule::RouteWithoutTrunk, &route.name, Some(route.at), message);
        } else if let Some(gone) = gateways
            .iter()
            .find(|gateway| trunks_known && !trunks.contains(&gateway.to_lowercase()))
        {
            let message = format!("The route names {gone}, which does not exist.");
            found.add(Rule::RouteWithoutTrunk, &route.name, route.gateways.at(), message);
        }
    }
    if inventory.has(SourceKind::VoiceRoutes) && !lost {
        for trunk in &inventory.trunks {
            if !used.contains(&trunk.fqdn.to_lowercase()) {
                let message = "No voice route uses the trunk.";
                found.add(Rule::TrunkWithoutRoute, &trunk.fqdn, Some(trunk.at), message);
            }
        }
    }
}
