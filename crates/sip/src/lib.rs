//! Crate `sip`.
