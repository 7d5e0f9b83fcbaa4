//! Explaining a number, on three faces.

use crate::{
    App,
    auth::Caller,
    extract::{Query, number as number_of},
    failure::Answer,
    respond,
};
use api_types::number::NumberExplained;
use axum::{extract::State, response::Response};
use exchange::NumberQuestion;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which number.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NumberParam {
    /// E.164, its `+` written as `%2B`.
    #[param(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442079460000")]
    pub number: String,
}

/// Which number, for whom and where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenantNumberParams {
    /// E.164, its `+` written as `%2B`.
    #[param(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442079460000")]
    pub number: String,
    /// Could this person have it? Left out, somebody who could have one is meant.
    pub user_id: Option<Uuid>,
    /// Could this queue have it?
    pub resource_account_id: Option<Uuid>,
    /// As this: `Primary` where it is left out, `Private`, `Alternate`?
    #[param(pattern = "^(Primary|Private|Alternate)$")]
    pub category: Option<String>,
    /// At this location? Left out, at the one that it has.
    pub location_id: Option<Uuid>,
}

/// Which number, for which tenant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OperatorNumberParams {
    /// E.164, its `+` written as `%2B`.
    #[param(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442079460000")]
    pub number: String,
    /// Could it be uploaded to this tenant?
    pub tenant_id: Option<Uuid>,
}

/// Explain a number
///
/// How it stands, and each thing that may be done to it now, or the rule that refuses it: the very
/// rules of those operations. Name a person, a queue or a location to ask about those.
#[utoipa::path(
    get, path = "/tenant/v1/explain/number", tag = "tenant", params(TenantNumberParams),
    responses((status = 200, description = "The number, explained", body = NumberExplained))
)]
pub async fn number_explain(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TenantNumberParams>,
) -> Answer<Response> {
    let ask = NumberQuestion {
        user_id: query.user_id,
        resource_account_id: query.resource_account_id,
        category: exchange::assignment_category("category", query.category.as_deref())?,
        location_id: query.location_id,
        tenant_id: None,
    };
    let number = number_of(&query.number)?;
    Ok(respond::ok(app.exchange.number_explain(&caller, number, ask).await?))
}

/// Explain a number of yours
///
/// One that you gave to a tenant, or that lies in your ranges: how it stands and what you may do to
/// it now. Name a tenant to ask whether it could be uploaded there.
#[utoipa::path(
    get, path = "/operator/v1/explain/number", tag = "operator", params(OperatorNumberParams),
    responses((status = 200, description = "The number, explained", body = NumberExplained))
)]
pub async fn operator_number_explain(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<OperatorNumberParams>,
) -> Answer<Response> {
    let ask = NumberQuestion { tenant_id: query.tenant_id, ..NumberQuestion::default() };
    let number = number_of(&query.number)?;
    Ok(respond::ok(app.exchange.operator_number_explain(&caller, number, ask).await?))
}

/// Explain any number
///
/// One that somebody has, or that lies in a declared range: how it stands, and what its tenant and
/// its operator may do to it now.
#[utoipa::path(
    get, path = "/programme/v1/explain/number", tag = "programme", params(NumberParam),
    responses((status = 200, description = "The number, explained", body = NumberExplained))
)]
pub async fn programme_number_explain(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<NumberParam>,
) -> Answer<Response> {
    let number = number_of(&query.number)?;
    Ok(respond::ok(app.exchange.programme_number_explain(&caller, number).await?))
}
