//! `meetpoint-edge`: an edge and nothing else.

use clap::Parser;
use std::process::ExitCode;

/// Run an edge of a Meetpoint exchange, fed over HTTP
#[derive(Parser)]
#[command(name = "meetpoint-edge", version, max_term_width = 100)]
struct MeetpointEdge {
    #[command(flatten)]
    edge: edge_host::EdgeArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    edge_host::run(MeetpointEdge::parse().edge).await
}
