//! Lists as CSV (RFC 4180): UTF-8, a header line of the JSON field names,
//! everything that matches from the asked page on.
//!
//! A cell that a spreadsheet would run as a formula (it begins with `=`, `+`,
//! `-`, `@`, a tab or a carriage return) gets a `'` in front. Two kinds of cell
//! are let through because they cannot hold a formula and must stay usable:
//! E.164 numbers (`+` and digits only) and plain decimal numbers (`-0.1276`).

use crate::failure::Answer;
use api_types::{
    Page, Problem,
    billing::CallExport,
    call::{CallRecord, EmergencyCall},
    calling::UserCallingSettings,
    conference::{ConferenceBridge, ConferenceNumber},
    freeze::ChangeFreeze,
    gateway::Gateway,
    identity::{AuditEntry, Client, Issuer},
    inside::{Alarm, Edge},
    mail::Mail,
    number::{Dispute, Number, NumberOrder, NumberOrderEntry, NumberTag, OrderMessage},
    operator::{CallingProfile, DirectoryEntry, Lead, Operator, Range, Trunk},
    policy::{Group, GroupMember, Policy, PolicyAssignment},
    shop::{Reservation, ShopNumber, Stock},
    tenant::{Acceptance, CivicAddress, Consent, Notice, ResourceAccount, Tenant, User},
    webhook::{Webhook, WebhookDelivery},
};
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use exchange::ListQuery;
use futures_util::stream;
use serde::Serialize;
use serde_json::Value;
use std::future::Future;

/// A document that can be a line.
pub trait CsvRow: Serialize + Send + 'static {
    /// The file's name without its ending.
    const NAME: &'static str;
    /// Fields in the order of the columns.
    const COLUMNS: &'static [&'static str];
}

macro_rules! rows {
    ($($document:ty, $name:literal: $($column:ident)*;)*) => {
        $(impl CsvRow for $document {
            const NAME: &'static str = $name;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),*];
        })*

        /// Each document's name in the specification with its columns.
        #[cfg(test)]
        const ROWS: &[(&str, &[&str])] =
            &[$((stringify!($document), &[$(stringify!($column)),*])),*];
    };
}

rows! {
    Operator, "operators": id name created_at version;
    Trunk, "trunks": id operator_id fqdn address sources match_port transport enabled
        failover_time_seconds options_interval_seconds send_options max_uri
        single_early_dialog max_concurrent_calls max_calls_per_second version;
    CallingProfile, "calling-profiles": id operator_id name trunk_ids emergency_dial_strings
        emergency_profile_id version;
    Range, "ranges": id operator_id first last;
    Tenant, "tenants": id name domain created_at;
    Client, "clients": id name role operator_id tenant_id provisioning_roles enabled jwks_uri
        issuer_id subject created_at secrets keys;
    Issuer, "issuers": id name issuer audience jwks_uri operator_id tenant_id role_claim roles
        organisation_claim organisation login_client_id created_at;
    AuditEntry, "audit": id at principal_id principal action subject request_id;
    Alarm, "alarms": id edge_id code severity subject subject_name detail reason remedy raised_at
        cleared_at ended_by;
    Edge, "edges": id principal_id started_at heard_at lost_at;
    DirectoryEntry, "directory": operator_id name services countries number_types landing_page
        logo_uri logo_thumbnail_uri acquired_numbers_count consent_status;
    Lead, "leads": id operator_id operator_name tenant_id domain countries message status comment
        created_at expires_at decided_at;
    Notice, "notices": version text published_at;
    Acceptance, "acceptances": id operator_id notice_version terms_version accepted_at accepted_by;
    Consent, "consents": id tenant_id tenant_name operator_id operator_name status
        relationship_status relationship_comment countries requirements contacts company_name
        company_size escalation_contacts engagement notice_version terms_version accepted_at
        accepted_by acceptance_due consented_at modified_at version;
    CivicAddress, "civic-addresses": id default_location_id company_name country house_number
        street_name city_or_town state_or_province postal_or_zip_code description latitude
        longitude locations;
    User, "users": id upn display_name country licences number has_phone active version
        lines;
    ResourceAccount, "resource-accounts": id upn display_name kind licences agent_ids
        ring_seconds number version;
    Number, "numbers": number tenant_id operator_id operator_name number_type support_owner
        calling_profile_id country usage activation_state assignment_status assigned_to_id assigned_to_name
        location_id location_update_supported tags assignment_blocked_state
        assignment_blocked_until acquired_at version
        assignment_category;
    NumberOrder, "number-orders": id kind tenant_id operator_id status dry_run total done succeeded
        failed ticket_id retries_id undoes_id created_at finished_at;
    NumberOrderEntry, "number-order-entries": index line number status column error warning;
    OrderMessage, "order-messages": id tenant_id order_id index number ticket_id code title detail
        remedy pointer created_at;
    Dispute, "disputes": id number state claimant_id claimant_name claimant_tenant_id holder_id
        holder_name holder_tenant_id comment opened_at closed_at;
    NumberTag, "tags": name numbers;
    Stock, "stock": number country area kind usage calling_profile_id price_note amount currency
        reservation_id listed_at;
    Reservation, "reservations": id quote_id tenant_id operator_id state numbers delivered amount
        currency expires_at extended payment_url paid_at payment_reference reason order_id
        created_at ended_at items;
    ShopNumber, "shop-numbers": first last count country area kind usage price_note amount
        currency;
    Policy, "policies": id name description settings version;
    PolicyAssignment, "policy-assignments": kind target policy_id policy_name user_id group_id
        rank number warning;
    Mail, "mails": id user_id address kind number state attempts created_at next_attempt_at
        settled_at error_code error;
    EmergencyCall, "emergency-calls": call_id tenant_id at user_id number emergency_number
        location_id place notification;
    ChangeFreeze, "change-freezes": id tenant_id name starts_at ends_at;
    Group, "groups": id name members;
    Gateway, "gateways": id fqdn address sources match_port transport country voice_app enabled
        failover_time_seconds options_interval_seconds send_options max_uri single_early_dialog
        max_concurrent_calls max_calls_per_second version;
    ConferenceBridge, "conference-bridges": id name gateway_ids default_number numbers version;
    ConferenceNumber, "conference-numbers": number conference_bridge_id conference_bridge_name
        country toll_free primary_language secondary_languages is_default;
    GroupMember, "group-members": id upn display_name;
    UserCallingSettings, "calling-settings": user_id upn display_name forwarding unanswered busy
        unreachable delegates call_group version;
    Webhook, "webhooks": id endpoint description event_types enabled disabled_at disabled_reason
        failures failing_since next_attempt_at position old_secret_until created_at version;
    WebhookDelivery, "webhook-deliveries": id event_id event_type attempt at ms status delivered
        error_code error;
    CallExport, "call-exports": id format from to rows bytes sha256 began_at ended_at principal;
    CallRecord, "calls": id kind started_at answered_at ended_at duration_ms
        operator_connected_ms operator_billed_ms duration_source caller callee number
        operator_id operator_name trunk_id trunk tenant_id user_id user_name queue_id queue_name
        conference_bridge_id conference_bridge_name call_type
        sip_code reason hung_up_by attempts in_call_id out_call_id complete
        forwarded_by_id forwarded_by_name forward_cause;
}

/// Lists inside a cell are joined by `;`, documents inside a cell stay JSON.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(cell).collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    };
    if is_formula(&text) { format!("'{text}") } else { text }
}

fn is_formula(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match first {
        '=' | '@' | '\t' | '\r' => true,
        '+' => !digits(&text[1..]),
        '-' => {
            let (whole, fraction) = text[1..].split_once('.').unwrap_or((&text[1..], "0"));
            !(digits(whole) && digits(fraction))
        }
        _ => false,
    }
}

pub(crate) fn header<T: CsvRow>() -> Vec<u8> {
    written([T::COLUMNS.iter().map(|column| (*column).to_owned())])
}

pub(crate) fn lines<T: CsvRow>(items: &[T]) -> Vec<u8> {
    written(items.iter().map(|item| {
        let document = serde_json::to_value(item).unwrap_or_default();
        T::COLUMNS.iter().map(move |column| cell(&document[*column]))
    }))
}

fn written<Row: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = Row>) -> Vec<u8> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("writing to memory does not fail");
    }
    writer.into_inner().expect("flushing to memory does not fail")
}

/// All pages from the asked one on, as they come from the store. The first is
/// fetched before the answer begins, so that a refusal is still a problem
/// document; a later failure cuts the connection rather than the file.
pub async fn export<T, F, Answered>(list: ListQuery, fetch: F) -> Answer<Response>
where
    T: CsvRow,
    F: Fn(ListQuery) -> Answered + Send + 'static,
    Answered: Future<Output = Result<Page<T>, Problem>> + Send + 'static,
{
    let first = fetch(ListQuery { cursor: list.cursor, limit: 1000 }).await?;
    let mut start = header::<T>();
    start.extend(lines(&first.items));
    let rest = stream::unfold(
        (first.next_cursor, Some(start), fetch),
        |(cursor, start, fetch)| async move {
            if let Some(start) = start {
                return Some((Ok(Bytes::from(start)), (cursor, None, fetch)));
            }
            let cursor = cursor?;
            match fetch(ListQuery { cursor: Some(cursor), limit: 1000 }).await {
                Ok(page) => {
                    let bytes = Bytes::from(lines(&page.items));
                    Some((Ok(bytes), (page.next_cursor, None, fetch)))
                }
                Err(problem) => {
                    tracing::error!(code = problem.code, "a CSV export broke off");
                    Some((Err(problem), (None, None, fetch)))
                }
            }
        },
    );
    let disposition = format!("attachment; filename=\"{}.csv\"", T::NAME);
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        Body::from_stream(rest),
    )
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_never_runs() {
        for (value, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+442079460001", "+442079460001"),
            ("+44 cmd", "'+44 cmd"),
            ("+", "'+"),
            ("-0.1276", "-0.1276"),
            ("-5", "-5"),
            ("-2+3", "'-2+3"),
            ("-", "'-"),
            ("\t=1", "'\t=1"),
            ("Contoso", "Contoso"),
        ] {
            assert_eq!(cell(&Value::from(value)), expected);
        }
        assert_eq!(cell(&serde_json::json!(["GB", "US"])), "GB;US");
        assert_eq!(cell(&serde_json::json!(["=1", "2"])), "''=1;2".replacen('\'', "", 1));
        assert_eq!(cell(&serde_json::json!({"code": "x"})), "{\"code\":\"x\"}");
        assert_eq!(cell(&Value::Null), "");
    }

    /// The fields of a schema and of those it is made of.
    fn fields_of<'a>(spec: &'a Value, schema: &'a Value) -> Vec<&'a str> {
        let own = schema["properties"].as_object().into_iter().flatten();
        let of = schema["allOf"].as_array().into_iter().flatten();
        let named = schema["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
        let named = named.and_then(|at| spec.pointer(at));
        own.map(|(name, _)| name.as_str())
            .chain(of.chain(named).flat_map(|part| fields_of(spec, part)))
            .collect()
    }

    #[test]
    fn the_columns_are_the_fields() {
        let spec = serde_json::to_value(crate::openapi()).expect("the document is JSON");
        for (document, columns) in ROWS {
            let schema = &spec["components"]["schemas"][document];
            let mut fields = fields_of(&spec, schema);
            assert!(!fields.is_empty(), "{document} has a schema");
            let mut columns = columns.to_vec();
            fields.sort_unstable();
            columns.sort_unstable();
            assert_eq!(columns, fields, "{document}");
        }
    }
}
