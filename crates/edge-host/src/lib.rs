//! An edge as a process: its settings, its credentials, its admin listener, and how it
//! starts and stops. `meetpoint` has it beside the exchange and as `meetpoint edge`; the
//! program `meetpoint-edge` is that alone, without database, API and page, for machines
//! that face the network.

mod admin;
mod program;
mod renewing;
pub mod settings;
mod start;

use std::time::Duration;

pub use admin::{AdminSettings, Beside, InsideSettings, InsideWords, inside_settings};
pub use program::{EdgeArgs, USAGE, run, say, start_log, told_to_stop};
pub use start::{StartError, kept, listen, make_folder, start_admin, start_edge};

/// How long requests that have begun may take when the process stops.
pub const GRACE: Duration = Duration::from_secs(10);
