//! Use cases: consents.

use crate::*;
use api_types::operator::*;
use api_types::tenant::*;

impl Exchange {
    /// Operators with a published offer.
    pub async fn directory_list(
        &self,
        cx: &Cx,
        filter: DirectoryFilter,
        list: ListQuery,
    ) -> Result<Page<DirectoryEntry>, Problem> {
        let _ = (cx, filter, list);
        Err(unbuilt())
    }

    /// Chooses an operator; `true` where the record is new, `false` where a removed one was taken up again.
    pub async fn consent_create(
        &self,
        cx: &Cx,
        new: ConsentCreate,
    ) -> Result<(Consent, bool), Problem> {
        let _ = (cx, new);
        Err(unbuilt())
    }

    /// The tenant's consents.
    pub async fn consent_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Consent>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }

    /// The tenant's consent to one operator.
    pub async fn consent_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Consent, Problem> {
        let _ = (cx, operator_id);
        Err(unbuilt())
    }

    /// Edits, suspends or resumes.
    pub async fn consent_update(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        if_match: Option<i64>,
        edit: ConsentUpdate,
    ) -> Result<Consent, Problem> {
        let _ = (cx, operator_id, if_match, edit);
        Err(unbuilt())
    }

    /// Ends a consent once no number is left.
    pub async fn consent_remove(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        if_match: Option<i64>,
    ) -> Result<Consent, Problem> {
        let _ = (cx, operator_id, if_match);
        Err(unbuilt())
    }

    /// Who consented to the operator.
    pub async fn operator_consent_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<Consent>, Problem> {
        let _ = (cx, list);
        Err(unbuilt())
    }

    /// One tenant's consent to the operator.
    pub async fn operator_consent_get(&self, cx: &Cx, tenant_id: Uuid) -> Result<Consent, Problem> {
        let _ = (cx, tenant_id);
        Err(unbuilt())
    }

    /// Moves the operator's side.
    pub async fn relationship_update(
        &self,
        cx: &Cx,
        tenant_id: Uuid,
        if_match: Option<i64>,
        edit: RelationshipUpdate,
    ) -> Result<Consent, Problem> {
        let _ = (cx, tenant_id, if_match, edit);
        Err(unbuilt())
    }
}
