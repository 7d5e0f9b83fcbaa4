//! A tenant's operators and consents, every answer held against the contract.

use super::contract;
use crate::orders::{House, house_in};
use crate::server::Server;
use api::ApiConfig;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use testkit::Database;

const VERSION: &str = "api-version=2022-06-01-preview";

struct Desk {
    house: House,
    /// Operators with an offer, beside the one that has a consent.
    others: Vec<String>,
    /// Operations that succeeded.
    covered: Mutex<BTreeSet<String>>,
}

async fn desk(database: Database) -> Desk {
    let quick = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
    let house = house_in(Server::over(database, quick).await).await;
    let mut others = Vec::new();
    for name in ["Brio", "Cadenza"] {
        let made = house.server.make("/programme/v1/operators", json!({ "name": name })).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        let offer = json!({
            "services": ["Calling", "AudioConferencing"], "countries": ["DE", "GB"],
            "landing_page": "https://brio.example", "published": true,
        });
        let path = format!("/programme/v1/operators/{id}/offer");
        let put = house.server.ask(Method::PUT, &path).json(&offer).send().await.expect("answers");
        assert_eq!(put.status(), StatusCode::OK);
        others.push(id);
    }
    Desk { house, others, covered: Mutex::default() }
}

impl Desk {
    async fn send(&self, method: Method, target: &str, body: Option<Value>) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let full = format!("{path}?{VERSION}&{query}");
        self.send_as(&self.house.tenant, method, path, &full, body).await
    }

    async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        full: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self.house.server.bare(method.clone(), full).bearer_auth(token);
        if let Some(body) = body {
            let kind = "application/merge-patch+json";
            request = request.header("content-type", kind).body(body.to_string());
        }
        let response = request.send().await.expect("answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let body: Value = response.json().await.expect("JSON");
        let operation = contract::hold_directory(&method, path, status, &headers, &body);
        if status.is_success() {
            self.covered.lock().expect("nobody panicked").insert(operation);
        }
        (status.as_u16(), body)
    }

    async fn patch(&self, operator: &str, body: Value) -> (u16, Value) {
        let path = format!("/operatorconnect/consents/{operator}");
        self.send(Method::PATCH, &path, Some(body)).await
    }
}

async fn story(desk: Desk) {
    let (status, all) = desk.send(Method::GET, "/operatorconnect/operators", None).await;
    assert_eq!((status, all["value"].as_array().map(Vec::len)), (200, Some(3)), "{all}");
    assert!(all.get("nextLink").is_none(), "{all}");
    let mut operators = all["value"].as_array().into_iter().flatten();
    let brio = operators.find(|operator| operator["friendlyName"] == "Brio").expect("it is there");
    assert_eq!(brio["offerings"].as_array().map(Vec::len), Some(2), "one for each service");
    assert_eq!(brio["offerings"][0]["availableCountries"], json!(["DE", "GB"]));

    // Page by page the same, in the same order.
    let (mut found, mut next) = (Vec::new(), Some("skip=0&top=1".to_owned()));
    while let Some(query) = next {
        let target = format!("/operatorconnect/operators?{query}");
        let (_, page) = desk.send(Method::GET, &target, None).await;
        found.extend(page["value"].as_array().expect("a list").clone());
        next = page["nextLink"].as_str().map(|link| {
            let query = link.split_once('?').expect("a query").1;
            query.replace(VERSION, "").trim_matches('&').to_owned()
        });
    }
    assert_eq!(json!(found), all["value"]);

    // A new consent, by whoever gives it.
    let brio = desk.others[0].as_str();
    let ada = json!({ "fullName": "Ada Byron", "email": "ada@contoso.example" });
    let given = json!({
        "status": "Active", "consentedBy": ada, "consentedCountries": ["DE"], "companyName": "Contoso",
    });
    let (status, consent) = desk.patch(brio, given.clone()).await;
    assert_eq!((status, &consent["status"]), (201, &json!("Active")), "{consent}");
    assert_eq!(consent["contacts"], json!([ada]));
    // The same consent on our own face.
    let own = format!("/tenant/v1/consents/{brio}");
    let own = desk.house.server.bare(Method::GET, &own).bearer_auth(&desk.house.tenant);
    let own: Value = own.send().await.expect("answers").json().await.expect("JSON");
    assert_eq!((&own["status"], &own["company_name"]), (&json!("Active"), &json!("Contoso")));

    let again = desk.patch(brio, given).await;
    assert_eq!((again.0, &again.1["status"]), (200, &json!("Active")), "asked again it stands");
    let nothing = desk.patch(brio, json!({ "status": "Active" })).await;
    assert_eq!(
        (nothing.0, &nothing.1["contacts"]),
        (200, &json!([ada])),
        "nothing to change is fine"
    );
    let wider = desk.patch(brio, json!({ "consentedCountries": ["DE", "GB"] })).await;
    assert_eq!((wider.0, &wider.1["consentedCountries"]), (200, &json!(["DE", "GB"])));
    for status in ["Suspended", "Active", "Removed", "Removed", "Active"] {
        let (code, consent) = desk.patch(brio, json!({ "status": status })).await;
        assert_eq!((code, &consent["status"]), (200, &json!(status)), "{consent}");
    }
    let (_, read) =
        desk.send(Method::GET, &format!("/operatorconnect/consents/{brio}"), None).await;
    assert_eq!(read["consentedCountries"], json!(["DE", "GB"]), "taken up with what it had");
    let (_, listed) = desk.send(Method::GET, "/operatorconnect/consents", None).await;
    assert_eq!(listed["value"].as_array().map(Vec::len), Some(2), "{listed}");

    let covered = desk.covered.lock().expect("nobody panicked").len();
    let paths = contract::DIRECTORY["paths"].as_object().expect("paths").values();
    let all: usize = paths.map(|item| item.as_object().map_or(0, serde_json::Map::len)).sum();
    assert_eq!(covered, all, "every operation succeeded");
    desk.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_finds_operators_and_gives_consent_in_sqlite() {
    story(desk(testkit::sqlite()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_finds_operators_and_gives_consent_in_postgres() {
    story(desk(testkit::postgres()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_there_names_the_field() {
    let desk = desk(testkit::sqlite()).await;
    let brio = desk.others[0].clone();
    let alba = desk.house.operator_id.clone();
    let nobody = "11111111-1111-4111-8111-111111111111".to_owned();
    let ada = json!({ "fullName": "Ada Byron", "email": "ada@contoso.example" });
    let new = |field: &str, value: Value| {
        let mut new =
            json!({ "consentedBy": ada, "consentedCountries": ["DE"], "companyName": "C" });
        new[field] = value;
        new
    };
    for (operator, body, status, code, target) in [
        (&brio, json!({ "status": "Suspended" }), 409, "ConsentState", Some("/status")),
        (&brio, json!({ "status": "Removed" }), 409, "ConsentState", Some("/status")),
        (&brio, json!({ "status": "Paused" }), 400, "InvalidField", Some("/status")),
        (&brio, json!({ "colour": "red" }), 400, "MalformedJson", Some("/colour")),
        (&brio, json!([]), 400, "MalformedJson", None),
        (&brio, new("consentedBy", Value::Null), 400, "InvalidField", Some("/contacts")),
        (&brio, new("companyName", json!("")), 400, "InvalidField", Some("/companyName")),
        (
            &brio,
            new("consentedBy", json!({ "email": "a@b.example" })),
            400,
            "InvalidField",
            Some("/contacts/0/fullName"),
        ),
        (
            &brio,
            new("consentedCountries", json!(["XYZ"])),
            400,
            "InvalidField",
            Some("/consentedCountries"),
        ),
        (
            &brio,
            new("consentedCountries", json!(["FR"])),
            400,
            "CountryNotOffered",
            Some("/consentedCountries"),
        ),
        (&alba, json!({ "companyName": "Other" }), 400, "InvalidField", Some("/companyName")),
        (&nobody, new("status", json!("Active")), 400, "OfferNotPublished", None),
    ] {
        let (got, refused) = desk.patch(operator, body.clone()).await;
        let error = &refused["error"];
        assert_eq!((got, error["code"].as_str()), (status, Some(code)), "{body}: {refused}");
        if let Some(target) = target {
            assert_eq!(error["target"], target, "{body}: {refused}");
        }
    }
    for (target, status, code) in [
        ("/operatorconnect/operators?top=-1", 400, "InvalidParameter"),
        ("/operatorconnect/operators?colour=red", 400, "InvalidParameter"),
        ("/operatorconnect/consents?skip=1&skip=2", 400, "InvalidParameter"),
        ("/operatorconnect/consents/me", 404, "NotFound"),
        ("/operatorconnect/consents/11111111-1111-4111-8111-111111111111", 404, "NotFound"),
    ] {
        let (got, refused) = desk.send(Method::GET, target, None).await;
        assert_eq!((got, refused["error"]["code"].as_str()), (status, Some(code)), "{target}");
    }
    let path = "/operatorconnect/operators";
    for (token, query, status, code) in [
        (&desk.house.tenant, "", 400, "UnsupportedApiVersion"),
        (&desk.house.tenant, "?api-version=2023-10-01", 400, "UnsupportedApiVersion"),
        (&desk.house.operator, "?api-version=2022-06-01-preview", 403, "Forbidden"),
        (&"nonsense".to_owned(), "?api-version=2022-06-01-preview", 401, "Unauthenticated"),
    ] {
        let full = format!("{path}{query}");
        let (got, refused) = desk.send_as(token, Method::GET, path, &full, None).await;
        assert_eq!((got, refused["error"]["code"].as_str()), (status, Some(code)), "{full}");
    }
    desk.house.server.stop().await;
}
