//! The store, on both databases.

mod invariants;
mod log;
mod schema;
mod walls;
