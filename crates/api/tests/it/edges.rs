//! The feed of an edge.

use crate::server::{Server, problem};
use feed::{
    change::Change,
    frame::{Frame, FrameDecoder},
    snapshot::Snapshot,
    wrap::wrap_key,
};
use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Frames until `wanted` is found.
async fn until<T>(
    stream: &mut (impl StreamExt<Item = reqwest::Result<impl AsRef<[u8]>>> + Unpin),
    decoder: &mut FrameDecoder,
    mut wanted: impl FnMut(Frame) -> Option<T>,
) -> T {
    let search = async {
        loop {
            while let Some(frame) = decoder.next_frame().expect("clean frames") {
                if let Some(found) = wanted(frame) {
                    return found;
                }
            }
            let bytes = stream.next().await.expect("the feed goes on").expect("readable");
            decoder.push(bytes.as_ref());
        }
    };
    tokio::time::timeout(Duration::from_secs(15), search).await.expect("in time")
}

#[tokio::test]
async fn an_edge_starts_from_a_snapshot_and_hears_what_changes() {
    let server = Server::start().await;
    let edge = server.client("edge 1", "edge", json!({})).await;
    let token = server.token_of(&edge).await;
    let get = |path: String| server.bare(Method::GET, &path).bearer_auth(&token).send();

    let answer = get("/edge/v1/snapshot".to_owned()).await.expect("answers");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let bytes = answer.bytes().await.expect("bytes");
    let snapshot = Snapshot::open(&bytes, &wrap_key(&token)).expect("opens with the edge's token");
    let at = snapshot.position();

    let path = format!("/edge/v1/changes?epoch={}&since={}", at.epoch, at.position);
    let answer = get(path).await.expect("answers");
    assert_eq!(answer.status(), StatusCode::OK);
    let (mut stream, mut decoder) = (answer.bytes_stream(), FrameDecoder::default());
    let first = until(&mut stream, &mut decoder, Some).await;
    assert_eq!(first, Frame::Heartbeat(at), "a new reader hears at once where the log stands");

    server.make("/programme/v1/operators", json!({ "name": "Alba" })).await;
    let heard = until(&mut stream, &mut decoder, |frame| match frame {
        Frame::Change(entry) => match entry.change {
            Change::OperatorPut(operator) => Some((entry.position, operator.name)),
            _ => None,
        },
        Frame::Heartbeat(_) | Frame::Clock(_) | Frame::Question(_) => None,
    });
    let (position, name) = heard.await;
    assert_eq!(name, "Alba");
    assert!(position > at.position);

    for gone in [
        format!("epoch={}&since={}", at.epoch, at.position + 1_000_000),
        format!("epoch={}&since=0", uuid::Uuid::nil()),
    ] {
        let answer = get(format!("/edge/v1/changes?{gone}")).await.expect("answers");
        assert_eq!(answer.status(), StatusCode::GONE, "{gone}");
        let problem = problem(answer).await;
        assert_eq!(problem["code"], "gone", "{gone}");
        assert!(problem["remedy"].as_str().expect("text").contains("snapshot"));
    }

    // The open feed does not keep the server from stopping.
    server.stop().await;
    let end = async { while let Some(Ok(_)) = stream.next().await {} };
    tokio::time::timeout(Duration::from_secs(5), end).await.expect("the feed has ended");
}

#[tokio::test]
async fn call_records_are_taken_once() {
    let server = Server::start().await;
    let edge = server.client("edge 1", "edge", json!({})).await;
    let token = server.token_of(&edge).await;
    let record = json!({
        "id": "019aab5c-0000-7000-8000-000000000001",
        "edge": "019aab5c-0000-7000-8000-000000000002",
        "event": {
            "event": "begin", "at_us": 1_800_000_000_000_000i64, "kind": null, "tenant": null,
            "number": null, "operator": null, "caller": "+12", "callee": "+34",
            "caller_user": null, "callee_user": null, "queue": null, "in_trunk": null,
            "call_id": "a@b",
        },
    });
    for _ in 0..2 {
        let body = json!({ "records": [record] });
        let post = server.bare(Method::POST, "/edge/v1/cdrs").bearer_auth(&token).json(&body);
        let answer = post.send().await.expect("answers");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.expect("JSON")["accepted"], 1);
    }
    let calls = server.ask(Method::GET, "/programme/v1/calls").send().await.expect("answers");
    let calls: Value = calls.json().await.expect("JSON");
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(1), "{calls}");
    assert_eq!(calls["items"][0]["caller"], "+12");

    let wrong = json!({ "records": [{ "id": "x" }] });
    let post = server.bare(Method::POST, "/edge/v1/cdrs").bearer_auth(&token).json(&wrong);
    let refused = problem(post.send().await.expect("answers")).await;
    assert_eq!(refused["code"], "malformed_json");
    assert_eq!(refused["field"], "/records/0/id");
    server.stop().await;
}

#[tokio::test]
async fn an_edge_is_its_own_clients_until_it_is_forgotten() {
    let server = Server::start().await;
    let mut tokens = Vec::new();
    for name in ["edge 1", "edge 2"] {
        let client = server.client(name, "edge", json!({})).await;
        tokens.push(server.token_of(&client).await);
    }
    let id = "019aab5c-0000-7000-8000-000000000002";
    let post = async |path: &str, token: &str, body: Value| {
        let ask = server.bare(Method::POST, path).bearer_auth(token).json(&body);
        ask.send().await.expect("answers")
    };
    let alive = || json!({ "edge": id, "started_at_us": 1_800_000_000_000_000i64, "alarms": [] });
    let taken = post("/edge/v1/events", &tokens[0], alive()).await;
    assert_eq!(taken.status(), StatusCode::OK);
    let answer = json!({ "question": uuid::Uuid::nil(), "edge": id, "packets": [] });
    for (path, body) in [("/edge/v1/events", alive()), ("/edge/v1/answers", answer)] {
        let refused = post(path, &tokens[1], body.clone()).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT, "{path}");
        let refused = problem(refused).await;
        assert_eq!((&refused["code"], &refused["field"]), (&json!("edge_bound"), &json!("/edge")));
        assert_eq!(post(path, &tokens[0], body).await.status(), StatusCode::OK, "{path}");
    }
    let list = server.ask(Method::GET, "/programme/v1/edges").send().await.expect("answers");
    let list: Value = list.json().await.expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1), "{list}");
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["lost_at"]), (&json!(id), &Value::Null));

    let path = format!("/programme/v1/edges/{id}");
    let gone = server.ask(Method::DELETE, &path).send().await.expect("answers");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let again = server.ask(Method::DELETE, &path).send().await.expect("answers");
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let taken = post("/edge/v1/events", &tokens[1], alive()).await;
    assert_eq!(taken.status(), StatusCode::OK);
    server.stop().await;
}
