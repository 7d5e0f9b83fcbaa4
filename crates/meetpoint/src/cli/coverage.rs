//! The command line can do all that the API can.

use std::collections::BTreeSet;
use std::fmt::Write;

/// Each operation of the API's documents with the command that uses it.
const COMMANDS: &[(&str, &str)] = &[
    ("operator_list", "operator list"),
    ("operator_create", "operator create"),
    ("operator_get", "operator show"),
    ("trunk_list", "operator trunk list"),
    ("trunk_create", "operator trunk add"),
    ("trunk_update", "operator trunk drain"),
    ("calling_profile_list", "operator profile list"),
    ("calling_profile_create", "operator profile add"),
    ("calling_profile_emergency_put", "operator profile emergency"),
    ("operator_calling_profile_list", "operator profile list"),
    ("range_list", "operator range list"),
    ("range_create", "operator range add"),
    ("offer_get", "operator offer show"),
    ("offer_put", "operator offer set"),
    ("operator_offer_get", "operator offer show"),
    ("capability_plan_list", "operator offer plans"),
    ("offer_draft_get", "operator offer draft show"),
    ("offer_draft_put", "operator offer draft set"),
    ("offer_draft_remove", "operator offer draft remove"),
    ("offer_publish", "operator offer publish"),
    ("offer_withdraw", "operator offer withdraw"),
    ("directory_offer_get", "consent offer"),
    ("operator_lead_list", "lead list"),
    ("lead_create", "lead invite"),
    ("lead_withdraw", "lead withdraw"),
    ("lead_list", "lead list"),
    ("lead_claim", "lead claim"),
    ("lead_decline", "lead decline"),
    ("notice_get", "notice show"),
    ("notice_list", "notice list"),
    ("notice_create", "notice publish"),
    ("consent_acceptance_list", "consent acceptances"),
    ("consent_acceptance_create", "consent accept"),
    ("engagement_put", "consent engage"),
    ("tenant_list", "tenant list"),
    ("tenant_create", "tenant create"),
    ("edge_key_list", "edge-key list"),
    ("edge_key_rotate", "edge-key rotate"),
    ("client_list", "client list"),
    ("client_get", "client show"),
    ("client_create", "client create"),
    ("client_update", "client update"),
    ("client_secret_create", "client secret add"),
    ("client_secret_revoke", "client secret revoke"),
    ("client_key_create", "client key add"),
    ("client_key_remove", "client key remove"),
    ("issuer_list", "issuer list"),
    ("issuer_get", "issuer show"),
    ("issuer_create", "issuer add"),
    ("issuer_remove", "issuer remove"),
    ("account_get", "account show"),
    ("account_put", "account set"),
    ("totp_start", "account totp start"),
    ("totp_confirm", "account totp confirm"),
    ("totp_remove", "account totp remove"),
    ("api_token_list", "token list"),
    ("api_token_create", "token create"),
    ("api_token_revoke", "token revoke"),
    ("login_code_create", "client login-code"),
    ("programme_call_list", "call list"),
    ("audit_list", "audit list"),
    ("directory_list", "consent directory"),
    ("consent_list", "consent list"),
    ("consent_create", "consent give"),
    ("consent_get", "consent show"),
    ("consent_update", "consent update"),
    ("consent_remove", "consent remove"),
    ("civic_address_list", "tenant address list"),
    ("civic_address_create", "tenant address create"),
    ("civic_address_get", "tenant address show"),
    ("civic_address_remove", "tenant address remove"),
    ("location_create", "tenant address add-location"),
    ("user_list", "user list"),
    ("user_create", "user create"),
    ("user_get", "user show"),
    ("user_remove", "user remove"),
    ("user_update", "user license"),
    ("user_phone_create", "user phone"),
    ("resource_account_list", "queue list"),
    ("resource_account_create", "queue create"),
    ("resource_account_get", "queue show"),
    ("number_list", "number list"),
    ("number_get", "number show"),
    ("assignment_put", "number assign"),
    ("assignment_remove", "number unassign"),
    ("call_list", "call list"),
    ("emergency_call_list", "call emergencies"),
    ("mail_list", "mail list"),
    ("mail_resend", "mail resend"),
    ("call_get", "call show"),
    ("explain_call", "call explain"),
    ("number_explain", "explain number"),
    ("operator_number_explain", "explain number"),
    ("programme_number_explain", "explain number"),
    ("call_explain", "explain call"),
    ("tenant_call_explain", "explain call"),
    ("operator_call_explain", "explain call"),
    ("fraud_limits_get", "fraud limits"),
    ("fraud_limits_put", "fraud set-limits"),
    ("fraud_release", "fraud release"),
    ("tenant_fraud_release", "fraud release"),
    ("trusted_networks_get", "network list"),
    ("trusted_networks_put", "network set"),
    ("policy_list", "policy list"),
    ("policy_create", "policy create"),
    ("policy_get", "policy show"),
    ("policy_update", "policy update"),
    ("policy_remove", "policy remove"),
    ("policy_assignment_list", "policy assignments"),
    ("policy_assignment_put", "policy assign"),
    ("effective_policies", "policy effective"),
    ("group_list", "group list"),
    ("group_create", "group create"),
    ("group_get", "group show"),
    ("group_remove", "group remove"),
    ("group_member_list", "group members"),
    ("group_member_edit", "group edit"),
    ("direct_numbers_create", "number add"),
    ("direct_number_remove", "number remove"),
    ("coexistence_get", "voice-routing check"),
    ("fallback_get", "fallback show"),
    ("fallback_put", "fallback set"),
    ("gateway_list", "gateway list"),
    ("gateway_create", "gateway add"),
    ("gateway_get", "gateway show"),
    ("gateway_update", "gateway update"),
    ("gateway_remove", "gateway remove"),
    ("conference_bridge_list", "conference list"),
    ("conference_bridge_create", "conference add"),
    ("conference_bridge_get", "conference show"),
    ("conference_bridge_update", "conference update"),
    ("conference_bridge_remove", "conference remove"),
    ("conference_bridge_number_list", "conference number list"),
    ("conference_number_list", "conference number find"),
    ("conference_number_put", "conference number add"),
    ("conference_number_remove", "conference number remove"),
    ("voice_routing_get", "voice-routing show"),
    ("voice_routing_put", "voice-routing set"),
    ("calling_settings_list", "calling list"),
    ("calling_settings_get", "calling show"),
    ("calling_settings_put", "calling set"),
    ("calling_file", "calling import"),
    ("voice_targets_get", "voice-targets show"),
    ("voice_targets_put", "voice-targets set"),
    ("screening_get", "screening show"),
    ("screening_put", "screening set"),
    ("freeze_list", "freeze list"),
    ("freeze_create", "freeze set"),
    ("freeze_remove", "freeze end"),
    ("programme_freeze_list", "freeze list"),
    ("programme_freeze_create", "freeze set"),
    ("programme_freeze_remove", "freeze end"),
    ("stock_list", "stock list"),
    ("stock_put", "stock add"),
    ("stock_file", "stock add"),
    ("stock_withdraw", "stock withdraw"),
    ("stock_counts", "stock counts"),
    ("shop_number_list", "shop search"),
    ("storefront_get", "stock storefront"),
    ("storefront_put", "stock sell"),
    ("storefront_secret", "stock secret"),
    ("operator_reservation_list", "stock reservations"),
    ("operator_reservation_get", "stock reservation"),
    ("reservation_accept", "stock accept"),
    ("reservation_decline", "stock decline"),
    ("shop_get", "shop show"),
    ("quote_create", "shop quote"),
    ("quote_get", "shop quoted"),
    ("reservation_list", "shop reservations"),
    ("reservation_create", "shop reserve"),
    ("reservation_get", "shop reservation"),
    ("reservation_extend", "shop extend"),
    ("reservation_cancel", "shop cancel"),
    ("alarm_list", "alarms list"),
    ("edge_list", "edges list"),
    ("edge_forget", "edges forget"),
    ("operator_consent_list", "consent list"),
    ("operator_consent_get", "consent show"),
    ("relationship_update", "consent relationship"),
    ("operator_civic_address_list", "tenant address list"),
    ("number_order_list", "number order list"),
    ("number_order_create", "number upload"),
    ("number_order_get", "number order show"),
    ("number_order_entries", "number order entries"),
    ("number_order_file", "number order file"),
    ("number_order_retry", "number order retry"),
    ("number_order_undo", "number order undo"),
    ("order_message_list", "number messages list"),
    ("operator_dispute_list", "number dispute list"),
    ("operator_dispute_update", "number dispute end"),
    ("dispute_list", "number dispute list"),
    ("dispute_update", "number dispute end"),
    ("order_message_dismiss", "number messages dismiss"),
    ("tenant_order_list", "number order list"),
    ("tenant_order_create", "number bulk"),
    ("tenant_order_file", "number bulk"),
    ("tenant_order_get", "number order show"),
    ("tenant_order_entries", "number order entries"),
    ("tenant_order_retry", "number order retry"),
    ("tenant_order_undo", "number order undo"),
    ("assignment_undo", "number undo"),
    ("assignment_block_put", "number block"),
    ("assignment_block_remove", "number unblock"),
    ("number_tags_put", "number tag"),
    ("tag_list", "number tags"),
    ("number_settings_get", "number settings show"),
    ("number_settings_put", "number settings set"),
    ("user_file", "user import"),
    ("operator_number_list", "number list"),
    ("operator_call_list", "call list"),
    ("webhook_list", "webhook list"),
    ("webhook_create", "webhook create"),
    ("webhook_get", "webhook show"),
    ("webhook_update", "webhook update"),
    ("webhook_remove", "webhook remove"),
    ("webhook_rotate", "webhook rotate-secret"),
    ("webhook_test", "webhook test"),
    ("webhook_replay", "webhook replay"),
    ("webhook_deliveries", "webhook deliveries"),
    ("event_list", "events"),
    ("operator_webhook_list", "webhook list"),
    ("operator_webhook_create", "webhook create"),
    ("operator_webhook_get", "webhook show"),
    ("operator_webhook_update", "webhook update"),
    ("operator_webhook_remove", "webhook remove"),
    ("operator_webhook_rotate", "webhook rotate-secret"),
    ("operator_webhook_test", "webhook test"),
    ("operator_webhook_replay", "webhook replay"),
    ("operator_webhook_deliveries", "webhook deliveries"),
    ("operator_event_list", "events"),
    ("programme_webhook_list", "webhook list"),
    ("programme_webhook_create", "webhook create"),
    ("programme_webhook_get", "webhook show"),
    ("programme_webhook_update", "webhook update"),
    ("programme_webhook_remove", "webhook remove"),
    ("programme_webhook_rotate", "webhook rotate-secret"),
    ("programme_webhook_test", "webhook test"),
    ("programme_webhook_replay", "webhook replay"),
    ("programme_webhook_deliveries", "webhook deliveries"),
    ("programme_event_list", "events"),
    ("call_durations_push", "call durations"),
    ("call_reconciliation", "call reconcile"),
    ("call_export_create", "call export take"),
    ("call_export_list", "call export list"),
    ("call_export_get", "call export show"),
    ("operator_call_export_create", "call export take"),
    ("operator_call_export_list", "call export list"),
    ("operator_call_export_get", "call export show"),
];

#[test]
fn every_operation_has_a_command() {
    let document = serde_json::to_value(api::openapi()).expect("the document is JSON");
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        // Edges, token requests, browsers' sign-in, payment pages and identity providers are not for
        // people at a prompt, who have `meetpoint user` and `meetpoint group`.
        let for_people = ["/session/tokens", "/session/account"];
        if ["/edge/", "/oauth/", "/scim/", "/session", "/shop/"]
            .iter()
            .any(|start| path.starts_with(start))
            && !for_people.iter().any(|start| path.starts_with(start))
        {
            continue;
        }
        for operation in item.as_object().expect("operations").values() {
            operations.insert(operation["operationId"].as_str().expect("an id").to_owned());
        }
    }
    let listed: BTreeSet<String> = COMMANDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, operations);
    for (operation, command) in COMMANDS {
        let mut at = &crate::command();
        for word in command.split(' ') {
            at = at
                .find_subcommand(word)
                .unwrap_or_else(|| panic!("{operation}: there is no `meetpoint {command}`"));
        }
        assert!(at.get_subcommands().next().is_none(), "`{command}` is only a group");
    }
}

/// An argument called like a global one would take its place without a word.
#[test]
fn no_command_hides_where_to_connect() {
    let mut whole = crate::command();
    whole.build();
    for (_, command) in COMMANDS {
        let at = command.split(' ').fold(&whole, |at, word| {
            at.find_subcommand(word).unwrap_or_else(|| panic!("there is no `{command}`"))
        });
        for long in ["url", "as", "json", "client-id"] {
            assert!(
                at.get_arguments().any(|argument| argument.get_long() == Some(long)),
                "`{command}` does not take --{long}"
            );
        }
    }
}

/// Every client command with what it takes, a line each.
fn outline(command: &clap::Command, path: &str, out: &mut String) {
    for sub in command.get_subcommands() {
        let name = format!("{path} {}", sub.get_name());
        if sub.get_subcommands().next().is_some() {
            outline(sub, &name, out);
            continue;
        }
        let arguments = sub
            .get_arguments()
            .filter(|argument| !argument.is_global_set() && !argument.is_hide_set())
            .map(|argument| match argument.get_long() {
                Some(long) if argument.is_required_set() => format!("--{long}"),
                Some(long) => format!("[--{long}]"),
                None if argument.is_required_set() => format!("<{}>", argument.get_id()),
                None => format!("[{}]", argument.get_id()),
            })
            .collect::<Vec<_>>()
            .join(" ");
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(out, "{name} {arguments}\n    {about}").expect("writing to a string");
    }
}

#[test]
fn the_commands_are_as_documented() {
    crate::command().debug_assert();
    let mut text = String::new();
    for group in crate::command().get_subcommands() {
        // What runs the exchange has tests of its own.
        let is_client =
            COMMANDS.iter().any(|(_, name)| name.split(' ').next() == Some(group.get_name()))
                || ["login", "logout"].contains(&group.get_name());
        if !is_client {
            continue;
        }
        let mut alone = clap::Command::new("meetpoint");
        alone = alone.subcommand(group.clone());
        outline(&alone, "meetpoint", &mut text);
    }
    insta::assert_snapshot!(text);
}
