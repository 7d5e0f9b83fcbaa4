//! Use cases: civic addresses of an account's tenant, for operators to read.

use super::filter::{self, Test};
use super::{Conditions, Listed, Read, Slice, Tagged, account_must};
use crate::act::{Fail, not_found};
use crate::authz::Access;
use crate::{Cx, Exchange};
use api_types::Problem;
use api_types::compat::address::{CivicAddressResource, LocationResource};
use domain::consent::ConsentStatus;
use domain::{CivicAddressId, OperatorId, TenantId};
use numbering::Country;
use sha2::{Digest, Sha256};
use store::{AddressPick, CivicAddressRow, Db, LocationRow};
use uuid::Uuid;

fn document(row: CivicAddressRow, locations: &[LocationRow]) -> Tagged<CivicAddressResource> {
    let own: Vec<&LocationRow> =
        locations.iter().filter(|location| location.civic_address_id == row.id).collect();
    // Made with the address in one transaction; the schema allows no second one.
    let default = own.iter().find(|location| location.is_default);
    let body = CivicAddressResource {
        id: row.id.to_string(),
        country: row.country.to_string(),
        house_number: row.house_number,
        street_name: row.street_name,
        state_or_province: row.state_or_province,
        city_or_town: row.city_or_town,
        postal_or_zip_code: row.postal_or_zip_code,
        description: row.description,
        company_name: row.company_name,
        default_location_id: default.map(|location| location.id.to_string()).unwrap_or_default(),
        validation_status: "notValidated".to_owned(),
        tenant_id: row.tenant_id.to_string(),
        locations: own
            .iter()
            .map(|location| LocationResource {
                id: location.id.to_string(),
                civic_address_id: location.civic_address_id.to_string(),
                description: location.description.clone(),
                is_default: location.is_default,
            })
            .collect(),
        latitude: row.latitude,
        longitude: row.longitude,
    };
    // An address has no version; what it says is its tag. Its id tells when it was made, and
    // so does its newest location's.
    let text = serde_json::to_vec(&body).expect("documents have text keys only");
    let tag = crate::secret::hex(&Sha256::digest(text)[..12]);
    let newest = own.iter().map(|location| location.id.0).chain([row.id.0]).max();
    Tagged { body, tag, modified_at: newest.map_or(0, made_at) }
}

/// The time in a UUIDv7, microseconds since 1970 UTC.
fn made_at(id: Uuid) -> i64 {
    let Some(time) = id.get_timestamp() else { return 0 };
    let (seconds, nanos) = time.to_unix();
    i64::try_from(seconds).unwrap_or(0) * 1_000_000 + i64::from(nanos / 1000)
}

fn pick(text: Option<&str>) -> Result<AddressPick, Problem> {
    let mut pick = AddressPick::default();
    for term in filter::parse(text)? {
        match (term.path.as_str(), &term.test) {
            ("country", Test::Is(text)) => {
                let country =
                    Country::parse(text).map_err(|e| filter::unsupported(e.to_string()))?;
                pick.country = Some(country);
            }
            ("cityOrTown", Test::Is(text)) => pick.city_or_town = Some(text.clone()),
            ("postalOrZipCode", Test::Is(text)) => pick.postal_or_zip_code = Some(text.clone()),
            _ => return Err(term.refuse()),
        }
    }
    Ok(pick)
}

/// The account's tenant, where it lets the operator see its addresses.
async fn tenant_of(
    db: &mut Db,
    operator: OperatorId,
    account: &str,
) -> Result<Option<TenantId>, Fail> {
    let account = account_must(db, operator, account).await?;
    let Some(tenant) = account.tenant_id else { return Ok(None) };
    let consent = db.consent_get(tenant, operator).await?;
    Ok(consent.filter(|consent| consent.status != ConsentStatus::Removed).map(|_| tenant))
}

impl Exchange {
    /// Addresses of the account's tenant; none without its consent.
    ///
    /// # Errors
    /// `not_found` for the account; `unsupported_filter`, `forbidden`.
    pub async fn account_address_list(
        &self,
        cx: &Cx,
        account: &str,
        filter: Option<&str>,
        slice: Slice,
    ) -> Result<Listed<Tagged<CivicAddressResource>>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let pick = pick(filter)?;
        self.view(async |mut db: Db| {
            let Some(tenant) = tenant_of(&mut db, operator, account).await? else {
                return Ok(Listed {
                    items: Vec::new(),
                    more: false,
                    total: slice.count.then_some(0),
                });
            };
            let rows = db.address_page(tenant, &pick, slice.span()).await?;
            let locations = match (rows.first(), rows.last()) {
                (Some(first), Some(last)) => {
                    db.locations_between(tenant, first.id, last.id).await?
                }
                _ => Vec::new(),
            };
            let total = match slice.count {
                true => Some(db.address_count(tenant, &pick).await?),
                false => None,
            };
            let items = rows.into_iter().map(|row| document(row, &locations)).collect();
            Ok(Listed::of(items, slice, total))
        })
        .await
    }

    /// One address of the account's tenant, unless the conditions say that the reader has it.
    ///
    /// # Errors
    /// `not_found`, `version_mismatch`, `forbidden`.
    pub async fn account_address_get(
        &self,
        cx: &Cx,
        account: &str,
        id: &str,
        conditions: &Conditions,
    ) -> Result<Read<CivicAddressResource>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let missing = || not_found("civic address", id.escape_default());
        let found = self
            .view(async |mut db: Db| {
                let tenant = tenant_of(&mut db, operator, account).await?;
                let id = Uuid::parse_str(id).ok().map(CivicAddressId);
                let (Some(tenant), Some(id)) = (tenant, id) else { return Err(missing().into()) };
                let row = db.address_get(tenant, id).await?.ok_or_else(missing)?;
                let locations = db.locations_between(tenant, id, id).await?;
                Ok(document(row, &locations))
            })
            .await?;
        found.for_reader(conditions)
    }
}
