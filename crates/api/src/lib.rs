//! The HTTP faces of Meetpoint: `/programme/v1`, `/tenant/v1`, `/operator/v1`
//! and `/edge/v1`, with sign-in, the OpenAPI document, its page, the pages of
//! the error registry, and the web page itself.
//!
//! Handlers hold no rule: they parse the request, call one use case of
//! [`exchange`] and write its answer. Every refusal is a problem document
//! (RFC 9457) from the registry in [`api_types::problem`].

mod assets;
mod auth;
mod csv;
mod edge;
mod extract;
mod failure;
mod finish;
mod help;
mod limit;
mod oauth;
mod openapi;
mod operator;
mod programme;
mod respond;
mod session;
mod tenant;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use exchange::Exchange;
use std::{future::Future, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch};
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
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self { requests_per_minute: 100, session_requests_per_minute: 1200, https: false }
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
    /// Turns true when the server stops: open streams end then.
    closing: Arc<watch::Sender<bool>>,
}

type App = Arc<Shared>;

/// Everything Meetpoint answers over HTTP.
///
/// Serve it with the peer's address as connect info (as [`serve`] does);
/// otherwise all callers who have not proven who they are share one limit.
pub fn router(state: ApiState) -> Router {
    build(state, Arc::default())
}

/// Serves [`router`] until `shutdown` is ready, then lets requests finish and
/// ends the feeds of the edges.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let closing = Arc::<watch::Sender<bool>>::default();
    let service = build(state, closing.clone()).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            closing.send_replace(true);
        })
        .await
}

fn build(state: ApiState, closing: Arc<watch::Sender<bool>>) -> Router {
    let limits = limit::Limits::default();
    let app: App =
        Arc::new(Shared { exchange: state.exchange, config: state.config, limits, closing });
    let (api, _) = openapi::routes().split_for_parts();
    let compressible = DefaultPredicate::new()
        // The feed of an edge must not wait in a compressor's buffer.
        .and(NotForContentType::const_new("application/octet-stream"));
    api.layer(middleware::from_fn_with_state(app.clone(), auth::identify))
        .route("/healthz", get(help::healthz))
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
