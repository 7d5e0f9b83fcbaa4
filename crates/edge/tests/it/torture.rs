//! The torture messages of RFC 4475 and RFC 5118 through a whole core: what an
//! element that gets them must do, and what it must not tell a stranger.

use crate::net::*;
use crate::world::*;
use feed::record::Transport;
use std::path::Path;

fn message(document: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/corpus").join(document);
    let path = folder.join(format!("{name}.dat"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What an operator's trunk gets. Where RFC 4475 wants a message taken, it is taken
/// and then judged by what it asks: 484 for a user who is no number, 401 for
/// a phone's REGISTER, 481 for a dialog nobody made, 405 for a MESSAGE. Section
/// 3.1.2.12 would not have a Date refused that nobody needs; section 3.4.1 leaves
/// it open whether calls of before RFC 3261 are taken, and they are not.
const RFC4475: [(&str, Option<u16>); 49] = [
    ("badaspec", Some(400)),
    ("badbranch", Some(400)),
    ("baddate", Some(484)),
    ("baddn", Some(400)),
    ("badinv01", Some(400)),
    ("badvers", Some(505)),
    ("bcast", None),
    ("bext01", Some(420)),
    ("bigcode", None),
    ("clerr", Some(400)),
    ("cparam01", Some(401)),
    ("cparam02", Some(401)),
    ("dblreq", Some(401)),
    ("esc01", Some(484)),
    ("esc02", Some(501)),
    ("escnull", Some(401)),
    ("escruri", Some(400)),
    ("insuf", Some(400)),
    ("intmeth", Some(501)),
    ("inv2543", Some(400)),
    ("invut", Some(484)),
    ("longreq", Some(484)),
    ("ltgtruri", Some(400)),
    ("lwsdisp", Some(200)),
    ("lwsruri", Some(400)),
    ("lwsstart", Some(400)),
    ("mcl01", Some(400)),
    ("mismatch01", Some(400)),
    ("mismatch02", Some(501)),
    ("mpart01", Some(405)),
    ("multi01", Some(400)),
    ("ncl", Some(400)),
    ("noreason", None),
    ("novelsc", Some(416)),
    ("quotbal", Some(400)),
    ("regaut01", Some(401)),
    ("regbadct", Some(401)),
    ("regescrt", Some(401)),
    ("scalar02", Some(400)),
    ("scalarlg", None),
    ("sdp01", Some(484)),
    ("semiuri", Some(200)),
    ("transports", Some(200)),
    ("trws", Some(400)),
    ("unkscm", Some(416)),
    ("unksm2", Some(400)),
    ("unreason", None),
    ("wsinv", Some(481)),
    ("zeromf", Some(200)),
];

const RFC5118: [(&str, Option<u16>); 12] = [
    ("ipv4-mapped-ipv6", Some(484)),
    ("ipv6-bad", Some(400)),
    ("ipv6-bug-abnf-3-colons", Some(200)),
    ("ipv6-correct-abnf-2-colons", Some(200)),
    ("ipv6-good", Some(401)),
    ("ipv6-in-sdp", Some(484)),
    ("mult-ip-in-header", Some(481)),
    ("mult-ip-in-sdp", Some(484)),
    ("port-ambiguous", Some(401)),
    ("port-unambiguous", Some(401)),
    ("via-received-param-no-delim", Some(200)),
    ("via-received-param-with-delim", Some(481)),
];

fn example_com(trunks: Vec<feed::record::TrunkRecord>) -> Net {
    let mut records = world(trunks);
    records.tenants[0].domain = "example.com".into();
    Net::new(records)
}

/// Final statuses of what was sent to anybody.
fn finals(net: &Net) -> Vec<u16> {
    // A broken To is echoed as it came, so not every answer can be parsed.
    let status = |bytes: &Vec<u8>| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let code = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
        code.unwrap_or_else(|| {
            panic!(
                "no request leaves:
{text}"
            )
        })
    };
    net.inbox.values().flatten().map(status).filter(|s| *s > 100).collect()
}

#[test]
fn a_trunk_gets_what_the_torture_documents_say() {
    let from = addr("192.0.2.1:5060");
    let tables = [("rfc4475", &RFC4475[..]), ("rfc5118", &RFC5118)];
    for (document, table) in tables {
        for (name, want) in table {
            let mut net = example_com(vec![trunk(TRUNK_A1, from, Transport::Udp)]);
            net.send(from, &message(document, name));
            assert_eq!(finals(&net), want.iter().copied().collect::<Vec<_>>(), "{document}/{name}");
            assert!(
                net.inbox.iter().all(|(to, sent)| sent.is_empty() || to.ip() == from.ip()),
                "{name}: nothing goes to an address that a header names"
            );
        }
    }
}

#[test]
fn a_refused_extension_is_named() {
    let from = addr("192.0.2.1:5060");
    let mut net = example_com(vec![trunk(TRUNK_A1, from, Transport::Udp)]);
    net.send(from, &message("rfc4475", "bext01"));
    let refusal = net.expect(from, 420);
    let named: Vec<_> = refusal.with(|m| {
        let all = m.header_values(sip::HeaderName::Unsupported);
        all.map(|v| String::from_utf8_lossy(v).into_owned()).collect()
    });
    let want = [
        "nothingSupportsThis",
        "nothingSupportsThisEither",
        "noProxiesSupportThis",
        "norDoAnyProxiesSupportThis",
    ];
    assert_eq!(named, want);
    net.send(from, &message("rfc4475", "intmeth"));
    assert!(net.expect(from, 501).header("Allow").is_some_and(|allow| allow.contains("INVITE")));
}

#[test]
fn no_extension_stands_between_a_caller_and_help() {
    let from = addr("192.0.2.1:5060");
    for (uri, refused) in [
        ("urn:service:sos", false),
        ("sip:112@edge.example", false),
        ("sip:+442079460001@edge.example", true),
    ] {
        let mut net = example_com(vec![trunk(TRUNK_A1, from, Transport::Udp)]);
        let require = [(sip::HeaderName::Require, "unheard-of")];
        let me = "sip:+33123456789@op.example";
        let to = "sip:x@edge.example";
        let invite = net.request(from, (sip::Method::Invite, uri), (me, to), "help", &require, b"");
        net.send(from, &invite);
        assert_eq!(finals(&net).contains(&420), refused, "{uri}");
    }
}

#[test]
fn a_stranger_learns_nothing_by_torture() {
    let from = addr("203.0.113.66:5060");
    let names = RFC4475.iter().map(|(n, _)| ("rfc4475", n));
    for (document, name) in names.chain(RFC5118.iter().map(|(n, _)| ("rfc5118", n))) {
        let mut net = Net::new(world(Vec::new()));
        net.send(from, &message(document, name));
        assert!(finals(&net).is_empty(), "{name}, where no domain of ours is named");
        let mut net = example_com(Vec::new());
        net.send(from, &message(document, name));
        let got = finals(&net);
        assert!(got.iter().all(|s| matches!(s, 401 | 407)), "{name}: {got:?}");
    }
}

/// RFC 4475 sections 3.1.1.4 and 3.3.12 to 3.3.14. Behind one flow is one phone, so
/// of two Contacts that come over it the last is kept, whole.
#[test]
fn contacts_are_kept_as_they_were_meant() {
    let phone = addr("203.0.113.7:5060");
    for (document, contacts, kept) in [
        (
            "cparam01",
            "sip:+19725552222@gw1.example.net;unknownparam",
            "<sip:+19725552222@gw1.example.net>",
        ),
        (
            "cparam02",
            "<sip:+19725552222@gw1.example.net;unknownparam>",
            "<sip:+19725552222@gw1.example.net;unknownparam>",
        ),
        (
            "regescrt",
            "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
            "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
        ),
        (
            "escnull",
            "<sip:%00@host5.example.com>, <sip:%00%00@host5.example.com>",
            "<sip:%00%00@host5.example.com>",
        ),
    ] {
        let mut net = Net::new(world(Vec::new()));
        let uri = format!("sip:{DOMAIN}");
        let aor = format!("sip:alice@{DOMAIN}");
        let extra = [(sip::HeaderName::Contact, contacts)];
        let alice = ("alice", "alice-secret");
        net.authenticated(phone, alice, (sip::Method::Register, &uri), &aor, "reg", &extra);
        let answer = net.expect(phone, 200);
        let listed: Vec<_> = answer.with(|m| {
            let all = m.header_values(sip::HeaderName::Contact);
            all.map(|v| String::from_utf8_lossy(v).into_owned()).collect()
        });
        let found =
            listed.iter().any(|c| c.strip_prefix(kept).is_some_and(|p| p.starts_with(";expires=")));
        assert!(found, "{document}: {listed:?}");
        assert!(!listed.iter().any(|c| c.ends_with("unknownparam")), "{document}: {listed:?}");
    }
}
