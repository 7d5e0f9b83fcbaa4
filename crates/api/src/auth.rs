//! Who asks: a bearer token, or the session cookie of a browser.

use crate::{
    ApiConfig, App, MAX_BODY,
    failure::{Answer, Failure, refuse},
    finish::RequestId,
    limit::Counted,
};
use api_types::ErrorCode;
use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use exchange::{Access, Actor, Cx, Face, Role};
use sha2::{Digest, Sha256};
use std::{
    net::{IpAddr, SocketAddr},
    ops::Deref,
    time::{Duration, Instant},
};

/// Writes by cookie carry it: another site's page can send our cookie, never this header.
pub const CSRF: HeaderName = HeaderName::from_static("x-meetpoint-csrf");
/// Writes that carry the same key again get the first answer again.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a caller showed.
#[derive(Clone, Debug)]
pub enum Credential {
    Bearer(String),
    Cookie(String),
}

impl Credential {
    /// The secret itself.
    pub fn token(&self) -> &str {
        let (Self::Bearer(token) | Self::Cookie(token)) = self;
        token
    }

    /// An `Authorization` header goes before a cookie.
    fn read(headers: &HeaderMap, https: bool) -> Answer<Option<Self>> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value
                .to_str()
                .ok()
                .and_then(|value| value.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim());
            return match token {
                Some(token) if !token.is_empty() => Ok(Some(Self::Bearer(token.to_owned()))),
                _ => Err(refuse(
                    ErrorCode::Unauthenticated,
                    Some("Authorization"),
                    "the Authorization header is not of the form `Bearer <token>`",
                )),
            };
        }
        Ok(cookie(headers, cookie_name(https)).map(|value| Self::Cookie(value.to_owned())))
    }
}

/// The `__Host-` prefix binds the cookie to the host, which browsers allow over https only.
pub const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-meetpoint_session" } else { "meetpoint_session" }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// The outcome of identification, for [`Caller`] to take.
#[derive(Clone)]
struct Identified(Result<(Actor, Credential), Failure>);

#[derive(Clone)]
struct Idempotency(String, [u8; 32]);

/// Finds out who asks, counts the request against their limit, and refuses
/// writes that another site's page might have sent.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let peer = peer.map(|peer| caller_address(peer, request.headers(), &app.config));
    let unproven = Counted::address(peer);
    let (per_client, per_session) =
        (app.config.requests_per_minute, app.config.session_requests_per_minute);
    let identified = match Credential::read(request.headers(), app.config.https) {
        Err(failure) => Err(failure),
        Ok(None) => Err(refuse(
            ErrorCode::Unauthenticated,
            None,
            "the request carries neither a bearer token nor a session cookie",
        )),
        Ok(Some(shown)) => {
            let hash: [u8; 32] = Sha256::digest(shown.token()).into();
            // Guesses do not get as far as the database. Whoever has proven
            // themselves before is not stopped by a stranger at their address.
            if !app.limits.is_proven(&hash)
                && let Err(wait) = app.limits.check(unproven, per_client, Instant::now())
            {
                return rate_limited(per_client, wait);
            }
            let actor = app.exchange.actor_from_token(shown.token()).await;
            // A database that is away says nothing about the token.
            if let Err(problem) = &actor
                && problem.status >= 500
            {
                return Failure::from(problem.clone()).into_response();
            }
            app.limits.prove(hash, actor.is_ok());
            match actor {
                Ok(actor) => Ok((actor, shown)),
                Err(problem) => Err(problem.into()),
            }
        }
    };
    let limit = match &identified {
        // An edge is a part of the exchange itself: its records must not wait.
        Ok((Actor { role: Role::Edge, .. }, _)) => None,
        Ok((actor, Credential::Bearer(_))) => Some((Counted::Client(actor.principal), per_client)),
        Ok((actor, Credential::Cookie(_))) => {
            Some((Counted::Session(actor.principal), per_session))
        }
        Err(_) => Some((unproven, per_client)),
    };
    if let Some((who, per_minute)) = limit
        && let Err(wait) = app.limits.take(who, per_minute, Instant::now())
    {
        return rate_limited(per_minute, wait);
    }
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if writes
        && matches!(identified, Ok((_, Credential::Cookie(_))))
        && !request.headers().contains_key(CSRF)
    {
        return refuse(
            ErrorCode::CsrfMissing,
            Some("X-Meetpoint-CSRF"),
            "a write by session cookie came without the X-Meetpoint-CSRF header",
        )
        .into_response();
    }
    if identified.is_ok() && *request.method() == Method::POST {
        request = match with_idempotency(request).await {
            Ok(request) => request,
            Err(failure) => return failure.into_response(),
        };
    }
    request.extensions_mut().insert(Identified(identified));
    next.run(request).await
}

fn rate_limited(per_minute: u32, wait: Duration) -> Response {
    let reason = format!("more than {per_minute} requests a minute");
    let mut failure = refuse(ErrorCode::RateLimited, None, reason);
    failure.retry_after = Some(wait);
    failure.into_response()
}

/// The address of the caller: of the connection, or what a proxy we trust says of it.
fn caller_address(peer: IpAddr, headers: &HeaderMap, config: &ApiConfig) -> IpAddr {
    let is_it = |proxy: &IpAddr| proxy.to_canonical() == peer.to_canonical();
    if !config.trusted_proxies.iter().any(is_it) {
        return peer;
    }
    // The proxy appends; everything before the last is the caller's own word.
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .map(str::trim)
        .and_then(|last| {
            last.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|last| last.ip()))
        })
        .unwrap_or(peer)
}

/// Reads the body where an idempotency key has to be bound to it.
async fn with_idempotency(request: Request) -> Answer<Request> {
    if crate::spool::is_csv(request.headers()) {
        // A file is bound to its key as it is spooled: it may be larger than a document.
        return Ok(request);
    }
    let Some(key) = idempotency_key(request.headers())? else { return Ok(request) };
    let mut hash = request_hash(&request);
    let (parts, body) = request.into_parts();
    let bytes = read_body(Request::from_parts(parts.clone(), body)).await?;
    hash.update(&bytes);
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(Idempotency(key, hash.finalize().into()));
    Ok(request)
}

/// The idempotency key of a request, if it has one.
pub fn idempotency_key(headers: &HeaderMap) -> Answer<Option<String>> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()))
        .ok_or_else(|| {
            refuse(
                ErrorCode::InvalidParameter,
                Some("Idempotency-Key"),
                "an idempotency key has 1 to 200 visible ASCII characters",
            )
        })?
        .to_owned();
    Ok(Some(key))
}

/// What an idempotency key is bound to, up to the body.
pub fn request_hash(request: &Request) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(request.method().as_str());
    hash.update([0]);
    hash.update(request.uri().path());
    hash.update([0]);
    hash.update(request.uri().query().unwrap_or_default());
    hash.update([0]);
    hash
}

/// The whole body, within [`MAX_BODY`].
pub async fn read_body(request: Request) -> Answer<Bytes> {
    Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status().as_u16() == 413 {
            refuse(
                ErrorCode::BodyTooLarge,
                None,
                format!("the body is larger than {MAX_BODY} bytes"),
            )
        } else {
            refuse(ErrorCode::MalformedJson, None, "the body could not be read to its end")
        }
    })
}

/// A caller who has proven who they are and whose token covers the face.
#[derive(Clone)]
pub struct Caller {
    pub cx: Cx,
    pub credential: Credential,
}

impl Deref for Caller {
    type Target = Cx;
    fn deref(&self) -> &Cx {
        &self.cx
    }
}

/// What a request to `path` does; `None` where any signed-in caller will do. A use case may ask
/// for more: this is what can be told before the body is read.
pub fn access_of(method: &Method, path: &str) -> Option<(Face, Access)> {
    let face = match path.split('/').nth(1) {
        Some("programme") => Face::Programme,
        Some("operator") => Face::Operator,
        Some("tenant" | "operatorconnect") => Face::Tenant,
        Some("scim") => Face::Directory,
        Some("edge") => Face::Edge,
        _ => return None,
    };
    let reads = matches!(*method, Method::GET | Method::HEAD)
        // Asking what would happen changes nothing.
        || path.starts_with("/tenant/v1/explain/");
    let helps = path == "/programme/v1/fraud-blocks/release"
        || (path.starts_with("/tenant/v1/users/") && path.ends_with("/phone"))
        || (path.starts_with("/tenant/v1/mails/") && path.ends_with("/resend"));
    Some(match (reads, helps) {
        (true, _) => (face, Access::Read),
        (false, true) => (face, Access::Help),
        (false, false) => (face, Access::Write),
    })
}

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let Identified(identified) = parts.extensions.get::<Identified>().cloned().ok_or_else(
            // A route outside the layer of `identify` is our own mistake.
            || refuse(ErrorCode::Internal, None, "the request was not identified"),
        )?;
        let (actor, credential) = identified?;
        if let Some((face, access)) = access_of(&parts.method, parts.uri.path()) {
            exchange::admit(&actor, face, access)?;
        }
        let request_id =
            parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let idempotency_key =
            parts.extensions.get::<Idempotency>().map(|key| (key.0.clone(), key.1));
        Ok(Self { cx: Cx { actor, request_id, idempotency_key }, credential })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn reads_our_cookie_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; meetpoint_session=t; b=2"));
        assert_eq!(cookie(&headers, "meetpoint_session"), Some("t"));
        assert_eq!(cookie(&headers, "__Host-meetpoint_session"), None);
        assert!(matches!(Credential::read(&headers, false), Ok(Some(Credential::Cookie(_)))));
        assert!(matches!(Credential::read(&headers, true), Ok(None)));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert!(matches!(Credential::read(&headers, false), Ok(Some(Credential::Bearer(_)))));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic x"));
        assert!(Credential::read(&headers, false).is_err());
    }

    #[test]
    fn each_path_says_what_it_does() {
        for (method, path, access) in [
            (Method::GET, "/programme/v1/operators", Some((Face::Programme, Access::Read))),
            (Method::POST, "/operator/v1/number-orders", Some((Face::Operator, Access::Write))),
            (Method::POST, "/tenant/v1/explain/call", Some((Face::Tenant, Access::Read))),
            (Method::POST, "/tenant/v1/users/1/phone", Some((Face::Tenant, Access::Help))),
            (Method::POST, "/tenant/v1/mails/1/resend", Some((Face::Tenant, Access::Help))),
            (Method::DELETE, "/tenant/v1/consents/1", Some((Face::Tenant, Access::Write))),
            (Method::GET, "/operatorconnect/consents", Some((Face::Tenant, Access::Read))),
            (Method::PATCH, "/operatorconnect/consents/1", Some((Face::Tenant, Access::Write))),
            (Method::GET, "/edge/v1/snapshot", Some((Face::Edge, Access::Read))),
            (Method::GET, "/session", None),
        ] {
            assert_eq!(access_of(&method, path), access, "{method} {path}");
        }
    }
}
