//! Backup, restore and copy, both ways between the databases.

use std::path::Path;
use store::backup::{Backup, BackupError, check};
use store::{Store, StoreError, Tx};
use testkit::{Database, TempDir};
use uuid::Uuid;

/// Rows of every kind of value, and a log that is further than its rows.
async fn furnish(store: &Store) {
    store
        .write(async |mut tx: Tx| {
            tx.edge_key_insert(7, &[0, 255, 7], 5).await?;
            for n in 0..1200 {
                tx.change(format!("{{\"n\":{n},\"text\":\"ü\\n\"}}"));
            }
            tx.audit(Some((Uuid::from_u128(9), "somebody \"else\"")), "test", "1\n2", None).await?;
            tx.audit(None, "test", "", Some("r")).await
        })
        .await
        .expect("furnished");
    store.write(async |mut tx: Tx| tx.change_trim(1000).await).await.expect("trimmed");
}

/// All that a backup says but when and from where.
fn content(backup: &Backup) -> Vec<(String, u64, u128)> {
    let tables = backup.tables.iter().filter(|table| table.name != "meta");
    tables.map(|table| (table.name.clone(), table.rows, table.sum)).collect()
}

async fn there_and_back(from: Database, to: Database) {
    let folder = TempDir::new("backup");
    let file = folder.path().join("one");
    let store = Store::open(&from.url).await.expect("opens");
    furnish(&store).await;
    let mut heard = 0;
    let taken = store.backup(&file, false, |_| heard += 1).await.expect("taken");
    assert_eq!(heard, taken.tables.len(), "each table is told");
    assert_eq!((taken.head.position, taken.head.database.as_str()), (1200, from.name));
    assert_eq!(check(&file).expect("whole"), taken);
    let names: Vec<_> = std::fs::read_dir(folder.path()).expect("lists").collect();
    assert_eq!(names.len(), 1, "no draft is left: {names:?}");
    let again = store.backup(&file, false, |_| ()).await;
    assert!(matches!(again, Err(BackupError::Exists(_))), "{again:?}");

    let other = Store::open(&to.url).await.expect("opens");
    let restored = other.restore(&file, false, |_| ()).await.expect("restored");
    assert_eq!(restored, taken);
    let old = other.epoch();
    other.close().await;
    let other = Store::open(&to.url).await.expect("opens again");
    assert!(![old, store.epoch()].contains(&other.epoch()), "the log begins a new epoch");
    let second = folder.path().join("two");
    let back = other.backup(&second, false, |_| ()).await.expect("taken");
    assert_eq!(content(&back), content(&taken), "the same rows on either database");
    // Positions and audit entries go on behind those that were restored.
    let more: Result<(), StoreError> = other
        .write(async |mut tx: Tx| {
            tx.change("{}".into());
            tx.audit(None, "test", "more", None).await
        })
        .await;
    more.expect("the house goes on");
    let mut view = other.read().await.expect("reads");
    assert_eq!(view.change_newest().await, Ok(1201));
    assert_eq!(view.change_floor().await, Ok(200));
    assert_eq!(view.audit_list(None, 10).await.expect("lists").len(), 3);
    drop(view);

    let full = other.restore(&file, false, |_| ()).await;
    assert!(matches!(full, Err(BackupError::NotEmpty(_))), "{full:?}");
    other.restore(&file, true, |_| ()).await.expect("in its place");
    let newest = other.read().await.expect("reads").change_newest().await;
    assert_eq!(newest, Ok(1200), "what was there is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgresql() {
    there_and_back(testkit::sqlite(), testkit::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgresql_to_sqlite() {
    there_and_back(testkit::postgres(), testkit::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgresql_to_postgresql() {
    there_and_back(testkit::postgres(), testkit::postgres()).await;
}

/// What befalls the text of a backup.
type Damage = fn(String) -> String;

fn rewrite(file: &Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(file).expect("it is text");
    std::fs::write(file, change(text)).expect("it can be written");
}

testkit::on_both!(a_damaged_backup_restores_nothing, |db| {
    let folder = TempDir::new("damaged");
    let from = testkit::sqlite();
    let source = Store::open(&from.url).await.expect("opens");
    furnish(&source).await;
    let target = Store::open(&db.url).await.expect("opens");
    let damages: [(&str, Damage); 6] = [
        ("a value", |text| text.replacen("somebody", "somebodx", 1)),
        ("cut short", |text| text[..text.len() / 2].to_owned()),
        ("a row less", |text| {
            let at = text.find("\n[").expect("a row") + 1;
            let end = at + text[at..].find('\n').expect("its end") + 1;
            text[..at].to_owned() + &text[end..]
        }),
        ("no end", |text| text[..text.rfind("{\"sha256\"").expect("an end")].to_owned()),
        ("more", |text| text + "[]\n"),
        ("something else", |_| "hello\n".to_owned()),
    ];
    for (n, (what, damage)) in damages.into_iter().enumerate() {
        let file = folder.path().join(n.to_string());
        source.backup(&file, false, |_| ()).await.expect("taken");
        rewrite(&file, damage);
        let refused = target.restore(&file, false, |_| ()).await;
        assert!(matches!(refused, Err(BackupError::Damaged { .. })), "{what}: {refused:?}");
    }
    let file = folder.path().join("newer");
    source.backup(&file, false, |_| ()).await.expect("taken");
    rewrite(&file, |text| text.replacen("\"version\":1", "\"version\":2", 1));
    let newer = target.restore(&file, false, |_| ()).await;
    assert!(matches!(newer, Err(BackupError::Newer(_))), "{newer:?}");
    let mut view = target.read().await.expect("reads");
    assert_eq!(view.change_newest().await, Ok(0), "nothing came in");
    assert!(view.audit_list(None, 10).await.expect("lists").is_empty());
});
