//! The store, on both databases.

mod backup;
mod invariants;
mod lists;
mod log;
mod schema;
mod tokens;
mod walls;
mod webhooks;
