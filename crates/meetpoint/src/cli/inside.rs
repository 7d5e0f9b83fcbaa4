//! `meetpoint explain …` and `meetpoint alarms …`.

use super::{
    calls,
    client::{Client, Face, Paging},
    error::CliError,
    ladder,
    output::{self, Columns},
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

/// `meetpoint explain …`.
#[derive(Debug, Subcommand)]
pub enum ExplainAction {
    /// A call: its record, its way through the rules, its SIP messages
    Call(ExplainCall),
    /// A number: how it stands, what may be done to it now, and why not
    Number(ExplainNumber),
}

/// `meetpoint explain number …`.
#[derive(Debug, Args)]
pub struct ExplainNumber {
    /// The number, `+44…`
    number: String,
    /// Tenants: could this person have it? UPN, name or id
    #[arg(long, conflicts_with = "queue")]
    user: Option<String>,
    /// Tenants: could this queue have it? UPN, name or id
    #[arg(long)]
    queue: Option<String>,
    /// Tenants: as this, `Primary`, `Private` or `Alternate`?
    #[arg(long)]
    category: Option<String>,
    /// Tenants: at this location?
    #[arg(long, value_name = "ID")]
    location: Option<Uuid>,
    /// Operators: could it be uploaded to this tenant? Name or id
    #[arg(long)]
    tenant: Option<String>,
}

/// `meetpoint explain call …`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["call", "sip_call_id", "to"]))]
pub struct ExplainCall {
    /// A call that happened or goes on: its record's id
    #[arg(value_parser = record_id)]
    call: Option<Uuid>,
    /// The same by the SIP Call-ID of any of its legs; for the programme owner
    #[arg(long = "call-id", value_name = "CALL-ID")]
    sip_call_id: Option<String>,
    /// A call that might be: what is dialled; for a tenant's administrator
    #[arg(long, value_name = "NUMBER")]
    to: Option<String>,
    /// Who would call: UPN, name or id
    #[arg(long, requires = "to", conflicts_with = "inbound")]
    from: Option<String>,
    /// Brought by the operator of the called number
    #[arg(long, requires = "to")]
    inbound: bool,
    /// By a phone at this public address that proves nothing
    #[arg(long, value_name = "ADDRESS", requires = "to", conflicts_with_all = ["from", "inbound"])]
    from_address: Option<String>,
    /// By this conference bridge, out of a meeting that `--from` organizes: name or id
    #[arg(long, value_name = "BRIDGE", requires = "to", conflicts_with_all = ["inbound", "from_address"])]
    from_conference: Option<String>,
    /// Show the SIP messages themselves below the ladder
    #[arg(long)]
    messages: bool,
}

/// `meetpoint alarms …`.
#[derive(Debug, Subcommand)]
pub enum AlarmAction {
    /// Alarms, newest first
    List {
        /// Only those that are open
        #[arg(long, conflicts_with = "past")]
        open: bool,
        /// Only those that are over
        #[arg(long)]
        past: bool,
        /// Only of this kind: `trunk_down`, `emergency_call`, `overload`, …
        #[arg(long)]
        code: Option<String>,
        /// Only of this edge
        #[arg(long, value_name = "ID")]
        edge: Option<Uuid>,
        #[command(flatten)]
        paging: Paging,
    },
}

/// `meetpoint edges …`.
#[derive(Debug, Subcommand)]
pub enum EdgeAction {
    /// Edges that were heard, and since when one is given up
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Forget an edge that is out of service: its alarms end, its id is free for another client
    Forget {
        /// Its id
        edge: Uuid,
    },
}

const EDGES: Columns = &[
    ("EDGE", "id"),
    ("STARTED", "started_at"),
    ("HEARD", "heard_at"),
    ("LOST SINCE", "lost_at"),
    ("CLIENT", "principal_id"),
];
const ALARMS: Columns = &[
    ("RAISED", "raised_at"),
    ("CLEARED", "cleared_at"),
    ("ENDED BY", "ended_by"),
    ("SEVERITY", "severity"),
    ("ALARM", "code"),
    ("EDGE", "edge_id"),
    ("NAME", "subject_name"),
    ("SUBJECT", "subject"),
    ("DETAIL", "detail"),
];
const ATTEMPTS: Columns =
    &[("TRUNK", "trunk"), ("SIP", "sip_code"), ("MS", "ms"), ("MEANS", "means")];

const ACTS: Columns = &[
    ("ACT", "act"),
    ("BY", "by"),
    ("MAY", "may"),
    ("WHY NOT", "code"),
    ("REASON", "reason"),
    ("REMEDY", "remedy"),
];

async fn explain_number(client: &Client, ask: ExplainNumber) -> Result<(), CliError> {
    let mut query = vec![("number", ask.number)];
    let path = match client.face().await? {
        Face::Tenant => "/tenant/v1/explain/number",
        Face::Operator => "/operator/v1/explain/number",
        Face::Programme => "/programme/v1/explain/number",
    };
    if let Some(user) = ask.user {
        query.push(("user_id", client.user(&user).await?.to_string()));
    }
    if let Some(queue) = ask.queue {
        query.push(("resource_account_id", client.queue(&queue).await?.to_string()));
    }
    if let Some(category) = ask.category {
        query.push(("category", category));
    }
    if let Some(location) = ask.location {
        query.push(("location_id", location.to_string()));
    }
    if let Some(tenant) = ask.tenant {
        query.push(("tenant_id", client.tenant(&tenant).await?.to_string()));
    }
    let mut told = client.query(path, &query).await?;
    if client.json {
        return client.show(&told);
    }
    let acts = told.as_object_mut().and_then(|told| told.remove("acts")).unwrap_or_default();
    client.show(&told)?;
    output::print("\n")?;
    output::list(acts.as_array().map_or(&[], Vec::as_slice), ACTS)
}

/// Runs `meetpoint alarms …`.
pub async fn run_alarms(client: &Client, action: AlarmAction) -> Result<(), CliError> {
    let AlarmAction::List { open, past, code, edge, paging } = action;
    let state = match (open, past) {
        (true, _) => Some("true".to_owned()),
        (_, true) => Some("false".to_owned()),
        _ => None,
    };
    let query = [("open", state), ("code", code), ("edge_id", edge.map(|id| id.to_string()))];
    let query = query.into_iter().filter_map(|(name, value)| Some((name, value?)));
    client.list("/programme/v1/alarms", query.collect(), &paging, ALARMS).await
}

/// Runs `meetpoint edges …`.
pub async fn run_edges(client: &Client, action: EdgeAction) -> Result<(), CliError> {
    match action {
        EdgeAction::List { paging } => {
            client.list("/programme/v1/edges", Vec::new(), &paging, EDGES).await
        }
        EdgeAction::Forget { edge } => {
            let path = format!("/programme/v1/edges/{edge}");
            client.send(Method::DELETE, &path, None, None::<&()>).await?;
            eprintln!("forgotten");
            Ok(())
        }
    }
}

/// Runs `meetpoint explain …`.
pub async fn run_explain(client: &Client, action: ExplainAction) -> Result<(), CliError> {
    let ask = match action {
        ExplainAction::Call(ask) => ask,
        ExplainAction::Number(ask) => return explain_number(client, ask).await,
    };
    if let Some(called) = ask.to {
        if !matches!(client.face().await?, Face::Tenant) {
            return Err(CliError::Usage {
                reason: "a call that might be goes by a tenant's rules".to_owned(),
                remedy: "Sign in as the tenant's administrator.".to_owned(),
            });
        }
        let named = ask.from.is_some() || ask.from_address.is_some();
        let inbound = ask.inbound || !(named || ask.from_conference.is_some());
        let (by, at) = ((inbound, None, None), (ask.from_address, ask.from_conference));
        return calls::suppose(client, called, ask.from, by, at).await;
    }
    let answer = match (ask.call, ask.sip_call_id, client.face().await?) {
        (None, _, Face::Tenant | Face::Operator) => {
            return Err(CliError::Usage {
                reason: "only the programme owner finds calls by their SIP Call-ID".to_owned(),
                remedy: "Give the id of the call's record, see `meetpoint call list`.".to_owned(),
            });
        }
        (Some(id), _, Face::Tenant) => {
            client.get(&format!("/tenant/v1/calls/{id}/explain")).await?.body
        }
        (Some(id), _, Face::Operator) => {
            client.get(&format!("/operator/v1/calls/{id}/explain")).await?.body
        }
        (Some(id), ..) => {
            client.query("/programme/v1/explain/call", &[("id", id.to_string())]).await?
        }
        (None, call_id, _) => {
            let call_id = call_id.unwrap_or_default();
            client.query("/programme/v1/explain/call", &[("call_id", call_id)]).await?
        }
    };
    if client.json { output::json(&answer) } else { show(answer, ask.messages) }
}

fn record_id(text: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| "not the id of a record; a SIP Call-ID goes with --call-id".to_owned())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn show(mut answer: Value, with_messages: bool) -> Result<(), CliError> {
    let mut record = answer["record"].take();
    if record.is_null() {
        output::print("No record of this call has arrived yet.\n")?;
    } else {
        let attempts = record["attempts"].take();
        output::document(&record)?;
        let attempts: Vec<Value> = items(&attempts).iter().cloned().map(with_meaning).collect();
        if !attempts.is_empty() {
            output::print("\nTrunks tried:\n")?;
            output::list(&attempts, ATTEMPTS)?;
        }
    }
    let routing = answer["routing"].take();
    if !routing.is_null() {
        let as_of = answer["routing_as_of"].as_str().unwrap_or("now").to_owned();
        output::print(&format!("\nThe way of a call like it, by the data of {as_of}:\n"))?;
        calls::routing(routing)?;
        for change in items(&answer["routing_changed"]) {
            let text = |field: &str| change[field].as_str().unwrap_or("none");
            let (what, then, now) = (text("what"), text("then"), text("now"));
            output::print(&output::harmless(&format!(
                "Changed since the call: {what} was {then}, is {now}.\n"
            )))?;
        }
    }
    let alarms = answer["alarms"].take();
    if !items(&alarms).is_empty() {
        output::print("\nOpen alarms of what had a part in it:\n")?;
        output::list(items(&alarms), ALARMS)?;
    }
    let messages = answer["messages"].take();
    let (asked, answered) = (&answer["edges_asked"], &answer["edges_answered"]);
    if items(&messages).is_empty() {
        return output::print(&format!(
            "\nNo message of it is left: {answered} of {asked} edges answered, and they keep those \
             of the last calls only.\n"
        ));
    }
    output::print("\n")?;
    output::print(&ladder::draw(items(&messages)))?;
    if asked != answered {
        output::print(&format!("Only {answered} of {asked} edges answered.\n"))?;
    }
    if with_messages {
        for message in items(&messages) {
            let text = |field: &str| message[field].as_str().unwrap_or_default();
            let (to_or_from, peer) =
                (if text("way") == "in" { "from" } else { "to" }, text("peer"));
            let head = format!("\n--- {} {to_or_from} {peer}\n", text("at"));
            output::print(&output::harmless(&head))?;
            output::print(&output::harmless(text("text")))?;
        }
    }
    Ok(())
}

/// An attempt with its response in words.
fn with_meaning(mut attempt: Value) -> Value {
    let means = match attempt["sip_code"].as_u64() {
        Some(0) => "nothing came in time, or no connection: the next trunk was tried",
        Some(408 | 503 | 504) => "the trunk could not: the next one was tried",
        Some(200..=299) => "answered",
        Some(487) => "cancelled",
        Some(486 | 600) => "busy: final, unless it is a call for help",
        Some(_) => "final, unless it is a call for help: no other trunk is tried",
        None => "",
    };
    attempt["means"] = means.into();
    attempt
}
