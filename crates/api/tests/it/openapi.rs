//! The committed specification is the one the handlers make.

use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

fn made() -> Value {
    serde_json::to_value(api::openapi()).expect("the document is JSON")
}

/// Run with `UPDATE_OPENAPI=1` to write `docs/openapi.json` anew.
#[test]
fn the_committed_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = api::openapi().to_pretty_json().expect("the document is JSON") + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &made).expect("docs/ can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("docs/openapi.json is committed");
    assert!(
        committed == made,
        "docs/openapi.json is out of date: run UPDATE_OPENAPI=1 cargo test -p api openapi"
    );
}

#[test]
fn every_operation_is_named_once_and_says_what_may_come() {
    let document = made();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("an id");
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert!(operation["security"].is_array(), "{method} {path} says nothing of security");
            if !path.starts_with("/oauth/") {
                assert!(
                    operation["responses"]["default"]["content"]["application/problem+json"]
                        .is_object(),
                    "{method} {path} does not show its refusals"
                );
            }
            let listed: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let named: BTreeSet<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
            assert_eq!(listed, named, "{method} {path}");
        }
    }
    assert!(names.len() >= 60, "{} operations", names.len());
}
