//! Crate `edge`.
