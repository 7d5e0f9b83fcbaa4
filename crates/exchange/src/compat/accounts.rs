//! Use cases: an operator's accounts.

use super::draft::{AccountDraft, AccountParts};
use super::filter::{self, Test};
use super::numbers::{delete_held, item_of};
use super::sync::sync;
use super::{Conditions, Listed, Read, Refused, Slice, Tagged, account_must, is_name};
use crate::act::{Fail, Keep, change_other, done, new_id, not_found, of_operator, raced};
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::compat::account::{AccountResource, AccountServiceDetails};
use api_types::{ErrorCode, Problem};
use domain::TenantId;
use numbering::E164;
use store::{Db, NumberAccountPick, NumberAccountRow, ProvisionedPick, Span};
use uuid::Uuid;

/// Numbers of an account that are tried again when it is written.
const TRIED_AGAIN: u32 = 1000;
/// Most numbers that go with their account.
const MOST_DELETED: i64 = 10_000;

fn json(services: &AccountServiceDetails) -> String {
    serde_json::to_string(services).expect("documents have text keys only")
}

pub(super) fn services_of(row: &NumberAccountRow) -> AccountServiceDetails {
    // Written by this module from the same type, so it reads back.
    serde_json::from_str(&row.services).unwrap_or_default()
}

/// The entity tag: a name that is given again must not get an old one's.
fn tag(row: &NumberAccountRow) -> String {
    format!("{:x}-{}", row.modified_at, row.version)
}

fn document(row: &NumberAccountRow, calling: i64) -> Tagged<AccountResource> {
    let mut services = services_of(row);
    services.teams_tenant_id = row.tenant_id.map(|tenant| tenant.to_string());
    if let Some(service) = &mut services.teams_operator_connect {
        service.number_count = Some(calling);
    }
    // Nothing that is not offered can be enabled on a number.
    for service in [&mut services.teams_phone_mobile, &mut services.zoom_phone_cloud_peering]
        .into_iter()
        .flatten()
    {
        service.number_count = Some(0);
    }
    if let Some(service) = &mut services.azure_operator_call_protection {
        service.number_count = Some(0);
    }
    if let Some(routing) = &mut services.teams_direct_routing {
        routing.number_count = Some(0);
        routing.subdomain_status = Some("notProvisioned".to_owned());
    }
    let body = AccountResource {
        service_provisioning_status: Some("synced".to_owned()),
        service_provisioning_errors: Vec::new(),
        name: row.name.clone(),
        correlation_id: row.correlation_id.clone(),
        service_details: Some(services),
    };
    Tagged { body, tag: tag(row), modified_at: row.modified_at }
}

fn pick(text: Option<&str>) -> Result<NumberAccountPick, Problem> {
    let mut pick = NumberAccountPick::default();
    for term in filter::parse(text)? {
        match (term.path.as_str(), &term.test) {
            ("name", Test::Is(text)) => pick.name = Some(text.clone()),
            ("name", Test::Begins(text)) => pick.name_prefix = Some(text.clone()),
            ("correlationId", Test::Is(text)) => pick.correlation_id = Some(text.clone()),
            ("serviceDetails/teamsTenantId", Test::Is(text)) => {
                let id = Uuid::parse_str(text)
                    .map_err(|_| filter::unsupported("a tenant's id is a UUID"))?;
                pick.tenant = Some(TenantId(id));
            }
            _ => return Err(term.refuse()),
        }
    }
    Ok(pick)
}

impl Exchange {
    /// The operator's accounts by name.
    ///
    /// # Errors
    /// `unsupported_filter`, `forbidden`.
    pub async fn account_list(
        &self,
        cx: &Cx,
        filter: Option<&str>,
        slice: Slice,
    ) -> Result<Listed<Tagged<AccountResource>>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let pick = pick(filter)?;
        self.view(async |mut db: Db| {
            let rows = db.number_account_page(operator, &pick, slice.span()).await?;
            let mut items = Vec::with_capacity(rows.len());
            for row in rows {
                let calling = db.provisioned_calling(row.id).await?;
                items.push(document(&row, calling));
            }
            let total = match slice.count {
                true => Some(db.number_account_count(operator, &pick).await?),
                false => None,
            };
            Ok(Listed::of(items, slice, total))
        })
        .await
    }

    /// One account, unless the conditions say that the reader has it.
    ///
    /// # Errors
    /// `not_found`, `version_mismatch`, `forbidden`.
    pub async fn account_get(
        &self,
        cx: &Cx,
        name: &str,
        conditions: &Conditions,
    ) -> Result<Read<AccountResource>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let found = self
            .view(async |mut db: Db| {
                let row = account_must(&mut db, operator, name).await?;
                let calling = db.provisioned_calling(row.id).await?;
                Ok(document(&row, calling))
            })
            .await?;
        found.for_reader(conditions)
    }

    /// Makes or replaces an account; `true` where it is new. Numbers of it that are not synced,
    /// the first 1,000 of them, are tried again.
    ///
    /// # Errors
    /// `invalid_field`, `service_not_offered`, `account_bound`, `version_mismatch`, `forbidden`.
    pub async fn account_put(
        &self,
        cx: &Cx,
        name: &str,
        draft: AccountDraft,
        conditions: &Conditions,
    ) -> Result<(Tagged<AccountResource>, bool), Refused> {
        let operator = cx.provisioning(Access::Write)?;
        draft.check(name)?;
        let draft = &draft;
        let put = self.act(cx, "account.put", Keep::Answer, async |mut tx| {
            tx.number_account_hold(operator, name).await?;
            let before = tx.number_account_get(operator, name).await?;
            let calling = match &before {
                Some(row) => tx.provisioned_calling(row.id).await?,
                None => 0,
            };
            let current = before.as_ref().map(|row| document(row, calling).current());
            conditions.check(current.as_ref(), false)?;
            let parts = draft.clone().over(before.as_ref().map(|row| AccountParts {
                correlation_id: row.correlation_id.clone(),
                tenant: row.tenant_id.map(|tenant| tenant.0),
                services: services_of(row),
            }));
            let tenant_id = parts.tenant.map(TenantId);
            // Numbers of an account that names no tenant are in no inventory yet.
            if let Some(before) = &before
                && before.tenant_id.is_some()
                && before.tenant_id != tenant_id
                && calling > 0
            {
                let reason = format!("it has {calling} Operator Connect numbers");
                let field = Some("/serviceDetails/teamsTenantId");
                return Err(ErrorCode::AccountBound.problem(field, reason).into());
            }
            let mut row = NumberAccountRow {
                id: before.as_ref().map_or_else(new_id, |row| row.id),
                operator_id: operator,
                name: name.to_owned(),
                correlation_id: parts.correlation_id,
                tenant_id,
                services: json(&parts.services),
                modified_at: tx.at(),
                version: before.as_ref().map_or(1, |row| row.version),
            };
            if before.is_some() {
                raced(tx.number_account_update(&row, row.version).await?)?;
                row.version += 1;
                let waiting = tx.provisioned_waiting(row.id, TRIED_AGAIN).await?;
                if !waiting.is_empty() {
                    let items = waiting.into_iter().map(item_of).collect();
                    sync(&mut tx, &row, &parts.services, items).await?;
                }
            } else {
                tx.number_account_insert(&row).await?;
            }
            change_other(&mut tx, "account", row.id, of_operator(operator));
            let answer = (document(&row, calling), before.is_none());
            done(answer, row.id)
        });
        Ok(put.await?)
    }

    /// Removes an account, on demand with its numbers, none of which may be assigned.
    ///
    /// # Errors
    /// `account_not_empty`, `still_assigned`, `not_found`, `version_mismatch`, `forbidden`.
    pub async fn account_delete(
        &self,
        cx: &Cx,
        name: &str,
        with_numbers: bool,
        conditions: &Conditions,
    ) -> Result<(), Problem> {
        let operator = cx.provisioning(Access::Delete)?;
        if !is_name(name) {
            return Err(not_found("account", name.escape_default()));
        }
        self.act(cx, "account.delete", Keep::Answer, async |mut tx| {
            tx.number_account_hold(operator, name).await?;
            let row = account_must(&mut tx, operator, name).await?;
            conditions.check(Some(&document(&row, 0).current()), false)?;
            let count = tx.provisioned_all(row.id).await?;
            let most = if with_numbers { MOST_DELETED } else { 0 };
            if count > most {
                let reason = match with_numbers {
                    false => format!("there are {count} numbers in it"),
                    true => format!(
                        "there are {count} numbers in it; at most {MOST_DELETED} go with their account"
                    ),
                };
                return Err(Fail::Refused(ErrorCode::AccountNotEmpty.problem(None, reason)));
            }
            let pick = ProvisionedPick { account: Some(row.id), ..ProvisionedPick::default() };
            for skip in (0..u32::try_from(count).unwrap_or(0)).step_by(1000) {
                let part = tx.provisioned_page(operator, &pick, Span { skip, take: 1000 }).await?;
                let numbers: Vec<E164> = part.iter().map(|row| row.number).collect();
                delete_held(&mut tx, &row, &numbers, |_| None).await?;
            }
            tx.provisioned_delete_all(row.id).await?;
            tx.number_account_delete(row.id).await?;
            change_other(&mut tx, "account", row.id, of_operator(operator));
            done((), row.id)
        })
        .await
    }
}
