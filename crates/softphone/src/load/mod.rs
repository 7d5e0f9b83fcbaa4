//! Many calls at once, signalling only: an operator's trunk that places them and
//! the phones that answer, in one thread. What a call must survive is decided
//! here and counted here: each established call is re-INVITEd once and hung up,
//! by either side in turn.

mod call;
mod engine;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::PhoneError;

pub use call::CallReport;

/// A phone of the load.
#[derive(Clone, Debug)]
pub struct Line {
    /// User part of its address of record and digest user name.
    pub username: String,
    /// Digest password.
    pub password: String,
    /// SIP domain.
    pub domain: String,
    /// Where it registers.
    pub registrar: SocketAddr,
    /// The number that rings it, in E.164.
    pub number: String,
}

/// What load there shall be.
#[derive(Clone, Debug)]
pub struct LoadConfig {
    /// Where the trunk sends from; port 0 takes a free one.
    pub trunk: SocketAddr,
    /// Where the phones send from, all over one socket per registrar.
    pub phones: std::net::IpAddr,
    /// Addresses of the exchange; calls go to each in turn.
    pub exchange: Vec<SocketAddr>,
    /// Who calls, in E.164.
    pub caller: String,
    /// Who is called, each in turn.
    pub lines: Vec<Line>,
    /// Calls begun each second.
    pub per_second: f64,
    /// How long a call is held from its ACK to its BYE, from and to.
    pub hold: (Duration, Duration),
}

/// What has become of the load so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// INVITEs placed.
    pub placed: u64,
    /// Calls whose 2xx reached the caller and whose ACK reached the callee.
    pub established: u64,
    /// Calls that never were: refused, or cut off before their ACK.
    pub never: u64,
    /// Established calls whose re-INVITE was answered 2xx.
    pub reinvited: u64,
    /// Established calls whose BYE was answered 2xx.
    pub hung_up: u64,
    /// Established calls of which one of the two failed.
    pub lost: u64,
    /// Calls under way.
    pub open: u64,
    /// INVITEs refused, by status; 408 for no answer at all.
    pub refused: BTreeMap<u16, u64>,
}

enum Command {
    Register,
    Calls(bool),
    Stop,
}

#[derive(Default)]
struct Seen {
    tally: Tally,
    registered: Option<Result<(), u16>>,
    calls: Vec<CallReport>,
    ended: bool,
}

#[derive(Default)]
struct Board {
    seen: Mutex<Seen>,
    news: Condvar,
}

impl Board {
    fn with<R>(&self, work: impl FnOnce(&mut Seen) -> R) -> R {
        let result = work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.news.notify_all();
        result
    }
}

/// A running load; dropping it ends it.
pub struct Load {
    /// Where the trunk sends from.
    pub trunk: SocketAddr,
    commands: mpsc::Sender<engine::Input>,
    board: Arc<Board>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Opens the sockets; no packet leaves yet.
    ///
    /// # Errors
    /// [`PhoneError::Socket`].
    pub fn start(config: LoadConfig) -> Result<Self, PhoneError> {
        let board = Arc::new(Board::default());
        let (engine, commands) = engine::Engine::new(config, board.clone())?;
        let trunk = engine.trunk();
        let thread = std::thread::Builder::new()
            .name("load".into())
            .spawn(move || engine.run())
            .map_err(PhoneError::Socket)?;
        Ok(Self { trunk, commands, board, thread: Some(thread) })
    }

    fn command(&self, command: Command) {
        // An engine that has ended shows on the board.
        let _ = self.commands.send(engine::Input::Command(command));
    }

    fn wait<R>(
        &self,
        what: &'static str,
        within: Duration,
        mut pick: impl FnMut(&Seen) -> Option<R>,
    ) -> Result<R, PhoneError> {
        let deadline = Instant::now() + within;
        let mut seen = self.board.seen.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = pick(&seen) {
                return Ok(found);
            }
            if seen.ended {
                return Err(PhoneError::Stopped);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(PhoneError::Deadline { what, within });
            }
            seen =
                self.board.news.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Registers every phone and waits for the answers. Blocks.
    ///
    /// # Errors
    /// [`PhoneError::Refused`] by the first registrar that does,
    /// [`PhoneError::Deadline`].
    pub fn register(&self, within: Duration) -> Result<(), PhoneError> {
        self.board.with(|seen| seen.registered = None);
        self.command(Command::Register);
        self.wait("registrations", within, |seen| seen.registered)?
            .map_err(|status| PhoneError::Refused { status })
    }

    /// Begins to place calls, or places no more.
    pub fn place_calls(&self, on: bool) {
        self.command(Command::Calls(on));
    }

    /// What has become of the load so far.
    pub fn tally(&self) -> Tally {
        self.board.seen.lock().unwrap_or_else(PoisonError::into_inner).tally.clone()
    }

    /// Waits until so many calls have been established. Blocks.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`].
    pub fn established(&self, count: u64, within: Duration) -> Result<(), PhoneError> {
        self.wait("established calls", within, |seen| {
            (seen.tally.established >= count).then_some(())
        })
    }

    /// Places no more calls, waits until all are over and tells what became of
    /// each that was established. Blocks.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`] if some are still open.
    pub fn finish(&self, within: Duration) -> Result<(Tally, Vec<CallReport>), PhoneError> {
        self.place_calls(false);
        self.wait("the end of all calls", within, |seen| {
            (seen.tally.open == 0 && seen.tally.placed > 0)
                .then(|| (seen.tally.clone(), seen.calls.clone()))
        })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.command(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
