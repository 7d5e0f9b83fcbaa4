//! Calls to the outside, each behind a trait: webhooks, documents of outside issuers, and mails. Who
//! calls hands in the whole message; what is here knows HTTP, SMTP and whom not to call, and nothing
//! of the exchange.

pub mod guard;
mod http;
mod smtp;
pub mod webhook;

pub use guard::Guard;
pub use http::Http;
pub use smtp::{Smtp, SmtpConfig, SmtpError};

use serde_json::Value;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A `POST` to somebody else's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// Header fields beside those of every request.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON.
    pub body: Vec<u8>,
    /// How long all of it may take: looking up the name, connecting, sending, the answer.
    pub timeout: Duration,
}

/// What the other side answered. Its body is read within bounds and dropped: it is nobody's
/// business here, and showing it would let a subscriber read what the house alone can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why nothing was answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No URL that may be called, whatever its name resolves to.
    #[error("{0}")]
    Url(String),
    /// The host's address may not be called. It is not told: what a name of the house's own
    /// network stands for is the house's business.
    #[error("the host's address is not one of the public Internet")]
    Forbidden(std::net::IpAddr),
    /// The host's name has no address.
    #[error("the host's name could not be resolved")]
    Name,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// The server's certificate, or TLS itself.
    #[error("TLS: {0}")]
    Tls(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// The connection broke, or what came was not HTTP.
    #[error("the connection broke before an answer was there: {0}")]
    Broken(String),
    /// What was answered is not what was asked for.
    #[error("it answered {0}")]
    Answer(String),
}

impl CallError {
    /// A stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "url_refused",
            Self::Forbidden(_) => "address_refused",
            Self::Name => "name_unknown",
            Self::Connect(_) => "no_connection",
            Self::Tls(_) => "tls_failed",
            Self::Timeout(_) => "no_answer",
            Self::Broken(_) => "connection_broken",
            Self::Answer(_) => "answer_unusable",
        }
    }
}

/// An answer that comes later.
pub type Posting<'a> = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>>;

/// Who sends a message out.
pub trait Poster: Debug + Send + Sync {
    /// Whether a URL may be called at all, as far as it tells without asking anybody. What its
    /// name resolves to is checked with each message.
    ///
    /// # Errors
    /// [`CallError::Url`], [`CallError::Forbidden`].
    fn check(&self, url: &str) -> Result<(), CallError>;

    /// Sends one message; redirects are answers like any other.
    fn post(&self, post: Post) -> Posting<'_>;
}

/// A document that comes later.
pub type Fetching<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send + 'a>>;

/// Who asks others for JSON documents: of at most 1 MiB, within seconds, following no redirects,
/// which would lead where nobody said that they may come from.
pub trait Fetcher: Debug + Send + Sync {
    /// Whether a URL may be asked at all, as far as it tells without asking anybody.
    ///
    /// # Errors
    /// [`CallError::Url`], [`CallError::Forbidden`].
    fn check(&self, url: &str) -> Result<(), CallError>;

    /// `GET`, where anything but 200 is a failure.
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a, Value>;

    /// `POST` of a form (`application/x-www-form-urlencoded`), answered with the status and the
    /// document.
    fn post_form<'a>(
        &'a self,
        url: &'a str,
        form: &'a [(&'a str, &'a str)],
    ) -> Fetching<'a, (u16, Value)>;
}

/// A mail to one person, plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Names the mail: the same with each attempt, so that a mail server or reader knows it again.
    pub id: String,
    /// The reader's name.
    pub name: String,
    /// The reader's address, `local@domain`.
    pub address: String,
    /// One line.
    pub subject: String,
    /// The text, its lines ended by LF.
    pub text: String,
}

/// Why no mail server took a mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The address is none (RFC 5321 section 4.1.2).
    #[error("{0} is no mail address")]
    Address(String),
    /// The server will not take this mail, however often it is asked (RFC 5321 section 4.2.1, 5yz).
    #[error("the mail server refused it: {0}")]
    Refused(String),
    /// It may take it later: it said so (4yz), could not be reached, or did not know this house.
    #[error("the mail server did not take it: {0}")]
    Later(String),
}

impl MailError {
    /// A stable word for it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "address_refused",
            Self::Refused(_) => "mail_refused",
            Self::Later(_) => "mail_delayed",
        }
    }

    /// Another attempt may fare better.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Later(_))
    }
}

/// A mail on its way.
pub type Mailing<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Who hands mails to a mail server.
pub trait Mailer: Debug + Send + Sync {
    /// Hands over one mail; `Ok` once the server has answered for it.
    fn send(&self, mail: Mail) -> Mailing<'_>;
}
