//! Runs a chunk of an order that changes numbers which are held: assignment and its end,
//! locations, tags, usage, an operator's update, and what undoes any of them. Each entry is
//! looked at by the rules in memory; what became of all of them is written with one statement a
//! table.

use crate::act::{Fail, change, raced};
use crate::lines::{as_line, user_facts};
use crate::numbers::{assign_code, assign_facts, hold_error, state_of};
use crate::people::agents_of;
use crate::placing::{Asked, Former, Params};
use crate::records;
use crate::worker::{failed, number_parse};
use api_types::ErrorCode;
use api_types::problem::EntryError;
use domain::assign::{Assignee, check, check_unassign};
use domain::block::{BlockAsk, after_unassign};
use domain::consent::ConsentStatus;
use domain::edit::{
    EditRefusal, LocationEdit, UpdateEdit, UsageEdit, check_location, check_update, check_usage,
};
use domain::line::AssignmentCategory;
use domain::number::Usage;
use domain::order::{NumberState, OrderKind, Trace};
use domain::tag::{Tag, TagEdit, edit};
use domain::{CallingProfileId, LocationId, OperatorId, ResourceAccountId, TenantId, UserId};
use feed::change::Change;
use numbering::{Country, E164, NumberKind, describe};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{
    AccountRow, EntryResult, NumberRow, NumberSettingsRow, OrderEntryRow, OrderRow, PersonRow, Tx,
};
use uuid::Uuid;

/// An edit's refusal as an entry shows it.
pub(crate) fn edit_error(refusal: EditRefusal) -> EntryError {
    let (code, field) = match refusal {
        EditRefusal::LocationLocked => (ErrorCode::LocationLocked, "location_id"),
        EditRefusal::LocationRequired => (ErrorCode::LocationRequired, "location_id"),
        EditRefusal::LocationCountry => (ErrorCode::LocationCountry, "location_id"),
        EditRefusal::Assigned => (ErrorCode::StillAssigned, "usage"),
        EditRefusal::TollFreeUser => (ErrorCode::TollFreeUser, "usage"),
        EditRefusal::UsageNotTenants(_) => (ErrorCode::UsageNotTenants, "usage"),
        EditRefusal::ProfileUnusable => (ErrorCode::ProfileUnusable, "calling_profile_id"),
    };
    code.entry(Some(field), refusal.to_string())
}

/// An entry as far as it can be understood by itself.
struct Parsed<'a> {
    entry: &'a OrderEntryRow,
    number: E164,
    asked: Asked,
    person: Option<Result<UserId, String>>,
    account: Option<Result<ResourceAccountId, String>>,
}

/// All that the chunk's entries are about.
struct Ground<'a> {
    order: &'a OrderRow,
    kind: OrderKind,
    params: Params,
    add: Vec<Tag>,
    remove: Vec<Tag>,
    settings: Option<NumberSettingsRow>,
    default_block: BlockAsk,
    now: i64,
    consents: HashMap<OperatorId, ConsentStatus>,
    numbers: HashMap<E164, NumberRow>,
    /// By user principal name.
    named: HashMap<String, UserId>,
    people: HashMap<UserId, PersonRow>,
    accounts: HashMap<ResourceAccountId, AccountRow>,
    account_names: HashMap<String, ResourceAccountId>,
    locations: HashMap<LocationId, Country>,
    tags: HashMap<E164, BTreeMap<String, String>>,
    /// Of an operator: trunks in use by calling profile.
    profiles: HashMap<CallingProfileId, usize>,
    /// Which have another holder by now.
    moved_numbers: Vec<E164>,
    /// Who had such a number, and who has it now.
    holders: Vec<(E164, Option<UserId>, Option<UserId>)>,
    /// Which are another line of whoever had them.
    recategorised: BTreeSet<E164>,
    /// Whose number is another by now.
    moved_people: BTreeSet<UserId>,
    moved_accounts: BTreeSet<ResourceAccountId>,
}

/// What an entry comes to.
struct Outcome {
    wanted: NumberState,
    tags: TagEdit,
}

/// Runs a chunk.
pub(crate) async fn run(
    tx: &mut Tx,
    order: &OrderRow,
    kind: OrderKind,
    entries: &[OrderEntryRow],
) -> Result<Vec<EntryResult>, Fail> {
    let mut results = Vec::with_capacity(entries.len());
    let mut parsed = Vec::with_capacity(entries.len());
    for entry in entries {
        match number_parse(entry) {
            Ok(number) => {
                let asked = Asked::of(entry);
                let person = asked
                    .user
                    .as_deref()
                    .map(|name| Uuid::try_parse(name).map(UserId).map_err(|_| name.to_lowercase()));
                let account = asked.account.as_deref().map(|name| {
                    Uuid::try_parse(name).map(ResourceAccountId).map_err(|_| name.to_lowercase())
                });
                parsed.push(Parsed { entry, number, asked, person, account });
            }
            Err(error) => results.push(failed(entry, &error)),
        }
    }
    let mut ground = Ground::look(tx, order, kind, &parsed).await?;
    let mut written = Vec::new();
    let mut tagged = Vec::new();
    for p in &parsed {
        let row = match ground.numbers.get(&p.number) {
            Some(row) => row.clone(),
            None => {
                let error = if order.operator_id.is_some() {
                    let reason =
                        format!("{} is not held by this tenant from this operator", p.number);
                    ErrorCode::NotHeld.entry(Some("number"), reason)
                } else {
                    let reason = format!("there is no number {} here", p.number);
                    ErrorCode::NotFound.entry(Some("number"), reason)
                };
                results.push(failed(p.entry, &error));
                continue;
            }
        };
        let before = state_of(&row);
        let outcome = match ground.decide(p, &row, &before) {
            Ok(outcome) => outcome,
            Err(error) => {
                results.push(failed(p.entry, &error));
                continue;
            }
        };
        let moves = outcome.wanted != before;
        let tags = !outcome.tags.added.is_empty() || !outcome.tags.removed.is_empty();
        if !moves && !tags {
            let warning = Some("there was nothing to change".to_owned());
            let ordinal = p.entry.ordinal;
            results.push(EntryResult { ordinal, error: None, warning, former: None });
            continue;
        }
        let names = |tags: &[Tag]| tags.iter().map(|tag| tag.name.clone()).collect();
        let former = Former {
            trace: Trace {
                before,
                after: outcome.wanted,
                tags_added: names(&outcome.tags.added),
                tags_removed: names(&outcome.tags.removed),
            },
            acquired_at: row.acquired_at,
            country: row.country.to_string(),
        };
        results.push(EntryResult {
            ordinal: p.entry.ordinal,
            error: None,
            warning: None,
            former: former.text().filter(|_| !order.dry_run),
        });
        written.push(ground.take(row, &before, &outcome.wanted));
        if tags {
            tagged.push((p.number, outcome.tags));
        }
    }
    if !order.dry_run && !written.is_empty() {
        ground.write(tx, written, tagged).await?;
    }
    Ok(results)
}

impl<'a> Ground<'a> {
    /// Takes the locks in the order every writer takes them: consents, numbers, people, accounts.
    async fn look(
        tx: &mut Tx,
        order: &'a OrderRow,
        kind: OrderKind,
        parsed: &[Parsed<'_>],
    ) -> Result<Self, Fail> {
        let tenant = order.tenant_id;
        let params = Params::of(order);
        let consents = tx.consents_share(tenant).await?;
        let consents = consents.into_iter().map(|c| (c.operator_id, c.status)).collect();
        let asked: Vec<E164> = parsed.iter().map(|p| p.number).collect();
        let numbers: HashMap<E164, NumberRow> = tx
            .numbers_locked(&asked)
            .await?
            .into_iter()
            .filter(|row| {
                row.tenant_id == tenant && order.operator_id.is_none_or(|o| o == row.operator_id)
            })
            .map(|row| (row.number, row))
            .collect();

        let names: BTreeSet<String> =
            parsed.iter().filter_map(|p| p.person.as_ref()?.as_ref().err().cloned()).collect();
        let mut named = HashMap::new();
        if !names.is_empty() {
            let names: Vec<String> = names.into_iter().collect();
            for row in tx.people_named(tenant, &names).await? {
                named.insert(row.upn, row.id);
            }
        }
        let mut account_names = HashMap::new();
        for name in parsed.iter().filter_map(|p| p.account.as_ref()?.as_ref().err()) {
            if !account_names.contains_key(name)
                && let Some(id) = tx.account_taken(tenant, name).await?
            {
                account_names.insert(name.clone(), id);
            }
        }
        let mut people: BTreeSet<UserId> = named.values().copied().collect();
        let mut accounts: BTreeSet<ResourceAccountId> = account_names.values().copied().collect();
        let mut locations: BTreeSet<LocationId> = BTreeSet::new();
        let gives = matches!(kind, OrderKind::Assign | OrderKind::Unassign);
        for p in parsed {
            people.extend(p.person.as_ref().and_then(|name| name.as_ref().ok()));
            accounts.extend(p.account.as_ref().and_then(|name| name.as_ref().ok()));
            locations.extend(p.entry.location_id);
            if let Some(row) = numbers.get(&p.number) {
                locations.extend(row.location_id);
                if gives {
                    people.extend(row.person_id);
                    accounts.extend(row.account_id);
                }
            }
            if let Some(undo) = &p.asked.undo {
                let before = &undo.former.trace.before;
                people.extend(before.person);
                accounts.extend(before.account);
                locations.extend(before.location);
            }
        }
        let ids: Vec<UserId> = people.into_iter().collect();
        let mut people = HashMap::with_capacity(ids.len());
        if !ids.is_empty() {
            for row in tx.people_locked(tenant, &ids).await? {
                people.insert(row.id, row);
            }
        }
        let mut held = HashMap::new();
        for id in accounts {
            if let Some(row) = tx.account_locked(tenant, id).await? {
                held.insert(id, row);
            }
        }
        let mut known = HashMap::new();
        for id in locations {
            if let Some(found) = tx.location_get(tenant, id).await? {
                known.insert(id, found.country);
            }
        }
        let mut tags: HashMap<E164, BTreeMap<String, String>> = HashMap::new();
        if kind == OrderKind::Tags {
            for row in tx.tags_of(&asked).await? {
                tags.entry(row.number).or_default().insert(row.folded, row.name);
            }
        }
        let mut profiles: HashMap<CallingProfileId, usize> = HashMap::new();
        if let Some(operator) = order.operator_id {
            for row in tx.profile_trunks(Some(operator)).await? {
                *profiles.entry(row.profile_id).or_default() += usize::from(row.enabled);
            }
        }
        let settings = tx.number_settings_get(tenant).await?;
        let parse = |names: &[String]| names.iter().filter_map(|n| Tag::parse(n).ok()).collect();
        Ok(Self {
            order,
            kind,
            add: parse(&params.add_tags),
            remove: parse(&params.remove_tags),
            params,
            default_block: block_by(settings.as_ref()),
            settings,
            now: tx.at(),
            consents,
            numbers,
            named,
            people,
            accounts: held,
            account_names,
            locations: known,
            tags,
            profiles,
            moved_numbers: Vec::new(),
            holders: Vec::new(),
            recategorised: BTreeSet::new(),
            moved_people: BTreeSet::new(),
            moved_accounts: BTreeSet::new(),
        })
    }

    /// Whom an entry names.
    fn assignee(
        &self,
        p: &Parsed<'_>,
    ) -> Result<(Option<UserId>, Option<ResourceAccountId>), EntryError> {
        match (&p.person, &p.account) {
            (Some(name), None) => {
                let id = match name {
                    Ok(id) => Some(*id),
                    Err(name) => self.named.get(name).copied(),
                };
                let id = id.filter(|id| self.people.contains_key(id)).ok_or_else(|| {
                    let named = p.asked.user.as_deref().unwrap_or_default();
                    let reason = format!("no user {named} in this tenant");
                    ErrorCode::UnknownUser.entry(Some("user"), reason)
                })?;
                Ok((Some(id), None))
            }
            (None, Some(name)) => {
                let id = match name {
                    Ok(id) => Some(*id),
                    Err(name) => self.account_names.get(name).copied(),
                };
                let id = id.filter(|id| self.accounts.contains_key(id)).ok_or_else(|| {
                    let named = p.asked.account.as_deref().unwrap_or_default();
                    let reason = format!("no resource account {named} in this tenant");
                    ErrorCode::UnknownAccount.entry(Some("resource_account"), reason)
                })?;
                Ok((None, Some(id)))
            }
            _ => {
                let reason = "an entry names exactly one of user and resource_account";
                Err(ErrorCode::InvalidField.entry(Some("user"), reason))
            }
        }
    }

    fn location(&self, id: Option<LocationId>) -> Result<Option<Country>, EntryError> {
        let Some(id) = id else { return Ok(None) };
        self.locations.get(&id).copied().map(Some).ok_or_else(|| {
            let reason = format!("no location {id} in this tenant");
            ErrorCode::UnknownLocation.entry(Some("location_id"), reason)
        })
    }

    /// What the entry comes to, by the rules.
    fn decide(
        &self,
        p: &Parsed<'_>,
        row: &NumberRow,
        before: &NumberState,
    ) -> Result<Outcome, EntryError> {
        let moved = |refusal: domain::order::MovedOn| {
            ErrorCode::MovedOn.entry(Some("number"), refusal.to_string())
        };
        let mut tags = TagEdit::default();
        let mut wanted = NumberState { block: before.block.at(self.now), ..*before };
        // A block that has run out is no change by itself.
        let unblocked = wanted;
        if let Some(undo) = &p.asked.undo {
            if undo.former.acquired_at != row.acquired_at {
                return Err(moved(domain::order::MovedOn));
            }
            let kind = OrderKind::parse(&undo.kind).unwrap_or(self.kind);
            wanted = undo.former.trace.undone(kind, before, self.now).map_err(moved)?;
            if kind == OrderKind::Tags {
                tags = self.untagged(p.number, &undo.former.trace).map_err(moved)?;
            }
        } else {
            match self.kind {
                OrderKind::Assign => {
                    (wanted.person, wanted.account) = self.assignee(p)?;
                    // Whoever has it already keeps what it is to them, unless the entry names it.
                    let stays = wanted.person.is_some() && wanted.person == before.person;
                    let usual = if stays { before.category } else { AssignmentCategory::Primary };
                    wanted.category = p.asked.category()?.unwrap_or(usual);
                    wanted.location = p.entry.location_id.or(before.location);
                }
                OrderKind::Unassign => {
                    check_unassign(before.is_assigned(), before.other).map_err(hold_error)?;
                    (wanted.person, wanted.account) = (None, None);
                    wanted.category = AssignmentCategory::Primary;
                    let block = self.params.block;
                    wanted.block = after_unassign(block, self.default_block, self.now);
                }
                OrderKind::Location => wanted.location = p.entry.location_id,
                OrderKind::Usage | OrderKind::Update => {
                    if let Some(usage) = &p.entry.usage {
                        wanted.usage = Usage::parse(usage).ok_or_else(|| {
                            ErrorCode::InvalidField.entry(Some("usage"), crate::numbers::USAGES)
                        })?;
                    }
                    if self.kind == OrderKind::Update {
                        wanted.profile = p.entry.profile_id.unwrap_or(before.profile);
                        wanted.location = p.entry.location_id.or(before.location);
                        wanted.tenant_may_update_location =
                            self.params.may_update.unwrap_or(before.tenant_may_update_location);
                    }
                }
                OrderKind::Tags => {
                    let none = BTreeMap::new();
                    let has = self.tags.get(&p.number).unwrap_or(&none);
                    tags = edit(has, &self.add, &self.remove).map_err(|refusal| {
                        ErrorCode::TooManyTags.entry(Some("number"), refusal.to_string())
                    })?;
                }
                OrderKind::Upload | OrderKind::Release => {}
            }
        }
        self.allowed(p, row, before, &wanted)?;
        if wanted == unblocked {
            wanted = *before;
        }
        Ok(Outcome { wanted, tags })
    }

    /// Tags as they were before an act that changed them.
    fn untagged(&self, number: E164, trace: &Trace) -> Result<TagEdit, domain::order::MovedOn> {
        let none = BTreeMap::new();
        let has = self.tags.get(&number).unwrap_or(&none);
        let parse = |names: &[String]| -> Vec<Tag> {
            names.iter().filter_map(|name| Tag::parse(name).ok()).collect()
        };
        let (added, removed) = (parse(&trace.tags_added), parse(&trace.tags_removed));
        let as_left = added.iter().all(|tag| has.contains_key(&tag.folded))
            && removed.iter().all(|tag| !has.contains_key(&tag.folded));
        if !as_left {
            return Err(domain::order::MovedOn);
        }
        edit(has, &removed, &added).map_err(|_full| domain::order::MovedOn)
    }

    /// The rules of whatever changes.
    fn allowed(
        &self,
        p: &Parsed<'_>,
        row: &NumberRow,
        before: &NumberState,
        wanted: &NumberState,
    ) -> Result<(), EntryError> {
        let country = self.location(wanted.location)?;
        let in_country = country.is_none_or(|c| c == row.country);
        let to = match (wanted.person, wanted.account) {
            (Some(id), _) => self.people.get(&id).map(|row| user_facts(row, p.number)),
            (_, Some(id)) => self.accounts.get(&id).map(|row| Assignee::ResourceAccount {
                licensed: row.licences.0.iter().any(|l| l == records::RESOURCE_ACCOUNT),
                has_number: row.number.is_some_and(|n| n != p.number),
            }),
            _ => None,
        };
        let same_holder = (wanted.person, wanted.account) == (before.person, before.account);
        let same = same_holder && wanted.category == before.category;
        let gives = !same || (self.kind == OrderKind::Assign && p.asked.undo.is_none());
        if let Some(to) = to.filter(|_| gives) {
            let consent = self.consents.get(&row.operator_id).copied();
            let place = (wanted.location, country);
            let facts = assign_facts(row, consent, place, wanted.block, self.now);
            let facts = as_line(facts, row, Some(wanted.category), same_holder);
            return check(&facts, &to).map_err(|refusal| {
                let (code, field) = assign_code(refusal);
                let field = field.map(|field| match field {
                    "/user_id" => "user",
                    "/resource_account_id" => "resource_account",
                    other => other.trim_start_matches('/'),
                });
                code.entry(field.or(Some("number")), refusal.to_string())
            });
        }
        if (wanted.person.is_some() || wanted.account.is_some()) && !same {
            // Whoever had it is gone.
            let reason = "whoever had the number is not there any more";
            return Err(ErrorCode::UnknownUser.entry(Some("number"), reason));
        }
        let usage = UsageEdit {
            from: before.usage,
            to: wanted.usage,
            assigned: before.is_assigned(),
            toll_free: describe(p.number).kind == NumberKind::TollFree,
            by_tenant: self.order.operator_id.is_none(),
        };
        let location = LocationEdit {
            tenant_may_update: before.tenant_may_update_location,
            changes: wanted.location != before.location,
            present: wanted.location.is_some(),
            in_country,
            has_person: wanted.person.is_some(),
        };
        let checked = match self.kind {
            OrderKind::Update => check_update(&UpdateEdit {
                usage,
                location_present: wanted.location.is_some(),
                has_person: wanted.person.is_some(),
                location_in_country: in_country,
                tenant_may_update: wanted.tenant_may_update_location,
                profile_usable: self.profiles.get(&wanted.profile).is_some_and(|n| *n >= 2),
            }),
            OrderKind::Usage => check_usage(&usage),
            OrderKind::Location => check_location(&location),
            // An assignment that is undone gives its location back with it.
            _ => Ok(()),
        };
        checked.map_err(edit_error)
    }

    /// Notes what becomes of a number, so that the entries after it see it.
    fn take(
        &mut self,
        mut row: NumberRow,
        before: &NumberState,
        wanted: &NumberState,
    ) -> NumberRow {
        let has = |state: &NumberState| (state.person, state.account, state.category);
        if has(before) != has(wanted) {
            let number = Some(row.number);
            self.moved_numbers.push(row.number);
            if before.person != wanted.person {
                self.holders.push((row.number, before.person, wanted.person));
            } else if before.category != wanted.category {
                self.recategorised.insert(row.number);
            }
            self.moved_people.extend(before.person.into_iter().chain(wanted.person));
            self.moved_accounts.extend(before.account.into_iter().chain(wanted.account));
            if let Some(person) = before.person.and_then(|id| self.people.get_mut(&id)) {
                person.lose(row.number);
            }
            if let Some(account) = before.account.and_then(|id| self.accounts.get_mut(&id)) {
                account.number = None;
            }
            if let Some(person) = wanted.person.and_then(|id| self.people.get_mut(&id)) {
                person.gain(wanted.category, row.number);
            }
            if let Some(account) = wanted.account.and_then(|id| self.accounts.get_mut(&id)) {
                account.number = number;
            }
        }
        crate::numbers::put_state(&mut row, wanted);
        self.numbers.insert(row.number, row.clone());
        row
    }

    /// Writes what the chunk changes, and tells of it.
    async fn write(
        &self,
        tx: &mut Tx,
        written: Vec<NumberRow>,
        tagged: Vec<(E164, TagEdit)>,
    ) -> Result<(), Fail> {
        let (tenant, at) = (self.order.tenant_id, tx.at());
        // A line makes room for another in the order of the entries, which one statement does not keep.
        let alone = |row: &NumberRow| self.recategorised.contains(&row.number);
        for part in written.chunk_by(|a, b| !alone(a) && !alone(b)) {
            raced(tx.numbers_write(part, at).await? == part.len() as u64)?;
        }
        for (number, from, to) in &self.holders {
            let person = |id: &Option<UserId>| id.and_then(|id| self.people.get(&id));
            let settings = self.settings.as_ref();
            crate::mail::tell(tx, settings, *number, person(from), person(to)).await?;
        }
        // What one assignment left is no more what there is.
        tx.number_former_forget(&self.moved_numbers).await?;
        let new: BTreeMap<&str, &str> = tagged
            .iter()
            .flat_map(|(_, edit)| &edit.added)
            .map(|tag| (tag.folded.as_str(), tag.name.as_str()))
            .collect();
        for (folded, name) in new {
            tx.tag_put(tenant, folded, name).await?;
        }
        for (number, edit) in &tagged {
            for tag in &edit.removed {
                tx.number_tag_remove(*number, &tag.folded).await?;
            }
            for tag in &edit.added {
                tx.number_tag_add(*number, tenant, &tag.folded).await?;
            }
        }
        let people: Vec<&PersonRow> =
            self.moved_people.iter().filter_map(|id| self.people.get(id)).collect();
        let accounts: Vec<&AccountRow> =
            self.moved_accounts.iter().filter_map(|id| self.accounts.get(id)).collect();
        if !people.is_empty() {
            let ids: Vec<UserId> = people.iter().map(|row| row.id).collect();
            tx.people_touch(tenant, &ids).await?;
        }
        for row in &accounts {
            tx.account_touch(tenant, row.id).await?;
        }

        let mut by_operator: BTreeMap<OperatorId, Vec<_>> = BTreeMap::new();
        for row in &written {
            by_operator.entry(row.operator_id).or_default().push(records::number(row));
        }
        for numbers in by_operator.into_values() {
            change(tx, &Change::NumbersPut { numbers });
        }
        for row in people {
            change(tx, &Change::UserPut(records::user(row)));
        }
        if !accounts.is_empty() {
            let agents = tx.agent_list(Some(tenant)).await?;
            for row in accounts {
                let agents = agents_of(&agents, row.id);
                change(tx, &Change::QueuePut(records::queue(row, agents)));
            }
        }
        Ok(())
    }
}

/// The tenant's block for numbers that are taken back, unless the operation says otherwise.
pub(crate) async fn default_block(tx: &mut Tx, tenant: TenantId) -> Result<BlockAsk, Fail> {
    Ok(block_by(tx.number_settings_get(tenant).await?.as_ref()))
}

fn block_by(settings: Option<&NumberSettingsRow>) -> BlockAsk {
    match settings {
        Some(row) if row.block_forever => BlockAsk::Forever,
        Some(row) => row.block_days.map_or(BlockAsk::Not, BlockAsk::Days),
        None => BlockAsk::Not,
    }
}
