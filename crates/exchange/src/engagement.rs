//! Use case: what an operator says of its side of a consent, so that both sides know whom to call and
//! when what begins (migration.md 10 step 2).

use crate::act::{Keep, done, invalid, matches, text};
use crate::authz::Access;
use crate::consents::{
    consent_document, consent_must, consent_save, escalation_parse, json, refusal,
};
use crate::{Cx, Exchange};
use api_types::tenant::{Activation, Consent, Engagement};
use api_types::{ErrorCode, Problem};
use domain::TenantId;
use domain::consent::{ConsentRefusal, ConsentStatus, Provision};
use domain::offer::Service;
use numbering::Country;
use uuid::Uuid;

/// Longest text of support hours, characters.
const MAX_HOURS: usize = 500;
/// Longest reference of an operator's, characters (1.4).
const MAX_TICKET: usize = 64;

/// What the operator says of its side; countries and services are looked at where the consent and
/// the offer are known.
fn engagement_parse(put: &Engagement) -> Result<Engagement, Problem> {
    let words = |field: &str, value: &Option<String>, most| {
        value.as_deref().map(|value| text(field, value, most)).transpose()
    };
    let mut activations = Vec::with_capacity(put.activations.len());
    for (at, activation) in put.activations.iter().enumerate() {
        let field = format!("activations/{at}/country");
        let country = Country::parse(&activation.country)
            .map_err(|e| invalid(&field, format!("{:?}: {e}", activation.country)))?
            .to_string();
        if activations.iter().any(|other: &Activation| other.country == country) {
            return Err(invalid(&field, format!("{country} is named twice")));
        }
        activations.push(Activation { country, on: activation.on });
    }
    for (at, engaged) in put.services.iter().enumerate() {
        let field = |name: &str| format!("services/{at}/{name}");
        if Service::parse(&engaged.service).is_none() {
            return Err(invalid(&field("service"), "a service is Calling or AudioConferencing"));
        }
        if Provision::parse(&engaged.provision).is_none() {
            let reason = "a service is on_by_default or to_be_configured";
            return Err(invalid(&field("provision"), reason));
        }
        if put.services[..at].iter().any(|other| other.service == engaged.service) {
            let reason = format!("{} is named twice", engaged.service);
            return Err(invalid(&field("service"), reason));
        }
    }
    Ok(Engagement {
        support_hours: words("support_hours", &put.support_hours, MAX_HOURS)?,
        escalation_contacts: escalation_parse(&put.escalation_contacts)?,
        activations,
        services: put.services.clone(),
        ticket_id: words("ticket_id", &put.ticket_id, MAX_TICKET)?,
    })
}

impl Exchange {
    /// What the operator says of its side: support hours, escalation contacts, activation dates,
    /// services. It replaces all of it.
    ///
    /// # Errors
    /// `invalid_field`, `country_not_in_consent`, `service_not_in_offer`, `consent_state`,
    /// `version_required`, `version_mismatch`, `not_found`, `forbidden`.
    pub async fn engagement_put(
        &self,
        cx: &Cx,
        tenant_id: Uuid,
        if_match: Option<i64>,
        put: Engagement,
    ) -> Result<Consent, Problem> {
        let operator = cx.operator(Access::Write)?;
        let tenant = TenantId(tenant_id);
        let engagement = &engagement_parse(&put)?;
        self.act(cx, "engagement.put", Keep::Answer, async |mut tx| {
            let mut row = consent_must(&mut tx, tenant, operator, tenant_id).await?;
            matches(if_match, row.version, true)?;
            if row.status == ConsentStatus::Removed {
                let from = Some(row.status);
                return Err(refusal(ConsentRefusal::WrongState { from }).into());
            }
            for (at, activation) in engagement.activations.iter().enumerate() {
                let covered = row.countries.0.iter().any(|c| c.to_string() == activation.country);
                if !covered {
                    let field = format!("/activations/{at}/country");
                    let reason = format!("the consent does not cover {}", activation.country);
                    return Err(ErrorCode::CountryNotInConsent
                        .problem(Some(&field), reason)
                        .into());
                }
            }
            let offer = tx.offer_get(operator).await?;
            let offered = offer.map_or_else(Vec::new, |offer| offer.services.0);
            for (at, engaged) in engagement.services.iter().enumerate() {
                if !offered.contains(&engaged.service) {
                    let field = format!("/services/{at}/service");
                    let reason = format!("your offer has no {}", engaged.service);
                    return Err(ErrorCode::ServiceNotInOffer.problem(Some(&field), reason).into());
                }
            }
            row.engagement = json(engagement);
            consent_save(&mut tx, &mut row).await?;
            let id = row.id;
            done(consent_document(row), id)
        })
        .await
    }
}
