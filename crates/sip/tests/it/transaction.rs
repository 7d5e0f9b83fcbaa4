//! Transaction timers and matching, on a clock of the test's own.

use std::time::{Duration, Instant};

use sip::transaction::{
    AckAction, Config, InviteClient, InviteServer, NonInviteClient, NonInviteServer,
    ResponseAction, TimerAction,
};
use sip::{
    CancelOutcome, ClientTx, Event, HeaderName, MessageBuilder, Method, Origin, Parser, Received,
    Reliability, ServerTx, State, Target, Timers, TransactionLayer, TxError,
};

use Reliability::{Reliable, Unreliable};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Milliseconds after `start` at which the machine retransmits, and how it ends.
fn life(
    start: Instant,
    mut next: impl FnMut() -> Option<Instant>,
    mut fire: impl FnMut(Instant) -> TimerAction,
) -> (Vec<u64>, TimerAction, u64) {
    let mut sent = Vec::new();
    loop {
        let at = next().expect("a machine with nothing due never ends");
        let ms = (at - start).as_millis() as u64;
        match fire(at) {
            TimerAction::Nothing => panic!("nothing to do at {ms} ms, though it asked for it"),
            TimerAction::Retransmit => sent.push(ms),
            end => return (sent, end, ms),
        }
    }
}

macro_rules! life {
    ($start:expr, $machine:expr) => {{
        let machine = std::cell::RefCell::new(&mut $machine);
        life(
            $start,
            || machine.borrow().poll_timeout(),
            |at| machine.borrow_mut().handle_timeout(at),
        )
    }};
}

#[test]
fn an_unanswered_invite_doubles_its_interval_for_64_t1() {
    let t = crate::epoch();
    let mut m = InviteClient::new(Timers::default(), Unreliable, t);
    let want = vec![500, 1_500, 3_500, 7_500, 15_500, 31_500];
    assert_eq!(life!(t, m), (want, TimerAction::TimedOut, 32_000));
    assert_eq!(m.state(), State::Terminated);
    let mut m = InviteClient::new(Timers::default(), Reliable, t);
    assert_eq!(life!(t, m), (vec![], TimerAction::TimedOut, 32_000));
}

#[test]
fn an_unanswered_request_is_capped_at_t2() {
    let t = crate::epoch();
    let mut m = NonInviteClient::new(Timers::default(), Unreliable, t);
    let want = vec![500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(life!(t, m), (want, TimerAction::TimedOut, 32_000));
    let mut m = NonInviteClient::new(Timers::default(), Unreliable, t);
    assert_eq!(m.handle_response(100, t), ResponseAction::Deliver);
    let (sent, ..) = life!(t, m);
    assert_eq!(sent[..3], [500, 4_500, 8_500], "after a provisional it waits T2");
}

#[test]
fn client_responses_by_state() {
    use ResponseAction::*;
    let t = crate::epoch();
    let mut m = InviteClient::new(Timers::default(), Unreliable, t);
    assert_eq!(m.handle_response(180, t), Deliver);
    assert_eq!(m.poll_timeout(), None, "a ringing phone may ring");
    assert_eq!(m.handle_response(486, t), DeliverAndAck);
    assert_eq!(m.handle_response(486, t), AckAgain);
    assert_eq!(m.handle_response(200, t), Drop);
    assert_eq!(m.handle_response(180, t), Drop);
    assert_eq!(life!(t, m), (vec![], TimerAction::Ended, 32_000), "timer D");

    let mut m = InviteClient::new(Timers::default(), Reliable, t);
    assert_eq!(m.handle_response(200, t), Deliver);
    assert_eq!(m.handle_response(200, t), Deliver, "another fork, or a retransmission");
    assert_eq!(m.handle_response(486, t), Drop);
    assert_eq!(life!(t, m), (vec![], TimerAction::Ended, 32_000), "timer M, over TCP too");

    let mut m = InviteClient::new(Timers::default(), Reliable, t);
    m.handle_response(603, t);
    assert_eq!(m.poll_timeout(), Some(t), "timer D is zero over TCP");

    let mut m = NonInviteClient::new(Timers::default(), Unreliable, t);
    assert_eq!(m.handle_response(200, t), Deliver);
    assert_eq!(m.handle_response(200, t), Drop);
    assert_eq!(life!(t, m), (vec![], TimerAction::Ended, 5_000), "timer K");
}

#[test]
fn a_refused_invite_is_repeated_until_its_ack() {
    let t = crate::epoch();
    let mut m = InviteServer::new(Timers::default(), Unreliable, false);
    assert_eq!(m.handle_send(100, t), Ok(()));
    assert_eq!(m.handle_send(486, t), Ok(()));
    assert!(m.handle_send(200, t).is_err(), "one final response");
    assert!(m.handle_retransmission());
    let want = vec![500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(life!(t, m), (want, TimerAction::TimedOut, 32_000), "timers G and H");

    let mut m = InviteServer::new(Timers::default(), Unreliable, false);
    m.handle_send(486, t).unwrap();
    assert_eq!(m.handle_ack(t + MS(700)), AckAction::Confirmed);
    assert_eq!(m.handle_ack(t + MS(800)), AckAction::Absorb);
    assert!(!m.handle_retransmission());
    assert_eq!(life!(t, m), (vec![], TimerAction::Ended, 5_700), "timer I");
}

#[test]
fn an_accepted_invite_stays_for_more_2xx() {
    let t = crate::epoch();
    let mut m = InviteServer::new(Timers::default(), Unreliable, false);
    m.handle_send(200, t).unwrap();
    assert!(!m.handle_retransmission(), "the INVITE is absorbed without an answer");
    assert_eq!(m.handle_send(200, t + MS(500)), Ok(()), "2xx passed on end to end");
    assert!(m.handle_send(486, t).is_err());
    assert_eq!(m.handle_ack(t), AckAction::Deliver);
    assert_eq!(life!(t, m), (vec![], TimerAction::Ended, 32_000), "timer L");

    let mut m = InviteServer::new(Timers::default(), Reliable, true);
    m.handle_send(200, t).unwrap();
    let (sent, end, _) = life!(t, m);
    assert_eq!((sent.len(), end), (10, TimerAction::TimedOut), "nobody acknowledged");
    let mut m = InviteServer::new(Timers::default(), Unreliable, true);
    m.handle_send(200, t).unwrap();
    m.handle_ack_2xx();
    assert_eq!(life!(t, m), (vec![], TimerAction::Ended, 32_000));
}

#[test]
fn a_final_response_lingers_over_udp_only() {
    let t = crate::epoch();
    for (reliability, want) in [(Unreliable, 32_000), (Reliable, 0)] {
        let mut m = NonInviteServer::new(Timers::default(), reliability);
        assert!(!m.handle_retransmission(), "nothing to repeat yet");
        m.handle_send(200, t).unwrap();
        assert!(m.handle_retransmission());
        assert!(m.handle_send(200, t).is_err());
        assert_eq!(life!(t, m), (vec![], TimerAction::Ended, want), "timer J");
    }
}

// ----- the layer ------------------------------------------------------------

type Wire = Vec<Vec<u8>>;

struct Bench {
    now: Instant,
    layer: TransactionLayer<u8>,
    parser: Parser,
    wire: Wire,
}

impl Bench {
    fn new() -> Self {
        Self {
            now: crate::epoch(),
            layer: TransactionLayer::new(Config::default(), [1; 16]),
            parser: Parser::default(),
            wire: Vec::new(),
        }
    }

    fn receive(&mut self, text: &str) -> Received {
        let Self { now, layer, parser, wire } = self;
        let origin = Origin { peer: 1, reliability: Unreliable, source: None };
        let message = parser.parse(text.as_bytes()).unwrap();
        layer.receive(*now, &origin, &message, &mut |_: &u8, b: &[u8]| wire.push(b.to_vec()))
    }

    fn reply(&mut self, tx: ServerTx, status: u16) -> Result<(), TxError> {
        let Self { now, layer, wire, .. } = self;
        let mut sink = |_: &u8, b: &[u8]| wire.push(b.to_vec());
        layer.reply(*now, tx, status, Some(b"tt"), &mut sink, |b| b.finish())
    }

    fn send(&mut self, method: Method<'_>, tag: u64) -> (ClientTx, String) {
        let Self { now, layer, wire, .. } = self;
        let branch = layer.branch();
        let mut out = layer.buffer();
        MessageBuilder::request(&mut out, method, b"sip:b@h")
            .via("UDP", "me:5060", branch.as_bytes())
            .header(HeaderName::Route, "<sip:proxy;lr>")
            .header(HeaderName::From, "<sip:a@h>;tag=f")
            .header(HeaderName::To, "<sip:b@h>")
            .header(HeaderName::CallId, "c")
            .cseq(9, method)
            .finish();
        let to = Target { peer: 2, reliability: Unreliable };
        let mut sink = |_: &u8, b: &[u8]| wire.push(b.to_vec());
        let tx = layer.request(*now, to, &branch, out, tag, &mut sink).unwrap();
        (tx, String::from_utf8(branch.as_bytes().to_vec()).unwrap())
    }

    fn cancel(&mut self, tx: ClientTx) -> CancelOutcome {
        let Self { now, layer, wire, .. } = self;
        let mut sink = |_: &u8, b: &[u8]| wire.push(b.to_vec());
        layer.cancel(*now, tx, Some(b"SIP;cause=200"), &mut sink)
    }

    fn pass(&mut self, ms: u64) {
        let until = self.now + MS(ms);
        let Self { layer, wire, .. } = self;
        while let Some(at) = layer.poll_timeout().filter(|at| *at <= until) {
            layer.handle_timeout(at, &mut |_: &u8, b: &[u8]| wire.push(b.to_vec()));
        }
        self.now = until;
    }

    fn sent(&mut self) -> Vec<String> {
        let first_line = |m: Vec<u8>| String::from_utf8(m).unwrap();
        self.wire.drain(..).map(first_line).map(|m| m.lines().next().unwrap().into()).collect()
    }
}

fn request(line: &str, branch: &str, cseq: &str) -> String {
    format!(
        "{line} SIP/2.0\r\nVia: SIP/2.0/UDP Peer.example;branch={branch}\r\n\
         From: <sip:a@h>;tag=f\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: {cseq}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

fn response(status: u16, branch: &str, cseq: &str) -> String {
    format!(
        "SIP/2.0 {status} x\r\nVia: SIP/2.0/UDP me:5060;branch={branch}\r\n\
         From: <sip:a@h>;tag=f\r\nTo: <sip:b@h>;tag=theirs\r\nCall-ID: c\r\nCSeq: {cseq}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

#[test]
fn retransmissions_stop_at_the_layer() {
    let mut b = Bench::new();
    let invite = request("INVITE sip:b@h", "z9hG4bK1", "1 INVITE");
    let Received::Request { tx } = b.receive(&invite) else { panic!() };
    b.layer.set_tag(tx, 77);
    assert_eq!(b.receive(&invite), Received::Absorbed);
    assert_eq!(b.sent(), [""; 0], "nothing answered, nothing repeated");
    b.reply(tx, 100).unwrap();
    b.reply(tx, 180).unwrap();
    assert_eq!(b.receive(&invite), Received::Absorbed);
    assert_eq!(b.sent(), ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 180 Ringing"]);
    b.reply(tx, 486).unwrap();
    assert_eq!(b.reply(tx, 200), Err(TxError::State));
    let ack = request("ACK sip:b@h", "z9hG4bK1", "1 ACK");
    assert_eq!(b.receive(&ack), Received::Confirmed { tx, tag: 77 });
    assert_eq!(b.receive(&ack), Received::Absorbed);
    b.pass(60_000);
    assert!(b.layer.is_empty());
    assert_eq!(b.sent(), ["SIP/2.0 486 Busy Here"]);
    assert_eq!(b.reply(tx, 200), Err(TxError::Gone));
    assert_eq!(b.layer.poll_event(), None);
}

#[test]
fn a_missing_ack_is_told() {
    let mut b = Bench::new();
    let invite = request("INVITE sip:b@h", "z9hG4bK1", "1 INVITE");
    let Received::Request { tx } = b.receive(&invite) else { panic!() };
    b.reply(tx, 500).unwrap();
    b.pass(32_000);
    assert_eq!(b.layer.poll_event(), Some(Event::AckTimeout { tx, tag: 0 }));
    assert_eq!(b.sent().len(), 11);
}

#[test]
fn branches_do_not_mix_up_senders_methods_or_old_elements() {
    let mut b = Bench::new();
    let one = request("INVITE sip:b@h", "z9hG4bK1", "1 INVITE");
    let other = one.replace("Peer.example", "peer2.example");
    let Received::Request { tx } = b.receive(&one) else { panic!() };
    assert!(matches!(b.receive(&other), Received::Request { .. }), "another sent-by");
    assert_eq!(b.receive(&one.replace("Peer.ex", "pEER.EX")), Received::Absorbed);
    let options = request("OPTIONS sip:b@h", "z9hG4bK1", "1 OPTIONS");
    assert!(matches!(b.receive(&options), Received::Request { .. }), "another method");
    assert_eq!(
        b.receive(&request("ACK sip:b@h", "z9hG4bKx", "1 ACK")),
        Received::Ack { invite: None }
    );

    let cancel = request("CANCEL sip:b@h", "z9hG4bK1", "1 CANCEL");
    let Received::Cancel { invite, .. } = b.receive(&cancel) else { panic!() };
    assert_eq!(invite, Some((tx, 0)));
    let stray = request("CANCEL sip:b@h", "z9hG4bK2", "1 CANCEL");
    let Received::Cancel { invite: None, .. } = b.receive(&stray) else { panic!() };

    // RFC 2543: no cookie, so the whole of Request-URI, From tag, Call-ID, CSeq and
    // Via tells; the ACK carries a To tag the INVITE did not.
    let old = request("INVITE sip:b@h", "1", "5 INVITE");
    let Received::Request { tx } = b.receive(&old) else { panic!() };
    assert_eq!(b.receive(&old), Received::Absorbed);
    b.reply(tx, 404).unwrap();
    let ack = request("ACK sip:b@h", "1", "5 ACK").replace("To: <sip:b@h>", "To: <sip:b@h>;tag=tt");
    assert_eq!(b.receive(&ack), Received::Confirmed { tx, tag: 0 });
    let next = request("INVITE sip:b@h", "1", "6 INVITE");
    assert!(matches!(b.receive(&next), Received::Request { .. }));
}

#[test]
fn a_refusal_is_acknowledged_hop_by_hop() {
    let mut b = Bench::new();
    let (tx, branch) = b.send(Method::Invite, 5);
    let busy = response(486, &branch, "9 INVITE");
    assert_eq!(b.receive(&busy), Received::Response { tx, tag: 5 });
    assert_eq!(b.receive(&busy), Received::Absorbed);
    assert_eq!(b.wire[1], b.wire[2], "the same ACK again");
    let mut parser = Parser::default();
    let ack = parser.parse(&b.wire[1]).unwrap();
    assert_eq!((ack.method(), ack.cseq().number), (Method::Ack, 9));
    assert_eq!(ack.via().branch, Some(branch.as_bytes()));
    assert_eq!(ack.to_tag(), Some(&b"theirs"[..]));
    assert_eq!(ack.header(HeaderName::Route), Some(&b"<sip:proxy;lr>"[..]));
    assert_eq!(b.receive(&response(486, "z9hG4bKother", "9 INVITE")), Received::Stray);
    b.pass(40_000);
    assert!(b.layer.is_empty());
    assert_eq!(b.layer.poll_event(), None);
}

#[test]
fn a_cancel_waits_for_the_first_sign_of_life() {
    let mut b = Bench::new();
    let (tx, branch) = b.send(Method::Invite, 5);
    assert_eq!(b.cancel(tx), CancelOutcome::Deferred);
    assert_eq!(b.sent(), ["INVITE sip:b@h SIP/2.0"]);
    assert_eq!(b.receive(&response(100, &branch, "9 INVITE")), Received::Response { tx, tag: 5 });
    let mut parser = Parser::default();
    let cancel = parser.parse(&b.wire[0]).unwrap();
    assert_eq!((cancel.method(), cancel.cseq().number), (Method::Cancel, 9));
    assert_eq!(cancel.via().branch, Some(branch.as_bytes()));
    assert_eq!(cancel.header(HeaderName::Reason), Some(&b"SIP;cause=200"[..]));
    b.wire.clear();
    assert_eq!(b.cancel(tx), CancelOutcome::Sent);
    assert_eq!(b.receive(&response(200, &branch, "9 CANCEL")), Received::Absorbed);
    assert_eq!(b.receive(&response(487, &branch, "9 INVITE")), Received::Response { tx, tag: 5 });
    assert_eq!(b.sent(), ["ACK sip:b@h SIP/2.0"]);
    assert_eq!(b.cancel(tx), CancelOutcome::TooLate);

    // The far end takes the CANCEL but never ends the INVITE.
    let (tx, branch) = b.send(Method::Invite, 6);
    b.receive(&response(180, &branch, "9 INVITE"));
    assert_eq!(b.cancel(tx), CancelOutcome::Sent);
    b.receive(&response(200, &branch, "9 CANCEL"));
    b.pass(32_000);
    assert_eq!(b.layer.poll_event(), Some(Event::Timeout { tx, tag: 6 }));
    assert_eq!(b.layer.poll_event(), None);
}

#[test]
fn timeouts_losses_and_bounds_are_told() {
    let mut b = Bench::new();
    let (tx, _) = b.send(Method::Options, 1);
    b.pass(32_000);
    assert_eq!(b.layer.poll_event(), Some(Event::Timeout { tx, tag: 1 }));
    assert_eq!(b.layer.client_state(tx), State::Terminated);
    let (tx, branch) = b.send(Method::Options, 2);
    b.layer.peer_lost(|peer| *peer == 7);
    assert_eq!(b.layer.poll_event(), None);
    b.layer.peer_lost(|peer| *peer == 2);
    assert_eq!(b.layer.poll_event(), Some(Event::TransportError { tx, tag: 2 }));
    assert_eq!(b.receive(&response(200, &branch, "9 OPTIONS")), Received::Stray);
    let (tx, branch) = b.send(Method::Invite, 3);
    b.layer.abandon(tx);
    assert_eq!(b.receive(&response(200, &branch, "9 INVITE")), Received::Stray);
    b.pass(60_000);
    assert_eq!(b.layer.poll_event(), None);
    assert!(b.layer.is_empty());

    let config = Config { max_transactions: 1, ..Config::default() };
    b.layer = TransactionLayer::new(config, [2; 16]);
    let one = request("OPTIONS sip:b@h", "z9hG4bK1", "1 OPTIONS");
    assert!(matches!(b.receive(&one), Received::Request { .. }));
    assert_eq!(b.receive(&one.replace("bK1", "bK2")), Received::Full);
    assert_eq!(b.receive(&one), Received::Absorbed, "known ones are still known");
}
