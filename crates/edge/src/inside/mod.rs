//! Looking inside a running edge: the trace of recent and failed calls, what is
//! exported to Homer, metrics, and the watch that raises alarms.

pub mod hep;
pub mod metrics;
mod redact;
mod ring;
mod watch;

pub use redact::redact;
pub(crate) use ring::{Seen, TraceRing, call_id};
pub(crate) use watch::{Clock, LOOK, Watch};
