//! The torture messages of RFC 4475 and RFC 5118: what each document says of each,
//! with the strict choice where it leaves one.

use sip::report::{Report, Verdict};
use sip::{Limits, Parser};
use std::path::{Path, PathBuf};

use Verdict::{Accept, Reject};

type Row = (&'static str, Verdict, Option<u16>, &'static str);

/// File, verdict, the code a server gives, and the section that says so.
const RFC4475: [Row; 49] = [
    ("wsinv", Accept, Some(200), "3.1.1.1"),
    ("intmeth", Accept, Some(501), "3.1.1.2"),
    ("esc01", Accept, Some(200), "3.1.1.3"),
    ("escnull", Accept, Some(200), "3.1.1.4"),
    ("esc02", Accept, Some(501), "3.1.1.5"),
    ("lwsdisp", Accept, Some(200), "3.1.1.6"),
    ("longreq", Accept, Some(200), "3.1.1.7"),
    ("dblreq", Accept, Some(200), "3.1.1.8"),
    ("semiuri", Accept, Some(200), "3.1.1.9"),
    ("transports", Accept, Some(200), "3.1.1.10"),
    ("mpart01", Accept, Some(200), "3.1.1.11"),
    ("unreason", Accept, None, "3.1.1.12"),
    ("noreason", Accept, None, "3.1.1.13"),
    ("badinv01", Reject, Some(400), "3.1.2.1"),
    ("clerr", Reject, Some(400), "3.1.2.2"),
    ("ncl", Reject, Some(400), "3.1.2.3"),
    ("scalar02", Reject, Some(400), "3.1.2.4"),
    ("scalarlg", Reject, None, "3.1.2.5"),
    ("quotbal", Reject, Some(400), "3.1.2.6"),
    ("ltgtruri", Reject, Some(400), "3.1.2.7"),
    ("lwsruri", Reject, Some(400), "3.1.2.8"),
    ("lwsstart", Reject, Some(400), "3.1.2.9"),
    ("trws", Reject, Some(400), "3.1.2.10"),
    ("escruri", Reject, Some(400), "3.1.2.11"),
    ("baddate", Reject, Some(400), "3.1.2.12"),
    ("regbadct", Reject, Some(400), "3.1.2.13"),
    ("badaspec", Reject, Some(400), "3.1.2.14"),
    ("baddn", Reject, Some(400), "3.1.2.15"),
    ("badvers", Reject, Some(505), "3.1.2.16"),
    ("mismatch01", Reject, Some(400), "3.1.2.17"),
    ("mismatch02", Reject, Some(501), "3.1.2.18"),
    ("bigcode", Reject, None, "3.1.2.19"),
    ("badbranch", Reject, Some(400), "3.2.1"),
    ("insuf", Reject, Some(400), "3.3.1"),
    ("unkscm", Accept, Some(416), "3.3.2"),
    ("novelsc", Accept, Some(416), "3.3.3"),
    ("unksm2", Accept, Some(400), "3.3.4"),
    ("bext01", Accept, Some(420), "3.3.5"),
    ("invut", Accept, Some(415), "3.3.6"),
    ("regaut01", Accept, Some(401), "3.3.7"),
    ("multi01", Reject, Some(400), "3.3.8"),
    ("mcl01", Reject, Some(400), "3.3.9"),
    ("bcast", Accept, None, "3.3.10"),
    ("zeromf", Accept, Some(483), "3.3.11"),
    ("cparam01", Accept, Some(200), "3.3.12"),
    ("cparam02", Accept, Some(200), "3.3.13"),
    ("regescrt", Accept, Some(200), "3.3.14"),
    ("sdp01", Accept, Some(406), "3.3.15"),
    ("inv2543", Accept, Some(200), "3.4.1"),
];

const RFC5118: [Row; 12] = [
    ("ipv6-good", Accept, Some(200), "4.1"),
    ("ipv6-bad", Reject, Some(400), "4.2"),
    ("port-ambiguous", Accept, Some(200), "4.3"),
    ("port-unambiguous", Accept, Some(200), "4.4"),
    ("via-received-param-with-delim", Accept, Some(200), "4.5"),
    ("via-received-param-no-delim", Accept, Some(200), "4.5"),
    ("ipv6-in-sdp", Accept, Some(200), "4.6"),
    ("mult-ip-in-header", Accept, Some(200), "4.7"),
    ("mult-ip-in-sdp", Accept, Some(200), "4.8"),
    ("ipv4-mapped-ipv6", Accept, Some(200), "4.9"),
    ("ipv6-bug-abnf-3-colons", Accept, Some(200), "4.10"),
    ("ipv6-correct-abnf-2-colons", Accept, Some(200), "4.10"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

/// A message of the corpus.
#[expect(clippy::disallowed_methods, reason = "the corpus lies in files")]
fn message(document: &str, name: &str) -> Vec<u8> {
    let path = folder(document).join(format!("{name}.dat"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn files(document: &str) -> usize {
    let files = std::fs::read_dir(folder(document)).expect("the corpus");
    let is_message = |path: PathBuf| path.extension().is_some_and(|e| e == "dat");
    files.filter(|f| f.as_ref().is_ok_and(|f| is_message(f.path()))).count()
}

fn behave(document: &str, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, verdict, code, section) in rows {
        let bytes = message(document, name);
        let report = Report::of(&bytes, &Limits::default());
        if (report.verdict, report.response_code) != (*verdict, *code) {
            let got = (report.verdict, report.response_code, &report.deviations);
            wrong.push(format!("{name} ({section}): {got:?}"));
        }
        let refused = Parser::default().parse(&bytes).is_err();
        assert!(!refused || *verdict == Reject, "{name}: refused by the parser alone");
        let explained = report.deviations.iter().any(|d| d.fatal && d.rule.starts_with("RFC "));
        assert_eq!(explained, *verdict == Reject, "{name}: {:?}", report.deviations);
        assert!(report.start_line.is_some() && !report.headers.is_empty(), "{name}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(files(document), rows.len(), "every message of {document} is in the table");
}

#[test]
fn every_message_of_rfc_4475_is_judged_as_it_says() {
    behave("rfc4475", &RFC4475);
}

#[test]
fn every_message_of_rfc_5118_is_judged_as_it_says() {
    behave("rfc5118", &RFC5118);
}

#[test]
fn a_report_shows_what_the_parser_cannot_read() {
    let limits = Limits::default();
    let report = |text: &str| {
        let bytes = text.as_bytes();
        let report = Report::of(bytes, &limits);
        let codes: Vec<_> = report.deviations.iter().filter(|d| d.fatal).map(|d| d.code).collect();
        (report.response_code, report.headers.len(), codes.join(" "))
    };
    let head = "Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\n\
        To: <sip:c@d>\r\nCall-ID: x\r\nMax-Forwards: 70\r\n";
    let with = |first: &str, more: &str| {
        let method = first.split(' ').next().unwrap_or_default();
        report(&format!("{first}\r\n{head}CSeq: 1 {method}\r\n{more}\r\n"))
    };
    let info = "INFO sip:a@b SIP/2.0";
    for (more, code, fatal) in [
        ("Subject: fine\r\n", Some(200), ""),
        ("Contact: <sip:a@b\r\n", Some(400), "sip-header-malformed"),
        ("Contact: *\r\n", Some(400), "sip-contact-star"),
        ("Contact: <sip:a@b>;q=2\r\n", Some(400), "sip-header-malformed"),
        ("Contact: <sip:a@b>;x;X\r\n", Some(400), "sip-header-malformed"),
        ("Route: <sip:a@b;lr;lr>\r\n", Some(400), "uri-parameter-repeated"),
        ("Subject: a\0b\r\n", Some(400), "sip-control-byte"),
        (
            "Date: now\r\nDate: now\r\n",
            Some(400),
            "sip-header-malformed sip-header-repeated sip-header-malformed",
        ),
        ("Require: 100REL\r\n", Some(200), ""),
        ("Proxy-Require: foo\r\n", Some(420), ""),
        ("Content-Length: 0\r\nl: 0\r\n", Some(400), "sip-content-length-repeated"),
        ("no colon\r\n", Some(400), "sip-header-line sip-header-line"),
        ("Expires: 4294967296\r\n", Some(400), "sip-header-malformed"),
        ("Allow:\r\nSupported:\r\n", Some(200), ""),
        ("Require:\r\n", Some(400), "sip-header-malformed"),
        ("Content-Type: multipart/mixed\r\n", Some(200), ""),
        ("Content-Type: multipart/mixed\r\n\r\nx", Some(400), "multipart-boundary"),
        ("Content-Type: a/b\r\nContent-Disposition: x;handling=optional\r\n\r\nx", Some(200), ""),
        ("Content-Type: a/b\r\n\r\nx", Some(415), ""),
        ("Content-Type: application/sdp\r\n\r\nx", Some(400), ""),
    ] {
        let (got, _, codes) = with(info, more);
        assert_eq!((got, &codes[..]), (code, fatal), "{more}");
    }
    assert_eq!(with("ACK sip:a@b SIP/2.0", "").0, None, "an ACK is never answered");
    assert_eq!(with("INVITE urn:service:sos SIP/2.0", "").0, Some(200));
    assert_eq!(with("INVITE urn:isbn:1 SIP/2.0", "").0, Some(416));
    assert_eq!(with("INVITE tel:112;phone-context=+44 SIP/2.0", "").0, Some(200));
    assert_eq!(with("BREW sip:a@b SIP/2.0", "").0, Some(501));
    assert_eq!(with("INFO sip:a@b SIP/3.0", "").0, Some(505));
    let (code, headers, codes) = with("INFO  sip:a@b SIP/2.0", "Subject: x\r\n");
    assert_eq!((code, headers, &codes[..]), (Some(400), 7, "sip-request-uri"));
    for nothing in ["", "\r\n\r\n", "\0\0\0\0", "hello\n"] {
        let (code, headers, codes) = report(nothing);
        assert_eq!((code, headers, codes.is_empty()), (None, 0, false), "{nothing:?}");
    }
    let bare = format!("{info}\r\n{head}CSeq: 1 INFO\r\n\r\n").replace("\r\n", "\n");
    assert_eq!(report(&bare), (Some(400), 6, "sip-line-ending".to_owned()));
}
