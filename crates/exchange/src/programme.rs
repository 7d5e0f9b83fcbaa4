//! Use cases: programme.

use crate::*;
use api_types::operator::*;
use api_types::tenant::*;

impl Exchange {
    /// Admits an operator.
    pub async fn operator_create(&self, cx: &Cx, new: OperatorCreate) -> Result<Operator, Problem> {
        let _ = (cx, new);
        Err(unbuilt())
    }

    /// Operators.
    pub async fn operator_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Operator>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }

    /// One operator.
    pub async fn operator_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Operator, Problem> {
        let _ = (cx, operator_id);
        Err(unbuilt())
    }

    /// Adds a trunk.
    pub async fn trunk_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        new: TrunkCreate,
    ) -> Result<Trunk, Problem> {
        let _ = (cx, operator_id, new);
        Err(unbuilt())
    }

    /// An operator's trunks.
    pub async fn trunk_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<Trunk>, Problem> {
        let _ = (cx, operator_id, list);
        Err(unbuilt())
    }

    /// Drains a trunk or takes it back.
    pub async fn trunk_update(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        trunk_id: Uuid,
        if_match: Option<i64>,
        edit: TrunkUpdate,
    ) -> Result<Trunk, Problem> {
        let _ = (cx, operator_id, trunk_id, if_match, edit);
        Err(unbuilt())
    }

    /// Groups trunks.
    pub async fn calling_profile_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        new: CallingProfileCreate,
    ) -> Result<CallingProfile, Problem> {
        let _ = (cx, operator_id, new);
        Err(unbuilt())
    }

    /// An operator's profiles.
    pub async fn calling_profile_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<CallingProfile>, Problem> {
        let _ = (cx, operator_id, list);
        Err(unbuilt())
    }

    /// Accepts a declared range.
    pub async fn range_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        new: RangeCreate,
    ) -> Result<Range, Problem> {
        let _ = (cx, operator_id, new);
        Err(unbuilt())
    }

    /// An operator's ranges.
    pub async fn range_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<Range>, Problem> {
        let _ = (cx, operator_id, list);
        Err(unbuilt())
    }

    /// Makes or replaces the offer; If-Match is required once there is one.
    pub async fn offer_put(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        if_match: Option<i64>,
        offer: OfferPut,
    ) -> Result<Offer, Problem> {
        let _ = (cx, operator_id, if_match, offer);
        Err(unbuilt())
    }

    /// The offer.
    pub async fn offer_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Offer, Problem> {
        let _ = (cx, operator_id);
        Err(unbuilt())
    }

    /// Makes a tenant.
    pub async fn tenant_create(&self, cx: &Cx, new: TenantCreate) -> Result<Tenant, Problem> {
        let _ = (cx, new);
        Err(unbuilt())
    }

    /// Tenants.
    pub async fn tenant_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Tenant>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }
}
