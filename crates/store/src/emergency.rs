//! Calls for help, as they were told to those who follow a tenant.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use domain::{CdrId, GroupId, LocationId, TenantId};
use uuid::Uuid;

row! {
    /// A call for help; its body is what was told of it, JSON.
    EmergencyCallRow { call_id: CdrId, tenant_id: TenantId, at: i64, body: String }
    /// A place in words.
    PlaceTextRow {
        description: String,
        company_name: String,
        house_number: Option<String>,
        street_name: Option<String>,
        city_or_town: Option<String>,
        postal_or_zip_code: Option<String>,
    }
}

statements! {
    EMERGENCY_INSERT = "INSERT INTO emergency_call (call_id, tenant_id, at, body) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (call_id) DO NOTHING";
    EMERGENCY_KNOWN = "SELECT at AS v FROM emergency_call WHERE call_id = $1";
    EMERGENCY_LIST = "SELECT call_id, tenant_id, at, body FROM emergency_call \
        WHERE tenant_id = $1 AND (CAST($2 AS UUID) IS NULL OR call_id < $2) \
        ORDER BY call_id DESC LIMIT $3";
    PLACE_TEXT = "SELECT l.description, a.company_name, a.house_number, a.street_name, \
        a.city_or_town, a.postal_or_zip_code FROM location l \
        JOIN civic_address a ON a.id = l.civic_address_id WHERE l.tenant_id = $1 AND l.id = $2";
    GROUP_SIZE = "SELECT CAST(count(*) AS BIGINT) AS v FROM user_group_member \
        WHERE tenant_id = $1 AND group_id = $2";
}

impl Db {
    /// Keeps that somebody called for help; `false` where it is known.
    pub async fn emergency_insert(&mut self, e: &EmergencyCallRow) -> Result<bool, StoreError> {
        Ok(self.exec(EMERGENCY_INSERT, args![e.call_id, e.tenant_id, e.at, e.body]).await? > 0)
    }

    /// Is it known that this was a call for help?
    pub async fn emergency_known(&mut self, call: CdrId) -> Result<bool, StoreError> {
        Ok(self.value::<i64>(EMERGENCY_KNOWN, args![call]).await?.is_some())
    }

    /// A tenant's calls for help, newest first, before an id.
    pub async fn emergency_list(
        &mut self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<EmergencyCallRow>, StoreError> {
        self.all(EMERGENCY_LIST, args![tenant, before, limit]).await
    }

    /// Where a location of a tenant is.
    pub async fn place_text(
        &mut self,
        tenant: TenantId,
        id: LocationId,
    ) -> Result<Option<PlaceTextRow>, StoreError> {
        self.one(PLACE_TEXT, args![tenant, id]).await
    }

    /// How many people are in a group.
    pub async fn group_size(
        &mut self,
        tenant: TenantId,
        group: GroupId,
    ) -> Result<i64, StoreError> {
        Ok(self.value(GROUP_SIZE, args![tenant, group]).await?.unwrap_or(0))
    }
}
