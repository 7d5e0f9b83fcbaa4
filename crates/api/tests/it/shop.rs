//! Number shopping over HTTP, and a payment page that has no token.

use crate::orders::{House, house_in};
use crate::server::{Server, problem};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use outbound::webhook::Message;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

async fn told(request: RequestBuilder, status: u16) -> Value {
    let answer = request.send().await.expect("answers");
    let (got, text) = (answer.status().as_u16(), answer.text().await.expect("text"));
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

impl House {
    fn alba(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.bare(method, &format!("/operator/v1/{path}")).bearer_auth(&self.operator)
    }

    fn contoso(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.bare(method, &format!("/tenant/v1/{path}")).bearer_auth(&self.tenant)
    }

    /// What the payment page posts, signed with a key.
    fn page(&self, key: &[u8], at: i64, body: &Value) -> RequestBuilder {
        let body = body.to_string();
        let signature = Message { id: "msg_1", at, body: body.as_bytes() }.signature(&[key]);
        self.server
            .bare(Method::POST, &format!("/shop/v1/operators/{}/paid", self.operator_id))
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .body(body)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_listed_found_reserved_and_paid() {
    let house = house_in(Server::start().await).await;
    let office = json!({ "company_name": "Ltd", "country": "GB", "latitude": "51.5",
        "longitude": "-0.1" });
    told(house.contoso(Method::POST, "civic-addresses").json(&office), 201).await;
    let path = format!(
        "stock/csv?usage=CallingUserAssignment&calling_profile_id={}&amount=3&currency=GBP",
        house.profile_id.as_str().expect("an id")
    );
    let file = "number;last;area\r\n'+442079460000;'+442079460019;London\r\n0207;;\r\n";
    let file = house.alba(Method::POST, &path).header(header::CONTENT_TYPE, "text/csv").body(file);
    let put = told(file, 200).await;
    assert_eq!((&put["succeeded"], &put["errors"][0]["line"]), (&json!(20), &json!(3)));
    let lines = house.alba(Method::GET, "stock").header(header::ACCEPT, "text/csv");
    let lines = told(lines, 200).await;
    let lines = lines.as_str().expect("lines");
    assert!(lines.starts_with("number,country,area,kind,") && lines.lines().count() == 21);

    let shop = format!("shop/{}", house.operator_id);
    let search = format!("{shop}/numbers?country=GB&area=london&block=10&aligned=true&limit=1");
    let page = told(house.contoso(Method::GET, &search), 200).await;
    assert_eq!(page["items"][0]["last"], "+442079460009");
    assert_eq!(
        (&page["items"][0]["count"], &page["items"][0]["amount"]),
        (&json!(10), &json!("3.00"))
    );
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let next = told(house.contoso(Method::GET, &format!("{search}&cursor={cursor}")), 200).await;
    assert_eq!(
        (&next["items"][0]["first"], &next["next_cursor"]),
        (&json!("+442079460010"), &Value::Null)
    );
    let wrong =
        house.contoso(Method::GET, &format!("{shop}/numbers?country=GB&pattern=4*4*4*4*4*"));
    let wrong = problem(wrong.send().await.expect("answers")).await;
    assert_eq!((&wrong["code"], &wrong["field"]), (&json!("invalid_parameter"), &json!("pattern")));

    let sell = json!({ "open": true, "payment_url": "https://pay.alba.example/{reference}" });
    let late = house.alba(Method::PUT, "storefront").json(&sell);
    told(late, 428).await;
    let put = house.alba(Method::PUT, "storefront").header(header::IF_MATCH, "\"0\"").json(&sell);
    told(put, 200).await;
    let secret = told(house.alba(Method::POST, "storefront/secret"), 200).await;
    let secret = secret["secret"].as_str().expect("a secret").trim_start_matches("whsec_");
    let key = STANDARD.decode(secret).expect("base64");
    let quote = json!({ "operator_id": house.operator_id,
        "ranges": [{ "first": "+442079460000", "last": "+442079460001" }] });
    let quote = told(house.contoso(Method::POST, "quotes").json(&quote), 201).await;
    let made = json!({ "quote_id": quote["id"] });
    let made = told(house.contoso(Method::POST, "reservations").json(&made), 201).await;
    let id = made["id"].as_str().expect("an id");
    assert!(made["payment_url"].as_str().is_some_and(|url| url.starts_with("https://pay.alba")));

    let body = json!({ "type": "reservation.paid", "timestamp": "2026-11-29T12:00:00Z",
        "data": { "reservation_id": id, "payment_reference": "P-1" } });
    let now = jiff::Timestamp::now().as_second();
    for (request, status) in [
        (house.page(b"another", now, &body), StatusCode::UNAUTHORIZED),
        (house.page(&key, now - 1000, &body), StatusCode::UNAUTHORIZED),
        (house.page(&key, now, &json!({})), StatusCode::BAD_REQUEST),
        (house.page(&key, now, &body), StatusCode::OK),
        (house.page(&key, now, &body), StatusCode::OK),
    ] {
        let answer = request.send().await.expect("answers");
        let (got, text) = (answer.status(), answer.text().await.expect("text"));
        assert_eq!(got, status, "{text}");
    }
    let paid = told(house.contoso(Method::GET, &format!("reservations/{id}")), 200).await;
    assert_eq!((&paid["state"], &paid["payment_reference"]), (&json!("Paid"), &json!("P-1")));
    assert_eq!(
        (&paid["payment_url"], &paid["items"][1]["status"]),
        (&Value::Null, &json!("reserved"))
    );
    house.server.stop().await;
}
