//! What each role sees of what it may see, and what it may do on the compatible face.

use super::world;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Whoever helps sees which call it was and whose, and nobody's whole number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_help_see_masked_numbers() {
    let world = world().await;
    let call = &world.contoso.things["call"];
    let read = async |role: &str, path: &str| {
        let ask = world.server.bare(Method::GET, path).bearer_auth(&world.tokens[role]);
        let answer = ask.send().await.expect("answers");
        assert_eq!(answer.status(), StatusCode::OK, "{role} {path}");
        answer.text().await.expect("text")
    };
    let (list, one) = ("/tenant/v1/calls".to_owned(), format!("/tenant/v1/calls/{call}"));
    let explained = format!("/tenant/v1/calls/{call}/explain");
    let (every, any) =
        ("/programme/v1/calls".to_owned(), format!("/programme/v1/explain/call?id={call}"));
    for (whole, masked, paths) in [
        ("tenant_admin", "tenant_helpdesk", vec![&list, &one, &explained]),
        ("tenant_reader", "tenant_helpdesk", vec![&list, &one, &explained]),
        ("programme_owner", "programme_support", vec![&every, &any]),
    ] {
        for path in paths {
            assert!(read(whole, path).await.contains("+442079479876"), "{whole} {path}");
            let shown = read(masked, path).await;
            assert!(shown.contains("+*********876"), "{masked} {path}: {shown}");
            for number in ["2079479876", "2079460001"] {
                assert!(!shown.contains(number), "{masked} {path}: {shown}");
            }
        }
    }
    let ask = json!({ "from_user_id": world.contoso.things["user"], "called": "+442079479876" });
    let path = "/tenant/v1/explain/call";
    for (role, whole) in [("tenant_admin", true), ("tenant_helpdesk", false)] {
        let told = world.post(&world.tokens[role], path, ask.clone()).await.to_string();
        assert_eq!(told.contains("2079479876"), whole, "{role}: {told}");
    }
    let csv = world.server.bare(Method::GET, "/tenant/v1/calls").header("accept", "text/csv");
    let csv = csv.bearer_auth(&world.tokens["tenant_helpdesk"]).send().await.expect("answers");
    let csv = csv.text().await.expect("text");
    assert!(csv.contains("*********876") && !csv.contains("2079479876"), "{csv}");
    world.server.stop().await;
}

/// Each client has roles of its own on the compatible face, and no more than those.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_has_its_own_roles_on_the_compatible_face() {
    let world = world().await;
    let of =
        json!({ "operator_id": world.alba.id, "provisioning_roles": ["ProvisioningAPI.Read"] });
    let client = world.server.client("reads", "operator_admin", of).await;
    assert_eq!(client.provisioning_roles, ["ProvisioningAPI.Read"]);
    let token = async |scope: &str| {
        let request = world.server.bare(Method::POST, "/any/oauth2/v2.0/token").form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &client.client_id.to_string()),
            ("client_secret", &client.client_secret),
            ("scope", scope),
        ]);
        let answer = request.send().await.expect("answers");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, answer) = token("api://any/.default").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let bearer = answer["access_token"].as_str().expect("a token");
    let version = "api-version=2024-02-29-preview";
    for (method, path, status) in [
        (Method::GET, "accounts", 200),
        (Method::PUT, "accounts/A", 403),
        (Method::DELETE, "accounts/A", 403),
    ] {
        let path = format!("/provapi/{path}?{version}");
        let body = json!({ "name": "A", "serviceDetails": {} });
        let ask = world.server.bare(method.clone(), &path).bearer_auth(bearer).json(&body);
        assert_eq!(ask.send().await.expect("answers").status(), status, "{method} {path}");
    }
    for scope in ["x/ProvisioningAPI.Write", "x/ProvisioningAPI.Admin"] {
        let (status, answer) = token(scope).await;
        assert_eq!((status.as_u16(), &answer["error"]), (400, &json!("invalid_scope")), "{scope}");
    }
    for (role, roles) in [
        ("operator_admin", json!(["ProvisioningAPI.Root"])),
        ("operator_reader", json!(["ProvisioningAPI.Write"])),
    ] {
        let body = json!({ "name": "x", "role": role, "operator_id": world.alba.id,
            "provisioning_roles": roles });
        let refused = world.server.ask(Method::POST, "/programme/v1/clients").json(&body);
        let refused = crate::server::problem(refused.send().await.expect("answers")).await;
        assert_eq!(refused["field"], "/provisioning_roles", "{role}");
    }
    world.server.stop().await;
}
