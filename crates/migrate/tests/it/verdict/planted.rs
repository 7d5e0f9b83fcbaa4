//! Made-up tenants as export files: every planted fault is found, and nobody else is blocked.

use figment::{InMemory, Key, Size, make};
use jiff::civil::date;
use migrate::assess::{Assessment, Settings, assess, severity_word};
use migrate::inventory::{Builder, CallFile, Calls, Settings as Told};
use migrate::model::{FileId, Inventory, RemarkKind, Severity};

use crate::support::{inventory, taken};

/// Tenants tried; `SEEDS=200` tries as many as the long runs do.
#[allow(clippy::disallowed_methods, reason = "a test may be told how long to run")]
fn seeds() -> std::ops::RangeInclusive<u64> {
    let most = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    1..=most
}

fn tenant(seed: u64, faulty: bool) -> (Inventory, Assessment, Key) {
    let mut files = InMemory::default();
    let key = make(seed, &Size::SMALL, faulty, &mut files).expect("memory takes everything");
    let files = files.0.iter().map(|(name, bytes)| taken(name, bytes));
    let inventory = inventory(files);
    let assessment =
        assess(&inventory, &Settings::default(), date(2026, 3, 9)).expect("default settings");
    (inventory, assessment, key)
}

#[test]
fn every_planted_fault_is_found_and_nobody_blameless_is_blocked() {
    for seed in seeds() {
        let (_, assessment, key) = tenant(seed, true);
        assert!(key.planted.len() >= 20, "seed {seed}: {}", key.planted.len());
        for planted in &key.planted {
            let hit = assessment
                .findings
                .iter()
                .find(|f| f.code == planted.code && f.subject == planted.subject);
            let severity = hit.map(|finding| severity_word(finding.severity));
            assert_eq!(severity, Some(planted.severity), "seed {seed}: {planted:?}");
        }
        let blamed: Vec<_> = assessment
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Block && !key.touched.contains(&f.subject))
            .collect();
        assert!(blamed.is_empty(), "seed {seed}: {blamed:#?}");
    }
}

#[test]
fn a_made_up_tenant_without_faults_is_read_whole_and_blocked_nowhere() {
    let (inventory, assessment, key) = tenant(7, false);
    assert!(key.planted.is_empty());
    let rejected: Vec<_> =
        inventory.remarks.iter().filter(|r| r.kind == RemarkKind::Rejected).collect();
    assert!(rejected.is_empty(), "{rejected:#?}");
    assert_eq!(inventory.users.len(), Size::SMALL.users);
    assert_eq!(inventory.calls.records.len(), Size::SMALL.calls);
    // Left are what only the project can tell: tests, owners, operators.
    let blocks: Vec<_> =
        assessment.findings.iter().filter(|f| f.severity == Severity::Block).collect();
    assert!(blocks.is_empty(), "{blocks:#?}");
}

/// Calls that a second thread reads come out as if there were only one.
#[test]
fn calls_may_be_read_beside_everything_else() {
    let mut exports = InMemory::default();
    make(3, &Size::SMALL, true, &mut exports).expect("memory takes everything");
    let mut files: Vec<_> = exports.0.iter().map(|(name, bytes)| taken(name, bytes)).collect();
    // The same calls again, and one that nobody can place: both are told where they stand.
    let again = files.iter().find(|(file, ..)| file.source.name.starts_with("PSTN")).cloned();
    let odd = "UsageId,UPN,Call Type,Start Time,Duration Seconds\nx,a@x.com,user_out,tomorrow,1\n";
    files.insert(2, taken("odd.csv", odd));
    files.extend(again);

    let mut builder = Builder::new(Told::default());
    let mut calls = Calls::new(&Told::default());
    for (at, (file, remarks, rows)) in files.iter().cloned().enumerate() {
        let of_calls = CallFile::of(FileId(u32::try_from(at).expect("few files")), &file);
        let id = builder.file(file, remarks);
        for rows in &rows {
            match &of_calls {
                Some(file) => calls.rows(file, rows),
                None => builder.rows(id, rows),
            }
        }
    }
    builder.take_over(calls);
    let beside = builder.finish();
    for code in ["duplicate_call", "no_start"] {
        assert!(beside.remarks.iter().any(|remark| remark.code == code), "{code}");
    }
    assert_eq!(beside.calls.records.len(), Size::SMALL.calls);
    assert!(beside.remarks.is_sorted_by_key(|remark| remark.at.file.0), "in the files' order");
    assert!(beside == inventory(files), "the remarks or the calls differ");
}
