//! Crate `softphone`.
