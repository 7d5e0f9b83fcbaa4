//! A core under a storm: lost, doubled, late, mangled and invented packets, and
//! restarts. It must not fall over, not answer strangers, and keep nothing of
//! calls that are over.

use crate::net::{Net, Packet, addr};
use crate::world::*;
use feed::record::Transport;
use sip::Method;
use std::net::SocketAddr;
use std::time::Duration;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn mangle(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.roll(4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.roll(bytes.len() as u64) as usize;
            match self.roll(5) {
                0 => bytes[at] = self.roll(256) as u8,
                1 => {
                    bytes.remove(at);
                }
                2 => bytes.insert(at, b"\r\n<>;:@\"%, "[self.roll(11) as usize]),
                3 => bytes.truncate(at),
                _ => {
                    let end = (at + self.roll(40) as usize).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = self.roll(bytes.len() as u64) as usize;
                    bytes.splice(to..to, piece);
                }
            }
        }
    }
}

/// What a peer does with what it got: answers in some way, or goes on in the
/// dialog in some way.
fn react(net: &mut Net, dice: &mut Dice, peer: SocketAddr, packet: &Packet) {
    let statuses = [100, 180, 183, 200, 200, 200, 302, 404, 407, 408, 486, 487, 500, 503, 603];
    if packet.status().is_none() {
        if packet.method() != "ACK" {
            for _ in 0..=dice.roll(3) {
                let status = statuses[dice.roll(statuses.len() as u64) as usize];
                net.respond(peer, packet, status, b"v=0");
            }
        }
        if packet.header("Contact").is_some() && dice.roll(3) == 0 {
            let dialog = crate::net::callee_dialog(peer, packet);
            let method = [Method::Bye, Method::Invite, Method::Info][dice.roll(3) as usize];
            net.within(&dialog, method, b"v=0");
        }
    } else if packet.header("Contact").is_some_and(|c| c.contains('@')) {
        let mut dialog = crate::net::caller_dialog(peer, packet);
        net.within(&dialog, Method::Ack, b"");
        let methods =
            [Method::Bye, Method::Invite, Method::Update, Method::Prack, Method::Info, Method::Ack];
        dialog.cseq += 1 + dice.roll(3) as u32;
        net.within(&dialog, methods[dice.roll(6) as usize], b"v=0");
    }
}

#[test]
fn nothing_that_comes_over_the_wire_brings_it_down() {
    let trunks = [addr("198.51.100.1:5060"), addr("198.51.100.2:5060")];
    let phones = [addr("203.0.113.10:5062"), addr("203.0.113.11:5063")];
    let stranger = addr("192.0.2.66:5060");
    for seed in 1..=40u64 {
        eprintln!("seed {seed}");
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut net = Net::new(world(vec![
            trunk(TRUNK_A1, trunks[0], Transport::Udp),
            trunk(TRUNK_A2, trunks[1], Transport::Udp),
        ]));
        net.register(phones[0], "alice");
        net.register(phones[1], "bob");
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for step in 0..300 {
            let peers = [trunks[0], trunks[1], phones[0], phones[1]];
            match dice.roll(12) {
                0 => {
                    let number = [ALICE_NUMBER, BOB_NUMBER, QUEUE_NUMBER, "+449999999999"]
                        [dice.roll(4) as usize];
                    let call = format!("storm-{step}");
                    seen.push(net.invite(trunks[dice.roll(2) as usize], number, &call));
                }
                1 => {
                    let uri = format!(
                        "sip:{}@{DOMAIN}",
                        ["+493012345678", "999", "x"][dice.roll(3) as usize]
                    );
                    let aor = format!("sip:alice@{DOMAIN}");
                    let call = format!("storm-{step}");
                    let bytes = net.request(
                        phones[0],
                        (Method::Invite, &uri),
                        (&aor, &uri),
                        &call,
                        &[],
                        b"",
                    );
                    net.send(phones[0], &bytes);
                    seen.push(bytes);
                }
                2 if dice.roll(10) == 0 => net.restart(),
                3 => net.pass(Duration::from_millis(dice.roll(8000))),
                4 | 5 if !seen.is_empty() => {
                    let mut bytes = seen[dice.roll(seen.len() as u64) as usize].clone();
                    if dice.roll(3) > 0 {
                        dice.mangle(&mut bytes);
                    }
                    let from =
                        if dice.roll(4) == 0 { stranger } else { peers[dice.roll(4) as usize] };
                    net.send(from, &bytes);
                }
                _ => {
                    let peer = peers[dice.roll(4) as usize];
                    let next = net.inbox.get_mut(&peer).and_then(|q| q.pop_front());
                    let Some(bytes) = next else { continue };
                    seen.push(bytes.clone());
                    // The answer to a mangled request may lack what was mangled.
                    let sound = sip::Parser::default().parse(&bytes).is_ok();
                    if sound && dice.roll(5) > 0 {
                        react(&mut net, &mut dice, peer, &Packet(bytes));
                    }
                }
            }
        }
        net.pass(Duration::from_secs(400));
        let strangers = net.inbox.remove(&stranger).unwrap_or_default();
        for bytes in strangers {
            let packet = Packet(bytes);
            let challenge = matches!(packet.status(), Some(401 | 407));
            assert!(challenge, "only a challenge for a stranger:\n{}", packet.text());
        }
        assert_eq!(net.core.transactions(), 0, "nothing is left under way");
    }
}
