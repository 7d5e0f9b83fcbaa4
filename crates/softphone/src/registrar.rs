//! Digest answers and the life of a registration (RFC 3261 section 10, RFC 8760).

use std::time::{Duration, Instant};

use sip::digest::Challenge;
use sip::{HeaderName, Message};
use tokio::sync::oneshot;

use crate::agent::token;
use crate::error::PhoneError;
use crate::phone::Registration;
use crate::wire::Peer;

/// How long after a lost connection the phone registers anew.
const RECONNECT: Duration = Duration::from_millis(250);
/// How long after a failed refresh it tries again.
const RETRY: Duration = Duration::from_secs(5);
const MOST_TRIES: u8 = 3;

/// What a phone proves itself with.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub username: String,
    pub password: String,
}

impl Credentials {
    /// The header that answers the challenge in `response`, if it can be answered.
    pub fn answer(
        &self,
        response: &Message<'_>,
        method: &str,
        uri: &str,
    ) -> Option<(HeaderName, String)> {
        let (challenge, name) = challenge(response)?;
        Some((name, self.fill(&challenge, method, uri, 1)))
    }

    fn fill(&self, challenge: &Challenge<'_>, method: &str, uri: &str, count: u32) -> String {
        let value = challenge.answer(
            &self.username,
            &self.password,
            method.as_bytes(),
            uri.as_bytes(),
            &token(),
            count,
        );
        String::from_utf8_lossy(&value).into_owned()
    }
}

/// The strongest challenge of a 401 or 407 and the header that answers it.
fn challenge<'a>(response: &Message<'a>) -> Option<(Challenge<'a>, HeaderName)> {
    let (from, to) = match response.status()? {
        401 => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
        407 => (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
        _ => return None,
    };
    Some((Challenge::first_of(response.header_all(from))?, to))
}

/// The registration of one phone.
#[derive(Debug)]
pub(crate) struct Registrar {
    to: Peer,
    uri: String,
    aor: String,
    tag: String,
    call_id: String,
    cseq: u32,
    expires: u32,
    /// The last challenge, to be answered before it is asked again.
    known: Option<String>,
    uses: u32,
    begun: Instant,
    tries: u8,
    stale: bool,
    reply: Option<oneshot::Sender<Result<Registration, PhoneError>>>,
    pub refresh_at: Option<Instant>,
}

/// What the next REGISTER carries.
pub(crate) struct RegisterRequest {
    pub to: Peer,
    pub uri: String,
    pub aor: String,
    pub tag: String,
    pub call_id: String,
    pub cseq: u32,
    pub expires: u32,
    pub authorization: Option<(HeaderName, String)>,
}

impl Registrar {
    pub fn new(to: Peer, user: &str, domain: &str) -> Self {
        Self {
            to,
            uri: format!("sip:{domain}"),
            aor: format!("sip:{user}@{domain}"),
            tag: token(),
            call_id: token(),
            cseq: 0,
            expires: 0,
            known: None,
            uses: 0,
            begun: Instant::now(),
            tries: 0,
            stale: false,
            reply: None,
            refresh_at: None,
        }
    }

    pub fn begin(
        &mut self,
        expires: u32,
        reply: oneshot::Sender<Result<Registration, PhoneError>>,
    ) {
        self.expires = expires;
        self.reply = Some(reply);
        self.restart();
    }

    /// A new exchange begins: by command, or because the time has come.
    pub fn restart(&mut self) {
        self.begun = Instant::now();
        self.tries = 0;
        self.stale = false;
        self.refresh_at = None;
    }

    pub fn request(&mut self, credentials: Option<&Credentials>) -> RegisterRequest {
        self.cseq += 1;
        let authorization =
            self.known.as_ref().zip(credentials).and_then(|(known, credentials)| {
                self.uses += 1;
                let challenge = Challenge::parse(known.as_bytes()).ok()?;
                let value = credentials.fill(&challenge, "REGISTER", &self.uri, self.uses);
                Some((HeaderName::Authorization, value))
            });
        RegisterRequest {
            to: self.to,
            uri: self.uri.clone(),
            aor: self.aor.clone(),
            tag: self.tag.clone(),
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            expires: self.expires,
            authorization,
        }
    }

    /// Takes a final response. `None`: challenged, send another REGISTER.
    pub fn response(
        &mut self,
        status: u16,
        message: &Message<'_>,
    ) -> Option<Result<Registration, u16>> {
        if status == 401 {
            self.tries += 1;
            let values = message.header_all(HeaderName::WwwAuthenticate);
            let usable = values.filter_map(|v| Some((v, Challenge::parse(v).ok()?))).next();
            if let (Some((value, challenge)), true) = (usable, self.tries < MOST_TRIES) {
                // A second challenge that is not stale means a wrong password.
                let refused = self.uses > 0 && !challenge.stale && self.tries > 1;
                if !refused {
                    self.stale |= challenge.stale;
                    self.known = Some(String::from_utf8_lossy(value).into_owned());
                    self.uses = 0;
                    return None;
                }
            }
            self.known = None;
        }
        if status >= 300 {
            return Some(Err(status));
        }
        let expires_seconds = self.granted(message);
        Some(Ok(Registration {
            status,
            expires_seconds,
            after_ms: self.begun.elapsed().as_millis() as u64,
            challenges: self.tries,
            stale: self.stale,
        }))
    }

    /// Seconds the registrar grants: the Contact's own `expires`, else the header's.
    fn granted(&self, message: &Message<'_>) -> u32 {
        if self.expires == 0 {
            return 0;
        }
        let own = message.contacts().filter_map(Result::ok).find_map(|c| c.addr()?.expires());
        let all = message.seconds(HeaderName::Expires).ok().flatten().map(|s| s.seconds);
        own.or(all).unwrap_or(self.expires)
    }

    pub fn settle(&mut self, answer: Result<Registration, u16>, now: Instant) {
        self.refresh_at = match &answer {
            _ if self.expires == 0 => None,
            Ok(granted) => {
                Some(now + Duration::from_secs(u64::from(granted.expires_seconds / 2).max(1)))
            }
            // Somebody waits for the answer and decides; a refresh has nobody.
            Err(_) => self.reply.is_none().then_some(now + RETRY),
        };
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer.map_err(|status| PhoneError::Refused { status }));
        }
    }

    pub fn connection_lost(&mut self, peer: &Peer, now: Instant) {
        if self.to == *peer && self.expires > 0 && self.reply.is_none() {
            self.refresh_at = Some(now + RECONNECT);
        }
    }
}
