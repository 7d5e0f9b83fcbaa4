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
        answering.answer_take(&edge, answer).expect("taken");
    });
    let told = exchange.call_explain(&cx(&owner), which).await.expect("it is explained");
    answers.await.expect("answered");
    assert_eq!((told.edges_asked, told.edges_answered), (1, 1));
    assert!(told.record.is_none());
    assert_eq!(told.messages[0].summary, "INVITE sip:x");
    assert_eq!(told.messages[0].call_id, "a@b");
});
