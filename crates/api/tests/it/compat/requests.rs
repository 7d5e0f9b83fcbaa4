//! Conditional and repeatable requests.

use super::{NEWER, account, face, number};
use jiff::{Timestamp, ToSpan};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_can_be_made_conditional() {
    let face = face(testkit::sqlite()).await;
    let path = "/accounts/A";
    let body = || Some(account("A", &face.house.tenant_id));
    let put = async |name: &str, value: &str| {
        face.send(NEWER, Method::PUT, path, &[(name, value)], body()).await
    };
    assert_eq!(put("If-Match", "*").await.code(), "VersionMismatch");
    let first = put("If-None-Match", "*").await;
    let tag = first.header("etag").to_owned();
    first.expect(201);
    assert_eq!(put("If-None-Match", "*").await.status, 412);
    let second = put("If-Match", &tag).await;
    let newer = second.header("etag").to_owned();
    second.expect(200);
    assert_ne!(tag, newer);
    assert_eq!(put("If-Match", &tag).await.status, 412);
    for (since, status) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 412),
        ("1994-11-06T08:49:37Z", 412),
        ("2999-01-01T00:00:00Z", 200),
    ] {
        assert_eq!(put("If-Unmodified-Since", since).await.status, status, "{since}");
    }
    for (since, status) in [("Sun, 06 Nov 1994 08:49:37 GMT", 200), ("2999-01-01T00:00:00Z", 412)] {
        assert_eq!(put("If-Modified-Since", since).await.status, status, "{since}");
    }
    assert_eq!(put("If-Modified-Since", "soon").await.code(), "InvalidParameter");
    let gone = [("If-Match", tag.as_str())];
    assert_eq!(face.send(NEWER, Method::DELETE, path, &gone, None).await.status, 412);
    face.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_is_done_once() {
    let face = face(testkit::sqlite()).await;
    face.account("A").await;
    let now = Timestamp::now();
    let http = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&now)
        .expect("an HTTP date");
    let path = "/accounts/A/numbers/+442079460001";
    let app = json!({ "usage": "FirstPartyAppAssignment" });
    let body = || Some(number("A", "+442079460001", app.clone()));
    for (id, sent) in [("one", now.to_string()), ("two", http)] {
        let headers =
            [("Repeatability-Request-ID", id), ("Repeatability-First-Sent", sent.as_str())];
        let first = face.send(NEWER, Method::PUT, path, &headers, body()).await;
        assert_eq!(first.header("repeatability-result"), "accepted");
        let again = face.send(NEWER, Method::PUT, path, &headers, body()).await;
        assert_eq!(again.header("repeatability-result"), "accepted");
        assert_eq!(first.header("etag"), again.header("etag"), "the first answer again");
        assert_eq!(first.status, again.status);
        assert_eq!(first.body, again.body);
        // Its name was used for another request.
        let other = Some(number("A", "+442079460001", json!({})));
        let other = face.send(NEWER, Method::PUT, path, &headers, other).await;
        assert_eq!(other.header("repeatability-result"), "rejected");
        assert_eq!((other.status.as_u16(), other.code()), (400, "IdempotencyMismatch"));
        // Deleted once, twice told.
        let gone = [
            ("Repeatability-Request-ID", &*format!("{id}-gone")),
            ("Repeatability-First-Sent", sent.as_str()),
        ];
        for _ in 0..2 {
            face.send(NEWER, Method::DELETE, path, &gone, None).await.expect(204);
        }
    }
    let day_old = (now - 25.hours()).to_string();
    let ahead = (now + 1.hour()).to_string();
    let now = now.to_string();
    for (id, sent, status, code) in [
        (Some("x"), None, 400, "RepeatabilityInvalid"),
        (None, Some(now.as_str()), 400, "RepeatabilityInvalid"),
        (Some("x"), Some("yesterday"), 400, "RepeatabilityInvalid"),
        (Some("x"), Some(day_old.as_str()), 412, "RepeatabilityExpired"),
        (Some("x"), Some(ahead.as_str()), 412, "RepeatabilityExpired"),
    ] {
        let headers: Vec<(&str, &str)> =
            [("Repeatability-Request-ID", id), ("Repeatability-First-Sent", sent)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
        let refused = face.send(NEWER, Method::PUT, path, &headers, body()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (status, code), "{headers:?}");
        assert_eq!(refused.header("repeatability-result"), "rejected");
    }
    face.house.server.stop().await;
}
