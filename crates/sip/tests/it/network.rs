//! Two endpoints and a bad network in one thread, by seed. A failure prints its
//! seed, and the same seed always makes the same run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use sip::transaction::Config;
use sip::{
    CancelOutcome, ClientTx, Event, HeaderName, MessageBuilder, Method, Origin, Parser, Received,
    Reliability, ServerTx, Target, TransactionLayer,
};

/// SplitMix64: small, seeded, good enough to lose packets by.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

#[derive(Default, Debug)]
struct Seen {
    invites: u32,
    byes: u32,
    cancels: u32,
    acked: bool,
    finals: Vec<u16>,
    bye_done: bool,
    timeouts: u32,
    ack_timeouts: u32,
}

/// When it arrives, in which order among equals, at which end, and what it is.
type Packet = (Instant, u64, usize, Vec<u8>);

struct World {
    now: Instant,
    dice: Dice,
    loss_percent: u64,
    flight: BinaryHeap<Reverse<Packet>>,
    order: u64,
}

impl World {
    /// Puts what one end sent into the air: lost, late, doubled, reordered.
    fn launch(&mut self, to: usize, sent: Vec<Vec<u8>>) {
        for bytes in sent {
            let copies = if self.dice.roll(10) == 0 { 2 } else { 1 };
            for _ in 0..copies {
                if self.dice.roll(100) < self.loss_percent {
                    continue;
                }
                let delay = Duration::from_millis(1 + self.dice.roll(300));
                self.order += 1;
                self.flight.push(Reverse((self.now + delay, self.order, to, bytes.clone())));
            }
        }
    }
}

fn dialog_request(
    layer: &mut TransactionLayer<()>,
    method: Method<'_>,
    cseq: u32,
    to: &str,
) -> (sip::Branch, Vec<u8>) {
    let branch = layer.branch();
    let mut out = layer.buffer();
    MessageBuilder::request(&mut out, method, b"sip:b@b.example")
        .via("UDP", "a.example:5060", branch.as_bytes())
        .header(HeaderName::MaxForwards, "70")
        .header(HeaderName::From, "<sip:a@a.example>;tag=ta")
        .header(HeaderName::To, to)
        .header(HeaderName::CallId, "sim")
        .cseq(cseq, method)
        .finish();
    (branch, out)
}

/// What the answering side does with the call.
#[derive(Clone, Copy, Debug)]
enum Plan {
    Answer,
    Refuse,
    /// The caller gives up this many milliseconds in; the phone would answer later.
    Cancel(u64),
}

fn run(seed: u64, loss_percent: u64, plan: Plan) -> Seen {
    let start = crate::epoch();
    let mut world =
        World { now: start, dice: Dice(seed), loss_percent, flight: BinaryHeap::new(), order: 0 };
    let config = Config { retransmit_2xx: true, ..Config::default() };
    let mut ends = [TransactionLayer::new(config, [1; 16]), TransactionLayer::new(config, [2; 16])];
    let mut parser = Parser::default();
    let mut seen = Seen::default();
    let target = || Target { peer: (), reliability: Reliability::Unreliable };
    let origin = Origin { peer: (), reliability: Reliability::Unreliable, source: None };

    let mut out: Vec<Vec<u8>> = Vec::new();
    let (branch, bytes) = dialog_request(&mut ends[0], Method::Invite, 1, "<sip:b@b.example>");
    let invite = ends[0]
        .request(start, target(), &branch, bytes, 1, &mut |_: &(), b: &[u8]| out.push(b.to_vec()))
        .unwrap();
    world.launch(1, std::mem::take(&mut out));
    let mut server: Option<ServerTx> = None;
    let mut answer_at: Option<Instant> = None;
    let mut cancel_at = match plan {
        Plan::Cancel(ms) => Some(start + Duration::from_millis(ms)),
        _ => None,
    };
    let mut ack: Option<Vec<u8>> = None;
    let mut bye: Option<ClientTx> = None;

    loop {
        let due = [
            world.flight.peek().map(|Reverse((at, ..))| *at),
            ends[0].poll_timeout(),
            ends[1].poll_timeout(),
            answer_at,
            cancel_at,
        ];
        let Some(now) = due.into_iter().flatten().min() else { break };
        world.now = now;
        assert!(now - start < Duration::from_secs(200), "the world never comes to rest");

        if cancel_at.take_if(|at| *at <= now).is_some() {
            let mut sink = |_: &(), b: &[u8]| out.push(b.to_vec());
            let outcome = ends[0].cancel(now, invite, None, &mut sink);
            let answered = !seen.finals.is_empty() || seen.timeouts > 0;
            assert_eq!(outcome == CancelOutcome::TooLate, answered);
            world.launch(1, std::mem::take(&mut out));
        }
        if answer_at.take_if(|at| *at <= now).is_some() {
            let status = if matches!(plan, Plan::Refuse) { 486 } else { 200 };
            let mut sink = |_: &(), b: &[u8]| out.push(b.to_vec());
            let tx = server.expect("answered after it was seen");
            let sent = ends[1].reply(now, tx, status, Some(b"tb"), &mut sink, |b| b.finish());
            assert!(sent.is_ok() || seen.cancels > 0);
            world.launch(0, std::mem::take(&mut out));
        }
        for (end, layer) in ends.iter_mut().enumerate() {
            layer.handle_timeout(now, &mut |_: &(), b: &[u8]| out.push(b.to_vec()));
            while let Some(event) = layer.poll_event() {
                match event {
                    Event::Timeout { .. } => seen.timeouts += 1,
                    Event::AckTimeout { .. } => seen.ack_timeouts += 1,
                    Event::TransportError { .. } => unreachable!("no transport breaks here"),
                }
            }
            world.launch(1 - end, std::mem::take(&mut out));
        }
        let Some(Reverse((_, _, end, bytes))) =
            world.flight.peek().filter(|Reverse((at, ..))| *at <= now).cloned()
        else {
            continue;
        };
        world.flight.pop();
        let message = parser.parse(&bytes).unwrap();
        let mut sink = |_: &(), b: &[u8]| out.push(b.to_vec());
        match ends[end].receive(now, &origin, &message, &mut sink) {
            Received::Request { tx } if message.method() == Method::Invite => {
                seen.invites += 1;
                server = Some(tx);
                ends[1].reply(now, tx, 180, Some(b"tb"), &mut sink, |b| b.finish()).unwrap();
                answer_at = Some(now + Duration::from_millis(world.dice.roll(8_000)));
            }
            Received::Request { tx } => {
                seen.byes += 1;
                ends[1].reply(now, tx, 200, None, &mut sink, |b| b.finish()).unwrap();
            }
            Received::Cancel { tx, invite } => {
                seen.cancels += 1;
                let status = if invite.is_some() { 200 } else { 481 };
                ends[1].reply(now, tx, status, Some(b"tb"), &mut sink, |b| b.finish()).unwrap();
                if let Some((invite, _)) = invite
                    && ends[1]
                        .reply(now, invite, 487, Some(b"tb"), &mut sink, |b| b.finish())
                        .is_ok()
                {
                    answer_at = None;
                }
            }
            Received::Ack { .. } => {
                seen.acked = true;
                ends[1].acked(server.expect("an ACK follows an INVITE"));
            }
            Received::Response { tx, .. } => {
                let status = message.status().unwrap();
                if Some(tx) == bye {
                    seen.bye_done |= status == 200;
                } else if status >= 300 {
                    seen.finals.push(status);
                } else if status >= 200 {
                    // The ACK to a 2xx is the core's, and every 2xx gets it again.
                    let to = "<sip:b@b.example>;tag=tb";
                    if ack.is_none() {
                        seen.finals.push(status);
                        ack = Some(dialog_request(&mut ends[0], Method::Ack, 1, to).1);
                        let (branch, bytes) = dialog_request(&mut ends[0], Method::Bye, 2, to);
                        bye = Some(
                            ends[0].request(now, target(), &branch, bytes, 2, &mut sink).unwrap(),
                        );
                    }
                    out.extend(ack.clone());
                }
            }
            Received::Confirmed { .. } | Received::Absorbed | Received::Stray => {}
            Received::Full => unreachable!("far from full"),
        }
        world.launch(1 - end, std::mem::take(&mut out));
    }
    assert!(ends[0].is_empty() && ends[1].is_empty(), "nothing is left behind");
    seen
}

fn check(seed: u64, loss: u64, plan: Plan) -> Seen {
    let result = std::panic::catch_unwind(|| run(seed, loss, plan));
    let Ok(seen) = result else { panic!("seed {seed}, loss {loss} %, {plan:?}") };
    let told = || format!("seed {seed}, loss {loss} %, {plan:?}: {seen:?}");
    assert!(seen.invites <= 1, "one INVITE reaches the user: {}", told());
    assert!(seen.byes <= 1 && seen.cancels <= 1, "{}", told());
    assert!(seen.finals.len() <= 1, "one final response reaches the caller: {}", told());
    let outcome = seen.finals.len() as u32 + seen.timeouts + seen.ack_timeouts;
    assert!(outcome >= 1, "somebody is told how it ended: {}", told());
    seen
}

#[test]
fn without_loss_every_call_ends_as_planned() {
    for seed in 0..100 {
        let seen = check(seed, 0, Plan::Answer);
        assert_eq!((seen.invites, seen.byes, &seen.finals[..]), (1, 1, &[200][..]), "seed {seed}");
        assert!(seen.acked && seen.bye_done && seen.timeouts + seen.ack_timeouts == 0);
        let seen = check(seed, 0, Plan::Refuse);
        assert_eq!((&seen.finals[..], seen.timeouts), (&[486][..], 0), "seed {seed}");
        assert_eq!(seen.ack_timeouts, 0, "seed {seed}");
    }
}

#[test]
fn with_loss_calls_still_end_and_are_told() {
    let mut answered = 0;
    for seed in 0..300 {
        answered += u64::from(check(seed, 25, Plan::Answer).bye_done);
        check(seed, 25, Plan::Refuse);
        check(seed, 60, Plan::Answer);
    }
    assert!(answered >= 270, "only {answered} of 300");
}

#[test]
fn a_cancel_races_an_answer_without_losing_either() {
    let (mut cancelled, mut answered) = (0, 0);
    for seed in 0..300 {
        let when = Dice(seed ^ 0x55).roll(6_000);
        let seen = check(seed, 15, Plan::Cancel(when));
        cancelled += u32::from(seen.finals == [487]);
        answered += u32::from(seen.finals == [200]);
    }
    assert!(cancelled > 50 && answered > 20, "{cancelled} cancelled, {answered} answered");
}
