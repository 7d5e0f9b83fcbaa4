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
