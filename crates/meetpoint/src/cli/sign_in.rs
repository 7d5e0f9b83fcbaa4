//! Signing in, the audit log, the keys of the edges.

use super::{
    Global,
    client::{Client, Paging},
    config::{Profile, Stored},
    error::CliError,
    output::{self, Columns},
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// `meetpoint login`.
#[derive(Debug, Args)]
pub struct Login {
    #[command(flatten)]
    global: Global,
    /// Read the secret from stdin instead of MEETPOINT_CLIENT_SECRET
    #[arg(long)]
    secret_stdin: bool,
}

impl Login {
    /// Wants JSON.
    pub fn json(&self) -> bool {
        self.global.json
    }

    /// Gets a token, which proves the credentials, and stores both.
    pub async fn run(self) -> Result<(), CliError> {
        let missing = |what: &str, remedy: &str| CliError::Usage {
            reason: format!("{what} is missing"),
            remedy: remedy.to_owned(),
        };
        let name = self.global.sign_in.clone().unwrap_or_else(|| "default".to_owned());
        let url = self
            .global
            .url
            .clone()
            .ok_or_else(|| missing("the address", "Give --url or MEETPOINT_URL."))?;
        let client_id =
            self.global.as_client.clone().ok_or_else(|| {
                missing("the client id", "Give --client-id or MEETPOINT_CLIENT_ID.")
            })?;
        let secret = if self.secret_stdin {
            if std::io::stdin().is_terminal() {
                eprint!("client secret: ");
            }
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map_err(|error| CliError::File {
                path: "stdin".into(),
                reason: error.to_string(),
            })?;
            line.trim().to_owned()
        } else {
            self.global.client_secret.clone().ok_or_else(|| {
                missing("the secret", "Set MEETPOINT_CLIENT_SECRET, or give --secret-stdin.")
            })?
        };
        let mut profile =
            Profile { url, client_id: Some(client_id), client_secret: Some(secret), token: None };
        let answer = Client::with(profile.clone(), None, false)?.sign_in().await?;
        profile.token = Some(answer.access_token);
        let mut stored = Stored::load()?;
        stored.profiles.insert(name.clone(), profile);
        stored.current = Some(name.clone());
        let path = stored.save()?;
        eprintln!("signed in as {name}, remembered in {}", path.display());
        let document = json!({ "profile": name, "scope": answer.scope });
        if self.global.json { output::json(&document) } else { output::document(&document) }
    }
}

/// `meetpoint logout`.
#[derive(Debug, Args)]
pub struct Logout {
    /// Which sign-in; the last one if left out
    #[arg(long = "as", value_name = "NAME", conflicts_with = "all")]
    profile: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
}

impl Logout {
    /// Forgets token and credentials.
    pub fn run(self) -> Result<(), CliError> {
        let mut stored = Stored::load()?;
        if self.all {
            stored = Stored::default();
        } else {
            let name = self.profile.or(stored.current.clone()).unwrap_or_default();
            if stored.profiles.remove(&name).is_none() {
                return Err(CliError::usage(format!("nobody is signed in as {name:?}")));
            }
            if stored.current.as_ref() == Some(&name) {
                stored.current = stored.profiles.keys().next().cloned();
            }
        }
        stored.save().map(drop)
    }
}

/// `meetpoint audit …`.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// The audit log, newest first
    List {
        #[command(flatten)]
        paging: Paging,
    },
}

const AUDIT: Columns = &[
    ("AT", "at"),
    ("WHO", "principal"),
    ("ACTION", "action"),
    ("SUBJECT", "subject"),
    ("REQUEST", "request_id"),
];

/// Runs `meetpoint audit …`.
pub async fn run_audit(client: &Client, action: AuditAction) -> Result<(), CliError> {
    let AuditAction::List { paging } = action;
    client.list("/programme/v1/audit", Vec::new(), &paging, AUDIT).await
}

/// `meetpoint edge-key …`.
#[derive(Debug, Subcommand)]
pub enum EdgeKeyAction {
    /// List them, oldest first, without the secrets
    List,
    /// Add one, which seals from in an hour on, and drop those a week out of use; no call is dropped
    Rotate,
}

const EDGE_KEYS: Columns = &[
    ("ID", "id"),
    ("CREATED", "created_at"),
    ("SEALS FROM", "seals_from"),
    ("OPENS UNTIL", "opens_until"),
];

/// Runs `meetpoint edge-key …`.
pub async fn run_edge_key(client: &Client, action: EdgeKeyAction) -> Result<(), CliError> {
    const PATH: &str = "/programme/v1/edge-keys";
    let answer = match action {
        EdgeKeyAction::List => client.get(PATH).await?,
        EdgeKeyAction::Rotate => client.send(Method::POST, PATH, None, None::<&()>).await?,
    };
    client.show_rows(&answer.body, EDGE_KEYS)
}
