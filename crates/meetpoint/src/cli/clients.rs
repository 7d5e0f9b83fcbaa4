//! Clients, outside issuers, and one's own tokens.

use super::{
    client::{Client, Paging},
    error::CliError,
    output::Columns,
};
use api_types::identity::{
    ApiTokenCreate, ClientCreate, ClientKeyCreate, ClientSecretCreate, ClientUpdate, IssuerCreate,
    RoleMapping,
};
use clap::Subcommand;
use reqwest::Method;
use std::path::PathBuf;
use uuid::Uuid;

const CLIENTS: &str = "/programme/v1/clients";
const ISSUERS: &str = "/programme/v1/issuers";
const TOKENS: &str = "/session/tokens";

/// `meetpoint client …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List clients, and whomever issuers vouch for
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one with its secrets and keys, without the secrets themselves
    Show {
        /// The client's id
        client_id: Uuid,
    },
    /// Make a client; its secret is shown this once
    Create {
        /// Shown in the audit log
        name: String,
        /// programme_owner, programme_support, operator_admin, operator_reader, tenant_admin,
        /// tenant_helpdesk, tenant_reader or edge
        #[arg(long)]
        role: String,
        /// For an operator's roles: which operator, by name or id
        #[arg(long)]
        operator: Option<String>,
        /// For a tenant's roles: which tenant, by name or id
        #[arg(long)]
        tenant: Option<String>,
        /// A role on the compatible face, such as ProvisioningAPI.Read; may be repeated
        #[arg(long = "provisioning-role", value_name = "ROLE")]
        provisioning_roles: Vec<String>,
    },
    /// Rename a client, change its roles on the compatible face, or shut it out
    Update {
        /// The client's id
        client_id: Uuid,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// Its roles on the compatible face from now on; may be repeated
        #[arg(long = "provisioning-role", value_name = "ROLE")]
        provisioning_roles: Vec<String>,
        /// Where its public keys are; empty for nowhere
        #[arg(long, value_name = "URL")]
        jwks_uri: Option<String>,
        /// Shut it out: its tokens and sessions end at once
        #[arg(long, conflicts_with = "enable")]
        disable: bool,
        /// Let it in again
        #[arg(long)]
        enable: bool,
    },
    /// Secrets: two are good at a time
    #[command(subcommand)]
    Secret(SecretAction),
    /// Public keys, for clients that sign instead of showing a secret
    #[command(subcommand)]
    Key(KeyAction),
    /// Make a one-time sign-in code for the web page
    LoginCode {
        /// The client's id
        client_id: Uuid,
    },
}

/// `meetpoint client secret …`.
#[derive(Debug, Subcommand)]
pub enum SecretAction {
    /// Give a client another secret, shown this once; the old one stays good
    Add {
        /// The client's id
        client_id: Uuid,
        /// How long it is good; for ever if left out
        #[arg(long)]
        days: Option<u32>,
        /// When the old one ends, 0 for now
        #[arg(long, value_name = "HOURS")]
        old_ends_in: Option<u32>,
    },
    /// End a secret at once
    Revoke {
        /// The client's id
        client_id: Uuid,
        /// The secret's id, as `client show` has it
        secret_id: Uuid,
    },
}

/// `meetpoint client key …`.
#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Add a public key
    Add {
        /// The client's id
        client_id: Uuid,
        /// A file with the key as a JSON Web Key
        file: PathBuf,
    },
    /// Remove a public key
    Remove {
        /// The client's id
        client_id: Uuid,
        /// The key's id, as `client show` has it
        key_id: Uuid,
    },
}

const CLIENT_COLUMNS: Columns = &[
    ("ID", "id"),
    ("NAME", "name"),
    ("ROLE", "role"),
    ("ENABLED", "enabled"),
    ("CREATED", "created_at"),
];

async fn party(
    client: &Client,
    operator: Option<String>,
    tenant: Option<String>,
) -> Result<(Option<Uuid>, Option<Uuid>), CliError> {
    let operator = match operator {
        Some(text) => Some(client.operator(&text).await?),
        None => None,
    };
    let tenant = match tenant {
        Some(text) => Some(client.tenant(&text).await?),
        None => None,
    };
    Ok((operator, tenant))
}

fn some(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

/// Runs `meetpoint client …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { paging } => client.list(CLIENTS, Vec::new(), &paging, CLIENT_COLUMNS).await,
        Action::Show { client_id } => {
            client.show(&client.get(&format!("{CLIENTS}/{client_id}")).await?.body)
        }
        Action::Create { name, role, operator, tenant, provisioning_roles } => {
            let (operator_id, tenant_id) = party(client, operator, tenant).await?;
            let provisioning_roles = some(provisioning_roles);
            let body = ClientCreate { name, role, operator_id, tenant_id, provisioning_roles };
            client.show(&client.post(CLIENTS, &body).await?.body)
        }
        Action::Update { client_id, name, provisioning_roles, jwks_uri, disable, enable } => {
            let enabled = match (disable, enable) {
                (true, _) => Some(false),
                (false, true) => Some(true),
                (false, false) => None,
            };
            let provisioning_roles = some(provisioning_roles);
            let body = ClientUpdate { name, provisioning_roles, jwks_uri, enabled };
            let path = format!("{CLIENTS}/{client_id}");
            client.show(&client.send(Method::PATCH, &path, None, Some(&body)).await?.body)
        }
        Action::Secret(SecretAction::Add { client_id, days, old_ends_in }) => {
            let body = ClientSecretCreate { days, old_ends_in_hours: old_ends_in };
            let path = format!("{CLIENTS}/{client_id}/secrets");
            client.show(&client.post(&path, &body).await?.body)
        }
        Action::Secret(SecretAction::Revoke { client_id, secret_id }) => {
            let path = format!("{CLIENTS}/{client_id}/secrets/{secret_id}");
            client.send(Method::DELETE, &path, None, None::<&()>).await.map(drop)
        }
        Action::Key(KeyAction::Add { client_id, file }) => {
            let unreadable = |reason: String| CliError::File { path: file.clone(), reason };
            let text = std::fs::read(&file).map_err(|error| unreadable(error.to_string()))?;
            let jwk = serde_json::from_slice(&text)
                .map_err(|error| unreadable(format!("it is not JSON: {error}")))?;
            let path = format!("{CLIENTS}/{client_id}/keys");
            client.show(&client.post(&path, &ClientKeyCreate { jwk }).await?.body)
        }
        Action::Key(KeyAction::Remove { client_id, key_id }) => {
            let path = format!("{CLIENTS}/{client_id}/keys/{key_id}");
            client.send(Method::DELETE, &path, None, None::<&()>).await.map(drop)
        }
        Action::LoginCode { client_id } => {
            let path = format!("{CLIENTS}/{client_id}/login-codes");
            client.show(&client.send(Method::POST, &path, None, None::<&()>).await?.body)
        }
    }
}

/// `meetpoint issuer …`.
#[expect(clippy::large_enum_variant, reason = "one is parsed for a whole run")]
#[derive(Debug, Subcommand)]
pub enum IssuerAction {
    /// List the issuers whose tokens are taken
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Show one
    Show {
        /// The issuer's id
        issuer_id: Uuid,
    },
    /// Trust an issuer; with --login-client-id people sign in there
    Add {
        /// Shown to those who sign in there
        name: String,
        /// The iss of its tokens
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// The aud of its tokens for this exchange
        #[arg(long)]
        audience: String,
        /// A value of the role claim and what it means here: voice-admins=tenant_admin; may be
        /// repeated, the first that fits decides, * stands for everybody
        #[arg(long = "map", value_name = "VALUE=ROLE", required = true)]
        roles: Vec<String>,
        /// Where its keys are; as its discovery document says if left out
        #[arg(long, value_name = "URL")]
        jwks_uri: Option<String>,
        /// Vouches for this operator's people and programs, by name or id
        #[arg(long)]
        operator: Option<String>,
        /// Vouches for this tenant's, by name or id
        #[arg(long)]
        tenant: Option<String>,
        /// The claim that names roles [default: roles]
        #[arg(long, value_name = "CLAIM")]
        role_claim: Option<String>,
        /// A claim that must have a value: tid=…
        #[arg(long, value_name = "CLAIM=VALUE")]
        organisation: Option<String>,
        /// What this exchange is called there; its secret comes from MEETPOINT_LOGIN_SECRET
        #[arg(long, value_name = "ID")]
        login_client_id: Option<String>,
    },
    /// Trust an issuer no more; whomever it vouched for is shut out
    Remove {
        /// The issuer's id
        issuer_id: Uuid,
    },
}

const ISSUER_COLUMNS: Columns = &[
    ("ID", "id"),
    ("NAME", "name"),
    ("ISSUER", "issuer"),
    ("AUDIENCE", "audience"),
    ("OPERATOR", "operator_id"),
    ("TENANT", "tenant_id"),
];

fn pair(what: &str, text: &str) -> Result<(String, String), CliError> {
    match text.rsplit_once('=') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => {
            Ok((left.to_owned(), right.to_owned()))
        }
        _ => Err(CliError::usage(format!("{what} is of the form A=B, not {text:?}"))),
    }
}

/// Runs `meetpoint issuer …`.
pub async fn run_issuer(client: &Client, action: IssuerAction) -> Result<(), CliError> {
    match action {
        IssuerAction::List { paging } => {
            client.list(ISSUERS, Vec::new(), &paging, ISSUER_COLUMNS).await
        }
        IssuerAction::Show { issuer_id } => {
            client.show(&client.get(&format!("{ISSUERS}/{issuer_id}")).await?.body)
        }
        IssuerAction::Add {
            name,
            issuer,
            audience,
            roles,
            jwks_uri,
            operator,
            tenant,
            role_claim,
            organisation,
            login_client_id,
        } => {
            let (operator_id, tenant_id) = party(client, operator, tenant).await?;
            let mapping = |text: String| {
                pair("--map", &text).map(|(value, role)| RoleMapping { value, role })
            };
            let organisation =
                organisation.map(|text| pair("--organisation", &text)).transpose()?;
            let (organisation_claim, organisation) = organisation.unzip();
            let secret = std::env::var("MEETPOINT_LOGIN_SECRET").ok();
            let body = IssuerCreate {
                name,
                issuer,
                audience,
                jwks_uri,
                operator_id,
                tenant_id,
                role_claim,
                roles: roles.into_iter().map(mapping).collect::<Result<_, _>>()?,
                organisation_claim,
                organisation,
                login_client_secret: secret.filter(|_| login_client_id.is_some()),
                login_client_id,
            };
            client.show(&client.post(ISSUERS, &body).await?.body)
        }
        IssuerAction::Remove { issuer_id } => {
            let path = format!("{ISSUERS}/{issuer_id}");
            client.send(Method::DELETE, &path, None, None::<&()>).await.map(drop)
        }
    }
}

/// `meetpoint token …`.
#[derive(Debug, Subcommand)]
pub enum TokenAction {
    /// List your own tokens, without themselves
    List,
    /// Make a token for a program, with an end; shown this once
    Create {
        /// What it is for
        name: String,
        /// What it may be used for; all that you may, if left out; may be repeated
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// How long it is good, 1 to 366
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// End one of your own tokens at once
    Revoke {
        /// The token's id
        token_id: Uuid,
    },
}

const TOKEN_COLUMNS: Columns = &[
    ("ID", "id"),
    ("NAME", "name"),
    ("SCOPES", "scopes"),
    ("CREATED", "created_at"),
    ("EXPIRES", "expires_at"),
];

/// Runs `meetpoint token …`.
pub async fn run_token(client: &Client, action: TokenAction) -> Result<(), CliError> {
    match action {
        TokenAction::List => {
            let answer = client.get(TOKENS).await?;
            client.show_rows(&answer.body["items"], TOKEN_COLUMNS)
        }
        TokenAction::Create { name, scopes, days } => {
            let body = ApiTokenCreate { name, scopes: some(scopes), days };
            client.show(&client.post(TOKENS, &body).await?.body)
        }
        TokenAction::Revoke { token_id } => {
            let path = format!("{TOKENS}/{token_id}");
            client.send(Method::DELETE, &path, None, None::<&()>).await.map(drop)
        }
    }
}
