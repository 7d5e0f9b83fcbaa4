//! A filter on a UDP socket that throws new ordinary calls away before anybody
//! reads them: what an overloaded edge cannot even refuse costs it nothing.
//!
//! The bytes are those of [`crate::core::admission::is_ordinary_call`], as a
//! classic BPF program (socket(7), `SO_ATTACH_FILTER`), which needs no privilege.

use crate::core::admission::LONG;
use socket2::{SockFilter, SockRef};
use std::io;
use std::os::fd::AsFd;

/// `bpf_common.h`: load a word, half... of the packet; jump; return.
const LOAD_WORD: u16 = 0x20;
const LOAD_BYTE: u16 = 0x30;
const LOAD_LEN: u16 = 0x80;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_GREATER_EQUAL: u16 = 0x35;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;
/// `SKF_AD_OFF + SKF_AD_RANDOM` of `linux/filter.h`.
const RANDOM: u32 = 0xffff_f000 + 56;
/// A UDP socket's filter sees the header too.
const UDP_HEADER: u32 = 8;
const ALL: u32 = u32::MAX;

/// What a jump leads to.
#[derive(Clone, Copy)]
enum To {
    Next,
    Accept,
    Plus,
    Digits,
    Lottery,
}

/// Lets the share `pass` of new ordinary calls through, and everything else.
pub(super) fn attach(socket: &impl AsFd, pass: f64) -> io::Result<()> {
    SockRef::from(socket).attach_filter(&program(pass))
}

/// Lets everything through.
pub(super) fn detach(socket: &impl AsFd) -> io::Result<()> {
    SockRef::from(socket).detach_filter()
}

fn program(pass: f64) -> Vec<SockFilter> {
    let mut code: Vec<(u16, To, To, u32)> = Vec::new();
    let word = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes);
    let mut op = |code_: u16, yes: To, no: To, k: u32| {
        code.push((code_, yes, no, k));
        code.len()
    };
    // Shorter ones are no request; loads beyond the end would drop them.
    op(LOAD_LEN, To::Next, To::Next, 0);
    op(JUMP_GREATER_EQUAL, To::Next, To::Accept, UDP_HEADER + 32);
    op(LOAD_WORD, To::Next, To::Next, UDP_HEADER);
    op(JUMP_EQUAL, To::Next, To::Accept, word(b"INVI"));
    op(LOAD_WORD, To::Next, To::Next, UDP_HEADER + 4);
    op(JUMP_EQUAL, To::Next, To::Accept, word(b"TE s"));
    op(LOAD_WORD, To::Next, To::Next, UDP_HEADER + 8);
    op(JUMP_EQUAL, To::Plus, To::Next, word(b"ip:+"));
    op(AND, To::Next, To::Next, 0xffff_ff00);
    op(JUMP_EQUAL, To::Digits, To::Accept, word(b"ip:\0"));
    let mut digits = |first: u32, then: To| {
        let mut start = 0;
        for at in first..first + LONG as u32 {
            let end = op(LOAD_BYTE, To::Next, To::Next, at);
            start = if start == 0 { end - 1 } else { start };
            op(JUMP_GREATER_EQUAL, To::Next, To::Accept, u32::from(b'0'));
            let last = at + 1 == first + LONG as u32;
            let yes = if last { then } else { To::Next };
            op(JUMP_GREATER, To::Accept, yes, u32::from(b'9'));
        }
        start
    };
    let digits_at = digits(UDP_HEADER + 11, To::Lottery);
    let plus_at = digits(UDP_HEADER + 12, To::Lottery);
    let lottery_at = op(LOAD_WORD, To::Next, To::Next, RANDOM) - 1;
    let threshold = (pass.clamp(0.0, 1.0) * f64::from(u32::MAX)) as u32;
    // Falls through to the drop.
    op(JUMP_GREATER_EQUAL, To::Next, To::Accept, threshold);
    op(RETURN, To::Next, To::Next, 0);
    let accept_at = op(RETURN, To::Next, To::Next, ALL) - 1;
    let offset = |at: usize, to: To| {
        let target = match to {
            To::Next => at + 1,
            To::Accept => accept_at,
            To::Plus => plus_at,
            To::Digits => digits_at,
            To::Lottery => lottery_at,
        };
        u8::try_from(target - at - 1).expect("the program is shorter than 256 steps")
    };
    code.iter()
        .enumerate()
        .map(|(at, &(code, yes, no, k))| match code {
            JUMP_EQUAL | JUMP_GREATER | JUMP_GREATER_EQUAL => {
                SockFilter::new(code, offset(at, yes), offset(at, no), k)
            }
            _ => SockFilter::new(code, 0, 0, k),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::admission::is_ordinary_call;
    use std::net::UdpSocket;
    use std::time::Duration;

    const REST: &str = " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n\r\n";

    fn pair() -> (UdpSocket, UdpSocket) {
        let edge = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        edge.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let peer = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        peer.connect(edge.local_addr().expect("an address")).expect("connected");
        (edge, peer)
    }

    fn receive(edge: &UdpSocket) -> String {
        let mut buffer = [0; 512];
        let len = edge.recv(&mut buffer).expect("a packet");
        String::from_utf8_lossy(&buffer[..len]).into_owned()
    }

    #[test]
    fn the_socket_throws_away_what_the_rule_names_and_nothing_else() {
        let (edge, peer) = pair();
        attach(&edge, 0.0).expect("a filter");
        for start in [
            "INVITE sip:+442079460001@h",
            "INVITE sip:02079460001@h",
            "INVITE sip:112@edge.example",
            "INVITE sip:+112@edge.example",
            "INVITE sip:999999@edge.example",
            "INVITE sip:9999999@edge.example",
            "INVITE sip:1AbCdEfGhIjKlMn@h",
            "INVITE urn:service:sos.police",
            "INVITE tel:+442079460001",
            "BYE sip:+442079460001@h",
            "ACK sip:02079460001@h",
        ] {
            let text = format!("{start}{REST}");
            peer.send(text.as_bytes()).expect("sent");
            peer.send(b"SIP/2.0 200 OK\r\n\r\n").expect("sent");
            let first = receive(&edge);
            assert_eq!(first != text, is_ordinary_call(text.as_bytes()), "{start}");
            if first == text {
                receive(&edge);
            }
        }
        detach(&edge).expect("detached");
        let text = format!("INVITE sip:+442079460001@h{REST}");
        peer.send(text.as_bytes()).expect("sent");
        assert_eq!(receive(&edge), text);
    }

    #[test]
    fn the_share_that_passes_is_the_one_asked_for() {
        let (edge, peer) = pair();
        attach(&edge, 0.25).expect("a filter");
        edge.set_nonblocking(true).expect("non-blocking");
        let text = format!("INVITE sip:+442079460001@h{REST}");
        let mut passed = 0;
        let mut buffer = [0; 512];
        for _ in 0..4_000 {
            peer.send(text.as_bytes()).expect("sent");
            passed += u32::from(edge.recv(&mut buffer).is_ok());
        }
        // Ten standard deviations on either side.
        assert!((725..1_275).contains(&passed), "{passed} of 4000");
    }
}
