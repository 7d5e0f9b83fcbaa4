//! The corpus goes through the same properties as what a fuzzer thinks up.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_none_or(|e| e != "md"))
        .map(|path| (path.clone(), std::fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    files
}

fn replay(target: &str, property: fuzzed::Property, input: &[u8], from: &Path) {
    if std::panic::catch_unwind(|| property(input)).is_err() {
        panic!("{target} does not hold for {}", from.display());
    }
}

#[test]
fn every_property_holds_for_its_corpus() {
    for (target, property) in fuzzed::TARGETS {
        let corpus = files(&root().join("fuzz/corpus").join(target));
        assert!(!corpus.is_empty(), "{target} has seeds");
        for (path, input) in corpus {
            replay(target, property, &input, &path);
        }
    }
}

#[test]
fn every_property_holds_for_the_torture_messages() {
    for document in ["rfc4475", "rfc5118"] {
        for (path, input) in files(&root().join("crates/sip/tests/corpus").join(document)) {
            for (target, property) in fuzzed::TARGETS {
                replay(target, property, &input, &path);
                let framed = [b"\x07", &input[..], &input].concat();
                replay(target, property, &framed, &path);
            }
        }
    }
}

/// A seed that no longer opens seeds nothing.
#[test]
fn the_sample_snapshot_opens_whole_and_in_sections() {
    let sample = [b"\0", &fuzzed::sample()[..]].concat();
    fuzzed::snapshot(&sample);
    for cut in (0..sample.len()).step_by(7) {
        fuzzed::snapshot(&sample[..cut]);
    }
    for section in 0..11u8 {
        for payload in [&b"[]"[..], b"", b"null", b"[{}]", &[0xff; 64]] {
            fuzzed::snapshot(&[&[1, section, 0, 0], payload].concat());
        }
    }
}
