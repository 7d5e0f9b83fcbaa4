use store::Store;
use testkit::on_both;

on_both!(every_statement_is_understood, |db| {
    let store = Store::open(&db.url).await.expect("opens");
    let lite = db.url.starts_with("sqlite");
    let mut prepared = 0;
    for (name, sql) in store::statements() {
        if name.ends_with(if lite { "_PG" } else { "_LITE" }) {
            continue;
        }
        store.prepare(sql).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        prepared += 1;
    }
    assert!(prepared > 50, "only {prepared} statements are listed");
});

/// A new fork is a new way for the two databases to differ: it is counted, and
/// this number is changed on purpose.
#[test]
fn forks_are_few_and_counted() {
    let mut seen = std::collections::HashSet::new();
    let mut forks = 0;
    for (name, sql) in store::statements() {
        assert!(seen.insert(name), "two statements are called {name}");
        assert!(!sql.contains('?'), "{name}: placeholders are $1, $2, …");
        forks += usize::from(name.ends_with("_PG") || name.ends_with("_LITE"));
    }
    assert_eq!(forks, 74);
}

on_both!(a_second_open_finds_the_same_house, |db| {
    let (first, second) = tokio::join!(Store::open(&db.url), Store::open(&db.url));
    let (first, second) = (first.expect("opens"), second.expect("opens beside it"));
    assert_eq!(first.epoch(), second.epoch());
    first.close().await;
    let third = Store::open(&db.url).await.expect("opens again");
    assert_eq!(third.epoch(), second.epoch());
});
