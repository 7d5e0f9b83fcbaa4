//! `meetpoint demo`.

use std::time::Instant;

use serde_json::Value;

use crate::process::meetpoint;

#[test]
fn the_story_is_told_within_thirty_seconds_and_every_step_is_true() {
    let begun = Instant::now();
    let output =
        meetpoint().args(["demo", "--once", "--json"]).output().expect("the program starts");
    let took = begun.elapsed();
    let talk = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let last = stdout.lines().last().unwrap_or_default();
    let report: Value =
        serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {last}\n{talk}"));
    assert_eq!(report["ok"], true, "{talk}");
    assert!(output.status.success());
    assert_eq!(stdout.lines().count(), 1, "stdout is one line");
    assert!(took.as_secs() < 30, "it took {took:?}");
    let steps = report["steps"].as_array().expect("steps");
    let names: Vec<&str> = steps.iter().filter_map(|step| step["name"].as_str()).collect();
    assert_eq!(
        names,
        ["operators", "consent", "upload", "assignment", "calls", "failover", "records"]
    );
    for (index, step) in steps.iter().enumerate() {
        assert_eq!(step["step"], index + 1);
        assert_eq!(step["ok"], true);
        assert!(step["ms"].is_u64());
    }
    let calls = steps[4]["calls"].as_array().expect("step 5 names its calls");
    for call in calls {
        assert!(call["rtp_heard_by_caller"].as_u64() > Some(0), "{call}");
        assert!(call["rtp_heard_by_callee"].as_u64() > Some(0), "{call}");
    }
}

#[test]
fn stories_are_listed_and_unknown_ones_refused() {
    let output = meetpoint().args(["demo", "--list"]).output().expect("the program starts");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("call "));

    let output = meetpoint()
        .args(["demo", "--once", "--story", "opera"])
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no story `opera`"));
}

/// The fleet's story, told with fewer calls than by default: other tests want
/// the cores as well.
#[test]
fn no_established_call_and_no_record_is_lost_with_an_edge_or_the_control_plane() {
    let report = failover(&["--per-second", "50", "--part-seconds", "2"]);
    assert!(report["calls_established"].as_u64() > Some(100), "{report}");
}

/// Tells the story `failover` and checks what every telling of it must keep.
pub fn failover(arguments: &[&str]) -> Value {
    let output = meetpoint()
        .args(["demo", "--story", "failover", "--once", "--json"])
        .args(arguments)
        .output()
        .expect("the program starts");
    let talk = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
    let last = stdout.lines().last().unwrap_or_default();
    let report: Value =
        serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {last}\n{talk}"));
    assert_eq!(report["ok"], true, "{talk}\n{report:#}");
    assert!(output.status.success());
    for none in ["calls_lost", "cdrs_lost", "cdrs_doubled"] {
        assert_eq!(report[none], 0, "{none}: {report:#}");
    }
    report
}
