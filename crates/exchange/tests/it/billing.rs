//! What operators say of how long calls lasted, and files of call records.

use crate::house::*;
use api_types::billing::{CallDurationsPush, CallDurationsResult, CallExportCreate};
use api_types::call::CallRecord;
use domain::routing::CallKind;
use domain::{CdrId, EdgeId, OperatorId, TenantId, TrunkId};
use exchange::{Actor, ListQuery};
use feed::cdr::{CdrEvent, CdrRecord, HungUpBy};
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

/// 2026-01-01 12:00:00 UTC.
const NOON: i64 = 1_767_268_800_000_000;
const SECOND: i64 = 1_000_000;

struct Books {
    town: Town,
    edge: Actor,
    trunk: TrunkId,
}

async fn books(db: &testkit::Database) -> Books {
    let town = town(db).await;
    let edge = town.exchange.client_create(&cx(&town.owner), client("edge")).await;
    let edge = sign_in(&town.exchange, &edge.expect("a client")).await;
    let all = ListQuery::default();
    let trunks = town.exchange.trunk_list(&cx(&town.owner), town.alpha.id, all).await;
    let trunk = TrunkId(trunks.expect("trunks").items[0].id);
    Books { town, edge, trunk }
}

impl Books {
    /// A call out over Alpha, answered after two seconds, hung up after `seconds` more.
    async fn call(&self, n: u128, at: i64, seconds: i64) -> Uuid {
        let id = Uuid::from_u128(0x1000 + n);
        let record = |event| CdrRecord { id: CdrId(id), edge: EdgeId(Uuid::from_u128(7)), event };
        let records = vec![
            record(CdrEvent::Begin {
                at_us: at,
                kind: Some(CallKind::Outbound),
                tenant: Some(TenantId(self.town.contoso.id)),
                number: Some("+442079460001".parse().expect("a number")),
                operator: Some(OperatorId(self.town.alpha.id)),
                caller: "+442079460001".into(),
                callee: "+493012345".into(),
                caller_user: None,
                callee_user: None,
                queue: None,
                in_trunk: None,
                bridge: None,
                call_id: format!("in{n}@phone"),
            }),
            record(CdrEvent::Answer {
                at_us: at + 2 * SECOND,
                user: None,
                out_trunk: Some(self.trunk),
                call_id: format!("out{n}@trunk"),
                forwarded: None,
                bridge: None,
                operator: None,
            }),
            record(CdrEvent::End {
                at_us: at + (2 + seconds) * SECOND,
                answered_at_us: Some(at + 2 * SECOND),
                sip_code: 200,
                reason: "normal".into(),
                hung_up_by: HungUpBy::Callee,
                attempts: vec![],
            }),
        ];
        let taken = self.town.exchange.cdrs_deliver(&cx(&self.edge), records).await;
        assert_eq!(taken.expect("merges"), 3);
        id
    }

    async fn push(&self, carrier: &Carrier, entries: Value) -> CallDurationsResult {
        let push: CallDurationsPush =
            serde_json::from_value(json!({ "entries": entries })).expect("a push");
        let cx = cx(&carrier.actor);
        self.town.exchange.call_durations_push(&cx, push).await.expect("it is read")
    }

    async fn seen(&self, id: Uuid) -> CallRecord {
        let cx = cx(&self.town.contoso.actor);
        self.town.exchange.call_get(&cx, id).await.expect("the tenant's call")
    }
}

/// What became of each entry: its status, or its error's code.
fn outcome(result: &CallDurationsResult) -> Vec<&str> {
    let code =
        |r: &api_types::billing::CallDurationResult| r.error.as_ref().map(|e| e.code.clone());
    result
        .results
        .iter()
        .map(|r| match code(r).as_deref() {
            Some("no_leg") => "no_leg",
            Some("many_legs") => "many_legs",
            Some("invalid_field") => "invalid_field",
            Some(_) => "another error",
            None if r.status == "unchanged" => "unchanged",
            None => "recorded",
        })
        .collect()
}

on_both!(a_duration_finds_its_one_leg, |db| {
    let books = books(db).await;
    let first = books.call(1, NOON, 61).await;
    let second = books.call(2, NOON + 100 * SECOND, 30).await;
    let third = books.call(3, NOON + 104 * SECOND, 30).await;
    let alpha = &books.town.alpha;
    let at = |seconds: i64| {
        let at = jiff::Timestamp::from_microsecond(NOON + seconds * SECOND);
        at.expect("a time").to_string()
    };
    let parties = |seconds: i64| {
        json!({ "caller": "+442079460001", "callee": "+493012345", "answered_at": at(seconds),
            "billed_ms": 120_000 })
    };
    let result = books
        .push(
            alpha,
            json!([
                { "call_id": first, "connected_ms": 60_500, "billed_ms": 120_000, "reference": "A1" },
                { "sip_call_id": "out2@trunk", "connected_ms": 30_000 },
                // The tenant's leg is none of the operator's.
                { "sip_call_id": "in2@phone", "connected_ms": 1 },
                { "sip_call_id": "nobody@nowhere", "connected_ms": 1 },
                { "call_id": Uuid::nil(), "connected_ms": 1 },
                // Answered at 102 s and at 106 s: between them, both fit.
                parties(104),
                parties(98),
                parties(96),
                { "call_id": first, "connected_ms": -1 },
                { "call_id": first },
                { "call_id": first, "sip_call_id": "out1@trunk", "connected_ms": 1 },
                { "connected_ms": 1 },
            ]),
        )
        .await;
    assert_eq!(
        outcome(&result),
        [
            "recorded",
            "recorded",
            "no_leg",
            "no_leg",
            "no_leg",
            "many_legs",
            "recorded",
            "no_leg",
            "invalid_field",
            "invalid_field",
            "invalid_field",
            "invalid_field",
        ]
    );
    assert_eq!((result.total, result.succeeded, result.failed), (12, 3, 9));
    assert_eq!(result.results[6].call_id, Some(second));
    assert_eq!(result.results[6].matched_by.as_deref(), Some("parties"));
    let errors = result.results.iter().filter_map(|r| r.error.as_ref());
    assert!(errors.clone().all(|e| e.field.is_some() && !e.remedy.is_empty()));

    // What was measured stays; what the operator says stands beside it, its source named.
    let call = books.seen(first).await;
    assert_eq!(call.duration_ms, Some(61_000));
    assert_eq!(
        (call.operator_connected_ms, call.operator_billed_ms),
        (Some(60_500), Some(120_000))
    );
    assert_eq!(call.duration_source.as_deref(), Some("operator"));
    let untold = books.seen(third).await;
    assert_eq!((untold.duration_ms, untold.operator_connected_ms), (Some(30_000), None));
    assert_eq!(untold.duration_source.as_deref(), Some("meetpoint"));

    // Another operator has no leg in it.
    let other =
        books.push(&books.town.beta, json!([{ "call_id": first, "connected_ms": 1 }])).await;
    assert_eq!(outcome(&other), ["no_leg"]);

    // The same again changes nothing; something else goes before it.
    let again = json!([{ "call_id": first, "connected_ms": 60_500, "billed_ms": 120_000,
        "reference": "A1" }]);
    assert_eq!(outcome(&books.push(alpha, again).await), ["unchanged"]);
    let amended = json!([{ "call_id": first, "connected_ms": 60_600, "billed_ms": 60_000 }]);
    assert_eq!(outcome(&books.push(alpha, amended).await), ["recorded"]);
    let call = books.seen(first).await;
    assert_eq!((call.operator_connected_ms, call.operator_billed_ms), (Some(60_600), Some(60_000)));
    assert_eq!(call.duration_ms, Some(61_000));

    // All of it beside what was measured: the second call was last said to be billed only.
    let time =
        |seconds| jiff::Timestamp::from_microsecond(NOON + seconds * SECOND).expect("a time");
    let cx = cx(&alpha.actor);
    let found = books.town.exchange.call_reconciliation(&cx, time(0), time(1000)).await;
    let found = found.expect("counts");
    assert_eq!((found.answered, found.pushed, found.missing, found.differing), (3, 2, 1, 0));
    assert_eq!((found.connected_ms, found.operator_connected_ms), (121_000, 60_600));
    assert_eq!(found.operator_billed_ms, 180_000);
    books.push(alpha, json!([{ "call_id": third, "connected_ms": 28_000 }])).await;
    let found = books.town.exchange.call_reconciliation(&cx, time(0), time(1000)).await;
    assert_eq!(found.expect("counts").differing, 1);
    let refused = books.town.exchange.call_reconciliation(&cx, time(1), time(1)).await;
    assert_eq!(refused.expect_err("no time").field.as_deref(), Some("from"));
});

on_both!(what_was_pushed_or_handed_out_never_changes, |db| {
    let books = books(db).await;
    let call = books.call(1, NOON, 61).await;
    books.push(&books.town.alpha, json!([{ "call_id": call, "connected_ms": 1 }])).await;
    let asked = |from: &str, to: &str, format: &str| -> CallExportCreate {
        serde_json::from_value(json!({ "from": from, "to": to, "format": format })).expect("asked")
    };
    let (exchange, cx) = (&books.town.exchange, cx(&books.town.contoso.actor));
    for (from, to, format, field) in [
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "xlsx", "/format"),
        ("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "csv", "/from"),
        ("2026-01-02T00:00:00Z", "9000-01-02T00:00:00Z", "csv", "/to"),
    ] {
        let refused = exchange.call_export_begin(&cx, asked(from, to, format));
        assert_eq!(refused.expect_err(field).field.as_deref(), Some(field));
    }
    let whole = asked("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "csv");
    let mut job = exchange.call_export_begin(&cx, whole).expect("begins");
    let calls = exchange.call_export_rows(&cx, &mut job).await.expect("reads");
    assert_eq!(calls.len(), 1);
    assert!(exchange.call_export_rows(&cx, &mut job).await.expect("reads").is_empty());
    let gone = exchange.call_export_get(&cx, job.id).await;
    assert_eq!(gone.expect_err("it is not whole yet").code, "not_found");
    let record = exchange.call_export_end(&cx, &job, 1, 300, "ab").await.expect("kept");
    assert_eq!((record.rows, record.bytes, record.sha256.as_str()), (1, 300, "ab"));
    let listed = exchange.call_export_list(&cx, ListQuery::default()).await.expect("lists");
    assert_eq!(listed.items.len(), 1);
    // Nobody else's.
    let other = crate::house::cx(&books.town.fabrikam.actor);
    let gone = exchange.call_export_get(&other, job.id).await;
    assert_eq!(gone.expect_err("another's").code, "not_found");

    for change in
        ["UPDATE call_export SET row_count = 2", "UPDATE call_duration SET connected_ms = 2"]
    {
        let refused = refused(db, change).await;
        assert!(refused.contains("does not change"), "{change}: {refused}");
    }
});

/// The database's own words against a statement.
async fn refused(db: &testkit::Database, sql: &'static str) -> String {
    use sqlx::{Connection, Executor};
    let done = if db.name == "sqlite" {
        let mut to = sqlx::SqliteConnection::connect(&db.url).await.expect("connects");
        to.execute(sql).await.map(drop)
    } else {
        let mut to = sqlx::PgConnection::connect(&db.url).await.expect("connects");
        to.execute("SET meetpoint.reach = 'all'").await.expect("all of it");
        to.execute(sql).await.map(drop)
    };
    done.expect_err("it is refused").to_string()
}
