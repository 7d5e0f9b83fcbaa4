//! People: accounts with a password and a second factor, and sign-in at a real OpenID provider.

use crate::server::{Server, problem};
use api::ApiConfig;
use futures_util::stream::{FuturesUnordered, StreamExt};
use reqwest::{Method, Response, StatusCode, Url, header, redirect::Policy};
use serde_json::{Value, json};
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

fn quick() -> ApiConfig {
    ApiConfig { requests_per_minute: 100_000, ..ApiConfig::default() }
}

/// The session cookie that an answer sets.
fn session_of(answer: &Response) -> String {
    let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
    let cookie = cookies
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
        .find(|cookie| cookie.starts_with("meetpoint_session="));
    cookie.expect("a session cookie")
}

async fn sign_in(server: &Server, body: Value) -> Response {
    server.bare(Method::POST, "/session").json(&body).send().await.expect("answers")
}

/// A person with a session from a one-time code, as the first owner has.
async fn with_code(server: &Server) -> String {
    let path = format!("/programme/v1/clients/{}/login-codes", server.owner.client_id);
    let code = server.make(&path, json!({})).await;
    let answer = sign_in(server, json!({ "code": code["code"] })).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    session_of(&answer)
}

async fn write(server: &Server, cookie: &str, method: Method, path: &str, body: Value) -> Response {
    let ask = server.bare(method, path).header(header::COOKIE, cookie);
    ask.header("x-meetpoint-csrf", "1").json(&body).send().await.expect("answers")
}

async fn code_of(answer: Response) -> Value {
    problem(answer).await["code"].clone()
}

/// The code of a time step, as an authenticator app makes it: by a library of others.
fn app_shows(secret: &str, steps_ahead: i64) -> String {
    let mut key = Vec::new();
    let (mut held, mut bits) = (0u32, 0);
    for letter in secret.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            _ => letter - b'2' + 26,
        };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            key.push((held >> bits) as u8);
        }
    }
    let step = jiff::Timestamp::now().as_second() / 30 + steps_ahead;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = aws_lc_rs::hmac::sign(&key, &step.to_be_bytes());
    let digest = tag.as_ref();
    let at = usize::from(digest[19] & 15);
    let four: [u8; 4] = digest[at..at + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_takes_a_password_and_a_second_factor() {
    const ACCOUNT: &str = "/session/account";
    for database in testkit::both() {
        let kind = database.name;
        let server = Server::over(database, quick()).await;
        let cookie = with_code(&server).await;
        let send = async |method: Method, path: &str, body: Value| {
            write(&server, &cookie, method, path, body).await
        };
        assert_eq!(code_of(send(Method::GET, ACCOUNT, json!({})).await).await, "not_found");
        for (body, field) in [
            (json!({ "login": "ada", "password": "short" }), "/password"),
            (json!({ "login": "ada", "password": "aaaaaaaaaaaaaaa" }), "/password"),
            (json!({ "login": "ada", "password": "my name is Ada" }), "/password"),
            (json!({ "login": "a b", "password": "correct horse battery" }), "/login"),
        ] {
            let refused = send(Method::PUT, ACCOUNT, body.clone()).await;
            assert_eq!(problem(refused).await["field"], field, "{body}");
        }
        let good = json!({ "login": "Ada@Example.com", "password": "correct horse battery" });
        let made = send(Method::PUT, ACCOUNT, good).await;
        assert_eq!(made.status(), StatusCode::OK, "{kind}");
        let made: Value = made.json().await.expect("JSON");
        assert_eq!(made["login"], "ada@example.com");
        let login = |password: &str| json!({ "login": "ada@example.com", "password": password });
        let signed_in = sign_in(&server, login("correct horse battery")).await;
        assert_eq!(signed_in.status(), StatusCode::CREATED);
        let other = session_of(&signed_in);
        let session: Value = signed_in.json().await.expect("JSON");
        assert_eq!(session["role"], "programme_owner");
        for bad in [
            login("another password"),
            json!({ "login": "bob@example.com", "password": "correct horse battery" }),
            json!({ "login": "a\u{0}b", "password": "correct horse battery" }),
        ] {
            assert_eq!(code_of(sign_in(&server, bad).await).await, "login_invalid");
        }
        assert_eq!(code_of(sign_in(&server, json!({})).await).await, "invalid_field");

        // A change needs the present password, and ends the other sessions.
        let change = |current: Value| {
            json!({ "login": "ada@example.com", "password": "staple the horse",
                "current_password": current })
        };
        for current in [Value::Null, json!("wrong")] {
            let refused = send(Method::PUT, ACCOUNT, change(current)).await;
            assert_eq!(code_of(refused).await, "login_invalid");
        }
        let changed = send(Method::PUT, ACCOUNT, change(json!("correct horse battery"))).await;
        assert_eq!(changed.status(), StatusCode::OK);
        let ended = write(&server, &other, Method::GET, "/session", json!({})).await;
        assert_eq!(code_of(ended).await, "token_revoked");
        let kept = send(Method::GET, "/session", json!({})).await;
        assert_eq!(kept.status(), StatusCode::OK, "one's own session goes on");

        // The second factor counts from the code that proves it.
        let totp = "/session/account/totp";
        let start = |password: &str| json!({ "current_password": password });
        let refused = send(Method::POST, totp, start("wrong")).await;
        assert_eq!(code_of(refused).await, "login_invalid");
        let begun = send(Method::POST, totp, start("staple the horse")).await;
        assert_eq!(begun.status(), StatusCode::CREATED);
        let begun: Value = begun.json().await.expect("JSON");
        let secret = begun["secret"].as_str().expect("a secret");
        let uri = begun["otpauth_uri"].as_str().expect("a URI");
        assert!(uri.starts_with("otpauth://totp/Meetpoint:ada%40example.com?"), "{uri}");
        assert!(uri.contains(&format!("secret={secret}&issuer=Meetpoint")), "{uri}");
        assert_eq!(sign_in(&server, login("staple the horse")).await.status(), 201);
        let confirm = format!("{totp}/confirm");
        let refused = send(Method::POST, &confirm, json!({ "one_time_code": "000" })).await;
        assert_eq!(code_of(refused).await, "login_invalid");
        let shown = app_shows(secret, 0);
        let confirmed = send(Method::POST, &confirm, json!({ "one_time_code": shown })).await;
        assert_eq!(confirmed.status(), StatusCode::CREATED);
        let codes: Value = confirmed.json().await.expect("JSON");
        let codes = codes["recovery_codes"].as_array().expect("codes");
        assert_eq!(codes.len(), 10);

        let with = |code: &str| {
            json!({ "login": "ada@example.com", "password": "staple the horse",
                "one_time_code": code })
        };
        let bare = sign_in(&server, login("staple the horse")).await;
        assert_eq!(code_of(bare).await, "one_time_code_required");
        // The one that confirmed is used up.
        assert_eq!(code_of(sign_in(&server, with(&shown)).await).await, "login_invalid");
        let next = app_shows(secret, 1);
        assert_eq!(sign_in(&server, with(&next)).await.status(), StatusCode::CREATED);
        assert_eq!(code_of(sign_in(&server, with(&next)).await).await, "login_invalid", "twice");
        let recovery = codes[0].as_str().expect("a code").to_uppercase();
        assert_eq!(sign_in(&server, with(&recovery)).await.status(), StatusCode::CREATED);
        assert_eq!(code_of(sign_in(&server, with(&recovery)).await).await, "login_invalid");
        let account: Value =
            send(Method::GET, ACCOUNT, json!({})).await.json().await.expect("JSON");
        assert_eq!(account["has_totp"], true);
        assert_eq!(account["recovery_codes_left"], 9);
        let remove =
            |code: &Value| json!({ "current_password": "staple the horse", "one_time_code": code });
        let path = format!("{totp}/remove");
        let refused = send(Method::POST, &path, remove(&json!("1"))).await;
        assert_eq!(code_of(refused).await, "login_invalid");
        assert_eq!(send(Method::POST, &path, remove(&codes[1])).await.status(), 204);
        assert_eq!(sign_in(&server, login("staple the horse")).await.status(), 201);

        // Whoever guesses is stopped, with the right password too; a reset on the host helps.
        let mut told = Value::Null;
        for _ in 0..8 {
            told = code_of(sign_in(&server, login("a wrong password")).await).await;
        }
        assert_eq!(told, "login_locked", "{kind}");
        let locked = sign_in(&server, login("staple the horse")).await;
        assert_eq!(code_of(locked).await, "login_locked");
        let host = exchange::ExchangeConfig::new(server.database_url());
        let host = exchange::Exchange::open(host).await.expect("opens");
        let unknown = host.password_reset("nobody", false).await.expect_err("no such login");
        assert_eq!(unknown.code, "not_found");
        let fresh = host.password_reset("ADA@example.com", true).await.expect("reset");
        host.close().await;
        assert_eq!(sign_in(&server, login(&fresh)).await.status(), StatusCode::CREATED);
        let old = sign_in(&server, login("staple the horse")).await;
        assert_eq!(code_of(old).await, "login_invalid");
        let ended = send(Method::GET, "/session", json!({})).await;
        assert_eq!(code_of(ended).await, "token_revoked", "a reset ends every session");
        server.stop().await;
    }
}

/// As many at once as like: a lock that counted them as one would let each guess as often again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_counted_one_by_one() {
    for database in testkit::both() {
        let kind = database.name;
        let server = Server::over(database, quick()).await;
        let cookie = with_code(&server).await;
        let put = |login: &str| json!({ "login": login, "password": "correct horse battery" });
        let made = write(&server, &cookie, Method::PUT, "/session/account", put("ada")).await;
        assert_eq!(made.status(), StatusCode::OK);
        let with = |password: &str| json!({ "login": "ada", "password": password });
        let guess = || async {
            code_of(sign_in(&server, with("a wrong password")).await).await;
        };
        tokio::join!(guess(), guess(), guess(), guess(), guess());
        let locked = sign_in(&server, with("correct horse battery")).await;
        assert_eq!(code_of(locked).await, "login_locked", "{kind}");
        server.stop().await;
    }
}

/// Whoever finds a browser open may not guess the password, or a code, for as long as they like.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_within_a_session_are_counted() {
    for database in testkit::both() {
        let kind = database.name;
        let server = Server::over(database, quick()).await;
        let cookie = with_code(&server).await;
        let put = |current: Option<&str>| {
            json!({ "login": "ada", "password": "correct horse battery",
                "current_password": current })
        };
        let account = async |body: Value| {
            write(&server, &cookie, Method::PUT, "/session/account", body).await
        };
        assert_eq!(account(put(None)).await.status(), StatusCode::OK);
        for _ in 0..8 {
            assert_eq!(code_of(account(put(None)).await).await, "login_invalid", "no guess");
        }
        for _ in 0..5 {
            assert_eq!(code_of(account(put(Some("a guess"))).await).await, "login_invalid");
        }
        let right = account(put(Some("correct horse battery"))).await;
        assert_eq!(code_of(right).await, "login_locked", "{kind}");
        server.stop().await;
    }
}

/// All of them find the account open; what the first of them lock stays shut for the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_guess_among_many_at_once_finds_the_account_locked() {
    for database in testkit::both() {
        let kind = database.name;
        let server = Server::over(database, quick()).await;
        let cookie = with_code(&server).await;
        let account = json!({ "login": "ada", "password": "correct horse battery" });
        let made = write(&server, &cookie, Method::PUT, "/session/account", account).await;
        assert_eq!(made.status(), StatusCode::OK);
        let guess = |password: &'static str| {
            let body = json!({ "current_password": password });
            write(&server, &cookie, Method::POST, "/session/account/totp", body)
        };
        let mut wrong: FuturesUnordered<_> = (0..24).map(|_| guess("a guess")).collect();
        // The first is answered, and nothing locked yet; the others wait for their turn.
        assert_eq!(code_of(wrong.next().await.expect("an answer")).await, "login_invalid");
        let others = async { while wrong.next().await.is_some() {} };
        let (right, ()) = tokio::join!(guess("correct horse battery"), others);
        drop(wrong);
        assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS, "{kind}");
        assert_eq!(code_of(right).await, "login_locked", "{kind}");
        server.stop().await;
    }
}

/// The provider of `tests/oidc-provider`, run by Node; it ends with this.
struct Provider {
    issuer: String,
    child: Child,
}

impl Provider {
    async fn start(redirect: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc-provider");
        assert!(
            folder.join("node_modules/oidc-provider").exists(),
            "run scripts/setup.sh test, or npm --prefix crates/api/tests/oidc-provider ci"
        );
        let mut child = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .envs([
                ("CLIENT_ID", "meetpoint"),
                ("CLIENT_SECRET", SECRET),
                ("REDIRECT_URI", redirect),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let issuer = lines.next_line().await.expect("readable").expect("says where it is");
        // It says more later, and ends where nobody would hear it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { issuer, child }
    }
}

const SECRET: &str = "a secret of more than thirty-two characters";

/// What of a browser matters here: it follows redirects one by one and keeps cookies by their
/// host and path.
struct Browser {
    http: reqwest::Client,
    cookies: Vec<(String, String, String, String)>,
}

impl Browser {
    fn new() -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none());
        let http = http.build().expect("a client");
        Self { http, cookies: Vec::new() }
    }

    async fn send(&mut self, method: Method, url: &Url, form: &[(&str, &str)]) -> Response {
        let host = url.authority().to_owned();
        let jar = self
            .cookies
            .iter()
            .filter(|(of, path, ..)| *of == host && url.path().starts_with(path.as_str()))
            .map(|(_, _, name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let mut request = self.http.request(method.clone(), url.clone());
        if method == Method::POST {
            request = request.form(form);
        }
        if !jar.is_empty() {
            request = request.header(header::COOKIE, jar);
        }
        let answer = request.send().await.expect("answers");
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let mut parts = cookie.to_str().expect("text").split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|p| p.split_once('=')).expect("a pair");
            let path =
                parts.find_map(|part| part.strip_prefix("path=").or(part.strip_prefix("Path=")));
            let path = path.unwrap_or("/").to_owned();
            self.cookies.retain(|(h, p, n, _)| (h, p, n.as_str()) != (&host, &path, name));
            if !value.is_empty() {
                self.cookies.push((host.clone(), path, name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// From the sign-in's start to the address the provider sends the browser back to.
    async fn reach_callback(&mut self, start: &str, login: &str) -> Url {
        let mut url: Url = start.parse().expect("an address");
        for _ in 0..12 {
            let answer = if url.path().starts_with("/interaction/") {
                let page = self.send(Method::GET, &url, &[]).await.text().await.expect("text");
                if page.contains("value=\"login\"") {
                    let form = [("prompt", "login"), ("login", login), ("password", "any")];
                    self.send(Method::POST, &url, &form).await
                } else {
                    self.send(Method::POST, &url, &[("prompt", "consent")]).await
                }
            } else {
                self.send(Method::GET, &url, &[]).await
            };
            let status = answer.status();
            let location = answer.headers().get(header::LOCATION).cloned();
            let Some(location) = location else {
                panic!("{url} answered {status}: {}", answer.text().await.unwrap_or_default());
            };
            url = url.join(location.to_str().expect("text")).expect("an address");
            if url.path() == "/session/oidc/callback" {
                return url;
            }
        }
        panic!("the sign-in goes round in circles: {url}");
    }
}

/// What the provider sends a browser back with, but who it is.
fn without_issuer(back: &Url) -> Vec<(String, String)> {
    back.query_pairs()
        .filter(|(name, _)| name != "iss")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_a_real_provider() {
    for database in testkit::both() {
        let kind = database.name;
        let server = Server::over(database, quick()).await;
        let mut provider = Provider::start(&format!("{}/session/oidc/callback", server.base)).await;
        let tenant = json!({ "name": "Contoso", "domain": "contoso.example" });
        let tenant = server.make("/programme/v1/tenants", tenant).await["id"].clone();
        let issuer = json!({
            "name": "Contoso's directory", "issuer": provider.issuer, "audience": "api",
            "tenant_id": tenant, "role_claim": "groups",
            "roles": [{ "value": "voice", "role": "tenant_admin" },
                { "value": "desk", "role": "tenant_helpdesk" }],
            "login_client_id": "meetpoint", "login_client_secret": SECRET,
        });
        let issuer = server.make("/programme/v1/issuers", issuer).await;
        assert!(!issuer.to_string().contains(SECRET), "{issuer}");
        let offered = server.bare(Method::GET, "/session/providers").send().await;
        let offered: Value = offered.expect("answers").json().await.expect("JSON");
        assert_eq!(offered["items"][0]["name"], "Contoso's directory");
        let id = issuer["id"].as_str().expect("an id");
        let start = format!("{}/session/oidc/{id}", server.base);

        for (login, role) in [("ada", "tenant_admin"), ("bob", "tenant_helpdesk")] {
            let mut browser = Browser::new();
            let back = browser.reach_callback(&start, login).await;
            // Another browser that is handed the link is not signed in by it.
            let other = Browser::new().send(Method::GET, &back, &[]).await;
            assert_eq!(code_of(other).await, "login_refused");
            let done = browser.send(Method::GET, &back, &[]).await;
            assert_eq!(done.status(), StatusCode::SEE_OTHER, "{kind} {login}");
            assert_eq!(done.headers()[header::LOCATION], "/");
            let cookie = session_of(&done);
            let me = server.bare(Method::GET, "/session").header(header::COOKIE, &cookie);
            let me: Value = me.send().await.expect("answers").json().await.expect("JSON");
            assert_eq!(me["role"], role);
            assert_eq!(me["tenant_id"], tenant);
            assert_eq!(me["name"].as_str().map(str::to_lowercase).as_deref(), Some(login));
            // Neither is the link good twice, nor a state made up.
            let again = browser.send(Method::GET, &back, &[]).await;
            assert_eq!(code_of(again).await, "login_refused");
            // Who signs in there has no password here.
            let account = json!({ "login": login, "password": "correct horse battery" });
            let refused = write(&server, &cookie, Method::PUT, "/session/account", account).await;
            assert_eq!(code_of(refused).await, "forbidden");
        }

        // Who has no role here stays outside; so does a code that the provider did not give.
        let mut browser = Browser::new();
        let back = browser.reach_callback(&start, "eve").await;
        assert_eq!(code_of(browser.send(Method::GET, &back, &[]).await).await, "token_role");
        let mut browser = Browser::new();
        let back = browser.reach_callback(&start, "ada").await;
        let state = back.query_pairs().find(|(name, _)| name == "state").expect("a state").1;
        let mut forged = back.clone();
        forged.query_pairs_mut().clear().append_pair("state", &state).append_pair("code", "x");
        assert_eq!(code_of(browser.send(Method::GET, &forged, &[]).await).await, "login_refused");
        // A mix-up of issuers.
        let mut browser = Browser::new();
        let back = browser.reach_callback(&start, "ada").await;
        let mut mixed = back.clone();
        let others = without_issuer(&back);
        mixed
            .query_pairs_mut()
            .clear()
            .extend_pairs(others)
            .append_pair("iss", "https://x.example");
        assert_eq!(code_of(browser.send(Method::GET, &mixed, &[]).await).await, "login_refused");
        // Nor may an issuer keep silent that says that it always names itself (RFC 9207).
        let mut browser = Browser::new();
        let mut silent = browser.reach_callback(&start, "ada").await;
        let kept = without_issuer(&silent);
        silent.query_pairs_mut().clear().extend_pairs(kept);
        let refused = problem(browser.send(Method::GET, &silent, &[]).await).await;
        assert_eq!(refused["code"], "login_refused");
        assert!(refused["reason"].as_str().is_some_and(|r| r.contains("another issuer")));
        // A browser that is refused goes on to the page, which says why.
        let people = browser.http.get(silent).header(header::ACCEPT, "text/html,*/*;q=0.8");
        let people = people.send().await.expect("answers");
        assert_eq!(people.status(), StatusCode::SEE_OTHER);
        assert_eq!(people.headers()[header::LOCATION], "/login?refused=login_refused");
        let given_up = format!("{}/session/oidc/callback?error=access_denied", server.base);
        let given_up = given_up.parse().expect("an address");
        let refused = browser.send(Method::GET, &given_up, &[]).await;
        assert_eq!(code_of(refused).await, "login_refused");

        // The issuer goes: whoever came by it is out.
        let mut browser = Browser::new();
        let back = browser.reach_callback(&start, "ada").await;
        let cookie = session_of(&browser.send(Method::GET, &back, &[]).await);
        let path = format!("/programme/v1/issuers/{id}");
        assert_eq!(server.ask(Method::DELETE, &path).send().await.expect("answers").status(), 204);
        let me = server.bare(Method::GET, "/session").header(header::COOKIE, &cookie).send().await;
        assert_eq!(code_of(me.expect("answers")).await, "token_revoked");
        provider.child.kill().await.expect("ends");
        server.stop().await;
    }
}
