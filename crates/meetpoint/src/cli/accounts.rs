//! One's own account: login, password, second factor. Passwords come from standard input, where
//! no list of processes shows them.

use super::{client::Client, error::CliError};
use api_types::identity::{AccountPut, TotpConfirm, TotpRemove, TotpStart};
use clap::Subcommand;
use reqwest::Method;
use std::io::{BufRead, IsTerminal};

const ACCOUNT: &str = "/session/account";

/// `meetpoint account …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show your account
    Show,
    /// Give yourself a login and a password, or change them; reads the present password, if there
    /// is one, and the new one from standard input, a line each
    Set {
        /// What you sign in with
        login: String,
    },
    /// A second factor: codes of an authenticator app
    #[command(subcommand)]
    Totp(TotpAction),
}

/// `meetpoint account totp …`.
#[derive(Debug, Subcommand)]
pub enum TotpAction {
    /// Begin to add one; reads your password from standard input
    Start,
    /// Add it, with a code of the app; prints recovery codes, shown this once
    Confirm {
        /// The code that the app shows
        one_time_code: String,
    },
    /// Take it away; reads your password from standard input
    Remove {
        /// A code of the app, or a recovery code
        one_time_code: String,
    },
}

fn line(prompt: &str) -> Result<String, CliError> {
    if std::io::stdin().is_terminal() {
        eprint!("{prompt}: ");
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| CliError::File { path: "stdin".into(), reason: error.to_string() })?;
    let line = line.trim_end_matches(['\r', '\n']).to_owned();
    if line.is_empty() {
        return Err(CliError::usage(format!("the {prompt} is missing on standard input")));
    }
    Ok(line)
}

/// Runs `meetpoint account …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::Show => client.show(&client.get(ACCOUNT).await?.body),
        Action::Set { login } => {
            let has_one = match client.get(ACCOUNT).await {
                Ok(_) => true,
                Err(CliError::Refused(problem)) if problem.status == 404 => false,
                Err(error) => return Err(error),
            };
            let current_password = if has_one { Some(line("present password")?) } else { None };
            let body = AccountPut { login, password: line("new password")?, current_password };
            client.show(&client.send(Method::PUT, ACCOUNT, None, Some(&body)).await?.body)
        }
        Action::Totp(TotpAction::Start) => {
            let body = TotpStart { current_password: line("password")? };
            client.show(&client.post(&format!("{ACCOUNT}/totp"), &body).await?.body)
        }
        Action::Totp(TotpAction::Confirm { one_time_code }) => {
            let path = format!("{ACCOUNT}/totp/confirm");
            client.show(&client.post(&path, &TotpConfirm { one_time_code }).await?.body)
        }
        Action::Totp(TotpAction::Remove { one_time_code }) => {
            let body = TotpRemove { current_password: line("password")?, one_time_code };
            client.post(&format!("{ACCOUNT}/totp/remove"), &body).await.map(drop)
        }
    }
}
