//! Who must move together, and why (migration.md section 8.1, statement 32).
//!
//! Everything that ties two together is a [`Link`] with its reason. Links that bind make groups;
//! within a group [`explain`] gives the shortest chain of links between any two members.

use std::collections::{BTreeMap, VecDeque};

use crate::assess::Settings;
use crate::model::{
    Inventory, Link, LinkReason, MoveGroup, PolicyKind, PolicyLevel, SourceRef, Strength,
};
use foldhash::{HashMap, HashMapExt};

/// Which links bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Links within Teams.
    pub teams_links: bool,
    /// Numbers of one billing number.
    pub billing_numbers: bool,
}

impl Binding {
    /// As the project wants.
    pub const fn of(settings: &Settings) -> Self {
        Self {
            teams_links: settings.teams_links_bind,
            billing_numbers: settings.billing_numbers_bind,
        }
    }
}

/// The groups, and the links that were found and bind nobody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// Groups of two and more, the largest first, then by name.
    pub groups: Vec<MoveGroup>,
    /// Links between members of different groups.
    pub loose: Vec<Link>,
}

/// Groups everything that must move together.
pub fn move_groups(inventory: &Inventory, binding: &Binding) -> Groups {
    let mut web = Web::new(inventory);
    web.pbx();
    web.teams();
    web.lines();
    web.shared_calling();
    if binding.billing_numbers {
        web.billing();
    }
    web.groups(binding)
}

/// The shortest chain of links from one member to another; `None` where one is no member.
/// An empty chain leads from a member to itself.
pub fn explain<'a>(group: &'a MoveGroup, from: &str, to: &str) -> Option<Vec<&'a Link>> {
    let is_member = |name: &str| group.members.iter().any(|member| member == name);
    if !is_member(from) || !is_member(to) {
        return None;
    }
    let mut near: HashMap<&str, Vec<(&str, usize)>> = HashMap::new();
    for (at, link) in group.links.iter().enumerate() {
        near.entry(&link.from).or_default().push((&link.to, at));
        near.entry(&link.to).or_default().push((&link.from, at));
    }
    let mut came: HashMap<&str, (&str, usize)> = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(here) = queue.pop_front() {
        if here == to {
            let mut chain = Vec::new();
            let mut at = to;
            while at != from {
                let (before, link) = came[at];
                chain.push(&group.links[link]);
                at = before;
            }
            chain.reverse();
            return Some(chain);
        }
        for (next, link) in near.get(here).into_iter().flatten() {
            if *next != from && !came.contains_key(next) {
                came.insert(next, (here, *link));
                queue.push_back(next);
            }
        }
    }
    None
}

struct Tie {
    from: u32,
    to: u32,
    reason: LinkReason,
    because: String,
    strength: Strength,
    at: Option<SourceRef>,
}

struct Web<'a> {
    inventory: &'a Inventory,
    names: Vec<String>,
    nodes: HashMap<String, u32>,
    /// Object ids, SIP addresses, user principal names, ids of queues and attendants, all in lower
    /// case: the name they stand for.
    known: HashMap<String, &'a str>,
    ties: Vec<Tie>,
}

impl<'a> Web<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let mut known: HashMap<String, &str> = HashMap::new();
        let mut learn = |keys: &[&str], name: &'a str| {
            for key in keys.iter().filter(|key| !key.is_empty()) {
                known.entry(key.to_lowercase()).or_insert(name);
            }
        };
        for user in &inventory.users {
            learn(&[user.object_id.text(), &user.upn, user.sip_address.text()], &user.upn);
        }
        for account in &inventory.resource_accounts {
            learn(&[account.object_id.text(), &account.upn], &account.upn);
        }
        for queue in &inventory.queues {
            learn(&[queue.id.text()], &queue.name);
        }
        for attendant in &inventory.attendants {
            learn(&[attendant.id.text()], &attendant.name);
        }
        Self { inventory, names: Vec::new(), nodes: HashMap::new(), known, ties: Vec::new() }
    }

    /// The name an id stands for; an id nobody knows stands for itself.
    fn name(&self, id: &str) -> String {
        self.known.get(&id.to_lowercase()).map_or_else(|| id.to_owned(), |name| (*name).to_owned())
    }

    fn node(&mut self, name: &str) -> u32 {
        if let Some(node) = self.nodes.get(name) {
            return *node;
        }
        let node = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.nodes.insert(name.to_owned(), node);
        node
    }

    fn tie(
        &mut self,
        from: &str,
        to: &str,
        reason: LinkReason,
        strength: Strength,
        at: Option<SourceRef>,
        because: String,
    ) {
        if from.is_empty() || to.is_empty() || from == to {
            return;
        }
        let (from, to) = (self.node(from), self.node(to));
        self.ties.push(Tie { from, to, reason, because, strength, at });
    }

    /// Shared lines and groups of a PBX: both sides must be on one platform.
    fn pbx(&mut self) {
        let inventory = self.inventory;
        for line in &inventory.shared_lines {
            let mut owners = line.owners.iter();
            let Some(first) = owners.next().map(|owner| self.name(owner)) else { continue };
            for other in owners {
                let other = self.name(other);
                let because =
                    format!("{other} is with {first}: both answer line {}", line.extension);
                let at = line.at.first().copied();
                self.tie(&other, &first, LinkReason::SharedLine, Strength::Hard, at, because);
            }
        }
        let mut by_extension: HashMap<&str, &str> = HashMap::new();
        for line in &inventory.pbx_lines {
            if let Some(user) = &line.user {
                by_extension.entry(&line.extension).or_insert(user);
            }
        }
        for group in &inventory.hunt_groups {
            for member in &group.members {
                let who = match by_extension.get(member.as_str()) {
                    Some(user) => (*user).to_owned(),
                    None => self.name(member),
                };
                let because = format!("{who} is with {}: member of the group", group.name);
                let at = Some(group.at);
                self.tie(&who, &group.name, LinkReason::HuntGroup, Strength::Hard, at, because);
            }
        }
    }

    /// Delegates, call groups, queues and attendants.
    fn teams(&mut self) {
        let inventory = self.inventory;
        for delegation in &inventory.delegations {
            let boss = self.name(&delegation.delegator);
            let delegate = self.name(&delegation.delegate);
            let because = format!("{delegate} is with {boss}: may act for {boss}");
            let at = Some(delegation.at);
            self.tie(&delegate, &boss, LinkReason::Delegation, Strength::Soft, at, because);
        }
        for group in &inventory.call_groups {
            let owner = self.name(&group.owner);
            for member in &group.members {
                let member = self.name(member);
                let because =
                    format!("{member} is with {owner}: rings in the call group of {owner}");
                let at = Some(group.at);
                self.tie(&member, &owner, LinkReason::CallGroup, Strength::Soft, at, because);
            }
        }
        let mut members: HashMap<&str, Vec<&str>> = HashMap::new();
        for (group, member) in &inventory.group_members {
            members.entry(group.text()).or_default().push(member.text());
        }
        for queue in &inventory.queues {
            let at = Some(queue.at);
            for agent in queue.agents.get().into_iter().flatten() {
                let agent = self.name(&agent.id);
                let because = format!("{agent} is with {}: agent of the queue", queue.name);
                self.tie(&agent, &queue.name, LinkReason::Queue, Strength::Soft, at, because);
            }
            for group in queue.groups.get().into_iter().flatten() {
                for member in members.get(group.as_str()).into_iter().flatten() {
                    let member = self.name(member);
                    let because =
                        format!("{member} is with {}: agent by group {group}", queue.name);
                    self.tie(&member, &queue.name, LinkReason::Queue, Strength::Soft, at, because);
                }
            }
            for account in queue.caller_id_accounts.get().into_iter().flatten() {
                let account = self.name(account);
                let because =
                    format!("{account} is with {}: its agents show this number", queue.name);
                let reason = LinkReason::ResourceAccount;
                self.tie(&account, &queue.name, reason, Strength::Soft, at, because);
            }
            self.application(&queue.name, queue.resource_accounts.get(), queue.targets.get(), at);
        }
        for attendant in &inventory.attendants {
            let accounts = attendant.resource_accounts.get();
            self.application(
                &attendant.name,
                accounts,
                attendant.targets.get(),
                Some(attendant.at),
            );
        }
        for account in &inventory.resource_accounts {
            for id in account.associations.get().into_iter().flatten() {
                let application = self.name(id);
                let because = format!("{} is with {application}: its account", account.upn);
                let reason = LinkReason::ResourceAccount;
                let at = Some(account.at);
                self.tie(&account.upn, &application, reason, Strength::Hard, at, because);
            }
        }
    }

    /// A queue's or attendant's accounts, and where its calls go on to.
    fn application(
        &mut self,
        name: &str,
        accounts: Option<&Vec<String>>,
        targets: Option<&Vec<crate::model::QueueTarget>>,
        at: Option<SourceRef>,
    ) {
        for account in accounts.into_iter().flatten() {
            let account = self.name(account);
            let because = format!("{account} is with {name}: its account");
            let reason = LinkReason::ResourceAccount;
            self.tie(&account, name, reason, Strength::Hard, at, because);
        }
        for target in targets.into_iter().flatten() {
            let who = self.name(&target.id);
            // Mailboxes and outside numbers do not move.
            if !self.known.contains_key(&target.id.to_lowercase()) {
                continue;
            }
            let because = format!("{who} is with {name}: {} target", target.when.replace('_', "-"));
            self.tie(&who, name, LinkReason::Target, Strength::Soft, at, because);
        }
    }

    /// Numbers with extensions and their base.
    fn lines(&mut self) {
        let inventory = self.inventory;
        let users = inventory.users.iter().filter_map(|u| Some((u.line?, u.upn.as_str(), u.at)));
        let accounts = inventory
            .resource_accounts
            .iter()
            .filter_map(|a| Some((a.line?, a.upn.as_str(), a.at)));
        let mut by_base: BTreeMap<numbering::E164, Vec<_>> = BTreeMap::new();
        for (line, name, at) in users.chain(accounts) {
            by_base.entry(line.e164()).or_default().push((line, name, at));
        }
        for (base, holders) in by_base {
            if !holders.iter().any(|(line, ..)| line.has_extension()) {
                continue;
            }
            // The holder of the base itself, if there is one, is whom the others are with.
            let first = holders.iter().find(|(l, ..)| !l.has_extension()).unwrap_or(&holders[0]);
            for (_, name, at) in &holders {
                let because = format!("{name} is with {}: extensions of {base}", first.1);
                let reason = LinkReason::Extension;
                self.tie(name, first.1, reason, Strength::Hard, Some(*at), because);
            }
        }
    }

    /// Users under a Shared Calling policy and the account whose number they call by.
    fn shared_calling(&mut self) {
        let inventory = self.inventory;
        let kind = PolicyKind::TeamsSharedCallingRoutingPolicy;
        let mut account_of: HashMap<&str, String> = HashMap::new();
        for policy in &inventory.shared_calling_policies {
            if let Some(account) = policy.resource_account.get() {
                account_of.insert(&policy.name, self.name(account));
            }
        }
        let own = inventory.users.iter().flat_map(|user| {
            let grants = user.policies.iter().filter(|grant| grant.kind == kind);
            grants.map(|grant| (user.upn.clone(), grant))
        });
        let granted = inventory.policy_grants.iter().filter(|grant| grant.kind == kind);
        let to_users = granted.filter_map(|grant| match &grant.level {
            PolicyLevel::User { user } => Some((self.name(user), grant)),
            _ => None,
        });
        let all: Vec<_> = own.chain(to_users).collect();
        for (user, grant) in all {
            if let Some(account) = account_of.get(grant.name.as_str()) {
                let because = format!("{user} is with {account}: Shared Calling by {}", grant.name);
                let reason = LinkReason::SharedCalling;
                self.tie(&user, account, reason, Strength::Hard, Some(grant.at), because);
            }
        }
    }

    /// Numbers of one billing number share a port date.
    fn billing(&mut self) {
        for number in &self.inventory.billed_numbers {
            if let Some(btn) = number.btn.get() {
                let because = format!("{} is with {btn}: one billing number", number.raw);
                let reason = LinkReason::BillingBlock;
                self.tie(&number.raw, btn, reason, Strength::Hard, Some(number.at), because);
            }
        }
    }

    fn groups(mut self, binding: &Binding) -> Groups {
        let mut parent: Vec<u32> = (0..).take(self.names.len()).collect();
        for tie in &self.ties {
            if tie.strength == Strength::Hard || binding.teams_links {
                let (a, b) = (root(&mut parent, tie.from), root(&mut parent, tie.to));
                parent[a.max(b) as usize] = a.min(b);
            }
        }
        let mut at_root: HashMap<u32, MoveGroup> = HashMap::new();
        for (node, name) in (0_u32..).zip(&self.names) {
            let group = at_root.entry(root(&mut parent, node)).or_insert_with(|| MoveGroup {
                name: String::new(),
                members: Vec::new(),
                links: Vec::new(),
            });
            group.members.push(name.clone());
        }
        let mut loose = Vec::new();
        for tie in std::mem::take(&mut self.ties) {
            let (a, b) = (root(&mut parent, tie.from), root(&mut parent, tie.to));
            let link = Link {
                from: self.names[tie.from as usize].clone(),
                to: self.names[tie.to as usize].clone(),
                reason: tie.reason,
                because: tie.because,
                strength: tie.strength,
                source: tie.at.and_then(|at| self.inventory.line(at)),
            };
            match at_root.get_mut(&a) {
                Some(group) if a == b => group.links.push(link),
                _ => loose.push(link),
            }
        }
        let mut groups: Vec<MoveGroup> =
            at_root.into_values().filter(|group| group.members.len() > 1).collect();
        for group in &mut groups {
            group.members.sort();
            group.name = group.members[0].clone();
        }
        groups.sort_by(|a, b| {
            b.members.len().cmp(&a.members.len()).then_with(|| a.name.cmp(&b.name))
        });
        Groups { groups, loose }
    }
}

/// The root of a node, halving the way to it.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}
