//! The compatible face, `/provapi`: the Provisioning API of Azure Communications
//! Gateway in both its published versions (design decision 6), whose contract
//! files are in `contracts/`. What differs between the versions is named at
//! each handler; everything else is one.

mod accounts;
mod ask;
pub mod directory;
pub mod envelope;
mod numbers;
mod teams;
pub mod token;

use crate::{
    App,
    failure::{Failure, refuse},
};
use api_types::ErrorCode;
use axum::{
    Router,
    extract::{OriginalUri, Request},
    http::{HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};

/// Where the face is: a client's base URL ends with it.
pub const BASE: &str = "/provapi";

/// Every path of both versions. Actions on an account, `{account}:deleteNumbers`, come by its own
/// path, since a colon does not end a segment.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/accounts", get(accounts::list))
        .route(
            "/accounts/{account}",
            get(accounts::get)
                .put(accounts::put)
                .delete(accounts::delete)
                .post(numbers::action)
                .layer(middleware::from_fn(account_or_action)),
        )
        .route("/accounts/{account}/numbers", get(numbers::list_2024))
        .route(
            "/accounts/{account}/numbers/{number}",
            get(numbers::get_2024).put(numbers::put_2024).delete(numbers::delete_2024),
        )
        .route("/accounts/{account}/teamsCivicAddresses", get(teams::address_list))
        .route("/accounts/{account}/teamsCivicAddresses/{id}", get(teams::address_get))
        .route("/account/{account}/numbers", get(numbers::list_2023))
        .route("/account/{account}/numbers:batch", axum::routing::post(numbers::batch_2023))
        .route(
            "/account/{account}/numbers/{number}",
            get(numbers::get_2023).put(numbers::put_2023).delete(numbers::delete_2023),
        )
        .route("/numbers", get(numbers::list_all))
        .route("/teamsRequestsForInformation", get(teams::request_list))
        .route(
            "/teamsRequestsForInformation/{tenant}",
            get(teams::request_get).patch(teams::request_update),
        )
        .fallback(nothing)
}

/// Accounts and their actions share a path, but not their methods.
async fn account_or_action(request: Request, next: Next) -> Response {
    // A colon may come encoded.
    let path = request.uri().path().replace("%3A", ":").replace("%3a", ":");
    let action = path.rsplit('/').next().and_then(|last| last.rsplit_once(':')).map(|(_, a)| a);
    let posts = *request.method() == Method::POST;
    let (reason, allow) = match action {
        None if posts => ("an account takes GET, PUT and DELETE", "GET, HEAD, PUT, DELETE"),
        Some(action) if !posts && numbers::ACTIONS.contains(&action) => {
            ("an action takes POST", "POST")
        }
        _ => return next.run(request).await,
    };
    let mut response = refuse(ErrorCode::MethodNotAllowed, None, reason).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

async fn nothing(OriginalUri(uri): OriginalUri) -> Failure {
    let reason = format!("nothing is at {}", uri.path());
    refuse(ErrorCode::NotFound, None, reason)
}
