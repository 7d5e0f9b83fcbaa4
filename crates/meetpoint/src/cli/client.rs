//! The API as the commands see it.

use super::{
    Global,
    config::{Profile, Stored},
    error::CliError,
    output,
};
use api_types::{Problem, identity::TokenAnswer};
use reqwest::{Method, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use std::{sync::Mutex, time::Duration};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Which face a role has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// `/programme/v1`.
    Programme,
    /// `/operator/v1`.
    Operator,
    /// `/tenant/v1`.
    Tenant,
}

/// An answer that was not a refusal.
pub struct Answer {
    /// Its document; null where there is none.
    pub body: Value,
    /// For If-Match.
    pub etag: Option<String>,
}

/// Which page of a list, and how it is wanted.
#[derive(Clone, Debug, clap::Args)]
pub struct Paging {
    /// Entries on a page, 1 to 1000
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// The next page, as the page before named it
    #[arg(long)]
    pub cursor: Option<String>,
    /// All pages
    #[arg(long, conflicts_with = "cursor")]
    pub all: bool,
    /// All of it as CSV
    #[arg(long, conflicts_with_all = ["json", "all"])]
    pub csv: bool,
}

/// Which page of a list that can be filtered and sorted.
#[derive(Clone, Debug, clap::Args)]
pub struct Narrowed {
    /// Only what is so: `country eq GB and acquired_at ge 2026-01-01T00:00:00Z`
    #[arg(long)]
    filter: Option<String>,
    /// By this field, with `-` before it for the greatest first: `--sort=-acquired_at`
    #[arg(long, allow_hyphen_values = true)]
    sort: Option<String>,
    #[command(flatten)]
    pub paging: Paging,
}

impl Narrowed {
    /// As the API takes it.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let both = [("filter", &self.filter), ("sort", &self.sort)];
        both.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

/// A signed-in connection.
pub struct Client {
    http: reqwest::Client,
    profile: Profile,
    /// Where a renewed token is kept.
    stored_as: Option<String>,
    token: Mutex<Option<String>>,
    face: OnceCell<Face>,
    /// Print the API's documents.
    pub json: bool,
}

/// How often a 429 is waited out before it is shown.
const PATIENCE: u32 = 5;

impl Client {
    /// Takes the address and credentials from flags, the environment and what
    /// `login` stored, in this order. Asks nobody yet.
    pub fn new(global: &Global) -> Result<Self, CliError> {
        let global = &global.without_overridden();
        let mut stored = Stored::load()?;
        let name = global.sign_in.clone().or(stored.current.take());
        let kept = name.as_ref().and_then(|name| stored.profiles.remove(name));
        if global.sign_in.is_some()
            && kept.is_none()
            && global.as_client.is_none()
            && global.token.is_none()
        {
            let name = name.unwrap_or_default();
            return Err(CliError::Usage {
                reason: format!("nobody is signed in as {name}"),
                remedy: format!("Run `meetpoint login --as {name} …`."),
            });
        }
        let from_outside = global.token.is_some() || global.as_client.is_some();
        let url = global.url.clone().or_else(|| kept.as_ref().map(|kept| kept.url.clone()));
        let profile = if from_outside {
            Profile {
                url: url.unwrap_or_default(),
                client_id: global.as_client.clone(),
                client_secret: global.client_secret.clone(),
                token: global.token.clone(),
            }
        } else {
            Profile { url: url.unwrap_or_default(), ..kept.unwrap_or_default() }
        };
        if profile.url.is_empty() {
            return Err(CliError::Usage {
                reason: "it is not known where Meetpoint answers".to_owned(),
                remedy: "Run `meetpoint login`, or give --url or MEETPOINT_URL.".to_owned(),
            });
        }
        let stored_as = if from_outside { None } else { name };
        Self::with(profile, stored_as, global.json)
    }

    /// A connection with these very credentials.
    pub fn with(
        mut profile: Profile,
        stored_as: Option<String>,
        json: bool,
    ) -> Result<Self, CliError> {
        profile.url = profile.url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(60))
            .user_agent(concat!("meetpoint/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| unreachable(&profile.url, &error))?;
        let token = Mutex::new(profile.token.clone());
        Ok(Self { http, profile, stored_as, token, face: OnceCell::new(), json })
    }

    /// A token from the client's id and secret.
    pub async fn sign_in(&self) -> Result<TokenAnswer, CliError> {
        let (Some(id), Some(secret)) = (&self.profile.client_id, &self.profile.client_secret)
        else {
            return Err(CliError::Usage {
                reason: "nobody is signed in".to_owned(),
                remedy: "Run `meetpoint login`, or set MEETPOINT_CLIENT_ID and \
                         MEETPOINT_CLIENT_SECRET, or MEETPOINT_TOKEN."
                    .to_owned(),
            });
        };
        let form =
            [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let url = format!("{}/oauth/token", self.profile.url);
        let response = self
            .http
            .post(&url)
            .form(&form)
            .send()
            .await
            .map_err(|error| unreachable(&url, &error))?;
        if response.status().is_success() {
            return response.json().await.map_err(|error| unreachable(&url, &error));
        }
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        if body["code"].is_string() {
            return Err(refusal(status, body, &url));
        }
        // The token endpoint speaks OAuth; its words are put into ours.
        let mut problem = api_types::ErrorCode::InvalidClient
            .problem(None, body["error_description"].as_str().unwrap_or("sign-in was refused"));
        problem.status = status.as_u16();
        Err(CliError::Refused(problem.into()))
    }

    async fn token(&self) -> Result<String, CliError> {
        let known = self.token.lock().unwrap_or_else(|lock| lock.into_inner()).clone();
        match known {
            Some(token) => Ok(token),
            None => self.renew().await,
        }
    }

    async fn renew(&self) -> Result<String, CliError> {
        let token = self.sign_in().await?.access_token;
        *self.token.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(token.clone());
        if let Some(name) = &self.stored_as {
            let mut stored = Stored::load()?;
            if let Some(profile) = stored.profiles.get_mut(name) {
                profile.token = Some(token.clone());
                stored.save()?;
            }
        }
        Ok(token)
    }

    async fn ask(
        &self,
        prepare: impl Fn(&reqwest::Client, String) -> reqwest::RequestBuilder,
        path: &str,
    ) -> Result<Response, CliError> {
        let url = format!("{}{path}", self.profile.url);
        let (mut waits, mut has_renewed) = (0, false);
        loop {
            let token = self.token().await?;
            let response = prepare(&self.http, url.clone())
                .bearer_auth(token)
                .send()
                .await
                .map_err(|error| unreachable(&url, &error))?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            if status == StatusCode::TOO_MANY_REQUESTS && waits < PATIENCE {
                waits += 1;
                let seconds = response
                    .headers()
                    .get(header::RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.parse().ok())
                    .unwrap_or(1u64)
                    .min(60);
                eprintln!("too many requests; waiting {seconds} s");
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                continue;
            }
            if status == StatusCode::UNAUTHORIZED
                && !has_renewed
                && self.profile.client_secret.is_some()
            {
                has_renewed = true;
                self.renew().await?;
                continue;
            }
            let body = response.json().await.unwrap_or_default();
            return Err(refusal(status, body, &url));
        }
    }

    /// Reads a document.
    pub async fn get(&self, path: &str) -> Result<Answer, CliError> {
        answer(self.ask(|http, url| http.get(url), path).await?).await
    }

    /// Reads a page.
    pub async fn query(&self, path: &str, query: &[(&str, String)]) -> Result<Value, CliError> {
        let response = self.ask(|http, url| http.get(url).query(query), path).await?;
        Ok(answer(response).await?.body)
    }

    /// Reads an answer that may go on for ever.
    pub async fn stream(&self, path: &str, query: &[(&str, String)]) -> Result<Response, CliError> {
        const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
        self.ask(|http, url| http.get(url).query(query).timeout(FOR_EVER), path).await
    }

    /// Writes. A POST carries an idempotency key, so that one that is sent
    /// again after a broken connection is done once.
    pub async fn send<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        etag: Option<&str>,
        body: Option<&B>,
    ) -> Result<Answer, CliError> {
        let key = Uuid::new_v4().to_string();
        let prepare = |http: &reqwest::Client, url: String| {
            let mut request = http.request(method.clone(), url);
            if method == Method::POST {
                request = request.header("Idempotency-Key", &key);
            }
            if let Some(etag) = etag {
                request = request.header(header::IF_MATCH, etag);
            }
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        answer(self.ask(prepare, path).await?).await
    }

    /// `POST` of a CSV file, which may take a while.
    pub async fn send_csv(
        &self,
        path: &str,
        query: &[(&str, String)],
        bytes: Vec<u8>,
    ) -> Result<Answer, CliError> {
        const LONG: Duration = Duration::from_secs(600);
        let key = Uuid::new_v4().to_string();
        let prepare = |http: &reqwest::Client, url: String| {
            http.post(url)
                .query(query)
                .timeout(LONG)
                .header("Idempotency-Key", &key)
                .header(header::CONTENT_TYPE, "text/csv")
                .body(bytes.clone())
        };
        answer(self.ask(prepare, path).await?).await
    }

    /// `POST` with a body.
    pub async fn post<B: Serialize>(&self, path: &str, body: &B) -> Result<Answer, CliError> {
        self.send(Method::POST, path, None, Some(body)).await
    }

    /// Reads, then writes what was read: a change made in between is refused.
    pub async fn edit<B: Serialize>(
        &self,
        method: Method,
        read: &str,
        path: &str,
        body: Option<&B>,
    ) -> Result<Answer, CliError> {
        let etag = self.get(read).await?.etag;
        self.send(method, path, etag.as_deref(), body).await
    }

    /// `POST` whose answer is a file of any size, which may take long.
    pub async fn download<B: Serialize>(&self, path: &str, body: &B) -> Result<Response, CliError> {
        const LONG: Duration = Duration::from_secs(24 * 3600);
        self.ask(|http, url| http.post(url).timeout(LONG).json(body), path).await
    }

    /// Whose face this sign-in has.
    pub async fn face(&self) -> Result<Face, CliError> {
        self.face
            .get_or_try_init(|| async {
                let session = self.get("/session").await?.body;
                match session["role"].as_str() {
                    Some("programme_owner" | "programme_support") => Ok(Face::Programme),
                    Some("operator_admin" | "operator_reader") => Ok(Face::Operator),
                    Some("tenant_admin" | "tenant_helpdesk" | "tenant_reader") => Ok(Face::Tenant),
                    role => Err(CliError::usage(format!(
                        "a sign-in as {} has no client commands",
                        role.unwrap_or("nobody")
                    ))),
                }
            })
            .await
            .copied()
    }

    /// Shows a document.
    pub fn show(&self, document: &Value) -> Result<(), CliError> {
        if self.json { output::json(document) } else { output::document(document) }
    }

    /// Shows a document that is a bare array.
    pub fn show_rows(&self, document: &Value, columns: output::Columns) -> Result<(), CliError> {
        match document.as_array() {
            Some(rows) if !self.json => output::list(rows, columns),
            _ => output::json(document),
        }
    }

    /// Shows a list, a page or all of it.
    pub async fn list(
        &self,
        path: &str,
        mut query: Vec<(&str, String)>,
        paging: &Paging,
        columns: output::Columns,
    ) -> Result<(), CliError> {
        if paging.csv {
            let prepare = |http: &reqwest::Client, url: String| {
                http.get(url).query(&query).header(header::ACCEPT, "text/csv")
            };
            let response = self.ask(prepare, path).await?;
            let text = response.text().await.map_err(|error| unreachable(path, &error))?;
            return output::print(&text);
        }
        let limit = if paging.all { 1000 } else { paging.limit };
        query.push(("limit", limit.to_string()));
        let asked = query.len();
        query.extend(paging.cursor.clone().map(|cursor| ("cursor", cursor)));
        let mut page = self.query(path, &query).await?;
        while paging.all
            && let Some(cursor) = page["next_cursor"].as_str().map(str::to_owned)
        {
            query.truncate(asked);
            query.push(("cursor", cursor));
            let mut next = self.query(path, &query).await?;
            if let (Some(items), Some(more)) =
                (page["items"].as_array_mut(), next["items"].as_array_mut())
            {
                items.append(more);
            }
            page["next_cursor"] = next["next_cursor"].take();
        }
        if self.json {
            return output::json(&page);
        }
        let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        output::list(items, columns)?;
        if items.is_empty() {
            eprintln!("nothing to list");
        }
        if let Some(cursor) = page["next_cursor"].as_str() {
            eprintln!("there is more: --cursor {cursor}, or --all");
        }
        Ok(())
    }

    /// An id as it is, or the id of the one entry of a list that is called so.
    pub async fn find(
        &self,
        what: &str,
        text: &str,
        path: &str,
        names: &[&str],
        id: &str,
    ) -> Result<Uuid, CliError> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let mut found: Vec<Uuid> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", "1000".to_owned())];
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let page = self.query(path, &query).await?;
            for item in page["items"].as_array().into_iter().flatten() {
                let is_it = names.iter().any(|name| {
                    item[*name].as_str().is_some_and(|name| name.eq_ignore_ascii_case(text))
                });
                if is_it {
                    found.extend(item[id].as_str().and_then(|id| id.parse::<Uuid>().ok()));
                }
            }
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        found.dedup();
        match found[..] {
            [id] => Ok(id),
            [] => Err(CliError::Usage {
                reason: format!("there is no {what} called {text:?}"),
                remedy: format!("List each {what}, and name one by name or id."),
            }),
            _ => Err(CliError::Usage {
                reason: format!("more than one {what} is called {text:?}"),
                remedy: "Name it by its id.".to_owned(),
            }),
        }
    }

    /// An operator by name or id.
    pub async fn operator(&self, text: &str) -> Result<Uuid, CliError> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let (path, id) = match self.face().await? {
            Face::Tenant => ("/tenant/v1/operators", "operator_id"),
            _ => ("/programme/v1/operators", "id"),
        };
        self.find("operator", text, path, &["name"], id).await
    }

    /// A tenant by name or id.
    pub async fn tenant(&self, text: &str) -> Result<Uuid, CliError> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let (path, name, id) = match self.face().await? {
            Face::Operator => ("/operator/v1/consents", "tenant_name", "tenant_id"),
            _ => ("/programme/v1/tenants", "name", "id"),
        };
        self.find("tenant", text, path, &[name], id).await
    }

    /// A person by name or id.
    pub async fn user(&self, text: &str) -> Result<Uuid, CliError> {
        self.find("user", text, "/tenant/v1/users", &["upn", "display_name"], "id").await
    }

    /// A queue by name or id.
    pub async fn queue(&self, text: &str) -> Result<Uuid, CliError> {
        let names = ["upn", "display_name"];
        self.find("queue", text, "/tenant/v1/resource-accounts", &names, "id").await
    }
}

pub(super) fn unreachable(url: &str, error: &reqwest::Error) -> CliError {
    // The innermost cause says what happened; the outer ones repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    CliError::Unreachable { url: url.to_owned(), reason: cause.to_string() }
}

fn refusal(status: StatusCode, body: Value, url: &str) -> CliError {
    match serde_json::from_value::<Problem>(body) {
        Ok(problem) => CliError::Refused(problem.into()),
        Err(_) => CliError::Unreachable {
            url: url.to_owned(),
            reason: format!("answered {status}, not as Meetpoint does"),
        },
    }
}

async fn answer(response: Response) -> Result<Answer, CliError> {
    let url = response.url().to_string();
    let etag = response
        .headers()
        .get(header::ETAG)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let bytes = response.bytes().await.map_err(|error| unreachable(&url, &error))?;
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).map_err(|_| CliError::Unreachable {
            url,
            reason: "answered with something that is not JSON".to_owned(),
        })?
    };
    Ok(Answer { body, etag })
}
