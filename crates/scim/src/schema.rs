//! The attributes that are kept, and how they are spelt (RFC 7643 section 2). Names are compared
//! without regard to case (section 2.1); attributes that are not kept are passed over, since a
//! client sends all that it has.

use crate::{GROUP_URN, ScimError, TELEPHONY_URN, USER_URN};
use serde_json::{Map, Value, json};

/// What an attribute holds (RFC 7643 section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text; compared without regard to case unless it says so.
    String,
    /// The same, where case counts.
    Exact,
    /// `true` or `false`.
    Boolean,
    /// A time.
    DateTime,
    /// Sub-attributes.
    Complex(&'static [Attribute]),
}

/// Who may write an attribute (RFC 7643 section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutability {
    /// Everybody.
    ReadWrite,
    /// The service alone.
    ReadOnly,
    /// Whoever makes the resource or the value, and nobody later.
    Immutable,
}

/// An attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// As it is spelt.
    pub name: &'static str,
    /// What it holds.
    pub kind: Type,
    /// Many values.
    pub multi: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// There is no resource without it.
    pub required: bool,
    /// For people.
    pub description: &'static str,
}

const fn text(name: &'static str, description: &'static str) -> Attribute {
    let (kind, mutability) = (Type::String, Mutability::ReadWrite);
    Attribute { name, kind, multi: false, mutability, required: false, description }
}

const fn of(kind: Type, attribute: Attribute) -> Attribute {
    Attribute { kind, ..attribute }
}

const fn many(attribute: Attribute) -> Attribute {
    Attribute { multi: true, ..attribute }
}

const fn must(attribute: Attribute) -> Attribute {
    Attribute { required: true, ..attribute }
}

const fn read_only(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..attribute }
}

const fn immutable(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::Immutable, ..attribute }
}

const META: Attribute = read_only(of(
    Type::Complex(&[
        read_only(of(Type::Exact, text("resourceType", "User or Group."))),
        read_only(of(Type::DateTime, text("created", "When it was added."))),
        read_only(of(Type::Exact, text("location", "Where it is."))),
        read_only(of(Type::Exact, text("version", "Its ETag."))),
    ]),
    text("meta", "What is known about the resource."),
));

const ID: Attribute = read_only(of(Type::Exact, text("id", "Given by this service, for good.")));
const EXTERNAL_ID: Attribute = of(Type::Exact, text("externalId", "Given by the client."));

const MAIL: &[Attribute] = &[
    text("value", "The address."),
    text("type", "work, home or other."),
    of(Type::Boolean, text("primary", "The one that is used.")),
];
const PHONE: &[Attribute] = &[
    read_only(text("value", "E.164.")),
    read_only(text("type", "work.")),
    read_only(of(Type::Boolean, text("primary", "true."))),
];
const ADDRESS: &[Attribute] = &[
    text("country", "ISO 3166-1 alpha-2."),
    text("type", "work, home or other."),
    of(Type::Boolean, text("primary", "The one that is used.")),
];
const NAME: &[Attribute] = &[
    text("formatted", "The whole name; displayName stands in for it."),
    text("familyName", "The family name."),
    text("givenName", "The given name."),
];
const MEMBER: &[Attribute] = &[
    immutable(must(of(Type::Exact, text("value", "The user's id.")))),
    read_only(of(Type::Exact, text("$ref", "Where the user is."))),
    read_only(text("display", "The user's name.")),
    read_only(text("type", "User.")),
];

/// A kind of resource, with the attributes of its schemas.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `User`, `Group`.
    pub name: &'static str,
    /// Below the base, `/Users`.
    pub endpoint: &'static str,
    /// The schema.
    pub urn: &'static str,
    /// For people.
    pub description: &'static str,
    /// What every resource has (RFC 7643 section 3.1).
    pub common: &'static [Attribute],
    /// What its schema adds.
    pub attributes: &'static [Attribute],
    /// What an extension adds.
    pub extension: Option<(&'static str, &'static [Attribute])>,
}

/// People.
pub const USER: Kind = Kind {
    name: "User",
    endpoint: "/Users",
    urn: USER_URN,
    description: "People of the organisation",
    common: &[ID, EXTERNAL_ID, META],
    attributes: &[
        must(text("userName", "The user principal name, unique in the organisation.")),
        of(Type::Complex(NAME), text("name", "The parts of the name.")),
        text("displayName", "The name as others see it."),
        of(Type::Boolean, text("active", "false: no phone, and no calls outside.")),
        many(of(Type::Complex(MAIL), text("emails", "Mail addresses; one is kept."))),
        many(read_only(of(Type::Complex(PHONE), text("phoneNumbers", "The number assigned.")))),
        many(of(Type::Complex(ADDRESS), text("addresses", "The country alone is kept."))),
    ],
    extension: Some((
        TELEPHONY_URN,
        &[
            many(of(Type::Exact, text("licences", "teams_phone lets a person call outside."))),
            immutable(text("country", "ISO 3166-1 alpha-2: how what is dialled is read.")),
            read_only(text("number", "The number assigned, E.164.")),
        ],
    )),
};

/// Groups of people, for whom policies hold.
pub const GROUP: Kind = Kind {
    name: "Group",
    endpoint: "/Groups",
    urn: GROUP_URN,
    description: "Groups of people, for whom policies hold",
    common: &[ID, EXTERNAL_ID, META],
    attributes: &[
        must(text("displayName", "The name, unique in the organisation.")),
        many(of(Type::Complex(MEMBER), text("members", "Who is in it."))),
    ],
    extension: None,
};

/// The attribute of this name, case aside.
pub fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

impl Kind {
    /// A kept attribute of the core schema or common to all, case aside.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.common, name).or_else(|| find(self.attributes, name))
    }

    /// The attributes that a schema's URN stands for; `None` for a schema that is not kept.
    pub fn of_urn(&self, urn: &str) -> Option<(Option<&'static str>, &'static [Attribute])> {
        if urn.eq_ignore_ascii_case(self.urn) {
            return Some((None, self.attributes));
        }
        let (own, attributes) = self.extension?;
        urn.eq_ignore_ascii_case(own).then_some((Some(own), attributes))
    }

    /// Its definition, `/ResourceTypes/{name}` (RFC 7643 section 6).
    pub fn resource_type(&self, base: &str) -> Value {
        let extensions: Vec<_> = self
            .extension
            .iter()
            .map(|(urn, _)| json!({ "schema": urn, "required": false }))
            .collect();
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.urn,
            "schemaExtensions": extensions,
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{}", self.name),
            },
        })
    }
}

fn definition(attribute: &Attribute) -> Value {
    let (kind, exact) = match attribute.kind {
        Type::String => ("string", false),
        Type::Exact => ("string", true),
        Type::Boolean => ("boolean", false),
        Type::DateTime => ("dateTime", false),
        Type::Complex(_) => ("complex", false),
    };
    let mut made = json!({
        "name": attribute.name,
        "type": kind,
        "multiValued": attribute.multi,
        "description": attribute.description,
        "required": attribute.required,
        "caseExact": exact,
        "mutability": match attribute.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        },
        "returned": if attribute.name == "id" { "always" } else { "default" },
        "uniqueness": if attribute.name == "userName" { "server" } else { "none" },
    });
    if let Type::Complex(parts) = attribute.kind {
        made["subAttributes"] = parts.iter().map(definition).collect();
    }
    made
}

/// The schemas, `/Schemas` (RFC 7643 section 7).
pub fn schemas(base: &str) -> Vec<Value> {
    let schema = |urn: &str, name: &str, description: &str, attributes: &[Attribute]| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": urn,
            "name": name,
            "description": description,
            "attributes": attributes.iter().map(definition).collect::<Vec<_>>(),
            "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{urn}") },
        })
    };
    let mut all = Vec::new();
    for kind in [USER, GROUP] {
        all.push(schema(kind.urn, kind.name, kind.description, kind.attributes));
        if let Some((urn, attributes)) = kind.extension {
            all.push(schema(urn, "Telephony", "What telephony adds to a user", attributes));
        }
    }
    all
}

/// A value as its attribute can have it. Clients write booleans as text (Entra's `"False"`), one
/// value where many are meant, and many where one is.
pub(crate) fn tidy_value(attribute: &Attribute, given: Value) -> Result<Value, ScimError> {
    if given.is_null() {
        return Ok(Value::Null);
    }
    if attribute.multi {
        let given = match given {
            Value::Array(all) => all,
            one => vec![one],
        };
        let one = Attribute { multi: false, ..*attribute };
        let all = given.into_iter().map(|each| match (each, attribute.kind) {
            // A bare address, or a member's bare id.
            (Value::String(text), Type::Complex(parts)) if find(parts, "value").is_some() => {
                Ok(json!({ "value": text }))
            }
            (each, _) => tidy_value(&one, each),
        });
        return all.filter(|each| !matches!(each, Ok(Value::Null))).collect();
    }
    let wrong = |what: &str| {
        Err(ScimError::InvalidValue(format!("{} is {what}, not {given}", attribute.name)))
    };
    match (attribute.kind, &given) {
        (Type::Complex(parts), Value::Object(_)) => {
            let Value::Object(given) = given else { return Ok(Value::Null) };
            object(parts, given).map(Value::Object)
        }
        (Type::Complex(_), _) => wrong("an object"),
        (Type::Boolean, Value::Bool(_)) => Ok(given),
        (Type::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => wrong("true or false"),
        },
        (Type::Boolean, _) => wrong("true or false"),
        (_, Value::String(_)) => Ok(given),
        (Type::Exact, Value::Number(number)) => Ok(Value::String(number.to_string())),
        _ => wrong("text"),
    }
}

/// The kept attributes of an object, spelt as they are.
pub(crate) fn object(
    attributes: &'static [Attribute],
    given: Map<String, Value>,
) -> Result<Map<String, Value>, ScimError> {
    let mut made = Map::new();
    for (name, each) in given {
        if let Some(attribute) = find(attributes, &name) {
            let each = tidy_value(attribute, each)?;
            if !each.is_null() {
                made.insert(attribute.name.to_owned(), each);
            }
        }
    }
    Ok(made)
}

/// A resource as a client sends it, with the kept attributes alone, spelt as they are and with
/// values that they can have.
///
/// # Errors
/// [`ScimError::InvalidValue`] names the attribute; [`ScimError::InvalidSyntax`] where it is no
/// object.
pub fn tidy(kind: &Kind, given: Value) -> Result<Map<String, Value>, ScimError> {
    let Value::Object(given) = given else {
        return Err(ScimError::InvalidSyntax("the body is a JSON object".to_owned()));
    };
    let mut made = Map::new();
    for (name, each) in given {
        if let Some((urn, attributes)) = kind.of_urn(&name) {
            let Value::Object(part) = each else { continue };
            let part = object(attributes, part)?;
            match urn {
                Some(urn) => {
                    made.insert(urn.to_owned(), Value::Object(part));
                }
                None => made.extend(part),
            }
        } else if let Some(attribute) = kind.attribute(&name) {
            let each = tidy_value(attribute, each)?;
            if !each.is_null() {
                made.insert(attribute.name.to_owned(), each);
            }
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_read_as_it_is_meant() {
        let given = json!({
            "schemas": [USER_URN, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "USERNAME": "ada@contoso.example",
            "Active": "False",
            "name": { "givenname": "Ada", "familyName": "Lovelace", "honorificPrefix": "Dr" },
            "emails": "ada@contoso.example",
            "title": "Countess",
            "displayName": null,
            "externalId": 17,
            TELEPHONY_URN.to_uppercase(): { "Licences": "teams_phone", "shoe": 42 },
        });
        let made = tidy(&USER, given).expect("a user");
        assert_eq!(
            Value::Object(made),
            json!({
                "userName": "ada@contoso.example",
                "active": false,
                "name": { "givenName": "Ada", "familyName": "Lovelace" },
                "emails": [{ "value": "ada@contoso.example" }],
                "externalId": "17",
                TELEPHONY_URN: { "licences": ["teams_phone"] },
            })
        );
    }

    #[test]
    fn values_that_an_attribute_cannot_have_are_refused() {
        for (given, word) in [
            (json!({ "active": "maybe" }), "invalidValue"),
            (json!({ "active": 1 }), "invalidValue"),
            (json!({ "userName": true }), "invalidValue"),
            (json!({ "name": "Ada" }), "invalidValue"),
            (json!([]), "invalidSyntax"),
        ] {
            let refused = tidy(&USER, given.clone()).expect_err("refused");
            assert_eq!(refused.scim_type(), word, "{given}");
        }
    }

    #[test]
    fn the_schemas_describe_what_is_kept() {
        let all = schemas("https://meetpoint.example/scim/v2");
        let ids: Vec<_> = all.iter().map(|schema| schema["id"].as_str().expect("a URN")).collect();
        assert_eq!(ids, [USER_URN, TELEPHONY_URN, GROUP_URN]);
        let user = &all[0]["attributes"];
        let named = |name: &str| {
            let found = user.as_array().into_iter().flatten().find(|a| a["name"] == name);
            found.unwrap_or_else(|| panic!("{name} is missing")).clone()
        };
        assert_eq!(named("userName")["uniqueness"], "server");
        assert_eq!(named("userName")["required"], true);
        assert_eq!(named("emails")["multiValued"], true);
        assert_eq!(named("phoneNumbers")["mutability"], "readOnly");
        assert_eq!(named("name")["subAttributes"][1]["name"], "familyName");
        assert_eq!(USER.resource_type("b")["schemaExtensions"][0]["schema"], TELEPHONY_URN);
    }
}
