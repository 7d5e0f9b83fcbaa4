//! `docs/access.csv`, held against the OpenAPI document: each operation has its row.

use reqwest::Method;
use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../../../../../docs/access.csv");

/// A row of the table with what the document says of the operation.
pub struct Operation {
    pub name: String,
    pub method: Method,
    pub path: String,
    pub tag: String,
    pub object: String,
    /// By role, `nobody` among them.
    pub cells: Vec<(String, Vec<Option<u16>>)>,
}

impl Operation {
    pub fn reads(&self) -> bool {
        self.method == Method::GET || self.name == "explain_call"
    }
}

pub fn table() -> Vec<Operation> {
    let document = serde_json::to_value(api::openapi()).expect("the document is JSON");
    let mut known = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("an id").to_owned();
            let tag = operation["tags"][0].as_str().expect("a tag").to_owned();
            let method: Method = method.to_uppercase().parse().expect("a method");
            known.insert(name, (method, path.clone(), tag));
        }
    }
    let mut lines = csv::Reader::from_reader(TABLE.as_bytes());
    let roles: Vec<String> =
        lines.headers().expect("a head").iter().skip(2).map(str::to_owned).collect();
    let named: BTreeSet<&str> = exchange::Role::NAMES.into_iter().chain(["nobody"]).collect();
    assert_eq!(roles.iter().map(String::as_str).collect::<BTreeSet<_>>(), named);
    let mut rows = Vec::new();
    for line in lines.records() {
        let line = line.expect("a row");
        let (method, path, tag) = known
            .remove(&line[0])
            .unwrap_or_else(|| panic!("{} is listed twice, or no operation", &line[0]));
        let cells = roles.iter().zip(line.iter().skip(2)).map(|(role, cell)| {
            let statuses = cell.split(' ').map(|status| status.parse().ok()).collect();
            (role.clone(), statuses)
        });
        rows.push(Operation {
            name: line[0].to_owned(),
            method,
            path,
            tag,
            object: line[1].to_owned(),
            cells: cells.collect(),
        });
    }
    let missing: Vec<&String> = known.keys().collect();
    assert!(missing.is_empty(), "docs/access.csv has no row for {missing:?}: who may do it?");
    rows
}
