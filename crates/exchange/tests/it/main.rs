//! The use cases, on both databases.

mod alarms;
mod billing;
mod bulk;
mod bulk_files;
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
mod model;
mod model_rules;
mod networks;
mod numbers;
mod orders;
mod policies;
mod programme;
mod race;
mod stock;
mod webhooks;
