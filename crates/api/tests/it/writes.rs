//! Creating, editing, repeating, paging, exporting.

use crate::server::{Server, problem};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

const OPERATORS: &str = "/programme/v1/operators";

#[tokio::test]
async fn what_is_made_is_where_location_says_with_its_etag() {
    let server = Server::start().await;
    let response =
        server.ask(Method::POST, OPERATORS).json(&json!({ "name": "Alba" })).send().await;
    let response = response.expect("answers");
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = response.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let etag = response.headers()[header::ETAG].clone();
    let made: Value = response.json().await.expect("JSON");
    assert_eq!(etag.to_str().expect("text"), format!("\"{}\"", made["version"]));

    let read = server.ask(Method::GET, &location).send().await.expect("answers");
    assert_eq!(read.headers()[header::ETAG], etag);
    assert_eq!(read.json::<Value>().await.expect("JSON"), made);

    let unchanged = server.ask(Method::GET, &location).header(header::IF_NONE_MATCH, etag);
    let unchanged = unchanged.send().await.expect("answers");
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    assert!(unchanged.bytes().await.expect("a body").is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_write_matches_the_version_last_read() {
    let server = Server::start().await;
    let operator = server.make(OPERATORS, json!({ "name": "Alba" })).await;
    let id = operator["id"].as_str().expect("an id");
    let trunks = format!("{OPERATORS}/{id}/trunks");
    let new = json!({ "fqdn": "sbc1.alba.example", "address": "192.0.2.1:5060" });
    let trunk = server.make(&trunks, new).await;
    let path = format!("{trunks}/{}", trunk["id"].as_str().expect("an id"));
    let drain = |if_match: Option<&str>| {
        let mut request = server.ask(Method::PATCH, &path).json(&json!({ "enabled": false }));
        if let Some(tag) = if_match {
            request = request.header(header::IF_MATCH, tag);
        }
        request.send()
    };
    let version = trunk["version"].as_i64().expect("a version");
    let (good, stale) = (format!("\"{version}\""), format!("\"{}\"", version + 7));
    for (tag, status, code) in [
        (None, 428, "version_required"),
        (Some(stale.as_str()), 412, "version_mismatch"),
        (Some("W/\"1\""), 412, "version_mismatch"),
        (Some("\"abc\""), 412, "version_mismatch"),
        (Some("1"), 400, "invalid_parameter"),
    ] {
        let problem = problem(drain(tag).await.expect("answers")).await;
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&json!(code), &json!(status)),
            "{tag:?}"
        );
    }
    let done = drain(Some(&good)).await.expect("answers");
    assert_eq!(done.status(), StatusCode::OK);
    let etag = done.headers()[header::ETAG].to_str().expect("text").to_owned();
    assert_ne!(etag, good);
    assert_eq!(done.json::<Value>().await.expect("JSON")["enabled"], false);
    let again = problem(drain(Some(&good)).await.expect("answers")).await;
    assert_eq!(again["code"], "version_mismatch", "the first write made that version stale");
    server.stop().await;
}

#[tokio::test]
async fn a_repeated_key_is_done_once() {
    let server = Server::start().await;
    let post = |key: &'static str, body: Value| {
        server.ask(Method::POST, OPERATORS).header("idempotency-key", key).json(&body).send()
    };
    let first = post("k1", json!({ "name": "Alba" })).await.expect("answers");
    assert_eq!(first.status(), StatusCode::CREATED);
    let first: Value = first.json().await.expect("JSON");
    let second = post("k1", json!({ "name": "Alba" })).await.expect("answers");
    assert_eq!(second.status(), StatusCode::CREATED);
    assert_eq!(second.json::<Value>().await.expect("JSON"), first);
    let other = problem(post("k1", json!({ "name": "Brava" })).await.expect("answers")).await;
    assert_eq!(other["code"], "idempotency_mismatch");
    let without_key = server.ask(Method::POST, OPERATORS).json(&json!({ "name": "Alba" })).send();
    assert_eq!(problem(without_key.await.expect("answers")).await["code"], "conflict");
    let page = server.ask(Method::GET, OPERATORS).send().await.expect("answers");
    let page: Value = page.json().await.expect("JSON");
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    server.stop().await;
}

#[tokio::test]
async fn lists_page_by_cursor_and_come_whole_as_csv() {
    let server = Server::start().await;
    let names = ["Alba", "=HYPERLINK(\"x\")", "Côte, Est", "Delta", "-Echo"];
    for name in names {
        server.make(OPERATORS, json!({ "name": name })).await;
    }
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    let mut pages = 0;
    loop {
        let mut request = server.ask(Method::GET, OPERATORS).query(&[("limit", "2")]);
        if let Some(cursor) = cursor.take() {
            request = request.query(&[("cursor", cursor)]);
        }
        let page: Value = request.send().await.expect("answers").json().await.expect("JSON");
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()));
        pages += 1;
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    seen.sort();
    let mut expected = names.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(seen, expected, "each once");

    let request = server.ask(Method::GET, OPERATORS).query(&[("limit", "2")]);
    let export = request.header(header::ACCEPT, "text/csv").send().await.expect("answers");
    assert_eq!(export.status(), StatusCode::OK);
    let header = |name| export.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header(header::CONTENT_TYPE), "text/csv; charset=utf-8; header=present");
    assert_eq!(header(header::CONTENT_DISPOSITION), "attachment; filename=\"operators.csv\"");
    let text = export.text().await.expect("text");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "id,name,created_at,version");
    assert_eq!(lines.len(), 6, "the whole list, not a page: {text}");
    for cell in [",\"'=HYPERLINK(\"\"x\"\")\",", ",\"Côte, Est\",", ",'-Echo,", ",Alba,"] {
        assert!(text.contains(cell), "{cell} in {text}");
    }
    server.stop().await;
}
