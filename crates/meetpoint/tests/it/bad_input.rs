//! Bad SIP against a running edge: each has its own answer, or none, and the
//! edge goes on.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::json;
use sip::digest::Challenge;
use sip::{HeaderName, MessageBuilder, Method, Parser};
use softphone::{Answering, PhoneConfig, Transport};
use testkit::TempDir;

use crate::process::Process;
use crate::world::{
    DOMAIN, LOOPBACK, Plane, SOON, edge_command, free_address, phone, register, seed, trunk,
};

const NUMBER: &str = "+442079460001";
/// Long enough to be sure that nothing comes; retransmissions would.
const SILENCE: Duration = Duration::from_millis(700);

/// A socket that says what it likes.
struct Stranger {
    socket: UdpSocket,
    edge: SocketAddr,
    serial: u32,
}

impl Stranger {
    fn at(ip: IpAddr, edge: SocketAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).expect("a free port");
        Self { socket, edge, serial: 0 }
    }

    /// A request with its own branch and Call-ID, and more headers.
    fn request(
        &mut self,
        method: Method<'static>,
        uri: &str,
        to_tag: Option<&str>,
        more: &[(HeaderName, &str)],
    ) -> Vec<u8> {
        self.serial += 1;
        let here = self.socket.local_addr().expect("it is bound");
        let (unique, mut out) = (format!("{}-{}", here.port(), self.serial), Vec::new());
        // Only who claims to be of a served domain is worth a challenge.
        let domain = if method == Method::Register { DOMAIN } else { "nowhere.example" };
        let tag = to_tag.map_or(String::new(), |tag| format!(";tag={tag}"));
        let mut builder = MessageBuilder::request(&mut out, method, uri.as_bytes())
            .via("UDP", here.to_string(), format!("z9hG4bK{unique}").as_bytes())
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, format!("<sip:alice@{domain}>;tag={unique}"))
            .header(HeaderName::To, format!("<sip:alice@{domain}>{tag}"))
            .header(HeaderName::CallId, &unique)
            .cseq(1, method)
            .header(HeaderName::Contact, format!("<sip:x@{here}>"));
        for (name, value) in more {
            builder = builder.header(*name, value);
        }
        builder.finish();
        out
    }

    fn say(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.edge).expect("loopback takes it");
    }

    /// The next message that is not an OPTIONS of the edge.
    fn hears(&self, longest: Duration) -> Option<Vec<u8>> {
        let deadline = Instant::now() + longest;
        let mut buffer = vec![0; 65_535];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.socket.set_read_timeout(Some(left)).expect("not zero");
            if let Ok((length, _)) = self.socket.recv_from(&mut buffer)
                && !buffer.starts_with(b"OPTIONS ")
            {
                return Some(buffer[..length].to_vec());
            }
        }
    }

    /// The status of the answer to a request.
    fn asks(&self, request: &[u8]) -> Option<u16> {
        self.say(request);
        let answer = self.hears(SOON)?;
        Parser::default().parse(&answer).expect("the edge writes good SIP").status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_message_has_its_answer_and_the_edge_goes_on() {
    let plane = Plane::start(testkit::sqlite(), 1000).await;
    let sip = free_address();
    let machine = trunk([127, 0, 0, 51], sip).await;
    let seeded = seed(&plane, [machine.address(), ([127, 0, 0, 52], 5060).into()]).await;
    let client = plane.client("edge", json!({})).await;
    let folder = TempDir::new("edge");
    let edge = Process::spawn(edge_command(&plane, &client, &folder, sip));
    edge.told("SIP over UDP:");
    let (_, credentials) = seeded.person("alice", Some(NUMBER)).await;
    let alice = phone(&credentials, sip, Answering::Manual).await;
    register(&alice).await;

    let mut stranger = Stranger::at(LOOPBACK, sip);
    let mut known = Stranger::at(machine.address().ip(), sip);

    // An INVITE from an unknown source: not a word, and nobody's phone rings.
    let uri = format!("sip:{NUMBER}@{sip}");
    let invite = stranger.request(Method::Invite, &uri, None, &[]);
    stranger.say(&invite);
    assert_eq!(stranger.hears(SILENCE), None, "a stranger's INVITE is met with silence");
    assert!(alice.next_call(Duration::from_millis(50)).await.is_err(), "no phone rings");

    // A forged seal: 481 to a known peer, nothing to a stranger.
    let forged = format!("sip:1AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@{sip}");
    let bye = known.request(Method::Bye, &forged, Some("made-up"), &[]);
    assert_eq!(known.asks(&bye), Some(481));
    let bye = stranger.request(Method::Bye, &forged, Some("made-up"), &[]);
    stranger.say(&bye);
    assert_eq!(stranger.hears(SILENCE), None, "a stranger's BYE is met with silence");

    // A wrong password, and a user that does not exist, look the same.
    let mut refusals = Vec::new();
    for username in ["alice", "nobody"] {
        let wrong = softphone::Phone::start(PhoneConfig {
            username: username.into(),
            password: "guess".into(),
            domain: DOMAIN.into(),
            registrar: sip,
            transport: Transport::Udp,
            bind: LOOPBACK,
            answering: Answering::Manual,
        })
        .await
        .expect("free ports");
        let refusal = wrong.register(300, SOON).await.expect_err("the password is wrong");
        refusals.push(refusal.status());
    }
    assert!(matches!(refusals[0], Some(401 | 403)), "{refusals:?}");
    assert_eq!(refusals[0], refusals[1], "users cannot be told apart");

    // The right password over a nonce that is not (or no longer) good.
    let registrar = format!("sip:{DOMAIN}");
    let register = stranger.request(Method::Register, &registrar, None, &[]);
    stranger.say(&register);
    let answer = stranger.hears(SOON).expect("a challenge");
    let mut parser = Parser::default();
    let challenged = parser.parse(&answer).expect("good SIP");
    assert_eq!(challenged.status(), Some(401));
    let values = challenged.header_all(HeaderName::WwwAuthenticate);
    let mut challenge = Challenge::first_of(values).expect("it can be answered");
    challenge.nonce = b"bm90LW9uZS1vZi15b3Vycw".as_slice().into();
    let password = credentials["password"].as_str().expect("it is text");
    let proof = challenge.answer("alice", password, b"REGISTER", registrar.as_bytes(), "c", 1);
    let proof = String::from_utf8(proof).expect("it is text");
    let more = [(HeaderName::Authorization, proof.as_str())];
    let register = stranger.request(Method::Register, &registrar, None, &more);
    stranger.say(&register);
    let answer = stranger.hears(SOON).expect("an answer");
    let stale = parser.parse(&answer).expect("good SIP");
    assert_eq!(stale.status(), Some(401));
    let values = stale.header_all(HeaderName::WwwAuthenticate);
    assert!(Challenge::first_of(values).expect("a challenge").stale, "stale=true");

    // Torn, endless and meaningless bytes, from a peer that is listened to.
    let whole = known.request(Method::Options, &format!("sip:{sip}"), None, &[]);
    for cut in [1, 10, whole.len() / 2, whole.len() - 2] {
        known.say(&whole[..cut]);
    }
    let long = "x".repeat(20_000);
    let endless = known.request(
        Method::Options,
        &format!("sip:{sip}"),
        None,
        &[(HeaderName::UserAgent, &long)],
    );
    known.say(&endless);
    known.say(&[0xff; 4_000]);
    known.say(b"\r\n\r\n");
    while known.hears(Duration::from_millis(200)).is_some() {}

    let options = known.request(Method::Options, &format!("sip:{sip}"), None, &[]);
    assert_eq!(known.asks(&options), Some(200), "the edge goes on");
    let call = machine.call("+441632960123", NUMBER).await.expect("a media socket");
    let ringing = alice.next_call(SOON).await.expect("and carries calls");
    ringing.answer().expect("the phone lives");
    call.answered(SOON).await.expect("an answer");
    call.hang_up(SOON).await.expect("the BYE is answered");
}
