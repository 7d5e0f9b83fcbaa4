//! Accounts. The paths are the same in both versions, the documents are not.

use super::ask::{Answer, Ask, made, quoted, read, resource};
use crate::{App, extract::Path};
use api_types::compat::ApiVersion;
use api_types::compat::account::{AccountDetails2023, AccountResource, AccountResponse2023};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use exchange::compat::{AccountDraft, Tagged};

fn newer(found: Tagged<AccountResource>) -> AccountResource {
    found.body
}

fn older(found: Tagged<AccountResource>) -> AccountResponse2023 {
    AccountResponse2023::of(found.body, quoted(&found.tag), false)
}

fn older_with_state(found: Tagged<AccountResource>) -> AccountResponse2023 {
    AccountResponse2023::of(found.body, quoted(&found.tag), true)
}

/// `GET /accounts`
pub async fn list(State(app): State<App>, ask: Ask) -> Answer {
    let page = ask.page(&[])?;
    let listed = app.exchange.account_list(&ask.cx, page.filter.as_deref(), page.slice).await?;
    Ok(match ask.version {
        ApiVersion::V2023_10_01 => ask.listed(&page, listed, older),
        ApiVersion::V2024_02_29Preview => ask.listed(&page, listed, newer),
    })
}

/// `GET /accounts/{accountName}`; the older version tells of the subdomain by `status=true`.
pub async fn get(State(app): State<App>, Path(name): Path<String>, ask: Ask) -> Answer {
    let older_version = ask.version == ApiVersion::V2023_10_01;
    ask.knows(if older_version { &["status"] } else { &[] })?;
    let with_state = ask.flag("status")?;
    let found = app.exchange.account_get(&ask.cx, &name, &ask.conditions).await?;
    Ok(match (older_version, with_state) {
        (false, _) => read(found, newer),
        (true, false) => read(found, older),
        (true, true) => read(found, older_with_state),
    })
}

/// `PUT /accounts/{accountName}`
pub async fn put(State(app): State<App>, Path(name): Path<String>, ask: Ask) -> Answer {
    ask.knows(&[])?;
    let older_version = ask.version == ApiVersion::V2023_10_01;
    let draft = if older_version {
        AccountDraft::DirectRouting(ask.body::<AccountDetails2023>()?)
    } else {
        AccountDraft::Whole(Box::new(ask.body::<AccountResource>()?))
    };
    let put = app.exchange.account_put(&ask.cx, &name, draft, &ask.conditions).await?;
    let (found, is_new) = put;
    Ok(match older_version {
        true => resource(made(is_new), found, older),
        false => resource(made(is_new), found, newer),
    })
}

/// `DELETE /accounts/{accountName}`; the older version has no `deleteNumbers`.
pub async fn delete(State(app): State<App>, Path(name): Path<String>, ask: Ask) -> Answer {
    let older_version = ask.version == ApiVersion::V2023_10_01;
    ask.knows(if older_version { &[] } else { &["deleteNumbers"] })?;
    let with_numbers = ask.flag("deleteNumbers")?;
    app.exchange.account_delete(&ask.cx, &name, with_numbers, &ask.conditions).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
