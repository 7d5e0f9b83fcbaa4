use crate::house::{Town, consent, cx, cx_key, office, town};
use api_types::Problem;
use api_types::operator::OfferPut;
use api_types::tenant::{
    CivicAddressCreate, ConsentCreate, ConsentUpdate, LocationCreate, RelationshipUpdate,
    UserUpdate,
};
use exchange::{DirectoryFilter, ListQuery};
use testkit::on_both;
use uuid::Uuid;

fn all() -> ListQuery {
    ListQuery { cursor: None, limit: 1000 }
}

fn told(problem: &Problem) -> (&str, Option<&str>) {
    assert!(!problem.reason.is_empty() && !problem.remedy.is_empty(), "{problem:?}");
    (&problem.code, problem.field.as_deref())
}

fn status(status: &str) -> ConsentUpdate {
    ConsentUpdate { status: Some(status.into()), ..ConsentUpdate::default() }
}

fn relationship(status: &str, comment: Option<&str>) -> RelationshipUpdate {
    RelationshipUpdate { status: status.into(), comment: comment.map(str::to_owned) }
}

on_both!(the_directory_is_filtered, |db| {
    let town = town(db).await;
    let cx = cx(&town.contoso.actor);
    let found = async |country: Option<&str>, region: Option<&str>, service: Option<&str>| {
        let filter = DirectoryFilter {
            country: country.map(str::to_owned),
            region: region.map(str::to_owned),
            service: service.map(str::to_owned),
            ..DirectoryFilter::default()
        };
        let page = town.exchange.directory_list(&cx, filter, all()).await?;
        Ok::<_, Problem>(page.items.into_iter().map(|e| e.name).collect::<Vec<_>>())
    };
    assert_eq!(found(None, None, None).await.expect("all"), ["Alpha", "Beta"]);
    assert_eq!(found(Some("de"), None, None).await.expect("DE"), ["Alpha"]);
    assert_eq!(found(Some("FR"), None, None).await.expect("FR"), [""; 0]);
    assert_eq!(found(None, Some("emea"), None).await.expect("EMEA"), ["Alpha", "Beta"]);
    assert_eq!(found(None, Some("apac"), None).await.expect("APAC"), [""; 0]);
    assert_eq!(found(Some("GB"), None, Some("Calling")).await.expect("both"), ["Alpha", "Beta"]);
    assert_eq!(found(None, None, Some("AudioConferencing")).await.expect("none"), [""; 0]);
    for (field, asked) in [
        ("country", found(Some("GBR"), None, None).await),
        ("region", found(None, Some("moon"), None).await),
        ("service", found(None, None, Some("Fax")).await),
    ] {
        assert_eq!(told(&asked.expect_err(field)), ("invalid_parameter", Some(field)));
    }
    let first = ListQuery { cursor: None, limit: 1 };
    let first = town.exchange.directory_list(&cx, DirectoryFilter::default(), first).await;
    let first = first.expect("a page");
    let next = ListQuery { cursor: first.next_cursor, limit: 1 };
    let next = town.exchange.directory_list(&cx, DirectoryFilter::default(), next).await;
    let next = next.expect("the next page");
    assert_eq!((next.items[0].name.as_str(), next.next_cursor), ("Beta", None));
    // A cursor is the caller's text: this one holds the JSON string of a NUL.
    let nul = ListQuery { cursor: Some("Ilx1MDAwMCI".into()), limit: 1 };
    let refused = town.exchange.directory_list(&cx, DirectoryFilter::default(), nul).await;
    assert_eq!(
        told(&refused.expect_err("no cursor of ours")),
        ("invalid_parameter", Some("cursor"))
    );
});

on_both!(a_consent_says_what_is_needed, |db| {
    let town = town(db).await;
    let cx = cx(&town.contoso.actor);
    let good = || consent(town.alpha.id, &["GB"]);
    let mut contact = good().contacts.remove(0);
    contact.email = "nobody".into();
    let mut need = good().requirements.remove(0);
    need.country = "FR".into();
    for (bad, expect) in [
        (
            ConsentCreate { operator_id: Uuid::nil(), ..good() },
            ("offer_not_published", "/operator_id"),
        ),
        (
            ConsentCreate { countries: vec!["FR".into()], requirements: vec![], ..good() },
            ("country_not_offered", "/countries"),
        ),
        (
            ConsentCreate { countries: vec![], requirements: vec![], ..good() },
            ("invalid_field", "/countries"),
        ),
        (
            ConsentCreate { notice_accepted: false, ..good() },
            ("notice_not_accepted", "/notice_accepted"),
        ),
        (ConsentCreate { contacts: vec![], ..good() }, ("invalid_field", "/contacts")),
        (
            ConsentCreate { contacts: vec![contact], ..good() },
            ("invalid_field", "/contacts/0/email"),
        ),
        (
            ConsentCreate { requirements: vec![need], ..good() },
            ("invalid_field", "/requirements/0/country"),
        ),
        (
            ConsentCreate { company_size: "big".into(), ..good() },
            ("invalid_field", "/company_size"),
        ),
        (ConsentCreate { company_name: " ".into(), ..good() }, ("invalid_field", "/company_name")),
    ] {
        let refused = town.exchange.consent_create(&cx, bad).await.expect_err(expect.1);
        assert_eq!(told(&refused), (expect.0, Some(expect.1)));
    }
    let (made, created) = town.exchange.consent_create(&cx, good()).await.expect("a consent");
    assert!(created);
    assert_eq!(
        (made.status.as_str(), made.relationship_status.as_str()),
        ("Active", "ConsentAcknowledged")
    );
    assert_eq!(made.requirements, good().requirements);
    assert_eq!((made.tenant_name.as_str(), made.operator_name.as_str()), ("contoso", "Alpha"));
    let again = town.exchange.consent_create(&cx, good()).await.expect_err("there is one");
    assert_eq!(again.code, "consent_state");
    // An offer that is withdrawn takes no new consents.
    let owner = crate::house::cx(&town.owner);
    let offer = town.exchange.offer_get(&owner, town.beta.id).await.expect("an offer");
    let withdrawn = OfferPut {
        services: offer.services,
        countries: offer.countries,
        landing_page: offer.landing_page,
        published: false,
        ..OfferPut::default()
    };
    town.exchange.offer_put(&owner, town.beta.id, Some(1), withdrawn).await.expect("withdrawn");
    let late = town.exchange.consent_create(&cx, consent(town.beta.id, &["GB"])).await;
    assert_eq!(late.expect_err("not published").code, "offer_not_published");
});

on_both!(both_sides_move_their_own_state, |db| {
    let town = town(db).await;
    let (tenant, operator) = (cx(&town.contoso.actor), cx(&town.alpha.actor));
    town.agree(&town.contoso, &town.alpha).await;
    let (exchange, contoso) = (&town.exchange, town.contoso.id);
    let seen = exchange.operator_consent_list(&operator, all()).await.expect("lists");
    assert_eq!(seen.items.len(), 1);
    assert_eq!(seen.items[0].contacts[0].full_name, "Ada Admin");
    // Beta sees nothing of it.
    let beta = cx(&town.beta.actor);
    assert!(exchange.operator_consent_list(&beta, all()).await.expect("lists").items.is_empty());
    let hidden = exchange.operator_consent_get(&beta, contoso).await.expect_err("not its own");
    assert_eq!(hidden.code, "not_found");

    let step = async |version: Option<i64>, edit: RelationshipUpdate| {
        exchange.relationship_update(&operator, contoso, version, edit).await
    };
    for (version, edit, code, field) in [
        (None, relationship("CustomerContacted", None), "version_required", Some("If-Match")),
        (Some(7), relationship("CustomerContacted", None), "version_mismatch", Some("If-Match")),
        (Some(1), relationship("ConsentDeclined", Some(" ")), "comment_missing", Some("/comment")),
        (
            Some(1),
            relationship("ContractTerminated", Some("x")),
            "relationship_state",
            Some("/status"),
        ),
        (Some(1), relationship("Friends", None), "invalid_field", Some("/status")),
    ] {
        let refused = step(version, edit).await.expect_err(code);
        assert_eq!(told(&refused), (code, field));
    }
    step(Some(1), relationship("CustomerContacted", None)).await.expect("contacted");
    let signed = step(Some(2), relationship("AgreementSigned", None)).await.expect("signed");
    assert_eq!(signed.version, 3);

    let update = async |version: Option<i64>, edit: ConsentUpdate| {
        exchange.consent_update(&tenant, town.alpha.id, version, edit).await
    };
    let refused = update(None, status("Suspended")).await.expect_err("no If-Match");
    assert_eq!(refused.code, "version_required");
    let refused = update(Some(2), status("Suspended")).await.expect_err("stale");
    assert_eq!(refused.code, "version_mismatch");
    let refused = update(Some(3), status("Removed")).await.expect_err("not so");
    assert_eq!(told(&refused), ("invalid_field", Some("/status")));
    let suspended = update(Some(3), status("Suspended")).await.expect("suspended");
    assert_eq!(
        (suspended.status.as_str(), suspended.relationship_status.as_str()),
        ("Suspended", "AgreementSigned")
    );
    let edit = ConsentUpdate { countries: Some(vec!["DE".into()]), ..ConsentUpdate::default() };
    let refused = update(Some(4), edit.clone()).await.expect_err("suspended");
    assert_eq!(refused.code, "consent_state");
    let both = ConsentUpdate { status: Some("Active".into()), ..edit };
    let resumed = update(Some(4), both).await.expect("resumed and edited");
    assert_eq!((resumed.status.as_str(), resumed.countries), ("Active", vec!["DE".to_owned()]));
});

on_both!(a_removed_consent_is_taken_up_again, |db| {
    let town = town(db).await;
    let cx = cx(&town.contoso.actor);
    town.agree(&town.contoso, &town.alpha).await;
    let removed = town.exchange.consent_remove(&cx, town.alpha.id, Some(1)).await.expect("removed");
    assert_eq!(removed.status, "Removed");
    let twice = town.exchange.consent_remove(&cx, town.alpha.id, None).await.expect_err("gone");
    assert_eq!(twice.code, "consent_state");
    let again = town.exchange.consent_create(&cx, consent(town.alpha.id, &["DE"])).await;
    let (again, created) = again.expect("taken up");
    assert!(!created);
    assert_eq!((again.id, again.status.as_str(), again.version), (removed.id, "Active", 3));
    let unknown = town.exchange.consent_remove(&cx, town.beta.id, None).await;
    assert_eq!(unknown.expect_err("never given").code, "not_found");
});

async fn hold_one(town: &Town) -> Uuid {
    town.agree(&town.contoso, &town.alpha).await;
    let location = town.settle(&town.contoso, "GB").await;
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    assert_eq!(town.run(&town.alpha, order).await.0.status, "success");
    location
}

on_both!(numbers_keep_a_consent_alive, |db| {
    let town = town(db).await;
    hold_one(&town).await;
    let cx = cx(&town.contoso.actor);
    let refused = town.exchange.consent_remove(&cx, town.alpha.id, None).await;
    let refused = refused.expect_err("a number is held");
    assert_eq!(refused.code, "numbers_remain");
    assert!(refused.reason.contains('1'), "{}", refused.reason);
    let edit = ConsentUpdate { countries: Some(vec!["DE".into()]), ..ConsentUpdate::default() };
    let refused = town.exchange.consent_update(&cx, town.alpha.id, Some(1), edit).await;
    assert_eq!(told(&refused.expect_err("held in GB")), ("numbers_in_country", Some("/countries")));
    let unchanged = town.exchange.consent_get(&cx, town.alpha.id).await.expect("reads");
    assert_eq!((unchanged.status.as_str(), unchanged.version), ("Active", 1));
    // Released, it may go.
    let mut release = town.upload(&town.alpha, &town.contoso, &["+442079460001"]);
    release.kind = "release".into();
    assert_eq!(town.run(&town.alpha, release).await.0.status, "success");
    let removed = town.exchange.consent_remove(&cx, town.alpha.id, None).await.expect("removed");
    assert_eq!(removed.status, "Removed");
});

on_both!(addresses_and_their_places, |db| {
    let town = town(db).await;
    let cx = cx(&town.contoso.actor);
    let exchange = &town.exchange;
    for (field, bad) in [
        ("/company_name", CivicAddressCreate { company_name: " ".into(), ..office("GB") }),
        ("/country", CivicAddressCreate { country: "".into(), ..office("GB") }),
        ("/latitude", CivicAddressCreate { latitude: None, longitude: None, ..office("GB") }),
        ("/latitude", CivicAddressCreate { latitude: Some("91".into()), ..office("GB") }),
    ] {
        let refused = exchange.civic_address_create(&cx, bad).await.expect_err(field);
        assert_eq!(told(&refused), ("invalid_field", Some(field)));
    }
    let sydney = CivicAddressCreate { latitude: None, longitude: None, ..office("AU") };
    exchange.civic_address_create(&cx, sydney).await.expect("no coordinates in Australia");
    let made = exchange.civic_address_create(&cx, office("gb")).await.expect("an address");
    assert_eq!((made.country.as_str(), made.locations.len()), ("GB", 1));
    assert!(made.locations[0].is_default);
    assert_eq!(made.locations[0].id, made.default_location_id);
    let place = LocationCreate { description: "2nd floor".into() };
    exchange.location_create(&cx, made.id, place.clone()).await.expect("a place");
    let twice = exchange.location_create(&cx, made.id, place).await.expect_err("there is one");
    assert_eq!(twice.code, "conflict");
    let read = exchange.civic_address_get(&cx, made.id).await.expect("reads");
    assert_eq!(read.locations.len(), 2);
    let listed = exchange.civic_address_list(&cx, all()).await.expect("lists").items;
    assert_eq!(listed.iter().map(|a| a.locations.len()).collect::<Vec<_>>(), [1, 2]);

    // Others: a stranger sees nothing, an operator only after the consent.
    let stranger = crate::house::cx(&town.fabrikam.actor);
    let hidden = exchange.civic_address_get(&stranger, made.id).await.expect_err("not theirs");
    assert_eq!(hidden.code, "not_found");
    let alpha = crate::house::cx(&town.alpha.actor);
    let early = exchange.operator_civic_address_list(&alpha, town.contoso.id, all()).await;
    assert_eq!(early.expect_err("no consent").code, "not_found");
    town.agree(&town.contoso, &town.alpha).await;
    let seen = exchange.operator_civic_address_list(&alpha, town.contoso.id, all()).await;
    assert_eq!(seen.expect("lists").items.len(), 2);
    exchange.civic_address_remove(&cx, made.id, None).await.expect("unused");
    let gone = exchange.civic_address_get(&cx, made.id).await.expect_err("gone");
    assert_eq!(gone.code, "not_found");
});

on_both!(people_and_their_phones, |db| {
    let town = town(db).await;
    let cx = cx(&town.contoso.actor);
    let exchange = &town.exchange;
    let alice = town.person(&town.contoso, "alice", &["teams_phone"]).await;
    let phone = exchange.user_phone_create(&cx, alice).await.expect("credentials");
    assert_eq!(
        (phone.username.as_str(), phone.aor.as_str()),
        ("alice", "sip:alice@contoso.example")
    );
    assert!(phone.password.len() >= 32);
    let again = exchange.user_phone_create(&cx, alice).await.expect("new credentials");
    assert_ne!(phone.password, again.password);
    // A repeated key never shows a password again.
    let keyed = cx_key(&town.contoso.actor, "phone", 1);
    exchange.user_phone_create(&keyed, alice).await.expect("credentials");
    assert_eq!(
        exchange.user_phone_create(&keyed, alice).await.expect_err("shown").code,
        "conflict"
    );
    let read = exchange.user_get(&cx, alice).await.expect("reads");
    assert!(read.has_phone);
    let edit = UserUpdate { licences: Some(vec![]), ..UserUpdate::default() };
    let stale = exchange.user_update(&cx, alice, Some(read.version - 1), edit.clone()).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");
    let edited = exchange.user_update(&cx, alice, Some(read.version), edit).await.expect("edited");
    assert!(edited.licences.is_empty() && edited.has_phone);
    let stranger = crate::house::cx(&town.fabrikam.actor);
    let hidden = exchange.user_get(&stranger, alice).await.expect_err("not theirs");
    assert_eq!(hidden.code, "not_found");
});

on_both!(a_newer_notice_asks_again_and_stops_no_call, |db| {
    let town = town(db).await;
    let (owner, contoso) = (cx(&town.owner), cx(&town.contoso.actor));
    let exchange = &town.exchange;
    hold_one(&town).await;
    let first = exchange.notice_get(&contoso).await.expect("there is always one");
    assert_eq!((first.version, first.published_at), (0, None));
    let given = exchange.consent_get(&contoso, town.alpha.id).await.expect("reads");
    assert_eq!((given.notice_version, given.acceptance_due), (0, false));
    assert_eq!(given.accepted_by.as_deref(), Some("tenant_admin"));

    let text = |text: &str| api_types::tenant::NoticeCreate { text: text.into() };
    let refused = exchange.notice_create(&owner, text(" \n ")).await.expect_err("empty");
    assert_eq!(told(&refused), ("invalid_field", Some("/text")));
    let longest = "x".repeat(20_000);
    exchange.notice_create(&owner, text(&longest)).await.expect("the longest");
    let refused = exchange.notice_create(&owner, text(&(longest + "x"))).await.expect_err("longer");
    assert_eq!(told(&refused), ("invalid_field", Some("/text")));
    let newest = exchange.notice_create(&owner, text("We pass on\nyour contacts.")).await;
    assert_eq!(newest.expect("a notice").version, 2);
    let seen = exchange.notice_get(&contoso).await.expect("reads");
    assert_eq!((seen.version, seen.text.as_str()), (2, "We pass on\nyour contacts."));

    // What shares more waits; what carries calls goes on, and so does what shares less.
    let due = exchange.consent_get(&contoso, town.alpha.id).await.expect("reads");
    assert!(due.acceptance_due);
    let more =
        ConsentUpdate { countries: Some(vec!["GB".into(), "DE".into()]), ..status("Active") };
    let waits = exchange.consent_update(&contoso, town.alpha.id, Some(1), more.clone()).await;
    assert_eq!(waits.expect_err("not accepted").code, "acceptance_due");
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    let location = town.settle(&town.contoso, "GB").await;
    let put =
        serde_json::from_value(serde_json::json!({ "user_id": ada, "location_id": location }));
    let number = "+442079460001".parse().expect("a number");
    let put = exchange.assignment_put(&contoso, number, None, put.expect("an assignment")).await;
    put.expect("assigned all the same");
    let order = town.upload(&town.alpha, &town.contoso, &["+442079460002"]);
    assert_eq!(town.run(&town.alpha, order).await.0.status, "success");
    let paused = exchange.consent_update(&contoso, town.alpha.id, Some(1), status("Suspended"));
    assert_eq!(paused.await.expect("suspended").status, "Suspended");
    let waits = exchange.consent_update(&contoso, town.alpha.id, Some(2), status("Active")).await;
    assert_eq!(waits.expect_err("not accepted").code, "acceptance_due");

    let read = |notice_version, terms_version| api_types::tenant::AcceptanceCreate {
        notice_version,
        terms_version,
    };
    for version in [1, 3] {
        let refused =
            exchange.consent_acceptance_create(&contoso, town.alpha.id, read(version, None)).await;
        let refused = refused.expect_err("another notice");
        assert_eq!(told(&refused), ("notice_outdated", Some("/notice_version")));
    }
    // No terms are in force, so none that were read can be outdated.
    let accepted =
        exchange.consent_acceptance_create(&contoso, town.alpha.id, read(2, Some(1))).await;
    let accepted = accepted.expect("accepted");
    assert_eq!((accepted.notice_version, accepted.acceptance_due), (2, false));
    let edited = exchange.consent_update(&contoso, town.alpha.id, Some(accepted.version), more);
    assert_eq!(edited.await.expect("resumed and edited").countries, ["GB", "DE"]);
    let kept = exchange.consent_acceptance_list(&contoso, town.alpha.id, all()).await;
    let kept = kept.expect("lists").items;
    assert_eq!(kept.iter().map(|a| a.notice_version).collect::<Vec<_>>(), [2, 0]);
    assert!(kept.iter().all(|a| a.accepted_by == "tenant_admin"));
    let unknown = exchange.consent_acceptance_list(&contoso, town.beta.id, all()).await;
    assert_eq!(unknown.expect_err("never given").code, "not_found");
});

on_both!(newer_terms_ask_again_and_the_same_ones_do_not, |db| {
    let town = town(db).await;
    let (alpha, contoso) = (cx(&town.alpha.actor), cx(&town.contoso.actor));
    let exchange = &town.exchange;
    let publish = async |terms: Option<&str>, note: &str| {
        let draft = serde_json::json!({
            "services": ["Calling"], "landing_page": "https://alpha.example", "terms_uri": terms,
            "price_note": note,
            "coverage": [{ "country": "GB", "number_types": ["user"],
                "emergency_handling": "screened", "address_editing": "operator" }],
        });
        let draft = serde_json::from_value(draft).expect("a draft");
        exchange.offer_draft_put(&alpha, None, draft).await.expect("a draft");
        exchange.offer_publish(&alpha, None).await.expect("published").terms_version
    };
    assert_eq!(publish(Some("https://alpha.example/terms/1"), "cheap").await, 1);
    let stale = ConsentCreate { terms_version: Some(0), ..consent(town.alpha.id, &["GB"]) };
    let stale = exchange.consent_create(&contoso, stale).await.expect_err("others are in force");
    assert_eq!(told(&stale), ("notice_outdated", Some("/terms_version")));
    let read = ConsentCreate {
        terms_version: Some(1),
        notice_version: Some(0),
        ..consent(town.alpha.id, &["GB"])
    };
    let (given, _) = exchange.consent_create(&contoso, read).await.expect("given");
    assert_eq!((given.terms_version, given.acceptance_due), (1, false));
    let due = async || {
        let read = exchange.consent_get(&contoso, town.alpha.id).await.expect("reads");
        (read.terms_version, read.acceptance_due)
    };
    assert_eq!(publish(Some("https://alpha.example/terms/1"), "dearer").await, 1);
    assert_eq!(due().await, (1, false), "the terms are the same");
    assert_eq!(publish(Some("https://alpha.example/terms/2"), "dearer").await, 2);
    assert_eq!(due().await, (1, true));
    let read = api_types::tenant::AcceptanceCreate { notice_version: 0, terms_version: Some(2) };
    exchange.consent_acceptance_create(&contoso, town.alpha.id, read).await.expect("accepted");
    assert_eq!(due().await, (2, false));
    assert_eq!(publish(None, "no terms at all").await, 2);
    assert_eq!(due().await, (2, false), "nothing is asked where there is nothing");
});

on_both!(both_sides_name_whom_to_call, |db| {
    let town = town(db).await;
    let (alpha, contoso) = (cx(&town.alpha.actor), cx(&town.contoso.actor));
    let exchange = &town.exchange;
    town.agree(&town.contoso, &town.alpha).await;
    let someone = serde_json::json!({ "full_name": "Night Desk", "email": "noc@alpha.example",
        "phone_number": "+442079460999" });
    let engagement = |change: serde_json::Value| {
        let mut whole = serde_json::json!({
            "support_hours": "24x7", "escalation_contacts": [someone], "ticket_id": "T-1",
            "activations": [{ "country": "gb", "on": "2027-01-31" }],
            "services": [{ "service": "Calling", "provision": "on_by_default" }],
        });
        for (field, value) in change.as_object().expect("fields") {
            whole[field] = value.clone();
        }
        serde_json::from_value(whole).expect("an engagement")
    };
    let (hours, ticket) = ("x".repeat(501), "x".repeat(65));
    let many: Vec<_> = (0..21).map(|_| someone.clone()).collect();
    let calling = serde_json::json!({ "service": "Calling", "provision": "to_be_configured" });
    for (code, field, change) in [
        ("invalid_field", "/support_hours", serde_json::json!({ "support_hours": hours })),
        ("invalid_field", "/ticket_id", serde_json::json!({ "ticket_id": ticket })),
        (
            "invalid_field",
            "/escalation_contacts",
            serde_json::json!({ "escalation_contacts": many }),
        ),
        (
            "invalid_field",
            "/escalation_contacts/0/email",
            serde_json::json!({ "escalation_contacts": [{ "full_name": "x", "email": "x" }] }),
        ),
        (
            "invalid_field",
            "/activations/0/country",
            serde_json::json!({ "activations": [{ "country": "GBR", "on": "2027-01-31" }] }),
        ),
        (
            "invalid_field",
            "/activations/1/country",
            serde_json::json!({ "activations": [{ "country": "GB", "on": "2027-01-31" },
                { "country": "gb", "on": "2027-02-28" }] }),
        ),
        (
            "country_not_in_consent",
            "/activations/0/country",
            serde_json::json!({ "activations": [{ "country": "DE", "on": "2027-01-31" }] }),
        ),
        (
            "invalid_field",
            "/services/0/service",
            serde_json::json!({ "services": [{ "service": "Fax", "provision": "on_by_default" }] }),
        ),
        (
            "invalid_field",
            "/services/0/provision",
            serde_json::json!({ "services": [{ "service": "Calling", "provision": "off" }] }),
        ),
        (
            "invalid_field",
            "/services/1/service",
            serde_json::json!({ "services": [calling, calling] }),
        ),
        (
            "service_not_in_offer",
            "/services/0/service",
            serde_json::json!({ "services": [{ "service": "AudioConferencing",
                "provision": "on_by_default" }] }),
        ),
    ] {
        let put = exchange.engagement_put(&alpha, town.contoso.id, Some(1), engagement(change));
        assert_eq!(told(&put.await.expect_err(field)), (code, Some(field)));
    }
    let whole = || engagement(serde_json::json!({}));
    let blind = exchange.engagement_put(&alpha, town.contoso.id, None, whole()).await;
    assert_eq!(blind.expect_err("no If-Match").code, "version_required");
    let beta = cx(&town.beta.actor);
    let hidden = exchange.engagement_put(&beta, town.contoso.id, Some(1), whole());
    assert_eq!(hidden.await.expect_err("not its own").code, "not_found");
    let longest = engagement(serde_json::json!({
        "support_hours": "x".repeat(500), "ticket_id": "x".repeat(64),
        "escalation_contacts": many[..20], "services": [calling],
    }));
    exchange
        .engagement_put(&alpha, town.contoso.id, Some(1), longest)
        .await
        .expect("as long as may be");
    let put = exchange.engagement_put(&alpha, town.contoso.id, Some(2), whole()).await;
    put.expect("said");
    // The tenant reads it, and names its own.
    let read = exchange.consent_get(&contoso, town.alpha.id).await.expect("reads");
    assert_eq!(read.engagement.support_hours.as_deref(), Some("24x7"));
    assert_eq!(read.engagement.activations[0].country, "GB");
    assert_eq!(read.engagement.activations[0].on.to_string(), "2027-01-31");
    assert_eq!(read.engagement.services[0].provision, "on_by_default");
    let edit = ConsentUpdate {
        escalation_contacts: Some(read.contacts.clone()),
        ..ConsentUpdate::default()
    };
    exchange.consent_update(&contoso, town.alpha.id, Some(3), edit).await.expect("named");
    let seen = exchange.operator_consent_get(&alpha, town.contoso.id).await.expect("reads");
    assert_eq!(seen.escalation_contacts[0].full_name, "Ada Admin");
    assert_eq!(seen.engagement.ticket_id.as_deref(), Some("T-1"));
    exchange.consent_remove(&contoso, town.alpha.id, None).await.expect("removed");
    let over = exchange.engagement_put(&alpha, town.contoso.id, Some(5), whole()).await;
    assert_eq!(over.expect_err("removed").code, "consent_state");
});
