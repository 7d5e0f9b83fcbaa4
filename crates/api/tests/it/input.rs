//! Requests that cannot be meant so.

use crate::server::{Server, problem};
use api::ApiConfig;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

const OPERATORS: &str = "/programme/v1/operators";

async fn refusal(request: reqwest::RequestBuilder) -> Value {
    problem(request.send().await.expect("answers")).await
}

#[tokio::test]
async fn bodies_that_do_not_parse_name_the_place() {
    let server = Server::start().await;
    let post = |body: &'static str| {
        server
            .ask(Method::POST, OPERATORS)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
    };
    for (body, field, words) in [
        ("{\"name\":", json!("/name"), "line 1 column 8"),
        ("{\n  \"name\": 7}", json!("/name"), "line 2"),
        ("{}", json!("/name"), "missing field `name`"),
        ("[\"A\"]", json!(null), "sequence"),
        ("{\"name\":\"A\",\"colour\":\"red\"}", json!("/colour"), "unknown field `colour`"),
        ("", json!(null), "EOF"),
        ("\u{0}", json!(null), "line 1"),
    ] {
        let problem = refusal(post(body)).await;
        assert_eq!(problem["code"], "malformed_json", "{body}");
        assert_eq!(problem["status"], 400, "{body}");
        assert_eq!(problem["field"], field, "{body}");
        assert!(problem["reason"].as_str().expect("text").contains(words), "{body}: {problem}");
    }
    let listed = server.ask(Method::GET, OPERATORS).send().await.expect("answers");
    let listed: Value = listed.json().await.expect("JSON");
    assert_eq!(listed["items"], json!([]), "nothing was half-written");
    server.stop().await;
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_fraction_of_zeros() {
    let server = Server::start().await;
    let made = server.ask(Method::POST, OPERATORS).json(&json!({ "name": "A" })).send().await;
    let made: Value = made.expect("answers").json().await.expect("JSON");
    let trunks = format!("{OPERATORS}/{}/trunks", made["id"].as_str().expect("an id"));
    let trunk = |seconds: Value| {
        let body = json!({
            "fqdn": "a.example", "address": "192.0.2.1:5060", "failover_time_seconds": seconds,
        });
        server.ask(Method::POST, &trunks).json(&body).send()
    };
    let refused = problem(trunk(json!(2.5)).await.expect("answers")).await;
    assert_eq!(refused["field"], "/failover_time_seconds", "{refused}");
    let made = trunk(json!(2.0)).await.expect("answers");
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.expect("JSON");
    assert_eq!(made["failover_time_seconds"], 2);
    server.stop().await;
}

#[tokio::test]
async fn bodies_of_the_wrong_kind_or_size_are_refused() {
    let server = Server::start().await;
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let mut request = server.ask(Method::POST, OPERATORS).body("{\"name\":\"A\"}");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let problem = refusal(request).await;
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&json!("unsupported_media_type"), &json!(415))
        );
    }
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(api::MAX_BODY));
    for key in [None, Some("with-a-key")] {
        let mut request = server
            .ask(Method::POST, OPERATORS)
            .header(header::CONTENT_TYPE, "application/json")
            .body(large.clone());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let problem = refusal(request).await;
        assert_eq!((&problem["code"], &problem["status"]), (&json!("body_too_large"), &json!(413)));
    }
    server.stop().await;
}

#[tokio::test]
async fn parameters_that_do_not_parse_are_named() {
    let server = Server::start().await;
    for (path, field) in [
        ("/programme/v1/operators?limit=0", "limit"),
        ("/programme/v1/operators?limit=1001", "limit"),
        ("/programme/v1/operators?limit=many", "limit"),
        ("/programme/v1/operators?colour=red", "colour"),
        ("/programme/v1/operators?cursor=nonsense", "cursor"),
        ("/programme/v1/calls?from=yesterday", "from"),
        ("/programme/v1/operators/not-an-id", "operator_id"),
        ("/programme/v1/operators/not-an-id/trunks", "operator_id"),
    ] {
        let problem = refusal(server.ask(Method::GET, path)).await;
        assert_eq!(problem["code"], "invalid_parameter", "{path}: {problem}");
        assert_eq!(problem["field"], field, "{path}: {problem}");
    }
    for key in ["", &"k".repeat(201)] {
        let request = server.ask(Method::POST, OPERATORS).header("idempotency-key", key);
        let problem = refusal(request.json(&json!({ "name": "A" }))).await;
        assert_eq!(problem["field"], "Idempotency-Key");
    }
    server.stop().await;
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let server = Server::start().await;
    for path in [
        "/programme/v1/nothing",
        "/tenant/v2/numbers",
        "/operator/v1/",
        "/edge/v1",
        "/oauth",
        "/session/1",
    ] {
        let problem = refusal(server.ask(Method::GET, path)).await;
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&json!("not_found"), &json!(404)),
            "{path}"
        );
    }
    for (method, path) in [
        (Method::DELETE, OPERATORS),
        (Method::POST, "/healthz"),
        (Method::GET, "/oauth/token"),
        (Method::POST, "/"),
        (Method::PUT, "/some/page"),
    ] {
        let response = server.ask(method.clone(), path).send().await.expect("answers");
        let allow =
            response.headers().get(header::ALLOW).map(|value| value.to_str().expect("text"));
        assert!(allow.is_some_and(|allow| !allow.contains(method.as_str())), "{method} {path}");
        let problem = problem(response).await;
        assert_eq!(problem["code"], "method_not_allowed", "{method} {path}");
        assert_eq!(problem["status"], 405);
    }
    server.stop().await;
}

/// PostgreSQL has no text with a NUL in it, and SQLite stops reading there.
#[tokio::test]
async fn text_that_a_database_cannot_hold_is_refused_before_it_gets_there() {
    for database in testkit::both() {
        let name = database.name;
        let config = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
        let server = Server::over(database, config).await;
        let roles = server.roles().await;
        let token = |role: &str| {
            let found = roles.iter().find(|(name, _)| *name == role);
            found.map(|(_, token)| token.clone()).expect("a role")
        };
        let id = uuid::Uuid::nil();
        let nul = "a\u{0}b";
        let posts = [
            (OPERATORS.to_owned(), json!({ "name": nul })),
            ("/programme/v1/tenants".to_owned(), json!({ "name": nul, "domain": "a.example" })),
            ("/programme/v1/tenants".to_owned(), json!({ "name": "A", "domain": nul })),
            ("/programme/v1/clients".to_owned(), json!({ "name": nul, "role": "edge" })),
            (
                "/tenant/v1/users".to_owned(),
                json!({ "upn": "a@b.example", "display_name": nul, "country": "GB" }),
            ),
            (
                "/tenant/v1/users".to_owned(),
                json!({ "upn": nul, "display_name": "A", "country": "GB" }),
            ),
            (
                "/tenant/v1/users".to_owned(),
                json!({ "upn": "a@b.example", "display_name": "A", "country": "GB",
                    "licences": [nul] }),
            ),
            (
                "/tenant/v1/civic-addresses".to_owned(),
                json!({ "company_name": nul, "country": "GB", "latitude": "1", "longitude": "1" }),
            ),
            (
                "/tenant/v1/civic-addresses".to_owned(),
                json!({ "company_name": "A", "country": "GB", "latitude": "1", "longitude": "1",
                    "city_or_town": nul, "description": nul }),
            ),
            (
                "/tenant/v1/resource-accounts".to_owned(),
                json!({ "upn": "q@b.example", "display_name": nul, "kind": "call_queue",
                    "agent_ids": [id] }),
            ),
            (
                "/operator/v1/number-orders".to_owned(),
                json!({ "kind": "upload", "tenant_id": id, "ticket_id": nul,
                    "entries": [{ "number": nul }] }),
            ),
        ];
        for (path, body) in posts {
            let face = path.split('/').nth(1).expect("a face");
            let request = server.bare(Method::POST, &path).bearer_auth(token(face)).json(&body);
            let problem = refusal(request).await;
            let status = problem["status"].as_u64().expect("a status");
            assert!((400..500).contains(&status), "{name}: {path} {body}: {problem}");
        }
        for path in [
            "/tenant/v1/numbers?prefix=%00",
            "/tenant/v1/numbers?status=%00",
            "/tenant/v1/operators?region=%00",
            "/tenant/v1/operators?country=%00",
            "/tenant/v1/calls?kind=%00",
            "/tenant/v1/users?cursor=%00",
        ] {
            let request = server.bare(Method::GET, path).bearer_auth(token("tenant"));
            let status = request.send().await.expect("answers").status();
            assert!(!status.is_server_error(), "{name}: {path}: {status}");
        }
        let code = server.bare(Method::POST, "/session").json(&json!({ "code": nul }));
        assert_eq!(refusal(code).await["code"], "login_code_invalid", "{name}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_callers_own_request_id_is_kept_if_it_is_harmless() {
    let server = Server::start().await;
    for (sent, is_kept) in
        [("trace-42.a_b", true), ("with space", false), (&*"x".repeat(65), false)]
    {
        let response = server
            .bare(Method::GET, "/healthz")
            .header("x-request-id", sent)
            .send()
            .await
            .expect("answers");
        assert_eq!(response.status(), StatusCode::OK);
        let got = response.headers()["x-request-id"].to_str().expect("text");
        assert_eq!(got == sent, is_kept, "{sent}");
    }
    server.stop().await;
}
