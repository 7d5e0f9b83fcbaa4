//! Client commands: everything the web page can do, over the same API.

mod config;

use clap::Subcommand;
use std::process::ExitCode;

/// Commands that talk to a running Meetpoint.
#[derive(Subcommand)]
pub enum Command {
    /// Forget the stored token and credentials
    Logout,
}

/// Runs a client command; 0 done, 1 refused, 2 wrong usage.
pub async fn run(command: Command) -> ExitCode {
    match command {
        Command::Logout => match config::forget() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
    }
}
