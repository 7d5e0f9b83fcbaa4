//! The exchange's API as a process of its own.

use crate::Outcome;
use api::{ApiConfig, ApiState};
use exchange::{Exchange, ExchangeConfig};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// A benchmark's client is not to be stopped by the limit on its requests.
const UNLIMITED: u32 = 100_000_000;

#[derive(clap::Args)]
pub struct Args {
    /// sqlite:// or postgres://
    #[arg(long, value_name = "URL")]
    database_url: String,
}

/// Serves until standard input ends.
#[expect(clippy::print_stdout, reason = "whoever started it reads where it answers")]
pub async fn run(args: Args) -> Outcome<()> {
    let exchange = Exchange::open(ExchangeConfig::new(&args.database_url)).await?;
    let owner = exchange.bootstrap().await?.ok_or("the database is not empty")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "{}",
        json!({ "http": listener.local_addr()?, "id": owner.client_id, "secret": owner.client_secret })
    );
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let worker = {
        let exchange = exchange.clone();
        tokio::spawn(async move { exchange.run_workers(stopping).await })
    };
    let config = ApiConfig { requests_per_minute: UNLIMITED, ..ApiConfig::default() };
    let over = async {
        let mut end = [0u8; 1];
        // Its end is all that ever comes.
        let _ = tokio::io::stdin().read(&mut end).await;
    };
    api::serve(listener, ApiState { exchange, config }, over).await?;
    stop.send_replace(true);
    worker.await?;
    Ok(())
}

/// That process, seen from the one that measures.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    /// The first programme owner.
    pub owner: (String, String),
}

impl Server {
    /// Starts it on an empty database.
    pub async fn start(database_url: &str) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--database-url", database_url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).await?;
        let told: Value = serde_json::from_str(&line)?;
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { child, address: text("http"), owner: (text("id"), text("secret")) })
    }

    /// Stops it.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        let _ = tokio::time::timeout(std::time::Duration::from_secs(10), self.child.wait()).await;
    }
}
