//! `meetpoint freeze …`.

use super::{
    client::{Client, Face, Paging},
    error::CliError,
    output::Columns,
};
use api_types::freeze::ChangeFreezeCreate;
use clap::Subcommand;
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint freeze …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Windows that are not over: yours and the programme's
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Refuse changes in a window: a tenant's own, or as programme owner everybody's
    Set {
        /// What refusals call it
        name: String,
        /// Until when, `2026-12-24T18:00:00Z`
        #[arg(long, value_name = "TIME")]
        until: jiff::Timestamp,
        /// From when on; now if left out
        #[arg(long, value_name = "TIME")]
        from: Option<jiff::Timestamp>,
    },
    /// End a window
    End {
        /// Its id
        freeze: Uuid,
    },
}

const FREEZES: Columns = &[
    ("NAME", "name"),
    ("FROM", "starts_at"),
    ("UNTIL", "ends_at"),
    ("TENANT", "tenant_id"),
    ("ID", "id"),
];

/// Runs `meetpoint freeze …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    let all = match client.face().await? {
        Face::Programme => "/programme/v1/change-freezes",
        Face::Tenant | Face::Operator => "/tenant/v1/change-freezes",
    };
    match action {
        Action::List { paging } => client.list(all, Vec::new(), &paging, FREEZES).await,
        Action::Set { name, until, from } => {
            let body = ChangeFreezeCreate { name, starts_at: from, ends_at: until };
            client.show(&client.post(all, &body).await?.body)
        }
        Action::End { freeze } => {
            let path = format!("{all}/{freeze}");
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
    }
}
