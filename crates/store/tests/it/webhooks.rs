//! Claims of subscriptions, their cursors, and what is kept of attempts.

use store::{ChangeOwner, Json, Store, StoreError, Tx, WebhookAttemptRow, WebhookRow};
use testkit::on_both;
use uuid::Uuid;

fn row(n: u128, epoch: Uuid) -> WebhookRow {
    WebhookRow {
        id: Uuid::from_u128(n),
        tenant_id: None,
        operator_id: None,
        endpoint: "https://hooks.example.com/".into(),
        description: String::new(),
        event_types: Json(Vec::new()),
        enabled: true,
        disabled_at: None,
        disabled_reason: None,
        secret: vec![7; 32],
        old_secret: None,
        old_secret_until: None,
        epoch,
        position: 0,
        failures: 0,
        failing_since: None,
        due_at: 0,
        lease_owner: None,
        lease_until: 0,
        created_at: 1,
        version: 1,
    }
}

fn attempt(webhook: Uuid, at: i64) -> WebhookAttemptRow {
    WebhookAttemptRow {
        id: Uuid::now_v7(),
        webhook_id: webhook,
        tenant_id: None,
        operator_id: None,
        event_id: format!("e-{at}"),
        event_type: "user.changed".into(),
        attempt: 1,
        at,
        ms: 1,
        status: Some(204),
        error_code: None,
        error: None,
    }
}

on_both!(a_claim_holds_until_its_lease_ends_or_it_is_taken_away, |db| {
    let store = Store::open(&db.url).await.expect("opens");
    let epoch = store.epoch();
    let made = async |mut tx: Tx| {
        tx.webhook_insert(&row(1, epoch)).await?;
        tx.change("{}".into());
        Ok::<_, StoreError>(())
    };
    store.write(made).await.expect("made");
    let id = Uuid::from_u128(1);
    let claim = async |owner: u128, now: i64| {
        let owner = Uuid::from_u128(owner);
        let claim = async |mut tx: Tx| tx.webhook_claim(owner, now, now + 10, epoch).await;
        store.write(claim).await.expect("asked")
    };
    let progress = async |owner: u128, position| {
        let owner = Uuid::from_u128(owner);
        let go = async |mut tx: Tx| tx.webhook_progress(id, owner, epoch, position, 200).await;
        store.write(go).await.expect("asked")
    };
    assert_eq!(claim(7, 100).await, Some(id));
    assert_eq!(claim(8, 109).await, None, "it is held");
    assert_eq!(claim(8, 110).await, Some(id), "the lease ran out");
    assert!(!progress(7, 1).await, "who lost it writes nothing");
    let replay = async |mut tx: Tx| tx.webhook_replay(id, 1, epoch, 0).await;
    assert_eq!(store.write(replay).await, Ok(true));
    assert!(!progress(8, 1).await, "a replay takes it away");
    assert_eq!(claim(9, 111).await, Some(id));
    assert!(progress(9, 1).await);
    let give_back = async |mut tx: Tx| tx.webhook_release(id, Uuid::from_u128(9)).await;
    store.write(give_back).await.expect("given back");
    assert_eq!(claim(10, 1000).await, None, "nothing is left to send");
    let restored = Uuid::from_u128(99);
    let other = async |mut tx: Tx| tx.webhook_claim(restored, 1000, 1010, restored).await;
    assert_eq!(store.write(other).await, Ok(Some(id)), "another life of the log is news");
});

on_both!(cursors_move_over_what_concerns_nobody, |db| {
    let store = Store::open(&db.url).await.expect("opens");
    let epoch = store.epoch();
    let tenant = domain::TenantId(Uuid::from_u128(5));
    let made = async |mut tx: Tx| {
        let new = store::TenantRow {
            id: tenant,
            name: "Contoso".into(),
            domain: "contoso.example".into(),
            created_at: 1,
            fraud_limits: None,
            trusted_networks: None,
        };
        tx.tenant_insert(&new).await?;
        tx.webhook_insert(&row(1, epoch)).await?;
        tx.webhook_insert(&WebhookRow { tenant_id: Some(tenant), ..row(2, epoch) }).await?;
        tx.change("{}".into());
        tx.change("{}".into());
        Ok::<_, StoreError>(())
    };
    store.write(made).await.expect("made");
    let caught_up = async |mut tx: Tx| tx.webhook_caught_up(epoch, 2).await;
    assert_eq!(store.write(caught_up).await, Ok(1), "the tenant's has nothing to send");
    let mut view = store.read().await.expect("reads");
    let at = async |view: &mut store::Db, n| {
        view.webhook_get(Uuid::from_u128(n)).await.expect("reads").expect("it").position
    };
    assert_eq!((at(&mut view, 1).await, at(&mut view, 2).await), (0, 2));
    let owner = ChangeOwner { tenant: Some(tenant), operator: None };
    assert_eq!(view.webhook_count(owner).await, Ok(1));
    drop(view);
    let news = async |mut tx: Tx| {
        tx.change_of("{}".into(), owner);
        Ok::<_, StoreError>(())
    };
    store.write(news).await.expect("news");
    assert_eq!(store.write(caught_up).await, Ok(0), "now both have");
});

on_both!(attempts_are_forgotten_by_age_and_number, |db| {
    let store = Store::open(&db.url).await.expect("opens");
    let epoch = store.epoch();
    let made = async |mut tx: Tx| {
        for n in [1, 2] {
            tx.webhook_insert(&row(n, epoch)).await?;
            for at in 0..5 {
                tx.webhook_attempt_insert(&attempt(Uuid::from_u128(n), at)).await?;
            }
        }
        tx.change("{}".into());
        Ok::<_, StoreError>(())
    };
    store.write(made).await.expect("made");
    let trim = async |mut tx: Tx| tx.webhook_attempt_trim(1, 3).await;
    assert_eq!(store.write(trim).await, Ok(4));
    let mut view = store.read().await.expect("reads");
    for n in [1, 2] {
        let left = view.webhook_attempt_list(Uuid::from_u128(n), None, Some(false), 10).await;
        let left: Vec<_> = left.expect("lists").iter().map(|a| a.at).collect();
        assert_eq!(left, [4, 3, 2]);
    }
});
