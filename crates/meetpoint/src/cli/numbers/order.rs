//! Orders: uploads, releases and updates of operators, and what tenants do to many numbers at
//! once; waited for with progress.

use crate::cli::{
    client::{Client, Face, Narrowed, Paging},
    error::CliError,
    output::{self, Columns},
};
use api_types::number::{
    NumberOrder, NumberOrderCreate, NumberOrderEntryCreate, TenantOrderCreate,
    TenantOrderEntryCreate,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    time::Duration,
};
use uuid::Uuid;

const PATH: &str = "/operator/v1/number-orders";
const TENANT_PATH: &str = "/tenant/v1/number-orders";

/// Where the orders of whoever is signed in are.
async fn base(client: &Client) -> Result<&'static str, CliError> {
    Ok(match client.face().await? {
        Face::Tenant => TENANT_PATH,
        _ => PATH,
    })
}

/// As many as one order carries; longer files become several orders.
const MOST_ENTRIES: usize = 1000;

/// What uploads and releases take alike.
#[derive(Debug, Args)]
pub struct Common {
    /// Whose numbers, by name or id
    #[arg(long)]
    tenant: String,
    /// Numbers, E.164
    #[arg(required_unless_present = "file")]
    numbers: Vec<String>,
    /// A CSV file with a header; `-` is stdin. Columns: number, and for uploads usage,
    /// calling_profile_id, location_id, country
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Your own reference, at most 64 characters
    #[arg(long)]
    ticket: Option<String>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the outcome
    #[arg(long)]
    no_wait: bool,
}

/// `meetpoint number upload`.
#[derive(Debug, Args)]
pub struct Upload {
    #[command(flatten)]
    common: Common,
    /// Calling profile, by name or id; may be left out where there is one only
    #[arg(long)]
    profile: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`
    #[arg(long, default_value = "CallingUserAssignment")]
    usage: String,
    /// Emergency location's id
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// Let the tenant set or change the location
    #[arg(long)]
    tenant_may_move: bool,
}

/// `meetpoint number release`.
#[derive(Debug, Args)]
pub struct Release {
    #[command(flatten)]
    common: Common,
}

/// `meetpoint number order …`.
#[derive(Debug, Subcommand)]
pub enum Order {
    /// Orders, newest first
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// One order with its progress
    Show {
        /// Its id
        order: Uuid,
    },
    /// An order's entries with their results
    Entries {
        /// Its id
        order: Uuid,
        #[command(flatten)]
        paging: Paging,
    },
    /// Try an order's failed entries again, as a new order, and wait for the outcome
    Retry {
        /// Its id
        order: Uuid,
        /// Do not wait for the outcome
        #[arg(long)]
        no_wait: bool,
    },
    /// Undo what an order did, as a new order, and wait for the outcome
    Undo {
        /// Its id
        order: Uuid,
        /// Check everything, change nothing
        #[arg(long)]
        dry_run: bool,
        /// Do not wait for the outcome
        #[arg(long)]
        no_wait: bool,
    },
    /// Operators: upload, release or update the numbers of one CSV file, at most 10,000
    File(OperatorFile),
}

/// `meetpoint number order file`.
#[derive(Debug, Args)]
pub struct OperatorFile {
    /// `upload`, `release` or `update`
    kind: String,
    /// A CSV file with a header; `-` is stdin
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Which header means what: `number:Phone,usage:#3`
    #[arg(long)]
    columns: Option<String>,
    /// Whose numbers, by name or id
    #[arg(long)]
    tenant: String,
    /// Calling profile, by name or id, unless a row says otherwise
    #[arg(long)]
    profile: Option<String>,
    /// Usage unless a row says otherwise
    #[arg(long)]
    usage: Option<String>,
    /// Emergency location's id unless a row says otherwise
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// Whether the tenant may set or change the location
    #[arg(long, value_name = "TRUE_OR_FALSE")]
    tenant_may_move: Option<bool>,
    /// Your own reference, at most 64 characters
    #[arg(long)]
    ticket: Option<String>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the outcome
    #[arg(long)]
    no_wait: bool,
}

/// `meetpoint number bulk`.
#[derive(Debug, Args)]
pub struct Bulk {
    /// `assign`, `unassign`, `location`, `tags` or `usage`
    kind: String,
    /// Numbers, E.164; assignments come from a file
    #[arg(required_unless_present = "file")]
    numbers: Vec<String>,
    /// A CSV file with a header; `-` is stdin. Columns: number, and for assign user (UPN or id),
    /// resource_account, location_id and category, for location location_id
    #[arg(long, value_name = "FILE", conflicts_with = "numbers")]
    file: Option<PathBuf>,
    /// Which header means what: `number:Phone,user:#3`
    #[arg(long, requires = "file")]
    columns: Option<String>,
    /// For assign and location: emergency location's id unless a row says otherwise
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// For usage: `CallingUserAssignment` or `FirstPartyAppAssignment`
    #[arg(long)]
    usage: Option<String>,
    /// For tags: add it; may be repeated
    #[arg(long = "add", value_name = "TAG")]
    add: Vec<String>,
    /// For tags: remove it; may be repeated
    #[arg(long = "remove", value_name = "TAG")]
    remove: Vec<String>,
    /// For unassign: keep from being assigned: `none`, `forever` or 1 to 365 days
    #[arg(long)]
    block: Option<String>,
    /// Your own reference, at most 64 characters
    #[arg(long)]
    ticket: Option<String>,
    /// Check everything, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not wait for the outcome
    #[arg(long)]
    no_wait: bool,
}

const ORDERS: Columns = &[
    ("PLACED", "created_at"),
    ("KIND", "kind"),
    ("STATUS", "status"),
    ("ENTRIES", "total"),
    ("GOOD", "succeeded"),
    ("BAD", "failed"),
    ("DRY RUN", "dry_run"),
    ("TICKET", "ticket_id"),
    ("ID", "id"),
];
const ENTRIES: Columns = &[
    ("#", "index"),
    ("LINE", "line"),
    ("NUMBER", "number"),
    ("STATUS", "status"),
    ("COLUMN", "column"),
    ("CODE", "code"),
    ("FIELD", "field"),
    ("REASON", "reason"),
    ("REMEDY", "remedy"),
    ("WARNING", "warning"),
];

/// Runs `meetpoint number order …`.
pub async fn run(client: &Client, action: Order) -> Result<(), CliError> {
    let path = base(client).await?;
    match action {
        Order::List { list } => client.list(path, list.query(), &list.paging, ORDERS).await,
        Order::Show { order } => client.show(&client.get(&format!("{path}/{order}")).await?.body),
        Order::Entries { order, paging } => {
            if client.json || paging.csv || paging.all {
                let path = format!("{path}/{order}/entries");
                return client.list(&path, Vec::new(), &paging, ENTRIES).await;
            }
            let mut query = vec![("limit", paging.limit.to_string())];
            query.extend(paging.cursor.map(|cursor| ("cursor", cursor)));
            let page = client.query(&format!("{path}/{order}/entries"), &query).await?;
            show_entries(page["items"].as_array().map(Vec::as_slice).unwrap_or_default())?;
            if let Some(cursor) = page["next_cursor"].as_str() {
                eprintln!("there is more: --cursor {cursor}, or --all");
            }
            Ok(())
        }
        Order::Retry { order, no_wait } => {
            let to = format!("{path}/{order}/retry");
            let placed = client.send(Method::POST, &to, None, None::<&()>).await?.body;
            outcome(client, path, placed, no_wait).await
        }
        Order::Undo { order, dry_run, no_wait } => {
            let to = format!("{path}/{order}/undo?dry_run={dry_run}");
            let placed = client.send(Method::POST, &to, None, None::<&()>).await?.body;
            outcome(client, path, placed, no_wait).await
        }
        Order::File(file) => file.run(client).await,
    }
}

/// Waits for one order and shows what became of it.
pub async fn outcome(
    client: &Client,
    path: &'static str,
    placed: Value,
    no_wait: bool,
) -> Result<(), CliError> {
    let mut order = parsed(placed)?;
    eprintln!("order {}", order.id);
    let mut failed = Vec::new();
    if !no_wait {
        order = wait(client, path, order).await?;
        if order.failed > 0 {
            failed = all_entries(client, path, order.id).await?;
            failed.retain(|entry| entry["status"] != "success");
        }
    }
    if client.json {
        let mut document = json!(order);
        document["entries"] = Value::Array(failed);
        output::json(&json!({ "orders": [document] }))?;
    } else {
        output::list(&[json!(order)], ORDERS)?;
        if !failed.is_empty() {
            output::print("\n")?;
            show_entries(&failed)?;
        }
    }
    if order.dry_run {
        eprintln!("dry run: nothing was changed");
    }
    if order.failed > 0 && !no_wait {
        return Err(CliError::Partial {
            reason: format!("{} of {} entries failed", order.failed, order.total),
            remedy: "Correct what they name, and `meetpoint number order retry` it.",
        });
    }
    Ok(())
}

impl OperatorFile {
    async fn run(self, client: &Client) -> Result<(), CliError> {
        let mut query = vec![
            ("kind", self.kind),
            ("tenant_id", client.tenant(&self.tenant).await?.to_string()),
            ("dry_run", self.dry_run.to_string()),
        ];
        if let Some(profile) = &self.profile {
            let path = "/operator/v1/calling-profiles";
            let id = client.find("calling profile", profile, path, &["name"], "id").await?;
            query.push(("calling_profile_id", id.to_string()));
        }
        let rest = [
            ("columns", self.columns),
            ("usage", self.usage),
            ("location_id", self.location.map(|id| id.to_string())),
            ("allow_tenant_address_update", self.tenant_may_move.map(|may| may.to_string())),
            ("ticket_id", self.ticket),
        ];
        query.extend(rest.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let bytes = read_bytes(&self.file)?;
        let placed = client.send_csv(&format!("{PATH}/csv"), &query, bytes).await?;
        outcome(client, PATH, placed.body, self.no_wait).await
    }
}

impl Bulk {
    /// Does it to all of them.
    pub async fn run(self, client: &Client) -> Result<(), CliError> {
        if let Some(path) = &self.file {
            let mut query = vec![("kind", self.kind), ("dry_run", self.dry_run.to_string())];
            let tags = |tags: Vec<String>| (!tags.is_empty()).then(|| tags.join(","));
            let rest = [
                ("columns", self.columns),
                ("location_id", self.location.map(|id| id.to_string())),
                ("usage", self.usage),
                ("add_tags", tags(self.add)),
                ("remove_tags", tags(self.remove)),
                ("block", self.block),
                ("ticket_id", self.ticket),
            ];
            query.extend(rest.into_iter().filter_map(|(name, value)| Some((name, value?))));
            let bytes = read_bytes(path)?;
            let placed = client.send_csv(&format!("{TENANT_PATH}/csv"), &query, bytes).await?;
            return outcome(client, TENANT_PATH, placed.body, self.no_wait).await;
        }
        let entry = |number| TenantOrderEntryCreate { number, ..TenantOrderEntryCreate::default() };
        let body = TenantOrderCreate {
            kind: self.kind,
            location_id: self.location,
            usage: self.usage,
            add_tags: self.add,
            remove_tags: self.remove,
            block: self.block,
            ticket_id: self.ticket,
            dry_run: self.dry_run,
            entries: self.numbers.into_iter().map(entry).collect(),
        };
        let placed = client.post(TENANT_PATH, &body).await?;
        outcome(client, TENANT_PATH, placed.body, self.no_wait).await
    }
}

/// Entries with their errors spread over columns.
fn show_entries(entries: &[Value]) -> Result<(), CliError> {
    let rows: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut row = entry.clone();
            for field in ["code", "field", "reason", "remedy"] {
                row[field] = entry["error"][field].clone();
            }
            row
        })
        .collect();
    output::list(&rows, ENTRIES)
}

/// One line of the file. Columns we do not know are refused: a misspelt one
/// would otherwise be lost without a word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    number: String,
    #[serde(default)]
    usage: Option<String>,
    #[serde(default)]
    calling_profile_id: Option<Uuid>,
    #[serde(default)]
    location_id: Option<Uuid>,
    #[serde(default)]
    country: Option<String>,
}

/// A file, or what comes by stdin.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed =
        |e: std::io::Error| CliError::File { path: path.to_owned(), reason: e.to_string() };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
    } else {
        bytes = std::fs::read(path).map_err(failed)?;
    }
    Ok(bytes)
}

fn read_lines(path: &Path) -> Result<Vec<NumberOrderEntryCreate>, CliError> {
    let failed = |reason: String| CliError::File { path: path.to_owned(), reason };
    parse_lines(&read_bytes(path)?).map_err(failed)
}

fn parse_lines(bytes: &[u8]) -> Result<Vec<NumberOrderEntryCreate>, String> {
    // Spreadsheets put a byte order mark in front.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(bytes)
        .deserialize::<Line>()
        .map(|line| {
            let line = line.map_err(|error| error.to_string())?;
            Ok(NumberOrderEntryCreate {
                // Our own exports mark cells that a spreadsheet might run.
                number: line.number.trim_start_matches('\'').to_owned(),
                usage: line.usage,
                calling_profile_id: line.calling_profile_id,
                location_id: line.location_id,
                country: line.country,
            })
        })
        .collect()
}

impl Common {
    fn entries(&self) -> Result<Vec<NumberOrderEntryCreate>, CliError> {
        let mut entries: Vec<_> = self
            .numbers
            .iter()
            .map(|number| NumberOrderEntryCreate {
                number: number.clone(),
                usage: None,
                calling_profile_id: None,
                location_id: None,
                country: None,
            })
            .collect();
        if let Some(path) = &self.file {
            entries.extend(read_lines(path)?);
        }
        Ok(entries)
    }

    /// Places as many orders as the entries need, one after the other, and waits.
    async fn place(&self, client: &Client, order: NumberOrderCreate) -> Result<(), CliError> {
        let entries = self.entries()?;
        let pieces: Vec<&[NumberOrderEntryCreate]> =
            if entries.is_empty() { vec![&[]] } else { entries.chunks(MOST_ENTRIES).collect() };
        let mut documents = Vec::new();
        let (mut failed, mut total) = (0, 0);
        for (at, piece) in pieces.iter().enumerate() {
            let body = NumberOrderCreate { entries: piece.to_vec(), ..order.clone() };
            let placed = client.post(PATH, &body).await?;
            let order = parsed(placed.body)?;
            eprintln!("order {} of {}: {}", at + 1, pieces.len(), order.id);
            if self.no_wait {
                documents.push(json!(order));
                continue;
            }
            let order = wait(client, PATH, order).await?;
            failed += order.failed;
            total += order.total;
            let items = all_entries(client, PATH, order.id).await?;
            let mut document = json!(order);
            document["entries"] = Value::Array(items);
            documents.push(document);
        }
        if client.json {
            output::json(&json!({ "orders": documents }))?;
        } else {
            output::list(&documents, ORDERS)?;
            let shown: Vec<Value> = documents
                .iter()
                .flat_map(|document| document["entries"].as_array().into_iter().flatten())
                .filter(|entry| entry["status"] != "success" || !entry["warning"].is_null())
                .cloned()
                .collect();
            if !shown.is_empty() {
                output::print("\n")?;
                show_entries(&shown)?;
            }
        }
        if self.dry_run {
            eprintln!("dry run: nothing was changed");
        }
        if failed > 0 {
            return Err(CliError::Partial {
                reason: format!("{failed} of {total} entries failed"),
                remedy: "Correct the failed entries.",
            });
        }
        Ok(())
    }
}

fn parsed(document: Value) -> Result<NumberOrder, CliError> {
    serde_json::from_value(document).map_err(|error| CliError::Unreachable {
        url: PATH.to_owned(),
        reason: format!("the answer is not an order: {error}"),
    })
}

/// Polls until the order is done; says how far it is on stderr.
async fn wait(
    client: &Client,
    path: &str,
    mut order: NumberOrder,
) -> Result<NumberOrder, CliError> {
    let is_terminal = std::io::stderr().is_terminal();
    let mut pause = Duration::from_millis(100);
    let mut said = None;
    while order.finished_at.is_none() {
        if said != Some(order.done) {
            said = Some(order.done);
            let end = if is_terminal { "\r" } else { "\n" };
            eprint!("{} of {} entries done{end}", order.done, order.total);
        }
        tokio::time::sleep(pause).await;
        // The limit of one client is a hundred requests a minute.
        pause = (pause * 2).min(Duration::from_secs(1));
        order = parsed(client.get(&format!("{path}/{}", order.id)).await?.body)?;
    }
    eprintln!("{} of {} entries done: {}", order.done, order.total, order.status);
    Ok(order)
}

async fn all_entries(client: &Client, path: &str, order: Uuid) -> Result<Vec<Value>, CliError> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", "1000".to_owned())];
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.query(&format!("{path}/{order}/entries"), &query).await?;
        if let Some(more) = page["items"].as_array_mut() {
            items.append(more);
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

impl Upload {
    /// Uploads.
    pub async fn run(self, client: &Client) -> Result<(), CliError> {
        let calling_profile_id = Some(match &self.profile {
            Some(profile) => {
                let path = "/operator/v1/calling-profiles";
                client.find("calling profile", profile, path, &["name"], "id").await?
            }
            None => only_profile(client).await?,
        });
        let order = NumberOrderCreate {
            kind: "upload".to_owned(),
            tenant_id: client.tenant(&self.common.tenant).await?,
            calling_profile_id,
            usage: Some(self.usage.clone()),
            location_id: self.location,
            allow_tenant_address_update: Some(self.tenant_may_move),
            ticket_id: self.common.ticket.clone(),
            dry_run: self.common.dry_run,
            entries: Vec::new(),
        };
        self.common.place(client, order).await
    }
}

pub async fn only_profile(client: &Client) -> Result<Uuid, CliError> {
    let page = client.query("/operator/v1/calling-profiles", &[("limit", "2".to_owned())]).await?;
    match page["items"].as_array().map(Vec::as_slice) {
        Some([profile]) => profile["id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| CliError::usage("the calling profile has no id")),
        _ => Err(CliError::Usage {
            reason: "there is not exactly one calling profile".to_owned(),
            remedy: "Name one with --profile.".to_owned(),
        }),
    }
}

/// `meetpoint number update`.
#[derive(Debug, Args)]
pub struct Update {
    #[command(flatten)]
    common: Common,
    /// Calling profile, by name or id
    #[arg(long)]
    profile: Option<String>,
    /// `CallingUserAssignment`, `FirstPartyAppAssignment` or `ConferenceAssignment`
    #[arg(long)]
    usage: Option<String>,
    /// Emergency location's id
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// Whether the tenant may set or change the location
    #[arg(long, value_name = "TRUE_OR_FALSE")]
    tenant_may_move: Option<bool>,
}

impl Update {
    /// Updates.
    pub async fn run(self, client: &Client) -> Result<(), CliError> {
        let path = "/operator/v1/calling-profiles";
        let calling_profile_id = match &self.profile {
            Some(name) => Some(client.find("calling profile", name, path, &["name"], "id").await?),
            None => None,
        };
        let order = NumberOrderCreate {
            kind: "update".to_owned(),
            tenant_id: client.tenant(&self.common.tenant).await?,
            calling_profile_id,
            usage: self.usage.clone(),
            location_id: self.location,
            allow_tenant_address_update: self.tenant_may_move,
            ticket_id: self.common.ticket.clone(),
            dry_run: self.common.dry_run,
            entries: Vec::new(),
        };
        self.common.place(client, order).await
    }
}

impl Release {
    /// Releases.
    pub async fn run(self, client: &Client) -> Result<(), CliError> {
        let order = NumberOrderCreate {
            kind: "release".to_owned(),
            tenant_id: client.tenant(&self.common.tenant).await?,
            calling_profile_id: None,
            usage: None,
            location_id: None,
            allow_tenant_address_update: None,
            ticket_id: self.common.ticket.clone(),
            dry_run: self.common.dry_run,
            entries: Vec::new(),
        };
        self.common.place(client, order).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_as_spreadsheets_write_them() {
        let text = "\u{feff}number,country\r\n# from the ticket\r\n+442079460001, GB\r\n'+12,\r\n";
        let lines = parse_lines(text.as_bytes()).expect("well-formed");
        let read: Vec<_> =
            lines.iter().map(|line| (line.number.as_str(), line.country.as_deref())).collect();
        assert_eq!(read, [("+442079460001", Some("GB")), ("+12", None)]);
        let misspelt = parse_lines(b"number,contry\n+12,GB\n").expect_err("an unknown column");
        assert!(misspelt.contains("contry"), "{misspelt}");
        assert!(parse_lines(b"number,location_id\n+12,here\n").is_err());
    }
}
