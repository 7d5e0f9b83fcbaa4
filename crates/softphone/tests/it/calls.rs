//! Two trunks call each other directly.

use std::time::Duration;

use softphone::{
    Answering, Call, CallPhase, EndedBy, OperatorTrunk, PhoneError, Transport, TrunkConfig,
    TrunkMode,
};

use crate::SOON;

const CALLER: &str = "+15551230001";
const CALLED: &str = "+442079460001";

async fn pair(transport: Transport, answering: Answering) -> (OperatorTrunk, OperatorTrunk) {
    let any = "127.0.0.1:0".parse().expect("an address");
    let config = TrunkConfig { bind: any, transport, exchange: any, answering };
    let callee = OperatorTrunk::start(config.clone()).await.expect("free ports");
    let config = TrunkConfig { exchange: callee.address(), ..config };
    let caller = OperatorTrunk::start(config).await.expect("free ports");
    (caller, callee)
}

async fn connect(caller: &OperatorTrunk, callee: &OperatorTrunk) -> (Call, Call) {
    let out = caller.call(CALLER, CALLED).await.expect("a media socket");
    let taken = callee.next_call(SOON).await.expect("the call arrives");
    (out, taken)
}

async fn talks_and_ends(transport: Transport) {
    let (caller, callee) = pair(transport, Answering::Answer { after: Duration::ZERO }).await;

    let (out, taken) = connect(&caller, &callee).await;
    let answered = out.answered(SOON).await.expect("an answer");
    assert!(answered.has_status(180), "it rang first: {:?}", answered.statuses);
    let invite = taken.view().invite;
    assert_eq!(invite.called(), Some(CALLED));
    assert_eq!(invite.from_user(), Some(CALLER));
    assert_eq!(invite.asserted_user(), Some(CALLER));
    assert!(out.talk(3, SOON).await.expect("the callee is heard").sent > 0);
    taken.talk(3, SOON).await.expect("the caller is heard");

    assert_eq!(out.hold(true, SOON).await.expect("hold is taken"), 200);
    taken.held_by_peer(true, SOON).await.expect("the callee notices");
    let quiet = out.media().received;
    assert_eq!(out.hold(false, SOON).await.expect("the call is taken up"), 200);
    taken.held_by_peer(false, SOON).await.expect("the callee notices");
    let again = out.talk(2, SOON).await.expect("the callee is heard again");
    assert!(again.received >= quiet + 2);

    assert_eq!(out.hang_up(SOON).await.expect("the BYE is answered").0, 200);
    let end = taken.ended(SOON).await.expect("the callee notices");
    assert_eq!((end.by, end.status), (EndedBy::Them, 200));

    let (out, taken) = connect(&caller, &callee).await;
    taken.answered(SOON).await.expect("it answers");
    out.answered(SOON).await.expect("an answer");
    assert_eq!(taken.hang_up(SOON).await.expect("the BYE is answered").0, 200);
    assert_eq!(out.ended(SOON).await.expect("the caller notices").by, EndedBy::Them);
    assert_eq!(out.view().phase, CallPhase::Ended);
}

#[tokio::test]
async fn a_call_over_udp_talks_holds_and_is_hung_up_by_either_side() {
    talks_and_ends(Transport::Udp).await;
}

#[tokio::test]
async fn a_call_over_tcp_talks_holds_and_is_hung_up_by_either_side() {
    talks_and_ends(Transport::Tcp).await;
}

#[tokio::test]
async fn a_caller_who_gives_up_stops_the_ringing() {
    let (caller, callee) = pair(Transport::Udp, Answering::Manual).await;
    let (out, taken) = connect(&caller, &callee).await;
    out.ringing(SOON).await.expect("it rings");
    out.cancel().expect("the trunk lives");
    let end = out.ended(SOON).await.expect("the call is over");
    assert_eq!((end.by, end.status), (EndedBy::Us, 487));
    let end = taken.ended(SOON).await.expect("the callee notices");
    assert_eq!((end.by, end.status), (EndedBy::Them, 487));
}

#[tokio::test]
async fn refusals_reach_the_caller_with_their_status() {
    let (caller, callee) = pair(Transport::Udp, Answering::Reject { status: 486 }).await;
    let (out, _) = connect(&caller, &callee).await;
    let refused = out.answered(SOON).await.expect_err("busy");
    assert_eq!(refused.status(), Some(486));

    callee.set_answering(Answering::Manual).expect("the trunk lives");
    let (out, taken) = connect(&caller, &callee).await;
    out.ringing(SOON).await.expect("it rings");
    taken.reject(603).expect("the trunk lives");
    assert_eq!(out.answered(SOON).await.expect_err("declined").status(), Some(603));
}

#[tokio::test]
async fn a_trunk_out_of_service_says_so_and_a_silent_one_says_nothing() {
    let (caller, callee) = pair(Transport::Udp, Answering::Manual).await;
    assert_eq!(caller.ping(SOON).await.expect("OPTIONS is answered").0, 200);
    assert_eq!(callee.options_answered(), 1);

    callee.set_mode(TrunkMode::Unavailable).expect("the trunk lives");
    assert_eq!(caller.ping(SOON).await.expect_err("not now").status(), Some(503));
    let out = caller.call(CALLER, CALLED).await.expect("a media socket");
    assert_eq!(out.answered(SOON).await.expect_err("not now").status(), Some(503));

    callee.set_mode(TrunkMode::Silent).expect("the trunk lives");
    let out = caller.call(CALLER, CALLED).await.expect("a media socket");
    let waited = out.ringing(Duration::from_millis(300)).await;
    assert!(matches!(waited, Err(PhoneError::Deadline { .. })), "{waited:?}");
    assert!(callee.invites_unanswered() > 1, "silence is counted");
}

#[tokio::test]
async fn nobody_at_the_other_end_of_tcp_is_a_503() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let nobody = gone.local_addr().expect("it has one");
    drop(gone);
    let config = TrunkConfig {
        bind: "127.0.0.1:0".parse().expect("an address"),
        transport: Transport::Tcp,
        exchange: nobody,
        answering: Answering::Manual,
    };
    let caller = OperatorTrunk::start(config).await.expect("free ports");
    let out = caller.call(CALLER, CALLED).await.expect("a media socket");
    assert_eq!(out.answered(SOON).await.expect_err("no connection").status(), Some(503));
}
