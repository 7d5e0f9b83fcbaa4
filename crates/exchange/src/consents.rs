//! Use cases: the directory, consents, and the relationship on them.

use crate::act::{
    Fail, Keep, change, cursor, done, invalid, limit, matches, new_id, not_found, page, raced,
    text, time,
};
use crate::authz::Access;
use crate::listing::{Narrowed, Wanted};
use crate::notices::{accept, as_read, in_force};
use crate::programme::countries_parse;
use crate::{Cx, DirectoryFilter, Exchange, ListQuery};
use api_types::operator::DirectoryEntry;
use api_types::tenant::{
    Consent, ConsentCreate, ConsentUpdate, Contact, Engagement, RelationshipUpdate, Requirement,
};
use api_types::{ErrorCode, Page, Problem};
use domain::consent::{
    CompanySize, ConsentEvent, ConsentRefusal, ConsentStatus, NumberOrigin, NumberType,
    NumbersHeld, RelationshipRefusal, RelationshipStatus, Versions, next, relationship_next,
    while_due,
};
use domain::offer::{Link, Service};
use domain::{ConsentId, OperatorId, TenantId};
use feed::change::Change;
use numbering::{Country, Region};
use serde::Serialize;
use store::listing::{CONSENTS_OF_OPERATOR, CONSENTS_OF_TENANT};
use store::{ConsentRow, Db, DirectoryRow, HeldRow, Json, LeadRow, Tx};
use uuid::Uuid;

pub(crate) fn consent_document(row: ConsentRow) -> Consent {
    let due = is_due(&row);
    Consent {
        id: row.id.0,
        tenant_id: row.tenant_id.0,
        tenant_name: row.tenant_name,
        operator_id: row.operator_id.0,
        operator_name: row.operator_name,
        status: consent_word(row.status).to_owned(),
        relationship_status: relationship_word(row.relationship).to_owned(),
        relationship_comment: row.relationship_comment,
        countries: row.countries.0.iter().map(Country::to_string).collect(),
        // Written by this module from the same types, so they read back.
        requirements: serde_json::from_str(&row.requirements).unwrap_or_default(),
        contacts: serde_json::from_str(&row.contacts).unwrap_or_default(),
        company_name: row.company_name,
        company_size: row.company_size,
        escalation_contacts: serde_json::from_str(&row.escalation_contacts).unwrap_or_default(),
        engagement: serde_json::from_str(&row.engagement).unwrap_or_default(),
        notice_version: row.notice_version,
        terms_version: row.terms_version,
        accepted_at: row.accepted_at.map(time),
        accepted_by: row.accepted_by,
        acceptance_due: due,
        consented_at: time(row.consented_at),
        modified_at: time(row.modified_at),
        version: row.version,
    }
}

pub(crate) fn consent_word(status: ConsentStatus) -> &'static str {
    match status {
        ConsentStatus::Active => "Active",
        ConsentStatus::Suspended => "Suspended",
        ConsentStatus::Removed => "Removed",
    }
}

pub(crate) fn relationship_word(status: RelationshipStatus) -> &'static str {
    match status {
        RelationshipStatus::ConsentAcknowledged => "ConsentAcknowledged",
        RelationshipStatus::CustomerContacted => "CustomerContacted",
        RelationshipStatus::AgreementSigned => "AgreementSigned",
        RelationshipStatus::ConsentDeclined => "ConsentDeclined",
        RelationshipStatus::ContractTerminated => "ContractTerminated",
    }
}

pub(crate) fn relationship_parse(word: &str) -> Option<RelationshipStatus> {
    [
        RelationshipStatus::ConsentAcknowledged,
        RelationshipStatus::CustomerContacted,
        RelationshipStatus::AgreementSigned,
        RelationshipStatus::ConsentDeclined,
        RelationshipStatus::ContractTerminated,
    ]
    .into_iter()
    .find(|status| relationship_word(*status) == word)
}

pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("documents have text keys only")
}

fn company_size(value: &str) -> Result<String, Problem> {
    let size = CompanySize::parse(value).map(|size| size.to_string());
    size.ok_or_else(|| invalid("company_size", "a company size is a band such as L50_U249"))
}

/// Most contacts of one kind.
const MAX_CONTACTS: usize = 20;

fn contacts_parse(contacts: &[Contact]) -> Result<Vec<Contact>, Problem> {
    if contacts.is_empty() || contacts.len() > MAX_CONTACTS {
        return Err(invalid("contacts", "a consent names 1 to 20 contacts"));
    }
    people_parse("contacts", contacts)
}

/// Whom to call when something is wrong: perhaps nobody yet.
pub(crate) fn escalation_parse(contacts: &[Contact]) -> Result<Vec<Contact>, Problem> {
    if contacts.len() > MAX_CONTACTS {
        return Err(invalid("escalation_contacts", "there are at most 20 escalation contacts"));
    }
    people_parse("escalation_contacts", contacts)
}

fn people_parse(list: &str, contacts: &[Contact]) -> Result<Vec<Contact>, Problem> {
    let mut parsed = Vec::with_capacity(contacts.len());
    for (at, contact) in contacts.iter().enumerate() {
        let field = |name: &str| format!("{list}/{at}/{name}");
        let email = text(&field("email"), &contact.email, 254)?;
        let plausible = email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && host.contains('.') && !host.contains('@')
        });
        if !plausible || email.contains(char::is_whitespace) {
            return Err(invalid(&field("email"), format!("{email:?} is no e-mail address")));
        }
        let phone_number = contact.phone_number.as_deref().map(str::trim).filter(|p| !p.is_empty());
        if phone_number.is_some_and(|p| !p.starts_with('+') || p.len() > 30) {
            let reason = "a telephone number begins with + and the country code";
            return Err(invalid(&field("phone_number"), reason));
        }
        parsed.push(Contact {
            full_name: text(&field("full_name"), &contact.full_name, 200)?,
            email,
            phone_number: phone_number.map(str::to_owned),
        });
    }
    Ok(parsed)
}

fn requirements_parse(
    requirements: &[Requirement],
    countries: &[Country],
) -> Result<Vec<Requirement>, Problem> {
    let mut parsed = Vec::with_capacity(requirements.len());
    if requirements.len() > 200 {
        return Err(invalid("requirements", "a consent names at most 200 requirements"));
    }
    for (at, need) in requirements.iter().enumerate() {
        let field = |name: &str| format!("requirements/{at}/{name}");
        let country = Country::parse(&need.country)
            .map_err(|e| invalid(&field("country"), format!("{:?}: {e}", need.country)))?;
        if !countries.contains(&country) {
            let reason = format!("{country} is not among the consent's countries");
            return Err(invalid(&field("country"), reason));
        }
        if NumberType::parse(&need.number_type).is_none() {
            let reason = "a number type is user, service or conference";
            return Err(invalid(&field("number_type"), reason));
        }
        if NumberOrigin::parse(&need.source).is_none() {
            return Err(invalid(&field("source"), "a source is new or port"));
        }
        if need.quantity == 0 {
            return Err(invalid(&field("quantity"), "at least one number"));
        }
        parsed.push(Requirement { country: country.to_string(), ..need.clone() });
    }
    Ok(parsed)
}

/// The countries a tenant may consent to: those of a published offer, and of an invitation.
async fn offered(
    tx: &mut Tx,
    operator: OperatorId,
    lead: Option<&LeadRow>,
) -> Result<Vec<Country>, Fail> {
    let offer = tx.offer_get(operator).await?.filter(|offer| offer.published);
    let mut countries = lead.map_or_else(Vec::new, |lead| lead.countries.0.clone());
    match offer {
        Some(offer) => countries.extend(offer.countries.0),
        None if lead.is_some() => {}
        None => {
            let reason = format!("there is no published offer of an operator {operator}");
            return Err(ErrorCode::OfferNotPublished.problem(Some("/operator_id"), reason).into());
        }
    }
    Ok(countries)
}

fn is_due(row: &ConsentRow) -> bool {
    let accepted = Versions { notice: row.notice_version, terms: Some(row.terms_version) };
    row.status != ConsentStatus::Removed
        && accepted.is_due(Versions { notice: row.notice_in_force, terms: row.terms_in_force })
}

fn within_offer(countries: &[Country], offered: &[Country]) -> Result<(), Problem> {
    if countries.is_empty() {
        return Err(invalid("countries", "a consent covers at least one country"));
    }
    match countries.iter().find(|c| !offered.contains(c)) {
        None => Ok(()),
        Some(country) => Err(ErrorCode::CountryNotOffered
            .problem(Some("/countries"), format!("the operator does not offer {country}"))),
    }
}

fn numbers_held(held: &[HeldRow], kept: Option<&[Country]>) -> NumbersHeld {
    let count = |row: &HeldRow| u64::try_from(row.held).unwrap_or(0);
    NumbersHeld {
        total: held.iter().map(count).sum(),
        in_dropped_countries: kept.map_or(0, |kept| {
            held.iter().filter(|row| !kept.contains(&row.country)).map(count).sum()
        }),
    }
}

pub(crate) fn refusal(refusal: ConsentRefusal) -> Problem {
    let (code, field) = match refusal {
        ConsentRefusal::WrongState { .. } => (ErrorCode::ConsentState, Some("/status")),
        ConsentRefusal::NumbersRemain(_) => (ErrorCode::NumbersRemain, None),
        ConsentRefusal::NumbersInCountry(_) => (ErrorCode::NumbersInCountry, Some("/countries")),
        ConsentRefusal::AcceptanceDue => (ErrorCode::AcceptanceDue, None),
    };
    code.problem(field, refusal.to_string())
}

/// What shares more with the operator waits for what is to be accepted.
fn may(row: &ConsentRow, event: ConsentEvent) -> Result<(), Problem> {
    if is_due(row) { while_due(event).map_err(refusal) } else { Ok(()) }
}

fn consent_change(tx: &mut Tx, row: &ConsentRow) {
    let put = Change::ConsentPut {
        id: row.id,
        tenant: row.tenant_id,
        operator: row.operator_id,
        status: row.status,
        relationship: row.relationship,
    };
    change(tx, &put);
}

/// Locks a consent and reads it.
pub(crate) async fn consent_must(
    tx: &mut Tx,
    tenant: TenantId,
    operator: OperatorId,
    id: Uuid,
) -> Result<ConsentRow, Fail> {
    tx.consent_lock(tenant, operator).await?;
    Ok(tx.consent_get(tenant, operator).await?.ok_or_else(|| not_found("consent with", id))?)
}

/// Moves the operator's side, by the rules.
pub(crate) fn relationship_move(
    row: &mut ConsentRow,
    to: RelationshipStatus,
    comment: Option<String>,
) -> Result<(), Problem> {
    let next = relationship_next(row.relationship, to, comment.as_deref());
    row.relationship = next.map_err(|refusal| {
        let (code, field) = match refusal {
            RelationshipRefusal::CommentMissing => (ErrorCode::CommentMissing, "/comment"),
            RelationshipRefusal::WrongState { .. } => (ErrorCode::RelationshipState, "/status"),
        };
        code.problem(Some(field), refusal.to_string())
    })?;
    row.relationship_comment = comment;
    Ok(())
}

/// Writes the edited record, with its change.
pub(crate) async fn consent_save(tx: &mut Tx, row: &mut ConsentRow) -> Result<(), Fail> {
    row.modified_at = tx.at();
    raced(tx.consent_update(row, row.version).await?)?;
    row.version += 1;
    consent_change(tx, row);
    crate::fallback::consent_moved(tx, row.tenant_id).await
}

fn directory_entry(row: DirectoryRow) -> DirectoryEntry {
    let details = row.details.0;
    let has = |one: &NumberType| details.coverage.iter().any(|c| c.number_types.contains(one));
    let number_types = NumberType::ALL.iter().filter(|one| has(one));
    let shown = |link: Option<&Link>| link.map(|link| link.as_str().to_owned());
    DirectoryEntry {
        operator_id: row.operator_id.0,
        name: row.name,
        services: row.services.0,
        countries: row.countries.0.iter().map(Country::to_string).collect(),
        number_types: number_types.map(|one| one.as_str().to_owned()).collect(),
        landing_page: row.landing_page,
        logo_uri: shown(details.logo_uri.as_ref()),
        logo_thumbnail_uri: shown(details.logo_thumbnail_uri.as_ref()),
        acquired_numbers_count: u64::try_from(row.acquired).unwrap_or(0),
        consent_status: row.consent_status,
    }
}

impl Exchange {
    /// Operators with a published offer.
    pub async fn directory_list(
        &self,
        cx: &Cx,
        filter: DirectoryFilter,
        list: ListQuery,
    ) -> Result<Page<DirectoryEntry>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (limit, mut after) = (limit(&list)?, cursor::<String>(&list)?);
        let parameter = |name: &'static str, reason: &str| {
            ErrorCode::InvalidParameter.problem(Some(name), reason)
        };
        let country = filter.country.as_deref().map(Country::parse).transpose();
        let country = country.map_err(|e| parameter("country", &e.to_string()))?;
        let region = match filter.region.as_deref() {
            None => None,
            Some("emea") => Some(Region::Emea),
            Some("americas") => Some(Region::Americas),
            Some("apac") => Some(Region::Apac),
            Some(_) => return Err(parameter("region", "a region is emea, americas or apac")),
        };
        let service = filter.service;
        if service.as_deref().is_some_and(|s| Service::parse(s).is_none()) {
            return Err(parameter("service", "a service is Calling or AudioConferencing"));
        }
        let number_type = match filter.number_type.as_deref().map(NumberType::parse) {
            None => None,
            Some(Some(found)) => Some(found),
            Some(None) => {
                let reason = "a number type is user, service or conference";
                return Err(parameter("number_type", reason));
            }
        };
        // Numbers of this type, in this country where one is named.
        let has_numbers = move |row: &DirectoryRow| {
            number_type.is_none_or(|wanted| {
                let all = row.details.0.coverage.iter();
                let mut here = all.filter(|here| country.is_none_or(|c| c == here.country));
                here.any(|here| here.number_types.contains(&wanted))
            })
        };
        let rows = self
            .view_as(cx, async |mut db: Db| {
                // Regions are known here, not in the database: read on until the page is full.
                let mut rows = Vec::new();
                loop {
                    let more = db
                        .directory_list(tenant, after.take(), country, service.clone(), limit + 1)
                        .await?;
                    let last = more.len() <= limit as usize;
                    after = more.last().map(|row| row.name.clone());
                    rows.extend(more.into_iter().filter(has_numbers).filter(|row| {
                        region.is_none_or(|r| row.countries.0.iter().any(|c| c.region() == r))
                    }));
                    if last || rows.len() > limit as usize {
                        return Ok(rows);
                    }
                }
            })
            .await?;
        Ok(page(rows, limit, |row| row.name.clone(), directory_entry))
    }

    /// Chooses an operator; `true` where the record is new, `false` where a
    /// removed one was taken up again.
    pub async fn consent_create(
        &self,
        cx: &Cx,
        new: ConsentCreate,
    ) -> Result<(Consent, bool), Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let operator = OperatorId(new.operator_id);
        let countries = countries_parse("countries", &new.countries)?;
        if !new.notice_accepted {
            let reason = "the operator will receive the contacts' data";
            return Err(ErrorCode::NoticeNotAccepted.problem(Some("/notice_accepted"), reason));
        }
        let contacts = json(&contacts_parse(&new.contacts)?);
        let escalation = json(&escalation_parse(&new.escalation_contacts)?);
        let requirements = json(&requirements_parse(&new.requirements, &countries)?);
        let company_name = text("company_name", &new.company_name, 200)?;
        let company_size = company_size(&new.company_size)?;
        self.act(cx, "consent.create", Keep::Answer, async |mut tx| {
            let mut lead = match new.lead_id {
                Some(id) => Some(crate::leads::lead_open(&mut tx, tenant, operator, id).await?),
                None => None,
            };
            within_offer(&countries, &offered(&mut tx, operator, lead.as_ref()).await?)?;
            let in_force = in_force(&mut tx, operator).await?;
            as_read(new.notice_version, new.terms_version, in_force)?;
            tx.consent_lock(tenant, operator).await?;
            let before = tx.consent_get(tenant, operator).await?;
            let from = before.as_ref().map(|c| c.status);
            let status = next(from, ConsentEvent::Give, NumbersHeld::default()).map_err(refusal)?;
            let (tenant_row, operator_row) =
                (tx.tenant_get(tenant).await?, tx.operator_get(operator).await?);
            let at = tx.at();
            let mut row = ConsentRow {
                id: before.as_ref().map_or_else(|| ConsentId(new_id()), |c| c.id),
                tenant_id: tenant,
                tenant_name: tenant_row.map(|t| t.name).unwrap_or_default(),
                operator_id: operator,
                operator_name: operator_row.map(|o| o.name).unwrap_or_default(),
                status,
                relationship: RelationshipStatus::ConsentAcknowledged,
                relationship_comment: None,
                countries: Json(countries.clone()),
                requirements: requirements.clone(),
                contacts: contacts.clone(),
                company_name: company_name.clone(),
                company_size: company_size.clone(),
                escalation_contacts: escalation.clone(),
                engagement: json(&Engagement::default()),
                notice_version: 0,
                terms_version: 0,
                accepted_at: None,
                accepted_by: None,
                notice_in_force: in_force.notice,
                terms_in_force: in_force.terms,
                consented_at: at,
                modified_at: at,
                version: before.as_ref().map_or(1, |c| c.version),
            };
            let accepted = accept(&tx, cx, &mut row, in_force);
            if before.is_some() {
                consent_save(&mut tx, &mut row).await?;
            } else {
                tx.consent_insert(&row).await?;
                consent_change(&mut tx, &row);
            }
            tx.acceptance_insert(&accepted).await?;
            if let Some(lead) = &mut lead {
                crate::leads::lead_accepted(&mut tx, lead, tenant).await?;
            }
            let id = row.id;
            done((consent_document(row), before.is_none()), id)
        })
        .await
    }

    /// The tenant's consents.
    pub async fn consent_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Consent>, Problem> {
        let list = list.into();
        let tenant = cx.tenant(Access::Private)?;
        let wanted = Wanted::read(&CONSENTS_OF_TENANT, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.consent_page_of_tenant(tenant, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, consent_document))
    }

    /// Who consented to the operator.
    pub async fn operator_consent_list(
        &self,
        cx: &Cx,
        list: impl Into<Narrowed>,
    ) -> Result<Page<Consent>, Problem> {
        let list = list.into();
        let operator = cx.operator(Access::Read)?;
        let wanted = Wanted::read(&CONSENTS_OF_OPERATOR, list, Vec::new())?;
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.consent_page_of_operator(operator, &wanted.pick, wanted.rows()).await?)
            })
            .await?;
        Ok(wanted.page(rows, consent_document))
    }

    /// The tenant's consent to one operator.
    pub async fn consent_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Consent, Problem> {
        let tenant = cx.tenant(Access::Private)?;
        let row = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.consent_get(tenant, OperatorId(operator_id)).await?)
            })
            .await?;
        row.map(consent_document).ok_or_else(|| not_found("consent to operator", operator_id))
    }

    /// One tenant's consent to the operator.
    pub async fn operator_consent_get(&self, cx: &Cx, tenant_id: Uuid) -> Result<Consent, Problem> {
        let operator = cx.operator(Access::Read)?;
        let row = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.consent_get(TenantId(tenant_id), operator).await?)
            })
            .await?;
        row.map(consent_document).ok_or_else(|| not_found("consent of tenant", tenant_id))
    }

    /// Edits, suspends or resumes.
    pub async fn consent_update(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        if_match: Option<i64>,
        edit: ConsentUpdate,
    ) -> Result<Consent, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let operator = OperatorId(operator_id);
        let countries =
            edit.countries.as_deref().map(|c| countries_parse("countries", c)).transpose()?;
        let contacts = edit.contacts.as_deref().map(contacts_parse).transpose()?;
        let escalation = edit.escalation_contacts.as_deref().map(escalation_parse).transpose()?;
        let name = edit.company_name.as_deref();
        let name = name.map(|name| text("company_name", name, 200)).transpose()?;
        let size = edit.company_size.as_deref().map(company_size).transpose()?;
        let wanted = match edit.status.as_deref() {
            None => None,
            Some("Active") => Some(ConsentStatus::Active),
            Some("Suspended") => Some(ConsentStatus::Suspended),
            Some(_) => {
                let reason = "a status is Active or Suspended; a consent is removed by DELETE";
                return Err(invalid("status", reason));
            }
        };
        let others = contacts.is_some()
            || edit.requirements.is_some()
            || escalation.is_some()
            || name.is_some()
            || size.is_some();
        let edits = countries.is_some() || others;
        if !edits && wanted.is_none() {
            return Err(invalid("status", "name at least one thing to change"));
        }
        self.act(cx, "consent.update", Keep::Answer, async |mut tx| {
            let mut row = consent_must(&mut tx, tenant, operator, operator_id).await?;
            matches(if_match, row.version, true)?;
            // A resume comes before the edits it allows, a suspension after them.
            if wanted == Some(ConsentStatus::Active) && row.status != ConsentStatus::Active {
                may(&row, ConsentEvent::Resume)?;
                row.status = next(Some(row.status), ConsentEvent::Resume, NumbersHeld::default())
                    .map_err(refusal)?;
            }
            if edits {
                // Who gives up a country, and changes nothing else, shares less.
                let gives_up = countries
                    .as_ref()
                    .is_some_and(|kept| kept.iter().all(|c| row.countries.0.contains(c)));
                if !gives_up || others {
                    may(&row, ConsentEvent::Edit)?;
                }
                let kept = countries.clone().unwrap_or_else(|| row.countries.0.clone());
                if countries.is_some() {
                    // A country once consented may stay although the offer dropped it, or was
                    // withdrawn, or an invitation named it.
                    let mut allowed = row.countries.0.clone();
                    if kept.iter().any(|country| !allowed.contains(country)) {
                        allowed.extend(offered(&mut tx, operator, None).await?);
                    }
                    within_offer(&kept, &allowed)?;
                }
                let held = tx.held_by_country(tenant, operator).await?;
                row.status =
                    next(Some(row.status), ConsentEvent::Edit, numbers_held(&held, Some(&kept)))
                        .map_err(refusal)?;
                if let Some(needs) = &edit.requirements {
                    row.requirements = json(&requirements_parse(needs, &kept)?);
                }
                if let Some(contacts) = &contacts {
                    row.contacts = json(contacts);
                }
                if let Some(escalation) = &escalation {
                    row.escalation_contacts = json(escalation);
                }
                row.company_name = name.clone().unwrap_or(row.company_name);
                row.company_size = size.clone().unwrap_or(row.company_size);
                row.countries = Json(kept);
            }
            if wanted == Some(ConsentStatus::Suspended) && row.status != ConsentStatus::Suspended {
                row.status = next(Some(row.status), ConsentEvent::Suspend, NumbersHeld::default())
                    .map_err(refusal)?;
            }
            consent_save(&mut tx, &mut row).await?;
            let id = row.id;
            done(consent_document(row), id)
        })
        .await
    }

    /// Ends a consent once no number is left.
    pub async fn consent_remove(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        if_match: Option<i64>,
    ) -> Result<Consent, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let operator = OperatorId(operator_id);
        self.act(cx, "consent.remove", Keep::Answer, async |mut tx| {
            let mut row = consent_must(&mut tx, tenant, operator, operator_id).await?;
            matches(if_match, row.version, false)?;
            let held = tx.held_by_country(tenant, operator).await?;
            row.status = next(Some(row.status), ConsentEvent::Remove, numbers_held(&held, None))
                .map_err(refusal)?;
            consent_save(&mut tx, &mut row).await?;
            let id = row.id;
            done(consent_document(row), id)
        })
        .await
    }

    /// Moves the operator's side.
    pub async fn relationship_update(
        &self,
        cx: &Cx,
        tenant_id: Uuid,
        if_match: Option<i64>,
        edit: RelationshipUpdate,
    ) -> Result<Consent, Problem> {
        let operator = cx.operator(Access::Write)?;
        let tenant = TenantId(tenant_id);
        let to = relationship_parse(&edit.status).ok_or_else(|| {
            let reason = "a status is ConsentAcknowledged, CustomerContacted, AgreementSigned, \
                          ConsentDeclined or ContractTerminated";
            invalid("status", reason)
        })?;
        let comment = edit.comment.as_deref().map(str::trim).filter(|c| !c.is_empty());
        let comment = comment.map(|c| text("comment", c, 1000)).transpose()?;
        self.act(cx, "relationship.update", Keep::Answer, async |mut tx| {
            // A stranger is not told of a tenant's window.
            let mut row = consent_must(&mut tx, tenant, operator, tenant_id).await?;
            crate::freezes::check(&mut tx, Some(tenant)).await?;
            matches(if_match, row.version, true)?;
            relationship_move(&mut row, to, comment.clone())?;
            consent_save(&mut tx, &mut row).await?;
            let id = row.id;
            done(consent_document(row), id)
        })
        .await
    }
}
