//! The HTTP client, and the one for mails, against real servers.

mod mail;

use outbound::{Answer, CallError, Fetcher, Guard, Http, Post, Poster};
use rcgen::CertifiedKey;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::{Receiver, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs};

fn guard(network: &str) -> Guard {
    Guard::new(vec![network.parse().expect("a network")])
}

fn post(url: String) -> Post {
    Post {
        url,
        headers: vec![("webhook-id", "e-1".to_owned())],
        body: b"{}".to_vec(),
        timeout: Duration::from_secs(10),
    }
}

fn answered(status: u16) -> Result<Answer, CallError> {
    Ok(Answer { status, retry_after: None })
}

#[tokio::test]
async fn posts_and_hears_the_status() {
    let receiver = Receiver::with(|_, n| match n {
        0 => Reply::Status(204),
        1 => Reply::With(503, vec!["Retry-After: 7".into()]),
        _ => Reply::With(503, vec!["Retry-After: 99999999999".into()]),
    });
    let http = Http::new(guard("127.0.0.0/8"));
    assert_eq!(http.post(post(receiver.url())).await, answered(204));
    for seconds in [7, 24 * 3600] {
        let retry_after = Some(Duration::from_secs(seconds));
        let answer = http.post(post(receiver.url())).await;
        assert_eq!(answer, Ok(Answer { status: 503, retry_after }));
    }
    let seen = receiver.seen();
    assert_eq!(seen[0].line, "POST /hook");
    assert_eq!(
        (seen[0].header("content-type"), seen[0].body.as_slice()),
        ("application/json", &b"{}"[..])
    );
    assert_eq!(seen[0].header("webhook-id"), "e-1");
    assert!(seen[0].header("user-agent").starts_with("meetpoint/"));
    assert!(seen[0].header("cookie").is_empty() && seen[0].header("authorization").is_empty());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nothing_more() {
    let target = Receiver::start();
    let to = format!("Location: {}", target.url());
    let receiver = Receiver::with(move |_, _| Reply::With(307, vec![to.clone()]));
    let http = Http::new(guard("127.0.0.0/8"));
    assert_eq!(http.post(post(receiver.url())).await, answered(307));
    assert!(target.seen().is_empty(), "nobody is sent on");
}

#[tokio::test]
async fn what_was_not_allowed_is_never_connected_to() {
    let receiver = Receiver::start();
    let port = receiver.address().port();
    // Something is allowed, so that names are looked up; this machine is not.
    let http = Http::new(guard("10.99.0.0/16"));
    for host in ["127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/hook");
            let refused = http.post(post(url.clone())).await.expect_err(&url);
            assert_eq!(refused.code(), "address_refused", "{url}: {refused}");
        }
    }
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn time_and_answers_are_bounded() {
    let silent = Receiver::with(|_, _| Reply::Hang);
    let http = Http::new(guard("127.0.0.0/8"));
    let timeout = Duration::from_millis(200);
    let late = http.post(Post { timeout, ..post(silent.url()) }).await;
    assert_eq!(late, Err(CallError::Timeout(timeout)));

    let endless = Receiver::with(|_, _| Reply::Endless);
    let began = Instant::now();
    assert_eq!(http.post(post(endless.url())).await, answered(200));
    assert!(began.elapsed() < Duration::from_secs(5), "the rest of it is not waited for");
}

#[tokio::test]
async fn failures_say_what_failed() {
    let http = Http::new(guard("127.0.0.0/8"));
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("bound")
    };
    let refused = http.post(post(format!("http://{closed}/"))).await.expect_err("nobody there");
    assert_eq!(refused.code(), "no_connection", "{refused}");

    let rude = Receiver::with(|_, _| Reply::Close);
    let broken = http.post(post(rude.url())).await.expect_err("closed");
    assert_eq!(broken.code(), "connection_broken", "{broken}");

    // Closes the connection at the first bytes that are not HTTP.
    let plain = Receiver::start();
    let url = format!("https://{}/hook", plain.address());
    let tls = http.post(post(url)).await.expect_err("no TLS there");
    assert_eq!(tls.code(), "no_connection", "{tls}");
}

/// A server with a certificate of its own making for this name, which takes everything.
async fn secure(name: &str) -> (SocketAddr, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let certificate = cert.der().clone();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .expect("the key is the certificate's");
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (address, certificate)
}

fn believing(certificate: CertificateDer<'static>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a certificate");
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[tokio::test]
async fn a_certificate_must_be_believed_and_be_the_hosts() {
    let (here, certificate) = secure("127.0.0.1").await;
    let url = format!("https://{here}/hook");
    let http = Http::with_tls(guard("127.0.0.0/8"), believing(certificate));
    assert_eq!(http.post(post(url.clone())).await, answered(204));

    let strict = Http::new(guard("127.0.0.0/8"));
    let refused = strict.post(post(url)).await.expect_err("nobody vouches for it");
    assert_eq!(refused.code(), "tls_failed", "{refused}");

    let (there, certificate) = secure("hooks.example.com").await;
    let http = Http::with_tls(guard("127.0.0.0/8"), believing(certificate));
    let refused = http.post(post(format!("https://{there}/hook"))).await;
    let refused = refused.expect_err("another's certificate");
    assert_eq!(refused.code(), "tls_failed", "{refused}");
}

#[tokio::test]
async fn documents_are_asked_for_within_bounds() {
    let receiver = Receiver::with(|_, n| match n {
        0 => Reply::Body(200, b"{\"keys\":[]}".to_vec()),
        1 => Reply::Body(200, b"<html>".to_vec()),
        2 => Reply::Body(404, b"{}".to_vec()),
        3 => Reply::Body(200, vec![b' '; (1 << 20) + 1]),
        _ => Reply::Body(400, b"{\"error\":\"invalid_grant\"}".to_vec()),
    });
    let http = Http::new(Guard::anywhere());
    let url = receiver.url();
    assert_eq!(http.get(&url).await, Ok(serde_json::json!({ "keys": [] })));
    for told in [
        "it answered 200 with something that is not JSON",
        "it answered 404",
        "it answered with more than 1048576 bytes",
    ] {
        assert_eq!(http.get(&url).await.expect_err("refused").to_string(), told);
    }
    let form = [("code", "a b&c"), ("state", "ä")];
    let answer = http.post_form(&url, &form).await;
    assert_eq!(answer, Ok((400, serde_json::json!({ "error": "invalid_grant" }))));
    let seen = receiver.seen();
    let last = seen.last().expect("a request");
    assert_eq!(last.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(last.body, b"code=a+b%26c&state=%C3%A4");
    assert_eq!(seen[0].header("accept"), "application/json");

    // The same client for subscribers' endpoints would not come here.
    let strict = Http::new(Guard::default());
    assert_eq!(strict.get(&url).await.expect_err("refused").code(), "address_refused");
}
