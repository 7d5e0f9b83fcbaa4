//! `meetpoint number …`.

pub mod order;

pub use order::read_bytes;

use super::{
    client::{Client, Face, Narrowed, Paging},
    error::CliError,
    output::{self, Columns},
};
use api_types::number::{
    AssignmentBlockPut, AssignmentPut, DirectNumberCreate, DirectNumbersCreate, DisputeUpdate,
    NumberSettingsPut, TagsPut,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
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
    /// Add Direct Routing numbers, of your own PSTN access: those named, or those of a file
    Add(Add),
    /// Remove a Direct Routing number that nobody is assigned
    Remove {
        /// E.164
        number: String,
    },
    /// Take a number back
    Unassign {
        /// E.164
        number: String,
        /// Keep it from being assigned: `none`, `forever` or 1 to 365 days; the tenant's default if
        /// left out
        #[arg(long)]
        block: Option<String>,
    },
    /// Undo the last assignment of a number, or its end, and wait for the outcome
    Undo {
        /// E.164
        number: String,
        /// Check everything, change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// The same for many numbers: assign, unassign, location, tags or usage; wait for the outcome
    Bulk(order::Bulk),
    /// Replace a number's tags; none takes all away
    Tag {
        /// E.164
        number: String,
        /// At most 50, of at most 50 characters each
        tags: Vec<String>,
    },
    /// The tenant's tags, with how many numbers have each
    Tags {
        #[command(flatten)]
        paging: Paging,
    },
    /// Keep a number from being assigned
    Block {
        /// E.164
        number: String,
        /// 1 to 365 days; for ever if left out
        #[arg(long)]
        days: Option<u32>,
    },
    /// Lift a number's block
    Unblock {
        /// E.164
        number: String,
    },
    /// What is done with numbers unless an operation says otherwise
    #[command(subcommand)]
    Settings(Settings),
    /// Operators: upload numbers to a tenant, and wait for the outcome
    Upload(order::Upload),
    /// Operators: release a tenant's numbers, and wait for the outcome
    Release(order::Release),
    /// Operators: change usage, calling profile or location of a tenant's numbers, and wait
    Update(order::Update),
    /// Orders so far: an operator's, or a tenant's own
    #[command(subcommand)]
    Order(order::Order),
    /// Operators: what failed in orders, until it is dismissed
    #[command(subcommand)]
    Messages(Messages),
    /// Operators and the programme: disputes on who has a number by right
    #[command(subcommand)]
    Dispute(Disputes),
}

/// `meetpoint number add`.
#[derive(Debug, Args)]
pub struct Add {
    /// E.164; may be several
    #[arg(required_unless_present = "file")]
    numbers: Vec<String>,
    /// A CSV file with the column `number`, and `usage`, `location_id` and `country` where they
    /// differ; `-` for stdin
    #[arg(long, value_name = "FILE", conflicts_with = "numbers")]
    file: Option<PathBuf>,
    /// `CallingUserAssignment` (default) or `FirstPartyAppAssignment`
    #[arg(long)]
    usage: Option<String>,
    /// Emergency location, its id
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
}

/// `meetpoint number dispute …`.
#[derive(Debug, Subcommand)]
pub enum Disputes {
    /// Newest first
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// End one: a claimant withdraws, a holder concedes, the programme upholds or rejects
    End {
        /// Its id
        dispute: Uuid,
        /// `withdrawn`, `conceded`, `upheld` or `rejected`
        state: String,
        /// Why; the programme has to say it
        #[arg(long)]
        comment: Option<String>,
    },
}

/// `meetpoint number settings …`.
#[derive(Debug, Subcommand)]
pub enum Settings {
    /// As they are
    Show,
    /// Replace them; what is left out is off
    Set {
        /// Whoever is given a number is to hear of it by mail
        #[arg(long)]
        assignment_email: bool,
        /// Whoever loses one too
        #[arg(long)]
        unassignment_email: bool,
        /// Numbers that are taken back are blocked until somebody lifts it
        #[arg(long, conflicts_with = "block_days")]
        block_forever: bool,
        /// Or for so many days, 1 to 365
        #[arg(long)]
        block_days: Option<u32>,
        /// Numbers of people who are deactivated or removed are taken back
        #[arg(long)]
        free_leavers: bool,
    },
}

/// `meetpoint number messages …`.
#[derive(Debug, Subcommand)]
pub enum Messages {
    /// Newest first
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// Somebody has seen to it
    Dismiss {
        /// Its id
        message: Uuid,
    },
}

/// `meetpoint number list`.
#[derive(Debug, Args)]
pub struct List {
    /// Numbers that begin so, `+44207`
    #[arg(long)]
    prefix: Option<String>,
    /// `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`, `ConferenceAssigned` or
    /// `PolicyAssigned`
    #[arg(long)]
    status: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`
    #[arg(long)]
    usage: Option<String>,
    /// What people have as this: `Primary`, `Private` or `Alternate`
    #[arg(long)]
    category: Option<String>,
    /// Numbers of this operator, by name or id
    #[arg(long)]
    operator: Option<String>,
    /// ISO 3166-1 alpha-2
    #[arg(long)]
    country: Option<String>,
    /// Assigned to this user or account id
    #[arg(long, value_name = "ID")]
    assigned_to: Option<Uuid>,
    /// With this tag
    #[arg(long)]
    tag: Option<String>,
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
    /// What it is to the person: `Primary`, `Private` (inbound only) or `Alternate` (a second line)
    #[arg(long, conflicts_with = "queue")]
    category: Option<String>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
}

const NUMBERS: Columns = &[
    ("NUMBER", "number"),
    ("OPERATOR", "operator_name"),
    ("TYPE", "number_type"),
    ("COUNTRY", "country"),
    ("USAGE", "usage"),
    ("STATE", "activation_state"),
    ("ASSIGNED", "assignment_status"),
    ("TO", "assigned_to_name"),
    ("AS", "assignment_category"),
    ("TAGS", "tags"),
    ("BLOCK", "assignment_blocked_state"),
];
const ADDED: Columns = &[
    ("NUMBER", "number"),
    ("STATUS", "status"),
    ("CODE", "code"),
    ("REASON", "reason"),
    ("WARNING", "warning"),
];
const TAGS: Columns = &[("TAG", "name"), ("NUMBERS", "numbers")];
const DISPUTES: Columns = &[
    ("OPENED", "opened_at"),
    ("NUMBER", "number"),
    ("STATE", "state"),
    ("CLAIMANT", "claimant_name"),
    ("HOLDER", "holder_name"),
    ("COMMENT", "comment"),
    ("ID", "id"),
];
const MESSAGES: Columns = &[
    ("FAILED", "created_at"),
    ("NUMBER", "number"),
    ("CODE", "code"),
    ("DETAIL", "detail"),
    ("REMEDY", "remedy"),
    ("POINTER", "pointer"),
    ("TICKET", "ticket_id"),
    ("ORDER", "order_id"),
    ("ID", "id"),
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

/// Rows of a file of Direct Routing numbers.
fn read_direct(path: &Path) -> Result<Vec<DirectNumberCreate>, CliError> {
    let bytes = read_bytes(path)?;
    // Spreadsheets put a byte order mark in front.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes)
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| CliError::File { path: path.to_owned(), reason: error.to_string() })
}

async fn add(client: &Client, ask: Add) -> Result<(), CliError> {
    let entries = match &ask.file {
        Some(path) => read_direct(path)?,
        None => {
            let entry = |number| DirectNumberCreate { number, ..DirectNumberCreate::default() };
            ask.numbers.into_iter().map(entry).collect()
        }
    };
    let mut all = Vec::new();
    let (mut succeeded, mut failed) = (0, 0);
    // As many as one request takes.
    for entries in entries.chunks(1_000) {
        let body = DirectNumbersCreate {
            usage: ask.usage.clone(),
            location_id: ask.location,
            dry_run: ask.dry_run,
            entries: entries.to_vec(),
        };
        let answer = client.post("/tenant/v1/direct-routing-numbers", &body).await?.body;
        succeeded += answer["succeeded"].as_u64().unwrap_or_default();
        failed += answer["failed"].as_u64().unwrap_or_default();
        all.extend(answer["entries"].as_array().cloned().unwrap_or_default());
    }
    if ask.dry_run {
        eprintln!("dry run: nothing was changed");
    }
    if client.json {
        return output::json(&json!({ "dry_run": ask.dry_run, "succeeded": succeeded,
            "failed": failed, "entries": all }));
    }
    for entry in &mut all {
        entry["code"] = entry["error"]["code"].clone();
        entry["reason"] = entry["error"]["reason"].clone();
    }
    client.show_rows(&Value::from(all), ADDED)?;
    eprintln!("{succeeded} added, {failed} not");
    Ok(())
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
                ("category", list.category),
                ("operator_id", operator),
                ("country", list.country),
                ("assigned_to_id", list.assigned_to.map(|id| id.to_string())),
                ("tag", list.tag),
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
                category: assign.category.clone(),
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
        Action::Add(ask) => add(client, ask).await,
        Action::Remove { number } => {
            let to = path(&number).replace("/numbers/", "/direct-routing-numbers/");
            client.show(&client.send(Method::DELETE, &to, None, None::<&()>).await?.body)
        }
        Action::Unassign { number, block } => {
            let number = path(&number);
            let mut to = format!("{number}/assignment");
            if let Some(block) = block {
                // What is no block must still reach the server as one value.
                let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                to += &format!("?block={}", block.chars().map(safe).collect::<String>());
            }
            let answer = client.edit(Method::DELETE, &number, &to, None::<&()>).await?;
            client.show(&answer.body)
        }
        Action::Upload(upload) => upload.run(client).await,
        Action::Release(release) => release.run(client).await,
        Action::Update(update) => update.run(client).await,
        Action::Bulk(bulk) => bulk.run(client).await,
        Action::Undo { number, dry_run } => {
            let to = format!("{}/assignment/undo?dry_run={dry_run}", path(&number));
            let placed = client.send(Method::POST, &to, None, None::<&()>).await?.body;
            order::outcome(client, "/tenant/v1/number-orders", placed, false).await
        }
        Action::Tag { number, tags } => {
            let number = path(&number);
            let (to, body) = (format!("{number}/tags"), TagsPut { tags });
            client.show(&client.edit(Method::PUT, &number, &to, Some(&body)).await?.body)
        }
        Action::Tags { paging } => client.list("/tenant/v1/tags", Vec::new(), &paging, TAGS).await,
        Action::Block { number, days } => {
            let number = path(&number);
            let to = format!("{number}/assignment-block");
            let body = AssignmentBlockPut { forever: days.is_none(), days };
            client.show(&client.edit(Method::PUT, &number, &to, Some(&body)).await?.body)
        }
        Action::Unblock { number } => {
            let number = path(&number);
            let to = format!("{number}/assignment-block");
            client.show(&client.edit(Method::DELETE, &number, &to, None::<&()>).await?.body)
        }
        Action::Settings(action) => settings(client, action).await,
        Action::Dispute(action) => disputes(client, action).await,
        Action::Messages(Messages::List { list }) => {
            client.list("/operator/v1/order-messages", list.query(), &list.paging, MESSAGES).await
        }
        Action::Messages(Messages::Dismiss { message }) => {
            let path = format!("/operator/v1/order-messages/{message}");
            client.send(Method::DELETE, &path, None, None::<&()>).await.map(drop)
        }
        Action::Order(action) => order::run(client, action).await,
    }
}

async fn settings(client: &Client, action: Settings) -> Result<(), CliError> {
    const PATH: &str = "/tenant/v1/number-settings";
    match action {
        Settings::Show => client.show(&client.get(PATH).await?.body),
        Settings::Set {
            assignment_email,
            unassignment_email,
            block_forever,
            block_days,
            free_leavers,
        } => {
            let body = NumberSettingsPut {
                assignment_email,
                unassignment_email,
                assignment_blocked_forever: block_forever,
                assignment_blocked_days: block_days,
                free_numbers_of_leavers: free_leavers,
            };
            client.show(&client.edit(Method::PUT, PATH, PATH, Some(&body)).await?.body)
        }
    }
}

async fn disputes(client: &Client, action: Disputes) -> Result<(), CliError> {
    let path = match client.face().await? {
        Face::Programme => "/programme/v1/disputes",
        _ => "/operator/v1/disputes",
    };
    match action {
        Disputes::List { paging } => client.list(path, Vec::new(), &paging, DISPUTES).await,
        Disputes::End { dispute, state, comment } => {
            let (to, body) = (format!("{path}/{dispute}"), DisputeUpdate { state, comment });
            client.show(&client.send(Method::PATCH, &to, None, Some(&body)).await?.body)
        }
    }
}
