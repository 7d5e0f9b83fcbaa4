//! Mails through a real mail server: STARTTLS, a password, and what it will not take.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use outbound::{Mail, MailError, Mailer, Smtp, SmtpConfig};
use rcgen::CertifiedKey;
use testkit::MailServer;

fn to(address: &str) -> Mail {
    Mail {
        id: "m-1".to_owned(),
        name: "Zo\u{eb} Example".to_owned(),
        address: address.to_owned(),
        subject: "Z\u{fc}rich: +41441234567".to_owned(),
        text: "Hello Zo\u{eb},\n.\n+41441234567 is yours.\n".to_owned(),
    }
}

fn smtp(url: String, ca: Option<&str>) -> Smtp {
    let from = "Telephony <telephony@example.com>".to_owned();
    let ca = ca.map(|pem| pem.as_bytes().to_vec());
    Smtp::new(&SmtpConfig { url, from, ca }).expect("a mail server")
}

/// Armour (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let lines = STANDARD.encode(der).into_bytes();
    let lines: Vec<&str> =
        lines.chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[tokio::test]
async fn a_mail_goes_over_tls_to_who_knows_the_password() {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = pem("CERTIFICATE", cert.der());
    let server =
        MailServer::with_tls(&certificate, &pem("PRIVATE KEY", &signing_key.serialize_der()));
    let port = server.address().port();
    let url = |password: &str| format!("smtp://meetpoint:{password}@localhost:{port}?tls=required");

    let good = smtp(url("secret"), Some(&certificate));
    good.send(to("zoe@example.com")).await.expect("it is taken");
    good.send(to("yan@example.com")).await.expect("and so is the next, on the same connection");
    let mails = server.mails_once(2);
    assert!(mails.iter().all(|mail| mail.header("Message-ID") == "<m-1@example.com>"));
    assert!(mails[0].text.contains("with esmtpsa"), "TLS and a password: {}", mails[0].text);

    // What is wrong here is mended here: the mail waits.
    let wrong = smtp(url("wrong"), Some(&certificate)).send(to("zoe@example.com")).await;
    assert!(matches!(&wrong, Err(MailError::Later(why)) if why.contains("535")), "{wrong:?}");
    let stranger = smtp(url("secret"), None).send(to("zoe@example.com")).await;
    assert!(matches!(&stranger, Err(MailError::Later(_))), "{stranger:?}");
    assert_eq!(server.mails().len(), 2, "nothing went to a server that nobody believes");
}

#[tokio::test]
async fn what_a_server_will_not_take_is_told_from_what_it_may_take_later() {
    let server = MailServer::start();
    let smtp = smtp(format!("smtp://{}", server.address()), None);
    let refused = smtp.send(to("nobody@example.com")).await;
    assert!(
        matches!(&refused, Err(MailError::Refused(why)) if why.contains("no such person")),
        "{refused:?}"
    );
    server.be_busy(true);
    let later = smtp.send(to("zoe@example.com")).await;
    assert!(matches!(&later, Err(MailError::Later(why)) if why.contains("too busy")), "{later:?}");
    server.be_busy(false);
    smtp.send(to("zoe@example.com")).await.expect("it is taken");
    let text = &server.mails_once(1)[0].text;
    assert!(text.contains("=?utf-8?"), "subject and name are encoded: {text}");
    let away = Smtp::new(&SmtpConfig {
        url: "smtp://127.0.0.1:9".to_owned(),
        from: "telephony@example.com".to_owned(),
        ca: None,
    });
    let away = away.expect("a mail server").send(to("zoe@example.com")).await;
    assert!(matches!(away, Err(MailError::Later(_))), "{away:?}");
}
