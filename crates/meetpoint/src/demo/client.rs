//! The demo's own callers of the API: the programme owner, operators, tenants.

use std::time::Duration;

use api_types::Problem;
use api_types::identity::TokenAnswer;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// Why a request was not granted.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The API said why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// It answered something else than a problem document.
    #[error("{status} without a problem document")]
    Status {
        /// HTTP status.
        status: StatusCode,
    },
    /// It did not answer.
    #[error("no answer: {0}")]
    Http(#[from] reqwest::Error),
}

impl Refusal {
    /// The problem's stable code.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }
}

/// One caller with its token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Gets a token for a client id and secret.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn sign_in(base: &str, id: Uuid, secret: &str) -> Result<Self, Refusal> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build()?;
        let id = id.to_string();
        let form =
            [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", secret)];
        let answer = http.post(format!("{base}/oauth/token")).form(&form).send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Refusal::Status { status });
        }
        let token: TokenAnswer = answer.json().await?;
        Ok(Self { http, base: base.to_owned(), token: token.access_token })
    }

    /// Its bearer token.
    pub fn token(&self) -> &str {
        &self.token
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Refusal> {
        let answer = request.send().await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.json().await?);
        }
        let text = answer.bytes().await?;
        Err(match serde_json::from_slice(&text) {
            Ok(problem) => Refusal::Problem(Box::new(problem)),
            Err(_) => Refusal::Status { status },
        })
    }

    /// GET.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        Self::answer(self.request(Method::GET, path)).await
    }

    /// The items of one page of a list.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Refusal> {
        Ok(self.get::<api_types::Page<T>>(path).await?.items)
    }

    /// POST.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        Self::answer(self.request(Method::POST, path).json(body)).await
    }

    /// POST without a body.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn post_empty<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refusal> {
        Self::answer(self.request(Method::POST, path)).await
    }

    /// PUT, for what may be new.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        Self::answer(self.request(Method::PUT, path).json(body)).await
    }

    /// PATCH of the version that was read.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        version: i64,
        body: &impl Serialize,
    ) -> Result<T, Refusal> {
        let request = self.request(Method::PATCH, path);
        Self::answer(request.header("If-Match", format!("\"{version}\"")).json(body)).await
    }

    /// What a browser sees: signs in with a one-time code and reads with the
    /// cookie alone.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn browse(base: &str, code: &str) -> Result<Browser, Refusal> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build()?;
        let answer = http
            .post(format!("{base}/session"))
            .header("X-Meetpoint-CSRF", "1")
            .json(&serde_json::json!({ "code": code }))
            .send()
            .await?;
        let status = answer.status();
        let cookie = answer.headers().get("set-cookie").and_then(|c| c.to_str().ok());
        let Some(cookie) = cookie.and_then(|c| c.split(';').next()).map(str::to_owned) else {
            return Err(Refusal::Status { status });
        };
        Ok(Browser { http, base: base.to_owned(), cookie })
    }
}

/// A browser session.
#[derive(Debug)]
pub struct Browser {
    http: reqwest::Client,
    base: String,
    cookie: String,
}

impl Browser {
    /// The page's own document: its content type and text.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn page(&self, path: &str) -> Result<(String, String), Refusal> {
        let request = self.http.get(format!("{}{path}", self.base)).header("Accept", "text/html");
        let answer = request.send().await?.error_for_status()?;
        let kind = answer.headers().get("content-type").and_then(|c| c.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        Ok((kind, answer.text().await?))
    }

    /// The data behind the page.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn data(&self, path: &str) -> Result<Value, Refusal> {
        let url = format!("{}{path}", self.base);
        Client::answer(self.http.get(url).header("Cookie", &self.cookie)).await
    }
}
