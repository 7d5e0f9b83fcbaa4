//! `meetpoint webhook …`.

use super::{
    client::{Client, Face, Paging},
    error::CliError,
    output::Columns,
};
use api_types::webhook::{WebhookCreate, WebhookReplay, WebhookRotate, WebhookUpdate};
use clap::{Args, Subcommand};
use reqwest::Method;

/// `meetpoint webhook …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Subscriptions to events
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Subscribe: events are posted to an endpoint; its secret is shown this once
    Create(Create),
    /// One subscription
    Show {
        /// Id, description or endpoint
        webhook: String,
    },
    /// Change the endpoint, the types or the description
    Update(Update),
    /// Send events again, from where it stopped
    Enable {
        /// Id, description or endpoint
        webhook: String,
    },
    /// Send nothing for now; events wait in the log
    Disable {
        /// Id, description or endpoint
        webhook: String,
    },
    /// End a subscription
    Remove {
        /// Id, description or endpoint
        webhook: String,
    },
    /// Change the secret; the new one is shown this once
    RotateSecret {
        /// Id, description or endpoint
        webhook: String,
        /// How long the old one signs beside it [default: 24]
        #[arg(long, value_name = "HOURS")]
        keep_old_hours: Option<u32>,
    },
    /// Send a test event at once
    Test {
        /// Id, description or endpoint
        webhook: String,
    },
    /// Send again what follows a position
    Replay {
        /// Id, description or endpoint
        webhook: String,
        /// An event's id, a time, `start`, or `now` to skip what waits
        #[arg(long)]
        from: String,
    },
    /// Attempts to deliver, newest first
    Deliveries {
        /// Id, description or endpoint
        webhook: String,
        /// Only those that failed
        #[arg(long, conflicts_with = "delivered")]
        failed: bool,
        /// Only those that did not
        #[arg(long)]
        delivered: bool,
        #[command(flatten)]
        paging: Paging,
    },
}

/// `meetpoint webhook create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Where events go, `https://…`
    endpoint: String,
    /// What it is for
    #[arg(long, default_value = "")]
    description: String,
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Send nothing yet
    #[arg(long)]
    disabled: bool,
    /// Begin behind this event: an event's id, a time or `start`; now if left out
    #[arg(long)]
    from: Option<String>,
}

/// `meetpoint webhook update`.
#[derive(Debug, Args)]
pub struct Update {
    /// Id, description or endpoint
    webhook: String,
    /// Where events go
    #[arg(long)]
    endpoint: Option<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Replaces the types; may be repeated
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "all_types")]
    types: Vec<String>,
    /// Events of every type
    #[arg(long)]
    all_types: bool,
}

const WEBHOOKS: Columns = &[
    ("ENDPOINT", "endpoint"),
    ("DESCRIPTION", "description"),
    ("TYPES", "event_types"),
    ("ENABLED", "enabled"),
    ("FAILING SINCE", "failing_since"),
    ("NEXT", "next_attempt_at"),
    ("WHY DISABLED", "disabled_reason"),
    ("ID", "id"),
];
const DELIVERIES: Columns = &[
    ("AT", "at"),
    ("EVENT", "event_type"),
    ("ATTEMPT", "attempt"),
    ("DELIVERED", "delivered"),
    ("STATUS", "status"),
    ("MS", "ms"),
    ("ERROR", "error"),
    ("EVENT ID", "event_id"),
];

/// Where this sign-in's face begins.
pub async fn face(client: &Client) -> Result<&'static str, CliError> {
    Ok(match client.face().await? {
        Face::Programme => "/programme/v1",
        Face::Operator => "/operator/v1",
        Face::Tenant => "/tenant/v1",
    })
}

async fn path(client: &Client, text: &str) -> Result<String, CliError> {
    let all = format!("{}/webhooks", face(client).await?);
    let id = client.find("webhook", text, &all, &["description", "endpoint"], "id").await?;
    Ok(format!("{all}/{id}"))
}

async fn update(client: &Client, webhook: &str, edit: WebhookUpdate) -> Result<(), CliError> {
    let path = path(client, webhook).await?;
    client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
}

/// Runs `meetpoint webhook …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { paging } => {
            let all = format!("{}/webhooks", face(client).await?);
            client.list(&all, Vec::new(), &paging, WEBHOOKS).await
        }
        Action::Create(new) => {
            let body = WebhookCreate {
                endpoint: new.endpoint,
                description: new.description,
                event_types: new.types,
                enabled: !new.disabled,
                from: new.from,
            };
            let all = format!("{}/webhooks", face(client).await?);
            let made = client.post(&all, &body).await?.body;
            eprintln!("the secret is shown this once");
            client.show(&made)
        }
        Action::Show { webhook } => {
            let path = path(client, &webhook).await?;
            client.show(&client.get(&path).await?.body)
        }
        Action::Update(edit) => {
            let types = (edit.all_types || !edit.types.is_empty()).then_some(edit.types);
            let document = WebhookUpdate {
                endpoint: edit.endpoint,
                description: edit.description,
                event_types: types,
                enabled: None,
            };
            update(client, &edit.webhook, document).await
        }
        Action::Enable { webhook } => {
            let edit = WebhookUpdate { enabled: Some(true), ..WebhookUpdate::default() };
            update(client, &webhook, edit).await
        }
        Action::Disable { webhook } => {
            let edit = WebhookUpdate { enabled: Some(false), ..WebhookUpdate::default() };
            update(client, &webhook, edit).await
        }
        Action::Remove { webhook } => {
            let path = path(client, &webhook).await?;
            client.send(Method::DELETE, &path, None, None::<&()>).await?;
            eprintln!("removed");
            Ok(())
        }
        Action::RotateSecret { webhook, keep_old_hours } => {
            let path = path(client, &webhook).await?;
            let ask = WebhookRotate { keep_old_hours };
            let made = client.post(&format!("{path}/secret"), &ask).await?.body;
            eprintln!("the secret is shown this once");
            client.show(&made)
        }
        Action::Test { webhook } => {
            let path = path(client, &webhook).await?;
            let path = format!("{path}/test");
            let attempt = client.send(Method::POST, &path, None, None::<&()>).await?.body;
            client.show(&attempt)?;
            match attempt["delivered"].as_bool() {
                Some(true) => Ok(()),
                _ => Err(CliError::Partial {
                    reason: attempt["error"].as_str().unwrap_or("it was not delivered").to_owned(),
                    remedy: "See that the endpoint is reached from here and answers 2xx.",
                }),
            }
        }
        Action::Replay { webhook, from } => {
            let path = path(client, &webhook).await?;
            let ask = WebhookReplay { from };
            client.show(&client.post(&format!("{path}/replay"), &ask).await?.body)
        }
        Action::Deliveries { webhook, failed, delivered, paging } => {
            let path = path(client, &webhook).await?;
            let mut query = Vec::new();
            if failed || delivered {
                query.push(("failed", failed.to_string()));
            }
            client.list(&format!("{path}/deliveries"), query, &paging, DELIVERIES).await
        }
    }
}
