//! The third contract: a tenant's directory of operators and its consents,
//! `/operatorconnect`, in the one version that was published. Each operation is
//! one of `/tenant/v1` in other words, under the same scopes.

use super::envelope::Refusal;
use crate::{
    App,
    address::base,
    auth::Caller,
    extract::{Json, Path},
    failure::refuse,
};
use api_types::compat::Paged;
use api_types::compat::directory::{Consent, ConsentPatch, Operator, VERSION};
use api_types::tenant::{self, ConsentCreate, ConsentUpdate};
use api_types::{ErrorCode, Page, Problem};
use axum::{
    Router,
    extract::{FromRequestParts, OriginalUri, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use exchange::{DirectoryFilter, ListQuery};
use serde::Serialize;
use std::future::Future;
use uuid::Uuid;

/// Where the face is; the contract's paths begin with it.
pub const BASE: &str = "/operatorconnect";
/// The contract does not ask how large the company is.
const ANY_SIZE: &str = "L1_U4294967295";

type Answer = Result<Response, Refusal>;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/operators", get(operator_list))
        .route("/consents", get(consent_list))
        .route("/consents/{operator}", get(consent_get).patch(consent_patch))
        .fallback(super::nothing)
}

/// The query of a request whose version is supported.
struct Asked {
    pairs: Vec<(String, String)>,
    /// `http://host/operatorconnect/consents`.
    address: String,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        let pairs = super::ask::query(uri.query().unwrap_or_default())?;
        let given = pairs.iter().find(|(name, _)| name == "api-version").map(|(_, value)| value);
        if given.map(String::as_str) != Some(VERSION) {
            let reason = match given {
                Some(other) => format!("{other:?} is not supported here"),
                None => "api-version is missing".to_owned(),
            };
            let code = ErrorCode::UnsupportedApiVersion;
            let mut problem = code.problem(Some("api-version"), reason);
            problem.remedy = format!("Send api-version={VERSION}.");
            return Err(problem.into());
        }
        let address = format!("{}{}", base(app, &parts.headers), uri.path());
        Ok(Self { pairs, address })
    }
}

impl Asked {
    /// Refuses query parameters that the operation does not have.
    fn knows(&self, names: &[&str]) -> Result<(), Refusal> {
        let known = |name: &str| name == "api-version" || names.contains(&name);
        match self.pairs.iter().find(|(name, _)| !known(name)) {
            None => Ok(()),
            Some((name, _)) => {
                let reason = "this operation has no such parameter";
                Err(refuse(ErrorCode::InvalidParameter, Some(name), reason).into())
            }
        }
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let Some((_, text)) = self.pairs.iter().find(|(key, _)| key == name) else {
            return Ok(None);
        };
        match text.parse::<i32>().ok().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => {
                let reason = format!("{text:?} is no number from 0 on");
                Err(refuse(ErrorCode::InvalidParameter, Some(name), reason).into())
            }
        }
    }

    /// The entries from `skip` on, `top` of them at most, and where the rest is.
    async fn listed<T, D, F>(&self, mut page: impl FnMut(ListQuery) -> F) -> Answer
    where
        D: From<T> + Serialize,
        F: Future<Output = Result<Page<T>, Problem>>,
    {
        self.knows(&["skip", "top"])?;
        let (skip, top) = (self.number("skip")?.unwrap_or(0), self.number("top")?);
        let end = top.map(|top| skip.saturating_add(top));
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let one = page(ListQuery { cursor, limit: 1000 }).await?;
            found.extend(one.items);
            cursor = one.next_cursor;
            if cursor.is_none() || end.is_some_and(|end| found.len() > end) {
                break;
            }
        }
        let end = end.unwrap_or(found.len()).min(found.len());
        // Of nothing there is no next page.
        let next_link = (end < found.len() && top != Some(0)).then(|| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("api-version", VERSION).append_pair("skip", &end.to_string());
            query.append_pair("top", &top.unwrap_or_default().to_string());
            format!("{}?{}", self.address, query.finish())
        });
        let value = found.into_iter().take(end).skip(skip).map(D::from).collect();
        Ok(axum::Json(Paged::<D> { value, next_link }).into_response())
    }
}

async fn operator_list(State(app): State<App>, caller: Caller, asked: Asked) -> Answer {
    let list = |list| app.exchange.directory_list(&caller, DirectoryFilter::default(), list);
    asked.listed::<_, Operator, _>(list).await
}

async fn consent_list(State(app): State<App>, caller: Caller, asked: Asked) -> Answer {
    asked.listed::<_, Consent, _>(|list| app.exchange.consent_list(&caller, list)).await
}

fn operator_id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| {
        let reason = format!("{text:?} is no operator's id");
        refuse(ErrorCode::NotFound, Some("operatorId"), reason).into()
    })
}

async fn consent_get(
    State(app): State<App>,
    caller: Caller,
    Path(operator): Path<String>,
    asked: Asked,
) -> Answer {
    asked.knows(&[])?;
    let found = app.exchange.consent_get(&caller, operator_id(&operator)?).await?;
    Ok(axum::Json(Consent::from(found)).into_response())
}

/// Gives a consent where there is none (or a removed one), else edits, suspends, resumes or
/// removes it.
async fn consent_patch(
    State(app): State<App>,
    caller: Caller,
    Path(operator): Path<String>,
    asked: Asked,
    Json(patch): Json<ConsentPatch>,
) -> Answer {
    asked.knows(&[])?;
    let operator = operator_id(&operator)?;
    let exchange = &app.exchange;
    let held = match exchange.consent_get(&caller, operator).await {
        Ok(held) => Some(held),
        Err(problem) if problem.code == ErrorCode::NotFound.code() => None,
        Err(problem) => return Err(problem.into()),
    };
    let status = patch.status.as_deref();
    if status.is_some_and(|status| !["Active", "Suspended", "Removed"].contains(&status)) {
        let reason = "a status is Active, Suspended or Removed";
        return Err(refuse(ErrorCode::InvalidField, Some("/status"), reason).into());
    }
    let stands = held.as_ref().filter(|held| held.status != "Removed");
    let (status, consent) = match (stands, status) {
        (Some(held), Some("Removed")) => {
            (StatusCode::OK, exchange.consent_remove(&caller, operator, Some(held.version)).await)
        }
        (Some(held), _) => match edit(held, patch)? {
            // Nothing that is not so already.
            edit if edit == ConsentUpdate::default() => (StatusCode::OK, Ok(held.clone())),
            edit => {
                let version = Some(held.version);
                (StatusCode::OK, exchange.consent_update(&caller, operator, version, edit).await)
            }
        },
        (None, Some("Suspended" | "Removed")) => match held {
            Some(held) if status == Some("Removed") => (StatusCode::OK, Ok(held)),
            _ => {
                let reason = "there is no consent that could be suspended or removed";
                return Err(refuse(ErrorCode::ConsentState, Some("/status"), reason).into());
            }
        },
        (None, _) => match exchange.consent_create(&caller, new(operator, held, patch)).await {
            Ok((consent, true)) => (StatusCode::CREATED, Ok(consent)),
            Ok((consent, false)) => (StatusCode::OK, Ok(consent)),
            Err(problem) => (StatusCode::OK, Err(problem)),
        },
    };
    let consent = Consent::from(consent.map_err(in_its_words)?);
    Ok((status, axum::Json(consent)).into_response())
}

fn contacts(patch: &mut ConsentPatch) -> Option<Vec<tenant::Contact>> {
    let given = patch.contacts.take();
    given.map(|all| all.into_iter().map(tenant::Contact::from).collect())
}

/// What a consent that stands is to become.
fn edit(held: &tenant::Consent, mut patch: ConsentPatch) -> Result<ConsentUpdate, Refusal> {
    if patch.company_name.as_ref().is_some_and(|name| *name != held.company_name) {
        let reason = "the company's name stays as it was given with the consent";
        return Err(refuse(ErrorCode::InvalidField, Some("/companyName"), reason).into());
    }
    Ok(ConsentUpdate {
        contacts: contacts(&mut patch),
        status: patch.status.filter(|status| *status != held.status),
        countries: patch.consented_countries,
        ..ConsentUpdate::default()
    })
}

/// A new consent, or a removed one taken up again with what it had.
fn new(
    operator_id: Uuid,
    before: Option<tenant::Consent>,
    mut patch: ConsentPatch,
) -> ConsentCreate {
    let contacts = contacts(&mut patch);
    let by = patch.consented_by.map(|contact| vec![contact.into()]);
    let (mut countries, mut people, mut name, mut size) =
        (Vec::new(), Vec::new(), String::new(), ANY_SIZE.to_owned());
    if let Some(before) = before {
        (countries, people) = (before.countries, before.contacts);
        (name, size) = (before.company_name, before.company_size);
    }
    ConsentCreate {
        operator_id,
        countries: patch.consented_countries.unwrap_or(countries),
        requirements: Vec::new(),
        contacts: contacts.or(by).unwrap_or(people),
        company_name: patch.company_name.unwrap_or(name),
        company_size: size,
        // Whoever sends this asks for the consent, of which the notice is a part.
        notice_accepted: true,
        notice_version: None,
        terms_version: None,
        escalation_contacts: Vec::new(),
        lead_id: None,
    }
}

/// Names the field as this contract does.
fn in_its_words(mut problem: Problem) -> Problem {
    let words = |part: &str| {
        let known = match part {
            "countries" => "consentedCountries",
            "company_name" => "companyName",
            "full_name" => "fullName",
            "phone_number" => "phoneNumber",
            other => other,
        };
        known.to_owned()
    };
    problem.field = problem.field.map(|field| {
        let parts: Vec<String> = field.split('/').map(words).collect();
        parts.join("/")
    });
    problem
}
