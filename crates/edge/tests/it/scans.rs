//! The scanners of the trade against a running edge: sipsak and SIPVicious, of
//! Debian's packages of those names.

use crate::control::{Control, Folder, start_edge};
use crate::net::*;
use crate::world::*;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a scanner in a folder of its own; all it said.
async fn scan(program: &str, args: &[&str], folder: &Folder, words: &str) -> String {
    let mut child = Command::new("timeout")
        .args(["--kill-after=5", "60", program])
        .args(args)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    // A scanner that ends before it has read them all closes its side.
    let _ = child.stdin.take().expect("it is piped").write_all(words.as_bytes());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = output.await.expect("no panic").expect("it ran");
    assert_ne!(output.status.code(), Some(127), "{program} is installed");
    assert_ne!(output.status.code(), Some(124), "{program} ends");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// What differs between two answers by chance alone: tags, nonces, numbers.
fn shape(said: &str, name: &str) -> String {
    let said = said.replace(name, "NAME");
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    let words = said.split(|c| !is_word(c)).filter(|w| !w.is_empty());
    words.filter(|w| !w.bytes().any(|b| b.is_ascii_digit())).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn scanners_scan_in_vain() {
    let control = Control::new(world(Vec::new()));
    let folder = Folder::new();
    let edge = start_edge(&control, &folder, 0, 1).await;
    let at = edge.udp_addresses()[0];
    let (host, port) = (at.ip().to_string(), at.port().to_string());
    let domain = format!("--domain={DOMAIN}");
    let own = Folder::new();

    // Who knows nothing but the address hears nothing.
    for method in ["OPTIONS", "INVITE"] {
        let said = scan("svmap", &["-p", &port, "-m", method, &host], &own, "").await;
        assert!(said.contains("found nothing") && !said.contains("SIP/2.0"), "{method}: {said}");
    }
    let said =
        scan("svwar", &["-p", &port, "-d", "-", "--maximumtime=1", &host], &own, "alice\nnobody\n")
            .await;
    assert!(said.contains("timed out") && said.contains("found nothing"), "{said}");
    let uri = format!("sip:alice@{at}");
    for mode in [
        &["-vv", "-D", "1", "-s"][..],
        &["-vv", "-D", "1", "-U", "-s"],
        &["-vv", "-D", "1", "-T", "-s"],
    ] {
        let said = scan("sipsak", &[mode, &[&uri]].concat(), &own, "").await;
        assert!(said.contains("no final response"), "{mode:?}: {said}");
    }
    assert!(edge.status().silenced > 0, "they did ask");

    // Who knows a domain is asked for a password, the same for every name.
    for method in ["REGISTER", "INVITE"] {
        let mut shapes = Vec::new();
        for (source, name) in [("45671", "alice"), ("45672", "nobody")] {
            let args = [
                "-p",
                &port,
                "-P",
                source,
                "-m",
                method,
                "-d",
                "-",
                &domain,
                "--force",
                "--maximumtime=1",
                &host,
            ];
            let said = scan("svwar", &args, &own, name).await;
            assert!(said.contains("found nothing"), "{said}");
            shapes.push(shape(&said, name));
        }
        assert!(shapes[0].contains("Digest realm="), "it got as far as the challenge: {shapes:?}");
        assert_eq!(shapes[0], shapes[1], "{method}");
    }

    // And whoever guesses gets nowhere: the tool cannot even read SHA-256. One that
    // could would be slowed down, as the test below shows.
    let words: String = (0..50).map(|n| format!("wrong-{n}\n")).collect();
    let args =
        ["-p", &port, "-P", "45671", "-u", "alice", "-d", "-", "--maximumtime=1", &domain, &host];
    let said = scan("svcrack", &args, &own, &words).await;
    assert!(said.contains("found nothing"), "{said}");
    edge.shutdown().await;
}

/// RFC 3261 section 26.3.2.4: guessing, and making us shout at somebody, is slow.
#[test]
fn who_guesses_is_answered_ever_more_seldom() {
    let stranger = addr("203.0.113.66:5060");
    let mut net = Net::new(world(Vec::new()));
    let uri = format!("sip:{DOMAIN}");
    let aor = format!("sip:alice@{DOMAIN}");
    let mut answers = |guesses: usize, tick: Duration| {
        let mut answered = 0;
        for n in 0..guesses {
            let credentials = format!(
                "Digest username=\"alice\", realm=\"{DOMAIN}\", nonce=\"n\", uri=\"{uri}\", \
                 response=\"{n:032x}\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\""
            );
            let extra = [(sip::HeaderName::Authorization, &credentials[..])];
            let ask = (sip::Method::Register, &uri[..]);
            let bytes = net.request(stranger, ask, (&aor, &aor), "guess", &extra, b"");
            net.send(stranger, &bytes);
            while net.inbox.get(&stranger).is_some_and(|q| !q.is_empty()) {
                net.expect(stranger, 401);
                answered += 1;
            }
            net.pass(tick);
        }
        answered
    };
    let at_once = answers(1_000, Duration::ZERO);
    assert!((1..=200).contains(&at_once), "{at_once} of 1,000 guesses at one moment are answered");
    let later = answers(1_000, Duration::from_millis(1));
    assert!((1..=101).contains(&later), "{later} of 1,000 guesses in a second are answered");
}
