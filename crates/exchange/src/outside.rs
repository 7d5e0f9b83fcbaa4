//! What the exchange asks of the outside over HTTP, behind a trait: it has no client of its own.

use serde_json::Value;
use std::pin::Pin;

/// An answer that comes later, or why none came.
pub type Awaited<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// An HTTP client that answers with JSON documents: of bounded size, within seconds, following no
/// redirects.
pub trait Outside: Send + Sync + std::fmt::Debug {
    /// `GET`, where anything but 200 is a failure.
    fn get(&self, url: &str) -> Awaited<'_, Value>;

    /// `POST` of a form, answered with the status and the document.
    fn post(&self, url: &str, form: Vec<(String, String)>) -> Awaited<'_, (u16, Value)>;
}

/// An exchange that reaches nothing outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Outside for Nowhere {
    fn get(&self, _: &str) -> Awaited<'_, Value> {
        Box::pin(async { Err("this exchange asks nothing of the outside".to_owned()) })
    }

    fn post(&self, _: &str, _: Vec<(String, String)>) -> Awaited<'_, (u16, Value)> {
        Box::pin(async { Err("this exchange asks nothing of the outside".to_owned()) })
    }
}

/// Whether keys and secrets may travel to this address: by https, or to this very machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let of_host = |rest: &str, host: &str| {
        rest.strip_prefix(host)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with(':'))
    };
    let plain = !url.chars().any(|c| c.is_control() || c.is_whitespace()) && url.len() <= 500;
    let local = url.strip_prefix("http://").is_some_and(|rest| {
        !rest.contains('@')
            && ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| of_host(rest, host))
    });
    plain && (local || url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn keys_come_by_https_or_from_this_machine() {
        for (url, safe) in [
            ("https://login.example/keys", true),
            ("http://127.0.0.1:8081/keys", true),
            ("http://localhost/keys", true),
            ("http://[::1]:9/keys", true),
            ("http://login.example/keys", false),
            ("http://127.0.0.1.evil.example/keys", false),
            ("http://localhost@evil.example/", false),
            ("http://localhost:80@evil.example/", false),
            ("https://", false),
            ("https://a b", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_safe(url), safe, "{url}");
        }
    }
}
