//! The store, on both databases.

mod backup;
mod invariants;
mod log;
mod schema;
mod walls;
mod webhooks;
