//! Step 7: the call records of all this, complete, for every kind of reader.

use std::process::Stdio;
use std::time::{Duration, Instant};

use api_types::call::CallRecord;
use api_types::identity::LoginCode;
use serde_json::{Value, json};

use super::Seeded;
use super::calls::Talked;
use super::talk::Expected;
use crate::demo::client::Client;
use crate::demo::report::{Context, Fault, Notes, ensure, poll};
use crate::demo::world::World;

/// Promised: records are there within this time of the last call.
const PROMISE: Duration = Duration::from_secs(2);

pub async fn run(
    world: &World,
    seeded: &Seeded,
    talked: &Talked,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let tenant = &seeded.tenants.contoso;
    let begun = Instant::now();
    let records = poll("all call records are complete", PROMISE, async || {
        let records: Vec<CallRecord> = tenant.api.list("/tenant/v1/calls?limit=1000").await?;
        let all =
            talked.expected.iter().all(|e| records.iter().any(|r| r.id == e.id && r.complete));
        Ok(all.then_some(records))
    })
    .await?;
    notes.set("records_after_ms", begun.elapsed().as_millis() as u64);
    for expected in &talked.expected {
        let twice = records.iter().filter(|r| r.id == expected.id).count();
        ensure!(twice == 1, "{}: {twice} records", expected.name);
        for record in records.iter().filter(|r| r.id == expected.id) {
            compare(record, expected).context(&expected.name)?;
            notes.push("records", summary(record));
        }
    }
    let foreign: Vec<CallRecord> = seeded.tenants.fabrikam.api.list("/tenant/v1/calls").await?;
    ensure!(foreign.is_empty(), "another tenant sees {} of these calls", foreign.len());

    let ids: Vec<String> = talked.expected.iter().map(|e| e.id.to_string()).collect();
    let begun = Instant::now();
    let shown = by_command_line(world, tenant.api.token()).await.context("the command line")?;
    ensure!(ids.iter().all(|id| shown.contains(id)), "the command line does not show every call");
    notes.set("command_line_ms", begun.elapsed().as_millis() as u64);

    let begun = Instant::now();
    let path = format!("/programme/v1/clients/{}/login-codes", tenant.credentials.client_id);
    let code: LoginCode = world.owner.post_empty(&path).await?;
    let browser = Client::browse(&world.base, &code.code).await.context("signing in")?;
    let (kind, page) = browser.page("/calls").await?;
    ensure!(
        kind.starts_with("text/html") && page.contains("<html"),
        "the page for call records is served as {kind}"
    );
    let data =
        browser.data("/tenant/v1/calls?limit=1000").await.context("the page's data")?.to_string();
    ensure!(ids.iter().all(|id| data.contains(id)), "the page does not show every call");
    notes.set("page_ms", begun.elapsed().as_millis() as u64);
    Ok(())
}

fn compare(record: &CallRecord, expected: &Expected) -> Result<(), Fault> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    for (what, found, wanted) in [
        ("kind", text(&record.kind), expected.kind),
        ("number", text(&record.number), expected.number.as_str()),
        ("caller", record.caller.clone(), expected.caller.as_str()),
        ("callee", record.callee.clone(), expected.callee.as_str()),
        ("reason", text(&record.reason), "normal"),
        ("hung_up_by", text(&record.hung_up_by), expected.hung_up_by),
        ("in_call_id", text(&record.in_call_id), expected.call_id.as_str()),
    ] {
        ensure!(found == wanted, "{what} is `{found}`, not `{wanted}`");
    }
    for (what, found, wanted) in [
        ("operator_id", record.operator_id, Some(expected.operator)),
        ("trunk_id", record.trunk_id, Some(expected.trunk)),
        ("user_id", record.user_id, expected.user),
        ("queue_id", record.queue_id, expected.queue),
    ] {
        ensure!(found == wanted, "{what} is {found:?}, not {wanted:?}");
    }
    ensure!(record.sip_code == Some(200), "the SIP result is {:?}", record.sip_code);
    ensure!(
        record.out_call_id.as_ref().is_some_and(|id| *id != expected.call_id),
        "the answering leg's Call-ID is {:?}",
        record.out_call_id
    );
    let times = (record.started_at, record.answered_at, record.ended_at);
    let (Some(started), Some(answered), Some(ended)) = times else {
        return Err(Fault(format!("times are missing: {times:?}")));
    };
    ensure!(started <= answered && answered <= ended, "times are out of order: {times:?}");
    ensure!(record.duration_ms.is_some_and(|ms| ms > 0), "no connected time");
    let tried: Vec<_> = record.attempts.iter().map(|a| a.trunk_id).collect();
    if expected.kind != "inbound" {
        let mut wanted = expected.tried_before.clone();
        wanted.push(expected.trunk);
        ensure!(tried == wanted, "trunks tried: {tried:?}, not {wanted:?}");
    }
    for (attempt, _) in record.attempts.iter().zip(&expected.tried_before) {
        ensure!(attempt.sip_code == 0, "the silent trunk answered {}", attempt.sip_code);
    }
    Ok(())
}

fn summary(record: &CallRecord) -> Value {
    json!({
        "id": record.id, "kind": record.kind, "number": record.number,
        "caller": record.caller, "callee": record.callee, "operator": record.operator_name,
        "trunk": record.trunk, "user": record.user_name, "queue": record.queue_name,
        "started_at": record.started_at, "answered_at": record.answered_at,
        "ended_at": record.ended_at, "sip_code": record.sip_code,
        "hung_up_by": record.hung_up_by, "attempts": record.attempts,
    })
}

/// This very program, as a tenant's admin runs it.
async fn by_command_line(world: &World, token: &str) -> Result<String, Fault> {
    let failed = |what: &str, error: &dyn std::fmt::Display| Fault(format!("{what}: {error}"));
    let program = std::env::current_exe().map_err(|e| failed("no path to this program", &e))?;
    let output = tokio::process::Command::new(program)
        .args(["call", "list", "--json", "--limit", "1000"])
        .env("MEETPOINT_URL", &world.base)
        .env("MEETPOINT_TOKEN", token)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| failed("it does not start", &e))?;
    ensure!(
        output.status.success(),
        "`meetpoint call list --json` ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str::<Value>(&text).map_err(|e| failed("its output is not JSON", &e))?;
    Ok(text)
}
