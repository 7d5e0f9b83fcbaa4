use crate::house::{client, cx, open, operator, owner, sign_in};
use api_types::Page;
use api_types::call::CallRecord;
use api_types::identity::ClientCreate;
use api_types::tenant::TenantCreate;
use domain::routing::CallKind;
use domain::{BridgeId, CdrId, EdgeId, OperatorId, TenantId, TrunkId, UserId};
use exchange::{Actor, CallFilter, Exchange, ListQuery, WhichCall};
use feed::cdr::{Attempt, CdrEvent, CdrRecord, HungUpBy};
use feed::inside::{EdgeAnswer, TracedPacket, Way};
use numbering::E164;
use testkit::on_both;
use uuid::Uuid;

/// 2026-11-22 12:00:00 UTC.
const NOON: i64 = 1_795_348_800_000_000;
const SECOND: i64 = 1_000_000;

struct House {
    exchange: Exchange,
    owner: Actor,
    edge: Actor,
    operator: (OperatorId, Actor),
    other_operator: (OperatorId, Actor),
    tenant: (TenantId, Actor),
    other_tenant: (TenantId, Actor),
    trunk: TrunkId,
}

async fn actor(exchange: &Exchange, owner: &Actor, new: ClientCreate) -> Actor {
    let made = exchange.client_create(&cx(owner), new).await.expect("a client");
    sign_in(exchange, &made).await
}

async fn of_operator(exchange: &Exchange, owner: &Actor, name: &str) -> (OperatorId, Actor) {
    let made = operator(exchange, owner, name).await;
    let new = ClientCreate { operator_id: Some(made.id), ..client("operator_admin") };
    (OperatorId(made.id), actor(exchange, owner, new).await)
}

async fn of_tenant(exchange: &Exchange, owner: &Actor, domain: &str) -> (TenantId, Actor) {
    let new = TenantCreate { name: domain.into(), domain: domain.into() };
    let made = exchange.tenant_create(&cx(owner), new).await.expect("a tenant");
    let new = ClientCreate { tenant_id: Some(made.id), ..client("tenant_admin") };
    (TenantId(made.id), actor(exchange, owner, new).await)
}

async fn house(db: &testkit::Database) -> House {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let operator = of_operator(&exchange, &owner, "Alpha").await;
    let trunk = serde_json::from_value(serde_json::json!({
        "fqdn": "a1.alpha.example", "address": "127.0.0.1:5071"
    }))
    .expect("a trunk");
    let trunk = exchange.trunk_create(&cx(&owner), operator.0.0, trunk).await.expect("a trunk");
    House {
        edge: actor(&exchange, &owner, client("edge")).await,
        other_operator: of_operator(&exchange, &owner, "Beta").await,
        tenant: of_tenant(&exchange, &owner, "contoso.example").await,
        other_tenant: of_tenant(&exchange, &owner, "fabrikam.example").await,
        operator,
        trunk: TrunkId(trunk.id),
        exchange,
        owner,
    }
}

impl House {
    /// An outbound call that begins at `at`, is answered after two seconds and
    /// hung up after ten.
    fn call(&self, id: Uuid, at: i64) -> [CdrRecord; 3] {
        let record = |event| CdrRecord { id: CdrId(id), edge: EdgeId(Uuid::from_u128(7)), event };
        [
            record(CdrEvent::Begin {
                at_us: at,
                kind: Some(CallKind::Outbound),
                tenant: Some(self.tenant.0),
                number: Some(number("+442079460001")),
                operator: Some(self.operator.0),
                caller: "+442079460001".into(),
                callee: "+493012345".into(),
                caller_user: Some(UserId(Uuid::from_u128(9))),
                callee_user: None,
                queue: None,
                in_trunk: None,
                bridge: None,
                call_id: "in@phone".into(),
            }),
            record(CdrEvent::Answer {
                at_us: at + 2 * SECOND,
                user: None,
                out_trunk: Some(self.trunk),
                call_id: "out@trunk".into(),
                forwarded: None,
                bridge: None,
                operator: None,
            }),
            record(CdrEvent::End {
                at_us: at + 10 * SECOND,
                answered_at_us: Some(at + 2 * SECOND),
                sip_code: 200,
                reason: "normal".into(),
                hung_up_by: HungUpBy::Callee,
                attempts: vec![
                    Attempt { trunk: TrunkId(Uuid::from_u128(1)), sip_code: 0, ms: 2000 },
                    Attempt { trunk: self.trunk, sip_code: 200, ms: 40 },
                ],
            }),
        ]
    }

    async fn deliver(&self, records: &[CdrRecord]) {
        let taken = self.exchange.cdrs_deliver(&cx(&self.edge), records.to_vec()).await;
        assert_eq!(taken.expect("merges"), records.len());
    }

    async fn seen(&self, id: Uuid) -> CallRecord {
        self.exchange.call_get(&cx(&self.tenant.1), id).await.expect("the tenant's call")
    }

    async fn list(&self, filter: CallFilter) -> Page<CallRecord> {
        let all = ListQuery::default();
        self.exchange.call_list(&cx(&self.tenant.1), filter, all).await.expect("lists")
    }
}

fn number(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn text(record: &CallRecord) -> String {
    serde_json::to_string(record).expect("a document")
}

on_both!(records_merge_in_any_order_and_count_once, |db| {
    let house = house(db).await;
    let mut whole = Vec::new();
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (n, order) in (1u128..).zip(orders) {
        let id = Uuid::from_u128(n);
        let records = house.call(id, NOON);
        for (step, which) in order.into_iter().enumerate() {
            house.deliver(&records[which..=which]).await;
            if step < 2 && order[..=step].contains(&0) {
                assert!(!house.seen(id).await.complete, "{order:?} after {step}");
            }
        }
        let record = house.seen(id).await;
        assert!(record.complete, "{order:?}");
        // At least once is how edges deliver: a second time nothing moves.
        house.deliver(&records).await;
        assert_eq!(text(&house.seen(id).await), text(&record), "{order:?}");
        whole.push(text(&CallRecord { id: Uuid::nil(), ..record }));
    }
    whole.dedup();
    assert_eq!(whole.len(), 1, "the order of arrival shows: {whole:#?}");

    let record = house.seen(Uuid::from_u128(1)).await;
    assert_eq!(record.kind.as_deref(), Some("outbound"));
    assert_eq!(record.number.as_deref(), Some("+442079460001"));
    assert_eq!(record.operator_name.as_deref(), Some("Alpha"));
    assert_eq!(record.trunk.as_deref(), Some("a1.alpha.example"));
    assert_eq!(record.started_at.expect("began").as_microsecond(), NOON);
    assert_eq!(record.duration_ms, Some(8000));
    assert_eq!((record.sip_code, record.reason.as_deref()), (Some(200), Some("normal")));
    assert_eq!(record.hung_up_by.as_deref(), Some("callee"));
    let tried: Vec<_> = record.attempts.iter().map(|a| (a.trunk.as_deref(), a.sip_code)).collect();
    assert_eq!(tried, [(None, 0), (Some("a1.alpha.example"), 200)]);
    assert_eq!(record.user_id, Some(Uuid::from_u128(9)));
});

on_both!(one_batch_with_many_edges_at_once, |db| {
    let house = std::sync::Arc::new(house(db).await);
    let calls: Vec<_> = (1..=40).map(|n| house.call(Uuid::from_u128(n), NOON)).collect();
    let mut edges = Vec::new();
    for which in 0..6 {
        let house = house.clone();
        let mut batch: Vec<_> = calls.iter().map(|call| call[which % 3].clone()).collect();
        if which > 2 {
            batch.reverse();
        }
        edges.push(tokio::spawn(async move { house.deliver(&batch).await }));
    }
    for edge in edges {
        edge.await.expect("delivers");
    }
    let listed = house.list(CallFilter::default()).await.items;
    assert_eq!(listed.len(), 40);
    assert!(listed.iter().all(|call| call.complete));
});

on_both!(what_is_there_is_not_overwritten_with_less, |db| {
    let house = house(db).await;
    let id = Uuid::from_u128(1);
    let records = house.call(id, NOON);
    house.deliver(&records).await;
    let before = text(&house.seen(id).await);
    // An edge that restarted knows less of the same call.
    let mut poorer = records.clone();
    if let CdrEvent::End { reason, attempts, at_us, .. } = &mut poorer[2].event {
        *reason = "interrupted".into();
        attempts.clear();
        *at_us += SECOND;
    }
    house.deliver(&poorer[2..]).await;
    assert_eq!(text(&house.seen(id).await), before);
    // Nor does it count if it comes first.
    let other = Uuid::from_u128(4);
    let records = house.call(other, NOON);
    let mut poorer = records.clone();
    if let CdrEvent::End { reason, .. } = &mut poorer[2].event {
        *reason = "interrupted".into();
    }
    house.deliver(&poorer).await;
    assert_eq!(house.seen(other).await.reason.as_deref(), Some("interrupted"));
    house.deliver(&records[2..]).await;
    house.deliver(&poorer[2..]).await;
    assert_eq!(house.seen(other).await.reason.as_deref(), Some("normal"));

    // An end alone already says what it knows, to those who see every call.
    let alone = Uuid::from_u128(2);
    house.deliver(&house.call(alone, NOON)[2..]).await;
    let record = house.exchange.call_get(&cx(&house.owner), alone).await.expect("there");
    assert!(!record.complete && record.started_at.is_none());
    assert_eq!((record.sip_code, record.duration_ms), (Some(200), Some(8000)));

    // Nobody answered: begin and end are all there will be.
    let refused = Uuid::from_u128(3);
    let mut records = house.call(refused, NOON);
    if let CdrEvent::End { answered_at_us, sip_code, .. } = &mut records[2].event {
        (*answered_at_us, *sip_code) = (None, 486);
    }
    house.deliver(&[records[0].clone(), records[2].clone()]).await;
    let record = house.seen(refused).await;
    assert!(record.complete && record.answered_at.is_none() && record.duration_ms.is_none());
});

on_both!(everyone_sees_their_own_calls_only, |db| {
    let house = house(db).await;
    let id = Uuid::from_u128(1);
    house.deliver(&house.call(id, NOON)).await;
    let all = || (CallFilter::default(), ListQuery::default());
    let (exchange, (filter, list)) = (&house.exchange, all());
    for stranger in [&house.other_tenant.1, &house.other_operator.1] {
        let refused = exchange.call_get(&cx(stranger), id).await.expect_err("another's");
        assert_eq!((refused.status, refused.code.as_str()), (404, "not_found"));
    }
    let other = &house.other_tenant.1;
    let listed = exchange.call_list(&cx(other), filter, list).await.expect("lists");
    assert!(listed.items.is_empty());
    let (filter, list) = all();
    let listed = exchange.operator_call_list(&cx(&house.other_operator.1), filter, list).await;
    assert!(listed.expect("lists").items.is_empty());

    let (filter, list) = all();
    let listed = exchange.operator_call_list(&cx(&house.operator.1), filter, list).await;
    let carried = listed.expect("lists").items.remove(0);
    assert_eq!((carried.id, carried.tenant_id), (id, Some(house.tenant.0.0)));
    // The operator learns neither the tenant's people nor the leg on the tenant's side.
    assert_eq!((carried.user_id, carried.in_call_id), (None, None));
    assert_eq!(carried.out_call_id.as_deref(), Some("out@trunk"));
    let filter = CallFilter { user_id: Some(Uuid::from_u128(9)), ..CallFilter::default() };
    let probe = exchange.operator_call_list(&cx(&house.operator.1), filter, list_of(10)).await;
    assert_eq!(probe.expect_err("not shown").field.as_deref(), Some("user_id"));

    let (filter, list) = all();
    let listed = exchange.programme_call_list(&cx(&house.owner), filter, list).await;
    assert_eq!(listed.expect("lists").items.len(), 1);
    let (filter, list) = all();
    let refused = exchange.programme_call_list(&cx(&house.tenant.1), filter, list).await;
    assert_eq!(refused.expect_err("not its face").code, "forbidden");
    let refused = exchange.cdrs_deliver(&cx(&house.tenant.1), Vec::new()).await;
    assert_eq!(refused.expect_err("edges only").code, "forbidden");
    let refused = exchange.call_get(&cx(&house.edge), id).await;
    assert_eq!(refused.expect_err("edges see no calls").code, "forbidden");
});

on_both!(an_operator_hears_of_its_own_leg_only, |db| {
    let house = house(db).await;
    let id = Uuid::from_u128(1);
    house.deliver(&house.call(id, NOON)).await;
    let exchange = &house.exchange;
    // What an edge has of both legs, and of another operator's trunk.
    let packet = |at_us, call_id: &str, peer_name: &str, text: &str| TracedPacket {
        at_us,
        way: Way::Out,
        transport: "udp".into(),
        local: "192.0.2.1:5060".into(),
        peer: "192.0.2.2:5060".into(),
        peer_name: peer_name.into(),
        call_id: call_id.into(),
        length: text.len(),
        text: text.into(),
    };
    let packets = vec![
        packet(1, "in@phone", "Alice", "INVITE sip:+493012345@contoso.example SIP/2.0\r\n\r\n"),
        packet(2, "out@trunk", "a1.alpha.example", "INVITE sip:+493012345@a1 SIP/2.0\r\n\r\n"),
        packet(3, "out@trunk", "b1.beta.example", "INVITE sip:+493012345@b1 SIP/2.0\r\n\r\n"),
        packet(4, "in@phone", "a1.alpha.example", "SIP/2.0 200 OK\r\n\r\n"),
    ];
    let mut questions = exchange.questions();
    let (answering, edge) = (exchange.clone(), cx(&house.edge));
    let answers = tokio::spawn(async move {
        while let Ok(question) = questions.recv().await {
            let answer = EdgeAnswer {
                question: question.id,
                edge: EdgeId(Uuid::from_u128(7)),
                packets: packets.clone(),
            };
            answering.answer_take(&edge, answer).await.expect("taken");
        }
    });
    let which = || WhichCall::Id(id);
    let told = exchange.call_explain(&cx(&house.operator.1), which()).await.expect("explained");
    let messages: Vec<_> = told.messages.iter().map(|m| m.summary.as_str()).collect();
    assert_eq!(messages, ["INVITE sip:+******345"]);
    let one = &told.messages[0];
    assert_eq!((one.peer.as_str(), one.call_id.as_str(), &one.text), ("", "", &None));
    let record = told.record.expect("its record");
    assert_eq!((record.id, record.user_id, record.in_call_id), (id, None, None));
    assert!(told.alarms.is_empty());

    let refused = exchange.call_explain(&cx(&house.other_operator.1), which()).await;
    assert_eq!(refused.expect_err("another's").code, "not_found");
    let by_call_id = WhichCall::CallId("out@trunk".into());
    let refused = exchange.call_explain(&cx(&house.operator.1), by_call_id).await;
    assert_eq!(refused.expect_err("by id only").code, "forbidden");
    let told = exchange.call_explain(&cx(&house.owner), which()).await.expect("explained");
    assert_eq!(told.messages.len(), 4);
    answers.abort();
});

fn list_of(limit: u32) -> ListQuery {
    ListQuery { cursor: None, limit }
}

on_both!(pages_and_filters, |db| {
    let house = house(db).await;
    // Two calls each in the same microsecond: the id decides.
    let mut records = Vec::new();
    for n in 0..7u128 {
        records.extend(house.call(Uuid::from_u128(100 + n), NOON + (n as i64 / 2) * SECOND));
    }
    // The end comes first, and yet the list is by the time of the begin.
    records.reverse();
    house.deliver(&records).await;
    let tenant = cx(&house.tenant.1);
    let (mut cursor, mut ids) = (None, Vec::new());
    loop {
        let list = ListQuery { cursor, limit: 3 };
        let page = house.exchange.call_list(&tenant, CallFilter::default(), list).await;
        let page = page.expect("a page");
        assert!(page.items.len() <= 3);
        ids.extend(page.items.iter().map(|call| call.id.as_u128()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids, [106, 105, 104, 103, 102, 101, 100]);

    let at = |seconds: i64| jiff::Timestamp::from_microsecond(NOON + seconds * SECOND).ok();
    let none = CallFilter::default;
    for (filter, expect) in [
        (CallFilter { from: at(1), ..none() }, 5),
        (CallFilter { to: at(1), ..none() }, 2),
        (CallFilter { from: at(1), to: at(2), ..none() }, 2),
        (CallFilter { kind: Some("outbound".into()), ..none() }, 7),
        (CallFilter { kind: Some("emergency".into()), ..none() }, 0),
        (CallFilter { number: Some("+442079460001".into()), ..none() }, 7),
        (CallFilter { number: Some("+493012345".into()), ..none() }, 7),
        (CallFilter { number: Some("+493012346".into()), ..none() }, 0),
        (CallFilter { user_id: Some(Uuid::from_u128(9)), ..none() }, 7),
        (CallFilter { user_id: Some(Uuid::from_u128(8)), ..none() }, 0),
    ] {
        assert_eq!(house.list(filter.clone()).await.items.len(), expect, "{filter:?}");
    }
    for (field, filter) in [
        ("kind", CallFilter { kind: Some("sideways".into()), ..none() }),
        ("number", CallFilter { number: Some("020".into()), ..none() }),
    ] {
        let refused = house.exchange.call_list(&cx(&house.tenant.1), filter, list_of(3)).await;
        let refused = refused.expect_err(field);
        assert_eq!(
            (refused.code.as_str(), refused.field.as_deref()),
            ("invalid_parameter", Some(field))
        );
    }
});

on_both!(a_record_with_control_characters_is_kept_without_them, |db| {
    let house = house(db).await;
    let id = Uuid::now_v7();
    let mut records = house.call(id, NOON);
    for record in &mut records {
        match &mut record.event {
            CdrEvent::Begin { caller, callee, call_id, .. } => {
                *caller = "+44\u{0}2079460001".into();
                *callee = "\u{0}+493012345".into();
                *call_id = "in\u{0}\u{1b}@phone".into();
            }
            CdrEvent::Answer { call_id, .. } => *call_id = "out@trunk\u{0}".into(),
            CdrEvent::End { reason, .. } => *reason = "nor\u{0}mal".into(),
        }
    }
    // An edge brings its records until they are taken: a refusal would stop all that follow.
    house.deliver(&records).await;
    let call = house.exchange.call_get(&cx(&house.tenant.1), id).await.expect("reads");
    assert_eq!((call.caller.as_str(), call.callee.as_str()), ("+442079460001", "+493012345"));
    assert_eq!(call.in_call_id.as_deref(), Some("in@phone"));
    assert_eq!(call.out_call_id.as_deref(), Some("out@trunk"));
    assert_eq!(call.reason.as_deref(), Some("normal"));
});

on_both!(an_answer_adds_what_the_begin_could_not_know_in_either_order, |db| {
    let house = house(db).await;
    let (bridge, way) = (BridgeId(Uuid::from_u128(60)), house.operator.0);
    for (n, kind, brought, answers, expect) in [
        // A colleague's call left by an operator after nobody had answered it.
        (1, CallKind::Internal, None, Some(way), (Some(way.0), None)),
        // What the begin knows counts, and a gateway's call stays one.
        (2, CallKind::Inbound, Some(way), None, (Some(way.0), Some("conf_in"))),
        (3, CallKind::Inbound, None, None, (None, Some("conf_in"))),
        (4, CallKind::Inbound, None, None, (None, Some("dr_in"))),
        (5, CallKind::Inbound, Some(way), None, (Some(way.0), Some("user_in"))),
    ] {
        let led = expect.1 == Some("conf_in");
        for turned in [false, true] {
            let id = Uuid::from_u128(700 + 2 * n + u128::from(turned));
            let mut records = house.call(id, NOON);
            for record in &mut records {
                match &mut record.event {
                    CdrEvent::Begin { kind: k, operator, .. } => {
                        (*k, *operator) = (Some(kind), brought);
                    }
                    CdrEvent::Answer { bridge: b, operator, .. } => {
                        (*b, *operator) = (led.then_some(bridge), answers);
                    }
                    CdrEvent::End { .. } => {}
                }
            }
            if turned {
                records.reverse();
            }
            house.deliver(&records).await;
            let call = house.seen(id).await;
            assert_eq!((call.operator_id, call.call_type.as_deref()), expect, "{n} {turned}");
            assert_eq!(call.conference_bridge_id, led.then_some(bridge.0), "{n} {turned}");
        }
    }
});
