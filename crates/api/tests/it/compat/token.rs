//! The token endpoint, its discovery, and what each role opens.

use super::{NEWER, account, face, number};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_opens_its_methods() {
    let mut face = face(testkit::sqlite()).await;
    face.account("A").await;
    let app = || number("A", "+442079460001", json!({ "usage": "FirstPartyAppAssignment" }));
    let path = "/accounts/A/numbers/+442079460001";
    for (role, reads, writes, deletes) in [
        ("ProvisioningAPI.Read", 200, 403, 403),
        ("ProvisioningAPI.Write", 403, 201, 403),
        ("ProvisioningAPI.Delete", 403, 403, 204),
        ("ProvisioningAPI.Admin", 200, 201, 204),
    ] {
        let token = face.token(&format!("api://any/{role}")).await.expect(200);
        assert_eq!(token["token_type"], "Bearer");
        assert!(token["expires_in"].is_u64() && token["ext_expires_in"].is_u64());
        face.token = token["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(face.get(NEWER, "/accounts").await.status, reads, "{role}");
        assert_eq!(face.put(NEWER, path, app()).await.status, writes, "{role}");
        let plans = "/accounts/A:getTeamsCapabilityPlans";
        let plans = face.send(NEWER, Method::POST, plans, &[], None).await;
        assert_eq!(plans.status, reads, "{role}: an action that reads");
        let gone = json!({ "numbers": [{ "telephoneNumber": "+442079460001" }] });
        let gone = face.post("/accounts/A:deleteNumbers", gone).await;
        assert_eq!(gone.status, deletes, "{role}");
        let put = face.put(NEWER, "/accounts/A", account("A", &face.house.tenant_id)).await;
        assert_eq!(put.status, if writes == 201 { 200 } else { 403 }, "{role}");
    }
    face.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_requests_are_told_in_oauths_words() {
    let face = face(testkit::sqlite()).await;
    for (scope, error) in [
        ("", "invalid_request"),
        ("ProvisioningAPI.Read", "invalid_scope"),
        ("x/operator.write", "invalid_scope"),
        ("x/ProvisioningAPI.Root", "invalid_scope"),
    ] {
        let refused = face.token(scope).await;
        let told = refused.body["error"].as_str().expect("an error");
        // An empty scope is none (RFC 6749 section 3.3 has no empty ones).
        let expect = if scope.is_empty() { "invalid_scope" } else { error };
        assert_eq!((refused.status.as_u16(), told), (400, expect), "{scope}");
    }
    let client = face.client.clone();
    let of = json!({ "tenant_id": face.house.tenant_id });
    let tenant = face.house.server.client("Contoso's", "tenant_admin", of).await;
    let face = super::Face { client: tenant, ..face };
    assert_eq!(face.token("x/.default").await.expect(400)["error"], "invalid_scope");
    let mut wrong = client;
    wrong.client_secret.push('x');
    let face = super::Face { client: wrong, ..face };
    assert_eq!(face.token("x/.default").await.expect(401)["error"], "invalid_client");
    face.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libraries_find_the_endpoint() {
    let face = face(testkit::sqlite()).await;
    let server = &face.house.server;
    let read = async |path: &str| -> Value {
        let answer = server.bare(Method::GET, path).send().await.expect("answers");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("JSON")
    };
    let instance = read("/common/discovery/instance?api-version=1.1").await;
    let at = instance["tenant_discovery_endpoint"].as_str().expect("an endpoint");
    let found = read(at.strip_prefix(&server.base).expect("here")).await;
    let token = found["token_endpoint"].as_str().expect("an endpoint");
    assert_eq!(token, format!("{}/common/oauth2/v2.0/token", server.base));
    let keys = found["jwks_uri"].as_str().and_then(|at| at.strip_prefix(&server.base));
    assert_eq!(read(keys.expect("here")).await, json!({ "keys": [] }));
    let request = server
        .http
        .post(token)
        .form(&[("grant_type", "client_credentials"), ("scope", "x/.default")]);
    let request = request
        .basic_auth(face.client.client_id.to_string(), Some(face.client.client_secret.clone()));
    assert_eq!(request.send().await.expect("answers").status(), 200);
    face.house.server.stop().await;
}
