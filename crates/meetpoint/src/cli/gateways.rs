//! `meetpoint gateway …`, `meetpoint voice-routing …`.

use super::{
    client::{Client, Paging},
    error::CliError,
    output::{self, Columns},
    policies::document,
};
use api_types::gateway::{FallbackOperatorsPut, GatewayCreate, GatewayUpdate};
use clap::{Args, Subcommand};
use reqwest::Method;
use std::path::PathBuf;
use uuid::Uuid;

/// `meetpoint gateway …`.
#[derive(Debug, Subcommand)]
pub enum GatewayAction {
    /// Your gateways
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Add a gateway
    Add(Add),
    /// One gateway
    Show {
        /// FQDN or id
        gateway: String,
    },
    /// Edit a gateway; what is not named stays
    Update(Update),
    /// Remove a gateway that no voice route and no voice target names
    Remove {
        /// FQDN or id
        gateway: String,
    },
}

/// `meetpoint gateway add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name, a fully qualified domain name
    #[arg(long)]
    fqdn: String,
    /// Where to send calls, `192.0.2.10:5060`
    #[arg(long)]
    address: String,
    /// A further address it sends from; may be repeated
    #[arg(long = "source", value_name = "ADDRESS")]
    sources: Vec<String>,
    /// It shares its address with others, and is told apart by its port
    #[arg(long)]
    match_port: bool,
    /// `udp` or `tcp`
    #[arg(long)]
    transport: Option<String>,
    /// The country it stands in
    #[arg(long)]
    country: String,
    /// It leads to what plays and records (voicemail, announcements), and not to the PSTN
    #[arg(long)]
    voice_app: bool,
    /// Calls may leave by it at once
    #[arg(long)]
    enabled: bool,
    /// Seconds of silence before the next gateway is tried
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
    /// Most calls at once, both ways
    #[arg(long, value_name = "CALLS")]
    max_calls: Option<u32>,
    /// Most new calls in a second, both ways
    #[arg(long, value_name = "CALLS")]
    max_rate: Option<u32>,
}

/// `meetpoint gateway update`.
#[derive(Debug, Args)]
pub struct Update {
    /// FQDN or id
    gateway: String,
    /// `true` lets calls leave by it, `false` drains it
    #[arg(long)]
    enabled: Option<bool>,
    /// The country it stands in
    #[arg(long)]
    country: Option<String>,
    /// Send OPTIONS and watch the answers
    #[arg(long)]
    send_options: Option<bool>,
    /// Seconds of silence before the next gateway is tried
    #[arg(long, value_name = "SECONDS")]
    failover_time: Option<u32>,
    /// It bears one early dialog of a call only
    #[arg(long)]
    single_early_dialog: Option<bool>,
    /// Most calls at once, both ways; 0 lifts the limit
    #[arg(long, value_name = "CALLS")]
    max_calls: Option<u32>,
    /// Most new calls in a second, both ways; 0 lifts the limit
    #[arg(long, value_name = "CALLS")]
    max_rate: Option<u32>,
}

/// `meetpoint voice-routing …`.
#[derive(Debug, Subcommand)]
pub enum RoutingAction {
    /// PSTN usages and voice routes; with --json as `set` takes them
    Show,
    /// What to look at where operators' numbers and your own gateways stand side by side
    Check,
    /// Replace all of them
    Set {
        /// A JSON document with `online_pstn_usages` and `routes`, `-` for stdin
        file: PathBuf,
    },
}

/// `meetpoint fallback …`.
#[derive(Debug, Subcommand)]
pub enum FallbackAction {
    /// Who stands in; nobody by default
    Show,
    /// Replace them; nobody stands in if none is named
    Set {
        /// Name or id of an operator that you have consented to; tried in their order
        operators: Vec<String>,
    },
}

const FALLBACK: &str = "/tenant/v1/fallback-operators";
const GATEWAYS: &str = "/tenant/v1/gateways";
const ROUTING: &str = "/tenant/v1/voice-routing";
const COEXISTENCE: &str = "/tenant/v1/coexistence";
const FINDING: Columns = &[
    ("SEVERITY", "severity"),
    ("CODE", "code"),
    ("SUBJECT", "subject"),
    ("MESSAGE", "message"),
    ("FIX", "fix"),
];
const GATEWAY: Columns = &[
    ("FQDN", "fqdn"),
    ("ADDRESS", "address"),
    ("COUNTRY", "country"),
    ("ENABLED", "enabled"),
    ("MOST CALLS", "max_concurrent_calls"),
    ("ID", "id"),
];
const ROUTE: Columns = &[
    ("ROUTE", "name"),
    ("PATTERN", "number_pattern"),
    ("PRIORITY", "priority"),
    ("PSTN USAGES", "online_pstn_usages"),
    ("GATEWAYS", "gateway_ids"),
];

pub(super) async fn gateway(client: &Client, text: &str) -> Result<Uuid, CliError> {
    client.find("gateway", text, GATEWAYS, &["fqdn"], "id").await
}

async fn path(client: &Client, text: &str) -> Result<String, CliError> {
    Ok(format!("{GATEWAYS}/{}", gateway(client, text).await?))
}

/// Runs `meetpoint gateway …`.
pub async fn run_gateway(client: &Client, action: GatewayAction) -> Result<(), CliError> {
    match action {
        GatewayAction::List { paging } => client.list(GATEWAYS, Vec::new(), &paging, GATEWAY).await,
        GatewayAction::Add(add) => {
            let body = GatewayCreate {
                fqdn: add.fqdn,
                address: add.address,
                sources: add.sources,
                match_port: add.match_port,
                transport: add.transport,
                country: add.country,
                voice_app: add.voice_app,
                enabled: add.enabled,
                failover_time_seconds: add.failover_time,
                options_interval_seconds: add.options_interval,
                send_options: add.no_options.then_some(false),
                max_uri: add.max_uri,
                single_early_dialog: add.single_early_dialog,
                max_concurrent_calls: add.max_calls,
                max_calls_per_second: add.max_rate,
            };
            client.show(&client.post(GATEWAYS, &body).await?.body)
        }
        GatewayAction::Show { gateway } => {
            client.show(&client.get(&path(client, &gateway).await?).await?.body)
        }
        GatewayAction::Update(update) => {
            let path = path(client, &update.gateway).await?;
            let edit = GatewayUpdate {
                enabled: update.enabled,
                country: update.country,
                send_options: update.send_options,
                failover_time_seconds: update.failover_time,
                single_early_dialog: update.single_early_dialog,
                max_concurrent_calls: update.max_calls,
                max_calls_per_second: update.max_rate,
            };
            client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
        }
        GatewayAction::Remove { gateway } => {
            let path = path(client, &gateway).await?;
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
    }
}

/// Runs `meetpoint voice-routing …`.
pub async fn run_routing(client: &Client, action: RoutingAction) -> Result<(), CliError> {
    let routing = match action {
        RoutingAction::Check => {
            let found = client.get(COEXISTENCE).await?.body;
            if client.json {
                return output::json(&found);
            }
            return client.show_rows(&found["findings"], FINDING);
        }
        RoutingAction::Show => client.get(ROUTING).await?.body,
        RoutingAction::Set { file } => {
            let mut routing = document(&file)?;
            if let Some(routing) = routing.as_object_mut() {
                // As `show --json` wrote it.
                routing.remove("version");
            }
            client.edit(Method::PUT, ROUTING, ROUTING, Some(&routing)).await?.body
        }
    };
    if client.json {
        return output::json(&routing);
    }
    let usages = routing["online_pstn_usages"].as_array().into_iter().flatten();
    let usages: Vec<_> = usages.filter_map(|usage| usage.as_str()).collect();
    output::print(&format!("PSTN usages: {}\n", usages.join(", ")))?;
    client.show_rows(&routing["routes"], ROUTE)
}

/// Runs `meetpoint fallback …`.
pub async fn run_fallback(client: &Client, action: FallbackAction) -> Result<(), CliError> {
    let answer = match action {
        FallbackAction::Show => client.get(FALLBACK).await?,
        FallbackAction::Set { operators } => {
            let mut put = FallbackOperatorsPut::default();
            for operator in &operators {
                put.operator_ids.push(client.operator(operator).await?);
            }
            client.edit(Method::PUT, FALLBACK, FALLBACK, Some(&put)).await?
        }
    };
    client.show(&answer.body)
}
