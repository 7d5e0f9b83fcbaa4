//! What the entries of a list of words look like, for the OpenAPI document:
//! a field's own attributes can only speak of the list.

use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, SchemaType, Type};

fn list(says: &str, pattern: &str, least: usize, most: Option<usize>, optional: bool) -> Array {
    let entry = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    let kind = if optional {
        SchemaType::from_iter([Type::Array, Type::Null])
    } else {
        SchemaType::new(Type::Array)
    };
    ArrayBuilder::new()
        .description(Some(says))
        .schema_type(kind)
        .items(entry)
        .min_items((least > 0).then_some(least))
        .max_items(most)
        .build()
}

const COUNTRY: &str = "^[A-Za-z]{2}$";
const LICENCE: &str = "^[a-z0-9_]{1,50}$";
const MAX_LICENCES: Option<usize> = Some(50);

/// Country codes, perhaps none.
pub(crate) fn countries() -> Array {
    list("ISO 3166-1 alpha-2 codes.", COUNTRY, 0, None, false)
}

/// Country codes, at least one.
pub(crate) fn some_countries() -> Array {
    list("Countries, at least one, all of them offered.", COUNTRY, 1, None, false)
}

/// Country codes that may be left out.
pub(crate) fn optional_countries() -> Array {
    list("Countries.", COUNTRY, 0, None, true)
}

/// Services of an offer.
pub(crate) fn services() -> Array {
    list("`Calling`, `AudioConferencing`.", "^(Calling|AudioConferencing)$", 0, None, false)
}

/// Types of numbers, perhaps none yet.
pub(crate) fn number_types() -> Array {
    let words = "^(user|service|conference)$";
    list("`user`, `service`, `conference`.", words, 0, None, false)
}

/// Countries of an invitation.
pub(crate) fn lead_countries() -> Array {
    list("Countries that the tenant may consent to, at least one.", COUNTRY, 1, None, false)
}

/// Names of licences.
pub(crate) fn licences() -> Array {
    list(
        "`teams_phone` for people, `resource_account` for queues.",
        LICENCE,
        0,
        MAX_LICENCES,
        false,
    )
}

/// Names of licences that may be left out.
pub(crate) fn optional_licences() -> Array {
    list("Replaces the licences.", LICENCE, 0, MAX_LICENCES, true)
}
