//! Where this exchange is, as others see it.

use crate::App;
use axum::http::{HeaderMap, header};

/// The address that clients use: as the settings say, or as this request says.
pub fn base(app: &App, headers: &HeaderMap) -> String {
    if let Some(own) = &app.config.public_url {
        return own.trim_end_matches('/').to_owned();
    }
    let scheme = if app.config.https { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// The same where it is known rather than believed: a request could name another's address, and
/// bring what was meant for them.
pub fn own(app: &App, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_here = ["127.0.0.1", "localhost", "[::1]"].contains(&name);
    (app.config.public_url.is_some() || is_here).then(|| base(app, headers))
}
