//! The compatible face: every operation of both versions against a running
//! server, every answer held against the contract.

mod contract;
mod directory;
mod operations;
mod refusals;
mod requests;
mod token;

use crate::orders::{House, house_in};
use crate::server::Server;
use api::ApiConfig;
use api_types::compat::ApiVersion;
use api_types::identity::ClientCredentials;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use testkit::Database;

pub const OLDER: ApiVersion = ApiVersion::V2023_10_01;
pub const NEWER: ApiVersion = ApiVersion::V2024_02_29Preview;

/// A house with a client of the retired service.
pub struct Face {
    pub house: House,
    pub client: ClientCredentials,
    pub token: String,
    pub covered: contract::Covered,
}

/// An answer that the contract describes.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The body of an answer with this status.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self.body
    }
}

pub async fn face(database: Database) -> Face {
    let quick = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
    let house = house_in(Server::over(database, quick).await).await;
    let of = json!({ "operator_id": house.operator_id });
    let client = house.server.client("Alba's old client", "operator_admin", of).await;
    let face = Face { house, client, token: String::new(), covered: contract::Covered::default() };
    let scope = "https://retired.example/.default";
    let token = face.token(scope).await.expect(200);
    Face { token: token["access_token"].as_str().expect("a token").to_owned(), ..face }
}

impl Face {
    /// Asks the token endpoint of some directory.
    pub async fn token(&self, scope: &str) -> Answer {
        let path = "/0b0c0d0e-0000-4000-8000-000000000001/oauth2/v2.0/token";
        let request = self.house.server.bare(Method::POST, path).form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.client.client_id.to_string()),
            ("client_secret", &self.client.client_secret),
            ("scope", scope),
        ]);
        let response = request.send().await.expect("answers");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.json().await.expect("JSON") }
    }

    /// Sends a request with headers of its own and holds the answer against the contract.
    pub async fn send(
        &self,
        version: ApiVersion,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let full = format!("/provapi{path}?api-version={}&{query}", version.as_str());
        let mut request = self.house.server.bare(method.clone(), &full).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("text");
        let body: Option<Value> = (!text.is_empty())
            .then(|| serde_json::from_str(&text).unwrap_or_else(|_| panic!("{full}: {text}")));
        contract::hold(version, &method, path, status, &headers, body.as_ref(), &self.covered);
        Answer { status, headers, body: body.unwrap_or(Value::Null) }
    }

    pub async fn get(&self, version: ApiVersion, target: &str) -> Answer {
        self.send(version, Method::GET, target, &[], None).await
    }

    pub async fn put(&self, version: ApiVersion, target: &str, body: Value) -> Answer {
        self.send(version, Method::PUT, target, &[], Some(body)).await
    }

    pub async fn post(&self, target: &str, body: Value) -> Answer {
        self.send(NEWER, Method::POST, target, &[], Some(body)).await
    }

    pub async fn delete(&self, version: ApiVersion, target: &str) -> Answer {
        self.send(version, Method::DELETE, target, &[], None).await
    }

    /// The tenant does something on its own face.
    pub async fn tenant(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.house.server.bare(method, path).bearer_auth(&self.house.tenant);
        let response = request.json(&body).send().await.expect("answers");
        let status = response.status();
        let text = response.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// An office of the tenant; answers with its address.
    pub async fn office(&self) -> Value {
        let office = json!({
            "company_name": "Contoso Ltd", "country": "GB", "city_or_town": "London",
            "postal_or_zip_code": "E1 1AA", "latitude": "51.5", "longitude": "-0.12",
        });
        self.tenant(Method::POST, "/tenant/v1/civic-addresses", office).await
    }

    /// An account bound to the tenant.
    pub async fn account(&self, name: &str) -> Value {
        let target = format!("/accounts/{name}");
        self.put(NEWER, &target, account(name, &self.house.tenant_id)).await.expect(201)
    }
}

/// An account of a tenant with Operator Connect.
pub fn account(name: &str, tenant: &Value) -> Value {
    json!({
        "name": name, "correlationId": "BSS-7",
        "serviceDetails": {
            "teamsTenantId": tenant,
            "teamsOperatorConnect": { "enabled": true, "syncEnabled": true },
        },
    })
}

/// A number of an account with Operator Connect.
pub fn number(account: &str, number: &str, config: Value) -> Value {
    let mut full = json!({
        "usage": "CallingUserAssignment",
        "choosableCapabilities": ["InboundCalling", "OutboundCalling"],
    });
    for (name, value) in config.as_object().expect("fields") {
        full[name] = value.clone();
    }
    json!({
        "telephoneNumber": number, "accountName": account,
        "serviceDetails": { "teamsOperatorConnect": { "enabled": true, "configuration": full } },
    })
}
