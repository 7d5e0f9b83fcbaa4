//! HTTP as a client of whoever subscribed or vouches for people: no redirects, no proxies, no cookies, bounded in time
//! and in what is read, and only to addresses that the [`Guard`] admits.

use crate::{Answer, CallError, Fetcher, Fetching, Guard, Post, Poster, Posting};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

/// Most that is read of an answer before its connection is dropped.
const MAX_ANSWER: usize = 64 << 10;
/// Largest document, bytes: key sets are a few kilobytes.
const MAX_DOCUMENT: usize = 1 << 20;
/// How long a document may take.
const DOCUMENT: Duration = Duration::from_secs(5);
/// How long a connection may take to come about; several addresses of a host share it.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next event.
const IDLE: Duration = Duration::from_secs(15);
/// Longest `Retry-After` that is heard.
const MAX_RETRY_AFTER: u64 = 24 * 3600;

type Plain = Client<HttpConnector<Resolver>, Full<Bytes>>;
type Secure = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// The HTTP client.
pub struct Http {
    guard: Guard,
    /// In clear, where fewer addresses are admitted.
    plain: Plain,
    /// By https; made when it is first needed, since a machine without any certificates to
    /// believe is no reason not to start.
    secure: OnceLock<Result<Secure, CallError>>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("guard", &self.guard).finish_non_exhaustive()
    }
}

/// Resolves names, and hands on what the guard admits: what is connected to is what was checked,
/// however a name's addresses change.
#[derive(Clone)]
struct Resolver {
    guard: Guard,
    has_tls: bool,
}

impl tower_service::Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, CallError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            this.admitted(found.map_err(|_| CallError::Name)?)
        })
    }
}

impl Resolver {
    fn admitted(
        &self,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<std::vec::IntoIter<SocketAddr>, CallError> {
        let (mut good, mut refused) = (Vec::new(), None);
        for address in found {
            match self.guard.admit(address.ip(), self.has_tls) {
                Ok(()) => good.push(address),
                Err(error) => refused = Some(error),
            }
        }
        // A name that stands for one inside and one outside is up to no good.
        match refused {
            Some(error) => Err(error),
            None if good.is_empty() => Err(CallError::Name),
            None => Ok(good.into_iter()),
        }
    }
}

impl Http {
    /// A client that calls what the guard admits, and believes the certificates that this
    /// machine believes.
    pub fn new(guard: Guard) -> Self {
        let plain = pooled(connector(&guard, false));
        Self { guard, plain, secure: OnceLock::new() }
    }

    /// The same with another idea of whom to believe.
    pub fn with_tls(guard: Guard, tls: ClientConfig) -> Self {
        let secure = OnceLock::from(Ok(secure(&guard, tls)));
        Self { secure, ..Self::new(guard) }
    }

    fn secure(&self) -> Result<&Secure, CallError> {
        let made = self.secure.get_or_init(|| match believed() {
            Ok(tls) => Ok(secure(&self.guard, tls)),
            Err(error) => {
                Err(CallError::Tls(format!("this machine's certificates cannot be read: {error}")))
            }
        });
        made.as_ref().map_err(Clone::clone)
    }

    async fn ask(
        &self,
        method: Method,
        url: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> Result<Response<Incoming>, CallError> {
        let url = self.guard.read(url)?;
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|error| CallError::Url(format!("it is no URL: {error}")))?;
        let agent = concat!("meetpoint/", env!("CARGO_PKG_VERSION"));
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(agent));
        for (name, value) in headers {
            let value = HeaderValue::try_from(value)
                .map_err(|_| CallError::Broken(format!("{name} cannot be sent")))?;
            request.headers_mut().insert(name, value);
        }
        let answer = if url.scheme() == "https" {
            self.secure()?.request(request).await
        } else {
            self.plain.request(request).await
        };
        answer.map_err(|error| told(&error))
    }

    async fn send(&self, post: Post) -> Result<Answer, CallError> {
        let mut headers = vec![(CONTENT_TYPE.as_str(), "application/json".to_owned())];
        headers.extend(post.headers);
        let answer = self.ask(Method::POST, &post.url, headers, post.body).await?;
        let status = answer.status().as_u16();
        let retry_after = retry_after(&answer);
        // Read to its end the connection serves again; one that goes on and on is dropped.
        let _ = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        Ok(Answer { status, retry_after })
    }

    async fn document(
        &self,
        method: Method,
        url: &str,
        form: Option<String>,
    ) -> Result<(u16, Value), CallError> {
        let mut headers = vec![(ACCEPT.as_str(), "application/json".to_owned())];
        if form.is_some() {
            let form = "application/x-www-form-urlencoded".to_owned();
            headers.push((CONTENT_TYPE.as_str(), form));
        }
        let body = form.unwrap_or_default().into_bytes();
        let read = async {
            let answer = self.ask(method, url, headers, body).await?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), MAX_DOCUMENT).collect().await;
            let body = body.map_err(|error| match error.is::<LengthLimitError>() {
                true => CallError::Answer(format!("with more than {MAX_DOCUMENT} bytes")),
                false => told(&*error),
            })?;
            let document = serde_json::from_slice(&body.to_bytes());
            let document = document.map_err(|_| {
                CallError::Answer(format!("{status} with something that is not JSON"))
            })?;
            Ok((status, document))
        };
        let read = tokio::time::timeout(DOCUMENT, read).await;
        read.unwrap_or(Err(CallError::Timeout(DOCUMENT)))
    }
}

impl Fetcher for Http {
    fn check(&self, url: &str) -> Result<(), CallError> {
        self.guard.read(url).map(drop)
    }

    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a, Value> {
        Box::pin(async move {
            match self.document(Method::GET, url, None).await? {
                (200, document) => Ok(document),
                (status, _) => Err(CallError::Answer(status.to_string())),
            }
        })
    }

    fn post_form<'a>(
        &'a self,
        url: &'a str,
        form: &'a [(&'a str, &'a str)],
    ) -> Fetching<'a, (u16, Value)> {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(form);
        Box::pin(self.document(Method::POST, url, Some(text.finish())))
    }
}

impl Poster for Http {
    fn check(&self, url: &str) -> Result<(), CallError> {
        self.guard.read(url).map(drop)
    }

    fn post(&self, post: Post) -> Posting<'_> {
        let timeout = post.timeout;
        Box::pin(async move {
            let sent = tokio::time::timeout(timeout, self.send(post)).await;
            sent.unwrap_or(Err(CallError::Timeout(timeout)))
        })
    }
}

fn connector(guard: &Guard, has_tls: bool) -> HttpConnector<Resolver> {
    let mut http = HttpConnector::new_with_resolver(Resolver { guard: guard.clone(), has_tls });
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT));
    http.set_nodelay(true);
    http
}

fn pooled<C>(connector: C) -> Client<C, Full<Bytes>>
where
    C: Connect + Clone,
{
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(4)
        .build(connector)
}

fn secure(guard: &Guard, tls: ClientConfig) -> Secure {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_only()
        .enable_http1()
        .wrap_connector(connector(guard, true));
    pooled(connector)
}

fn believed() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth())
}

/// In seconds; a date is not worth a calendar here.
fn retry_after(answer: &Response<Incoming>) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER)))
}

/// What went wrong, from the innermost cause outwards.
fn told(error: &(dyn Error + 'static)) -> CallError {
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    let mut last = String::new();
    let mut is_connect = false;
    while let Some(cause) = at {
        if let Some(own) = cause.downcast_ref::<CallError>() {
            return own.clone();
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return CallError::Tls(tls.to_string());
        }
        if let Some(client) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
            is_connect |= client.is_connect();
        }
        last = cause.to_string();
        // An error of the system wraps another without naming it as its source.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        at = match wrapped {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    if is_connect { CallError::Connect(last) } else { CallError::Broken(last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_one_foot_inside_is_refused_whole() {
        let resolver = Resolver { guard: Guard::default(), has_tls: true };
        let at = |text: &str| SocketAddr::new(text.parse().expect("an address"), 443);
        let both = [at("93.184.215.14"), at("127.0.0.1")];
        let refused = resolver.admitted(both.into_iter()).expect_err("refused");
        assert_eq!(refused.code(), "address_refused");
        let outside = resolver.admitted([at("93.184.215.14")].into_iter()).expect("admitted");
        assert_eq!(outside.count(), 1);
        let nobody = resolver.admitted(std::iter::empty()).expect_err("nobody");
        assert_eq!(nobody, CallError::Name);
    }
}
