//! `gauge`: what the API is measured with (`make bench-api`). It is no part of the product.
//!
//! `serve` is `meetpoint serve --no-edge` without the rest of that program, so that the benchmark
//! builds in minutes: the same API, use cases and order workers. `run` starts it as a process of
//! its own on an empty database and measures it from outside, over HTTP, beside bare statements
//! on the same database server.

mod assign;
mod bare;
mod feeds;
mod fill;
mod house;
mod http;
mod latency;
mod serve;
mod upload;

use clap::{Parser, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// Whatever went wrong: a benchmark ends with it.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the API.
#[derive(Parser)]
#[command(name = "gauge", version, max_term_width = 100)]
struct Gauge {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer over HTTP; one line of JSON says where
    Serve(serve::Args),
    /// Measure everything on one database; the last line of output is JSON
    Run(RunArgs),
}

#[derive(clap::Args)]
struct RunArgs {
    /// An empty database for the exchange
    #[arg(long, value_name = "URL")]
    database_url: String,
    /// An empty one for the bare statements
    #[arg(long, value_name = "URL")]
    bare_url: String,
    /// Numbers uploaded through orders of 1,000
    #[arg(long, default_value_t = 1_000_000)]
    upload: u32,
    /// Numbers assigned from one CSV file; PostgreSQL only
    #[arg(long, default_value_t = 100_000)]
    assign: u32,
    /// Numbers there are when they are looked up
    #[arg(long, default_value_t = 10_000_000)]
    numbers: u32,
    /// Requests at a time for look-ups and pages
    #[arg(long, default_value_t = 2)]
    concurrency: usize,
    /// Seconds of each round of look-ups and pages
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Rounds of look-ups and pages
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Changes a second while the feed is watched
    #[arg(long, default_value_t = 500)]
    changes: u32,
    /// For how many seconds
    #[arg(long, default_value_t = 15)]
    feed_seconds: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Gauge::parse().command {
        Command::Serve(args) => serve::run(args).await,
        Command::Run(args) => run(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gauge: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "the figures are this program's output")]
async fn run(args: &RunArgs) -> Outcome<()> {
    let server = serve::Server::start(&args.database_url).await?;
    let house = house::House::build(&server).await?;

    let uploaded = upload::run(&house, args.upload).await?;
    say(&format!("  upload: {} numbers in {:.1} s", args.upload, uploaded.as_secs_f64()));
    let bare = bare::upload(&args.database_url, &args.bare_url).await?;
    say(&format!("  the same rows, bare: {:.1} s", bare.as_secs_f64()));
    let ratio = uploaded.as_secs_f64() / bare.as_secs_f64();

    let places = fill::run(&house, &args.database_url, args.upload, args.numbers).await?;

    let (mut lookups, mut bares, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        let seconds = args.seconds;
        let bare = latency::bare(&args.database_url, &places, args.concurrency, seconds).await?;
        let ours = latency::lookups(&house, &places, args.concurrency, seconds).await?;
        let page = latency::pages(&house, &places, args.concurrency, seconds).await?;
        say(&format!(
            "  round {round}: look-up {ours}; bare {bare}; page {page}, {} answers",
            page.count
        ));
        lookups.push(ours.p50);
        bares.push(bare.p50);
        pages.push(page.p99);
    }
    let feed = feeds::run(&house, &args.database_url, args.changes, args.feed_seconds).await?;
    say(&format!("  feed: {}, {:.0} changes/s", feed.latency, feed.per_second));
    let assigned = if args.database_url.starts_with("postgres") {
        let count = args.assign.min(args.upload);
        Some(assign::run(&house, &args.database_url, &args.bare_url, count).await?)
    } else {
        None
    };
    if let Some(assigned) = &assigned {
        say(&format!(
            "  assignment: {} numbers from one file in {:.1} s; the same rows, bare: {:.1} s",
            assigned.numbers,
            assigned.ours.as_secs_f64(),
            assigned.bare.as_secs_f64()
        ));
    }
    server.stop().await;

    let (lookup, bare_lookup) = (latency::median(&mut lookups), latency::median(&mut bares));
    let mut figures = json!({
        "upload_s": uploaded.as_secs_f64(),
        "bare_upload_s": bare.as_secs_f64(),
        "upload_ratio": ratio,
        "lookup_p50_ms": lookup,
        "bare_lookup_p50_ms": bare_lookup,
        "lookup_added_ms": lookup - bare_lookup,
        "page_p99_ms": latency::median(&mut pages),
        "feed_p50_ms": feed.latency.p50,
        "feed_p99_ms": feed.latency.p99,
        "feed_changes_per_s": feed.per_second,
    });
    if let Some(assigned) = assigned {
        let (ours, bare) = (assigned.ours.as_secs_f64(), assigned.bare.as_secs_f64());
        figures["assign_s"] = json!(ours);
        figures["bare_assign_s"] = json!(bare);
        figures["assign_ratio"] = json!(ours / bare);
    }
    println!("{figures}");
    Ok(())
}
