//! An edge alone, as a program: `meetpoint edge` and `meetpoint-edge`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use edge::link::{Feed, HttpFeed};
use tokio::sync::watch;

use crate::GRACE;
use crate::admin::{InsideWords, inside_settings};
use crate::renewing::Renewing;
use crate::settings::{EdgeWords, edge_settings};
use crate::start::{start_admin, start_edge};

/// The command line or a setting is wrong.
pub const USAGE: u8 = 2;

/// A word to whoever started the program.
pub fn say(error: &dyn std::fmt::Display) {
    eprintln!("meetpoint: {error}");
}

/// Logs to stderr, as much as `RUST_LOG` asks for.
pub fn start_log(default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    // A second call (in tests) keeps the first subscriber.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// Listens for SIGTERM and SIGINT from this call on; what is returned ends with the first.
/// Call it before saying that the program is up: whoever heard that may send one.
pub fn told_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).expect("the runtime has its signal driver enabled");
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate()), listen(SignalKind::interrupt()));
    async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// An edge alone. Without credentials that last it could not outlive its token:
/// give it a client of role `edge`.
#[derive(Args, Clone, Debug)]
pub struct EdgeArgs {
    /// Address of the control plane, such as https://meetpoint.example
    #[arg(long, env = "MEETPOINT_URL", value_name = "URL")]
    pub url: String,
    /// Client id of role `edge`
    #[arg(long, env = "MEETPOINT_CLIENT_ID", requires = "client_secret")]
    pub client_id: Option<String>,
    /// Its secret; in the environment, other users of the machine do not see it
    #[arg(
        long,
        env = "MEETPOINT_CLIENT_SECRET",
        requires = "client_id",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub client_secret: Option<String>,
    /// A bearer token instead; the edge cannot renew it
    #[arg(long, env = "MEETPOINT_TOKEN", hide_env_values = true, allow_hyphen_values = true)]
    pub token: Option<String>,
    /// Folder for the snapshot, the journal and registrations
    #[arg(
        long,
        env = "MEETPOINT_DATA_DIR",
        value_name = "FOLDER",
        default_value = "meetpoint-edge"
    )]
    pub data_dir: PathBuf,
    /// How it listens, and with whom it shares the work
    #[command(flatten)]
    pub edge: EdgeWords,
    /// Seconds that calls being set up have when it is told to stop
    #[arg(long, env = "MEETPOINT_DRAIN_SECONDS", value_name = "SECONDS", default_value_t = 5)]
    pub drain_seconds: u64,
    /// What is told of looking inside
    #[command(flatten)]
    pub inside: InsideWords,
}

/// Runs an edge until it is told to stop: `meetpoint edge`, `meetpoint-edge`.
pub async fn run(args: EdgeArgs) -> ExitCode {
    let EdgeArgs { url, client_id, client_secret, token, data_dir, .. } = args;
    let settings = match edge_settings(args.edge) {
        Ok(settings) => settings,
        Err(error) => {
            say(&error);
            return ExitCode::from(USAGE);
        }
    };
    let inside = match inside_settings(args.inside) {
        Ok(inside) => inside,
        Err(error) => {
            say(&error);
            return ExitCode::from(USAGE);
        }
    };
    let feed: Result<Arc<dyn Feed>, _> = match (client_id, client_secret, token) {
        (Some(id), Some(secret), _) => {
            Renewing::new(&url, &id, &secret).map(|feed| Arc::new(feed) as Arc<dyn Feed>)
        }
        (_, _, Some(token)) => HttpFeed::new(&url, &token).map(|feed| Arc::new(feed) as _),
        _ => {
            say(&"credentials_missing: client_id: the edge has nothing to prove itself with. \
                  Give --client-id and --client-secret of a client of role edge, or --token.");
            return ExitCode::from(USAGE);
        }
    };
    start_log("info");
    let feed = match feed {
        Ok(feed) => feed,
        Err(error) => {
            say(&error);
            return ExitCode::FAILURE;
        }
    };
    let admin = inside.admin.clone();
    let stop_asked = told_to_stop();
    let running = match start_edge(settings, inside, &data_dir, feed) {
        Ok(running) => running,
        Err(error) => {
            say(&error);
            return ExitCode::FAILURE;
        }
    };
    for address in running.addresses() {
        let transport = match address.transport {
            feed::record::Transport::Udp => "UDP",
            feed::record::Transport::Tcp => "TCP",
        };
        let taken = if address.home { "" } else { " (while its own edge is gone)" };
        eprintln!("SIP over {transport}: {}{taken}", address.address);
    }
    let (stop, stopping) = watch::channel(false);
    let admin = match start_admin(admin, Some(&running), None, stopping).await {
        Ok(admin) => admin,
        Err(error) => {
            say(&error);
            running.shutdown().await;
            return ExitCode::FAILURE;
        }
    };
    if let Some((address, _)) = &admin {
        eprintln!("Admin:        http://{address}/");
    }
    stop_asked.await;
    eprintln!("Stopping.");
    running.drain(std::time::Duration::from_secs(args.drain_seconds)).await;
    stop.send_replace(true);
    running.shutdown().await;
    if let Some((_, task)) = admin {
        let _ = tokio::time::timeout(GRACE, task).await;
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        edge: EdgeArgs,
    }

    #[test]
    fn a_secret_may_begin_with_a_hyphen() {
        let line = ["edge", "--url", "http://x", "--client-id", "a", "--client-secret", "-5b"];
        let line = <Line as clap::Parser>::try_parse_from(line).expect("it is a good line");
        assert_eq!(line.edge.client_secret.as_deref(), Some("-5b"));
    }
}
