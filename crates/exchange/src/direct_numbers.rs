//! Use cases: a tenant's Direct Routing numbers (operator-connect.md 1.8, section 5 rules 1 to 3).
//! Everything else that is done with a number is done with these as with an operator's.

use crate::act::{
    Fail, Keep, change, change_of, done, invalid, matches, not_found, of_tenant, raced,
};
use crate::authz::Access;
use crate::numbers::{ACTIVATED, number_document};
use crate::worker::country_of;
use crate::{Cx, Exchange, records};
use api_types::number::{
    DirectNumberCreate, DirectNumberResult, DirectNumbersCreate, DirectNumbersResult, Number,
};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Problem};
use domain::direct::{DirectNumber, DirectRefusal, check};
use domain::line::AssignmentCategory;
use domain::number::{NumberType, Usage};
use domain::{CallingProfileId, LocationId, OperatorId, TenantId};
use feed::change::{Change, MAX_NUMBERS_PER_CHANGE};
use numbering::{Country, E164, NumberKind, describe};
use std::collections::{HashMap, HashSet};
use store::{NumberRow, Tx, WorldNumberRow};

/// Most entries at once.
const MOST_ENTRIES: usize = MAX_NUMBERS_PER_CHANGE;

const USAGES: &str = "a usage is CallingUserAssignment or FirstPartyAppAssignment";

const fn code(refusal: DirectRefusal) -> (ErrorCode, Option<&'static str>) {
    match refusal {
        DirectRefusal::AlreadyThere | DirectRefusal::OtherType => {
            (ErrorCode::AlreadyUploaded, None)
        }
        DirectRefusal::HeldElsewhere => (ErrorCode::HeldElsewhere, None),
        DirectRefusal::InsideOperatorRange => (ErrorCode::InsideOperatorRange, None),
        DirectRefusal::TollFreeUser => (ErrorCode::TollFreeUser, None),
        DirectRefusal::UnknownLocation => (ErrorCode::UnknownLocation, Some("location_id")),
        DirectRefusal::LocationCountry => (ErrorCode::LocationCountry, Some("location_id")),
    }
}

/// An entry as far as it can be understood by itself.
struct Parsed {
    number: E164,
    usage: Usage,
    location: Option<LocationId>,
    country: Country,
    toll_free: bool,
    known_range: bool,
}

fn parse(all: &DirectNumbersCreate, entry: &DirectNumberCreate) -> Result<Parsed, EntryError> {
    let number = E164::parse(entry.number.trim())
        .map_err(|error| ErrorCode::InvalidNumber.entry(Some("number"), error.to_string()))?;
    let usage = match entry.usage.as_ref().or(all.usage.as_ref()) {
        None => Usage::CallingUserAssignment,
        Some(text) => Usage::parse(text)
            .ok_or_else(|| ErrorCode::InvalidField.entry(Some("usage"), USAGES))?,
    };
    let told = describe(number);
    Ok(Parsed {
        number,
        usage,
        location: entry.location_id.or(all.location_id).map(LocationId),
        country: country_of(number, entry.country.as_deref())?,
        toll_free: told.kind == NumberKind::TollFree,
        known_range: told.known_range,
    })
}

async fn checked(
    tx: &mut Tx,
    tenant: TenantId,
    p: &Parsed,
    held: &HashMap<E164, WorldNumberRow>,
    locations: &HashMap<LocationId, Country>,
) -> Result<Result<NumberRow, EntryError>, Fail> {
    let place = p.location.map(|id| locations.get(&id));
    let facts = DirectNumber {
        usage: p.usage,
        toll_free: p.toll_free,
        in_operator_range: tx.range_overlapping(p.number, p.number).await?.is_some(),
        held_by: held.get(&p.number).map(|row| (row.operator_id, row.tenant_id)),
        location_known: place.is_none_or(|found| found.is_some()),
        location_in_country: place.flatten().is_none_or(|country| *country == p.country),
    };
    if let Err(refusal) = check(&facts, tenant) {
        let (code, field) = code(refusal);
        return Ok(Err(code.entry(field, refusal.to_string())));
    }
    Ok(Ok(NumberRow {
        number: p.number,
        tenant_id: tenant,
        operator_id: OperatorId::DIRECT_ROUTING,
        operator_name: String::new(),
        profile_id: CallingProfileId::DIRECT_ROUTING,
        country: p.country,
        usage: p.usage,
        activation_state: ACTIVATED.to_owned(),
        location_id: p.location,
        tenant_may_update_location: true,
        person_id: None,
        category: AssignmentCategory::Primary,
        account_id: None,
        bridge_id: None,
        policy_id: None,
        assigned_name: None,
        move_id: None,
        blocked_forever: false,
        blocked_until: None,
        acquired_at: tx.at(),
        version: 1,
    }))
}

impl Exchange {
    /// Adds Direct Routing numbers, each of which succeeds or fails alone. A number is in the
    /// inventory once, whatever its type, and not where an operator declared the range.
    ///
    /// # Errors
    /// `no_entries`, `too_many_entries`, `forbidden`.
    pub async fn direct_numbers_create(
        &self,
        cx: &Cx,
        new: DirectNumbersCreate,
    ) -> Result<DirectNumbersResult, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        if new.entries.is_empty() {
            return Err(ErrorCode::NoEntries.problem(Some("/entries"), "there is none"));
        }
        if new.entries.len() > MOST_ENTRIES {
            let reason = format!("{} entries, at most {MOST_ENTRIES}", new.entries.len());
            return Err(ErrorCode::TooManyEntries.problem(Some("/entries"), reason));
        }
        if new.usage.as_deref().is_some_and(|usage| Usage::parse(usage).is_none()) {
            return Err(invalid("usage", USAGES));
        }
        self.act(cx, "number.add", Keep::Answer, async |mut tx| {
            let mut locations = HashMap::new();
            let named = new.entries.iter().filter_map(|entry| entry.location_id);
            for id in named.chain(new.location_id).map(LocationId).collect::<HashSet<_>>() {
                if let Some(found) = tx.location_get(tenant, id).await? {
                    locations.insert(id, found.country);
                }
            }
            let parsed: Vec<_> = new.entries.iter().map(|entry| parse(&new, entry)).collect();
            let numbers: Vec<E164> = parsed.iter().flatten().map(|p| p.number).collect();
            // Whether somebody else has them; whose they are is not told.
            tx.reach_all().await?;
            let held = tx.numbers_held(&numbers).await?;
            let held: HashMap<_, _> = held.into_iter().map(|row| (row.number, row)).collect();
            let mut good: Vec<NumberRow> = Vec::new();
            let mut seen = HashSet::new();
            let mut entries = Vec::with_capacity(parsed.len());
            for (entry, parsed) in new.entries.iter().zip(parsed) {
                let mut warning = None;
                let result = match parsed {
                    Err(error) => Err(error),
                    Ok(p) if !seen.insert(p.number) => {
                        let reason = format!("{} is named twice", p.number);
                        Err(ErrorCode::DuplicateEntry.entry(Some("number"), reason))
                    }
                    Ok(p) => {
                        warning = (!p.known_range).then(|| {
                            format!("{} lies in no range that libphonenumber knows", p.number)
                        });
                        checked(&mut tx, tenant, &p, &held, &locations).await?
                    }
                };
                let error = match result {
                    Ok(row) => {
                        good.push(row);
                        None
                    }
                    Err(error) => Some(error),
                };
                entries.push(DirectNumberResult {
                    number: entry.number.clone(),
                    status: if error.is_none() { "success" } else { "error" }.to_owned(),
                    warning: warning.filter(|_| error.is_none()),
                    error,
                });
            }
            let succeeded = good.len() as u32;
            if !good.is_empty() {
                // Whoever took one of them since they were looked at is seen on the next run.
                raced(tx.numbers_insert(&good).await? == good.len() as u64)?;
                let numbers = good.iter().map(records::number).collect();
                change(&mut tx, &Change::NumbersPut { numbers });
            }
            if new.dry_run || good.is_empty() {
                tx.discard();
            }
            let failed = entries.len() as u32 - succeeded;
            done(DirectNumbersResult { dry_run: new.dry_run, succeeded, failed, entries }, tenant)
        })
        .await
    }

    /// Removes a Direct Routing number that nobody is assigned.
    ///
    /// # Errors
    /// `not_direct_routing`, `still_assigned`, `version_mismatch`, `not_found`, `forbidden`.
    pub async fn direct_number_remove(
        &self,
        cx: &Cx,
        number: E164,
        if_match: Option<i64>,
    ) -> Result<Number, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "number.remove", Keep::Answer, async |mut tx| {
            tx.number_lock(number).await?;
            let row = tx.number_get(number).await?.filter(|row| row.tenant_id == tenant);
            let row = row.ok_or_else(|| not_found("number", number))?;
            matches(if_match, row.version, false)?;
            if NumberType::of(row.operator_id) != NumberType::DirectRouting {
                let reason = format!("{number} is {}'s", row.operator_name);
                return Err(ErrorCode::NotDirectRouting.problem(None, reason).into());
            }
            if row.is_assigned() {
                let reason = format!("{number} is assigned");
                return Err(ErrorCode::StillAssigned.problem(None, reason).into());
            }
            let tags = tx.tags_of(&[number]).await?.into_iter().map(|tag| tag.name).collect();
            raced(tx.numbers_delete(&[number]).await? == 1)?;
            let removed = Change::NumbersRemoved { numbers: vec![number] };
            change_of(&mut tx, &removed, of_tenant(tenant));
            done(number_document(row, tags), number)
        })
        .await
    }
}
