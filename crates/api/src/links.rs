//! Links between operations (OpenAPI 3.1, Link Object): where what one answers
//! is what another asks for. Readers see how the faces hang together, and
//! programs that try an API follow them with ids that are really there.

use serde_json::Value;
use utoipa::openapi::{RefOr, link::Link, path::Operation};

/// From the successes of each `from` to each `to`.
struct Way {
    from: &'static [&'static str],
    to: &'static [&'static str],
    /// Parameters of the target, with runtime expressions.
    with: &'static [(&'static str, &'static str)],
    /// Fields of the target's body, as a JSON object; empty for none.
    body: &'static str,
}

const ID: &str = "$response.body#/id";
const FIRST: &str = "$response.body#/items/0/id";
const ETAG: &str = "$response.header.ETag";
const FIRST_ETAG: &str = "\"{$response.body#/items/0/version}\"";
const OF_OPERATOR: &[&str] = &[
    "operator_get",
    "trunk_list",
    "trunk_create",
    "calling_profile_list",
    "range_list",
    "range_create",
    "offer_get",
    "offer_put",
];

#[rustfmt::skip]
const WAYS: &[Way] = &[
    // The programme owner's face.
    Way { from: &["operator_list"], to: OF_OPERATOR, with: &[("operator_id", FIRST)], body: "" },
    Way { from: &["operator_create"], to: OF_OPERATOR, with: &[("operator_id", ID)], body: "" },
    Way {
        from: &["operator_create"], to: &["client_create"], with: &[],
        body: r#"{"role": "operator_admin", "operator_id": "$response.body#/id", "tenant_id": null}"#,
    },
    Way {
        from: &["trunk_list"], to: &["trunk_update"],
        with: &[("operator_id", "$request.path.operator_id"), ("trunk_id", FIRST), ("If-Match", FIRST_ETAG)],
        body: "",
    },
    Way {
        from: &["trunk_list"], to: &["calling_profile_create"],
        with: &[("operator_id", "$request.path.operator_id")],
        body: r#"{"trunk_ids": ["$response.body#/items/0/id", "$response.body#/items/1/id"]}"#,
    },
    Way {
        from: &["trunk_create", "trunk_update"], to: &["trunk_update"],
        with: &[("operator_id", "$response.body#/operator_id"), ("trunk_id", ID), ("If-Match", ETAG)],
        body: "",
    },
    Way {
        from: &["offer_get", "offer_put"], to: &["offer_put"],
        with: &[("operator_id", "$response.body#/operator_id"), ("If-Match", ETAG)],
        body: "",
    },
    Way { from: &["tenant_list"], to: &["fraud_limits_get", "fraud_limits_put"], with: &[("tenant_id", FIRST)], body: "" },
    Way { from: &["tenant_create"], to: &["fraud_limits_get", "fraud_limits_put"], with: &[("tenant_id", ID)], body: "" },
    Way {
        from: &["tenant_create"], to: &["client_create"], with: &[],
        body: r#"{"role": "tenant_admin", "tenant_id": "$response.body#/id", "operator_id": null}"#,
    },
    Way { from: &["client_create"], to: &["login_code_create"], with: &[("client_id", "$response.body#/client_id")], body: "" },
    Way {
        from: &["client_create"], to: &["token_issue"], with: &[],
        body: r#"{
            "grant_type": "client_credentials", "client_id": "$response.body#/client_id",
            "client_secret": "$response.body#/client_secret"
        }"#,
    },
    Way { from: &["login_code_create"], to: &["session_create"], with: &[], body: r#"{"code": "$response.body#/code"}"# },
    Way { from: &["programme_call_list"], to: &["call_explain"], with: &[("id", FIRST)], body: "" },
    Way { from: &["edge_list"], to: &["edge_forget", "alarm_list"], with: &[("edge_id", FIRST)], body: "" },
    // The tenant's face.
    Way { from: &["directory_list"], to: &["directory_offer_get"], with: &[("operator_id", "$response.body#/items/0/operator_id")], body: "" },
    Way { from: &["number_list"], to: &["number_explain"], with: &[("number", "$response.body#/items/0/number")], body: "" },
    Way { from: &["operator_number_list"], to: &["operator_number_explain"], with: &[("number", "$response.body#/items/0/number")], body: "" },
    Way { from: &["operator_consent_list"], to: &["engagement_put"], with: &[("tenant_id", "$response.body#/items/0/tenant_id"), ("If-Match", FIRST_ETAG)], body: "" },
    Way {
        from: &["offer_draft_get", "offer_draft_put"], to: &["offer_draft_put", "offer_publish", "offer_draft_remove"],
        with: &[("If-Match", ETAG)], body: "",
    },
    Way { from: &["operator_lead_list"], to: &["lead_withdraw"], with: &[("lead_id", FIRST)], body: "" },
    Way { from: &["lead_list"], to: &["lead_decline"], with: &[("lead_id", FIRST)], body: "" },
    Way { from: &["directory_list"], to: &["consent_get"], with: &[("operator_id", "$response.body#/items/0/operator_id")], body: "" },
    Way {
        from: &["directory_list"], to: &["consent_create"], with: &[],
        body: r#"{
            "operator_id": "$response.body#/items/0/operator_id",
            "countries": ["$response.body#/items/0/countries/0"]
        }"#,
    },
    Way { from: &["consent_list"], to: &["consent_get"], with: &[("operator_id", "$response.body#/items/0/operator_id")], body: "" },
    Way {
        from: &["consent_list"], to: &["consent_update", "consent_remove"],
        with: &[("operator_id", "$response.body#/items/0/operator_id"), ("If-Match", FIRST_ETAG)],
        body: "",
    },
    Way {
        from: &["consent_create", "consent_get", "consent_update"], to: &["consent_update", "consent_remove"],
        with: &[("operator_id", "$response.body#/operator_id"), ("If-Match", ETAG)],
        body: "",
    },
    Way {
        from: &["civic_address_list"], to: &["civic_address_get", "civic_address_remove", "location_create"],
        with: &[("civic_address_id", FIRST)], body: "",
    },
    Way {
        from: &["civic_address_create"], to: &["civic_address_get", "civic_address_remove", "location_create"],
        with: &[("civic_address_id", ID)], body: "",
    },
    Way { from: &["user_list"], to: &["user_get", "user_phone_create"], with: &[("user_id", FIRST)], body: "" },
    Way { from: &["user_create"], to: &["user_get", "user_phone_create"], with: &[("user_id", ID)], body: "" },
    Way { from: &["user_list"], to: &["user_update"], with: &[("user_id", FIRST), ("If-Match", FIRST_ETAG)], body: "" },
    Way {
        from: &["user_create", "user_get", "user_update"], to: &["user_update"],
        with: &[("user_id", ID), ("If-Match", ETAG)], body: "",
    },
    Way {
        from: &["user_list"], to: &["explain_call"], with: &[],
        body: r#"{"from_user_id": "$response.body#/items/0/id", "inbound": false, "from_address": null}"#,
    },
    Way {
        from: &["user_list"], to: &["resource_account_create"], with: &[],
        body: r#"{"agent_ids": ["$response.body#/items/0/id"]}"#,
    },
    Way { from: &["resource_account_list"], to: &["resource_account_get"], with: &[("resource_account_id", FIRST)], body: "" },
    Way { from: &["resource_account_create"], to: &["resource_account_get"], with: &[("resource_account_id", ID)], body: "" },
    Way { from: &["number_list"], to: &["number_get"], with: &[("number", "$response.body#/items/0/number")], body: "" },
    Way {
        from: &["number_list"], to: &["assignment_put", "assignment_remove"],
        with: &[("number", "$response.body#/items/0/number"), ("If-Match", FIRST_ETAG)],
        body: "",
    },
    Way {
        from: &["number_get", "assignment_put", "assignment_remove"], to: &["assignment_put", "assignment_remove"],
        with: &[("number", "$response.body#/number"), ("If-Match", ETAG)],
        body: "",
    },
    Way { from: &["gateway_list"], to: &["gateway_get"], with: &[("gateway_id", FIRST)], body: "" },
    Way { from: &["gateway_list"], to: &["gateway_update", "gateway_remove"], with: &[("gateway_id", FIRST), ("If-Match", FIRST_ETAG)], body: "" },
    Way { from: &["gateway_create"], to: &["gateway_get"], with: &[("gateway_id", ID)], body: "" },
    Way {
        from: &["gateway_create", "gateway_get", "gateway_update"], to: &["gateway_update", "gateway_remove"],
        with: &[("gateway_id", ID), ("If-Match", ETAG)], body: "",
    },
    Way { from: &["conference_bridge_list"], to: &["conference_bridge_get", "conference_bridge_number_list"], with: &[("conference_bridge_id", FIRST)], body: "" },
    Way { from: &["conference_bridge_list"], to: &["conference_bridge_update", "conference_bridge_remove"], with: &[("conference_bridge_id", FIRST), ("If-Match", FIRST_ETAG)], body: "" },
    Way { from: &["conference_bridge_create"], to: &["conference_bridge_get", "conference_bridge_number_list"], with: &[("conference_bridge_id", ID)], body: "" },
    Way {
        from: &["conference_bridge_create", "conference_bridge_get", "conference_bridge_update"], to: &["conference_bridge_update", "conference_bridge_remove"],
        with: &[("conference_bridge_id", ID), ("If-Match", ETAG)], body: "",
    },
    Way {
        from: &["fallback_get", "fallback_put"], to: &["fallback_put"],
        with: &[("If-Match", ETAG)], body: "",
    },
    Way {
        from: &["voice_routing_get", "voice_routing_put"], to: &["voice_routing_put"],
        with: &[("If-Match", ETAG)], body: "",
    },
    Way { from: &["policy_list"], to: &["policy_get"], with: &[("policy_id", FIRST)], body: "" },
    Way { from: &["policy_list"], to: &["policy_update", "policy_remove"], with: &[("policy_id", FIRST), ("If-Match", FIRST_ETAG)], body: "" },
    Way { from: &["policy_create"], to: &["policy_get"], with: &[("policy_id", ID)], body: "" },
    Way {
        from: &["policy_create", "policy_get", "policy_update"], to: &["policy_update", "policy_remove"],
        with: &[("policy_id", ID), ("If-Match", ETAG)], body: "",
    },
    Way {
        from: &["policy_create", "policy_get"], to: &["policy_assignment_put"], with: &[],
        body: r#"{
            "policy_id": "$response.body#/id", "kind": "$response.body#/settings/kind", "user_id": null,
            "group_id": null, "rank": null, "number": null
        }"#,
    },
    Way { from: &["user_list"], to: &["effective_policies"], with: &[("user_id", FIRST)], body: "" },
    Way {
        from: &["group_list"], to: &["group_get", "group_member_list", "group_member_edit", "group_remove"],
        with: &[("group_id", FIRST)], body: "",
    },
    Way {
        from: &["group_create"], to: &["group_get", "group_member_list", "group_member_edit", "group_remove"],
        with: &[("group_id", ID)], body: "",
    },
    Way { from: &["freeze_create"], to: &["freeze_remove"], with: &[("freeze_id", ID)], body: "" },
    Way { from: &["programme_freeze_create"], to: &["programme_freeze_remove"], with: &[("freeze_id", ID)], body: "" },
    Way { from: &["user_list"], to: &["calling_settings_get"], with: &[("user_id", FIRST)], body: "" },
    Way { from: &["user_create"], to: &["calling_settings_get"], with: &[("user_id", ID)], body: "" },
    Way {
        from: &["calling_settings_get", "calling_settings_put"], to: &["calling_settings_put"],
        with: &[("user_id", "$response.body#/user_id"), ("If-Match", ETAG)], body: "",
    },
    Way { from: &["voice_targets_get", "voice_targets_put"], to: &["voice_targets_put"], with: &[("If-Match", ETAG)], body: "" },
    Way { from: &["screening_get", "screening_put"], to: &["screening_put"], with: &[("If-Match", ETAG)], body: "" },
    Way {
        from: &["number_list"],
        to: &["number_tags_put", "assignment_block_put", "assignment_block_remove"],
        with: &[("number", "$response.body#/items/0/number"), ("If-Match", FIRST_ETAG)],
        body: "",
    },
    Way {
        from: &["assignment_block_put"], to: &["assignment_block_remove"],
        with: &[("number", "$response.body#/number"), ("If-Match", ETAG)],
        body: "",
    },
    Way {
        from: &["assignment_put", "assignment_remove"], to: &["assignment_undo"],
        with: &[("number", "$response.body#/number")], body: "",
    },
    Way { from: &["number_settings_get", "number_settings_put"], to: &["number_settings_put"], with: &[("If-Match", ETAG)], body: "" },
    Way {
        from: &["tenant_order_list"],
        to: &["tenant_order_get", "tenant_order_entries", "tenant_order_retry", "tenant_order_undo"],
        with: &[("order_id", FIRST)], body: "",
    },
    Way {
        from: &["tenant_order_create"],
        to: &["tenant_order_get", "tenant_order_entries", "tenant_order_retry", "tenant_order_undo"],
        with: &[("order_id", ID)], body: "",
    },
    Way { from: &["quote_create"], to: &["quote_get"], with: &[("quote_id", ID)], body: "" },
    Way {
        from: &["quote_create"], to: &["reservation_create"], with: &[],
        body: r#"{"quote_id": "$response.body#/id"}"#,
    },
    Way {
        from: &["reservation_create"], to: &["reservation_get", "reservation_extend", "reservation_cancel"],
        with: &[("reservation_id", ID)], body: "",
    },
    Way {
        from: &["operator_reservation_list"], to: &["operator_reservation_get", "reservation_accept", "reservation_decline"],
        with: &[("reservation_id", FIRST)], body: "",
    },
    Way { from: &["storefront_get", "storefront_put"], to: &["storefront_put"], with: &[("If-Match", ETAG)], body: "" },
    Way { from: &["call_list"], to: &["call_get", "tenant_call_explain"], with: &[("call_id", FIRST)], body: "" },
    // The operator's face.
    Way {
        from: &["operator_consent_list"], to: &["operator_consent_get", "operator_civic_address_list"],
        with: &[("tenant_id", "$response.body#/items/0/tenant_id")], body: "",
    },
    Way {
        from: &["operator_consent_list"], to: &["relationship_update"],
        with: &[("tenant_id", "$response.body#/items/0/tenant_id"), ("If-Match", FIRST_ETAG)],
        body: "",
    },
    Way {
        from: &["operator_consent_list"], to: &["number_order_create"], with: &[],
        body: r#"{"tenant_id": "$response.body#/items/0/tenant_id"}"#,
    },
    Way {
        from: &["operator_consent_get", "relationship_update"], to: &["relationship_update"],
        with: &[("tenant_id", "$response.body#/tenant_id"), ("If-Match", ETAG)],
        body: "",
    },
    Way {
        from: &["operator_calling_profile_list"], to: &["number_order_create"], with: &[],
        body: r#"{"calling_profile_id": "$response.body#/items/0/id"}"#,
    },
    Way {
        from: &["number_order_list"],
        to: &["number_order_get", "number_order_entries", "number_order_retry", "number_order_undo"],
        with: &[("order_id", FIRST)], body: "",
    },
    Way {
        from: &["number_order_create"],
        to: &["number_order_get", "number_order_entries", "number_order_retry", "number_order_undo"],
        with: &[("order_id", ID)], body: "",
    },
    Way { from: &["order_message_list"], to: &["order_message_dismiss"], with: &[("message_id", FIRST)], body: "" },
    Way { from: &["operator_call_list"], to: &["operator_call_explain"], with: &[("call_id", FIRST)], body: "" },
    // Clients, issuers and one's own tokens.
    Way {
        from: &["client_create"], to: &["client_get", "client_secret_create", "client_key_create"],
        with: &[("client_id", "$response.body#/client_id")], body: "",
    },
    Way {
        from: &["client_secret_create"], to: &["client_secret_revoke"],
        with: &[("client_id", "$request.path.client_id"), ("secret_id", ID)], body: "",
    },
    Way {
        from: &["client_key_create"], to: &["client_key_remove"],
        with: &[("client_id", "$request.path.client_id"), ("key_id", ID)], body: "",
    },
    Way { from: &["mail_list"], to: &["mail_resend"], with: &[("mail_id", FIRST)], body: "" },
    Way { from: &["issuer_list"], to: &["issuer_get", "login_start"], with: &[("issuer_id", FIRST)], body: "" },
    Way { from: &["issuer_create"], to: &["issuer_get", "issuer_remove"], with: &[("issuer_id", ID)], body: "" },
    Way { from: &["api_token_create"], to: &["api_token_revoke"], with: &[("token_id", ID)], body: "" },
];

/// The same on the tenant's, the operator's and the programme owner's face, whose names begin so.
const FACES: [&str; 3] = ["", "operator_", "programme_"];
#[rustfmt::skip]
const ON_EACH_FACE: &[Way] = &[
    Way {
        from: &["webhook_list"],
        to: &["webhook_get", "webhook_deliveries", "webhook_replay", "webhook_rotate", "webhook_test"],
        with: &[("webhook_id", FIRST)], body: "",
    },
    Way {
        from: &["webhook_create"],
        to: &["webhook_get", "webhook_deliveries", "webhook_replay", "webhook_rotate", "webhook_test"],
        with: &[("webhook_id", ID)], body: "",
    },
    Way {
        from: &["webhook_create"], to: &["webhook_update", "webhook_remove"],
        with: &[("webhook_id", ID), ("If-Match", "\"{$response.body#/webhook/version}\"")], body: "",
    },
    Way {
        from: &["webhook_get", "webhook_update"], to: &["webhook_update", "webhook_remove"],
        with: &[("webhook_id", ID), ("If-Match", ETAG)], body: "",
    },
    Way { from: &["call_export_list"], to: &["call_export_get"], with: &[("export_id", FIRST)], body: "" },
];

/// Puts an operation's links on its successes.
pub fn link(operation: &mut Operation) {
    let Some(name) = operation.operation_id.clone() else { return };
    let ways = WAYS.iter().map(|way| ("", way));
    let ways = ways
        .chain(FACES.into_iter().flat_map(|face| ON_EACH_FACE.iter().map(move |way| (face, way))));
    let links: Vec<(String, Link)> = ways
        .filter(|(face, way)| {
            name.strip_prefix(face).is_some_and(|plain| way.from.contains(&plain))
        })
        .flat_map(|(face, way)| way.to.iter().map(move |to| (format!("{face}{to}"), way)))
        .map(|(to, way)| (to.clone(), made(&to, way)))
        .chain(next_page(operation).map(|link| (name.clone(), link)))
        .collect();
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let links = links.iter().cloned().map(|(name, link)| (name, RefOr::T(link)));
            response.links.extend(links);
        }
    }
}

/// A list leads to its own next page.
fn next_page(operation: &Operation) -> Option<Link> {
    let is_list =
        operation.parameters.iter().flatten().any(
            |parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "cursor"),
        );
    let name = operation.operation_id.as_deref().filter(|_| is_list)?;
    let link = Link::builder().operation_id(name);
    Some(link.parameter("cursor", "$response.body#/next_cursor").build())
}

fn made(to: &str, way: &Way) -> Link {
    let mut builder = Link::builder().operation_id(to);
    for (parameter, expression) in way.with {
        builder = builder.parameter(*parameter, Value::from(*expression));
    }
    if !way.body.is_empty() {
        let body: Value = serde_json::from_str(way.body).expect("the table holds JSON");
        builder = builder.request_body(Some(body));
    }
    builder.build()
}
