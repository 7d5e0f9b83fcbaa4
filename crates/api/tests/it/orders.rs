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

impl House {
    async fn file(
        &self,
        path: &str,
        text: &str,
        kind: &str,
        key: Option<&str>,
    ) -> reqwest::Response {
        let mut request = self
            .server
            .bare(Method::POST, path)
            .bearer_auth(&self.tenant)
            .header(header::CONTENT_TYPE, kind)
            .body(text.to_owned());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.send().await.expect("answers")
    }

    async fn of_tenant(&self, path: &str) -> Value {
        let request = self.server.bare(Method::GET, path).bearer_auth(&self.tenant);
        request.send().await.expect("answers").json().await.expect("JSON")
    }
}

#[tokio::test]
async fn files_give_numbers_once_and_say_what_is_wrong_where() {
    let house = house().await;
    let placed = house.place(&house.order(&["+442079460001", "+442079460002"]), None).await;
    let location = placed.headers()[header::LOCATION].to_str().expect("text").to_owned();
    house.finished(&location).await;

    let people = "upn,display_name,country\nada@contoso.example,Ada,GB\nbad,Bad,GB\n";
    let read = house.file("/tenant/v1/users/csv", people, "text/csv; charset=utf-8", None).await;
    assert_eq!(read.status(), StatusCode::OK);
    let read: Value = read.json().await.expect("JSON");
    assert_eq!((&read["created"], &read["failed"]), (&json!(1), &json!(1)), "{read}");
    assert_eq!(
        (&read["errors"][0]["line"], &read["errors"][0]["column"]),
        (&json!(3), &json!("upn"))
    );

    let path = "/tenant/v1/number-orders/csv?kind=tags&add_tags=Sales,VIP&columns=number:Telefon";
    let file = "Telefon;Ort\n'+442079460001;London\n+442079460099;Leeds\n";
    let placed = house.file(path, file, "text/csv", Some("file-1")).await;
    assert_eq!(placed.status(), StatusCode::ACCEPTED);
    let location = placed.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let again = house.file(path, file, "text/csv", Some("file-1")).await;
    assert_eq!(again.headers()[header::LOCATION].to_str().expect("text"), location, "one order");
    let other = problem(house.file(path, "Telefon\n+1\n", "text/csv", Some("file-1")).await).await;
    assert_eq!(other["code"], "idempotency_mismatch", "a key is bound to the file's bytes");
    let deadline = Instant::now() + Duration::from_secs(10);
    let order = loop {
        let order = house.of_tenant(&location).await;
        if !order["finished_at"].is_null() {
            break order;
        }
        assert!(Instant::now() < deadline, "the order does not finish: {order}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(
        (&order["status"], &order["operator_id"]),
        (&json!("partial_success"), &Value::Null)
    );
    let entries = house.of_tenant(&format!("{location}/entries")).await;
    let bad = &entries["items"][1];
    assert_eq!((&bad["line"], &bad["column"]), (&json!(3), &json!("Telefon")), "{bad}");
    assert_eq!(bad["error"]["code"], "not_found");
    let tagged = house.of_tenant("/tenant/v1/numbers?tag=sales").await;
    assert_eq!(tagged["items"][0]["tags"], json!(["Sales", "VIP"]), "{tagged}");

    for (path, text, kind, status, code) in [
        (
            "/tenant/v1/number-orders/csv?kind=tags&add_tags=x",
            "{}",
            "application/json",
            415,
            "unsupported_media_type",
        ),
        (
            "/tenant/v1/number-orders/csv?kind=tags&add_tags=x",
            "who\nx\n",
            "text/csv",
            422,
            "malformed_csv",
        ),
        (
            "/tenant/v1/number-orders/csv?kind=port",
            "number\n+1\n",
            "text/csv",
            422,
            "invalid_field",
        ),
        ("/tenant/v1/number-orders/csv", "number\n+1\n", "text/csv", 400, "invalid_parameter"),
    ] {
        let refused = house.file(path, text, kind, None).await;
        assert_eq!(refused.status().as_u16(), status, "{path}");
        assert_eq!(problem(refused).await["code"], code);
    }
    // More than a document may have, and less than a file may.
    let long = format!("number,x\n+442079460001,{}\n", "x".repeat(3 << 20));
    let path = "/tenant/v1/number-orders/csv?kind=tags&add_tags=x&columns=number:number";
    assert_eq!(
        house.file(path, &long, "text/csv", Some("long")).await.status(),
        StatusCode::ACCEPTED
    );
    // The tenant is told of its own order, and the operator of none.
    let mine = house.server.bare(Method::GET, "/tenant/v1/events?follow=false&from=start");
    let mine = mine.bearer_auth(&house.tenant).send().await.expect("answers");
    assert!(mine.text().await.expect("text").contains("number_order.finished"));
    house.server.stop().await;
}
