//! Use cases: civic addresses and the places within them.

use crate::act::{
    Fail, Keep, change_other, cursor, done, invalid, limit, matches, new_id, not_found, of_tenant,
    page, text,
};
use crate::authz::Access;
use crate::{Cx, Exchange, ListQuery};
use api_types::tenant::{CivicAddress, CivicAddressCreate, Location, LocationCreate};
use api_types::{ErrorCode, Page, Problem};
use domain::{CivicAddressId, LocationId, TenantId};
use store::{CivicAddressRow, Db, LocationRow};
use uuid::Uuid;

fn location_document(row: &LocationRow) -> Location {
    Location {
        id: row.id.0,
        civic_address_id: row.civic_address_id.0,
        description: row.description.clone(),
        is_default: row.is_default,
    }
}

/// `locations` may hold those of other addresses too.
fn address_document(row: CivicAddressRow, locations: &[LocationRow]) -> CivicAddress {
    let own: Vec<Location> =
        locations.iter().filter(|l| l.civic_address_id == row.id).map(location_document).collect();
    CivicAddress {
        id: row.id.0,
        // Made with the address in one transaction; the schema allows no second one.
        default_location_id: own.iter().find(|l| l.is_default).map_or(Uuid::nil(), |l| l.id),
        company_name: row.company_name,
        country: row.country.to_string(),
        house_number: row.house_number,
        street_name: row.street_name,
        city_or_town: row.city_or_town,
        state_or_province: row.state_or_province,
        postal_or_zip_code: row.postal_or_zip_code,
        description: row.description,
        latitude: row.latitude,
        longitude: row.longitude,
        locations: own,
    }
}

/// The only version an address has: what could change it is not offered.
const ADDRESS_VERSION: i64 = 1;

impl Exchange {
    /// Makes an address with its default location.
    pub async fn civic_address_create(
        &self,
        cx: &Cx,
        new: CivicAddressCreate,
    ) -> Result<CivicAddress, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let parsed = location::CivicAddress::parse(&location::Draft {
            company_name: new.company_name,
            country: new.country,
            house_number: new.house_number,
            street_name: new.street_name,
            city_or_town: new.city_or_town,
            state_or_province: new.state_or_province,
            postal_or_zip_code: new.postal_or_zip_code,
            description: new.description,
            latitude: new.latitude,
            longitude: new.longitude,
        })
        .map_err(|error| invalid(error.field(), error.to_string()))?;
        self.act(cx, "civic_address.create", Keep::Answer, async |mut tx| {
            let fields = parsed.fields().clone();
            let row = CivicAddressRow {
                id: CivicAddressId(new_id()),
                tenant_id: tenant,
                company_name: fields.company_name,
                country: parsed.country(),
                house_number: fields.house_number,
                street_name: fields.street_name,
                city_or_town: fields.city_or_town,
                state_or_province: fields.state_or_province,
                postal_or_zip_code: fields.postal_or_zip_code,
                description: fields.description,
                latitude: fields.latitude,
                longitude: fields.longitude,
            };
            let location = LocationRow {
                id: LocationId(new_id()),
                tenant_id: tenant,
                civic_address_id: row.id,
                description: String::new(),
                is_default: true,
            };
            tx.address_insert(&row).await?;
            tx.location_insert(&location).await?;
            change_other(&mut tx, "civic_address", row.id, of_tenant(tenant));
            let id = row.id;
            done(address_document(row, &[location]), id)
        })
        .await
    }

    /// The tenant's addresses.
    pub async fn civic_address_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<CivicAddress>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.addresses(cx, tenant, list).await
    }

    /// Addresses of a tenant that consented to the operator.
    pub async fn operator_civic_address_list(
        &self,
        cx: &Cx,
        tenant_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<CivicAddress>, Problem> {
        let operator = cx.operator(Access::Read)?;
        let tenant = TenantId(tenant_id);
        let consent = self
            .view_as(cx, async |mut db: Db| Ok(db.consent_get(tenant, operator).await?))
            .await?;
        let current = consent.filter(|c| c.status != domain::consent::ConsentStatus::Removed);
        if current.is_none() {
            return Err(not_found("tenant", tenant_id));
        }
        self.addresses(cx, tenant, list).await
    }

    async fn addresses(
        &self,
        cx: &Cx,
        tenant: TenantId,
        list: ListQuery,
    ) -> Result<Page<CivicAddress>, Problem> {
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let (rows, locations) = self
            .view_as(cx, async |mut db: Db| {
                let rows = db.address_list(tenant, after, limit + 1).await?;
                let locations = match (rows.first(), rows.last()) {
                    (Some(first), Some(last)) => {
                        db.locations_between(tenant, first.id, last.id).await?
                    }
                    _ => Vec::new(),
                };
                Ok((rows, locations))
            })
            .await?;
        Ok(page(rows, limit, |row| row.id.0, |row| address_document(row, &locations)))
    }

    /// One address.
    pub async fn civic_address_get(&self, cx: &Cx, id: Uuid) -> Result<CivicAddress, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        self.view_as(cx, async |mut db: Db| address_must(&mut db, tenant, id).await)
            .await
            .map(|(row, locations)| address_document(row, &locations))
    }

    /// Removes an address no number uses.
    pub async fn civic_address_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<(), Problem> {
        let tenant = cx.tenant(Access::Write)?;
        self.act(cx, "civic_address.remove", Keep::Answer, async |mut tx| {
            let (row, _) = address_must(&mut tx, tenant, id).await?;
            matches(if_match, ADDRESS_VERSION, false)?;
            let used = tx.address_numbers(row.id).await?;
            if used > 0 {
                let reason = format!("{used} numbers have a location in this address");
                return Err(ErrorCode::LocationInUse.problem(None, reason).into());
            }
            tx.address_delete(row.id).await?;
            change_other(&mut tx, "civic_address", id, of_tenant(tenant));
            done((), id)
        })
        .await
    }

    /// A place within an address.
    pub async fn location_create(
        &self,
        cx: &Cx,
        civic_address_id: Uuid,
        new: LocationCreate,
    ) -> Result<Location, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let description = text("description", &new.description, 100)?;
        self.act(cx, "location.create", Keep::Answer, async |mut tx| {
            let (address, locations) = address_must(&mut tx, tenant, civic_address_id).await?;
            if locations.iter().any(|l| l.description == description) {
                let reason = format!("the address has a location {description:?}");
                return Err(ErrorCode::Conflict.problem(Some("/description"), reason).into());
            }
            let row = LocationRow {
                id: LocationId(new_id()),
                tenant_id: tenant,
                civic_address_id: address.id,
                description: description.clone(),
                is_default: false,
            };
            tx.location_insert(&row).await?;
            change_other(&mut tx, "location", row.id, of_tenant(tenant));
            done(location_document(&row), row.id)
        })
        .await
    }
}

async fn address_must(
    db: &mut Db,
    tenant: TenantId,
    id: Uuid,
) -> Result<(CivicAddressRow, Vec<LocationRow>), Fail> {
    let row = db.address_get(tenant, CivicAddressId(id)).await?;
    let row = row.ok_or_else(|| not_found("civic address", id))?;
    let locations = db.locations_between(tenant, row.id, row.id).await?;
    Ok((row, locations))
}
