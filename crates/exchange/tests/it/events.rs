//! Events as a reader on another node has them.

use crate::house::{cx, open, town_in};
use exchange::{ChangesError, Exchange};
use feed::change::Position;
use std::time::{Duration, Instant};
use testkit::on_both;

/// Reads on until something comes.
async fn next(exchange: &Exchange, cx: &exchange::Cx, mut at: Position) -> (Vec<String>, Position) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let read = exchange.events_since(cx, at, &[]).await.expect("reads");
        at = read.reached;
        if !read.items.is_empty() {
            let kinds = read.items.iter().map(|event| event.what.kind().to_owned()).collect();
            return (kinds, at);
        }
        assert!(Instant::now() < deadline, "nothing is heard");
        exchange.changes_wait(at.position, Duration::from_secs(1)).await;
    }
}

on_both!(another_node_tells_it_too, |db| {
    let town = town_in(open(db).await).await;
    let other = open(db).await;
    let (contoso, fabrikam) = (cx(&town.contoso.actor), cx(&town.fabrikam.actor));
    let alpha = cx(&town.alpha.actor);
    let start = other.events_from(&contoso, None, "from").await.expect("now");
    for n in 0..3 {
        town.person(&town.contoso, &format!("p{n}"), &[]).await;
        town.settle(&town.fabrikam, "GB").await;
    }
    let (mut heard, mut at) = (Vec::new(), start);
    while heard.len() < 3 {
        let (more, reached) = next(&other, &contoso, at).await;
        heard.extend(more);
        at = reached;
    }
    assert_eq!(heard, ["user.changed"; 3]);
    let (theirs, _) = next(&other, &fabrikam, start).await;
    assert_eq!(theirs, ["civic_address.changed"; 3]);
    // Whom nothing concerns goes on all the same, on either node.
    for exchange in [&town.exchange, &other] {
        for _ in 0..2 {
            let quiet = exchange.events_since(&alpha, start, &[]).await.expect("reads");
            assert!(quiet.items.is_empty() && !quiet.has_more);
            assert!(quiet.reached.position >= start.position + 6, "{quiet:?}");
        }
    }
    let ahead = Position { position: at.position + 1000, ..at };
    let gone = other.events_since(&contoso, ahead, &[]).await;
    assert!(matches!(gone, Err(ChangesError::Gone)), "{gone:?}");
    // A role without a part in any face is told nothing.
    let mut nobody = contoso.clone();
    nobody.actor.scopes.clear();
    let refused = other.events_since(&nobody, start, &[]).await.expect_err("no scope");
    assert!(matches!(refused, ChangesError::Problem(p) if p.code == "forbidden"));
});
