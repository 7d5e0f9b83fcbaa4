use crate::house::{client, cx, cx_key, meddle, open, operator, owner, sign_in};
use api_types::operator::{
    CallingProfileCreate, OfferPut, OperatorCreate, RangeCreate, TrunkCreate, TrunkUpdate,
};
use exchange::ListQuery;
use feed::change::{Change, Position};
use sha2::Digest;
use testkit::on_both;
use uuid::Uuid;

fn trunk(fqdn: &str, port: u16) -> TrunkCreate {
    serde_json::from_value(serde_json::json!({
        "fqdn": fqdn, "address": format!("127.0.0.1:{port}"), "match_port": true
    }))
    .expect("a trunk")
}

on_both!(the_first_owner_is_made_once, |db| {
    let exchange = open(db).await;
    let (one, other) = tokio::join!(exchange.bootstrap(), exchange.bootstrap());
    let made = [one, other].into_iter().filter_map(|r| r.expect("bootstraps")).count();
    assert_eq!(made, 1);
    assert!(exchange.bootstrap().await.expect("bootstraps").is_none());
});

on_both!(tokens_and_secrets, |db| {
    let exchange = open(db).await;
    let first = exchange.bootstrap().await.expect("bootstraps").expect("the first time");
    let id = first.client_id.to_string();
    for (id, secret) in
        [(id.as_str(), "wrong"), ("nobody", "x"), (&Uuid::nil().to_string(), &first.client_secret)]
    {
        let refused = exchange.token_issue(id, secret, None).await.expect_err("refused");
        assert_eq!(refused.code, "invalid_client");
    }
    let token = exchange
        .token_issue(&id, &first.client_secret, Some("programme.read"))
        .await
        .expect("a token");
    assert_eq!(token.scope, "programme.read");
    let reader = exchange.actor_from_token(&token.access_token).await.expect("an actor");
    let new = OperatorCreate { name: "A".into() };
    let refused = exchange.operator_create(&cx(&reader), new).await.expect_err("may not write");
    assert_eq!(refused.code, "forbidden");
    let asked = exchange.token_issue(&id, &first.client_secret, Some("tenant.read")).await;
    assert_eq!(asked.expect_err("not its scope").code, "invalid_parameter");
    let unknown = exchange.actor_from_token("no-such-token").await.expect_err("refused");
    assert_eq!(unknown.code, "unauthenticated");
});

on_both!(what_has_run_out_says_so, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let store = store::Store::open(&db.url).await.expect("opens");
    let hash: [u8; 32] = sha2::Sha256::digest(b"yesterday").into();
    let write = store.write(async |mut tx: store::Tx| {
        let past = tx.at() - 1;
        tx.token_insert(hash, owner.principal, "bearer", "programme.read", past, past).await?;
        tx.login_code_insert(hash, owner.principal, past).await
    });
    let written: Result<(), store::StoreError> = write.await;
    written.expect("an old token and an old code");
    let old = exchange.actor_from_token("yesterday").await.expect_err("expired");
    assert_eq!(old.code, "token_expired");
    let old = exchange.session_create("yesterday").await.expect_err("expired");
    assert_eq!(old.code, "login_code_invalid");
});

on_both!(a_sign_in_code_is_good_once, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let code = exchange.login_code_create(&cx(&owner), owner.principal).await.expect("a code");
    let (cookie, session) = exchange.session_create(&code.code).await.expect("a session");
    assert_eq!(session.role, "programme_owner");
    let again = exchange.session_create(&code.code).await.expect_err("used");
    assert_eq!(again.code, "login_code_invalid");
    let actor = exchange.actor_from_token(&cookie).await.expect("signed in");
    assert_eq!(actor.principal, owner.principal);
    exchange.session_delete(&cookie).await.expect("signs out");
    let gone = exchange.actor_from_token(&cookie).await.expect_err("signed out");
    assert_eq!(gone.code, "unauthenticated");
});

on_both!(an_idempotency_key_gives_the_first_answer, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let new = |name: &str| OperatorCreate { name: name.into() };
    let (one, other) = (cx_key(&owner, "k", 1), cx_key(&owner, "k", 1));
    let (first, again) = tokio::join!(
        exchange.operator_create(&one, new("A")),
        exchange.operator_create(&other, new("A"))
    );
    let (first, again) = (first.expect("made"), again.expect("the same answer"));
    assert_eq!(first.id, again.id);
    let otherwise = exchange.operator_create(&cx_key(&owner, "k", 2), new("B")).await;
    assert_eq!(otherwise.expect_err("another request").code, "idempotency_mismatch");
    let all = exchange.operator_list(&cx(&owner), ListQuery::default()).await.expect("lists");
    assert_eq!(all.items.len(), 1);
    // A refusal keeps no key: the corrected request may use it.
    let refused = exchange.operator_create(&cx_key(&owner, "k2", 1), new("")).await;
    assert_eq!(refused.expect_err("no name").field.as_deref(), Some("/name"));
    exchange.operator_create(&cx_key(&owner, "k2", 2), new("C")).await.expect("made");
    // Secrets are shown once: a repeat is told so, and nothing was kept.
    let keyed = cx_key(&owner, "k3", 1);
    exchange.client_create(&keyed, client("edge")).await.expect("made");
    let repeat = exchange.client_create(&keyed, client("edge")).await;
    assert_eq!(repeat.expect_err("shown once").code, "conflict");
});

on_both!(an_operator_with_all_that_belongs_to_it, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let a = operator(&exchange, &owner, "Alpha").await;
    let b = operator(&exchange, &owner, "Beta").await;
    let cx = cx(&owner);
    let twice = exchange.operator_create(&cx, OperatorCreate { name: "Alpha".into() }).await;
    assert_eq!(twice.expect_err("taken").code, "conflict");

    let t1 = exchange.trunk_create(&cx, a.id, trunk("a1.example.net", 5071)).await.expect("one");
    let t2 = exchange.trunk_create(&cx, a.id, trunk("a2.example.net", 5072)).await.expect("two");
    let tb = exchange.trunk_create(&cx, b.id, trunk("b1.example.net", 5073)).await.expect("b");
    for (field, bad) in [
        ("/fqdn", TrunkCreate { fqdn: "nodots".into(), ..trunk("x.example.net", 1) }),
        ("/address", TrunkCreate { address: "host:5060".into(), ..trunk("x.example.net", 1) }),
        ("/transport", TrunkCreate { transport: Some("tls".into()), ..trunk("x.example.net", 1) }),
        (
            "/failover_time_seconds",
            TrunkCreate { failover_time_seconds: Some(0), ..trunk("x.example.net", 1) },
        ),
    ] {
        let refused = exchange.trunk_create(&cx, a.id, bad).await.expect_err(field);
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            ("invalid_field", Some(field))
        );
        assert!(!refused.reason.is_empty() && !refused.remedy.is_empty());
    }

    let profile = |trunk_ids| CallingProfileCreate { name: "London".into(), trunk_ids };
    for (ids, code) in [
        (vec![t1.id], "too_few_trunks"),
        (vec![t1.id, t1.id], "too_few_trunks"),
        (vec![t1.id, tb.id], "unknown_trunk"),
    ] {
        let refused = exchange.calling_profile_create(&cx, a.id, profile(ids)).await;
        assert_eq!(refused.expect_err(code).code, code);
    }
    let made = exchange.calling_profile_create(&cx, a.id, profile(vec![t2.id, t1.id])).await;
    let made = made.expect("a profile");
    let listed = exchange.calling_profile_list(&cx, a.id, ListQuery::default()).await;
    let listed = listed.expect("lists").items;
    assert_eq!(listed[0].trunk_ids, [t2.id, t1.id]);
    assert_eq!(listed[0].id, made.id);

    let range = |first: &str, last: &str| RangeCreate { first: first.into(), last: last.into() };
    let whole = range("+442079460000", "+442079460999");
    exchange.range_create(&cx, a.id, whole).await.expect("a range");
    for (operator, bad, code) in [
        (b.id, range("+442079460999", "+442079461999"), "range_overlap"),
        (b.id, range("+442079469", "+44207946000"), "range_invalid"),
        (b.id, range("+442079462000", "+442079461000"), "range_invalid"),
        (b.id, range("02079460000", "+442079461000"), "invalid_field"),
        (Uuid::nil(), range("+4930100", "+4930199"), "not_found"),
    ] {
        let refused = exchange.range_create(&cx, operator, bad).await.expect_err(code);
        assert_eq!(refused.code, code);
    }

    let drain = TrunkUpdate { enabled: Some(false), ..Default::default() };
    let stale = exchange.trunk_update(&cx, a.id, t1.id, Some(9), drain.clone()).await;
    assert_eq!(stale.expect_err("stale").code, "version_mismatch");
    let bare = exchange.trunk_update(&cx, a.id, t1.id, None, drain.clone()).await;
    assert_eq!(bare.expect_err("no If-Match").code, "version_required");
    let drained = exchange.trunk_update(&cx, a.id, t1.id, Some(1), drain).await.expect("drains");
    assert_eq!((drained.enabled, drained.version), (false, 2));
    let limit = |calls, rate| TrunkUpdate {
        max_concurrent_calls: calls,
        max_calls_per_second: rate,
        ..TrunkUpdate::default()
    };
    let edit = |version, update| exchange.trunk_update(&cx, a.id, t1.id, Some(version), update);
    let limited = edit(2, limit(Some(100), Some(5))).await.expect("limited");
    assert_eq!((limited.max_concurrent_calls, limited.max_calls_per_second), (Some(100), Some(5)));
    assert!(!limited.enabled, "what is left out stays as it is");
    let lifted = edit(3, limit(Some(0), None)).await.expect("lifted");
    assert_eq!((lifted.max_concurrent_calls, lifted.max_calls_per_second), (None, Some(5)));
    let refused = edit(4, limit(Some(1_000_001), None)).await.expect_err("too many");
    assert_eq!(refused.field.as_deref(), Some("/max_concurrent_calls"));

    // A peer that hears one early dialog of a call only, set when it comes or later;
    // edges are told.
    assert!(!lifted.single_early_dialog && !t2.single_early_dialog);
    let single = TrunkUpdate { single_early_dialog: Some(true), ..TrunkUpdate::default() };
    assert!(edit(4, single).await.expect("set").single_early_dialog);
    let kept = edit(5, limit(Some(7), None)).await.expect("limited");
    assert!(kept.single_early_dialog, "what is left out stays as it is");
    let new = TrunkCreate { single_early_dialog: true, ..trunk("a9.example.net", 5079) };
    let t9 = exchange.trunk_create(&cx, a.id, new).await.expect("a trunk");
    let listed = exchange.trunk_list(&cx, a.id, ListQuery::default()).await.expect("lists").items;
    let bears = |id| listed.iter().find(|t| t.id == id).map(|t| t.single_early_dialog);
    assert_eq!([t1.id, t2.id, t9.id].map(bears), [Some(true), Some(false), Some(true)]);
    let made = exchange.client_create(&cx, client("edge")).await.expect("a client");
    let edge = crate::house::cx(&sign_in(&exchange, &made).await);
    let start = Position { epoch: exchange.epoch(), position: 0 };
    let log = exchange.changes_since(&edge, start, 1000).await.expect("the log");
    let told: Vec<_> = log
        .iter()
        .filter_map(|entry| match &entry.change {
            Change::TrunkPut(t) if t.single_early_dialog => Some(t.id.0),
            _ => None,
        })
        .collect();
    assert_eq!(told, [t1.id, t1.id, t9.id]);
});

on_both!(an_offer_is_whole_before_it_is_published, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let a = operator(&exchange, &owner, "Alpha").await;
    let cx = cx(&owner);
    let offer = |countries: &[&str], published| OfferPut {
        services: vec!["Calling".into()],
        countries: countries.iter().map(|c| c.to_string()).collect(),
        landing_page: "https://alpha.example".into(),
        published,
        ..OfferPut::default()
    };
    let empty = exchange.offer_put(&cx, a.id, None, offer(&[], true)).await;
    assert_eq!(empty.expect_err("no countries").code, "offer_incomplete");
    let first = exchange.offer_put(&cx, a.id, None, offer(&["gb", "DE"], true)).await;
    let first = first.expect("an offer");
    assert_eq!((first.countries, first.version), (vec!["GB".into(), "DE".into()], 1));
    let blind = exchange.offer_put(&cx, a.id, None, offer(&["GB"], true)).await;
    assert_eq!(blind.expect_err("there is one").code, "version_required");
    let second = exchange.offer_put(&cx, a.id, Some(1), offer(&["GB"], false)).await;
    assert_eq!(second.expect("replaced").version, 2);
    assert_eq!(exchange.offer_get(&cx, a.id).await.expect("reads").countries, ["GB"]);
});

on_both!(pages_follow_each_other, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    for n in 0..7 {
        operator(&exchange, &owner, &format!("Operator {n}")).await;
    }
    let (mut cursor, mut names) = (None, Vec::new());
    loop {
        let page = exchange.operator_list(&cx(&owner), ListQuery { cursor, limit: 3 }).await;
        let page = page.expect("a page");
        assert!(page.items.len() <= 3);
        names.extend(page.items.into_iter().map(|o| o.name));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(names, (0..7).map(|n| format!("Operator {n}")).collect::<Vec<_>>());
    for bad in [
        ListQuery { cursor: Some("!".into()), limit: 3 },
        ListQuery { cursor: None, limit: 0 },
        ListQuery { cursor: None, limit: 1001 },
    ] {
        let refused = exchange.operator_list(&cx(&owner), bad).await.expect_err("refused");
        assert_eq!(refused.code, "invalid_parameter");
    }
    // Every step above is in the audit log, newest first.
    let audit = exchange.audit_list(&cx(&owner), ListQuery { cursor: None, limit: 2 }).await;
    let audit = audit.expect("the audit log");
    assert_eq!(audit.items[0].action, "operator.create");
    assert_eq!(audit.items[0].principal_id, Some(owner.principal));
    assert!(audit.next_cursor.is_some());
});

on_both!(roles_name_what_they_act_for, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let a = operator(&exchange, &owner, "Alpha").await;
    let mut operators = client("operator_admin");
    for (field, bad) in [
        ("/operator_id", operators.clone()),
        ("/tenant_id", client("tenant_admin")),
        ("/role", client("king")),
    ] {
        let refused = exchange.client_create(&cx(&owner), bad).await.expect_err(field);
        assert_eq!(refused.field.as_deref(), Some(field));
    }
    operators.operator_id = Some(a.id);
    let made = exchange.client_create(&cx(&owner), operators).await.expect("a client");
    let actor = sign_in(&exchange, &made).await;
    let session = exchange.session_get(&actor).await.expect("a session");
    assert_eq!(session.operator_name.as_deref(), Some("Alpha"));
    let refused = exchange.operator_list(&cx(&actor), ListQuery::default()).await;
    assert_eq!(refused.expect_err("not its face").code, "forbidden");
});

/// The faces run use cases on any thread of their server.
#[test]
fn use_cases_may_move_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    fn look(exchange: &exchange::Exchange, cx: &exchange::Cx) {
        sendable(&exchange.operator_create(cx, OperatorCreate { name: String::new() }));
        sendable(&exchange.operator_list(cx, ListQuery::default()));
        sendable(&exchange.token_issue("", "", None));
    }
    let _ = look;
}

on_both!(a_sign_in_that_fails_does_not_spend_its_code, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let code = exchange.login_code_create(&cx(&owner), owner.principal).await.expect("a code");
    meddle(db, "ALTER TABLE token RENAME TO token_away").await;
    let failed = exchange.session_create(&code.code).await.expect_err("no place for a token");
    assert_eq!(failed.code, "internal");
    meddle(db, "ALTER TABLE token_away RENAME TO token").await;
    let (cookie, _) = exchange.session_create(&code.code).await.expect("the code is still good");
    let actor = exchange.actor_from_token(&cookie).await.expect("signed in");
    assert_eq!(actor.principal, owner.principal);
});
