//! The OpenAPI 3.1 document, made from the handlers, and its page.

use crate::{
    App, accounts, billing, calling, clients, conference, edge, emergency, event, explain, fraud,
    freeze, gateway, inside, links, mail, network, oauth, offer, oidc, operator, order, policy,
    programme, scim, session, shop, tenant, webhook,
};
use api_types::{Problem, event::Event, scim::ScimRefusal};
use axum::{
    Router,
    http::{Method, header},
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, Ref, RefOr, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Schema, Type},
        security::{
            ApiKey, ApiKeyValue, ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement,
            SecurityScheme,
        },
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Meetpoint",
        description = "An open, self-hosted Operator Connect: PSTN operators publish numbers, \
            organisations choose an operator, receive numbers, assign them, and calls flow.\n\n\
            Refusals are problem documents (RFC 9457) whose `code` is explained at \
            [`/errors/{code}`](/errors). Lists page by `cursor`; with `Accept: text/csv` they come \
            whole, as CSV. Documents with a `version` carry it as their ETag; writes that need \
            If-Match say so. `POST` takes an `Idempotency-Key`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem, Event, ScimRefusal)),
    tags(
        (name = "programme", description = "For the programme owner, who runs Meetpoint"),
        (name = "tenant", description = "For organisations that use numbers"),
        (name = "operator", description = "For PSTN operators"),
        (name = "scim", description = "For identity providers: a tenant's people and groups (RFC 7644)"),
        (name = "shop", description = "For operators' payment pages"),
        (name = "edge", description = "For Meetpoint's own edges"),
        (name = "oauth", description = "Tokens for programs"),
        (name = "session", description = "Sign-in for browsers"),
    ),
)]
struct Base;

/// Every route with its description, registered in one call.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Base::openapi())
        .routes(routes!(programme::operator_list, programme::operator_create))
        .routes(routes!(programme::operator_get))
        .routes(routes!(programme::trunk_list, programme::trunk_create))
        .routes(routes!(programme::trunk_update))
        .routes(routes!(programme::calling_profile_list, programme::calling_profile_create))
        .routes(routes!(programme::calling_profile_emergency_put))
        .routes(routes!(programme::range_list, programme::range_create))
        .routes(routes!(programme::offer_get, programme::offer_put))
        .routes(routes!(programme::tenant_list, programme::tenant_create))
        .routes(routes!(programme::edge_key_list, programme::edge_key_rotate))
        .routes(routes!(clients::client_list, programme::client_create))
        .routes(routes!(clients::client_get, clients::client_update))
        .routes(routes!(clients::client_secret_create))
        .routes(routes!(clients::client_secret_revoke))
        .routes(routes!(clients::client_key_create))
        .routes(routes!(clients::client_key_remove))
        .routes(routes!(clients::issuer_list, clients::issuer_create))
        .routes(routes!(clients::issuer_get, clients::issuer_remove))
        .routes(routes!(programme::login_code_create))
        .routes(routes!(programme::programme_call_list))
        .routes(routes!(programme::audit_list))
        .routes(routes!(tenant::directory_list))
        .routes(routes!(tenant::consent_list, tenant::consent_create))
        .routes(routes!(tenant::consent_get, tenant::consent_update, tenant::consent_remove))
        .routes(routes!(offer::directory_offer_get))
        .routes(routes!(offer::notice_get))
        .routes(routes!(offer::consent_acceptance_list, offer::consent_acceptance_create))
        .routes(routes!(offer::lead_list))
        .routes(routes!(offer::lead_claim))
        .routes(routes!(offer::lead_decline))
        .routes(routes!(offer::notice_list, offer::notice_create))
        .routes(routes!(offer::operator_offer_get))
        .routes(routes!(offer::capability_plan_list))
        .routes(routes!(offer::offer_draft_get, offer::offer_draft_put, offer::offer_draft_remove))
        .routes(routes!(offer::offer_publish))
        .routes(routes!(offer::offer_withdraw))
        .routes(routes!(offer::operator_lead_list, offer::lead_create))
        .routes(routes!(offer::lead_withdraw))
        .routes(routes!(offer::engagement_put))
        .routes(routes!(tenant::civic_address_list, tenant::civic_address_create))
        .routes(routes!(tenant::civic_address_get, tenant::civic_address_remove))
        .routes(routes!(tenant::location_create))
        .routes(routes!(tenant::user_list, tenant::user_create))
        .routes(routes!(tenant::user_get, tenant::user_update, tenant::user_remove))
        .routes(routes!(tenant::user_phone_create))
        .routes(routes!(tenant::resource_account_list, tenant::resource_account_create))
        .routes(routes!(tenant::resource_account_get))
        .routes(routes!(tenant::number_list))
        .routes(routes!(tenant::number_get))
        .routes(routes!(tenant::assignment_put, tenant::assignment_remove))
        .routes(routes!(order::assignment_block_put, order::assignment_block_remove))
        .routes(routes!(order::assignment_undo))
        .routes(routes!(order::number_tags_put))
        .routes(routes!(order::tag_list))
        .routes(routes!(order::number_settings_get, order::number_settings_put))
        .routes(routes!(order::user_file))
        .routes(routes!(order::tenant_order_list, order::tenant_order_create))
        .routes(routes!(order::tenant_order_file))
        .routes(routes!(order::tenant_order_get))
        .routes(routes!(order::tenant_order_entries))
        .routes(routes!(order::tenant_order_retry))
        .routes(routes!(order::tenant_order_undo))
        .routes(routes!(tenant::call_list))
        .routes(routes!(emergency::emergency_call_list))
        .routes(routes!(mail::mail_list))
        .routes(routes!(mail::mail_resend))
        .routes(routes!(tenant::call_get))
        .routes(routes!(tenant::explain_call))
        .routes(routes!(explain::number_explain))
        .routes(routes!(explain::operator_number_explain))
        .routes(routes!(explain::programme_number_explain))
        .routes(routes!(operator::operator_consent_list))
        .routes(routes!(operator::operator_consent_get, operator::relationship_update))
        .routes(routes!(operator::operator_civic_address_list))
        .routes(routes!(operator::operator_calling_profile_list))
        .routes(routes!(operator::number_order_list, operator::number_order_create))
        .routes(routes!(operator::number_order_get))
        .routes(routes!(operator::number_order_entries))
        .routes(routes!(order::number_order_file))
        .routes(routes!(order::number_order_retry))
        .routes(routes!(order::number_order_undo))
        .routes(routes!(order::order_message_list))
        .routes(routes!(order::order_message_dismiss))
        .routes(routes!(order::operator_dispute_list))
        .routes(routes!(order::operator_dispute_update))
        .routes(routes!(order::dispute_list))
        .routes(routes!(order::dispute_update))
        .routes(routes!(operator::operator_number_list))
        .routes(routes!(operator::operator_call_list))
        .routes(routes!(billing::call_durations_push))
        .routes(routes!(billing::call_reconciliation))
        .routes(routes!(billing::operator_call_export_list, billing::operator_call_export_create))
        .routes(routes!(billing::operator_call_export_get))
        .routes(routes!(billing::call_export_list, billing::call_export_create))
        .routes(routes!(billing::call_export_get))
        .routes(routes!(shop::stock_list, shop::stock_put))
        .routes(routes!(shop::stock_file))
        .routes(routes!(shop::stock_withdraw))
        .routes(routes!(shop::stock_counts))
        .routes(routes!(shop::shop_number_list))
        .routes(routes!(shop::storefront_get, shop::storefront_put))
        .routes(routes!(shop::storefront_secret))
        .routes(routes!(shop::operator_reservation_list))
        .routes(routes!(shop::operator_reservation_get))
        .routes(routes!(shop::reservation_accept))
        .routes(routes!(shop::reservation_decline))
        .routes(routes!(shop::shop_get))
        .routes(routes!(shop::quote_create))
        .routes(routes!(shop::quote_get))
        .routes(routes!(shop::reservation_list, shop::reservation_create))
        .routes(routes!(shop::reservation_get))
        .routes(routes!(shop::reservation_extend))
        .routes(routes!(shop::reservation_cancel))
        .routes(routes!(shop::reservation_paid))
        .routes(routes!(scim::scim_config_get))
        .routes(routes!(scim::scim_resource_type_list))
        .routes(routes!(scim::scim_resource_type_get))
        .routes(routes!(scim::scim_schema_list))
        .routes(routes!(scim::scim_schema_get))
        .routes(routes!(scim::scim_user_list, scim::scim_user_create))
        .routes(routes!(
            scim::scim_user_get,
            scim::scim_user_replace,
            scim::scim_user_update,
            scim::scim_user_remove
        ))
        .routes(routes!(scim::scim_group_list, scim::scim_group_create))
        .routes(routes!(
            scim::scim_group_get,
            scim::scim_group_replace,
            scim::scim_group_update,
            scim::scim_group_remove
        ))
        .routes(routes!(edge::edge_snapshot))
        .routes(routes!(edge::edge_changes))
        .routes(routes!(edge::edge_cdrs))
        .routes(routes!(edge::edge_events))
        .routes(routes!(edge::edge_answers))
        .routes(routes!(inside::alarm_list))
        .routes(routes!(inside::edge_list))
        .routes(routes!(inside::edge_forget))
        .routes(routes!(inside::call_explain))
        .routes(routes!(inside::tenant_call_explain))
        .routes(routes!(inside::operator_call_explain))
        .routes(routes!(fraud::fraud_limits_get, fraud::fraud_limits_put))
        .routes(routes!(fraud::fraud_release))
        .routes(routes!(network::trusted_networks_get, network::trusted_networks_put))
        .routes(routes!(fraud::tenant_fraud_release))
        .routes(routes!(policy::policy_list, policy::policy_create))
        .routes(routes!(policy::policy_get, policy::policy_update, policy::policy_remove))
        .routes(routes!(policy::policy_assignment_list, policy::policy_assignment_put))
        .routes(routes!(policy::effective_policies))
        .routes(routes!(policy::group_list, policy::group_create))
        .routes(routes!(policy::group_get, policy::group_remove))
        .routes(routes!(policy::group_member_list, policy::group_member_edit))
        .routes(routes!(policy::screening_get, policy::screening_put))
        .routes(routes!(calling::calling_settings_list))
        .routes(routes!(calling::calling_file))
        .routes(routes!(calling::calling_settings_get, calling::calling_settings_put))
        .routes(routes!(calling::voice_targets_get, calling::voice_targets_put))
        .routes(routes!(gateway::gateway_list, gateway::gateway_create))
        .routes(routes!(gateway::gateway_get, gateway::gateway_update, gateway::gateway_remove))
        .routes(routes!(gateway::direct_numbers_create))
        .routes(routes!(gateway::direct_number_remove))
        .routes(routes!(gateway::coexistence_get))
        .routes(routes!(gateway::fallback_get, gateway::fallback_put))
        .routes(routes!(gateway::voice_routing_get, gateway::voice_routing_put))
        .routes(routes!(conference::conference_bridge_list, conference::conference_bridge_create))
        .routes(routes!(
            conference::conference_bridge_get,
            conference::conference_bridge_update,
            conference::conference_bridge_remove
        ))
        .routes(routes!(conference::conference_bridge_number_list))
        .routes(routes!(conference::conference_number_put, conference::conference_number_remove))
        .routes(routes!(conference::conference_number_list))
        .routes(routes!(freeze::freeze_list, freeze::freeze_create))
        .routes(routes!(freeze::freeze_remove))
        .routes(routes!(freeze::programme_freeze_list, freeze::programme_freeze_create))
        .routes(routes!(freeze::programme_freeze_remove))
        .routes(routes!(webhook::tenant::webhook_list, webhook::tenant::webhook_create))
        .routes(routes!(
            webhook::tenant::webhook_get,
            webhook::tenant::webhook_update,
            webhook::tenant::webhook_remove
        ))
        .routes(routes!(webhook::tenant::webhook_rotate))
        .routes(routes!(webhook::tenant::webhook_test))
        .routes(routes!(webhook::tenant::webhook_replay))
        .routes(routes!(webhook::tenant::webhook_deliveries))
        .routes(routes!(event::event_list))
        .routes(routes!(
            webhook::operator::operator_webhook_list,
            webhook::operator::operator_webhook_create
        ))
        .routes(routes!(
            webhook::operator::operator_webhook_get,
            webhook::operator::operator_webhook_update,
            webhook::operator::operator_webhook_remove
        ))
        .routes(routes!(webhook::operator::operator_webhook_rotate))
        .routes(routes!(webhook::operator::operator_webhook_test))
        .routes(routes!(webhook::operator::operator_webhook_replay))
        .routes(routes!(webhook::operator::operator_webhook_deliveries))
        .routes(routes!(event::operator_event_list))
        .routes(routes!(
            webhook::programme::programme_webhook_list,
            webhook::programme::programme_webhook_create
        ))
        .routes(routes!(
            webhook::programme::programme_webhook_get,
            webhook::programme::programme_webhook_update,
            webhook::programme::programme_webhook_remove
        ))
        .routes(routes!(webhook::programme::programme_webhook_rotate))
        .routes(routes!(webhook::programme::programme_webhook_test))
        .routes(routes!(webhook::programme::programme_webhook_replay))
        .routes(routes!(webhook::programme::programme_webhook_deliveries))
        .routes(routes!(event::programme_event_list))
        .routes(routes!(oauth::token))
        .routes(routes!(oauth::revoke))
        .routes(routes!(oidc::login_providers))
        .routes(routes!(oidc::login_finish))
        .routes(routes!(oidc::login_start))
        .routes(routes!(session::api_token_list, session::api_token_create))
        .routes(routes!(session::api_token_revoke))
        .routes(routes!(accounts::account_get, accounts::account_put))
        .routes(routes!(accounts::totp_start))
        .routes(routes!(accounts::totp_confirm))
        .routes(routes!(accounts::totp_remove))
        .routes(routes!(session::session_create, session::session_get, session::session_delete))
}

/// The OpenAPI document of every face.
///
/// What holds for every operation (problems, ETags, CSV, idempotency keys,
/// security) is written here once instead of at each handler.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes().split_for_parts();
    let versioned: Vec<String> = document
        .components
        .iter()
        .flat_map(|components| &components.schemas)
        .filter(|(_, schema)| {
            matches!(schema, RefOr::T(Schema::Object(object)) if object.properties.contains_key("version"))
        })
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(&method, path, operation, &versioned);
            links::link(operation);
        }
    }
    let components = document.components.get_or_insert_default();
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refusal = ResponseBuilder::new()
        .description("A refusal: see its code at /errors")
        .content("application/problem+json", problem)
        .build();
    components.responses.insert(REFUSAL.to_owned(), refusal.into());
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ScimRefusal"))).build();
    let refusal = ResponseBuilder::new()
        .description("A refusal of SCIM")
        .content("application/scim+json", problem)
        .build();
    components.responses.insert(SCIM_REFUSAL.to_owned(), refusal.into());
    let scopes = Scopes::from_iter(
        exchange::Scope::ALL
            .into_iter()
            // Those of the compatible face are not of this document.
            .filter(|scope| !exchange::Scope::PROVISIONING.contains(scope))
            .map(|scope| (scope.as_str().to_owned(), String::new())),
    );
    components.security_schemes.insert(
        "oauth2".to_owned(),
        RefOr::T(SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(
            ClientCredentials::new("/oauth/token", scopes),
        )]))),
    );
    components.security_schemes.insert(
        "session".to_owned(),
        RefOr::T(SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            crate::auth::cookie_name(false),
            "The browser's session; writes also need the header X-Meetpoint-CSRF.",
        )))),
    );
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn complete(method: &Method, path: &str, operation: &mut Operation, versioned: &[String]) {
    let is_open = path.starts_with("/oauth/")
        // Who posts there is proven by a signature.
        || path.starts_with("/shop/")
        || path.starts_with("/session/oidc/")
        || path == "/session/providers"
        || (path == "/session" && *method == Method::POST);
    operation.security = Some(if is_open {
        Vec::new()
    } else {
        // Any one of the scopes will do: each is a way of its own.
        let mut ways: Vec<_> = match crate::auth::access_of(method, path) {
            None => vec![SecurityRequirement::new("oauth2", [""; 0])],
            Some((face, access)) => exchange::scopes_for(face, access)
                .iter()
                .map(|scope| SecurityRequirement::new("oauth2", [scope.as_str()]))
                .collect(),
        };
        if !path.starts_with("/edge/") {
            ways.push(SecurityRequirement::new("session", [""; 0]));
        }
        ways
    });
    if *method == Method::POST && !is_open && !path.starts_with("/edge/") {
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(utoipa::openapi::Required::False)
            .description(Some("The same key with the same request gets the first answer again"))
            .schema(Some(text().min_length(Some(1)).max_length(Some(200)).build()))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    }
    if let Some(parameters) = &mut operation.parameters {
        if path.starts_with("/operator/") {
            // Tenants ask by them too; operators do not learn who has a number.
            let hidden = ["assigned_to_id", "user_id", "tag"];
            parameters.retain(
                |parameter| !matches!(parameter, RefOr::T(p) if hidden.contains(&p.name.as_str())),
            );
        }
        for parameter in parameters {
            if let RefOr::T(parameter) = parameter
                && parameter.name == "If-Match"
            {
                let etag = text().pattern(Some(r#"^(W/)?"[^"]*"$"#));
                parameter.schema = Some(etag.build().into());
            }
        }
    }
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let Some(RefOr::T(content)) = response.content.get("application/json") else { continue };
        let schema = match &content.schema {
            Some(RefOr::Ref(reference)) => reference.ref_location.clone(),
            _ => String::new(),
        };
        if versioned.contains(&schema) {
            let etag = HeaderBuilder::new()
                .schema(Some(text()))
                .description(Some("The version, for If-Match"))
                .build();
            response.headers.insert("ETag".to_owned(), RefOr::T(etag));
        }
        if schema.starts_with("#/components/schemas/Page_") {
            let lines = ContentBuilder::new().schema(Some(text())).build();
            response.content.insert("text/csv".to_owned(), RefOr::T(lines));
        }
    }
    let refusal = if path.starts_with("/scim/") { SCIM_REFUSAL } else { REFUSAL };
    for status in refusals(method, path, operation, is_open) {
        let refusal = RefOr::Ref(Ref::from_response_name(refusal));
        operation.responses.responses.entry(status.to_string()).or_insert(refusal);
    }
}

/// The answer that every refusal is, by its name among the components.
const REFUSAL: &str = "Refusal";
/// The same of SCIM.
const SCIM_REFUSAL: &str = "ScimError";

/// The statuses an operation may refuse with. There is no `default`: an answer
/// that is not listed here is a fault, of the handler or of this list.
fn refusals(method: &Method, path: &str, operation: &Operation, is_open: bool) -> Vec<u16> {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let takes = |name: &str| {
        parameters.iter().any(|parameter| matches!(parameter, RefOr::T(p) if p.name == name))
    };
    let has_body = operation.request_body.is_some();
    let writes = *method != Method::GET;
    // What else names something that may not be there, beside a part of the path.
    let seeks = [
        "call_explain",
        "fraud_release",
        "tenant_fraud_release",
        "account_get",
        "totp_start",
        "totp_confirm",
        "totp_remove",
        "number_explain",
        "operator_number_explain",
        "programme_number_explain",
    ];
    let seeks = operation.operation_id.as_deref().is_some_and(|name| seeks.contains(&name));
    [
        (400, !parameters.is_empty() || has_body),
        (401, true),
        (403, !is_open),
        (404, path.contains('{') || seeks),
        // Whoever looks into a shop may lack the consent for it.
        (409, writes && !is_open || path.contains("/shop/")),
        (410, takes("from") || path.ends_with("/replay")),
        (412, takes("If-Match")),
        (413, *method == Method::POST || has_body),
        (415, has_body && path != "/oauth/token"),
        (
            422,
            (writes && !is_open)
                || has_body && path == "/session"
                || takes("number")
                || path.contains("/shop/")
                || takes("type"),
        ),
        (428, takes("If-Match")),
        (429, true),
        (500, true),
        (503, true),
    ]
    .into_iter()
    .filter_map(|(status, may_come)| may_come.then_some(status))
    .collect()
}

/// `/openapi.json`.
pub async fn document() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        openapi().to_pretty_json().expect("the document holds text and numbers only")
    });
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// `/docs`: Swagger UI from files of our own, so that it works without the Internet.
pub fn page() -> Router<App> {
    let config = Config::new(["/openapi.json"]).try_it_out_enabled(false).deep_linking(true);
    SwaggerUi::new("/docs").config(config).into()
}
