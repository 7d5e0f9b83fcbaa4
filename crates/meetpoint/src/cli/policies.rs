//! `meetpoint policy …`, `meetpoint group …`, `meetpoint screening …`.

use super::{
    client::{Client, Paging},
    error::CliError,
    output::{self, Columns},
};
use api_types::policy::{
    EmergencyNumber, GroupCreate, GroupMembersEdit, NormalizationRule, PolicyAssignmentPut,
    PolicyCreate, PolicySettings, PolicyUpdate,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// `meetpoint policy …`.
#[derive(Debug, Subcommand)]
pub enum PolicyAction {
    /// Your policies
    List {
        /// `TenantDialPlan`, `CallingLineIdentity`, `OnlineDialOutPolicy`,
        /// `OnlineVoiceRoutingPolicy`, `OnlineAudioConferencingRoutingPolicy`,
        /// `TeamsEmergencyCallingPolicy`, `TeamsEmergencyCallRoutingPolicy` or
        /// `TeamsSharedCallingRoutingPolicy`
        #[arg(long)]
        kind: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Add a policy; it holds for nobody yet
    Create {
        /// What to call it
        name: String,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// One policy
    Show {
        /// Name or id
        policy: String,
    },
    /// Edit a policy; what is not named stays
    Update {
        /// Name or id
        policy: String,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Remove a policy that holds for nobody
    Remove {
        /// Name or id
        policy: String,
    },
    /// For whom policies hold
    Assignments {
        #[command(flatten)]
        paging: Paging,
    },
    /// Let a policy hold for a person, a group, a number, or everybody
    Assign(Assign),
    /// Which policies hold for a person or a number, and why
    Effective {
        /// UPN, name or id
        #[arg(long)]
        user: Option<String>,
        /// E.164
        #[arg(long)]
        number: Option<String>,
    },
}

/// What a policy says: of one kind.
#[derive(Debug, Default, Args)]
pub struct Settings {
    /// A dial plan's rule; may be repeated, the first that matches counts
    #[arg(
        long, num_args = 3, value_names = ["NAME", "PATTERN", "TRANSLATION"],
        allow_hyphen_values = true
    )]
    rule: Vec<String>,
    /// Caller ID: `LineUri`, `Anonymous`, or the call queue whose number is shown
    #[arg(long, value_name = "WHAT")]
    show_caller: Option<String>,
    /// Caller ID: this name
    #[arg(long, value_name = "NAME", requires = "show_caller")]
    company_name: Option<String>,
    /// Caller ID: people may hide it
    #[arg(long, requires = "show_caller")]
    user_override: bool,
    /// Caller ID: people do not see who calls from outside
    #[arg(long, requires = "show_caller")]
    block_incoming: bool,
    /// Voice routing: a PSTN usage; may be repeated, they are tried in their order
    #[arg(long, value_name = "USAGE")]
    pstn_usage: Vec<String>,
    /// Meetings' calls: a PSTN usage; may be repeated, they are tried in their order
    #[arg(long, value_name = "USAGE")]
    conference_usage: Vec<String>,
    /// Shared calling: the call queue by whose number people without one call
    #[arg(long, value_name = "QUEUE")]
    shared_account: Option<String>,
    /// Shared calling: a number for emergency calls; may be repeated
    #[arg(long, value_name = "NUMBER", requires = "shared_account")]
    emergency_number: Vec<String>,
    /// Calls outside: `InternationalAndDomestic`, `Domestic` or `None`
    #[arg(long, value_name = "WHERE")]
    allow: Option<String>,
    /// Calls outside: none to premium rate, shared cost and satellites
    #[arg(long, requires = "allow")]
    no_premium: bool,
    /// Calls out of meetings, beside `--allow`: `InternationalAndDomestic`, `Domestic` or `None`
    #[arg(long, value_name = "WHERE", requires = "allow")]
    conferencing: Option<String>,
    /// Emergency calls: who is told, a mail address, UPN or the name of a group; may be repeated
    #[arg(long, value_name = "WHO")]
    notify: Vec<String>,
    /// Emergency calls: `NotificationOnly`, `ConferenceMuted` or `ConferenceUnMuted`
    #[arg(long, value_name = "MODE", requires = "notify")]
    notify_mode: Option<String>,
    /// Emergency calls of Direct Routing numbers: what is dialled, and the PSTN usage by which it
    /// leaves; may be repeated
    #[arg(long, num_args = 2, value_names = ["DIGITS", "USAGE"])]
    emergency_dial_string: Vec<String>,
    /// The settings as a JSON document, `-` for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "rule", "show_caller", "allow", "pstn_usage", "conference_usage", "notify",
        "emergency_dial_string", "shared_account"])]
    settings: Option<PathBuf>,
}

/// `meetpoint policy assign`.
#[derive(Debug, Args)]
pub struct Assign {
    /// Name or id; left out with --none
    #[arg(required_unless_present = "none")]
    policy: Option<String>,
    /// No policy of this kind holds there any more
    #[arg(long, value_name = "KIND", conflicts_with = "policy")]
    none: Option<String>,
    /// For one person: UPN, name or id
    #[arg(long, conflicts_with_all = ["group", "number", "everybody"])]
    user: Option<String>,
    /// For the people of a group: name or id
    #[arg(long, conflicts_with_all = ["number", "everybody"])]
    group: Option<String>,
    /// The group's rank; of several groups of a person the lowest counts
    #[arg(long, requires = "group")]
    rank: Option<u32>,
    /// For the calls of one number, E.164
    #[arg(long, conflicts_with = "everybody")]
    number: Option<String>,
    /// For everybody
    #[arg(long, required_unless_present_any = ["user", "group", "number"])]
    everybody: bool,
}

/// `meetpoint group …`.
#[derive(Debug, Subcommand)]
pub enum GroupAction {
    /// Your groups
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Add an empty group
    Create {
        /// What to call it
        name: String,
    },
    /// One group
    Show {
        /// Name or id
        group: String,
    },
    /// Remove a group; its policies hold for its people no more
    Remove {
        /// Name or id
        group: String,
    },
    /// Who is in a group
    Members {
        /// Name or id
        group: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Let people join and leave a group
    Edit {
        /// Name or id
        group: String,
        /// Who joins: UPN, name or id; may be repeated
        #[arg(long, value_name = "USER")]
        join: Vec<String>,
        /// Who leaves; may be repeated
        #[arg(long, value_name = "USER")]
        leave: Vec<String>,
    },
}

/// `meetpoint screening …`.
#[derive(Debug, Subcommand)]
pub enum ScreeningAction {
    /// The rules; with --json as `set` takes them
    Show,
    /// Replace all rules
    Set {
        /// A JSON document with `blocked`, `exempt` and `unassigned`, `-` for stdin
        file: PathBuf,
    },
}

const POLICIES: &str = "/tenant/v1/policies";
const ASSIGNMENTS: &str = "/tenant/v1/policy-assignments";
const EFFECTIVE: &str = "/tenant/v1/effective-policies";
const GROUPS: &str = "/tenant/v1/groups";
const SCREENING: &str = "/tenant/v1/call-screening";

const POLICY: Columns =
    &[("NAME", "name"), ("SETTINGS", "settings"), ("DESCRIPTION", "description"), ("ID", "id")];
const ASSIGNMENT: Columns = &[
    ("KIND", "kind"),
    ("POLICY", "policy_name"),
    ("FOR", "target"),
    ("USER", "user_id"),
    ("GROUP", "group_id"),
    ("RANK", "rank"),
    ("NUMBER", "number"),
];
const HOLDS: Columns = &[
    ("KIND", "kind"),
    ("POLICY", "policy_name"),
    ("BY", "assigned"),
    ("GROUP", "group_id"),
    ("RANK", "rank"),
    ("ID", "policy_id"),
];
const GROUP: Columns = &[("NAME", "name"), ("MEMBERS", "members"), ("ID", "id")];
const MEMBER: Columns = &[("UPN", "upn"), ("NAME", "display_name"), ("ID", "id")];
const BLOCKED: Columns = &[
    ("BLOCKED", "name"),
    ("PATTERN", "pattern"),
    ("ENABLED", "enabled"),
    ("SENT TO", "redirect_to_account_id"),
    ("HEARS", "redirect_to_announcement"),
];
const EXEMPT: Columns = &[("EXCEPTION", "name"), ("PATTERN", "pattern"), ("ENABLED", "enabled")];
const UNASSIGNED: Columns = &[
    ("UNASSIGNED", "name"),
    ("PATTERN", "pattern"),
    ("PRIORITY", "priority"),
    ("USER", "user_id"),
    ("QUEUE", "resource_account_id"),
    ("ANNOUNCEMENT", "announcement"),
];

pub(super) fn document(path: &Path) -> Result<Value, CliError> {
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let file = |reason: String| CliError::File { path: path.to_owned(), reason };
    let text = text.map_err(|error| file(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| file(error.to_string()))
}

impl Settings {
    async fn read(self, client: &Client) -> Result<Option<PolicySettings>, CliError> {
        let kinds = [
            !self.rule.is_empty(),
            self.show_caller.is_some(),
            self.allow.is_some(),
            !self.pstn_usage.is_empty(),
            !self.conference_usage.is_empty(),
            !self.notify.is_empty(),
            !self.emergency_dial_string.is_empty(),
            self.shared_account.is_some(),
        ];
        if kinds.iter().filter(|given| **given).count() > 1 {
            return Err(CliError::usage(
                "a policy is of one kind: --rule, --show-caller, --allow, --pstn-usage, \
                 --conference-usage, --notify, --emergency-dial-string or --shared-account",
            ));
        }
        if let Some(path) = &self.settings {
            let settings = serde_json::from_value(document(path)?).map_err(|error| {
                CliError::File { path: path.clone(), reason: error.to_string() }
            })?;
            return Ok(Some(settings));
        }
        if !self.rule.is_empty() {
            let (rules, _) = self.rule.as_chunks::<3>();
            let rule = |[name, pattern, translation]: &[String; 3]| NormalizationRule {
                name: name.clone(),
                pattern: pattern.clone(),
                translation: translation.clone(),
            };
            let rules = rules.iter().map(rule).collect();
            return Ok(Some(PolicySettings::TenantDialPlan { rules }));
        }
        if !self.pstn_usage.is_empty() {
            let online_pstn_usages = self.pstn_usage;
            return Ok(Some(PolicySettings::OnlineVoiceRoutingPolicy { online_pstn_usages }));
        }
        if !self.conference_usage.is_empty() {
            let online_pstn_usages = self.conference_usage;
            let settings =
                PolicySettings::OnlineAudioConferencingRoutingPolicy { online_pstn_usages };
            return Ok(Some(settings));
        }
        if !self.notify.is_empty() {
            return self.desk(client).await.map(Some);
        }
        if !self.emergency_dial_string.is_empty() {
            let (numbers, _) = self.emergency_dial_string.as_chunks::<2>();
            let number = |[digits, usage]: &[String; 2]| EmergencyNumber {
                emergency_dial_string: digits.clone(),
                emergency_dial_mask: Vec::new(),
                online_pstn_usage: Some(usage.clone()),
            };
            return Ok(Some(PolicySettings::TeamsEmergencyCallRoutingPolicy {
                allow_enhanced_emergency_services: false,
                emergency_numbers: numbers.iter().map(number).collect(),
            }));
        }
        if let Some(queue) = self.shared_account {
            return Ok(Some(PolicySettings::TeamsSharedCallingRoutingPolicy {
                resource_account_id: client.queue(&queue).await?,
                emergency_numbers: self.emergency_number,
            }));
        }
        if let Some(shown) = self.show_caller {
            let (substitute, resource_account_id) = match shown.as_str() {
                "LineUri" | "Anonymous" => (shown, None),
                queue => ("Resource".to_owned(), Some(client.queue(queue).await?)),
            };
            return Ok(Some(PolicySettings::CallingLineIdentity {
                substitute,
                resource_account_id,
                company_name: self.company_name,
                enable_user_override: self.user_override,
                block_incoming_pstn_caller_id: self.block_incoming,
            }));
        }
        let premium = !self.no_premium;
        let conferencing = self.conferencing;
        Ok(self.allow.map(|allowed| PolicySettings::OnlineDialOutPolicy {
            allowed,
            premium,
            conferencing_allowed: conferencing
                .unwrap_or_else(|| "InternationalAndDomestic".to_owned()),
        }))
    }
}

impl Settings {
    /// Who is told of emergency calls: what has no `@` is a group.
    async fn desk(self, client: &Client) -> Result<PolicySettings, CliError> {
        let (mut notification_group, mut notification_group_ids) = (Vec::new(), Vec::new());
        for who in self.notify {
            if who.contains('@') {
                notification_group.push(who);
            } else {
                notification_group_ids.push(group(client, &who).await?);
            }
        }
        Ok(PolicySettings::TeamsEmergencyCallingPolicy {
            notification_group,
            notification_group_ids,
            notification_dial_out_number: None,
            notification_mode: self.notify_mode.unwrap_or_else(|| "NotificationOnly".to_owned()),
            external_location_lookup_mode: "Disabled".to_owned(),
            enhanced_emergency_service_disclaimer: None,
            extended_notifications: Vec::new(),
        })
    }
}

async fn policy(client: &Client, text: &str) -> Result<Uuid, CliError> {
    client.find("policy", text, POLICIES, &["name"], "id").await
}

async fn group(client: &Client, text: &str) -> Result<Uuid, CliError> {
    client.find("group", text, GROUPS, &["name"], "id").await
}

async fn group_path(client: &Client, text: &str) -> Result<String, CliError> {
    Ok(format!("{GROUPS}/{}", group(client, text).await?))
}

async fn assign(client: &Client, ask: Assign) -> Result<(), CliError> {
    let mut put = PolicyAssignmentPut::default();
    match (&ask.policy, ask.none) {
        (Some(text), _) => {
            let id = policy(client, text).await?;
            let found = client.get(&format!("{POLICIES}/{id}")).await?.body;
            put.kind = found["settings"]["kind"].as_str().unwrap_or_default().to_owned();
            put.policy_id = Some(id);
        }
        (None, Some(kind)) => put.kind = kind,
        (None, None) => return Err(CliError::usage("name a policy, or --none KIND")),
    }
    if let Some(user) = &ask.user {
        put.user_id = Some(client.user(user).await?);
    }
    if let Some(text) = &ask.group {
        put.group_id = Some(group(client, text).await?);
        put.rank = ask.rank;
    }
    put.number = ask.number;
    client.show(&client.send(Method::PUT, ASSIGNMENTS, None, Some(&put)).await?.body)
}

/// Runs `meetpoint policy …`.
pub async fn run_policy(client: &Client, action: PolicyAction) -> Result<(), CliError> {
    match action {
        PolicyAction::List { kind, paging } => {
            let query = kind.map(|kind| ("kind", kind)).into_iter().collect();
            client.list(POLICIES, query, &paging, POLICY).await
        }
        PolicyAction::Create { name, description, settings } => {
            let settings = settings.read(client).await?.ok_or_else(|| {
                CliError::usage(
                    "say what the policy says: --rule, --show-caller, --allow, --pstn-usage, \
                     --notify, --emergency-dial-string, --shared-account or --settings",
                )
            })?;
            let body = PolicyCreate { name, description, settings };
            client.show(&client.post(POLICIES, &body).await?.body)
        }
        PolicyAction::Show { policy: text } => {
            let path = format!("{POLICIES}/{}", policy(client, &text).await?);
            client.show(&client.get(&path).await?.body)
        }
        PolicyAction::Update { policy: text, name, description, settings } => {
            let path = format!("{POLICIES}/{}", policy(client, &text).await?);
            let settings = settings.read(client).await?;
            let edit = PolicyUpdate { name, description, settings };
            client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
        }
        PolicyAction::Remove { policy: text } => {
            let path = format!("{POLICIES}/{}", policy(client, &text).await?);
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
        PolicyAction::Assignments { paging } => {
            client.list(ASSIGNMENTS, Vec::new(), &paging, ASSIGNMENT).await
        }
        PolicyAction::Assign(ask) => assign(client, ask).await,
        PolicyAction::Effective { user, number } => {
            let mut query = Vec::new();
            if let Some(user) = user {
                query.push(("user_id", client.user(&user).await?.to_string()));
            }
            query.extend(number.map(|number| ("number", number)));
            let found = client.query(EFFECTIVE, &query).await?;
            if client.json {
                return output::json(&found);
            }
            client.show_rows(&found["policies"], HOLDS)
        }
    }
}

/// Runs `meetpoint group …`.
pub async fn run_group(client: &Client, action: GroupAction) -> Result<(), CliError> {
    match action {
        GroupAction::List { paging } => client.list(GROUPS, Vec::new(), &paging, GROUP).await,
        GroupAction::Create { name } => {
            client.show(&client.post(GROUPS, &GroupCreate { name }).await?.body)
        }
        GroupAction::Show { group } => {
            client.show(&client.get(&group_path(client, &group).await?).await?.body)
        }
        GroupAction::Remove { group } => {
            let path = group_path(client, &group).await?;
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
        GroupAction::Members { group, paging } => {
            let path = format!("{}/members", group_path(client, &group).await?);
            client.list(&path, Vec::new(), &paging, MEMBER).await
        }
        GroupAction::Edit { group, join, leave } => {
            let path = format!("{}/members", group_path(client, &group).await?);
            let mut edit = GroupMembersEdit::default();
            for user in &join {
                edit.join.push(client.user(user).await?);
            }
            for user in &leave {
                edit.leave.push(client.user(user).await?);
            }
            client.show(&client.post(&path, &edit).await?.body)
        }
    }
}

/// Runs `meetpoint screening …`.
pub async fn run_screening(client: &Client, action: ScreeningAction) -> Result<(), CliError> {
    let rules = match action {
        ScreeningAction::Show => client.get(SCREENING).await?.body,
        ScreeningAction::Set { file } => {
            let mut rules = document(&file)?;
            if let Some(rules) = rules.as_object_mut() {
                // As `show --json` wrote it.
                rules.remove("version");
            }
            client.edit(Method::PUT, SCREENING, SCREENING, Some(&rules)).await?.body
        }
    };
    if client.json {
        return output::json(&rules);
    }
    for (part, columns) in [("blocked", BLOCKED), ("exempt", EXEMPT), ("unassigned", UNASSIGNED)] {
        client.show_rows(&rules[part], columns)?;
    }
    Ok(())
}
