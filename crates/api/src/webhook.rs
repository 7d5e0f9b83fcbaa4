//! Webhook subscriptions: the same operations on the tenant's, the operator's and the programme
//! owner's face.

use crate::{
    App,
    auth::Caller,
    extract::{DeliveryParams, IfMatch, Json, ListParams, Path, Query, list},
    failure::Answer,
    respond::{self, Format, listed, pages, versioned, with_etag},
};
use api_types::{Page, webhook::*};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

/// One face's operations: where they are, what they are called, whose tag they have. Names are
/// written out, since a description takes literals only.
macro_rules! face {
    (
        $face:ident, $tag:literal,
        $all:literal, $one:literal, $secret:literal, $test:literal, $replay:literal,
        $deliveries:literal,
        $list:ident, $create:ident, $get:ident, $update:ident, $remove:ident, $rotate:ident,
        $try:ident, $again:ident, $attempts:ident
    ) => {
        pub mod $face {
            use super::*;

            /// Webhook subscriptions
            #[utoipa::path(
                get, path = $all, tag = $tag, params(ListParams),
                responses((status = 200, description = "A page of subscriptions", body = Page<Webhook>))
            )]
            pub async fn $list(
                State(app): State<App>,
                caller: Caller,
                Query(query): Query<ListParams>,
                format: Format,
            ) -> Answer<Response> {
                let list = list(query.cursor, query.limit)?;
                listed(format, list, pages!(app, caller, webhook_list)).await
            }

            /// Subscribe to events
            ///
            /// They are posted to the endpoint by the Standard Webhooks scheme. The secret is
            /// shown this once.
            #[utoipa::path(
                post, path = $all, tag = $tag, request_body = WebhookCreate,
                responses((status = 201, description = "The subscription with its secret", body = WebhookSecret))
            )]
            pub async fn $create(
                State(app): State<App>,
                caller: Caller,
                Json(body): Json<WebhookCreate>,
            ) -> Answer<Response> {
                let made = app.exchange.webhook_create(&caller, body).await?;
                let version = made.webhook.version;
                let location = format!("{}/{}", $all, made.id);
                Ok(with_etag(respond::created(Some(location), made), version))
            }

            /// One subscription
            #[utoipa::path(
                get, path = $one, tag = $tag,
                params(("webhook_id" = Uuid, Path, description = "The subscription")),
                responses((status = 200, description = "The subscription", body = Webhook))
            )]
            pub async fn $get(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
            ) -> Answer<Response> {
                let found = app.exchange.webhook_get(&caller, webhook_id).await?;
                Ok(versioned(found.version, found))
            }

            /// Edit, disable or enable a subscription
            ///
            /// What is left out stays. Enabled again, it goes on where it stopped.
            #[utoipa::path(
                patch, path = $one, tag = $tag, request_body = WebhookUpdate,
                params(
                    ("webhook_id" = Uuid, Path, description = "The subscription"),
                    ("If-Match" = String, Header, description = "The ETag last read"),
                ),
                responses((status = 200, description = "The subscription", body = Webhook))
            )]
            pub async fn $update(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
                IfMatch(version): IfMatch,
                Json(body): Json<WebhookUpdate>,
            ) -> Answer<Response> {
                let found =
                    app.exchange.webhook_update(&caller, webhook_id, version, body).await?;
                Ok(versioned(found.version, found))
            }

            /// End a subscription
            #[utoipa::path(
                delete, path = $one, tag = $tag,
                params(
                    ("webhook_id" = Uuid, Path, description = "The subscription"),
                    ("If-Match" = Option<String>, Header, description = "The ETag last read"),
                ),
                responses((status = 204, description = "It is gone"))
            )]
            pub async fn $remove(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
                IfMatch(version): IfMatch,
            ) -> Answer<Response> {
                app.exchange.webhook_remove(&caller, webhook_id, version).await?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }

            /// Change a subscription's secret
            ///
            /// The new one is shown this once. The old one signs beside it for a while.
            #[utoipa::path(
                post, path = $secret, tag = $tag, request_body = WebhookRotate,
                params(("webhook_id" = Uuid, Path, description = "The subscription")),
                responses((status = 201, description = "The subscription with its new secret", body = WebhookSecret))
            )]
            pub async fn $rotate(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
                Json(body): Json<WebhookRotate>,
            ) -> Answer<Response> {
                let made = app.exchange.webhook_rotate(&caller, webhook_id, body).await?;
                let version = made.webhook.version;
                Ok(with_etag(respond::created(None, made), version))
            }

            /// Try an endpoint
            ///
            /// Sends `webhook.test` at once and tells what became of it.
            #[utoipa::path(
                post, path = $test, tag = $tag,
                params(("webhook_id" = Uuid, Path, description = "The subscription")),
                responses((status = 200, description = "The attempt", body = WebhookDelivery))
            )]
            pub async fn $try(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
            ) -> Answer<Response> {
                Ok(respond::ok(app.exchange.webhook_test(&caller, webhook_id).await?))
            }

            /// Send events again
            ///
            /// What follows the position is sent, whether it was sent before or not.
            #[utoipa::path(
                post, path = $replay, tag = $tag, request_body = WebhookReplay,
                params(("webhook_id" = Uuid, Path, description = "The subscription")),
                responses((status = 200, description = "The subscription", body = Webhook))
            )]
            pub async fn $again(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
                Json(body): Json<WebhookReplay>,
            ) -> Answer<Response> {
                let found = app.exchange.webhook_replay(&caller, webhook_id, body).await?;
                Ok(versioned(found.version, found))
            }

            /// Attempts to deliver, newest first
            #[utoipa::path(
                get, path = $deliveries, tag = $tag,
                params(
                    ("webhook_id" = Uuid, Path, description = "The subscription"),
                    DeliveryParams,
                ),
                responses((status = 200, description = "A page of attempts", body = Page<WebhookDelivery>))
            )]
            pub async fn $attempts(
                State(app): State<App>,
                caller: Caller,
                Path(webhook_id): Path<Uuid>,
                Query(query): Query<DeliveryParams>,
                format: Format,
            ) -> Answer<Response> {
                let list = list(query.cursor, query.limit)?;
                let failed = query.failed;
                let deliveries = pages!(app, caller, webhook_deliveries, webhook_id, failed);
                listed(format, list, deliveries).await
            }
        }
    };
}

face!(
    tenant,
    "tenant",
    "/tenant/v1/webhooks",
    "/tenant/v1/webhooks/{webhook_id}",
    "/tenant/v1/webhooks/{webhook_id}/secret",
    "/tenant/v1/webhooks/{webhook_id}/test",
    "/tenant/v1/webhooks/{webhook_id}/replay",
    "/tenant/v1/webhooks/{webhook_id}/deliveries",
    webhook_list,
    webhook_create,
    webhook_get,
    webhook_update,
    webhook_remove,
    webhook_rotate,
    webhook_test,
    webhook_replay,
    webhook_deliveries
);
face!(
    operator,
    "operator",
    "/operator/v1/webhooks",
    "/operator/v1/webhooks/{webhook_id}",
    "/operator/v1/webhooks/{webhook_id}/secret",
    "/operator/v1/webhooks/{webhook_id}/test",
    "/operator/v1/webhooks/{webhook_id}/replay",
    "/operator/v1/webhooks/{webhook_id}/deliveries",
    operator_webhook_list,
    operator_webhook_create,
    operator_webhook_get,
    operator_webhook_update,
    operator_webhook_remove,
    operator_webhook_rotate,
    operator_webhook_test,
    operator_webhook_replay,
    operator_webhook_deliveries
);
face!(
    programme,
    "programme",
    "/programme/v1/webhooks",
    "/programme/v1/webhooks/{webhook_id}",
    "/programme/v1/webhooks/{webhook_id}/secret",
    "/programme/v1/webhooks/{webhook_id}/test",
    "/programme/v1/webhooks/{webhook_id}/replay",
    "/programme/v1/webhooks/{webhook_id}/deliveries",
    programme_webhook_list,
    programme_webhook_create,
    programme_webhook_get,
    programme_webhook_update,
    programme_webhook_remove,
    programme_webhook_rotate,
    programme_webhook_test,
    programme_webhook_replay,
    programme_webhook_deliveries
);
