//! Every closed list of words and every limit that the field names for operators, consents, contacts
//! and numbers: what is taken on one side of it, and what is refused on the other
//! (operator-connect.md 1.1 to 1.8, 2).

use crate::furnished::doc;
use crate::house::{Town, consent, cx, town};
use api_types::Problem;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

fn told<T>(answer: Result<T, Problem>) -> Option<(String, Option<String>)> {
    answer.err().map(|problem| (problem.code, problem.field))
}

fn x(most: usize) -> String {
    "x".repeat(most)
}

/// A consent of Contoso's to Alpha with one field set, undone where it was taken.
async fn given(town: &Town, pointer: &str, value: &Value) -> Option<(String, Option<String>)> {
    let tenant = cx(&town.contoso.actor);
    let mut whole = serde_json::to_value(consent(town.alpha.id, &["GB"])).expect("JSON");
    *whole.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value.clone();
    let answer = town.exchange.consent_create(&tenant, doc(whole)).await;
    if answer.is_ok() {
        town.exchange.consent_remove(&tenant, town.alpha.id, None).await.expect("undone");
    }
    told(answer)
}

on_both!(consents_and_contacts, |db| {
    let town = town(db).await;
    let contact = |change: Value| {
        let mut whole = json!({ "full_name": "Ada", "email": "ada@contoso.example" });
        for (field, value) in change.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        whole
    };
    let many = |count: usize| json!(vec![contact(json!({})); count]);
    let need = |change: Value| {
        let mut whole =
            json!({ "country": "GB", "number_type": "user", "quantity": 1, "source": "new" });
        for (field, value) in change.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        whole
    };
    let needs = |count: usize| json!(vec![need(json!({})); count]);
    let long_mail =
        |most: usize| json!([contact(json!({ "email": format!("{}@a.example", x(most - 10)) }))]);
    for (pointer, value, refused) in [
        ("/company_name", json!(x(200)), None),
        ("/company_name", json!(x(201)), Some("/company_name")),
        ("/company_name", json!("  "), Some("/company_name")),
        ("/company_size", json!("L1_U1"), None),
        ("/company_size", json!("L250_U999"), None),
        ("/company_size", json!("L999_U250"), Some("/company_size")),
        ("/company_size", json!("250-999"), Some("/company_size")),
        ("/contacts", many(1), None),
        ("/contacts", many(20), None),
        ("/contacts", many(0), Some("/contacts")),
        ("/contacts", many(21), Some("/contacts")),
        ("/contacts", json!([contact(json!({ "full_name": x(200) }))]), None),
        (
            "/contacts",
            json!([contact(json!({ "full_name": x(201) }))]),
            Some("/contacts/0/full_name"),
        ),
        ("/contacts", long_mail(254), None),
        ("/contacts", long_mail(255), Some("/contacts/0/email")),
        (
            "/contacts",
            json!([contact(json!({ "email": "ada@contoso" }))]),
            Some("/contacts/0/email"),
        ),
        (
            "/contacts",
            json!([contact(json!({ "email": "a@b@c.example" }))]),
            Some("/contacts/0/email"),
        ),
        ("/contacts", json!([contact(json!({ "phone_number": "+442079460000" }))]), None),
        (
            "/contacts",
            json!([contact(json!({ "phone_number": "02079460000" }))]),
            Some("/contacts/0/phone_number"),
        ),
        ("/escalation_contacts", many(0), None),
        ("/escalation_contacts", many(20), None),
        ("/escalation_contacts", many(21), Some("/escalation_contacts")),
        (
            "/escalation_contacts",
            json!([contact(json!({ "email": "ada" }))]),
            Some("/escalation_contacts/0/email"),
        ),
        ("/requirements", needs(0), None),
        ("/requirements", needs(200), None),
        ("/requirements", needs(201), Some("/requirements")),
        (
            "/requirements",
            json!([need(json!({ "quantity": 0 }))]),
            Some("/requirements/0/quantity"),
        ),
        ("/requirements", json!([need(json!({ "quantity": u32::MAX }))]), None),
        ("/requirements", json!([need(json!({ "number_type": "user" }))]), None),
        ("/requirements", json!([need(json!({ "number_type": "service" }))]), None),
        ("/requirements", json!([need(json!({ "number_type": "conference" }))]), None),
        (
            "/requirements",
            json!([need(json!({ "number_type": "fax" }))]),
            Some("/requirements/0/number_type"),
        ),
        ("/requirements", json!([need(json!({ "source": "port" }))]), None),
        (
            "/requirements",
            json!([need(json!({ "source": "rent" }))]),
            Some("/requirements/0/source"),
        ),
        ("/countries", json!(["gb"]), None),
        ("/countries", json!(["GB", "GB"]), None),
        ("/countries", json!(["GBR"]), Some("/countries")),
        ("/countries", json!(["G1"]), Some("/countries")),
    ] {
        let got = given(&town, pointer, &value).await;
        let expect = refused.map(|field| ("invalid_field".to_owned(), Some(field.to_owned())));
        assert_eq!(got, expect, "{pointer} {value:.80}");
    }
});

on_both!(the_operators_side, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    let alpha = cx(&town.alpha.actor);
    let step = async |status: &str, comment: Option<String>| {
        let now = town.exchange.operator_consent_get(&alpha, town.contoso.id).await.expect("reads");
        let edit = doc(json!({ "status": status, "comment": comment }));
        let version = Some(now.version);
        told(town.exchange.relationship_update(&alpha, town.contoso.id, version, edit).await)
    };
    for (status, comment, refused) in [
        ("ConsentAcknowledged", None, None),
        ("consentAcknowledged", None, Some(("invalid_field", "/status"))),
        ("Acknowledged", None, Some(("invalid_field", "/status"))),
        ("CustomerContacted", None, None),
        ("ConsentDeclined", None, Some(("comment_missing", "/comment"))),
        ("ConsentDeclined", Some(x(1001)), Some(("invalid_field", "/comment"))),
        ("ConsentDeclined", Some(x(1000)), None),
        ("CustomerContacted", None, None),
        ("AgreementSigned", None, None),
        ("ContractTerminated", Some(" ".into()), Some(("comment_missing", "/comment"))),
        ("ContractTerminated", Some("unpaid".into()), None),
    ] {
        let refused = refused.map(|(code, field)| (code.to_owned(), Some(field.to_owned())));
        assert_eq!(step(status, comment).await, refused, "{status}");
    }
});

on_both!(what_operators_are_made_of, |db| {
    let town = town(db).await;
    let (exchange, owner) = (&town.exchange, cx(&town.owner));
    for (name, good) in [(x(100), true), (x(101), false), (" ".into(), false)] {
        let made = exchange.operator_create(&owner, doc(json!({ "name": name }))).await;
        assert_eq!(made.is_ok(), good, "a name of {}", name.len());
    }
    let trunk = |change: Value, nth: usize| {
        let mut whole =
            json!({ "fqdn": format!("t{nth}.alpha.example"), "address": "192.0.2.9:5060" });
        for (field, value) in change.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        doc(whole)
    };
    // 63 characters in labels of at most 63 (1.6).
    let fqdn = |most: usize| format!("{}.example", x(most - 8));
    for (nth, (change, refused)) in [
        (json!({ "fqdn": fqdn(63) }), None),
        (json!({ "fqdn": fqdn(64) }), Some("/fqdn")),
        (json!({ "fqdn": "alpha" }), Some("/fqdn")),
        (json!({ "failover_time_seconds": 1 }), None),
        (json!({ "failover_time_seconds": 60 }), None),
        (json!({ "failover_time_seconds": 0 }), Some("/failover_time_seconds")),
        (json!({ "failover_time_seconds": 61 }), Some("/failover_time_seconds")),
        (json!({ "options_interval_seconds": 3600 }), None),
        (json!({ "options_interval_seconds": 3601 }), Some("/options_interval_seconds")),
        (json!({ "max_uri": 64 }), None),
        (json!({ "max_uri": 63 }), Some("/max_uri")),
        (json!({ "transport": "tcp" }), None),
        (json!({ "transport": "sctp" }), Some("/transport")),
        (json!({ "address": "192.0.2.9:0" }), Some("/address")),
        (json!({ "address": "[2001:db8::1]:5061" }), None),
        (json!({ "sources": vec!["192.0.2.8"; 16] }), None),
        (json!({ "sources": vec!["192.0.2.8"; 17] }), Some("/sources")),
    ]
    .into_iter()
    .enumerate()
    {
        let made = exchange.trunk_create(&owner, town.alpha.id, trunk(change.clone(), nth)).await;
        let expect = refused.map(|field| ("invalid_field".to_owned(), Some(field.to_owned())));
        assert_eq!(told(made), expect, "{change}");
    }
    // A profile has at least two trunks; each once counts once (1.5).
    let trunks = exchange.trunk_list(&owner, town.alpha.id, Default::default()).await;
    let ids: Vec<Uuid> = trunks.expect("trunks").items.iter().map(|trunk| trunk.id).collect();
    for (name, some, code) in [
        ("two", json!([ids[0], ids[1]]), None),
        ("one", json!([ids[0]]), Some("too_few_trunks")),
        ("one twice", json!([ids[0], ids[0]]), Some("too_few_trunks")),
        ("none", json!([]), Some("too_few_trunks")),
        ("somebody else's", json!([ids[0], Uuid::nil()]), Some("unknown_trunk")),
        ("two", json!([ids[0], ids[1]]), Some("conflict")),
    ] {
        let new = doc(json!({ "name": name, "trunk_ids": some }));
        let made = exchange.calling_profile_create(&owner, town.alpha.id, new).await;
        assert_eq!(told(made).map(|(code, _)| code).as_deref(), code, "{name}");
    }
    for (first, last, code) in [
        ("+4415395550000", "+4415395550000", None),
        ("+4415395550001", "+4415395550009", None),
        ("+4415395550009", "+4415395550010", Some("range_overlap")),
        ("+4415395550030", "+4415395550020", Some("range_invalid")),
        ("+4415395550030", "+441539555003", Some("range_invalid")),
        ("4415395550030", "+4415395550040", Some("invalid_field")),
        ("+123456789012345", "+123456789012345", None),
        ("+1234567890123456", "+1234567890123456", Some("invalid_field")),
        ("+0123", "+0124", Some("invalid_field")),
    ] {
        let new = doc(json!({ "first": first, "last": last }));
        let made = exchange.range_create(&owner, town.alpha.id, new).await;
        assert_eq!(told(made).map(|(code, _)| code).as_deref(), code, "{first} to {last}");
    }
});

on_both!(what_numbers_are_uploaded_for, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let alpha = cx(&town.alpha.actor);
    let order = |change: Value| {
        let mut whole = json!({
            "kind": "upload", "tenant_id": town.contoso.id, "usage": "CallingUserAssignment",
            "calling_profile_id": town.alpha.profile, "allow_tenant_address_update": true,
            "dry_run": true, "entries": [{ "number": "+442079460001" }],
        });
        for (field, value) in change.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        doc(whole)
    };
    let entries = |count: usize| {
        let entries: Vec<Value> =
            (0..count).map(|n| json!({ "number": format!("+44207946{n:04}") })).collect();
        json!(entries)
    };
    for (change, refused) in [
        (json!({ "entries": entries(1000) }), None),
        (json!({ "entries": entries(1001) }), Some("too_many_entries")),
        (json!({ "entries": [] }), Some("no_entries")),
        (json!({ "ticket_id": x(64) }), None),
        (json!({ "ticket_id": x(65) }), Some("invalid_field")),
        (json!({ "kind": "release" }), None),
        (json!({ "kind": "borrow" }), Some("invalid_field")),
    ] {
        let placed = town.exchange.number_order_create(&alpha, order(change.clone())).await;
        let code = told(placed).map(|(code, _)| code);
        assert_eq!(code.as_deref(), refused, "{change:.60}");
    }
    // Each entry by itself.
    for (change, refused) in [
        (json!({ "usage": "CallingUserAssignment" }), None),
        (json!({ "usage": "FirstPartyAppAssignment" }), None),
        (json!({ "usage": "ConferenceAssignment" }), None),
        // As one of the field's own writes it (design section 9).
        (json!({ "usage": "ConferenceAssigned" }), None),
        (json!({ "usage": "ThirdPartyAppAssignment" }), Some("invalid_field")),
        (json!({ "usage": "callingUserAssignment" }), Some("invalid_field")),
        (json!({ "entries": [{ "number": "+442079460001", "country": "GB" }] }), None),
        (
            json!({ "entries": [{ "number": "+442079460001", "country": "DE" }] }),
            Some("invalid_field"),
        ),
        (json!({ "entries": [{ "number": "02079460001" }] }), Some("invalid_number")),
        (json!({ "entries": [{ "number": "+1234567890123456" }] }), Some("invalid_number")),
        (json!({ "entries": [{ "number": "+44207946999999" }] }), Some("outside_ranges")),
    ] {
        let placed = town.exchange.number_order_create(&alpha, order(change.clone())).await;
        let code = match placed {
            Err(problem) => Some(problem.code),
            Ok(placed) => {
                town.exchange.orders_run().await.expect("a worker");
                let list = exchange::ListQuery::default();
                let entries = town.exchange.number_order_entries(&alpha, placed.id, list).await;
                entries.expect("entries").items.remove(0).error.map(|error| error.code)
            }
        };
        assert_eq!(code.as_deref(), refused, "{change}");
    }
});
