//! Tokens of others, and clients that sign: good ones open what they should, and each way of
//! being bad has a code of its own.

use crate::server::{Server, problem};
use api::ApiConfig;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use axum::{Json, Router, extract::State, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, sync::oneshot};

/// A key with the name it is published under.
pub struct Key {
    kid: String,
    secret: EncodingKey,
}

impl Key {
    pub fn new(kid: &str) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let secret = EncodingKey::from_ec_der(pkcs8.expect("a key").as_ref());
        Self { kid: kid.to_owned(), secret }
    }

    pub fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.secret, Algorithm::ES256).expect("a JWK");
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).expect("JSON")
    }

    pub fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.secret).expect("signs")
    }
}

/// Somebody who publishes keys, at a free port.
struct Publisher {
    base: String,
    keys: Arc<Mutex<Vec<Value>>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Publisher {
    async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let keys = Arc::new(Mutex::new(keys.iter().map(|key| key.public()).collect::<Vec<_>>()));
        let (stop, stopped) = oneshot::channel();
        let about = json!({ "issuer": base, "jwks_uri": format!("{base}/keys") });
        let published = async |State(keys): State<Arc<Mutex<Vec<Value>>>>| {
            let keys = keys.lock().expect("nobody panics").clone();
            // A key of a kind that nobody knows yet spoils nothing.
            let mut all = vec![json!({ "kty": "new", "kid": "x" })];
            all.extend(keys);
            Json(json!({ "keys": all }))
        };
        let app = Router::new()
            .route("/keys", get(published))
            .route("/.well-known/openid-configuration", get(async move || Json(about)))
            .with_state(keys.clone());
        tokio::spawn(async move {
            let end = async move { drop(stopped.await) };
            axum::serve(listener, app).with_graceful_shutdown(end).await.expect("serves");
        });
        Self { base, keys, stop: Some(stop) }
    }

    fn publish(&self, keys: &[&Key]) {
        *self.keys.lock().expect("nobody panics") = keys.iter().map(|key| key.public()).collect();
    }
}

fn seconds(from_now: i64) -> i64 {
    jiff::Timestamp::now().as_second() + from_now
}

/// A server with a tenant of its own.
async fn house(database: testkit::Database) -> (Server, Value) {
    let quick = ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() };
    let server = Server::over(database, quick).await;
    let tenant = json!({ "name": "Contoso", "domain": "contoso.example" });
    let tenant = server.make("/programme/v1/tenants", tenant).await;
    (server, tenant["id"].clone())
}

fn with(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.clone();
    for (name, value) in changes.as_object().expect("claims") {
        if value.is_null() {
            claims.as_object_mut().expect("claims").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_token_has_a_code_of_its_own() {
    for database in testkit::both() {
        let kind = database.name;
        let (server, tenant) = house(database).await;
        let (key, stranger) = (Key::new("one"), Key::new("one"));
        let directory = Publisher::start(&[&key]).await;
        let issuer = json!({
            "name": "Contoso's directory", "issuer": directory.base, "audience": "meetpoint",
            "tenant_id": tenant, "role_claim": "groups",
            "roles": [{ "value": "voice", "role": "tenant_admin" },
                { "value": "desk", "role": "tenant_helpdesk" }],
            "organisation_claim": "tid", "organisation": "contoso",
        });
        let issuer = server.make("/programme/v1/issuers", issuer).await;
        let good = json!({
            "iss": directory.base, "aud": ["meetpoint", "else"], "sub": "ada", "name": "Ada",
            "exp": seconds(600), "nbf": seconds(-5), "groups": ["voice"], "tid": "contoso",
        });
        let ask = async |token: &str, path: &str| {
            server.bare(Method::GET, path).bearer_auth(token).send().await.expect("answers")
        };
        let users = "/tenant/v1/users";
        let answer = ask(&key.sign(&good), users).await;
        assert_eq!(answer.status(), StatusCode::OK, "{kind}");
        let session: Value = ask(&key.sign(&good), "/session").await.json().await.expect("JSON");
        assert_eq!((&session["name"], &session["role"]), (&json!("Ada"), &json!("tenant_admin")));
        assert_eq!(session["tenant_id"], tenant);

        let unsigned = |header: &Value| {
            let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(header), part(&good))
        };
        let shared = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &good,
            &EncodingKey::from_secret(key.public().to_string().as_bytes()).expect("a secret"),
        );
        let mut cut = key.sign(&good);
        cut.truncate(cut.len() - 4);
        let unknown = Key::new("two");
        let cases: Vec<(&str, String, u16, &str)> = vec![
            (
                "expired",
                key.sign(&with(&good, json!({ "exp": seconds(-3600) }))),
                401,
                "token_expired",
            ),
            (
                "for another",
                key.sign(&with(&good, json!({ "aud": "else" }))),
                401,
                "token_audience",
            ),
            ("for nobody", key.sign(&with(&good, json!({ "aud": null }))), 401, "token_audience"),
            ("unsigned", unsigned(&json!({ "alg": "none" })), 401, "token_algorithm"),
            ("Unsigned", unsigned(&json!({ "alg": "None" })), 401, "token_algorithm"),
            (
                "without a signature",
                unsigned(&json!({ "alg": "ES256", "kid": "one" })),
                401,
                "token_signature",
            ),
            ("by the public key as a secret", shared.expect("signs"), 401, "token_algorithm"),
            ("by a stranger's key", stranger.sign(&good), 401, "token_signature"),
            ("by an unpublished key", unknown.sign(&good), 401, "token_signature"),
            ("cut", cut, 401, "token_signature"),
            (
                "of an unknown issuer",
                key.sign(&with(&good, json!({ "iss": "https://x.example" }))),
                401,
                "token_issuer",
            ),
            (
                "without an issuer",
                key.sign(&with(&good, json!({ "iss": null }))),
                401,
                "token_invalid",
            ),
            (
                "without an end",
                key.sign(&with(&good, json!({ "exp": null }))),
                401,
                "token_invalid",
            ),
            (
                "without a subject",
                key.sign(&with(&good, json!({ "sub": null }))),
                401,
                "token_invalid",
            ),
            (
                "not yet good",
                key.sign(&with(&good, json!({ "nbf": seconds(600) }))),
                401,
                "token_not_yet_valid",
            ),
            (
                "another tenant's",
                key.sign(&with(&good, json!({ "tid": "fabrikam" }))),
                403,
                "token_foreign",
            ),
            ("of no tenant", key.sign(&with(&good, json!({ "tid": null }))), 403, "token_foreign"),
            (
                "without a role",
                key.sign(&with(&good, json!({ "groups": ["cooks"] }))),
                403,
                "token_role",
            ),
            ("no token", "a.b.c".to_owned(), 401, "token_invalid"),
            ("opaque", "nonsense".to_owned(), 401, "unauthenticated"),
        ];
        for (what, token, status, code) in cases {
            let refused = ask(&token, users).await;
            assert_eq!(refused.status().as_u16(), status, "{kind}: {what}");
            assert_eq!(problem(refused).await["code"], code, "{kind}: {what}");
        }

        // Of the role that the token names, and of that tenant alone.
        let desk = key.sign(&with(&good, json!({ "sub": "bob", "groups": ["desk"] })));
        assert_eq!(ask(&desk, users).await.status(), StatusCode::OK);
        assert_eq!(problem(ask(&desk, "/tenant/v1/consents").await).await["code"], "forbidden");
        assert_eq!(problem(ask(&desk, "/programme/v1/audit").await).await["code"], "forbidden");
        // A role that is taken away is gone with the next token.
        let fallen = key.sign(&with(&good, json!({ "groups": ["desk"] })));
        assert_eq!(problem(ask(&fallen, "/tenant/v1/consents").await).await["code"], "forbidden");
        let narrow = key.sign(&with(&good, json!({ "scope": "openid tenant.read" })));
        let new = json!({ "upn": "eve@contoso.example", "display_name": "Eve", "country": "GB" });
        let write = server.bare(Method::POST, users).bearer_auth(&narrow).json(&new);
        assert_eq!(problem(write.send().await.expect("answers")).await["code"], "forbidden");

        // The issuer changes its key: the new one is taken, the old one no more.
        let next = Key::new("two");
        directory.publish(&[&next]);
        assert_eq!(ask(&next.sign(&good), users).await.status(), StatusCode::OK, "{kind}");
        assert_eq!(problem(ask(&key.sign(&good), users).await).await["code"], "token_signature");

        // Whoever is shut out stays out, whatever the issuer says; then the issuer goes.
        let list = server.ask(Method::GET, "/programme/v1/clients?limit=1000").send().await;
        let list: Value = list.expect("answers").json().await.expect("JSON");
        let ada = list["items"].as_array().expect("a list").iter();
        let ada = ada.filter(|client| client["subject"] == "ada").collect::<Vec<_>>();
        assert_eq!(ada.len(), 1, "one principal a subject: {list}");
        let path = format!("/programme/v1/clients/{}", ada[0]["id"].as_str().expect("an id"));
        let out = server.ask(Method::PATCH, &path).json(&json!({ "enabled": false }));
        assert_eq!(out.send().await.expect("answers").status(), StatusCode::OK);
        assert_eq!(problem(ask(&next.sign(&good), users).await).await["code"], "token_revoked");
        let path = format!("/programme/v1/issuers/{}", issuer["id"].as_str().expect("an id"));
        let gone = server.ask(Method::DELETE, &path).send().await.expect("answers");
        assert_eq!(gone.status(), StatusCode::NO_CONTENT);
        let bob = next.sign(&with(&good, json!({ "sub": "bob" })));
        assert_eq!(problem(ask(&bob, users).await).await["code"], "token_issuer");
        drop(directory.stop);
        server.stop().await;
    }
}

#[tokio::test]
async fn an_issuer_that_is_away_says_nothing_about_the_token() {
    let (server, tenant) = house(testkit::sqlite()).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let issuer = json!({ "name": "Away", "issuer": base, "audience": "m", "tenant_id": tenant,
        "roles": [{ "value": "*", "role": "tenant_reader" }] });
    server.make("/programme/v1/issuers", issuer.clone()).await;
    let claims = json!({ "iss": base, "aud": "m", "sub": "ada", "exp": seconds(60) });
    let token = Key::new("one").sign(&claims);
    let ask = server.bare(Method::GET, "/tenant/v1/users").bearer_auth(&token);
    let answer = ask.send().await.expect("answers");
    assert!(answer.headers().contains_key("retry-after"));
    let problem_of = problem(answer).await;
    assert_eq!((&problem_of["code"], &problem_of["status"]), (&json!("issuer_away"), &json!(503)));
    // What an issuer may not be.
    for (change, field) in [
        (json!({ "issuer": "http://login.example" }), "/issuer"),
        (json!({ "jwks_uri": "ftp://login.example" }), "/jwks_uri"),
        (json!({ "roles": [] }), "/roles"),
        (json!({ "roles": [{ "value": "*", "role": "edge" }] }), "/roles/0/role"),
        (json!({ "roles": [{ "value": "*", "role": "programme_owner" }] }), "/roles/0/role"),
        (json!({ "organisation": "x" }), "/organisation"),
        (json!({ "tenant_id": uuid::Uuid::nil() }), "/tenant_id"),
    ] {
        let body = with(&issuer, change.clone());
        let refused = server.ask(Method::POST, "/programme/v1/issuers").json(&body).send().await;
        assert_eq!(problem(refused.expect("answers")).await["field"], field, "{change}");
    }
    let again = server.ask(Method::POST, "/programme/v1/issuers").json(&issuer).send().await;
    assert_eq!(problem(again.expect("answers")).await["code"], "conflict");
    server.stop().await;
}

async fn form(server: &Server, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = server.bare(Method::POST, path).form(form).send().await.expect("answers");
    let (status, text) = (answer.status().as_u16(), answer.text().await.expect("text"));
    (status, serde_json::from_str(&text).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_changes_its_secret_without_a_break() {
    for database in testkit::both() {
        let (server, tenant) = house(database).await;
        let client = server.client("desk", "tenant_admin", json!({ "tenant_id": tenant })).await;
        let id = client.client_id.to_string();
        let path = format!("/programme/v1/clients/{id}");
        let token = async |secret: &str| {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_id", &id),
                ("client_secret", secret),
            ];
            form(&server, "/oauth/token", &fields).await
        };
        let next = server.make(&format!("{path}/secrets"), json!({ "days": 90 })).await;
        let next_secret = next["client_secret"].as_str().expect("a secret");
        let (old, _) = token(&client.client_secret).await;
        let (status, answer) = token(next_secret).await;
        assert_eq!((old, status), (200, 200), "both are good");
        let third = server.ask(Method::POST, &format!("{path}/secrets")).json(&json!({}));
        assert_eq!(problem(third.send().await.expect("answers")).await["code"], "conflict");
        let shown = server.ask(Method::GET, &path).send().await.expect("answers");
        let shown = shown.text().await.expect("text");
        assert!(!shown.contains(next_secret), "{shown}");
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(shown["secrets"].as_array().map(Vec::len), Some(2), "{shown}");
        let first = shown["secrets"][0]["id"].as_str().expect("an id");
        for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
            let revoke = server.ask(Method::DELETE, &format!("{path}/secrets/{first}"));
            assert_eq!(revoke.send().await.expect("answers").status(), status);
        }
        let (status, refused) = token(&client.client_secret).await;
        assert_eq!((status, &refused["error"]), (401, &json!("invalid_client")));
        assert_eq!(token(next_secret).await.0, 200);
        // At once, as after a leak.
        let body = json!({ "old_ends_in_hours": 0 });
        let fresh = server.make(&format!("{path}/secrets"), body).await;
        let fresh = fresh["client_secret"].as_str().expect("a secret");
        assert_eq!((token(next_secret).await.0, token(fresh).await.0), (401, 200));

        // A token is given back; another client's is not its to give.
        let bearer = answer["access_token"].as_str().expect("a token");
        let users = async || {
            let ask = server.bare(Method::GET, "/tenant/v1/users").bearer_auth(bearer);
            ask.send().await.expect("answers")
        };
        let owner = server.owner.client_id.to_string();
        let others = [
            ("client_id", owner.as_str()),
            ("client_secret", &server.owner.client_secret),
            ("token", bearer),
        ];
        assert_eq!(form(&server, "/oauth/revoke", &others).await.0, 200);
        assert_eq!(users().await.status(), StatusCode::OK);
        let own = [("client_id", id.as_str()), ("client_secret", fresh), ("token", bearer)];
        assert_eq!(form(&server, "/oauth/revoke", &own).await.0, 200);
        assert_eq!(problem(users().await).await["code"], "token_revoked");

        // A client that is shut out has no token and gets none.
        let (_, answer) = token(fresh).await;
        let bearer = answer["access_token"].as_str().expect("a token").to_owned();
        let out = server.ask(Method::PATCH, &path).json(&json!({ "enabled": false }));
        let out: Value = out.send().await.expect("answers").json().await.expect("JSON");
        assert_eq!(out["enabled"], false);
        let ask = server.bare(Method::GET, "/tenant/v1/users").bearer_auth(&bearer);
        assert_eq!(problem(ask.send().await.expect("answers")).await["code"], "token_revoked");
        assert_eq!(token(fresh).await.0, 401);
        let own = format!("/programme/v1/clients/{owner}");
        let own = server.ask(Method::PATCH, &own).json(&json!({ "enabled": false }));
        assert_eq!(problem(own.send().await.expect("answers")).await["code"], "conflict");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_signs_instead_of_showing_a_secret() {
    const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    for database in testkit::both() {
        let (server, tenant) = house(database).await;
        let client = server.client("desk", "tenant_admin", json!({ "tenant_id": tenant })).await;
        let id = client.client_id.to_string();
        let path = format!("/programme/v1/clients/{id}");
        let (key, stranger) = (Key::new("laptop"), Key::new("laptop"));
        let made = server.make(&format!("{path}/keys"), json!({ "jwk": key.public() })).await;
        assert_eq!(made["kid"], "laptop");
        let again = server.ask(Method::POST, &format!("{path}/keys"));
        let again = again.json(&json!({ "jwk": stranger.public() })).send().await;
        assert_eq!(problem(again.expect("answers")).await["code"], "conflict");
        let endpoint = format!("{}/oauth/token", server.base);
        let claims = |jti: &str| json!({ "iss": id, "sub": id, "aud": endpoint, "exp": seconds(60), "jti": jti });
        let token = async |assertion: &str| {
            let fields = [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", TYPE),
                ("client_assertion", assertion),
            ];
            form(&server, "/oauth/token", &fields).await
        };
        let assertion = key.sign(&claims("1"));
        let (status, answer) = token(&assertion).await;
        assert_eq!(status, 200, "{answer}");
        let bearer = answer["access_token"].as_str().expect("a token");
        let ask = server.bare(Method::GET, "/tenant/v1/users").bearer_auth(bearer);
        assert_eq!(ask.send().await.expect("answers").status(), StatusCode::OK);
        for (what, assertion, words) in [
            ("twice", assertion, "used before"),
            ("expired", key.sign(&with(&claims("2"), json!({ "exp": seconds(-600) }))), "exp"),
            ("for long", key.sign(&with(&claims("3"), json!({ "exp": seconds(7200) }))), "hour"),
            (
                "for another",
                key.sign(&with(&claims("4"), json!({ "aud": "https://x.example" }))),
                "aud",
            ),
            ("without jti", key.sign(&with(&claims("5"), json!({ "jti": null }))), "jti"),
            ("by a stranger", stranger.sign(&claims("6")), "signature"),
            ("of another", key.sign(&with(&claims("7"), json!({ "iss": "x" }))), "iss"),
        ] {
            let (status, refused) = token(&assertion).await;
            assert_eq!((status, &refused["error"]), (401, &json!("invalid_client")), "{what}");
            let told = refused["error_description"].as_str().expect("words");
            assert!(told.contains(words), "{what}: {told}");
        }
        // Where another's address is named, what was meant for them is not taken.
        let elsewhere =
            key.sign(&with(&claims("8"), json!({ "aud": "http://evil.example/oauth/token" })));
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", elsewhere.as_str()),
        ];
        let request = server.bare(Method::POST, "/oauth/token").header("host", "evil.example");
        let refused = request.form(&fields).send().await.expect("answers");
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);

        // Keys that the client publishes itself.
        let rotating = Key::new("published");
        let publisher = Publisher::start(&[&rotating]).await;
        assert_eq!(token(&rotating.sign(&claims("9"))).await.0, 401);
        let uri = json!({ "jwks_uri": format!("{}/keys", publisher.base) });
        let told = server.ask(Method::PATCH, &path).json(&uri).send().await.expect("answers");
        assert_eq!(told.status(), StatusCode::OK);
        assert_eq!(token(&rotating.sign(&claims("10"))).await.0, 200);
        let key_id = made["id"].as_str().expect("an id");
        let gone = server.ask(Method::DELETE, &format!("{path}/keys/{key_id}")).send().await;
        assert_eq!(gone.expect("answers").status(), StatusCode::NO_CONTENT);
        assert_eq!(token(&key.sign(&claims("11"))).await.0, 401);
        drop(publisher.stop);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_make_tokens_for_their_programs() {
    for database in testkit::both() {
        let (server, tenant) = house(database).await;
        let of = json!({ "tenant_id": tenant });
        let (ada, bob) = (
            server.token_of(&server.client("Ada", "tenant_admin", of.clone()).await).await,
            server.token_of(&server.client("Bob", "tenant_admin", of).await).await,
        );
        let send = async |token: &str, method: Method, path: &str, body: Value| {
            let ask = server.bare(method, path).bearer_auth(token).json(&body);
            ask.send().await.expect("answers")
        };
        let tokens = "/session/tokens";
        let body = json!({ "name": "reports", "scopes": ["tenant.read"], "days": 30 });
        let made = send(&ada, Method::POST, tokens, body).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: Value = made.json().await.expect("JSON");
        let token = made["token"].as_str().expect("a token");
        let id = made["id"].as_str().expect("an id");
        let reads = send(token, Method::GET, "/tenant/v1/users", json!({})).await;
        assert_eq!(reads.status(), StatusCode::OK);
        let new = json!({ "upn": "e@contoso.example", "display_name": "E", "country": "GB" });
        let writes = send(token, Method::POST, "/tenant/v1/users", new).await;
        assert_eq!(problem(writes).await["code"], "forbidden");
        for (body, field) in [
            (json!({ "name": "x", "days": 0 }), "/days"),
            (json!({ "name": "x", "days": 367 }), "/days"),
            (json!({ "name": "", "days": 1 }), "/name"),
            (json!({ "name": "x", "days": 1, "scopes": ["programme.read"] }), "/scopes"),
            (json!({ "name": "x", "days": 1, "scopes": [] }), "/scopes"),
        ] {
            let refused = send(&ada, Method::POST, tokens, body.clone()).await;
            assert_eq!(problem(refused).await["field"], field, "{body}");
        }
        let offspring = send(token, Method::POST, tokens, json!({ "name": "x", "days": 1 })).await;
        assert_eq!(problem(offspring).await["code"], "forbidden", "a token makes no tokens");
        let listed = send(&ada, Method::GET, tokens, json!({})).await.text().await.expect("text");
        assert!(listed.contains("reports") && !listed.contains(token), "{listed}");
        let others = send(&bob, Method::GET, tokens, json!({})).await;
        assert_eq!(others.json::<Value>().await.expect("JSON")["items"], json!([]));
        let path = format!("{tokens}/{id}");
        assert_eq!(send(&bob, Method::DELETE, &path, json!({})).await.status(), 404);
        assert_eq!(send(&ada, Method::DELETE, &path, json!({})).await.status(), 204);
        let ended = send(token, Method::GET, "/tenant/v1/users", json!({})).await;
        assert_eq!(problem(ended).await["code"], "token_revoked");
        server.stop().await;
    }
}
