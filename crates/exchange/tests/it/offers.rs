//! Offers from draft over published to withdrawn, and what tenants see of them.

use crate::furnished::doc;
use crate::house::{Town, consent, cx, town};
use api_types::Problem;
use api_types::operator::OfferDraftPut;
use exchange::{DirectoryFilter, ListQuery};
use serde_json::{Value, json};
use testkit::on_both;

fn here(country: &str) -> Value {
    json!({
        "country": country, "number_types": ["user"], "emergency_handling": "screened",
        "address_editing": "operator_then_tenant",
    })
}

fn draft(change: impl FnOnce(&mut Value)) -> OfferDraftPut {
    let mut whole = json!({
        "services": ["Calling"], "coverage": [here("GB")],
        "landing_page": "https://alpha.example/teams", "terms_uri": "https://alpha.example/terms/1",
        "logo_uri": "https://alpha.example/logo.png", "price_note": "From 3 GBP a number",
    });
    change(&mut whole);
    doc(whole)
}

fn told(problem: &Problem) -> (&str, Option<&str>) {
    assert!(!problem.reason.is_empty() && !problem.remedy.is_empty(), "{problem:?}");
    (&problem.code, problem.field.as_deref())
}

async fn listed(town: &Town, filter: DirectoryFilter) -> Vec<String> {
    let all = ListQuery { cursor: None, limit: 1000 };
    let page = town.exchange.directory_list(&cx(&town.contoso.actor), filter, all).await;
    page.expect("a page").items.into_iter().map(|entry| entry.name).collect()
}

on_both!(a_draft_is_its_operators_until_it_is_published, |db| {
    let town = town(db).await;
    let (alpha, tenant) = (cx(&town.alpha.actor), cx(&town.contoso.actor));
    let exchange = &town.exchange;
    let published = exchange.operator_offer_get(&alpha).await.expect("an offer");
    assert_eq!((published.state.as_str(), published.countries.len()), ("published", 2));
    assert_eq!(exchange.offer_draft_get(&alpha).await.expect_err("none").code, "not_found");
    let nothing = exchange.offer_publish(&alpha, None).await.expect_err("nothing to publish");
    assert_eq!(nothing.code, "no_offer_draft");

    let empty = draft(|d| *d = json!({}));
    let made = exchange.offer_draft_put(&alpha, None, empty).await.expect("a draft may be empty");
    assert_eq!(made.lacks.as_deref(), Some("the offer names no service"));
    let early = exchange.offer_publish(&alpha, Some(made.version)).await.expect_err("incomplete");
    assert_eq!(told(&early), ("offer_incomplete", Some("/services")));
    let blind = exchange.offer_draft_put(&alpha, None, draft(|_| {})).await;
    assert_eq!(blind.expect_err("there is one").code, "version_required");
    let put = exchange.offer_draft_put(&alpha, Some(made.version), draft(|_| {})).await;
    let put = put.expect("replaced");
    assert_eq!((put.lacks, put.version), (None, made.version + 1));
    // Nobody else sees anything of it, and the directory is as it was.
    let seen = exchange.directory_offer_get(&tenant, town.alpha.id).await.expect("shown");
    assert_eq!((seen.landing_page.as_str(), seen.coverage.len()), ("https://Alpha.example", 0));
    let other = exchange.offer_draft_get(&cx(&town.beta.actor)).await.expect_err("its own");
    assert_eq!(other.code, "not_found");

    let stale = exchange.offer_publish(&alpha, Some(made.version)).await.expect_err("stale");
    assert_eq!(stale.code, "version_mismatch");
    let live = exchange.offer_publish(&alpha, Some(put.version)).await.expect("published");
    assert_eq!((live.state.as_str(), live.published, live.terms_version), ("published", true, 1));
    assert!(live.published_at.is_some() && live.withdrawn_at.is_none());
    let seen = exchange.directory_offer_get(&tenant, town.alpha.id).await.expect("shown");
    assert_eq!(seen.countries, ["GB"]);
    assert_eq!(seen.coverage[0].emergency_handling, "screened");
    assert_eq!(seen.coverage[0].address_editing, "operator_then_tenant");
    assert_eq!(seen.coverage[0].emergency_numbers, ["999", "112"]);
    assert_eq!(seen.price_note.as_deref(), Some("From 3 GBP a number"));
    assert_eq!(exchange.offer_draft_get(&alpha).await.expect_err("gone").code, "not_found");

    // The next draft's version goes on, so that an old tag fits nothing; it is thrown away.
    let next = exchange.offer_draft_put(&alpha, None, draft(|_| {})).await.expect("the next one");
    assert!(next.version > put.version, "{} after {}", next.version, put.version);
    exchange.offer_draft_remove(&alpha, Some(next.version)).await.expect("thrown away");
    let twice = exchange.offer_draft_remove(&alpha, None).await.expect_err("gone");
    assert_eq!(twice.code, "not_found");
    let same = exchange.operator_offer_get(&alpha).await.expect("as it was");
    assert_eq!((same.version, same.state.as_str()), (live.version, "published"));
});

on_both!(what_a_draft_may_say, |db| {
    let town = town(db).await;
    let alpha = cx(&town.alpha.actor);
    let long = "x".repeat(1001);
    for (field, bad) in [
        ("/services", draft(|d| d["services"] = json!(["Fax"]))),
        ("/coverage/0/country", draft(|d| d["coverage"][0]["country"] = json!("GBR"))),
        ("/coverage/0/number_types", draft(|d| d["coverage"][0]["number_types"] = json!(["fax"]))),
        (
            "/coverage/0/number_types",
            draft(|d| d["coverage"][0]["number_types"] = json!(["conference"])),
        ),
        (
            "/coverage/0/emergency_handling",
            draft(|d| d["coverage"][0]["emergency_handling"] = json!("somehow")),
        ),
        (
            "/coverage/0/address_editing",
            draft(|d| d["coverage"][0]["address_editing"] = json!("nobody")),
        ),
        ("/coverage/0/price_note", draft(|d| d["coverage"][0]["price_note"] = json!(long))),
        ("/coverage/1/country", draft(|d| d["coverage"] = json!([here("GB"), here("gb")]))),
        ("/landing_page", draft(|d| d["landing_page"] = json!("alpha.example"))),
        ("/logo_uri", draft(|d| d["logo_uri"] = json!("ftp://alpha.example/logo.png"))),
        ("/logo_thumbnail_uri", draft(|d| d["logo_thumbnail_uri"] = json!("logo.png"))),
        ("/terms_uri", draft(|d| d["terms_uri"] = json!("javascript:alert(1)"))),
        ("/price_note", draft(|d| d["price_note"] = json!(long))),
    ] {
        let refused = town.exchange.offer_draft_put(&alpha, None, bad).await.expect_err(field);
        assert_eq!(told(&refused), ("invalid_field", Some(field)));
    }
    for word in
        ["dynamic_location", "registered_address", "number_prefix", "screened", "unsupported"]
    {
        for editing in ["operator_then_tenant", "tenant", "operator"] {
            let good = draft(|d| {
                d["coverage"][0]["emergency_handling"] = json!(word);
                d["coverage"][0]["address_editing"] = json!(editing);
            });
            let version = town.exchange.offer_draft_get(&alpha).await.ok().map(|d| d.version);
            let put = town.exchange.offer_draft_put(&alpha, version, good).await.expect(word);
            assert_eq!(put.coverage[0].emergency_handling, word);
            assert_eq!(put.coverage[0].address_editing, editing);
        }
    }
});

on_both!(what_is_withdrawn_takes_no_new_consents_and_those_there_go_on, |db| {
    let town = town(db).await;
    let (alpha, contoso, fabrikam) =
        (cx(&town.alpha.actor), cx(&town.contoso.actor), cx(&town.fabrikam.actor));
    let exchange = &town.exchange;
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    let withdrawn = exchange.offer_withdraw(&alpha, None).await.expect("withdrawn");
    assert_eq!((withdrawn.state.as_str(), withdrawn.published), ("withdrawn", false));
    assert!(withdrawn.withdrawn_at.is_some());
    let twice = exchange.offer_withdraw(&alpha, None).await.expect_err("it is");
    assert_eq!(twice.code, "offer_state");
    assert_eq!(listed(&town, DirectoryFilter::default()).await, ["Beta"]);
    let late = exchange.consent_create(&fabrikam, consent(town.alpha.id, &["GB"])).await;
    assert_eq!(late.expect_err("withdrawn").code, "offer_not_published");
    let hidden = exchange.directory_offer_get(&fabrikam, town.alpha.id).await;
    assert_eq!(hidden.expect_err("not in the directory").code, "not_found");
    // Whoever consented reads what it consented to, edits, and receives numbers.
    let shown = exchange.directory_offer_get(&contoso, town.alpha.id).await.expect("its own");
    assert_eq!(shown.state, "withdrawn");
    let edit = doc(json!({ "company_name": "Contoso plc", "company_size": "L250_U999" }));
    let edited = exchange.consent_update(&contoso, town.alpha.id, Some(1), edit).await;
    let edited = edited.expect("edited");
    assert_eq!(edited.company_name, "Contoso plc");
    assert_eq!(edited.company_size, "L250_U999");
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    assert_eq!(town.run(&town.alpha, order).await.0.status, "success");
    // It comes back with its next draft.
    let put = exchange.offer_draft_put(&alpha, None, draft(|_| {})).await.expect("a draft");
    let live = exchange.offer_publish(&alpha, Some(put.version)).await.expect("published");
    assert_eq!((live.state.as_str(), live.withdrawn_at), ("published", None));
    assert_eq!(listed(&town, DirectoryFilter::default()).await, ["Alpha", "Beta"]);
});

on_both!(the_directory_is_filtered_by_types_of_numbers, |db| {
    let town = town(db).await;
    let alpha = cx(&town.alpha.actor);
    let both = draft(|d| {
        d["services"] = json!(["Calling", "AudioConferencing"]);
        d["coverage"] = json!([here("GB"), here("DE")]);
        d["coverage"][1]["number_types"] = json!(["service", "conference"]);
    });
    let plans = async || {
        let plans = town.exchange.capability_plan_list(&alpha).await.expect("plans");
        plans.into_iter().map(|plan| plan.usage).collect::<Vec<_>>()
    };
    assert_eq!(plans().await, ["CallingUserAssignment", "FirstPartyAppAssignment"]);
    let put = town.exchange.offer_draft_put(&alpha, None, both).await.expect("a draft");
    town.exchange.offer_publish(&alpha, Some(put.version)).await.expect("published");
    assert_eq!(plans().await.last().map(String::as_str), Some("ConferenceAssignment"));
    let of = async |number_type: &str, country: Option<&str>| {
        let filter = DirectoryFilter {
            number_type: Some(number_type.into()),
            country: country.map(str::to_owned),
            ..DirectoryFilter::default()
        };
        listed(&town, filter).await
    };
    // Beta's offer says nothing of its numbers.
    assert_eq!(of("user", None).await, ["Alpha"]);
    assert_eq!(of("conference", None).await, ["Alpha"]);
    assert_eq!(of("user", Some("GB")).await, ["Alpha"]);
    assert_eq!(of("user", Some("DE")).await, [""; 0]);
    assert_eq!(of("service", Some("DE")).await, ["Alpha"]);
    let filter = DirectoryFilter { number_type: Some("fax".into()), ..DirectoryFilter::default() };
    let all = ListQuery { cursor: None, limit: 10 };
    let refused = town.exchange.directory_list(&cx(&town.contoso.actor), filter, all).await;
    assert_eq!(told(&refused.expect_err("no type")), ("invalid_parameter", Some("number_type")));
});

on_both!(an_upload_against_the_offer_is_warned_of, |db| {
    let town = town(db).await;
    let alpha = cx(&town.alpha.actor);
    town.agree(&town.contoso, &town.alpha).await;
    let location = town.settle(&town.contoso, "GB").await;
    for (nth, (editing, locked, warned)) in [
        ("operator_then_tenant", true, true),
        ("operator_then_tenant", false, false),
        ("tenant", true, true),
        ("operator", true, false),
        ("operator", false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let says = draft(|d| d["coverage"][0]["address_editing"] = json!(editing));
        let put = town.exchange.offer_draft_put(&alpha, None, says).await.expect("a draft");
        town.exchange.offer_publish(&alpha, Some(put.version)).await.expect("published");
        let number = format!("+44207946001{nth}");
        let mut order = town.upload(&town.alpha, &town.contoso, &[&number]);
        order.location_id = Some(location);
        order.allow_tenant_address_update = Some(!locked);
        let (_, entries) = town.run(&town.alpha, order).await;
        assert_eq!(entries[0].status, "success");
        let warning = entries[0].warning.clone().unwrap_or_default();
        assert_eq!(warning.contains("lets tenants edit"), warned, "{editing} {locked}: {warning}");
    }
});
