//! Operators invite tenants, by domain and by code.

use crate::furnished::doc;
use crate::house::{consent, cx, meddle, town};
use api_types::operator::{LeadClaim, LeadCreate, LeadDecline};
use api_types::tenant::ConsentCreate;
use exchange::ListQuery;
use feed::change::Position;
use serde_json::json;
use testkit::on_both;
use uuid::Uuid;

fn all() -> ListQuery {
    ListQuery { cursor: None, limit: 1000 }
}

fn invite(domain: Option<&str>) -> LeadCreate {
    doc(json!({ "domain": domain, "countries": ["FR"], "message": "As we spoke" }))
}

fn by_lead(operator: Uuid, lead: Uuid) -> ConsentCreate {
    let mut new = consent(operator, &["FR"]);
    new.lead_id = Some(lead);
    new
}

on_both!(a_tenant_accepts_by_its_domain, |db| {
    let town = town(db).await;
    let exchange = &town.exchange;
    let (alpha, contoso, fabrikam) =
        (cx(&town.alpha.actor), cx(&town.contoso.actor), cx(&town.fabrikam.actor));
    // An operator that has withdrawn its offer may invite all the same.
    exchange.offer_withdraw(&alpha, None).await.expect("withdrawn");
    let made = exchange.lead_create(&alpha, invite(Some("Contoso.example"))).await.expect("a lead");
    assert_eq!((made.code, made.lead.status.as_str()), (None, "open"));
    // Whether the domain is anybody's, the operator is not told.
    let stray = exchange.lead_create(&alpha, invite(Some("nobody.example"))).await.expect("a lead");
    assert_eq!((made.lead.tenant_id, stray.lead.tenant_id), (None, None));
    let id = made.lead.id;

    let seen = exchange.lead_list(&contoso, all()).await.expect("lists").items;
    assert_eq!(seen.iter().map(|lead| lead.id).collect::<Vec<_>>(), [id]);
    assert_eq!(seen[0].operator_name, "Alpha");
    assert!(exchange.lead_list(&fabrikam, all()).await.expect("lists").items.is_empty());
    let others = exchange.consent_create(&fabrikam, by_lead(town.alpha.id, id)).await;
    let others = others.expect_err("not theirs");
    assert_eq!((others.code.as_str(), others.field.as_deref()), ("lead_unknown", Some("/lead_id")));
    let wrong = exchange.consent_create(&contoso, by_lead(town.beta.id, id)).await;
    assert_eq!(wrong.expect_err("another operator's").code, "lead_unknown");
    let further = ConsentCreate {
        countries: vec!["DE".into()],
        requirements: vec![],
        ..by_lead(town.alpha.id, id)
    };
    let further = exchange.consent_create(&contoso, further).await.expect_err("not invited there");
    assert_eq!(further.code, "country_not_offered");

    let (given, is_new) =
        exchange.consent_create(&contoso, by_lead(town.alpha.id, id)).await.expect("accepted");
    assert!(is_new);
    assert_eq!((given.status.as_str(), given.countries), ("Active", vec!["FR".to_owned()]));
    let known = exchange.operator_lead_list(&alpha, all()).await.expect("lists").items;
    let known = known.iter().find(|lead| lead.id == id).expect("listed");
    assert_eq!((known.status.as_str(), known.tenant_id), ("accepted", Some(town.contoso.id)));
    assert!(known.decided_at.is_some());
    // It is over: neither side takes another step.
    let again = exchange.lead_decline(&contoso, id, LeadDecline::default()).await;
    assert_eq!(again.expect_err("accepted").code, "lead_over");
    let back = exchange.lead_withdraw(&alpha, id).await.expect_err("accepted");
    assert_eq!((back.code.as_str(), back.reason.as_str()), ("lead_over", "the lead is accepted"));
});

on_both!(a_tenant_shows_a_code, |db| {
    let town = town(db).await;
    let exchange = &town.exchange;
    let (alpha, contoso, fabrikam) =
        (cx(&town.alpha.actor), cx(&town.contoso.actor), cx(&town.fabrikam.actor));
    let made = exchange.lead_create(&alpha, invite(None)).await.expect("a lead");
    let code = made.code.expect("a code");
    let claim = || LeadClaim { code: code.clone() };
    assert!(exchange.lead_list(&contoso, all()).await.expect("lists").items.is_empty());
    let wrong = exchange.lead_claim(&contoso, LeadClaim { code: "x".into() }).await;
    assert_eq!(wrong.expect_err("no such code").code, "lead_code_invalid");
    let mine = exchange.lead_claim(&contoso, claim()).await.expect("claimed");
    assert_eq!((mine.id, mine.tenant_id), (made.lead.id, Some(town.contoso.id)));
    exchange.lead_claim(&contoso, claim()).await.expect("once more is no harm");
    let theirs = exchange.lead_claim(&fabrikam, claim()).await.expect_err("it is contoso's");
    assert_eq!(theirs.code, "lead_code_invalid");
    let beyond = exchange.lead_decline(&fabrikam, mine.id, LeadDecline::default()).await;
    assert_eq!(beyond.expect_err("not theirs").code, "not_found");
    let why = LeadDecline { comment: Some("Too dear".into()) };
    let declined = exchange.lead_decline(&contoso, mine.id, why).await.expect("declined");
    assert_eq!(
        (declined.status.as_str(), declined.comment.as_deref()),
        ("declined", Some("Too dear"))
    );
    let late = exchange.consent_create(&contoso, by_lead(town.alpha.id, mine.id)).await;
    assert_eq!(late.expect_err("declined").code, "lead_over");
    let late = exchange.lead_claim(&contoso, claim()).await.expect_err("declined");
    assert_eq!(late.code, "lead_code_invalid");
});

on_both!(a_lead_ends_by_itself_or_is_taken_back, |db| {
    let town = town(db).await;
    let exchange = &town.exchange;
    let (alpha, beta, contoso) =
        (cx(&town.alpha.actor), cx(&town.beta.actor), cx(&town.contoso.actor));
    for (field, bad) in [
        ("/domain", LeadCreate { domain: Some("nowhere".into()), ..invite(None) }),
        ("/countries", LeadCreate { countries: vec![], ..invite(None) }),
        ("/countries", LeadCreate { countries: vec!["GBR".into()], ..invite(None) }),
        ("/days", LeadCreate { days: Some(0), ..invite(None) }),
        ("/days", LeadCreate { days: Some(366), ..invite(None) }),
        ("/message", LeadCreate { message: Some(" ".into()), ..invite(None) }),
    ] {
        let refused = exchange.lead_create(&alpha, bad).await.expect_err(field);
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            ("invalid_field", Some(field))
        );
    }
    for days in [1, 365] {
        let made = exchange.lead_create(&alpha, LeadCreate { days: Some(days), ..invite(None) });
        let lead = made.await.expect("a lead").lead;
        let lasts = lead.expires_at.as_second() - lead.created_at.as_second();
        assert_eq!(lasts, i64::from(days) * 86_400);
    }
    let domain = Some("contoso.example");
    let start = Position { epoch: exchange.epoch(), position: 0 };
    let heard = async || {
        let types = ["lead.changed".to_owned()];
        exchange.events_since(&contoso, start, &types).await.expect("events").items.len()
    };
    let shown = async || {
        let offer = exchange.directory_offer_get(&contoso, town.alpha.id).await;
        offer.map_or_else(|problem| problem.code, |offer| offer.state)
    };
    exchange.offer_withdraw(&alpha, None).await.expect("withdrawn");
    assert_eq!((heard().await, shown().await.as_str()), (0, "not_found"));
    let taken = exchange.lead_create(&alpha, invite(domain)).await.expect("a lead").lead.id;
    assert_eq!((heard().await, shown().await.as_str()), (1, "withdrawn"), "who is invited sees it");
    let hidden = exchange.lead_withdraw(&beta, taken).await.expect_err("not its own");
    assert_eq!(hidden.code, "not_found");
    let back = exchange.lead_withdraw(&alpha, taken).await.expect("taken back");
    assert_eq!((back.status.as_str(), back.tenant_id), ("withdrawn", None));
    assert_eq!((heard().await, shown().await.as_str()), (2, "not_found"), "until it is over");
    let late = exchange.consent_create(&contoso, by_lead(town.alpha.id, taken)).await;
    assert_eq!(late.expect_err("withdrawn").code, "lead_over");

    let old = exchange.lead_create(&alpha, invite(domain)).await.expect("a lead").lead.id;
    assert_eq!(shown().await, "withdrawn");
    meddle(db, "UPDATE lead SET created_at = 1, expires_at = 2").await;
    assert_eq!(shown().await, "not_found");
    let late = exchange.consent_create(&contoso, by_lead(town.alpha.id, old)).await;
    let late = late.expect_err("expired");
    assert_eq!((late.code.as_str(), late.reason.as_str()), ("lead_over", "the lead is expired"));
    let seen = exchange.lead_list(&contoso, all()).await.expect("lists").items;
    let status = |id| seen.iter().find(|lead| lead.id == id).map(|lead| lead.status.as_str());
    assert_eq!((status(old), status(taken)), (Some("expired"), Some("withdrawn")));
});
