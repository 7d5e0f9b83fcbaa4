//! Consents, civic addresses and their locations.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::listing::{CONSENTS_OF_OPERATOR, CONSENTS_OF_TENANT, Pick};
use crate::value::{Json, args, row};
use domain::{
    CivicAddressId, ConsentId, LocationId, OperatorId, TenantId,
    consent::{ConsentStatus, RelationshipStatus},
};
use numbering::Country;
use uuid::Uuid;

row! {
    /// A consent with the names of both sides.
    ConsentRow {
        id: ConsentId,
        tenant_id: TenantId,
        tenant_name: String,
        operator_id: OperatorId,
        operator_name: String,
        status: ConsentStatus,
        relationship: RelationshipStatus,
        relationship_comment: Option<String>,
        countries: Json<Vec<Country>>,
        requirements: String,
        contacts: String,
        company_name: String,
        company_size: String,
        escalation_contacts: String,
        engagement: String,
        notice_version: i64,
        terms_version: i64,
        accepted_at: Option<i64>,
        accepted_by: Option<String>,
        notice_in_force: i64,
        terms_in_force: Option<i64>,
        consented_at: i64,
        modified_at: i64,
        version: i64,
    }
    /// A version of the data transfer notice.
    NoticeRow { version: i64, body: String, published_at: i64 }
    /// Who accepted which versions when.
    AcceptanceRow {
        id: Uuid,
        tenant_id: TenantId,
        operator_id: OperatorId,
        notice_version: i64,
        terms_version: i64,
        accepted_at: i64,
        accepted_by: String,
    }
    /// How many numbers are held in a country.
    HeldRow { country: Country, held: i64 }
    /// A civic address.
    CivicAddressRow {
        id: CivicAddressId,
        tenant_id: TenantId,
        company_name: String,
        country: Country,
        house_number: Option<String>,
        street_name: Option<String>,
        city_or_town: Option<String>,
        state_or_province: Option<String>,
        postal_or_zip_code: Option<String>,
        description: Option<String>,
        latitude: Option<String>,
        longitude: Option<String>,
    }
    /// A place within an address.
    LocationRow {
        id: LocationId,
        tenant_id: TenantId,
        civic_address_id: CivicAddressId,
        description: String,
        is_default: bool,
    }
    /// How a tenant's consent to an operator stands.
    ConsentStateRow { operator_id: OperatorId, status: ConsentStatus }
    /// A location with its country.
    LocationCountryRow { id: LocationId, country: Country }
}

macro_rules! consent_select {
    ($tail:literal) => {
        concat!(
            "SELECT c.id, c.tenant_id, t.name AS tenant_name, c.operator_id, ",
            "o.name AS operator_name, c.status, c.relationship, c.relationship_comment, ",
            "c.countries, c.requirements, c.contacts, c.company_name, c.company_size, ",
            "c.escalation_contacts, c.engagement, c.notice_version, c.terms_version, ",
            "c.accepted_at, c.accepted_by, ",
            "(SELECT COALESCE(MAX(n.version), 0) FROM notice n) AS notice_in_force, ",
            "CASE WHEN f.terms_uri IS NULL OR f.state = 'draft' THEN NULL ",
            "ELSE f.terms_version END AS terms_in_force, ",
            "c.consented_at, c.modified_at, c.version FROM consent c ",
            "JOIN tenant t ON t.id = c.tenant_id JOIN operator o ON o.id = c.operator_id ",
            "LEFT JOIN offer f ON f.operator_id = c.operator_id ",
            $tail
        )
    };
}

macro_rules! address_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, tenant_id, company_name, country, house_number, street_name, ",
            "city_or_town, state_or_province, postal_or_zip_code, description, latitude, ",
            "longitude FROM civic_address ",
            $tail
        )
    };
}

/// A list of consents up to its `WHERE`.
pub(crate) const CONSENT_SELECT: &str = consent_select!("");

statements! {
    CONSENT_GET = consent_select!("WHERE c.tenant_id = $1 AND c.operator_id = $2");
    CONSENT_LOCK_PG = "SELECT id AS v FROM consent WHERE tenant_id = $1 AND operator_id = $2 \
        FOR UPDATE";
    CONSENT_SHARE_PG = "SELECT id AS v FROM consent WHERE tenant_id = $1 AND operator_id = $2 \
        FOR SHARE";
    CONSENTS_SHARE_PG = "SELECT id AS v FROM consent WHERE tenant_id = $1 \
        ORDER BY operator_id FOR SHARE";
    CONSENT_STATES = "SELECT operator_id, status FROM consent WHERE tenant_id = $1";
    CONSENT_INSERT = "INSERT INTO consent (id, tenant_id, operator_id, status, relationship, \
        relationship_comment, countries, requirements, contacts, company_name, company_size, \
        consented_at, modified_at, version, escalation_contacts, engagement, notice_version, \
        terms_version, accepted_at, accepted_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
        $19, $20)";
    CONSENT_UPDATE = "UPDATE consent SET status = $3, relationship = $4, \
        relationship_comment = $5, countries = $6, requirements = $7, contacts = $8, \
        company_name = $9, company_size = $10, consented_at = $11, modified_at = $12, \
        escalation_contacts = $13, engagement = $14, notice_version = $15, terms_version = $16, \
        accepted_at = $17, accepted_by = $18, \
        version = version + 1 WHERE id = $1 AND version = $2";
    NOTICE_INSERT = "INSERT INTO notice (version, body, published_at) VALUES ($1, $2, $3)";
    NOTICE_LIST = "SELECT version, body, published_at FROM notice \
        WHERE (CAST($1 AS BIGINT) IS NULL OR version < $1) ORDER BY version DESC LIMIT $2";
    ACCEPTANCE_INSERT = "INSERT INTO consent_acceptance (id, tenant_id, operator_id, \
        notice_version, terms_version, accepted_at, accepted_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ACCEPTANCE_LIST = "SELECT id, tenant_id, operator_id, notice_version, terms_version, \
        accepted_at, accepted_by FROM consent_acceptance \
        WHERE tenant_id = $1 AND operator_id = $2 AND (CAST($3 AS UUID) IS NULL OR id < $3) \
        ORDER BY id DESC LIMIT $4";
    HELD_BY_COUNTRY = "SELECT country, COUNT(*) AS held FROM number \
        WHERE tenant_id = $1 AND operator_id = $2 GROUP BY country ORDER BY country";
    ADDRESS_INSERT = "INSERT INTO civic_address (id, tenant_id, company_name, country, \
        house_number, street_name, city_or_town, state_or_province, postal_or_zip_code, \
        description, latitude, longitude) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    ADDRESS_GET = address_select!("WHERE tenant_id = $1 AND id = $2");
    ADDRESS_LIST = address_select!(
        "WHERE tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR id > $2) ORDER BY id LIMIT $3");
    ADDRESS_NUMBERS = "SELECT COUNT(*) AS v FROM number n JOIN location l ON l.id = n.location_id \
        WHERE l.civic_address_id = $1";
    ADDRESS_DELETE = "DELETE FROM civic_address WHERE id = $1";
    LOCATION_INSERT = "INSERT INTO location \
        (id, tenant_id, civic_address_id, description, is_default) VALUES ($1, $2, $3, $4, $5)";
    LOCATIONS_BETWEEN = "SELECT id, tenant_id, civic_address_id, description, is_default \
        FROM location WHERE tenant_id = $1 AND civic_address_id BETWEEN $2 AND $3 \
        ORDER BY civic_address_id, is_default DESC, id";
    LOCATIONS_DELETE = "DELETE FROM location WHERE civic_address_id = $1";
    LOCATION_GET = "SELECT l.id, a.country FROM location l \
        JOIN civic_address a ON a.id = l.civic_address_id \
        WHERE l.tenant_id = $1 AND l.id = $2";
    LOCATION_ANY = "SELECT id AS v FROM location WHERE tenant_id = $1 LIMIT 1";
}

impl Db {
    /// A tenant's consent to an operator.
    pub async fn consent_get(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
    ) -> Result<Option<ConsentRow>, StoreError> {
        self.one(CONSENT_GET, args![tenant, operator]).await
    }

    /// A page of a tenant's consents.
    pub async fn consent_page_of_tenant(
        &mut self,
        tenant: TenantId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        self.list_page(&CONSENTS_OF_TENANT, Some(tenant.0), pick, limit).await
    }

    /// A page of consents to an operator.
    pub async fn consent_page_of_operator(
        &mut self,
        operator: OperatorId,
        pick: &Pick,
        limit: u32,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        self.list_page(&CONSENTS_OF_OPERATOR, Some(operator.0), pick, limit).await
    }

    /// Keeps others from moving the consent, or from adding numbers under it,
    /// until this transaction ends.
    pub async fn consent_lock(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
    ) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<ConsentId>(CONSENT_LOCK_PG, args![tenant, operator]).await?;
        }
        Ok(())
    }

    /// Keeps others from moving the consent while numbers are added under it.
    pub async fn consent_share(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
    ) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<ConsentId>(CONSENT_SHARE_PG, args![tenant, operator]).await?;
        }
        Ok(())
    }

    /// As [`Db::consent_share`], of all of a tenant's; says what they are.
    pub async fn consents_share(
        &mut self,
        tenant: TenantId,
    ) -> Result<Vec<ConsentStateRow>, StoreError> {
        if self.is_pg() {
            self.values::<ConsentId>(CONSENTS_SHARE_PG, args![tenant]).await?;
        }
        self.all(CONSENT_STATES, args![tenant]).await
    }

    /// Adds a consent.
    pub async fn consent_insert(&mut self, c: &ConsentRow) -> Result<(), StoreError> {
        let args = args![
            c.id,
            c.tenant_id,
            c.operator_id,
            c.status,
            c.relationship,
            c.relationship_comment,
            c.countries,
            c.requirements,
            c.contacts,
            c.company_name,
            c.company_size,
            c.consented_at,
            c.modified_at,
            c.version,
            c.escalation_contacts,
            c.engagement,
            c.notice_version,
            c.terms_version,
            c.accepted_at,
            c.accepted_by
        ];
        self.exec(CONSENT_INSERT, args).await?;
        Ok(())
    }

    /// Replaces a consent of this version; `false` where the version is another.
    pub async fn consent_update(
        &mut self,
        c: &ConsentRow,
        version: i64,
    ) -> Result<bool, StoreError> {
        let args = args![
            c.id,
            version,
            c.status,
            c.relationship,
            c.relationship_comment,
            c.countries,
            c.requirements,
            c.contacts,
            c.company_name,
            c.company_size,
            c.consented_at,
            c.modified_at,
            c.escalation_contacts,
            c.engagement,
            c.notice_version,
            c.terms_version,
            c.accepted_at,
            c.accepted_by
        ];
        Ok(self.exec(CONSENT_UPDATE, args).await? > 0)
    }

    /// Adds a version of the notice.
    pub async fn notice_insert(&mut self, n: &NoticeRow) -> Result<(), StoreError> {
        self.exec(NOTICE_INSERT, args![n.version, n.body, n.published_at]).await?;
        Ok(())
    }

    /// Versions of the notice before one, newest first.
    pub async fn notice_list(
        &mut self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        self.all(NOTICE_LIST, args![before, limit]).await
    }

    /// Keeps who accepted what.
    pub async fn acceptance_insert(&mut self, a: &AcceptanceRow) -> Result<(), StoreError> {
        let args = args![
            a.id,
            a.tenant_id,
            a.operator_id,
            a.notice_version,
            a.terms_version,
            a.accepted_at,
            a.accepted_by
        ];
        self.exec(ACCEPTANCE_INSERT, args).await?;
        Ok(())
    }

    /// What a tenant accepted of an operator, newest first, before an id.
    pub async fn acceptance_list(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AcceptanceRow>, StoreError> {
        self.all(ACCEPTANCE_LIST, args![tenant, operator, before, limit]).await
    }

    /// Numbers a tenant holds from an operator, by country.
    pub async fn held_by_country(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
    ) -> Result<Vec<HeldRow>, StoreError> {
        self.all(HELD_BY_COUNTRY, args![tenant, operator]).await
    }

    /// Adds an address.
    pub async fn address_insert(&mut self, a: &CivicAddressRow) -> Result<(), StoreError> {
        let args = args![
            a.id,
            a.tenant_id,
            a.company_name,
            a.country,
            a.house_number,
            a.street_name,
            a.city_or_town,
            a.state_or_province,
            a.postal_or_zip_code,
            a.description,
            a.latitude,
            a.longitude
        ];
        self.exec(ADDRESS_INSERT, args).await?;
        Ok(())
    }

    /// An address of a tenant.
    pub async fn address_get(
        &mut self,
        tenant: TenantId,
        id: CivicAddressId,
    ) -> Result<Option<CivicAddressRow>, StoreError> {
        self.one(ADDRESS_GET, args![tenant, id]).await
    }

    /// A tenant's addresses after an id.
    pub async fn address_list(
        &mut self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<CivicAddressRow>, StoreError> {
        self.all(ADDRESS_LIST, args![tenant, after, limit]).await
    }

    /// How many numbers use a location of the address.
    pub async fn address_numbers(&mut self, id: CivicAddressId) -> Result<i64, StoreError> {
        Ok(self.value(ADDRESS_NUMBERS, args![id]).await?.unwrap_or(0))
    }

    /// Removes an address with its locations; no number may use one.
    pub async fn address_delete(&mut self, id: CivicAddressId) -> Result<(), StoreError> {
        self.exec(LOCATIONS_DELETE, args![id]).await?;
        self.exec(ADDRESS_DELETE, args![id]).await?;
        Ok(())
    }

    /// Adds a location.
    pub async fn location_insert(&mut self, l: &LocationRow) -> Result<(), StoreError> {
        let args = args![l.id, l.tenant_id, l.civic_address_id, l.description, l.is_default];
        self.exec(LOCATION_INSERT, args).await?;
        Ok(())
    }

    /// The locations of addresses with ids between two, the default one of each
    /// first.
    pub async fn locations_between(
        &mut self,
        tenant: TenantId,
        first: CivicAddressId,
        last: CivicAddressId,
    ) -> Result<Vec<LocationRow>, StoreError> {
        self.all(LOCATIONS_BETWEEN, args![tenant, first, last]).await
    }

    /// A location of a tenant, with the country it lies in.
    pub async fn location_get(
        &mut self,
        tenant: TenantId,
        id: LocationId,
    ) -> Result<Option<LocationCountryRow>, StoreError> {
        self.one(LOCATION_GET, args![tenant, id]).await
    }

    /// Has the tenant any location?
    pub async fn location_any(&mut self, tenant: TenantId) -> Result<bool, StoreError> {
        Ok(self.value::<LocationId>(LOCATION_ANY, args![tenant]).await?.is_some())
    }
}
