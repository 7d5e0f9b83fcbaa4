//! Crate `numbering`.
