//! Names of attributes, in filters and in the paths of a PATCH (RFC 7644 sections 3.4.2.2, 3.5.2 and
//! 3.10).

use crate::filter::Filter;
use crate::schema::{Attribute, Kind, Type, find};
use crate::{MOST_FILTER, ScimError};
use serde_json::{Map, Value};

/// An attribute, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttributePath {
    /// The extension it is of.
    pub urn: Option<&'static str>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The part of it.
    pub sub: Option<&'static Attribute>,
}

impl AttributePath {
    /// Reads `userName`, `name.familyName`, or either after a schema's URN and a colon.
    pub fn parse(kind: &Kind, text: &str) -> Option<Self> {
        // The last colon: what stands before it is a URN.
        let (urn, name) = match text.rsplit_once(':') {
            Some((urn, name)) => (Some(urn), name),
            None => (None, text),
        };
        let (name, sub) = match name.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (name, None),
        };
        let (urn, attribute) = match urn {
            Some(urn) => {
                let (urn, attributes) = kind.of_urn(urn)?;
                let common = urn.is_none().then(|| kind.attribute(name)).flatten();
                (urn, common.or_else(|| find(attributes, name))?)
            }
            None => (None, kind.attribute(name)?),
        };
        let sub = match (sub, attribute.kind) {
            (None, _) => None,
            (Some(sub), Type::Complex(parts)) => Some(find(parts, sub)?),
            (Some(_), _) => return None,
        };
        Some(Self { urn, attribute, sub })
    }

    /// The part that is compared: of a complex attribute with a `value`, that one.
    pub fn leaf(&self) -> &'static Attribute {
        match (self.sub, self.attribute.kind) {
            (Some(sub), _) => sub,
            (None, Type::Complex(parts)) => find(parts, "value").unwrap_or(self.attribute),
            (None, _) => self.attribute,
        }
    }

    /// The values that a resource has there.
    pub fn values<'r>(&self, resource: &'r Map<String, Value>) -> Vec<&'r Value> {
        let object = match self.urn {
            Some(urn) => resource.get(urn).and_then(Value::as_object),
            None => Some(resource),
        };
        let Some(found) = object.and_then(|object| object.get(self.attribute.name)) else {
            return Vec::new();
        };
        let each = match found {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        let leaf = self.leaf();
        let part = |value: &'r Value| match value {
            Value::Object(parts) => parts.get(leaf.name),
            other => Some(other),
        };
        each.into_iter().filter_map(part).filter(|value| !value.is_null()).collect()
    }
}

/// What a PATCH changes: an attribute, those of its values that match, a part of them.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchPath {
    /// The extension it is of.
    pub urn: Option<&'static str>,
    /// The attribute; the extension as a whole without one.
    pub attribute: Option<&'static Attribute>,
    /// Which of its values.
    pub filter: Option<Filter>,
    /// Which part.
    pub sub: Option<&'static Attribute>,
}

impl PatchPath {
    /// Reads a path. `Ok(None)` is one to an attribute that is not kept: what a client says of it
    /// is passed over, as in a whole resource.
    ///
    /// # Errors
    /// [`ScimError::InvalidPath`], [`ScimError::InvalidFilter`].
    pub fn parse(kind: &Kind, text: &str) -> Result<Option<Self>, ScimError> {
        let wrong = || ScimError::InvalidPath(format!("{text:?} is no path to an attribute"));
        let text = text.trim();
        if text.is_empty() || text.len() > MOST_FILTER {
            return Err(wrong());
        }
        if let Some((Some(urn), _)) = kind.of_urn(text) {
            return Ok(Some(Self { urn: Some(urn), attribute: None, filter: None, sub: None }));
        }
        let Some((head, rest)) = text.split_once('[') else {
            let good = |c: char| c.is_ascii_alphanumeric() || "_-$.:".contains(c);
            if !text.chars().all(good) || text.starts_with(['.', ':']) || text.ends_with(['.', ':'])
            {
                return Err(wrong());
            }
            let found = AttributePath::parse(kind, text);
            return Ok(found.map(|path| Self {
                urn: path.urn,
                attribute: Some(path.attribute),
                filter: None,
                sub: path.sub,
            }));
        };
        let (filter, tail) = rest.rsplit_once(']').ok_or_else(wrong)?;
        let Some(path) = AttributePath::parse(kind, head) else { return Ok(None) };
        let Type::Complex(parts) = path.attribute.kind else { return Err(wrong()) };
        if !path.attribute.multi || path.sub.is_some() {
            return Err(wrong());
        }
        let filter = match Filter::parse_within(parts, filter) {
            Ok(filter) => filter,
            Err(ScimError::InvalidFilter(reason)) => return Err(ScimError::InvalidFilter(reason)),
            Err(_) => return Err(wrong()),
        };
        let sub = match tail.strip_prefix('.') {
            Some(name) => match find(parts, name) {
                Some(sub) => Some(sub),
                None => return Ok(None),
            },
            None if tail.is_empty() => None,
            None => return Err(wrong()),
        };
        let (urn, attribute) = (path.urn, Some(path.attribute));
        Ok(Some(Self { urn, attribute, filter: Some(filter), sub }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GROUP, TELEPHONY_URN, USER, USER_URN};

    #[test]
    fn names_are_read_without_regard_to_case_and_with_their_urn() {
        let core = |name: &str| format!("{USER_URN}:{name}");
        let own = |name: &str| format!("{TELEPHONY_URN}:{name}");
        for (text, expect) in [
            ("userName".to_owned(), Some((None, "userName", None))),
            ("USERNAME".to_owned(), Some((None, "userName", None))),
            ("name.FamilyName".to_owned(), Some((None, "name", Some("familyName")))),
            (core("userName"), Some((None, "userName", None))),
            (core("externalId"), Some((None, "externalId", None))),
            (core("emails.value"), Some((None, "emails", Some("value")))),
            (own("licences"), Some((Some(TELEPHONY_URN), "licences", None))),
            (own("userName"), None),
            ("title".to_owned(), None),
            ("userName.value".to_owned(), None),
            ("urn:x:userName".to_owned(), None),
        ] {
            let read = AttributePath::parse(&USER, &text);
            let read = read.map(|p| (p.urn, p.attribute.name, p.sub.map(|sub| sub.name)));
            assert_eq!(read, expect, "{text}");
        }
    }

    #[test]
    fn paths_of_a_patch() {
        for (kind, text, expect) in [
            (USER, "active", Ok(Some(("active", false, None)))),
            (USER, "emails[type eq \"work\"].value", Ok(Some(("emails", true, Some("value"))))),
            (USER, "emails[type eq \"work\"]", Ok(Some(("emails", true, None)))),
            (USER, "emails[value eq \"]\"]", Ok(Some(("emails", true, None)))),
            (GROUP, "members[value eq \"2819c223\"]", Ok(Some(("members", true, None)))),
            (USER, "addresses[type eq \"work\"].streetAddress", Ok(None)),
            (USER, "title", Ok(None)),
            (USER, "roles[primary eq \"True\"].value", Ok(None)),
            (USER, "emails[type eq", Err("invalidPath")),
            (USER, "emails[type is \"work\"]", Err("invalidFilter")),
            (USER, "emails[shoe eq \"work\"]", Err("invalidFilter")),
            (USER, "userName[value eq \"x\"]", Err("invalidPath")),
            (USER, "emails[type eq \"work\"]value", Err("invalidPath")),
            (USER, "", Err("invalidPath")),
            (USER, "user name", Err("invalidPath")),
            (USER, ".userName", Err("invalidPath")),
        ] {
            let read = PatchPath::parse(&kind, text);
            let read = read.map(|path| {
                path.map(|path| {
                    let name = path.attribute.expect("an attribute").name;
                    (name, path.filter.is_some(), path.sub.map(|sub| sub.name))
                })
            });
            assert_eq!(read.map_err(|error| error.scim_type()), expect, "{text}");
        }
    }
}
