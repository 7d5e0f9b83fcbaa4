//! What waits at a shard's UDP sockets, and the share of new calls that they let
//! through.

use super::{filter, mmsg};
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How often the system is asked.
const LOOK: Duration = Duration::from_millis(5);

/// The filter of a shard's sockets, and what they told last.
#[derive(Debug)]
pub(super) struct Throttle {
    looked_at: Option<Instant>,
    /// Packets that all sockets together have thrown away.
    lost: u64,
    /// Share of new calls that the sockets let through.
    passing: f64,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { looked_at: None, lost: 0, passing: 1.0 }
    }
}

impl Throttle {
    /// Some new calls are thrown away.
    pub fn is_on(&self) -> bool {
        self.passing < 1.0
    }

    /// Sockets have come that have no filter yet.
    pub fn again(&mut self) {
        self.passing = 1.0;
    }

    /// Whether to look now: a shard that keeps up has nothing to see.
    pub fn is_due(&self, now: Instant, dry: bool) -> bool {
        (self.is_on() || !dry)
            && self.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= LOOK)
    }

    /// Bytes that wait at these sockets, and packets they have thrown away since the
    /// last look.
    pub fn look(&mut self, now: Instant, sockets: &[(u8, UdpSocket)]) -> (usize, u64) {
        self.looked_at = Some(now);
        let told = sockets.iter().filter_map(|(_, socket)| mmsg::waiting(socket.as_fd()));
        let (waiting, lost) =
            told.fold((0, 0), |(all, lost), (bytes, n)| (all + bytes, lost + u64::from(n)));
        // Less when a socket has gone.
        let since = lost.saturating_sub(std::mem::replace(&mut self.lost, lost));
        (waiting, since)
    }

    /// Lets the share `pass` of new calls through.
    pub fn set(&mut self, pass: f64, sockets: &[(u8, UdpSocket)]) {
        if (pass - self.passing).abs() <= 0.1 * self.passing
            && (pass >= 1.0) == (self.passing >= 1.0)
        {
            return;
        }
        self.passing = pass;
        for (_, socket) in sockets {
            let done = match pass {
                1.0.. => filter::detach(socket),
                _ => filter::attach(socket, pass),
            };
            // Without it the core throws away what it must, at a higher price.
            if let Err(error) = done {
                tracing::warn!(%error, "a socket takes no filter");
            }
        }
    }
}
