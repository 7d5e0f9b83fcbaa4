//! `meetpoint`: one binary for the exchange, its edges and its command line.

mod backup;
mod carrier;
mod cli;
mod demo;
mod house;
mod migrate;
mod reset;
mod serve;
mod settings;

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
    /// Run the exchange: API, web page, and an edge in the same process
    Serve(settings::ServeArgs),
    /// Check the settings of `serve` and show what they mean
    CheckConfig(settings::ServeArgs),
    /// Write everything of one moment into a file, while the exchange goes on
    Backup(backup::BackupArgs),
    /// Put a backup into a database of either kind; stop every node of it first
    Restore(backup::RestoreArgs),
    /// Databases: copy one into another
    Db {
        #[command(subcommand)]
        action: backup::DbAction,
    },
    /// Give a login a new password, on the host; printed this once
    PasswordReset(reset::ResetArgs),
    /// Run an edge alone, fed over HTTP
    Edge(edge_host::EdgeArgs),
    /// Run a whole exchange with simulated operators and phones
    Demo(demo::DemoArgs),
    /// Look into SIP messages, without a running Meetpoint
    Sip {
        #[command(subcommand)]
        action: cli::sip::Action,
    },
    /// Migration readiness: from exports to a verdict, without a running Meetpoint
    Migrate {
        #[command(subcommand)]
        action: migrate::Action,
    },
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
        Command::Serve(args) => serve::serve(args).await,
        Command::CheckConfig(args) => serve::check_config(args),
        Command::Backup(args) => backup::backup(args).await,
        Command::Restore(args) => backup::restore(args).await,
        Command::Db { action } => backup::db(action).await,
        Command::PasswordReset(args) => reset::reset(args).await,
        Command::Edge(args) => edge_host::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Sip { action } => cli::sip::run(action),
        Command::Migrate { action } => migrate::run(action).await,
        Command::Client(command) => cli::run(*command).await,
    }
}
