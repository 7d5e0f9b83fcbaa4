//! The feed over HTTP with credentials, renewing its token.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_types::identity::TokenAnswer;
use edge::link::{ChangeStream, Feed, FeedError, HttpFeed, Pending};
use feed::alarm::EventBatch;
use feed::cdr::CdrBatch;
use feed::change::Position;
use feed::inside::EdgeAnswer;
use feed::snapshot::Snapshot;
use feed::wrap::{WrapKey, wrap_key};
use reqwest::StatusCode;

/// The feed over HTTP for a client id and secret: gets tokens and gets new ones
/// when they end. What the edge keeps on disk is wrapped under the secret, which
/// outlives every token.
pub struct Renewing {
    base: String,
    client_id: String,
    client_secret: String,
    http: reqwest::Client,
    current: Mutex<Option<Arc<HttpFeed>>>,
}

impl Renewing {
    /// `base` is the control plane's address.
    ///
    /// # Errors
    /// [`FeedError::Unreachable`] where no HTTP client can be had.
    pub fn new(base: &str, client_id: &str, client_secret: &str) -> Result<Self, FeedError> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| FeedError::Unreachable(error.to_string()))?;
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            http,
            current: Mutex::new(None),
        })
    }

    async fn token(&self) -> Result<String, FeedError> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ];
        let unreachable = |error: reqwest::Error| FeedError::Unreachable(error.to_string());
        let url = format!("{}/oauth/token", self.base);
        let answer = self.http.post(url).form(&form).send().await.map_err(unreachable)?;
        match answer.status() {
            status if status.is_success() => {
                Ok(answer.json::<TokenAnswer>().await.map_err(unreachable)?.access_token)
            }
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => Err(FeedError::Unauthorised),
            status => Err(FeedError::Unreachable(status.to_string())),
        }
    }

    async fn feed(&self) -> Result<Arc<HttpFeed>, FeedError> {
        let known = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(feed) = known {
            return Ok(feed);
        }
        let feed = Arc::new(HttpFeed::new(&self.base, &self.token().await?)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(feed.clone());
        Ok(feed)
    }

    /// A feed with a new token: the old one is no longer good.
    async fn renewed(&self) -> Result<Arc<HttpFeed>, FeedError> {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.feed().await
    }

    /// A snapshot whose secrets stand under the client's secret instead of the
    /// token.
    async fn rewrapped(&self, feed: &HttpFeed) -> Result<Vec<u8>, FeedError> {
        let bytes = feed.snapshot().await?;
        let world = Snapshot::open(&bytes, &feed.wrap_key())
            .map_err(|error| FeedError::Unreachable(error.to_string()))?;
        Ok(world.write(&self.wrap_key()))
    }
}

impl Feed for Renewing {
    fn wrap_key(&self) -> WrapKey {
        wrap_key(&self.client_secret)
    }

    fn snapshot(&self) -> Pending<'_, Vec<u8>> {
        Box::pin(async {
            match self.rewrapped(&*self.feed().await?).await {
                Err(FeedError::Unauthorised) => self.rewrapped(&*self.renewed().await?).await,
                answer => answer,
            }
        })
    }

    fn changes(&self, since: Position) -> Pending<'_, Box<dyn ChangeStream>> {
        Box::pin(async move {
            match self.feed().await?.changes(since).await {
                Err(FeedError::Unauthorised) => self.renewed().await?.changes(since).await,
                answer => answer,
            }
        })
    }

    fn deliver_cdrs<'a>(&'a self, batch: &'a CdrBatch) -> Pending<'a, ()> {
        Box::pin(async move {
            match self.feed().await?.deliver_cdrs(batch).await {
                Err(FeedError::Unauthorised) => self.renewed().await?.deliver_cdrs(batch).await,
                answer => answer,
            }
        })
    }

    fn deliver_events<'a>(&'a self, batch: &'a EventBatch) -> Pending<'a, ()> {
        Box::pin(async move {
            match self.feed().await?.deliver_events(batch).await {
                Err(FeedError::Unauthorised) => self.renewed().await?.deliver_events(batch).await,
                answer => answer,
            }
        })
    }

    fn answer<'a>(&'a self, answer: &'a EdgeAnswer) -> Pending<'a, ()> {
        Box::pin(async move {
            match self.feed().await?.answer(answer).await {
                Err(FeedError::Unauthorised) => self.renewed().await?.answer(answer).await,
                taken => taken,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A control plane whose first token ends at once.
    async fn plane(tokens: Arc<AtomicU32>) -> String {
        type Tokens = State<Arc<AtomicU32>>;
        let token = |State(tokens): Tokens, body: String| async move {
            if !body.contains("client_secret=right") {
                return (axum::http::StatusCode::UNAUTHORIZED, String::new());
            }
            let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
            let answer = serde_json::json!({
                "access_token": format!("token-{number}"), "token_type": "Bearer",
                "expires_in": 3600, "scope": "edge",
            });
            (axum::http::StatusCode::OK, answer.to_string())
        };
        let cdrs = |headers: HeaderMap| async move {
            let good = headers.get("authorization").is_some_and(|v| v == "Bearer token-2");
            if good { axum::http::StatusCode::OK } else { axum::http::StatusCode::UNAUTHORIZED }
        };
        let faces = Router::new()
            .route("/oauth/token", post(token))
            .route("/edge/v1/cdrs", post(cdrs))
            .with_state(tokens);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        tokio::spawn(async move { axum::serve(listener, faces).await });
        base
    }

    #[tokio::test]
    async fn a_token_that_has_ended_is_renewed_and_the_delivery_repeated() {
        let tokens = Arc::new(AtomicU32::new(0));
        let base = plane(tokens.clone()).await;
        let feed = Renewing::new(&base, "an-edge", "right").expect("a client");
        let batch = CdrBatch { records: Vec::new() };
        assert_eq!(feed.deliver_cdrs(&batch).await, Ok(()));
        assert_eq!(feed.deliver_cdrs(&batch).await, Ok(()));
        assert_eq!(tokens.load(Ordering::SeqCst), 2, "a good token is kept");

        let stranger = Renewing::new(&base, "an-edge", "wrong").expect("a client");
        assert_eq!(stranger.deliver_cdrs(&batch).await, Err(FeedError::Unauthorised));
    }
}
