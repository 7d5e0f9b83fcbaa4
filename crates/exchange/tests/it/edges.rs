use crate::furnished::furnish;
use crate::house::{client, cx, open, operator, owner, sign_in};
use api_types::operator::{CallingProfileCreate, TrunkUpdate};
use api_types::tenant::TenantCreate;
use domain::number::AssignmentTarget;
use exchange::{Actor, ChangesError, Exchange};
use feed::change::{ChangeEntry, Position};
use feed::snapshot::{Snapshot, WorldRecords};
use feed::wrap::{WrapKey, wrap_key};
use std::time::{Duration, Instant};
use store::{Store, StoreError, Tx};
use testkit::on_both;
use uuid::Uuid;

pub async fn edge(exchange: &Exchange, owner: &Actor) -> Actor {
    let made = exchange.client_create(&cx(owner), client("edge")).await.expect("a client");
    sign_in(exchange, &made).await
}

pub async fn take(exchange: &Exchange, edge: &Actor, key: &WrapKey) -> Snapshot {
    let bytes = exchange.edge_snapshot(&cx(edge), key).await.expect("a snapshot");
    Snapshot::open(&bytes, key).expect("it opens")
}

/// All there is after a position, some at a time.
pub async fn follow(
    exchange: &Exchange,
    edge: &Actor,
    mut at: Position,
    some: u32,
) -> Vec<ChangeEntry> {
    let mut all = Vec::new();
    loop {
        let more = exchange.changes_since(&cx(edge), at, some).await.expect("changes");
        let Some(last) = more.last() else { return all };
        assert!(more.len() <= some as usize);
        at.position = last.position;
        all.extend(more);
    }
}

/// What a snapshot says, in an order that does not depend on its history.
fn told(snapshot: &Snapshot) -> String {
    fn sorted<T: std::fmt::Debug>(items: impl Iterator<Item = T>) -> Vec<String> {
        let mut all: Vec<_> = items.map(|item| format!("{item:?}")).collect();
        all.sort();
        all
    }
    let mut all = vec![format!("{:?}", snapshot.position())];
    all.extend(sorted(snapshot.operators()));
    all.extend(sorted(snapshot.trunks()));
    all.extend(sorted(snapshot.profiles()));
    all.extend(sorted(snapshot.tenants()));
    // The digests are not in a person's Debug.
    all.extend(sorted(snapshot.users().map(|user| serde_json::to_string(user).expect("JSON"))));
    all.extend(sorted(snapshot.queues()));
    all.extend(snapshot.edge_keys().iter().map(|key| format!("{} {:?}", key.id, key.secret)));
    all.extend(snapshot.numbers().map(|number| format!("{number:?}")));
    all.join("\n")
}

/// One more of everything, as the programme owner does it.
async fn grow(exchange: &Exchange, owner: &Actor, n: u16) {
    let cx = cx(owner);
    let operator = operator(exchange, owner, &format!("Operator {n}")).await;
    let mut trunk_ids = Vec::new();
    for t in 1..=2 {
        let trunk = serde_json::from_value(serde_json::json!({
            "fqdn": format!("t{t}.op{n}.example"), "address": format!("127.0.0.1:{}", 6000 + 2 * n + t),
            "match_port": true, "sources": ["192.0.2.1", "2001:db8::1"],
            "transport": if t == 1 { "udp" } else { "tcp" },
        }))
        .expect("a trunk");
        let made = exchange.trunk_create(&cx, operator.id, trunk).await.expect("a trunk");
        trunk_ids.push(made.id);
    }
    // Their order in the profile is not the order of their ids.
    trunk_ids.reverse();
    let profile = CallingProfileCreate { name: "P".into(), trunk_ids: trunk_ids.clone() };
    exchange.calling_profile_create(&cx, operator.id, profile).await.expect("a profile");
    let drained = TrunkUpdate { enabled: Some(false), ..Default::default() };
    exchange.trunk_update(&cx, operator.id, trunk_ids[0], Some(1), drained).await.expect("drains");
    let tenant = TenantCreate { name: format!("Tenant {n}"), domain: format!("t{n}.example") };
    exchange.tenant_create(&cx, tenant).await.expect("a tenant");
}

on_both!(a_snapshot_and_what_follows_is_the_later_snapshot, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let edge = edge(&exchange, &owner).await;
    let key = wrap_key("a token");
    let mut snapshots = vec![take(&exchange, &edge, &key).await];
    for n in 0..4 {
        grow(&exchange, &owner, n).await;
        snapshots.push(take(&exchange, &edge, &key).await);
    }
    let last = snapshots.last().expect("five");
    assert_eq!(last.operators().count(), 4);
    assert_eq!(last.trunks().count(), 8);
    assert_eq!(last.edge_keys().len(), 1);
    let profile = last.profiles().next().expect("four");
    let fqdns: Vec<_> =
        profile.trunks.iter().map(|id| last.trunk_record(*id).expect("its trunk")).collect();
    assert!(fqdns[0].fqdn.starts_with("t2.") && !fqdns[0].enabled && fqdns[1].enabled);

    for earlier in &snapshots {
        let mut grown = earlier.clone();
        for entry in follow(&exchange, &edge, earlier.position(), 2).await {
            grown.apply(&entry);
        }
        assert_eq!(told(&grown), told(last), "from {:?}", earlier.position());
    }
    // The secrets are for this edge only.
    let bytes = exchange.edge_snapshot(&cx(&edge), &key).await.expect("a snapshot");
    assert!(Snapshot::open(&bytes, &wrap_key("another token")).is_err());
});

on_both!(a_snapshot_holds_what_the_tables_hold, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let key = wrap_key("a token");
    let beginning = Position { epoch: exchange.epoch(), position: 0 };
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let snapshot = take(exchange, &house.edge, &key).await;

    let numbers: Vec<_> = snapshot.numbers().collect();
    let listed = house.numbers().await;
    assert_eq!(numbers.len(), 3);
    for (number, document) in numbers.iter().zip(&listed) {
        assert_eq!(number.number.to_string(), document.number);
        assert_eq!(number.tenant.0, document.tenant_id);
        assert_eq!(number.operator.0, document.operator_id);
        assert_eq!(number.profile.0, document.calling_profile_id);
        assert_eq!(number.country.as_str(), document.country);
        assert_eq!(number.usage.as_str(), document.usage);
        assert_eq!(number.location.map(|id| id.0), document.location_id);
        let target = number.target.map(|target| match target {
            AssignmentTarget::User(id) => id.0,
            AssignmentTarget::ResourceAccount(id) => id.0,
        });
        assert_eq!(target, document.assigned_to_id);
    }
    let alice = snapshot.user_record(house.alice.id.into()).expect("Alice");
    assert!(alice.licensed && alice.number == Some(numbers[0].number));
    let phone = alice.phone.as_ref().expect("her phone");
    assert_eq!((phone.username.as_str(), phone.ha1_sha256.len()), ("alice", 64));
    let bob = snapshot.user_record(house.bob.id.into()).expect("Bob");
    assert!(!bob.licensed && bob.number.is_none() && bob.phone.is_none());
    let queue = snapshot.queue(house.queue.id.into()).expect("the queue");
    assert_eq!(queue.agents, [house.bob.id.into(), house.alice.id.into()]);

    // The log alone, from its beginning, tells the same.
    let mut grown = Snapshot::from_records(WorldRecords::empty(beginning, 0));
    for entry in follow(exchange, &house.edge, beginning, 2).await {
        grown.apply(&entry);
    }
    assert_eq!(told(&grown), told(&snapshot));

    // And so it does after a number has changed hands and another has gone.
    let admin = cx(&house.tenant_admin);
    let (freed, gone) = (numbers[0].number, numbers[2].number);
    let version = exchange.number_get(&admin, freed).await.expect("hers").version;
    exchange.assignment_remove(&admin, freed, Some(version), None).await.expect("freed");
    house
        .upload(serde_json::json!({
            "kind": "release", "tenant_id": numbers[0].tenant, "entries": [{"number": gone}],
        }))
        .await;
    let later = take(exchange, &house.edge, &key).await;
    assert_eq!(later.number_record(gone), None);
    assert_eq!(later.number_record(freed).expect("still there").target, None);
    assert_eq!(later.user_record(house.alice.id.into()).expect("Alice").number, None);
    for earlier in [grown, snapshot] {
        let mut grown = earlier.clone();
        for entry in follow(exchange, &house.edge, earlier.position(), 2).await {
            grown.apply(&entry);
        }
        assert_eq!(told(&grown), told(&later));
    }
});

on_both!(a_snapshot_taken_amid_writes_is_of_one_moment, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let edge = edge(&exchange, &owner).await;
    let key = wrap_key("a token");
    let writers = (0..4).map(|n| {
        let (exchange, owner) = (exchange.clone(), owner.clone());
        tokio::spawn(async move {
            for m in 0..3 {
                grow(&exchange, &owner, 10 * n + m).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut taken = Vec::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        taken.push(take(&exchange, &edge, &key).await);
    }
    for writer in writers {
        writer.await.expect("a writer ends well");
    }
    let last = take(&exchange, &edge, &key).await;
    assert_eq!(last.tenants().count(), 12);
    for earlier in taken {
        let from = earlier.position();
        let mut grown = earlier;
        for entry in follow(&exchange, &edge, from, 500).await {
            grown.apply(&entry);
        }
        assert_eq!(told(&grown), told(&last), "from {from:?}");
    }
});

on_both!(a_reader_too_far_away_is_told_so, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let edge = edge(&exchange, &owner).await;
    grow(&exchange, &owner, 1).await;
    let at = take(&exchange, &edge, &wrap_key("a token")).await.position();
    let ask = async |at: Position| exchange.changes_since(&cx(&edge), at, 100).await;
    assert_eq!(ask(at).await.expect("nothing new"), []);
    let beginning = Position { position: 0, ..at };
    let all = ask(beginning).await.expect("all that is kept");
    assert_eq!(all.last().map(|entry| entry.position), Some(at.position));

    let ahead = Position { position: at.position + 1, ..at };
    let elsewhere = Position { epoch: Uuid::nil(), ..at };
    for gone in [ahead, elsewhere] {
        assert!(matches!(ask(gone).await, Err(ChangesError::Gone)), "{gone:?}");
    }
    let store = Store::open(&db.url).await.expect("opens");
    let trim = async |mut tx: Tx| -> Result<(), StoreError> { tx.change_trim(2).await };
    store.write(trim).await.expect("trims");
    let kept = Position { position: at.position - 2, ..at };
    assert_eq!(ask(kept).await.expect("the last two").len(), 2);
    let lost = Position { position: at.position - 3, ..at };
    for gone in [lost, beginning] {
        assert!(matches!(ask(gone).await, Err(ChangesError::Gone)), "{gone:?}");
    }
    let refused = exchange.changes_since(&cx(&owner), at, 100).await;
    assert!(matches!(refused, Err(ChangesError::Problem(p)) if p.code == "forbidden"));
    let refused = exchange.edge_snapshot(&cx(&owner), &wrap_key("x")).await;
    assert_eq!(refused.expect_err("edges only").code, "forbidden");
});

on_both!(a_waiting_edge_is_woken, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let edge = edge(&exchange, &owner).await;
    let at = take(&exchange, &edge, &wrap_key("a token")).await.position();
    let waiting = tokio::spawn({
        let exchange = exchange.clone();
        let began = Instant::now();
        async move {
            exchange.changes_wait(at.position, Duration::from_secs(30)).await;
            began.elapsed()
        }
    });
    operator(&exchange, &owner, "News").await;
    assert!(waiting.await.expect("waits") < Duration::from_secs(10), "nobody woke the edge");
    let news = exchange.changes_since(&cx(&edge), at, 10).await.expect("changes");
    assert_eq!(news.len(), 1);
});

/// The faces run use cases on any thread of their server.
#[test]
fn use_cases_may_move_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    fn look(exchange: &Exchange, cx: &exchange::Cx, at: Position, key: &WrapKey) {
        let list = exchange::ListQuery::default;
        sendable(&exchange.edge_snapshot(cx, key));
        sendable(&exchange.changes_since(cx, at, 1));
        sendable(&exchange.changes_wait(0, Duration::ZERO));
        sendable(&exchange.cdrs_deliver(cx, Vec::new()));
        sendable(&exchange.call_list(cx, exchange::CallFilter::default(), list()));
        sendable(&exchange.operator_call_list(cx, exchange::CallFilter::default(), list()));
        sendable(&exchange.programme_call_list(cx, exchange::CallFilter::default(), list()));
        sendable(&exchange.call_get(cx, Uuid::nil()));
        let called = String::new();
        let ask = api_types::call::ExplainCall {
            from_user_id: None,
            inbound: true,
            from_address: None,
            from_conference_bridge_id: None,
            from_number: None,
            on_behalf_of_number: None,
            called,
        };
        sendable(&exchange.explain_call(cx, ask));
    }
    let _ = look;
}

on_both!(edge_keys_rotate_without_a_gap, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let edge = edge(&exchange, &owner).await;
    let key = wrap_key("a token");
    let first = exchange.edge_key_list(&cx(&owner)).await.expect("a list");
    assert_eq!((first.len(), first[0].id, first[0].opens_until), (1, 1, None));
    let mut known = take(&exchange, &edge, &key).await;

    let after = exchange.edge_key_rotate(&cx(&owner)).await.expect("rotates");
    assert_eq!(after.iter().map(|k| k.id).collect::<Vec<_>>(), [1, 2]);
    let wait = after[1].seals_from.duration_since(after[1].created_at);
    assert!(wait >= jiff::SignedDuration::from_mins(30), "edges hear of it first: {wait:?}");
    let opens = after[0].opens_until.expect("an end").duration_since(after[1].seals_from);
    assert!(opens >= jiff::SignedDuration::from_hours(7 * 24), "{opens:?}");
    let refused = exchange.edge_key_rotate(&cx(&owner)).await.expect_err("one is on its way");
    assert_eq!(refused.code, "conflict");
    let refused = exchange.edge_key_rotate(&cx(&edge)).await.expect_err("not an edge's");
    assert_eq!(refused.code, "forbidden");

    // Years later, as far as the keys are concerned.
    let store = Store::open(&db.url).await.expect("opens");
    let long_ago = |days: i64| 1_700_000_000_000_000 - days * 24 * 3600 * 1_000_000;
    let age = async |mut tx: Tx| -> Result<(), StoreError> {
        for (id, days) in [(1, 20), (2, 10)] {
            tx.edge_key_remove(i64::from(id)).await?;
            tx.edge_key_insert(id, &[id; 64], long_ago(days)).await?;
        }
        Ok(())
    };
    store.write(age).await.expect("writes");
    let after = exchange.edge_key_rotate(&cx(&owner)).await.expect("rotates");
    assert_eq!(after.iter().map(|k| k.id).collect::<Vec<_>>(), [2, 3], "1 has opened long enough");
    for entry in follow(&exchange, &edge, known.position(), 10).await {
        known.apply(&entry);
    }
    let fresh = take(&exchange, &edge, &key).await;
    let ids = |s: &Snapshot| s.edge_keys().iter().map(|k| k.id).collect::<Vec<_>>();
    assert_eq!((ids(&known), ids(&fresh)), (vec![2, 3], vec![2, 3]));
    let from = |s: &Snapshot| s.edge_keys()[1].seals_from_us;
    assert!(from(&known) > long_ago(0) && from(&known) == from(&fresh));
});
