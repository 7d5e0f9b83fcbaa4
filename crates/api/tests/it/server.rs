//! A server with a database of its own, and callers of each role.

use api::{ApiConfig, ApiState};
use api_types::identity::ClientCredentials;
use exchange::{Exchange, ExchangeConfig};
use outbound::{Guard, Http};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::Database;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A running server; it ends with this.
pub struct Server {
    pub base: String,
    pub http: reqwest::Client,
    pub owner: ClientCredentials,
    /// A programme owner's token.
    pub token: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    /// Last, so that the folder goes after the server.
    database: Database,
}

impl Server {
    /// With limits no test reaches by accident.
    pub async fn start() -> Self {
        let quick = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
        Self::with(quick).await
    }

    pub async fn with(config: ApiConfig) -> Self {
        Self::over(testkit::sqlite(), config).await
    }

    pub async fn over(database: Database, config: ApiConfig) -> Self {
        // Receivers of webhooks are on this machine.
        let guard = Guard::new(vec!["127.0.0.0/8".parse().expect("a network")]);
        let settings = ExchangeConfig {
            poster: Some(Arc::new(Http::new(guard))),
            // Keys change within a test.
            keys_again: std::time::Duration::ZERO,
            ..ExchangeConfig::new(&database.url)
        };
        let exchange = Exchange::open(settings).await.expect("opens");
        let owner = exchange.bootstrap().await.expect("bootstraps").expect("the first start");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let (stop, stopped) = oneshot::channel();
        let worker = exchange.clone();
        let task = tokio::spawn(async move {
            let (end, ended) = tokio::sync::watch::channel(false);
            let webhooks = tokio::spawn({
                let (exchange, ended) = (worker.clone(), ended.clone());
                async move { exchange.run_webhooks(ended).await }
            });
            let worker = tokio::spawn(async move { worker.run_workers(ended).await });
            let shutdown = async move { drop(stopped.await) };
            api::serve(listener, ApiState { exchange, config }, shutdown).await.expect("serves");
            end.send_replace(true);
            worker.await.expect("the worker ends without a panic");
            webhooks.await.expect("deliveries end without a panic");
        });
        let mut server = Self {
            base,
            http: reqwest::Client::new(),
            owner,
            token: String::new(),
            stop: Some(stop),
            task: Some(task),
            database,
        };
        server.token = server.token_of(&server.owner).await;
        server
    }

    /// Stops the server and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            let end = tokio::time::timeout(std::time::Duration::from_secs(10), task);
            end.await.expect("the server stops in time").expect("without a panic");
        }
    }

    pub async fn token_of(&self, client: &ClientCredentials) -> String {
        let response = self
            .http
            .post(format!("{}/oauth/token", self.base))
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", &client.client_id.to_string()),
                ("client_secret", &client.client_secret),
            ])
            .send()
            .await
            .expect("answers");
        assert_eq!(response.status(), StatusCode::OK);
        let body: Value = response.json().await.expect("JSON");
        body["access_token"].as_str().expect("a token").to_owned()
    }

    /// Where its database is, for what is done on the host.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// A request without credentials.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A request of the programme owner.
    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    /// The programme owner makes something.
    pub async fn make(&self, path: &str, body: Value) -> Value {
        let response = self.ask(Method::POST, path).json(&body).send().await.expect("answers");
        let status = response.status();
        let text = response.text().await.expect("text");
        assert_eq!(status, StatusCode::CREATED, "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// A client's credentials.
    pub async fn client(&self, name: &str, role: &str, of: Value) -> ClientCredentials {
        let mut body = json!({ "name": name, "role": role });
        for (field, id) in of.as_object().into_iter().flatten() {
            body[field] = id.clone();
        }
        let made = self.make("/programme/v1/clients", body).await;
        serde_json::from_value(made).expect("credentials")
    }

    /// Tokens of one client per role, each of an operator or tenant of its own.
    pub async fn roles(&self) -> [(&'static str, String); 4] {
        let operator = self.make("/programme/v1/operators", json!({ "name": "Alba" })).await;
        let tenant = json!({ "name": "Contoso", "domain": "contoso.example" });
        let tenant = self.make("/programme/v1/tenants", tenant).await;
        let operator = json!({ "operator_id": operator["id"] });
        let tenant = json!({ "tenant_id": tenant["id"] });
        let operator = self.client("Alba's desk", "operator_admin", operator).await;
        let tenant = self.client("Contoso's desk", "tenant_admin", tenant).await;
        let edge = self.client("edge 1", "edge", json!({})).await;
        [
            ("programme", self.token.clone()),
            ("operator", self.token_of(&operator).await),
            ("tenant", self.token_of(&tenant).await),
            ("edge", self.token_of(&edge).await),
        ]
    }
}

/// A refusal's document, after checking what every refusal carries.
pub async fn problem(response: Response) -> Value {
    let (status, url) = (response.status(), response.url().to_string());
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    assert_eq!(header("content-type"), "application/problem+json", "{url} {status}");
    let id = header("x-request-id");
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["status"], status.as_u16(), "{url}");
    assert_eq!(body["request_id"], id.as_str(), "{url}");
    assert!(!id.is_empty(), "{url}");
    for field in ["type", "title", "code", "reason", "remedy"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{url}: {field}");
    }
    body
}

/// Code and reason of a refusal in the shape of its face.
pub async fn refused(path: &str, response: Response) -> (String, String) {
    if !path.starts_with("/scim/") {
        let problem = problem(response).await;
        let text = |field: &str| problem[field].as_str().expect("text").to_owned();
        return (text("code"), text("reason"));
    }
    let header = response.headers().get("content-type").expect("a type");
    assert_eq!(header, "application/scim+json", "{path}");
    let body: Value = response.json().await.expect("JSON");
    let detail = body["detail"].as_str().expect("text");
    // `reason (code): remedy`
    let (told, _) = detail.split_once("): ").expect("a remedy");
    let (reason, code) = told.rsplit_once(" (").expect("a code");
    (code.to_owned(), reason.to_owned())
}

/// Every operation: method, path with made-up ids, tag.
pub fn operations() -> Vec<(Method, String, String)> {
    let document = serde_json::to_value(api::openapi()).expect("the document is JSON");
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let path: String = path
            .split('/')
            .map(|part| match part {
                "{number}" => "+442079460001",
                part if part.starts_with('{') => "00000000-0000-7000-8000-000000000001",
                part => part,
            })
            .collect::<Vec<_>>()
            .join("/");
        for (method, operation) in item.as_object().expect("operations") {
            let method = method.to_uppercase().parse().expect("a method");
            let tag = operation["tags"][0].as_str().expect("a tag").to_owned();
            all.push((method, path.clone(), tag));
        }
    }
    all
}
