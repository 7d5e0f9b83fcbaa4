//! The SIP edge: carries calls between operators' trunks and tenants' phones
//! from a snapshot, and never asks a database (design sections 1, 2 and 5).

pub mod bindings;
pub mod core;
pub mod health;
pub mod outbox;
pub mod peer;
