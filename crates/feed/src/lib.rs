//! What passes between the control plane and the edges: typed changes, the
//! snapshot, and call records on their way back (design decisions 1 to 3).
//!
//! The control plane writes these bytes, an edge reads them; both carriers (in
//! process, authenticated HTTP) move the same ones. This crate knows no SQL, no
//! HTTP, no socket and no clock.

pub mod alarm;
pub mod cdr;
pub mod change;
pub mod frame;
pub mod inside;
pub mod kept;
mod numbers;
pub mod record;
pub mod snapshot;
pub mod wrap;
