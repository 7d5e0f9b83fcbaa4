//! What is refused: one table of code and status.

use super::{NEWER, OLDER, account, face, number};
use api_types::compat::ApiVersion;
use reqwest::Method;
use serde_json::{Value, json};

const FREE: &str = "+442079460050";

/// Version, method, path, body; the status and the code of the refusal.
type Row<'a> = (ApiVersion, &'a Method, &'a str, Option<Value>, u16, &'a str);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refusal_has_its_code_and_status() {
    let face = face(testkit::sqlite()).await;
    face.account("A").await;
    face.account("B").await;
    let taken = "+442079460060";
    let path = format!("/accounts/B/numbers/{taken}");
    let app = json!({ "usage": "FirstPartyAppAssignment" });
    face.put(NEWER, &path, number("B", taken, app.clone())).await.expect(201);

    let tenant = &face.house.tenant_id;
    let numbers = "/accounts/A:createOrUpdateNumbers";
    let one = format!("/accounts/A/numbers/{FREE}");
    let old_one = format!("/account/A/numbers/{FREE}");
    let batch = |all: Vec<Value>| Some(json!({ "numbers": all }));
    let services = |more: Value| {
        let mut number = number("A", FREE, json!({}));
        number["serviceDetails"] = more;
        Some(number)
    };
    let enabled = |name: &str| services(json!({ name: { "enabled": true } }));
    let routed = |subdomain: &str| {
        json!({ "directRouting": {
            "callScreening": true, "subdomain": subdomain,
            "subdomainTokens": { "region1Token": "a", "region2Token": "b" },
        }})
    };
    let mut mobile = account("A", tenant);
    mobile["serviceDetails"]["teamsPhoneMobile"] = json!({ "enabled": true, "syncEnabled": true });
    let mut unbound = account("B", tenant);
    unbound["serviceDetails"]["teamsTenantId"] = json!("11111111-1111-4111-8111-111111111111");
    let mut nobodys = account("A", tenant);
    nobodys["serviceDetails"].as_object_mut().expect("fields").remove("teamsTenantId");
    let many: Vec<Value> =
        (0..101).map(|n| number("A", &format!("+4420794601{n:02}"), json!({}))).collect();
    let old_services = json!({ "services": { "teamsDrEnabled": true, "teamsOcEnabled": false, "zoomEnabled": false } });
    let rfi = format!("/teamsRequestsForInformation/{}", tenant.as_str().expect("an id"));
    let status = |status: &str| Some(json!({ "customerRelationship": { "status": status } }));
    let get = Method::GET;
    let (put, post, patch, delete) = (Method::PUT, Method::POST, Method::PATCH, Method::DELETE);
    let table: Vec<Row> = vec![
        // Lists.
        (NEWER, &get, "/accounts?filter=name ne 'x'", None, 400, "UnsupportedFilter"),
        (NEWER, &get, "/accounts?filter=email eq 'x'", None, 400, "UnsupportedFilter"),
        (NEWER, &get, "/numbers?filter=telephoneNumber eq '7'", None, 400, "UnsupportedFilter"),
        (
            NEWER,
            &get,
            "/accounts/A/numbers?filter=accountName eq 'A'",
            None,
            400,
            "UnsupportedFilter",
        ),
        (NEWER, &get, "/accounts?%24filter=name eq 'x'", None, 400, "InvalidParameter"),
        (NEWER, &get, "/accounts?skip=-1", None, 400, "InvalidParameter"),
        (NEWER, &get, "/accounts?top=many", None, 400, "InvalidParameter"),
        (NEWER, &get, "/accounts?maxpagesize=0", None, 400, "InvalidParameter"),
        (NEWER, &get, "/accounts?skip=1&skip=2", None, 400, "InvalidParameter"),
        (NEWER, &get, "/accounts?countRecords=yes", None, 400, "InvalidParameter"),
        (OLDER, &get, "/accounts?maxpagesize=501", None, 400, "InvalidParameter"),
        (OLDER, &get, "/accounts?top=1", None, 400, "InvalidParameter"),
        (OLDER, &get, "/numbers?number=7", None, 400, "InvalidParameter"),
        // Paths of the other version, and of none.
        (OLDER, &get, "/accounts/A/numbers", None, 400, "UnsupportedApiVersion"),
        (NEWER, &get, "/account/A/numbers", None, 400, "UnsupportedApiVersion"),
        (OLDER, &get, "/teamsRequestsForInformation", None, 400, "UnsupportedApiVersion"),
        (NEWER, &get, "/nothing", None, 404, "NotFound"),
        (NEWER, &post, "/accounts/A:fly", None, 404, "NotFound"),
        (NEWER, &post, "/accounts/A", None, 405, "MethodNotAllowed"),
        (NEWER, &put, "/numbers", None, 405, "MethodNotAllowed"),
        // What is not there.
        (NEWER, &get, "/accounts/C", None, 404, "NotFound"),
        (NEWER, &get, "/accounts/C%00", None, 404, "NotFound"),
        (NEWER, &get, "/accounts/a", None, 404, "NotFound"),
        (NEWER, &get, &one, None, 404, "NotFound"),
        (NEWER, &get, "/accounts/A/numbers/0207", None, 400, "InvalidNumber"),
        (NEWER, &delete, "/accounts/C", None, 404, "NotFound"),
        (NEWER, &delete, &one, None, 404, "NotFound"),
        (NEWER, &get, "/accounts/A/teamsCivicAddresses/x", None, 404, "NotFound"),
        (NEWER, &get, "/teamsRequestsForInformation/x", None, 404, "NotFound"),
        // Accounts.
        (NEWER, &put, "/accounts/a%20b", Some(account("a b", tenant)), 400, "InvalidParameter"),
        (NEWER, &put, "/accounts/A", Some(account("B", tenant)), 400, "InvalidField"),
        (NEWER, &put, "/accounts/A", Some(mobile), 400, "ServiceNotOffered"),
        (NEWER, &put, "/accounts/A", Some(nobodys), 400, "InvalidField"),
        (NEWER, &put, "/accounts/A", Some(json!({})), 400, "MalformedJson"),
        (NEWER, &put, "/accounts/B", Some(unbound), 409, "AccountBound"),
        (NEWER, &delete, "/accounts/B", None, 409, "AccountNotEmpty"),
        (OLDER, &put, "/accounts/A", Some(routed("far.too.long")), 400, "InvalidField"),
        (OLDER, &put, "/accounts/A", Some(json!({ "other": 1 })), 400, "MalformedJson"),
        // Numbers.
        (NEWER, &put, &one, Some(number("B", FREE, json!({}))), 400, "InvalidField"),
        (NEWER, &put, &one, Some(number("A", taken, json!({}))), 400, "InvalidField"),
        (NEWER, &put, &one, Some(number("A", "0207", json!({}))), 400, "InvalidNumber"),
        (NEWER, &put, &one, enabled("teamsDirectRouting"), 400, "ServiceNotOffered"),
        (NEWER, &put, &one, enabled("teamsPhoneMobile"), 400, "ServiceNotOffered"),
        (NEWER, &put, &one, enabled("zoomPhoneCloudPeering"), 400, "ServiceNotOffered"),
        (NEWER, &put, &one, enabled("azureOperatorCallProtection"), 400, "ServiceNotOffered"),
        (OLDER, &put, &old_one, Some(old_services), 400, "ServiceNotOffered"),
        (NEWER, &post, numbers, batch(vec![]), 400, "InvalidField"),
        (NEWER, &post, numbers, batch(many), 400, "InvalidField"),
        (
            NEWER,
            &post,
            numbers,
            batch(vec![number("A", FREE, json!({})), number("A", FREE, json!({}))]),
            400,
            "DuplicateEntry",
        ),
        (
            NEWER,
            &post,
            numbers,
            batch(vec![number("A", FREE, json!({})), number("A", taken, app)]),
            409,
            "InOtherAccount",
        ),
        (
            NEWER,
            &post,
            "/accounts/A:deleteNumbers",
            batch(vec![json!({ "telephoneNumber": taken })]),
            404,
            "NotFound",
        ),
        // Requests for information.
        (NEWER, &patch, &rfi, status("ContractTerminated"), 400, "CommentMissing"),
        (NEWER, &patch, &rfi, status("Married"), 400, "InvalidField"),
    ];
    for (version, method, target, body, status, code) in table {
        let got = face.send(version, method.clone(), target, &[], body).await;
        let at = format!("{} {method} {target}: {got:?}", version.as_str());
        assert_eq!((got.status.as_u16(), got.code()), (status, code), "{at}");
        let message = got.body["error"]["message"].as_str().expect("a message");
        assert!(message.len() > 20, "{at}");
        if version == NEWER {
            let inner = got.body["error"]["innererror"]["code"].as_str().expect("an inner code");
            assert_eq!(inner.replace('_', ""), code.to_lowercase(), "{at}");
        }
    }
    // All or nothing: of the refused batches nothing is left.
    let left = face.get(NEWER, "/accounts/A/numbers?countRecords=true").await;
    assert_eq!(left.header("x-ms-record-count"), "0");
    // Several errors are told one by one.
    let two = vec![number("A", "0207", json!({})), number("B", FREE, json!({}))];
    let told = face.post(numbers, json!({ "numbers": two })).await.expect(400);
    let targets: Vec<&Value> = told["error"]["details"]
        .as_array()
        .expect("details")
        .iter()
        .map(|e| &e["target"])
        .collect();
    assert_eq!(targets, ["/numbers/0/telephoneNumber", "/numbers/1/accountName"]);
    face.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_callers_and_ids_are_checked_first() {
    let face = face(testkit::sqlite()).await;
    let server = &face.house.server;
    for (query, names) in [("", true), ("?api-version=2024-01-30", true), ("?api-version=", true)] {
        let request = server.bare(Method::GET, &format!("/provapi/accounts{query}"));
        let answer = request.bearer_auth(&face.token).send().await.expect("answers");
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(answer.headers()["x-ms-error-code"], "UnsupportedApiVersion");
        let text = answer.text().await.expect("text");
        assert_eq!(text.contains("2023-10-01 and 2024-02-29-preview"), names, "{text}");
    }
    let path = format!("/provapi/accounts?api-version={}", NEWER.as_str());
    let nobody = server.bare(Method::GET, &path).send().await.expect("answers");
    assert_eq!(nobody.status(), 401);
    assert_eq!(nobody.headers()["x-ms-error-code"], "Unauthenticated");
    assert!(nobody.headers().contains_key("www-authenticate"));
    // A token of our own faces has no role here, and the other way round.
    let own = server.bare(Method::GET, &path).bearer_auth(&face.house.operator);
    assert_eq!(own.send().await.expect("answers").status(), 403);
    let other = server.bare(Method::GET, "/operator/v1/numbers").bearer_auth(&face.token);
    assert_eq!(other.send().await.expect("answers").status(), 403);

    let id = "01234567-89ab-4cde-8f01-23456789abcd";
    let named = [("x-ms-client-request-id", id)];
    let good = face.send(NEWER, Method::GET, "/accounts", &named, None).await;
    assert_eq!((good.status.as_u16(), good.header("x-ms-client-request-id")), (200, id));
    let bad = face.send(NEWER, Method::GET, "/accounts/X", &named, None).await;
    assert_eq!((bad.status.as_u16(), bad.header("x-ms-client-request-id")), (404, id));
    let odd = [("x-ms-client-request-id", "seven")];
    let odd = face.send(NEWER, Method::GET, "/accounts", &odd, None).await;
    assert_eq!((odd.status.as_u16(), odd.code()), (400, "InvalidParameter"));
    face.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_operators_accounts_are_not_there() {
    let face = face(testkit::sqlite()).await;
    face.account("A").await;
    let path = "/accounts/A/numbers/+442079460001";
    let app = json!({ "usage": "FirstPartyAppAssignment" });
    face.put(NEWER, path, number("A", "+442079460001", app.clone())).await.expect(201);
    let other = face.house.server.make("/programme/v1/operators", json!({ "name": "Brae" })).await;
    let of = json!({ "operator_id": other["id"] });
    let client = face.house.server.client("Brae's client", "operator_admin", of).await;
    let mut face = super::Face { client, ..face };
    let token = face.token("x/.default").await.expect(200);
    face.token = token["access_token"].as_str().expect("a token").to_owned();
    for target in ["/accounts/A", path, "/accounts/A/numbers"] {
        assert_eq!(face.get(NEWER, target).await.status, 404, "{target}");
    }
    for target in ["/accounts", "/numbers", "/teamsRequestsForInformation"] {
        assert_eq!(face.get(NEWER, target).await.expect(200)["value"], json!([]), "{target}");
    }
    // The name is free for it; the number is asked for, but not had.
    face.account("A").await;
    let asked = face.put(NEWER, path, number("A", "+442079460001", app)).await.expect(201);
    assert_eq!(asked["serviceProvisioningErrors"][0]["code"], "NoConsent", "{asked}");
    face.house.server.stop().await;
}

/// Whatever else is wrong with the request: nothing would mend it.
#[tokio::test]
async fn accounts_and_actions_take_their_own_methods() {
    let face = face(testkit::sqlite()).await;
    for (method, path, allow) in [
        (Method::POST, "/accounts/A", "PUT"),
        (Method::PUT, "/accounts/A:deleteNumbers", "POST"),
        (Method::GET, "/accounts/A:createOrUpdateNumbers", "POST"),
        (Method::DELETE, "/accounts/A:getTeamsCapabilityPlans", "POST"),
    ] {
        let headers = [("if-match", ""), ("repeatability-request-id", "alone")];
        let refused = face.send(NEWER, method.clone(), path, &headers, None).await;
        assert_eq!(refused.status.as_u16(), 405, "{method} {path}: {refused:?}");
        assert_eq!(refused.code(), "MethodNotAllowed", "{method} {path}");
        assert!(refused.header("allow").contains(allow), "{method} {path}: {refused:?}");
    }
}

#[tokio::test]
async fn a_list_is_no_number() {
    let face = face(testkit::sqlite()).await;
    face.account("A").await;
    let batch = json!({ "numbers": [{ "phoneNumber": FREE, "details": [null, null] }] });
    let path = "/account/A/numbers:batch";
    let refused = face.send(OLDER, Method::POST, path, &[], Some(batch)).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "MalformedJson"), "{refused:?}");
}
