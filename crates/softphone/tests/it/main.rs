//! Phones and trunks against each other, over real sockets on loopback.

mod calls;
mod registration;

use std::time::Duration;

/// Long enough for a busy machine, short enough to fail a test.
const SOON: Duration = Duration::from_secs(10);
