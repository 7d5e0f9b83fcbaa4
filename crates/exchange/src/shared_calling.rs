//! What a shared calling policy refers to: the account by whose number people call, and numbers for
//! their emergency calls (operator-connect.md 1.13).

use crate::act::{Fail, change, raced};
use crate::numbers::{ACTIVATED, block_of, consent_of};
use crate::policies::account_must;
use crate::records;
use api_types::{ErrorCode, Problem};
use domain::consent::ConsentStatus;
use domain::number::NumberType;
use domain::policy::{
    PolicyBody, SharedCalling, SharedNumber, SharedRefusal, check_account, check_emergency_number,
};
use domain::{OperatorId, PolicyId, TenantId};
use feed::change::Change;
use numbering::E164;
use std::collections::BTreeMap;
use store::{Db, NumberRow, Tx};

const ACCOUNT: &str = "/settings/resource_account_id";

fn facts(row: &NumberRow, own: Option<PolicyId>, consented: bool, now: i64) -> SharedNumber {
    SharedNumber {
        tenant: row.tenant_id,
        kind: NumberType::of(row.operator_id),
        country: row.country,
        usage: row.usage,
        activated: row.activation_state == ACTIVATED,
        has_location: row.location_id.is_some(),
        taken: row.is_assigned() && (own.is_none() || row.policy_id != own),
        blocked: block_of(row).holds(now),
        consented,
    }
}

fn refusal(refusal: SharedRefusal, field: &str) -> Problem {
    let code = match refusal {
        SharedRefusal::AccountWithoutNumber => ErrorCode::AccountWithoutNumber,
        SharedRefusal::AccountWithoutLocation => ErrorCode::LocationRequired,
        SharedRefusal::OtherType | SharedRefusal::OtherCountry => ErrorCode::EmergencyNumberDiffers,
        SharedRefusal::Taken => ErrorCode::AlreadyAssigned,
        SharedRefusal::NotActivated => ErrorCode::NotActivated,
        SharedRefusal::ConsentNotActive => ErrorCode::ConsentNotActive,
        SharedRefusal::Blocked => ErrorCode::NumberBlocked,
        SharedRefusal::Conference => ErrorCode::WrongUsage,
    };
    code.problem(Some(field), refusal.to_string())
}

/// What a policy has, if it is of this kind.
pub(crate) fn numbers_of(body: &PolicyBody) -> &[E164] {
    match body {
        PolicyBody::TeamsSharedCallingRoutingPolicy(rule) => &rule.emergency_numbers,
        _ => &[],
    }
}

/// May numbers of this operator be taken? Nobody suspends the consent meanwhile.
async fn consented(db: &mut Db, row: &NumberRow) -> Result<bool, Fail> {
    db.consent_share(row.tenant_id, row.operator_id).await?;
    let consent = db.consent_get(row.tenant_id, row.operator_id).await?;
    Ok(consent_of(row, consent.map(|consent| consent.status)) == ConsentStatus::Active)
}

/// Its account has a number with an emergency location, and its own numbers are free and like that
/// one. Nobody takes them meanwhile.
pub(crate) async fn refers(
    db: &mut Db,
    tenant: TenantId,
    rule: &SharedCalling,
    own: Option<PolicyId>,
    now: i64,
) -> Result<(), Fail> {
    account_must(db, tenant, rule.resource_account, ACCOUNT).await?;
    let before = match own {
        Some(own) => db.policy_get(tenant, own).await?.map(|row| row.body.0),
        None => None,
    };
    // What the policy has stays with it, as an assigned number does.
    let has_account = match &before {
        Some(PolicyBody::TeamsSharedCallingRoutingPolicy(before)) => {
            before.resource_account == rule.resource_account
        }
        _ => false,
    };
    let has = before.as_ref().map(numbers_of).unwrap_or_default();
    let account = db.account_get(tenant, rule.resource_account).await?;
    let of_account = match account.and_then(|account| account.number) {
        Some(number) => match db.number_get(number).await? {
            Some(row) => {
                let consented = has_account || consented(db, &row).await?;
                Some(facts(&row, None, consented, now))
            }
            None => None,
        },
        None => None,
    };
    check_account(of_account.as_ref()).map_err(|r| refusal(r, ACCOUNT))?;
    let Some(of_account) = of_account else { return Ok(()) };
    // Consents before numbers, as every writer takes them.
    let mut operators: BTreeMap<OperatorId, bool> = BTreeMap::new();
    for number in rule.emergency_numbers.iter().filter(|number| !has.contains(number)) {
        let row = db.number_get(*number).await?.filter(|row| row.tenant_id == tenant);
        if let Some(row) = row.filter(|row| !operators.contains_key(&row.operator_id)) {
            operators.insert(row.operator_id, consented(db, &row).await?);
        }
    }
    let rows = db.numbers_locked(&rule.emergency_numbers).await?;
    for (at, number) in rule.emergency_numbers.iter().enumerate() {
        let field = format!("/settings/emergency_numbers/{at}");
        let row = rows.iter().find(|row| row.number == *number && row.tenant_id == tenant);
        let row = row.ok_or_else(|| {
            let reason = format!("{number} is not one of your numbers");
            ErrorCode::InvalidField.problem(Some(&field), reason)
        })?;
        let consented =
            has.contains(number) || operators.get(&row.operator_id).copied().unwrap_or(false);
        check_emergency_number(&facts(row, own, consented, now), &of_account)
            .map_err(|r| refusal(r, &field))?;
    }
    Ok(())
}

/// Hands numbers over to a policy, and back, and tells of it.
pub(crate) async fn hand(
    tx: &mut Tx,
    tenant: TenantId,
    policy: PolicyId,
    before: &[E164],
    after: &[E164],
) -> Result<(), Fail> {
    let come = after.iter().filter(|number| !before.contains(number));
    let gone = before.iter().filter(|number| !after.contains(number));
    let all: Vec<E164> = come.chain(gone).copied().collect();
    if all.is_empty() {
        return Ok(());
    }
    let at = tx.at();
    for row in tx.numbers_locked(&all).await? {
        if row.tenant_id == tenant {
            let to = after.contains(&row.number).then_some(policy);
            raced(tx.number_to_policy(row.number, row.version, to, at).await?)?;
        }
    }
    // What an assignment before left is no state to go back to any more.
    tx.number_former_forget(&all).await?;
    let mut rows = tx.numbers_locked(&all).await?;
    rows.retain(|row| row.tenant_id == tenant);
    // A change is of one operator: each reads all of it.
    rows.sort_by_key(|row| (row.operator_id, row.number));
    for of in rows.chunk_by(|a, b| a.operator_id == b.operator_id) {
        change(tx, &Change::NumbersPut { numbers: of.iter().map(records::number).collect() });
    }
    Ok(())
}
