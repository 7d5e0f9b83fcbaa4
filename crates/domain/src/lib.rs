//! The rules of the exchange, as plain functions over plain data.
//!
//! Everything a person could argue about (may this number be uploaded or
//! assigned? where does this call go? which trunk next?) is decided here, with
//! its table of cases beside it. No I/O, no clock, no async, no SQL.

pub mod act;
pub mod assign;
pub mod block;
pub mod calling;
pub mod coexist;
pub mod conference;
pub mod consent;
pub mod direct;
pub mod dispute;
pub mod edit;
pub mod emergency;
pub mod fraud;
pub mod freeze;
pub mod id_map;
pub mod ids;
pub mod lead;
pub mod line;
pub mod mail;
pub mod number;
pub mod offer;
pub mod order;
pub mod policy;
pub mod routing;
pub mod shop;
pub mod stock;
pub mod tag;
pub mod trusted;
pub mod upload;
pub mod webhook;

pub use id_map::IdMap;
pub use ids::*;
