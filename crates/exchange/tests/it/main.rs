//! The use cases, on both databases.

mod calls;
mod consents;
mod edges;
mod explain;
mod furnished;
mod house;
mod numbers;
mod orders;
mod programme;
