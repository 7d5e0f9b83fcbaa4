//! What browsers and people read.

use crate::server::Server;
use api_types::ErrorCode;
use reqwest::{Method, StatusCode, header};
use serde_json::Value;

fn policy(response: &reqwest::Response) -> String {
    response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn every_error_code_has_its_page() {
    let server = Server::start().await;
    let index = server.bare(Method::GET, "/errors").send().await.expect("answers");
    assert_eq!(index.status(), StatusCode::OK);
    let index = index.text().await.expect("text");
    for code in ErrorCode::ALL {
        let path = code.problem(None, "x").kind;
        assert!(index.contains(&format!("href=\"{path}\"")), "{path} is listed");
        let page = server.bare(Method::GET, &path).send().await.expect("answers");
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let (policy, text) = (policy(&page), page.text().await.expect("text"));
        for part in [code.code(), code.title(), code.remedy(), &code.status().to_string()] {
            let part = part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            assert!(text.contains(&part), "{path} says {part}");
        }
        let nonce = text
            .split_once("<style nonce=\"")
            .and_then(|(_, rest)| rest.split('"').next())
            .expect("a style with a nonce");
        assert!(policy.contains(&format!("style-src 'nonce-{nonce}'")), "{path}: {policy}");
    }
    let unknown = server.bare(Method::GET, "/errors/no_such_code").send().await.expect("answers");
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    server.stop().await;
}

#[tokio::test]
async fn the_specification_and_its_page_need_no_internet() {
    let server = Server::start().await;
    let document = server.bare(Method::GET, "/openapi.json").send().await.expect("answers");
    let document: Value = document.json().await.expect("JSON");
    assert_eq!(document, serde_json::to_value(api::openapi()).expect("JSON"));

    let page = server.bare(Method::GET, "/docs").send().await.expect("answers");
    assert_eq!(page.status(), StatusCode::OK, "/docs leads to /docs/");
    assert!(policy(&page).contains("script-src 'self'"), "{}", policy(&page));
    let text = page.text().await.expect("text");
    assert!(!text.contains("<script>"), "no inline script: the policy forbids it");
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for file in text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!file.contains("//"), "{file} comes from us");
            let file = file.trim_start_matches("./");
            let response =
                server.bare(Method::GET, &format!("/docs/{file}")).send().await.expect("answers");
            assert_eq!(response.status(), StatusCode::OK, "{file}");
            files += 1;
        }
    }
    assert!(files >= 4, "{files} files");
    let start = server.bare(Method::GET, "/docs/swagger-initializer.js").send().await;
    let start = start.expect("answers").text().await.expect("text");
    assert!(start.contains("/openapi.json"), "{start}");
    server.stop().await;
}

#[tokio::test]
async fn the_page_comes_under_a_strict_policy_with_a_fresh_nonce() {
    let server = Server::start().await;
    let mut policies = std::collections::BTreeSet::new();
    for path in ["/", "/numbers", "/login?code=abc", "/"] {
        let page = server.bare(Method::GET, path).send().await.expect("answers");
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let header = |name: &str| page.headers()[name].to_str().expect("text").to_owned();
        assert!(header("content-type").starts_with("text/html"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        let policy = policy(&page);
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "connect-src 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = page.text().await.expect("text");
        assert!(!text.contains("__CSP_NONCE__"), "{path}: the placeholder is filled");
        policies.insert(policy);
    }
    assert_eq!(policies.len(), 4, "no nonce is used twice");
    let missing = server.bare(Method::GET, "/assets/none-1234.js").send().await.expect("answers");
    assert_eq!(missing.status(), StatusCode::NOT_FOUND, "a page is no substitute for a script");
    server.stop().await;
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_ask() {
    let server = Server::start().await;
    let plain = server.bare(Method::GET, "/openapi.json").send().await.expect("answers");
    assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
    let plain = plain.bytes().await.expect("bytes").len();
    let packed = server.bare(Method::GET, "/openapi.json").header(header::ACCEPT_ENCODING, "gzip");
    let packed = packed.send().await.expect("answers");
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
    let packed = packed.bytes().await.expect("bytes").len();
    assert!(packed * 4 < plain, "{packed} of {plain} bytes");
    server.stop().await;
}

#[tokio::test]
async fn health_is_told_to_anyone() {
    let server = Server::start().await;
    for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let response = server.bare(Method::GET, path).send().await.expect("answers");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.json::<Value>().await.expect("JSON")["status"], status);
    }
    server.stop().await;
}
