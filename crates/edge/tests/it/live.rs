//! Calls over real sockets, with SIPp as the operator and softphones as phones.

use crate::control::{Control, Folder, PATIENCE, free_address, start_edge};
use crate::world::*;
use feed::cdr::{CdrEvent, HungUpBy};
use feed::record::Transport;
use softphone::{Answering, OperatorTrunk, Phone, PhoneConfig, TrunkConfig, TrunkMode};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// SIPp with one of our scenarios.
fn sipp(scenario: &str, local: SocketAddr, args: &[&str]) -> Child {
    let file = format!("{}/tests/sipp/{scenario}.xml", env!("CARGO_MANIFEST_DIR"));
    Command::new("sipp")
        .args(["-sf", &file, "-i", "127.0.0.1", "-p", &local.port().to_string()])
        .args(["-nostdin", "-timeout", "20s", "-timeout_error"])
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sipp, of Debian's package sip-tester, is installed")
}

async fn finished(child: Child) -> Output {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output())
        .await
        .expect("no panic")
        .expect("sipp runs");
    assert!(
        output.status.success(),
        "sipp: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

async fn phone(name: &str, edge: SocketAddr, transport: softphone::Transport) -> Phone {
    let phone = Phone::start(PhoneConfig {
        username: name.into(),
        password: format!("{name}-secret"),
        domain: DOMAIN.into(),
        registrar: edge,
        transport,
        bind: LOCALHOST,
        answering: Answering::Answer { after: Duration::from_millis(20) },
    })
    .await
    .expect("a phone");
    let registration = phone.register(300, PATIENCE).await.expect("it registers");
    assert_eq!(registration.status, 200);
    phone
}

fn kinds(events: &[CdrEvent]) -> Vec<&'static str> {
    events.iter().map(CdrEvent::kind).collect()
}

fn end(events: &[CdrEvent]) -> (u16, &str, HungUpBy) {
    events
        .iter()
        .find_map(|e| match e {
            CdrEvent::End { sip_code, reason, hung_up_by, .. } => {
                Some((*sip_code, reason.as_str(), *hung_up_by))
            }
            _ => None,
        })
        .expect("an end")
}

async fn calls_from_sipp(mode: &str, transport: Transport, phone_by: softphone::Transport) {
    let local = free_address();
    let folder = Folder::new();
    let mut record = trunk(TRUNK_A1, local, transport);
    // Over TCP a trunk calls from any port.
    record.match_port = transport == Transport::Udp;
    let control = Control::new(world(vec![record]));
    let edge = start_edge(&control, &folder, 0, 2).await;
    let address = match transport {
        Transport::Udp => edge.udp_addresses()[0],
        Transport::Tcp => edge.tcp_addresses()[0],
    };
    let _phone = phone("alice", address, phone_by).await;
    let target = address.to_string();
    let args = ["-s", ALICE_NUMBER, "-m", "5", "-r", "20", "-d", "50", "-t", mode, &target];
    finished(sipp("caller", local, &args)).await;
    let calls = control.ended(5).await;
    assert_eq!(calls.len(), 5);
    for call in &calls {
        assert_eq!(kinds(call), ["begin", "answer", "end"]);
        assert_eq!(end(call), (200, "normal", HungUpBy::Caller));
    }
    assert_eq!(edge.status().live_calls, 0);
    assert_eq!(edge.status().registrations, 1);
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_calls_a_phone_over_udp() {
    calls_from_sipp("u1", Transport::Udp, softphone::Transport::Udp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sipp_calls_a_phone_over_tcp() {
    calls_from_sipp("t1", Transport::Tcp, softphone::Transport::Tcp).await;
}

async fn operator(edge: SocketAddr, bind: SocketAddr) -> OperatorTrunk {
    OperatorTrunk::start(TrunkConfig {
        bind,
        transport: softphone::Transport::Udp,
        exchange: edge,
        answering: Answering::Answer { after: Duration::from_millis(20) },
    })
    .await
    .expect("a trunk")
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_trunk_silent_the_call_leaves_by_the_other() {
    let (silent, local) = (free_address(), free_address());
    let folder = Folder::new();
    let control = Control::new(world(vec![
        trunk(TRUNK_A1, silent, Transport::Udp),
        trunk(TRUNK_A2, local, Transport::Udp),
    ]));
    let edge = start_edge(&control, &folder, 0, 1).await;
    let address = edge.udp_addresses()[0];
    let dead = operator(address, silent).await;
    dead.set_mode(TrunkMode::Silent).expect("it runs");
    let mut called = sipp("called", local, &["-t", "u1"]);
    let alice = phone("alice", address, softphone::Transport::Udp).await;
    // Which trunk is first is drawn by lot: call until the silent one was.
    let mut made = 0;
    let mut waited = Duration::ZERO;
    while dead.invites_unanswered() == 0 && made < 40 {
        let begun = Instant::now();
        let call = alice.dial("+493012345678").await.expect("it dials");
        call.answered(PATIENCE).await.expect("it is answered");
        waited = begun.elapsed();
        call.hang_up(PATIENCE).await.expect("it hangs up");
        made += 1;
    }
    assert!(waited >= Duration::from_secs(2), "not before failover_time_seconds: {waited:?}");
    // Demoted: from now on the silent trunk is tried last.
    let call = alice.dial("+493012345678").await.expect("it dials");
    call.answered(PATIENCE).await.expect("it is answered");
    call.hang_up(PATIENCE).await.expect("it hangs up");
    called.kill().expect("it runs until told");
    called.wait().expect("it was killed");
    let calls = control.ended(made + 1).await;
    // Ids rise with time: the last two are the one that failed over and the next.
    let tried: Vec<Vec<_>> = calls[made - 1..]
        .iter()
        .map(|call| {
            let attempts = call.iter().find_map(|e| match e {
                CdrEvent::End { attempts, sip_code: 200, .. } => Some(attempts),
                _ => None,
            });
            let attempts = attempts.expect("an answered call").iter();
            attempts.map(|a| (a.trunk.0, a.sip_code)).collect()
        })
        .collect();
    let (silent, heard) = ((id(TRUNK_A1), 0), (id(TRUNK_A2), 200));
    assert_eq!(tried, [vec![silent, heard], vec![heard]], "the record shows each attempt");
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_restarted_in_mid_call_ends_it_at_the_other_side() {
    let local = free_address();
    let folder = Folder::new();
    let control = Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)]));
    let first = start_edge(&control, &folder, 0, 1).await;
    let address = first.udp_addresses()[0];
    let alice = phone("alice", address, softphone::Transport::Udp).await;
    let trunk = operator(address, local).await;
    let call = trunk.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("it is answered");
    let at_alice = alice.next_call(PATIENCE).await.expect("it rang");
    call.talk(10, PATIENCE).await.expect("media passes");

    // With the control plane gone too: it starts from its own files.
    control.set_away(true);
    first.shutdown().await;
    let second = start_edge(&control, &folder, address.port(), 2).await;
    assert!(!second.status().link_up);
    assert_eq!(second.status().registrations, 1, "phones are still known");
    at_alice.hang_up(PATIENCE).await.expect("the BYE passes");
    let over = call.ended(PATIENCE).await.expect("it ends at the other side");
    assert_eq!(over.status, 200);
    // And it still takes calls.
    let again = trunk.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    again.answered(PATIENCE).await.expect("it is answered");
    again.hang_up(PATIENCE).await.expect("it hangs up");

    control.set_away(false);
    let calls = control.ended(2).await;
    assert_eq!(calls.len(), 2, "one record for each call");
    assert_eq!(kinds(&calls[0]), ["begin", "answer", "end"]);
    assert_eq!(end(&calls[0]), (200, "normal", HungUpBy::Callee));
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_calls_at_once_each_have_one_complete_record() {
    let (local, phone) = (free_address(), free_address());
    let folder = Folder::new();
    let control = Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)]));
    // SIPp cannot register with SHA-256: its phone is known from an earlier life.
    let binding = edge::bindings::BindingChange::Put(edge::bindings::Binding {
        user: domain::UserId(id(ALICE)),
        contact: format!("sip:alice@{phone}"),
        flow: edge::peer::Peer { transport: Transport::Udp, listener: 0, addr: phone },
        expires_us: i64::MAX,
        call_id: "earlier".into(),
        cseq: 1,
        edge: None,
    });
    let mut bytes = Vec::new();
    let json = serde_json::to_vec(&binding).expect("it serialises");
    edge::recfile::encode(&json, &mut bytes);
    std::fs::write(folder.path().join("registrations"), bytes).expect("a file");
    let edge = start_edge(&control, &folder, 0, 4).await;
    let target = edge.udp_addresses()[0].to_string();
    let mut called = sipp("called", phone, &["-t", "u1"]);
    let args = ["-s", ALICE_NUMBER, "-m", "400", "-r", "200", "-d", "300", "-t", "u1", &target];
    finished(sipp("caller", local, &args)).await;
    called.kill().expect("it runs until told");
    called.wait().expect("it was killed");
    let calls = control.ended(400).await;
    assert_eq!(calls.len(), 400);
    for call in &calls {
        assert_eq!(kinds(call), ["begin", "answer", "end"]);
    }
    assert_eq!(edge.status().live_calls, 0);
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_rings_both_agents_and_phones_hold_cancel_and_unregister() {
    let local = free_address();
    let folder = Folder::new();
    let control = Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)]));
    let edge = start_edge(&control, &folder, 0, 3).await;
    let (udp, tcp) = (edge.udp_addresses()[0], edge.tcp_addresses()[0]);
    let alice = phone("alice", udp, softphone::Transport::Udp).await;
    let bob = phone("bob", tcp, softphone::Transport::Tcp).await;
    alice.set_answering(Answering::Ring).expect("it runs");
    let trunk = operator(udp, local).await;

    let call = trunk.call("+33123456789", QUEUE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("bob answers");
    let at_alice = alice.next_call(PATIENCE).await.expect("alice rang too");
    at_alice.ended(PATIENCE).await.expect("and was told that it is over");
    let at_bob = bob.next_call(PATIENCE).await.expect("bob rang");
    call.talk(10, PATIENCE).await.expect("media passes");
    assert_eq!(at_bob.hold(true, PATIENCE).await.expect("a re-INVITE passes"), 200);
    call.held_by_peer(true, PATIENCE).await.expect("held");
    assert_eq!(at_bob.hold(false, PATIENCE).await.expect("a re-INVITE passes"), 200);
    call.held_by_peer(false, PATIENCE).await.expect("talking again");
    at_bob.hang_up(PATIENCE).await.expect("it hangs up");
    call.ended(PATIENCE).await.expect("it is over");

    let given_up = trunk.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    given_up.ringing(PATIENCE).await.expect("it rings");
    given_up.cancel().expect("it runs");
    assert_eq!(given_up.ended(PATIENCE).await.expect("it is over").status, 487);

    let colleague = alice.dial("02079460002").await.expect("it dials");
    colleague.answered(PATIENCE).await.expect("bob answers, over TCP");
    colleague.hang_up(PATIENCE).await.expect("it hangs up");

    alice.register(0, PATIENCE).await.expect("it unregisters");
    let nobody = trunk.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    assert_eq!(nobody.ended(PATIENCE).await.expect("refused").status, 480);

    let calls = control.ended(4).await;
    let mut ends: Vec<_> = calls.iter().map(|c| end(c)).collect();
    ends.sort_unstable_by_key(|(code, reason, _)| (*code, *reason));
    assert_eq!(
        ends,
        [
            (200, "normal", HungUpBy::Callee),
            (200, "normal", HungUpBy::Caller),
            (480, "not_registered", HungUpBy::Exchange),
            (487, "cancelled", HungUpBy::Caller),
        ]
    );
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_takes_no_connection_is_passed_over_at_once() {
    let (closed, local) = (free_address(), free_address());
    let folder = Folder::new();
    let mut slow = trunk(TRUNK_A1, closed, Transport::Tcp);
    slow.failover_time_seconds = 600;
    let control = Control::new(world(vec![slow, trunk(TRUNK_A2, local, Transport::Udp)]));
    let edge = start_edge(&control, &folder, 0, 2).await;
    let address = edge.udp_addresses()[0];
    let _operator = operator(address, local).await;
    let alice = phone("alice", address, softphone::Transport::Udp).await;
    let healthy = |edge: &edge::EdgeHandle| edge.status().trunks.iter().all(|(_, h)| *h);
    // Which trunk is first is drawn by lot.
    let mut made = 0;
    while healthy(&edge) && made < 40 {
        let call = alice.dial("+493012345678").await.expect("it dials");
        call.answered(PATIENCE).await.expect("it is answered");
        call.hang_up(PATIENCE).await.expect("it hangs up");
        made += 1;
    }
    let calls = control.ended(made).await;
    let attempts = calls.last().and_then(|call| {
        call.iter().find_map(|e| match e {
            CdrEvent::End { attempts, .. } => Some(attempts.clone()),
            _ => None,
        })
    });
    let tried: Vec<_> = attempts.iter().flatten().map(|a| (a.trunk.0, a.sip_code)).collect();
    assert_eq!(tried, [(id(TRUNK_A1), 0), (id(TRUNK_A2), 200)]);
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_a_connection_closes_it_and_nothing_else() {
    use std::io::{Read, Write};
    let local = free_address();
    let folder = Folder::new();
    let mut record = trunk(TRUNK_A1, local, Transport::Udp);
    record.match_port = false;
    let control = Control::new(world(vec![record]));
    let edge = start_edge(&control, &folder, 0, 2).await;
    let (udp, tcp) = (edge.udp_addresses()[0], edge.tcp_addresses()[0]);
    let endless = format!("OPTIONS sip:x SIP/2.0\r\nSubject: {}", "x".repeat(200_000));
    let no_length = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\n\r\n";
    for garbage in [endless.as_str(), no_length] {
        let mut stream = std::net::TcpStream::connect(tcp).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        // The edge may close before all of it is written.
        let _ = stream.write_all(garbage.as_bytes());
        let mut answer = Vec::new();
        let closed = match stream.read_to_end(&mut answer) {
            Ok(_) => true,
            Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
        };
        assert!(closed, "the connection is closed");
    }
    // A keep-alive is answered, and the trunk still heard.
    let mut stream = std::net::TcpStream::connect(tcp).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream.write_all(b"\r\n\r\n").expect("it is open");
    let mut pong = [0; 2];
    stream.read_exact(&mut pong).expect("an answer");
    assert_eq!(&pong, b"\r\n");
    let operator = operator(udp, local).await;
    assert_eq!(operator.ping(PATIENCE).await.expect("an answer").0, 200);
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trunk_is_asked_twice_because_its_answer_went_to_another_shard() {
    let locals: Vec<_> = (0..12).map(|_| std::net::UdpSocket::bind(("127.0.0.1", 0))).collect();
    let locals: Vec<_> = locals.into_iter().map(|s| s.expect("a free port")).collect();
    let records = locals.iter().zip(1..).map(|(socket, n)| {
        let local = socket.local_addr().expect("it is bound");
        let mut record = trunk(TRUNK_A1 + 1000 * n, local, Transport::Udp);
        record.send_options = true;
        record
    });
    let folder = Folder::new();
    let control = Control::new(world(records.collect()));
    let edge = start_edge(&control, &folder, 0, 2).await;
    let mut buffer = [0; 2000];
    for socket in &locals {
        socket.set_read_timeout(Some(PATIENCE)).expect("a time");
        let (len, from) = socket.recv_from(&mut buffer).expect("it is asked");
        let mut parser = sip::Parser::default();
        let ask = parser.parse(&buffer[..len]).expect("SIP");
        let mut answer = Vec::new();
        sip::MessageBuilder::response_to(&mut answer, &ask, 200, "OK", Some(b"t"), None).finish();
        socket.send_to(&answer, from).expect("it is sent");
    }
    // An answer that is lost shows by a repetition, half a second later and again.
    for socket in &locals {
        socket.set_read_timeout(Some(Duration::from_millis(150))).expect("a time");
        assert!(socket.recv_from(&mut buffer).is_err(), "asked again");
    }
    assert_eq!(edge.status().trunks.len(), 12);
    edge.shutdown().await;
}
