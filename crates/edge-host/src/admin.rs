//! The small listener for whoever runs a machine: metrics for Prometheus, how
//! the edge is, its alarms, and the trace of a call. Read only, and off unless
//! an address is set.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use domain::CdrId;
use edge::EdgeView;
use edge::inside::hep::HepConfig;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use crate::settings::{SettingsError, address, bounded, refuse};

/// What is told of looking inside; one text for flags and environment of `serve`
/// and `edge`.
#[derive(Args, Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct InsideWords {
    /// Address for /metrics, /status, /alarms and /trace; none by default
    #[arg(long, env = "MEETPOINT_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<String>,
    /// The bearer token that listener asks for; without one it shows neither traces nor alarms,
    /// and stays on this machine; better from the environment, where no process list shows it
    #[arg(
        long,
        env = "MEETPOINT_ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub admin_token: Option<String>,
    /// Megabytes of memory for the trace of recent and failed calls; 0 keeps none [default: 16]
    #[arg(long, env = "MEETPOINT_TRACE_MB", value_name = "MB")]
    pub trace_mb: Option<u32>,
    /// Send copies of all SIP messages to this HEPv3 collector (Homer) over UDP
    #[arg(long, env = "MEETPOINT_HEP_TARGET", value_name = "ADDRESS:PORT")]
    pub hep_target: Option<String>,
    /// Number of this capture node [default: 2001]
    #[arg(long, env = "MEETPOINT_HEP_ID", value_name = "NUMBER")]
    pub hep_id: Option<u32>,
    /// The collector's password; better from the environment, where no process list shows it
    #[arg(
        long,
        env = "MEETPOINT_HEP_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub hep_password: Option<String>,
}

impl InsideWords {
    /// These, and where they say nothing, those.
    pub fn or(self, other: Self) -> Self {
        Self {
            admin_listen: self.admin_listen.or(other.admin_listen),
            admin_token: self.admin_token.or(other.admin_token),
            trace_mb: self.trace_mb.or(other.trace_mb),
            hep_target: self.hep_target.or(other.hep_target),
            hep_id: self.hep_id.or(other.hep_id),
            hep_password: self.hep_password.or(other.hep_password),
        }
    }
}

/// Settings of looking inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsideSettings {
    /// The admin listener.
    pub admin: Option<AdminSettings>,
    /// Memory for traces, bytes.
    pub trace_bytes: usize,
    /// Where copies of messages go.
    pub hep: Option<HepConfig>,
}

/// Settings of the admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminSettings {
    /// Where.
    pub listen: SocketAddr,
    /// What callers prove themselves with.
    pub token: Option<String>,
}

/// The settings from their words.
///
/// # Errors
/// [`SettingsError`] names the setting and what to do.
pub fn inside_settings(words: InsideWords) -> Result<InsideSettings, SettingsError> {
    let admin = match words.admin_listen {
        Some(text) => {
            let listen = address("admin_listen", &text)?;
            let token = words.admin_token.filter(|token| !token.is_empty());
            if token.is_none() && !listen.ip().is_loopback() {
                return refuse(
                    "admin_token_missing",
                    "admin_token",
                    format_args!("{listen} can be reached from other machines"),
                    "Set MEETPOINT_ADMIN_TOKEN, or listen at 127.0.0.1.",
                );
            }
            Some(AdminSettings { listen, token })
        }
        None => None,
    };
    let megabytes = bounded("trace_mb", words.trace_mb.unwrap_or(16).into(), 0, 4096)?;
    let hep = match words.hep_target {
        Some(text) => Some(HepConfig {
            target: address("hep_target", &text)?,
            capture_id: words.hep_id.unwrap_or(2001),
            password: words.hep_password,
        }),
        None => None,
    };
    Ok(InsideSettings { admin, trace_bytes: megabytes as usize * 1024 * 1024, hep })
}

/// Tells the metrics of what runs beside the edge, in Prometheus' text form.
pub type Beside = Box<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// What the listener shows.
pub struct Admin {
    /// The edge in this process.
    pub edge: Option<EdgeView>,
    /// Metrics of what else runs in this process.
    pub beside: Option<Beside>,
    /// What callers prove themselves with.
    pub token: Option<String>,
}

/// Serves until `stop` turns true.
pub async fn serve(listener: TcpListener, admin: Admin, mut stop: watch::Receiver<bool>) {
    let admin = Arc::new(admin);
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .route("/alarms", get(alarms))
        .route("/trace", get(trace))
        .layer(middleware::from_fn_with_state(admin.clone(), known))
        .with_state(admin);
    let until = async move {
        // An error means that the sender is gone: stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(until).await {
        tracing::error!(%error, "the admin listener ended");
    }
}

type App = State<Arc<Admin>>;

fn refusal(status: StatusCode, code: &str, reason: &str, remedy: &str) -> Response {
    let body = serde_json::json!({ "code": code, "reason": reason, "remedy": remedy });
    (status, axum::Json(body)).into_response()
}

/// Lets through who has the token; without one, only what tells nothing of calls.
async fn known(State(admin): App, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    match &admin.token {
        Some(token) if same(token.as_bytes(), given.as_bytes()) => next.run(request).await,
        Some(_) => refusal(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "the admin token is missing or wrong",
            "Send it as Authorization: Bearer …",
        ),
        None if ["/trace", "/alarms"].contains(&request.uri().path()) => refusal(
            StatusCode::FORBIDDEN,
            "admin_token_missing",
            "traces and alarms name callers: they are shown only to who has the admin token, and \
             none is set",
            "Set MEETPOINT_ADMIN_TOKEN, or use `meetpoint explain call` and `meetpoint alarms`.",
        ),
        None => next.run(request).await,
    }
}

/// Compares without telling by its time how much was right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |wrong, (a, b)| wrong | (a ^ b)) == 0
}

async fn metrics(State(admin): App) -> Response {
    let mut text = admin.edge.as_ref().map(EdgeView::metrics).unwrap_or_default();
    if let Some(beside) = &admin.beside {
        text += &beside().await;
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn no_edge() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "no_edge",
        "no edge runs in this process",
        "Ask the listener of a `meetpoint edge`.",
    )
}

async fn status(State(admin): App) -> Response {
    match &admin.edge {
        Some(edge) => axum::Json(edge.status()).into_response(),
        None => no_edge(),
    }
}

async fn alarms(State(admin): App) -> Response {
    match &admin.edge {
        Some(edge) => {
            let (open, past) = edge.alarms();
            axum::Json(serde_json::json!({ "open": open, "past": past })).into_response()
        }
        None => no_edge(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    call: Option<Uuid>,
    call_id: Option<String>,
}

async fn trace(State(admin): App, Query(which): Query<Which>) -> Response {
    let Some(edge) = &admin.edge else { return no_edge() };
    let call_ids: Vec<Vec<u8>> = which.call_id.into_iter().map(String::into_bytes).collect();
    if which.call.is_none() && call_ids.is_empty() {
        return refusal(
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
            "no call is named",
            "Add ?call=ID or ?call_id=SIP-CALL-ID.",
        );
    }
    axum::Json(edge.trace(which.call.map(CdrId), &call_ids).await).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_others_reach_needs_a_token() {
        let words = |listen: &str, token: Option<&str>| InsideWords {
            admin_listen: Some(listen.into()),
            admin_token: token.map(str::to_owned),
            ..InsideWords::default()
        };
        for (listen, token, code) in [
            ("127.0.0.1:9", None, None),
            ("0.0.0.0:9", Some("t"), None),
            ("0.0.0.0:9", None, Some("admin_token_missing")),
            ("[::]:9", Some(""), Some("admin_token_missing")),
            ("nowhere", None, Some("address_invalid")),
        ] {
            let got = inside_settings(words(listen, token)).err().map(|error| error.code);
            assert_eq!(got, code, "{listen}");
        }
        let none = inside_settings(InsideWords::default()).expect("the defaults are good");
        assert_eq!((none.admin, none.trace_bytes, none.hep), (None, 16 << 20, None));
    }
}
