//! What users of the library notice.

mod memory;
mod message;
mod network;
mod robust;
mod torture;
mod transaction;

/// Where the tests' own clocks start. Only differences matter, and an `Instant`
/// has no other origin.
#[expect(clippy::disallowed_methods, reason = "the origin of a clock the tests turn by hand")]
fn epoch() -> std::time::Instant {
    std::time::Instant::now()
}
