//! Phones against a registrar that is a few lines of the `sip` crate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sip::digest::{Authenticator, Credentials, Ha1, Verdict};
use sip::transaction::Config;
use sip::{HeaderName, Method, Origin, Parser, Received, Reliability, TransactionLayer};
use softphone::{Answering, Phone, PhoneConfig, Transport};
use tokio::net::UdpSocket;

use crate::SOON;

const DOMAIN: &str = "pbx.example";
const NONCE_LIFE_S: u64 = 60;

/// Challenges everything; grants registrations of 120 s; is busy for calls.
async fn registrar(clock: Arc<AtomicU64>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    let auth = Authenticator::new(DOMAIN, &[7; 32], NONCE_LIFE_S);
    let ha1 = Ha1::from_password("alice", DOMAIN, "secret");
    tokio::spawn(async move {
        let mut layer = TransactionLayer::new(Config::default(), [1; 16]);
        let (mut parser, mut buffer, mut salt) = (Parser::default(), vec![0; 65_535], 0);
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let message = parser.parse(&buffer[..length]).expect("phones write good SIP");
            let origin =
                Origin { peer: from, reliability: Reliability::Unreliable, source: Some(from) };
            let sink = &mut |to: &SocketAddr, bytes: &[u8]| {
                socket.try_send_to(bytes, *to).expect("loopback takes it");
            };
            let now = Instant::now();
            let Received::Request { tx } = layer.receive(now, &origin, &message, sink) else {
                continue;
            };
            let invite = message.method() == Method::Invite;
            let (asked, proof, status) = if invite {
                (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization, 407)
            } else {
                (HeaderName::WwwAuthenticate, HeaderName::Authorization, 401)
            };
            let time = clock.load(Ordering::SeqCst);
            let verdict = message.header(proof).map(|value| {
                let given = Credentials::parse(value).expect("phones answer well");
                let (method, uri) = (message.method(), message.request_uri());
                auth.verify(&given, method.as_bytes(), uri, Some(&ha1), time, b"")
            });
            if verdict == Some(Verdict::Ok) {
                let status = if invite { 486 } else { 200 };
                let expires = message.header(HeaderName::Expires).unwrap_or(b"0");
                let contact = message.header(HeaderName::Contact).unwrap_or_default();
                let granted = if expires == b"0" { "" } else { ";expires=120" };
                let contact = [contact, granted.as_bytes()].concat();
                layer.reply(now, tx, status, Some(b"r"), sink, |b| {
                    b.header(HeaderName::Contact, &contact).finish();
                })
            } else {
                salt += 1;
                let nonce = auth.nonce(time, salt, b"");
                let stale = verdict == Some(Verdict::Stale);
                let [strong, weak] = auth.challenges(&nonce, stale);
                layer.reply(now, tx, status, Some(b"r"), sink, |b| {
                    b.header(asked, &strong).header(asked, &weak).finish();
                })
            }
            .expect("the transaction has just begun");
        }
    });
    address
}

async fn phone(registrar: SocketAddr, password: &str) -> Phone {
    Phone::start(PhoneConfig {
        username: "alice".into(),
        password: password.into(),
        domain: DOMAIN.into(),
        registrar,
        transport: Transport::Udp,
        bind: [127, 0, 0, 1].into(),
        answering: Answering::Manual,
    })
    .await
    .expect("free ports")
}

#[tokio::test]
async fn a_phone_registers_refreshes_with_its_nonce_and_takes_a_stale_one_well() {
    let clock = Arc::new(AtomicU64::new(1_000_000));
    let phone = phone(registrar(clock.clone()).await, "secret").await;

    let first = phone.register(300, SOON).await.expect("the password is right");
    assert_eq!((first.status, first.expires_seconds, first.challenges), (200, 120, 1));
    assert!(phone.is_registered());

    let again = phone.register(300, SOON).await.expect("the nonce is still good");
    assert_eq!((again.challenges, again.stale), (0, false));

    clock.fetch_add(NONCE_LIFE_S + 1, Ordering::SeqCst);
    let late = phone.register(300, SOON).await.expect("a stale nonce is no wrong password");
    assert_eq!((late.challenges, late.stale), (1, true));

    let gone = phone.register(0, SOON).await.expect("unregistering is granted");
    assert_eq!(gone.expires_seconds, 0);
    assert!(!phone.is_registered());
}

#[tokio::test]
async fn a_wrong_password_is_refused_without_end() {
    let phone = phone(registrar(Arc::default()).await, "guess").await;
    let refused = phone.register(300, SOON).await.expect_err("the password is wrong");
    assert_eq!(refused.status(), Some(401));
    assert!(!phone.is_registered());
}

#[tokio::test]
async fn calls_prove_themselves_when_asked() {
    let address = registrar(Arc::default()).await;
    let phone = phone(address, "secret").await;
    let call = phone.dial("+15551230001").await.expect("a media socket");
    assert_eq!(call.answered(SOON).await.expect_err("the registrar is busy").status(), Some(486));
    let codes: Vec<u16> = call.view().statuses.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [407, 486]);
}
