//! Messages that name another dialog: each side hears of it in its own words.

use crate::net::{Dialog, Net, Packet, addr, callee_dialog, caller_dialog};
use crate::world::*;
use feed::record::Transport;
use sip::{HeaderName, Method};
use std::net::SocketAddr;

fn trunk_1() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn alice() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn bob() -> SocketAddr {
    addr("203.0.113.11:5063")
}

fn net() -> Net {
    let mut net = Net::new(world(vec![trunk(TRUNK_A1, trunk_1(), Transport::Udp)]));
    net.register(alice(), "alice");
    net.register(bob(), "bob");
    net
}

/// `from` has called and `to` has answered: their dialogs.
fn answer(net: &mut Net, from: SocketAddr, to: SocketAddr) -> (Dialog, Dialog, Packet) {
    let invite = net.expect_request(to, "INVITE");
    net.respond(to, &invite, 200, b"v=0");
    let caller = caller_dialog(from, &net.expect(from, 200));
    net.within(&caller, Method::Ack, b"");
    net.expect_request(to, "ACK");
    (Dialog { cseq: 70, ..caller }, callee_dialog(to, &invite), invite)
}

/// A request inside a dialog with one more header.
fn with_header(net: &mut Net, d: &Dialog, method: &str, header: &str) {
    let Dialog { peer, call_id, local, remote, target, cseq } = d;
    let text = format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {peer};branch=z9hG4bKh{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: {local}\r\nTo: {remote}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:peer@{peer}>\r\n{header}\r\n\
         Content-Length: 0\r\n\r\n"
    );
    net.send(*peer, text.as_bytes());
}

fn tag(name_addr: &str) -> &str {
    name_addr.split(";tag=").nth(1).expect("a tag")
}

fn escaped(text: &str) -> String {
    text.replace(';', "%3B").replace('=', "%3D").replace('@', "%40")
}

#[test]
fn an_attended_transfer_reaches_the_dialog_it_names() {
    // Alice talks to the operator's caller and asks bob, whose call she or he began.
    for alice_calls_bob in [true, false] {
        let mut net = net();
        net.invite(trunk_1(), ALICE_NUMBER, "call-1");
        net.expect(trunk_1(), 100);
        let (_, with_operator, _) = answer(&mut net, trunk_1(), alice());
        let (name, from, to, number) = if alice_calls_bob {
            ("alice", alice(), bob(), BOB_NUMBER)
        } else {
            ("bob", bob(), alice(), ALICE_NUMBER)
        };
        let uri = format!("sip:{number}@{DOMAIN}");
        let password = format!("{name}-secret");
        let ask = (Method::Invite, uri.as_str());
        net.authenticated(from, (name, &password), ask, &uri, "consult@10.0.0.1", &[]);
        net.expect(from, 100);
        let (first, second, _) = answer(&mut net, from, to);
        let (alices, bobs) = if alice_calls_bob { (first, second) } else { (second, first) };
        let replaces = format!(
            "{};to-tag={};from-tag={}",
            alices.call_id,
            tag(&alices.remote),
            tag(&alices.local)
        );
        let header = format!(
            "Refer-To: \"Bob\" <{}?Subject=x&Replaces={}>;x=y",
            alices.target,
            escaped(&replaces)
        );
        with_header(&mut net, &Dialog { cseq: 80, ..with_operator }, "REFER", &header);
        let refer = net.expect_request(trunk_1(), "REFER");
        let refer_to = refer.header("Refer-To").expect("Refer-To");
        let start = format!("\"Bob\" <sip:{BOB_NUMBER}@192.0.2.5?Subject=x&Replaces=");
        assert!(refer_to.starts_with(&start) && refer_to.ends_with(">;x=y"), "{refer_to}");
        assert!(!refer_to.contains("10.0.0.1") || !alice_calls_bob, "{refer_to}");

        // The operator does as it is told.
        let uri = refer_to.split(['<', '?']).nth(1).expect("URI").to_owned();
        let value = refer_to.split("Replaces=").nth(1).expect("Replaces");
        let mut replaces = Vec::new();
        sip::uri::unescape_into(value.split('>').next().expect("value").as_bytes(), &mut replaces);
        let replaces = String::from_utf8(replaces).expect("text");
        let from = "sip:+33123456789@op.example;user=phone";
        let bytes = net.request(
            trunk_1(),
            (Method::Invite, &uri),
            (from, &uri),
            "transferred",
            &[(HeaderName::Replaces, &replaces)],
            b"v=0",
        );
        net.send(trunk_1(), &bytes);
        let invite = net.expect_request(bob(), "INVITE");
        assert_eq!(
            invite.header("Replaces"),
            Some(format!(
                "{};to-tag={};from-tag={}",
                bobs.call_id,
                tag(&bobs.local),
                tag(&bobs.remote)
            )),
            "bob finds his own dialog"
        );
    }
}

#[test]
fn who_replaces_a_dialog_of_its_own_names_it_in_its_own_words() {
    let mut net = net();
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let (operators, alices, _) = answer(&mut net, trunk_1(), alice());
    let tags = format!(";to-tag={};from-tag={}", tag(&operators.remote), tag(&operators.local));
    let replaces = format!("call-1{tags};early-only");
    let from = "sip:+33123456789@op.example;user=phone";
    // By number, or by the Contact of the dialog itself.
    for (n, uri) in
        [format!("sip:{ALICE_NUMBER}@edge.example"), operators.target.clone()].iter().enumerate()
    {
        let bytes = net.request(
            trunk_1(),
            (Method::Invite, uri),
            (from, uri),
            &format!("replacing-{n}"),
            &[
                (HeaderName::Replaces, &replaces),
                (HeaderName::TargetDialog, "mp~1Xabc;local-tag=a"),
            ],
            b"v=0",
        );
        net.send(trunk_1(), &bytes);
        net.expect(trunk_1(), 100);
        let invite = net.expect_request(alice(), "INVITE");
        let expect = format!("{}{tags};early-only", alices.call_id);
        assert_eq!(invite.header("Replaces"), Some(expect));
    }
}

#[test]
fn names_of_other_peoples_dialogs_stay_as_they_are() {
    let mut net = net();
    net.invite(trunk_1(), ALICE_NUMBER, "call-1");
    net.expect(trunk_1(), 100);
    let (operators, alices, _) = answer(&mut net, trunk_1(), alice());
    for (n, header) in [
        "Refer-To: <sip:carol@elsewhere.example?Replaces=x%40y%3Bto-tag%3Da%3Bfrom-tag%3Db>",
        "Refer-To: <sip:+442079460002@contoso.example>",
        "Refer-To: sip:carol@elsewhere.example;x=y",
        "Refer-To: <sip:carol@elsewhere.example?Replaces=>",
    ]
    .iter()
    .enumerate()
    {
        let d = Dialog { cseq: 80 + n as u32, ..alices.clone() };
        with_header(&mut net, &d, "REFER", header);
        let refer = net.expect_request(trunk_1(), "REFER");
        assert!(refer.text().contains(header), "{}", refer.text());
    }
    let header = format!("Target-Dialog: {};local-tag=a;remote-tag=b", alices.call_id);
    with_header(&mut net, &Dialog { cseq: 90, ..alices.clone() }, "INFO", &header);
    let info = net.expect_request(trunk_1(), "INFO");
    let expect = "call-1;local-tag=a;remote-tag=b";
    assert_eq!(info.header("Target-Dialog").as_deref(), Some(expect), "this one is ours");
    let header = format!("Target-Dialog: {expect}");
    with_header(&mut net, &Dialog { cseq: 91, ..operators }, "INFO", &header);
    let info = net.expect_request(alice(), "INFO");
    let expect = format!("{};local-tag=a;remote-tag=b", alices.call_id);
    assert_eq!(info.header("Target-Dialog"), Some(expect));
}
