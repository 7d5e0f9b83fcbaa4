//! Use cases: numbers and their assignment.

use crate::act::{Fail, Keep, change, done, matches, not_found, raced, store_problem, time};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted, starting};
use crate::people::agents_of;
use crate::{Cx, Exchange, NumberFilter, records};
use api_types::number::{AssignmentPut, Number};
use api_types::{ErrorCode, Page, Problem};
use domain::assign::{AssignNumber, AssignRefusal, Assignee, check};
use domain::consent::ConsentStatus;
use domain::number::Usage;
use domain::{LocationId, ResourceAccountId, TenantId, UserId};
use feed::change::Change;
use numbering::{Country, E164};
use store::listing::{
    Demand, Key, Listing, NUMBER_ASSIGNED, NUMBER_COUNTRY, NUMBER_NUMBER, NUMBER_OPERATOR,
    NUMBER_STATUS, NUMBER_USAGE, NUMBERS_OF_OPERATOR, NUMBERS_OF_TENANT, Test,
};
use store::{Db, NumberRow, Tx};
use uuid::Uuid;

/// Calls can be routed to the number (operator-connect.md 1.7).
pub(crate) const ACTIVATED: &str = "Activated";

fn number_document(row: NumberRow) -> Number {
    let status = match (row.person_id, row.account_id) {
        (Some(_), _) => "UserAssigned",
        (_, Some(_)) => "VoiceApplicationAssigned",
        _ => "Unassigned",
    };
    Number {
        number: row.number.to_string(),
        tenant_id: row.tenant_id.0,
        operator_id: row.operator_id.0,
        operator_name: row.operator_name,
        number_type: "OperatorConnect".to_owned(),
        calling_profile_id: row.profile_id.0,
        country: row.country.to_string(),
        usage: row.usage.as_str().to_owned(),
        activation_state: row.activation_state,
        assignment_status: status.to_owned(),
        assigned_to_id: row.person_id.map(|p| p.0).or(row.account_id.map(|a| a.0)),
        assigned_to_name: row.assigned_name,
        location_id: row.location_id.map(|l| l.0),
        location_update_supported: row.tenant_may_update_location,
        acquired_at: time(row.acquired_at),
        version: row.version,
    }
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
        if !matches!(&*status, "Unassigned" | "UserAssigned" | "VoiceApplicationAssigned") {
            let reason = "a status is Unassigned, UserAssigned or VoiceApplicationAssigned";
            return Err(parameter("status", reason));
        }
        demand(&NUMBER_STATUS, Test::Is(Key::Text(status)));
    }
    if let Some(text) = filter.usage {
        let usage = Usage::parse(&text).ok_or_else(|| parameter("usage", USAGES))?;
        demand(&NUMBER_USAGE, Test::Is(Key::Text(usage.as_str().to_owned())));
    }
    if let Some(text) = filter.country {
        let country = Country::parse(&text).map_err(|e| parameter("country", &e.to_string()))?;
        demand(&NUMBER_COUNTRY, Test::Is(Key::Text(country.to_string())));
    }
    if let Some(operator) = filter.operator_id {
        demand(&NUMBER_OPERATOR, Test::Is(Key::Id(operator)));
    }
    if let Some(assigned) = filter.assigned_to_id {
        demand(&NUMBER_ASSIGNED, Test::Is(Key::Id(assigned)));
    }
    Ok(demands)
}

/// What a usage may be, in words.
pub(crate) const USAGES: &str =
    "a usage is CallingUserAssignment, FirstPartyAppAssignment or ConferenceAssignment";

fn refusal(refusal: AssignRefusal) -> Problem {
    let (code, field) = match refusal {
        AssignRefusal::NotActivated => (ErrorCode::NotActivated, None),
        AssignRefusal::AlreadyAssigned => (ErrorCode::AlreadyAssigned, None),
        AssignRefusal::ConsentNotActive => (ErrorCode::ConsentNotActive, None),
        AssignRefusal::WrongUsage(_) => (ErrorCode::WrongUsage, None),
        AssignRefusal::UserUnlicensed => (ErrorCode::UserUnlicensed, Some("/user_id")),
        AssignRefusal::AccountUnlicensed => {
            (ErrorCode::AccountUnlicensed, Some("/resource_account_id"))
        }
        AssignRefusal::HasNumber => (ErrorCode::HasNumber, None),
        AssignRefusal::LocationRequired => (ErrorCode::LocationRequired, Some("/location_id")),
        AssignRefusal::LocationLocked => (ErrorCode::LocationLocked, Some("/location_id")),
        AssignRefusal::LocationCountry => (ErrorCode::LocationCountry, Some("/location_id")),
    };
    code.problem(field, refusal.to_string())
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
    pub(crate) async fn lock(self, tx: &mut Tx, tenant: TenantId) -> Result<Assignee, Fail> {
        match self {
            Self::User(id) => {
                tx.person_touch(tenant, id).await?;
                let row = tx.person_get(tenant, id).await?.ok_or_else(|| {
                    let reason = format!("no user {id} in this tenant");
                    ErrorCode::UnknownUser.problem(Some("/user_id"), reason)
                })?;
                let licensed = records::licensed(&row);
                Ok(Assignee::User { licensed, has_number: row.number.is_some() })
            }
            Self::Account(id) => {
                tx.account_touch(tenant, id).await?;
                let row = tx.account_get(tenant, id).await?.ok_or_else(|| {
                    let reason = format!("no resource account {id} in this tenant");
                    ErrorCode::UnknownAccount.problem(Some("/resource_account_id"), reason)
                })?;
                let licensed = row.licences.0.iter().any(|l| l == records::RESOURCE_ACCOUNT);
                Ok(Assignee::ResourceAccount { licensed, has_number: row.number.is_some() })
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
async fn number_locked(
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

async fn save(
    tx: &mut Tx,
    before: &NumberRow,
    to: Option<To>,
    location: Option<LocationId>,
) -> Result<NumberRow, Fail> {
    let (person, account) = match to {
        Some(To::User(id)) => (Some(id), None),
        Some(To::Account(id)) => (None, Some(id)),
        None => (None, None),
    };
    let (number, version) = (before.number, before.version);
    let at = tx.at();
    raced(tx.number_assign(number, version, person, account, location, at).await?)?;
    let row = number_must(tx, before.tenant_id, number).await?;
    change(tx, &Change::NumbersPut { numbers: vec![records::number(&row)] });
    Ok(row)
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
        let wanted = Wanted::read(&NUMBERS_OF_OPERATOR, list, demands(filter)?)?;
        let mut numbers = self.numbers(cx, &NUMBERS_OF_OPERATOR, operator.0, wanted).await?;
        for number in &mut numbers.items {
            number.assigned_to_id = None;
            number.assigned_to_name = None;
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
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.number_page(list, whose, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, number_document))
    }

    /// One number of the tenant.
    pub async fn number_get(&self, cx: &Cx, number: E164) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let row = self.inner.store.number_seen(cx.reach(), number).await;
        let row = row.map_err(|error| store_problem(&error))?;
        let row = row.filter(|row| row.tenant_id == tenant);
        Ok(number_document(row.ok_or_else(|| not_found("number", number))?))
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
        self.act(cx, "number.assign", Keep::Answer, async |mut tx| {
            let (row, consent) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let assignee = to.lock(&mut tx, tenant).await?;
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
            let facts = AssignNumber {
                usage: row.usage,
                activated: row.activation_state == ACTIVATED,
                assigned: row.person_id.is_some() || row.account_id.is_some(),
                consent: consent.unwrap_or(ConsentStatus::Removed),
                location_present: location.is_some(),
                location_changes: location != row.location_id,
                tenant_may_update_location: row.tenant_may_update_location,
                location_in_country: country.is_none_or(|c| c == row.country),
            };
            check(&facts, &assignee).map_err(refusal)?;
            let row = save(&mut tx, &row, Some(to), location).await?;
            to.change(&mut tx, tenant).await?;
            if put.dry_run {
                tx.discard();
            }
            done(number_document(row), number)
        })
        .await
    }

    /// Takes it back; the number keeps its location.
    pub async fn assignment_remove(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "number.unassign", Keep::Answer, async |mut tx| {
            let (row, _) = number_locked(&mut tx, tenant, number).await?;
            matches(if_match, row.version, false)?;
            let from = To::of(&row).ok_or_else(|| {
                let reason = format!("{number} is assigned to nobody");
                ErrorCode::NotAssigned.problem(None, reason)
            })?;
            from.lock(&mut tx, tenant).await?;
            let row = save(&mut tx, &row, None, row.location_id).await?;
            from.change(&mut tx, tenant).await?;
            done(number_document(row), number)
        })
        .await
    }
}
