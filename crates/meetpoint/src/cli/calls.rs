//! `meetpoint call …`.

mod files;

use super::{
    client::{Client, Face, Narrowed, Paging},
    error::CliError,
    output::{self, Columns},
};
use api_types::call::ExplainCall;
use clap::{Args, Subcommand};
use serde_json::Value;
use uuid::Uuid;

/// `meetpoint call …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Calls, newest first: a tenant's, an operator's, or every one
    List(List),
    /// One call
    Show {
        /// The call's id
        call: Uuid,
    },
    /// Calls for help, newest first, with who was told
    Emergencies {
        #[command(flatten)]
        paging: Paging,
    },
    /// Files of call records, with a record of what was in them
    #[command(subcommand)]
    Export(files::Export),
    /// Operators: say how long calls lasted
    Durations(files::Durations),
    /// Operators: the durations you said beside those that were measured
    Reconcile(files::Reconcile),
    /// What would happen to a call, rule by rule; places none
    Explain {
        /// What is dialled
        called: String,
        /// Called by this person: UPN, name or id
        #[arg(long, required_unless_present = "inbound")]
        from: Option<String>,
        /// Brought by the operator of the called number
        #[arg(long, conflicts_with = "from")]
        inbound: bool,
        /// Who calls, where an operator brings it: what your rules for callers look at
        #[arg(long, value_name = "NUMBER", requires = "inbound")]
        from_number: Option<String>,
        /// Made on behalf of whoever has this number, by a delegate of theirs
        #[arg(long, value_name = "NUMBER", conflicts_with = "inbound")]
        on_behalf_of: Option<String>,
    },
}

/// `meetpoint call list`.
#[derive(Debug, Args)]
pub struct List {
    /// Begun at or after, `2026-11-22T18:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<jiff::Timestamp>,
    /// Begun before
    #[arg(long, value_name = "TIME")]
    until: Option<jiff::Timestamp>,
    /// `inbound`, `outbound`, `internal` or `emergency`
    #[arg(long)]
    kind: Option<String>,
    /// The number in it, E.164
    #[arg(long)]
    number: Option<String>,
    /// The person in it: UPN, name or id
    #[arg(long)]
    user: Option<String>,
    #[command(flatten)]
    narrowed: Narrowed,
}

const EMERGENCIES: Columns = &[
    ("AT", "at"),
    ("NUMBER", "number"),
    ("DIALLED", "emergency_number"),
    ("PLACE", "place"),
    ("TOLD", "notification"),
    ("CALL", "call_id"),
];
const CALLS: Columns = &[
    ("STARTED", "started_at"),
    ("KIND", "kind"),
    ("CALLER", "caller"),
    ("CALLEE", "callee"),
    ("WHO", "user_name"),
    ("QUEUE", "queue_name"),
    ("OPERATOR", "operator_name"),
    ("TRUNK", "trunk"),
    ("SIP", "sip_code"),
    ("MS", "duration_ms"),
    ("OPERATOR'S", "operator_connected_ms"),
    ("ENDED BY", "hung_up_by"),
    ("ID", "id"),
];
const STEPS: Columns = &[("RULE", "rule"), ("FOUND", "found")];

/// Runs `meetpoint call …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List(list) => {
            let user_id = match list.user {
                Some(user) => Some(client.user(&user).await?.to_string()),
                None => None,
            };
            let query = [
                ("from", list.since.map(|at| at.to_string())),
                ("to", list.until.map(|at| at.to_string())),
                ("kind", list.kind),
                ("number", list.number),
                ("user_id", user_id),
            ];
            let query = query.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let query = query.chain(list.narrowed.query());
            let path = match client.face().await? {
                Face::Programme => "/programme/v1/calls",
                Face::Operator => "/operator/v1/calls",
                Face::Tenant => "/tenant/v1/calls",
            };
            client.list(path, query.collect(), &list.narrowed.paging, CALLS).await
        }
        Action::Show { call } => {
            client.show(&client.get(&format!("/tenant/v1/calls/{call}")).await?.body)
        }
        Action::Emergencies { paging } => {
            client.list("/tenant/v1/emergency-calls", Vec::new(), &paging, EMERGENCIES).await
        }
        Action::Export(action) => files::export(client, action).await,
        Action::Durations(durations) => durations.run(client).await,
        Action::Reconcile(reconcile) => reconcile.run(client).await,
        Action::Explain { called, from, inbound, from_number, on_behalf_of } => {
            let by = (inbound, from_number, on_behalf_of);
            suppose(client, called, from, by, (None, None)).await
        }
    }
}

/// What would happen to a call.
pub async fn suppose(
    client: &Client,
    called: String,
    from: Option<String>,
    (inbound, from_number, on_behalf_of): (bool, Option<String>, Option<String>),
    (from_address, from_conference): (Option<String>, Option<String>),
) -> Result<(), CliError> {
    let from_user_id = match from {
        Some(user) => Some(client.user(&user).await?),
        None => None,
    };
    let from_conference_bridge_id = match from_conference {
        Some(bridge) => Some(super::conferences::bridge(client, &bridge).await?),
        None => None,
    };
    let body = ExplainCall {
        from_user_id,
        inbound,
        from_address,
        from_conference_bridge_id,
        from_number,
        on_behalf_of_number: on_behalf_of,
        called,
    };
    let answer = client.post("/tenant/v1/explain/call", &body).await?.body;
    if client.json {
        return output::json(&answer);
    }
    routing(answer)
}

/// A routing decision with the rule behind each step.
pub fn routing(mut explanation: Value) -> Result<(), CliError> {
    let steps = explanation["steps"].take();
    output::document(&explanation)?;
    output::print("\n")?;
    output::list(steps.as_array().map(Vec::as_slice).unwrap_or_default(), STEPS)
}
