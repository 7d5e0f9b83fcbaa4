//! `meetpoint mail …`.

use super::{
    client::{Client, Paging},
    error::CliError,
    output::Columns,
};
use clap::{Subcommand, builder::PossibleValuesParser};
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint mail …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Mails to your people, newest first: what waits, what was sent, what failed
    List {
        /// Only those that stand so
        #[arg(long, value_parser = PossibleValuesParser::new(["waiting", "sent", "failed"]))]
        state: Option<String>,
        /// To this person: user principal name or id
        #[arg(long)]
        user: Option<String>,
        /// About this number
        #[arg(long, value_name = "NUMBER")]
        number: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Send a failed one again
    Resend {
        /// Its id
        mail: Uuid,
    },
}

const MAILS: Columns = &[
    ("ID", "id"),
    ("WRITTEN", "created_at"),
    ("KIND", "kind"),
    ("NUMBER", "number"),
    ("ADDRESS", "address"),
    ("STATE", "state"),
    ("ATTEMPTS", "attempts"),
    ("ERROR", "error"),
];

/// Runs `meetpoint mail …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { state, user, number, paging } => {
            let user_id = match user {
                Some(user) => Some(client.user(&user).await?.to_string()),
                None => None,
            };
            let query = [("state", state), ("user_id", user_id), ("number", number)];
            let query = query.into_iter().filter_map(|(name, value)| Some((name, value?)));
            client.list("/tenant/v1/mails", query.collect(), &paging, MAILS).await
        }
        Action::Resend { mail } => {
            let path = format!("/tenant/v1/mails/{mail}/resend");
            client.show(&client.send(Method::POST, &path, None, None::<&()>).await?.body)
        }
    }
}
