//! `/scim/v2` over HTTP: media type, statuses, and refusals in the shape of RFC 7644.

use crate::bodies::office;
use crate::server::Server;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

const MEDIA: &str = "application/scim+json";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

struct Directory {
    server: Server,
    token: String,
}

impl Directory {
    async fn start() -> Self {
        let server = Server::start().await;
        let new = json!({ "name": "Contoso", "domain": "contoso.example" });
        let tenant = server.make("/programme/v1/tenants", new).await["id"].clone();
        let client = server.client("admin", "tenant_admin", json!({ "tenant_id": tenant })).await;
        let token = server.token_of(&client).await;
        let ask = server.bare(Method::POST, "/tenant/v1/civic-addresses").bearer_auth(&token);
        let made = ask.json(&office("1")).send().await.expect("answers");
        assert_eq!(made.status(), StatusCode::CREATED);
        Self { server, token }
    }

    fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let ask = self.server.bare(method, &format!("/scim/v2{path}"));
        ask.bearer_auth(&self.token).header(header::CONTENT_TYPE, MEDIA)
    }

    async fn add(&self, body: &Value) -> (StatusCode, Value, String) {
        let made = self.ask(Method::POST, "/Users").body(body.to_string()).send().await;
        let made = made.expect("answers");
        assert_eq!(made.headers()[header::CONTENT_TYPE], MEDIA);
        let location = made.headers().get(header::LOCATION);
        let location = location.and_then(|at| at.to_str().ok()).unwrap_or_default().to_owned();
        (made.status(), made.json().await.expect("JSON"), location)
    }
}

#[tokio::test]
async fn refusals_have_the_shape_of_the_rfc() {
    let directory = Directory::start().await;
    let ada = json!({ "userName": "ada@contoso.example" });
    let (status, made, location) = directory.add(&ada).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = made["id"].as_str().expect("an id").to_owned();
    assert!(location.ends_with(&format!("/scim/v2/Users/{id}")), "{location}");
    let one = format!("/Users/{id}");
    let patch = |ops: Value| {
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ops })
            .to_string()
    };
    for (method, path, body, status, word) in [
        (Method::POST, "/Users", ada.to_string(), 409, Some("uniqueness")),
        (Method::POST, "/Users", "{".to_owned(), 400, Some("invalidSyntax")),
        (Method::POST, "/Users", json!({ "userName": "x" }).to_string(), 400, Some("invalidValue")),
        (Method::GET, "/Users?filter=title%20pr", String::new(), 400, Some("invalidFilter")),
        (Method::GET, "/Users?sortOrder=up", String::new(), 400, Some("invalidValue")),
        (Method::GET, "/Users/nobody", String::new(), 404, None),
        (Method::GET, "/Schemas/urn:nothing", String::new(), 404, None),
        (Method::GET, "/Nothing", String::new(), 404, None),
        (Method::PATCH, &one, patch(json!([{ "op": "remove" }])), 400, Some("noTarget")),
        (
            Method::PATCH,
            &one,
            patch(json!([{ "op": "replace", "path": "id", "value": "1" }])),
            400,
            Some("mutability"),
        ),
        (
            Method::PATCH,
            &one,
            patch(json!([{ "op": "replace", "path": "a b", "value": "1" }])),
            400,
            Some("invalidPath"),
        ),
        (Method::POST, "/Bulk", json!({}).to_string(), 501, None),
        (Method::GET, "/Me", String::new(), 501, None),
        (Method::POST, "/Users/.search", json!({}).to_string(), 501, None),
    ] {
        let answer = directory.ask(method.clone(), path).body(body.clone()).send().await;
        let answer = answer.expect("answers");
        assert_eq!(answer.status().as_u16(), status, "{method} {path} {body}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], MEDIA, "{path}");
        let told: Value = answer.json().await.expect("JSON");
        assert_eq!(told["schemas"], json!([ERROR]), "{told}");
        assert_eq!(told["status"], json!(status.to_string()), "{told}");
        assert_eq!(told["scimType"].as_str(), word, "{method} {path}: {told}");
        assert!(told["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{told}");
    }
    // Nobody without a token, and no other body.
    let bare = directory.server.bare(Method::GET, "/scim/v2/Users").send().await.expect("answers");
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
    assert!(bare.headers().contains_key(header::WWW_AUTHENTICATE));
    let text = directory.server.bare(Method::POST, "/scim/v2/Users").bearer_auth(&directory.token);
    let text = text.header(header::CONTENT_TYPE, "text/plain").body("x").send().await;
    assert_eq!(text.expect("answers").status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    directory.server.stop().await;
}

#[tokio::test]
async fn versions_are_etags() {
    let directory = Directory::start().await;
    let (_, made, _) = directory.add(&json!({ "userName": "ada@contoso.example" })).await;
    let path = format!("/Users/{}", made["id"].as_str().expect("an id"));
    let got = directory.ask(Method::GET, &path).send().await.expect("answers");
    let tag = got.headers()[header::ETAG].to_str().expect("text").to_owned();
    assert_eq!(made["meta"]["version"], json!(tag));
    let same = directory.ask(Method::GET, &path).header(header::IF_NONE_MATCH, &tag);
    let same = same.send().await.expect("answers");
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    let off = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "Replace", "path": "active", "value": "False" }] });
    for (held, status) in [(tag.as_str(), 200), (tag.as_str(), 412)] {
        let ask = directory.ask(Method::PATCH, &path).header(header::IF_MATCH, held);
        let answer = ask.body(off.to_string()).send().await.expect("answers");
        assert_eq!(answer.status().as_u16(), status, "{held}");
    }
    let gone = directory.ask(Method::DELETE, &path).send().await.expect("answers");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    directory.server.stop().await;
}

#[tokio::test]
async fn what_is_supported_is_said() {
    let directory = Directory::start().await;
    let read = async |path: &str| -> Value {
        let answer = directory.ask(Method::GET, path).send().await.expect("answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.expect("JSON")
    };
    let config = read("/ServiceProviderConfig").await;
    for (part, supported) in
        [("patch", true), ("filter", true), ("sort", true), ("etag", true), ("bulk", false)]
    {
        assert_eq!(config[part]["supported"], json!(supported), "{part}");
    }
    let kinds = read("/ResourceTypes").await;
    assert_eq!(
        (kinds["totalResults"].as_u64(), &kinds["Resources"][1]["id"]),
        (Some(2), &json!("Group"))
    );
    assert_eq!(read("/ResourceTypes/User").await["endpoint"], "/Users");
    let schemas = read("/Schemas").await;
    for schema in schemas["Resources"].as_array().expect("schemas") {
        let urn = schema["id"].as_str().expect("a URN");
        assert_eq!(&read(&format!("/Schemas/{urn}")).await, schema);
    }
    directory.server.stop().await;
}
