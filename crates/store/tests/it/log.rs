use sqlx::Connection;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use store::{Store, StoreError, Tx};
use testkit::on_both;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

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

/// Stands before the server at `to`; once `armed` it lets one COMMIT through,
/// waits until the server has answered, and breaks the connection instead of
/// passing the answer on.
async fn swallow_a_commit(listener: UnixListener, to: PathBuf, armed: Arc<AtomicBool>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (to, armed) = (to.clone(), armed.clone());
        tokio::spawn(async move {
            let mut server = UnixStream::connect(&to).await.expect("the server is there");
            let (mut up, mut down) = ([0; 8192], [0; 8192]);
            loop {
                tokio::select! {
                    n = client.read(&mut up) => {
                        let sent = &up[..n.unwrap_or(0)];
                        if sent.is_empty() || server.write_all(sent).await.is_err() {
                            return;
                        }
                        if sent.windows(6).any(|w| w == b"COMMIT")
                            && armed.swap(false, Ordering::SeqCst)
                        {
                            let answered = server.read(&mut down).await;
                            assert!(answered.is_ok_and(|n| n > 0), "it was committed");
                            return;
                        }
                    }
                    n = server.read(&mut down) => {
                        let said = &down[..n.unwrap_or(0)];
                        if said.is_empty() || client.write_all(said).await.is_err() {
                            return;
                        }
                    }
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_not_run_twice() {
    let db = testkit::postgres();
    let (before, folder) = db.url.split_once("?host=").expect("the cluster's socket");
    let between = testkit::TempDir::new("between");
    let socket = ".s.PGSQL.5432";
    let listener = UnixListener::bind(between.path().join(socket)).expect("a socket");
    let armed = Arc::new(AtomicBool::new(false));
    let to = PathBuf::from(folder).join(socket);
    let proxy = tokio::spawn(swallow_a_commit(listener, to, armed.clone()));
    let url = format!("{before}?host={}", between.path().display());
    let store = Store::open(&url).await.expect("opens");
    let runs = AtomicUsize::new(0);
    armed.store(true, Ordering::SeqCst);
    let ended: Result<(), StoreError> = store
        .write(async |mut tx: Tx| {
            runs.fetch_add(1, Ordering::SeqCst);
            tx.audit(None, "test", "once", None).await
        })
        .await;
    assert!(!armed.load(Ordering::SeqCst), "no commit came by");
    assert!(matches!(ended, Err(StoreError::Unknown(_))), "{ended:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    let log = store.read().await.expect("reads").audit_list(None, 10).await.expect("lists");
    assert_eq!(log.len(), 1, "it was committed, once");
    proxy.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_floor_never_falls() {
    let db = testkit::postgres();
    let store = Store::open(&db.url).await.expect("opens");
    for n in 0..5 {
        append(&store, n.to_string()).await.expect("commits");
    }
    let slower = Store::open(&db.url).await.expect("opens beside it");
    let mut look = sqlx::PgConnection::connect(&db.url).await.expect("connects");
    let (trimmed, go_on) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let first = store.write(async |mut tx: Tx| {
        tx.change_trim(0).await?;
        trimmed.notify_one();
        go_on.notified().await;
        Ok::<_, StoreError>(())
    });
    // Another node that keeps more comes while the first has not committed.
    let second = async {
        trimmed.notified().await;
        slower.write(async |mut tx: Tx| tx.change_trim(3).await).await
    };
    let watch = async {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = Instant::now() + Duration::from_secs(10);
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut look).await.expect("looks") == 0
        {
            assert!(Instant::now() < deadline, "the second trim does not wait for the first");
        }
        go_on.notify_one();
    };
    let (first, second, ()) = tokio::join!(first, second, watch);
    assert_eq!((first, second), (Ok(()), Ok(())));
    let floor = store.read().await.expect("reads").change_floor().await;
    assert_eq!(floor, Ok(5), "positions up to 5 are gone");
}
