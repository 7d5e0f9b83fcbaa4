//! Once everything was read: who holds what, who sits where, what belongs together.

use super::Builder;
use crate::model::{
    AccountType, Cell, Cloud, LineClass, LineNumber, Number, NumberType, PbxLine, PolicyGrant,
    PolicyLevel, RemarkKind, ResourceAccount, Role, RoleMark, Room, RoomKind, SharedLine,
    SourceKind, SourceRef, User,
};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::collections::BTreeMap;

impl Builder {
    pub(super) fn join(&mut self) {
        self.join_tenant();
        self.join_licences();
        self.part_resource_accounts();
        self.give_licences();
        self.join_routes();
        self.join_owners();
        self.join_people();
        self.join_sites();
        self.join_numbers();
        self.join_shared_lines();
        self.join_policies();
        self.find_rooms();
        self.find_roles();
    }

    fn join_tenant(&mut self) {
        let tenant = &mut self.inventory.tenant;
        if tenant.cloud.get().is_none()
            && let Some(cloud) = self.settings.cloud
        {
            tenant.cloud = Cell::given(cloud, SourceRef::default());
        }
        if let Some(Cloud::Other) = tenant.cloud.copied() {
            tenant.cloud = Cell::Absent;
        }
        if tenant.name.get().is_none() && !self.settings.name.is_empty() {
            tenant.name = Cell::given(self.settings.name.clone(), SourceRef::default());
        }
    }

    /// `Get-CsOnlineUser` lists resource accounts too: they are no users.
    fn part_resource_accounts(&mut self) {
        let accounts = &self.resource_accounts;
        let known = |user: &User| {
            let by_name = || accounts.get(&user.upn.to_lowercase());
            if accounts.is_empty() {
                return None;
            }
            by_name().or_else(|| accounts.get(user.object_id.text())).copied()
        };
        let is_one = |user: &mut User| {
            known(user).is_some()
                || user.account_type.copied() == Some(AccountType::ResourceAccount)
        };
        // Users are large: none is moved before the first that goes.
        let parted = self.inventory.users.extract_if(.., is_one);
        let parted: Vec<_> = parted.map(|user| (known(&user), user)).collect();
        for (known, mut user) in parted {
            let index = known.unwrap_or_else(|| {
                self.inventory.resource_accounts.push(ResourceAccount {
                    upn: user.upn.clone(),
                    at: user.at,
                    ..ResourceAccount::default()
                });
                self.inventory.resource_accounts.len() - 1
            });
            let line_uri = std::mem::take(&mut user.line_uri);
            let line = line_uri
                .get()
                .cloned()
                .zip(line_uri.at())
                .and_then(|(text, at)| self.read_number(&text, self.settings.country, at));
            let account = &mut self.inventory.resource_accounts[index];
            if account.object_id.get().is_none() {
                account.object_id = user.object_id;
            }
            if account.display_name.get().is_none() {
                account.display_name = user.display_name;
            }
            if account.phone_number.get().is_none() {
                account.phone_number = line_uri;
                account.line = account.line.or(line);
            }
            account.usage_location = user.usage_location;
        }
        self.users.clear();
        for (index, user) in self.inventory.users.iter().enumerate() {
            for name in [user.upn.as_str(), user.object_id.text(), user.sip_address.text()] {
                if !name.is_empty() {
                    self.users.entry(name.to_lowercase()).or_insert(index);
                }
            }
        }
        for account in &mut self.inventory.resource_accounts {
            match self.associations.get(account.object_id.text()) {
                Some((ids, at)) => account.associations = Cell::given(ids.clone(), *at),
                None if !self.associations.is_empty() => {
                    account.associations = Cell::Empty { at: account.at };
                }
                None => {}
            }
        }
    }

    fn give_licences(&mut self) {
        let covering = |kind: SourceKind| matches!(kind, SourceKind::LicenceDetails);
        let all_covered = self.inventory.files.iter().any(|file| covering(file.kind));
        let directory = self.inventory.files.iter().any(|file| {
            matches!(
                file.kind,
                SourceKind::OnlineUsers
                    | SourceKind::DirectoryUsers
                    | SourceKind::UserConfigurations
            )
        });
        let accounts: HashMap<String, usize> = self
            .inventory
            .resource_accounts
            .iter()
            .enumerate()
            .flat_map(|(index, account)| {
                [(account.upn.to_lowercase(), index), (account.object_id.text().to_owned(), index)]
            })
            .collect();
        // An export of licences lists only who has one: who is not in it has none.
        if all_covered {
            self.inventory.users.iter_mut().for_each(|user| user.licences_known = true);
            self.inventory.resource_accounts.iter_mut().for_each(|a| a.licences_known = true);
        }
        let mut licences: Vec<_> = std::mem::take(&mut self.licences).into_iter().collect();
        licences.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, own) in licences {
            if let Some(index) = accounts.get(&key) {
                let account = &mut self.inventory.resource_accounts[*index];
                account.licences = own;
                account.licences_known = true;
            } else if let Some(index) = self.users.get(&key).copied() {
                let user = &mut self.inventory.users[index];
                user.licences = own;
                user.licences_known = true;
            } else {
                let at = own.first().map_or(SourceRef::default(), |licence| licence.at);
                if directory {
                    let message = format!("{key} has licences and is in no list of users");
                    self.remark(
                        RemarkKind::Unjoined,
                        at,
                        "licence_of_nobody",
                        message,
                        "Export all users.",
                    );
                } else {
                    let index = self.user_at(&key, None, at);
                    self.inventory.users[index].licences = own;
                    self.inventory.users[index].licences_known = true;
                }
            }
        }
    }

    /// FreePBX: an inbound route gives its number to the extension or group it leads to
    /// (migration.md statement 9).
    fn join_routes(&mut self) {
        let mut by_extension: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, line) in self.inventory.pbx_lines.iter().enumerate() {
            by_extension.entry(line.extension.clone()).or_default().push(index);
        }
        let pilots: HashSet<String> =
            self.inventory.hunt_groups.iter().map(|group| group.pilot.text().to_owned()).collect();
        for (did, number, destination, at) in std::mem::take(&mut self.routes) {
            let mut parts = destination.split(',');
            let (context, target) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let to_group = matches!(context, "ext-group" | "ext-queues");
            let lines = by_extension.get(target).filter(|_| !to_group);
            for index in lines.into_iter().flatten() {
                let line = &mut self.inventory.pbx_lines[*index];
                line.line = number.or(line.line);
                line.external = Cell::given(did.clone(), at);
            }
            let joined = lines.is_some() || (to_group && pilots.contains(target));
            if !joined && context.starts_with("from-did") {
                let message = format!("{did} leads to {target}, which no export lists");
                self.remark(
                    RemarkKind::Unjoined,
                    at,
                    "route_to_nobody",
                    message,
                    "Export the extensions too.",
                );
            }
        }
        let lines: HashMap<&str, (&Cell<String>, Option<LineNumber>)> = self
            .inventory
            .pbx_lines
            .iter()
            .map(|line| (line.extension.as_str(), (&line.external, line.line)))
            .collect();
        for special in &mut self.inventory.special_lines {
            if let Some((external, line)) = lines.get(special.extension.as_str())
                && special.line.is_none()
                && line.is_some()
            {
                special.line = *line;
                special.subject = external.text().to_owned();
            }
        }
    }

    /// Owners of lines, as far as the users know them: by name, address, alias or display name.
    fn join_owners(&mut self) {
        if self.inventory.pbx_lines.is_empty() {
            return;
        }
        let mut by_name: HashMap<String, Option<usize>> = HashMap::new();
        for (index, user) in self.inventory.users.iter().enumerate() {
            let local = user.upn.split('@').next().unwrap_or_default();
            for name in [local, user.display_name.text()] {
                if !name.is_empty() {
                    // Two of one name: neither is meant for certain.
                    by_name
                        .entry(name.to_lowercase())
                        .and_modify(|known| *known = known.filter(|other| *other == index))
                        .or_insert(Some(index));
                }
            }
        }
        let find = |text: &str| {
            let key = text.to_lowercase();
            self.users.get(&key).copied().or_else(|| by_name.get(&key).copied().flatten())
        };
        for line in &mut self.inventory.pbx_lines {
            let named = [line.owner.text(), line.name.text()];
            line.user = named
                .into_iter()
                .filter(|name| !name.is_empty())
                .find_map(find)
                .map(|index| self.inventory.users[index].upn.clone());
        }
    }

    /// One name for one person everywhere: the user principal name.
    fn join_people(&mut self) {
        let mut lines = Vec::new();
        for index in 0..self.inventory.users.len() {
            let user = &self.inventory.users[index];
            let (text, at) = (user.line_uri.text().to_owned(), user.line_uri.at());
            if let (false, Some(at)) = (text.is_empty(), at) {
                let country = numbering::Country::parse(user.usage_location.text())
                    .ok()
                    .or(self.settings.country);
                lines.push((index, self.read_number(&text, country, at)));
            }
        }
        for (index, line) in lines {
            self.inventory.users[index].line = line;
        }
        let users = &self.inventory.users;
        let known = &self.users;
        let upn = |name: &mut String| {
            if let Some(index) = known.get(&name.to_lowercase()) {
                name.clone_from(&users[*index].upn);
            }
        };
        for delegation in &mut self.inventory.delegations {
            upn(&mut delegation.delegator);
            upn(&mut delegation.delegate);
        }
        let mut seen = HashSet::new();
        self.inventory
            .delegations
            .retain(|d| seen.insert((d.delegator.to_lowercase(), d.delegate.to_lowercase())));
        for group in &mut self.inventory.call_groups {
            upn(&mut group.owner);
            group.members.iter_mut().for_each(upn);
        }
        for settings in &mut self.inventory.calling_settings {
            upn(&mut settings.user);
        }
        for role in &mut self.inventory.roles {
            upn(&mut role.user);
        }
        for party in &mut self.inventory.calls.parties {
            upn(party);
        }
        for room in &mut self.inventory.rooms {
            upn(&mut room.subject);
        }
    }

    /// Users to sites: by a list, by the number's network site, by a declared site of the
    /// office's or city's name, else the office itself.
    fn join_sites(&mut self) {
        for line in self.inventory.pbx_lines.clone() {
            if let (Some(user), Some(site)) = (&line.user, line.site.get()) {
                self.seats.push((user.to_lowercase(), site.clone(), line.at));
            }
        }
        let seats: HashMap<String, (String, SourceRef)> = std::mem::take(&mut self.seats)
            .into_iter()
            .rev()
            .map(|(user, site, at)| (user, (site, at)))
            .collect();
        let by_target: HashMap<String, String> = self
            .inventory
            .numbers
            .iter()
            .filter_map(|number| {
                Some((number.target_id.get()?.clone(), number.network_site.get()?.clone()))
            })
            .collect();
        let by_city: BTreeMap<String, Vec<String>> = self
            .inventory
            .sites
            .iter()
            .filter(|site| site.city.get().is_some())
            .fold(BTreeMap::new(), |mut cities, site| {
                cities.entry(site.city.text().to_lowercase()).or_default().push(site.name.clone());
                cities
            });
        for building in self.inventory.buildings.clone() {
            if let Cell::Given { value, at } = &building.building {
                let index = self.site_at(value, *at);
                let site = &mut self.inventory.sites[index];
                if site.country.get().is_none() {
                    site.country = building.country.clone();
                }
                if site.city.get().is_none() {
                    site.city = building.city.clone();
                }
                site.declared = true;
            }
        }
        for index in 0..self.inventory.users.len() {
            let user = &self.inventory.users[index];
            let names = [user.upn.as_str(), user.object_id.text(), user.sip_address.text()];
            let listed = names
                .into_iter()
                .filter(|_| !seats.is_empty())
                .find_map(|name| seats.get(&name.to_lowercase()))
                .cloned();
            let by_number =
                || by_target.get(user.object_id.text()).map(|site| (site.clone(), user.at));
            let declared = || {
                [user.office.text(), user.city.text()].into_iter().find_map(|name| {
                    let index =
                        self.sites.get(&name.to_lowercase()).filter(|_| !name.is_empty())?;
                    Some((self.inventory.sites[*index].name.clone(), user.at))
                })
            };
            let only_one = || match by_city.get(&user.city.text().to_lowercase()).map(Vec::as_slice)
            {
                Some([site]) => Some((site.clone(), user.at)),
                _ => None,
            };
            let office = || match &user.office {
                Cell::Given { value, at } => Some((value.clone(), *at)),
                _ => None,
            };
            let site =
                listed.or_else(by_number).or_else(declared).or_else(only_one).or_else(office);
            let Some((name, at)) = site else { continue };
            let site = self.site_at(&name, at);
            self.inventory.users[index].site = Some(self.inventory.sites[site].name.clone());
        }
    }

    /// Holders of numbers, and numbers that only users or lines tell of.
    fn join_numbers(&mut self) {
        let holders: HashMap<&str, &str> = self
            .inventory
            .users
            .iter()
            .map(|user| (user.object_id.text(), user.upn.as_str()))
            .chain(
                self.inventory
                    .resource_accounts
                    .iter()
                    .map(|a| (a.object_id.text(), a.upn.as_str())),
            )
            .filter(|(id, _)| !id.is_empty())
            .collect();
        for number in &mut self.inventory.numbers {
            number.target = number
                .target_id
                .get()
                .and_then(|id| holders.get(id.as_str()))
                .map(|upn| (*upn).to_owned());
        }
        let mut known: HashSet<LineNumber> =
            self.inventory.numbers.iter().filter_map(|number| number.line).collect();
        let mut added = Vec::new();
        let of_users = self.inventory.users.iter().filter_map(|user: &User| {
            Some((
                user.line?,
                user.line_uri.get()?.clone(),
                Some(user.upn.clone()),
                Cell::Absent,
                user.line_uri.at()?,
            ))
        });
        let of_accounts = self.inventory.resource_accounts.iter().filter_map(|account| {
            let (raw, at) = (account.phone_number.get()?.clone(), account.phone_number.at()?);
            Some((account.line?, raw, Some(account.upn.clone()), Cell::Absent, at))
        });
        let of_lines = self.inventory.pbx_lines.iter().filter_map(|line: &PbxLine| {
            let (raw, at) = (line.external.get()?.clone(), line.external.at()?);
            Some((line.line?, raw, line.user.clone(), Cell::given(NumberType::None, at), at))
        });
        let of_routes = self.inventory.pbx_patterns.iter().filter_map(|pattern| {
            let line = LineNumber::new(pattern.number?);
            Some((
                line,
                pattern.pattern.clone(),
                None,
                Cell::given(NumberType::None, pattern.at),
                pattern.at,
            ))
        });
        for (line, raw, target, number_type, at) in
            of_users.chain(of_accounts).chain(of_lines).chain(of_routes)
        {
            if known.insert(line) {
                added.push(Number {
                    raw,
                    line: Some(line),
                    target,
                    number_type,
                    at,
                    ..Number::default()
                });
            }
        }
        added.into_iter().for_each(|number| self.add_number(number));
    }

    /// One line on two devices is shared (migration.md statement 9).
    fn join_shared_lines(&mut self) {
        let mut lines: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, line) in self.inventory.pbx_lines.iter().enumerate() {
            let key = (line.partition.text().to_lowercase(), line.extension.clone());
            lines.entry(key).or_default().push(index);
        }
        for ((_, extension), indices) in lines {
            let mut devices: Vec<String> = Vec::new();
            let mut owners: Vec<String> = Vec::new();
            let mut at = Vec::new();
            for index in &indices {
                let line = &self.inventory.pbx_lines[*index];
                let device = line.device.text().to_owned();
                if !device.is_empty() && !devices.contains(&device) {
                    devices.push(device);
                    at.push(line.at);
                }
                let owner = line.user.clone().unwrap_or_else(|| line.owner.text().to_owned());
                if !owner.is_empty() && !owners.contains(&owner) {
                    owners.push(owner);
                }
            }
            if devices.len() > 1 {
                let partition = self.inventory.pbx_lines[indices[0]].partition.text().to_owned();
                self.inventory.shared_lines.push(SharedLine {
                    extension,
                    partition,
                    devices,
                    owners,
                    at,
                });
            }
        }
    }

    /// All levels in one list; a number's own policies beside the number too.
    fn join_policies(&mut self) {
        let mut seen: HashSet<(crate::model::PolicyKind, PolicyLevel)> = self
            .inventory
            .policy_grants
            .iter()
            .map(|grant| (grant.kind, grant.level.clone()))
            .collect();
        let mut grants: Vec<PolicyGrant> = Vec::new();
        for user in &self.inventory.users {
            for grant in &user.policies {
                if seen.insert((grant.kind, grant.level.clone())) {
                    grants.push(grant.clone());
                }
            }
        }
        // A Global voice routing policy with usages applies to all who have no other.
        for policy in &self.inventory.voice_routing_policies {
            if policy.name.eq_ignore_ascii_case("global") && policy.usages.get().is_some() {
                grants.push(PolicyGrant {
                    kind: crate::model::PolicyKind::OnlineVoiceRoutingPolicy,
                    name: "Global".to_owned(),
                    level: PolicyLevel::Global,
                    at: policy.at,
                });
            }
        }
        self.inventory.policy_grants.extend(grants);
        let of_numbers: HashMap<String, Vec<PolicyGrant>> = self
            .inventory
            .policy_grants
            .iter()
            .filter_map(|grant| match &grant.level {
                PolicyLevel::Number { number } => Some((number.clone(), grant.clone())),
                _ => None,
            })
            .fold(HashMap::new(), |mut all, (number, grant)| {
                all.entry(number).or_default().push(grant);
                all
            });
        if of_numbers.is_empty() {
            return;
        }
        for number in &mut self.inventory.numbers {
            let line = number.line.map(|line| line.to_string());
            let own =
                line.and_then(|line| of_numbers.get(&line)).or_else(|| of_numbers.get(&number.raw));
            number.policies = own.cloned().unwrap_or_default();
        }
    }

    /// Rooms and shared devices that no list names, by their licence's plans or features.
    fn find_rooms(&mut self) {
        let listed: HashSet<String> =
            self.inventory.rooms.iter().map(|room| room.subject.to_lowercase()).collect();
        let mut found = Vec::new();
        for user in &self.inventory.users {
            if !listed.is_empty() && listed.contains(&user.upn.to_lowercase()) {
                continue;
            }
            let feature = user.features.get().into_iter().flatten().find(|feature| {
                feature.eq_ignore_ascii_case("TeamsRoomPro")
                    || feature.eq_ignore_ascii_case("TeamsRoomBasic")
            });
            let product =
                user.licences.iter().map(|licence| licence.part_number.as_str()).find_map(|name| {
                    let begins = |word: &str| {
                        name.get(..word.len()).is_some_and(|n| n.eq_ignore_ascii_case(word))
                    };
                    let rooms = b"TEAMS_ROOMS";
                    let mut parts = name.as_bytes().windows(rooms.len());
                    if begins("MCOCAP") {
                        Some((RoomKind::CommonArea, name))
                    } else if begins("MEETING_ROOM")
                        || begins("MTR_PREM")
                        || parts.any(|part| part.eq_ignore_ascii_case(rooms))
                    {
                        Some((RoomKind::MeetingRoom, name))
                    } else {
                        None
                    }
                });
            let (kind, because) = match (feature, product) {
                (_, Some((kind, name))) => (kind, format!("licence {name}")),
                (Some(feature), None) => (RoomKind::MeetingRoom, format!("feature {feature}")),
                (None, None) => continue,
            };
            found.push(Room {
                subject: user.upn.clone(),
                kind: Some(kind),
                name: user.display_name.clone(),
                site: user.site.clone().map_or(Cell::Absent, |site| Cell::given(site, user.at)),
                line: user.line,
                because,
                at: user.at,
                ..Room::default()
            });
        }
        for line in &self.inventory.pbx_lines {
            let kind = match line.class {
                Some(LineClass::Room) => RoomKind::MeetingRoom,
                Some(LineClass::CommonArea) => RoomKind::CommonArea,
                _ => continue,
            };
            found.push(Room {
                subject: line.user.clone().unwrap_or_else(|| line.extension.clone()),
                kind: Some(kind),
                name: line.name.clone(),
                site: line.site.clone(),
                model: line.model.clone(),
                line: line.line,
                because: "its line's description".to_owned(),
                at: line.at,
            });
        }
        self.inventory.rooms.extend(found);
    }

    /// Special roles that no list names: delegates and delegators, agents, titles.
    fn find_roles(&mut self) {
        let mut seen: HashSet<(String, Role)> =
            self.inventory.roles.iter().map(|mark| (mark.user.to_lowercase(), mark.role)).collect();
        let mut found = Vec::new();
        let mut mark = |user: &str, role: Role, because: String, at: SourceRef| {
            if seen.insert((user.to_lowercase(), role)) {
                found.push(RoleMark { user: user.to_owned(), role, because, at });
            }
        };
        for d in &self.inventory.delegations {
            mark(&d.delegator, Role::Executive, format!("{} answers for them", d.delegate), d.at);
            mark(&d.delegate, Role::Assistant, format!("answers for {}", d.delegator), d.at);
        }
        for queue in &self.inventory.queues {
            for agent in queue.agents.get().into_iter().flatten() {
                if let Some(index) = self.users.get(&agent.id) {
                    let upn = &self.inventory.users[*index].upn;
                    mark(upn, Role::Agent, format!("agent of {}", queue.name), queue.at);
                }
            }
        }
        for user in &self.inventory.users {
            let Cell::Given { value, at } = &user.title else { continue };
            let words: Vec<String> =
                value.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
            let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
            if has(&["receptionist", "switchboard", "empfang"]) {
                mark(&user.upn, Role::Receptionist, format!("title {value:?}"), *at);
            } else if has(&["assistant", "secretary", "sekretariat"]) {
                mark(&user.upn, Role::Assistant, format!("title {value:?}"), *at);
            } else if has(&["ceo", "cfo", "coo", "cto", "cio", "chief", "chairman", "chairwoman"]) {
                mark(&user.upn, Role::Executive, format!("title {value:?}"), *at);
            }
        }
        for user in &self.inventory.users {
            for (kind, policy) in &user.policy_columns {
                if *kind == crate::model::PolicyKind::TeamsComplianceRecordingPolicy
                    && let Cell::Given { value, at } = policy
                    && !value.eq_ignore_ascii_case("global")
                {
                    mark(&user.upn, Role::Recorded, format!("recording policy {value}"), *at);
                }
            }
        }
        self.inventory.roles.extend(found);
    }
}
