//! The use cases, on both databases.

mod alarms;
mod billing;
mod calls;
mod compat;
mod consents;
mod edges;
mod events;
mod explain;
mod fraud;
mod furnished;
mod house;
mod lists;
mod networks;
mod numbers;
mod orders;
mod programme;
mod race;
mod webhooks;
