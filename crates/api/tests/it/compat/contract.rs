//! Holds answers against the contract files: path, method, status, headers and
//! body. Knows the words those files use and stops at any other, so that
//! nothing in them is passed over.

use api_types::compat::ApiVersion;
use regex::Regex;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

static OLDER: LazyLock<Value> =
    LazyLock::new(|| json(include_str!("../../../contracts/acg-provisioning-2023-10-01.json")));
static NEWER: LazyLock<Value> = LazyLock::new(|| {
    json(include_str!("../../../contracts/acg-provisioning-2024-02-29-preview.json"))
});

/// A tenant's operators and consents.
pub static DIRECTORY: LazyLock<Value> = LazyLock::new(|| {
    json(include_str!("../../../contracts/acs-operator-connect-2022-06-01-preview.json"))
});

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a contract file is JSON")
}

pub fn document(version: ApiVersion) -> &'static Value {
    match version {
        ApiVersion::V2023_10_01 => &OLDER,
        ApiVersion::V2024_02_29Preview => &NEWER,
    }
}

/// Operations that answered with a success, as `GET /accounts`.
#[derive(Default)]
pub struct Covered(Mutex<BTreeSet<String>>);

impl Covered {
    /// What of a version was not.
    pub fn missing(&self, version: ApiVersion) -> Vec<String> {
        let covered = self.0.lock().expect("no test panicked with it");
        let mut missing = Vec::new();
        for (path, item) in document(version)["paths"].as_object().expect("paths") {
            for method in item.as_object().expect("operations").keys() {
                let name = format!("{} {method} {path}", version.as_str());
                if !covered.contains(&name) {
                    missing.push(name);
                }
            }
        }
        missing
    }
}

/// The contract's path of a request's, and its operations.
fn operation<'a>(contract: &'a Value, path: &str) -> Option<(&'a String, &'a Value)> {
    contract["paths"].as_object().expect("paths").iter().find(|(template, _)| {
        let pattern: String = template
            .split_inclusive('}')
            .map(|part| match part.split_once('{') {
                Some((text, _)) => format!("{}[^/:]+", regex::escape(text)),
                None => regex::escape(part),
            })
            .collect();
        Regex::new(&format!("^{pattern}$")).expect("a pattern").is_match(path)
    })
}

/// Panics where an answer is not one that the contract describes.
pub fn hold(
    version: ApiVersion,
    method: &Method,
    path: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: Option<&Value>,
    covered: &Covered,
) {
    let at = format!("{} {method} {path}: {status} {body:?}", version.as_str());
    let contract = document(version);
    if status.as_u16() >= 400 {
        let error = body.unwrap_or_else(|| panic!("{at}: a refusal has a body"));
        let name = match version {
            ApiVersion::V2023_10_01 => "ErrorResponse",
            ApiVersion::V2024_02_29Preview => "Azure.Core.Foundations.ErrorResponse",
        };
        validate(contract, &contract["definitions"][name], error, &at);
        let code = headers.get("x-ms-error-code").and_then(|code| code.to_str().ok());
        assert_eq!(code, error["error"]["code"].as_str(), "{at}");
        return;
    }
    let (template, item) =
        operation(contract, path).unwrap_or_else(|| panic!("{at}: no such path"));
    let name = method.as_str().to_lowercase();
    let operation = item.get(&name).unwrap_or_else(|| panic!("{at}: no such operation"));
    if status == StatusCode::NOT_MODIFIED {
        assert!(body.is_none() && headers.contains_key("etag"), "{at}");
        return;
    }
    let response = operation["responses"]
        .get(status.as_str())
        .unwrap_or_else(|| panic!("{at}: an undocumented status"));
    match (response.get("schema"), body) {
        (Some(schema), Some(body)) => validate(contract, schema, body, &at),
        (None, None) => {}
        _ => panic!("{at}: a body where there is none, or none where there is one"),
    }
    for (header, schema) in response["headers"].as_object().into_iter().flatten() {
        match headers.get(header.as_str()).and_then(|value| value.to_str().ok()) {
            Some(text) => {
                let value = match schema["type"].as_str() {
                    Some("integer") => Value::from(text.parse::<i64>().expect("an integer")),
                    _ => Value::from(text),
                };
                validate(contract, schema, &value, &format!("{at} {header}"));
            }
            // The others are there where they were asked for.
            None => assert!(!header.eq_ignore_ascii_case("etag"), "{at}: no {header}"),
        }
    }
    let name = format!("{} {name} {template}", version.as_str());
    covered.0.lock().expect("no test panicked with it").insert(name);
}

/// The same for a tenant's operators and consents; answers with the operation.
pub fn hold_directory(
    method: &Method,
    path: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Value,
) -> String {
    let (contract, at) = (&*DIRECTORY, format!("{method} {path}: {status} {body}"));
    let (template, item) = operation(contract, path).unwrap_or_else(|| panic!("{at}: no path"));
    let name = method.as_str().to_lowercase();
    let responses = &item.get(&name).unwrap_or_else(|| panic!("{at}: no operation"))["responses"];
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let response = if status.as_u16() >= 400 {
        assert_eq!(text("x-ms-error-code"), body["error"]["code"].as_str(), "{at}");
        &responses["default"]
    } else {
        assert!(text("x-ms-request-id").is_some(), "{at}: no x-ms-request-id");
        responses.get(status.as_str()).unwrap_or_else(|| panic!("{at}: an undocumented status"))
    };
    validate(contract, &response["schema"], body, &at);
    format!("{name} {template}")
}

/// A value against a schema. A field that a schema with fields does not name is one too many.
fn validate(contract: &Value, schema: &Value, value: &Value, at: &str) {
    for (word, says) in schema.as_object().expect("a schema is an object") {
        let text = || value.as_str().unwrap_or_else(|| panic!("{at}: no text"));
        let length = |text: &str| text.chars().count() as u64;
        match word.as_str() {
            "$ref" => {
                let name = says.as_str().and_then(|path| path.strip_prefix("#/definitions/"));
                let target = &contract["definitions"][name.expect("a definition")];
                assert!(target.is_object(), "{at}: {says} leads nowhere");
                validate(contract, target, value, at);
            }
            "type" => {
                let fits = match says.as_str().expect("a type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64(),
                    other => panic!("{at}: the type {other} is not known here"),
                };
                assert!(fits, "{at}: {value} is no {says}");
            }
            "properties" => {
                let known = says.as_object().expect("properties");
                for (name, inner) in value.as_object().into_iter().flatten() {
                    let at = format!("{at} /{name}");
                    let schema = known.get(name).unwrap_or_else(|| panic!("{at}: not known"));
                    validate(contract, schema, inner, &at);
                }
            }
            "required" => {
                for name in says.as_array().expect("names") {
                    let name = name.as_str().expect("a name");
                    assert!(value.get(name).is_some(), "{at}: {name} is missing");
                }
            }
            // Fields that are not named are refused above.
            "additionalProperties" => assert_eq!(says, &Value::Bool(false), "{at}"),
            "items" => {
                for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                    validate(contract, says, inner, &format!("{at} /{index}"));
                }
            }
            "maxItems" => {
                let count = value.as_array().map_or(0, Vec::len) as u64;
                assert!(count <= says.as_u64().expect("a count"), "{at}: {count} entries");
            }
            "enum" => {
                assert!(says.as_array().is_some_and(|all| all.contains(value)), "{at}: {value}");
            }
            "minLength" => assert!(length(text()) >= says.as_u64().expect("a length"), "{at}"),
            "maxLength" => assert!(length(text()) <= says.as_u64().expect("a length"), "{at}"),
            "pattern" => {
                let pattern = Regex::new(says.as_str().expect("a pattern")).expect("a pattern");
                assert!(pattern.is_match(text()), "{at}: {value} does not fit {says}");
            }
            "format" => match says.as_str().expect("a format") {
                "int32" => {
                    assert!(value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()), "{at}")
                }
                "int64" => assert!(value.is_i64(), "{at}"),
                "uuid" => assert!(uuid::Uuid::parse_str(text()).is_ok(), "{at}: {value}"),
                "uri" => assert!(reqwest::Url::parse(text()).is_ok(), "{at}: {value}"),
                "date-time" => assert!(text().parse::<jiff::Timestamp>().is_ok(), "{at}: {value}"),
                other => panic!("{at}: the format {other} is not known here"),
            },
            "description" | "title" | "readOnly" | "default" => {}
            word if word.starts_with("x-ms-") => {}
            word => panic!("{at}: the word {word} is not known here"),
        }
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let contract = document(ApiVersion::V2024_02_29Preview);
    let schema = &contract["definitions"]["NumberResource"];
    let good = serde_json::json!({
        "telephoneNumber": "+442079460001", "accountName": "A", "serviceDetails": {},
    });
    validate(contract, schema, &good, "good");
    for (field, value) in [
        ("telephoneNumber", serde_json::json!("02079460001")),
        ("accountName", Value::Null),
        ("accountName", serde_json::json!("a b")),
        ("serviceProvisioningStatus", serde_json::json!("done")),
        ("unheardOf", serde_json::json!(1)),
        ("serviceDetails", serde_json::json!({ "teamsDirectRouting": {} })),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let held = std::panic::catch_unwind(|| validate(contract, schema, &bad, "bad"));
        assert!(held.is_err(), "{bad}");
    }
}
