use std::time::Duration;
use store::{PrincipalRow, Store, StoreError, Tx};
use testkit::on_both;
use uuid::Uuid;

const TOKEN: [u8; 32] = [7; 32];

fn desk() -> PrincipalRow {
    PrincipalRow {
        id: Uuid::from_u128(1),
        name: "desk".to_owned(),
        role: "programme_owner".to_owned(),
        operator_id: None,
        tenant_id: None,
        provisioning: String::new(),
        disabled_at: None,
        jwks_uri: None,
        issuer_id: None,
        subject: None,
        created_at: 1,
    }
}

/// Asks for the token until `found` likes the answer; shorter than anything is remembered.
async fn until(store: &Store, found: impl Fn(&store::TokenRow) -> bool) {
    let seen = async {
        loop {
            let row = store.token_seen(TOKEN).await.expect("reads").expect("it is there");
            if found(&row) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), seen).await.expect("the other node hears of it");
}

on_both!(a_token_is_what_it_was_last_made_on_any_node, |db| {
    let here = Store::open(&db.url).await.expect("opens");
    let there = Store::open(&db.url).await.expect("opens beside it");
    assert!(here.token_seen(TOKEN).await.expect("reads").is_none());
    here.write(async |mut tx: Tx| -> Result<(), StoreError> {
        tx.principal_insert(&desk()).await?;
        tx.token_insert(TOKEN, desk().id, "bearer", "programme", 1, i64::MAX).await
    })
    .await
    .expect("writes");
    for round in 0..20 {
        let name = format!("desk {round}");
        // Both have it in mind.
        for store in [&here, &there] {
            assert!(store.token_seen(TOKEN).await.expect("reads").is_some());
        }
        here.write(async |mut tx: Tx| {
            tx.principal_update(&PrincipalRow { name: name.clone(), ..desk() }).await
        })
        .await
        .expect("writes");
        let row = here.token_seen(TOKEN).await.expect("reads").expect("it is there");
        assert_eq!(row.name, name, "who changes it sees that at once");
        until(&there, |row| row.name == name).await;
    }
    let revoked = there.write(async |mut tx: Tx| tx.token_revoke(TOKEN, desk().id, 9).await);
    assert!(revoked.await.expect("writes"));
    let row = there.token_seen(TOKEN).await.expect("reads").expect("it is there");
    assert_eq!(row.revoked_at, Some(9));
    until(&here, |row| row.revoked_at == Some(9)).await;
    let deleted: Result<bool, StoreError> =
        here.write(async |mut tx: Tx| tx.token_delete(TOKEN).await).await;
    assert!(deleted.expect("writes"));
    assert!(here.token_seen(TOKEN).await.expect("reads").is_none());
});
