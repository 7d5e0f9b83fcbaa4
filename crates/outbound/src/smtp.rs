//! Mails by SMTP (RFC 5321) to the one mail server that the house was told of, which carries them on.

use crate::{Mail, MailError, Mailer, Mailing};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// How long a command may take. RFC 5321 section 4.5.3.2 would have minutes; a server of the own
/// house that takes longer is asked again later.
const COMMAND: Duration = Duration::from_secs(20);

/// How the mail server is reached.
#[derive(Clone)]
pub struct SmtpConfig {
    /// `smtps://user:password@host:465` (TLS from the first byte, RFC 8314),
    /// `smtp://user:password@host:587?tls=required` (STARTTLS, RFC 3207), or, without a password,
    /// `smtp://host:25` in clear.
    pub url: String,
    /// Who writes: `Name <address>` or an address alone.
    pub from: String,
    /// A certificate in PEM to believe beside those that this machine believes.
    pub ca: Option<Vec<u8>>,
}

/// Why no mail can be sent as configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// No URL of a mail server.
    #[error("the mail server's URL: {0}")]
    Url(String),
    /// A password would go over the wire in clear.
    #[error("a password goes by smtps:// or with ?tls=required only")]
    Clear,
    /// Who writes is no address.
    #[error("who writes is `Name <address>` or an address: {0}")]
    From(String),
    /// No certificate in PEM.
    #[error("the certificate: {0}")]
    Certificate(String),
}

/// The mail server, with connections that are kept for the next mail.
pub struct Smtp {
    server: String,
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Nobody is to answer a mail that a machine wrote, no machine above all (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Smtp {
    /// Reads how the server is reached; it is asked nothing yet. Connections are looked after by the
    /// runtime that this is called on.
    ///
    /// # Errors
    /// See [`SmtpError`].
    pub fn new(config: &SmtpConfig) -> Result<Self, SmtpError> {
        let url = Url::parse(&config.url).map_err(|error| SmtpError::Url(error.to_string()))?;
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return Err(SmtpError::Url("it names no host".to_owned()));
        };
        let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
        let starts = match asked.as_deref() {
            None => false,
            Some("required") => true,
            // One who listens in can make STARTTLS disappear.
            Some(other) => return Err(SmtpError::Url(format!("tls is `required`, not `{other}`"))),
        };
        let secure = starts || url.scheme() == "smtps";
        if url.password().is_some() && !secure {
            return Err(SmtpError::Clear);
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.url)
            .map_err(|error| SmtpError::Url(told(&error)))?
            .timeout(Some(COMMAND));
        if let Some(pem) = config.ca.as_ref().filter(|_| secure) {
            let wrong =
                |error: lettre::transport::smtp::Error| SmtpError::Certificate(told(&error));
            let ca = Certificate::from_pem(pem).map_err(wrong)?;
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let parameters = TlsParameters::builder(host.to_owned())
                .add_root_certificate(ca)
                .build_rustls()
                .map_err(wrong)?;
            builder = builder.tls(if starts {
                Tls::Required(parameters)
            } else {
                Tls::Wrapper(parameters)
            });
        }
        let from = config.from.parse().map_err(|_| SmtpError::From(config.from.clone()))?;
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        Ok(Self { server: format!("{host}{port}"), from, transport: builder.build() })
    }

    /// The server's host, and its port if one was named.
    pub fn server(&self) -> &str {
        &self.server
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        let none = |_| MailError::Address(mail.address.clone());
        let address: Address = mail.address.parse().map_err(none)?;
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(one_line(&mail.name)), address))
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .subject(one_line(&mail.subject))
            .body(mail.text)
            .map_err(|error| MailError::Refused(error.to_string()))
    }
}

impl Mailer for Smtp {
    fn send(&self, mail: Mail) -> Mailing<'_> {
        Box::pin(async move {
            let message = self.message(mail)?;
            match self.transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() && !about_house(&error) => {
                    Err(MailError::Refused(told(&error)))
                }
                Err(error) => Err(MailError::Later(told(&error))),
            }
        })
    }
}

/// The server does not know this house or wants TLS (RFC 4954 section 6, RFC 3207 section 4): that
/// is mended here, and says nothing of the mail.
fn about_house(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}

/// An error with what caused it, on one line.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    one_line(&text).chars().take(300).collect()
}

/// A line end would begin another header field (RFC 5322 section 2.2).
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(url: &str, from: &str) -> Result<Smtp, SmtpError> {
        Smtp::new(&SmtpConfig { url: url.to_owned(), from: from.to_owned(), ca: None })
    }

    #[tokio::test]
    async fn a_password_never_goes_in_clear_and_is_never_shown() {
        let from = "Meetpoint <phones@example.com>";
        for url in [
            "smtp://mail.example.com",
            "smtp://127.0.0.1:2525",
            "smtps://u:secret@mail.example.com",
            "smtp://u:secret@mail.example.com:587?tls=required",
        ] {
            let smtp = opened(url, from).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert!(!format!("{smtp:?}").contains("secret"), "{smtp:?}");
        }
        let clear = opened("smtp://u:secret@mail.example.com", from);
        assert_eq!(clear.err(), Some(SmtpError::Clear));
        let stripped = opened("smtp://u:secret@mail.example.com?tls=opportunistic", from);
        assert!(matches!(stripped, Err(SmtpError::Url(_))), "{stripped:?}");
        for url in ["mail.example.com", "http://mail.example.com", "smtp://"] {
            assert!(matches!(opened(url, from), Err(SmtpError::Url(_))), "{url}");
        }
        assert!(matches!(opened("smtp://h", "nobody"), Err(SmtpError::From(_))));
    }

    #[tokio::test]
    async fn a_message_has_one_reader_and_an_id_that_stays() {
        let smtp = opened("smtp://127.0.0.1", "Meetpoint <phones@example.com>").expect("reads");
        let mail = |address: &str| Mail {
            id: "m1".to_owned(),
            name: "Zo\u{eb}\r\nBcc: all@example.net".to_owned(),
            address: address.to_owned(),
            subject: "A\r\nBcc: all@example.net".to_owned(),
            text: "Hello\n".to_owned(),
        };
        let message = smtp.message(mail("zoe@example.com")).expect("a message");
        let to: Vec<String> = message.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(to, ["zoe@example.com"]);
        let text = String::from_utf8(message.formatted()).expect("ASCII");
        assert!(text.contains("Message-ID: <m1@example.com>\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
        assert!(!text.contains("\r\nBcc:"), "{text}");
        let wrong = smtp.message(mail("zoe@example.com>\r\nRCPT TO:<all@example.net"));
        assert!(matches!(wrong, Err(MailError::Address(_))));
    }
}
