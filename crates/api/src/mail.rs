//! Mails to people, on the tenant's face.

use crate::{
    App,
    auth::Caller,
    extract::{Path, Query, list, number},
    failure::Answer,
    respond::{self, Format, listed, pages},
};
use api_types::{Page, mail::Mail};
use axum::{extract::State, response::Response};
use exchange::MailFilter;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MailParams {
    /// `waiting`, `sent` or `failed`
    #[param(pattern = "^(waiting|sent|failed)$")]
    pub state: Option<String>,
    /// To this person
    pub user_id: Option<Uuid>,
    /// About this number, E.164
    #[param(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    pub number: Option<String>,
    /// `next_cursor` of the page before
    pub cursor: Option<String>,
    /// 1 to 1,000, 100 unless said
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// Mails to people, newest first
///
/// One is written where somebody is given a number or loses one, as `/tenant/v1/number-settings`
/// says. Those that were sent or failed are shown for 30 days.
#[utoipa::path(
    get, path = "/tenant/v1/mails", tag = "tenant",
    params(MailParams),
    responses((status = 200, description = "A page of mails", body = Page<Mail>))
)]
pub async fn mail_list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MailParams>,
    format: Format,
) -> Answer<Response> {
    let list = list(query.cursor, query.limit)?;
    let number = query.number.as_deref().map(number).transpose()?;
    let filter = MailFilter { state: query.state, user_id: query.user_id, number };
    listed(format, list, pages!(app, caller, mail_list, filter)).await
}

/// Send a failed mail again
///
/// It waits from now on as if it had just been written.
#[utoipa::path(
    post, path = "/tenant/v1/mails/{mail_id}/resend", tag = "tenant",
    params(("mail_id" = Uuid, Path, description = "The mail")),
    responses((status = 200, description = "The mail", body = Mail))
)]
pub async fn mail_resend(
    State(app): State<App>,
    caller: Caller,
    Path(mail_id): Path<Uuid>,
) -> Answer<Response> {
    Ok(respond::ok(app.exchange.mail_resend(&caller, mail_id).await?))
}
