//! A small, real SIP user agent: phones that register and talk, and a simulated
//! operator's trunk. It is the other end of the wire for `meetpoint demo` and
//! for tests.
//!
//! * [`Phone`] registers with digest, keeps its registration, takes and places
//!   calls.
//! * [`OperatorTrunk`] answers OPTIONS, takes calls and remembers what they
//!   carried, places calls, and can be made silent or unavailable.
//! * [`Call`] is one call of either: answer, reject, hold, hang up, cancel, and
//!   wait for what happens, always with a deadline.
//!
//! Media is real RTP (RFC 3550): a PCMU tone, one packet every 20 ms, to the
//! address in the peer's SDP; [`Call::talk`] proves that packets come the other
//! way. Signalling is the `sip` crate's transactions on tokio's sockets.

mod agent;
mod call;
mod error;
mod leg;
pub mod load;
mod phone;
mod place;
mod registrar;
mod rtp;
mod sdp;
mod trunk;
mod wire;

pub use call::{Call, CallEnd, CallPhase, CallView, EndedBy, HeaderText, Media};
pub use error::PhoneError;
pub use phone::{Phone, PhoneConfig, Registration};
pub use place::free_address;
pub use trunk::{OperatorTrunk, TrunkConfig, TrunkMode};

/// How signalling travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// What to do with a call that comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// 180, then wait for [`Call::answer`] or [`Call::reject`].
    Manual,
    /// 180, then 200 after so long.
    Answer {
        /// How long it rings.
        after: std::time::Duration,
    },
    /// A refusal at once.
    Reject {
        /// Its status, 300 to 699.
        status: u16,
    },
    /// Ring and never answer.
    Ring,
    /// Not a word, as if the phone were gone.
    Ignore,
}
