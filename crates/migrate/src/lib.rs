//! Migration readiness: from exports somebody made to a verdict they can trust
//! (migration.md; design section 7).
//!
//! Each stage is a pure function from documents to documents: [`import`] reads files into
//! rows, [`inventory`] joins them, [`assess`] judges, [`report`] tells; [`model`] holds the
//! documents between them. This crate knows no database, no network and no time of day; files
//! come in as bytes, and a project's folder belongs to the command line.

pub mod assess;
pub mod erlang;
pub mod export;
pub mod groups;
pub mod import;
pub mod inventory;
pub mod model;
pub mod network;
pub mod operators;
pub mod read;
pub mod report;
pub mod subnet;
