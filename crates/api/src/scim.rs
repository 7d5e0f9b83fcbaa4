//! `/scim/v2`: a tenant's people and groups, kept by its identity provider (RFC 7644). Documents are
//! the RFC's, and so are refusals ([`written`]).

use crate::{
    App, address,
    auth::Caller,
    extract::{Json, Path, Query},
    failure::{Answer, Failure, refuse},
};
use api_types::{
    ErrorCode, Problem,
    scim::{ScimGroup, ScimListResponse, ScimPatch, ScimRefusal, ScimUser},
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use exchange::scim::{
    GROUP, MOST_RESOURCES, ScimKind, ScimList, ScimQuery, ScimResource, USER, scim_schema,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

/// Where the face is.
pub const BASE: &str = "/scim/v2";

const MEDIA: HeaderValue = HeaderValue::from_static("application/scim+json");

/// Which resources, and what of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParameters {
    /// `userName eq "ada@contoso.example"`, over the attributes that are kept.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// An attribute.
    #[serde(rename = "sortBy")]
    #[param(rename = "sortBy")]
    sort_by: Option<String>,
    /// `ascending`, `descending`.
    #[serde(rename = "sortOrder")]
    #[param(rename = "sortOrder")]
    sort_order: Option<String>,
    /// The first one, from 1.
    #[serde(rename = "startIndex")]
    #[param(rename = "startIndex")]
    start_index: Option<i64>,
    /// At most so many: 100, and never more than 1,000.
    count: Option<i64>,
    /// These attributes alone, parted by commas.
    attributes: Option<String>,
    /// All but these.
    #[serde(rename = "excludedAttributes")]
    #[param(rename = "excludedAttributes")]
    excluded_attributes: Option<String>,
}

/// What of a resource.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShownParameters {
    /// These attributes alone, parted by commas.
    attributes: Option<String>,
    /// All but these.
    #[serde(rename = "excludedAttributes")]
    #[param(rename = "excludedAttributes")]
    excluded_attributes: Option<String>,
}

impl From<ListParameters> for ScimQuery {
    fn from(given: ListParameters) -> Self {
        Self {
            filter: given.filter,
            sort_by: given.sort_by,
            sort_order: given.sort_order,
            start_index: given.start_index,
            count: given.count,
            attributes: given.attributes,
            excluded: given.excluded_attributes,
        }
    }
}

impl From<ShownParameters> for ScimQuery {
    fn from(given: ShownParameters) -> Self {
        Self {
            attributes: given.attributes,
            excluded: given.excluded_attributes,
            ..Self::default()
        }
    }
}

/// What the RFC has and this service has not.
pub fn unsupported() -> Router<App> {
    let refused = |what: &'static str| {
        any(async move || -> Failure {
            refuse(ErrorCode::ScimUnsupported, None, format!("{what} is not supported here"))
        })
    };
    Router::new()
        .route("/Bulk", refused("bulk"))
        .route("/Me", refused("a resource for whoever asks"))
        .route("/.search", refused("a search by POST"))
        .route("/Users/.search", refused("a search by POST"))
        .route("/Groups/.search", refused("a search by POST"))
}

/// Is this request to this face?
pub fn is_under(path: &str) -> bool {
    path.strip_prefix("/scim").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The RFC's word for a refusal (section 3.12, table 9).
fn scim_type(problem: &Problem) -> Option<&'static str> {
    Some(match ErrorCode::parse(&problem.code)? {
        ErrorCode::Conflict => "uniqueness",
        ErrorCode::ScimInvalidFilter => "invalidFilter",
        ErrorCode::ScimInvalidSyntax | ErrorCode::MalformedJson => "invalidSyntax",
        ErrorCode::ScimInvalidPath => "invalidPath",
        ErrorCode::ScimNoTarget => "noTarget",
        ErrorCode::ScimInvalidValue | ErrorCode::InvalidField | ErrorCode::InvalidParameter => {
            "invalidValue"
        }
        ErrorCode::ScimMutability => "mutability",
        _ => return None,
    })
}

/// A refusal in the RFC's shape.
pub fn written(failure: Failure, id: &str, bare: Response) -> Response {
    let Failure { problem, retry_after } = failure;
    if problem.status >= 500 {
        tracing::error!(request_id = id, code = problem.code, reason = problem.reason);
    }
    let scim_type = scim_type(&problem);
    // The RFC knows no 422.
    let status = match (problem.status, scim_type) {
        (422, Some(_)) => StatusCode::BAD_REQUEST,
        (status, _) => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let refusal = ScimRefusal {
        schemas: vec!["urn:ietf:params:scim:api:messages:2.0:Error".to_owned()],
        status: status.as_u16().to_string(),
        scim_type: scim_type.map(str::to_owned),
        detail: format!("{} ({}): {}", problem.reason, problem.code, problem.remedy),
    };
    let body = serde_json::to_vec(&refusal).unwrap_or_default();
    let (mut parts, _) = bare.into_parts();
    parts.status = status;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, MEDIA);
    crate::finish::challenge(status, &problem.code, &mut parts.headers);
    crate::finish::wait(retry_after, &mut parts.headers);
    Response::from_parts(parts, Body::from(body))
}

fn document(status: StatusCode, body: &Value) -> Response {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, MEDIA)], bytes).into_response()
}

fn resource(status: StatusCode, found: ScimResource) -> Response {
    let location = found.body.get("meta").and_then(|meta| meta["location"].as_str());
    let location = location.and_then(|text| HeaderValue::try_from(text).ok());
    let mut response = document(status, &Value::Object(found.body));
    if let Ok(tag) = HeaderValue::try_from(found.version) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if let (StatusCode::CREATED, Some(location)) = (status, location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn list(found: ScimList) -> Response {
    listed(found.total, found.start_index, found.resources.into_iter().map(Value::Object).collect())
}

fn listed(total: usize, start: i64, resources: Vec<Value>) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    document(StatusCode::OK, &body)
}

fn base(app: &App, headers: &HeaderMap) -> String {
    format!("{}{BASE}", address::base(app, headers))
}

fn if_match(headers: &HeaderMap) -> Option<String> {
    headers.get(header::IF_MATCH)?.to_str().ok().map(str::to_owned)
}

/// An id that is none names nothing.
fn id_of(kind: &str, text: &str) -> Answer<Uuid> {
    let missing = || refuse(ErrorCode::NotFound, None, format!("there is no {kind} {text} here"));
    text.parse().map_err(|_| missing())
}

/// What of SCIM there is
#[utoipa::path(
    get, path = "/scim/v2/ServiceProviderConfig", tag = "scim",
    responses((status = 200, description = "What is supported", body = Object,
        content_type = "application/scim+json"))
)]
pub async fn scim_config_get(State(app): State<App>, _: Caller, headers: HeaderMap) -> Response {
    let base = base(&app, &headers);
    let no = json!({ "supported": false });
    let yes = json!({ "supported": true });
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": yes,
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MOST_RESOURCES },
        "changePassword": no,
        "sort": yes,
        "etag": yes,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth bearer token",
            "description": "A token with the scope tenant.directory",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    });
    document(StatusCode::OK, &config)
}

/// The kinds of resources
#[utoipa::path(
    get, path = "/scim/v2/ResourceTypes", tag = "scim",
    responses((status = 200, description = "User and Group", body = ScimListResponse,
        content_type = "application/scim+json"))
)]
pub async fn scim_resource_type_list(
    State(app): State<App>,
    _: Caller,
    headers: HeaderMap,
) -> Response {
    let base = base(&app, &headers);
    let all = [USER, GROUP].map(|kind: ScimKind| kind.resource_type(&base)).to_vec();
    listed(all.len(), 1, all)
}

/// One kind of resources
#[utoipa::path(
    get, path = "/scim/v2/ResourceTypes/{name}", tag = "scim",
    params(("name" = String, Path, description = "User or Group")),
    responses((status = 200, description = "The kind", body = Object,
        content_type = "application/scim+json"))
)]
pub async fn scim_resource_type_get(
    State(app): State<App>,
    _: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let base = base(&app, &headers);
    let kind = [USER, GROUP].into_iter().find(|kind: &ScimKind| kind.name == name);
    let kind = kind.ok_or_else(|| {
        refuse(ErrorCode::NotFound, None, format!("there is no resource type {name} here"))
    })?;
    Ok(document(StatusCode::OK, &kind.resource_type(&base)))
}

/// The schemas
#[utoipa::path(
    get, path = "/scim/v2/Schemas", tag = "scim",
    responses((status = 200, description = "Every attribute that is kept", body = ScimListResponse,
        content_type = "application/scim+json"))
)]
pub async fn scim_schema_list(State(app): State<App>, _: Caller, headers: HeaderMap) -> Response {
    let all = scim_schema::schemas(&base(&app, &headers));
    listed(all.len(), 1, all)
}

/// One schema
#[utoipa::path(
    get, path = "/scim/v2/Schemas/{urn}", tag = "scim",
    params(("urn" = String, Path, description = "Its URN")),
    responses((status = 200, description = "The schema", body = Object,
        content_type = "application/scim+json"))
)]
pub async fn scim_schema_get(
    State(app): State<App>,
    _: Caller,
    Path(urn): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut all = scim_schema::schemas(&base(&app, &headers)).into_iter();
    let found =
        all.find(|schema| schema["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(&urn)));
    let found = found.ok_or_else(|| {
        refuse(ErrorCode::NotFound, None, format!("there is no schema {urn} here"))
    })?;
    Ok(document(StatusCode::OK, &found))
}

macro_rules! face {
    (
        $noun:literal, [$lists:literal, $adds:literal, $shows:literal, $replaces:literal,
        $changes:literal, $removes:literal], $path:literal, $one:literal, $body:ty,
        $list:ident, $create:ident, $get:ident, $replace:ident, $update:ident, $remove:ident
    ) => {
        #[utoipa::path(
            get, path = $path, tag = "scim", summary = $lists, params(ListParameters),
            responses((status = 200, description = "Those that match", body = ScimListResponse,
                content_type = "application/scim+json"))
        )]
        pub async fn $list(
            State(app): State<App>,
            caller: Caller,
            Query(query): Query<ListParameters>,
            headers: HeaderMap,
        ) -> Answer<Response> {
            let base = base(&app, &headers);
            Ok(list(app.exchange.$list(&caller, &base, &query.into()).await?))
        }

        #[utoipa::path(
            post, path = $path, tag = "scim", summary = $adds, params(ShownParameters),
            request_body(content = $body, content_type = "application/scim+json"),
            responses((status = 201, description = "The resource", body = $body,
                content_type = "application/scim+json"))
        )]
        pub async fn $create(
            State(app): State<App>,
            caller: Caller,
            Query(query): Query<ShownParameters>,
            headers: HeaderMap,
            Json(body): Json<Value>,
        ) -> Answer<Response> {
            let base = base(&app, &headers);
            let made = app.exchange.$create(&caller, &base, body, &query.into()).await?;
            Ok(resource(StatusCode::CREATED, made))
        }

        #[utoipa::path(
            get, path = $one, tag = "scim", summary = $shows,
            params(("id" = String, Path, description = "Its id"), ShownParameters),
            responses((status = 200, description = "The resource", body = $body,
                content_type = "application/scim+json"))
        )]
        pub async fn $get(
            State(app): State<App>,
            caller: Caller,
            Path(id): Path<String>,
            Query(query): Query<ShownParameters>,
            headers: HeaderMap,
        ) -> Answer<Response> {
            let (base, id) = (base(&app, &headers), id_of($noun, &id)?);
            let found = app.exchange.$get(&caller, &base, id, &query.into()).await?;
            Ok(resource(StatusCode::OK, found))
        }

        #[utoipa::path(
            put, path = $one, tag = "scim", summary = $replaces,
            request_body(content = $body, content_type = "application/scim+json"),
            params(("id" = String, Path, description = "Its id"), ShownParameters,
                ("If-Match" = Option<String>, Header, description = "The ETag last read")),
            responses((status = 200, description = "The resource", body = $body,
                content_type = "application/scim+json"))
        )]
        pub async fn $replace(
            State(app): State<App>,
            caller: Caller,
            Path(id): Path<String>,
            Query(query): Query<ShownParameters>,
            headers: HeaderMap,
            Json(body): Json<Value>,
        ) -> Answer<Response> {
            let (base, id) = (base(&app, &headers), id_of($noun, &id)?);
            let tag = if_match(&headers);
            let exchange = &app.exchange;
            let made =
                exchange.$replace(&caller, &base, id, tag.as_deref(), body, &query.into()).await?;
            Ok(resource(StatusCode::OK, made))
        }

        #[utoipa::path(
            patch, path = $one, tag = "scim", summary = $changes,
            request_body(content = ScimPatch, content_type = "application/scim+json"),
            params(("id" = String, Path, description = "Its id"), ShownParameters,
                ("If-Match" = Option<String>, Header, description = "The ETag last read")),
            responses((status = 200, description = "The resource", body = $body,
                content_type = "application/scim+json"))
        )]
        pub async fn $update(
            State(app): State<App>,
            caller: Caller,
            Path(id): Path<String>,
            Query(query): Query<ShownParameters>,
            headers: HeaderMap,
            Json(body): Json<Value>,
        ) -> Answer<Response> {
            let (base, id) = (base(&app, &headers), id_of($noun, &id)?);
            let tag = if_match(&headers);
            let exchange = &app.exchange;
            let made =
                exchange.$update(&caller, &base, id, tag.as_deref(), &body, &query.into()).await?;
            Ok(resource(StatusCode::OK, made))
        }

        #[utoipa::path(
            delete, path = $one, tag = "scim", summary = $removes,
            params(("id" = String, Path, description = "Its id"),
                ("If-Match" = Option<String>, Header, description = "The ETag last read")),
            responses((status = 204, description = "It is gone"))
        )]
        pub async fn $remove(
            State(app): State<App>,
            caller: Caller,
            Path(id): Path<String>,
            headers: HeaderMap,
        ) -> Answer<Response> {
            let id = id_of($noun, &id)?;
            app.exchange.$remove(&caller, id, if_match(&headers).as_deref()).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    };
}

face!(
    "user",
    [
        "People of the directory",
        "Add a person",
        "One person",
        "Replace a person",
        "Change a person",
        "Remove a person"
    ],
    "/scim/v2/Users",
    "/scim/v2/Users/{id}",
    ScimUser,
    scim_user_list,
    scim_user_create,
    scim_user_get,
    scim_user_replace,
    scim_user_update,
    scim_user_remove
);
face!(
    "group",
    [
        "Groups of the directory",
        "Add a group",
        "One group",
        "Replace a group",
        "Change a group",
        "Remove a group"
    ],
    "/scim/v2/Groups",
    "/scim/v2/Groups/{id}",
    ScimGroup,
    scim_group_list,
    scim_group_create,
    scim_group_get,
    scim_group_replace,
    scim_group_update,
    scim_group_remove
);
