//! PATCH (RFC 7644 section 3.5.2): operations, and what they make of a resource. Read as the RFC has
//! it, and as the identity providers that are met send it: operations' names in any case, values
//! without a path whose keys are paths (Entra), members removed by value without a filter (Entra),
//! an id among what is replaced (Okta).

use crate::filter::{Filter, Operator, is_writable};
use crate::path::PatchPath;
use crate::schema::{Attribute, Kind, Type, tidy_value};
use crate::{MOST_OPERATIONS, PATCH_URN, ScimError};
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    op: Op,
    path: Option<String>,
    value: Option<Value>,
}

fn field<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Reads the body of a PATCH.
///
/// # Errors
/// [`ScimError::InvalidSyntax`] says what is missing, by its place.
pub fn operations(body: &Value) -> Result<Vec<Operation>, ScimError> {
    let wrong = |reason: String| ScimError::InvalidSyntax(reason);
    let body = body.as_object().ok_or_else(|| wrong("the body is a JSON object".to_owned()))?;
    let schemas = field(body, "schemas").and_then(Value::as_array);
    let named = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_URN));
    if !schemas.is_some_and(|all| all.iter().any(named)) {
        return Err(wrong(format!("schemas has {PATCH_URN}")));
    }
    let all = field(body, "Operations").and_then(Value::as_array);
    let all = all.filter(|all| !all.is_empty() && all.len() <= MOST_OPERATIONS);
    let all =
        all.ok_or_else(|| wrong(format!("Operations has 1 to {MOST_OPERATIONS} operations")))?;
    all.iter()
        .enumerate()
        .map(|(at, each)| {
            let each = each
                .as_object()
                .ok_or_else(|| wrong(format!("operation {} is a JSON object", at + 1)))?;
            let op = field(each, "op").and_then(Value::as_str).unwrap_or_default();
            let op = match op.to_ascii_lowercase().as_str() {
                "add" => Op::Add,
                "replace" => Op::Replace,
                "remove" => Op::Remove,
                _ => {
                    let reason = format!("op of operation {} is add, replace or remove", at + 1);
                    return Err(wrong(reason));
                }
            };
            let path = match field(each, "path") {
                None | Some(Value::Null) => None,
                Some(Value::String(path)) => Some(path.clone()),
                Some(_) => {
                    return Err(wrong(format!("path of operation {} is text", at + 1)));
                }
            };
            let value = field(each, "value").cloned();
            if op != Op::Remove && value.is_none() {
                return Err(wrong(format!("operation {} has a value", at + 1)));
            }
            Ok(Operation { op, path, value })
        })
        .collect()
}

/// Does to a resource what the operations say, all or, where one is refused, none: the caller keeps
/// what it had.
///
/// # Errors
/// What of [`ScimError`] the RFC has for it.
pub fn apply(
    kind: &Kind,
    resource: &mut Map<String, Value>,
    operations: &[Operation],
) -> Result<(), ScimError> {
    for Operation { op, path, value } in operations {
        match path {
            Some(text) => {
                if let Some(path) = PatchPath::parse(kind, text)? {
                    one(kind, resource, *op, &path, value.clone(), text)?;
                }
            }
            None if *op == Op::Remove => {
                let reason = "remove has a path: nothing says what is to be removed";
                return Err(ScimError::NoTarget(reason.to_owned()));
            }
            None => {
                let Some(Value::Object(parts)) = value else {
                    let reason = "without a path the value is an object of attributes";
                    return Err(ScimError::InvalidValue(reason.to_owned()));
                };
                whole(kind, resource, *op, parts)?;
            }
        }
    }
    Ok(())
}

/// An operation without a path: each key of its value is one.
fn whole(
    kind: &Kind,
    resource: &mut Map<String, Value>,
    op: Op,
    parts: &Map<String, Value>,
) -> Result<(), ScimError> {
    for (key, value) in parts {
        if let Some((Some(_) | None, _)) = kind.of_urn(key)
            && let Value::Object(inner) = value
        {
            for (name, value) in inner {
                let text = format!("{key}:{name}");
                pathless(kind, resource, op, &text, value)?;
            }
            continue;
        }
        pathless(kind, resource, op, key, value)?;
    }
    Ok(())
}

fn pathless(
    kind: &Kind,
    resource: &mut Map<String, Value>,
    op: Op,
    key: &str,
    value: &Value,
) -> Result<(), ScimError> {
    // What is no path is an attribute that is not kept.
    let Ok(Some(path)) = PatchPath::parse(kind, key) else { return Ok(()) };
    let target = path.sub.or(path.attribute);
    if target.is_some_and(|attribute| !is_writable(attribute)) {
        return Ok(());
    }
    one(kind, resource, op, &path, Some(value.clone()), key)
}

/// The part of a resource that a path is in.
fn part<'r>(resource: &'r mut Map<String, Value>, urn: Option<&str>) -> &'r mut Map<String, Value> {
    let Some(urn) = urn else { return resource };
    let part = resource.entry(urn).or_insert_with(|| json!({}));
    if !part.is_object() {
        *part = json!({});
    }
    match part {
        Value::Object(part) => part,
        // It was made one right above.
        _ => unreachable!("an object"),
    }
}

fn one(
    kind: &Kind,
    resource: &mut Map<String, Value>,
    op: Op,
    path: &PatchPath,
    value: Option<Value>,
    text: &str,
) -> Result<(), ScimError> {
    let Some(attribute) = path.attribute else {
        // An extension as a whole.
        return match (op, value) {
            (Op::Remove, _) => {
                resource.remove(path.urn.unwrap_or_default());
                Ok(())
            }
            (_, Some(Value::Object(parts))) => {
                let of_it = Map::from_iter([(
                    path.urn.unwrap_or_default().to_owned(),
                    Value::Object(parts),
                )]);
                whole(kind, resource, op, &of_it)
            }
            _ => Err(ScimError::InvalidValue(format!("{text} takes an object"))),
        };
    };
    let target = path.sub.unwrap_or(attribute);
    if !is_writable(attribute) || !is_writable(target) {
        return Err(ScimError::Mutability(format!("{text} is not for clients to change")));
    }
    let part = part(resource, path.urn);
    if let Some(filter) = &path.filter {
        return filtered(part, op, attribute, (filter, path.sub), value, text);
    }
    let Some(sub) = path.sub else {
        return plain(part, op, attribute, value);
    };
    // A part of an attribute; of several values, of each.
    if attribute.multi {
        let all = part.get_mut(attribute.name).and_then(Value::as_array_mut);
        let all = all.filter(|all| !all.is_empty());
        let Some(all) = all else {
            let reason = format!("{text} names no value that there is");
            return if op == Op::Remove { Ok(()) } else { Err(ScimError::NoTarget(reason)) };
        };
        for each in all {
            set(each, sub, op, value.as_ref())?;
        }
        return Ok(());
    }
    let entry = part.entry(attribute.name).or_insert_with(|| json!({}));
    set(entry, sub, op, value.as_ref())
}

/// Sets or removes a part of a value.
fn set(
    each: &mut Value,
    sub: &'static Attribute,
    op: Op,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let Some(parts) = each.as_object_mut() else { return Ok(()) };
    let value = match (op, value) {
        (Op::Remove, _) | (_, None) => Value::Null,
        (_, Some(value)) => tidy_value(sub, value.clone())?,
    };
    if value.is_null() {
        parts.remove(sub.name);
    } else {
        parts.insert(sub.name.to_owned(), value);
    }
    Ok(())
}

fn plain(
    part: &mut Map<String, Value>,
    op: Op,
    attribute: &'static Attribute,
    value: Option<Value>,
) -> Result<(), ScimError> {
    let name = attribute.name;
    let value = match value {
        Some(value) => tidy_value(attribute, value)?,
        None => Value::Null,
    };
    match (op, attribute.multi) {
        (Op::Remove, true) if !value.is_null() => {
            // Entra names the values that go, rather than a filter.
            let gone = value.as_array().cloned().unwrap_or_default();
            if let Some(Value::Array(all)) = part.get_mut(name) {
                all.retain(|each| !gone.iter().any(|gone| is_same(each, gone)));
            }
        }
        (Op::Remove, _) => {
            part.remove(name);
        }
        (Op::Add, true) => {
            let all = part.entry(name).or_insert_with(|| json!([]));
            let Value::Array(all) = all else { return Ok(()) };
            for each in value.as_array().into_iter().flatten() {
                add(all, each.clone());
            }
        }
        (Op::Add | Op::Replace, false) if matches!(attribute.kind, Type::Complex(_)) => {
            // The parts that are named; others stay (RFC 7644 section 3.5.2.3).
            let Value::Object(parts) = value else {
                part.remove(name);
                return Ok(());
            };
            let entry = part.entry(name).or_insert_with(|| json!({}));
            if let Some(entry) = entry.as_object_mut() {
                entry.extend(parts);
            }
        }
        _ if value.is_null() => {
            part.remove(name);
        }
        _ => {
            part.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// Two values of a multi-valued attribute are one where their `value` is, or all of them.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a.get("value"), b.get("value")) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// Adds a value that is not there, and makes the others secondary where it is the primary one
/// (RFC 7644 section 3.5.2).
fn add(all: &mut Vec<Value>, value: Value) {
    if all.iter().any(|each| is_same(each, &value) && each.get("type") == value.get("type")) {
        return;
    }
    if value["primary"] == Value::Bool(true) {
        for each in all.iter_mut() {
            if let Some(parts) = each.as_object_mut()
                && parts.contains_key("primary")
            {
                parts.insert("primary".to_owned(), Value::Bool(false));
            }
        }
    }
    all.push(value);
}

/// An operation on the values that a filter picks out.
fn filtered(
    part: &mut Map<String, Value>,
    op: Op,
    attribute: &'static Attribute,
    (filter, sub): (&Filter, Option<&'static Attribute>),
    value: Option<Value>,
    text: &str,
) -> Result<(), ScimError> {
    let Type::Complex(parts) = attribute.kind else { return Ok(()) };
    let picked = |each: &Value| each.as_object().is_some_and(|each| filter.matches(each));
    let entry = part.entry(attribute.name).or_insert_with(|| json!([]));
    let Value::Array(all) = entry else { return Ok(()) };
    if op == Op::Remove && sub.is_none() {
        all.retain(|each| !picked(each));
        return Ok(());
    }
    if !all.iter().any(picked) {
        return match op {
            // What is not there is gone already.
            Op::Remove => Ok(()),
            Op::Replace => {
                Err(ScimError::NoTarget(format!("{text} picks out no value that there is")))
            }
            // A value is made that the filter picks out (as Entra means it).
            Op::Add => {
                let mut made = Map::new();
                implied(filter, &mut made);
                let mut made = Value::Object(made);
                match (sub, value) {
                    (Some(sub), value) => set(&mut made, sub, op, value.as_ref())?,
                    (None, Some(Value::Object(given))) => {
                        if let Some(made) = made.as_object_mut() {
                            made.extend(crate::schema::object(parts, given)?);
                        }
                    }
                    (None, _) => {}
                }
                all.push(made);
                Ok(())
            }
        };
    }
    for each in all.iter_mut().filter(|each| picked(each)) {
        match (sub, &value) {
            (Some(sub), value) => set(each, sub, op, value.as_ref())?,
            (None, Some(Value::Object(given))) => {
                let given = crate::schema::object(parts, given.clone())?;
                match (op, each.as_object_mut()) {
                    (Op::Add, Some(each)) => each.extend(given),
                    _ => *each = Value::Object(given),
                }
            }
            (None, _) => {
                return Err(ScimError::InvalidValue(format!("{text} takes an object")));
            }
        }
    }
    Ok(())
}

/// What a value has that a filter of `eq` alone picks out.
fn implied(filter: &Filter, made: &mut Map<String, Value>) {
    match filter {
        Filter::And(a, b) => {
            implied(a, made);
            implied(b, made);
        }
        Filter::Compare { path, operator: Operator::Eq, value } if !value.is_null() => {
            made.insert(path.attribute.name.to_owned(), value.clone());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GROUP, TELEPHONY_URN, USER};

    fn patched(kind: &Kind, before: Value, ops: Value) -> Result<Value, &'static str> {
        let body = json!({ "schemas": [PATCH_URN], "Operations": ops });
        let ops = operations(&body).map_err(|error| error.scim_type())?;
        let mut made = before.as_object().expect("an object").clone();
        apply(kind, &mut made, &ops).map_err(|error| error.scim_type())?;
        Ok(Value::Object(made))
    }

    fn ada() -> Value {
        json!({
            "id": "1", "userName": "ada@x.example", "active": true,
            "name": { "givenName": "Ada", "familyName": "Byron" },
            "emails": [
                { "value": "ada@x.example", "type": "work", "primary": true },
                { "value": "ada@home.example", "type": "home" },
            ],
            TELEPHONY_URN: { "licences": ["teams_phone"], "country": "GB" },
        })
    }

    fn with(changes: Value) -> Value {
        let mut made = ada();
        for (name, value) in changes.as_object().expect("an object") {
            if value.is_null() {
                made.as_object_mut().expect("an object").remove(name);
            } else {
                made[name] = value.clone();
            }
        }
        made
    }

    #[test]
    fn operations_change_what_they_name() {
        let work = |value: &str| json!({ "value": value, "type": "work", "primary": true });
        let home = json!({ "value": "ada@home.example", "type": "home" });
        for (ops, expect) in [
            // Okta: no path.
            (
                json!([{ "op": "replace", "value": { "active": false } }]),
                Ok(with(json!({ "active": false }))),
            ),
            // Entra: capitals, booleans in words, keys that are paths.
            (
                json!([{ "op": "Replace", "path": "active", "value": "False" }]),
                Ok(with(json!({ "active": false }))),
            ),
            (
                json!([{ "op": "Add", "value": { "name.familyName": "Lovelace", "title": "Countess" } }]),
                Ok(with(json!({ "name": { "givenName": "Ada", "familyName": "Lovelace" } }))),
            ),
            (
                json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "l@x.example" }]),
                Ok(with(json!({ "emails": [work("l@x.example"), home] }))),
            ),
            (
                json!([{ "op": "Add", "path": "emails[type eq \"other\"].value", "value": "o@x.example" }]),
                Ok(with(json!({ "emails": [work("ada@x.example"), home,
                    { "type": "other", "value": "o@x.example" }] }))),
            ),
            (
                json!([{ "op": "Replace", "path": "emails[type eq \"other\"].value", "value": "o@x.example" }]),
                Err("noTarget"),
            ),
            (
                json!([{ "op": "remove", "path": "emails[type eq \"home\"]" }]),
                Ok(with(json!({ "emails": [work("ada@x.example")] }))),
            ),
            (json!([{ "op": "remove", "path": "emails[type eq \"fax\"]" }]), Ok(ada())),
            (json!([{ "op": "remove", "path": "emails" }]), Ok(with(json!({ "emails": null })))),
            (
                json!([{ "op": "add", "path": "emails", "value": [{ "value": "n@x.example", "primary": true }] }]),
                Ok(with(json!({ "emails": [
                    { "value": "ada@x.example", "type": "work", "primary": false }, home,
                    { "value": "n@x.example", "primary": true }] }))),
            ),
            // RFC 7644 section 3.5.2.3: a complex attribute keeps what is not named.
            (
                json!([{ "op": "replace", "path": "name", "value": { "familyName": "King" } }]),
                Ok(with(json!({ "name": { "givenName": "Ada", "familyName": "King" } }))),
            ),
            (
                json!([{ "op": "remove", "path": "name.familyName" }]),
                Ok(with(json!({ "name": { "givenName": "Ada" } }))),
            ),
            (
                json!([{ "op": "add", "path": "displayName", "value": "Ada" },
                    { "op": "replace", "path": "displayName", "value": "Ada L" }]),
                Ok(with(json!({ "displayName": "Ada L" }))),
            ),
            // The extension, by path, by key and whole.
            (
                json!([{ "op": "add", "path": format!("{TELEPHONY_URN}:licences"), "value": "calling" }]),
                Ok(with(json!({ TELEPHONY_URN:
                    { "licences": ["teams_phone", "calling"], "country": "GB" } }))),
            ),
            (
                json!([{ "op": "replace", "value": { TELEPHONY_URN: { "country": "DE" } } }]),
                Ok(with(json!({ TELEPHONY_URN:
                    { "licences": ["teams_phone"], "country": "DE" } }))),
            ),
            (
                json!([{ "op": "replace", "path": TELEPHONY_URN, "value": { "licences": [] } }]),
                Ok(with(json!({ TELEPHONY_URN: { "licences": [], "country": "GB" } }))),
            ),
            // Attributes that are not kept are passed over.
            (
                json!([{ "op": "Add", "path": "title", "value": "Countess" },
                    { "op": "Add", "path": "addresses[type eq \"work\"].streetAddress", "value": "1" }]),
                Ok(ada()),
            ),
            // An id among what is replaced is; one that is named is refused.
            (
                json!([{ "op": "replace", "value": { "id": "2", "displayName": "A" } }]),
                Ok(with(json!({ "displayName": "A" }))),
            ),
            (json!([{ "op": "replace", "path": "id", "value": "2" }]), Err("mutability")),
            (
                json!([{ "op": "replace", "path": format!("{TELEPHONY_URN}:number"), "value": "1" }]),
                Err("mutability"),
            ),
            (json!([{ "op": "remove" }]), Err("noTarget")),
            (json!([{ "op": "replace", "value": "x" }]), Err("invalidValue")),
            (json!([{ "op": "replace", "path": "active", "value": "x" }]), Err("invalidValue")),
            (json!([{ "op": "replace", "path": "a b", "value": "x" }]), Err("invalidPath")),
            (json!([{ "op": "move", "path": "active" }]), Err("invalidSyntax")),
            (json!([{ "op": "add", "path": "active" }]), Err("invalidSyntax")),
            (json!([]), Err("invalidSyntax")),
        ] {
            assert_eq!(patched(&USER, ada(), ops.clone()), expect, "{ops}");
        }
    }

    /// RFC 7644 section 3.5.2: figures on groups' members; and Entra's way of removing one.
    #[test]
    fn members_come_and_go() {
        let member = |id: &str| json!({ "value": id });
        let group = |ids: &[&str]| {
            let members: Vec<_> = ids.iter().map(|id| member(id)).collect();
            json!({ "displayName": "Sales", "members": members })
        };
        for (ops, expect) in [
            (
                json!([{ "op": "add", "path": "members", "value": [
                    { "display": "Babs", "$ref": "/v2/Users/3", "value": "3" }, { "value": "1" }] }]),
                json!({ "displayName": "Sales", "members": [member("1"), member("2"),
                    { "display": "Babs", "$ref": "/v2/Users/3", "value": "3" }] }),
            ),
            (json!([{ "op": "remove", "path": "members[value eq \"2\"]" }]), group(&["1"])),
            (
                json!([{ "op": "Remove", "path": "members", "value": [{ "value": "1" }] }]),
                group(&["2"]),
            ),
            (
                json!([{ "op": "replace", "path": "members", "value": [member("4")] }]),
                group(&["4"]),
            ),
            (json!([{ "op": "remove", "path": "members" }]), json!({ "displayName": "Sales" })),
            (
                json!([{ "op": "replace", "value": { "id": "7", "displayName": "Selling" } }]),
                json!({ "displayName": "Selling", "members": [member("1"), member("2")] }),
            ),
        ] {
            let made = patched(&GROUP, group(&["1", "2"]), ops.clone());
            assert_eq!(made, Ok(expect), "{ops}");
        }
    }

    #[test]
    fn a_body_that_is_no_patch_is_refused() {
        for body in [
            json!([]),
            json!({ "Operations": [{ "op": "remove", "path": "title" }] }),
            json!({ "schemas": [PATCH_URN] }),
            json!({ "schemas": [PATCH_URN], "Operations": ["remove"] }),
            json!({ "schemas": [PATCH_URN], "Operations": [{ "op": "remove", "path": 1 }] }),
        ] {
            assert_eq!(
                operations(&body).map_err(|e| e.scim_type()),
                Err("invalidSyntax"),
                "{body}"
            );
        }
        let entra = json!({ "schemas": [PATCH_URN],
            "operations": [{ "OP": "Add", "Path": "title", "Value": "x" }] });
        assert!(operations(&entra).is_ok());
    }
}
