//! Use cases: a tenant's people and groups as an identity provider keeps them (SCIM 2.0, RFC 7643
//! and RFC 7644). Documents are JSON objects here, since the RFC's attributes come and go one by one;
//! what is kept of them is parsed before it is written.

mod groups;
mod users;

use api_types::{ErrorCode, Problem};
use scim::{AttributePath, Filter, Kind, ScimError, Selection, sort_key};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use scim::{GROUP, Kind as ScimKind, USER, schema as scim_schema};

/// A JSON object.
pub type Object = Map<String, Value>;

/// Most resources of one answer.
pub const MOST_RESOURCES: i64 = 1000;
/// How many are returned where nobody says how many.
const USUAL_RESOURCES: i64 = 100;
/// People and groups are read so many at a time where all are looked at.
const PORTION: u32 = 1000;

/// Which resources, and what of them (RFC 7644 section 3.4.2).
#[derive(Clone, Debug, Default)]
pub struct ScimQuery {
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`: `ascending`, `descending`.
    pub sort_order: Option<String>,
    /// `startIndex`, from 1.
    pub start_index: Option<i64>,
    /// `count`
    pub count: Option<i64>,
    /// `attributes`
    pub attributes: Option<String>,
    /// `excludedAttributes`
    pub excluded: Option<String>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScimResource {
    /// Its id.
    pub id: String,
    /// Its ETag.
    pub version: String,
    /// What was asked for of it.
    pub body: Object,
}

/// Some of the resources that match.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimList {
    /// How many match.
    pub total: usize,
    /// The first of these, from 1.
    pub start_index: i64,
    /// These.
    pub resources: Vec<Object>,
}

pub(crate) fn problem(error: &ScimError) -> Problem {
    let code = match error {
        ScimError::InvalidFilter(_) => ErrorCode::ScimInvalidFilter,
        ScimError::InvalidSyntax(_) => ErrorCode::ScimInvalidSyntax,
        ScimError::InvalidPath(_) => ErrorCode::ScimInvalidPath,
        ScimError::NoTarget(_) => ErrorCode::ScimNoTarget,
        ScimError::InvalidValue(_) => ErrorCode::ScimInvalidValue,
        ScimError::Mutability(_) => ErrorCode::ScimMutability,
    };
    code.problem(None, error.to_string())
}

fn wrong_value(attribute: &str, reason: impl std::fmt::Display) -> Problem {
    ErrorCode::ScimInvalidValue.problem(Some(attribute), format!("{attribute}: {reason}"))
}

/// The query, read.
struct Wanted {
    filter: Option<Filter>,
    sort: Option<(AttributePath, bool)>,
    start: i64,
    count: i64,
    selection: Selection,
}

impl Wanted {
    fn read(kind: &Kind, query: &ScimQuery) -> Result<Self, Problem> {
        let filter = query.filter.as_deref().filter(|text| !text.trim().is_empty());
        let filter = filter.map(|text| Filter::parse(kind, text)).transpose();
        let filter = filter.map_err(|error| problem(&error))?;
        let falling = match query.sort_order.as_deref() {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(other) => {
                let reason = format!("{other:?} is neither ascending nor descending");
                return Err(ErrorCode::ScimInvalidValue.problem(Some("sortOrder"), reason));
            }
        };
        let sort = match query.sort_by.as_deref().filter(|name| !name.trim().is_empty()) {
            None => None,
            Some(name) => match AttributePath::parse(kind, name.trim()) {
                Some(path) => Some((path, falling)),
                None => {
                    let reason = format!("{name:?} is no attribute that is kept");
                    return Err(ErrorCode::ScimInvalidValue.problem(Some("sortBy"), reason));
                }
            },
        };
        Ok(Self {
            filter,
            sort,
            start: query.start_index.unwrap_or(1).max(1),
            count: query.count.unwrap_or(USUAL_RESOURCES).clamp(0, MOST_RESOURCES),
            selection: selection(kind, query),
        })
    }

    fn matches(&self, resource: &Object) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(resource))
    }

    /// What the filter demands of an attribute that has an index.
    fn demands(&self, name: &str) -> Option<String> {
        self.filter.as_ref()?.demands(name).map(str::to_owned)
    }

    /// The page of those that match, which are all there.
    fn page(&self, mut all: Vec<Object>) -> ScimList {
        if let Some((path, falling)) = self.sort {
            all.sort_by_cached_key(|resource| sort_key(path, resource));
            if falling {
                all.reverse();
            }
        }
        let total = all.len();
        let skip = usize::try_from(self.start - 1).unwrap_or(usize::MAX);
        let some = all.into_iter().skip(skip).take(self.count as usize);
        self.list(total, some)
    }

    fn list(&self, total: usize, some: impl Iterator<Item = Object>) -> ScimList {
        let resources = some.map(|resource| self.selection.of(resource)).collect();
        ScimList { total, start_index: self.start, resources }
    }
}

fn selection(kind: &Kind, query: &ScimQuery) -> Selection {
    Selection::parse(kind, query.attributes.as_deref(), query.excluded.as_deref())
}

/// If-Match against the version that is there, both compared weakly.
fn still(if_match: Option<&str>, version: &str) -> Result<(), Problem> {
    let bare = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
    };
    let Some(given) = if_match else { return Ok(()) };
    if given.trim() == "*" || given.split(',').any(|tag| bare(tag) == bare(version)) {
        return Ok(());
    }
    let reason = format!("you hold {given}, it is at {version}");
    Err(ErrorCode::VersionMismatch.problem(Some("If-Match"), reason))
}

/// Text of a field that our own faces know by another name.
fn renamed(problem: Problem, attribute: &str) -> Problem {
    wrong_value(attribute, problem.reason)
}

/// Text of an attribute; `None` where it is missing or empty.
fn text_of<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Longest externalId, characters.
const MOST_EXTERNAL: usize = 200;

fn external_id(object: &Object) -> Result<Option<String>, Problem> {
    match text_of(object, "externalId") {
        Some(id) if id.chars().count() > MOST_EXTERNAL || id.chars().any(char::is_control) => {
            Err(wrong_value("externalId", format!("it is 1 to {MOST_EXTERNAL} characters long")))
        }
        id => Ok(id.map(str::to_owned)),
    }
}

/// When something of this id was made, which its id says (RFC 9562 section 5.7).
fn made_at(id: uuid::Uuid) -> Option<String> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let time = jiff::Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?);
    time.ok().map(|time| time.to_string())
}
