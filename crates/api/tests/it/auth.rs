//! Who may ask what.

use crate::server::{Server, operations, problem, refused};
use api::ApiConfig;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

#[tokio::test]
async fn no_operation_answers_a_stranger() {
    let server = Server::start().await;
    let mut walked = 0;
    for (method, path, tag) in operations() {
        // Whoever comes there is nobody yet.
        let signs_in = (path == "/session" && method == Method::POST)
            || path.starts_with("/session/oidc/")
            || path == "/session/providers";
        // What an operator's payment page says is proven by its signature, which `shop` tries.
        if tag == "oauth" || signs_in || path.starts_with("/shop/") {
            continue;
        }
        walked += 1;
        for token in [None, Some("not-a-token")] {
            let mut request = server.bare(method.clone(), &path).json(&json!({}));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.expect("answers");
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert!(response.headers().contains_key(header::WWW_AUTHENTICATE), "{method} {path}");
            assert_eq!(refused(&path, response).await.0, "unauthenticated", "{method} {path}");
        }
    }
    assert!(walked >= 58, "{walked} operations");
    server.stop().await;
}

#[tokio::test]
async fn every_face_is_for_its_role_alone() {
    let server = Server::start().await;
    let roles = server.roles().await;
    for (method, path, tag) in operations() {
        if ["oauth", "session"].contains(&tag.as_str()) || path.starts_with("/shop/") {
            continue;
        }
        // What every directory client may read of the service itself; nobody's data.
        let of_service = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"];
        if of_service.iter().any(|part| path.contains(part)) {
            continue;
        }
        // A directory is its tenant's.
        let tag = if tag == "scim" { "tenant".to_owned() } else { tag };
        for (role, token) in &roles {
            if *role == tag {
                continue;
            }
            let request = server.bare(method.clone(), &path).bearer_auth(token).json(&json!({}));
            let response = request.send().await.expect("answers");
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{method} {path} as {role}");
            let (code, reason) = refused(&path, response).await;
            assert_eq!(code, "forbidden", "{method} {path} as {role}");
            assert!(reason.contains(&format!("scope {tag}")), "{reason}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_token_carries_the_scopes_it_was_asked_for() {
    let server = Server::start().await;
    let id = server.owner.client_id.to_string();
    let form = [("grant_type", "client_credentials"), ("scope", "programme.read")];
    let answer: Value = server
        .bare(Method::POST, "/oauth/token")
        .basic_auth(&id, Some(&server.owner.client_secret))
        .form(&form)
        .send()
        .await
        .expect("answers")
        .json()
        .await
        .expect("JSON");
    assert_eq!(answer["scope"], "programme.read");
    assert_eq!(answer["token_type"], "Bearer");
    let token = answer["access_token"].as_str().expect("a token");
    let path = "/programme/v1/operators";
    let reads = server.bare(Method::GET, path).bearer_auth(token).send().await.expect("answers");
    assert_eq!(reads.status(), StatusCode::OK);
    let writes = server.bare(Method::POST, path).bearer_auth(token).json(&json!({"name": "X"}));
    let writes = writes.send().await.expect("answers");
    assert_eq!(problem(writes).await["code"], "forbidden");
    server.stop().await;
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_oauths_own_words() {
    let server = Server::start().await;
    let id = server.owner.client_id.to_string();
    let secret = server.owner.client_secret.as_str();
    let grant = ("grant_type", "client_credentials");
    let (id_field, secret_field) = (("client_id", id.as_str()), ("client_secret", secret));
    type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);
    let cases: [Case<'_>; 7] = [
        (&[grant, id_field, ("client_secret", "wrong")], 401, "invalid_client"),
        (&[grant, ("client_id", "nobody"), secret_field], 401, "invalid_client"),
        (&[grant], 401, "invalid_client"),
        (&[id_field, secret_field], 400, "invalid_request"),
        (&[("grant_type", "password"), id_field, secret_field], 400, "unsupported_grant_type"),
        (&[grant, id_field, secret_field, ("scope", "tenant.read")], 400, "invalid_scope"),
        (&[grant, id_field, secret_field, ("scope", "nonsense")], 400, "invalid_scope"),
    ];
    for (form, status, error) in cases {
        let response =
            server.bare(Method::POST, "/oauth/token").form(form).send().await.expect("answers");
        assert_eq!(response.status().as_u16(), status, "{form:?}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(
            response.headers().contains_key(header::WWW_AUTHENTICATE),
            status == 401,
            "{form:?}"
        );
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["error"], error, "{form:?}: {body}");
        assert!(body["error_description"].is_string(), "{form:?}");
    }
    let json = server.bare(Method::POST, "/oauth/token").json(&json!({})).send().await;
    let body: Value = json.expect("answers").json().await.expect("JSON");
    assert_eq!(body["error"], "invalid_request");
    server.stop().await;
}

async fn session_cookie(server: &Server) -> (String, String) {
    let path = format!("/programme/v1/clients/{}/login-codes", server.owner.client_id);
    let code = server.make(&path, json!({})).await;
    let body = json!({ "code": code["code"] });
    let response = server.bare(Method::POST, "/session").json(&body).send().await.expect("answers");
    assert_eq!(response.status(), StatusCode::CREATED);
    let cookie = response.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    let session: Value = response.json().await.expect("JSON");
    assert_eq!(session["role"], "programme_owner");
    let again = server.bare(Method::POST, "/session").json(&body).send().await.expect("answers");
    assert_eq!(problem(again).await["code"], "login_code_invalid", "a code is good once");
    let pair = cookie.split(';').next().expect("a cookie").to_owned();
    (pair, cookie)
}

#[tokio::test]
async fn a_browser_signs_in_writes_and_signs_out() {
    let server = Server::start().await;
    let (pair, cookie) = session_cookie(&server).await;
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "http on loopback cannot set a Secure cookie");

    let with = |method, path: &str| server.bare(method, path).header(header::COOKIE, &pair);
    let me = with(Method::GET, "/session").send().await.expect("answers");
    assert_eq!(me.status(), StatusCode::OK);

    let new = json!({ "name": "Alba" });
    let path = "/programme/v1/operators";
    let forged = with(Method::POST, path).json(&new).send().await.expect("answers");
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    assert_eq!(problem(forged).await["code"], "csrf_missing");
    let honest = with(Method::POST, path).header("x-meetpoint-csrf", "1").json(&new);
    assert_eq!(honest.send().await.expect("answers").status(), StatusCode::CREATED);

    let out = with(Method::DELETE, "/session").header("x-meetpoint-csrf", "1");
    let out = out.send().await.expect("answers");
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert!(out.headers()[header::SET_COOKIE].to_str().expect("text").contains("Max-Age=0"));
    let after = with(Method::GET, "/session").send().await.expect("answers");
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
    server.stop().await;
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let config = ApiConfig { https: true, ..ApiConfig::default() };
    let server = Server::with(config).await;
    let (pair, cookie) = session_cookie(&server).await;
    assert!(cookie.starts_with("__Host-meetpoint_session="), "{cookie}");
    assert!(cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    let me = server.bare(Method::GET, "/session").header(header::COOKIE, &pair);
    assert_eq!(me.send().await.expect("answers").status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn callers_have_limits_of_their_own() {
    let config = ApiConfig {
        requests_per_minute: 5,
        session_requests_per_minute: 50,
        ..ApiConfig::default()
    };
    let server = Server::with(config).await;
    let (pair, _) = session_cookie(&server).await;
    let path = "/programme/v1/operators";
    let mut refused = None;
    for _ in 0..6 {
        let response = server.ask(Method::GET, path).send().await.expect("answers");
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(response);
        }
    }
    let refused = refused.expect("six requests are more than five a minute");
    let wait: u64 = refused.headers()[header::RETRY_AFTER]
        .to_str()
        .expect("text")
        .parse()
        .expect("whole seconds");
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(problem(refused).await["code"], "rate_limited");
    for _ in 0..10 {
        let page = server.bare(Method::GET, path).header(header::COOKIE, &pair);
        assert_eq!(page.send().await.expect("answers").status(), StatusCode::OK, "pages poll");
    }
    server.stop().await;
}

#[tokio::test]
async fn strangers_behind_a_trusted_proxy_are_told_apart() {
    let path = "/programme/v1/operators";
    for (trusted, others_are_let_in) in
        [(vec!["127.0.0.1".parse().expect("ip")], true), (vec![], false)]
    {
        let config =
            ApiConfig { requests_per_minute: 5, trusted_proxies: trusted, ..ApiConfig::default() };
        let server = Server::with(config).await;
        let from = async |addresses: &str| {
            let request = server.bare(Method::GET, path).header("x-forwarded-for", addresses);
            request.send().await.expect("answers").status()
        };
        for n in 0..6 {
            // What the caller claims stands first, and changes nothing.
            from(&format!("198.51.100.{n}, 192.0.2.1")).await;
        }
        assert_eq!(from("198.51.100.9, 192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS);
        let other = from("192.0.2.1, 192.0.2.2").await;
        assert_eq!(other != StatusCode::TOO_MANY_REQUESTS, others_are_let_in, "{other}");
        server.stop().await;
    }
}

#[tokio::test]
async fn an_empty_bucket_stops_unknown_tokens_but_not_those_proven_before() {
    let config = ApiConfig { requests_per_minute: 5, ..ApiConfig::default() };
    let server = Server::with(config).await;
    let path = "/programme/v1/operators";
    let fresh = server.token_of(&server.owner).await;
    let known = server.ask(Method::GET, path).send().await.expect("answers");
    assert_eq!(known.status(), StatusCode::OK);
    for _ in 0..6 {
        server.bare(Method::GET, path).bearer_auth("guess").send().await.expect("answers");
    }
    for token in ["another-guess", fresh.as_str()] {
        let answer = server.bare(Method::GET, path).bearer_auth(token).send().await;
        assert_eq!(answer.expect("answers").status(), StatusCode::TOO_MANY_REQUESTS, "{token}");
    }
    let known = server.ask(Method::GET, path).send().await.expect("answers");
    assert_eq!(
        known.status(),
        StatusCode::OK,
        "a stranger does not stop who has proven themselves"
    );
    server.stop().await;
}
