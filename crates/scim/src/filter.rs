//! Filters (RFC 7644 section 3.4.2.2): the whole grammar, over the attributes that are kept.

use crate::path::AttributePath;
use crate::schema::{Attribute, Kind, Mutability, Type, find};
use crate::{MOST_FILTER, ScimError};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Deepest that brackets may stand in each other: a filter is read and asked by recursion.
const MOST_DEPTH: u32 = 32;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The same.
    Eq,
    /// Not the same.
    Ne,
    /// Has it in it.
    Co,
    /// Begins with it.
    Sw,
    /// Ends with it.
    Ew,
    /// Comes after it.
    Gt,
    /// Does not come before it.
    Ge,
    /// Comes before it.
    Lt,
    /// Does not come after it.
    Le,
    /// Is there.
    Pr,
}

impl Operator {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "co" => Self::Co,
            "sw" => Self::Sw,
            "ew" => Self::Ew,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "pr" => Self::Pr,
            _ => return None,
        })
    }
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A value of an attribute, compared.
    Compare {
        /// Which.
        path: AttributePath,
        /// How.
        operator: Operator,
        /// With what; `Null` with [`Operator::Pr`].
        value: Value,
    },
    /// One value of an attribute, to which all of a filter applies.
    Within {
        /// Which.
        path: AttributePath,
        /// Over its parts.
        filter: Box<Filter>,
    },
}

/// What names in a filter stand for.
#[derive(Clone, Copy)]
enum Names<'k> {
    /// Attributes of a resource.
    Of(&'k Kind),
    /// Parts of an attribute's value.
    Parts(&'static [Attribute]),
}

impl Names<'_> {
    fn path(self, text: &str) -> Option<AttributePath> {
        match self {
            Self::Of(kind) => AttributePath::parse(kind, text),
            Self::Parts(parts) => {
                let attribute = find(parts, text)?;
                Some(AttributePath { urn: None, attribute, sub: None })
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn wrong(&self, what: &str) -> ScimError {
        ScimError::InvalidFilter(format!("{what} at character {} of the filter", self.at + 1))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, c: char) -> bool {
        self.space();
        let found = self.rest().starts_with(c);
        self.at += if found { c.len_utf8() } else { 0 };
        found
    }

    /// A word up to a blank or a bracket.
    fn word(&mut self) -> &'t str {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// The same without taking it.
    fn peek(&mut self) -> &'t str {
        let before = self.at;
        let word = self.word();
        self.at = before;
        word
    }

    fn value(&mut self) -> Result<Value, ScimError> {
        self.space();
        let rest = self.rest();
        let end = if rest.starts_with('"') {
            // Up to the quote that no backslash stands before.
            let mut escaped = false;
            let closes = |(_, c): &(usize, char)| {
                let closes = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            };
            rest.char_indices().skip(1).find(closes).map(|(at, _)| at + 1)
        } else {
            rest.find(|c: char| c.is_whitespace() || "()[]".contains(c))
        };
        let text = &rest[..end.unwrap_or(rest.len())];
        match serde_json::from_str::<Value>(text) {
            Ok(value) if !value.is_object() && !value.is_array() => {
                self.at += text.len();
                Ok(value)
            }
            _ => Err(self.wrong("a value in JSON is missing")),
        }
    }

    fn either(&mut self, names: Names<'_>, depth: u32) -> Result<Filter, ScimError> {
        let mut left = self.both(names, depth)?;
        while self.peek().eq_ignore_ascii_case("or") {
            self.word();
            left = Filter::Or(Box::new(left), Box::new(self.both(names, depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, names: Names<'_>, depth: u32) -> Result<Filter, ScimError> {
        let mut left = self.one(names, depth)?;
        while self.peek().eq_ignore_ascii_case("and") {
            self.word();
            left = Filter::And(Box::new(left), Box::new(self.one(names, depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, names: Names<'_>, depth: u32) -> Result<Filter, ScimError> {
        if depth >= MOST_DEPTH {
            return Err(self.wrong("brackets stand in each other too deep"));
        }
        if self.takes('(') {
            let inner = self.either(names, depth + 1)?;
            return if self.takes(')') { Ok(inner) } else { Err(self.wrong("a ) is missing")) };
        }
        if self.peek().eq_ignore_ascii_case("not") {
            self.word();
            if !self.takes('(') {
                return Err(self.wrong("a ( is missing after not"));
            }
            let inner = self.either(names, depth + 1)?;
            return if self.takes(')') {
                Ok(Filter::Not(Box::new(inner)))
            } else {
                Err(self.wrong("a ) is missing"))
            };
        }
        let start = self.at;
        let name = self.word();
        let Some(path) = names.path(name) else {
            self.at = start;
            return Err(self.wrong(&format!("{name:?} is no attribute that is kept")));
        };
        if self.rest().starts_with('[') {
            self.at += 1;
            let Type::Complex(parts) = path.attribute.kind else {
                return Err(self.wrong(&format!("{name} has no parts")));
            };
            let filter = Box::new(self.either(Names::Parts(parts), depth + 1)?);
            return if self.takes(']') {
                Ok(Filter::Within { path, filter })
            } else {
                Err(self.wrong("a ] is missing"))
            };
        }
        let word = self.word();
        let operator = Operator::parse(word)
            .ok_or_else(|| self.wrong(&format!("{word:?} compares nothing")))?;
        let value = if operator == Operator::Pr { Value::Null } else { self.value()? };
        let value = self.comparable(path, operator, value)?;
        Ok(Filter::Compare { path, operator, value })
    }

    /// A value that the attribute can be compared with so.
    fn comparable(
        &self,
        path: AttributePath,
        operator: Operator,
        value: Value,
    ) -> Result<Value, ScimError> {
        use Operator::{Eq, Ne, Pr};
        let leaf = path.leaf();
        let name = leaf.name;
        match (leaf.kind, value) {
            (_, Value::Null) if matches!(operator, Pr | Eq | Ne) => Ok(Value::Null),
            (Type::Boolean, value) if matches!(operator, Eq | Ne) => match &value {
                Value::Bool(_) => Ok(value),
                Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
                Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
                _ => Err(self.wrong(&format!("{name} is true or false"))),
            },
            (Type::DateTime, Value::String(text)) => match text.parse::<jiff::Timestamp>() {
                Ok(time) => Ok(Value::String(time.to_string())),
                Err(_) => Err(self.wrong(&format!("{name} is a time"))),
            },
            (Type::String | Type::Exact, value @ Value::String(_)) => Ok(value),
            (Type::Complex(_), _) => Err(self.wrong(&format!("{name} has parts: name one"))),
            _ => Err(self.wrong(&format!("{name} is not compared so, or not with this"))),
        }
    }
}

fn read(names: Names<'_>, text: &str) -> Result<Filter, ScimError> {
    if text.len() > MOST_FILTER {
        let reason = format!("a filter is at most {MOST_FILTER} bytes long");
        return Err(ScimError::InvalidFilter(reason));
    }
    let mut reader = Reader { text, at: 0 };
    let filter = reader.either(names, 0)?;
    reader.space();
    if reader.rest().is_empty() { Ok(filter) } else { Err(reader.wrong("something is left over")) }
}

/// Two values of one attribute, in its order.
fn order(leaf: &Attribute, a: &Value, b: &Value) -> Option<Ordering> {
    match (leaf.kind, a, b) {
        (Type::DateTime, Value::String(a), Value::String(b)) => {
            Some(a.parse::<jiff::Timestamp>().ok()?.cmp(&b.parse().ok()?))
        }
        (Type::Exact, Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (_, Value::String(a), Value::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (_, Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn compares(leaf: &Attribute, operator: Operator, has: &Value, value: &Value) -> bool {
    let texts = || {
        let (Value::String(has), Value::String(value)) = (has, value) else { return None };
        Some(match leaf.kind {
            Type::Exact => (has.clone(), value.clone()),
            _ => (has.to_lowercase(), value.to_lowercase()),
        })
    };
    let ordered =
        |wanted: &[Ordering]| order(leaf, has, value).is_some_and(|o| wanted.contains(&o));
    match operator {
        Operator::Eq | Operator::Ne => ordered(&[Ordering::Equal]),
        Operator::Co => texts().is_some_and(|(has, value)| has.contains(&value)),
        Operator::Sw => texts().is_some_and(|(has, value)| has.starts_with(&value)),
        Operator::Ew => texts().is_some_and(|(has, value)| has.ends_with(&value)),
        Operator::Gt => ordered(&[Ordering::Greater]),
        Operator::Ge => ordered(&[Ordering::Greater, Ordering::Equal]),
        Operator::Lt => ordered(&[Ordering::Less]),
        Operator::Le => ordered(&[Ordering::Less, Ordering::Equal]),
        Operator::Pr => true,
    }
}

impl Filter {
    /// Reads a filter over a kind of resource.
    ///
    /// # Errors
    /// [`ScimError::InvalidFilter`] says where, and what.
    pub fn parse(kind: &Kind, text: &str) -> Result<Self, ScimError> {
        read(Names::Of(kind), text)
    }

    /// Reads one over the parts of an attribute's value.
    pub(crate) fn parse_within(parts: &'static [Attribute], text: &str) -> Result<Self, ScimError> {
        read(Names::Parts(parts), text)
    }

    /// Does a resource, or a value of an attribute, match?
    pub fn matches(&self, resource: &Map<String, Value>) -> bool {
        match self {
            Self::And(a, b) => a.matches(resource) && b.matches(resource),
            Self::Or(a, b) => a.matches(resource) || b.matches(resource),
            Self::Not(inner) => !inner.matches(resource),
            Self::Within { path, filter } => {
                let found = match path.urn {
                    Some(urn) => resource.get(urn).and_then(|part| part.get(path.attribute.name)),
                    None => resource.get(path.attribute.name),
                };
                let one = |value: &Value| value.as_object().is_some_and(|v| filter.matches(v));
                match found {
                    Some(Value::Array(all)) => all.iter().any(one),
                    Some(value) => one(value),
                    None => false,
                }
            }
            Self::Compare { path, operator, value } => {
                let values = path.values(resource);
                let leaf = path.leaf();
                match (operator, value) {
                    (Operator::Pr, _) => !values.is_empty(),
                    (Operator::Eq, Value::Null) => values.is_empty(),
                    (Operator::Ne, Value::Null) => !values.is_empty(),
                    (Operator::Ne, _) => {
                        !values.iter().any(|has| compares(leaf, Operator::Eq, has, value))
                    }
                    _ => values.iter().any(|has| compares(leaf, *operator, has, value)),
                }
            }
        }
    }

    /// The value that an attribute must have for this to match, where it says so by itself:
    /// what an index can be asked for.
    pub fn demands(&self, name: &str) -> Option<&str> {
        match self {
            Self::Compare { path, operator: Operator::Eq, value: Value::String(text) }
                if path.urn.is_none() && path.sub.is_none() && path.attribute.name == name =>
            {
                Some(text)
            }
            Self::And(a, b) => a.demands(name).or_else(|| b.demands(name)),
            _ => None,
        }
    }
}

/// What a resource is sorted by (RFC 7644 section 3.4.2.3): the first value, of several the primary
/// one; resources without one come last when rising.
pub fn sort_key(path: AttributePath, resource: &Map<String, Value>) -> (bool, String) {
    let primary = || {
        let all = resource.get(path.attribute.name)?.as_array()?;
        let one = all.iter().find(|value| value["primary"] == Value::Bool(true))?;
        one.get(path.leaf().name)
    };
    let value = primary().or_else(|| path.values(resource).first().copied());
    match value {
        Some(Value::String(text)) if path.leaf().kind == Type::Exact => (false, text.clone()),
        Some(Value::String(text)) => (false, text.to_lowercase()),
        Some(Value::Bool(value)) => (false, value.to_string()),
        _ => (true, String::new()),
    }
}

/// May a client write it at all?
pub(crate) fn is_writable(attribute: &Attribute) -> bool {
    attribute.mutability != Mutability::ReadOnly
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GROUP, TELEPHONY_URN, USER, USER_URN};
    use proptest::prelude::*;
    use serde_json::json;

    fn ada() -> Map<String, Value> {
        let ada = json!({
            "id": "2819c223-7f76-453a-919d-413861904646",
            "externalId": "Bjensen",
            "userName": "bjensen@example.com",
            "name": { "familyName": "O'Malley", "givenName": "Barbara" },
            "displayName": "Babs Jensen",
            "active": true,
            "emails": [
                { "value": "bjensen@example.com", "type": "work", "primary": true },
                { "value": "babs@jensen.org", "type": "home" },
            ],
            "meta": { "resourceType": "User", "created": "2011-05-13T04:42:34.5Z" },
            TELEPHONY_URN: { "licences": ["teams_phone"], "country": "GB" },
        });
        ada.as_object().expect("an object").clone()
    }

    /// The examples of RFC 7644 figure 4 over the attributes that are kept, and more.
    #[test]
    fn filters_match_as_the_rfc_has_it() {
        for (filter, expect) in [
            (r#"userName eq "bjensen@example.com""#, true),
            (r#"USERNAME Eq "BJENSEN@EXAMPLE.COM""#, true),
            (r#"name.familyName co "O'Malley""#, true),
            (r#"userName sw "J""#, false),
            (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "B""#, true),
            (r#"displayName pr"#, true),
            (r#"externalId pr"#, true),
            (r#"name.formatted pr"#, false),
            (r#"meta.created gt "2011-05-13T04:42:34Z""#, true),
            (r#"meta.created ge "2011-05-13T04:42:34.5Z""#, true),
            (r#"meta.created lt "2011-05-13T04:42:34Z""#, false),
            (r#"meta.created le "2011-05-13T06:42:35+02:00""#, true),
            (r#"displayName pr and active eq true"#, true),
            (r#"displayName pr or name.formatted pr"#, true),
            (r#"active eq "True""#, true),
            (r#"active ne true"#, false),
            (r#"externalId eq "bjensen""#, false),
            (r#"externalId eq "Bjensen""#, true),
            (r#"emails co "example.com""#, true),
            (r#"emails.value ew "jensen.org""#, true),
            (r#"emails[type eq "work" and value co "@example.com"]"#, true),
            (r#"emails[type eq "home" and value co "@example.com"]"#, false),
            (r#"emails.type eq "home" and emails.value co "@example.com""#, true),
            (r#"userName eq "x" and displayName pr or active eq true"#, true),
            (r#"userName eq "x" and (displayName pr or active eq true)"#, false),
            (r#"not (userName eq "x")"#, true),
            (r#"not(active eq false) and userName ne "x""#, true),
            (r#"name.formatted eq null"#, true),
            (r#"displayName ne null"#, true),
            (
                r#"urn:ietf:params:scim:schemas:extension:meetpoint:2.0:User:licences eq "teams_phone""#,
                true,
            ),
            (r#"urn:ietf:params:scim:schemas:extension:meetpoint:2.0:User:country eq "de""#, false),
            (r#"userName gt "a" and userName lt "c""#, true),
            (r#"displayName eq "Babs \"B\" Jensen""#, false),
        ] {
            let read = Filter::parse(&USER, filter);
            let read = read.unwrap_or_else(|error| panic!("{filter}: {error}"));
            assert_eq!(read.matches(&ada()), expect, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_says_where() {
        for (filter, place) in [
            ("", "character 1"),
            ("userName", "character 9"),
            ("userName eq", "character 12"),
            ("userName eq bjensen", "character 13"),
            ("userName is \"x\"", "character 12"),
            ("title eq \"x\"", "character 1"),
            ("name eq \"x\"", "character 12"),
            ("active gt true", "character 15"),
            ("active eq \"perhaps\"", "character 20"),
            ("meta.created gt \"yesterday\"", "character 28"),
            ("(userName pr", "character 13"),
            ("not userName pr", "character 5"),
            ("emails[type eq \"work\"", "character 22"),
            ("userName[type eq \"work\"]", "character 10"),
            ("userName pr userName pr", "character 13"),
            ("userName eq {}", "character 13"),
        ] {
            let refused = Filter::parse(&USER, filter).expect_err(filter);
            assert_eq!(refused.scim_type(), "invalidFilter", "{filter}");
            assert!(refused.to_string().contains(place), "{filter}: {refused}");
        }
        let deep = format!("{}active eq true{}", "(".repeat(40), ")".repeat(40));
        assert!(Filter::parse(&USER, &deep).is_err(), "not by recursion without end");
        let long = format!("userName eq \"{}\"", "x".repeat(MOST_FILTER));
        assert!(Filter::parse(&USER, &long).is_err());
    }

    #[test]
    fn what_an_index_can_be_asked_for() {
        for (filter, expect) in [
            (r#"userName eq "a""#, Some("a")),
            (r#"active eq true and userName eq "a""#, Some("a")),
            (r#"userName eq "a" or active eq true"#, None),
            (r#"not (userName eq "a")"#, None),
            (r#"userName sw "a""#, None),
        ] {
            let read = Filter::parse(&USER, filter).expect(filter);
            assert_eq!(read.demands("userName"), expect, "{filter}");
        }
        let members = Filter::parse(&GROUP, r#"members eq "1""#).expect("a filter");
        let group = json!({ "members": [{ "value": "1" }] });
        assert!(members.matches(group.as_object().expect("an object")));
    }

    #[test]
    fn resources_are_sorted_by_their_primary_value() {
        let path = |name| AttributePath::parse(&USER, name).expect(name);
        let mut other = ada();
        other.insert(
            "emails".into(),
            json!([{ "value": "z@x" }, { "value": "A@x", "primary": true }]),
        );
        assert_eq!(sort_key(path("emails"), &other), (false, "a@x".into()));
        assert_eq!(sort_key(path("userName"), &ada()), (false, "bjensen@example.com".into()));
        assert_eq!(sort_key(path("name.formatted"), &ada()), (true, String::new()));
        assert!(USER_URN.ends_with(":User"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "[ a-zA-Z\"().\\[\\]:0-9äé]{0,60}") {
            if let Ok(filter) = Filter::parse(&USER, &text) {
                filter.matches(&ada());
            }
        }
    }
}
