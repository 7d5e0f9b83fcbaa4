//! The use cases, on both databases.

mod calls;
mod edges;
mod house;
mod programme;
