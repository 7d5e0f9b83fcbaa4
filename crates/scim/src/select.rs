//! Which attributes are returned (RFC 7644 section 3.9).

use crate::path::AttributePath;
use crate::schema::Kind;
use serde_json::{Map, Value};

/// `attributes` or `excludedAttributes` of a request; all without either.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    only: Option<Vec<AttributePath>>,
    without: Vec<AttributePath>,
}

impl Selection {
    /// Reads both, names parted by commas. Names of attributes that are not kept pick out nothing.
    pub fn parse(kind: &Kind, attributes: Option<&str>, excluded: Option<&str>) -> Self {
        let paths = |text: &str| {
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            names.filter_map(|name| AttributePath::parse(kind, name)).collect::<Vec<_>>()
        };
        let only = attributes.filter(|text| !text.trim().is_empty()).map(paths);
        Self { only, without: excluded.map(paths).unwrap_or_default() }
    }

    /// Is this attribute returned at all? What is dear to find need not be where it is not.
    pub fn wants(&self, name: &str) -> bool {
        let of = |path: &AttributePath| path.urn.is_none() && path.attribute.name == name;
        let left_out = self.without.iter().any(|path| of(path) && path.sub.is_none());
        self.only.as_ref().is_none_or(|only| only.iter().any(of)) && !left_out
    }

    /// A resource with what is selected; `schemas` and `id` are always returned.
    pub fn of(&self, mut resource: Map<String, Value>) -> Map<String, Value> {
        if let Some(only) = &self.only {
            let mut made = Map::new();
            for name in ["schemas", "id"] {
                if let Some(value) = resource.remove(name) {
                    made.insert(name.to_owned(), value);
                }
            }
            for path in only {
                copy(&resource, path, &mut made);
            }
            return made;
        }
        for path in &self.without {
            let part = match path.urn {
                Some(urn) => resource.get_mut(urn).and_then(Value::as_object_mut),
                None => Some(&mut resource),
            };
            let Some(part) = part else { continue };
            match path.sub {
                None if path.attribute.name == "id" => {}
                None => {
                    part.remove(path.attribute.name);
                }
                Some(sub) => match part.get_mut(path.attribute.name) {
                    Some(Value::Array(all)) => {
                        for each in all.iter_mut().filter_map(Value::as_object_mut) {
                            each.remove(sub.name);
                        }
                    }
                    Some(Value::Object(one)) => {
                        one.remove(sub.name);
                    }
                    _ => {}
                },
            }
        }
        resource
    }
}

fn copy(from: &Map<String, Value>, path: &AttributePath, to: &mut Map<String, Value>) {
    let (from, to) = match path.urn {
        Some(urn) => {
            let Some(from) = from.get(urn).and_then(Value::as_object) else { return };
            let to = to.entry(urn).or_insert_with(|| Value::Object(Map::new()));
            let Some(to) = to.as_object_mut() else { return };
            (from, to)
        }
        None => (from, to),
    };
    let name = path.attribute.name;
    let Some(value) = from.get(name) else { return };
    let Some(sub) = path.sub else {
        to.insert(name.to_owned(), value.clone());
        return;
    };
    let pick = |value: &Value| {
        let found = value.get(sub.name)?.clone();
        Some(Map::from_iter([(sub.name.to_owned(), found)]))
    };
    let merge = |into: &mut Value, found: Option<Map<String, Value>>| {
        if let (Some(into), Some(found)) = (into.as_object_mut(), found) {
            into.extend(found);
        }
    };
    match value {
        Value::Array(all) => {
            let empty = vec![Value::Object(Map::new()); all.len()];
            let made = to.entry(name).or_insert(Value::Array(empty));
            for (into, each) in made.as_array_mut().into_iter().flatten().zip(all) {
                merge(into, pick(each));
            }
        }
        one => {
            let made = to.entry(name).or_insert_with(|| Value::Object(Map::new()));
            merge(made, pick(one));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TELEPHONY_URN, USER, USER_URN};
    use serde_json::json;

    #[test]
    fn only_what_is_asked_for_is_returned() {
        let ada = json!({
            "schemas": [USER_URN], "id": "1", "userName": "ada@x.example", "active": true,
            "name": { "givenName": "Ada", "familyName": "Byron" },
            "emails": [{ "value": "a@x", "type": "work" }, { "value": "h@x" }],
            TELEPHONY_URN: { "country": "GB", "licences": [] },
        });
        let country = format!("{TELEPHONY_URN}:country");
        for (only, without, expect) in [
            (None, None, ada.clone()),
            (
                Some("userName"),
                None,
                json!({ "schemas": [USER_URN], "id": "1", "userName": "ada@x.example" }),
            ),
            (
                Some("name.familyName, name.givenName,emails.value,title"),
                None,
                json!({ "schemas": [USER_URN], "id": "1",
                    "name": { "familyName": "Byron", "givenName": "Ada" },
                    "emails": [{ "value": "a@x" }, { "value": "h@x" }] }),
            ),
            (
                Some(country.as_str()),
                None,
                json!({ "schemas": [USER_URN], "id": "1", TELEPHONY_URN: { "country": "GB" } }),
            ),
            (
                None,
                Some("emails,name.givenName,id"),
                json!({ "schemas": [USER_URN], "id": "1", "userName": "ada@x.example",
                    "active": true, "name": { "familyName": "Byron" },
                    TELEPHONY_URN: { "country": "GB", "licences": [] } }),
            ),
        ] {
            let made = Selection::parse(&USER, only, without);
            let made = made.of(ada.as_object().expect("an object").clone());
            assert_eq!(Value::Object(made), expect, "{only:?} {without:?}");
        }
        let none = Selection::parse(&crate::GROUP, None, Some("members"));
        assert!(!none.wants("members") && none.wants("displayName"));
        let only = Selection::parse(&crate::GROUP, Some("displayName"), None);
        assert!(!only.wants("members") && only.wants("displayName"));
    }
}
