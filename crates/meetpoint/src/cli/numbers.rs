//! `meetpoint number …`.

mod order;

use super::{
    client::{Client, Face, Narrowed},
    error::CliError,
    output::Columns,
};
use api_types::number::AssignmentPut;
use clap::{Args, Subcommand};
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint number …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Numbers: a tenant's, or an operator's at all tenants
    List(List),
    /// One number
    Show {
        /// E.164
        number: String,
    },
    /// Give a number to a person or a queue
    Assign(Assign),
    /// Take a number back
    Unassign {
        /// E.164
        number: String,
    },
    /// Operators: upload numbers to a tenant, and wait for the outcome
    Upload(order::Upload),
    /// Operators: release a tenant's numbers, and wait for the outcome
    Release(order::Release),
    /// Operators: uploads and releases so far
    #[command(subcommand)]
    Order(order::Order),
}

/// `meetpoint number list`.
#[derive(Debug, Args)]
pub struct List {
    /// Numbers that begin so, `+44207`
    #[arg(long)]
    prefix: Option<String>,
    /// `Unassigned`, `UserAssigned` or `VoiceApplicationAssigned`
    #[arg(long)]
    status: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`
    #[arg(long)]
    usage: Option<String>,
    /// Numbers of this operator, by name or id
    #[arg(long)]
    operator: Option<String>,
    /// ISO 3166-1 alpha-2
    #[arg(long)]
    country: Option<String>,
    /// Assigned to this user or account id
    #[arg(long, value_name = "ID")]
    assigned_to: Option<Uuid>,
    #[command(flatten)]
    narrowed: Narrowed,
}

/// `meetpoint number assign`.
#[derive(Debug, Args)]
pub struct Assign {
    /// E.164
    number: String,
    /// A person: UPN, name or id
    #[arg(long, required_unless_present = "queue")]
    user: Option<String>,
    /// A call queue: UPN, name or id
    #[arg(long, conflicts_with = "user")]
    queue: Option<String>,
    /// The emergency location's id; left out, the number keeps the one it has
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
}

const NUMBERS: Columns = &[
    ("NUMBER", "number"),
    ("OPERATOR", "operator_name"),
    ("COUNTRY", "country"),
    ("USAGE", "usage"),
    ("STATE", "activation_state"),
    ("ASSIGNED", "assignment_status"),
    ("TO", "assigned_to_name"),
];

fn path(number: &str) -> String {
    // What is not a number must still reach the server as one part of the path.
    let safe: String = number
        .bytes()
        .map(|b| match b {
            b'+' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => (b as char).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("/tenant/v1/numbers/{safe}")
}

/// Runs `meetpoint number …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List(list) => {
            let operator = match list.operator {
                Some(operator) => Some(client.operator(&operator).await?.to_string()),
                None => None,
            };
            let query = [
                ("prefix", list.prefix),
                ("status", list.status),
                ("usage", list.usage),
                ("operator_id", operator),
                ("country", list.country),
                ("assigned_to_id", list.assigned_to.map(|id| id.to_string())),
            ];
            let query = query.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let query = query.chain(list.narrowed.query());
            let path = match client.face().await? {
                Face::Operator => "/operator/v1/numbers",
                _ => "/tenant/v1/numbers",
            };
            client.list(path, query.collect(), &list.narrowed.paging, NUMBERS).await
        }
        Action::Show { number } => client.show(&client.get(&path(&number)).await?.body),
        Action::Assign(assign) => {
            let user_id = match &assign.user {
                Some(user) => Some(client.user(user).await?),
                None => None,
            };
            let resource_account_id = match &assign.queue {
                Some(queue) => Some(client.queue(queue).await?),
                None => None,
            };
            let body = AssignmentPut {
                user_id,
                resource_account_id,
                location_id: assign.location,
                dry_run: assign.dry_run,
            };
            let number = path(&assign.number);
            let to = format!("{number}/assignment");
            let answer = client.edit(Method::PUT, &number, &to, Some(&body)).await?;
            if assign.dry_run {
                eprintln!("dry run: nothing was changed");
            }
            client.show(&answer.body)
        }
        Action::Unassign { number } => {
            let number = path(&number);
            let to = format!("{number}/assignment");
            let answer = client.edit(Method::DELETE, &number, &to, None::<&()>).await?;
            client.show(&answer.body)
        }
        Action::Upload(upload) => upload.run(client).await,
        Action::Release(release) => release.run(client).await,
        Action::Order(action) => order::run(client, action).await,
    }
}
