//! Crate `feed`.
