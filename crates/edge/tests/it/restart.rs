//! An edge that starts while the control plane is gone, with a million numbers.

use crate::control::{Control, Folder, PATIENCE, free_address};
use crate::world::*;
use domain::EdgeId;
use edge::link::WorldFile;
use edge::{Edge, EdgeConfig};
use feed::record::{NumberRecord, Transport};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use numbering::E164;
use sip::{HeaderName, MessageBuilder, Method};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const NUMBERS: u64 = 1_000_000;
const FIRST: u64 = 441_132_000_000;
/// A second is asked of a release on a quiet machine (docs/performance.md has
/// the figure); this build is not optimised, and other tests run beside it.
const BOUND: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

/// Calls until something comes back, and the time that took.
fn first_answer(socket: &UdpSocket, local: SocketAddr, edge: SocketAddr, number: u64) -> Duration {
    let begun = Instant::now();
    let mut invite = Vec::new();
    let uri = format!("sip:+{number}@edge.example;user=phone");
    MessageBuilder::request(&mut invite, Method::Invite, uri.as_bytes())
        .via("UDP", local.to_string(), b"z9hG4bKrestart")
        .header(HeaderName::MaxForwards, "70")
        .header_fmt(HeaderName::From, format_args!("<sip:+33123456789@op.example>;tag=r"))
        .header_fmt(HeaderName::To, format_args!("<{uri}>"))
        .header(HeaderName::CallId, "restart@op.example")
        .cseq(1, Method::Invite)
        .header_fmt(HeaderName::Contact, format_args!("<sip:gw@{local}>"))
        .body("application/sdp", b"v=0\r\n");
    socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    let mut buffer = [0; 4096];
    loop {
        socket.send_to(&invite, edge).expect("sent");
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..len]);
            // Not the OPTIONS by which the edge asks how we are.
            if from == edge && text.starts_with("SIP/2.0") {
                assert!(!text.starts_with("SIP/2.0 404"), "the number is known: {text}");
                return begun.elapsed();
            }
        }
        assert!(begun.elapsed() < PATIENCE, "no answer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_edge_with_a_million_numbers_takes_calls_and_its_records_arrive_later() {
    let (local, folder) = (free_address(), Folder::new());
    let small = world(vec![trunk(TRUNK_A1, local, Transport::Udp)]);
    let mut large = small.clone();
    let alike = small.numbers[0];
    large.numbers.extend(
        (0..NUMBERS).map(|n| NumberRecord {
            number: E164::from_value(FIRST + n).expect("a number"),
            ..alike
        }),
    );
    let mut file =
        WorldFile::new(&folder.path().join("world"), wrap_key("test")).expect("a folder");
    file.save(&Snapshot::from_records(large)).expect("saved");

    let control = Control::new(small);
    control.set_away(true);
    let socket = UdpSocket::bind(local).expect("the trunk's address");
    let begun = Instant::now();
    let config = EdgeConfig {
        listen_udp: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
        shards: Some(1),
        ..EdgeConfig::new(EdgeId(id(7)), folder.path())
    };
    let edge = Edge::start(config, control.clone()).expect("the edge starts");
    let address = edge.udp_addresses()[0];
    let answered = tokio::task::spawn_blocking(move || {
        first_answer(&socket, local, address, FIRST + NUMBERS - 1)
    });
    answered.await.expect("an answer");
    let took = begun.elapsed();
    eprintln!("first call taken {} ms after the start", took.as_millis());
    assert!(took < BOUND, "{took:?}");

    // Nobody's phone is registered, so the call ends by itself.
    let begun = Instant::now();
    while edge.status().journalled < 2 {
        assert!(begun.elapsed() < PATIENCE, "begin and end are on disk");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    control.set_away(false);
    let calls = control.ended(1).await;
    assert_eq!(calls.len(), 1);
    edge.shutdown().await;
}
