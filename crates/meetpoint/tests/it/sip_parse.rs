//! `meetpoint sip parse`: a datagram in, a line of JSON out.

use crate::process::meetpoint;
use serde_json::{Value, json};
use testkit::TempDir;

fn parse(file: &std::path::Path) -> (Option<i32>, String) {
    let output = meetpoint().args(["sip", "parse"]).arg(file).output().expect("it starts");
    (output.status.code(), String::from_utf8(output.stdout).expect("JSON is UTF-8"))
}

#[test]
fn a_datagram_is_one_line_of_json() {
    let folder = TempDir::new("sip-parse");
    let file = folder.path().join("datagram");
    let head = "INVITE sip:+442079460001@edge.example SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n\
        f: \"A \\\"B\\\"\" <sip:a@x>;tag=1\r\nt: <sip:b@y>\r\ni: c\r\nCSeq: 1 INVITE\r\n\
        Max-Forwards: 70\r\nm: <sip:a@192.0.2.1>\r\n\
        Content-Type: multipart/mixed;boundary=b\r\n\r\n";
    let body = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 4000 RTP/AVP 0\r\n\r\n\
        --b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <l@x>\r\n\r\n<presence/>\r\n--b--\r\n";
    std::fs::write(&file, format!("{head}{body}")).expect("a file");
    let (code, line) = parse(&file);
    assert_eq!((code, line.matches('\n').count()), (Some(0), 1), "{line}");
    let said: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&said["verdict"], &said["response_code"]), (&json!("accept"), &json!(200)));
    assert_eq!(said["start_line"]["method"], "INVITE");
    assert_eq!(said["headers"][1]["name"], "From");
    assert_eq!(said["headers"][1]["parsed"]["display_name"], "A \"B\"");
    assert_eq!(said["headers"][1]["parsed"]["params"], json!({ "tag": "1" }));
    assert_eq!(said["body_parts"][0]["parsed"]["media"][0]["port"], 4000);
    assert_eq!(said["body_parts"][1]["content_id"], "<l@x>");
    assert_eq!(said["deviations"], json!([]));

    std::fs::write(&file, head.replace("SIP/2.0\r\nv", "SIP/7.0\r\nv")).expect("a file");
    let (code, line) = parse(&file);
    let said: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((code, &said["verdict"]), (Some(1), &json!("reject")));
    assert_eq!(said["response_code"], 505);
    assert_eq!(said["deviations"][0]["section"], "RFC 3261 section 21.5.6");

    std::fs::write(&file, "SIP/2.0 200 OK\r\n\r\n").expect("a file");
    let (code, line) = parse(&file);
    let said: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((code, &said["response_code"]), (Some(1), &Value::Null));

    assert_eq!(parse(&folder.path().join("nothing")), (Some(2), String::new()));
}
