//! A phone that registers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::agent::{AgentConfig, Command, Order, Running};
use crate::call::Call;
use crate::error::PhoneError;
use crate::registrar::{Credentials, Registrar};
use crate::wire::Peer;
use crate::{Answering, Transport};

/// How a phone is set up.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// User part of its address of record and digest user name.
    pub username: String,
    /// Digest password.
    pub password: String,
    /// SIP domain.
    pub domain: String,
    /// Where the registrar (and way out) listens.
    pub registrar: SocketAddr,
    /// How to speak to it.
    pub transport: Transport,
    /// Own address; a free port is taken.
    pub bind: IpAddr,
    /// What to do with calls that come in.
    pub answering: Answering,
}

/// A registration that was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// SIP status, 200.
    pub status: u16,
    /// Seconds granted; 0 after unregistering.
    pub expires_seconds: u32,
    /// Milliseconds it took, challenges included.
    pub after_ms: u64,
    /// How often the registrar asked for proof.
    pub challenges: u8,
    /// A nonce had become stale.
    pub stale: bool,
}

/// A phone. Dropping it closes its sockets without a word, as a power cut would.
#[derive(Debug)]
pub struct Phone {
    running: Running,
    config: PhoneConfig,
    registrar: Peer,
}

impl Phone {
    /// Opens sockets; does not register yet.
    ///
    /// # Errors
    /// [`PhoneError::Socket`].
    pub async fn start(config: PhoneConfig) -> Result<Self, PhoneError> {
        let registrar = Peer { transport: config.transport, address: config.registrar };
        let agent = AgentConfig {
            user: config.username.clone(),
            transport: config.transport,
            credentials: Some(Credentials {
                username: config.username.clone(),
                password: config.password.clone(),
            }),
            registrar: Some(Registrar::new(registrar, &config.username, &config.domain)),
            answering: config.answering,
        };
        let running = Running::start((config.bind, 0).into(), agent).await?;
        Ok(Self { running, config, registrar })
    }

    /// How it was set up.
    pub fn config(&self) -> &PhoneConfig {
        &self.config
    }

    /// Its own address.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Registers, proving itself when asked, and keeps the registration fresh.
    /// 0 seconds unregisters.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] with the registrar's status, [`PhoneError::Deadline`].
    pub async fn register(
        &self,
        expires_seconds: u32,
        within: Duration,
    ) -> Result<Registration, PhoneError> {
        let (reply, answer) = oneshot::channel();
        self.running.command(Command::Register { expires: expires_seconds, reply })?;
        tokio::time::timeout(within, answer)
            .await
            .map_err(|_| PhoneError::Deadline { what: "registration", within })?
            .map_err(|_| PhoneError::Stopped)?
    }

    /// Whether the last REGISTER was granted.
    pub fn is_registered(&self) -> bool {
        self.running.counts.borrow().registered
    }

    /// Changes what it does with calls from now on.
    ///
    /// # Errors
    /// [`PhoneError::Stopped`].
    pub fn set_answering(&self, answering: Answering) -> Result<(), PhoneError> {
        self.running.command(Command::Answering(answering))
    }

    /// Dials: digits, or the user part of a colleague's address.
    ///
    /// # Errors
    /// [`PhoneError::Socket`] if there is no socket for media. A refusal shows on
    /// the call.
    pub async fn dial(&self, called: &str) -> Result<Call, PhoneError> {
        let uri = format!("sip:{called}@{}", self.config.domain);
        self.dial_uri(&uri).await
    }

    /// Calls a whole URI, such as `urn:service:sos`, by way of the registrar.
    ///
    /// # Errors
    /// As [`dial`](Self::dial).
    pub async fn dial_uri(&self, uri: &str) -> Result<Call, PhoneError> {
        let PhoneConfig { username, domain, .. } = &self.config;
        let order = Order {
            to: self.registrar,
            uri: uri.to_owned(),
            from: format!("<sip:{username}@{domain}>"),
            to_header: format!("<{uri}>"),
            headers: Vec::new(),
        };
        self.running.place(order).await
    }

    /// The next call that comes in.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`].
    pub async fn next_call(&self, within: Duration) -> Result<Call, PhoneError> {
        self.running.next_call(within).await
    }
}
