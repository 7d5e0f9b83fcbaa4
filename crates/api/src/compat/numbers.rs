//! Numbers. The older version has them below `/account`, the newer one below
//! `/accounts`; its batches are actions on the account.

use super::ask::{Answer, Ask, made, quoted, read, resource};
use super::envelope::Refusal;
use crate::{App, extract::Path, failure::refuse};
use api_types::ErrorCode;
use api_types::compat::ApiVersion;
use api_types::compat::number::{
    BatchNumbers, BatchNumbers2023, BatchNumbersItem2023, BatchNumbersResponse2023,
    NumberDetails2023, NumberIdentifiers, NumberResource, NumberResponse2023,
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use exchange::compat::{NumberInput, Tagged};

const OLDER: ApiVersion = ApiVersion::V2023_10_01;
const NEWER: ApiVersion = ApiVersion::V2024_02_29Preview;

fn newer(found: Tagged<NumberResource>) -> NumberResource {
    found.body
}

fn older(found: Tagged<NumberResource>) -> NumberResponse2023 {
    NumberResponse2023::of(found.body, quoted(&found.tag))
}

async fn list(app: &App, ask: &Ask, account: Option<&str>) -> Answer {
    // Only the older version's list of all numbers has this parameter.
    let more: &[&str] = if account.is_none() && ask.version == OLDER { &["number"] } else { &[] };
    let page = ask.page(more)?;
    let (number, filter) = (ask.parameter("number"), page.filter.as_deref());
    let listed =
        app.exchange.account_number_list(&ask.cx, account, number, filter, page.slice).await?;
    Ok(match ask.version {
        OLDER => ask.listed(&page, listed, older),
        NEWER => ask.listed(&page, listed, newer),
    })
}

/// `GET /numbers`
pub async fn list_all(State(app): State<App>, ask: Ask) -> Answer {
    list(&app, &ask, None).await
}

/// `GET /account/{accountName}/numbers`
pub async fn list_2023(State(app): State<App>, Path(account): Path<String>, ask: Ask) -> Answer {
    ask.only(OLDER)?;
    list(&app, &ask, Some(&account)).await
}

/// `GET /accounts/{accountName}/numbers`
pub async fn list_2024(State(app): State<App>, Path(account): Path<String>, ask: Ask) -> Answer {
    ask.only(NEWER)?;
    list(&app, &ask, Some(&account)).await
}

async fn get(app: &App, ask: &Ask, account: &str, number: &str) -> Answer {
    ask.knows(&[])?;
    let found = app.exchange.account_number_get(&ask.cx, account, number, &ask.conditions).await?;
    Ok(match ask.version {
        OLDER => read(found, older),
        NEWER => read(found, newer),
    })
}

type Named = Path<(String, String)>;

/// `GET /account/{accountName}/numbers/{phoneNumber}`
pub async fn get_2023(State(app): State<App>, Path((account, number)): Named, ask: Ask) -> Answer {
    ask.only(OLDER)?;
    get(&app, &ask, &account, &number).await
}

/// `GET /accounts/{accountName}/numbers/{telephoneNumber}`
pub async fn get_2024(State(app): State<App>, Path((account, number)): Named, ask: Ask) -> Answer {
    ask.only(NEWER)?;
    get(&app, &ask, &account, &number).await
}

async fn put(app: &App, ask: &Ask, account: &str, number: &str, input: NumberInput) -> Answer {
    ask.knows(&[])?;
    let exchange = &app.exchange;
    let put = exchange.account_number_put(&ask.cx, account, number, input, &ask.conditions);
    let (found, is_new) = put.await?;
    Ok(match ask.version {
        OLDER => resource(made(is_new), found, older),
        NEWER => resource(made(is_new), found, newer),
    })
}

/// `PUT /account/{accountName}/numbers/{phoneNumber}`
pub async fn put_2023(State(app): State<App>, Path((account, number)): Named, ask: Ask) -> Answer {
    ask.only(OLDER)?;
    let details = ask.body::<NumberDetails2023>()?;
    let item = BatchNumbersItem2023 { details, phone_number: number.clone() };
    put(&app, &ask, &account, &number, NumberInput::Flags(item)).await
}

/// `PUT /accounts/{accountName}/numbers/{telephoneNumber}`
pub async fn put_2024(State(app): State<App>, Path((account, number)): Named, ask: Ask) -> Answer {
    ask.only(NEWER)?;
    let whole = Box::new(ask.body::<NumberResource>()?);
    put(&app, &ask, &account, &number, NumberInput::Whole(whole)).await
}

async fn delete(app: &App, ask: &Ask, account: &str, number: &str) -> Answer {
    ask.knows(&[])?;
    app.exchange.account_number_delete(&ask.cx, account, number, &ask.conditions).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /account/{accountName}/numbers/{phoneNumber}`
pub async fn delete_2023(
    State(app): State<App>,
    Path((account, number)): Named,
    ask: Ask,
) -> Answer {
    ask.only(OLDER)?;
    delete(&app, &ask, &account, &number).await
}

/// `DELETE /accounts/{accountName}/numbers/{telephoneNumber}`
pub async fn delete_2024(
    State(app): State<App>,
    Path((account, number)): Named,
    ask: Ask,
) -> Answer {
    ask.only(NEWER)?;
    delete(&app, &ask, &account, &number).await
}

/// `POST /account/{accountName}/numbers:batch`
pub async fn batch_2023(State(app): State<App>, Path(account): Path<String>, ask: Ask) -> Answer {
    ask.only(OLDER)?;
    ask.knows(&[])?;
    let batch = ask.body::<BatchNumbers2023>()?;
    let inputs = batch.numbers.into_iter().map(NumberInput::Flags).collect();
    let numbers = app.exchange.account_number_batch(&ask.cx, &account, inputs).await?;
    let numbers = numbers.into_iter().map(older).collect();
    Ok(Json(BatchNumbersResponse2023 { numbers }).into_response())
}

/// What can be done with an account beside keeping it.
pub const ACTIONS: [&str; 4] = [
    "createOrUpdateNumbers",
    "deleteNumbers",
    "getTeamsCapabilityPlans",
    "getTeamsAvailableCapabilities",
];

/// `POST /accounts/{accountName}:…`, actions of the newer version.
pub async fn action(State(app): State<App>, Path(target): Path<String>, ask: Ask) -> Answer {
    let Some((account, action)) = target.rsplit_once(':') else {
        let reason = "an account takes GET, PUT and DELETE";
        return Err(refuse(ErrorCode::MethodNotAllowed, None, reason).into());
    };
    ask.only(NEWER)?;
    ask.knows(&[])?;
    match action {
        "createOrUpdateNumbers" => create_or_update(&app, &ask, account).await,
        "deleteNumbers" => {
            let asked = ask.body::<NumberIdentifiers>()?;
            app.exchange.account_number_batch_delete(&ask.cx, account, asked).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        "getTeamsCapabilityPlans" => {
            let plans = app.exchange.account_capability_plans(&ask.cx, account).await?;
            Ok(Json(plans).into_response())
        }
        "getTeamsAvailableCapabilities" => {
            let asked = ask.body::<NumberIdentifiers>()?;
            let found =
                app.exchange.account_available_capabilities(&ask.cx, account, asked).await?;
            Ok(Json(found).into_response())
        }
        _ => {
            let reason = format!("an account has no action {}", action.escape_default());
            Err(refuse(ErrorCode::NotFound, None, reason).into())
        }
    }
}

async fn create_or_update(app: &App, ask: &Ask, account: &str) -> Result<Response, Refusal> {
    let batch = ask.body::<BatchNumbers>()?;
    let inputs = batch.numbers.into_iter().map(|n| NumberInput::Whole(Box::new(n))).collect();
    let numbers = app.exchange.account_number_batch(&ask.cx, account, inputs).await?;
    let numbers = numbers.into_iter().map(newer).collect();
    Ok(Json(BatchNumbers { numbers }).into_response())
}
