//! A simulated operator's trunk.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::agent::{AgentConfig, Command, Order, Running};
use crate::call::{Call, settle};
use crate::error::PhoneError;
use crate::wire::Peer;
use crate::{Answering, Transport};

/// Whether a trunk serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkMode {
    /// It does.
    InService,
    /// Not a word to anything, as if the machine were off.
    Silent,
    /// 503 to every call and OPTIONS.
    Unavailable,
}

/// How a trunk is set up.
#[derive(Clone, Debug)]
pub struct TrunkConfig {
    /// Where it listens and sends from, UDP and TCP; port 0 takes a free one.
    pub bind: SocketAddr,
    /// How it sends.
    pub transport: Transport,
    /// Where the exchange listens.
    pub exchange: SocketAddr,
    /// What to do with calls that come in.
    pub answering: Answering,
}

/// An operator's trunk. Dropping it closes its sockets.
#[derive(Debug)]
pub struct OperatorTrunk {
    running: Running,
    exchange: Peer,
}

impl OperatorTrunk {
    /// Opens its sockets.
    ///
    /// # Errors
    /// [`PhoneError::Socket`].
    pub async fn start(config: TrunkConfig) -> Result<Self, PhoneError> {
        let agent = AgentConfig {
            user: "trunk".to_owned(),
            transport: config.transport,
            credentials: None,
            registrar: None,
            answering: config.answering,
        };
        let running = Running::start(config.bind, agent).await?;
        let exchange = Peer { transport: config.transport, address: config.exchange };
        Ok(Self { running, exchange })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Takes it out of service or puts it back.
    ///
    /// # Errors
    /// [`PhoneError::Stopped`].
    pub fn set_mode(&self, mode: TrunkMode) -> Result<(), PhoneError> {
        self.running.command(Command::Mode(mode))
    }

    /// Changes what it does with calls from now on.
    ///
    /// # Errors
    /// [`PhoneError::Stopped`].
    pub fn set_answering(&self, answering: Answering) -> Result<(), PhoneError> {
        self.running.command(Command::Answering(answering))
    }

    /// Brings a call to the exchange, both numbers as the operator writes them.
    ///
    /// # Errors
    /// [`PhoneError::Socket`]. A refusal shows on the call.
    pub async fn call(&self, caller: &str, called: &str) -> Result<Call, PhoneError> {
        let (ours, theirs) = (self.running.address, self.exchange.address);
        let from = format!("<sip:{caller}@{};user=phone>", ours.ip());
        let uri = format!("sip:{called}@{theirs};user=phone");
        let order = Order {
            to: self.exchange,
            from: from.clone(),
            to_header: format!("<sip:{called}@{};user=phone>", theirs.ip()),
            uri,
            headers: vec![("P-Asserted-Identity".to_owned(), from)],
        };
        self.running.place(order).await
    }

    /// Sends OPTIONS to the exchange: status and milliseconds.
    ///
    /// # Errors
    /// [`PhoneError::Refused`], [`PhoneError::Deadline`].
    pub async fn ping(&self, within: Duration) -> Result<(u16, u64), PhoneError> {
        let begun = Instant::now();
        let (reply, answer) = oneshot::channel();
        self.running.command(Command::Ping { to: self.exchange, reply })?;
        let status = settle("the answer to OPTIONS", within, answer).await?;
        Ok((status, begun.elapsed().as_millis() as u64))
    }

    /// The next call that comes in.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`].
    pub async fn next_call(&self, within: Duration) -> Result<Call, PhoneError> {
        self.running.next_call(within).await
    }

    /// INVITEs (repetitions included) that were met with silence or 503.
    pub fn invites_unanswered(&self) -> u64 {
        self.running.counts.borrow().invites_unanswered
    }

    /// OPTIONS that were answered.
    pub fn options_answered(&self) -> u64 {
        self.running.counts.borrow().options
    }

    /// Waits until OPTIONS have been answered so often.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`].
    pub async fn options_seen(&self, count: u64, within: Duration) -> Result<(), PhoneError> {
        let mut counts = self.running.counts.clone();
        tokio::time::timeout(within, counts.wait_for(|c| c.options >= count))
            .await
            .map_err(|_| PhoneError::Deadline { what: "OPTIONS from the exchange", within })?
            .map_err(|_| PhoneError::Stopped)?;
        Ok(())
    }
}
