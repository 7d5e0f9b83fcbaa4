//! `meetpoint operator …`.

use super::{
    client::{Client, Face, Narrowed, Paging},
    error::CliError,
    offers,
    output::Columns,
};
use api_types::operator::{
    CallingProfileCreate, OperatorCreate, ProfileEmergencyPut, RangeCreate, TrunkCreate,
    TrunkUpdate,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint operator …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Operators
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// Admit an operator
    Create {
        /// Public brand
        name: String,
    },
    /// One operator
    Show {
        /// Name or id
        operator: String,
    },
    /// An operator's trunks
    #[command(subcommand)]
    Trunk(Trunk),
    /// An operator's calling profiles
    #[command(subcommand)]
    Profile(Profile),
    /// An operator's declared ranges
    #[command(subcommand)]
    Range(Range),
    /// What the directory shows of an operator
    #[command(subcommand)]
    Offer(offers::Offer),
}

/// `meetpoint operator trunk …`.
#[derive(Debug, Subcommand)]
pub enum Trunk {
    /// Trunks
    List {
        /// Name or id
        operator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Add a trunk
    Add(TrunkAdd),
    /// Take a trunk out of use; its standing calls live on
    Drain {
        /// Name or id
        operator: String,
        /// FQDN or id
        trunk: String,
    },
    /// Take a trunk back into use
    Enable {
        /// Name or id
        operator: String,
        /// FQDN or id
        trunk: String,
    },
    /// Say how much a trunk may carry over all edges; emergency calls are exempt
    Limit {
        /// Name or id
        operator: String,
        /// FQDN or id
        trunk: String,
        /// Most calls at once, both ways; 0 lifts the limit
        #[arg(long, value_name = "CALLS")]
        max_calls: Option<u32>,
        /// Most new calls in a second, both ways; 0 lifts the limit
        #[arg(long, value_name = "CALLS", required_unless_present = "max_calls")]
        max_rate: Option<u32>,
    },
    /// Say whether a trunk bears several early dialogs of one call, as a queue makes them
    EarlyDialogs {
        /// Name or id
        operator: String,
        /// FQDN or id
        trunk: String,
        /// `single`: of several phones that ring it hears the first; `several` as standard
        #[arg(value_parser = ["single", "several"])]
        bears: String,
    },
}

/// `meetpoint operator trunk add`.
#[derive(Debug, Args)]
pub struct TrunkAdd {
    /// Name or id
    operator: String,
    /// Its name, a fully qualified domain name
    #[arg(long)]
    fqdn: String,
    /// Where to send calls, `192.0.2.1:5060`
    #[arg(long)]
    address: String,
    /// A further address it sends from; may be repeated
    #[arg(long = "source", value_name = "ADDRESS")]
    sources: Vec<String>,
    /// Tell trunks that share an address apart by their port
    #[arg(long)]
    match_port: bool,
    /// `udp` or `tcp`
    #[arg(long)]
    transport: Option<String>,
    /// Seconds of silence before the next trunk is tried
    #[arg(long, value_name = "SECONDS")]
    failover_time: Option<u32>,
    /// Seconds between OPTIONS
    #[arg(long, value_name = "SECONDS")]
    options_interval: Option<u32>,
    /// Send no OPTIONS
    #[arg(long)]
    no_options: bool,
    /// Longest URI it takes, bytes
    #[arg(long, value_name = "BYTES")]
    max_uri: Option<u32>,
    /// It bears one early dialog of a call only
    #[arg(long)]
    single_early_dialog: bool,
    /// Most calls at once over all edges, both ways
    #[arg(long, value_name = "CALLS")]
    max_calls: Option<u32>,
    /// Most new calls in a second over all edges, both ways
    #[arg(long, value_name = "CALLS")]
    max_rate: Option<u32>,
}

/// `meetpoint operator profile …`.
#[derive(Debug, Subcommand)]
pub enum Profile {
    /// Calling profiles; an operator lists its own
    List {
        /// Name or id, for the programme owner
        operator: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Group trunks into a calling profile
    Add {
        /// Name or id
        operator: String,
        /// The profile's name
        name: String,
        /// FQDN or id; at least two
        #[arg(long = "trunk", required = true)]
        trunks: Vec<String>,
    },
    /// Say which calls of a profile are emergency calls, and by which profile they leave; what was
    /// said before is replaced
    Emergency {
        /// Name or id
        operator: String,
        /// The profile: name or id
        profile: String,
        /// What is dialled, beside the countries' emergency numbers; may be repeated
        #[arg(long = "dial-string", value_name = "DIGITS")]
        dial_strings: Vec<String>,
        /// Another profile by which emergency calls leave: name or id
        #[arg(long, value_name = "PROFILE")]
        by: Option<String>,
    },
}

/// `meetpoint operator range …`.
#[derive(Debug, Subcommand)]
pub enum Range {
    /// Declared ranges
    List {
        /// Name or id
        operator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Accept a declared range
    Add {
        /// Name or id
        operator: String,
        /// First number, E.164
        first: String,
        /// Last number, E.164
        last: String,
    },
}

const OPERATORS: Columns = &[("NAME", "name"), ("ID", "id"), ("ADMITTED", "created_at")];
const TRUNKS: Columns = &[
    ("FQDN", "fqdn"),
    ("ADDRESS", "address"),
    ("TRANSPORT", "transport"),
    ("IN USE", "enabled"),
    ("FAILOVER s", "failover_time_seconds"),
    ("MAX CALLS", "max_concurrent_calls"),
    ("MAX /s", "max_calls_per_second"),
    ("ID", "id"),
];
const PROFILES: Columns = &[
    ("NAME", "name"),
    ("TRUNKS", "trunk_ids"),
    ("EMERGENCY", "emergency_dial_strings"),
    ("BY", "emergency_profile_id"),
    ("ID", "id"),
];
const RANGES: Columns = &[("FIRST", "first"), ("LAST", "last"), ("ID", "id")];

pub(super) async fn base(client: &Client, operator: &str) -> Result<String, CliError> {
    Ok(format!("/programme/v1/operators/{}", client.operator(operator).await?))
}

async fn trunk_id(client: &Client, base: &str, trunk: &str) -> Result<Uuid, CliError> {
    client.find("trunk", trunk, &format!("{base}/trunks"), &["fqdn"], "id").await
}

/// Runs `meetpoint operator …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { list } => {
            client.list("/programme/v1/operators", list.query(), &list.paging, OPERATORS).await
        }
        Action::Create { name } => {
            let body = OperatorCreate { name };
            client.show(&client.post("/programme/v1/operators", &body).await?.body)
        }
        Action::Show { operator } => {
            client.show(&client.get(&base(client, &operator).await?).await?.body)
        }
        Action::Trunk(action) => trunk(client, action).await,
        Action::Profile(action) => profile(client, action).await,
        Action::Range(action) => range(client, action).await,
        Action::Offer(action) => offers::run_offer(client, action).await,
    }
}

async fn trunk(client: &Client, action: Trunk) -> Result<(), CliError> {
    let enable = |enabled| TrunkUpdate { enabled: Some(enabled), ..TrunkUpdate::default() };
    let (operator, trunk, update) = match action {
        Trunk::List { operator, paging } => {
            let path = format!("{}/trunks", base(client, &operator).await?);
            return client.list(&path, Vec::new(), &paging, TRUNKS).await;
        }
        Trunk::Add(add) => {
            let path = format!("{}/trunks", base(client, &add.operator).await?);
            let body = TrunkCreate {
                fqdn: add.fqdn,
                address: add.address,
                sources: add.sources,
                match_port: add.match_port,
                transport: add.transport,
                failover_time_seconds: add.failover_time,
                options_interval_seconds: add.options_interval,
                send_options: add.no_options.then_some(false),
                max_uri: add.max_uri,
                single_early_dialog: add.single_early_dialog,
                max_concurrent_calls: add.max_calls,
                max_calls_per_second: add.max_rate,
            };
            return client.show(&client.post(&path, &body).await?.body);
        }
        Trunk::Drain { operator, trunk } => (operator, trunk, enable(false)),
        Trunk::Enable { operator, trunk } => (operator, trunk, enable(true)),
        Trunk::Limit { operator, trunk, max_calls, max_rate } => {
            let update = TrunkUpdate {
                max_concurrent_calls: max_calls,
                max_calls_per_second: max_rate,
                ..TrunkUpdate::default()
            };
            (operator, trunk, update)
        }
        Trunk::EarlyDialogs { operator, trunk, bears } => {
            let single = Some(bears == "single");
            let update = TrunkUpdate { single_early_dialog: single, ..TrunkUpdate::default() };
            (operator, trunk, update)
        }
    };
    let base = base(client, &operator).await?;
    let id = trunk_id(client, &base, &trunk).await?;
    let trunks = client.query(&format!("{base}/trunks"), &[("limit", "1000".to_owned())]).await?;
    let version = trunks["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|trunk| trunk["id"] == id.to_string())
        .and_then(|trunk| trunk["version"].as_i64())
        .ok_or_else(|| CliError::usage(format!("the operator has no trunk {trunk}")))?;
    let answer = client
        .send(
            Method::PATCH,
            &format!("{base}/trunks/{id}"),
            Some(&format!("\"{version}\"")),
            Some(&update),
        )
        .await?;
    client.show(&answer.body)
}

async fn profile(client: &Client, action: Profile) -> Result<(), CliError> {
    match action {
        Profile::List { operator, paging } => {
            let path = match (operator, client.face().await?) {
                (Some(operator), _) => {
                    format!("{}/calling-profiles", base(client, &operator).await?)
                }
                (None, Face::Operator) => "/operator/v1/calling-profiles".to_owned(),
                (None, _) => return Err(CliError::usage("name an operator")),
            };
            client.list(&path, Vec::new(), &paging, PROFILES).await
        }
        Profile::Add { operator, name, trunks } => {
            let base = base(client, &operator).await?;
            let mut trunk_ids = Vec::new();
            for trunk in &trunks {
                trunk_ids.push(trunk_id(client, &base, trunk).await?);
            }
            let body = CallingProfileCreate { name, trunk_ids };
            client.show(&client.post(&format!("{base}/calling-profiles"), &body).await?.body)
        }
        Profile::Emergency { operator, profile, dial_strings, by } => {
            let base = format!("{}/calling-profiles", base(client, &operator).await?);
            let id = client.find("profile", &profile, &base, &["name"], "id").await?;
            let mut put =
                ProfileEmergencyPut { emergency_dial_strings: dial_strings, ..Default::default() };
            if let Some(by) = by {
                put.emergency_profile_id =
                    Some(client.find("profile", &by, &base, &["name"], "id").await?);
            }
            let all = client.query(&base, &[("limit", "1000".to_owned())]).await?;
            let rows = all["items"].as_array().into_iter().flatten();
            let version = rows
                .filter(|row| row["id"] == id.to_string())
                .find_map(|row| row["version"].as_i64())
                .unwrap_or_default();
            let if_match = format!("\"{version}\"");
            let path = format!("{base}/{id}/emergency");
            let answer = client.send(Method::PUT, &path, Some(&if_match), Some(&put)).await?;
            client.show(&answer.body)
        }
    }
}

async fn range(client: &Client, action: Range) -> Result<(), CliError> {
    match action {
        Range::List { operator, paging } => {
            let path = format!("{}/ranges", base(client, &operator).await?);
            client.list(&path, Vec::new(), &paging, RANGES).await
        }
        Range::Add { operator, first, last } => {
            let path = format!("{}/ranges", base(client, &operator).await?);
            client.show(&client.post(&path, &RangeCreate { first, last }).await?.body)
        }
    }
}
