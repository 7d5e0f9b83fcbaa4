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
mod freezes;
mod furnished;
mod house;
mod lists;
mod networks;
mod numbers;
mod orders;
mod policies;
mod programme;
mod race;
mod webhooks;
