//! Client commands: everything the web page can do, over the same API.
//!
//! Data goes to stdout, talk to stderr. Exit status 0: done; 1: refused,
//! unreachable or failed in part; 2: the command cannot be meant so.

mod accounts;
mod calling;
mod calls;
mod client;
mod clients;
mod conferences;
mod config;
mod consents;
#[cfg(test)]
mod coverage;
pub mod error;
mod events;
mod fraud;
mod freezes;
mod gateways;
mod inside;
mod ladder;
mod mails;
mod networks;
mod numbers;
mod offers;
mod operators;
pub mod output;
mod people;
mod policies;
mod shop;
mod sign_in;
pub mod sip;
mod tenants;
mod webhooks;

use client::Client;
use error::CliError;
use std::process::ExitCode;

/// What every client command takes. Its fields must not be called like any
/// command's own: clap would pass these over.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection and output")]
pub struct Global {
    /// Where Meetpoint answers, `http://127.0.0.1:8080`
    #[arg(long, global = true, env = "MEETPOINT_URL", value_name = "URL")]
    url: Option<String>,
    /// Which stored sign-in to use; the last one if left out
    #[arg(long = "as", global = true, env = "MEETPOINT_PROFILE", value_name = "NAME")]
    sign_in: Option<String>,
    /// Print the API's JSON documents
    #[arg(long, global = true)]
    json: bool,
    /// Client id, instead of a stored sign-in
    #[arg(
        long = "client-id",
        global = true,
        env = "MEETPOINT_CLIENT_ID",
        value_name = "ID",
        hide_short_help = true
    )]
    as_client: Option<String>,
    /// Secret of that client; from the environment only, where no process list shows it
    #[arg(skip = std::env::var("MEETPOINT_CLIENT_SECRET").ok())]
    client_secret: Option<String>,
    /// A token; from the environment only
    #[arg(skip = std::env::var("MEETPOINT_TOKEN").ok())]
    token: Option<String>,
}

impl Global {
    /// A sign-in that is named wins over credentials that lie about in the
    /// environment; `--client-id` on the command line wins over both.
    fn without_overridden(&self) -> Self {
        let from_environment = std::env::var("MEETPOINT_CLIENT_ID").ok();
        let client_was_named = self.as_client.is_some() && self.as_client != from_environment;
        if self.sign_in.is_none() || client_was_named {
            return self.clone();
        }
        Self { as_client: None, client_secret: None, token: None, ..self.clone() }
    }
}

/// A group of commands with what all of them take.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Group<Action: clap::Subcommand> {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    action: Action,
}

/// Commands that talk to a running Meetpoint.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Sign in with a client's id and secret, and remember it
    Login(sign_in::Login),
    /// Forget a remembered sign-in
    Logout(sign_in::Logout),
    /// Operators: admit them, their trunks, calling profiles, ranges and offers
    Operator(Group<operators::Action>),
    /// Tenants and their civic addresses
    Tenant(Group<tenants::Action>),
    /// The directory, consents and the relationship on them
    Consent(Group<consents::Action>),
    /// Invitations: an operator invites a tenant, which consents or declines
    Lead(Group<offers::LeadAction>),
    /// The data transfer notice, which consents accept
    Notice(Group<offers::NoticeAction>),
    /// Numbers: list, upload, assign, release
    Number(Group<numbers::Action>),
    /// People, their licences and phones
    User(Group<people::UserAction>),
    /// Call queues
    Queue(Group<people::QueueAction>),
    /// Call records, and what would happen to a call
    Call(Group<calls::Action>),
    /// Clients: credentials for programs, sign-in links for people
    Client(Group<clients::Action>),
    /// Outside issuers whose tokens are taken, and at which people sign in
    Issuer(Group<clients::IssuerAction>),
    /// Your own login, password and second factor
    Account(Group<accounts::Action>),
    /// Your own tokens for programs
    Token(Group<clients::TokenAction>),
    /// Explain a call: one that happened, one that goes on, or one that might
    Explain(Group<inside::ExplainAction>),
    /// Alarms of the edges
    Alarms(Group<inside::AlarmAction>),
    /// Edges that were heard, and those that are gone
    Edges(Group<inside::EdgeAction>),
    /// Limits of calls to costly destinations
    Fraud(Group<fraud::Action>),
    /// Trusted networks: from where calls for help are carried whoever makes them
    Network(Group<networks::Action>),
    /// Policies: dial plans, caller ID, restrictions, and for whom they hold
    Policy(Group<policies::PolicyAction>),
    /// Groups of people, for whom policies hold
    Group(Group<policies::GroupAction>),
    /// Your own gateways to the PSTN and to other exchanges (Direct Routing)
    Gateway(Group<gateways::GatewayAction>),
    /// PSTN usages and voice routes: which calls leave by which gateways
    VoiceRouting(Group<gateways::RoutingAction>),
    /// Conference bridges, and the numbers to call into meetings by
    Conference(Group<conferences::Action>),
    /// Operators that stand in where that of the caller's number cannot carry a call outside
    Fallback(Group<gateways::FallbackAction>),
    /// Forwarding, delegates and call groups of your people
    Calling(Group<calling::CallingAction>),
    /// Voicemail and announcements: what plays and records for you
    VoiceTargets(Group<calling::TargetsAction>),
    /// Callers that are not let in, and numbers that nobody has
    Screening(Group<policies::ScreeningAction>),
    /// Change freezes: windows in which changes are refused
    Freeze(Group<freezes::Action>),
    /// An operator's stock: numbers that tenants can find and have
    Stock(Group<shop::StockAction>),
    /// Shopping for numbers in the stock of an operator
    Shop(Group<shop::ShopAction>),
    /// The secrets that all edges share
    EdgeKey(Group<sign_in::EdgeKeyAction>),
    /// Mails to people who are given a number or lose one
    Mail(Group<mails::Action>),
    /// Subscriptions to events, posted to an endpoint
    Webhook(Group<webhooks::Action>),
    /// What happens, or has happened: the events of a tenant, an operator or the exchange
    Events(events::Events),
    /// Who did what
    Audit(Group<sign_in::AuditAction>),
}

/// Runs a client command.
pub async fn run(command: Command) -> ExitCode {
    let (as_json, outcome) = match command {
        Command::Login(login) => (login.json(), login.run().await),
        Command::Logout(logout) => (false, logout.run()),
        Command::Operator(group) => with(group, operators::run).await,
        Command::Tenant(group) => with(group, tenants::run).await,
        Command::Consent(group) => with(group, consents::run).await,
        Command::Lead(group) => with(group, offers::run_lead).await,
        Command::Notice(group) => with(group, offers::run_notice).await,
        Command::Number(group) => with(group, numbers::run).await,
        Command::User(group) => with(group, people::run_user).await,
        Command::Queue(group) => with(group, people::run_queue).await,
        Command::Call(group) => with(group, calls::run).await,
        Command::Client(group) => with(group, clients::run).await,
        Command::Issuer(group) => with(group, clients::run_issuer).await,
        Command::Account(group) => with(group, accounts::run).await,
        Command::Token(group) => with(group, clients::run_token).await,
        Command::Explain(group) => with(group, inside::run_explain).await,
        Command::Alarms(group) => with(group, inside::run_alarms).await,
        Command::Edges(group) => with(group, inside::run_edges).await,
        Command::Fraud(group) => with(group, fraud::run).await,
        Command::Network(group) => with(group, networks::run).await,
        Command::Policy(group) => with(group, policies::run_policy).await,
        Command::Group(group) => with(group, policies::run_group).await,
        Command::Gateway(group) => with(group, gateways::run_gateway).await,
        Command::VoiceRouting(group) => with(group, gateways::run_routing).await,
        Command::Conference(group) => with(group, conferences::run).await,
        Command::Fallback(group) => with(group, gateways::run_fallback).await,
        Command::Calling(group) => with(group, calling::run_calling).await,
        Command::VoiceTargets(group) => with(group, calling::run_targets).await,
        Command::Screening(group) => with(group, policies::run_screening).await,
        Command::Freeze(group) => with(group, freezes::run).await,
        Command::Stock(group) => with(group, shop::run_stock).await,
        Command::Shop(group) => with(group, shop::run_shop).await,
        Command::EdgeKey(group) => with(group, sign_in::run_edge_key).await,
        Command::Mail(group) => with(group, mails::run).await,
        Command::Webhook(group) => with(group, webhooks::run).await,
        Command::Events(events) => (events.json(), events.run().await),
        Command::Audit(group) => with(group, sign_in::run_audit).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(as_json),
    }
}

async fn with<Action: clap::Subcommand>(
    group: Group<Action>,
    run: impl AsyncFnOnce(&Client, Action) -> Result<(), CliError>,
) -> (bool, Result<(), CliError>) {
    let outcome = async {
        let client = Client::new(&group.global)?;
        run(&client, group.action).await
    };
    (group.global.json, outcome.await)
}
