//! Crate `location`.
