//! `meetpoint calling …`, `meetpoint voice-targets …`.

use super::{
    client::{Client, Paging},
    error::CliError,
    output::Columns,
    policies::document,
};
use api_types::calling::{
    CallingSettings, CallingSettingsPut, Delegate, Forwarding, ForwardingTarget, Unanswered,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use std::path::PathBuf;
use uuid::Uuid;

/// `meetpoint calling …`.
#[derive(Debug, Subcommand)]
pub enum CallingAction {
    /// Settings of those who ever set something
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// One person's settings
    Show {
        /// UPN, name or id
        user: String,
    },
    /// Change people's settings from a CSV file; what a row leaves out stays
    Import {
        /// A CSV file with a header; `-` is stdin. Columns: upn, forwarding_type, forwarding,
        /// unanswered, delay_seconds, busy, unreachable, delegates, call_group
        file: PathBuf,
        /// Which header means what: `upn:Mail,unanswered:#2`
        #[arg(long)]
        columns: Option<String>,
        /// Check everything, change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Change one person's settings; what is not named stays
    Set(Box<Set>),
}

/// `meetpoint calling set`. A target is `voicemail`, `delegates`, `group`, a number, a person, or
/// `none`.
#[derive(Debug, Args)]
pub struct Set {
    /// UPN, name or id
    user: String,
    /// All calls go there at once: `voicemail`, `delegates`, `group`, a number, a person, or `none`
    #[arg(long, value_name = "TARGET", conflicts_with = "also_ring")]
    forward: Option<String>,
    /// It rings there too: `delegates`, `group`, a number, a person, or `none`
    #[arg(long, value_name = "TARGET")]
    also_ring: Option<String>,
    /// Where calls go that nobody answers
    #[arg(long, value_name = "TARGET")]
    unanswered: Option<String>,
    /// After how many seconds: 10 to 60, in steps of 10
    #[arg(long, value_name = "SECONDS")]
    delay: Option<u32>,
    /// Where calls go while the person is busy
    #[arg(long, value_name = "TARGET")]
    busy: Option<String>,
    /// Where calls go while no phone of theirs can be reached
    #[arg(long, value_name = "TARGET")]
    unreachable: Option<String>,
    /// A delegate who makes and receives calls; may be repeated
    #[arg(long = "delegate", value_name = "USER")]
    delegates: Vec<String>,
    /// A delegate who only calls on behalf of the person; may be repeated
    #[arg(long = "delegate-makes", value_name = "USER")]
    makes: Vec<String>,
    /// A delegate who only receives calls; may be repeated
    #[arg(long = "delegate-receives", value_name = "USER")]
    receives: Vec<String>,
    /// No delegates but those that are named
    #[arg(long)]
    no_delegates: bool,
    /// A member of the call group, in place of those before; may be repeated
    #[arg(long = "member", value_name = "USER")]
    members: Vec<String>,
    /// Nobody is in the call group
    #[arg(long, conflicts_with = "members")]
    no_group: bool,
}

/// `meetpoint voice-targets …`.
#[derive(Debug, Subcommand)]
pub enum TargetsAction {
    /// Your voicemail and announcements
    Show,
    /// Replace them
    Set {
        /// A JSON document as `show --json` writes it; `-` reads from the standard input
        file: PathBuf,
    },
}

const LIST: &str = "/tenant/v1/calling-settings";
const TARGETS: &str = "/tenant/v1/voice-targets";

const SETTINGS: Columns = &[
    ("UPN", "upn"),
    ("FORWARDING", "forwarding"),
    ("UNANSWERED", "unanswered"),
    ("DELEGATES", "delegates"),
    ("CALL GROUP", "call_group"),
    ("ID", "user_id"),
];

async fn target(client: &Client, text: &str) -> Result<Option<ForwardingTarget>, CliError> {
    let mut target = ForwardingTarget { kind: "SingleTarget".into(), number: None, user_id: None };
    match text {
        "none" => return Ok(None),
        "voicemail" => target.kind = "Voicemail".into(),
        "delegates" => target.kind = "MyDelegates".into(),
        "group" => target.kind = "Group".into(),
        number if number.starts_with('+') => target.number = Some(number.to_owned()),
        user => target.user_id = Some(client.user(user).await?),
    }
    Ok(Some(target))
}

impl Set {
    async fn apply(
        self,
        client: &Client,
        before: CallingSettings,
    ) -> Result<CallingSettingsPut, CliError> {
        let mut put = CallingSettingsPut {
            forwarding: before.forwarding,
            unanswered: before.unanswered,
            busy: before.busy,
            unreachable: before.unreachable,
            delegates: before.delegates,
            call_group: before.call_group,
        };
        for (kind, given) in [("Immediate", self.forward), ("Simultaneous", self.also_ring)] {
            if let Some(text) = given {
                let target = target(client, &text).await?;
                put.forwarding = target.map(|target| Forwarding { kind: kind.into(), target });
            }
        }
        if let Some(text) = self.unanswered {
            let delay_seconds = put.unanswered.and_then(|u| u.delay_seconds);
            let target = target(client, &text).await?;
            put.unanswered = target.map(|target| Unanswered { target, delay_seconds });
        }
        if let Some(seconds) = self.delay {
            match &mut put.unanswered {
                Some(unanswered) => unanswered.delay_seconds = Some(seconds),
                None => {
                    return Err(CliError::usage("say where unanswered calls go: --unanswered"));
                }
            }
        }
        if let Some(text) = self.busy {
            put.busy = target(client, &text).await?;
        }
        if let Some(text) = self.unreachable {
            put.unreachable = target(client, &text).await?;
        }
        if self.no_delegates {
            put.delegates.clear();
        }
        let named =
            [(self.delegates, true, true), (self.makes, true, false), (self.receives, false, true)];
        for (people, make_calls, receive_calls) in named {
            for user in people {
                let user_id = client.user(&user).await?;
                put.delegates.retain(|delegate| delegate.user_id != user_id);
                put.delegates.push(Delegate { user_id, make_calls, receive_calls });
            }
        }
        if self.no_group || !self.members.is_empty() {
            put.call_group.clear();
        }
        for user in self.members {
            let user: Uuid = client.user(&user).await?;
            put.call_group.push(user);
        }
        Ok(put)
    }
}

async fn path(client: &Client, user: &str) -> Result<String, CliError> {
    Ok(format!("/tenant/v1/users/{}/calling-settings", client.user(user).await?))
}

/// Runs `meetpoint calling …`.
pub async fn run_calling(client: &Client, action: CallingAction) -> Result<(), CliError> {
    match action {
        CallingAction::List { paging } => client.list(LIST, Vec::new(), &paging, SETTINGS).await,
        CallingAction::Show { user } => {
            client.show(&client.get(&path(client, &user).await?).await?.body)
        }
        CallingAction::Import { file, columns, dry_run } => {
            let mut query = vec![("dry_run", dry_run.to_string())];
            query.extend(columns.map(|columns| ("columns", columns)));
            let bytes = super::numbers::read_bytes(&file)?;
            let answer = client.send_csv(&format!("{LIST}/csv"), &query, bytes).await?.body;
            client.show(&answer)?;
            let failed = answer["failed"].as_u64().unwrap_or(0);
            if failed > 0 {
                return Err(CliError::Partial {
                    reason: format!("{failed} of {} rows failed", answer["total"]),
                    remedy: "Correct the rows it names.",
                });
            }
            Ok(())
        }
        CallingAction::Set(set) => {
            let path = path(client, &set.user).await?;
            let before = client.get(&path).await?.body;
            let before = serde_json::from_value(before).map_err(|error| {
                CliError::usage(format!("the settings cannot be read: {error}"))
            })?;
            let put = set.apply(client, before).await?;
            client.show(&client.edit(Method::PUT, &path, &path, Some(&put)).await?.body)
        }
    }
}

/// Runs `meetpoint voice-targets …`.
pub async fn run_targets(client: &Client, action: TargetsAction) -> Result<(), CliError> {
    let shown = match action {
        TargetsAction::Show => client.get(TARGETS).await?.body,
        TargetsAction::Set { file } => {
            let mut targets = document(&file)?;
            if let Some(targets) = targets.as_object_mut() {
                // As `show --json` wrote it.
                targets.remove("version");
            }
            client.edit(Method::PUT, TARGETS, TARGETS, Some(&targets)).await?.body
        }
    };
    client.show(&shown)
}
