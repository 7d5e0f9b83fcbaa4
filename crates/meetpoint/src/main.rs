//! `meetpoint`: one binary for the exchange, its edges and its command line.

mod cli;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Meetpoint: an open, self-hosted Operator Connect.
#[derive(Parser)]
#[command(name = "meetpoint", version, max_term_width = 100)]
struct Meetpoint {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print a completion script for your shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    #[command(flatten)]
    Client(Box<cli::Command>),
}

/// The whole command line as clap sees it.
fn command() -> clap::Command {
    Meetpoint::command()
}

#[tokio::main]
async fn main() -> ExitCode {
    match Meetpoint::parse().command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut command(), "meetpoint", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
        Command::Client(command) => cli::run(*command).await,
    }
}
