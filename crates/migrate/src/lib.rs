//! Migration readiness: from exports somebody made to a verdict they can trust
//! (migration.md; design section 7).
//!
//! Each stage is a pure function from documents to documents: [`model`] holds the
//! documents. This crate knows no database, no network and no time of day; files come
//! in as bytes, and a project's folder belongs to the command line.

pub mod assess;
pub mod erlang;
pub mod groups;
pub mod model;
pub mod network;
pub mod operators;
pub mod report;
pub mod subnet;
