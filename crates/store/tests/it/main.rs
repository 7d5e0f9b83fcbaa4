//! The store, on both databases.

mod backup;
mod invariants;
mod lists;
mod log;
mod schema;
mod walls;
mod webhooks;
