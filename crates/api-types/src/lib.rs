//! Crate `api-types`.
