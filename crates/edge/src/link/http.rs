use super::{ChangeStream, Feed, FeedError, Pending};
use feed::{
    alarm::EventBatch,
    cdr::CdrBatch,
    change::Position,
    inside::EdgeAnswer,
    wrap::{WrapKey, wrap_key},
};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use std::time::Duration;

/// The feed over authenticated HTTP.
#[derive(Clone, Debug)]
pub struct HttpFeed {
    base: String,
    token: String,
    client: Client,
}

/// The control plane sends a heartbeat every few seconds; silence for this
/// long means that the connection is dead.
const SILENCE: Duration = Duration::from_secs(20);

impl HttpFeed {
    /// `base` is the control plane's address, `https://meetpoint.example`;
    /// `token` belongs to a client of role `edge`.
    pub fn new(base: &str, token: &str) -> Result<Self, FeedError> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            .build()
            .map_err(unreachable)?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), token: token.to_owned(), client })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, FeedError> {
        let response = request.bearer_auth(&self.token).send().await.map_err(unreachable)?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::GONE => Err(FeedError::Gone),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(FeedError::Unauthorised),
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => {
                Err(FeedError::Unreachable(status.to_string()))
            }
            status if status.is_client_error() => {
                let body = response.text().await.unwrap_or_default();
                Err(FeedError::Refused(format!("{status}: {body}")))
            }
            status => Err(FeedError::Unreachable(status.to_string())),
        }
    }
}

impl Feed for HttpFeed {
    fn wrap_key(&self) -> WrapKey {
        wrap_key(&self.token)
    }

    fn snapshot(&self) -> Pending<'_, Vec<u8>> {
        Box::pin(async {
            let request = self.client.get(format!("{}/edge/v1/snapshot", self.base));
            let bytes = self.send(request).await?.bytes().await.map_err(unreachable)?;
            Ok(bytes.to_vec())
        })
    }

    fn changes(&self, since: Position) -> Pending<'_, Box<dyn ChangeStream>> {
        Box::pin(async move {
            let url = format!("{}/edge/v1/changes", self.base);
            let query = [("epoch", since.epoch.to_string()), ("since", since.position.to_string())];
            let response = self.send(self.client.get(url).query(&query)).await?;
            Ok(Box::new(HttpChanges(response)) as Box<dyn ChangeStream>)
        })
    }

    fn deliver_cdrs<'a>(&'a self, batch: &'a CdrBatch) -> Pending<'a, ()> {
        Box::pin(async move {
            let request = self.client.post(format!("{}/edge/v1/cdrs", self.base)).json(batch);
            self.send(request.timeout(Duration::from_secs(30))).await?;
            Ok(())
        })
    }

    fn deliver_events<'a>(&'a self, batch: &'a EventBatch) -> Pending<'a, ()> {
        Box::pin(async move {
            let request = self.client.post(format!("{}/edge/v1/events", self.base)).json(batch);
            self.send(request.timeout(Duration::from_secs(30))).await?;
            Ok(())
        })
    }

    fn answer<'a>(&'a self, answer: &'a EdgeAnswer) -> Pending<'a, ()> {
        Box::pin(async move {
            let request = self.client.post(format!("{}/edge/v1/answers", self.base)).json(answer);
            self.send(request.timeout(Duration::from_secs(10))).await?;
            Ok(())
        })
    }
}

struct HttpChanges(Response);

impl ChangeStream for HttpChanges {
    fn next_bytes(&mut self) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(async {
            Ok(self.0.chunk().await.map_err(unreachable)?.map(|bytes| bytes.to_vec()))
        })
    }
}

fn unreachable(error: reqwest::Error) -> FeedError {
    // The source chain names the cause (refused, timed out); the top line only the URL.
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    FeedError::Unreachable(text)
}
