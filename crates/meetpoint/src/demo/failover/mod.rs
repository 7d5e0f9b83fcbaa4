//! The story `failover`: two edges carry a steady load of calls; one of them is
//! killed and comes back, then the control plane and its database are. No
//! established call may be lost, and no record of one.

mod children;
mod seed;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use api_types::Page;
use api_types::call::CallRecord;
use softphone::load::{CallReport, Load, LoadConfig, Tally};

use self::children::{EdgePlan, Process, control_plane};
use self::seed::Owner;
use super::cast::OUTSIDER;
use super::report::{Fault, Notes, Report, ensure, poll};

/// How much the story asks of the edges.
#[derive(Clone, Debug)]
pub struct FailoverPlan {
    /// Calls begun each second.
    pub per_second: f64,
    /// Seconds of load in each of its five parts.
    pub part: Duration,
    /// The database of the control plane; a file of its own where none is named.
    pub database_url: Option<String>,
}

/// Phones at each edge.
const PHONES: usize = 10;
/// How long a call is held.
const HOLD: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(6));
const SOON: Duration = Duration::from_secs(15);

/// What was counted, for the report's top level.
#[derive(Clone, Copy, Debug, Default)]
struct Verdict {
    established: u64,
    lost: u64,
    cdrs_lost: u64,
    cdrs_doubled: u64,
    cdrs_wrong: u64,
}

struct Fleet {
    folder: tempfile::TempDir,
    database: String,
    listen: SocketAddr,
    owner: Owner,
    plane: Option<Process>,
    plans: Vec<EdgePlan>,
    edges: Vec<Option<Process>>,
    load: Load,
}

/// Tells the story.
pub async fn run(plan: &FailoverPlan) -> Report {
    let mut report = Report::new("failover");
    let mut verdict = Verdict::default();
    let fleet = report.step("fleet", async |notes| begin(plan, notes).await).await;
    let Some(mut fleet) = fleet else { return finish(report, verdict) };
    report
        .step("load", async |notes| {
            fleet.load.place_calls(true);
            pass(&fleet, plan.part, notes).await
        })
        .await;
    report
        .step("edge killed", async |notes| {
            if let Some(edge) = fleet.edges[0].take() {
                edge.kill();
            }
            pass(&fleet, plan.part, notes).await
        })
        .await;
    report
        .step("edge back", async |notes| {
            fleet.edges[0] = Some(fleet.plans[0].start()?);
            pass(&fleet, plan.part, notes).await
        })
        .await;
    report
        .step("control plane killed", async |notes| {
            if let Some(plane) = fleet.plane.take() {
                plane.kill();
            }
            pass(&fleet, plan.part, notes).await
        })
        .await;
    report
        .step("control plane back", async |notes| {
            let plane = control_plane(fleet.folder.path(), &fleet.database, fleet.listen)?;
            plane.told("API and page:")?;
            fleet.plane = Some(plane);
            pass(&fleet, plan.part, notes).await
        })
        .await;
    let calls = report
        .step("hang up", async |notes| {
            // A request that met a dead edge is repeated for 32 s (RFC 3261 17.1.2.2).
            let ended = tokio::task::block_in_place(|| fleet.load.finish(SOON + HOLD.1));
            note(&fleet.load.tally(), notes);
            let (tally, calls) = ended?;
            note(&tally, notes);
            verdict.established = tally.established;
            verdict.lost = tally.lost;
            for call in calls.iter().filter(|call| !call.survived()).take(10) {
                notes.push("lost", format!("{call:?}").into());
            }
            ensure!(tally.lost == 0, "{} of {} calls were lost", tally.lost, tally.established);
            ensure!(tally.established > 0, "no call was established");
            Ok(calls)
        })
        .await;
    if let Some(calls) = calls {
        report
            .step("records", async |notes| records(&fleet.owner, &calls, &mut verdict, notes).await)
            .await;
    }
    finish(report, verdict)
}

fn finish(mut report: Report, verdict: Verdict) -> Report {
    report.fact("calls_established", verdict.established);
    report.fact("calls_lost", verdict.lost);
    report.fact("cdrs_lost", verdict.cdrs_lost);
    report.fact("cdrs_doubled", verdict.cdrs_doubled);
    report
}

fn note(tally: &Tally, notes: &mut Notes) {
    for (name, count) in [
        ("placed", tally.placed),
        ("established", tally.established),
        ("never_established", tally.never),
        ("reinvited", tally.reinvited),
        ("hung_up", tally.hung_up),
        ("calls_lost", tally.lost),
        ("open", tally.open),
    ] {
        notes.set(name, count);
    }
    let refused: serde_json::Map<String, serde_json::Value> =
        tally.refused.iter().map(|(code, n)| (code.to_string(), (*n).into())).collect();
    notes.set("refused", refused);
}

/// Lets the load go on for a while, and sees to it that it does: calls are
/// established in every part of the story.
async fn pass(fleet: &Fleet, part: Duration, notes: &mut Notes) -> Result<(), Fault> {
    let begun = Instant::now();
    let before = fleet.load.tally().established;
    tokio::task::block_in_place(|| fleet.load.established(before + 1, SOON))?;
    tokio::time::sleep(part.saturating_sub(begun.elapsed())).await;
    note(&fleet.load.tally(), notes);
    Ok(())
}

/// Two loopback addresses whose port 5060 is free: where the port is the usual
/// one, a Contact names none, and whoever holds the address can answer.
fn address_plan() -> Result<Vec<SocketAddr>, Fault> {
    let free = |ip: Ipv4Addr| {
        let address = SocketAddr::new(IpAddr::V4(ip), 5060);
        (UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()).then_some(address)
    };
    let start = std::process::id() as u8;
    for n in 0..=255u8 {
        let ip = |last| Ipv4Addr::new(127, 77, start.wrapping_add(n), last);
        if let (Some(a), Some(b)) = (free(ip(1)), free(ip(2))) {
            return Ok(vec![a, b]);
        }
    }
    Err(Fault("no loopback addresses with a free port 5060 (this story needs Linux)".to_owned()))
}

fn free_port() -> Result<SocketAddr, Fault> {
    let free = softphone::free_address(Ipv4Addr::LOCALHOST);
    free.map_err(|error| Fault(format!("no free port: {error}")))
}

async fn begin(plan: &FailoverPlan, notes: &mut Notes) -> Result<Fleet, Fault> {
    let folder = tempfile::Builder::new()
        .prefix("meetpoint-failover-")
        .tempdir()
        .map_err(|error| Fault(format!("no temporary folder: {error}")))?;
    let file = |name: &str| folder.path().join(name);
    let database = plan
        .database_url
        .clone()
        .unwrap_or_else(|| format!("sqlite://{}", file("meetpoint.db").display()));
    let listen = free_port()?;
    let plane = control_plane(folder.path(), &database, listen)?;
    let (id, secret) = (plane.told("client id:")?, plane.told("client secret:")?);
    let url = plane.told("API and page:")?;
    let base = url.trim_end_matches('/').to_owned();
    let owner = Owner::sign_in(&base, &id, &secret).await?;

    let addresses = address_plan()?;
    let trunk_ip = match addresses[0].ip() {
        IpAddr::V4(ip) => Ipv4Addr::from(u32::from(ip) + 9),
        IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
    };
    let trunk = UdpSocket::bind((trunk_ip, 0))
        .and_then(|socket| socket.local_addr())
        .map_err(|error| Fault(format!("no address for the trunk: {error}")))?;
    let registrars: Vec<SocketAddr> =
        (0..2 * PHONES).map(|n| addresses[n % addresses.len()]).collect();
    let lines = owner.seed(trunk, &registrars).await?;
    let links = vec![free_port()?, free_port()?];
    let mut plans = Vec::new();
    for home in 0..addresses.len() {
        let client = owner.credentials("edge", serde_json::json!({})).await?;
        plans.push(EdgePlan {
            folder: file(&format!("edge-{home}")),
            url: base.clone(),
            client,
            addresses: addresses.clone(),
            home,
            links: links.clone(),
        });
    }
    let edges: Result<Vec<_>, Fault> = plans.iter().map(|plan| plan.start().map(Some)).collect();
    let load = Load::start(LoadConfig {
        trunk,
        phones: trunk.ip(),
        exchange: addresses.clone(),
        caller: OUTSIDER.to_owned(),
        lines,
        per_second: plan.per_second,
        hold: HOLD,
    })?;
    let fleet =
        Fleet { folder, database, listen, owner, plane: Some(plane), plans, edges: edges?, load };
    // An edge learns of the phones by its feed, a moment after its start.
    let deadline = Instant::now() + SOON;
    while let Err(error) = tokio::task::block_in_place(|| fleet.load.register(SOON)) {
        ensure!(Instant::now() < deadline, "the phones cannot register: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    notes.set("edges", addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>());
    notes.set("phones", (2 * PHONES) as u64);
    notes.set("calls_per_second", plan.per_second);
    Ok(fleet)
}

/// Waits for the records of all established calls, and compares each with what
/// its two ends know.
async fn records(
    owner: &Owner,
    calls: &[CallReport],
    verdict: &mut Verdict,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let begun = Instant::now();
    let mut found = HashMap::new();
    let all = poll("the records of all established calls", Duration::from_secs(20), async || {
        found = by_call_id(owner).await?;
        let missing = calls.iter().filter(|call| !has_complete(&found, call)).count();
        Ok((missing == 0).then_some(()))
    })
    .await;
    let mut wrong = Vec::new();
    for call in calls {
        let records = found.get(&call.call_id).map_or(&[][..], Vec::as_slice);
        verdict.cdrs_lost += u64::from(!has_complete(&found, call));
        // An INVITE that the dead edge had begun with, repeated at the other one, leaves a
        // second record that was never answered: nobody is billed twice.
        let answered = records.iter().filter(|r| r.answered_at.is_some()).count();
        verdict.cdrs_doubled += answered.saturating_sub(1) as u64;
        for record in records.iter().filter(|r| r.complete && r.id.to_string() == call.id) {
            let by = if call.hung_up_by_caller { "caller" } else { "callee" };
            let right = record.sip_code == Some(200)
                && record.hung_up_by.as_deref() == Some(by)
                && record.answered_at.is_some()
                && record.ended_at >= record.answered_at;
            if !right {
                verdict.cdrs_wrong += 1;
                wrong.push(record);
            }
        }
    }
    notes.set("waited_ms", begun.elapsed().as_millis() as u64);
    notes.set("calls", calls.len() as u64);
    notes.set("records", found.values().map(Vec::len).sum::<usize>() as u64);
    notes.set("cdrs_wrong", verdict.cdrs_wrong);
    ensure!(
        wrong.is_empty(),
        "{} records are not what happened, such as {:?}",
        wrong.len(),
        wrong[0]
    );
    all?;
    ensure!(verdict.cdrs_lost == 0, "{} records are missing", verdict.cdrs_lost);
    ensure!(verdict.cdrs_doubled == 0, "{} calls have two records", verdict.cdrs_doubled);
    Ok(())
}

fn has_complete(found: &HashMap<String, Vec<CallRecord>>, call: &CallReport) -> bool {
    found
        .get(&call.call_id)
        .is_some_and(|records| records.iter().any(|r| r.complete && r.id.to_string() == call.id))
}

/// Every record there is, by the caller's SIP Call-ID.
async fn by_call_id(owner: &Owner) -> Result<HashMap<String, Vec<CallRecord>>, Fault> {
    let mut found: HashMap<String, Vec<CallRecord>> = HashMap::new();
    let mut path = "/programme/v1/calls?limit=1000".to_owned();
    loop {
        let page: Page<CallRecord> = owner.client.get(&path).await?;
        for record in page.items {
            found.entry(record.in_call_id.clone().unwrap_or_default()).or_default().push(record);
        }
        let Some(cursor) = page.next_cursor else { return Ok(found) };
        path = format!("/programme/v1/calls?limit=1000&cursor={cursor}");
    }
}
