//! Events by SSE, and subscriptions, through the real server.

use crate::server::{Server, problem};
use api::ApiConfig;
use futures_util::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Receiver, on_both};
use tokio::task::block_in_place;

/// What a stream said: its events, and the last id that it named.
#[derive(Default)]
struct Heard {
    text: String,
    events: Vec<(String, String, Value)>,
    last_id: String,
}

impl Heard {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        while let Some(end) = self.text.find("\n\n") {
            let block: String = self.text.drain(..end + 2).collect();
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            self.last_id = field("id").map_or(self.last_id.clone(), str::to_owned);
            if let Some(data) = field("data") {
                let data = serde_json::from_str(data).expect("JSON");
                let kind = field("event").expect("a type").to_owned();
                self.events.push((self.last_id.clone(), kind, data));
            }
        }
    }

    fn kinds(&self) -> Vec<&str> {
        self.events.iter().map(|(_, kind, _)| kind.as_str()).collect()
    }
}

/// Reads until it is as wanted.
async fn until(response: Response, what: &str, wanted: impl Fn(&Heard) -> bool) -> Heard {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut heard = Heard::default();
    let mut stream = response.bytes_stream();
    let search = async {
        while !wanted(&heard) {
            let bytes = stream.next().await.expect("the stream goes on").expect("readable");
            heard.push(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), search).await;
    assert!(in_time.is_ok(), "waited in vain for {what}: {:?}", heard.events);
    heard
}

/// All that there is.
async fn whole(response: Response) -> Heard {
    assert_eq!(response.status(), StatusCode::OK);
    let mut heard = Heard::default();
    heard.push(&response.text().await.expect("text"));
    heard
}

/// An operator and two tenants, the first with a consent, an office and a profile to upload by.
struct Ground {
    server: Server,
    operator: String,
    tenant: String,
    other: String,
    tenant_id: Value,
    profile: Value,
}

impl Ground {
    async fn new(database: testkit::Database) -> Self {
        let quick = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
        let server = Server::over(database, quick).await;
        let alba = server.make("/programme/v1/operators", json!({ "name": "Alba" })).await;
        let of = format!("/programme/v1/operators/{}", alba["id"].as_str().expect("an id"));
        let mut trunks = Vec::new();
        for n in 1..=2 {
            let trunk = json!({ "fqdn": format!("t{n}.alba.example"), "address": format!("192.0.2.{n}:5060") });
            trunks.push(server.make(&format!("{of}/trunks"), trunk).await["id"].clone());
        }
        let profile = json!({ "name": "all", "trunk_ids": trunks });
        let profile = server.make(&format!("{of}/calling-profiles"), profile).await["id"].clone();
        let range = json!({ "first": "+442079460000", "last": "+442079460999" });
        server.make(&format!("{of}/ranges"), range).await;
        let offer = json!({
            "services": ["Calling"], "countries": ["GB"],
            "landing_page": "https://alba.example", "published": true,
        });
        let put = server.ask(Method::PUT, &format!("{of}/offer")).json(&offer).send().await;
        assert!(put.expect("answers").status().is_success());
        let mut tokens = Vec::new();
        let mut ids = Vec::new();
        for name in ["contoso", "fabrikam"] {
            let new = json!({ "name": name, "domain": format!("{name}.example") });
            let id = server.make("/programme/v1/tenants", new).await["id"].clone();
            let desk = server.client(name, "tenant_admin", json!({ "tenant_id": id })).await;
            tokens.push(server.token_of(&desk).await);
            ids.push(id);
        }
        let desk = server.client("Alba", "operator_admin", json!({ "operator_id": alba["id"] }));
        let desk = desk.await;
        let operator = server.token_of(&desk).await;
        let [tenant, other] = tokens.try_into().expect("two");
        let ground = Self { server, operator, tenant, other, tenant_id: ids[0].clone(), profile };
        let consent = json!({
            "operator_id": alba["id"], "countries": ["GB"],
            "contacts": [{ "full_name": "Ada", "email": "ada@contoso.example" }],
            "company_name": "Contoso", "company_size": "L50_U249", "notice_accepted": true,
        });
        ground.post(&ground.tenant, "/tenant/v1/consents", consent).await;
        ground.office(&ground.tenant).await;
        ground
    }

    fn get(&self, token: &str, path: &str) -> reqwest::RequestBuilder {
        self.server.bare(Method::GET, path).bearer_auth(token)
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        let request = self.server.bare(Method::POST, path).bearer_auth(token).json(&body);
        let response = request.send().await.expect("answers");
        let status = response.status();
        let text = response.text().await.expect("text");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn office(&self, token: &str) {
        let office = json!({
            "company_name": "Contoso", "country": "GB", "latitude": "51.5", "longitude": "-0.12",
        });
        self.post(token, "/tenant/v1/civic-addresses", office).await;
    }

    async fn upload(&self, numbers: &[&str]) -> Value {
        let entries: Vec<_> = numbers.iter().map(|n| json!({ "number": n })).collect();
        let order = json!({
            "kind": "upload", "tenant_id": self.tenant_id, "calling_profile_id": self.profile,
            "usage": "CallingUserAssignment", "allow_tenant_address_update": true,
            "entries": entries,
        });
        self.post(&self.operator, "/operator/v1/number-orders", order).await
    }
}

on_both!(an_order_is_polled_streamed_and_posted, |db| {
    let ground = Ground::new(db.beside()).await;
    let receiver = Receiver::start();
    let hook = json!({
        "endpoint": receiver.url(), "event_types": ["number_order.finished"],
    });
    let made = ground.post(&ground.operator, "/operator/v1/webhooks", hook).await;
    let secret = made["secret"].as_str().expect("a secret");
    let stream = ground.get(&ground.operator, "/operator/v1/events").send().await;
    let stream = stream.expect("answers");
    let order = ground.upload(&["+442079460001", "+442079460002", "020"]).await;
    let id = order["id"].as_str().expect("an id");

    let heard = until(stream, "the order's end", |heard| {
        heard.kinds().last() == Some(&"number_order.finished")
    })
    .await;
    assert_eq!(heard.kinds(), ["number_order.created", "numbers.changed", "number_order.finished"]);
    let (last_id, _, last) = heard.events.last().expect("the end");
    assert_eq!(last["id"], last_id.as_str(), "the id of the stream is the event's");
    assert_eq!(
        (&last["data"]["id"], &last["data"]["status"], &last["data"]["failed"]),
        (&json!(id), &json!("partial_success"), &json!(1))
    );
    let posted = block_in_place(|| receiver.wait(1));
    assert!(posted[0].is_signed_by(secret));
    assert_eq!(&posted[0].json(), last, "the same event, whichever way it comes");
    let polled = ground.get(&ground.operator, &format!("/operator/v1/number-orders/{id}"));
    let polled: Value = polled.send().await.expect("answers").json().await.expect("JSON");
    assert_eq!(polled["status"], last["data"]["status"]);
    ground.server.stop().await;
});

on_both!(a_stream_goes_on_where_it_broke, |db| {
    let ground = Ground::new(db.beside()).await;
    let path = "/tenant/v1/events?follow=false&from=start";
    let all = whole(ground.get(&ground.tenant, path).send().await.expect("answers")).await;
    assert_eq!(all.kinds(), ["tenant.changed", "consent.changed", "civic_address.changed"]);
    // From the second on, by either way to say so; the header goes first.
    let (second, ..) = &all.events[1];
    let by_query =
        ground.get(&ground.tenant, &format!("/tenant/v1/events?follow=false&from={second}"));
    let by_query = whole(by_query.send().await.expect("answers")).await;
    let by_header = ground.get(&ground.tenant, path).header("last-event-id", second);
    let by_header = whole(by_header.send().await.expect("answers")).await;
    assert_eq!(by_query.events, all.events[2..]);
    assert_eq!(by_header.events, all.events[2..]);
    // The end of the stream names how far it read, so that it does not grow old.
    ground.office(&ground.other).await;
    let live =
        ground.get(&ground.tenant, "/tenant/v1/events").header("last-event-id", &all.last_id);
    let live = live.send().await.expect("answers");
    ground.office(&ground.tenant).await;
    let heard = until(live, "the office", |heard| !heard.events.is_empty()).await;
    assert_eq!(heard.kinds(), ["civic_address.changed"], "the other tenant's is not heard");
    let typed = "/tenant/v1/events?follow=false&from=start&type=consent.changed,user.changed";
    let typed = whole(ground.get(&ground.tenant, typed).send().await.expect("answers")).await;
    assert_eq!(typed.kinds(), ["consent.changed"]);
    let owners = "/programme/v1/events?follow=false&from=start";
    let owners = ground.server.ask(Method::GET, owners).send().await.expect("answers");
    let owners = whole(owners).await;
    let count = |kind: &str| owners.kinds().iter().filter(|k| **k == kind).count();
    assert_eq!((count("tenant.changed"), count("trunk.changed")), (2, 2));
    assert_eq!((count("edge_key.changed"), count("client.changed")), (1, 4));
    let text = format!("{:?}", owners.events);
    assert!(!text.contains("secret"), "what edges share is not told: {text}");

    for (path, last, status, code, field) in [
        ("?from=yesterday", None, 400, "invalid_parameter", "from"),
        ("?type=trunk.changed", None, 422, "unknown_event_type", "type"),
        ("?from=01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e5f-3", None, 410, "events_gone", "from"),
        ("", Some("01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e5f-3"), 410, "events_gone", "Last-Event-ID"),
    ] {
        let mut request = ground.get(&ground.tenant, &format!("/tenant/v1/events{path}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let refused = request.send().await.expect("answers");
        assert_eq!(refused.status().as_u16(), status, "{path}");
        let refused = problem(refused).await;
        assert_eq!((&refused["code"], &refused["field"]), (&json!(code), &json!(field)));
    }
    ground.server.stop().await;
});

#[tokio::test]
async fn streams_are_few_and_end_with_the_server() {
    let ground = Ground::new(testkit::sqlite()).await;
    let open = || ground.get(&ground.tenant, "/tenant/v1/events").send();
    let mut streams = Vec::new();
    for _ in 0..20 {
        let response = open().await.expect("answers");
        assert_eq!(response.status(), StatusCode::OK);
        streams.push(response);
    }
    let many = open().await.expect("answers");
    assert_eq!(many.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(problem(many).await["code"], "too_many_streams");
    ground.server.stop().await;
    for stream in streams {
        let text = stream.text().await.expect("it ends well");
        assert!(text.starts_with("retry: 2000\n: alive\nid: "), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_over_http() {
    let ground = Ground::new(testkit::sqlite()).await;
    let receiver = Receiver::start();
    for (token, face) in [
        (ground.tenant.clone(), "/tenant/v1"),
        (ground.operator.clone(), "/operator/v1"),
        (ground.server.token.clone(), "/programme/v1"),
    ] {
        let all = format!("{face}/webhooks");
        let new = json!({ "endpoint": receiver.url(), "description": "ours", "enabled": false });
        let request = ground.server.bare(Method::POST, &all).bearer_auth(&token).json(&new);
        let made = request.send().await.expect("answers");
        assert_eq!(made.status(), StatusCode::CREATED, "{face}");
        let location = made.headers()["location"].to_str().expect("text").to_owned();
        assert_eq!(made.headers()["etag"], "\"1\"");
        let made: Value = made.json().await.expect("JSON");
        assert_eq!(location, format!("{all}/{}", made["id"].as_str().expect("an id")));
        let found = ground.get(&token, &location).send().await.expect("answers");
        let text = found.text().await.expect("text");
        assert!(!text.contains("secret\":\"") && !text.contains("whsec_"), "{text}");

        let edit = ground.server.bare(Method::PATCH, &location).bearer_auth(&token);
        let edit = edit.header("if-match", "\"1\"").json(&json!({ "description": "mine" }));
        let edited: Value = edit.send().await.expect("answers").json().await.expect("JSON");
        assert_eq!((&edited["description"], &edited["version"]), (&json!("mine"), &json!(2)));
        let tried = ground.post(&token, &format!("{location}/test"), json!({})).await;
        assert_eq!((&tried["delivered"], &tried["status"]), (&json!(true), &json!(204)));
        let turned = ground.post(&token, &format!("{location}/secret"), json!({})).await;
        assert_ne!(turned["secret"], made["secret"]);
        let replay = json!({ "from": "start" });
        let replayed = ground.post(&token, &format!("{location}/replay"), replay).await;
        assert_eq!(replayed["id"], made["id"]);
        let path = format!("{location}/deliveries?failed=false");
        let page: Value =
            ground.get(&token, &path).send().await.expect("answers").json().await.expect("JSON");
        assert_eq!(page["items"][0]["event_type"], "webhook.test", "{page}");
        let csv = ground.get(&token, &all).header("accept", "text/csv").send().await;
        let csv = csv.expect("answers").text().await.expect("text");
        assert!(csv.starts_with("id,endpoint,description,") && csv.lines().count() == 2, "{csv}");
        let gone = ground.server.bare(Method::DELETE, &location).bearer_auth(&token).send().await;
        assert_eq!(gone.expect("answers").status(), StatusCode::NO_CONTENT);
        let gone = ground.get(&token, &location).send().await.expect("answers");
        assert_eq!(problem(gone).await["code"], "not_found");
    }
    ground.server.stop().await;
}

#[test]
fn every_type_of_event_is_documented() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");
    let text = std::fs::read_to_string(page).expect("docs/api.md");
    for kind in exchange::event_types() {
        assert!(text.contains(&format!("`{kind}`")), "{kind} is missing in docs/api.md");
    }
}
