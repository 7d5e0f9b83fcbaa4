//! `meetpoint conference …`.

use super::{
    client::{Client, Paging},
    error::CliError,
    output::Columns,
};
use api_types::conference::{ConferenceBridgeCreate, ConferenceBridgeUpdate, ConferenceNumberPut};
use clap::Subcommand;
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint conference …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Your conference bridges
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Add a conference bridge
    Add {
        /// What to call it
        name: String,
        /// A gateway of yours that answers its calls, FQDN or id; may be repeated
        #[arg(long = "gateway", value_name = "GATEWAY", required = true)]
        gateways: Vec<String>,
    },
    /// One conference bridge
    Show {
        /// Name or id
        bridge: String,
    },
    /// Edit a conference bridge; what is not named stays
    Update {
        /// Name or id
        bridge: String,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// Replaces the gateways that answer its calls; may be repeated
        #[arg(long = "gateway", value_name = "GATEWAY")]
        gateways: Vec<String>,
        /// Which of its numbers is its default one; no operator's can be
        #[arg(long, value_name = "NUMBER")]
        default_number: Option<String>,
    },
    /// Remove a conference bridge that has no number but its default one
    Remove {
        /// Name or id
        bridge: String,
    },
    /// The numbers to call into meetings by
    #[command(subcommand)]
    Number(NumberAction),
}

/// `meetpoint conference number …`.
#[derive(Debug, Subcommand)]
pub enum NumberAction {
    /// One bridge's numbers
    List {
        /// Name or id
        bridge: String,
        /// Only those of this country
        #[arg(long)]
        country: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Find a local number: those of all bridges
    Find {
        /// Only those of this country
        #[arg(long)]
        country: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Register a number with a bridge, or set its languages
    Add {
        /// Name or id
        bridge: String,
        /// E.164
        number: String,
        /// In which language whoever calls is greeted, as `en-GB`
        #[arg(long, value_name = "TAG")]
        language: String,
        /// Which others they may choose; at most 4
        #[arg(long = "also", value_name = "TAG")]
        also: Vec<String>,
    },
    /// Unregister a number of a bridge
    Remove {
        /// Name or id
        bridge: String,
        /// E.164
        number: String,
    },
}

const BRIDGES: &str = "/tenant/v1/conference-bridges";
const NUMBERS: &str = "/tenant/v1/conference-numbers";
const BRIDGE: Columns = &[
    ("NAME", "name"),
    ("DEFAULT NUMBER", "default_number"),
    ("NUMBERS", "numbers"),
    ("GATEWAYS", "gateway_ids"),
    ("ID", "id"),
];
const NUMBER: Columns = &[
    ("NUMBER", "number"),
    ("COUNTRY", "country"),
    ("TOLL-FREE", "toll_free"),
    ("LANGUAGE", "primary_language"),
    ("ALSO", "secondary_languages"),
    ("DEFAULT", "is_default"),
    ("BRIDGE", "conference_bridge_name"),
];

/// The conference bridge of a name or id.
pub(super) async fn bridge(client: &Client, text: &str) -> Result<Uuid, CliError> {
    client.find("conference bridge", text, BRIDGES, &["name"], "id").await
}

async fn path(client: &Client, text: &str) -> Result<String, CliError> {
    Ok(format!("{BRIDGES}/{}", bridge(client, text).await?))
}

async fn gateways(client: &Client, given: &[String]) -> Result<Vec<Uuid>, CliError> {
    let mut found = Vec::new();
    for text in given {
        found.push(super::gateways::gateway(client, text).await?);
    }
    Ok(found)
}

/// Runs it.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { paging } => client.list(BRIDGES, Vec::new(), &paging, BRIDGE).await,
        Action::Add { name, gateways: given } => {
            let gateway_ids = gateways(client, &given).await?;
            let new = ConferenceBridgeCreate { name, gateway_ids };
            client.show(&client.post(BRIDGES, &new).await?.body)
        }
        Action::Show { bridge } => {
            client.show(&client.get(&path(client, &bridge).await?).await?.body)
        }
        Action::Update { bridge, name, gateways: given, default_number } => {
            let path = path(client, &bridge).await?;
            let found = gateways(client, &given).await?;
            let gateway_ids = (!found.is_empty()).then_some(found);
            let edit = ConferenceBridgeUpdate { name, gateway_ids, default_number };
            client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
        }
        Action::Remove { bridge } => {
            let path = path(client, &bridge).await?;
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
        Action::Number(action) => run_number(client, action).await,
    }
}

async fn run_number(client: &Client, action: NumberAction) -> Result<(), CliError> {
    let narrowed = |country: Option<String>| country.map(|c| ("country", c)).into_iter().collect();
    match action {
        NumberAction::List { bridge, country, paging } => {
            let path = format!("{}/numbers", path(client, &bridge).await?);
            client.list(&path, narrowed(country), &paging, NUMBER).await
        }
        NumberAction::Find { country, paging } => {
            client.list(NUMBERS, narrowed(country), &paging, NUMBER).await
        }
        NumberAction::Add { bridge, number, language, also } => {
            let path = format!("{}/numbers/{number}", path(client, &bridge).await?);
            let put = ConferenceNumberPut { primary_language: language, secondary_languages: also };
            client.show(&client.send(Method::PUT, &path, None, Some(&put)).await?.body)
        }
        NumberAction::Remove { bridge, number } => {
            let path = format!("{}/numbers/{number}", path(client, &bridge).await?);
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
    }
}
