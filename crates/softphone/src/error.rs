//! What can go wrong, as a user of a phone would notice it.

use std::time::Duration;

/// Why something on a phone or trunk failed.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// A socket could not be opened.
    #[error("no socket: {0}")]
    Socket(#[from] std::io::Error),
    /// What was waited for did not happen.
    #[error("{what} did not happen within {} ms", within.as_millis())]
    Deadline {
        /// What was waited for.
        what: &'static str,
        /// How long.
        within: Duration,
    },
    /// The other side refused.
    #[error("refused with {status}")]
    Refused {
        /// SIP status; 408 where nothing was answered at all.
        status: u16,
    },
    /// The call is over already.
    #[error("the call has ended ({status})")]
    Ended {
        /// Its final SIP status.
        status: u16,
    },
    /// The step does not fit where the call stands.
    #[error("the call is not in a state for that")]
    State,
    /// The phone's own task has ended.
    #[error("the phone has been stopped")]
    Stopped,
}

impl PhoneError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Socket(_) => "socket",
            Self::Deadline { .. } => "deadline",
            Self::Refused { .. } => "refused",
            Self::Ended { .. } => "ended",
            Self::State => "state",
            Self::Stopped => "stopped",
        }
    }

    /// The SIP status, where one came.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status } | Self::Ended { status } => Some(*status),
            _ => None,
        }
    }
}
