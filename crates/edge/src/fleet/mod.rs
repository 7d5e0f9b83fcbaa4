//! Edges that share: one list of addresses, registrations, and what else an edge
//! that dies must not take with it (design decision 3, section 5).
//!
//! Each edge dials each of its siblings and tells it, one way, what it has: see
//! [`wire`]. Nothing on a call's way waits for that; what a sibling cannot be told
//! because it is slow is told again, and all of it to one that was gone. What
//! somebody waits for passes by what is told again.

mod link;
mod loads;
mod retell;
mod serving;
#[cfg(test)]
mod tests;
pub mod wire;

pub(crate) use link::{Fleet, Shell};
pub use loads::{LEASE, Loads, Report, TrunkLoad};
pub use serving::Serving;

use std::net::SocketAddr;

/// Where an edge and its siblings speak to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetConfig {
    /// Where this edge listens for its siblings, over TCP.
    pub listen: SocketAddr,
    /// Where they listen. This edge's own address may be among them.
    pub siblings: Vec<SocketAddr>,
}
