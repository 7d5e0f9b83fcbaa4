//! The SIP edge: sockets, trunks, registrations, calls, and the link to the
//! control plane. It never opens the database.
//!
//! [`Edge::start`] runs one. [`core`] carries calls without sockets or a clock;
//! [`journal`] keeps what must not be lost; [`link`] keeps the world fresh.

pub mod alarm;
pub mod bindings;
pub mod callbacks;
pub mod core;
pub mod fleet;
pub mod fraud;
pub mod health;
pub mod inside;
pub mod journal;
pub mod limits;
pub mod link;
pub mod outbox;
pub mod overflow;
pub mod peer;
pub mod recfile;
mod registrations;
mod shell;
pub mod storage;

pub use shell::{AddressStatus, Edge, EdgeConfig, EdgeError, EdgeHandle, EdgeStatus, EdgeView};
