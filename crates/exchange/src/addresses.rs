//! Use cases: addresses.

use crate::*;
use api_types::tenant::*;

impl Exchange {
    /// Makes an address with its default location.
    pub async fn civic_address_create(
        &self,
        cx: &Cx,
        new: CivicAddressCreate,
    ) -> Result<CivicAddress, Problem> {
        let _ = (cx, new);
        Err(unbuilt())
    }

    /// The tenant's addresses.
    pub async fn civic_address_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<CivicAddress>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }

    /// One address.
    pub async fn civic_address_get(&self, cx: &Cx, id: Uuid) -> Result<CivicAddress, Problem> {
        let _ = (cx, id);
        Err(unbuilt())
    }

    /// Removes an address no number uses.
    pub async fn civic_address_remove(
        &self,
        cx: &Cx,
        id: Uuid,
        if_match: Option<i64>,
    ) -> Result<(), Problem> {
        let _ = (cx, id, if_match);
        Err(unbuilt())
    }

    /// A place within an address.
    pub async fn location_create(
        &self,
        cx: &Cx,
        civic_address_id: Uuid,
        new: LocationCreate,
    ) -> Result<Location, Problem> {
        let _ = (cx, civic_address_id, new);
        Err(unbuilt())
    }

    /// Addresses of a tenant that consented to the operator.
    pub async fn operator_civic_address_list(
        &self,
        cx: &Cx,
        tenant_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<CivicAddress>, Problem> {
        let _ = (cx, tenant_id, list);
        Err(unbuilt())
    }
}
