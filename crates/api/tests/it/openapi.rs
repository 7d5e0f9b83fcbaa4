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
            let responses = operation["responses"].as_object().expect("responses");
            assert!(!responses.contains_key("default"), "{method} {path} may answer anything");
            let refusal = &responses["429"]["$ref"];
            // SCIM has a shape of its own for them.
            let shape = if path.starts_with("/scim/") { "ScimError" } else { "Refusal" };
            assert_eq!(*refusal, format!("#/components/responses/{shape}"), "{method} {path}");
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

#[test]
fn every_link_leads_to_an_operation_that_takes_what_it_brings() {
    let document = made();
    let operations: Vec<&Value> = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .flat_map(|item| item.as_object().expect("operations").values())
        .collect();
    let mut links = 0;
    for operation in &operations {
        let from = &operation["operationId"];
        let responses = operation["responses"].as_object().expect("responses").values();
        let all = responses.filter_map(|response| response["links"].as_object()).flatten();
        for (name, link) in all {
            let at = format!("{from} to {name}");
            let target = operations
                .iter()
                .find(|target| target["operationId"] == link["operationId"])
                .unwrap_or_else(|| panic!("{at}: no such operation"));
            for parameter in link["parameters"].as_object().into_iter().flatten() {
                let known = target["parameters"].as_array().expect("parameters");
                assert!(
                    known.iter().any(|known| known["name"] == *parameter.0),
                    "{at}: {parameter:?}"
                );
            }
            let content = target["requestBody"]["content"].as_object();
            for (field, _) in link["requestBody"].as_object().into_iter().flatten() {
                let schema = content.and_then(|all| all.values().next()).expect("a body");
                let name = schema["schema"]["$ref"].as_str().expect("a schema of its own");
                let name = name.trim_start_matches("#/components/schemas/");
                let schema = &document["components"]["schemas"][name];
                assert!(schema["properties"][field].is_object(), "{at}: {field}");
            }
            links += 1;
        }
    }
    assert!(links >= 60, "{links} links");
}
