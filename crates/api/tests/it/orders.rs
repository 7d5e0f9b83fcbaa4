//! An upload over HTTP: taken at once, polled, with a result for each entry.

use crate::server::{Server, problem};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An operator that may upload to a tenant, which has consented.
pub struct House {
    pub server: Server,
    pub operator: String,
    pub operator_id: String,
    pub tenant: String,
    pub tenant_id: Value,
    pub profile_id: Value,
}

async fn house() -> House {
    house_in(Server::start().await).await
}

/// The house in a server of any database.
pub async fn house_in(server: Server) -> House {
    let operator = server.make("/programme/v1/operators", json!({ "name": "Alba" })).await;
    let operator_id = operator["id"].as_str().expect("an id").to_owned();
    let of = |what: &str| format!("/programme/v1/operators/{operator_id}/{what}");
    let mut trunks = Vec::new();
    for n in 1..=2 {
        let fqdn = format!("sbc{n}.alba.example");
        let trunk = json!({ "fqdn": fqdn, "address": format!("192.0.2.{n}:5060") });
        trunks.push(server.make(&of("trunks"), trunk).await["id"].clone());
    }
    let profile = json!({ "name": "London", "trunk_ids": trunks });
    let profile = server.make(&of("calling-profiles"), profile).await;
    let range = json!({ "first": "+442079460000", "last": "+442079460999" });
    server.make(&of("ranges"), range).await;
    let offer = json!({
        "services": ["Calling"], "countries": ["GB"], "landing_page": "https://alba.example",
        "published": true,
    });
    let put = server.ask(Method::PUT, &of("offer")).json(&offer).send().await.expect("answers");
    assert_eq!(put.status(), StatusCode::OK);
    let tenant = json!({ "name": "Contoso", "domain": "contoso.example" });
    let tenant = server.make("/programme/v1/tenants", tenant).await;
    let desk = json!({ "operator_id": &operator_id });
    let desk = server.client("Alba's desk", "operator_admin", desk).await;
    let operator_token = server.token_of(&desk).await;
    let desk = server.client("desk", "tenant_admin", json!({ "tenant_id": tenant["id"] })).await;
    let tenant_token = server.token_of(&desk).await;
    let consent = json!({
        "operator_id": &operator_id, "countries": ["GB"], "company_name": "Contoso Ltd",
        "company_size": "L50_U249", "notice_accepted": true,
        "contacts": [{ "full_name": "Ada Byron", "email": "ada@contoso.example" }],
    });
    let given = server.bare(Method::POST, "/tenant/v1/consents").bearer_auth(&tenant_token);
    let given = given.json(&consent).send().await.expect("answers");
    assert_eq!(given.status(), StatusCode::CREATED);
    House {
        server,
        operator: operator_token,
        operator_id,
        tenant: tenant_token,
        tenant_id: tenant["id"].clone(),
        profile_id: profile["id"].clone(),
    }
}

impl House {
    fn order(&self, numbers: &[&str]) -> Value {
        let entries: Vec<Value> = numbers.iter().map(|n| json!({ "number": n })).collect();
        json!({
            "kind": "upload", "tenant_id": self.tenant_id, "entries": entries,
            "calling_profile_id": self.profile_id, "usage": "FirstPartyAppAssignment",
        })
    }

    async fn place(&self, order: &Value, key: Option<&str>) -> reqwest::Response {
        let mut request = self
            .server
            .bare(Method::POST, "/operator/v1/number-orders")
            .bearer_auth(&self.operator)
            .json(order);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.send().await.expect("answers")
    }

    async fn read(&self, path: &str) -> Value {
        let request = self.server.bare(Method::GET, path).bearer_auth(&self.operator);
        request.send().await.expect("answers").json().await.expect("JSON")
    }

    async fn finished(&self, location: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let order = self.read(location).await;
            if !order["finished_at"].is_null() {
                return order;
            }
            assert!(Instant::now() < deadline, "the order does not finish: {order}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn an_order_is_accepted_polled_and_explained() {
    let house = house().await;
    let order = house.order(&["+442079460001", "0207", "+442079470000", "+442079460002"]);
    let placed = house.place(&order, Some("upload-1")).await;
    assert_eq!(placed.status(), StatusCode::ACCEPTED);
    let location = placed.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let first: Value = placed.json().await.expect("JSON");
    let again = house.place(&order, Some("upload-1")).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED);
    assert_eq!(again.headers()[header::LOCATION].to_str().expect("text"), location);
    assert_eq!(again.json::<Value>().await.expect("JSON")["id"], first["id"], "one order");

    let done = house.finished(&location).await;
    assert_eq!(
        (&done["status"], &done["succeeded"], &done["failed"]),
        (&json!("partial_success"), &json!(2), &json!(2))
    );
    let entries = house.read(&format!("{location}/entries")).await;
    for (at, code) in [(1, "invalid_number"), (2, "outside_ranges")] {
        let error = &entries["items"][at]["error"];
        assert_eq!(error["code"], code);
        for words in ["reason", "remedy"] {
            assert!(error[words].as_str().is_some_and(|text| !text.is_empty()), "{error}");
        }
    }

    let csv = house.server.bare(Method::GET, "/tenant/v1/numbers").bearer_auth(&house.tenant);
    let csv = csv.header(header::ACCEPT, "text/csv").send().await.expect("answers");
    let csv = csv.text().await.expect("text");
    let numbers: Vec<&str> =
        csv.split_terminator("\r\n").filter_map(|line| line.split(',').next()).collect();
    assert_eq!(numbers, ["number", "+442079460001", "+442079460002"], "plain E.164: {csv}");
    house.server.stop().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_meant_leaves_nothing() {
    let house = house().await;
    let many: Vec<String> = (0..1001).map(|n| format!("+44207946{n:04}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (order, code) in [
        (house.order(&many), "too_many_entries"),
        (house.order(&[]), "no_entries"),
        (
            {
                let mut order = house.order(&["+442079460001"]);
                order["usage"] = json!("CallingUserAssignment");
                order
            },
            "no_emergency_location",
        ),
    ] {
        let refused = problem(house.place(&order, None).await).await;
        assert_eq!(refused["code"], code, "{refused}");
    }
    let orders = house.read("/operator/v1/number-orders").await;
    assert_eq!(orders["items"], json!([]));
    house.server.stop().await;
}
