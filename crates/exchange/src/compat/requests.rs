//! Use cases: requests for information, which are tenants' consents.

use super::filter::{self, Test};
use super::{Conditions, Listed, Read, Slice, Tagged};
use crate::act::{Keep, done, invalid, not_found, text, time};
use crate::authz::Access;
use crate::consents::{
    consent_must, consent_save, consent_word, relationship_move, relationship_parse,
    relationship_word,
};
use crate::{Cx, Exchange};
use api_types::Problem;
use api_types::compat::request::{
    ContactDetails, CustomerRelationship, InformationRequest, InformationRequestUpdate,
};
use api_types::tenant::Contact;
use domain::TenantId;
use domain::consent::ConsentStatus;
use numbering::Country;
use store::{Db, InformationRequestPick, InformationRequestRow};
use uuid::Uuid;

fn document(row: InformationRequestRow) -> Tagged<InformationRequest> {
    // Written by `consents` from the same type, so they read back.
    let contacts: Vec<Contact> = serde_json::from_str(&row.contacts).unwrap_or_default();
    let modified = time(row.modified_at).to_string();
    let body = InformationRequest {
        service_provisioning_status: "synced".to_owned(),
        service_provisioning_errors: Vec::new(),
        id: row.id.to_string(),
        tenant_id: row.tenant_id.to_string(),
        account_name: row.account_name,
        product_context: "teams".to_owned(),
        operator_id: row.operator_id.to_string(),
        status: consent_word(row.status).to_lowercase(),
        consented_on: time(row.consented_at).to_string(),
        last_modified_on: modified.clone(),
        consented_countries: row.countries.0.iter().map(Country::to_string).collect(),
        contacts: contacts
            .into_iter()
            .map(|contact| ContactDetails {
                full_name: contact.full_name,
                email: contact.email,
                telephone_number: contact.phone_number,
                company_name: row.company_name.clone(),
                company_size: row.company_size.clone(),
            })
            .collect(),
        customer_relationship: CustomerRelationship {
            status: Some(relationship_word(row.relationship).to_owned()),
            last_modified_on: Some(modified),
            comment: row.relationship_comment,
        },
    };
    Tagged {
        body,
        tag: format!("{:x}-{}", row.modified_at, row.version),
        modified_at: row.modified_at,
    }
}

fn pick(text: Option<&str>) -> Result<InformationRequestPick, Problem> {
    let mut pick = InformationRequestPick::default();
    for term in filter::parse(text)? {
        match (term.path.as_str(), &term.test) {
            ("tenantId", Test::Is(text)) => {
                let id = Uuid::parse_str(text)
                    .map_err(|_| filter::unsupported("a tenant's id is a UUID"))?;
                pick.tenant = Some(TenantId(id));
            }
            ("status", Test::Is(text)) => {
                pick.status = Some(match text.as_str() {
                    "active" => ConsentStatus::Active,
                    "suspended" => ConsentStatus::Suspended,
                    "removed" => ConsentStatus::Removed,
                    _ => return Err(filter::unsupported("active, suspended or removed")),
                });
            }
            ("customerRelationship/status", Test::Is(text)) => {
                let status = relationship_parse(text);
                pick.relationship = Some(status.ok_or_else(|| filter::unsupported(STATUSES))?);
            }
            _ => return Err(term.refuse()),
        }
    }
    Ok(pick)
}

const STATUSES: &str = "a status is ConsentAcknowledged, CustomerContacted, AgreementSigned, \
                        ConsentDeclined or ContractTerminated";

fn missing(tenant_id: &str) -> Problem {
    not_found("request for information of tenant", tenant_id.escape_default())
}

fn tenant(tenant_id: &str) -> Result<TenantId, Problem> {
    Uuid::parse_str(tenant_id).map(TenantId).map_err(|_| missing(tenant_id))
}

impl Exchange {
    /// Requests for information, oldest first.
    ///
    /// # Errors
    /// `unsupported_filter`, `forbidden`.
    pub async fn information_request_list(
        &self,
        cx: &Cx,
        filter: Option<&str>,
        slice: Slice,
    ) -> Result<Listed<Tagged<InformationRequest>>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let pick = pick(filter)?;
        self.view(async |mut db: Db| {
            let rows = db.information_request_page(operator, &pick, slice.span()).await?;
            let total = match slice.count {
                true => Some(db.information_request_count(operator, &pick).await?),
                false => None,
            };
            Ok(Listed::of(rows.into_iter().map(document).collect(), slice, total))
        })
        .await
    }

    /// One tenant's, unless the conditions say that the reader has it.
    ///
    /// # Errors
    /// `not_found`, `version_mismatch`, `forbidden`.
    pub async fn information_request_get(
        &self,
        cx: &Cx,
        tenant_id: &str,
        conditions: &Conditions,
    ) -> Result<Read<InformationRequest>, Problem> {
        let operator = cx.provisioning(Access::Read)?;
        let tenant = tenant(tenant_id)?;
        let row = self
            .view(async |mut db: Db| Ok(db.information_request_get(operator, tenant).await?))
            .await?;
        document(row.ok_or_else(|| missing(tenant_id))?).for_reader(conditions)
    }

    /// Moves the operator's side. A comment that is left out stays while the status does.
    ///
    /// # Errors
    /// `not_found` where the tenant never consented: operators cannot make a request;
    /// `invalid_field`, `comment_missing`, `relationship_state`, `version_mismatch`, `forbidden`.
    pub async fn information_request_update(
        &self,
        cx: &Cx,
        tenant_id: &str,
        update: InformationRequestUpdate,
        conditions: &Conditions,
    ) -> Result<Tagged<InformationRequest>, Problem> {
        let operator = cx.provisioning(Access::Write)?;
        let tenant = tenant(tenant_id)?;
        let edit = update.customer_relationship.unwrap_or_default();
        let field = "customerRelationship/status";
        let to = match edit.status.as_deref() {
            None => None,
            Some(word) => Some(relationship_parse(word).ok_or_else(|| invalid(field, STATUSES))?),
        };
        let comment = edit.comment.as_deref().map(str::trim).filter(|c| !c.is_empty());
        let comment = comment.map(|c| text("customerRelationship/comment", c, 1000)).transpose()?;
        self.act(cx, "relationship.update", Keep::Answer, async |mut tx| {
            let mut row = consent_must(&mut tx, tenant, operator, tenant.0).await?;
            crate::freezes::check(&mut tx, Some(tenant)).await?;
            let before = tx.information_request_get(operator, tenant).await?;
            let current = before.map(|row| document(row).current());
            conditions.check(current.as_ref(), false)?;
            let to = to.unwrap_or(row.relationship);
            let stays = to == row.relationship && comment.is_none();
            let kept = row.relationship_comment.clone().filter(|_| stays);
            relationship_move(&mut row, to, comment.clone().or(kept))?;
            consent_save(&mut tx, &mut row).await?;
            let row = tx.information_request_get(operator, tenant).await?;
            let row = row.ok_or_else(|| missing(tenant_id))?;
            let id = row.id;
            done(document(row), id)
        })
        .await
    }
}
