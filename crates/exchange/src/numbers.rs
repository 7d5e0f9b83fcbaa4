//! Use cases: numbers and their assignment.

use crate::act::{
    Fail, Keep, change, change_other, cursor, done, invalid, limit, matches, not_found, now,
    of_tenant, page, raced, store_problem, time,
};
use crate::authz::Access;
use crate::bulk::default_block;
use crate::listing::{Narrowed, Wanted, starting};
use crate::people::agents_of;
use crate::placing::Former;
use crate::{Cx, Exchange, ListQuery, NumberFilter, lines, records};
use api_types::number::{
    AssignmentBlockPut, AssignmentPut, Number, NumberSettings, NumberSettingsPut, NumberTag,
    TagsPut,
};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Page, Problem};
use domain::assign::{
    AssignNumber, AssignRefusal, Assignee, HoldRefusal, OtherHolder, check, check_unassign,
};
use domain::block::{self, Block, BlockAsk, BlockRefusal, after_unassign};
use domain::consent::ConsentStatus;
use domain::line::AssignmentCategory;
use domain::number::{NumberType, Usage};
use domain::order::{NumberState, OrderKind, Trace};
use domain::tag::{self, MAX_TAGS, Tag};
use domain::{LocationId, ResourceAccountId, TenantId, UserId};
use feed::change::Change;
use numbering::{Country, E164};
use std::collections::{BTreeMap, HashMap};
use store::listing::{
    Demand, Key, Listing, NUMBER_ASSIGNED, NUMBER_CATEGORY, NUMBER_COUNTRY, NUMBER_NUMBER,
    NUMBER_OPERATOR, NUMBER_STATUS, NUMBER_TAG, NUMBER_USAGE, NUMBERS_OF_OPERATOR,
    NUMBERS_OF_TENANT, Test,
};
use store::{AccountRow, Db, NumberRow, NumberSettingsRow, Tx};
use uuid::Uuid;

/// Calls can be routed to the number (operator-connect.md 1.7).
pub(crate) const ACTIVATED: &str = "Activated";

/// What an act may change of a number.
pub(crate) fn state_of(row: &NumberRow) -> NumberState {
    NumberState {
        person: row.person_id,
        account: row.account_id,
        other: row.other_holder(),
        category: row.category,
        location: row.location_id,
        usage: row.usage,
        profile: row.profile_id,
        tenant_may_update_location: row.tenant_may_update_location,
        block: block_of(row),
    }
}

/// Changes it in the row.
pub(crate) const fn put_state(row: &mut NumberRow, state: &NumberState) {
    row.person_id = state.person;
    row.account_id = state.account;
    row.category = state.category;
    row.location_id = state.location;
    row.usage = state.usage;
    row.profile_id = state.profile;
    row.tenant_may_update_location = state.tenant_may_update_location;
    (row.blocked_forever, row.blocked_until) = match state.block {
        Block::None => (false, None),
        Block::Until(end) => (false, Some(end)),
        Block::Forever => (true, None),
    };
}

pub(crate) fn block_of(row: &NumberRow) -> Block {
    match (row.blocked_forever, row.blocked_until) {
        (true, _) => Block::Forever,
        (false, Some(end)) => Block::Until(end),
        (false, None) => Block::None,
    }
}

/// A number as it is shown; its tags go in order.
pub(crate) fn number_document(row: NumberRow, tags: Vec<String>) -> Number {
    let (blocked, until) = match block_of(&row).at(now()) {
        Block::None => ("NotBlocked", None),
        Block::Until(end) => ("BlockedUntil", Some(time(end))),
        Block::Forever => ("BlockedForever", None),
    };
    let status = match (row.person_id, row.account_id) {
        (Some(_), _) => "UserAssigned",
        (_, Some(_)) => "VoiceApplicationAssigned",
        _ => match row.other_holder() {
            Some(OtherHolder::Bridge) => "ConferenceAssigned",
            Some(OtherHolder::Policy) => "PolicyAssigned",
            None => "Unassigned",
        },
    };
    let kind = NumberType::of(row.operator_id);
    let (operator_name, support_owner) = match kind {
        NumberType::OperatorConnect => (row.operator_name, "operator"),
        NumberType::DirectRouting => (DIRECT_ROUTING.to_owned(), "tenant"),
    };
    Number {
        number: row.number.to_string(),
        tenant_id: row.tenant_id.0,
        operator_id: row.operator_id.0,
        operator_name,
        number_type: kind.as_str().to_owned(),
        support_owner: support_owner.to_owned(),
        calling_profile_id: row.profile_id.0,
        country: row.country.to_string(),
        usage: row.usage.as_str().to_owned(),
        activation_state: row.activation_state,
        assignment_status: status.to_owned(),
        assigned_to_id: row
            .person_id
            .map(|p| p.0)
            .or(row.account_id.map(|a| a.0))
            .or(row.bridge_id.map(|b| b.0))
            .or(row.policy_id.map(|p| p.0)),
        assigned_to_name: row.assigned_name,
        assignment_category: row.person_id.map(|_| row.category.as_str().to_owned()),
        location_id: row.location_id.map(|l| l.0),
        location_update_supported: row.tenant_may_update_location,
        tags,
        assignment_blocked_state: blocked.to_owned(),
        assignment_blocked_until: until,
        acquired_at: time(row.acquired_at),
        version: row.version,
    }
}

/// Stands where other numbers have their operator's name.
const DIRECT_ROUTING: &str = "Direct Routing";

/// The consent by which a number is in the inventory: a Direct Routing number needs none.
pub(crate) fn consent_of(row: &NumberRow, consent: Option<ConsentStatus>) -> ConsentStatus {
    match NumberType::of(row.operator_id) {
        NumberType::DirectRouting => ConsentStatus::Active,
        NumberType::OperatorConnect => consent.unwrap_or(ConsentStatus::Removed),
    }
}

/// The tags of one number.
async fn tags_of(db: &mut Db, number: E164) -> Result<Vec<String>, Fail> {
    Ok(db.tags_of(&[number]).await?.into_iter().map(|row| row.name).collect())
}

/// What the parameters beside `filter` demand.
fn demands(filter: NumberFilter) -> Result<Vec<Demand>, Problem> {
    let parameter =
        |name: &'static str, reason: &str| ErrorCode::InvalidParameter.problem(Some(name), reason);
    let mut demands = Vec::new();
    let mut demand = |field, test| demands.push(Demand { field, test });
    match filter.prefix.as_deref() {
        None | Some("" | "+") => {}
        Some(prefix) => {
            let ranges = starting(prefix)
                .ok_or_else(|| parameter("prefix", "a prefix is + and up to 15 digits"))?;
            demand(&NUMBER_NUMBER, Test::Within(ranges));
        }
    }
    if let Some(status) = filter.status {
        if !STATUSES.contains(&&*status) {
            let reason = format!("a status is one of {}", STATUSES.join(", "));
            return Err(parameter("status", &reason));
        }
        demand(&NUMBER_STATUS, Test::Is(Key::Text(status)));
    }
    if let Some(text) = filter.usage {
        let usage = Usage::parse(&text).ok_or_else(|| parameter("usage", USAGES))?;
        demand(&NUMBER_USAGE, Test::Is(Key::Text(usage.as_str().to_owned())));
    }
    if let Some(category) = lines::category("category", filter.category.as_deref())? {
        demand(&NUMBER_CATEGORY, Test::Is(Key::Text(category.as_str().to_owned())));
    }
    if let Some(text) = filter.country {
        let country = Country::parse(&text).map_err(|e| parameter("country", &e.to_string()))?;
        demand(&NUMBER_COUNTRY, Test::Is(Key::Text(country.to_string())));
    }
    if let Some(operator) = filter.operator_id {
        demand(&NUMBER_OPERATOR, Test::Is(Key::Id(operator)));
    }
    if let Some(tag) = filter.tag {
        let tag = Tag::parse(&tag).map_err(|e| parameter("tag", &e.to_string()))?;
        demand(&NUMBER_TAG, Test::Is(Key::Text(tag.folded)));
    }
    if let Some(assigned) = filter.assigned_to_id {
        demand(&NUMBER_ASSIGNED, Test::Is(Key::Id(assigned)));
    }
    Ok(demands)
}

/// What `status=` may be.
const STATUSES: [&str; 5] = [
    "Unassigned",
    "UserAssigned",
    "VoiceApplicationAssigned",
    "ConferenceAssigned",
    "PolicyAssigned",
];

/// What a usage may be, in words.
pub(crate) const USAGES: &str =
    "a usage is CallingUserAssignment, FirstPartyAppAssignment or ConferenceAssignment";

/// A refused assignment with its code and the field of the document to blame.
pub(crate) const fn assign_code(refusal: AssignRefusal) -> (ErrorCode, Option<&'static str>) {
    match refusal {
        AssignRefusal::NotActivated => (ErrorCode::NotActivated, None),
        AssignRefusal::AlreadyAssigned => (ErrorCode::AlreadyAssigned, None),
        AssignRefusal::Blocked => (ErrorCode::NumberBlocked, None),
        AssignRefusal::ConsentNotActive => (ErrorCode::ConsentNotActive, None),
        AssignRefusal::WrongUsage(_) => (ErrorCode::WrongUsage, None),
        AssignRefusal::UserUnlicensed => (ErrorCode::UserUnlicensed, Some("/user_id")),
        AssignRefusal::AccountUnlicensed => {
            (ErrorCode::AccountUnlicensed, Some("/resource_account_id"))
        }
        AssignRefusal::HasNumber => (ErrorCode::HasNumber, None),
        AssignRefusal::HasPrivate => (ErrorCode::HasNumber, Some("/category")),
        AssignRefusal::TooManyAlternates => (ErrorCode::TooManyLines, Some("/category")),
        AssignRefusal::CategoryOfPeople => (ErrorCode::InvalidField, Some("/category")),
        AssignRefusal::LocationRequired => (ErrorCode::LocationRequired, Some("/location_id")),
        AssignRefusal::LocationLocked => (ErrorCode::LocationLocked, Some("/location_id")),
        AssignRefusal::LocationCountry => (ErrorCode::LocationCountry, Some("/location_id")),
    }
}

/// What the rules of assignment want to know of a number: with the location that it would have,
/// and that location's country.
pub(crate) fn assign_facts(
    row: &NumberRow,
    consent: Option<ConsentStatus>,
    (location, country): (Option<LocationId>, Option<Country>),
    block: Block,
    now: i64,
) -> AssignNumber {
    AssignNumber {
        usage: row.usage,
        category: AssignmentCategory::Primary,
        activated: row.activation_state == ACTIVATED,
        assigned: row.is_assigned(),
        other_holder: row.other_holder(),
        blocked: block.holds(now),
        consent: consent_of(row, consent),
        location_present: location.is_some(),
        location_changes: location != row.location_id,
        tenant_may_update_location: row.tenant_may_update_location,
        location_in_country: country.is_none_or(|c| c == row.country),
    }
}

/// A number that cannot be taken back, or cannot leave.
pub(crate) fn hold_refusal(refusal: HoldRefusal) -> Problem {
    hold_code(refusal).problem(None, refusal.to_string())
}

/// The same as an entry of an order shows it.
pub(crate) fn hold_error(refusal: HoldRefusal) -> EntryError {
    hold_code(refusal).entry(Some("number"), refusal.to_string())
}

const fn hold_code(refusal: HoldRefusal) -> ErrorCode {
    match refusal {
        HoldRefusal::NotAssigned => ErrorCode::NotAssigned,
        HoldRefusal::StillAssigned => ErrorCode::StillAssigned,
        HoldRefusal::OfBridge => ErrorCode::ConferenceAssigned,
        HoldRefusal::OfPolicy => ErrorCode::PolicyAssigned,
    }
}

pub(crate) fn refusal(refusal: AssignRefusal) -> Problem {
    let (code, field) = assign_code(refusal);
    code.problem(field, refusal.to_string())
}

pub(crate) fn block_refusal(refusal: BlockRefusal) -> Problem {
    let (code, field) = match refusal {
        BlockRefusal::Which | BlockRefusal::Days => (ErrorCode::InvalidField, Some("/days")),
        BlockRefusal::AlreadyBlocked => (ErrorCode::AlreadyBlocked, None),
        BlockRefusal::NotBlocked => (ErrorCode::NotBlocked, None),
        BlockRefusal::Assigned => (ErrorCode::AlreadyAssigned, None),
    };
    code.problem(field, refusal.to_string())
}

/// A resource account, as far as they care.
pub(crate) fn account_facts(row: &AccountRow) -> Assignee {
    let licensed = row.licences.0.iter().any(|l| l == records::RESOURCE_ACCOUNT);
    Assignee::ResourceAccount { licensed, has_number: row.number.is_some() }
}

/// Whom a number is given to.
#[derive(Clone, Copy)]
pub(crate) enum To {
    User(UserId),
    Account(ResourceAccountId),
}

impl To {
    /// Who has it.
    pub(crate) fn of(row: &NumberRow) -> Option<Self> {
        match (row.person_id, row.account_id) {
            (Some(person), _) => Some(Self::User(person)),
            (_, Some(account)) => Some(Self::Account(account)),
            _ => None,
        }
    }

    fn parse(put: &AssignmentPut) -> Result<Self, Problem> {
        match (put.user_id, put.resource_account_id) {
            (Some(user), None) => Ok(Self::User(UserId(user))),
            (None, Some(account)) => Ok(Self::Account(ResourceAccountId(account))),
            _ => Err(ErrorCode::InvalidField.problem(
                Some("/user_id"),
                "an assignment names exactly one of user_id and resource_account_id",
            )),
        }
    }

    /// Keeps others from giving the assignee a number meanwhile, and tells what
    /// the rules want to know.
    pub(crate) async fn lock(
        self,
        tx: &mut Tx,
        tenant: TenantId,
        number: E164,
    ) -> Result<Assignee, Fail> {
        match self {
            Self::User(id) => {
                tx.person_touch(tenant, id).await?;
                let row = tx.person_get(tenant, id).await?.ok_or_else(|| {
                    let reason = format!("no user {id} in this tenant");
                    ErrorCode::UnknownUser.problem(Some("/user_id"), reason)
                })?;
                Ok(lines::user_facts(&row, number))
            }
            Self::Account(id) => {
                tx.account_touch(tenant, id).await?;
                let row = tx.account_get(tenant, id).await?.ok_or_else(|| {
                    let reason = format!("no resource account {id} in this tenant");
                    ErrorCode::UnknownAccount.problem(Some("/resource_account_id"), reason)
                })?;
                Ok(account_facts(&row))
            }
        }
    }

    /// The assignee's record with its number as it is now.
    pub(crate) async fn change(self, tx: &mut Tx, tenant: TenantId) -> Result<(), Fail> {
        match self {
            Self::User(id) => {
                if let Some(row) = tx.person_get(tenant, id).await? {
                    change(tx, &Change::UserPut(records::user(&row)));
                }
            }
            Self::Account(id) => {
                if let Some(row) = tx.account_get(tenant, id).await? {
                    let agents = agents_of(&tx.agent_list(Some(tenant)).await?, id);
                    change(tx, &Change::QueuePut(records::queue(&row, agents)));
                }
            }
        }
        Ok(())
    }
}

/// A number of the tenant. Another tenant's is not there.
async fn number_must(db: &mut Db, tenant: TenantId, number: E164) -> Result<NumberRow, Fail> {
    let row = db.number_get(number).await?.filter(|row| row.tenant_id == tenant);
    Ok(row.ok_or_else(|| not_found("number", number))?)
}

/// Takes the locks of an assignment in the order every writer takes them:
/// consent, number, assignee.
pub(crate) async fn number_locked(
    tx: &mut Tx,
    tenant: TenantId,
    number: E164,
) -> Result<(NumberRow, Option<ConsentStatus>), Fail> {
    let row = number_must(tx, tenant, number).await?;
    tx.consent_share(tenant, row.operator_id).await?;
    tx.number_lock(number).await?;
    let row = number_must(tx, tenant, number).await?;
    let consent = tx.consent_get(tenant, row.operator_id).await?;
    Ok((row, consent.map(|c| c.status)))
}

/// Writes a number's new state, and tells of it.
async fn save(tx: &mut Tx, before: &NumberRow, state: &NumberState) -> Result<NumberRow, Fail> {
    let mut row = before.clone();
    put_state(&mut row, state);
    let at = tx.at();
    raced(tx.numbers_write(std::slice::from_ref(&row), at).await? == 1)?;
    let row = number_must(tx, before.tenant_id, before.number).await?;
    let holders = (before.person_id, row.person_id);
    crate::mail::tell_of(tx, row.tenant_id, row.number, holders).await?;
    change(tx, &Change::NumbersPut { numbers: vec![records::number(&row)] });
    Ok(row)
}

/// Keeps what an assignment, or its end, found and left, so that it can be undone.
async fn remember(
    tx: &mut Tx,
    kind: OrderKind,
    before: &NumberRow,
    after: &NumberState,
) -> Result<(), Fail> {
    let trace = Trace {
        before: state_of(before),
        after: *after,
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
    };
    let former =
        Former { trace, acquired_at: before.acquired_at, country: before.country.to_string() };
    let (text, at) = (former.text().unwrap_or_default(), tx.at());
    let (number, tenant) = (before.number, before.tenant_id);
    Ok(tx.number_former_put(number, tenant, kind.as_str(), &text, at).await?)
}

/// Takes a number back from whoever has it, with the block that was asked for or the tenant's.
pub(crate) async fn take_back(
    tx: &mut Tx,
    tenant: TenantId,
    number: E164,
    block: Option<BlockAsk>,
) -> Result<NumberRow, Fail> {
    let (row, _) = number_locked(tx, tenant, number).await?;
    let from = To::of(&row);
    check_unassign(from.is_some(), row.other_holder()).map_err(hold_refusal)?;
    let from = from.ok_or_else(|| hold_refusal(HoldRefusal::NotAssigned))?;
    from.lock(tx, tenant, number).await?;
    let default = default_block(tx, tenant).await?;
    let mut state = state_of(&row);
    (state.person, state.account) = (None, None);
    state.category = AssignmentCategory::Primary;
    state.block = after_unassign(block, default, tx.at());
    remember(tx, OrderKind::Unassign, &row, &state).await?;
    let row = save(tx, &row, &state).await?;
    from.change(tx, tenant).await?;
    Ok(row)
}

fn settings_document(tenant: TenantId, row: Option<NumberSettingsRow>) -> NumberSettings {
    let row = row.unwrap_or(NumberSettingsRow {
        tenant_id: tenant,
        assignment_email: false,
        unassignment_email: false,
        block_forever: false,
        block_days: None,
        free_leavers: false,
        version: 0,
    });
    NumberSettings {
        assignment_email: row.assignment_email,
        unassignment_email: row.unassignment_email,
        assignment_blocked_forever: row.block_forever,
        assignment_blocked_days: row.block_days,
        free_numbers_of_leavers: row.free_leavers,
        version: row.version,
    }
}

impl Exchange {
    /// The tenant's numbers.
    pub async fn number_list(
        &self,
        cx: &Cx,
        filter: NumberFilter,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Number>, Problem> {
        let list = list.into();
        let tenant = cx.tenant(Access::Read)?;
        let wanted = Wanted::read(&NUMBERS_OF_TENANT, list, demands(filter)?)?;
        self.numbers(cx, &NUMBERS_OF_TENANT, tenant.0, wanted).await
    }

    /// The operator's numbers at all tenants, without the tenants' people.
    ///
    /// # Errors
    /// `invalid_parameter` names the parameter; `forbidden`.
    pub async fn operator_number_list(
        &self,
        cx: &Cx,
        filter: NumberFilter,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Number>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        if filter.assigned_to_id.is_some() {
            let reason = "an operator's numbers do not show the tenant's people";
            return Err(ErrorCode::InvalidParameter.problem(Some("assigned_to_id"), reason));
        }
        if filter.category.is_some() {
            let reason = "an operator's numbers do not show the lines of the tenant's people";
            return Err(ErrorCode::InvalidParameter.problem(Some("category"), reason));
        }
        if filter.tag.is_some() {
            let reason = "an operator's numbers do not show the tenant's tags";
            return Err(ErrorCode::InvalidParameter.problem(Some("tag"), reason));
        }
        let wanted = Wanted::read(&NUMBERS_OF_OPERATOR, list, demands(filter)?)?;
        let mut numbers = self.numbers(cx, &NUMBERS_OF_OPERATOR, operator.0, wanted).await?;
        for number in &mut numbers.items {
            number.assigned_to_id = None;
            number.assigned_to_name = None;
            number.assignment_category = None;
        }
        Ok(numbers)
    }

    async fn numbers(
        &self,
        cx: &Cx,
        list: &'static Listing,
        whose: Uuid,
        wanted: Wanted,
    ) -> Result<Page<Number>, Problem> {
        let (rows, tags) = self
            .view_as(cx, async |mut db: Db| {
                let rows = db.number_page(list, whose, &wanted.pick, wanted.rows()).await?;
                let numbers: Vec<E164> = rows.iter().map(|row| row.number).collect();
                let tags = if numbers.is_empty() || cx.actor.role.tenant().is_none() {
                    Vec::new()
                } else {
                    db.tags_of(&numbers).await?
                };
                Ok((rows, tags))
            })
            .await?;
        let mut by_number: HashMap<E164, Vec<String>> = HashMap::new();
        for row in tags {
            by_number.entry(row.number).or_default().push(row.name);
        }
        Ok(wanted.page(rows, |row| {
            let tags = by_number.remove(&row.number).unwrap_or_default();
            number_document(row, tags)
        }))
    }

    /// One number of the tenant.
    pub async fn number_get(&self, cx: &Cx, number: E164) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let seen = self.inner.store.number_seen(cx.reach(), number).await;
        let seen = seen.map_err(|error| store_problem(&error))?;
        let seen = seen.filter(|(row, _)| row.tenant_id == tenant);
        let (row, tags) = seen.ok_or_else(|| not_found("number", number))?;
        Ok(number_document(row, tags.into_iter().map(|tag| tag.name).collect()))
    }

    /// Gives a number to a person or a queue.
    pub async fn assignment_put(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
        put: AssignmentPut,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let to = To::parse(&put)?;
        let category = lines::category("/category", put.category.as_deref())?;
        self.act(cx, "number.assign", Keep::Answer, async |mut tx| {
            let (row, consent) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let assignee = to.lock(&mut tx, tenant, number).await?;
            let location = put.location_id.map(LocationId).or(row.location_id);
            let country = match location {
                None => None,
                Some(id) => {
                    let found = tx.location_get(tenant, id).await?.ok_or_else(|| {
                        let reason = format!("no location {id} in this tenant");
                        ErrorCode::UnknownLocation.problem(Some("/location_id"), reason)
                    })?;
                    Some(found.country)
                }
            };
            let block = block_of(&row);
            let facts = assign_facts(&row, consent, (location, country), block, tx.at());
            let same_holder = matches!(to, To::User(id) if row.person_id == Some(id));
            let facts = lines::as_line(facts, &row, category, same_holder);
            check(&facts, &assignee).map_err(refusal)?;
            let mut state = state_of(&row);
            (state.person, state.account) = match to {
                To::User(id) => (Some(id), None),
                To::Account(id) => (None, Some(id)),
            };
            state.category = facts.category;
            state.location = location;
            // A block that has run out is gone with it.
            state.block = Block::None;
            remember(&mut tx, OrderKind::Assign, &row, &state).await?;
            let row = save(&mut tx, &row, &state).await?;
            to.change(&mut tx, tenant).await?;
            if put.dry_run {
                tx.discard();
            }
            let tags = tags_of(&mut tx, number).await?;
            done(number_document(row, tags), number)
        })
        .await
    }

    /// Takes it back; the number keeps its location. `block` says how long it may not be given
    /// to anybody: `none`, `forever` or 1 to 365 days; left out, the tenant's default.
    pub async fn assignment_remove(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
        block: Option<&str>,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let block = match block.map(BlockAsk::parse).transpose() {
            Ok(block) => block,
            Err(refusal) => {
                let reason = format!("{refusal}; or it is none or forever");
                return Err(ErrorCode::InvalidParameter.problem(Some("block"), reason));
            }
        };
        self.act(cx, "number.unassign", Keep::Answer, async |mut tx| {
            let (row, _) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let row = take_back(&mut tx, tenant, number, block).await?;
            let tags = tags_of(&mut tx, number).await?;
            done(number_document(row, tags), number)
        })
        .await
    }

    /// Keeps a number that nobody has from being assigned.
    ///
    /// # Errors
    /// `not_found`, `already_blocked`, `already_assigned`, `invalid_field`, `version_mismatch`.
    pub async fn assignment_block_put(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
        put: AssignmentBlockPut,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let ask = BlockAsk::new(put.forever, put.days).map_err(block_refusal)?;
        self.act(cx, "number.block", Keep::Answer, async |mut tx| {
            let (row, _) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let mut state = state_of(&row);
            state.block = block::set(state.block, state.is_assigned(), ask, tx.at())
                .map_err(block_refusal)?;
            let row = save(&mut tx, &row, &state).await?;
            let tags = tags_of(&mut tx, number).await?;
            done(number_document(row, tags), number)
        })
        .await
    }

    /// Lifts a number's block.
    ///
    /// # Errors
    /// `not_found`, `not_blocked`, `version_mismatch`.
    pub async fn assignment_block_remove(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "number.unblock", Keep::Answer, async |mut tx| {
            let (row, _) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let mut state = state_of(&row);
            state.block = block::lift(state.block, tx.at()).map_err(block_refusal)?;
            let row = save(&mut tx, &row, &state).await?;
            let tags = tags_of(&mut tx, number).await?;
            done(number_document(row, tags), number)
        })
        .await
    }

    /// Replaces a number's tags.
    ///
    /// # Errors
    /// `not_found`, `invalid_tag`, `too_many_tags`, `version_mismatch`.
    pub async fn number_tags_put(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
        put: TagsPut,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let mut wanted: Vec<Tag> = Vec::new();
        for (at, text) in put.tags.iter().enumerate() {
            let tag = Tag::parse(text).map_err(|refusal| {
                let pointer = format!("/tags/{at}");
                ErrorCode::InvalidTag.problem(Some(&pointer), refusal.to_string())
            })?;
            if wanted.len() > MAX_TAGS {
                break;
            }
            if !wanted.iter().any(|other| other.folded == tag.folded) {
                wanted.push(tag);
            }
        }
        let wanted = &wanted;
        self.act(cx, "number.tag", Keep::Answer, async |mut tx| {
            let (row, _) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let has: BTreeMap<String, String> =
                tx.tags_of(&[number]).await?.into_iter().map(|t| (t.folded, t.name)).collect();
            let gone: Vec<Tag> = has
                .iter()
                .map(|(folded, name)| Tag { name: name.clone(), folded: folded.clone() })
                .collect();
            let edit = tag::edit(&has, wanted, &gone).map_err(|refusal| {
                ErrorCode::TooManyTags.problem(Some("/tags"), refusal.to_string())
            })?;
            for tag in &edit.removed {
                tx.number_tag_remove(number, &tag.folded).await?;
            }
            let mut added: Vec<&Tag> = edit.added.iter().collect();
            // Tags are made known in one order, so that two writers do not wait for each other.
            added.sort_by(|a, b| a.folded.cmp(&b.folded));
            for tag in added {
                tx.tag_put(tenant, &tag.folded, &tag.name).await?;
                tx.number_tag_add(number, tenant, &tag.folded).await?;
            }
            let row = save(&mut tx, &row, &state_of(&row)).await?;
            let tags = tags_of(&mut tx, number).await?;
            done(number_document(row, tags), number)
        })
        .await
    }

    /// The tenant's tags, with how many numbers have each.
    pub async fn tag_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<NumberTag>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (limit, after) = (limit(&list)?, cursor::<String>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.tag_list(tenant, after, limit + 1).await?))
            .await?;
        Ok(page(
            rows,
            limit,
            |row| row.folded.clone(),
            |row| NumberTag { name: row.name, numbers: row.numbers },
        ))
    }

    /// What the tenant wants done with its numbers unless an operation says otherwise.
    pub async fn number_settings_get(&self, cx: &Cx) -> Result<NumberSettings, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| Ok(db.number_settings_get(tenant).await?)).await?;
        Ok(settings_document(tenant, row))
    }

    /// Replaces it.
    ///
    /// # Errors
    /// `invalid_field`, `version_mismatch`.
    pub async fn number_settings_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: NumberSettingsPut,
    ) -> Result<NumberSettings, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let (forever, days) = (put.assignment_blocked_forever, put.assignment_blocked_days);
        if forever || days.is_some() {
            BlockAsk::new(forever, days)
                .map_err(|refusal| invalid("assignment_blocked_days", refusal.to_string()))?;
        }
        self.act(cx, "number_settings.put", Keep::Answer, async |mut tx| {
            let version = tx.number_settings_get(tenant).await?.map_or(0, |row| row.version);
            matches(if_match, version, false)?;
            let row = NumberSettingsRow {
                tenant_id: tenant,
                assignment_email: put.assignment_email,
                unassignment_email: put.unassignment_email,
                block_forever: forever,
                block_days: days,
                free_leavers: put.free_numbers_of_leavers,
                version,
            };
            raced(tx.number_settings_put(&row).await?)?;
            change_other(&mut tx, "number_settings", tenant, of_tenant(tenant));
            let row = tx.number_settings_get(tenant).await?;
            done(settings_document(tenant, row), tenant)
        })
        .await
    }
}
