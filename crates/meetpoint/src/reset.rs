//! `meetpoint password-reset`: on the host, straight on the database.

use crate::backup::DatabaseArgs;
use exchange::{Exchange, ExchangeConfig};
use std::process::ExitCode;

/// Give a login a new password, printed this once; all its browser sessions end
#[derive(clap::Args, Clone, Debug)]
pub struct ResetArgs {
    /// Whose
    login: String,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Take the second factor away too, for who has lost device and recovery codes
    #[arg(long)]
    remove_totp: bool,
}

/// Runs it.
pub async fn reset(args: ResetArgs) -> ExitCode {
    let exchange = match Exchange::open(ExchangeConfig::new(args.database.url())).await {
        Ok(exchange) => exchange,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = exchange.password_reset(&args.login, args.remove_totp).await;
    exchange.close().await;
    match outcome {
        Ok(password) => {
            eprintln!("the new password of {}, shown this once; change it soon:", args.login);
            // Alone on standard output, so that a script can take it.
            if crate::cli::output::print(&format!("{password}\n")).is_err() {
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}
