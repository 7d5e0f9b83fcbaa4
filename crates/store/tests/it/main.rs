//! The store, on both databases.

mod log;
mod schema;
