//! The HTTP faces of Meetpoint: `/programme/v1`, `/tenant/v1`, `/operator/v1`
//! and `/edge/v1`, the compatible ones at `/provapi` and `/operatorconnect`, with sign-in, the OpenAPI document, its page, the pages of
//! the error registry, and the web page itself.
//!
//! Handlers hold no rule: they parse the request, call one use case of
//! [`exchange`] and write its answer. Every refusal is a problem document
//! (RFC 9457) from the registry in [`api_types::problem`].

mod accounts;
mod address;
mod assets;
mod auth;
mod billing;
mod call_file;
mod calling;
mod clients;
mod compat;
mod conference;
mod csv;
mod edge;
mod emergency;
mod event;
mod explain;
mod extract;
mod failure;
mod finish;
mod fraud;
mod freeze;
mod gateway;
mod help;
mod inside;
mod limit;
mod links;
mod mail;
mod network;
mod oauth;
mod offer;
mod oidc;
mod openapi;
mod operator;
mod order;
mod policy;
mod programme;
mod respond;
mod scim;
mod session;
mod shared_limit;
mod shop;
mod spool;
mod strict;
mod tenant;
mod webhook;

use axum::{
    Extension, Router,
    extract::{ConnectInfo, DefaultBodyLimit},
    middleware,
    routing::get,
    serve::Listener,
};
use exchange::Exchange;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use std::{future::Future, net::IpAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tower::Layer;
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};

pub use openapi::openapi;

/// Largest request body, bytes. An order of 1,000 entries is about 200 kB.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// How the faces behave.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Requests a minute of one client, or of one address that has not proven
    /// who it is (design section 9). A whole minute's worth may come at once.
    pub requests_per_minute: u32,
    /// Requests a minute of one browser session, whose pages look every second.
    pub session_requests_per_minute: u32,
    /// Browsers reach us by https: session cookies are `Secure` and bound to the host.
    pub https: bool,
    /// Where clients and browsers reach us, `https://meetpoint.example`; as each request says
    /// where this is not known.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed: its last address, which
    /// they wrote themselves, is the caller's.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long the headers of a request may take, and how long a connection
    /// may be idle before them.
    pub header_timeout: Duration,
    /// Connections at a time; below the usual limit of 1,024 open files.
    pub connections: u32,
}

impl ApiConfig {
    /// Requests a minute of this caller.
    fn per_minute(&self, who: limit::Counted) -> u32 {
        match who {
            limit::Counted::Session(_) => self.session_requests_per_minute,
            limit::Counted::Client(_) | limit::Counted::Address(_) => self.requests_per_minute,
        }
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            requests_per_minute: 100,
            session_requests_per_minute: 1200,
            https: false,
            public_url: None,
            trusted_proxies: Vec::new(),
            header_timeout: Duration::from_secs(10),
            connections: 800,
        }
    }
}

/// What the faces stand on.
#[derive(Clone)]
pub struct ApiState {
    /// The use cases.
    pub exchange: Exchange,
    /// How to behave.
    pub config: ApiConfig,
}

/// What every handler reaches.
struct Shared {
    exchange: Exchange,
    config: ApiConfig,
    limits: limit::Limits,
    /// Streams of events that are open.
    streams: event::Streams,
    /// Turns true when the server stops: open streams end then.
    closing: Arc<watch::Sender<bool>>,
}

type App = Arc<Shared>;

/// Everything Meetpoint answers over HTTP.
///
/// Serve it with the peer's address as connect info (as [`serve`] does);
/// otherwise all callers who have not proven who they are share one limit.
pub fn router(state: ApiState) -> Router {
    build(app_of(state, Arc::default()))
}

/// Serves [`router`] until `shutdown` is ready, then lets requests finish and
/// ends the feeds of the edges.
///
/// A connection whose next request has not come to the end of its headers
/// within [`ApiConfig::header_timeout`] is closed; one too many waits until
/// another has ended.
pub async fn serve(
    mut listener: TcpListener,
    state: ApiState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let closing = Arc::<watch::Sender<bool>>::default();
    let (most, header_timeout) = (state.config.connections.max(1), state.config.header_timeout);
    let app = app_of(state, closing.clone());
    // Where there may be other nodes, limits hold over all of them.
    if app.exchange.is_shared() {
        tokio::spawn(shared_limit::share(app.clone(), closing.subscribe()));
    }
    let router = build(app);
    let seats = Arc::new(Semaphore::new(most as usize));
    let mut shutdown = pin!(shutdown);
    loop {
        let arrival = async {
            let seat = seats.clone().acquire_owned().await.expect("nobody closes the semaphore");
            // Waits where the system is out of files, rather than fail.
            let (stream, peer) = Listener::accept(&mut listener).await;
            (seat, stream, peer)
        };
        let (seat, stream, peer) = tokio::select! {
            arrival = arrival => arrival,
            () = &mut shutdown => break,
        };
        let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router.clone()));
        let mut told = closing.subscribe();
        tokio::spawn(async move {
            let mut builder = Builder::new(TokioExecutor::new()).http1_only();
            builder.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
            let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
            let told = async move { drop(told.wait_for(|closing| *closing).await) };
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = told => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::trace!(%error, %peer, "a connection broke");
            }
            drop(seat);
        });
    }
    drop(listener);
    closing.send_replace(true);
    // All seats are free once every connection has ended.
    let _all = seats.acquire_many(most).await;
    Ok(())
}

fn app_of(state: ApiState, closing: Arc<watch::Sender<bool>>) -> App {
    let limits = limit::Limits::default();
    let (exchange, config) = (state.exchange, state.config);
    Arc::new(Shared { exchange, config, limits, streams: event::Streams::default(), closing })
}

fn build(app: App) -> Router {
    let (api, _) = openapi::routes().split_for_parts();
    let api = api
        .merge(compat::token::routes())
        .nest(compat::BASE, compat::routes())
        .nest(scim::BASE, scim::unsupported())
        .nest(compat::directory::BASE, compat::directory::routes());
    let compressible = DefaultPredicate::new()
        // The feed of an edge must not wait in a compressor's buffer.
        .and(NotForContentType::const_new("application/octet-stream"));
    api.layer(middleware::from_fn_with_state(app.clone(), auth::identify))
        .route("/livez", get(help::livez))
        .route("/healthz", get(help::livez))
        .route("/readyz", get(help::readyz))
        .route("/openapi.json", get(openapi::document))
        .route("/errors", get(help::errors))
        .route("/errors/{code}", get(help::error))
        .merge(openapi::page())
        .method_not_allowed_fallback(help::method_not_allowed)
        .fallback(assets::asset)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(finish::finish))
        .layer(CompressionLayer::new().compress_when(compressible))
        .with_state(app)
}
