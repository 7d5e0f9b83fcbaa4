//! Use cases: operators' offers, from draft over published to withdrawn. What stands in `offer` is
//! what the directory has, or had last; what an operator prepares stands beside it.

use crate::act::{
    Fail, Keep, change_other, done, invalid, matches, not_found, of_operator, raced, text, time,
};
use crate::authz::Access;
use crate::programme::{countries_parse, operator_must};
use crate::{Cx, Exchange};
use api_types::operator::{
    CapabilityPlan, Offer, OfferCoverage, OfferDraft, OfferDraftPut, OfferPut,
};
use api_types::{ErrorCode, Problem};
use domain::OperatorId;
use domain::consent::NumberType;
use domain::emergency;
use domain::offer::{
    AddressEditing, Coverage, EmergencyHandling, Link, MAX_NOTE, OfferContent, OfferEvent,
    OfferLack, OfferState, Service, terms_version,
};
use numbering::Country;
use store::{Db, Json, OfferDraftRow, OfferRow, Tx};
use uuid::Uuid;

/// Most countries of one offer: more than there are.
const MAX_COVERAGE: usize = 300;

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<String> {
    all.iter().map(|one| word(*one).to_owned()).collect()
}

/// What a word may be, in words.
fn one_of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> String {
    words(all, word).join(", ")
}

fn coverage_document(here: &Coverage) -> OfferCoverage {
    OfferCoverage {
        country: here.country.to_string(),
        number_types: words(&here.number_types, NumberType::as_str),
        emergency_handling: here.emergency_handling.as_str().to_owned(),
        emergency_numbers: emergency::numbers(here.country)
            .iter()
            .map(|number| (*number).to_owned())
            .collect(),
        emergency_note: here.emergency_note.clone(),
        address_editing: here.address_editing.as_str().to_owned(),
        price_note: here.price_note.clone(),
    }
}

fn shown(link: Option<&Link>) -> Option<String> {
    link.map(|link| link.as_str().to_owned())
}

pub(crate) fn offer_document(row: OfferRow) -> Offer {
    let details = row.details.0;
    Offer {
        operator_id: row.operator_id.0,
        state: row.state.as_str().to_owned(),
        services: row.services.0,
        countries: row.countries.0.iter().map(Country::to_string).collect(),
        coverage: details.coverage.iter().map(coverage_document).collect(),
        landing_page: row.landing_page,
        logo_uri: shown(details.logo_uri.as_ref()),
        logo_thumbnail_uri: shown(details.logo_thumbnail_uri.as_ref()),
        terms_uri: row.terms_uri,
        terms_version: row.terms_version,
        price_note: details.price_note,
        published: row.published,
        published_at: row.published_at.map(time),
        withdrawn_at: row.withdrawn_at.map(time),
        version: row.version,
    }
}

fn draft_document(row: &OfferDraftRow, content: &OfferContent) -> OfferDraft {
    OfferDraft {
        operator_id: row.operator_id.0,
        services: words(&content.services, Service::as_str),
        coverage: content.coverage.iter().map(coverage_document).collect(),
        landing_page: shown(content.landing_page.as_ref()),
        logo_uri: shown(content.logo_uri.as_ref()),
        logo_thumbnail_uri: shown(content.logo_thumbnail_uri.as_ref()),
        terms_uri: shown(content.terms_uri.as_ref()),
        price_note: content.price_note.clone(),
        lacks: content.complete().err().map(|lack| lack.to_string()),
        edited_at: time(row.edited_at),
        version: row.version,
    }
}

fn link(field: &str, value: Option<&str>) -> Result<Option<Link>, Problem> {
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    Link::parse(value).map(Some).ok_or_else(|| {
        invalid(field, "the link begins with https:// or http:// and has at most 500 bytes")
    })
}

fn note(field: &str, value: Option<&str>) -> Result<Option<String>, Problem> {
    value.map(|value| text(field, value, MAX_NOTE)).transpose()
}

pub(crate) fn services_parse(names: &[String]) -> Result<Vec<Service>, Problem> {
    let mut services = Vec::new();
    for name in names {
        let service = Service::parse(name).ok_or_else(|| {
            invalid("services", format!("{name:?} is neither Calling nor AudioConferencing"))
        })?;
        if !services.contains(&service) {
            services.push(service);
        }
    }
    Ok(services)
}

fn coverage_parse(at: usize, here: &OfferCoverage) -> Result<Coverage, Problem> {
    let field = |name: &str| format!("coverage/{at}/{name}");
    let country = Country::parse(&here.country)
        .map_err(|e| invalid(&field("country"), format!("{:?}: {e}", here.country)))?;
    let mut number_types = Vec::new();
    for name in &here.number_types {
        let one = NumberType::parse(name).ok_or_else(|| {
            let known = one_of(NumberType::ALL, NumberType::as_str);
            invalid(&field("number_types"), format!("{name:?} is none of {known}"))
        })?;
        if !number_types.contains(&one) {
            number_types.push(one);
        }
    }
    let emergency_handling =
        EmergencyHandling::parse(&here.emergency_handling).ok_or_else(|| {
            let known = one_of(EmergencyHandling::ALL, EmergencyHandling::as_str);
            let reason = format!("{:?} is none of {known}", here.emergency_handling);
            invalid(&field("emergency_handling"), reason)
        })?;
    let address_editing = AddressEditing::parse(&here.address_editing).ok_or_else(|| {
        let known = one_of(AddressEditing::ALL, AddressEditing::as_str);
        let reason = format!("{:?} is none of {known}", here.address_editing);
        invalid(&field("address_editing"), reason)
    })?;
    Ok(Coverage {
        country,
        number_types,
        emergency_handling,
        emergency_note: note(&field("emergency_note"), here.emergency_note.as_deref())?,
        address_editing,
        price_note: note(&field("price_note"), here.price_note.as_deref())?,
    })
}

fn content_parse(put: &OfferDraftPut) -> Result<OfferContent, Problem> {
    if put.coverage.len() > MAX_COVERAGE {
        let reason = format!("an offer names at most {MAX_COVERAGE} countries");
        return Err(invalid("coverage", reason));
    }
    let coverage = put.coverage.iter().enumerate().map(|(at, here)| coverage_parse(at, here));
    let content = OfferContent {
        services: services_parse(&put.services)?,
        coverage: coverage.collect::<Result<_, _>>()?,
        landing_page: link("landing_page", put.landing_page.as_deref())?,
        logo_uri: link("logo_uri", put.logo_uri.as_deref())?,
        logo_thumbnail_uri: link("logo_thumbnail_uri", put.logo_thumbnail_uri.as_deref())?,
        terms_uri: link("terms_uri", put.terms_uri.as_deref())?,
        price_note: note("price_note", put.price_note.as_deref())?,
    };
    content.check().map_err(|(at, flaw)| {
        use domain::offer::OfferFlaw::{CountryTwice, ServiceMissing};
        let name = match flaw {
            CountryTwice(_) => "country",
            ServiceMissing { .. } => "number_types",
        };
        invalid(&format!("coverage/{at}/{name}"), flaw.to_string())
    })?;
    Ok(content)
}

fn lacking(lack: OfferLack) -> Problem {
    let field = match lack {
        OfferLack::Services => "/services",
        OfferLack::Coverage | OfferLack::NumberTypes(_) => "/coverage",
        OfferLack::LandingPage => "/landing_page",
    };
    ErrorCode::OfferIncomplete.problem(Some(field), lack.to_string())
}

/// What the directory has once this is published in place of what was there.
fn next_edition(
    operator: OperatorId,
    before: Option<&OfferRow>,
    state: OfferState,
    content: OfferContent,
    countries: Vec<Country>,
    at: i64,
) -> OfferRow {
    let (was, version) = before.map_or((None, 0), |b| (b.terms_uri.as_deref(), b.terms_version));
    let was = was.and_then(Link::parse);
    OfferRow {
        operator_id: operator,
        services: Json(words(&content.services, Service::as_str)),
        countries: Json(countries),
        landing_page: shown(content.landing_page.as_ref()).unwrap_or_default(),
        published: state == OfferState::Published,
        state,
        terms_uri: shown(content.terms_uri.as_ref()),
        terms_version: terms_version(version, was.as_ref(), content.terms_uri.as_ref()),
        published_at: match state {
            OfferState::Published => Some(at),
            _ => before.and_then(|b| b.published_at),
        },
        withdrawn_at: match state {
            OfferState::Withdrawn => Some(at),
            _ => None,
        },
        details: Json(content),
        version: before.map_or(1, |b| b.version + 1),
    }
}

async fn save(tx: &mut Tx, row: &OfferRow, replaces: Option<i64>) -> Result<(), Fail> {
    raced(tx.offer_put(row, replaces).await?)?;
    change_other(tx, "offer", row.operator_id, of_operator(row.operator_id));
    Ok(())
}

fn no_draft(operator: OperatorId) -> Problem {
    not_found("draft of the offer of operator", operator)
}

impl Exchange {
    /// Makes or replaces the offer; If-Match is required once there is one.
    ///
    /// # Errors
    /// `invalid_field`, `offer_incomplete`, `not_found`, `version_required`, `version_mismatch`,
    /// `forbidden`.
    pub async fn offer_put(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        if_match: Option<i64>,
        offer: OfferPut,
    ) -> Result<Offer, Problem> {
        cx.programme(Access::Write)?;
        let operator = OperatorId(operator_id);
        let published = offer.published;
        let mut countries = countries_parse("countries", &offer.countries)?;
        let content = content_parse(&OfferDraftPut {
            services: offer.services,
            coverage: offer.coverage,
            landing_page: Some(offer.landing_page),
            logo_uri: offer.logo_uri,
            logo_thumbnail_uri: offer.logo_thumbnail_uri,
            terms_uri: offer.terms_uri,
            price_note: offer.price_note,
        })?;
        for country in content.countries() {
            if !countries.contains(&country) {
                countries.push(country);
            }
        }
        // The programme may name countries of which it says nothing else.
        let field = match &content {
            content if content.services.is_empty() => Some("/services"),
            _ if countries.is_empty() => Some("/countries"),
            content if content.landing_page.is_none() => Some("/landing_page"),
            _ => None,
        };
        if let Some(field) = field.filter(|_| published) {
            return Err(ErrorCode::OfferIncomplete.problem(Some(field), "this part is missing"));
        }
        let (content, countries) = (&content, &countries);
        self.act(cx, "offer.put", Keep::Answer, async |mut tx| {
            operator_must(&mut tx, operator).await?;
            let before = tx.offer_get(operator).await?;
            match (&before, if_match) {
                (Some(before), _) => matches(if_match, before.version, true)?,
                (None, Some(given)) => {
                    let reason = format!("you hold version {given}, but there is no offer yet");
                    return Err(ErrorCode::VersionMismatch
                        .problem(Some("If-Match"), reason)
                        .into());
                }
                (None, None) => {}
            }
            let was = before.as_ref().map_or(OfferState::Draft, |b| b.state);
            let state = match (was, published) {
                (_, true) => OfferState::Published,
                (OfferState::Draft, false) => OfferState::Draft,
                (OfferState::Published | OfferState::Withdrawn, false) => OfferState::Withdrawn,
            };
            let at = tx.at();
            let (content, countries) = (content.clone(), countries.clone());
            let mut row = next_edition(operator, before.as_ref(), state, content, countries, at);
            if was == OfferState::Withdrawn && state == was {
                row.withdrawn_at = before.as_ref().and_then(|b| b.withdrawn_at);
            }
            save(&mut tx, &row, before.map(|b| b.version)).await?;
            done(offer_document(row), operator)
        })
        .await
    }

    /// The offer.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn offer_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Offer, Problem> {
        cx.programme(Access::Read)?;
        let row =
            self.view(async |mut db| Ok(db.offer_get(OperatorId(operator_id)).await?)).await?;
        row.map(offer_document).ok_or_else(|| not_found("offer of operator", operator_id))
    }

    /// What a tenant is shown before it consents; of an operator it consented to, or that invited
    /// it, also what was withdrawn.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn directory_offer_get(&self, cx: &Cx, operator_id: Uuid) -> Result<Offer, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let operator = OperatorId(operator_id);
        let row = self
            .view_as(cx, async |mut db: Db| {
                let row = db.offer_get(operator).await?;
                // The walls of one database are no rule of the house.
                let known = match row.as_ref().map(|row| row.state) {
                    Some(OfferState::Published) => true,
                    Some(OfferState::Withdrawn) => {
                        db.consent_get(tenant, operator).await?.is_some()
                            || db.lead_names(tenant, operator, crate::act::now()).await?
                    }
                    _ => false,
                };
                Ok(row.filter(|_| known))
            })
            .await?;
        row.map(offer_document).ok_or_else(|| not_found("offer of operator", operator_id))
    }

    /// The operator's own offer, as the directory has it or had it last.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn operator_offer_get(&self, cx: &Cx) -> Result<Offer, Problem> {
        let operator = cx.operator(Access::Read)?;
        let row = self.view_as(cx, async |mut db: Db| Ok(db.offer_get(operator).await?)).await?;
        row.map(offer_document).ok_or_else(|| not_found("offer of operator", operator))
    }

    /// What the operator may upload numbers for: a plan for each usage of the services that it
    /// offers.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn capability_plan_list(&self, cx: &Cx) -> Result<Vec<CapabilityPlan>, Problem> {
        let operator = cx.operator(Access::Read)?;
        let row = self.view_as(cx, async |mut db: Db| Ok(db.offer_get(operator).await?)).await?;
        let services = row.map_or_else(Vec::new, |row| row.services.0);
        let plans = crate::compat::plans(&services).into_iter();
        Ok(plans
            .map(|plan| CapabilityPlan {
                name: plan.name,
                offer_types: plan.offer_types,
                usage: plan.usage,
                mandatory_capabilities: plan.mandatory_capabilities,
                choosable_capabilities: plan.choosable_capabilities,
                supports_toll_free: plan.supports_toll_free,
            })
            .collect())
    }

    /// What the operator prepares.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn offer_draft_get(&self, cx: &Cx) -> Result<OfferDraft, Problem> {
        let operator = cx.operator(Access::Read)?;
        let row =
            self.view_as(cx, async |mut db: Db| Ok(db.offer_draft_get(operator).await?)).await?;
        let row = row.ok_or_else(|| no_draft(operator))?;
        let content = row.body.as_ref().ok_or_else(|| no_draft(operator))?;
        Ok(draft_document(&row, &content.0))
    }

    /// Makes or replaces the draft, while the published offer stays; If-Match is required once
    /// there is a draft.
    ///
    /// # Errors
    /// `invalid_field` names the place; `version_required`, `version_mismatch`, `forbidden`.
    pub async fn offer_draft_put(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
        put: OfferDraftPut,
    ) -> Result<OfferDraft, Problem> {
        let operator = cx.operator(Access::Write)?;
        let content = &content_parse(&put)?;
        self.act(cx, "offer.draft", Keep::Answer, async |mut tx| {
            let before = tx.offer_draft_get(operator).await?;
            let stands = before.as_ref().filter(|b| b.body.is_some());
            match (stands, if_match) {
                (Some(stands), _) => matches(if_match, stands.version, true)?,
                (None, Some(given)) => {
                    let reason = format!("you hold version {given}, but there is no draft");
                    return Err(ErrorCode::VersionMismatch
                        .problem(Some("If-Match"), reason)
                        .into());
                }
                (None, None) => {}
            }
            let replaces = before.map(|b| b.version);
            let row = OfferDraftRow {
                operator_id: operator,
                body: Some(Json(content.clone())),
                edited_at: tx.at(),
                version: replaces.map_or(1, |v| v + 1),
            };
            raced(tx.offer_draft_put(&row, replaces).await?)?;
            change_other(&mut tx, "offer", operator, of_operator(operator));
            done(draft_document(&row, content), operator)
        })
        .await
    }

    /// Throws the draft away; what is published stays.
    ///
    /// # Errors
    /// `not_found`, `version_mismatch`, `forbidden`.
    pub async fn offer_draft_remove(
        &self,
        cx: &Cx,
        if_match: Option<i64>,
    ) -> Result<OfferDraft, Problem> {
        let operator = cx.operator(Access::Write)?;
        self.act(cx, "offer.draft_remove", Keep::Answer, async |mut tx| {
            let row = tx.offer_draft_get(operator).await?.ok_or_else(|| no_draft(operator))?;
            let content = row.body.clone().ok_or_else(|| no_draft(operator))?.0;
            matches(if_match, row.version, false)?;
            clear(&mut tx, &row).await?;
            change_other(&mut tx, "offer", operator, of_operator(operator));
            done(draft_document(&row, &content), operator)
        })
        .await
    }

    /// Puts the draft into the directory, in place of what was there. If-Match is of the draft.
    ///
    /// # Errors
    /// `no_offer_draft`, `offer_incomplete` names what is missing, `version_mismatch`, `forbidden`.
    pub async fn offer_publish(&self, cx: &Cx, if_match: Option<i64>) -> Result<Offer, Problem> {
        let operator = cx.operator(Access::Write)?;
        self.act(cx, "offer.publish", Keep::Answer, async |mut tx| {
            let draft = tx.offer_draft_get(operator).await?;
            let Some((draft, content)) = draft.and_then(|d| d.body.clone().map(|body| (d, body.0)))
            else {
                let reason = "nothing was written since the offer was published last";
                return Err(ErrorCode::NoOfferDraft.problem(None, reason).into());
            };
            matches(if_match, draft.version, false)?;
            content.complete().map_err(lacking)?;
            let before = tx.offer_get(operator).await?;
            let was = before.as_ref().map_or(OfferState::Draft, |b| b.state);
            let state = was.next(OfferEvent::Publish).map_err(state_refusal)?;
            let (at, countries) = (tx.at(), content.countries());
            let row = next_edition(operator, before.as_ref(), state, content, countries, at);
            save(&mut tx, &row, before.map(|b| b.version)).await?;
            clear(&mut tx, &draft).await?;
            done(offer_document(row), operator)
        })
        .await
    }

    /// Takes the offer out of the directory: no new consents; those there are go on.
    ///
    /// # Errors
    /// `not_found`, `offer_state`, `version_mismatch`, `forbidden`.
    pub async fn offer_withdraw(&self, cx: &Cx, if_match: Option<i64>) -> Result<Offer, Problem> {
        let operator = cx.operator(Access::Write)?;
        self.act(cx, "offer.withdraw", Keep::Answer, async |mut tx| {
            let before = tx.offer_get(operator).await?;
            let before = before.ok_or_else(|| not_found("offer of operator", operator))?;
            matches(if_match, before.version, false)?;
            let state = before.state.next(OfferEvent::Withdraw).map_err(state_refusal)?;
            let row = OfferRow {
                state,
                published: false,
                withdrawn_at: Some(tx.at()),
                version: before.version + 1,
                ..before.clone()
            };
            save(&mut tx, &row, Some(before.version)).await?;
            done(offer_document(row), operator)
        })
        .await
    }
}

fn state_refusal(refusal: domain::offer::OfferStateRefusal) -> Problem {
    ErrorCode::OfferState.problem(None, refusal.to_string())
}

/// There is no draft any more; versions go on.
async fn clear(tx: &mut Tx, draft: &OfferDraftRow) -> Result<(), Fail> {
    let row = OfferDraftRow { body: None, edited_at: tx.at(), ..draft.clone() };
    raced(tx.offer_draft_put(&row, Some(draft.version)).await?)
}
