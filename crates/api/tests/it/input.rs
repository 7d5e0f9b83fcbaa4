//! Requests that cannot be meant so.

use crate::server::{Server, problem};
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
