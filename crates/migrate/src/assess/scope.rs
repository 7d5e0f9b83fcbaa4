//! The inventory with its joins made once, and who of it is in scope.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Inventory, LineNumber, Number, NumberType, PolicyGrant, PolicyKind, PolicyLevel,
    PstnAssignment, RoomKind, SourceKind, User,
};
use foldhash::{HashMap, HashMapExt};
use numbering::Country;

/// What holds numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Index in [`Inventory::users`].
    User(usize),
    /// Index in [`Inventory::resource_accounts`].
    Resource(usize),
}

/// The inventory, joined.
pub struct Scope<'a> {
    pub inventory: &'a Inventory,
    /// Accounts by object id (lower case), user principal name and SIP address (lower case).
    accounts: HashMap<String, Account>,
    /// By index of the user: indices in [`Inventory::numbers`].
    pub numbers_of: Vec<Vec<usize>>,
    /// By index of the resource account.
    pub numbers_of_resource: Vec<Vec<usize>>,
    /// By line: indices in [`Inventory::numbers`].
    pub by_line: HashMap<LineNumber, Vec<usize>>,
    /// By index of the user: is it in scope (see [`Scope::new`])?
    pub voice: Vec<bool>,
    /// By index of the user: room or common-area phone.
    pub rooms: Vec<Option<RoomKind>>,
    /// By index of the user: a PBX line is theirs.
    pub on_pbx: Vec<bool>,
    /// By index of the user: index in [`Inventory::sites`].
    pub site_of: Vec<Option<usize>>,
    /// Users in scope at each site.
    pub voices_at: Vec<usize>,
    /// Group members by group.
    pub members: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Scope<'a> {
    /// Joins. In scope is who has a number, enterprise voice, a line on a PBX, or is a room or
    /// common-area phone that an export lists as such; guests are not.
    pub fn new(inventory: &'a Inventory) -> Self {
        let mut accounts = HashMap::with_capacity(inventory.users.len() * 2);
        for (at, user) in inventory.users.iter().enumerate() {
            for key in [user.object_id.text(), user.upn.as_str(), user.sip_address.text()] {
                if !key.is_empty() {
                    accounts.entry(key.to_lowercase()).or_insert(Account::User(at));
                }
            }
        }
        for (at, account) in inventory.resource_accounts.iter().enumerate() {
            for key in [account.object_id.text(), account.upn.as_str()] {
                if !key.is_empty() {
                    accounts.entry(key.to_lowercase()).or_insert(Account::Resource(at));
                }
            }
        }
        let mut scope = Self {
            inventory,
            accounts,
            numbers_of: vec![Vec::new(); inventory.users.len()],
            numbers_of_resource: vec![Vec::new(); inventory.resource_accounts.len()],
            by_line: HashMap::with_capacity(inventory.numbers.len()),
            voice: Vec::new(),
            rooms: vec![None; inventory.users.len()],
            on_pbx: vec![false; inventory.users.len()],
            site_of: Vec::new(),
            voices_at: vec![0; inventory.sites.len()],
            members: HashMap::new(),
        };
        for (at, number) in inventory.numbers.iter().enumerate() {
            match scope.holder(number) {
                Some(Account::User(user)) => scope.numbers_of[user].push(at),
                Some(Account::Resource(account)) => scope.numbers_of_resource[account].push(at),
                None => {}
            }
            if let Some(line) = number.line {
                scope.by_line.entry(line).or_default().push(at);
            }
        }
        for line in &inventory.pbx_lines {
            if let Some(Account::User(at)) = line.user.as_deref().and_then(|u| scope.account(u)) {
                scope.on_pbx[at] = true;
            }
        }
        for room in &inventory.rooms {
            if let Some(Account::User(at)) = scope.account(&room.subject) {
                scope.rooms[at] = room.kind;
            }
        }
        for (group, member) in &inventory.group_members {
            scope.members.entry(group.text()).or_default().push(member.text());
        }
        scope.voice = inventory
            .users
            .iter()
            .enumerate()
            .map(|(at, user)| {
                let guest = user.account_type.copied() == Some(crate::model::AccountType::Guest);
                let voice = user.line.is_some()
                    || user.line_uri.get().is_some()
                    || !scope.numbers_of[at].is_empty()
                    || user.enterprise_voice.copied() == Some(true)
                    || scope.on_pbx[at];
                voice && !guest
            })
            .collect();
        let sites: HashMap<&str, usize> =
            inventory.sites.iter().enumerate().map(|(at, site)| (site.name.as_str(), at)).collect();
        scope.site_of = inventory
            .users
            .iter()
            .map(|user| user.site.as_deref().and_then(|name| sites.get(name).copied()))
            .collect();
        for (at, voice) in scope.voice.iter().enumerate() {
            if let Some(site) = scope.site_of[at].filter(|_| *voice) {
                scope.voices_at[site] += 1;
            }
        }
        scope
    }

    /// The account of an object id, user principal name or SIP address.
    pub fn account(&self, key: &str) -> Option<Account> {
        if let Some(account) = self.accounts.get(key) {
            return Some(*account);
        }
        self.accounts.get(&key.to_lowercase()).copied()
    }

    /// Subject of an account.
    pub fn subject(&self, account: Account) -> &'a str {
        match account {
            Account::User(at) => &self.inventory.users[at].upn,
            Account::Resource(at) => &self.inventory.resource_accounts[at].upn,
        }
    }

    /// Who holds a number, if the inventory knows.
    pub fn holder(&self, number: &Number) -> Option<Account> {
        let by_name = number.target.as_deref().and_then(|name| self.account(name));
        by_name.or_else(|| number.target_id.get().and_then(|id| self.account(id)))
    }

    /// Users in scope with their index.
    pub fn voices(&self) -> impl Iterator<Item = (usize, &'a User)> {
        self.inventory.users.iter().enumerate().filter(|(at, _)| self.voice[*at])
    }

    /// How a user's calls reach the outside today; `None` without a number in Teams.
    pub fn user_type(&self, at: usize) -> Option<NumberType> {
        let known = |number: &Number| {
            number
                .number_type
                .copied()
                .filter(|t| !matches!(t, NumberType::None | NumberType::Other))
        };
        let numbers = &self.inventory.numbers;
        let user = &self.inventory.users[at];
        let own = user.line.and_then(|line| self.by_line.get(&line));
        own.into_iter()
            .flatten()
            .chain(&self.numbers_of[at])
            .find_map(|number| known(&numbers[*number]))
    }

    /// Country of a line: the inventory has described nearly all of them.
    pub fn country_of(&self, line: LineNumber) -> Option<Country> {
        let listed = self.by_line.get(&line).and_then(|listed| listed.first());
        listed
            .and_then(|at| self.inventory.numbers[*at].country)
            .or_else(|| numbering::describe(line.e164()).country)
    }

    /// A user's own subject and all of the numbers they hold, as exported.
    pub fn numbers(&self, at: usize) -> impl Iterator<Item = &'a Number> {
        self.numbers_of[at].iter().map(|number| &self.inventory.numbers[*number])
    }

    /// Grants of a kind in a user's own export: at the user's level or a group's.
    pub fn grants(&self, at: usize, kind: PolicyKind) -> impl Iterator<Item = &'a PolicyGrant> {
        self.inventory.users[at].policies.iter().filter(move |grant| grant.kind == kind)
    }

    /// A policy column of a user: was it lost?
    pub fn policy_lost(&self, at: usize, kind: PolicyKind) -> bool {
        self.inventory.users[at].policy_columns.iter().any(|(k, cell)| *k == kind && cell.is_lost())
    }

    /// Does anybody's export tell of this policy at all?
    pub fn policy_known(&self, at: usize, kind: PolicyKind) -> bool {
        let user = &self.inventory.users[at];
        user.policies.iter().any(|grant| grant.kind == kind)
            || user.policy_columns.iter().any(|(k, cell)| *k == kind && !cell.is_unknown())
            || self.inventory.has(SourceKind::UserPolicies)
    }

    /// Object ids and names of members of a group, where an export tells.
    pub fn members_of(&self, group: &str) -> &[&'a str] {
        self.members.get(group).map_or(&[], Vec::as_slice)
    }

    /// The models in use, by assigned numbers and trunks.
    pub fn models(&self) -> BTreeSet<NumberType> {
        let mut models: BTreeSet<NumberType> = self
            .inventory
            .numbers
            .iter()
            .filter(|n| is_assigned(n))
            .filter_map(|n| n.number_type.copied())
            .filter(|t| !matches!(t, NumberType::None | NumberType::Other))
            .collect();
        if !self.inventory.trunks.is_empty() {
            models.insert(NumberType::DirectRouting);
        }
        models
    }

    /// Every grant of the voice routing policy that is not on a user: group, number and global ones.
    pub fn wide_grants(&self, kind: PolicyKind) -> impl Iterator<Item = &'a PolicyGrant> {
        let of_users = self
            .inventory
            .users
            .iter()
            .flat_map(|user| &user.policies)
            .filter(|grant| !matches!(grant.level, PolicyLevel::User { .. }));
        let of_numbers = self.inventory.numbers.iter().flat_map(|number| &number.policies);
        let all = self.inventory.policy_grants.iter().chain(of_users).chain(of_numbers);
        all.filter(move |grant| grant.kind == kind)
    }

    /// Users by the policy of a kind they hold themselves.
    pub fn users_by_policy(&self, kind: PolicyKind) -> BTreeMap<&'a str, Vec<usize>> {
        let mut users: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, user) in self.inventory.users.iter().enumerate() {
            for grant in user.policies.iter().filter(|grant| grant.kind == kind) {
                users.entry(&grant.name).or_default().push(at);
            }
        }
        for grant in self.inventory.policy_grants.iter().filter(|grant| grant.kind == kind) {
            if let PolicyLevel::User { user } = &grant.level
                && let Some(Account::User(at)) = self.account(user)
            {
                users.entry(&grant.name).or_default().push(at);
            }
        }
        for at in users.values_mut() {
            at.sort_unstable();
            at.dedup();
        }
        users
    }
}

/// Is the number somebody's?
pub fn is_assigned(number: &Number) -> bool {
    match number.assignment.copied() {
        Some(PstnAssignment::Unassigned) => false,
        Some(_) => true,
        None => number.target.is_some() || number.target_id.get().is_some(),
    }
}
