//! Several edges under one list of addresses.

use crate::control::{Control, Folder, PATIENCE, free_address};
use crate::world::*;
use domain::EdgeId;
use edge::{Edge, EdgeConfig, EdgeError, EdgeHandle};
use feed::record::Transport;
use softphone::{Answering, OperatorTrunk, Phone, PhoneConfig, TrunkConfig};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

const A: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 61));
const B: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 62));

/// Two addresses that both edges list.
struct Plan {
    control: Arc<Control>,
    folders: [Folder; 2],
    port: u16,
}

impl Plan {
    fn new(control: Arc<Control>) -> Self {
        Self { control, folders: [Folder::new(), Folder::new()], port: free_address().port() }
    }

    fn at(&self, host: IpAddr) -> SocketAddr {
        (host, self.port).into()
    }

    fn config(&self, home: IpAddr) -> EdgeConfig {
        let which = usize::from(home == B);
        let all: Vec<_> = [A, B].map(|host| self.at(host)).into();
        EdgeConfig {
            listen_udp: all.clone(),
            listen_tcp: all,
            home: vec![home],
            shards: Some(2),
            ..EdgeConfig::new(EdgeId(id(70 + which as u128)), self.folders[which].path())
        }
    }

    async fn start(&self, home: IpAddr) -> EdgeHandle {
        let edge = Edge::start(self.config(home), self.control.clone()).expect("it starts");
        tokio::time::timeout(PATIENCE, edge.ready()).await.expect("a world comes");
        edge
    }
}

/// Waits until the edge serves exactly these hosts, by UDP and TCP.
async fn serves(edge: &EdgeHandle, hosts: &[IpAddr]) {
    let begun = Instant::now();
    loop {
        let addresses = edge.addresses();
        if addresses.iter().all(|a| a.held == hosts.contains(&a.address.ip())) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{hosts:?} should be held: {addresses:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn answer() -> Answering {
    Answering::Answer { after: Duration::from_millis(20) }
}

async fn phone(registrar: SocketAddr, transport: softphone::Transport) -> Phone {
    let phone = Phone::start(PhoneConfig {
        username: "alice".into(),
        password: "alice-secret".into(),
        domain: DOMAIN.into(),
        registrar,
        transport,
        bind: Ipv4Addr::LOCALHOST.into(),
        answering: answer(),
    })
    .await
    .expect("a phone");
    assert_eq!(phone.register(300, PATIENCE).await.expect("it registers").status, 200);
    phone
}

async fn operator(exchange: SocketAddr, bind: SocketAddr) -> OperatorTrunk {
    let transport = softphone::Transport::Udp;
    let config = TrunkConfig { bind, transport, exchange, answering: answer() };
    OperatorTrunk::start(config).await.expect("a trunk")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_an_edge_that_is_gone_go_on_at_the_one_that_takes_its_address() {
    let local = free_address();
    let plan = Plan::new(Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)])));
    let first = plan.start(A).await;
    let second = plan.start(B).await;
    serves(&second, &[B]).await;
    let alice = phone(plan.at(A), softphone::Transport::Udp).await;
    let operator = operator(plan.at(A), local).await;
    let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("it is answered");
    let at_alice = alice.next_call(PATIENCE).await.expect("it rang");
    call.talk(5, PATIENCE).await.expect("media passes");

    first.shutdown().await;
    serves(&second, &[A, B]).await;
    for holds in [true, false] {
        assert_eq!(call.hold(holds, PATIENCE).await.expect("an answer to the re-INVITE"), 200);
        assert_eq!(at_alice.hold(holds, PATIENCE).await.expect("an answer to the re-INVITE"), 200);
    }
    at_alice.hang_up(PATIENCE).await.expect("the BYE passes");
    assert_eq!(call.ended(PATIENCE).await.expect("it ends at the other side").status, 200);
    // What leaves for the operator leaves from the address it knows.
    let out = alice.register(300, PATIENCE).await.expect("it registers");
    assert_eq!(out.status, 200);
    let out = alice.dial("+493012345678").await.expect("it dials");
    out.answered(PATIENCE).await.expect("it is answered");
    out.hang_up(PATIENCE).await.expect("it hangs up");
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_process_shares_an_address() {
    let plan = Plan::new(Control::new(world(Vec::new())));
    let first = plan.start(A).await;
    let alone = EdgeConfig {
        listen_udp: vec![plan.at(A)],
        listen_tcp: Vec::new(),
        home: Vec::new(),
        ..plan.config(B)
    };
    let refused = Edge::start(alone, plan.control.clone()).err();
    assert!(matches!(refused, Some(EdgeError::Bind { .. })), "{refused:?}");
    let alone = EdgeConfig {
        listen_udp: Vec::new(),
        listen_tcp: vec![plan.at(A)],
        home: Vec::new(),
        ..plan.config(B)
    };
    let refused = Edge::start(alone, plan.control.clone()).err();
    assert!(matches!(refused, Some(EdgeError::Bind { .. })), "{refused:?}");
    first.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_work_is_refused() {
    let plan = Plan::new(Control::new(world(Vec::new())));
    let stranger = EdgeConfig { home: vec![Ipv4Addr::new(127, 0, 0, 99).into()], ..plan.config(A) };
    let refused = Edge::start(stranger, plan.control.clone()).err();
    assert!(matches!(refused, Some(EdgeError::Home { .. })), "{refused:?}");
    let any = EdgeConfig { listen_udp: vec![(A, 0).into()], ..plan.config(A) };
    let refused = Edge::start(any, plan.control.clone()).err();
    assert!(matches!(refused, Some(EdgeError::NoPort { .. })), "{refused:?}");
}
