//! Edges that share: one list of addresses, registrations, and what else an edge
//! that dies must not take with it (design decision 3, section 5).

mod serving;

pub use serving::Serving;
