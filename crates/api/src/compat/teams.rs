//! Civic addresses and requests for information, of the newer version alone.

use super::ask::{Answer, Ask, read, resource};
use crate::{App, extract::Path};
use api_types::compat::ApiVersion;
use api_types::compat::request::InformationRequestUpdate;
use axum::{extract::State, http::StatusCode};

const NEWER: ApiVersion = ApiVersion::V2024_02_29Preview;

/// `GET /accounts/{accountName}/teamsCivicAddresses`
pub async fn address_list(State(app): State<App>, Path(account): Path<String>, ask: Ask) -> Answer {
    ask.only(NEWER)?;
    let page = ask.page(&[])?;
    let filter = page.filter.as_deref();
    let listed = app.exchange.account_address_list(&ask.cx, &account, filter, page.slice).await?;
    Ok(ask.listed(&page, listed, |found| found.body))
}

/// `GET /accounts/{accountName}/teamsCivicAddresses/{civicAddressId}`
pub async fn address_get(
    State(app): State<App>,
    Path((account, id)): Path<(String, String)>,
    ask: Ask,
) -> Answer {
    ask.only(NEWER)?;
    ask.knows(&[])?;
    let found = app.exchange.account_address_get(&ask.cx, &account, &id, &ask.conditions).await?;
    Ok(read(found, |found| found.body))
}

/// `GET /teamsRequestsForInformation`
pub async fn request_list(State(app): State<App>, ask: Ask) -> Answer {
    ask.only(NEWER)?;
    let page = ask.page(&[])?;
    let filter = page.filter.as_deref();
    let listed = app.exchange.information_request_list(&ask.cx, filter, page.slice).await?;
    Ok(ask.listed(&page, listed, |found| found.body))
}

/// `GET /teamsRequestsForInformation/{tenantId}`
pub async fn request_get(State(app): State<App>, Path(tenant): Path<String>, ask: Ask) -> Answer {
    ask.only(NEWER)?;
    ask.knows(&[])?;
    let found = app.exchange.information_request_get(&ask.cx, &tenant, &ask.conditions).await?;
    Ok(read(found, |found| found.body))
}

/// `PATCH /teamsRequestsForInformation/{tenantId}`
pub async fn request_update(
    State(app): State<App>,
    Path(tenant): Path<String>,
    ask: Ask,
) -> Answer {
    ask.only(NEWER)?;
    ask.knows(&[])?;
    let update = ask.body::<InformationRequestUpdate>()?;
    let exchange = &app.exchange;
    let put = exchange.information_request_update(&ask.cx, &tenant, update, &ask.conditions);
    Ok(resource(StatusCode::OK, put.await?, |found| found.body))
}
