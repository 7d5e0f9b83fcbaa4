//! Several edges under one list of addresses.

use crate::control::{Control, Folder, PATIENCE, free_address};
use crate::world::*;
use domain::EdgeId;
use edge::fleet::FleetConfig;
use edge::{Edge, EdgeConfig, EdgeError, EdgeHandle};
use feed::record::{Transport, TrunkRecord};
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
    links: [SocketAddr; 2],
}

impl Plan {
    fn new(control: Arc<Control>) -> Self {
        let folders = [Folder::new(), Folder::new()];
        let links = [free_address(), free_address()];
        Self { control, folders, port: free_address().port(), links }
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
            fleet: Some(FleetConfig {
                listen: self.links[which],
                siblings: vec![self.links[1 - which]],
            }),
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

/// Two edges of one plan that have met, and where the operator's trunk listens that
/// both know.
struct Pair {
    plan: Plan,
    local: SocketAddr,
    first: EdgeHandle,
    second: EdgeHandle,
}

impl Pair {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With a trunk that is made so.
    async fn with(make: impl FnOnce(&mut TrunkRecord)) -> Self {
        let local = free_address();
        let mut record = trunk(TRUNK_A1, local, Transport::Udp);
        make(&mut record);
        let plan = Plan::new(Control::new(world(vec![record])));
        let first = plan.start(A).await;
        let second = plan.start(B).await;
        let met = || first.status().siblings + second.status().siblings == 2;
        until("the edges should meet", met).await;
        Self { plan, local, first, second }
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

/// Waits until something is so.
async fn until(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
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
    let Pair { plan, local, first, second } = Pair::start().await;
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
async fn what_a_short_seal_stands_for_outlives_the_edge_that_made_it() {
    let Pair { plan, local, first, second } = Pair::with(|trunk| trunk.max_uri = 90).await;
    let alice = phone(plan.at(A), softphone::Transport::Udp).await;
    let operator = operator(plan.at(A), local).await;
    let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    let answered = call.answered(PATIENCE).await.expect("it is answered");
    let contact = answered.response.get("Contact").expect("where to send what follows").len();
    assert!(contact <= 2 + 90, "{contact} bytes");
    let at_alice = alice.next_call(PATIENCE).await.expect("it rang");
    at_alice.answered(PATIENCE).await.expect("its answer is acknowledged");

    first.shutdown().await;
    serves(&second, &[A, B]).await;
    assert_eq!(call.hold(true, PATIENCE).await.expect("an answer to the re-INVITE"), 200);
    call.hang_up(PATIENCE).await.expect("the BYE passes");
    assert_eq!(at_alice.ended(PATIENCE).await.expect("it ends at Alice's").status, 200);
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_goes_back_to_its_own_edge_and_phones_are_known_to_both() {
    let Pair { plan, local, first, second } = Pair::start().await;
    let alice = phone(plan.at(A), softphone::Transport::Udp).await;
    until("B should know the phone", || second.status().registrations == 1).await;

    first.shutdown().await;
    serves(&second, &[A, B]).await;
    assert_eq!(second.status().siblings, 0);
    let lost = |edge: &EdgeHandle| {
        let (open, _) = edge.view().alarms();
        let mut lost = open.iter().filter(|a| a.code == "sibling_lost");
        lost.next().map(|a| a.subject.clone())
    };
    until("B should miss A", || lost(&second) == Some(id(70).to_string())).await;
    // B rings a phone that registered at A, from the address the phone knows.
    let operator = operator(plan.at(B), local).await;
    let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("it is answered");
    let at_alice = alice.next_call(PATIENCE).await.expect("it rang");

    let first = plan.start(A).await;
    serves(&first, &[A]).await;
    serves(&second, &[B]).await;
    until("B should have A back", || lost(&second).is_none()).await;
    // And now through A, which has never seen this call.
    assert_eq!(at_alice.hold(true, PATIENCE).await.expect("an answer to the re-INVITE"), 200);
    at_alice.hang_up(PATIENCE).await.expect("the BYE passes");
    assert_eq!(call.ended(PATIENCE).await.expect("it ends at the other side").status, 200);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_rung_by_whichever_edge_is_called() {
    for transport in [softphone::Transport::Udp, softphone::Transport::Tcp] {
        let Pair { plan, local, first, second } = Pair::start().await;
        let alice = phone(plan.at(A), transport).await;
        until("B should know the phone", || second.status().registrations == 1).await;
        let operator = operator(plan.at(B), local).await;
        for _ in 0..3 {
            let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
            call.answered(PATIENCE).await.expect("it is answered");
            let at_alice = alice.next_call(PATIENCE).await.expect("it rang");
            at_alice.answered(PATIENCE).await.expect("its answer is acknowledged");
            at_alice.hang_up(PATIENCE).await.expect("the BYE passes");
            call.ended(PATIENCE).await.expect("it ends at the operator's");
        }
        // And one that is given up while it rings.
        alice.set_answering(Answering::Ring).expect("it runs");
        let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
        call.ringing(PATIENCE).await.expect("it rings");
        let at_alice = alice.next_call(PATIENCE).await.expect("it rings");
        call.cancel().expect("it runs");
        at_alice.ended(PATIENCE).await.expect("it rings no more");
        let live = || first.status().live_calls + second.status().live_calls;
        until("no call should be left", || live() == 0).await;
        first.shutdown().await;
        second.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_while_its_address_goes_back_is_answered_or_given_up_like_any_other() {
    let local = free_address();
    let plan = Plan::new(Control::new(world(vec![trunk(TRUNK_A1, local, Transport::Udp)])));
    let second = plan.start(B).await;
    serves(&second, &[A, B]).await;
    let alice = phone(plan.at(A), softphone::Transport::Udp).await;
    alice.set_answering(Answering::Manual).expect("it runs");
    let operator = operator(plan.at(A), local).await;
    let mut ringing = Vec::new();
    for _ in 0..3 {
        let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
        call.ringing(PATIENCE).await.expect("it rings");
        ringing.push((call, alice.next_call(PATIENCE).await.expect("it rings")));
    }

    let first = plan.start(A).await;
    serves(&first, &[A]).await;
    serves(&second, &[B]).await;
    until("the edges should meet", || first.status().siblings + second.status().siblings == 2)
        .await;
    // What B began comes to A's address now.
    let mut ringing = ringing.into_iter();
    let mut next = || ringing.next().expect("there are three");
    let ((answered, at_alice), (given_up, rings), (refused, refuses)) = (next(), next(), next());
    at_alice.answer().expect("it rings");
    answered.answered(PATIENCE).await.expect("it is answered");
    at_alice.answered(PATIENCE).await.expect("the answer is acknowledged");
    given_up.cancel().expect("it runs");
    assert_eq!(given_up.ended(PATIENCE).await.expect("it is over").status, 487);
    rings.ended(PATIENCE).await.expect("it rings no more");
    refuses.reject(486).expect("it rings");
    assert_eq!(refused.ended(PATIENCE).await.expect("it is refused").status, 486);
    answered.hang_up(PATIENCE).await.expect("the BYE passes");
    at_alice.ended(PATIENCE).await.expect("it ends at Alice's");
    let live = || first.status().live_calls + second.status().live_calls;
    until("no call should be left", || live() == 0).await;
    let calls = plan.control.ended(3).await;
    assert_eq!(calls.len(), 3);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_by_two() {
    let Pair { plan, local, first, second } = Pair::start().await;
    let alice = phone(plan.at(A), softphone::Transport::Udp).await;
    let operator = operator(plan.at(A), local).await;
    let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("it is answered");
    until("B should have journalled it", || second.status().journalled == 1).await;
    call.hang_up(PATIENCE).await.expect("the BYE passes");
    drop(alice);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_on_the_link_change_nothing_and_hold_nobody_up() {
    use std::io::{Read, Write};
    let plan = Plan::new(Control::new(world(Vec::new())));
    let first = plan.start(A).await;
    let mut idle = Vec::new();
    for n in 0..40u8 {
        let mut stranger = std::net::TcpStream::connect(plan.links[0]).expect("it listens");
        match n % 4 {
            0 => {}
            1 => stranger.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is open"),
            2 => stranger.write_all(b"MPF1\x07sixteen bytes...").expect("it is open"),
            _ => {
                // The key's id is right, and everything after that is made up.
                stranger.write_all(b"MPF1\x01sixteen bytes...").expect("it is open");
                stranger.set_read_timeout(Some(PATIENCE)).expect("a time");
                let mut answer = [0; 4 + 16 + 16 + 32];
                if stranger.read_exact(&mut answer).is_ok() {
                    let mut forged = 40u32.to_le_bytes().to_vec();
                    forged.extend_from_slice(&[n; 40]);
                    stranger.write_all(&forged).expect("it is open");
                    assert!(stranger.read_exact(&mut [0]).is_err(), "it is closed");
                }
            }
        }
        idle.push(stranger);
    }
    assert_eq!(first.status().siblings, 0);
    let second = plan.start(B).await;
    until("the edges should meet", || first.status().siblings + second.status().siblings == 2)
        .await;
    serves(&first, &[A]).await;
    drop(idle);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_drains_takes_no_new_calls_and_hands_its_addresses_over() {
    let Pair { plan, local, first, second } = Pair::start().await;
    let _alice = phone(plan.at(A), softphone::Transport::Udp).await;
    let operator = operator(plan.at(A), local).await;
    let call = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    call.answered(PATIENCE).await.expect("it is answered");
    first.drain(PATIENCE).await;
    let refused = operator.ping(PATIENCE).await.expect_err("it leaves");
    assert!(refused.to_string().contains("503"), "{refused}");
    let refused = operator.call("+33123456789", ALICE_NUMBER).await.expect("it calls");
    assert_eq!(refused.ended(PATIENCE).await.expect("it is refused").status, 503);
    first.shutdown().await;
    serves(&second, &[A, B]).await;
    assert_eq!(operator.ping(PATIENCE).await.expect("an answer").0, 200);
    call.hang_up(PATIENCE).await.expect("the call went on");
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
