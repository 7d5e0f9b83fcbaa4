//! Alarms that edges bring, and questions that they answer.

use crate::house::{client, cx, open, owner, sign_in};
use domain::EdgeId;
use exchange::{AlarmFilter, Exchange, ListQuery, WhichCall};
use feed::alarm::{AlarmKind, AlarmRecord, EventBatch};
use feed::inside::{EdgeAnswer, TracedPacket, Way};
use testkit::on_both;
use uuid::Uuid;

fn alarm(n: u128, kind: AlarmKind, raised_at_us: i64, cleared_at_us: Option<i64>) -> AlarmRecord {
    AlarmRecord {
        id: Uuid::from_u128(n),
        code: kind.code().into(),
        severity: kind.severity().as_str().into(),
        subject: "x".into(),
        detail: "a\0detail".into(),
        raised_at_us,
        cleared_at_us,
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

async fn listed(exchange: &Exchange, cx: &exchange::Cx, filter: AlarmFilter) -> Vec<(u128, bool)> {
    let page = exchange.alarm_list(cx, filter, ListQuery::default()).await.expect("a page");
    page.items.iter().map(|a| (a.id.as_u128(), a.cleared_at.is_none())).collect()
}

on_both!(alarms_count_once_and_end_with_the_life_of_their_edge, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let made = exchange.client_create(&cx(&owner), client("edge")).await.expect("a client");
    let edge = sign_in(&exchange, &made).await;
    let (edge, owner) = (cx(&edge), cx(&owner));
    let start = exchange.events_from(&owner, None, "from").await.expect("now");
    let begun = now();
    let batch = |started_at_us, alarms| EventBatch {
        edge: EdgeId(Uuid::from_u128(1)),
        started_at_us,
        alarms,
    };
    let first = batch(
        begun,
        vec![
            alarm(1, AlarmKind::TrunkDown, begun + 1, None),
            alarm(2, AlarmKind::EmergencyCall, begun + 2, Some(begun + 2)),
            alarm(3, AlarmKind::Overload, begun + 3, None),
        ],
    );
    for _ in 0..2 {
        assert_eq!(exchange.events_deliver(&edge, first.clone()).await.expect("kept"), 3);
    }
    let over = batch(begun, vec![alarm(1, AlarmKind::TrunkDown, begun + 1, Some(begun + 9))]);
    exchange.events_deliver(&edge, over).await.expect("kept");
    // The first word came late, a second time: what is over stays so.
    exchange.events_deliver(&edge, first).await.expect("kept");
    let all = listed(&exchange, &owner, AlarmFilter::default()).await;
    assert_eq!(all, [(3, true), (2, false), (1, false)]);
    let open_only = AlarmFilter { open: Some(true), ..AlarmFilter::default() };
    assert_eq!(listed(&exchange, &owner, open_only.clone()).await, [(3, true)]);
    let past = AlarmFilter { open: Some(false), ..AlarmFilter::default() };
    assert_eq!(listed(&exchange, &owner, past).await, [(2, false), (1, false)]);
    let of_kind = AlarmFilter { code: Some("overload".into()), ..AlarmFilter::default() };
    assert_eq!(listed(&exchange, &owner, of_kind).await, [(3, true)]);

    // The edge starts anew and does not find it any more.
    exchange.events_deliver(&edge, batch(begun + 10, vec![])).await.expect("taken");
    // A sign of life.
    exchange.events_deliver(&edge, batch(begun + 10, vec![])).await.expect("taken");
    let told = exchange.events_since(&owner, start, &[]).await.expect("events");
    let told: Vec<_> = told.items.iter().map(|event| event.what.kind()).collect();
    assert_eq!(told, ["alarms.changed"; 3], "raised, cleared, ended; nothing twice");
    assert_eq!(listed(&exchange, &owner, open_only).await, []);
    let refused = exchange.events_deliver(&owner, batch(begun, vec![])).await;
    assert_eq!(refused.expect_err("no edge").code, "forbidden");
    let refused = exchange.alarm_list(&edge, AlarmFilter::default(), ListQuery::default()).await;
    assert_eq!(refused.expect_err("no programme owner").code, "forbidden");
});

on_both!(an_edge_that_follows_is_asked_and_its_answer_heard, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let made = exchange.client_create(&cx(&owner), client("edge")).await.expect("a client");
    let edge = cx(&sign_in(&exchange, &made).await);
    let made = exchange.client_create(&cx(&owner), client("edge")).await.expect("a client");
    let rogue = cx(&sign_in(&exchange, &made).await);
    let first =
        EventBatch { edge: EdgeId(Uuid::from_u128(1)), started_at_us: now(), alarms: Vec::new() };
    exchange.events_deliver(&edge, first).await.expect("it greets");
    let which = WhichCall::CallId("a@b".into());
    let alone = exchange.call_explain(&cx(&owner), which.clone()).await;
    assert_eq!(alone.expect_err("nobody knows it").code, "not_found");

    let mut questions = exchange.questions();
    let answering = exchange.clone();
    let answers = tokio::spawn(async move {
        let question = questions.recv().await.expect("a question");
        let packet = TracedPacket {
            at_us: 5,
            way: Way::In,
            transport: "udp".into(),
            local: "192.0.2.1:5060".into(),
            peer: "192.0.2.2:5060".into(),
            peer_name: String::new(),
            call_id: question.call_ids[0].clone(),
            length: 10,
            text: "INVITE sip:x SIP/2.0\r\n\r\n".into(),
        };
        let own = EdgeId(Uuid::from_u128(1));
        let answer = EdgeAnswer { question: question.id, edge: own, packets: vec![packet] };
        let forged = answering.answer_take(&rogue, answer.clone()).await;
        assert_eq!(forged.expect_err("another's edge").code, "edge_bound");
        answering.answer_take(&edge, answer).await.expect("taken");
    });
    let told = exchange.call_explain(&cx(&owner), which).await.expect("it is explained");
    answers.await.expect("answered");
    assert_eq!((told.edges_asked, told.edges_answered), (1, 1));
    assert!(told.record.is_none());
    assert_eq!(told.messages[0].summary, "INVITE sip:x");
    assert_eq!(told.messages[0].call_id, "a@b");
});

/// Id, whether it is open, and why it ended.
async fn ended(exchange: &Exchange, cx: &exchange::Cx) -> Vec<(String, bool, Option<String>)> {
    let list = ListQuery::default();
    let page = exchange.alarm_list(cx, AlarmFilter::default(), list).await.expect("a page");
    let mut all: Vec<_> = page
        .items
        .into_iter()
        .map(|a| (format!("{} {}", a.code, a.subject), a.cleared_at.is_none(), a.ended_by))
        .collect();
    all.sort();
    all
}

on_both!(an_edge_speaks_with_one_credential, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let mut edges = Vec::new();
    for _ in 0..2 {
        let made = exchange.client_create(&cx(&owner), client("edge")).await.expect("a client");
        edges.push(cx(&sign_in(&exchange, &made).await));
    }
    let owner = cx(&owner);
    let begun = now();
    let id = Uuid::from_u128(1);
    let batch = |started_at_us, alarms| EventBatch { edge: EdgeId(id), started_at_us, alarms };
    let open = batch(begun, vec![alarm(1, AlarmKind::TrunkDown, begun + 1, None)]);
    exchange.events_deliver(&edges[0], open).await.expect("kept");
    // Another edge's credential neither clears its alarms nor ends its life.
    let over = vec![alarm(1, AlarmKind::TrunkDown, begun + 1, Some(begun + 2))];
    for forged in [batch(begun, over), batch(begun + 10, Vec::new())] {
        let refused = exchange.events_deliver(&edges[1], forged).await.expect_err("forged");
        assert_eq!(refused.code, "edge_bound");
        assert!(refused.reason.contains(&id.to_string()) && !refused.remedy.is_empty());
    }
    let still = ("trunk_down x".to_owned(), true, None);
    assert_eq!(ended(&exchange, &owner).await, [still]);
    let known = exchange.edge_list(&owner, ListQuery::default()).await.expect("edges").items;
    assert_eq!(known.len(), 1);
    let principal = edges[0].actor.principal;
    assert_eq!((known[0].id, known[0].principal_id, known[0].lost_at), (id, principal, None));

    // Once it is forgotten its alarms are over, and it may be brought by another.
    let refused = exchange.edge_forget(&edges[0], id).await.expect_err("not its face");
    assert_eq!(refused.code, "forbidden");
    exchange.edge_forget(&owner, id).await.expect("forgotten");
    assert_eq!(exchange.edge_forget(&owner, id).await.expect_err("gone").code, "not_found");
    let over = ("trunk_down x".to_owned(), false, Some("edge_forgotten".to_owned()));
    assert_eq!(ended(&exchange, &owner).await, [over]);
    exchange.events_deliver(&edges[1], batch(begun, Vec::new())).await.expect("its own now");
});

on_both!(alarms_of_an_edge_that_is_gone_end_and_open_again_with_it, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let made = exchange.client_create(&cx(&owner), client("edge")).await.expect("a client");
    let edge = cx(&sign_in(&exchange, &made).await);
    let owner = cx(&owner);
    let begun = now();
    let id = Uuid::from_u128(1);
    let batch = |started_at_us, alarms| EventBatch { edge: EdgeId(id), started_at_us, alarms };
    let first = vec![
        AlarmRecord { subject: "a".into(), ..alarm(1, AlarmKind::TrunkDown, begun + 1, None) },
        AlarmRecord { subject: "b".into(), ..alarm(2, AlarmKind::TrunkDown, begun + 2, None) },
    ];
    exchange.events_deliver(&edge, batch(begun, first)).await.expect("kept");
    assert_eq!(exchange.edges_watch(now() + 100_000_000).await.expect("looked"), 0);
    let late = now() + 130_000_000;
    assert_eq!(exchange.edges_watch(late).await.expect("looked"), 1);
    assert_eq!(exchange.edges_watch(late + 1).await.expect("looked"), 0, "told once");
    let lost = Some("edge_lost".to_owned());
    let gone = [
        (format!("edge_lost {id}"), true, None),
        ("trunk_down a".to_owned(), false, lost.clone()),
        ("trunk_down b".to_owned(), false, lost.clone()),
    ];
    assert_eq!(ended(&exchange, &owner).await, gone);
    let list = ListQuery::default();
    let told = exchange.alarm_list(&owner, AlarmFilter::default(), list).await.expect("a page");
    let told = told.items.iter().find(|a| a.code == "edge_lost").expect("it is told");
    assert!(told.detail.contains("ended: 2") && told.severity == "critical", "{told:?}");
    let known = exchange.edge_list(&owner, ListQuery::default()).await.expect("edges").items;
    assert!(known[0].lost_at.is_some());

    // It was only cut off: what it still has open is open again, what it cleared
    // meanwhile is not.
    let over = AlarmRecord {
        subject: "b".into(),
        ..alarm(2, AlarmKind::TrunkDown, begun + 2, Some(begun + 50))
    };
    exchange.events_deliver(&edge, batch(begun, vec![over])).await.expect("kept");
    let back = [
        (format!("edge_lost {id}"), false, None),
        ("trunk_down a".to_owned(), true, None),
        ("trunk_down b".to_owned(), false, None),
    ];
    assert_eq!(ended(&exchange, &owner).await, back);

    // It is lost once more, and comes back as a new life, which knows nothing of it.
    assert_eq!(exchange.edges_watch(now() + 260_000_000).await.expect("looked"), 1);
    exchange.events_deliver(&edge, batch(now(), Vec::new())).await.expect("kept");
    let all = ended(&exchange, &owner).await;
    assert!(all.iter().all(|(_, open, _)| !open), "{all:?}");
    assert!(all.contains(&("trunk_down a".to_owned(), false, lost)), "{all:?}");
});
