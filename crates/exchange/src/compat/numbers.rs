//! Use cases: numbers in accounts.

use super::accounts::services_of;
use super::draft::{batch, path_number, single, usual};
use super::filter::{self, Test};
use super::sync::{Item, sync};
use super::{
    Conditions, Listed, MAX_BATCH, NumberInput, Read, Refused, Slice, Tagged, account_must,
    capability, identifiers,
};
use crate::act::{Fail, Keep, change_of, change_other, done, not_found, of_both, of_operator};
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::compat::error::ErrorBody;
use api_types::compat::number::{
    NumberConfiguration, NumberIdentifiers, NumberResource, NumberServiceDetails,
};
use api_types::problem::EntryError;
use api_types::{ErrorCode, Problem};
use domain::OperatorId;
use domain::number::Usage;
use feed::change::Change;
use numbering::E164;
use std::collections::HashMap;
use store::{Db, NumberAccountRow, ProvisionedPick, ProvisionedRow, Tx, WorldNumberRow};

fn services(row: &ProvisionedRow) -> NumberServiceDetails {
    // Written by `sync` from the same type, so it reads back.
    serde_json::from_str(&row.services).unwrap_or_default()
}

/// A kept number as it is tried again.
pub(super) fn item_of(row: ProvisionedRow) -> Item {
    Item {
        number: row.number,
        services: services(&row),
        custom_header: row.custom_header,
        strip: false,
    }
}

/// The entity tag: it is another one once the tenant assigns the number, too, and a number that
/// comes again must not get an old one's.
fn tag(row: &ProvisionedRow) -> String {
    format!("{:x}-{}-{}", row.modified_at, row.version, row.held_version.unwrap_or(0))
}

fn errors(row: &ProvisionedRow) -> Vec<ErrorBody> {
    let kept: Vec<EntryError> =
        row.errors.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if row.status == "failed" && kept.is_empty() {
        let reason = format!("{} was released since it was synced", row.number);
        return vec![ErrorBody::from(&ErrorCode::NotHeld.entry(Some("telephoneNumber"), reason))];
    }
    kept.iter().map(ErrorBody::from).collect()
}

fn document(row: ProvisionedRow) -> Tagged<NumberResource> {
    let mut services = services(&row);
    let is_held = row.held_version.is_some();
    let assigned =
        row.person_id.is_some() || row.resource_account_id.is_some() || row.held_otherwise;
    if let Some(calling) = &mut services.teams_operator_connect {
        let status = if assigned { "assigned" } else { "unassigned" };
        calling.assignment_status = Some(status.to_owned());
        if calling.enabled || calling.configuration.is_some() {
            let held = row.held_usage.zip(row.held_may_update);
            let config = calling.configuration.get_or_insert_with(|| usual(held));
            // What was synced is shown as it is by now: the tenant may have set the location.
            if let (Some((usage, allow)), "synced") = (held, row.status.as_str()) {
                config.usage = usage.as_str().to_owned();
                config.allow_tenant_address_update = Some(allow);
                config.location_id = row.location_id.map(|id| id.to_string());
                config.civic_address_id = row.civic_address_id.map(|id| id.to_string());
            }
            let usage = Usage::parse(&config.usage).filter(|_| is_held);
            config.acquired_capabilities = Some(usage.map_or_else(Vec::new, |usage| {
                capability::acquired(row.number, usage, &config.choosable_capabilities)
            }));
            config.available_capabilities = Some(capability::available(row.number));
        }
    }
    let tag = tag(&row);
    let modified_at = row.modified_at.max(row.held_modified_at.unwrap_or(0));
    let body = NumberResource {
        service_provisioning_errors: errors(&row),
        service_provisioning_status: Some(row.status),
        telephone_number: row.number.to_string(),
        account_name: row.account_name,
        service_details: services,
        configuration: row
            .custom_header
            .map(|header| NumberConfiguration { custom_sip_header: Some(header) }),
    };
    Tagged { body, tag, modified_at }
}

fn pick(text: Option<&str>, of_account: bool) -> Result<ProvisionedPick, Problem> {
    let mut pick = ProvisionedPick::default();
    for term in filter::parse(text)? {
        match (term.path.as_str(), &term.test) {
            ("telephoneNumber", Test::Is(text)) => {
                let number = E164::parse(text).map_err(|e| filter::unsupported(e.to_string()))?;
                pick.number = Some(number);
            }
            ("telephoneNumber", Test::Begins(text)) => {
                let digits = text.strip_prefix('+').filter(|digits| {
                    digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit())
                });
                let digits = digits.ok_or_else(|| {
                    filter::unsupported("a number begins with + and up to 15 digits")
                })?;
                pick.prefix = Some(digits.to_owned());
            }
            ("accountName", Test::Is(text)) if !of_account => {
                pick.account_name = Some(text.clone());
            }
            ("serviceProvisioningStatus", Test::Is(text)) => pick.status = Some(text.clone()),
            ("serviceDetails/teamsOperatorConnect/enabled", Test::IsTrue(enabled)) => {
                pick.calling = Some(*enabled)
            }
            ("serviceDetails/teamsOperatorConnect/assignmentStatus", Test::Is(text)) => {
                pick.assigned = Some(match text.as_str() {
                    "assigned" => true,
                    "unassigned" => false,
                    _ => return Err(filter::unsupported("assigned or unassigned")),
                });
            }
            ("serviceDetails/teamsOperatorConnect/configuration/usage", Test::Is(text)) => {
                let usage = Usage::parse(text)
                    .ok_or_else(|| filter::unsupported(crate::numbers::USAGES))?;
                pick.usage = Some(usage);
            }
            _ => return Err(term.refuse()),
        }
    }
    Ok(pick)
}

async fn provisioned_must(
    db: &mut Db,
    operator: OperatorId,
    account: &NumberAccountRow,
    number: E164,
) -> Result<ProvisionedRow, Fail> {
    let row = db.provisioned_get(operator, number).await?;
    let row = row.filter(|row| row.account_id == account.id);
    Ok(row.ok_or_else(|| not_found("number", number))?)
}

/// Takes numbers of an account out of the inventory, where they are there; none may be assigned.
/// `field` names the entry to blame.
pub(super) async fn delete_held(
    tx: &mut Tx,
    account: &NumberAccountRow,
    numbers: &[E164],
    field: impl Fn(E164) -> Option<String>,
) -> Result<(), Fail> {
    let Some(tenant) = account.tenant_id else { return Ok(()) };
    crate::freezes::check(tx, Some(tenant)).await?;
    tx.consent_share(tenant, account.operator_id).await?;
    let held: HashMap<E164, WorldNumberRow> = tx
        .numbers_held(numbers)
        .await?
        .into_iter()
        .filter(|row| row.operator_id == account.operator_id && row.tenant_id == tenant)
        .map(|row| (row.number, row))
        .collect();
    for row in held.values() {
        if row.is_assigned() {
            let reason = format!("{} is assigned", row.number);
            let field = field(row.number);
            return Err(ErrorCode::StillAssigned.problem(field.as_deref(), reason).into());
        }
    }
    let mut gone: Vec<E164> = held.into_keys().collect();
    gone.sort_unstable();
    if !gone.is_empty() {
        crate::disputes::take_out(tx, account.operator_id, &gone).await?;
        let owner = of_both(tenant, account.operator_id);
        change_of(tx, &Change::NumbersRemoved { numbers: gone }, owner);
    }
    Ok(())
}

impl Exchange {
    /// Numbers of an account, or of all the operator's; `number` narrows to one.
    ///
    /// # Errors
    /// `not_found` for the account; `unsupported_filter`, `invalid_number`, `forbidden`.
    pub async fn account_number_list(
        &self,
        cx: &Cx,
        account: Option<&str>,
        number: Option<&str>,
        filter: Option<&str>,
        slice: Slice,
    ) -> Result<Listed<Tagged<NumberResource>>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let mut pick = pick(filter, account.is_some())?;
        if let Some(number) = number {
            pick.number = Some(E164::parse(number).map_err(|error| {
                let reason = format!("{number:?}: {error}");
                ErrorCode::InvalidParameter.problem(Some("number"), reason)
            })?);
        }
        self.view(async |mut db: Db| {
            let mut pick = pick.clone();
            if let Some(account) = account {
                pick.account = Some(account_must(&mut db, operator, account).await?.id);
            }
            let rows = db.provisioned_page(operator, &pick, slice.span()).await?;
            let total = match slice.count {
                true => Some(db.provisioned_count(operator, &pick).await?),
                false => None,
            };
            Ok(Listed::of(rows.into_iter().map(document).collect(), slice, total))
        })
        .await
    }

    /// One number, unless the conditions say that the reader has it.
    ///
    /// # Errors
    /// `not_found`, `invalid_number`, `version_mismatch`, `forbidden`.
    pub async fn account_number_get(
        &self,
        cx: &Cx,
        account: &str,
        number: &str,
        conditions: &Conditions,
    ) -> Result<Read<NumberResource>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let number = path_number(number)?;
        let found = self
            .view(async |mut db: Db| {
                let account = account_must(&mut db, operator, account).await?;
                provisioned_must(&mut db, operator, &account, number).await
            })
            .await?;
        document(found).for_reader(conditions)
    }

    /// Makes or replaces one number; `true` where it is new.
    ///
    /// # Errors
    /// As [`Exchange::account_number_batch`], and `version_mismatch`.
    pub async fn account_number_put(
        &self,
        cx: &Cx,
        account: &str,
        number: &str,
        input: NumberInput,
        conditions: &Conditions,
    ) -> Result<(Tagged<NumberResource>, bool), Refused> {
        let operator = cx.provisioning(Access::Write)?;
        let number = path_number(number)?;
        let draft = single(account, number, input)?;
        let draft = &draft;
        let put = self.act(cx, "account_number.put", Keep::Answer, async |mut tx| {
            tx.number_account_hold(operator, account).await?;
            let account = account_must(&mut tx, operator, account).await?;
            let before = tx.provisioned_get(operator, number).await?;
            elsewhere(before.as_ref(), &account, None)?;
            let current = before.clone().map(|row| document(row).current());
            conditions.check(current.as_ref(), false)?;
            let items = vec![Item {
                number,
                services: draft.over(before.as_ref().map(services)),
                custom_header: draft.custom_header.clone(),
                strip: draft.strip,
            }];
            sync(&mut tx, &account, &services_of(&account), items).await?;
            let row = provisioned_must(&mut tx, operator, &account, number).await?;
            change_other(&mut tx, "account", account.id, of_operator(operator));
            done((document(row), before.is_none()), number)
        });
        Ok(put.await?)
    }

    /// Makes or replaces 1 to 100 numbers. They are taken all or none; each then syncs or fails
    /// alone.
    ///
    /// # Errors
    /// `invalid_field`, `invalid_number`, `duplicate_entry`, `service_not_offered`,
    /// `in_other_account` name the entry; `not_found` for the account; `forbidden`.
    pub async fn account_number_batch(
        &self,
        cx: &Cx,
        account: &str,
        inputs: Vec<NumberInput>,
    ) -> Result<Vec<Tagged<NumberResource>>, Refused> {
        let operator = cx.provisioning(Access::Write)?;
        let drafts = batch(account, inputs)?;
        let drafts = &drafts;
        let put = self.act(cx, "account_number.batch", Keep::Answer, async |mut tx| {
            tx.number_account_hold(operator, account).await?;
            let account = account_must(&mut tx, operator, account).await?;
            let mut items = Vec::with_capacity(drafts.len());
            for (at, draft) in drafts.iter().enumerate() {
                let before = tx.provisioned_get(operator, draft.number).await?;
                elsewhere(before.as_ref(), &account, Some(at))?;
                items.push(Item {
                    number: draft.number,
                    services: draft.over(before.as_ref().map(services)),
                    custom_header: draft.custom_header.clone(),
                    strip: draft.strip,
                });
            }
            sync(&mut tx, &account, &services_of(&account), items).await?;
            let mut answer = Vec::with_capacity(drafts.len());
            for draft in drafts {
                let row = provisioned_must(&mut tx, operator, &account, draft.number).await?;
                answer.push(document(row));
            }
            change_other(&mut tx, "account", account.id, of_operator(operator));
            done(answer, account.id)
        });
        Ok(put.await?)
    }

    /// Removes one number that nobody is assigned.
    ///
    /// # Errors
    /// `not_found`, `still_assigned`, `invalid_number`, `version_mismatch`, `forbidden`.
    pub async fn account_number_delete(
        &self,
        cx: &Cx,
        account: &str,
        number: &str,
        conditions: &Conditions,
    ) -> Result<(), Problem> {
        let operator = cx.provisioning(Access::Delete)?;
        let number = path_number(number)?;
        self.act(cx, "account_number.delete", Keep::Answer, async |mut tx| {
            tx.number_account_hold(operator, account).await?;
            let account = account_must(&mut tx, operator, account).await?;
            let row = provisioned_must(&mut tx, operator, &account, number).await?;
            conditions.check(Some(&document(row).current()), false)?;
            delete_held(&mut tx, &account, &[number], |_| None).await?;
            tx.provisioned_delete(operator, number).await?;
            change_other(&mut tx, "account", account.id, of_operator(operator));
            done((), number)
        })
        .await
    }

    /// Removes 1 to 100 numbers, all or none.
    ///
    /// # Errors
    /// `not_found`, `still_assigned`, `invalid_number`, `duplicate_entry` name the entry;
    /// `forbidden`.
    pub async fn account_number_batch_delete(
        &self,
        cx: &Cx,
        account: &str,
        asked: NumberIdentifiers,
    ) -> Result<(), Refused> {
        let operator = cx.provisioning(Access::Delete)?;
        let numbers = identifiers(&asked, MAX_BATCH)?;
        let numbers = &numbers;
        let field = |number: E164| {
            let at = numbers.iter().position(|other| *other == number)?;
            Some(format!("/numbers/{at}/telephoneNumber"))
        };
        let field = &field;
        let gone = self.act(cx, "account_number.batch_delete", Keep::Answer, async |mut tx| {
            tx.number_account_hold(operator, account).await?;
            let account = account_must(&mut tx, operator, account).await?;
            for number in numbers {
                let row = tx.provisioned_get(operator, *number).await?;
                if row.is_none_or(|row| row.account_id != account.id) {
                    let problem = not_found("number", number);
                    return Err(Problem { field: field(*number), ..problem }.into());
                }
            }
            delete_held(&mut tx, &account, numbers, field).await?;
            for number in numbers {
                tx.provisioned_delete(operator, *number).await?;
            }
            change_other(&mut tx, "account", account.id, of_operator(operator));
            done((), account.id)
        });
        Ok(gone.await?)
    }
}

/// A number is in one account of its operator at a time.
fn elsewhere(
    before: Option<&ProvisionedRow>,
    account: &NumberAccountRow,
    at: Option<usize>,
) -> Result<(), Problem> {
    match before.filter(|row| row.account_id != account.id) {
        None => Ok(()),
        Some(row) => {
            let field = at.map_or_else(
                || "/telephoneNumber".to_owned(),
                |at| format!("/numbers/{at}/telephoneNumber"),
            );
            let reason = format!("{} is in the account {}", row.number, row.account_name);
            Err(ErrorCode::InOtherAccount.problem(Some(&field), reason))
        }
    }
}
