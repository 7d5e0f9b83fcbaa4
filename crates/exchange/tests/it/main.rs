//! The use cases, on both databases.

mod calls;
mod edges;
mod explain;
mod furnished;
mod house;
mod programme;
