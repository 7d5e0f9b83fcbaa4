//! The use cases, on both databases.

mod house;
mod programme;
