//! The exchange's HTTP client: JSON documents of others, within seconds and of bounded size.

use exchange::{Awaited, Outside};
use futures_util::StreamExt;
use reqwest::{Client, Response, redirect::Policy};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest answer, bytes: key sets are a few kilobytes.
const MOST: usize = 1 << 20;

/// Reaches others by https, and this machine by http; follows no redirects, since they would lead
/// where nobody said that keys may come from.
#[derive(Clone, Debug)]
struct Web(Client);

/// A client for [`exchange::ExchangeConfig`].
///
/// # Panics
/// Where the system has no TLS to offer.
pub fn outside() -> Arc<dyn Outside> {
    let client = Client::builder()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .user_agent(concat!("meetpoint/", env!("CARGO_PKG_VERSION")))
        .build();
    Arc::new(Web(client.expect("the TLS library starts")))
}

fn why(error: &reqwest::Error) -> String {
    // The innermost cause says what happened; the outer ones repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

async fn document(response: Response) -> Result<(u16, Value), String> {
    let status = response.status().as_u16();
    let (mut bytes, mut stream) = (Vec::new(), response.bytes_stream());
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part.map_err(|error| why(&error))?);
        if bytes.len() > MOST {
            return Err(format!("it answered with more than {MOST} bytes"));
        }
    }
    let document = serde_json::from_slice(&bytes);
    document
        .map(|document| (status, document))
        .map_err(|_| format!("it answered {status} with something that is not JSON"))
}

impl Outside for Web {
    fn get(&self, url: &str) -> Awaited<'_, Value> {
        let request = self.0.get(url).header("accept", "application/json");
        Box::pin(async move {
            match document(request.send().await.map_err(|error| why(&error))?).await? {
                (200, document) => Ok(document),
                (status, _) => Err(format!("it answered {status}")),
            }
        })
    }

    fn post(&self, url: &str, form: Vec<(String, String)>) -> Awaited<'_, (u16, Value)> {
        let request = self.0.post(url).header("accept", "application/json").form(&form);
        Box::pin(async move { document(request.send().await.map_err(|error| why(&error))?).await })
    }
}
