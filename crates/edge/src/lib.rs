//! The SIP edge: sockets, trunks, registrations, calls, and the link to the
//! control plane. It never opens the database.

pub mod journal;
pub mod link;
pub mod recfile;
