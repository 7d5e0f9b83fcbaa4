//! `meetpoint user …` and `meetpoint queue …`.

use super::{
    client::{Client, Narrowed, Paging},
    error::CliError,
    output::Columns,
};
use api_types::tenant::{ResourceAccountCreate, UserCreate, UserUpdate};
use clap::Subcommand;
use reqwest::Method;
use std::path::PathBuf;

/// `meetpoint user …`.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// People
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// One person
    Show {
        /// UPN, name or id
        user: String,
    },
    /// Take phone and calls outside away, until the person is active again
    Deactivate {
        /// UPN, name or id
        user: String,
    },
    /// Give them back
    Activate {
        /// UPN, name or id
        user: String,
    },
    /// Remove a person who has no number
    Remove {
        /// UPN, name or id
        user: String,
    },
    /// Add a person
    Create {
        /// User principal name, `alice@contoso.example`
        upn: String,
        /// Name shown
        #[arg(long)]
        name: String,
        /// Country the person works in
        #[arg(long)]
        country: String,
        /// `teams_phone` is the telephony licence; may be repeated
        #[arg(long = "licence")]
        licences: Vec<String>,
    },
    /// Change the name shown
    Rename {
        /// UPN, name or id
        user: String,
        /// Name shown
        name: String,
    },
    /// Replace the licences; none takes all away
    License {
        /// UPN, name or id
        user: String,
        /// `teams_phone` is the telephony licence
        licences: Vec<String>,
    },
    /// New phone credentials; the password is shown this once
    Phone {
        /// UPN, name or id
        user: String,
    },
    /// Add and edit people from a CSV file, at most 1,000
    Import {
        /// A CSV file with a header; `-` is stdin. Columns: upn, display_name, country, licences
        file: PathBuf,
        /// Which header means what: `upn:Mail,display_name:#2`
        #[arg(long)]
        columns: Option<String>,
        /// Check everything, change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

const USERS: Columns = &[
    ("UPN", "upn"),
    ("NAME", "display_name"),
    ("COUNTRY", "country"),
    ("LICENCES", "licences"),
    ("NUMBER", "number"),
    ("PHONE", "has_phone"),
    ("ID", "id"),
];

/// Runs `meetpoint user …`.
pub async fn run_user(client: &Client, action: UserAction) -> Result<(), CliError> {
    const PATH: &str = "/tenant/v1/users";
    let (user, edit) = match action {
        UserAction::List { list } => {
            return client.list(PATH, list.query(), &list.paging, USERS).await;
        }
        UserAction::Show { user } => {
            let path = format!("{PATH}/{}", client.user(&user).await?);
            return client.show(&client.get(&path).await?.body);
        }
        UserAction::Create { upn, name, country, licences } => {
            let body = UserCreate { upn, display_name: name, country, licences };
            return client.show(&client.post(PATH, &body).await?.body);
        }
        UserAction::Phone { user } => {
            let path = format!("{PATH}/{}/phone", client.user(&user).await?);
            let answer = client.send(Method::POST, &path, None, None::<&()>).await?;
            return client.show(&answer.body);
        }
        UserAction::Import { file, columns, dry_run } => {
            let mut query = vec![("dry_run", dry_run.to_string())];
            query.extend(columns.map(|columns| ("columns", columns)));
            let bytes = super::numbers::read_bytes(&file)?;
            let answer = client.send_csv(&format!("{PATH}/csv"), &query, bytes).await?.body;
            client.show(&answer)?;
            let failed = answer["failed"].as_u64().unwrap_or(0);
            if failed > 0 {
                return Err(CliError::Partial {
                    reason: format!("{failed} of {} rows failed", answer["total"]),
                    remedy: "Correct the rows it names.",
                });
            }
            return Ok(());
        }
        UserAction::Rename { user, name } => {
            (user, UserUpdate { display_name: Some(name), ..UserUpdate::default() })
        }
        UserAction::License { user, licences } => {
            (user, UserUpdate { licences: Some(licences), ..UserUpdate::default() })
        }
        UserAction::Deactivate { user } => {
            (user, UserUpdate { active: Some(false), ..UserUpdate::default() })
        }
        UserAction::Activate { user } => {
            (user, UserUpdate { active: Some(true), ..UserUpdate::default() })
        }
        UserAction::Remove { user } => {
            let path = format!("{PATH}/{}", client.user(&user).await?);
            return client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body);
        }
    };
    let path = format!("{PATH}/{}", client.user(&user).await?);
    client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
}

/// `meetpoint queue …`.
#[derive(Debug, Subcommand)]
pub enum QueueAction {
    /// Call queues
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// One call queue
    Show {
        /// UPN, name or id
        queue: String,
    },
    /// Add a call queue: all agents ring, the first to answer has the call
    Create {
        /// User principal name
        upn: String,
        /// Name shown
        #[arg(long)]
        name: String,
        /// An agent, by UPN, name or id; may be repeated
        #[arg(long = "agent", required = true)]
        agents: Vec<String>,
        /// `resource_account` is the licence it needs before it gets a number; may be repeated
        #[arg(long = "licence")]
        licences: Vec<String>,
        /// Seconds the agents ring
        #[arg(long)]
        ring_seconds: Option<u32>,
    },
}

const QUEUES: Columns = &[
    ("UPN", "upn"),
    ("NAME", "display_name"),
    ("LICENCES", "licences"),
    ("NUMBER", "number"),
    ("RINGS s", "ring_seconds"),
    ("ID", "id"),
];

/// Runs `meetpoint queue …`.
pub async fn run_queue(client: &Client, action: QueueAction) -> Result<(), CliError> {
    const PATH: &str = "/tenant/v1/resource-accounts";
    match action {
        QueueAction::List { paging } => client.list(PATH, Vec::new(), &paging, QUEUES).await,
        QueueAction::Show { queue } => {
            let path = format!("{PATH}/{}", client.queue(&queue).await?);
            client.show(&client.get(&path).await?.body)
        }
        QueueAction::Create { upn, name, agents, licences, ring_seconds } => {
            let mut agent_ids = Vec::new();
            for agent in &agents {
                agent_ids.push(client.user(agent).await?);
            }
            let body = ResourceAccountCreate {
                upn,
                display_name: name,
                kind: "call_queue".to_owned(),
                licences,
                agent_ids,
                ring_seconds,
            };
            client.show(&client.post(PATH, &body).await?.body)
        }
    }
}
