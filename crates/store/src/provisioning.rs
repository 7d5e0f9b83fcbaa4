//! Accounts, the numbers an operator asked for in them, and the lists that the
//! compatible face pages by offset.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::tenants::CivicAddressRow;
use crate::value::{Json, args, row};
use domain::{
    CivicAddressId, ConsentId, LocationId, OperatorId, ResourceAccountId, TenantId, UserId,
    consent::{ConsentStatus, RelationshipStatus},
    number::Usage,
};
use numbering::{Country, E164};
use uuid::Uuid;

row! {
    /// An operator's named group of numbers.
    NumberAccountRow {
        id: Uuid,
        operator_id: OperatorId,
        name: String,
        correlation_id: Option<String>,
        tenant_id: Option<TenantId>,
        services: String,
        modified_at: i64,
        version: i64,
    }
    /// A number as it was asked for, with what it became.
    ProvisionedRow {
        number: E164,
        account_id: Uuid,
        account_name: String,
        services: String,
        custom_header: Option<String>,
        calling: bool,
        usage: Option<Usage>,
        status: String,
        errors: Option<String>,
        modified_at: i64,
        version: i64,
        held_version: Option<i64>,
        held_usage: Option<Usage>,
        held_modified_at: Option<i64>,
        held_may_update: Option<bool>,
        location_id: Option<LocationId>,
        civic_address_id: Option<CivicAddressId>,
        person_id: Option<UserId>,
        resource_account_id: Option<ResourceAccountId>,
        held_otherwise: bool,
    }
    /// A consent as the operator's request for information.
    InformationRequestRow {
        id: ConsentId,
        tenant_id: TenantId,
        operator_id: OperatorId,
        status: ConsentStatus,
        relationship: RelationshipStatus,
        relationship_comment: Option<String>,
        countries: Json<Vec<Country>>,
        contacts: String,
        company_name: String,
        company_size: String,
        consented_at: i64,
        modified_at: i64,
        version: i64,
        account_name: Option<String>,
    }
    /// A location with its address.
    PlaceRow { id: LocationId, civic_address_id: CivicAddressId, country: Country }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Rows passed over.
    pub skip: u32,
    /// Rows at most.
    pub take: u32,
}

/// Narrows a list of accounts.
#[derive(Clone, Debug, Default)]
pub struct NumberAccountPick {
    /// Its name.
    pub name: Option<String>,
    /// What its name begins with.
    pub name_prefix: Option<String>,
    /// The operator's own reference.
    pub correlation_id: Option<String>,
    /// The tenant it is bound to.
    pub tenant: Option<TenantId>,
}

/// Narrows a list of provisioned numbers.
#[derive(Clone, Debug, Default)]
pub struct ProvisionedPick {
    /// One account's.
    pub account: Option<Uuid>,
    /// This one.
    pub number: Option<E164>,
    /// Digits it begins with, without `+`.
    pub prefix: Option<String>,
    /// `pending`, `synced`, `failed`.
    pub status: Option<String>,
    /// Operator Connect is enabled.
    pub calling: Option<bool>,
    /// Somebody has it.
    pub assigned: Option<bool>,
    /// What for.
    pub usage: Option<Usage>,
    /// One account's, by its name.
    pub account_name: Option<String>,
}

/// Narrows a list of requests for information.
#[derive(Clone, Debug, Default)]
pub struct InformationRequestPick {
    /// One tenant's.
    pub tenant: Option<TenantId>,
    /// The tenant's side.
    pub status: Option<ConsentStatus>,
    /// The operator's side.
    pub relationship: Option<RelationshipStatus>,
}

/// Narrows a list of addresses.
#[derive(Clone, Debug, Default)]
pub struct AddressPick {
    /// In this country.
    pub country: Option<Country>,
    /// In this town.
    pub city_or_town: Option<String>,
    /// With this code.
    pub postal_or_zip_code: Option<String>,
}

macro_rules! account_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, operator_id, name, correlation_id, tenant_id, services, modified_at, ",
            "version FROM number_account ",
            $tail
        )
    };
}

macro_rules! account_where {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            "WHERE operator_id = $1 AND (CAST($2 AS TEXT) IS NULL OR name = $2) ",
            "AND (CAST($3 AS TEXT) IS NULL OR substr(name, 1, length($3)) = $3) ",
            "AND (CAST($4 AS TEXT) IS NULL OR correlation_id = $4) ",
            "AND (CAST($5 AS UUID) IS NULL OR tenant_id = $5) ",
            $tail
        )
    };
}

/// What was synced and is in nobody's inventory any more has failed since.
macro_rules! status {
    () => {
        "CASE WHEN s.status = 'synced' AND s.calling AND n.number IS NULL THEN 'failed' \
         ELSE s.status END"
    };
}

macro_rules! provisioned_from {
    ($head:expr, $tail:expr) => {
        concat!(
            $head,
            " FROM provisioned_number s JOIN number_account a ON a.id = s.account_id ",
            "LEFT JOIN number n ON n.number = s.number AND n.operator_id = s.operator_id ",
            "AND n.tenant_id = a.tenant_id LEFT JOIN location l ON l.id = n.location_id ",
            $tail
        )
    };
}

macro_rules! provisioned_select {
    ($tail:expr) => {
        provisioned_from!(
            concat!(
                "SELECT s.number, s.account_id, a.name AS account_name, s.services, ",
                "s.custom_header, s.calling, s.usage, ",
                status!(),
                " AS status, s.errors, s.modified_at, s.version, n.version AS held_version, ",
                "n.usage AS held_usage, n.modified_at AS held_modified_at, ",
                "n.tenant_may_update_location AS held_may_update, n.location_id, ",
                "l.civic_address_id, n.person_id, n.account_id AS resource_account_id, ",
                "(n.bridge_id IS NOT NULL OR n.policy_id IS NOT NULL) AS held_otherwise"
            ),
            $tail
        )
    };
}

/// Whose numbers comes first and depends on no null, so that both databases walk that index.
macro_rules! provisioned_where {
    ($whose:literal, $tail:literal) => {
        concat!(
            "WHERE s.operator_id = $1 AND ",
            $whose,
            " AND (CAST($3 AS BIGINT) IS NULL OR s.number = $3) ",
            "AND (CAST($4 AS TEXT) IS NULL OR CAST(s.number AS TEXT) LIKE $4 || '%') ",
            "AND (CAST($5 AS TEXT) IS NULL OR $5 = ",
            status!(),
            ") AND (CAST($6 AS BOOLEAN) IS NULL OR s.calling = $6) ",
            "AND (CAST($7 AS BOOLEAN) IS NULL OR ",
            "$7 = (n.person_id IS NOT NULL OR n.account_id IS NOT NULL ",
            "OR n.bridge_id IS NOT NULL OR n.policy_id IS NOT NULL)) ",
            "AND (CAST($8 AS TEXT) IS NULL OR COALESCE(n.usage, s.usage) = $8) ",
            "AND (CAST($9 AS TEXT) IS NULL OR a.name = $9) ",
            $tail
        )
    };
}

const PAGE_OF_ACCOUNT: &str = provisioned_select!(provisioned_where!(
    "s.account_id = $2",
    "ORDER BY s.number LIMIT $10 OFFSET $11"
));
const PAGE_OF_OPERATOR: &str = provisioned_select!(provisioned_where!(
    "CAST($2 AS UUID) IS NULL",
    "ORDER BY s.number LIMIT $10 OFFSET $11"
));
const COUNT_OF_ACCOUNT: &str =
    provisioned_from!("SELECT COUNT(*) AS v", provisioned_where!("s.account_id = $2", ""));
const COUNT_OF_OPERATOR: &str =
    provisioned_from!("SELECT COUNT(*) AS v", provisioned_where!("CAST($2 AS UUID) IS NULL", ""));

macro_rules! request_select {
    ($tail:literal) => {
        concat!(
            "SELECT c.id, c.tenant_id, c.operator_id, c.status, c.relationship, ",
            "c.relationship_comment, c.countries, c.contacts, c.company_name, c.company_size, ",
            "c.consented_at, c.modified_at, c.version, (SELECT MIN(a.name) FROM number_account a ",
            "WHERE a.operator_id = c.operator_id AND a.tenant_id = c.tenant_id) AS account_name ",
            "FROM consent c ",
            $tail
        )
    };
}

macro_rules! request_where {
    ($tail:literal) => {
        concat!(
            "WHERE c.operator_id = $1 AND (CAST($2 AS UUID) IS NULL OR c.tenant_id = $2) ",
            "AND (CAST($3 AS TEXT) IS NULL OR c.status = $3) ",
            "AND (CAST($4 AS TEXT) IS NULL OR c.relationship = $4) ",
            $tail
        )
    };
}

const REQUEST_PAGE: &str = concat!(
    request_select!(""),
    request_where!("ORDER BY c.consented_at, c.id LIMIT $5 OFFSET $6")
);

macro_rules! address_where {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            "WHERE tenant_id = $1 AND (CAST($2 AS TEXT) IS NULL OR country = $2) ",
            "AND (CAST($3 AS TEXT) IS NULL OR city_or_town = $3) ",
            "AND (CAST($4 AS TEXT) IS NULL OR postal_or_zip_code = $4) ",
            $tail
        )
    };
}

statements! {
    NUMBER_ACCOUNT_INSERT = "INSERT INTO number_account (id, operator_id, name, correlation_id, \
        tenant_id, services, modified_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)";
    NUMBER_ACCOUNT_UPDATE = "UPDATE number_account SET correlation_id = $3, tenant_id = $4, \
        services = $5, modified_at = $6, version = version + 1 WHERE id = $1 AND version = $2";
    NUMBER_ACCOUNT_HOLD = "UPDATE number_account SET version = version \
        WHERE operator_id = $1 AND name = $2";
    NUMBER_ACCOUNT_DELETE = "DELETE FROM number_account WHERE id = $1";
    NUMBER_ACCOUNT_GET = account_select!("WHERE operator_id = $1 AND name = $2");
    NUMBER_ACCOUNT_PAGE = account_where!(
        "SELECT id, operator_id, name, correlation_id, tenant_id, services, modified_at, version \
         FROM number_account ", "ORDER BY name LIMIT $6 OFFSET $7");
    NUMBER_ACCOUNT_COUNT = account_where!("SELECT COUNT(*) AS v FROM number_account ", "");
    PROVISIONED_CALLING = "SELECT COUNT(*) AS v FROM provisioned_number \
        WHERE account_id = $1 AND calling";
    PROVISIONED_ALL = "SELECT COUNT(*) AS v FROM provisioned_number WHERE account_id = $1";
    PROVISIONED_GET = provisioned_select!("WHERE s.operator_id = $1 AND s.number = $2");
    PROVISIONED_PAGE_OF_ACCOUNT = PAGE_OF_ACCOUNT;
    PROVISIONED_PAGE_OF_OPERATOR = PAGE_OF_OPERATOR;
    PROVISIONED_COUNT_OF_ACCOUNT = COUNT_OF_ACCOUNT;
    PROVISIONED_COUNT_OF_OPERATOR = COUNT_OF_OPERATOR;
    PROVISIONED_WAITING = provisioned_select!(
        "WHERE s.account_id = $1 AND s.status <> 'synced' ORDER BY s.number LIMIT $2");
    PROVISIONED_PUT = "INSERT INTO provisioned_number (operator_id, number, account_id, services, \
        custom_header, calling, usage, status, errors, modified_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1) \
        ON CONFLICT (operator_id, number) DO UPDATE SET services = excluded.services, \
        custom_header = excluded.custom_header, calling = excluded.calling, \
        usage = excluded.usage, status = excluded.status, errors = excluded.errors, \
        modified_at = excluded.modified_at, version = provisioned_number.version + 1 \
        WHERE provisioned_number.account_id = excluded.account_id";
    PROVISIONED_DELETE = "DELETE FROM provisioned_number WHERE operator_id = $1 AND number = $2";
    PROVISIONED_DELETE_ALL = "DELETE FROM provisioned_number WHERE account_id = $1";
    NUMBER_EDIT = "UPDATE number SET usage = $3, location_id = $4, \
        tenant_may_update_location = $5, profile_id = $6, person_id = $7, account_id = $8, \
        category = CASE WHEN CAST($7 AS UUID) IS NULL THEN 'Primary' ELSE category END, \
        modified_at = $9, version = version + 1 WHERE number = $1 AND version = $2";
    REQUEST_GET = request_select!("WHERE c.operator_id = $1 AND c.tenant_id = $2");
    REQUEST_PAGE_OF_OPERATOR = REQUEST_PAGE;
    REQUEST_COUNT = concat!("SELECT COUNT(*) AS v FROM consent c ", request_where!(""));
    ADDRESS_PAGE = address_where!(
        "SELECT id, tenant_id, company_name, country, house_number, street_name, city_or_town, \
         state_or_province, postal_or_zip_code, description, latitude, longitude \
         FROM civic_address ", "ORDER BY id LIMIT $5 OFFSET $6");
    ADDRESS_COUNT = address_where!("SELECT COUNT(*) AS v FROM civic_address ", "");
    PLACE_OF_LOCATION = "SELECT l.id, l.civic_address_id, a.country FROM location l \
        JOIN civic_address a ON a.id = l.civic_address_id WHERE l.tenant_id = $1 AND l.id = $2";
    PLACE_OF_ADDRESS = "SELECT l.id, l.civic_address_id, a.country FROM location l \
        JOIN civic_address a ON a.id = l.civic_address_id \
        WHERE l.tenant_id = $1 AND l.civic_address_id = $2 AND l.is_default";
}

/// What is kept of a number that was asked for.
#[derive(Clone, Debug)]
pub struct ProvisionedPut {
    /// Which.
    pub number: E164,
    /// Its services, JSON.
    pub services: String,
    /// The header its calls shall carry.
    pub custom_header: Option<String>,
    /// Operator Connect is enabled.
    pub calling: bool,
    /// What it was asked for.
    pub usage: Option<Usage>,
    /// `pending`, `synced`, `failed`.
    pub status: &'static str,
    /// Why it failed, JSON.
    pub errors: Option<String>,
}

/// How an inventory's number is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberEdit {
    /// What for.
    pub usage: Usage,
    /// Its emergency location.
    pub location: Option<LocationId>,
    /// The tenant may set it.
    pub tenant_may_update_location: bool,
    /// Over which trunks.
    pub profile: domain::CallingProfileId,
    /// Whose.
    pub person: Option<UserId>,
    /// Which queue's.
    pub account: Option<ResourceAccountId>,
}

impl Db {
    /// Adds an account.
    pub async fn number_account_insert(&mut self, a: &NumberAccountRow) -> Result<(), StoreError> {
        let args = args![
            a.id,
            a.operator_id,
            a.name,
            a.correlation_id,
            a.tenant_id,
            a.services,
            a.modified_at
        ];
        self.exec(NUMBER_ACCOUNT_INSERT, args).await?;
        Ok(())
    }

    /// Replaces an account of this version; `false` where the version is another.
    pub async fn number_account_update(
        &mut self,
        a: &NumberAccountRow,
        version: i64,
    ) -> Result<bool, StoreError> {
        let args = args![a.id, version, a.correlation_id, a.tenant_id, a.services, a.modified_at];
        Ok(self.exec(NUMBER_ACCOUNT_UPDATE, args).await? > 0)
    }

    /// Keeps others from changing an account, or the numbers in it, until this
    /// transaction ends.
    pub async fn number_account_hold(
        &mut self,
        operator: OperatorId,
        name: &str,
    ) -> Result<(), StoreError> {
        self.exec(NUMBER_ACCOUNT_HOLD, args![operator, name.to_owned()]).await?;
        Ok(())
    }

    /// Removes an account; no number may be left in it.
    pub async fn number_account_delete(&mut self, id: Uuid) -> Result<(), StoreError> {
        self.exec(NUMBER_ACCOUNT_DELETE, args![id]).await?;
        Ok(())
    }

    /// An operator's account.
    pub async fn number_account_get(
        &mut self,
        operator: OperatorId,
        name: &str,
    ) -> Result<Option<NumberAccountRow>, StoreError> {
        self.one(NUMBER_ACCOUNT_GET, args![operator, name.to_owned()]).await
    }

    /// An operator's accounts by name.
    pub async fn number_account_page(
        &mut self,
        operator: OperatorId,
        pick: &NumberAccountPick,
        span: Span,
    ) -> Result<Vec<NumberAccountRow>, StoreError> {
        let args = args![
            operator,
            pick.name,
            pick.name_prefix,
            pick.correlation_id,
            pick.tenant,
            span.take,
            span.skip
        ];
        self.all(NUMBER_ACCOUNT_PAGE, args).await
    }

    /// How many accounts are picked.
    pub async fn number_account_count(
        &mut self,
        operator: OperatorId,
        pick: &NumberAccountPick,
    ) -> Result<i64, StoreError> {
        let args = args![operator, pick.name, pick.name_prefix, pick.correlation_id, pick.tenant];
        Ok(self.value(NUMBER_ACCOUNT_COUNT, args).await?.unwrap_or(0))
    }

    /// How many numbers of an account have Operator Connect enabled.
    pub async fn provisioned_calling(&mut self, account: Uuid) -> Result<i64, StoreError> {
        Ok(self.value(PROVISIONED_CALLING, args![account]).await?.unwrap_or(0))
    }

    /// How many numbers are in an account.
    pub async fn provisioned_all(&mut self, account: Uuid) -> Result<i64, StoreError> {
        Ok(self.value(PROVISIONED_ALL, args![account]).await?.unwrap_or(0))
    }

    /// A number an operator asked for.
    pub async fn provisioned_get(
        &mut self,
        operator: OperatorId,
        number: E164,
    ) -> Result<Option<ProvisionedRow>, StoreError> {
        self.one(PROVISIONED_GET, args![operator, number]).await
    }

    /// An operator's numbers in their order.
    pub async fn provisioned_page(
        &mut self,
        operator: OperatorId,
        pick: &ProvisionedPick,
        span: Span,
    ) -> Result<Vec<ProvisionedRow>, StoreError> {
        let sql = match pick.account {
            Some(_) => PROVISIONED_PAGE_OF_ACCOUNT,
            None => PROVISIONED_PAGE_OF_OPERATOR,
        };
        let args = args![
            operator,
            pick.account,
            pick.number,
            pick.prefix,
            pick.status,
            pick.calling,
            pick.assigned,
            pick.usage,
            pick.account_name,
            span.take,
            span.skip
        ];
        self.all(sql, args).await
    }

    /// How many numbers are picked.
    pub async fn provisioned_count(
        &mut self,
        operator: OperatorId,
        pick: &ProvisionedPick,
    ) -> Result<i64, StoreError> {
        let sql = match pick.account {
            Some(_) => PROVISIONED_COUNT_OF_ACCOUNT,
            None => PROVISIONED_COUNT_OF_OPERATOR,
        };
        let args = args![
            operator,
            pick.account,
            pick.number,
            pick.prefix,
            pick.status,
            pick.calling,
            pick.assigned,
            pick.usage,
            pick.account_name
        ];
        Ok(self.value(sql, args).await?.unwrap_or(0))
    }

    /// Numbers of an account that are not synced, in their order.
    pub async fn provisioned_waiting(
        &mut self,
        account: Uuid,
        limit: u32,
    ) -> Result<Vec<ProvisionedRow>, StoreError> {
        self.all(PROVISIONED_WAITING, args![account, limit]).await
    }

    /// Keeps what was asked of a number and what became of it; `false` where
    /// another account of the operator has it.
    pub async fn provisioned_put(
        &mut self,
        operator: OperatorId,
        account: Uuid,
        p: &ProvisionedPut,
        at: i64,
    ) -> Result<bool, StoreError> {
        let args = args![
            operator,
            p.number,
            account,
            p.services,
            p.custom_header,
            p.calling,
            p.usage,
            p.status.to_owned(),
            p.errors,
            at
        ];
        Ok(self.exec(PROVISIONED_PUT, args).await? > 0)
    }

    /// Forgets that a number was asked for.
    pub async fn provisioned_delete(
        &mut self,
        operator: OperatorId,
        number: E164,
    ) -> Result<(), StoreError> {
        self.exec(PROVISIONED_DELETE, args![operator, number]).await?;
        Ok(())
    }

    /// Forgets all numbers of an account.
    pub async fn provisioned_delete_all(&mut self, account: Uuid) -> Result<(), StoreError> {
        self.exec(PROVISIONED_DELETE_ALL, args![account]).await?;
        Ok(())
    }

    /// Changes how a number of this version is used; `false` where the version
    /// is another.
    pub async fn number_edit(
        &mut self,
        number: E164,
        version: i64,
        e: NumberEdit,
        at: i64,
    ) -> Result<bool, StoreError> {
        let args = args![
            number,
            version,
            e.usage,
            e.location,
            e.tenant_may_update_location,
            e.profile,
            e.person,
            e.account,
            at
        ];
        Ok(self.exec(NUMBER_EDIT, args).await? > 0)
    }

    /// A tenant's consent as the operator's request for information.
    pub async fn information_request_get(
        &mut self,
        operator: OperatorId,
        tenant: TenantId,
    ) -> Result<Option<InformationRequestRow>, StoreError> {
        self.one(REQUEST_GET, args![operator, tenant]).await
    }

    /// Requests for information, oldest first.
    pub async fn information_request_page(
        &mut self,
        operator: OperatorId,
        pick: &InformationRequestPick,
        span: Span,
    ) -> Result<Vec<InformationRequestRow>, StoreError> {
        let args =
            args![operator, pick.tenant, pick.status, pick.relationship, span.take, span.skip];
        self.all(REQUEST_PAGE_OF_OPERATOR, args).await
    }

    /// How many requests are picked.
    pub async fn information_request_count(
        &mut self,
        operator: OperatorId,
        pick: &InformationRequestPick,
    ) -> Result<i64, StoreError> {
        let args = args![operator, pick.tenant, pick.status, pick.relationship];
        Ok(self.value(REQUEST_COUNT, args).await?.unwrap_or(0))
    }

    /// A tenant's addresses, oldest first.
    pub async fn address_page(
        &mut self,
        tenant: TenantId,
        pick: &AddressPick,
        span: Span,
    ) -> Result<Vec<CivicAddressRow>, StoreError> {
        let args = args![
            tenant,
            pick.country,
            pick.city_or_town,
            pick.postal_or_zip_code,
            span.take,
            span.skip
        ];
        self.all(ADDRESS_PAGE, args).await
    }

    /// How many addresses are picked.
    pub async fn address_count(
        &mut self,
        tenant: TenantId,
        pick: &AddressPick,
    ) -> Result<i64, StoreError> {
        let args = args![tenant, pick.country, pick.city_or_town, pick.postal_or_zip_code];
        Ok(self.value(ADDRESS_COUNT, args).await?.unwrap_or(0))
    }

    /// A location of a tenant.
    pub async fn place_of_location(
        &mut self,
        tenant: TenantId,
        id: LocationId,
    ) -> Result<Option<PlaceRow>, StoreError> {
        self.one(PLACE_OF_LOCATION, args![tenant, id]).await
    }

    /// The default location of a tenant's address.
    pub async fn place_of_address(
        &mut self,
        tenant: TenantId,
        id: CivicAddressId,
    ) -> Result<Option<PlaceRow>, StoreError> {
        self.one(PLACE_OF_ADDRESS, args![tenant, id]).await
    }
}
