//! Filters, sorts and files of call records as they are on the wire.

use crate::server::{Server, problem};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test]
async fn a_filter_that_does_not_parse_says_where_and_what_to_do() {
    let server = Server::start().await;
    let [_, _, (_, tenant), _] = server.roles().await;
    let path = "/tenant/v1/numbers?filter=country%20eq%20GB%20or%20country%20eq%20FR";
    let answer = server.bare(Method::GET, path).bearer_auth(&tenant).send().await.expect("answers");
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let told = problem(answer).await;
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    assert_eq!((text("code"), text("field")), ("invalid_filter", "filter"));
    assert!(text("reason").starts_with("at character 15: "), "{told}");
    assert!(text("remedy").contains("there is no or"), "{told}");
    for (path, code) in [
        ("/tenant/v1/numbers?sort=usage", "invalid_sort"),
        ("/tenant/v1/calls?filter=duration%20gt%203", "invalid_filter"),
        ("/tenant/v1/users?sort=-country", "invalid_sort"),
        // A list that takes no filter says so too.
        ("/tenant/v1/civic-addresses?filter=country%20eq%20GB", "invalid_parameter"),
    ] {
        let answer = server.bare(Method::GET, path).bearer_auth(&tenant).send().await;
        assert_eq!(problem(answer.expect("answers")).await["code"], code, "{path}");
    }
    for path in [
        "/tenant/v1/numbers?filter=country+eq+GB+and+status+eq+Unassigned&sort=-acquired_at",
        "/tenant/v1/numbers?filter=number+starts+%2B44207&prefix=%2B4420",
        "/tenant/v1/calls?filter=kind+in+(inbound,outbound)&sort=started_at&limit=5",
        "/tenant/v1/users?sort=display_name",
    ] {
        let answer = server.bare(Method::GET, path).bearer_auth(&tenant).send().await;
        assert_eq!(answer.expect("answers").status(), StatusCode::OK, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_file_of_calls_is_what_its_record_says() {
    let server = Server::start().await;
    let [_, (_, operator), (_, tenant), (_, edge)] = server.roles().await;
    let me = server.bare(Method::GET, "/session").bearer_auth(&tenant).send().await;
    let me: Value = me.expect("answers").json().await.expect("JSON");
    let tenant_id = me["tenant_id"].clone();
    // 2,500 calls, a second apart: pages of the store, and nothing of them twice.
    let record = |n: u32| {
        json!({ "id": format!("01890000-0000-7000-8000-{n:012}"),
            "edge": "00000000-0000-0000-0000-000000000007",
            "event": { "event": "begin", "at_us": 1_767_268_800_000_000u64 + u64::from(n) * 1_000_000,
                "kind": "inbound", "tenant": tenant_id, "number": null, "operator": null,
                "caller": format!("+49301{n:05}"), "callee": "=1+1", "caller_user": null,
                "callee_user": null, "queue": null, "in_trunk": null,
                "call_id": format!("{n}@x") } })
    };
    let sample: Vec<Value> = (0..2500).map(record).collect();
    let sent = server.bare(Method::POST, "/edge/v1/cdrs").bearer_auth(&edge);
    let sent = sent.json(&json!({ "records": sample })).send().await.expect("answers");
    assert_eq!(sent.status(), StatusCode::OK, "{}", sent.text().await.expect("text"));

    for (format, kind) in [("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet")] {
        let asked = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z",
            "format": format });
        let file = server.bare(Method::POST, "/tenant/v1/call-exports").bearer_auth(&tenant);
        let file = file.json(&asked).send().await.expect("answers");
        assert_eq!(file.status(), StatusCode::OK);
        let named = |name| file.headers()[name].to_str().expect("text").to_owned();
        assert!(named(header::CONTENT_TYPE).starts_with(kind));
        assert!(named(header::CONTENT_DISPOSITION).contains(&format!(".{format}\"")));
        let place = named(header::LOCATION);
        let bytes = file.bytes().await.expect("the whole file");
        let told = server.bare(Method::GET, &place).bearer_auth(&tenant).send().await;
        let told: Value = told.expect("answers").json().await.expect("JSON");
        assert_eq!((told["rows"].as_i64(), told["format"].as_str()), (Some(2500), Some(format)));
        assert_eq!(told["bytes"].as_u64(), Some(bytes.len() as u64));
        let sum: String = sha2(&bytes);
        assert_eq!(told["sha256"], sum.as_str());
        if format == "csv" {
            let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            assert_eq!(text.lines().count(), 2501);
            let callers: Vec<&str> = text.lines().skip(1).collect();
            assert!(callers[0].contains("+4930100000") && callers[2499].contains("+4930102499"));
            assert!(callers[0].contains("'=1+1"), "no cell runs: {}", callers[0]);
        } else {
            assert_eq!((&bytes[..4], &bytes[bytes.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
        }
        // Another's record is not there.
        let other = place.replace("/tenant/", "/operator/");
        let other = server.bare(Method::GET, &other).bearer_auth(&operator).send().await;
        assert_eq!(other.expect("answers").status(), StatusCode::NOT_FOUND);
    }
    let list = server.bare(Method::GET, "/tenant/v1/call-exports").bearer_auth(&tenant);
    let list: Value = list.send().await.expect("answers").json().await.expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    server.stop().await;
}

fn sha2(bytes: &[u8]) -> String {
    use ::sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
