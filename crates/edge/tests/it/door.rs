//! Strangers at the TCP door.

use crate::control::{Control, Folder, PATIENCE, free_address, start_edge, start_edge_with};
use crate::world::*;
use domain::trusted::TrustedNetwork;
use feed::record::Transport;
use softphone::{Answering, OperatorTrunk, Phone, PhoneConfig, TrunkConfig};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

async fn phone(bind: [u8; 4], edge: SocketAddr) -> Phone {
    let phone = Phone::start(PhoneConfig {
        username: "alice".into(),
        password: "alice-secret".into(),
        domain: DOMAIN.into(),
        registrar: edge,
        transport: softphone::Transport::Tcp,
        bind: IpAddr::from(bind),
        answering: Answering::Answer { after: Duration::from_millis(20) },
    })
    .await
    .expect("a phone");
    assert_eq!(phone.register(300, PATIENCE).await.expect("it registers").status, 200);
    phone
}

async fn operator(edge: SocketAddr, bind: SocketAddr) -> OperatorTrunk {
    OperatorTrunk::start(TrunkConfig {
        bind,
        transport: softphone::Transport::Udp,
        exchange: edge,
        answering: Answering::Ring,
    })
    .await
    .expect("a trunk")
}

fn connect(edge: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(edge).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream
}

fn is_closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(n) => n == 0,
        Err(e) => e.kind() == ErrorKind::ConnectionReset,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_shows_nobody_is_closed_and_a_phones_is_kept() {
    let local = free_address();
    let folder = Folder::new();
    let control = Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)]));
    let edge = start_edge_with(&control, &folder, 0, 2, Duration::from_millis(500)).await;
    let (udp, tcp) = (edge.udp_addresses()[0], edge.tcp_addresses()[0]);
    let alice = phone([127, 0, 0, 1], tcp).await;
    // It came after the phone: when it is closed the phone's time was up too.
    let mut idle: Vec<_> = (0..8).map(|_| connect(tcp)).collect();
    assert!(idle.iter_mut().all(is_closed), "idle connections are closed");
    let trunk = operator(udp, local).await;
    let call = trunk.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("the phone is still reached");
    let rang = alice.next_call(PATIENCE).await.expect("it rang");
    rang.hang_up(PATIENCE).await.expect("it hangs up");
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_for_help_from_a_trusted_network_keeps_the_connection() {
    let local = free_address();
    let folder = Folder::new();
    let mut records = world(vec![trunk(TRUNK_A1, local, Transport::Udp)]);
    records.tenants[0].trusted_networks.push(TrustedNetwork {
        prefix: "127.0.0.0/16".parse().expect("a network"),
        country: gb(),
        description: String::new(),
        unproven_help: true,
    });
    let control = Control::new(records);
    let edge = start_edge_with(&control, &folder, 0, 2, Duration::from_millis(500)).await;
    let (udp, tcp) = (edge.udp_addresses()[0], edge.tcp_addresses()[0]);
    let answering = Answering::Answer { after: Duration::from_millis(20) };
    let operator = OperatorTrunk::start(TrunkConfig {
        bind: local,
        transport: softphone::Transport::Udp,
        exchange: udp,
        answering,
    })
    .await
    .expect("a trunk");
    for (transport, registrar) in
        [(softphone::Transport::Tcp, tcp), (softphone::Transport::Udp, udp)]
    {
        // Of the house, but nobody's, and it never registered.
        let lobby = Phone::start(PhoneConfig {
            username: "lobby".into(),
            password: "none".into(),
            domain: DOMAIN.into(),
            registrar,
            transport,
            bind: IpAddr::from([127, 0, 0, 1]),
            answering,
        })
        .await
        .expect("a phone");
        let call = lobby.dial("999").await.expect("it dials");
        call.answered(PATIENCE).await.expect("it is answered");
        let helper = operator.next_call(PATIENCE).await.expect("it rang");
        // Strangers who came later are shut out by now.
        assert!(is_closed(&mut connect(tcp)));
        helper.hang_up(PATIENCE).await.expect("it hangs up");
        assert_eq!(call.ended(PATIENCE).await.expect("it ends at the phone").status, 200);
        // And good for nothing else.
        let other = lobby.dial("+493012345678").await.expect("it dials");
        let refused = other.ended(PATIENCE).await.expect("it is refused");
        assert_eq!(refused.status, 407, "{refused:?}");
    }
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_never_stops_talking_holds_up_nobody() {
    let local = free_address();
    let folder = Folder::new();
    let control = Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)]));
    let edge = start_edge(&control, &folder, 0, 1).await;
    let (udp, tcp) = (edge.udp_addresses()[0], edge.tcp_addresses()[0]);
    let operator = operator(udp, local).await;
    let stop = Arc::new(AtomicBool::new(false));
    let ask = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bKq\r\n\
               From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: q\r\nCSeq: 1 OPTIONS\r\n\
               Content-Length: 0\r\n\r\n";
    let mut stream = connect(tcp);
    let (over, begun) = (stop.clone(), edge.status().silenced);
    let talker = std::thread::spawn(move || {
        let flood = ask.repeat(5_000);
        while !over.load(Ordering::Relaxed) && stream.write_all(flood.as_bytes()).is_ok() {}
    });
    while edge.status().silenced == begun {
        tokio::task::yield_now().await;
    }
    for _ in 0..5 {
        assert_eq!(operator.ping(PATIENCE).await.expect("an answer").0, 200);
    }
    stop.store(true, Ordering::Relaxed);
    talker.join().expect("no panic");
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_cannot_take_every_connection() {
    let folder = Folder::new();
    let control = Control::new(world(Vec::new()));
    let edge = start_edge(&control, &folder, 0, 1).await;
    let tcp = edge.tcp_addresses()[0];
    let mut held: Vec<_> = (0..200).map(|_| connect(tcp)).collect();
    // The last was beyond what one address may hold.
    assert!(held.last_mut().is_some_and(is_closed));
    held[0].write_all(b"\r\n\r\n").expect("it is open");
    let mut pong = [0; 2];
    held[0].read_exact(&mut pong).expect("the first ones are kept");
    let _elsewhere = phone([127, 0, 0, 2], tcp).await;
    edge.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_at_every_address_must_be_told_its_host() {
    let folder = Folder::new();
    let every = SocketAddr::from(([0, 0, 0, 0], 0));
    let mut config = edge::EdgeConfig {
        listen_udp: vec![every],
        ..edge::EdgeConfig::new(domain::EdgeId(id(7)), folder.path())
    };
    let control = Control::new(world(Vec::new()));
    let refused = edge::Edge::start(config.clone(), control.clone()).err().map(|e| e.to_string());
    assert!(refused.as_ref().is_some_and(|e| e.contains("sip_host")), "{refused:?}");
    config.advertised = Some("sip.example.org".into());
    edge::Edge::start(config, control).expect("now it starts").shutdown().await;
}
