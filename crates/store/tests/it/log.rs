use std::time::{Duration, Instant};
use store::{Store, StoreError, Tx};
use testkit::on_both;

async fn append(store: &Store, body: String) -> Result<(), StoreError> {
    store
        .write(async |mut tx: Tx| {
            tx.change(body.clone());
            tx.audit(None, "test", &body, None).await
        })
        .await
}

on_both!(a_reader_never_sees_a_later_position_first, |db| {
    const WRITERS: usize = 16;
    const EACH: usize = 40;
    let store = Store::open(&db.url).await.expect("opens");
    let follower = tokio::spawn({
        let store = store.clone();
        async move {
            let (mut after, mut seen) = (0, Vec::new());
            while seen.len() < WRITERS * EACH {
                let mut view = store.read().await.expect("reads");
                let news = view.change_list(after, 7).await.expect("lists");
                drop(view);
                for change in &news {
                    // Whoever commits late with an early position would be passed over here.
                    assert!(change.pos.cast_unsigned() > after);
                    after = change.pos.cast_unsigned();
                    seen.push(change.body.clone());
                }
                if news.is_empty() {
                    store.change_wait(after, Duration::from_secs(5)).await;
                }
            }
            seen
        }
    });
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            for n in 0..EACH {
                append(&store, format!("\"{writer}/{n}\"")).await.expect("commits");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("a writer ends well");
    }
    let mut seen = tokio::time::timeout(Duration::from_secs(20), follower)
        .await
        .expect("the follower missed a change")
        .expect("the follower ends well");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), WRITERS * EACH);
});

on_both!(another_process_is_heard, |db| {
    let (here, there) = (
        Store::open(&db.url).await.expect("opens"),
        Store::open(&db.url).await.expect("opens beside it"),
    );
    let began = Instant::now();
    let heard = tokio::spawn(async move {
        here.change_wait(0, Duration::from_secs(20)).await;
    });
    append(&there, "\"x\"".into()).await.expect("commits");
    heard.await.expect("waits");
    assert!(began.elapsed() < Duration::from_secs(10), "nobody woke the waiter");
});

on_both!(a_failed_write_leaves_nothing, |db| {
    let store = Store::open(&db.url).await.expect("opens");
    let refused: Result<(), StoreError> = store
        .write(async |mut tx: Tx| {
            tx.change("\"lost\"".into());
            tx.audit(None, "test", "lost", None).await?;
            Err(StoreError::Database("no".into()))
        })
        .await;
    assert!(refused.is_err());
    let mut view = store.read().await.expect("reads");
    assert_eq!(view.change_newest().await, Ok(0));
    assert!(view.audit_list(None, 10).await.expect("lists").is_empty());
});

on_both!(retention_is_told_and_positions_go_on, |db| {
    let store = Store::open(&db.url).await.expect("opens");
    for n in 0..5 {
        append(&store, n.to_string()).await.expect("commits");
    }
    let trimmed = store.write(async |mut tx: Tx| tx.change_trim(0).await).await;
    assert_eq!(trimmed, Ok(()));
    let mut view = store.read().await.expect("reads");
    assert_eq!(view.change_floor().await, Ok(5));
    assert_eq!(view.change_newest().await, Ok(5));
    drop(view);
    append(&store, "5".into()).await.expect("commits");
    let mut view = store.read().await.expect("reads");
    let left = view.change_list(5, 10).await.expect("lists");
    assert_eq!(left.iter().map(|c| c.pos).collect::<Vec<_>>(), [6]);
});
